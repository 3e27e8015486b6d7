//! Questions that a till asks of its read models while selling: what is this code, what does it cost, who is this, what was sold.

use daybook_core::amount::{Minor, Quantity, UnitPrice};
use daybook_core::catalogue::Item;
use daybook_core::chain::Hash;
use daybook_core::event::Event;
use daybook_core::event::description::{SettingsFields, TaxChanged, TaxComponent, from_fields};
use daybook_core::event::sale::{Line, TaxRate, Terms};
use daybook_core::ids::{ProductId, SaleId, StaffId, StoreId};
use daybook_core::merge::stock::{Baseline, Level};
use daybook_core::project::Input;
use daybook_core::project::rows::OrderKey;
use daybook_core::sale::returns::{Original, Returned};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::{BTreeMap, HashSet};

use crate::events;
use crate::file::StoreError;
use crate::sql::{self, blob};
use crate::views::fold::{is_kept, register_of};

/// A product as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductRow {
    /// The product.
    pub product: ProductId,
    /// Its SKU.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// Its department.
    pub department: Option<String>,
    /// Its shelf price.
    pub price: Option<UnitPrice>,
}

/// The product behind a code with everything a line needs; none where the catalogue does not know it. Of two products with one code
/// the one whose SKU it is comes first, else the one assigned first. `time` is the present moment in microseconds.
pub fn item(
    connection: &Connection,
    store: StoreId,
    code: &str,
    time: i64,
) -> Result<Option<Item>, StoreError> {
    let sql = "SELECT p.product, p.sku, p.name, p.department, p.kind, p.tax_class, p.tracked, p.discountable, p.price, p.price_set_by,
                      p.cost
               FROM product_codes c JOIN products p ON p.product = c.product
               WHERE c.code = ?1 AND p.archived = 0 ORDER BY p.sku <> ?1, p.product LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([code])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let product: Vec<u8> = row.get(0)?;
    let product = ProductId(sql::uuid(&product)?);
    let (kind, tax_class, tracked): (String, String, bool) = (row.get(4)?, row.get(5)?, row.get(6)?);
    let set_by: Option<Vec<u8>> = row.get(9)?;
    let shelf = row.get::<_, Option<i64>>(8)?.map(UnitPrice::from_ten_thousandths);
    let listed = price_in_force(connection, store, product, time)?;
    let (unit_price, price_event) = match listed {
        Some((price, event)) => (Some(price), Some(event)),
        None => (shelf, set_by.map(|bytes| sql::hash(&bytes)).transpose()?),
    };
    let on_hand = if tracked {
        level(connection, store, product)?.and_then(|level| level.on_hand())
    } else {
        None
    };
    let taxes = taxes(connection, &tax_class)?;
    let unknown_tax_class = (taxes.is_none() && !tax_class.is_empty()).then_some(tax_class);
    let kind =
        serde_json::from_value(kind.into()).map_err(|error| StoreError::BrokenRow(error.to_string()))?;
    Ok(Some(Item {
        product: Some(product),
        sku: row.get(1)?,
        name: row.get(2)?,
        department: row.get(3)?,
        kind,
        unit_price,
        price_event,
        taxes: taxes.unwrap_or_default(),
        unknown_tax_class,
        tracked,
        on_hand: on_hand.map(Quantity::from_thousandths),
        unit_cost: row.get::<_, Option<i64>>(10)?.map(UnitPrice::from_ten_thousandths),
        discountable: row.get(7)?,
    }))
}

/// The product behind a code; none where the catalogue does not know it.
pub fn product_of_code(connection: &Connection, code: &str) -> Result<Option<ProductId>, StoreError> {
    Ok(product_named(connection, code)?.map(|(product, _)| product))
}

/// The taxes of a class; none where nobody has described it.
pub fn taxes(connection: &Connection, class: &str) -> Result<Option<Vec<TaxRate>>, StoreError> {
    let Some(TaxChanged { components, .. }) = crate::views::fold::tax_class(connection, class)? else {
        return Ok(None);
    };
    let rate = |c: TaxComponent| TaxRate { tax: c.tax, jurisdiction: c.jurisdiction, rate: c.rate };
    Ok(Some(components.into_iter().map(rate).collect()))
}

