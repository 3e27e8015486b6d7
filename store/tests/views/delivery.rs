//! How the logs of an organisation reach head office: in batches of any size, in any interleaving, some of them twice.
//!
//! Pushes go through the same door as those of real tills: checked by hash and seal, taken in by [`OfficeLog::ingest`] through the state
//! machine of sync, several in one commit. In between, read models catch up by any number of events.

use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;
use tempfile::TempDir;
use uuid::Uuid;

use daybook_core::chain::{Hash, Tip};
use daybook_core::envelope::{EventText, Line};
use daybook_core::ids::RequestId;
use daybook_core::project::standing::Standing;
use daybook_core::record::Recorded;
use daybook_core::sync::server::{Bringer, Effect, Push, Server};
use daybook_core::wire::{ConflictRecord, ConflictState, PushHead};
use daybook_store::office::OfficeLog;
use daybook_store::views::judge::conflicts_after;
use daybook_store::views::report::{ReportQuestion, report};
use daybook_store::views::{Side, Views, read, read_models_digest};
use daybook_store::{Durability, Reader, events};

use crate::script::{HEAD_OFFICE, Log, Organisation, store};

/// Name of the file of read models.
pub const VIEWS: &str = "views.db";

/// One push, and what happens after it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Which of the logs that are not through yet.
    pub log: Index,
    /// What of it.
    pub batch: Batch,
}

/// Events of one push.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// How many of its events.
    pub count: usize,
    /// How many of those already sent it sends again.
    pub again: usize,
    /// Whether further pushes share its commit.
    pub grouped: bool,
    /// How many events are projected after it, where any are.
    pub projected: Option<usize>,
}

/// Ways for logs to reach head office.
pub fn deliveries() -> impl Strategy<Value = Vec<Delivery>> {
    let projected = prop_oneof![2 => Just(None), 1 => (1_usize..4).prop_map(Some), 1 => Just(Some(1_000))];
    let delivery = (any::<Index>(), 1_usize..6, 0_usize..3, any::<bool>(), projected).prop_map(
        |(log, count, again, grouped, projected)| Delivery {
            log,
            batch: Batch { count, again, grouped, projected },
        },
    );
    prop::collection::vec(delivery, 0..40)
}

/// Head office in a directory of its own.
pub struct Office {
    /// Its directory.
    pub home: TempDir,
    /// Its log.
    pub log: OfficeLog,
    /// A reader of the log.
    pub reader: Reader,
    /// Its read models.
    pub views: Views,
    server: Server,
    requests: u128,
    sent: Vec<usize>,
    waiting: Vec<(RequestId, Push, Option<Standing>)>,
    /// Which log each waiting push is of.
    senders: Vec<(RequestId, usize, Tip)>,
}

