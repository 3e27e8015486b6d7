//! The read models of both sides: one schema, one way to apply changes, one checkpoint.
//!
//! A batch of events is applied in one transaction together with the checkpoint: insert-once rows, sums, edits; then the dirty keys are
//! folded again. Damage here never stops a sale: the file is removed and built anew from the log.

mod apply;
mod digest;
mod fold;
pub mod judge;
pub mod questions;
pub mod report;

use daybook_core::ids::OriginId;
use daybook_core::project::standing::Standing;
use daybook_core::project::{Input, Key, project};
use rusqlite::Connection;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::events::{self, StoredEvent};
use crate::file::{Durability, Migration, StoreError, open_reader, open_writer, remove, transact};
use crate::office::standing;

pub use digest::{TableDifference, differences, read_models_digest};

const MIGRATIONS: &[Migration] =
    &[("0001_read_models", include_str!("../../../migrations/views/0001_read_models.sql"))];

/// Events projected in one transaction when catching up.
pub const BATCH_EVENTS: usize = 2_000;

/// Which side the read models are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A till: conflicts are displayed, not judged.
    Till,
    /// Head office: conflicts are judged.
    Office,
}

/// The read models, open for their one writer.
#[derive(Debug)]
pub struct Views {
    connection: Connection,
    path: PathBuf,
    side: Side,
    position: i64,
    /// Standings asked of the log so far; a certificate, once kept, never changes.
    standings: BTreeMap<OriginId, Standing>,
}

impl Views {
    /// Opens the read models in a directory; makes them anew where the file is damaged or of another version.
    pub fn open(
        directory: &Path,
        name: &str,
        side: Side,
        durability: Durability,
    ) -> Result<Self, StoreError> {
        let path = directory.join(name);
        match Views::open_file(&path, side, durability) {
            Err(
                StoreError::Damaged(_)
                | StoreError::Diverged { .. }
                | StoreError::Sqlite(_)
                | StoreError::Unreadable(_),
            ) => {
                tracing::warn!(file = %path.display(), "read models cannot be used; they are built anew");
                remove(&path)?;
                Views::open_file(&path, side, durability)
            }
            other => other,
        }
    }

    fn open_file(path: &Path, side: Side, durability: Durability) -> Result<Self, StoreError> {
        let durability = if durability == Durability::Full {
            Durability::Relaxed
        } else {
            durability
        };
        let connection = open_writer(path, durability, MIGRATIONS)?;
        let position = connection.query_row("SELECT position FROM progress", [], |row| row.get(0))?;
        Ok(Views { connection, path: path.to_owned(), side, position, standings: BTreeMap::new() })
    }

    /// A second connection for reading.
    pub fn reader(&self) -> Result<Connection, StoreError> {
        open_reader(&self.path)
    }

    /// The connection, for questions.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The position of the log up to which events are projected.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Projects what the log holds beyond the checkpoint; gives how many events that were, at most [`BATCH_EVENTS`].
    pub fn catch_up(&mut self, log: &Connection) -> Result<usize, StoreError> {
        let events = events::after_position(log, self.position, BATCH_EVENTS)?;
        let inputs: Vec<(i64, Input)> = events.iter().map(read).collect();
        self.apply(log, &inputs)?;
        Ok(inputs.len())
    }

    /// Projects events in the order of their positions, which must follow the checkpoint.
    pub fn apply(&mut self, log: &Connection, inputs: &[(i64, Input)]) -> Result<(), StoreError> {
        let Some((last, _)) = inputs.last() else { return Ok(()) };
        match self.apply_all(log, inputs, *last) {
            Err(error) if !error.is_damage() && inputs.len() > 1 => {
                // One event that cannot be applied must not hold up the others: find it by applying each alone.
                tracing::warn!(%error, "a batch could not be projected; its events are projected one by one");
                for (position, input) in inputs {
                    self.apply_or_quarantine(log, *position, input)?;
                }
                Ok(())
            }
            Err(error) if !error.is_damage() && !matches!(error, StoreError::Full) => {
                let (position, input) = &inputs[0];
                self.apply_or_quarantine(log, *position, input)
            }
            other => other,
        }
    }

    fn apply_or_quarantine(
        &mut self,
        log: &Connection,
        position: i64,
        input: &Input,
    ) -> Result<(), StoreError> {
        match self.apply_all(log, &[(position, input.clone())], position) {
            Err(error) if !error.is_damage() && !matches!(error, StoreError::Full) => {
                let why = daybook_core::project::Unread::Broken(format!("cannot be projected: {error}"));
                let broken = Input { content: Err(why), ..input.clone() };
                self.apply_all(log, &[(position, broken)], position)
            }
            other => other,
        }
    }

