//! Who is at the till, as the window asks for it: joining a store, tiles, signing in, and another person's word for one act.

use daybook_core::event::description::{Grant, Permission};
use daybook_core::identity::enrol::EnrolCode;
use daybook_core::identity::lockout::Lockout;
use daybook_core::identity::pin::Pin;
use daybook_core::ids::StaffId;
use daybook_core::project::rows::word;
use std::collections::BTreeMap;
use tokio::runtime::Handle;

use super::fault::{fault, senseless};
use super::types::{Approval, Fault, FaultKind, Person, PersonTile, Right, Status};
use super::{Door, id};
use crate::people::{SignInError, Tile};
use crate::session::Session;
use crate::till::{Inner, Shop};

/// Until when somebody has to wait, by the till's clock; far away where waiting does not help.
fn locked_until(lockout: Lockout, now: i64) -> Option<i64> {
    match lockout {
        Lockout::Open { .. } => None,
        Lockout::Pause { seconds } => {
            Some(now.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000)))
        }
        Lockout::Locked => Some(daybook_core::limits::AMOUNT_MINOR_MAX),
    }
}

/// The permissions that a person's role allows without asking anybody.
fn may(shop: &Shop, staff: StaffId) -> Vec<String> {
    let grants = shop.people.get(&staff).and_then(|role| shop.roles.get(role));
    let allowed = grants.into_iter().flatten().filter(|(_, grant)| **grant == Grant::Allowed);
    allowed.map(|(permission, _)| word(permission)).collect()
}

impl Inner {
    /// What a person may do, by permission. What their role does not name is denied.
    pub(super) fn rights(&mut self, staff: StaffId) -> BTreeMap<String, Right> {
        let Ok(shop) = self.shop() else { return BTreeMap::new() };
        let grants = shop.people.get(&staff).and_then(|role| shop.roles.get(role));
        let right = |(permission, grant): (&Permission, &Grant)| {
            let right = match grant {
                Grant::Allowed => Right::Allowed,
                Grant::NeedsApproval => Right::NeedsApproval,
                Grant::Denied => Right::Denied,
            };
            (word(permission), right)
        };
        grants.into_iter().flatten().map(right).collect()
    }
}

impl Door {
    pub(super) fn enrol(&self, server: &str, code: &str, name: &str) -> Result<Status, Fault> {
        let code: EnrolCode =
            EnrolCode::parse(code).map_err(|_| fault(FaultKind::Refused, "code-refused", &[]))?;
        // Whoever asks is off the event loop already: waiting here holds nobody up.
        Handle::current().block_on(self.till.enrol(server, &code, name.trim()))?;
        self.status()
    }

    pub(super) fn people(&self) -> Result<Vec<PersonTile>, Fault> {
        let (now, shop) = {
            let mut inner = self.till.lock();
            (inner.now().wall, inner.shop().ok())
        };
        let tile = |tile: Tile| PersonTile {
            may: shop.as_ref().map(|shop| may(shop, tile.staff)).unwrap_or_default(),
            staff: tile.staff.to_string(),
            role: tile.role,
            name: tile.name.reveal().clone(),
            number: tile.number,
            has_pin: tile.has_pin,
            locked_until: locked_until(tile.lockout, now),
        };
        Ok(self.till.people()?.into_iter().map(tile).collect())
    }

    pub(super) fn sign_in(&self, staff: &str, pin: &str) -> Result<Status, Fault> {
        let pin = Pin::parse(pin).map_err(|_| senseless("the PIN"))?;
        let signed_in = self.till.sign_in(id(staff)?, &pin)?;
        self.held().signed_in = Some(signed_in);
        self.status()
    }

    pub(super) fn lock_till(&self) -> Result<Status, Fault> {
        if let Some(signed_in) = self.held().signed_in.take() {
            self.till.sign_out(&signed_in);
        }
        self.status()
    }

    /// Who acts now, with another's word where one was given.
    pub(super) fn session(&self, approval: Option<Approval>) -> Result<Session, Fault> {
        let signed_in = self.held().signed_in.clone();
        let signed_in = signed_in.ok_or_else(|| fault(FaultKind::SignedOut, "signed-out", &[]))?;
        let Some(approval) = approval else { return Ok(signed_in.session()) };
        let staff: StaffId = id(&approval.staff)?;
        if staff == signed_in.staff() {
            return Err(fault(FaultKind::Refused, "same-person", &[]));
        }
        let pin = Pin::parse(&approval.pin).map_err(|_| senseless("the PIN"))?;
        let approved: Result<_, SignInError> = self.till.approve(staff, &pin);
        Ok(signed_in.approved(&approved?))
    }

    pub(super) fn person(&self) -> Option<StaffId> {
        self.held().signed_in.as_ref().map(|signed_in| signed_in.staff())
    }

    pub(super) fn person_shown(&self) -> Option<Person> {
        let staff = self.person()?;
        let tile = self.people().ok()?.into_iter().find(|tile| tile.staff == staff.to_string())?;
        Some(Person { staff: tile.staff, name: tile.name, number: tile.number, role: tile.role })
    }

    /// Names of the people of this store, by who they are.
    pub(super) fn names(&self) -> BTreeMap<StaffId, String> {
        let people = self.till.people().unwrap_or_default();
        people.into_iter().map(|tile| (tile.staff, tile.name.reveal().clone())).collect()
    }
}
