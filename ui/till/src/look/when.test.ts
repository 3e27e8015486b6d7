// A shop's time is written as its clock showed it, whatever zone this machine is in.

import { expect, test } from "vitest";
import { whenOf } from "./when.ts";

test("times are written in the shop's own zone", () => {
  const when = whenOf("en-IE", "Europe/Berlin");
  expect(when.clock("2026-11-22T06:43:27")).toBe("06:43");
  expect(when.exact("2026-11-22T00:03:07")).toBe("00:03:07");
  expect(when.day("2026-11-22")).toBe("22 Nov 2026");
  expect(when.moment("2026-11-22T23:59:27")).toBe("22 Nov 2026, 23:59");
});

test("what is no time stays what it is", () => {
  expect(whenOf("en-IE", "Europe/Berlin").moment("soon")).toBe("soon");
});

test.each([
  ["Europe/Berlin", "2026-01-15T22:30:00Z", "23:30", "Thu"],
  ["Europe/Berlin", "2026-07-15T22:30:00Z", "00:30", "Thu"],
  ["America/New_York", "2026-01-15T22:30:00Z", "17:30", "Thu"],
  ["Nowhere/Atall", "2026-01-15T22:30:00Z", "22:30", "Thu"],
])("in %s, %s is %s on a %s, whatever zone the machine is in", (zone, instant, clock, day) => {
  const when = whenOf("en-IE", zone);
  expect(when.clockAt(Date.parse(instant))).toBe(clock);
  expect(when.weekdayAt(Date.parse(instant))).toBe(day);
});
