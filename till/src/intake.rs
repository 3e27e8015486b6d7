//! Taking own events back into the log, out of a journal file or out of a log that was set aside.
//!
//! Only what links is taken: an event that goes on from the last own event of its origin, under its true hash. Commands come back with
//! their events, so that asking again is still answered and not executed twice.

use daybook_core::chain::Tip;
use daybook_core::envelope::Envelope;
use daybook_core::ids::{CommandId, OriginId};
use daybook_core::project::Input;
use daybook_store::StoreError;
use daybook_store::aside::Aside;
use daybook_store::till::{KeptEvent, TillLog};

use crate::command::Answer;
use crate::execute::receipt;
use crate::journal::{Record, Records};
use crate::till::OpenError;

/// Events taken in with one commit, at least.
const EVENTS_AT_ONCE: usize = 1_000;
/// Events read at a time out of a log that was set aside.
const EVENTS_READ_AT_ONCE: i64 = 1_000;

/// Why records could not be taken in.
pub(crate) enum IntakeError {
    /// The journal file cannot be read.
    Io(std::io::Error),
    /// The log cannot be written.
    Store(StoreError),
}

impl IntakeError {
    /// The error of a journal file.
    pub(crate) fn at(self, path: &std::path::Path) -> OpenError {
        match self {
            IntakeError::Io(error) => OpenError::Io { path: path.to_owned(), error },
            IntakeError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for IntakeError {
    fn from(error: StoreError) -> Self {
        IntakeError::Store(error)
    }
}

/// Takes the records of an origin in that go on from its last own event, up to the first that does not link; gives how many.
pub(crate) fn take_in(log: &mut TillLog, origin: OriginId, records: Records) -> Result<usize, IntakeError> {
    let mut intake = Intake::of(log, origin)?;
    for record in records {
        if !intake.take(record.map_err(IntakeError::Io)?)? {
            tracing::error!(%origin, seq = intake.tip.seq + 1, "the journal file does not link here; what follows stays in it");
            break;
        }
    }
    Ok(intake.finish()?)
}

/// The same out of a log that was set aside: first by its index, and where that is broken by its rows.
pub(crate) fn take_from(log: &mut TillLog, origin: OriginId, aside: &Aside) -> Result<usize, StoreError> {
    let mut intake = Intake::of(log, origin)?;
    let record = |event: daybook_store::events::StoredEvent| Record {
        tip: event.tip,
        prev: event.prev,
        text: event.text,
    };
    loop {
        let events = aside.by_index(origin, intake.tip.seq, EVENTS_READ_AT_ONCE);
        let before = intake.tip;
        for event in events {
            if !intake.take(record(event))? {
                break;
            }
        }
        if intake.tip == before {
            break;
        }
    }
    for position in aside.by_rows(origin, intake.tip.seq) {
        let Some(event) = aside.at(position) else { break };
        if !intake.take(record(event))? {
            tracing::error!(%origin, seq = intake.tip.seq + 1, path = %aside.path().display(), "an event that was set aside does not link");
            break;
        }
    }
    intake.finish()
}

/// Events of one origin on their way into the log.
struct Intake<'a> {
    log: &'a mut TillLog,
    origin: OriginId,
    tip: Tip,
    taken: usize,
    batch: Batch,
}

impl<'a> Intake<'a> {
    fn of(log: &'a mut TillLog, origin: OriginId) -> Result<Self, StoreError> {
        let tip = log.own_tip(origin)?;
        Ok(Intake { log, origin, tip, taken: 0, batch: Batch::default() })
    }

    /// Takes a record; false where it does not link. One that is there already changes nothing.
    fn take(&mut self, record: Record) -> Result<bool, StoreError> {
        if record.tip.seq <= self.tip.seq {
            return Ok(true);
        }
        let links = record.prev == self.tip.hash
            && record.tip.seq == self.tip.seq + 1
            && record.text.hash(record.prev) == record.tip.hash;
        let envelope = record.text.read_envelope().ok();
        let Some(envelope) = envelope.filter(|e| links && e.origin == self.origin && e.seq == record.tip.seq)
        else {
            return Ok(false);
        };
        if self.batch.events.len() >= EVENTS_AT_ONCE
            && self.batch.command.is_none_or(|last| envelope.corr != Some(last))
        {
            std::mem::take(&mut self.batch).store(self.log)?;
        }
        self.tip = record.tip;
        self.taken += 1;
        self.batch.add(record, envelope);
        Ok(true)
    }

    /// Commits what is left; gives how many were taken in all.
    fn finish(self) -> Result<usize, StoreError> {
        self.batch.store(self.log)?;
        Ok(self.taken)
    }
}

/// Events on their way into the log, with the answers of the commands that they came of.
#[derive(Default)]
struct Batch {
    events: Vec<KeptEvent>,
    /// The command of the last event.
    command: Option<CommandId>,
    answers: Vec<(CommandId, Tip, Answer)>,
}

impl Batch {
    fn add(&mut self, record: Record, envelope: Envelope) {
        let Record { tip, prev, text } = record;
        if let Some(command) = envelope.corr {
            if self.command != Some(command) {
                let answer = Answer { recorded: None, repeated: false, receipt: None };
                self.answers.push((command, tip, answer));
            }
            if let Some((_, last, answer)) = self.answers.last_mut() {
                *last = tip;
                answer.recorded = Some(tip);
                if let Ok((_, event)) = Input::read(envelope.origin, tip, &text).content {
                    answer.receipt = receipt(&event).or(answer.receipt.take());
                }
            }
        }
        self.command = envelope.corr;
        self.events.push(KeptEvent { tip, prev, envelope, text });
    }

    fn store(self, log: &mut TillLog) -> Result<(), StoreError> {
        let text = |(command, tip, answer): (CommandId, Tip, Answer)| {
            serde_json::to_string(&answer)
                .map(|text| (command, tip, text))
                .map_err(|error| StoreError::Unreadable(error.to_string()))
        };
        let answers: Vec<(CommandId, Tip, String)> =
            self.answers.into_iter().map(text).collect::<Result<_, _>>()?;
        log.take_back(&self.events, &answers)
    }
}
