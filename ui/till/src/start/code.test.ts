// A joining code survives the way people type it.

import { expect, test } from "vitest";
import { readCode, writtenCode } from "./code.ts";

test.each([
  ["abcde-fghjk", "ABCDEFGHJK"],
  [" AB CDE FGHJK extra", "ABCDEFGHJK"],
  ["", ""],
])("%s is %s", (typed, code) => {
  expect(readCode(typed)).toBe(code);
  expect(readCode(writtenCode(code))).toBe(code);
});
