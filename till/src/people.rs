//! People at the till: who works here, signing in, approving, and what a till learns of them from head office.
//!
//! All of it works without a network. A try is counted in a durable commit before the PIN is looked at; the slow look itself holds no lock
//! that a sale waits for; what is told of a wrong PIN says nothing about the right one.

use std::sync::PoisonError;

use daybook_core::event::Event;
use daybook_core::event::description::{StaffSignInRefused, StaffSignedIn};
use daybook_core::identity::lockout::{self, Lockout};
use daybook_core::identity::pin::{Pepper, Pin, PinVerifier};
use daybook_core::ids::StaffId;
use daybook_core::limits::APPROVAL_SECONDS_MAX;
use daybook_core::secret::Secret;
use daybook_core::wire::{ListedPerson, PeopleList};
use daybook_store::StoreError;
use daybook_store::people::till::KeptPin;
use daybook_store::views::questions;

use crate::identity::Keys;
use crate::session::{Approval, Approver, Session, SignedIn};
use crate::till::{Inner, OpenError, Till};

/// A person as the till shows them before they sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// The person.
    pub staff: StaffId,
    /// Their name; their number where the till has not learnt it yet.
    pub name: Secret<String>,
    /// Their staff number.
    pub number: String,
    /// Their role.
    pub role: String,
    /// Whether they have a PIN that the till knows.
    pub has_pin: bool,
    /// Whether they may try it now.
    pub lockout: Lockout,
}

