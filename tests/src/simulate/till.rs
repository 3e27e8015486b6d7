//! A till's shell in the simulation: what `till/src/sync.rs` does around [`daybook_core::sync::till`], on a model disk.
//!
//! Every commit and every effect is a point at which the process may die. What it knew beside its disk dies with it; what the disk has is
//! what it starts from. What a cashier was told is remembered by the oracle, not by the till.

use daybook_core::chain::Tip;
use daybook_core::event::Event;
use daybook_core::event::origin::{ClockObserved, Opened, Parent, Reason, Role, TillStarted};
use daybook_core::ids::{CommandId, EventId, OriginId, RequestId, StoreId, TillId};
use daybook_core::limits::CLOCK_SKEW_MAX;
use daybook_core::project::standing::Standing;
use daybook_core::record::Writer;
use daybook_core::sync::strangers::Strangers;
use daybook_core::sync::till::{Effect, Input, Moment, Status, Till as Machine, Trouble};
use daybook_core::sync::turns::Turns;
use daybook_core::time::Now;
use daybook_core::wire::PushHead;
use std::collections::{BTreeMap, BTreeSet};

use super::counts::Rare;
use super::faults::Fault;
use super::mutants::Mutant;
use super::network::{Answer, Ask, Link, Shake, Travel};
use super::office::ORGANISATION;
use super::scribe::{Fact, Key, write};
use super::take_back::TakingBack;
use super::till_disk::{Certificate, TillDisk, lines_of};
use super::views::Views;
use super::world::{Happening, World};

/// The process of a till died; nothing more of what it was about to do is done.
pub(super) struct Crash;

/// A machine at which people sell.
pub struct SimTill {
    /// Which till it says it is. A copied disk says the same.
    pub till: TillId,
    /// Its store.
    pub store: StoreId,
    /// What it has on its disk.
    pub disk: TillDisk,
    /// An earlier image of that.
    pub image: Option<TillDisk>,
    /// What the running process knows; none while it is down.
    pub life: Option<Life>,
    /// Counts its processes.
    pub run: u32,
    /// How far its clock is wrong, in microseconds.
    pub skew: i64,
    /// After how many more points its process dies, and of what.
    pub crash_in: Option<(u32, Fault)>,
    /// Its road to head office.
    pub link: Link,
    /// Answers that somebody on the road keeps.
    pub overheard: Vec<Answer>,
    /// Whether the machine is lost for good.
    pub is_gone: bool,
    /// Writers that the running process cannot prove.
    pub strangers: Strangers,
    /// Sales that its cashier was told of since the disk was last put back.
    pub told: Vec<Key>,
    /// Read models on their own disk, where the seed has any.
    pub views: Option<Views>,
}

/// What the process of a till knows beside its disk.
pub struct Life {
    machine: Machine,
    turns: Turns,
    /// The own origin whose turn it is.
    pub lane: OriginId,
    flights: BTreeMap<RequestId, Flight>,
    forked: Option<(OriginId, Reason)>,
    /// Whether it hears hints.
    pub listens: bool,
    token: u64,
}

/// A request on the road.
pub(super) enum Flight {
    Push { origin: OriginId, after: Tip, last: Tip },
    Shake { origin: OriginId, wall: i64, started: u64, asked: Vec<OriginId> },
    Page { scope: String, after: i64 },
    Carry { origin: OriginId, last: Tip },
    TakeBack(TakingBack),
}

/// An own origin with how far it is at head office.
pub(super) struct OwnLane {
    pub(super) origin: OriginId,
    pub(super) tip: Tip,
    pub(super) acknowledged: Tip,
    pub(super) epoch: Option<String>,
}

impl SimTill {
    /// A machine that was never started.
    pub fn new(till: TillId, store: StoreId) -> Self {
        SimTill {
            till,
            store,
            disk: TillDisk::default(),
            image: None,
            life: None,
            run: 0,
            skew: 0,
            crash_in: None,
            link: Link::default(),
            overheard: Vec::new(),
            is_gone: false,
            told: Vec::new(),
            strangers: Strangers::default(),
            views: None,
        }
    }

