//! The file of the print queue, `prints.db`: what waits for paper, and how many papers there are of what.
//!
//! It stands beside the books and is none of them: it can be lost, and then no sale is. Whoever finds it lost takes every earlier
//! document for printed, so that its next paper is marked as a copy.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use daybook_core::ids::{OriginId, PrintJobId};
use daybook_core::paper::queue::Job;
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use crate::file::{Durability, Migration, StoreError, open_writer, set_aside, transact};
use crate::log_files::FileIdentity;
use crate::sql;

const MIGRATIONS: &[Migration] = &[("0001_queue", include_str!("../../migrations/prints/0001_queue.sql"))];

/// How far the documents of an origin were followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed {
    /// Of documents up to this number in the origin's chain nobody knows whether they were printed.
    pub from_seq: i64,
    /// Receipts of documents up to this number were queued, or are not to be.
    pub passed_seq: i64,
}

/// The file, open for its one writer.
#[derive(Debug)]
pub struct Prints {
    connection: Connection,
    identity: FileIdentity,
}

impl Prints {
    /// Where the file of a directory is.
    pub fn path_in(directory: &Path) -> PathBuf {
        directory.join("prints.db")
    }

    /// Opens or makes the file in a directory whose lock is held.
    pub fn open(directory: &Path, durability: Durability) -> Result<Self, StoreError> {
        let path = Prints::path_in(directory);
        let connection = open_writer(&path, durability, MIGRATIONS)?;
        Ok(Prints { connection, identity: FileIdentity::of(&path)? })
    }

    /// Moves a file that cannot be used aside and makes a new one.
    pub fn renew(directory: &Path, durability: Durability) -> Result<Self, StoreError> {
        set_aside(&Prints::path_in(directory))?;
        Prints::open(directory, durability)
    }

    /// The jobs, in the order of printing.
    pub fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        let sql = "SELECT job, subject, task, title, copy, state, tries, why FROM jobs ORDER BY place";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut jobs = Vec::new();
        while let Some(row) = rows.next()? {
            let (job, subject): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let (task, state): (String, String) = (row.get(2)?, row.get(5)?);
            jobs.push(Job {
                job: PrintJobId(sql::uuid(&job)?),
                subject: sql::uuid(&subject)?,
                task: read(&task)?,
                title: row.get(3)?,
                copy: row.get(4)?,
                state: read(&state)?,
                tries: row.get(6)?,
                why: row.get(7)?,
            });
        }
        Ok(jobs)
    }

    /// How many papers were begun of a subject, its original included.
    pub fn issued(&self, subject: Uuid) -> Result<u32, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT papers FROM issued WHERE subject = ?1")?;
        Ok(statement.query_row([sql::blob(&subject)], |row| row.get(0)).optional()?.unwrap_or(0))
    }

    /// Takes a job in at the end, or keeps how far it is, and counts its paper.
    pub fn keep(&mut self, job: &Job) -> Result<(), StoreError> {
        self.identity.check()?;
        transact(&mut self.connection, |connection| keep(connection, job))
    }

    /// Takes the receipts of an origin's documents in and remembers that they were, in one commit.
    pub fn follow(&mut self, origin: OriginId, passed_seq: i64, jobs: &[Job]) -> Result<(), StoreError> {
        self.identity.check()?;
        transact(&mut self.connection, |connection| {
            for job in jobs {
                keep(connection, job)?;
            }
            let sql = "UPDATE followed SET passed_seq = max(passed_seq, ?2) WHERE origin = ?1";
            connection.prepare_cached(sql)?.execute((sql::blob(&origin.0), passed_seq))?;
            Ok(())
        })
    }

    /// Forgets a job that is done or not wanted. Where nothing of it was printed and no later paper of its subject was begun, its
    /// number is free again.
    pub fn forget(&mut self, job: &Job, unprinted: bool) -> Result<(), StoreError> {
        self.identity.check()?;
        transact(&mut self.connection, |connection| {
            connection
                .prepare_cached("DELETE FROM jobs WHERE job = ?1")?
                .execute([sql::blob(&job.job.0)])?;
            if unprinted {
                let sql = "UPDATE issued SET papers = ?2 WHERE subject = ?1 AND papers = ?2 + 1";
                connection.prepare_cached(sql)?.execute((sql::blob(&job.subject), job.copy))?;
            }
            Ok(())
        })
    }

    /// How far the documents of each origin were followed.
    pub fn followed(&self) -> Result<BTreeMap<OriginId, Followed>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT origin, from_seq, passed_seq FROM followed")?;
        let mut rows = statement.query([])?;
        let mut followed = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let origin: Vec<u8> = row.get(0)?;
            let (from_seq, passed_seq) = (row.get(1)?, row.get(2)?);
            followed.insert(sql::origin(&origin)?, Followed { from_seq, passed_seq });
        }
        Ok(followed)
    }

    /// Begins to follow an origin: of its documents up to a number nobody knows whether they were printed. `anew` forgets all others.
    pub fn begin(&mut self, origin: OriginId, from_seq: i64, anew: bool) -> Result<(), StoreError> {
        self.identity.check()?;
        transact(&mut self.connection, |connection| {
            if anew {
                connection.execute("DELETE FROM followed", [])?;
            }
            let sql = "INSERT OR IGNORE INTO followed VALUES (?1, ?2, ?2)";
            connection.prepare_cached(sql)?.execute((sql::blob(&origin.0), from_seq))?;
            Ok(())
        })
    }
}

