// The cart: always there, always in the same place. Lines of one height, newest at the bottom and in view; what was scanned and is not
// in the cart is pinned above it; below it what it comes to, and the one key that pays.

import { Check, CornerUpLeft, Undo2 } from "lucide-react";
import { useEffect, useRef } from "react";
import { written } from "../actions/keys.ts";
import { action } from "../actions/registry.ts";
import type { CartLine } from "../door/types.ts";
import { Amount, Code, Price, ReceiptNumber, Times } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import { useRows } from "../look/rows.ts";
import { useCounter, useMoney, useSell, useShown } from "../shell/use.ts";
import { text } from "../texts/text.ts";
import { Cards } from "./Cards.tsx";
import { markedLine } from "./state.ts";

const ROW = 64;

export function Cart() {
  const sell = useSell((known) => known);
  const { cart, pane } = sell;
  const done = pane.is === "change" ? pane.done : null;
  const lines = done?.lines ?? cart.lines;
  const marked = done ? null : (markedLine(sell)?.line ?? null);
  return (
    <section className="cart" aria-label={text("cart")}>
      <CartHead
        parked={cart.parked}
        pieces={done ? null : cart.pieces}
        times={sell.times}
        entry={pane.is === "products" ? sell.entry : ""}
      />
      <Cards />
      <Lines lines={lines} marked={marked} chosen={sell.chosen} still={done !== null} />
      {done ? <Finished /> : <Sums />}
      <Announce line={done ? null : marked} lines={lines} />
    </section>
  );
}

function CartHead(props: { parked: number; pieces: number | null; times: number | null; entry: string }) {
  const { dispatch } = useCounter();
  const money = useMoney();
  return (
    <header className="cart-head">
      <output className="entry-line">
        {props.times !== null ? (
          <span className="chip-times">
            <Times quantity={props.times} />
          </span>
        ) : null}
        {props.entry !== "" ? (
          <Code>{props.entry}</Code>
        ) : props.pieces !== null && props.pieces > 0 ? (
          <span className="second">
            {text("cart-pieces", { count: props.pieces / 1000, written: money.quantity(props.pieces) })}
          </span>
        ) : (
          <span className="second">{text("cart-ready")}</span>
        )}
      </output>
      <Press size="small" hint={written("Shift+F4")} onPress={() => dispatch({ is: "show_parked" })}>
        {text("action-parked")}
        {props.parked > 0 ? <span className="badge">{props.parked}</span> : null}
      </Press>
    </header>
  );
}

function Lines(props: { lines: CartLine[]; marked: number | null; chosen: number | null; still: boolean }) {
  const { lines, marked } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const { first, count } = useRows(scroller, ROW);
  const at = lines.findIndex((line) => line.line === marked);
  // Whatever was touched last is brought into view; with nothing touched, nothing moves.
  const touched = lines[at];
  // biome-ignore lint/correctness/useExhaustiveDependencies: a changed quantity brings its line into view as well.
  useEffect(() => {
    const element = scroller.current;
    if (!element || at < 0) return;
    const [top, bottom] = [at * ROW, (at + 1) * ROW];
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  }, [at, touched?.quantity, lines.length]);
  // With nothing in it, it is no list: it says why it is empty.
  const list = {
    role: "listbox",
    tabIndex: 0,
    "aria-label": text("cart-lines"),
    "aria-activedescendant": at >= first && at < first + count ? `line-${marked}` : undefined,
  };
  return (
    <div className="lines" ref={scroller} {...(lines.length > 0 ? list : {})}>
      {lines.length === 0 ? <EmptyCart /> : null}
      <div style={{ blockSize: lines.length * ROW, position: "relative" }}>
        {lines.slice(first, first + count).map((line, index) => (
          <Line
            key={line.line}
            line={line}
            place={first + index}
            of={lines.length}
            marked={line.line === marked}
            chosen={line.line === props.chosen}
            still={props.still}
          />
        ))}
      </div>
    </div>
  );
}

function Line(props: { line: CartLine; place: number; of: number; marked: boolean; chosen: boolean; still: boolean }) {
  const { line, marked, chosen, still } = props;
  const { dispatch } = useCounter();
  const back = line.direction === "return";
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the arrows choose a line and Enter opens it, in the window's own keyboard.
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and names the active line.
    <div
      id={`line-${line.line}`}
      role="option"
      aria-selected={marked}
      aria-posinset={props.place + 1}
      aria-setsize={props.of}
      className={`line${marked ? " marked" : ""}${chosen ? " chosen" : ""}${back ? " back" : ""}`}
      style={{ insetBlockStart: props.place * ROW }}
      onClick={still ? undefined : () => dispatch({ is: "edit", line: line.line, mode: "quantity" })}
    >
      {marked ? <i className="flash" key={`${line.quantity} ${line.net_minor}`} /> : null}
      <span className="line-times">
        <Times quantity={line.quantity} />
      </span>
      <span className="line-what">
        <span className="line-name">
          {back ? <CornerUpLeft aria-label={text("line-return")} /> : null}
          <bdi>{line.name}</bdi>
        </span>
        <span className="line-each">
          {line.unit_price === null ? (
            <Code>{line.sku}</Code>
          ) : Math.abs(line.quantity) === 1000 && line.reduction_minor === 0 ? null : (
            <span>
              <Price price={line.unit_price} /> {text("line-each")}
            </span>
          )}
          {line.reduction_minor !== 0 ? (
            <span className="line-off">
              {text("line-off")} <Amount minor={-Math.abs(line.reduction_minor)} />
            </span>
          ) : null}
        </span>
      </span>
      <Amount minor={line.net_minor} className="line-amount" />
    </div>
  );
}

