//! Refilling a log from the journal files: what brings a till back whose log is gone, broken or older than it was.
//!
//! Whether a journal file holds the very last event cannot be known, so a till whose log was refilled always goes on under a child
//! origin: nothing can fork. A log that cannot be used is moved aside, never deleted. Events of others are not in the journal files;
//! they are fetched again. Commands are, so that asking again is still answered and not executed twice.

use std::path::PathBuf;

use daybook_core::chain::Tip;
use daybook_core::envelope::Envelope;
use daybook_core::ids::{CommandId, OriginId};
use daybook_core::project::Input;
use daybook_store::file::{remove, set_aside};
use daybook_store::till::{KeptEvent, TillLog};
use daybook_store::{Durability, StoreError};

use crate::command::Answer;
use crate::execute::receipt;
use crate::identity::{Identity, Keys};
use crate::journal::{Journal, Record, Records};
use crate::open::{IDENTITY_FACT, VIEWS_FILE};
use crate::till::{OpenError, Options};

/// Name of the fact that tells under which origin the log was refilled: that origin writes no more.
pub(crate) const REFILLED_FACT: &str = "refilled";
/// Events taken in with one commit, at least.
const EVENTS_AT_ONCE: usize = 1_000;

/// Opens the log of a till. One that is gone or broken is refilled from the journal files where these can do it.
pub(crate) fn open_log(options: &Options, durability: Durability) -> Result<TillLog, OpenError> {
    let path = TillLog::path_in(&options.data);
    if !path.exists() {
        // What is left of a log without its file would be taken for a part of the new one.
        set_aside(&path)?;
    }
    let opened = TillLog::open(&options.data, durability).and_then(|log| {
        log.probe()?;
        Ok(log)
    });
    match opened {
        Ok(log) if log.fact(IDENTITY_FACT)?.is_some() => Ok(log),
        Ok(log) => match find(options)? {
            Some(remains) => refill(options, log, remains),
            None => Ok(log),
        },
        Err(error) if error.is_damage() => {
            let Some(remains) = find(options)? else {
                tracing::error!(
                    journal = %options.journal.display(),
                    "the log is damaged, and no journal file of this till is there to refill it from"
                );
                return Err(error.into());
            };
            let aside = set_aside(&path)?.unwrap_or_default();
            tracing::error!(%error, aside = %aside.display(), "the log is damaged; it was moved aside");
            refill(options, TillLog::open(&options.data, durability)?, remains)
        }
        Err(error) => Err(error.into()),
    }
}

/// What is left of a till whose log is gone.
struct Remains {
    identity: Identity,
    /// The origin that wrote last.
    origin: OriginId,
    /// Journal files of the own origins, the oldest origin first.
    files: Vec<(OriginId, PathBuf)>,
}

/// The journal files of a till whose keys are still here; none where nothing can be brought back.
fn find(options: &Options) -> Result<Option<Remains>, OpenError> {
    let io = |path: &PathBuf| {
        let path = path.clone();
        move |error| OpenError::Io { path, error }
    };
    let keys = Keys::read(&options.data).map_err(io(&options.data))?;
    let mut files = Vec::new();
    let mut newest: Option<(OriginId, Identity)> = None;
    for path in Journal::files(&options.journal).map_err(io(&options.journal))? {
        let Some((header, mut records)) = Journal::read(&path).map_err(io(&path))? else { continue };
        let begins = records.next().transpose().map_err(io(&path))?;
        if begins.is_none_or(|first| (first.tip.seq, first.prev) != (1, Tip::NONE.hash)) {
            continue;
        }
        if newest.is_none() && keys.origins.contains_key(&header.origin) {
            let named = |identity: &Identity| {
                identity.current().is_some_and(|certificate| certificate.origin == header.origin)
            };
            newest = header.identity.filter(named).map(|identity| (header.origin, identity));
        }
        files.push((header.origin, path));
    }
    let Some((origin, identity)) = newest else { return Ok(None) };
    let own: Vec<OriginId> = identity.certificates().iter().map(|certificate| certificate.origin).collect();
    let place = |origin: &OriginId| own.iter().position(|known| known == origin);
    files.retain(|(origin, _)| place(origin).is_some());
    files.sort_by_key(|(origin, _)| place(origin));
    Ok(Some(Remains { identity, origin, files }))
}

/// Takes everything that links in, then who the till is. Until that stands in the log, opening the till begins this again.
fn refill(options: &Options, mut log: TillLog, remains: Remains) -> Result<TillLog, OpenError> {
    // The read models point into the log that is gone.
    remove(&options.data.join(VIEWS_FILE))?;
    let identity =
        serde_json::to_string(&remains.identity).map_err(|error| OpenError::Unreadable(error.to_string()))?;
    for (origin, path) in remains.files {
        let io = |error| OpenError::Io { path: path.clone(), error };
        let Some((_, records)) = Journal::read(&path).map_err(io)? else { continue };
        let tip = take_in(&mut log, origin, records).map_err(|error| error.at(&path))?;
        tracing::warn!(%origin, events = tip.seq, file = %path.display(), "the log was gone; events are taken back");
    }
    log.put_fact(REFILLED_FACT, &remains.origin.to_string())?;
    log.put_fact(IDENTITY_FACT, &identity)?;
    Ok(log)
}

/// Why records could not be taken in.
pub(crate) enum TakeInError {
    /// The journal file cannot be read.
    Io(std::io::Error),
    /// The log cannot be written.
    Store(StoreError),
}

impl TakeInError {
    /// The error of a journal file.
    pub(crate) fn at(self, path: &std::path::Path) -> OpenError {
        match self {
            TakeInError::Io(error) => OpenError::Io { path: path.to_owned(), error },
            TakeInError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for TakeInError {
    fn from(error: StoreError) -> Self {
        TakeInError::Store(error)
    }
}

/// Takes the records of an origin in that go on from its last own event, up to the first that does not link. Gives the last event then.
pub(crate) fn take_in(log: &mut TillLog, origin: OriginId, records: Records) -> Result<Tip, TakeInError> {
    let mut tip = log.own_tip(origin)?;
    let mut batch = Batch::default();
    for record in records {
        let record = record.map_err(TakeInError::Io)?;
        if record.tip.seq <= tip.seq {
            continue;
        }
        let links = record.prev == tip.hash && record.tip.seq == tip.seq + 1;
        let envelope = record.text.read_envelope().ok();
        let Some(envelope) = envelope.filter(|e| links && e.origin == origin && e.seq == record.tip.seq)
        else {
            tracing::error!(%origin, seq = record.tip.seq, "the journal file does not link here; what follows stays in it");
            break;
        };
        if batch.events.len() >= EVENTS_AT_ONCE
            && batch.command.is_none_or(|last| envelope.corr != Some(last))
        {
            std::mem::take(&mut batch).store(log)?;
        }
        tip = record.tip;
        batch.add(record, envelope);
    }
    batch.store(log)?;
    Ok(tip)
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
