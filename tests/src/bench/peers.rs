//! Other people's programs to stand beside: installed once into the user's cache, at pinned versions, by their ordinary clients.
//!
//! A peer that cannot be installed leaves its row out, and the row says why. None is ever imitated.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::measure::count;

/// The version of `eventsourcing`, from the Python package index.
const EVENTSOURCING: &str = "9.5.6";
const EVENTSOURCING_PEER: &str = include_str!("../../peers/eventsourcing_peer.py");
/// What is installed of npm's registry.
const POUCHDB_PACKAGES: &str = include_str!("../../peers/package.json");
const POUCHDB_PEER: &str = include_str!("../../peers/pouchdb_peer.js");
/// Documents of one batch: as many as one push of ours holds.
const PEER_BATCH: &str = "500";

/// A Python with `eventsourcing`, and the peer that is written in it.
pub struct Eventsourcing {
    python: PathBuf,
    script: PathBuf,
}

impl Eventsourcing {
    /// The peer, installed where it is not yet.
    pub fn installed(cache: &Path) -> anyhow::Result<Self> {
        let folder = cache.join("peers").join(format!("eventsourcing-{EVENTSOURCING}"));
        let python = folder.join("bin/python");
        if run(Command::new(&python).args(["-c", "import eventsourcing"])).is_err() {
            run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
            let package = format!("eventsourcing=={EVENTSOURCING}");
            run(Command::new(&python).args(["-m", "pip", "install", "--quiet", &package]))?;
        }
        let script = folder.join("peer.py");
        std::fs::write(&script, EVENTSOURCING_PEER)?;
        Ok(Eventsourcing { python, script })
    }

    /// Runs the peer; what it says on standard output.
    pub fn say(&self, arguments: &[&std::ffi::OsStr]) -> anyhow::Result<String> {
        run(Command::new(&self.python).arg(&self.script).args(arguments))
    }

    /// Its name and version.
    pub fn name() -> String {
        format!("eventsourcing {EVENTSOURCING} (Python, SQLite)")
    }
}

/// Node with PouchDB and express-pouchdb, and the peer that is written in it.
pub struct Pouchdb {
    folder: PathBuf,
}

impl Pouchdb {
    /// The peer, installed where it is not yet.
    pub fn installed(cache: &Path) -> anyhow::Result<Self> {
        let folder = cache.join("peers/pouchdb");
        std::fs::create_dir_all(&folder)?;
        let wanted = folder.join("package.json");
        let is_there = std::fs::read_to_string(&wanted).is_ok_and(|text| text == POUCHDB_PACKAGES)
            && folder.join("node_modules/pouchdb").exists();
        if !is_there {
            std::fs::write(&wanted, POUCHDB_PACKAGES)?;
            run(Command::new("npm").args(["install", "--no-audit", "--no-fund"]).current_dir(&folder))?;
        }
        std::fs::write(folder.join("peer.js"), POUCHDB_PEER)?;
        Ok(Pouchdb { folder })
    }

    /// Its name and version.
    pub fn name() -> String {
        "PouchDB 9 → express-pouchdb 4.2".to_owned()
    }

    /// Makes the client's database of a file of events.
    pub fn fill(&self, client: &Path, events: &Path) -> anyhow::Result<()> {
        run(Command::new("node")
            .arg(self.folder.join("peer.js"))
            .arg("fill")
            .arg(client)
            .arg(events))?;
        Ok(())
    }

    /// Replicates to a new server: documents a second, documents a second when all of them come again, and microseconds when there is
    /// nothing to do.
    pub fn replicated(&self, place: &Path, client: &Path, documents: usize) -> anyhow::Result<[f64; 3]> {
        let copy = place.join("client");
        copy_folder(client, &copy)?;
        let served = place.join("server");
        std::fs::create_dir_all(&served)?;
        let mut server = Command::new("node")
            .arg(self.folder.join("peer.js"))
            .arg("serve")
            .arg(&served)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("node does not start")?;
        let mut port = String::new();
        BufReader::new(server.stdout.take().context("the peer says nothing")?).read_line(&mut port)?;
        let url = format!("http://127.0.0.1:{}/events", port.trim());
        let mut pushing = Command::new("node");
        let said = run(pushing
            .arg(self.folder.join("peer.js"))
            .arg("push")
            .arg(&copy)
            .args([url.as_str(), PEER_BATCH]));
        drop(server.stdin.take());
        server.wait()?;
        let said: Value = serde_json::from_str(&said?)?;
        let all = ["documents", "written", "there"].iter().all(|name| said[name] == documents);
        ensure!(all && said["duplicates_written"] == 0, "the peer replicated something else: {said}");
        let seconds = |name: &str| said[name].as_f64().with_context(|| format!("the peer says no {name}"));
        Ok([
            count(documents) / seconds("fresh_seconds")?,
            count(documents) / seconds("duplicates_seconds")?,
            seconds("nothing_seconds")? * 1e6,
        ])
    }
}

/// Copies a folder with everything in it.
fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    run(Command::new("cp").arg("-r").arg(from).arg(to)).map(|_| ())
}

/// Runs a program to its end; what it said.
pub fn run(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .output()
        .with_context(|| format!("{:?} does not start", command.get_program()))?;
    ensure!(
        output.status.success(),
        "{:?} failed: {}",
        command.get_program(),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
