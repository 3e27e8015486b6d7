// What the pill says about head office, in the words of people who sell. Pure, so that each state can be held against its sentence.
// Offline is a normal colour and never an alarm; only what needs a person is loud.

import type { Status } from "../door/types.ts";
import type { When } from "../look/when.ts";
import type { Values } from "../texts/text.ts";

export type Tone = "good" | "plain" | "offline" | "attention";
export type Words = { id: string; values: Values; tone: Tone };

const HOUR = 3_600_000;
/** Beyond this, printed times are too far off to be left alone. */
const CLOCK_LIMIT = 2 * 60_000;

type Told = Pick<Status, "sync" | "open_conflicts" | "notices">;

export function pillWords(status: Told, now: number, when: Pick<When, "weekdayAt">): Words {
  const { sync, open_conflicts: conflicts } = status;
  const none: Values = {};
  // A disk that breaks does harm while everybody keeps selling: it is louder than a network that is away.
  const needed = sync.state === "refused" || sync.state === "held";
  if (needed || status.notices.some((notice) => notice.urgent)) {
    return { id: "pill-manager", values: none, tone: "attention" };
  }
  if (sync.clock_ahead !== null && Math.abs(sync.clock_ahead) / 1000 > CLOCK_LIMIT) {
    return { id: "pill-clock", values: none, tone: "offline" };
  }
  if (sync.state === "offline") {
    const since = sync.last_contact === null ? null : sync.last_contact / 1000;
    if (since === null || now - since < 24 * HOUR) return { id: "pill-offline", values: none, tone: "offline" };
    return { id: "pill-offline-long", values: { day: when.weekdayAt(since) }, tone: "offline" };
  }
  if (conflicts > 0) return { id: "pill-conflicts", values: { count: conflicts }, tone: "attention" };
  if (sync.state === "alone") return { id: "pill-alone", values: none, tone: "plain" };
  if (sync.state === "sending") return { id: "pill-sending", values: none, tone: "plain" };
  return { id: "pill-in-step", values: none, tone: "good" };
}

/** "38 min", "31 h", "4 days": how long ago, in one unit. */
export function ago(instant: number, now: number): { id: string; values: Values } {
  const minutes = Math.max(0, Math.floor((now - instant / 1000) / 60_000));
  if (minutes < 1) return { id: "ago-now", values: {} };
  if (minutes < 90) return { id: "ago-minutes", values: { count: minutes } };
  if (minutes < 48 * 60) return { id: "ago-hours", values: { count: Math.floor(minutes / 60) } };
  return { id: "ago-days", values: { count: Math.floor(minutes / 1440) } };
}
