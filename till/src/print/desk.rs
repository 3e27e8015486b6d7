//! The desk where papers lie until they are printed: the queue in memory, its file, and the settings, behind a lock of its own.
//!
//! Whatever the queue wants kept is on the disk before a printer hears of it. A file that breaks or vanishes is made anew from memory;
//! what was printed before is then unknown, and taken for printed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use daybook_core::ids::{OriginId, PrintJobId};
use daybook_core::limits::PRINT_JOBS_MAX;
use daybook_core::paper::queue::{Effect, Input, Job, Order, Outcome, Queue, State};
use daybook_core::record::Writer;
use daybook_store::prints::{Followed, Prints};
use daybook_store::{Durability, StoreError};
use uuid::Uuid;

use super::PrintError;
use super::settings::PrintSettings;

/// The desk of a till.
pub(super) struct Desk {
    data: PathBuf,
    durability: Durability,
    /// The file; none where it could not be opened yet.
    file: Option<Prints>,
    /// The queue.
    pub(super) queue: Queue,
    /// How far the documents of each own origin were followed.
    pub(super) followed: BTreeMap<OriginId, Followed>,
    /// The settings.
    pub(super) settings: PrintSettings,
    /// What is to be printed next.
    pub(super) order: Option<Order>,
    /// Why receipts cannot be queued, where they cannot.
    pub(super) trouble: Option<String>,
    /// Whether somebody carries out what the queue orders.
    attended: bool,
    /// The origin that wrote when the till was opened, and where it stood.
    writing: Option<Writer>,
}

impl Desk {
    /// Opens the desk of a data directory. `writing` is the origin that writes now, and where it stands.
    pub(super) fn open(data: &Path, durability: Durability, writing: Option<Writer>) -> Self {
        let settings = PrintSettings::read(data).unwrap_or_else(|error| {
            tracing::error!(%error, "settings.json cannot be read; the till has no printer until it is set again");
            PrintSettings::default()
        });
        let mut desk = Desk {
            data: data.to_owned(),
            durability,
            file: None,
            queue: Queue::default(),
            followed: BTreeMap::new(),
            settings,
            order: None,
            trouble: None,
            attended: false,
            writing,
        };
        if let Err(error) = desk.load() {
            tracing::error!(%error, "the print queue cannot be opened; selling goes on without paper");
            desk.trouble = Some(error.to_string());
            // Whatever was completed so far may have been printed.
            desk.followed.extend(writing.map(|w| (w.origin, unknown_up_to(w.tip.seq))));
        }
        desk
    }

    /// Takes in what the file holds. Until this went well once there is nothing in memory.
    fn load(&mut self) -> Result<(), StoreError> {
        let opened = Prints::open(&self.data, self.durability);
        let read = opened.and_then(|file| Ok((file.jobs()?, file.followed()?, file)));
        let (jobs, followed, file) = match read {
            Err(error) if error.is_damage() || is_of_another_version(&error) => {
                tracing::error!(%error, "the print queue is damaged; it begins anew, and what was printed counts as printed");
                (Vec::new(), BTreeMap::new(), Prints::renew(&self.data, self.durability)?)
            }
            other => other?,
        };
        (self.file, self.followed) = (Some(file), followed);
        // The till goes on under another origin than this file knows: its files were copied or restored.
        let strange = self.writing.filter(|writer| !self.followed.contains_key(&writer.origin));
        let (queue, effects) = Queue::load(jobs, strange.is_some() && !self.followed.is_empty());
        self.queue = queue;
        effects.into_iter().for_each(|effect| drop(self.carry_out(effect)));
        self.announce_printer(0);
        strange.map_or(Ok(()), |writer| self.begin(writer.origin))
    }

    /// Begins to follow an origin. Of one that wrote before the till was opened earlier documents may have been printed; then nothing
    /// is known of other origins either.
    pub(super) fn begin(&mut self, origin: OriginId) -> Result<(), StoreError> {
        let before = self.writing.filter(|writer| writer.origin == origin).map(|writer| writer.tip.seq);
        let from_seq = before.unwrap_or(0);
        self.on_file(|file| file.begin(origin, from_seq, before.is_some()))?;
        if before.is_some() {
            self.followed.clear();
        }
        self.followed.insert(origin, unknown_up_to(from_seq));
        Ok(())
    }

    /// Whether this file knows what was printed of a document.
    pub(super) fn knows(&self, origin: OriginId, seq: i64) -> bool {
        self.followed.get(&origin).is_some_and(|followed| seq > followed.from_seq)
    }

    /// How many papers were begun of a subject, its original included.
    pub(super) fn issued(&mut self, subject: Uuid) -> Result<u32, StoreError> {
        self.on_file(|file| file.issued(subject))
    }

