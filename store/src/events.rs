//! The table of events, as both logs have it: append, look up, read back, follow the tips of branches.
//!
//! Texts go in and come out byte for byte. Appending what is there already is harmless, because the hash is the identity.

use daybook_core::chain::{Hash, Tip};
use daybook_core::envelope::EventText;
use daybook_core::ids::OriginId;
use rusqlite::{Connection, OptionalExtension as _, Row};
use std::collections::BTreeMap;

use crate::file::StoreError;
use crate::sql;
use crate::texts;

/// An event as a log holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Order of arrival in this log.
    pub position: i64,
    /// Whose chain.
    pub origin: OriginId,
    /// Where in it.
    pub tip: Tip,
    /// Hash of the event before it.
    pub prev: Hash,
    /// The texts.
    pub text: EventText,
}

/// What every log has of an event.
const COLUMNS: &str = "position, origin, seq, hash, prev, envelope, payload, seal";

/// A row of these eight columns, whose texts stand there as they are.
pub(crate) fn read_row(row: &Row<'_>) -> Result<StoredEvent, StoreError> {
    let texts = (row.get(5)?, row.get(6)?);
    read_with(row, texts)
}

/// A row with a ninth column of packed texts; where it is empty, the texts stand there as they are.
pub(crate) fn read_packed_row(row: &Row<'_>) -> Result<StoredEvent, StoreError> {
    match row.get_ref(8)?.as_blob_or_null().map_err(rusqlite::Error::from)? {
        None => read_row(row),
        Some(packed) => read_with(row, texts::unpack(read_origin(row)?, packed)?),
    }
}

fn read_origin(row: &Row<'_>) -> Result<OriginId, StoreError> {
    sql::origin(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)
}

fn read_with(row: &Row<'_>, (envelope, payload): (String, String)) -> Result<StoredEvent, StoreError> {
    Ok(StoredEvent {
        position: row.get(0)?,
        origin: read_origin(row)?,
        tip: Tip {
            seq: row.get(2)?,
            hash: sql::hash(row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?)?,
        },
        prev: sql::hash(row.get_ref(4)?.as_blob().map_err(rusqlite::Error::from)?)?,
        text: EventText { envelope, payload, seal: sql::seal(row.get(7)?)? },
    })
}

/// The columns for [`read_packed_row`], of a log of either side and of any version: a till's never has packed texts, and neither has a backup
/// that head office made before there were any.
fn columns(connection: &Connection) -> Result<String, StoreError> {
    let packed = connection.column_exists(None, "events", "texts")?;
    Ok(format!("{COLUMNS}, {}", if packed { "texts" } else { "NULL" }))
}

fn collect(mut rows: rusqlite::Rows<'_>) -> Result<Vec<StoredEvent>, StoreError> {
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(read_packed_row(row)?);
    }
    Ok(events)
}

/// The events that arrived after a position, in the order of arrival.
pub fn after_position(
    connection: &Connection,
    position: i64,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let columns = columns(connection)?;
    let sql = format!("SELECT {columns} FROM events WHERE position > ?1 ORDER BY position LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    collect(statement.query((position, limit))?)
}

/// Events of an origin's chain numbered from `first` to `last`, of every branch.
pub fn of_chain(
    connection: &Connection,
    origin: OriginId,
    first: i64,
    last: i64,
) -> Result<Vec<StoredEvent>, StoreError> {
    of_chain_within(connection, origin, (first, last), usize::MAX)
}

/// The same as far as so many bytes of texts go, and no further is read: it ends between two numbers, with the one that reaches them.
pub fn of_chain_within(
    connection: &Connection,
    origin: OriginId,
    (first, last): (i64, i64),
    bytes_max: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let columns = columns(connection)?;
    let sql = format!(
        "SELECT {columns} FROM events WHERE origin = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq, hash"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((sql::blob(&origin.0), first, last))?;
    let (mut bytes, mut events) = (0_usize, Vec::<StoredEvent>::new());
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(2)?;
        if bytes >= bytes_max && events.last().is_some_and(|event| event.tip.seq != seq) {
            break;
        }
        let event = read_packed_row(row)?;
        bytes = bytes.saturating_add(event.text.envelope.len() + event.text.payload.len());
        events.push(event);
    }
    Ok(events)
}

/// The event of an origin with the highest number.
pub fn last_of(connection: &Connection, origin: OriginId) -> Result<Option<StoredEvent>, StoreError> {
    let columns = columns(connection)?;
    let sql = format!("SELECT {columns} FROM events WHERE origin = ?1 ORDER BY seq DESC, hash LIMIT 1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([sql::blob(&origin.0)])?;
    rows.next()?.map(read_packed_row).transpose()
}

/// One event.
pub fn find(connection: &Connection, origin: OriginId, tip: Tip) -> Result<Option<StoredEvent>, StoreError> {
    let columns = columns(connection)?;
    let sql = format!("SELECT {columns} FROM events WHERE origin = ?1 AND seq = ?2 AND hash = ?3");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((sql::blob(&origin.0), tip.seq, tip.hash.0.as_slice()))?;
    rows.next()?.map(read_packed_row).transpose()
}

/// The position of an event; none where it is not there.
pub fn position_of(connection: &Connection, origin: OriginId, tip: Tip) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT position FROM events WHERE origin = ?1 AND seq = ?2 AND hash = ?3";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement
        .query_row((sql::blob(&origin.0), tip.seq, tip.hash.0.as_slice()), |row| row.get(0))
        .optional()?)
}

