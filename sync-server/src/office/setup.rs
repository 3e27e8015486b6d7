//! A new organisation: keys, the first events of head office's log, and the first epoch.

use std::path::PathBuf;

use daybook_core::amount::Currency;
use daybook_core::authority::default_roles;
use daybook_core::event::Event;
use daybook_core::event::description::{SettingsChanged, SettingsFields};
use daybook_core::event::origin::{EpochOpened, Opened, Reason, Role};
use daybook_core::event::sale::{Prices, TaxRounding};
use daybook_core::identity::KeyPair;
use daybook_core::identity::certificate::{CERTIFICATE_VERSION, Certificate, SignedCertificate};
use daybook_core::ids::{OrganisationId, OriginId, uuid_v7};
use daybook_core::sale::tender::default_tender_types;
use daybook_core::time::Zone;
use daybook_store::Durability;
use daybook_store::file::DirectoryLock;
use daybook_store::office::OfficeLog;

use super::writer::OwnLog;
use super::{Identity, OfficeError, Randomness, Settings};

/// Name of the file that holds the epoch. It lies beside the database, so restoring the database alone leaves it as it is; that a
/// scope's running hash then differs is how tills notice. A new epoch begins where the file is missing.
pub(super) const EPOCH_FILE: &str = "epoch";

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
    let _lock = DirectoryLock::take(&settings.data)?;
    if settings.data.join("identity.json").exists() || settings.data.join("log.db").exists() {
        return Err(OfficeError::AlreadyInitialised(settings.data.clone()));
    }
    let identity = Identity {
        organisation: OrganisationId(new_uuid(settings)),
        root: new_key(&*settings.randomness),
        origin: OriginId(new_uuid(settings)),
        key: new_key(&*settings.randomness),
    };
    let mut log =
        OfficeLog::open(&settings.data, if settings.durable { Durability::Full } else { Durability::Off })?;
    let certificate = Certificate {
        v: CERTIFICATE_VERSION,
        organisation: identity.organisation,
        origin: identity.origin,
        role: Role::HeadOffice,
        store: None,
        store_name: None,
        till: None,
        name: new.name.clone(),
        series: "HO".to_owned(),
        public_key: identity.key.public(),
        parent: None,
        issued_wall: settings.clock.wall(),
    };
    log.put_certificate(identity.origin, &SignedCertificate::issue(&certificate, &identity.root))?;
    let epoch = new_epoch(&*settings.randomness);
    let mut own = OwnLog::load(&log, &identity, settings)?;
    own.append(&mut log, first_events(new, currency, &identity, &epoch), None)?;
    write_epoch(&settings.data, &epoch)?;
    let identity_kit = identity.write(&settings.data)?;
    Ok(Initialised { organisation: identity.organisation, origin: identity.origin, identity_kit })
}

fn first_events(
    new: &NewOrganisation,
    currency: Currency,
    identity: &Identity,
    epoch: &str,
) -> Vec<(Event, Vec<daybook_core::chain::Hash>)> {
    let opened = Opened {
        organisation: identity.organisation,
        role: Role::HeadOffice,
        reason: Reason::Enrolled,
        store: None,
        till: None,
        name: new.name.clone(),
        series: "HO".to_owned(),
        public_key: identity.key.public().text(),
        parent: None,
        counters: None,
    };
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
    vec![
        (opened.into(), Vec::new()),
        (EpochOpened { epoch: epoch.to_owned(), before: None }.into(), Vec::new()),
        (SettingsChanged { store: None, fields }.into(), Vec::new()),
    ]
}

/// Writes the epoch beside the database, durably.
pub(super) fn write_epoch(data: &std::path::Path, epoch: &str) -> Result<(), OfficeError> {
    let path = data.join(EPOCH_FILE);
    let io = |error| OfficeError::Io { path: path.clone(), error };
    let file = std::fs::File::create(&path).map_err(io)?;
    std::io::Write::write_all(&mut &file, epoch.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(io)
}

/// A random name for an epoch.
pub(super) fn new_epoch(randomness: &dyn Randomness) -> String {
    let mut bytes = [0; 16];
    randomness.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
