//! The journal: every event as balanced postings.
//!
//! Z, reports, tax figures and the accounting export are derived from these postings and never summed a second way. A posting's amount is
//! positive for a debit and negative for a credit, so the postings of an event sum to zero. What a customer owes for lines and what
//! tenders settle meet in the account `due`, which is zero again when a document is whole.

use crate::amount::{Currency, Minor, Quantity, UnitPrice};
use crate::event::Event;
use crate::event::sale::{Completed, Direction, Line, LineKind, Prices, Tender, TenderClass, Terms};
use crate::event::shift::{CashMove, Closed};
use crate::event::stock::StockLine;
use crate::sale::returns::Remainder;

/// Owed by the customer for lines, not yet settled by tenders.
pub const DUE: &str = "due";
/// Cash rounding and remainders of partial returns.
pub const ROUNDING: &str = "rounding";
/// Liability for gift cards and store credit.
pub const STORED_VALUE: &str = "stored_value";
/// Refundable deposits taken.
pub const DEPOSITS: &str = "deposits";
/// Donations to pass on.
pub const DONATIONS: &str = "donations";
/// Value of goods in the store, at cost.
pub const STOCK: &str = "stock";
/// Cost of the goods sold.
pub const COST_OF_GOODS: &str = "cost_of_goods";
/// Goods lost, broken or scrapped, at cost.
pub const SHRINK: &str = "shrink";
/// Goods between two stores, at the sender's cost.
pub const IN_TRANSIT: &str = "in_transit";
/// Owed to suppliers for goods received.
pub const GOODS_RECEIVED: &str = "goods_received";
/// Counted cash above or below what should be there.
pub const OVER_SHORT: &str = "over_short";
/// Change money handed to tills.
pub const FLOAT: &str = "float";
/// Cash put in or taken out outside sales.
pub const PETTY_CASH: &str = "petty_cash";
/// Cash skimmed to the safe.
pub const SAFE: &str = "safe";

/// One posting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Posting {
    /// The account: one of the constants here, or `revenue/<kind>`, `tax/<jurisdiction>/<rate>`, `tender/<type>`.
    pub account: String,
    /// Currency of the amount.
    pub currency: Currency,
    /// The amount: positive debit, negative credit.
    pub amount_minor: Minor,
}

/// The postings of an event. Their amounts sum to zero; events that move no value have none.
pub fn post(event: &Event) -> Vec<Posting> {
    match event {
        Event::SaleLinesRecorded(part) if !part.parks => {
            let mut book = Book::new(part.terms.currency);
            book.lines(&part.terms, &part.lines);
            book.close()
        }
        Event::SaleCompleted(completed) => post_completed(completed),
        Event::SaleTenderCorrected(corrected) => {
            let Some(first) = corrected.instead.first() else { return Vec::new() };
            let mut book = Book::new(corrected.currency);
            book.put(&tender_account(&corrected.wrong), -corrected.wrong.amount_minor);
            corrected
                .instead
                .iter()
                .for_each(|tender| book.put(&tender_account(tender), tender.amount_minor));
            let rest: Minor =
                corrected.wrong.amount_minor - corrected.instead.iter().map(|t| t.amount_minor).sum();
            book.put(&tender_account(first), rest);
            book.close()
        }
        Event::ShiftOpened(opened) => two_sided(opened.currency, "tender/cash", FLOAT, opened.float_minor),
        Event::ShiftCashMoved(moved) => {
            let (account, amount) = match moved.cash_move {
                CashMove::In => (PETTY_CASH, moved.amount_minor),
                CashMove::Out => (PETTY_CASH, -moved.amount_minor),
                CashMove::Drop => (SAFE, -moved.amount_minor),
            };
            two_sided(moved.currency, "tender/cash", account, amount)
        }
        Event::ShiftClosed(closed) => post_closed(closed),
        Event::StockReceived(received) => {
            post_stock(&received.lines, received.currency, GOODS_RECEIVED, false)
        }
        Event::StockAdjusted(adjusted) => post_stock(&adjusted.lines, adjusted.currency, SHRINK, false),
        Event::StockSent(sent) => post_stock(&sent.lines, sent.currency, IN_TRANSIT, true),
        Event::StockArrived(arrived) => post_stock(&arrived.lines, arrived.currency, IN_TRANSIT, false),
        _ => Vec::new(),
    }
}