/// The product whose SKU or other code this is, with its SKU. Whose SKU it is comes before whose barcode it is.
pub fn product_named(connection: &Connection, code: &str) -> Result<Option<(ProductId, String)>, StoreError> {
    let sql = "SELECT p.product, p.sku FROM product_codes c JOIN products p ON p.product = c.product
               WHERE c.code = ?1 ORDER BY p.sku <> ?1, p.product LIMIT 1";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?));
    let found = connection.prepare_cached(sql)?.query_row([code], read).optional()?;
    found.map(|(bytes, sku)| Ok((ProductId(sql::uuid(&bytes)?), sku))).transpose()
}

/// Products whose name, SKU or code holds every word of a text, best first: trigrams from three letters on, word prefixes below that.
pub fn search(connection: &Connection, text: &str, limit: usize) -> Result<Vec<ProductRow>, StoreError> {
    let quoted = |word: &&str| format!("\"{}\"", word.replace('"', "\"\""));
    let (long, short): (Vec<&str>, Vec<&str>) =
        text.split_whitespace().partition(|word| word.chars().count() >= 3);
    let long: Vec<String> = long.iter().map(quoted).collect();
    let short: Vec<String> = short.iter().map(|word| format!("{}*", quoted(word))).collect();
    let found = match (long.is_empty(), short.is_empty()) {
        (true, true) => return Ok(Vec::new()),
        (false, true) => best(connection, "product_trigrams", &long, limit, |_| true)?,
        (true, false) => best(connection, "product_prefixes", &short, limit, |_| true)?,
        (false, false) => {
            let allowed = with_prefixes(connection, &short)?;
            best(connection, "product_trigrams", &long, limit, |number| allowed.contains(&number))?
        }
    };
    let mut products = Vec::new();
    for number in found {
        let sql = "SELECT p.product, p.sku, p.name, p.department, p.price FROM product_texts t
                   JOIN products p ON p.product = t.product WHERE t.number = ?1 AND p.archived = 0";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([number])?;
        let Some(row) = rows.next()? else { continue };
        let product: Vec<u8> = row.get(0)?;
        products.push(ProductRow {
            product: ProductId(sql::uuid(&product)?),
            sku: row.get(1)?,
            name: row.get(2)?,
            department: row.get(3)?,
            price: row.get::<_, Option<i64>>(4)?.map(UnitPrice::from_ten_thousandths),
        });
    }
    Ok(products)
}

/// The numbers of the texts that an index finds by all of some terms and that are wanted, best first, at most so many.
fn best(
    connection: &Connection,
    index: &str,
    terms: &[String],
    limit: usize,
    wanted: impl Fn(i64) -> bool,
) -> Result<Vec<i64>, StoreError> {
    let sql = format!("SELECT rowid FROM {index} WHERE {index} MATCH ?1 ORDER BY rank");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([terms.join(" ")])?;
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(row) = rows.next()?
    {
        let number = row.get(0)?;
        if wanted(number) {
            found.push(number);
        }
    }
    Ok(found)
}

/// The numbers of all texts with words that begin so. One or two letters begin words of half a catalogue, so these are put in no order.
fn with_prefixes(connection: &Connection, terms: &[String]) -> Result<HashSet<i64>, StoreError> {
    let sql = "SELECT rowid FROM product_prefixes WHERE product_prefixes MATCH ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([terms.join(" ")], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether no product is known yet, on sale or not.
pub fn no_product_is_known(connection: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM products)";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// Number of products on sale.
pub fn catalogue_size(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("SELECT count(*) FROM products WHERE archived = 0", [], |row| row.get(0))?)
}

