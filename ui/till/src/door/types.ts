// The door between the window and the till, as types: made from till/src/door/types.rs by `make generate`.
// Amounts are minor units, quantities thousandths, unit prices ten-thousandths of a minor unit, instants microseconds since 1970.

export type Minor = number;
export type Quantity = number;
export type UnitPrice = number;

export type Request = { "ask": "status" } | { "ask": "enrol", server: string, code: string, name: string, } | { "ask": "start_alone", store: string, till: string, currency: string, time_zone: string, prices_include_tax: boolean, owner: string, pin: string, } | { "ask": "people" } | { "ask": "sign_in", staff: string, pin: string, } | { "ask": "lock" } | { "ask": "act", command: string, act: Act, approval: Approval | null, } | { "ask": "cart" } | { "ask": "departments" } | { "ask": "products", department: string | null, offset: number, limit: number, } | { "ask": "search", text: string, limit: number, } | { "ask": "parked" } | { "ask": "history", filter: string, before: string | null, limit: number, } | { "ask": "document", sale: string, } | { "ask": "receipt", sale: string, } | { "ask": "print", sale: string, } | { "ask": "shift_report" } | { "ask": "print_report", kind: ReportKind, } | { "ask": "settings" } | { "ask": "set_printer", printer: PrinterSettings | null, } | { "ask": "test_print" } | { "ask": "set_preference", name: Preference, value: string, } | { "ask": "play", sound: Sound, } | { "ask": "print_queue" } | { "ask": "print_again", job: string, } | { "ask": "nothing_came_out", job: string, } | { "ask": "drop_print", job: string, } | { "ask": "sync" } | { "ask": "sync_now" } | { "ask": "conflicts" };

export type Approval = { 
/**
 * Who.
 */
staff: string, 
/**
 * Their PIN.
 */
pin: string, };

export type ReportKind = "x" | "z";

export type Preference = "theme" | "scale" | "sound" | "quiet" | "item_sound";

export type Sound = "added" | "refused" | "attention" | "paid";

export type Act = { "do": "open_shift", float_minor: number, } | { "do": "move_cash", way: CashWay, amount_minor: number, reason: string, } | { "do": "close_shift", counted: Array<Counted>, } | { "do": "add", code: string, quantity: number, } | { "do": "add_open", sku: string, name: string, department: string | null, amount_minor: number, quantity: number, } | { "do": "set_quantity", line: number, quantity: number, } | { "do": "remove", line: number, } | { "do": "set_price", line: number, unit_price: number, reason: string, } | { "do": "discount", line: number | null, percent: string | null, amount_minor: number | null, reason: string, } | { "do": "return_line", sale: string, line: number, quantity: number, restocked: boolean, } | { "do": "undo" } | { "do": "park" } | { "do": "recall", parked: string, } | { "do": "abandon", reason: string | null, } | { "do": "tender", tender_type: string, given_minor: number | null, card: CardNote | null, } | { "do": "remove_tender", tender: number, fate: TenderFate, } | { "do": "settle_tender", sale: string, tender: number, charged: boolean, } | { "do": "open_drawer", reason: string, };

export type TenderFate = "handed_back" | "reversed" | "not_taken";

export type CashWay = "in" | "out" | "drop";

export type Counted = { tender_type: string, counted_minor: number, };

export type CardNote = { last_four: string | null, authorisation: string | null, 
/**
 * Nobody could learn whether the card was charged.
 */
outcome_unknown: boolean, };

export type Currency = { code: string, exponent: number, };

export type Status = { version: string, phase: Phase, 
/**
 * None before the till belongs to a store.
 */
place: Place | null, currency: Currency, 
/**
 * BCP 47, for numbers and dates.
 */
locale: string, 
/**
 * The store's time zone, such as `Europe/Berlin`.
 */
time_zone: string, demo: boolean, person: Person | null, 
/**
 * What the person at the till may do, by permission such as `discount`; empty where nobody is there.
 */
rights: { [key in string]: Right }, 
/**
 * What the last close left in the drawer.
 */
last_float_minor: number | null, shift: OpenShift | null, sync: SyncSummary, printer: PrinterState, products: number, open_conflicts: number, 
/**
 * What the till has to say about its own health.
 */
notices: Array<Notice>, 
/**
 * Set where nothing can be recorded until the till is started again.
 */
stopped: Stopped | null, };

export type Phase = "new" | "loading" | "ready";

export type Place = { store: string, till: string, series: string, alone: boolean, };

export type OpenShift = { opened_local: string, day: string, float_minor: number, by: string, };

export type Stopped = { why: string, last_number: string | null, last_local: string | null, };

export type Right = "allowed" | "needs_approval" | "denied";

export type Notice = { what: Ailment, 
/**
 * Whether a person has to do something.
 */
urgent: boolean, 
/**
 * What the machine says about it, for whoever repairs it.
 */
why: string | null, };

