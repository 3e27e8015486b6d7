//! Scopes: which events travel down to which tills.
//!
//! The scopes of an event follow from its type alone, and for tills from the store in their certificate; head office names
//! the store in the payload. Lines of open carts stay between their till and head office. An unknown type enters no scope until an
//! upgrade knows it; it is stored and acknowledged all the same.

use serde::Deserialize;

use crate::event::Event;
use crate::ids::StoreId;

/// Everybody's products, prices, taxes and settings.
pub const CATALOGUE: &str = "catalogue";
/// Everybody's people.
pub const PEOPLE: &str = "people";

/// The list of people by name and PIN: a lane of its own, beside the events of [`PEOPLE`]. Its position is the list's revision.
pub const CREDENTIALS: &str = "credentials";

/// What a store's tills completed and parked, and who they are.
pub fn sales(store: StoreId) -> String {
    format!("sales:{store}")
}

/// Movements of a store's goods outside sales.
pub fn stock(store: StoreId) -> String {
    format!("stock:{store}")
}

/// The lane of a store's conflicts.
pub fn conflicts(store: StoreId) -> String {
    format!("conflicts:{store}")
}

/// The store in the name of a conflicts lane.
pub fn conflicts_store(scope: &str) -> Option<StoreId> {
    scope.strip_prefix("conflicts:")?.parse().ok()
}

/// The scopes of events that a till of a store follows, in the order it needs them.
pub fn of_till(store: StoreId) -> Vec<String> {
    vec![CATALOGUE.to_owned(), PEOPLE.to_owned(), stock(store), sales(store)]
}

/// The scopes that whoever follows this one follows too, itself among them: what stands in one of them is held by all its readers.
pub fn read_together(scope: &str) -> Vec<String> {
    let store = ["sales:", "stock:"].iter().find_map(|lane| scope.strip_prefix(lane)?.parse().ok());
    store.map_or_else(|| vec![CATALOGUE.to_owned(), PEOPLE.to_owned()], of_till)
}

/// The descriptions of which a snapshot of a scope tells, by the beginning of their streams, in the order in which they come: what every
/// price needs first, products last, so that a product is never sold at a price that another description overrules. None where the scope
/// has no snapshot.
pub fn snapshot_kinds(scope: &str) -> Option<&'static [&'static str]> {
    (scope == CATALOGUE).then_some(&["settings/", "tax/", "price/", "product/"])
}

/// The scope of an event of this type. `store` is the store in the writer's certificate; head office has none and names one in the
/// payload. Descriptions are head office's to give, and a till speaks for its own store. This looks at the type and at the named store
/// alone; what a writer has no standing to say for another reason is told by [`crate::project::standing`], which head office asks too
/// before an event enters a scope.
pub fn scope_of(kind: &str, payload: &str, store: Option<StoreId>) -> Option<String> {
    scope_naming(kind, || store_in(payload), store)
}

/// The same of an event that was read.
pub fn scope_of_read(event: &Event, store: Option<StoreId>) -> Option<String> {
    scope_naming(event.kind().0, || event.store(), store)
}

fn scope_naming(
    kind: &str,
    named: impl FnOnce() -> Option<StoreId>,
    store: Option<StoreId>,
) -> Option<String> {
    let named = || {
        let named = named();
        if store.is_some() && named != store { None } else { named }
    };
    match kind {
        "product.created" | "product.changed" | "product.archived" | "price.changed" | "tax.changed"
        | "settings.changed" | "epoch.opened" => store.is_none().then(|| CATALOGUE.to_owned()),
        "staff.created" | "staff.changed" => store.is_none().then(|| PEOPLE.to_owned()),
        "sale.completed"
        | "sale.lines_recorded"
        | "sale.tender_corrected"
        | "shift.opened"
        | "shift.closed"
        | "shift.close_requested" => named().map(sales),
        // It names no store: a till parks in its own.
        "sale.parked" => store.map(sales),
        // Whose access ended travels too: tills hand it back to a head office that lost it.
        "origin.closed" | "origin.admitted" => store.is_none().then(|| CATALOGUE.to_owned()),
        "origin.opened" if store.is_none() => Some(CATALOGUE.to_owned()),
        "origin.opened" => named().map(sales),
        "stock.received" | "stock.adjusted" | "stock.counted" | "stock.sent" | "stock.arrived" => {
            named().map(stock)
        }
        _ => None,
    }
}

fn store_in(payload: &str) -> Option<StoreId> {
    #[derive(Deserialize)]
    struct Named {
        store: Option<StoreId>,
    }
    serde_json::from_str::<Named>(payload).ok()?.store
}
