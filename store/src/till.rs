//! The till's log: one durable commit per command, and everything the till must remember to go on.
//!
//! Appending is one `BEGIN IMMEDIATE` transaction with one disk sync. An error on commit is not "not recorded": [`TillLog::command`]
//! looks the command up and says which. Events of others come in with the cursor of their page, in one transaction.

use daybook_core::chain::{Hash, Tip};
use daybook_core::envelope::{Envelope, EventText};
use daybook_core::identity::certificate::SignedCertificate;
use daybook_core::ids::{CommandId, OriginId, SaleId};
use daybook_core::record::Recorded;
use daybook_core::sync::scope::conflicts_store;
use daybook_core::wire::{ConflictRecord, FeedEntry, ToldConflict};
use rusqlite::{Connection, OptionalExtension as _};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::events::{self, StoredEvent};
use crate::file::{Durability, Migration, StoreError, checkpoint, open_reader, open_writer, transact};
use crate::links;
use crate::log_files::LogFiles;
use crate::sql;
use crate::verify::newest_are_whole;

pub mod snapshot;

const MIGRATIONS: &[Migration] = &[
    ("0001_log", include_str!("../../migrations/till/0001_log.sql")),
    ("0002_recalled", include_str!("../../migrations/till/0002_recalled.sql")),
    ("0003_parked", include_str!("../../migrations/till/0003_parked.sql")),
    ("0004_set_aside", include_str!("../../migrations/till/0004_set_aside.sql")),
    ("0005_skeletons", include_str!("../../migrations/till/0005_skeletons.sql")),
    ("0006_snapshot", include_str!("../../migrations/till/0006_snapshot.sql")),
];

/// Events whose hashes are looked at when a till starts: a few milliseconds of work.
const PROBED_EVENTS: usize = 1_000;

/// Name of the fact that is written when a failed commit was looked into.
const SETTLED_FACT: &str = "settled";

/// The log of a till, open for its one writer.
#[derive(Debug)]
pub struct TillLog {
    connection: Connection,
    path: PathBuf,
    files: LogFiles,
}

/// An own event as it was kept outside the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptEvent {
    /// Its place in the chain.
    pub tip: Tip,
    /// Hash of the event before it.
    pub prev: Hash,
    /// Its envelope, read.
    pub envelope: Envelope,
    /// The texts.
    pub text: EventText,
}

/// How far a scope was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// What to send to go on.
    pub cursor: String,
    /// The position reached.
    pub position: i64,
}

impl TillLog {
    /// Opens or makes the log in a directory. Take the directory's lock first.
    pub fn open(directory: &Path, durability: Durability) -> Result<Self, StoreError> {
        let path = TillLog::path_in(directory);
        let connection = open_writer(&path, durability, MIGRATIONS)?;
        let files = LogFiles::of(&path)?;
        Ok(TillLog { connection, path, files })
    }

    /// Where the log of a directory is.
    pub fn path_in(directory: &Path) -> PathBuf {
        directory.join("log.db")
    }

    /// Reads what a till reads and writes first, so that a broken file is noticed before anything rests on it.
    pub fn probe(&self) -> Result<(), StoreError> {
        const NEWEST: [&str; 12] = [
            "SELECT * FROM events ORDER BY position DESC LIMIT 1000",
            "SELECT * FROM tips ORDER BY seq DESC LIMIT 1000",
            "SELECT * FROM facts ORDER BY name DESC LIMIT 1000",
            "SELECT * FROM cursors ORDER BY scope DESC LIMIT 1000",
            "SELECT * FROM commands ORDER BY command DESC LIMIT 1000",
            "SELECT * FROM conflicts ORDER BY id DESC LIMIT 1000",
            "SELECT * FROM set_aside ORDER BY sale DESC LIMIT 1000",
            "SELECT * FROM snapshot ORDER BY number DESC LIMIT 1000",
            "SELECT seq FROM events INDEXED BY events_chain ORDER BY origin DESC, seq DESC LIMIT 1000",
            "SELECT stream FROM events INDEXED BY events_stream WHERE stream IS NOT NULL ORDER BY stream DESC LIMIT 1000",
            "SELECT seq FROM events INDEXED BY events_milestone
             WHERE kind IN ('origin.opened', 'shift.opened', 'shift.closed') ORDER BY origin DESC, seq DESC LIMIT 1000",
            "SELECT json_extract(payload, '$.from_parked') FROM events INDEXED BY events_recalled
             WHERE kind = 'sale.opened' ORDER BY 1 DESC LIMIT 1000",
        ];
        for sql in NEWEST {
            let mut statement = self.connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
        }
        if newest_are_whole(&self.connection, PROBED_EVENTS)? {
            Ok(())
        } else {
            Err(StoreError::Damaged(self.path.clone()))
        }
    }

