// What to do about a code that nothing has: find the product by its name, or sell it as an open item with its own price. The card goes
// only when the item is on its way into the cart.

import { useState } from "react";
import { Amount, Code, Price } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import { MarkOf } from "../look/RightMark.tsx";
import { parseAmount } from "../money/entry.ts";
import { useAsked, useCounter, useMoney, useSell } from "../shell/use.ts";
import { text } from "../texts/text.ts";

export function FixPane({ card }: { card: number }) {
  const { dispatch } = useCounter();
  const pinned = useSell((sell) => sell.unanswered.find((other) => other.card === card));
  const exponent = useSell((sell) => sell.exponent);
  const money = useMoney();
  const [search, setSearch] = useState("");
  const [name, setName] = useState("");
  const [department, setDepartment] = useState("");
  const [amount, setAmount] = useState("");
  const { answer: found } = useAsked({ ask: "search", text: search.trim(), limit: 6 });
  const { answer: departments } = useAsked({ ask: "departments" });
  const minor = parseAmount(amount, exponent);
  const ready = name.trim() !== "" && minor !== null && minor > 0;
  if (!pinned) return null;
  return (
    <section className="pane fix" aria-labelledby="pane-title">
      <h2 id="pane-title" className="pane-title">
        {text("card-unknown")} <Code>{pinned.code}</Code>
      </h2>
      <div className="fix-ways">
        <section>
          <h3>{text("fix-find")}</h3>
          <label className="field">
            <span>{text("fix-find-label")}</span>
            <input autoFocus value={search} onChange={({ target }) => setSearch(target.value)} />
          </label>
          <ul className="fix-found">
            {search.trim() === ""
              ? null
              : found?.map((product) => (
                  <li key={product.product}>
                    <Press
                      look="tile"
                      className="row"
                      onPress={() => dispatch({ is: "fix_with", card, sku: product.sku })}
                    >
                      <bdi>{product.name}</bdi>
                      {product.price === null ? <span>{text("tile-ask-price")}</span> : <Price price={product.price} />}
                    </Press>
                  </li>
                ))}
          </ul>
          {search.trim() !== "" && found?.length === 0 ? (
            <p className="second">{text("search-nothing", { search })}</p>
          ) : null}
        </section>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (ready)
              dispatch({ is: "fix_open", card, name: name.trim(), department: department || null, amount: minor });
          }}
        >
          <h3>{text("fix-open")}</h3>
          <label className="field">
            <span>{text("fix-name")}</span>
            <input value={name} maxLength={60} onChange={({ target }) => setName(target.value)} />
          </label>
          <label className="field">
            <span>{text("fix-department")}</span>
            <select value={department} onChange={({ target }) => setDepartment(target.value)}>
              <option value="">{text("fix-no-department")}</option>
              {departments?.map((known) => (
                <option key={known.department}>{known.department}</option>
              ))}
            </select>
          </label>
          <label className="field">
            <span>{text("fix-price", { currency: money.currency.code })}</span>
            <input inputMode="decimal" value={amount} onChange={({ target }) => setAmount(target.value)} />
          </label>
          <Press
            look="primary"
            disabled={!ready}
            onPress={() =>
              ready &&
              dispatch({ is: "fix_open", card, name: name.trim(), department: department || null, amount: minor })
            }
          >
            {text("fix-sell")} {ready ? <Amount minor={minor} /> : null}
            <MarkOf permission="sell_open_item" />
          </Press>
        </form>
      </div>
      <div className="pane-keys">
        <Press hint="Esc" onPress={() => dispatch({ is: "escape" })}>
          {text("pane-back")}
        </Press>
        <Press className="apart" onPress={() => dispatch({ is: "leave_out", card })}>
          {text("card-leave-out")}
        </Press>
      </div>
    </section>
  );
}
