//! Poison at first, in the middle and last: a till whose log holds events that make no sense to head office, where they hurt most. All bytes
//! are kept and acknowledged, what makes no sense counts nowhere, and what comes after it counts as if it were not there.

use anyhow::ensure;
use daybook_core::limits::PUSH_EVENTS_MAX;
use daybook_store::{Reader, events};
use serde_json::{Value, json};

use super::Options;
use super::cast::Shop;
use crate::bench::history::{Heard, sell};
use crate::later::{self, Later};

/// Sales between two doses.
const SALES: usize = 40;

/// What makes no sense, each in its own way. All of it splits into JSON texts.
pub fn doses() -> Vec<Later> {
    let mut displaced = Later::of("till.started", 1, json!({"run": 1, "version": "9"}));
    displaced.envelope.insert("seq".to_owned(), json!(7));
    vec![
        Later::of("sale.levitated", 1, json!({"height_millimetres": 12})),
        Later::of("sale.completed", 99, json!({"sale": "tomorrow's"})),
        Later::of("sale.completed", 1, json!({"totals": "many"})),
        Later::of("stock.adjusted", 1, json!({"store": 7, "reason": [], "lines": {}})),
        displaced,
        Later::texts("{}", "{}"),
        Later::texts("[[[[]]]]", "null"),
        Later::texts("12", "\"twelve\""),
        Later::texts("{\"id\":1,\"id\":2}", "[1,2,{\"deep\":[[[]]]}]"),
        Later::texts("\"\\u0000\"", "{\"\":\"\\ud83d\\ude00\"}"),
    ]
}

/// Plays it; gives the figures.
pub async fn play(options: &Options) -> anyhow::Result<Value> {
    let shop = Shop::make(&options.folder).await?;
    let till = shop.till();
    let push = i64::try_from(PUSH_EVENTS_MAX)?;
    let acknowledged = last(&shop)?;
    let doses = doses();
    let put = |events: &[Later]| later::write(&till.data, &till.journal, events).map(|(_, tips)| tips.len());
    // Whoever sells goes on from an event that makes sense, so a sound one stands between.
    let mut sold = 0;
    let mut poisoned = put(&doses)?;
    put(&[sound()])?;
    sell(&till.data, &till.journal, SALES, Heard::Nothing, &mut |_| {})?;
    sold += SALES;
    poisoned += put(&doses)?;
    put(&[sound()])?;
    let room = usize::try_from(acknowledged + push - last(&shop)?)?;
    ensure!(room > doses.len(), "so many sales leave no room for the last dose of the first push");
    put(&vec![sound(); room - doses.len()])?;
    poisoned += put(&doses)?;
    ensure!(last(&shop)? == acknowledged + push, "the last dose ends the first push");
    // And the next push begins with it again.
    poisoned += put(&doses[..1])?;
    put(&[sound()])?;
    sell(&till.data, &till.journal, SALES, Heard::Nothing, &mut |_| {})?;
    sold += SALES;

    let office = shop.open_office(options.durable).await?;
    let mut counter = shop.open_till(options.durable, &office.address).await?;
    let before = office.health().await?.0;
    counter.sell().await?;
    counter.drain().await?;
    counter.sell().await?;
    counter.drain().await?;
    let told = office.totals().await?;
    counter.compare(&told).await?;
    ensure!(told["quarantined"] == json!(poisoned), "{poisoned} make no sense: {}", told["quarantined"]);
    ensure!(told["totals"]["receipts"] == json!(sold + 2), "{} receipts: {}", sold + 2, told["totals"]);
    ensure!(told["journal_balanced"] == json!(true), "the journal of head office does not balance");
    let received = office.health().await?.0 - before;
    counter.end().await?;
    office.end().await?;
    shop.compare_logs()?;
    same_bytes(&shop)?;
    Ok(json!({"events": received, "quarantined": poisoned, "receipts": sold + 2}))
}

/// An event that makes sense and changes nothing.
fn sound() -> Later {
    Later::of("clock.observed", 1, json!({"offset": 0, "round_trip": 1}))
}

fn last(shop: &Shop) -> anyhow::Result<i64> {
    let log = Reader::open(shop.till().data.join("log.db"))?;
    Ok(events::tips_of(&log, shop.origin()?)?.iter().map(|tip| tip.seq).max().unwrap_or(0))
}

/// Every event of the till lies at head office byte for byte as it was first written.
fn same_bytes(shop: &Shop) -> anyhow::Result<()> {
    let origin = shop.origin()?;
    let of = |folder: &std::path::Path| -> anyhow::Result<Vec<_>> {
        let log = Reader::open(folder.join("log.db"))?;
        let stored = events::of_chain(&log, origin, 1, i64::MAX)?;
        Ok(stored.into_iter().map(|event| (event.tip, event.prev, event.text)).collect())
    };
    ensure!(
        of(&shop.till().data)? == of(shop.office())?,
        "the bytes at head office are not those of the till"
    );
    Ok(())
}
