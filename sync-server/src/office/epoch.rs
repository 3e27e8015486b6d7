//! The epoch as the office lives it: its anchor beside the database, and how a new epoch begins.
//!
//! Whether the log goes on is judged by [`daybook_core::sync::epoch`]; here the anchor is read and written, and a new epoch is carried
//! out: a new origin and key for head office first, kept before anything is written under them, then its first events, then the anchor.
//! Cut short anywhere in between, the next start begins another one, and nothing of the unfinished one was ever told to anybody.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use daybook_core::event::origin::{EpochOpened, Opened, Parent, Reason, Role};
use daybook_core::identity::certificate::{CERTIFICATE_VERSION, Certificate, SignedCertificate};
use daybook_core::ids::OriginId;
use daybook_core::limits::ANCHOR_MILLIS;
use daybook_core::sync::epoch::{Anchor, NewEpoch, judge};
use daybook_store::events;
use daybook_store::file::sync_directory;
use daybook_store::office::{OfficeLog, certificates};
use tokio::sync::watch;

use super::writer::OwnLog;
use super::{Identity, OfficeError, Randomness, Settings, setup};

/// Name of the file that holds the anchor.
pub(super) const ANCHOR_FILE: &str = "epoch";
/// What head office is called where nothing says its name any more.
pub(super) const NAMELESS: &str = "Head office";
/// The series of head office's numbers.
pub(super) const SERIES: &str = "HO";

/// Who head office is in the present epoch.
#[derive(Clone, Debug)]
pub(super) struct Present {
    /// Its keys, and the origin under which it writes.
    pub(super) identity: Identity,
    /// The certificate of that origin.
    pub(super) certificate: SignedCertificate,
    /// The epoch.
    pub(super) epoch: String,
}

/// Has the next start begin a new epoch, for whoever puts a log back in the place of another one.
pub fn forget_epoch(data: &Path) -> Result<(), OfficeError> {
    let path = data.join(ANCHOR_FILE);
    let io = |error| OfficeError::Io { path: path.clone(), error };
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io(error)),
        _ => sync_directory(data).map_err(io),
    }
}

/// Who head office is, in the epoch of its anchor or in a new one where the log does not go on from there.
pub(super) fn begin(log: &mut OfficeLog, settings: &Settings) -> Result<(Present, OwnLog), OfficeError> {
    let identity = Identity::read(&settings.data)?;
    let anchor = read(&settings.data)?;
    let here = match &anchor {
        Some(anchor) => events::at_position(log.connection(), anchor.position)?,
        None => None,
    };
    match judge(anchor.as_ref(), identity.origin, here) {
        Ok(()) => {
            let certificate = certificate_of(log, identity.origin)?;
            let certificate = certificate.ok_or_else(|| {
                OfficeError::Unexpected("the log lacks head office's own certificate".to_owned())
            })?;
            let own = OwnLog::load(log, &identity, settings)?;
            let epoch = anchor.map(|anchor| anchor.epoch).unwrap_or_default();
            Ok((Present { identity, certificate, epoch }, own))
        }
        Err(why) => {
            let before = anchor.map(|anchor| anchor.epoch);
            open(log, settings, &identity, before, why)
        }
    }
}

/// Begins a new epoch: head office goes on under a child origin, whose first events say so.
pub(super) fn open(
    log: &mut OfficeLog,
    settings: &Settings,
    parent: &Identity,
    before: Option<String>,
    why: NewEpoch,
) -> Result<(Present, OwnLog), OfficeError> {
    let name = certificate_of(log, parent.origin)?
        .and_then(|signed| signed.read().ok())
        .map_or_else(|| NAMELESS.to_owned(), |certificate| certificate.name);
    let identity = new_identity(settings, parent);
    identity.write(&settings.data)?;
    let parent_log = OwnLog::load(log, parent, settings)?;
    let tip = parent_log.tip();
    let own = OwnLog::after(&parent_log, &identity);
    let (certificate, text) = certify(settings, &identity, &name);
    let signature = SignedCertificate::issue(&certificate, &parent.key).signature;
    let parent = Parent { origin: parent.origin, tip, signature };
    tracing::warn!(%why, origin = %identity.origin, "a new epoch begins; tills hand back what this log lacks");
    let opened = opened(&identity, &certificate, Reason::Epoch, Some(parent));
    establish(log, settings, own, identity, text, opened, before, Vec::new())
}

/// Writes the first events of an origin of head office and of an epoch, then the anchor.
#[allow(clippy::too_many_arguments, reason = "what an epoch begins with, each once")]
pub(super) fn establish(
    log: &mut OfficeLog,
    settings: &Settings,
    mut own: OwnLog,
    identity: Identity,
    certificate: SignedCertificate,
    opened: Opened,
    before: Option<String>,
    further: Vec<daybook_core::event::Event>,
) -> Result<(Present, OwnLog), OfficeError> {
    let epoch = new_epoch(&*settings.randomness);
    log.put_certificate(identity.origin, &certificate)?;
    let first = [opened.into(), EpochOpened { epoch: epoch.clone(), before }.into()];
    let first = first.into_iter().chain(further).map(|event| (event, Vec::new())).collect();
    own.append(log, first, None)?;
    let anchor = anchor_of(log, &epoch, identity.origin)?;
    if let Some(anchor) = anchor {
        write(&settings.data, &anchor, settings.durable)?;
    }
    Ok((Present { identity, certificate, epoch }, own))
}

