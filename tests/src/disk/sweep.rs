//! The sweep: each change that a checkout makes to its disk fails in turn, in every way it can, or is the last the process does.
//!
//! What was told is compared with what a till finds that is started again over the same files, and with what it would find after a power
//! cut. It must have been true.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, ensure};
use daybook_store::StoreError;
use daybook_store::file::open_reader;
use daybook_store::till::TillLog;
use daybook_till::ExecuteError;
use rusqlite::ffi;

use super::crash::scratch;
use super::examine::lay_out;
use super::image::Disk;
use super::kiosk::{Deed, Kiosk, Place};
use super::trace::{Fate, Recorder, Trace};
use super::vfs::seed_sqlite;
use super::vfs::watched::{Change, Verdict};
use crate::world::copy_directory;

/// Power cuts after each failure.
const CUTS: u64 = 3;

/// How a change fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The disk gives an error, once.
    Error,
    /// There is no room, from now on.
    Full,
    /// A write is cut short by an error, once.
    Short,
    /// A write finds room for a part, and none is there from then on.
    ShortFull,
    /// The process ends before it.
    Kill,
}

/// All ways.
pub const FAULTS: [Fault; 5] = [Fault::Error, Fault::Full, Fault::Short, Fault::ShortFull, Fault::Kill];

/// What was told of a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is done.
    Done,
    /// Nothing was recorded.
    NotRecorded,
    /// It is not known.
    Unknown,
    /// The till records nothing more.
    Stopped,
    /// It makes no sense now: something before it was not recorded.
    Refused,
}

impl Told {
    /// What an answer tells.
    pub fn of(answer: &Result<daybook_till::Answer, ExecuteError>) -> Self {
        match answer {
            Ok(_) => Told::Done,
            Err(ExecuteError::NotRecorded(_)) => Told::NotRecorded,
            Err(ExecuteError::Unknown(_)) => Told::Unknown,
            Err(ExecuteError::Latched(_)) => Told::Stopped,
            Err(_) => Told::Refused,
        }
    }
}

/// What a sweep saw.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Swept {
    /// Changes of the checkout, from the till's start to its end.
    pub positions: usize,
    /// Runs: each position in each way.
    pub runs: usize,
    /// Deeds that were said to be done, and were.
    pub done: usize,
    /// Deeds that were said not to be recorded, and were not.
    pub not_recorded: usize,
    /// Deeds of which it was said that it is not known.
    pub unknown: usize,
    /// Tills that stopped recording until they were started again.
    pub stopped: usize,
    /// Tills that could not be opened while their disk failed, and said so.
    pub unopened: usize,
}

/// A kiosk that is closed, to be copied for each run.
pub struct Template {
    home: tempfile::TempDir,
    seed: u64,
    positions: usize,
}

impl Template {
    /// Founds it and sells once; then counts what a checkout changes.
    pub fn new(seed: u64) -> anyhow::Result<Self> {
        let home = scratch()?;
        let place = Place::in_directory(home.path());
        let mut kiosk = Kiosk::found(&place, seed, true)?;
        for deed in kiosk.next_deeds() {
            kiosk.act(&deed)?;
        }
        drop(kiosk);
        // Each run lays its own down; it need not be copied.
        std::fs::remove_file(place.data.join("ballast")).context("the ballast")?;
        let mut template = Template { home, seed, positions: 0 };
        let run = template.run(usize::MAX, Fault::Error)?;
        ensure!(run.told.iter().all(|(_, told)| *told == Told::Done), "a good disk is enough to sell");
        template.positions = run.changes;
        Ok(template)
    }

    /// What the checkout's ids follow from.
    pub(super) fn next_seed(&self) -> u64 {
        self.seed + 1
    }

    /// The deeds of the checkout.
    pub(super) fn next_deeds(&self) -> anyhow::Result<Vec<Deed>> {
        let home = scratch()?;
        let place = self.copy(home.path())?;
        Ok(Kiosk::open(&place, self.next_seed(), false)?.next_deeds())
    }

    /// How many changes a checkout makes.
    pub fn positions(&self) -> usize {
        self.positions
    }

