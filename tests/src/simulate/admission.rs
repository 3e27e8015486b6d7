//! A person at head office ends the access of tills and lets them in again; and the laws about what is held meanwhile.
//!
//! What `sync-server/src/office/admission.rs` does: a till is closed whole, each of its origins that are known by an event of its own, and
//! is let in whole, under one of its names, or up to an event.

use daybook_core::chain::Tip;
use daybook_core::envelope::Line;
use daybook_core::event::Event;
use daybook_core::event::origin::{Admitted, Closed};
use daybook_core::ids::{OriginId, TillId};
use daybook_core::project::Input as ProjectInput;
use daybook_core::project::rows::OrderKey;
use daybook_core::sync::admission::{Gate, Mark};
use daybook_core::wire::Held;
use std::collections::BTreeSet;

use super::counts::Rare;
use super::faults::Fault;
use super::laws::{Found, named};
use super::scribe::{Fact, Key};
use super::till::SimTill;
use super::till_disk::lines_of;
use super::world::{Happening, World};

impl World {
    /// The access of a till ends.
    pub(super) fn revoke(&mut self, t: usize) {
        let till = self.tills[t].till;
        let disk = &self.office.disk;
        let is_open =
            |origin: &OriginId| disk.apart.gate().mark(*origin).is_none_or(|mark| mark.closed.is_none());
        let open: Vec<OriginId> = disk.origins_of(till).into_iter().filter(is_open).collect();
        if self.office.server.is_none() || open.is_empty() {
            return;
        }
        let close = |origin| {
            let tips = disk.tips_let_in(origin);
            Fact::from(&Event::from(Closed { origin, reason: "lost".to_owned(), tips }))
        };
        let facts = open.into_iter().map(close).collect();
        self.say(|| format!("the access of till {t} ends"));
        self.figures.faults.count(Fault::TillRevoked);
        self.record_own(facts, 0);
        let pause = self.rng.u64(2_000..150_000);
        self.after(pause, Happening::Admits(till));
    }

    /// Somebody looks at what waits of a till, and lets in some of it or all.
    pub(super) fn admits(&mut self, till: TillId) {
        if self.stays_closed == Some(till) {
            return;
        }
        if self.office.server.is_none() {
            return self.after(5_000, Happening::Admits(till));
        }
        let mut named = self.office.disk.origins_of(till);
        if named.is_empty() {
            return;
        }
        let in_part = !self.is_calm && self.rng.u32(..2) == 0;
        if in_part {
            let again = self.rng.u64(2_000..90_000);
            self.after(again, Happening::Admits(till));
            if self.rng.bool() {
                return self.admit_up_to_an_event(&named);
            }
            // Under one of its names, with those that go on from it.
            let under = named[self.rng.usize(..named.len())];
            named.retain(|origin| self.office.disk.lineage(*origin).any(|elder| elder == under));
        }
        if self.admit_whole(&named) && in_part {
            self.reached(Rare::AdmittedInPart);
        }
    }

    fn admit_whole(&mut self, named: &[OriginId]) -> bool {
        let disk = &self.office.disk;
        let asks = |origin: &&OriginId| disk.held_of(**origin).is_some();
        let admit = |origin: &OriginId| Fact::from(&Event::from(Admitted { origin: *origin, to: None }));
        let facts: Vec<Fact> = named.iter().filter(asks).map(admit).collect();
        let admits = !facts.is_empty();
        if admits {
            self.say(|| format!("{named:?} are let in"));
            self.record_own(facts, 0);
        }
        admits
    }

    fn admit_up_to_an_event(&mut self, named: &[OriginId]) {
        let waiting: Vec<(OriginId, Tip)> = self
            .office
            .disk
            .apart
            .waiting()
            .filter(|(origin, _)| named.contains(origin))
            .flat_map(|(origin, waiting)| waiting.iter().map(move |(_, event)| (origin, *event)))
            .map(|(origin, event)| (origin, self.office.disk.chains.events[event].tip))
            .collect();
        if waiting.is_empty() {
            return;
        }
        let (origin, tip) = waiting[self.rng.usize(..waiting.len())];
        self.reached(Rare::AdmittedInPart);
        self.say(|| format!("{origin} is let in up to {}", tip.seq));
        self.record_own(vec![Fact::from(&Event::from(Admitted { origin, to: Some(tip) }))], 0);
    }

    /// In calm weather everybody is let in who is closed or of whom something waits; in some seeds one till is not.
    pub(super) fn admits_everybody(&mut self) {
        let disk = &self.office.disk;
        let asks = |origin: &OriginId| disk.held_of(*origin).is_some();
        let asking = disk.certificates.keys().filter(|origin| asks(origin));
        let tills: BTreeSet<TillId> = asking.filter_map(|origin| disk.till_of(*origin)).collect();
        if !self.leaves_one_closed {
            self.leaves_one_closed = true;
            if !tills.is_empty() && self.rng.u32(..4) == 0 {
                self.stays_closed = tills.iter().nth(self.rng.usize(..tills.len())).copied();
            }
        }
        for till in tills {
            self.admits(till);
        }
        self.after(45_000, Happening::AdmitsEverybody);
    }

    /// Whatever was stored of a closed origin from a place on was kept apart first, however it came in then.
    pub(super) fn who_is_closed_is_held(&mut self, origin: OriginId, from: usize) {
        let disk = &self.office.disk;
        if disk.closing(origin).is_none() {
            return;
        }
        let mut stored = from..disk.chains.events.len();
        if let Some(place) = stored.find(|place| !disk.apart.arrived_held(*place)) {
            let what = named(origin, disk.chains.events[place].tip);
            self.broken("what comes of a closed till is held", what);
        }
    }

