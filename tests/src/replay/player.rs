//! The tills as the parent sees them: each is fed its receipts, a few ahead of what it has played, killed now and then, and started
//! again where it stopped.

use std::io::SeekFrom;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, anyhow};
use serde_json::Value;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep_until};

use super::derive::Draws;
use super::receipt::Receipt;
use super::script::{Place, Script};
use super::steps::{last_step, steps_of};
use super::talk::{Ear, FromTill, Kid, Mouth, TillBegins, ToTill};

/// Receipts that a till may have been given and not played yet.
const AHEAD: usize = 64;

/// What all tills of a play share.
#[derive(Debug)]
pub struct Stage {
    /// What is played.
    pub script: Script,
    /// Whether commits reach the disk.
    pub durable: bool,
    /// Whether tills are killed.
    pub rough: bool,
    /// Whether head office loses its books on the way.
    pub restores: bool,
    /// Where all books are.
    pub books: PathBuf,
    /// Where tills enrol.
    pub server: String,
    /// How far it is.
    pub progress: Progress,
}

/// How far a play is, for whoever watches.
#[derive(Debug)]
pub struct Progress {
    /// Receipts played.
    pub played: AtomicU64,
    /// Events that wait at each till.
    pub waiting: Vec<AtomicI64>,
    /// Tills killed.
    pub kills: AtomicU64,
    /// Tills that have joined their shop.
    pub joined: AtomicU64,
    /// How far head office is with what befalls it.
    pub ordeal: watch::Sender<Ordeal>,
}

/// What befalls head office in the middle of a play, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ordeal {
    /// No backup is made yet.
    Ahead,
    /// One is made, and head office goes on.
    BackedUp,
    /// It lost its books and was put back; or nothing befalls it.
    Over,
}

impl Progress {
    /// Nothing yet, at so many tills.
    pub fn of(tills: usize, ordeal: Ordeal) -> Self {
        let waiting = (0..tills).map(|_| AtomicI64::new(0)).collect();
        Progress {
            played: AtomicU64::new(0),
            waiting,
            kills: AtomicU64::new(0),
            joined: AtomicU64::new(0),
            ordeal: watch::Sender::new(ordeal),
        }
    }

    /// Waits until head office is so far.
    async fn is_past(&self, ordeal: Ordeal) {
        let mut told = self.ordeal.subscribe();
        // The sender is here, so this ends with what is waited for.
        let _told = told.wait_for(|reached| *reached >= ordeal).await;
    }

    /// Events that wait at all tills together.
    pub fn waiting(&self) -> i64 {
        self.waiting.iter().map(|waiting| waiting.load(Ordering::Relaxed)).sum()
    }
}

/// One till: what it is, how far it is, and the process that is it at present.
#[derive(Debug)]
pub struct Player {
    stage: Arc<Stage>,
    number: usize,
    begins: TillBegins,
    /// Receipts it has played; one more once its last shift is closed.
    played: usize,
    /// After how many receipts it is killed, the next last.
    kills: Vec<usize>,
    draws: Draws,
    kid: Option<Kid>,
}

/// Why feeding a till ended.
enum Fed {
    Everything,
    Killed,
}

impl Player {
    /// A till that is about to start.
    pub fn new(stage: Arc<Stage>, number: usize, link: &str, code: String) -> anyhow::Result<Player> {
        let till = stage.script.tills.get(number).context("no such till")?;
        let receipts = till.places.len();
        let draws = stage.script.seed.draws(&["kills", &till.name]);
        let kills = if stage.rough { kills(&draws, receipts) } else { Vec::new() };
        let home = stage.books.join(format!("till-{}", number + 1));
        let rest_millis = match (stage.rough || stage.restores, u64::try_from(receipts)) {
            (true, Ok(receipts @ 1..)) => (3_000 / receipts).min(50),
            _ => 0,
        };
        let begins = TillBegins {
            name: till.name.clone(),
            data: home.join("data"),
            journal: home.join("journal"),
            durable: stage.durable,
            seed: stage.script.seed.0,
            run: 0,
            wall: till.places.first().map_or(0, |place| place.wall),
            server: format!("http://{}", stage.server),
            code: Some(code),
            link: format!("http://{link}"),
            products: i64::try_from(stage.script.products.len()).unwrap_or(i64::MAX),
            rest_millis,
        };
        Ok(Player { stage, number, begins, played: 0, kills, draws, kid: None })
    }

    /// Plays all receipts and closes the last shift.
    pub async fn play(&mut self) -> anyhow::Result<()> {
        loop {
            self.start().await?;
            match self.feed().await.map_err(|error| self.named(&error))? {
                Fed::Everything => return Ok(()),
                Fed::Killed => self.kill().await?,
            }
        }
    }

    /// Waits until everything is at head office.
    pub async fn drain(&mut self) -> anyhow::Result<()> {
        let ask_again = self.stage.restores;
        let kid = self.kid.as_mut().context("the till does not run")?;
        kid.say(&ToTill::Drain { ask_again }).await?;
        loop {
            let (waiting, drained) = match kid.hear().await? {
                FromTill::Waiting(waiting) => (waiting, false),
                FromTill::Drained => (0, true),
                other => return Err(self.named(&unexpected(other))),
            };
            self.stage.progress.waiting[self.number].store(waiting, Ordering::Relaxed);
            if drained {
                return Ok(());
            }
        }
    }

