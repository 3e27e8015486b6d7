//! What a till makes of what comes back: an answer counts only if it is authentic and to this very request.
//!
//! Everything else is trouble on the road, whatever it says. What an answer brings is put on the disk before the machine hears of it.

use daybook_core::chain::Tip;
use daybook_core::ids::{OriginId, RequestId};
use daybook_core::sync::till::{Input, Shaken, Trouble};
use daybook_core::wire::{FeedEntry, FeedHead, Held, ProblemCode};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::counts::Rare;
use super::mutants::Mutant;
use super::network::{Answer, Greeting, Told};
use super::scribe::{Kept, Stored};
use super::till::{Crash, Flight, OwnLane};
use super::till_disk::Cursor;
use super::world::World;

impl World {
    /// An answer reaches a till.
    pub(super) fn answered(&mut self, t: usize, run: u32, request: RequestId, answer: Answer) {
        let Some(flight) = self.land(t, run, request) else { return };
        let signer = answer.signed.filter(|(_, of)| *of == request).map(|(signer, _)| signer);
        let introduced = match &answer.told {
            Told::Shaken(greeting) if greeting.head_office.is_verified() => {
                Some(greeting.head_office.certificate.origin)
            }
            _ => None,
        };
        let is_met =
            |signer: OriginId| introduced == Some(signer) || self.tills[t].disk.offices.contains_key(&signer);
        let input = match signer {
            Some(signer)
                if is_met(signer)
                    && matches!((&flight, &answer.told), (Flight::TakeBack(_), Told::Chain(_))) =>
            {
                return self.took_page_back(t, run, flight, answer.told);
            }
            Some(signer) if is_met(signer) => self.read(t, request, flight, answer),
            Some(_) => {
                self.reached(Rare::UnknownSigner);
                Ok(failed(flight, Trouble::UnknownSigner))
            }
            None => {
                self.reached(Rare::AnswerRefused);
                let stranger = "something other than head office answered".to_owned();
                Ok(failed(flight, Trouble::Network(stranger)))
            }
        };
        match input {
            Ok(input) => self.hand(t, run, input),
            Err(Crash) => self.falls(t),
        }
    }

    /// A till gives up waiting, or the connection broke.
    pub(super) fn unanswered(&mut self, t: usize, run: u32, request: RequestId) {
        let waits = run == self.tills[t].run
            && self.tills[t].life.as_ref().is_some_and(|life| life.waits_for(request));
        if waits && let Some(flight) = self.land(t, run, request) {
            self.hand(t, run, failed(flight, Trouble::Network("no answer".to_owned())));
        }
    }

    fn land(&mut self, t: usize, run: u32, request: RequestId) -> Option<Flight> {
        if run != self.tills[t].run {
            return None;
        }
        let flight = self.tills[t].life.as_mut()?.land(request);
        if flight.is_none() {
            self.reached(Rare::AnsweredTooLate);
        }
        flight
    }

