// Taking goods back: which lines, how many, and whether they go on the shelf again. They go into the cart, where they can be exchanged
// for other goods or paid out.

import { useState } from "react";
import type { Document } from "../door/types.ts";
import { Amount, Times } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import { MarkOf } from "../look/RightMark.tsx";
import { useCounter, useMoney } from "../shell/use.ts";
import { text } from "../texts/text.ts";

export function ReturnLines({ document, onLeave }: { document: Document; onLeave: () => void }) {
  const counter = useCounter();
  const money = useMoney();
  const [wanted, setWanted] = useState<Record<number, number>>({});
  const [restocked, setRestocked] = useState(true);
  const items = document.items.filter((item) => item.returnable > 0);
  const chosen = items.filter((item) => (wanted[item.line] ?? 0) > 0);
  const change = (line: number, quantity: number, most: number) =>
    setWanted({ ...wanted, [line]: Math.max(0, Math.min(most, quantity)) });
  const all = () => setWanted(Object.fromEntries(items.map((item) => [item.line, item.returnable])));

  function take() {
    for (const item of chosen) {
      const quantity = wanted[item.line] ?? 0;
      counter.dispatch({ is: "return_line", sale: document.sale, line: item.line, quantity, restocked });
    }
    counter.set({ view: "sell", opened: null });
  }

  return (
    <>
      <div className="document-body">
        <h3>{text("return-which")}</h3>
        <ul className="return-lines">
          {items.map((item) => {
            const quantity = wanted[item.line] ?? 0;
            // Less than a piece goes back as a whole: half a weighed bag is nobody's to guess.
            const step = item.returnable % 1000 === 0 ? 1000 : item.returnable;
            return (
              <li key={item.line} className={quantity > 0 ? "chosen" : undefined}>
                <span>
                  <bdi>{item.name}</bdi>
                  <span className="second">
                    {text("return-of", { most: money.quantity(item.returnable) })} · <Amount minor={item.net_minor} />
                  </span>
                </span>
                <Press
                  label={text("return-less", { name: item.name })}
                  disabled={quantity === 0}
                  onPress={() => change(item.line, quantity - step, item.returnable)}
                >
                  −
                </Press>
                <Times quantity={quantity} />
                <Press
                  label={text("return-more", { name: item.name })}
                  disabled={quantity >= item.returnable}
                  onPress={() => change(item.line, quantity + step, item.returnable)}
                >
                  +
                </Press>
              </li>
            );
          })}
        </ul>
        <fieldset className="reasons">
          <legend>{text("return-condition")}</legend>
          <div>
            <Press look="chip" size="small" pressed={restocked} onPress={() => setRestocked(true)}>
              {text("return-restocked")}
            </Press>
            <Press look="chip" size="small" pressed={!restocked} onPress={() => setRestocked(false)}>
              {text("return-damaged")}
            </Press>
          </div>
        </fieldset>
      </div>
      <footer className="document-foot">
        <Press onPress={onLeave}>{text("pane-back")}</Press>
        <Press onPress={all}>{text("return-all")}</Press>
        <Press look="danger" disabled={chosen.length === 0} onPress={take}>
          {text("return-take", { count: chosen.length })}
          <MarkOf permission="return_linked" />
        </Press>
      </footer>
    </>
  );
}
