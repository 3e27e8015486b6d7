// Money is exact at any size, reads the same way it is written, and cannot be typed wrong without it showing.

import fc from "fast-check";
import { expect, test } from "vitest";
import { erased, parseAmount, parseCount, typed, unitsOf, WHOLE_DIGITS } from "./entry.ts";
import { decimal, moneyOf } from "./format.ts";

const euro = moneyOf({ code: "EUR", exponent: 2 }, "en-IE");
const yen = moneyOf({ code: "JPY", exponent: 0 }, "ja-JP");
const dinar = moneyOf({ code: "KWD", exponent: 3 }, "en-GB");

test.each([
  [euro.amount(1234), "€12.34"],
  [euro.amount(-766), "−€7.66"],
  [euro.amount(0), "€0.00"],
  [euro.amount(-0), "€0.00"],
  [euro.amount(123_456_789), "€1,234,567.89"],
  [euro.amount(9_007_199_254_740_991), "€90,071,992,547,409.91"],
  [euro.price(1_490_000), "€1.49"],
  [euro.price(12_345), "€0.012345"],
  [euro.quantity(1000), "1"],
  [euro.quantity(1250), "1.25"],
  [yen.amount(1500), "￥1,500"],
  [dinar.plain(1500), "1.500"],
])("%s is written so", (written, expected) => {
  expect(written).toBe(expected);
});

test("decimal texts keep every digit", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }),
      fc.integer({ min: 0, max: 6 }),
      (units, exponent) => {
        const text = decimal(units, exponent);
        expect(BigInt(text.replace(".", ""))).toBe(units);
      },
    ),
  );
});

test("what is typed key by key is what it comes to, with a point or a comma", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999_999 }), fc.constantFrom(".", ","), (minor, point) => {
      const text = decimal(minor, 2).replace(".", point);
      const buffer = [...text].reduce((sofar, key) => typed(sofar, key, 2), "");
      expect(unitsOf(buffer, 2)).toBe(minor);
      expect(parseAmount(text, 2)).toBe(minor);
    }),
  );
});

test("register style fills in from the right", () => {
  const buffer = [..."002000"].reduce((sofar, key) => typed(sofar, key, 2, "register"), "");
  expect(unitsOf(buffer, 2, "register")).toBe(2000);
  expect(typed("12", ".", 2, "register")).toBe("12");
});

test("no buffer grows beyond what a till takes, whatever is typed", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(..."0123456789.,x-+ "), { maxLength: 40 }), (keys) => {
      for (const style of ["plain", "register"] as const) {
        const buffer = keys.reduce((sofar, key) => typed(sofar, key, 2, style), "");
        expect(unitsOf(buffer, 2, style) ?? 0).toBeLessThan(10 ** (WHOLE_DIGITS + 2));
      }
    }),
  );
});

test.each([
  ["12,5", 1250],
  ["٣.٥", 350],
  [" 7 ", 700],
  [".5", 50],
  ["1.234,56", null],
  ["1,234.56", null],
  ["12.345", null],
  ["-3", null],
  ["", null],
  ["5901234123457", null],
])("%s reads as %s", (text, minor) => {
  expect(parseAmount(text, 2)).toBe(minor);
});

test.each([
  ["10+3", 13],
  ["10 +", 10],
  ["", 0],
  ["3x", null],
])("a count of %s is %s", (text, count) => {
  expect(parseCount(text)).toBe(count);
});

test("erasing takes one character", () => {
  expect(erased("12.")).toBe("12");
  expect(unitsOf(erased(""), 2)).toBeNull();
});
