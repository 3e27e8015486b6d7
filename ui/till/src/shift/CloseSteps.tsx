// The three steps before the Z. Each is one look: what is open, what is in the drawer, and what was counted, once more in words.

import { CircleAlert, CircleCheck } from "lucide-react";
import { useEffect } from "react";
import type { Minor, ShiftReport } from "../door/types.ts";
import { Amount } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import { parseAmount } from "../money/entry.ts";
import { useCounter, useMoney, useShown } from "../shell/use.ts";
import { TenderName } from "../tender/TenderPane.tsx";
import { text } from "../texts/text.ts";
import type { Counted } from "./count.ts";
import { Denominations } from "./Denominations.tsx";

type CheckProps = { report: ShiftReport | null; lines: number; unanswered: number; onNext: () => void };

export function CheckStep({ report, lines, unanswered, onNext }: CheckProps) {
  const counter = useCounter();
  const alone = useShown((known) => known.status?.sync.state === "alone");
  const unknown = report?.tenders.reduce((sum, tender) => sum + (tender.to_verify ? tender.count : 0), 0) ?? 0;
  const open = lines > 0 || unanswered > 0;
  useNext("F12", onNext, !open);
  return (
    <>
      <ul className="checks">
        <Check good={!open} words={open ? text("check-cart-open", { count: lines }) : text("check-cart-empty")} />
        <Check good={!report?.parked} words={text("check-parked", { count: report?.parked ?? 0 })} />
        {unknown > 0 ? <Check good={false} words={text("check-to-verify", { count: unknown })} /> : null}
        {alone ? null : <Check good words={text("check-waiting", { count: report?.waiting_documents ?? 0 })} />}
      </ul>
      <footer className="sheet-foot">
        <p className="second">{text("check-blind")}</p>
        {open ? <Press onPress={() => counter.set({ view: "sell" })}>{text("check-to-sell")}</Press> : null}
        <Press look="primary" focus disabled={open} hint="F12" onPress={onNext}>
          {text("check-count")}
        </Press>
      </footer>
    </>
  );
}

function Check({ good, words }: { good: boolean; words: string }) {
  return (
    <li className={good ? "good" : "open"}>
      {good ? <CircleCheck aria-hidden="true" /> : <CircleAlert aria-hidden="true" />}
      {words}
    </li>
  );
}

type CountProps = {
  faces: readonly Minor[];
  counted: Counted;
  onCounted: (counted: Counted) => void;
  others: ShiftReport["tenders"];
  typed: Record<string, string>;
  onTyped: (typed: Record<string, string>) => void;
  total: Minor | null;
  onNext: () => void;
};

export function CountStep({ faces, counted, onCounted, others, typed, onTyped, total, onNext }: CountProps) {
  const money = useMoney();
  useNext("F12", onNext, total !== null);
  return (
    <>
      <Denominations faces={faces} counted={counted} onChange={onCounted} />
      {others.length > 0 ? (
        <fieldset className="slips">
          <legend>{text("count-slips")}</legend>
          {others.map(({ tender_type }) => (
            <label className="field" key={tender_type}>
              <span>
                <TenderName tender={tender_type} />
              </span>
              <input
                inputMode="decimal"
                placeholder={text("count-optional")}
                value={typed[tender_type] ?? ""}
                aria-invalid={
                  (typed[tender_type] ?? "") !== "" &&
                  parseAmount(typed[tender_type] ?? "", money.currency.exponent) === null
                }
                onChange={({ target }) => onTyped({ ...typed, [tender_type]: target.value })}
              />
            </label>
          ))}
        </fieldset>
      ) : null}
      <footer className="sheet-foot">
        <p>
          <span className="second">{text("count-total")}</span>{" "}
          {total === null ? "–" : <Amount minor={total} className="sheet-total" />}
        </p>
        <Press look="primary" disabled={total === null} hint="F12" onPress={onNext}>
          {text("count-done")}
        </Press>
      </footer>
    </>
  );
}

type ConfirmProps = {
  cash: Minor;
  cashType: string;
  others: Record<string, string>;
  busy: boolean;
  refused: string | null;
  onBack: () => void;
  onClose: (amounts: { tender_type: string; counted_minor: Minor }[]) => void;
};

export function ConfirmStep({ cash, cashType, others, busy, refused, onBack, onClose }: ConfirmProps) {
  const { currency } = useMoney();
  const amounts = [{ tender_type: cashType, counted_minor: cash }];
  for (const [tender_type, typed] of Object.entries(others)) {
    const minor = parseAmount(typed, currency.exponent);
    if (minor !== null) amounts.push({ tender_type, counted_minor: minor });
  }
  return (
    <>
      <dl className="facts">
        {amounts.map(({ tender_type, counted_minor }) => (
          <div key={tender_type}>
            <dt>
              <TenderName tender={tender_type} />
            </dt>
            <dd>
              <Amount minor={counted_minor} className="sheet-total" />
            </dd>
          </div>
        ))}
      </dl>
      <p>{text("confirm-what")}</p>
      <p className="refused" role="alert">
        {refused}
      </p>
      <footer className="sheet-foot">
        <Press focus onPress={onBack}>
          {text("confirm-recount")}
        </Press>
        <Press look="primary" className="apart" disabled={busy} onPress={() => onClose(amounts)}>
          {text("confirm-close")}
        </Press>
      </footer>
    </>
  );
}

function useNext(name: string, next: () => void, ready: boolean) {
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key !== name || !ready) return;
      event.preventDefault();
      next();
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  });
}
