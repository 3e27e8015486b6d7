//! How a basket is written down: what a shop sells, what is done at its till, and what must come of it.
//!
//! Figures are texts with all decimals of their currency, so that a basket reads like a receipt and a missing cent cannot
//! hide in a number. Taxes are named `jurisdiction/rate`. Whatever is not written here cannot be written in a basket:
//! a misspelt field fails.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use daybook_core::amount::{Minor, Quantity, UnitPrice};
use daybook_core::event::description::TenderType;
use daybook_core::event::sale::{LineKind, Prices, TaxRounding};

/// A few documents of one shop that show one law.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basket {
    /// The law, in words.
    pub name: String,
    /// The trade rule it comes from.
    pub rule: u8,
    /// How the figures were reckoned by hand.
    pub reckoned: Vec<String>,
    /// The store's [`Terms`]; a document may have others.
    pub terms: Map<String, Value>,
    /// Tender types beside those every store starts with.
    #[serde(default)]
    pub tender_types: BTreeMap<String, TenderType>,
    /// What is sold, each an [`Item`]; a document may change fields of it, as a new tax rate does.
    pub items: BTreeMap<String, Map<String, Value>>,
    /// Promotions in force in every document.
    #[serde(default)]
    pub promotions: Vec<Promotion>,
    /// The documents, in order.
    pub documents: Vec<Document>,
    /// All accounts after all documents, with the remainders of what came back whole. Accounts left out are zero.
    pub ledger: Option<BTreeMap<String, String>>,
}

/// How a store states prices and where it rounds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// ISO 4217 letters.
    pub currency: String,
    /// Whether prices include tax.
    pub prices: Prices,
    /// Where tax is rounded.
    pub tax_rounding: TaxRounding,
    /// The smallest amount payable in cash, where the store rounds.
    pub cash_rounding: Option<String>,
}

/// Something that is sold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Price of one unit, with up to four decimals more than its currency.
    pub price: Option<String>,
    /// Its taxes, such as `DE/19`.
    #[serde(default)]
    pub taxes: Vec<String>,
    /// What a line of it is about; goods where nothing is said.
    #[serde(default = "goods")]
    pub kind: LineKind,
    /// Whether the catalogue knows it.
    #[serde(default = "yes")]
    pub catalogued: bool,
    /// Whether its stock is tracked.
    #[serde(default)]
    pub tracked: bool,
    /// Cost of one unit.
    pub cost: Option<String>,
    /// Whether discounts may touch it.
    #[serde(default = "yes")]
    pub discountable: bool,
}

/// Buy so many of some items, pay for the dearest of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    /// Its name on the receipt.
    pub name: String,
    /// What takes part.
    pub items: Vec<String>,
    /// Pieces of a set.
    pub buy: usize,
    /// Pieces of a set that are paid.
    pub pay: usize,
}

/// One document: what is done, and what it must amount to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Terms that differ from the basket's.
    #[serde(default)]
    pub terms: Map<String, Value>,
    /// Fields of items that differ from the basket's.
    #[serde(default)]
    pub items: BTreeMap<String, Map<String, Value>>,
    /// Whether a known customer buys.
    #[serde(default)]
    pub customer: bool,
    /// What is done at the till.
    pub steps: Vec<Step>,
    /// What it must amount to; nothing where it is never completed.
    pub expect: Option<Expected>,
}

/// One act at the till. Exactly one of its verbs is there: add, return, change, remove, discount, store coupon, tender,
/// pay (the last tender, which completes the document), complete, park or abandon.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Adds a line of this item, at its catalogue price where nothing else is said.
    pub add: Option<String>,
    /// How much is added, or what a line is changed to; one where nothing is said, negative where it is taken back blindly.
    pub quantity: Option<String>,
    /// The line is added so many times.
    pub times: Option<u32>,
    /// The amount on its label.
    pub label: Option<String>,
    /// The amount entered for an item without a price of its own.
    pub open: Option<String>,
    /// The price that somebody decided at the till.
    #[serde(rename = "override")]
    pub instead: Option<String>,
    /// The amount stated instead of price × quantity, or the money handed over.
    pub given: Option<String>,
    /// Reductions stated with the line: source and amount.
    #[serde(default)]
    pub reductions: Vec<(String, String)>,
    /// What the cashier says a line takes back, whether or not it is so.
    #[serde(default)]
    pub says: Vec<Said>,
    /// The gift card or credit is not named.
    #[serde(default)]
    pub unnamed: bool,
    /// Why the line is exempt from tax.
    pub exempt: Option<String>,
    /// Takes back a part of an earlier document's line.
    #[serde(rename = "return")]
    pub back: Option<Back>,
    /// Whether what comes back goes on the shelf; it does where nothing is said.
    pub restocked: Option<bool>,
    /// Changes the quantity of this line.
    pub change: Option<u32>,
    /// Removes this line.
    pub remove: Option<u32>,
    /// A discount, as `10 %` or an amount: on a line where one is named, else on the whole sale.
    pub discount: Option<String>,
    /// The line that is discounted.
    pub line: Option<u32>,
    /// A store coupon, as `10 %` or an amount.
    pub store_coupon: Option<String>,
    /// The coupon's code.
    pub code: Option<String>,
    /// Takes a tender of this type; exactly what is due where no amount is given.
    pub tender: Option<String>,
    /// Takes the last tender and completes the document in one commit.
    pub pay: Option<String>,
    /// Completes the document.
    #[serde(default)]
    pub complete: bool,
    /// Sets the document aside.
    #[serde(default)]
    pub park: bool,
    /// Gives the document up.
    #[serde(default)]
    pub abandon: bool,
    /// The role of who does it; a manager where nothing is said.
    pub by: Option<String>,
    /// The role of who approves it. The act must then need the approval.
    pub approved_by: Option<String>,
    /// The refusal it must meet.
    pub refused: Option<String>,
}

