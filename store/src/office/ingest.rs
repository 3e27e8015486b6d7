//! Pushes on their way into head office's log: many in one transaction, and each by itself where that fails.
//!
//! [`OfficeLog::ingest`] drives the state machine of [`daybook_core::sync::server`] through a transaction, so that an answer exists only
//! after the commit. Whether an event is known is asked of the disk and believed only where the disk answers: a place that cannot be read is
//! a fault of this push, and never an event that is not there.

use daybook_core::ids::{OriginId, RequestId};
use daybook_core::project::standing::Standing;
use daybook_core::sync::admission::Admission;
use daybook_core::sync::carry::told;
use daybook_core::sync::server::{Effect, Input, Known, Push, Server};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};

use super::{Entering, OfficeLog, Prepared, append, fill, held};
use crate::events;
use crate::file::StoreError;
use crate::fresh::Stored;
use crate::links;
use crate::sql;

/// Pushes of one commit, with what each pushing origin may speak for.
type Pushes = Vec<(RequestId, Push, Option<Standing>)>;

impl OfficeLog {
    /// Takes in pushes in one transaction, with what each pushing origin may speak for. What comes back are answers, and they are true:
    /// what they acknowledge is durable. Beside them stands what went wrong first, where anything did.
    ///
    /// A push that cannot be taken in fails alone: the others are tried again, each in a commit of its own. Where it is the commit that
    /// fails, it fails for all of them, because nobody knows what a disk that said so once would keep of a second try.
    pub fn ingest(
        &mut self,
        now: i64,
        server: &mut Server,
        pushes: Pushes,
    ) -> (Vec<Effect>, Result<(), StoreError>) {
        self.ingest_prepared(now, server, pushes, Prepared::default())
    }

    /// The same of pushes whose events were prepared, all or some.
    pub fn ingest_prepared(
        &mut self,
        now: i64,
        server: &mut Server,
        pushes: Pushes,
        prepared: Prepared,
    ) -> (Vec<Effect>, Result<(), StoreError>) {
        let again = if pushes.len() > 1 { pushes.clone() } else { Vec::new() };
        let (answers, outcome, reached_commit) = self.ingest_together(now, server, pushes, prepared);
        if outcome.is_ok() || reached_commit || again.is_empty() {
            return (answers, outcome);
        }
        let (mut answers, mut first_fault) = (Vec::new(), Ok(()));
        for push in again {
            let (answer, outcome, _) = self.ingest_together(now, server, vec![push], Prepared::default());
            answers.extend(answer);
            first_fault = first_fault.and(outcome);
        }
        (answers, first_fault)
    }

    /// Takes in all or nothing of some pushes. Says besides whether the commit was reached.
    fn ingest_together(
        &mut self,
        now: i64,
        server: &mut Server,
        pushes: Pushes,
        mut prepared: Prepared,
    ) -> (Vec<Effect>, Result<(), StoreError>, bool) {
        // Where not even a transaction begins, a second try finds the same.
        let (mut answers, mut reached_commit) = (Vec::new(), true);
        let outcome = self.store(|connection, stored| {
            let taken = take_in(connection, now, server, pushes, &mut prepared, stored);
            reached_commit = taken.is_ok();
            answers = taken?;
            Ok(())
        });
        if outcome.is_err() {
            // What was found out within the transaction is as undone as the transaction.
            answers.clear();
        }
        let input = if outcome.is_ok() { Input::Committed } else { Input::RolledBack };
        answers.extend(server.handle(now, input));
        (answers, outcome, reached_commit)
    }
}

