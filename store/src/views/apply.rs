//! Applying changes: one statement per kind of change, keyed so that inserting again is harmless.

use daybook_core::chain::Hash;
use daybook_core::ids::{EventId, ProductId, SaleId};
use daybook_core::project::rows::{
    Answer, Claim, DayKey, DaySums, Document, DocumentLine, DocumentTender, Edit, OriginRow, ShiftRow,
    StockMove, StockMoveKind, word,
};
use daybook_core::project::{Change, Key};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::BTreeSet;

use crate::file::StoreError;
use crate::sql::{self, blob};

pub(super) fn apply(
    connection: &Connection,
    change: Change,
    dirty: &mut BTreeSet<Key>,
) -> Result<(), StoreError> {
    match change {
        Change::Document(row) => {
            document(connection, &row)?;
            lines_before(connection, &row, dirty)
        }
        Change::Line(row) => line(connection, &row),
        Change::Tender(row) => tender(connection, &row),
        Change::Claim(row) => claim(connection, &row),
        Change::StockMove(row) => stock_move(connection, &row, dirty),
        Change::Edit(row) => edit(connection, &row),
        Change::Origin(row) => origin(connection, &row),
        Change::Shift(row) => shift(connection, &row),
        Change::Answer(row) => answer(connection, &row),
        Change::Quarantine { hash, origin, seq, unknown, reason } => {
            let sql = "INSERT OR IGNORE INTO quarantine VALUES (?1, ?2, ?3, ?4, ?5)";
            connection.prepare_cached(sql)?.execute(params![
                hash.0.as_slice(),
                blob(&origin.0),
                seq,
                unknown,
                reason
            ])?;
            Ok(())
        }
        Change::AddDay(key, sums) => add_day(connection, &key, &sums),
        Change::Post { key, account, currency, amount_minor } => {
            let sql = "INSERT INTO accounts VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                       ON CONFLICT DO UPDATE SET amount_minor = amount_minor + excluded.amount_minor";
            let (store, origin) = (blob(&key.store.0), blob(&key.origin.0));
            connection.prepare_cached(sql)?.execute(params![
                store,
                origin,
                day(&key),
                account,
                currency,
                amount_minor
            ])?;
            Ok(())
        }
        Change::Dirty(key) => {
            dirty.insert(key);
            Ok(())
        }
    }
}

fn day(key: &DayKey) -> String {
    key.day.map(|day| day.to_string()).unwrap_or_default()
}

/// The number of the event that something stands in; it gets one where it has none yet.
fn sale_event(
    connection: &Connection,
    hash: &Hash,
    document: &EventId,
    sale: &SaleId,
) -> Result<i64, StoreError> {
    let known = "SELECT number FROM sale_events WHERE hash = ?1";
    let found = connection
        .prepare_cached(known)?
        .query_row([hash.0.as_slice()], |row| row.get(0))
        .optional()?;
    if let Some(number) = found {
        return Ok(number);
    }
    let sql = "INSERT INTO sale_events (hash, document, sale) VALUES (?1, ?2, ?3)";
    connection
        .prepare_cached(sql)?
        .execute((hash.0.as_slice(), blob(&document.0), blob(&sale.0)))?;
    Ok(connection.last_insert_rowid())
}

fn document(connection: &Connection, row: &Document) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO documents_by_event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
               ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29)";
    connection.prepare_cached(sql)?.execute(params![
        sale_event(connection, &row.hash, &row.document, &row.sale)?,
        row.order.at,
        blob(&row.order.origin.0),
        row.order.seq,
        blob(&row.store.0),
        blob(&row.till.0),
        blob(&row.shift.0),
        row.day.map(|day| day.to_string()).unwrap_or_default(),
        row.wall,
        word(&row.begun_as),
        row.series,
        row.number,
        row.currency,
        row.exponent,
        row.lines,
        row.gross_sales_minor,
        row.gross_returns_minor,
        row.reductions_minor,
        row.net_minor,
        row.tax_minor,
        row.total_minor,
        row.rounding_minor,
        row.customer.as_ref().map(|id| blob(&id.0)),
        row.actor.as_ref().map(|id| blob(&id.0)),
        row.approver.as_ref().map(|id| blob(&id.0)),
        row.local_time,
        row.parts,
        row.from_parked.as_ref().map(|id| blob(&id.0)),
        row.voids.as_ref().map(|id| blob(&id.0)),
    ])?;
    Ok(())
}

