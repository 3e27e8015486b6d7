// What the Sell screen knows: the till's cart as last told, which pane the work side shows, what is being typed, and which acts are on
// their way to the till. Only the till reckons money; nothing here adds an amount up.

import type {
  Act,
  Approval,
  Cart,
  CartLine,
  Done,
  Fault,
  Minor,
  Product,
  Quantity,
  Sound,
  TakenTender,
  TenderFate,
} from "../door/types.ts";

export type LineMode = "quantity" | "percent" | "amount" | "price";

export type Pane =
  | { is: "products" }
  /** `line` none: the whole sale. */
  | { is: "line"; line: number | null; mode: LineMode; entry: string; reason: string | null }
  | Tender
  | { is: "change"; done: Done }
  | { is: "parked" }
  | { is: "approval"; act: Act; fault: Fault; refused: Fault | null; back: Pane }
  /** Find the product that a scanned code should have been. */
  | { is: "fix"; card: number }
  | { is: "void"; reason: string | null }
  | { is: "cash_move" }
  /** `opened`: it is on the record, and the drawer was asked to open. */
  | { is: "drawer"; reason: string | null; opened: boolean };

export type Tender = {
  is: "tender";
  entry: string;
  /** More digits were typed than any amount has: nothing is taken before it is cleared. */
  spoilt: boolean;
  /** Which quick amount is chosen; none: what is typed, or the exact amount. */
  quick: number | null;
  /** The change would be a large note or more: asked once more, with another key. */
  guard: { given: Minor; change: Minor } | null;
  /** Waiting for what the separate card terminal says about this amount. */
  card: {
    tender_type: string;
    amount: Minor | null;
    last_four: string;
    authorisation: string;
    /** Nobody can say yet what the terminal did. */
    unknown: boolean;
  } | null;
  /** The payment taken that keys work on. */
  taken: number | null;
  /** Somebody wants that payment taken back, and is asked what became of the money. */
  removing: boolean;
};

/** Something scanned that is not in the cart. Nobody pays before it is answered. */
export type Unanswered = {
  card: number;
  code: string;
  quantity: Quantity;
  why: "unknown" | "misread" | "payment_begun";
};

export type Waiting = { ticket: number; act: Act; approval: Approval | null };

/** A tender that was keyed while items were still on their way: taken if the amount is still the one that was on the screen. */
export type Keyed = { act: Act; due: Minor };

export type Sell = {
  cart: Cart;
  pane: Pane;
  /** Digits typed with no field in focus, or on the fixed number pad. */
  entry: string;
  /** "3 ×" for the next item. */
  times: Quantity | null;
  /** A line chosen by hand; none: the last touched one is only marked. */
  chosen: number | null;
  unanswered: Unanswered[];
  /** Pay was pressed while cards are unanswered. */
  gated: boolean;
  /** In order; the first is with the till. */
  waiting: Waiting[];
  keyed: Keyed | null;
  /** The till did not record the first of `waiting`, or did not answer. */
  stuck: Fault | null;
  /** The till said no to something. */
  notice: Fault | null;
  /** As it was before a burst of keys that may be a scan. */
  before: { pane: Pane; entry: string; times: Quantity | null; notice: Fault | null; gated: boolean } | null;
  /** To be added once the running payment is over. */
  next: Unanswered[];
  counter: number;
  /** Set by the shop: the exponent of its currency and its largest note. */
  exponent: number;
  largestNote: Minor;
};

