//! The writer: the one thread that commits to head office's log.
//!
//! Whatever waits is taken into one commit (group commit), at most [`GROUP_PUSHES_MAX`] pushes at a time; the answers go out after it.
//! Head office's own events are numbered and sealed here, because only the writer knows where its chain stands.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use daybook_core::chain::{Hash, Tip};
use daybook_core::event::Event;
use daybook_core::event::origin::Closed;
use daybook_core::identity::certificate::SignedCertificate;
use daybook_core::ids::{EventId, OriginId, RequestId, StaffId, uuid_v7};
use daybook_core::project::standing::Standing;
use daybook_core::record::{Circumstances, Draft, Writer};
use daybook_core::sync::admission::Gate;
use daybook_core::sync::epoch::{Anchor, NewEpoch, Witness, is_proof};
use daybook_core::sync::scope;
use daybook_core::sync::server::{Effect, Push, Server};
use daybook_core::time::Now;
use daybook_core::wire::{FeedHint, PushAnswer};
use daybook_store::office::{
    EnrolmentCode, OfficeLog, Prepared, booking, feed_head, held, received, standing,
};
use daybook_store::{events, links};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::anchor::{AnchorFile, anchor_of};
use super::epoch::{self, Present};
use super::{Identity, OfficeError, Refusal, Settings, Shared};

/// Pushes taken into one commit at most.
const GROUP_PUSHES_MAX: usize = 64;
/// Own events read at a time when the office opens, and bytes of their texts.
const CHAIN_EVENTS: i64 = 5_000;
const CHAIN_BYTES: usize = 8 * 1024 * 1024;

/// What the writer is asked to do.
pub(super) enum Job {
    /// Take in a push of an origin that may speak for this.
    Push(RequestId, Box<Pushed>, Option<Standing>, oneshot::Sender<Result<PushAnswer, Refusal>>),
    /// Record own events, each with the heads it had seen.
    Own(Vec<(Event, Vec<Hash>)>, Option<StaffId>, oneshot::Sender<Result<Written, OfficeError>>),
    /// Close origins, for a reason in a word.
    Close(Vec<OriginId>, String, oneshot::Sender<Result<Written, OfficeError>>),
    /// Begin a new epoch, where this word of head office about itself, its certificate and seal verified, proves that events are lost.
    Witness(OriginId, SignedCertificate, Tip, oneshot::Sender<Result<(), OfficeError>>),
    /// Keep a certificate.
    Certificate(OriginId, SignedCertificate, oneshot::Sender<Result<(), OfficeError>>),
    /// Keep a one-time code.
    Code(EnrolmentCode, oneshot::Sender<Result<(), OfficeError>>),
    /// Mark a code as used by an origin.
    UseCode([u8; 32], OriginId, SignedCertificate, oneshot::Sender<Result<(), OfficeError>>),
}

/// A push, with what is known of its events already.
pub(super) struct Pushed {
    pub(super) push: Push,
    pub(super) prepared: Prepared,
}

/// What became of own events that were to be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// How many were recorded; goods of documents that were booked meanwhile are not.
    pub(super) events: u64,
    /// The last position of the log then.
    pub(super) position: i64,
}

/// Head office's own chain.
pub(super) struct OwnLog {
    writer: Writer,
    /// Number of own events per stream.
    revisions: BTreeMap<String, i64>,
    identity: Identity,
    settings: Settings,
    anchor: Arc<AnchorFile>,
    /// Whether it is proved that head office wrote more under this origin than its log holds: nothing is written under it any more, and a new
    /// epoch is to begin.
    is_outdated: bool,
}

