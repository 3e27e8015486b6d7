// Tender: the largest number is what remains to be paid, and the first key under the finger takes exactly that. Every amount on a key
// is the amount that will be taken; nothing here adds to what stands in the display.

import { CreditCard, TriangleAlert } from "lucide-react";
import { written } from "../actions/keys.ts";
import { Amount, Code } from "../look/Amount.tsx";
import { NumberPad } from "../look/NumberPad.tsx";
import { Press } from "../look/Press.tsx";
import { unitsOf } from "../money/entry.ts";
import type { Tender } from "../sell/state.ts";
import { useCounter, useMoney, useSell } from "../shell/use.ts";
import { tenderName, text } from "../texts/text.ts";
import { CardStep } from "./CardStep.tsx";

export function TenderPane({ pane }: { pane: Tender }) {
  const { dispatch } = useCounter();
  const cart = useSell((sell) => sell.cart);
  const exponent = useSell((sell) => sell.exponent);
  const out = cart.due_minor < 0;
  return (
    <section className="pane tender" aria-labelledby="pane-title">
      <div className="pane-main">
        <h2 id="pane-title" className="to-pay-word">
          {text(out ? "tender-pay-out" : cart.tenders.length > 0 ? "tender-still" : "tender-to-pay")}
        </h2>
        <Amount minor={Math.abs(cart.due_minor)} className="to-pay" />
        {pane.guard ? <Guard /> : pane.card ? <CardStep card={pane.card} /> : <Keys pane={pane} out={out} />}
        <Taken />
      </div>
      {out || pane.card || pane.guard ? null : (
        <NumberPad
          corner={exponent > 0 ? "." : "00"}
          onCharacter={(character) => dispatch({ is: "character", character })}
          onErase={() => dispatch({ is: "erase" })}
        />
      )}
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

/** What was paid so far. */
function Taken() {
  const tenders = useSell((sell) => sell.cart.tenders);
  if (tenders.length === 0) return null;
  return (
    <ul className="taken" aria-label={text("tender-taken")}>
      {tenders.map((tender) => (
        <li key={tender.tender}>
          <span>
            <TenderName tender={tender.tender_type} />
          </span>
          <Amount minor={tender.amount_minor} />
        </li>
      ))}
    </ul>
  );
}
