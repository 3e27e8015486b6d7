// How things stand with head office, in three rows of words: what goes up, what comes down, and the clock. Nothing on it needs to be
// done for selling to go on.

import { ArrowDown, ArrowUp, Clock3, HardDrive, Info, TriangleAlert } from "lucide-react";
import { useEffect, useState } from "react";
import { faultOf } from "../door/refusal.ts";
import type { SyncPanel as Panel } from "../door/types.ts";
import { Amount, Code } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import { useAsked, useCounter, useMoney, useShown } from "../shell/use.ts";
import { faultText, text } from "../texts/text.ts";
import { ago } from "./words.ts";
import "./sync.css";

const WORKS = ["always", "limits", "waits"] as const;

export default function SyncPanel() {
  const counter = useCounter();
  const changed = useShown((known) => known.changes.status);
  const [tries, setTries] = useState(0);
  const [fresh, setFresh] = useState<Panel | null>(null);
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState("");
  const { answer, fault } = useAsked({ ask: "sync" }, `${changed} ${tries}`);
  const now = useSeconds();
  const panel = fresh ?? answer;

  // A newer answer replaces the one that "try now" gave.
  // biome-ignore lint/correctness/useExhaustiveDependencies: what matters is that an answer came.
  useEffect(() => setFresh(null), [answer]);

  function tryNow() {
    setBusy(true);
    setSaid("");
    counter
      .ask({ ask: "sync_now" })
      .then(setFresh, (problem) => setSaid(faultText(faultOf(problem))))
      .finally(() => {
        setBusy(false);
        setTries((count) => count + 1);
      });
  }

  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === "t" && !event.ctrlKey && !event.metaKey && !busy) tryNow();
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  });

  return (
    <main className="sheet">
      <div className="sheet-head">
        <h1>{text("action-sync")}</h1>
        {panel ? (
          <p className={`sync-lead ${panel.state}`}>{text(`sync-lead-${panel.state.replaceAll("_", "-")}`)}</p>
        ) : null}
      </div>
      {fault && !panel ? <p className="empty">{faultText(fault)}</p> : null}
      <Notices />
      {panel ? <Rows panel={panel} now={now} /> : null}
      {panel?.state === "alone" ? (
        <section className="works">
          <h2>{text("alone-title")}</h2>
          <p>{text("alone-is")}</p>
          <p>{text("alone-safe")}</p>
          <p className="second">{text("alone-later")}</p>
        </section>
      ) : null}
      {panel?.state === "alone" ? null : <Works />}
      {panel && panel.state !== "alone" ? (
        <footer className="sheet-foot">
          <p className="second" role="status">
            {said || <Next panel={panel} now={now} />}
          </p>
          <Press look="primary" disabled={busy} hint="T" onPress={tryNow}>
            {text(busy ? "sync-trying" : "sync-try")}
          </Press>
        </footer>
      ) : null}
    </main>
  );
}

/** What the till has to say about its own health: what is so, what it means, what to do, and what the machine says for whoever repairs it. */
function Notices() {
  const notices = useShown((known) => known.status?.notices);
  if (!notices || notices.length === 0) return null;
  return (
    <ul className="notices" aria-label={text("notices")}>
      {notices.map(({ what, urgent, why }) => {
        const id = `notice-${what.replaceAll("_", "-")}`;
        return (
          <li key={what} className={urgent ? "urgent" : undefined}>
            {urgent ? <TriangleAlert aria-hidden="true" /> : <Info aria-hidden="true" />}
            <div>
              <strong>{text(id)}</strong>
              <p>{text(`${id}-do`)}</p>
              {why ? <p className="notice-why">{why}</p> : null}
            </div>
          </li>
        );
      })}
    </ul>
  );
}

function Rows({ panel, now }: { panel: Panel; now: number }) {
  const money = useMoney();
  const past = (instant: number | null) => {
    const words = instant === null ? null : ago(instant, now);
    return words ? text(words.id, words.values) : text("ago-never");
  };
  const seconds = panel.clock_ahead === null ? null : Math.round(panel.clock_ahead / 1_000_000);
  return (
    <ul className="sync-rows">
      <li>
        <ArrowUp aria-hidden="true" />
        <div>
          <strong>{text(panel.state === "alone" ? "sync-up-alone" : "sync-up")}</strong>
          {panel.waiting_documents > 0 ? (
            <p>
              {text("sync-waiting", { count: panel.waiting_documents, oldest: past(panel.oldest_waiting) })}
              {" · "}
              <Amount minor={panel.waiting_minor} />
            </p>
          ) : (
            <p>
              {text(
                panel.state === "alone"
                  ? "sync-all-here"
                  : panel.waiting_events > 0
                    ? "sync-small-things"
                    : "sync-all-sent",
                { count: panel.waiting_events },
              )}
            </p>
          )}
          {panel.state === "alone" ? null : (
            <p className="second">{text("sync-safe", { money: money.amount(panel.waiting_minor) })}</p>
          )}
        </div>
      </li>
      {panel.state === "alone" ? null : (
        <li>
          <ArrowDown aria-hidden="true" />
          <div>
            <strong>{text("sync-down")}</strong>
            <p>
              {panel.prices_as_of === null
                ? text("sync-prices-new")
                : text("sync-prices-of", { ago: past(panel.prices_as_of) })}
            </p>
            <p className="second">
              {text("sync-contact", { ago: past(panel.last_contact) })}
              {panel.server ? (
                <>
                  {" · "}
                  <Code>{panel.server}</Code>
                </>
              ) : null}
            </p>
            {panel.last_error ? <p className="sync-error">{panel.last_error}</p> : null}
          </div>
        </li>
      )}
      <li>
        <Clock3 aria-hidden="true" />
        <div>
          <strong>{text("sync-time")}</strong>
          <p>
            {seconds === null
              ? text(panel.state === "alone" ? "sync-clock-alone" : "sync-clock-unknown")
              : text(Math.abs(seconds) < 2 ? "sync-clock-right" : seconds > 0 ? "sync-clock-fast" : "sync-clock-slow", {
                  seconds: Math.abs(seconds),
                })}
          </p>
        </div>
      </li>
      {panel.storage_free_bytes === null ? null : (
        <li>
          <HardDrive aria-hidden="true" />
          <div>
            <strong>{text("sync-storage")}</strong>
            <p>{text("sync-storage-free", { gigabytes: (panel.storage_free_bytes / 1e9).toFixed(1) })}</p>
          </div>
        </li>
      )}
    </ul>
  );
}

function Works() {
  return (
    <section className="works">
      <h2>{text("works-title")}</h2>
      <dl>
        {WORKS.map((kind) => (
          <div key={kind}>
            <dt>{text(`works-${kind}`)}</dt>
            <dd>{text(`works-${kind}-what`)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Next({ panel, now }: { panel: Panel; now: number }) {
  if (panel.next_try === null) return null;
  const seconds = Math.max(0, Math.round((panel.next_try / 1000 - now) / 1000));
  return <>{text("sync-next", { seconds })}</>;
}

function useSeconds(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
