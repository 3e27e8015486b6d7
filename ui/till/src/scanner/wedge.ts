// Tells a keyboard-wedge scanner from a hand, by time alone. Every key acts at once, so people never wait; when a burst turns out to be
// a scan, the caller puts back what it remembered at the burst's first key and lets nobody see the terminator.
// A pure machine: keys with their times go in, what to do comes out.

import { checkDigitHolds, hasCheckDigit, withoutSymbology } from "./code.ts";
import type { Key } from "./key.ts";
import { BOUNCE, HOLD, type Profile } from "./profile.ts";

type Burst = { text: string; times: number[]; kept: string | null };

export type Wedge = { burst: Burst | null; last: { code: string; at: number } | null };

export type WedgeEffect =
  /** Remember the field, its caret and selection as they are before this key. */
  | { do: "remember" }
  /** Let this key reach nobody yet; its character is kept. */
  | { do: "keep" }
  /** The burst was typing after all: these kept characters belong into the field. */
  | { do: "type"; text: string }
  /** Put back what was remembered. */
  | { do: "restore" }
  /** The terminator must reach nobody: it would press whatever has focus. */
  | { do: "swallow" }
  | { do: "scan"; code: string };

export const QUIET: Wedge = { burst: null, last: null };

/** One key. */
export function press(wedge: Wedge, key: Key, profile: Profile): { wedge: Wedge; effects: WedgeEffect[] } {
  const previous = wedge.burst?.times.at(-1);
  const paused = previous !== undefined && key.at - previous > profile.longest;
  const { wedge: before, effects } = paused ? settle(wedge) : { wedge, effects: [] };
  switch (key.kind) {
    case "character":
      return character(before, key.at, key.character, effects);
    case "terminator":
      return terminator(before, key.at, profile, effects);
    case "other": {
      const settled = settle(before);
      return { wedge: settled.wedge, effects: [...effects, ...settled.effects] };
    }
  }
}

/** No key came for as long as a burst may pause: what there is was typed. */
export function settle(wedge: Wedge): { wedge: Wedge; effects: WedgeEffect[] } {
  const kept = wedge.burst?.kept;
  return { wedge: { ...wedge, burst: null }, effects: kept ? [{ do: "type", text: kept }] : [] };
}

function character(wedge: Wedge, at: number, character: string, effects: WedgeEffect[]) {
  const burst = wedge.burst;
  if (!burst) {
    const first: Burst = { text: character, times: [at], kept: null };
    return { wedge: { ...wedge, burst: first }, effects: [...effects, { do: "remember" } as const] };
  }
  const first = burst.times[0] ?? at;
  const holds = burst.kept !== null || (burst.times.length === 1 && at - first < HOLD);
  const kept = holds ? (burst.kept ?? "") + character : null;
  const next: Burst = { text: burst.text + character, times: [...burst.times, at], kept };
  return { wedge: { ...wedge, burst: next }, effects: holds ? [...effects, { do: "keep" } as const] : effects };
}

function terminator(wedge: Wedge, at: number, profile: Profile, effects: WedgeEffect[]) {
  const burst = wedge.burst;
  if (!burst || !isScan(burst, at, profile)) {
    const settled = settle(wedge);
    return { wedge: settled.wedge, effects: [...effects, ...settled.effects] };
  }
  const code = withoutSymbology(burst.text);
  const bounced = wedge.last !== null && wedge.last.code === code && at - wedge.last.at <= BOUNCE;
  const read: WedgeEffect[] = [...effects, { do: "restore" }, { do: "swallow" }];
  if (!bounced) read.push({ do: "scan", code });
  return { wedge: { burst: null, last: { code, at } }, effects: read };
}

function isScan(burst: Burst, at: number, profile: Profile): boolean {
  const length = burst.times.length;
  if (length < profile.shortest) return false;
  const times = [...burst.times, at];
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const sorted = [...gaps].sort((left, right) => left - right);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const stalls = gaps.filter((gap) => gap > profile.stall).length;
  const even = median <= profile.median && (sorted.at(-1) ?? 0) <= profile.longest;
  if (!even || stalls > Math.max(1, Math.floor(length / 6))) return false;
  const code = withoutSymbology(burst.text);
  return !profile.checkDigit || !hasCheckDigit(code) || checkDigitHolds(code);
}
