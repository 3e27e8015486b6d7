//! A demo till behind the test-only door: `door --built ui/till/dist` serves the built window in a browser, over a real till and a real head
//! office. Prints one line of JSON: the address, a person's PIN, and what a new till needs to join. Each line of its standard input is
//! something that is to happen (`head-office-stops` and the like) and is answered by a line; when the input ends, so does everything.
#![allow(clippy::print_stdout, reason = "its lines are what it is for")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Parser, ValueEnum as _};
use daybook_tests::demo::{Beginning, Cue, Home, Stage};
use daybook_tests::window::serve;
use daybook_till::door::{About, Door};
use daybook_till::print::{Patience, print};
use daybook_till::synchronise;
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// Serve a demo till to a browser.
#[derive(Parser)]
struct Arguments {
    /// The folder of the built window.
    #[arg(long)]
    built: PathBuf,
    /// The port; 0 for any.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How the till stands before its window is opened.
    #[arg(long, value_enum, default_value = "ready")]
    beginning: Beginning,
    /// How amounts and times are written (BCP 47).
    #[arg(long, default_value = "en-IE")]
    locale: String,
    /// Do not wait for the disk at each commit: for very many sales one after another.
    #[arg(long)]
    hasty: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let home = tempfile::tempdir()?;
    let mut stage =
        Stage::set_up(Home::at(home.path().to_owned()), arguments.beginning, !arguments.hasty).await?;
    let (_online, stopped) = tokio::sync::watch::channel(false);
    tokio::spawn(synchronise(stage.till.clone(), stopped.clone()));
    tokio::spawn(print(stage.till.clone(), Patience::default(), stopped));
    let about = About { version: env!("CARGO_PKG_VERSION").to_owned(), locale: arguments.locale, demo: true };
    let door = Arc::new(Door::new(stage.till.clone(), about));
    let address = SocketAddr::from(([127, 0, 0, 1], arguments.port));
    let bound = serve(door, arguments.built, address).await?;
    let (pin, office, code) = (&stage.pin, &stage.url, &stage.code);
    println!("{}", json!({ "door": format!("http://{bound}"), "pin": pin, "office": office, "code": code }));
    let mut lines = lines();
    while let Some(line) = lines.recv().await {
        println!("{}", happen(&mut stage, line.trim()).await);
    }
    Ok(())
}

async fn happen(stage: &mut Stage, line: &str) -> Value {
    let Ok(cue) = Cue::from_str(line, false) else { return json!({ "unknown": line }) };
    match stage.act(cue).await {
        Ok(()) => json!({ "done": line }),
        Err(error) => json!({ "failed": line, "why": format!("{error:#}") }),
    }
}

/// The lines of standard input as they come; reading them takes a thread of its own.
fn lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
