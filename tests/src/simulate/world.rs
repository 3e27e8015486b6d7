//! The simulated world: one queue of happenings, one clock, one source of randomness, and everybody who lives by them.
//!
//! Nothing here runs beside anything else: the earliest happening is taken from the queue, done, and may put further ones in. The same
//! seed gives the same world, to the last byte.

use daybook_core::chain::{Hash, Tip};
use daybook_core::ids::{CommandId, OriginId, ProductId, RequestId, StoreId, TillId};
use daybook_core::project::standing::Standing;
use daybook_core::sync::epoch::Anchor;
use daybook_core::sync::server::HeldSoFar;
use daybook_core::sync::till::{Input, Moment};
use fastrand::Rng;
use std::collections::BTreeMap;
use uuid::Uuid;

use super::Figures;
use super::clerk::Goods;
use super::counts::Rare;
use super::faults::{Fault, Menu};
use super::laws::{Breach, Oracle};
use super::mutants::Mutant;
use super::network::{Answer, Travel};
use super::office::Office;
use super::scribe::Sealer;
use super::till::SimTill;
use super::till_disk::{Certificate, TillDisk};

/// Where the simulated time begins: 2026-03-02 09:00 UTC, in microseconds.
const MORNING: i64 = 1_772_442_000_000_000;
/// How long after the storm the slowest way back to normal may take: a full pause of five minutes, heartbeats, a few turns.
const CALM_MILLIS_MIN: u64 = 6 * 60_000;
/// And after what time at the latest all has to be well.
const CALM_MILLIS_MAX: u64 = 45 * 60_000;

/// What is the same for a whole seed.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Whether keys are real and bodies travel as text.
    pub is_whole: bool,
    /// Whether read models are kept and compared.
    pub has_views: bool,
    /// Entries in a page of the feed.
    pub page_events_max: usize,
    /// Events that fit into one push of a till.
    pub push_events_max: usize,
    /// Events that head office takes in one push.
    pub taken_events_max: usize,
    /// Longest pause of a clerk between two acts, in milliseconds.
    pub pace_millis_max: u64,
    /// How long the storm lasts, in milliseconds.
    pub storm_millis: u64,
    /// As much as head office holds of one closed till: little, so that it is reached.
    pub held_max: HeldSoFar,
}

/// Something that happens at a moment.
pub(super) enum Happening {
    /// The clerk of a till does something.
    Clerk(usize),
    /// The timer of a till's synchronisation.
    Wake(usize, u32, u64),
    /// A till's synchronisation is woken by something recorded.
    Recorded(usize, u32),
    /// Something that a till's shell reports to its own machine.
    Report(usize, u32, Input),
    /// A request reaches head office.
    Arrives(Box<Travel>),
    /// An answer reaches a till.
    Answered(usize, u32, RequestId, Box<Answer>),
    /// The connection of a request broke, or it took too long.
    Unanswered(usize, u32, RequestId),
    /// Head office says that something new stands in a scope.
    Hint(usize, u32, String, i64),
    /// A till starts.
    Starts(usize),
    /// An image is made of a till's disk.
    Image(usize),
    /// Head office commits what waits.
    OfficeCommits(u32),
    /// How far head office's log is reaches its anchor.
    Anchored(u32, Box<Anchor>),
    /// Head office starts.
    OfficeStarts(u32),
    /// Head office records something of its own.
    OfficeWrites,
    /// A person at head office lets a till in that was closed.
    Admits(TillId),
    /// A person at head office looks whether anybody is still closed.
    AdmitsEverybody,
    /// Head office is backed up.
    Backup,
    /// A fault of the menu strikes.
    Stroke(Fault),
    /// The storm is over.
    Calm,
}

/// Everything there is.
pub struct World {
    pub(super) rng: Rng,
    pub(super) now: u64,
    queue: BTreeMap<(u64, u64), Box<Happening>>,
    queued: u64,
    drawn: u64,
    pub(super) shape: Shape,
    pub(super) menu: Menu,
    pub(super) is_calm: bool,
    /// A till that nobody lets in again.
    pub(super) stays_closed: Option<TillId>,
    /// Whether it was decided whether there is one.
    pub(super) leaves_one_closed: bool,
    pub(super) mutant: Option<Mutant>,
    pub(super) tills: Vec<SimTill>,
    pub(super) office: Office,
    pub(super) goods: Goods,
    pub(super) oracle: Oracle,
    pub(super) figures: Figures,
    pub(super) breach: Option<Breach>,
    digest: u64,
    trace: bool,
}