export type Ailment = "lists_rebuilt" | "lists_in_memory" | "copy_not_written" | "books_taken_back" | "storage_low" | "storage_scarce" | "in_the_clear" | "keys_in_file" | "office_lacks";

export type Person = { staff: string, name: string, number: string, role: string, };

export type PersonTile = { staff: string, name: string, number: string, role: string, has_pin: boolean, locked_until: number | null, 
/**
 * The permissions that their role allows without asking anybody: what they may approve.
 */
may: Array<string>, };

export type SyncSummary = { state: SyncState, 
/**
 * Records not yet at head office.
 */
waiting_events: number, 
/**
 * Sales among them, and their money.
 */
waiting_documents: number, waiting_minor: number, oldest_waiting: number | null, last_contact: number | null, 
/**
 * When everything head office had was here; none where that never was.
 */
prices_as_of: number | null, 
/**
 * The till's clock minus head office's, in microseconds.
 */
clock_ahead: number | null, };

export type SyncState = "in_step" | "sending" | "offline" | "refused" | "held" | "alone";

export type SyncPanel = { server: string | null, last_error: string | null, next_try: number | null, storage_free_bytes: number | null, state: SyncState, 
/**
 * Records not yet at head office.
 */
waiting_events: number, 
/**
 * Sales among them, and their money.
 */
waiting_documents: number, waiting_minor: number, oldest_waiting: number | null, last_contact: number | null, 
/**
 * When everything head office had was here; none where that never was.
 */
prices_as_of: number | null, 
/**
 * The till's clock minus head office's, in microseconds.
 */
clock_ahead: number | null, };

export type PrinterState = { state: PrinterPhase, jobs: number, why: string | null, 
/**
 * Whether a drawer is connected to it.
 */
drawer: boolean, };

export type PrinterPhase = "none" | "ready" | "printing" | "waiting";

export type PrinterSettings = { address: string, code_page: string, columns: number, cuts: boolean, drawer: boolean, };

export type PrintJob = { job: string, what: string, copy: boolean, state: JobState, tries: number, why: string | null, };

export type JobState = "waiting" | "printing" | "unsure";

export type CartLine = { line: number, sku: string, name: string, direction: Direction, quantity: number, unit_price: number | null, extended_minor: number, reduction_minor: number, net_minor: number, 
/**
 * Whether its quantity can be changed; stated amounts and returns cannot.
 */
counted: boolean, 
/**
 * The line that was touched last.
 */
touched: boolean, };

export type Direction = "sale" | "return";

export type Cart = { sale: string | null, lines: Array<CartLine>, net_minor: number, tax_minor: number, reduction_minor: number, total_minor: number, prices_include_tax: boolean, pieces: number, tenders: Array<TakenTender>, 
/**
 * Still to be paid (negative: to be paid out), before cash rounding.
 */
due_minor: number, 
/**
 * What exact cash would be.
 */
due_cash_minor: number, 
/**
 * Plausible amounts of notes above the rest.
 */
quick_minor: Array<number>, tender_types: Array<TenderKind>, can_undo: boolean, parked: number, 
/**
 * The document that was completed last in this shift.
 */
last: Done | null, };

export type TakenTender = { tender: number, tender_type: string, class: TenderClass, 
/**
 * Nobody knows yet whether the money came.
 */
to_verify: boolean, amount_minor: number, given_minor: number | null, change_minor: number | null, };

export type TenderKind = { tender_type: string, class: TenderClass, };

export type TenderClass = "cash" | "card" | "claim" | "stored_value" | "account";

export type Done = { sale: string, number: string, total_minor: number, received_minor: number, change_minor: number, lines: Array<CartLine>, local_time: string, };

export type Product = { product: string, sku: string, name: string, department: string | null, price: number | null, unit: string | null, 
/**
 * As far as this till knows; none where stock is not tracked or not known.
 */
on_hand: number | null, };

export type Department = { department: string, products: number, };

export type ProductPage = { rows: Array<Product>, total: number, };

export type ParkedSale = { sale: string, local_time: string, by: string, first_item: string, lines: number, total_minor: number, };

export type HistoryRow = { sale: string, number: string, local_time: string, day: string, till: string, own: boolean, by: string, lines: number, tenders: Array<string>, total_minor: number, 
/**
 * A payment of it is to be verified.
 */
to_verify: boolean, kind: Direction, sent: Sent, returned: HowMuch, };

export type Sent = "here" | "at_head_office";

export type HowMuch = "none" | "part" | "whole";

export type HistoryPage = { rows: Array<HistoryRow>, 
/**
 * Where the next page begins; none at the end.
 */
next: string | null, 
/**
 * How the filter was understood.
 */
understood: Array<string>, 
/**
 * Up to when other tills' documents are known here.
 */
others_as_of: number | null, };

