// Beside what somebody may not do alone: a sign and a word, seen before the key is pressed.

import { Lock, ShieldCheck } from "lucide-react";
import type { Right } from "../door/types.ts";
import { useRight } from "../shell/use.ts";
import { text } from "../texts/text.ts";

export function RightMark({ right }: { right: Right }) {
  if (right === "allowed") return null;
  const Sign = right === "denied" ? Lock : ShieldCheck;
  return (
    <span className={`right-mark ${right}`}>
      <Sign aria-hidden="true" />
      {text(right === "denied" ? "right-denied" : "right-asks")}
    </span>
  );
}

/** The same, of the person at the till. */
export function MarkOf({ permission }: { permission: string }) {
  return <RightMark right={useRight(permission)} />;
}
