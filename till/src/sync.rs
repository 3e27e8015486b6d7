//! The sync shell: carries out what [`daybook_core::sync::till`] decides, over signed HTTP, and reports back what happened.
//!
//! One task owns the state machine; each request is a task of its own, so fetching never waits for pushing. The till's mutex is held only to read
//! or write its files, never while the network is awaited.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use daybook_core::chain::Tip;
use daybook_core::event::origin::Reason;
use daybook_core::ids::OriginId;
use daybook_core::limits::{LIVE_AGAIN_SECONDS_FIRST, LIVE_AGAIN_SECONDS_MAX, PUSH_BYTES_MAX};
use daybook_core::sync::scope;
use daybook_core::sync::till::{Effect, Input, Moment, Status, Till as Machine, Trouble};
use daybook_core::sync::turns::Turns;
use daybook_core::wire::Held;
use daybook_store::StoreError;
use daybook_store::till::TillLog;
use road::Road;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::client::Http;
use crate::till::{Inner, Till};
use crate::tls::{self, Now};

mod carry;
mod fetch;
mod road;
mod snapshot;

/// How long the journal may lag behind the log on its disk.
const JOURNAL_FLUSH: Duration = Duration::from_secs(1);

/// What was acknowledged of an own origin.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Acknowledged {
    epoch: String,
    tip: Tip,
}

/// An own origin with how far it is at head office.
pub(crate) struct OwnLane {
    pub(crate) origin: OriginId,
    pub(crate) tip: Tip,
    pub(crate) acknowledged: Tip,
    epoch: Option<String>,
    /// What head office keeps apart of it.
    pub(crate) held: Option<Held>,
}

impl OwnLane {
    /// The number up to which its events are at head office and count there.
    pub(crate) fn counted(&self) -> i64 {
        Held::counted(self.held.as_ref(), self.acknowledged.seq)
    }
}

/// The own origins, the oldest first.
pub(crate) fn own_lanes(inner: &Inner) -> Result<Vec<OwnLane>, StoreError> {
    let Some(enrolled) = &inner.enrolled else { return Ok(Vec::new()) };
    let mut lanes = Vec::new();
    for certificate in enrolled.identity.certificates() {
        let origin = certificate.origin;
        let tip = if origin == enrolled.writer.origin {
            enrolled.writer.tip
        } else {
            inner.log.own_tip(origin)?
        };
        let known = inner.log.fact(&format!("acknowledged/{origin}"))?;
        let known: Option<Acknowledged> = known.and_then(|text| serde_json::from_str(&text).ok());
        let acknowledged = known.as_ref().map_or(Tip::NONE, |known| known.tip);
        let held = held_of(&inner.log, origin)?;
        lanes.push(OwnLane { origin, tip, acknowledged, epoch: known.map(|known| known.epoch), held });
    }
    Ok(lanes)
}

