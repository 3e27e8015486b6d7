//! Rows of recording: a line and a sale on the disk before they are answered, beside one bare insert of as many bytes.

use std::path::Path;
use std::str::FromStr;

use anyhow::{Context as _, bail};
use daybook_core::amount::{Minor, Quantity};
use daybook_core::event::sale::BegunAs;
use daybook_core::ids::{CommandId, SaleId, ShiftId};
use daybook_core::sale::tender::TenderStatement;
use daybook_store::file::open_writer;
use daybook_store::{Durability, Reader, events};
use daybook_till::{Command, Session, Till};
use uuid::Uuid;

use super::ground::{Ground, Place};
use super::measure::{Rounds, median, micros};
use super::random::Random;
use super::row::{Bound, Row};
use super::syncs;
use crate::world::add_line;

/// Acts of one round.
const ACTS: usize = 60;
/// Acts of the shorter and of the longer run that is watched.
const WATCHED: (usize, usize) = (10, 60);
/// Lines of a sale that lines are recorded in.
const LINES_PER_SALE: usize = 100;

/// Syncs of checkpoints for each commit, at most: SQLite moves its write-ahead log into the database every thousand pages.
const CHECKPOINTS_MAX: f64 = 0.1;

/// What is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A line of a cart.
    Line,
    /// A sale of one line: opened, entered, paid. Only the paying is timed.
    Sale,
    /// As many bytes in one bare insert.
    Bare(usize),
}

impl FromStr for Kind {
    type Err = anyhow::Error;
    fn from_str(text: &str) -> anyhow::Result<Self> {
        Ok(match text {
            "line" => Kind::Line,
            "sale" => Kind::Sale,
            bytes => Kind::Bare(bytes.parse().context("what is to be recorded?")?),
        })
    }
}

