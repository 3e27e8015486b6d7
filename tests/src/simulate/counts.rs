//! What a simulation counts: faults that struck, rare states that were reached.
//!
//! A fault that never strikes and a state that is never reached prove nothing, so both are counted by name and printed. The names are
//! part of what `make simulate` says, and stay.

use std::collections::BTreeMap;

macro_rules! named {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$of:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$of])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &[$name] = &[$($name::$variant),+];

            /// Its name in figures and on the command line.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
        }
    };
}
pub(super) use named;

/// How often each of some named things happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts<T: Ord>(BTreeMap<T, u64>);

impl<T: Ord> Default for Counts<T> {
    fn default() -> Self {
        Counts(BTreeMap::new())
    }
}

impl<T: Ord + Copy> Counts<T> {
    /// It happened once more.
    pub fn count(&mut self, what: T) {
        *self.0.entry(what).or_default() += 1;
    }

    /// How often it happened.
    pub fn of(&self, what: T) -> u64 {
        self.0.get(&what).copied().unwrap_or(0)
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            *self.0.entry(*what).or_default() += count;
        }
    }
}

named! {
    /// States that only some schedules reach. A run that reaches none of them has looked at nothing.
    pub enum Rare {
        /// Head office kept a second branch of an origin.
        Forked = "forked",
        /// A till went on under a child origin.
        ChildOpened = "child_opened",
        /// And its child under another one.
        GrandchildOpened = "grandchild_opened",
        /// Another own origin had its turn.
        TurnTaken = "turn_taken",
        /// An origin was refused and stepped back.
        SteppedBack = "stepped_back",
        /// Head office did not know what a push follows.
        Rewound = "rewound",
        /// A cursor of another history was refused and its scope begun again.
        CursorRefused = "cursor_refused",
        /// A page had more behind it.
        PageWithMore = "page_with_more",
        /// A batch was halved down to one event.
        BatchOfOne = "batch_of_one",
        /// Several pushes shared a commit.
        GroupCommit = "group_commit",
        /// One request waited twice for the same commit.
        TwinsInCommit = "twins_in_commit",
        /// A push held nothing new: the answer to an earlier one was lost.
        PushedAgain = "pushed_again",
        /// A push was known in part.
        PartlyKnown = "partly_known",
        /// An answer was of another epoch than the one before.
        EpochChanged = "epoch_changed",
        /// An answer came after the till had given up waiting.
        AnsweredTooLate = "answered_too_late",
        /// An answer that was not to this request, or not authentic, was refused.
        AnswerRefused = "answer_refused",
        /// A commit failed and yet was there: the till looked its command up.
        FailedYetThere = "failed_yet_there",
        /// A commit failed and nothing was there.
        FailedAndGone = "failed_and_gone",
        /// A sale was told after a crash, from its command.
        ToldAfterCrash = "told_after_crash",
        /// A page waited until its writers were proved.
        StrangerMet = "stranger_met",
        /// The other branch of an own origin came back by the feed.
        OwnBranchCameBack = "own_branch_came_back",
        /// A clock was found to be wrong, and later events corrected.
        ClockCorrected = "clock_corrected",
        /// The till crashed with a request on the road.
        CrashedInFlight = "crashed_in_flight",
        /// Events existed nowhere any more when a disk was lost.
        LostWithDisk = "lost_with_disk",
        /// Head office held something that no version understands.
        Quarantined = "quarantined",
        /// Head office's backup lacked events that tills gave back.
        Refilled = "refilled",
        /// Head office began a new epoch under a child origin.
        EpochBegun = "epoch_begun",
        /// A till proved that head office's log was put back together with its anchor.
        ProvedLater = "proved_later",
        /// Head office asked a till to hand back what others wrote.
        Wanted = "wanted",
        /// A till missed what head office had confirmed.
        Lacked = "lacked",
        /// Events came from a till that does not write them.
        Carried = "carried",
        /// The content of a link was filled in.
        LinkFilled = "link_filled",
        /// A till learned that head office has own events that it lacks.
        HasLater = "has_later",
        /// Own events came back to a till.
        TookBack = "took_back",
        /// An answer was signed by an origin of head office that the till had not met.
        UnknownSigner = "unknown_signer",
        /// Another own origin was found less acknowledged than it was believed.
        OtherReset = "other_reset",
        /// Head office kept events of a closed till apart.
        Held = "held",
        /// What was kept apart was let in.
        Admitted = "admitted",
        /// A till was let in up to an event, or under some of its names.
        AdmittedInPart = "admitted_in_part",
        /// As much was kept apart of a till as may be.
        HeldFull = "held_full",
        /// A hint came while a page was on its way.
        HintInFlight = "hint_in_flight",
    }
}