function EmptyCart() {
  const last = useSell((sell) => sell.cart.last);
  const counter = useCounter();
  return (
    <div className="empty">
      <p>{text("cart-empty")}</p>
      {last ? (
        <div className="last-sale">
          <span>
            <Check aria-hidden="true" /> {text("last-sale")} <ReceiptNumber>{last.number}</ReceiptNumber>
          </span>
          <span className="second">
            <Amount minor={last.total_minor} />
            {last.change_minor > 0 ? (
              <>
                {" · "}
                {text("change-word")} <Amount minor={last.change_minor} />
              </>
            ) : null}
          </span>
          <Press size="small" hint={written("Ctrl+R")} onPress={() => action("reprint").run(counter)}>
            {text("action-reprint")}
          </Press>
        </div>
      ) : null}
    </div>
  );
}

function Sums() {
  const { cart, pane, unanswered, gated } = useSell((sell) => sell);
  const { dispatch } = useCounter();
  const money = useMoney();
  const out = cart.total_minor < 0;
  const paying = pane.is === "tender";
  const idle = cart.lines.length === 0;
  return (
    <footer className="sums">
      <div className="sums-line">
        <span>
          {text(cart.prices_include_tax ? "sums-tax-included" : "sums-tax-added")} <Amount minor={cart.tax_minor} />
        </span>
        {cart.reduction_minor !== 0 ? (
          <span className="saved">
            {text("sums-saved")} <Amount minor={Math.abs(cart.reduction_minor)} />
          </span>
        ) : null}
        <Press
          look="quiet"
          size="small"
          disabled={!cart.can_undo || cart.tenders.length > 0}
          hint={written("Ctrl+Z")}
          onPress={() => dispatch({ is: "undo" })}
        >
          <Undo2 aria-hidden="true" /> {text("action-undo")}
        </Press>
      </div>
      <button
        type="button"
        className={`pay${out ? " out" : ""}${paying ? " paying" : ""}${gated && unanswered.length > 0 ? " gated" : ""}`}
        onMouseDown={(event) => event.preventDefault()}
        onClick={() => dispatch({ is: paying ? "escape" : "pay" })}
        disabled={idle}
        aria-keyshortcuts={paying ? "Escape" : "F12"}
      >
        <span className="pay-sum">
          <Amount minor={Math.abs(cart.total_minor)} className="pay-amount" />
          <span className="pay-count">
            {cart.pieces < 0 || (cart.pieces === 0 && !idle)
              ? text("cart-comes-back")
              : text("cart-pieces", { count: cart.pieces / 1000, written: money.quantity(cart.pieces) })}
          </span>
        </span>
        <span className="pay-word">
          {paying ? text("pay-back") : out ? text("pay-out") : text("action-pay")}
          <kbd aria-hidden="true">{paying ? "Esc" : "+"}</kbd>
        </span>
      </button>
    </footer>
  );
}

/** On the Change pane nothing can be paid: the key under the finger starts the next sale. */
function Finished() {
  const { dispatch } = useCounter();
  const done = useSell((sell) => (sell.pane.is === "change" ? sell.pane.done : null));
  const alone = useShown((known) => known.status?.sync.state === "alone");
  if (!done) return null;
  return (
    <footer className="sums">
      <div className="sums-line">
        <span className="saved-here">
          <Check aria-hidden="true" /> {text("sale-saved")} <ReceiptNumber>{done.number}</ReceiptNumber>
        </span>
        <span className="second">{alone ? "" : text("sale-will-be-sent")}</span>
      </div>
      <Press look="plain" className="next-sale" hint={written("Enter")} onPress={() => dispatch({ is: "next_sale" })}>
        {text("action-next-sale")}
      </Press>
    </footer>
  );
}

/** Says the last line and the total to a screen reader, once things have been quiet for a moment. */
function Announce({ line, lines }: { line: number | null; lines: CartLine[] }) {
  const region = useRef<HTMLParagraphElement>(null);
  const total = useSell((sell) => sell.cart.total_minor);
  const money = useMoney();
  const touched = lines.find((other) => other.line === line);
  const sentence = touched
    ? text("cart-announce", {
        quantity: money.quantity(touched.quantity),
        name: touched.name,
        amount: money.amount(touched.net_minor),
        total: money.amount(total),
      })
    : "";
  useEffect(() => {
    const timer = setTimeout(() => {
      if (region.current) region.current.textContent = sentence;
    }, 700);
    return () => clearTimeout(timer);
  }, [sentence]);
  return <p className="unseen" aria-live="polite" ref={region} />;
}
