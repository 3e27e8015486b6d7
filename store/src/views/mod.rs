//! The read models of both sides: one schema, one way to apply changes, one checkpoint.
//!
//! A batch of events is applied in one transaction together with the checkpoint: insert-once rows, sums, edits; then the dirty keys are
//! folded again. Damage here never stops a sale: a new file is built from the log beside the old one and takes its place.

mod apply;
mod digest;
mod fold;
pub mod history;
pub mod judge;
pub mod papers;
mod place;
pub mod questions;
pub mod report;
pub mod snapshot;
mod told;

use daybook_core::chain::Tip;
use daybook_core::ids::OriginId;
use daybook_core::project::standing::Standing;
use daybook_core::project::{Input, project, project_into, reads_by_now};
use rusqlite::Connection;
use std::borrow::{Borrow, Cow};
use std::collections::BTreeMap;

use crate::events::{self, StoredEvent};
use crate::file::{Migration, StoreError, transact};
use crate::fresh::Fresh;
use crate::office::{held, standing};
use apply::Pending;
use place::Place;

pub use digest::{TableDifference, contents_digest, differences, read_models_digest};
pub use place::rebuild;

const MIGRATIONS: &[Migration] =
    &[("0001_read_models", include_str!("../../../migrations/views/0001_read_models.sql"))];

/// Events projected in one transaction when catching up.
pub const BATCH_EVENTS: usize = 2_000;

/// Events projected in one transaction when everything is built anew: the more there are, the less often a page is written again. Some
/// twenty megabytes of memory.
pub const BUILD_EVENTS: usize = 5_000;

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
    /// Where they lie; none for those in memory.
    place: Option<Place>,
    side: Side,
    position: i64,
    /// The event at that position; none before there is one.
    last: Option<(OriginId, Tip)>,
    /// The number up to which what a snapshot told is taken in.
    told: i64,
    /// Standings asked of the log so far; a certificate, once kept, never changes.
    standings: BTreeMap<OriginId, Standing>,
}

impl Views {
    /// The connection, for questions.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The position of the log up to which events are projected.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Whether the log holds the event that was projected last, where it was then. Read models that stand on another log, or on an older
    /// or newer state of it, would skip events and count others twice: they have to be built anew.
    pub fn stand_on(&self, log: &Connection) -> Result<bool, StoreError> {
        let found = self.last.map(|(origin, tip)| events::position_of(log, origin, tip));
        let found = found.transpose().map_err(StoreError::of_log)?.flatten();
        Ok(self.position == 0 || found == Some(self.position))
    }

    /// Whether something is set aside that this version reads: an earlier one projected it, and did not know its type. Read models built
    /// anew count it as if it had been known when it came. So does a file that is too damaged to say.
    pub fn lack_what_is_read_by_now(&self) -> Result<bool, StoreError> {
        let unknown = || -> Result<Vec<String>, StoreError> {
            let sql = "SELECT DISTINCT reason FROM quarantine WHERE unknown";
            let mut statement = self.connection.prepare(sql)?;
            Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
        };
        match unknown() {
            Err(error) if error.is_worth_a_rebuild() => Ok(true),
            unknown => Ok(unknown?.iter().any(|reason| reads_by_now(reason))),
        }
    }

    /// Whether nothing is projected yet of a log that holds much: building anew beside is then far quicker than following.
    pub fn begin_a_long_way(&self, log: &Connection) -> Result<bool, StoreError> {
        let last = events::last_position(log).map_err(StoreError::of_log)?;
        Ok(self.position == 0 && last > i64::try_from(BUILD_EVENTS).unwrap_or(i64::MAX))
    }

    /// Takes in what the log holds beyond the checkpoint; gives how many events that were, at most [`BATCH_EVENTS`].
    pub fn catch_up(&mut self, log: &Connection) -> Result<usize, StoreError> {
        self.catch_up_by(log, BATCH_EVENTS)
    }

    /// Projects at most so many events of those that the log holds beyond the checkpoint; gives how many that were. What a snapshot told
    /// comes before them, as many records at a time.
    pub fn catch_up_by(&mut self, log: &Connection, events_max: usize) -> Result<usize, StoreError> {
        self.catch_up_from(&Fresh::default(), log, events_max)
    }

    /// The same, and what the writer of the log hands on is taken from there. What comes of it is the same.
    pub fn catch_up_from(
        &mut self,
        fresh: &Fresh,
        log: &Connection,
        events_max: usize,
    ) -> Result<usize, StoreError> {
        self.open_again()?;
        let told = self.take_in_told(log, events_max)?;
        if told > 0 {
            return Ok(told);
        }
        let mut events = fresh.after(self.position, events_max);
        if events.is_empty() {
            let stored = events::after_position(log, self.position, events_max);
            events = stored.map_err(StoreError::of_log)?.iter().map(boxed).collect();
        }
        let Some((last, input)) = events.last() else { return Ok(0) };
        let (count, last, event) = (events.len(), *last, Some((input.origin, input.tip)));
        let inputs = match self.side {
            Side::Till => events,
            Side::Office => counting(log, events, self.position, last).map_err(StoreError::of_log)?,
        };
        self.apply_up_to(log, &inputs, last, event)?;
        Ok(count)
    }

