//! Head office as a process of its own: the server that shops run, over HTTP, with the parent as its administrator.

use std::sync::Arc;

use anyhow::Context;
use daybook_core::identity::pin::PinCost;
use daybook_server::office::{NewOrganisation, Settings, init};

use super::clock::DrivenClock;
use super::derive::Seed;
use super::talk::child::{Parent, say};
use super::talk::{FromServer, ServerBegins, ToServer};

/// Runs the child until the parent has gone.
pub fn run() -> anyhow::Result<()> {
    let mut parent = Parent::new(true);
    let begins: ServerBegins = parent.hear()?.context("nobody said what to be")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if let Err(error) = runtime.block_on(serve(&mut parent, begins)) {
        say(&FromServer::Failed(format!("{error:#}")))?;
    }
    runtime.shutdown_background();
    Ok(())
}

async fn serve(parent: &mut Parent, begins: ServerBegins) -> anyhow::Result<()> {
    let settings = Settings {
        data: begins.data,
        durable: begins.durable,
        clock: Arc::new(DrivenClock::at(begins.wall)),
        randomness: Arc::new(Seed(begins.seed).draws(&["head office", &begins.run.to_string()])),
        pin_cost: PinCost::CHEAP,
    };
    if begins.run == 0 {
        let organisation = NewOrganisation {
            name: "Replay".to_owned(),
            currency: begins.currency,
            time_zone: "UTC".to_owned(),
            prices_inclusive: true,
            cut_over_minutes: 0,
        };
        init(&settings, &organisation)?;
    }
    let running = daybook_server::start(settings, begins.listen).await?;
    say(&FromServer::Ready { address: running.address.to_string() })?;
    let office = running.office.clone();
    // Reading what the parent says blocks, so the other threads serve meanwhile.
    while let Some(message) = tokio::task::block_in_place(|| parent.hear())? {
        say(&match message {
            ToServer::Publish(publications) => {
                office.publish(publications).await?;
                FromServer::Published
            }
            ToServer::EnrolCode { shop, till } => {
                FromServer::EnrolCode(office.enrol_code(&shop, &till).await?.to_string())
            }
            ToServer::Health => {
                let health = office.health().await?;
                FromServer::Health { events: health.events, projected: health.projected }
            }
            ToServer::Totals => FromServer::Totals(office.totals().await?),
        })?;
    }
    running.stop().await;
    Ok(())
}
