// Giving the whole sale up. The key says how many items go, and has to be held: a slip of the finger is not enough, and no question
// with "yes" and "no" is asked.

import { useEffect, useRef, useState } from "react";
import { Press } from "../look/Press.tsx";
import { MarkOf } from "../look/RightMark.tsx";
import { useCounter, useMoney, useSell } from "../shell/use.ts";
import { text } from "../texts/text.ts";

const HOLD = 600;
const REASONS = ["customer-left", "mistake", "no-money", "training", "other"];

export function VoidPane() {
  const { dispatch } = useCounter();
  const money = useMoney();
  const cart = useSell((sell) => sell.cart);
  const reason = useSell((sell) => (sell.pane.is === "void" ? sell.pane.reason : null));
  const [held, setHeld] = useState(false);
  const timer = useRef(0);
  const release = () => {
    clearTimeout(timer.current);
    setHeld(false);
  };
  const hold = () => {
    setHeld(true);
    timer.current = window.setTimeout(() => dispatch({ is: "void" }), HOLD);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <section className="pane single" aria-labelledby="pane-title">
      <h2 id="pane-title" className="pane-title">
        {text("action-void")}
      </h2>
      <p>{text("void-what", { total: money.amount(cart.total_minor) })}</p>
      <fieldset className="reasons">
        <legend>{text("void-reason")}</legend>
        <div>
          {REASONS.map((known) => (
            <Press
              key={known}
              look="chip"
              size="small"
              pressed={reason === known}
              onPress={() => dispatch({ is: "void_reason", reason: known })}
            >
              {text(`void-reason-${known}`)}
            </Press>
          ))}
        </div>
      </fieldset>
      <div className="pane-keys">
        <Press hint="Esc" focus onPress={() => dispatch({ is: "escape" })}>
          {text("void-keep")}
        </Press>
        <button
          type="button"
          className={`press danger action hold apart${held ? " held" : ""}`}
          onPointerDown={hold}
          onPointerUp={release}
          onPointerLeave={release}
          onPointerCancel={release}
          onKeyDown={({ key, repeat }) => key === "Enter" && !repeat && dispatch({ is: "void" })}
        >
          {text("void-hold", { count: cart.lines.length })}
          <MarkOf permission="abandon_sale" />
        </button>
      </div>
    </section>
  );
}
