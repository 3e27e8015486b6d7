//! One receipt of a file: how it is written, and what makes it unusable.
//!
//! The format is that of the data's own `replay.py`: one JSON object a line, money in minor units, quantities whole or in thousandths.
//! Whatever cannot be played is found here, before anything is played, and said in words that name the field.

use daybook_core::amount::{Currency, Minor, Quantity};
use daybook_core::limits::{
    AMOUNT_MINOR_MAX, CODE_CHARS_MAX, LINE_AMOUNT_MINOR_MAX, LINES_MAX, QUANTITY_THOUSANDTHS_MAX,
    REDUCTIONS_MAX, REFERENCES_MAX, TENDERS_MAX,
};
use daybook_core::time::{Day, Zone};
use serde::Deserialize;

/// A tender that is a claim on a third party: taken before the others.
pub const CLAIM: &str = "manufacturer_coupon";
/// The tenders that a receipt may name.
const TENDER_KINDS: [&str; 3] = ["cash", "card", CLAIM];

/// What a receipt records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A sale; it may hold negative lines too.
    Sale,
    /// A document begun as a return.
    Refund,
    /// Goods moved without money.
    StockAdjust,
}

/// A receipt as the file has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Receipt {
    /// What it records.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The shop.
    pub shop: String,
    /// The till.
    pub till: String,
    /// 1, 2, 3… per till.
    pub seq: u64,
    /// The source's own number.
    #[serde(rename = "ref")]
    pub reference: String,
    /// When, such as `2017-01-01T11:53:26Z`.
    pub time: String,
    /// Letters of its currency.
    pub currency: String,
    /// What was sold, taken back or moved.
    pub lines: Vec<Line>,
    /// How it was paid.
    pub tenders: Vec<Tender>,
    /// Sum of the lines' net.
    pub total: i64,
}

/// A line of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Line {
    /// Stock-keeping code.
    pub sku: String,
    /// Name.
    pub name: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// Whether the catalogue knows it.
    pub known: bool,
    /// How much, in units of `qty_scale`.
    pub qty: i64,
    /// 0: whole units; 3: thousandths.
    pub qty_scale: u8,
    /// Before discounts.
    pub gross: i64,
    /// What made it less.
    pub discounts: Vec<Discount>,
    /// Gross less discounts.
    pub net: i64,
    /// Earlier sale lines that it takes back; none: blind.
    #[serde(default)]
    pub returns: Vec<Return>,
}

/// A discount on a line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Discount {
    /// What gave it.
    pub kind: String,
    /// How much.
    pub amount: i64,
}

/// An earlier sale line that a line takes back, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Return {
    /// Number of the earlier receipt.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Position of the line in it, from 0.
    pub line: usize,
    /// How much of it, in the units of the line that takes it back.
    pub qty: i64,
}

/// A tender.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Tender {
    /// What kind.
    pub kind: String,
    /// How much; negative where money goes out.
    pub amount: i64,
}

impl Receipt {
    /// Reads a line of the file and checks it, or says what is wrong with it.
    pub fn read(text: &str) -> Result<Receipt, String> {
        let receipt: Receipt = serde_json::from_str(text).map_err(|error| said_by_the_reader(&error))?;
        receipt.check()?;
        Ok(receipt)
    }

    /// When it happened, in microseconds since 1970. 0 where the time cannot be read, which [`Receipt::read`] refuses.
    pub fn wall(&self) -> i64 {
        wall_of(&self.time).unwrap_or(0)
    }

    /// The tenders in the order in which they are taken: claims on third parties first.
    pub fn tenders_in_order(&self) -> impl Iterator<Item = &Tender> {
        let of = |claims: bool| self.tenders.iter().filter(move |tender| (tender.kind == CLAIM) == claims);
        of(true).chain(of(false))
    }

