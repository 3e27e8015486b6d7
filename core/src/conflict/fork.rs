//! Fork: an event has two successors, so a till's directory was copied or restored and both went on.
//!
//! Both branches are kept, the common part counts once. Receipts with equal numbers are listed: twins are told apart by their seals
//! (trade rule 6).

use crate::chain::Hash;
use crate::conflict::{Conflict, Kind, Party, Severity, choice, conflict_id, evidence_of, unlisted};
use crate::ids::{OriginId, StoreId};
use crate::limits::CONFLICT_PARTIES_MAX;

/// A receipt on one of the branches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BranchReceipt {
    /// The printed number.
    pub receipt: String,
    /// When, in local time.
    pub local_time: String,
    /// The completing event.
    pub hash: Hash,
}

/// What is known of a forked origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The origin.
    pub origin: OriginId,
    /// The till's name.
    pub till: String,
    /// The till's store.
    pub store: Option<StoreId>,
    /// Number of the last common event of the earliest fork.
    pub common_seq: i64,
    /// First events of the branches that follow the last common one.
    pub branches: Vec<Hash>,
    /// Receipts that share their number with another one of this origin.
    pub twins: Vec<BranchReceipt>,
    /// Receipts printed after the common part, on any branch.
    pub receipts: i64,
}

/// Judges an origin. `None` while its chain is a single line.
pub fn judge(facts: &Facts) -> Option<Conflict> {
    if facts.branches.len() < 2 {
        return None;
    }
    let mut twins = facts.twins.clone();
    twins.sort();
    let mut branches = facts.branches.clone();
    branches.sort();
    let party = |twin: &BranchReceipt| Party {
        till: facts.till.clone(),
        receipt: Some(twin.receipt.clone()),
        local_time: Some(twin.local_time.clone()),
        part: "printed with a number that another receipt has too".to_owned(),
    };
    let numbers: std::collections::BTreeSet<&str> = twins.iter().map(|twin| twin.receipt.as_str()).collect();
    let doubled = match numbers.len() {
        0 => "No receipt number was used twice.".to_owned(),
        1 => "One receipt number was used twice.".to_owned(),
        count => format!("{count} receipt numbers were used twice."),
    };
    let mut evidence: Vec<String> = branches.iter().map(Hash::to_string).collect();
    evidence.extend(twins.iter().map(|twin| twin.hash.to_string()));
    Some(Conflict {
        id: conflict_id(Kind::Fork, &facts.origin.to_string(), &facts.common_seq.to_string()),
        kind: Kind::Fork,
        store: facts.store,
        severity: Severity::Urgent,
        title: format!("Till {} exists more than once", facts.till),
        story: format!(
            "The books of till {} were copied or restored, and {} copies went on after event {}. {doubled}{}",
            facts.till,
            branches.len(),
            facts.common_seq,
            unlisted("receipts with such a number", "first", twins.len()),
        ),
        parties: twins.iter().take(CONFLICT_PARTIES_MAX).map(party).collect(),
        money_minor: crate::amount::Minor::ZERO,
        currency: None,
        done: format!(
            "Everything is kept and counted once: the common part and {} later receipts. The copy goes on under a number series of its own.",
            facts.receipts
        ),
        choices: vec![
            choice("replaced", "The till was moved or restored on purpose. Nothing more to do."),
            choice("investigate", "Nobody copied it on purpose. Find the second machine and close it."),
        ],
        decides: "head office".to_owned(),
        evidence: evidence_of(&evidence),
    })
}
