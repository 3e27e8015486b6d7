//! Folding dirty keys again from everything that touches them.

use daybook_core::amount::{Currency, Minor, Quantity};
use daybook_core::chain::Hash;
use daybook_core::event::description::{PriceChanged, ProductFields, StaffFields, TaxChanged, from_fields};
use daybook_core::event::sale::{LineKind, Terms};
use daybook_core::ids::{ProductId, SaleId, StoreId};
use daybook_core::journal::post_remainder;
use daybook_core::merge::register::{self, Register, Standing};
use daybook_core::merge::stock::{self, Level};
use daybook_core::project::Key;
use daybook_core::project::rows::{Edit, OrderKey, StockMove, StockMoveKind, word};
use daybook_core::sale::returns::{Returned, remainder};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::file::StoreError;
use crate::sql::{self, blob};
use crate::till::snapshot;
use crate::views::Side;
use crate::views::questions::recorded_line;

pub(super) fn fold(
    connection: &Connection,
    log: &Connection,
    side: Side,
    key: &Key,
) -> Result<(), StoreError> {
    match key {
        Key::Stock(store, product) => stock_level(connection, *store, *product),
        Key::Returned(sale, line) => returned(connection, log, *sale, *line),
        Key::Sale(sale) => {
            let sql = "SELECT DISTINCT line FROM claims WHERE sale = ?1";
            let lines: Vec<u32> = {
                let mut statement = connection.prepare_cached(sql)?;
                statement.query_map([blob(&sale.0)], |row| row.get(0))?.collect::<Result<_, _>>()?
            };
            lines.into_iter().try_for_each(|line| returned(connection, log, *sale, line))
        }
        Key::Subject(subject) => {
            let told = match side {
                Side::Till => snapshot::told(log, subject).map_err(StoreError::of_log)?,
                Side::Office => None,
            };
            description(connection, subject, told)
        }
        Key::Taken(..) | Key::Conflict(_) | Key::Shift(_) => Ok(()),
    }
}

/// All movements of a product in a store.
pub(super) fn moves(
    connection: &Connection,
    store: StoreId,
    product: ProductId,
) -> Result<Vec<StockMove>, StoreError> {
    let sql = "SELECT at, origin, seq, hash, line, kind, quantity_thousandths, tracked, shown_thousandths
               FROM stock_moves WHERE store = ?1 AND product = ?2 ORDER BY at, origin, seq, hash, line";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((blob(&store.0), blob(&product.0)))?;
    let mut moves = Vec::new();
    while let Some(row) = rows.next()? {
        let (origin, hash, kind): (Vec<u8>, Vec<u8>, String) = (row.get(1)?, row.get(3)?, row.get(5)?);
        moves.push(StockMove {
            hash: sql::hash(&hash)?,
            order: OrderKey { at: row.get(0)?, origin: sql::origin(&origin)?, seq: row.get(2)? },
            line: row.get(4)?,
            store,
            product,
            kind: StockMoveKind::from_word(&kind)
                .ok_or_else(|| StoreError::BrokenRow(format!("stock movement '{kind}'")))?,
            quantity: row.get(6)?,
            tracked: row.get(7)?,
            shown: row.get(8)?,
        });
    }
    Ok(moves)
}

fn stock_level(connection: &Connection, store: StoreId, product: ProductId) -> Result<(), StoreError> {
    let Level { baseline, moved } = stock::fold(&moves(connection, store, product)?);
    let sql = "INSERT OR REPLACE INTO stock_levels VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    connection.prepare_cached(sql)?.execute(params![
        blob(&store.0),
        blob(&product.0),
        baseline.map(|base| base.order.at),
        baseline.as_ref().map(|base| blob(&base.order.origin.0)),
        baseline.map(|base| base.order.seq),
        baseline.map(|base| base.quantity),
        baseline.is_some_and(|base| base.counted),
        moved,
    ])?;
    Ok(())
}

