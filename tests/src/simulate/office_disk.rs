//! What stands on the disk of head office: a model of its `log.db`, the feeds of all scopes included.
//!
//! One call here is part of one transaction; a transaction that fails is undone by putting back a clone. Backups are clones too.

use daybook_core::chain::{Hash, Skeleton, Tip, running_hash};
use daybook_core::envelope::{Envelope, EventText, Line};
use daybook_core::ids::OriginId;
use daybook_core::project::{Input as ProjectInput, standing::Standing};
use daybook_core::sync::carry::Lack;
use daybook_core::sync::scope::{read_together, scope_of};
use daybook_core::sync::server::{Known, Push};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::chains::Chains;
use super::held::{KeptApart, Reach};
use super::mutants::Mutant;
use super::scribe::{Kept, Stored};
use super::till_disk::Certificate;

/// An entry of a scope.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Which event, by arrival.
    pub event: usize,
    /// The running hash up to and with it.
    pub running: Hash,
}

/// How events come in.
#[derive(Clone, Copy, Default)]
pub struct Entering {
    /// What their writer may speak for.
    pub standing: Option<Standing>,
    /// Whether they are kept apart.
    pub held: bool,
    /// Whether they take no room then.
    pub expected: bool,
    /// Whether the mistake is made to let what is kept apart into the feed all the same.
    pub ignores_held: bool,
}

/// The disk of head office.
#[derive(Clone, Default)]
pub struct OfficeDisk {
    /// The events and links of all origins.
    pub chains: Chains,
    branchings: BTreeMap<OriginId, BTreeSet<(Tip, Hash)>>,
    /// The entries of each scope; the first has position 1.
    pub feed: BTreeMap<String, Vec<Entry>>,
    /// Scopes in which each event stands, by arrival.
    standing_in: BTreeMap<usize, String>,
    /// What is held of closed origins, and who is closed.
    pub apart: KeptApart,
    /// Origins that it knows.
    pub certificates: BTreeMap<OriginId, Certificate>,
}

impl OfficeDisk {
    /// The origins with branches.
    pub fn branched(&self) -> impl Iterator<Item = OriginId> {
        self.branchings.keys().copied()
    }

    /// The last position of a scope.
    pub fn position(&self, scope: &str) -> i64 {
        self.feed
            .get(scope)
            .map_or(0, |entries| i64::try_from(entries.len()).expect("a short feed"))
    }

    /// The running hash of a scope at a position.
    pub fn running_at(&self, scope: &str, position: i64) -> Option<Hash> {
        let place = usize::try_from(position).ok()?.checked_sub(1)?;
        self.feed.get(scope)?.get(place).map(|entry| entry.running)
    }

    /// Which event stands at a position of the log, from 1 on.
    pub fn at_position(&self, position: i64) -> Option<(OriginId, Tip)> {
        let place = usize::try_from(position).ok()?.checked_sub(1)?;
        self.chains.events.get(place).map(|event| (event.origin, event.tip))
    }

    /// What the store knows about the places a push touches.
    pub fn look_up(&self, push: &Push, mutant: Option<Mutant>) -> Known {
        let (origin, chains) = (push.origin, &self.chains);
        let is_known = |tip: Tip| match mutant {
            // Dedupe by number alone: what has the same number is taken for the same event.
            Some(Mutant::DedupeWithoutHash) => {
                tip == Tip::NONE || chains.of_number(origin, tip.seq).next().is_some()
            }
            _ => chains.knows(origin, tip),
        };
        let previous = is_known(push.previous);
        let known = if previous {
            push.events.partition_point(|(tip, _)| is_known(*tip))
        } else {
            0
        };
        let lacks = |(tip, _): &&(Tip, Line)| chains.lacks_content(origin, *tip);
        let without_content = push.events[..known].iter().filter(lacks).map(|(tip, _)| tip.seq).collect();
        let link = known.checked_sub(1).map_or(push.previous, |last| push.events[last].0);
        let next = push.events.get(known).map(|(tip, _)| tip.hash);
        let other_successor = previous
            && next.is_some()
            && chains.successors(origin, link).into_iter().any(|hash| Some(hash) != next);
        let tips = if previous { Vec::new() } else { chains.tips_of(origin) };
        let firsts = self.branchings.get(&origin);
        let began = |(tip, _): &(Tip, Line)| {
            firsts.is_some_and(|firsts| firsts.iter().any(|(_, first)| *first == tip.hash))
        };
        let began_branch = push.events.iter().take(known).any(began);
        let last = push.events.last().filter(|_| known == push.events.len()).map(|(tip, _)| *tip);
        let known = Known {
            previous,
            events: known,
            without_content,
            other_successor,
            branches: firsts.map_or(0, BTreeSet::len),
            began_branch,
            tips,
            ..Known::default()
        };
        self.with_admission(origin, last, known)
    }

