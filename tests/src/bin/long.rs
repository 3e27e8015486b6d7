//! `make long-stories`: stories of a till and head office as processes of their own, told at the length that is asked for.
//!
//! The same program is parent and every child. Its last line of standard output is JSON: what was seen.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use daybook_tests::long::{Options, drain, poison};
use daybook_tests::replay::{server_child, till_child};

/// Tell a long story.
#[derive(Debug, Parser)]
#[command(name = "long", args_conflicts_with_subcommands = true)]
struct Asked {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    tell: Tell,
}

/// The parts that the program plays for itself.
#[derive(Clone, Copy, Debug, Subcommand)]
enum Role {
    /// Be a till (started by the program itself).
    #[command(name = "till-child", hide = true)]
    Till,
    /// Be head office (started by the program itself).
    #[command(name = "server-child", hide = true)]
    Server,
}

#[derive(Debug, Args)]
struct Tell {
    /// Which story.
    #[arg(long, value_enum, default_value = "drain")]
    story: Story,
    /// Events that the till has recorded while it was offline.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(i64).range(10_000..=1_000_000))]
    events: i64,
    /// Whether every commit reaches the disk.
    #[arg(long, value_parser = BoolishValueParser::new(), default_value = "true", action = clap::ArgAction::Set)]
    durable: bool,
    /// Where the books stand while it is told.
    #[arg(long, default_value = "target/long")]
    folder: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Story {
    /// Ninety days offline, and then everything at once.
    Drain,
    /// Events that make no sense, where they hurt most.
    Poison,
}

fn main() -> ExitCode {
    let asked = Asked::parse();
    let ended = match asked.role {
        Some(Role::Till) => till_child::run(),
        Some(Role::Server) => server_child::run(),
        None => tell(&asked.tell),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::print_stdout, reason = "the last line of standard output is what this program is asked for")]
fn tell(asked: &Tell) -> anyhow::Result<()> {
    std::fs::create_dir_all(&asked.folder)?;
    let books = tempfile::Builder::new().prefix("books-").tempdir_in(&asked.folder)?;
    let options = Options { events: asked.events, durable: asked.durable, folder: books.path().to_owned() };
    let runtime = tokio::runtime::Runtime::new()?;
    let seen = runtime.block_on(async {
        match asked.story {
            Story::Drain => drain::play(&options).await,
            Story::Poison => poison::play(&options).await,
        }
    })?;
    println!("{seen}");
    Ok(())
}
