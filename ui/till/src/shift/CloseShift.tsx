// Closing: look what is still open, count without being told what there should be, look at the count once more, then the Z. Sales that
// head office does not have yet never stand in the way.

import { useState } from "react";
import { faultOf } from "../door/refusal.ts";
import type { Minor, ShiftReport } from "../door/types.ts";
import { useAct, useAsked, useCounter, useShown } from "../shell/use.ts";
import { faultText, text } from "../texts/text.ts";
import { Closed } from "./Closed.tsx";
import { CheckStep, ConfirmStep, CountStep } from "./CloseSteps.tsx";
import { type Counted, countedTotal } from "./count.ts";
import "./shift.css";

type Step = "check" | "count" | "confirm";
const STEPS: Step[] = ["check", "count", "confirm"];

export default function CloseShift() {
  const counter = useCounter();
  const act = useAct();
  const settings = useShown((known) => known.settings);
  const open = useShown((known) => known.status?.shift !== null);
  const cart = useShown((known) => known.sell.cart);
  const unanswered = useShown((known) => known.sell.unanswered.length);
  const { answer: report } = useAsked({ ask: "shift_report" });
  const [step, setStep] = useState<Step>("check");
  const [counted, setCounted] = useState<Counted>({});
  const [others, setOthers] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const [closed, setClosed] = useState<ShiftReport | null>(null);
  const cash = countedTotal(counted);
  const cashType = cart.tender_types.find((type) => type.class === "cash")?.tender_type ?? "cash";

  async function close(amounts: { tender_type: string; counted_minor: Minor }[]) {
    if (busy) return;
    setBusy(true);
    setRefused(null);
    try {
      await act({ do: "close_shift", counted: amounts });
      setClosed(await counter.ask({ ask: "shift_report" }).catch(() => report));
    } catch (problem) {
      setRefused(faultText(faultOf(problem)));
    } finally {
      setBusy(false);
    }
  }

  if (closed) return <Closed report={closed} />;
  if (!open) return <main className="sheet empty">{text("report-no-shift")}</main>;
  return (
    <main className="sheet">
      <div className="sheet-head">
        <h1>{text("close-title")}</h1>
        <ol className="steps">
          {STEPS.map((known) => (
            <li key={known} aria-current={known === step ? "step" : undefined}>
              {text(`close-step-${known}`)}
            </li>
          ))}
        </ol>
      </div>
      {step === "check" ? (
        <CheckStep report={report} lines={cart.lines.length} unanswered={unanswered} onNext={() => setStep("count")} />
      ) : step === "count" ? (
        <CountStep
          faces={settings?.denominations_minor ?? []}
          counted={counted}
          onCounted={setCounted}
          others={report?.tenders.filter((tender) => tender.tender_type !== cashType) ?? []}
          typed={others}
          onTyped={setOthers}
          total={cash}
          onNext={() => setStep("confirm")}
        />
      ) : (
        <ConfirmStep
          cash={cash ?? 0}
          cashType={cashType}
          others={others}
          busy={busy}
          refused={refused}
          onBack={() => setStep("count")}
          onClose={close}
        />
      )}
    </main>
  );
}
