// Everything a person can do with one key, in one list. Handlers, the hints on buttons, the help overlay, the palette and the tests are
// all made from it, so that they cannot tell different stories.

import type { Fault, Right } from "../door/types.ts";
import { editable } from "../sell/reducer.ts";
import type { Input } from "../sell/state.ts";
import type { Counter, Known, View } from "../shell/counter.ts";

export type Place = "anywhere" | "sell" | "products" | "line" | "tender" | "change" | "history";

export type Action = {
  id: string;
  /** Message in the catalogue. */
  label: string;
  /** The first one is shown on buttons. */
  keys: readonly string[];
  where: Place;
  /** The right that the till will ask for, where it always asks for one. */
  permission?: string;
  /** Keys that a barcode may contain act only when no further key follows at once. */
  settles?: boolean;
  run(counter: Counter): void;
};

const input = (made: Input | ((known: Known) => Input | null)) => (counter: Counter) => {
  const what = typeof made === "function" ? made(counter.get()) : made;
  if (what) counter.dispatch(what);
};

const view = (name: View) => (counter: Counter) => counter.set({ view: name, overlay: null, opened: null });

export function focusSearch(): void {
  document.getElementById("search")?.focus();
}

function printLast(counter: Counter): void {
  const { pane, cart } = counter.get().sell;
  const sale = pane.is === "change" ? pane.done.sale : cart.last?.sale;
  if (sale)
    void counter.ask({ ask: "print", sale }).then(
      () => counter.refresh(),
      () => counter.refresh(),
    );
}

const edit =
  (mode: "percent" | "price" | "quantity") =>
  (known: Known): Input | null => {
    const line = editable(known.sell);
    return line === null ? null : { is: "edit", line, mode };
  };

export const ACTIONS: readonly Action[] = [
  { id: "pay", label: "action-pay", keys: ["+", "F12", "Ctrl+Enter"], where: "sell", run: input({ is: "pay" }) },
  {
    id: "search",
    label: "action-search",
    keys: ["F2", "/", "Ctrl+F"],
    where: "sell",
    run(counter) {
      counter.set({ view: "sell" });
      focusSearch();
    },
  },
  {
    id: "return",
    label: "action-return",
    keys: ["F8"],
    where: "products",
    permission: "return_linked",
    run: (counter) => counter.set({ view: "history", opened: null }),
  },
  { id: "park", label: "action-park", keys: ["F4"], where: "products", run: input({ is: "park" }) },
  { id: "parked", label: "action-parked", keys: ["Shift+F4"], where: "products", run: input({ is: "show_parked" }) },
  {
    id: "discount",
    label: "action-discount",
    keys: ["F6"],
    where: "products",
    permission: "discount",
    run: input(edit("percent")),
  },
  {
    id: "discount-sale",
    label: "action-discount-sale",
    keys: ["Shift+F6"],
    where: "products",
    permission: "discount",
    run: input({ is: "edit", line: null, mode: "percent" }),
  },
  {
    id: "price",
    label: "action-price",
    keys: ["F7"],
    where: "products",
    permission: "override_price",
    run: input(edit("price")),
  },
  { id: "quantity", label: "action-quantity", keys: ["Ctrl+Q"], where: "products", run: input(edit("quantity")) },
  { id: "remove", label: "action-remove", keys: ["Delete"], where: "sell", run: input({ is: "remove" }) },
  {
    id: "one-less",
    label: "action-one-less",
    keys: ["-"],
    where: "products",
    settles: true,
    run: input({ is: "one_less" }),
  },
  { id: "undo", label: "action-undo", keys: ["Ctrl+Z"], where: "sell", run: input({ is: "undo" }) },
  {
    id: "void",
    label: "action-void",
    keys: ["Ctrl+Delete"],
    where: "products",
    permission: "abandon_sale",
    run: input({ is: "ask_void" }),
  },
  {
    id: "cash-move",
    label: "action-cash-move",
    keys: ["Ctrl+D"],
    where: "products",
    permission: "move_cash",
    run: input({ is: "show_cash_move" }),
  },
  {
    id: "drawer",
    label: "action-drawer",
    keys: ["F10"],
    where: "products",
    permission: "move_cash",
    run: input({ is: "show_drawer" }),
  },
  { id: "reprint", label: "action-reprint", keys: ["Ctrl+R"], where: "sell", run: printLast },

  {
    id: "line-price",
    label: "line-mode-price",
    keys: ["F7"],
    where: "line",
    permission: "override_price",
    run: input({ is: "mode", mode: "price" }),
  },
  {
    id: "line-discount",
    label: "line-mode-percent",
    keys: ["F6"],
    where: "line",
    permission: "discount",
    run: input({ is: "mode", mode: "percent" }),
  },

  { id: "cash", label: "action-cash", keys: ["F5"], where: "tender", run: input({ is: "take" }) },
  {
    id: "card",
    label: "action-card",
    keys: ["F6"],
    where: "tender",
    run: input(({ sell }) => {
      const card = sell.cart.tender_types.find((type) => type.class === "card");
      return card ? { is: "begin_card", tender_type: card.tender_type } : null;
    }),
  },
  { id: "split", label: "action-split", keys: ["F9"], where: "tender", run: input({ is: "split", ways: 2 }) },
  {
    id: "remove-payment",
    label: "action-remove-payment",
    keys: ["Delete"],
    where: "tender",
    permission: "abandon_sale",
    run: input({ is: "ask_remove_tender" }),
  },
  {
    id: "next-amount",
    label: "action-next-amount",
    keys: ["ArrowRight"],
    where: "tender",
    run: input({ is: "quick", step: 1 }),
  },
  {
    id: "last-amount",
    label: "action-last-amount",
    keys: ["ArrowLeft"],
    where: "tender",
    run: input({ is: "quick", step: -1 }),
  },

  { id: "print-again", label: "action-print-again", keys: ["R"], where: "change", run: printLast },
  {
    id: "return-this",
    label: "action-return-this",
    keys: ["F8"],
    where: "change",
    run(counter) {
      const { pane } = counter.get().sell;
      if (pane.is === "change") counter.set({ view: "history", opened: pane.done.sale });
    },
  },

  { id: "sell", label: "action-sell", keys: ["Ctrl+1"], where: "anywhere", run: view("sell") },
  { id: "history", label: "action-history", keys: ["Ctrl+2"], where: "anywhere", run: view("history") },
  { id: "report", label: "action-report", keys: ["Ctrl+6", "Ctrl+Shift+X"], where: "anywhere", run: view("report") },
  { id: "conflicts", label: "action-conflicts", keys: ["Ctrl+7"], where: "anywhere", run: view("conflicts") },
  { id: "sync", label: "action-sync", keys: ["Ctrl+8"], where: "anywhere", run: view("sync") },
  { id: "settings", label: "action-settings", keys: ["Ctrl+9"], where: "anywhere", run: view("settings") },
  {
    id: "close",
    label: "action-close",
    keys: [],
    where: "anywhere",
    permission: "run_shift",
    run: view("close"),
  },
  { id: "lock", label: "action-lock", keys: ["Ctrl+L"], where: "anywhere", run: (counter) => void counter.lock() },
  {
    id: "palette",
    label: "action-palette",
    keys: ["Ctrl+K"],
    where: "anywhere",
    run: (counter) => counter.set({ overlay: "palette" }),
  },
  {
    id: "help",
    label: "action-help",
    keys: ["F1", "?"],
    where: "anywhere",
    run: (counter) => counter.set({ overlay: "help" }),
  },
];