impl World {
    /// The world of a seed, before anything happened.
    pub fn new(seed: u64, mutant: Option<Mutant>, trace: bool) -> Self {
        let mut rng = Rng::with_seed(seed);
        let menu = Menu::draw(&mut rng);
        let shape = Shape {
            is_whole: rng.u32(..50) == 0,
            has_views: rng.u32(..16) == 0,
            page_events_max: rng.usize(1..=12),
            push_events_max: rng.usize(1..=25),
            taken_events_max: if menu.serves(Fault::TooLarge) { rng.usize(1..=6) } else { 500 },
            pace_millis_max: rng.u64(4_000..40_000),
            storm_millis: rng.u64(120_000..420_000),
            held_max: HeldSoFar { events: rng.usize(4..80), bytes: rng.usize(8_000..120_000) },
        };
        let goods = Goods::of((1..=3).map(|number| ProductId(Uuid::from_u128(0xa0 + number))).collect());
        let mut world = World {
            rng,
            now: 0,
            queue: BTreeMap::new(),
            queued: 0,
            drawn: 0,
            menu,
            shape,
            is_calm: false,
            stays_closed: None,
            leaves_one_closed: false,
            mutant,
            tills: Vec::new(),
            office: Office::new(OriginId(Uuid::from_u128(0xf0)), Sealer::StandIn(Hash::ZERO)),
            goods,
            oracle: Oracle::default(),
            figures: Figures::default(),
            breach: None,
            digest: seed,
            trace,
        };
        world.office.identity.sealer = world.new_sealer();
        world.found();
        world
    }

    /// Head office with its first events, two to five tills in one or two stores, and what is going to strike them.
    fn found(&mut self) {
        self.open_office();
        let stores: Vec<StoreId> = (1..=self.rng.u128(1..=2))
            .map(|number| StoreId(Uuid::from_u128(0xb0 + number)))
            .collect();
        for number in 1..=self.rng.u128(2..=5) {
            let store = stores[self.rng.usize(..stores.len())];
            let mut till = SimTill::new(TillId(Uuid::from_u128(0xc0 + number)), store);
            till.disk = self.enrolled(till.till, till.store);
            self.tills.push(till);
            let (starts, acts) = (self.rng.u64(..10_000), self.rng.u64(1_000..30_000));
            self.after(starts, Happening::Starts(self.tills.len() - 1));
            self.after(acts, Happening::Clerk(self.tills.len() - 1));
        }
        for (at, fault) in self.menu.strokes(&mut self.rng, self.shape.storm_millis) {
            self.after(at, Happening::Stroke(fault));
            // Whatever is put back to an earlier state has an earlier state.
            let earlier = self.rng.u64(..=at);
            match fault {
                Fault::TillRollback => {
                    let till = self.rng.usize(..self.tills.len());
                    self.after(earlier, Happening::Image(till));
                }
                Fault::OfficeRestored | Fault::OfficeCopiedBack | Fault::OfficeImageRestored => {
                    self.after(earlier, Happening::Backup);
                }
                Fault::DiedBeforeBackup | Fault::BothRestored => {
                    let till = self.rng.usize(..self.tills.len());
                    self.after(earlier, Happening::Image(till));
                    self.after(earlier, Happening::Backup);
                }
                _ => {}
            }
        }
        let writes = self.rng.u64(1_000..60_000);
        self.after(writes, Happening::OfficeWrites);
        self.after(self.shape.storm_millis, Happening::Calm);
    }

    /// A disk with a new origin that the root key signed, and that head office knows.
    pub(super) fn enrolled(&mut self, till: TillId, store: StoreId) -> TillDisk {
        let origin = OriginId(self.new_uuid());
        let standing = Standing::Till(store, till);
        let certificate = Certificate { origin, standing, parent: None, sealer: self.new_sealer() };
        self.oracle.standings.insert(origin, standing);
        self.office.disk.certificates.insert(origin, certificate.clone());
        TillDisk::of(certificate, self.office.identity.clone())
    }

