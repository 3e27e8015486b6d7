// After the sale: one word and one number, large enough to be read while counting coins. It stays until something happens: the next
// scan, Enter or a tap. Nothing here can pay.

import { CornerUpLeft, Printer } from "lucide-react";
import { action } from "../actions/registry.ts";
import type { Done } from "../door/types.ts";
import { Amount, Code, ReceiptNumber } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import { useCounter, useMoney, useShown } from "../shell/use.ts";
import { notesFor } from "../tender/notes.ts";
import { text } from "../texts/text.ts";

export function ChangePane({ done }: { done: Done }) {
  const counter = useCounter();
  const money = useMoney();
  const notes = useShown((known) => known.settings?.denominations_minor);
  const back = notes ? notesFor(done.change_minor, notes) : [];
  const out = done.total_minor < 0;
  const word = out ? "change-paid-out" : done.change_minor > 0 ? "change-due" : "change-none";
  const amount = out ? -done.total_minor : done.change_minor;
  return (
    <section className="pane change" aria-live="assertive">
      <div className="change-sum">
        <h2 className="change-word">{text(word)}</h2>
        {amount > 0 ? <Amount minor={amount} className="change-amount" /> : null}
        {back.length > 0 ? (
          <p className="change-notes">
            {back.map(({ face, count }) => (
              <span key={face} className="note">
                {count > 1 ? <Code>{`${count} ×`}</Code> : null} <Amount minor={face} />
              </span>
            ))}
          </p>
        ) : null}
      </div>
      <dl className="change-facts">
        <div>
          <dt>{text("change-number")}</dt>
          <dd>
            <ReceiptNumber>{done.number}</ReceiptNumber>
          </dd>
        </div>
        <div>
          <dt>{text("change-total")}</dt>
          <dd>
            <Amount minor={done.total_minor} />
          </dd>
        </div>
        {out ? null : (
          <div>
            <dt>{text("change-received")}</dt>
            <dd>{money.amount(done.received_minor)}</dd>
          </div>
        )}
      </dl>
      <div className="pane-keys">
        <Press hint="R" onPress={() => action("print-again").run(counter)}>
          <Printer aria-hidden="true" /> {text("action-print-again")}
        </Press>
        <Press hint="F8" onPress={() => action("return-this").run(counter)}>
          <CornerUpLeft aria-hidden="true" /> {text("action-return-this")}
        </Press>
        <p className="second">{text("change-next-hint")}</p>
      </div>
    </section>
  );
}