    /// A second connection for reading.
    pub fn reader(&self) -> Result<Connection, StoreError> {
        open_reader(&self.path)
    }

    /// Makes certain, on the disk, what became of a commit that failed: what SQLite holds to be committed is moved into the file, and a
    /// commit after it sees to it that the write-ahead log never gives back what is not. A question asked afterwards has a lasting answer.
    pub fn settle(&mut self) -> Result<(), StoreError> {
        self.files.check()?;
        checkpoint(&self.connection, &self.path)?;
        self.put_fact(SETTLED_FACT, &events::last_position(&self.connection)?.to_string())?;
        self.files.check()
    }

    /// The connection, for questions.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Appends own events in one durable commit, together with the command and its answer. Gives the position of the last.
    pub fn append(
        &mut self,
        recorded: &[Recorded],
        command: Option<(CommandId, &str)>,
    ) -> Result<i64, StoreError> {
        self.in_place(|connection| {
            let position = insert_all(connection, recorded)?;
            if let Some((command, answer)) = command {
                let (origin, seq) =
                    recorded.last().map_or((uuid::Uuid::nil(), 0), |e| (e.envelope.origin.0, e.tip.seq));
                let sql = "INSERT INTO commands (command, origin, last_seq, answer) VALUES (?1, ?2, ?3, ?4)";
                let (command, origin) = (sql::blob(&command.0), sql::blob(&origin));
                connection.prepare_cached(sql)?.execute((command, origin, seq, answer))?;
            }
            Ok(position)
        })
    }

    /// Appends own events, the logs of several origins one after the other, in one durable commit, together with a named fact that
    /// depends on them. Gives the position of the last.
    pub fn append_with_fact(
        &mut self,
        logs: &[&[Recorded]],
        name: &str,
        value: &str,
    ) -> Result<i64, StoreError> {
        self.in_place(|connection| {
            let mut position = 0;
            for recorded in logs {
                position = insert_all(connection, recorded)?.max(position);
            }
            events::put_fact(connection, name, value)?;
            Ok(position)
        })
    }

    /// Takes own events back that were kept elsewhere, each linking to the one before it, with the answers of their commands.
    pub fn take_back(
        &mut self,
        events: &[KeptEvent],
        answers: &[(CommandId, Tip, String)],
    ) -> Result<(), StoreError> {
        self.in_place(|connection| {
            for KeptEvent { tip, prev, envelope, text } in events {
                insert_own(connection, envelope, *tip, *prev, text)?;
                events::move_tip(connection, envelope.origin, Tip { seq: tip.seq - 1, hash: *prev }, *tip)?;
            }
            let Some(last) = events.last() else { return Ok(()) };
            let sql =
                "INSERT OR IGNORE INTO commands (command, origin, last_seq, answer) VALUES (?1, ?2, ?3, ?4)";
            for (command, recorded, answer) in answers {
                let (command, origin) = (sql::blob(&command.0), sql::blob(&last.envelope.origin.0));
                connection.prepare_cached(sql)?.execute((command, origin, recorded.seq, answer))?;
            }
            Ok(())
        })
    }

    /// Commits to the files that the paths still name, before and after: SQLite keeps answering OK after its file is gone.
    fn in_place<T>(
        &mut self,
        act: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.files.check()?;
        let done = transact(&mut self.connection, act)?;
        self.files.check()?;
        Ok(done)
    }

