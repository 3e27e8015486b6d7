//! Which scope an event enters: what its writer has the standing to say, at its own place.

use daybook_core::chain::Tip;
use daybook_core::envelope::EventText;
use daybook_core::ids::OriginId;
use daybook_core::project::{self, standing::Standing};
use daybook_core::sync::scope::scope_of;

/// The scope that an event enters. An envelope that names another place than its own, and a payload that is not the writer's to say, would
/// speak for others: they enter none. What this version cannot read goes by its type, as far as that is known.
pub(super) fn scope_in(origin: OriginId, tip: Tip, text: &EventText, standing: Standing) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Placed {
        origin: OriginId,
        seq: i64,
        #[serde(rename = "type")]
        kind: String,
    }
    let placed: Placed = serde_json::from_str(&text.envelope).ok()?;
    let store = match standing {
        Standing::HeadOffice => None,
        Standing::Till(store, _) => Some(store),
    };
    let scope = scope_of(&placed.kind, &text.payload, store)?;
    let is_own = placed.origin == origin && placed.seq == tip.seq;
    let is_misfit = || match project::Input::read(origin, tip, text).content {
        Ok((_, event)) => standing.misfit(&event).is_some(),
        Err(_) => false,
    };
    (is_own && !is_misfit()).then_some(scope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::chain::Hash;
    use daybook_core::event::origin::Role;
    use daybook_core::ids::{StoreId, TillId};
    use serde_json::{Value, json};
    use uuid::Uuid;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn text(kind: &str, payload: &Value) -> EventText {
        let envelope = json!({
            "id": id(1), "origin": id(1), "seq": 1, "at": 1, "wall": 1, "offset": 0, "stream": "s", "rev": 1, "type": kind, "v": 1,
        });
        EventText { envelope: envelope.to_string(), payload: payload.to_string(), seal: None }
    }

    #[test]
    fn what_is_not_a_writers_to_say_reaches_nobodys_feed_and_unknown_versions_go_by_their_type() {
        let here = Standing::Till(StoreId(id(5)), TillId(id(6)));
        let scope = |kind: &str, payload: &Value, standing| {
            let tip = Tip { seq: 1, hash: Hash::ZERO };
            scope_in(OriginId(id(1)), tip, &text(kind, payload), standing)
        };
        let opened = |role: Role, till: u128| {
            json!({
                "organisation": id(2), "role": role, "reason": "copied", "store": id(5), "till": id(till), "name": "Till 1",
                "series": "A", "public_key": "",
            })
        };
        let sales = Some(daybook_core::sync::scope::sales(StoreId(id(5))));
        assert_eq!(scope("origin.opened", &opened(Role::Till, 6), here), sales);
        assert_eq!(scope("origin.opened", &opened(Role::Till, 7), here), None, "another till of the store");
        assert_eq!(scope("origin.opened", &opened(Role::HeadOffice, 6), here), None, "no head office");
        let closed = json!({ "store": id(5), "shape": "of a version to come" });
        assert_eq!(scope("shift.closed", &closed, here), sales);
        assert_eq!(scope("shift.invented", &closed, here), None);
    }
}
