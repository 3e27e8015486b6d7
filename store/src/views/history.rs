//! The history of a store as its tills show it: completed documents, newest first, page by page, and what happened to one of them.
//!
//! Pages are cut by the canonical order key, never by number of rows, so a million documents page as fast as ten and nothing is shown
//! twice while new ones arrive.

use daybook_core::chain::Hash;
use daybook_core::envelope::Envelope;
use daybook_core::event::Event;
use daybook_core::event::sale::{Completed, Line, TenderClass};
use daybook_core::ids::{OriginId, ProductId, SaleId, StaffId, StoreId};
use daybook_core::project::Input;
use daybook_core::project::rows::word;
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, named_params, params};

use crate::events;
use crate::file::StoreError;
use crate::sql::{self, blob};
use crate::views::questions::level;

/// Which documents are wanted; what is not said does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// From this business day on.
    pub from_day: Option<String>,
    /// Up to and with this business day.
    pub to_day: Option<String>,
    /// A total of at least this much, in minor units.
    pub total_min: Option<i64>,
    /// A total of at most this much.
    pub total_max: Option<i64>,
    /// Paid at least in part this way.
    pub paid: Option<TenderClass>,
    /// The printed number, or what it ends with after its series.
    pub number: Option<String>,
    /// Words that a line's name or code holds, or that the staff number is.
    pub words: Vec<String>,
    /// Only documents that take back more than they sell, or only others.
    pub refunds: Option<bool>,
}

/// Where a page of the history begins: after this document, in canonical order backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryPlace {
    /// Its order key.
    pub at: i64,
    /// Its hash.
    pub hash: Hash,
}

/// A completed document as the history shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryDocument {
    /// Where it stands, for the next page.
    pub place: HistoryPlace,
    /// The sale.
    pub sale: SaleId,
    /// Whose log it stands in, and its number there.
    pub origin: OriginId,
    /// Its number in that log.
    pub seq: i64,
    /// The printed number.
    pub number: String,
    /// Local time.
    pub local_time: String,
    /// Business day.
    pub day: String,
    /// The till's name.
    pub till: String,
    /// Who sold.
    pub actor: Option<StaffId>,
    /// Number of lines.
    pub lines: i64,
    /// Tender types, in the order they were taken.
    pub tenders: Vec<String>,
    /// Total in minor units.
    pub total_minor: i64,
    /// Quantity sold and quantity that came back since, in thousandths.
    pub sold_and_returned: (i64, i64),
    /// Whether the outcome of a payment was not known when it was completed. Corrections stand in the log.
    pub to_verify: bool,
}

const DOCUMENT: &str = "d.at, d.hash, d.sale, d.origin, d.seq, d.series || '-' || d.number, d.local_time, d.day,
    (SELECT min(o.name) FROM origins o WHERE o.origin = d.origin), d.actor, d.lines,
    (SELECT group_concat(t.tender_type) FROM tenders t WHERE t.hash = d.hash), d.total_minor,
    (SELECT coalesce(sum(l.quantity_thousandths), 0) FROM document_lines l WHERE l.sale = d.sale AND l.quantity_thousandths > 0),
    (SELECT coalesce(sum(c.quantity_thousandths), 0) FROM claims c WHERE c.sale = d.sale),
    EXISTS (SELECT 1 FROM tenders t WHERE t.hash = d.hash AND t.to_verify)";

