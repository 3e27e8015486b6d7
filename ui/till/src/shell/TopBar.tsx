// The bar over every screen: menu, place, search where there is something to search, how things stand, and who is at the till.

import { CircleUserRound, Menu, Printer, Search, X } from "lucide-react";
import type { KeyboardEvent } from "react";
import { useEffect, useRef } from "react";
import { initials } from "../people/Tiles.tsx";
import { SyncPill } from "../sync/SyncPill.tsx";
import { text } from "../texts/text.ts";
import { useCounter, useShown } from "./use.ts";

export function TopBar() {
  const counter = useCounter();
  const status = useShown((known) => known.status);
  const selling = useShown((known) => known.view === "sell" && known.status?.shift !== null);
  if (!status) return null;
  const { place, person, printer, demo } = status;
  return (
    <header className="top">
      <button
        type="button"
        className="square"
        aria-label={text("menu")}
        aria-haspopup="dialog"
        onClick={() => counter.set({ overlay: "menu" })}
      >
        <Menu aria-hidden="true" />
      </button>
      <p className="place">
        <bdi>{place?.store}</bdi>
        <span aria-hidden="true"> · </span>
        <bdi>{place?.till}</bdi>
        {demo ? <span className="demo">{text("demo")}</span> : null}
      </p>
      {selling ? <SearchField /> : <span className="search-space" />}
      <span className="top-end">
        {printer.state === "waiting" ? (
          <button type="button" className="pill offline" onClick={() => counter.set({ view: "settings" })}>
            <Printer aria-hidden="true" />
            <span>{text("printer-waiting", { count: printer.jobs })}</span>
          </button>
        ) : null}
        <SyncPill />
        <button type="button" className="who" onClick={() => void counter.lock()}>
          <span className="initials small" aria-hidden="true">
            {person ? initials(person.name) : <CircleUserRound />}
          </span>
          <span className="who-words">
            <bdi>{person?.name}</bdi>
            <span>{text("action-lock")}</span>
          </span>
        </button>
      </span>
    </header>
  );
}

/** Finds products by name or code. A scan goes into the cart whatever stands here. */
function SearchField() {
  const counter = useCounter();
  const search = useShown((known) => known.search);
  const field = useRef<HTMLInputElement>(null);

  async function enter(stay: boolean) {
    const wanted = search.trim();
    if (wanted === "") return;
    const found = await counter.ask({ ask: "search", text: wanted, limit: 1 }).catch(() => []);
    const first = found[0];
    if (first) counter.dispatch({ is: "pick", product: first });
    else if (/\d/.test(wanted)) counter.dispatch({ is: "add_typed", code: wanted });
    else return;
    counter.set({ search: "" });
    if (!stay) field.current?.blur();
  }

  function key(event: KeyboardEvent<HTMLInputElement>) {
    if (event.key === "Enter") {
      event.preventDefault();
      event.stopPropagation();
      void enter(event.ctrlKey || event.metaKey);
    }
    if (event.key === "ArrowDown") {
      event.preventDefault();
      document.querySelector<HTMLButtonElement>(".tiles button")?.focus();
    }
  }

  // The code of a scan with this field in focus adds that item and leaves the field.
  useEffect(() => {
    const element = field.current;
    const scanned = (event: Event) => {
      counter.set({ search: "" });
      element?.blur();
      counter.dispatch({ is: "scan", code: String((event as CustomEvent).detail) });
    };
    element?.addEventListener("scanned", scanned);
    return () => element?.removeEventListener("scanned", scanned);
  }, [counter]);

  function change(next: string) {
    counter.set({ search: next });
    const { pane } = counter.get().sell;
    if (next !== "" && pane.is !== "products" && pane.is !== "tender") counter.dispatch({ is: "escape" });
  }

  return (
    <search className="search">
      <Search aria-hidden="true" />
      <input
        id="search"
        ref={field}
        data-scan="accept"
        value={search}
        placeholder={text("search-placeholder")}
        aria-label={text("search-label")}
        aria-keyshortcuts="F2"
        autoComplete="off"
        spellCheck={false}
        onKeyDown={key}
        onChange={({ target }) => change(target.value)}
      />
      {search === "" ? (
        <kbd aria-hidden="true">F2</kbd>
      ) : (
        <button
          type="button"
          className="clear"
          aria-label={text("search-clear")}
          onClick={() => counter.set({ search: "" })}
        >
          <X aria-hidden="true" />
        </button>
      )}
    </search>
  );
}
