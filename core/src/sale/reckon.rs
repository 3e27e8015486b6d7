//! Reckoning: from the lines of a cart to the amounts of a document.
//!
//! A pure function of what was entered, used when the cart is shown, when it is completed, and again by whoever checks a
//! document. The pipeline is fixed (trade rule 3): what was entered, promotions, discounts of a line, discounts of the whole sale, store
//! coupons, each on the previous result; then tax.

use crate::amount::{Minor, Rate, allocate};
use crate::event::sale::{
    CartLine, Direction, Discount, Discounted, Line, LineKind, Prices, Reduction, ReductionSource, TaxAmount,
    Terms, Totals,
};
use crate::limits::{EVENT_AMOUNT_MINOR_MAX, LINE_AMOUNT_MINOR_MAX, QUANTITY_THOUSANDTHS_MAX};
use crate::sale::promotion::{Promotion, promote};
use crate::sale::tax::{sum_taxes, tax_lines};

/// A reckoned document: lines, taxes and sums, without tenders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reckoned {
    /// The lines with all reductions and taxes.
    pub lines: Vec<Line>,
    /// Taxes of the whole document.
    pub taxes: Vec<TaxAmount>,
    /// The sums; rounding is still zero.
    pub totals: Totals,
}

/// Reckons a cart.
pub fn reckon(
    terms: &Terms,
    lines: &[CartLine],
    discounts: &[Discounted],
    promotions: &[Promotion],
) -> Reckoned {
    let mut lines = lines.to_vec();
    apply_promotions(&mut lines, promotions);
    for source in [ReductionSource::Line, ReductionSource::Sale, ReductionSource::StoreCoupon] {
        for discount in discounts.iter().filter(|discount| discount.source == source) {
            apply_discount(&mut lines, discount);
        }
    }
    let nets: Vec<Minor> = lines.iter().map(net_of).collect();
    let taxes = tax_lines(terms, &lines, &nets);
    let lines: Vec<Line> = lines
        .into_iter()
        .zip(nets)
        .zip(taxes)
        .map(|((entered, net_minor), tax_amounts)| Line { entered, net_minor, tax_amounts })
        .collect();
    sum_up(terms, lines)
}

/// Sums up lines that are already reckoned.
pub fn sum_up(terms: &Terms, lines: Vec<Line>) -> Reckoned {
    let taxes = sum_taxes(lines.iter().flat_map(|line| &line.tax_amounts));
    let totals = totals_of(terms, &lines);
    Reckoned { lines, taxes, totals }
}

/// The sums of lines that are already reckoned; rounding is still zero.
pub fn totals_of(terms: &Terms, lines: &[Line]) -> Totals {
    let gross = |direction| {
        lines
            .iter()
            .filter(|l| l.entered.direction == direction)
            .map(|l| l.entered.extended_minor)
            .sum()
    };
    let net_minor: Minor = lines.iter().map(|line| line.net_minor).sum();
    let tax_minor: Minor = lines.iter().flat_map(|line| &line.tax_amounts).map(|tax| tax.amount_minor).sum();
    Totals {
        lines: u32::try_from(lines.len()).unwrap_or(u32::MAX),
        gross_sales_minor: gross(Direction::Sale),
        gross_returns_minor: gross(Direction::Return),
        reductions_minor: lines.iter().flat_map(|l| &l.entered.reductions).map(|r| r.amount_minor).sum(),
        net_minor,
        tax_minor,
        total_minor: match terms.prices {
            Prices::Inclusive => net_minor,
            Prices::Exclusive => net_minor + tax_minor,
        },
        rounding_minor: Minor::ZERO,
    }
}

/// Extended amount less the reductions so far.
pub fn net_of(line: &CartLine) -> Minor {
    line.extended_minor - line.reductions.iter().map(|reduction| reduction.amount_minor).sum()
}

/// Whether a line stays within the limits that sums over many documents rely on.
pub fn is_within_limits(line: &Line) -> bool {
    let entered = &line.entered;
    let cost = entered.unit_cost.map_or(Minor::ZERO, |cost| cost.extend(entered.quantity));
    let taxes: Minor = line.tax_amounts.iter().map(|tax| tax.amount_minor.abs()).sum();
    let mut amounts = [entered.extended_minor, line.net_minor, cost, taxes]
        .into_iter()
        .chain(entered.references.iter().map(|reference| reference.amount_minor));
    let mut quantities = std::iter::once(entered.quantity)
        .chain(entered.references.iter().map(|reference| reference.quantity));
    let mut rates = entered
        .taxes
        .iter()
        .map(|tax| tax.rate)
        .chain(line.tax_amounts.iter().map(|tax| tax.rate));
    amounts.all(|amount| amount.abs().get() <= LINE_AMOUNT_MINOR_MAX)
        && quantities.all(|quantity| quantity.abs().thousandths() <= QUANTITY_THOUSANDTHS_MAX)
        && rates.all(Rate::is_sane)
}

/// Whether a document's sums stay within what one event may add to sums over many.
pub fn totals_are_within_limits(totals: &Totals) -> bool {
    [
        totals.gross_sales_minor,
        totals.gross_returns_minor,
        totals.reductions_minor,
        totals.net_minor,
        totals.tax_minor,
        totals.total_minor,
        totals.rounding_minor,
    ]
    .iter()
    .all(|amount| amount.abs().get() <= EVENT_AMOUNT_MINOR_MAX)
}

fn apply_promotions(lines: &mut [CartLine], promotions: &[Promotion]) {
    if promotions.is_empty() {
        return;
    }
    let left: Vec<Minor> = lines.iter().map(net_of).collect();
    let found = promote(promotions, lines, &left);
    for (line, reductions) in lines.iter_mut().zip(found) {
        line.reductions.extend(reductions.into_iter().map(|(name, amount_minor)| Reduction {
            source: ReductionSource::Promotion,
            name: Some(name),
            reason: None,
            amount_minor,
        }));
    }
}

fn apply_discount(lines: &mut [CartLine], discount: &Discounted) {
    let mut eligible: Vec<&mut CartLine> = lines
        .iter_mut()
        .filter(|line| discount.line.is_none_or(|number| number == line.line) && may_be_reduced(line))
        .collect();
    let left: Vec<Minor> = eligible.iter().map(|line| net_of(line)).collect();
    let whole: Minor = left.iter().copied().sum();
    let off = match discount.discount {
        Discount::Percent(rate) => rate.of(whole).min(whole),
        Discount::AmountMinor(amount) => amount.min(whole),
    };
    if off.is_zero() {
        return;
    }
    for (line, amount_minor) in eligible.iter_mut().zip(allocate(off, &left)) {
        if !amount_minor.is_zero() {
            let (source, name, reason) = (discount.source, discount.name.clone(), discount.reason.clone());
            line.reductions.push(Reduction { source, name, reason, amount_minor });
        }
    }
}

/// Discounts touch sale lines with something left; never stored value or deposits.
fn may_be_reduced(line: &CartLine) -> bool {
    line.direction == Direction::Sale
        && line.discountable
        && !matches!(line.kind, LineKind::StoredValue | LineKind::Deposit)
        && net_of(line) > Minor::ZERO
}
