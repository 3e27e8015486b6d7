//! What head office once confirmed, as every till remembers it.
//!
//! The tips of a handshake are signed with the rest of the answer, so what a till keeps of them is a checkpoint that head office cannot take
//! back: a later answer has to reach at least as far, of every origin. Where it does not, head office lost events or hides them; whether it
//! began a new epoch or says nothing, the till tells until they are there again. Events of its own and of others that a till holds are
//! handed back by themselves; this is about what it knows of and cannot prove any other way.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::chain::Tip;
use crate::ids::OriginId;

/// What was confirmed, and what of it is not there now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// Of each origin the furthest event that head office ever said it has whole.
    confirmed: BTreeMap<OriginId, Tip>,
    /// Of origins that do not reach there now, the last event that they have in common.
    lacking: BTreeMap<OriginId, i64>,
}

/// Events of an origin that head office confirmed and does not have now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// Whose.
    pub origin: OriginId,
    /// The number of the first of them; of an origin with several branches it may have others before.
    pub from: i64,
    /// The last of them.
    pub confirmed: Tip,
}

impl Witness {
    /// Takes the tips of an answer in; says whether that changed anything. Origins that it does not speak of stay as they were.
    pub fn hear(&mut self, tips: &BTreeMap<OriginId, Vec<Tip>>) -> bool {
        let before = self.clone();
        for (origin, tips) in tips {
            let furthest = tips.iter().copied().max_by_key(|tip| tip.seq).unwrap_or(Tip::NONE);
            let confirmed = self.confirmed.get(origin).copied().unwrap_or(Tip::NONE);
            // Of two branches of the same length the other one does not stand for the confirmed one.
            if furthest.seq > confirmed.seq || tips.contains(&confirmed) || confirmed == Tip::NONE {
                self.lacking.remove(origin);
                if furthest.seq > confirmed.seq {
                    self.confirmed.insert(*origin, furthest);
                }
            } else {
                self.lacking.insert(*origin, furthest.seq.min(confirmed.seq - 1));
            }
        }
        *self != before
    }

    /// What head office confirmed and does not have now.
    pub fn lacking(&self) -> impl Iterator<Item = Lacking> {
        self.lacking.iter().filter_map(|(origin, has)| {
            let confirmed = self.confirmed.get(origin)?;
            Some(Lacking { origin: *origin, from: has + 1, confirmed: *confirmed })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::sha256;
    use uuid::Uuid;

    fn tip(branch: &str, seq: i64) -> Tip {
        Tip { seq, hash: sha256(format!("{branch}{seq}").as_bytes()) }
    }

    fn origin(number: u128) -> OriginId {
        OriginId(Uuid::from_u128(number))
    }

    fn answer(tips: &[(u128, &[Tip])]) -> BTreeMap<OriginId, Vec<Tip>> {
        tips.iter().map(|(number, tips)| (origin(*number), tips.to_vec())).collect()
    }

    fn told(witness: &Witness) -> Vec<(u128, i64, i64)> {
        witness
            .lacking()
            .map(|lacking| (lacking.origin.0.as_u128(), lacking.from, lacking.confirmed.seq))
            .collect()
    }

    #[test]
    fn a_later_answer_has_to_reach_as_far_as_every_earlier_one_and_is_told_until_it_does() {
        let mut witness = Witness::default();
        assert!(witness.hear(&answer(&[(1, &[tip("a", 5)]), (2, &[tip("b", 9)]), (3, &[])])));
        assert!(!witness.hear(&answer(&[(1, &[tip("a", 5)])])), "nothing new");
        assert_eq!(told(&witness), []);
        assert!(witness.hear(&answer(&[(1, &[tip("a", 3)]), (2, &[tip("b", 10)])])));
        assert_eq!(told(&witness), [(1, 4, 5)]);
        witness.hear(&answer(&[(2, &[])]));
        assert_eq!(
            told(&witness),
            [(1, 4, 5), (2, 1, 10)],
            "an answer that says nothing of it heals nothing"
        );
        witness.hear(&answer(&[(1, &[tip("a", 4)])]));
        assert_eq!(told(&witness)[0], (1, 5, 5), "it comes back piece by piece");
        witness.hear(&answer(&[(1, &[tip("a", 5)]), (2, &[tip("b", 12)])]));
        assert_eq!(told(&witness), []);
    }

    #[test]
    fn another_branch_of_the_same_length_does_not_stand_for_the_confirmed_one() {
        let mut witness = Witness::default();
        witness.hear(&answer(&[(1, &[tip("a", 5)])]));
        witness.hear(&answer(&[(1, &[tip("x", 5)])]));
        assert_eq!(told(&witness), [(1, 5, 5)]);
        witness.hear(&answer(&[(1, &[tip("x", 5), tip("a", 5)])]));
        assert_eq!(told(&witness), [], "both are there");
    }
}
