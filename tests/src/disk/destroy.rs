//! Destruction: the log's file removed, cut off or overwritten, with the till open or closed. Its journal brings everything back.

use std::fs::OpenOptions;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use anyhow::{Context as _, ensure};

use super::crash::scratch;
use super::image::Coins;
use super::kiosk::{Deed, Kiosk, Place};
use super::sweep::{Template, Told};

/// What is done to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Removed,
    /// Its companion stays.
    RemovedAlone,
    CutOff,
    Overwritten,
}

/// What a number of destructions came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destroyed {
    /// Destructions.
    pub times: usize,
    /// Deeds said to be done; every one of them was there afterwards.
    pub done: usize,
    /// Logs that were refilled.
    pub refilled: usize,
    /// Tills that noticed while they ran, and stopped.
    pub noticed: usize,
    /// Logs whose damage only a look through everything found.
    pub found_later: usize,
}

impl Destroyed {
    /// Adds another count.
    pub fn add(&mut self, other: &Destroyed) {
        self.times += other.times;
        self.done += other.done;
        self.refilled += other.refilled;
        self.noticed += other.noticed;
        self.found_later += other.found_later;
    }
}

/// Destroys the log of a copy of a kiosk at a moment and in a way that follow from the seed, opens the till and looks for every sale.
pub fn destroy(template: &Template, seed: u64) -> anyhow::Result<Destroyed> {
    let mut coins = Coins::of(seed);
    let home = scratch()?;
    let place = template.copy(home.path())?;
    let way = *coins.pick(&[Way::Removed, Way::RemovedAlone, Way::CutOff, Way::Overwritten]);
    let (before, while_open) = (coins.below(3), coins.below(2) == 0);
    let mut told = Vec::new();
    let mut kiosk = Kiosk::open(&place, seed, true)?;
    for _ in 0..before {
        act(&mut kiosk, &mut told);
    }
    let mut result = Destroyed { times: 1, ..Destroyed::default() };
    if while_open {
        ruin(&place, way, &mut coins)?;
        act(&mut kiosk, &mut told);
        result.noticed += usize::from(told.iter().any(|(_, told)| *told == Told::Stopped));
        drop(kiosk);
    } else {
        drop(kiosk);
        ruin(&place, way, &mut coins)?;
    }
    let context = || format!("seed {seed}: {way:?}, open: {while_open}, told {told:?}");
    look(&place, seed + 1, &told, (&mut result, true)).with_context(context)?;
    Ok(result)
}

fn act(kiosk: &mut Kiosk, told: &mut Vec<(Deed, Told)>) {
    for deed in kiosk.next_deeds() {
        let answer = kiosk.act(&deed);
        told.push((deed, Told::of(&answer)));
    }
}

fn ruin(place: &Place, way: Way, coins: &mut Coins) -> anyhow::Result<()> {
    let log = place.data.join("log.db");
    match way {
        Way::Removed => {
            for name in ["log.db-wal", "log.db-shm", "log.db"] {
                match std::fs::remove_file(place.data.join(name)) {
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    other => other?,
                }
            }
        }
        Way::RemovedAlone => std::fs::remove_file(&log)?,
        Way::CutOff => {
            let length = length(&log)?;
            OpenOptions::new().write(true).open(&log)?.set_len(coins.below(length))?;
        }
        Way::Overwritten => {
            let length = length(&log)?;
            let from = coins.below(length);
            let bytes = (1 + coins.below(64 * 1024)).min(length - from);
            let mut file = OpenOptions::new().write(true).open(&log)?;
            file.seek(SeekFrom::Start(from))?;
            let noise: Vec<u8> =
                (0..bytes).map(|_| u8::try_from(coins.below(256)).unwrap_or_default()).collect();
            file.write_all(&noise)?;
        }
    }
    Ok(())
}

fn length(file: &Path) -> std::io::Result<u64> {
    Ok(std::fs::metadata(file)?.len())
}

fn look(
    place: &Place,
    seed: u64,
    told: &[(Deed, Told)],
    (result, is_first): (&mut Destroyed, bool),
) -> anyhow::Result<()> {
    let mut kiosk = Kiosk::open(place, seed, true).context("it opens")?;
    result.refilled += usize::from(kiosk.till.refilled().is_some());
    for (deed, _) in told.iter().filter(|(_, told)| *told == Told::Done) {
        let again = kiosk.act(deed).with_context(|| format!("lost: {deed:?}"))?;
        ensure!(again.repeated, "lost and done again: {deed:?}");
        result.done += 1;
    }
    kiosk.clear()?;
    for deed in kiosk.next_deeds() {
        kiosk.act(&deed).context("it sells on")?;
    }
    match kiosk.till.verify() {
        Ok(verified) => ensure!(verified.unlinked == 0, "its chains have no gap"),
        // Damage that lies where no start looks is found by a look through everything, and mended at the next start.
        Err(error) if is_first && error.is_damage() => {
            drop(kiosk);
            result.found_later += 1;
            return look(place, seed + 1, told, (result, false));
        }
        Err(error) => return Err(error.into()),
    }
    ensure!(kiosk.till.rebuild()?.equal, "its read models are what its log says");
    Ok(())
}
