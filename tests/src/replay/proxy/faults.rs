//! Which trouble befalls which request: planned once for each kind, then by chance, and none any more once it is calm.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::replay::derive::{Draws, Seed};

/// A play of fewer receipts than this is short: trouble comes more often and passes sooner.
const SHORT_PLAY: u64 = 4_000;

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The link is down for a while.
    Offline,
    /// The request is carried out, its answer never arrives.
    LostAnswer,
    /// The request ends before its end.
    CutRequest,
    /// The answer ends before its end.
    CutAnswer,
    /// A page of somebody else comes instead of the answer.
    Portal,
    /// The request arrives twice.
    Duplicate,
    /// A later request may pass it.
    Reordered,
}

/// The kinds after which a request has to be tried again come first, so that a link with a single request meets them all.
const PLAN: [Fault; 7] = [
    Fault::LostAnswer,
    Fault::CutAnswer,
    Fault::Portal,
    Fault::CutRequest,
    Fault::Offline,
    Fault::Duplicate,
    Fault::Reordered,
];

/// What a request is for; some trouble makes sense for some only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Road {
    /// Events go up.
    Push,
    /// A stream that stays open.
    Live,
    /// Anything else.
    Other,
}

/// Trouble on all links.
#[derive(Debug)]
pub struct Faults {
    short: bool,
    calm: AtomicBool,
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

/// One link's own luck.
#[derive(Debug)]
pub struct Luck {
    draws: Draws,
    /// What is planned for its next pushes, the last first; none: nothing.
    plan: Mutex<Vec<Option<Fault>>>,
}

impl Luck {
    /// The luck of the link at `position` of `links`.
    pub fn new(seed: Seed, till: &str, position: usize, links: usize) -> Self {
        let mine = (0..).zip(PLAN).filter(|(number, _)| number % links.max(1) == position % links.max(1));
        let mut plan = Vec::new();
        for (number, (_, fault)) in mine.enumerate() {
            // Not too much in a row, or the till waits ever longer before it tries again.
            if number % 3 == 2 {
                plan.push(None);
            }
            plan.push(Some(fault));
        }
        plan.reverse();
        Luck { draws: seed.draws(&["link", till]), plan: Mutex::new(plan) }
    }

    /// The next number below `bound`.
    pub fn below(&self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from(self.draws.below(bound)).unwrap_or(0)
    }

    /// A time between two bounds.
    pub fn millis(&self, least: u64, most: u64) -> Duration {
        Duration::from_millis(least + self.draws.below(most.saturating_sub(least)))
    }
}

impl Faults {
    /// Trouble for a play of so many receipts.
    pub fn new(receipts: u64) -> Self {
        Faults {
            short: receipts < SHORT_PLAY,
            calm: AtomicBool::new(false),
            counts: Mutex::new(BTreeMap::new()),
        }
    }

    /// No more trouble from here on.
    pub fn calm(&self) {
        self.calm.store(true, Ordering::Relaxed);
    }

    /// Whether trouble is over.
    pub fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// What befalls the next request of a link.
    pub fn draw(&self, luck: &Luck, road: Road) -> Option<Fault> {
        if self.is_calm() {
            return None;
        }
        if road == Road::Push
            && let Some(planned) = held(&luck.plan).pop()
        {
            return planned;
        }
        let often = if self.short { 30 } else { 12 };
        let fault = PLAN.into_iter().find(|_| luck.draws.in_thousand(often))?;
        let fits = match road {
            Road::Live => matches!(fault, Fault::Offline | Fault::Portal | Fault::Reordered),
            Road::Push | Road::Other => true,
        };
        fits.then_some(fault)
    }

    /// How long a link is down.
    pub fn window(&self, luck: &Luck) -> Duration {
        if self.short {
            luck.millis(200, 1_500)
        } else {
            luck.millis(300, 4_000)
        }
    }

    /// How long a live stream is left in peace; none: for ever.
    pub fn life_of_stream(&self, luck: &Luck) -> Option<Duration> {
        (!self.is_calm()).then(|| luck.millis(500, 15_000))
    }

    /// Counts something that happened.
    pub fn count(&self, what: &'static str) {
        *held(&self.counts).entry(what).or_default() += 1;
    }

    /// Everything counted.
    pub fn counts(&self) -> Vec<(String, u64)> {
        held(&self.counts).iter().map(|(what, times)| ((*what).to_owned(), *times)).collect()
    }
}

/// What a lock holds, also where somebody failed while holding it: counts and plans stay true.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_befalls_the_first_pushes_of_somebody() {
        for links in [1, 2, 4, 12] {
            let faults = Faults::new(10);
            let mut met: Vec<Fault> = Vec::new();
            for position in 0..links {
                let luck = Luck::new(Seed(1), "T", position, links);
                let planned = held(&luck.plan).len();
                met.extend((0..planned).filter_map(|_| faults.draw(&luck, Road::Push)));
            }
            met.sort();
            assert_eq!(met, {
                let mut all = PLAN.to_vec();
                all.sort();
                all
            });
        }
    }

    #[test]
    fn chance_strikes_everything_else_until_it_is_calm() {
        let (faults, luck) = (Faults::new(100_000), Luck::new(Seed(2), "T", 0, 1));
        let met = (0..10_000).filter_map(|_| faults.draw(&luck, Road::Other)).count();
        assert!((600..1_100).contains(&met), "{met}");
        let live: Vec<Fault> = (0..10_000).filter_map(|_| faults.draw(&luck, Road::Live)).collect();
        assert!(!live.is_empty() && !live.contains(&Fault::LostAnswer));
        faults.calm();
        assert_eq!((0..1_000).filter_map(|_| faults.draw(&luck, Road::Push)).count(), 0);
    }
}
