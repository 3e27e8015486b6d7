//! Mutants: the classic mistakes of synchronisation, built into the simulation's own shells and stores, never into the product.
//!
//! A simulation that lets one of them live proves nothing. Each is to be caught within a number of seeds that stands here; a test and
//! `make simulate MUTANT=name` hold it to that.

use super::counts::named;

named! {
    /// A mistake.
    pub enum Mutant {
        /// Head office acknowledges before its commit.
        AckBeforeCommit = "ack_before_commit",
        /// A till keeps the cursor of a page in one commit, and its entries in the next.
        CursorBeforeApply = "cursor_before_apply",
        /// Head office goes by the position of a cursor alone.
        NaiveCursor = "naive_cursor",
        /// Head office takes events with the same number for the same.
        DedupeWithoutHash = "dedupe_without_hash",
        /// A till tries again on the next sale only.
        RetryOnLocalWrite = "retry_on_local_write",
        /// A cashier is told "sold" before the commit.
        ReceiptBeforeCommit = "receipt_before_commit",
        /// Head office goes on in its old epoch whatever its log looks like.
        EpochIgnored = "epoch_ignored",
        /// Head office gives what it holds of a closed till to everybody.
        HeldEntersFeed = "held_enters_feed",
        /// Read models believe whatever arrived last.
        ArrivalOrderMerge = "arrival_order_merge",
    }
}

impl Mutant {
    /// Seeds within which it is to be caught, counted from seed 1.
    pub fn seeds_max(self) -> u64 {
        match self {
            Mutant::RetryOnLocalWrite => 20,
            Mutant::CursorBeforeApply => 2_000,
            Mutant::AckBeforeCommit
            | Mutant::ArrivalOrderMerge
            | Mutant::DedupeWithoutHash
            | Mutant::EpochIgnored
            | Mutant::HeldEntersFeed
            | Mutant::NaiveCursor
            | Mutant::ReceiptBeforeCommit => 200,
        }
    }

    /// The mutant of a name.
    pub fn named(name: &str) -> Option<Self> {
        Mutant::ALL.iter().copied().find(|mutant| mutant.name() == name)
    }
}
