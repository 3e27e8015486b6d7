// What is tapped and what is typed are one filter.

import { expect, test } from "vitest";
import { relaxed, withToken } from "./filter.ts";

test("a token goes in and out of what was typed", () => {
  expect(withToken("milk ", "today")).toBe("milk today");
  expect(withToken("milk today", "today")).toBe("milk");
});

test("nothing found: each word can be left away", () => {
  expect(relaxed("milk today")).toEqual(["today", "milk", ""]);
  expect(relaxed("milk")).toEqual([""]);
});