/// Stock of a product in a store; none where nothing but sales ever touched it.
pub fn level(
    connection: &Connection,
    store: StoreId,
    product: ProductId,
) -> Result<Option<Level>, StoreError> {
    let sql = "SELECT base_at, base_origin, base_seq, base_thousandths, counted, moved_thousandths FROM stock_levels
               WHERE store = ?1 AND product = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((blob(&store.0), blob(&product.0)))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let base: (Option<i64>, Option<Vec<u8>>, Option<i64>, Option<i64>) =
        (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    let baseline = match base {
        (Some(at), Some(origin), Some(seq), Some(quantity)) => Some(Baseline {
            order: OrderKey { at, origin: sql::origin(&origin)?, seq },
            quantity,
            counted: row.get(4)?,
        }),
        _ => None,
    };
    Ok(Some(Level { baseline, moved: row.get(5)? }))
}

/// The settings of the organisation overlaid with those of a store.
pub fn settings(connection: &Connection, store: Option<StoreId>) -> Result<SettingsFields, StoreError> {
    let mut fields: BTreeMap<String, serde_json::Value> = BTreeMap::new();
    let subjects = std::iter::once("settings/organisation".to_owned())
        .chain(store.map(|store| format!("settings/{store}")));
    for subject in subjects {
        let mut statement = connection.prepare_cached("SELECT fields FROM subjects WHERE subject = ?1")?;
        let text: Option<String> = statement.query_row([subject], |row| row.get(0)).optional()?;
        if let Some(text) = text {
            fields.extend(sql::json::<BTreeMap<String, serde_json::Value>>(&text)?);
        }
    }
    from_fields(&fields).ok_or_else(|| StoreError::Unreadable("the store's settings".to_owned()))
}

/// The heads of a description, which its next edit names as its base.
pub fn heads(connection: &Connection, subject: &str) -> Result<Vec<Hash>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT heads FROM subjects WHERE subject = ?1")?;
    let text: Option<String> = statement.query_row([subject], |row| row.get(0)).optional()?;
    match text {
        None if is_kept(subject) => Ok(Vec::new()),
        None => Ok(register_of(connection, subject)?.heads),
        Some(text) => sql::json(&text),
    }
}

/// People who may act in a store: id, number, role.
pub fn staff(
    connection: &Connection,
    store: Option<StoreId>,
) -> Result<Vec<(StaffId, String, String)>, StoreError> {
    let sql = "SELECT staff, number, role FROM staff WHERE active = 1 AND (store IS NULL OR ?1 IS NULL OR store = ?1) ORDER BY number";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![store.as_ref().map(|id| blob(&id.0))])?;
    let mut people = Vec::new();
    while let Some(row) = rows.next()? {
        let id: Vec<u8> = row.get(0)?;
        people.push((StaffId(sql::uuid(&id)?), row.get(1)?, row.get(2)?));
    }
    Ok(people)
}

/// A line of a completed document with what is known here as returned of it.
pub fn original(
    connection: &Connection,
    log: &Connection,
    sale: SaleId,
    line: u32,
) -> Result<Option<Original>, StoreError> {
    let Some((terms, sold)) = recorded_line(connection, log, sale, line)? else { return Ok(None) };
    let sql =
        "SELECT c.quantity_thousandths, c.amount_minor, c.taxes, l.extended_minor, l.quantity_thousandths
               FROM claims c JOIN document_lines l ON l.hash = c.hash AND l.line = c.by_line
               WHERE c.sale = ?1 AND c.line = ?2 ORDER BY c.at, c.origin, c.seq, c.hash, c.by_line, c.place";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((blob(&sale.0), line))?;
    let mut returned = Vec::new();
    while let Some(row) = rows.next()? {
        let (quantity, net): (i64, i64) = (row.get(0)?, row.get(1)?);
        let taxes: Option<String> = row.get(2)?;
        let (extended, whole): (i64, i64) = (row.get(3)?, row.get(4)?);
        let alone = whole == -quantity;
        returned.push(Returned {
            quantity: Quantity::from_thousandths(quantity),
            net_minor: daybook_core::amount::Minor::new(net),
            extended_minor: daybook_core::amount::Minor::new(if alone { -extended } else { net }),
            tax_minor: taxes.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
        });
    }
    Ok(Some(Original { sale, prices: terms.prices, currency: terms.currency, line: sold, returned }))
}

