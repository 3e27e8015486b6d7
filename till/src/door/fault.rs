//! Why the till says no, as the window reads it: a code that becomes a sentence in one place, and the values in it.

use daybook_core::authority::NotPermitted;
use daybook_core::identity::lockout::Lockout;
use daybook_core::sale::Rejection;
use daybook_core::sale::returns::NotReturnable;
use daybook_store::StoreError;
use std::collections::BTreeMap;

use super::types::{Fault, FaultKind, Value};
use crate::alone::AloneError;
use crate::enrol::EnrolError;
use crate::execute::ExecuteError;
use crate::people::SignInError;
use crate::print::PrintError;

pub(super) fn fault(kind: FaultKind, code: &str, values: &[(&str, Value)]) -> Fault {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Fault { code: code.to_owned(), kind, permission: None, values }
}

/// Something was asked that makes no sense; `what` says which part.
pub(super) fn senseless(what: &str) -> Fault {
    fault(FaultKind::Refused, "senseless", &[("what", Value::Text(what.to_owned()))])
}

impl Fault {
    /// A fault with why it is so, in words.
    pub fn of(kind: FaultKind, code: &str, why: &str) -> Self {
        fault(kind, code, &[("why", Value::Text(why.to_owned()))])
    }
}

impl From<SignInError> for Fault {
    fn from(error: SignInError) -> Self {
        let refused = |code: &str, values: &[(&str, Value)]| fault(FaultKind::Refused, code, values);
        match error {
            SignInError::WrongPin(Lockout::Open { tries_left }) => {
                refused("wrong-pin", &[("tries_left", Value::Number(i64::from(tries_left)))])
            }
            SignInError::WrongPin(Lockout::Pause { seconds })
            | SignInError::NotNow(Lockout::Pause { seconds }) => {
                refused("locked", &[("seconds", Value::Number(i64::try_from(seconds).unwrap_or(i64::MAX)))])
            }
            SignInError::WrongPin(Lockout::Locked) | SignInError::NotNow(_) => refused("locked-out", &[]),
            SignInError::UnknownPerson => refused("unknown-person", &[]),
            SignInError::NoPin => refused("no-pin", &[]),
            SignInError::NotEnrolled => refused("not-enrolled", &[]),
            SignInError::NotCounted(error) => error.into(),
            SignInError::NotRecorded(error) => {
                Fault::of(FaultKind::NotRecorded, "not-recorded", &error.to_string())
            }
        }
    }
}

impl From<AloneError> for Fault {
    fn from(error: AloneError) -> Self {
        let code = match &error {
            AloneError::Pin(_) => "weak-pin",
            AloneError::AlreadyEnrolled => "already-enrolled",
            _ => "cannot-begin",
        };
        Fault::of(FaultKind::Refused, code, &error.to_string())
    }
}

impl From<PrintError> for Fault {
    fn from(error: PrintError) -> Self {
        let code = match &error {
            PrintError::NoPrinter => "no-printer",
            PrintError::UnknownDocument => "unknown-receipt",
            PrintError::NoShift | PrintError::NoClosing => "no-shift",
            PrintError::NoSuchJob => "no-such-print",
            PrintError::QueueFull => "print-queue-full",
            PrintError::Senseless(_) => "senseless",
            PrintError::NotKept(_) => "print-not-kept",
        };
        Fault::of(FaultKind::Refused, code, &error.to_string())
    }
}

impl From<EnrolError> for Fault {
    fn from(error: EnrolError) -> Self {
        let code = match &error {
            EnrolError::Network(_) => "unreachable",
            _ => "code-refused",
        };
        Fault::of(FaultKind::Refused, code, &error.to_string())
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        let code = if matches!(error, StoreError::Full) {
            "disk-full"
        } else {
            "not-recorded"
        };
        fault(FaultKind::NotRecorded, code, &[("why", Value::Text(error.to_string()))])
    }
}

