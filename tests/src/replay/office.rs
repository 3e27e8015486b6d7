//! Head office as the parent sees it: a child that is asked one thing at a time, by whoever needs something.

use std::path::Path;
use std::time::Duration;

use anyhow::bail;
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
    /// Where it listens.
    pub address: String,
}

impl Office {
    /// Starts it with new books, and publishes everything that tills have to know.
    pub async fn start(script: &Script, durable: bool, books: &Path) -> anyhow::Result<Office> {
        let currency = script.shops.values().next().map_or("EUR", |currency| currency.code.code());
        let begins = ServerBegins {
            data: books.join("head-office"),
            durable,
            seed: script.seed.0,
            wall: script.begins(),
            currency: currency.to_owned(),
        };
        let mut kid = Kid::start("head office", "server-child", &begins).await?;
        let address = match kid.hear().await? {
            FromServer::Ready { address } => address,
            other => return unexpected(other),
        };
        let office = Office { kid: Mutex::new(kid), address };
        let mut publications = publications(script);
        while !publications.is_empty() {
            let rest = publications.split_off(publications.len().min(AT_ONCE));
            match office.ask(&ToServer::Publish(publications)).await? {
                FromServer::Published => publications = rest,
                other => return unexpected(other),
            }
        }
        Ok(office)
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

fn unexpected<T>(said: FromServer) -> anyhow::Result<T> {
    match said {
        FromServer::Failed(words) => bail!("head office: {words}"),
        other => bail!("head office said something else: {other:?}"),
    }
}

/// The shops with their currencies, the one tax class, the people, the products.
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
    // Receipts are played for people who show no PIN.
    for (number, role) in [("1", "cashier"), ("2", "manager")] {
        all.push(Publication::Staff {
            number: number.to_owned(),
            name: Secret::new(format!("Replay's {role}")),
            pin: None,
            role: role.to_owned(),
            store: None,
        });
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
