//! Projection: what one event changes in the read models, as data.
//!
//! [`project`] is pure and total: every recorded event gives changes from a closed algebra (insert once, add, put an edit beside others,
//! mark a key dirty), whatever it means. Engines apply them in bulk with their own statements. Because inserts are keyed
//! by the event's hash and sums only add, the same set of events gives the same rows in any order. What cannot be decided from one event
//! alone is a dirty [`Key`], folded again from everything that touches it by [`crate::merge`] and [`crate::conflict`].

pub mod rows;
pub mod standing;

use crate::chain::{Hash, Tip};
use crate::envelope::{Envelope, EventText};
use crate::event::description::fields_of;
use crate::event::sale::{Completed, Direction, Line};
use crate::event::stock::StockLine;
use crate::event::{Event, Reading, is_known};
use crate::ids::{EventId, OriginId, ProductId, SaleId, ShiftId, StoreId};
use crate::journal::post;
use crate::limits::{
    CURRENCY_EXPONENT_MAX, EVENT_AMOUNT_MINOR_MAX, LINE_AMOUNT_MINOR_MAX, LINES_MAX,
    QUANTITY_THOUSANDTHS_MAX, TENDERS_MAX,
};
use crate::project::rows::{
    Answer, Claim, DayKey, DaySums, Document, DocumentLine, DocumentTender, Edit, OrderKey, OriginRow,
    ShiftRow, StockMove, StockMoveKind,
};
use crate::sale::reckon::{is_within_limits, totals_are_within_limits};

/// An event as the log holds it, ready to be projected.
#[derive(Clone, Debug)]
pub struct Input {
    /// Whose chain it stands in.
    pub origin: OriginId,
    /// Where in that chain.
    pub tip: Tip,
    /// The event's texts, read.
    pub content: Result<(Envelope, Event), Unread>,
}

/// Why an event says nothing to this version. It is kept all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// A type or version from a newer Daybook.
    Unknown(String),
    /// The envelope or payload makes no sense; the text says where.
    Broken(String),
}

impl Input {
    /// Reads an event's texts.
    pub fn read(origin: OriginId, tip: Tip, text: &EventText) -> Self {
        Input { origin, tip, content: read(origin, tip, text) }
    }

    /// An event that this process has just recorded, or read before.
    pub fn known(origin: OriginId, tip: Tip, envelope: Envelope, event: Event) -> Self {
        Input { origin, tip, content: Ok((envelope, event)) }
    }
}

fn read(origin: OriginId, tip: Tip, text: &EventText) -> Result<(Envelope, Event), Unread> {
    let envelope = text.read_envelope().map_err(|error| Unread::Broken(format!("envelope: {error}")))?;
    if envelope.origin != origin || envelope.seq != tip.seq {
        return Err(Unread::Broken(
            "envelope: names another place in the chain than it stands in".to_owned(),
        ));
    }
    if envelope.at < 0 || envelope.at > crate::limits::AMOUNT_MINOR_MAX {
        return Err(Unread::Broken("envelope: order key out of range".to_owned()));
    }
    match Event::read(&envelope.kind, envelope.v, &text.payload) {
        Reading::Known(event) => match excess(&event) {
            Some(what) => Err(Unread::Broken(format!("payload: {what} beyond the limit"))),
            None => Ok((envelope, *event)),
        },
        Reading::Unknown => Err(Unread::Unknown(format!("{}{VERSION_WORD}{}", envelope.kind, envelope.v))),
        Reading::Broken(why) => Err(Unread::Broken(format!("payload: {why}"))),
    }
}

/// Stands between type and version where somebody says what they do not know.
const VERSION_WORD: &str = " version ";

/// Whether this version reads what an earlier one set aside as unknown, in its words.
pub fn reads_by_now(unknown: &str) -> bool {
    let named = unknown.rsplit_once(VERSION_WORD).map(|(kind, version)| (kind, version.parse()));
    matches!(named, Some((kind, Ok(version))) if is_known(kind, version))
}

/// What goes beyond a limit that arithmetic over read models relies on. Whoever reads such an event sets it aside, so nobody may record one.
pub(crate) fn excess(event: &Event) -> Option<&'static str> {
    excess_of_parts(event).or_else(|| excess_of_sums(event))
}

