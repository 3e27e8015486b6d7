//! What head office keeps apart: events of origins that were closed, until a person lets them in.
//!
//! A held event stands in the log like every other, and a row here says that it waits. With the event that lets it in it gets its place in
//! the feed, and read models take it in at that event's position: a rebuild meets it at the same place, so it finds the same. Which
//! events wait is decided as they arrive, in the commit that stores them.

use std::collections::{BTreeMap, BTreeSet};

use daybook_core::chain::Tip;
use daybook_core::envelope::EventText;
use daybook_core::event::Event;
use daybook_core::event::origin::{Admitted, Closed};
use daybook_core::ids::OriginId;
use daybook_core::project::Input;
use daybook_core::project::rows::OrderKey;
use daybook_core::sync::admission::{Admission, Gate, Mark};
use daybook_core::sync::server::HeldSoFar;
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::{Feed, certificate, scope_in, standing};
use crate::events::{self, StoredEvent};
use crate::file::StoreError;
use crate::links;
use crate::sql;

/// What waits of one origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The origin.
    pub origin: OriginId,
    /// How many of its events wait.
    pub events: i64,
    /// The number of the first of them.
    pub first: i64,
    /// The number of the last.
    pub last: i64,
}

/// What head office said about origins as a whole.
pub fn gate(connection: &Connection) -> Result<Gate, StoreError> {
    let mut statement = connection.prepare_cached("SELECT origin, at, by, seq, reason FROM marks")?;
    let mut rows = statement.query([])?;
    let mut gate = Gate::default();
    while let Some(row) = rows.next()? {
        let (origin, by): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(2)?);
        let order = OrderKey { at: row.get(1)?, origin: sql::origin(&by)?, seq: row.get(3)? };
        gate.learn(sql::origin(&origin)?, Mark { order, closed: row.get(4)? });
    }
    Ok(gate)
}

/// What waits to be let in, by origin.
pub fn waiting(connection: &Connection) -> Result<Vec<Waiting>, StoreError> {
    let sql =
        "SELECT origin, count(*), min(seq), max(seq) FROM held WHERE admitted IS NULL GROUP BY 1 ORDER BY 1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let origin: Vec<u8> = row.get(0)?;
        let (events, first, last) = (row.get(1)?, row.get(2)?, row.get(3)?);
        found.push(Waiting { origin: sql::origin(&origin)?, events, first, last });
    }
    Ok(found)
}

/// The number of the first event of an origin that waits; none where nothing of it does.
pub fn first_waiting(connection: &Connection, origin: OriginId) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT min(seq) FROM held WHERE origin = ?1 AND admitted IS NULL";
    Ok(connection.prepare_cached(sql)?.query_row([sql::blob(&origin.0)], |row| row.get(0))?)
}

/// The highest number of what waits of an origin; zero where nothing does.
pub(super) fn last_waiting(connection: &Connection, origin: OriginId) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(max(seq), 0) FROM held WHERE origin = ?1 AND admitted IS NULL";
    Ok(connection.prepare_cached(sql)?.query_row([sql::blob(&origin.0)], |row| row.get(0))?)
}

/// The events of an origin that wait and have this number: one on each branch.
pub fn waiting_at(connection: &Connection, origin: OriginId, seq: i64) -> Result<Vec<Tip>, StoreError> {
    let sql = "SELECT e.hash FROM events e JOIN held h ON h.position = e.position
               WHERE e.origin = ?1 AND e.seq = ?2 AND h.admitted IS NULL ORDER BY e.hash";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map((sql::blob(&origin.0), seq), |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|hash| Ok(Tip { seq, hash: sql::hash(&hash?)? })).collect()
}

/// The events after a position, up to and with another, that are held or were, so that they count where they were let in and not where
/// they arrived.
pub(crate) fn arrived_held(
    connection: &Connection,
    after: i64,
    last: i64,
) -> Result<BTreeSet<i64>, StoreError> {
    let sql = "SELECT position FROM held WHERE position > ?1 AND position <= ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map((after, last), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The events that were let in after a position, up to and with another, by the position with which they came in.
pub(crate) fn let_in_at(
    connection: &Connection,
    after: i64,
    last: i64,
) -> Result<BTreeMap<i64, Vec<StoredEvent>>, StoreError> {
    let sql = "SELECT e.position, e.origin, e.seq, e.hash, e.prev, e.envelope, e.payload, e.seal, e.texts, h.admitted
               FROM held h JOIN events e ON e.position = h.position
               WHERE h.admitted > ?1 AND h.admitted <= ?2 ORDER BY h.admitted, e.position";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((after, last))?;
    let mut found: BTreeMap<i64, Vec<StoredEvent>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        found.entry(row.get(9)?).or_default().push(events::read_packed_row(row)?);
    }
    Ok(found)
}

/// Whether an event waits.
pub(crate) fn waits(connection: &Connection, origin: OriginId, tip: Tip) -> Result<bool, StoreError> {
    Ok(waiting_position(connection, origin, tip)?.is_some())
}

