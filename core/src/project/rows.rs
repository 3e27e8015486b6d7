//! The rows of the read models, as projection gives them: plain data in the units of the events.
//!
//! Rows that stand for one event carry its hash, which makes inserting them again harmless. Ids of stores, tills and products are
//! turned into names by the engines when people ask.

use serde_json::Value;
use std::collections::BTreeMap;

use crate::chain::Hash;
use crate::envelope::Envelope;
use crate::event::origin::{Opened as OriginOpened, Role};
use crate::event::sale::{
    BegunAs, Completed, Direction, Line, Prices, Reference, Tender, TenderState, Terms,
};
use crate::event::shift::{Closed, Opened as ShiftOpened};
use crate::ids::{CustomerId, EventId, OriginId, ProductId, SaleId, ShiftId, StaffId, StoreId, TillId};
use crate::time::Day;

/// The canonical order of events: by `at`, then origin, then number. It never depends on arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderKey {
    /// The envelope's order key.
    pub at: i64,
    /// The origin.
    pub origin: OriginId,
    /// The number in its chain.
    pub seq: i64,
}

/// A completed document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The completing event.
    pub hash: Hash,
    /// Its place in the canonical order.
    pub order: OrderKey,
    /// The id of the completing event; parts of the lines name it.
    pub document: EventId,
    /// The sale.
    pub sale: SaleId,
    /// The store.
    pub store: StoreId,
    /// The till.
    pub till: TillId,
    /// The shift.
    pub shift: ShiftId,
    /// The business day.
    pub day: Option<Day>,
    /// The till's clock, in microseconds.
    pub wall: i64,
    /// How it was begun.
    pub begun_as: BegunAs,
    /// Series of its printed number.
    pub series: String,
    /// Its printed number.
    pub number: i64,
    /// Letters of its currency.
    pub currency: String,
    /// Decimals of its currency.
    pub exponent: u8,
    /// Number of lines.
    pub lines: i64,
    /// Gross sales.
    pub gross_sales_minor: i64,
    /// Gross returns.
    pub gross_returns_minor: i64,
    /// Reductions.
    pub reductions_minor: i64,
    /// Net.
    pub net_minor: i64,
    /// Tax.
    pub tax_minor: i64,
    /// Total.
    pub total_minor: i64,
    /// Cash rounding.
    pub rounding_minor: i64,
    /// The customer.
    pub customer: Option<CustomerId>,
    /// Who acted.
    pub actor: Option<StaffId>,
    /// Who approved.
    pub approver: Option<StaffId>,
    /// Local time.
    pub local_time: String,
    /// Number of events that hold lines before it.
    pub parts: i64,
    /// The parked sale it goes on with.
    pub from_parked: Option<SaleId>,
    /// The document it voids.
    pub voids: Option<SaleId>,
}

impl Document {
    /// The row of a completing event.
    pub fn of(hash: Hash, order: OrderKey, envelope: &Envelope, completed: &Completed) -> Self {
        let totals = &completed.totals;
        Document {
            hash,
            order,
            document: envelope.id,
            sale: completed.sale,
            store: completed.store,
            till: completed.till,
            shift: completed.shift,
            day: envelope.day,
            wall: envelope.wall,
            begun_as: completed.begun_as,
            series: completed.number.series.clone(),
            number: completed.number.number,
            currency: completed.terms.currency.code.code().to_owned(),
            exponent: completed.terms.currency.exponent,
            lines: i64::from(totals.lines),
            gross_sales_minor: totals.gross_sales_minor.get(),
            gross_returns_minor: totals.gross_returns_minor.get(),
            reductions_minor: totals.reductions_minor.get(),
            net_minor: totals.net_minor.get(),
            tax_minor: totals.tax_minor.get(),
            total_minor: totals.total_minor.get(),
            rounding_minor: totals.rounding_minor.get(),
            customer: completed.customer,
            actor: envelope.actor,
            approver: envelope.approver,
            local_time: completed.local_time.clone(),
            parts: i64::from(completed.parts),
            from_parked: completed.from_parked,
            voids: completed.voids,
        }
    }
}

