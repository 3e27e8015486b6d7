//! The laws that every seed is held to, and the oracle that remembers what they are about.
//!
//! The oracle sees what a bystander sees: what was committed somewhere, what cashiers were told, what tills were told is safe, and which
//! disks were lost. It tells nobody. A law names its breach with enough to look for.

use daybook_core::chain::{Hash, Tip, running_hash};
use daybook_core::ids::OriginId;
use daybook_core::project::standing::Standing;
use daybook_core::sync::scope;
use daybook_core::sync::witness::Lacking;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::chains::Chains;
use super::counts::Rare;
use super::faults::Fault;
use super::scribe::{Kept, Key};
use super::till::SimTill;
use super::till_disk::Certificate;
use super::views::{Standings, Views};
use super::world::World;

/// What went against which law, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The law.
    pub law: &'static str,
    /// What was found.
    pub what: String,
    /// Simulated time, in milliseconds.
    pub at_millis: u64,
}

impl fmt::Display for Breach {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "after {} ms: {}: {}", self.at_millis, self.law, self.what)
    }
}

/// What is remembered of a seed.
#[derive(Default)]
pub struct Oracle {
    /// Every event that a commit made durable, anywhere.
    pub recorded: BTreeMap<Key, Kept>,
    /// Of these, what no disk has any more that could give it back.
    pub destroyed: BTreeSet<Key>,
    /// Sales that a cashier was told of.
    pub told: BTreeSet<Key>,
    /// Who may say what: every origin that there ever was.
    pub standings: Standings,
    /// What tills took for acknowledged since head office's disk was last replaced.
    pub accepted: BTreeSet<(OriginId, Tip)>,
}

impl World {
    pub(super) fn is_of_office(&self, origin: OriginId) -> bool {
        self.oracle.standings.get(&origin) == Some(&Standing::HeadOffice)
    }

    /// A till takes an acknowledgement for true: head office must have the event, durably.
    pub(super) fn note_accepted(&mut self, history: u32, origin: OriginId, tip: Tip) {
        if history != self.office.history {
            return;
        }
        self.oracle.accepted.insert((origin, tip));
        if !self.office.disk.chains.holds(origin, tip) {
            self.broken("an acknowledgement names only what is durable", named(origin, tip));
        }
    }

    /// A till heard how far head office is: where no disk of it was replaced since it was as far, that is no less now.
    pub(super) fn note_witnessed(&mut self, t: usize, history: u32, tips: &BTreeMap<OriginId, Vec<Tip>>) {
        let disk = &mut self.tills[t].disk;
        disk.witness.hear(tips);
        let lacking: Vec<Lacking> = disk.witness.lacking().collect();
        for origin in tips.keys() {
            match lacking.iter().find(|lacking| lacking.origin == *origin) {
                None => {
                    disk.witnessed_in.insert(*origin, history);
                }
                Some(Lacking { from, confirmed, .. }) if disk.witnessed_in.get(origin) == Some(&history) => {
                    let what = format!("till {t} misses {from} to {} of {origin}", confirmed.seq);
                    return self.broken("what was confirmed stays where no disk was lost", what);
                }
                Some(_) => {}
            }
        }
        if !lacking.is_empty() {
            self.reached(Rare::Lacked);
        }
    }

    /// Everything that must hold once the storm has passed.
    pub(super) fn judge_end(&mut self) -> Result<(), Breach> {
        let found = self
            .everybody_is_up_to_date()
            .and_then(|()| self.nothing_is_lost())
            .and_then(|()| self.chains_hold())
            .and_then(|()| self.feeds_reach_everybody())
            .and_then(|()| self.machines_part());
        let found = found.and_then(|()| self.what_is_lacking_is_not_there());
        let found = found.and_then(|()| self.what_is_held_stays_apart());
        let found = found.and_then(|()| self.same_rows_in_any_order());
        found.map_err(|(law, what)| Breach { law, what, at_millis: self.now })
    }

    fn everybody_is_up_to_date(&self) -> Found {
        let law = "calm brings everybody up to date";
        if !self.office.is_idle() {
            return Err((law, "head office is busy or down".to_owned()));
        }
        for (t, till) in self.tills.iter().enumerate().filter(|(_, till)| !till.is_gone) {
            let refused = |own: &Certificate| self.is_refused(till, own.origin);
            let is_refused = till.life.is_some() && till.disk.certificates.iter().any(refused);
            if !till.says_up_to_date() && !is_refused {
                return Err((law, format!("till {t} is not")));
            }
            for own in till.disk.certificates.iter().filter(|own| !refused(own)) {
                let tip = till.disk.own_tip(own.origin);
                let acknowledged = till.disk.acknowledged.get(&own.origin).map_or(Tip::NONE, |(_, tip)| *tip);
                if acknowledged != tip {
                    let what = format!(
                        "till {t} waits with {} for {}, acknowledged to {}",
                        tip.seq, own.origin, acknowledged.seq
                    );
                    return Err((law, what));
                }
            }
        }
        Ok(())
    }