impl OwnLog {
    /// Finds where the chain stands.
    pub(super) fn load(
        log: &OfficeLog,
        identity: &Identity,
        settings: &Settings,
        anchor: &Arc<AnchorFile>,
    ) -> Result<Self, OfficeError> {
        let mut writer = Writer::new(identity.origin);
        let mut revisions: BTreeMap<String, i64> = BTreeMap::new();
        loop {
            let first = writer.tip.seq + 1;
            let numbers = (first, first + CHAIN_EVENTS - 1);
            let chain = events::of_chain_within(log.connection(), identity.origin, numbers, CHAIN_BYTES)?;
            let Some(last) = chain.last() else { break };
            writer.tip = last.tip;
            for envelope in chain.iter().filter_map(|event| event.text.read_envelope().ok()) {
                writer.last_at = envelope.at;
                *revisions.entry(envelope.stream).or_default() += 1;
            }
        }
        let (identity, settings, anchor) = (identity.clone(), settings.clone(), anchor.clone());
        Ok(OwnLog { writer, revisions, identity, settings, anchor, is_outdated: false })
    }

    /// The chain of an origin that goes on from another one: its order keys stand above that one's.
    pub(super) fn after(parent: &OwnLog, identity: &Identity) -> Self {
        OwnLog {
            writer: Writer { last_at: parent.writer.last_at, ..Writer::new(identity.origin) },
            revisions: BTreeMap::new(),
            identity: identity.clone(),
            settings: parent.settings.clone(),
            anchor: parent.anchor.clone(),
            is_outdated: false,
        }
    }

    /// The last event.
    pub(super) fn tip(&self) -> Tip {
        self.writer.tip
    }

    /// Where it is written down how far the log is.
    pub(super) fn anchor_file(&self) -> &AnchorFile {
        &self.anchor
    }

    /// Records events in one commit; gives how many. Goods of a document that another publication booked since they were described are
    /// left out: only here it is certain who came first.
    pub(super) fn append(
        &mut self,
        log: &mut OfficeLog,
        mut described: Vec<(Event, Vec<Hash>)>,
        actor: Option<StaffId>,
    ) -> Result<u64, OfficeError> {
        if self.is_outdated {
            return Err(OfficeError::Unexpected(
                "its log lacks events of its own, and a new epoch could not begin yet; nothing was recorded"
                    .to_owned(),
            ));
        }
        let mut booked = Vec::new();
        for (event, _) in &described {
            let named = booking(event);
            booked.push(
                named.map_or(Ok(false), |(store, document)| received(log.connection(), store, document))?,
            );
        }
        let mut booked = booked.into_iter();
        described.retain(|_| !booked.next().unwrap_or(false));
        let wall = self.settings.clock.wall();
        let mut revisions = self.revisions.clone();
        let draft = |(event, base): (Event, Vec<Hash>)| {
            let mut random = [0; 10];
            self.settings.randomness.fill(&mut random);
            let rev = revisions.entry(event.stream()).or_default();
            *rev += 1;
            let base = event.is_description().then_some(base);
            Draft { id: EventId(uuid_v7(wall, random)), event, rev: *rev, base }
        };
        let drafts: Vec<Draft> = described.into_iter().map(draft).collect();
        let now = Now { wall, offset: 0 };
        let circumstances = Circumstances { now, actor, approver: None, command: None, day: None };
        let (recorded, after) = self
            .writer
            .record(drafts, &circumstances, &self.identity.key, true)
            .map_err(|error| OfficeError::Unexpected(error.to_string()))?;
        // Noted first: a log that is put back to before this commit is known by what it lacks.
        self.anchor.note_own(self.identity.origin, after.tip)?;
        if let Err(failed) = log.append_own(&recorded) {
            // Left as it is, it costs a new epoch at the next start and nothing else.
            if let Err(error) = self.anchor.note_own(self.identity.origin, self.writer.tip) {
                tracing::error!(%error, "the anchor names an own event that was not recorded");
            }
            return Err(failed.into());
        }
        self.writer = after;
        self.revisions = revisions;
        Ok(recorded.len() as u64)
    }
}

/// What the writer tells others of.
pub(super) struct Told {
    /// The last position of the log.
    pub(super) stored: watch::Sender<i64>,
    /// How far the log is, for its anchor.
    pub(super) anchor: watch::Sender<Option<Anchor>>,
    /// Whose events are let in.
    pub(super) gate: watch::Sender<Gate>,
    /// Scopes in which something new stands.
    pub(super) hints: broadcast::Sender<FeedHint>,
    /// Who head office is.
    pub(super) present: Shared<Present>,
}

