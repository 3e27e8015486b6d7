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

/// What of a description nobody has superseded: all that its register is made of, however many edits led to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The edits with a value that stands, in canonical order, each with just those of its values.
    pub edits: Vec<Edit>,
    /// Edits that no other has seen, in canonical order.
    pub heads: Vec<Hash>,
}

impl Standing {
    /// The register that [`fold`] makes of all the edits.
    pub fn register(&self) -> Register {
        let mut edits: Vec<&Edit> = self.edits.iter().collect();
        edits.sort_by_key(|edit| (edit.order, edit.hash));
        let mut values: BTreeMap<&String, Vec<&Edit>> = BTreeMap::new();
        for edit in edits {
            edit.fields.keys().for_each(|name| values.entry(name).or_default().push(edit));
        }
        register_of(values, self.heads.clone())
    }
}

/// Folds the edits of one subject. The work grows with the edits and what they name as seen, not with all that lies behind them.
pub fn fold(edits: &[Edit]) -> Register {
    let edits = Edits::of(edits);
    register_of(edits.standing(), edits.heads())
}

/// What stands of the edits of one subject.
pub fn standing(edits: &[Edit]) -> Standing {
    let edits = Edits::of(edits);
    let mut kept: BTreeMap<Hash, Edit> = BTreeMap::new();
    for (name, holders) in edits.standing() {
        for edit in holders {
            let bare = || Edit { base: Vec::new(), fields: BTreeMap::new(), ..edit.clone() };
            let kept = kept.entry(edit.hash).or_insert_with(bare);
            kept.fields.insert(name.clone(), edit.fields[name].clone());
        }
    }
    let heads = edits.heads();
    let mut kept: Vec<Edit> = kept.into_values().collect();
    kept.sort_by_key(|edit| (edit.order, edit.hash));
    Standing { edits: kept, heads }
}

/// Whether these edits and everything they had seen are among the edits of a subject: what was told of it with these heads is known here
/// by itself then, and stays so whatever else comes.
pub fn holds(edits: &[Edit], heads: &[Hash]) -> bool {
    let known: BTreeMap<Hash, &Edit> = edits.iter().map(|edit| (edit.hash, edit)).collect();
    let (mut open, mut seen) = (heads.to_vec(), BTreeSet::new());
    while let Some(hash) = open.pop() {
        if seen.insert(hash) {
            let Some(edit) = known.get(&hash) else { return false };
            open.extend(&edit.base);
        }
    }
    true
}

/// The register of values that stand, each name with those that set it in canonical order.
fn register_of(values: BTreeMap<&String, Vec<&Edit>>, heads: Vec<Hash>) -> Register {
    let mut register = Register { heads, ..Register::default() };
    for (name, mut holders) in values {
        let Some(shown) = holders.pop() else { continue };
        let value = shown.fields[name].clone();
        let concurrent = holders.iter().map(|edit| (edit.hash, edit.fields[name].clone()));
        let concurrent = concurrent.filter(|(_, other)| *other != value).collect();
        let field = Field { value, set_by: shown.hash, order: shown.order, concurrent };
        register.fields.insert(name.clone(), field);
    }
    register
}

/// The edits of a subject, each once and in canonical order, and who had seen whom.
struct Edits<'a> {
    edits: Vec<&'a Edit>,
    /// For each edit, those that had seen it directly.
    followers: Vec<Vec<usize>>,
}

impl<'a> Edits<'a> {
    fn of(edits: &'a [Edit]) -> Self {
        let mut edits: Vec<&Edit> = edits.iter().collect();
        edits.sort_by_key(|edit| (edit.order, edit.hash));
        edits.dedup_by_key(|edit| edit.hash);
        let followers = followers(&edits);
        Edits { edits, followers }
    }

    /// For each name, the edits whose value of it nobody has superseded, in canonical order.
    fn standing(&self) -> BTreeMap<&'a String, Vec<&'a Edit>> {
        let Edits { edits, followers } = self;
        let latest_first = followers_first(followers);
        let names: BTreeSet<&String> = edits.iter().flat_map(|edit| edit.fields.keys()).collect();
        let mut values = BTreeMap::new();
        for name in names {
            let sets = |edit: usize| edits[edit].fields.contains_key(name);
            let mut superseded = vec![false; edits.len()];
            for edit in &latest_first {
                superseded[*edit] = followers[*edit].iter().any(|later| sets(*later) || superseded[*later]);
            }
            let holders = (0..edits.len()).filter(|edit| sets(*edit) && !superseded[*edit]);
            values.insert(name, holders.map(|edit| edits[edit]).collect());
        }
        values
    }

    fn heads(&self) -> Vec<Hash> {
        let unseen = self.edits.iter().zip(&self.followers).filter(|(_, followers)| followers.is_empty());
        unseen.map(|(edit, _)| edit.hash).collect()
    }
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
    fn what_stands_does_not_grow_with_what_was_superseded() {
        let names: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let mut edits = vec![edit("0", 0, &[], &[("name", json!("Tea")), ("price", json!(0))])];
        edits.extend((1..100).map(|n| edit(&names[n], 0, &[&names[n - 1]], &[("price", json!(n))])));
        let Standing { edits: kept, heads } = standing(&edits);
        assert_eq!(heads, [sha256(b"99")]);
        let kept: BTreeMap<Hash, Vec<&String>> =
            kept.iter().map(|edit| (edit.hash, edit.fields.keys().collect())).collect();
        assert_eq!(
            kept,
            BTreeMap::from([
                (sha256(b"0"), vec![&"name".to_owned()]),
                (sha256(b"99"), vec![&"price".to_owned()])
            ])
        );
    }

    #[test]
    fn what_was_told_is_held_once_its_heads_and_all_behind_them_are_here() {
        let (a, b) = (edit("a", 1, &[], &[("name", json!(1))]), edit("b", 2, &["a"], &[("name", json!(2))]));
        let later = edit("c", 3, &["b"], &[("name", json!(3))]);
        let heads = standing(&[a.clone(), b.clone()]).heads;
        assert!(!holds(&[], &heads) && !holds(std::slice::from_ref(&a), &heads));
        assert!(!holds(&[b.clone(), later.clone()], &heads), "what lies behind a head is not here");
        assert!(holds(&[a.clone(), b.clone()], &heads));
        assert!(holds(&[a, b, later], &heads), "and stays so whatever comes after");
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

        #[test]
        fn what_stands_is_the_whole_register_values_set_unaware_of_each_other_included(
            shape in prop::collection::vec((0_i64..50, prop::collection::vec(0_usize..12, 0..3), 0_usize..3), 1..10),
        ) {
            // A base may be of an edit that comes later or never: an unknown one.
            let names: Vec<String> = (0..12).map(|n| n.to_string()).collect();
            let edits: Vec<Edit> = shape.iter().enumerate().map(|(n, (at, base, field))| {
                let base: Vec<&str> = base.iter().filter(|b| **b < n || **b >= shape.len()).map(|b| names[*b].as_str()).collect();
                edit(&names[n], *at, &base, &[(["name", "price", "sku"][*field], json!(n)), ("kind", json!(at))])
            }).collect();
            let standing = standing(&edits);
            prop_assert_eq!(standing.register(), fold(&edits));
            let known = |base: &&Hash| edits.iter().any(|edit| edit.hash == **base);
            let closed = edits.iter().all(|edit| edit.base.iter().all(|base| known(&base)));
            prop_assert_eq!(holds(&edits, &standing.heads), closed, "an unknown base is behind some head");
        }
    }
}
