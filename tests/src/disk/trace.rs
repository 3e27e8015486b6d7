//! What a workload did to its disk, step by step, so that the disk can be put back as a power cut at any step would have left it.
//!
//! A step is what SQLite asked of its file layer, or a note of the workload: how many of its commits it has said to be recorded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::vfs::watched::{Change, Verdict, Watch, Watched};

/// A file's content apart from its name: one that is removed and made again is another.
pub type Inode = usize;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A file that was there before anything was taken down; it is on the disk.
    Present(String, Inode, Vec<u8>),
    /// A name now stands for a new, empty file.
    Create(String, Inode),
    /// A name stands for nothing any more.
    Delete(String),
    /// Bytes are written.
    Write(Inode, u64, Vec<u8>),
    /// A file has another length.
    Truncate(Inode, u64),
    /// What was written to a file so far is on the disk.
    Sync(Inode),
    /// A flush failed: what was written and is not on the disk will never be, though reading gives it back.
    SyncFailed(Inode),
    /// Names made and removed so far are on the disk.
    SyncDirectory,
    /// So many commits were said to be recorded; what the workload keeps beside SQLite's files had this many bytes.
    Told {
        /// Commits.
        commits: usize,
        /// Length of the journal file, where there is one.
        journal_bytes: u64,
    },
}

/// The steps of a workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace(pub Vec<Step>);

impl Trace {
    /// The steps before which the power can go: each flush, and the end. What is in danger is most just before a flush.
    pub fn points(&self) -> Vec<usize> {
        let flushes = |step: &Step| matches!(step, Step::Sync(_) | Step::SyncFailed(_) | Step::SyncDirectory);
        let mut points: Vec<usize> = (0..self.0.len()).filter(|index| flushes(&self.0[*index])).collect();
        points.push(self.0.len());
        points
    }

    /// How many commits had been said to be recorded before a step, and the journal's length then.
    pub fn told_before(&self, point: usize) -> (usize, u64) {
        let told = self.0[..point].iter().rev().find_map(|step| match step {
            Step::Told { commits, journal_bytes } => Some((*commits, *journal_bytes)),
            _ => None,
        });
        told.unwrap_or_default()
    }
}

/// Takes down what happens in a directory.
pub struct Recorder {
    tape: Arc<Mutex<Tape>>,
    _watched: Watched,
}

/// Says what becomes of each change, by its number, counted from 1.
pub type Fate = Box<dyn FnMut(usize, Change<'_>) -> Verdict + Send>;

struct Tape {
    directory: PathBuf,
    trace: Trace,
    names: BTreeMap<String, Inode>,
    inodes: Inode,
    changes: usize,
    fate: Fate,
}

impl Recorder {
    /// Begins with a directory whose files nobody has open.
    pub fn begin(directory: &Path, fate: Fate) -> std::io::Result<Self> {
        let (trace, names) = Default::default();
        let directory = directory.to_owned();
        let tape = Tape { directory: directory.clone(), trace, names, inodes: 0, changes: 0, fate };
        let tape = Arc::new(Mutex::new(tape));
        let shared = tape.clone();
        let watch: Watch = Box::new(move |name, change| {
            shared.lock().unwrap_or_else(PoisonError::into_inner).take_down(name, change)
        });
        Ok(Recorder { tape, _watched: Watched::begin(&directory, watch)? })
    }

    /// Begins with a directory whose disk does all it is asked.
    pub fn of_a_good_disk(directory: &Path) -> std::io::Result<Self> {
        Recorder::begin(directory, Box::new(|_, _| Verdict::Do))
    }

    /// Notes that so many commits were said to be recorded.
    pub fn told(&self, commits: usize, journal_bytes: u64) {
        self.tape().trace.0.push(Step::Told { commits, journal_bytes });
    }

    /// How many changes were asked for so far.
    pub fn changes(&self) -> usize {
        self.tape().changes
    }

    /// What was taken down.
    pub fn finish(self) -> Trace {
        std::mem::take(&mut self.tape().trace)
    }

    fn tape(&self) -> std::sync::MutexGuard<'_, Tape> {
        self.tape.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tape {
    fn take_down(&mut self, name: &str, change: Change<'_>) -> Verdict {
        self.changes += 1;
        if change != Change::Create && !self.names.contains_key(name) {
            // Made by the till itself, which flushes the name at once, or there from the beginning.
            let content = std::fs::read(self.directory.join(name)).unwrap_or_default();
            let inode = self.name(name);
            self.trace.0.push(Step::Present(name.to_owned(), inode, content));
        }
        let verdict = (self.fate)(self.changes, change);
        let inode = self.names.get(name).copied();
        let known = || inode.unwrap_or_else(|| unreachable!("'{name}' was just seen"));
        let steps = &mut self.trace.0;
        match (change, verdict) {
            (Change::Create, Verdict::Do) => {
                let inode = self.name(name);
                self.trace.0.push(Step::Create(name.to_owned(), inode));
            }
            (Change::Write { offset, bytes }, Verdict::Do) => {
                steps.push(Step::Write(known(), offset, bytes.to_vec()));
            }
            (Change::Write { offset, bytes }, Verdict::Half(_)) => {
                steps.push(Step::Write(known(), offset, bytes[..bytes.len() / 2].to_vec()));
            }
            (Change::Truncate(length), Verdict::Do) => steps.push(Step::Truncate(known(), length)),
            (Change::Sync { directory }, Verdict::Do) => {
                steps.push(Step::Sync(known()));
                steps.extend(directory.then_some(Step::SyncDirectory));
            }
            (Change::Sync { .. }, _) => steps.push(Step::SyncFailed(known())),
            (Change::Delete { directory }, Verdict::Do) => {
                self.names.remove(name);
                steps.push(Step::Delete(name.to_owned()));
                steps.extend(directory.then_some(Step::SyncDirectory));
            }
            _ => {}
        }
        verdict
    }

    fn name(&mut self, name: &str) -> Inode {
        self.names.insert(name.to_owned(), self.inodes);
        self.inodes += 1;
        self.inodes - 1
    }
}
