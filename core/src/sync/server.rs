//! Head office's side of a push: what is new, where it links, and when it may be acknowledged.
//!
//! The envelope and payload of an event are opaque here: whatever bytes hash-link to a known event are taken, whatever they mean. So are
//! skeletons of a carrier, as links without content; the content is filled in when somebody brings it.
//! Only [`Server::handle`] of [`Input::Committed`] gives answers that acknowledge, so nothing is acknowledged before it is durable.

use std::collections::{BTreeMap, BTreeSet};

use crate::chain::{Hash, Seal, Tip};
use crate::envelope::{EventText, Line};
use crate::identity::PublicKey;
use crate::ids::{OriginId, RequestId};
use crate::wire::{PushAnswer, PushHead};

/// A push whose hashes and head seal hold. Made outside the writer, so that the writer only links and stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Whose events.
    pub origin: OriginId,
    /// What the first of them follows.
    pub previous: Tip,
    /// The events, or their skeletons, with their place in the chain.
    pub events: Vec<(Tip, Line)>,
    /// Seal of the last.
    pub seal: Seal,
}

/// Why a push cannot be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPush {
    /// Nothing is in it.
    #[error("the push holds no events")]
    Empty,
    /// Numbers out of range.
    #[error("the number of the previous event is out of range")]
    BadNumber,
    /// The seal is no signature, or not of this head by this key.
    #[error("the seal does not vouch for the last event")]
    BadSeal,
}

impl Push {
    /// Links the lines of a push and checks the seal of its head against the origin's key.
    pub fn check(head: &PushHead, lines: Vec<Line>, key: &PublicKey) -> Result<Self, BadPush> {
        let seal = Seal::parse(&head.seal).ok_or(BadPush::BadSeal)?;
        if head.previous.seq < 0 || head.previous.seq > crate::limits::AMOUNT_MINOR_MAX {
            return Err(BadPush::BadNumber);
        }
        let mut tip = head.previous;
        let link = |line: Line| {
            tip = Tip { seq: tip.seq + 1, hash: line.hash(tip.hash) };
            (tip, line)
        };
        let events: Vec<(Tip, Line)> = lines.into_iter().map(link).collect();
        let last = events.last().ok_or(BadPush::Empty)?.0;
        if !seal.verifies(key.verifying_key(), head.origin, last) {
            return Err(BadPush::BadSeal);
        }
        Ok(Push { origin: head.origin, previous: head.previous, events, seal })
    }
}

/// What the store knows about the places a push touches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Whether the push's previous event is stored at just that number; true for the start of a chain.
    pub previous: bool,
    /// How many of the push's events, from the first on, are stored.
    pub events: usize,
    /// Those of them that are stored as links without content, by number.
    pub without_content: BTreeSet<i64>,
    /// Whether the last stored one of these (or the previous one) already has a successor other than the push's next event.
    pub other_successor: bool,
    /// Whether one of the stored ones once began a second branch: an earlier answer that said so may have been lost.
    pub began_branch: bool,
    /// The tips of the origin.
    pub tips: Vec<Tip>,
}

/// What happens to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A checked push arrived.
    Push(RequestId, Push),
    /// The store looked up what it touches, within the transaction that will take it in.
    LookedUp(RequestId, Known),
    /// The transaction that took these in is durable.
    Committed,
    /// The transaction failed; nothing of it is stored.
    RolledBack,
}

/// What the server is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Look up the places this push touches and report [`Input::LookedUp`].
    LookUp(RequestId, Push),
    /// Store these events in the open transaction. They link to the last known one.
    Append {
        /// Whose.
        origin: OriginId,
        /// The event that the first one follows.
        after: Tip,
        /// The events, or their skeletons.
        events: Vec<(Tip, Line)>,
        /// The seal of the last.
        seal: Seal,
        /// Whether this begins a second branch after `after`.
        branches: bool,
    },
    /// Store the content of these events in the open transaction, which are there as links.
    Fill {
        /// Whose.
        origin: OriginId,
        /// The events, each with the hash of the one before it.
        events: Vec<(Hash, Tip, EventText)>,
    },
    /// Answer: everything is durable.
    Acknowledge(RequestId, PushAnswer),
    /// Answer: the previous event is not known; these tips are.
    UnknownPrevious(RequestId, Vec<Tip>),
    /// Answer: the server could not store it; nothing was done.
    Failed(RequestId),
}

/// Head office's side.
#[derive(Clone, Debug)]
pub struct Server {
    epoch: String,
    looking: BTreeMap<RequestId, Push>,
    committing: Vec<(RequestId, PushAnswer)>,
}

impl Server {
    /// A server in an epoch.
    pub fn new(epoch: String) -> Self {
        Server { epoch, looking: BTreeMap::new(), committing: Vec::new() }
    }

    /// Takes in what happened, says what to do.
    pub fn handle(&mut self, _now: i64, input: Input) -> Vec<Effect> {
        match input {
            Input::Push(request, push) => {
                self.looking.insert(request, push.clone());
                vec![Effect::LookUp(request, push)]
            }
            Input::LookedUp(request, known) => match self.looking.remove(&request) {
                Some(push) => self.take(request, push, known),
                None => Vec::new(),
            },
            Input::Committed => {
                let durable = std::mem::take(&mut self.committing);
                durable
                    .into_iter()
                    .map(|(request, answer)| Effect::Acknowledge(request, answer))
                    .collect()
            }
            Input::RolledBack => {
                self.looking.clear();
                let failed = std::mem::take(&mut self.committing);
                failed.into_iter().map(|(request, _)| Effect::Failed(request)).collect()
            }
        }
    }

