// What the window knows, in one place outside React: how the till stands, the Sell machine, and which view is open. Keys, scans and
// answers come in at any moment and in any order; they are dealt with here at once, and the screens follow.

import { useSyncExternalStore } from "react";
import type { Ask, Door } from "../door/door.ts";
import { faultOf, Refusal } from "../door/refusal.ts";
import type { Fault, Settings, Sound, Status } from "../door/types.ts";
import { type Money, moneyOf } from "../money/format.ts";
import { reduce } from "../sell/reducer.ts";
import { AT_REST, type Effect, type Input, type Sell } from "../sell/state.ts";
import { writeWith } from "../texts/text.ts";

export type View = "sell" | "history" | "report" | "close" | "sync" | "conflicts" | "settings";
export type Overlay = "menu" | "help" | "palette" | null;

export type Known = {
  status: Status | null;
  /** The door itself cannot be reached. */
  silent: boolean;
  /** The till does not even say how it stands, and why. */
  unopened: Fault | null;
  settings: Settings | null;
  money: Money;
  sell: Sell;
  view: View;
  overlay: Overlay;
  /** A document to open in History. */
  opened: string | null;
  /** What is typed in the search field of Sell. */
  search: string;
  /** What the border says in place of a sound, or beside a refusal, while it says it. */
  flash: Sound | null;
  /** Grows whenever the till says that something of that kind changed. */
  changes: { catalogue: number; history: number; printer: number; conflicts: number; status: number };
};

export type Counter = {
  get(): Known;
  subscribe(listener: () => void): () => void;
  set(part: Partial<Known>): void;
  ask: Ask;
  dispatch(input: Input): void;
  /** Lets the till make a sound where it is wanted: the scanner has beeped already, so an item is heard only where somebody says so. */
  sound(sound: Sound): Promise<void>;
  /** Lets the till make a sound; what is not heard is shown. */
  play(sound: Sound): Promise<void>;
  /** Takes a new status in, such as the answer of a sign-in. */
  stand(status: Status): void;
  refresh(): Promise<void>;
  lock(): Promise<void>;
};

/** How long the border says something, in milliseconds. */
const FLASH = 400;

export function counterOver(door: Door): Counter {
  let known: Known = {
    status: null,
    silent: false,
    unopened: null,
    settings: null,
    money: moneyOf({ code: "EUR", exponent: 2 }, "en-IE"),
    sell: AT_REST,
    view: "sell",
    overlay: null,
    opened: null,
    search: "",
    flash: null,
    changes: { catalogue: 0, history: 0, printer: 0, conflicts: 0, status: 0 },
  };
  const listeners = new Set<() => void>();
  const commands = new Map<number, string>();
  let flashing: ReturnType<typeof setTimeout> | undefined;
  /** How often the till said how the cart stands. */
  let told = 0;

  function set(part: Partial<Known>) {
    known = { ...known, ...part };
    for (const listener of listeners) listener();
  }

  function dispatch(input: Input) {
    if (input.is === "answered" || input.is === "cart") told += 1;
    const { sell, effects } = reduce(known.sell, input);
    if (sell !== known.sell) set({ sell });
    for (const effect of effects) void perform(effect);
  }

  async function perform(effect: Effect): Promise<void> {
    switch (effect.do) {
      case "sound":
        return sound(effect.sound);
      case "status":
        return refresh();
      case "act": {
        const { ticket, act, approval } = effect;
        const command = commands.get(ticket) ?? crypto.randomUUID();
        commands.set(ticket, command);
        try {
          const answer = await door.ask({ ask: "act", command, act, approval });
          commands.delete(ticket);
          set({ status: answer.status });
          dispatch({ is: "answered", ticket, cart: answer.cart, done: answer.done });
        } catch (problem) {
          dispatch({ is: "faulted", ticket, fault: faultOf(problem) });
          // Where the till could not save, it may have stopped: nobody goes on for long before they are told.
          if (problem instanceof Refusal && problem.fault.kind === "not_recorded") void refresh();
        }
      }
    }
  }

  async function sound(sound: Sound): Promise<void> {
    if (sound !== "added" || known.settings?.item_sound) await play(sound);
  }

  async function play(sound: Sound): Promise<void> {
    const { heard } = await door.ask({ ask: "play", sound }).catch(() => ({ heard: false }));
    if (!heard || sound === "refused") flash(sound);
  }

  /** One flash at a time, so that a row of scans never flickers; a refusal takes the place of any other. */
  function flash(sound: Sound) {
    if (known.flash !== null && sound !== "refused") return;
    clearTimeout(flashing);
    set({ flash: sound });
    flashing = setTimeout(() => set({ flash: null }), FLASH);
  }

  function stand(status: Status) {
    const before = known.status;
    const same = before?.currency.code === status.currency.code && before.locale === status.locale;
    const money = same ? known.money : moneyOf(status.currency, status.locale);
    writeWith(money);
    // What was sold here and is now at head office as well gets its second tick.
    const sent = before?.person && before.sync.waiting_documents !== status.sync.waiting_documents;
    const left = before?.person && before.person.staff !== status.person?.staff;
    set({
      status,
      silent: false,
      unopened: null,
      money,
      ...(sent ? { changes: { ...known.changes, history: known.changes.history + 1 } } : {}),
      ...(left ? { view: "sell" as const, overlay: null, search: "", opened: null } : {}),
    });
    if (status.person && before?.person?.staff !== status.person.staff) void begin(status);
  }

  /** Somebody signed in: the shop's denominations and the cart are theirs to work with. */
  async function begin(status: Status) {
    const { exponent } = status.currency;
    const settings = door.ask({ ask: "settings" }).then(
      (answer) => {
        set({ settings: answer });
        dispatch({ is: "shop", exponent, largestNote: Math.max(...answer.denominations_minor, 1) });
      },
      // Without them the window looks as it did, and money is entered all the same.
      () => dispatch({ is: "shop", exponent, largestNote: known.sell.largestNote }),
    );
    await Promise.all([settings, refreshCart().catch(() => undefined)]);
  }

  /** Asks how the cart stands. Where an act was answered meanwhile, the answer may be older than the act, and is asked for anew. */
  async function refreshCart() {
    while (known.status?.person) {
      const before = told;
      const cart = await door.ask({ ask: "cart" });
      if (before === told) return dispatch({ is: "cart", cart });
    }
  }

  async function refresh() {
    try {
      stand(await door.ask({ ask: "status" }));
    } catch (problem) {
      if (problem instanceof Refusal && problem.fault.kind === "stopped") return set({ unopened: problem.fault });
      set({ silent: true });
      setTimeout(() => void refresh(), 1500);
    }
  }

  door.changed(({ what }) => {
    const changes = { ...known.changes };
    for (const kind of what) if (kind !== "cart") changes[kind] += 1;
    set({ changes });
    if (what.includes("status") || what.includes("printer") || what.includes("conflicts")) void refresh();
    if (what.includes("cart")) void refreshCart().catch(() => undefined);
  });

  return {
    get: () => known,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set,
    ask: door.ask,
    dispatch,
    sound,
    play,
    stand,
    refresh,
    async lock() {
      stand(await door.ask({ ask: "lock" }));
    },
  };
}

/** The part of what is known that a screen shows; it draws again only when that part is another one. */
export function useKnown<T>(counter: Counter, select: (known: Known) => T): T {
  return useSyncExternalStore(counter.subscribe, () => select(counter.get()));
}

/** Asks the till for something and says how that stands: nothing yet, an answer, or why not. */
export type Asked<T> = { answer: T | null; fault: Fault | null };
