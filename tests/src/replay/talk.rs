//! What the parent and its children say to each other: one JSON object a line, on the child's standard input and output.
//!
//! A child's first line from the parent says what it is to be; it lives until its input ends. A child that cannot go on says why
//! and ends; a till that is killed says nothing, and the parent starts it again.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, anyhow, bail};
use daybook_server::office::Publication;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, BufWriter, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::steps::Step;

/// What a server child is to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServerBegins {
    /// Where its books are.
    pub data: PathBuf,
    /// Where it listens; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// How often it was started before. The first time it makes its books.
    pub run: u64,
    /// Whether commits reach the disk.
    pub durable: bool,
    /// What its random bytes follow from.
    pub seed: u64,
    /// Its clock, in microseconds since 1970.
    pub wall: i64,
    /// Letters of the organisation's currency.
    pub currency: String,
}

/// What the parent asks of the server.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToServer {
    /// Publish as head office.
    Publish(Vec<Publication>),
    /// A code for a new till.
    EnrolCode {
        /// Its shop.
        shop: String,
        /// Its name.
        till: String,
    },
    /// How far it is.
    Health,
    /// What its read models say.
    Totals,
}

/// What the server says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromServer {
    /// Where it listens.
    Ready {
        /// Address and port.
        address: String,
    },
    /// It is published.
    Published,
    /// The code, as people read it.
    EnrolCode(String),
    /// How far it is.
    Health {
        /// Events stored.
        events: i64,
        /// Events projected.
        projected: i64,
    },
    /// What its read models say.
    Totals(Value),
    /// It cannot go on.
    Failed(String),
}

/// What a till child is to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TillBegins {
    /// Its name.
    pub name: String,
    /// Where its books are.
    pub data: PathBuf,
    /// Where its journal is.
    pub journal: PathBuf,
    /// Whether commits reach the disk.
    pub durable: bool,
    /// What its random bytes follow from.
    pub seed: u64,
    /// How often it was started before.
    pub run: u64,
    /// Its clock, in microseconds since 1970.
    pub wall: i64,
    /// Where to enrol.
    pub server: String,
    /// With which code, where it is not enrolled yet.
    pub code: Option<String>,
    /// Where to synchronise.
    pub link: String,
    /// Products to wait for.
    pub products: i64,
    /// Milliseconds to rest after each receipt, so that a short play leaves time for faults.
    pub rest_millis: u64,
}

/// What the parent asks of a till.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToTill {
    /// Play a receipt.
    Play {
        /// Its number.
        seq: u64,
        /// What to do.
        steps: Vec<Step>,
    },
    /// Say when everything is at head office.
    Drain {
        /// Whether head office was put back, and has to be asked once more what it has before its acknowledgements count.
        ask_again: bool,
    },
    /// Say what the own read models hold, once they hold what head office says, or as they are when this long has passed.
    Compare {
        /// `till_days` of its shop, as head office has them.
        till_days: Value,
        /// How long to wait for it.
        seconds: u64,
    },
}

/// What a till says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromTill {
    /// It is enrolled and knows its catalogue and people.
    Ready,
    /// A receipt is played; its last one is 0.
    Played {
        /// Its number.
        seq: u64,
        /// Events that head office has not acknowledged.
        waiting: i64,
    },
    /// So much is left to send.
    Waiting(i64),
    /// Everything is at head office.
    Drained,
    /// What its read models hold.
    Compared {
        /// Its `till_days`.
        told: Value,
        /// How it stands with head office, in words.
        status: String,
    },
    /// It cannot go on.
    Failed(String),
}

/// What a proxy child is to be.
#[derive(Debug, Serialize, Deserialize)]
pub struct ProxyBegins {
    /// The server's address and port.
    pub server: String,
    /// The tills: each gets a link of its own.
    pub tills: Vec<String>,
    /// What its faults follow from.
    pub seed: u64,
    /// Receipts that will be played: a short play needs faults more often.
    pub receipts: u64,
}

/// What the parent asks of the proxy.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToProxy {
    /// No more faults.
    Calm,
    /// What happened so far.
    Counts,
}

/// What the proxy says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromProxy {
    /// Where each till's link listens, in the tills' order.
    Ready {
        /// Addresses and ports.
        links: Vec<String>,
    },
    /// Each kind of fault and how often it happened.
    Counts(Vec<(String, u64)>),
    /// It cannot go on.
    Failed(String),
}