    /// Head office has everything that was ever durable and still existed, byte for byte; so everything acknowledged and told, too.
    fn nothing_is_lost(&self) -> Found {
        for (key, event) in &self.oracle.recorded {
            match self.office.disk.chains.find(key) {
                Some(stored) if stored.text != event.text => {
                    return Err(("bytes stay as first written", named(event.origin, event.tip)));
                }
                Some(_) => {}
                None if self.oracle.destroyed.contains(key) || self.is_kept_back(key) => {}
                None => {
                    let what = format!("{}; {}", named(event.origin, event.tip), self.holders(key));
                    return Err(("whatever was committed reaches head office", what));
                }
            }
        }
        let lost = self
            .oracle
            .accepted
            .iter()
            .find(|(origin, tip)| !self.office.disk.chains.holds(*origin, *tip));
        if let Some((origin, tip)) = lost {
            return Err(("what was acknowledged is never lost", named(*origin, *tip)));
        }
        let known = |key: &&Key| self.oracle.recorded.contains_key(key);
        match self.oracle.told.iter().find(|key| !known(key)) {
            Some((origin, seq, hash)) => {
                Err(("told only after the commit", named(*origin, Tip { seq: *seq, hash: *hash })))
            }
            None => Ok(()),
        }
    }

    /// Who has an event, for whoever looks for it.
    fn holders(&self, key: &Key) -> String {
        let (origin, seq, hash) = *key;
        let tip = Tip { seq, hash };
        let who = if self.is_of_office(origin) { "head office's" } else { "a till's" };
        let mut text = format!("{who}, {} at head office", how(&self.office.disk.chains, origin, tip));
        for (t, till) in self.tills.iter().enumerate() {
            let own = if till.disk.holds_own(origin, tip) { "own, " } else { "" };
            let gone = if till.is_gone { ", gone" } else { "" };
            text += &format!("; {own}{} at till {t}{gone}", how(&till.disk.chains, origin, tip));
        }
        text
    }

