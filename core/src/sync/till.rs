//! The till's side of synchronisation: what to send, what to fetch, when to try again.
//!
//! The outbox is not a table but a cursor: own events after the acknowledged one. One push is in flight at a time, fetching never waits
//! for pushing, and retries run on timers, never only on the next sale. Whatever the server says, nothing recorded is refused, altered
//! or dropped; it can only move the cursor. What head office lacks of others goes in a lane of its own, and only while nothing of its own
//! waits. A handshake alone moves the till into another epoch: an answer of any other one counts for nothing.

use std::collections::{BTreeMap, BTreeSet};

use beginning::{Beginning, Next};

use crate::chain::Tip;
use crate::event::origin::Reason;
use crate::ids::OriginId;
use crate::limits::{BACKOFF_SECONDS_MAX, HEARTBEAT_SECONDS, HINTS_GATHER_MILLIS, PUSH_EVENTS_MAX};
use crate::sync::scope::CATALOGUE;

mod beginning;
mod trouble;

pub use beginning::Begun;
pub use trouble::Trouble;
pub(super) use trouble::backoff;

/// The present moment for the machine: a monotonic clock, and random bits for jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds of a clock that never goes back.
    pub millis: u64,
    /// Random bits.
    pub random: u64,
}

/// What happens to the till.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Time passed.
    Tick,
    /// Own events were recorded; this is the new head.
    Recorded(Tip),
    /// The user asks to synchronise now.
    Now,
    /// The live stream begins to be heard: what was said before nobody heard.
    Listens,
    /// Something new stands in a scope.
    Hint(String, i64),
    /// A push came back: everything up to `durable`, which is ours, is at head office.
    Pushed {
        /// The server's epoch.
        epoch: String,
        /// The last durable event.
        durable: Tip,
        /// Whether our events went onto a second branch.
        forked: bool,
    },
    /// The server does not know the event before our push; the highest of our events that it has is this.
    Rewound(Tip),
    /// A push did not come back well.
    PushFailed(Trouble),
    /// A handshake came back.
    Shaken(Shaken),
    /// A handshake did not come back well.
    ShakeFailed(Trouble),
    /// A page of a scope was stored together with its cursor; it reached this position, and whether there is more.
    Fetched {
        /// The server's epoch.
        epoch: String,
        /// The scope.
        scope: String,
        /// The position reached.
        position: i64,
        /// Whether more is there now.
        more: bool,
    },
    /// A page did not come back well.
    FetchFailed(String, Trouble),
    /// A page of the snapshot was kept together with where it goes on: the position of the feed it reaches to, and whether there is more.
    SnapshotPage {
        /// The position.
        position: i64,
        /// Whether there is more of the snapshot.
        more: bool,
    },
    /// A page of the snapshot did not come back, or not from head office.
    SnapshotFailed(Trouble),
    /// Head office gives no snapshot, or a page cannot be believed; why.
    SnapshotRefused(String),
    /// Events of another origin were handed back: everything up to `durable` is at head office.
    Carried {
        /// The server's epoch.
        epoch: String,
        /// Whose events.
        origin: OriginId,
        /// The last of them.
        durable: Tip,
    },
    /// Nothing more can be handed back of this origin.
    CarriedOut(OriginId),
    /// Events of another origin could not be handed back.
    CarryFailed(OriginId, Trouble),
    /// Own events that only head office held are here again, all of them.
    TookBack,
    /// Own events that only head office holds could not be taken back.
    TakeBackFailed(Trouble),
    /// Another of our origins has its turn: its head, and what was acknowledged of it in which epoch.
    Turn {
        /// Its last event.
        head: Tip,
        /// Up to where it is at head office, as far as is known.
        acknowledged: Option<(String, Tip)>,
    },
}

