// What happened to a document, in plain sentences. Whoever needs the evidence can see the event behind each of them.

import { useState } from "react";
import type { TimelineEntry } from "../door/types.ts";
import { Code } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import { useWhen } from "../shell/use.ts";
import { hasText, readable, text } from "../texts/text.ts";

export function Timeline({ entries }: { entries: TimelineEntry[] }) {
  const [technical, setTechnical] = useState(false);
  const when = useWhen();
  const day = entries[0]?.local_time.slice(0, 10);

  return (
    <>
      <ol className="timeline">
        {entries.map((entry) => (
          <li key={entry.technical.event}>
            <Code>
              {entry.local_time.slice(0, 10) === day ? when.exact(entry.local_time) : when.moment(entry.local_time)}
            </Code>
            <span>
              <span>
                {hasText(entry.message)
                  ? text(entry.message, readable(entry.values))
                  : text("event-other", { event: entry.message.replace(/^event-/, "") })}
              </span>
              <span className="second">
                <bdi>{entry.till}</bdi>
                {entry.by ? <bdi> · {entry.by}</bdi> : null}
              </span>
              {technical ? (
                <code className="technical" dir="ltr">
                  {entry.technical.origin} #{entry.technical.seq}
                  <br />
                  {entry.technical.event}
                  <br />
                  {entry.technical.hash}
                </code>
              ) : null}
            </span>
          </li>
        ))}
      </ol>
      <Press look="quiet" size="small" pressed={technical} onPress={() => setTechnical(!technical)}>
        {text("timeline-technical")}
      </Press>
    </>
  );
}