    fn take(&mut self, request: RequestId, push: Push, known: Known) -> Vec<Effect> {
        let links = known.previous || known.events > 0;
        if !links {
            return vec![Effect::UnknownPrevious(request, known.tips)];
        }
        let Push { origin, previous, mut events, seal } = push;
        let Some((durable, _)) = events.last().cloned() else { return vec![Effect::Failed(request)] };
        let new = events.split_off(known.events.min(events.len()));
        let fill = fillings(previous, &events, &known.without_content);
        let branches = known.other_successor && !new.is_empty();
        let forked = branches || known.began_branch;
        let answer = PushAnswer { request, epoch: self.epoch.clone(), origin, durable, forked };
        self.committing.push((request, answer));
        let mut effects = Vec::new();
        if !fill.is_empty() {
            effects.push(Effect::Fill { origin, events: fill });
        }
        if !new.is_empty() {
            let after = events.last().map_or(previous, |(tip, _)| *tip);
            effects.push(Effect::Append { origin, after, events: new, seal, branches });
        }
        effects
    }
}

/// The content that a push brings of events that are known as links only.
fn fillings(
    previous: Tip,
    known: &[(Tip, Line)],
    without_content: &BTreeSet<i64>,
) -> Vec<(Hash, Tip, EventText)> {
    let mut prev = previous.hash;
    let mut fill = Vec::new();
    for (tip, line) in known {
        if let Line::Event(text) = line
            && without_content.contains(&tip.seq)
        {
            fill.push((prev, *tip, text.clone()));
        }
        prev = tip.hash;
    }
    fill
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Hash;
    use uuid::Uuid;

    fn push(count: i64) -> Push {
        let event = |n: i64| {
            let text = EventText { envelope: format!("{{\"n\":{n}}}"), payload: "{}".to_owned(), seal: None };
            (Tip { seq: n, hash: crate::chain::sha256(&n.to_be_bytes()) }, Line::Event(text))
        };
        Push {
            origin: OriginId(Uuid::from_u128(1)),
            previous: Tip::NONE,
            events: (1..=count).map(event).collect(),
            seal: Seal([0; 64]),
        }
    }

    fn play(known: Known) -> (Vec<Effect>, Vec<Effect>) {
        let mut server = Server::new("e".to_owned());
        let request = RequestId(Uuid::from_u128(9));
        server.handle(0, Input::Push(request, push(3)));
        (server.handle(0, Input::LookedUp(request, known)), server.handle(0, Input::Committed))
    }

    #[test]
    fn nothing_is_acknowledged_before_the_commit_and_everything_after_it() {
        let (taken, committed) = play(Known { previous: true, ..Known::default() });
        assert!(matches!(&taken[..], [Effect::Append { events, branches: false, .. }] if events.len() == 3));
        assert!(
            matches!(&committed[..], [Effect::Acknowledge(_, answer)] if answer.durable.seq == 3 && !answer.forked)
        );
    }

    #[test]
    fn a_retry_stores_nothing_and_gets_the_same_answer() {
        let (_, first) = play(Known { previous: true, ..Known::default() });
        let (taken, second) = play(Known { previous: true, events: 3, ..Known::default() });
        assert_eq!(taken, []);
        assert_eq!(first, second);
    }

    #[test]
    fn only_the_unknown_tail_is_stored_and_a_second_successor_is_a_fork() {
        let (taken, committed) =
            play(Known { previous: true, events: 1, other_successor: true, ..Known::default() });
        assert!(
            matches!(&taken[..], [Effect::Append { after, events, branches: true, .. }] if after.seq == 1 && events.len() == 2)
        );
        assert!(matches!(&committed[..], [Effect::Acknowledge(_, answer)] if answer.forked));
    }

    #[test]
    fn content_of_what_was_known_as_a_link_is_filled_in_and_nothing_else_of_it_is_stored() {
        let without_content = BTreeSet::from([2]);
        let (taken, committed) =
            play(Known { previous: true, events: 3, without_content, ..Known::default() });
        let first = push(1).events[0].0.hash;
        assert!(
            matches!(&taken[..], [Effect::Fill { events, .. }] if matches!(&events[..], [(prev, tip, _)] if *prev == first && tip.seq == 2)),
            "{taken:?}"
        );
        assert!(matches!(&committed[..], [Effect::Acknowledge(_, answer)] if answer.durable.seq == 3));
    }

    #[test]
    fn an_unknown_previous_event_is_answered_with_the_tips_and_stores_nothing() {
        let tips = vec![Tip { seq: 7, hash: Hash::ZERO }];
        let (taken, committed) = play(Known { tips: tips.clone(), ..Known::default() });
        assert!(matches!(&taken[..], [Effect::UnknownPrevious(_, found)] if *found == tips));
        assert_eq!(committed, []);
    }

    #[test]
    fn after_a_failed_commit_nobody_is_told_that_it_is_durable() {
        let mut server = Server::new("e".to_owned());
        let request = RequestId(Uuid::from_u128(9));
        server.handle(0, Input::Push(request, push(1)));
        server.handle(0, Input::LookedUp(request, Known { previous: true, ..Known::default() }));
        assert_eq!(server.handle(0, Input::RolledBack), [Effect::Failed(request)]);
        assert_eq!(server.handle(0, Input::Committed), []);
    }
}
