//! The words on a paper: the store's own, and the labels that a translation replaces.
//!
//! Nothing here is decided by a language: every word that is printed is handed in, with its English as what stands where none is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::amount::{Currency, Minor, Quantity, UnitPrice};
use crate::limits::CURRENCY_EXPONENT_MAX;

/// What a store writes on its papers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Words {
    /// Its name.
    pub store: String,
    /// Its address, line by line.
    pub address: Vec<String>,
    /// What stands below it, such as a tax number.
    pub header: Vec<String>,
    /// What stands at the end.
    pub footer: Vec<String>,
    /// The labels.
    pub labels: Labels,
}

macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident = $english:literal,)+) => {
        /// The labels of receipts and reports, in the language they are printed in.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Labels {
            /// What stands between whole units and their parts: `.` or `,`.
            pub decimal_mark: char,
            /// What tender types are called, by their code; a code without a name is printed as it is.
            pub tender_types: BTreeMap<String, String>,
            $($(#[$doc])* pub $name: String,)+
        }

        impl Default for Labels {
            fn default() -> Self {
                Labels { decimal_mark: '.', tender_types: BTreeMap::new(), $($name: $english.to_owned(),)+ }
            }
        }
    };
}

labels! {
    /// Before the number of a copy.
    copy = "COPY",
    /// A document that voids another.
    void = "VOID",
    /// A line that takes goods back.
    returned = "Return",
    /// Before a person's number.
    person = "Staff",
    /// A loyalty price.
    loyalty = "Loyalty price",
    /// A promotion.
    promotion = "Promotion",
    /// A discount on a line.
    line_discount = "Discount",
    /// A discount on the whole sale.
    sale_discount = "Discount on all",
    /// A coupon of the store.
    coupon = "Coupon",
    /// What the lines come to, before tax is added.
    subtotal = "Subtotal",
    /// What is owed.
    total = "TOTAL",
    /// Cash rounding.
    rounding = "Rounding",
    /// What was handed over.
    given = "Given",
    /// What was handed back.
    change = "Change",
    /// A card payment whose outcome is not known yet.
    to_verify = "to be verified",
    /// Before the code of a card payment.
    authorisation = "Authorisation",
    /// A tax.
    tax = "Tax",
    /// What is taxed, without the tax.
    tax_base = "Net of tax",
    /// What is taxed with its tax.
    gross = "Gross",
    /// What bears no tax.
    untaxed = "Untaxed",
    /// Before the short form of a seal.
    seal = "Seal",
    /// A reading while the shift goes on.
    reading = "X REPORT",
    /// The closing of a shift.
    closing = "Z REPORT",
    /// Before a business day.
    day = "Business day",
    /// Before the last number printed.
    last_number = "Last number",
    /// Completed documents.
    documents = "Documents",
    /// Gross sales.
    gross_sales = "Gross sales",
    /// Gross returns.
    gross_returns = "Gross returns",
    /// Reductions.
    reductions = "Reductions",
    /// Net.
    net = "Net",
    /// Cash at the start of a shift.
    float = "Float",
    /// Cash moved in less cash moved out.
    cash_moved = "Cash moved",
    /// How often the drawer was opened without a sale.
    drawer_openings = "Drawer opened, no sale",
    /// What should be there.
    expected = "Expected",
    /// What is there.
    counted = "Counted",
    /// Counted less expected.
    over_short = "Over / short",
    /// Heads the sums that only grow.
    counters = "Since the beginning",
    /// Closed shifts.
    shifts = "Shifts",
    /// Heads the tenders.
    tenders = "Tenders",
    /// A page that shows what the printer can do.
    test_page = "TEST PAGE",
}

impl Labels {
    /// What a tender type is called.
    pub fn tender<'a>(&'a self, code: &'a str) -> &'a str {
        self.tender_types.get(code).map_or(code, String::as_str)
    }

    /// An amount with its currency's decimals and without its name.
    pub fn amount(&self, currency: Currency, amount: Minor) -> String {
        self.marked(&readable(currency).digits(amount))
    }

    /// A quantity with no more decimals than needed.
    pub fn quantity(&self, quantity: Quantity) -> String {
        self.marked(&quantity.to_string())
    }

    /// A price of one unit, with its currency's decimals or as many more as it has.
    pub fn unit_price(&self, currency: Currency, price: UnitPrice) -> String {
        self.marked(&readable(currency).price_digits(price))
    }

    /// A rate or other number, with the mark of this language. A mark that is neither point nor comma is not used.
    pub fn marked(&self, number: &str) -> String {
        if self.decimal_mark == ',' {
            number.replace('.', ",")
        } else {
            number.to_owned()
        }
    }
}

/// A currency whose amounts can be written out, also where a broken event states more decimals than there are.
fn readable(currency: Currency) -> Currency {
    Currency { exponent: currency.exponent.min(CURRENCY_EXPONENT_MAX), ..currency }
}
