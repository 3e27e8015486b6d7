//! What a version leaves behind: its files as text, and what was asked of it and answered, byte for byte.
//!
//! A recording is made once for a version and never edited. Every later version has to open those files and answer those requests alike
//! (docs/PROTOCOL.md, section 15).

pub mod dump;
pub mod exchange;
pub mod make;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use daybook_core::identity::pin::PinCost;
use daybook_server::Running;
use daybook_server::office::{Settings, SystemRandomness};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::world::StoryClock;

/// Databases of either side that hold what nobody can make anew. Read models are not among them.
const DATABASES: [&str; 2] = ["log", "people"];
/// Other files of head office.
const OF_OFFICE: &[&str] = &["identity.json", "epoch"];
/// Other files of a till.
const OF_TILL: &[&str] = &["keys.json"];

/// What was true when a recording was made.
#[derive(Debug, Serialize, Deserialize)]
pub struct Truth {
    /// Head office's clock, in microseconds since 1970; it stands.
    pub wall: i64,
    /// What the read models of head office said.
    pub office: Value,
    /// What those of the till said.
    pub till: Value,
    /// Receipts at head office once the till has sent what it had not.
    pub receipts_with_unsent: i64,
}

/// A recording.
#[derive(Clone, Debug)]
pub struct Recording(PathBuf);

impl Recording {
    /// The recording in a folder.
    pub fn of(folder: &Path) -> Self {
        Recording(folder.to_owned())
    }

    /// What was true when it was made.
    pub fn truth(&self) -> anyhow::Result<Truth> {
        Ok(serde_json::from_str(&self.read("truth.json")?)?)
    }

    /// What was asked and answered, in order.
    pub fn exchanges(&self) -> anyhow::Result<Vec<exchange::Exchange>> {
        let text = self.read("exchanges.ndjson")?;
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }

    /// Puts the files of head office into a folder.
    pub fn put_office(&self, to: &Path) -> anyhow::Result<()> {
        self.put("office", OF_OFFICE, to)
    }

    /// Puts the files of the till into a folder. Its journal is not among them: it belongs to a machine.
    pub fn put_till(&self, to: &Path) -> anyhow::Result<()> {
        self.put("till", OF_TILL, to)
    }

    fn put(&self, side: &str, files: &[&str], to: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(to)?;
        for name in DATABASES {
            dump::restore(&self.read(&format!("{side}/{name}.sql"))?, &to.join(format!("{name}.db")))?;
        }
        for name in files {
            private(&to.join(name), &self.read(&format!("{side}/{name}"))?)?;
        }
        Ok(())
    }

    fn read(&self, name: &str) -> anyhow::Result<String> {
        let path = self.0.join(name);
        std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
    }
}

/// Starts a head office whose clock stands.
pub async fn start(data: &Path, wall: i64) -> anyhow::Result<Running> {
    let settings = Settings {
        data: data.to_owned(),
        durable: false,
        clock: StoryClock::at(wall),
        randomness: Arc::new(SystemRandomness),
        pin_cost: PinCost::CHEAP,
    };
    Ok(daybook_server::start(settings, std::net::SocketAddr::from(([127, 0, 0, 1], 0))).await?)
}

/// Writes a file that only its owner may read: keys that others can read are not used.
fn private(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())?;
    Ok(())
}
