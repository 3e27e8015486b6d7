//! Identities: UUIDs with a type each, so that a till cannot be taken for an origin or a sale for a shift.
//!
//! Nothing here makes an id up: [`uuid_v7`] takes the time and the random bits that the shell hands in. Version 7 keeps
//! rows of the same day next to each other in every index.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map($name)
            }
        }
    )+};
}

ids! {
    /// The organisation: one head office and all its stores.
    OrganisationId,
    /// A store of the organisation.
    StoreId,
    /// A till as people know it. It keeps its id when its origin changes.
    TillId,
    /// A writer of a log: one key, one chain of events.
    OriginId,
    /// The id of one event; two events of a fork may not share it, but only the hash is proof of identity.
    EventId,
    /// A document that a customer gets a receipt for, from its first line on.
    SaleId,
    /// A shift: from float to Z.
    ShiftId,
    /// A product of the catalogue.
    ProductId,
    /// A customer.
    CustomerId,
    /// A person who works at a till or at head office.
    StaffId,
    /// A tax of the organisation.
    TaxId,
    /// A gift card, store credit or voucher.
    VoucherId,
    /// One command of a user; repeating it is answered, not executed twice.
    CommandId,
    /// A paper that waits for a printer.
    PrintJobId,
    /// One request to the server; its answer is bound to it.
    RequestId,
}

/// A version 7 UUID from a time in microseconds since 1970 and ten random bytes.
pub fn uuid_v7(wall: i64, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(wall / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_ids_sort_later() {
        let early = uuid_v7(1_700_000_000_000_000, [0xff; 10]);
        let late = uuid_v7(1_700_000_000_001_000, [0; 10]);
        assert!(early < late);
        assert_eq!(early.get_version_num(), 7);
    }
}
