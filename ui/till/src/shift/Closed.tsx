// The shift is closed: its number, the difference of each tender in words, and the Z to print. What arrives later never alters it.

import { CircleCheck, Printer } from "lucide-react";
import { useState } from "react";
import { faultOf } from "../door/refusal.ts";
import type { ShiftReport } from "../door/types.ts";
import { Code } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import { useCounter } from "../shell/use.ts";
import { faultText, text } from "../texts/text.ts";
import { Figures } from "./Figures.tsx";

export function Closed({ report }: { report: ShiftReport }) {
  const counter = useCounter();
  const [said, setSaid] = useState("");
  const print = () =>
    counter.ask({ ask: "print_report", kind: "z" }).then(
      () => setSaid(text("report-printing")),
      (problem) => setSaid(faultText(faultOf(problem))),
    );
  return (
    <main className="sheet wide-sheet">
      <div className="sheet-head">
        <h1 className="closed-title">
          <CircleCheck aria-hidden="true" /> {text("closed-title")}{" "}
          {report.number === null ? null : <Code>{`Z ${report.number}`}</Code>}
        </h1>
        <p className="second">
          {report.waiting_documents > 0
            ? text("closed-waiting", { count: report.waiting_documents })
            : text("closed-final")}
        </p>
      </div>
      <Figures report={report} />
      <footer className="sheet-foot">
        <p className="second" role="status">
          {said}
        </p>
        <Press onPress={() => void print()}>
          <Printer aria-hidden="true" /> {text("closed-print")}
        </Press>
        <Press look="primary" focus onPress={() => void counter.lock()}>
          {text("action-lock")}
        </Press>
      </footer>
    </main>
  );
}
