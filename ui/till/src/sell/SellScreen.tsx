// Sell: the work pane at the start, the cart at the end, and on wide screens a number pad that never moves between them. Panes replace
// each other in one place; nothing on the selling path opens over it.

import { written } from "../actions/keys.ts";
import { ACTIONS, action, perform, rightTo } from "../actions/registry.ts";
import { Amount, Code, Price, Times } from "../look/Amount.tsx";
import { NumberPad } from "../look/NumberPad.tsx";
import { Press } from "../look/Press.tsx";
import { RightMark } from "../look/RightMark.tsx";
import { useCounter, useMoney, useSell, useShown } from "../shell/use.ts";
import { TenderPane } from "../tender/TenderPane.tsx";
import { text } from "../texts/text.ts";
import { ApprovalPane } from "./ApprovalPane.tsx";
import { Cart } from "./Cart.tsx";
import { CashMovePane } from "./CashMovePane.tsx";
import { ChangePane } from "./ChangePane.tsx";
import { DrawerPane } from "./DrawerPane.tsx";
import { FixPane } from "./FixPane.tsx";
import { LinePane } from "./LinePane.tsx";
import { ParkedPane } from "./ParkedPane.tsx";
import { Products } from "./Products.tsx";
import { markedLine } from "./state.ts";
import { VoidPane } from "./VoidPane.tsx";

export function SellScreen() {
  return (
    <main className="sell">
      <h1 className="unseen">{text("action-sell")}</h1>
      <div className="work">
        <WorkPane />
        <Strip />
      </div>
      <FixedPad />
      <Cart />
    </main>
  );
}

function WorkPane() {
  const pane = useSell((sell) => sell.pane);
  switch (pane.is) {
    case "products":
      return <Products />;
    case "line":
      return <LinePane pane={pane} />;
    case "tender":
      return <TenderPane pane={pane} />;
    case "change":
      return <ChangePane done={pane.done} />;
    case "parked":
      return <ParkedPane />;
    case "approval":
      return <ApprovalPane pane={pane} />;
    case "fix":
      return <FixPane card={pane.card} />;
    case "void":
      return <VoidPane />;
    case "cash_move":
      return <CashMovePane />;
    case "drawer":
      return <DrawerPane pane={pane} />;
  }
}

const STRIP = ["return", "park", "discount", "price", "quantity", "palette"];

/** The six things that are done most, always in the same place, with their keys. */
function Strip() {
  const counter = useCounter();
  const pane = useSell((sell) => sell.pane.is);
  const empty = useSell((sell) => sell.cart.lines.length === 0);
  const status = useShown((known) => known.status);
  if (pane !== "products") return null;
  const off = (id: string) => empty && (id === "discount" || id === "price" || id === "quantity");
  return (
    <nav className="strip" aria-label={text("strip")}>
      {ACTIONS.filter(({ id }) => STRIP.includes(id))
        .sort((left, right) => STRIP.indexOf(left.id) - STRIP.indexOf(right.id))
        .map(({ id, label, keys, permission }) => {
          const right = rightTo({ permission }, { status });
          return (
            <Press
              key={id}
              hint={right === "allowed" ? (id === "quantity" ? "*" : written(keys[0] ?? "")) : undefined}
              disabled={off(id) || right === "denied"}
              onPress={() => perform(action(id), counter)}
            >
              {text(id === "palette" ? "action-more" : id === "park" && empty ? "action-recall" : label)}
              <RightMark right={right} />
            </Press>
          );
        })}
    </nav>
  );
}

/** The panes that Enter does something in. */
const ENTERS = new Set(["line", "tender", "change"]);

/** Wide screens only: the pad stays where it is whatever pane is open, and its entry shows what it will do. */
function FixedPad() {
  const { dispatch } = useCounter();
  const { pane, entry, times, exponent } = useSell((sell) => sell);
  const money = useMoney();
  const amounts = pane.is === "tender" || (pane.is === "line" && pane.mode !== "quantity");
  const shown = pane.is === "tender" || pane.is === "line" ? pane.entry : entry;
  return (
    <aside className="fixed-pad" aria-label={text("pad")}>
      <LastItem />
      <div className="pad-entry">
        <span className="second">
          {text(amounts ? "pad-amount" : pane.is === "line" ? "pad-quantity" : "pad-code")}
        </span>
        <output className="pad-value">
          {times !== null ? <Times quantity={times} /> : null}
          <Code>{shown === "" ? (amounts ? money.plain(0) : "–") : shown}</Code>
        </output>
      </div>
      <div className="pad-modes">
        <Press
          size="action"
          skip
          disabled={pane.is !== "products" && pane.is !== "line"}
          onPress={() => dispatch({ is: "character", character: "*" })}
          hint="*"
        >
          {text("pad-times")}
        </Press>
        <Press
          size="action"
          skip
          look="primary"
          disabled={pane.is === "products" ? entry === "" : !ENTERS.has(pane.is)}
          onPress={() => dispatch({ is: "enter" })}
          hint={written("Enter")}
        >
          {text(
            pane.is === "tender"
              ? "pad-take"
              : pane.is === "line"
                ? "line-apply"
                : pane.is === "change"
                  ? "action-next-sale"
                  : "pad-find",
          )}
        </Press>
      </div>
      <NumberPad
        corner={exponent > 0 ? "." : "00"}
        onCharacter={(character) => dispatch({ is: "character", character })}
        onErase={() => dispatch({ is: "erase" })}
      />
    </aside>
  );
}

/** What was touched last, large enough to be read from where the scanner is. */
function LastItem() {
  const line = useSell((sell) => (sell.pane.is === "change" ? null : markedLine(sell)));
  return (
    <div className="last-item">
      <span className="second">{text(line ? "pad-last" : "pad-nothing")}</span>
      {line ? (
        <>
          <strong>
            <bdi>{line.name}</bdi>
          </strong>
          <span>
            <Times quantity={line.quantity} /> {line.unit_price === null ? null : <Price price={line.unit_price} />}
          </span>
          <Amount minor={line.net_minor} className="last-amount" />
        </>
      ) : null}
    </div>
  );
}
