//! The receipt of a completed document: what the customer takes home, and every later copy of it.
//!
//! Everything comes from the document as it was recorded; nothing is reckoned again. A copy says so and which one it is. Nothing here
//! claims to be certified for anything.

use super::taxes::{Columns, TaxRow, tax_table};
use super::text::legible;
use super::{Form, Labels, Paper, Style, Words};
use crate::amount::{Currency, Minor, Quantity};
use crate::chain::Seal;
use crate::event::sale::{
    Completed, Direction, Line, Prices, Reduction, ReductionSource, Tender, TenderState,
};

/// What a receipt is made of.
#[derive(Clone, Copy, Debug)]
pub struct Receipt<'a> {
    /// The document.
    pub completed: &'a Completed,
    /// Its lines, those recorded before it included.
    pub lines: &'a [Line],
    /// The till's name.
    pub till: &'a str,
    /// Number or name of the person who sold; empty where nobody knows.
    pub person: &'a str,
    /// The document's seal.
    pub seal: Option<Seal>,
    /// Which copy this is; 0 is the original.
    pub copy: u32,
    /// Whether printing it opens the drawer.
    pub opens_drawer: bool,
}

/// Lays a receipt out.
pub fn receipt(receipt: &Receipt<'_>, words: &Words, form: Form) -> Paper {
    let (completed, labels) = (receipt.completed, &words.labels);
    let currency = completed.terms.currency;
    let mut paper = Paper::new(form);
    if receipt.opens_drawer {
        paper.kick();
    }
    letterhead(&mut paper, words);
    if receipt.copy > 0 {
        paper.text(Style::TITLE, &format!("{} {}", labels.copy, receipt.copy));
    }
    if completed.voids.is_some() {
        paper.text(Style::TITLE, &labels.void);
    }
    paper.rule();
    let number = format!("{}-{}", completed.number.series, completed.number.number);
    paper.row(Style::PLAIN, 0, &number, &minute(&completed.local_time, form));
    let person = paper.named(&labels.person, receipt.person);
    paper.row(Style::PLAIN, 0, receipt.till, &person);
    paper.rule();
    for line in receipt.lines {
        sold(&mut paper, labels, currency, line);
    }
    paper.rule();
    sums(&mut paper, labels, completed);
    for tender in &completed.tenders {
        paid(&mut paper, labels, currency, tender);
    }
    if !completed.taxes.is_empty() {
        paper.rule();
        let rows: Vec<TaxRow> = completed.taxes.iter().map(|tax| TaxRow::of(labels, tax)).collect();
        tax_table(&mut paper, labels, currency, &rows, Columns::Base);
    }
    paper.rule();
    if let Some(seal) = &receipt.seal {
        paper.text(Style::CENTRED, &format!("{} {}", labels.seal, short_seal(seal)));
    }
    words.footer.iter().for_each(|line| paper.text(Style::CENTRED, line));
    paper.cut();
    paper
}

/// Whose paper it is.
pub(super) fn letterhead(paper: &mut Paper, words: &Words) {
    paper.text(Style::TITLE, &words.store);
    for line in words.address.iter().chain(&words.header) {
        paper.text(Style::CENTRED, line);
    }
}

/// A local time to the minute, as people read it: `2017-01-01 11:53`.
pub(super) fn minute(local_time: &str, form: Form) -> String {
    let minute: String = legible(local_time, form.page).chars().take("2017-01-01T11:53".len()).collect();
    minute.replace('T', " ")
}

/// The beginning of a seal: enough to tell twins apart and to find it in the books.
pub fn short_seal(seal: &Seal) -> String {
    let digits: String = seal.0[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let groups: Vec<&str> = (0..digits.len()).step_by(4).map(|at| &digits[at..at + 4]).collect();
    groups.join(" ")
}

fn sold(paper: &mut Paper, labels: &Labels, currency: Currency, line: &Line) {
    let entered = &line.entered;
    let amount = labels.amount(currency, entered.extended_minor);
    let is_return = entered.direction == Direction::Return;
    let name = if entered.name.trim().is_empty() {
        &entered.sku
    } else {
        &entered.name
    };
    let quantity = labels.quantity(entered.quantity);
    let counted = match entered.unit_price {
        Some(price) => format!("{quantity} × {}", labels.unit_price(currency, price)),
        None => quantity,
    };
    if is_return {
        paper.text(Style::PLAIN, name);
        paper.row(Style::PLAIN, 2, &format!("{} {counted}", labels.returned), &amount);
    } else if entered.quantity != Quantity::ONE {
        paper.text(Style::PLAIN, name);
        paper.row(Style::PLAIN, 2, &counted, &amount);
    } else {
        paper.row(Style::PLAIN, 0, name, &amount);
    }
    for reduction in &entered.reductions {
        let off = labels.amount(currency, -reduction.amount_minor);
        paper.row(Style::PLAIN, 2, &why_reduced(labels, reduction), &off);
    }
}

fn why_reduced(labels: &Labels, reduction: &Reduction) -> String {
    let source = match reduction.source {
        ReductionSource::Loyalty => &labels.loyalty,
        ReductionSource::Promotion => &labels.promotion,
        ReductionSource::Line => &labels.line_discount,
        ReductionSource::Sale => &labels.sale_discount,
        ReductionSource::StoreCoupon => &labels.coupon,
    };
    let details = [reduction.name.as_deref(), reduction.reason.as_deref()];
    std::iter::once(source.as_str())
        .chain(details.into_iter().flatten())
        .collect::<Vec<_>>()
        .join(" ")
}

fn sums(paper: &mut Paper, labels: &Labels, completed: &Completed) {
    let (totals, currency) = (&completed.totals, completed.terms.currency);
    let amount = |amount: Minor| labels.amount(currency, amount);
    if completed.terms.prices == Prices::Exclusive {
        paper.row(Style::PLAIN, 0, &labels.subtotal, &amount(totals.net_minor));
        paper.row(Style::PLAIN, 0, &labels.tax, &amount(totals.tax_minor));
    }
    let total = format!("{} {}", labels.total, currency.code.code());
    paper.row(Style::LOUD, 0, &total, &amount(totals.total_minor));
    if !totals.rounding_minor.is_zero() {
        paper.row(Style::PLAIN, 0, &labels.rounding, &amount(totals.rounding_minor));
    }
}

fn paid(paper: &mut Paper, labels: &Labels, currency: Currency, tender: &Tender) {
    let amount = |amount: Minor| labels.amount(currency, amount);
    paper.row(Style::PLAIN, 0, labels.tender(&tender.tender_type), &amount(tender.amount_minor));
    if let Some(foreign) = &tender.foreign {
        let given = labels.amount(foreign.currency, foreign.amount_minor);
        paper.row(Style::PLAIN, 2, foreign.currency.code.code(), &given);
    }
    if let Some(given) = tender.given_minor {
        paper.row(Style::PLAIN, 2, &labels.given, &amount(given));
    }
    if let Some(change) = tender.change_minor {
        paper.row(Style::PLAIN, 2, &labels.change, &amount(change));
    }
    if let Some(card) = &tender.card {
        if let Some(digits) = &card.last_four {
            paper.row(Style::PLAIN, 2, &format!("**** {digits}"), "");
        }
        if let Some(code) = &card.authorisation {
            let code = paper.named(&labels.authorisation, code);
            paper.row(Style::PLAIN, 2, &code, "");
        }
    }
    if tender.state == TenderState::ToVerify {
        paper.row(Style::PLAIN, 2, &labels.to_verify, "");
    }
}
