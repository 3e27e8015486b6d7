//! Head office's side of a push: what is new, where it links, and when it may be acknowledged.
//!
//! The envelope and payload of an event are opaque here: whatever bytes hash-link to a known event are taken, whatever they mean. So are
//! skeletons of a carrier, as links without content; the content is filled in when somebody brings it.
//! Only [`Server::handle`] of [`Input::Committed`] gives answers that acknowledge, so nothing is acknowledged before it is durable. What an
//! origin sends that is not let in ([`crate::sync::admission`]) is taken as held, as far as there is room for what its till sends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::chain::{Hash, Seal, Tip};
use crate::envelope::{EventText, Line};
use crate::identity::PublicKey;
use crate::ids::{OriginId, RequestId};
use crate::limits::{BRANCHES_MAX, HELD_BYTES_MAX, HELD_EVENTS_MAX};
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
    /// How many branches the origin has beside its line.
    pub branches: usize,
    /// Whether one of the stored ones once began a second branch: an earlier answer that said so may have been lost.
    pub began_branch: bool,
    /// The tips of the origin.
    pub tips: Vec<Tip>,
    /// Whether the origin is let in.
    pub admission: Admission,
    /// What is held so far of its till and takes room: of all origins of that till together.
    pub held: HeldSoFar,
    /// The highest number of what is held of the origin itself; zero where nothing is.
    pub held_until: i64,
    /// The number up to which head office has said that a closed origin is in order.
    pub let_in_until: i64,
    /// The events up to which it has said so and that are not here, because head office was set back.
    pub awaited: Vec<Tip>,
    /// Whether the last of the push's events is stored, and held.
    pub last_is_held: bool,
}

/// How much is held of a till, or may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldSoFar {
    /// Events.
    pub events: usize,
    /// Bytes of their texts.
    pub bytes: usize,
}

impl HeldSoFar {
    /// As much as is held of one till.
    pub const MAX: HeldSoFar = HeldSoFar { events: HELD_EVENTS_MAX, bytes: HELD_BYTES_MAX };

    fn and(self, bytes: usize) -> Self {
        HeldSoFar { events: self.events + 1, bytes: self.bytes.saturating_add(bytes) }
    }

    fn fits(self, room: HeldSoFar) -> bool {
        self.events <= room.events && self.bytes <= room.bytes
    }
}

/// What a push of a closed origin would do to what is held of its till.
struct Holding {
    /// What would take room then.
    with_it: HeldSoFar,
    /// Whether what is new may be on the way to something that was let in, and takes none.
    new_is_expected: bool,
    /// The same of the content of links.
    fill_is_expected: bool,
}

impl Known {
    /// What a push of a closed origin that stores this after `link` does to what is held. What may be on the way to an event that head office
    /// has let in takes no room: of that there is so much and no more, and a refill must not stop for want of room.
    ///
    /// Hashes tell the way only backwards from that event, so of what is new it is certain where the push itself reaches it. Where the event
    /// stands further on and is not here yet, nobody can tell; one line of events has the benefit of the doubt then, the one that reaches
    /// further than all else that is held of the origin. So what is doubted is never more than what was let in, and a second line beside it
    /// takes room, as does whatever follows an old branch. Content of links is filled in up to the last number that was let in: a closed
    /// till makes no links, because it sends its own events whole and brings none of others.
    fn holding(&self, link: Tip, new: &[(Tip, Line)], fill: &[(Hash, Tip, EventText)]) -> Holding {
        let last = new.last().map_or(link, |(tip, _)| *tip);
        let new_is_expected =
            link.seq >= self.held_until && self.awaited.iter().any(|tip| tip.seq > last.seq);
        let reached = self.awaited.iter().filter(|tip| new.iter().any(|(new, _)| new == *tip));
        let reached = reached.map(|tip| tip.seq).max().unwrap_or(0);
        let counts = |tip: Tip| !new_is_expected && tip.seq > reached;
        let new = new.iter().filter(|(tip, _)| counts(*tip)).map(|(_, line)| line.bytes());
        let beyond = |(_, tip, _): &&(Hash, Tip, EventText)| tip.seq > self.let_in_until;
        let fill_is_expected = !fill.iter().any(|one| beyond(&one));
        let fill = fill.iter().filter(beyond);
        let fill = fill.map(|(.., text)| text.envelope.len() + text.payload.len());
        let with_it = new.chain(fill).fold(self.held, HeldSoFar::and);
        Holding { with_it, new_is_expected, fill_is_expected }
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
    LookUp(RequestId, Arc<Push>),
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
        /// Whether they take no room then, because they may be on the way to what was let in.
        expected: bool,
    },
    /// Store the content of these events in the open transaction, which are there as links.
    Fill {
        /// Whose.
        origin: OriginId,
        /// The events, each with the hash of the one before it.
        events: Vec<(Hash, Tip, EventText)>,
        /// Whether they are kept out of read models and feeds.
        held: bool,
        /// Whether they take no room then, because they may be on the way to what was let in.
        expected: bool,
    },
    /// Answer: everything is durable.
    Acknowledge(RequestId, PushAnswer),
    /// Answer: the previous event is not known; these tips are.
    UnknownPrevious(RequestId, Vec<Tip>),
    /// Answer: as much is held of this origin's till as may be; nothing was done.
    HeldFull(RequestId),
    /// Answer: this origin has as many branches as may be, and this would be another one; nothing was done.
    TooManyBranches(RequestId),
    /// Answer: the server could not store it; nothing was done.
    Failed(RequestId),
}

