//! Many seeds, shared out among the cores, and the one line of JSON that they come to.
//!
//! Seeds know nothing of each other, so any of them can be played again alone. Within a seed there are no threads.

use std::num::NonZero;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use serde_json::{Map, Value, json};

use super::counts::{Counts, Rare};
use super::faults::Fault;
use super::mutants::Mutant;
use super::{Breach, Figures, play};

/// What came of many seeds.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Seeds played.
    pub seeds: u64,
    /// Seeds that broke a law, the lowest first.
    pub broken: Vec<(u64, Breach)>,
    /// What was counted in all of them.
    pub figures: Figures,
}

/// Plays a range of seeds on all cores.
pub fn play_all(seeds: RangeInclusive<u64>, mutant: Option<Mutant>) -> Outcome {
    let next = AtomicU64::new(*seeds.start());
    let last = *seeds.end();
    let work = || {
        let mut outcome = Outcome::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > last {
                return outcome;
            }
            let played = play(seed, mutant, false);
            outcome.seeds += 1;
            outcome.figures.add(&played.figures);
            outcome.broken.extend(played.breach.map(|breach| (seed, breach)));
        }
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let mut outcome = Outcome::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let part = worker.join().expect("a seed that panics is a broken law, not a lost worker");
            outcome.seeds += part.seeds;
            outcome.figures.add(&part.figures);
            outcome.broken.extend(part.broken);
        }
    });
    outcome.broken.sort_by_key(|(seed, _)| *seed);
    outcome
}

/// The first seed, from 1 on, that catches a mutant within its number of seeds; none where it lives.
pub fn catch(mutant: Mutant) -> Option<(u64, Breach)> {
    (1..=mutant.seeds_max()).find_map(|seed| Some((seed, play(seed, Some(mutant), false).breach?)))
}

/// The figures as one JSON object.
pub fn report(outcome: &Outcome, seconds: f64) -> Value {
    json!({
        "seeds": outcome.seeds,
        "broken": outcome.broken.len(),
        "seconds": seconds,
        "events": outcome.figures.events,
        "requests": outcome.figures.requests,
        "faults": named(&outcome.figures.faults, Fault::ALL, Fault::name),
        "rare_states": named(&outcome.figures.rare_states, Rare::ALL, Rare::name),
    })
}

fn named<T: Ord + Copy>(counts: &Counts<T>, all: &[T], name: fn(T) -> &'static str) -> Value {
    let entries = all.iter().map(|one| (name(*one).to_owned(), json!(counts.of(*one))));
    Value::Object(entries.collect::<Map<String, Value>>())
}
