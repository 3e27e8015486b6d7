//! The figures of a replay: per till and day, what a file, a till and head office say; compared, and written down.
//!
//! Everybody's figures arrive in the same shape, so that a difference can be said in one sentence: which till, which day, which
//! figure, and who says what.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

/// One till on one business day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TillDay {
    /// The shop.
    pub shop: String,
    /// The till.
    pub till: String,
    /// The day, such as `2017-01-01`.
    pub day: String,
}

/// What happened at a till on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Row {
    /// Receipts, adjustments of stock among them.
    pub receipts: i64,
    /// Their lines.
    pub lines: i64,
    /// Before discounts.
    pub gross: i64,
    /// Discounts.
    pub discounts: i64,
    /// Gross less discounts.
    pub net: i64,
    /// The part of net in documents begun as returns.
    pub refunds: i64,
}

impl Row {
    fn named(&self) -> [(&'static str, i64); 6] {
        [
            ("receipts", self.receipts),
            ("lines", self.lines),
            ("gross", self.gross),
            ("discounts", self.discounts),
            ("net", self.net),
            ("refunds", self.refunds),
        ]
    }

    fn add(&mut self, other: &Row) {
        self.receipts += other.receipts;
        self.lines += other.lines;
        self.gross += other.gross;
        self.discounts += other.discounts;
        self.net += other.net;
        self.refunds += other.refunds;
    }
}

/// Rows per till and day.
pub type TillDays = BTreeMap<TillDay, Row>;

/// What a whole file comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Per till and day.
    pub till_days: TillDays,
    /// Tenders by kind.
    pub tenders: BTreeMap<String, i64>,
}

impl Figures {
    /// Adds a receipt to its till and day.
    pub fn add(&mut self, key: TillDay, row: &Row) {
        self.till_days.entry(key).or_default().add(row);
    }

    /// Adds a tender.
    pub fn add_tender(&mut self, kind: &str, amount: i64) {
        *self.tenders.entry(kind.to_owned()).or_default() += amount;
    }

    /// The totals with the very names that the data's own oracle uses.
    pub fn totals(&self) -> Value {
        let mut all = Row::default();
        let mut shops: BTreeMap<&str, i64> = BTreeMap::new();
        for (key, row) in &self.till_days {
            all.add(row);
            *shops.entry(key.shop.as_str()).or_default() += row.net;
        }
        let mut totals: serde_json::Map<String, Value> =
            all.named().into_iter().map(|(name, figure)| (name.to_owned(), json!(figure))).collect();
        totals.insert("tenders".to_owned(), json!(self.tenders));
        totals.insert("shops".to_owned(), json!(shops));
        Value::Object(totals)
    }
}

/// Reads `till_days` as tills and head office tell them.
pub fn till_days_in(told: &Value) -> anyhow::Result<TillDays> {
    #[derive(Deserialize)]
    struct Told {
        shop: String,
        till: String,
        day: String,
        #[serde(flatten)]
        row: Row,
    }
    let told: Vec<Told> = serde_json::from_value(told.get("till_days").cloned().unwrap_or_default())?;
    let mut rows = TillDays::new();
    for Told { shop, till, day, row } in told {
        rows.entry(TillDay { shop, till, day }).or_default().add(&row);
    }
    Ok(rows)
}

/// What one says otherwise than the other, in sentences.
pub fn differences(one: (&str, &TillDays), other: (&str, &TillDays)) -> Vec<String> {
    let keys: BTreeSet<&TillDay> = one.1.keys().chain(other.1.keys()).collect();
    let nothing = Row::default();
    let mut words = Vec::new();
    for key in keys {
        let (here, there) = (one.1.get(key).unwrap_or(&nothing), other.1.get(key).unwrap_or(&nothing));
        for ((name, figure), (_, other_figure)) in here.named().into_iter().zip(there.named()) {
            if figure != other_figure {
                words.push(format!(
                    "till {} of shop {} on {}: {name} is {figure} for {}, {other_figure} for {}",
                    key.till, key.shop, key.day, one.0, other.0
                ));
            }
        }
    }
    words
}

