//! `make simulate`: plays seeds of the simulation, and says on its last line what came out.
//!
//! A seed that breaks a law is named with the command that plays it again; the exit code is 1 then, and also where a mutant lives.

#![allow(clippy::print_stdout, reason = "its last line is what it is for")]

use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use daybook_tests::simulate::mutants::Mutant;
use daybook_tests::simulate::{play, real, run};
use serde_json::json;

/// Play seeds of the simulation.
#[derive(Debug, Parser)]
#[command(name = "simulate")]
struct Asked {
    /// How many seeds, from 1 on.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// One seed alone, told step by step.
    #[arg(long)]
    seed: Option<u64>,
    /// A mistake in the place of a right part, which must be found out; or "all" of them.
    #[arg(long)]
    mutant: Option<String>,
    /// Which parts are real.
    #[arg(long, value_enum, default_value = "pure")]
    layer: Layer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Layer {
    /// The machines of the core; disks, network and clocks are models.
    Pure,
    /// The whole till and the whole server, over a bad road.
    Real,
}

/// How many broken seeds are named.
const NAMED_MAX: usize = 20;

fn main() -> ExitCode {
    let asked = Asked::parse();
    // A panic in a seed is a breach like any other, and is told as one.
    std::panic::set_hook(Box::new(|_| {}));
    if asked.layer == Layer::Real {
        return whole(asked.seed, asked.seeds);
    }
    match (asked.mutant.as_deref(), asked.seed) {
        (None, Some(seed)) => one(seed, None),
        (None, None) => many(asked.seeds),
        (Some("all"), _) => mutants(Mutant::ALL),
        (Some(name), seed) => match (Mutant::named(name), seed) {
            (Some(mutant), Some(seed)) => one(seed, Some(mutant)),
            (Some(mutant), None) => mutants(&[mutant]),
            (None, _) => {
                let names: Vec<&str> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
                eprintln!("There is no mutant '{name}'; there are: all, {}.", names.join(", "));
                ExitCode::from(2)
            }
        },
    }
}

fn many(seeds: u64) -> ExitCode {
    let started = Instant::now();
    let outcome = run::play_all(1..=seeds, None);
    for (seed, breach) in outcome.broken.iter().take(NAMED_MAX) {
        eprintln!("Seed {seed} broke a law, {breach}");
        eprintln!("    again: make simulate SEED={seed}");
    }
    let report = run::report(&outcome, started.elapsed().as_secs_f64());
    println!("{report}");
    code(outcome.broken.is_empty())
}

fn one(seed: u64, mutant: Option<Mutant>) -> ExitCode {
    let started = Instant::now();
    let played = play(seed, mutant, true);
    if let Some(breach) = &played.breach {
        eprintln!("Seed {seed} broke a law, {breach}");
    }
    let holds = played.breach.is_none();
    let broken = played.breach.map(|breach| (seed, breach));
    let outcome = run::Outcome { seeds: 1, broken: broken.into_iter().collect(), figures: played.figures };
    let mut report = run::report(&outcome, started.elapsed().as_secs_f64());
    report["digest"] = json!(format!("{:016x}", played.digest));
    println!("{report}");
    code(holds)
}

/// Real tills and a real server.
fn whole(seed: Option<u64>, seeds: u64) -> ExitCode {
    let started = Instant::now();
    let range = seed.map_or(1..=seeds, |seed| seed..=seed);
    let outcome = match real::play_all(range) {
        Ok(outcome) => outcome,
        Err(error) => {
            eprintln!("{error:#}");
            return ExitCode::FAILURE;
        }
    };
    for (seed, what) in outcome.broken.iter().take(NAMED_MAX) {
        eprintln!("Seed {seed} broke a law: {what}");
        eprintln!("    again: make simulate LAYER=real SEED={seed}");
    }
    println!("{}", real::report(&outcome, started.elapsed().as_secs_f64()));
    code(outcome.broken.is_empty())
}

/// A mutant that lives is the failure here.
fn mutants(mutants: &[Mutant]) -> ExitCode {
    let started = Instant::now();
    let mut caught = serde_json::Map::new();
    for mutant in mutants {
        let found = run::catch(*mutant);
        match &found {
            Some((seed, breach)) => eprintln!("{}: caught by seed {seed}, {breach}", mutant.name()),
            None => eprintln!("{}: LIVES after {} seeds", mutant.name(), mutant.seeds_max()),
        }
        caught.insert(mutant.name().to_owned(), json!(found.map(|(seed, _)| seed)));
    }
    let all = caught.values().all(|seed| !seed.is_null());
    println!("{}", json!({ "caught_by_seed": caught, "seconds": started.elapsed().as_secs_f64() }));
    code(all)
}

fn code(is_well: bool) -> ExitCode {
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
