//! Comparing read models: a digest over what the business sees, and a row-by-row comparison after a rebuild.
//!
//! The digest leaves out positions, arrival times, order keys and UUIDs, so that two replays of the same receipts, with and without
//! faults on the road, give the same one.

use daybook_core::chain::Hash;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};

use crate::file::StoreError;

const TILL: &str = "(SELECT min(o.name) FROM origins o WHERE o.origin = t.origin)";
const RECEIPT: &str = "(SELECT min(d.series || '-' || d.number) FROM documents d WHERE d.sale = t.sale)";
const SKU: &str = "(SELECT p.sku FROM products p WHERE p.product = t.product)";

/// Each read model with its business columns. Whether a document needed an approver is not among them: that depends on which earlier
/// receipts the till had heard of, and so on the road.
fn business_columns() -> Vec<(&'static str, String)> {
    vec![
        (
            "documents",
            format!(
                "{TILL}, begun_as, series, number, day, currency, exponent, lines, gross_sales_minor, gross_returns_minor,
                 reductions_minor, net_minor, tax_minor, total_minor, rounding_minor, local_time, parts, customer IS NOT NULL,
                 actor IS NOT NULL, from_parked IS NOT NULL, voids IS NOT NULL"
            ),
        ),
        (
            "document_lines",
            format!(
                "{RECEIPT}, line, direction, kind, sku, name, department, quantity_thousandths, extended_minor, extended_from,
                 reductions_minor, net_minor, tax_minor, prices, reductions"
            ),
        ),
        (
            "tenders",
            "(SELECT d.series || '-' || d.number FROM documents d WHERE d.hash = t.hash), tender, tender_type, class, amount_minor,
             given_minor, change_minor, to_verify"
                .to_owned(),
        ),
        (
            "claims",
            format!(
                "(SELECT min(d.series || '-' || d.number) FROM documents d WHERE d.sale = t.by_sale), by_line, place, {RECEIPT}, line,
                 quantity_thousandths, amount_minor, taxes"
            ),
        ),
        ("stock_moves", format!("{TILL}, {SKU}, line, kind, quantity_thousandths, tracked")),
        ("stock_levels", format!("{SKU}, base_thousandths, counted, moved_thousandths")),
        (
            "days",
            format!(
                "{TILL}, day, documents, lines, gross_sales_minor, gross_returns_minor, reductions_minor, net_minor, tax_minor,
                 total_minor, rounding_minor, refunds_minor, adjustments, adjusted_lines"
            ),
        ),
        ("accounts", format!("{TILL}, day, account, currency, amount_minor")),
        ("remainders", format!("{RECEIPT}, line, account, currency, amount_minor")),
        (
            "shifts",
            format!(
                "{TILL}, day, currency, float_minor, json_extract(closed, '$.number'), json_extract(closed, '$.documents'),
                 json_extract(closed, '$.net_minor'), json_extract(closed, '$.tenders'), json_extract(closed, '$.counters'),
                 json_extract(closed, '$.over_short_minor')"
            ),
        ),
        ("products", "sku, name, department, kind, tax_class, tracked, discountable, unit, price, cost, archived".to_owned()),
        ("product_codes", format!("code, {SKU}")),
        ("prices", format!("{SKU}, list, price")),
        ("staff", "number, role, active".to_owned()),
        ("origins", "role, name, reason".to_owned()),
        ("answers", "choice".to_owned()),
        ("quarantine", "unknown, reason".to_owned()),
        ("conflicts", "kind, state, answer, json_extract(conflict, '$.title'), json_extract(conflict, '$.money_minor')".to_owned()),
    ]
}

/// SHA-256 over the business columns of all read models, sorted.
pub fn read_models_digest(connection: &Connection) -> Result<Hash, StoreError> {
    let mut hasher = Sha256::new();
    for (table, columns) in business_columns() {
        let count = columns_of(connection, &format!("SELECT {columns} FROM {table} t LIMIT 0"))?;
        let order: Vec<String> = (1..=count).map(|n| n.to_string()).collect();
        let rows = match table {
            "conflicts" => "WHERE state <> 'gone'",
            // That head office was put back is no business of the shops: each epoch is one more of its own origins.
            "origins" => "WHERE role <> 'head_office' OR reason <> 'epoch'",
            _ => "",
        };
        hasher.update(table.as_bytes());
        hasher.update([0xff]);
        let sql = format!("SELECT {columns} FROM {table} t {rows} ORDER BY {}", order.join(", "));
        hash_rows(connection, &sql, &mut hasher)?;
    }
    Ok(Hash(hasher.finalize().into()))
}

