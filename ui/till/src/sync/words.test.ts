// Each state of synchronisation has its words, and "offline" never sounds like an alarm.

import { expect, test } from "vitest";
import type { Ailment, Notice, SyncSummary } from "../door/types.ts";
import { whenOf } from "../look/when.ts";
import { hasText, text } from "../texts/text.ts";
import { ago, pillWords } from "./words.ts";

const NOW = Date.UTC(2025, 10, 22, 12);
const minutesAgo = (minutes: number) => (NOW - minutes * 60_000) * 1000;

const AILMENTS: Ailment[] = [
  "lists_rebuilt",
  "lists_in_memory",
  "copy_not_written",
  "books_taken_back",
  "storage_low",
  "storage_scarce",
  "in_the_clear",
  "keys_in_file",
  "office_lacks",
];
const notice = (what: Ailment, urgent: boolean): Notice => ({ what, urgent, why: null });
const WHEN = whenOf("en-IE", "UTC");

const SYNC: SyncSummary = {
  state: "in_step",
  waiting_events: 0,
  waiting_documents: 0,
  waiting_minor: 0,
  oldest_waiting: null,
  last_contact: minutesAgo(1),
  prices_as_of: null,
  clock_ahead: 0,
};

test.each<[string, Partial<SyncSummary>, number, string]>([
  ["in step", {}, 0, "All sent"],
  ["sending", { state: "sending" }, 0, "Sending…"],
  ["offline", { state: "offline", last_contact: minutesAgo(38) }, 0, "Offline – keep selling"],
  ["offline since it was new", { state: "offline", last_contact: null }, 0, "Offline – keep selling"],
  [
    "offline for days",
    { state: "offline", last_contact: minutesAgo(4000) },
    0,
    "Offline since Wed – tell your manager",
  ],
  ["refused", { state: "refused" }, 0, "Manager needed"],
  ["held", { state: "held" }, 0, "Manager needed"],
  ["something to decide", {}, 2, "Manager needed: 2"],
  ["clock", { clock_ahead: 6 * 60_000_000 }, 0, "Check the clock"],
  ["alone", { state: "alone" }, 0, "Saved on this till"],
])("%s", (_, part, conflicts, words) => {
  const { id, values } = pillWords({ sync: { ...SYNC, ...part }, open_conflicts: conflicts, notices: [] }, NOW, WHEN);
  expect(text(id, values)).toBe(words);
});

test.each<[string, Notice[], string]>([
  [
    "a second copy that is not written needs somebody, offline or not",
    [notice("copy_not_written", true)],
    "Manager needed",
  ],
  ["what mended itself needs nobody", [notice("lists_rebuilt", false)], "Offline – keep selling"],
])("%s", (_, notices, words) => {
  const sync = { ...SYNC, state: "offline" as const };
  const { id, values } = pillWords({ sync, open_conflicts: 0, notices }, NOW, WHEN);
  expect(text(id, values)).toBe(words);
});

test.each(AILMENTS)("%s is said in words, with what to do", (what) => {
  const id = `notice-${what.replaceAll("_", "-")}`;
  expect(hasText(id)).toBe(true);
  expect(hasText(`${id}-do`)).toBe(true);
});

test.each([
  [0, "just now"],
  [38, "38 min ago"],
  [100, "1 h ago"],
  [4000, "2 days ago"],
])("%d minutes are %s", (minutes, words) => {
  const { id, values } = ago(minutesAgo(minutes), NOW);
  expect(text(id, values)).toBe(words);
});
