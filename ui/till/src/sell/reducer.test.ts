// The Sell screen's laws, one by one: what each key leads to, what is sent to the till, and what never is.

import { expect, test } from "vitest";
import type { Cart, CartLine, Done, Fault, TakenTender } from "../door/types.ts";
import { reduce } from "./reducer.ts";
import { AT_REST, type Effect, type Input, NO_CART, type Sell } from "./state.ts";

const line = (number: number): CartLine => ({
  line: number,
  sku: `sku-${number}`,
  name: "Milk 1 l",
  direction: "sale",
  quantity: 1000,
  unit_price: 1_490_000,
  extended_minor: 149,
  reduction_minor: 0,
  net_minor: 149,
  counted: true,
  touched: true,
});

const CART: Cart = {
  ...NO_CART,
  sale: "sale",
  lines: [line(1), line(2)],
  total_minor: 298,
  due_minor: 298,
  due_cash_minor: 300,
  quick_minor: [500, 1000, 2000],
  tender_types: [{ tender_type: "cash", class: "cash" }],
  can_undo: true,
};

const DONE: Done = {
  sale: "sale",
  number: "A-1",
  total_minor: 298,
  received_minor: 300,
  change_minor: 0,
  lines: [],
  local_time: "12:00",
};

const taken = (tender: number, type: "cash" | "card", amount_minor: number): TakenTender => ({
  tender,
  tender_type: type,
  class: type,
  to_verify: false,
  amount_minor,
  given_minor: null,
  change_minor: null,
});

const fault = (kind: Fault["kind"]): Fault => ({ code: "x", kind, permission: null, values: {} });

function play(sell: Sell, ...inputs: Input[]): { sell: Sell; effects: Effect[] } {
  return inputs.reduce(
    (step, input) => {
      const next = reduce(step.sell, input);
      return { sell: next.sell, effects: [...step.effects, ...next.effects] };
    },
    { sell, effects: [] as Effect[] },
  );
}

const SELLING = play(AT_REST, { is: "shop", exponent: 2, largestNote: 50_000 }, { is: "cart", cart: CART }).sell;
const keys = (text: string): Input[] => [...text].map((character) => ({ is: "character", character }));
const acts = (effects: Effect[]) => effects.flatMap((effect) => (effect.do === "act" ? [effect.act] : []));

test("Enter in the cart never opens the payment and never sells", () => {
  const { sell, effects } = play(SELLING, { is: "enter" });
  expect(sell.pane.is).toBe("products");
  expect(acts(effects)).toEqual([]);
});

test("exact cash is two keys", () => {
  const { effects } = play(SELLING, { is: "pay" }, { is: "enter" });
  expect(acts(effects)).toEqual([{ do: "tender", tender_type: "cash", given_minor: null, card: null }]);
});

test("a chosen quick amount is three", () => {
  const { effects } = play(SELLING, { is: "pay" }, { is: "quick", step: 1 }, { is: "enter" });
  expect(acts(effects)).toMatchObject([{ do: "tender", given_minor: 500 }]);
});

test("the next scan closes the change and starts the next sale", () => {
  const done = play(SELLING, { is: "pay" }, { is: "enter" }, { is: "answered", ticket: 0, cart: NO_CART, done: DONE });
  expect(done.sell.pane.is).toBe("change");
  const { sell, effects } = play(done.sell, { is: "scan", code: "96385074" });
  expect(sell.pane.is).toBe("products");
  expect(acts(effects)).toEqual([{ do: "add", code: "96385074", quantity: 1000 }]);
});

test("three times the next item", () => {
  const { sell, effects } = play(SELLING, ...keys("3*"), { is: "scan", code: "96385074" });
  expect(acts(effects)).toEqual([{ do: "add", code: "96385074", quantity: 3000 }]);
  expect(sell.times).toBeNull();
});

test("with a line chosen, three times is that line's quantity", () => {
  const { effects } = play(SELLING, { is: "choose", line: 1 }, ...keys("3*"));
  expect(acts(effects)).toEqual([{ do: "set_quantity", line: 1, quantity: 3000 }]);
});

test("acts go one at a time, in order", () => {
  const first = play(SELLING, { is: "scan", code: "a" }, { is: "scan", code: "b" });
  expect(acts(first.effects)).toHaveLength(1);
  const second = play(first.sell, { is: "answered", ticket: 0, cart: CART, done: null });
  expect(acts(second.effects)).toEqual([{ do: "add", code: "b", quantity: 1000 }]);
});

test("an unknown scan is pinned, and nobody pays before it is answered", () => {
  const unknown = play(
    SELLING,
    { is: "scan", code: "5901234123457" },
    { is: "faulted", ticket: 0, fault: fault("unknown_code") },
  );
  expect(unknown.sell.unanswered).toMatchObject([{ code: "5901234123457", why: "unknown" }]);
  const gated = play(unknown.sell, { is: "pay" });
  expect(gated.sell).toMatchObject({ gated: true, pane: { is: "products" } });
  const card = unknown.sell.unanswered[0]?.card ?? -1;
  expect(play(gated.sell, { is: "leave_out", card }, { is: "pay" }).sell.pane.is).toBe("tender");
});