impl From<ExecuteError> for Fault {
    fn from(error: ExecuteError) -> Self {
        let text = |text: &str| Value::Text(text.to_owned());
        match error {
            ExecuteError::Rejected(rejection) => rejected(&rejection),
            ExecuteError::NotEnrolled => fault(FaultKind::Refused, "not-enrolled", &[]),
            ExecuteError::NotSignedIn => fault(FaultKind::SignedOut, "signed-out", &[]),
            ExecuteError::ApprovalOver => fault(FaultKind::NeedsApproval, "approval-over", &[]),
            ExecuteError::OwnApproval => fault(FaultKind::Refused, "same-person", &[]),
            ExecuteError::UnknownPerson(_) => fault(FaultKind::SignedOut, "unknown-person", &[]),
            ExecuteError::UnknownCode(code) => {
                fault(FaultKind::UnknownCode, "unknown-code", &[("code", text(&code))])
            }
            ExecuteError::UnknownDocument => fault(FaultKind::Refused, "unknown-receipt", &[]),
            ExecuteError::NotRecorded(error) => error.into(),
            ExecuteError::Unknown(error) => {
                fault(FaultKind::Stopped, "outcome-unknown", &[("why", text(&error.to_string()))])
            }
            ExecuteError::Latched(why) => fault(FaultKind::Stopped, "stopped", &[("why", text(&why))]),
        }
    }
}

fn rejected(rejection: &Rejection) -> Fault {
    let refused = |code: &str, values: &[(&str, Value)]| fault(FaultKind::Refused, code, values);
    let text = |text: &str| Value::Text(text.to_owned());
    match rejection {
        Rejection::NoShift => refused("no-shift", &[]),
        Rejection::NotOpen => refused("not-open", &[]),
        Rejection::NoSuchLine(line) => refused("no-such-line", &[("line", Value::Number(i64::from(*line)))]),
        Rejection::NoSuchTender(_) => refused("no-such-tender", &[]),
        Rejection::PaymentBegun => refused("payment-begun", &[]),
        Rejection::Empty => refused("empty", &[]),
        Rejection::NoPrice => refused("no-price", &[]),
        Rejection::BeyondLimit(what) => refused("beyond-limit", &[("what", text(what))]),
        Rejection::Senseless(what) => refused("senseless", &[("what", text(what))]),
        Rejection::NotPermitted(NotPermitted::NeedsApproval(permission)) => Fault {
            code: "needs-approval".to_owned(),
            kind: FaultKind::NeedsApproval,
            permission: Some(daybook_core::project::rows::word(permission)),
            values: BTreeMap::new(),
        },
        Rejection::NotPermitted(NotPermitted::Denied(permission)) => Fault {
            permission: Some(daybook_core::project::rows::word(permission)),
            ..refused("not-permitted", &[])
        },
        Rejection::NotReturnable(NotReturnable::IsReturn) => refused("not-returnable", &[]),
        Rejection::NotReturnable(NotReturnable::TooMuch(left)) => {
            refused("not-returnable", &[("left", Value::Number(left.thousandths().max(0)))])
        }
        Rejection::NotReturnable(NotReturnable::Nothing) => refused("senseless", &[]),
        Rejection::NoSuchTenderType(name) => refused("no-such-tender-type", &[("tender_type", text(name))]),
        Rejection::NeedsVoucher => refused("needs-voucher", &[]),
        Rejection::NeedsCustomer => refused("needs-customer", &[]),
        Rejection::UnknownTaxClass(class) => refused("unknown-tax-class", &[("class", text(class))]),
        Rejection::RecalledBefore => refused("recalled-before", &[]),
        Rejection::OverTender(due) => refused("over-tender", &[("due", Value::Number(due.get()))]),
        Rejection::Unsettled(rest) => refused("unsettled", &[("rest", Value::Number(rest.get()))]),
    }
}
