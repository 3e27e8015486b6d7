//! Head office's side of a push: what is new, where it links, and when it may be acknowledged.
//!
//! The envelope and payload of an event are opaque here: whatever bytes hash-link to a known event are taken, whatever they mean. So are
//! skeletons of a carrier, as links without content; the content is filled in when somebody brings it.
//! Only [`Server::handle`] of [`Input::Committed`] gives answers that acknowledge, so nothing is acknowledged before it is durable. What an
//! origin sends that is not let in ([`crate::sync::admission`]) is taken as held, up to a quota.

use std::collections::{BTreeMap, BTreeSet};

use crate::chain::{Hash, Seal, Tip};
use crate::envelope::{EventText, Line};
use crate::identity::PublicKey;
use crate::ids::{OriginId, RequestId};
use crate::limits::{HELD_BYTES_MAX, HELD_EVENTS_MAX};
use crate::sync::admission::Admission;
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

/// Who brings events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bringer {
    /// Their writer, who signed every byte of the request.
    Writer,
    /// Somebody else who holds them.
    Carrier,
}

impl Push {
    /// Links the lines of a push and checks the seal of its head against the origin's key, which vouches for all of them. Seals of other
    /// lines are kept as they came from their writer, for readers to verify. From a carrier, one that does not hold is let go: it is no
    /// part of the event, and must not cast doubt on its writer.
    pub fn check(
        head: &PushHead,
        lines: Vec<Line>,
        key: &PublicKey,
        bringer: Bringer,
    ) -> Result<Self, BadPush> {
        let seal = Seal::parse(&head.seal).ok_or(BadPush::BadSeal)?;
        if head.previous.seq < 0 || head.previous.seq > crate::limits::AMOUNT_MINOR_MAX {
            return Err(BadPush::BadNumber);
        }
        let mut tip = head.previous;
        let link = |mut line: Line| {
            tip = Tip { seq: tip.seq + 1, hash: line.hash(tip.hash) };
            if bringer == Bringer::Carrier {
                line.drop_false_seal(key, head.origin, tip);
            }
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
    /// Whether the origin is let in.
    pub admission: Admission,
    /// What is held of it so far.
    pub held: HeldSoFar,
    /// The number up to which head office has said that a closed origin is in order.
    pub let_in_until: i64,
    /// Whether the last of the push's events is stored, and held.
    pub last_is_held: bool,
}

/// How much is held of an origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldSoFar {
    /// Events.
    pub events: usize,
    /// Bytes of their texts.
    pub bytes: usize,
}

impl HeldSoFar {
    /// Whether there is room for more of an origin whose events nobody has looked at.
    fn has_room_for(self, new: &[(Tip, Line)], fill: &[(Hash, Tip, EventText)]) -> bool {
        let bytes = new.iter().map(|(_, line)| line.bytes()).sum::<usize>()
            + fill.iter().map(|(.., text)| text.envelope.len() + text.payload.len()).sum::<usize>();
        self.events + new.len() + fill.len() <= HELD_EVENTS_MAX && self.bytes + bytes <= HELD_BYTES_MAX
    }
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
        /// Whether they are kept out of read models and feeds.
        held: bool,
    },
    /// Store the content of these events in the open transaction, which are there as links.
    Fill {
        /// Whose.
        origin: OriginId,
        /// The events, each with the hash of the one before it.
        events: Vec<(Hash, Tip, EventText)>,
        /// Whether they are kept out of read models and feeds.
        held: bool,
    },
    /// Answer: everything is durable.
    Acknowledge(RequestId, PushAnswer),
    /// Answer: the previous event is not known; these tips are.
    UnknownPrevious(RequestId, Vec<Tip>),
    /// Answer: as much is held of this origin as may be; nothing was done.
    HeldFull(RequestId),
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
        let is_shut = known.admission == Admission::Held;
        // What is to come in as soon as it is complete, after a refill, takes no room: there is so much of it and no more.
        let is_expected = durable.seq <= known.let_in_until && !branches;
        let stores = !new.is_empty() || !fill.is_empty();
        if is_shut && stores && !is_expected && !known.held.has_room_for(&new, &fill) {
            return vec![Effect::HeldFull(request)];
        }
        let stores_last = !new.is_empty() || fill.last().is_some_and(|(_, tip, _)| *tip == durable);
        let held = (is_shut && stores_last) || known.last_is_held;
        let answer = PushAnswer { request, epoch: self.epoch.clone(), origin, durable, forked, held };
        self.committing.push((request, answer));
        let mut effects = Vec::new();
        if !fill.is_empty() {
            effects.push(Effect::Fill { origin, events: fill, held: is_shut });
        }
        if !new.is_empty() {
            let after = events.last().map_or(previous, |(tip, _)| *tip);
            effects.push(Effect::Append { origin, after, events: new, seal, branches, held: is_shut });
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
    fn a_seal_inside_a_push_is_kept_as_its_writer_brings_it_and_from_a_carrier_only_where_it_holds() {
        let key = crate::identity::KeyPair::from_seed([3; 32]);
        let origin = OriginId(Uuid::from_u128(1));
        let mut text = EventText { envelope: "{}".to_owned(), payload: "{}".to_owned(), seal: None };
        let first = Tip { seq: 1, hash: text.hash(Tip::NONE.hash) };
        let (true_seal, false_seal) = (Seal::sign(key.signing_key(), origin, first), Seal([7; 64]));
        let cases = [
            (Bringer::Carrier, true_seal, Some(true_seal)),
            (Bringer::Carrier, false_seal, None),
            (Bringer::Writer, false_seal, Some(false_seal)),
        ];
        for (bringer, seal, kept) in cases {
            text.seal = Some(seal);
            let last = EventText { seal: None, ..text.clone() };
            let tip = Tip { seq: 2, hash: last.hash(first.hash) };
            let head = PushHead {
                origin,
                previous: Tip::NONE,
                seal: Seal::sign(key.signing_key(), origin, tip).text(),
                certificates: Vec::new(),
            };
            let lines = vec![Line::Event(text.clone()), Line::Event(last)];
            let push = Push::check(&head, lines, &key.public(), bringer);
            assert_eq!(push.unwrap().events[0].1.seal(), kept);
        }
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
            matches!(&taken[..], [Effect::Fill { events, held: false, .. }] if matches!(&events[..], [(prev, tip, _)] if *prev == first && tip.seq == 2)),
            "{taken:?}"
        );
        assert!(matches!(&committed[..], [Effect::Acknowledge(_, answer)] if answer.durable.seq == 3));
    }

