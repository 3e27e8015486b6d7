//! What is found out about events before it is their turn to be stored.
//!
//! Reading and packing an event takes longer than storing it and asks no database, so whoever brings events does it beforehand, in as many
//! threads as there are. It is all the same whether it was done: what was not prepared is prepared when it is stored.

use daybook_core::chain::{Hash, Tip};
use daybook_core::envelope::{EventText, Line};
use daybook_core::ids::OriginId;
use daybook_core::project::Input;
use daybook_core::sync::server::Push;
use std::collections::HashMap;

use crate::texts;

/// Events that are worth a thread of their own: fewer are prepared sooner than one is started.
const SHARE_EVENTS_MIN: usize = 64;

/// Events of pushes, prepared.
#[derive(Debug, Default)]
pub struct Prepared(HashMap<(OriginId, Hash), Ready>);

/// An event, prepared.
#[derive(Debug)]
pub(super) struct Ready {
    /// What it says. It is large, and goes from hand to hand.
    pub(super) input: Box<Input>,
    /// Its texts as they are kept; none where they are kept as they are.
    pub(super) packed: Option<Vec<u8>>,
}

impl Ready {
    fn of(origin: OriginId, tip: Tip, text: &EventText) -> Self {
        Ready { input: Box::new(Input::read(origin, tip, text)), packed: texts::pack(origin, text) }
    }
}

impl Prepared {
    /// Prepares the events of a push.
    pub fn of(push: &Push) -> Self {
        let ready = |(tip, line): &(Tip, Line)| match line {
            Line::Event(text) => Some(((push.origin, tip.hash), Ready::of(push.origin, *tip, text))),
            Line::Skeleton(_) => None,
        };
        let prepare = |events: &[(Tip, Line)]| events.iter().filter_map(ready).collect::<Vec<_>>();
        if push.events.len() < 2 * SHARE_EVENTS_MIN {
            return Prepared(prepare(&push.events).into_iter().collect());
        }
        // One till waits for its own push alone, and a second core, where there is one, has nothing better to do.
        let (these, those) = push.events.split_at(push.events.len() / 2);
        let (these, those) = std::thread::scope(|scope| {
            let those = scope.spawn(|| prepare(those));
            (prepare(these), those.join())
        });
        // What was not prepared is prepared when it is stored.
        Prepared(these.into_iter().chain(those.unwrap_or_default()).collect())
    }

    /// Puts what was prepared of another push beside this.
    pub fn extend(&mut self, other: Prepared) {
        self.0.extend(other.0);
    }

    /// An event, prepared by now.
    pub(super) fn take(&mut self, origin: OriginId, tip: Tip, text: &EventText) -> Ready {
        let known = self.0.remove(&(origin, tip.hash)).filter(|ready| ready.input.tip == tip);
        known.unwrap_or_else(|| Ready::of(origin, tip, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::chain::Seal;
    use uuid::Uuid;

    #[test]
    fn every_event_of_a_long_push_is_prepared_as_a_short_one_would_be() {
        let origin = OriginId(Uuid::from_u128(1));
        let (mut events, mut previous) = (Vec::new(), Hash::ZERO);
        for seq in 1..=300 {
            let text =
                EventText { envelope: format!("{{\"seq\":{seq}}}"), payload: "{}".to_owned(), seal: None };
            let tip = Tip { seq, hash: text.hash(previous) };
            previous = tip.hash;
            events.push((tip, Line::Event(text)));
        }
        let push = Push { origin, previous: Tip::NONE, events, seal: Seal([0; 64]) };
        let mut prepared = Prepared::of(&push);
        assert_eq!(prepared.0.len(), push.events.len());
        for (tip, line) in &push.events {
            let Line::Event(text) = line else { unreachable!("an event") };
            let (ready, alone) = (prepared.take(origin, *tip, text), Ready::of(origin, *tip, text));
            assert_eq!((ready.input.tip, ready.packed), (alone.input.tip, alone.packed));
        }
        assert!(prepared.0.is_empty());
    }
}
