//! Strangers: writers whose events a till is given and whose certificates it lacks.
//!
//! A till keeps what it can prove, so that it can hand it back to a head office that lost it and everybody else believes it. A page that
//! holds events of a stranger waits for the next handshake, which asks for the certificates. It never waits for more than that: what head
//! office cannot prove either is kept without.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::ids::OriginId;
use crate::limits::{CERTIFICATES_MAX, TIPS_MAX};

/// The strangers that a till has met since it was started.
#[derive(Clone, Debug, Default)]
pub struct Strangers {
    met: BTreeSet<OriginId>,
    nobody_proves: BTreeSet<OriginId>,
}

impl Strangers {
    /// Whether a page with events of these unproved writers is to wait until a handshake has asked who they are.
    pub fn meet(&mut self, unproved: impl IntoIterator<Item = OriginId>) -> bool {
        let unproved = unproved.into_iter().filter(|origin| !self.nobody_proves.contains(origin));
        let met: BTreeSet<OriginId> = unproved.collect();
        let waits = !met.is_empty();
        self.met.extend(met);
        waits
    }

    /// Whom a handshake asks for: strangers of waiting pages, then those whose events are here.
    pub fn ask_for(&self, unproved: impl IntoIterator<Item = OriginId>) -> Vec<OriginId> {
        let mut asked: Vec<OriginId> = self.met.iter().copied().collect();
        asked.extend(unproved.into_iter().filter(|origin| !self.met.contains(origin)));
        asked.truncate(CERTIFICATES_MAX);
        asked
    }

    /// A handshake that asked for these came back, and these are still unproved. Where it proved nobody, head office cannot.
    pub fn hear(&mut self, asked: &[OriginId], still_unproved: &BTreeSet<OriginId>) {
        let proved_some = asked.iter().any(|origin| !still_unproved.contains(origin));
        if !proved_some {
            self.nobody_proves.extend(asked);
        }
        self.met.clear();
    }
}

/// What head office has told its askers of lineages that are longer than one answer: the next part comes with the next handshake, the eldest
/// first, because each certificate is proved by the one before it. After the last part it begins anew, since an answer may have been lost.
/// Forgetting all of this costs nothing but parts that come twice.
#[derive(Clone, Debug, Default)]
pub struct Introductions {
    /// How many certificates of a lineage an asker was told, the eldest first.
    told: BTreeMap<(OriginId, OriginId), usize>,
}

impl Introductions {
    /// Which certificates of a lineage of so many, the eldest first, its asker is told now: no more than so many.
    pub fn next(&mut self, asker: OriginId, origin: OriginId, length: usize, most: usize) -> Range<usize> {
        if self.told.len() > TIPS_MAX {
            self.told.clear();
        }
        let from = self.told.remove(&(asker, origin)).filter(|from| *from < length).unwrap_or(0);
        let to = length.min(from.saturating_add(most));
        if to < length {
            self.told.insert((asker, origin), to);
        }
        from..to
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(number: u128) -> OriginId {
        OriginId(Uuid::from_u128(number))
    }

    #[test]
    fn a_page_waits_for_one_handshake_and_no_longer_than_head_office_can_prove_somebody() {
        let mut strangers = Strangers::default();
        assert!(strangers.meet([id(1), id(2)]));
        assert_eq!(strangers.ask_for([id(3), id(1)]), [id(1), id(2), id(3)]);
        strangers.hear(&[id(1), id(2)], &[id(2)].into());
        assert!(strangers.meet([id(2)]), "the next handshake may prove it");
        strangers.hear(&[id(2)], &[id(2)].into());
        assert!(!strangers.meet([id(2)]), "nobody can");
        assert!(!strangers.meet([]));
    }

    #[test]
    fn a_long_lineage_is_told_part_by_part_and_again_from_the_eldest() {
        let mut introductions = Introductions::default();
        let mut next = |asker, most| introductions.next(id(asker), id(9), 20, most);
        assert_eq!((next(1, 16), next(2, 16), next(1, 16)), (0..16, 0..16, 16..20));
        assert_eq!((next(1, 5), next(1, 0), next(1, 16)), (0..5, 5..5, 5..20));
    }

    #[test]
    fn a_handshake_asks_for_no_more_than_it_may() {
        let strangers = Strangers::default();
        assert_eq!(strangers.ask_for((0..100).map(id)).len(), CERTIFICATES_MAX);
    }
}