/// Takes pushes into the open transaction; gives the answers that need no commit.
fn take_in(
    connection: &Connection,
    now: i64,
    server: &mut Server,
    pushes: Pushes,
    prepared: &mut Prepared,
    stored: &mut Vec<Stored>,
) -> Result<Vec<Effect>, StoreError> {
    let mut answers = Vec::new();
    let standings: BTreeMap<OriginId, Option<Standing>> =
        pushes.iter().map(|(_, push, standing)| (push.origin, *standing)).collect();
    for (request, push, _) in pushes {
        for effect in server.handle(now, Input::Push(request, push)) {
            let Effect::LookUp(request, push) = effect else { continue };
            let known = look_up(connection, &push)?;
            drop(push);
            for effect in server.handle(now, Input::LookedUp(request, known)) {
                match effect {
                    Effect::Append { origin, after, events, seal, branches, held, expected } => {
                        let standing = standings.get(&origin).copied().flatten();
                        let entering = Entering::of(connection, origin, standing, prepared, stored);
                        let mut entering = Entering { held, expected, ..entering };
                        append(&mut entering, after, &events, Some(seal), branches)?;
                    }
                    Effect::Fill { origin, events, held, expected } => {
                        let standing = standings.get(&origin).copied().flatten();
                        let entering = Entering::of(connection, origin, standing, prepared, stored);
                        fill(&mut Entering { held, expected, ..entering }, &events)?;
                    }
                    answer => answers.push(answer),
                }
            }
        }
    }
    Ok(answers)
}

fn look_up(connection: &Connection, push: &Push) -> Result<Known, StoreError> {
    let previous = links::knows(connection, push.origin, push.previous)?;
    let mut known = 0;
    // A later event of a chain is here only if all before it are, at least as links, so the known ones are a prefix.
    if previous {
        known = prefix(&push.events, |(tip, _)| links::knows(connection, push.origin, *tip))?;
    }
    let mut without_content = BTreeSet::new();
    if known > 0 && links::missing(connection, push.origin)? > 0 {
        for (tip, _) in &push.events[..known] {
            if links::lacks_content(connection, push.origin, *tip)? {
                without_content.insert(tip.seq);
            }
        }
    }
    let link = known.checked_sub(1).map_or(push.previous, |last| push.events[last].0);
    let other_successor = match push.events.get(known) {
        Some((next, _)) if previous => links::has_other_successor(connection, push.origin, link, next.hash)?,
        _ => false,
    };
    let tips = if previous {
        Vec::new()
    } else {
        told(events::tips_of(connection, push.origin)?, &[])
    };
    let (branches, began_branch) = branches(connection, push, known)?;
    let (admission, last) = (held::admission(connection, push.origin)?, push.events.last());
    let last_is_held = match last.filter(|_| known == push.events.len()) {
        Some((tip, _)) => held::waits(connection, push.origin, *tip)?,
        None => false,
    };
    let known = Known {
        previous,
        events: known,
        without_content,
        other_successor,
        branches,
        began_branch,
        tips,
        admission,
        last_is_held,
        ..Known::default()
    };
    if admission == Admission::Admitted {
        return Ok(known);
    }
    let (let_in_until, awaited) = held::let_in_tips(connection, push.origin)?;
    Ok(Known {
        held: held::so_far(connection, push.origin)?,
        held_until: held::last_waiting(connection, push.origin)?,
        let_in_until,
        awaited,
        ..known
    })
}

