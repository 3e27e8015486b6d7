// Another person approves in place, for this one act only. The cart stays in sight, and whoever declines simply goes back.

import { ShieldCheck } from "lucide-react";
import { useState } from "react";
import type { PersonTile } from "../door/types.ts";
import { Press } from "../look/Press.tsx";
import { PinEntry } from "../people/PinEntry.tsx";
import { PersonTiles } from "../people/Tiles.tsx";
import { useAsked, useCounter, useSell, useShown } from "../shell/use.ts";
import { faultText, hasText, text } from "../texts/text.ts";
import type { Pane } from "./state.ts";

export function ApprovalPane({ pane }: { pane: Extract<Pane, { is: "approval" }> }) {
  const { dispatch } = useCounter();
  const me = useShown((known) => known.status?.person);
  const busy = useSell((sell) => sell.waiting.length > 0);
  const { answer } = useAsked({ ask: "people" }, pane.refused);
  const [chosen, setChosen] = useState<PersonTile | null>(null);
  const asked = pane.fault.permission;
  // Only people whose word counts for this act: another cashier's would be refused after their PIN.
  const able = (person: PersonTile) => asked === null || person.may.includes(asked);
  const others = answer?.filter((person) => person.staff !== me?.staff && able(person)) ?? [];
  const right = `permission-${(asked ?? "").replaceAll("_", "-")}`;
  return (
    <section className="pane approval" aria-labelledby="pane-title">
      <div className="pane-main">
        <h2 id="pane-title" className="pane-title">
          <ShieldCheck aria-hidden="true" /> {text("approval-title")}
        </h2>
        <p>
          {hasText(right)
            ? text("approval-may-not", { name: me?.name ?? "", right: text(right) })
            : text("approval-may-not-plain", { name: me?.name ?? "" })}{" "}
          {text("approval-ask")}
        </p>
        <PersonTiles people={others} chosen={chosen?.staff ?? null} onChoose={setChosen} now={Date.now()} />
        {answer && others.length === 0 ? <p className="empty">{text("approval-nobody")}</p> : null}
        <div className="pane-keys">
          <Press hint="Esc" onPress={() => dispatch({ is: "escape" })}>
            {text("approval-leave")}
          </Press>
        </div>
      </div>
      {chosen ? (
        <PinEntry
          key={chosen.staff}
          label={text("sign-in-pin", { name: chosen.name })}
          enter={text("approval-approve")}
          busy={busy}
          refused={pane.refused ? faultText(pane.refused) : null}
          onPin={(pin) => dispatch({ is: "approve", approval: { staff: chosen.staff, pin } })}
        />
      ) : null}
    </section>
  );
}
