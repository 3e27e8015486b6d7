//! Registers: the fields of a shared description, folded from its edits.
//!
//! An edit supersedes those it had seen (its `base`, and what those had seen). What nobody has superseded is a head; of several heads
//! that set the same field the canonically later one shows meanwhile, and the others are kept as concurrent values for a person to
//! choose from. A base that is not known here supersedes nothing; it is never waited for.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

use crate::chain::Hash;
use crate::project::rows::{Edit, OrderKey};

/// A field with the value that shows and those that were set unaware of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The value that shows.
    pub value: Value,
    /// The edit that set it.
    pub set_by: Hash,
    /// When, in canonical order.
    pub order: OrderKey,
    /// Values set by edits that neither saw this one nor were seen by it.
    pub concurrent: Vec<(Hash, Value)>,
}

/// A description: its fields, and its heads, which the next edit names as its base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Register {
    /// The fields by name.
    pub fields: BTreeMap<String, Field>,
    /// Edits that no other has seen, in canonical order.
    pub heads: Vec<Hash>,
}

impl Register {
    /// The values that show.
    pub fn values(&self) -> BTreeMap<String, Value> {
        self.fields.iter().map(|(name, field)| (name.clone(), field.value.clone())).collect()
    }
}

/// Folds the edits of one subject. The work grows with the edits and what they name as seen, not with all that lies behind them.
pub fn fold(edits: &[Edit]) -> Register {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| (edit.order, edit.hash));
    edits.dedup_by_key(|edit| edit.hash);
    let followers = followers(&edits);
    let latest_first = followers_first(&followers);

    let mut register = Register::default();
    let names: BTreeSet<&String> = edits.iter().flat_map(|edit| edit.fields.keys()).collect();
    for name in names {
        let sets = |edit: usize| edits[edit].fields.contains_key(name);
        let mut superseded = vec![false; edits.len()];
        for edit in &latest_first {
            superseded[*edit] = followers[*edit].iter().any(|later| sets(*later) || superseded[*later]);
        }
        let mut heads: Vec<&Edit> = (0..edits.len())
            .filter(|edit| sets(*edit) && !superseded[*edit])
            .map(|edit| edits[edit])
            .collect();
        let Some(shown) = heads.pop() else { continue };
        let value = shown.fields[name].clone();
        let concurrent = heads.iter().map(|edit| (edit.hash, edit.fields[name].clone()));
        let concurrent = concurrent.filter(|(_, other)| *other != value).collect();
        register
            .fields
            .insert(name.clone(), Field { value, set_by: shown.hash, order: shown.order, concurrent });
    }
    let unseen = edits.iter().zip(&followers).filter(|(_, followers)| followers.is_empty());
    register.heads = unseen.map(|(edit, _)| edit.hash).collect();
    register
}

/// For each edit, those that had seen it directly.
fn followers(edits: &[&Edit]) -> Vec<Vec<usize>> {
    let places: BTreeMap<Hash, usize> =
        edits.iter().zip(0..).map(|(edit, place)| (edit.hash, place)).collect();
    let mut followers = vec![Vec::new(); edits.len()];
    for (place, edit) in edits.iter().enumerate() {
        for seen in edit.base.iter().filter_map(|hash| places.get(hash)) {
            // Nobody can have seen their own edit before it was made.
            if *seen != place {
                followers[*seen].push(place);
            }
        }
    }
    followers
}

