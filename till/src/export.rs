//! Export: what head office has not acknowledged, as a file to be carried there. It holds pushes exactly as they would be sent, so head
//! office takes them in as if they had been, and however often: what it knows already changes nothing.
//!
//! Nothing is marked as sent here. When the network comes back the till hears what head office has, and goes on after that.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use daybook_core::chain::{Seal, Tip};
use daybook_core::ids::OriginId;
use daybook_core::limits::{PUSH_BYTES_MAX, PUSH_EVENTS_MAX};
use daybook_core::wire::{EXPORT_VERSION, ExportHead, PushHead};
use daybook_store::StoreError;
use daybook_store::file::sync_directory;

use crate::sync::{OwnLane, own_lanes};
use crate::till::{Inner, Till};

/// A push as it is sent: its head, then one event a line.
pub(crate) struct Pushable {
    /// The text.
    pub(crate) body: String,
    /// The last event in it.
    pub(crate) last: Tip,
    /// How many there are.
    pub(crate) events: usize,
}

/// Why there is no push.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoPush {
    /// There is nothing after that event.
    #[error("nothing to send")]
    Nothing,
    /// The key of the origin is not there.
    #[error("its key is missing in keys.json.")]
    NoKey,
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Inner {
    /// The next push of an own origin after an event.
    pub(crate) fn pushable(
        &self,
        origin: OriginId,
        after: Tip,
        events_max: usize,
    ) -> Result<Pushable, NoPush> {
        let events = self.log.own_after(origin, after.seq, events_max, PUSH_BYTES_MAX)?;
        let last = events.last().map(|event| event.tip).ok_or(NoPush::Nothing)?;
        let enrolled = self.enrolled.as_ref().ok_or(NoPush::Nothing)?;
        let key = enrolled.keys.origins.get(&origin).ok_or(NoPush::NoKey)?;
        let seal = Seal::sign(key.signing_key(), origin, last).text();
        let certificates = enrolled.identity.lineage(origin);
        let head = PushHead { origin, previous: after, seal, certificates };
        let mut body =
            serde_json::to_string(&head).map_err(|error| StoreError::Unreadable(error.to_string()))?;
        for event in &events {
            body.push('\n');
            event.text.write_line(&mut body);
        }
        body.push('\n');
        Ok(Pushable { body, last, events: events.len() })
    }
}

/// What was exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Events in the file.
    pub events: usize,
    /// Pushes in it.
    pub pushes: usize,
    /// Series of own origins whose key is not here, so that nobody can vouch for what they recorded.
    pub left_out: Vec<String>,
}

/// Why nothing was exported. The text is for people.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The till has no head office that it could be carried to.
    #[error("this till has no head office to carry anything to")]
    NoHeadOffice,
    /// Head office has everything.
    #[error("head office has everything; there is nothing to carry")]
    Nothing,
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file cannot be written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What happened.
        error: std::io::Error,
    },
}

/// What went wrong on the way into the file.
enum Failed {
    Io(std::io::Error),
    Export(ExportError),
}

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Failed::Io(error)
    }
}

impl Till {
    /// Writes what head office has not acknowledged to a file that is not there yet, and flushes it to its disk: a USB stick may be pulled
    /// out the moment this comes back.
    pub fn export_unsent(&self, to: &Path) -> Result<Exported, ExportError> {
        let (head, lanes) = {
            let inner = self.lock();
            let enrolled = inner.enrolled.as_ref().filter(|_| !inner.is_alone());
            let enrolled = enrolled.ok_or(ExportError::NoHeadOffice)?;
            let head = ExportHead {
                daybook_export: EXPORT_VERSION,
                organisation: enrolled.identity.organisation,
                till: enrolled.till,
                written: inner.options.clock.wall(),
            };
            (head, own_lanes(&inner)?)
        };
        let io = |error| ExportError::Io { path: to.to_owned(), error };
        let mut options = OpenOptions::new();
        // Never over a file that is there: it may be the export of another till.
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(to).map_err(io)?;
        let written = self.write_unsent(&head, &lanes, &mut file).map_err(|failed| match failed {
            Failed::Io(error) => io(error),
            Failed::Export(error) => error,
        });
        let written = written.and_then(|exported| {
            let flushed = file.sync_all().and_then(|()| {
                to.parent().filter(|directory| directory.is_dir()).map_or(Ok(()), sync_directory)
            });
            flushed.map(|()| exported).map_err(io)
        });
        if written.is_err() {
            let _ends_in_the_middle = std::fs::remove_file(to);
        }
        written
    }

    fn write_unsent(
        &self,
        head: &ExportHead,
        lanes: &[OwnLane],
        file: &mut impl std::io::Write,
    ) -> Result<Exported, Failed> {
        let mut exported = Exported::default();
        let mut text = serde_json::to_string(head)
            .map_err(|error| Failed::Export(StoreError::Unreadable(error.to_string()).into()))?;
        text.push('\n');
        file.write_all(text.as_bytes())?;
        for lane in lanes {
            let mut after = lane.acknowledged;
            loop {
                // One push at a time, so that whoever sells meanwhile waits for one at most.
                let next = self.lock().pushable(lane.origin, after, PUSH_EVENTS_MAX);
                match next {
                    Ok(push) => {
                        file.write_all(push.body.as_bytes())?;
                        after = push.last;
                        exported.events += push.events;
                        exported.pushes += 1;
                    }
                    Err(NoPush::Nothing) => break,
                    Err(NoPush::NoKey) => {
                        exported.left_out.push(self.series_of(lane.origin));
                        break;
                    }
                    Err(NoPush::Store(error)) => return Err(Failed::Export(error.into())),
                }
            }
        }
        if exported.pushes == 0 {
            return Err(Failed::Export(ExportError::Nothing));
        }
        Ok(exported)
    }

    fn series_of(&self, origin: OriginId) -> String {
        let inner = self.lock();
        let certificates = inner.enrolled.iter().flat_map(|enrolled| enrolled.identity.certificates());
        let named = certificates.into_iter().find(|certificate| certificate.origin == origin);
        named.map_or_else(|| origin.to_string(), |certificate| certificate.series)
    }
}
