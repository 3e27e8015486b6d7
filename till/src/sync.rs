//! The sync shell: carries out what [`daybook_core::sync::till`] decides, over signed HTTP, and reports back what happened.
//!
//! One task owns the state machine; each request is a task of its own, so fetching never waits for pushing. The till's mutex is held only to read
//! or write its files, never while the network is awaited.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use daybook_core::chain::Tip;
use daybook_core::event::Event;
use daybook_core::event::origin::{ClockObserved, Reason};
use daybook_core::ids::{OriginId, RequestId};
use daybook_core::limits::{CLOCK_SKEW_MAX, LIVE_AGAIN_SECONDS, LIVE_SILENCE_SECONDS_MAX, PUSH_BYTES_MAX};
use daybook_core::sync::scope;
use daybook_core::sync::till::{Effect, Input, Moment, Status, Till as Machine, Trouble};
use daybook_core::sync::turns::Turns;
use daybook_core::wire::{HandshakeAnswer, HandshakeRequest, ProblemCode, PushAnswer};
use daybook_store::{StoreError, events};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::client::{Client, Reply, Request, trouble};
use crate::export::{NoPush, Pushable};
use crate::live;
use crate::till::{Inner, Till};

mod fetch;

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
        lanes.push(OwnLane { origin, tip, acknowledged, epoch: known.map(|known| known.epoch) });
    }
    Ok(lanes)
}

