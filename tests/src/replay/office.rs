//! Head office as the parent sees it: a child that is asked one thing at a time, by whoever needs something.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use daybook_core::event::description::SettingsFields;
use daybook_core::event::sale::{CashRounding, Prices};
use daybook_core::secret::Secret;
use daybook_server::office::Publication;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::script::Script;
use super::talk::{FromServer, Kid, ServerBegins, ToServer};

/// Publications that go to head office at once.
const AT_ONCE: usize = 2_000;
/// Name of the one tax class; open items bear its tax too.
const TAX_CLASS: &str = "standard";

/// Head office.
#[derive(Debug)]
pub struct Office {
    kid: Mutex<Kid>,
    begins: ServerBegins,
    /// How often it was started before, by whoever made its books too.
    runs: AtomicU64,
    memory_kib_max: AtomicU64,
    /// Where it listens.
    pub address: String,
}

impl Office {
    /// Starts it with new books, and publishes everything that tills have to know.
    pub async fn start(script: &Script, durable: bool, books: &Path) -> anyhow::Result<Office> {
        let currency = script.shops.values().next().map_or("EUR", |currency| currency.code.code());
        let begins = ServerBegins {
            data: books.join("head-office"),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            run: 0,
            durable,
            seed: script.seed.0,
            wall: script.begins(),
            currency: currency.to_owned(),
        };
        let office = Office::open(begins).await?;
        office.publish(publications(script)).await?;
        office.publish(people()).await?;
        Ok(office)
    }

    /// Starts it as it is told, over books that it makes or that are there.
    pub async fn open(begins: ServerBegins) -> anyhow::Result<Office> {
        let (kid, address) = started(&begins).await?;
        let (runs, memory_kib_max) = (AtomicU64::new(begins.run), AtomicU64::default());
        Ok(Office { kid: Mutex::new(kid), begins, runs, memory_kib_max, address })
    }

    async fn publish(&self, mut publications: Vec<Publication>) -> anyhow::Result<()> {
        while !publications.is_empty() {
            let rest = publications.split_off(publications.len().min(AT_ONCE));
            match self.ask(&ToServer::Publish(publications)).await? {
                FromServer::Published => publications = rest,
                other => return unexpected(other),
            }
        }
        Ok(())
    }

    /// Where its books are.
    pub fn data(&self) -> &Path {
        &self.begins.data
    }

    /// Ends it as a power cut would, lets `meanwhile` happen to its books, and starts it again at its old address. Whoever asks it something
    /// meanwhile waits. Gives how many events it had.
    pub async fn die_and_come_back(
        &self,
        meanwhile: impl Future<Output = anyhow::Result<()>>,
    ) -> anyhow::Result<i64> {
        let mut kid = self.kid.lock().await;
        let events = match kid.ask(&ToServer::Health).await? {
            FromServer::Health { events, .. } => events,
            other => return unexpected(other),
        };
        self.memory_kib_max.fetch_max(kid.memory_kib_max(), Ordering::Relaxed);
        kid.kill().await?;
        meanwhile.await?;
        let listen = self.address.parse().context("head office's address")?;
        let run = self.runs.fetch_add(1, Ordering::Relaxed) + 1;
        (*kid, _) = started(&ServerBegins { listen, run, ..self.begins.clone() }).await?;
        Ok(events)
    }

    /// Publishes its people again, as whoever restores a head office is told to.
    pub async fn publish_people_again(&self) -> anyhow::Result<()> {
        self.publish(people()).await
    }

    /// The most memory that it has used at once, in KiB; 0 where the system does not say.
    pub async fn memory_kib_max(&self) -> u64 {
        self.memory_kib_max.load(Ordering::Relaxed).max(self.kid.lock().await.memory_kib_max())
    }

    /// A code for a new till.
    pub async fn enrol_code(&self, shop: &str, till: &str) -> anyhow::Result<String> {
        match self.ask(&ToServer::EnrolCode { shop: shop.to_owned(), till: till.to_owned() }).await? {
            FromServer::EnrolCode(code) => Ok(code),
            other => unexpected(other),
        }
    }

    /// Events stored, and events projected.
    pub async fn health(&self) -> anyhow::Result<(i64, i64)> {
        match self.ask(&ToServer::Health).await? {
            FromServer::Health { events, projected } => Ok((events, projected)),
            other => unexpected(other),
        }
    }

    /// What the read models say once they hold every event.
    pub async fn totals(&self) -> anyhow::Result<Value> {
        loop {
            let (events, projected) = self.health().await?;
            if projected >= events {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
        match self.ask(&ToServer::Totals).await? {
            FromServer::Totals(totals) => Ok(totals),
            other => unexpected(other),
        }
    }

    /// Lets it end.
    pub async fn end(self) -> anyhow::Result<()> {
        self.kid.into_inner().end().await
    }

    async fn ask(&self, question: &ToServer) -> anyhow::Result<FromServer> {
        self.kid.lock().await.ask(question).await
    }
}

async fn started(begins: &ServerBegins) -> anyhow::Result<(Kid, String)> {
    let mut kid = Kid::start("head office", "server-child", begins).await?;
    match kid.hear().await? {
        FromServer::Ready { address } => Ok((kid, address)),
        other => unexpected(other),
    }
}

fn unexpected<T>(said: FromServer) -> anyhow::Result<T> {
    match said {
        FromServer::Failed(words) => bail!("head office: {words}"),
        other => bail!("head office said something else: {other:?}"),
    }
}

/// Who works there. Receipts are played for people who show no PIN.
fn people() -> Vec<Publication> {
    let person = |(number, role): (&str, &str)| Publication::Staff {
        number: number.to_owned(),
        name: Secret::new(format!("Replay's {role}")),
        pin: None,
        role: role.to_owned(),
        store: None,
    };
    [("1", "cashier"), ("2", "manager")].map(person).to_vec()
}

/// The shops with their currencies, the one tax class, the products.
fn publications(script: &Script) -> Vec<Publication> {
    let mut all = vec![Publication::Tax {
        class: TAX_CLASS.to_owned(),
        name: "No tax".to_owned(),
        jurisdiction: "none".to_owned(),
        rate: "0".to_owned(),
    }];
    for (shop, currency) in &script.shops {
        let fields = SettingsFields {
            name: Some(shop.clone()),
            currency: Some(*currency),
            time_zone: Some("UTC".to_owned()),
            cut_over_minutes: Some(0),
            prices: Some(Prices::Inclusive),
            tax_rounding: None,
            cash_rounding: Some(CashRounding { step_minor: 1 }),
            tender_types: None,
            roles: None,
        };
        all.push(Publication::Settings { store: Some(shop.clone()), fields });
    }
    all.extend(script.products.iter().map(|product| Publication::Product {
        sku: product.sku.clone(),
        name: product.name.clone(),
        department: product.department.clone(),
        codes: Vec::new(),
        tax_class: TAX_CLASS.to_owned(),
        tracked: false,
        price: product.price,
        unit: None,
    }));
    all
}
