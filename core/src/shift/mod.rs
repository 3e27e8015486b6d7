//! A shift of one till: what is in the drawer, what was sold, and the Z at its end (trade rules 15–17).
//!
//! [`Book`] is folded from the till's own events of one origin since its last closing; nothing of other tills enters it. Counters never
//! fall and are carried from shift to shift and, when a till goes on under a new origin, from parent to child.

use std::collections::BTreeMap;

use crate::amount::Minor;
use crate::authority::Authority;
use crate::event::Event;
use crate::event::description::{Permission, TenderType};
use crate::event::sale::{Completed, Line, TaxAmount, Tender, TenderClass, TenderState};
use crate::event::shift::{
    CashMove, CashMoved, Closed, Count, Counted, Counters, DrawerOpened, Opened, ShiftTaxes, TenderTotal,
};
use crate::ids::{ShiftId, StoreId, TillId};
use crate::limits::{CODE_CHARS_MAX, LINE_AMOUNT_MINOR_MAX};
use crate::project::excess;
use crate::sale::Rejection;
use crate::sale::decide::Decision;
use crate::sale::tax::sum_taxes;
use crate::time::Day;

/// What the till keeps account of: the open shift and what is carried from one to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// The open shift.
    pub shift: Option<Shift>,
    /// Counters as of the last closing, or as carried in.
    pub counters: Counters,
    /// The last printed number of the origin's series.
    pub last_number: i64,
    /// The number of the last Z of the origin.
    pub last_closing: i64,
}

/// An open shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// What it was opened with.
    pub opened: Opened,
    /// Sums of its documents.
    pub sums: Sums,
    /// Cash moved in less out and dropped.
    pub cash_moved_minor: Minor,
    /// How often the drawer was opened without a sale.
    pub drawer_openings: u32,
    /// Tenders by type, and whether their outcome is known: what class they are of, how many, how much.
    pub tenders: BTreeMap<(String, TenderState), (TenderClass, u32, Minor)>,
    /// The last count.
    pub counts: Vec<Count>,
}

/// Sums over documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many.
    pub documents: i64,
    /// Gross sales.
    pub gross_sales_minor: Minor,
    /// Gross returns; negative.
    pub gross_returns_minor: Minor,
    /// Reductions.
    pub reductions_minor: Minor,
    /// Net.
    pub net_minor: Minor,
    /// Tax.
    pub tax_minor: Minor,
    /// The taxes per tax, jurisdiction and rate.
    pub taxes: Vec<TaxAmount>,
    /// Net of the lines that bear no tax.
    pub untaxed_minor: Minor,
    /// Cash rounding.
    pub rounding_minor: Minor,
}

impl Default for Counters {
    fn default() -> Self {
        Counters { gross_sales_minor: Minor::ZERO, gross_returns_minor: Minor::ZERO, documents: 0, shifts: 0 }
    }
}

impl Book {
    /// Takes in a recorded event of the till's own origin; others change nothing.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::OriginOpened(opened) => {
                *self = Book { counters: opened.counters.clone().unwrap_or_default(), ..Book::default() };
            }
            Event::ShiftOpened(opened) => self.shift = Some(Shift::new(opened.clone())),
            Event::ShiftCashMoved(moved) => {
                if let Some(shift) = &mut self.shift {
                    shift.cash_moved_minor += cash_in(moved);
                }
            }
            Event::ShiftDrawerOpened(_) => {
                if let Some(shift) = &mut self.shift {
                    shift.drawer_openings += 1;
                }
            }
            Event::ShiftCounted(counted) => {
                if let Some(shift) = &mut self.shift {
                    shift.counts.clone_from(&counted.counts);
                }
            }
            Event::SaleLinesRecorded(part) if !part.parks => {
                if let Some(shift) = &mut self.shift {
                    shift.sums.untaxed_minor += untaxed(&part.lines);
                }
            }
            Event::SaleCompleted(completed) => {
                self.last_number = self.last_number.max(completed.number.number);
                if let Some(shift) = &mut self.shift {
                    shift.add(completed);
                }
            }
            Event::SaleTenderCorrected(corrected) => {
                if let Some(shift) = &mut self.shift {
                    shift.take_back(&corrected.wrong);
                    corrected.instead.iter().for_each(|tender| shift.add_tender(tender));
                }
            }
            Event::ShiftClosed(closed) => {
                self.shift = None;
                self.counters = closed.counters.clone();
                self.last_closing = closed.number;
                self.last_number = self.last_number.max(closed.last_number);
            }
            _ => {}
        }
    }

    /// The closing as it would read if the shift closed now; none where no shift is open.
    pub fn closing_now(&self) -> Option<Closed> {
        self.shift.as_ref().map(|shift| closing(self, shift))
    }

    /// The counters as they would stand if the shift closed now.
    pub fn counters_now(&self) -> Counters {
        let Some(shift) = &self.shift else { return self.counters.clone() };
        Counters {
            gross_sales_minor: self.counters.gross_sales_minor + shift.sums.gross_sales_minor,
            gross_returns_minor: self.counters.gross_returns_minor + shift.sums.gross_returns_minor,
            documents: self.counters.documents + shift.sums.documents,
            shifts: self.counters.shifts + 1,
        }
    }
}

