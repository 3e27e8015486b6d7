//! The second layer: the real till and the real server, with SQLite, HTTP and files, over a road that loses, doubles and cuts.
//!
//! A seed decides what people do, what is copied, put back or started again, and the luck of the road; the order in which tasks run is the
//! machine's, so a seed here is a plan and no replay to the byte. It is slow and sees what models cannot: that shells and stores do what
//! the models of the first layer say they do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use daybook_core::chain::Tip;
use daybook_core::event::sale::BegunAs;
use daybook_core::ids::{OriginId, SaleId};
use daybook_core::sale::tender::TenderStatement;
use daybook_core::sync::till::Status;
use daybook_store::Reader;
use daybook_store::events::StoredEvent;
use daybook_till::Command;
use fastrand::Rng;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::replay::proxy::{Faults, open_links};
use crate::replay::talk::ProxyBegins;
use crate::world::{MONDAY_MORNING, StoryTill, World, add_line, copy_directory};
use daybook_core::amount::Quantity;

/// Seeds played beside each other: most of a seed is waiting.
const SEEDS_AT_ONCE: usize = 4;
/// What one of the goods sold costs, in minor units.
const SOAP_MINOR: i64 = 199;
/// How long the calm may take until everybody agrees.
const PATIENCE: Duration = Duration::from_secs(30);
/// Ten years, in microseconds.
const CLOCK_JUMP_MAX: i64 = 10 * 365 * 24 * 60 * 60 * 1_000_000;

/// What came of many seeds.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Seeds played.
    pub seeds: u64,
    /// Seeds that broke a law, with what was found.
    pub broken: Vec<(u64, String)>,
    /// What struck, by name.
    pub faults: BTreeMap<String, u64>,
    /// Sales that were told and are at head office.
    pub sales: u64,
}

/// Plays seeds of the second layer.
pub fn play_all(seeds: impl Iterator<Item = u64>) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    Ok(runtime.block_on(async {
        let (mut outcome, mut playing, mut seeds) = (Outcome::default(), JoinSet::new(), seeds);
        loop {
            while playing.len() < SEEDS_AT_ONCE {
                let Some(seed) = seeds.next() else { break };
                playing.spawn(async move { (seed, tokio::spawn(play(seed)).await) });
            }
            let Some(played) = playing.join_next().await else { return outcome };
            let Ok((seed, played)) = played else { continue };
            outcome.seeds += 1;
            match played {
                Ok(Played { breach, faults, sales }) => {
                    outcome.sales += sales;
                    for (name, count) in faults {
                        *outcome.faults.entry(name).or_default() += count;
                    }
                    outcome.broken.extend(breach.map(|breach| (seed, breach)));
                }
                Err(error) => outcome.broken.push((seed, panic_text(error))),
            }
        }
    }))
}

/// The figures as one JSON object.
pub fn report(outcome: &Outcome, seconds: f64) -> Value {
    json!({
        "layer": "real",
        "seeds": outcome.seeds,
        "broken": outcome.broken.len(),
        "seconds": seconds,
        "sales": outcome.sales,
        "faults": outcome.faults,
        "rare_states": {},
    })
}

fn panic_text(error: tokio::task::JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
        }
        Err(error) => error.to_string(),
    }
}

struct Played {
    breach: Option<String>,
    faults: BTreeMap<String, u64>,
    sales: u64,
}

/// A till with its road.
struct Counter {
    till: StoryTill,
    road: String,
}

/// A seed while it is played.
struct Shop {
    world: World,
    rng: Rng,
    counters: Vec<Counter>,
    /// Sales that a cashier was told of, with what they came to.
    told: BTreeMap<SaleId, i64>,
    faults: BTreeMap<String, u64>,
    copied: bool,
}

