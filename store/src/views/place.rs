//! Where read models lie: opening their file, building a new one beside it, and putting the new one in its place.
//!
//! The file in use stays until the new one is whole and on the disk, so a rebuild that fails leaves everything as it was. Where no file
//! can be used at all, read models live in memory: slower to begin with, and nothing else is lost.

use std::collections::BTreeMap;

use daybook_core::chain::Tip;
use daybook_core::ids::OriginId;
use rusqlite::{Connection, params};
use std::path::{Path, PathBuf};

use crate::file::{
    Durability, StoreError, open_in_memory, open_unfinished, open_writer, remove, swap_in, take_large_steps,
    transact,
};
use crate::sql;
use crate::views::{BUILD_EVENTS, MIGRATIONS, Rebuilt, Side, Views, differences};

/// Where read models lie.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    durability: Durability,
    /// Whether the file was closed to be replaced and could not be opened since.
    closed: bool,
    /// Whether it is built from nothing, beside the one in use.
    is_new: bool,
}

impl Place {
    /// Whether the file is being built from nothing.
    pub(super) fn is_being_built(&self) -> bool {
        self.is_new
    }
}

impl Views {
    /// Opens the read models in a directory. A file that is damaged or of another version makes room for a new, empty one.
    pub fn open(
        directory: &Path,
        name: &str,
        side: Side,
        durability: Durability,
    ) -> Result<Self, StoreError> {
        let path = directory.join(name);
        match Views::open_file(&path, side, durability) {
            Err(error)
                if error.is_damage()
                    || matches!(error, StoreError::Diverged { .. } | StoreError::Newer { .. }) =>
            {
                tracing::warn!(%error, "read models cannot be used; they are built anew");
                let beside = beside(&path);
                remove(&beside)?;
                drop(Views::open_file(&beside, side, durability)?);
                swap_in(&beside, &path)?;
                Views::open_file(&path, side, durability)
            }
            other => other,
        }
    }

    /// Empty read models in memory, for a side whose file cannot be used.
    pub fn in_memory(side: Side) -> Result<Self, StoreError> {
        Ok(Views {
            connection: open_in_memory(MIGRATIONS)?,
            place: None,
            side,
            position: 0,
            told: 0,
            last: None,
            standings: BTreeMap::new(),
        })
    }

    fn open_file(path: &Path, side: Side, durability: Durability) -> Result<Self, StoreError> {
        let flushed = if durability == Durability::Full {
            Durability::Relaxed
        } else {
            durability
        };
        let connection = open_writer(path, flushed, MIGRATIONS)?;
        if side == Side::Office {
            take_large_steps(&connection)?;
        }
        let found = progress(&connection)?.ok_or_else(|| StoreError::Damaged(path.to_owned()))?;
        let Progress { position, last, told } = found;
        let place = Some(Place { path: path.to_owned(), durability, closed: false, is_new: false });
        Ok(Views { connection, place, side, position, last, told, standings: BTreeMap::new() })
    }

    /// Opens the file again that was closed to be replaced.
    pub(super) fn open_again(&mut self) -> Result<(), StoreError> {
        if let Some(Place { path, durability, closed: true, .. }) = &self.place {
            *self = Views::open_file(path, self.side, *durability)?;
        }
        Ok(())
    }

    /// Builds the read models anew from the log and goes on with those. Where that fails, the present ones stay in use.
    pub fn renew(&mut self, log: &Connection) -> Result<(), StoreError> {
        let fresh = self.build_beside(log)?;
        self.give_way_to(fresh)
    }

    /// Builds the read models anew from the log, says where they differ from the present ones, and goes on with the new.
    pub fn rebuild(&mut self, log: &Connection) -> Result<Rebuilt, StoreError> {
        let before = self.position;
        // Of another log they cannot be brought up; what they differ in is said all the same.
        while self.stand_on(log)? && self.catch_up(log)? > 0 {}
        let fresh = self.build_beside(log)?;
        let differences = differences(&self.connection, &fresh.connection)?;
        let events = fresh.position;
        self.give_way_to(fresh)?;
        Ok(Rebuilt { events, behind: before < events, differences })
    }

    fn build_beside(&self, log: &Connection) -> Result<Views, StoreError> {
        let mut fresh = match &self.place {
            None => Views::in_memory(self.side)?,
            Some(Place { path, .. }) => {
                let beside = beside(path);
                remove(&beside)?;
                Views {
                    connection: open_unfinished(&beside, MIGRATIONS)?,
                    place: Some(Place {
                        path: beside,
                        durability: Durability::Off,
                        closed: false,
                        is_new: true,
                    }),
                    ..Views::in_memory(self.side)?
                }
            }
        };
        while fresh.catch_up_by(log, BUILD_EVENTS)? > 0 {}
        Ok(fresh)
    }

    fn give_way_to(&mut self, mut fresh: Views) -> Result<(), StoreError> {
        let (Some(place), Some(built)) = (&mut self.place, &fresh.place) else {
            *self = fresh;
            return Ok(());
        };
        let (position, last) = (fresh.position, fresh.last);
        // The checkpoint of a till moves in memory while nothing it shows changes.
        transact(&mut fresh.connection, |connection| keep_progress(connection, position, last))?;
        let built = built.path.clone();
        drop(fresh);
        // Closed before it is replaced: what its own write-ahead log holds must not reach the new file.
        place.closed = true;
        drop(std::mem::replace(&mut self.connection, Connection::open_in_memory()?));
        let swapped = swap_in(&built, &place.path);
        let opened = self.open_again();
        swapped.and(opened)
    }
}