    /// Notes that events were let in, where more are now than before.
    pub(super) fn note_let_in(&mut self, before: usize) {
        if self.office.disk.apart.let_in > before {
            self.reached(Rare::Admitted);
        }
    }

    /// Whether a till is closed under the name that writes: it hears nothing of others, and nobody hears of it.
    pub(super) fn is_shut(&self, till: &SimTill) -> bool {
        let writer = till.disk.certificates.last();
        writer.is_some_and(|writer| self.office.disk.closing(writer.origin).is_some())
    }

    /// Whether head office refuses what a till sends as an origin, because as much is held of it as may be.
    pub(super) fn is_refused(&self, till: &SimTill, origin: OriginId) -> bool {
        if self.office.disk.closing(origin).is_none() {
            return false;
        }
        let acknowledged = till.disk.acknowledged.get(&origin).map_or(Tip::NONE, |(_, tip)| *tip);
        let next = till.disk.own_after(origin, acknowledged.seq, self.shape.push_events_max);
        let bytes = lines_of(&next).iter().map(Line::bytes).sum();
        !self.fits(till.till, next.len(), bytes)
    }

    /// Whether there is room for so much more that is held of a till.
    fn fits(&self, till: TillId, events: usize, bytes: usize) -> bool {
        let (held, room) = (self.office.disk.apart.so_far(till), self.shape.held_max);
        events == 0 || (held.events + events <= room.events && held.bytes + bytes <= room.bytes)
    }

    /// Whether nobody who has an event can bring it: all that head office lacks of its closed till is more than there is room for, or it
    /// stands with tills alone that are shut.
    pub(super) fn is_kept_back(&self, key: &Key) -> bool {
        let disk = &self.office.disk;
        if !disk.apart.has_closings() {
            return false;
        }
        if let Some(till) = disk.till_of(key.0).filter(|_| disk.closing(key.0).is_some()) {
            let lacking = self.oracle.recorded.iter().filter(|(key, _)| disk.chains.find(key).is_none());
            let its = lacking.filter(|(key, _)| disk.till_of(key.0) == Some(till));
            let sizes = its.map(|(_, event)| Line::Event(event.text.clone()).bytes());
            let (events, bytes) = sizes.fold((0, 0), |(events, bytes), size| (events + 1, bytes + size));
            if !self.fits(till, events, bytes) {
                return true;
            }
        }
        let sends = |till: &SimTill, origin| !self.is_refused(till, origin);
        !self.given_back(sends, |till| !self.is_shut(till)).contains(key)
    }

    /// What is held stands in no feed, and only of who is closed; what was let in stands where it belongs; the same words of head office
    /// give the same gate; and tills know how it stands with them.
    pub(super) fn what_is_held_stays_apart(&mut self) -> Found {
        let disk = &self.office.disk;
        if !disk.apart.has_closings() {
            return Ok(());
        }
        for (origin, waiting) in disk.apart.waiting() {
            for (_, place) in waiting {
                let event = &disk.chains.events[*place];
                if disk.stands_in(*place).is_some() {
                    return Err(("what is held stands in no feed", named(origin, event.tip)));
                }
                if disk.closing(origin).is_none() || disk.till_of(origin) != self.stays_closed {
                    return Err(("who is let in waits for nothing", named(origin, event.tip)));
                }
            }
        }
        for place in disk.apart.admitted() {
            let event = &disk.chains.events[place];
            if disk.stands_in(place) != disk.scope_of(place).as_ref() {
                return Err(("what was let in enters the feed", named(event.origin, event.tip)));
            }
        }
        self.tills_know_what_is_held()?;
        let mut marks: Vec<(OriginId, Mark)> = Vec::new();
        for event in disk.chains.events.iter().filter(|event| event.text.envelope.contains("\"origin.")) {
            if self.is_of_office(event.origin)
                && let Ok((envelope, said)) =
                    &ProjectInput::read(event.origin, event.tip, &event.text).content
            {
                let order = OrderKey { at: envelope.at, origin: event.origin, seq: event.tip.seq };
                marks.extend(Mark::of(order, said));
            }
        }
        self.rng.shuffle(&mut marks);
        let mut gate = Gate::default();
        marks.into_iter().for_each(|(origin, mark)| gate.learn(origin, mark));
        if gate != *self.office.disk.apart.gate() {
            return Err(("the same words give the same gate", format!("{gate:?}")));
        }
        Ok(())
    }

    fn tills_know_what_is_held(&self) -> Found {
        for (t, till) in self.tills.iter().enumerate().filter(|(_, till)| !till.is_gone) {
            for own in &till.disk.certificates {
                let (known, true_now) =
                    (till.disk.held.get(&own.origin), self.office.disk.held_of(own.origin));
                // What was answered as held since the last handshake is known by a bound only.
                let is_bound =
                    |(known, now): (&Held, &Held)| known.reason == now.reason && known.after <= now.after;
                if known != true_now.as_ref() && !known.zip(true_now.as_ref()).is_some_and(is_bound) {
                    let what = format!("till {t} believes {known:?} of {}, it is {true_now:?}", own.origin);
                    return Err(("a till knows what of it is held", what));
                }
            }
        }
        Ok(())
    }
}