async fn play(seed: u64) -> Played {
    let mut rng = Rng::with_seed(seed);
    let world = World::new().await;
    let tills: Vec<String> = (1..=rng.usize(2..=3)).map(|number| format!("Till {number}")).collect();
    let faults = Arc::new(Faults::new(1));
    // The copy of a till has a road too.
    let roads: Vec<String> = tills.iter().cloned().chain(["Copy".to_owned()]).collect();
    let server = world.url().trim_start_matches("http://").to_owned();
    let begins = ProxyBegins { server, tills: roads, seed, receipts: 1 };
    let mut roads = open_links(&begins, &faults).await.expect("roads to head office");
    let copys_road = format!("http://{}", roads.pop().expect("the copy's road"));
    let mut counters = Vec::new();
    for (name, road) in tills.iter().zip(roads) {
        let mut till = world.till(name).await;
        till.open_shift();
        till.go_offline().await;
        let road = format!("http://{road}");
        till.till.set_server(&road);
        till.go_online();
        counters.push(Counter { till, road });
    }
    let mut shop =
        Shop { world, rng, counters, told: BTreeMap::new(), faults: BTreeMap::new(), copied: false };
    for _ in 0..shop.rng.u32(12..30) {
        shop.act(&copys_road).await;
        let pause = shop.rng.u64(..40);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    faults.calm();
    let breach = shop.calm().await.err();
    let mut struck = shop.faults;
    for (name, count) in faults.counts() {
        *struck.entry(name).or_default() += count;
    }
    Played { breach, faults: struck, sales: shop.told.len() as u64 }
}

impl Shop {
    async fn act(&mut self, copys_road: &str) {
        let at = self.rng.usize(..self.counters.len());
        match self.rng.u32(..20) {
            0..12 => self.sell(at),
            12..14 => {
                self.count("tills started again");
                self.start_again(at).await;
            }
            14..16 => {
                self.count("head office started again");
                self.world.stop_office().await;
                self.world.start_office().await;
            }
            16 => {
                self.count("clocks set");
                let jump = self.rng.i64(-CLOCK_JUMP_MAX..CLOCK_JUMP_MAX);
                self.counters[at].till.clock.set(MONDAY_MORNING + jump);
            }
            17 if !self.copied => {
                self.count("tills copied");
                self.copied = true;
                self.copy(at, copys_road).await;
            }
            _ => self.counters[at].till.till.sync_now(),
        }
    }

    fn count(&mut self, what: &str) {
        *self.faults.entry(what.to_owned()).or_default() += 1;
    }

    /// Sells something. What the till refuses, because it has just gone on under a child origin say, was not sold.
    fn sell(&mut self, at: usize) {
        let units = self.rng.i64(1..5);
        let till = &self.counters[at].till;
        if till.till.shift_day().is_none() {
            till.open_shift();
        }
        let sale = SaleId(Uuid::now_v7());
        let pay = Command::Pay(TenderStatement::of("cash", None));
        let sold = till
            .try_do(Command::OpenSale { sale, begun_as: BegunAs::Sale })
            .and_then(|_| till.try_do(add_line("soap", Quantity::of(units))))
            .and_then(|_| till.try_do(pay));
        if sold.is_ok_and(|answer| answer.receipt.is_some()) {
            self.told.insert(sale, units * SOAP_MINOR);
        }
    }

    async fn start_again(&mut self, at: usize) {
        let Counter { till, road } = self.counters.remove(at);
        let (data, journal) = till.close().await;
        let till = opened(&data, &journal, &road);
        self.counters.insert(at, Counter { till, road });
    }

    /// Copies a till's directories, the journal's too; both go on.
    async fn copy(&mut self, at: usize, road: &str) {
        let Counter { till, road: own } = self.counters.remove(at);
        let (data, journal) = till.close().await;
        let (copy, copied_journal) = (beside(&data, "copy"), beside(&journal, "copy"));
        copy_directory(&data, &copy);
        copy_directory(&journal, &copied_journal);
        let till = opened(&data, &journal, &own);
        self.counters.insert(at, Counter { till, road: own });
        self.counters
            .push(Counter { till: opened(&copy, &copied_journal, road), road: road.to_owned() });
    }

    /// The storm is over: everybody catches up, and head office has what was told, once, byte for byte.
    async fn calm(&mut self) -> Result<(), String> {
        for counter in &self.counters {
            counter.till.till.sync_now();
        }
        let began = Instant::now();
        // A till that has just heard of its copy, or that its clock is wrong, goes on to write that down.
        loop {
            self.catch_up().await;
            match self.compare().await {
                Err(_) if began.elapsed() < PATIENCE => tokio::time::sleep(Duration::from_millis(50)).await,
                compared => return compared,
            }
        }
    }

    async fn catch_up(&self) {
        for counter in &self.counters {
            counter.till.sent().await;
            let up_to_date = |till: &daybook_till::Till| till.status() == Status::UpToDate;
            counter.till.wait_for("being up to date", up_to_date).await;
        }
    }

    async fn compare(&self) -> Result<(), String> {
        let totals = self.world.settle().await;
        let (net, receipts) = (&totals["totals"]["net"], &totals["totals"]["receipts"]);
        let told: i64 = self.told.values().sum();
        if *net != json!(told) || *receipts != json!(self.told.len()) {
            let count = self.told.len();
            return Err(format!("{count} sales of {told} were told, head office has {receipts} of {net}"));
        }
        let office = events(&self.world.home.path().join("office/log.db"));
        for counter in &self.counters {
            for (key, texts) in events(&counter.till.data.join("log.db")) {
                if office.get(&key) != Some(&texts) {
                    let (origin, tip) = key;
                    return Err(format!("event {} of {origin} is not at head office as written", tip.seq));
                }
            }
        }
        Ok(())
    }
}

fn opened(data: &Path, journal: &Path, road: &str) -> StoryTill {
    let mut till = StoryTill::open(data, journal, MONDAY_MORNING + 60_000_000);
    till.till.set_server(road);
    till.go_online();
    till
}

fn beside(directory: &Path, what: &str) -> PathBuf {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    directory.with_file_name(format!("{name}-{what}"))
}

/// Everything that a log holds: by origin, number and hash, the texts.
type Texts = BTreeMap<(OriginId, Tip), (String, String)>;

fn events(file: &Path) -> Texts {
    let reader = Reader::open(file).expect("a log");
    let events = daybook_store::events::after_position(&reader, 0, usize::MAX).expect("events");
    let key = |event: &StoredEvent| (event.origin, event.tip);
    events
        .into_iter()
        .map(|event| (key(&event), (event.text.envelope, event.text.payload)))
        .collect()
}