/// The postings that bring revenue and tax of a wholly returned line to zero where its parts left a remainder (trade rule 5).
pub fn post_remainder(terms: &Terms, line: &Line, remainder: &Remainder) -> Vec<Posting> {
    let mut book = Book::new(terms.currency);
    let mut taxes = Minor::ZERO;
    for (tax, left) in line.tax_amounts.iter().zip(&remainder.tax_minor) {
        book.put(&tax_account(&tax.jurisdiction, tax.rate), *left);
        taxes += *left;
    }
    let (revenue, whole) = match terms.prices {
        Prices::Inclusive => (remainder.net_minor - taxes, remainder.net_minor),
        Prices::Exclusive => (remainder.net_minor, remainder.net_minor + taxes),
    };
    book.put(&line_account(line.entered.kind), revenue);
    book.put(ROUNDING, -whole);
    book.close()
}

fn post_completed(completed: &Completed) -> Vec<Posting> {
    let mut book = Book::new(completed.terms.currency);
    book.lines(&completed.terms, &completed.lines);
    for tender in &completed.tenders {
        let rounding = tender.rounding_minor.unwrap_or_default();
        book.put(&tender_account(tender), tender.amount_minor);
        book.put(ROUNDING, -rounding);
        book.put(DUE, rounding - tender.amount_minor);
    }
    book.close()
}

fn post_closed(closed: &Closed) -> Vec<Posting> {
    two_sided(closed.currency, "tender/cash", OVER_SHORT, closed.over_short_minor.unwrap_or_default())
}

fn post_stock(lines: &[StockLine], currency: Option<Currency>, against: &str, leaves: bool) -> Vec<Posting> {
    let Some(currency) = currency else { return Vec::new() };
    let worth: Minor = lines.iter().map(|line| cost(line.unit_cost, line.quantity)).sum();
    two_sided(currency, STOCK, against, if leaves { -worth } else { worth })
}

/// Debits one account and credits another with the same amount.
fn two_sided(currency: Currency, debit: &str, credit: &str, amount: Minor) -> Vec<Posting> {
    let mut book = Book::new(currency);
    book.put(debit, amount);
    book.put(credit, -amount);
    book.close()
}

fn line_account(kind: LineKind) -> String {
    match kind {
        LineKind::Goods => "revenue/goods".to_owned(),
        LineKind::Service => "revenue/service".to_owned(),
        LineKind::Fee => "revenue/fee".to_owned(),
        LineKind::StoredValue => STORED_VALUE.to_owned(),
        LineKind::Deposit => DEPOSITS.to_owned(),
        LineKind::Donation => DONATIONS.to_owned(),
    }
}

fn tax_account(jurisdiction: &str, rate: crate::amount::Rate) -> String {
    format!("tax/{jurisdiction}/{rate}")
}

fn tender_account(tender: &Tender) -> String {
    match tender.class {
        TenderClass::StoredValue => STORED_VALUE.to_owned(),
        TenderClass::Cash | TenderClass::Card | TenderClass::Claim | TenderClass::Account => {
            format!("tender/{}", tender.tender_type)
        }
    }
}

fn cost(unit_cost: Option<UnitPrice>, quantity: Quantity) -> Minor {
    unit_cost.map_or(Minor::ZERO, |cost| cost.extend(quantity))
}

/// Postings in the making, one sum per account.
struct Book {
    currency: Currency,
    sums: std::collections::BTreeMap<String, Minor>,
}

impl Book {
    fn new(currency: Currency) -> Self {
        Book { currency, sums: std::collections::BTreeMap::new() }
    }

    fn put(&mut self, account: &str, amount: Minor) {
        match self.sums.get_mut(account) {
            Some(sum) => *sum += amount,
            None => {
                self.sums.insert(account.to_owned(), amount);
            }
        }
    }

    fn lines(&mut self, terms: &Terms, lines: &[Line]) {
        for line in lines {
            let taxes: Minor = line.tax_amounts.iter().map(|tax| tax.amount_minor).sum();
            let (revenue, due) = match terms.prices {
                Prices::Inclusive => (line.net_minor - taxes, line.net_minor),
                Prices::Exclusive => (line.net_minor, line.net_minor + taxes),
            };
            self.put(&line_account(line.entered.kind), -revenue);
            for tax in &line.tax_amounts {
                self.put(&tax_account(&tax.jurisdiction, tax.rate), -tax.amount_minor);
            }
            self.put(DUE, due);
            let cost = cost(line.entered.unit_cost, line.entered.quantity);
            let scrapped = line.entered.direction == Direction::Return && !line.entered.restocked;
            self.put(COST_OF_GOODS, cost);
            self.put(if scrapped { SHRINK } else { STOCK }, -cost);
        }
    }

    fn close(self) -> Vec<Posting> {
        let currency = self.currency;
        let sums = self.sums.into_iter().filter(|(_, amount)| !amount.is_zero());
        sums.map(|(account, amount_minor)| Posting { account, currency, amount_minor })
            .collect()
    }
}
