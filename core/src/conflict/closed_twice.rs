//! Closed twice: one shift was closed in two places, because a till was copied or restored while it was open.
//!
//! Both closings stand, each with what its copy of the till knew. One drawer was counted for at most one of them, so their sums must not be
//! taken together without somebody looking.

use crate::amount::Currency;
use crate::chain::Hash;
use crate::conflict::completed_twice::times;
use crate::conflict::{Conflict, Kind, Party, Severity, choice, conflict_id, evidence_of, unlisted};
use crate::event::shift::Closed;
use crate::ids::{ShiftId, StoreId};
use crate::limits::CONFLICT_PARTIES_MAX;
use crate::project::rows::OrderKey;

/// A closing of the shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Its place in the canonical order.
    pub order: OrderKey,
    /// The event.
    pub hash: Hash,
    /// The till's name.
    pub till: String,
    /// The Z.
    pub closed: Closed,
}

/// Every closing of one shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The shift.
    pub shift: ShiftId,
    /// The closings.
    pub closings: Vec<Closing>,
}

/// What conflicts of a shift are kept under.
pub fn subject(shift: ShiftId) -> String {
    format!("closed/{shift}")
}

/// Judges a shift. `None` while one closing ends it.
pub fn judge(facts: &Facts) -> Option<Conflict> {
    let mut closings = facts.closings.clone();
    closings.sort_by_key(|closing| (closing.order, closing.hash));
    if closings.len() < 2 {
        return None;
    }
    let first = &closings.first()?.closed;
    let (store, currency): (StoreId, Currency) = (first.store, first.currency);
    let net = |closing: &Closing| closing.closed.net_minor;
    let highest = closings.iter().map(net).max()?;
    let lowest = closings.iter().map(net).min()?;
    let number = |closing: &Closing| format!("Z {}", closing.closed.number);
    let numbers: Vec<String> = closings.iter().take(CONFLICT_PARTIES_MAX).map(number).collect();
    let party = |closing: &Closing| Party {
        till: closing.till.clone(),
        receipt: None,
        local_time: None,
        part: format!(
            "closed it as {} with {} net in {} receipts",
            number(closing),
            currency.show(net(closing)),
            closing.closed.documents
        ),
    };
    let evidence: Vec<String> = closings.iter().map(|closing| closing.hash.to_string()).collect();
    Some(Conflict {
        id: conflict_id(Kind::ClosedTwice, &facts.shift.to_string(), ""),
        kind: Kind::ClosedTwice,
        store: Some(store),
        severity: Severity::Urgent,
        title: format!("The shift of {} was closed {}", first.day, times(closings.len())),
        story: format!(
            "A shift of {} was closed {}: {}. The till's books were copied or restored while it was open, and each copy closed it \
             with what it knew.{}",
            first.day,
            times(closings.len()),
            numbers.join(" and "),
            unlisted("closings", "first", closings.len()),
        ),
        parties: closings.iter().take(CONFLICT_PARTIES_MAX).map(party).collect(),
        money_minor: highest - lowest,
        currency: Some(currency),
        done: "Every closing stands as it was printed. Reports count each receipt once, whatever closing it stands in.".to_owned(),
        choices: vec![
            choice("count_once", "One drawer was counted. Put the other closing aside with the day's papers."),
            choice("two_drawers", "Two drawers were counted, each with its closing. Nothing more to do."),
            choice("investigate", "Somebody finds the second machine and looks at both drawers."),
        ],
        decides: "the store's manager".to_owned(),
        evidence: evidence_of(&evidence),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amount::Minor;
    use crate::event::shift::Counters;
    use crate::ids::{OriginId, TillId};
    use crate::time::Day;
    use uuid::Uuid;

    fn closing(at: i64, number: i64, net: i64) -> Closing {
        let amount = Minor::new;
        Closing {
            order: OrderKey { at, origin: OriginId(Uuid::from_u128(1)), seq: at },
            hash: Hash([u8::try_from(at).unwrap(); 32]),
            till: "Till 1".to_owned(),
            closed: Closed {
                shift: ShiftId(Uuid::from_u128(3)),
                store: StoreId(Uuid::from_u128(4)),
                till: TillId(Uuid::from_u128(5)),
                day: Day::parse("2026-03-02").unwrap(),
                number,
                last_number: 9,
                currency: Currency::from_code("EUR").unwrap(),
                documents: 2,
                gross_sales_minor: amount(net),
                gross_returns_minor: Minor::ZERO,
                reductions_minor: Minor::ZERO,
                net_minor: amount(net),
                tax_minor: Minor::ZERO,
                taxes: None,
                rounding_minor: Minor::ZERO,
                float_minor: Minor::ZERO,
                cash_moved_minor: Minor::ZERO,
                drawer_openings: 0,
                tenders: Vec::new(),
                over_short_minor: None,
                counters: Counters::default(),
            },
        }
    }

    fn facts(closings: Vec<Closing>) -> Facts {
        Facts { shift: ShiftId(Uuid::from_u128(3)), closings }
    }

    #[test]
    fn one_closing_is_no_conflict_and_two_say_what_each_copy_knew() {
        assert_eq!(judge(&facts(vec![closing(1, 7, 500)])), None);
        let conflict = judge(&facts(vec![closing(2, 7, 800), closing(1, 7, 500)])).unwrap();
        assert_eq!(conflict.title, "The shift of 2026-03-02 was closed twice");
        assert_eq!(conflict.money_minor, Minor::new(300), "what the copies differ by");
        let parts: Vec<&str> = conflict.parties.iter().map(|party| party.part.as_str()).collect();
        let show = |amount: i64| Currency::from_code("EUR").unwrap().show(Minor::new(amount));
        assert_eq!(
            parts,
            [500, 800].map(|net| format!("closed it as Z 7 with {} net in 2 receipts", show(net)))
        );
    }

    #[test]
    fn the_order_in_which_closings_become_known_does_not_matter() {
        let closings = vec![closing(1, 7, 500), closing(2, 7, 800)];
        let turned = closings.iter().rev().cloned().collect();
        assert_eq!(judge(&facts(closings)), judge(&facts(turned)));
    }
}
