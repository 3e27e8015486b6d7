// A drawer's count adds up, takes sums, and is none while something in it cannot be read.

import { expect, test } from "vitest";
import { countedTotal, rowTotal, stepped } from "./count.ts";

test("notes and coins add up", () => {
  expect(countedTotal({ 2000: "3", 50: "10+3", 1: "" })).toBe(6650);
  expect(countedTotal({})).toBe(0);
});

test("what cannot be read makes no total", () => {
  expect(countedTotal({ 2000: "three" })).toBeNull();
  expect(rowTotal(50, "x")).toBeNull();
});

test("a row steps up and down and stops at none", () => {
  expect(stepped("10+3", 1)).toBe("14");
  expect(stepped("1", -1)).toBe("");
  expect(stepped("", -1)).toBe("");
});
