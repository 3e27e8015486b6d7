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

/// Folds the edits of one subject.
pub fn fold(edits: &[Edit]) -> Register {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| (edit.order, edit.hash));
    edits.dedup_by_key(|edit| edit.hash);
    let by_hash: BTreeMap<Hash, &Edit> = edits.iter().map(|edit| (edit.hash, *edit)).collect();
    let pasts: BTreeMap<Hash, BTreeSet<Hash>> =
        edits.iter().map(|edit| (edit.hash, past(edit, &by_hash))).collect();
    let seen_by = |early: &Hash, late: &Hash| pasts.get(late).is_some_and(|past| past.contains(early));

    let mut register = Register::default();
    let names: BTreeSet<&String> = edits.iter().flat_map(|edit| edit.fields.keys()).collect();
    for name in names {
        let setters: Vec<&&Edit> = edits.iter().filter(|edit| edit.fields.contains_key(name)).collect();
        let current = |edit: &&&&Edit| !setters.iter().any(|other| seen_by(&edit.hash, &other.hash));
        let mut heads: Vec<&&Edit> = setters.iter().filter(current).copied().collect();
        let Some(shown) = heads.pop().or_else(|| setters.last().copied()) else { continue };
        let value = shown.fields[name].clone();
        let concurrent = heads.iter().map(|edit| (edit.hash, edit.fields[name].clone()));
        let concurrent = concurrent.filter(|(_, other)| *other != value).collect();
        register
            .fields
            .insert(name.clone(), Field { value, set_by: shown.hash, order: shown.order, concurrent });
    }
    register.heads = edits
        .iter()
        .filter(|edit| !edits.iter().any(|other| seen_by(&edit.hash, &other.hash)))
        .map(|e| e.hash)
        .collect();
    register
}

/// Everything an edit had seen, as far as it is known here.
fn past(edit: &Edit, by_hash: &BTreeMap<Hash, &Edit>) -> BTreeSet<Hash> {
    let mut past = BTreeSet::new();
    let mut open: Vec<Hash> = edit.base.clone();
    while let Some(hash) = open.pop() {
        if hash != edit.hash && past.insert(hash) {
            open.extend(by_hash.get(&hash).iter().flat_map(|edit| edit.base.iter().copied()));
        }
    }
    past
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
