//! Opening what a power cut left with the till's own code, and comparing it with what had been said.

use std::path::Path;

use daybook_store::till::TillLog;
use daybook_store::{Durability, StoreError, events};

use super::image::Image;
use super::kiosk::{Deed, Kiosk, Place};
use super::workload::Recording;

/// What is wrong with what a power cut left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Something that was said to be recorded is not there.
    Lost(String),
    /// Something is there in part, in another shape, or cannot be read.
    Corrupt(String),
}

/// Puts an image into a directory in place of whatever is there.
pub fn lay_out(image: &Image, directory: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_file() && !image.contains_key(&*entry.file_name().to_string_lossy()) {
            std::fs::remove_file(entry.path())?;
        }
    }
    for (name, content) in image {
        std::fs::write(directory.join(name), content)?;
    }
    Ok(())
}

/// Looks whether the log in a directory is what the first commits of a workload made, at least as many as were said to be recorded.
pub fn examine_log(directory: &Path, recording: &Recording, told: usize) -> Result<(), Wrong> {
    let corrupt = |error: StoreError| Wrong::Corrupt(error.to_string());
    let log = TillLog::open(directory, Durability::Full).map_err(corrupt)?;
    // All that follows is read at once.
    log.connection().execute_batch("BEGIN").map_err(|error| corrupt(error.into()))?;
    let integrity = log
        .connection()
        .query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))
        .map_err(|error| corrupt(error.into()))?;
    if integrity != "ok" {
        return Err(Wrong::Corrupt(integrity));
    }
    let found = events::after_position(log.connection(), 0, usize::MAX).map_err(corrupt)?;
    let Ok(commits) = recording.boundaries.binary_search(&found.len()) else {
        return Err(Wrong::Corrupt(format!("{} events are no whole number of commits", found.len())));
    };
    if commits < told {
        return Err(Wrong::Lost(format!("{commits} of {told} commits are there")));
    }
    for (event, (origin, hash)) in found.iter().zip(&recording.events) {
        if (event.origin, event.tip.hash) != (*origin, *hash) || event.text.hash(event.prev) != *hash {
            return Err(Wrong::Corrupt(format!("event {} is another", event.position)));
        }
    }
    for (index, command) in recording.commands.iter().enumerate() {
        let Some(command) = command else { continue };
        if log.command(*command).map_err(corrupt)?.is_some() != (index < commits) {
            return Err(Wrong::Corrupt(format!("the command of commit {index} does not go with it")));
        }
    }
    Ok(())
}

/// Opens a whole till, looks whether it answers for everything that was said, under the origin it had, and whether it sells on.
pub fn examine_till(place: &Place, deeds: &[Deed], told: usize, seed: u64) -> Result<(), Wrong> {
    let corrupt = |error: anyhow::Error| Wrong::Corrupt(format!("{error:#}"));
    let mut kiosk = Kiosk::open(place, seed, true).map_err(corrupt)?;
    if let Some(refilled) = kiosk.till.refilled() {
        return Err(Wrong::Corrupt(format!("its log was refilled: {}", refilled.why)));
    }
    if kiosk.till.journal_trouble().is_some() || kiosk.till.views_trouble().is_some() {
        return Err(Wrong::Corrupt("its journal or its read models cannot be used".to_owned()));
    }
    for (index, deed) in deeds[..told].iter().enumerate() {
        match kiosk.act(deed) {
            Ok(answer) if answer.repeated => {}
            other => return Err(Wrong::Lost(format!("commit {index} of {told}: {other:?}"))),
        }
    }
    let sold = |kiosk: &mut Kiosk| -> anyhow::Result<()> {
        kiosk.clear()?;
        for deed in kiosk.next_deeds() {
            kiosk.act(&deed)?;
        }
        anyhow::ensure!(kiosk.till.rebuild()?.equal, "its read models differ from what its log says");
        Ok(())
    };
    sold(&mut kiosk).map_err(corrupt)
}
