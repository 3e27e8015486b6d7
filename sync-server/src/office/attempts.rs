//! Wrong enrolment proofs, counted so that whoever guesses is slowed down and nobody else is.
//!
//! A try counts for the address that it comes from and the till that it names, together: the till's name is what tells which code was
//! meant, and a stranger who guesses at it must not lock out the person who stands at that till with the right code. What keeps a code
//! safe is its 50 random bits and its ten minutes, not this count: forgetting an entry where the table is full costs nothing.

use std::collections::BTreeMap;
use std::net::IpAddr;

use daybook_core::chain::{Hash, sha256};
use daybook_core::limits::{ENROL_ASKERS_MAX, ENROL_CODE_LIFE, ENROL_FAILURES_MAX};

/// Who tries: an address, where it is known, and the till that is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Asker(Option<IpAddr>, Hash);

impl Asker {
    /// Whoever asks from an address for a till. Of an IPv6 address its network counts: the rest of it is free to choose.
    pub(super) fn of(peer: Option<IpAddr>, till_name: &str) -> Self {
        let network = |peer: IpAddr| match peer.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
            v4 @ IpAddr::V4(_) => v4,
        };
        Asker(peer.map(network), sha256(till_name.as_bytes()))
    }
}

/// Wrong tries of a while, by who made them.
#[derive(Debug, Default)]
pub(super) struct Attempts(BTreeMap<Asker, Wrong>);

#[derive(Clone, Copy, Debug)]
struct Wrong {
    since: i64,
    count: u32,
}

impl Wrong {
    fn left(self, now: i64) -> i64 {
        // A clock that was set back ends it, too.
        if now < self.since {
            0
        } else {
            (ENROL_CODE_LIFE - (now - self.since)).max(0)
        }
    }
}

impl Attempts {
    /// How many seconds an asker has to wait before they may try again; none where they need not.
    pub(super) fn wait(&self, now: i64, asker: Asker) -> Option<u64> {
        let wrong = self.0.get(&asker).filter(|wrong| wrong.count >= ENROL_FAILURES_MAX)?;
        let left = wrong.left(now);
        (left > 0).then(|| left.unsigned_abs().div_ceil(1_000_000))
    }

    /// Counts a wrong try.
    pub(super) fn count(&mut self, now: i64, asker: Asker) {
        if !self.0.contains_key(&asker) && self.0.len() >= ENROL_ASKERS_MAX {
            self.0.retain(|_, wrong| wrong.left(now) > 0);
            if self.0.len() >= ENROL_ASKERS_MAX
                && let Some(oldest) =
                    self.0.iter().min_by_key(|(_, wrong)| wrong.since).map(|(asker, _)| *asker)
            {
                self.0.remove(&oldest);
            }
        }
        let wrong = self.0.entry(asker).or_insert(Wrong { since: now, count: 0 });
        if wrong.left(now) == 0 {
            *wrong = Wrong { since: now, count: 0 };
        }
        wrong.count = wrong.count.saturating_add(1);
    }

    /// Forgets the wrong tries of somebody who knew the code in the end.
    pub(super) fn forgive(&mut self, asker: Asker) {
        self.0.remove(&asker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn guess(attempts: &mut Attempts, now: i64, asker: Asker) {
        (0..ENROL_FAILURES_MAX).for_each(|_| attempts.count(now, asker));
    }

    #[test]
    fn whoever_guesses_waits_and_nobody_else_does() {
        let mut attempts = Attempts::default();
        let thief = Asker::of(address("192.0.2.7"), "Till 1");
        guess(&mut attempts, 0, thief);
        assert_eq!(attempts.wait(1_000_000, thief), Some(599));
        assert_eq!(attempts.wait(0, Asker::of(address("192.0.2.8"), "Till 1")), None);
        assert_eq!(attempts.wait(0, Asker::of(address("192.0.2.7"), "Till 2")), None);
        assert_eq!(attempts.wait(0, Asker::of(None, "Till 1")), None);
    }

    #[test]
    fn one_try_less_than_too_many_is_no_reason_to_wait_and_time_and_the_right_code_end_it() {
        let mut attempts = Attempts::default();
        let asker = Asker::of(None, "Till 1");
        (1..ENROL_FAILURES_MAX).for_each(|_| attempts.count(0, asker));
        assert_eq!(attempts.wait(0, asker), None);
        attempts.count(0, asker);
        assert!(attempts.wait(0, asker).is_some());
        assert_eq!(attempts.wait(ENROL_CODE_LIFE, asker), None);
        attempts.count(ENROL_CODE_LIFE, asker);
        assert_eq!(attempts.wait(ENROL_CODE_LIFE, asker), None, "counted anew");
        guess(&mut attempts, ENROL_CODE_LIFE, asker);
        attempts.forgive(asker);
        assert_eq!(attempts.wait(ENROL_CODE_LIFE, asker), None);
    }

    #[test]
    fn addresses_of_one_network_are_one_asker_however_they_are_written() {
        let asker = |text| Asker::of(address(text), "Till 1");
        assert_eq!(asker("2001:db8::1"), asker("2001:db8::ffff:0:0:2"));
        assert_ne!(asker("2001:db8::1"), asker("2001:db8:0:1::1"));
        assert_eq!(asker("::ffff:192.0.2.7"), asker("192.0.2.7"));
        assert_ne!(asker("192.0.2.7"), asker("192.0.2.8"));
    }

    #[test]
    fn the_table_is_bounded_and_the_oldest_is_forgotten() {
        let mut attempts = Attempts::default();
        let asker = |n: usize| Asker::of(None, &n.to_string());
        for n in 0..ENROL_ASKERS_MAX + 10 {
            attempts.count(i64::try_from(n).unwrap(), asker(n));
        }
        assert_eq!(attempts.0.len(), ENROL_ASKERS_MAX);
        assert!(!attempts.0.contains_key(&asker(9)) && attempts.0.contains_key(&asker(10)));
    }
}
