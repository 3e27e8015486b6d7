// Tender: the largest number is what remains to be paid, and the first key under the finger takes exactly that. Every amount on a key
// is the amount that will be taken; nothing here adds to what stands in the display.

import { CircleHelp, CreditCard, TriangleAlert, Undo2 } from "lucide-react";
import { written } from "../actions/keys.ts";
import type { TenderFate } from "../door/types.ts";
import { Amount, Code } from "../look/Amount.tsx";
import { NumberPad } from "../look/NumberPad.tsx";
import { Press } from "../look/Press.tsx";
import { RightMark } from "../look/RightMark.tsx";
import { unitsOf } from "../money/entry.ts";
import { markedTender, type Tender } from "../sell/state.ts";
import { useCounter, useMoney, useRight, useSell } from "../shell/use.ts";
import { tenderName, text } from "../texts/text.ts";
import { CardStep } from "./CardStep.tsx";

export function TenderPane({ pane }: { pane: Tender }) {
  const { dispatch } = useCounter();
  const cart = useSell((sell) => sell.cart);
  const exponent = useSell((sell) => sell.exponent);
  const out = cart.due_minor < 0;
  // While something is asked there is nothing to type, and what was paid stands below the question.
  const keys = !(out || pane.card || pane.guard || pane.removing);
  return (
    <section className="pane tender" aria-labelledby="pane-title">
      <div className="pane-main">
        <h2 id="pane-title" className="to-pay-word">
          {text(out ? "tender-pay-out" : cart.tenders.length > 0 ? "tender-still" : "tender-to-pay")}
        </h2>
        <Amount minor={Math.abs(cart.due_minor)} className="to-pay" />
        {pane.guard ? (
          <Guard />
        ) : pane.card ? (
          <CardStep card={pane.card} />
        ) : pane.removing ? (
          <RemoveStep pane={pane} />
        ) : (
          <Keys pane={pane} out={out} />
        )}
        {keys ? null : <Taken pane={pane} />}
      </div>
      {keys ? (
        <div className="pane-side">
          <NumberPad
            corner={exponent > 0 ? "." : "00"}
            onCharacter={(character) => dispatch({ is: "character", character })}
            onErase={() => dispatch({ is: "erase" })}
          />
          <Taken pane={pane} />
        </div>
      ) : null}
    </section>
  );
}

function Keys({ pane, out }: { pane: Tender; out: boolean }) {
  const { dispatch } = useCounter();
  const { cart, exponent, waiting, keyed } = useSell((sell) => sell);
  const typed = unitsOf(pane.entry, exponent);
  const chosen = pane.quick === null ? null : (cart.quick_minor[pane.quick] ?? null);
  const given = typed ?? chosen ?? cart.due_cash_minor;
  const exact = typed === null && chosen === null;
  const busy = waiting.some(({ act }) => act.do === "tender") || keyed !== null;
  const others = cart.tender_types.filter((type) => type.class === "card" || type.class === "claim");
  return (
    <>
      <div className={`given${pane.spoilt ? " spoilt" : ""}`}>
        {pane.entry !== "" || pane.spoilt ? (
          <>
            <span className="second">{text(pane.spoilt ? "tender-too-long" : "tender-received")}</span>
            <Code>{pane.entry}</Code>
          </>
        ) : (
          <span className="second">{text(out ? "tender-out-hint" : "tender-hint")}</span>
        )}
      </div>
      <Press
        look="primary"
        className="take"
        focus
        disabled={busy || pane.spoilt}
        hint={written("Enter")}
        onPress={() => dispatch({ is: "take" })}
      >
        <span>
          {text(out ? "tender-take-out" : exact ? "tender-exact" : "tender-take")} <Amount minor={Math.abs(given)} />
        </span>
      </Press>
      {cart.quick_minor.length > 0 && !out ? (
        <div className="quick">
          {cart.quick_minor.map((amount, index) => (
            <Press
              key={amount}
              size="big"
              disabled={busy}
              pressed={pane.quick === index}
              onPress={() => dispatch({ is: "quick_amount", index })}
            >
              <Amount minor={amount} />
            </Press>
          ))}
        </div>
      ) : null}
      <div className="others">
        {others.map(({ tender_type, class: kind }) => (
          <Press
            key={tender_type}
            size="big"
            disabled={busy}
            hint={kind === "card" ? "F6" : undefined}
            onPress={() =>
              dispatch(kind === "card" ? { is: "begin_card", tender_type } : { is: "take_other", tender_type })
            }
          >
            {kind === "card" ? <CreditCard aria-hidden="true" /> : null}
            <TenderName tender={tender_type} />
          </Press>
        ))}
        {out ? null : (
          <Press size="big" hint="F9" onPress={() => dispatch({ is: "split", ways: 2 })}>
            {text("tender-half")}
          </Press>
        )}
        {out ? null : (
          <Press size="big" onPress={() => dispatch({ is: "split", ways: 3 })}>
            {text("tender-third")}
          </Press>
        )}
      </div>
    </>
  );
}