    /// Every branch of every origin links from its first event on, without gaps, in growing order; positions and hashes agree.
    fn chains_hold(&self) -> Found {
        let disk = &self.office.disk;
        for event in &disk.chains.events {
            if event.text.hash(event.prev) != event.tip.hash {
                return Err(("chains link", named(event.origin, event.tip)));
            }
            let before = Tip { seq: event.tip.seq - 1, hash: event.prev };
            if !disk.chains.knows(event.origin, before) {
                return Err(("chains have no gaps", named(event.origin, event.tip)));
            }
            let before = disk
                .chains
                .find(&(event.origin, before.seq, before.hash))
                .map_or(-1, |before| before.at);
            if before >= event.at {
                return Err(("the order key grows along a chain", named(event.origin, event.tip)));
            }
        }
        let excused = self.figures.faults.of(Fault::OfficeImageRestored) > 0;
        if let Some(origin) = disk.branched().find(|origin| !excused && self.is_of_office(*origin)) {
            return Err(("head office never forks itself", origin.to_string()));
        }
        for (scope, entries) in &disk.feed {
            let (mut running, mut seen) = (Hash::ZERO, BTreeSet::new());
            for entry in entries {
                let event = &disk.chains.events[entry.event];
                running = running_hash(running, event.tip.hash);
                if running != entry.running || !seen.insert(event.key()) {
                    return Err((
                        "an entry stands once in a scope",
                        format!("{scope}: {}", named(event.origin, event.tip)),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Every till has every entry of its scopes, and stands at their ends.
    fn feeds_reach_everybody(&self) -> Found {
        let law = "every till sees every event of its scopes";
        let listens = |(_, till): &(usize, &SimTill)| !till.is_gone && !self.is_shut(till);
        for (t, till) in self.tills.iter().enumerate().filter(listens) {
            for scope in scope::of_till(till.store) {
                let entries = self.office.disk.feed.get(&scope).map_or(&[][..], Vec::as_slice);
                let missing = entries.iter().map(|entry| &self.office.disk.chains.events[entry.event]);
                if let Some(event) =
                    missing.into_iter().find(|event| !till.disk.chains.holds(event.origin, event.tip))
                {
                    return Err((law, format!("till {t}, {scope}: {}", named(event.origin, event.tip))));
                }
                let reached = till.disk.cursors.get(&scope).map_or(0, |cursor| cursor.position);
                if reached != self.office.disk.position(&scope) {
                    return Err((law, format!("till {t} stands at {reached} of {scope}")));
                }
            }
        }
        Ok(())
    }

    /// What a till still misses of what head office had confirmed is not there: head office says no less than it has.
    fn what_is_lacking_is_not_there(&self) -> Found {
        for (t, till) in
            self.tills.iter().enumerate().filter(|(_, till)| !till.is_gone && !self.is_shut(till))
        {
            for Lacking { origin, confirmed, .. } in till.disk.witness.lacking() {
                let mut key = (origin, confirmed.seq, confirmed.hash);
                while key.1 > 0 && self.office.disk.chains.find(&key).is_some() {
                    let Some(event) = self.oracle.recorded.get(&key) else { break };
                    key = (origin, key.1 - 1, event.prev);
                }
                if key.1 == 0 || !self.oracle.recorded.contains_key(&key) {
                    let what = format!("till {t} misses {} of {origin}", confirmed.seq);
                    return Err((
                        "head office says no less than it has, and confirms what was recorded",
                        what,
                    ));
                }
            }
        }
        Ok(())
    }

    /// No two machines write the log of one origin for long.
    fn machines_part(&self) -> Found {
        let mut writers = BTreeSet::new();
        for till in self.tills.iter().filter(|till| !till.is_gone) {
            // Of whom nothing more is taken, nobody knows that there are two.
            if let Some(writer) = till.disk.writer()
                && !self.is_refused(till, writer.origin)
                && !writers.insert(writer.origin)
            {
                return Err(("copies part", writer.origin.to_string()));
            }
        }
        Ok(())
    }

    /// The same events give the same rows, however they came.
    fn same_rows_in_any_order(&mut self) -> Found {
        if !self.shape.has_views {
            return Ok(());
        }
        let law = "the same events give the same rows in any order";
        let disk = &self.office.disk;
        let counts = |(place, _): &(usize, &Kept)| !disk.apart.waits(*place);
        let events: Vec<Kept> = disk
            .chains
            .events
            .iter()
            .enumerate()
            .filter(counts)
            .map(|(_, event)| event.clone())
            .collect();
        let standings = self.oracle.standings.clone();
        let as_arrived = Views::of(&disk.counting(), &standings, self.mutant);
        if as_arrived.quarantined() > 0 {
            self.reached(Rare::Quarantined);
        }
        let mut shuffled = events.clone();
        shuffled.extend(events.iter().take(20).cloned());
        self.rng.shuffle(&mut shuffled);
        if Views::of(&shuffled, &standings, self.mutant).digest() != as_arrived.digest() {
            return Err((law, "head office's rows depend on arrival".to_owned()));
        }
        let (paid, due) = as_arrived.money_minor();
        if paid != due {
            return Err(("what was paid is what was due", format!("{paid} of {due}")));
        }
        if let Some((day, what)) = as_arrived.unbalanced() {
            return Err((
                "the journal of every till and day balances, and is what was sold",
                format!("{day}: {what}"),
            ));
        }
        for t in 0..self.tills.len() {
            let (kept, events) = (self.tills[t].views.take(), self.tills[t].disk.chains.events.clone());
            let Some(mut kept) = kept else { continue };
            kept.follow(&events, &standings);
            let mut shuffled = events.clone();
            self.rng.shuffle(&mut shuffled);
            let is_same = Views::of(&shuffled, &standings, self.mutant).digest() == kept.digest();
            self.tills[t].views = Some(kept);
            if !is_same {
                return Err((law, format!("the rows of till {t} are not those of a rebuild")));
            }
        }
        Ok(())
    }
}

fn how(chains: &Chains, origin: OriginId, tip: Tip) -> &'static str {
    if chains.holds(origin, tip) {
        "whole"
    } else if chains.knows(origin, tip) {
        "a link"
    } else {
        "unknown"
    }
}

pub(super) type Found = Result<(), (&'static str, String)>;

pub(super) fn named(origin: OriginId, tip: Tip) -> String {
    format!("event {} of {origin}, {}", tip.seq, tip.hash)
}
