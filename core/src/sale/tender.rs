//! Tenders: what is due, what was given, what goes back (trade rules 11 and 12).
//!
//! Given and change are recorded apart. Cash rounding is applied once, to what remains when the tender that settles it is cash; it is its
//! own field and account, outside net and tax.

use std::collections::BTreeMap;

use crate::amount::{Minor, divide_half_away};
use crate::authority::Authority;
use crate::event::description::{Permission, TenderType};
use crate::event::sale::{
    CardDetails, CashRounding, ForeignCash, OverTender, Tender, TenderClass, TenderState, Terms,
};
use crate::event::tender::{TenderFate, TenderRemoved};
use crate::ids::{SaleId, VoucherId};
use crate::sale::decide::Decision;
use crate::sale::{Rejection, Sale};

/// What the cashier says about a tender.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TenderStatement {
    /// The store's tender type.
    pub tender_type: String,
    /// What was handed over; negative for money that goes out. None: exactly what is due.
    pub given_minor: Option<Minor>,
    /// What the card terminal said.
    #[serde(default)]
    pub card: Option<CardDetails>,
    /// Whether the outcome of a card payment could not be learnt.
    #[serde(default)]
    pub outcome_unknown: bool,
    /// The voucher, gift card or credit.
    #[serde(default)]
    pub voucher: Option<VoucherId>,
    /// Foreign cash handed over; `given_minor` is its worth.
    #[serde(default)]
    pub foreign: Option<ForeignCash>,
}

impl TenderStatement {
    /// A tender of a type with what was handed over.
    pub fn of(tender_type: &str, given_minor: Option<Minor>) -> Self {
        TenderStatement {
            tender_type: tender_type.to_owned(),
            given_minor,
            card: None,
            outcome_unknown: false,
            voucher: None,
            foreign: None,
        }
    }
}

/// The tender numbered `number` that a statement amounts to when `due` remains (negative: to be paid out) after earlier tenders brought
/// about a rounding of `rounded`.
pub fn take(
    statement: &TenderStatement,
    number: u32,
    due: Minor,
    rounded: Minor,
    terms: &Terms,
    types: &BTreeMap<String, TenderType>,
) -> Result<Tender, Rejection> {
    let tender_type = types
        .get(&statement.tender_type)
        .ok_or_else(|| Rejection::NoSuchTenderType(statement.tender_type.clone()))?;
    // Rounding is applied once: where a tender that is kept whole came after cash, all that was not paid so far is rounded again.
    let payable = match (&terms.cash_rounding, tender_type.rounds) {
        (Some(rounding), true) if !due.is_zero() => round_cash(due - rounded, rounding),
        _ => due,
    };
    let given = statement.given_minor.unwrap_or(payable);
    let covers = if payable >= Minor::ZERO { given >= payable } else { given <= payable };
    let mut tender = Tender {
        tender: number,
        tender_type: statement.tender_type.clone(),
        class: tender_type.class,
        amount_minor: given,
        given_minor: None,
        change_minor: None,
        rounding_minor: None,
        state: if statement.outcome_unknown {
            TenderState::ToVerify
        } else {
            TenderState::Settled
        },
        card: statement.card.clone(),
        voucher: statement.voucher,
        foreign: statement.foreign.clone(),
    };
    if statement.outcome_unknown && tender_type.class != TenderClass::Card {
        return Err(Rejection::Senseless("only a card payment can have an unknown outcome"));
    }
    let rounding = if covers && tender_type.rounds { payable - due } else { Minor::ZERO };
    tender.rounding_minor = (!rounding.is_zero()).then_some(rounding);
    if given == payable || given.is_zero() {
        return Ok(tender);
    }
    let wrong_way = (given < Minor::ZERO) != (payable < Minor::ZERO);
    match tender_type.over_tender {
        OverTender::Kept => {
            tender.rounding_minor = None;
            Ok(tender)
        }
        _ if payable.is_zero() || wrong_way => Err(Rejection::OverTender(payable)),
        _ if !covers => Ok(tender),
        // Change is cash out of the drawer, so only cash may bring it about (trade rule 11): the change of anything else
        // would leave the drawer without a tender that says so. Types like vouchers keep the rest and pay it out in cash.
        OverTender::Change if payable > Minor::ZERO && tender.class == TenderClass::Cash => {
            tender.amount_minor = payable;
            tender.given_minor = Some(given);
            tender.change_minor = Some(given - payable);
            Ok(tender)
        }
        OverTender::Change | OverTender::No => Err(Rejection::OverTender(payable)),
    }
}