/// A page of the documents of a store, newest first.
pub fn documents(
    connection: &Connection,
    store: StoreId,
    filter: &HistoryFilter,
    after: Option<HistoryPlace>,
    limit: usize,
) -> Result<Vec<HistoryDocument>, StoreError> {
    let words: Vec<String> = filter.words.iter().map(|word| format!("%{}%", escaped(word))).collect();
    let mut sql = format!(
        "SELECT {DOCUMENT} FROM documents d WHERE d.store = :store
         AND (:at IS NULL OR (d.at, d.hash) < (:at, :hash))
         AND (:from IS NULL OR d.day >= :from) AND (:to IS NULL OR d.day <= :to)
         AND (:min IS NULL OR d.total_minor >= :min) AND (:max IS NULL OR d.total_minor <= :max)
         AND (:refunds IS NULL OR (d.total_minor < 0) = :refunds)
         AND (:paid IS NULL OR EXISTS (SELECT 1 FROM tenders t WHERE t.hash = d.hash AND t.class = :paid))
         AND (:number IS NULL OR d.number = :number OR lower(d.series || '-' || d.number) = lower(:number))"
    );
    for place in 0..words.len() {
        sql.push_str(&format!(
            " AND (EXISTS (SELECT 1 FROM document_lines l WHERE l.sale = d.sale
                           AND (l.name LIKE :word{place} ESCAPE '\\' OR l.sku LIKE :word{place} ESCAPE '\\'))
                   OR EXISTS (SELECT 1 FROM staff s WHERE s.staff = d.actor AND s.number LIKE :word{place} ESCAPE '\\'))"
        ));
    }
    sql.push_str(" ORDER BY d.at DESC, d.hash DESC LIMIT :limit");
    let mut statement = connection.prepare_cached(&sql)?;
    let paid = filter.paid.map(|class| word(&class));
    let hash = after.map(|place| place.hash);
    let (at, limit) = (after.map(|place| place.at), i64::try_from(limit).unwrap_or(i64::MAX));
    let names: Vec<String> = (0..words.len()).map(|place| format!(":word{place}")).collect();
    let store = blob(&store.0);
    let hash_bytes = hash.as_ref().map(|hash| hash.0.as_slice());
    let mut values: Vec<(&str, &dyn ToSql)> = named_params! {
        ":store": store, ":at": at, ":hash": hash_bytes, ":from": filter.from_day, ":to": filter.to_day,
        ":min": filter.total_min, ":max": filter.total_max, ":refunds": filter.refunds, ":paid": paid,
        ":number": filter.number, ":limit": limit,
    }
    .to_vec();
    values.extend(names.iter().map(String::as_str).zip(words.iter().map(|word| word as &dyn ToSql)));
    let mut rows = statement.query(values.as_slice())?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// A completed document of a sale; of twins the canonically first.