export type Document = { items: Array<DocumentItem>, taxes: Array<TaxSum>, payments: Array<Payment>, 
/**
 * What turned out not to have been paid.
 */
owed_minor: number, timeline: Array<TimelineEntry>, sale: string, number: string, local_time: string, day: string, till: string, own: boolean, by: string, lines: number, tenders: Array<string>, total_minor: number, 
/**
 * A payment of it is to be verified.
 */
to_verify: boolean, kind: Direction, sent: Sent, returned: HowMuch, };

export type DocumentItem = { returned: number, returnable: number, line: number, sku: string, name: string, direction: Direction, quantity: number, unit_price: number | null, extended_minor: number, reduction_minor: number, net_minor: number, 
/**
 * Whether its quantity can be changed; stated amounts and returns cannot.
 */
counted: boolean, 
/**
 * The line that was touched last.
 */
touched: boolean, };

export type TaxSum = { name: string, rate: string, base_minor: number, tax_minor: number, };

export type Payment = { tender: number, tender_type: string, 
/**
 * Nobody knows yet whether the money came.
 */
to_verify: boolean, amount_minor: number, given_minor: number | null, change_minor: number | null, rounding_minor: number, };

export type TimelineEntry = { local_time: string, till: string, by: string | null, 
/**
 * A message of the window's catalogue with its values, such as `event-sale-line-added`.
 */
message: string, values: { [key in string]: Value }, technical: Technical, };

export type Value = string | number;

export type Technical = { event: string, origin: string, seq: number, hash: string, };

export type ReceiptText = { columns: number, lines: Array<ReceiptLine>, copies: number, };

export type ReceiptLine = { text: string, bold: boolean, tall: boolean, centred: boolean, };

export type ShiftReport = { opened_local: string, by: string, day: string, until_local: string, documents: number, gross_sales_minor: number, gross_returns_minor: number, reductions_minor: number, net_minor: number, tax_minor: number, 
/**
 * Per tax and rate; none where a closing of an earlier version does not tell them.
 */
taxes: Array<TaxSum> | null, 
/**
 * Net of what bears no tax.
 */
untaxed_minor: number, total_minor: number, rounding_minor: number, drawer_openings: number, tenders: Array<TenderSum>, float_minor: number, cash_moves_minor: number, 
/**
 * What the drawer should hold; none for whoever may not see it before counting.
 */
expected_cash_minor: number | null, 
/**
 * The number of the Z; none of an X.
 */
number: number | null, parked: number, waiting_documents: number, };

export type TenderSum = { tender_type: string, class: TenderClass, 
/**
 * Nobody knows yet whether this money came.
 */
to_verify: boolean, count: number, amount_minor: number, counted_minor: number | null, over_short_minor: number | null, };

export type Settings = { printer: PrinterSettings | null, code_pages: Array<string>, theme: Theme, 
/**
 * In per cent.
 */
scale: number, 
/**
 * In per cent.
 */
sound: number, 
/**
 * No sounds: the border of the window flashes instead.
 */
quiet: boolean, 
/**
 * Whether an item in the cart is heard; the scanner beeps by itself.
 */
item_sound: boolean, 
/**
 * Whether a loudspeaker answered when one was last asked for.
 */
loudspeaker: boolean, denominations_minor: Array<number>, };

export type Theme = "auto" | "light" | "dark" | "high";

export type Heard = { heard: boolean, };

export type Conflict = { id: string, kind: string, state: ConflictState, title: string, happened: string, done: string, money_minor: number | null, parties: Array<Party>, choices: Array<Choice>, };

export type Party = { till: string, receipt: string | null, local_time: string | null, part: string, };

export type ConflictState = "open" | "answered";

export type Choice = { code: string, consequence: string, };

export type Acted = { cart: Cart, status: Status, done: Done | null, };

export type Fault = { code: string, kind: FaultKind, 
/**
 * The right that somebody else's word would give.
 */
permission: string | null, values: { [key in string]: Value }, };

export type FaultKind = "refused" | "needs_approval" | "unknown_code" | "not_recorded" | "stopped" | "signed_out";

export type Changed = { what: Array<Part>, };

export type Part = "status" | "cart" | "catalogue" | "history" | "printer" | "conflicts";

/** What each question is answered with. */
export type Answers = {
  status: Status;
  enrol: Status;
  start_alone: Status;
  people: PersonTile[];
  sign_in: Status;
  lock: Status;
  act: Acted;
  cart: Cart;
  departments: Department[];
  products: ProductPage;
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
  play: Heard;
  print_queue: PrintJob[];
  print_again: PrinterState;
  nothing_came_out: PrinterState;
  drop_print: PrinterState;
  sync: SyncPanel;
  sync_now: SyncPanel;
  conflicts: Conflict[];
};

export type Reply<T> = { ok: T } | { fault: Fault };
