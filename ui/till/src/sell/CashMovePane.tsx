// Cash that goes into the drawer or out of it outside a sale. Each move has its amount and its reason; the till opens the drawer.

import { useState } from "react";
import { Amount } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import { MarkOf } from "../look/RightMark.tsx";
import { parseAmount } from "../money/entry.ts";
import { useCounter, useMoney, useSell } from "../shell/use.ts";
import { text } from "../texts/text.ts";

const WAYS = ["in", "out", "drop"] as const;

export function CashMovePane() {
  const { dispatch } = useCounter();
  const money = useMoney();
  const exponent = useSell((sell) => sell.exponent);
  const [way, setWay] = useState<(typeof WAYS)[number]>("out");
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const amount = parseAmount(typed, exponent);
  const ready = amount !== null && amount > 0 && reason.trim() !== "";
  const go = () => ready && dispatch({ is: "move_cash", way, amount, reason: reason.trim() });
  return (
    <form
      className="pane single"
      aria-labelledby="pane-title"
      onSubmit={(event) => {
        event.preventDefault();
        go();
      }}
    >
      <h2 id="pane-title" className="pane-title">
        {text("action-cash-move")}
      </h2>
      <fieldset className="reasons">
        <legend>{text("cash-move-way")}</legend>
        <div>
          {WAYS.map((known) => (
            <Press key={known} pressed={way === known} onPress={() => setWay(known)}>
              {text(`cash-move-${known}`)}
            </Press>
          ))}
        </div>
      </fieldset>
      <label className="field">
        <span>{text("cash-move-amount", { currency: money.currency.code })}</span>
        <input autoFocus inputMode="decimal" value={typed} onChange={({ target }) => setTyped(target.value)} />
      </label>
      <label className="field">
        <span>{text("cash-move-reason")}</span>
        <input value={reason} maxLength={120} onChange={({ target }) => setReason(target.value)} />
      </label>
      <div className="pane-keys">
        <button type="submit" className="press primary action" disabled={!ready}>
          {text(`cash-move-do-${way}`)} {ready ? <Amount minor={amount} /> : null}
          <MarkOf permission="move_cash" />
        </button>
        <Press hint="Esc" onPress={() => dispatch({ is: "escape" })}>
          {text("pane-back")}
        </Press>
      </div>
    </form>
  );
}