/// Why somebody is not signed in. The text is for them.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// It was another PIN.
    #[error("That PIN did not match. {}", words(.0))]
    WrongPin(Lockout),
    /// It was not looked at.
    #[error("{}", words(.0))]
    NotNow(Lockout),
    /// Nobody of that id may act here.
    #[error("nobody with that id may act at this till")]
    UnknownPerson,
    /// The till knows no PIN of this person.
    #[error(
        "this till knows no PIN of yours. If you have one, it learns it as soon as it reaches head office"
    )]
    NoPin,
    /// The till belongs to no store.
    #[error("this till belongs to no store yet; enrol it first")]
    NotEnrolled,
    /// A try could not be counted, so it was not made.
    #[error("the PIN was not looked at, because the try could not be counted: {0}")]
    NotCounted(#[from] StoreError),
    /// It was the right PIN, and that could not be recorded.
    #[error("the signing in could not be recorded: {0}")]
    NotRecorded(#[from] OpenError),
}

fn words(lockout: &Lockout) -> String {
    match lockout {
        Lockout::Open { tries_left: 1 } => "1 try left.".to_owned(),
        Lockout::Open { tries_left } => format!("{tries_left} tries left."),
        Lockout::Pause { seconds } => format!("Try again in {seconds} seconds."),
        Lockout::Locked => {
            "There were too many wrong ones. Ask a manager for a new PIN: head office gives it.".to_owned()
        }
    }
}

impl Till {
    /// The people who may act here, the one who signed in last first.
    pub fn people(&self) -> Result<Vec<Tile>, StoreError> {
        let mut inner = self.lock();
        let Some(store) = inner.enrolled.as_ref().map(|enrolled| enrolled.store) else {
            return Ok(Vec::new());
        };
        let working = inner.ask_views(|views, _| questions::staff(views.connection(), Some(store)))?;
        let mut known = inner.people.people()?;
        let usable = inner.has_usable_pins()?;
        let mut tiles: Vec<(i64, Tile)> = Vec::with_capacity(working.len());
        for (staff, number, role) in working {
            let person = known.remove(&staff);
            let wrong = person.as_ref().map_or(0, |person| person.wrong);
            let tile = Tile {
                staff,
                name: person
                    .as_ref()
                    .map_or_else(|| Secret::new(number.clone()), |person| person.name.clone()),
                number,
                role,
                has_pin: usable && person.as_ref().is_some_and(|person| person.pin.is_some()),
                lockout: inner.lockout(staff, wrong),
            };
            tiles.push((person.map_or(0, |person| person.last_use), tile));
        }
        tiles.sort_by_key(|(last_use, _)| std::cmp::Reverse(*last_use));
        Ok(tiles.into_iter().map(|(_, tile)| tile).collect())
    }

    /// Signs somebody in by their PIN. Takes as long as a look at a PIN does, a third of a second or so, and blocks meanwhile; nobody who
    /// sells waits for it.
    pub fn sign_in(&self, staff: StaffId, pin: &Pin) -> Result<SignedIn, SignInError> {
        self.show_pin(staff, pin)?;
        let mut inner = self.lock();
        inner.record_by(Some(staff), vec![Event::from(StaffSignedIn { staff })])?;
        inner.people.forgive(staff, true)?;
        let mut random = [0; 8];
        inner.options.randomness.fill(&mut random);
        let turn = u64::from_le_bytes(random);
        inner.at_the_till = Some(turn);
        inner.approvals.clear();
        drop(inner);
        self.shared.recorded.notify_one();
        Ok(SignedIn::new(staff, turn))
    }

    /// Ends a signing in. The open cart stays where it is.
    pub fn sign_out(&self, signed_in: &SignedIn) {
        let mut inner = self.lock();
        if inner.at_the_till == Some(signed_in.turn()) {
            inner.at_the_till = None;
            inner.approvals.clear();
        }
    }

    /// Somebody approves by their PIN what the person at the till is about to do: one command, within a minute. Whether their role may
    /// is decided with the command, and nobody approves what they do themselves.
    pub fn approve(&self, staff: StaffId, pin: &Pin) -> Result<Approval, SignInError> {
        self.show_pin(staff, pin)?;
        let mut inner = self.lock();
        inner.people.forgive(staff, false)?;
        inner.last_approval += 1;
        let number = inner.last_approval;
        let until = inner.options.clock.millis() + APPROVAL_SECONDS_MAX * 1_000;
        inner.approvals.insert(staff, (number, until));
        Ok(Approval::new(staff, number))
    }

    /// Whether this is the person's PIN. One look at a time.
    fn show_pin(&self, staff: StaffId, pin: &Pin) -> Result<(), SignInError> {
        let _one = self.shared.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let (kept, pepper, tries) = {
            let mut inner = self.lock();
            inner.count_try(staff)?
        };
        let derived = kept.cost.derive(pin, &kept.salt);
        if derived.is_some_and(|derived| pepper.matches(staff, &derived, &kept.check)) {
            return Ok(());
        }
        let mut inner = self.lock();
        if lockout::is_recorded(tries) {
            inner.record_by(None, vec![Event::from(StaffSignInRefused { staff, wrong: tries })])?;
            self.shared.recorded.notify_one();
        }
        Err(SignInError::WrongPin(inner.lockout(staff, tries)))
    }
}

impl Inner {
    /// Counts a try, if there may be one, and gives what it is measured by.
    fn count_try(&mut self, staff: StaffId) -> Result<(KeptPin, Pepper, u32), SignInError> {
        let enrolled = self.enrolled.as_ref().ok_or(SignInError::NotEnrolled)?;
        let (store, pepper) = (enrolled.store, enrolled.keys.pepper.clone());
        let working = self.ask_views(|views, _| questions::staff(views.connection(), Some(store)))?;
        if !working.iter().any(|(id, ..)| *id == staff) {
            return Err(SignInError::UnknownPerson);
        }
        let usable = self.has_usable_pins()?;
        let person = self.people.person(staff)?.filter(|_| usable);
        let (wrong, kept) =
            person.and_then(|person| Some((person.wrong, person.pin?))).ok_or(SignInError::NoPin)?;
        let pepper = pepper.ok_or(SignInError::NoPin)?;
        match self.lockout(staff, wrong) {
            Lockout::Open { .. } => {}
            closed => return Err(SignInError::NotNow(closed)),
        }
        let tries = self.people.count_try(staff, kept.salt)?;
        self.tried.insert(staff, self.options.clock.millis());
        Ok((kept, pepper, tries))
    }

    /// Whether somebody may try their PIN. A pause is measured on the clock that never goes back, from the last try or, after a restart,
    /// from the start.
    fn lockout(&self, staff: StaffId, wrong: u32) -> Lockout {
        let since = self.tried.get(&staff).copied().unwrap_or(self.opened_at);
        lockout::after(wrong, self.options.clock.millis().saturating_sub(since))
    }

    /// Whether the checks that are kept were made with the pepper that is there.
    fn has_usable_pins(&self) -> Result<bool, StoreError> {
        Ok(self.people_revision()? > 0)
    }

    /// The revision of the list that is kept; 0 where it has to be asked for.
    pub(crate) fn people_revision(&self) -> Result<i64, StoreError> {
        let pepper = self.enrolled.as_ref().and_then(|enrolled| enrolled.keys.pepper.as_ref());
        self.people.revision(pepper.map(Pepper::fingerprint))
    }

    /// Keeps a list of head office's, with checks under the till's pepper in the place of verifiers.
    pub(crate) fn keep_people(&mut self, revision: i64, list: PeopleList) -> Result<(), OpenError> {
        let pepper = self.pepper()?;
        let kept = |ListedPerson { staff, name, pin }: ListedPerson| {
            (staff, name, pin.map(|pin| kept_pin(&pepper, staff, &pin)))
        };
        let people: Vec<_> = list.people.into_iter().map(kept).collect();
        Ok(self.people.put(revision, pepper.fingerprint(), &people)?)
    }

    /// Keeps one person of a shop that is alone; without a new PIN they keep the one they have.
    pub(crate) fn keep_person(
        &mut self,
        staff: StaffId,
        name: Secret<String>,
        pin: Option<PinVerifier>,
    ) -> Result<(), OpenError> {
        let pepper = self.pepper()?;
        let usable = self.has_usable_pins()?;
        let had = self.people.person(staff)?.and_then(|person| person.pin).filter(|_| usable);
        let pin = pin.map(|pin| kept_pin(&pepper, staff, &pin)).or(had);
        let revision = self.options.clock.wall().max(self.people_revision()? + 1);
        Ok(self.people.put_person(revision, pepper.fingerprint(), (staff, name, pin))?)
    }

    /// The till's pepper, made when it is first needed and durable before it is used.
    fn pepper(&mut self) -> Result<Pepper, OpenError> {
        let Some(enrolled) = &mut self.enrolled else {
            return Err(OpenError::Unreadable("the till belongs to no store".to_owned()));
        };
        if let Some(pepper) = &enrolled.keys.pepper {
            return Ok(pepper.clone());
        }
        let mut random = [0; 32];
        self.options.randomness.fill(&mut random);
        let keys = Keys { pepper: Some(Pepper(random)), ..Keys::clone(&enrolled.keys) };
        keys.write(&self.options)
            .map_err(|error| OpenError::Io { path: self.options.data.clone(), error })?;
        enrolled.keys = std::sync::Arc::new(keys);
        Ok(Pepper(random))
    }

    /// Whether the person of a session is still the one at the till.
    pub(crate) fn is_at_the_till(&self, session: &Session) -> bool {
        match session.turn {
            Some(turn) => self.at_the_till == Some(turn),
            None => cfg!(feature = "headless"),
        }
    }

    /// Whether the approval of a session can be used: it is the approver's last one, unused, and not too old.
    pub(crate) fn is_approval_open(&self, session: &Session) -> bool {
        let Some(Approver::Once(staff, number)) = session.approval else { return true };
        let now = self.options.clock.millis();
        self.approvals.get(&staff).is_some_and(|(open, until)| *open == number && now < *until)
    }

    /// What was approved is recorded: the approval cannot be used again.
    pub(crate) fn use_approval(&mut self, session: &Session) {
        if let Some(Approver::Once(staff, _)) = session.approval {
            self.approvals.remove(&staff);
        }
    }
}

fn kept_pin(pepper: &Pepper, staff: StaffId, pin: &PinVerifier) -> KeptPin {
    KeptPin { salt: pin.salt, cost: pin.cost, check: pepper.check(staff, &pin.derived) }
}