/// A line of a completed document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentLine {
    /// The event that holds it.
    pub hash: Hash,
    /// Its number.
    pub line: i64,
    /// The id of the completing event.
    pub document: EventId,
    /// The sale.
    pub sale: SaleId,
    /// Sells or takes back.
    pub direction: Direction,
    /// What it is about, as in events.
    pub kind: String,
    /// The product.
    pub product: Option<ProductId>,
    /// Its code.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// Its department.
    pub department: Option<String>,
    /// How much, in thousandths.
    pub quantity: i64,
    /// Extended amount.
    pub extended_minor: i64,
    /// Where that comes from, as in events.
    pub extended_from: String,
    /// Sum of its reductions.
    pub reductions_minor: i64,
    /// Net.
    pub net_minor: i64,
    /// Sum of its taxes.
    pub tax_minor: i64,
    /// How the document states prices.
    pub prices: Prices,
    /// Its reductions, as JSON; none where there are none.
    pub reductions: Option<String>,
    /// Cost of one unit in ten-thousandths of a minor unit, where it was known.
    pub cost: Option<i64>,
}

impl DocumentLine {
    /// The row of a line in an event.
    pub fn of(hash: Hash, sale: SaleId, document: EventId, terms: &Terms, line: &Line) -> Self {
        let entered = &line.entered;
        DocumentLine {
            hash,
            line: i64::from(entered.line),
            document,
            sale,
            direction: entered.direction,
            kind: word(&entered.kind),
            product: entered.product,
            sku: entered.sku.clone(),
            name: entered.name.clone(),
            department: entered.department.clone(),
            quantity: entered.quantity.thousandths(),
            extended_minor: entered.extended_minor.get(),
            extended_from: word(&entered.extended_from),
            reductions_minor: entered
                .reductions
                .iter()
                .map(|r| r.amount_minor)
                .sum::<crate::amount::Minor>()
                .get(),
            net_minor: line.net_minor.get(),
            tax_minor: line.tax_amounts.iter().map(|t| t.amount_minor).sum::<crate::amount::Minor>().get(),
            prices: terms.prices,
            reductions: list(&entered.reductions),
            cost: entered.unit_cost.map(crate::amount::UnitPrice::ten_thousandths),
        }
    }
}

/// A tender of a completed document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentTender {
    /// The completing event.
    pub hash: Hash,
    /// Its number.
    pub tender: i64,
    /// Its type.
    pub tender_type: String,
    /// Its class, as in events.
    pub class: String,
    /// What was kept of it.
    pub amount_minor: i64,
    /// What was given.
    pub given_minor: Option<i64>,
    /// What went back.
    pub change_minor: Option<i64>,
    /// Whether its outcome is still to be verified.
    pub to_verify: bool,
}

impl DocumentTender {
    /// The row of a tender.
    pub fn of(hash: Hash, tender: &Tender) -> Self {
        DocumentTender {
            hash,
            tender: i64::from(tender.tender),
            tender_type: tender.tender_type.clone(),
            class: word(&tender.class),
            amount_minor: tender.amount_minor.get(),
            given_minor: tender.given_minor.map(crate::amount::Minor::get),
            change_minor: tender.change_minor.map(crate::amount::Minor::get),
            to_verify: tender.state == TenderState::ToVerify,
        }
    }
}

/// A return line's claim on an earlier line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The event that holds the return line.
    pub hash: Hash,
    /// Its place in the canonical order.
    pub order: OrderKey,
    /// The returning document.
    pub by_sale: SaleId,
    /// The return line.
    pub by_line: i64,
    /// Position among the line's references.
    pub position: i64,
    /// The earlier document.
    pub sale: SaleId,
    /// Its line.
    pub line: i64,
    /// How much of it, in thousandths; positive.
    pub quantity: i64,
    /// What of its net amount.
    pub amount_minor: i64,
    /// The return line's taxes in the sign of the original, as JSON list of amounts in the original's order; none where the
    /// line was not taken from the original and nothing can be said.
    pub taxes: Option<String>,
}

