//! A receipt printer on a free port that records what comes out of it, and that can be off, deaf, out of paper or die in mid-paper.
//!
//! It answers questions about itself like the better ones do, or never, like the others. Time enters nowhere: whoever waits is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use daybook_core::paper::CodePage;
use daybook_till::Till;
use daybook_till::print::{Patience, PrinterSettings, print};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::escpos::{Letters, Order, lines, parse_prefix};

/// How long a story waits for paper before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// What kind of printer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Says how it is when it is asked.
    Answers,
    /// Says nothing, and closes the connection when it has read everything.
    Mute,
    /// Says nothing and closes nothing.
    Wooden,
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It prints.
    Fine,
    /// It accepts connections and reads nothing.
    Deaf,
    /// It prints so many bytes of a paper, and then its power fails.
    DiesAfter(usize),
    /// It has no paper, and says so when it is asked.
    OutOfPaper,
}

/// A paper that came out, whole or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Its lines.
    pub lines: Vec<String>,
    /// Whether it opened the drawer.
    pub kicked: bool,
    /// Whether it was cut, so that all of it is there.
    pub whole: bool,
}

impl Sheet {
    /// Whether a line holds a text.
    pub fn says(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.contains(text))
    }
}

/// A printer.
pub struct StoryPrinter {
    kind: Kind,
    address: SocketAddr,
    mood: watch::Sender<Mood>,
    /// The bytes of each connection that printed anything, without questions.
    out: Arc<Mutex<Vec<Vec<u8>>>>,
    printed: watch::Sender<usize>,
    power: Option<JoinHandle<()>>,
}

impl StoryPrinter {
    /// A printer that is on and fine.
    pub async fn on(kind: Kind) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (mood, printed) = (watch::channel(Mood::Fine).0, watch::channel(0).0);
        let mut printer = StoryPrinter { kind, address, mood, out: Arc::default(), printed, power: None };
        printer.serve(listener);
        printer
    }

    /// How a till is told of it.
    pub fn settings(&self) -> PrinterSettings {
        let (address, code_page) = (self.address.to_string(), CodePage::Pc858);
        PrinterSettings { address, code_page, columns: 42, cuts: true, drawer: true }
    }

    /// Changes how it is.
    pub fn becomes(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// Switches it off: nobody listens at its address.
    pub async fn off(&mut self) {
        if let Some(power) = self.power.take() {
            power.abort();
            let _ended = power.await;
        }
    }

    /// Switches it on again, fine.
    pub async fn on_again(&mut self) {
        self.off().await;
        self.becomes(Mood::Fine);
        let listener = TcpListener::bind(self.address).await.expect("its old port");
        self.serve(listener);
    }

    fn serve(&mut self, listener: TcpListener) {
        let (kind, mood) = (self.kind, self.mood.clone());
        let (out, printed) = (self.out.clone(), self.printed.clone());
        self.power = Some(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let paper = Roll { out: out.clone(), printed: printed.clone(), at: None };
                connections.spawn(attend_connection(stream, kind, mood.clone(), paper));
            }
        }));
    }

    /// What came out so far.
    pub fn sheets(&self) -> Vec<Sheet> {
        sheets(&self.out.lock().expect("the paper"))
    }

    /// Waits until so many whole papers came out, and gives everything that did.
    pub async fn printed(&self, wanted: usize) -> Vec<Sheet> {
        let enough = |sheets: &[Sheet]| sheets.iter().filter(|sheet| sheet.whole).count() >= wanted;
        let mut told = self.printed.subscribe();
        let waiting = async {
            while !enough(&self.sheets()) {
                told.changed().await.expect("the printer is there");
            }
        };
        timeout(PATIENCE, waiting)
            .await
            .unwrap_or_else(|_| panic!("{wanted} papers did not come out: {:?}", self.sheets()));
        self.sheets()
    }
}

