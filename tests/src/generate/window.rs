//! The types of the window's door as TypeScript, made from the Rust types behind it.

use daybook_till::door::types as door;
use ts_rs::{Config, TS};

/// Where the file lies, from the root of the repository.
pub(super) const PATH: &str = "ui/till/src/door/types.ts";

/// The answer to each question, by its name: what `Door::answer` gives.
const ANSWERS: &[(&str, &str)] = &[
    ("status", "Status"),
    ("enrol", "Status"),
    ("start_alone", "Status"),
    ("people", "PersonTile[]"),
    ("sign_in", "Status"),
    ("lock", "Status"),
    ("act", "Acted"),
    ("cart", "Cart"),
    ("departments", "Department[]"),
    ("products", "ProductPage"),
    ("search", "Product[]"),
    ("parked", "ParkedSale[]"),
    ("history", "HistoryPage"),
    ("document", "Document"),
    ("receipt", "ReceiptText"),
    ("print", "PrinterState"),
    ("shift_report", "ShiftReport"),
    ("print_report", "PrinterState"),
    ("settings", "Settings"),
    ("set_printer", "Settings"),
    ("test_print", "PrinterState"),
    ("set_preference", "Settings"),
    ("play", "Heard"),
    ("print_queue", "PrintJob[]"),
    ("print_again", "PrinterState"),
    ("nothing_came_out", "PrinterState"),
    ("drop_print", "PrinterState"),
    ("sync", "SyncPanel"),
    ("sync_now", "SyncPanel"),
    ("conflicts", "Conflict[]"),
];

macro_rules! declared {
    ($config:expr, $($name:ident),+ $(,)?) => { vec![$(<door::$name as TS>::decl($config)),+] };
}

/// The text of the file.
pub(super) fn types() -> String {
    let config = Config::new().with_large_int("number");
    let declared = declared!(
        &config,
        Request,
        Approval,
        ReportKind,
        Preference,
        Sound,
        Act,
        TenderFate,
        CashWay,
        Counted,
        CardNote,
        Currency,
        Status,
        Phase,
        Place,
        OpenShift,
        Stopped,
        Right,
        Notice,
        Ailment,
        Person,
        PersonTile,
        SyncSummary,
        SyncState,
        SyncPanel,
        PrinterState,
        PrinterPhase,
        PrinterSettings,
        PrintJob,
        JobState,
        CartLine,
        Direction,
        Cart,
        TakenTender,
        TenderKind,
        TenderClass,
        Done,
        Product,
        Department,
        ProductPage,
        ParkedSale,
        HistoryRow,
        Sent,
        HowMuch,
        HistoryPage,
        Document,
        DocumentItem,
        TaxSum,
        Payment,
        TimelineEntry,
        Value,
        Technical,
        ReceiptText,
        ReceiptLine,
        ShiftReport,
        TenderSum,
        Settings,
        Theme,
        Heard,
        Conflict,
        Party,
        ConflictState,
        Choice,
        Acted,
        Fault,
        FaultKind,
        Changed,
        Part,
    );
    let mut text = String::from(
        "// The door between the window and the till, as types: made from till/src/door/types.rs by `make generate`.\n\
         // Amounts are minor units, quantities thousandths, unit prices ten-thousandths of a minor unit, instants microseconds since 1970.\n\n\
         export type Minor = number;\n\
         export type Quantity = number;\n\
         export type UnitPrice = number;\n\n",
    );
    for declaration in declared {
        text.push_str(&format!("export {declaration}\n\n"));
    }
    text.push_str("/** What each question is answered with. */\nexport type Answers = {\n");
    for (ask, answer) in ANSWERS {
        text.push_str(&format!("  {ask}: {answer};\n"));
    }
    text.push_str("};\n\nexport type Reply<T> = { ok: T } | { fault: Fault };\n");
    text
}
