//! What goes through the door between the window and the till: questions, acts, answers. Plain data with plain numbers.
//!
//! Amounts are minor units of the shop's currency, quantities thousandths of a unit (negative takes back), unit prices ten-thousandths of
//! a minor unit, instants microseconds since 1970, ids UUIDs as text. `make generate` writes these types as TypeScript for the window.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An amount in minor units.
pub type Minor = i64;
/// A quantity in thousandths.
pub type Quantity = i64;
/// Microseconds since 1970.
pub type Instant = i64;

macro_rules! door {
    ($($(#[$meta:meta])* pub $what:ident $name:ident $body:tt)+) => {$(
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
        $(#[$meta])*
        pub $what $name $body
    )+};
}

door! {
    /// What the window asks. The answer's type stands in `Answers` under the same name.
    #[serde(tag = "ask", rename_all = "snake_case")]
    #[allow(missing_docs, reason = "questions are named for what they ask")]
    pub enum Request {
        Status,
        /// Join a store: head office's address, the one-time code it gave out, and the till's name that the code was made for.
        Enrol { server: String, code: String, name: String },
        /// Open a shop of one till without a head office. Prices include tax or do not.
        StartAlone {
            store: String,
            till: String,
            currency: String,
            time_zone: String,
            prices_include_tax: bool,
            owner: String,
            pin: String,
        },
        People,
        SignIn { staff: String, pin: String },
        /// Nobody is at the till any more; the cart stays.
        Lock,
        /// Change the books. `command` is a UUID made by the window: asking again with the same one is answered, never done twice.
        Act { command: String, act: Act, approval: Option<Approval> },
        Cart,
        Departments,
        Products { department: Option<String>, offset: u32, limit: u32 },
        Search { text: String, limit: u32 },
        Parked,
        /// The newest documents first; `filter` holds words such as `today`, `>50`, `card`, `#1042`.
        History { filter: String, before: Option<String>, limit: u32 },
        Document { sale: String },
        Receipt { sale: String },
        Print { sale: String },
        ShiftReport,
        PrintReport { kind: ReportKind },
        Settings,
        SetPrinter { printer: Option<PrinterSettings> },
        TestPrint,
        SetPreference { name: Preference, value: String },
        /// At the till's volume; the answer says whether it is heard.
        Play { sound: Sound },
        PrintQueue,
        PrintAgain { job: String },
        /// An unsure paper of which nothing came out: it is printed again as the original.
        NothingCameOut { job: String },
        DropPrint { job: String },
        Sync,
        SyncNow,
        Conflicts,
    }

    /// Another person's word for one act.
    pub struct Approval {
        /// Who.
        pub staff: String,
        /// Their PIN.
        pub pin: String,
    }

    /// X reads a shift, Z has closed one.
    #[serde(rename_all = "snake_case")]
    #[allow(missing_docs, reason = "X and Z are the trade's names")]
    pub enum ReportKind { X, Z }

    /// A preference of this till.
    #[serde(rename_all = "snake_case")]
    #[allow(missing_docs, reason = "preferences are named for what they set")]
    pub enum Preference { Theme, Scale, Sound, Quiet, ItemSound }

    /// A sound of the counter.
    #[derive(Copy, Eq)]
    #[serde(rename_all = "snake_case")]
    pub enum Sound {
        /// An item is in the cart.
        Added,
        /// Not recognised, or refused.
        Refused,
        /// Somebody has to decide something.
        Attention,
        /// The sale is paid.
        Paid,
    }

    /// What changes the till's books.
    #[serde(tag = "do", rename_all = "snake_case")]
    #[allow(missing_docs, reason = "acts and their fields are named for what they do")]
    pub enum Act {
        OpenShift { float_minor: Minor },
        MoveCash { way: CashWay, amount_minor: Minor, reason: String },
        /// Counts and closes: the Z.
        CloseShift { counted: Vec<Counted> },
        /// Adds a product by SKU or barcode; opens a sale where none is open.
        Add { code: String, quantity: Quantity },
        /// Adds something that the catalogue does not know.
        AddOpen { sku: String, name: String, department: Option<String>, amount_minor: Minor, quantity: Quantity },
        SetQuantity { line: u32, quantity: Quantity },
        Remove { line: u32 },
        /// Another price for a line: it is taken out and entered again at this price.
        SetPrice { line: u32, unit_price: i64, reason: String },
        /// On a line, or on the whole sale: a percentage such as `10` or an amount.
        Discount { line: Option<u32>, percent: Option<String>, amount_minor: Option<Minor>, reason: String },
        /// Takes goods of a completed document back into the open cart, or into a new return.
        ReturnLine { sale: String, line: u32, quantity: Quantity, restocked: bool },
        /// Takes the last change of the cart back.
        Undo,
        Park,
        Recall { parked: String },
        /// Gives the whole sale up.
        Abandon { reason: Option<String> },
        /// Takes a tender, exactly what is due where no amount is given; completes the sale in the same commit where it settles all.
        Tender { tender_type: String, given_minor: Option<Minor>, card: Option<CardNote> },
        /// Takes a tender back before the sale is completed.
        RemoveTender { tender: u32, fate: TenderFate },
        /// What the terminal turned out to say about a payment of a completed document whose outcome was not known.
        SettleTender { sale: String, tender: u32, charged: bool },
        /// Opens the drawer without a sale.
        OpenDrawer { reason: String },
    }

    /// Handed back from the drawer · taken back by the card terminal · keyed by mistake, no money had moved.
    #[serde(rename_all = "snake_case")]
    #[derive(Eq)]
    #[allow(missing_docs, reason = "the line above names them")]
    pub enum TenderFate { HandedBack, Reversed, NotTaken }

    /// Which way cash moves: in, out, or into the safe.
    #[serde(rename_all = "snake_case")]
    #[allow(missing_docs, reason = "ways are named for themselves")]
    pub enum CashWay { In, Out, Drop }

    /// What was counted of a tender type.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Counted { pub tender_type: String, pub counted_minor: Minor }

    /// What a separate card terminal said.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct CardNote {
        pub last_four: Option<String>,
        pub authorisation: Option<String>,
        /// Nobody could learn whether the card was charged.
        pub outcome_unknown: bool,
    }
}

door! {
    /// Currency with its number of decimals.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Currency { pub code: String, pub exponent: u8 }

    /// How the till stands.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Status {
        pub version: String,
        pub phase: Phase,
        /// None before the till belongs to a store.
        pub place: Option<Place>,
        pub currency: Currency,
        /// BCP 47, for numbers and dates.
        pub locale: String,
        /// The store's time zone, such as `Europe/Berlin`.
        pub time_zone: String,
        pub demo: bool,
        pub person: Option<Person>,
        /// What the person at the till may do, by permission such as `discount`; empty where nobody is there.
        pub rights: BTreeMap<String, Right>,
        /// What the last close left in the drawer.
        pub last_float_minor: Option<Minor>,
        pub shift: Option<OpenShift>,
        pub sync: SyncSummary,
        pub printer: PrinterState,
        pub products: i64,
        pub open_conflicts: i64,
        /// What the till has to say about its own health.
        pub notices: Vec<Notice>,
        /// Set where nothing can be recorded until the till is started again.
        pub stopped: Option<Stopped>,
    }

    /// May do it · somebody else has to approve it · may not.
    #[serde(rename_all = "snake_case")]
    #[allow(missing_docs, reason = "the line above names them")]
    pub enum Right { Allowed, NeedsApproval, Denied }

    /// Something about the till's own health.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Notice {
        pub what: Ailment,
        /// Whether a person has to do something.
        pub urgent: bool,
        /// What the machine says about it, for whoever repairs it.
        pub why: Option<String>,
    }

    /// Lists were built anew · they are in memory · the second copy of the books is not written · the books came back from the
    /// second copy · the disk gets full · room has to be made now · what is sent can be read on the way · keys lie in a file.
    #[serde(rename_all = "snake_case")]
    #[derive(Eq)]
    #[allow(missing_docs, reason = "the lines above name them")]
    pub enum Ailment { ListsRebuilt, ListsInMemory, CopyNotWritten, BooksTakenBack, StorageLow, StorageScarce, InTheClear, KeysInFile, OfficeLacks }

    /// How far a till has come.
    #[serde(rename_all = "snake_case")]
    #[allow(missing_docs, reason = "phases are named for what happens in them")]
    pub enum Phase { New, Loading, Ready }

    /// Where the till stands.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Place { pub store: String, pub till: String, pub series: String, pub alone: bool }

    /// The open shift.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct OpenShift { pub opened_local: String, pub day: String, pub float_minor: Minor, pub by: String }

    /// Why nothing can be recorded, and the last thing that was.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Stopped { pub why: String, pub last_number: Option<String>, pub last_local: Option<String> }

    /// A person at the till.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Person { pub staff: String, pub name: String, pub number: String, pub role: String }

    /// A person who may sign in.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct PersonTile {
        pub staff: String,
        pub name: String,
        pub number: String,
        pub role: String,
        pub has_pin: bool,
        pub locked_until: Option<Instant>,
        /// The permissions that their role allows without asking anybody: what they may approve.
        pub may: Vec<String>,
    }

    /// How synchronisation stands, in short.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct SyncSummary {
        pub state: SyncState,
        /// Records not yet at head office.
        pub waiting_events: i64,
        /// Sales among them, and their money.
        pub waiting_documents: i64,
        pub waiting_minor: Minor,
        pub oldest_waiting: Option<Instant>,
        pub last_contact: Option<Instant>,
        /// When everything head office had was here; none where that never was.
        pub prices_as_of: Option<Instant>,
        /// The till's clock minus head office's, in microseconds.
        pub clock_ahead: Option<i64>,
    }

    /// all sent · sending · nobody answers · head office does not take our records · it keeps them apart · there is no head office.
    #[serde(rename_all = "snake_case")]
    #[allow(missing_docs, reason = "the line above names them")]
    pub enum SyncState { InStep, Sending, Offline, Refused, Held, Alone }

    /// How synchronisation stands, for whoever looks closer.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct SyncPanel {
        #[serde(flatten)]
        pub summary: SyncSummary,
        pub server: Option<String>,
        pub last_error: Option<String>,
        pub next_try: Option<Instant>,
        pub storage_free_bytes: Option<i64>,
    }

    /// How the printer stands.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct PrinterState {
        pub state: PrinterPhase,
        pub jobs: u32,
        pub why: Option<String>,
        /// Whether a drawer is connected to it.
        pub drawer: bool,
    }

    /// No printer is set · nothing to do · a job is on its way · a job waits for the printer.
    #[serde(rename_all = "snake_case")]
    #[allow(missing_docs, reason = "the line above names them")]
    pub enum PrinterPhase { None, Ready, Printing, Waiting }

    /// The receipt printer.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct PrinterSettings { pub address: String, pub code_page: String, pub columns: u32, pub cuts: bool, pub drawer: bool }

    /// A job in the print queue.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct PrintJob { pub job: String, pub what: String, pub copy: bool, pub state: JobState, pub tries: u32, pub why: Option<String> }

    /// `unsure`: its bytes may have reached the paper, so it is printed again only as a copy.
    #[serde(rename_all = "snake_case")]
    #[allow(missing_docs, reason = "states are named for themselves")]
    pub enum JobState { Waiting, Printing, Unsure }
}