/// Lines that stood in events before their document were judged without its number and time: their products are judged again.
fn lines_before(
    connection: &Connection,
    row: &Document,
    dirty: &mut BTreeSet<Key>,
) -> Result<(), StoreError> {
    if row.parts == 0 {
        return Ok(());
    }
    let sql = "SELECT DISTINCT l.product FROM document_lines l
               JOIN stock_levels s ON s.store = ?3 AND s.product = l.product WHERE l.sale = ?1 AND l.document = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((blob(&row.sale.0), blob(&row.document.0), blob(&row.store.0)))?;
    while let Some(found) = rows.next()? {
        let product: Vec<u8> = found.get(0)?;
        dirty.insert(Key::Stock(row.store, ProductId(sql::uuid(&product)?)));
    }
    Ok(())
}

fn line(connection: &Connection, row: &DocumentLine) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO lines_by_event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
               ?17)";
    connection.prepare_cached(sql)?.execute(params![
        sale_event(connection, &row.hash, &row.document, &row.sale)?,
        row.line,
        word(&row.direction),
        row.kind,
        row.product.as_ref().map(|id| blob(&id.0)),
        row.sku,
        row.name,
        row.department,
        row.quantity,
        row.extended_minor,
        row.extended_from,
        row.reductions_minor,
        row.net_minor,
        row.tax_minor,
        word(&row.prices),
        row.reductions,
        row.cost,
    ])?;
    Ok(())
}

fn tender(connection: &Connection, row: &DocumentTender) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO tenders_by_event SELECT number, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM sale_events WHERE hash = ?1";
    connection.prepare_cached(sql)?.execute(params![
        row.hash.0.as_slice(),
        row.tender,
        row.tender_type,
        row.class,
        row.amount_minor,
        row.given_minor,
        row.change_minor,
        row.to_verify,
    ])?;
    Ok(())
}

fn claim(connection: &Connection, row: &Claim) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO claims VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    connection.prepare_cached(sql)?.execute(params![
        row.hash.0.as_slice(),
        row.by_line,
        row.position,
        row.order.at,
        blob(&row.order.origin.0),
        row.order.seq,
        blob(&row.by_sale.0),
        blob(&row.sale.0),
        row.line,
        row.quantity,
        row.amount_minor,
        row.taxes,
    ])?;
    Ok(())
}

/// A movement counts at once where it lies after the baseline; an earlier one, and everything that can be a baseline, asks to fold
/// the product again.
fn stock_move(connection: &Connection, row: &StockMove, dirty: &mut BTreeSet<Key>) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO stock_moves VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let (store, product, origin) = (blob(&row.store.0), blob(&row.product.0), blob(&row.order.origin.0));
    let inserted = connection.prepare_cached(sql)?.execute(params![
        store,
        product,
        row.order.at,
        origin,
        row.order.seq,
        row.hash.0.as_slice(),
        row.line,
        row.kind.word(),
        row.quantity,
        row.tracked,
        row.shown,
    ])?;
    let simple = matches!(row.kind, StockMoveKind::Sold | StockMoveKind::Returned);
    if inserted == 0 || !simple {
        return Ok(());
    }
    let sql = "UPDATE stock_levels SET moved_thousandths = moved_thousandths + ?6
               WHERE store = ?1 AND product = ?2 AND (base_at IS NULL OR (base_at, base_origin, base_seq) < (?3, ?4, ?5))";
    let params = params![store, product, row.order.at, origin, row.order.seq, row.quantity];
    if connection.prepare_cached(sql)?.execute(params)? > 0 {
        // Whoever sold them, tracked or not: what is left decides whether those who believed there was enough were right.
        dirty.insert(Key::Taken(row.store, row.product));
    } else {
        let sql = "SELECT EXISTS (SELECT 1 FROM stock_levels WHERE store = ?1 AND product = ?2)";
        if connection.prepare_cached(sql)?.query_row((store, product), |row| row.get(0))? {
            dirty.insert(Key::Stock(row.store, row.product));
        }
    }
    Ok(())
}

