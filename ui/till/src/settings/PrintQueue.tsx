// What waits to be printed. Printing never stops a sale; a receipt that may or may not have come out is left for a person to say.

import { CircleHelp, Clock3, Printer } from "lucide-react";
import { useState } from "react";
import type { Request } from "../door/types.ts";
import { Press } from "../look/Press.tsx";
import { useAsked, useCounter, useShown } from "../shell/use.ts";
import { text } from "../texts/text.ts";

const SIGNS = { waiting: Clock3, printing: Printer, unsure: CircleHelp };

export function PrintQueue() {
  const counter = useCounter();
  const changed = useShown((known) => known.changes.printer);
  const [acted, setActed] = useState(0);
  const { answer } = useAsked({ ask: "print_queue" }, `${changed} ${acted}`);
  const act = (request: Request & { ask: "print_again" | "nothing_came_out" | "drop_print" }) =>
    void counter.ask(request).finally(() => {
      setActed((count) => count + 1);
      void counter.refresh();
    });
  if (answer?.length === 0) return <p className="empty">{text("queue-empty")}</p>;
  return (
    <ul className="queue">
      {answer?.map((job) => {
        const Sign = SIGNS[job.state];
        return (
          <li key={job.job}>
            <Sign aria-hidden="true" />
            <span>
              <strong>
                <bdi>{job.what}</bdi> {job.copy ? <span className="mark">{text("queue-copy")}</span> : null}
              </strong>
              <span className="second">
                {text(`queue-${job.state}`)}
                {job.tries > 1 ? ` · ${text("queue-tries", { count: job.tries })}` : ""}
                {job.why ? ` · ${job.why}` : ""}
              </span>
            </span>
            <div className="queue-keys">
              <Press size="small" onPress={() => act({ ask: "print_again", job: job.job })}>
                {text(job.state === "unsure" ? "queue-again-copy" : "queue-again")}
              </Press>
              {job.state === "unsure" ? (
                <Press size="small" onPress={() => act({ ask: "nothing_came_out", job: job.job })}>
                  {text("queue-nothing")}
                </Press>
              ) : null}
              <Press size="small" onPress={() => act({ ask: "drop_print", job: job.job })}>
                {text("queue-drop")}
              </Press>
            </div>
          </li>
        );
      })}
    </ul>
  );
}