/// What a handshake says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shaken {
    /// The server's epoch.
    pub epoch: String,
    /// The highest of our own events that the server has; none where it has none.
    pub has: Option<Tip>,
    /// The same of our other origins: what was acknowledged of each, in which epoch, and what the server has.
    pub others: BTreeMap<OriginId, (Option<(String, Tip)>, Tip)>,
    /// Whether the server has events of our origin that are not in our log: they were lost here, or somebody else wrote them.
    pub has_later: bool,
    /// All of our origins of which that is so.
    pub lost: BTreeSet<OriginId>,
    /// Last position per scope.
    pub scopes: BTreeMap<String, i64>,
    /// What the server asks us to hand back: origins of others, each with the event after which it begins.
    pub wanted: BTreeMap<OriginId, Tip>,
}

/// What the till is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send own events after this one, at most so many.
    Push {
        /// The acknowledged event.
        after: Tip,
        /// How many at most.
        events_max: usize,
    },
    /// Shake hands.
    Handshake,
    /// Fetch the next page of a scope from its stored cursor.
    Fetch(String),
    /// Fetch the next page of the snapshot from where it was left; one of another epoch than this counts for nothing.
    FetchSnapshot(String),
    /// Forget what the snapshot told: the feed has told all of it.
    EndSnapshot,
    /// Forget the stored cursor of a scope.
    ResetCursor(String),
    /// Store that everything up to this event is acknowledged in this epoch.
    SaveAcknowledged(String, Tip),
    /// Open a child origin: ours has a second branch.
    OpenChild(Reason),
    /// Hand back what is here of another origin after this event, at most so many events.
    Carry {
        /// Whose.
        origin: OriginId,
        /// The event that head office has.
        after: Tip,
        /// How many at most.
        events_max: usize,
    },
    /// Take events of these own origins back that head office has and the log has not.
    TakeBack(BTreeSet<OriginId>),
    /// Store that everything of another of our origins up to this event is acknowledged in this epoch.
    SaveOther(OriginId, String, Tip),
    /// Come back with [`Input::Tick`] at this time at the latest, in milliseconds of the same clock.
    WakeAt(u64),
    /// Check the own log: the server could not read what we sent.
    CheckLog(String),
}

/// How synchronisation stands, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Everything is at head office and everything from there is here.
    UpToDate,
    /// Working on it.
    Working,
    /// Head office cannot be reached; trying again.
    Offline(String),
    /// Head office does not accept this till; a person has to look.
    Refused(String),
    /// Head office has ended this till's access: what it records is kept there apart, until a person lets it in.
    Held(String),
    /// There is no head office to reach: the till keeps all books itself.
    Alone,
}

#[derive(Clone, Debug, Default)]
struct Lane {
    position: i64,
    known: i64,
    in_flight: bool,
    /// The last position heard of while a page is on its way, which may be older than the news.
    news: i64,
    /// Hints are gathered until then before the next page is asked for.
    gathers_until: u64,
    /// Pages in a row that did not come back well, and until when none is asked for. Other scopes, and what is pushed, do not wait for it.
    failures: u32,
    wait_until: u64,
}

impl Lane {
    fn hear_of(&mut self, position: i64) {
        self.known = self.known.max(position);
        if self.in_flight {
            self.news = self.news.max(position);
        }
    }

    /// A hint: one of several, as a rule. The first of them begins a short wait for the others.
    fn hint(&mut self, now: Moment, position: i64) {
        let is_first = if self.in_flight {
            self.news == 0
        } else {
            self.position >= self.known
        };
        if is_first && position > self.position {
            self.gathers_until = now.millis + HINTS_GATHER_MILLIS;
        }
        self.hear_of(position);
    }
}

/// The till's side.
#[derive(Clone, Debug)]
pub struct Till {
    epoch: Option<String>,
    head: Tip,
    acknowledged: Tip,
    /// Whether head office has to be asked what it has of this origin before anything is sent.
    asks_first: bool,
    pushing: bool,
    events_max: usize,
    shaking: bool,
    /// Whether a handshake was asked for while one was on its way, which may be older than what it was asked for.
    shakes_again: bool,
    shake_at: u64,
    lanes: BTreeMap<String, Lane>,
    /// What is to be handed back of others, and whether some of it is on its way.
    wanted: BTreeMap<OriginId, Tip>,
    carrying: bool,
    carry_events_max: usize,
    taking_back: bool,
    beginning: Beginning,
    /// Whether a handshake came back since the till was started.
    has_shaken: bool,
    failures: u32,
    wait_until: u64,
    trouble: Option<Trouble>,
}

