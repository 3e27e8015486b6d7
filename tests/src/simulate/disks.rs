//! What stands on the disks of tills and of head office: model stores with the meaning of `daybook-store`, without SQLite.
//!
//! A disk holds only what was committed; whatever a process knows beside it dies with the process. One call here is one transaction.
//! Disks can be cloned, which is how copies, images and backups are made.

use daybook_core::chain::{Hash, Tip, running_hash};
use daybook_core::envelope::{Envelope, EventText};
use daybook_core::ids::{CommandId, OriginId, StoreId, TillId};
use daybook_core::project::{Input as ProjectInput, standing::Standing};
use daybook_core::record::Writer;
use daybook_core::sync::scope::scope_of;
use daybook_core::sync::server::{Known, Push};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::mutants::Mutant;
use super::scribe::{Kept, Key, Sealer, Stored};

/// Who an origin is, signed by the root or by its parent.
#[derive(Clone)]
pub struct Certificate {
    /// The origin.
    pub origin: OriginId,
    /// Its store.
    pub store: StoreId,
    /// Its till.
    pub till: TillId,
    /// Whose key signed it; none for the root key.
    pub parent: Option<OriginId>,
    /// Its key.
    pub sealer: Sealer,
}

/// Where a scope was followed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// What to send to go on.
    pub cursor: String,
    /// The position reached.
    pub position: i64,
}

/// The disk of a till.
#[derive(Clone, Default)]
pub struct TillDisk {
    /// Own origins, the oldest first; the last one writes.
    pub certificates: Vec<Certificate>,
    /// Everything, in order of arrival.
    pub events: Vec<Kept>,
    /// Which of it is there, and whether it is own.
    index: BTreeMap<Key, bool>,
    own: BTreeMap<OriginId, Vec<Kept>>,
    tips: BTreeMap<OriginId, BTreeSet<Tip>>,
    /// What was acknowledged of own origins, in which epoch.
    pub acknowledged: BTreeMap<OriginId, (String, Tip)>,
    /// How far scopes were followed.
    pub cursors: BTreeMap<String, Cursor>,
    /// Commands that were executed, with the last event of each.
    pub commands: BTreeMap<CommandId, Key>,
    /// What corrects the clock, in microseconds.
    pub clock_offset: i64,
}

impl TillDisk {
    /// A disk on which nothing but an origin stands.
    pub fn of(certificate: Certificate) -> Self {
        TillDisk { certificates: vec![certificate], ..TillDisk::default() }
    }

    /// Where the writing origin's chain stands. A child goes on above its parent's order keys.
    pub fn writer(&self) -> Option<Writer> {
        let origin = self.certificates.last()?.origin;
        let last_at = self.own.values().filter_map(|chain| chain.last()).map(|event| event.at).max();
        Some(Writer { origin, tip: self.own_tip(origin), last_at: last_at.unwrap_or(0) })
    }

    /// The certificate of an own origin.
    pub fn certificate(&self, origin: OriginId) -> Option<&Certificate> {
        self.certificates.iter().find(|certificate| certificate.origin == origin)
    }

    /// An own origin and its parents, as they are presented to whoever may not know them.
    pub fn lineage(&self, origin: OriginId) -> Vec<Certificate> {
        let mut lineage = Vec::new();
        let mut next = Some(origin);
        while let Some(certificate) = next.and_then(|origin| self.certificate(origin)) {
            next = certificate.parent;
            lineage.push(certificate.clone());
        }
        lineage
    }

    /// Appends own events with the command that led to them.
    pub fn append(&mut self, written: &[Kept], command: Option<CommandId>) {
        for event in written {
            self.index.insert(event.key(), true);
            self.events.push(event.clone());
            self.own.entry(event.origin).or_default().push(event.clone());
            let after = Tip { seq: event.tip.seq - 1, hash: event.prev };
            let tips = self.tips.entry(event.origin).or_default();
            tips.remove(&after);
            tips.insert(event.tip);
        }
        if let (Some(command), Some(last)) = (command, written.last()) {
            self.commands.insert(command, last.key());
        }
    }

    /// The last own event of an origin.
    pub fn own_tip(&self, origin: OriginId) -> Tip {
        self.own
            .get(&origin)
            .and_then(|chain| chain.last())
            .map_or(Tip::NONE, |event| event.tip)
    }

    /// Own events of an origin after a number, at most so many.
    pub fn own_after(&self, origin: OriginId, after: i64, events_max: usize) -> Vec<Kept> {
        let chain = self.own.get(&origin).map_or(&[][..], Vec::as_slice);
        let first = usize::try_from(after).unwrap_or(0).min(chain.len());
        chain[first..].iter().take(events_max).cloned().collect()
    }

    /// Whether an own event is there. The start of a chain always is.
    pub fn holds_own(&self, origin: OriginId, tip: Tip) -> bool {
        tip == Tip::NONE || self.index.get(&(origin, tip.seq, tip.hash)) == Some(&true)
    }

    /// Whether an event is there, whoever's.
    pub fn holds(&self, key: &Key) -> bool {
        self.index.contains_key(key)
    }

    /// Whether head office can get an event back from here.
    pub fn gives_back(&self, key: &Key) -> bool {
        self.index.get(key) == Some(&true)
    }

    /// All own events.
    pub fn own_events(&self) -> impl Iterator<Item = &Kept> {
        self.own.values().flatten()
    }

    /// The tips of every origin that it has events of.
    pub fn tips(&self) -> BTreeMap<OriginId, Vec<Tip>> {
        self.tips
            .iter()
            .map(|(origin, tips)| (*origin, tips.iter().copied().collect()))
            .collect()
    }

