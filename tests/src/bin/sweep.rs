//! `make sweep`: every change of a checkout fails in turn, by the file layer and, in a till that is a process of its own, by system calls.
//! Says on its last line what came out.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use daybook_tests::disk::sweep::{FAULTS, Template};
use daybook_tests::disk::traced;

/// Have every change of a checkout fail in turn, and see whether what was told is true.
#[derive(Debug, Parser)]
#[command(name = "sweep")]
struct Asked {
    #[command(subcommand)]
    role: Option<Role>,
    /// What everything follows from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many at once.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Of the traced positions only every so many.
    #[arg(long, default_value_t = 1)]
    every: usize,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Be the till (started by the sweep itself).
    #[command(name = "till-child", hide = true)]
    Till {
        /// Where its files are.
        home: PathBuf,
        /// What its ids follow from.
        seed: u64,
    },
}

fn main() -> ExitCode {
    let asked = Asked::parse();
    let ended = match &asked.role {
        Some(Role::Till { home, seed }) => traced::sell_and_tell(home, *seed),
        None => sweep(&asked),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn sweep(asked: &Asked) -> anyhow::Result<()> {
    let template = Template::new(asked.seed)?;
    let layer = template.sweep(&FAULTS, asked.threads)?;
    eprintln!("by the file layer: {} runs over {} positions", layer.runs, layer.positions);
    let calls = match traced::may_trace() {
        Ok(()) => {
            let own = std::env::current_exe()?;
            let own = own.to_str().context("a path of this program that is text")?;
            Some(traced::sweep(&template, &[own, "till-child"], asked.every)?)
        }
        Err(why) => {
            eprintln!(
                "LEFT OUT: all positions by system calls, because no process can be traced here ({why})"
            );
            None
        }
    };
    print_sum(&serde_json::json!({ "file_layer": layer, "system_calls": calls }));
    Ok(())
}

#[allow(clippy::print_stdout, reason = "the last line of standard output is what this program is asked for")]
fn print_sum(sum: &serde_json::Value) {
    println!("{sum}");
}
