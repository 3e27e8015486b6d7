//! The campaign of power cuts: many workloads, every flush of each, many images at each flush, all reopened and compared.
//!
//! An image is named by its workload, its step and its number there, and comes out the same whenever it is asked for by that name.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context as _;
use serde::Serialize;

use super::examine::{Wrong, examine_log, examine_till, lay_out};
use super::image::{Coins, Disk, Image};
use super::kiosk::{Deed, Place};
use super::vfs::held::Held;
use super::workload::{Commit, Manner, Recording, commits_of_a_day, record_log, record_till};

/// Images of one workload, at most: more workloads see more than more images of one.
const IMAGES_PER_WORKLOAD: usize = 10_000;
/// Workloads, at least.
const WORKLOADS_MIN: usize = 8;
/// One workload in so many is long, because its images are large.
const LONG_EVERY: usize = 32;
/// So many images of a log go with one of a whole till, whose opening takes much longer.
const LOGS_PER_TILL: usize = 250;
/// Customers of a whole till's workload.
const TILL_CUSTOMERS: usize = 6;
/// Customers of the day whose commits the logs take.
const DAY_CUSTOMERS: usize = 60;
/// Wrong images that are named.
const NAMED_MAX: usize = 20;

/// Name of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// Whether it is of a whole till.
    pub of_till: bool,
    /// Number of the workload.
    pub workload: usize,
    /// The step before which the power goes.
    pub point: usize,
    /// Number of the image there.
    pub image: usize,
}

impl fmt::Display for Name {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.of_till { "till" } else { "log" };
        write!(to, "{kind}-{}-{}-{}", self.workload, self.point, self.image)
    }
}

impl FromStr for Name {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('-').collect();
        let [kind @ ("log" | "till"), workload, point, image] = parts[..] else {
            anyhow::bail!("an image is named like log-3-120-7, not '{text}'");
        };
        Ok(Name {
            of_till: kind == "till",
            workload: workload.parse()?,
            point: point.parse()?,
            image: image.parse()?,
        })
    }
}

/// What a campaign found.
#[derive(Debug, Default, Serialize)]
pub struct Found {
    /// Images that were opened.
    pub images: usize,
    /// Of them of whole tills.
    pub images_of_tills: usize,
    /// Images in which something said to be recorded was not.
    pub lost: usize,
    /// Images in which something was broken, or there in part.
    pub corrupt: usize,
    /// Commits that had been said to be recorded, over all images.
    pub acknowledged: usize,
    /// Workloads.
    pub workloads: usize,
    /// Flushes before which the power went.
    pub sync_points: usize,
    /// How long it took.
    pub seconds: u64,
    /// Some of the wrong images, and what is wrong.
    pub wrong: Vec<(String, String)>,
}

/// Has the power go `images` times, in `threads` at once; `seed` is where everything follows from. `of` says in which manner the logs
/// are written; where it says nothing, in all honest ones.
pub fn campaign(images: usize, seed: u64, threads: usize, of: Option<Manner>) -> anyhow::Result<Found> {
    let began = Instant::now();
    let day = commits_of_a_day(seed, DAY_CUSTOMERS)?;
    let tills = if of.is_none() { images / LOGS_PER_TILL } else { 0 };
    let logs = images - tills;
    let till_workloads = tills.div_ceil(IMAGES_PER_WORKLOAD / 10);
    let log_workloads = logs.div_ceil(IMAGES_PER_WORKLOAD).max(WORKLOADS_MIN);
    // Taken down one after the other, before anything is opened: so what SQLite draws for itself repeats.
    let mut loads = Vec::new();
    for number in 0..log_workloads {
        let load = Load::log(seed, number, &day, of.unwrap_or_else(|| manner(number)))?;
        let share = share(logs, log_workloads, number);
        loads.push((load, share));
    }
    for number in 0..till_workloads {
        loads.push((Load::till(seed, number)?, share(tills, till_workloads, number)));
    }
    let found = Mutex::new(Found::default());
    let next = AtomicUsize::new(0);
    let work = || -> anyhow::Result<()> {
        let bench = Bench::new()?;
        while let Some((load, images)) = loads.get(next.fetch_add(1, Ordering::Relaxed)) {
            let one = load.run(*images, &bench)?;
            found.lock().unwrap_or_else(PoisonError::into_inner).add(one);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let working: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let mut ended = working.into_iter().map(|one| one.join());
        ended.try_for_each(|one| one.unwrap_or_else(|_| anyhow::bail!("a worker panicked")))
    })?;
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.seconds = began.elapsed().as_secs();
    Ok(found)
}

