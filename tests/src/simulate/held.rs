//! What the disk of head office keeps apart: a model of `store/src/office/held.rs`.
//!
//! A held event stands in the log like every other, and a row here says that it waits. With the event that lets it in it gets its place in
//! the feed and counts. The gate and what is let in all the same follow from head office's own events, wherever they come from.

use daybook_core::chain::Tip;
use daybook_core::event::Event;
use daybook_core::event::origin::{Admitted, Closed};
use daybook_core::ids::{OriginId, TillId};
use daybook_core::project::Input as ProjectInput;
use daybook_core::project::rows::OrderKey;
use daybook_core::project::standing::Standing;
use daybook_core::sync::admission::{Admission, Gate, Mark};
use daybook_core::sync::server::{HeldSoFar, Known};
use daybook_core::wire::Held;
use std::collections::{BTreeMap, BTreeSet};

use super::office_disk::OfficeDisk;
use super::scribe::Kept;

/// Everything that is kept apart, and what head office said about origins.
#[derive(Clone, Default)]
pub struct KeptApart {
    /// Events that arrived held, by arrival; each with the arrival of the event that let it in, once one did.
    rows: BTreeMap<usize, Option<usize>>,
    /// Those that take room.
    counted: BTreeSet<usize>,
    /// Those that wait, by origin: number and arrival.
    waiting: BTreeMap<OriginId, BTreeSet<(i64, usize)>>,
    room: BTreeMap<TillId, HeldSoFar>,
    gate: Gate,
    /// Whether anybody was ever closed: most seeds need not look any further.
    closes: bool,
    /// Events up to which a closed origin is let in all the same.
    expected: BTreeMap<OriginId, BTreeSet<Tip>>,
    /// How many were let in so far.
    pub let_in: usize,
}

/// How far back a chain is followed for what waits, as in the store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To the first event that is in.
    ToWhatIsIn,
    /// To the first number that waits at all.
    ToTheFirstThatWaits,
}

impl KeptApart {
    /// How much waits of a till and takes room.
    pub fn so_far(&self, till: TillId) -> HeldSoFar {
        self.room.get(&till).copied().unwrap_or_default()
    }

    /// What head office said about origins as a whole.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Whether anybody was ever closed.
    pub fn has_closings(&self) -> bool {
        self.closes
    }

    /// Whether an event waits.
    pub fn waits(&self, event: usize) -> bool {
        self.rows.get(&event) == Some(&None)
    }

    /// Whether an event was kept apart when it came.
    pub fn arrived_held(&self, event: usize) -> bool {
        self.rows.contains_key(&event)
    }

    /// Events that waited and were let in.
    pub fn admitted(&self) -> impl Iterator<Item = usize> {
        self.rows.iter().filter(|(_, admitted)| admitted.is_some()).map(|(event, _)| *event)
    }

    /// What waits, by origin: number and arrival.
    pub fn waiting(&self) -> impl Iterator<Item = (OriginId, &BTreeSet<(i64, usize)>)> {
        self.waiting.iter().map(|(origin, waiting)| (*origin, waiting))
    }

    fn waiting_of(&self, origin: OriginId) -> impl DoubleEndedIterator<Item = (i64, usize)> {
        self.waiting.get(&origin).into_iter().flatten().copied()
    }
}

impl OfficeDisk {
    /// An origin and those that it goes on from.
    pub fn lineage(&self, origin: OriginId) -> impl Iterator<Item = OriginId> {
        std::iter::successors(Some(origin), |origin| self.certificates.get(origin)?.parent)
    }

    /// Why an origin is not let in; none where it is.
    pub fn closing(&self, origin: OriginId) -> Option<&str> {
        if !self.apart.closes {
            return None;
        }
        self.apart.gate.closing(self.lineage(origin))
    }

    /// What an origin's till is called by.
    pub fn till_of(&self, origin: OriginId) -> Option<TillId> {
        match self.certificates.get(&origin)?.standing {
            Standing::Till(_, till) => Some(till),
            Standing::HeadOffice => None,
        }
    }

