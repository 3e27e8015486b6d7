//! The menu of faults, and which of them a seed is served.
//!
//! Every seed enables its own subset (swarm testing): with everything at once the rare orders drown in the frequent ones. Chances are
//! per mille of each occasion, strokes fall at a few random moments of the storm.

use fastrand::Rng;

use super::counts::named;

named! {
    /// Something that goes wrong.
    pub enum Fault {
        /// A request is lost.
        LostRequest = "lost_request",
        /// An answer is lost.
        LostAnswer = "lost_answer",
        /// A message takes up to a minute.
        Delayed = "delayed",
        /// A request arrives twice.
        Doubled = "doubled",
        /// A body is cut off on its way.
        Truncated = "truncated",
        /// Something else than head office answers, with "200 OK".
        CaptivePortal = "captive_portal",
        /// An old, authentic answer comes back instead of the new one.
        ReplayedAnswer = "replayed_answer",
        /// 413: too much at once.
        TooLarge = "too_large_413",
        /// 429: too many requests.
        TooMany = "too_many_429",
        /// 503: too much work.
        Unavailable = "unavailable_503",
        /// 500: nothing was done.
        Faulty = "faulty_500",
        /// Requests do not get through for a while, answers do.
        CutUp = "cut_up",
        /// Answers and hints do not get through for a while, requests do.
        CutDown = "cut_down",
        /// Nothing gets through for a while.
        CutOff = "cut_off",
        /// A till's process dies, at any step of what it does.
        TillCrash = "till_crash",
        /// The same, and what its disk had not been told to keep is gone.
        PowerLoss = "power_loss",
        /// A till's clock jumps by up to ten years.
        ClockJump = "clock_jump",
        /// A commit fails, and whether it is there only the disk knows.
        CommitUnknown = "commit_unknown",
        /// A till's disk is put back to an earlier image.
        TillRollback = "till_rollback",
        /// A till's disk is copied and both go on.
        TillClone = "till_clone",
        /// A till's disk is lost; it enrols anew.
        TillWipe = "till_wipe",
        /// A till's read models are damaged.
        ViewsDamage = "views_damage",
        /// Head office dies before a commit.
        OfficeCrashBefore = "office_crash_before_commit",
        /// Head office dies after a commit, before its answers.
        OfficeCrashAfter = "office_crash_after_commit",
        /// A commit of head office fails.
        OfficeCommitFails = "office_commit_fails",
        /// Head office is restored from an earlier backup and begins a new epoch.
        OfficeRestored = "office_restored",
        /// Head office's database is put back to an earlier copy, what lies beside it is not.
        OfficeCopiedBack = "office_copied_back",
        /// Everything of head office is put back to an earlier image, the anchor of its epoch included.
        OfficeImageRestored = "office_image_restored",
        /// Head office's disk is lost; it is made anew from its identity kit.
        OfficeWiped = "office_wiped",
        /// A till dies for good between its pushes and the next backup, and head office is restored from the one before.
        DiedBeforeBackup = "till_died_before_backup",
        /// A till and head office are put back to earlier images together.
        BothRestored = "till_and_office_restored",
        /// A person at head office ends the access of a till, and lets it in again after a while.
        TillRevoked = "till_revoked",
        /// Something that makes no sense is recorded and sent.
        Poison = "poison_event",
        /// Something of a version to come is recorded and sent.
        Future = "future_event",
    }
}

impl Fault {
    /// Chance on each occasion, per mille; none where it strikes at moments of its own.
    fn per_mille(self) -> Option<u32> {
        Some(match self {
            Fault::LostRequest | Fault::LostAnswer | Fault::Doubled => 120,
            Fault::Delayed => 100,
            Fault::Truncated | Fault::CaptivePortal | Fault::ReplayedAnswer => 60,
            Fault::TooLarge => 150,
            Fault::TooMany | Fault::Unavailable | Fault::Faulty => 50,
            Fault::CommitUnknown => 80,
            Fault::OfficeCrashBefore | Fault::OfficeCrashAfter | Fault::OfficeCommitFails => 50,
            Fault::Poison | Fault::Future => 80,
            _ => return None,
        })
    }

    /// How often at most it strikes in one storm.
    fn strokes_max(self) -> u32 {
        match self {
            Fault::CutUp | Fault::CutDown | Fault::CutOff | Fault::TillCrash | Fault::PowerLoss => 4,
            Fault::ClockJump | Fault::ViewsDamage => 3,
            Fault::TillRollback | Fault::TillClone | Fault::OfficeRestored | Fault::OfficeCopiedBack => 2,
            Fault::OfficeImageRestored | Fault::TillRevoked => 2,
            _ => 1,
        }
    }
}

/// What a seed is served.
#[derive(Clone, Debug)]
pub struct Menu {
    served: Vec<Fault>,
}

impl Menu {
    /// Draws a menu: one seed in twenty is calm, the others have each fault with the same chance, which differs from seed to seed.
    pub fn draw(rng: &mut Rng) -> Self {
        let chance = if rng.u32(..20) == 0 { 0 } else { rng.u32(15..60) };
        let served = Fault::ALL.iter().copied().filter(|_| rng.u32(..100) < chance);
        Menu { served: served.collect() }
    }

    /// Whether a fault is on it at all.
    pub fn serves(&self, fault: Fault) -> bool {
        self.served.contains(&fault)
    }

    /// Whether a fault strikes on this occasion.
    pub fn strikes(&self, fault: Fault, rng: &mut Rng) -> bool {
        self.serves(fault) && fault.per_mille().is_some_and(|chance| rng.u32(..1_000) < chance)
    }

    /// The strokes of a storm of so many milliseconds: what strikes at which moment.
    pub fn strokes(&self, rng: &mut Rng, storm_millis: u64) -> Vec<(u64, Fault)> {
        let mut strokes = Vec::new();
        for fault in self.served.iter().filter(|fault| fault.per_mille().is_none()) {
            for _ in 0..rng.u32(1..=fault.strokes_max()) {
                strokes.push((rng.u64(0..storm_millis), *fault));
            }
        }
        strokes
    }
}