/// What head office keeps apart of an own origin, as far as the till has heard.
fn held_of(log: &TillLog, origin: OriginId) -> Result<Option<Held>, StoreError> {
    let known = log.fact(&held_fact(origin))?;
    Ok(known.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Keeps what head office said about that.
fn keep_held(log: &mut TillLog, origin: OriginId, held: Option<&Held>) -> Result<(), StoreError> {
    let before = held_of(log, origin)?;
    match held {
        _ if before.as_ref() == held => Ok(()),
        Some(held) => log.put_fact(&held_fact(origin), &serde_json::to_string(held).unwrap_or_default()),
        None => log.forget_fact(&held_fact(origin)),
    }
}

fn held_fact(origin: OriginId) -> String {
    format!("held/{origin}")
}

/// Synchronises a till until `stop` says so. A till that belongs to no store yet is waited for.
pub async fn synchronise(till: Till, mut stop: watch::Receiver<bool>) {
    let (reports, mut reported) = mpsc::unbounded_channel();
    let mut shell: Option<Shell> = None;
    let mut wake = Instant::now();
    let mut flush = tokio::time::interval(JOURNAL_FLUSH);
    flush.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        if shell.is_none() && till.is_enrolled() && !till.is_alone() {
            shell = Shell::new(&till, reports.clone());
        }
        let input = tokio::select! {
            biased;
            _ = stop.changed() => break,
            _ = flush.tick() => {
                flush_journal(&till);
                continue;
            }
            Some(input) = reported.recv() => input,
            () = till.shared.asked.notified(), if shell.is_some() => Input::Now,
            () = till.shared.recorded.notified() => match &shell {
                Some(shell) => Input::Recorded(shell.lane_tip()),
                None => continue,
            },
            () = tokio::time::sleep_until(wake), if shell.is_some() => Input::Tick,
        };
        if let Some(shell) = &mut shell {
            wake = Instant::now() + shell.step(input);
        }
    }
    if let Some(mut shell) = shell {
        shell.tasks.shutdown().await;
    }
    // What a request left to a thread is not ended with it, and holds the till's files open.
    drop(till.shared.storing.write().await);
    flush_journal(&till);
}

/// The HTTP client of a till that belongs to a store: it believes its own head office.
fn http_of(till: &Till) -> Option<Http> {
    let (root, organisation) = {
        let inner = till.lock();
        let identity = &inner.enrolled.as_ref()?.identity;
        (identity.root, identity.organisation)
    };
    // A connection that is still closing must not hold the books open, so this only borrows them.
    let (clock, books) = (till.shared.options.clock.clone(), Arc::downgrade(&till.inner));
    let now: Now = Arc::new(move || match books.upgrade() {
        Some(books) => books.lock().unwrap_or_else(PoisonError::into_inner).now().corrected(),
        None => clock.wall(),
    });
    let tls = tls::pinned(&root, organisation, tls::public_authorities(), now);
    let http = tls.map_err(|error| Trouble::Network(error.to_string())).and_then(Http::new);
    http.inspect_err(|error| {
        tracing::error!(?error, "no HTTP client can be made; the till does not synchronise")
    })
    .ok()
}

/// The state machine with what it needs to act.
struct Shell {
    till: Till,
    machine: Machine,
    http: Http,
    reports: mpsc::UnboundedSender<Input>,
    /// The own origin whose events are pushed now.
    lane: OriginId,
    /// The same, for the live feed: a refused origin hears nothing.
    listens_as: watch::Sender<OriginId>,
    /// Whose turn it is next.
    turns: Turns,
    /// Requests on the road, and the live feed.
    tasks: JoinSet<()>,
    listens: bool,
    /// An own origin that was found to have a second branch, and goes on as a child as soon as that can be opened.
    forked: Option<(OriginId, Reason)>,
}

impl Shell {
    fn new(till: &Till, reports: mpsc::UnboundedSender<Input>) -> Option<Self> {
        let http = http_of(till)?;
        let inner = till.lock();
        let lanes = own_lanes(&inner).ok()?;
        let mut positions: BTreeMap<String, i64> = inner
            .log
            .cursors()
            .ok()?
            .into_iter()
            .map(|(scope, cursor)| (scope, cursor.position))
            .collect();
        positions.insert(scope::CREDENTIALS.to_owned(), inner.people_revision().ok()?);
        let lane = lanes.iter().find(|lane| lane.tip != lane.acknowledged).or(lanes.last())?;
        let acknowledged = lane.epoch.clone().map(|epoch| (epoch, lane.acknowledged));
        let begun = inner.log.snapshot_progress().ok()?;
        let is_empty = snapshot::knows_nothing(&inner).ok()?;
        drop(inner);
        let machine = Machine::new(lane.tip, acknowledged, positions)
            .beginning(begun.map(|progress| progress.begun()), is_empty);
        Some(Shell {
            till: till.clone(),
            machine,
            http,
            reports,
            lane: lane.origin,
            listens_as: watch::Sender::new(lane.origin),
            turns: Turns::default(),
            tasks: JoinSet::new(),
            listens: false,
            forked: None,
        })
    }

    fn lane_tip(&self) -> Tip {
        let inner = self.till.lock();
        match &inner.enrolled {
            Some(enrolled) if enrolled.writer.origin == self.lane => enrolled.writer.tip,
            _ => inner.log.own_tip(self.lane).unwrap_or(Tip::NONE),
        }
    }

    /// Hands an input to the machine and carries its effects out; gives how long to sleep at most.
    fn step(&mut self, input: Input) -> Duration {
        while self.tasks.try_join_next().is_some() {}
        let is_shaken = matches!(input, Input::Shaken(_));
        if is_shaken && !self.listens {
            self.listen();
        }
        self.judge(&input);
        self.open_wanted_child();
        let mut inputs = vec![input];
        let mut turned = false;
        let mut pause = Duration::from_secs(60);
        while let Some(input) = inputs.pop() {
            let moment = self.moment();
            for effect in self.machine.handle(moment, input) {
                match effect {
                    Effect::WakeAt(at) => {
                        pause = pause.min(Duration::from_millis(at.saturating_sub(moment.millis)));
                    }
                    Effect::OpenChild(reason) => {
                        self.forked = Some((self.lane, reason));
                        self.open_wanted_child();
                    }
                    // Until the child is there nothing of the forked origin is kept as acknowledged: started again, the till sends it
                    // once more and hears of the fork once more.
                    Effect::SaveAcknowledged(..) if self.forked.is_some_and(|(of, _)| of == self.lane) => {}
                    other => self.carry_out(other),
                }
            }
            // An answer that is still on the road speaks of the present lane.
            let done = self.machine.waiting() == 0 || self.turns.steps_back(moment, self.lane);
            if done && !turned && !self.machine.is_asking() {
                inputs.extend(self.next_lane(moment));
                turned = true;
            }
        }
        if is_shaken {
            // Whoever waits for this finds what it led to done.
            self.till.shared.changes.send_modify(|changes| changes.handshakes += 1);
        }
        let status = self.status();
        let (now, micros) =
            (self.till.shared.options.clock.wall(), i64::try_from(pause.as_micros()).unwrap_or(i64::MAX));
        let mut contact = self.till.shared.contact.lock().unwrap_or_else(PoisonError::into_inner);
        contact.note(now, &status, micros);
        drop(contact);
        self.till.tell(status);
        pause.max(Duration::from_millis(1))
    }

    /// Notes what an answer says about the present lane.
    fn judge(&mut self, input: &Input) {
        match input {
            Input::PushFailed(trouble) | Input::ShakeFailed(trouble) => {
                if let Some(why) = trouble.refusal() {
                    self.turns.refuse(self.moment(), self.lane, why);
                }
            }
            Input::Pushed { .. } => self.turns.accept(self.lane),
            Input::Shaken(_) if self.machine.waiting() == 0 => self.turns.accept(self.lane),
            _ => {}
        }
    }

    /// The own origin whose turn is next, once the present one has nothing to send or is refused.
    fn next_lane(&mut self, now: Moment) -> Option<Input> {
        let lanes = own_lanes(&self.till.lock()).ok()?;
        let origins: Vec<(OriginId, bool)> =
            lanes.iter().map(|lane| (lane.origin, lane.tip != lane.acknowledged)).collect();
        let next = self.turns.next(now, self.lane, &origins)?;
        let OwnLane { origin, tip, acknowledged, epoch, .. } =
            lanes.into_iter().find(|lane| lane.origin == next)?;
        self.lane = origin;
        self.listens_as.send_replace(origin);
        Some(Input::Turn { head: tip, acknowledged: epoch.map(|epoch| (epoch, acknowledged)) })
    }

    /// How it stands. An origin that is refused is told of also while the others go on.
    fn status(&self) -> Status {
        let refused = self.turns.refused().filter(|(origin, _)| *origin != self.lane);
        match (self.machine.status(), refused) {
            (Status::UpToDate | Status::Working, Some((origin, why))) => {
                let inner = self.till.lock();
                let certificates =
                    inner.enrolled.iter().flat_map(|enrolled| enrolled.identity.certificates());
                let named = certificates.into_iter().find(|certificate| certificate.origin == origin);
                let series = named.map_or_else(|| origin.to_string(), |certificate| certificate.series);
                Status::Refused(format!(
                    "head office does not take what this till recorded as '{series}': {why} Everything else is sent"
                ))
            }
            (status @ (Status::UpToDate | Status::Working), None) => {
                let lanes = own_lanes(&self.till.lock()).unwrap_or_default();
                let held = lanes.into_iter().find_map(|lane| lane.held);
                held.map_or(status, |held| Status::Held(held.words()))
            }
            (status, _) => status,
        }
    }

    fn moment(&self) -> Moment {
        let mut random = [0; 8];
        let options = &self.till.shared.options;
        options.randomness.fill(&mut random);
        Moment { millis: options.clock.millis(), random: u64::from_le_bytes(random) }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Push { after, events_max } => {
                self.spawn(Input::PushFailed, move |road| async move { road.push(after, events_max).await })
            }
            Effect::Handshake => {
                let begins = !self.machine.has_shaken();
                self.spawn(Input::ShakeFailed, move |road| async move { road.shake(begins).await });
            }
            Effect::Carry { origin, after, events_max } => {
                let failed = move |trouble| Input::CarryFailed(origin, trouble);
                self.spawn(failed, move |road| async move { road.carry(origin, after, events_max).await });
            }
            Effect::TakeBack(origins) => {
                self.spawn(Input::TakeBackFailed, move |road| async move { road.take_back(origins).await });
            }
            Effect::Fetch(scope) => {
                let named = scope.clone();
                let failed = move |trouble| Input::FetchFailed(named, trouble);
                self.spawn(failed, move |road| async move { road.fetch(scope).await });
            }
            Effect::FetchSnapshot(epoch) => {
                let failed = Input::SnapshotFailed;
                self.spawn(failed, move |road| async move { road.fetch_snapshot(epoch).await });
            }
            Effect::EndSnapshot => self.end_snapshot(),
            Effect::ResetCursor(scope) => {
                let done = self.till.lock().log.reset_cursor(&scope);
                log_failure("forgetting a cursor", done);
            }
            Effect::SaveAcknowledged(epoch, tip) => {
                self.keep_acknowledged(self.lane, Acknowledged { epoch, tip });
            }
            Effect::SaveOther(origin, epoch, tip) => {
                self.keep_acknowledged(origin, Acknowledged { epoch, tip });
            }
            Effect::CheckLog(why) => self.check_log(&why),
            Effect::OpenChild(_) | Effect::WakeAt(_) => {}
        }
    }

    fn keep_acknowledged(&self, origin: OriginId, acknowledged: Acknowledged) {
        let text = serde_json::to_string(&acknowledged).unwrap_or_default();
        let done = self.till.lock().log.put_fact(&format!("acknowledged/{origin}"), &text);
        log_failure("keeping what was acknowledged", done);
    }

    fn spawn<F, Work>(&mut self, failed: impl FnOnce(Trouble) -> Input, work: F)
    where
        F: FnOnce(Road) -> Work + Send + 'static,
        Work: Future<Output = Input> + Send + 'static,
    {
        let road = match Road::new(&self.till, &self.http, self.lane) {
            Ok(road) => road,
            Err(trouble) => {
                let _the_shell_is_gone = self.reports.send(failed(trouble));
                return;
            }
        };
        let ended = Trouble::Network("a step of synchronisation broke down; it is tried again".to_owned());
        let mut report = Report { reports: self.reports.clone(), input: Some(failed(ended)) };
        self.tasks.spawn(async move { report.of(work(road).await) });
    }

    /// Opens the child of a forked origin, where that one still writes. Where it fails, for want of room on the disk, say, the next step
    /// tries again.
    fn open_wanted_child(&mut self) {
        let Some((forked, reason)) = self.forked else { return };
        let mut inner = self.till.lock();
        let writes = inner.enrolled.as_ref().is_some_and(|enrolled| enrolled.writer.origin == forked);
        match writes.then(|| inner.open_child(reason)) {
            None | Some(Ok(())) => self.forked = None,
            Some(Err(error)) => {
                tracing::error!(%error, "no child origin could be opened; the till goes on as it is until it can");
            }
        }
    }

    /// Head office could not read what was sent: looks whether the fault is here, and stops recording if it is.
    fn check_log(&mut self, why: &str) {
        let (till, why) = (self.till.clone(), why.to_owned());
        self.tasks.spawn_blocking(move || {
            let Ok(lanes) = own_lanes(&till.lock()) else { return };
            for lane in lanes {
                let mut tip = lane.acknowledged;
                // Some at a time: whoever sells meanwhile waits for these at most.
                loop {
                    let mut inner = till.lock();
                    let Ok(events) = inner.log.own_after(lane.origin, tip.seq, 500, PUSH_BYTES_MAX) else {
                        break;
                    };
                    let Some(last) = events.last().map(|event| event.tip) else { break };
                    let mut broken =
                        events.iter().filter(|event| event.text.hash(event.prev) != event.tip.hash);
                    if let Some(event) = broken.next() {
                        let seq = event.tip.seq;
                        inner.latch = Some(format!("event {seq} of the till's own log is damaged ({why})"));
                        return;
                    }
                    tip = last;
                }
            }
        });
    }

    /// Follows the live feed: hints only, what counts are the signed pages.
    fn listen(&mut self) {
        let (till, http, lane, reports) =
            (self.till.clone(), self.http.clone(), self.listens_as.subscribe(), self.reports.clone());
        self.listens = true;
        self.tasks.spawn(async move {
            let mut tries = 0;
            while !reports.is_closed() {
                let (origin, begun) = (*lane.borrow(), Instant::now());
                if let Ok(road) = Road::new(&till, &http, origin) {
                    road.listen(&reports).await;
                }
                let mut random = [0; 8];
                till.shared.options.randomness.fill(&mut random);
                let heard = begun.elapsed();
                tries = if heard.as_secs() >= LIVE_AGAIN_SECONDS_MAX { 0 } else { tries + 1 };
                sleep(before_listening(tries, u64::from_le_bytes(random))).await;
            }
        });
    }
}