    /// The origins of a till that are known here.
    pub fn origins_of(&self, till: TillId) -> Vec<OriginId> {
        let is_its = |origin: &&OriginId| self.till_of(**origin) == Some(till);
        self.certificates.keys().filter(is_its).copied().collect()
    }

    /// What is known of a push of an origin, with how it stands with its admission.
    pub fn with_admission(&self, origin: OriginId, last: Option<Tip>, known: Known) -> Known {
        if !self.apart.closes {
            return known;
        }
        let last_is_held = last.is_some_and(|tip| self.waits_here(origin, tip).is_some());
        if self.closing(origin).is_none() {
            return Known { last_is_held, ..known };
        }
        let expected = || self.apart.expected.get(&origin).into_iter().flatten().copied();
        Known {
            admission: Admission::Held,
            held: self.till_of(origin).map(|till| self.apart.so_far(till)).unwrap_or_default(),
            held_until: self.apart.waiting_of(origin).next_back().map_or(0, |(seq, _)| seq),
            let_in_until: expected().map(|tip| tip.seq).max().unwrap_or(0),
            awaited: expected().filter(|tip| !self.chains.knows(origin, *tip)).collect(),
            last_is_held,
            ..known
        }
    }

    /// Where an event stands that waits; none where it is not here, or waits no more.
    fn waits_here(&self, origin: OriginId, tip: Tip) -> Option<usize> {
        let (_, place) = self.chains.before(&(origin, tip.seq, tip.hash))?;
        place.filter(|place| self.apart.waits(*place))
    }

    /// Keeps an event apart that was just stored.
    pub(super) fn hold(&mut self, event: usize, expected: bool) {
        let stored = self.chains.events[event].clone();
        self.apart.rows.insert(event, None);
        self.apart.waiting.entry(stored.origin).or_default().insert((stored.tip.seq, event));
        if let Some(till) = self.till_of(stored.origin).filter(|_| !expected) {
            self.apart.counted.insert(event);
            let held = self.apart.room.entry(till).or_default();
            held.events += 1;
            held.bytes += stored.text.envelope.len() + stored.text.payload.len();
        }
    }

    /// Heeds an event of head office that was just stored: marks what it closes, and lets in what it admits; gives the scopes that this
    /// entered.
    pub(super) fn heed(&mut self, event: usize) -> BTreeSet<String> {
        let stored = self.chains.events[event].clone();
        let input = ProjectInput::read(stored.origin, stored.tip, &stored.text);
        let Ok((envelope, said)) = &input.content else { return BTreeSet::new() };
        let order = OrderKey { at: envelope.at, origin: stored.origin, seq: stored.tip.seq };
        if let Some((origin, mark)) = Mark::of(order, said) {
            self.apart.closes |= mark.closed.is_some();
            self.apart.gate.learn(origin, mark);
        }
        match said {
            Event::OriginClosed(Closed { origin, tips, .. }) => {
                self.apart.expected.entry(*origin).or_default().extend(tips);
                BTreeSet::new()
            }
            Event::OriginAdmitted(Admitted { origin, to: Some(tip) }) => {
                self.apart.expected.entry(*origin).or_default().insert(*tip);
                self.let_in_up_to(*origin, *tip, event, Reach::ToTheFirstThatWaits)
            }
            Event::OriginAdmitted(Admitted { to: None, .. }) => {
                let waiting: Vec<OriginId> = self.apart.waiting.keys().copied().collect();
                let admitted = waiting.into_iter().filter(|origin| self.closing(*origin).is_none());
                let all: Vec<Vec<usize>> = admitted
                    .map(|origin| self.apart.waiting_of(origin).map(|(_, place)| place).collect())
                    .collect();
                let mut scopes = BTreeSet::new();
                for mut places in all {
                    places.sort_unstable();
                    scopes.extend(self.let_in(&places, event));
                }
                scopes
            }
            _ => BTreeSet::new(),
        }
    }