    /// Plays the storm and the calm after it; gives what went against a law.
    pub fn play(&mut self) -> Option<Breach> {
        let mut looks_at = self.shape.storm_millis + CALM_MILLIS_MIN;
        while let Some(((at, order), happening)) = self.queue.pop_first() {
            if at >= looks_at {
                let found = self.judge_end();
                if found.is_ok() {
                    return None;
                }
                if at >= self.shape.storm_millis + CALM_MILLIS_MAX {
                    return found.err();
                }
                looks_at = at + 60_000;
            }
            self.now = at;
            self.mix(at ^ order << 32);
            self.happen(*happening);
            if let Some(breach) = self.breach.take() {
                return Some(breach);
            }
        }
        self.judge_end().err()
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Clerk(till) => self.clerk_acts(till),
            Happening::Wake(till, run, token) => self.till_wakes(till, run, token),
            Happening::Recorded(till, run) => self.recorded(till, run),
            Happening::Report(till, run, input) => self.hand(till, run, input),
            Happening::Arrives(travel) => self.arrives(*travel),
            Happening::Answered(till, run, request, answer) => self.answered(till, run, request, *answer),
            Happening::Unanswered(till, run, request) => self.unanswered(till, run, request),
            Happening::Hint(till, run, scope, position) => {
                self.hand(till, run, Input::Hint(scope, position));
            }
            Happening::Starts(till) => self.till_starts(till),
            Happening::Image(till) => self.image(till),
            Happening::OfficeCommits(run) => self.office_commits(run),
            Happening::Anchored(run, anchor) => self.anchored(run, *anchor),
            Happening::OfficeStarts(run) => self.office_starts(run),
            Happening::OfficeWrites => self.office_writes(),
            Happening::Admits(till) => self.admits(till),
            Happening::AdmitsEverybody => self.admits_everybody(),
            Happening::Backup => self.office.back_up(),
            Happening::Stroke(fault) => self.stroke(fault),
            Happening::Calm => self.calm(),
        }
    }

    /// The storm is over: nothing strikes any more, and whatever lies there is started.
    fn calm(&mut self) {
        self.is_calm = true;
        for till in 0..self.tills.len() {
            self.tills[till].link.mend();
            self.tills[till].crash_in = None;
        }
        self.say(|| "the storm is over".to_owned());
        if self.menu.serves(Fault::TillRevoked) {
            let looks = self.rng.u64(5_000..90_000);
            self.after(looks, Happening::AdmitsEverybody);
        }
    }

    /// Whether a fault strikes on this occasion; if it does, it is counted.
    pub(super) fn strikes(&mut self, fault: Fault) -> bool {
        let struck = !self.is_calm && self.menu.strikes(fault, &mut self.rng);
        if struck {
            self.figures.faults.count(fault);
        }
        struck
    }

    /// Puts a happening into the queue.
    pub(super) fn after(&mut self, millis: u64, happening: Happening) {
        self.queued += 1;
        self.queue.insert((self.now + millis, self.queued), Box::new(happening));
    }

    /// The true time, in microseconds.
    pub(super) fn wall(&self) -> i64 {
        MORNING + i64::try_from(self.now).expect("a short time") * 1_000
    }

    /// The present moment for a machine.
    pub(super) fn moment(&mut self) -> Moment {
        Moment { millis: self.now, random: self.rng.u64(..) }
    }

    /// An id that nobody has.
    pub(super) fn new_uuid(&mut self) -> Uuid {
        self.drawn += 1;
        Uuid::from_u64_pair(self.rng.u64(..), self.drawn)
    }

    /// A command that nobody gave yet.
    pub(super) fn new_command(&mut self) -> CommandId {
        CommandId(self.new_uuid())
    }

    /// A key to seal with.
    pub(super) fn new_sealer(&mut self) -> Sealer {
        let mut seed = [0; 32];
        self.rng.fill(&mut seed);
        if self.shape.is_whole {
            Sealer::Real(Box::new(daybook_core::identity::KeyPair::from_seed(seed)))
        } else {
            Sealer::StandIn(Hash(seed))
        }
    }

    /// Counts a rare state.
    pub(super) fn reached(&mut self, rare: Rare) {
        self.figures.rare_states.count(rare);
    }

    /// Notes the first breach of a law; the seed ends there.
    pub(super) fn broken(&mut self, law: &'static str, what: String) {
        let at_millis = self.now;
        self.say(|| format!("BROKEN: {law}: {what}"));
        self.breach.get_or_insert(Breach { law, what, at_millis });
    }

    /// Says what happens, where somebody wants to read it.
    pub(super) fn say(&self, what: impl FnOnce() -> String) {
        if self.trace {
            eprintln!("{:>8} ms  {}", self.now, what());
        }
    }

    /// Takes something into the digest of the seed.
    pub(super) fn mix(&mut self, value: u64) {
        self.digest = (self.digest ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }

    /// Takes an event into the digest of the seed.
    pub(super) fn mix_tip(&mut self, tip: Tip) {
        let mut first = [0; 8];
        first.copy_from_slice(&tip.hash.0[..8]);
        self.mix(u64::from_le_bytes(first) ^ tip.seq.unsigned_abs());
    }

    /// Simulated time, in milliseconds.
    pub fn millis(&self) -> u64 {
        self.now
    }

    /// What all that happened comes to: equal for equal seeds.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// What was counted.
    pub fn into_figures(mut self) -> Figures {
        self.figures.events = self.oracle.recorded.len() as u64;
        self.figures
    }
}