    fn check(&self) -> Result<(), String> {
        for (field, text) in [("shop", &self.shop), ("till", &self.till), ("ref", &self.reference)] {
            code(field, text)?;
        }
        if wall_of(&self.time).is_none() {
            return Err(format!("`time` is no time such as 2017-01-01T11:53:26Z: {:?}", self.time));
        }
        if Currency::from_code(&self.currency).is_none() {
            return Err(format!("unknown currency {:?}", self.currency));
        }
        if self.lines.is_empty() {
            return Err("`lines` is empty".to_owned());
        }
        if self.lines.len() > LINES_MAX {
            return Err(format!("{} lines are more than the {LINES_MAX} of a document", self.lines.len()));
        }
        for (position, line) in self.lines.iter().enumerate() {
            line.check().map_err(|what| format!("line {position} of the receipt: {what}"))?;
        }
        let net = sum(self.lines.iter().map(|line| line.net));
        if net != Some(self.total) {
            return Err(format!("`total` is {}, but the lines' net sums to {}", self.total, shown(net)));
        }
        if beyond(self.total, AMOUNT_MINOR_MAX) {
            return Err(format!("`total` {} is beyond what can be recorded", self.total));
        }
        match self.kind {
            Kind::StockAdjust => self.check_no_money(),
            Kind::Sale | Kind::Refund => self.check_tenders(),
        }
    }

    fn check_no_money(&self) -> Result<(), String> {
        let priced = |line: &Line| line.gross != 0 || line.net != 0 || !line.discounts.is_empty();
        if let Some(position) = self.lines.iter().position(priced) {
            return Err(format!(
                "line {position} of the receipt: there is money in it, but a stock_adjust moves goods only"
            ));
        }
        if self.tenders.is_empty() {
            Ok(())
        } else {
            Err("there are tenders, but a stock_adjust moves goods only".to_owned())
        }
    }

    fn check_tenders(&self) -> Result<(), String> {
        if self.tenders.len() > TENDERS_MAX {
            return Err(format!(
                "{} tenders are more than the {TENDERS_MAX} of a document",
                self.tenders.len()
            ));
        }
        if let Some(tender) = self.tenders.iter().find(|tender| !TENDER_KINDS.contains(&tender.kind.as_str()))
        {
            return Err(format!(
                "unknown tender kind {:?}; known are {}",
                tender.kind,
                TENDER_KINDS.join(", ")
            ));
        }
        let paid = sum(self.tenders.iter().map(|tender| tender.amount));
        if paid != Some(self.total) {
            return Err(format!("the tenders sum to {}, but `total` is {}", shown(paid), self.total));
        }
        let mut due = self.total;
        for tender in self.tenders_in_order() {
            if beyond(tender.amount, AMOUNT_MINOR_MAX) {
                return Err(format!("the tender of {} is beyond what can be recorded", tender.amount));
            }
            if tender.kind != CLAIM && !is_part_of(tender.amount, due) {
                return Err(format!(
                    "a {} tender of {} cannot be taken exactly where {due} is due: the till would give change or refuse it",
                    tender.kind, tender.amount
                ));
            }
            due -= tender.amount;
        }
        Ok(())
    }
}

impl Line {
    /// How much, in the till's thousandths.
    pub fn quantity(&self) -> Quantity {
        quantity(self.qty, self.qty_scale)
    }

    /// Before discounts.
    pub fn gross(&self) -> Minor {
        Minor::new(self.gross)
    }

    /// How much of an earlier line it takes back.
    pub fn quantity_of(&self, part: &Return) -> Quantity {
        quantity(part.qty, self.qty_scale)
    }

    fn check(&self) -> Result<(), String> {
        code("sku", &self.sku)?;
        if !matches!(self.qty_scale, 0 | 3) {
            return Err(format!("`qty_scale` is 0 or 3, not {}", self.qty_scale));
        }
        let bound = if self.qty_scale == 3 { 1 } else { 1_000 };
        if self
            .qty
            .checked_mul(bound)
            .is_none_or(|thousandths| beyond(thousandths, QUANTITY_THOUSANDTHS_MAX))
        {
            return Err(format!("`qty` {} is beyond what can be recorded", self.qty));
        }
        let off = sum(self.discounts.iter().map(|discount| discount.amount));
        if off.and_then(|off| self.gross.checked_sub(off)) != Some(self.net) {
            return Err(format!(
                "`net` is {}, but gross {} less discounts {} is not",
                self.net,
                self.gross,
                shown(off)
            ));
        }
        let amounts = self.discounts.iter().map(|discount| discount.amount).chain([self.gross, self.net]);
        if let Some(amount) = amounts.into_iter().find(|amount| beyond(*amount, LINE_AMOUNT_MINOR_MAX)) {
            return Err(format!("the amount {amount} is beyond what can be recorded"));
        }
        if self.discounts.len() > REDUCTIONS_MAX || self.returns.len() > REFERENCES_MAX {
            return Err("it has more discounts or returns than can be recorded".to_owned());
        }
        for discount in &self.discounts {
            code("kind", &discount.kind)?;
        }
        self.check_returns()
    }