/// A child of this process: the same program in another role.
#[derive(Debug)]
pub struct Kid {
    name: String,
    child: Child,
    input: BufWriter<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Kid {
    /// Starts a child in a role and tells it what it is to be.
    pub async fn start<B: Serialize>(name: &str, role: &str, begins: &B) -> anyhow::Result<Kid> {
        let program = std::env::current_exe().context("this program's own file is unknown")?;
        let mut child = Command::new(program)
            .arg(role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        let input = child.stdin.take().context("a child without input")?;
        let output = child.stdout.take().context("a child without output")?;
        let mut kid = Kid {
            name: name.to_owned(),
            child,
            input: BufWriter::new(input),
            output: BufReader::with_capacity(1 << 16, output).lines(),
        };
        kid.say(begins).await?;
        Ok(kid)
    }

    /// Says something to it.
    pub async fn say<M: Serialize>(&mut self, message: &M) -> anyhow::Result<()> {
        say(&mut self.input, message)
            .await
            .with_context(|| format!("{} does not listen", self.name))
    }

    /// The next thing it says.
    pub async fn hear<M: DeserializeOwned>(&mut self) -> anyhow::Result<M> {
        hear(&self.name, &mut self.output).await
    }

    /// Asks and waits for the answer.
    pub async fn ask<Q: Serialize, A: DeserializeOwned>(&mut self, question: &Q) -> anyhow::Result<A> {
        self.say(question).await?;
        self.hear().await
    }

    /// Its two ends, for somebody who speaks and listens at the same time.
    pub fn ends(&mut self) -> (Mouth<'_>, Ear<'_>) {
        (Mouth { input: &mut self.input }, Ear { name: &self.name, output: &mut self.output })
    }

    /// Ends it at once, as a power cut would: it gets no chance to tidy up.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().await.with_context(|| format!("{} could not be killed", self.name))
    }

    /// The most memory that it has used at once so far, in KiB; 0 where the system does not say.
    pub fn memory_kib_max(&self) -> u64 {
        let status = self.child.id().map(|id| std::fs::read_to_string(format!("/proc/{id}/status")));
        let line = status.and_then(Result::ok).unwrap_or_default();
        let peak = line.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.and_then(|peak| peak.trim().strip_suffix("kB")?.trim().parse().ok()).unwrap_or(0)
    }

    /// Lets it end by itself: its input ends here.
    pub async fn end(self) -> anyhow::Result<()> {
        let Kid { name, mut child, input, output } = self;
        drop((input, output));
        let ended = tokio::time::timeout(std::time::Duration::from_secs(20), child.wait()).await;
        match ended {
            Err(_) => bail!("{name} did not end"),
            Ok(status) if !status.as_ref().is_ok_and(std::process::ExitStatus::success) => {
                bail!("{name} ended badly")
            }
            Ok(_) => Ok(()),
        }
    }
}

/// The end of a child that is spoken to.
#[derive(Debug)]
pub struct Mouth<'a> {
    input: &'a mut BufWriter<ChildStdin>,
}

impl Mouth<'_> {
    /// Says something.
    pub async fn say<M: Serialize>(&mut self, message: &M) -> anyhow::Result<()> {
        say(self.input, message).await
    }
}

/// The end of a child that is listened to.
#[derive(Debug)]
pub struct Ear<'a> {
    name: &'a str,
    output: &'a mut Lines<BufReader<ChildStdout>>,
}

impl Ear<'_> {
    /// The next thing it says.
    pub async fn hear<M: DeserializeOwned>(&mut self) -> anyhow::Result<M> {
        hear(self.name, self.output).await
    }
}

async fn say<M: Serialize>(input: &mut BufWriter<ChildStdin>, message: &M) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    input.write_all(&line).await?;
    input.flush().await?;
    Ok(())
}

async fn hear<M: DeserializeOwned>(
    name: &str,
    output: &mut Lines<BufReader<ChildStdout>>,
) -> anyhow::Result<M> {
    let line = output.next_line().await.with_context(|| format!("{name} cannot be understood"))?;
    let line = line.ok_or_else(|| anyhow!("{name} has gone"))?;
    serde_json::from_str(&line).with_context(|| format!("{name} said what nobody asked: {line}"))
}

/// The child's side: hears what the parent says and answers.
pub mod child {
    use std::io::{BufRead, Write, stdin, stdout};
    use std::sync::mpsc::{Receiver, sync_channel};

    use anyhow::Context;
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    /// Messages that may have arrived and not been looked at.
    const UNREAD: usize = 256;

    /// What the parent says.
    #[derive(Debug)]
    pub struct Parent {
        said: Receiver<String>,
    }

    impl Parent {
        /// Begins to listen. A child that has nothing to tidy up ends as soon as its parent has gone, whatever it is doing.
        pub fn new(tidies_up: bool) -> Self {
            let (sender, said) = sync_channel(UNREAD);
            std::thread::spawn(move || {
                for line in stdin().lock().lines() {
                    let Ok(line) = line else { break };
                    if sender.send(line).is_err() {
                        return;
                    }
                }
                if !tidies_up {
                    std::process::exit(0);
                }
            });
            Parent { said }
        }

        /// The next thing the parent says; none where it has gone.
        pub fn hear<M: DeserializeOwned>(&mut self) -> anyhow::Result<Option<M>> {
            let Ok(line) = self.said.recv() else { return Ok(None) };
            serde_json::from_str(&line)
                .map(Some)
                .context("the parent said what this child does not know")
        }
    }

    /// Says something to the parent.
    pub fn say<M: Serialize>(message: &M) -> anyhow::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        let mut output = stdout().lock();
        output.write_all(&line)?;
        output.flush()?;
        Ok(())
    }
}
