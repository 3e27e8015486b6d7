// The door between the window and the till, as types. Generated from till/src/door by `make generate`; never edited by hand.

/** An amount in minor units (cents) of the shop's currency. */
export type Minor = number;
/** A quantity in thousandths: one piece is 1000. Negative takes back. */
export type Quantity = number;
/** A price of one unit, in ten-thousandths of a minor unit: 1.49 EUR is 1490000. */
export type UnitPrice = number;
/** Microseconds since 1970, UTC. */
export type Instant = number;

export type Currency = { code: string; exponent: number };

/** What the window asks. Each answer's type is in `Answers` under the same name. */
export type Request =
  | { ask: "status" }
  // First run
  | { ask: "enrol"; server: string; code: string }
  | { ask: "start_alone"; store: string; till: string; currency: string; time_zone: string; owner: string; pin: string }
  // People
  | { ask: "people" }
  | { ask: "sign_in"; staff: string; pin: string }
  | { ask: "lock" }
  // Selling. `command` is a UUID made by the window: asking again with the same one is answered, never done twice.
  | { ask: "act"; command: string; act: Act; approval: Approval | null }
  | { ask: "cart" }
  | { ask: "departments" }
  | { ask: "products"; department: string | null; offset: number; limit: number }
  | { ask: "search"; text: string; limit: number }
  | { ask: "parked" }
  // After the sale
  | { ask: "history"; filter: string; before: string | null; limit: number }
  | { ask: "document"; sale: string }
  | { ask: "receipt"; sale: string }
  | { ask: "print"; sale: string }
  | { ask: "shift_report" }
  | { ask: "print_report"; kind: "x" | "z" }
  // Devices, sync, conflicts
  | { ask: "settings" }
  | { ask: "set_printer"; printer: PrinterSettings | null }
  | { ask: "test_print" }
  | { ask: "set_preference"; name: "theme" | "scale" | "sound"; value: string }
  | { ask: "print_queue" }
  | { ask: "print_again"; job: string }
  | { ask: "drop_print"; job: string }
  | { ask: "sync" }
  | { ask: "sync_now" }
  | { ask: "conflicts" }
  | { ask: "sound"; sound: Sound };

export type Approval = { staff: string; pin: string };
export type Sound = "added" | "refused" | "attention" | "paid";

/** What changes the till's books. */
export type Act =
  | { do: "open_shift"; float_minor: Minor }
  | { do: "move_cash"; way: "in" | "out" | "drop"; amount_minor: Minor; reason: string }
  | { do: "close_shift"; counted: { tender_type: string; counted_minor: Minor }[] }
  /** Adds a product by SKU or barcode; opens a sale where none is open. */
  | { do: "add"; code: string; quantity: Quantity }
  /** Something the catalogue does not know. */
  | { do: "add_open"; sku: string; name: string; department: string | null; amount_minor: Minor; quantity: Quantity }
  | { do: "set_quantity"; line: number; quantity: Quantity }
  | { do: "remove"; line: number }
  /** Another price for a line: it is taken out and entered again at this price. */
  | { do: "set_price"; line: number; unit_price: UnitPrice; reason: string }
  | { do: "discount"; line: number | null; percent: string | null; amount_minor: Minor | null; reason: string }
  | { do: "return_line"; sale: string; line: number; quantity: Quantity; restocked: boolean }
  /** Takes the last change of the cart back. */
  | { do: "undo" }
  | { do: "park" }
  | { do: "recall"; parked: string }
  /** Gives the whole sale up. */
  | { do: "abandon"; reason: string | null }
  /** Takes a tender; completes the sale in the same commit where it settles all. */
  | { do: "tender"; tender_type: string; given_minor: Minor | null; card: CardNote | null };

/** What a separate card terminal said. */
export type CardNote = { last_four: string | null; authorisation: string | null };

