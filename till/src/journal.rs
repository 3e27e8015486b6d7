//! The journal file: one append-only text file in another place, written after each commit.
//!
//! It brings back what a destroyed log loses, and it tells a restored or copied log from the true one: a log whose journal file is
//! missing, diverged or of another machine cannot be told from a copy. Its first line says whose it is and who the till was when it
//! began, so that together with the keys it is all that a till needs. A record is a line `[seq,"hash","prev",[envelope,payload,seal]]`.
//! The files of earlier origins stay beside it as `journal.1`, `journal.2` and so on.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use daybook_core::chain::{Hash, Tip};
use daybook_core::envelope::EventText;
use daybook_core::ids::OriginId;
use daybook_core::record::Recorded;
use daybook_store::file::sync_directory;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::identity::Identity;

/// Name of the file in the journal's directory.
const FILE: &str = "journal";
/// In place of its number: the journal file that is written now.
const CURRENT: u64 = u64::MAX;

/// First line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the format.
    pub daybook_journal: u32,
    /// Whose events follow.
    pub origin: OriginId,
    /// The machine it was written on.
    pub machine: String,
    /// Who the till is, as of this origin: certificates and addresses, no secrets. Files of early versions do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
}

/// A record of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Number and hash of the event.
    pub tip: Tip,
    /// Hash of the event before it.
    pub prev: Hash,
    /// The event.
    pub text: EventText,
}

impl Record {
    /// Whether it is the first event of its origin.
    pub fn is_first(&self) -> bool {
        (self.tip.seq, self.prev) == (1, Tip::NONE.hash)
    }
}

/// What a directory holds as journal.
#[derive(Debug)]
pub enum Found {
    /// Nothing.
    Missing,
    /// Something that is no journal.
    Unreadable,
    /// A journal with its last whole record.
    Journal(Box<Header>, Option<Box<Record>>),
}

