//! Payloads that describe shared things: products, prices, taxes, settings, people.
//!
//! Descriptions are registers per field: an event names just the fields it sets, and its envelope's `base` names the heads it had
//! seen. An edit that saw another follows it; edits unaware of each other are both kept (see [`crate::merge::register`]).

use serde_json::{Map, Value};
use std::collections::BTreeMap;

use crate::amount::{Currency, Rate, UnitPrice};
use crate::event::sale::{
    CashRounding, LineKind, OverTender, Prices, TaxRounding, TenderClass, payload, words,
};
use crate::ids::{ProductId, StaffId, StoreId, TaxId};

payload! {
    /// The fields of a product; an event sets those that are there.
    pub struct ProductFields {
        /// Stock-keeping code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub sku: Option<String>,
        /// Name on shelf and receipt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
        /// Department or category.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub department: Option<String>,
        /// What a line of it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub kind: Option<LineKind>,
        /// Barcodes and other codes that find it, besides its SKU.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub codes: Option<Vec<String>>,
        /// Name of its tax class.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub tax_class: Option<String>,
        /// Whether its stock is tracked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub tracked: Option<bool>,
        /// Whether discounts may touch it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub discountable: Option<bool>,
        /// The unit its price and quantity are in: `each`, `kg`, `l`…
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub unit: Option<String>,
        /// Shelf price of one unit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub price: Option<UnitPrice>,
        /// Cost of one unit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub cost: Option<UnitPrice>,
        /// Whether it is no longer sold.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub archived: Option<bool>,
    }
}

payload! {
    /// `product.created`.
    pub struct ProductCreated {
        /// The product.
        pub product: ProductId,
        /// Its fields.
        #[serde(flatten)]
        pub fields: ProductFields,
    }
}

payload! {
    /// `product.changed`: the fields that changed.
    pub struct ProductChanged {
        /// The product.
        pub product: ProductId,
        /// What changed.
        #[serde(flatten)]
        pub fields: ProductFields,
    }
}

payload! {
    /// `product.archived`: no longer sold; its history stays.
    pub struct ProductArchived {
        /// The product.
        pub product: ProductId,
    }
}

payload! {
    /// `price.changed`: a price of a product in one price list, for all stores or one, from a moment on.
    pub struct PriceChanged {
        /// The product.
        pub product: ProductId,
        /// The price list; `shelf` is everybody's.
        pub list: String,
        /// The store; none for all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub store: Option<StoreId>,
        /// Currency of the price.
        pub currency: Currency,
        /// Price of one unit.
        pub price: UnitPrice,
        /// In force from this time on, in microseconds since 1970; none: from the event on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub valid_from: Option<i64>,
    }
}

payload! {
    /// A tax within a tax class.
    pub struct TaxComponent {
        /// The tax.
        pub tax: TaxId,
        /// Who levies it.
        pub jurisdiction: String,
        /// The rate in per cent.
        pub rate: Rate,
    }
}

payload! {
    /// `tax.changed`: what a tax class means from a moment on.
    pub struct TaxChanged {
        /// Name of the class, such as `standard`.
        pub class: String,
        /// As people call it.
        pub name: String,
        /// The taxes a line of this class bears.
        pub components: Vec<TaxComponent>,
        /// In force from this time on, in microseconds since 1970; none: from the event on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub valid_from: Option<i64>,
    }
}

payload! {
    /// A tender type of a store (trade rule 11).
    pub struct TenderType {
        /// What it is in the books.
        pub class: TenderClass,
        /// What becomes of money beyond the amount due.
        pub over_tender: OverTender,
        /// Tender types that a refund of it may go to.
        pub refunds_to: Vec<String>,
        /// Whether it is counted at the end of a shift.
        pub counted: bool,
        /// Whether it opens the drawer.
        pub opens_drawer: bool,
        /// Whether cash rounding applies to it.
        pub rounds: bool,
    }
}