    /// A point at which the process may die.
    pub(super) fn point(&mut self) -> Result<(), Crash> {
        match &mut self.crash_in {
            Some((0, _)) => Err(Crash),
            Some((left, _)) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Whether a page of a scope is on its way.
    pub fn has_page_in_flight(&self, wanted: &str) -> bool {
        let is_wanted =
            |flight: &Flight| matches!(flight, Flight::Page { scope, .. } if scope.as_str() == wanted);
        self.life.as_ref().is_some_and(|life| life.flights.values().any(is_wanted))
    }

    /// Whether it says that everything is at head office and everything from there is here.
    pub fn says_up_to_date(&self) -> bool {
        self.life.as_ref().is_some_and(|life| life.machine.status() == Status::UpToDate)
    }

    /// The own origins, the oldest first.
    pub(super) fn lanes(&self) -> Vec<OwnLane> {
        let lane = |certificate: &Certificate| {
            let origin = certificate.origin;
            let known = self.disk.acknowledged.get(&origin).cloned();
            let acknowledged = known.as_ref().map_or(Tip::NONE, |(_, tip)| *tip);
            let epoch = known.map(|(epoch, _)| epoch);
            OwnLane { origin, tip: self.disk.own_tip(origin), acknowledged, epoch }
        };
        self.disk.certificates.iter().map(lane).collect()
    }
}

impl World {
    /// The process of a till begins: it notes the run, finds out where things stand and goes on.
    pub(super) fn till_starts(&mut self, t: usize) {
        if self.tills[t].is_gone || self.tills[t].life.is_some() {
            return;
        }
        self.say(|| format!("till {t} starts"));
        self.tills[t].strangers = Strangers::default();
        if self.tills[t].disk.own_events().next().is_none() {
            let facts = vec![self.opening(t, Reason::Enrolled, None)];
            if !matches!(self.commit(t, facts, None), Ok(true)) {
                return self.falls(t);
            }
        }
        let started = TillStarted {
            run: format!("{:x}", self.rng.u64(..)),
            previous_run: None,
            version: "1".to_owned(),
        };
        // A till that cannot note its start does not open: copies part by that note.
        if !matches!(self.commit(t, vec![Fact::from(&Event::from(started))], None), Ok(true)) {
            return self.falls(t);
        }
        self.tell_what_was_left(t);
        let till = &self.tills[t];
        let lanes = till.lanes();
        let Some(lane) = lanes.iter().find(|lane| lane.tip != lane.acknowledged).or(lanes.last()) else {
            return;
        };
        let positions = till
            .disk
            .cursors
            .iter()
            .map(|(scope, cursor)| (scope.clone(), cursor.position))
            .collect();
        let acknowledged = lane.epoch.clone().map(|epoch| (epoch, lane.acknowledged));
        let machine = Machine::new(lane.tip, acknowledged, positions);
        let life = Life {
            machine,
            turns: Turns::default(),
            lane: lane.origin,
            flights: BTreeMap::new(),
            forked: None,
            listens: false,
            token: 0,
        };
        self.tills[t].life = Some(life);
        self.follow(t);
        let run = self.tills[t].run;
        self.hand(t, run, Input::Tick);
    }

    /// The read models of a till come up to its log, where the seed has any.
    fn follow(&mut self, t: usize) {
        if self.shape.has_views {
            let till = &mut self.tills[t];
            till.views
                .get_or_insert_default()
                .follow(&till.disk.chains.events, &self.oracle.standings);
        }
    }

    /// After a crash the till looks up what its last commands led to, and says so.
    fn tell_what_was_left(&mut self, t: usize) {
        let untold: Vec<Key> = self.tills[t]
            .disk
            .commands
            .values()
            .filter(|key| !self.oracle.told.contains(key))
            .copied()
            .collect();
        for key in untold {
            self.reached(Rare::ToldAfterCrash);
            self.tell(t, key);
        }
    }

    /// A cashier hears "sold": change is due and the receipt comes out.
    fn tell(&mut self, t: usize, key: Key) {
        self.oracle.told.insert(key);
        self.tills[t].told.push(key);
    }

    /// The process is gone. What a cashier was told must be on the disk.
    pub(super) fn falls(&mut self, t: usize) {
        let till = &mut self.tills[t];
        let had_flights = till.life.take().is_some_and(|life| !life.flights.is_empty());
        till.run += 1;
        let cause = till.crash_in.take().map(|(_, fault)| fault);
        let lost = till.told.iter().find(|key| till.disk.chains.find(key).is_none()).copied();
        if had_flights {
            self.reached(Rare::CrashedInFlight);
        }
        if let Some(fault) = cause {
            self.figures.faults.count(fault);
        }
        // Read models are written without waiting for the disk: after a power loss they may be gone.
        if cause == Some(Fault::PowerLoss) && self.rng.bool() {
            self.tills[t].views = None;
        }
        self.say(|| format!("till {t} fell"));
        if let Some((_, seq, hash)) = lost {
            self.broken(
                "told only after the commit",
                format!("event {seq} {hash} was told and is not there"),
            );
        }
        let pause = self.rng.u64(200..30_000);
        self.after(pause, Happening::Starts(t));
    }

    /// The first event of an own origin.
    fn opening(&self, t: usize, reason: Reason, parent: Option<Writer>) -> Fact {
        let till = &self.tills[t];
        let parent =
            parent.map(|parent| Parent { origin: parent.origin, tip: parent.tip, signature: String::new() });
        Fact::from(&Event::from(Opened {
            organisation: ORGANISATION,
            role: Role::Till,
            reason,
            store: Some(till.store),
            till: Some(till.till),
            name: "Till".to_owned(),
            series: "A".to_owned(),
            public_key: String::new(),
            parent,
            counters: None,
        }))
    }

    /// One durable commit of own events. `Ok(false)`: the commit failed and nothing is there.
    fn commit(&mut self, t: usize, facts: Vec<Fact>, command: Option<CommandId>) -> Result<bool, Crash> {
        let wall = self.wall() + self.tills[t].skew;
        let Some(writer) = self.tills[t].disk.writer() else { return Ok(false) };
        let Some(sealer) = self.tills[t].disk.certificates.last().map(|own| own.sealer.clone()) else {
            return Ok(false);
        };
        let now = Now { wall, offset: self.tills[t].disk.clock_offset };
        let (written, _) = write(writer, facts, now, command, &sealer, || EventId(self.new_uuid()));
        if self.mutant == Some(Mutant::ReceiptBeforeCommit)
            && command.is_some()
            && let Some(last) = written.last()
        {
            self.tell(t, last.key());
        }
        self.tills[t].point()?;
        let fails = self.strikes(Fault::CommitUnknown);
        let is_there = !fails || self.rng.bool();
        if is_there {
            self.tills[t].disk.append(&written, command);
            for event in written {
                self.mix_tip(event.tip);
                self.oracle.recorded.insert(event.key(), event);
            }
        }
        self.tills[t].point()?;
        if fails {
            self.reached(if is_there { Rare::FailedYetThere } else { Rare::FailedAndGone });
        }
        Ok(is_there)
    }

    /// Somebody does something at a till: it is recorded, told, and synchronisation is woken.
    pub(super) fn record(&mut self, t: usize, facts: Vec<Fact>, command: Option<CommandId>) {
        if self.tills[t].life.is_none() {
            return;
        }
        if self.commit(t, facts, command).is_err() {
            return self.falls(t);
        }
        // Whatever the commit said: what the cashier hears is what the log says about the command.
        let done = command.and_then(|command| self.tills[t].disk.commands.get(&command).copied());
        if self.tills[t].point().is_err() {
            return self.falls(t);
        }
        if let Some(key) = done {
            self.tell(t, key);
        }
        let run = self.tills[t].run;
        self.recorded(t, run);
    }

    /// Synchronisation hears that something was recorded: what it takes for new is the present lane's last event.
    pub(super) fn recorded(&mut self, t: usize, run: u32) {
        let Some(lane) = self.tills[t].life.as_ref().map(|life| life.lane) else { return };
        let tip = self.tills[t].disk.own_tip(lane);
        self.hand(t, run, Input::Recorded(tip));
    }

    /// The timer rings.
    pub(super) fn till_wakes(&mut self, t: usize, run: u32, token: u64) {
        if self.tills[t].life.as_ref().is_some_and(|life| life.token == token) {
            self.hand(t, run, Input::Tick);
        }
    }

    /// Hands an input to the machine of a till and carries its effects out.
    pub(super) fn hand(&mut self, t: usize, run: u32, input: Input) {
        if run != self.tills[t].run {
            return;
        }
        let Some(mut life) = self.tills[t].life.take() else { return };
        match self.step(t, &mut life, input) {
            Ok(()) => self.tills[t].life = Some(life),
            Err(Crash) => {
                self.tills[t].life = Some(life);
                self.falls(t);
            }
        }
    }

    fn step(&mut self, t: usize, life: &mut Life, input: Input) -> Result<(), Crash> {
        let run = self.tills[t].run;
        if matches!(input, Input::Shaken(_)) && !life.listens {
            life.listens = true;
            self.after(5, Happening::Report(t, run, Input::Now));
        }
        self.judge(life, &input);
        self.open_wanted_child(t, life)?;
        let was_recorded = matches!(input, Input::Recorded(_));
        let mut inputs = vec![input];
        let mut turned = false;
        let mut wakes_at = self.now + 60_000;
        while let Some(input) = inputs.pop() {
            let moment = self.moment();
            self.say(|| format!("till {t} hears {input:?}"));
            for effect in life.machine.handle(moment, input) {
                self.say(|| format!("till {t} does {effect:?}"));
                self.tills[t].point()?;
                match effect {
                    Effect::WakeAt(at) => wakes_at = wakes_at.min(at),
                    Effect::OpenChild(reason) => {
                        life.forked = Some((life.lane, reason));
                        self.open_wanted_child(t, life)?;
                    }
                    Effect::SaveAcknowledged(..) if life.forked.is_some_and(|(of, _)| of == life.lane) => {}
                    other => self.carry_out(t, life, other),
                }
            }
            let done = life.machine.waiting() == 0 || life.turns.steps_back(moment, life.lane);
            if done && !turned && !life.machine.is_asking() {
                inputs.extend(self.next_lane(t, life, moment));
                turned = true;
            }
        }
        life.token += 1;
        if self.mutant == Some(Mutant::RetryOnLocalWrite) && !was_recorded {
            return Ok(());
        }
        let wait = wakes_at.saturating_sub(self.now).max(1);
        self.after(wait, Happening::Wake(t, run, life.token));
        Ok(())
    }

    /// Notes what an answer says about the present lane.
    fn judge(&mut self, life: &mut Life, input: &Input) {
        match input {
            Input::PushFailed(trouble) | Input::ShakeFailed(trouble) => {
                if let Some(why) = trouble.refusal() {
                    let moment = self.moment();
                    life.turns.refuse(moment, life.lane, why);
                    self.reached(Rare::SteppedBack);
                }
            }
            Input::Pushed { .. } => life.turns.accept(life.lane),
            Input::Shaken(_) if life.machine.waiting() == 0 => life.turns.accept(life.lane),
            _ => {}
        }
    }

    fn next_lane(&mut self, t: usize, life: &mut Life, now: Moment) -> Option<Input> {
        let lanes = self.tills[t].lanes();
        let origins: Vec<(OriginId, bool)> =
            lanes.iter().map(|lane| (lane.origin, lane.tip != lane.acknowledged)).collect();
        let next = life.turns.next(now, life.lane, &origins)?;
        let OwnLane { origin, tip, acknowledged, epoch } =
            lanes.into_iter().find(|lane| lane.origin == next)?;
        life.lane = origin;
        self.reached(Rare::TurnTaken);
        Some(Input::Turn { head: tip, acknowledged: epoch.map(|epoch| (epoch, acknowledged)) })
    }

    fn carry_out(&mut self, t: usize, life: &mut Life, effect: Effect) {
        let origin = life.lane;
        match effect {
            Effect::Push { after, events_max } => self.start_push(t, life, after, events_max),
            Effect::Handshake => {
                let wall = self.wall() + self.tills[t].skew;
                let disk = &self.tills[t].disk;
                let body = Shake {
                    origin,
                    tips: disk.chains.all_tips(),
                    begins: !life.machine.has_shaken(),
                    head_office: disk.office_word.clone(),
                    unproved: self.tills[t].strangers.ask_for(disk.unproved()),
                };
                let asked = body.unproved.clone();
                let flight = Flight::Shake { origin, wall, started: self.now, asked };
                self.take_off(t, life, flight, Ask::Handshake(body));
            }
            Effect::Fetch(scope) => {
                let cursor = self.tills[t].disk.cursors.get(&scope).cloned();
                let after = cursor.as_ref().map_or(0, |cursor| cursor.position);
                let flight = Flight::Page { scope: scope.clone(), after };
                self.take_off(t, life, flight, Ask::Page(scope, cursor.map(|cursor| cursor.cursor)));
            }
            Effect::ResetCursor(scope) => {
                self.tills[t].disk.cursors.remove(&scope);
            }
            Effect::SaveAcknowledged(epoch, tip) => {
                let before = self.tills[t].disk.acknowledged.insert(origin, (epoch.clone(), tip));
                if before.is_some_and(|(before, _)| before != epoch) {
                    self.reached(Rare::EpochChanged);
                }
            }
            Effect::SaveOther(other, epoch, tip) => {
                self.reached(Rare::OtherReset);
                self.tills[t].disk.acknowledged.insert(other, (epoch, tip));
            }
            Effect::Carry { origin, after, events_max } => {
                self.start_carry(t, life, origin, after, events_max)
            }
            Effect::TakeBack(origins) => self.start_take_back(t, life, origins),
            Effect::CheckLog(why) => {
                self.broken("poison never blocks", format!("head office could not read a push: {why}"))
            }
            // Tills of the simulation know little enough to begin without a snapshot.
            Effect::FetchSnapshot(_) | Effect::EndSnapshot | Effect::OpenChild(_) | Effect::WakeAt(_) => {}
        }
    }

    fn start_push(&mut self, t: usize, life: &mut Life, after: Tip, events_max: usize) {
        let origin = life.lane;
        if events_max == 1 {
            self.reached(Rare::BatchOfOne);
        }
        let till = &self.tills[t];
        let events = till.disk.own_after(origin, after.seq, events_max.min(self.shape.push_events_max));
        let (Some(last), Some(own)) = (events.last().map(|event| event.tip), till.disk.certificate(origin))
        else {
            let failed = Input::PushFailed(Trouble::Network("nothing to send".to_owned()));
            return self.after(1, Happening::Report(t, till.run, failed));
        };
        let seal = own.sealer.seal(origin, last).text();
        let head = PushHead { origin, previous: after, seal, certificates: Vec::new() };
        let lines = lines_of(&events);
        self.take_off(t, life, Flight::Push { origin, after, last }, Ask::Push(head, lines));
    }

    /// Hands back what is here of another origin after an event.
    fn start_carry(&mut self, t: usize, life: &mut Life, origin: OriginId, after: Tip, events_max: usize) {
        let Some(burden) = self.tills[t].disk.burden(origin, after, events_max) else {
            let run = self.tills[t].run;
            return self.after(1, Happening::Report(t, run, Input::CarriedOut(origin)));
        };
        let seal = burden.seal.text();
        let head = PushHead { origin, previous: burden.after, seal, certificates: Vec::new() };
        let lines = burden.lines.into_iter().map(|(_, line)| line).collect();
        self.take_off(t, life, Flight::Carry { origin, last: burden.last }, Ask::Carry(head, lines));
    }

    fn start_take_back(&mut self, t: usize, life: &mut Life, origins: BTreeSet<OriginId>) {
        self.reached(Rare::HasLater);
        let input = self.goes_on_taking_back(t, life, TakingBack::of(origins));
        if let Some(input) = input {
            let run = self.tills[t].run;
            self.after(1, Happening::Report(t, run, input));
        }
    }

    pub(super) fn take_off(&mut self, t: usize, life: &mut Life, flight: Flight, ask: Ask) {
        let request = RequestId(self.new_uuid());
        let disk = &self.tills[t].disk;
        let mut lineage = disk.lineage(life.lane);
        if let Flight::Carry { origin, .. } = &flight {
            lineage.extend(disk.lineage(*origin));
        }
        life.flights.insert(request, flight);
        let from = (t, self.tills[t].run);
        self.send(Travel { from, request, caller: life.lane, lineage, ask, is_cut: false });
    }

    /// Opens the child of a forked origin, where that one still writes.
    fn open_wanted_child(&mut self, t: usize, life: &mut Life) -> Result<(), Crash> {
        let Some((forked, reason)) = life.forked else { return Ok(()) };
        let writes = self.tills[t].disk.writer().is_some_and(|writer| writer.origin == forked);
        if !writes || self.open_child(t, reason)? {
            life.forked = None;
        }
        Ok(())
    }

    /// Goes on under a child origin: its certificate and its first event come with one commit. Gives whether that is there.
    pub(super) fn open_child(&mut self, t: usize, reason: Reason) -> Result<bool, Crash> {
        let Some(parent) = self.tills[t].disk.writer() else { return Ok(true) };
        let origin = OriginId(self.new_uuid());
        let sealer = self.new_sealer();
        let till = &mut self.tills[t];
        let standing = Standing::Till(till.store, till.till);
        let certificate = Certificate { origin, standing, parent: Some(parent.origin), sealer };
        self.oracle.standings.insert(origin, standing);
        let grandchild = till.disk.certificates.last().is_some_and(|last| last.parent.is_some());
        let opening = self.opening(t, reason, Some(parent));
        self.tills[t].disk.certificates.push(certificate);
        let opened = self.commit(t, vec![opening], None);
        if !matches!(opened, Ok(true)) && self.tills[t].disk.own_tip(origin) == Tip::NONE {
            self.tills[t].disk.certificates.pop();
        } else {
            self.reached(if grandchild { Rare::GrandchildOpened } else { Rare::ChildOpened });
            self.say(|| format!("till {t} goes on under child {origin}"));
        }
        opened
    }

    /// Notes how far the till's clock is from head office's, where that is worth saying.
    pub(super) fn observe_clock(
        &mut self,
        t: usize,
        wall: i64,
        started: u64,
        office_wall: i64,
    ) -> Result<(), Crash> {
        let round_trip = i64::try_from(self.now - started).expect("a short time") * 1_000;
        let offset = office_wall.saturating_sub(wall.saturating_add(round_trip / 2));
        if (offset - self.tills[t].disk.clock_offset).abs() <= CLOCK_SKEW_MAX {
            return Ok(());
        }
        self.reached(Rare::ClockCorrected);
        let before = std::mem::replace(&mut self.tills[t].disk.clock_offset, offset);
        let observed = Fact::from(&Event::from(ClockObserved { offset, round_trip }));
        match self.commit(t, vec![observed], None) {
            Ok(true) => {
                let run = self.tills[t].run;
                self.after(1, Happening::Recorded(t, run));
                Ok(())
            }
            Ok(false) => {
                self.tills[t].disk.clock_offset = before;
                Ok(())
            }
            Err(crash) => {
                self.tills[t].disk.clock_offset = before;
                Err(crash)
            }
        }
    }
}

impl Life {
    /// Whether the till still waits for an answer.
    pub(super) fn waits_for(&self, request: RequestId) -> bool {
        self.flights.contains_key(&request)
    }

    /// Takes a request off the road; none where the till no longer waits for it.
    pub(super) fn land(&mut self, request: RequestId) -> Option<Flight> {
        self.flights.remove(&request)
    }
}