/// SHA-256 over every row of a file's tables, whatever they hold: equal before and after something that is to change nothing.
pub fn contents_digest(connection: &Connection) -> Result<Hash, StoreError> {
    let mut hasher = Sha256::new();
    for table in tables(connection)? {
        let count = columns_of(connection, &format!("SELECT * FROM {table} LIMIT 0"))?;
        let order: Vec<String> = (1..=count).map(|n| n.to_string()).collect();
        hasher.update(table.as_bytes());
        hasher.update([0xff]);
        hash_rows(connection, &format!("SELECT * FROM {table} ORDER BY {}", order.join(", ")), &mut hasher)?;
    }
    Ok(Hash(hasher.finalize().into()))
}

/// A table whose rows differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDifference {
    /// The table.
    pub table: String,
    /// Rows in the first file.
    pub rows_before: i64,
    /// Rows in the second.
    pub rows_after: i64,
}

/// The tables in which two files of read models differ. Everything counts but the revisions of conflicts, which tell of arrival.
pub fn differences(before: &Connection, after: &Connection) -> Result<Vec<TableDifference>, StoreError> {
    let mut found = Vec::new();
    for table in tables(before)?
        .into_iter()
        .filter(|table| !is_numbered(table))
        .chain(NUMBERED.map(str::to_owned))
    {
        let (columns, rows) = match table.as_str() {
            "conflicts" => {
                ("id, kind, store, subject, state, answer, evidence, conflict", "WHERE state <> 'gone'")
            }
            // Numbers tell of arrival.
            "product_texts" => ("product, text", ""),
            _ => ("*", ""),
        };
        let digest = |connection: &Connection| -> Result<(Hash, i64), StoreError> {
            let count = columns_of(connection, &format!("SELECT {columns} FROM {table} LIMIT 0"))?;
            let order: Vec<String> = (1..=count).map(|n| n.to_string()).collect();
            let mut hasher = Sha256::new();
            let sql = format!("SELECT {columns} FROM {table} {rows} ORDER BY {}", order.join(", "));
            let rows = hash_rows(connection, &sql, &mut hasher)?;
            Ok((Hash(hasher.finalize().into()), rows))
        };
        let ((one, rows_before), (other, rows_after)) = (digest(before)?, digest(after)?);
        if one != other {
            found.push(TableDifference { table, rows_before, rows_after });
        }
    }
    Ok(found)
}

/// What is asked by name and kept by the number of an event. Numbers tell of arrival.
const NUMBERED: [&str; 3] = ["documents", "document_lines", "tenders"];

fn is_numbered(table: &str) -> bool {
    table == "sale_events" || table.ends_with("_by_event")
}

/// The tables of read models, the search indexes and the checkpoint excluded.
fn tables(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT IN ('progress', 'migrations')
               AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'product_trigrams%' AND name NOT LIKE 'product_prefixes%' ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn columns_of(connection: &Connection, sql: &str) -> Result<usize, StoreError> {
    Ok(connection.prepare(sql)?.column_count())
}

fn hash_rows(connection: &Connection, sql: &str, hasher: &mut Sha256) -> Result<i64, StoreError> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        for column in 0..columns {
            match row.get_ref(column)? {
                ValueRef::Null => hasher.update([0]),
                ValueRef::Integer(value) => {
                    hasher.update([1]);
                    hasher.update(value.to_be_bytes());
                }
                ValueRef::Real(value) => {
                    hasher.update([2]);
                    hasher.update(value.to_be_bytes());
                }
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                    hasher.update([3]);
                    hasher.update(bytes.len().to_be_bytes());
                    hasher.update(bytes);
                }
            }
        }
    }
    Ok(count)
}