impl Office {
    /// Head office before anything has arrived.
    pub fn new(side: Side) -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        let log = OfficeLog::open(home.path(), Durability::Off).expect("a log");
        // Read models of a till may be put on it: the log of one has room for what it is told.
        let told = include_str!("../../../migrations/till/0006_snapshot.sql");
        log.connection().execute_batch(told).expect("a table");
        let reader = log.reader().expect("a reader");
        let views = open_views(home.path(), side);
        Office {
            home,
            log,
            reader,
            views,
            server: Server::new("e".to_owned()),
            requests: 0,
            sent: Vec::new(),
            waiting: Vec::new(),
            senders: Vec::new(),
        }
    }

    /// Takes in all logs, as the deliveries say and then in order.
    pub fn take_in(&mut self, organisation: &Organisation, deliveries: &[Delivery]) {
        self.sent.resize(organisation.logs.len(), 0);
        for delivery in deliveries {
            let open: Vec<usize> = self.unfinished(organisation);
            if open.is_empty() {
                break;
            }
            self.deliver(organisation, *delivery.log.get(&open), delivery.batch);
        }
        while let Some(log) = self.unfinished(organisation).first().copied() {
            let rest = Batch { count: 500, again: 0, grouped: false, projected: None };
            self.deliver(organisation, log, rest);
        }
        self.commit(organisation);
        self.catch_up();
    }

    fn unfinished(&self, organisation: &Organisation) -> Vec<usize> {
        let lengths = organisation.logs.iter().map(|log| log.as_ref().map_or(0, |log| log.events.len()));
        let open = lengths.zip(&self.sent).enumerate().filter(|(_, (length, sent))| length > sent);
        open.map(|(log, _)| log).collect()
    }

    fn deliver(&mut self, organisation: &Organisation, number: usize, batch: Batch) {
        let log = organisation.logs[number].as_ref().expect("a log");
        let certificate = log.certificate((number != HEAD_OFFICE).then(store));
        self.log.put_certificate(log.origin, &certificate).expect("a certificate");
        let from = self.sent[number].saturating_sub(batch.again);
        let to = (self.sent[number] + batch.count).min(log.events.len());
        if number == HEAD_OFFICE {
            // Head office writes its own log where it lies, in order and once.
            self.append_own(log, self.sent[number], to);
            self.sent[number] = to;
        } else {
            self.requests += 1;
            let request = RequestId(Uuid::from_u128(self.requests));
            let push = push(log, from, to);
            self.senders.push((request, number, log.events[to - 1].1));
            let standing = Standing::of(&certificate.read().expect("a certificate"));
            self.waiting.push((request, push, standing));
            self.sent[number] = to;
            if !batch.grouped {
                self.commit(organisation);
            }
        }
        match batch.projected {
            None => {}
            Some(count) => self.project(count),
        }
    }

    fn append_own(&mut self, log: &Log, from: usize, to: usize) {
        let recorded = |(prev, tip, text): &(Hash, Tip, EventText)| {
            let envelope = text.read_envelope().expect("an envelope");
            let read = daybook_core::event::Event::read(&envelope.kind, envelope.v, &text.payload);
            let daybook_core::event::Reading::Known(event) = read else { panic!("{read:?}") };
            Recorded { tip: *tip, prev: *prev, envelope, event: *event, text: text.clone() }
        };
        let own: Vec<Recorded> = log.events[from..to].iter().map(recorded).collect();
        self.log.append_own(&own).expect("an own commit");
    }

    /// Takes in what waits, in one commit. Who is told that its previous event is unknown begins again at the first.
    fn commit(&mut self, organisation: &Organisation) {
        let pushes = std::mem::take(&mut self.waiting);
        if pushes.is_empty() {
            return;
        }
        let (answers, outcome) = self.log.ingest(0, &mut self.server, pushes);
        outcome.expect("a commit");
        let senders = std::mem::take(&mut self.senders);
        assert_eq!(answers.len(), senders.len(), "every push is answered: {answers:?}");
        for (request, number, last) in senders {
            let copied = organisation.logs[number].as_ref().expect("a log").copied;
            let answered = answers.iter().find_map(|answer| match answer {
                Effect::Acknowledge(of, answer) if *of == request => Some(answer.durable == last),
                Effect::UnknownPrevious(of, _) if *of == request => Some(false),
                _ => None,
            });
            match answered {
                Some(true) => {}
                Some(false) => {
                    assert!(copied > 0, "only a copy can follow events that head office has not heard of");
                    self.sent[number] = 0;
                }
                None => panic!("push {request} was not answered: {answers:?}"),
            }
        }
    }

    /// Projects at most so many of the events that have arrived.
    fn project(&mut self, count: usize) {
        let found = events::after_position(&self.reader, self.views.position(), count).expect("events");
        let inputs: Vec<_> = found.iter().map(read).collect();
        self.views.apply(&self.reader, &inputs).expect("applied events");
    }

    /// Projects everything that has arrived.
    pub fn catch_up(&mut self) {
        while self.views.catch_up(&self.reader).expect("applied events") > 0 {}
    }

    /// The conflicts that arise, by id.
    pub fn conflicts(&self) -> Vec<ConflictRecord> {
        conflicts(self.views.connection())
    }
}

/// The read models in a directory.
pub fn open_views(directory: &Path, side: Side) -> Views {
    Views::open(directory, VIEWS, side, Durability::Off).expect("read models")
}

/// The conflicts that arise, by id, without their revisions: these tell of arrival.
pub fn conflicts(views: &Reader) -> Vec<ConflictRecord> {
    let mut found = conflicts_after(views, None, 0, 100_000).expect("conflicts");
    found.retain(|record| record.state != ConflictState::Gone);
    found.sort_by(|a, b| a.conflict.id.cmp(&b.conflict.id));
    found.iter_mut().for_each(|record| record.revision = 0);
    found
}

/// What people see of read models: their digest, the conflicts and the report.
pub fn seen(
    views: &Reader,
    log: &Reader,
) -> (Hash, Vec<ConflictRecord>, daybook_store::views::report::Report) {
    let digest = read_models_digest(views).expect("a digest");
    (digest, conflicts(views), report(views, log, &ReportQuestion::default()).expect("a report"))
}

fn push(log: &Log, from: usize, to: usize) -> Push {
    let previous = from.checked_sub(1).map_or(Tip::NONE, |before| log.events[before].1);
    let last = log.events[to - 1].1;
    let head =
        PushHead { origin: log.origin, previous, seal: log.seal(last).text(), certificates: Vec::new() };
    let lines = log.events[from..to].iter().map(|(_, _, text)| Line::Event(text.clone())).collect();
    Push::check(&head, lines, &log.key.public(), Bringer::Writer).expect("a push that holds together")
}
