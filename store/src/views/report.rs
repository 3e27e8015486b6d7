//! Reports: sums of read models for people, with what they rest on.
//!
//! Every figure comes from the days, tenders and accounts that projection keeps; nothing is summed a second way from events.

use daybook_core::amount::{Currency, Minor};
use daybook_core::ids::{OriginId, StoreId};
use daybook_core::time::{Day, Zone};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::events;
use crate::file::StoreError;
use crate::links;
use crate::office::certificate;
use crate::office::held::{self, Waiting};
use crate::sql::{self, blob};
use crate::views::judge::till_name;

/// What a report is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportQuestion {
    /// One store; none for all.
    pub store: Option<StoreId>,
    /// From this business day on.
    pub from: Option<Day>,
    /// Up to and with this business day.
    pub to: Option<Day>,
}

/// A till's business day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// A report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Per store, till and day.
    pub days: Vec<TillDay>,
    /// Kept of each tender type, per currency.
    pub tenders: BTreeMap<String, BTreeMap<String, i64>>,
    /// Sum of each account of the journal, per currency.
    pub accounts: BTreeMap<String, BTreeMap<String, i64>>,
    /// Whether the accounts of every currency sum to zero.
    pub balanced: bool,
    /// Conflicts that wait for a person.
    pub open_conflicts: i64,
    /// Events that are kept but not understood.
    pub quarantined: i64,
    /// Per till: the origin's name and the last event here, all before it being here too.
    pub complete: Vec<(String, i64)>,
    /// Events that are known to exist and that nobody has brought yet.
    pub missing: Vec<Missing>,
    /// What waits to be let in, and counts in nothing above.
    pub held: Vec<HeldTill>,
}

/// A run of events of one origin that head office knows of and does not have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

impl Missing {
    fn words(&self) -> String {
        let numbers = match self.last - self.first {
            0 => format!("event {}", self.first),
            _ => format!("events {}–{}", self.first, self.last),
        };
        let heard = self.heard.and_then(|heard| Some(Zone::new("UTC", 0)?.local(heard).0));
        let heard = heard.map_or_else(|| "never heard".to_owned(), |heard| format!("last heard {heard} UTC"));
        let known = if self.linked { "" } else { ", as its successor tells" };
        format!("{}: {numbers} missing{known}, {heard}", self.till)
    }
}

/// Events of an origin that wait to be let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

impl Report {
    /// The report as a person reads it in a terminal, each amount with the decimals of its currency.
    pub fn words(&self) -> String {
        let mut currencies = self.tenders.keys().chain(self.accounts.keys());
        let first = currencies.next().map_or("", String::as_str);
        // Days name no currency. Where several were taken their sums mean little, and two decimals are as good as any.
        let of_days = if currencies.all(|other| other == first) { first } else { "" };
        let mut text = String::from(
            "Store            Till             Day         Receipts   Lines        Gross    Discounts          Net\n",
        );
        for day in &self.days {
            text.push_str(&format!(
                "{:<16} {:<16} {:<10} {:>9} {:>7} {:>12} {:>12} {:>12}\n",
                day.shop,
                day.till,
                day.day,
                day.receipts,
                day.lines,
                decimals(of_days, day.gross),
                decimals(of_days, day.discounts),
                decimals(of_days, day.net)
            ));
        }
        for (currency, tenders) in &self.tenders {
            let list: Vec<String> = tenders
                .iter()
                .map(|(name, amount)| format!("{name} {}", decimals(currency, *amount)))
                .collect();
            text.push_str(&format!("Tenders ({currency}): {}\n", list.join(", ")));
        }
        for (currency, accounts) in &self.accounts {
            text.push_str(&format!("Journal ({currency}):\n"));
            for (account, amount) in accounts {
                text.push_str(&format!("  {account:<32} {:>14}\n", decimals(currency, *amount)));
            }
        }
        text.push_str(if self.balanced {
            "The journal balances.\n"
        } else {
            "THE JOURNAL DOES NOT BALANCE.\n"
        });
        let complete: Vec<String> =
            self.complete.iter().map(|(name, last)| format!("{name}: 1–{last} complete")).collect();
        text.push_str(&format!("Events here: {}.\n", complete.join("; ")));
        for missing in &self.missing {
            text.push_str(&format!("{}.\n", missing.words()));
        }
        if !self.missing.is_empty() {
            text.push_str(
                "Whoever holds missing events hands them back by itself: start every till that was closed.\n",
            );
        }
        for HeldTill { till, series, events, first, last, .. } in &self.held {
            text.push_str(&format!(
                "{till}: {events} events ({first}–{last}) wait to be let in and count in nothing above: daybook-server admit \"{series}\"\n"
            ));
        }
        if self.quarantined > 0 {
            text.push_str(&format!(
                "{} events are kept but not understood by this version.\n",
                self.quarantined
            ));
        }
        text.push_str(&match self.open_conflicts {
            0 => "No conflict waits for an answer.\n".to_owned(),
            1 => "One conflict waits for an answer: daybook-server conflicts\n".to_owned(),
            count => format!("{count} conflicts wait for an answer: daybook-server conflicts\n"),
        });
        text
    }
}