/// Runs until every sender is gone.
pub(super) fn run(mut log: OfficeLog, mut own: OwnLog, mut jobs: mpsc::Receiver<Job>, told: &Told) {
    let mut server = Server::new(told.present.get().epoch.clone());
    let mut waiting: VecDeque<Job> = VecDeque::new();
    loop {
        if waiting.is_empty() {
            match jobs.blocking_recv() {
                Some(job) => waiting.push_back(job),
                None => return,
            }
        }
        while waiting.len() < GROUP_PUSHES_MAX {
            match jobs.try_recv() {
                Ok(job) => waiting.push_back(job),
                Err(_) => break,
            }
        }
        let mut scopes: BTreeSet<String> = BTreeSet::new();
        if own.is_outdated {
            match begin_proved(&mut log, &mut own, told) {
                Ok(()) => {
                    server = Server::new(told.present.get().epoch.clone());
                    scopes.insert(scope::CATALOGUE.to_owned());
                }
                Err(error) => tracing::error!(%error, "a new epoch cannot begin; head office writes nothing"),
            }
        }
        let mut group = take_group(&mut waiting);
        if !group.is_empty() {
            for Waiting { standing, .. } in &group {
                if let Some(Standing::Till(store, _)) = standing {
                    scopes.extend([scope::sales(*store), scope::stock(*store)]);
                }
            }
            if look_into_past(&mut log, &mut own, told, &mut group) {
                server = Server::new(told.present.get().epoch.clone());
                scopes.insert(scope::CATALOGUE.to_owned());
            }
            ingest(&mut log, own.settings.clock.wall(), &mut server, group, &told.gate);
        } else {
            match waiting.pop_front() {
                Some(Job::Witness(origin, certificate, tip, reply)) => {
                    let heeded = heed(&mut log, &mut own, told, (origin, &certificate, tip));
                    if matches!(heeded, Ok(true)) {
                        server = Server::new(told.present.get().epoch.clone());
                        scopes.insert(scope::CATALOGUE.to_owned());
                    }
                    let _asker_left = reply.send(heeded.map(drop));
                }
                Some(job) => scopes.extend(write(&mut log, &mut own, job, &told.gate)),
                None => {}
            }
        }
        if let Ok(last) = events::last_position(log.connection()) {
            told.stored.send_replace(last);
        }
        let present = told.present.get();
        if let Ok(anchor) = anchor_of(&log, &present.epoch, present.identity.origin, own.tip()) {
            told.anchor.send_if_modified(|known| {
                let is_new = *known != anchor;
                *known = anchor;
                is_new
            });
        }
        for scope in scopes {
            if let Ok(Some(head)) = feed_head(log.connection(), &scope) {
                let _nobody_listens = told.hints.send(FeedHint { scope, position: head.position });
            }
        }
    }
}

/// Begins a new epoch where a till's word of head office about itself proves that events are lost; whether it did.
fn heed(
    log: &mut OfficeLog,
    own: &mut OwnLog,
    told: &Told,
    (origin, certificate, tip): (OriginId, &SignedCertificate, Tip),
) -> Result<bool, OfficeError> {
    let present = told.present.get();
    let witness = Witness {
        of_present_origin: origin == present.identity.origin,
        origin_is_known: standing(log.connection(), origin)?.is_some(),
        event_is_known: links::knows(log.connection(), origin, tip)?,
    };
    if !is_proof(witness) {
        return Ok(false);
    }
    own.is_outdated = true;
    begin_proved(log, own, told)?;
    // Known from now on: what of it is lost is accounted for by the epoch that has just begun.
    log.put_certificate(origin, certificate)?;
    Ok(true)
}

/// Begins the new epoch that is due. Until it has begun, nothing is written under the origin of which events are lost.
fn begin_proved(log: &mut OfficeLog, own: &mut OwnLog, told: &Told) -> Result<(), OfficeError> {
    let present = told.present.get();
    let (before, why) = (Some(present.epoch.clone()), NewEpoch::ProvedLater);
    let (began, own_log) = epoch::open(log, &own.settings, &own.anchor, &present.identity, before, why)?;
    *own = own_log;
    told.present.set(began);
    Ok(())
}

