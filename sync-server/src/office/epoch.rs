//! The epoch as the office lives it: whether the log goes on in that of its anchor, and how a new one begins.
//!
//! What stands here is judged by [`daybook_core::sync::epoch`]. A new epoch is carried out: a new origin and key for head office are kept
//! beside the present ones before anything is written under them, then come its certificate and first events, then the anchor; at last the
//! new keys take the place of the present ones, which its first event still needs. Cut short anywhere in between, it is gone on with from
//! there, at the next start or before head office writes anything else, and nothing of it was told to anybody meanwhile.

use std::sync::Arc;

use daybook_core::chain::Tip;
use daybook_core::event::Event;
use daybook_core::event::origin::{EpochOpened, Opened, Parent, Reason, Role};
use daybook_core::identity::certificate::{CERTIFICATE_VERSION, Certificate, SignedCertificate};
use daybook_core::ids::OriginId;
use daybook_core::sync::epoch::{Log, NewEpoch, judge};
use daybook_store::events;
use daybook_store::office::{OfficeLog, certificates};

use super::anchor::{AnchorFile, anchor_of};
use super::identity::NextIdentity;
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
    let judged = match NextIdentity::read(&settings.data)? {
        Some(_) => Err(NewEpoch::Unfinished),
        None => judge(anchor.as_ref(), identity.origin, here),
    };
    match judged {
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

/// Begins a new epoch, or goes on with one that was cut short: head office goes on under a child origin, whose first events say so.
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
    let next = match NextIdentity::read(&settings.data)? {
        Some(begun) => begun,
        None => {
            let begun = next_identity(settings, parent);
            begun.write(&settings.data)?;
            begun
        }
    };
    let (identity, epoch) = (&next.identity, next.epoch.clone());
    tracing::warn!(%why, origin = %identity.origin, "a new epoch begins; tills hand back what this log lacks");
    let certificate = match certificate_of(log, identity.origin)? {
        Some(kept) => kept,
        None => certify(settings, identity, &name),
    };
    let mut own = OwnLog::load(log, identity, settings, file)?;
    if own.tip() == Tip::NONE {
        let parent_log = OwnLog::load(log, parent, settings, file)?;
        let (tip, read) = (parent_log.tip(), read(&certificate)?);
        let signature = SignedCertificate::issue(&read, &parent.key).signature;
        let parent = Parent { origin: parent.origin, tip, signature };
        let opened = opened(identity, &read, Reason::Epoch, Some(parent));
        own = OwnLog::after(&parent_log, identity);
        let first = vec![opened.into(), EpochOpened { epoch: epoch.clone(), before }.into()];
        establish(log, &mut own, identity.origin, &certificate, first)?;
    }
    note(log, &own, &epoch, identity.origin)?;
    let identity = next.take_over(&settings.data)?;
    Ok((Present { identity, certificate, epoch }, own))
}

/// Writes the first events of an origin of head office, beside its certificate.
pub(super) fn establish(
    log: &mut OfficeLog,
    own: &mut OwnLog,
    origin: OriginId,
    certificate: &SignedCertificate,
    first: Vec<Event>,
) -> Result<(), OfficeError> {
    log.put_certificate(origin, certificate)?;
    own.append(log, first.into_iter().map(|event| (event, Vec::new())).collect(), None)?;
    Ok(())
}

/// Writes the anchor of an epoch whose first events stand in the log.
pub(super) fn note(
    log: &OfficeLog,
    own: &OwnLog,
    epoch: &str,
    writes_as: OriginId,
) -> Result<(), OfficeError> {
    match anchor_of(log, epoch, writes_as, own.tip())? {
        Some(anchor) => own.anchor_file().follow(&anchor),
        None => Ok(()),
    }
}

/// Who goes on from somebody in a new epoch, under a new origin and key.
fn next_identity(settings: &Settings, before: &Identity) -> NextIdentity {
    let (origin, key) = (OriginId(setup::new_uuid(settings)), setup::new_key(&*settings.randomness));
    let identity = Identity { origin, key, ..before.clone() };
    NextIdentity { identity, epoch: new_epoch(&*settings.randomness) }
}

/// What a certificate of head office says.
pub(super) fn read(certificate: &SignedCertificate) -> Result<Certificate, OfficeError> {
    certificate.read().map_err(|error| OfficeError::Unexpected(error.to_string()))
}

