//! A till as a process of its own: the till that the window uses, without a window, told what to do by the parent.
//!
//! It may be killed at any moment and started again over the same files. What it was in the middle of is asked of it again with the same
//! ids, and it answers for what it has recorded already.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use daybook_core::identity::enrol::EnrolCode;
use daybook_core::limits::HEARTBEAT_SECONDS;
use daybook_core::sync::till::Status;
use daybook_till::{Options, Session, Till, synchronise};
use tokio::runtime::Runtime;

use super::clock::DrivenClock;
use super::derive::Seed;
use super::figures::{TillDays, differences, till_days_in};
use super::steps::Step;
use super::talk::child::{Parent, say};
use super::talk::{FromTill, TillBegins, ToTill};

/// How often a till that waits for something looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// The longest that a till may take to enrol and to learn its catalogue.
const READY_WITHIN: Duration = Duration::from_secs(180);

/// Runs the child until the parent has gone.
pub fn run() -> anyhow::Result<()> {
    let mut parent = Parent::new(false);
    let begins: TillBegins = parent.hear()?.context("nobody said what to be")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    if let Err(error) = play(&mut parent, begins, &runtime) {
        say(&FromTill::Failed(format!("{error:#}")))?;
    }
    runtime.shutdown_background();
    Ok(())
}

fn play(parent: &mut Parent, begins: TillBegins, runtime: &Runtime) -> anyhow::Result<()> {
    let clock = Arc::new(DrivenClock::at(begins.wall));
    let draws = Seed(begins.seed).draws(&["till", &begins.name, &begins.run.to_string()]);
    let till = Till::open(Options {
        data: begins.data.clone(),
        journal: begins.journal.clone(),
        durable: begins.durable,
        clock: clock.clone(),
        randomness: Arc::new(draws),
        keystore: Arc::new(daybook_till::NoKeystore),
    })
    .map_err(|error| anyhow!("its books do not open: {error}"))?;
    if let (false, Some(code)) = (till.is_enrolled(), &begins.code) {
        let code = EnrolCode::parse(code)?;
        runtime
            .block_on(till.enrol(&begins.server, &code, &begins.name))
            .map_err(|error| anyhow!("it cannot enrol: {error}"))?;
    }
    till.set_server(&begins.link);
    // The sender must live as long as synchronisation shall.
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    runtime.spawn(synchronise(till.clone(), stopped));
    let player = Player { session: session_when_ready(&till, &begins)?, till, clock };
    say(&FromTill::Ready)?;
    while let Some(message) = parent.hear()? {
        match message {
            ToTill::Play { seq, steps } => {
                player.play(seq, steps)?;
                say(&FromTill::Played { seq, waiting: player.till.waiting() })?;
                std::thread::sleep(Duration::from_millis(begins.rest_millis));
            }
            ToTill::Drain { ask_again } => player.drain(ask_again)?,
            ToTill::Compare { till_days, seconds } => {
                player.compare(&till_days_in(&till_days)?, Duration::from_secs(seconds))?;
            }
        }
    }
    Ok(())
}

/// Waits until the till knows all products and the people. A new till waits too until nothing more is on its way; one that was killed knows
/// enough to go on without a network.
fn session_when_ready(till: &Till, begins: &TillBegins) -> anyhow::Result<Session> {
    let products = begins.products;
    let began = Instant::now();
    loop {
        let people = till.staff();
        let of_role = |role: &str| people.iter().find(|(_, _, of)| of == role).map(|(staff, _, _)| *staff);
        let known = till
            .catalogue_size()
            .map_err(|error| anyhow!("its catalogue cannot be read: {error}"))?;
        if let (true, Some(cashier), Some(manager)) =
            (known >= products, of_role("cashier"), of_role("manager"))
            && (begins.run > 0 || till.status() == Status::UpToDate)
        {
            return Ok(Session::headless(cashier, Some(manager)));
        }
        if began.elapsed() > READY_WITHIN {
            bail!(
                "it knows {known} of {products} products and {} people, and is {:?}",
                people.len(),
                till.status()
            );
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

struct Player {
    till: Till,
    session: Session,
    clock: Arc<DrivenClock>,
}

impl Player {
    fn play(&self, seq: u64, steps: Vec<Step>) -> anyhow::Result<()> {
        for (position, step) in steps.into_iter().enumerate() {
            self.clock.set(step.wall);
            let words = format!("{:?}", step.command);
            self.till
                .execute(&self.session, step.id, step.command)
                .map_err(|error| anyhow!("receipt {seq}, step {position}: {error}; it was asked: {words}"))?;
        }
        Ok(())
    }

    fn drain(&self, ask_again: bool) -> anyhow::Result<()> {
        let mut said = Instant::now();
        let answers = self.till.handshakes() + u64::from(ask_again);
        if ask_again {
            // What was acknowledged by a head office that is no more says nothing: the next heartbeat tells, and is due at once.
            self.clock.hurry(Duration::from_secs(2 * HEARTBEAT_SECONDS));
            self.till.sync_now();
        }
        while self.till.waiting() > 0 || self.till.handshakes() < answers {
            std::thread::sleep(LOOK_AGAIN);
            if said.elapsed() > Duration::from_millis(500) {
                said = Instant::now();
                say(&FromTill::Waiting(self.till.waiting()))?;
            }
        }
        say(&FromTill::Drained)
    }

    /// Tells what the own read models hold as soon as they hold what is expected, or when it takes too long.
    fn compare(&self, expected: &TillDays, patience: Duration) -> anyhow::Result<()> {
        let (began, mut pause) = (Instant::now(), LOOK_AGAIN);
        loop {
            let told =
                self.till.totals().map_err(|error| anyhow!("its read models cannot be read: {error}"))?;
            let own = till_days_in(&told)?;
            if differences(("", &own), ("", expected)).is_empty() || began.elapsed() > patience {
                let status = format!("{:?}", self.till.status());
                return say(&FromTill::Compared { told, status });
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }
}
