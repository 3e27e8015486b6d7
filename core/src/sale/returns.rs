//! Returns from an original: what was paid goes back, to the minor unit (trade rule 5).
//!
//! Part k of a line pays the floor of its share up to and with this part, less what is known to have gone back already; the last
//! part takes the rest, tax likewise. Parts that did not know of each other may leave a remainder, which [`remainder`] finds
//! once the whole quantity is known to be back; the journal posts it to rounding. Parts that all made up for the floor of the same
//! earlier one may have paid a minor unit too much each: then the remainder is negative.

use std::collections::BTreeMap;

use crate::amount::{Currency, Minor, Quantity, part_floor};
use crate::event::sale::{
    AmountSource, CartLine, Direction, Line, Prices, Reduction, Reference, TaxAmount, TaxRate,
};
use crate::ids::SaleId;
use crate::sale::tax::base_of;

/// A line of a completed document that goods come back from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// The completed document.
    pub sale: SaleId,
    /// How its prices were stated.
    pub prices: Prices,
    /// Its currency.
    pub currency: Currency,
    /// The line as sold.
    pub line: Line,
    /// What is known here as already returned of it, in parts of the original's sign.
    pub returned: Vec<Returned>,
}

/// What one earlier return took of an original line. All in the sign of the original.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Returned {
    /// How much of it.
    pub quantity: Quantity,
    /// Of its net.
    pub net_minor: Minor,
    /// Of its extended amount.
    pub extended_minor: Minor,
    /// Of its taxes, in the order of the original's list.
    pub tax_minor: Vec<Minor>,
}

/// Why a line cannot be returned that way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReturnable {
    /// The line was itself a return.
    IsReturn,
    /// Less is left than asked for; this much.
    TooMuch(Quantity),
    /// Nothing was asked for.
    Nothing,
}

impl Original {
    /// How much is left to return, as far as is known here.
    pub fn left(&self) -> Quantity {
        self.line.entered.quantity - self.returned.iter().map(|part| part.quantity).sum()
    }
}

/// The cart line numbered `number` that takes back `quantity` (positive) of an original. A line of quantity 0 is returned whole.
pub fn return_line(
    original: &Original,
    number: u32,
    quantity: Quantity,
    restocked: bool,
) -> Result<CartLine, NotReturnable> {
    let sold = &original.line.entered;
    let part = part_of(original, quantity)?;
    let reductions = shared_reductions(sold, part.extended_minor - part.net_minor);
    let taxes = original.line.tax_amounts.iter().zip(&part.tax_minor);
    let base_minor = -base_of(original.prices, part.net_minor, part.tax_minor.iter().copied());
    let taxes_taken = taxes
        .map(|(tax, amount)| TaxAmount { base_minor, amount_minor: -*amount, ..tax.clone() })
        .collect();
    let references = vec![Reference {
        sale: original.sale,
        line: sold.line,
        quantity: part.quantity,
        amount_minor: part.net_minor,
    }];
    Ok(CartLine {
        line: number,
        direction: Direction::Return,
        quantity: -part.quantity,
        extended_minor: -part.extended_minor,
        extended_from: AmountSource::Original,
        reductions,
        taxes: original
            .line
            .tax_amounts
            .iter()
            .map(|t| TaxRate { tax: t.tax, jurisdiction: t.jurisdiction.clone(), rate: t.rate })
            .collect(),
        taxes_taken: Some(taxes_taken),
        references,
        on_hand_shown: None,
        restocked,
        ..sold.clone()
    })
}

