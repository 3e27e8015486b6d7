// A count of the drawer by denomination. What is typed stays text until it is handed in, so that "10+3" can be read and corrected.

import type { Minor } from "../door/types.ts";
import { parseCount } from "../money/entry.ts";

export type Counted = Record<Minor, string>;

/** What the whole count comes to; none while a row cannot be read. */
export function countedTotal(counted: Counted): Minor | null {
  let total = 0;
  for (const [face, typed] of Object.entries(counted)) {
    const count = parseCount(typed);
    if (count === null) return null;
    total += Number(face) * count;
  }
  return total;
}

export const rowTotal = (face: Minor, typed: string): Minor | null => {
  const count = parseCount(typed);
  return count === null ? null : face * count;
};

/** The row's count one up or down, never below none. */
export const stepped = (typed: string, by: 1 | -1): string => {
  const count = Math.max(0, (parseCount(typed) ?? 0) + by);
  return count === 0 ? "" : String(count);
};