export function TenderName({ tender }: { tender: string }) {
  return <>{tenderName(tender)}</>;
}

/** Change of a large note: the safe key has the focus, the other one is another key. */
function Guard() {
  const { dispatch } = useCounter();
  const money = useMoney();
  const guard = useSell((sell) => (sell.pane.is === "tender" ? sell.pane.guard : null));
  if (!guard) return null;
  return (
    <div className="guard" role="alert">
      <p className="guard-question">
        <TriangleAlert aria-hidden="true" />
        {text("guard-question", { given: money.amount(guard.given) })}
      </p>
      <p>{text("guard-change", { change: money.amount(guard.change) })}</p>
      <div className="pane-keys">
        <Press look="primary" focus hint={written("Enter")} onPress={() => dispatch({ is: "fix_amount" })}>
          {text("guard-fix")}
        </Press>
        <Press className="apart" onPress={() => dispatch({ is: "really" })}>
          {text("guard-really", { given: money.amount(guard.given) })}
        </Press>
      </div>
    </div>
  );
}

/** What was paid so far. The marked one can be taken back. */
function Taken({ pane }: { pane: Tender }) {
  const { dispatch } = useCounter();
  const cart = useSell((sell) => sell.cart);
  const right = useRight("abandon_sale");
  const marked = markedTender(cart, pane)?.tender;
  if (cart.tenders.length === 0) return null;
  const still = pane.card !== null || pane.guard !== null || pane.removing;
  return (
    <section className="taken-part">
      <h3>{text("tender-taken")}</h3>
      <ul className="taken">
        {cart.tenders.map((taken) => (
          <li key={taken.tender} className={taken.tender === marked ? "marked" : undefined}>
            <button
              type="button"
              className="taken-row"
              aria-current={taken.tender === marked}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => dispatch({ is: "choose_tender", tender: taken.tender })}
            >
              <span>
                <TenderName tender={taken.tender_type} />
                {taken.to_verify ? <ToVerify /> : null}
              </span>
              <Amount minor={taken.amount_minor} />
            </button>
            {taken.tender === marked && !still ? (
              <Press
                size="small"
                hint={written("Delete")}
                disabled={right === "denied"}
                onPress={() => dispatch({ is: "ask_remove_tender", tender: taken.tender })}
              >
                {text("tender-remove")}
                <RightMark right={right} />
              </Press>
            ) : null}
          </li>
        ))}
      </ul>
      {cart.tenders.length > 1 && !still ? <p className="second">{text("tender-choose-hint")}</p> : null}
    </section>
  );
}

/** A payment of which nobody knows yet whether the money came. */
export function ToVerify() {
  return (
    <span className="mark warn">
      <CircleHelp aria-hidden="true" /> {text("mark-to-verify")}
    </span>
  );
}

const FATES: Record<string, readonly TenderFate[]> = { card: ["reversed", "not_taken"] };

/** Taking a payment back: what became of the money is asked, and nothing is taken for granted. */
function RemoveStep({ pane }: { pane: Tender }) {
  const { dispatch } = useCounter();
  const money = useMoney();
  const taken = useSell((sell) => markedTender(sell.cart, pane));
  const busy = useSell((sell) => sell.waiting.length > 0);
  if (!taken) return null;
  const amount = money.amount(Math.abs(taken.amount_minor));
  return (
    <div className="card-step" role="group" aria-labelledby="remove-title">
      <p id="remove-title" className="card-ask">
        <Undo2 aria-hidden="true" />
        {text("remove-ask", { amount, tender_type: tenderName(taken.tender_type) })}
      </p>
      <div className="fates">
        {(FATES[taken.class] ?? ["handed_back", "not_taken"]).map((fate) => (
          <Press key={fate} disabled={busy} onPress={() => dispatch({ is: "remove_tender", fate })}>
            {text(`remove-${fate.replaceAll("_", "-")}`)}
          </Press>
        ))}
      </div>
      <p className="second">{text("remove-what")}</p>
      <div className="pane-keys">
        <Press hint="Esc" focus onPress={() => dispatch({ is: "escape" })}>
          {text("remove-keep")}
        </Press>
      </div>
    </div>
  );
}
