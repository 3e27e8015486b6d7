//! `make bench`: rows of performance, each a ratio beside a peer or a physical limit that is measured in the same run.
//!
//! A row is a function from the ground to what was measured. The ground (a catalogue, a till with a long past) is made once and kept in the
//! user's cache. Nothing here decides whether a build passes: times belong to the machine, so they are told and never asserted.
#![allow(clippy::float_arithmetic, reason = "ratios of times are no money")]

pub mod catalogue;
mod chain;
mod counter;
pub mod durable;
pub mod ground;
pub mod history;
pub mod ingest;
mod joining;
mod measure;
mod peers;
pub mod pusher;
mod random;
mod rebuild;
mod replicate;
pub mod row;
mod selling;
mod shop;
mod size;
pub mod start;
mod syncs;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use ground::{Ground, Sizes};
use row::Row;

/// What is asked of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The rows that are wanted, by name; all where none is named.
    pub rows: Vec<String>,
    /// Whether a look that everything can be measured is enough.
    pub quick: bool,
    /// Where the lists of real products lie.
    pub data: Option<PathBuf>,
    /// Where the ground is kept.
    pub cache: PathBuf,
    /// This program, which is also every child.
    pub program: PathBuf,
}

impl Options {
    /// Where peers are kept; none where a quick look is enough, which installs nothing.
    fn peers(&self) -> Option<&Path> {
        (!self.quick).then_some(self.cache.as_path())
    }
}

type Measure = fn(&Ground, &Options, &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Row>>;

/// Every row by its name, in the order of the table.
const ROWS: [(&str, Measure); 10] = [
    ("P1", |ground, options, tell| durable::recording(ground, &options.program, tell)),
    ("P2", |ground, _, tell| selling::barcode_to_line(ground, tell)),
    ("P3", |ground, _, tell| selling::search_per_keystroke(ground, tell)),
    ("P4", |ground, options, tell| ingest::twelve_tills(ground, &options.program, tell)),
    ("P5", |ground, options, tell| replicate::till_to_server(ground, options.peers(), tell)),
    ("P6", |ground, options, tell| rebuild::read_models(ground, options.peers(), tell)),
    ("P10", |ground, _, tell| size::bytes(ground, tell)),
    ("P11", |ground, _, tell| chain::verification(ground, tell)),
    ("P12", |ground, options, tell| start::start_to_ready(ground, &options.program, tell)),
    ("P13", |ground, _, tell| joining::until_it_sells(ground, tell)),
];

/// Measures; `tell` hears what is going on.
pub fn run(options: &Options, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Row>> {
    for wanted in &options.rows {
        ensure!(
            ROWS.iter().any(|(id, _)| id == wanted),
            "there is no row '{wanted}'; there are {}",
            ROWS.map(|(id, _)| id).join(", ")
        );
    }
    let sizes = if options.quick { Sizes::QUICK } else { Sizes::WHOLE };
    let ground = Ground::in_cache(&options.cache, options.data.as_deref(), sizes)?;
    let mut rows = Vec::new();
    for (id, measure) in ROWS {
        if options.rows.is_empty() || options.rows.iter().any(|wanted| wanted == id) {
            tell(&format!("{id}…"));
            rows.extend(measure(&ground, options, tell).with_context(|| format!("row {id}"))?);
        }
    }
    Ok(rows)
}

/// Where the ground is kept unless somebody says otherwise: the user's cache.
pub fn cache() -> anyhow::Result<PathBuf> {
    let home = std::env::var_os("HOME").context("there is no HOME to keep a cache in")?;
    Ok(Path::new(&home).join(".cache/daybook/bench"))
}
