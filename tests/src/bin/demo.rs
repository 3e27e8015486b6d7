//! The demo shop: a day played without a window, or the shop standing with its window open.
//!
//! A demo day: head office on a free port, a shop with its own catalogue, two tills, one of them without a network for a while.
//!
//! Everything is real: SQLite files under the home directory, HTTP on the loopback, the same till and the same server as in a shop. It prints what
//! happens, then the report and the conflicts in words, and ends with 0 only where everybody agrees.
#![allow(clippy::print_stdout, reason = "telling is what this program is for")]

use std::process::ExitCode;

use clap::Parser;
use daybook_tests::demo::{Home, pins, play};
use daybook_tests::show::show;

/// Plays a short demo day and prints what head office knows about it.
///
/// The home directory is taken from --home, else from DAYBOOK_HOME, else from `home` in daybook.toml, else .daybook.
#[derive(Parser)]
struct Arguments {
    /// Where the demo keeps its files.
    #[arg(long, env = "DAYBOOK_HOME")]
    home: Option<std::path::PathBuf>,
    /// Play nothing; open this program, the till's window, over the demo shop.
    #[arg(long, conflicts_with = "pins")]
    window: Option<std::path::PathBuf>,
    /// Play nothing; show who works in the demo shop, with their PINs.
    #[arg(long)]
    pins: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.pins {
        return match Home::find(arguments.home).and_then(|home| pins(&home)) {
            Ok(words) => {
                print!("{words}");
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{error:#}");
                ExitCode::FAILURE
            }
        };
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let played = runtime.map_err(anyhow::Error::from).and_then(|runtime| {
        if let Some(program) = &arguments.window {
            let home = Home::find(arguments.home)?;
            return runtime.block_on(show(&home, program, &mut |words| println!("{words}"))).map(|()| true);
        }
        runtime.block_on(async { play(&Home::find(arguments.home)?, &mut |words| println!("{words}")).await })
    });
    match played {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("The demo could not be played: {error:#}");
            ExitCode::FAILURE
        }
    }
}
