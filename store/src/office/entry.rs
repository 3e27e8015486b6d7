//! Which scope an event enters: what its writer has the standing to say, at its own place.

use daybook_core::envelope::EventText;
use daybook_core::ids::OriginId;
use daybook_core::project::{Input, standing::Standing};
use daybook_core::sync::scope::{scope_of, scope_of_read};

/// The scope that an event enters. An envelope that names another place than its own, and a payload that is not the writer's to say, would
/// speak for others: they enter none. What this version cannot read goes by its type, as far as that is known.
pub(super) fn scope_in(input: &Input, text: &EventText, standing: Standing) -> Option<String> {
    let store = match standing {
        Standing::HeadOffice => None,
        Standing::Till(store, _) => Some(store),
    };
    match &input.content {
        // It was read, so it names its own place.
        Ok((_, event)) if standing.misfit(event).is_some() => None,
        Ok((_, event)) => scope_of_read(event, store),
        Err(_) => {
            let placed: Placed = serde_json::from_str(&text.envelope).ok()?;
            let is_own = placed.origin == input.origin && placed.seq == input.tip.seq;
            if is_own { scope_of(&placed.kind, &text.payload, store) } else { None }
        }
    }
}

/// What is read of an envelope whose event this version does not read.
#[derive(serde::Deserialize)]
struct Placed {
    origin: OriginId,
    seq: i64,
    #[serde(rename = "type")]
    kind: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::chain::{Hash, Tip};
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
            let text = text(kind, payload);
            scope_in(&Input::read(OriginId(id(1)), tip, &text), &text, standing)
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