    #[test]
    fn content_of_an_origin_that_is_not_let_in_is_filled_in_as_held() {
        let shut = |without_content: &[i64]| Known {
            previous: true,
            events: 3,
            without_content: without_content.iter().copied().collect(),
            admission: Admission::Held,
            ..Known::default()
        };
        let (taken, committed) = play(shut(&[2]));
        assert!(matches!(&taken[..], [Effect::Fill { held: true, .. }]), "{taken:?}");
        assert!(
            matches!(&committed[..], [Effect::Acknowledge(_, answer)] if !answer.held),
            "the last of them was let in before"
        );
        let (_, committed) = play(shut(&[3]));
        assert!(matches!(&committed[..], [Effect::Acknowledge(_, answer)] if answer.held));
        let full = HeldSoFar { events: HELD_EVENTS_MAX, bytes: 0 };
        let (taken, _) = play(Known { held: full, ..shut(&[2]) });
        assert!(matches!(&taken[..], [Effect::HeldFull(_)]), "{taken:?}");
    }

    #[test]
    fn what_is_not_let_in_is_stored_as_held_and_a_retry_hears_the_same() {
        let shut = Known { previous: true, admission: Admission::Held, ..Known::default() };
        let (taken, committed) = play(shut.clone());
        assert!(matches!(&taken[..], [Effect::Append { held: true, .. }]));
        assert!(matches!(&committed[..], [Effect::Acknowledge(_, answer)] if answer.held));
        let (taken, again) = play(Known { events: 3, last_is_held: true, ..shut.clone() });
        assert_eq!((taken, again), (Vec::new(), committed));
        let (_, before) = play(Known { events: 3, ..shut });
        assert!(
            matches!(&before[..], [Effect::Acknowledge(_, answer)] if !answer.held),
            "what came in before the closing stays in"
        );
    }

    #[test]
    fn so_much_is_held_of_an_origin_and_no_more() {
        let shut = |events, bytes| Known {
            previous: true,
            admission: Admission::Held,
            held: HeldSoFar { events, bytes },
            ..Known::default()
        };
        let is_full = |known| matches!(&play(known).0[..], [Effect::HeldFull(_)]);
        assert!(!is_full(shut(HELD_EVENTS_MAX - 3, 0)));
        assert!(is_full(shut(HELD_EVENTS_MAX - 2, 0)));
        assert!(is_full(shut(0, HELD_BYTES_MAX)));
        let (_, committed) = play(shut(HELD_EVENTS_MAX, 0));
        assert_eq!(committed, []);
        assert!(
            !is_full(Known { let_in_until: 3, ..shut(HELD_EVENTS_MAX, 0) }),
            "it was in before the closing"
        );
        assert!(is_full(Known { let_in_until: 2, ..shut(HELD_EVENTS_MAX, 0) }));
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
