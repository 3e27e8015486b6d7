//! The simulation that proves synchronisation: the very machines that run in shops, in a seeded world that does its worst.
//!
//! A seed decides everything: how many tills, which faults, every loss and every crash. The storm is followed by calm, and then every law
//! must hold (`laws`). The machines of `daybook_core::sync` are real; disks, network, clocks and people are models. What a seed broke, the
//! same seed breaks again.

mod admission;
mod answers;
mod chains;
mod clerk;
mod commits;
pub mod counts;
pub mod faults;
mod held;
mod landing;
mod laws;
pub mod mutants;
mod network;
mod office;
mod office_disk;
pub mod real;
pub mod run;
mod scribe;
mod strokes;
mod take_back;
mod till;
mod till_disk;
mod views;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use counts::{Counts, Rare};
use faults::Fault;
pub use laws::Breach;
use mutants::Mutant;
use world::World;

/// What was counted in one seed, or in many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// How often each fault struck.
    pub faults: Counts<Fault>,
    /// How often each rare state was reached.
    pub rare_states: Counts<Rare>,
    /// Events recorded.
    pub events: u64,
    /// Requests sent.
    pub requests: u64,
}

impl Figures {
    /// Adds another's figures.
    pub fn add(&mut self, other: &Figures) {
        self.faults.add(&other.faults);
        self.rare_states.add(&other.rare_states);
        self.events += other.events;
        self.requests += other.requests;
    }
}

/// What came of a seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// What all that happened comes to: equal for equal seeds.
    pub digest: u64,
    /// The first breach of a law.
    pub breach: Option<Breach>,
    /// What was counted.
    pub figures: Figures,
}

/// Plays one seed, with a mutant in the place of a right part where one is asked for. `trace` tells on standard error what happens.
pub fn play(seed: u64, mutant: Option<Mutant>, trace: bool) -> Played {
    let mut world = World::new(seed, mutant, trace);
    let outcome = catch_unwind(AssertUnwindSafe(|| world.play()));
    let breach = outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("without a word");
        Some(Breach { law: "nothing panics", what: text.to_owned(), at_millis: world.millis() })
    });
    Played { digest: world.digest(), breach, figures: world.into_figures() }
}
