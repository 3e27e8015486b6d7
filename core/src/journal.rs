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
    /// The account: one of the constants here, or `revenue/<kind>/<taxes>` (`<jurisdiction>/<rate>`, several
    /// joined by `+`, else `exempt` or `untaxed`), `tax/<jurisdiction>/<rate>`, `tender/<type>`.
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
            // The wrong tender is taken back with the rounding it brought about; what the right ones leave open is due again.
            let wrong = &corrected.wrong;
            let reversed = Tender {
                amount_minor: -wrong.amount_minor,
                rounding_minor: wrong.rounding_minor.map(|rounding| -rounding),
                ..wrong.clone()
            };
            let mut book = Book::new(corrected.currency);
            book.tender(&reversed);
            corrected.instead.iter().for_each(|tender| book.tender(tender));
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

/// The postings that bring revenue, tax and cost of a wholly returned line to zero where its parts left a remainder (trade rule 5).
///
/// What was paid goes to rounding; cost is nobody's money and goes from cost of goods to stock.
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
    book.put(&line_account(line), revenue);
    book.put(ROUNDING, -whole);
    book.put(COST_OF_GOODS, -remainder.cost_minor);
    book.put(STOCK, remainder.cost_minor);
    book.close()
}

fn post_completed(completed: &Completed) -> Vec<Posting> {
    let mut book = Book::new(completed.terms.currency);
    book.lines(&completed.terms, &completed.lines);
    completed.tenders.iter().for_each(|tender| book.tender(tender));
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

fn line_account(line: &Line) -> String {
    match line.entered.kind {
        LineKind::Goods => format!("revenue/goods/{}", taxation(line)),
        LineKind::Service => format!("revenue/service/{}", taxation(line)),
        LineKind::Fee => format!("revenue/fee/{}", taxation(line)),
        LineKind::StoredValue => STORED_VALUE.to_owned(),
        LineKind::Deposit => DEPOSITS.to_owned(),
        LineKind::Donation => DONATIONS.to_owned(),
    }
}

/// What was levied on a line, as tax returns ask for revenue: its taxes with their rates, or why there is none.
fn taxation(line: &Line) -> String {
    let taxes: Vec<String> = line
        .tax_amounts
        .iter()
        .map(|tax| format!("{}/{}", tax.jurisdiction, tax.rate))
        .collect();
    match taxes.as_slice() {
        [] if line.entered.exemption.is_some() => "exempt".to_owned(),
        [] => "untaxed".to_owned(),
        taxes => taxes.join("+"),
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
            self.put(&line_account(line), -revenue);
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

    fn tender(&mut self, tender: &Tender) {
        let rounding = tender.rounding_minor.unwrap_or_default();
        self.put(&tender_account(tender), tender.amount_minor);
        self.put(ROUNDING, -rounding);
        self.put(DUE, rounding - tender.amount_minor);
    }

    fn close(self) -> Vec<Posting> {
        let currency = self.currency;
        let sums = self.sums.into_iter().filter(|(_, amount)| !amount.is_zero());
        sums.map(|(account, amount_minor)| Posting { account, currency, amount_minor })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::sale::{TenderCorrected, TenderState};
    use crate::ids::{SaleId, ShiftId, StoreId};

    #[test]
    fn cash_that_was_a_card_in_truth_takes_its_rounding_back() {
        let tender = |name: &str, class, amount, rounding: Option<i64>| Tender {
            tender: 1,
            tender_type: name.to_owned(),
            class,
            amount_minor: Minor::new(amount),
            given_minor: None,
            change_minor: None,
            rounding_minor: rounding.map(Minor::new),
            state: TenderState::Settled,
            card: None,
            voucher: None,
            foreign: None,
        };
        let cash = tender("cash", TenderClass::Cash, 1_000, Some(2));
        let card = tender("card", TenderClass::Card, 998, None);
        let part = tender("card", TenderClass::Card, 900, None);
        let cases = [
            (vec![card], vec![("rounding", 2), ("tender/card", 998), ("tender/cash", -1_000)]),
            (vec![part], vec![("due", 98), ("rounding", 2), ("tender/card", 900), ("tender/cash", -1_000)]),
        ];
        for (instead, expected) in cases {
            let corrected = TenderCorrected {
                sale: SaleId(uuid::Uuid::nil()),
                store: StoreId(uuid::Uuid::nil()),
                shift: ShiftId(uuid::Uuid::nil()),
                currency: Currency::from_code("EUR").unwrap(),
                wrong: cash.clone(),
                instead,
                reason: "wrong_key".to_owned(),
            };
            let postings = post(&Event::SaleTenderCorrected(corrected));
            let short: Vec<_> = postings.iter().map(|p| (p.account.as_str(), p.amount_minor.get())).collect();
            assert_eq!(short, expected);
        }
    }
}
