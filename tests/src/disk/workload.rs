//! Workloads whose disk is taken down: a log that is appended to, closed and opened through the store's own road, and a whole till.
//!
//! The log's commits are those of a real till, appended again in prefixes that follow from a seed: so the workloads are small, many and
//! unlike each other. Two of them are wrong on purpose: their images must be found out.

use std::path::Path;

use anyhow::Context as _;
use daybook_core::chain::Hash;
use daybook_core::ids::{CommandId, OriginId};
use daybook_core::project::Input;
use daybook_core::record::Recorded;
use daybook_store::till::TillLog;
use daybook_store::{Durability, StoreError, events};
use rusqlite::ffi;

use super::image::Coins;
use super::kiosk::{Deed, Kiosk, Place};
use super::trace::{Fate, Recorder, Trace};
use super::vfs::seed_sqlite;
use super::vfs::watched::{Change, Verdict};

/// What a new log flushes before its first commit: the failing flush comes later.
const FLUSHES_OF_A_NEW_LOG: u64 = 12;

/// A commit of a real till.
#[derive(Clone, Debug)]
pub struct Commit {
    recorded: Vec<Recorded>,
    command: Option<CommandId>,
}

/// How a log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As the till does.
    Honest,
    /// As the till does, and once a flush fails.
    FailedFlush,
    /// As the till does, so much that SQLite checkpoints in the middle.
    Long,
    /// Wrong on purpose: commits are flushed at checkpoints only.
    Unflushed,
    /// Wrong on purpose: commits are said to be recorded before they are.
    SaidTooEarly,
}

/// A workload that was taken down.
#[derive(Debug)]
pub struct Recording {
    /// What follows from it.
    pub seed: u64,
    /// Its steps.
    pub trace: Trace,
    /// The events it appended, in order.
    pub events: Vec<(OriginId, Hash)>,
    /// How many events there are after each commit; the first is none.
    pub boundaries: Vec<usize>,
    /// The command of each commit.
    pub commands: Vec<Option<CommandId>>,
}

impl Recording {
    fn new(seed: u64) -> Self {
        let (trace, events) = Default::default();
        Recording { seed, trace, events, boundaries: vec![0], commands: Vec::new() }
    }
}

/// The commits of a kiosk's day, with its own head office's and its runs.
pub fn commits_of_a_day(seed: u64, customers: usize) -> anyhow::Result<Vec<Commit>> {
    let home = tempfile::tempdir()?;
    let place = Place::in_directory(home.path());
    let mut kiosk = Kiosk::found(&place, seed, false)?;
    for _ in 0..customers {
        for deed in kiosk.next_deeds() {
            kiosk.act(&deed)?;
        }
    }
    drop(kiosk);
    let log = TillLog::open(&place.data, Durability::Off)?;
    let mut commits: Vec<Commit> = Vec::new();
    for event in events::after_position(log.connection(), 0, usize::MAX)? {
        let (envelope, read) = Input::read(event.origin, event.tip, &event.text)
            .content
            .map_err(|error| anyhow::anyhow!("an own event: {error:?}"))?;
        let command = envelope.corr;
        let recorded = Recorded { tip: event.tip, prev: event.prev, envelope, event: read, text: event.text };
        match commits.last_mut() {
            Some(last) if command.is_some() && last.command == command => last.recorded.push(recorded),
            _ => commits.push(Commit { recorded: vec![recorded], command }),
        }
    }
    Ok(commits)
}

/// Takes a log down that appends some of these commits, in a directory that is empty.
pub fn record_log(directory: &Path, day: &[Commit], seed: u64, manner: Manner) -> anyhow::Result<Recording> {
    let mut coins = Coins::of(seed);
    seed_sqlite(u32::try_from(coins.below(1 << 31)).unwrap_or(1));
    let room = u64::try_from(day.len()).context("a day")?;
    let count = if manner == Manner::Long {
        room
    } else {
        (6 + coins.below(12)).min(room)
    };
    let from = usize::try_from(coins.below(room - count + 1)).context("a commit")?;
    let commits = &day[from..from + usize::try_from(count).context("a commit")?];
    let durability = if manner == Manner::Unflushed {
        Durability::Relaxed
    } else {
        Durability::Full
    };
    let failing = (manner == Manner::FailedFlush).then(|| FLUSHES_OF_A_NEW_LOG + 1 + coins.below(count));
    let recorder = Recorder::begin(directory, failing_flush(failing))?;
    let mut recording = Recording::new(seed);
    let mut log = open_at_last(directory, durability)?;
    for commit in commits {
        if manner != Manner::Long && coins.below(6) == 0 {
            drop(log);
            log = open_at_last(directory, durability)?;
        }
        let told = recording.commands.len() + 1;
        if manner == Manner::SaidTooEarly {
            recorder.told(told, 0);
        }
        let answer = commit.command.map(|command| (command, "{}"));
        if log.append(&commit.recorded, answer).is_err() {
            // As the till does: it records nothing more until it is started again, and then looks whether this was.
            drop(log);
            log = open_at_last(directory, durability)?;
            let (origin, tip) =
                commit.recorded.last().map(|last| (last.envelope.origin, last.tip)).context("events")?;
            if !log.holds(origin, tip)? {
                log.append(&commit.recorded, answer)?;
            }
        }
        recorder.told(told, 0);
        recording
            .events
            .extend(commit.recorded.iter().map(|event| (event.envelope.origin, event.tip.hash)));
        recording.boundaries.push(recording.events.len());
        recording.commands.push(commit.command);
    }
    drop(log);
    recording.trace = recorder.finish();
    Ok(recording)
}

/// The disk does all it is asked, but for one flush.
fn failing_flush(failing: Option<u64>) -> Fate {
    let mut flushes = 0;
    Box::new(move |_, change| {
        flushes += u64::from(matches!(change, Change::Sync { .. }));
        match change {
            Change::Sync { .. } if failing == Some(flushes) => Verdict::Fail(ffi::SQLITE_IOERR_FSYNC),
            _ => Verdict::Do,
        }
    })
}

/// Opens the log; a second time where a flush fails on the way, as a person would.
fn open_at_last(directory: &Path, durability: Durability) -> Result<TillLog, StoreError> {
    TillLog::open(directory, durability).or_else(|_| TillLog::open(directory, durability))
}

/// Takes a whole till down: founded, sold at, closed and opened in between. The deeds are given too: what was told of each is known by
/// its number of commits.
pub fn record_till(place: &Place, seed: u64, customers: usize) -> anyhow::Result<(Recording, Vec<Deed>)> {
    seed_sqlite(u32::try_from(seed % (1 << 31)).unwrap_or(1));
    std::fs::create_dir_all(&place.data)?;
    let recorder = Recorder::of_a_good_disk(&place.data)?;
    let mut kiosk = Kiosk::found(place, seed, true)?;
    let mut recording = Recording::new(seed);
    let mut done = Vec::new();
    recorder.told(0, place.journal_bytes());
    for customer in 0..customers {
        for deed in kiosk.next_deeds() {
            kiosk.act(&deed)?;
            recording.commands.push(Some(deed.id));
            recorder.told(recording.commands.len(), place.journal_bytes());
            done.push(deed);
        }
        if customer % 3 == 2 {
            let next = seed.wrapping_add(u64::try_from(customer)?);
            drop(kiosk);
            kiosk = Kiosk::open(place, next, true)?;
            recorder.told(recording.commands.len(), place.journal_bytes());
        }
    }
    drop(kiosk);
    recording.trace = recorder.finish();
    Ok((recording, done))
}