    /// Appends lines after an event that is there, gives the events among them positions, and gives the scopes that these entered.
    pub fn append(
        &mut self,
        origin: OriginId,
        after: Tip,
        new: Vec<(Tip, Line)>,
        branches: bool,
        entering: Entering,
    ) -> BTreeSet<String> {
        let mut scopes = BTreeSet::new();
        let mut prev = after;
        let stores_content = new.iter().any(|(_, line)| matches!(line, Line::Event(_)));
        let first = new.first().map(|(tip, _)| tip.hash);
        for (tip, line) in new {
            match line {
                Line::Event(text) => scopes.extend(self.enter(origin, tip, prev.hash, text, entering)),
                Line::Skeleton(skeleton) => {
                    self.chains.put_link((origin, tip.seq, tip.hash), prev.hash, skeleton);
                }
            }
            prev = tip;
        }
        self.chains.move_tip(origin, after, prev);
        if entering.held && stores_content {
            scopes.extend(self.let_in_what_arrived(origin, Reach::ToWhatIsIn));
        }
        if let (true, Some(first)) = (branches, first) {
            self.branchings.entry(origin).or_default().insert((after, first));
        }
        scopes
    }

    /// Fills in the content of events that were known as links; gives the scopes that they entered.
    pub fn fill(
        &mut self,
        origin: OriginId,
        events: Vec<(Hash, Tip, EventText)>,
        entering: Entering,
    ) -> BTreeSet<String> {
        let mut scopes = BTreeSet::new();
        for (prev, tip, text) in events {
            scopes.extend(self.enter(origin, tip, prev, text, entering));
        }
        if entering.held {
            scopes.extend(self.let_in_what_arrived(origin, Reach::ToTheFirstThatWaits));
        }
        scopes
    }

    fn enter(
        &mut self,
        origin: OriginId,
        tip: Tip,
        prev: Hash,
        text: EventText,
        entering: Entering,
    ) -> BTreeSet<String> {
        let envelope = text.read_envelope().ok();
        let at = envelope.as_ref().map_or(0, |envelope| envelope.at);
        let scope = entering.standing.and_then(|standing| {
            envelope.and_then(|envelope| scope_in(origin, tip, &envelope, &text, standing))
        });
        // What head office says about origins stands in few of its events; all others are not read for it.
        let speaks = entering.standing == Some(Standing::HeadOffice) && text.envelope.contains("\"origin.");
        let event = self.chains.events.len();
        let stored: Kept = Rc::new(Stored { origin, tip, prev, at, text });
        assert!(self.chains.put(stored), "an event is appended once");
        if entering.held {
            self.hold(event, entering.expected);
        }
        let mut scopes = BTreeSet::new();
        if let Some(scope) = scope.filter(|_| !entering.held || entering.ignores_held) {
            self.put_in_scope(scope.clone(), event);
            scopes.insert(scope);
        }
        if speaks {
            scopes.extend(self.heed(event));
        }
        scopes
    }

