// The counting grid: one row for each note and coin, largest first. Enter and the arrows go from row to row, so a drawer is counted
// with one hand; nothing here says what there should be.

import { Minus, Plus } from "lucide-react";
import type { CSSProperties, KeyboardEvent } from "react";
import { Amount } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import { useMoney } from "../shell/use.ts";
import { text } from "../texts/text.ts";
import { type Counted, rowTotal, stepped } from "./count.ts";

type Props = { faces: readonly number[]; counted: Counted; onChange: (counted: Counted) => void };

export function Denominations({ faces, counted, onChange }: Props) {
  const money = useMoney();
  const rows = [...faces].sort((left, right) => right - left);

  function move(event: KeyboardEvent<HTMLDivElement>) {
    const step = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || !(event.target instanceof HTMLInputElement)) return;
    const fields = [...event.currentTarget.querySelectorAll("input")];
    const next = fields[fields.indexOf(event.target) + step];
    event.preventDefault();
    next?.focus();
    next?.select();
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only moves the focus between the fields inside.
    <div className="count-rows" style={{ "--rows": Math.ceil(rows.length / 2) } as CSSProperties} onKeyDown={move}>
      {rows.map((face, index) => {
        const typed = counted[face] ?? "";
        const total = rowTotal(face, typed);
        const change = (value: string) => onChange({ ...counted, [face]: value });
        return (
          <div className="count-row" key={face}>
            <span className="count-face" id={`face-${face}`}>
              <Amount minor={face} />
            </span>
            <Press
              label={text("count-less", { face: money.amount(face) })}
              skip
              onPress={() => change(stepped(typed, -1))}
            >
              <Minus aria-hidden="true" />
            </Press>
            <input
              inputMode="numeric"
              autoComplete="off"
              aria-labelledby={`face-${face}`}
              aria-invalid={total === null}
              value={typed}
              placeholder="0"
              autoFocus={index === 0}
              onChange={({ target }) => change(target.value)}
            />
            <Press
              label={text("count-more", { face: money.amount(face) })}
              skip
              onPress={() => change(stepped(typed, 1))}
            >
              <Plus aria-hidden="true" />
            </Press>
            <span className={total ? "count-total" : "count-total none"}>
              {total === null ? text("count-unread") : <Amount minor={total} />}
            </span>
          </div>
        );
      })}
    </div>
  );
}
