//! Head office's shell in the simulation: what `sync-server` does around [`daybook_core::sync::server`], on a model disk.
//!
//! Pushes wait for the next commit and share it; the machine's acknowledgements leave after it. The process can die before a commit,
//! after it, or at any other time; what is on its disk then is all that is left.

use daybook_core::chain::{Hash, Tip};
use daybook_core::event::Event;
use daybook_core::event::description::{ProductChanged, ProductCreated, ProductFields};
use daybook_core::event::origin::{EpochOpened, Opened, Reason, Role};
use daybook_core::ids::{EventId, OrganisationId, OriginId, RequestId};
use daybook_core::project::standing::Standing;
use daybook_core::record::Writer;
use daybook_core::sync::scope;
use daybook_core::sync::server::{Effect, Input, Push, Server};
use daybook_core::time::Now;
use daybook_core::wire::{FeedHead, HandshakeAnswer, HandshakeRequest, ProblemCode, PushHead};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use super::counts::Rare;
use super::disks::{Certificate, OfficeDisk};
use super::faults::Fault;
use super::mutants::Mutant;
use super::network::{Ask, PageEntry, Told, Travel};
use super::scribe::{Fact, Sealer, write};
use super::world::{Happening, World};
use daybook_core::envelope::EventText;

/// Pushes in one commit at most, as in the shipped writer.
const GROUP_PUSHES_MAX: usize = 64;

/// The organisation of every seed.
pub(super) const ORGANISATION: OrganisationId = OrganisationId(Uuid::from_u128(0xe0));

/// A push that waits for its commit.
struct Job {
    to: (usize, u32),
    request: RequestId,
    push: Push,
    standing: Standing,
}

/// Head office.
pub struct Office {
    /// Its own origin.
    pub origin: OriginId,
    pub(super) sealer: Sealer,
    /// What it has on its disk.
    pub disk: OfficeDisk,
    /// The name of its present history, beside the database.
    pub epoch: String,
    /// Counts the times its disk was replaced: for the oracle.
    pub history: u32,
    run: u32,
    server: Option<Server>,
    waiting: Vec<Job>,
    backups: Vec<OfficeDisk>,
    heads: BTreeMap<String, Vec<Hash>>,
}

/// How a commit ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Well,
    DiesBefore,
    Fails,
    DiesAfter,
}

impl Office {
    /// Head office before its first event.
    pub fn new(origin: OriginId) -> Self {
        Office {
            origin,
            sealer: Sealer::StandIn(Hash::ZERO),
            disk: OfficeDisk::default(),
            epoch: String::new(),
            history: 0,
            run: 0,
            server: None,
            waiting: Vec::new(),
            backups: Vec::new(),
            heads: BTreeMap::new(),
        }
    }

    /// Makes a backup.
    pub(super) fn back_up(&mut self) {
        self.backups.push(self.disk.clone());
    }

