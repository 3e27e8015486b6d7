//! Admission: whose events head office lets in, and whose it keeps apart until a person has looked.
//!
//! A certificate says who somebody is; whether they still may, head office says in events of its own. `origin.closed` ends an origin and
//! whatever goes on from it, `origin.admitted` lets it in again, or lets in what it recorded up to an event. A child is let in as its
//! parent is. What a closed origin sends is *held*: stored and acknowledged, because it happened, and in no read model and nobody's feed.

use std::collections::BTreeMap;

use crate::event::Event;
use crate::event::origin::{Admitted, Closed};
use crate::ids::OriginId;
use crate::project::rows::OrderKey;
use crate::wire::Held;

/// Whether what an origin sends is let in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Admission {
    /// Like everybody's.
    #[default]
    Admitted,
    /// It is kept apart until a person lets it in.
    Held,
}

/// What head office said last about an origin as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Where that stands in the canonical order.
    pub order: OrderKey,
    /// Why it was closed; none where it was let in.
    pub closed: Option<String>,
}

/// The marks of all origins that have one. The same set of events gives the same gate, in whatever order they come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gate(BTreeMap<OriginId, Mark>);

impl Mark {
    /// The mark that an event of head office makes, and the origin that it is about; none for every other event. To let in what was
    /// recorded up to an event says nothing about what comes later, so it is no mark.
    pub fn of(order: OrderKey, event: &Event) -> Option<(OriginId, Mark)> {
        match event {
            Event::OriginClosed(Closed { origin, reason, .. }) => {
                Some((*origin, Mark { order, closed: Some(reason.clone()) }))
            }
            Event::OriginAdmitted(Admitted { origin, to: None }) => {
                Some((*origin, Mark { order, closed: None }))
            }
            _ => None,
        }
    }
}

impl Gate {
    /// Learns of a mark; the canonically last one of an origin stands.
    pub fn learn(&mut self, origin: OriginId, mark: Mark) {
        match self.0.get(&origin) {
            Some(known) if known.order >= mark.order => {}
            _ => drop(self.0.insert(origin, mark)),
        }
    }

    /// Whether an origin is let in. `lineage` is the origin itself, then the one it goes on from, and so on.
    pub fn admission(&self, lineage: impl IntoIterator<Item = OriginId>) -> Admission {
        match self.closing(lineage) {
            Some(_) => Admission::Held,
            None => Admission::Admitted,
        }
    }

    /// Why an origin is not let in: the reason of the closing that covers it. One that came before the origin, or a parent that is
    /// nearer to it, was let in covers it no more.
    pub fn closing(&self, lineage: impl IntoIterator<Item = OriginId>) -> Option<&str> {
        let mut let_in: Option<OrderKey> = None;
        for origin in lineage {
            match self.0.get(&origin) {
                Some(Mark { order, closed: Some(reason) }) if let_in.is_none_or(|let_in| let_in < *order) => {
                    return Some(reason);
                }
                Some(Mark { order, closed: None }) => let_in = let_in.max(Some(*order)),
                _ => {}
            }
        }
        None
    }

    /// What was said last about an origin as a whole.
    pub fn mark(&self, origin: OriginId) -> Option<&Mark> {
        self.0.get(&origin)
    }
}

impl Held {
    /// What follows the event before a push that was answered as held, as long as head office has not said it exactly.
    #[must_use]
    pub fn at_least_after(known: Option<Held>, before: i64) -> Held {
        match known {
            Some(held) if held.after <= before => held,
            Some(held) => Held { after: before, ..held },
            None => Held { after: before, reason: None },
        }
    }

    /// How many of the acknowledged events count at head office: up to this number.
    #[must_use]
    pub fn counted(held: Option<&Held>, acknowledged: i64) -> i64 {
        held.map_or(acknowledged, |held| held.after.min(acknowledged))
    }