/// Where the bytes of a connection come out.
struct Roll {
    out: Arc<Mutex<Vec<Vec<u8>>>>,
    printed: watch::Sender<usize>,
    at: Option<usize>,
}

impl Roll {
    fn print(&mut self, bytes: &[u8]) {
        let mut out = self.out.lock().expect("the paper");
        let at = *self.at.get_or_insert(out.len());
        if out.len() == at {
            out.push(Vec::new());
        }
        out[at].extend(bytes);
        drop(out);
        self.printed.send_modify(|count| *count += 1);
    }

    fn length(&self) -> usize {
        self.at.map_or(0, |at| self.out.lock().expect("the paper")[at].len())
    }
}

async fn attend_connection(mut stream: TcpStream, kind: Kind, mood: watch::Sender<Mood>, mut roll: Roll) {
    let mut moods = mood.subscribe();
    let (mut byte, mut pending) = ([0_u8; 1], Vec::new());
    loop {
        if moods.wait_for(|mood| *mood != Mood::Deaf).await.is_err() {
            return;
        }
        match stream.read(&mut byte).await {
            Ok(1) => pending.push(byte[0]),
            Ok(_) if kind == Kind::Wooden => return std::future::pending().await,
            Ok(_) | Err(_) => return,
        }
        let now = *moods.borrow();
        let paper_out = now == Mood::OutOfPaper;
        let answer = match pending[..] {
            [0x10] | [0x10, 0x04] | [0x1d] | [0x1d, b'r'] => continue,
            [0x10, 0x04, 2] => Some(if paper_out { 0x32 } else { 0x12 }),
            [0x10, 0x04, 4] => Some(if paper_out { 0x72 } else { 0x12 }),
            [0x1d, b'r', _] => Some(0),
            _ => {
                if let Mood::DiesAfter(bytes) = now
                    && roll.length() + pending.len() > bytes
                {
                    stream.set_zero_linger().expect("a socket that can be cut off");
                    return;
                }
                roll.print(&pending);
                None
            }
        };
        pending.clear();
        if let (Some(answer), Kind::Answers) = (answer, kind)
            && stream.write_all(&[answer]).await.is_err()
        {
            return;
        }
    }
}

fn sheets(out: &[Vec<u8>]) -> Vec<Sheet> {
    let letters = Letters::of(CodePage::Pc858);
    let mut sheets = Vec::new();
    for bytes in out {
        let (orders, _) = parse_prefix(bytes).expect("what a printer understands");
        for orders in orders.split_inclusive(|order| *order == Order::Cut) {
            let kicked = orders.contains(&Order::Kick);
            let whole = orders.last() == Some(&Order::Cut);
            sheets.push(Sheet { lines: lines(orders, &letters), kicked, whole });
        }
    }
    sheets
}

/// Somebody who carries a till's papers to its printer.
pub struct Attendance {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Attendance {
    /// Begins, with less patience than a shop has: these printers are near.
    pub fn begin(till: &Till) -> Self {
        let patience = Patience {
            connect: Duration::from_secs(5),
            answer: Duration::from_millis(100),
            known_answer: Duration::from_secs(1),
            write: Duration::from_secs(1),
            confirm: Duration::from_secs(1),
        };
        let (stop, stopped) = watch::channel(false);
        Attendance { stop, task: tokio::spawn(print(till.clone(), patience, stopped)) }
    }

    /// Ends as a person would, with what was begun.
    pub async fn end(self) {
        let _gone = self.stop.send(true);
        self.task.await.expect("printing ends well");
    }

    /// Ends as a power cut would.
    pub async fn kill(self) {
        self.task.abort();
        let _ended = self.task.await;
    }
}

/// Waits until a till's printing is as wanted.
pub async fn printing_is(till: &Till, what: &str, so: impl Fn(&Till) -> bool) {
    let mut changed = till.changes();
    let waiting = async {
        while !so(till) {
            changed.changed().await.expect("the till is there");
        }
    };
    let waited = timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "{what} did not come about: {:?}", till.print_queue());
}
