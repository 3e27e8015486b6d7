// What a scanner sent, made ready for the till: the symbology id that some scanners put in front is taken off, and GS1 check digits can
// be proved. Nothing is looked up here; which product a code means is the till's to say.

const SYMBOLOGY = /^\][A-Za-z][0-9A-Za-z]/;

/** The code without the AIM symbology id (`]E0`, `]C1`, …). */
export function withoutSymbology(code: string): string {
  return SYMBOLOGY.test(code) ? code.slice(3) : code;
}

/** Whether a code has a length and digits that a GS1 check digit is defined for. */
export function hasCheckDigit(code: string): boolean {
  return /^\d+$/.test(code) && [8, 12, 13, 14].includes(code.length);
}

/** Whether the last digit follows from the others. */
export function checkDigitHolds(code: string): boolean {
  const digits = [...code].map(Number);
  const last = digits.pop() ?? 0;
  const sum = digits.reverse().reduce((total, digit, place) => total + digit * (place % 2 === 0 ? 3 : 1), 0);
  return (10 - (sum % 10)) % 10 === last;
}

/** Whether a typed or scanned code was most likely misread. */
export function looksMisread(code: string): boolean {
  return hasCheckDigit(code) && !checkDigitHolds(code);
}
