//! A sale from its first line to its receipt: state, commands, decisions.
//!
//! [`Sale`] is what the events of one `sale/…` stream amount to. [`decide::decide`] answers a command with events or a refusal,
//! [`Sale::evolve`] believes every recorded event. What a document amounts to is reckoned in [`reckon`], with [`tax`], [`promotion`],
//! [`returns`] and [`tender`] beside it; [`settle`] tells what became of a payment whose outcome was not known.

pub mod decide;
mod permission;
pub mod promotion;
pub mod reckon;
pub mod returns;
pub mod settle;
pub mod tax;
pub mod tender;

use std::collections::BTreeMap;

use crate::amount::{Minor, Quantity};
use crate::authority::NotPermitted;
use crate::event::Event;
use crate::event::sale::{CartLine, Discounted, Opened, ReductionSource, Tender};
use crate::ids::CustomerId;
use crate::sale::promotion::Promotion;
use crate::sale::reckon::{Reckoned, reckon};
use crate::sale::returns::NotReturnable;

/// How far a sale has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is recorded yet.
    #[default]
    New,
    /// Lines and tenders can be added.
    Open,
    /// Paid and numbered. Nothing changes any more.
    Completed,
    /// Set aside.
    Parked,
    /// Given up.
    Abandoned,
}

/// A sale, folded from its events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sale {
    /// How far it has come.
    pub phase: Phase,
    /// What it was opened with.
    pub opened: Option<Opened>,
    /// The lines of the cart by number.
    pub lines: BTreeMap<u32, CartLine>,
    /// Lines that were taken out, as they stood: what is taken out by mistake comes back as it was.
    pub removed: BTreeMap<u32, CartLine>,
    /// The highest line number ever used.
    pub last_line: u32,
    /// Discounts in force.
    pub discounts: Vec<Discounted>,
    /// The customer.
    pub customer: Option<CustomerId>,
    /// Tenders taken so far.
    pub tenders: Vec<Tender>,
    /// The highest tender number ever used.
    pub last_tender: u32,
}

impl Sale {
    /// Takes in a recorded event of this sale's stream; others change nothing.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::SaleOpened(opened) => {
                self.phase = Phase::Open;
                self.opened = Some(opened.clone());
            }
            Event::SaleLineAdded(added) => self.put_line(&added.line),
            Event::SaleLineChanged(changed) => self.put_line(&changed.line),
            Event::SaleLineRemoved(removed) => {
                let taken_out = self.lines.remove(&removed.line);
                self.removed.extend(taken_out.map(|line| (removed.line, line)));
                self.discounts.retain(|discount| discount.line != Some(removed.line));
            }
            Event::SaleDiscounted(discounted) => {
                let same =
                    |other: &Discounted| (other.line, other.source) == (discounted.line, discounted.source);
                let stacks = discounted.source == ReductionSource::StoreCoupon;
                self.discounts.retain(|other| stacks || !same(other));
                self.discounts.push(discounted.clone());
            }
            Event::SaleCustomerSet(set) => self.customer = set.customer,
            Event::SaleTendered(tendered) => {
                self.last_tender = self.last_tender.max(tendered.tender.tender);
                self.tenders.push(tendered.tender.clone());
            }
            Event::SaleTenderRemoved(removed) => {
                self.tenders.retain(|tender| tender.tender != removed.tender);
            }
            Event::SaleCompleted(_) => self.phase = Phase::Completed,
            Event::SaleParked(_) => self.phase = Phase::Parked,
            Event::SaleAbandoned(_) => self.phase = Phase::Abandoned,
            _ => {}
        }
    }

    /// Reckons the cart as it stands. `None` before it is opened.
    pub fn reckon(&self, promotions: &[Promotion]) -> Option<Reckoned> {
        let terms = &self.opened.as_ref()?.terms;
        let lines: Vec<CartLine> = self.lines.values().cloned().collect();
        Some(reckon(terms, &lines, &self.discounts, promotions))
    }

    /// What tenders so far have settled, rounding excluded.
    pub fn settled(&self) -> Minor {
        let settled = |t: &Tender| t.amount_minor - t.rounding_minor.unwrap_or_default();
        self.tenders.iter().map(settled).sum()
    }

    fn put_line(&mut self, line: &CartLine) {
        self.last_line = self.last_line.max(line.line);
        self.removed.remove(&line.line);
        self.lines.insert(line.line, line.clone());
    }
}

/// Why the business says no. Expected, with a code that a screen turns into a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No shift is open at this till.
    #[error("no shift is open")]
    NoShift,
    /// The sale is not open (any more, or yet).
    #[error("this sale is not open")]
    NotOpen,
    /// Another document went on with this parked sale.
    #[error("this parked sale was recalled before; it cannot be sold twice")]
    RecalledBefore,
    /// There is no such tender on this document.
    #[error("there is no payment {0} on this sale")]
    NoSuchTender(u32),
    /// There is no such line in the cart.
    #[error("there is no line {0} in this sale")]
    NoSuchLine(u32),
    /// Tenders were taken, so the cart stands still.
    #[error("payment has begun; the cart can no longer change")]
    PaymentBegun,
    /// A completed sale needs a line.
    #[error("there is nothing in this sale")]
    Empty,
    /// The item has no price; an amount must be stated.
    #[error("this item has no price; state an amount")]
    NoPrice,
    /// A number or text goes beyond a limit of [`crate::limits`]; the text names what.
    #[error("{0} is beyond what Daybook can record")]
    BeyondLimit(&'static str),
    /// A statement makes no sense; the text says which.
    #[error("{0}")]
    Senseless(&'static str),
    /// The act is not permitted.
    #[error("{}", not_permitted(.0))]
    NotPermitted(NotPermitted),
    /// The line cannot be returned that way.
    #[error("{}", not_returnable(.0))]
    NotReturnable(NotReturnable),
    /// The store has no such tender type.
    #[error("this store takes no tender called {0}")]
    NoSuchTenderType(String),
    /// The tender may not exceed what is due, which is this.
    #[error("more than the {} that is due cannot be taken this way", .0.get())]
    OverTender(Minor),
    /// Stored value is issued and redeemed by the number of its card or voucher.
    #[error("state which gift card, credit or voucher it is")]
    NeedsVoucher,
    /// Only a known customer has an account.
    #[error("name the customer whose account it goes on")]
    NeedsCustomer,
    /// Nobody has described the tax class of the item, and nobody may guess what tax it bears.
    #[error("the tax class '{0}' of this item is not known here; head office must publish it")]
    UnknownTaxClass(String),
    /// This much is still due (or, negative, to be paid out).
    #[error("{} is still to be settled", .0.get())]
    Unsettled(Minor),
}

impl From<NotPermitted> for Rejection {
    fn from(why: NotPermitted) -> Self {
        Rejection::NotPermitted(why)
    }
}

fn not_permitted(why: &NotPermitted) -> String {
    match why {
        NotPermitted::NeedsApproval(permission) => {
            format!("{permission:?} needs the approval of another person")
        }
        NotPermitted::Denied(permission) => format!("{permission:?} is not permitted"),
    }
}

fn not_returnable(why: &NotReturnable) -> String {
    match why {
        NotReturnable::IsReturn => "that line was itself a return".to_owned(),
        NotReturnable::TooMuch(left) if *left <= Quantity::ZERO => {
            "all of that line has been returned".to_owned()
        }
        NotReturnable::TooMuch(left) => format!("only {left} of that line is left to return"),
        NotReturnable::Nothing => "state how much comes back".to_owned(),
    }
}
