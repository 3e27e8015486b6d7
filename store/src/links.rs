//! Chains whose events are not all here: links without content, and the ways over them.
//!
//! Both logs keep the skeletons of events whose texts they lack, so that what they hold of an origin links from its first event on. An
//! event that is here as a link is known, and its content is missing until somebody brings it.

use daybook_core::chain::{Hash, Skeleton, Tip};
use daybook_core::envelope::Line;
use daybook_core::ids::OriginId;
use daybook_core::limits::WHOLE_EVENTS_MAX;
use daybook_core::sync::carry::{self, Linked};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use crate::events;
use crate::file::StoreError;
use crate::sql;

/// Numbers of a chain that are read at a time while it is followed.
const WINDOW: i64 = 512;

/// How much of a chain may be read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Events with their texts.
    pub events_max: usize,
    /// Skeletons.
    pub skeletons_max: usize,
    /// Bytes of their lines beyond the first.
    pub bytes_max: usize,
}

/// Whether an event is here, with its texts or as a link. The start of a chain always is.
pub fn knows(connection: &Connection, origin: OriginId, tip: Tip) -> Result<bool, StoreError> {
    Ok(events::knows(connection, origin, tip)? || lacks_content(connection, origin, tip)?)
}

/// Whether an event is here as a link only.
pub fn lacks_content(connection: &Connection, origin: OriginId, tip: Tip) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM skeletons WHERE origin = ?1 AND seq = ?2 AND hash = ?3)";
    let key = (sql::blob(&origin.0), tip.seq, tip.hash.0.as_slice());
    Ok(connection.prepare_cached(sql)?.query_row(key, |row| row.get(0))?)
}

/// The events that directly follow an event, with their texts or as links.
pub fn successors(connection: &Connection, origin: OriginId, tip: Tip) -> Result<Vec<Hash>, StoreError> {
    let sql = "SELECT hash FROM events WHERE origin = ?1 AND seq = ?2 AND prev = ?3
               UNION SELECT hash FROM skeletons WHERE origin = ?1 AND seq = ?2 AND prev = ?3 ORDER BY hash";
    let mut statement = connection.prepare_cached(sql)?;
    let key = (sql::blob(&origin.0), tip.seq + 1, tip.hash.0.as_slice());
    let rows = statement.query_map(key, |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|bytes| sql::hash(&bytes?)).collect()
}

/// Whether another event than `next` directly follows an event.
pub fn has_other_successor(
    connection: &Connection,
    origin: OriginId,
    tip: Tip,
    next: Hash,
) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM events WHERE origin = ?1 AND seq = ?2 AND prev = ?3 AND hash <> ?4)
               OR EXISTS (SELECT 1 FROM skeletons WHERE origin = ?1 AND seq = ?2 AND prev = ?3 AND hash <> ?4)";
    let key = (sql::blob(&origin.0), tip.seq + 1, tip.hash.0.as_slice(), next.0.as_slice());
    Ok(connection.prepare_cached(sql)?.query_row(key, |row| row.get(0))?)
}

/// How many events of an origin are here as links only.
pub fn missing(connection: &Connection, origin: OriginId) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM skeletons WHERE origin = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([sql::blob(&origin.0)], |row| row.get(0))?)
}

/// The numbers of events that are here as links only, by origin, in runs.
pub fn missing_runs(
    connection: &Connection,
) -> Result<BTreeMap<OriginId, Vec<RangeInclusive<i64>>>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT origin, seq FROM skeletons ORDER BY origin, seq")?;
    let mut rows = statement.query([])?;
    let mut found: BTreeMap<OriginId, Vec<RangeInclusive<i64>>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let origin = sql::origin(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?;
        let seq: i64 = row.get(1)?;
        let runs = found.entry(origin).or_default();
        match runs.last_mut() {
            Some(run) if *run.end() >= seq - 1 => *run = *run.start()..=seq,
            _ => runs.push(seq..=seq),
        }
    }
    Ok(found)
}

/// The number of the first event of an origin that is here as a link only.
pub fn first_missing(connection: &Connection, origin: OriginId) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT min(seq) FROM skeletons WHERE origin = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([sql::blob(&origin.0)], |row| row.get(0))?)
}