/// Whether somebody hands back events of the origin that head office writes as, which it does not know: its log was put back. A new epoch
/// begins before they are taken in, so that nothing is ever written beside them. Where it cannot begin they are not taken in: once they were
/// known, nothing would prove any more what head office lost.
fn look_into_past(log: &mut OfficeLog, own: &mut OwnLog, told: &Told, group: &mut Vec<Waiting>) -> bool {
    let mut began = false;
    group.retain_mut(|Waiting { pushed, replies, .. }| {
        let push = &pushed.push;
        let present = told.present.get();
        let last = push.events.last().filter(|_| push.origin == present.identity.origin);
        let Some((tip, _)) = last else { return true };
        match heed(log, own, told, (push.origin, &present.certificate, *tip)) {
            Ok(heeded) => {
                began |= heeded;
                true
            }
            Err(error) => {
                tracing::error!(%error, "what head office itself wrote is handed back, and no new epoch could begin for it");
                for reply in replies.drain(..) {
                    let _asker_left = reply.send(Err(Refusal::from(OfficeError::Unexpected(error.to_string()))));
                }
                false
            }
        }
    });
    began
}

/// A push of the next commit, with everybody who waits for its answer.
struct Waiting {
    request: RequestId,
    pushed: Box<Pushed>,
    standing: Option<Standing>,
    replies: Vec<oneshot::Sender<Result<PushAnswer, Refusal>>>,
}

/// Takes the pushes at the front of the queue. One that came twice is done once and answered twice; another one under the same
/// request id waits for the next commit, so that answers cannot be mixed up.
fn take_group(waiting: &mut VecDeque<Job>) -> Vec<Waiting> {
    let mut group: Vec<Waiting> = Vec::new();
    while let Some(Job::Push(request, pushed, ..)) = waiting.front() {
        let same = group.iter().position(|known| known.request == *request);
        if same.is_some_and(|at| group[at].pushed.push != pushed.push) {
            break;
        }
        let Some(Job::Push(request, pushed, standing, reply)) = waiting.pop_front() else { break };
        match same {
            Some(at) => group[at].replies.push(reply),
            None => group.push(Waiting { request, pushed, standing, replies: vec![reply] }),
        }
    }
    group
}

fn ingest(
    log: &mut OfficeLog,
    now: i64,
    server: &mut Server,
    group: Vec<Waiting>,
    gate: &watch::Sender<Gate>,
) {
    let mut waiting = Vec::new();
    let (mut pushes, mut prepared) = (Vec::new(), Prepared::default());
    let speaks = group.iter().any(|waiting| waiting.standing == Some(Standing::HeadOffice));
    for Waiting { request, pushed, standing, replies } in group {
        waiting.push((request, replies));
        prepared.extend(pushed.prepared);
        pushes.push((request, pushed.push, standing));
    }
    let (answers, outcome) = log.ingest_prepared(now, server, pushes, prepared);
    if speaks {
        look_at_gate(log, gate);
    }
    if let Err(error) = &outcome {
        tracing::error!(%error, "pushed events could not be taken in; what is not stored is not acknowledged");
    }
    let failed = outcome.err().map_or_else(|| "it was not stored".to_owned(), |error| error.to_string());
    let mut found = std::collections::BTreeMap::new();
    for answer in answers {
        match answer {
            Effect::Acknowledge(request, answer) => found.insert(request, Ok(answer)),
            Effect::UnknownPrevious(request, tips) => {
                found.insert(request, Err(Refusal::UnknownPrevious(tips)))
            }
            Effect::HeldFull(request) => {
                let message =
                    "As much is held of this till as may be, until somebody at head office has looked.";
                found.insert(request, Err(Refusal::Forbidden(message.to_owned())))
            }
            Effect::TooManyBranches(request) => {
                let message = "This origin was written by too many at once: head office takes in no further branch of it. \
                               The till keeps these events; somebody has to look, see `revoke` and `admit`.";
                found.insert(request, Err(Refusal::Forbidden(message.to_owned())))
            }
            Effect::Failed(request) => found.insert(request, Err(Refusal::Failed(failed.clone()))),
            Effect::LookUp(..) | Effect::Append { .. } | Effect::Fill { .. } => None,
        };
    }
    for (request, replies) in waiting {
        let answer = found.remove(&request).unwrap_or_else(|| Err(Refusal::Failed(failed.clone())));
        for reply in replies {
            let _asker_left = reply.send(answer.clone());
        }
    }
}

