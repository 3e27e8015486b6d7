//! Handing back: whom head office asks for what it lacks of others, one till at a time for each origin.
//!
//! What a till holds of others fills what head office lost, whoever wrote it: hashes and seals vouch for it. A hundred tills hold the same
//! bytes, so an origin is left to the one that was asked until that falls silent, and whoever handed back all it has is not asked for
//! the same again for a while. Later it is, because the answer that asked may have been lost; and then for everything, because what is
//! lacking may stand on another branch than what is here. Forgetting all of this, as a restart does, costs nothing but bytes that come twice.

use std::collections::{BTreeMap, BTreeSet};

use crate::chain::{Hash, Tip};
use crate::ids::OriginId;
use crate::limits::{TIPS_MAX, TIPS_OF_ORIGIN_MAX, WANTED_AGAIN, WANTED_LEASE, WANTED_MAX};

/// The tips that a till names in one handshake: its own, then as many of others as one may name, from another place each time, so that
/// all of them are named in turn.
pub fn named(
    tips: BTreeMap<OriginId, Vec<Tip>>,
    own: &BTreeSet<OriginId>,
    random: u64,
) -> BTreeMap<OriginId, Vec<Tip>> {
    let count = |tips: &BTreeMap<OriginId, Vec<Tip>>| tips.values().map(Vec::len).sum::<usize>();
    if count(&tips) <= TIPS_MAX {
        return tips;
    }
    let (mut named, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
        tips.into_iter().partition(|(origin, _)| own.contains(origin));
    let from = usize::try_from(random % (others.len().max(1) as u64)).unwrap_or(0);
    let mut left = TIPS_MAX.saturating_sub(count(&named));
    let turned = others.iter().skip(from).chain(others.iter().take(from));
    for (origin, tips) in turned {
        if tips.len() > left {
            break;
        }
        left -= tips.len();
        named.insert(*origin, tips.clone());
    }
    named
}

/// The tips of an origin that head office names to whoever names these: all, or the asker's own and the highest others. Whoever finds none of
/// its own chain among them sends everything again, of which what is known drops out; whoever finds one that it does not hold learns that
/// somebody else writes its log. Neither needs all of them.
pub fn told(mut tips: Vec<Tip>, named: &[Tip]) -> Vec<Tip> {
    if tips.len() > TIPS_OF_ORIGIN_MAX {
        tips.sort_unstable_by_key(|tip| std::cmp::Reverse((named.contains(tip), *tip)));
        tips.truncate(TIPS_OF_ORIGIN_MAX);
        tips.sort_unstable();
    }
    tips
}

/// An event of a chain, as far as it is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linked {
    /// The event.
    pub tip: Tip,
    /// The hash of the event before it.
    pub prev: Hash,
    /// Whether its texts are here.
    pub has_texts: bool,
}

/// The last events of every branch of a chain up to which no texts are missing: of those of `below`, up to which none are, and of what
/// goes on from there, in the order of numbers.
pub fn whole(below: BTreeSet<Tip>, chain: impl IntoIterator<Item = Linked>) -> Vec<Tip> {
    let (mut whole, mut ends) = (below.clone(), below);
    for Linked { tip, prev, has_texts } in chain {
        let before = Tip { seq: tip.seq - 1, hash: prev };
        if has_texts && (before == Tip::NONE || whole.contains(&before)) {
            ends.remove(&before);
            whole.insert(tip);
            ends.insert(tip);
        }
    }
    ends.into_iter().collect()
}

/// An origin of which head office lacks something that a till may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The origin.
    pub origin: OriginId,
    /// The event up to which head office has it whole.
    pub after: Tip,
    /// How many events it knows of and has no content of.
    pub missing: i64,
    /// The last event that the till names.
    pub named: Tip,
}

/// Who was asked for what.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// Which till each origin is left to.
    leases: BTreeMap<OriginId, Lease>,
    /// Tills to which an origin was left and that brought nothing of it, and until when others go first: whatever such a till says that
    /// it holds.
    in_vain: BTreeMap<(OriginId, OriginId), i64>,
    /// The till that was last kept from giving an origin because it was left to another, and when.
    waiting: BTreeMap<OriginId, (OriginId, i64)>,
    /// What was lacking when a till that named this tip was asked last, and from when on it may be asked for the same again. Copies of a
    /// till ask under one name until they have met, and hold different things.
    asked: BTreeMap<(OriginId, OriginId, Tip), (Lack, i64)>,
}

/// An origin is left to a till for a while.
#[derive(Clone, Copy, Debug)]
struct Lease {
    till: OriginId,
    until: i64,
    /// Whether anything of it came from there.
    came: bool,
}

