//! `make bench`: measures rows of performance beside peers and limits, and prints them as a table.
//!
//! The same program is parent and every child.
#![allow(clippy::print_stdout, reason = "its table is what it is for")]

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand};
use daybook_tests::bench::durable::{self, Kind};
use daybook_tests::bench::ground::Place;
use daybook_tests::bench::row::table;
use daybook_tests::bench::{self, Options, ingest, start};

/// Measure rows of performance.
#[derive(Debug, Parser)]
#[command(name = "bench", args_conflicts_with_subcommands = true)]
struct Asked {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    measure: Measure,
}

/// The parts that the program plays for itself.
#[derive(Clone, Debug, Subcommand)]
enum Role {
    /// Be a till that starts (started by the program itself).
    #[command(name = "start-child", hide = true)]
    Start {
        /// Its data directory.
        data: PathBuf,
        /// The directory of its journal file.
        journal: PathBuf,
    },
    /// Be a till that records and is watched (started by the program itself).
    #[command(name = "record-child", hide = true)]
    Record {
        /// What is recorded.
        kind: Kind,
        /// Its data directory.
        data: PathBuf,
        /// The directory of its journal file.
        journal: PathBuf,
        /// How often.
        acts: usize,
    },
    /// Push to a head office that is watched (started by the program itself).
    #[command(name = "push-child", hide = true)]
    Push {
        /// Pushes, or inserts of as many rows.
        what: String,
        /// The folder of the shop.
        shop: PathBuf,
        /// How often.
        acts: usize,
    },
}

#[derive(Debug, Args)]
struct Measure {
    /// The rows that are wanted, such as P2,P12; all where none is named.
    #[arg(long, env = "ROWS", value_delimiter = ',')]
    rows: Vec<String>,
    /// Only see that everything can be measured.
    #[arg(long, env = "QUICK", value_parser = BoolishValueParser::new(), default_value = "false", action = clap::ArgAction::Set)]
    quick: bool,
    /// The folder of the lists of real products; generated ones where there is none.
    #[arg(long, env = "DATA")]
    data: Option<PathBuf>,
    /// The folder of what is made once and kept.
    #[arg(long, env = "BENCH_CACHE")]
    cache: Option<PathBuf>,
    /// The file of figures.
    #[arg(long, default_value = "target/bench.json")]
    figures: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let asked = Asked::parse();
    match asked.role {
        Some(Role::Start { data, journal }) => return start::child(&Place::of_till(data, journal)),
        Some(Role::Record { kind, data, journal, acts }) => {
            return durable::child(kind, &Place::of_till(data, journal), acts);
        }
        Some(Role::Push { what, shop, acts }) => return ingest::child(&what, &shop, acts),
        None => {}
    }
    let Measure { rows, quick, data, cache, figures } = asked.measure;
    let rows = rows
        .into_iter()
        .map(|row| row.trim().to_owned())
        .filter(|row| !row.is_empty())
        .collect();
    let cache = cache.map_or_else(bench::cache, Ok)?;
    let options = Options { rows, quick, data, cache, program: std::env::current_exe()? };
    let rows = bench::run(&options, &mut |words| eprintln!("{words}"))?;
    if let Some(folder) = figures.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&figures, format!("{}\n", serde_json::to_string_pretty(&rows)?))?;
    println!("{}", table(&rows));
    Ok(())
}
