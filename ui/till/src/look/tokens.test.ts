// Every pair of colours that meets on a screen can be read, in both palettes. A new pair is added to the table before it is used.

import { expect, test } from "vitest";
import { styleSheet } from "./style-sheet.ts";
import { DARK, LIGHT, PAIRS, TYPE } from "./tokens.ts";

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

const cases = [LIGHT, DARK].flatMap((palette, index) =>
  PAIRS.map(([front, back, needs]) => [index === 0 ? "light" : "dark", front, back, needs, palette] as const),
);

test.each(cases)("%s: %s on %s has a contrast of %d", (_, front, back, needs, palette) => {
  expect(contrast(palette[front], palette[back])).toBeGreaterThanOrEqual(needs);
});

test("no text is smaller than 14 px", () => {
  for (const [size] of Object.values(TYPE)) expect(size).toBeGreaterThanOrEqual(14);
});

test("the style sheet names every colour in each of its three blocks", () => {
  for (const name of Object.keys(LIGHT)) expect(styleSheet().split(`--${name}:`)).toHaveLength(4);
});