/// What parts of a line, returned unaware of each other, left over once all of it is back.
fn returned(connection: &Connection, log: &Connection, sale: SaleId, line: u32) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM remainders WHERE sale = ?1 AND line = ?2")?
        .execute((blob(&sale.0), line))?;
    let sold = "SELECT quantity_thousandths, net_minor, tax_minor, direction FROM document_lines WHERE sale = ?1 AND line = ?2
                ORDER BY hash LIMIT 1";
    let read =
        |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?));
    let found = connection.prepare_cached(sold)?.query_row((blob(&sale.0), line), read).optional()?;
    let Some((quantity, net, tax, direction)): Option<(i64, i64, i64, _)> = found else {
        return Ok(());
    };
    let mut parts: Vec<(Returned, bool)> = Vec::new();
    {
        let sql =
            "SELECT quantity_thousandths, amount_minor, taxes FROM claims WHERE sale = ?1 AND line = ?2";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query((blob(&sale.0), line))?;
        while let Some(row) = rows.next()? {
            let taxes: Option<String> = row.get(2)?;
            let known = taxes.is_some();
            let tax_minor: Vec<Minor> =
                taxes.map(|text| serde_json::from_str(&text).unwrap_or_default()).unwrap_or_default();
            let (quantity, net_minor) = (Quantity::from_thousandths(row.get(0)?), Minor::new(row.get(1)?));
            parts.push((Returned { quantity, net_minor, extended_minor: Minor::ZERO, tax_minor }, known));
        }
    }
    let back: i64 = parts.iter().map(|(part, _)| part.quantity.thousandths()).sum();
    let paid: i64 = parts.iter().map(|(part, _)| part.net_minor.get()).sum();
    let tax_back: i64 = parts.iter().flat_map(|(part, _)| &part.tax_minor).map(|part| part.get()).sum();
    let unknown_tax = tax != 0 && parts.iter().any(|(_, known)| !known);
    // Sums alone say enough only of a line that came back at once: of two taxes, one may be short by what the other has too much.
    let at_once = parts.len() == 1 && paid == net && tax_back == tax;
    if direction == "return" || back != quantity || unknown_tax || at_once {
        return Ok(());
    }
    let Some((terms, original)) = recorded_line(connection, log, sale, line)? else { return Ok(()) };
    let parts: Vec<Returned> = parts.into_iter().map(|(part, _)| part).collect();
    let rest = remainder(&original, &parts);
    put_remainder(connection, sale, line, &terms, &original, &rest)
}

fn put_remainder(
    connection: &Connection,
    sale: SaleId,
    line: u32,
    terms: &Terms,
    original: &daybook_core::event::sale::Line,
    rest: &daybook_core::sale::returns::Remainder,
) -> Result<(), StoreError> {
    for posting in post_remainder(terms, original, rest) {
        let sql = "INSERT OR REPLACE INTO remainders VALUES (?1, ?2, ?3, ?4, ?5)";
        let currency = posting.currency.code.code();
        connection.prepare_cached(sql)?.execute((
            blob(&sale.0),
            line,
            posting.account,
            currency,
            posting.amount_minor.get(),
        ))?;
    }
    Ok(())
}

/// The edits of a description that are here.
pub(super) fn edits(connection: &Connection, subject: &str) -> Result<Vec<Edit>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT hash, at, origin, seq, base, fields FROM edits WHERE subject = ?1")?;
    let mut rows = statement.query([subject])?;
    let mut edits = Vec::new();
    while let Some(row) = rows.next()? {
        let (hash, origin, base, fields): (Vec<u8>, Vec<u8>, String, String) =
            (row.get(0)?, row.get(2)?, row.get(4)?, row.get(5)?);
        edits.push(Edit {
            hash: sql::hash(&hash)?,
            order: OrderKey { at: row.get(1)?, origin: sql::origin(&origin)?, seq: row.get(3)? },
            subject: subject.to_owned(),
            base: sql::json(&base)?,
            fields: sql::json(&fields)?,
        });
    }
    Ok(edits)
}