/// Up to where every branch of an origin is whole: its tip, or the event before the first of which the content is missing. Beyond
/// [`WHOLE_EVENTS_MAX`] events after the first missing one nothing is looked for: what is whole there is brought once more.
pub fn whole(connection: &Connection, origin: OriginId) -> Result<Vec<Tip>, StoreError> {
    let tips = events::tips_of(connection, origin)?;
    let Some(first) = first_missing(connection, origin)? else { return Ok(tips) };
    let mut below: BTreeSet<Tip> = tips.into_iter().filter(|tip| tip.seq < first).collect();
    below.extend(events::of_number(connection, origin, first - 1)?);
    let sql = "SELECT seq, hash, prev, 1 FROM events WHERE origin = ?1 AND seq >= ?2
               UNION ALL SELECT seq, hash, prev, 0 FROM skeletons WHERE origin = ?1 AND seq >= ?2
               ORDER BY 1 LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((sql::blob(&origin.0), first, WHOLE_EVENTS_MAX))?;
    let mut chain = Vec::new();
    while let Some(row) = rows.next()? {
        let hash = |column: usize| -> Result<Hash, StoreError> {
            sql::hash(row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from)?)
        };
        let tip = Tip { seq: row.get(0)?, hash: hash(1)? };
        chain.push(Linked { tip, prev: hash(2)?, has_texts: row.get(3)? });
    }
    Ok(carry::whole(below, chain))
}

/// An event on the way back along a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The event before it.
    pub prev: Hash,
    /// Its skeleton.
    pub skeleton: Skeleton,
    /// Its position in the log; none where it is a link only.
    pub position: Option<i64>,
}

/// An event as a step of its chain; none where it is not here.
pub fn step(connection: &Connection, origin: OriginId, tip: Tip) -> Result<Option<Step>, StoreError> {
    if let Some(event) = events::find(connection, origin, tip)? {
        let skeleton = Skeleton::of(event.text.envelope.as_bytes(), event.text.payload.as_bytes());
        return Ok(Some(Step { prev: event.prev, skeleton, position: Some(event.position) }));
    }
    let sql = "SELECT prev, envelope, payload FROM skeletons WHERE origin = ?1 AND seq = ?2 AND hash = ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((sql::blob(&origin.0), tip.seq, tip.hash.0.as_slice()))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let hash = |column: usize| -> Result<Hash, StoreError> {
        sql::hash(row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from)?)
    };
    let skeleton = Skeleton { envelope: hash(1)?, payload: hash(2)? };
    Ok(Some(Step { prev: hash(0)?, skeleton, position: None }))
}

/// A stretch of a chain without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The event that the first line follows.
    pub after: Tip,
    /// Events, and skeletons where the texts are missing.
    pub lines: Vec<(Tip, Line)>,
}

/// The next stretch of an origin's chain after an event, as far as it is here, in an order that leads through every branch: it goes on from
/// that event and, where its branch ends, with the nearest branch beside it. None where everything was gone through.
pub fn stretch_after(
    connection: &Connection,
    origin: OriginId,
    after: Tip,
    bounds: Bounds,
) -> Result<Option<Stretch>, StoreError> {
    let lines = lines_from(connection, origin, after, None, bounds)?;
    if !lines.is_empty() {
        return Ok(Some(Stretch { after, lines }));
    }
    // A single line has nothing beside it, and most chains are one.
    if events::tips_of(connection, origin)?.len() < 2 {
        return Ok(None);
    }
    let mut end = after;
    while let Some(step) = step(connection, origin, end)? {
        let before = Tip { seq: end.seq - 1, hash: step.prev };
        let beside = successors(connection, origin, before)?.into_iter().find(|hash| *hash > end.hash);
        if let Some(first) = beside {
            let lines = lines_from(connection, origin, before, Some(first), bounds)?;
            return Ok((!lines.is_empty()).then_some(Stretch { after: before, lines }));
        }
        end = before;
    }
    Ok(None)
}