    /// Takes jobs in, and that documents of an origin up to a number are through.
    pub(super) fn receive(
        &mut self,
        now: u64,
        passed: Option<(OriginId, i64)>,
        jobs: Vec<(Job, bool)>,
    ) -> Result<(), StoreError> {
        let plain: Vec<Job> = jobs.iter().map(|(job, _)| job.clone()).collect();
        match passed {
            Some((origin, seq)) => {
                self.on_file(|file| file.follow(origin, seq, &plain))?;
                self.followed.entry(origin).and_modify(|f| f.passed_seq = seq.max(f.passed_seq));
            }
            None => self.on_file(|file| plain.iter().try_for_each(|job| file.keep(job)))?,
        }
        for (job, fresh) in jobs {
            self.tell(now, Input::Add { job, fresh });
        }
        Ok(())
    }

    /// Takes a job in that a person asked for.
    pub(super) fn add(
        &mut self,
        now: u64,
        passed: Option<(OriginId, i64)>,
        job: Job,
        fresh: bool,
    ) -> Result<(), PrintError> {
        if self.queue.jobs().len() >= PRINT_JOBS_MAX {
            return Err(PrintError::QueueFull);
        }
        Ok(self.receive(now, passed, vec![(job, fresh)])?)
    }

    /// Tells the queue what happened and does what it asks; whether there was anything to do.
    pub(super) fn tell(&mut self, now: u64, input: Input) -> bool {
        let (mut inputs, mut any) = (vec![input], false);
        while let Some(input) = inputs.pop() {
            for effect in self.queue.handle(now, input) {
                any = true;
                let kept = match &effect {
                    Effect::Keep(job) if job.state == State::Printing => Some(job.job),
                    _ => None,
                };
                let (Err(error), Some(job)) = (self.carry_out(effect), kept) else { continue };
                // Not kept as printing, it is not printed: the order that follows is not given.
                inputs.push(Input::NotKept(job, format!("the print queue cannot be kept: {error}")));
                break;
            }
        }
        any
    }

    fn carry_out(&mut self, effect: Effect) -> Result<(), StoreError> {
        let done = match effect {
            Effect::Keep(job) => self.on_file(|file| file.keep(&job)),
            Effect::Forget { job, unprinted } => self.on_file(|file| file.forget(&job, unprinted)),
            Effect::Print(order) => {
                self.order = Some(order);
                Ok(())
            }
            Effect::Learn { silent } => {
                let address = self.settings.printer.as_ref().map(|printer| printer.address.clone());
                self.settings.silent = address.filter(|_| silent);
                if let Err(error) = self.settings.write(&self.data) {
                    tracing::error!(%error, "settings.json cannot be written");
                }
                Ok(())
            }
        };
        if let Err(error) = &done {
            tracing::error!(%error, "the print queue cannot be kept");
        }
        done
    }

    /// Whether somebody carries out what the queue orders. What was begun and never ended is in doubt.
    pub(super) fn attend(&mut self, now: u64, attended: bool) {
        self.attended = attended;
        self.order = None;
        if attended {
            let begun: Vec<PrintJobId> =
                self.queue.jobs().iter().filter(|j| j.state == State::Printing).map(|j| j.job).collect();
            for job in begun {
                let outcome = Outcome::CutShort("printing was stopped".to_owned());
                self.tell(now, Input::Ended { job, outcome, answered: false });
            }
        }
        self.announce_printer(now);
    }

    /// Replaces the settings and tells the queue which printer there is.
    pub(super) fn set(&mut self, now: u64, settings: PrintSettings) -> std::io::Result<()> {
        settings.write(&self.data)?;
        let same_printer = self.settings.printer == settings.printer;
        self.settings = settings;
        if !same_printer {
            self.announce_printer(now);
        }
        Ok(())
    }

    fn announce_printer(&mut self, now: u64) {
        let there = self.attended && self.settings.printer.is_some();
        self.tell(now, Input::PrinterSet { there, silent: self.settings.is_silent() });
    }

    /// Uses the file. One that broke or vanished is made anew from what is in memory, and used then.
    fn on_file<T>(&mut self, act: impl Fn(&mut Prints) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.file.is_none() {
            self.load()?;
        }
        let Some(file) = &mut self.file else { return Err(StoreError::Damaged(Prints::path_in(&self.data))) };
        match act(file) {
            Err(error) if error.is_damage() || matches!(error, StoreError::Replaced(_)) => {
                tracing::error!(%error, "the print queue is made anew from memory");
                act(self.renew()?)
            }
            other => other,
        }
    }

    fn renew(&mut self) -> Result<&mut Prints, StoreError> {
        let mut file = Prints::renew(&self.data, self.durability)?;
        for (origin, followed) in &mut self.followed {
            *followed = unknown_up_to(followed.passed_seq);
            file.begin(*origin, followed.from_seq, false)?;
        }
        self.queue.jobs().iter().try_for_each(|job| file.keep(job))?;
        Ok(self.file.insert(file))
    }
}

fn unknown_up_to(seq: i64) -> Followed {
    Followed { from_seq: seq, passed_seq: seq }
}

fn is_of_another_version(error: &StoreError) -> bool {
    matches!(error, StoreError::Diverged { .. } | StoreError::Newer { .. } | StoreError::Unreadable(_))
}
