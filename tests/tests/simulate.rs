//! The simulation in short: every law holds over two thousand seeds, every mutant is caught, and equal seeds are equal worlds.
//!
//! `make simulate` plays as many as somebody has time for; here so many that the common orders of events are all among them. Some seeds of the
//! second layer show that the real parts do what the models do.

use daybook_tests::simulate::counts::Rare;
use daybook_tests::simulate::faults::Fault;
use daybook_tests::simulate::mutants::Mutant;
use daybook_tests::simulate::{play, real, run};

/// Seeds of the short run.
const SEEDS: u64 = 2_000;

#[test]
fn every_law_holds_in_every_storm() {
    let outcome = run::play_all(1..=SEEDS, None);
    let broken: Vec<String> = outcome
        .broken
        .iter()
        .map(|(seed, breach)| format!("make simulate SEED={seed}: {breach}"))
        .collect();
    assert_eq!(broken, Vec::<String>::new());
    assert_eq!(outcome.seeds, SEEDS);
    for fault in Fault::ALL {
        assert!(outcome.figures.faults.of(*fault) > 0, "{} never struck", fault.name());
    }
    for rare in Rare::ALL {
        assert!(outcome.figures.rare_states.of(*rare) > 0, "{} was never reached", rare.name());
    }
}

#[test]
fn every_mutant_is_caught_within_its_seeds() {
    for mutant in Mutant::ALL {
        assert!(run::catch(*mutant).is_some(), "{} lives after {} seeds", mutant.name(), mutant.seeds_max());
    }
}

#[test]
fn the_same_seed_is_the_same_world() {
    for seed in 1..=100 {
        assert_eq!(play(seed, None, false), play(seed, None, false), "seed {seed}");
    }
    assert_ne!(play(1, None, false).digest, play(2, None, false).digest);
}

#[test]
fn the_real_till_and_the_real_server_hold_what_the_models_do() {
    let outcome = real::play_all(1..=8).expect("a runtime");
    assert_eq!(outcome.broken, []);
    assert_eq!(outcome.seeds, 8);
    assert!(outcome.sales > 0, "nobody sold anything");
}
