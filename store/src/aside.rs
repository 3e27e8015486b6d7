//! What is left of a till's log that was set aside because it is damaged: own events are read out of it as far as they can be.
//!
//! Nothing read here is believed for standing here; whoever takes it checks that it links. A page that cannot be read ends an answer and
//! is no error. Events are looked up by their index, and where that is broken by their rows, from the last one backwards: what is looked
//! for is the newest, and the rest of the table need not be whole.

use daybook_core::ids::OriginId;
use rusqlite::Connection;
use std::path::{Path, PathBuf};

use crate::events::{self, StoredEvent};
use crate::file::{StoreError, open_reader, set_asides};
use crate::sql;
use crate::till::TillLog;

/// A log that was set aside, open for reading what can be read.
#[derive(Debug)]
pub struct Aside {
    connection: Connection,
    path: PathBuf,
}

impl Aside {
    /// The logs of a till's directory that were set aside and can be opened, the oldest first.
    pub fn of(directory: &Path) -> Result<Vec<Aside>, StoreError> {
        let open = |path: PathBuf| match open_reader(&path) {
            Ok(connection) => Some(Aside { connection, path }),
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "what was set aside cannot be opened");
                None
            }
        };
        Ok(set_asides(&TillLog::path_in(directory))?.into_iter().filter_map(open).collect())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A named fact; none where it cannot be read.
    pub fn fact(&self, name: &str) -> Option<String> {
        events::fact(&self.connection, name).ok().flatten()
    }

    /// At most so many own events of an origin after a number, found by their index, up to the first that cannot be read.
    pub fn by_index(&self, origin: OriginId, after: i64, limit: i64) -> Vec<StoredEvent> {
        let sql = "SELECT position, origin, seq, hash, prev, envelope, payload, seal FROM events INDEXED BY events_chain
                   WHERE origin = ?1 AND seq > ?2 AND stream IS NOT NULL ORDER BY seq LIMIT ?3";
        let Ok(mut statement) = self.connection.prepare_cached(sql) else { return Vec::new() };
        let Ok(mut rows) = statement.query((sql::blob(&origin.0), after, limit)) else { return Vec::new() };
        let mut found = Vec::new();
        while let Ok(Some(row)) = rows.next() {
            let Ok(event) = events::read_row(row) else { break };
            found.push(event);
        }
        found
    }

    /// The positions of an origin's own events after a number, in order, as far back as rows can be read.
    pub fn by_rows(&self, origin: OriginId, after: i64) -> Vec<i64> {
        let sql = "SELECT position, seq FROM events NOT INDEXED
                   WHERE origin = ?1 AND stream IS NOT NULL ORDER BY position DESC";
        let Ok(mut statement) = self.connection.prepare_cached(sql) else { return Vec::new() };
        let Ok(mut rows) = statement.query([sql::blob(&origin.0)]) else { return Vec::new() };
        let mut found = Vec::new();
        while let Ok(Some(row)) = rows.next() {
            match (row.get(0), row.get::<_, i64>(1)) {
                (Ok(position), Ok(seq)) if seq > after => found.push(position),
                _ => break,
            }
        }
        found.reverse();
        found
    }

    /// The event at a position; none where it cannot be read.
    pub fn at(&self, position: i64) -> Option<StoredEvent> {
        let before = position.checked_sub(1)?;
        let found = events::after_position(&self.connection, before, 1).ok()?.pop()?;
        (found.position == position).then_some(found)
    }
}