impl Till {
    /// A till that starts: its head, what was acknowledged in which epoch, and the position reached in each scope.
    pub fn new(head: Tip, acknowledged: Option<(String, Tip)>, scopes: BTreeMap<String, i64>) -> Self {
        let (epoch, acknowledged) = acknowledged.map_or((None, Tip::NONE), |(epoch, tip)| (Some(epoch), tip));
        let epoch_is_unknown = epoch.is_none();
        let lane = |(scope, position)| (scope, Lane { position, known: position, ..Lane::default() });
        Till {
            epoch,
            head,
            acknowledged,
            asks_first: epoch_is_unknown,
            pushing: false,
            events_max: PUSH_EVENTS_MAX,
            shaking: false,
            shakes_again: false,
            shake_at: 0,
            lanes: scopes.into_iter().map(lane).collect(),
            wanted: BTreeMap::new(),
            carrying: false,
            carry_events_max: PUSH_EVENTS_MAX,
            taking_back: false,
            beginning: Beginning::default(),
            has_shaken: false,
            failures: 0,
            wait_until: 0,
            trouble: None,
        }
    }

    /// The same till with what it kept of a snapshot, where it began with one; one that has nothing yet begins a large catalogue so.
    pub fn beginning(self, begun: Option<Begun>, is_empty: bool) -> Self {
        Till { beginning: Beginning::of(begun, is_empty), ..self }
    }

