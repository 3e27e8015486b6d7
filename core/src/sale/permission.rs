//! Whose right an act of a sale needs: taking back, stating an amount, paying money out.
//!
//! A return is linked only where the receipt is known here and covers it: what somebody merely says about an earlier sale is as good as
//! no receipt. Money that goes out goes the way the original was paid, or somebody else approves.

use crate::amount::{Minor, Quantity};
use crate::event::description::Permission;
use crate::event::sale::{AmountSource, CartLine, Direction, LineKind, PriceSource, Terms};
use crate::sale::Sale;
use crate::sale::decide::Context;
use crate::sale::returns::{Original, Returned, part_of};

/// The rights that a line needs; `linked` where known receipts cover what it takes back.
pub(super) fn of_line(line: &CartLine, linked: bool) -> Vec<Permission> {
    let mut permissions = Vec::new();
    let deposit_back = line.kind == LineKind::Deposit && line.price_source == Some(PriceSource::Catalogue);
    if line.direction == Direction::Return {
        let known = deposit_back || linked;
        permissions.push(if known { Permission::ReturnLinked } else { Permission::ReturnBlind });
    }
    let backwards = (line.extended_minor < Minor::ZERO) != (line.quantity < Quantity::ZERO)
        && !line.extended_minor.is_zero();
    let stated = matches!(line.extended_from, AmountSource::Given | AmountSource::Label)
        || line.price_source == Some(PriceSource::Override);
    let open_though_priced = line.extended_from == AmountSource::Open && line.product.is_some();
    if stated || open_though_priced || (backwards && !line.quantity.is_zero()) {
        permissions.push(Permission::OverridePrice);
    }
    if !line.reductions.is_empty() && line.extended_from != AmountSource::Original {
        permissions.push(Permission::Discount);
    }
    if line.product.is_none() {
        permissions.push(Permission::SellOpenItem);
    }
    permissions
}

/// Whether known originals cover all that a line takes back: the same goods, no more of them than is left, and no more money than their
/// share.
pub(super) fn is_linked(line: &CartLine, sale: &Sale, terms: &Terms, originals: &[Original]) -> bool {
    let mut known: Vec<Original> = originals.iter().map(|original| with_cart(original, sale)).collect();
    let (mut quantity, mut paid) = (Quantity::ZERO, Minor::ZERO);
    for reference in &line.references {
        let named = |original: &&mut Original| {
            original.sale == reference.sale && original.line.entered.line == reference.line
        };
        let Some(original) = known.iter_mut().find(named) else { return false };
        let sold = &original.line.entered;
        let same = match sold.product {
            Some(product) => line.product == Some(product),
            None => line.product.is_none() && line.sku == sold.sku,
        };
        let reckoned_alike = original.prices == terms.prices && original.currency == terms.currency;
        let Ok(part) = part_of(original, reference.quantity) else { return false };
        if !same || !reckoned_alike || reference.amount_minor > part.net_minor {
            return false;
        }
        quantity = quantity + part.quantity;
        paid += reference.amount_minor;
        original.returned.push(Returned { net_minor: reference.amount_minor, ..part });
    }
    let reduced: Minor = line.reductions.iter().map(|reduction| reduction.amount_minor).sum();
    !line.references.is_empty() && quantity == -line.quantity && reduced - line.extended_minor <= paid
}

/// The original with what this very cart already takes back of it.
pub(super) fn with_cart(original: &Original, sale: &Sale) -> Original {
    let mut original = original.clone();
    let number = original.line.entered.line;
    for line in sale.lines.values() {
        for reference in line.references.iter().filter(|r| r.sale == original.sale && r.line == number) {
            let taxes = line.taxes_taken.iter().flatten().map(|tax| -tax.amount_minor).collect();
            original.returned.push(Returned {
                quantity: reference.quantity,
                net_minor: reference.amount_minor,
                extended_minor: -line.extended_minor,
                tax_minor: taxes,
            });
        }
    }
    original
}

/// The right that paying money out as `tender_type` needs when the document comes to `total`; none where it needs no more than the
/// lines did.
pub(super) fn of_payout(context: &Context<'_>, tender_type: &str, total: Minor) -> Option<Permission> {
    if total >= Minor::ZERO {
        // Nothing is owed for goods: an earlier tender was more than the rest and its type keeps that (trade rule 11).
        return Some(Permission::MoveCash);
    }
    let allowed = context.refunds_to.as_ref()?;
    (!allowed.contains(tender_type)).then_some(Permission::ReturnBlind)
}
