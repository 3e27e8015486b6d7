//! Totals differ: a document disagrees with its own lines, taxes or tenders when it is reckoned again.
//!
//! The document stands as recorded; the server never changes a sale. What the check finds is shown with the difference in money.

use std::borrow::Cow;

use crate::amount::{Currency, Minor};
use crate::chain::Hash;
use crate::conflict::{Conflict, Kind, Party, Severity, choice, conflict_id, evidence_of};
use crate::event::sale::{CartLine, Completed, Direction, Line};
use crate::ids::StoreId;
use crate::sale::reckon::{net_of, totals_of};
use crate::sale::tax::tax_lines;

/// A completed document with all its lines, as they were recorded.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The completing event.
    pub hash: Hash,
    /// The document.
    pub completed: &'a Completed,
    /// All its lines, those of earlier parts included.
    pub lines: Cow<'a, [Line]>,
    /// Whether parts of its lines are missing; then nothing can be said yet.
    pub incomplete: bool,
    /// The till's name.
    pub till: String,
}

/// Judges a document.
pub fn judge(facts: &Facts<'_>) -> Option<Conflict> {
    if facts.incomplete {
        return None;
    }
    let differences = differences(facts.completed, &facts.lines);
    let first = differences.first()?;
    let (completed, number) = (facts.completed, &facts.completed.number);
    let currency: Currency = completed.terms.currency;
    let receipt = format!("{}-{}", number.series, number.number);
    let list: Vec<String> = differences
        .iter()
        .map(|d| {
            format!(
                "{} says {} but its parts make {}",
                d.what,
                currency.show(d.recorded),
                currency.show(d.reckoned)
            )
        })
        .collect();
    let store: StoreId = completed.store;
    Some(Conflict {
        id: conflict_id(Kind::TotalsDiffer, &completed.sale.to_string(), &facts.hash.to_string()),
        kind: Kind::TotalsDiffer,
        store: Some(store),
        severity: Severity::Normal,
        title: format!("Receipt {receipt} does not add up"),
        story: format!(
            "Reckoned again, receipt {receipt} of till {} differs: {}.",
            facts.till,
            list.join("; ")
        ),
        parties: vec![Party {
            till: facts.till.clone(),
            receipt: Some(receipt),
            local_time: Some(completed.local_time.clone()),
            part: "printed with these amounts".to_owned(),
        }],
        money_minor: (first.recorded - first.reckoned).abs(),
        currency: Some(currency),
        done: "The sale stands as it was printed; reports use the printed amounts.".to_owned(),
        choices: vec![
            choice("accept", "The printed amounts are right for the customer. The difference is noted."),
            choice("investigate", "Somebody looks into the till's version and settings."),
        ],
        decides: "head office".to_owned(),
        evidence: evidence_of(&[facts.hash.to_string(), list.join("\n")]),
    })
}

/// Two figures that should be equal.
struct Difference {
    what: String,
    recorded: Minor,
    reckoned: Minor,
}

fn differences(completed: &Completed, lines: &[Line]) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut compare = |what: &dyn std::fmt::Display, recorded: Minor, reckoned: Minor| {
        if recorded != reckoned {
            found.push(Difference { what: what.to_string(), recorded, reckoned });
        }
    };
    let (recorded, reckoned) = (&completed.totals, totals_of(&completed.terms, lines));
    compare(&"the total", recorded.total_minor, reckoned.total_minor);
    compare(&"net", recorded.net_minor, reckoned.net_minor);
    compare(&"tax", recorded.tax_minor, reckoned.tax_minor);
    compare(&"gross sales", recorded.gross_sales_minor, reckoned.gross_sales_minor);
    compare(&"gross returns", recorded.gross_returns_minor, reckoned.gross_returns_minor);
    compare(&"reductions", recorded.reductions_minor, reckoned.reductions_minor);
    let paid: Minor = completed.tenders.iter().map(|tender| tender.amount_minor).sum();
    compare(&"what was paid", paid, recorded.total_minor + recorded.rounding_minor);
    let document_tax: Minor = completed.taxes.iter().map(|tax| tax.amount_minor).sum();
    compare(&"the list of taxes", document_tax, reckoned.tax_minor);
    for line in lines {
        compare(&format_args!("line {}", line.entered.line), line.net_minor, net_of(&line.entered));
    }
    let entered: Vec<&CartLine> = lines.iter().map(|line| &line.entered).collect();
    let nets: Vec<Minor> = lines.iter().map(|line| line.net_minor).collect();
    for (line, taxes) in lines.iter().zip(tax_lines(&completed.terms, &entered, &nets)) {
        if line.entered.direction == Direction::Sale {
            let sum =
                |taxes: &[crate::event::sale::TaxAmount]| taxes.iter().map(|tax| tax.amount_minor).sum();
            compare(&format_args!("tax of line {}", line.entered.line), sum(&line.tax_amounts), sum(&taxes));
        }
    }
    found
}