    /// Takes in entries of a page; gives how many were there already. The cursor is stored by the same transaction, see [`TillDisk::store_page`].
    pub fn store_entries(&mut self, entries: Vec<Kept>) -> usize {
        let mut known = 0;
        for event in entries {
            if self.index.contains_key(&event.key()) {
                known += 1;
                continue;
            }
            self.index.insert(event.key(), false);
            let tips = self.tips.entry(event.origin).or_default();
            tips.retain(|tip| tip.seq >= event.tip.seq);
            if !tips.iter().any(|tip| tip.seq > event.tip.seq) {
                tips.insert(event.tip);
            }
            self.events.push(event);
        }
        known
    }

    /// Takes in a page with its cursor, in one transaction.
    pub fn store_page(&mut self, scope: &str, entries: Vec<Kept>, cursor: Cursor) -> usize {
        let known = self.store_entries(entries);
        self.cursors.insert(scope.to_owned(), cursor);
        known
    }
}

/// An entry of a scope.
#[derive(Clone, Copy)]
pub struct FeedEntry {
    /// Which event, by arrival.
    pub event: usize,
    /// The running hash up to and with it.
    pub running: Hash,
}

/// The disk of head office.
#[derive(Clone, Default)]
pub struct OfficeDisk {
    /// Everything, in order of arrival.
    pub events: Vec<Kept>,
    index: BTreeMap<Key, usize>,
    tips: BTreeMap<OriginId, BTreeSet<Tip>>,
    branchings: BTreeMap<OriginId, BTreeSet<(Tip, Hash)>>,
    /// The entries of each scope; the first has position 1.
    pub feed: BTreeMap<String, Vec<FeedEntry>>,
    /// Origins that it knows.
    pub certificates: BTreeMap<OriginId, Certificate>,
}

impl OfficeDisk {
    /// Whether an event is there. The start of a chain always is.
    pub fn knows(&self, origin: OriginId, tip: Tip) -> bool {
        tip == Tip::NONE || self.index.contains_key(&(origin, tip.seq, tip.hash))
    }

    /// An event.
    pub fn find(&self, key: &Key) -> Option<&Kept> {
        self.index.get(key).map(|place| &self.events[*place])
    }

    /// The tips of an origin.
    pub fn tips_of(&self, origin: OriginId) -> Vec<Tip> {
        self.tips.get(&origin).map_or_else(Vec::new, |tips| tips.iter().copied().collect())
    }

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

    /// What the store knows about the places a push touches.
    pub fn look_up(&self, push: &Push, mutant: Option<Mutant>) -> Known {
        let is_known = |tip: Tip| match mutant {
            // Dedupe by number alone: what has the same number is taken for the same event.
            Some(Mutant::DedupeWithoutHash) => {
                tip == Tip::NONE || self.of_number(push.origin, tip.seq).next().is_some()
            }
            _ => self.knows(push.origin, tip),
        };
        let previous = is_known(push.previous);
        let known = if previous {
            push.events.partition_point(|(tip, _)| is_known(*tip))
        } else {
            0
        };
        let link = known.checked_sub(1).map_or(push.previous, |last| push.events[last].0);
        let next = push.events.get(known).map(|(tip, _)| tip.hash);
        let other_successor = previous
            && next.is_some()
            && self
                .of_number(push.origin, link.seq + 1)
                .any(|event| event.prev == link.hash && Some(event.tip.hash) != next);
        let tips = if previous { Vec::new() } else { self.tips_of(push.origin) };
        let firsts = self.branchings.get(&push.origin);
        let began = |(tip, _): &(Tip, EventText)| {
            firsts.is_some_and(|firsts| firsts.iter().any(|(_, first)| *first == tip.hash))
        };
        let began_branch = push.events.iter().take(known).any(began);
        Known { previous, events: known, other_successor, began_branch, tips }
    }

    fn of_number(&self, origin: OriginId, seq: i64) -> impl Iterator<Item = &Kept> {
        let whole = (origin, seq, Hash([0; 32]))..=(origin, seq, Hash([255; 32]));
        self.index.range(whole).map(|(_, place)| &self.events[*place])
    }

    /// Appends events after one that is there, gives them positions, and gives the scopes that they entered.
    pub fn append(
        &mut self,
        origin: OriginId,
        after: Tip,
        new: Vec<(Tip, EventText)>,
        branches: bool,
        standing: Option<Standing>,
    ) -> BTreeSet<String> {
        let mut scopes = BTreeSet::new();
        let mut prev = after;
        let first = new.first().map(|(tip, _)| tip.hash);
        for (tip, text) in new {
            let envelope = text.read_envelope().ok();
            let at = envelope.as_ref().map_or(0, |envelope| envelope.at);
            let enters =
                |standing| envelope.and_then(|envelope| scope_in(origin, tip, &envelope, &text, standing));
            let scope = standing.and_then(enters);
            let stored: Kept = Rc::new(Stored { origin, tip, prev: prev.hash, at, text });
            let place = self.events.len();
            self.index.insert(stored.key(), place);
            self.events.push(stored);
            if let Some(scope) = scope {
                let entries = self.feed.entry(scope.clone()).or_default();
                let before = entries.last().map_or(Hash::ZERO, |entry| entry.running);
                entries.push(FeedEntry { event: place, running: running_hash(before, tip.hash) });
                scopes.insert(scope);
            }
            prev = tip;
        }
        let tips = self.tips.entry(origin).or_default();
        tips.remove(&after);
        tips.insert(prev);
        if let (true, Some(first)) = (branches, first) {
            self.branchings.entry(origin).or_default().insert((after, first));
        }
        scopes
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