    /// Projects events in the order of their positions, which must follow the checkpoint.
    pub fn apply(&mut self, log: &Connection, inputs: &[(i64, Input)]) -> Result<(), StoreError> {
        let Some((last, input)) = inputs.last() else { return Ok(()) };
        self.open_again()?;
        self.apply_up_to(log, inputs, *last, Some((input.origin, input.tip)))
    }

    /// Projects events, of which some may have arrived earlier, and moves the checkpoint to the position and event of the log that they
    /// reach to.
    fn apply_up_to<I: Borrow<Input>>(
        &mut self,
        log: &Connection,
        inputs: &[(i64, I)],
        last: i64,
        event: Option<(OriginId, Tip)>,
    ) -> Result<(), StoreError> {
        match self.apply_all(log, inputs, last, event) {
            Err(error) if self.is_of_event(&error) && inputs.len() > 1 => {
                // One event that cannot be applied must not hold up the others: find it by applying each alone.
                tracing::warn!(%error, "a batch could not be projected; its events are projected one by one");
                for (position, input) in inputs {
                    self.apply_or_quarantine(log, *position, input.borrow())?;
                }
                self.apply_all::<Input>(log, &[], last, event)
            }
            Err(error) if self.is_of_event(&error) => {
                let (position, input) = &inputs[0];
                self.apply_or_quarantine(log, *position, input.borrow())
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
        let event = Some((input.origin, input.tip));
        match self.apply_all(log, &[(position, input.clone())], position, event) {
            Err(error) if self.is_of_event(&error) => {
                let why = daybook_core::project::Unread::Broken(format!("cannot be projected: {error}"));
                let broken = Input { content: Err(why), ..input.clone() };
                self.apply_all(log, &[(position, broken)], position, event)
            }
            other => other,
        }
    }

    /// Whether an error is the event's doing. In a file that has stood for a while a row that comes back broken speaks of the disk; in one
    /// that is being built from nothing it was just written so, and building it anew would end here again.
    fn is_of_event(&self, error: &StoreError) -> bool {
        let is_new = self.place.as_ref().is_none_or(Place::is_being_built);
        error.is_of_content() || is_new && matches!(error, StoreError::BrokenRow(_))
    }

    /// An input as its writer's certificate lets it count. Head office asks this; what reaches a till has passed it there.
    fn fitting<'a>(&mut self, log: &Connection, input: &'a Input) -> Result<Cow<'a, Input>, StoreError> {
        if self.side == Side::Till {
            return Ok(Cow::Borrowed(input));
        }
        let standing = match self.standings.get(&input.origin) {
            Some(standing) => Some(*standing),
            None => standing(log, input.origin).map_err(StoreError::of_log)?,
        };
        self.standings.extend(standing.map(|standing| (input.origin, standing)));
        match (&input.content, standing) {
            (Ok((_, event)), Some(standing)) if standing.misfit(event).is_none() => Ok(Cow::Borrowed(input)),
            _ => Ok(Cow::Owned(input.clone().by(standing))),
        }
    }

    fn apply_all<I: Borrow<Input>>(
        &mut self,
        log: &Connection,
        inputs: &[(i64, I)],
        last: i64,
        event: Option<(OriginId, Tip)>,
    ) -> Result<(), StoreError> {
        let mut fitting = Vec::with_capacity(inputs.len());
        for (_, input) in inputs {
            fitting.push(self.fitting(log, input.borrow())?);
        }
        let side = self.side;
        if side == Side::Till && fitting.iter().all(|input| project(input).is_empty()) {
            // Cart lines change no read model: the checkpoint moves with the next event that does.
            (self.position, self.last) = (last, event);
            return Ok(());
        }
        transact(&mut self.connection, |connection| {
            let (mut pending, mut changes) = (Pending::default(), Vec::new());
            for input in fitting {
                project_into(&input, &mut changes);
                for change in changes.drain(..) {
                    apply::apply(connection, change, &mut pending)?;
                }
                if side == Side::Office {
                    judge::of_event(connection, log, &input)?;
                }
            }
            pending.add_sums(connection)?;
            for key in &pending.dirty {
                fold::fold(connection, log, side, key)?;
                if side == Side::Office {
                    judge::of_key(connection, key)?;
                }
            }
            if side == Side::Office {
                judge::forks(connection, log, inputs)?;
            }
            place::keep_progress(connection, last, event)
        })?;
        (self.position, self.last) = (last, event);
        Ok(())
    }
}

/// What of these events of head office's log, which follow a position, counts: those that were let in as they came, and with each event
/// those that came in with it.
fn counting(
    log: &Connection,
    events: Vec<(i64, Box<Input>)>,
    after: i64,
    last: i64,
) -> Result<Vec<(i64, Box<Input>)>, StoreError> {
    let (held, mut let_in) = (held::arrived_held(log, after, last)?, held::let_in_at(log, after, last)?);
    let mut inputs = Vec::with_capacity(events.len());
    for (position, input) in events {
        if !held.contains(&position) {
            inputs.push((position, input));
        }
        for earlier in let_in.remove(&position).unwrap_or_default() {
            inputs.push((position, boxed(&earlier).1));
        }
    }
    Ok(inputs)
}

/// An event of a log, read for projection.
pub fn read(event: &StoredEvent) -> (i64, Input) {
    (event.position, Input::read(event.origin, event.tip, &event.text))
}

fn boxed(event: &StoredEvent) -> (i64, Box<Input>) {
    let (position, input) = read(event);
    (position, Box::new(input))
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
