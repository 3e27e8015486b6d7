// The suggestion adds up to the change, or there is none.

import fc from "fast-check";
import { expect, test } from "vitest";
import { notesFor } from "./notes.ts";

const EURO = [50000, 20000, 10000, 5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1];

test("€7.66 is 5 · 2 · 0.50 · 0.10 · 0.05 · 0.01", () => {
  expect(notesFor(766, EURO).map(({ face }) => face)).toEqual([500, 200, 50, 10, 5, 1]);
});

test("every suggestion adds up", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), (amount) => {
      expect(notesFor(amount, EURO).reduce((sum, { face, count }) => sum + face * count, 0)).toBe(amount);
    }),
  );
});

test("what the coins cannot make is not suggested", () => {
  expect(notesFor(3, [5, 2])).toEqual([]);
  expect(notesFor(0, EURO)).toEqual([]);
});