export type Status = {
  version: string;
  phase: "new" | "enrolling" | "loading" | "ready";
  /** None before the till belongs to a store. */
  place: { store: string; till: string; series: string; alone: boolean } | null;
  currency: Currency;
  /** BCP 47, for numbers and dates. */
  locale: string;
  demo: boolean;
  person: Person | null;
  /** The expected float, where the last close left one. */
  last_float_minor: Minor | null;
  shift: { opened_local: string; day: string; float_minor: Minor; by: string } | null;
  sync: SyncSummary;
  printer: PrinterState;
  products: number;
  open_conflicts: number;
  /** Set where nothing can be recorded any more until the till is started again: what happened, and the last saved receipt. */
  stopped: { why: string; last_number: string | null; last_local: string | null } | null;
};

export type Person = { staff: string; name: string; number: string; role: string };
export type PersonTile = Person & { has_pin: boolean; locked_until: Instant | null };

export type SyncSummary = {
  /** in_step: all sent · sending · offline: nobody answers · refused: head office does not take our records · alone: no head office. */
  state: "in_step" | "sending" | "offline" | "refused" | "alone";
  /** Records not yet at head office. */
  waiting_events: number;
  /** Sales among them, and their money. */
  waiting_documents: number;
  waiting_minor: Minor;
  oldest_waiting: Instant | null;
  last_contact: Instant | null;
  /** Whether the catalogue here is as new as head office's was at the last contact; since when it is not known. */
  prices_as_of: Instant | null;
  /** Till's clock minus head office's, microseconds; none before the first contact. */
  clock_ahead: number | null;
};

export type SyncPanel = SyncSummary & {
  server: string | null;
  last_error: string | null;
  next_try: Instant | null;
  storage_free_bytes: number | null;
};

export type PrinterState = { state: "none" | "ready" | "printing" | "waiting"; jobs: number; why: string | null };
export type PrinterSettings = { address: string; code_page: string; columns: number; cuts: boolean; drawer: boolean };
export type PrintJob = { job: string; what: string; copy: boolean; state: "waiting" | "printing" | "unsure"; tries: number; why: string | null };

export type CartLine = {
  line: number;
  sku: string;
  name: string;
  direction: "sale" | "return";
  quantity: Quantity;
  unit_price: UnitPrice | null;
  extended_minor: Minor;
  reduction_minor: Minor;
  /** What the line comes to in the total, in the way prices are shown. */
  net_minor: Minor;
  /** Whether the quantity of the line can be changed (stated amounts and returns cannot). */
  counted: boolean;
  /** The last line that was touched. */
  touched: boolean;
};

export type Cart = {
  sale: string | null;
  lines: CartLine[];
  /** Net of all lines as shown. */
  net_minor: Minor;
  tax_minor: Minor;
  reduction_minor: Minor;
  total_minor: Minor;
  prices_include_tax: boolean;
  pieces: Quantity;
  tenders: { tender: number; tender_type: string; amount_minor: Minor; given_minor: Minor | null; change_minor: Minor | null }[];
  /** Still to be paid (negative: to be paid out), before cash rounding. */
  due_minor: Minor;
  /** What exact cash would be. */
  due_cash_minor: Minor;
  /** Three plausible notes above the rest. */
  quick_minor: Minor[];
  tender_types: { tender_type: string; class: "cash" | "card" | "claim" | "stored_value" | "account" }[];
  can_undo: boolean;
  parked: number;
  last: Done | null;
};

/** A completed sale. */
export type Done = {
  sale: string;
  number: string;
  total_minor: Minor;
  received_minor: Minor;
  change_minor: Minor;
  lines: CartLine[];
  local_time: string;
};

export type Product = {
  product: string;
  sku: string;
  name: string;
  department: string | null;
  price: UnitPrice | null;
  unit: string | null;
  /** In pieces here, as far as this till knows; none where it is not tracked or not known. */
  on_hand: Quantity | null;
};

export type ParkedSale = { sale: string; local_time: string; by: string; first_item: string; lines: number; total_minor: Minor };

export type HistoryRow = {
  sale: string;
  number: string;
  local_time: string;
  day: string;
  till: string;
  own: boolean;
  by: string;
  lines: number;
  tenders: string[];
  total_minor: Minor;
  kind: "sale" | "return";
  /** here: on this till only, yet · at_head_office: head office has it. */
  sent: "here" | "at_head_office";
  returned: "none" | "part" | "whole";
};
export type HistoryPage = { rows: HistoryRow[]; next: string | null; understood: string[]; others_as_of: Instant | null };

