//! Counting disk syncs: how often a process asks the system to put something on the disk, by the file it asks for.
//!
//! A process that does nothing but the acts in question runs under `strace`, twice, with a different number of acts: what the difference is
//! made of belongs to the acts, the rest to starting and stopping. Nothing is timed while it is watched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::measure::count;

/// Syncs of one act, by the name of the file.
pub type Syncs = BTreeMap<String, f64>;

/// Whether syncs can be counted here.
pub fn can_be_counted() -> bool {
    let traced = Command::new("strace")
        .args(["-qq", "-e", "trace=fsync", "-o", "/dev/null", "true"])
        .output();
    traced.is_ok_and(|output| output.status.success())
}

/// The syncs of one act of a process that is told, as its last argument, how often to act: so often in the shorter and in the longer run.
pub fn of_one_act(
    folder: &Path,
    program: &Path,
    arguments: &[&str],
    (fewer, more): (usize, usize),
) -> anyhow::Result<Syncs> {
    // What is made the first time is made before anything counts.
    of_run(folder, program, arguments, 0)?;
    let few = of_run(folder, program, arguments, fewer)?;
    let many = of_run(folder, program, arguments, more)?;
    let acts = count(more - fewer);
    let syncs = many.into_iter().map(|(file, syncs)| {
        let before = few.get(&file).copied().unwrap_or_default();
        (file, (count(syncs) - count(before)) / acts)
    });
    Ok(syncs.filter(|(_, syncs)| syncs.abs() > f64::EPSILON).collect())
}

/// All of them.
pub fn sum(syncs: &Syncs) -> f64 {
    syncs.values().sum()
}

/// By file, in words.
pub fn words(syncs: &Syncs) -> String {
    let each: Vec<String> = syncs.iter().map(|(file, syncs)| format!("{syncs:.2} of {file}")).collect();
    if each.is_empty() { "none".to_owned() } else { each.join(", ") }
}

fn of_run(
    folder: &Path,
    program: &Path,
    arguments: &[&str],
    acts: usize,
) -> anyhow::Result<BTreeMap<String, usize>> {
    let trace: PathBuf = folder.join("trace");
    let output = Command::new("strace")
        .args(["-f", "-qq", "-y", "-e", "trace=fsync,fdatasync,sync,syncfs,sync_file_range", "-o"])
        .arg(&trace)
        .arg(program)
        .args(arguments)
        .arg(acts.to_string())
        .output()
        .context("strace does not start")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(by_file(&std::fs::read_to_string(&trace)?))
}

/// The calls of a trace by the name of the file, such as `1234 fdatasync(5</home/till/log.db-wal>) = 0`. A call that another thread
/// interrupted stands on two lines, of which only the first names the file.
fn by_file(trace: &str) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for line in trace.lines().filter(|line| line.contains("sync") && !line.contains("resumed>")) {
        let path = line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(path, _)| path);
        let name = path.and_then(|path| path.rsplit('/').next()).unwrap_or("everything");
        *calls.entry(name.to_owned()).or_default() += 1;
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sync_is_counted_once_for_its_file() {
        let trace = "12 fdatasync(5</a/log.db-wal>) = 0\n13 fsync(6</a/views.db-wal> <unfinished ...>\n12 fdatasync(5</b/log.db-wal>) = 0\n\
                     13 <... fsync resumed>) = 0\n14 sync() = 0\n14 +++ exited with 0 +++\n";
        let expected = [("everything", 1), ("log.db-wal", 2), ("views.db-wal", 1)];
        assert_eq!(by_file(trace), expected.map(|(file, calls)| (file.to_owned(), calls)).into());
    }
}