/// Looks again who is let in: before anybody hears that it changed.
fn look_at_gate(log: &OfficeLog, gate: &watch::Sender<Gate>) {
    match held::gate(log.connection()) {
        Ok(found) => drop(gate.send_replace(found)),
        Err(error) => tracing::error!(%error, "who is let in could not be read; it stays as it was"),
    }
}

/// The events that close origins: each names what of it is here and counts. What waits of it goes on waiting.
fn closings(
    log: &OfficeLog,
    origins: Vec<OriginId>,
    reason: &str,
) -> Result<Vec<(Event, Vec<Hash>)>, OfficeError> {
    let closing = |origin| {
        let tips = held::tips_let_in(log.connection(), origin)?;
        Ok((Event::from(Closed { origin, reason: reason.to_owned(), tips }), Vec::new()))
    };
    origins.into_iter().map(closing).collect()
}

/// The scopes that an event of head office touches.
fn scopes_of(log: &OfficeLog, event: &Event) -> Vec<String> {
    let own = scope::scope_of(event.kind().0, &event.payload_text(), None);
    let mut scopes: Vec<String> = own.into_iter().collect();
    // What it lets in is news to the origin's store.
    if let Event::OriginAdmitted(admitted) = event
        && let Ok(Some(Standing::Till(store, _))) = standing(log.connection(), admitted.origin)
    {
        scopes.extend([scope::sales(store), scope::stock(store)]);
    }
    scopes
}

