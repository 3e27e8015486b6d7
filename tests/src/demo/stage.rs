//! The demo shop as a stage: what has to happen around a window so that each of its states can be looked at.
//!
//! Head office goes away and comes back, hears of the same piece sold twice, or cannot take what a till says. Everything is real; nothing
//! of what the window then shows is put into its mouth.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use clap::ValueEnum;
use daybook_server::Running;
use daybook_server::office::{CloseReason, RevokeRequest};
use daybook_till::{Command, Options, SystemClock, SystemRandomness, Till};

use super::people::DemoPeople;
use super::{DemoTill, Home, SCARCE, STORE, head_office, piece, settings};

/// How the till stands before its window is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Beginning {
    /// It belongs to the demo's store and knows its catalogue.
    Ready,
    /// It was just installed.
    New,
    /// It was restored from a backup, and the key under which it sold before is lost: head office does not take that sale.
    KeyLost,
}

/// What can be asked to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Cue {
    /// Head office goes away.
    HeadOfficeStops,
    /// Head office is there again.
    HeadOfficeStarts,
    /// Two other tills without a network both sell the last piece of a product.
    LastPieceSoldTwice,
    /// Head office ends the till's access.
    TillRevoked,
}

/// A demo shop and a till, around which things can happen.
pub struct Stage {
    home: Home,
    running: Option<Running>,
    address: SocketAddr,
    people: DemoPeople,
    /// Where head office is.
    pub url: String,
    /// The till, which does not synchronise yet.
    pub till: Till,
    /// A PIN that lets the first person of the list in.
    pub pin: String,
    /// A code with which a new till may join the store as `Till 1`; none where the till belongs to it already.
    pub code: Option<String>,
}

impl Stage {
    /// Sets a demo shop up in a home. `durable`: whether the till waits for its disk.
    pub async fn set_up(home: Home, beginning: Beginning, durable: bool) -> anyhow::Result<Self> {
        let Home(path) = &home;
        let (running, url, people) = head_office(path, 0, &mut |_| {}).await?;
        let options = |journal: &str| Options {
            data: path.join("till"),
            journal: path.join(journal),
            durable,
            clock: Arc::new(SystemClock::default()),
            randomness: Arc::new(SystemRandomness),
            keystore: Arc::new(daybook_till::NoKeystore),
        };
        let (till, code) = match beginning {
            Beginning::New => {
                let code = running.office.enrol_code(STORE, "Till 1").await?;
                (Till::open(options("journal"))?, Some(code.to_string()))
            }
            Beginning::Ready | Beginning::KeyLost => {
                let whose = (options("journal"), &people);
                let mut opened = DemoTill::open_in(&running.office, whose, &url, "Till 1").await?;
                opened.go_offline().await;
                if beginning == Beginning::KeyLost {
                    sell_and_lose_the_key(opened, &path.join("till"))?;
                    // Without its journal file the till goes on under a child origin, which has a key of its own.
                    let till = Till::open(options("another-journal"))?;
                    till.set_server(&url);
                    (till, None)
                } else {
                    (opened.till, None)
                }
            }
        };
        let pin = people.pin("1").context("the demo has no first person")?.reveal().to_owned();
        let address = running.address;
        Ok(Stage { home, running: Some(running), address, people, url, till, pin, code })
    }

    /// Makes something happen. Ends when it has; the till hears of it in its own time.
    pub async fn act(&mut self, cue: Cue) -> anyhow::Result<()> {
        match cue {
            Cue::HeadOfficeStops => self.stop().await,
            Cue::HeadOfficeStarts => self.start().await,
            Cue::LastPieceSoldTwice => self.sell_the_last_piece_twice().await,
            Cue::TillRevoked => self.revoke().await,
        }
    }

    async fn stop(&mut self) -> anyhow::Result<()> {
        self.running.take().context("head office is away already")?.stop().await;
        Ok(())
    }

    async fn start(&mut self) -> anyhow::Result<()> {
        ensure!(self.running.is_none(), "head office is there already");
        let Home(path) = &self.home;
        self.running = Some(daybook_server::start(settings(path), self.address).await?);
        Ok(())
    }

    async fn revoke(&self) -> anyhow::Result<()> {
        let office = &self.running.as_ref().context("head office is away")?.office;
        let till = "Till 1".to_owned();
        office.revoke(RevokeRequest { till, store: None, reason: CloseReason::Stolen }).await?;
        Ok(())
    }

    async fn sell_the_last_piece_twice(&self) -> anyhow::Result<()> {
        let office = &self.running.as_ref().context("head office is away")?.office;
        let Home(path) = &self.home;
        let mut one = DemoTill::open(office, (path, &self.people), &self.url, ("Till 2", "1")).await?;
        let mut other = DemoTill::open(office, (path, &self.people), &self.url, ("Till 3", "2")).await?;
        one.open_day()?;
        other.open_day()?;
        one.act_approved(Command::CountStock {
            session: "morning".to_owned(),
            lines: vec![piece(SCARCE, 1)],
        })?;
        one.settle().await?;
        for till in [&mut one, &mut other] {
            till.go_offline().await;
            till.sell(&[(SCARCE, 1)], None)?;
        }
        for till in [&mut one, &mut other] {
            till.go_online();
            till.settle().await?;
            till.go_offline().await;
        }
        Ok(())
    }
}

/// A sale that head office has not heard of, whose origin can never again prove itself. The till is closed afterwards.
fn sell_and_lose_the_key(mut opened: DemoTill, data: &Path) -> anyhow::Result<()> {
    let (staff, pin) = opened.person("1")?;
    opened.signed_in = Some(opened.till.sign_in(staff, &pin)?);
    opened.open_day()?;
    opened.sell(&[(SCARCE, 1)], None)?;
    let (origin, _) = opened.till.tip().context("a till that sold has a tip")?;
    drop(opened);
    let keys = data.join("keys.json");
    let mut kept: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&keys)?)?;
    kept[origin.to_string()] = "A".repeat(43).into();
    std::fs::write(&keys, kept.to_string())?;
    Ok(())
}
