//! The epoch as the office lives it: whether the log goes on in that of its anchor, and how a new one begins.
//!
//! What stands here is judged by [`daybook_core::sync::epoch`]. A new epoch is carried
//! out: a new origin and key for head office first, kept before anything is written under them, then its first events, then the anchor.
//! Cut short anywhere in between, the next start begins another one, and nothing of the unfinished one was ever told to anybody.

use std::sync::Arc;

use daybook_core::event::origin::{EpochOpened, Opened, Parent, Reason, Role};
use daybook_core::identity::certificate::{CERTIFICATE_VERSION, Certificate, SignedCertificate};
use daybook_core::ids::OriginId;
use daybook_core::sync::epoch::{Log, NewEpoch, judge};
use daybook_store::events;
use daybook_store::office::{OfficeLog, certificates};

use super::anchor::{AnchorFile, anchor_of};
use super::writer::OwnLog;
use super::{Identity, OfficeError, Randomness, Settings, setup};

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

/// Who head office is, in the epoch of its anchor or in a new one where the log does not go on from there.
pub(super) fn begin(
    log: &mut OfficeLog,
    settings: &Settings,
    file: &Arc<AnchorFile>,
) -> Result<(Present, OwnLog), OfficeError> {
    let identity = Identity::read(&settings.data)?;
    let anchor = file.kept();
    let here = match &anchor {
        Some(anchor) => Log {
            there: events::at_position(log.connection(), anchor.position)?,
            holds_own: events::knows(log.connection(), anchor.writes_as, anchor.own)?,
        },
        None => Log::default(),
    };
    match judge(anchor.as_ref(), identity.origin, here) {
        Ok(()) => {
            let certificate = certificate_of(log, identity.origin)?;
            let certificate = certificate.ok_or_else(|| {
                OfficeError::Unexpected("the log lacks head office's own certificate".to_owned())
            })?;
            let own = OwnLog::load(log, &identity, settings, file)?;
            let epoch = anchor.map(|anchor| anchor.epoch).unwrap_or_default();
            Ok((Present { identity, certificate, epoch }, own))
        }
        Err(why) => {
            let before = anchor.map(|anchor| anchor.epoch);
            open(log, settings, file, &identity, before, why)
        }
    }
}

/// Begins a new epoch: head office goes on under a child origin, whose first events say so.
pub(super) fn open(
    log: &mut OfficeLog,
    settings: &Settings,
    file: &Arc<AnchorFile>,
    parent: &Identity,
    before: Option<String>,
    why: NewEpoch,
) -> Result<(Present, OwnLog), OfficeError> {
    let name = certificate_of(log, parent.origin)?
        .and_then(|signed| signed.read().ok())
        .map_or_else(|| NAMELESS.to_owned(), |certificate| certificate.name);
    let identity = new_identity(settings, parent);
    identity.write(&settings.data)?;
    let parent_log = OwnLog::load(log, parent, settings, file)?;
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
    if let Some(anchor) = anchor_of(log, &epoch, identity.origin, own.tip())? {
        own.anchor_file().follow(&anchor)?;
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