door! {
    /// A line of the cart or of a document.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct CartLine {
        pub line: u32,
        pub sku: String,
        pub name: String,
        pub direction: Direction,
        pub quantity: Quantity,
        pub unit_price: Option<i64>,
        pub extended_minor: Minor,
        pub reduction_minor: Minor,
        pub net_minor: Minor,
        /// Whether its quantity can be changed; stated amounts and returns cannot.
        pub counted: bool,
        /// The line that was touched last.
        pub touched: bool,
    }

    /// Goods go out or come back.
    #[serde(rename_all = "snake_case")]
    #[allow(missing_docs, reason = "directions are named for themselves")]
    pub enum Direction { Sale, Return }

    /// The open cart as it stands, reckoned.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Cart {
        pub sale: Option<String>,
        pub lines: Vec<CartLine>,
        pub net_minor: Minor,
        pub tax_minor: Minor,
        pub reduction_minor: Minor,
        pub total_minor: Minor,
        pub prices_include_tax: bool,
        pub pieces: Quantity,
        pub tenders: Vec<TakenTender>,
        /// Still to be paid (negative: to be paid out), before cash rounding.
        pub due_minor: Minor,
        /// What exact cash would be.
        pub due_cash_minor: Minor,
        /// Plausible amounts of notes above the rest.
        pub quick_minor: Vec<Minor>,
        pub tender_types: Vec<TenderKind>,
        pub can_undo: bool,
        pub parked: u32,
        /// The document that was completed last in this shift.
        pub last: Option<Done>,
    }

    /// A tender taken.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct TakenTender {
        pub tender: u32,
        pub tender_type: String,
        pub class: TenderClass,
        /// Nobody knows yet whether the money came.
        pub to_verify: bool,
        pub amount_minor: Minor,
        pub given_minor: Option<Minor>,
        pub change_minor: Option<Minor>,
    }

    /// A tender type of the store.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct TenderKind { pub tender_type: String, pub class: TenderClass }

    /// What a tender type is in the books.
    #[serde(rename_all = "snake_case")]
    #[allow(missing_docs, reason = "classes are named for themselves")]
    pub enum TenderClass { Cash, Card, Claim, StoredValue, Account }

    /// A completed document.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Done {
        pub sale: String,
        pub number: String,
        pub total_minor: Minor,
        pub received_minor: Minor,
        pub change_minor: Minor,
        pub lines: Vec<CartLine>,
        pub local_time: String,
    }

    /// A product as lists show it.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Product {
        pub product: String,
        pub sku: String,
        pub name: String,
        pub department: Option<String>,
        pub price: Option<i64>,
        pub unit: Option<String>,
        /// As far as this till knows; none where stock is not tracked or not known.
        pub on_hand: Option<Quantity>,
    }

    /// A department and how many products it has.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Department { pub department: String, pub products: i64 }

    /// A page of products.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct ProductPage { pub rows: Vec<Product>, pub total: i64 }

    /// A sale set aside at this till.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct ParkedSale {
        pub sale: String,
        pub local_time: String,
        pub by: String,
        pub first_item: String,
        pub lines: u32,
        pub total_minor: Minor,
    }
}

