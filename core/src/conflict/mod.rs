//! Conflicts: two truths, found, explained in plain words with their effect in money, and left to a person.
//!
//! A conflict is a pure function of the set of events and this judge's version; arrival order cannot matter. Each kind has its file: the
//! facts that an engine gathers, and the judgement. Facts are never undone; an answer is an event that follows them up.

pub mod closed_twice;
pub mod completed_twice;
pub mod fork;
pub mod oversold;
pub mod totals_differ;

use serde::{Deserialize, Serialize};

use crate::amount::{Currency, Minor};
use crate::chain::{Hash, sha256};
use crate::event::sale::words;
use crate::ids::StoreId;
use crate::limits::CONFLICT_PARTIES_MAX;

words! {
    /// What kind of disagreement it is.
    pub enum Kind {
        /// An event has two successors.
        Fork,
        /// One cart, or one sale that was set aside, was completed in two places.
        CompletedTwice,
        /// One shift was closed in two places.
        ClosedTwice,
        /// Tracked stock fell below zero where a selling till believed there was enough.
        Oversold,
        /// A document disagrees with its own lines.
        TotalsDiffer,
    }
}

words! {
    /// How soon a person should look.
    pub enum Severity {
        /// Today: money or identity is in doubt.
        Urgent,
        /// This week.
        Normal,
        /// When there is time.
        Low,
    }
}

/// Somebody or something involved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Party {
    /// The till's name.
    pub till: String,
    /// The receipt's number, where one is involved.
    pub receipt: Option<String>,
    /// When, in the till's local time.
    pub local_time: Option<String>,
    /// Its part in it, in words.
    pub part: String,
}

/// Something a person can do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Choice {
    /// Its code, which an answer names.
    pub code: String,
    /// What follows from it, in words.
    pub consequence: String,
}

/// A conflict as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Conflict {
    /// Kind, subject and episode in short; the same wherever it is judged.
    pub id: String,
    /// What kind.
    pub kind: Kind,
    /// The store it concerns; none for the organisation.
    pub store: Option<StoreId>,
    /// How soon.
    pub severity: Severity,
    /// What it is about, in a few words.
    pub title: String,
    /// What happened, in one or two plain sentences.
    pub story: String,
    /// Who and where.
    pub parties: Vec<Party>,
    /// Money at stake.
    pub money_minor: Minor,
    /// Its currency, where money is at stake.
    pub currency: Option<Currency>,
    /// What was already done.
    pub done: String,
    /// What can be done.
    pub choices: Vec<Choice>,
    /// Who decides.
    pub decides: String,
    /// Hash of what the judgement rests on; changed evidence reopens an answered conflict.
    pub evidence: Hash,
}

/// The id of a conflict: its kind and a short hash of kind, subject and episode.
pub fn conflict_id(kind: Kind, subject: &str, episode: &str) -> String {
    let word = crate::project::rows::word(&kind);
    let hash = sha256(format!("daybook/conflict/1\0{word}\0{subject}\0{episode}").as_bytes()).to_string();
    format!("{word}-{}", &hash[..12])
}

fn evidence_of(facts: &[String]) -> Hash {
    sha256(facts.join("\n").as_bytes())
}

/// A sentence about the parties that a conflict does not name one by one, where there are such.
fn unlisted(what: &str, which: &str, count: usize) -> String {
    if count <= CONFLICT_PARTIES_MAX {
        return String::new();
    }
    format!(" The {which} {CONFLICT_PARTIES_MAX} of {count} {what} are listed.")
}

fn choice(code: &str, consequence: &str) -> Choice {
    Choice { code: code.to_owned(), consequence: consequence.to_owned() }
}
