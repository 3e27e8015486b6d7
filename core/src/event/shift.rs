//! Payloads of a shift: from the float in the drawer to the sealed Z.
//!
//! A shift belongs to one origin and counts its own events only (trade rule 16). The two counters never fall; the Z carries them.

use std::collections::BTreeMap;

use crate::amount::{Currency, Minor};
use crate::event::sale::{TaxAmount, TenderClass, TenderState, is_settled, payload, settled, words};
use crate::ids::{ShiftId, StoreId, TillId};
use crate::time::Day;

words! {
    /// Why cash moves in or out of the drawer outside a sale.
    pub enum CashMove {
        /// Put in, such as change from the bank.
        In,
        /// Taken out, such as petty cash.
        Out,
        /// Skimmed to the safe.
        Drop,
    }
}

payload! {
    /// Sums that only grow over the life of a till's origins: part of every closing.
    pub struct Counters {
        /// Gross sales of all completed documents.
        pub gross_sales_minor: Minor,
        /// Gross returns of all completed documents; negative.
        pub gross_returns_minor: Minor,
        /// Completed documents.
        pub documents: i64,
        /// Closed shifts.
        pub shifts: i64,
    }
}

payload! {
    /// `shift.opened`.
    pub struct Opened {
        /// The shift.
        pub shift: ShiftId,
        /// The store.
        pub store: StoreId,
        /// The till.
        pub till: TillId,
        /// The business day of everything in it.
        pub day: Day,
        /// Currency of its drawer.
        pub currency: Currency,
        /// Cash in the drawer at the start.
        pub float_minor: Minor,
    }
}

payload! {
    /// `shift.cash_moved`: cash in, out or dropped.
    pub struct CashMoved {
        /// The shift.
        pub shift: ShiftId,
        /// The store.
        pub store: StoreId,
        /// Which way.
        pub cash_move: CashMove,
        /// Currency of the amount.
        pub currency: Currency,
        /// How much; positive.
        pub amount_minor: Minor,
        /// Why, as a code of the store.
        pub reason: String,
    }
}

payload! {
    /// `shift.drawer_opened`: somebody opened the drawer without a sale.
    pub struct DrawerOpened {
        /// The shift.
        pub shift: ShiftId,
        /// The store.
        pub store: StoreId,
        /// Why, as a code of the store.
        pub reason: String,
    }
}

payload! {
    /// What is counted of one tender type.
    pub struct Count {
        /// The tender type.
        pub tender_type: String,
        /// What is there.
        pub counted_minor: Minor,
        /// Cash: how many of each denomination, by its value in minor units.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        pub denominations: BTreeMap<i64, u32>,
    }
}

payload! {
    /// `shift.counted`: a blind count. A later one replaces it.
    pub struct Counted {
        /// The shift.
        pub shift: ShiftId,
        /// What was counted.
        pub counts: Vec<Count>,
    }
}

payload! {
    /// One tender type in a closing. Card payments whose outcome is not known stand apart from those that are (trade rule 14).
    pub struct TenderTotal {
        /// The tender type.
        pub tender_type: String,
        /// What it is in the books.
        pub class: TenderClass,
        /// Whether the outcome of these tenders is known.
        #[serde(default = "settled", skip_serializing_if = "is_settled")]
        pub state: TenderState,
        /// How many tenders.
        pub tenders: u32,
        /// Their amounts.
        pub amount_minor: Minor,
        /// What should be there: for cash with float and movements.
        pub expected_minor: Minor,
        /// What was counted, where it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub counted_minor: Option<Minor>,
    }
}

payload! {
    /// What was taxed in a shift, and how.
    pub struct ShiftTaxes {
        /// The sums per tax, jurisdiction and rate.
        pub rates: Vec<TaxAmount>,
        /// Net of the lines that bear no tax.
        pub untaxed_minor: Minor,
    }
}

payload! {
    /// `shift.closed`: the Z. Sealed.
    pub struct Closed {
        /// The shift.
        pub shift: ShiftId,
        /// The store.
        pub store: StoreId,
        /// The till.
        pub till: TillId,
        /// Its business day.
        pub day: Day,
        /// Number of the Z in the origin, from 1.
        pub number: i64,
        /// The last printed number of the origin's series; 0 where none was printed yet.
        pub last_number: i64,
        /// Currency of its amounts.
        pub currency: Currency,
        /// Completed documents.
        pub documents: i64,
        /// Gross sales of the shift.
        pub gross_sales_minor: Minor,
        /// Gross returns of the shift; negative.
        pub gross_returns_minor: Minor,
        /// Reductions of the shift.
        pub reductions_minor: Minor,
        /// Net of the shift.
        pub net_minor: Minor,
        /// Tax of the shift.
        pub tax_minor: Minor,
        /// The taxes by rate; none where the closing was written before closings told them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub taxes: Option<ShiftTaxes>,
        /// Cash rounding of the shift.
        pub rounding_minor: Minor,
        /// Float at the start.
        pub float_minor: Minor,
        /// Cash moved in less cash moved out and dropped.
        pub cash_moved_minor: Minor,
        /// How often the drawer was opened without a sale.
        #[serde(default, skip_serializing_if = "is_none_of_it")]
        pub drawer_openings: u32,
        /// Per tender type, and whether the outcome is known.
        pub tenders: Vec<TenderTotal>,
        /// Counted cash less expected cash; none where cash was not counted (trade rule 17).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub over_short_minor: Option<Minor>,
        /// The never-falling counters after this shift.
        pub counters: Counters,
    }
}

payload! {
    /// `shift.close_requested`: head office asks a till to close a forgotten shift; the till's own closing is the Z.
    pub struct CloseRequested {
        /// The shift.
        pub shift: ShiftId,
        /// Its store.
        pub store: StoreId,
        /// Why, as a code of the store.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub reason: Option<String>,
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_none_of_it(count: &u32) -> bool {
    *count == 0
}