/// Up to where the log is taken in.
struct Progress {
    position: i64,
    /// The event at that position; none before there is one.
    last: Option<(OriginId, Tip)>,
    /// The number of the last record of a snapshot.
    told: i64,
}

/// Up to where events are projected; none where the file does not say.
fn progress(connection: &Connection) -> Result<Option<Progress>, StoreError> {
    let mut statement = connection.prepare("SELECT position, origin, seq, hash, told FROM progress")?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let event: (Option<Vec<u8>>, Option<i64>, Option<Vec<u8>>) = (row.get(1)?, row.get(2)?, row.get(3)?);
    let last = match event {
        (Some(origin), Some(seq), Some(hash)) => {
            Some((sql::origin(&origin)?, Tip { seq, hash: sql::hash(&hash)? }))
        }
        _ => None,
    };
    Ok(Some(Progress { position: row.get(0)?, last, told: row.get(4)? }))
}

/// Keeps up to where events are projected, in the transaction that projects them.
pub(super) fn keep_progress(
    connection: &Connection,
    position: i64,
    last: Option<(OriginId, Tip)>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE progress SET position = ?1, origin = ?2, seq = ?3, hash = ?4")?
        .execute(params![
            position,
            last.as_ref().map(|(origin, _)| sql::blob(&origin.0)),
            last.map(|(_, tip)| tip.seq),
            last.as_ref().map(|(_, tip)| tip.hash.0.as_slice()),
        ])?;
    Ok(())
}

/// Keeps up to which record of a snapshot these are taken in, in the transaction that takes them in.
pub(super) fn keep_told(connection: &Connection, number: i64) -> Result<(), StoreError> {
    connection.prepare_cached("UPDATE progress SET told = ?1")?.execute([number])?;
    Ok(())
}

/// Builds the read models of a directory anew, says where they differ, and leaves the new ones in place.
pub fn rebuild(directory: &Path, name: &str, side: Side, log: &Connection) -> Result<Rebuilt, StoreError> {
    Views::open(directory, name, side, Durability::Relaxed)?.rebuild(log)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".rebuilt");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::open_reader;
    use crate::till::TillLog;

    const VIEWS: &str = "views.db";

    fn open(directory: &Path) -> (Connection, Views) {
        let log = TillLog::open(directory, Durability::Off).unwrap();
        (log.reader().unwrap(), Views::open(directory, VIEWS, Side::Till, Durability::Off).unwrap())
    }

    fn mark(views: &Views) {
        views
            .connection
            .execute_batch("INSERT INTO staff VALUES (x'01', '1', 'cashier', NULL, 1)")
            .unwrap();
    }

    fn is_marked(connection: &Connection) -> bool {
        connection
            .query_row("SELECT count(*) FROM staff", [], |row| row.get::<_, i64>(0))
            .unwrap()
            == 1
    }

    #[test]
    fn a_rebuild_that_fails_leaves_the_old_file_and_goes_on_with_it() {
        let home = tempfile::tempdir().unwrap();
        let (log, mut views) = open(home.path());
        mark(&views);
        let in_the_way = home.path().join("views.db.rebuilt");
        std::fs::create_dir(&in_the_way).unwrap();
        assert!(views.renew(&log).is_err());
        assert!(is_marked(&views.connection));
        std::fs::remove_dir(&in_the_way).unwrap();
        views.renew(&log).unwrap();
        assert!(!is_marked(&views.connection), "the log knows of nobody");
        assert!(!in_the_way.exists());
    }

    #[test]
    fn a_swap_that_fails_leaves_the_old_file_and_goes_on_with_it() {
        let home = tempfile::tempdir().unwrap();
        let (log, mut views) = open(home.path());
        mark(&views);
        let fresh = views.build_beside(&log).unwrap();
        let gone = fresh.place.as_ref().unwrap().path.clone();
        std::fs::remove_file(&gone).unwrap();
        assert!(views.give_way_to(fresh).is_err());
        assert!(is_marked(&views.connection));
        assert_eq!(views.catch_up(&log).unwrap(), 0);
    }

    #[test]
    fn a_fault_of_the_log_leaves_read_models_alone() {
        let home = tempfile::tempdir().unwrap();
        let (_, mut views) = open(home.path());
        mark(&views);
        let broken = home.path().join("broken.db");
        std::fs::write(&broken, vec![0xA5; 8_192]).unwrap();
        let log = Connection::open(&broken).unwrap();
        let error = views.catch_up(&log).unwrap_err();
        assert!(matches!(error, StoreError::Log(_)) && !error.is_damage(), "{error}");
        assert!(is_marked(&views.connection));
    }

    #[test]
    fn a_damaged_file_makes_room_and_one_that_cannot_be_opened_stays() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(VIEWS);
        std::fs::write(&path, vec![0xA5; 8_192]).unwrap();
        let (_, views) = open(home.path());
        assert_eq!(views.position(), 0);
        drop(views);
        remove(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        let error = Views::open(home.path(), VIEWS, Side::Till, Durability::Off).unwrap_err();
        assert!(!error.is_damage(), "{error}");
        assert!(path.is_dir());
        assert!(open_reader(&path).is_err());
    }
}
