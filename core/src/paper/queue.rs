//! The print queue: what is printed when, and what is never printed twice without saying so.
//!
//! Pure: the shell says what happened, [`Queue::handle`] says what to do. A job is kept as *printing* before its first byte leaves, so
//! that whatever is interrupted after that is known to be in doubt. A doubtful job waits for a person: it comes out again as a copy, or
//! as it was once somebody looked and said that nothing came out. Everything else is tried until it is printed, in its order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::report::Reading;
use crate::ids::{PrintJobId, SaleId};
use crate::limits::{DRAWER_SECONDS_MAX, PRINTER_PAUSE_MILLIS_FIRST, PRINTER_PAUSE_MILLIS_MAX};

/// Why a job that was being printed when the till stopped is in doubt.
const STOPPED: &str = "the till stopped while this was printed";
/// Why jobs are in doubt where the till's files were copied or restored.
const COPIED: &str = "the till's files were copied or restored; this may have been printed";
/// Why a job is in doubt whose printer took it and said nothing.
const SILENT: &str = "the printer took this and did not say whether it printed it";

/// What is printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// The receipt of a completed document; laid out from the books when it is printed.
    Receipt(SaleId),
    /// A report, with its figures of that moment.
    Report(Box<Reading>),
    /// A page that shows what the printer can do.
    Test,
    /// No paper: the drawer opens. Somebody stands before it and sees whether it does, so it is never in doubt, and never done late.
    Drawer,
}

/// How far a job is. A job that is done is no job any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing of it has reached the paper.
    Waiting,
    /// It is on its way; some of it may have reached the paper.
    Printing,
    /// It may have reached the paper, whole or in part; a person looks.
    Unsure,
}

/// A paper that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub job: PrintJobId,
    /// What its copies are counted by: the document, the shift, or the job itself.
    pub subject: Uuid,
    /// What is printed.
    pub task: Task,
    /// What people call it, such as the printed number of a document.
    pub title: String,
    /// Which copy it is; 0 is the original.
    pub copy: u32,
    /// How far it is.
    pub state: State,
    /// How often it was tried.
    pub tries: u32,
    /// Why it is not done, in words.
    pub why: Option<String>,
}

/// What came of trying to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The printer confirmed it.
    Printed,
    /// The printer took every byte and confirmed nothing.
    Unconfirmed,
    /// Nothing reached the paper, for this reason.
    NotStarted(String),
    /// Some of it may have reached the paper, and then this happened.
    CutShort(String),
    /// There is nothing to print any more, for this reason; trying again will not help.
    Impossible(String),
}

/// What happens to the queue. Times are milliseconds of a clock that never goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Time passed, or somebody looks after the queue again.
    Tick,
    /// The printer is another one, or none.
    PrinterSet {
        /// Whether there is one.
        there: bool,
        /// Whether it is known never to confirm anything.
        silent: bool,
    },
    /// A job comes in, kept already. A `fresh` one opens the drawer, where its paper does, if it is printed soon.
    Add {
        /// The job.
        job: Job,
        /// Whether what it is about has just happened.
        fresh: bool,
    },
    /// Trying to print ended.
    Ended {
        /// The job.
        job: PrintJobId,
        /// What came of it.
        outcome: Outcome,
        /// Whether the printer answered questions.
        answered: bool,
    },
    /// What an effect asked to keep could not be kept, for this reason.
    NotKept(PrintJobId, String),
    /// A person wants a job printed (again). One in doubt becomes this copy.
    Again(PrintJobId, u32),
    /// A person looked: nothing of this job came out.
    NothingCameOut(PrintJobId),
    /// A person wants a job gone.
    Drop(PrintJobId),
}

/// What to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Keep the job as it stands, durably, before anything that follows.
    Keep(Job),
    /// Print it.
    Print(Order),
    /// Forget the job. Where nothing of it can have reached the paper its number is free again.
    Forget {
        /// The job.
        job: Job,
        /// Whether nothing of it can have reached the paper.
        unprinted: bool,
    },
    /// Remember whether this printer never confirms anything.
    Learn {
        /// Whether it never does.
        silent: bool,
    },
}

/// A job to print now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The job.
    pub job: Job,
    /// Whether its paper may open the drawer: only once, and only while somebody still stands there.
    pub kick: bool,
    /// Whether the printer has answered before, so that silence is a reason not to print.
    pub answers: bool,
    /// Whether the printer is known never to confirm anything.
    pub silent: bool,
}

/// The queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    jobs: Vec<Job>,
    printer: bool,
    silent: bool,
    answers: bool,
    failures: u32,
    resume: u64,
    kicks: BTreeMap<PrintJobId, u64>,
}

impl Queue {
    /// The queue as it was kept, and what has to be kept of it now. Where the files were `copied`, whatever waits may have been printed
    /// by somebody else.
    pub fn load(jobs: Vec<Job>, copied: bool) -> (Self, Vec<Effect>) {
        let mut queue = Queue { jobs, ..Queue::default() };
        let mut effects = Vec::new();
        for job in &mut queue.jobs {
            if job.task == Task::Drawer {
                // Without its moment it is late, and forgotten as soon as something is printed.
                job.state = State::Waiting;
                continue;
            }
            let why = match job.state {
                State::Printing => STOPPED,
                State::Waiting if copied => COPIED,
                State::Waiting | State::Unsure => continue,
            };
            doubt(job, why);
            effects.push(Effect::Keep(job.clone()));
        }
        (queue, effects)
    }

    /// The jobs in their order.
    pub fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    /// When to say [`Input::Tick`] next, where nothing else happens before.
    pub fn wake(&self) -> Option<u64> {
        let waits = self.jobs.iter().any(|job| job.state == State::Waiting);
        (self.printer && waits && !self.prints()).then_some(self.resume)
    }