pub fn document(connection: &Connection, sale: SaleId) -> Result<Option<HistoryDocument>, StoreError> {
    let sql = format!(
        "SELECT {DOCUMENT} FROM documents d WHERE d.sale = ?1 ORDER BY d.at, d.origin, d.seq, d.hash LIMIT 1"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([blob(&sale.0)])?;
    rows.next()?.map(read).transpose()
}

/// A completed document as it was recorded: its envelope, itself, and all its lines. Of twins the canonically first.
pub fn recorded(
    connection: &Connection,
    log: &Connection,
    sale: SaleId,
) -> Result<Option<(Envelope, Completed, Vec<Line>)>, StoreError> {
    let sql = "SELECT origin, seq, hash, parts FROM documents WHERE sale = ?1 ORDER BY at, origin, seq, hash LIMIT 1";
    let read = |row: &Row<'_>| {
        Ok((
            row.get::<_, Vec<u8>>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, Vec<u8>>(2)?,
            row.get::<_, i64>(3)?,
        ))
    };
    let found = connection.prepare_cached(sql)?.query_row([blob(&sale.0)], read).optional()?;
    let Some((origin, seq, hash, parts)) = found else { return Ok(None) };
    let (origin, hash) = (sql::origin(&origin)?, sql::hash(&hash)?);
    let mut lines = Vec::new();
    for event in events::of_chain(log, origin, seq - parts, seq)? {
        match Input::read(event.origin, event.tip, &event.text).content {
            Ok((_, Event::SaleLinesRecorded(part))) if part.sale == sale => lines.extend(part.lines),
            Ok((envelope, Event::SaleCompleted(completed))) if event.tip.hash == hash => {
                lines.extend(completed.lines.iter().cloned());
                return Ok(Some((envelope, completed, lines)));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Documents that took back something of a sale: the returning sale, quantity in thousandths and net amount, in canonical order.
pub fn returns_of(connection: &Connection, sale: SaleId) -> Result<Vec<(SaleId, u32, i64, i64)>, StoreError> {
    let sql = "SELECT by_sale, line, quantity_thousandths, amount_minor FROM claims WHERE sale = ?1
               ORDER BY at, origin, seq, hash, by_line, place";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([blob(&sale.0)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let by: Vec<u8> = row.get(0)?;
        found.push((SaleId(sql::uuid(&by)?), row.get(1)?, row.get(2)?, row.get(3)?));
    }
    Ok(found)
}

/// How many documents of an origin lie beyond a number of its log, the money of them, and the clock time of the first.
pub fn beyond(
    connection: &Connection,
    origin: OriginId,
    seq: i64,
) -> Result<(i64, i64, Option<i64>), StoreError> {
    let sql = "SELECT count(*), coalesce(sum(total_minor), 0), min(wall) FROM documents_by_event
               WHERE origin = ?1 AND seq > ?2";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement
        .query_row(params![blob(&origin.0), seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
}

/// What was counted in the drawer of a till when its last shift closed; none where none closed, or nobody counted.
pub fn last_float(connection: &Connection, origin: OriginId) -> Result<Option<i64>, StoreError> {
    let sql =
        "SELECT (SELECT json_extract(t.value, '$.counted_minor') FROM json_each(s.closed, '$.tenders') t
                       WHERE json_extract(t.value, '$.tender_type') = 'cash')
               FROM shifts s WHERE s.origin = ?1 AND s.closed IS NOT NULL ORDER BY s.at DESC LIMIT 1";
    let found: Option<Option<i64>> = connection
        .prepare_cached(sql)?
        .query_row([blob(&origin.0)], |row| row.get(0))
        .optional()?;
    Ok(found.flatten())
}

/// A product as the grid shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShelfProduct {
    /// The product.
    pub product: ProductId,
    /// Its SKU.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// Its department.
    pub department: Option<String>,
    /// Its shelf price, in ten-thousandths of a minor unit.
    pub price: Option<i64>,
    /// Its unit.
    pub unit: Option<String>,
    /// On hand here in thousandths, as far as that is known.
    pub on_hand: Option<i64>,
}

/// Departments with the number of their products on sale, by name.
pub fn departments(connection: &Connection) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = "SELECT department, count(*) FROM products WHERE archived = 0 AND department IS NOT NULL GROUP BY department
               ORDER BY department";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Products of a department, or of all, by name.
pub fn shelf(
    connection: &Connection,
    store: StoreId,
    department: Option<&str>,
    offset: u32,
    limit: u32,
) -> Result<Vec<ShelfProduct>, StoreError> {
    let sql = "SELECT product, sku, name, department, price, unit, tracked FROM products
               WHERE archived = 0 AND (?1 IS NULL OR department = ?1) ORDER BY name, product LIMIT ?3 OFFSET ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![department, offset, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let product = ProductId(sql::uuid(&row.get::<_, Vec<u8>>(0)?)?);
        let tracked: bool = row.get(6)?;
        let on_hand = if tracked { on_hand(connection, store, product)? } else { None };
        found.push(ShelfProduct {
            product,
            sku: row.get(1)?,
            name: row.get(2)?,
            department: row.get(3)?,
            price: row.get(4)?,
            unit: row.get(5)?,
            on_hand,
        });
    }
    Ok(found)
}

/// What a product is sold by, such as `kg`; none where nobody said.
pub fn unit_of(connection: &Connection, product: ProductId) -> Result<Option<String>, StoreError> {
    let sql = "SELECT unit FROM products WHERE product = ?1";
    let found: Option<Option<String>> = connection
        .prepare_cached(sql)?
        .query_row([blob(&product.0)], |row| row.get(0))
        .optional()?;
    Ok(found.flatten())
}

/// How much of a product is in a store, as far as that is known here.
pub fn on_hand(
    connection: &Connection,
    store: StoreId,
    product: ProductId,
) -> Result<Option<i64>, StoreError> {
    Ok(level(connection, store, product)?.and_then(|level| level.on_hand()))
}

fn read(row: &Row<'_>) -> Result<HistoryDocument, StoreError> {
    let (hash, sale, origin): (Vec<u8>, Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(2)?, row.get(3)?);
    let origin = sql::origin(&origin)?;
    let till: Option<String> = row.get(8)?;
    let actor: Option<Vec<u8>> = row.get(9)?;
    let tenders: Option<String> = row.get(11)?;
    Ok(HistoryDocument {
        place: HistoryPlace { at: row.get(0)?, hash: sql::hash(&hash)? },
        sale: SaleId(sql::uuid(&sale)?),
        origin,
        seq: row.get(4)?,
        number: row.get(5)?,
        local_time: row.get(6)?,
        day: row.get(7)?,
        till: till.unwrap_or_else(|| origin.to_string()[..8].to_owned()),
        actor: actor.map(|bytes| sql::uuid(&bytes).map(StaffId)).transpose()?,
        lines: row.get(10)?,
        tenders: tenders
            .unwrap_or_default()
            .split(',')
            .filter(|t| !t.is_empty())
            .map(str::to_owned)
            .collect(),
        total_minor: row.get(12)?,
        sold_and_returned: (row.get(13)?, row.get(14)?),
        to_verify: row.get(15)?,
    })
}

fn escaped(word: &str) -> String {
    word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