/// The pause before the live stream is opened again: after a long one, and after so many short ones or tries in vain.
fn before_listening(tries: u32, random: u64) -> Duration {
    let bound = match tries {
        0 => LIVE_AGAIN_SECONDS_MAX,
        tries => LIVE_AGAIN_SECONDS_FIRST
            .saturating_mul(1 << (tries - 1).min(16))
            .min(LIVE_AGAIN_SECONDS_MAX),
    };
    Duration::from_millis(random % (bound * 1_000))
}

/// What comes of a request, told when it ends in whatever way: the machine waits for each of its requests, also for one that panicked.
struct Report {
    reports: mpsc::UnboundedSender<Input>,
    input: Option<Input>,
}

impl Report {
    fn of(&mut self, input: Input) {
        self.input = Some(input);
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        if let Some(input) = self.input.take() {
            let _the_shell_is_gone = self.reports.send(input);
        }
    }
}

fn log_failure(what: &str, done: Result<(), StoreError>) {
    if let Err(error) = done {
        tracing::error!(%error, "{what} failed; it will be asked for again");
    }
}

fn flush_journal(till: &Till) {
    let flusher = {
        let mut inner = till.lock();
        let due = inner.journal_dirty && inner.options.durable;
        inner.journal_dirty = false;
        if due {
            inner.journal.as_ref().and_then(|journal| journal.flusher().ok())
        } else {
            None
        }
    };
    if let Some(file) = flusher {
        let till = till.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = file.sync_data() {
                tracing::error!(%error, "the journal cannot be flushed to its disk");
                // What it holds beyond the last flush may be gone: it is written no further, and filled up at the next start.
                let mut inner = till.lock();
                (inner.journal, inner.journal_trouble) = (None, Some(error.to_string()));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_live_stream_comes_back_spread_and_ever_slower_where_nobody_answers() {
        // After a long one all tills lost theirs at once.
        for (tries, seconds) in [(0, 60), (1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (99, 60)] {
            let longest = seconds * 1_000 - 1;
            assert_eq!(before_listening(tries, longest), Duration::from_millis(longest), "{tries}");
            assert_eq!(before_listening(tries, longest + 1), Duration::ZERO, "{tries}");
        }
    }

    #[test]
    fn a_request_that_breaks_down_is_reported_as_failed() {
        let (reports, mut reported) = mpsc::unbounded_channel();
        let failed = Input::PushFailed(Trouble::Network("broke down".to_owned()));
        let report = |input| Report { reports: reports.clone(), input: Some(input) };
        let broken = report(failed.clone());
        let panicked = std::thread::spawn(move || {
            let _told_as_it_unwinds = broken;
            std::panic::resume_unwind(Box::new("a fault"));
        });
        assert!(panicked.join().is_err());
        assert_eq!(reported.try_recv(), Ok(failed.clone()));
        report(failed).of(Input::TookBack);
        assert_eq!(reported.try_recv(), Ok(Input::TookBack));
        assert!(reported.try_recv().is_err(), "once");
    }
}
