//! What a new till was told of shared descriptions before their events: kept in the log, so that read models can be built anew meanwhile.
//!
//! It is no part of the books: nothing of it is chained, pushed or handed back, and it is gone when the feed has told the events
//! themselves. Read models take it in by its number, like events by their position.

use daybook_core::merge::register::Standing;
use daybook_core::sync::till::Begun;
use daybook_core::wire::SnapshotRecord;
use rusqlite::{Connection, OptionalExtension as _};
use serde::{Deserialize, Serialize};

use crate::events;
use crate::file::{StoreError, transact};
use crate::till::TillLog;

/// Name of the fact that says how far a snapshot was read.
const SNAPSHOT_FACT: &str = "snapshot";
/// Name of the fact that is there while what was told is being forgotten: from then on events alone count.
const ENDS_FACT: &str = "snapshot-ends";

/// How far a snapshot was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotProgress {
    /// Head office's epoch.
    pub epoch: String,
    /// Where to go on.
    pub cursor: String,
    /// The position of the feed that it reaches to.
    pub position: i64,
    /// Whether there is more now.
    pub more: bool,
    /// Whether all of it was read once: what comes after is what changed since.
    pub is_whole: bool,
    /// The last subject, while it is being read for the first time.
    pub last: Option<String>,
}

impl SnapshotProgress {
    /// What the till's machine has to know of it.
    pub fn begun(&self) -> Begun {
        Begun { more: self.more }
    }
}

impl TillLog {
    /// How far a snapshot was read; none where there is none.
    pub fn snapshot_progress(&self) -> Result<Option<SnapshotProgress>, StoreError> {
        let known = self.fact(SNAPSHOT_FACT)?;
        // What says nothing any more is begun again, or not at all: the feed tells everything.
        Ok(known.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Keeps a page of a snapshot, each record's text by its subject, together with how far it was read. What is told again takes the place
    /// of what was told before.
    pub fn store_snapshot(
        &mut self,
        records: &[(String, String)],
        progress: &SnapshotProgress,
    ) -> Result<(), StoreError> {
        let progress =
            serde_json::to_string(progress).map_err(|error| StoreError::Unreadable(error.to_string()))?;
        transact(&mut self.connection, |connection| {
            let sql = "INSERT OR REPLACE INTO snapshot (subject, record) VALUES (?1, ?2)";
            let mut insert = connection.prepare_cached(sql)?;
            for record in records {
                insert.execute((&record.0, &record.1))?;
            }
            events::put_fact(connection, SNAPSHOT_FACT, &progress)
        })
    }

    /// Begins to forget what was told: it counts no more from here on. Whoever shows it folds each of [`told_after`] anew and then has it
    /// forgotten.
    pub fn end_snapshot(&mut self) -> Result<(), StoreError> {
        self.put_fact(ENDS_FACT, "")
    }

    /// Forgets all that was told.
    pub fn forget_snapshot(&mut self) -> Result<(), StoreError> {
        transact(&mut self.connection, |connection| {
            connection.execute("DELETE FROM snapshot", [])?;
            connection.execute("DELETE FROM facts WHERE name IN (?1, ?2)", [SNAPSHOT_FACT, ENDS_FACT])?;
            Ok(())
        })
    }
}

/// The descriptions told after a number, each with its own, at most so many.
pub fn told_after(log: &Connection, number: i64, limit: usize) -> Result<Vec<(i64, String)>, StoreError> {
    let sql = "SELECT number, subject FROM snapshot WHERE number > ?1 ORDER BY number LIMIT ?2";
    let mut statement = log.prepare_cached(sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map((number, limit), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether what was told is being forgotten.
pub(crate) fn ends(log: &Connection) -> Result<bool, StoreError> {
    Ok(events::fact(log, ENDS_FACT)?.is_some())
}

/// What was told of a description; none where nothing was, or where it counts no more.
pub(crate) fn told(log: &Connection, subject: &str) -> Result<Option<Standing>, StoreError> {
    let sql = "SELECT record FROM snapshot WHERE subject = ?1
               AND NOT EXISTS (SELECT 1 FROM facts WHERE name = ?2)";
    let mut statement = log.prepare_cached(sql)?;
    let text: Option<String> = statement.query_row((subject, ENDS_FACT), |row| row.get(0)).optional()?;
    let record = text.map(|text| serde_json::from_str(&text)).transpose();
    let record: Option<SnapshotRecord> = record.unwrap_or_else(|error| {
        tracing::warn!(%error, subject, "what was told of a description cannot be read; its events will tell it");
        None
    });
    Ok(record.map(SnapshotRecord::standing))
}
