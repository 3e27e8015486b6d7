//! The till's window: a shell around the till, nothing more. Questions come in from the window, answers go back, and the window is told when
//! something changed. What the window shows lives in `ui/till`, what it shows it of lives in the crate `till`.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod home;
mod loudspeaker;
mod shell;
mod sound;

use std::io::IsTerminal as _;

use clap::Parser;

/// The till of a shop.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// Where the till keeps its books [default: the user's data folder]
    #[arg(long, env = "DAYBOOK_HOME")]
    home: Option<std::path::PathBuf>,
    /// Head office's address, in place of the one that was said when the till joined
    #[arg(long, env = "DAYBOOK_SERVER")]
    server: Option<String>,
    /// A demonstration shop: the window says so
    #[arg(long, env = "DAYBOOK_DEMO")]
    demo: bool,
}

fn main() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(
            std::env::var("DAYBOOK_LOG").unwrap_or_else(|_| "info".to_owned()),
        ))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    shell::run(arguments.home, arguments.server, arguments.demo)
}