/// Whether a branch that begins with an event is held: whether the first of it waits whose content is here.
pub(super) fn branch_waits(
    connection: &Connection,
    origin: OriginId,
    first: Tip,
) -> Result<bool, StoreError> {
    let mut tip = first;
    while links::lacks_content(connection, origin, tip)? {
        let Some(hash) = links::successors(connection, origin, tip)?.into_iter().next() else {
            return Ok(false);
        };
        tip = Tip { seq: tip.seq + 1, hash };
    }
    waits(connection, origin, tip)
}

/// Whether an origin is let in.
pub(super) fn admission(connection: &Connection, origin: OriginId) -> Result<Admission, StoreError> {
    let marked: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM marks WHERE reason IS NOT NULL)")?
        .query_row([], |row| row.get(0))?;
    if !marked {
        return Ok(Admission::Admitted);
    }
    Ok(gate(connection)?.admission(lineage(connection, origin)?))
}

/// How much waits of an origin's till and takes room, of all its origins together.
pub(super) fn so_far(connection: &Connection, origin: OriginId) -> Result<HeldSoFar, StoreError> {
    let sql = "SELECT count(*), coalesce(sum(bytes), 0) FROM held
               WHERE till = ?1 AND admitted IS NULL AND expected = 0";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let till = till_of(connection, origin)?;
    let (events, bytes) = connection.prepare_cached(sql)?.query_row([sql::blob(&till)], read)?;
    let whole = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(HeldSoFar { events: whole(events), bytes: whole(bytes) })
}

/// The till that an origin belongs to; an origin without one is counted by itself.
fn till_of(connection: &Connection, origin: OriginId) -> Result<Uuid, StoreError> {
    let till = certificate(connection, origin)?.and_then(|certificate| certificate.till);
    Ok(till.map_or(origin.0, |till| till.0))
}

/// The number up to which a closed origin is known to be let in all the same, and the events up to which it is that are not here.
pub(super) fn let_in_tips(connection: &Connection, origin: OriginId) -> Result<(i64, Vec<Tip>), StoreError> {
    let tips = expected(connection, origin)?;
    let until = tips.iter().map(|tip| tip.seq).max().unwrap_or(0);
    let mut awaited = Vec::new();
    for tip in tips {
        if !links::knows(connection, origin, tip)? {
            awaited.push(tip);
        }
    }
    Ok((until, awaited))
}

/// The events up to which a closed origin is known to be let in all the same.
fn expected(connection: &Connection, origin: OriginId) -> Result<Vec<Tip>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT seq, hash FROM let_in WHERE origin = ?1")?;
    let rows = statement
        .query_map([sql::blob(&origin.0)], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
    let tip = |row: rusqlite::Result<(i64, Vec<u8>)>| {
        let (seq, hash) = row?;
        Ok(Tip { seq, hash: sql::hash(&hash)? })
    };
    rows.map(tip).collect()
}

/// Keeps an event apart that was just stored at a position. `expected`: it may be on the way to what was let in, and takes no room.
pub(super) fn hold(
    connection: &Connection,
    origin: OriginId,
    (position, seq): (i64, i64),
    text: &EventText,
    expected: bool,
) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO held (position, origin, bytes, till, seq, expected) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let bytes = i64::try_from(text.envelope.len() + text.payload.len()).unwrap_or(i64::MAX);
    let till = till_of(connection, origin)?;
    let row = (position, sql::blob(&origin.0), bytes, sql::blob(&till), seq, expected);
    connection.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

/// How far back a chain is followed for what waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// To the first event that is in: what comes before it is in, unless its content came later.
    ToWhatIsIn,
    /// To the first number that waits at all: content that was filled in waits before what is in.
    ToTheFirstThatWaits,
}

/// Lets in what waits of a closed origin up to events that are known to be in order, once these have arrived: with the event that was stored
/// last.
pub(super) fn let_in_what_arrived(
    connection: &Connection,
    feed: &mut Feed<'_>,
    origin: OriginId,
    reach: Reach,
) -> Result<(), StoreError> {
    let position = events::last_position(connection)?;
    for tip in expected(connection, origin)? {
        let_in_up_to(connection, feed, origin, tip, position, reach)?;
    }
    Ok(())
}