impl Asking {
    /// What a till is asked for, of all that it could give: each origin with the event after which it begins.
    pub fn ask(&mut self, now: i64, till: OriginId, lacking: &[Lack]) -> BTreeMap<OriginId, Tip> {
        if self.asked.len() > TIPS_MAX {
            self.asked.clear();
        }
        self.end_leases(now);
        let mut wanted = BTreeMap::new();
        for lack in lacking {
            let of_another = self.leases.get(&lack.origin).is_some_and(|lease| lease.till != till);
            if of_another && self.waiting.len() < TIPS_MAX {
                self.waiting.insert(lack.origin, (till, now));
            }
            let gives_way = self.in_vain.contains_key(&(lack.origin, till))
                && self.waiting.get(&lack.origin).is_some_and(|(other, _)| *other != till);
            let key = (lack.origin, till, lack.named);
            let before = self.asked.get(&key);
            let asked_lately = before.is_some_and(|(asked, again)| asked == lack && now < *again);
            if wanted.len() < WANTED_MAX && !of_another && !gives_way && !asked_lately {
                // Nothing has come of it: what is lacking does not follow what is here, so the till goes through all it has.
                let came_to_nothing =
                    |(asked, _): &(Lack, i64)| (asked.after, asked.missing) == (lack.after, lack.missing);
                let after = if before.is_some_and(came_to_nothing) { Tip::NONE } else { lack.after };
                // Nobody lengthens its time by being asked again: others may hold what it lacks.
                let lease = Lease { till, until: now.saturating_add(WANTED_LEASE), came: false };
                self.leases.entry(lack.origin).or_insert(lease);
                self.asked.insert(key, (*lack, now.saturating_add(WANTED_AGAIN)));
                wanted.insert(lack.origin, after);
            }
        }
        wanted
    }

    /// Forgets what is over, and remembers whose time went by without anything coming.
    fn end_leases(&mut self, now: i64) {
        self.in_vain.retain(|_, until| now < *until);
        self.waiting.retain(|_, (_, since)| now < since.saturating_add(WANTED_AGAIN));
        let over: Vec<(OriginId, Lease)> =
            self.leases.extract_if(.., |_, lease| lease.until <= now).collect();
        for (origin, Lease { till, until, came }) in over {
            let again = until.saturating_add(WANTED_AGAIN);
            if !came && now < again && self.in_vain.len() < TIPS_MAX {
                self.in_vain.insert((origin, till), again);
            }
        }
    }

    /// A till began anew: what it was asked before, it does not remember.
    pub fn forget(&mut self, till: OriginId) {
        self.asked.retain(|(_, asked, _), _| *asked != till);
    }