    fn check_returns(&self) -> Result<(), String> {
        let parts = &self.returns;
        if parts.is_empty() {
            return Ok(());
        }
        if self.qty >= 0 {
            return Err(format!("`returns` stands on a line whose qty is {}: nothing comes back", self.qty));
        }
        if let Some(part) = parts.iter().find(|part| part.qty <= 0) {
            return Err(format!("`returns` takes {} of {:?}, which is nothing", part.qty, part.reference));
        }
        let back = sum(parts.iter().map(|part| part.qty));
        if back.is_none_or(|back| back > -self.qty) {
            return Err(format!("`returns` takes back {}, but the line only {}", shown(back), -self.qty));
        }
        Ok(())
    }
}

/// The business day of a time: the UTC date, as the shops of a replay cut over at midnight UTC.
pub fn day_of(wall: i64) -> Option<Day> {
    Zone::new("UTC", 0).map(|zone| zone.business_day(wall))
}

fn quantity(qty: i64, scale: u8) -> Quantity {
    if scale == 3 {
        Quantity::from_thousandths(qty)
    } else {
        Quantity::of(qty)
    }
}

/// Whether a tender is taken as it stands: all of what is due, a part of it, or nothing.
fn is_part_of(amount: i64, due: i64) -> bool {
    amount == 0 || amount == due || ((amount < 0) == (due < 0) && amount.unsigned_abs() < due.unsigned_abs())
}

fn beyond(number: i64, bound: i64) -> bool {
    number.unsigned_abs() > bound.unsigned_abs()
}

fn wall_of(time: &str) -> Option<i64> {
    let wall = time.parse::<jiff::Timestamp>().ok()?.as_microsecond();
    (0..=AMOUNT_MINOR_MAX).contains(&wall).then_some(wall)
}

fn code(field: &str, text: &str) -> Result<(), String> {
    if text.is_empty() {
        Err(format!("`{field}` is empty"))
    } else if text.chars().count() > CODE_CHARS_MAX {
        Err(format!("`{field}` is longer than {CODE_CHARS_MAX} characters"))
    } else if text.chars().any(char::is_control) {
        Err(format!("`{field}` holds characters that control a device: {text:?}"))
    } else {
        Ok(())
    }
}

fn sum(amounts: impl Iterator<Item = i64>) -> Option<i64> {
    amounts.into_iter().try_fold(0, i64::checked_add)
}

fn shown(sum: Option<i64>) -> String {
    sum.map_or_else(|| "more than can be counted".to_owned(), |sum| sum.to_string())
}

