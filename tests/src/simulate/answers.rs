//! What head office makes of requests: who asks, what is answered from the log, and what has to wait for a commit.
//!
//! The decisions of `sync-server/src/http/handlers.rs`, `office/handshake.rs` and `office/feed.rs`, on a model disk.

use daybook_core::chain::{Hash, Tip};
use daybook_core::envelope::Line;
use daybook_core::ids::{OriginId, RequestId};
use daybook_core::project::standing::Standing;
use daybook_core::sync::epoch::{Witness, is_proof};
use daybook_core::sync::scope;
use daybook_core::sync::server::Bringer;
use daybook_core::wire::{FeedEntry, FeedHead, Held, ProblemCode, PushHead};
use std::collections::BTreeMap;

use super::commits::Job;
use super::counts::Rare;
use super::faults::Fault;
use super::mutants::Mutant;
use super::network::{Ask, ChainPage, Greeting, Shake, Told, Travel};
use super::office::Office;
use super::till_disk::{Certificate, OfficeWord};
use super::world::World;

impl Office {
    /// Who an origin is: known, or presented with a chain that ends at the root or at a known parent.
    fn present(&mut self, origin: OriginId, lineage: &[Certificate]) -> Option<Certificate> {
        if let Some(known) = self.disk.certificates.get(&origin) {
            return Some(known.clone());
        }
        let presented = lineage.iter().find(|certificate| certificate.origin == origin)?.clone();
        if let Some(parent) = presented.parent {
            self.present(parent, lineage)?;
        }
        self.disk.certificates.insert(origin, presented.clone());
        Some(presented)
    }
}

impl World {
    /// A request reaches head office.
    pub(super) fn arrives(&mut self, travel: Travel) {
        let Travel { from, request, caller, lineage, ask, is_cut } = travel;
        if self.office.server.is_none() || is_cut {
            return self.hang_up(from, request);
        }
        for (fault, code) in [
            (Fault::TooMany, ProblemCode::Busy),
            (Fault::Unavailable, ProblemCode::Busy),
            (Fault::Faulty, ProblemCode::Failed),
        ] {
            if self.strikes(fault) {
                let seconds = self.rng.u64(1..20);
                return self.reply(from, request, Told::Problem(code, Vec::new(), seconds));
            }
        }
        let presents: &[Certificate] = match ask {
            Ask::Push(..) | Ask::Carry(..) | Ask::Handshake(_) => &lineage,
            Ask::Page(..) | Ask::Chain(..) => &[],
        };
        let Some(certificate) = self.office.present(caller, presents) else {
            return self.refuse(from, request, ProblemCode::UnknownOrigin);
        };
        let is_shut = self.office.disk.closing(caller).is_some();
        match ask {
            // Whose access has ended may say what it recorded, and hear how it stands with it.
            Ask::Page(..) | Ask::Chain(..) if is_shut => self.refuse(from, request, ProblemCode::Forbidden),
            Ask::Carry(head, _) if is_shut && head.origin != caller => {
                self.refuse(from, request, ProblemCode::Forbidden);
            }
            Ask::Push(_, lines) if lines.len() > self.shape.taken_events_max => {
                self.figures.faults.count(Fault::TooLarge);
                self.refuse(from, request, ProblemCode::TooLarge);
            }
            Ask::Push(head, lines) | Ask::Carry(head, lines) => {
                self.push(from, request, caller, &lineage, head, lines);
            }
            Ask::Handshake(body) => self.shake(from, request, &certificate, body),
            Ask::Page(scope, cursor) => self.page(from, request, &certificate, scope, cursor.as_deref()),
            Ask::Chain(origin, after) => self.chain(from, request, &certificate, origin, after),
        }
    }

    fn refuse(&mut self, to: (usize, u32), request: RequestId, code: ProblemCode) {
        self.reply(to, request, Told::Problem(code, Vec::new(), 0));
    }

    fn push(
        &mut self,
        from: (usize, u32),
        request: RequestId,
        caller: OriginId,
        lineage: &[Certificate],
        head: PushHead,
        lines: Vec<Line>,
    ) {
        let Some(writer) = self.office.present(head.origin, lineage) else {
            return self.refuse(from, request, ProblemCode::UnknownOrigin);
        };
        if head.origin != caller {
            self.reached(Rare::Carried);
            self.office.asking.came(self.wall(), head.origin, caller);
        }
        let bringer = if head.origin == caller { Bringer::Writer } else { Bringer::Carrier };
        match writer.sealer.check(&head, lines, bringer) {
            Ok(push) => self.await_commit(Job { to: from, request, push, standing: writer.standing }),
            Err(bad) => self.broken("poison never blocks", format!("a push that splits was refused: {bad}")),
        }
    }

