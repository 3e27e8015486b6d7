// Taking money. A tender leaves here only through Enter, an amount key or a named button of this pane; with an unanswered scan it does
// not leave at all, and change of a large note or more is asked for twice, with two different keys.

import type { Act, CardNote, Fault, Minor } from "../door/types.ts";
import { unitsOf } from "../money/entry.ts";
import { submit } from "./acts.ts";
import { type Step, still } from "./reducer.ts";
import { cashType, type Input, markedTender, type Sell, TENDER, type Tender } from "./state.ts";

type TenderInput = Extract<
  Input,
  {
    is:
      | "pay"
      | "quick"
      | "quick_amount"
      | "split"
      | "exact"
      | "take"
      | "begin_card"
      | "take_other"
      | "card_note"
      | "card_approved"
      | "card_declined"
      | "card_unknown"
      | "card_later"
      | "choose_tender"
      | "ask_remove_tender"
      | "remove_tender"
      | "move"
      | "fix_amount"
      | "really";
  }
>;

/** What takes money, or gets ready to. */
const TAKES = new Set<Input["is"]>(["exact", "take", "quick_amount", "split", "take_other", "begin_card", "quick"]);

export function tenderInput(sell: Sell, input: TenderInput): Step {
  if (input.is === "pay") return pay(sell);
  const pane = sell.pane;
  if (pane.is !== "tender") return still(sell);
  // Where the money of a payment is has to be said first.
  if (pane.removing && TAKES.has(input.is)) return still(sell);
  const show = (part: Partial<Tender>) => still({ ...sell, pane: { ...pane, ...part } });
  switch (input.is) {
    case "quick": {
      const count = sell.cart.quick_minor.length;
      if (count === 0 || pane.card || pane.guard || pane.removing || pane.spoilt) return still(sell);
      const from = pane.quick ?? (input.step === 1 ? -1 : count);
      const quick = from + input.step;
      return show({ quick: quick < 0 || quick >= count ? null : quick, entry: "" });
    }
    case "quick_amount": {
      const given = sell.cart.quick_minor[input.index];
      return given === undefined ? still(sell) : cash(sell, pane, given);
    }
    case "split": {
      const part = Math.ceil(sell.cart.due_minor / Math.max(1, input.ways));
      return part > 0 ? show({ entry: entryOf(part, sell.exponent), spoilt: false, quick: null }) : still(sell);
    }
    case "exact":
      return cash(sell, pane, null);
    case "take":
      return take(sell);
    case "begin_card": {
      const amount = unitsOf(pane.entry, sell.exponent);
      if (sell.unanswered.length > 0) return gate(sell);
      if (pane.spoilt) return still({ ...sell, pane: TENDER });
      if (amount !== null && amount > Math.max(0, sell.cart.due_minor)) return tooMuch(sell);
      const card = { tender_type: input.tender_type, amount, last_four: "", authorisation: "", unknown: false };
      return show({ card, guard: null, removing: false });
    }
    case "take_other": {
      if (pane.spoilt) return still({ ...sell, pane: TENDER });
      const amount = unitsOf(pane.entry, sell.exponent);
      return takeNow(sell, { do: "tender", tender_type: input.tender_type, given_minor: amount, card: null });
    }
    case "card_note": {
      if (!pane.card) return still(sell);
      const { last_four = pane.card.last_four, authorisation = pane.card.authorisation } = input;
      return show({ card: { ...pane.card, last_four: last_four.replace(/\D/g, "").slice(0, 4), authorisation } });
    }
    case "card_approved":
      return pane.card ? takeNow(sell, cardTender(pane.card, false)) : still(sell);
    case "card_unknown":
      return pane.card ? show({ card: { ...pane.card, unknown: true } }) : still(sell);
    case "card_later":
      return pane.card?.unknown ? takeNow(sell, cardTender(pane.card, true)) : still(sell);
    case "move":
      return show({ taken: moved(sell, pane, input.to) });
    case "choose_tender":
      return show({ taken: input.tender });
    case "ask_remove_tender": {
      const taken = markedTender(sell.cart, { ...pane, taken: input.tender ?? pane.taken });
      if (!taken || pane.card || pane.guard) return still(sell);
      return show({ taken: taken.tender, removing: true });
    }
    case "remove_tender": {
      const taken = pane.removing ? markedTender(sell.cart, pane) : null;
      if (!taken || sell.waiting.length > 0) return still(sell);
      return submit(sell, { do: "remove_tender", tender: taken.tender, fate: input.fate });
    }
    case "card_declined":
      return pane.card ? still({ ...sell, pane: TENDER, notice: CARD_DECLINED }) : still(sell);
    case "fix_amount":
      return still({ ...sell, pane: TENDER });
    case "really": {
      if (!pane.guard) return still(sell);
      const given_minor = pane.guard.given;
      return takeNow(sell, { do: "tender", tender_type: cashType(sell.cart), given_minor, card: null });
    }
  }
}