/// The identity that goes on from another one, under a new origin and key.
fn new_identity(settings: &Settings, before: &Identity) -> Identity {
    let (origin, key) = (OriginId(setup::new_uuid(settings)), setup::new_key(&*settings.randomness));
    Identity { origin, key, ..before.clone() }
}

/// The certificate of head office's origin. The root signs it itself, also that of a child: whoever pinned the root needs no other.
pub(super) fn certify(
    settings: &Settings,
    identity: &Identity,
    name: &str,
) -> (Certificate, SignedCertificate) {
    let certificate = Certificate {
        v: CERTIFICATE_VERSION,
        organisation: identity.organisation,
        origin: identity.origin,
        role: Role::HeadOffice,
        store: None,
        store_name: None,
        till: None,
        name: name.to_owned(),
        series: SERIES.to_owned(),
        public_key: identity.key.public(),
        parent: None,
        issued_wall: settings.clock.wall(),
    };
    let signed = SignedCertificate::issue(&certificate, &identity.root);
    (certificate, signed)
}

/// The first event of an origin of head office.
pub(super) fn opened(
    identity: &Identity,
    certificate: &Certificate,
    reason: Reason,
    parent: Option<Parent>,
) -> Opened {
    Opened {
        organisation: identity.organisation,
        role: Role::HeadOffice,
        reason,
        store: None,
        till: None,
        name: certificate.name.clone(),
        series: certificate.series.clone(),
        public_key: identity.key.public().text(),
        parent,
        counters: None,
    }
}

/// What the anchor says of a log as it stands; none before its first event.
pub(super) fn anchor_of(
    log: &OfficeLog,
    epoch: &str,
    writes_as: OriginId,
) -> Result<Option<Anchor>, OfficeError> {
    let position = events::last_position(log.connection())?;
    let last = events::at_position(log.connection(), position)?;
    let epoch = epoch.to_owned();
    Ok(last.map(|(origin, tip)| Anchor { epoch, writes_as, position, origin, tip }))
}

/// Follows the log with its anchor, until the writer is gone. What a crash leaves unwritten only makes the log run ahead of it.
pub(super) fn follow(
    settings: &Settings,
    mut anchors: watch::Receiver<Option<Anchor>>,
    runtime: &tokio::runtime::Handle,
) {
    let keep = |anchor: &Option<Anchor>| {
        let Some(anchor) = anchor else { return };
        if let Err(error) = write(&settings.data, anchor, settings.durable) {
            tracing::error!(%error, "how far the log is could not be written down; it is tried with the next event");
        }
    };
    while runtime.block_on(anchors.changed()).is_ok() {
        let anchor = anchors.borrow_and_update().clone();
        keep(&anchor);
        // A pause that ends early where the office closes.
        let pause = Duration::from_millis(ANCHOR_MILLIS);
        let over_or_closed = async { tokio::time::timeout(pause, anchors.wait_for(|_| false)).await.is_ok() };
        runtime.block_on(over_or_closed);
    }
    let last = anchors.borrow().clone();
    keep(&last);
}

fn read(data: &Path) -> Result<Option<Anchor>, OfficeError> {
    let path = data.join(ANCHOR_FILE);
    match std::fs::read_to_string(&path) {
        // One that makes no sense says as little as none.
        Ok(text) => Ok(serde_json::from_str(&text).ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(OfficeError::Io { path, error }),
    }
}

/// Writes the anchor, so that either the old or the new one is there whole.
fn write(data: &Path, anchor: &Anchor, durable: bool) -> Result<(), OfficeError> {
    let (path, new) = (data.join(ANCHOR_FILE), data.join("epoch.new"));
    let text = serde_json::to_string(anchor).map_err(|error| OfficeError::Unexpected(error.to_string()))?;
    let written = std::fs::File::create(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        if durable { file.sync_all() } else { Ok(()) }
    });
    written
        .and_then(|()| std::fs::rename(&new, &path))
        .and_then(|()| if durable { sync_directory(data) } else { Ok(()) })
        .map_err(|error| OfficeError::Io { path, error })
}

fn certificate_of(log: &OfficeLog, origin: OriginId) -> Result<Option<SignedCertificate>, OfficeError> {
    let all = certificates(log.connection())?;
    Ok(all.into_iter().find(|signed| signed.read().is_ok_and(|read| read.origin == origin)))
}

/// A random name for an epoch.
fn new_epoch(randomness: &dyn Randomness) -> String {
    let mut bytes = [0; 16];
    randomness.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