    /// The answer of a command that was executed; none where it was not.
    pub fn command(&self, command: CommandId) -> Result<Option<String>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT answer FROM commands WHERE command = ?1")?;
        Ok(statement.query_row([sql::blob(&command.0)], |row| row.get(0)).optional()?)
    }

    /// Takes in a page of the feed with its cursor. Events that are there already change nothing.
    pub fn store_page(
        &mut self,
        scope: &str,
        entries: &[(OriginId, Tip, FeedEntry)],
        cursor: &Cursor,
    ) -> Result<(), StoreError> {
        transact(&mut self.connection, |connection| {
            for (origin, tip, entry) in entries {
                insert_links(connection, *origin, *tip, entry)?;
                insert_foreign(connection, *origin, *tip, entry.prev(), &entry.text)?;
            }
            let sql = "INSERT INTO cursors VALUES (?1, ?2, ?3)
                       ON CONFLICT (scope) DO UPDATE SET cursor = excluded.cursor, position = excluded.position";
            connection.prepare_cached(sql)?.execute((scope, &cursor.cursor, cursor.position))?;
            Ok(())
        })
    }

    /// Takes in events of an origin's chain that this till did not write now, each with the hash of the one before it. What is there
    /// already changes nothing.
    pub fn store_others(
        &mut self,
        origin: OriginId,
        events: &[(Hash, Tip, EventText)],
    ) -> Result<(), StoreError> {
        transact(&mut self.connection, |connection| {
            events
                .iter()
                .try_for_each(|(prev, tip, text)| insert_foreign(connection, origin, *tip, *prev, text))
        })
    }

    /// Keeps certificates that were proved. The first one of an origin stays.
    pub fn put_certificates(
        &mut self,
        certificates: &[(OriginId, SignedCertificate)],
    ) -> Result<(), StoreError> {
        transact(&mut self.connection, |connection| {
            for (origin, signed) in certificates {
                let sql = "INSERT OR IGNORE INTO certificates VALUES (?1, ?2, ?3)";
                connection.prepare_cached(sql)?.execute((
                    sql::blob(&origin.0),
                    &signed.certificate,
                    &signed.signature,
                ))?;
            }
            Ok(())
        })
    }

    /// Takes in a page of the conflicts lane with its cursor.
    pub fn store_conflicts(
        &mut self,
        scope: &str,
        records: &[ToldConflict],
        cursor: &Cursor,
    ) -> Result<(), StoreError> {
        transact(&mut self.connection, |connection| {
            for record in records {
                let sql = "INSERT INTO conflicts VALUES (?1, ?2, ?3)
                           ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, record = excluded.record";
                connection.prepare_cached(sql)?.execute((&record.id, record.revision, &record.record))?;
            }
            let sql = "INSERT INTO cursors VALUES (?1, ?2, ?3)
                       ON CONFLICT (scope) DO UPDATE SET cursor = excluded.cursor, position = excluded.position";
            connection.prepare_cached(sql)?.execute((scope, &cursor.cursor, cursor.position))?;
            Ok(())
        })
    }

    /// Forgets how far a scope was followed. Events stay; conflicts are told anew, those that are no more are not.
    pub fn reset_cursor(&mut self, scope: &str) -> Result<(), StoreError> {
        transact(&mut self.connection, |connection| {
            connection.execute("DELETE FROM cursors WHERE scope = ?1", [scope])?;
            if conflicts_store(scope).is_some() {
                connection.execute("DELETE FROM conflicts", [])?;
            }
            Ok(())
        })
    }

    /// How far each scope was followed.
    pub fn cursors(&self) -> Result<BTreeMap<String, Cursor>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT scope, cursor, position FROM cursors")?;
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, Cursor { cursor: row.get(1)?, position: row.get(2)? })))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The conflicts that head office told of, by revision. One of a kind that this version does not know is kept for a later one.
    pub fn conflicts(&self) -> Result<Vec<ConflictRecord>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT record FROM conflicts ORDER BY revision")?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        let mut known = Vec::new();
        for text in rows {
            known.extend(serde_json::from_str(&text?).ok());
        }
        Ok(known)
    }

    /// A named fact.
    pub fn fact(&self, name: &str) -> Result<Option<String>, StoreError> {
        events::fact(&self.connection, name)
    }

    /// Remembers a named fact, durably.
    pub fn put_fact(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        transact(&mut self.connection, |connection| events::put_fact(connection, name, value))
    }

    /// Forgets a named fact.
    pub fn forget_fact(&mut self, name: &str) -> Result<(), StoreError> {
        self.connection.execute("DELETE FROM facts WHERE name = ?1", [name])?;
        Ok(())
    }

    /// The last own event of an origin. Another branch, come back by the feed, is not own.
    pub fn own_tip(&self, origin: OriginId) -> Result<Tip, StoreError> {
        let sql =
            "SELECT seq, hash FROM events WHERE origin = ?1 AND stream IS NOT NULL ORDER BY seq DESC LIMIT 1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found: Option<(i64, Vec<u8>)> = statement
            .query_row([sql::blob(&origin.0)], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        found.map_or(Ok(Tip::NONE), |(seq, hash)| Ok(Tip { seq, hash: sql::hash(&hash)? }))
    }

    /// Own events of an origin numbered from `first` to `last`.
    pub fn own_chain(&self, origin: OriginId, first: i64, last: i64) -> Result<Vec<StoredEvent>, StoreError> {
        let sql = "SELECT position, origin, seq, hash, prev, envelope, payload, seal FROM events
                   WHERE origin = ?1 AND seq BETWEEN ?2 AND ?3 AND stream IS NOT NULL ORDER BY seq";
        self.own_events(sql, (sql::blob(&origin.0), first, last))
    }

    /// Own events after a number: at most so many, and at most so many bytes beyond the first.
    pub fn own_after(
        &self,
        origin: OriginId,
        after: i64,
        events_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let last = after.saturating_add(i64::try_from(events_max).unwrap_or(i64::MAX));
        let mut bytes = 0;
        let fits = |event: &StoredEvent| {
            let first = bytes == 0;
            bytes += event.text.envelope.len() + event.text.payload.len() + 96;
            first || bytes <= bytes_max
        };
        Ok(self.own_chain(origin, after + 1, last)?.into_iter().take_while(fits).collect())
    }

    /// Whether an own event is there. The start of a chain always is.
    pub fn holds(&self, origin: OriginId, tip: Tip) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM events WHERE origin = ?1 AND seq = ?2 AND hash = ?3 AND stream IS NOT NULL)";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found =
            statement.query_row((sql::blob(&origin.0), tip.seq, tip.hash.0.as_slice()), |row| row.get(0))?;
        Ok(found || tip == Tip::NONE)
    }

    /// The number of the last event of an origin at which its book can be begun: its last closing, or its opening.
    pub fn book_start(&self, origin: OriginId) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(max(seq), 0) FROM events WHERE origin = ?1 AND kind IN ('origin.opened', 'shift.closed')";
        Ok(self.connection.query_row(sql, [sql::blob(&origin.0)], |row| row.get(0))?)
    }

    /// The streams of own sales that were opened after a number and neither completed, parked nor abandoned.
    pub fn open_sales(&self, origin: OriginId, after: i64) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT stream FROM events WHERE origin = ?1 AND seq > ?2 AND kind = 'sale.opened' AND stream NOT IN (
                       SELECT stream FROM events WHERE origin = ?1 AND seq > ?2
                       AND kind IN ('sale.completed', 'sale.parked', 'sale.abandoned')) ORDER BY seq";
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map((sql::blob(&origin.0), after), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The own events of a stream, in order.
    pub fn stream(&self, stream: &str) -> Result<Vec<StoredEvent>, StoreError> {
        let sql = "SELECT position, origin, seq, hash, prev, envelope, payload, seal FROM events WHERE stream = ?1 ORDER BY seq";
        self.own_events(sql, [stream])
    }

    /// Own completing events of an origin after a number, at most so many.
    pub fn completed_after(
        &self,
        origin: OriginId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let sql = "SELECT position, origin, seq, hash, prev, envelope, payload, seal FROM events
                   WHERE origin = ?1 AND seq > ?2 AND kind = 'sale.completed' ORDER BY seq LIMIT ?3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.own_events(sql, (sql::blob(&origin.0), after, limit))
    }

    /// The last own closing of a shift of an origin.
    pub fn last_closing(&self, origin: OriginId) -> Result<Option<StoredEvent>, StoreError> {
        let sql = "SELECT position, origin, seq, hash, prev, envelope, payload, seal FROM events
                   WHERE origin = ?1 AND kind = 'shift.closed' ORDER BY seq DESC LIMIT 1";
        Ok(self.own_events(sql, [sql::blob(&origin.0)])?.pop())
    }

    fn own_events(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(parameters)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(events::read_row(row)?);
        }
        Ok(found)
    }

    /// Number of own events in a stream.
    pub fn stream_length(&self, stream: &str) -> Result<i64, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT count(*) FROM events WHERE stream = ?1")?;
        Ok(statement.query_row([stream], |row| row.get(0))?)
    }

    /// The last document that an own origin completed.
    pub fn last_completed(&self, origin: OriginId) -> Result<Option<StoredEvent>, StoreError> {
        let sql = "SELECT position, origin, seq, hash, prev, envelope, payload, seal FROM events
                   WHERE origin = ?1 AND kind = 'sale.completed' ORDER BY seq DESC LIMIT 1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([sql::blob(&origin.0)])?;
        rows.next()?.map(events::read_row).transpose()
    }

    /// Own sales that are set aside and were not recalled, the newest first, at most so many.
    pub fn parked(&self, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let sql = "SELECT e.position, e.origin, e.seq, e.hash, e.prev, e.envelope, e.payload, e.seal
                   FROM set_aside s JOIN events e ON e.position = s.position ORDER BY s.position DESC LIMIT ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(events::read_row(row)?);
        }
        Ok(found)
    }

    /// Whether an own document went on with a parked sale.
    pub fn was_recalled(&self, parked: SaleId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM events
                   WHERE kind = 'sale.opened' AND json_extract(payload, '$.from_parked') = ?1)";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row([parked.to_string()], |row| row.get(0))?)
    }
}