/// Synchronises a till until `stop` says so. A till that belongs to no store yet is waited for.
pub async fn synchronise(till: Till, mut stop: watch::Receiver<bool>) {
    let http = match Client::http() {
        Ok(http) => http,
        Err(error) => {
            tracing::error!(?error, "no HTTP client can be made; the till does not synchronise");
            return;
        }
    };
    let (reports, mut reported) = mpsc::unbounded_channel();
    let mut shell: Option<Shell> = None;
    let mut wake = Instant::now();
    let mut flush = tokio::time::interval(JOURNAL_FLUSH);
    flush.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        if shell.is_none() && till.is_enrolled() && !till.is_alone() {
            shell = Shell::new(&till, http.clone(), reports.clone());
        }
        let input = tokio::select! {
            biased;
            _ = stop.changed() => break,
            _ = flush.tick() => {
                flush_journal(&till);
                continue;
            }
            Some(input) = reported.recv() => input,
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

/// The state machine with what it needs to act.
struct Shell {
    till: Till,
    machine: Machine,
    http: reqwest::Client,
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
    fn new(till: &Till, http: reqwest::Client, reports: mpsc::UnboundedSender<Input>) -> Option<Self> {
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
        drop(inner);
        let lane = lanes.iter().find(|lane| lane.tip != lane.acknowledged).or(lanes.last())?;
        let acknowledged = lane.epoch.clone().map(|epoch| (epoch, lane.acknowledged));
        let machine = Machine::new(lane.tip, acknowledged, positions);
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
        if matches!(input, Input::Shaken { .. }) && !self.listens {
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
            Input::Shaken { .. } if self.machine.waiting() == 0 => self.turns.accept(self.lane),
            _ => {}
        }
    }

    /// The own origin whose turn is next, once the present one has nothing to send or is refused.
    fn next_lane(&mut self, now: Moment) -> Option<Input> {
        let lanes = own_lanes(&self.till.lock()).ok()?;
        let origins: Vec<(OriginId, bool)> =
            lanes.iter().map(|lane| (lane.origin, lane.tip != lane.acknowledged)).collect();
        let next = self.turns.next(now, self.lane, &origins)?;
        let OwnLane { origin, tip, acknowledged, epoch } =
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
            Effect::Handshake => self.spawn(Input::ShakeFailed, |road| async move { road.shake().await }),
            Effect::Fetch(scope) => {
                let named = scope.clone();
                let failed = move |trouble| Input::FetchFailed(named, trouble);
                self.spawn(failed, move |road| async move { road.fetch(scope).await });
            }
            Effect::ResetCursor(scope) => {
                let done = self.till.lock().log.reset_cursor(&scope);
                log_failure("forgetting a cursor", done);
            }
            Effect::SaveAcknowledged(epoch, tip) => {
                let text = serde_json::to_string(&Acknowledged { epoch, tip }).unwrap_or_default();
                let done = self.till.lock().log.put_fact(&format!("acknowledged/{}", self.lane), &text);
                log_failure("keeping what was acknowledged", done);
            }
            Effect::CheckLog(why) => self.check_log(&why),
            Effect::OpenChild(_) | Effect::WakeAt(_) => {}
        }
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
        let reports = self.reports.clone();
        self.tasks.spawn(async move {
            let input = work(road).await;
            let _the_shell_is_gone = reports.send(input);
        });
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
    fn check_log(&self, why: &str) {
        let mut inner = self.till.lock();
        let Ok(lanes) = own_lanes(&inner) else { return };
        for lane in lanes {
            let (mut tip, mut broken) = (lane.acknowledged, None);
            while let Ok(events) = inner.log.own_after(lane.origin, tip.seq, 500, PUSH_BYTES_MAX) {
                let Some(last) = events.last().map(|event| event.tip) else { break };
                broken = broken.or(events
                    .iter()
                    .find(|event| event.text.hash(event.prev) != event.tip.hash)
                    .map(|e| e.tip.seq));
                tip = last;
            }
            if let Some(seq) = broken {
                inner.latch = Some(format!("event {seq} of the till's own log is damaged ({why})"));
            }
        }
    }

    /// Follows the live feed: hints only, what counts are the signed pages.
    fn listen(&mut self) {
        let (till, http, lane, reports) =
            (self.till.clone(), self.http.clone(), self.listens_as.subscribe(), self.reports.clone());
        self.listens = true;
        self.tasks.spawn(async move {
            while !reports.is_closed() {
                let origin = *lane.borrow();
                if let Ok(road) = Road::new(&till, &http, origin) {
                    road.listen(&reports).await;
                }
                sleep(Duration::from_secs(LIVE_AGAIN_SECONDS)).await;
            }
        });
    }
}

/// The road to head office for one origin.
struct Road {
    till: Till,
    client: Client,
    origin: OriginId,
}

impl Road {
    fn new(till: &Till, http: &reqwest::Client, origin: OriginId) -> Result<Self, Trouble> {
        let server = till.shared.server.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let server = server.ok_or_else(no_road)?;
        let inner = till.lock();
        let enrolled = inner.enrolled.as_ref().ok_or_else(no_road)?;
        let key = enrolled.keys.origins.get(&origin).cloned();
        let key = key.ok_or_else(|| Trouble::NotAccepted("its key is missing in keys.json.".to_owned()))?;
        let (_, head_office) = enrolled.identity.head_office_key().ok_or_else(no_road)?;
        let client = Client::new(http.clone(), &server, origin, key, Some(head_office));
        Ok(Road { till: till.clone(), client, origin })
    }

    fn request<'a>(&self, method: &'a str, path: &'a str, query: &'a str, body: Vec<u8>) -> Request<'a> {
        let inner = self.till.lock();
        let (id, created) = (RequestId(inner.new_uuid()), inner.options.clock.wall() / 1_000_000);
        Request { method, path, query, id, compress: !body.is_empty(), body, created }
    }

    async fn push(self, after: Tip, events_max: usize) -> Input {
        match self.try_push(after, events_max).await {
            Ok(input) => input,
            Err(trouble) => Input::PushFailed(trouble),
        }
    }

    async fn try_push(&self, after: Tip, events_max: usize) -> Result<Input, Trouble> {
        let next = self.till.lock().pushable(self.origin, after, events_max);
        let Pushable { body, last, .. } = next.map_err(|error| match error {
            NoPush::Store(error) => local(error),
            other => Trouble::Network(other.to_string()),
        })?;
        let body = body.into_bytes();
        let request = self.request("POST", "/v1/push", "", body);
        let id = request.id;
        match self.client.send(request).await? {
            Reply::Done(body) => {
                let answer: PushAnswer = read(&body)?;
                if answer.request != id || answer.origin != self.origin || answer.durable != last {
                    return Err(Trouble::Network("the answer is not to this push".to_owned()));
                }
                Ok(Input::Pushed { epoch: answer.epoch, durable: last, forked: answer.forked })
            }
            Reply::Problem(problem, _) if problem.code == ProblemCode::UnknownPrevious => {
                Ok(Input::Rewound(self.highest_own(&problem.tips.unwrap_or_default())?))
            }
            Reply::Problem(problem, retry_after) => Err(trouble(&problem, retry_after)),
        }
    }

    async fn shake(self) -> Input {
        match self.try_shake().await {
            Ok(input) => input,
            Err(trouble) => Input::ShakeFailed(trouble),
        }
    }

    async fn try_shake(&self) -> Result<Input, Trouble> {
        let (body, wall, started) = {
            let inner = self.till.lock();
            let enrolled =
                inner.enrolled.as_ref().ok_or_else(|| Trouble::Network("not enrolled".to_owned()))?;
            let wall = inner.options.clock.wall();
            let tips = events::tips(inner.log.connection()).map_err(local)?;
            let body = HandshakeRequest {
                origin: self.origin,
                wall,
                tips,
                certificates: enrolled.identity.lineage(self.origin),
            };
            let body = serde_json::to_vec(&body).map_err(|error| Trouble::Network(error.to_string()))?;
            (body, wall, inner.options.clock.millis())
        };
        let request = self.request("POST", "/v1/handshake", "", body);
        let id = request.id;
        let answer: HandshakeAnswer = match self.client.send(request).await? {
            Reply::Done(body) => read(&body)?,
            Reply::Problem(problem, retry_after) => return Err(trouble(&problem, retry_after)),
        };
        if answer.request != id {
            return Err(Trouble::Network("the answer is not to this handshake".to_owned()));
        }
        self.observe_clock(wall, started, answer.wall)?;
        let has = self.highest_own(answer.tips.get(&self.origin).map_or(&[][..], Vec::as_slice))?;
        Ok(Input::Shaken { epoch: answer.epoch, has, scopes: answer.scopes })
    }

    /// The highest of some tips that is an own event; nothing where none is.
    fn highest_own(&self, tips: &[Tip]) -> Result<Tip, Trouble> {
        let inner = self.till.lock();
        let mut highest = Tip::NONE;
        for tip in tips {
            if tip.seq > highest.seq && inner.log.holds(self.origin, *tip).map_err(local)? {
                highest = *tip;
            }
        }
        // Where head office is on another branch altogether, everything is sent again: what it knows drops out.
        Ok(highest)
    }

    /// Notes how far the till's clock is from head office's, where that is worth saying.
    fn observe_clock(&self, wall: i64, started: u64, server_wall: i64) -> Result<(), Trouble> {
        let mut inner = self.till.lock();
        if inner.options.clock.is_driven() {
            return Ok(());
        }
        let round_trip =
            i64::try_from(inner.options.clock.millis().saturating_sub(started)).unwrap_or(0) * 1_000;
        let offset = server_wall.saturating_sub(wall.saturating_add(round_trip / 2));
        if (offset - inner.offset).abs() > CLOCK_SKEW_MAX {
            tracing::warn!(offset, "the till's clock differs from head office's; later events are corrected");
            inner.offset = offset;
            inner
                .record_plain(vec![Event::from(ClockObserved { offset, round_trip })])
                .map_err(|e| Trouble::Network(e.to_string()))?;
            self.till.shared.recorded.notify_one();
        }
        Ok(())
    }

    /// Follows the live stream for as long as it lives.
    async fn listen(&self, reports: &mpsc::UnboundedSender<Input>) {
        let request = self.request("GET", "/v1/feed", "", Vec::new());
        let silence = Duration::from_secs(LIVE_SILENCE_SECONDS_MAX);
        let Ok(Ok(mut stream)) = timeout(silence, self.client.listen(request)).await else { return };
        // What was said before somebody listened is asked for.
        let _the_shell_is_gone = reports.send(Input::Now);
        live::follow(&mut stream, |hint| {
            let _the_shell_is_gone = reports.send(Input::Hint(hint.scope, hint.position));
        })
        .await;
    }
}

/// There is no address or no certificate to send with.
fn no_road() -> Trouble {
    Trouble::Network("the till does not know how to reach head office".to_owned())
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    serde_json::from_slice(body)
        .map_err(|error| Trouble::Network(format!("the answer makes no sense: {error}")))
}

fn local(error: StoreError) -> Trouble {
    Trouble::Network(format!("the till's own store: {error}"))
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
