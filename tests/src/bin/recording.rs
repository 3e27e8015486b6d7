//! Makes the recording of this version, once: `recording FOLDER`. It refuses a folder that exists.
//!
//! tests/golden/skew says when a version is recorded; stories read what it wrote.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use daybook_tests::recorded::make::make;

/// Record this version's files and answers for the versions that come after it.
#[derive(Debug, Parser)]
#[command(name = "recording")]
struct Asked {
    /// A folder that does not exist yet, such as tests/golden/skew/v2
    folder: PathBuf,
}

fn main() -> anyhow::Result<ExitCode> {
    let asked = Asked::parse();
    tokio::runtime::Runtime::new()?.block_on(make(&asked.folder))?;
    Ok(ExitCode::SUCCESS)
}
