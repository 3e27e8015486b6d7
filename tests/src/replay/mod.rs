//! The replay: receipts of real shops, played through real tills and a real server, with the network in between as bad as asked for.
//!
//! One program plays every part and starts itself for the others: a parent that reads the file and keeps the score, a server, one till
//! each, and for a rough play a proxy. Ids follow from the seed and clocks from the receipts, so a play can be repeated and compared:
//! whatever the network did and however often tills were killed, the same receipts must end in the same read models.

pub mod clock;
pub mod derive;
pub mod figures;
pub mod office;
pub mod player;
pub mod proxy;
pub mod receipt;
mod restore;
pub mod script;
pub mod server_child;
pub mod steps;
pub mod talk;
pub mod till_child;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use self::derive::Seed;
use self::figures::{as_csv, differences, till_days_in, total_differences};
use self::office::Office;
use self::player::{Ordeal, Player, Progress, Stage};
use self::script::Script;
use self::talk::{FromProxy, Kid, ProxyBegins, ToProxy};

/// How long trouble goes on after the last receipt is played.
const TROUBLE_AFTER: Duration = Duration::from_secs(8);
/// A play in which nothing moves for so long has failed.
const STANDSTILL: Duration = Duration::from_secs(240);
/// How long tills have to learn what head office has from the other tills of their shop: three heartbeats.
const FEEDS_WITHIN: Duration = Duration::from_secs(100);
/// Differences that are said; of more, only how many.
const DIFFERENCES_SAID: usize = 50;

/// How to play.
#[derive(Clone, Debug)]
pub struct Options {
    /// The seed of everything random.
    pub seed: u64,
    /// Whether the network is bad and tills are killed.
    pub rough: bool,
    /// Whether head office loses its books in the middle of the play and is put back from a backup.
    pub restore: bool,
    /// Whether commits reach the disk.
    pub durable: bool,
    /// Where the books of this play stand; they are not kept.
    pub books: PathBuf,
    /// Where tables are written.
    pub tables: PathBuf,
}

/// How a play ended.
#[derive(Debug)]
pub struct Outcome {
    /// The figures, for whoever reads the last line.
    pub summary: Value,
    /// What does not agree, in sentences.
    pub differences: Vec<String>,
}

/// Plays a script.
pub async fn play(script: Script, options: &Options) -> anyhow::Result<Outcome> {
    let began = Instant::now();
    let office = Arc::new(Office::start(&script, options.durable, &options.books).await?);
    let tills = script.tills.len();
    let mut proxy = Proxy::start(&script, options.rough, &office.address).await?;
    let stage = Arc::new(Stage {
        script,
        durable: options.durable,
        rough: options.rough,
        restores: options.restore,
        books: options.books.clone(),
        server: office.address.clone(),
        progress: Progress::of(tills, if options.restore { Ordeal::Ahead } else { Ordeal::Over }),
    });
    let mut players = Vec::new();
    for (number, till) in stage.script.tills.iter().enumerate() {
        let code = office.enrol_code(&till.shop, &till.name).await?;
        players.push(Player::new(stage.clone(), number, proxy.link(number, &office.address), code)?);
    }
    let playing = act(players, |mut player| async move {
        player.play().await?;
        Ok(player)
    });
    let restoring = options.restore.then(|| tokio::spawn(restore::befall(stage.clone(), office.clone())));
    let (players, restored) = watched(&stage, &office, async {
        let restored = async {
            match restoring {
                Some(restoring) => restoring.await?.map(Some),
                None => Ok(None),
            }
        };
        tokio::try_join!(playing, restored)
    })
    .await?;
    let draining = act(players, |mut player| async move {
        player.drain().await?;
        Ok(player)
    });
    let players = watched(&stage, &office, async {
        tokio::pin!(draining);
        tokio::select! {
            players = &mut draining => return players,
            () = sleep(TROUBLE_AFTER) => proxy.calm().await?,
        }
        draining.await
    })
    .await?;
    proxy.calm().await?;
    let told = office.totals().await?;
    let mut found = judge(&stage.script, &told)?;
    let (players, of_tills) = compare_with_tills(players, &told).await?;
    found.extend(of_tills);
    proxy.report(stage.progress.kills.load(Ordering::Relaxed)).await?;
    for player in players {
        player.end().await?;
    }
    Arc::into_inner(office).context("head office is still asked something")?.end().await?;
    write_tables(&told, &options.tables)?;
    let mut summary = summary(&told, began.elapsed(), options);
    if let Some(restored) = restored {
        summary["restored"] = json!(restored);
    }
    Ok(Outcome { summary, differences: found })
}