/// Head office's side.
#[derive(Clone, Debug)]
pub struct Server {
    epoch: String,
    room: HeldSoFar,
    looking: BTreeMap<RequestId, Arc<Push>>,
    committing: Vec<(RequestId, PushAnswer)>,
}

impl Server {
    /// A server in an epoch. As much is held of each till as [`HeldSoFar::MAX`].
    pub fn new(epoch: String) -> Self {
        Server { epoch, room: HeldSoFar::MAX, looking: BTreeMap::new(), committing: Vec::new() }
    }

    /// The same with another room for what is held of each till.
    #[must_use]
    pub fn with_room(self, room: HeldSoFar) -> Self {
        Server { room, ..self }
    }

    /// Takes in what happened, says what to do.
    pub fn handle(&mut self, _now: i64, input: Input) -> Vec<Effect> {
        match input {
            Input::Push(request, push) => {
                let push = Arc::new(push);
                self.looking.insert(request, push.clone());
                vec![Effect::LookUp(request, push)]
            }
            Input::LookedUp(request, known) => match self.looking.remove(&request) {
                Some(push) => self.take(request, Arc::unwrap_or_clone(push), known),
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
        // Without a bound whoever has an origin's key could make everybody who asks about it be told of a hundred thousand ends. What a
        // branch goes on with is always taken. To close the origin makes room for what an honest writer could not bring before.
        let room = if is_shut { 2 * BRANCHES_MAX } else { BRANCHES_MAX };
        if branches && known.branches >= room {
            return vec![Effect::TooManyBranches(request)];
        }
        let link = events.last().map_or(previous, |(tip, _)| *tip);
        let Holding { with_it, new_is_expected, fill_is_expected } = known.holding(link, &new, &fill);
        if is_shut && with_it != known.held && !with_it.fits(self.room) {
            return vec![Effect::HeldFull(request)];
        }
        let stores_last = !new.is_empty() || fill.last().is_some_and(|(_, tip, _)| *tip == durable);
        let held = (is_shut && stores_last) || known.last_is_held;
        let answer = PushAnswer { request, epoch: self.epoch.clone(), origin, durable, forked, held };
        self.committing.push((request, answer));
        let mut effects = Vec::new();
        if !fill.is_empty() {
            let expected = is_shut && fill_is_expected;
            effects.push(Effect::Fill { origin, events: fill, held: is_shut, expected });
        }
        if !new.is_empty() {
            let (after, expected) = (link, is_shut && new_is_expected);
            let events = new;
            effects.push(Effect::Append { origin, after, events, seal, branches, held: is_shut, expected });
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
    fn an_origin_has_so_many_branches_and_what_they_go_on_with_is_always_taken() {
        let known = |other_successor, branches, admission| Known {
            previous: true,
            events: 1,
            other_successor,
            branches,
            admission,
            ..Known::default()
        };
        let (open, closed) = (Admission::Admitted, Admission::Held);
        let taken = |known| matches!(&play(known).1[..], [Effect::Acknowledge(..)]);
        for (begins_one, branches, admission, expected) in [
            (true, BRANCHES_MAX - 1, open, true),
            (true, BRANCHES_MAX, open, false),
            (false, BRANCHES_MAX, open, true),
            (true, BRANCHES_MAX, closed, true),
            (true, 2 * BRANCHES_MAX, closed, false),
            (false, 2 * BRANCHES_MAX, closed, true),
        ] {
            assert_eq!(taken(known(begins_one, branches, admission)), expected, "{begins_one} {branches}");
        }
        let (refused, _) = play(known(true, BRANCHES_MAX, open));
        assert!(matches!(&refused[..], [Effect::TooManyBranches(_)]));
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
    fn so_much_is_held_of_a_till_and_no_more() {
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
        assert!(!is_full(Known { admission: Admission::Admitted, ..shut(HELD_EVENTS_MAX, 0) }));
        assert!(!is_full(Known { events: 3, ..shut(HELD_EVENTS_MAX, 0) }), "a retry stores nothing");
    }

    #[test]
    fn a_server_holds_as_much_as_it_is_told() {
        let mut server = Server::new("e".to_owned()).with_room(HeldSoFar { events: 2, bytes: 1_000 });
        let request = RequestId(Uuid::from_u128(9));
        let shut = Known { previous: true, admission: Admission::Held, ..Known::default() };
        for (count, taken) in [(2, true), (3, false)] {
            server.handle(0, Input::Push(request, push(count)));
            let effects = server.handle(0, Input::LookedUp(request, shut.clone()));
            assert_eq!(matches!(&effects[..], [Effect::Append { held: true, .. }]), taken, "{effects:?}");
        }
    }

    #[test]
    fn only_what_is_or_may_be_on_the_way_to_what_was_let_in_takes_no_room() {
        let all = push(3).events;
        let tip = |number: usize| all[number - 1].0;
        let further_on = Tip { seq: 9, hash: Hash::ZERO };
        let full = |events, awaited: &[Tip], held_until| Known {
            previous: true,
            events,
            admission: Admission::Held,
            held: HeldSoFar { events: HELD_EVENTS_MAX - 1, bytes: 0 },
            held_until,
            let_in_until: awaited.iter().map(|tip| tip.seq).max().unwrap_or(0),
            awaited: awaited.to_vec(),
            ..Known::default()
        };
        let cases = [
            (full(0, &[tip(3)], 0), true, "the push reaches what was let in"),
            (full(0, &[tip(2)], 0), true, "and goes on after it as far as there is room"),
            (full(0, &[tip(1)], 0), false, "and no further"),
            (full(0, &[tip(3)], 50), true, "however much else is held: the hash proves the way"),
            (full(0, &[further_on], 0), true, "it stands further on, and this may lead there"),
            (full(1, &[further_on], 1), true, "in the line that reaches furthest"),
            (full(1, &[further_on], 2), false, "not beside it"),
            (full(0, &[Tip { seq: 3, hash: Hash::ZERO }], 0), false, "another event has that number"),
            (full(1, &[], 0), false, "nothing is awaited"),
            (Known { let_in_until: 9, ..full(1, &[], 0) }, false, "what was let in is here: an old branch"),
            (Known { other_successor: true, ..full(1, &[further_on], 1) }, true, "a branch that may be it"),
            (
                Known { other_successor: true, ..full(1, &[further_on], 7) },
                false,
                "a branch beside what is held",
            ),
        ];
        for (known, taken, why) in cases {
            let effects = play(known).0;
            assert_eq!(
                matches!(&effects[..], [Effect::Append { held: true, .. }]),
                taken,
                "{why}: {effects:?}"
            );
        }
    }

    #[test]
    fn content_of_links_takes_no_room_up_to_the_last_number_that_was_let_in() {
        let full = |let_in_until| Known {
            previous: true,
            events: 3,
            without_content: BTreeSet::from([2]),
            admission: Admission::Held,
            held: HeldSoFar::MAX,
            let_in_until,
            ..Known::default()
        };
        assert!(matches!(&play(full(2)).0[..], [Effect::Fill { held: true, .. }]));
        assert!(matches!(&play(full(1)).0[..], [Effect::HeldFull(_)]));
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
