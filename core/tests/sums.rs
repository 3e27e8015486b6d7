//! Sums over many events cannot run over: what one event may add to a sum is bounded where events are read.

use daybook_core::chain::{Hash, Tip};
use daybook_core::envelope::EventText;
use daybook_core::event::EVENTS;
use daybook_core::limits::{AMOUNT_MINOR_MAX, EVENT_AMOUNT_MINOR_MAX};
use daybook_core::project::{Input, Unread};
use serde_json::Value;

const ENVELOPE: &str = include_str!("../../schemas/envelope.v1.example.json");
const COMPLETED: &str = include_str!("../../schemas/sale.completed.v1.example.json");
const CASH_MOVED: &str = include_str!("../../schemas/shift.cash_moved.v1.example.json");
const CLOSED: &str = include_str!("../../schemas/shift.closed.v2.example.json");

fn read(kind: &str, payload: &Value) -> Result<(), Unread> {
    let mut envelope: Value = serde_json::from_str(ENVELOPE).unwrap();
    envelope["type"] = kind.into();
    envelope["v"] = EVENTS.iter().find(|(known, _)| *known == kind).unwrap().1.into();
    let origin = serde_json::from_value(envelope["origin"].clone()).unwrap();
    let tip = Tip { seq: envelope["seq"].as_i64().unwrap(), hash: Hash::ZERO };
    let text = EventText { envelope: envelope.to_string(), payload: payload.to_string(), seal: None };
    Input::read(origin, tip, &text).content.map(|_| ())
}

#[test]
fn an_event_that_would_add_a_hostile_amount_to_a_sum_is_quarantined_and_a_large_one_is_not() {
    let places = [
        ("sale.completed", COMPLETED, "/totals/gross_sales_minor"),
        ("sale.completed", COMPLETED, "/totals/gross_returns_minor"),
        ("sale.completed", COMPLETED, "/totals/reductions_minor"),
        ("sale.completed", COMPLETED, "/totals/net_minor"),
        ("sale.completed", COMPLETED, "/totals/tax_minor"),
        ("sale.completed", COMPLETED, "/totals/total_minor"),
        ("sale.completed", COMPLETED, "/totals/rounding_minor"),
        ("sale.completed", COMPLETED, "/tenders/0/amount_minor"),
        ("shift.cash_moved", CASH_MOVED, "/amount_minor"),
        ("shift.closed", CLOSED, "/over_short_minor"),
    ];
    for (kind, example, place) in places {
        let mut payload: Value = serde_json::from_str(example).unwrap();
        assert_eq!(read(kind, &payload), Ok(()), "{kind}");
        for (amount, sane) in
            [(EVENT_AMOUNT_MINOR_MAX / 2, true), (AMOUNT_MINOR_MAX, false), (-AMOUNT_MINOR_MAX, false)]
        {
            *payload.pointer_mut(place).unwrap_or_else(|| panic!("{kind} has no {place}")) = amount.into();
            let found = read(kind, &payload);
            assert_eq!(found.is_ok(), sane, "{kind} {place} {amount}: {found:?}");
        }
    }
}

#[test]
fn millions_of_the_largest_events_still_sum_to_an_integer() {
    assert!(EVENT_AMOUNT_MINOR_MAX.checked_mul(9_000_000).is_some());
}
