//! The report of head office as its schema needs it: the same fields as [`daybook_store::views::report::Report`], told again.
//!
//! The store knows nothing of schemas. Taking its report apart in full keeps the two alike: a field that is added there and forgotten
//! here does not compile.

use std::collections::BTreeMap;

use daybook_store::views::report as store;
use schemars::JsonSchema;
use serde::Serialize;

/// A till's business day. Amounts are in minor units.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TillDay {
    /// The store's name.
    pub shop: String,
    /// The till's name.
    pub till: String,
    /// The business day.
    pub day: String,
    /// Completed documents and stock adjustments.
    pub receipts: i64,
    /// Their lines.
    pub lines: i64,
    /// Gross sales and returns.
    pub gross: i64,
    /// Reductions.
    pub discounts: i64,
    /// Net.
    pub net: i64,
    /// Net of documents begun as returns.
    pub refunds: i64,
}

/// A run of events of one origin that head office knows of and does not have.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Missing {
    /// The origin's name.
    pub till: String,
    /// Number of the first.
    pub first: i64,
    /// Number of the last.
    pub last: i64,
    /// Whether each is known by its hash. Otherwise the origin that goes on from this one names the last of them.
    pub linked: bool,
    /// The till's clock at the last event of this origin that is here, in microseconds since 1970; none where none is.
    pub heard: Option<i64>,
}

/// A report.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Per store, till and day.
    pub days: Vec<TillDay>,
    /// Kept of each tender type, per currency.
    pub tenders: BTreeMap<String, BTreeMap<String, i64>>,
    /// Sum of each account of the postings, per currency.
    pub accounts: BTreeMap<String, BTreeMap<String, i64>>,
    /// Whether the accounts of every currency sum to zero.
    pub balanced: bool,
    /// Conflicts that wait for a person.
    pub open_conflicts: i64,
    /// Events that are kept but not understood.
    pub quarantined: i64,
    /// Per origin: its name and the number of its last event here, all before it being here too.
    pub complete: Vec<(String, i64)>,
    /// Events that are known to exist and that nobody has brought yet.
    pub missing: Vec<Missing>,
    /// What waits to be let in, and counts in nothing above.
    pub held: Vec<HeldTill>,
}

impl From<store::Missing> for Missing {
    fn from(missing: store::Missing) -> Self {
        let store::Missing { till, first, last, linked, heard } = missing;
        Missing { till, first, last, linked, heard }
    }
}

/// Events of an origin that wait to be let in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HeldTill {
    /// The till's name.
    pub till: String,
    /// The series of the origin.
    pub series: String,
    /// How many events wait.
    pub events: i64,
    /// The number of the first of them.
    pub first: i64,
    /// The number of the last.
    pub last: i64,
    /// Why the origin's access ended, where it did.
    pub reason: Option<String>,
}

impl From<store::TillDay> for TillDay {
    fn from(day: store::TillDay) -> Self {
        let store::TillDay { shop, till, day, receipts, lines, gross, discounts, net, refunds } = day;
        TillDay { shop, till, day, receipts, lines, gross, discounts, net, refunds }
    }
}

impl From<store::HeldTill> for HeldTill {
    fn from(held: store::HeldTill) -> Self {
        let store::HeldTill { till, series, events, first, last, reason } = held;
        HeldTill { till, series, events, first, last, reason }
    }
}

impl From<store::Report> for Report {
    fn from(report: store::Report) -> Self {
        let store::Report {
            days,
            tenders,
            accounts,
            balanced,
            open_conflicts,
            quarantined,
            complete,
            missing,
            held,
        } = report;
        let days = days.into_iter().map(TillDay::from).collect();
        let missing = missing.into_iter().map(Missing::from).collect();
        let held = held.into_iter().map(HeldTill::from).collect();
        Report { days, tenders, accounts, balanced, open_conflicts, quarantined, complete, missing, held }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_told_again_reads_like_the_original() {
        let day = store::TillDay {
            shop: "High Street".to_owned(),
            till: "Till 1".to_owned(),
            day: "2026-03-02".to_owned(),
            receipts: 1,
            lines: 2,
            gross: 3,
            discounts: 4,
            net: 5,
            refunds: 6,
        };
        let sums = |name: &str| BTreeMap::from([("EUR".to_owned(), BTreeMap::from([(name.to_owned(), 5)]))]);
        let report = store::Report {
            days: vec![day],
            tenders: sums("cash"),
            accounts: sums("due"),
            balanced: true,
            open_conflicts: 7,
            quarantined: 8,
            complete: vec![("Till 1".to_owned(), 9)],
            missing: vec![store::Missing {
                till: "Till 1".to_owned(),
                first: 10,
                last: 11,
                linked: true,
                heard: Some(12),
            }],
            held: vec![store::HeldTill {
                till: "Till 1".to_owned(),
                series: "A".to_owned(),
                events: 1,
                first: 10,
                last: 10,
                reason: Some("lost".to_owned()),
            }],
        };
        let original = serde_json::to_value(&report).unwrap();
        assert_eq!(serde_json::to_value(Report::from(report)).unwrap(), original);
    }
}
