// The work pane at rest: departments, and tiles of products. A tile is a name and a price in large type, because words are found faster
// than pictures. What is typed in the search field replaces the tiles at once.

import { ChevronDown, ChevronUp } from "lucide-react";
import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { inReadingDirection } from "../actions/keys.ts";
import type { Product, UnitPrice } from "../door/types.ts";
import { Price } from "../look/Amount.tsx";
import { measured } from "../look/name.ts";
import { Press } from "../look/Press.tsx";
import { useRows } from "../look/rows.ts";
import { useAsked, useCounter, useShown } from "../shell/use.ts";
import { text } from "../texts/text.ts";
import { useCatalogue } from "./pages.ts";

const TILE = { height: 112, narrowest: 140, gap: 8 };
const ROW = TILE.height + TILE.gap;
const RESULTS = 60;

export function Products() {
  const search = useShown((known) => known.search.trim());
  const [department, setDepartment] = useState<string | null>(null);
  return (
    <>
      <Departments chosen={search === "" ? department : undefined} onChoose={setDepartment} />
      {search === "" ? <Shelf key={department ?? ""} department={department} /> : <Results search={search} />}
    </>
  );
}

function Departments(props: { chosen: string | null | undefined; onChoose: (department: string | null) => void }) {
  const counter = useCounter();
  const changed = useShown((known) => known.changes.catalogue);
  const { answer } = useAsked({ ask: "departments" }, changed);
  const [open, setOpen] = useState(false);
  const row = useRef<HTMLDivElement>(null);
  const cut = useCut(row, answer?.length);
  const choose = (department: string | null) => {
    counter.set({ search: "" });
    setOpen(false);
    props.onChoose(department);
  };
  // One that was chosen from all of them may stand beyond the edge.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another choice, or a row that is one line again, brings it into view.
  useEffect(() => {
    row.current?.querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [props.chosen, open]);
  return (
    <nav className={`chips${open ? " open" : ""}`} aria-label={text("departments")}>
      <div className="chips-row" ref={row}>
        <Press look="chip" size="small" pressed={props.chosen === null} onPress={() => choose(null)}>
          {text("departments-all")}
        </Press>
        {answer?.map(({ department }) => (
          <Press
            key={department}
            look="chip"
            size="small"
            pressed={props.chosen === department}
            onPress={() => choose(department)}
          >
            <bdi>{department}</bdi>
          </Press>
        ))}
      </div>
      {cut || open ? (
        <Press
          look="chip"
          size="small"
          label={text("departments-unfold")}
          pressed={open}
          onPress={() => setOpen(!open)}
        >
          {open ? <ChevronUp aria-hidden="true" /> : <ChevronDown aria-hidden="true" />}
        </Press>
      ) : null}
    </nav>
  );
}

/** Whether a row has more than fits. */
function useCut(row: RefObject<HTMLElement | null>, content: unknown): boolean {
  const [cut, setCut] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other content is measured anew.
  useLayoutEffect(() => {
    const element = row.current;
    if (!element) return;
    const look = () => setCut(element.scrollWidth > element.clientWidth + 1);
    const observer = new ResizeObserver(look);
    observer.observe(element);
    look();
    return () => observer.disconnect();
  }, [row, content]);
  return cut;
}

function Shelf({ department }: { department: string | null }) {
  const changed = useShown((known) => known.changes.catalogue);
  const scroller = useRef<HTMLDivElement>(null);
  const { first, count, width } = useRows(scroller, ROW);
  const columns = Math.max(1, Math.floor((width - 32 + TILE.gap) / (TILE.narrowest + TILE.gap)));
  const catalogue = useCatalogue(department, changed, first * columns, count * columns);
  const total = catalogue.total ?? 0;
  const shown = Math.max(0, Math.min(count * columns, total - first * columns));
  return (
    <div className="shelf" ref={scroller}>
      {catalogue.total === 0 ? <NoProducts /> : null}
      {catalogue.total === null ? <div className="skeleton" aria-hidden="true" /> : null}
      <div style={{ blockSize: Math.ceil(total / columns) * ROW }}>
        <Tiles columns={columns} offset={first * ROW}>
          {Array.from({ length: shown }, (_, index) => {
            const place = first * columns + index;
            return <Tile key={place} product={catalogue.at(place)} entry={index === 0} />;
          })}
        </Tiles>
      </div>
    </div>
  );
}

function Results({ search }: { search: string }) {
  const { answer } = useAsked({ ask: "search", text: search, limit: RESULTS });
  const scroller = useRef<HTMLDivElement>(null);
  const { width } = useRows(scroller, ROW);
  const columns = Math.max(1, Math.floor((width - 32 + TILE.gap) / (TILE.narrowest + TILE.gap)));
  return (
    <div className="shelf" ref={scroller}>
      {answer?.length === 0 ? (
        <div className="empty">
          <p>{text("search-nothing", { search })}</p>
          <p className="second">{text("search-nothing-hint")}</p>
        </div>
      ) : null}
      <Tiles columns={columns} offset={0}>
        {answer?.map((product, index) => (
          <Tile key={product.product} product={product} entry={index === 0} />
        ))}
      </Tiles>
    </div>
  );
}

function Tiles(props: { columns: number; offset: number; children: React.ReactNode }) {
  const move = (event: KeyboardEvent<HTMLDivElement>) => {
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: props.columns, ArrowUp: -props.columns };
    const step = (steps as Record<string, number>)[inReadingDirection(event.key)];
    if (step === undefined) return;
    const tiles = [...event.currentTarget.querySelectorAll<HTMLButtonElement>("button")];
    const next = tiles[tiles.indexOf(document.activeElement as HTMLButtonElement) + step];
    event.preventDefault();
    event.stopPropagation();
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  return (
    <div
      className="tiles"
      role="group"
      aria-label={text("tiles")}
      onKeyDown={move}
      style={{ gridTemplateColumns: `repeat(${props.columns}, 1fr)`, transform: `translateY(${props.offset}px)` }}
    >
      {props.children}
    </div>
  );
}

function Tile({ product, entry }: { product: Product | undefined; entry: boolean }) {
  const counter = useCounter();
  if (!product) return <div className="tile-coming" aria-hidden="true" />;
  const low = product.on_hand !== null && product.on_hand <= 0;
  const pick = () => {
    counter.set({ search: "" });
    counter.dispatch({ is: "pick", product });
  };
  return (
    <Press look="tile" className={`shade-${shade(product.department)}`} skip={!entry} onPress={pick}>
      <span className="tile-name">
        <bdi>{measured(product.name)}</bdi>
      </span>
      <span className="tile-foot">
        {product.price === null ? (
          <span>{text("tile-ask-price")}</span>
        ) : (
          <PricePer price={product.price} unit={product.unit} />
        )}
        {low ? <span className="tile-low">{text("tile-none-left")}</span> : null}
      </span>
    </Press>
  );
}

/** What is sold by the piece says so by saying nothing, which also keeps the page light. */
function PricePer({ price, unit }: { price: UnitPrice; unit: string | null }) {
  if (unit === null || unit === "each") return <Price price={price} />;
  return (
    <span>
      <Price price={price} /> / {unit}
    </span>
  );
}

/** Departments keep one of six shades at the tile's edge, so that a shelf is recognised before it is read. */
function shade(department: string | null): number {
  return [...(department ?? "")].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 6007, 7) % 6;
}

function NoProducts() {
  const alone = useShown((known) => known.status?.sync.state === "alone");
  return (
    <div className="empty">
      <p>{text("products-empty")}</p>
      <p className="second">{text(alone ? "products-empty-alone" : "products-empty-hint")}</p>
    </div>
  );
}
