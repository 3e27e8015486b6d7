//! The rows of replication: a till that sold for days without a network sends everything up, beside a database that is made for that.
//!
//! The peer keeps what it is sent without flushing it, so ours does not flush here either; what flushing costs is told beside it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use daybook_till::{Till, synchronise};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::chain::batches;
use super::ground::Ground;
use super::ingest::settled;
use super::measure::{Rounds, count, in_micros, median};
use super::peers::Pouchdb;
use super::pusher::Pusher;
use super::row::{Bound, Row, short};
use super::shop::{Shop, serve};

/// How long anything may take before the row is given up.
const PATIENCE: Duration = Duration::from_secs(600);
/// Meetings of a till in step in one round.
const SHAKES: usize = 20;

/// P5: everything anew, everything again, and nothing to do.
pub fn till_to_server(
    ground: &Ground,
    cache: Option<&Path>,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<Vec<Row>> {
    let shop = ground.shop("replicated", 1, ground.sizes.pushed_sales, tell)?;
    let place = &shop.tills[0];
    let events: usize = batches(place, usize::MAX)?.0.iter().map(|batch| batch.lines.len()).sum();
    let rows = [
        Row::new(
            "P5",
            format!("replicate {events} events till → server"),
            Pouchdb::name(),
            (Bound::AtLeast(10.0), Bound::AtLeast(25.0)),
        ),
        Row::new(
            "P5.duplicates",
            format!("the same {events} events sent once more"),
            format!("{}, without a checkpoint", Pouchdb::name()),
            (Bound::AtLeast(20.0), Bound::AtLeast(40.0)),
        ),
        Row::new(
            "P5.nothing",
            "nothing to send: a till in step asks head office how far it is",
            format!("{}, with a checkpoint", Pouchdb::name()),
            (Bound::AtMost(1.0), Bound::AtMost(0.3)),
        ),
    ];
    let leave_out = |why: String| Ok(rows.clone().map(|row| row.left_out(why.clone())).to_vec());
    let peer = match cache.map(Pouchdb::installed) {
        None => return leave_out("a quick look installs no peers".to_owned()),
        Some(Err(why)) => return leave_out(format!("{} cannot be installed: {why:#}", Pouchdb::name())),
        Some(Ok(peer)) => peer,
    };
    let folder = ground.folder("replicate")?;
    let client = filled(&peer, &folder, &shop)?;
    let pusher = Pusher::of(place, usize::MAX)?;
    let runtime = Runtime::new()?;
    let (mut fresh, mut again, mut nothing) = (Rounds::default(), Rounds::default(), Rounds::default());
    for round in 0..=ground.sizes.rounds {
        let both = |ours: bool| -> anyhow::Result<[f64; 3]> {
            let place = ground.round()?;
            if ours {
                let copy = shop.copy_to(place.path());
                runtime.block_on(replicated(&copy, &pusher, events, false))
            } else {
                peer.replicated(place.path(), &client, events)
            }
        };
        let (mine, other) = if round % 2 == 0 {
            let mine = both(true)?;
            (mine, both(false)?)
        } else {
            let other = both(false)?;
            (both(true)?, other)
        };
        if round > 0 {
            for (rounds, at) in [&mut fresh, &mut again, &mut nothing].into_iter().zip(0..) {
                rounds.ours.push(mine[at]);
                rounds.beside.push(other[at]);
            }
        }
    }
    let mut flushed = Vec::new();
    for _ in 0..ground.sizes.rounds.min(3) {
        let place = ground.round()?;
        flushed.push(runtime.block_on(replicated(&shop.copy_to(place.path()), &pusher, events, true))?[0]);
    }
    let [first, second, third] = rows;
    Ok(vec![
        first.measured("events/s", &fresh).noting(format!(
            "until the till knows that head office has everything; neither side flushes here; with every commit of both sides flushed \
             ours makes {} events/s",
            short(median(&flushed))
        )),
        second.measured("events/s", &again).noting(
            "every push sent again as it was, checked and looked up; a till that lost its answers asks first and sends none of it; the \
             peer compares revisions and sends no documents",
        ),
        third.measured("µs", &nothing).noting(format!("p50 of {SHAKES} handshakes a round, signed, answered and proved")),
    ])
}

/// Events a second until everything is acknowledged, events a second when all of it comes again, and microseconds until a till that is in
/// step knows so.
async fn replicated(shop: &Shop, pusher: &Pusher, events: usize, durable: bool) -> anyhow::Result<[f64; 3]> {
    let running = serve(&shop.office, durable).await?;
    let url = format!("http://{}", running.address);
    let till = shop.tills[0].open(durable)?;
    till.set_server(&url);
    ensure!(till.waiting() >= i64::try_from(events)?, "only {} events wait", till.waiting());
    let fresh = sent(&till).await?;
    settled(&running).await?;
    let mut nothing = Vec::new();
    for _ in 0..SHAKES {
        let began = Instant::now();
        pusher.shake(&url).await?;
        nothing.push(in_micros(began.elapsed()));
    }
    let began = Instant::now();
    pusher.send(&url).await?;
    let again = in_micros(began.elapsed());
    drop(till);
    running.stop().await;
    Ok([count(events) / fresh * 1e6, count(events) / again * 1e6, median(&nothing)])
}

/// Synchronises a till until head office has everything of it; the time in microseconds.
async fn sent(till: &Till) -> anyhow::Result<f64> {
    let (stop, stopped) = watch::channel(false);
    let began = Instant::now();
    let task = tokio::spawn(synchronise(till.clone(), stopped));
    while till.waiting() > 0 {
        if began.elapsed() > PATIENCE {
            bail!("the till is not in step: {:?}", till.status());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let time = in_micros(began.elapsed());
    let _gone = stop.send(true);
    task.await?;
    Ok(time)
}

/// The peer's client with the same events, once a run.
fn filled(peer: &Pouchdb, folder: &Path, shop: &Shop) -> anyhow::Result<PathBuf> {
    let (client, lines) = (folder.join("client"), folder.join("events.ndjson"));
    std::fs::create_dir_all(&client)?;
    let mut text = String::new();
    for batch in batches(&shop.tills[0], usize::MAX)?.0 {
        for line in batch.lines {
            line.write_line(&mut text);
            text.push('\n');
        }
    }
    std::fs::write(&lines, text)?;
    peer.fill(&client, &lines)?;
    Ok(client)
}
