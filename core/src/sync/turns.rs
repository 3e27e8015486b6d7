//! Whose turn it is among a till's own origins.
//!
//! A till that went on under child origins has events of several origins to send, one origin at a time. What head office refuses of one
//! must not hold up the others: a refused origin steps back for a while and is tried again later, and what was said of it is kept.

use std::collections::BTreeMap;

use crate::ids::OriginId;
use crate::sync::till::{Moment, backoff};

/// The turns of a till's own origins.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    refused: BTreeMap<OriginId, Refused>,
}

#[derive(Clone, Debug)]
struct Refused {
    why: String,
    failures: u32,
    until: u64,
}

impl Turns {
    /// Head office refused what an origin sent: it steps back, longer every time.
    pub fn refuse(&mut self, now: Moment, origin: OriginId, why: &str) {
        let failures = self.refused.get(&origin).map_or(0, |refused| refused.failures);
        let until = now.millis + backoff(failures, now.random);
        let refused = Refused { why: why.to_owned(), failures: failures.saturating_add(1), until };
        self.refused.insert(origin, refused);
    }

    /// Head office took what an origin sent.
    pub fn accept(&mut self, origin: OriginId) {
        self.refused.remove(&origin);
    }

    /// Whether an origin was refused and has not waited long enough to be tried again.
    pub fn steps_back(&self, now: Moment, origin: OriginId) -> bool {
        self.refused.get(&origin).is_some_and(|refused| now.millis < refused.until)
    }

    /// Who comes after `present`, which has nothing to send or steps back. `origins` are all, the oldest first, the one that writes
    /// last, each with whether it has something to send. Nobody, where `present` had better stay: the writing origin does where nobody
    /// has anything to send. By it alone head office tells a till from its copies, which have the older origins in common.
    pub fn next(&self, now: Moment, present: OriginId, origins: &[(OriginId, bool)]) -> Option<OriginId> {
        let free = |origin: &OriginId| *origin != present && !self.steps_back(now, *origin);
        let sender = origins.iter().find(|(origin, unsent)| *unsent && free(origin));
        let writer = || origins.last().filter(|(origin, _)| free(origin));
        sender.or_else(writer).map(|(origin, _)| *origin)
    }

    /// An origin that is refused, and why.
    pub fn refused(&self) -> Option<(OriginId, &str)> {
        self.refused.iter().next().map(|(origin, refused)| (*origin, refused.why.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const PARENT: OriginId = OriginId(Uuid::from_u128(1));
    const CHILD: OriginId = OriginId(Uuid::from_u128(2));

    fn at(millis: u64) -> Moment {
        Moment { millis, random: 499 }
    }

    #[test]
    fn the_oldest_origin_with_something_to_send_comes_next() {
        let turns = Turns::default();
        assert_eq!(turns.next(at(0), CHILD, &[(PARENT, true), (CHILD, true)]), Some(PARENT));
        assert_eq!(turns.next(at(0), PARENT, &[(PARENT, false), (CHILD, true)]), Some(CHILD));
        assert_eq!(
            turns.next(at(0), PARENT, &[(PARENT, false), (CHILD, false)]),
            Some(CHILD),
            "the one that writes"
        );
        assert_eq!(turns.next(at(0), CHILD, &[(PARENT, false), (CHILD, false)]), None);
    }

    #[test]
    fn a_refused_origin_lets_the_others_go_on_and_is_tried_again_later() {
        let mut turns = Turns::default();
        turns.refuse(at(0), PARENT, "why");
        assert_eq!(turns.next(at(1), PARENT, &[(PARENT, true), (CHILD, true)]), Some(CHILD));
        assert_eq!(turns.next(at(1), CHILD, &[(PARENT, true), (CHILD, false)]), None, "not yet");
        assert_eq!(turns.next(at(499), CHILD, &[(PARENT, true), (CHILD, false)]), Some(PARENT));
        assert_eq!(turns.refused(), Some((PARENT, "why")), "still said while it is tried again");
        turns.accept(PARENT);
        assert_eq!(turns.refused(), None);
    }

    #[test]
    fn the_writing_origin_asks_for_news_where_the_present_one_is_refused() {
        let mut turns = Turns::default();
        turns.refuse(at(0), PARENT, "why");
        assert_eq!(turns.next(at(1), PARENT, &[(PARENT, true), (CHILD, false)]), Some(CHILD));
        turns.refuse(at(0), CHILD, "why");
        assert_eq!(turns.next(at(1), PARENT, &[(PARENT, true), (CHILD, true)]), None, "nobody is better off");
    }

    #[test]
    fn whoever_is_refused_again_waits_longer() {
        let mut turns = Turns::default();
        let late = Moment { millis: 0, random: u64::MAX };
        turns.refuse(late, PARENT, "why");
        let first = (0..).step_by(100).find(|millis| !turns.steps_back(at(*millis), PARENT));
        (0..5).for_each(|_| turns.refuse(late, PARENT, "why"));
        let sixth = (0..).step_by(100).find(|millis| !turns.steps_back(at(*millis), PARENT));
        assert!(first < sixth, "{first:?} {sixth:?}");
    }
}