test("an unknown code whose check digit is wrong was most likely misread", () => {
  const { sell } = play(
    SELLING,
    { is: "scan", code: "5901234123450" },
    { is: "faulted", ticket: 0, fault: fault("unknown_code") },
  );
  expect(sell.unanswered).toMatchObject([{ why: "misread" }]);
});

test("a scan while nothing is paid adds the item and leaves no digit in the amount", () => {
  const { sell, effects } = play(SELLING, { is: "pay" }, ...keys("20"), { is: "scan", code: "96385074" });
  expect(sell.pane).toMatchObject({ is: "tender", entry: "" });
  expect(acts(effects)).toMatchObject([{ do: "add" }]);
  expect(effects).toContainEqual({ do: "sound", sound: "attention" });
});

test("a scan after payment began is pinned, and can be kept for the next sale", () => {
  const tenders = [taken(1, "cash", 100)];
  const begun = play(SELLING, { is: "pay" }, { is: "cart", cart: { ...CART, tenders } }, { is: "scan", code: "b" });
  expect(begun.effects).toEqual([{ do: "sound", sound: "refused" }]);
  const card = begun.sell.unanswered[0]?.card ?? -1;
  const kept = play(begun.sell, { is: "keep_for_next", card }, { is: "exact" });
  const ticket = kept.sell.waiting[0]?.ticket ?? -1;
  const { effects } = play(kept.sell, { is: "answered", ticket, cart: NO_CART, done: DONE }, { is: "next_sale" });
  expect(acts(effects)).toMatchObject([{ do: "add", code: "b" }]);
});

test("change of the largest note or more is asked for twice, with two different keys", () => {
  const asked = play(SELLING, { is: "pay" }, ...keys("2000"), { is: "enter" });
  expect(asked.sell.pane).toMatchObject({ guard: { given: 200_000, change: 199_700 } });
  expect(acts(play(asked.sell, { is: "enter" }).effects)).toEqual([]);
  expect(acts(play(asked.sell, { is: "really" }).effects)).toMatchObject([{ do: "tender", given_minor: 200_000 }]);
});

test("a barcode that was missed as a scan cannot become an amount", () => {
  const { sell, effects } = play(SELLING, { is: "pay" }, ...keys("5901234123457"), { is: "enter" });
  expect(acts(effects)).toEqual([]);
  expect(sell.pane).toMatchObject({ is: "tender", entry: "", spoilt: false });
});

test("Enter counts only for the amount that was on the screen", () => {
  const keyed = play(SELLING, { is: "scan", code: "a" }, { is: "pay" }, { is: "enter" });
  const grown = { ...CART, total_minor: 400, due_minor: 400 };
  expect(acts(play(keyed.sell, { is: "answered", ticket: 0, cart: grown, done: null }).effects)).toEqual([]);
  expect(acts(play(keyed.sell, { is: "answered", ticket: 0, cart: CART, done: null }).effects)).toMatchObject([
    { do: "tender" },
  ]);
});

test("what the till did not record is asked again under the same ticket", () => {
  const stuck = play(
    SELLING,
    { is: "pay" },
    { is: "enter" },
    { is: "faulted", ticket: 0, fault: fault("not_recorded") },
  );
  expect(stuck.sell.stuck).not.toBeNull();
  expect(play(stuck.sell, { is: "again" }).effects).toMatchObject([{ do: "act", ticket: 0 }]);
});

test("an unanswered act is never let go of", () => {
  const lost: Fault = { ...fault("not_recorded"), code: "no_answer" };
  const stuck = play(SELLING, { is: "pay" }, { is: "enter" }, { is: "faulted", ticket: 0, fault: lost });
  expect(play(stuck.sell, { is: "give_up" }).sell.waiting).toHaveLength(1);
});

test("a burst that was a scan leaves everything as it was", () => {
  const { sell } = play(SELLING, ...keys("3*"), { is: "burst" }, ...keys("59.*"), { is: "burst_read" });
  expect(sell).toMatchObject({ entry: "", times: 3000, pane: { is: "products" } });
});

test("an answer in the middle of a burst is not undone with it", () => {
  const paying = play(SELLING, { is: "pay" }, { is: "enter" }, { is: "burst" }, ...keys("5"));
  const { sell } = play(paying.sell, { is: "answered", ticket: 0, cart: NO_CART, done: DONE }, { is: "burst_read" });
  expect(sell.pane.is).toBe("change");
});

test("ten percent off one line with its reason", () => {
  const open: Input = { is: "edit", line: 1, mode: "percent" };
  expect(acts(play(SELLING, open, ...keys("10"), { is: "enter" }).effects)).toEqual([]);
  const { effects } = play(SELLING, open, ...keys("10"), { is: "reason", reason: "damaged" }, { is: "enter" });
  expect(acts(effects)).toEqual([{ do: "discount", line: 1, percent: "10", amount_minor: null, reason: "damaged" }]);
});

