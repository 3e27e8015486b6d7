//! From completed documents to receipts in the queue: once each, wherever the till stopped in between.
//!
//! What was completed is read from the log after a number that is kept with the queue, in the commit that queues its receipt. So a
//! command that is repeated queues nothing, and what a crash left out is found at the next start.

use daybook_core::ids::{OriginId, PrintJobId, uuid_v7};
use daybook_core::limits::{DRAWER_SECONDS_MAX, PRINT_JOBS_MAX, RECEIPTS_AT_ONCE};
use daybook_core::paper::queue::{Input, Job, State, Task};
use daybook_store::StoreError;
use daybook_store::prints::Followed;
use uuid::Uuid;

use super::PrintError;
use super::compose::{completed, number};
use crate::till::Till;

impl Till {
    /// Queues the receipts of documents that were completed since, where they are printed without being asked for. Each is queued
    /// once, however often this is called and wherever the till stopped in between.
    pub(crate) fn follow_documents(&self) -> Result<(), PrintError> {
        loop {
            let (followed, wanted) = {
                let desk = self.shared.printing.desk();
                let room = desk.queue.jobs().len() < PRINT_JOBS_MAX;
                (desk.followed.clone(), desk.settings.prints_receipts() && room)
            };
            let (writing, mut found) = {
                let inner = self.lock();
                let Some(enrolled) = &inner.enrolled else { return Ok(()) };
                let after = |(origin, known): (&_, &Followed)| {
                    let events = inner.log.completed_after(*origin, known.passed_seq, RECEIPTS_AT_ONCE)?;
                    Ok((*origin, events))
                };
                let found: Result<Vec<_>, StoreError> = if wanted {
                    followed.iter().map(after).collect()
                } else {
                    Ok(Vec::new())
                };
                (enrolled.writer.origin, found?)
            };
            if !followed.contains_key(&writing) {
                self.shared.printing.desk().begin(writing)?;
                continue;
            }
            found.retain(|(_, events)| !events.is_empty());
            if found.is_empty() {
                return Ok(());
            }
            let (now, wall) = (self.millis(), self.shared.options.clock.wall());
            let mut desk = self.shared.printing.desk();
            for (origin, events) in found {
                let mut jobs = Vec::new();
                for (envelope, document) in events.iter().filter_map(completed) {
                    let sale = document.sale;
                    if desk.issued(sale.0)? == 0 {
                        let age = u64::try_from(wall.saturating_sub(envelope.wall)).unwrap_or(u64::MAX);
                        let fresh = age < DRAWER_SECONDS_MAX * 1_000_000;
                        jobs.push((
                            new(self.new_job(), sale.0, Task::Receipt(sale), number(&document), 0),
                            fresh,
                        ));
                    }
                }
                let last = events.last().map(|event| (origin, event.tip.seq));
                desk.receive(now, last, jobs)?;
            }
            drop(desk);
            self.papers_changed();
        }
    }

    /// Lets every document completed so far go by: none of them is printed without being asked for.
    pub(super) fn pass_documents(&self) -> Result<(), PrintError> {
        self.follow_documents()?;
        let known: Vec<OriginId> = self.shared.printing.desk().followed.keys().copied().collect();
        let tips = {
            let inner = self.lock();
            let tip = |origin| inner.log.own_tip(origin).map(|tip| (origin, tip.seq));
            known.into_iter().map(tip).collect::<Result<Vec<_>, StoreError>>()?
        };
        let (now, mut desk) = (self.millis(), self.shared.printing.desk());
        for passed in tips {
            desk.receive(now, Some(passed), Vec::new())?;
        }
        Ok(())
    }

    /// Tells the queue what happened, and everybody who looks at it.
    pub(super) fn tell_desk(&self, input: Input) {
        if self.shared.printing.desk().tell(self.millis(), input) {
            self.papers_changed();
        }
    }

    pub(super) fn note_trouble(&self, trouble: Option<String>) {
        let mut desk = self.shared.printing.desk();
        if desk.trouble != trouble {
            desk.trouble = trouble;
            drop(desk);
            self.papers_changed();
        }
    }

    /// Tells whoever shows how printing stands, and looks whether there is something to print.
    pub(super) fn papers_changed(&self) {
        self.shared.changes.send_modify(|changes| changes.papers += 1);
        self.shared.printing.look();
    }

    pub(super) fn new_job(&self) -> PrintJobId {
        let mut random = [0; 10];
        self.shared.options.randomness.fill(&mut random);
        PrintJobId(uuid_v7(self.shared.options.clock.wall(), random))
    }

    pub(super) fn millis(&self) -> u64 {
        self.shared.options.clock.millis()
    }
}

/// A job that nothing was done about yet.
pub(super) fn new(job: PrintJobId, subject: Uuid, task: Task, title: String, copy: u32) -> Job {
    Job { job, subject, task, title, copy, state: State::Waiting, tries: 0, why: None }
}
