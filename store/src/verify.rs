//! Looking whether a log is whole: SQLite's own structure, every event's hash, and every link of every chain; and copying one so that the
//! copy can be trusted.
//!
//! SQLite does not notice a byte that changed inside a text; the chain does. What cannot be told from here is whether the log ends too
//! early: for that its tips are compared with those that somebody else knows.

use daybook_core::chain::{Hash, Tip};
use daybook_core::ids::OriginId;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::path::Path;

use crate::events;
use crate::file::{StoreError, open_reader, sync_directory};
use crate::links;

/// Events read at a time.
const EVENTS_AT_ONCE: usize = 2_000;

/// A log that was looked through and is whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Events.
    pub events: i64,
    /// Events whose predecessor is not here: those of others that a till follows come without what lies between.
    pub unlinked: i64,
    /// The last events of all branches of all origins.
    pub tips: BTreeMap<OriginId, Vec<Tip>>,
}

/// Looks a log through; an error names the first thing that is broken.
pub fn verify(log: &Connection) -> Result<Verified, StoreError> {
    let mut structure = log.prepare("PRAGMA integrity_check(1)")?;
    let said: String = structure.query_row([], |row| row.get(0))?;
    if said != "ok" {
        return Err(StoreError::BrokenRow(said));
    }
    let mut verified = Verified { tips: events::tips(log)?, ..Verified::default() };
    let mut position = 0;
    loop {
        let page = events::after_position(log, position, EVENTS_AT_ONCE)?;
        let Some(last) = page.last() else { break };
        position = last.position;
        for event in &page {
            let broken = |what: &str| {
                StoreError::BrokenRow(format!("event {} of {} {what}", event.tip.seq, event.origin))
            };
            if event.text.hash(event.prev) != event.tip.hash {
                return Err(broken("is not what it was when it was written"));
            }
            let is_first = event.tip.seq == 1;
            if is_first != (event.prev == Tip::NONE.hash) {
                return Err(broken("does not stand where its chain says"));
            }
            let before = Tip { seq: event.tip.seq - 1, hash: event.prev };
            if !is_first && !links::knows(log, event.origin, before)? {
                verified.unlinked += 1;
            }
            verified.events += 1;
        }
    }
    for (origin, tips) in &verified.tips {
        for tip in tips {
            if !events::knows(log, *origin, *tip)? {
                return Err(StoreError::BrokenRow(format!(
                    "the last event of {origin} ({}) is missing",
                    tip.seq
                )));
            }
        }
    }
    Ok(verified)
}

/// Whether the newest events are what they were when they were written: a look that is short enough for every start.
pub(crate) fn newest_are_whole(log: &Connection, count: usize) -> Result<bool, StoreError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let after = events::last_position(log)?.saturating_sub(count);
    let mut before: BTreeMap<OriginId, (Tip, Hash)> = BTreeMap::new();
    for event in events::after_position(log, after, usize::MAX)? {
        let links = match before.get(&event.origin) {
            Some((last, _)) if last.seq + 1 == event.tip.seq => event.prev == last.hash,
            // Another branch, or an event that others made and that came without those before it.
            _ => true,
        };
        if event.text.hash(event.prev) != event.tip.hash || !links {
            return Ok(false);
        }
        before.insert(event.origin, (event.tip, event.prev));
    }
    Ok(true)
}

/// Copies a database, also while another process writes it, whole as of one moment, into a file that is not there yet, and flushes the copy
/// to its disk.
pub fn copy_file(from: &Path, to: &Path) -> Result<(), StoreError> {
    let io = |error| StoreError::Io { path: to.to_owned(), error };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from, flags)?;
    source.execute_batch("PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF")?;
    let mut new = OpenOptions::new();
    new.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    let file = new.open(to).map_err(io)?;
    source.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
    file.sync_all().map_err(io)?;
    to.parent().map_or(Ok(()), sync_directory).map_err(io)
}

/// Looks a copy through that nobody has open.
pub fn verify_file(path: &Path) -> Result<Verified, StoreError> {
    verify(&open_reader(path)?)
}
