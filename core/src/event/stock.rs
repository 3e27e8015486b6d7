//! Payloads of stock: what came in, what was counted, what was moved or written off.
//!
//! A count is an absolute statement per product; its variance is derived and revised when late sales arrive (trade rule 19).
//! Goods that move between stores are in transit between `sent` and `arrived`.

use crate::amount::{Currency, Quantity, UnitPrice};
use crate::event::sale::payload;
use crate::ids::{ProductId, StoreId};

payload! {
    /// A product and how much of it.
    pub struct StockLine {
        /// The product; none where only its code is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub product: Option<ProductId>,
        /// Its code.
        pub sku: String,
        /// How much; negative where it goes out.
        pub quantity: Quantity,
        /// Cost of one unit, where known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub unit_cost: Option<UnitPrice>,
    }
}

payload! {
    /// `stock.received`: goods from a supplier.
    pub struct Received {
        /// The store.
        pub store: StoreId,
        /// The goods.
        pub lines: Vec<StockLine>,
        /// Currency of the costs, where any is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub currency: Option<Currency>,
        /// The supplier's document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub document: Option<String>,
    }
}

payload! {
    /// `stock.adjusted`: goods found, broken, stolen or given away. Moves goods without money.
    pub struct Adjusted {
        /// The store.
        pub store: StoreId,
        /// Why, as a code of the store.
        pub reason: String,
        /// The goods.
        pub lines: Vec<StockLine>,
        /// Currency of the costs, where any is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub currency: Option<Currency>,
    }
}

payload! {
    /// `stock.counted`: what is there, at the time of this event.
    pub struct Counted {
        /// The store.
        pub store: StoreId,
        /// The count session.
        pub session: String,
        /// What was found.
        pub lines: Vec<StockLine>,
        /// Currency of the costs, where any is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub currency: Option<Currency>,
        /// Whether the zone is closed, so that what was not found is known to be nothing.
        pub zone_closed: bool,
    }
}

payload! {
    /// `stock.sent`: goods leave for another store, at the sender's cost.
    pub struct Sent {
        /// The transfer's name.
        pub transfer: String,
        /// From where.
        pub store: StoreId,
        /// Where to.
        pub to: StoreId,
        /// The goods.
        pub lines: Vec<StockLine>,
        /// Currency of the costs, where any is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub currency: Option<Currency>,
    }
}

payload! {
    /// `stock.arrived`: goods of a transfer arrive; differences are shrink at the sender's cost.
    pub struct Arrived {
        /// The transfer's name.
        pub transfer: String,
        /// Where they arrive.
        pub store: StoreId,
        /// The goods.
        pub lines: Vec<StockLine>,
        /// Currency of the costs, where any is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub currency: Option<Currency>,
    }
}
