//! Completed twice: one cart, or one sale that was set aside, was paid in two places, because a till was copied or restored.
//!
//! Both receipts stand. A cart that both copies of a till had open is completed under one sale; a parked one is recalled as two documents
//! that name it. Whether one customer paid twice or two people paid once, only a person can say.

use crate::amount::{Currency, Minor};
use crate::chain::Hash;
use crate::conflict::{Conflict, Kind, Party, Severity, choice, conflict_id, evidence_of, unlisted};
use crate::ids::{SaleId, StoreId};
use crate::limits::CONFLICT_PARTIES_MAX;
use crate::project::rows::OrderKey;

/// A document that completed the sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Its place in the canonical order.
    pub order: OrderKey,
    /// The completing event.
    pub hash: Hash,
    /// The till's name.
    pub till: String,
    /// The printed number.
    pub receipt: String,
    /// When, in local time.
    pub local_time: String,
    /// What the customer paid.
    pub total_minor: Minor,
}

/// Everything that completed one sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The sale, or the one that was set aside.
    pub sale: SaleId,
    /// The store.
    pub store: StoreId,
    /// Whether it was set aside and recalled.
    pub parked: bool,
    /// The documents, those of both kinds.
    pub completions: Vec<Completion>,
    /// Their currency.
    pub currency: Option<Currency>,
}

/// What conflicts of a sale are kept under.
pub fn subject(sale: SaleId) -> String {
    format!("completed/{sale}")
}

/// Judges a sale. `None` while one document completes it.
pub fn judge(facts: &Facts) -> Option<Conflict> {
    let mut completions = facts.completions.clone();
    completions.sort_by_key(|completion| (completion.order, completion.hash));
    if completions.len() < 2 {
        return None;
    }
    let further: Minor = completions.iter().skip(1).map(|completion| completion.total_minor).sum();
    let what = if facts.parked { "A sale that was set aside" } else { "One cart" };
    let receipts: Vec<&str> = completions
        .iter()
        .take(CONFLICT_PARTIES_MAX)
        .map(|completion| completion.receipt.as_str())
        .collect();
    let party = |completion: &Completion| Party {
        till: completion.till.clone(),
        receipt: Some(completion.receipt.clone()),
        local_time: Some(completion.local_time.clone()),
        part: "completed it".to_owned(),
    };
    let evidence: Vec<String> = completions.iter().map(|completion| completion.hash.to_string()).collect();
    Some(Conflict {
        id: conflict_id(Kind::CompletedTwice, &facts.sale.to_string(), ""),
        kind: Kind::CompletedTwice,
        store: Some(facts.store),
        severity: Severity::Urgent,
        title: format!("One sale was paid {}", times(completions.len())),
        story: format!(
            "{what} was completed {}: receipts {}. A till whose books were copied or restored had it, too.{}",
            times(completions.len()),
            receipts.join(" and "),
            unlisted("receipts", "first", completions.len()),
        ),
        parties: completions.iter().take(CONFLICT_PARTIES_MAX).map(party).collect(),
        money_minor: further.abs(),
        currency: facts.currency,
        done: "Every receipt stands and counts: in sales, in taxes and in stock.".to_owned(),
        choices: vec![
            choice(
                "all_paid",
                "The goods went out with every receipt and were paid each time. Nothing more to do.",
            ),
            choice("pay_back", "The customer paid more than once. Take the later receipts back at a till."),
            choice("investigate", "Somebody looks for the second machine and asks who was served."),
        ],
        decides: "the store's manager".to_owned(),
        evidence: evidence_of(&evidence),
    })
}

pub(super) fn times(count: usize) -> String {
    match count {
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::OriginId;
    use uuid::Uuid;

    fn completion(at: i64, till: &str, total: i64) -> Completion {
        Completion {
            order: OrderKey { at, origin: OriginId(Uuid::from_u128(1)), seq: at },
            hash: Hash([u8::try_from(at).unwrap(); 32]),
            till: till.to_owned(),
            receipt: format!("{till}-{at}"),
            local_time: "2026-03-01T10:00:00".to_owned(),
            total_minor: Minor::new(total),
        }
    }

    fn facts(parked: bool, completions: Vec<Completion>) -> Facts {
        Facts {
            sale: SaleId(Uuid::from_u128(5)),
            store: StoreId(Uuid::from_u128(6)),
            parked,
            completions,
            currency: Currency::from_code("EUR"),
        }
    }

    #[test]
    fn one_document_is_no_conflict_and_two_are_one_with_the_money_of_the_later() {
        assert_eq!(judge(&facts(false, vec![completion(1, "A", 500)])), None);
        let conflict = judge(&facts(false, vec![completion(2, "B", 700), completion(1, "A", 500)])).unwrap();
        assert_eq!(conflict.money_minor, Minor::new(700));
        assert_eq!(conflict.title, "One sale was paid twice");
        assert_eq!(
            conflict.story,
            "One cart was completed twice: receipts A-1 and B-2. A till whose books were copied or restored had it, too."
        );
        let receipts: Vec<_> = conflict.parties.iter().filter_map(|party| party.receipt.clone()).collect();
        assert_eq!(receipts, ["A-1", "B-2"]);
    }

    #[test]
    fn a_recalled_sale_says_so_and_a_third_document_changes_the_evidence_but_not_the_conflict() {
        let two = judge(&facts(true, vec![completion(1, "A", 500), completion(2, "B", 500)])).unwrap();
        assert!(two.story.starts_with("A sale that was set aside was completed twice"), "{}", two.story);
        let many = vec![completion(1, "A", 500), completion(2, "B", 500), completion(3, "C", 500)];
        let three = judge(&facts(true, many)).unwrap();
        assert!(three.story.contains("completed 3 times"), "{}", three.story);
        assert_eq!(two.id, three.id);
        assert_ne!(two.evidence, three.evidence);
    }
}