impl Shift {
    fn new(opened: Opened) -> Self {
        Shift {
            opened,
            sums: Sums::default(),
            cash_moved_minor: Minor::ZERO,
            drawer_openings: 0,
            tenders: BTreeMap::new(),
            counts: Vec::new(),
        }
    }

    fn add(&mut self, completed: &Completed) {
        let (sums, totals) = (&mut self.sums, &completed.totals);
        sums.documents += 1;
        sums.gross_sales_minor += totals.gross_sales_minor;
        sums.gross_returns_minor += totals.gross_returns_minor;
        sums.reductions_minor += totals.reductions_minor;
        sums.net_minor += totals.net_minor;
        sums.tax_minor += totals.tax_minor;
        sums.taxes = sum_taxes(sums.taxes.iter().chain(&completed.taxes));
        sums.untaxed_minor += untaxed(&completed.lines);
        sums.rounding_minor += totals.rounding_minor;
        completed.tenders.iter().for_each(|tender| self.add_tender(tender));
    }

    fn entry(&mut self, tender: &Tender) -> &mut (TenderClass, u32, Minor) {
        let key = (tender.tender_type.clone(), tender.state);
        self.tenders.entry(key).or_insert((tender.class, 0, Minor::ZERO))
    }

    fn add_tender(&mut self, tender: &Tender) {
        let entry = self.entry(tender);
        entry.1 += 1;
        entry.2 += tender.amount_minor;
    }

    /// A tender that was recorded wrong. Where that was in an earlier shift there is none to count down.
    fn take_back(&mut self, tender: &Tender) {
        let entry = self.entry(tender);
        entry.1 = entry.1.saturating_sub(1);
        entry.2 -= tender.amount_minor;
    }

    /// What should be there of a tender type, as far as outcomes are known: for cash with float and movements.
    pub fn expected(&self, tender_type: &str) -> Minor {
        let known = (tender_type.to_owned(), TenderState::Settled);
        let taken = self.tenders.get(&known).map_or(Minor::ZERO, |(_, _, amount)| *amount);
        match tender_type {
            "cash" => self.opened.float_minor + self.cash_moved_minor + taken,
            _ => taken,
        }
    }
}

/// What a user asks of a shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Open one.
    Open {
        /// Its id.
        shift: ShiftId,
        /// Cash in the drawer.
        float_minor: Minor,
    },
    /// Move cash in or out.
    MoveCash {
        /// Which way.
        cash_move: CashMove,
        /// How much; positive.
        amount_minor: Minor,
        /// Why.
        reason: String,
    },
    /// Open the drawer without a sale.
    OpenDrawer {
        /// Why.
        reason: String,
    },
    /// State what was counted.
    Count(Vec<Count>),
    /// Close it.
    Close,
}

/// What surrounds a decision about a shift.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The store.
    pub store: StoreId,
    /// The till.
    pub till: TillId,
    /// The business day if a shift opened now.
    pub day: Day,
    /// The store's currency.
    pub currency: crate::amount::Currency,
    /// The store's tender types.
    pub tender_types: &'a BTreeMap<String, TenderType>,
    /// Who acts, and who approves.
    pub authority: &'a Authority,
    /// Whether a cart is open.
    pub sale_open: bool,
}

