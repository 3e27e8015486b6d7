//! Who plays: a shop on the disk, made in this process by real code, and then a head office and a till that are processes over it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use daybook_core::amount::{Minor, Quantity};
use daybook_core::chain::Tip;
use daybook_core::event::sale::BegunAs;
use daybook_core::ids::{CommandId, OriginId, SaleId, ShiftId};
use daybook_core::sale::tender::TenderStatement;
use daybook_store::backup::look_through;
use daybook_store::{Reader, events, links};
use daybook_till::Command;
use serde_json::Value;
use uuid::Uuid;

use crate::bench::catalogue::Catalogue;
use crate::bench::ground::{Place, learn};
use crate::replay::figures::{differences, till_days_in};
use crate::replay::office::Office;
use crate::replay::steps::Step;
use crate::replay::talk::{FromTill, Kid, ServerBegins, TillBegins, ToTill};
use crate::world::{MONDAY_MORNING, World, add_line, copy_directory};

/// Products of the shop.
const PRODUCTS: usize = 200;
/// What is sold for all to see: an untracked product that every world has.
const CODE: &str = "soap";
/// Microseconds of 91 days: the till comes back on the morning after.
const DAYS_91: i64 = 91 * 86_400_000_000;
/// How long a till may take to hold what head office holds.
const PATIENCE: Duration = Duration::from_secs(100);

/// A shop with one till, closed.
#[derive(Debug)]
pub struct Shop {
    place: Place,
}

impl Shop {
    /// Makes it: a till that has joined and knows everything.
    pub async fn make(folder: &Path) -> anyhow::Result<Shop> {
        let place = Place::within(folder);
        let mut world = World::new().await;
        let catalogue = Catalogue::read(None, PRODUCTS)?;
        world.publish(catalogue.publications("High Street")).await;
        learn(&world, &place, "Till 1", PRODUCTS).await?;
        world.stop_office().await;
        copy_directory(&world.home.path().join("office"), &place.office);
        Ok(Shop { place })
    }

    /// The till's books.
    pub fn till(&self) -> &Place {
        &self.place
    }

    /// Starts head office.
    pub async fn open_office(&self, durable: bool) -> anyhow::Result<Office> {
        Office::open(ServerBegins {
            data: self.place.office.clone(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            // Its books are made.
            run: 1,
            durable,
            seed: 1,
            wall: MONDAY_MORNING + DAYS_91,
            currency: "EUR".to_owned(),
        })
        .await
    }

    /// Starts the till, which looks for head office at an address.
    pub async fn open_till(&self, durable: bool, address: &str) -> anyhow::Result<Counter> {
        let begins = TillBegins {
            name: "Till 1".to_owned(),
            data: self.place.data.clone(),
            journal: self.place.journal.clone(),
            durable,
            seed: 1,
            run: 1,
            wall: MONDAY_MORNING + DAYS_91,
            server: format!("http://{address}"),
            code: None,
            link: format!("http://{address}"),
            products: 1,
            rest_millis: 0,
        };
        let (kid, started_in) = started(&begins).await?;
        Ok(Counter { kid, begins, sales: Vec::new(), started_in, memory_kib_max: 0, has_shift: false })
    }

    /// Compares the logs once both processes have ended: both whole by every hash, with the same tips of the till's own logs and nothing
    /// missing. Gives the last event of its first.
    pub fn compare_logs(&self) -> anyhow::Result<Tip> {
        let logs = [&self.place.data, &self.place.office];
        for log in logs {
            look_through(log).with_context(|| format!("the log in {}", log.display()))?;
        }
        let [till, office] = logs.map(|log| Reader::open(log.join("log.db")));
        let (till, office) = (till?, office?);
        let origin = self.origin()?;
        let (ours, theirs) = (events::tips_of(&till, origin)?, events::tips_of(&office, origin)?);
        ensure!(ours == theirs && ours.len() == 1, "the till ends with {ours:?}, head office has {theirs:?}");
        ensure!(links::missing(&office, origin)? == 0, "head office lacks events of the till");
        Ok(ours[0])
    }

    /// The origin under which the till writes.
    pub fn origin(&self) -> anyhow::Result<OriginId> {
        let log = Reader::open(self.place.data.join("log.db"))?;
        let identity = events::fact(&log, "identity")?.context("this till belongs to no store")?;
        let identity: daybook_till::identity::Identity = serde_json::from_str(&identity)?;
        identity.writes_as().context("the till has no origin")
    }

    /// How many documents head office has of a sale.
    pub fn documents_of(&self, sale: SaleId) -> anyhow::Result<i64> {
        let views = Reader::open(self.place.office.join("views.db"))?;
        let sql = "SELECT count(*) FROM documents WHERE sale = ?1";
        Ok(views.query_row(sql, [sale.0.as_bytes().as_slice()], |row| row.get(0))?)
    }

    /// The folder of head office.
    pub fn office(&self) -> &Path {
        &self.place.office
    }
}

/// A till that is a process, with somebody who sells at it.
#[derive(Debug)]
pub struct Counter {
    kid: Kid,
    begins: TillBegins,
    /// What was sold at it.
    pub sales: Vec<SaleId>,
    /// How long its last start took.
    pub started_in: Duration,
    memory_kib_max: u64,
    has_shift: bool,
}

impl Counter {
    /// Sells one piece for exact cash; gives how long that took, from the first command to the receipt, and how many events wait.
    pub async fn sell(&mut self) -> anyhow::Result<(Duration, i64)> {
        let sale = SaleId(Uuid::now_v7());
        let open = Command::OpenShift { shift: ShiftId(Uuid::now_v7()), float_minor: Minor::ZERO };
        let opening = (!std::mem::replace(&mut self.has_shift, true)).then_some(open);
        let selling = [
            Command::OpenSale { sale, begun_as: BegunAs::Sale },
            add_line(CODE, Quantity::of(1)),
            Command::Pay(TenderStatement::of("cash", None)),
        ];
        if let Some(opening) = opening {
            self.play(vec![opening]).await?;
        }
        let began = Instant::now();
        let waiting = self.play(selling.to_vec()).await?;
        self.sales.push(sale);
        Ok((began.elapsed(), waiting))
    }

