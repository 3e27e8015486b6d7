// Sales that were set aside, newest first. Recalling one while another is in hand sets that one aside: nothing is asked, nothing lost.

import { useRef } from "react";
import { Amount } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import { useAsked, useCounter, useSell, useWhen } from "../shell/use.ts";
import { faultText, text } from "../texts/text.ts";

export function ParkedPane() {
  const { dispatch } = useCounter();
  const count = useSell((sell) => sell.cart.parked);
  const inHand = useSell((sell) => sell.cart.lines.length > 0);
  const { answer, fault } = useAsked({ ask: "parked" }, count);
  const first = useRef(true);
  const when = useWhen();
  return (
    <section className="pane single" aria-labelledby="pane-title">
      <h2 id="pane-title" className="pane-title">
        {text("action-parked")}
      </h2>
      {inHand ? <p className="second">{text("parked-swap")}</p> : null}
      {fault ? <p className="refused">{faultText(fault)}</p> : null}
      {answer?.length === 0 ? (
        <div className="empty">
          <p>{text("parked-empty")}</p>
          <p className="second">{text("parked-empty-hint")}</p>
        </div>
      ) : null}
      <ul className="parked">
        {answer?.map((sale, index) => (
          <li key={sale.sale}>
            <Press
              look="tile"
              className="parked-sale"
              focus={first.current && index === 0}
              onPress={() => dispatch({ is: "recall", parked: sale.sale })}
            >
              <span className="number">{when.clock(sale.local_time)}</span>
              <span className="parked-what">
                <bdi>{sale.first_item}</bdi>
                <span className="second">{text("parked-facts", { count: sale.lines, by: sale.by })}</span>
              </span>
              <Amount minor={sale.total_minor} className="line-amount" />
            </Press>
          </li>
        ))}
      </ul>
      <div className="pane-keys">
        <Press hint="Esc" onPress={() => dispatch({ is: "escape" })}>
          {text("pane-back")}
        </Press>
      </div>
    </section>
  );
}