/// Decides what a command does to a shift.
pub fn decide(book: &Book, context: &Context<'_>, command: Command) -> Result<Decision, Rejection> {
    let approved = context.authority.permit(match command {
        Command::MoveCash { .. } | Command::OpenDrawer { .. } => Permission::MoveCash,
        _ => Permission::RunShift,
    })?;
    let event = match (command, &book.shift) {
        (Command::Open { .. }, Some(_)) => return Err(Rejection::Senseless("a shift is open already")),
        (Command::Open { shift, float_minor }, None) => {
            if float_minor < Minor::ZERO || float_minor.get() > LINE_AMOUNT_MINOR_MAX {
                return Err(Rejection::BeyondLimit("the float"));
            }
            let (store, till, day, currency) = (context.store, context.till, context.day, context.currency);
            Event::from(Opened { shift, store, till, day, currency, float_minor })
        }
        (_, None) => return Err(Rejection::NoShift),
        (Command::MoveCash { cash_move, amount_minor, reason }, Some(shift)) => {
            if amount_minor <= Minor::ZERO || amount_minor.get() > LINE_AMOUNT_MINOR_MAX {
                return Err(Rejection::BeyondLimit("the amount"));
            }
            let (currency, shift) = (shift.opened.currency, shift.opened.shift);
            Event::from(CashMoved { shift, store: context.store, cash_move, currency, amount_minor, reason })
        }
        (Command::OpenDrawer { reason }, Some(shift)) => {
            if reason.is_empty() || reason.chars().count() > CODE_CHARS_MAX {
                return Err(Rejection::BeyondLimit("the reason"));
            }
            Event::from(DrawerOpened { shift: shift.opened.shift, store: context.store, reason })
        }
        (Command::Count(counts), Some(shift)) => {
            if let Some(unknown) =
                counts.iter().find(|count| !context.tender_types.contains_key(&count.tender_type))
            {
                return Err(Rejection::NoSuchTenderType(unknown.tender_type.clone()));
            }
            if counts.iter().any(|count| !count.counted_minor.is_recordable()) {
                return Err(Rejection::BeyondLimit("the amount"));
            }
            Event::from(Counted { shift: shift.opened.shift, counts })
        }
        (Command::Close, Some(_)) if context.sale_open => {
            return Err(Rejection::Senseless("complete, park or abandon the open sale first"));
        }
        (Command::Close, Some(shift)) => Event::from(closing(book, shift)),
    };
    // A count may differ from what is expected by more than the books can post. Counting again mends it.
    if excess(&event).is_some() {
        return Err(Rejection::BeyondLimit("the difference in the drawer"));
    }
    Ok(Decision { events: vec![event], approved })
}

fn closing(book: &Book, shift: &Shift) -> Closed {
    let counted = |name: &str| {
        shift
            .counts
            .iter()
            .find(|count| count.tender_type == name)
            .map(|count| count.counted_minor)
    };
    let mut tenders = shift.tenders.clone();
    let cash = ("cash".to_owned(), TenderState::Settled);
    tenders.entry(cash).or_insert((TenderClass::Cash, 0, Minor::ZERO));
    let total =
        |((name, state), (class, number, amount_minor)): (&(String, TenderState), &(_, u32, Minor))| {
            let known = *state == TenderState::Settled;
            TenderTotal {
                tender_type: name.clone(),
                class: *class,
                state: *state,
                tenders: *number,
                amount_minor: *amount_minor,
                expected_minor: if known { shift.expected(name) } else { *amount_minor },
                counted_minor: if known { counted(name) } else { None },
            }
        };
    Closed {
        shift: shift.opened.shift,
        store: shift.opened.store,
        till: shift.opened.till,
        day: shift.opened.day,
        number: book.last_closing + 1,
        last_number: book.last_number,
        currency: shift.opened.currency,
        documents: shift.sums.documents,
        gross_sales_minor: shift.sums.gross_sales_minor,
        gross_returns_minor: shift.sums.gross_returns_minor,
        reductions_minor: shift.sums.reductions_minor,
        net_minor: shift.sums.net_minor,
        tax_minor: shift.sums.tax_minor,
        taxes: Some(ShiftTaxes { rates: shift.sums.taxes.clone(), untaxed_minor: shift.sums.untaxed_minor }),
        rounding_minor: shift.sums.rounding_minor,
        float_minor: shift.opened.float_minor,
        cash_moved_minor: shift.cash_moved_minor,
        drawer_openings: shift.drawer_openings,
        tenders: tenders.iter().map(total).collect(),
        over_short_minor: counted("cash").map(|counted| counted - shift.expected("cash")),
        counters: book.counters_now(),
    }
}

/// Net of the lines that bear no tax.
fn untaxed(lines: &[Line]) -> Minor {
    lines.iter().filter(|line| line.tax_amounts.is_empty()).map(|line| line.net_minor).sum()
}

fn cash_in(moved: &CashMoved) -> Minor {
    match moved.cash_move {
        CashMove::In => moved.amount_minor,
        CashMove::Out | CashMove::Drop => -moved.amount_minor,
    }
}