/// Heeds an event of head office that was stored at a position: marks what it closes, and lets in what it admits.
pub(super) fn heed(
    connection: &Connection,
    feed: &mut Feed<'_>,
    input: &Input,
    position: i64,
) -> Result<(), StoreError> {
    let Ok((envelope, event)) = &input.content else { return Ok(()) };
    let order = OrderKey { at: envelope.at, origin: input.origin, seq: input.tip.seq };
    if let Some((origin, mark)) = Mark::of(order, event) {
        let sql = "INSERT INTO marks VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (origin) DO UPDATE
                       SET at = excluded.at, by = excluded.by, seq = excluded.seq, reason = excluded.reason
                   WHERE (excluded.at, excluded.by, excluded.seq) > (at, by, seq)";
        let (by, seq) = (sql::blob(&order.origin.0), order.seq);
        connection.prepare_cached(sql)?.execute(params![
            sql::blob(&origin.0),
            order.at,
            by,
            seq,
            mark.closed
        ])?;
    }
    match event {
        Event::OriginClosed(Closed { origin, tips, .. }) => {
            tips.iter().try_for_each(|tip| expect(connection, *origin, *tip))
        }
        Event::OriginAdmitted(Admitted { origin, to: Some(tip) }) => {
            expect(connection, *origin, *tip)?;
            let_in_up_to(connection, feed, *origin, *tip, position, Reach::ToTheFirstThatWaits)
        }
        // A child that is let in because its parent is has not to be named.
        Event::OriginAdmitted(Admitted { to: None, .. }) => {
            let gate = gate(connection)?;
            for Waiting { origin, .. } in waiting(connection)? {
                if gate.admission(lineage(connection, origin)?) == Admission::Admitted {
                    let_in(connection, feed, &all_waiting(connection, origin)?, position)?;
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Remembers an event up to which a closed origin is in order.
fn expect(connection: &Connection, origin: OriginId, tip: Tip) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO let_in VALUES (?1, ?2, ?3)";
    connection
        .prepare_cached(sql)?
        .execute((sql::blob(&origin.0), tip.seq, tip.hash.0.as_slice()))?;
    Ok(())
}

/// Lets in an event and all before it that wait. Links whose content is not here are stepped over.
fn let_in_up_to(
    connection: &Connection,
    feed: &mut Feed<'_>,
    origin: OriginId,
    tip: Tip,
    position: i64,
    reach: Reach,
) -> Result<(), StoreError> {
    let Some(first) = first_waiting(connection, origin)? else { return Ok(()) };
    let (mut tip, mut found) = (tip, Vec::new());
    while tip.seq >= first {
        let waiting = waiting_position(connection, origin, tip)?;
        let Some(step) = links::step(connection, origin, tip)? else { break };
        if waiting.is_none() && step.position.is_some() && reach == Reach::ToWhatIsIn {
            break;
        }
        found.extend(waiting);
        tip = Tip { seq: tip.seq - 1, hash: step.prev };
    }
    found.reverse();
    let_in(connection, feed, &found, position)
}

/// Lets in the events at these places, in this order, with the event at `position`.
fn let_in(
    connection: &Connection,
    feed: &mut Feed<'_>,
    waiting: &[i64],
    position: i64,
) -> Result<(), StoreError> {
    for place in waiting {
        let sql = "UPDATE held SET admitted = ?2 WHERE position = ?1";
        connection.prepare_cached(sql)?.execute((place, position))?;
        let Some(event) = events::stored_at(connection, *place)? else { continue };
        let Some(standing) = standing(connection, event.origin)? else { continue };
        let input = Input::read(event.origin, event.tip, &event.text);
        if let Some(scope) = scope_in(&input, &event.text, standing) {
            feed.enter(scope, *place, event.tip.hash)?;
        }
    }
    Ok(())
}

fn all_waiting(connection: &Connection, origin: OriginId) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT position FROM held WHERE origin = ?1 AND admitted IS NULL ORDER BY position";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([sql::blob(&origin.0)], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Where an event stands that waits; none where it is not here, or waits no more.
fn waiting_position(connection: &Connection, origin: OriginId, tip: Tip) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT e.position FROM events e JOIN held h ON h.position = e.position
               WHERE e.origin = ?1 AND e.seq = ?2 AND e.hash = ?3 AND h.admitted IS NULL";
    let key = (sql::blob(&origin.0), tip.seq, tip.hash.0.as_slice());
    Ok(connection.prepare_cached(sql)?.query_row(key, |row| row.get(0)).optional()?)
}

/// The last events of an origin, of every branch, that do not wait.
pub fn tips_let_in(connection: &Connection, origin: OriginId) -> Result<Vec<Tip>, StoreError> {
    let mut found = BTreeSet::new();
    for mut tip in events::tips_of(connection, origin)? {
        while tip.seq > 0 && waiting_position(connection, origin, tip)?.is_some() {
            let Some(step) = links::step(connection, origin, tip)? else { break };
            tip = Tip { seq: tip.seq - 1, hash: step.prev };
        }
        if tip.seq > 0 {
            found.insert(tip);
        }
    }
    Ok(found.into_iter().collect())
}

/// An origin and those that it goes on from, as far as their certificates are kept.
pub(crate) fn lineage(connection: &Connection, origin: OriginId) -> Result<Vec<OriginId>, StoreError> {
    let (mut lineage, mut seen) = (vec![origin], BTreeSet::from([origin]));
    let mut next = origin;
    while let Some(parent) = certificate(connection, next)?.and_then(|certificate| certificate.parent) {
        if !seen.insert(parent) {
            break;
        }
        lineage.push(parent);
        next = parent;
    }
    Ok(lineage)
}

#[cfg(test)]
mod tests;
