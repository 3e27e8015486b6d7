//! What stands on the disk of a till: a model of its `log.db`, of its keys, and of what it keeps of others.
//!
//! A disk holds only what was committed; whatever a process knows beside it dies with the process. One call here is one transaction.
//! Disks can be cloned, which is how copies and images are made.

use daybook_core::chain::{Seal, Tip};
use daybook_core::envelope::{EventText, Line};
use daybook_core::ids::{CommandId, OriginId};
use daybook_core::project::standing::Standing;
use daybook_core::record::Writer;
use daybook_core::sync::witness::Witness;
use daybook_core::wire::Held;
use std::collections::{BTreeMap, BTreeSet};

use super::chains::Chains;
use super::scribe::{Kept, Key, Sealer};

/// Who an origin is, signed by the root or by its parent.
#[derive(Clone)]
pub struct Certificate {
    /// The origin.
    pub origin: OriginId,
    /// What it may speak for.
    pub standing: Standing,
    /// Whose key signed it; none for the root key.
    pub parent: Option<OriginId>,
    /// Its key.
    pub sealer: Sealer,
}

/// Where head office's own log ends, in its own words.
#[derive(Clone)]
pub struct OfficeWord {
    /// Head office's certificate.
    pub certificate: Certificate,
    /// The last event of its log.
    pub tip: Tip,
    /// Seal of that event.
    pub seal: Seal,
}

impl OfficeWord {
    /// Whether its certificate is the root's, head office's, and the seal by its key.
    pub fn is_verified(&self) -> bool {
        let Certificate { origin, standing, parent, sealer } = &self.certificate;
        *standing == Standing::HeadOffice && parent.is_none() && sealer.seal(*origin, self.tip) == self.seal
    }
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
    /// Everything that it holds, own and others'.
    pub chains: Chains,
    own: BTreeMap<OriginId, Vec<Kept>>,
    /// What was acknowledged of own origins, in which epoch.
    pub acknowledged: BTreeMap<OriginId, (String, Tip)>,
    /// What head office keeps apart of own origins, as far as the till has heard.
    pub held: BTreeMap<OriginId, Held>,
    /// How far scopes were followed.
    pub cursors: BTreeMap<String, Cursor>,
    /// Commands that were executed, with the last event of each.
    pub commands: BTreeMap<CommandId, Key>,
    /// What corrects the clock, in microseconds.
    pub clock_offset: i64,
    /// The last word of head office about its own log.
    pub office_word: Option<OfficeWord>,
    /// What head office confirmed.
    pub witness: Witness,
    /// Of each origin the number of head office's history in which it was last as far as that.
    pub witnessed_in: BTreeMap<OriginId, u32>,
    /// Origins of head office that it has met.
    pub offices: BTreeMap<OriginId, Certificate>,
    /// Others, proved up to the root.
    pub proofs: BTreeMap<OriginId, Certificate>,
}

