//! Events: what happened, in the past tense. One table lists every type with its version.
//!
//! `EVENTS` ties the wire name of a type to its payload; reading, writing, schemas and the tables of docs/EVENTS.md all come
//! from it. Reading lifts old versions through [`upcast`]; what this version does not know is [`Reading::Unknown`]: kept, passed on,
//! and projected after an upgrade. Payload fields are only ever added, with a default.

pub mod description;
pub mod origin;
pub mod sale;
pub mod shift;
pub mod stock;
pub mod stream;
pub mod tender;
pub mod upcast;

use serde_json::Value;

/// Why a payload could not be understood by this version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A known type and version.
    Known(Box<Event>),
    /// A type or version from a newer Daybook.
    Unknown,
    /// A known type and version whose payload does not fit its schema; the text says where.
    Broken(String),
}

macro_rules! events {
    ($($kind:literal $version:literal $variant:ident($payload:ty)),+ $(,)?) => {
        /// The payload of an event.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(clippy::large_enum_variant, reason = "events are handled one at a time and mostly behind a box")]
        pub enum Event {
            $(#[doc = concat!("`", $kind, "`, see [`", stringify!($payload), "`].")] $variant($payload)),+
        }

        /// Every event type with the version that is written today.
        pub const EVENTS: &[(&str, u32)] = &[$(($kind, $version)),+];

        impl Event {
            /// The wire name and version of this event's payload.
            pub fn kind(&self) -> (&'static str, u32) {
                match self { $(Event::$variant(_) => ($kind, $version)),+ }
            }

            /// The payload's JSON text, as it is written once and kept.
            pub fn payload_text(&self) -> String {
                let text = match self { $(Event::$variant(payload) => serde_json::to_string(payload)),+ };
                text.unwrap_or_else(|error| unreachable!("payloads are plain data: {error}"))
            }

            /// Reads a payload of any version this Daybook knows.
            pub fn read(kind: &str, version: u32, payload: &str) -> Reading {
                match (kind, version) {
                    $(($kind, $version) => match serde_json::from_str::<$payload>(payload) {
                        Ok(payload) => Reading::Known(Box::new(Event::$variant(payload))),
                        Err(error) => Reading::Broken(error.to_string()),
                    },)+
                    _ => match upcast::upcast(kind, version, payload) {
                        Some(Ok((version, value))) => Event::read_value(kind, version, value),
                        Some(Err(error)) => Reading::Broken(error),
                        None => Reading::Unknown,
                    },
                }
            }

            fn read_value(kind: &str, version: u32, payload: Value) -> Reading {
                match (kind, version) {
                    $(($kind, $version) => match serde_json::from_value::<$payload>(payload) {
                        Ok(payload) => Reading::Known(Box::new(Event::$variant(payload))),
                        Err(error) => Reading::Broken(error.to_string()),
                    },)+
                    _ => Reading::Unknown,
                }
            }
        }

        $(impl From<$payload> for Event {
            fn from(payload: $payload) -> Event {
                Event::$variant(payload)
            }
        })+

        /// The JSON Schema of every event type, by `type.v<version>`.
        #[cfg(feature = "schema")]
        pub fn schemas() -> Vec<(String, schemars::Schema)> {
            vec![$((format!("{}.v{}", $kind, $version), schemars::schema_for!($payload))),+]
        }
    };
}

events! {
    "sale.opened" 1 SaleOpened(sale::Opened),
    "sale.line_added" 1 SaleLineAdded(sale::LineAdded),
    "sale.line_changed" 1 SaleLineChanged(sale::LineChanged),
    "sale.line_removed" 1 SaleLineRemoved(sale::LineRemoved),
    "sale.discounted" 1 SaleDiscounted(sale::Discounted),
    "sale.customer_set" 1 SaleCustomerSet(sale::CustomerSet),
    "sale.parked" 1 SaleParked(sale::Parked),
    "sale.tendered" 1 SaleTendered(sale::Tendered),
    "sale.tender_removed" 1 SaleTenderRemoved(tender::TenderRemoved),
    "sale.lines_recorded" 1 SaleLinesRecorded(sale::LinesRecorded),
    "sale.completed" 1 SaleCompleted(sale::Completed),
    "sale.abandoned" 1 SaleAbandoned(sale::Abandoned),
    "sale.tender_corrected" 1 SaleTenderCorrected(sale::TenderCorrected),
    "shift.opened" 1 ShiftOpened(shift::Opened),
    "shift.cash_moved" 1 ShiftCashMoved(shift::CashMoved),
    "shift.drawer_opened" 1 ShiftDrawerOpened(shift::DrawerOpened),
    "shift.counted" 1 ShiftCounted(shift::Counted),
    "shift.closed" 2 ShiftClosed(shift::Closed),
    "shift.close_requested" 1 ShiftCloseRequested(shift::CloseRequested),
    "product.created" 1 ProductCreated(description::ProductCreated),
    "product.changed" 1 ProductChanged(description::ProductChanged),
    "product.archived" 1 ProductArchived(description::ProductArchived),
    "price.changed" 1 PriceChanged(description::PriceChanged),
    "tax.changed" 1 TaxChanged(description::TaxChanged),
    "settings.changed" 1 SettingsChanged(description::SettingsChanged),
    "staff.created" 1 StaffCreated(description::StaffCreated),
    "staff.changed" 1 StaffChanged(description::StaffChanged),
    "staff.signed_in" 1 StaffSignedIn(description::StaffSignedIn),
    "staff.sign_in_refused" 1 StaffSignInRefused(description::StaffSignInRefused),
    "stock.received" 1 StockReceived(stock::Received),
    "stock.adjusted" 1 StockAdjusted(stock::Adjusted),
    "stock.counted" 1 StockCounted(stock::Counted),
    "stock.sent" 1 StockSent(stock::Sent),
    "stock.arrived" 1 StockArrived(stock::Arrived),
    "origin.opened" 1 OriginOpened(origin::Opened),
    "origin.admitted" 1 OriginAdmitted(origin::Admitted),
    "origin.closed" 1 OriginClosed(origin::Closed),
    "epoch.opened" 1 EpochOpened(origin::EpochOpened),
    "till.started" 1 TillStarted(origin::TillStarted),
    "clock.observed" 1 ClockObserved(origin::ClockObserved),
    "conflict.answered" 1 ConflictAnswered(origin::ConflictAnswered),
}

/// Whether this version reads payloads of this type and version.
pub fn is_known(kind: &str, version: u32) -> bool {
    EVENTS.contains(&(kind, version)) || upcast::lifts(kind, version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_types_and_versions_are_not_errors() {
        assert_eq!(Event::read("sale.levitated", 1, "{}"), Reading::Unknown);
        assert_eq!(Event::read("sale.completed", 99, "{}"), Reading::Unknown);
        assert!(matches!(Event::read("sale.line_removed", 1, "{}"), Reading::Broken(_)));
    }

    #[test]
    fn what_is_known_is_read_and_nothing_else() {
        for (kind, version) in [("sale.completed", 1), ("shift.closed", 1), ("shift.closed", 2)] {
            assert!(is_known(kind, version), "{kind} {version}");
            assert_ne!(Event::read(kind, version, "{}"), Reading::Unknown);
        }
        for (kind, version) in
            [("sale.levitated", 1), ("sale.completed", 2), ("shift.closed", 0), ("shift.closed", 3)]
        {
            assert!(!is_known(kind, version), "{kind} {version}");
            assert_eq!(Event::read(kind, version, "{}"), Reading::Unknown);
        }
    }

    #[test]
    fn every_type_has_its_own_name() {
        let mut names: Vec<_> = EVENTS.iter().map(|(kind, _)| *kind).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), EVENTS.len());
    }
}
