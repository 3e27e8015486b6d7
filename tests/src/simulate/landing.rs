//! What a till makes of what comes back: an answer counts only if it is authentic and to this very request.
//!
//! Everything else is trouble on the road, whatever it says. What an answer brings is put on the disk before the machine hears of it.

use daybook_core::chain::Tip;
use daybook_core::ids::{OriginId, RequestId};
use daybook_core::sync::till::{Input, Trouble};
use daybook_core::wire::{FeedHead, ProblemCode};
use std::rc::Rc;

use super::counts::Rare;
use super::disks::Cursor;
use super::mutants::Mutant;
use super::network::{Answer, PageEntry, Told};
use super::scribe::{Kept, Stored};
use super::till::{Crash, Flight};
use super::world::World;

impl World {
    /// An answer reaches a till.
    pub(super) fn answered(&mut self, t: usize, run: u32, request: RequestId, answer: Answer) {
        let Some(flight) = self.land(t, run, request) else { return };
        let is_ours = answer.signed_for == Some(request);
        let input = if is_ours {
            self.read(t, request, flight, answer)
        } else {
            self.reached(Rare::AnswerRefused);
            Ok(failed(flight, Trouble::Network("something other than head office answered".to_owned())))
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
                (Flight::Push { origin, .. }, ProblemCode::UnknownPrevious) => {
                    Input::Rewound(self.highest_own(t, origin, &tips))
                }
                (flight, code) => failed(flight, trouble(code, seconds)),
            },
            (Flight::Push { origin, last }, Told::Pushed(answer)) => {
                if answer.request != request || answer.origin != origin || answer.durable != last {
                    let not_ours = Trouble::Network("the answer is not to this push".to_owned());
                    return Ok(Input::PushFailed(not_ours));
                }
                self.note_accepted(history, origin, last);
                Input::Pushed { epoch: answer.epoch, durable: last, forked: answer.forked }
            }
            (Flight::Shake { origin, wall, started }, Told::Shaken(answer)) => {
                self.observe_clock(t, wall, started, answer.wall)?;
                let tips = answer.tips.get(&origin).map_or(&[][..], Vec::as_slice);
                let has = self.highest_own(t, origin, tips);
                Input::Shaken { epoch: answer.epoch, has, scopes: answer.scopes }
            }
            (Flight::Page { scope }, Told::Page(head, page)) => self.store(t, scope, head, page)?,
            (flight, _) => failed(flight, Trouble::Network("the answer is to something else".to_owned())),
        })
    }

    /// The highest of some tips that is an own event; nothing where none is.
    fn highest_own(&self, t: usize, origin: OriginId, tips: &[Tip]) -> Tip {
        let own = tips.iter().filter(|tip| self.tills[t].disk.holds_own(origin, **tip));
        own.max_by_key(|tip| tip.seq).copied().unwrap_or(Tip::NONE)
    }

    /// Puts a page on the disk with its cursor.
    fn store(
        &mut self,
        t: usize,
        scope: String,
        head: FeedHead,
        page: Vec<PageEntry>,
    ) -> Result<Input, Crash> {
        let known = self.tills[t].disk.cursors.get(&scope).map_or(0, |cursor| cursor.position);
        let follows = page.iter().zip(known + 1..).all(|((position, ..), expected)| *position == expected);
        if !follows {
            self.broken("a cursor never skips", format!("a page of {scope} does not go on after {known}"));
        }
        let position = page.last().map_or(known, |(position, ..)| *position);
        let mut entries: Vec<Kept> = Vec::with_capacity(page.len());
        for (_, prev, text) in page {
            // What makes no sense to a till is passed over, as in a shop.
            let Ok(envelope) = text.read_envelope() else { continue };
            let tip = Tip { seq: envelope.seq, hash: text.hash(prev) };
            if self.tills[t].disk.certificate(envelope.origin).is_some()
                && !self.tills[t].disk.holds_own(envelope.origin, tip)
            {
                self.reached(Rare::OwnBranchCameBack);
            }
            entries.push(Rc::new(Stored { origin: envelope.origin, tip, prev, at: envelope.at, text }));
        }
        let cursor = Cursor { cursor: head.cursor, position };
        self.tills[t].point()?;
        if self.mutant == Some(Mutant::CursorBeforeApply) {
            self.tills[t].disk.cursors.insert(scope.clone(), cursor);
            self.tills[t].point()?;
            self.tills[t].disk.store_entries(entries);
        } else {
            self.tills[t].disk.store_page(&scope, entries, cursor);
        }
        self.tills[t].point()?;
        Ok(Input::Fetched { scope, position, more: head.more })
    }
}

fn failed(flight: Flight, trouble: Trouble) -> Input {
    match flight {
        Flight::Push { .. } => Input::PushFailed(trouble),
        Flight::Shake { .. } => Input::ShakeFailed(trouble),
        Flight::Page { scope } => Input::FetchFailed(scope, trouble),
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
        | ProblemCode::EnrolmentRefused
        | ProblemCode::NotFound
        | ProblemCode::MethodNotAllowed
        | ProblemCode::Failed => Trouble::Network(text),
    }
}
