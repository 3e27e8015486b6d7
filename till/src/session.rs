//! Who gives a command: somebody who has shown their PIN at this till, and where it is asked for another who has too.
//!
//! None of these values can be made up: they come from [`crate::Till::sign_in`] and [`crate::Till::approve`], and hold at the till that
//! gave them only until somebody else signs in, somebody signs out, or the till is started again.

use daybook_core::ids::StaffId;

/// Somebody who is at the till. The last one to sign in is; whoever was before has to show their PIN again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    staff: StaffId,
    turn: u64,
}

impl SignedIn {
    pub(crate) fn new(staff: StaffId, turn: u64) -> Self {
        SignedIn { staff, turn }
    }

    /// The person.
    pub fn staff(&self) -> StaffId {
        self.staff
    }

    pub(crate) fn turn(&self) -> u64 {
        self.turn
    }

    /// They act by themselves.
    pub fn session(&self) -> Session {
        Session { actor: self.staff, turn: Some(self.turn), approval: None }
    }

    /// They act with somebody's approval, where their role needs it.
    pub fn approved(&self, approval: &Approval) -> Session {
        let by = Approver::Once(approval.approver, approval.number);
        Session { approval: Some(by), ..self.session() }
    }
}

/// Another person's word for one command, to be used within a minute. A command that did not need it leaves it unused.
#[derive(Debug, PartialEq, Eq)]
pub struct Approval {
    approver: StaffId,
    number: u64,
}

impl Approval {
    pub(crate) fn new(approver: StaffId, number: u64) -> Self {
        Approval { approver, number }
    }

    /// Who approves.
    pub fn approver(&self) -> StaffId {
        self.approver
    }
}

/// Who asks, and who approves. Their roles are looked up in the till's own read model with every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    pub(crate) actor: StaffId,
    /// Since when they are at the till; none for who never signed in.
    pub(crate) turn: Option<u64>,
    pub(crate) approval: Option<Approver>,
}

/// Who approves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Approver {
    /// For one command.
    Once(StaffId, u64),
    /// For every command: nobody showed a PIN.
    #[cfg(feature = "headless")]
    Headless(StaffId),
}

impl Session {
    /// People who showed no PIN. For replays, which play what people did elsewhere; a till with a window is built without this.
    #[cfg(feature = "headless")]
    pub fn headless(actor: StaffId, approver: Option<StaffId>) -> Self {
        Session { actor, turn: None, approval: approver.map(Approver::Headless) }
    }

    /// The person who approves.
    pub(crate) fn approver(&self) -> Option<StaffId> {
        self.approval.map(|approval| match approval {
            Approver::Once(staff, _) => staff,
            #[cfg(feature = "headless")]
            Approver::Headless(staff) => staff,
        })
    }
}
