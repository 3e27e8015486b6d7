//! Crash images: what can be on a disk after the power went.
//!
//! What was flushed is there. Of what was only written, anything may be: nothing, what came first, all, or any 512-byte sectors of it, also
//! later ones without earlier ones. So it is with the names of files that were made or removed. Everything follows from the step and a seed.

use std::collections::BTreeMap;

use super::trace::{Inode, Step, Trace};

/// The unit in which a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;

/// A disk in the middle of a workload.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// Contents that are on the disk.
    contents: BTreeMap<Inode, Vec<u8>>,
    /// Names that are on the disk.
    names: BTreeMap<String, Inode>,
    /// What was done since and may be on it.
    pending: Vec<Pending>,
    /// How far in the trace it is.
    steps: usize,
}

#[derive(Clone, Debug)]
enum Pending {
    Name(String, Option<Inode>),
    Write(Inode, u64, Vec<u8>),
    Truncate(Inode, u64),
}

/// The files after a power cut, by name.
pub type Image = BTreeMap<String, Vec<u8>>;

impl Disk {
    /// Goes on in a trace up to before a step.
    pub fn advance(&mut self, trace: &Trace, point: usize) {
        for step in &trace.0[self.steps..point] {
            match step {
                Step::Present(name, inode, content) => {
                    self.contents.insert(*inode, content.clone());
                    self.names.insert(name.clone(), *inode);
                }
                Step::Create(name, inode) => self.pending.push(Pending::Name(name.clone(), Some(*inode))),
                Step::Delete(name) => self.pending.push(Pending::Name(name.clone(), None)),
                Step::Write(inode, offset, bytes) => {
                    self.pending.push(Pending::Write(*inode, *offset, bytes.clone()));
                }
                Step::Truncate(inode, length) => self.pending.push(Pending::Truncate(*inode, *length)),
                Step::Sync(inode) => self.settle(|pending| pending.inode() == Some(*inode)),
                Step::SyncFailed(inode) => self.pending.retain(|pending| pending.inode() != Some(*inode)),
                Step::SyncDirectory => self.settle(|pending| pending.inode().is_none()),
                Step::Told { .. } => {}
            }
        }
        self.steps = point;
    }

    /// Puts what is pending and meant on the disk.
    fn settle(&mut self, meant: impl Fn(&Pending) -> bool) {
        for pending in std::mem::take(&mut self.pending) {
            if meant(&pending) {
                pending.apply(&mut self.names, &mut self.contents, |_| true);
            } else {
                self.pending.push(pending);
            }
        }
    }

    /// What is on the disk if the power goes now, one of many possibilities.
    pub fn image(&self, seed: u64) -> Image {
        let mut coins = Coins::of(seed);
        let (mut names, mut contents) = (self.names.clone(), self.contents.clone());
        let survives = match coins.below(8) {
            0 => Survives::Nothing,
            1 => Survives::Everything,
            2 | 3 => Survives::First(coins.below(self.pending.len() as u64 + 1)),
            4 => Survives::Sectors(16),
            5 => Survives::Sectors(240),
            _ => Survives::Sectors(128),
        };
        for (index, pending) in self.pending.iter().enumerate() {
            match survives {
                Survives::Nothing => {}
                Survives::Everything => pending.apply(&mut names, &mut contents, |_| true),
                Survives::First(count) if (index as u64) < count => {
                    pending.apply(&mut names, &mut contents, |_| true);
                }
                // The first sectors of the write that the power cut met.
                Survives::First(count) if index as u64 == count => {
                    let sectors = coins.below(9);
                    pending.apply(&mut names, &mut contents, |sector| sector < sectors);
                }
                Survives::First(_) => {}
                Survives::Sectors(odds) => {
                    pending.apply(&mut names, &mut contents, |_| coins.below(256) < odds);
                }
            }
        }
        names
            .into_iter()
            .map(|(name, inode)| (name, contents.remove(&inode).unwrap_or_default()))
            .collect()
    }
}

#[derive(Clone, Copy)]
enum Survives {
    Nothing,
    Everything,
    First(u64),
    /// Each sector, so many times in 256.
    Sectors(u64),
}

impl Pending {
    /// The file that is meant; none for a name.
    fn inode(&self) -> Option<Inode> {
        match self {
            Pending::Name(..) => None,
            Pending::Write(inode, ..) | Pending::Truncate(inode, _) => Some(*inode),
        }
    }

    /// Does what was pending, as far as its sectors arrived. What has no sectors arrives with its first.
    fn apply(
        &self,
        names: &mut BTreeMap<String, Inode>,
        contents: &mut BTreeMap<Inode, Vec<u8>>,
        mut arrives: impl FnMut(u64) -> bool,
    ) {
        match self {
            Pending::Name(name, Some(inode)) if arrives(0) => {
                names.insert(name.clone(), *inode);
            }
            Pending::Name(name, None) if arrives(0) => {
                names.remove(name);
            }
            Pending::Truncate(inode, length) if arrives(0) => {
                contents.entry(*inode).or_default().resize(index(*length), 0);
            }
            Pending::Name(..) | Pending::Truncate(..) => {}
            Pending::Write(inode, offset, bytes) => {
                let content = contents.entry(*inode).or_default();
                let (mut from, mut sector) = (0, 0);
                while from < bytes.len() {
                    let at = index(*offset) + from;
                    let to = bytes.len().min(from + SECTOR_BYTES - at % SECTOR_BYTES);
                    if arrives(sector) {
                        let end = at + (to - from);
                        if content.len() < end {
                            content.resize(end, 0);
                        }
                        content[at..end].copy_from_slice(&bytes[from..to]);
                    }
                    (from, sector) = (to, sector + 1);
                }
            }
        }
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).expect("a file that fits into memory")
}

/// Numbers that look random, follow from a seed and cost next to nothing (SplitMix64): an image takes a thousand of them.
#[derive(Clone, Debug)]
pub struct Coins(u64);

impl Coins {
    /// The numbers of a seed.
    pub fn of(seed: u64) -> Self {
        Coins(seed)
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap_or(0)]
    }

    /// The next number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}