/// The reader counts lines of what it was given, which is always the first; only its column says something.
fn said_by_the_reader(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let words = words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words);
    format!("{words} (column {})", error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"type":"sale","shop":"S","till":"T","seq":1,"ref":"7","time":"2017-01-01T11:53:26Z","currency":"USD","customer":null,"lines":[{"sku":"A","name":null,"department":null,"known":true,"qty":2,"qty_scale":0,"gross":300,"discounts":[{"kind":"loyalty","amount":50}],"net":250}],"tenders":[{"kind":"cash","amount":200},{"kind":"manufacturer_coupon","amount":50}],"total":250}"#;

    #[test]
    fn a_receipt_is_read_with_claims_first() {
        let receipt = Receipt::read(GOOD).unwrap();
        let order: Vec<&str> = receipt.tenders_in_order().map(|tender| tender.kind.as_str()).collect();
        assert_eq!(order, [CLAIM, "cash"]);
        assert_eq!(receipt.wall(), 1_483_271_606_000_000);
        assert_eq!(day_of(receipt.wall()).unwrap().to_string(), "2017-01-01");
        assert_eq!(receipt.lines[0].quantity(), Quantity::of(2));
    }

    #[test]
    fn what_is_wrong_is_said() {
        // What to replace, with what, and what is then said.
        let cases = [
            ("\"seq\":1,", "", "missing field `seq`"),
            ("{\"type\"", "\"type\"", "invalid type"),
            ("\"type\":\"sale\"", "\"type\":\"gift\"", "unknown variant `gift`"),
            ("\"total\":250}", "\"total\":250", "EOF while parsing"),
            ("\"USD\"", "\"XXQ\"", "unknown currency \"XXQ\""),
            ("\"shop\":\"S\"", "\"shop\":\"\"", "`shop` is empty"),
            ("T11:53:26Z", " noon", "`time` is no time"),
            ("\"net\":250", "\"net\":251", "`net` is 251, but gross 300 less discounts 50 is not"),
            ("\"total\":250", "\"total\":260", "`total` is 260, but the lines' net sums to 250"),
            ("\"amount\":200", "\"amount\":190", "the tenders sum to 240, but `total` is 250"),
            ("\"cash\",\"amount\":200", "\"shells\",\"amount\":200", "unknown tender kind \"shells\""),
            ("\"qty_scale\":0", "\"qty_scale\":2", "`qty_scale` is 0 or 3, not 2"),
            ("\"qty\":2", "\"qty\":2.5", "invalid type: floating point"),
            ("\"sale\"", "\"stock_adjust\"", "there is money in it"),
            (
                "[{\"kind\":\"cash\"",
                "[{\"kind\":\"card\",\"amount\":-5},{\"kind\":\"cash\",\"amount\":5},{\"kind\":\"cash\"",
                "a card tender of -5 cannot be taken exactly where 200 is due",
            ),
            (
                "\"net\":250}",
                "\"net\":250,\"returns\":[{\"ref\":\"1\",\"line\":0,\"qty\":1}]}",
                "nothing comes back",
            ),
        ];
        for (from, to, expected) in cases {
            assert!(GOOD.contains(from), "{from}");
            let said = Receipt::read(&GOOD.replacen(from, to, 1)).unwrap_err();
            assert!(said.contains(expected), "{from} → {to}: {said}");
        }
    }

    #[test]
    fn a_return_takes_back_no_more_than_its_line() {
        let refund = |qty: i64| {
            format!(
                r#"{{"type":"refund","shop":"S","till":"T","seq":1,"ref":"C7","time":"2017-01-01T11:53:26Z","currency":"USD","lines":[{{"sku":"A","name":null,"department":null,"known":true,"qty":-2,"qty_scale":0,"gross":-300,"discounts":[],"net":-300,"returns":[{{"ref":"7","line":0,"qty":{qty}}}]}}],"tenders":[{{"kind":"cash","amount":-300}}],"total":-300}}"#
            )
        };
        assert!(Receipt::read(&refund(2)).is_ok());
        assert!(Receipt::read(&refund(3)).unwrap_err().contains("takes back 3, but the line only 2"));
        assert!(Receipt::read(&refund(0)).unwrap_err().contains("which is nothing"));
    }

    #[test]
    fn a_coupon_may_exceed_the_rest_and_the_other_tender_evens_it_out() {
        for (total, coupon, other) in [(250, 250, 0), (250, 300, -50), (0, 0, 0), (-30, 0, -30)] {
            let text = GOOD
                .replace("\"gross\":300", &format!("\"gross\":{}", total + 50))
                .replace("\"net\":250", &format!("\"net\":{total}"))
                .replace("\"total\":250", &format!("\"total\":{total}"))
                .replace("\"cash\",\"amount\":200", &format!("\"cash\",\"amount\":{other}"))
                .replace("coupon\",\"amount\":50", &format!("coupon\",\"amount\":{coupon}"));
            assert_eq!(Receipt::read(&text).map(|receipt| receipt.total), Ok(total), "{text}");
        }
    }
}