fn insert_all(connection: &Connection, recorded: &[Recorded]) -> Result<i64, StoreError> {
    let mut position = 0;
    for event in recorded {
        position = insert_own(connection, &event.envelope, event.tip, event.prev, &event.text)?;
    }
    if let (Some(first), Some(last)) = (recorded.first(), recorded.last()) {
        let after = Tip { seq: first.tip.seq - 1, hash: first.prev };
        events::move_tip(connection, last.envelope.origin, after, last.tip)?;
    }
    Ok(position)
}

fn insert_own(
    connection: &Connection,
    envelope: &Envelope,
    tip: Tip,
    prev: Hash,
    text: &EventText,
) -> Result<i64, StoreError> {
    let sql = "INSERT INTO events (origin, seq, hash, prev, stream, kind, envelope, payload, seal)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    connection.prepare_cached(sql)?.execute((
        sql::blob(&envelope.origin.0),
        tip.seq,
        tip.hash.0.as_slice(),
        prev.0.as_slice(),
        &envelope.stream,
        &envelope.kind,
        &text.envelope,
        &text.payload,
        text.seal.map(|seal| seal.text()),
    ))?;
    Ok(connection.last_insert_rowid())
}

/// Keeps the links that an entry of the feed brings.
fn insert_links(
    connection: &Connection,
    origin: OriginId,
    tip: Tip,
    entry: &FeedEntry,
) -> Result<(), StoreError> {
    let count = i64::try_from(entry.skeletons.len()).unwrap_or(i64::MAX);
    let mut prev = entry.before;
    for (seq, skeleton) in (tip.seq - count..).zip(&entry.skeletons) {
        let link = Tip { seq, hash: skeleton.hash(prev) };
        links::put(connection, origin, link, prev, *skeleton)?;
        prev = link.hash;
    }
    Ok(())
}

