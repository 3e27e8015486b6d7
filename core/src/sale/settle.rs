//! Payments of a completed document whose outcome was not known when it was completed (trade rules 7 and 14).
//!
//! The document stays as it is. What the terminal turned out to say is a correction, in the shift in which somebody looked: a payment
//! that was charged is settled, one that was not leaves its amount due.

use crate::amount::Currency;
use crate::authority::Authority;
use crate::event::description::Permission;
use crate::event::sale::{Completed, Tender, TenderCorrected, TenderState};
use crate::ids::{SaleId, ShiftId, StoreId};
use crate::sale::Rejection;
use crate::sale::decide::Decision;

/// Why a payment is corrected whose outcome was not known: the terminal said that it was charged.
pub const CHARGED: &str = "terminal_approved";
/// Why a payment is corrected whose outcome was not known: the terminal said that it was not charged.
pub const NOT_CHARGED: &str = "terminal_declined";

/// How a document was paid, as far as its corrections tell; these in the order they were recorded.
pub fn paid<'a>(
    completed: &Completed,
    corrections: impl IntoIterator<Item = &'a TenderCorrected>,
) -> Vec<Tender> {
    let mut tenders = completed.tenders.clone();
    for correction in corrections {
        if let Some(at) = tenders.iter().position(|tender| *tender == correction.wrong) {
            tenders.splice(at..=at, correction.instead.iter().cloned());
        }
    }
    tenders
}

/// Where and by whom a payment is settled.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The store.
    pub store: StoreId,
    /// The open shift.
    pub shift: Option<ShiftId>,
    /// Currency of the document.
    pub currency: Currency,
    /// Who acts, and who approves.
    pub authority: &'a Authority,
}

/// Decides what became of a payment whose outcome was not known. `tenders` is how the document is [`paid`].
///
/// That money did come says whoever may sell. That it did not takes money out of the books, and needs the right for that.
pub fn decide(
    sale: SaleId,
    tenders: &[Tender],
    number: u32,
    charged: bool,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let shift = context.shift.ok_or(Rejection::NoShift)?;
    let tender = tenders.iter().find(|tender| tender.tender == number);
    let wrong = tender.ok_or(Rejection::NoSuchTender(number))?.clone();
    if wrong.state != TenderState::ToVerify {
        return Err(Rejection::Senseless("the outcome of this payment is known"));
    }
    let right = if charged { Permission::Sell } else { Permission::MoveCash };
    let approved = context.authority.permit(right)?;
    let instead = charged.then(|| Tender { state: TenderState::Settled, ..wrong.clone() });
    let corrected = TenderCorrected {
        sale,
        store: context.store,
        shift,
        currency: context.currency,
        wrong,
        instead: instead.into_iter().collect(),
        reason: if charged { CHARGED } else { NOT_CHARGED }.to_owned(),
    };
    Ok(Decision { events: vec![corrected.into()], approved })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amount::Minor;
    use crate::authority::NotPermitted;
    use crate::authority::{Person, default_roles};
    use crate::event::Event;
    use crate::event::sale::TenderClass;
    use crate::ids::StaffId;
    use crate::journal::{DUE, post};
    use uuid::Uuid;

    fn tender(number: u32, state: TenderState) -> Tender {
        Tender {
            tender: number,
            tender_type: "card".to_owned(),
            class: TenderClass::Card,
            amount_minor: Minor::new(1_000),
            given_minor: None,
            change_minor: None,
            rounding_minor: None,
            state,
            card: None,
            voucher: None,
            foreign: None,
        }
    }

    fn settle(role: &str, number: u32, charged: bool) -> Result<TenderCorrected, Rejection> {
        let tenders = [tender(1, TenderState::Settled), tender(3, TenderState::ToVerify)];
        let actor = Person::with_role(StaffId(Uuid::from_u128(1)), role, &default_roles());
        let authority = Authority { actor, approver: None };
        let context = Context {
            store: StoreId(Uuid::nil()),
            shift: Some(ShiftId(Uuid::nil())),
            currency: Currency::from_code("EUR").unwrap(),
            authority: &authority,
        };
        let decision = decide(SaleId(Uuid::nil()), &tenders, number, charged, &context)?;
        match decision.events.as_slice() {
            [Event::SaleTenderCorrected(corrected)] => Ok(corrected.clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_charged_is_settled_and_what_was_not_is_due_again() {
        // (charged) → what it was in truth, what is due
        for (charged, instead, due) in
            [(true, vec![tender(3, TenderState::Settled)], 0), (false, vec![], 1_000)]
        {
            let corrected = settle("manager", 3, charged).unwrap();
            assert_eq!(corrected.instead, instead);
            let postings = post(&corrected.into());
            let of_due: Minor = postings.iter().filter(|p| p.account == DUE).map(|p| p.amount_minor).sum();
            assert_eq!(of_due.get(), due, "charged: {charged}");
        }
    }

    #[test]
    fn that_money_came_says_whoever_sells_and_that_it_did_not_somebody_who_may_move_money() {
        assert!(settle("cashier", 3, true).is_ok());
        let needed = NotPermitted::NeedsApproval(Permission::MoveCash);
        assert_eq!(settle("cashier", 3, false), Err(Rejection::NotPermitted(needed)));
    }

    #[test]
    fn only_a_payment_that_is_not_known_is_settled_and_only_once() {
        assert!(matches!(settle("manager", 1, true), Err(Rejection::Senseless(_))));
        assert_eq!(settle("manager", 2, true), Err(Rejection::NoSuchTender(2)));
    }
}
