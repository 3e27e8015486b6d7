//! Head office as a process in the simulation: who it is, in which epoch, when it dies and how it starts.
//!
//! What `sync-server/src/office/epoch.rs` and `anchor.rs` do with files stands here with fields: the anchor and the identity lie outside the database,
//! are written one after the other, and can be put back apart. Whether the log goes on is judged by [`daybook_core::sync::epoch`].

use daybook_core::chain::{Hash, Tip};
use daybook_core::envelope::Line;
use daybook_core::event::Event;
use daybook_core::event::description::{ProductChanged, ProductCreated, ProductFields};
use daybook_core::event::origin::{EpochOpened, Opened, Parent, Reason, Role};
use daybook_core::ids::{EventId, OrganisationId, OriginId};
use daybook_core::project::standing::Standing;
use daybook_core::record::Writer;
use daybook_core::sync::carry::Asking;
use daybook_core::sync::epoch::{Anchor, Log, judge};
use daybook_core::sync::server::Server;
use daybook_core::time::Now;
use std::collections::BTreeMap;
use uuid::Uuid;

use super::commits::Job;
use super::counts::Rare;
use super::faults::Fault;
use super::mutants::Mutant;
use super::office_disk::{Entering, OfficeDisk};
use super::scribe::{Fact, Sealer, write};
use super::till_disk::{Certificate, OfficeWord};
use super::world::{Happening, World};

/// The organisation of every seed.
pub(super) const ORGANISATION: OrganisationId = OrganisationId(Uuid::from_u128(0xe0));

/// Everything of head office that can be put back: its database, and beside it its identity and its anchor.
#[derive(Clone)]
struct Image {
    disk: OfficeDisk,
    identity: Certificate,
    anchor: Option<Anchor>,
}

/// Head office.
pub struct Office {
    /// What it has on its disk.
    pub disk: OfficeDisk,
    /// The origin under which it writes, with its key: beside the database.
    pub identity: Certificate,
    /// How far the log was: beside the database too, written after the commits.
    anchor: Option<Anchor>,
    /// The epoch that the running process serves.
    pub epoch: String,
    /// Counts the times its disk was replaced: for the oracle.
    pub history: u32,
    pub(super) run: u32,
    pub(super) server: Option<Server>,
    pub(super) asking: Asking,
    pub(super) waiting: Vec<Job>,
    images: Vec<Image>,
    heads: BTreeMap<String, Vec<Hash>>,
}

impl Office {
    /// Head office before its first event.
    pub fn new(origin: OriginId, sealer: Sealer) -> Self {
        Office {
            disk: OfficeDisk::default(),
            identity: Certificate { origin, standing: Standing::HeadOffice, parent: None, sealer },
            anchor: None,
            epoch: String::new(),
            history: 0,
            run: 0,
            server: None,
            asking: Asking::default(),
            waiting: Vec::new(),
            images: Vec::new(),
            heads: BTreeMap::new(),
        }
    }

    /// Makes a backup.
    pub(super) fn back_up(&mut self) {
        let (disk, identity, anchor) = (self.disk.clone(), self.identity.clone(), self.anchor.clone());
        self.images.push(Image { disk, identity, anchor });
    }

    /// Whether nothing waits for a commit.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.server.is_some()
    }

    /// Its word about where its own log ends.
    pub(super) fn word(&self) -> OfficeWord {
        let Certificate { origin, sealer, .. } = &self.identity;
        let tip = self.disk.chains.tips_of(*origin).into_iter().max().unwrap_or(Tip::NONE);
        OfficeWord { certificate: self.identity.clone(), tip, seal: sealer.seal(*origin, tip) }
    }

    /// What the anchor says of the log as it stands.
    fn anchor_now(&self) -> Option<Anchor> {
        let position = i64::try_from(self.disk.chains.events.len()).expect("a short log");
        let (origin, tip) = self.disk.at_position(position)?;
        let (epoch, writes_as) = (self.epoch.clone(), self.identity.origin);
        let own = self.disk.chains.tips_of(writes_as).into_iter().max().unwrap_or(Tip::NONE);
        Some(Anchor { epoch, writes_as, own, position, origin, tip })
    }
}

