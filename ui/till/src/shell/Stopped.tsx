// The full screens: nothing can be recorded any more, or the till does not answer. They say what that means for money before anything
// else, and what the last saved sale was.

import { OctagonAlert, Unplug } from "lucide-react";
import type { Fault, Status } from "../door/types.ts";
import { Code, ReceiptNumber } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import { faultText, hasText, text } from "../texts/text.ts";
import { useCounter, useWhen } from "./use.ts";

export function Stopped({ stopped }: { stopped: NonNullable<Status["stopped"]> }) {
  const counter = useCounter();
  const when = useWhen();
  const why = `stopped-${stopped.why.replaceAll("_", "-")}`;
  return (
    <main className="full danger-screen" role="alert">
      <OctagonAlert aria-hidden="true" className="full-sign" />
      <h1>{text("stopped-title")}</h1>
      <p className="full-lead">{text("stopped-money")}</p>
      <dl className="full-facts">
        <div>
          <dt>{text("stopped-why")}</dt>
          <dd>{hasText(why) ? text(why) : stopped.why}</dd>
        </div>
        <div>
          <dt>{text("stopped-last")}</dt>
          <dd>
            {stopped.last_number ? (
              <>
                <ReceiptNumber>{stopped.last_number}</ReceiptNumber>
                {stopped.last_local ? (
                  <>
                    {" · "}
                    <Code>{when.moment(stopped.last_local)}</Code>
                  </>
                ) : null}
              </>
            ) : (
              text("stopped-none")
            )}
          </dd>
        </div>
      </dl>
      <p>{text("stopped-do")}</p>
      <Press look="primary" onPress={() => void counter.refresh()}>
        {text("stopped-look")}
      </Press>
    </main>
  );
}

/** The till was not even opened: its books cannot be read, or another window has them. */
export function Unopened({ fault }: { fault: Fault }) {
  return (
    <main className="full danger-screen" role="alert">
      <OctagonAlert aria-hidden="true" className="full-sign" />
      <h1>{text(fault.code === "already-running" ? "unopened-twice-title" : "unopened-title")}</h1>
      <p className="full-lead">{faultText(fault)}</p>
      <p>{text(fault.code === "already-running" ? "unopened-twice-do" : "stopped-do")}</p>
    </main>
  );
}

export function Silent() {
  return (
    <main className="full" role="alert">
      <Unplug aria-hidden="true" className="full-sign" />
      <h1>{text("silent-title")}</h1>
      <p className="full-lead">{text("silent-what")}</p>
    </main>
  );
}
