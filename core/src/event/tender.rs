//! Payload of a tender that did not stay: it was taken, and taken back before its document was completed.
//!
//! The trace matters more than the money: what was handed back, or never taken, is asked for when a drawer does not add up.

use crate::event::sale::{payload, words};
use crate::ids::SaleId;

words! {
    /// What became of the money of a tender that was taken back before its document was completed.
    pub enum TenderFate {
        /// The customer got it back from the drawer.
        HandedBack,
        /// The card terminal took the payment back.
        Reversed,
        /// It was keyed by mistake; no money had moved.
        NotTaken,
    }
}

payload! {
    /// `sale.tender_removed`: a tender was taken back before the document was completed.
    pub struct TenderRemoved {
        /// The document.
        pub sale: SaleId,
        /// Number of the tender.
        pub tender: u32,
        /// What became of its money.
        pub fate: TenderFate,
    }
}