    async fn play(&mut self, commands: Vec<Command>) -> anyhow::Result<i64> {
        self.begins.wall += 1_000_000;
        let wall = self.begins.wall;
        let step = |command| Step { wall, id: CommandId(Uuid::now_v7()), command };
        let steps = commands.into_iter().map(step).collect();
        match self.kid.ask(&ToTill::Play { seq: 1, steps }).await? {
            FromTill::Played { waiting, .. } => Ok(waiting),
            other => unexpected(other),
        }
    }

    /// Ends it as a power cut would, and starts it again.
    pub async fn die_and_come_back(&mut self) -> anyhow::Result<()> {
        self.memory_kib_max = self.memory_kib_max();
        self.kid.kill().await?;
        self.begins.run += 1;
        (self.kid, self.started_in) = started(&self.begins).await?;
        Ok(())
    }

    /// Waits until everything is at head office.
    pub async fn drain(&mut self) -> anyhow::Result<()> {
        self.kid.say(&ToTill::Drain { ask_again: false }).await?;
        loop {
            match self.kid.hear().await? {
                FromTill::Waiting(_) => {}
                FromTill::Drained => return Ok(()),
                other => return unexpected(other),
            }
        }
    }

    /// Compares its sums of every day with those that head office tells, once it holds them.
    pub async fn compare(&mut self, told: &Value) -> anyhow::Result<()> {
        let till_days = told.clone();
        let seconds = PATIENCE.as_secs();
        let (own, status) = match self.kid.ask(&ToTill::Compare { till_days, seconds }).await? {
            FromTill::Compared { told, status } => (told, status),
            other => return unexpected(other),
        };
        let words = format!("the till ({status})");
        let found = differences((&words, &till_days_in(&own)?), ("head office", &till_days_in(told)?));
        ensure!(found.is_empty(), "till and head office differ: {}", found.join("; "));
        Ok(())
    }

    /// The most memory that it has used at once, in KiB; 0 where the system does not say.
    pub fn memory_kib_max(&self) -> u64 {
        self.memory_kib_max.max(self.kid.memory_kib_max())
    }

    /// Lets it end.
    pub async fn end(self) -> anyhow::Result<()> {
        self.kid.end().await
    }
}

async fn started(begins: &TillBegins) -> anyhow::Result<(Kid, Duration)> {
    let began = Instant::now();
    let mut kid = Kid::start("the till", "till-child", begins).await?;
    match kid.hear().await? {
        FromTill::Ready => Ok((kid, began.elapsed())),
        other => unexpected(other),
    }
}

fn unexpected<T>(said: FromTill) -> anyhow::Result<T> {
    match said {
        FromTill::Failed(words) => bail!("the till: {words}"),
        other => bail!("the till said something else: {other:?}"),
    }
}
