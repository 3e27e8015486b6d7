//! A till that lost own events takes them back: pages of its own chains, from where it and head office last agreed.
//!
//! The road of `till/src/sync/carry.rs`: most often the log is an older prefix and the pages go on after it; where it went on by itself
//! meanwhile, the other branch begins after what was acknowledged, or at the beginning.

use daybook_core::chain::Tip;
use daybook_core::ids::OriginId;
use daybook_core::sync::till::Input;
use std::collections::BTreeSet;

use super::counts::Rare;
use super::network::{Ask, ChainPage, Told};
use super::scribe::Kept;
use super::till::{Crash, Flight, Life};
use super::world::World;

/// How far taking back has come.
pub(super) struct TakingBack {
    origins: BTreeSet<OriginId>,
    /// From where the first of them was tried already: its last own event, what was acknowledged, the beginning.
    tries: usize,
    reached: i64,
    took: bool,
}

impl TakingBack {
    /// Everything of these origins.
    pub fn of(origins: BTreeSet<OriginId>) -> Self {
        TakingBack { origins, tries: 0, reached: -1, took: false }
    }
}

impl World {
    /// Asks for the next page; gives what the machine hears where there is none to ask for.
    pub(super) fn goes_on_taking_back(
        &mut self,
        t: usize,
        life: &mut Life,
        mut taking: TakingBack,
    ) -> Option<Input> {
        loop {
            let Some(origin) = taking.origins.first().copied() else { return Some(Input::TookBack) };
            if taking.reached < 0 {
                let lane = self.tills[t].lanes().into_iter().find(|lane| lane.origin == origin);
                let (own, acknowledged) = lane.map_or((0, 0), |lane| (lane.tip.seq, lane.acknowledged.seq));
                match [own, acknowledged, 0].get(taking.tries) {
                    Some(after) => taking.reached = *after,
                    None => {
                        taking.origins.pop_first();
                        taking.tries = 0;
                        continue;
                    }
                }
            }
            let ask = Ask::Chain(origin, taking.reached);
            self.take_off(t, life, Flight::TakeBack(taking), ask);
            return None;
        }
    }

    /// A page of an own chain came back.
    pub(super) fn took_page_back(&mut self, t: usize, run: u32, flight: Flight, told: Told) {
        let (Flight::TakeBack(taking), Told::Chain(page)) = (flight, told) else { return };
        let Ok(taking) = self.put_page_back(t, taking, page) else { return self.falls(t) };
        let Some(mut life) = self.tills[t].life.take() else { return };
        let input = self.goes_on_taking_back(t, &mut life, taking);
        self.tills[t].life = Some(life);
        if let Some(input) = input {
            self.hand(t, run, input);
        }
    }

    fn put_page_back(
        &mut self,
        t: usize,
        mut taking: TakingBack,
        page: ChainPage,
    ) -> Result<TakingBack, Crash> {
        let origin = page.origin;
        let mut linked: Vec<Kept> = Vec::new();
        for event in page.events {
            let before = Tip { seq: event.tip.seq - 1, hash: event.prev };
            let links = linked.iter().any(|known| known.tip == before)
                || self.tills[t].disk.chains.knows(origin, before);
            if links {
                linked.push(event);
            }
        }
        taking.took |= !linked.is_empty();
        self.tills[t].point()?;
        if self.tills[t].disk.store_others(linked) > 0 {
            self.reached(Rare::TookBack);
        }
        self.tills[t].point()?;
        if taking.took && page.more && page.reached > taking.reached {
            taking.reached = page.reached;
        } else if taking.took {
            taking.origins.pop_first();
            (taking.tries, taking.reached, taking.took) = (0, -1, false);
        } else {
            (taking.tries, taking.reached) = (taking.tries + 1, -1);
        }
        Ok(taking)
    }
}
