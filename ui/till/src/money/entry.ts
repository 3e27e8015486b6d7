// What a cashier types where money or a quantity is asked for. A buffer of characters, never a number: the till shows what was typed
// and turns it into minor units only when it is accepted. Both "." and "," mean the decimal point, whatever the language.

export type EntryStyle =
  /** `2 0` is 20.00; the point is typed. */
  | "plain"
  /** `2 0 0 0` is 20.00, as on cash registers. */
  | "register";

/** Seven digits before the point: no till takes more, and a barcode has more. */
export const WHOLE_DIGITS = 7;

const EASTERN = /[\u0660-\u0669\u06f0-\u06f9]/g;

/** Arabic-Indic digits as the ones the till reckons with. */
export function western(text: string): string {
  return text.replace(EASTERN, (digit) => String((digit.codePointAt(0) ?? 0) & 0xf));
}

/** The buffer after one more character; the same buffer where the character does not belong there. */
export function typed(buffer: string, character: string, exponent: number, style: EntryStyle = "plain"): string {
  const read = western(character).replace(",", ".");
  if (read === "00") return typed(typed(buffer, "0", exponent, style), "0", exponent, style);
  if (!/^[\d.]$/.test(read)) return buffer;
  if (style === "register") {
    const next = (buffer + read).replace(/^0+(?=\d)/, "");
    return read === "." || next.length > WHOLE_DIGITS + exponent ? buffer : next;
  }
  if (read === ".") return exponent === 0 || buffer.includes(".") ? buffer : `${buffer || "0"}.`;
  const next = buffer === "0" ? read : buffer + read;
  const [whole = "", fraction = ""] = next.split(".");
  return whole.length > WHOLE_DIGITS || fraction.length > exponent ? buffer : next;
}

/** The buffer without its last character. */
export const erased = (buffer: string): string => buffer.slice(0, -1);

/** What the buffer comes to in units of 10^-exponent; none where nothing was typed. */
export function unitsOf(buffer: string, exponent: number, style: EntryStyle = "plain"): number | null {
  if (!/\d/.test(buffer)) return null;
  if (style === "register") return Number(buffer);
  const [whole = "", fraction = ""] = buffer.split(".");
  return Number(BigInt(whole || "0") * 10n ** BigInt(exponent) + BigInt(fraction.padEnd(exponent, "0") || "0"));
}

/** What was pasted or typed into an ordinary field; none where it is no amount. One separator at most, and never for grouping. */
export function parseAmount(text: string, exponent: number): number | null {
  const read = western(text.trim());
  const match = /^(\d{1,7})?(?:[.,](\d*))?$/.exec(read);
  const [whole, fraction] = [match?.[1] ?? "", match?.[2] ?? ""];
  if (!match || (whole === "" && fraction === "") || fraction.length > exponent) return null;
  return unitsOf(`${whole || "0"}.${fraction}`, exponent);
}

/** A count field takes sums: "10+3" is thirteen. None where it cannot be read. */
export function parseCount(text: string): number | null {
  const read = western(text.replaceAll(" ", ""));
  if (read === "") return 0;
  if (!/^\d{1,5}(?:\+\d{1,5})*\+?$/.test(read)) return null;
  return read.split("+").reduce((sum, part) => sum + Number(part), 0);
}