/// P1: recording a line, and completing a sale.
pub fn recording(ground: &Ground, program: &Path, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Row>> {
    let bounds = (Bound::AtMost(1.5), Bound::AtMost(1.2));
    let beside = "bare WAL+FULL insert of the same bytes, one commit";
    let record = Row::new("P1.record", "record a line: log, journal file, read models", beside, bounds);
    let complete = Row::new("P1.complete", "complete a sale: log, journal file, read models", beside, bounds);
    Ok(vec![
        measured(record, Kind::Line, ground, program, tell)?,
        measured(complete, Kind::Sale, ground, program, tell)?,
    ])
}

fn measured(
    row: Row,
    kind: Kind,
    ground: &Ground,
    program: &Path,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<Row> {
    let name = if kind == Kind::Line { "line" } else { "sale" };
    let place = ground.without_past(name, tell)?;
    let mut seller = Seller::open(&place, ground)?;
    let bytes = seller.bytes_of(kind)?;
    let folder = ground.folder(&format!("{name}-bare"))?;
    let bare = Bare::open(&folder, bytes)?;
    let mut rounds = Rounds::default();
    for round in 0..=ground.sizes.rounds {
        let (mut ours, mut beside) = (Vec::new(), Vec::new());
        // Act by act in turn: the disk is everybody's, and never the same for long.
        for act in 0..ACTS {
            if act % 2 == 0 {
                ours.push(seller.act(kind)?);
                beside.push(bare.insert()?);
            } else {
                beside.push(bare.insert()?);
                ours.push(seller.act(kind)?);
            }
        }
        if round > 0 {
            rounds.ours.push(median(&ours));
            rounds.beside.push(median(&beside));
        }
    }
    drop(seller);
    let row = row
        .durable()
        .measured("µs", &rounds)
        .noting(format!("p50 of {ACTS} acts a round, {bytes} bytes each"));
    if !syncs::can_be_counted() {
        return Ok(row.and(false, "disk syncs were not counted: strace is not here or may not trace"));
    }
    let count = |what: &str, place: &Place| {
        let (data, journal) = (place.data.to_string_lossy(), place.journal.to_string_lossy());
        syncs::of_one_act(&folder, program, &["record-child", what, &data, &journal], WATCHED)
    };
    let ours = count(name, &place)?;
    let beside = count(&bytes.to_string(), &place)?;
    // A sale of one line is three commands, each with a commit and an answer of its own.
    let commits = if kind == Kind::Sale { 3.0 } else { 1.0 };
    let of_log = ours.get("log.db-wal").copied().unwrap_or_default() / commits;
    let beyond = syncs::sum(&ours) / commits - of_log;
    let exact = (of_log - 1.0).abs() < CHECKPOINTS_MAX && beyond < CHECKPOINTS_MAX;
    let mut row = row.and(
        exact,
        format!(
            "disk syncs, counted by strace in a run of their own: {} for {commits} commits, beside {} for one (must: exactly 1 for each \
             commit; what is beyond are checkpoints, one in many commits on either side). The journal file is flushed in the background \
             and not here",
            syncs::words(&ours),
            syncs::words(&beside)
        ),
    );
    row.disk_syncs = Some((syncs::sum(&ours) / commits, syncs::sum(&beside)));
    Ok(row)
}

/// The process that is watched: does nothing but so many acts.
pub fn child(kind: Kind, place: &Place, acts: usize) -> anyhow::Result<()> {
    if let Kind::Bare(bytes) = kind {
        let bare = Bare::open(&place.data, bytes)?;
        return (0..acts).try_for_each(|_| bare.insert().map(|_| ()));
    }
    let mut seller = Seller::on(place, first_code(place)?)?;
    (0..acts).try_for_each(|_| seller.act(kind).map(|_| ()))
}

/// Somebody who sells at a till whose commits are flushed.
struct Seller {
    place: Place,
    till: Till,
    session: Session,
    codes: Vec<String>,
    random: Random,
    lines: usize,
}

impl Seller {
    fn open(place: &Place, ground: &Ground) -> anyhow::Result<Self> {
        Seller::on(place, ground.catalogue.products.iter().map(|product| product.code.clone()).collect())
    }

    fn on(place: &Place, codes: Vec<String>) -> anyhow::Result<Self> {
        let till = place.open(true)?;
        let staff = till.staff();
        let manager = staff.iter().find(|(_, _, role)| role == "manager").context("there is no manager")?.0;
        let session = Session::headless(manager, None);
        let place = place.clone();
        let seller = Seller { place, till, session, codes, random: Random::new(5), lines: 0 };
        if seller.till.open_sale().is_some() {
            seller.execute(Command::AbandonSale(Some("measured".to_owned())))?;
        }
        if seller.till.shift_day().is_none() {
            let shift = ShiftId(Uuid::now_v7());
            seller.execute(Command::OpenShift { shift, float_minor: Minor::new(10_000) })?;
        }
        Ok(seller)
    }

    /// Records once; how long that took, in microseconds.
    fn act(&mut self, kind: Kind) -> anyhow::Result<f64> {
        match kind {
            Kind::Bare(_) => bail!("a bare insert is no till's act"),
            Kind::Line => {
                if self.lines == 0 {
                    self.begin()?;
                }
                let code = self.code();
                let (time, ()) = micros(|| self.execute(add_line(&code, Quantity::ONE)))?;
                self.lines += 1;
                if self.lines == LINES_PER_SALE {
                    self.pay()?;
                }
                Ok(time)
            }
            Kind::Sale => {
                self.begin()?;
                let code = self.code();
                self.execute(add_line(&code, Quantity::ONE))?;
                Ok(micros(|| self.pay())?.0)
            }
        }
    }

    /// How many bytes of events an act records.
    fn bytes_of(&mut self, kind: Kind) -> anyhow::Result<usize> {
        if kind == Kind::Line {
            self.begin()?;
        }
        let before = self.till.tip().context("the till has no origin")?.1;
        self.act(kind)?;
        let (origin, after) = self.till.tip().context("the till has no origin")?;
        let log = Reader::open(self.place.data.join("log.db"))?;
        let mut recorded = events::of_chain(&log, origin, before.seq + 1, after.seq)?;
        if kind == Kind::Sale {
            // Opening and the line have commits of their own.
            recorded.drain(..2);
        }
        Ok(recorded.iter().map(|event| event.text.envelope.len() + event.text.payload.len()).sum())
    }

    /// Opens a sale where none is open.
    fn begin(&mut self) -> anyhow::Result<()> {
        if self.till.open_sale().is_some() {
            return Ok(());
        }
        self.lines = 0;
        self.execute(Command::OpenSale { sale: SaleId(Uuid::now_v7()), begun_as: BegunAs::Sale })
    }

    fn pay(&mut self) -> anyhow::Result<()> {
        self.lines = 0;
        self.execute(Command::Pay(TenderStatement::of("cash", None)))
    }

    fn code(&mut self) -> String {
        self.codes[self.random.below(self.codes.len())].clone()
    }

    fn execute(&self, command: Command) -> anyhow::Result<()> {
        self.till.execute(&self.session, CommandId(Uuid::now_v7()), command)?;
        Ok(())
    }
}

/// The barcode of some product, for a process that knows no catalogue.
fn first_code(place: &Place) -> anyhow::Result<Vec<String>> {
    let views = Reader::open(place.data.join("views.db"))?;
    Ok(vec![views.query_row("SELECT min(sku) FROM products", [], |row| row.get(0))?])
}

/// A table of bytes, opened as Daybook opens a log.
struct Bare {
    connection: Reader,
    bytes: Vec<u8>,
}

impl Bare {
    fn open(folder: &Path, bytes: usize) -> anyhow::Result<Self> {
        let connection = open_writer(&folder.join("bare.db"), Durability::Full, &[])?;
        connection
            .execute_batch("CREATE TABLE IF NOT EXISTS bare (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)")?;
        Ok(Bare { connection, bytes: vec![b'x'; bytes] })
    }

    /// Inserts once; how long that took, in microseconds.
    fn insert(&self) -> anyhow::Result<f64> {
        let (time, _) = micros(|| {
            let mut statement = self.connection.prepare_cached("INSERT INTO bare (bytes) VALUES (?1)")?;
            Ok(statement.execute([&self.bytes])?)
        })?;
        Ok(time)
    }
}