    /// What its read models hold, once they hold what head office says of its shop or have had time enough; and how it stands.
    pub async fn compare(&mut self, till_days: Value, patience: Duration) -> anyhow::Result<(Value, String)> {
        let kid = self.kid.as_mut().context("the till does not run")?;
        match kid.ask(&ToTill::Compare { till_days, seconds: patience.as_secs() }).await? {
            FromTill::Compared { told, status } => Ok((told, status)),
            other => Err(self.named(&unexpected(other))),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.begins.name
    }

    /// Its shop.
    pub fn shop(&self) -> &str {
        self.stage.script.tills.get(self.number).map_or("", |till| till.shop.as_str())
    }

    /// Lets it end.
    pub async fn end(self) -> anyhow::Result<()> {
        match self.kid {
            Some(kid) => kid.end().await,
            None => Ok(()),
        }
    }

    async fn start(&mut self) -> anyhow::Result<()> {
        let places = self.places();
        let next = places.get(self.played).or(places.last());
        self.begins.wall = next.map_or(0, |place| place.wall);
        let mut kid = Kid::start(&format!("till {}", self.begins.name), "till-child", &self.begins).await?;
        match kid.hear().await? {
            FromTill::Ready => self.kid = Some(kid),
            other => return Err(self.named(&unexpected(other))),
        }
        if self.begins.run == 0 {
            self.stage.progress.joined.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut kid) = self.kid.take() {
            kid.kill().await?;
        }
        self.begins.run += 1;
        self.stage.progress.kills.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Gives the till its receipts and hears what it has played, until all are played or its time has come.
    async fn feed(&mut self) -> anyhow::Result<Fed> {
        let (stage, number, first) = (self.stage.clone(), self.number, self.played);
        let mut kid = self.kid.take().context("the till does not run")?;
        let room = Semaphore::new(AHEAD);
        let (mouth, ear) = kid.ends();
        let given = async {
            give(&stage, number, first, mouth, &room).await?;
            // What is left is to hear that it is played.
            std::future::pending().await
        };
        let fed = tokio::select! {
            fed = self.listen(ear, &room) => fed,
            failed = given => failed,
        };
        self.kid = Some(kid);
        fed
    }

    async fn listen(&mut self, mut ear: Ear<'_>, room: &Semaphore) -> anyhow::Result<Fed> {
        let everything = self.places().len() + 1;
        let mut blow: Option<Instant> = None;
        while self.played < everything {
            if blow.is_none() && self.kills.last().is_some_and(|after| self.played >= *after) {
                self.kills.pop();
                blow = Some(Instant::now() + Duration::from_millis(self.draws.below(60)));
            }
            let heard = tokio::select! {
                heard = ear.hear() => heard?,
                () = sleep_until(blow.unwrap_or_else(Instant::now)), if blow.is_some() => return Ok(Fed::Killed),
            };
            match heard {
                FromTill::Played { seq, waiting } => {
                    self.played += 1;
                    room.add_permits(1);
                    let progress = &self.stage.progress;
                    progress.waiting[self.number].store(waiting, Ordering::Relaxed);
                    if seq > 0 {
                        progress.played.fetch_add(1, Ordering::Relaxed);
                    }
                }
                other => return Err(unexpected(other)),
            }
        }
        Ok(if blow.is_some() { Fed::Killed } else { Fed::Everything })
    }

    fn named(&self, error: &anyhow::Error) -> anyhow::Error {
        anyhow!("till {}: {error:#}", self.begins.name)
    }

    fn places(&self) -> &[Place] {
        self.stage.script.tills.get(self.number).map_or(&[], |till| &till.places)
    }
}

/// Gives a till its receipts from `first` on and then the end of its last shift, never more than there is room for.
async fn give(
    stage: &Stage,
    number: usize,
    first: usize,
    mut mouth: Mouth<'_>,
    room: &Semaphore,
) -> anyhow::Result<()> {
    let script = &stage.script;
    let till = script.tills.get(number).context("no such till")?;
    let mut file = File::open(&script.file).await?;
    let mut before = first.checked_sub(1).and_then(|last| till.places.get(last)).map(|place| place.wall);
    for (position, place) in till.places.iter().enumerate().skip(first) {
        room.acquire().await?.forget();
        if position + 1 == till.places.len() {
            // Something is left to happen that no backup holds.
            stage.progress.is_past(Ordeal::BackedUp).await;
        }
        let receipt = read(&mut file, place).await?;
        let steps = steps_of(script, &receipt, before);
        before = Some(place.wall);
        if mouth.say(&ToTill::Play { seq: receipt.seq, steps }).await.is_err() {
            // Whoever listens to it hears why.
            return std::future::pending().await;
        }
    }
    if first <= till.places.len() {
        // And something that head office hears only when it was put back.
        stage.progress.is_past(Ordeal::Over).await;
        let steps = vec![last_step(script, &till.name, before.unwrap_or(0))];
        if mouth.say(&ToTill::Play { seq: 0, steps }).await.is_err() {
            return std::future::pending().await;
        }
    }
    Ok(())
}

async fn read(file: &mut File, place: &Place) -> anyhow::Result<Receipt> {
    file.seek(SeekFrom::Start(place.offset)).await?;
    let mut bytes = vec![0; place.length];
    file.read_exact(&mut bytes).await?;
    let text = std::str::from_utf8(&bytes)?;
    Receipt::read(text).map_err(|what| anyhow!("the file has changed while it was played: {what}"))
}

/// After how many receipts a till is killed: a handful of times, once where there are few receipts. The next last.
fn kills(draws: &Draws, receipts: usize) -> Vec<usize> {
    let bound = u64::try_from(receipts).unwrap_or(u64::MAX);
    let times = (receipts / 15).clamp(1, 5);
    let mut after: Vec<usize> =
        (0..times).map(|_| usize::try_from(draws.below(bound)).unwrap_or(0)).collect();
    after.sort_by_key(|after| std::cmp::Reverse(*after));
    after
}

fn unexpected(said: FromTill) -> anyhow::Error {
    match said {
        FromTill::Failed(words) => anyhow!(words),
        other => anyhow!("it said something else: {other:?}"),
    }
}
