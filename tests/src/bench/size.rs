//! Rows of size: what an event takes on the wire and what a shop's past takes on the disk, beside what others would make of the same.
//!
//! Sizes do not vary from run to run, so each is taken once.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use daybook_store::file::open_writer;
use daybook_store::views::{Side, Views};
use daybook_store::{Durability, Reader};

use super::chain::{Batch, batches};
use super::ground::Ground;
use super::measure::{Rounds, count};
use super::row::{Bound, Row, short};

/// The compression of a push, as the till sends it.
pub const WIRE_LEVEL: i32 = 1;
/// Pushes that are compressed by the other side too.
const GZIPPED_MAX: usize = 200;

/// A shop's tables without any history: numbered rows with what a receipt shows and a return needs, and an index for every question that is
/// asked daily. No wider than a shop could work with, so that what events cost is not made small.
const CRUD: &str = "
    CREATE TABLE products (id INTEGER PRIMARY KEY, sku TEXT NOT NULL UNIQUE, name TEXT NOT NULL, department TEXT, tax_class TEXT NOT NULL,
        price INTEGER, tracked INTEGER NOT NULL, on_hand INTEGER, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
    CREATE TABLE sales (id INTEGER PRIMARY KEY, store INTEGER NOT NULL, till INTEGER NOT NULL, shift INTEGER NOT NULL, staff INTEGER,
        number TEXT NOT NULL, day TEXT NOT NULL, local_time TEXT NOT NULL, currency TEXT NOT NULL, gross INTEGER NOT NULL,
        discount INTEGER NOT NULL, tax INTEGER NOT NULL, rounding INTEGER NOT NULL, total INTEGER NOT NULL, created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL);
    CREATE TABLE sale_lines (id INTEGER PRIMARY KEY, sale INTEGER NOT NULL, line INTEGER NOT NULL, product INTEGER, sku TEXT NOT NULL,
        name TEXT NOT NULL, department TEXT, quantity INTEGER NOT NULL, unit_price INTEGER, gross INTEGER NOT NULL, discount INTEGER NOT NULL,
        net INTEGER NOT NULL, tax_class TEXT, tax INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
    CREATE TABLE payments (id INTEGER PRIMARY KEY, sale INTEGER NOT NULL, kind TEXT NOT NULL, amount INTEGER NOT NULL,
        given INTEGER, change INTEGER, created_at INTEGER NOT NULL);
    INSERT INTO products (sku, name, department, tax_class, price, tracked, created_at, updated_at)
        SELECT sku, name, department, tax_class, price, tracked, 1772442000, 1772442000 FROM views.products;
    CREATE TEMP TABLE numbers (id INTEGER PRIMARY KEY, hash BLOB UNIQUE);
    INSERT INTO numbers (hash) SELECT hash FROM views.documents ORDER BY at;
    INSERT INTO sales SELECT n.id, 1, 1, n.id / 1000, 2, d.series || '-' || d.number, d.day, d.local_time, d.currency, d.gross_sales_minor,
        d.reductions_minor, d.tax_minor, d.rounding_minor, d.total_minor, d.wall / 1000000, d.wall / 1000000
        FROM numbers n JOIN views.documents d ON d.hash = n.hash ORDER BY n.id;
    INSERT INTO sale_lines (sale, line, product, sku, name, department, quantity, unit_price, gross, discount, net, tax_class, tax,
            created_at, updated_at)
        SELECT n.id, l.line, p.id, l.sku, l.name, l.department, l.quantity_thousandths, p.price, l.extended_minor, l.reductions_minor,
            l.net_minor, p.tax_class, l.tax_minor, 1772442000, 1772442000
        FROM numbers n JOIN views.document_lines l ON l.hash = n.hash LEFT JOIN products p ON p.sku = l.sku ORDER BY n.id, l.line;
    INSERT INTO payments (sale, kind, amount, given, change, created_at)
        SELECT n.id, t.tender_type, t.amount_minor, t.given_minor, t.change_minor, 1772442000
        FROM numbers n JOIN views.tenders t ON t.hash = n.hash ORDER BY n.id;
    CREATE INDEX sales_day ON sales (day, till);
    CREATE INDEX sales_number ON sales (number);
    CREATE INDEX sale_lines_sale ON sale_lines (sale);
    CREATE INDEX sale_lines_product ON sale_lines (product);
    CREATE INDEX payments_sale ON payments (sale);
";

/// P10: bytes on the wire, and bytes on the disk.
pub fn bytes(ground: &Ground, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Row>> {
    Ok(vec![wire(ground, tell)?, disk(ground, tell)?])
}

fn wire(ground: &Ground, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Row> {
    let (batches, _) = batches(&ground.with_past(tell)?, ground.sizes.events)?;
    let events: usize = batches.iter().map(|batch| batch.lines.len()).sum();
    // Another program is started for each of these, so a part of them has to do.
    let step = (batches.len() / GZIPPED_MAX).max(1);
    let (mut plain, mut packed, mut zipped, mut sampled) = (0, 0, 0, 0);
    for (number, batch) in batches.iter().enumerate() {
        let body = body(batch)?;
        plain += body.len();
        packed += zstd::bulk::compress(&body, WIRE_LEVEL)?.len();
        if number % step == 0 {
            zipped += gzip(&body)?;
            sampled += batch.lines.len();
        }
    }
    let each = |bytes: usize, of: usize| count(bytes) / count(of);
    let rounds = Rounds { ours: vec![each(packed, events)], beside: vec![each(zipped, sampled)] };
    let row = Row::new(
        "P10.wire",
        format!("bytes per event on the wire, {events} events in pushes"),
        "gzip -6 of the same lines",
        (Bound::AtMost(1.0), Bound::AtMost(0.8)),
    );
    Ok(row.measured("bytes", &rounds).noting(format!(
        "{} bytes an event before compression; heads and seals of pushes are counted in",
        short(each(plain, events))
    )))
}

/// The body of a push as it travels.
pub fn packed(batch: &Batch) -> anyhow::Result<Vec<u8>> {
    Ok(zstd::bulk::compress(&body(batch)?, WIRE_LEVEL)?)
}

/// The body of a push before it is compressed.
fn body(batch: &Batch) -> anyhow::Result<Vec<u8>> {
    let mut body = serde_json::to_string(&batch.head)?;
    for line in &batch.lines {
        body.push('\n');
        line.write_line(&mut body);
    }
    body.push('\n');
    Ok(body.into_bytes())
}

fn gzip(bytes: &[u8]) -> anyhow::Result<usize> {
    let mut child = Command::new("gzip")
        .args(["-6", "-c"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("gzip does not start")?;
    let mut input = child.stdin.take().context("gzip takes nothing")?;
    let bytes = bytes.to_vec();
    let writing = std::thread::spawn(move || input.write_all(&bytes));
    let output = child.wait_with_output()?;
    writing.join().map_err(|_| anyhow::anyhow!("writing to gzip ended in a panic"))??;
    ensure!(output.status.success(), "gzip failed");
    Ok(output.stdout.len())
}

fn disk(ground: &Ground, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Row> {
    let office = ground.office_with_past(ground.sizes.events, tell)?;
    let folder = ground.folder("size")?;
    let log = Reader::open(office.join("log.db"))?;
    let mut views = Views::open(&folder, "views.db", Side::Office, Durability::Off)?;
    views.renew(&log)?;
    drop(views);
    let crud = open_writer(&folder.join("crud.db"), Durability::Off, &[])?;
    let views = folder.join("views.db");
    crud.execute("ATTACH DATABASE ?1 AS views", [views.to_string_lossy()])?;
    crud.execute_batch(CRUD)?;
    crud.execute_batch("DETACH DATABASE views; VACUUM")?;
    let documents: i64 = crud.query_row("SELECT count(*) FROM sales", [], |row| row.get(0))?;
    crud.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    let (of_log, of_views) = (pages(&log)?, pages(&Reader::open(&views)?)?);
    let beside = pages(&crud)?;
    let rounds = Rounds { ours: vec![of_log + of_views], beside: vec![beside] };
    let row = Row::new(
        "P10.disk",
        format!("bytes of head office's databases, {} events, {documents} documents", ground.sizes.events),
        "plain CRUD tables of the same documents, lines, payments and products",
        (Bound::AtMost(4.0), Bound::AtMost(2.5)),
    );
    let each = |bytes: f64| short(bytes / count(ground.sizes.events));
    Ok(row.measured("bytes", &rounds).noting(format!(
        "of an event {} bytes in the log and {} in the read models, which can be thrown away; a row of the other side keeps no cart, no \
         proof and nothing of what was changed",
        each(of_log),
        each(of_views)
    )))
}

/// The bytes of a database, however much of it still lies in its write-ahead log.
fn pages(database: &Reader) -> anyhow::Result<f64> {
    let ask = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0));
    let bytes = ask("PRAGMA page_count")? * ask("PRAGMA page_size")?;
    Ok(count(usize::try_from(bytes)?))
}