    /// An input as its writer's certificate lets it count. Head office asks this; what reaches a till has passed it there.
    fn fitting<'a>(&mut self, log: &Connection, input: &'a Input) -> Result<Cow<'a, Input>, StoreError> {
        if self.side == Side::Till {
            return Ok(Cow::Borrowed(input));
        }
        let standing = match self.standings.get(&input.origin) {
            Some(standing) => Some(*standing),
            None => standing(log, input.origin)?,
        };
        self.standings.extend(standing.map(|standing| (input.origin, standing)));
        match (&input.content, standing) {
            (Ok((_, event)), Some(standing)) if standing.misfit(event).is_none() => Ok(Cow::Borrowed(input)),
            _ => Ok(Cow::Owned(input.clone().by(standing))),
        }
    }

    fn apply_all(&mut self, log: &Connection, inputs: &[(i64, Input)], last: i64) -> Result<(), StoreError> {
        let mut work = Vec::new();
        for (_, input) in inputs {
            let input = self.fitting(log, input)?;
            let changes = project(&input);
            work.push((input, changes));
        }
        let idle = work.iter().all(|(_, changes)| changes.is_empty());
        if idle && self.side == Side::Till {
            // Cart lines change no read model: the checkpoint moves with the next event that does.
            self.position = last;
            return Ok(());
        }
        let side = self.side;
        transact(&mut self.connection, |connection| {
            let mut dirty: BTreeSet<Key> = BTreeSet::new();
            for (input, changes) in work {
                for change in changes {
                    apply::apply(connection, change, &mut dirty)?;
                }
                if side == Side::Office {
                    judge::of_event(connection, log, &input)?;
                }
            }
            for key in &dirty {
                fold::fold(connection, log, key)?;
                if side == Side::Office {
                    judge::of_key(connection, key)?;
                }
            }
            if side == Side::Office {
                judge::forks(connection, log, inputs)?;
            }
            connection.prepare_cached("UPDATE progress SET position = ?1")?.execute([last])?;
            Ok(())
        })?;
        self.position = last;
        Ok(())
    }
}

/// An event of a log, read for projection.
pub fn read(event: &StoredEvent) -> (i64, Input) {
    (event.position, Input::read(event.origin, event.tip, &event.text))
}

/// Builds read models anew beside those in use and says where they differ; the new ones take their place.
pub fn rebuild(directory: &Path, name: &str, side: Side, log: &Connection) -> Result<Rebuilt, StoreError> {
    let fresh_name = format!("{name}.rebuilt");
    remove(&directory.join(&fresh_name))?;
    let mut fresh = Views::open(directory, &fresh_name, side, Durability::Off)?;
    while fresh.catch_up(log)? > 0 {}
    let old = Views::open(directory, name, side, Durability::Relaxed)?;
    let behind = old.position() < fresh.position();
    let mut current = old;
    while current.catch_up(log)? > 0 {}
    let found = differences(current.connection(), fresh.connection())?;
    let events = fresh.position();
    fresh.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    drop(current);
    drop(fresh);
    remove(&directory.join(name))?;
    let (from, to) = (directory.join(&fresh_name), directory.join(name));
    std::fs::rename(&from, &to).map_err(|error| StoreError::Io { path: from, error })?;
    remove(&directory.join(&fresh_name))?;
    Ok(Rebuilt { events, behind, differences: found })
}

/// What rebuilding found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Events projected.
    pub events: i64,
    /// Whether the old read models had not caught up.
    pub behind: bool,
    /// Tables whose rows differed.
    pub differences: Vec<TableDifference>,
}

impl Rebuilt {
    /// Whether the rebuilt read models equal the old ones.
    pub fn equal(&self) -> bool {
        self.differences.is_empty()
    }

    /// The result in words.
    pub fn words(&self) -> String {
        if self.equal() {
            return format!("Rebuilt from {} events: equal to what was there.", self.events);
        }
        let tables: Vec<String> = self
            .differences
            .iter()
            .map(|d| format!("{} ({} rows before, {} now)", d.table, d.rows_before, d.rows_after))
            .collect();
        format!(
            "Rebuilt from {} events: different in {}. The rebuilt read models are in use now.",
            self.events,
            tables.join(", ")
        )
    }
}