    /// Lets in what waits of a closed origin up to events that are known to be in order, once these have arrived.
    pub(super) fn let_in_what_arrived(&mut self, origin: OriginId, reach: Reach) -> BTreeSet<String> {
        let Some(last) = self.chains.events.len().checked_sub(1) else { return BTreeSet::new() };
        let expected = self.apart.expected.get(&origin).cloned().unwrap_or_default();
        expected
            .into_iter()
            .flat_map(|tip| self.let_in_up_to(origin, tip, last, reach))
            .collect()
    }

    fn let_in_up_to(&mut self, origin: OriginId, tip: Tip, with: usize, reach: Reach) -> BTreeSet<String> {
        let Some((first, _)) = self.apart.waiting_of(origin).next() else { return BTreeSet::new() };
        let (mut tip, mut found) = (tip, Vec::new());
        while tip.seq >= first {
            let Some((prev, place)) = self.chains.before(&(origin, tip.seq, tip.hash)) else { break };
            let waiting = place.filter(|place| self.apart.waits(*place));
            if waiting.is_none() && place.is_some() && reach == Reach::ToWhatIsIn {
                break;
            }
            found.extend(waiting);
            tip = Tip { seq: tip.seq - 1, hash: prev };
        }
        found.reverse();
        self.let_in(&found, with)
    }

    /// Lets in the events at these places, in this order, with the event at `with`.
    fn let_in(&mut self, places: &[usize], with: usize) -> BTreeSet<String> {
        let mut scopes = BTreeSet::new();
        for place in places {
            let stored = self.chains.events[*place].clone();
            self.apart.rows.insert(*place, Some(with));
            self.apart.let_in += 1;
            if let Some(waiting) = self.apart.waiting.get_mut(&stored.origin) {
                waiting.remove(&(stored.tip.seq, *place));
                if waiting.is_empty() {
                    self.apart.waiting.remove(&stored.origin);
                }
            }
            if self.apart.counted.remove(place)
                && let Some(held) =
                    self.till_of(stored.origin).and_then(|till| self.apart.room.get_mut(&till))
            {
                held.events -= 1;
                held.bytes -= stored.text.envelope.len() + stored.text.payload.len();
            }
            scopes.extend(self.enter_feed(*place));
        }
        scopes
    }

    /// The last events of an origin, of every branch, that do not wait.
    pub fn tips_let_in(&self, origin: OriginId) -> Vec<Tip> {
        let mut found = BTreeSet::new();
        for mut tip in self.chains.tips_of(origin) {
            while self.waits_here(origin, tip).is_some()
                && let Some((prev, _)) = self.chains.before(&(origin, tip.seq, tip.hash))
            {
                tip = Tip { seq: tip.seq - 1, hash: prev };
            }
            if tip.seq > 0 {
                found.insert(tip);
            }
        }
        found.into_iter().collect()
    }

    /// What a handshake says of what is held of an origin.
    pub fn held_of(&self, origin: OriginId) -> Option<Held> {
        let waiting = self.apart.waiting_of(origin).next().map(|(first, _)| first - 1);
        let reason = self.closing(origin).map(str::to_owned);
        if waiting.is_none() && reason.is_none() {
            return None;
        }
        let last = || self.chains.whole(origin).iter().map(|tip| tip.seq).max().unwrap_or(0);
        Some(Held { after: waiting.unwrap_or_else(last), reason })
    }

    /// What counts, in the order in which it came to count: as it arrived, and what was held with the event that let it in.
    pub fn counting(&self) -> Vec<Kept> {
        let mut with: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, admitted) in &self.apart.rows {
            with.entry(admitted.unwrap_or(usize::MAX)).or_default().push(*place);
        }
        let mut counting = Vec::with_capacity(self.chains.events.len());
        for (place, event) in self.chains.events.iter().enumerate() {
            if !self.apart.rows.contains_key(&place) {
                counting.push(event.clone());
            }
            let let_in = with.get(&place).into_iter().flatten();
            counting.extend(let_in.map(|place| self.chains.events[*place].clone()));
        }
        counting
    }
}
