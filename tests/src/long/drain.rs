//! Ninety days without a network: a till comes back with everything it sold meanwhile and sends it, while it sells on. It is killed on the
//! way, and so is head office.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::{Value, json};

use super::Options;
use super::cast::{Counter, Shop};
use super::gate::Gate;
use crate::bench::history::sell_for_days;
use crate::replay::office::Office;

/// Days without a network.
const DAYS: u32 = 90;
/// Sales that are rung up on the way, at equal distances.
const SALES: i64 = 20;
/// Bytes towards head office between two looks, for each event of the whole: about one part in twenty of what is sent.
const BYTES_PER_EVENT: u64 = 6;

/// Plays it; gives the figures.
pub async fn play(options: &Options) -> anyhow::Result<Value> {
    let tell = |words: &str| eprintln!("{words}");
    let shop = Shop::make(&options.folder).await?;
    let till = shop.till();
    let sold = sell_for_days(&till.data, &till.journal, DAYS, options.events, &mut { tell })?;
    // Its read models follow with every sale; here once for all.
    drop(till.open(false)?);
    let office = shop.open_office(options.durable).await?;
    let gate = Gate::to(office.address.clone()).await?;
    let mut counter = shop.open_till(options.durable, &gate.address).await?;
    let first_start = counter.started_in;
    let (before, _) = office.health().await?;
    let began = Instant::now();
    let mut took = send(options, &office, &gate, &mut counter, before).await?;
    gate.open(u64::MAX);
    counter.drain().await?;
    let drained = began.elapsed();
    let (received, _) = office.health().await?;
    let told = office.totals().await?;
    let projected = began.elapsed();
    let receipts = sold + counter.sales.len();
    ensure!(
        told["totals"]["receipts"] == json!(receipts),
        "{receipts} receipts were given: {}",
        told["totals"]
    );
    ensure!(told["journal_balanced"] == json!(true), "the journal of head office does not balance");
    ensure!(told["quarantined"] == json!(0), "{} events are quarantined", told["quarantined"]);
    counter.compare(&told).await?;
    let memory =
        json!({"till": counter.memory_kib_max() / 1024, "head_office": office.memory_kib_max().await / 1024});
    let (sales, last_start) = (counter.sales.clone(), counter.started_in);
    counter.end().await?;
    office.end().await?;
    let tip = shop.compare_logs()?;
    for sale in &sales {
        ensure!(shop.documents_of(*sale)? == 1, "a sale rung up on the way did not arrive once");
    }
    let events = received - before;
    took.sort();
    Ok(json!({
        "events": events,
        "tip": tip.seq,
        "receipts": receipts,
        "durable": options.durable,
        "seconds_until_acknowledged": drained.as_secs(),
        "seconds_until_projected": projected.as_secs(),
        "events_per_second": u128::from(events.unsigned_abs()) * 1_000 / drained.as_millis().max(1),
        "sales_on_the_way": sales.len(),
        "sale_millis_median": millis(took.get(took.len() / 2)),
        "sale_millis_longest": millis(took.last()),
        "start_millis_first": millis(Some(&first_start)),
        "start_millis_after_kill": millis(Some(&last_start)),
        "memory_mib_peak": memory,
    }))
}

/// Opens the road bit by bit until nearly all is sent. On the way sales are rung up, the till is killed once and so is head office; gives how
/// long the sales took.
async fn send(
    options: &Options,
    office: &Office,
    gate: &Gate,
    counter: &mut Counter,
    before: i64,
) -> anyhow::Result<Vec<Duration>> {
    let mut sales = Vec::new();
    let bit = BYTES_PER_EVENT * options.events.unsigned_abs();
    let (mut killed_till, mut killed_office) = (false, false);
    loop {
        gate.open(bit);
        let arrived = office.health().await?.0 - before;
        if arrived >= options.events * i64::try_from(sales.len())? / SALES {
            // The road is open: selling and sending at once.
            let (took, waiting) = counter.sell().await?;
            ensure!(waiting > 0, "everything is sent before the end");
            sales.push(took);
        }
        if arrived >= options.events * 9 / 10 {
            ensure!(killed_till && killed_office, "the road was too wide for what is to happen on it");
            return Ok(sales);
        }
        gate.is_held_up().await;
        if !killed_till && arrived >= options.events / 3 {
            eprintln!("the till is killed with {arrived} events sent");
            counter.die_and_come_back().await?;
            killed_till = true;
        }
        if !killed_office && arrived >= options.events * 2 / 3 {
            eprintln!("head office is killed with {arrived} events taken in");
            office.die_and_come_back(async { Ok(()) }).await?;
            killed_office = true;
        }
    }
}

fn millis(took: Option<&Duration>) -> u128 {
    took.map_or(0, Duration::as_millis)
}
