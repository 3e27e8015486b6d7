// How acts go to the till: one at a time and in order, each under a ticket that stands for one command id. An answer that was lost is
// asked for again under the same ticket, so nothing is ever done twice.

import type { Act, Approval, Cart, Done, Fault } from "../door/types.ts";
import { looksMisread } from "../scanner/code.ts";
import { closed, pin, refusedWith, type Step, still, withCart } from "./reducer.ts";
import { type Effect, type Sell, TENDER } from "./state.ts";

export function submit(sell: Sell, act: Act, approval: Approval | null = null): Step {
  const waiting = [...sell.waiting, { ticket: sell.counter, act, approval }];
  const next = { ...sell, waiting, counter: sell.counter + 1, notice: null };
  return sell.waiting.length === 0 ? sendFirst(next) : still(next);
}

export function sendFirst(sell: Sell): Step {
  const first = sell.waiting[0];
  return { sell, effects: first ? [{ do: "act", ...first }] : [] };
}

export function answered(sell: Sell, ticket: number, cart: Cart, done: Done | null): Step {
  const first = sell.waiting[0];
  if (first?.ticket !== ticket) return still(sell);
  const told = withCart({ ...sell, waiting: sell.waiting.slice(1), stuck: null }, cart);
  const settled = remembered(sell, afterAct(told, first.act, first.approval !== null, done));
  const sounds: Effect[] = done ? [{ do: "sound", sound: "paid" }] : soundOf(first.act);
  return onward(settled, sounds);
}

function soundOf(act: Act): Effect[] {
  return act.do === "add" || act.do === "add_open" ? [{ do: "sound", sound: "added" }] : [];
}

/** A burst of keys may be under way: what it will be undone to must be the pane that the answer has opened. */
function remembered(was: Sell, is: Sell): Sell {
  if (!is.before || was.pane === is.pane) return is;
  return { ...is, before: { ...is.before, pane: is.pane, entry: "", times: null } };
}

/** Where an act leaves the work pane. */
function afterAct(sell: Sell, act: Act, approved: boolean, done: Done | null): Sell {
  if (done)
    return { ...sell, pane: { is: "change", done }, entry: "", times: null, keyed: null, chosen: null, gated: false };
  if (act.do === "tender" || act.do === "remove_tender") return { ...sell, pane: TENDER };
  if (act.do === "open_drawer") return { ...sell, pane: { is: "drawer", reason: act.reason, opened: true } };
  const pane = sell.pane;
  if (approved && pane.is === "approval") {
    return { ...sell, pane: pane.back.is === "tender" ? TENDER : { is: "products" } };
  }
  return sell;
}

export function faulted(sell: Sell, ticket: number, fault: Fault): Step {
  const first = sell.waiting[0];
  if (first?.ticket !== ticket) return still(sell);
  if (fault.kind === "not_recorded") {
    return { sell: { ...sell, stuck: fault, keyed: null }, effects: [{ do: "sound", sound: "refused" }] };
  }
  const rest = { ...sell, waiting: sell.waiting.slice(1), stuck: null };
  const { sell: told, effects } = refusal(rest, first.act, first.approval, fault);
  const nothing = told.pane.is === "tender" && told.cart.lines.length === 0 && told.waiting.length === 0;
  return onward(remembered(sell, nothing ? closed(told) : told), effects);
}

function refusal(sell: Sell, act: Act, approval: Approval | null, fault: Fault): Step {
  switch (fault.kind) {
    case "unknown_code":
      if (act.do !== "add") return refusedWith(sell, fault);
      return pin(sell, act.code, looksMisread(act.code) ? "misread" : "unknown", act.quantity);
    case "needs_approval":
      return approval ? wrongApproval(sell, fault) : askApproval(sell, act, fault);
    case "stopped":
    case "signed_out":
      return { sell: { ...sell, waiting: [], keyed: null, pane: closed(sell).pane }, effects: [{ do: "status" }] };
    case "refused":
      if (approval && sell.pane.is === "approval") return wrongApproval(sell, fault);
      return refusedWith(sell.pane.is === "approval" ? closed(sell) : sell, fault);
    case "not_recorded":
      return still(sell);
  }
}

function askApproval(sell: Sell, act: Act, fault: Fault): Step {
  const back = sell.pane.is === "approval" ? sell.pane.back : sell.pane;
  const pane = { is: "approval", act, fault, refused: null, back } as const;
  return { sell: { ...sell, pane, keyed: null }, effects: [{ do: "sound", sound: "attention" }] };
}

function wrongApproval(sell: Sell, fault: Fault): Step {
  if (sell.pane.is !== "approval") return refusedWith(sell, fault);
  return { sell: { ...sell, pane: { ...sell.pane, refused: fault } }, effects: [{ do: "sound", sound: "refused" }] };
}

/** Sends the next act; with none left, takes a tender that was keyed meanwhile, if its amount still is what the screen showed. */
function onward(sell: Sell, effects: Effect[]): Step {
  if (sell.waiting.length > 0) {
    const sent = sendFirst(sell);
    return { sell: sent.sell, effects: [...effects, ...sent.effects] };
  }
  const keyed = sell.keyed;
  if (!keyed) return { sell, effects };
  const same = sell.pane.is === "tender" && sell.cart.due_minor === keyed.due && sell.unanswered.length === 0;
  if (!same) return { sell: { ...sell, keyed: null }, effects: [...effects, { do: "sound", sound: "attention" }] };
  const taken = submit({ ...sell, keyed: null }, keyed.act);
  return { sell: taken.sell, effects: [...effects, ...taken.effects] };
}
