//! A new organisation: keys, the first events of head office's log, and the first epoch; also a wiped head office, made anew from its
//! identity kit.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use daybook_core::amount::Currency;
use daybook_core::authority::default_roles;
use daybook_core::event::Event;
use daybook_core::event::description::{SettingsChanged, SettingsFields};
use daybook_core::event::origin::{EpochOpened, Reason};
use daybook_core::event::sale::{Prices, TaxRounding};
use daybook_core::identity::KeyPair;
use daybook_core::ids::{OrganisationId, OriginId, uuid_v7};
use daybook_core::sale::tender::default_tender_types;
use daybook_core::time::Zone;
use daybook_store::Durability;
use daybook_store::file::DirectoryLock;
use daybook_store::office::OfficeLog;

use super::anchor::AnchorFile;
use super::identity::IdentityKit;
use super::writer::OwnLog;
use super::{Identity, OfficeError, Randomness, Settings, epoch};

/// What a new organisation starts with.
#[derive(Clone, Debug)]
pub struct NewOrganisation {
    /// Its name.
    pub name: String,
    /// Its currency, such as `EUR`.
    pub currency: String,
    /// Its time zone, such as `Europe/Berlin`.
    pub time_zone: String,
    /// Whether its prices include tax.
    pub prices_inclusive: bool,
    /// Minutes after midnight at which its business day begins.
    pub cut_over_minutes: i32,
}

/// A new organisation.
#[derive(Clone, Debug)]
pub struct Initialised {
    /// The organisation.
    pub organisation: OrganisationId,
    /// Head office's origin.
    pub origin: OriginId,
    /// The file to keep in a safe: with it a wiped server can be refilled.
    pub identity_kit: PathBuf,
}

/// Makes a new organisation in an empty data directory.
pub fn init(settings: &Settings, new: &NewOrganisation) -> Result<Initialised, OfficeError> {
    let currency = Currency::from_code(&new.currency)
        .ok_or_else(|| OfficeError::UnknownCurrency(new.currency.clone()))?;
    Zone::new(&new.time_zone, new.cut_over_minutes)
        .ok_or_else(|| OfficeError::UnknownTimeZone(new.time_zone.clone()))?;
    let kit = IdentityKit {
        organisation: OrganisationId(new_uuid(settings)),
        root: new_key(&*settings.randomness),
        name: new.name.clone(),
    };
    begin(settings, &kit, Reason::Enrolled, vec![settings_of(new, currency)])
}

/// Makes the head office of an organisation anew in an empty data directory, from its identity kit. It is the same organisation with the
/// same root; what it knew comes back from its tills.
pub fn init_from_kit(settings: &Settings, kit: &Path) -> Result<Initialised, OfficeError> {
    let kit = IdentityKit::read(kit)?;
    begin(settings, &kit, Reason::Epoch, Vec::new())
}

fn begin(
    settings: &Settings,
    kit: &IdentityKit,
    reason: Reason,
    further: Vec<Event>,
) -> Result<Initialised, OfficeError> {
    let _lock = DirectoryLock::take(&settings.data)?;
    if settings.data.join("identity.json").exists() || settings.data.join("log.db").exists() {
        return Err(OfficeError::AlreadyInitialised(settings.data.clone()));
    }
    let identity = Identity {
        organisation: kit.organisation,
        root: kit.root.clone(),
        origin: OriginId(new_uuid(settings)),
        key: new_key(&*settings.randomness),
    };
    let durability = if settings.durable { Durability::Full } else { Durability::Off };
    let mut log = OfficeLog::open(&settings.data, durability)?;
    let certificate = epoch::certify(settings, &identity, &kit.name);
    let opened = epoch::opened(&identity, &epoch::read(&certificate)?, reason, None);
    let mut own = OwnLog::load(&log, &identity, settings, &Arc::new(AnchorFile::read(settings)?))?;
    let name = epoch::new_epoch(&*settings.randomness);
    let mut first = vec![opened.into(), EpochOpened { epoch: name.clone(), before: None }.into()];
    first.extend(further);
    epoch::establish(&mut log, &mut own, identity.origin, &certificate, first)?;
    epoch::note(&log, &own, &name, identity.origin)?;
    let identity_kit = kit.write(&settings.data)?;
    identity.write(&settings.data)?;
    Ok(Initialised { organisation: identity.organisation, origin: identity.origin, identity_kit })
}

fn settings_of(new: &NewOrganisation, currency: Currency) -> Event {
    let fields = SettingsFields {
        name: Some(new.name.clone()),
        currency: Some(currency),
        time_zone: Some(new.time_zone.clone()),
        cut_over_minutes: Some(new.cut_over_minutes),
        prices: Some(if new.prices_inclusive { Prices::Inclusive } else { Prices::Exclusive }),
        tax_rounding: Some(TaxRounding::Document),
        cash_rounding: None,
        tender_types: Some(default_tender_types()),
        roles: Some(default_roles()),
    };
    SettingsChanged { store: None, fields }.into()
}

/// A new key.
pub(super) fn new_key(randomness: &dyn Randomness) -> KeyPair {
    let mut seed = [0; 32];
    randomness.fill(&mut seed);
    KeyPair::from_seed(seed)
}

/// A new id.
pub(super) fn new_uuid(settings: &Settings) -> uuid::Uuid {
    let mut random = [0; 10];
    settings.randomness.fill(&mut random);
    uuid_v7(settings.clock.wall(), random)
}
