// The registry tells one story: every label has words, and no key stands for two things in one place.

import { expect, test } from "vitest";
import { hasText } from "../texts/text.ts";
import { inReadingDirection, keyName, written } from "./keys.ts";
import { ACTIONS, actionFor } from "./registry.ts";

test("every action has words", () => {
  for (const { label } of ACTIONS) expect(hasText(label), label).toBe(true);
});

test("no key stands for two actions in one place", () => {
  const all = ACTIONS.flatMap(({ where, keys }) => keys.map((key) => `${where} ${key}`));
  expect(new Set(all).size).toBe(all.length);
});

test("no action has Enter alone: Enter belongs to what is on the screen", () => {
  for (const { keys } of ACTIONS) expect(keys).not.toContain("Enter");
});

test("the nearest place wins", () => {
  expect(actionFor("F6", ["tender", "sell", "anywhere"])?.id).toBe("card");
  expect(actionFor("F6", ["products", "sell", "anywhere"])?.id).toBe("discount");
  expect(actionFor("+", ["change", "sell", "anywhere"])?.id).toBe("pay");
});

test.each([
  [{ key: "F4", shiftKey: true }, "Shift+F4"],
  [{ key: "+", shiftKey: true }, "+"],
  [{ key: "k", ctrlKey: true }, "Ctrl+K"],
  [{ key: "X", ctrlKey: true, shiftKey: true }, "Ctrl+Shift+X"],
  [{ key: "r", metaKey: true }, "Ctrl+R"],
])("%o is %s", (part, name) => {
  expect(keyName({ ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...part })).toBe(name);
});

test("the arrow to what comes next points to the left where words run from right to left", () => {
  expect(inReadingDirection("ArrowRight", "ltr")).toBe("ArrowRight");
  expect(inReadingDirection("ArrowLeft", "rtl")).toBe("ArrowRight");
  expect(inReadingDirection("ArrowUp", "rtl")).toBe("ArrowUp");
});

test("keys are written as they are printed on keyboards", () => {
  expect(written("Ctrl+Delete")).toBe("Ctrl Del");
  expect(written("+")).toBe("+");
});