export type Input =
  | { is: "shop"; exponent: number; largestNote: Minor }
  | { is: "cart"; cart: Cart }
  | { is: "scan"; code: string }
  | { is: "burst" }
  | { is: "burst_read" }
  | { is: "character"; character: string }
  | { is: "erase" }
  | { is: "enter" }
  | { is: "escape" }
  | { is: "move"; to: "up" | "down" | "first" | "last" }
  | { is: "choose"; line: number }
  | { is: "pick"; product: Pick<Product, "sku"> }
  | { is: "add_typed"; code: string }
  | { is: "edit"; line: number | null; mode: LineMode }
  | { is: "mode"; mode: LineMode }
  | { is: "reason"; reason: string }
  | { is: "apply" }
  | { is: "one_less" }
  | { is: "remove" }
  | { is: "undo" }
  | { is: "park" }
  | { is: "show_parked" }
  | { is: "recall"; parked: string }
  | { is: "ask_void" }
  | { is: "void_reason"; reason: string }
  | { is: "void" }
  | { is: "show_cash_move" }
  | { is: "move_cash"; way: "in" | "out" | "drop"; amount: Minor; reason: string }
  | { is: "return_line"; sale: string; line: number; quantity: Quantity; restocked: boolean }
  | { is: "pay" }
  | { is: "quick"; step: 1 | -1 }
  | { is: "quick_amount"; index: number }
  | { is: "split"; ways: number }
  | { is: "exact" }
  | { is: "take" }
  | { is: "begin_card"; tender_type: string }
  | { is: "take_other"; tender_type: string }
  | { is: "card_note"; last_four?: string; authorisation?: string }
  | { is: "card_approved" }
  | { is: "card_declined" }
  | { is: "card_unknown" }
  | { is: "card_later" }
  | { is: "choose_tender"; tender: number }
  | { is: "ask_remove_tender"; tender?: number }
  | { is: "remove_tender"; fate: TenderFate }
  | { is: "settle_tender"; sale: string; tender: number; charged: boolean }
  | { is: "show_drawer" }
  | { is: "drawer_reason"; reason: string }
  | { is: "open_drawer" }
  | { is: "refuse"; fault: Fault }
  | { is: "fix_amount" }
  | { is: "really" }
  | { is: "next_sale" }
  | { is: "leave_out"; card: number }
  | { is: "keep_for_next"; card: number }
  | { is: "fix"; card: number }
  | { is: "fix_with"; card: number; sku: string }
  | { is: "fix_open"; card: number; name: string; department: string | null; amount: Minor }
  | { is: "approve"; approval: Approval }
  | { is: "again" }
  | { is: "give_up" }
  | { is: "dismiss" }
  | { is: "answered"; ticket: number; cart: Cart; done: Done | null }
  | { is: "faulted"; ticket: number; fault: Fault };

export type Effect =
  /** Ask the till. The same ticket always carries the same command id. */
  | { do: "act"; ticket: number; act: Act; approval: Approval | null }
  | { do: "sound"; sound: Sound }
  /** Ask the till again how it stands: it was locked or has stopped. */
  | { do: "status" };

export const NO_CART: Cart = {
  sale: null,
  lines: [],
  net_minor: 0,
  tax_minor: 0,
  reduction_minor: 0,
  total_minor: 0,
  prices_include_tax: true,
  pieces: 0,
  tenders: [],
  due_minor: 0,
  due_cash_minor: 0,
  quick_minor: [],
  tender_types: [],
  can_undo: false,
  parked: 0,
  last: null,
};

export const AT_REST: Sell = {
  cart: NO_CART,
  pane: { is: "products" },
  entry: "",
  times: null,
  chosen: null,
  unanswered: [],
  gated: false,
  waiting: [],
  keyed: null,
  stuck: null,
  notice: null,
  before: null,
  next: [],
  counter: 0,
  exponent: 2,
  largestNote: Number.MAX_SAFE_INTEGER,
};

export const TENDER: Tender = {
  is: "tender",
  entry: "",
  spoilt: false,
  quick: null,
  guard: null,
  card: null,
  taken: null,
  removing: false,
};

/** The line that keys work on: the chosen one. */
export const chosenLine = (sell: Sell): CartLine | null =>
  sell.cart.lines.find((line) => line.line === sell.chosen) ?? null;

/** The line that is marked: the chosen one, or else the last touched. */
export const markedLine = (sell: Sell): CartLine | null =>
  chosenLine(sell) ?? sell.cart.lines.find((line) => line.touched) ?? sell.cart.lines.at(-1) ?? null;

/** The type that cash goes under, and the ones that a separate terminal takes. */
export const cashType = (cart: Cart) => cart.tender_types.find((type) => type.class === "cash")?.tender_type ?? "cash";

/** Whether a payment has begun, so that the cart stands still. */
export const paymentBegun = (sell: Sell): boolean => sell.cart.tenders.length > 0;

/** The payment that keys work on: the chosen one, or the last. */
export const markedTender = (cart: Cart, pane: Tender): TakenTender | null =>
  cart.tenders.find((taken) => taken.tender === pane.taken) ?? cart.tenders.at(-1) ?? null;