fn edit(connection: &Connection, row: &Edit) -> Result<(), StoreError> {
    let json = |error: serde_json::Error| StoreError::Unreadable(error.to_string());
    let sql = "INSERT OR IGNORE INTO edits VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    connection.prepare_cached(sql)?.execute(params![
        row.subject,
        row.hash.0.as_slice(),
        row.order.at,
        blob(&row.order.origin.0),
        row.order.seq,
        serde_json::to_string(&row.base).map_err(json)?,
        serde_json::to_string(&row.fields).map_err(json)?,
    ])?;
    Ok(())
}

fn origin(connection: &Connection, row: &OriginRow) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO origins VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    connection.prepare_cached(sql)?.execute(params![
        row.hash.0.as_slice(),
        blob(&row.order.origin.0),
        word(&row.role),
        row.store.as_ref().map(|id| blob(&id.0)),
        row.till.as_ref().map(|id| blob(&id.0)),
        row.name,
        row.series,
        row.parent.as_ref().map(|(id, _)| blob(&id.0)),
        row.parent.map(|(_, seq)| seq),
        row.reason,
    ])?;
    Ok(())
}

fn shift(connection: &Connection, row: &ShiftRow) -> Result<(), StoreError> {
    let closed = row.closed.as_ref().map(serde_json::to_string).transpose();
    let sql = "INSERT OR IGNORE INTO shifts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    connection.prepare_cached(sql)?.execute(params![
        row.hash.0.as_slice(),
        row.order.at,
        blob(&row.order.origin.0),
        row.order.seq,
        blob(&row.shift.0),
        blob(&row.store.0),
        blob(&row.till.0),
        row.day.to_string(),
        row.currency,
        row.float_minor,
        closed.map_err(|error| StoreError::Unreadable(error.to_string()))?,
    ])?;
    Ok(())
}

fn answer(connection: &Connection, row: &Answer) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO answers VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    connection.prepare_cached(sql)?.execute(params![
        row.hash.0.as_slice(),
        row.order.at,
        blob(&row.order.origin.0),
        row.order.seq,
        row.actor.as_ref().map(|id| blob(&id.0)),
        row.conflict,
        row.evidence.0.as_slice(),
        row.option,
    ])?;
    Ok(())
}

fn add_day(connection: &Connection, key: &DayKey, sums: &DaySums) -> Result<(), StoreError> {
    let sql = "INSERT INTO days VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
               ON CONFLICT DO UPDATE SET
                   documents           = documents           + excluded.documents,
                   lines               = lines               + excluded.lines,
                   gross_sales_minor   = gross_sales_minor   + excluded.gross_sales_minor,
                   gross_returns_minor = gross_returns_minor + excluded.gross_returns_minor,
                   reductions_minor    = reductions_minor    + excluded.reductions_minor,
                   net_minor           = net_minor           + excluded.net_minor,
                   tax_minor           = tax_minor           + excluded.tax_minor,
                   total_minor         = total_minor         + excluded.total_minor,
                   rounding_minor      = rounding_minor      + excluded.rounding_minor,
                   refunds_minor       = refunds_minor       + excluded.refunds_minor,
                   adjustments         = adjustments         + excluded.adjustments,
                   adjusted_lines      = adjusted_lines      + excluded.adjusted_lines";
    connection.prepare_cached(sql)?.execute(params![
        blob(&key.store.0),
        blob(&key.origin.0),
        day(key),
        sums.documents,
        sums.lines,
        sums.gross_sales_minor,
        sums.gross_returns_minor,
        sums.reductions_minor,
        sums.net_minor,
        sums.tax_minor,
        sums.total_minor,
        sums.rounding_minor,
        sums.refunds_minor,
        sums.adjustments,
        sums.adjusted_lines,
    ])?;
    Ok(())
}