/// What would bring sums over many events near the end of their integers.
fn excess_of_sums(event: &Event) -> Option<&'static str> {
    let over = |amount: crate::amount::Minor| amount.abs().get() > EVENT_AMOUNT_MINOR_MAX;
    let (totals, tenders) = match event {
        Event::SaleCompleted(completed) => (Some(&completed.totals), &completed.tenders[..]),
        Event::SaleTenderCorrected(corrected) => (None, &corrected.instead[..]),
        _ => (None, &[][..]),
    };
    let over = totals.is_some_and(|totals| !totals_are_within_limits(totals))
        || tenders.iter().any(|tender| over(tender.amount_minor))
        || post(event).iter().any(|posting| over(posting.amount_minor));
    over.then_some("a sum")
}

fn excess_of_parts(event: &Event) -> Option<&'static str> {
    let lines: &[Line] = match event {
        Event::SaleCompleted(completed) if usize::try_from(completed.parts).is_ok_and(|p| p > LINES_MAX) => {
            return Some("the number of parts");
        }
        Event::SaleCompleted(completed) if completed.tenders.len() > TENDERS_MAX => {
            return Some("the number of tenders");
        }
        Event::SaleTenderCorrected(corrected) if corrected.instead.len() > TENDERS_MAX => {
            return Some("the number of tenders");
        }
        Event::SaleCompleted(completed) if completed.terms.currency.exponent > CURRENCY_EXPONENT_MAX => {
            return Some("the currency's decimals");
        }
        Event::SaleCompleted(completed) => &completed.lines,
        Event::SaleLinesRecorded(part) => &part.lines,
        Event::SaleParked(parked) => &parked.lines,
        Event::StockReceived(stock) => return excess_of_stock(&stock.lines),
        Event::StockAdjusted(stock) => return excess_of_stock(&stock.lines),
        Event::StockCounted(stock) => return excess_of_stock(&stock.lines),
        Event::StockSent(stock) => return excess_of_stock(&stock.lines),
        Event::StockArrived(stock) => return excess_of_stock(&stock.lines),
        _ => return None,
    };
    (lines.len() > LINES_MAX || !lines.iter().all(is_within_limits)).then_some("a line")
}

fn excess_of_stock(lines: &[StockLine]) -> Option<&'static str> {
    let over = |line: &StockLine| {
        line.quantity.abs().thousandths() > QUANTITY_THOUSANDTHS_MAX
            || line
                .unit_cost
                .is_some_and(|cost| cost.extend(line.quantity).abs().get() > LINE_AMOUNT_MINOR_MAX)
    };
    lines.iter().any(over).then_some("a line")
}

/// A change of the read models.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "changes are applied one after the other and dropped")]
pub enum Change {
    /// Insert once, by hash: a completed document.
    Document(Document),
    /// Insert once, by hash and line: a line of a completed document.
    Line(DocumentLine),
    /// Insert once, by hash and number: a tender.
    Tender(DocumentTender),
    /// Insert once, by hash and line and position: a return's claim on an earlier line.
    Claim(Claim),
    /// Insert once, by hash and line: goods moved.
    StockMove(StockMove),
    /// Insert once, by hash: an edit of a shared description.
    Edit(Edit),
    /// Insert once, by hash: a log was opened.
    Origin(OriginRow),
    /// Insert once, by hash: a shift was opened or closed.
    Shift(ShiftRow),
    /// Insert once, by hash: somebody answered a conflict.
    Answer(Answer),
    /// Insert once, by hash: kept, but not understood.
    Quarantine {
        /// The event.
        hash: Hash,
        /// Whose.
        origin: OriginId,
        /// Its number.
        seq: i64,
        /// Whether a newer version may understand it.
        unknown: bool,
        /// Why.
        reason: String,
    },
    /// Add to the sums of a till's business day.
    AddDay(DayKey, DaySums),
    /// Add to an account of a till's business day.
    Post {
        /// Whose day.
        key: DayKey,
        /// The account.
        account: String,
        /// Its currency's letters.
        currency: String,
        /// What to add.
        amount_minor: i64,
    },
    /// Fold this key again.
    Dirty(Key),
}

