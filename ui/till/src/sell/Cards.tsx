// Cards pinned on top of the cart. Selling goes on under them; only paying waits until each is answered. They never go away by
// themselves, because a missed item is lost money.

import { ScanBarcode, TriangleAlert } from "lucide-react";
import { Code } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import { useCounter, useSell } from "../shell/use.ts";
import { faultText, text } from "../texts/text.ts";
import type { Unanswered } from "./state.ts";

/** More than this many are counted instead of drawn: the cart must stay in sight. */
const DRAWN = 3;

export function Cards() {
  const { unanswered, stuck, notice, gated } = useSell((sell) => sell);
  const { dispatch } = useCounter();
  const nothing = unanswered.length === 0 && !stuck && !notice;
  return (
    <div className={`cards${gated && unanswered.length > 0 ? " gated" : ""}`} role="status" hidden={nothing}>
      {stuck ? <Stuck /> : null}
      {notice ? (
        <div className="card warning">
          <TriangleAlert aria-hidden="true" />
          <p>{faultText(notice)}</p>
          <Press size="small" onPress={() => dispatch({ is: "dismiss" })}>
            {text("card-understood")}
          </Press>
        </div>
      ) : null}
      {gated && unanswered.length > 0 ? (
        <p className="cards-gate">{text("card-gate", { count: unanswered.length })}</p>
      ) : null}
      {unanswered.slice(0, DRAWN).map((card) => (
        <Card key={card.card} card={card} />
      ))}
      {unanswered.length > DRAWN ? (
        <p className="cards-gate">{text("card-more", { count: unanswered.length - DRAWN })}</p>
      ) : null}
    </div>
  );
}

function Card({ card }: { card: Unanswered }) {
  const { dispatch } = useCounter();
  const id = card.card;
  return (
    <div className="card danger">
      <ScanBarcode aria-hidden="true" />
      <p>
        <strong>
          {text(`card-${card.why.replaceAll("_", "-")}`)} <Code>{card.code}</Code>
        </strong>
        <span>{text(card.why === "misread" ? "card-scan-again" : "card-nothing-added")}</span>
      </p>
      {card.why === "payment_begun" ? (
        <Press size="small" onPress={() => dispatch({ is: "keep_for_next", card: id })}>
          {text("card-next-sale")}
        </Press>
      ) : (
        <Press size="small" onPress={() => dispatch({ is: "fix", card: id })}>
          {text("card-fix")}
        </Press>
      )}
      <Press size="small" onPress={() => dispatch({ is: "leave_out", card: id })}>
        {text("card-leave-out")}
      </Press>
    </div>
  );
}

/** The one thing that stops the cart: the till did not record it, or did not say whether it did. */
function Stuck() {
  const { stuck, waiting } = useSell((sell) => sell);
  const { dispatch } = useCounter();
  const paying = waiting[0]?.act.do === "tender";
  const silent = stuck?.code === "no_answer";
  return (
    <div className="card danger loud">
      <TriangleAlert aria-hidden="true" />
      <p>
        <strong>{text(silent ? "stuck-silent" : paying ? "stuck-sale" : "stuck-act")}</strong>
        <span>{text(silent ? "stuck-silent-hint" : paying ? "stuck-sale-hint" : "stuck-act-hint")}</span>
      </p>
      <Press size="small" look="primary" onPress={() => dispatch({ is: "again" })}>
        {text("stuck-again")}
      </Press>
      {silent ? null : (
        <Press size="small" onPress={() => dispatch({ is: "give_up" })}>
          {text("stuck-give-up")}
        </Press>
      )}
    </div>
  );
}