    /// One position in one way.
    pub fn look(&self, position: usize, fault: Fault) -> anyhow::Result<Swept> {
        let run = self.run(position, fault)?;
        self.judge(&run, fault)
            .with_context(|| format!("{fault:?} at {position} of {}; told {:?}", self.positions, run.told))
    }

    /// Every position in these ways.
    pub fn sweep(&self, faults: &[Fault], threads: usize) -> anyhow::Result<Swept> {
        let cases: Vec<(usize, Fault)> = (1..=self.positions)
            .flat_map(|position| faults.iter().map(move |fault| (position, *fault)))
            .collect();
        let (next, swept) =
            (AtomicUsize::new(0), Mutex::new(Swept { positions: self.positions, ..Swept::default() }));
        let work = || -> anyhow::Result<()> {
            while let Some((position, fault)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                let one = self.look(*position, *fault)?;
                swept.lock().unwrap_or_else(PoisonError::into_inner).add(&one);
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let working: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
            let mut ended = working.into_iter().map(|one| one.join());
            ended.try_for_each(|one| one.unwrap_or_else(|_| anyhow::bail!("a worker panicked")))
        })?;
        Ok(swept.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// A checkout over a copy, whose disk fails at a position.
    fn run(&self, position: usize, fault: Fault) -> anyhow::Result<Run> {
        let home = scratch()?;
        let place = self.copy(home.path())?;
        seed_sqlite(7);
        let killed = Arc::new(AtomicBool::new(false));
        let recorder = Recorder::begin(&place.data, fate(position, fault, killed.clone()))?;
        let mut told = Vec::new();
        let mut unopened = None;
        match Kiosk::open(&place, self.next_seed(), true) {
            Err(error) => unopened = Some(format!("{error:#}")),
            Ok(mut kiosk) => {
                for deed in kiosk.next_deeds() {
                    let answer = kiosk.act(&deed);
                    // Who is dead says nothing more.
                    if killed.load(Ordering::Relaxed) {
                        told.push((deed, Told::Unknown));
                        break;
                    }
                    told.push((deed, Told::of(&answer)));
                }
            }
        }
        let (changes, trace) = (recorder.changes(), recorder.finish());
        Ok(Run { home, place, told, unopened, changes, trace })
    }

    pub(super) fn copy(&self, to: &Path) -> anyhow::Result<Place> {
        let (from, to) = (Place::in_directory(self.home.path()), Place::in_directory(to));
        copy_directory(&from.data, &to.data);
        for (from, to) in [
            (&from.journal, &to.journal),
            (&from.journal.join("head-office"), &to.journal.join("head-office")),
        ] {
            std::fs::create_dir_all(to)?;
            std::fs::copy(from.join("journal"), to.join("journal"))?;
        }
        Ok(to)
    }

    fn judge(&self, run: &Run, fault: Fault) -> anyhow::Result<Swept> {
        let mut swept = Swept { runs: 1, ..Swept::default() };
        if let Some(why) = &run.unopened {
            ensure!(!why.is_empty(), "it says why it does not open");
            swept.unopened = 1;
        }
        let stops = run.told.iter().position(|(_, told)| *told == Told::Stopped || *told == Told::Unknown);
        if let (Some(first), true) = (stops, fault != Fault::Kill) {
            let rest = &run.told[first + 1..];
            ensure!(
                rest.iter().all(|(_, told)| *told == Told::Stopped),
                "the latch holds until the till is started again"
            );
            swept.stopped = 1;
        }
        // What a power cut now would leave.
        let cut = scratch()?;
        let mut disk = Disk::default();
        disk.advance(&run.trace, run.trace.0.len());
        for seed in 0..CUTS {
            lay_out(&disk.image(seed), cut.path())?;
            let log = TillLog::open(cut.path(), daybook_store::Durability::Full)?;
            for (deed, told) in &run.told {
                let there = log.command(deed.id)?.is_some();
                told.is_true(there).with_context(|| format!("after power cut {seed}, of {deed:?}"))?;
            }
        }
        self.start_again(&run.place, &run.told, &mut swept)?;
        Ok(swept)
    }

    /// What a new start finds, over the same files, is what was told; and it sells on.
    pub(super) fn start_again(
        &self,
        place: &Place,
        told: &[(Deed, Told)],
        swept: &mut Swept,
    ) -> anyhow::Result<()> {
        let mut kiosk = Kiosk::open(place, self.seed + 2, true).context("it opens again")?;
        ensure!(kiosk.till.refilled().is_none(), "its log was not damaged");
        let log = open_reader(&TillLog::path_in(&place.data))?;
        for (deed, told) in told {
            told.is_true(is_there(&log, deed)?)
                .with_context(|| format!("started again, of {deed:?}"))?;
            match told {
                Told::Done => swept.done += 1,
                Told::NotRecorded => swept.not_recorded += 1,
                Told::Unknown => swept.unknown += 1,
                Told::Stopped | Told::Refused => {}
            }
        }
        drop(log);
        for (deed, told) in told.iter().filter(|(_, told)| *told == Told::Done) {
            let again = kiosk.act(deed)?;
            ensure!(again.repeated, "{told:?} is answered, not done again");
        }
        kiosk.clear()?;
        for deed in kiosk.next_deeds() {
            kiosk.act(&deed).context("it sells on")?;
        }
        ensure!(kiosk.till.rebuild()?.equal, "its read models are what its log says");
        Ok(())
    }
}

struct Run {
    #[allow(dead_code, reason = "held for its files")]
    home: tempfile::TempDir,
    place: Place,
    told: Vec<(Deed, Told)>,
    unopened: Option<String>,
    changes: usize,
    trace: Trace,
}

impl Told {
    /// What a word says that another process printed of it.
    pub(super) fn from_word(word: &str) -> Self {
        let all = [Told::Done, Told::NotRecorded, Told::Unknown, Told::Stopped, Told::Refused];
        all.into_iter().find(|told| format!("{told:?}") == word).unwrap_or(Told::Unknown)
    }

    fn is_true(self, there: bool) -> anyhow::Result<()> {
        match self {
            Told::Done => ensure!(there, "it was said to be done and is not there"),
            Told::Unknown => {}
            other => ensure!(!there, "it was said to be {other:?} and is there"),
        }
        Ok(())
    }
}

fn is_there(log: &rusqlite::Connection, deed: &Deed) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM commands WHERE command = ?1)";
    Ok(log.query_row(sql, [deed.id.0.as_bytes().as_slice()], |row| row.get(0))?)
}

