//! Chains on a disk: events with their texts, links without, and the ways over them, as `store/src/events.rs` and `links.rs` have them.
//!
//! Both sides keep chains alike, so tills and head office share this. Own and others' events are told apart by the disks above.

use daybook_core::chain::{Hash, Skeleton, Tip};
use daybook_core::envelope::Line;
use daybook_core::ids::OriginId;
use daybook_core::sync::carry::{self, Linked};
use std::collections::{BTreeMap, BTreeSet};

use super::scribe::{Kept, Key};

/// The least and the greatest hash.
const HASHES: (Hash, Hash) = (Hash([0; 32]), Hash([255; 32]));

/// Chains of several origins.
#[derive(Clone, Default)]
pub struct Chains {
    /// Everything that has its texts here, in order of arrival.
    pub events: Vec<Kept>,
    index: BTreeMap<Key, usize>,
    links: BTreeMap<Key, (Hash, Skeleton)>,
    tips: BTreeMap<OriginId, BTreeSet<Tip>>,
}

impl Chains {
    /// Puts an event at the end, in the place of its link; false where it is there already.
    pub fn put(&mut self, event: Kept) -> bool {
        let key = event.key();
        self.links.remove(&key);
        if self.index.contains_key(&key) {
            return false;
        }
        self.index.insert(key, self.events.len());
        self.events.push(event);
        true
    }

    /// Keeps a link, unless the event or the link is here already.
    pub fn put_link(&mut self, key: Key, prev: Hash, skeleton: Skeleton) {
        if !self.index.contains_key(&key) {
            self.links.entry(key).or_insert((prev, skeleton));
        }
    }

    /// An event with its texts.
    pub fn find(&self, key: &Key) -> Option<&Kept> {
        self.index.get(key).map(|place| &self.events[*place])
    }

    /// Whether an event is here with its texts. The start of a chain always is.
    pub fn holds(&self, origin: OriginId, tip: Tip) -> bool {
        tip == Tip::NONE || self.index.contains_key(&(origin, tip.seq, tip.hash))
    }

    /// Whether an event is here as a link only.
    pub fn lacks_content(&self, origin: OriginId, tip: Tip) -> bool {
        self.links.contains_key(&(origin, tip.seq, tip.hash))
    }

    /// Whether an event is here, with its texts or as a link.
    pub fn knows(&self, origin: OriginId, tip: Tip) -> bool {
        self.holds(origin, tip) || self.lacks_content(origin, tip)
    }

    /// The events of a number, with texts.
    pub fn of_number(&self, origin: OriginId, seq: i64) -> impl Iterator<Item = &Kept> {
        self.index
            .range((origin, seq, HASHES.0)..=(origin, seq, HASHES.1))
            .map(|(_, place)| &self.events[*place])
    }

    /// The events that directly follow an event, with texts or as links.
    pub fn successors(&self, origin: OriginId, tip: Tip) -> Vec<Hash> {
        let seq = tip.seq + 1;
        let with_texts = self.of_number(origin, seq).map(|event| (event.prev, event.tip.hash));
        let links = self.links.range((origin, seq, HASHES.0)..=(origin, seq, HASHES.1));
        let links = links.map(|((.., hash), (prev, _))| (*prev, *hash));
        with_texts
            .chain(links)
            .filter(|(prev, _)| *prev == tip.hash)
            .map(|(_, hash)| hash)
            .collect()
    }

    /// How many events of an origin are here as links only.
    pub fn missing(&self, origin: OriginId) -> i64 {
        let whole = (origin, i64::MIN, HASHES.0)..=(origin, i64::MAX, HASHES.1);
        i64::try_from(self.links.range(whole).count()).expect("a short log")
    }

    /// Up to where every branch of an origin is whole.
    pub fn whole(&self, origin: OriginId) -> Vec<Tip> {
        let all = (origin, i64::MIN, HASHES.0)..=(origin, i64::MAX, HASHES.1);
        if self.links.range(all.clone()).next().is_none() {
            return self.tips_of(origin);
        }
        let linked = |key: &Key, prev, has_texts| {
            let tip = Tip { seq: key.1, hash: key.2 };
            Linked { tip, prev, has_texts }
        };
        let events = self.index.range(all.clone()).map(|(key, place)| (key, self.events[*place].prev, true));
        let links = self.links.range(all).map(|(key, (prev, _))| (key, *prev, false));
        let mut chain: Vec<Linked> =
            events.chain(links).map(|(key, prev, has_texts)| linked(key, prev, has_texts)).collect();
        chain.sort_by_key(|linked| linked.tip.seq);
        carry::whole(BTreeSet::new(), chain)
    }

