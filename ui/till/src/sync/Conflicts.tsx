// What a person has to decide: what happened, what was done already, where it comes from and what can be chosen. Here it is read; whoever
// decides does so at head office.

import { CircleCheck, Scale } from "lucide-react";
import { useState } from "react";
import type { Conflict } from "../door/types.ts";
import { Amount, Code, ReceiptNumber } from "../look/Amount.tsx";
import { useAsked, useShown, useWhen } from "../shell/use.ts";
import { faultText, text } from "../texts/text.ts";
import "./sync.css";

export default function Conflicts() {
  const changed = useShown((known) => known.changes.conflicts);
  const { answer, fault } = useAsked({ ask: "conflicts" }, changed);
  const [chosen, setChosen] = useState<string | null>(null);
  const open = answer?.filter((conflict) => conflict.state === "open") ?? [];
  const answered = answer?.filter((conflict) => conflict.state === "answered") ?? [];
  const shown = answer?.find((conflict) => conflict.id === chosen) ?? open[0] ?? answered[0];
  return (
    <main className="conflicts">
      <section className="conflict-list">
        <h1>{text("action-conflicts")}</h1>
        {fault ? <p className="empty">{faultText(fault)}</p> : null}
        {answer?.length === 0 ? (
          <div className="empty">
            <CircleCheck aria-hidden="true" />
            <p>{text("conflicts-empty")}</p>
            <p className="second">{text("conflicts-empty-hint")}</p>
          </div>
        ) : null}
        <Group title="conflicts-open" conflicts={open} shown={shown} onChoose={setChosen} />
        <Group title="conflicts-answered" conflicts={answered} shown={shown} onChoose={setChosen} />
      </section>
      {shown ? <Detail conflict={shown} /> : null}
    </main>
  );
}

type GroupProps = { title: string; conflicts: Conflict[]; shown: Conflict | undefined; onChoose: (id: string) => void };

function Group({ title, conflicts, shown, onChoose }: GroupProps) {
  if (conflicts.length === 0) return null;
  return (
    <>
      <h2>{text(title, { count: conflicts.length })}</h2>
      <ul>
        {conflicts.map((conflict) => (
          <li key={conflict.id}>
            <button
              type="button"
              className="conflict-row"
              aria-current={conflict.id === shown?.id}
              onClick={() => onChoose(conflict.id)}
            >
              {conflict.state === "open" ? <Scale aria-hidden="true" /> : <CircleCheck aria-hidden="true" />}
              <span>
                <strong>{conflict.title}</strong>
                <span className="second">{[...new Set(conflict.parties.map((party) => party.till))].join(" · ")}</span>
              </span>
              {conflict.money_minor === null ? null : <Amount minor={conflict.money_minor} />}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function Detail({ conflict }: { conflict: Conflict }) {
  const when = useWhen();
  const alone = useShown((known) => known.status?.place?.alone ?? false);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached with the keyboard.
    <article className="conflict" aria-label={conflict.title} tabIndex={0}>
      <h2>{conflict.title}</h2>
      {conflict.money_minor === null ? null : (
        <p className="conflict-money">
          {text("conflict-money")} <Amount minor={conflict.money_minor} />
        </p>
      )}
      <section>
        <h3>{text("conflict-happened")}</h3>
        <p>{conflict.happened}</p>
      </section>
      <section>
        <h3>{text("conflict-done")}</h3>
        <p>{conflict.done}</p>
      </section>
      <section>
        <h3>
          {text(new Set(conflict.parties.map((party) => party.till)).size > 1 ? "conflict-parties" : "conflict-from")}
        </h3>
        <div className="parties">
          {conflict.parties.map((party, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the parties of a conflict keep their places.
            <div key={index} className="party">
              <strong>
                <bdi>{party.till}</bdi>
              </strong>
              {party.local_time ? <Code>{when.moment(party.local_time)}</Code> : null}
              {party.receipt ? <ReceiptNumber>{party.receipt}</ReceiptNumber> : null}
              <span>{party.part}</span>
            </div>
          ))}
        </div>
      </section>
      {conflict.state === "open" && conflict.choices.length > 0 ? (
        <section>
          <h3>{text("conflict-choices")}</h3>
          <ul className="choices">
            {conflict.choices.map((choice) => (
              <li key={choice.code}>{choice.consequence}</li>
            ))}
          </ul>
          <p className="second">{text(alone ? "conflict-alone" : "conflict-where")}</p>
        </section>
      ) : null}
    </article>
  );
}
