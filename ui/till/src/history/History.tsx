// Every sale that this till knows, newest first. One field filters: its words become tokens that say how they were understood, and the
// code of a scanned receipt finds that receipt.

import { Check, CheckCheck, CornerUpLeft } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { faultOf } from "../door/refusal.ts";
import type { Fault, HistoryPage, HistoryRow } from "../door/types.ts";
import { Amount, Code, ReceiptNumber } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import { useCounter, useShown, useWhen } from "../shell/use.ts";
import { ago } from "../sync/words.ts";
import { TenderName, ToVerify } from "../tender/TenderPane.tsx";
import { faultText, text } from "../texts/text.ts";
import { DocumentPane } from "./DocumentPane.tsx";
import { relaxed, withToken } from "./filter.ts";
import "./history.css";

const PAGE = 40;
const TOKENS = ["today", "returns", "cash", "card"];

export default function History() {
  const counter = useCounter();
  const opened = useShown((known) => known.opened);
  const [filter, setFilter] = useState("");
  const { rows, page, fault, more } = useHistory(filter);
  const field = useRef<HTMLInputElement>(null);

  useEffect(() => {
    const element = field.current;
    const scanned = (event: Event) => setFilter(`#${(event as CustomEvent).detail}`);
    const slash = (event: globalThis.KeyboardEvent) => {
      if (event.key !== "/" || document.activeElement === element) return;
      event.preventDefault();
      element?.focus();
    };
    element?.addEventListener("scanned", scanned);
    window.addEventListener("keydown", slash);
    return () => {
      element?.removeEventListener("scanned", scanned);
      window.removeEventListener("keydown", slash);
    };
  }, []);

  function move(event: KeyboardEvent<HTMLElement>) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    const buttons = [...event.currentTarget.querySelectorAll<HTMLButtonElement>(".history-row")];
    event.preventDefault();
    buttons[buttons.indexOf(document.activeElement as HTMLButtonElement) + step]?.focus();
  }

  return (
    <main className={`history${opened ? " with-document" : ""}`}>
      <section className="history-list" onKeyDown={move} aria-labelledby="history-title">
        <div className="history-head">
          <h1 id="history-title">{text("action-history")}</h1>
          <input
            ref={field}
            data-scan="accept"
            className="filter"
            value={filter}
            placeholder={text("history-filter-example")}
            aria-label={text("history-filter")}
            autoComplete="off"
            spellCheck={false}
            onChange={({ target }) => setFilter(target.value)}
          />
          <div className="chips">
            {TOKENS.map((token) => (
              <Press
                key={token}
                look="chip"
                size="small"
                pressed={filter.split(/\s+/).includes(token)}
                onPress={() => setFilter(withToken(filter, token))}
              >
                {text(`token-${token}`)}
              </Press>
            ))}
          </div>
          {page && page.understood.length > 0 ? (
            <p className="understood">
              {text("history-understood")}{" "}
              {page.understood.map((words) => (
                <span key={words} className="token">
                  {words}
                </span>
              ))}
            </p>
          ) : null}
          <Others asOf={page?.others_as_of ?? null} />
        </div>
        {fault ? <p className="empty">{faultText(fault)}</p> : null}
        {page && rows.length === 0 ? <Nothing filter={filter} onFilter={setFilter} /> : null}
        {page ? null : <div className="skeleton" aria-hidden="true" />}
        <div className="history-rows">
          {rows.map((row, index) => (
            <Row
              key={row.sale}
              row={row}
              newDay={row.day !== rows[index - 1]?.day}
              open={row.sale === opened}
              onOpen={() => counter.set({ opened: row.sale })}
            />
          ))}
          {page?.next ? (
            <Press look="quiet" className="more" onPress={more}>
              {text("history-more")}
            </Press>
          ) : null}
        </div>
      </section>
      {opened ? <DocumentPane key={opened} sale={opened} onClose={() => counter.set({ opened: null })} /> : null}
    </main>
  );
}

function Row(props: { row: HistoryRow; newDay: boolean; open: boolean; onOpen: () => void }) {
  const { row } = props;
  const when = useWhen();
  const back = row.kind === "return";
  return (
    <>
      {props.newDay ? <h2 className="day">{when.day(row.day)}</h2> : null}
      <button type="button" className="history-row" aria-current={props.open} onClick={props.onOpen}>
        <Code>{when.clock(row.local_time)}</Code>
        <span className="history-what">
          <ReceiptNumber>{row.number}</ReceiptNumber>
          <span className="second">
            {row.own ? null : <bdi>{row.till} · </bdi>}
            <bdi>{row.by}</bdi> · {text("history-lines", { count: row.lines })}
          </span>
        </span>
        <span className="history-tenders second">
          {row.tenders.map((tender, index) => (
            <span key={tender}>
              {index > 0 ? " + " : ""}
              <TenderName tender={tender} />
            </span>
          ))}
        </span>
        <span className="history-chips">
          {back ? (
            <span className="mark danger">
              <CornerUpLeft aria-hidden="true" /> {text("mark-return")}
            </span>
          ) : null}
          {row.to_verify ? <ToVerify /> : null}
          {row.returned === "none" ? null : <span className="mark">{text(`mark-returned-${row.returned}`)}</span>}
        </span>
        <Amount minor={row.total_minor} className="history-total" />
        <Ticks sent={row.sent} />
      </button>
    </>
  );
}

/** One tick: safe here. Two: head office has it as well. */
export function Ticks({ sent }: { sent: HistoryRow["sent"] }) {
  const words = text(sent === "here" ? "ticks-here" : "ticks-head-office");
  return (
    <span className={`ticks ${sent}`} title={words}>
      {sent === "here" ? <Check aria-hidden="true" /> : <CheckCheck aria-hidden="true" />}
      <span className="unseen">{words}</span>
    </span>
  );
}

function Others({ asOf }: { asOf: number | null }) {
  if (asOf === null) return null;
  const words = ago(asOf, Date.now());
  return <p className="second as-of">{text("history-others", { ago: text(words.id, words.values) })}</p>;
}

function Nothing({ filter, onFilter }: { filter: string; onFilter: (filter: string) => void }) {
  if (filter.trim() === "") return <p className="empty">{text("history-empty")}</p>;
  return (
    <div className="empty">
      <p>{text("history-nothing")}</p>
      <div className="chips">
        {relaxed(filter).map((weaker) => (
          <Press key={weaker} look="chip" size="small" onPress={() => onFilter(weaker)}>
            {weaker === "" ? text("history-all") : weaker}
          </Press>
        ))}
      </div>
    </div>
  );
}

function useHistory(filter: string) {
  const counter = useCounter();
  const changed = useShown((known) => known.changes.history);
  const [state, setState] = useState<{ rows: HistoryRow[]; page: HistoryPage | null; fault: Fault | null }>({
    rows: [],
    page: null,
    fault: null,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when the till says that history changed.
  useEffect(() => {
    let current = true;
    counter.ask({ ask: "history", filter, before: null, limit: PAGE }).then(
      (page) => current && setState({ rows: page.rows, page, fault: null }),
      (problem) => current && setState((before) => ({ ...before, fault: faultOf(problem) })),
    );
    return () => {
      current = false;
    };
  }, [counter, filter, changed]);
  const more = () => {
    const before = state.page?.next;
    if (!before) return;
    void counter
      .ask({ ask: "history", filter, before, limit: PAGE })
      .then((page) => setState((known) => ({ rows: [...known.rows, ...page.rows], page, fault: null })));
  };
  return { ...state, more };
}
