// The keyboard of the whole window. The scanner has heard every key before this; what is left is either an action of the registry, or
// typing that belongs to the Sell screen because no field has focus.

import { focusedField } from "../scanner/listen.ts";
import type { Counter, Known } from "../shell/counter.ts";
import { inReadingDirection, keyName, SUPPRESSED } from "./keys.ts";
import { type Action, actionFor, focusSearch, perform, placesOf } from "./registry.ts";

/** How long a key that a barcode may contain waits for the next one. */
const SETTLE = 120;

const EDITING = /^(?:Ctrl\+[ACVXZY]|Delete|ArrowLeft|ArrowRight|Backspace)$/;

/** Starts to listen; returns how to stop. */
export function listenToKeyboard(counter: Counter): () => void {
  let settling = 0;

  function down(event: KeyboardEvent) {
    clearTimeout(settling);
    if (event.defaultPrevented || event.isComposing) return;
    const name = inReadingDirection(keyName(event));
    if (SUPPRESSED.test(name)) event.preventDefault();
    const known = counter.get();
    if (known.overlay !== null) return;
    const found = actionFor(name, placesOf(known));
    if (found && allowed(name)) return run(found, event);
    if (known.view === "sell" && !focusedField()) sellKey(counter, known, event);
    else if (event.key === "Escape") leave(counter, known);
  }

  function run(found: Action, event: KeyboardEvent) {
    if (event.repeat) return;
    event.preventDefault();
    if (found.settles) settling = window.setTimeout(() => perform(found, counter), SETTLE);
    else perform(found, counter);
  }

  window.addEventListener("keydown", down);
  return () => window.removeEventListener("keydown", down);
}

/** In a field, printed characters and editing keys are the field's; `+` is pay's again where the search is empty. */
function allowed(name: string): boolean {
  const field = focusedField();
  if (!field) return true;
  if (name === "+") return field.id === "search" && field.value === "";
  return [...name].length > 1 && !EDITING.test(name);
}

function sellKey(counter: Counter, known: Known, event: KeyboardEvent) {
  if (event.ctrlKey || event.altKey || event.metaKey || !known.status?.shift) return;
  const { dispatch } = counter;
  const pane = known.sell.pane.is;
  const onButton = document.activeElement instanceof HTMLButtonElement;
  switch (event.key) {
    case "Enter":
      if (!onButton && !event.repeat) dispatch({ is: "enter" });
      return;
    case "Escape":
      return known.search === "" ? dispatch({ is: "escape" }) : counter.set({ search: "" });
    case "Backspace":
      return dispatch({ is: "erase" });
    case "ArrowUp":
    case "ArrowDown":
    case "Home":
    case "End": {
      const to = ({ ArrowUp: "up", ArrowDown: "down", Home: "first", End: "last" } as const)[event.key];
      event.preventDefault();
      return dispatch({ is: "move", to });
    }
  }
  if (/^[\d.,*%\u0660-\u0669\u06f0-\u06f9]$/.test(event.key))
    return dispatch({ is: "character", character: event.key });
  // A letter starts a search with that letter: the field has focus before the browser writes it.
  if (pane === "products" && /^\p{L}$/u.test(event.key)) focusSearch();
}

/** Escape away from Sell: out of the field first, then back to Sell. */
function leave(counter: Counter, known: Known) {
  const field = focusedField();
  if (field) {
    if (field.id === "search") counter.set({ search: "" });
    return field.blur();
  }
  if (known.opened) counter.set({ opened: null });
  else if (known.status?.person) counter.set({ view: "sell" });
}
