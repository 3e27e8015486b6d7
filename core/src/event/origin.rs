//! Payloads about the writers themselves: who opened a log and why, runs of a till, epochs of head office, answers of people.

use crate::chain::{Hash, Tip};
use crate::event::sale::{payload, words};
use crate::event::shift::Counters;
use crate::ids::{OrganisationId, OriginId, StoreId, TillId};

words! {
    /// What kind of writer an origin is.
    pub enum Role {
        /// Head office.
        HeadOffice,
        /// A till.
        Till,
    }
}

words! {
    /// Why an origin was opened.
    pub enum Reason {
        /// Head office was initialised, or a till enrolled for the first time.
        Enrolled,
        /// The log was copied or restored: its journal is missing, older than can be or of another machine.
        Copied,
        /// Head office found two successors of one event of the parent.
        Forked,
        /// Head office began a new epoch.
        Epoch,
    }
}

payload! {
    /// The origin that a child goes on from.
    pub struct Parent {
        /// The parent.
        pub origin: OriginId,
        /// Its last event known here.
        pub tip: Tip,
        /// The parent key's signature over the child's certificate, base64url.
        pub signature: String,
    }
}

payload! {
    /// `origin.opened`: the first event of every log.
    pub struct Opened {
        /// The organisation.
        pub organisation: OrganisationId,
        /// Head office or till.
        pub role: Role,
        /// Why.
        pub reason: Reason,
        /// The store of a till.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub store: Option<StoreId>,
        /// The till.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub till: Option<TillId>,
        /// Its name as people say it.
        pub name: String,
        /// The series of its printed numbers.
        pub series: String,
        /// Its Ed25519 public key, base64url.
        pub public_key: String,
        /// The origin it goes on from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub parent: Option<Parent>,
        /// Counters carried in from the parent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub counters: Option<Counters>,
    }
}

payload! {
    /// `origin.admitted`: a person at head office lets an origin's events in up to a tip.
    pub struct Admitted {
        /// The origin.
        pub origin: OriginId,
        /// Up to here; none for everything, also what is still to come.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub to: Option<Tip>,
    }
}

payload! {
    /// `origin.closed`: nothing more is expected of this origin; what comes of it all the same, or of one that goes on from it, is held.
    pub struct Closed {
        /// The origin.
        pub origin: OriginId,
        /// Why, in a word: `lost`, `stolen`, `replaced`, `retired` or `other`.
        pub reason: String,
        /// Its last events that head office had then: these and what came before them stay in.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub tips: Vec<Tip>,
    }
}

payload! {
    /// `epoch.opened`: head office begins a new epoch; acknowledgements and cursors of an earlier one do not count.
    pub struct EpochOpened {
        /// The random name of the epoch, hexadecimal.
        pub epoch: String,
        /// The one before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub before: Option<String>,
    }
}

payload! {
    /// `till.started`: a run of the till begins. Makes a copied directory diverge at once.
    pub struct TillStarted {
        /// Random name of the run, base64url.
        pub run: String,
        /// The run before, where one is known, base64url.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub previous_run: Option<String>,
        /// Version of the program.
        pub version: String,
    }
}

payload! {
    /// `clock.observed`: head office's time differs from the till's by this; later events are corrected by it.
    pub struct ClockObserved {
        /// What to add to the till's clock, in microseconds.
        pub offset: i64,
        /// Round trip of the request that measured it, in microseconds.
        pub round_trip: i64,
    }
}

payload! {
    /// `conflict.answered`: a person's decision about a conflict, as it stood then.
    pub struct ConflictAnswered {
        /// The conflict's id.
        pub conflict: String,
        /// The evidence that was seen.
        pub evidence: Hash,
        /// Code of the option chosen.
        pub option: String,
    }
}
