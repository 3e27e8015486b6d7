//! Oversold: tracked stock with a known base below zero, where a selling till believed there was enough (trade rule 20).
//!
//! The whole episode since the last count or first receipt is judged, not moments within it. Without a base, or where every till
//! knew it was selling into the minus, there is nothing to answer: that is a report line.

use crate::amount::{Currency, Minor, Quantity};
use crate::conflict::{Conflict, Kind, Party, Severity, choice, conflict_id, evidence_of, unlisted};
use crate::ids::{ProductId, StoreId};
use crate::limits::CONFLICT_PARTIES_MAX;
use crate::merge::stock::Level;
use crate::project::rows::OrderKey;

/// A tracked sale line since the baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sold {
    /// Its place in the canonical order.
    pub order: OrderKey,
    /// The till's name.
    pub till: String,
    /// The printed number.
    pub receipt: String,
    /// When, in local time.
    pub local_time: String,
    /// The product's name on the receipt.
    pub name: String,
    /// How much was sold; positive thousandths.
    pub quantity: i64,
    /// What the till showed as on hand, in thousandths.
    pub shown: Option<i64>,
    /// What the line brought.
    pub net_minor: Minor,
}

/// What is known of a product in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The store.
    pub store: StoreId,
    /// The product.
    pub product: ProductId,
    /// Its stock.
    pub level: Level,
    /// Tracked sale lines since the baseline.
    pub sold: Vec<Sold>,
    /// Currency of the amounts.
    pub currency: Option<Currency>,
}

/// What conflicts of a product in a store are about.
pub fn subject(store: StoreId, product: ProductId) -> String {
    format!("{store}/{product}")
}

/// Judges a product's episode.
pub fn judge(facts: &Facts) -> Option<Conflict> {
    let baseline = facts.level.baseline?;
    let on_hand = facts.level.on_hand()?;
    let believed = |sold: &Sold| sold.shown.is_some_and(|shown| shown >= sold.quantity);
    if on_hand >= 0 || !facts.sold.iter().any(believed) {
        return None;
    }
    let mut sold: Vec<&Sold> = facts.sold.iter().collect();
    sold.sort_by_key(|line| line.order);
    // The lines that took the missing pieces: the canonically last ones, as many as are missing.
    let mut missing = -on_hand;
    let last: Vec<&Sold> = sold
        .iter()
        .rev()
        .copied()
        .take_while(|line| {
            let wanted = missing > 0;
            missing -= line.quantity;
            wanted
        })
        .collect();
    let money_minor: Minor = last.iter().map(|line| line.net_minor).sum();
    let party = |line: &Sold| Party {
        till: line.till.clone(),
        receipt: Some(line.receipt.clone()),
        local_time: Some(line.local_time.clone()),
        part: match line.shown {
            Some(shown) => format!(
                "sold {} when its screen showed {} on hand",
                Quantity::from_thousandths(line.quantity),
                Quantity::from_thousandths(shown)
            ),
            None => {
                format!("sold {} without knowing what was on hand", Quantity::from_thousandths(line.quantity))
            }
        },
    };
    let subject = subject(facts.store, facts.product);
    let name = &sold.last()?.name;
    let episode = format!("{}/{}/{}", baseline.order.at, baseline.order.origin, baseline.order.seq);
    let mut evidence = vec![format!("{on_hand}")];
    evidence.extend(
        sold.iter()
            .map(|s| format!("{}/{}/{}/{:?}", s.order.origin, s.order.seq, s.quantity, s.shown)),
    );
    let tills: std::collections::BTreeSet<&str> = sold.iter().map(|line| line.till.as_str()).collect();
    let began = Quantity::from_thousandths(baseline.quantity);
    let since = if baseline.counted {
        format!("since {began} were counted")
    } else {
        "since goods were first received".to_owned()
    };
    Some(Conflict {
        id: conflict_id(Kind::Oversold, &subject, &episode),
        kind: Kind::Oversold,
        store: Some(facts.store),
        severity: Severity::Normal,
        title: format!("{name} was sold more often than it was there"),
        story: format!(
            "{name}: {since}, {} more went out than there can have been, over {}. {} showed enough on hand when it sold.{}",
            Quantity::from_thousandths(-on_hand),
            till_list(&tills),
            if tills.len() == 1 { "The till" } else { "At least one till" },
            unlisted("sold lines", "last", sold.len()),
        ),
        parties: sold[sold.len().saturating_sub(CONFLICT_PARTIES_MAX)..]
            .iter()
            .copied()
            .map(party)
            .collect(),
        money_minor,
        currency: facts.currency,
        done: "All sales stand. Stock shows the minus until it is counted.".to_owned(),
        choices: vec![
            choice("count", "Count the product; the difference is booked to shrink."),
            choice("reorder", "Nothing is missing: goods were not yet booked in. Receive them."),
            choice(
                "contact_customer",
                "A customer is still waiting for the goods. Refund or deliver; the sale stays.",
            ),
        ],
        decides: "store manager".to_owned(),
        evidence: evidence_of(&evidence),
    })
}

