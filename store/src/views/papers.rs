//! Questions that a printed paper asks of the read models: whose document it is, and the names on it.

use daybook_core::ids::{OriginId, SaleId, StaffId};
use rusqlite::{Connection, OptionalExtension as _};

use crate::events::{self, StoredEvent};
use crate::file::StoreError;
use crate::sql::{self, blob};

/// The events that hold a completed document with its lines, the completing one last; nothing where it is not known here. Of twins
/// the canonically first.
pub fn document(
    connection: &Connection,
    log: &Connection,
    sale: SaleId,
) -> Result<Vec<StoredEvent>, StoreError> {
    let sql = "SELECT origin, seq, hash, parts FROM documents WHERE sale = ?1 ORDER BY at, origin, seq, hash LIMIT 1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?, row.get::<_, Vec<u8>>(2)?, row.get(3)?))
    };
    let found: Option<(Vec<u8>, i64, Vec<u8>, i64)> =
        connection.prepare_cached(sql)?.query_row([blob(&sale.0)], read).optional()?;
    let Some((origin, seq, hash, parts)) = found else { return Ok(Vec::new()) };
    let (origin, hash) = (sql::origin(&origin)?, sql::hash(&hash)?);
    let mut chain = events::of_chain(log, origin, seq - parts, seq).map_err(StoreError::of_log)?;
    chain.retain(|event| event.tip.seq < seq || event.tip.hash == hash);
    Ok(chain)
}

/// The number of a person, active or not; none where nobody described the person.
pub fn staff_number(connection: &Connection, staff: StaffId) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT number FROM staff WHERE staff = ?1")?;
    Ok(statement.query_row([blob(&staff.0)], |row| row.get(0)).optional()?)
}

/// The name an origin was opened with, as people know its till; none where its opening is not known.
pub fn origin_name(connection: &Connection, origin: OriginId) -> Result<Option<String>, StoreError> {
    let sql = "SELECT name FROM origins WHERE origin = ?1 ORDER BY hash LIMIT 1";
    Ok(connection
        .prepare_cached(sql)?
        .query_row([blob(&origin.0)], |row| row.get(0))
        .optional()?)
}
