//! Moving the journal to another disk on purpose: said first, the till keeps its origin.
//!
//! A till that finds no journal of its own cannot be told from a copy and goes on under a child origin. So whoever replaces the journal's
//! disk has the whole journal written to the new place while the old one is still there to prove whose log this is.

use std::path::{Path, PathBuf};

use daybook_core::chain::Tip;
use daybook_core::ids::OriginId;
use daybook_store::Durability;
use daybook_store::file::DirectoryLock;
use daybook_store::till::TillLog;

use crate::identity::Identity;
use crate::journal::{Found, Journal, machine};
use crate::open::IDENTITY_FACT;
use crate::till::{OpenError, Options};

/// Events written to a journal file at a time.
const EVENTS_AT_ONCE: i64 = 1_000;

/// A journal that was written to a new place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// Events in it.
    pub events: usize,
    /// Journal files: one of each own origin.
    pub files: usize,
}

/// Writes the journal of a closed till to another directory, whole, and ends the old one, which stays under another name. From then on
/// the till is opened with the new directory.
pub fn renew_journal(options: &Options, to: &Path) -> Result<Renewed, OpenError> {
    let _lock = DirectoryLock::take(&options.data)?;
    let mut log = TillLog::open(&options.data, Durability::Full)?;
    log.probe()?;
    let text = log.fact(IDENTITY_FACT)?;
    let text = text.ok_or_else(|| OpenError::Unreadable("this till belongs to no store yet".to_owned()))?;
    let identity: Identity =
        serde_json::from_str(&text).map_err(|error| OpenError::Unreadable(error.to_string()))?;
    prove(options, &mut log, &identity)?;
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| OpenError::Io { path, error }
    };
    std::fs::create_dir_all(to).map_err(io(to))?;
    let same = |one: &Path, other: &Path| match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    };
    if same(&options.journal, to) {
        return Err(OpenError::Unreadable("the journal is there already; name another directory".to_owned()));
    }
    let mut renewed = Renewed { events: 0, files: 0 };
    let mut write = |directory: &Path, origin: OriginId, identity: &Identity| -> Result<(), OpenError> {
        let events = write_whole(&log, directory, origin, identity)?;
        renewed.events += events;
        renewed.files += usize::from(events > 0);
        Ok(())
    };
    if let Some((office, _)) = identity.head_office_key().filter(|_| identity.alone) {
        write(&to.join("head-office"), office, &identity)?;
    }
    for (index, certificate) in identity.certificates().iter().enumerate() {
        let mut then = identity.clone();
        then.origins.truncate(index + 1);
        write(to, certificate.origin, &then)?;
    }
    for directory in [options.journal.clone(), options.journal.join("head-office")] {
        Journal::end(&directory).map_err(io(&directory))?;
    }
    Ok(renewed)
}

/// Only a log whose journal is here and fits is known to be no copy.
fn prove(options: &Options, log: &mut TillLog, identity: &Identity) -> Result<(), OpenError> {
    let directory = options.journal.clone();
    let found = Journal::look(&directory).map_err(|error| OpenError::Io { path: directory, error })?;
    let reached = match found {
        Found::Journal(header, last)
            if Some(header.origin) == identity.writes_as() && header.machine == machine() =>
        {
            Some((header.origin, last.map_or(Tip::NONE, |record| record.tip)))
        }
        _ => None,
    };
    let fits = reached.map(|(origin, tip)| log.holds(origin, tip)).transpose()?.unwrap_or(false);
    if fits {
        return Ok(());
    }
    let why = "the present journal is not there or does not fit, so nothing tells this till from a copy; open it without a new journal, and it goes on under a child origin";
    Err(OpenError::Unreadable(why.to_owned()))
}

fn write_whole(
    log: &TillLog,
    directory: &Path,
    origin: OriginId,
    identity: &Identity,
) -> Result<usize, OpenError> {
    let path: PathBuf = directory.to_owned();
    let io = |error| OpenError::Io { path: path.clone(), error };
    let mut journal = Journal::begin(directory, origin, &machine(), identity).map_err(io)?;
    let (mut first, mut written) = (1, 0);
    loop {
        let events = log.own_chain(origin, first, first + EVENTS_AT_ONCE - 1)?;
        let Some(last) = events.last() else { break };
        first = last.tip.seq + 1;
        written += events.len();
        journal
            .append(events.iter().map(|event| (event.tip, event.prev, &event.text)))
            .map_err(io)?;
    }
    journal.flush().map_err(io)?;
    Ok(written)
}