    fn shake(&mut self, from: (usize, u32), request: RequestId, certificate: &Certificate, body: Shake) {
        if let Some(word) = &body.head_office {
            self.heed(word);
        }
        let (own, store) = match certificate.standing {
            Standing::Till(store, _) => (self.office.identity.origin, store),
            Standing::HeadOffice => return self.refuse(from, request, ProblemCode::Forbidden),
        };
        let disk = &self.office.disk;
        let is_let_in = disk.closing(body.origin).is_none();
        let lacks = |(origin, named): (&OriginId, &Vec<Tip>)| disk.lack(*origin, named);
        let lacking: Vec<_> = body.tips.iter().filter(|_| is_let_in).filter_map(lacks).collect();
        let named = body.tips.keys().copied().chain([own, body.origin]);
        let tips = named.map(|origin| (origin, disk.chains.whole(origin))).collect();
        let scopes = scope::of_till(store).into_iter().filter(|_| is_let_in);
        let scopes: BTreeMap<String, i64> =
            scopes.map(|scope| (scope.clone(), disk.position(&scope))).collect();
        let till = disk.till_of(body.origin);
        let its = body.tips.keys().copied().filter(|origin| disk.till_of(*origin) == till);
        let held = its.chain([body.origin]).filter_map(|origin| Some((origin, disk.held_of(origin)?)));
        let held: BTreeMap<OriginId, Held> = held.collect();
        let mut certificates = BTreeMap::new();
        for origin in body.unproved.iter().filter(|_| is_let_in) {
            let mut next = Some(*origin);
            while let Some(known) = next.and_then(|origin| disk.certificates.get(&origin)) {
                certificates.insert(known.origin, known.clone());
                next = known.parent;
            }
        }
        if body.begins {
            self.office.asking.forget(body.origin);
        }
        let wall = self.wall();
        let wanted = self.office.asking.ask(wall, body.origin, &lacking);
        if !wanted.is_empty() {
            self.reached(Rare::Wanted);
        }
        let greeting = Greeting {
            request,
            epoch: self.office.epoch.clone(),
            wall,
            tips,
            scopes,
            head_office: self.office.word(),
            wanted,
            certificates: certificates.into_values().collect(),
            held,
        };
        self.reply(from, request, Told::Shaken(Box::new(greeting)));
    }

    /// Begins a new epoch where a till's word of head office about itself proves that its log was put back.
    fn heed(&mut self, word: &OfficeWord) {
        let origin = word.certificate.origin;
        let witness = Witness {
            of_present_origin: origin == self.office.identity.origin,
            origin_is_known: self.office.disk.certificates.contains_key(&origin),
            event_is_known: self.office.disk.chains.knows(origin, word.tip),
        };
        if word.is_verified() && is_proof(witness) && self.mutant != Some(Mutant::EpochIgnored) {
            self.reached(Rare::ProvedLater);
            let before = self.office.epoch.clone();
            self.open_epoch(Some(before));
            self.office.disk.certificates.insert(origin, word.certificate.clone());
            self.office.server = Some(self.new_server());
        }
    }

    fn page(
        &mut self,
        from: (usize, u32),
        request: RequestId,
        certificate: &Certificate,
        scope: String,
        cursor: Option<&str>,
    ) {
        let follows = match certificate.standing {
            Standing::Till(store, _) => scope::of_till(store).contains(&scope),
            Standing::HeadOffice => true,
        };
        if !follows {
            return self.refuse(from, request, ProblemCode::Forbidden);
        }
        let Some(after) = self.read_cursor(&scope, cursor) else {
            self.reached(Rare::CursorRefused);
            return self.refuse(from, request, ProblemCode::CursorUnknown);
        };
        let disk = &self.office.disk;
        let first = usize::try_from(after).expect("a position");
        let entries = disk.feed.get(&scope).map_or(&[][..], Vec::as_slice);
        let mut page = Vec::new();
        let mut leaks = None;
        for (entry, position) in entries.iter().skip(first).zip(after + 1..).take(self.shape.page_events_max)
        {
            let event = &disk.chains.events[entry.event];
            if disk.apart.waits(entry.event) {
                leaks = Some(event.clone());
            }
            let (before, skeletons) = disk.skeletons_before(&scope, event);
            page.push(FeedEntry { position, before, skeletons, text: event.text.clone() });
        }
        let reached = page.last().map_or(after, |entry| entry.position);
        let running = disk.running_at(&scope, reached).unwrap_or(Hash::ZERO);
        let more = reached < disk.position(&scope);
        let head = FeedHead {
            request,
            epoch: self.office.epoch.clone(),
            cursor: format!("{}.{reached}.{running}", self.office.epoch),
            entries: u32::try_from(page.len()).expect("a short page"),
            scope,
            more,
        };
        if let Some(event) = leaks {
            let what = format!("event {} of {} went out", event.tip.seq, event.origin);
            self.broken("what is held reaches nobody", what);
        }
        if more {
            self.reached(Rare::PageWithMore);
        }
        self.reply(from, request, Told::Page(head, page));
    }

    /// The position after which a cursor goes on; none where it is of another history.
    fn read_cursor(&self, scope: &str, cursor: Option<&str>) -> Option<i64> {
        let Some(cursor) = cursor else { return Some(0) };
        let mut parts = cursor.splitn(3, '.');
        let (of, position, running) = (parts.next()?, parts.next()?, parts.next()?);
        let position: i64 = position.parse().ok()?;
        let ours = self.office.disk.position(scope);
        if self.mutant == Some(Mutant::NaiveCursor) {
            return Some(position.min(ours));
        }
        let running: Hash = running.parse().ok()?;
        let is_ours = of == self.office.epoch
            && (position == 0 || self.office.disk.running_at(scope, position) == Some(running));
        is_ours.then_some(position)
    }

    /// A page of an origin's own chain, for the till that wrote it and lost it.
    fn chain(
        &mut self,
        from: (usize, u32),
        request: RequestId,
        certificate: &Certificate,
        origin: OriginId,
        after: i64,
    ) {
        let known = self.office.disk.certificates.get(&origin);
        if known.is_none_or(|known| known.standing != certificate.standing) {
            return self.refuse(from, request, ProblemCode::Forbidden);
        }
        let (events, reached, more) = self.office.disk.chain_page(origin, after, self.shape.page_events_max);
        self.reply(from, request, Told::Chain(ChainPage { origin, events, reached, more }));
    }
}
