//! The row of joining: a new till of a shop with a large catalogue, from its enrolment until every product rings.
//!
//! It is measured on two catalogues that are alike today: one that was published once, and one whose every price was changed five times
//! since, which is what years do. The other side is what no till can do without: putting as many bytes on the disk as the snapshot has.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use daybook_core::amount::UnitPrice;
use daybook_core::ids::RequestId;
use daybook_core::sync::scope::CATALOGUE;
use daybook_core::sync::till::Status;
use daybook_core::wire::{FeedHead, SnapshotHead};
use daybook_server::Running;
use daybook_server::office::Publication;
use daybook_till::{Till, synchronise};
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::catalogue::Catalogue;
use super::ground::{Ground, Place};
use super::measure::{Rounds, count, in_micros, median, micros};
use super::row::{Bound, Row, short};
use super::shop::serve;
use crate::world::{copy_directory, knows_its_people};

/// What the store is called in every world.
const STORE: &str = "High Street";
/// How long a till may take to join before the row is given up.
const PATIENCE: Duration = Duration::from_secs(1_800);
/// Pause between two looks how far a till is.
const LOOK: Duration = Duration::from_millis(5);
/// Price changes of every product in the longer past.
const CHANGES: i64 = 5;

/// P13: a new till until it sells, beside copying what it has to be told.
pub fn until_it_sells(ground: &Ground, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Row>> {
    let runtime = Runtime::new()?;
    let mut rows = Vec::new();
    for (id, changes) in [("P13", 0), ("P13.changed", CHANGES)] {
        let row = Row::new(
            id,
            format!(
                "a new till: {} to selling, every price changed {changes} times",
                ground.catalogue.source
            ),
            "copying the snapshot's bytes as a file",
            (Bound::AtMost(3.0), Bound::AtMost(1.0)),
        );
        let copy = ground.round()?;
        let office = copy.path().join("office");
        copy_directory(&office_of(ground, changes, tell)?, &office);
        let running = runtime.block_on(serve(&office, true))?;
        let (mut tills, mut firsts) = (0, Vec::new());
        let mut joins = |is_whole_enough: bool| -> anyhow::Result<Joined> {
            tills += 1;
            let name = format!("New {tills}");
            let place = Place::within(&copy.path().join(&name));
            let joined =
                runtime.block_on(joined(&running, &place, &name, ground.sizes.products, is_whole_enough))?;
            std::fs::remove_dir_all(copy.path().join(&name))?;
            Ok(joined)
        };
        let to_the_end = joins(false)?;
        let certificate = to_the_end.origin;
        let (snapshot, feed) = runtime.block_on(async {
            let certificate = running.office.certificate(certificate).await?.context("a certificate")?;
            let snapshot = read_all(
                async |cursor: Option<String>| {
                    running
                        .office
                        .snapshot(request(), &certificate, CATALOGUE, cursor.as_deref())
                        .await
                        .ok()
                },
                |head: &SnapshotHead| (head.cursor.clone(), head.more),
            );
            let feed = read_all(
                async |cursor: Option<String>| {
                    running.office.feed(request(), &certificate, CATALOGUE, cursor.as_deref()).await.ok()
                },
                |head: &FeedHead| (head.cursor.clone(), head.more),
            );
            Ok::<_, anyhow::Error>((snapshot.await?, feed.await?))
        })?;
        let file = copy.path().join("snapshot");
        std::fs::write(&file, &snapshot)?;
        let rounds = Rounds::take(
            ground.sizes.rounds,
            || {
                let joined = joins(true)?;
                firsts.push(joined.first);
                Ok(joined.whole)
            },
            || copied(&file),
        )?;
        let seconds = |micros: f64| short(micros / 1e6);
        rows.push(row.durable().measured("µs", &rounds).noting(format!(
            "until every product rings; the first one rings after {} s, with everything and every event here the till is in step after {} s; \
             the snapshot is {} bytes in {} packed, the feed {} in {}",
            seconds(median(&firsts)),
            seconds(to_the_end.in_step),
            short(count(snapshot.len())),
            short(packed(&snapshot)?),
            short(count(feed.len())),
            short(packed(&feed)?),
        )));
        runtime.block_on(running.stop());
    }
    Ok(rows)
}

/// Head office of the catalogue, every price of which was changed so often, made once.
fn office_of(ground: &Ground, changes: i64, tell: &mut dyn FnMut(&str)) -> anyhow::Result<PathBuf> {
    ground.office_with_catalogue(&format!("catalogue-{changes}"), tell, |catalogue| {
        let published = catalogue.publications(STORE);
        let changed = (1..=changes).flat_map(|change| changed(catalogue, change)).collect();
        [published, changed].concat()
    })
}

/// The products at other prices.
fn changed(catalogue: &Catalogue, change: i64) -> Vec<Publication> {
    let mut publications = catalogue.publications(STORE);
    publications.retain(|publication| matches!(publication, Publication::Product { .. }));
    for publication in &mut publications {
        if let Publication::Product { price, .. } = publication {
            *price = UnitPrice::from_ten_thousandths(price.ten_thousandths() + 10_000 * change);
        }
    }
    publications
}

/// When a new till could do what, in microseconds after its enrolment.
#[derive(Clone, Copy, Debug)]
struct Joined {
    origin: daybook_core::ids::OriginId,
    /// Somebody could sign in and sell something.
    first: f64,
    /// Every product was on sale.
    whole: f64,
    /// Everything was here; nothing where it was not waited for.
    in_step: f64,
}

/// Has a new till join.
async fn joined(
    running: &Running,
    place: &Place,
    name: &str,
    products: usize,
    is_whole_enough: bool,
) -> anyhow::Result<Joined> {
    let till = place.open(true)?;
    let code = running.office.enrol_code(STORE, name).await?;
    till.enrol(&format!("http://{}", running.address), &code, name).await?;
    let origin = till.tip().context("an enrolled till")?.0;
    let (stop, stopped) = watch::channel(false);
    let began = Instant::now();
    let task = tokio::spawn(synchronise(till.clone(), stopped));
    let known = |till: &Till| usize::try_from(till.catalogue_size().unwrap_or(0)).unwrap_or(0);
    let (mut first, mut whole, mut in_step) = (None, None, None);
    while whole.is_none() || (in_step.is_none() && !is_whole_enough) {
        if began.elapsed() > PATIENCE {
            bail!("the till did not join: {:?}", till.status());
        }
        tokio::time::sleep(LOOK).await;
        let (known, now) = (known(&till), in_micros(began.elapsed()));
        if first.is_none() && known > 0 && knows_its_people(&till) {
            first = Some(now);
        }
        if whole.is_none() && first.is_some() && known > products {
            whole = Some(now);
        }
        if whole.is_some() && till.status() == Status::UpToDate && till.waiting() == 0 {
            in_step = Some(now);
        }
    }
    let _gone = stop.send(true);
    task.await?;
    Ok(Joined {
        origin,
        first: first.unwrap_or_default(),
        whole: whole.unwrap_or_default(),
        in_step: in_step.unwrap_or_default(),
    })
}

fn request() -> RequestId {
    RequestId(uuid::Uuid::now_v7())
}

/// The bodies of all pages, one after the other.
async fn read_all<H: DeserializeOwned>(
    page: impl AsyncFn(Option<String>) -> Option<String>,
    goes_on: impl Fn(&H) -> (String, bool),
) -> anyhow::Result<Vec<u8>> {
    let (mut bytes, mut cursor) = (Vec::new(), None);
    loop {
        let body = page(cursor).await.context("head office gives no page")?;
        let head: H = serde_json::from_str(body.lines().next().unwrap_or_default())?;
        bytes.extend_from_slice(body.as_bytes());
        match goes_on(&head) {
            (next, true) => cursor = Some(next),
            (_, false) => return Ok(bytes),
        }
    }
}

/// As it travels, more or less: pages are packed one by one.
fn packed(bytes: &[u8]) -> anyhow::Result<f64> {
    let pages = bytes
        .chunks(1024 * 1024)
        .map(|page| zstd::bulk::compress(page, 3).map(|packed| packed.len()));
    Ok(count(pages.sum::<Result<usize, _>>()?))
}

/// Microseconds until a copy of a file is on the disk.
fn copied(file: &Path) -> anyhow::Result<f64> {
    let copy = file.with_extension("copy");
    let (time, ()) = micros(|| {
        std::fs::copy(file, &copy)?;
        Ok(std::fs::File::open(&copy)?.sync_all()?)
    })?;
    std::fs::remove_file(&copy)?;
    Ok(time)
}