/// Lets all tills do something at the same time; the first that fails ends it.
async fn act<F, R>(players: Vec<Player>, deed: F) -> anyhow::Result<Vec<Player>>
where
    F: Fn(Player) -> R,
    R: Future<Output = anyhow::Result<Player>> + Send + 'static,
{
    let mut acting: JoinSet<anyhow::Result<Player>> = players.into_iter().map(deed).collect();
    let mut done = Vec::new();
    while let Some(ended) = acting.join_next().await {
        done.push(ended??);
    }
    Ok(done)
}

/// Does something while saying every second how far the play is; gives up where nothing moves any more.
async fn watched<T>(
    stage: &Stage,
    office: &Office,
    deed: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    tokio::pin!(deed);
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    seconds.tick().await;
    let (mut last, mut moved) = (None, Instant::now());
    loop {
        tokio::select! {
            done = &mut deed => return done,
            _ = seconds.tick() => {}
        }
        // Asked outside the choice above: a question let go half-way leaves its answer for the next one who asks.
        let (events, projected) = office.health().await?;
        let (played, waiting) = (stage.progress.played.load(Ordering::Relaxed), stage.progress.waiting());
        eprintln!(
            "{played} of {} receipts; head office has {events} events, {projected} projected; {waiting} wait at the tills",
            stage.script.receipts
        );
        let now = Some((played, waiting, events, projected));
        if now != last {
            (last, moved) = (now, Instant::now());
        } else if moved.elapsed() > STANDSTILL {
            bail!("nothing has moved for {} seconds", STANDSTILL.as_secs());
        }
    }
}

/// What head office says otherwise than the file, and whether its journal balances.
fn judge(script: &Script, told: &Value) -> anyhow::Result<Vec<String>> {
    let totals = told.get("totals").context("head office told no totals")?;
    let mut found =
        differences(("the file", &script.figures.till_days), ("head office", &till_days_in(told)?));
    found.extend(total_differences(("the file", &script.figures.totals()), ("head office", totals)));
    if told.get("journal_balanced") != Some(&Value::Bool(true)) {
        found.push("the journal of head office does not balance: its postings do not sum to zero".to_owned());
    }
    Ok(found)
}

/// What tills say otherwise than head office, each about its whole shop.
async fn compare_with_tills(
    players: Vec<Player>,
    told: &Value,
) -> anyhow::Result<(Vec<Player>, Vec<String>)> {
    let mut comparing = JoinSet::new();
    for mut player in players {
        let of_shop = rows_of(told, player.shop());
        comparing.spawn(async move {
            let compared = player.compare(of_shop.clone(), FEEDS_WITHIN).await?;
            anyhow::Ok((player, of_shop, compared))
        });
    }
    let (mut players, mut found) = (Vec::new(), Vec::new());
    while let Some(compared) = comparing.join_next().await {
        let (player, of_shop, (own, status)) = compared??;
        let words = differences(
            (&format!("till {} ({status})", player.name()), &till_days_in(&own)?),
            ("head office", &till_days_in(&of_shop)?),
        );
        found.extend(words);
        players.push(player);
    }
    found.sort();
    Ok((players, found))
}

fn rows_of(told: &Value, shop: &str) -> Value {
    let rows = told.get("till_days").and_then(Value::as_array);
    let of_shop: Vec<&Value> = rows
        .into_iter()
        .flatten()
        .filter(|row| row.get("shop").and_then(Value::as_str) == Some(shop))
        .collect();
    json!({ "till_days": of_shop })
}

fn summary(told: &Value, took: Duration, options: &Options) -> Value {
    let of = |name: &str| told.get(name).cloned().unwrap_or_default();
    json!({
        "totals": of("totals"),
        "events": of("events"),
        "conflicts": of("conflicts"),
        "quarantined": of("quarantined"),
        "seconds": seconds(took),
        "durable": options.durable,
        "read_models": of("read_models"),
    })
}