    /// The hash before an event that is here, with its texts or as a link, and its place where its texts are here.
    pub fn before(&self, key: &Key) -> Option<(Hash, Option<usize>)> {
        if let Some(place) = self.index.get(key) {
            return Some((self.events[*place].prev, Some(*place)));
        }
        self.links.get(key).map(|(prev, _)| (*prev, None))
    }

    /// An event on the way back along its chain: the hash before it, its skeleton, and its place where its texts are here.
    pub fn step(&self, key: &Key) -> Option<(Hash, Skeleton, Option<usize>)> {
        if let Some(place) = self.index.get(key) {
            let event = &self.events[*place];
            let skeleton = Skeleton::of(event.text.envelope.as_bytes(), event.text.payload.as_bytes());
            return Some((event.prev, skeleton, Some(*place)));
        }
        self.links.get(key).map(|(prev, skeleton)| (*prev, *skeleton, None))
    }

    /// The next stretch of an origin's chain after an event, in an order that leads through every branch: it goes on from that event
    /// and, where its branch ends, with the nearest branch beside it. At most so many events with texts. With what it follows.
    pub fn stretch_after(
        &self,
        origin: OriginId,
        after: Tip,
        events_max: usize,
    ) -> Option<(Tip, Vec<(Tip, Line)>)> {
        let (previous, mut next) = self.next_in_order(origin, after)?;
        let (mut lines, mut events) = (Vec::new(), 0);
        loop {
            let line = match self.find(&(origin, next.seq, next.hash)) {
                Some(event) => Line::Event(event.text.clone()),
                None => Line::Skeleton(self.links[&(origin, next.seq, next.hash)].1),
            };
            events += usize::from(matches!(line, Line::Event(_)));
            if events > events_max {
                return Some((previous, lines));
            }
            lines.push((next, line));
            let Some(hash) = self.successors(origin, next).into_iter().min() else {
                return Some((previous, lines));
            };
            next = Tip { seq: next.seq + 1, hash };
        }
    }

    /// The event that comes after another one where every branch is followed to its end, the smaller hash first; and what it follows.
    fn next_in_order(&self, origin: OriginId, after: Tip) -> Option<(Tip, Tip)> {
        let mut before = after;
        let mut greater_than = None;
        loop {
            let next = self.successors(origin, before).into_iter();
            let next = next.filter(|hash| greater_than.is_none_or(|known| *hash > known)).min();
            if let Some(hash) = next {
                return Some((before, Tip { seq: before.seq + 1, hash }));
            }
            let (prev, ..) = self.step(&(origin, before.seq, before.hash))?;
            greater_than = Some(before.hash);
            before = Tip { seq: before.seq - 1, hash: prev };
        }
    }

    /// The tips of an origin.
    pub fn tips_of(&self, origin: OriginId) -> Vec<Tip> {
        self.tips.get(&origin).map_or_else(Vec::new, |tips| tips.iter().copied().collect())
    }

    /// The tips of every origin that it has events of.
    pub fn all_tips(&self) -> BTreeMap<OriginId, Vec<Tip>> {
        self.tips.keys().map(|origin| (*origin, self.tips_of(*origin))).collect()
    }

    /// Moves the tip of a branch. Where `after` is no tip, `tip` begins another branch.
    pub fn move_tip(&mut self, origin: OriginId, after: Tip, tip: Tip) {
        let tips = self.tips.entry(origin).or_default();
        tips.remove(&after);
        tips.insert(tip);
    }

    /// Notes the tip of an event that came by itself, as entries of a scope do: it takes the place of the tip that it goes on from.
    pub fn note_tip(&mut self, origin: OriginId, tip: Tip) {
        let mut before = tip;
        while let Some((prev, ..)) = self.step(&(origin, before.seq, before.hash)) {
            before = Tip { seq: before.seq - 1, hash: prev };
            let was_tip = self.tips.get_mut(&origin).is_some_and(|tips| tips.remove(&before));
            if was_tip || self.holds(origin, before) {
                break;
            }
        }
        if self.successors(origin, tip).is_empty() {
            self.tips.entry(origin).or_default().insert(tip);
        }
    }
}
