// Money as people read it. Amounts are whole minor units; the decimal text goes to the browser's own number formatting as a string, so
// that no amount ever passes through a binary fraction.

import type { Currency, Minor, Quantity, UnitPrice } from "../door/types.ts";

export type Money = {
  /** With the currency: "€12.34". */
  amount(minor: Minor): string;
  /** Without it, for columns: "12.34". */
  plain(minor: Minor): string;
  /** A unit price, with as many more decimals as it has. */
  price(price: UnitPrice): string;
  quantity(quantity: Quantity): string;
  currency: Currency;
};

/** Minor units as a decimal text, exact at any size. */
export function decimal(units: number | bigint, exponent: number): string {
  const whole = BigInt(units);
  const sign = whole < 0n ? "-" : "";
  const digits = (whole < 0n ? -whole : whole).toString().padStart(exponent + 1, "0");
  const point = digits.length - exponent;
  return exponent === 0 ? sign + digits : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

export function moneyOf(currency: Currency, locale: string): Money {
  const { code, exponent } = currency;
  const fixed = { minimumFractionDigits: exponent, maximumFractionDigits: exponent };
  const amounts = new Intl.NumberFormat(locale, { style: "currency", currency: code, ...fixed });
  const plains = new Intl.NumberFormat(locale, fixed);
  const prices = new Intl.NumberFormat(locale, {
    style: "currency",
    currency: code,
    minimumFractionDigits: exponent,
    maximumFractionDigits: exponent + 4,
  });
  const quantities = new Intl.NumberFormat(locale, { maximumFractionDigits: 3 });
  return {
    currency,
    amount: (minor) => write(amounts, decimal(minor, exponent)),
    plain: (minor) => write(plains, decimal(minor, exponent)),
    price: (price) => write(prices, decimal(price, exponent + 4)),
    quantity: (quantity) => write(quantities, decimal(quantity, 3)),
  };
}

/** A true minus instead of a hyphen, and no "−0.00". */
function write(format: Intl.NumberFormat, text: string): string {
  const nothing = /^-?0(?:\.0*)?$/.test(text);
  return format.format((nothing ? "0" : text) as Intl.StringNumericLiteral).replace("-", "−");
}
