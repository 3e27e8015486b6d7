//! The row of taking in: twelve tills push at once, and head office checks, stores, answers and projects.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use daybook_server::Running;
use daybook_store::file::{open_writer, transact};
use daybook_store::{Durability, StoreError};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::ground::Ground;
use super::measure::{Rounds, count, in_micros, micros};
use super::pusher::Pusher;
use super::row::{Bound, Row, short};
use super::shop::{Shop, serve};
use super::syncs;

/// Tills that push at once.
pub const TILLS: usize = 12;
/// Pushes of the shorter and of the longer run that is watched.
const WATCHED: (usize, usize) = (2, 12);
/// Rows of one commit of the other side: what one push holds.
const ROWS_PER_COMMIT: usize = 500;

/// P4: events a second until everything is stored, answered and projected.
pub fn twelve_tills(ground: &Ground, program: &Path, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Row>> {
    let shop = ground.shop("twelve", TILLS, ground.sizes.pushed_sales / TILLS, tell)?;
    let pushers = pushers(&shop)?;
    let texts: Vec<usize> = pushers.iter().flat_map(|pusher| pusher.texts.iter().copied()).collect();
    let row = Row::new(
        "P4",
        format!(
            "server ingest over HTTP from {TILLS} tills, {} events in pushes of {ROWS_PER_COMMIT}: checked, stored, answered, projected",
            texts.len()
        ),
        format!("raw SQLite bulk insert of the same bytes, {ROWS_PER_COMMIT} rows a commit"),
        (Bound::AtLeast(0.35), Bound::AtLeast(0.6)),
    );
    let runtime = Runtime::new()?;
    let folder = ground.folder("ingest")?;
    let mut answered = Vec::new();
    let rounds = Rounds::take(
        ground.sizes.rounds,
        || {
            let place = ground.round()?;
            let copy = Shop { tills: Vec::new(), ..shop.clone() }.copy_to(place.path());
            let (whole, acknowledged) = runtime.block_on(taken_in(&copy, &pushers))?;
            answered.push(count(texts.len()) / acknowledged * 1e6);
            Ok(count(texts.len()) / whole * 1e6)
        },
        || {
            let place = ground.round()?;
            Ok(count(texts.len()) / bulk(place.path(), &texts)? * 1e6)
        },
    )?;
    let mut row = row.durable().measured("events/s", &rounds).noting(format!(
        "until the last answer alone: {} events/s; client, server and projector share the cores",
        short(super::measure::median(&answered))
    ));
    if syncs::can_be_counted() {
        let count = |what: &str| {
            let place = shop.tills[0].data.parent().and_then(Path::parent).context("a shop has a folder")?;
            let place = place.to_string_lossy().into_owned();
            syncs::of_one_act(&folder, program, &["push-child", what, &place], WATCHED)
        };
        let (ours, beside) = (count("push")?, count("bulk")?);
        row = row.noting(format!(
            "disk syncs of one push of {ROWS_PER_COMMIT} events alone, counted by strace in a run of their own: {}; of one bulk commit: {}",
            syncs::words(&ours),
            syncs::words(&beside)
        ));
        row.disk_syncs = Some((syncs::sum(&ours), syncs::sum(&beside)));
    } else {
        row = row.noting("disk syncs were not counted: strace is not here or may not trace");
    }
    Ok(vec![row])
}

/// The process that is watched: pushes so often, or inserts as many rows so often.
pub fn child(what: &str, shop: &Path, acts: usize) -> anyhow::Result<()> {
    let shop = Shop::within(shop, 1);
    let copy = tempfile::tempdir()?;
    // Without acts it only starts and stops.
    let pusher = Pusher::of(&shop.tills[0], acts.max(1) * ROWS_PER_COMMIT)?;
    if what == "bulk" {
        bulk(copy.path(), &pusher.texts[..pusher.texts.len().min(acts * ROWS_PER_COMMIT)])?;
        return Ok(());
    }
    let copy = Shop { tills: Vec::new(), ..shop }.copy_to(copy.path());
    Runtime::new()?.block_on(async {
        let running = serve(&copy.office, true).await?;
        let url = format!("http://{}", running.address);
        for place in 0..pusher.bodies.len().min(acts) {
            pusher.send_one(&url, place).await?;
        }
        running.stop().await;
        Ok(())
    })
}

fn pushers(shop: &Shop) -> anyhow::Result<Vec<Arc<Pusher>>> {
    shop.tills.iter().map(|till| Ok(Arc::new(Pusher::of(till, usize::MAX)?))).collect()
}

/// Microseconds until everything is projected, and until everything is acknowledged.
async fn taken_in(shop: &Shop, pushers: &[Arc<Pusher>]) -> anyhow::Result<(f64, f64)> {
    let running = serve(&shop.office, true).await?;
    let url = format!("http://{}", running.address);
    let began = Instant::now();
    let mut sending = JoinSet::new();
    for pusher in pushers {
        let (pusher, url) = (pusher.clone(), url.clone());
        sending.spawn(async move { pusher.send(&url).await });
    }
    while let Some(sent) = sending.join_next().await {
        sent??;
    }
    let acknowledged = in_micros(began.elapsed());
    settled(&running).await?;
    let whole = in_micros(began.elapsed());
    running.stop().await;
    Ok((whole, acknowledged))
}

/// Waits until everything that is stored is projected.
pub async fn settled(running: &Running) -> anyhow::Result<()> {
    loop {
        let health = running.office.health().await?;
        if health.projected >= health.events {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Microseconds for inserting rows of so many bytes each, flushed commit by commit.
fn bulk(folder: &Path, bytes: &[usize]) -> anyhow::Result<f64> {
    let mut connection = open_writer(&folder.join("bulk.db"), Durability::Full, &[])?;
    connection.execute_batch("CREATE TABLE bulk (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)")?;
    let filler = vec![b'x'; bytes.iter().copied().max().unwrap_or_default()];
    let (time, ()) = micros(|| {
        for rows in bytes.chunks(ROWS_PER_COMMIT) {
            transact(&mut connection, |connection| {
                let mut insert = connection.prepare_cached("INSERT INTO bulk (bytes) VALUES (?1)")?;
                for row in rows {
                    insert.execute([&filler[..*row]])?;
                }
                Ok::<_, StoreError>(())
            })?;
        }
        Ok(())
    })?;
    Ok(time)
}
