// What the till says and what the window can say are the same: every code of a fault and every event of a sale in the till's own source
// has its sentence, and the sentence uses the values that come with it.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { moneyOf } from "../money/format.ts";
import { faultText, hasText, readable, text, writeWith } from "./text.ts";

const DOOR = join(import.meta.dirname, "../../../../till/src/door");
const source = (name: string) => readFileSync(join(DOOR, name), "utf8");
const all = readdirSync(DOOR).filter((name) => name.endsWith(".rs"));

/** Words in quotes that are no name of a value: in fault.rs those are the codes. */
function codesOfFaults(): string[] {
  const faults = source("fault.rs").replaceAll(/\(\s*"[a-z_]+",\s*(?:Value|text)/g, "");
  const codes = [...faults.matchAll(/"([a-z]+(?:-[a-z]+)*)"/g)].map((match) => match[1] ?? "");
  const elsewhere = all.flatMap((name) =>
    [...source(name).matchAll(/FaultKind::\w+,\s*"([a-z-]+)"/g)].map((match) => match[1] ?? ""),
  );
  return [...new Set([...codes, ...elsewhere])];
}

beforeEach(() => writeWith(moneyOf({ code: "EUR", exponent: 2 }, "en-IE")));

test("every fault of the till has a sentence", () => {
  const codes = codesOfFaults();
  expect(codes.length).toBeGreaterThan(40);
  // The shell's own: the till cannot even be opened.
  for (const code of [...codes, "already-running", "cannot-open"]) expect(hasText(`fault-${code}`), code).toBe(true);
});

test("every event of a sale has a sentence", () => {
  const events = [...source("history.rs").matchAll(/"(event-[a-z-]+)"/g)].map((match) => match[1] ?? "");
  expect(events.length).toBeGreaterThan(10);
  for (const event of events) expect(hasText(event), event).toBe(true);
});

test.each([
  ["not-returnable", { left: 2000 }, "At most 2 can be taken back. The rest was returned before."],
  ["over-tender", { due: 1250 }, "That is more than the €12.50 due. Nothing was taken."],
  ["unsettled", { rest: 5 }, "There is still €0.05 to pay."],
  ["locked", { seconds: 30 }, "Too many tries. Wait 30 s, or ask a colleague."],
  ["no-such-tender-type", { tender_type: "gift_card" }, "This store does not take Gift card. Nothing was taken."],
  ["unknown-tax-class", { class: "luxury" }, "No tax is set up for this item (luxury). Nothing was added."],
  ["cannot-open", { why: "disk gone" }, "What this till has saved cannot be opened: disk gone."],
])("%s says its values", (code, values, sentence) => {
  expect(faultText({ code, kind: "refused", values })).toBe(sentence);
});

test("an event says amounts as money and quantities as pieces", () => {
  const paid = readable({ tender_type: "cash", amount: 1234, change: 0 });
  expect(text("event-sale-tendered", paid)).toBe("€12.34 paid by Cash");
  expect(text("event-sale-line-added", readable({ quantity: 1500, name: "Pears" }))).toBe("1.5 × Pears added");
});
