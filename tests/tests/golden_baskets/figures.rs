//! What came of a document as figures, beside what was expected of it.
//!
//! Both sides become texts under the same names, so that every difference can be told, and told in the words of the basket.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use daybook_core::amount::{Currency, Minor};
use daybook_core::event::sale::{Completed, Line, Reduction, ReductionSource, TaxAmount, Tender};
use daybook_core::ids::SaleId;
use daybook_core::journal::Posting;

use crate::basket::{Expected, ExpectedLine, ExpectedTender, ExpectedTotals};

/// Figures by name.
pub type Figures = BTreeMap<String, String>;

/// A completed document with everything that belongs to it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The completing event.
    pub completed: Completed,
    /// All its lines, those of parts before it first.
    pub lines: Vec<Line>,
    /// The postings of all its events.
    pub postings: Vec<Posting>,
}

/// Sums of postings by account.
#[derive(Clone, Debug, Default)]
pub struct Accounts(BTreeMap<String, Minor>);

impl Accounts {
    /// Adds postings.
    pub fn add(&mut self, postings: &[Posting]) {
        for posting in postings {
            *self.0.entry(posting.account.clone()).or_default() += posting.amount_minor;
        }
    }

    /// The sum of an account.
    pub fn of(&self, account: &str) -> Minor {
        self.0.get(account).copied().unwrap_or_default()
    }

    /// Accounts that are not zero.
    pub fn texts(&self, currency: Currency) -> BTreeMap<String, String> {
        let held = self.0.iter().filter(|(_, sum)| !sum.is_zero());
        held.map(|(account, sum)| (account.clone(), money(*sum, currency))).collect()
    }
}

impl Recorded {
    /// The document in the words of a basket; `documents` are the sales so far, to name what it takes back.
    pub fn in_words(&self, documents: &[SaleId]) -> Expected {
        let currency = self.completed.terms.currency;
        let mut accounts = Accounts::default();
        accounts.add(&self.postings);
        Expected {
            lines: self.lines.iter().map(|line| line_in_words(line, documents, currency)).collect(),
            taxes: taxes_in_words(&self.completed.taxes, currency),
            totals: {
                let totals = &self.completed.totals;
                ExpectedTotals {
                    lines: totals.lines,
                    gross_sales: money(totals.gross_sales_minor, currency),
                    gross_returns: money(totals.gross_returns_minor, currency),
                    reductions: money(totals.reductions_minor, currency),
                    net: money(totals.net_minor, currency),
                    tax: money(totals.tax_minor, currency),
                    total: money(totals.total_minor, currency),
                    rounding: money(totals.rounding_minor, currency),
                }
            },
            tenders: self.completed.tenders.iter().map(|tender| tender_in_words(tender, currency)).collect(),
            postings: accounts.texts(currency),
        }
    }
}

fn line_in_words(line: &Line, documents: &[SaleId], currency: Currency) -> ExpectedLine {
    let reduction = |r: &Reduction| {
        let name = r.name.as_ref().map_or_else(String::new, |name| format!(" {name}"));
        (format!("{}{name}", source_in_words(r.source)), money(r.amount_minor, currency))
    };
    let number_of = |sale| documents.iter().position(|known| *known == sale).map_or(0, |index| index + 1);
    let entered = &line.entered;
    ExpectedLine {
        line: Some(entered.line),
        item: entered.sku.clone(),
        quantity: entered.quantity.to_string(),
        extended: money(entered.extended_minor, currency),
        reductions: entered.reductions.iter().map(reduction).collect(),
        net: money(line.net_minor, currency),
        taxes: taxes_in_words(&line.tax_amounts, currency),
        takes_back: entered.references.first().map(|reference| {
            let (sale, quantity) = (number_of(reference.sale), reference.quantity.to_string());
            (sale, reference.line, quantity, money(reference.amount_minor, currency))
        }),
        times: None,
    }
}

fn taxes_in_words(taxes: &[TaxAmount], currency: Currency) -> BTreeMap<String, (String, String)> {
    let in_words = |tax: &TaxAmount| {
        let figures = (money(tax.base_minor, currency), money(tax.amount_minor, currency));
        (format!("{}/{}", tax.jurisdiction, tax.rate), figures)
    };
    taxes.iter().map(in_words).collect()
}