/// The disk does all it is asked until a change with this number.
fn fate(position: usize, fault: Fault, killed: Arc<AtomicBool>) -> Fate {
    Box::new(move |number, change| {
        let lasts = matches!(fault, Fault::Full | Fault::ShortFull | Fault::Kill);
        if number < position || (number > position && !lasts) {
            return Verdict::Do;
        }
        let error = match change {
            Change::Create => ffi::SQLITE_CANTOPEN,
            Change::Write { .. } => ffi::SQLITE_IOERR_WRITE,
            Change::Truncate(_) => ffi::SQLITE_IOERR_TRUNCATE,
            Change::Sync { .. } => ffi::SQLITE_IOERR_FSYNC,
            Change::Delete { .. } => ffi::SQLITE_IOERR_DELETE,
        };
        match (fault, change) {
            (Fault::Kill, _) => {
                killed.store(true, Ordering::Relaxed);
                Verdict::Fail(error)
            }
            (Fault::Error, _) => Verdict::Fail(error),
            (Fault::Short, Change::Write { .. }) => Verdict::Half(error),
            (Fault::ShortFull, Change::Write { .. }) if number == position => Verdict::Half(ffi::SQLITE_FULL),
            (Fault::Full | Fault::ShortFull, Change::Write { .. }) => Verdict::Fail(ffi::SQLITE_FULL),
            // A full disk has no room for a new file; it flushes, cuts off and removes as ever.
            (Fault::Full | Fault::ShortFull, Change::Create) => Verdict::Fail(error),
            _ => Verdict::Do,
        }
    })
}

impl Swept {
    fn add(&mut self, one: &Swept) {
        self.runs += one.runs;
        self.done += one.done;
        self.not_recorded += one.not_recorded;
        self.unknown += one.unknown;
        self.stopped += one.stopped;
        self.unopened += one.unopened;
    }
}
