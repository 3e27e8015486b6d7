// Every pair of colours that meets on a screen can be read, in both palettes. A new pair is added to the table before it is used.

import { expect, test } from "vitest";
import { styleSheet } from "./style-sheet.ts";
import { DARK, HIGH, HIGH_DARK, LIGHT, PAIRS, TYPE } from "./tokens.ts";

function luminance(colour: string): number {
  const channels = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = channels.map((value) =>
    value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((left, right) => left - right);
  return (light + 0.05) / (dark + 0.05);
}

const PALETTES = { light: LIGHT, dark: DARK, high: HIGH, "high-dark": HIGH_DARK };
const cases = Object.entries(PALETTES).flatMap(([name, palette]) =>
  PAIRS.map(([front, back, needs]) => [name, front, back, needs, palette] as const),
);

test.each(cases)("%s: %s on %s has a contrast of %d", (_, front, back, needs, palette) => {
  expect(contrast(palette[front], palette[back])).toBeGreaterThanOrEqual(needs);
});

test.each([HIGH, HIGH_DARK])("with much contrast every text and every edge has at least 7", (palette) => {
  for (const [front, back] of PAIRS) expect(contrast(palette[front], palette[back])).toBeGreaterThanOrEqual(7);
  expect(contrast(palette.hairline, palette.surface)).toBeGreaterThanOrEqual(7);
});

test("no text is smaller than 14 px", () => {
  for (const [size] of Object.values(TYPE)) expect(size).toBeGreaterThanOrEqual(14);
});

test("the style sheet names every colour in each of its seven blocks", () => {
  for (const name of [...Object.keys(LIGHT), "line", "edge"]) expect(styleSheet().split(`--${name}:`)).toHaveLength(8);
});
