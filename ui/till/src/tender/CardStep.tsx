// A card on a separate terminal: the till cannot know what the terminal said, so it asks, and says which amount to key in there. The
// last digits and the approval number are for finding the payment again; both may stay empty.

import { CircleHelp, CreditCard } from "lucide-react";
import { Amount } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import type { Tender } from "../sell/state.ts";
import { useCounter, useSell } from "../shell/use.ts";
import { text } from "../texts/text.ts";

export function CardStep({ card }: { card: NonNullable<Tender["card"]> }) {
  const { dispatch } = useCounter();
  const due = useSell((sell) => sell.cart.due_minor);
  const busy = useSell((sell) => sell.waiting.length > 0);
  if (card.unknown) return <Unknown busy={busy} />;
  return (
    <div className="card-step">
      <p className="card-ask">
        <CreditCard aria-hidden="true" />
        <span>
          {text(due < 0 ? "card-refund-there" : "card-key-there")} <Amount minor={Math.abs(card.amount ?? due)} />
        </span>
      </p>
      <div className="fields">
        <label>
          <span>{text("card-last-four")}</span>
          <input
            inputMode="numeric"
            autoComplete="off"
            value={card.last_four}
            onChange={({ target }) => dispatch({ is: "card_note", last_four: target.value })}
          />
        </label>
        <label>
          <span>{text("card-authorisation")}</span>
          <input
            autoComplete="off"
            maxLength={24}
            value={card.authorisation}
            onChange={({ target }) => dispatch({ is: "card_note", authorisation: target.value })}
          />
        </label>
      </div>
      <p className="second">{text("card-optional")}</p>
      <div className="pane-keys">
        <Press look="primary" disabled={busy} focus onPress={() => dispatch({ is: "card_approved" })}>
          {text("card-approved")}
        </Press>
        <Press disabled={busy} onPress={() => dispatch({ is: "card_declined" })}>
          {text("card-was-declined")}
        </Press>
        <Press disabled={busy} onPress={() => dispatch({ is: "card_unknown" })}>
          {text("card-not-known")}
        </Press>
        <Press hint="Esc" className="apart" onPress={() => dispatch({ is: "escape" })}>
          {text("card-back")}
        </Press>
      </div>
    </div>
  );
}

/** Its own state: nothing is taken twice and nothing is given away because somebody had to guess. */
function Unknown({ busy }: { busy: boolean }) {
  const { dispatch } = useCounter();
  return (
    <div className="card-step unknown" role="alert">
      <p className="card-ask">
        <CircleHelp aria-hidden="true" />
        {text("card-unknown-title")}
      </p>
      <p>{text("card-unknown-look")}</p>
      <div className="fates">
        <Press disabled={busy} onPress={() => dispatch({ is: "card_approved" })}>
          {text("card-it-says-approved")}
        </Press>
        <Press disabled={busy} onPress={() => dispatch({ is: "card_declined" })}>
          {text("card-it-says-declined")}
        </Press>
        <Press disabled={busy} onPress={() => dispatch({ is: "card_later" })}>
          {text("card-later")}
        </Press>
        <Press hint="Esc" onPress={() => dispatch({ is: "escape" })}>
          {text("card-back")}
        </Press>
      </div>
      <p className="second">{text("card-later-what")}</p>
    </div>
  );
}
