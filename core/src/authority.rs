//! Who may do what: roles as data, checked where a decision is made.
//!
//! A role allows an act, hands it to somebody else for approval, or denies it. An approver is another person whose own role allows the
//! act; the approval stands in the envelope of what was then recorded.

use std::collections::BTreeMap;

use crate::event::description::{Grant, Permission};
use crate::ids::StaffId;

/// What each role may do, by act.
pub type Roles = BTreeMap<String, BTreeMap<Permission, Grant>>;

/// A person with the rights of their role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The person.
    pub staff: StaffId,
    /// What their role says about each act; an act it does not name is denied.
    pub grants: BTreeMap<Permission, Grant>,
}

impl Person {
    /// A person with a role out of a set of roles; a role that is not there may do nothing.
    pub fn with_role(staff: StaffId, role: &str, roles: &Roles) -> Self {
        Person { staff, grants: roles.get(role).cloned().unwrap_or_default() }
    }

    fn grant(&self, permission: Permission) -> Grant {
        self.grants.get(&permission).copied().unwrap_or(Grant::Denied)
    }
}

/// The person who acts and, where there is one, the person who approves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Who acts.
    pub actor: Person,
    /// Who approves.
    pub approver: Option<Person>,
}

/// Why an act is not permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPermitted {
    /// The role hands this act to somebody else, and nobody (or the same person) approved it.
    NeedsApproval(Permission),
    /// The role denies it.
    Denied(Permission),
}

impl Authority {
    /// Whether the act is permitted; `true` where the approver was needed for it.
    pub fn permit(&self, permission: Permission) -> Result<bool, NotPermitted> {
        match self.actor.grant(permission) {
            Grant::Allowed => Ok(false),
            Grant::Denied => Err(NotPermitted::Denied(permission)),
            Grant::NeedsApproval => {
                let approves =
                    |p: &Person| p.staff != self.actor.staff && p.grant(permission) == Grant::Allowed;
                let approved = self.approver.as_ref().is_some_and(approves);
                if approved {
                    Ok(true)
                } else {
                    Err(NotPermitted::NeedsApproval(permission))
                }
            }
        }
    }
}

/// The roles a new organisation starts with: `cashier`, `manager` and `head_office`.
pub fn default_roles() -> Roles {
    use Permission as P;
    let all = [
        P::Sell,
        P::ReturnLinked,
        P::ReturnBlind,
        P::OverridePrice,
        P::SellOpenItem,
        P::Discount,
        P::AbandonSale,
        P::RunShift,
        P::MoveCash,
        P::ChangeStock,
        P::ChangeCatalogue,
        P::AnswerConflict,
    ];
    let cashier = |permission| match permission {
        P::Sell | P::ReturnLinked | P::SellOpenItem | P::AbandonSale | P::RunShift => Grant::Allowed,
        P::ReturnBlind | P::OverridePrice | P::Discount | P::MoveCash | P::ChangeStock => {
            Grant::NeedsApproval
        }
        P::ChangeCatalogue | P::AnswerConflict => Grant::Denied,
    };
    let role = |grant: &dyn Fn(Permission) -> Grant| {
        all.into_iter().map(|p| (p, grant(p))).collect::<BTreeMap<_, _>>()
    };
    BTreeMap::from([
        ("cashier".to_owned(), role(&cashier)),
        ("manager".to_owned(), role(&|_| Grant::Allowed)),
        ("head_office".to_owned(), role(&|_| Grant::Allowed)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u128, role: &str) -> Person {
        Person::with_role(StaffId(uuid::Uuid::from_u128(number)), role, &default_roles())
    }

    #[test]
    fn an_approver_must_be_another_person_who_may_do_it() {
        let blind = Permission::ReturnBlind;
        let cases = [
            (person(1, "cashier"), None, Err(NotPermitted::NeedsApproval(blind))),
            (person(1, "cashier"), Some(person(2, "cashier")), Err(NotPermitted::NeedsApproval(blind))),
            (person(1, "cashier"), Some(person(1, "manager")), Err(NotPermitted::NeedsApproval(blind))),
            (person(1, "cashier"), Some(person(2, "manager")), Ok(true)),
            (person(2, "manager"), None, Ok(false)),
            (person(3, "visitor"), Some(person(2, "manager")), Err(NotPermitted::Denied(blind))),
        ];
        for (actor, approver, expected) in cases {
            assert_eq!(Authority { actor, approver }.permit(blind), expected);
        }
    }
}
