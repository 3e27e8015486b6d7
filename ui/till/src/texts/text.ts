// All words the window shows come from one Fluent catalogue. Numbers and money are handed in as written text, so that a catalogue never
// decides how an amount is rounded; counts are handed in as numbers, so that plurals work.

import { FluentBundle, FluentResource } from "@fluent/bundle";
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

/** Why the till said no, in words; what it says money and goods is in the catalogue beside it. */
export function faultText(fault: { code: string; kind: string; values: Values }): string {
  const id = `fault-${fault.code.replaceAll("_", "-")}`;
  return hasText(id)
    ? text(id, fault.values)
    : text(`fault-kind-${fault.kind.replaceAll("_", "-")}`, { code: fault.code });
}