fn decimals(currency: &str, minor: i64) -> String {
    let euro_like = || Currency::from_code("EUR");
    let currency = Currency::from_code(currency).or_else(euro_like);
    currency.map_or_else(|| minor.to_string(), |currency| currency.digits(Minor::new(minor)))
}

/// Answers a question. `log` is head office's log, for what is complete and what waits.
pub fn report(
    connection: &Connection,
    log: &Connection,
    question: &ReportQuestion,
) -> Result<Report, StoreError> {
    let days = till_days(connection, question)?;
    let tenders = tenders(connection, question)?;
    let accounts = accounts(connection, question)?;
    let balanced = accounts.values().all(|accounts| accounts.values().sum::<i64>() == 0);
    let open = "SELECT count(*) FROM conflicts WHERE state IN ('open', 'reopened') AND (?1 IS NULL OR store IS NULL OR store = ?1)";
    let open_conflicts = connection.query_row(open, [store(question)], |row| row.get(0))?;
    let quarantined = connection.query_row("SELECT count(*) FROM quarantine", [], |row| row.get(0))?;
    let mut complete = Vec::new();
    for (origin, tips) in events::tips(log).map_err(StoreError::of_log)? {
        let first_missing = links::first_missing(log, origin).map_err(StoreError::of_log)?;
        let last = tips.iter().map(|tip| tip.seq).max().unwrap_or(0);
        complete.push((till_name(connection, origin)?, first_missing.map_or(last, |first| first - 1)));
    }
    complete.sort();
    let missing = missing(connection, log)?;
    let held = held_tills(log, question.store).map_err(StoreError::of_log)?;
    Ok(Report { days, tenders, accounts, balanced, open_conflicts, quarantined, complete, missing, held })
}

/// Events that head office knows of and does not have: links without content, and what an origin named of its parent that never came.
fn missing(connection: &Connection, log: &Connection) -> Result<Vec<Missing>, StoreError> {
    let mut found = Vec::new();
    let mut note = |origin, first, last, linked| -> Result<(), StoreError> {
        let till = till_name(connection, origin)?;
        let heard = last_heard(log, origin).map_err(StoreError::of_log)?;
        found.push(Missing { till, first, last, linked, heard });
        Ok(())
    };
    for (origin, runs) in links::missing_runs(log).map_err(StoreError::of_log)? {
        for run in runs {
            note(origin, *run.start(), *run.end(), true)?;
        }
    }
    let sql = "SELECT parent, max(parent_seq) FROM origins WHERE parent IS NOT NULL GROUP BY parent";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (parent, named): (Vec<u8>, i64) = (row.get(0)?, row.get(1)?);
        let origin = sql::origin(&parent)?;
        let tips = events::tips_of(log, origin).map_err(StoreError::of_log)?;
        let reached = tips.iter().map(|tip| tip.seq).max().unwrap_or(0);
        if reached < named {
            note(origin, reached + 1, named, false)?;
        }
    }
    found.sort();
    Ok(found)
}

/// The writer's clock at the last event of an origin whose texts are here.
fn last_heard(log: &Connection, origin: OriginId) -> Result<Option<i64>, StoreError> {
    let last = events::last_of(log, origin)?;
    Ok(last.and_then(|event| event.text.read_envelope().ok()).map(|envelope| envelope.wall))
}

/// What waits to be let in, of one store or of all.
pub fn held_tills(log: &Connection, store: Option<StoreId>) -> Result<Vec<HeldTill>, StoreError> {
    let gate = held::gate(log)?;
    let mut found = Vec::new();
    for Waiting { origin, events, first, last } in held::waiting(log)? {
        let Some(known) = certificate(log, origin)? else { continue };
        if store.is_none_or(|store| known.store == Some(store)) {
            let reason = gate.closing(held::lineage(log, origin)?).map(str::to_owned);
            found.push(HeldTill { till: known.name, series: known.series, events, first, last, reason });
        }
    }
    Ok(found)
}

/// Per store, till and day, sorted. A till that went on under a child origin shows as one.
pub fn till_days(connection: &Connection, question: &ReportQuestion) -> Result<Vec<TillDay>, StoreError> {
    let names = store_names(connection)?;
    let sql = "SELECT d.store, coalesce((SELECT min(o.name) FROM origins o WHERE o.origin = d.origin), ''), d.day,
                      sum(d.documents + d.adjustments), sum(d.lines + d.adjusted_lines), sum(d.gross_sales_minor + d.gross_returns_minor),
                      sum(d.reductions_minor), sum(d.net_minor), sum(d.refunds_minor)
               FROM days d WHERE (?1 IS NULL OR d.store = ?1) AND d.day >= ?2 AND d.day <= ?3
               GROUP BY 1, 2, 3 HAVING sum(d.documents + d.adjustments) > 0";
    let (from, to) = days(question);
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query(params![store(question), from, to])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let store: Vec<u8> = row.get(0)?;
        found.push(TillDay {
            shop: names.get(&store).cloned().unwrap_or_default(),
            till: row.get(1)?,
            day: row.get(2)?,
            receipts: row.get(3)?,
            lines: row.get(4)?,
            gross: row.get(5)?,
            discounts: row.get(6)?,
            net: row.get(7)?,
            refunds: row.get(8)?,
        });
    }
    found.sort_by(|a, b| (&a.shop, &a.till, &a.day).cmp(&(&b.shop, &b.till, &b.day)));
    Ok(found)
}