    /// Gives an event that is let in its place in the feed; gives the scope.
    pub(super) fn enter_feed(&mut self, event: usize) -> Option<String> {
        let scope = self.scope_of(event)?;
        self.put_in_scope(scope.clone(), event);
        Some(scope)
    }

    /// The scope that an event belongs into, by what its writer may speak for.
    pub fn scope_of(&self, event: usize) -> Option<String> {
        let stored = &self.chains.events[event];
        let standing = self.certificates.get(&stored.origin)?.standing;
        let envelope = stored.text.read_envelope().ok()?;
        scope_in(stored.origin, stored.tip, &envelope, &stored.text, standing)
    }

    /// The scope that an event stands in.
    pub fn stands_in(&self, event: usize) -> Option<&String> {
        self.standing_in.get(&event)
    }

    fn put_in_scope(&mut self, scope: String, event: usize) {
        let hash = self.chains.events[event].tip.hash;
        let entries = self.feed.entry(scope.clone()).or_default();
        let before = entries.last().map_or(Hash::ZERO, |entry| entry.running);
        entries.push(Entry { event, running: running_hash(before, hash) });
        self.standing_in.insert(event, scope);
    }

    /// What links an entry of a scope to what the scope's readers hold of its origin: the events in between, and the hash before them.
    pub fn skeletons_before(&self, scope: &str, event: &Kept) -> (Hash, Vec<Skeleton>) {
        let together = read_together(scope);
        let mut skeletons = Vec::new();
        let mut tip = Tip { seq: event.tip.seq - 1, hash: event.prev };
        while tip.seq > 0 {
            let Some((prev, skeleton, place)) = self.chains.step(&(event.origin, tip.seq, tip.hash)) else {
                break;
            };
            let scope = place.and_then(|place| self.standing_in.get(&place));
            if scope.is_some_and(|scope| together.contains(scope)) {
                break;
            }
            skeletons.push(skeleton);
            tip = Tip { seq: tip.seq - 1, hash: prev };
        }
        skeletons.reverse();
        (tip.hash, skeletons)
    }

    /// What of an origin a till that names these tips may hold and head office lacks.
    pub fn lack(&self, origin: OriginId, named: &[Tip]) -> Option<Lack> {
        let last = named.iter().max().copied()?;
        let missing = self.chains.missing(origin);
        if missing == 0 && named.iter().all(|tip| self.chains.knows(origin, *tip)) {
            return None;
        }
        let after = self.chains.whole(origin).into_iter().max().unwrap_or(Tip::NONE);
        Some(Lack { origin, after, missing, named: last })
    }

    /// A page of an origin's own chain after a number: every branch, up to the number reached, and whether there is more.
    pub fn chain_page(&self, origin: OriginId, after: i64, numbers_max: usize) -> (Vec<Kept>, i64, bool) {
        let last = after + i64::try_from(numbers_max).expect("a short page");
        let page: Vec<Kept> =
            (after + 1..=last).flat_map(|seq| self.chains.of_number(origin, seq).cloned()).collect();
        let reached = page.last().map_or(last, |event| event.tip.seq);
        let more = self.chains.tips_of(origin).iter().any(|tip| tip.seq > reached);
        (page, reached, more)
    }
}

/// The scope that an event enters: what its writer has standing to say, at its own place.
fn scope_in(
    origin: OriginId,
    tip: Tip,
    envelope: &Envelope,
    text: &EventText,
    standing: Standing,
) -> Option<String> {
    let store = match standing {
        Standing::HeadOffice => None,
        Standing::Till(store, _) => Some(store),
    };
    let scope = scope_of(&envelope.kind, &text.payload, store)?;
    let is_own = envelope.origin == origin && envelope.seq == tip.seq;
    let is_misfit = match ProjectInput::read(origin, tip, text).content {
        Ok((_, event)) => standing.misfit(&event).is_some(),
        Err(_) => false,
    };
    (is_own && !is_misfit).then_some(scope)
}