    /// Whether anything waits for a commit.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.server.is_some()
    }

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
    /// The first events of head office, and its first start.
    pub(super) fn open_office(&mut self) {
        self.office.epoch = format!("{:x}", self.rng.u64(..));
        let opened = Opened {
            organisation: ORGANISATION,
            role: Role::HeadOffice,
            reason: Reason::Enrolled,
            store: None,
            till: None,
            name: "Head office".to_owned(),
            series: String::new(),
            public_key: String::new(),
            parent: None,
            counters: None,
        };
        let epoch = EpochOpened { epoch: self.office.epoch.clone(), before: None };
        let mut facts = vec![Fact::from(&Event::from(opened)), Fact::from(&Event::from(epoch))];
        for (number, product) in self.goods.products.clone().into_iter().enumerate() {
            let fields = fields("sku", format!("s{number}"));
            facts.push(Fact::from(&Event::from(ProductCreated { product, fields })));
        }
        self.office.server = Some(Server::new(self.office.epoch.clone()));
        self.record_own(facts);
        self.office.back_up();
    }

    /// Records own events in one durable commit.
    fn record_own(&mut self, facts: Vec<Fact>) {
        let origin = self.office.origin;
        let after = self.office.disk.tips_of(origin).last().copied().unwrap_or(Tip::NONE);
        let last_at = self.office.disk.find(&(origin, after.seq, after.hash)).map_or(0, |event| event.at);
        let writer = Writer { origin, tip: after, last_at };
        let (now, sealer) = (Now { wall: self.wall(), offset: 0 }, self.office.sealer.clone());
        let (written, _) = write(writer, facts, now, None, &sealer, || EventId(self.new_uuid()));
        let new = written.iter().map(|event| (event.tip, event.text.clone())).collect();
        let scopes = self.office.disk.append(origin, after, new, false, Some(Standing::HeadOffice));
        for event in &written {
            self.mix_tip(event.tip);
            self.oracle.recorded.insert(event.key(), event.clone());
            let stream = event.text.read_envelope().map(|envelope| envelope.stream).unwrap_or_default();
            self.office.heads.insert(stream, vec![event.tip.hash]);
        }
        for scope in scopes {
            self.hint(&scope);
        }
    }

    /// Somebody at head office changes a product, now and then without having seen the last change.
    pub(super) fn office_writes(&mut self) {
        if !self.is_calm {
            let pause = self.rng.u64(5_000..90_000);
            self.after(pause, Happening::OfficeWrites);
        }
        if self.office.server.is_none() {
            return;
        }
        let product = self.goods.products[self.rng.usize(..self.goods.products.len())];
        let field = if self.rng.bool() { "name" } else { "department" };
        let value = format!("New {field} {}", self.rng.u32(..1_000));
        let changed = Event::from(ProductChanged { product, fields: fields(field, value) });
        let seen = self.office.heads.get(&changed.stream()).cloned().unwrap_or_default();
        let base = if self.rng.u32(..4) == 0 { Vec::new() } else { seen };
        self.record_own(vec![Fact::describing(&changed, base)]);
    }

    /// A request reaches head office.
    pub(super) fn arrives(&mut self, travel: Travel) {
        let Travel { from, request, caller, lineage, ask, is_cut } = travel;
        if self.office.server.is_none() || is_cut {
            return self.hang_up(from, request);
        }
        let refuse = |code, seconds| Told::Problem(code, Vec::new(), seconds);
        for (fault, code) in [
            (Fault::TooMany, ProblemCode::Busy),
            (Fault::Unavailable, ProblemCode::Busy),
            (Fault::Faulty, ProblemCode::Failed),
        ] {
            if self.strikes(fault) {
                let seconds = self.rng.u64(1..20);
                return self.reply(from, request, refuse(code, seconds));
            }
        }
        let presents: &[Certificate] = if matches!(ask, Ask::Page(..)) { &[] } else { &lineage };
        let Some(certificate) = self.office.present(caller, presents) else {
            return self.reply(from, request, refuse(ProblemCode::UnknownOrigin, 0));
        };
        match ask {
            Ask::Push(head, lines) => self.push(from, request, &lineage, head, lines),
            Ask::Handshake(body) => self.shake(from, request, &certificate, body),
            Ask::Page(scope, cursor) => self.page(from, request, &certificate, scope, cursor.as_deref()),
        }
    }

    fn push(
        &mut self,
        from: (usize, u32),
        request: RequestId,
        lineage: &[Certificate],
        head: PushHead,
        lines: Vec<EventText>,
    ) {
        if lines.len() > self.shape.taken_events_max {
            self.figures.faults.count(Fault::TooLarge);
            return self.reply(from, request, Told::Problem(ProblemCode::TooLarge, Vec::new(), 0));
        }
        let Some(writer) = self.office.present(head.origin, lineage) else {
            return self.reply(from, request, Told::Problem(ProblemCode::UnknownOrigin, Vec::new(), 0));
        };
        let push = match writer.sealer.check(&head, lines) {
            Ok(push) => push,
            Err(bad) => {
                self.broken("poison never blocks", format!("a push that splits was refused: {bad}"));
                return;
            }
        };
        if self.office.waiting.is_empty() {
            let (pause, run) = (self.rng.u64(1..60), self.office.run);
            self.after(pause, Happening::OfficeCommits(run));
        }
        let standing = Standing::Till(writer.store, writer.till);
        self.office.waiting.push(Job { to: from, request, push, standing });
    }

    fn shake(
        &mut self,
        from: (usize, u32),
        request: RequestId,
        certificate: &Certificate,
        body: HandshakeRequest,
    ) {
        let disk = &self.office.disk;
        let named = body.tips.keys().copied().chain([self.office.origin, body.origin]);
        let tips = named.map(|origin| (origin, disk.tips_of(origin))).collect();
        let scopes = scope::of_till(certificate.store);
        let scopes = scopes.into_iter().map(|scope| (scope.clone(), disk.position(&scope))).collect();
        let (epoch, wall) = (self.office.epoch.clone(), self.wall());
        let answer = HandshakeAnswer { request, epoch, wall, tips, scopes };
        self.reply(from, request, Told::Shaken(answer));
    }

    fn page(
        &mut self,
        from: (usize, u32),
        request: RequestId,
        certificate: &Certificate,
        scope: String,
        cursor: Option<&str>,
    ) {
        if !scope::of_till(certificate.store).contains(&scope) {
            return self.reply(from, request, Told::Problem(ProblemCode::Forbidden, Vec::new(), 0));
        }
        let Some(after) = self.read_cursor(&scope, cursor) else {
            self.reached(Rare::CursorRefused);
            return self.reply(from, request, Told::Problem(ProblemCode::CursorUnknown, Vec::new(), 0));
        };
        let disk = &self.office.disk;
        let first = usize::try_from(after).expect("a position");
        let entries = disk.feed.get(&scope).map_or(&[][..], Vec::as_slice);
        let entry = |(entry, position): (&super::disks::FeedEntry, i64)| -> PageEntry {
            let event = &disk.events[entry.event];
            (position, event.prev, event.text.clone())
        };
        let page: Vec<PageEntry> = entries
            .iter()
            .skip(first)
            .zip(after + 1..)
            .take(self.shape.page_events_max)
            .map(entry)
            .collect();
        let reached = page.last().map_or(after, |(position, ..)| *position);
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

    /// One commit for all pushes that wait.
    pub(super) fn office_commits(&mut self, run: u32) {
        if run != self.office.run {
            return;
        }
        let Some(mut server) = self.office.server.take() else { return };
        let group = self.take_group();
        let end = self.end_of_commit();
        let saved = matches!(end, End::DiesBefore | End::Fails).then(|| self.office.disk.clone());
        let (mut answers, scopes) = self.take_in(&mut server, &group);
        if self.mutant == Some(Mutant::AckBeforeCommit) {
            answers.extend(server.handle(self.wall(), Input::Committed));
            self.answer(&group, std::mem::take(&mut answers));
        }
        if let Some(saved) = saved {
            self.office.disk = saved;
            answers.clear();
        }
        match end {
            End::DiesBefore | End::DiesAfter => {
                for (job, _) in &group {
                    self.hang_up(job.to, job.request);
                }
                if end == End::DiesAfter {
                    self.note_stored(&group);
                }
                return self.office_dies();
            }
            End::Fails => answers.extend(server.handle(self.wall(), Input::RolledBack)),
            End::Well => {
                self.note_stored(&group);
                answers.extend(server.handle(self.wall(), Input::Committed));
            }
        }
        self.office.server = Some(server);
        self.answer(&group, answers);
        if end == End::Well {
            for scope in scopes {
                self.hint(&scope);
            }
        }
        if !self.office.waiting.is_empty() {
            self.after(1, Happening::OfficeCommits(run));
        }
    }

    /// The pushes of the next commit, each with everybody who waits for its answer. Another push under the same id waits.
    fn take_group(&mut self) -> Vec<(Job, Vec<(usize, u32)>)> {
        let mut group: Vec<(Job, Vec<(usize, u32)>)> = Vec::new();
        while let Some(next) = self.office.waiting.first() {
            let same = group.iter().position(|(job, _)| job.request == next.request);
            if group.len() == GROUP_PUSHES_MAX || same.is_some_and(|at| group[at].0.push != next.push) {
                break;
            }
            let job = self.office.waiting.remove(0);
            match same {
                Some(at) => {
                    group[at].1.push(job.to);
                    self.reached(Rare::TwinsInCommit);
                }
                None => group.push((job, Vec::new())),
            }
        }
        if group.len() > 1 {
            self.reached(Rare::GroupCommit);
        }
        group
    }

    fn end_of_commit(&mut self) -> End {
        let ends = [
            (Fault::OfficeCrashBefore, End::DiesBefore),
            (Fault::OfficeCommitFails, End::Fails),
            (Fault::OfficeCrashAfter, End::DiesAfter),
        ];
        ends.into_iter()
            .find(|(fault, _)| self.strikes(*fault))
            .map_or(End::Well, |(_, end)| end)
    }

    /// Drives the machine through the transaction, as `OfficeLog::ingest` does.
    fn take_in(
        &mut self,
        server: &mut Server,
        group: &[(Job, Vec<(usize, u32)>)],
    ) -> (Vec<Effect>, BTreeSet<String>) {
        let (mut answers, mut scopes) = (Vec::new(), BTreeSet::new());
        for (job, _) in group {
            for effect in server.handle(self.wall(), Input::Push(job.request, job.push.clone())) {
                let Effect::LookUp(request, push) = effect else { continue };
                let known = self.office.disk.look_up(&push, self.mutant);
                if known.events == push.events.len() {
                    self.reached(Rare::PushedAgain);
                } else if known.events > 0 {
                    self.reached(Rare::PartlyKnown);
                }
                for effect in server.handle(self.wall(), Input::LookedUp(request, known)) {
                    match effect {
                        Effect::Append { origin, after, events, branches, .. } => {
                            let disk = &mut self.office.disk;
                            scopes.extend(disk.append(origin, after, events, branches, Some(job.standing)));
                            if branches {
                                self.reached(Rare::Forked);
                            }
                        }
                        answer => answers.push(answer),
                    }
                }
            }
        }
        (answers, scopes)
    }

    fn note_stored(&mut self, group: &[(Job, Vec<(usize, u32)>)]) {
        for (job, _) in group {
            if let Some((tip, _)) = job.push.events.last() {
                self.mix_tip(*tip);
            }
        }
    }

    fn answer(&mut self, group: &[(Job, Vec<(usize, u32)>)], answers: Vec<Effect>) {
        for answer in answers {
            let (request, told) = match answer {
                Effect::Acknowledge(request, answer) => (request, Told::Pushed(answer)),
                Effect::UnknownPrevious(request, tips) => {
                    self.reached(Rare::Rewound);
                    (request, Told::Problem(ProblemCode::UnknownPrevious, tips, 0))
                }
                Effect::Failed(request) => (request, Told::Problem(ProblemCode::Failed, Vec::new(), 0)),
                Effect::LookUp(..) | Effect::Append { .. } => continue,
            };
            let Some((job, twins)) = group.iter().find(|(job, _)| job.request == request) else { continue };
            for to in twins.iter().copied().chain([job.to]) {
                self.reply(to, request, told.clone());
            }
        }
    }

    /// The process is gone; its disk stays. Whoever waits for an answer hears the connection break.
    fn office_dies(&mut self) {
        for job in std::mem::take(&mut self.office.waiting) {
            self.hang_up(job.to, job.request);
        }
        self.office.server = None;
        self.office.run += 1;
        let (pause, run) = (self.rng.u64(500..20_000), self.office.run);
        self.after(pause, Happening::OfficeStarts(run));
        self.say(|| "head office died".to_owned());
    }

    /// Head office starts in the epoch that stands beside its database.
    pub(super) fn office_starts(&mut self, run: u32) {
        if run == self.office.run && self.office.server.is_none() {
            self.office.server = Some(Server::new(self.office.epoch.clone()));
            self.say(|| "head office started".to_owned());
        }
    }

    /// The database is put back to an earlier copy; a restore begins a new epoch, a copy alone does not.
    pub(super) fn restore_office(&mut self, fault: Fault) {
        // What a till's earlier origins sent is not given back yet, nor what head office wrote itself.
        if self.tills.iter().any(|till| till.disk.certificates.len() > 1 || till.image.is_some()) {
            return;
        }
        let own = self.office.disk.tips_of(self.office.origin);
        let fit = |backup: &&OfficeDisk| backup.tips_of(self.office.origin) == own;
        let fitting: Vec<OfficeDisk> = self.office.backups.iter().filter(fit).cloned().collect();
        if fitting.is_empty() {
            return;
        }
        self.figures.faults.count(fault);
        let backup = fitting[self.rng.usize(..fitting.len())].clone();
        if backup.events.len() < self.office.disk.events.len() {
            self.reached(Rare::Refilled);
        }
        self.office.disk = backup;
        self.office.history += 1;
        self.oracle.accepted.clear();
        if fault == Fault::OfficeRestored {
            self.office.epoch = format!("{:x}", self.rng.u64(..));
        }
        self.say(|| format!("{}: epoch {}", fault.name(), self.office.epoch));
        self.note_destroyed();
        self.office_dies();
    }
}

/// The fields of a product of which one is set.
fn fields(field: &str, value: String) -> ProductFields {
    serde_json::from_value(serde_json::json!({ field: value })).expect("a field of a product")
}
