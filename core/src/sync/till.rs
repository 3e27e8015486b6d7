//! The till's side of synchronisation: what to send, what to fetch, when to try again.
//!
//! The outbox is not a table but a cursor: own events after the acknowledged one. One push is in flight at a time, fetching never waits
//! for pushing, and retries run on timers, never only on the next sale. Whatever the server says, nothing recorded is refused, altered
//! or dropped; it can only move the cursor.

use std::collections::BTreeMap;

use crate::chain::Tip;
use crate::event::origin::Reason;
use crate::limits::{
    BACKOFF_MILLIS_FIRST, BACKOFF_SECONDS_MAX, HEARTBEAT_SECONDS, HINTS_GATHER_MILLIS, PUSH_EVENTS_MAX,
};

/// The present moment for the machine: a monotonic clock, and random bits for jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds of a clock that never goes back.
    pub millis: u64,
    /// Random bits.
    pub random: u64,
}

/// Why a request did not get the answer asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No answer, or one that is not authentic: a captive portal looks like this too.
    Network(String),
    /// The server asks to come back after so many seconds.
    Busy(u64),
    /// Too much at once.
    TooLarge,
    /// The server could not read what was sent; sending the same again will not help.
    Malformed(String),
    /// The server does not accept our signature or certificate.
    NotAccepted(String),
    /// The cursor is of another history: start the scope again.
    CursorUnknown,
}

impl Trouble {
    /// What head office says where the request itself is refused, and would be another time.
    pub fn refusal(&self) -> Option<&str> {
        match self {
            Trouble::Malformed(why) | Trouble::NotAccepted(why) => Some(why),
            Trouble::Network(_) | Trouble::Busy(_) | Trouble::TooLarge | Trouble::CursorUnknown => None,
        }
    }
}

