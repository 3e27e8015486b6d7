// The Sell screen as one pure function: what it is, and what happened, give what it is next and what to ask of the till. The law that
// matters most is kept here: nothing but a pay key completes a sale, and no scan ever lands in an amount.

import type { Act, Fault } from "../door/types.ts";
import { answered, faulted, sendFirst, submit } from "./acts.ts";
import { lineInput } from "./line.ts";
import { type Effect, type Input, markedLine, paymentBegun, type Sell, TENDER } from "./state.ts";
import { tenderInput } from "./tender.ts";
import { typedInput } from "./typing.ts";

export type Step = { sell: Sell; effects: Effect[] };

export const still = (sell: Sell): Step => ({ sell, effects: [] });

export function reduce(sell: Sell, input: Input): Step {
  switch (input.is) {
    case "shop":
      return still({ ...sell, exponent: input.exponent, largestNote: input.largestNote });
    case "cart":
      return still(sell.waiting.length > 0 ? sell : withCart(sell, input.cart));
    case "answered":
      return answered(sell, input.ticket, input.cart, input.done);
    case "faulted":
      return faulted(sell, input.ticket, input.fault);
    case "again":
      return sell.stuck ? sendFirst({ ...sell, stuck: null }) : still(sell);
    case "give_up":
      return giveUp(sell);
    case "dismiss":
      return still({ ...sell, notice: null });
    case "burst": {
      const { pane, entry, times, notice, gated } = sell;
      return still({ ...sell, before: { pane, entry, times, notice, gated } });
    }
    case "burst_read":
      return still(sell.before ? { ...sell, ...sell.before, before: null } : sell);
    case "scan":
      return scan(sell, input.code);
    case "character":
    case "erase":
    case "enter":
    case "escape":
      return typedInput(sell, input);
    case "move":
      return sell.pane.is === "tender" ? tenderInput(sell, input) : lineInput(sell, input);
    case "choose":
    case "edit":
    case "mode":
    case "reason":
    case "apply":
    case "one_less":
    case "remove":
      return lineInput(sell, input);
    case "pick":
      return begin(sell, input.product.sku);
    case "add_typed":
      return begin({ ...sell, entry: "" }, input.code);
    case "pay":
    case "quick":
    case "quick_amount":
    case "split":
    case "exact":
    case "take":
    case "begin_card":
    case "take_other":
    case "card_note":
    case "card_approved":
    case "card_declined":
    case "card_unknown":
    case "card_later":
    case "choose_tender":
    case "ask_remove_tender":
    case "remove_tender":
    case "fix_amount":
    case "really":
      return tenderInput(sell, input);
    case "undo":
      return sell.cart.can_undo && !paymentBegun(sell) ? submit(sell, { do: "undo" }) : still(sell);
    case "park":
      return park(sell);
    case "show_parked":
      return still(paymentBegun(sell) ? sell : { ...sell, pane: { is: "parked" }, notice: null });
    case "recall":
      return recall(sell, input.parked);
    case "ask_void":
      return still(sell.cart.lines.length === 0 ? sell : { ...sell, pane: { is: "void", reason: null } });
    case "void_reason":
      return still(sell.pane.is === "void" ? { ...sell, pane: { is: "void", reason: input.reason } } : sell);
    case "void":
      if (sell.pane.is !== "void") return still(sell);
      return submit({ ...sell, pane: { is: "products" } }, { do: "abandon", reason: sell.pane.reason });
    case "show_cash_move":
      return still({ ...sell, pane: { is: "cash_move" }, notice: null });
    case "move_cash": {
      const { way, amount, reason } = input;
      return submit({ ...sell, pane: { is: "products" } }, { do: "move_cash", way, amount_minor: amount, reason });
    }
    case "settle_tender": {
      const { sale, tender, charged } = input;
      return submit(sell, { do: "settle_tender", sale, tender, charged });
    }
    case "show_drawer":
      return still({ ...sell, pane: { is: "drawer", reason: null, opened: false }, notice: null });
    case "drawer_reason":
      return still(sell.pane.is === "drawer" ? { ...sell, pane: { ...sell.pane, reason: input.reason } } : sell);
    case "open_drawer":
      if (sell.pane.is !== "drawer" || sell.pane.reason === null || sell.pane.opened) return still(sell);
      if (sell.waiting.length > 0) return still(sell);
      return submit(sell, { do: "open_drawer", reason: sell.pane.reason });
    case "refuse":
      return refusedWith(sell, input.fault);
    case "return_line": {
      const { sale, line, quantity, restocked } = input;
      return submit(closed(sell), { do: "return_line", sale, line, quantity, restocked });
    }
    case "next_sale":
      return nextSale(sell);
    case "approve":
      return approve(sell, input.approval);
    case "leave_out":
      return answerCard(sell, input.card);
    case "keep_for_next": {
      const kept = sell.unanswered.filter((card) => card.card === input.card);
      return answerCard({ ...sell, next: [...sell.next, ...kept] }, input.card);
    }
    case "fix":
      return still({ ...sell, pane: { is: "fix", card: input.card }, notice: null });
    case "fix_with":
      return fixWith(sell, input.card, { do: "add", code: input.sku, quantity: 1000 });
    case "fix_open": {
      const { name, department, amount } = input;
      const code = sell.unanswered.find((card) => card.card === input.card)?.code ?? "";
      return fixWith(sell, input.card, {
        do: "add_open",
        sku: code,
        name,
        department,
        amount_minor: amount,
        quantity: 1000,
      });
    }
  }
}