/// Makes one image again and says what is wrong with it; leaves its files in a directory that is kept.
pub fn replay(name: Name, seed: u64, keep: &Path) -> anyhow::Result<Option<Wrong>> {
    let load = if name.of_till {
        Load::till(seed, name.workload)?
    } else {
        Load::log(seed, name.workload, &commits_of_a_day(seed, DAY_CUSTOMERS)?, manner(name.workload))?
    };
    let mut disk = Disk::default();
    disk.advance(&load.recording.trace, name.point);
    std::fs::create_dir_all(keep)?;
    lay_out(&load.image(&disk, name.point, name.image), keep)?;
    Ok(load.look(&disk, name.point, name.image, &Bench::new()?)?.err())
}

fn manner(number: usize) -> Manner {
    match number {
        _ if number % LONG_EVERY == 7 => Manner::Long,
        _ if number % 4 == 3 => Manner::FailedFlush,
        _ => Manner::Honest,
    }
}

/// The part of a whole that falls to one of so many.
fn share(whole: usize, of: usize, number: usize) -> usize {
    whole / of + usize::from(number < whole % of)
}

/// A directory in memory, where there is one.
pub(super) fn scratch() -> std::io::Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    tempfile::Builder::new()
        .prefix("daybook-crash-")
        .tempdir_in(memory)
        .or_else(|_| tempfile::Builder::new().prefix("daybook-crash-").tempdir())
}

/// Where images are opened.
struct Bench {
    /// Of logs: in memory.
    logs: tempfile::TempDir,
    held: Held,
    /// Of whole tills, which keep files beside SQLite's.
    tills: tempfile::TempDir,
}

impl Bench {
    fn new() -> std::io::Result<Self> {
        let (logs, tills) = (scratch()?, scratch()?);
        // For whoever looks at its rights and whether it is still there.
        std::fs::write(logs.path().join("log.db"), [])?;
        Ok(Bench { held: Held::begin(logs.path())?, logs, tills })
    }
}

/// A workload that was taken down, and what a whole till keeps beside SQLite's files.
struct Load {
    of_till: bool,
    number: usize,
    recording: Recording,
    deeds: Vec<Deed>,
    /// Files that do not change any more once the till is founded, by their path below its home; and the journal file as it ended.
    beside: Vec<(String, Vec<u8>)>,
    journal: Vec<u8>,
}

impl Load {
    fn log(seed: u64, number: usize, day: &[Commit], manner: Manner) -> anyhow::Result<Self> {
        let home = scratch()?;
        let recording = record_log(home.path(), day, of_number(seed, number), manner)
            .with_context(|| format!("workload {number}"))?;
        let (deeds, beside, journal) = Default::default();
        Ok(Load { of_till: false, number, recording, deeds, beside, journal })
    }

    fn till(seed: u64, number: usize) -> anyhow::Result<Self> {
        let home = scratch()?;
        let place = Place::in_directory(home.path());
        let (recording, deeds) = record_till(&place, of_number(seed, number), TILL_CUSTOMERS)?;
        let beside = ["till/keys.json", "journal/head-office/journal"]
            .into_iter()
            .map(|path| Ok((path.to_owned(), std::fs::read(home.path().join(path))?)))
            .collect::<anyhow::Result<_>>()?;
        let journal = std::fs::read(place.journal.join("journal"))?;
        Ok(Load { of_till: true, number, recording, deeds, beside, journal })
    }