/// All edits, each after everything that followed it.
fn followers_first(followers: &[Vec<usize>]) -> Vec<usize> {
    let mut done = Vec::with_capacity(followers.len());
    let mut begun = vec![false; followers.len()];
    for start in 0..followers.len() {
        let mut open = vec![(start, 0)];
        while let Some((edit, next)) = open.pop() {
            if next == 0 && std::mem::replace(&mut begun[edit], true) {
                continue;
            }
            match followers[edit].get(next) {
                Some(follower) => open.extend([(edit, next + 1), (*follower, 0)]),
                None => done.push(edit),
            }
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::sha256;
    use crate::ids::OriginId;
    use proptest::prelude::*;
    use serde_json::json;
    use uuid::Uuid;

    fn edit(name: &str, at: i64, base: &[&str], fields: &[(&str, Value)]) -> Edit {
        Edit {
            hash: sha256(name.as_bytes()),
            order: OrderKey { at, origin: OriginId(Uuid::from_u128(1)), seq: at },
            subject: "product/x".to_owned(),
            base: base.iter().map(|name| sha256(name.as_bytes())).collect(),
            fields: fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        }
    }

    #[test]
    fn an_edit_that_saw_another_follows_it_even_when_its_clock_is_behind() {
        let edits = [
            edit("a", 100, &[], &[("name", json!("Tea"))]),
            edit("b", 50, &["a"], &[("name", json!("Green tea"))]),
        ];
        let register = fold(&edits);
        assert_eq!(register.fields["name"].value, json!("Green tea"));
        assert!(register.fields["name"].concurrent.is_empty());
        assert_eq!(register.heads, [sha256(b"b")]);
    }

    #[test]
    fn edits_unaware_of_each_other_show_the_later_and_keep_the_other() {
        let edits = [
            edit("a", 1, &[], &[("name", json!("Tea")), ("price", json!(1))]),
            edit("b", 2, &["a"], &[("name", json!("Black tea"))]),
            edit("c", 3, &["a"], &[("name", json!("Earl Grey"))]),
        ];
        let register = fold(&edits);
        assert_eq!(register.fields["name"].value, json!("Earl Grey"));
        assert_eq!(register.fields["name"].concurrent, [(sha256(b"b"), json!("Black tea"))]);
        assert_eq!(register.fields["price"].value, json!(1));
    }

    #[test]
    fn an_unknown_base_is_concurrent_and_never_waited_for() {
        let edits = [
            edit("a", 1, &[], &[("name", json!("Tea"))]),
            edit("b", 2, &["lost"], &[("name", json!("Tee"))]),
        ];
        assert_eq!(fold(&edits).fields["name"].concurrent.len(), 1);
    }

    #[test]
    fn a_long_history_is_folded_in_a_glance() {
        let names: Vec<String> = (0..20_000).map(|n| n.to_string()).collect();
        let follows = |n: usize| names[n.saturating_sub(1)..n].first().map(String::as_str);
        let edits: Vec<Edit> = (0..names.len())
            .map(|n| edit(&names[n], 0, follows(n).as_slice(), &[("name", json!(n))]))
            .collect();
        let register = fold(&edits);
        assert_eq!(register.fields["name"].value, json!(19_999));
        assert_eq!((register.fields["name"].concurrent.len(), register.heads.len()), (0, 1));
    }

    proptest! {
        #[test]
        fn order_and_repetition_of_arrival_do_not_matter(
            shape in prop::collection::vec((0_i64..50, prop::collection::vec(0_usize..8, 0..3), 0_usize..3), 1..8),
            seed in prop::collection::vec(0_usize..100, 0..30),
        ) {
            let names: Vec<String> = (0..shape.len()).map(|n| n.to_string()).collect();
            let edits: Vec<Edit> = shape.iter().enumerate().map(|(n, (at, base, field))| {
                let base: Vec<&str> = base.iter().filter(|b| **b < n).map(|b| names[*b].as_str()).collect();
                edit(&names[n], *at, &base, &[(["name", "price", "sku"][*field], json!(n))])
            }).collect();
            let mut shuffled = edits.clone();
            for (step, pick) in seed.iter().enumerate() {
                shuffled.push(edits[pick % edits.len()].clone());
                let last = shuffled.len() - 1;
                shuffled.swap(step % last.max(1), last);
            }
            prop_assert_eq!(fold(&edits), fold(&shuffled));
        }
    }
}