impl Claim {
    /// The claim of one reference of a return line.
    pub fn of(
        hash: Hash,
        order: OrderKey,
        by_sale: SaleId,
        line: &Line,
        position: i64,
        reference: &Reference,
    ) -> Self {
        let taken = line.entered.taxes_taken.is_some() && line.entered.references.len() == 1;
        let taxes: Vec<i64> = line.tax_amounts.iter().map(|tax| -tax.amount_minor.get()).collect();
        Claim {
            hash,
            order,
            by_sale,
            by_line: i64::from(line.entered.line),
            position,
            sale: reference.sale,
            line: i64::from(reference.line),
            quantity: reference.quantity.thousandths(),
            amount_minor: reference.amount_minor.get(),
            taxes: taken.then(|| json(&taxes)),
        }
    }
}

/// What moved goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockMoveKind {
    /// A sale line.
    Sold,
    /// A return line whose goods went back on the shelf.
    Returned,
    /// From a supplier. The first one is a baseline.
    Received,
    /// Found, broken, stolen.
    Adjusted,
    /// An absolute statement, and a baseline.
    Counted,
    /// To another store.
    Sent,
    /// From another store.
    Arrived,
}

impl StockMoveKind {
    /// The word that stands in tables.
    pub fn word(self) -> &'static str {
        match self {
            StockMoveKind::Sold => "sold",
            StockMoveKind::Returned => "returned",
            StockMoveKind::Received => "received",
            StockMoveKind::Adjusted => "adjusted",
            StockMoveKind::Counted => "counted",
            StockMoveKind::Sent => "sent",
            StockMoveKind::Arrived => "arrived",
        }
    }

    /// The kind behind a word.
    pub fn from_word(word: &str) -> Option<Self> {
        use StockMoveKind as K;
        [K::Sold, K::Returned, K::Received, K::Adjusted, K::Counted, K::Sent, K::Arrived]
            .into_iter()
            .find(|k| k.word() == word)
    }
}

/// Goods of a product moved in or out of a store, or counted there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockMove {
    /// The event.
    pub hash: Hash,
    /// Its place in the canonical order.
    pub order: OrderKey,
    /// The line in it.
    pub line: u32,
    /// The store.
    pub store: StoreId,
    /// The product.
    pub product: ProductId,
    /// What moved it.
    pub kind: StockMoveKind,
    /// Thousandths; what is there for a count, else in (positive) or out.
    pub quantity: i64,
    /// Whether the product was tracked then.
    pub tracked: bool,
    /// What the selling till showed as on hand, in thousandths.
    pub shown: Option<i64>,
}

/// An edit of a shared description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The event.
    pub hash: Hash,
    /// Its place in the canonical order.
    pub order: OrderKey,
    /// What it describes: a stream.
    pub subject: String,
    /// The heads it had seen.
    pub base: Vec<Hash>,
    /// The fields it sets.
    pub fields: BTreeMap<String, Value>,
}

/// A log that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginRow {
    /// The opening event.
    pub hash: Hash,
    /// Its place in the canonical order.
    pub order: OrderKey,
    /// Head office or till.
    pub role: Role,
    /// The store.
    pub store: Option<StoreId>,
    /// The till.
    pub till: Option<TillId>,
    /// Its name.
    pub name: String,
    /// Series of its printed numbers.
    pub series: String,
    /// The origin it goes on from, and that one's last event known there.
    pub parent: Option<(OriginId, i64)>,
    /// Why it was opened, as in events.
    pub reason: String,
}

