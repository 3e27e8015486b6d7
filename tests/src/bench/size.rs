//! Rows of size: what an event takes on the wire and what a shop's past takes on the disk, beside what others would make of the same.
//!
//! Sizes do not vary from run to run, so each is taken once.

use std::io::Write as _;
use std::path::Path;
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

/// A shop system without events as it would be written for use; what it holds and why stands at its top.
const CRUD: &str = include_str!("crud.sql");
/// The narrowest tables that a shop could sell with: what is told beside the row, so that what events cost is not made small.
const NARROWEST: &str = include_str!("narrowest.sql");

/// P10: bytes on the wire, and bytes on the disk.
pub fn bytes(ground: &Ground, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Row>> {
    Ok(vec![wire(ground, tell)?, disk(ground, tell)?])
}

fn wire(ground: &Ground, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Row> {
    let (batches, _) = batches(&ground.with_events(tell)?, ground.sizes.events)?;
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
    let (beside, documents) = without_events(&folder, "crud.db", CRUD, "documents")?;
    let (narrowest, _) = without_events(&folder, "narrowest.db", NARROWEST, "sales")?;
    let views = Reader::open(folder.join("views.db"))?;
    let (of_log, of_views) = (pages(&log)?, pages(&views)?);
    let ours = of_log + of_views;
    let rounds = Rounds { ours: vec![ours], beside: vec![beside] };
    let row = Row::new(
        "P10.disk",
        format!("bytes of head office's databases, {} events, {documents} documents", ground.sizes.events),
        "plain CRUD tables of the same shop",
        (Bound::AtMost(4.0), Bound::AtMost(2.5)),
    );
    let each = |bytes: f64| short(bytes / count(ground.sizes.events));
    Ok(row
        .measured("bytes", &rounds)
        .noting(format!(
            "of an event {} bytes in the log and {} in the read models, which can be thrown away; a row of the other side keeps no cart, no \
             proof and nothing of what was changed",
            each(of_log),
            each(of_views)
        ))
        .noting(format!("the narrowest tables take {} bytes: {} of ours", short(narrowest), short(ours / narrowest)))
        .noting(format!("bytes of an event in the log: {}", largest(&log, ground.sizes.events)?))
        .noting(format!("and in the read models: {}", largest(&views, ground.sizes.events)?)))
}

/// The bytes of a database without events that holds what read models do, as small as it gets, and how many documents are in it.
fn without_events(folder: &Path, name: &str, sql: &str, documents: &str) -> anyhow::Result<(f64, i64)> {
    let tables = open_writer(&folder.join(name), Durability::Off, &[])?;
    let views = folder.join("views.db");
    tables.execute("ATTACH DATABASE ?1 AS views", [views.to_string_lossy()])?;
    tables.execute_batch("BEGIN")?;
    tables.execute_batch(sql)?;
    tables.execute_batch("COMMIT; DETACH DATABASE views; VACUUM")?;
    let documents = tables.query_row(&format!("SELECT count(*) FROM {documents}"), [], |row| row.get(0))?;
    tables.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok((pages(&tables)?, documents))
}

/// The tables and indexes that most of a database goes to, in bytes of an event.
fn largest(database: &Reader, events: usize) -> anyhow::Result<String> {
    let sql = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 12";
    let mut statement = database.prepare(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    let mut words = Vec::new();
    for row in rows {
        let (name, bytes) = row?;
        words.push(format!("{name} {}", short(count(usize::try_from(bytes)?) / count(events))));
    }
    Ok(words.join(", "))
}

/// The bytes of a database, however much of it still lies in its write-ahead log.
fn pages(database: &Reader) -> anyhow::Result<f64> {
    let ask = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0));
    let bytes = ask("PRAGMA page_count")? * ask("PRAGMA page_size")?;
    Ok(count(usize::try_from(bytes)?))
}
