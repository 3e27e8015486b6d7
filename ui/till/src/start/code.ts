// The joining code as people read and type it: ten letters and digits, in two halves. Spaces, hyphens and small letters do not matter.

export const CODE_LENGTH = 10;

export const readCode = (typed: string): string =>
  typed
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, "")
    .slice(0, CODE_LENGTH);

export const writtenCode = (code: string): string => (code.length > 5 ? `${code.slice(0, 5)} ${code.slice(5)}` : code);
