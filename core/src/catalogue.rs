//! What the catalogue says about a thing that is about to be sold: facts handed to `decide`, looked up by the shell.

use crate::amount::{Quantity, UnitPrice};
use crate::chain::Hash;
use crate::event::sale::{LineKind, TaxRate};
use crate::ids::ProductId;

/// A product, or an open item that the catalogue does not know, at this moment in this store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The product; none for an open item.
    pub product: Option<ProductId>,
    /// Its code, or the code that found nothing.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// Its department.
    pub department: Option<String>,
    /// What a line of it is about.
    pub kind: LineKind,
    /// Price of one unit, where the catalogue has one.
    pub unit_price: Option<UnitPrice>,
    /// The event that set that price.
    pub price_event: Option<Hash>,
    /// The taxes of its class in force now.
    pub taxes: Vec<TaxRate>,
    /// Its tax class, where nobody has described that: then it cannot be sold.
    pub unknown_tax_class: Option<String>,
    /// Whether its stock is tracked.
    pub tracked: bool,
    /// Stock on hand as far as this till knows; none where it does not.
    pub on_hand: Option<Quantity>,
    /// Cost of one unit, where known.
    pub unit_cost: Option<UnitPrice>,
    /// Whether discounts may touch it.
    pub discountable: bool,
}

impl Item {
    /// Something the catalogue does not know, named by its code.
    pub fn open(sku: &str, name: &str, department: Option<&str>, taxes: Vec<TaxRate>) -> Self {
        Item {
            product: None,
            sku: sku.to_owned(),
            name: name.to_owned(),
            department: department.map(str::to_owned),
            kind: LineKind::Goods,
            unit_price: None,
            price_event: None,
            taxes,
            unknown_tax_class: None,
            tracked: false,
            on_hand: None,
            unit_cost: None,
            discountable: true,
        }
    }
}
