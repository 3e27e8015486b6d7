//! The network between tills and head office, and everything it does to messages.
//!
//! What a till takes for an answer has to be authentic and to its own request: that is the only thing the road cannot forge. Everything
//! else it may do: lose, double, delay, cut off, bring back what was said before, or let somebody else answer.

use daybook_core::chain::Tip;
use daybook_core::envelope::Line;
use daybook_core::ids::{OriginId, RequestId};
use daybook_core::limits::REQUEST_SECONDS_MAX;
use daybook_core::wire::{FeedEntry, FeedHead, Held, ProblemCode, PushAnswer, PushHead};
use std::collections::BTreeMap;
use std::fmt;

use super::counts::Rare;
use super::faults::Fault;
use super::scribe::Kept;
use super::till::Life;
use super::till_disk::{Certificate, OfficeWord};
use super::world::{Happening, World};

/// Answers that somebody on the road keeps to bring them back later.
const OVERHEARD_MAX: usize = 4;

/// What a till asks.
#[derive(Clone)]
pub enum Ask {
    /// Take these events in.
    Push(PushHead, Vec<Line>),
    /// Take these events in, which cannot be cut into smaller pushes: their own seals say where they end.
    Carry(PushHead, Vec<Line>),
    /// Say what you have.
    Handshake(Shake),
    /// Give a page of a scope after a cursor.
    Page(String, Option<String>),
    /// Give a page of an own chain after a number.
    Chain(OriginId, i64),
}

/// What a till says in a handshake, as `HandshakeRequest` of the wire does.
#[derive(Clone)]
pub struct Shake {
    /// The sender.
    pub origin: OriginId,
    /// Tips of every origin it has events of.
    pub tips: BTreeMap<OriginId, Vec<Tip>>,
    /// Whether this is its first since it was started.
    pub begins: bool,
    /// The last word of head office about its own log.
    pub head_office: Option<OfficeWord>,
    /// Origins that it cannot prove.
    pub unproved: Vec<OriginId>,
}

/// What head office says to it, as `HandshakeAnswer` of the wire does.
#[derive(Clone)]
pub struct Greeting {
    /// The request it answers.
    pub request: RequestId,
    /// Its epoch.
    pub epoch: String,
    /// Its clock.
    pub wall: i64,
    /// Up to where it has the origins named, whole.
    pub tips: BTreeMap<OriginId, Vec<Tip>>,
    /// Scopes with their last positions.
    pub scopes: BTreeMap<String, i64>,
    /// Where its own log ends.
    pub head_office: OfficeWord,
    /// What it asks the sender to hand back.
    pub wanted: BTreeMap<OriginId, Tip>,
    /// Certificates that prove others.
    pub certificates: Vec<Certificate>,
    /// What is held of the sender's till.
    pub held: BTreeMap<OriginId, Held>,
}

/// A page of an origin's own chain.
#[derive(Clone)]
pub struct ChainPage {
    /// Whose.
    pub origin: OriginId,
    /// The events, of every branch.
    pub events: Vec<Kept>,
    /// The number after which the next page begins.
    pub reached: i64,
    /// Whether there is more now.
    pub more: bool,
}

impl fmt::Display for Ask {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ask::Push(head, lines) | Ask::Carry(head, lines) => {
                write!(to, "push {} events of {} after {}", lines.len(), head.origin, head.previous.seq)
            }
            Ask::Handshake(body) => write!(to, "handshake of {}", body.origin),
            Ask::Page(scope, cursor) => write!(to, "page of {scope} after {cursor:?}"),
            Ask::Chain(origin, after) => write!(to, "chain of {origin} after {after}"),
        }
    }
}

/// A request on its way.
#[derive(Clone)]
pub struct Travel {
    /// The machine that sent it, and its run.
    pub from: (usize, u32),
    /// Its id.
    pub request: RequestId,
    /// The origin that signed it.
    pub caller: OriginId,
    /// Who that is, for whoever may not know it.
    pub lineage: Vec<Certificate>,
    /// What it asks.
    pub ask: Ask,
    /// Whether its body was cut off.
    pub is_cut: bool,
}

/// What head office says.
#[derive(Clone)]
pub enum Told {
    /// The push is durable.
    Pushed(PushAnswer),
    /// What head office has.
    Shaken(Box<Greeting>),
    /// A page of a scope.
    Page(FeedHead, Vec<FeedEntry>),
    /// A page of a chain.
    Chain(ChainPage),
    /// It was not done.
    Problem(ProblemCode, Vec<Tip>, u64),
}

impl fmt::Display for Told {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::Pushed(answer) => {
                let forked = if answer.forked { ", forked" } else { "" };
                let held = if answer.held { ", held" } else { "" };
                write!(to, "durable to {}{forked}{held}", answer.durable.seq)
            }
            Told::Shaken(answer) => {
                write!(to, "shaken in {}, wants {:?}, has {:?}", answer.epoch, answer.wanted, answer.tips)
            }
            Told::Page(head, page) => write!(to, "{} entries, more: {}", page.len(), head.more),
            Told::Chain(page) => write!(to, "{} events, more: {}", page.events.len(), page.more),
            Told::Problem(code, ..) => write!(to, "{code:?}"),
        }
    }
}