/// Whether what a subject folds to is kept as it shows. Products and prices have tables of their own and are many; all others are few, and
/// are asked for with every line that is sold. What shows of a product as a snapshot told it is kept as well: no edits here say it.
pub(super) fn is_kept(subject: &str) -> bool {
    !(subject.starts_with("product/") || subject.starts_with("price/"))
}

/// What a subject folds to, as of all its edits.
pub(super) fn register_of(connection: &Connection, subject: &str) -> Result<Register, StoreError> {
    Ok(register::fold(&edits(connection, subject)?))
}

/// What shows of a description: what was told of it until all that this rests on is here, then what its edits come to.
fn description(connection: &Connection, subject: &str, told: Option<Standing>) -> Result<(), StoreError> {
    let edits = edits(connection, subject)?;
    let told = told.filter(|told| !register::holds(&edits, &told.heads));
    let is_told = told.is_some();
    let register = told.map_or_else(|| register::fold(&edits), |told| told.register());
    if register.heads.is_empty() {
        return forget(connection, subject);
    }
    if is_told || is_kept(subject) {
        let json = |error: serde_json::Error| StoreError::Unreadable(error.to_string());
        let heads = serde_json::to_string(&register.heads).map_err(json)?;
        let values = serde_json::to_string(&register.values()).map_err(json)?;
        let sql = "INSERT OR REPLACE INTO subjects VALUES (?1, ?2, ?3)";
        connection.prepare_cached(sql)?.execute((subject, heads, values))?;
    } else {
        connection
            .prepare_cached("DELETE FROM subjects WHERE subject = ?1")?
            .execute([subject])?;
    }
    let Some((kind, name)) = subject.split_once('/') else { return Ok(()) };
    match kind {
        "product" => match name.parse() {
            Ok(product) => put_product(connection, product, &register),
            Err(_) => Ok(()),
        },
        "price" => put_price(connection, subject, &register),
        "staff" => match name.parse::<daybook_core::ids::StaffId>() {
            Ok(staff) => put_staff(connection, staff, &register),
            Err(_) => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Takes a description away of which no edit is here: it was told, and is told no more.
fn forget(connection: &Connection, subject: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM subjects WHERE subject = ?1")?
        .execute([subject])?;
    match subject.split_once('/') {
        Some(("product", name)) => {
            let Ok(product) = name.parse::<ProductId>() else { return Ok(()) };
            if let Some((number, text)) = known_text(connection, product)? {
                take_text(connection, number, &text)?;
            }
            for table in ["product_texts", "product_codes", "products"] {
                let sql = format!("DELETE FROM {table} WHERE product = ?1");
                connection.prepare_cached(&sql)?.execute([blob(&product.0)])?;
            }
            Ok(())
        }
        Some(("price", _)) => {
            connection.prepare_cached("DELETE FROM prices WHERE subject = ?1")?.execute([subject])?;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn put_product(connection: &Connection, product: ProductId, register: &Register) -> Result<(), StoreError> {
    let Some(fields) = from_fields::<ProductFields>(&register.values()) else { return Ok(()) };
    let (sku, name) = (fields.sku.unwrap_or_default(), fields.name.unwrap_or_default());
    let price_set_by: Option<Hash> = register.fields.get("price").map(|field| field.set_by);
    let sql =
        "INSERT OR REPLACE INTO products VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    connection.prepare_cached(sql)?.execute(params![
        blob(&product.0),
        sku,
        name,
        fields.department,
        word(&fields.kind.unwrap_or(LineKind::Goods)),
        fields.tax_class.unwrap_or_default(),
        fields.tracked.unwrap_or(false),
        fields.discountable.unwrap_or(true),
        fields.unit,
        fields.price.map(|price| price.ten_thousandths()),
        price_set_by.as_ref().map(|hash| hash.0.as_slice()),
        fields.cost.map(|cost| cost.ten_thousandths()),
        fields.archived.unwrap_or(false),
    ])?;
    let codes = fields.codes.unwrap_or_default();
    connection
        .prepare_cached("DELETE FROM product_codes WHERE product = ?1")?
        .execute([blob(&product.0)])?;
    for code in codes.iter().chain([&sku]) {
        let sql = "INSERT OR IGNORE INTO product_codes VALUES (?1, ?2)";
        connection.prepare_cached(sql)?.execute((code, blob(&product.0)))?;
    }
    let text = [&name, &sku]
        .into_iter()
        .chain(&codes)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" ");
    put_text(connection, product, &text)
}

/// What products are found by.
const INDEXES: [&str; 2] = ["product_trigrams", "product_prefixes"];

/// The number and the text by which a product is found; none where it is not.
fn known_text(connection: &Connection, product: ProductId) -> Result<Option<(i64, String)>, StoreError> {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let mut statement =
        connection.prepare_cached("SELECT number, text FROM product_texts WHERE product = ?1")?;
    Ok(statement.query_row([blob(&product.0)], read).optional()?)
}

/// Takes a text out of what products are found by.
fn take_text(connection: &Connection, number: i64, text: &str) -> Result<(), StoreError> {
    for index in INDEXES {
        let sql = format!("INSERT INTO {index} ({index}, rowid, text) VALUES ('delete', ?1, ?2)");
        connection.prepare_cached(&sql)?.execute((number, text))?;
    }
    Ok(())
}

/// Makes a product found by a text, and no longer by the one before. Most changes are of prices and leave the text alone.
fn put_text(connection: &Connection, product: ProductId, text: &str) -> Result<(), StoreError> {
    let number = match known_text(connection, product)? {
        Some((_, old)) if old == text => return Ok(()),
        Some((number, old)) => {
            take_text(connection, number, &old)?;
            connection
                .prepare_cached("UPDATE product_texts SET text = ?2 WHERE number = ?1")?
                .execute((number, text))?;
            number
        }
        None => {
            connection
                .prepare_cached("INSERT INTO product_texts (product, text) VALUES (?1, ?2)")?
                .execute((blob(&product.0), text))?;
            connection.last_insert_rowid()
        }
    };
    for index in INDEXES {
        let sql = format!("INSERT INTO {index} (rowid, text) VALUES (?1, ?2)");
        connection.prepare_cached(&sql)?.execute((number, text))?;
    }
    Ok(())
}

fn put_price(connection: &Connection, subject: &str, register: &Register) -> Result<(), StoreError> {
    let Some(price) = from_fields::<PriceChanged>(&register.values()) else { return Ok(()) };
    let Some(field) = register.fields.get("price") else { return Ok(()) };
    let sql = "INSERT OR REPLACE INTO prices VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    connection.prepare_cached(sql)?.execute(params![
        subject,
        blob(&price.product.0),
        price.list,
        price.store.as_ref().map(|store| blob(&store.0)),
        price.price.ten_thousandths(),
        price.valid_from.unwrap_or(field.order.at),
        field.set_by.0.as_slice(),
    ])?;
    Ok(())
}

fn put_staff(
    connection: &Connection,
    staff: daybook_core::ids::StaffId,
    register: &Register,
) -> Result<(), StoreError> {
    let Some(fields) = from_fields::<StaffFields>(&register.values()) else { return Ok(()) };
    let sql = "INSERT OR REPLACE INTO staff VALUES (?1, ?2, ?3, ?4, ?5)";
    connection.prepare_cached(sql)?.execute(params![
        blob(&staff.0),
        fields.number.unwrap_or_default(),
        fields.role.unwrap_or_default(),
        fields.store.as_ref().map(|store| blob(&store.0)),
        fields.active.unwrap_or(true),
    ])?;
    Ok(())
}

/// What a tax class means; none where it was never described, or in words of another version.
pub fn tax_class(connection: &Connection, class: &str) -> Result<Option<TaxChanged>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT fields FROM subjects WHERE subject = ?1")?;
    let text: Option<String> = statement.query_row([format!("tax/{class}")], |row| row.get(0)).optional()?;
    let fields = text.map(|text| sql::json::<serde_json::Value>(&text)).transpose()?;
    Ok(fields.and_then(|fields| serde_json::from_value(fields).ok()))
}

