//! Strangers: writers whose events a till is given and whose certificates it lacks.
//!
//! A till keeps what it can prove, so that it can hand it back to a head office that lost it and everybody else believes it. A page that
//! holds events of a stranger waits for the next handshake, which asks for the certificates. It never waits for more than that: what head
//! office cannot prove either is kept without.

use std::collections::BTreeSet;

use crate::ids::OriginId;
use crate::limits::CERTIFICATES_MAX;

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
    fn a_handshake_asks_for_no_more_than_it_may() {
        let strangers = Strangers::default();
        assert_eq!(strangers.ask_for((0..100).map(id)).len(), CERTIFICATES_MAX);
    }
}
