//! Faults that strike at moments of their own: crashes, cut roads, wrong clocks, copied, restored and lost disks.

use daybook_core::envelope::Line;
use daybook_core::event::origin::Reason;
use daybook_core::ids::OriginId;
use std::collections::BTreeSet;

use super::counts::Rare;
use super::faults::Fault;
use super::scribe::Key;
use super::till::SimTill;
use super::till_disk::Burden;
use super::world::{Happening, World};

/// Ten years, in microseconds.
const CLOCK_JUMP_MAX: i64 = 10 * 365 * 24 * 60 * 60 * 1_000_000;
/// How many commits and effects a process still lives through at most, once it is to die.
const CRASH_POINTS_MAX: u32 = 14;

impl World {
    /// A fault strikes, where there is something to strike.
    pub(super) fn stroke(&mut self, fault: Fault) {
        let living: Vec<usize> = (0..self.tills.len()).filter(|t| !self.tills[*t].is_gone).collect();
        let t = living[self.rng.usize(..living.len())];
        match fault {
            Fault::CutUp | Fault::CutDown | Fault::CutOff => {
                self.cut(t, fault);
                self.figures.faults.count(fault);
            }
            Fault::TillCrash | Fault::PowerLoss => {
                let points = self.rng.u32(..CRASH_POINTS_MAX);
                self.tills[t].crash_in = Some((points, fault));
            }
            Fault::ClockJump => {
                let jump = self.rng.i64(-CLOCK_JUMP_MAX..CLOCK_JUMP_MAX);
                self.tills[t].skew = jump;
                self.figures.faults.count(fault);
            }
            Fault::ViewsDamage => {
                self.tills[t].views = None;
                self.figures.faults.count(fault);
            }
            Fault::TillRevoked => self.revoke(t),
            Fault::TillRollback => self.roll_back(),
            Fault::TillClone => self.copy(t),
            Fault::TillWipe => self.wipe(t, living.len()),
            Fault::OfficeRestored
            | Fault::OfficeCopiedBack
            | Fault::OfficeImageRestored
            | Fault::OfficeWiped => self.restore_office(fault),
            Fault::DiedBeforeBackup => {
                if living.len() > 1 {
                    self.stop(t);
                    self.tills[t].is_gone = true;
                }
                self.restore_office(fault);
            }
            Fault::BothRestored => {
                self.roll_back();
                self.restore_office(fault);
            }
            _ => unreachable!("{} strikes on occasions", fault.name()),
        }
    }

    /// Makes an image of a till's disk, to be put back later.
    pub(super) fn image(&mut self, t: usize) {
        self.tills[t].image = Some(self.tills[t].disk.clone());
    }

    /// Puts a till's disk back to its image. Now and then the till notices, because its journal file is another machine's or newer.
    fn roll_back(&mut self) {
        let imaged = |t: &usize| !self.tills[*t].is_gone && self.tills[*t].image.is_some();
        let Some(t) = (0..self.tills.len()).find(imaged) else { return };
        let Some(image) = self.tills[t].image.take() else { return };
        self.figures.faults.count(Fault::TillRollback);
        self.say(|| format!("till {t} is put back to an image"));
        self.stop(t);
        self.tills[t].disk = image;
        self.tills[t].views = None;
        self.note_destroyed();
        self.notices_copy(t);
        let pause = self.rng.u64(500..20_000);
        self.after(pause, Happening::Starts(t));
    }

    /// Copies a till's disk to another machine; both go on.
    fn copy(&mut self, t: usize) {
        self.figures.faults.count(Fault::TillClone);
        let mut twin = SimTill::new(self.tills[t].till, self.tills[t].store);
        twin.disk = self.tills[t].disk.clone();
        self.tills.push(twin);
        let copy = self.tills.len() - 1;
        self.say(|| format!("till {t} is copied as {copy}"));
        self.notices_copy(copy);
        let (starts, acts) = (self.rng.u64(..20_000), self.rng.u64(..60_000));
        self.after(starts, Happening::Starts(copy));
        self.after(acts, Happening::Clerk(copy));
    }

    /// A till whose journal tells that it is a copy goes on under a child origin before it does anything else.
    fn notices_copy(&mut self, t: usize) {
        if self.rng.u32(..10) < 3 && self.tills[t].disk.own_events().next().is_some() {
            self.tills[t].crash_in = None;
            let _no_crash_is_near = self.open_child(t, Reason::Copied);
        }
    }

    /// A till's disk is lost. Either the machine with it, or it enrols anew.
    fn wipe(&mut self, t: usize, living: usize) {
        self.figures.faults.count(Fault::TillWipe);
        self.say(|| format!("till {t} loses its disk"));
        self.stop(t);
        if living > 1 && self.rng.bool() {
            self.tills[t].is_gone = true;
            self.note_destroyed();
            return;
        }
        self.tills[t].disk = self.enrolled(self.tills[t].till, self.tills[t].store);
        self.tills[t].views = None;
        self.tills[t].image = None;
        self.note_destroyed();
        let pause = self.rng.u64(500..60_000);
        self.after(pause, Happening::Starts(t));
    }

    /// Ends a process because its disk is taken away: what it told is judged by the oracle, not by that disk.
    fn stop(&mut self, t: usize) {
        let till = &mut self.tills[t];
        till.life = None;
        till.run += 1;
        till.crash_in = None;
        till.told.clear();
    }

    /// Notes which events exist nowhere any more from where they can come back: nobody promises those.
    pub(super) fn note_destroyed(&mut self) {
        let given = self.given_back(|_, _| true, |_| true);
        let chains = &self.office.disk.chains;
        let exists = |key: &Key| given.contains(key) || chains.find(key).is_some();
        let lost: Vec<Key> = self.oracle.recorded.keys().filter(|key| !exists(key)).copied().collect();
        for key in lost {
            if self.oracle.destroyed.insert(key) {
                self.reached(Rare::LostWithDisk);
            }
        }
    }

    /// Everything that living tills give back: what they wrote under the names that may send, and, from whoever may carry, of others what links to something that comes back too. A page of one
    /// lane may link to an event of another lane whose page never came; where nobody has that event, what follows it has no place.
    pub(super) fn given_back(
        &self,
        sends: impl Fn(&SimTill, OriginId) -> bool,
        carries: impl Fn(&SimTill) -> bool,
    ) -> BTreeSet<Key> {
        let living = || self.tills.iter().filter(|till| !till.is_gone);
        let own = living().flat_map(|till| till.disk.own_events().map(move |event| (till, event)));
        let sent = own.filter(|(till, event)| sends(till, event.origin));
        let mut given: BTreeSet<Key> = sent.map(|(_, event)| event.key()).collect();
        let mut linked = given.clone();
        let carrying = living().filter(|till| carries(till));
        let mut left: Vec<(OriginId, Burden)> = carrying.flat_map(|till| till.disk.burdens()).collect();
        let chains = &self.office.disk.chains;
        loop {
            let before = left.len();
            left.retain(|(origin, Burden { after, lines, .. })| {
                let links =
                    chains.knows(*origin, *after) || linked.contains(&(*origin, after.seq, after.hash));
                if links {
                    for (tip, line) in lines {
                        let key = (*origin, tip.seq, tip.hash);
                        linked.insert(key);
                        if matches!(line, Line::Event(_)) {
                            given.insert(key);
                        }
                    }
                }
                !links
            });
            if left.len() == before {
                return given;
            }
        }
    }
}