/// Does one job that is no push; gives the scopes it touched.
fn write(log: &mut OfficeLog, own: &mut OwnLog, job: Job, gate: &watch::Sender<Gate>) -> Vec<String> {
    match job {
        Job::Push(..) | Job::Witness(..) => Vec::new(),
        Job::Own(described, actor, reply) => {
            let scopes: BTreeSet<String> =
                described.iter().flat_map(|(event, _)| scopes_of(log, event)).collect();
            let done = own.append(log, described, actor).and_then(|events| {
                Ok(Written { events, position: events::last_position(log.connection())? })
            });
            look_at_gate(log, gate);
            let _asker_left = reply.send(done);
            scopes.into_iter().collect()
        }
        Job::Close(origins, reason, reply) => {
            let done = closings(log, origins, &reason).and_then(|described| {
                let events = own.append(log, described, None)?;
                Ok(Written { events, position: events::last_position(log.connection())? })
            });
            look_at_gate(log, gate);
            let _asker_left = reply.send(done);
            vec![scope::CATALOGUE.to_owned()]
        }
        Job::Certificate(origin, certificate, reply) => {
            let _asker_left =
                reply.send(log.put_certificate(origin, &certificate).map_err(OfficeError::from));
            Vec::new()
        }
        Job::Code(code, reply) => {
            let _asker_left =
                reply.send(log.put_code(own.settings.clock.wall(), &code).map_err(OfficeError::from));
            Vec::new()
        }
        Job::UseCode(key, origin, certificate, reply) => {
            let _asker_left = reply.send(log.use_code(&key, origin, &certificate).map_err(OfficeError::from));
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::chain::Seal;
    use daybook_core::envelope::{EventText, Line};
    use daybook_store::Durability;
    use uuid::Uuid;

    type Reply = oneshot::Receiver<Result<PushAnswer, Refusal>>;

    fn push(request: u128, payload: &str) -> (Job, Reply) {
        let text = EventText { envelope: "{\"seq\":1}".to_owned(), payload: payload.to_owned(), seal: None };
        let tip = Tip { seq: 1, hash: text.hash(Hash::ZERO) };
        let origin = OriginId(Uuid::from_u128(1));
        let push =
            Push { origin, previous: Tip::NONE, events: vec![(tip, Line::Event(text))], seal: Seal([0; 64]) };
        let (reply, answer) = oneshot::channel();
        let pushed = Box::new(Pushed { push, prepared: Prepared::default() });
        (Job::Push(RequestId(Uuid::from_u128(request)), pushed, None, reply), answer)
    }

    #[test]
    fn a_push_that_waits_twice_is_done_once_and_answered_twice() {
        let home = tempfile::tempdir().unwrap();
        let mut log = OfficeLog::open(home.path(), Durability::Off).unwrap();
        let mut server = Server::new("e".to_owned());
        let ((one, mut first), (two, mut second)) = (push(7, "{}"), push(7, "{}"));
        let group = take_group(&mut VecDeque::from([one, two]));
        assert_eq!(group.len(), 1);
        ingest(&mut log, 0, &mut server, group, &watch::Sender::new(Gate::default()));
        let answer = first.try_recv().unwrap().unwrap();
        assert_eq!(second.try_recv().unwrap().unwrap(), answer);
        assert_eq!(events::last_position(log.connection()).unwrap(), 1);
    }

    #[test]
    fn another_push_under_the_same_request_id_waits_for_the_next_commit() {
        let ((one, _first), (other, _second)) = (push(7, "{}"), push(7, "[]"));
        let mut waiting = VecDeque::from([one, other]);
        assert_eq!(take_group(&mut waiting).len(), 1);
        assert_eq!((waiting.len(), take_group(&mut waiting).len(), waiting.len()), (1, 1, 0));
    }

    /// A writer whose keys go to a directory of this name, and what it tells others.
    fn writer(home: &std::path::Path, keys: &str) -> (OfficeLog, OwnLog, Told) {
        let office_settings = super::super::tests::settings(home);
        let mut log = OfficeLog::open(home, Durability::Off).unwrap();
        let anchor = Arc::new(AnchorFile::read(&office_settings).unwrap());
        let (present, own) = epoch::begin(&mut log, &office_settings, &anchor).unwrap();
        let settings = Settings { data: home.join(keys), ..office_settings };
        let told = Told {
            stored: watch::Sender::new(0),
            anchor: watch::Sender::new(None),
            gate: watch::Sender::new(Gate::default()),
            hints: broadcast::channel(8).0,
            present: Shared::new(present),
        };
        (log, OwnLog { settings, ..own }, told)
    }

    #[tokio::test]
    async fn head_office_writes_nothing_while_a_proved_epoch_cannot_begin_and_takes_no_proof_away() {
        let home = tempfile::tempdir().unwrap();
        super::super::tests::office(home.path()).close().await;
        let (mut log, mut own, told) = writer(home.path(), "gone");
        let (before, position) = (told.present.get(), events::last_position(log.connection()).unwrap());
        let handed_back = || {
            let (job, answer) = push(7, "{}");
            let Job::Push(request, pushed, standing, reply) = job else { unreachable!("a push") };
            let push = Push { origin: before.identity.origin, ..pushed.push };
            let pushed = Box::new(Pushed { push, prepared: Prepared::default() });
            (Waiting { request, pushed, standing, replies: vec![reply] }, answer)
        };
        let (waiting, mut answer) = handed_back();
        let mut group = vec![waiting];
        assert!(!look_into_past(&mut log, &mut own, &told, &mut group), "no place for the new keys");
        assert!(group.is_empty() && matches!(answer.try_recv(), Ok(Err(Refusal::Failed(_)))));
        let word = || {
            vec![(
                Closed { origin: OriginId(Uuid::from_u128(3)), reason: "lost".to_owned(), tips: Vec::new() }
                    .into(),
                Vec::new(),
            )]
        };
        assert!(own.append(&mut log, word(), None).is_err());
        assert_eq!(events::last_position(log.connection()).unwrap(), position);

        std::fs::create_dir(home.path().join("gone")).unwrap();
        let (waiting, _answer) = handed_back();
        let mut group = vec![waiting];
        assert!(look_into_past(&mut log, &mut own, &told, &mut group));
        assert_eq!(group.len(), 1, "now it may come in");
        assert_ne!(told.present.get().epoch, before.epoch);
        assert_eq!(own.append(&mut log, word(), None).unwrap(), 1);
    }
}