    fn read(&mut self, t: usize, request: RequestId, flight: Flight, answer: Answer) -> Result<Input, Crash> {
        let Answer { told, history, .. } = answer;
        Ok(match (flight, told) {
            (flight, Told::Problem(code, tips, seconds)) => match (flight, code) {
                (Flight::Carry { origin, .. }, ProblemCode::UnknownPrevious) => Input::CarriedOut(origin),
                (Flight::Push { origin, .. }, ProblemCode::UnknownPrevious) => {
                    Input::Rewound(self.highest_own(t, origin, &tips))
                }
                (flight, code) => failed(flight, trouble(code, seconds)),
            },
            (Flight::Push { origin, after, last }, Told::Pushed(answer)) => {
                if answer.request != request || answer.origin != origin || answer.durable != last {
                    let not_ours = Trouble::Network("the answer is not to this push".to_owned());
                    return Ok(Input::PushFailed(not_ours));
                }
                self.note_accepted(history, origin, last);
                if answer.held {
                    let held = &mut self.tills[t].disk.held;
                    let known = held.get(&origin).cloned();
                    held.insert(origin, Held::at_least_after(known, after.seq));
                }
                Input::Pushed { epoch: answer.epoch, durable: last, forked: answer.forked }
            }
            (Flight::Shake { origin, wall, started, asked }, Told::Shaken(greeting)) => {
                if greeting.request != request {
                    return Ok(Input::ShakeFailed(Trouble::Network("not to this handshake".to_owned())));
                }
                self.observe_clock(t, wall, started, greeting.wall)?;
                self.tills[t].point()?;
                let till = &mut self.tills[t];
                till.disk.keep_proofs(&greeting.head_office, &greeting.certificates);
                let own = till.disk.certificates.iter().map(|own| own.origin);
                till.disk.held =
                    own.filter_map(|own| Some((own, greeting.held.get(&own)?.clone()))).collect();
                let unproved = asked.iter().copied().filter(|origin| !till.disk.is_proved(*origin)).collect();
                till.strangers.hear(&asked, &unproved);
                self.note_witnessed(t, history, &greeting.tips);
                Input::Shaken(self.shaken(t, origin, *greeting))
            }
            (Flight::Page { scope, after }, Told::Page(head, page)) => {
                self.store(t, scope, after, head, page)?
            }
            (Flight::Carry { origin, last }, Told::Pushed(answer)) => {
                if answer.request != request || answer.origin != origin || answer.durable != last {
                    let not_ours = Trouble::Network("the answer is not to this push".to_owned());
                    return Ok(Input::CarryFailed(origin, not_ours));
                }
                Input::Carried { epoch: answer.epoch, origin, durable: last }
            }
            (flight, _) => failed(flight, Trouble::Network("the answer is to something else".to_owned())),
        })
    }

    /// The highest own event that head office has where these are its tips: a tip itself, or what an own chain has before it where others'
    /// events, taken back or followed, lie in between. Nothing where none is.
    fn highest_own(&self, t: usize, origin: OriginId, tips: &[Tip]) -> Tip {
        let disk = &self.tills[t].disk;
        let own_before = |tip: &Tip| {
            let mut tip = *tip;
            while !disk.holds_own(origin, tip) {
                let (prev, ..) = disk.chains.step(&(origin, tip.seq, tip.hash))?;
                tip = Tip { seq: tip.seq - 1, hash: prev };
            }
            Some(tip)
        };
        tips.iter().filter_map(own_before).max_by_key(|tip| tip.seq).unwrap_or(Tip::NONE)
    }

    /// What a greeting means to this till.
    fn shaken(&self, t: usize, lane: OriginId, mut greeting: Greeting) -> Shaken {
        // What it wrote itself it sends by itself.
        greeting.wanted.retain(|origin, _| self.tills[t].disk.holds_others_of(*origin));
        let (mut has, mut others, mut lost) = (Tip::NONE, BTreeMap::new(), BTreeSet::new());
        let mut has_later = false;
        for OwnLane { origin, acknowledged, epoch, .. } in self.tills[t].lanes() {
            let tips = greeting.tips.get(&origin).map_or(&[][..], Vec::as_slice);
            if tips.iter().any(|tip| !self.tills[t].disk.chains.holds(origin, *tip)) {
                lost.insert(origin);
            }
            let highest = self.highest_own(t, origin, tips);
            if origin == lane {
                has = highest;
                // Whether they came here by the feed or not: somebody else wrote them.
                has_later = tips.iter().any(|tip| !self.tills[t].disk.holds_own(origin, *tip));
            } else {
                others.insert(origin, (epoch.map(|epoch| (epoch, acknowledged)), highest));
            }
        }
        // Whose access has ended gets nothing back; once it is let in again, the next handshake finds the same lost.
        if greeting.held.get(&lane).is_some_and(|held| held.reason.is_some()) {
            lost.clear();
        }
        Shaken {
            epoch: greeting.epoch,
            has: Some(has),
            others,
            has_later,
            lost,
            scopes: greeting.scopes,
            wanted: greeting.wanted,
        }
    }