impl World {
    /// The first events of head office, and its first start.
    pub(super) fn open_office(&mut self) {
        let mut facts = Vec::new();
        for (number, product) in self.goods.products.clone().into_iter().enumerate() {
            let fields = fields("sku", format!("s{number}"));
            facts.push(Fact::from(&Event::from(ProductCreated { product, fields })));
        }
        self.establish(Reason::Enrolled, None, None, facts);
        self.office.back_up();
    }

    /// Begins an epoch under the present identity: its first events, then the anchor, then the process that serves it.
    fn establish(
        &mut self,
        reason: Reason,
        parent: Option<Writer>,
        before: Option<String>,
        further: Vec<Fact>,
    ) {
        self.office.epoch = format!("{:x}", self.rng.u64(..));
        let last_at = parent.map_or(0, |parent| parent.last_at);
        let parent =
            parent.map(|parent| Parent { origin: parent.origin, tip: parent.tip, signature: String::new() });
        let opened = Opened {
            organisation: ORGANISATION,
            role: Role::HeadOffice,
            reason,
            store: None,
            till: None,
            name: "Head office".to_owned(),
            series: "HO".to_owned(),
            public_key: String::new(),
            parent,
            counters: None,
        };
        let epoch = EpochOpened { epoch: self.office.epoch.clone(), before };
        let mut facts = vec![Fact::from(&Event::from(opened)), Fact::from(&Event::from(epoch))];
        facts.extend(further);
        let identity = self.office.identity.clone();
        self.oracle.standings.insert(identity.origin, Standing::HeadOffice);
        self.office.disk.certificates.insert(identity.origin, identity);
        self.office.server = Some(self.new_server());
        self.record_own(facts, last_at);
        self.office.anchor = self.office.anchor_now();
        self.say(|| format!("epoch {} begins", self.office.epoch));
    }

    /// The machine of the present epoch.
    pub(super) fn new_server(&self) -> Server {
        Server::new(self.office.epoch.clone()).with_room(self.shape.held_max)
    }

    /// Goes on under a child origin in a new epoch. The identity is kept before anything is written under it.
    pub(super) fn open_epoch(&mut self, before: Option<String>) {
        let parent = self.own_writer();
        let (origin, sealer) = (OriginId(self.new_uuid()), self.new_sealer());
        self.office.identity = Certificate { origin, sealer, ..self.office.identity.clone() };
        self.reached(Rare::EpochBegun);
        self.establish(Reason::Epoch, Some(parent), before, Vec::new());
    }

    fn own_writer(&self) -> Writer {
        let origin = self.office.identity.origin;
        let chains = &self.office.disk.chains;
        let tip = chains.tips_of(origin).into_iter().max().unwrap_or(Tip::NONE);
        let last_at = chains.find(&(origin, tip.seq, tip.hash)).map_or(0, |event| event.at);
        Writer { origin, tip, last_at }
    }

    /// Records own events in one durable commit.
    pub(super) fn record_own(&mut self, mut facts: Vec<Fact>, above: i64) {
        let mut writer = self.own_writer();
        writer.last_at = writer.last_at.max(above);
        if let Some(last) = facts.last_mut() {
            last.is_sealed = true;
        }
        let (now, sealer) = (Now { wall: self.wall(), offset: 0 }, self.office.identity.sealer.clone());
        let (written, _) = write(writer, facts, now, None, &sealer, || EventId(self.new_uuid()));
        let new = written.iter().map(|event| (event.tip, Line::Event(event.text.clone()))).collect();
        let entering = Entering { standing: Some(Standing::HeadOffice), ..Entering::default() };
        let let_in = self.office.disk.apart.let_in;
        let scopes = self.office.disk.append(writer.origin, writer.tip, new, false, entering);
        self.note_let_in(let_in);
        self.say(|| {
            format!("head office writes {} to {:?}", writer.origin, written.last().map(|event| event.tip))
        });
        for event in &written {
            self.mix_tip(event.tip);
            self.oracle.recorded.insert(event.key(), event.clone());
            let stream = event.text.read_envelope().map(|envelope| envelope.stream).unwrap_or_default();
            self.office.heads.insert(stream, vec![event.tip.hash]);
        }
        // An own event is noted before it is committed, so before anybody can see it.
        if let (Some(anchor), Some(last)) = (&mut self.office.anchor, written.last())
            && anchor.writes_as == writer.origin
        {
            anchor.own = last.tip;
        }
        self.anchor_follows();
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
        self.record_own(vec![Fact::describing(&changed, base)], 0);
    }

