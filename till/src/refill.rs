//! Refilling a log from the journal files: what brings a till back whose log is gone, broken or older than it was.
//!
//! Whether a journal file holds the very last event cannot be known, so a till whose log was refilled always goes on under a child
//! origin: nothing can fork. A log that cannot be used is moved aside, never deleted, and what can still be read of it goes on where the
//! journal files end: they may be hours old. Events of others are not in the journal files; they are fetched again.

use std::path::PathBuf;

use daybook_core::ids::OriginId;
use daybook_store::aside::Aside;
use daybook_store::file::{remove, set_aside};
use daybook_store::till::TillLog;
use daybook_store::{Durability, StoreError};

use crate::identity::{Identity, Keys};
use crate::intake::{take_from, take_in};
use crate::journal::Journal;
use crate::open::{IDENTITY_FACT, VIEWS_FILE};
use crate::till::{OpenError, Options};

/// Name of the fact that tells under which origin the log was refilled: that origin writes no more.
pub(crate) const REFILLED_FACT: &str = "refilled";

/// Name of the fact that tells what a look through the whole log found broken: it is mended at the next start.
pub(crate) const DAMAGE_FACT: &str = "damage";

/// What happened to a log that was refilled when the till was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refilled {
    /// What was wrong with it.
    pub why: String,
    /// Own events that came back from journal files.
    pub from_journals: usize,
    /// Own events that the journal files lacked and the damaged log still held.
    pub from_damaged: usize,
}

/// A log that was opened, and how it was refilled where it was.
pub(crate) type OpenedLog = (TillLog, Option<Refilled>);

/// Opens the log of a till. One that is gone is refilled from the journal files where these can do it.
pub(crate) fn open_log(options: &Options, durability: Durability) -> Result<OpenedLog, OpenError> {
    let path = TillLog::path_in(&options.data);
    if !path.exists() {
        // What is left of a log without its file would be taken for a part of the new one.
        set_aside(&path)?;
    }
    let log = TillLog::open(&options.data, durability)?;
    log.probe()?;
    // Where no journal file could mend it, a till with one broken event goes on as it is.
    if log.fact(DAMAGE_FACT)?.is_some() && find(options, None)?.is_some() {
        return Err(StoreError::Damaged(path).into());
    }
    if log.fact(IDENTITY_FACT)?.is_some() {
        return Ok((log, None));
    }
    match find(options, None)? {
        Some(remains) => refill(options, log, remains, "the log was gone"),
        None => Ok((log, None)),
    }
}

/// Moves a damaged log aside, which nobody has open any more, and opens one that is refilled. Where no journal file can refill it, the
/// damage stays.
pub(crate) fn mend_log(
    options: &Options,
    durability: Durability,
    error: StoreError,
) -> Result<OpenedLog, OpenError> {
    let Some(remains) = find(options, None)? else {
        tracing::error!(
            journal = %options.journal.display(),
            "the log is damaged, and no journal file of this till is there to refill it from"
        );
        return Err(error.into());
    };
    let aside = set_aside(&TillLog::path_in(&options.data))?.unwrap_or_default();
    tracing::error!(%error, aside = %aside.display(), "the log is damaged; it was moved aside");
    let why = format!("{error}; it was kept as {}", aside.display());
    refill(options, TillLog::open(&options.data, durability)?, remains, &why)
}

/// What the journal files hold of a till.
pub(crate) struct Remains {
    /// Who the till is by all that is told; its last origin is the one that wrote last and has its key here.
    pub(crate) identity: Identity,
    keys: Keys,
    files: Vec<(OriginId, PathBuf)>,
}

impl Remains {
    /// Takes everything in that links, of all origins of the lineage, the oldest first; gives how many events.
    pub(crate) fn take_in(&self, log: &mut TillLog) -> Result<usize, OpenError> {
        let mut taken = 0;
        for origin in self.origins() {
            for (_, path) in self.files.iter().filter(|(of, _)| *of == origin) {
                let io = |error| OpenError::Io { path: path.clone(), error };
                let Some((_, records)) = Journal::read(path).map_err(io)? else { continue };
                let events = take_in(log, origin, records).map_err(|error| error.at(path))?;
                if events > 0 {
                    tracing::warn!(%origin, events, file = %path.display(), "events are taken back from a journal file");
                }
                taken += events;
            }
        }
        Ok(taken)
    }

