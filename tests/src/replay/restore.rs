//! What befalls head office in the middle of a play: it is backed up, goes on for a while, loses its books with its process, and is put back
//! as an operator does it, with the server's own commands. The tills sell on meanwhile and fill it up again.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use daybook_store::backup::Manifest;
use serde::Serialize;
use tokio::process::Command;
use tokio::time::sleep;

use super::office::Office;
use super::player::{Ordeal, Stage};

/// How often it is looked how far the play is.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What a restore came to.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Restored {
    /// Events in the backup.
    events_backed_up: i64,
    /// Events that head office had acknowledged since, and lost.
    events_lost: i64,
}

/// Backs head office up when half of the receipts are played and every till has joined, takes its books away after two thirds, and puts the
/// backup in their place after three quarters.
pub async fn befall(stage: Arc<Stage>, office: Arc<Office>) -> anyhow::Result<Restored> {
    let (tills, receipts) = (stage.script.tills.len() as u64, stage.script.receipts);
    until(|| stage.progress.joined.load(Ordering::Relaxed) == tills).await;
    // The last receipt of every till waits for the backup.
    until(|| stage.progress.played.load(Ordering::Relaxed) >= (receipts / 2).min(receipts - tills)).await;
    let backup = stage.books.join("backup");
    operator(office.data(), "backup", &backup).await?;
    let manifest: Manifest = serde_json::from_str(&std::fs::read_to_string(backup.join("backup.json"))?)?;
    let events_backed_up = manifest.events;
    stage.progress.ordeal.send_replace(Ordeal::BackedUp);
    until(|| stage.progress.played.load(Ordering::Relaxed) >= receipts * 2 / 3).await;
    while office.health().await?.0 <= events_backed_up {
        sleep(LOOK_AGAIN).await;
    }
    let events = office
        .die_and_come_back(async {
            std::fs::rename(office.data(), office.data().with_extension("lost"))?;
            eprintln!("head office has lost its books");
            until(|| stage.progress.played.load(Ordering::Relaxed) >= receipts * 3 / 4).await;
            operator(office.data(), "restore", &backup).await
        })
        .await?;
    office.publish_people_again().await?;
    stage.progress.ordeal.send_replace(Ordeal::Over);
    Ok(Restored { events_backed_up, events_lost: events - events_backed_up })
}

/// What an operator types: a command of the server, over its books, with a folder.
async fn operator(data: &Path, command: &str, folder: &Path) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("this program's own file is unknown")?;
    let output = Command::new(program)
        .args(["daybook-server", "--data"])
        .arg(data)
        .arg(command)
        .arg(folder)
        .kill_on_drop(true)
        .output()
        .await?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{command}: {said}{}", String::from_utf8_lossy(&output.stderr));
    eprint!("{said}");
    Ok(())
}

async fn until(so: impl Fn() -> bool) {
    while !so() {
        sleep(LOOK_AGAIN).await;
    }
}