/// How many items, from the first on, something holds for: of no later one, where it does not hold for one.
fn prefix<T, E>(items: &[T], holds: impl Fn(&T) -> Result<bool, E>) -> Result<usize, E> {
    let (mut from, mut to) = (0, items.len());
    while from < to {
        let middle = from.midpoint(to);
        if holds(&items[middle])? {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    Ok(from)
}

/// How many branches an origin has beside its line, and whether one of the known events of a push once began one.
fn branches(connection: &Connection, push: &Push, known: usize) -> Result<(usize, bool), StoreError> {
    let known: BTreeSet<&[u8]> = push.events[..known].iter().map(|(tip, _)| tip.hash.0.as_slice()).collect();
    let mut statement = connection.prepare_cached("SELECT first FROM branchings WHERE origin = ?1")?;
    let mut rows = statement.query([sql::blob(&push.origin.0)])?;
    let (mut branches, mut began_one) = (0, false);
    while let Some(row) = rows.next()? {
        branches += 1;
        began_one |= known.contains(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?);
    }
    Ok((branches, began_one))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::Durability;
    use daybook_core::chain::{Hash, Seal, Tip};
    use daybook_core::envelope::{EventText, Line};
    use uuid::Uuid;

    fn push(number: u128) -> (RequestId, Push, Option<Standing>) {
        let (envelope, payload) = (format!("{{\"n\":{number}}}"), "{}".to_owned());
        let text = EventText { envelope, payload, seal: None };
        let tip = Tip { seq: 1, hash: text.hash(Hash::ZERO) };
        let origin = OriginId(Uuid::from_u128(number));
        let events = vec![(tip, Line::Event(text))];
        let push = Push { origin, previous: Tip::NONE, events, seal: Seal([0; 64]) };
        (RequestId(Uuid::from_u128(number)), push, None)
    }

    fn acknowledged(answers: &[Effect]) -> Vec<u128> {
        let number = |answer: &Effect| match answer {
            Effect::Acknowledge(request, _) => Some(request.0.as_u128()),
            _ => None,
        };
        answers.iter().filter_map(number).collect()
    }

    #[test]
    fn a_push_that_cannot_be_stored_fails_alone() {
        let home = tempfile::tempdir().unwrap();
        let mut log = OfficeLog::open(home.path(), Durability::Off).unwrap();
        let poison = format!(
            "CREATE TEMP TRIGGER poison BEFORE INSERT ON events WHEN new.origin = X'{}'
             BEGIN SELECT RAISE(ABORT, 'poison'); END",
            Uuid::from_u128(2).simple()
        );
        log.connection().execute_batch(&poison).unwrap();
        let mut server = Server::new("e".to_owned());
        let (answers, outcome) = log.ingest(0, &mut server, vec![push(1), push(2), push(3)]);
        assert_eq!(acknowledged(&answers), [1, 3]);
        assert!(outcome.unwrap_err().to_string().contains("poison"));
        assert_eq!(events::last_position(log.connection()).unwrap(), 2, "what is acknowledged is there");
        let (answers, outcome) = log.ingest(0, &mut server, vec![push(4)]);
        assert_eq!(acknowledged(&answers), [4]);
        outcome.unwrap();
    }

    #[test]
    fn a_commit_that_fails_fails_for_all_and_is_not_tried_again() {
        let home = tempfile::tempdir().unwrap();
        let mut log = OfficeLog::open(home.path(), Durability::Off).unwrap();
        // Nothing refers to a row that is not there, once a commit has looked.
        let broken = "CREATE TABLE owner (id INTEGER PRIMARY KEY) STRICT;
                      CREATE TABLE owned (tried INTEGER PRIMARY KEY,
                          id INTEGER NOT NULL REFERENCES owner (id) DEFERRABLE INITIALLY DEFERRED) STRICT;
                      CREATE TRIGGER breaks AFTER INSERT ON events BEGIN INSERT INTO owned (id) VALUES (7); END;
                      PRAGMA foreign_keys = ON";
        log.connection().execute_batch(broken).unwrap();
        let (answers, outcome) = log.ingest(0, &mut Server::new("e".to_owned()), vec![push(1), push(2)]);
        assert!(outcome.is_err());
        assert_eq!(acknowledged(&answers), []);
        assert_eq!(events::last_position(log.connection()).unwrap(), 0);
    }

    #[test]
    fn a_place_that_cannot_be_read_is_not_one_where_nothing_stands() {
        let known = |places: &[Result<bool, u8>]| prefix(places, |place| *place);
        assert_eq!(known(&[]), Ok(0));
        assert_eq!(known(&[Ok(true), Ok(true), Ok(false)]), Ok(2));
        assert_eq!(known(&[Ok(true), Ok(true)]), Ok(2));
        assert_eq!(known(&[Ok(true), Err(7), Ok(false)]), Err(7));
    }
}
