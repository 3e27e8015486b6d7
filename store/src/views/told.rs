//! Taking in what a snapshot told: a till sells by it before the events themselves are here.
//!
//! A description shows as it was told until its own events, and everything they had seen, are here; from then on these count. When the
//! snapshot ends, what it told and the events did not is gone with it.

use daybook_core::project::Key;
use rusqlite::Connection;

use crate::file::{StoreError, transact};
use crate::till::snapshot;
use crate::views::{Side, Views, fold, place};

impl Views {
    /// Takes in at most so many of the records that the log was told beyond the last one taken in; gives how many that were.
    pub fn take_in_told(&mut self, log: &Connection, records_max: usize) -> Result<usize, StoreError> {
        self.open_again()?;
        if self.side == Side::Office || snapshot::ends(log).map_err(StoreError::of_log)? {
            return Ok(0);
        }
        let told = snapshot::told_after(log, self.told, records_max).map_err(StoreError::of_log)?;
        let Some((last, _)) = told.last() else { return Ok(0) };
        let last = *last;
        transact(&mut self.connection, |connection| {
            for (_, subject) in &told {
                fold::fold(connection, log, Side::Till, &Key::Subject(subject.clone()))?;
            }
            place::keep_told(connection, last)
        })?;
        self.told = last;
        Ok(told.len())
    }

    /// Folds descriptions anew, by their events alone where what was told of them counts no more.
    pub fn fold_anew(&mut self, log: &Connection, subjects: &[String]) -> Result<(), StoreError> {
        self.open_again()?;
        let side = self.side;
        transact(&mut self.connection, |connection| {
            let key = |subject: &String| Key::Subject(subject.clone());
            subjects.iter().try_for_each(|subject| fold::fold(connection, log, side, &key(subject)))
        })
    }
}