/** The cart as the till tells it; a chosen line that is gone is chosen no more. */
export function withCart(sell: Sell, cart: Sell["cart"]): Sell {
  const chosen = cart.lines.some((line) => line.line === sell.chosen) ? sell.chosen : null;
  const pane = sell.pane;
  const lost = pane.is === "line" && pane.line !== null && !cart.lines.some((line) => line.line === pane.line);
  const empty = pane.is === "tender" && cart.lines.length === 0;
  return { ...sell, cart, chosen, pane: lost || empty ? { is: "products" } : pane };
}

/** A scan closes whatever pane was open, except Tender, where the total simply grows while nothing was paid. */
function scan(sell: Sell, code: string): Step {
  const pane = sell.pane;
  if (pane.is === "approval") return { sell, effects: [{ do: "sound", sound: "refused" }] };
  if (paymentBegun(sell) && pane.is !== "change") return pin(sell, code, "payment_begun");
  if (pane.is !== "tender") return begin(sell, code);
  const added = add({ ...sell, pane: TENDER, keyed: null }, code);
  return { ...added, effects: [...added.effects, { do: "sound", sound: "attention" }] };
}

/** Adds an item from any pane; on the Change pane that is how the next sale begins, with what was kept for it. */
function begin(sell: Sell, code: string): Step {
  const ready = sell.pane.is === "change" ? nextSale(sell) : still(closed(sell));
  const added = add(ready.sell, code);
  return { sell: added.sell, effects: [...ready.effects, ...added.effects] };
}

/** Back to the products, from any pane. */
export function closed(sell: Sell): Sell {
  return { ...sell, pane: { is: "products" }, notice: null, gated: false, chosen: null };
}

function add(sell: Sell, code: string): Step {
  const quantity = sell.times ?? 1000;
  return submit({ ...sell, times: null }, { do: "add", code, quantity });
}

/** Pins a card on top of the cart: this was scanned and is not in the cart. */
export function pin(
  sell: Sell,
  code: string,
  why: "unknown" | "misread" | "payment_begun",
  quantity = sell.times ?? 1000,
): Step {
  const card = { card: sell.counter, code, quantity, why };
  const unanswered = [...sell.unanswered, card];
  return {
    sell: { ...sell, unanswered, counter: sell.counter + 1, times: null, keyed: null },
    effects: [{ do: "sound", sound: "refused" }],
  };
}

function answerCard(sell: Sell, card: number): Step {
  const unanswered = sell.unanswered.filter((other) => other.card !== card);
  const pane = sell.pane.is === "fix" && sell.pane.card === card ? ({ is: "products" } as const) : sell.pane;
  return still({ ...sell, unanswered, pane, gated: sell.gated && unanswered.length > 0 });
}

function fixWith(sell: Sell, card: number, act: Act & { do: "add" | "add_open" }): Step {
  const pinned = sell.unanswered.find((other) => other.card === card);
  if (!pinned) return still(sell);
  const quantity = pinned.quantity;
  return submit({ ...answerCard(sell, card).sell, pane: { is: "products" } }, { ...act, quantity });
}

function park(sell: Sell): Step {
  if (sell.cart.lines.length === 0) return still({ ...sell, pane: { is: "parked" }, notice: null });
  if (paymentBegun(sell) || sell.pane.is === "change") return still(sell);
  return submit(closed(sell), { do: "park" });
}

/** Recalling with a cart in hand parks that one first: nothing is lost and nothing is asked. */
function recall(sell: Sell, parked: string): Step {
  const ready = closed(sell);
  const first = sell.cart.lines.length > 0 ? submit(ready, { do: "park" }) : still(ready);
  const second = submit(first.sell, { do: "recall", parked });
  return { sell: second.sell, effects: [...first.effects, ...second.effects] };
}

function nextSale(sell: Sell): Step {
  if (sell.pane.is !== "change") return still(sell);
  const kept = sell.next;
  return kept.reduce<Step>(
    (step, card) => {
      const added = submit(step.sell, { do: "add", code: card.code, quantity: card.quantity });
      return { sell: added.sell, effects: [...step.effects, ...added.effects] };
    },
    still({ ...closed(sell), next: [] }),
  );
}

function approve(sell: Sell, approval: { staff: string; pin: string }): Step {
  if (sell.pane.is !== "approval" || sell.waiting.length > 0) return still(sell);
  return submit({ ...sell, pane: { ...sell.pane, refused: null } }, sell.pane.act, approval);
}

/** What the till surely did not record may be let go of. What it did not answer may not: asking again is the only way to know. */
function giveUp(sell: Sell): Step {
  if (!sell.stuck || sell.stuck.code === "no_answer") return still(sell);
  const rest = { ...sell, stuck: null, keyed: null, waiting: sell.waiting.slice(1) };
  return rest.waiting.length > 0 ? sendFirst(rest) : still(rest);
}

/** The line that an editor opens on. */
export const editable = (sell: Sell): number | null => markedLine(sell)?.line ?? null;

export const refusedWith = (sell: Sell, notice: Fault): Step => ({
  sell: { ...sell, notice, keyed: null },
  effects: [{ do: "sound", sound: "refused" }],
});