    /// The anchor is written a while after a commit; what a crash leaves unwritten only makes the log run ahead of it.
    pub(super) fn anchor_follows(&mut self) {
        if let Some(anchor) = self.office.anchor_now() {
            let (lag, run) = (self.rng.u64(1..2_000), self.office.run);
            self.after(lag, Happening::Anchored(run, Box::new(anchor)));
        }
    }

    /// The anchor reaches the disk.
    pub(super) fn anchored(&mut self, run: u32, anchor: Anchor) {
        let is_later = self.office.anchor.as_ref().is_none_or(|known| known.position < anchor.position);
        if run == self.office.run && anchor.epoch == self.office.epoch && is_later {
            let own = self.office.anchor.as_ref().map_or(anchor.own, |known| known.own);
            self.office.anchor = Some(Anchor { own, ..anchor });
        }
    }

    /// The process is gone; its disk stays. Whoever waits for an answer hears the connection break.
    pub(super) fn office_dies(&mut self) {
        for job in std::mem::take(&mut self.office.waiting) {
            self.hang_up(job.to, job.request);
        }
        self.office.server = None;
        self.office.asking = Asking::default();
        self.office.run += 1;
        let (pause, run) = (self.rng.u64(500..20_000), self.office.run);
        self.after(pause, Happening::OfficeStarts(run));
        self.say(|| "head office died".to_owned());
    }

    /// Head office starts: in the epoch of its anchor, or in a new one where its log does not go on from there.
    pub(super) fn office_starts(&mut self, run: u32) {
        if run != self.office.run || self.office.server.is_some() {
            return;
        }
        self.say(|| "head office starts".to_owned());
        let anchor = self.office.anchor.clone();
        let disk = &self.office.disk;
        let log = anchor.as_ref().map_or_else(Log::default, |anchor| Log {
            there: disk.at_position(anchor.position),
            holds_own: disk.chains.holds(anchor.writes_as, anchor.own),
        });
        let judged = judge(anchor.as_ref(), self.office.identity.origin, log);
        // Head office that goes on in the old epoch whatever its log looks like.
        let goes_on = judged.is_ok() || (self.mutant == Some(Mutant::EpochIgnored) && anchor.is_some());
        let before = anchor.map(|anchor| anchor.epoch);
        if goes_on {
            self.office.epoch = before.unwrap_or_default();
            self.office.server = Some(self.new_server());
        } else {
            self.open_epoch(before);
        }
    }

    /// Head office's disk is put back to an earlier backup, with or without what lies beside the database, or is lost altogether.
    pub(super) fn restore_office(&mut self, fault: Fault) {
        self.figures.faults.count(fault);
        let image = self.office.images[self.rng.usize(..self.office.images.len())].clone();
        self.say(|| {
            format!(
                "{}: to {} of {} events",
                fault.name(),
                image.disk.chains.events.len(),
                self.office.disk.chains.events.len()
            )
        });
        if image.disk.chains.events.len() < self.office.disk.chains.events.len() {
            self.reached(Rare::Refilled);
        }
        match fault {
            Fault::OfficeCopiedBack => self.office.disk = image.disk,
            Fault::OfficeImageRestored => {
                self.office.disk = image.disk;
                self.office.identity = image.identity;
                self.office.anchor = image.anchor;
            }
            Fault::OfficeWiped => {
                self.office.disk = OfficeDisk::default();
                self.office.anchor = None;
                self.office.images.clear();
            }
            _ => {
                self.office.disk = image.disk;
                self.office.anchor = None;
            }
        }
        self.office.history += 1;
        self.oracle.accepted.clear();
        self.note_destroyed();
        self.office_dies();
        if self.office.images.is_empty() {
            self.office.back_up();
        }
    }
}

/// The fields of a product of which one is set.
fn fields(field: &str, value: String) -> ProductFields {
    serde_json::from_value(serde_json::json!({ field: value })).expect("a field of a product")
}
