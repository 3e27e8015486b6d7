// The X report: how the shift stands now, read from this till alone. Reading it changes nothing.

import { Printer } from "lucide-react";
import { useState } from "react";
import { faultOf } from "../door/refusal.ts";
import { Code } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import { useAsked, useCounter, useShown, useWhen } from "../shell/use.ts";
import { faultText, text } from "../texts/text.ts";
import { Figures } from "./Figures.tsx";
import "./shift.css";

export default function Report() {
  const counter = useCounter();
  const changed = useShown((known) => known.changes.history);
  const open = useShown((known) => known.status?.shift !== null);
  const { answer, fault } = useAsked({ ask: "shift_report" }, changed);
  const when = useWhen();
  const [said, setSaid] = useState<string | null>(null);
  const print = () =>
    counter.ask({ ask: "print_report", kind: "x" }).then(
      () => setSaid(text("report-printing")),
      (problem) => setSaid(faultText(faultOf(problem))),
    );
  return (
    <main className="sheet wide-sheet">
      <div className="sheet-head">
        <h1>{text("report-title")}</h1>
        {answer ? (
          <p className="second">
            {text("report-until", { by: answer.by })} <Code>{when.moment(answer.opened_local)}</Code> –{" "}
            <Code>
              {answer.until_local.slice(0, 10) === answer.opened_local.slice(0, 10)
                ? when.clock(answer.until_local)
                : when.moment(answer.until_local)}
            </Code>
          </p>
        ) : null}
      </div>
      {fault ? <p className="empty">{open ? faultText(fault) : text("report-no-shift")}</p> : null}
      {answer ? <Figures report={answer} /> : null}
      <footer className="sheet-foot">
        <p className="second" role="status">
          {said ??
            (answer && answer.waiting_documents > 0
              ? text("report-waiting", { count: answer.waiting_documents })
              : text("report-here"))}
        </p>
        <Press disabled={!answer} onPress={() => void print()}>
          <Printer aria-hidden="true" /> {text("report-print")}
        </Press>
        {open ? <Press onPress={() => counter.set({ view: "close" })}>{text("action-close")}</Press> : null}
      </footer>
    </main>
  );
}
