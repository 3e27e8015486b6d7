//! The anchor: a file beside head office's database that says how far its log was.
//!
//! Head office's own events are written down here before they are committed: whatever is put back in the place of the log, an own event that
//! anybody saw is missed at the next start, and nothing is ever written beside it. What tills sent is followed at leisure: they still have it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use daybook_core::chain::Tip;
use daybook_core::ids::OriginId;
use daybook_core::limits::ANCHOR_MILLIS;
use daybook_core::sync::epoch::Anchor;
use daybook_store::events;
use daybook_store::file::sync_directory;
use daybook_store::office::OfficeLog;
use tokio::sync::watch;

use super::{OfficeError, Settings};

/// Name of the file.
pub(super) const ANCHOR_FILE: &str = "epoch";

/// The file, and what stands in it.
#[derive(Debug)]
pub(super) struct AnchorFile {
    data: PathBuf,
    durable: bool,
    kept: Mutex<Option<Anchor>>,
}

impl AnchorFile {
    /// Reads the file of a data directory. One that makes no sense, whatever its bytes are, says as little as none.
    pub(super) fn read(settings: &Settings) -> Result<Self, OfficeError> {
        let path = settings.data.join(ANCHOR_FILE);
        let kept = match std::fs::read(&path) {
            Ok(bytes) => {
                let read = serde_json::from_slice(&bytes).inspect_err(|error| {
                    let path = path.display();
                    tracing::error!(%path, %error, "the anchor of the log is damaged; a new epoch begins for it");
                });
                read.ok()
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(OfficeError::Io { path, error }),
        };
        Ok(AnchorFile { data: settings.data.clone(), durable: settings.durable, kept: Mutex::new(kept) })
    }

    /// What stands in it.
    pub(super) fn kept(&self) -> Option<Anchor> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes down where the own log of an origin ends: before the commit that brings it there, and again where that failed. An origin
    /// that the file does not name yet is one whose epoch has not begun; until it has, nothing of it is told to anybody.
    pub(super) fn note_own(&self, origin: OriginId, own: Tip) -> Result<(), OfficeError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some(anchor) if anchor.writes_as == origin && anchor.own != own => {
                let noted = Anchor { own, ..anchor.clone() };
                self.write(&noted)?;
                *kept = Some(noted);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Writes down how far the log is. What was noted of the own log meanwhile stays.
    pub(super) fn follow(&self, anchor: &Anchor) -> Result<(), OfficeError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = match &*kept {
            Some(known) if known.writes_as == anchor.writes_as => known.own,
            _ => anchor.own,
        };
        let anchor = Anchor { own: noted, ..anchor.clone() };
        self.write(&anchor)?;
        *kept = Some(anchor);
        Ok(())
    }

    /// Either the old or the new one is there whole.
    fn write(&self, anchor: &Anchor) -> Result<(), OfficeError> {
        let (path, new) = (self.data.join(ANCHOR_FILE), self.data.join("epoch.new"));
        let text =
            serde_json::to_string(anchor).map_err(|error| OfficeError::Unexpected(error.to_string()))?;
        let written = std::fs::File::create(&new).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            if self.durable { file.sync_all() } else { Ok(()) }
        });
        written
            .and_then(|()| std::fs::rename(&new, &path))
            .and_then(|()| if self.durable { sync_directory(&self.data) } else { Ok(()) })
            .map_err(|error| OfficeError::Io { path, error })
    }
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

/// What the anchor says of a log as it stands, whose own part ends at a tip; none before its first event.
pub(super) fn anchor_of(
    log: &OfficeLog,
    epoch: &str,
    writes_as: OriginId,
    own: Tip,
) -> Result<Option<Anchor>, OfficeError> {
    let position = events::last_position(log.connection())?;
    let last = events::at_position(log.connection(), position)?;
    let epoch = epoch.to_owned();
    Ok(last.map(|(origin, tip)| Anchor { epoch, writes_as, own, position, origin, tip }))
}

/// Follows the log with its anchor, until the writer is gone. What a crash leaves unwritten only makes the log run ahead of it.
pub(super) fn follow(
    file: &AnchorFile,
    mut anchors: watch::Receiver<Option<Anchor>>,
    runtime: &tokio::runtime::Handle,
) {
    let keep = |anchor: &Option<Anchor>| {
        let Some(anchor) = anchor else { return };
        if let Err(error) = file.follow(anchor) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::chain::sha256;
    use uuid::Uuid;

    fn tip(seq: i64) -> Tip {
        Tip { seq, hash: sha256(&seq.to_be_bytes()) }
    }

    fn anchor(writes_as: u128, own: i64, position: i64) -> Anchor {
        let (epoch, writes_as) = ("e".to_owned(), OriginId(Uuid::from_u128(writes_as)));
        Anchor { epoch, writes_as, own: tip(own), position, origin: writes_as, tip: tip(own) }
    }

    #[test]
    fn an_own_event_is_noted_at_once_and_stays_whatever_follows_the_log_late() {
        let home = tempfile::tempdir().unwrap();
        let file = AnchorFile {
            data: home.path().to_owned(),
            durable: false,
            kept: Mutex::new(Some(anchor(1, 4, 9))),
        };
        let on_disk = || -> Anchor {
            serde_json::from_str(&std::fs::read_to_string(home.path().join(ANCHOR_FILE)).unwrap()).unwrap()
        };
        file.note_own(OriginId(Uuid::from_u128(1)), tip(5)).unwrap();
        assert_eq!((on_disk().own, on_disk().position), (tip(5), 9));
        file.follow(&anchor(1, 4, 10)).unwrap();
        assert_eq!((on_disk().own, on_disk().position), (tip(5), 10), "what was on its way is older");
        file.note_own(OriginId(Uuid::from_u128(1)), tip(4)).unwrap();
        assert_eq!(on_disk().own, tip(4), "the commit failed");
        file.note_own(OriginId(Uuid::from_u128(2)), tip(1)).unwrap();
        assert_eq!(on_disk(), anchor(1, 4, 10), "an epoch that has not begun");
        file.follow(&anchor(2, 2, 12)).unwrap();
        assert_eq!(on_disk(), anchor(2, 2, 12));
    }

    #[test]
    fn an_own_event_is_not_recorded_where_it_cannot_be_noted() {
        let home = tempfile::tempdir().unwrap();
        let gone = home.path().join("gone");
        let file = AnchorFile { data: gone, durable: false, kept: Mutex::new(Some(anchor(1, 4, 9))) };
        assert!(file.note_own(OriginId(Uuid::from_u128(1)), tip(5)).is_err());
        assert_eq!(file.kept(), Some(anchor(1, 4, 9)));
    }

    #[test]
    fn an_anchor_of_any_bytes_is_read_as_none_where_it_makes_no_sense() {
        let home = tempfile::tempdir().unwrap();
        let settings = crate::office::tests::settings(home.path());
        let whole = serde_json::to_vec(&anchor(1, 4, 9)).unwrap();
        let rotted: Vec<u8> = whole.iter().map(|byte| byte ^ 0x80).collect();
        let cut = whole[..whole.len() / 2].to_vec();
        let cases = [(whole, Some(anchor(1, 4, 9))), (rotted, None), (cut, None), (Vec::new(), None)];
        for (bytes, kept) in cases {
            std::fs::write(home.path().join(ANCHOR_FILE), bytes).unwrap();
            assert_eq!(AnchorFile::read(&settings).unwrap().kept(), kept);
        }
    }
}