    /// Takes in what happened, says what to do.
    pub fn handle(&mut self, now: Moment, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Tick => {}
            Input::Recorded(head) => self.head = head,
            Input::Turn { head, acknowledged } => {
                self.head = head;
                let known = acknowledged.filter(|(epoch, _)| self.epoch.as_ref() == Some(epoch));
                self.asks_first = known.is_none();
                self.acknowledged = known.map_or(Tip::NONE, |(_, tip)| tip);
                if self.asks_first {
                    self.shake_at = now.millis;
                }
                // A refusal was said of the other origin; a bad road is the same for all.
                if self.trouble.as_ref().is_some_and(|trouble| trouble.refusal().is_some()) {
                    self.succeeded();
                }
            }
            Input::Now => {
                self.wait_until = 0;
                self.shake_soon(now);
            }
            Input::Listens => {
                // It shows that the road is there again. A head office that asked to come back later still means it.
                if matches!(self.trouble, Some(Trouble::Network(_))) {
                    self.wait_until = 0;
                }
                self.shake_soon(now);
            }
            Input::Hint(scope, position) => {
                if let Some(lane) = self.lanes.get_mut(&scope) {
                    lane.hint(now, position);
                }
            }
            Input::Pushed { epoch, durable, forked } => {
                self.pushed(now, epoch, durable, forked, &mut effects);
            }
            Input::Rewound(to) => {
                self.pushing = false;
                if to == self.acknowledged {
                    self.failed(
                        now,
                        Trouble::Network("head office and till do not agree on what was sent".to_owned()),
                    );
                }
                self.acknowledge(self.epoch.clone().unwrap_or_default(), to, &mut effects);
            }
            Input::PushFailed(Trouble::TooLarge) if self.events_max > 1 => {
                self.pushing = false;
                self.events_max /= 2;
            }
            Input::PushFailed(trouble) => {
                self.pushing = false;
                // A link may be too slow for so many before the deadline, and what head office stumbles over stands in one half only.
                if matches!(trouble, Trouble::Network(_)) {
                    self.events_max = (self.events_max / 2).max(1);
                }
                if let Trouble::Malformed(why) = &trouble {
                    effects.push(Effect::CheckLog(why.clone()));
                }
                self.failed(now, trouble);
            }
            Input::Shaken(shaken) => self.shaken(now, shaken, &mut effects),
            Input::ShakeFailed(trouble) => {
                self.shaking = false;
                self.failed(now, trouble);
            }
            Input::Fetched { epoch, scope, .. } if !self.is_of_epoch(&epoch) => {
                if let Some(lane) = self.lanes.get_mut(&scope) {
                    *lane = Lane { known: lane.known.max(1), ..Lane::default() };
                }
                effects.push(Effect::ResetCursor(scope));
                self.ask_first(now);
            }
            Input::Fetched { scope, position, more, .. } => {
                self.succeeded();
                if let Some(lane) = self.lanes.get_mut(&scope) {
                    lane.in_flight = false;
                    lane.failures = 0;
                    lane.position = position;
                    // No more means no more when the page was made: what was heard of since is asked for.
                    let known = if more { lane.known.max(position + 1) } else { position };
                    lane.known = known.max(lane.news);
                    lane.news = 0;
                    if more {
                        lane.gathers_until = 0;
                    }
                }
            }
            Input::FetchFailed(scope, trouble) => {
                if let Some(lane) = self.lanes.get_mut(&scope) {
                    lane.in_flight = false;
                    lane.news = 0;
                    if trouble == Trouble::CursorUnknown {
                        lane.position = 0;
                        lane.known = lane.known.max(1);
                        effects.push(Effect::ResetCursor(scope.clone()));
                    }
                }
                match trouble {
                    Trouble::CursorUnknown => {}
                    Trouble::UnknownWriter => self.ask_first(now),
                    trouble @ (Trouble::Busy(_) | Trouble::UnknownSigner) => self.failed(now, trouble),
                    trouble => self.lane_failed(now, &scope, trouble),
                }
            }
            Input::SnapshotPage { position, more } => {
                self.succeeded();
                self.beginning.paged(self.lanes.get(CATALOGUE), position, more);
            }
            Input::SnapshotFailed(trouble) => {
                self.beginning.failed();
                // Whether it is the road or the page, the handshake tells.
                self.failed(now, trouble);
                self.ask_first(now);
            }
            Input::SnapshotRefused(_) => {
                self.beginning.refused();
                self.ask_first(now);
            }
            Input::Carried { epoch, origin, durable } => {
                self.carrying = false;
                self.carry_events_max = (self.carry_events_max * 2).min(PUSH_EVENTS_MAX);
                self.succeeded();
                if !self.is_of_epoch(&epoch) {
                    self.ask_first(now);
                } else if let Some(after) = self.wanted.get_mut(&origin) {
                    *after = durable;
                }
            }
            Input::CarriedOut(origin) => {
                self.carrying = false;
                self.wanted.remove(&origin);
            }
            Input::CarryFailed(origin, trouble) => self.carry_failed(now, origin, trouble),
            Input::TookBack => {
                self.taking_back = false;
                self.succeeded();
            }
            Input::TakeBackFailed(trouble) => {
                self.taking_back = false;
                self.failed(now, trouble);
            }
        }
        self.next(now, &mut effects);
        effects
    }

    /// How it stands.
    pub fn status(&self) -> Status {
        match &self.trouble {
            Some(Trouble::NotAccepted(why) | Trouble::Malformed(why)) => Status::Refused(why.clone()),
            Some(Trouble::Network(why)) => Status::Offline(why.clone()),
            Some(Trouble::UnknownSigner | Trouble::UnknownWriter) => Status::Working,
            Some(_) => Status::Offline("head office is busy".to_owned()),
            None if self.is_idle() && self.epoch.is_some() => Status::UpToDate,
            None => Status::Working,
        }
    }

    /// The epoch of head office, as the last handshake said it; none before there was one.
    pub fn epoch(&self) -> Option<&str> {
        self.epoch.as_deref()
    }

    /// Whether a handshake came back since the till was started.
    pub fn has_shaken(&self) -> bool {
        self.has_shaken
    }

    /// Number of own events that are not acknowledged.
    pub fn waiting(&self) -> i64 {
        (self.head.seq - self.acknowledged.seq).max(0)
    }

    /// Whether a push or a handshake of this origin is on the road.
    pub fn is_asking(&self) -> bool {
        self.pushing || self.shaking
    }

    fn is_idle(&self) -> bool {
        self.head == self.acknowledged
            && !self.pushing
            && self.lanes.values().all(|l| !l.in_flight && l.position >= l.known)
    }

    fn pushed(&mut self, now: Moment, epoch: String, durable: Tip, forked: bool, effects: &mut Vec<Effect>) {
        self.pushing = false;
        self.succeeded();
        self.events_max = (self.events_max * 2).min(PUSH_EVENTS_MAX);
        // The child first: after a crash in between the push is sent again, and the server tells the same again.
        if forked {
            effects.push(Effect::OpenChild(Reason::Forked));
        }
        if self.is_of_epoch(&epoch) {
            self.acknowledge(epoch, durable, effects);
        } else {
            self.ask_first(now);
        }
    }

    fn shaken(&mut self, now: Moment, shaken: Shaken, effects: &mut Vec<Effect>) {
        let Shaken { epoch, has, others, has_later, lost, scopes, wanted } = shaken;
        self.shaking = false;
        self.asks_first = false;
        self.has_shaken = true;
        let pause = if self.shakes_again { 0 } else { HEARTBEAT_SECONDS * 1_000 };
        self.shakes_again = false;
        self.shake_at = now.millis + pause;
        self.succeeded();
        let new_epoch = self.epoch.as_ref() != Some(&epoch);
        if new_epoch {
            self.wanted.clear();
        }
        self.wanted.extend(wanted);
        // Whoever wrote them, this origin had better write no more.
        if has_later {
            effects.push(Effect::OpenChild(Reason::Copied));
        }
        if !lost.is_empty() && !self.taking_back {
            self.taking_back = true;
            effects.push(Effect::TakeBack(lost));
        }
        for (origin, (acknowledged, has)) in others {
            if acknowledged != Some((epoch.clone(), has)) {
                effects.push(Effect::SaveOther(origin, epoch.clone(), has));
            }
        }
        for (scope, lane) in &mut self.lanes {
            // Head office is there: whatever kept a page back may be over.
            lane.wait_until = 0;
            // Also a scope that is not named now may be again, and end at the same place of another history. The same holds for a cursor of
            // nobody knows which epoch.
            if new_epoch && (self.epoch.is_some() || lane.position > 0) {
                // What is still on its way comes in the name of the epoch before, and says so.
                *lane = Lane { in_flight: lane.in_flight, ..Lane::default() };
                effects.push(Effect::ResetCursor(scope.clone()));
            }
            // A scope that is not named is closed to us, or cannot be read now: nothing new is known to stand in it.
            if !scopes.contains_key(scope) && !lane.in_flight {
                lane.known = lane.position;
            }
        }
        for (scope, last) in scopes {
            let lane = self.lanes.entry(scope).or_default();
            if !new_epoch && !lane.in_flight {
                lane.known = lane.position;
            }
            lane.hear_of(last);
            // A scope that ends before where we are is another history: its answer to our cursor says so.
            if last < lane.position && !lane.in_flight {
                lane.known = lane.position + 1;
            }
        }
        self.beginning.shaken(self.lanes.get(CATALOGUE), new_epoch && self.epoch.is_some());
        let has = has.unwrap_or(Tip::NONE);
        if new_epoch || (!self.pushing && has != self.acknowledged) {
            self.acknowledge(epoch, has, effects);
        }
    }

    fn carry_failed(&mut self, now: Moment, origin: OriginId, trouble: Trouble) {
        self.carrying = false;
        match trouble {
            Trouble::TooLarge if self.carry_events_max > 1 => self.carry_events_max /= 2,
            Trouble::Network(_) | Trouble::Busy(_) | Trouble::UnknownSigner => {
                if matches!(trouble, Trouble::Network(_)) {
                    self.carry_events_max = (self.carry_events_max / 2).max(1);
                }
                self.failed(now, trouble);
            }
            // Refused for what it is; own events have nothing to do with it.
            _ => {
                self.wanted.remove(&origin);
            }
        }
    }

    fn is_of_epoch(&self, epoch: &str) -> bool {
        self.epoch.as_deref() == Some(epoch)
    }

    /// Nothing is sent or fetched until the next handshake has said how head office stands.
    fn ask_first(&mut self, now: Moment) {
        self.asks_first = true;
        self.shake_at = now.millis;
    }

    fn acknowledge(&mut self, epoch: String, tip: Tip, effects: &mut Vec<Effect>) {
        self.acknowledged = tip;
        self.epoch = Some(epoch.clone());
        effects.push(Effect::SaveAcknowledged(epoch, tip));
    }

    fn succeeded(&mut self) {
        self.failures = 0;
        self.wait_until = 0;
        self.trouble = None;
    }

    fn failed(&mut self, now: Moment, trouble: Trouble) {
        if trouble == Trouble::UnknownSigner {
            self.ask_first(now);
        }
        let pause = match &trouble {
            Trouble::Busy(seconds) => {
                seconds.saturating_mul(1_000).min(BACKOFF_SECONDS_MAX * 1_000) + now.random % 1_000
            }
            _ => backoff(self.failures, now.random),
        };
        self.failures = self.failures.saturating_add(1);
        self.wait_until = self.wait_until.max(now.millis + pause);
        self.trouble = Some(trouble);
    }

    /// A scope of which no page comes waits by itself: selling is pushed, and other scopes are followed.
    fn lane_failed(&mut self, now: Moment, scope: &str, trouble: Trouble) {
        if let Some(lane) = self.lanes.get_mut(scope) {
            lane.wait_until = now.millis + backoff(lane.failures, now.random);
            lane.failures = lane.failures.saturating_add(1);
        }
        self.trouble = Some(trouble);
    }

    fn shake_soon(&mut self, now: Moment) {
        self.shake_at = now.millis;
        self.shakes_again = self.shaking;
        self.lanes.values_mut().for_each(|lane| (lane.gathers_until, lane.wait_until) = (0, 0));
    }

    fn next(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        if now.millis < self.wait_until {
            effects.push(Effect::WakeAt(self.wait_until));
            return;
        }
        if !self.shaking && (now.millis >= self.shake_at || self.epoch.is_none()) {
            self.shaking = true;
            effects.push(Effect::Handshake);
        }
        // Before the first handshake it is not known what the server has, so nothing is sent twice for nothing.
        if !self.asks_first && !self.pushing && self.head.seq > self.acknowledged.seq {
            self.pushing = true;
            effects.push(Effect::Push { after: self.acknowledged, events_max: self.events_max });
        }
        // Own events go first, and nothing of them waits for it.
        let own_wait = self.asks_first || self.pushing || self.head.seq > self.acknowledged.seq;
        if !own_wait
            && !self.carrying
            && let Some((origin, after)) = self.wanted.first_key_value()
        {
            self.carrying = true;
            let (origin, after, events_max) = (*origin, *after, self.carry_events_max);
            effects.push(Effect::Carry { origin, after, events_max });
        }
        if !self.asks_first && self.has_shaken {
            match self.beginning.next(now.millis, self.lanes.get(CATALOGUE)) {
                Next::Fetch => effects.push(Effect::FetchSnapshot(self.epoch.clone().unwrap_or_default())),
                Next::End => effects.push(Effect::EndSnapshot),
                Next::Wait => {}
            }
        }
        let snapshot_first = self.beginning.comes_first();
        for (scope, lane) in &mut self.lanes {
            if snapshot_first && scope == CATALOGUE {
                continue;
            }
            if self.asks_first || lane.in_flight || lane.position >= lane.known {
                continue;
            }
            let wait_until = lane.gathers_until.max(lane.wait_until);
            if now.millis < wait_until {
                effects.push(Effect::WakeAt(wait_until));
            } else {
                lane.in_flight = true;
                effects.push(Effect::Fetch(scope.clone()));
            }
        }
        if !self.shaking {
            effects.push(Effect::WakeAt(self.shake_at));
        }
    }
}

#[cfg(test)]
mod tests;