const CARD_DECLINED: Fault = { code: "card_declined", kind: "refused", permission: null, values: {} };

type Card = NonNullable<Tender["card"]>;

function cardTender({ tender_type, amount, last_four, authorisation }: Card, outcome_unknown: boolean): Act {
  const card: CardNote = { last_four: last_four || null, authorisation: authorisation || null, outcome_unknown };
  return { do: "tender", tender_type, given_minor: amount, card };
}

/** Another payment taken becomes the one that keys work on. */
function moved(sell: Sell, pane: Tender, to: "up" | "down" | "first" | "last"): number | null {
  const numbers = sell.cart.tenders.map((taken) => taken.tender);
  const at = numbers.indexOf(markedTender(sell.cart, pane)?.tender ?? -1);
  const last = numbers.length - 1;
  const next = to === "first" ? 0 : to === "last" ? last : at + (to === "up" ? -1 : 1);
  return numbers[Math.min(last, Math.max(0, next))] ?? null;
}

/** Opens the pane. It never takes anything: that is Enter's, in the pane. */
function pay(sell: Sell): Step {
  if (sell.unanswered.length > 0) return gate(sell);
  const busy = sell.pane.is === "tender" || sell.pane.is === "change" || sell.pane.is === "approval";
  if (busy || (sell.cart.lines.length === 0 && sell.waiting.length === 0)) return still(sell);
  return still({ ...sell, pane: TENDER, entry: "", times: null, notice: null, gated: false });
}

function gate(sell: Sell): Step {
  return { sell: { ...sell, gated: true, keyed: null }, effects: [{ do: "sound", sound: "attention" }] };
}

/** Enter in the pane: what was typed, the chosen quick amount, or exactly what is due. A question that is open is not answered by it. */
export function take(sell: Sell): Step {
  const pane = sell.pane;
  if (pane.is !== "tender" || pane.card || pane.removing) return still(sell);
  if (pane.guard || pane.spoilt)
    return { sell: { ...sell, pane: TENDER }, effects: [{ do: "sound", sound: "refused" }] };
  const chosen = pane.quick === null ? undefined : sell.cart.quick_minor[pane.quick];
  return cash(sell, pane, unitsOf(pane.entry, sell.exponent) ?? chosen ?? null);
}

/** Cash; `given` none: exactly what is due. */
function cash(sell: Sell, pane: Tender, given: Minor | null): Step {
  const due = sell.cart.due_cash_minor;
  const change = (given ?? due) - due;
  if (given === 0) return still({ ...sell, pane: TENDER });
  if (given !== null && due >= 0 && change >= sell.largestNote) {
    const asked = { ...sell, pane: { ...pane, guard: { given, change } }, keyed: null };
    return { sell: asked, effects: [{ do: "sound", sound: "attention" }] };
  }
  return takeNow(sell, { do: "tender", tender_type: cashType(sell.cart), given_minor: given, card: null });
}

function takeNow(sell: Sell, act: Act): Step {
  if (sell.unanswered.length > 0) return gate(sell);
  if (sell.stuck) return still(sell);
  if (sell.waiting.length === 0) return submit(sell, act);
  // Items, or this very tender, are on their way: a second press of the same key must not pay twice.
  const paying = sell.waiting.some((waiting) => waiting.act.do === "tender");
  return still(paying ? sell : { ...sell, keyed: { act, due: sell.cart.due_minor } });
}

function tooMuch(sell: Sell): Step {
  const notice: Fault = { code: "card_over", kind: "refused", permission: null, values: {} };
  return { sell: { ...sell, notice }, effects: [{ do: "sound", sound: "refused" }] };
}

function entryOf(minor: Minor, exponent: number): string {
  const digits = String(minor).padStart(exponent + 1, "0");
  return exponent === 0 ? digits : `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}
