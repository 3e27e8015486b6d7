//! Printing: what a till puts on paper, when, and what people may ask of it.
//!
//! A receipt is queued after its document is completed and printed by a task of its own, [`print()`]; selling waits for neither. The desk
//! holds queue, file and settings under a lock that is never taken together with the till's. What is printed when is decided by
//! [`daybook_core::paper::queue`]; what people may ask stands in `ask.rs`.

mod ask;
mod compose;
mod desk;
mod follow;
mod printer;
mod run;
mod settings;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use daybook_core::ids::PrintJobId;
use daybook_core::paper::queue::State;
pub use daybook_core::paper::report::ReportKind;
use daybook_core::record::Writer;
use daybook_store::{Durability, StoreError};
use serde::Serialize;
use tokio::sync::Notify;

use desk::Desk;
pub use printer::Patience;
pub use run::print;
pub use settings::{PrintSettings, PrinterSettings};

/// Why something was not printed, or not queued. The text is for people.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// The till has no printer.
    #[error("this till has no printer; set one first")]
    NoPrinter,
    /// The till knows no such completed document.
    #[error("this till does not know that receipt (yet)")]
    UnknownDocument,
    /// No shift is open.
    #[error("no shift is open")]
    NoShift,
    /// No shift was closed yet.
    #[error("no shift was closed here yet")]
    NoClosing,
    /// There is no such paper in the queue, or it is being printed now.
    #[error("that paper is not waiting")]
    NoSuchJob,
    /// As many papers wait as may.
    #[error("too many papers are waiting for the printer")]
    QueueFull,
    /// A setting makes no sense; the text says which.
    #[error("{0}")]
    Senseless(&'static str),
    /// Nothing was kept, for this reason. No sale is touched.
    #[error("nothing was kept: {0}")]
    NotKept(String),
}

impl From<StoreError> for PrintError {
    fn from(error: StoreError) -> Self {
        PrintError::NotKept(error.to_string())
    }
}

/// How printing stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PrinterState {
    /// In one word.
    pub state: PrinterWord,
    /// Papers in the queue, those in doubt included.
    pub jobs: usize,
    /// What stands in the way of the first of them, in words.
    pub why: Option<String>,
    /// Whether a drawer is connected to the printer.
    pub drawer: bool,
}

/// How printing stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PrinterWord {
    /// There is no printer.
    None,
    /// Nothing is to print.
    Ready,
    /// Something is being printed.
    Printing,
    /// Something waits: for the printer, or for a person.
    Waiting,
}

/// A paper in the queue, as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PrintJob {
    /// Its id.
    pub job: PrintJobId,
    /// What people call it, such as the printed number of a document.
    pub what: String,
    /// Whether it is marked as a copy.
    pub copy: bool,
    /// How far it is.
    pub state: State,
    /// How often it was tried.
    pub tries: u32,
    /// Why it is not done.
    pub why: Option<String>,
}

/// A receipt as it prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReceiptText {
    /// Characters in a line.
    pub columns: usize,
    /// The lines.
    pub lines: Vec<ReceiptLine>,
    /// Copies made of it so far, besides the original.
    pub copies: u32,
}

/// A line of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReceiptLine {
    /// Its text.
    pub text: String,
    /// Heavier.
    pub bold: bool,
    /// Twice as high.
    pub tall: bool,
    /// In the middle.
    pub centred: bool,
}

/// The printing side of a till.
pub(crate) struct Printing {
    desk: Mutex<Desk>,
    /// Woken when there may be something to print.
    looked: Notify,
}

impl Printing {
    /// Opens it for a data directory whose lock is held. It always opens: no trouble with paper keeps a till from selling.
    pub(crate) fn open(data: &Path, durability: Durability, writing: Option<Writer>) -> Self {
        Printing { desk: Mutex::new(Desk::open(data, durability, writing)), looked: Notify::new() }
    }

    /// Looks whether there is something to print, soon.
    pub(crate) fn look(&self) {
        self.looked.notify_one();
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
