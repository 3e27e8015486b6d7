// One document: its lines, taxes and payments, its receipt as it prints, and what happened to it in plain sentences. Goods are taken
// back from here, so that what goes back is what was paid.

import { CornerUpLeft, Printer, X } from "lucide-react";
import { useEffect, useState } from "react";
import { faultOf } from "../door/refusal.ts";
import { Amount, Code, ReceiptNumber, Times } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import { RightMark } from "../look/RightMark.tsx";
import { useAsked, useCounter, useRight, useSell, useShown, useWhen } from "../shell/use.ts";
import { TenderName, ToVerify } from "../tender/TenderPane.tsx";
import { faultText, text } from "../texts/text.ts";
import { Ticks } from "./History.tsx";
import { ReceiptPaper } from "./ReceiptPaper.tsx";
import { ReturnLines } from "./ReturnLines.tsx";
import { Timeline } from "./Timeline.tsx";

const PARTS = ["lines", "receipt", "timeline"] as const;

export function DocumentPane({ sale, onClose }: { sale: string; onClose: () => void }) {
  const counter = useCounter();
  const changed = useShown((known) => known.changes.history);
  const selling = useShown((known) => known.status?.shift !== null);
  const { answer: document, fault } = useAsked({ ask: "document", sale }, changed);
  const [part, setPart] = useState<(typeof PARTS)[number]>("lines");
  const [returning, setReturning] = useState(false);
  const when = useWhen();
  const [said, setSaid] = useState("");

  function print() {
    counter.ask({ ask: "print", sale }).then(
      (printer) => setSaid(text(printer.state === "none" ? "print-no-printer" : "print-copy")),
      (problem) => setSaid(faultText(faultOf(problem))),
    );
  }

  const returnable = document?.kind === "sale" && document.items.some((item) => item.returnable > 0);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (document === null || event.target instanceof HTMLInputElement) return;
      if (event.key === "p" && !event.ctrlKey) print();
      if (event.key === "F8" && returnable && selling) setReturning(true);
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  });

  if (fault) return <aside className="document empty">{faultText(fault)}</aside>;
  if (!document) return <aside className="document" aria-busy="true" />;
  return (
    <aside className="document" aria-label={text("document-label", { number: document.number })}>
      <header className="document-head">
        <div>
          <h2>
            <ReceiptNumber>{document.number}</ReceiptNumber> <Ticks sent={document.sent} />
          </h2>
          <p className="second">
            <Code>{when.moment(document.local_time)}</Code> · <bdi>{document.till}</bdi> · <bdi>{document.by}</bdi>
          </p>
        </div>
        <Amount minor={document.total_minor} className="document-total" />
        <button type="button" className="square" aria-label={text("document-close")} onClick={onClose}>
          <X aria-hidden="true" />
        </button>
      </header>
      {returning ? (
        <ReturnLines document={document} onLeave={() => setReturning(false)} />
      ) : (
        <>
          <div className="modes" role="group" aria-label={text("document-parts")}>
            {PARTS.map((known) => (
              <Press key={known} size="small" pressed={part === known} onPress={() => setPart(known)}>
                {text(`document-${known}`)}
              </Press>
            ))}
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached with the keyboard. */}
          <div className="document-body" tabIndex={0}>
            {part === "lines" ? (
              <Lines document={document} />
            ) : part === "receipt" ? (
              <ReceiptPaper sale={sale} />
            ) : (
              <Timeline entries={document.timeline} />
            )}
          </div>
          <footer className="document-foot">
            <p className="second" role="status">
              {said}
            </p>
            <Press hint="P" onPress={print}>
              <Printer aria-hidden="true" /> {text("document-print")}
            </Press>
            <Press look="danger" hint="F8" disabled={!returnable || !selling} onPress={() => setReturning(true)}>
              <CornerUpLeft aria-hidden="true" /> {text("action-return")}
            </Press>
          </footer>
        </>
      )}
    </aside>
  );
}

type Known = NonNullable<ReturnType<typeof useAsked<{ ask: "document"; sale: string }>>["answer"]>;

function Lines({ document }: { document: Known }) {
  return (
    <>
      <ul className="document-lines">
        {document.items.map((item) => (
          <li key={item.line}>
            <Times quantity={item.quantity} />
            <span>
              <bdi>{item.name}</bdi>
              {item.reduction_minor !== 0 ? (
                <span className="second">
                  {text("line-off")} <Amount minor={-Math.abs(item.reduction_minor)} />
                </span>
              ) : null}
              {item.returned > 0 ? (
                <span className="mark">
                  {text("document-returned")} <Times quantity={item.returned} />
                </span>
              ) : null}
            </span>
            <Amount minor={item.net_minor} />
          </li>
        ))}
      </ul>
      <dl className="facts small">
        {document.taxes.map((tax) => (
          <div key={`${tax.name} ${tax.rate}`}>
            <dt>
              <bdi>{tax.name}</bdi> <bdi dir="ltr">{tax.rate} %</bdi>
            </dt>
            <dd>
              <Amount minor={tax.tax_minor} />
            </dd>
          </div>
        ))}
        {document.payments.map((payment, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: payments of a finished document keep their places.
          <div key={index}>
            <dt>
              <TenderName tender={payment.tender_type} />
              {payment.to_verify ? <ToVerify /> : null}
              {payment.change_minor ? (
                <span className="second">
                  {" "}
                  {text("document-given")} <Amount minor={payment.given_minor ?? 0} />, {text("document-change")}{" "}
                  <Amount minor={payment.change_minor} />
                </span>
              ) : null}
            </dt>
            <dd>
              <Amount minor={payment.amount_minor} />
            </dd>
          </div>
        ))}
        {document.owed_minor !== 0 ? (
          <div className="owed">
            <dt>{text("document-owed")}</dt>
            <dd>
              <Amount minor={document.owed_minor} />
            </dd>
          </div>
        ) : null}
      </dl>
      {document.payments
        .filter((payment) => payment.to_verify)
        .map((payment) => (
          <Settle key={payment.tender} document={document} tender={payment.tender} minor={payment.amount_minor} />
        ))}
    </>
  );
}

/** Somebody looked at the terminal: what it says settles the payment, and the sale stays as it was. */
function Settle({ document, tender, minor }: { document: Known; tender: number; minor: number }) {
  const counter = useCounter();
  const selling = useShown((known) => known.status?.shift !== null);
  const right = useRight("move_cash");
  const asked = useSell((sell) => sell.pane.is === "approval");
  const busy = useSell((sell) => sell.waiting.length > 0);
  const notice = useSell((sell) => sell.notice);
  // Whoever approves does so where approvals are given.
  useEffect(() => {
    if (asked) counter.set({ view: "sell" });
  }, [asked, counter]);
  if (!document.own) return <p className="second">{text("settle-elsewhere")}</p>;
  const say = (charged: boolean) => counter.dispatch({ is: "settle_tender", sale: document.sale, tender, charged });
  return (
    <section className="settle">
      <p>
        <strong>{text("card-unknown-title")}</strong> <Amount minor={minor} />
      </p>
      <p>{text("card-unknown-look")}</p>
      <div className="pane-keys">
        <Press disabled={busy || !selling} onPress={() => say(true)}>
          {text("card-it-says-approved")}
        </Press>
        <Press disabled={busy || !selling || right === "denied"} onPress={() => say(false)}>
          {text("card-it-says-declined")}
          <RightMark right={right} />
        </Press>
      </div>
      <p className="second" role="status">
        {notice ? faultText(notice) : text(selling ? "settle-what" : "fault-no-shift")}
      </p>
    </section>
  );
}