/// What follows an event in its chain; `first` says which of several successors comes first, else the smallest hash leads on.
fn lines_from(
    connection: &Connection,
    origin: OriginId,
    after: Tip,
    first: Option<Hash>,
    bounds: Bounds,
) -> Result<Vec<(Tip, Line)>, StoreError> {
    let mut lines: Vec<(Tip, Line)> = Vec::new();
    let (mut tip, mut events, mut skeletons, mut bytes) = (after, 0, 0, 0);
    let leads_on = |hash: Hash, at: Tip| first.is_none_or(|first| at != after || hash == first);
    loop {
        let mut window = read_window(connection, origin, tip.seq + 1, tip.seq + WINDOW)?;
        let before = tip;
        while let Some(next) = window.remove(&(tip.seq + 1, tip.hash)) {
            let next = next.into_iter().filter(|(hash, _)| leads_on(*hash, tip));
            let Some((hash, line)) = next.min_by_key(|(hash, _)| *hash) else { break };
            match line {
                Line::Event(_) => events += 1,
                Line::Skeleton(_) => skeletons += 1,
            }
            bytes += line.bytes();
            let beyond = events > bounds.events_max
                || skeletons > bounds.skeletons_max
                || (!lines.is_empty() && bytes > bounds.bytes_max);
            if beyond {
                return Ok(lines);
            }
            tip = Tip { seq: tip.seq + 1, hash };
            lines.push((tip, line));
        }
        if tip.seq - before.seq < WINDOW {
            return Ok(lines);
        }
    }
}

/// Lines of a chain by number and the hash of the event before them.
type Window = BTreeMap<(i64, Hash), Vec<(Hash, Line)>>;

fn read_window(
    connection: &Connection,
    origin: OriginId,
    first: i64,
    last: i64,
) -> Result<Window, StoreError> {
    let mut window = Window::new();
    for event in events::of_chain(connection, origin, first, last)? {
        let line = (event.tip.hash, Line::Event(event.text));
        window.entry((event.tip.seq, event.prev)).or_default().push(line);
    }
    let sql = "SELECT seq, hash, prev, envelope, payload FROM skeletons
               WHERE origin = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq, hash";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((sql::blob(&origin.0), first, last))?;
    while let Some(row) = rows.next()? {
        let hash = |column: usize| -> Result<Hash, StoreError> {
            sql::hash(row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from)?)
        };
        let line = Line::Skeleton(Skeleton { envelope: hash(3)?, payload: hash(4)? });
        window.entry((row.get(0)?, hash(2)?)).or_default().push((hash(1)?, line));
    }
    Ok(window)
}

/// Keeps a link, unless the event or the link is here already.
pub(crate) fn put(
    connection: &Connection,
    origin: OriginId,
    tip: Tip,
    prev: Hash,
    skeleton: Skeleton,
) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO skeletons SELECT ?1, ?2, ?3, ?4, ?5, ?6
               WHERE NOT EXISTS (SELECT 1 FROM events WHERE origin = ?1 AND seq = ?2 AND hash = ?3)";
    connection.prepare_cached(sql)?.execute((
        sql::blob(&origin.0),
        tip.seq,
        tip.hash.0.as_slice(),
        prev.0.as_slice(),
        skeleton.envelope.0.as_slice(),
        skeleton.payload.0.as_slice(),
    ))?;
    Ok(())
}

/// Notes an event that came by itself as the tip of its branch, in the place of the one that it goes on from: entries of a scope skip events
/// of other scopes, and links lead over them. One that has a successor here is no tip, and neither is what it goes on from.
pub(crate) fn note_tip(connection: &Connection, origin: OriginId, tip: Tip) -> Result<(), StoreError> {
    let mut delete =
        connection.prepare_cached("DELETE FROM tips WHERE origin = ?1 AND seq = ?2 AND hash = ?3")?;
    let mut end = tip;
    while let Some(step) = step(connection, origin, end)? {
        end = Tip { seq: end.seq - 1, hash: step.prev };
        let was_tip = delete.execute((sql::blob(&origin.0), end.seq, end.hash.0.as_slice()))? > 0;
        // What stands before an event with texts was looked at when that came.
        if was_tip || events::position_of(connection, origin, end)?.is_some() {
            break;
        }
    }
    if !successors(connection, origin, tip)?.is_empty() {
        return Ok(());
    }
    let insert = "INSERT OR IGNORE INTO tips (origin, hash, seq) VALUES (?1, ?2, ?3)";
    connection
        .prepare_cached(insert)?
        .execute((sql::blob(&origin.0), tip.hash.0.as_slice(), tip.seq))?;
    Ok(())
}

/// Forgets a link whose event has come.
pub(crate) fn filled(connection: &Connection, origin: OriginId, tip: Tip) -> Result<(), StoreError> {
    let sql = "DELETE FROM skeletons WHERE origin = ?1 AND seq = ?2 AND hash = ?3";
    connection
        .prepare_cached(sql)?
        .execute((sql::blob(&origin.0), tip.seq, tip.hash.0.as_slice()))?;
    Ok(())
}
