// The catalogue page by page, as far as somebody looked. Pages stay until the till says that the catalogue changed.

import { useEffect, useRef, useState } from "react";
import type { Product } from "../door/types.ts";
import { useCounter } from "../shell/use.ts";

const PAGE = 60;

export type Catalogue = { total: number | null; at(index: number): Product | undefined };

export function useCatalogue(department: string | null, changed: number, first: number, count: number): Catalogue {
  const counter = useCounter();
  const key = `${department ?? ""} ${changed}`;
  const asked = useRef(new Set<string>());
  const [known, setKnown] = useState<{ key: string; total: number | null; pages: Map<number, Product[]> }>({
    key,
    total: null,
    pages: new Map(),
  });
  useEffect(() => {
    for (let page = Math.floor(first / PAGE); page * PAGE < first + count; page += 1) {
      const name = `${key} ${page}`;
      if (asked.current.has(name)) continue;
      asked.current.add(name);
      counter.ask({ ask: "products", department, offset: page * PAGE, limit: PAGE }).then(
        ({ rows, total }) =>
          setKnown((before) => {
            const pages = before.key === key ? before.pages : new Map<number, Product[]>();
            return { key, total, pages: new Map(pages).set(page, rows) };
          }),
        () => asked.current.delete(name),
      );
    }
  }, [counter, department, key, first, count]);
  const current = known.key === key;
  return {
    total: current ? known.total : null,
    at: (index) => (current ? known.pages.get(Math.floor(index / PAGE))?.[index % PAGE] : undefined),
  };
}
