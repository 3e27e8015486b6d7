//! `make generate`: writes the generated files, or with `--check` says which of them are not as they should be.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use daybook_tests::generate;

/// Write schemas, the description of the routes and the tables in the documents.
#[derive(Debug, Parser)]
#[command(name = "generate")]
struct Asked {
    /// Write nothing; end with 1 and name each file that is not as it should be.
    #[arg(long)]
    check: bool,
    /// The root of the repository.
    #[arg(long, default_value_os_t = generate::root())]
    root: PathBuf,
}

fn main() -> ExitCode {
    run(&Asked::parse()).unwrap_or_else(|error| {
        eprintln!("generate: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(asked: &Asked) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    if asked.check {
        let stale = generate::check(&asked.root)?;
        for file in &stale {
            writeln!(out, "{file}")?;
        }
        return Ok(if stale.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let written = generate::write(&asked.root)?;
    for path in &written {
        writeln!(out, "wrote {path}")?;
    }
    if written.is_empty() {
        writeln!(out, "nothing to write")?;
    }
    Ok(ExitCode::SUCCESS)
}
