// The palette: every action by its words, and products by their names. Whatever can be done with a key can be found here without
// knowing the key.

import { useState } from "react";
import { Input, ListBox, ListBoxItem, SearchField } from "react-aria-components";
import { written } from "../actions/keys.ts";
import { actionsAt, perform, placesOf, rightTo } from "../actions/registry.ts";
import { Price } from "../look/Amount.tsx";
import { RightMark } from "../look/RightMark.tsx";
import { text } from "../texts/text.ts";
import { useAsked, useCounter, useShown } from "./use.ts";

const PRODUCTS = 6;

export function Palette() {
  const counter = useCounter();
  const places = placesOf(useShown((known) => known));
  const status = useShown((known) => known.status);
  const [typed, setTyped] = useState("");
  const words = typed.trim().toLocaleLowerCase();
  const { answer } = useAsked({ ask: "search", text: words, limit: PRODUCTS });
  const actions = actionsAt(places).filter(
    ({ label, id }) => id !== "palette" && text(label).toLocaleLowerCase().includes(words),
  );
  const products = words === "" || !places.includes("sell") ? [] : (answer ?? []);
  const first = actions[0] ? `do ${actions[0].id}` : products[0] ? `add ${products[0].sku}` : null;

  function go(key: string) {
    counter.set({ overlay: null });
    const [kind, ...rest] = key.split(" ");
    const name = rest.join(" ");
    if (kind === "add") counter.dispatch({ is: "pick", product: { sku: name } });
    else {
      const found = actions.find(({ id }) => id === name);
      if (found) perform(found, counter);
    }
  }

  return (
    <>
      <SearchField
        aria-label={text("palette-title")}
        className="palette-search"
        value={typed}
        onChange={setTyped}
        onSubmit={() => first && go(first)}
        autoFocus
      >
        <Input placeholder={text("palette-placeholder")} />
      </SearchField>
      <ListBox
        aria-label={text("palette-found")}
        className="palette-list"
        onAction={(key) => go(String(key))}
        renderEmptyState={() => <p className="empty">{text("palette-nothing")}</p>}
      >
        {[
          ...actions.map(({ id, label, keys, permission }) => (
            <ListBoxItem key={`do ${id}`} id={`do ${id}`} textValue={text(label)} className="palette-entry">
              <span>{text(label)}</span>
              <RightMark right={rightTo({ permission }, { status })} />
              {keys[0] ? <kbd>{written(keys[0])}</kbd> : null}
            </ListBoxItem>
          )),
          ...products.map((product) => (
            <ListBoxItem
              key={`add ${product.sku}`}
              id={`add ${product.sku}`}
              textValue={product.name}
              className="palette-entry"
            >
              <bdi>{product.name}</bdi>
              {product.price === null ? null : <Price price={product.price} />}
            </ListBoxItem>
          )),
        ]}
      </ListBox>
    </>
  );
}