fn tender_in_words(tender: &Tender, currency: Currency) -> ExpectedTender {
    let in_words = |amount: Option<Minor>| amount.map(|amount| money(amount, currency));
    ExpectedTender {
        tender_type: tender.tender_type.clone(),
        amount: money(tender.amount_minor, currency),
        given: in_words(tender.given_minor),
        change: in_words(tender.change_minor),
        rounding: in_words(tender.rounding_minor),
    }
}

fn source_in_words(source: ReductionSource) -> &'static str {
    match source {
        ReductionSource::Loyalty => "loyalty",
        ReductionSource::Promotion => "promotion",
        ReductionSource::Line => "line",
        ReductionSource::Sale => "sale",
        ReductionSource::StoreCoupon => "store_coupon",
    }
}

/// An amount with all decimals of its currency, without its letters.
pub fn money(amount: Minor, currency: Currency) -> String {
    let shown = currency.show(amount);
    shown.split(' ').next().unwrap_or_default().to_owned()
}

/// A document's figures by name, from either side.
pub fn figures(expected: &Expected) -> Figures {
    let mut figures = Figures::new();
    let mut put = |name: String, figure: &dyn fmt::Display| {
        let twice = figures.insert(name.clone(), figure.to_string());
        assert!(twice.is_none(), "{name} is stated twice");
    };
    let mut last = 0;
    for line in &expected.lines {
        for _ in 0..line.times.unwrap_or(1) {
            last = line.line.unwrap_or(last + 1);
            put(format!("line {last} item"), &line.item);
            put(format!("line {last} quantity"), &line.quantity);
            put(format!("line {last} extended"), &line.extended);
            for ((source, amount), position) in line.reductions.iter().zip(1..) {
                put(format!("line {last} reduction {position}"), &format_args!("{source} {amount}"));
            }
            put(format!("line {last} net"), &line.net);
            for (tax, (base, amount)) in &line.taxes {
                put(format!("line {last} base of {tax}"), base);
                put(format!("line {last} tax {tax}"), amount);
            }
            if let Some((document, taken, quantity, amount)) = &line.takes_back {
                let taken = format_args!("{quantity} of document {document} line {taken} for {amount}");
                put(format!("line {last} takes back"), &taken);
            }
        }
    }
    for (tax, (base, amount)) in &expected.taxes {
        put(format!("base of {tax}"), base);
        put(format!("tax {tax}"), amount);
    }
    let totals = &expected.totals;
    put("total of lines".to_owned(), &totals.lines);
    put("total of gross sales".to_owned(), &totals.gross_sales);
    put("total of gross returns".to_owned(), &totals.gross_returns);
    put("total of reductions".to_owned(), &totals.reductions);
    put("total of net".to_owned(), &totals.net);
    put("total of tax".to_owned(), &totals.tax);
    put("total".to_owned(), &totals.total);
    put("total of rounding".to_owned(), &totals.rounding);
    for (tender, number) in expected.tenders.iter().zip(1..) {
        put(format!("tender {number} type"), &tender.tender_type);
        put(format!("tender {number} amount"), &tender.amount);
        let further = [("given", &tender.given), ("change", &tender.change), ("rounding", &tender.rounding)];
        for (name, figure) in further {
            if let Some(figure) = figure {
                put(format!("tender {number} {name}"), figure);
            }
        }
    }
    for (account, amount) in &expected.postings {
        put(format!("posting to {account}"), amount);
    }
    figures
}

/// Every figure in which two sides differ.
pub fn differences(expected: &Figures, reckoned: &Figures) -> Vec<String> {
    let names: BTreeSet<&String> = expected.keys().chain(reckoned.keys()).collect();
    let difference = |name: &String| match (expected.get(name), reckoned.get(name)) {
        (Some(expected), Some(reckoned)) if expected == reckoned => None,
        (Some(expected), Some(reckoned)) => Some(format!("{name}: expected {expected}, came to {reckoned}")),
        (Some(expected), None) => Some(format!("{name}: expected {expected}, there is none")),
        (None, Some(reckoned)) => Some(format!("{name}: expected none, came to {reckoned}")),
        (None, None) => None,
    };
    names.into_iter().filter_map(difference).collect()
}