/// Something that is judged from all events that touch it, never from one alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// Stock of a product in a store: a count, a receipt or a late movement asks to fold it again.
    Stock(StoreId, ProductId),
    /// Goods of a product that somebody counted or received in a store went out or came back there: whether there was enough. Engines
    /// mark it where a movement counts at once.
    Taken(StoreId, ProductId),
    /// What came back of a line.
    Returned(SaleId, u32),
    /// What came back of any line of a document, which has just become known; and what else completed the same sale.
    Sale(SaleId),
    /// What closed a shift.
    Shift(ShiftId),
    /// A shared description, by stream.
    Subject(String),
    /// Whether a conflict is answered, by its id.
    Conflict(String),
}

/// What an event changes.
pub fn project(input: &Input) -> Vec<Change> {
    let mut changes = Vec::new();
    project_into(input, &mut changes);
    changes
}

/// Puts what an event changes at the end of a list, which may be used again for the next one.
pub fn project_into(input: &Input, changes: &mut Vec<Change>) {
    let (envelope, event) = match &input.content {
        Ok(read) => read,
        Err(unread) => return changes.push(quarantine(input, unread)),
    };
    let order = OrderKey { at: envelope.at, origin: input.origin, seq: input.tip.seq };
    let place = Place { hash: input.tip.hash, order, envelope };
    match event {
        Event::SaleCompleted(completed) => place.completed(completed, changes),
        Event::SaleLinesRecorded(part) if !part.parks => {
            let (sale, document, store) = (part.sale, part.document, part.store);
            place.lines(&Part { sale, document, store, terms: &part.terms, lines: &part.lines }, changes);
        }
        Event::ShiftOpened(e) => changes.push(Change::Shift(ShiftRow::opened(place.hash, order, e))),
        Event::ShiftClosed(e) => {
            changes.push(Change::Shift(ShiftRow::closed(place.hash, order, e)));
            changes.push(Change::Dirty(Key::Shift(e.shift)));
        }
        Event::StockReceived(e) => place.stock(e.store, StockMoveKind::Received, &e.lines, 1, changes),
        Event::StockAdjusted(e) => {
            place.stock(e.store, StockMoveKind::Adjusted, &e.lines, 1, changes);
            let sums = DaySums { adjustments: 1, adjusted_lines: count(e.lines.len()), ..DaySums::default() };
            changes.push(Change::AddDay(place.day(e.store), sums));
        }
        Event::StockCounted(e) => place.stock(e.store, StockMoveKind::Counted, &e.lines, 1, changes),
        Event::StockSent(e) => place.stock(e.store, StockMoveKind::Sent, &e.lines, -1, changes),
        Event::StockArrived(e) => place.stock(e.store, StockMoveKind::Arrived, &e.lines, 1, changes),
        Event::OriginOpened(e) => changes.push(Change::Origin(OriginRow::opened(place.hash, order, e))),
        Event::ConflictAnswered(e) => {
            changes.push(Change::Answer(Answer {
                hash: place.hash,
                order,
                actor: envelope.actor,
                conflict: e.conflict.clone(),
                evidence: e.evidence,
                option: e.option.clone(),
            }));
            changes.push(Change::Dirty(Key::Conflict(e.conflict.clone())));
        }
        _ if event.is_description() => place.edit(event, changes),
        _ => {}
    }
    place.postings(event, changes);
}

fn quarantine(input: &Input, unread: &Unread) -> Change {
    let (unknown, reason) = match unread {
        Unread::Unknown(what) => (true, what.clone()),
        Unread::Broken(why) => (false, why.clone()),
    };
    Change::Quarantine { hash: input.tip.hash, origin: input.origin, seq: input.tip.seq, unknown, reason }
}

/// An event's place, handed to what it changes.
struct Place<'a> {
    hash: Hash,
    order: OrderKey,
    envelope: &'a Envelope,
}