/// Takes a tender back before its document is completed. That gives a part of the sale up, so it needs the same right.
pub(super) fn remove(
    sale: &Sale,
    id: SaleId,
    authority: &Authority,
    number: u32,
    fate: TenderFate,
) -> Result<Decision, Rejection> {
    let tender = sale.tenders.iter().find(|tender| tender.tender == number);
    let tender = tender.ok_or(Rejection::NoSuchTender(number))?;
    match (fate, tender.class) {
        (TenderFate::HandedBack, TenderClass::Card) => {
            return Err(Rejection::Senseless("a card payment goes back by its terminal"));
        }
        (TenderFate::Reversed, class) if class != TenderClass::Card => {
            return Err(Rejection::Senseless("only a card terminal takes a payment back"));
        }
        _ => {}
    }
    let approved = authority.permit(Permission::AbandonSale)?;
    Ok(Decision { events: vec![TenderRemoved { sale: id, tender: number, fate }.into()], approved })
}

/// The nearest payable amount; halves go away from zero.
pub fn round_cash(due: Minor, rounding: &CashRounding) -> Minor {
    let step = rounding.step_minor.max(1);
    let steps = divide_half_away(i128::from(due.get()), i128::from(step));
    Minor::new(i64::try_from(steps * i128::from(step)).unwrap_or(due.get()))
}

/// The tender types a new organisation starts with.
pub fn default_tender_types() -> BTreeMap<String, TenderType> {
    let tender_type = |class, over_tender, refunds_to: &[&str], opens_drawer, rounds| TenderType {
        class,
        over_tender,
        refunds_to: refunds_to.iter().map(|&name| name.to_owned()).collect(),
        counted: class != TenderClass::Account,
        opens_drawer,
        rounds,
    };
    BTreeMap::from([
        ("cash".to_owned(), tender_type(TenderClass::Cash, OverTender::Change, &["cash"], true, true)),
        ("card".to_owned(), tender_type(TenderClass::Card, OverTender::No, &["card", "cash"], false, false)),
        (
            "manufacturer_coupon".to_owned(),
            tender_type(TenderClass::Claim, OverTender::Kept, &["manufacturer_coupon"], false, false),
        ),
        (
            "gift_card".to_owned(),
            tender_type(TenderClass::StoredValue, OverTender::No, &["store_credit"], false, false),
        ),
        (
            "store_credit".to_owned(),
            tender_type(TenderClass::StoredValue, OverTender::No, &["store_credit"], false, false),
        ),
        ("account".to_owned(), tender_type(TenderClass::Account, OverTender::No, &["account"], false, false)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amount::Currency;
    use crate::event::sale::{Prices, TaxRounding};

    #[test]
    fn what_is_given_what_is_kept_and_what_goes_back() {
        // (type, given, due, step) → kept, change, rounding
        type Case = (&'static str, Option<i64>, i64, i64, Result<(i64, i64, i64), Rejection>);
        let refused = |due| Err(Rejection::OverTender(Minor::new(due)));
        let cases: [Case; 16] = [
            ("cash", None, 998, 1, Ok((998, 0, 0))),
            ("cash", Some(2000), 998, 1, Ok((998, 1002, 0))),
            ("cash", Some(500), 998, 1, Ok((500, 0, 0))),
            ("cash", None, 998, 5, Ok((1000, 0, 2))),
            ("cash", Some(2000), 997, 5, Ok((995, 1005, -2))),
            ("cash", Some(500), 998, 5, Ok((500, 0, 0))),
            ("cash", None, 2, 5, Ok((0, 0, -2))),
            ("cash", None, -998, 5, Ok((-1000, 0, -2))),
            ("cash", Some(-1000), -998, 1, refused(-998)),
            ("cash", Some(-500), -998, 1, Ok((-500, 0, 0))),
            ("cash", Some(100), 0, 1, refused(0)),
            ("cash", Some(0), 0, 1, Ok((0, 0, 0))),
            ("card", Some(999), 998, 5, refused(998)),
            ("card", None, 998, 5, Ok((998, 0, 0))),
            ("manufacturer_coupon", Some(100), 50, 1, Ok((100, 0, 0))),
            ("manufacturer_coupon", Some(-100), -250, 1, Ok((-100, 0, 0))),
        ];
        for (name, given, due, step, expected) in cases {
            let terms = Terms {
                currency: Currency::from_code("EUR").unwrap(),
                prices: Prices::Inclusive,
                tax_rounding: TaxRounding::Document,
                cash_rounding: Some(CashRounding { step_minor: step }),
            };
            let statement = TenderStatement::of(name, given.map(Minor::new));
            let taken = take(&statement, 1, Minor::new(due), Minor::ZERO, &terms, &default_tender_types());
            let short = |t: Tender| {
                (
                    t.amount_minor.get(),
                    t.change_minor.unwrap_or_default().get(),
                    t.rounding_minor.unwrap_or_default().get(),
                )
            };
            assert_eq!(taken.map(short), expected, "{name} {given:?} of {due} in steps of {step}");
        }
    }
}