    /// Events of an origin came from a till that does not write them: it has its time again.
    pub fn came(&mut self, now: i64, origin: OriginId, till: OriginId) {
        self.in_vain.remove(&(origin, till));
        if let Some(lease) = self.leases.get_mut(&origin)
            && lease.till == till
        {
            lease.until = now.saturating_add(WANTED_LEASE);
            lease.came = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::sha256;
    use uuid::Uuid;

    fn id(number: u128) -> OriginId {
        OriginId(Uuid::from_u128(number))
    }

    fn tip(seq: i64) -> Tip {
        Tip { seq, hash: sha256(&seq.to_be_bytes()) }
    }

    fn lack(origin: u128) -> Lack {
        Lack { origin: id(origin), after: tip(3), missing: 0, named: tip(9) }
    }

    #[test]
    fn an_origin_is_left_to_one_till_until_it_falls_silent() {
        let mut asking = Asking::default();
        assert_eq!(asking.ask(0, id(1), &[lack(7)]), BTreeMap::from([(id(7), tip(3))]));
        assert!(asking.ask(1, id(2), &[lack(7)]).is_empty());
        asking.came(WANTED_LEASE - 1, id(7), id(1));
        assert!(asking.ask(WANTED_LEASE + 1, id(2), &[lack(7)]).is_empty(), "it is still at it");
        assert_eq!(asking.ask(2 * WANTED_LEASE, id(2), &[lack(7)]).len(), 1);
    }

    #[test]
    fn whoever_gave_all_it_has_is_asked_again_where_something_changed() {
        let mut asking = Asking::default();
        asking.ask(0, id(1), &[lack(7)]);
        let soon = WANTED_AGAIN - 1;
        assert!(asking.ask(soon, id(1), &[lack(7)]).is_empty());
        let mut restarted = asking.clone();
        restarted.forget(id(1));
        assert_eq!(restarted.ask(soon, id(1), &[lack(7)]), BTreeMap::from([(id(7), tip(3))]));
        let fewer = Lack { missing: 4, ..lack(7) };
        assert_eq!(asking.ask(soon, id(1), &[fewer]), BTreeMap::from([(id(7), tip(3))]));
    }

    #[test]
    fn a_till_that_is_asked_again_and_again_gives_way_to_others() {
        let mut asking = Asking::default();
        for now in [0, WANTED_LEASE / 2] {
            let named = tip(9 + now);
            assert_eq!(asking.ask(now, id(1), &[Lack { named, ..lack(7) }]).len(), 1);
        }
        assert_eq!(asking.ask(WANTED_LEASE, id(2), &[lack(7)]).len(), 1);
    }

    #[test]
    fn whoever_names_what_it_never_brings_goes_behind_others_who_wait() {
        let mut asking = Asking::default();
        let invented = |at: i64| Lack { named: tip(100 + at), ..lack(7) };
        assert_eq!(asking.ask(0, id(1), &[invented(0)]).len(), 1);
        assert!(asking.ask(1, id(2), &[lack(7)]).is_empty());
        let over = WANTED_LEASE;
        assert!(asking.ask(over, id(1), &[invented(1)]).is_empty(), "it had its time, and another waits");
        assert_eq!(asking.ask(over + 1, id(2), &[lack(7)]).len(), 1);
        asking.came(over + 2, id(7), id(2));
        let after = over + 2 + WANTED_LEASE;
        assert!(asking.ask(after - 1, id(1), &[invented(2)]).is_empty());
        let nobody_waits = 1 + WANTED_AGAIN;
        assert_eq!(
            asking.ask(nobody_waits, id(1), &[invented(3)]).len(),
            1,
            "the answer that asked may be lost"
        );
    }

    #[test]
    fn a_chain_is_whole_up_to_the_first_missing_text_of_every_branch() {
        let linked = |seq, branch: u8, before: u8, has_texts| {
            let hash = |branch: u8, seq: i64| sha256(&[branch, u8::try_from(seq).unwrap()]);
            let prev = if seq == 1 { Tip::NONE.hash } else { hash(before, seq - 1) };
            Linked { tip: Tip { seq, hash: hash(branch, seq) }, prev, has_texts }
        };
        let chain = [
            linked(1, 0, 0, true),
            linked(2, 0, 0, true),
            linked(3, 0, 0, true),
            linked(3, 1, 0, false),
            linked(4, 0, 0, true),
            linked(4, 1, 1, true),
        ];
        assert_eq!(whole(BTreeSet::new(), chain), [chain[4].tip]);
        let below = BTreeSet::from([chain[1].tip]);
        assert_eq!(whole(below.clone(), chain[2..].iter().copied()), [chain[4].tip]);
        assert_eq!(whole(below, chain[3..].iter().copied()), [chain[1].tip]);
        assert_eq!(whole(BTreeSet::new(), [linked(1, 0, 0, false), linked(2, 0, 0, true)]), []);
    }

    #[test]
    fn what_came_to_nothing_is_asked_for_again_and_then_from_the_beginning() {
        let mut asking = Asking::default();
        asking.ask(0, id(1), &[lack(7)]);
        assert_eq!(asking.ask(WANTED_AGAIN, id(1), &[lack(7)]), BTreeMap::from([(id(7), Tip::NONE)]));
        let copy = Lack { named: tip(12), ..lack(7) };
        assert_eq!(
            asking.ask(WANTED_AGAIN + 1, id(1), &[copy]),
            BTreeMap::from([(id(7), tip(3))]),
            "who holds more"
        );
        assert_eq!(asking.ask(2 * WANTED_AGAIN + 1, id(1), &[copy]), BTreeMap::from([(id(7), Tip::NONE)]));
    }

    #[test]
    fn a_till_names_its_own_tips_always_and_those_of_others_in_turn() {
        let tips: BTreeMap<_, _> =
            (0..2 * TIPS_MAX as u128).map(|number| (id(number), vec![tip(1)])).collect();
        let own = BTreeSet::from([id(0), id(9_999)]);
        let mut seen = BTreeSet::new();
        for random in [0, 7_000, 14_000] {
            let named = named(tips.clone(), &own, random);
            assert_eq!(named.len(), TIPS_MAX);
            assert!(own.iter().all(|origin| named.contains_key(origin)));
            seen.extend(named.into_keys());
        }
        assert_eq!(seen.len(), tips.len());
        assert_eq!(named(BTreeMap::from([(id(5), vec![tip(1)])]), &own, 3).len(), 1);
    }

    #[test]
    fn of_many_branches_the_asker_s_own_and_the_highest_are_told() {
        let few = vec![tip(1), tip(2)];
        assert_eq!(told(few.clone(), &[]), few);
        let last = 3 * i64::try_from(TIPS_OF_ORIGIN_MAX).unwrap();
        let told = told((1..=last).map(tip).collect(), &[tip(4), tip(last + 1), tip(last)]);
        assert_eq!(told.len(), TIPS_OF_ORIGIN_MAX);
        assert!(told.is_sorted() && told[0] == tip(4), "its own, however low");
        assert!(told[1..].iter().all(|tip| tip.seq > last - told.len() as i64));
    }

    #[test]
    fn one_answer_asks_for_no_more_origins_than_it_may() {
        let lacking: Vec<Lack> = (0..100).map(lack).collect();
        let mut asking = Asking::default();
        assert_eq!(asking.ask(0, id(1), &lacking).len(), WANTED_MAX);
        assert_eq!(asking.ask(0, id(2), &lacking).len(), WANTED_MAX, "another till gives others meanwhile");
    }
}
