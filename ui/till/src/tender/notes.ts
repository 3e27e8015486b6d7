// Which notes and coins make an amount, the fewest of them. Only a help for the hand: what is due was decided by the till.

import type { Minor } from "../door/types.ts";

export function notesFor(amount: Minor, denominations: readonly Minor[]): { face: Minor; count: number }[] {
  const parts: { face: Minor; count: number }[] = [];
  let rest = amount;
  for (const face of [...denominations].sort((left, right) => right - left)) {
    const count = face > 0 ? Math.floor(rest / face) : 0;
    if (count === 0) continue;
    parts.push({ face, count });
    rest -= count * face;
  }
  return rest === 0 ? parts : [];
}