    /// What a till tells its people.
    pub fn words(&self) -> String {
        match &self.reason {
            Some(reason) => format!(
                "head office has ended this till's access ({reason}). What it records is kept there apart until somebody lets it in"
            ),
            None => {
                "some of what this till recorded waits at head office until somebody lets it in".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, proptest};
    use uuid::Uuid;

    fn origin(number: u128) -> OriginId {
        OriginId(Uuid::from_u128(number))
    }

    fn order(at: i64) -> OrderKey {
        OrderKey { at, origin: origin(99), seq: at }
    }

    fn closed(number: u128) -> Event {
        Closed { origin: origin(number), reason: "stolen".to_owned(), tips: Vec::new() }.into()
    }

    fn admitted(number: u128) -> Event {
        Admitted { origin: origin(number), to: None }.into()
    }

    fn gate(events: &[Event]) -> Gate {
        let mut gate = Gate::default();
        let marks = (1..).zip(events).filter_map(|(at, event)| Mark::of(order(at), event));
        marks.for_each(|(origin, mark)| gate.learn(origin, mark));
        gate
    }

    #[test]
    fn who_is_let_in() {
        // 3 goes on from 2, which goes on from 1.
        let cases: &[(&[Event], [bool; 3])] = &[
            (&[], [true, true, true]),
            (&[closed(1)], [false, false, false]),
            (&[closed(2)], [true, false, false]),
            (&[closed(1), admitted(1)], [true, true, true]),
            (&[closed(1), admitted(2)], [false, true, true]),
            (&[admitted(2), closed(1)], [false, false, false]),
            (&[closed(1), admitted(2), closed(1)], [false, false, false]),
            (&[closed(3), closed(1), admitted(1)], [true, true, false]),
            (&[closed(1), closed(2), admitted(3), admitted(1)], [true, false, true]),
            (&[closed(1), admitted(3), closed(2)], [false, false, false]),
        ];
        for (events, expected) in cases {
            let gate = gate(events);
            let lineages = [vec![1], vec![2, 1], vec![3, 2, 1]];
            let found = lineages.map(|lineage| gate.closing(lineage.into_iter().map(origin)).is_none());
            assert_eq!(found, *expected, "{events:?}");
        }
    }

    #[test]
    fn to_let_in_what_was_recorded_so_far_opens_nothing() {
        let tip = crate::chain::Tip { seq: 4, hash: crate::chain::Hash::ZERO };
        let partly = Event::from(Admitted { origin: origin(1), to: Some(tip) });
        assert_eq!(gate(&[closed(1), partly]).closing([origin(1)]), Some("stolen"));
    }

    #[test]
    fn what_counts_ends_where_the_held_begins_and_at_what_is_acknowledged() {
        let held = |after| Held { after, reason: Some("stolen".to_owned()) };
        assert_eq!(Held::counted(None, 9), 9);
        assert_eq!(Held::counted(Some(&held(4)), 9), 4);
        assert_eq!(Held::counted(Some(&held(12)), 9), 9);
        assert_eq!(Held::at_least_after(None, 7).after, 7);
        assert_eq!(Held::at_least_after(Some(held(4)), 7), held(4));
        assert_eq!(Held::at_least_after(Some(held(9)), 7), held(7));
    }

    proptest! {
        #[test]
        fn the_order_in_which_marks_become_known_does_not_matter(
            (told, shuffled) in prop::collection::vec((1_u128..5, any::<bool>()), 0..12)
                .prop_map(|told| {
                    let event = |(number, closes)| if closes { closed(number) } else { admitted(number) };
                    (1..).zip(told).filter_map(|(at, one)| Mark::of(order(at), &event(one))).collect::<Vec<_>>()
                })
                .prop_flat_map(|told| (Just(told.clone()), Just(told).prop_shuffle()))
        ) {
            let gate = |marks: Vec<(OriginId, Mark)>| {
                let mut gate = Gate::default();
                marks.into_iter().for_each(|(origin, mark)| gate.learn(origin, mark));
                gate
            };
            prop_assert_eq!(gate(told), gate(shuffled));
        }
    }
}