/// A part of an earlier line, and the money that somebody says was paid for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// The line.
    pub line: Back,
    /// The money.
    pub amount: String,
}

/// A part of an earlier line that comes back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Back {
    /// The earlier document, from 1.
    pub document: usize,
    /// Its line.
    pub line: u32,
    /// How much of it.
    pub quantity: String,
    /// Whether returns in documents before this one are known here.
    #[serde(default = "yes")]
    pub aware: bool,
}

/// What a document must amount to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Its lines.
    pub lines: Vec<ExpectedLine>,
    /// Its taxes: base and amount.
    pub taxes: BTreeMap<String, (String, String)>,
    /// Its sums, all of them.
    pub totals: ExpectedTotals,
    /// Its tenders.
    pub tenders: Vec<ExpectedTender>,
    /// Its postings, positive for a debit; accounts left out are not touched.
    pub postings: BTreeMap<String, String>,
}

/// What a line must amount to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedLine {
    /// Its number; the next one where nothing is said.
    pub line: Option<u32>,
    /// The item.
    pub item: String,
    /// How much.
    pub quantity: String,
    /// Its amount before reductions.
    pub extended: String,
    /// Its reductions: source, with its name where it has one, and amount.
    #[serde(default)]
    pub reductions: Vec<(String, String)>,
    /// What the reductions leave.
    pub net: String,
    /// Its taxes: base and amount.
    #[serde(default)]
    pub taxes: BTreeMap<String, (String, String)>,
    /// What it takes back: document, line, quantity and net amount, positive as they were sold.
    pub takes_back: Option<(usize, u32, String, String)>,
    /// So many lines alike follow each other.
    pub times: Option<u32>,
}

/// What the sums of a document must be.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedTotals {
    /// Number of lines.
    pub lines: u32,
    /// Extended amounts of sale lines.
    pub gross_sales: String,
    /// Extended amounts of return lines.
    pub gross_returns: String,
    /// Reductions of all lines.
    pub reductions: String,
    /// What the reductions leave.
    pub net: String,
    /// Taxes of all lines.
    pub tax: String,
    /// What the customer owes.
    pub total: String,
    /// Cash rounding.
    pub rounding: String,
}

/// What a tender must be.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedTender {
    /// Its type.
    #[serde(rename = "type")]
    pub tender_type: String,
    /// What was kept of it.
    pub amount: String,
    /// What was handed over, where that is more.
    pub given: Option<String>,
    /// What was handed back.
    pub change: Option<String>,
    /// The cash rounding it brought about.
    pub rounding: Option<String>,
}

fn goods() -> LineKind {
    LineKind::Goods
}

fn yes() -> bool {
    true
}

/// A stated thing with the fields that stand above it.
pub fn overlaid<T: DeserializeOwned>(below: &Map<String, Value>, above: Option<&Map<String, Value>>) -> T {
    let mut fields = below.clone();
    fields.extend(above.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
    serde_json::from_value(Value::Object(fields)).unwrap_or_else(|error| panic!("{error} in {below:?}"))
}

/// Money as it is written: with all decimals of its currency and no others.
pub fn minor(text: &str, exponent: u8) -> Minor {
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    assert_eq!(decimals, usize::from(exponent), "write all decimals of the currency, not as in {text}");
    Minor::new(scaled(text, exponent))
}

/// A price or cost of one unit.
pub fn unit_price(text: &str, exponent: u8) -> UnitPrice {
    UnitPrice::from_ten_thousandths(scaled(text, exponent + 4))
}

/// A quantity.
pub fn quantity(text: &str) -> Quantity {
    Quantity::from_thousandths(scaled(text, 3))
}

/// A decimal text as an integer of its last place.
fn scaled(text: &str, places: u8) -> i64 {
    let places = usize::from(places);
    let (sign, size) = text.strip_prefix('-').map_or((1, text), |size| (-1, size));
    let (whole, decimals) = size.split_once('.').unwrap_or((size, ""));
    assert!(decimals.len() <= places, "{text} has more than {places} decimals");
    let digits = format!("{whole}{decimals:0<places$}");
    sign * digits.parse::<i64>().unwrap_or_else(|error| panic!("{text}: {error}"))
}
