//! Read models of the simulation: the real projection and the real folds, on maps instead of tables.
//!
//! Inserts are kept once by the event that they stand for, sums are added, dirty keys are folded again from everything that touches them:
//! what `store/src/views` does with SQL. The digest is of what people would see.

use daybook_core::chain::{Hash, sha256};
use daybook_core::ids::{OriginId, ProductId, StoreId};
use daybook_core::merge::{register, stock};
use daybook_core::project::rows::{Edit, StockMove};
use daybook_core::project::standing::Standing;
use daybook_core::project::{Change, Input, Key as DirtyKey, project};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::mutants::Mutant;
use super::scribe::{Kept, Key};

/// Who may say what, by origin.
pub type Standings = BTreeMap<OriginId, Standing>;

/// Read models, brought up event by event.
#[derive(Clone, Default)]
pub struct Views {
    mutant: Option<Mutant>,
    followed: usize,
    projected: BTreeSet<Key>,
    rows: BTreeMap<(Hash, String), ()>,
    sums: BTreeMap<String, BTreeMap<String, i64>>,
    edits: BTreeMap<String, Vec<Edit>>,
    moves: BTreeMap<(StoreId, ProductId), Vec<StockMove>>,
    folded: BTreeMap<String, String>,
    quarantined: u64,
    paid_minor: i64,
    due_minor: i64,
}

impl Views {
    /// Read models of some events, in this order of arrival.
    pub fn of(events: &[Kept], standings: &Standings, mutant: Option<Mutant>) -> Self {
        let mut views = Views { mutant, ..Views::default() };
        views.follow(events, standings);
        views
    }

    /// Goes on where it stands in a log that only grows.
    pub fn follow(&mut self, events: &[Kept], standings: &Standings) {
        let mut dirty = BTreeSet::new();
        for event in &events[self.followed.min(events.len())..] {
            if !self.projected.insert(event.key()) {
                continue;
            }
            let input = Input::read(event.origin, event.tip, &event.text);
            let input = input.by(standings.get(&event.origin).copied());
            for change in project(&input) {
                self.apply(event.tip.hash, change, &mut dirty);
            }
        }
        self.followed = events.len();
        for key in dirty {
            self.fold(&key);
        }
    }

    fn apply(&mut self, hash: Hash, change: Change, dirty: &mut BTreeSet<DirtyKey>) {
        match change {
            Change::Dirty(key) => {
                dirty.insert(key);
            }
            Change::Edit(edit) => self.edits.entry(edit.subject.clone()).or_default().push(edit),
            Change::StockMove(moved) => {
                dirty.insert(DirtyKey::Stock(moved.store, moved.product));
                self.moves.entry((moved.store, moved.product)).or_default().push(moved);
            }
            Change::AddDay(key, sums) => {
                let day = self.sums.entry(format!("{key:?}")).or_default();
                for (name, amount) in [
                    ("documents", sums.documents),
                    ("lines", sums.lines),
                    ("gross", sums.gross_sales_minor),
                    ("net", sums.net_minor),
                    ("total", sums.total_minor),
                    ("adjustments", sums.adjustments),
                ] {
                    *day.entry(name.to_owned()).or_default() += amount;
                }
                self.due_minor += sums.total_minor + sums.rounding_minor;
            }
            Change::Post { key, account, currency, amount_minor } => {
                let day = self.sums.entry(format!("{key:?}")).or_default();
                *day.entry(format!("{account} {currency}")).or_default() += amount_minor;
            }
            Change::Quarantine { .. } => {
                self.quarantined += 1;
                self.rows.insert((hash, format!("{change:?}")), ());
            }
            Change::Tender(tender) => {
                self.paid_minor += tender.amount_minor;
                self.rows.insert((hash, format!("{tender:?}")), ());
            }
            row => {
                self.rows.insert((hash, format!("{row:?}")), ());
            }
        }
    }

    fn fold(&mut self, key: &DirtyKey) {
        let folded = match key {
            DirtyKey::Subject(subject) => {
                let edits = self.edits.get(subject).map_or(&[][..], Vec::as_slice);
                if self.mutant == Some(Mutant::ArrivalOrderMerge) {
                    let mut values = BTreeMap::new();
                    for edit in edits {
                        values.extend(edit.fields.clone());
                    }
                    format!("{values:?}")
                } else {
                    format!("{:?}", register::fold(edits))
                }
            }
            DirtyKey::Stock(store, product) => {
                let moves = self.moves.get(&(*store, *product)).map_or(&[][..], Vec::as_slice);
                format!("{:?}", stock::fold(moves))
            }
            _ => return,
        };
        self.folded.insert(format!("{key:?}"), folded);
    }

    /// Events that are kept and not understood.
    pub fn quarantined(&self) -> u64 {
        self.quarantined
    }

    /// What was paid, and what was due.
    pub fn money_minor(&self) -> (i64, i64) {
        (self.paid_minor, self.due_minor)
    }

    /// A day of a till whose postings do not come to nothing, or whose payments are not what its documents came to.
    pub fn unbalanced(&self) -> Option<(&String, String)> {
        self.sums.iter().find_map(|(day, sums)| {
            let postings = || sums.iter().filter(|(name, _)| name.contains(' '));
            let over: i64 = postings().map(|(_, amount)| amount).sum();
            let paid: i64 = postings()
                .filter(|(name, _)| name.starts_with("tender/"))
                .map(|(_, amount)| amount)
                .sum();
            let due = sums.get("total").copied().unwrap_or(0);
            (over != 0 || paid != due).then(|| (day, format!("{over} over, {paid} paid of {due}")))
        })
    }

    /// A hash of everything that people would see.
    pub fn digest(&self) -> Hash {
        let mut text = String::new();
        for (hash, row) in self.rows.keys() {
            let _a_string_takes_all = writeln!(text, "{hash} {row}");
        }
        let _a_string_takes_all = writeln!(text, "{:?} {:?}", self.sums, self.folded);
        sha256(text.as_bytes())
    }
}