test("what needs approval waits for another person, and goes again as a new act", () => {
  const asked = play(
    SELLING,
    { is: "edit", line: 1, mode: "price" },
    ...keys("1.20"),
    { is: "reason", reason: "shelf" },
    { is: "enter" },
    { is: "faulted", ticket: 0, fault: fault("needs_approval") },
  );
  expect(asked.sell.pane.is).toBe("approval");
  const { effects } = play(asked.sell, { is: "approve", approval: { staff: "ben", pin: "1234" } });
  expect(effects).toMatchObject([
    { do: "act", ticket: 1, act: { do: "set_price", unit_price: 1_200_000 }, approval: { staff: "ben" } },
  ]);
});

test("Escape goes back one level and never throws the cart away", () => {
  const back = play(SELLING, { is: "pay" }, ...keys("20"), { is: "escape" });
  expect(back.sell.pane).toMatchObject({ is: "tender", entry: "" });
  expect(play(back.sell, { is: "escape" }).sell).toMatchObject({ pane: { is: "products" }, cart: CART });
});

const PAID = { ...CART, tenders: [taken(1, "cash", 50), taken(2, "card", 50), taken(4, "cash", 50)], due_minor: 148 };
const PAYING = play(SELLING, { is: "pay" }, { is: "cart", cart: PAID }).sell;

test.each<[string, Input[], number]>([
  ["the last one where none was chosen", [], 4],
  ["the one before it", [{ is: "move", to: "up" }], 2],
  ["the first", [{ is: "move", to: "first" }], 1],
  ["no further than the first", [...Array(9)].map(() => ({ is: "move", to: "up" }) as const), 1],
])("Del takes back a payment: %s", (_, moves, tender) => {
  const asked = play(PAYING, ...moves, { is: "ask_remove_tender" });
  expect(acts(asked.effects)).toEqual([]);
  const { effects } = play(asked.sell, { is: "remove_tender", fate: "not_taken" });
  expect(acts(effects)).toEqual([{ do: "remove_tender", tender, fate: "not_taken" }]);
});

test("while it is asked where the money is, no key takes money and none is taken back twice", () => {
  const asked = play(PAYING, { is: "ask_remove_tender" }).sell;
  const pressed: Input[] = [
    { is: "enter" },
    { is: "exact" },
    { is: "take" },
    { is: "quick_amount", index: 0 },
    { is: "take_other", tender_type: "card" },
    { is: "begin_card", tender_type: "card" },
    ...keys("20"),
  ];
  const { sell, effects } = play(asked, ...pressed);
  expect(effects).toEqual([]);
  expect(sell.pane).toEqual(asked.pane);
  const twice = play(sell, { is: "remove_tender", fate: "handed_back" }, { is: "remove_tender", fate: "handed_back" });
  expect(acts(twice.effects)).toHaveLength(1);
  expect(play(sell, { is: "escape" }).sell.pane).toMatchObject({ is: "tender", removing: false });
});

test("a card nobody knows about is a state of its own; only 'decide later' takes it as unknown", () => {
  const cards = { ...CART, tender_types: [...CART.tender_types, { tender_type: "card", class: "card" as const }] };
  const asked = play(SELLING, { is: "cart", cart: cards }, { is: "pay" }, { is: "begin_card", tender_type: "card" });
  expect(acts(play(asked.sell, { is: "card_later" }).effects)).toEqual([]);
  const unknown = play(asked.sell, { is: "card_unknown" }).sell;
  expect(acts(play(unknown, { is: "enter" }, ...keys("20")).effects)).toEqual([]);
  for (const [input, outcome_unknown] of [
    ["card_later", true],
    ["card_approved", false],
  ] as const) {
    expect(acts(play(unknown, { is: input }).effects)).toMatchObject([{ do: "tender", card: { outcome_unknown } }]);
  }
  expect(play(unknown, { is: "card_declined" }).sell.pane).toMatchObject({ is: "tender", card: null });
  expect(play(unknown, { is: "escape" }).sell.pane).toMatchObject({ card: { unknown: false } });
});

test("the drawer opens with a reason, once, and says so in its pane", () => {
  const asked = play(SELLING, { is: "show_drawer" }, { is: "open_drawer" });
  expect(acts(asked.effects)).toEqual([]);
  const sent = play(
    asked.sell,
    { is: "drawer_reason", reason: "change" },
    { is: "open_drawer" },
    { is: "open_drawer" },
  );
  expect(acts(sent.effects)).toEqual([{ do: "open_drawer", reason: "change" }]);
  const ticket = sent.sell.waiting[0]?.ticket ?? -1;
  const { sell } = play(sent.sell, { is: "answered", ticket, cart: CART, done: null });
  expect(sell.pane).toEqual({ is: "drawer", reason: "change", opened: true });
});