/// An answer as it arrives.
#[derive(Clone)]
pub struct Answer {
    /// Which origin of head office signed it for which request; none where nobody of head office did.
    pub signed: Option<(OriginId, RequestId)>,
    /// What it says.
    pub told: Told,
    /// Which state of head office's disk said so: for the oracle, no part of the message.
    pub history: u32,
}

/// How the road of one till is.
#[derive(Clone, Debug, Default)]
pub struct Link {
    up_cut_until: u64,
    down_cut_until: u64,
}

impl Link {
    /// Everything gets through again.
    pub fn mend(&mut self) {
        *self = Link::default();
    }

    fn goes_up(&self, now: u64) -> bool {
        now >= self.up_cut_until
    }

    fn goes_down(&self, now: u64) -> bool {
        now >= self.down_cut_until
    }
}

impl World {
    /// Cuts a till's road for a while.
    pub(super) fn cut(&mut self, till: usize, fault: Fault) {
        let until = self.now + self.rng.u64(2_000..120_000);
        let link = &mut self.tills[till].link;
        if matches!(fault, Fault::CutUp | Fault::CutOff) {
            link.up_cut_until = until;
        }
        if matches!(fault, Fault::CutDown | Fault::CutOff) {
            link.down_cut_until = until;
        }
    }

    fn latency(&mut self) -> u64 {
        let plain = self.rng.u64(2..200);
        if self.strikes(Fault::Delayed) {
            return plain + self.rng.u64(..60_000);
        }
        plain
    }

    /// A till sends a request. Whatever becomes of it, the till stops waiting after [`REQUEST_SECONDS_MAX`].
    pub(super) fn send(&mut self, mut travel: Travel) {
        let (till, run) = travel.from;
        let request = travel.request;
        self.say(|| format!("till {till} asks {request}: {}", travel.ask));
        self.figures.requests += 1;
        self.after(REQUEST_SECONDS_MAX * 1_000, Happening::Unanswered(till, run, request));
        let latency = self.latency();
        if self.strikes(Fault::CaptivePortal) {
            let told = Told::Problem(ProblemCode::NotFound, Vec::new(), 0);
            let answer = Answer { signed: None, told, history: 0 };
            self.after(latency, Happening::Answered(till, run, request, Box::new(answer)));
            return;
        }
        if !self.tills[till].link.goes_up(self.now) || self.strikes(Fault::LostRequest) {
            return;
        }
        if self.strikes(Fault::Truncated) {
            travel.is_cut = true;
        }
        if self.strikes(Fault::Doubled) {
            let again = self.latency();
            self.after(again, Happening::Arrives(Box::new(travel.clone())));
        }
        self.after(latency, Happening::Arrives(Box::new(travel)));
    }

    /// Head office answers a request.
    pub(super) fn reply(&mut self, to: (usize, u32), request: RequestId, told: Told) {
        let (till, run) = to;
        self.say(|| format!("head office answers {request}: {told}"));
        let signed = Some((self.office.identity.origin, request));
        let answer = Answer { signed, told, history: self.office.history };
        if !self.tills[till].link.goes_down(self.now) || self.strikes(Fault::LostAnswer) {
            return;
        }
        let latency = self.latency();
        let overheard = &mut self.tills[till].overheard;
        if overheard.len() < OVERHEARD_MAX {
            overheard.push(answer.clone());
        }
        if self.strikes(Fault::ReplayedAnswer) {
            let old = self.tills[till].overheard[0].clone();
            self.after(latency, Happening::Answered(till, run, request, Box::new(old)));
            return;
        }
        if self.strikes(Fault::Truncated) {
            self.after(latency, Happening::Unanswered(till, run, request));
            return;
        }
        self.after(latency, Happening::Answered(till, run, request, Box::new(answer)));
    }

    /// Nobody answers at that address, or the connection breaks.
    pub(super) fn hang_up(&mut self, to: (usize, u32), request: RequestId) {
        let latency = self.latency();
        self.after(latency, Happening::Unanswered(to.0, to.1, request));
    }

    /// Head office tells every till that listens of something new in a scope.
    pub(super) fn hint(&mut self, scope: &str) {
        let position = self.office.disk.position(scope);
        for till in 0..self.tills.len() {
            let listens = self.tills[till].life.as_ref().is_some_and(|life| life.listens);
            let is_shut = |life: &Life| self.office.disk.closing(life.lane).is_some();
            let is_shut = self.tills[till].life.as_ref().is_some_and(is_shut);
            if !listens || is_shut || !self.tills[till].link.goes_down(self.now) {
                continue;
            }
            if self.tills[till].has_page_in_flight(scope) {
                self.reached(Rare::HintInFlight);
            }
            let (latency, run) = (self.latency(), self.tills[till].run);
            self.after(latency, Happening::Hint(till, run, scope.to_owned(), position));
        }
    }
}