export type Document = HistoryRow & {
  items: (CartLine & { returned: Quantity; returnable: Quantity })[];
  taxes: { name: string; rate: string; base_minor: Minor; tax_minor: Minor }[];
  payments: { tender_type: string; amount_minor: Minor; given_minor: Minor | null; change_minor: Minor | null; rounding_minor: Minor }[];
  timeline: TimelineEntry[];
};
export type TimelineEntry = {
  local_time: string;
  till: string;
  by: string | null;
  /** Message id in the catalogue with its values, such as `event-sale-line-added`. */
  message: string;
  values: Record<string, string | number>;
  /** Event id, sequence and hash for whoever wants to see them. */
  technical: { event: string; origin: string; seq: number; hash: string };
};

/** A receipt as it prints: lines of at most `columns` characters. */
export type ReceiptText = { columns: number; lines: { text: string; bold: boolean; tall: boolean; centred: boolean }[]; copies: number };

export type ShiftReport = {
  opened_local: string;
  by: string;
  day: string;
  until_local: string;
  documents: number;
  gross_sales_minor: Minor;
  gross_returns_minor: Minor;
  reductions_minor: Minor;
  net_minor: Minor;
  tax_minor: Minor;
  total_minor: Minor;
  rounding_minor: Minor;
  taxes: { name: string; rate: string; base_minor: Minor; tax_minor: Minor }[];
  tenders: { tender_type: string; class: string; count: number; amount_minor: Minor; counted_minor: Minor | null; over_short_minor: Minor | null }[];
  float_minor: Minor;
  cash_moves_minor: Minor;
  /** What the drawer should hold; none for whoever may not see it while counting is blind. */
  expected_cash_minor: Minor | null;
  number: number | null;
  parked: number;
  waiting_documents: number;
  reprints: number;
};

export type Settings = {
  printer: PrinterSettings | null;
  code_pages: string[];
  theme: "auto" | "light" | "dark";
  scale: number;
  sound: number;
  denominations_minor: Minor[];
};

export type Conflict = {
  id: string;
  kind: "fork" | "oversold" | "totals_differ" | string;
  state: "open" | "answered";
  title: string;
  happened: string;
  done: string;
  money_minor: Minor | null;
  since: Instant;
  parties: { what: string; till: string; local_time: string | null; amount_minor: Minor | null }[];
  choices: { code: string; label: string; consequence: string }[];
};

export type Answers = {
  status: Status;
  enrol: Status;
  start_alone: Status;
  people: PersonTile[];
  sign_in: Status;
  lock: Status;
  act: { cart: Cart; status: Status; done: Done | null; needs: null };
  cart: Cart;
  departments: { department: string; products: number }[];
  products: { rows: Product[]; total: number };
  search: Product[];
  parked: ParkedSale[];
  history: HistoryPage;
  document: Document;
  receipt: ReceiptText;
  print: PrinterState;
  shift_report: ShiftReport;
  print_report: PrinterState;
  settings: Settings;
  set_printer: Settings;
  test_print: PrinterState;
  set_preference: Settings;
  print_queue: PrintJob[];
  print_again: PrinterState;
  drop_print: PrinterState;
  sync: SyncPanel;
  sync_now: SyncPanel;
  conflicts: Conflict[];
  sound: null;
};

/** Why the till says no. `code` is a message id in the catalogue (`fault-<code>`), `values` are for its sentence. */
export type Fault = {
  code: string;
  /** refused: the business says no · needs_approval: somebody else may approve · not_recorded: nothing was saved, ask again · stopped: the till must be started again · unknown_code: nothing has that code. */
  kind: "refused" | "needs_approval" | "unknown_code" | "not_recorded" | "stopped" | "signed_out";
  permission: string | null;
  values: Record<string, string | number>;
};

export type Reply<T> = { ok: T } | { fault: Fault };

/** What the till tells of itself, without being asked. The window then asks again for what it shows. */
export type Changed = { what: ("status" | "cart" | "catalogue" | "history" | "printer" | "conflicts")[] };