    /// Whether something is being printed.
    pub fn prints(&self) -> bool {
        self.jobs.iter().any(|job| job.state == State::Printing)
    }

    /// Takes in what happened at a time.
    pub fn handle(&mut self, now: u64, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Tick => {}
            Input::PrinterSet { there, silent } => {
                let Queue { jobs, kicks, .. } = std::mem::take(self);
                *self = Queue { jobs, kicks, printer: there, silent, ..Queue::default() };
            }
            Input::Add { job, fresh } => {
                if fresh {
                    self.kicks.insert(job.job, now + DRAWER_SECONDS_MAX * 1_000);
                }
                self.jobs.push(job);
            }
            Input::Ended { job, outcome, answered } => {
                self.answers |= answered;
                self.ended(now, job, outcome, &mut effects);
            }
            Input::NotKept(id, why) => {
                self.pause(now);
                if let Some(job) = self.find(id).filter(|job| job.state == State::Printing) {
                    job.state = State::Waiting;
                    job.why = Some(why);
                }
            }
            Input::Again(id, copy) => self.again(id, Some(copy), &mut effects),
            Input::NothingCameOut(id) => self.again(id, None, &mut effects),
            Input::Drop(id) => {
                if let Some(at) = self.place(id).filter(|at| self.jobs[*at].state != State::Printing) {
                    let job = self.jobs.remove(at);
                    self.kicks.remove(&id);
                    effects.push(Effect::Forget { unprinted: job.state == State::Waiting, job });
                }
            }
        }
        self.start(now, &mut effects);
        effects
    }

    fn ended(&mut self, now: u64, id: PrintJobId, outcome: Outcome, effects: &mut Vec<Effect>) {
        let Some(at) = self.place(id).filter(|at| self.jobs[*at].state == State::Printing) else { return };
        let is_test = self.jobs[at].task == Task::Test;
        let taken = outcome == Outcome::Unconfirmed;
        if (taken && is_test && !self.silent) || (outcome == Outcome::Printed && self.silent) {
            // Somebody stands by a test page and sees whether it comes out.
            self.silent = taken;
            effects.push(Effect::Learn { silent: taken });
        }
        if !matches!(outcome, Outcome::NotStarted(_)) {
            self.kicks.remove(&id);
        }
        let is_drawer = self.jobs[at].task == Task::Drawer;
        let job = &mut self.jobs[at];
        match outcome {
            Outcome::Unconfirmed | Outcome::CutShort(_) | Outcome::Impossible(_) if is_drawer => {}
            Outcome::Printed => {}
            Outcome::Unconfirmed if self.silent => {}
            Outcome::Unconfirmed => doubt(job, SILENT),
            Outcome::CutShort(why) | Outcome::Impossible(why) => doubt(job, &why),
            Outcome::NotStarted(why) => {
                job.state = State::Waiting;
                job.why = Some(why);
            }
        }
        if job.state == State::Printing {
            (self.failures, self.resume) = (0, now);
            effects.push(Effect::Forget { job: self.jobs.remove(at), unprinted: false });
        } else {
            effects.push(Effect::Keep(job.clone()));
            self.pause(now);
        }
    }

    /// A person wants it: at once, and marked as a copy where one may be out already.
    fn again(&mut self, id: PrintJobId, copy: Option<u32>, effects: &mut Vec<Effect>) {
        (self.failures, self.resume) = (0, 0);
        let Some(job) = self.find(id).filter(|job| job.state == State::Unsure) else { return };
        job.state = State::Waiting;
        job.copy = copy.unwrap_or(job.copy);
        job.why = None;
        effects.push(Effect::Keep(job.clone()));
    }

    /// Begins with the first job that waits, where nothing stands against it.
    fn start(&mut self, now: u64, effects: &mut Vec<Effect>) {
        if !self.printer || self.prints() || now < self.resume {
            return;
        }
        self.forget_late_drawers(now, effects);
        let (answers, silent) = (self.answers, self.silent);
        let Some(job) = self.jobs.iter_mut().find(|job| job.state == State::Waiting) else { return };
        job.state = State::Printing;
        job.tries = job.tries.saturating_add(1);
        let kick = job.copy == 0 && self.kicks.get(&job.job).is_some_and(|until| now < *until);
        effects.push(Effect::Keep(job.clone()));
        effects.push(Effect::Print(Order { job: job.clone(), kick, answers, silent }));
    }

    /// Whoever wanted the drawer open does not stand before it any more, or used the key.
    fn forget_late_drawers(&mut self, now: u64, effects: &mut Vec<Effect>) {
        let Queue { jobs, kicks, .. } = self;
        jobs.retain(|job| {
            let late = job.task == Task::Drawer && kicks.get(&job.job).is_none_or(|until| now >= *until);
            if late {
                kicks.remove(&job.job);
                effects.push(Effect::Forget { job: job.clone(), unprinted: true });
            }
            !late
        });
    }

    fn pause(&mut self, now: u64) {
        let pause = PRINTER_PAUSE_MILLIS_FIRST.saturating_mul(1 << self.failures.min(16));
        self.resume = now + pause.min(PRINTER_PAUSE_MILLIS_MAX);
        self.failures = self.failures.saturating_add(1);
    }

    fn place(&self, id: PrintJobId) -> Option<usize> {
        self.jobs.iter().position(|job| job.job == id)
    }

    fn find(&mut self, id: PrintJobId) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.job == id)
    }
}

fn doubt(job: &mut Job, why: &str) {
    job.state = State::Unsure;
    job.why = Some(why.to_owned());
}

#[cfg(test)]
mod tests;