/** Where the person is now, nearest first. */
export function placesOf(known: Known): Place[] {
  if (!known.status?.person || known.status.stopped) return [];
  const locked: Place[] = ["anywhere"];
  if (known.view === "history") return ["history", ...locked];
  if (known.view !== "sell" || !known.status.shift) return locked;
  switch (known.sell.pane.is) {
    case "line":
      return ["line", "sell", ...locked];
    case "tender":
      return ["tender", "sell", ...locked];
    case "change":
      return ["change", "sell", ...locked];
    case "approval":
      return locked;
    default:
      return ["products", "sell", ...locked];
  }
}

export const actionsAt = (places: readonly Place[]): Action[] =>
  ACTIONS.filter((action) => places.includes(action.where));

/** The action that a key stands for here; the nearest place wins. */
export function actionFor(key: string, places: readonly Place[]): Action | undefined {
  for (const place of places) {
    const found = ACTIONS.find((action) => action.where === place && action.keys.includes(key));
    if (found) return found;
  }
  return undefined;
}

export const action = (id: string): Action => {
  const found = ACTIONS.find((candidate) => candidate.id === id);
  if (!found) throw new Error(`no action is called ${id}`);
  return found;
};

/** What the person at the till may do about an action. What asks for no right is anybody's; what nobody named is nobody's. */
export function rightTo({ permission }: Pick<Action, "permission">, known: Pick<Known, "status">): Right {
  if (!permission) return "allowed";
  return known.status?.rights[permission] ?? "denied";
}

/** Does an action, or says at once that this person may not. Whoever needs another's word is asked for it when it matters. */
export function perform(found: Action, counter: Counter): void {
  if (rightTo(found, counter.get()) === "denied") {
    const fault: Fault = { code: "not_permitted", kind: "refused", permission: found.permission ?? null, values: {} };
    counter.dispatch({ is: "refuse", fault });
  } else found.run(counter);
}