impl OriginRow {
    /// The row of an opening event.
    pub fn opened(hash: Hash, order: OrderKey, opened: &OriginOpened) -> Self {
        OriginRow {
            hash,
            order,
            role: opened.role,
            store: opened.store,
            till: opened.till,
            name: opened.name.clone(),
            series: opened.series.clone(),
            parent: opened.parent.as_ref().map(|parent| (parent.origin, parent.tip.seq)),
            reason: word(&opened.reason),
        }
    }
}

/// A shift that was opened or closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShiftRow {
    /// The event.
    pub hash: Hash,
    /// Its place in the canonical order.
    pub order: OrderKey,
    /// The shift.
    pub shift: ShiftId,
    /// The store.
    pub store: StoreId,
    /// The till.
    pub till: TillId,
    /// The business day.
    pub day: Day,
    /// Letters of its currency.
    pub currency: String,
    /// Float, for an opening.
    pub float_minor: Option<i64>,
    /// The Z, for a closing.
    pub closed: Option<Closed>,
}

impl ShiftRow {
    /// The row of an opening.
    pub fn opened(hash: Hash, order: OrderKey, opened: &ShiftOpened) -> Self {
        ShiftRow {
            hash,
            order,
            shift: opened.shift,
            store: opened.store,
            till: opened.till,
            day: opened.day,
            currency: opened.currency.code.code().to_owned(),
            float_minor: Some(opened.float_minor.get()),
            closed: None,
        }
    }

    /// The row of a closing.
    pub fn closed(hash: Hash, order: OrderKey, closed: &Closed) -> Self {
        ShiftRow {
            hash,
            order,
            shift: closed.shift,
            store: closed.store,
            till: closed.till,
            day: closed.day,
            currency: closed.currency.code.code().to_owned(),
            float_minor: None,
            closed: Some(closed.clone()),
        }
    }
}

/// Somebody's answer to a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The event.
    pub hash: Hash,
    /// Its place in the canonical order.
    pub order: OrderKey,
    /// Who answered.
    pub actor: Option<StaffId>,
    /// The conflict.
    pub conflict: String,
    /// The evidence that was seen.
    pub evidence: Hash,
    /// The option chosen.
    pub option: String,
}

/// A business day of one origin in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DayKey {
    /// The store.
    pub store: StoreId,
    /// The origin; engines turn it into its till.
    pub origin: OriginId,
    /// The day; none for what falls on no day.
    pub day: Option<Day>,
}

/// Sums of a business day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DaySums {
    /// Completed documents.
    pub documents: i64,
    /// Their lines.
    pub lines: i64,
    /// Gross sales.
    pub gross_sales_minor: i64,
    /// Gross returns.
    pub gross_returns_minor: i64,
    /// Reductions.
    pub reductions_minor: i64,
    /// Net.
    pub net_minor: i64,
    /// Tax.
    pub tax_minor: i64,
    /// Totals.
    pub total_minor: i64,
    /// Cash rounding.
    pub rounding_minor: i64,
    /// Net of documents begun as returns.
    pub refunds_minor: i64,
    /// Stock adjustments.
    pub adjustments: i64,
    /// Their lines.
    pub adjusted_lines: i64,
}

impl std::ops::AddAssign for DaySums {
    fn add_assign(&mut self, other: Self) {
        self.documents += other.documents;
        self.lines += other.lines;
        self.gross_sales_minor += other.gross_sales_minor;
        self.gross_returns_minor += other.gross_returns_minor;
        self.reductions_minor += other.reductions_minor;
        self.net_minor += other.net_minor;
        self.tax_minor += other.tax_minor;
        self.total_minor += other.total_minor;
        self.rounding_minor += other.rounding_minor;
        self.refunds_minor += other.refunds_minor;
        self.adjustments += other.adjustments;
        self.adjusted_lines += other.adjusted_lines;
    }
}

/// A unit variant of an event's word, as it stands in JSON.
pub fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn list<T: serde::Serialize>(values: &[T]) -> Option<String> {
    (!values.is_empty()).then(|| json(&values))
}
