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
/// What may not have been flushed when the power went, many times over.
const TAIL_BYTES: u64 = 1 << 20;
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
            Err(error) if is_missing(&error) => return Ok(Found::Missing),
            Err(error) => return Err(error),
        };
        let mut reader = BufReader::new(file);
        let mut first = String::new();
        if reader.read_line(&mut first).is_err() || !first.ends_with('\n') {
            return Ok(Found::Unreadable);
        }
        let Ok(header) = serde_json::from_str::<Header>(&first) else { return Ok(Found::Unreadable) };
        let mut file = reader.into_inner();
        let Some(Tail { last, .. }) = Tail::of(&mut file, first.len() as u64)? else {
            return Ok(Found::Unreadable);
        };
        Ok(Found::Journal(Box::new(header), last.map(Box::new)))
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

    /// Opens the journal of an origin for appending, cutting off what a power cut left in half, and what came after that.
    pub fn open(directory: &Path) -> std::io::Result<Self> {
        let path = directory.join(FILE);
        let mut file = OpenOptions::new().read(true).append(true).open(&path)?;
        let mut first = Vec::new();
        BufReader::new(&mut file).read_until(b'\n', &mut first)?;
        if let Some(tail) = Tail::of(&mut file, first.len() as u64)? {
            file.seek(SeekFrom::Start(tail.end))?;
            let mut rest = Vec::new();
            file.read_to_end(&mut rest)?;
            if rest.contains(&b'\n') {
                // Whole lines after a broken one: the log is asked for what they say, and they are kept for whoever wants to look.
                private().open(directory.join(format!("{FILE}.cut")))?.write_all(&rest)?;
            }
            file.set_len(tail.end)?;
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
        let mut file = private().open(&new)?;
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
            Journal::end(directory)?;
        }
        std::fs::rename(&new, &path)?;
        sync_directory(directory)?;
        Ok(Journal { file, path })
    }

    /// Ends the current journal file, where there is one: it is written no more, and kept under the next number.
    pub fn end(directory: &Path) -> std::io::Result<()> {
        let earlier = numbered(directory)?.into_iter().map(|(number, _)| number);
        let last = earlier.filter(|number| *number != CURRENT).max().unwrap_or(0);
        match std::fs::rename(directory.join(FILE), directory.join(format!("{FILE}.{}", last + 1))) {
            Err(error) if is_missing(&error) => return Ok(()),
            other => other?,
        }
        sync_directory(directory)
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

    /// Flushes the journal to its disk.
    pub fn flush(&self) -> std::io::Result<()> {
        self.file.sync_data()
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

/// How a file is made that only the till's own user reads.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The end of a journal file: what a power cut can have damaged, because it is flushed in the background. A file system may have written
/// later bytes without earlier ones, so a record counts only where all before it in the tail are whole and linked.
struct Tail {
    /// The last record that counts; none where there is none yet.
    last: Option<Record>,
    /// Where it ends.
    end: u64,
}

impl Tail {
    /// Reads the tail of a file whose first line has this length; none where not even its oldest record counts.
    fn of(file: &mut File, after_header: u64) -> std::io::Result<Option<Tail>> {
        let length = file.metadata()?.len();
        let mut window = TAIL_BYTES;
        loop {
            let start = length.saturating_sub(window).max(after_header);
            file.seek(SeekFrom::Start(start))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let is_whole = start == after_header;
            // Where it begins in the middle of the file, the first line is a part of one.
            let skipped = if is_whole {
                0
            } else {
                bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| end + 1)
            };
            let mut tail = Tail { last: None, end: start + skipped as u64 };
            let mut broken = false;
            for line in bytes[skipped..].split_inclusive(|byte| *byte == b'\n') {
                let Some(whole) = line.strip_suffix(b"\n") else { break };
                let record = std::str::from_utf8(whole).ok().and_then(read_record);
                let links =
                    |record: &Record| tail.last.as_ref().is_none_or(|last| record.prev == last.tip.hash);
                let Some(record) = record.filter(links) else {
                    broken = true;
                    break;
                };
                tail.end += line.len() as u64;
                tail.last = Some(record);
            }
            if tail.last.is_some() || is_whole {
                return Ok((tail.last.is_some() || !broken).then_some(tail));
            }
            window *= 8;
        }
    }
}

/// Whether there is no such file; also where a file stands in the place of its directory.
fn is_missing(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

/// Journal files with their numbers; the current one, which has none, counts as the last.
fn numbered(directory: &Path) -> std::io::Result<Vec<(u64, PathBuf)>> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if is_missing(&error) => return Ok(Vec::new()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::identity::KeyPair;
    use daybook_core::ids::OrganisationId;

    fn event(seq: i64, prev: Hash) -> Record {
        let payload = format!("{{\"text\":\"{}\"}}", "x".repeat(1_000));
        let text = EventText { envelope: format!("{{\"seq\":{seq}}}"), payload, seal: None };
        Record { tip: Tip { seq, hash: text.hash(prev) }, prev, text }
    }

    /// A journal of so many events in a directory; gives them.
    fn journal_of(directory: &Path, count: i64) -> Vec<Record> {
        let identity = Identity {
            organisation: OrganisationId(uuid::Uuid::nil()),
            root: KeyPair::from_seed([1; 32]).public(),
            head_office: Vec::new(),
            origins: Vec::new(),
            server: String::new(),
            alone: false,
        };
        let mut journal = Journal::begin(directory, OriginId(uuid::Uuid::nil()), "here", &identity).unwrap();
        let mut records: Vec<Record> = Vec::new();
        for seq in 1..=count {
            let prev = records.last().map_or(Tip::NONE.hash, |last| last.tip.hash);
            records.push(event(seq, prev));
        }
        journal
            .append(records.iter().map(|record| (record.tip, record.prev, &record.text)))
            .unwrap();
        records
    }

    fn last(directory: &Path) -> Option<i64> {
        match Journal::look(directory).unwrap() {
            Found::Journal(_, last) => Some(last.map_or(0, |record| record.tip.seq)),
            _ => None,
        }
    }

    /// Fills so many bytes from the beginning of a record on with zeros, as a file system does that made room for what never came.
    fn hole(directory: &Path, seq: i64, bytes: usize) {
        let path = directory.join(FILE);
        let mut text = std::fs::read(&path).unwrap();
        let mark = format!("\n[{seq},");
        let at = text.windows(mark.len()).position(|part| part == mark.as_bytes()).unwrap() + 1;
        let end = text.len().min(at + bytes);
        text[at..end].fill(0);
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn what_stands_after_a_hole_counts_no_more_and_is_kept() {
        // Small enough to be read whole, and longer than the tail.
        for count in [20, 3_000] {
            let home = tempfile::tempdir().unwrap();
            journal_of(home.path(), count);
            assert_eq!(last(home.path()), Some(count));
            hole(home.path(), count - 5, 512);
            assert_eq!(last(home.path()), Some(count - 6), "of {count}");
            drop(Journal::open(home.path()).unwrap());
            assert_eq!(last(home.path()), Some(count - 6));
            let cut = std::fs::read_to_string(home.path().join("journal.cut")).unwrap();
            assert!(cut.contains(&format!("\n[{count},")), "the later ones can be looked at");
            assert_eq!(Journal::files(home.path()).unwrap().len(), 1, "and are no journal");
        }
    }

    #[test]
    fn a_record_cut_off_in_the_middle_goes_and_nothing_is_kept_of_it() {
        let home = tempfile::tempdir().unwrap();
        let records = journal_of(home.path(), 3);
        let path = home.path().join(FILE);
        let length = std::fs::metadata(&path).unwrap().len();
        OpenOptions::new().write(true).open(&path).unwrap().set_len(length - 100).unwrap();
        let mut journal = Journal::open(home.path()).unwrap();
        let third = &records[2];
        journal.append([(third.tip, third.prev, &third.text)]).unwrap();
        assert_eq!(last(home.path()), Some(3));
        assert!(!home.path().join("journal.cut").exists());
    }

    #[test]
    fn a_journal_whose_first_record_is_broken_is_nobodys() {
        let home = tempfile::tempdir().unwrap();
        journal_of(home.path(), 3);
        hole(home.path(), 1, 40);
        assert_eq!(last(home.path()), None);
    }

    #[test]
    fn a_journal_that_ended_is_kept_under_the_next_number() {
        let home = tempfile::tempdir().unwrap();
        Journal::end(home.path()).unwrap();
        for number in 1..=2 {
            journal_of(home.path(), 1);
            Journal::end(home.path()).unwrap();
            assert!(home.path().join(format!("journal.{number}")).exists());
        }
        assert!(matches!(Journal::look(home.path()).unwrap(), Found::Missing));
    }
}