/// Seconds with three decimals, as people write them.
fn seconds(took: Duration) -> Value {
    let text = format!("{}.{:03}", took.as_secs(), took.subsec_millis());
    serde_json::from_str(&text).unwrap_or_default()
}

fn write_tables(told: &Value, folder: &Path) -> anyhow::Result<()> {
    let (path, table) = (folder.join("till_days.csv"), as_csv(&till_days_in(told)?));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, table))
        .with_context(|| format!("{} cannot be written", path.display()))?;
    eprintln!("every till and day: {}", path.display());
    Ok(())
}

/// Says what does not agree; of much, the first.
pub fn say_differences(found: &[String]) {
    for words in found.iter().take(DIFFERENCES_SAID) {
        eprintln!("{words}");
    }
    if let Some(more @ 1..) = found.len().checked_sub(DIFFERENCES_SAID) {
        eprintln!("and {more} more differences");
    }
}

/// Reads the file, or says why it cannot be played.
pub fn read(file: &Path, seed: u64) -> Result<Script, script::Unusable> {
    Script::read(file, Seed(seed))
}

/// The network in between, where there is a bad one.
struct Proxy {
    kid: Option<Kid>,
    links: Vec<String>,
}

impl Proxy {
    async fn start(script: &Script, rough: bool, server: &str) -> anyhow::Result<Proxy> {
        if !rough {
            return Ok(Proxy { kid: None, links: Vec::new() });
        }
        let begins = ProxyBegins {
            server: server.to_owned(),
            tills: script.tills.iter().map(|till| till.name.clone()).collect(),
            seed: script.seed.0,
            receipts: script.receipts,
        };
        let mut kid = Kid::start("the network", "proxy-child", &begins).await?;
        match kid.hear().await? {
            FromProxy::Ready { links } => Ok(Proxy { kid: Some(kid), links }),
            other => bail!("the network said something else: {other:?}"),
        }
    }

    /// Where a till synchronises.
    fn link<'a>(&'a self, till: usize, server: &'a str) -> &'a str {
        self.links.get(till).map_or(server, String::as_str)
    }

    async fn calm(&mut self) -> anyhow::Result<()> {
        match &mut self.kid {
            Some(kid) => kid.say(&ToProxy::Calm).await,
            None => Ok(()),
        }
    }

    /// Says what happened, and lets it end.
    async fn report(self, kills: u64) -> anyhow::Result<()> {
        let Some(mut kid) = self.kid else { return Ok(()) };
        let FromProxy::Counts(counts) = kid.ask(&ToProxy::Counts).await? else {
            bail!("the network said something else");
        };
        let mut words: Vec<String> = counts.iter().map(|(what, times)| format!("{times} {what}")).collect();
        words.push(format!("{kills} tills killed"));
        eprintln!("faults: {}", words.join(", "));
        kid.end().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_head_office_says_otherwise_is_said() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/replay/oddities.ndjson");
        let script = read(&file, 1).unwrap();
        let rows = script.figures.till_days.iter();
        let rows: Vec<Value> = rows
            .map(|(key, row)| {
                let (receipts, lines, gross, discounts, net, refunds) =
                    (row.receipts, row.lines, row.gross, row.discounts, row.net, row.refunds);
                json!({"shop": key.shop, "till": key.till, "day": key.day, "receipts": receipts, "lines": lines, "gross": gross,
                    "discounts": discounts, "net": net, "refunds": refunds})
            })
            .collect();
        let mut told =
            json!({"totals": script.figures.totals(), "till_days": rows, "journal_balanced": true});
        assert_eq!(judge(&script, &told).unwrap(), Vec::<String>::new());
        told["till_days"][0]["net"] = json!(1);
        told["totals"]["tenders"]["cash"] = json!(2);
        told["journal_balanced"] = json!(false);
        assert_eq!(
            judge(&script, &told).unwrap(),
            [
                "till N1 of shop North on 2024-02-28: net is 4375 for the file, 1 for head office",
                "all tills together: tenders cash is -542 for the file, 2 for head office",
                "the journal of head office does not balance: its postings do not sum to zero",
            ]
        );
        assert_eq!(rows_of(&told, "South")["till_days"].as_array().map(Vec::len), Some(2));
    }
}
