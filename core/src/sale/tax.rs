//! Tax of a document (trade rule 4).
//!
//! With rounding per `document` the tax of each group (tax, jurisdiction, rate, and for inclusive prices the line's whole rate) is
//! reckoned once over its sale lines and shared out to them, so the total does not depend on how the cashier scanned. Return lines stay
//! out of the groups: those from an original carry its tax, blind ones are reckoned by themselves.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use crate::amount::{Minor, Rate, allocate};
use crate::event::sale::{CartLine, Direction, Prices, TaxAmount, TaxRate, TaxRounding, Terms};

/// A group of taxed amounts: the tax by name, its rate, and the sum of all rates on the line where that matters.
type Group = (crate::ids::TaxId, String, Rate, Rate);

/// The taxes of each line, in the order of `lines`; `nets` are their net amounts.
pub fn tax_lines<L: Borrow<CartLine>>(terms: &Terms, lines: &[L], nets: &[Minor]) -> Vec<Vec<TaxAmount>> {
    let lines: Vec<&CartLine> = lines.iter().map(Borrow::borrow).collect();
    let mut amounts: Vec<Vec<Minor>> = lines.iter().map(|line| vec![Minor::ZERO; line.taxes.len()]).collect();
    let mut groups: BTreeMap<Group, Vec<(usize, usize)>> = BTreeMap::new();
    for (index, line) in lines.iter().enumerate() {
        if line.taxes_taken.is_some() || line.exemption.is_some() {
            continue;
        }
        let grouped = line.direction == Direction::Sale && terms.tax_rounding == TaxRounding::Document;
        let whole = whole_rate(terms, line);
        for (position, tax) in line.taxes.iter().enumerate() {
            if grouped {
                groups
                    .entry((tax.tax, tax.jurisdiction.clone(), tax.rate, whole))
                    .or_default()
                    .push((index, position));
            } else {
                amounts[index][position] = tax_of(terms.prices, tax.rate, whole, nets[index]);
            }
        }
    }
    for ((_, _, rate, whole), members) in groups {
        let weights: Vec<Minor> = members.iter().map(|(index, _)| nets[*index]).collect();
        let tax = tax_of(terms.prices, rate, whole, weights.iter().copied().sum());
        for ((index, position), part) in members.into_iter().zip(allocate(tax, &weights)) {
            amounts[index][position] = part;
        }
    }
    let lines = lines.into_iter().zip(nets).zip(amounts);
    lines
        .map(|((line, net), amounts)| reckoned(terms.prices, line, *net, amounts))
        .collect()
}

/// The taxes of a whole document: the lines' taxes summed per tax, jurisdiction and rate.
pub fn sum_taxes<'a>(lines: impl IntoIterator<Item = &'a TaxAmount>) -> Vec<TaxAmount> {
    let mut sums: BTreeMap<_, TaxAmount> = BTreeMap::new();
    for tax in lines {
        let key = (tax.tax, tax.jurisdiction.clone(), tax.rate);
        match sums.get_mut(&key) {
            None => {
                sums.insert(key, tax.clone());
            }
            Some(sum) => {
                sum.base_minor += tax.base_minor;
                sum.amount_minor += tax.amount_minor;
            }
        }
    }
    sums.into_values().collect()
}

/// The taxable base of a line: its net, without the taxes where they are inside.
pub fn base_of(prices: Prices, net: Minor, taxes: impl Iterator<Item = Minor>) -> Minor {
    match prices {
        Prices::Exclusive => net,
        Prices::Inclusive => net - taxes.sum(),
    }
}

fn reckoned(prices: Prices, line: &CartLine, net: Minor, amounts: Vec<Minor>) -> Vec<TaxAmount> {
    if let Some(taken) = &line.taxes_taken {
        return taken.clone();
    }
    if line.exemption.is_some() {
        return Vec::new();
    }
    let base_minor = base_of(prices, net, amounts.iter().copied());
    let reckon = |(tax, amount_minor): (&TaxRate, Minor)| TaxAmount {
        tax: tax.tax,
        jurisdiction: tax.jurisdiction.clone(),
        rate: tax.rate,
        base_minor,
        amount_minor,
    };
    line.taxes.iter().zip(amounts).map(reckon).collect()
}

/// Inclusive prices: the sum of all rates on the line, which its price already holds. Exclusive prices need none.
fn whole_rate(terms: &Terms, line: &CartLine) -> Rate {
    match terms.prices {
        Prices::Exclusive => Rate::ZERO,
        Prices::Inclusive => line.taxes.iter().fold(Rate::ZERO, |sum, tax| sum.plus(tax.rate)),
    }
}

fn tax_of(prices: Prices, rate: Rate, whole: Rate, net: Minor) -> Minor {
    match prices {
        Prices::Exclusive => rate.of(net),
        Prices::Inclusive => rate.within(net, whole),
    }
}