fn insert_foreign(
    connection: &Connection,
    origin: OriginId,
    tip: Tip,
    prev: Hash,
    text: &EventText,
) -> Result<(), StoreError> {
    links::filled(connection, origin, tip)?;
    let sql = "INSERT OR IGNORE INTO events (origin, seq, hash, prev, envelope, payload, seal) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let inserted = connection.prepare_cached(sql)?.execute((
        sql::blob(&origin.0),
        tip.seq,
        tip.hash.0.as_slice(),
        prev.0.as_slice(),
        &text.envelope,
        &text.payload,
        text.seal.map(|seal| seal.text()),
    ))?;
    if inserted > 0 {
        links::note_tip(connection, origin, tip)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::amount::Currency;
    use daybook_core::event::Event;
    use daybook_core::event::sale::{BegunAs, Opened, Parked, Prices, TaxRounding, Terms};
    use daybook_core::identity::KeyPair;
    use daybook_core::ids::{EventId, ShiftId, StoreId, TillId};
    use daybook_core::record::{Circumstances, Draft, Writer};
    use daybook_core::time::Now;
    use uuid::Uuid;

    fn sale(number: u128) -> SaleId {
        SaleId(Uuid::from_u128(number))
    }

    fn parked(number: u128) -> Event {
        Parked { sale: sale(number), customer: None, lines: Vec::new(), parts: 0 }.into()
    }

    fn recalled(as_number: u128, number: u128) -> Event {
        Opened {
            sale: sale(as_number),
            begun_as: BegunAs::Sale,
            store: StoreId(Uuid::nil()),
            till: TillId(Uuid::nil()),
            shift: ShiftId(Uuid::nil()),
            terms: Terms {
                currency: Currency::from_code("EUR").unwrap(),
                prices: Prices::Inclusive,
                tax_rounding: TaxRounding::Document,
                cash_rounding: None,
            },
            from_parked: Some(sale(number)),
        }
        .into()
    }

    fn record(events: Vec<Event>) -> Vec<Recorded> {
        let draft = |(number, event): (u128, Event)| Draft {
            id: EventId(Uuid::from_u128(number)),
            event,
            rev: 1,
            base: None,
        };
        let circumstances = Circumstances {
            now: Now { wall: 1, offset: 0 },
            actor: None,
            approver: None,
            command: None,
            day: None,
        };
        let drafts = (1..).zip(events).map(draft).collect();
        let writer = Writer::new(OriginId(Uuid::from_u128(1)));
        writer.record(drafts, &circumstances, &KeyPair::from_seed([1; 32]), false).unwrap().0
    }

    fn set_aside(log: &TillLog) -> Vec<String> {
        let found = log.parked(10).unwrap();
        found.into_iter().map(|event| event.text.read_envelope().unwrap().stream).collect()
    }

    fn streams(numbers: &[u128]) -> Vec<String> {
        numbers.iter().map(|number| format!("sale/{}", sale(*number))).collect()
    }

    #[test]
    fn sales_that_are_set_aside_are_told_until_they_are_recalled_the_newest_first() {
        let home = tempfile::tempdir().unwrap();
        let mut log = TillLog::open(home.path(), Durability::Off).unwrap();
        let recorded = record(vec![parked(1), parked(2), parked(3), recalled(4, 2)]);
        log.append(&recorded[..3], None).unwrap();
        assert_eq!(set_aside(&log), streams(&[3, 2, 1]));
        log.append(&recorded[3..], None).unwrap();
        assert_eq!(set_aside(&log), streams(&[3, 1]));
        assert_eq!(log.parked(1).unwrap().len(), 1);
    }

    #[test]
    fn a_sale_that_was_recalled_is_not_set_aside_in_whatever_order_events_come_back() {
        let home = tempfile::tempdir().unwrap();
        let mut log = TillLog::open(home.path(), Durability::Off).unwrap();
        for event in record(vec![parked(1), recalled(2, 1), parked(3)]).into_iter().rev() {
            let Recorded { tip, prev, envelope, text, .. } = event;
            log.take_back(&[KeptEvent { tip, prev, envelope, text }], &[]).unwrap();
        }
        assert_eq!(set_aside(&log), streams(&[3]));
    }

    #[test]
    fn a_log_of_an_earlier_version_tells_what_was_set_aside_in_it() {
        let home = tempfile::tempdir().unwrap();
        let path = TillLog::path_in(home.path());
        let mut old = open_writer(&path, Durability::Off, &MIGRATIONS[..3]).unwrap();
        let recorded = record(vec![parked(1), parked(2), recalled(3, 1)]);
        transact(&mut old, |connection| insert_all(connection, &recorded)).unwrap();
        drop(old);
        assert_eq!(set_aside(&TillLog::open(home.path(), Durability::Off).unwrap()), streams(&[2]));
    }
}
