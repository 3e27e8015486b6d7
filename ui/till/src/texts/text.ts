// All words the window shows come from one Fluent catalogue. Numbers and money are handed in as written text, so that a catalogue never
// decides how an amount is rounded; counts are handed in as numbers, so that plurals work.

import { FluentBundle, FluentResource } from "@fluent/bundle";
import type { Money } from "../money/format.ts";
import english from "./en.ftl?raw";

export type Values = Record<string, string | number>;

const bundle = new FluentBundle("en", { useIsolating: false });
for (const problem of bundle.addResource(new FluentResource(english))) throw problem;

export const hasText = (id: string): boolean => bundle.hasMessage(id);

/** The sentence of a message. A sentence whose values are missing gives way to its plain form, never to a hole. */
export function text(id: string, values?: Values): string {
  const message = bundle.getMessage(id);
  if (!message?.value) return id;
  const problems: Error[] = [];
  const sentence = bundle.formatPattern(message.value, values, problems);
  const plain = message.attributes.plain;
  return problems.length > 0 && plain ? bundle.formatPattern(plain, values, []) : sentence;
}

type Units = Pick<Money, "amount" | "quantity">;
let units: Units | null = null;

/** From now on amounts and quantities in the till's sentences are written like this. */
export function writeWith(money: Units): void {
  units = money;
}

const AMOUNTS = new Set(["amount", "total", "due", "rest", "change"]);
const QUANTITIES = new Set(["quantity", "left"]);

/** What the till hands in with its sentences, as people read it: amounts as money, quantities as pieces, ways of paying by their names. */
export function readable(values: Values): Values {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      // Nothing was said there.
      if (value === "") return [];
      if (name === "reason") return [[name, reasonName(String(value))]];
      if (name === "tender_type") return [[name, tenderName(String(value))]];
      if (typeof value !== "number" || !(AMOUNTS.has(name) || QUANTITIES.has(name))) return [[name, value]];
      // Without a currency the sentence does without the value. What comes back is counted like what goes out: the sentence says which.
      if (!units) return [];
      return [[name, AMOUNTS.has(name) ? units.amount(value) : units.quantity(Math.abs(value))]];
    }),
  );
}

/** A way of paying by its name in the catalogue; the shop's own ways go by the names that the shop gave them. */
export function tenderName(tender: string): string {
  const id = `tender-type-${tender.replaceAll("_", "-")}`;
  return hasText(id) ? text(id) : tender;
}

/** A reason that was chosen from the window's own, in words; any other as it was written. */
function reasonName(reason: string): string {
  const written = reason.replaceAll("_", "-");
  const id = [`reason-${written}`, `void-reason-${written}`].find(hasText);
  return id ? text(id) : reason;
}

/** Why the till said no, in words; what it says money and goods is in the catalogue beside it. */
export function faultText(fault: { code: string; kind: string; values: Values }): string {
  const id = `fault-${fault.code.replaceAll("_", "-")}`;
  return hasText(id)
    ? text(id, readable(fault.values))
    : text(`fault-kind-${fault.kind.replaceAll("_", "-")}`, { code: fault.code });
}
