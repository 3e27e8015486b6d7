//! Backup of a side's books, and the proof that it can be restored.
//!
//! A backup is a folder: the log as of one moment, the keys, and a manifest of what the log ended with. Nobody's name, no PIN and no read
//! model is in it: people are told again, read models follow from the log. It is looked through from end to end right after it was written,
//! because a backup that nobody has opened is a hope.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use daybook_core::chain::Tip;
use daybook_core::ids::OriginId;
use serde::{Deserialize, Serialize};

use crate::events;
use crate::file::{StoreError, open_reader, sync_directory};
use crate::seals::{Sealed, verify_seals};
use crate::verify::{Verified, copy_file, verify_file};

/// Name of the log in a data folder and in a backup.
const LOG: &str = "log.db";
/// Name of the manifest.
const MANIFEST: &str = "backup.json";
/// Version of the manifest.
const MANIFEST_VERSION: u32 = 1;

/// Whose books are backed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// A till's.
    Till,
    /// Head office's.
    HeadOffice,
}

impl Side {
    /// Name of the file that holds the side's keys.
    fn keys(self) -> &'static str {
        match self {
            Side::Till => "keys.json",
            Side::HeadOffice => "identity.json",
        }
    }
}

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the folder's shape.
    pub daybook_backup: u32,
    /// Whose books these are.
    pub side: Side,
    /// When it was made, in microseconds since 1970.
    pub written: i64,
    /// Events in its log.
    pub events: i64,
    /// The last events of all origins in it.
    pub tips: Vec<(OriginId, Tip)>,
}

/// What a look through a log or a backup found: everything is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Events, every one with its hash.
    pub events: i64,
    /// Origins.
    pub origins: usize,
    /// Their seals.
    pub seals: Sealed,
    /// For a backup: how many events the books have beyond it, where they were here to compare with.
    pub behind: Option<i64>,
}

impl Checked {
    /// The result in words.
    pub fn words(&self) -> String {
        let whole = format!(
            "{} events of {} origins, each as it was written; {}",
            self.events,
            self.origins,
            self.seals.words()
        );
        match self.behind {
            None | Some(0) => whole,
            Some(behind) => format!("{whole}; {behind} have been recorded since"),
        }
    }

    fn of(verified: &Verified, seals: Sealed, behind: Option<i64>) -> Self {
        Checked { events: verified.events, origins: verified.tips.len(), seals, behind }
    }
}

/// Makes a backup of a data folder in a new folder, also while its books are written, and looks it through. `written` is the time now, in
/// microseconds since 1970. `keys` takes the place of the file of keys, where that is of use on its own machine only.
pub fn make(
    side: Side,
    data: &Path,
    to: &Path,
    written: i64,
    keys: Option<&str>,
) -> Result<Checked, StoreError> {
    let keys = match keys {
        Some(keys) => keys.as_bytes().to_vec(),
        None => std::fs::read(data.join(side.keys())).map_err(io(&data.join(side.keys())))?,
    };
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(to).map_err(io(to))?;
    copy_file(&data.join(LOG), &to.join(LOG))?;
    write_private(&to.join(side.keys()), &keys)?;
    let verified = verify_file(&to.join(LOG))?;
    let manifest = Manifest {
        daybook_backup: MANIFEST_VERSION,
        side,
        written,
        events: verified.events,
        tips: tips(&verified),
    };
    let text =
        serde_json::to_string_pretty(&manifest).map_err(|error| StoreError::Unreadable(error.to_string()))?;
    // Last of all: a backup that was interrupted has none, and is not taken for one.
    write_private(&to.join(MANIFEST), text.as_bytes())?;
    sync_directory(to).map_err(io(to))?;
    check(side, to, Some(data))
}

/// Looks the log of a data folder through, also while it is written: every hash, every link, every seal.
pub fn look_through(data: &Path) -> Result<Checked, StoreError> {
    let log = data.join(LOG);
    let verified = verify_file(&log)?;
    Ok(Checked::of(&verified, verify_seals(&open_reader(&log)?)?, None))
}

/// Looks a backup through: every hash, every link, every seal, and that it ends where its manifest says. With a data folder, how far that is ahead.
pub fn check(side: Side, from: &Path, data: Option<&Path>) -> Result<Checked, StoreError> {
    let manifest = read_manifest(from)?;
    if manifest.side != side {
        return Err(StoreError::NoBackup(format!("{} is a backup of other books", from.display())));
    }
    std::fs::metadata(from.join(side.keys())).map_err(io(&from.join(side.keys())))?;
    let verified = verify_file(&from.join(LOG))?;
    if (verified.events, tips(&verified)) != (manifest.events, manifest.tips) {
        return Err(StoreError::NoBackup(format!(
            "the log in {} is not the one that was backed up: it holds {} events and {} were written down, or its last events differ",
            from.display(),
            verified.events,
            manifest.events
        )));
    }
    let behind = data.map(|data| behind(&verified, from, data)).transpose()?;
    let seals = verify_seals(&open_reader(&from.join(LOG))?)?;
    Ok(Checked::of(&verified, seals, behind))
}

/// How many events a data folder holds beyond a backup; an error where it is of another history.
fn behind(backup: &Verified, from: &Path, data: &Path) -> Result<i64, StoreError> {
    let log = open_reader(&data.join(LOG))?;
    for (origin, tip) in tips(backup) {
        if !events::knows(&log, origin, tip)? {
            return Err(StoreError::NoBackup(format!(
                "{} holds event {} of {origin}, which {} does not: they are not of the same history",
                from.display(),
                tip.seq,
                data.display()
            )));
        }
    }
    Ok(events::last_position(&log)? - backup.events)
}

/// Puts a backup, looked through first, into a data folder that holds no books. Take the folder's lock first.
pub fn restore(side: Side, from: &Path, to: &Path) -> Result<Checked, StoreError> {
    let checked = check(side, from, None)?;
    if let Some(name) = [LOG, side.keys()].into_iter().find(|name| to.join(name).exists()) {
        let error = std::io::Error::new(std::io::ErrorKind::AlreadyExists, "there are books here already");
        return Err(StoreError::Io { path: to.join(name), error });
    }
    let keys = from.join(side.keys());
    let keys = std::fs::read(&keys).map_err(io(&keys))?;
    copy_file(&from.join(LOG), &to.join(LOG))?;
    if verify_file(&to.join(LOG))?.events != checked.events {
        return Err(StoreError::Damaged(to.join(LOG)));
    }
    write_private(&to.join(side.keys()), &keys)?;
    sync_directory(to).map_err(io(to))?;
    Ok(checked)
}

fn read_manifest(from: &Path) -> Result<Manifest, StoreError> {
    let path = from.join(MANIFEST);
    let bytes = match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let why = format!("{} holds no backup, or one that was interrupted", from.display());
            return Err(StoreError::NoBackup(why));
        }
        other => other.map_err(io(&path))?,
    };
    let manifest: Manifest = serde_json::from_slice(&bytes)
        .map_err(|error| StoreError::NoBackup(format!("{}: {error}", path.display())))?;
    if manifest.daybook_backup > MANIFEST_VERSION {
        let why = format!("{} was written by a newer Daybook; install that version", path.display());
        return Err(StoreError::NoBackup(why));
    }
    Ok(manifest)
}

fn tips(verified: &Verified) -> Vec<(OriginId, Tip)> {
    let branches = verified.tips.iter();
    branches.flat_map(|(origin, tips)| tips.iter().map(|tip| (*origin, *tip))).collect()
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(io(path))
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> StoreError + use<> {
    let path = path.to_owned();
    move |error| StoreError::Io { path, error }
}