door! {
    /// A completed document in the history.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct HistoryRow {
        pub sale: String,
        pub number: String,
        pub local_time: String,
        pub day: String,
        pub till: String,
        pub own: bool,
        pub by: String,
        pub lines: i64,
        pub tenders: Vec<String>,
        pub total_minor: Minor,
        /// A payment of it is to be verified.
        pub to_verify: bool,
        pub kind: Direction,
        pub sent: Sent,
        pub returned: HowMuch,
    }

    /// On this till only, yet · head office has it.
    #[serde(rename_all = "snake_case")]
    #[allow(missing_docs, reason = "the line above names them")]
    pub enum Sent { Here, AtHeadOffice }

    /// How much of a document came back.
    #[serde(rename_all = "snake_case")]
    #[allow(missing_docs, reason = "named for itself")]
    pub enum HowMuch { None, Part, Whole }

    /// A page of the history, newest first.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct HistoryPage {
        pub rows: Vec<HistoryRow>,
        /// Where the next page begins; none at the end.
        pub next: Option<String>,
        /// How the filter was understood.
        pub understood: Vec<String>,
        /// Up to when other tills' documents are known here.
        pub others_as_of: Option<Instant>,
    }

    /// A document with everything that is known of it.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Document {
        #[serde(flatten)]
        pub row: HistoryRow,
        pub items: Vec<DocumentItem>,
        pub taxes: Vec<TaxSum>,
        pub payments: Vec<Payment>,
        /// What turned out not to have been paid.
        pub owed_minor: Minor,
        pub timeline: Vec<TimelineEntry>,
    }

    /// A line of a document, with what came back of it.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct DocumentItem {
        #[serde(flatten)]
        pub line: CartLine,
        pub returned: Quantity,
        pub returnable: Quantity,
    }

    /// A tax at a rate.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct TaxSum { pub name: String, pub rate: String, pub base_minor: Minor, pub tax_minor: Minor }

    /// How a document was paid.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Payment {
        pub tender: u32,
        pub tender_type: String,
        /// Nobody knows yet whether the money came.
        pub to_verify: bool,
        pub amount_minor: Minor,
        pub given_minor: Option<Minor>,
        pub change_minor: Option<Minor>,
        pub rounding_minor: Minor,
    }

    /// Something that happened to a document.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct TimelineEntry {
        pub local_time: String,
        pub till: String,
        pub by: Option<String>,
        /// A message of the window's catalogue with its values, such as `event-sale-line-added`.
        pub message: String,
        pub values: BTreeMap<String, Value>,
        pub technical: Technical,
    }

    /// A value in a sentence.
    #[serde(untagged)]
    #[allow(missing_docs, reason = "named for themselves")]
    pub enum Value { Text(String), Number(i64) }

    /// An event, for whoever wants to see it.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Technical { pub event: String, pub origin: String, pub seq: i64, pub hash: String }

    /// A receipt as it prints.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct ReceiptText { pub columns: u32, pub lines: Vec<ReceiptLine>, pub copies: u32 }

    /// A line of a receipt.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct ReceiptLine { pub text: String, pub bold: bool, pub tall: bool, pub centred: bool }

    /// The sums of a shift.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct ShiftReport {
        pub opened_local: String,
        pub by: String,
        pub day: String,
        pub until_local: String,
        pub documents: i64,
        pub gross_sales_minor: Minor,
        pub gross_returns_minor: Minor,
        pub reductions_minor: Minor,
        pub net_minor: Minor,
        pub tax_minor: Minor,
        /// Per tax and rate; none where a closing of an earlier version does not tell them.
        pub taxes: Option<Vec<TaxSum>>,
        /// Net of what bears no tax.
        pub untaxed_minor: Minor,
        pub total_minor: Minor,
        pub rounding_minor: Minor,
        pub drawer_openings: u32,
        pub tenders: Vec<TenderSum>,
        pub float_minor: Minor,
        pub cash_moves_minor: Minor,
        /// What the drawer should hold; none for whoever may not see it before counting.
        pub expected_cash_minor: Option<Minor>,
        /// The number of the Z; none of an X.
        pub number: Option<i64>,
        pub parked: u32,
        pub waiting_documents: i64,
    }

    /// What was taken of a tender type.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct TenderSum {
        pub tender_type: String,
        pub class: TenderClass,
        /// Nobody knows yet whether this money came.
        pub to_verify: bool,
        pub count: u32,
        pub amount_minor: Minor,
        pub counted_minor: Option<Minor>,
        pub over_short_minor: Option<Minor>,
    }

    /// The till's own settings.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Settings {
        pub printer: Option<PrinterSettings>,
        pub code_pages: Vec<String>,
        pub theme: Theme,
        /// In per cent.
        pub scale: u32,
        /// In per cent.
        pub sound: u32,
        /// No sounds: the border of the window flashes instead.
        pub quiet: bool,
        /// Whether an item in the cart is heard; the scanner beeps by itself.
        pub item_sound: bool,
        /// Whether a loudspeaker answered when one was last asked for.
        pub loudspeaker: bool,
        pub denominations_minor: Vec<Minor>,
    }

    /// Whether a sound is heard: a till that is quiet, or has no loudspeaker, shows it.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Heard { pub heard: bool }

    /// Light, dark, or with much contrast in whichever of the two the system has.
    #[derive(Eq)]
    #[serde(rename_all = "snake_case")]
    #[allow(missing_docs, reason = "named for themselves")]
    pub enum Theme { Auto, Light, Dark, High }

    /// A disagreement that waits for a person, or waited.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Conflict {
        pub id: String,
        pub kind: String,
        pub state: ConflictState,
        pub title: String,
        pub happened: String,
        pub done: String,
        pub money_minor: Option<Minor>,
        pub parties: Vec<Party>,
        pub choices: Vec<Choice>,
    }

    /// Whether somebody has answered.
    #[serde(rename_all = "snake_case")]
    #[allow(missing_docs, reason = "named for themselves")]
    pub enum ConflictState { Open, Answered }

    /// Somebody or something involved.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Party { pub till: String, pub receipt: Option<String>, pub local_time: Option<String>, pub part: String }

    /// An answer that can be given.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Choice { pub code: String, pub consequence: String }

    /// What an act led to.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Acted { pub cart: Cart, pub status: Status, pub done: Option<Done> }
}

door! {
    /// Why the till says no: a sentence of the window's catalogue (`fault-<code>`) with its values.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Fault {
        pub code: String,
        pub kind: FaultKind,
        /// The right that somebody else's word would give.
        pub permission: Option<String>,
        pub values: BTreeMap<String, Value>,
    }

    /// The business says no · somebody else may approve · nothing has that code · nothing was recorded, ask again · the till must be started
    /// again · nobody is signed in.
    #[serde(rename_all = "snake_case")]
    #[allow(missing_docs, reason = "the lines above name them")]
    pub enum FaultKind { Refused, NeedsApproval, UnknownCode, NotRecorded, Stopped, SignedOut }

    /// What the till tells of itself without being asked: the window then asks again for what it shows.
    #[allow(missing_docs, reason = "fields are named for what they hold")]
    pub struct Changed { pub what: Vec<Part> }

    /// A part of what the window shows.
    #[serde(rename_all = "snake_case")]
    #[allow(missing_docs, reason = "named for themselves")]
    pub enum Part { Status, Cart, Catalogue, History, Printer, Conflicts }
}
