// The drawer opened without a sale. It has its reason and stands on the record; where no drawer is connected, that is said, and the key
// is what opens it.

import { Inbox } from "lucide-react";
import { Press } from "../look/Press.tsx";
import { RightMark } from "../look/RightMark.tsx";
import { useCounter, useRight, useSell, useShown } from "../shell/use.ts";
import { text } from "../texts/text.ts";
import type { Pane } from "./state.ts";

const REASONS = ["change", "count", "wrong-note", "check", "other"];

export function DrawerPane({ pane }: { pane: Extract<Pane, { is: "drawer" }> }) {
  const { dispatch } = useCounter();
  const connected = useShown((known) => known.status?.printer.drawer ?? false);
  const right = useRight("move_cash");
  const busy = useSell((sell) => sell.waiting.length > 0);
  return (
    <section className="pane single" aria-labelledby="pane-title">
      <h2 id="pane-title" className="pane-title">
        <Inbox aria-hidden="true" /> {text("action-drawer")}
      </h2>
      {pane.opened ? (
        <p role="status">{text(connected ? "drawer-opened" : "drawer-by-key")}</p>
      ) : (
        <>
          <p>{text(connected ? "drawer-what" : "drawer-none")}</p>
          <fieldset className="reasons">
            <legend>{text("drawer-reason")}</legend>
            <div>
              {REASONS.map((known) => (
                <Press
                  key={known}
                  look="chip"
                  size="small"
                  pressed={pane.reason === known}
                  onPress={() => dispatch({ is: "drawer_reason", reason: known })}
                >
                  {text(`drawer-reason-${known}`)}
                </Press>
              ))}
            </div>
          </fieldset>
        </>
      )}
      <div className="pane-keys">
        {pane.opened ? null : (
          <Press look="primary" disabled={busy || pane.reason === null} onPress={() => dispatch({ is: "open_drawer" })}>
            {text(connected ? "drawer-open" : "drawer-record")}
            <RightMark right={right} />
          </Press>
        )}
        <Press hint="Esc" focus={pane.opened} onPress={() => dispatch({ is: "escape" })}>
          {text("pane-back")}
        </Press>
      </div>
    </section>
  );
}