/// A journal, open for appending.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Looks what a directory holds. A record that a crash cut off is not counted.
    pub fn look(directory: &Path) -> std::io::Result<Found> {
        let path = directory.join(FILE);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Missing),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        let mut reader = BufReader::new(file);
        let mut first = String::new();
        if reader.read_line(&mut first).is_err() || !first.ends_with('\n') {
            return Ok(Found::Unreadable);
        }
        let Ok(header) = serde_json::from_str::<Header>(&first) else { return Ok(Found::Unreadable) };
        let after_header = first.len() as u64;
        // The last whole line stands in the last few records; a record is at most a few hundred kilobytes.
        let mut window = 1 << 16;
        loop {
            let start = length.saturating_sub(window).max(after_header);
            let mut tail = Vec::new();
            reader.seek(SeekFrom::Start(start))?;
            reader.read_to_end(&mut tail)?;
            let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            let mut lines = tail[..whole].split(|byte| *byte == b'\n').rev().filter(|line| !line.is_empty());
            let last = lines.next().and_then(|line| std::str::from_utf8(line).ok()).and_then(read_record);
            if last.is_some() || start == after_header {
                let broken = last.is_none() && whole > 0;
                return Ok(if broken {
                    Found::Unreadable
                } else {
                    Found::Journal(Box::new(header), last.map(Box::new))
                });
            }
            window *= 8;
        }
    }

    /// The journal files of a directory, the newest first.
    pub fn files(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
        let mut files = numbered(directory)?;
        files.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        Ok(files.into_iter().map(|(_, path)| path).collect())
    }

    /// The current journal file of a directory, wherever it stands.
    pub fn current(directory: &Path) -> PathBuf {
        directory.join(FILE)
    }

    /// Reads a journal file: what it says of itself, and its records. None where it is no journal file.
    pub fn read(path: &Path) -> std::io::Result<Option<(Header, Records)>> {
        let mut reader = BufReader::new(File::open(path)?);
        let mut first = Vec::new();
        reader.read_until(b'\n', &mut first)?;
        let header = serde_json::from_slice::<Header>(&first).ok();
        Ok(header.map(|header| (header, Records(reader.split(b'\n')))))
    }

    /// Opens the journal of an origin for appending, cutting off a record that a crash left in half.
    pub fn open(directory: &Path) -> std::io::Result<Self> {
        let path = directory.join(FILE);
        let mut file = OpenOptions::new().read(true).append(true).open(&path)?;
        let length = file.metadata()?.len();
        let start = length.saturating_sub(1 << 20);
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        file.read_to_end(&mut tail)?;
        if let Some(end) = tail.iter().rposition(|byte| *byte == b'\n') {
            file.set_len(start + end as u64 + 1)?;
        }
        Ok(Journal { file, path })
    }

    /// Begins a journal; one that stands there is kept under the next number. Where it cannot be begun, everything is left as it is.
    pub fn begin(
        directory: &Path,
        origin: OriginId,
        machine: &str,
        identity: &Identity,
    ) -> std::io::Result<Self> {
        std::fs::create_dir_all(directory)?;
        let (path, new) = (directory.join(FILE), directory.join(format!("{FILE}.new")));
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&new)?;
        // What a crash left in the middle of an earlier attempt.
        file.set_len(0)?;
        let header = Header {
            daybook_journal: 1,
            origin,
            machine: machine.to_owned(),
            identity: Some(identity.clone()),
        };
        let mut line = serde_json::to_string(&header)?;
        line.push('\n');
        file.write_all(line.as_bytes())?;
        file.sync_all()?;
        // One that was begun and never written holds nothing to keep.
        if path.exists() && !matches!(Journal::look(directory)?, Found::Journal(_, None)) {
            let earlier = numbered(directory)?.into_iter().map(|(number, _)| number);
            let last = earlier.filter(|number| *number != CURRENT).max().unwrap_or(0);
            std::fs::rename(&path, directory.join(format!("{FILE}.{}", last + 1)))?;
        }
        std::fs::rename(&new, &path)?;
        sync_directory(directory)?;
        Ok(Journal { file, path })
    }

    /// Appends events. The caller has committed them already.
    pub fn append<'a>(
        &mut self,
        events: impl IntoIterator<Item = (Tip, Hash, &'a EventText)>,
    ) -> std::io::Result<()> {
        let mut lines = String::new();
        for (tip, prev, text) in events {
            lines.push_str(&format!("[{},\"{}\",\"{prev}\",", tip.seq, tip.hash));
            text.write_line(&mut lines);
            lines.push_str("]\n");
        }
        self.file.write_all(lines.as_bytes())
    }

    /// Appends what was just recorded.
    pub fn append_recorded(&mut self, recorded: &[Recorded]) -> std::io::Result<()> {
        self.append(recorded.iter().map(|event| (event.tip, event.prev, &event.text)))
    }

    /// A handle to flush the journal to its disk with, off the selling path.
    pub fn flusher(&self) -> std::io::Result<File> {
        self.file.try_clone()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Journal files with their numbers; the current one, which has none, counts as the last.
fn numbered(directory: &Path) -> std::io::Result<Vec<(u64, PathBuf)>> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(FILE));
        let number = match rest {
            Some("") => Some(CURRENT),
            Some(rest) => rest.strip_prefix('.').and_then(|digits| digits.parse().ok()),
            None => None,
        };
        files.extend(number.map(|number| (number, directory.join(&name))));
    }
    Ok(files)
}

/// The whole records of a journal file, in order, up to the first that is cut off or does not have its hash.
#[derive(Debug)]
pub struct Records(std::io::Split<BufReader<File>>);

impl Iterator for Records {
    type Item = std::io::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.0.next()? {
            Ok(line) => std::str::from_utf8(&line).ok().and_then(read_record).map(Ok),
            Err(error) => Some(Err(error)),
        }
    }
}

fn read_record(line: &str) -> Option<Record> {
    let (seq, hash, prev, text): (i64, Hash, Hash, &RawValue) = serde_json::from_str(line).ok()?;
    let text = EventText::split(text.get()).ok()?;
    (text.hash(prev) == hash).then_some(Record { tip: Tip { seq, hash }, prev, text })
}

/// A name for this machine: journals are bound to it.
pub fn machine() -> String {
    let read = |path| {
        std::fs::read_to_string(path)
            .ok()
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    read("/etc/machine-id")
        .or_else(|| read("/var/lib/dbus/machine-id"))
        .or_else(|| read("/etc/hostname"))
        .unwrap_or_default()
}