impl TillDisk {
    /// A disk on which nothing but an origin stands, and who head office is.
    pub fn of(certificate: Certificate, office: Certificate) -> Self {
        TillDisk {
            certificates: vec![certificate],
            offices: BTreeMap::from([(office.origin, office)]),
            ..TillDisk::default()
        }
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

    /// An origin and its parents, as far as they are known here, as they are presented to whoever may not know them.
    pub fn lineage(&self, origin: OriginId) -> Vec<Certificate> {
        let mut lineage = Vec::new();
        let mut next = Some(origin);
        while let Some(certificate) = next.and_then(|origin| self.anybody(origin)) {
            next = certificate.parent;
            lineage.push(certificate.clone());
        }
        lineage
    }

    fn anybody(&self, origin: OriginId) -> Option<&Certificate> {
        let known = || self.proofs.get(&origin).or(self.offices.get(&origin));
        self.certificate(origin).or_else(known)
    }

    /// Whether it has the certificate of an origin.
    pub fn is_proved(&self, origin: OriginId) -> bool {
        self.anybody(origin).is_some()
    }

    /// Origins that it has events of and no certificate.
    pub fn unproved(&self) -> Vec<OriginId> {
        self.chains.all_tips().into_keys().filter(|origin| !self.is_proved(*origin)).collect()
    }

    /// Keeps head office's word about its own log, who it is now, and who others are, each as far as it ends at the root.
    pub fn keep_proofs(&mut self, word: &OfficeWord, proofs: &[Certificate]) {
        if word.is_verified() {
            self.offices.insert(word.certificate.origin, word.certificate.clone());
            self.office_word = Some(word.clone());
        }
        let given: BTreeMap<OriginId, &Certificate> =
            proofs.iter().map(|proof| (proof.origin, proof)).collect();
        for proof in proofs {
            let mut parent = proof.parent;
            while let Some(certificate) = parent.and_then(|parent| given.get(&parent)) {
                parent = certificate.parent;
            }
            if parent.is_none_or(|parent| self.proofs.contains_key(&parent)) {
                self.proofs.entry(proof.origin).or_insert_with(|| proof.clone());
            }
        }
    }

    /// Appends own events with the command that led to them.
    pub fn append(&mut self, written: &[Kept], command: Option<CommandId>) {
        for event in written {
            let after = Tip { seq: event.tip.seq - 1, hash: event.prev };
            self.chains.put(event.clone());
            self.chains.move_tip(event.origin, after, event.tip);
            self.own.entry(event.origin).or_default().push(event.clone());
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
        let place = usize::try_from(tip.seq).unwrap_or(0).checked_sub(1);
        let chain = self.own.get(&origin).map_or(&[][..], Vec::as_slice);
        tip == Tip::NONE || place.and_then(|place| chain.get(place)).is_some_and(|own| own.tip == tip)
    }

    /// Whether a branch of an origin ends here with an event that this till did not write now: another's, or one that it took back.
    pub fn holds_others_of(&self, origin: OriginId) -> bool {
        self.chains.tips_of(origin).into_iter().any(|tip| !self.holds_own(origin, tip))
    }

    /// All own events.
    pub fn own_events(&self) -> impl Iterator<Item = &Kept> {
        self.own.values().flatten()
    }

    /// Takes in events that this till did not write now; gives how many were new.
    pub fn store_others(&mut self, events: Vec<Kept>) -> usize {
        let mut stored = 0;
        for event in events {
            let (origin, tip) = (event.origin, event.tip);
            if self.chains.put(event) {
                self.chains.note_tip(origin, tip);
                stored += 1;
            }
        }
        stored
    }

    /// What is handed back of an origin after an event: a stretch of its chain up to the last event in it that its writer sealed, and
    /// that one's seal. Stretches without any seal are passed over.
    pub fn burden(&self, origin: OriginId, after: Tip, events_max: usize) -> Option<Burden> {
        // Of another branch than any that is here, it is handed back from the beginning.
        let mut after = if self.chains.knows(origin, after) { after } else { Tip::NONE };
        loop {
            let (previous, mut lines) = self.chains.stretch_after(origin, after, events_max)?;
            let Some(sealed) = lines.iter().rposition(|(_, line)| line.seal().is_some()) else {
                after = lines.last()?.0;
                if self.chains.successors(origin, after).is_empty() {
                    continue;
                }
                return None;
            };
            lines.truncate(sealed + 1);
            let (last, line) = lines.last()?;
            return Some(Burden { after: previous, last: *last, seal: line.seal()?, lines });
        }
    }

    /// Everything of others that is handed back from here, stretch by stretch: what a sealed event vouches for.
    pub fn burdens(&self) -> Vec<(OriginId, Burden)> {
        let origins: BTreeSet<OriginId> = self.chains.events.iter().map(|event| event.origin).collect();
        let mut burdens = Vec::new();
        for origin in origins.into_iter().filter(|origin| self.anybody(*origin).is_some()) {
            let mut after = Tip::NONE;
            while let Some(burden) = self.burden(origin, after, usize::MAX) {
                after = burden.last;
                burdens.push((origin, burden));
            }
        }
        burdens
    }
}

/// Lines of another's chain on their way back.
pub struct Burden {
    /// What the first of them follows.
    pub after: Tip,
    /// The last of them.
    pub last: Tip,
    /// Its seal.
    pub seal: Seal,
    /// The lines.
    pub lines: Vec<(Tip, Line)>,
}

/// Own events as the lines of a push.
pub fn lines_of(events: &[Kept]) -> Vec<Line> {
    let text = |event: &Kept| -> EventText { event.text.clone() };
    events.iter().map(|event| Line::Event(text(event))).collect()
}