fn tenders(
    connection: &Connection,
    question: &ReportQuestion,
) -> Result<BTreeMap<String, BTreeMap<String, i64>>, StoreError> {
    let sql = "SELECT d.currency, t.tender_type, sum(t.amount_minor) FROM tenders t JOIN documents d ON d.hash = t.hash
               WHERE (?1 IS NULL OR d.store = ?1) AND d.day >= ?2 AND d.day <= ?3 GROUP BY 1, 2";
    sums(connection, sql, question)
}

fn accounts(
    connection: &Connection,
    question: &ReportQuestion,
) -> Result<BTreeMap<String, BTreeMap<String, i64>>, StoreError> {
    let sql = "SELECT currency, account, sum(amount_minor) FROM (
                   SELECT currency, account, amount_minor FROM accounts WHERE (?1 IS NULL OR store = ?1) AND day >= ?2 AND day <= ?3
                   UNION ALL SELECT currency, account, amount_minor FROM remainders WHERE ?1 IS NULL AND ?2 = '' )
               GROUP BY 1, 2 HAVING sum(amount_minor) <> 0";
    sums(connection, sql, question)
}

fn sums(
    connection: &Connection,
    sql: &str,
    question: &ReportQuestion,
) -> Result<BTreeMap<String, BTreeMap<String, i64>>, StoreError> {
    let (from, to) = days(question);
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query(params![store(question), from, to])?;
    let mut found: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        found.entry(row.get(0)?).or_default().insert(row.get(1)?, row.get(2)?);
    }
    Ok(found)
}

/// Names of stores as their settings say them, by the bytes of their id.
pub fn store_names(connection: &Connection) -> Result<BTreeMap<Vec<u8>, String>, StoreError> {
    let sql = "SELECT substr(subject, 10), json_extract(fields, '$.name') FROM subjects WHERE subject LIKE 'settings/%-%'";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut names = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (id, name): (String, Option<String>) = (row.get(0)?, row.get(1)?);
        if let (Ok(id), Some(name)) = (id.parse::<StoreId>(), name) {
            names.insert(blob(&id.0).to_vec(), name);
        }
    }
    Ok(names)
}

fn store(question: &ReportQuestion) -> Option<&[u8]> {
    question.store.as_ref().map(|id| blob(&id.0))
}

fn days(question: &ReportQuestion) -> (String, String) {
    let text = |day: Option<Day>, open: &str| day.map_or_else(|| open.to_owned(), |day| day.to_string());
    (text(question.from, ""), text(question.to, "9"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_by_number_and_since_when_the_till_is_silent() {
        let missing = |first, last, linked, heard| {
            Missing { till: "Till 4".to_owned(), first, last, linked, heard }.words()
        };
        let at = 1_772_442_840_000_000;
        assert_eq!(
            missing(118, 131, true, Some(at)),
            "Till 4: events 118–131 missing, last heard 2026-03-02T09:14:00 UTC"
        );
        assert_eq!(
            missing(7, 7, false, None),
            "Till 4: event 7 missing, as its successor tells, never heard"
        );
    }

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        let words = |currency: &str| {
            let sums =
                BTreeMap::from([(currency.to_owned(), BTreeMap::from([("cash".to_owned(), -1_234_567)]))]);
            let day = TillDay {
                shop: "Shop".to_owned(),
                till: "Till 1".to_owned(),
                day: "2026-03-02".to_owned(),
                receipts: 1,
                lines: 1,
                gross: 89,
                discounts: 0,
                net: 89,
                refunds: 0,
            };
            let report = Report {
                days: vec![day],
                tenders: sums.clone(),
                accounts: sums,
                balanced: true,
                open_conflicts: 0,
                quarantined: 0,
                complete: Vec::new(),
                missing: Vec::new(),
                held: Vec::new(),
            };
            report.words()
        };
        for (currency, sum, day) in
            [("EUR", " -12345.67", " 0.89"), ("JPY", " -1234567", " 89"), ("KWD", " -1234.567", " 0.089")]
        {
            let text = words(currency);
            assert_eq!(text.matches(&format!("{sum}\n")).count(), 2, "{text}");
            assert!(text.contains(&format!("{day}\n")), "{text}");
        }
    }
}