    fn run(&self, images: usize, bench: &Bench) -> anyhow::Result<Found> {
        let trace = &self.recording.trace;
        // A till is looked at from its founding on: before, it is nobody's.
        let founded = trace.0.iter().position(|step| matches!(step, super::trace::Step::Told { .. }));
        let from = if self.of_till { founded.unwrap_or(0) } else { 0 };
        let points: Vec<usize> = trace.points().into_iter().filter(|point| *point > from).collect();
        let mut found = Found { workloads: 1, sync_points: points.len(), ..Found::default() };
        let mut disk = Disk::default();
        for (number, point) in points.iter().enumerate() {
            disk.advance(trace, *point);
            let (told, _) = trace.told_before(*point);
            for image in 0..share(images, points.len(), number) {
                let wrong = self.look(&disk, *point, image, bench)?.err();
                found.images += 1;
                found.images_of_tills += usize::from(self.of_till);
                found.acknowledged += told;
                match &wrong {
                    Some(Wrong::Lost(_)) => found.lost += 1,
                    Some(Wrong::Corrupt(_)) => found.corrupt += 1,
                    None => {}
                }
                if let Some(Wrong::Lost(why) | Wrong::Corrupt(why)) = wrong
                    && found.wrong.len() < NAMED_MAX
                {
                    let name = Name { of_till: self.of_till, workload: self.number, point: *point, image };
                    found.wrong.push((name.to_string(), why));
                }
            }
        }
        Ok(found)
    }

    fn image(&self, disk: &Disk, point: usize, image: usize) -> Image {
        disk.image(image_seed(self.recording.seed, point, image))
    }

    fn look(
        &self,
        disk: &Disk,
        point: usize,
        image: usize,
        bench: &Bench,
    ) -> anyhow::Result<Result<(), Wrong>> {
        let (told, journal_bytes) = self.recording.trace.told_before(point);
        let files = self.image(disk, point, image);
        if !self.of_till {
            bench.held.put(files);
            return Ok(examine_log(bench.logs.path(), &self.recording, told));
        }
        let home = tempfile::Builder::new().prefix("till-").tempdir_in(bench.tills.path())?;
        let place = Place::in_directory(home.path());
        std::fs::create_dir_all(&place.data)?;
        lay_out(&files, &place.data)?;
        for (path, content) in &self.beside {
            let path = home.path().join(path);
            std::fs::create_dir_all(path.parent().context("a folder")?)?;
            std::fs::write(&path, content)?;
            // Keys that others may read are not used.
            #[cfg(unix)]
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        }
        let seed = image_seed(self.recording.seed, point, image);
        std::fs::write(
            place.journal.join("journal"),
            self.journal_after(usize::try_from(journal_bytes)?, seed),
        )?;
        Ok(examine_till(&place, &self.deeds, told, seed))
    }

    /// The journal file is flushed in the background: of what was written to it, anything from its first line on may be there.
    fn journal_after(&self, written: usize, seed: u64) -> Vec<u8> {
        let first = self.journal.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let mut coins = Coins::of(seed ^ 1);
        let unsure = written.saturating_sub(first) as u64;
        let length = first + usize::try_from(coins.below(unsure + 1)).unwrap_or(0);
        let mut journal = self.journal[..length].to_vec();
        // A file system may have made room for what never came: zeros in the middle.
        if coins.below(2) == 0 {
            for sector in journal[first..].chunks_mut(512) {
                if coins.below(8) == 0 {
                    sector.fill(0);
                }
            }
        }
        journal
    }
}

fn of_number(seed: u64, number: usize) -> u64 {
    Coins::of(seed.wrapping_mul(0x1_0000_0001).wrapping_add(number as u64)).below(u64::MAX)
}

fn image_seed(seed: u64, point: usize, image: usize) -> u64 {
    Coins::of(seed ^ ((point as u64) << 32) ^ (image as u64)).below(u64::MAX)
}

impl Found {
    fn add(&mut self, one: Found) {
        self.images += one.images;
        self.images_of_tills += one.images_of_tills;
        self.lost += one.lost;
        self.corrupt += one.corrupt;
        self.acknowledged += one.acknowledged;
        self.workloads += one.workloads;
        self.sync_points += one.sync_points;
        let room = NAMED_MAX.saturating_sub(self.wrong.len());
        self.wrong.extend(one.wrong.into_iter().take(room));
    }
}
