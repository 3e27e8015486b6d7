//! Applying changes: one statement per kind of change, keyed so that inserting again is harmless.

use daybook_core::chain::Hash;
use daybook_core::ids::{EventId, ProductId, SaleId, StoreId};
use daybook_core::merge::stock::Level;
use daybook_core::project::rows::{
    Answer, Claim, DayKey, DaySums, Document, DocumentLine, DocumentTender, Edit, OriginRow, ShiftRow,
    StockMove, StockMoveKind, word,
};
use daybook_core::project::{Change, Key};
use rusqlite::{Connection, params};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::file::StoreError;
use crate::sql::{self, blob};
use crate::views::questions::level;

/// What a batch of events leaves for its end: keys to fold again, and sums. Most of its events add to the same few days and accounts, so a
/// sum is written once for all of them. No batch has so many events that its sums could overflow: see `EVENT_AMOUNT_MINOR_MAX`.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Keys to fold again.
    pub(super) dirty: BTreeSet<Key>,
    days: BTreeMap<DayKey, DaySums>,
    /// By day, account and currency.
    accounts: BTreeMap<DayKey, BTreeMap<(String, String), i64>>,
    /// Products that move: where their stock began, and what to add to it. It is read once, since it changes only at the end.
    levels: BTreeMap<(StoreId, ProductId), Moving>,
    /// The event that the last row stands in, and its number: what follows mostly stands in the same.
    last: Option<(Hash, i64)>,
}

/// A product that moves.
#[derive(Debug)]
struct Moving {
    /// Its stock before the batch; none where nobody counted or received any.
    level: Option<Level>,
    /// Thousandths to add.
    moved: i64,
}

impl Pending {
    /// Adds the sums to what stands in the tables.
    pub(super) fn add_sums(&self, connection: &Connection) -> Result<(), StoreError> {
        for ((store, product), moving) in self.levels.iter().filter(|(_, moving)| moving.moved != 0) {
            let sql = "UPDATE stock_levels SET moved_thousandths = moved_thousandths + ?3 WHERE store = ?1 AND product = ?2";
            let row = (blob(&store.0), blob(&product.0), moving.moved);
            connection.prepare_cached(sql)?.execute(row)?;
        }
        for (key, sums) in &self.days {
            add_day(connection, key, sums)?;
        }
        for (key, accounts) in &self.accounts {
            for ((account, currency), amount_minor) in accounts {
                post(connection, key, account, currency, *amount_minor)?;
            }
        }
        Ok(())
    }
}

pub(super) fn apply(
    connection: &Connection,
    change: Change,
    pending: &mut Pending,
) -> Result<(), StoreError> {
    match change {
        Change::Document(row) => {
            document(connection, &row, pending)?;
            lines_before(connection, &row, &mut pending.dirty)
        }
        Change::Line(row) => line(connection, &row, pending),
        Change::Tender(row) => tender(connection, &row, pending),
        Change::Claim(row) => claim(connection, &row),
        Change::StockMove(row) => stock_move(connection, &row, pending),
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
        Change::AddDay(key, sums) => {
            *pending.days.entry(key).or_default() += sums;
            Ok(())
        }
        Change::Post { key, account, currency, amount_minor } => {
            *pending.accounts.entry(key).or_default().entry((account, currency)).or_default() += amount_minor;
            Ok(())
        }
        Change::Dirty(key) => {
            pending.dirty.insert(key);
            Ok(())
        }
    }
}

fn day(key: &DayKey) -> String {
    key.day.map(|day| day.to_string()).unwrap_or_default()
}

/// Adds to an account of a day.
fn post(
    connection: &Connection,
    key: &DayKey,
    account: &str,
    currency: &str,
    amount_minor: i64,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO accounts VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT DO UPDATE SET amount_minor = amount_minor + excluded.amount_minor";
    let (store, origin) = (blob(&key.store.0), blob(&key.origin.0));
    connection
        .prepare_cached(sql)?
        .execute((store, origin, day(key), account, currency, amount_minor))?;
    Ok(())
}

/// The number of the event that something stands in; it gets one where it has none yet.
fn sale_event(
    connection: &Connection,
    hash: &Hash,
    document: &EventId,
    sale: &SaleId,
    pending: &mut Pending,
) -> Result<i64, StoreError> {
    if let Some((_, number)) = pending.last.filter(|(last, _)| last == hash) {
        return Ok(number);
    }
    let number = number_of_event(connection, hash, document, sale)?;
    pending.last = Some((*hash, number));
    Ok(number)
}

fn number_of_event(
    connection: &Connection,
    hash: &Hash,
    document: &EventId,
    sale: &SaleId,
) -> Result<i64, StoreError> {
    let sql = "INSERT OR IGNORE INTO sale_events (hash, document, sale) VALUES (?1, ?2, ?3)";
    let row = (hash.0.as_slice(), blob(&document.0), blob(&sale.0));
    if connection.prepare_cached(sql)?.execute(row)? > 0 {
        return Ok(connection.last_insert_rowid());
    }
    let known = "SELECT number FROM sale_events WHERE hash = ?1";
    Ok(connection.prepare_cached(known)?.query_row([hash.0.as_slice()], |row| row.get(0))?)
}

fn document(connection: &Connection, row: &Document, pending: &mut Pending) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO documents_by_event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
               ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29)";
    connection.prepare_cached(sql)?.execute(params![
        sale_event(connection, &row.hash, &row.document, &row.sale, pending)?,
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

fn line(connection: &Connection, row: &DocumentLine, pending: &mut Pending) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO lines_by_event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
               ?17)";
    connection.prepare_cached(sql)?.execute(params![
        sale_event(connection, &row.hash, &row.document, &row.sale, pending)?,
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

/// A tender stands in the event of its document, which was applied just before it.
fn tender(connection: &Connection, row: &DocumentTender, pending: &Pending) -> Result<(), StoreError> {
    let Some((_, number)) = pending.last.filter(|(last, _)| *last == row.hash) else { return Ok(()) };
    let sql = "INSERT OR IGNORE INTO tenders_by_event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    connection.prepare_cached(sql)?.execute(params![
        number,
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
fn stock_move(connection: &Connection, row: &StockMove, pending: &mut Pending) -> Result<(), StoreError> {
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
    let moving = match pending.levels.entry((row.store, row.product)) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(new) => {
            new.insert(Moving { level: level(connection, row.store, row.product)?, moved: 0 })
        }
    };
    match &moving.level {
        Some(level) if level.baseline.is_none_or(|base| base.order < row.order) => {
            moving.moved += row.quantity;
            // Whoever sold them, tracked or not: what is left decides whether those who believed there was enough were right.
            pending.dirty.insert(Key::Taken(row.store, row.product));
        }
        Some(_) => {
            pending.dirty.insert(Key::Stock(row.store, row.product));
        }
        None => {}
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
