//! Promotions: n for the price of m, over a set of products.
//!
//! Promotions are evaluated when a sale is reckoned and never again on return: what was saved is stored on the lines, shared out by
//! amount over every line that took part (trade rule 3). Sets never overlap; the one that saves most is applied first.

use std::collections::{BTreeMap, BTreeSet};

use crate::amount::{Minor, allocate};
use crate::event::sale::{CartLine, Direction, LineKind};
use crate::ids::ProductId;

/// Buy `buy` pieces out of `products`, pay for the `pay` dearest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// Its name on the receipt.
    pub name: String,
    /// The products that take part.
    pub products: BTreeSet<ProductId>,
    /// Pieces of a set.
    pub buy: usize,
    /// Pieces of a set that are paid.
    pub pay: usize,
}

/// What promotions take off each line, in the order of `lines`: name of the promotion and amount. `left` is what earlier
/// reductions left of each line.
pub fn promote(promotions: &[Promotion], lines: &[CartLine], left: &[Minor]) -> Vec<Vec<(String, Minor)>> {
    let mut found = vec![Vec::new(); lines.len()];
    let mut free: Vec<bool> = lines.iter().map(takes_part).collect();
    loop {
        let savings = promotions.iter().filter_map(|promotion| saving(promotion, lines, left, &free));
        let Some(best) = savings.max_by_key(|saving| saving.off.values().copied().sum::<Minor>()) else {
            return found;
        };
        for (index, off) in best.off {
            free[index] = false;
            if !off.is_zero() {
                found[index].push((best.name.clone(), off));
            }
        }
    }
}

struct Saving {
    name: String,
    /// What it takes off each line that took part, even where that came to nothing: no line takes part twice.
    off: BTreeMap<usize, Minor>,
}

fn takes_part(line: &CartLine) -> bool {
    line.direction == Direction::Sale
        && line.kind == LineKind::Goods
        && line.discountable
        && line.quantity.thousandths() > 0
        && line.quantity.thousandths() % 1_000 == 0
        && line.quantity.thousandths() / 1_000 <= 1_000
}

/// What a promotion saves over the lines that are still free: complete sets only, dearest pieces first, each set paying its dearest.
fn saving(promotion: &Promotion, lines: &[CartLine], left: &[Minor], free: &[bool]) -> Option<Saving> {
    let mut pieces: Vec<(Minor, usize)> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let eligible = free[index]
            && left[index] > Minor::ZERO
            && line.product.is_some_and(|p| promotion.products.contains(&p));
        if eligible {
            let count = usize::try_from(line.quantity.thousandths() / 1_000).unwrap_or(0);
            let values = allocate(left[index], &vec![Minor::new(1); count]);
            pieces.extend(values.into_iter().map(|value| (value, index)));
        }
    }
    pieces.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut off: BTreeMap<usize, Minor> = BTreeMap::new();
    for set in pieces.chunks_exact(promotion.buy.max(1)) {
        let saved: Minor = set.iter().skip(promotion.pay).map(|(value, _)| *value).sum();
        // Shared out over lines, in their order, so that ties go by line number.
        let mut values: BTreeMap<usize, Minor> = BTreeMap::new();
        for (value, index) in set {
            *values.entry(*index).or_default() += *value;
        }
        let weights: Vec<Minor> = values.values().copied().collect();
        for (index, part) in values.into_keys().zip(allocate(saved, &weights)) {
            *off.entry(index).or_default() += part;
        }
    }
    let saves = off.values().any(|part| !part.is_zero());
    saves.then(|| Saving { name: promotion.name.clone(), off })
}
