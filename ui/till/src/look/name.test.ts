// A measure stays with its number, and words stay free to part.

import { expect, test } from "vitest";
import { measured } from "./name.ts";

test.each([
  ["Bin liners 35 l roll of 20", "Bin liners 35\u00a0l roll of 20"],
  ["Whole milk 1 l", "Whole milk 1\u00a0l"],
  ["Jigsaw puzzle harbour 100 pieces", "Jigsaw puzzle harbour 100 pieces"],
  ["Bulb warm white screw base 8 W", "Bulb warm white screw base 8\u00a0W"],
  ["Batteries", "Batteries"],
])("%s", (name, expected) => expect(measured(name)).toBe(expected));