fn keep(connection: &Connection, job: &Job) -> Result<(), StoreError> {
    let sql = "INSERT INTO jobs (job, subject, task, title, copy, state, tries, why) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
               ON CONFLICT (job) DO UPDATE SET copy = excluded.copy, state = excluded.state, tries = excluded.tries, why = excluded.why";
    connection.prepare_cached(sql)?.execute((
        sql::blob(&job.job.0),
        sql::blob(&job.subject),
        write(&job.task)?,
        &job.title,
        job.copy,
        write(&job.state)?,
        job.tries,
        &job.why,
    ))?;
    let sql = "INSERT INTO issued VALUES (?1, ?2) ON CONFLICT (subject) DO UPDATE SET papers = max(papers, excluded.papers)";
    connection.prepare_cached(sql)?.execute((sql::blob(&job.subject), job.copy + 1))?;
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Unreadable(error.to_string()))
}

fn write(value: &(impl serde::Serialize + ?Sized)) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::ids::SaleId;
    use daybook_core::paper::queue::{State, Task};

    fn job(number: u128, subject: u128, copy: u32) -> Job {
        Job {
            job: PrintJobId(Uuid::from_u128(number)),
            subject: Uuid::from_u128(subject),
            task: Task::Receipt(SaleId(Uuid::from_u128(subject))),
            title: format!("Till 1-{subject}"),
            copy,
            state: State::Waiting,
            tries: 0,
            why: None,
        }
    }

    fn open(directory: &Path) -> Prints {
        Prints::open(directory, Durability::Off).unwrap()
    }

    #[test]
    fn jobs_come_back_in_their_order_and_as_they_were_kept_last() {
        let home = tempfile::tempdir().unwrap();
        let mut prints = open(home.path());
        let (first, second) = (job(9, 1, 0), job(2, 2, 0));
        prints.keep(&first).unwrap();
        prints.keep(&second).unwrap();
        let first = Job { state: State::Unsure, tries: 3, why: Some("off".into()), copy: 1, ..first };
        prints.keep(&first).unwrap();
        drop(prints);
        let prints = open(home.path());
        assert_eq!(prints.jobs().unwrap(), [first.clone(), second]);
        assert_eq!(prints.issued(first.subject).unwrap(), 2);
    }

    #[test]
    fn a_number_is_free_again_only_where_nothing_was_printed_and_nothing_followed() {
        let home = tempfile::tempdir().unwrap();
        let mut prints = open(home.path());
        let subject = Uuid::from_u128(1);
        prints.keep(&job(1, 1, 0)).unwrap();
        prints.forget(&job(1, 1, 0), true).unwrap();
        assert_eq!(prints.issued(subject).unwrap(), 0);
        prints.keep(&job(2, 1, 0)).unwrap();
        prints.forget(&job(2, 1, 0), false).unwrap();
        prints.keep(&job(3, 1, 1)).unwrap();
        prints.keep(&job(4, 1, 2)).unwrap();
        prints.forget(&job(3, 1, 1), true).unwrap();
        assert_eq!(prints.issued(subject).unwrap(), 3);
    }

    #[test]
    fn following_goes_on_where_it_stood_and_begins_once() {
        let home = tempfile::tempdir().unwrap();
        let mut prints = open(home.path());
        let (one, two) = (OriginId(Uuid::from_u128(1)), OriginId(Uuid::from_u128(2)));
        prints.begin(one, 5, true).unwrap();
        prints.follow(one, 9, &[job(1, 1, 0)]).unwrap();
        prints.begin(one, 7, false).unwrap();
        assert_eq!(prints.followed().unwrap()[&one], Followed { from_seq: 5, passed_seq: 9 });
        prints.begin(two, 0, true).unwrap();
        assert!(prints.followed().unwrap().keys().eq([&two]));
    }

    #[test]
    fn a_file_that_was_taken_away_is_noticed_and_a_broken_one_is_moved_aside() {
        let home = tempfile::tempdir().unwrap();
        let mut prints = open(home.path());
        std::fs::rename(Prints::path_in(home.path()), home.path().join("elsewhere")).unwrap();
        assert!(matches!(prints.keep(&job(1, 1, 0)), Err(StoreError::Replaced(_))));
        drop(prints);
        std::fs::write(Prints::path_in(home.path()), "this is no database, and long enough to show it")
            .unwrap();
        assert!(Prints::open(home.path(), Durability::Off).unwrap_err().is_damage());
        let mut prints = Prints::renew(home.path(), Durability::Off).unwrap();
        prints.keep(&job(1, 1, 0)).unwrap();
    }
}