/// The event at a position, with its texts.
pub fn stored_at(connection: &Connection, position: i64) -> Result<Option<StoredEvent>, StoreError> {
    let columns = columns(connection)?;
    let sql = format!("SELECT {columns} FROM events WHERE position = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([position])?;
    rows.next()?.map(read_packed_row).transpose()
}

/// Whether an event is there. The start of a chain always is.
pub fn knows(connection: &Connection, origin: OriginId, tip: Tip) -> Result<bool, StoreError> {
    Ok(tip == Tip::NONE || position_of(connection, origin, tip)?.is_some())
}

/// The tips of all branches of all origins.
pub fn tips(connection: &Connection) -> Result<BTreeMap<OriginId, Vec<Tip>>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT origin, seq, hash FROM tips ORDER BY origin, seq, hash")?;
    let mut rows = statement.query([])?;
    let mut tips: BTreeMap<OriginId, Vec<Tip>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (origin, seq, hash): (Vec<u8>, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        tips.entry(sql::origin(&origin)?)
            .or_default()
            .push(Tip { seq, hash: sql::hash(&hash)? });
    }
    Ok(tips)
}

/// The tips of one origin.
pub fn tips_of(connection: &Connection, origin: OriginId) -> Result<Vec<Tip>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT seq, hash FROM tips WHERE origin = ?1 ORDER BY seq, hash")?;
    let rows = statement
        .query_map([sql::blob(&origin.0)], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
    rows.map(|row| {
        row.map_err(StoreError::from)
            .and_then(|(seq, bytes)| Ok(Tip { seq, hash: sql::hash(&bytes)? }))
    })
    .collect()
}

/// The events of an origin that bear a number: more than one where its chain has branches.
pub fn of_number(connection: &Connection, origin: OriginId, seq: i64) -> Result<Vec<Tip>, StoreError> {
    let sql = "SELECT hash FROM events WHERE origin = ?1 AND seq = ?2 ORDER BY hash";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map((sql::blob(&origin.0), seq), |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|bytes| Ok(Tip { seq, hash: sql::hash(&bytes?)? })).collect()
}

/// Moves the tip of a branch from `after` to `tip`. Where `after` is no tip (any more), `tip` begins another branch.
pub(crate) fn move_tip(
    connection: &Connection,
    origin: OriginId,
    after: Tip,
    tip: Tip,
) -> Result<(), StoreError> {
    let mut delete = connection.prepare_cached("DELETE FROM tips WHERE origin = ?1 AND hash = ?2")?;
    delete.execute((sql::blob(&origin.0), after.hash.0.as_slice()))?;
    let mut insert =
        connection.prepare_cached("INSERT OR IGNORE INTO tips (origin, hash, seq) VALUES (?1, ?2, ?3)")?;
    insert.execute((sql::blob(&origin.0), tip.hash.0.as_slice(), tip.seq))?;
    Ok(())
}

/// The position of the last event; 0 before there is one. Events are never deleted, so it is also their number.
pub fn last_position(connection: &Connection) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(max(position), 0) FROM events";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Which event stands at a position; none where the log does not reach so far.
pub fn at_position(connection: &Connection, position: i64) -> Result<Option<(OriginId, Tip)>, StoreError> {
    let sql = "SELECT origin, seq, hash FROM events WHERE position = ?1";
    let read = |row: &Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?));
    let found = connection.prepare_cached(sql)?.query_row([position], read).optional()?;
    found
        .map(|(origin, seq, hash)| Ok((sql::origin(&origin)?, Tip { seq, hash: sql::hash(&hash)? })))
        .transpose()
}

/// A named fact of a log.
pub fn fact(connection: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT value FROM facts WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

/// Remembers a named fact.
pub fn put_fact(connection: &Connection, name: &str, value: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO facts VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    connection.prepare_cached(sql)?.execute((name, value))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::Durability;
    use crate::office::OfficeLog;
    use uuid::Uuid;

    #[test]
    fn a_chain_is_read_as_far_as_bytes_go_and_ends_between_two_numbers() {
        let home = tempfile::tempdir().unwrap();
        let log = OfficeLog::open(home.path(), Durability::Off).unwrap();
        let origin = OriginId(Uuid::from_u128(1));
        // What stands beyond the bytes cannot be read: whoever looks at it fails.
        let sql = "INSERT INTO events (origin, seq, hash, prev, envelope, payload, texts)
                   VALUES (?1, ?2, ?3, zeroblob(32), ?4, '', ?5)";
        let (texts, broken) = ("x".repeat(100), [0_u8; 1]);
        for (seq, branch, broken) in
            [(1, 0, None), (2, 0, None), (2, 1, None), (3, 0, Some(broken.as_slice()))]
        {
            let hash = [branch; 32];
            log.connection()
                .execute(sql, (sql::blob(&origin.0), seq, hash.as_slice(), &texts, broken))
                .unwrap();
        }
        let within = |bytes_max| of_chain_within(log.connection(), origin, (1, 9), bytes_max);
        assert_eq!(within(1).unwrap().len(), 1, "one number is always whole");
        assert_eq!(within(100).unwrap().len(), 1);
        for bytes in [101, 200, 300] {
            let numbers: Vec<i64> = within(bytes).unwrap().iter().map(|event| event.tip.seq).collect();
            assert_eq!(numbers, [1, 2, 2], "both branches of a number");
        }
        assert!(within(301).is_err());
    }
}