/// A currency by its letters, with the decimals that a document wrote down.
pub(super) fn currency(code: &str, exponent: u8) -> Option<Currency> {
    Currency::from_code(code).map(|currency| Currency { exponent, ..currency })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Durability;
    use crate::views::questions::search;
    use crate::views::{Side, Views};
    use std::collections::BTreeSet;

    fn product(number: u128) -> ProductId {
        ProductId(uuid::Uuid::from_u128(number))
    }

    fn describe(connection: &Connection, number: u128, name: &str, price: i64) {
        let fields = serde_json::json!({ "sku": format!("s{number}"), "name": name, "price": price });
        let fields = fields.as_object().unwrap().clone();
        let origin = daybook_core::ids::OriginId(uuid::Uuid::from_u128(1));
        let edit = Edit {
            hash: daybook_core::chain::sha256(&number.to_be_bytes()),
            order: OrderKey { at: 1, origin, seq: 1 },
            subject: format!("product/{}", product(number)),
            base: Vec::new(),
            fields: fields.into_iter().collect(),
        };
        put_product(connection, product(number), &register::fold(&[edit])).unwrap();
    }

    fn found(connection: &Connection, text: &str) -> BTreeSet<ProductId> {
        search(connection, text, 10).unwrap().into_iter().map(|row| row.product).collect()
    }

    #[test]
    fn a_product_is_found_by_two_letters_beside_a_word_however_many_others_begin_so() {
        let home = tempfile::tempdir().unwrap();
        let views = Views::open(home.path(), "views.db", Side::Till, Durability::Off).unwrap();
        for number in 2..400 {
            describe(views.connection(), number, "te", 100);
        }
        describe(views.connection(), 1, "Roasted barley, as good as coffee and better than tea", 100);
        assert_eq!(found(views.connection(), "barley te"), [product(1)].into());
        assert_eq!(found(views.connection(), "barley te as"), [product(1)].into());
        assert_eq!(found(views.connection(), "barley co te"), [product(1)].into());
        assert_eq!(found(views.connection(), "barley xy"), [].into());
        assert_eq!(found(views.connection(), "te").len(), 10);
    }

    #[test]
    fn a_product_is_found_by_its_present_text_alone_and_its_old_one_is_not_searched_for() {
        let home = tempfile::tempdir().unwrap();
        let views = Views::open(home.path(), "views.db", Side::Till, Durability::Off).unwrap();
        let connection = views.connection();
        let describe = |number, name: &str, price| describe(connection, number, name, price);
        let found = |text: &str| found(connection, text);
        describe(1, "Green tea", 100);
        describe(2, "Black tea", 100);
        assert_eq!(found("tea"), [product(1), product(2)].into());
        assert_eq!(found("gr te"), [product(1)].into());
        describe(1, "Green coffee", 100);
        assert_eq!(found("tea"), [product(2)].into());
        assert_eq!(found("te"), [product(2)].into());
        assert_eq!(found("coffee"), [product(1)].into());
        let changes = || -> i64 {
            let sql = "SELECT total_changes()";
            connection.query_row(sql, [], |row| row.get(0)).unwrap()
        };
        let before = changes();
        describe(1, "Green coffee", 200);
        assert_eq!(changes() - before, 3, "a price is a product row and its code, out and in");
        for index in ["product_trigrams", "product_prefixes"] {
            let sql = format!("INSERT INTO {index} ({index}) VALUES ('integrity-check')");
            connection.execute_batch(&sql).unwrap();
        }
        let sql = "EXPLAIN QUERY PLAN SELECT number, text FROM product_texts WHERE product = x'00'";
        let plan: String = connection.query_row(sql, [], |row| row.get(3)).unwrap();
        assert!(plan.starts_with("SEARCH"), "{plan}");
    }
}