    fn origins(&self) -> Vec<OriginId> {
        self.identity.certificates().iter().map(|certificate| certificate.origin).collect()
    }
}

/// What the journal files hold of a till: of the one that is `known`, else of the one that wrote last and whose keys are still here.
/// None where nothing can be brought back.
pub(crate) fn find(options: &Options, known: Option<&Identity>) -> Result<Option<Remains>, OpenError> {
    let io = |path: &PathBuf| {
        let path = path.clone();
        move |error| OpenError::Io { path, error }
    };
    let keys = Keys::read(&options.data, &*options.keystore).map_err(io(&options.data))?;
    let (mut files, mut told) = (Vec::new(), Vec::new());
    for path in Journal::files(&options.journal).map_err(io(&options.journal))? {
        let read = || -> std::io::Result<_> {
            let Some((header, mut records)) = Journal::read(&path)? else { return Ok(None) };
            let begins = records.next().transpose()?;
            Ok(Some((header, begins)))
        };
        let (header, begins) = match read() {
            Ok(Some(read)) => read,
            Ok(None) => continue,
            // Without the one that was written last a log that is gone would be refilled too short; an earlier one, and a log that is
            // there, can do without.
            Err(error) if known.is_none() && path == Journal::current(&options.journal) => {
                return Err(io(&path)(error));
            }
            Err(error) => {
                tracing::error!(%error, file = %path.display(), "a journal file cannot be read; what it alone holds is not taken back");
                continue;
            }
        };
        if begins.is_none_or(|first| !first.is_first()) {
            continue;
        }
        let named = |identity: &Identity| identity.writes_as() == Some(header.origin);
        told.extend(header.identity.filter(named));
        files.push((header.origin, path));
    }
    let newest = || told.iter().find(|told| told.can_write(&keys)).cloned();
    let Some(mut identity) = known.cloned().or_else(newest) else { return Ok(None) };
    identity.learn(&told, &keys);
    let mut remains = Remains { identity, keys, files };
    let own = remains.origins();
    remains.files.retain(|(origin, _)| own.contains(origin));
    Ok((!remains.files.is_empty()).then_some(remains))
}

/// Takes everything that links in, then who the till is. Until that stands in the log, opening the till begins this again.
fn refill(
    options: &Options,
    mut log: TillLog,
    mut remains: Remains,
    why: &str,
) -> Result<OpenedLog, OpenError> {
    // The read models point into the log that is gone.
    remove(&options.data.join(VIEWS_FILE))?;
    let asides = Aside::of(&options.data)?;
    let told = asides.iter().filter_map(|aside| aside.fact(IDENTITY_FACT));
    let told: Vec<Identity> = told.filter_map(|text| serde_json::from_str(&text).ok()).collect();
    remains.identity.learn(&told, &remains.keys);
    let from_journals = remains.take_in(&mut log)?;
    let mut from_damaged = 0;
    for origin in remains.origins() {
        for aside in &asides {
            let events = take_from(&mut log, origin, aside)?;
            if events > 0 {
                tracing::warn!(%origin, events, file = %aside.path().display(), "events that no journal file holds are taken back");
            }
            from_damaged += events;
        }
    }
    remains.keep(&mut log)?;
    Ok((log, Some(Refilled { why: why.to_owned(), from_journals, from_damaged })))
}

impl Remains {
    /// Writes down who the till is, and that the origin which wrote last writes no more.
    pub(crate) fn keep(&self, log: &mut TillLog) -> Result<(), OpenError> {
        let identity = serde_json::to_string(&self.identity)
            .map_err(|error| OpenError::Unreadable(error.to_string()))?;
        let last = self.identity.writes_as().map(|origin| origin.to_string()).unwrap_or_default();
        log.put_fact(REFILLED_FACT, &last)?;
        log.put_fact(IDENTITY_FACT, &identity)?;
        Ok(())
    }
}
