// A product's name as it stands on a tile.

/** Keeps a measure with its number, so that "35 l" is never parted at the end of a line. */
export const measured = (name: string): string => name.replace(/(\d) (?=\p{L}{1,2}(?!\p{L}))/gu, "$1\u00a0");
