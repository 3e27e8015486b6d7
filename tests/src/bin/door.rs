//! A demo till behind the test-only door: `door --built ui/till/dist` serves the built window in a browser, over a real till and a real head
//! office. Prints one line of JSON: the address, and a person's PIN. Ends when its standard input does.
#![allow(clippy::print_stdout, reason = "its line is what it is for")]

use std::io::Read as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use daybook_tests::demo::{Home, stand};
use daybook_tests::window::serve;
use daybook_till::door::{About, Door};
use daybook_till::print::{Patience, print};
use daybook_till::synchronise;

/// Serve a demo till to a browser.
#[derive(Parser)]
struct Arguments {
    /// The folder of the built window.
    #[arg(long)]
    built: PathBuf,
    /// The port; 0 for any.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let home = tempfile::tempdir()?;
    let stand = stand(&Home::at(home.path().to_owned()), 0, &mut |_| {}).await?;
    let (_online, stopped) = tokio::sync::watch::channel(false);
    tokio::spawn(synchronise(stand.till.clone(), stopped.clone()));
    tokio::spawn(print(stand.till.clone(), Patience::default(), stopped));
    let about =
        About { version: env!("CARGO_PKG_VERSION").to_owned(), locale: "en-IE".to_owned(), demo: true };
    let door = Arc::new(Door::new(stand.till.clone(), about));
    let address = SocketAddr::from(([127, 0, 0, 1], arguments.port));
    let bound = serve(door, arguments.built, address).await?;
    println!("{}", serde_json::json!({ "door": format!("http://{bound}"), "pin": stand.pin }));
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
