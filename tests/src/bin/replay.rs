//! `make replay`: plays receipts through tills and server, and says on its last line what came out.
//!
//! The same program is parent and every child: a till, the server, the bad network. The shipped programs have no such switch.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use daybook_server::admin::command_line;
use daybook_tests::replay::script::Script;
use daybook_tests::replay::{self, Options, proxy, server_child, till_child};

/// Play receipts through tills and server.
#[derive(Debug, Parser)]
#[command(name = "replay", args_conflicts_with_subcommands = true)]
struct Asked {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    play: Play,
}

/// The parts that the program plays for itself.
#[derive(Clone, Debug, Subcommand)]
enum Role {
    /// Be a till (started by the replay itself).
    #[command(name = "till-child", hide = true)]
    Till,
    /// Be head office (started by the replay itself).
    #[command(name = "server-child", hide = true)]
    Server,
    /// Be the network (started by the replay itself).
    #[command(name = "proxy-child", hide = true)]
    Proxy,
    /// Be the command line of head office (started by the replay itself).
    #[command(name = "daybook-server", hide = true)]
    Command {
        /// What an operator types.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
}

#[derive(Debug, Args)]
struct Play {
    /// The receipts, one JSON object a line.
    #[arg(long, required = true)]
    receipts: Option<PathBuf>,
    /// How bad the network is; a rough one also has tills that are killed.
    #[arg(long, value_enum, default_value = "none")]
    faults: Faults,
    /// Have head office lose its books in the middle of the play, and put a backup in their place.
    #[arg(long)]
    restore: bool,
    /// Whether every commit reaches the disk.
    #[arg(long, value_parser = BoolishValueParser::new(), default_value = "true", action = clap::ArgAction::Set)]
    durable: bool,
    /// What everything random follows from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the books stand while it plays, and where tables are written.
    #[arg(long, default_value = "target/replay")]
    folder: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Faults {
    /// A network that works.
    None,
    /// Offline windows, lost, doubled, late and cut messages, captive portals, killed tills.
    Rough,
}

fn main() -> ExitCode {
    let asked = Asked::parse();
    let ended = match &asked.role {
        Some(Role::Till) => till_child::run().map(|()| ExitCode::SUCCESS),
        Some(Role::Server) => server_child::run().map(|()| ExitCode::SUCCESS),
        Some(Role::Proxy) => proxy::run().map(|()| ExitCode::SUCCESS),
        Some(Role::Command { words }) => {
            Ok(command_line::main(std::iter::once("daybook-server".into()).chain(words.iter().cloned())))
        }
        None => play(&asked.play),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}

fn play(asked: &Play) -> anyhow::Result<ExitCode> {
    let file = asked.receipts.as_deref().unwrap_or(Path::new(""));
    let script = match replay::read(file, asked.seed) {
        Ok(script) => script,
        Err(unusable) => {
            eprintln!("{unusable}");
            return Ok(ExitCode::from(2));
        }
    };
    let books = tempfile_in(&asked.folder)?;
    let options = Options {
        seed: asked.seed,
        rough: asked.faults == Faults::Rough,
        restore: asked.restore,
        durable: asked.durable,
        books: books.path().to_owned(),
        tables: asked.folder.clone(),
    };
    say_what_is_played(&script, &options);
    let runtime = tokio::runtime::Runtime::new()?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = replay::play(script, &options) => outcome.map(Some),
            _ = tokio::signal::ctrl_c() => Ok(None),
        }
    });
    // Ends every child that still runs, before their books go.
    drop(runtime);
    let Some(outcome) = outcome? else {
        eprintln!("stopped");
        return Ok(ExitCode::from(130));
    };
    replay::say_differences(&outcome.differences);
    print_summary(&outcome.summary);
    Ok(if outcome.differences.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn tempfile_in(folder: &Path) -> anyhow::Result<tempfile::TempDir> {
    std::fs::create_dir_all(folder)
        .and_then(|()| tempfile::Builder::new().prefix("books-").tempdir_in(folder))
        .with_context(|| format!("no books can be kept in {}", folder.display()))
}

fn say_what_is_played(script: &Script, options: &Options) {
    eprintln!(
        "{} receipts of {} shops on {} tills, {} products; {}, {}{}, seed {}",
        script.receipts,
        script.shops.len(),
        script.tills.len(),
        script.products.len(),
        if options.rough { "a rough network" } else { "a network that works" },
        if options.durable {
            "every commit on disk"
        } else {
            "commits not forced to disk"
        },
        if options.restore {
            ", head office put back from a backup on the way"
        } else {
            ""
        },
        options.seed
    );
}

#[allow(clippy::print_stdout, reason = "the last line of standard output is what this program is asked for")]
fn print_summary(summary: &serde_json::Value) {
    println!("{summary}");
}
