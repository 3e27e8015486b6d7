//! Starting alone: a shop with one till and no head office keeps all books on that till.
//!
//! The till makes an organisation of its own: a root key, a head office's origin and its own. What head office would describe (products,
//! prices, taxes, people) is written here under that origin, in the same log, and read models and selling know no difference. Nothing
//! waits for a server. It cannot join one later yet, and it is one till: a second one needs a head office.

use daybook_core::amount::Currency;
use daybook_core::authority::default_roles;
use daybook_core::chain::Tip;
use daybook_core::event::Event;
use daybook_core::event::description::{
    Permission, SettingsChanged, SettingsFields, StaffChanged, StaffCreated, StaffFields,
};
use daybook_core::event::origin::{Opened, Reason, Role};
use daybook_core::event::sale::{Prices, TaxRounding};
use daybook_core::identity::KeyPair;
use daybook_core::identity::certificate::{CERTIFICATE_VERSION, Certificate, SignedCertificate};
use daybook_core::identity::pin::{Pin, PinCost, PinError, PinVerifier, Salt};
use daybook_core::ids::{OrganisationId, OriginId, StaffId, StoreId, TillId};
use daybook_core::limits::NAME_CHARS_MAX;
use daybook_core::record::{Circumstances, Draft, Recorded, Writer};
use daybook_core::sale::Rejection;
use daybook_core::sale::tender::default_tender_types;
use daybook_core::secret::Secret;
use daybook_core::sync::till::Status;
use daybook_core::time::Zone;
use daybook_core::wire::{ListedPerson, PeopleList};
use daybook_store::events;
use daybook_store::views::questions;

use crate::execute::ExecuteError;
use crate::identity::{Identity, Keys};
use crate::intake::take_in;
use crate::journal::{Found, Journal, machine};
use crate::session::Session;
use crate::till::{Inner, OpenError, Options, Till};

/// The series of a head office that is a till's own.
const SERIES: &str = "HO";

/// What a shop begins with.
#[derive(Clone, Debug)]
pub struct NewShop {
    /// The store's name, as receipts show it.
    pub store: String,
    /// The till's name.
    pub till: String,
    /// What is paid in.
    pub currency: Currency,
    /// Time zone, such as `Europe/Berlin`.
    pub time_zone: String,
    /// Whether prices include tax.
    pub prices: Prices,
    /// Who owns it: the first person, a manager with staff number 1.
    pub owner: Secret<String>,
    /// Their PIN.
    pub pin: Pin,
    /// The work of one look at a PIN.
    pub pin_cost: PinCost,
}

/// A person as the shop describes them.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// Staff number; the person who has it, where somebody does.
    pub number: String,
    /// Their name.
    pub name: Secret<String>,
    /// Role.
    pub role: String,
    /// Their PIN; left out, they keep the one they have.
    pub pin: Option<Pin>,
    /// The work of one look at it.
    pub pin_cost: PinCost,
}