words! {
    /// An act that roles may allow, hand to somebody else for approval, or deny.
    pub enum Permission {
        /// Ring up and complete a sale.
        Sell,
        /// Take back goods against their receipt.
        ReturnLinked,
        /// Take back goods without one.
        ReturnBlind,
        /// State an amount other than the catalogue's.
        OverridePrice,
        /// Sell an item that is not in the catalogue.
        SellOpenItem,
        /// Grant a discount.
        Discount,
        /// Give up a cart.
        AbandonSale,
        /// Open and close shifts.
        RunShift,
        /// Move cash in and out of the drawer.
        MoveCash,
        /// Receive, count, adjust and move stock.
        ChangeStock,
        /// Change products, prices, taxes and settings.
        ChangeCatalogue,
        /// Answer conflicts.
        AnswerConflict,
    }
}

words! {
    /// What a role may do about an act.
    pub enum Grant {
        /// Do it.
        Allowed,
        /// Do it when somebody who may do it approves.
        NeedsApproval,
        /// Not do it.
        Denied,
    }
}

payload! {
    /// The settings of the organisation or of a store; an event sets those that are there.
    pub struct SettingsFields {
        /// Name of the store or organisation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
        /// Currency of the store.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub currency: Option<Currency>,
        /// IANA time zone, such as `Europe/Berlin`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub time_zone: Option<String>,
        /// Minutes after midnight at which the business day begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub cut_over_minutes: Option<i32>,
        /// Whether prices include tax.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub prices: Option<Prices>,
        /// Where tax is rounded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub tax_rounding: Option<TaxRounding>,
        /// Cash rounding; a step of 1 means none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub cash_rounding: Option<CashRounding>,
        /// Tender types by name, all of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub tender_types: Option<BTreeMap<String, TenderType>>,
        /// What roles may do, by role and act, all of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub roles: Option<BTreeMap<String, BTreeMap<Permission, Grant>>>,
    }
}

payload! {
    /// `settings.changed`.
    pub struct SettingsChanged {
        /// The store; none for the whole organisation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub store: Option<StoreId>,
        /// What changed.
        #[serde(flatten)]
        pub fields: SettingsFields,
    }
}

payload! {
    /// The fields of a person. Names and other personal data never stand in events.
    pub struct StaffFields {
        /// Staff number, as receipts and reports show it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub number: Option<String>,
        /// Role.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub role: Option<String>,
        /// The store, for people of one store.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub store: Option<StoreId>,
        /// Whether the person may still act.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub active: Option<bool>,
    }
}

payload! {
    /// `staff.created`.
    pub struct StaffCreated {
        /// The person.
        pub staff: StaffId,
        /// The fields.
        #[serde(flatten)]
        pub fields: StaffFields,
    }
}

payload! {
    /// `staff.changed`: the fields that changed.
    pub struct StaffChanged {
        /// The person.
        pub staff: StaffId,
        /// What changed.
        #[serde(flatten)]
        pub fields: StaffFields,
    }
}

payload! {
    /// `staff.signed_in` at a till.
    pub struct StaffSignedIn {
        /// The person.
        pub staff: StaffId,
    }
}

payload! {
    /// `staff.sign_in_refused`: wrong PINs at a till, once for each pause they led to and once at the end.
    pub struct StaffSignInRefused {
        /// The person whose PIN was tried.
        pub staff: StaffId,
        /// Wrong PINs in a row by then.
        pub wrong: u32,
    }
}

/// The fields that a description event sets, by name: what a register is kept of.
pub fn fields_of<T: serde::Serialize>(fields: &T) -> BTreeMap<String, Value> {
    match serde_json::to_value(fields) {
        Ok(Value::Object(map)) => map.into_iter().collect(),
        _ => BTreeMap::new(),
    }
}

/// Fields put together again from registers; fields of a newer version are passed over.
pub fn from_fields<T: serde::de::DeserializeOwned>(fields: &BTreeMap<String, Value>) -> Option<T> {
    let map: Map<String, Value> = fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    serde_json::from_value(Value::Object(map)).ok()
}
