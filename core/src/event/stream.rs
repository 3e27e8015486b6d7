//! Streams: the subject an event belongs to, as text such as `sale/0192…`.
//!
//! A stream of facts has one writer; the streams of shared descriptions (product, price, tax, settings, staff) may be edited
//! by several, and their events name in `base` the heads they had seen.

use crate::event::Event;
use crate::ids::{StoreId, TillId};

impl Event {
    /// The stream this event belongs to.
    pub fn stream(&self) -> String {
        match self {
            Event::SaleOpened(e) => format!("sale/{}", e.sale),
            Event::SaleLineAdded(e) => format!("sale/{}", e.sale),
            Event::SaleLineChanged(e) => format!("sale/{}", e.sale),
            Event::SaleLineRemoved(e) => format!("sale/{}", e.sale),
            Event::SaleDiscounted(e) => format!("sale/{}", e.sale),
            Event::SaleCustomerSet(e) => format!("sale/{}", e.sale),
            Event::SaleParked(e) => format!("sale/{}", e.sale),
            Event::SaleTendered(e) => format!("sale/{}", e.sale),
            Event::SaleTenderRemoved(e) => format!("sale/{}", e.sale),
            Event::SaleLinesRecorded(e) => format!("sale/{}", e.sale),
            Event::SaleCompleted(e) => format!("sale/{}", e.sale),
            Event::SaleAbandoned(e) => format!("sale/{}", e.sale),
            Event::SaleTenderCorrected(e) => format!("sale/{}", e.sale),
            Event::ShiftOpened(e) => format!("shift/{}", e.shift),
            Event::ShiftCashMoved(e) => format!("shift/{}", e.shift),
            Event::ShiftDrawerOpened(e) => format!("shift/{}", e.shift),
            Event::ShiftCounted(e) => format!("shift/{}", e.shift),
            Event::ShiftClosed(e) => format!("shift/{}", e.shift),
            Event::ShiftCloseRequested(e) => format!("shift/{}", e.shift),
            Event::ProductCreated(e) => format!("product/{}", e.product),
            Event::ProductChanged(e) => format!("product/{}", e.product),
            Event::ProductArchived(e) => format!("product/{}", e.product),
            Event::PriceChanged(e) => match e.store {
                Some(store) => format!("price/{}/{}/{store}", e.product, e.list),
                None => format!("price/{}/{}", e.product, e.list),
            },
            Event::TaxChanged(e) => format!("tax/{}", e.class),
            Event::SettingsChanged(e) => match e.store {
                Some(store) => format!("settings/{store}"),
                None => "settings/organisation".to_owned(),
            },
            Event::StaffCreated(e) => format!("staff/{}", e.staff),
            Event::StaffChanged(e) => format!("staff/{}", e.staff),
            Event::StaffSignedIn(e) => format!("signing_in/{}", e.staff),
            Event::StaffSignInRefused(e) => format!("signing_in/{}", e.staff),
            Event::StockReceived(e) => format!("stock/{}", e.store),
            Event::StockAdjusted(e) => format!("stock/{}", e.store),
            Event::StockCounted(e) => format!("stock/{}", e.store),
            Event::StockSent(e) => format!("stock/{}", e.store),
            Event::StockArrived(e) => format!("stock/{}", e.store),
            Event::OriginOpened(_)
            | Event::EpochOpened(_)
            | Event::TillStarted(_)
            | Event::ClockObserved(_) => "origin".to_owned(),
            Event::OriginAdmitted(e) => format!("origin/{}", e.origin),
            Event::OriginClosed(e) => format!("origin/{}", e.origin),
            Event::ConflictAnswered(e) => format!("conflict/{}", e.conflict),
        }
    }

    /// Whether the event edits a shared description, and so names the heads it had seen.
    pub fn is_description(&self) -> bool {
        matches!(
            self,
            Event::ProductCreated(_)
                | Event::ProductChanged(_)
                | Event::ProductArchived(_)
                | Event::PriceChanged(_)
                | Event::TaxChanged(_)
                | Event::SettingsChanged(_)
                | Event::StaffCreated(_)
                | Event::StaffChanged(_)
        )
    }

    /// The store that the event speaks of; none where its type names none, or all.
    pub fn store(&self) -> Option<StoreId> {
        match self {
            Event::SaleOpened(e) => Some(e.store),
            Event::SaleLinesRecorded(e) => Some(e.store),
            Event::SaleCompleted(e) => Some(e.store),
            Event::SaleTenderCorrected(e) => Some(e.store),
            Event::ShiftOpened(e) => Some(e.store),
            Event::ShiftCashMoved(e) => Some(e.store),
            Event::ShiftDrawerOpened(e) => Some(e.store),
            Event::ShiftClosed(e) => Some(e.store),
            Event::ShiftCloseRequested(e) => Some(e.store),
            Event::StockReceived(e) => Some(e.store),
            Event::StockAdjusted(e) => Some(e.store),
            Event::StockCounted(e) => Some(e.store),
            Event::StockSent(e) => Some(e.store),
            Event::StockArrived(e) => Some(e.store),
            Event::OriginOpened(e) => e.store,
            Event::PriceChanged(e) => e.store,
            Event::SettingsChanged(e) => e.store,
            _ => None,
        }
    }

    /// The till that the event speaks of; none where its type names none.
    pub fn till(&self) -> Option<TillId> {
        match self {
            Event::SaleOpened(e) => Some(e.till),
            Event::SaleCompleted(e) => Some(e.till),
            Event::ShiftOpened(e) => Some(e.till),
            Event::ShiftClosed(e) => Some(e.till),
            Event::OriginOpened(e) => e.till,
            _ => None,
        }
    }

    /// Whether the event is sealed in the commit that records it.
    pub fn is_sealed(&self) -> bool {
        matches!(self, Event::SaleCompleted(_) | Event::ShiftClosed(_) | Event::OriginOpened(_))
    }
}