/// Why a shop could not begin, or somebody not be described. The text is for people.
#[derive(Debug, thiserror::Error)]
pub enum AloneError {
    /// The till belongs to a store already.
    #[error("this till belongs to a store already; nothing was changed")]
    AlreadyEnrolled,
    /// It has a head office, which says such things.
    #[error("this till has a head office; people are described there")]
    NotAlone,
    /// A name is missing or too long.
    #[error("the {0} needs a name of 1 to {NAME_CHARS_MAX} characters")]
    Name(&'static str),
    /// No such time zone.
    #[error("'{0}' is not a time zone. Use a name such as Europe/Berlin")]
    TimeZone(String),
    /// The PIN cannot be chosen.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// It could not be done.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// The till's files could not be read or written.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// Makes a shop of its own in the till's directory. It sells as soon as its owner has signed in.
pub fn start(options: Options, shop: &NewShop) -> Result<Till, AloneError> {
    // Nothing is made on the disk for a shop that makes no sense.
    check(shop)?;
    let till = Till::open(options)?;
    till.begin_alone(shop)?;
    Ok(till)
}

fn check(shop: &NewShop) -> Result<(), AloneError> {
    check_name("store", &shop.store)?;
    check_name("till", &shop.till)?;
    check_name("owner", shop.owner.reveal())?;
    shop.pin.check_choice()?;
    Zone::new(&shop.time_zone, 0).ok_or_else(|| AloneError::TimeZone(shop.time_zone.clone()))?;
    Ok(())
}

impl Till {
    /// Makes a shop of its own of a till that belongs to none yet.
    pub fn begin_alone(&self, shop: &NewShop) -> Result<(), AloneError> {
        check(shop)?;
        let mut inner = self.lock();
        if inner.enrolled.is_some() {
            return Err(AloneError::AlreadyEnrolled);
        }
        let owner = StaffId(inner.new_uuid());
        let pin = inner.verifier(&shop.pin, shop.pin_cost)?;
        inner.found(shop, owner)?;
        let listed = ListedPerson { staff: owner, name: shop.owner.clone(), pin: Some(pin) };
        let revision = inner.options.clock.wall();
        inner.keep_people(revision, PeopleList { people: vec![listed] })?;
        drop(inner);
        self.tell(Status::Alone);
        Ok(())
    }

    /// Whether the till keeps all books itself, without a head office.
    pub fn is_alone(&self) -> bool {
        self.lock().is_alone()
    }

    /// Writes descriptions down as the shop's own head office: products, prices, taxes, settings. Each follows what stands now. Gives how
    /// many were written. Only a till that is alone does this.
    pub fn describe(&self, session: &Session, descriptions: Vec<Event>) -> Result<usize, ExecuteError> {
        let mut inner = self.lock();
        inner.check_describes(session)?;
        inner.describe(Some(session.actor), descriptions)
    }

    /// Describes a person of a shop that is alone: who is new, who has another name, role or PIN. A new PIN lets them in again who were
    /// locked out.
    pub fn describe_person(&self, session: &Session, person: NewPerson) -> Result<StaffId, AloneError> {
        self.lock().check_describes(session)?;
        self.put_person(Some(session.actor), person)
    }

    /// The same for somebody at the machine itself who has no PIN to show: where the only manager is locked out, or the file of people
    /// was lost. It belongs into a command of the machine's owner and on no screen.
    pub fn recover_person(&self, person: NewPerson) -> Result<StaffId, AloneError> {
        self.put_person(None, person)
    }

    fn put_person(&self, actor: Option<StaffId>, person: NewPerson) -> Result<StaffId, AloneError> {
        check_name("person", person.name.reveal())?;
        check_name("staff number", &person.number)?;
        person.pin.as_ref().map_or(Ok(()), Pin::check_choice)?;
        if !self.is_alone() {
            return Err(AloneError::NotAlone);
        }
        let NewPerson { number, name, role, pin, pin_cost } = person;
        // The slow part comes before the lock.
        let salt = Salt(self.random());
        let pin = pin
            .map(|pin| PinVerifier::new(&pin, salt, pin_cost).ok_or_else(too_much_work))
            .transpose()?;
        let mut inner = self.lock();
        let known = inner
            .ask_views(|views, _| questions::staff(views.connection(), None))
            .map_err(ExecuteError::from)?;
        let known = known.into_iter().find(|(_, of, _)| *of == number).map(|(staff, ..)| staff);
        let fields = StaffFields { number: Some(number), role: Some(role), store: None, active: Some(true) };
        let staff = known.unwrap_or_else(|| StaffId(inner.new_uuid()));
        let described: Event = match known {
            Some(_) => StaffChanged { staff, fields }.into(),
            None => StaffCreated { staff, fields }.into(),
        };
        inner.describe(actor, vec![described])?;
        inner.keep_person(staff, name, pin)?;
        Ok(staff)
    }

    fn random<const LENGTH: usize>(&self) -> [u8; LENGTH] {
        let mut random = [0; LENGTH];
        self.shared.options.randomness.fill(&mut random);
        random
    }
}

impl Inner {
    pub(crate) fn is_alone(&self) -> bool {
        self.enrolled.as_ref().is_some_and(|enrolled| enrolled.identity.alone)
    }

    /// Makes organisation, head office and till, and records what they begin with in one commit.
    fn found(&mut self, shop: &NewShop, owner: StaffId) -> Result<(), AloneError> {
        let new_key = |inner: &Inner| {
            let mut seed = [0; 32];
            inner.options.randomness.fill(&mut seed);
            KeyPair::from_seed(seed)
        };
        let (root, office_key, key) = (new_key(self), new_key(self), new_key(self));
        let organisation = OrganisationId(self.new_uuid());
        let (office, origin) = (OriginId(self.new_uuid()), OriginId(self.new_uuid()));
        let (store, till) = (StoreId(self.new_uuid()), TillId(self.new_uuid()));
        let of_office = Certificate {
            v: CERTIFICATE_VERSION,
            organisation,
            origin: office,
            role: Role::HeadOffice,
            store: None,
            store_name: None,
            till: None,
            name: shop.store.clone(),
            series: SERIES.to_owned(),
            public_key: office_key.public(),
            parent: None,
            issued_wall: self.options.clock.wall(),
        };
        let of_till = Certificate {
            origin,
            role: Role::Till,
            store: Some(store),
            store_name: Some(shop.store.clone()),
            till: Some(till),
            name: shop.till.clone(),
            series: shop.till.clone(),
            public_key: key.public(),
            ..of_office.clone()
        };
        let identity = Identity {
            organisation,
            root: root.public(),
            head_office: vec![SignedCertificate::issue(&of_office, &root)],
            origins: vec![SignedCertificate::issue(&of_till, &root)],
            server: String::new(),
            alone: true,
        };
        let io = |error| OpenError::Io { path: self.options.data.clone(), error };
        let mut keys = Keys::read(&self.options.data, &*self.options.keystore).map_err(io)?;
        keys.root = Some(root);
        keys.origins.insert(office, office_key.clone());
        keys.origins.insert(origin, key.clone());
        keys.write(&self.options).map_err(io)?;
        let first = vec![
            opened(&of_office).into(),
            SettingsChanged { store: None, fields: rules_of(shop) }.into(),
            SettingsChanged { store: Some(store), fields: rules_of(shop) }.into(),
            StaffCreated {
                staff: owner,
                fields: StaffFields {
                    number: Some("1".to_owned()),
                    role: Some("manager".to_owned()),
                    store: None,
                    active: Some(true),
                },
            }
            .into(),
        ];
        let drafts = first.into_iter().map(|event: Event| {
            let base = event.is_description().then(Vec::new);
            Draft { id: self.new_event_id(), event, rev: 1, base }
        });
        let circumstances =
            Circumstances { now: self.now(), actor: None, approver: None, command: None, day: None };
        let described = Writer::new(office).record(drafts.collect(), &circumstances, &office_key, true);
        let (described, _) = described.map_err(|error| OpenError::Unreadable(error.to_string()))?;
        self.become_origin(identity, keys, key, &of_till, opened(&of_till), &described)?;
        self.open_alone()?;
        Ok(())
    }

    /// Brings the own head office's journal file and log together: what one of them lacks is taken from the other.
    pub(crate) fn open_alone(&mut self) -> Result<(), OpenError> {
        let Some((office, _)) = self.own_office() else { return Ok(()) };
        let directory = self.options.journal.join("head-office");
        let io = |error| OpenError::Io { path: directory.clone(), error };
        let mut reached = None;
        let found = match Journal::look(&directory) {
            Ok(found) => found,
            Err(error) => {
                self.office_journal = self.journal_or_trouble(Err(error));
                return Ok(());
            }
        };
        if let Found::Journal(header, last) = found
            && header.origin == office
            && let Some((_, records)) = Journal::read(&Journal::current(&directory)).map_err(io)?
        {
            take_in(&mut self.log, office, records).map_err(|error| error.at(&directory))?;
            reached = Some(last.map_or(Tip::NONE, |record| record.tip));
        }
        let tip = self.log.own_tip(office)?;
        let fits = reached.is_some_and(|reached| self.log.holds(office, reached).unwrap_or(false));
        let after = reached.filter(|_| fits);
        let missing = self.log.own_chain(office, after.map_or(1, |reached| reached.seq + 1), tip.seq)?;
        let filled_up = match (after, &self.enrolled) {
            (Some(_), _) => Journal::open(&directory),
            (None, Some(enrolled)) => Journal::begin(&directory, office, &machine(), &enrolled.identity),
            (None, None) => return Ok(()),
        };
        let filled_up = filled_up.and_then(|mut journal| {
            journal.append(missing.iter().map(|event| (event.tip, event.prev, &event.text)))?;
            Ok(journal)
        });
        self.office_journal = self.journal_or_trouble(filled_up);
        Ok(())
    }

    /// The head office that is this till's own: its origin and key.
    fn own_office(&self) -> Option<(OriginId, KeyPair)> {
        let enrolled = self.enrolled.as_ref().filter(|enrolled| enrolled.identity.alone)?;
        let (office, _) = enrolled.identity.head_office_key()?;
        Some((office, enrolled.keys.origins.get(&office)?.clone()))
    }

    fn check_describes(&mut self, session: &Session) -> Result<(), ExecuteError> {
        let authority = self.permitted_authority(session)?;
        authority.permit(Permission::ChangeCatalogue).map_err(Rejection::from)?;
        Ok(())
    }

    /// Records descriptions under the own head office's origin, each on the heads that stand now, in one durable commit.
    fn describe(&mut self, actor: Option<StaffId>, descriptions: Vec<Event>) -> Result<usize, ExecuteError> {
        let office = self.own_office();
        let why = "this till has a head office; products, prices, taxes and settings are described there";
        let (office, key) = office.ok_or(Rejection::Senseless(why))?;
        if let Some(why) = &self.latch {
            return Err(ExecuteError::Latched(why.clone()));
        }
        if descriptions.iter().any(|event| !event.is_description()) {
            return Err(Rejection::Senseless("head office describes, and nothing else").into());
        }
        let tip = self.log.own_tip(office)?;
        let last = events::find(self.log.connection(), office, tip)?;
        let last_at =
            last.and_then(|event| event.text.read_envelope().ok()).map_or(0, |envelope| envelope.at);
        let mut drafts: Vec<Draft> = Vec::with_capacity(descriptions.len());
        for event in descriptions {
            let stream = event.stream();
            let heads = self.ask_views(|views, _| questions::heads(views.connection(), &stream))?;
            let before = drafts.iter().filter(|draft| draft.event.stream() == stream).count();
            let rev = self.log.stream_length(&stream)? + i64::try_from(before).unwrap_or(i64::MAX) + 1;
            drafts.push(Draft { id: self.new_event_id(), event, rev, base: Some(heads) });
        }
        let writer = Writer { origin: office, tip, last_at };
        let circumstances =
            Circumstances { now: self.now(), actor, approver: None, command: None, day: None };
        let recorded = writer.record(drafts, &circumstances, &key, true);
        let (recorded, _) =
            recorded.map_err(|_| ExecuteError::Rejected(Rejection::BeyondLimit("the size of this")))?;
        self.ink(&recorded, |log| log.append(&recorded, None))?;
        self.follow_description(&recorded);
        Ok(recorded.len())
    }

    /// What follows the commit of descriptions. Nothing here can undo them.
    fn follow_description(&mut self, recorded: &[Recorded]) {
        let durable = self.options.durable;
        let written = self.office_journal.as_mut().map(|journal| {
            journal.append_recorded(recorded)?;
            if durable { journal.flusher()?.sync_data() } else { Ok(()) }
        });
        if let Some(Err(error)) = written {
            tracing::error!(%error, "the journal file of descriptions cannot be written; it is filled up at the next start");
            self.office_journal = None;
        }
        (self.shop, self.products_on_sale) = (None, None);
        if let Err(error) = self.catch_up_views() {
            tracing::error!(%error, "the read models could not follow; they do after the next event");
        }
    }

    fn verifier(&self, pin: &Pin, cost: PinCost) -> Result<PinVerifier, OpenError> {
        let mut salt = [0; 16];
        self.options.randomness.fill(&mut salt);
        PinVerifier::new(pin, Salt(salt), cost).ok_or_else(too_much_work)
    }
}

fn too_much_work() -> OpenError {
    OpenError::Unreadable("the work set for a look at a PIN is more than tills do".to_owned())
}

fn opened(certificate: &Certificate) -> Opened {
    Opened {
        organisation: certificate.organisation,
        role: certificate.role,
        reason: Reason::Enrolled,
        store: certificate.store,
        till: certificate.till,
        name: certificate.name.clone(),
        series: certificate.series.clone(),
        public_key: certificate.public_key.text(),
        parent: None,
        counters: None,
    }
}

fn rules_of(shop: &NewShop) -> SettingsFields {
    SettingsFields {
        name: Some(shop.store.clone()),
        currency: Some(shop.currency),
        time_zone: Some(shop.time_zone.clone()),
        cut_over_minutes: Some(0),
        prices: Some(shop.prices),
        tax_rounding: Some(TaxRounding::Document),
        cash_rounding: None,
        tender_types: Some(default_tender_types()),
        roles: Some(default_roles()),
    }
}

fn check_name(what: &'static str, name: &str) -> Result<(), AloneError> {
    let fits = !name.trim().is_empty() && name.chars().nth(NAME_CHARS_MAX).is_none();
    if fits && !name.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(AloneError::Name(what))
    }
}