fn till_list(tills: &std::collections::BTreeSet<&str>) -> String {
    let names: Vec<&str> = tills.iter().copied().collect();
    match names.as_slice() {
        [] => "no till".to_owned(),
        [one] => format!("till {one}"),
        [rest @ .., last] => format!("tills {} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::OriginId;
    use crate::merge::stock::Baseline;
    use uuid::Uuid;

    fn order(at: i64) -> OrderKey {
        OrderKey { at, origin: OriginId(Uuid::from_u128(u128::try_from(at).unwrap())), seq: 1 }
    }

    fn sold(at: i64, till: &str, shown: Option<i64>) -> Sold {
        let (till, receipt, local_time) =
            (till.to_owned(), format!("{till}-1"), "2026-03-01T10:00:00".to_owned());
        Sold {
            order: order(at),
            till,
            receipt,
            local_time,
            name: "Teapot".to_owned(),
            quantity: 1_000,
            shown,
            net_minor: Minor::new(250),
        }
    }

    fn facts(base: Option<i64>, lines: Vec<Sold>) -> Facts {
        let moved = -lines.iter().map(|line| line.quantity).sum::<i64>();
        Facts {
            store: StoreId(Uuid::from_u128(1)),
            product: ProductId(Uuid::from_u128(2)),
            level: Level {
                baseline: base.map(|quantity| Baseline { order: order(0), quantity, counted: true }),
                moved,
            },
            sold: lines,
            currency: Currency::from_code("EUR"),
        }
    }

    #[test]
    fn the_last_piece_sold_twice_is_one_conflict_with_both_receipts_and_the_money_of_one() {
        let conflict =
            judge(&facts(Some(1_000), vec![sold(2, "B", Some(1_000)), sold(1, "A", Some(1_000))])).unwrap();
        assert_eq!(conflict.money_minor, Minor::new(250));
        assert_eq!(conflict.parties.len(), 2);
        assert!(
            conflict.story.contains("1 more went out") && conflict.story.contains("tills A and B"),
            "{}",
            conflict.story
        );
    }

    #[test]
    fn a_product_that_sold_on_for_long_names_its_last_lines_and_says_how_many_there_are() {
        let lines = |count| (1..=count).map(|at| sold(at, "A", Some(1_000))).collect::<Vec<_>>();
        let few = i64::try_from(CONFLICT_PARTIES_MAX).unwrap();
        let whole = judge(&facts(Some(1_000), lines(few))).unwrap();
        assert_eq!(whole.parties.len(), CONFLICT_PARTIES_MAX);
        assert!(!whole.story.contains("listed"), "{}", whole.story);
        let mut many = lines(few + 325);
        many.iter_mut().for_each(|line| line.receipt = format!("A-{}", line.order.at));
        let cut = judge(&facts(Some(1_000), many)).unwrap();
        assert_eq!(cut.parties.len(), CONFLICT_PARTIES_MAX);
        assert_eq!(cut.parties.last().unwrap().receipt.as_deref(), Some("A-345"));
        assert_eq!(cut.parties[0].receipt.as_deref(), Some("A-326"));
        assert!(cut.story.ends_with(" The last 20 of 345 sold lines are listed."), "{}", cut.story);
        assert_eq!(cut.money_minor, Minor::new(344 * 250), "the money is that of all of them");
        assert_ne!(cut.evidence, whole.evidence);
    }

    #[test]
    fn no_base_no_belief_or_enough_stock_is_no_conflict() {
        assert_eq!(judge(&facts(None, vec![sold(1, "A", Some(1_000))])), None);
        assert_eq!(judge(&facts(Some(0), vec![sold(1, "A", Some(0)), sold(2, "B", None)])), None);
        assert_eq!(
            judge(&facts(Some(2_000), vec![sold(1, "A", Some(2_000)), sold(2, "B", Some(2_000))])),
            None
        );
    }

    #[test]
    fn the_order_in_which_lines_are_handed_in_does_not_matter() {
        let lines = vec![sold(1, "A", Some(1_000)), sold(2, "B", Some(1_000)), sold(3, "C", None)];
        let turned: Vec<Sold> = lines.iter().rev().cloned().collect();
        assert_eq!(judge(&facts(Some(1_000), lines)), judge(&facts(Some(1_000), turned)));
    }
}