impl Place<'_> {
    fn completed(&self, completed: &Completed, changes: &mut Vec<Change>) {
        let document = Document::of(self.hash, self.order, self.envelope, completed);
        let totals = &completed.totals;
        let refunds = if completed.begun_as == crate::event::sale::BegunAs::Return {
            totals.net_minor.get()
        } else {
            0
        };
        changes.push(Change::AddDay(
            self.day(completed.store),
            DaySums {
                documents: 1,
                lines: i64::from(totals.lines),
                gross_sales_minor: totals.gross_sales_minor.get(),
                gross_returns_minor: totals.gross_returns_minor.get(),
                reductions_minor: totals.reductions_minor.get(),
                net_minor: totals.net_minor.get(),
                tax_minor: totals.tax_minor.get(),
                total_minor: totals.total_minor.get(),
                rounding_minor: totals.rounding_minor.get(),
                refunds_minor: refunds,
                ..DaySums::default()
            },
        ));
        changes.push(Change::Document(document));
        // Whatever else went on with the sale that was set aside.
        changes.extend(completed.from_parked.map(|parked| Change::Dirty(Key::Sale(parked))));
        for tender in &completed.tenders {
            changes.push(Change::Tender(DocumentTender::of(self.hash, tender)));
        }
        let (sale, document, store) = (completed.sale, self.envelope.id, completed.store);
        self.lines(
            &Part { sale, document, store, terms: &completed.terms, lines: &completed.lines },
            changes,
        );
    }

    fn lines(&self, part: &Part<'_>, changes: &mut Vec<Change>) {
        for line in part.lines {
            let entered = &line.entered;
            changes.push(Change::Line(DocumentLine::of(
                self.hash,
                part.sale,
                part.document,
                part.terms,
                line,
            )));
            for (position, reference) in (0..).zip(&entered.references) {
                changes.push(Change::Claim(Claim::of(
                    self.hash, self.order, part.sale, line, position, reference,
                )));
                changes.push(Change::Dirty(Key::Returned(reference.sale, reference.line)));
            }
            let Some(product) = entered.product else { continue };
            let kind = match entered.direction {
                Direction::Sale => StockMoveKind::Sold,
                Direction::Return if entered.restocked => StockMoveKind::Returned,
                Direction::Return => continue,
            };
            changes.push(Change::StockMove(StockMove {
                hash: self.hash,
                order: self.order,
                line: entered.line,
                store: part.store,
                product,
                kind,
                quantity: -entered.quantity.thousandths(),
                tracked: entered.tracked,
                shown: entered.on_hand_shown.map(crate::amount::Quantity::thousandths),
            }));
        }
        changes.push(Change::Dirty(Key::Sale(part.sale)));
    }

    fn stock(
        &self,
        store: StoreId,
        kind: StockMoveKind,
        lines: &[StockLine],
        sign: i64,
        changes: &mut Vec<Change>,
    ) {
        for (line, number) in lines.iter().zip(1..) {
            let Some(product) = line.product else { continue };
            let quantity = line.quantity.thousandths() * sign;
            let (hash, order) = (self.hash, self.order);
            let moved = StockMove {
                hash,
                order,
                line: number,
                store,
                product,
                kind,
                quantity,
                tracked: true,
                shown: None,
            };
            changes.push(Change::StockMove(moved));
            changes.push(Change::Dirty(Key::Stock(store, product)));
        }
    }

    fn edit(&self, event: &Event, changes: &mut Vec<Change>) {
        let fields = match event {
            Event::ProductCreated(e) => fields_of(&e.fields),
            Event::ProductChanged(e) => fields_of(&e.fields),
            Event::ProductArchived(_) => [("archived".to_owned(), true.into())].into(),
            Event::PriceChanged(e) => fields_of(e),
            Event::TaxChanged(e) => fields_of(e),
            Event::SettingsChanged(e) => fields_of(&e.fields),
            Event::StaffCreated(e) => fields_of(&e.fields),
            Event::StaffChanged(e) => fields_of(&e.fields),
            _ => return,
        };
        let subject = event.stream();
        let base = self.envelope.base.clone().unwrap_or_default();
        changes.push(Change::Edit(Edit {
            hash: self.hash,
            order: self.order,
            subject: subject.clone(),
            base,
            fields,
        }));
        changes.push(Change::Dirty(Key::Subject(subject)));
    }

    fn postings(&self, event: &Event, changes: &mut Vec<Change>) {
        let Some(store) = event.store() else { return };
        for posting in post(event) {
            changes.push(Change::Post {
                key: self.day(store),
                account: posting.account,
                currency: posting.currency.code.code().to_owned(),
                amount_minor: posting.amount_minor.get(),
            });
        }
    }

    /// The day of this event's origin in a store; events outside a shift fall on no day.
    fn day(&self, store: StoreId) -> DayKey {
        DayKey { store, origin: self.order.origin, day: self.envelope.day }
    }
}

/// Lines with what is common to them.
struct Part<'a> {
    sale: SaleId,
    document: EventId,
    store: StoreId,
    terms: &'a crate::event::sale::Terms,
    lines: &'a [Line],
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