/// How the completed document of a sale was paid: tender types and amounts; none where it is not known here. Of twins the first.
pub fn paid_with(connection: &Connection, sale: SaleId) -> Result<Option<Vec<(String, Minor)>>, StoreError> {
    let sql = "SELECT hash FROM documents WHERE sale = ?1 ORDER BY at, origin, seq, hash LIMIT 1";
    let document: Option<Vec<u8>> = connection
        .prepare_cached(sql)?
        .query_row([blob(&sale.0)], |row| row.get(0))
        .optional()?;
    let Some(document) = document else { return Ok(None) };
    let sql = "SELECT tender_type, amount_minor FROM tenders WHERE hash = ?1 ORDER BY tender";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map([document], |row| Ok((row.get(0)?, Minor::new(row.get(1)?))))?;
    Ok(Some(found.collect::<Result<_, _>>()?))
}

/// A line of a completed document as it was recorded, with the terms of its document. Of twins the canonically first.
pub fn recorded_line(
    connection: &Connection,
    log: &Connection,
    sale: SaleId,
    line: u32,
) -> Result<Option<(Terms, Line)>, StoreError> {
    let sql = "SELECT origin, seq, hash, parts FROM documents WHERE sale = ?1 ORDER BY at, origin, seq, hash LIMIT 1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?, row.get(3)?))
    };
    let found: Option<(Vec<u8>, i64, Vec<u8>, i64)> =
        connection.prepare_cached(sql)?.query_row([blob(&sale.0)], read).optional()?;
    let Some((origin, seq, hash, parts)) = found else { return Ok(None) };
    let (origin, hash) = (sql::origin(&origin)?, sql::hash(&hash)?);
    let mut found_terms = None;
    let mut found_line = None;
    for event in events::of_chain(log, origin, seq - parts, seq).map_err(StoreError::of_log)? {
        match Input::read(event.origin, event.tip, &event.text).content {
            Ok((_, Event::SaleCompleted(completed))) if event.tip.hash == hash => {
                found_line =
                    found_line.or_else(|| completed.lines.iter().find(|l| l.entered.line == line).cloned());
                found_terms = Some(completed.terms);
            }
            Ok((_, Event::SaleLinesRecorded(part))) if part.sale == sale => {
                found_line = found_line.or_else(|| part.lines.into_iter().find(|l| l.entered.line == line));
            }
            _ => {}
        }
    }
    Ok(found_terms.zip(found_line))
}

/// A product's price on the shelf price list in force at a time: the store's own before everybody's, the latest first.
fn price_in_force(
    connection: &Connection,
    store: StoreId,
    product: ProductId,
    time: i64,
) -> Result<Option<(UnitPrice, Hash)>, StoreError> {
    let sql = "SELECT price, set_by FROM prices WHERE product = ?1 AND list = 'shelf' AND (store IS NULL OR store = ?2) AND valid_from <= ?3
               ORDER BY store IS NULL, valid_from DESC LIMIT 1";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?));
    let found = connection
        .prepare_cached(sql)?
        .query_row((blob(&product.0), blob(&store.0), time), read)
        .optional()?;
    found
        .map(|(price, hash)| Ok((UnitPrice::from_ten_thousandths(price), sql::hash(&hash)?)))
        .transpose()
}

/// The fields of a description as they show.
pub fn fields(
    connection: &Connection,
    subject: &str,
) -> Result<BTreeMap<String, serde_json::Value>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT fields FROM subjects WHERE subject = ?1")?;
    let text: Option<String> = statement.query_row([subject], |row| row.get(0)).optional()?;
    match text {
        None if is_kept(subject) => Ok(BTreeMap::new()),
        None => Ok(register_of(connection, subject)?.values()),
        Some(text) => sql::json(&text),
    }
}