/// The part of the original that goes back now: share up to and with this part, less what is known to be back already.
pub(super) fn part_of(original: &Original, quantity: Quantity) -> Result<Returned, NotReturnable> {
    let sold = &original.line.entered;
    if sold.direction == Direction::Return {
        return Err(NotReturnable::IsReturn);
    }
    let back: Quantity = original.returned.iter().map(|part| part.quantity).sum();
    let whole = sold.quantity;
    if whole.is_zero() {
        if !original.returned.is_empty() {
            return Err(NotReturnable::TooMuch(Quantity::ZERO));
        }
    } else if quantity.thousandths() <= 0 {
        return Err(NotReturnable::Nothing);
    } else if back + quantity > whole {
        return Err(NotReturnable::TooMuch(original.left()));
    }
    // Parts that knew of an earlier one but not of each other may already have had more than this: then nothing goes back.
    // Taking goods back never costs the customer anything.
    let share = |amount: Minor, known: Minor| match whole.is_zero() {
        true => amount,
        false if amount < Minor::ZERO => {
            (part_floor(amount, back + quantity, whole) - known).min(Minor::ZERO)
        }
        false => (part_floor(amount, back + quantity, whole) - known).max(Minor::ZERO),
    };
    let known = |amount: fn(&Returned) -> Minor| original.returned.iter().map(amount).sum::<Minor>();
    let tax_known = |index: usize| {
        original
            .returned
            .iter()
            .filter_map(|part| part.tax_minor.get(index).copied())
            .sum::<Minor>()
    };
    Ok(Returned {
        quantity: if whole.is_zero() { Quantity::ZERO } else { quantity },
        net_minor: share(original.line.net_minor, known(|part| part.net_minor)),
        extended_minor: share(sold.extended_minor, known(|part| part.extended_minor)),
        tax_minor: original
            .line
            .tax_amounts
            .iter()
            .enumerate()
            .map(|(index, tax)| share(tax.amount_minor, tax_known(index)))
            .collect(),
    })
}

/// The original's reductions, scaled so that they sum to `off`.
fn shared_reductions(sold: &CartLine, off: Minor) -> Vec<Reduction> {
    let weights: Vec<Minor> = sold.reductions.iter().map(|reduction| reduction.amount_minor).collect();
    let parts = crate::amount::allocate(off, &weights);
    let scaled = sold
        .reductions
        .iter()
        .zip(parts)
        .map(|(r, part)| Reduction { amount_minor: -part, ..r.clone() });
    scaled.filter(|reduction| !reduction.amount_minor.is_zero()).collect()
}

/// What parts returned unaware of each other left of a line, once its whole quantity is back. Zero while some is out, and where more
/// came back than was sold (that is an over-return for a person to answer).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remainder {
    /// Of the net amount, in the document's way of stating prices.
    pub net_minor: Minor,
    /// Of each tax, in the order of the original's list.
    pub tax_minor: Vec<Minor>,
    /// Of the cost: parts at their cost, rounded one by one, need not sum to that of the whole. Even parts that knew of each
    /// other leave it.
    pub cost_minor: Minor,
}

/// The remainder of an original line after `returned`.
pub fn remainder(line: &Line, returned: &[Returned]) -> Remainder {
    let back: Quantity = returned.iter().map(|part| part.quantity).sum();
    let whole_is_back = back == line.entered.quantity && (!back.is_zero() || returned.len() == 1);
    if !whole_is_back || line.entered.direction == Direction::Return {
        return Remainder { tax_minor: vec![Minor::ZERO; line.tax_amounts.len()], ..Remainder::default() };
    }
    let mut taxes: BTreeMap<usize, Minor> = BTreeMap::new();
    for part in returned {
        for (index, tax) in part.tax_minor.iter().enumerate() {
            *taxes.entry(index).or_default() += *tax;
        }
    }
    let left =
        |(index, tax): (usize, &TaxAmount)| tax.amount_minor - taxes.get(&index).copied().unwrap_or_default();
    let cost = |quantity| line.entered.unit_cost.map_or(Minor::ZERO, |cost| cost.extend(quantity));
    Remainder {
        net_minor: line.net_minor - returned.iter().map(|part| part.net_minor).sum(),
        tax_minor: line.tax_amounts.iter().enumerate().map(left).collect(),
        cost_minor: cost(line.entered.quantity) - returned.iter().map(|part| cost(part.quantity)).sum(),
    }
}