/// Full jitter: a random pause between nothing and a bound that doubles with every failure in a row, in milliseconds.
pub(super) fn backoff(failures: u32, random: u64) -> u64 {
    let bound = BACKOFF_MILLIS_FIRST
        .saturating_mul(1 << failures.min(16))
        .min(BACKOFF_SECONDS_MAX * 1_000);
    random % bound.max(1)
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
    /// A handshake came back: the server's epoch, the highest of our events that it has, and the last positions of our scopes.
    Shaken {
        /// The server's epoch.
        epoch: String,
        /// The highest of our own events that the server has.
        has: Tip,
        /// Last position per scope.
        scopes: BTreeMap<String, i64>,
    },
    /// A handshake did not come back well.
    ShakeFailed(Trouble),
    /// A page of a scope was stored together with its cursor; it reached this position, and whether there is more.
    Fetched {
        /// The scope.
        scope: String,
        /// The position reached.
        position: i64,
        /// Whether more is there now.
        more: bool,
    },
    /// A page did not come back well.
    FetchFailed(String, Trouble),
    /// Another of our origins has its turn: its head, and what was acknowledged of it in which epoch.
    Turn {
        /// Its last event.
        head: Tip,
        /// Up to where it is at head office, as far as is known.
        acknowledged: Option<(String, Tip)>,
    },
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
    /// Forget the stored cursor of a scope.
    ResetCursor(String),
    /// Store that everything up to this event is acknowledged in this epoch.
    SaveAcknowledged(String, Tip),
    /// Open a child origin: ours has a second branch.
    OpenChild(Reason),
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
    shake_at: u64,
    lanes: BTreeMap<String, Lane>,
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
            shake_at: 0,
            lanes: scopes.into_iter().map(lane).collect(),
            failures: 0,
            wait_until: 0,
            trouble: None,
        }
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
                self.shake_at = now.millis;
                // A refusal was said of the other origin; a bad road is the same for all.
                if self.trouble.as_ref().is_some_and(|trouble| trouble.refusal().is_some()) {
                    self.succeeded();
                }
            }
            Input::Now => {
                self.wait_until = 0;
                self.shake_at = now.millis;
                self.lanes.values_mut().for_each(|lane| lane.gathers_until = 0);
            }
            Input::Hint(scope, position) => {
                if let Some(lane) = self.lanes.get_mut(&scope) {
                    lane.hint(now, position);
                }
            }
            Input::Pushed { epoch, durable, forked } => self.pushed(epoch, durable, forked, &mut effects),
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
                if let Trouble::Malformed(why) = &trouble {
                    effects.push(Effect::CheckLog(why.clone()));
                }
                self.failed(now, trouble);
            }
            Input::Shaken { epoch, has, scopes } => self.shaken(now, epoch, has, scopes, &mut effects),
            Input::ShakeFailed(trouble) => {
                self.shaking = false;
                self.failed(now, trouble);
            }
            Input::Fetched { scope, position, more } => {
                self.succeeded();
                if let Some(lane) = self.lanes.get_mut(&scope) {
                    lane.in_flight = false;
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
                        effects.push(Effect::ResetCursor(scope));
                    }
                }
                if trouble != Trouble::CursorUnknown {
                    self.failed(now, trouble);
                }
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
            Some(_) => Status::Offline("head office is busy".to_owned()),
            None if self.is_idle() && self.epoch.is_some() => Status::UpToDate,
            None => Status::Working,
        }
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

    fn pushed(&mut self, epoch: String, durable: Tip, forked: bool, effects: &mut Vec<Effect>) {
        self.pushing = false;
        self.succeeded();
        self.events_max = (self.events_max * 2).min(PUSH_EVENTS_MAX);
        if self.epoch.as_ref().is_some_and(|known| *known != epoch) {
            self.shake_at = 0;
        }
        // The child first: after a crash in between the push is sent again, and the server tells the same again.
        if forked {
            effects.push(Effect::OpenChild(Reason::Forked));
        }
        self.acknowledge(epoch, durable, effects);
    }

    fn shaken(
        &mut self,
        now: Moment,
        epoch: String,
        has: Tip,
        scopes: BTreeMap<String, i64>,
        effects: &mut Vec<Effect>,
    ) {
        self.shaking = false;
        self.asks_first = false;
        self.shake_at = now.millis + HEARTBEAT_SECONDS * 1_000;
        self.succeeded();
        let new_epoch = self.epoch.as_ref() != Some(&epoch);
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
        if !self.pushing && (new_epoch || has != self.acknowledged) {
            self.acknowledge(epoch, has, effects);
        } else {
            self.epoch = Some(epoch);
        }
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
        for (scope, lane) in &mut self.lanes {
            if lane.in_flight || lane.position >= lane.known {
                continue;
            }
            if now.millis < lane.gathers_until {
                effects.push(Effect::WakeAt(lane.gathers_until));
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
mod tests {
    use super::*;
    use crate::chain::sha256;

    fn tip(seq: i64) -> Tip {
        Tip { seq, hash: sha256(&seq.to_be_bytes()) }
    }

    fn at(millis: u64) -> Moment {
        Moment { millis, random: u64::MAX }
    }

    fn shaken(has: Tip, scopes: &[(&str, i64)]) -> Input {
        let scopes = scopes.iter().map(|(scope, position)| ((*scope).to_owned(), *position)).collect();
        Input::Shaken { epoch: "e1".to_owned(), has, scopes }
    }

    #[test]
    fn a_till_shakes_hands_first_then_pushes_what_is_not_acknowledged() {
        let mut till = Till::new(tip(5), None, BTreeMap::new());
        assert_eq!(till.handle(at(0), Input::Tick), [Effect::Handshake]);
        let effects = till.handle(at(1), shaken(tip(2), &[]));
        assert!(
            effects.contains(&Effect::Push { after: tip(2), events_max: PUSH_EVENTS_MAX }),
            "{effects:?}"
        );
        assert_eq!(till.waiting(), 3);
        till.handle(at(2), Input::Pushed { epoch: "e1".to_owned(), durable: tip(5), forked: false });
        assert_eq!(till.status(), Status::UpToDate);
    }

    #[test]
    fn a_lost_answer_is_retried_by_a_timer_not_by_the_next_sale() {
        let mut till = Till::new(tip(1), Some(("e1".to_owned(), Tip::NONE)), BTreeMap::new());
        till.handle(at(0), Input::Tick);
        till.handle(at(0), shaken(Tip::NONE, &[]));
        let effects = till.handle(at(10), Input::PushFailed(Trouble::Network("lost".to_owned())));
        let [Effect::WakeAt(wake)] = effects[..] else { panic!("{effects:?}") };
        assert!(
            till.handle(at(wake), Input::Tick)
                .contains(&Effect::Push { after: Tip::NONE, events_max: PUSH_EVENTS_MAX })
        );
    }

    #[test]
    fn too_large_halves_the_batch_and_success_grows_it_again() {
        let mut till = Till::new(tip(900), Some(("e1".to_owned(), Tip::NONE)), BTreeMap::new());
        till.handle(at(0), Input::Tick);
        till.handle(at(0), shaken(Tip::NONE, &[]));
        let effects = till.handle(at(1), Input::PushFailed(Trouble::TooLarge));
        assert!(
            effects.contains(&Effect::Push { after: Tip::NONE, events_max: PUSH_EVENTS_MAX / 2 }),
            "{effects:?}"
        );
        let effects =
            till.handle(at(2), Input::Pushed { epoch: "e1".to_owned(), durable: tip(250), forked: false });
        assert!(
            effects.contains(&Effect::Push { after: tip(250), events_max: PUSH_EVENTS_MAX }),
            "{effects:?}"
        );
    }

    #[test]
    fn a_server_that_lost_events_gets_them_again_on_the_next_heartbeat() {
        let mut till = Till::new(tip(9), Some(("e1".to_owned(), tip(9))), BTreeMap::new());
        till.handle(at(0), Input::Tick);
        let effects = till.handle(at(1), shaken(tip(4), &[]));
        assert!(effects.contains(&Effect::SaveAcknowledged("e1".to_owned(), tip(4))), "{effects:?}");
        assert!(
            effects
                .iter()
                .any(|effect| matches!(effect, Effect::Push { after, .. } if *after == tip(4)))
        );
    }

    #[test]
    fn scopes_are_fetched_until_there_is_no_more_and_hints_wake_them() {
        let mut till = Till::new(Tip::NONE, None, BTreeMap::new());
        till.handle(at(0), Input::Tick);
        let effects = till.handle(at(0), shaken(Tip::NONE, &[("catalogue", 700)]));
        assert!(effects.contains(&Effect::Fetch("catalogue".to_owned())));
        let page = |position, more| Input::Fetched { scope: "catalogue".to_owned(), position, more };
        assert!(till.handle(at(1), page(500, true)).contains(&Effect::Fetch("catalogue".to_owned())));
        assert!(!till.handle(at(2), page(700, false)).contains(&Effect::Fetch("catalogue".to_owned())));
        let effects = till.handle(at(3), Input::Hint("catalogue".to_owned(), 701));
        assert!(effects.contains(&Effect::WakeAt(3 + HINTS_GATHER_MILLIS)), "{effects:?}");
        let effects = till.handle(at(3 + HINTS_GATHER_MILLIS), Input::Tick);
        assert!(effects.contains(&Effect::Fetch("catalogue".to_owned())));
    }

    #[test]
    fn hints_that_follow_each_other_are_asked_for_at_once() {
        let mut till = Till::new(Tip::NONE, None, BTreeMap::new());
        till.handle(at(0), Input::Tick);
        till.handle(at(0), shaken(Tip::NONE, &[("sales", 0)]));
        let fetches =
            |effects: &[Effect]| effects.iter().filter(|effect| matches!(effect, Effect::Fetch(_))).count();
        let mut asked = 0;
        // A hint every ten milliseconds for a second, each page having everything that was there when it was asked for.
        for position in 1..=100_i64 {
            let now = at(position.unsigned_abs() * 10);
            let effects = till.handle(now, Input::Hint("sales".to_owned(), position));
            if fetches(&effects) > 0 {
                asked += 1;
                let page = Input::Fetched { scope: "sales".to_owned(), position, more: false };
                assert_eq!(fetches(&till.handle(now, page)), 0);
            }
        }
        assert!((4..=5).contains(&asked), "{asked} pages");
    }

    #[test]
    fn the_user_and_a_page_with_more_behind_it_wait_for_no_hints() {
        let mut till = Till::new(Tip::NONE, None, BTreeMap::new());
        till.handle(at(0), Input::Tick);
        till.handle(at(0), shaken(Tip::NONE, &[("sales", 0)]));
        let fetch = Effect::Fetch("sales".to_owned());
        let hint = |position| Input::Hint("sales".to_owned(), position);
        assert!(!till.handle(at(1), hint(700)).contains(&fetch));
        assert!(till.handle(at(2), Input::Now).contains(&fetch));
        assert!(!till.handle(at(300), hint(701)).contains(&fetch));
        let page = Input::Fetched { scope: "sales".to_owned(), position: 500, more: true };
        assert!(till.handle(at(301), page).contains(&fetch));
    }

    #[test]
    fn a_hint_that_comes_while_a_page_is_on_its_way_is_not_lost() {
        let mut till = Till::new(Tip::NONE, None, BTreeMap::new());
        till.handle(at(0), Input::Tick);
        till.handle(at(0), shaken(Tip::NONE, &[("catalogue", 1)]));
        let fetch = Effect::Fetch("catalogue".to_owned());
        let page = |position| Input::Fetched { scope: "catalogue".to_owned(), position, more: false };
        assert!(!till.handle(at(1), Input::Hint("catalogue".to_owned(), 2)).contains(&fetch));
        assert!(till.handle(at(300), page(1)).contains(&fetch), "the page was made before the hint");
        assert!(!till.handle(at(301), page(2)).contains(&fetch));
        assert_eq!(till.status(), Status::UpToDate);
        // News that leads to nothing is asked for once.
        till.handle(at(302), Input::Hint("catalogue".to_owned(), 9));
        assert!(till.handle(at(600), Input::Tick).contains(&fetch));
        assert!(!till.handle(at(601), page(2)).contains(&fetch));
    }

    #[test]
    fn another_origin_has_its_turn_without_the_refusal_of_the_one_before() {
        let mut till = Till::new(tip(5), Some(("e1".to_owned(), Tip::NONE)), BTreeMap::new());
        till.handle(at(0), Input::Tick);
        till.handle(at(0), shaken(Tip::NONE, &[]));
        till.handle(at(1), Input::PushFailed(Trouble::NotAccepted("unknown key".to_owned())));
        assert_eq!(till.status(), Status::Refused("unknown key".to_owned()));
        let turn = Input::Turn { head: tip(9), acknowledged: Some(("e1".to_owned(), tip(7))) };
        let effects = till.handle(at(2), turn);
        assert!(
            effects.contains(&Effect::Push { after: tip(7), events_max: PUSH_EVENTS_MAX }),
            "{effects:?}"
        );
        assert_eq!(till.status(), Status::Working);
        let other_epoch = Input::Turn { head: tip(9), acknowledged: Some(("e0".to_owned(), tip(7))) };
        till.handle(at(3), other_epoch);
        assert_eq!(till.waiting(), 9, "what another history acknowledged says nothing");
    }

    #[test]
    fn an_origin_of_which_nothing_is_known_asks_before_it_sends() {
        let mut till = Till::new(tip(1), Some(("e1".to_owned(), tip(1))), BTreeMap::new());
        till.handle(at(0), Input::Tick);
        till.handle(at(0), shaken(tip(1), &[]));
        let effects = till.handle(at(1), Input::Turn { head: tip(9), acknowledged: None });
        assert!(effects.contains(&Effect::Handshake), "{effects:?}");
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Push { .. })), "{effects:?}");
        let effects = till.handle(at(2), shaken(tip(6), &[]));
        assert!(
            effects.contains(&Effect::Push { after: tip(6), events_max: PUSH_EVENTS_MAX }),
            "{effects:?}"
        );
    }

    #[test]
    fn a_scope_that_ends_before_the_position_reached_is_asked_for_and_begun_again() {
        let scope = || "conflicts:a".to_owned();
        let mut till =
            Till::new(Tip::NONE, Some(("e1".to_owned(), Tip::NONE)), BTreeMap::from([(scope(), 9)]));
        till.handle(at(0), Input::Tick);
        assert!(
            till.handle(at(1), shaken(Tip::NONE, &[(&scope(), 2)]))
                .contains(&Effect::Fetch(scope()))
        );
        let effects = till.handle(at(2), Input::FetchFailed(scope(), Trouble::CursorUnknown));
        assert!(
            effects.contains(&Effect::ResetCursor(scope())) && effects.contains(&Effect::Fetch(scope())),
            "{effects:?}"
        );
        till.handle(at(3), Input::Fetched { scope: scope(), position: 2, more: false });
        assert_eq!(till.status(), Status::UpToDate);
    }

    #[test]
    fn a_fork_opens_a_child_origin() {
        let mut till = Till::new(tip(2), Some(("e1".to_owned(), Tip::NONE)), BTreeMap::new());
        let effects =
            till.handle(at(0), Input::Pushed { epoch: "e1".to_owned(), durable: tip(2), forked: true });
        assert!(effects.contains(&Effect::OpenChild(Reason::Forked)));
    }
}