    /// Puts a page on the disk with its cursor.
    fn store(
        &mut self,
        t: usize,
        scope: String,
        after: i64,
        head: FeedHead,
        page: Vec<FeedEntry>,
    ) -> Result<Input, Crash> {
        if !page.iter().zip(after + 1..).all(|(entry, expected)| entry.position == expected) {
            self.broken("a cursor never skips", format!("a page of {scope} does not go on after {after}"));
        }
        let position = page.last().map_or(after, |entry| entry.position);
        let mut entries: Vec<Kept> = Vec::with_capacity(page.len());
        let mut links = Vec::new();
        for entry in page {
            // What makes no sense to a till is passed over, as in a shop.
            let Ok(envelope) = entry.text.read_envelope() else { continue };
            let prev = entry.prev();
            let tip = Tip { seq: envelope.seq, hash: entry.text.hash(prev) };
            let origin = envelope.origin;
            if self.tills[t].disk.certificate(origin).is_some() && !self.tills[t].disk.holds_own(origin, tip)
            {
                self.reached(Rare::OwnBranchCameBack);
            }
            let count = i64::try_from(entry.skeletons.len()).expect("few skeletons");
            let mut before = entry.before;
            for (seq, skeleton) in (tip.seq - count..).zip(&entry.skeletons) {
                let hash = skeleton.hash(before);
                links.push(((origin, seq, hash), before, *skeleton));
                before = hash;
            }
            entries.push(Rc::new(Stored { origin, tip, prev, at: envelope.at, text: entry.text }));
        }
        let till = &mut self.tills[t];
        let writers: BTreeSet<OriginId> = entries.iter().map(|entry| entry.origin).collect();
        if till.strangers.meet(writers.into_iter().filter(|origin| !till.disk.is_proved(*origin))) {
            self.reached(Rare::StrangerMet);
            return Ok(Input::FetchFailed(scope, Trouble::UnknownWriter));
        }
        let cursor = Cursor { cursor: head.cursor, position };
        self.tills[t].point()?;
        let divides = self.mutant == Some(Mutant::CursorBeforeApply);
        self.tills[t].disk.cursors.insert(scope.clone(), cursor);
        if divides {
            self.tills[t].point()?;
        }
        let disk = &mut self.tills[t].disk;
        for (key, prev, skeleton) in links {
            disk.chains.put_link(key, prev, skeleton);
        }
        disk.store_others(entries);
        self.tills[t].point()?;
        Ok(Input::Fetched { epoch: head.epoch, scope, position, more: head.more })
    }
}

fn failed(flight: Flight, trouble: Trouble) -> Input {
    match flight {
        Flight::Carry { origin, .. } => Input::CarryFailed(origin, trouble),
        Flight::TakeBack(_) => Input::TakeBackFailed(trouble),
        Flight::Push { .. } => Input::PushFailed(trouble),
        Flight::Shake { .. } => Input::ShakeFailed(trouble),
        Flight::Page { scope, .. } => Input::FetchFailed(scope, trouble),
    }
}

/// What a problem means to the machine, as the shipped client reads it.
fn trouble(code: ProblemCode, seconds: u64) -> Trouble {
    let text = format!("{code:?}");
    match code {
        ProblemCode::TooLarge => Trouble::TooLarge,
        ProblemCode::Malformed => Trouble::Malformed(text),
        ProblemCode::Unauthenticated | ProblemCode::UnknownOrigin | ProblemCode::Forbidden => {
            Trouble::NotAccepted(text)
        }
        ProblemCode::CursorUnknown => Trouble::CursorUnknown,
        ProblemCode::Busy => Trouble::Busy(seconds),
        ProblemCode::UnknownPrevious
        | ProblemCode::UseNonce
        | ProblemCode::EnrolmentRefused
        | ProblemCode::NotFound
        | ProblemCode::MethodNotAllowed
        | ProblemCode::Failed => Trouble::Network(text),
    }
}