/// What two totals disagree about, in sentences.
pub fn total_differences(one: (&str, &Value), other: (&str, &Value)) -> Vec<String> {
    let (here, there) = (flat(one.1), flat(other.1));
    let names: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
    let figure = |of: &BTreeMap<String, i64>, name: &String| of.get(name).copied().unwrap_or(0);
    names
        .into_iter()
        .filter(|name| figure(&here, name) != figure(&there, name))
        .map(|name| {
            let (figure, other_figure) = (figure(&here, name), figure(&there, name));
            format!("all tills together: {name} is {figure} for {}, {other_figure} for {}", one.0, other.0)
        })
        .collect()
}

/// Totals by name, those of tenders and shops with theirs behind it.
fn flat(totals: &Value) -> BTreeMap<String, i64> {
    let mut figures = BTreeMap::new();
    for (name, value) in totals.as_object().into_iter().flatten() {
        match value.as_object() {
            Some(parts) => figures.extend(
                parts
                    .iter()
                    .map(|(part, value)| (format!("{name} {part}"), value.as_i64().unwrap_or(0))),
            ),
            None => {
                figures.insert(name.clone(), value.as_i64().unwrap_or(0));
            }
        }
    }
    figures
}

/// The rows as a table: sorted, a header first.
pub fn as_csv(rows: &TillDays) -> String {
    let mut text = "shop,till,day,receipts,lines,gross,discounts,net,refunds\n".to_owned();
    for (key, row) in rows {
        let words = [&key.shop, &key.till, &key.day].map(|word| field(word));
        let figures = row.named().map(|(_, figure)| figure.to_string());
        text.push_str(&words.join(","));
        text.push(',');
        text.push_str(&figures.join(","));
        text.push('\n');
    }
    text
}

fn field(word: &str) -> String {
    if word.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", word.replace('"', "\"\""))
    } else {
        word.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(net: i64) -> Value {
        json!({"till_days": [
            {"shop": "S", "till": "T2", "day": "2017-01-01", "receipts": 1, "lines": 2, "gross": net, "discounts": 0, "net": net, "refunds": 0},
            {"shop": "S", "till": "T1", "day": "2017-01-01", "receipts": 1, "lines": 1, "gross": 5, "discounts": 1, "net": 4, "refunds": 0},
        ]})
    }

    #[test]
    fn a_difference_says_which_till_day_and_figure() {
        let (file, server) = (till_days_in(&rows(7)).unwrap(), till_days_in(&rows(8)).unwrap());
        assert_eq!(differences(("the till", &file), ("head office", &file)), Vec::<String>::new());
        assert_eq!(
            differences(("the till", &file), ("head office", &server)),
            [
                "till T2 of shop S on 2017-01-01: gross is 7 for the till, 8 for head office",
                "till T2 of shop S on 2017-01-01: net is 7 for the till, 8 for head office"
            ]
        );
        let none = TillDays::new();
        assert_eq!(differences(("a", &none), ("b", &server)).len(), 4 + 5);
    }

    #[test]
    fn totals_have_the_oracles_names_and_tables_are_sorted() {
        let mut figures = Figures { till_days: till_days_in(&rows(7)).unwrap(), ..Figures::default() };
        figures.add_tender("cash", 11);
        let totals = figures.totals();
        assert_eq!(
            totals,
            json!({"receipts": 2, "lines": 3, "gross": 12, "discounts": 1, "net": 11, "refunds": 0, "tenders": {"cash": 11}, "shops": {"S": 11}})
        );
        let mut other = totals.clone();
        other["tenders"]["card"] = json!(3);
        assert_eq!(
            total_differences(("the file", &totals), ("head office", &other)),
            ["all tills together: tenders card is 0 for the file, 3 for head office"]
        );
        assert_eq!(
            as_csv(&figures.till_days),
            "shop,till,day,receipts,lines,gross,discounts,net,refunds\nS,T1,2017-01-01,1,1,5,1,4,0\nS,T2,2017-01-01,1,2,7,0,7,0\n"
        );
    }
}