/// The certificate of head office's origin. The root signs it itself, also that of a child: whoever pinned the root needs no other.
pub(super) fn certify(settings: &Settings, identity: &Identity, name: &str) -> SignedCertificate {
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
    SignedCertificate::issue(&certificate, &identity.root)
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
pub(super) fn new_epoch(randomness: &dyn Randomness) -> String {
    let mut bytes = [0; 16];
    randomness.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::office::anchor::ANCHOR_FILE;
    use crate::office::tests::{office, settings};
    use crate::office::{Clock, Office};
    use daybook_core::envelope::Envelope;
    use daybook_store::Durability;
    use std::path::Path;

    /// A clock that was set back by decades.
    struct SetBack;

    impl Clock for SetBack {
        fn wall(&self) -> i64 {
            1
        }
    }

    fn open_set_back(home: &Path) -> Office {
        Office::open(Settings { clock: Arc::new(SetBack), ..settings(home) }).unwrap()
    }

    fn copy(from: &Path, to: &Path, names: &[&str]) {
        for name in names {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }

    /// Envelopes and payloads of an origin's chain.
    fn chain(home: &Path, origin: OriginId) -> Vec<(Envelope, String)> {
        let log = OfficeLog::open(home, Durability::Off).unwrap();
        let events = events::of_chain(log.connection(), origin, 1, 99).unwrap();
        let read = |event: daybook_store::events::StoredEvent| {
            (event.text.read_envelope().unwrap(), event.text.payload)
        };
        events.into_iter().map(read).collect()
    }

    /// An organisation whose anchor is gone, so that a new epoch has to begin. Its log is one file, as it lies after a clean end.
    async fn left_without_an_anchor(home: &Path) -> Identity {
        office(home).close().await;
        std::fs::remove_file(home.join(ANCHOR_FILE)).unwrap();
        Identity::read(home).unwrap()
    }

    #[tokio::test]
    async fn an_epoch_whose_beginning_is_cut_short_anywhere_is_gone_on_with_from_there() {
        let (before, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let parent = left_without_an_anchor(before.path()).await;
        copy(before.path(), after.path(), &["log.db", "identity.json"]);
        let begun = Office::open(settings(after.path())).unwrap();
        let (origin, epoch) = (begun.origin(), begun.epoch());
        begun.close().await;
        drop(begun);
        let next = NextIdentity { identity: Identity::read(after.path()).unwrap(), epoch: epoch.clone() };
        let certificate = {
            let log = OfficeLog::open(after.path(), Durability::Off).unwrap();
            certificate_of(&log, origin).unwrap().unwrap()
        };
        let (old, new) = (before.path(), after.path());
        for step in ["keys", "certificate", "events", "anchor", "taken over"] {
            let home = tempfile::tempdir().unwrap();
            let here = home.path();
            match step {
                "keys" => copy(old, here, &["log.db", "identity.json"]),
                "certificate" => {
                    copy(old, here, &["log.db", "identity.json"]);
                    let mut log = OfficeLog::open(here, Durability::Off).unwrap();
                    log.put_certificate(origin, &certificate).unwrap();
                }
                "events" => {
                    copy(old, here, &["identity.json"]);
                    copy(new, here, &["log.db"]);
                }
                "anchor" => {
                    copy(old, here, &["identity.json"]);
                    copy(new, here, &["log.db", ANCHOR_FILE]);
                }
                _ => copy(new, here, &["log.db", "identity.json", ANCHOR_FILE]),
            }
            next.write(here).unwrap();
            let office = open_set_back(here);
            assert_eq!((office.origin(), office.epoch()), (origin, epoch.clone()), "{step}");
            let kept = office.certificate(origin).await.unwrap().unwrap();
            assert_eq!(kept.name, "Corner Shop", "{step}");
            office.close().await;
            drop(office);
            let (elder, own) = (chain(here, parent.origin), chain(here, origin));
            let opened: Opened = serde_json::from_str(&own[0].1).unwrap();
            let named = opened.parent.unwrap();
            assert_eq!((named.origin, named.tip.seq), (parent.origin, elder.last().unwrap().0.seq), "{step}");
            assert_eq!(own.len(), 2, "{step}: it begins once");
            assert!(own[0].0.at > elder.last().unwrap().0.at, "{step}: it stands above what came before");
            let office = open_set_back(here);
            assert_eq!((office.origin(), office.epoch()), (origin, epoch.clone()), "{step}: it has begun");
            office.close().await;
        }
    }

    #[tokio::test]
    async fn keys_of_an_unfinished_epoch_that_make_no_sense_are_replaced_by_another_one_s() {
        let home = tempfile::tempdir().unwrap();
        let parent = left_without_an_anchor(home.path()).await;
        let keys = Identity::read(home.path()).unwrap();
        NextIdentity { identity: keys, epoch: "e".to_owned() }.write(home.path()).unwrap();
        let path = home.path().join("identity-next.json");
        std::fs::write(&path, [0xff; 9]).unwrap();
        let office = Office::open(settings(home.path())).unwrap();
        assert!(office.origin() != parent.origin && !path.exists());
        office.close().await;
    }
}
