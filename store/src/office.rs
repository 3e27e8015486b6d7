//! Head office's log: takes in the logs of all origins, gives positions, and keeps what it must know about origins.
//!
//! Many pushes share one transaction (group commit, `ingest`). Positions are per scope and without holes, because there is one writer.

use daybook_core::chain::{Hash, Seal, Skeleton, Tip, running_hash};
use daybook_core::envelope::{EventText, Line};
use daybook_core::event::Event;
use daybook_core::event::stock::Received;
use daybook_core::identity::certificate::{Certificate, SignedCertificate};
use daybook_core::ids::{OriginId, StoreId, TillId};
use daybook_core::limits::ENTRY_SKELETONS_MAX;
use daybook_core::project::{self, standing::Standing};
use daybook_core::record::Recorded;
use daybook_core::sync::scope::read_together;
use rusqlite::{Connection, OptionalExtension as _};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::events::{self, StoredEvent};
use crate::file::{Durability, Migration, StoreError, open_reader, open_writer, transact};
use crate::fresh::{Fresh, Stored};
use crate::links;
use crate::log_files::LogFiles;
use crate::sql;
use entry::scope_in;
use prepared::Ready;

mod entry;
pub mod held;
mod ingest;
#[cfg(test)]
mod packed;
mod prepared;

pub use prepared::Prepared;

const MIGRATIONS: &[Migration] = &[
    ("0001_log", include_str!("../../migrations/server/sqlite/0001_log.sql")),
    ("0002_skeletons", include_str!("../../migrations/server/sqlite/0002_skeletons.sql")),
    ("0003_held", include_str!("../../migrations/server/sqlite/0003_held.sql")),
    ("0004_packed", include_str!("../../migrations/server/sqlite/0004_packed.sql")),
    ("0005_scopes", include_str!("../../migrations/server/sqlite/0005_scopes.sql")),
    ("0006_held_of_tills", include_str!("../../migrations/server/sqlite/0006_held_of_tills.sql")),
];

/// The log of head office, open for its one writer.
#[derive(Debug)]
pub struct OfficeLog {
    connection: Connection,
    path: PathBuf,
    files: LogFiles,
    /// Where stored events are handed on to whoever projects them.
    fresh: Option<Arc<Fresh>>,
}

/// Where a scope's feed stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedHead {
    /// The last position.
    pub position: i64,
    /// The running hash up to and with it.
    pub running: Hash,
}

/// An entry of the feed as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedRow {
    /// Its position in the scope.
    pub position: i64,
    /// The running hash up to and with it.
    pub running: Hash,
    /// Hash of the event before the first skeleton, or before the event itself where there is none.
    pub before: Hash,
    /// The events of its origin that come before it and that readers of the scope do not hold.
    pub skeletons: Vec<Skeleton>,
    /// The event.
    pub event: StoredEvent,
}

/// A one-time code waiting for its till.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentCode {
    /// SHA-256 of the code, under its domain.
    pub code_key: [u8; 32],
    /// The store it is bound to.
    pub store: StoreId,
    /// That store's name.
    pub store_name: String,
    /// The till it makes.
    pub till: TillId,
    /// That till's name.
    pub till_name: String,
    /// Until when it can be used, in microseconds.
    pub expires: i64,
    /// The origin that used it.
    pub used_by: Option<OriginId>,
}

impl OfficeLog {
    /// Opens or makes the log in a directory. Take the directory's lock first.
    pub fn open(directory: &Path, durability: Durability) -> Result<Self, StoreError> {
        let path = directory.join("log.db");
        let connection = open_writer(&path, durability, MIGRATIONS)?;
        let files = LogFiles::of(&path)?;
        Ok(OfficeLog { connection, path, files, fresh: None })
    }

    /// Hands on what is stored from now on.
    pub fn hand_on_to(&mut self, fresh: Arc<Fresh>) {
        self.fresh = Some(fresh);
    }

    /// A second connection for reading.
    pub fn reader(&self) -> Result<Connection, StoreError> {
        open_reader(&self.path)
    }

    /// The connection, for questions.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Appends head office's own events in one durable commit. Where one of them books the goods of a document that is booked already,
    /// nothing of it is appended: see [`booking`].
    pub fn append_own(&mut self, recorded: &[Recorded]) -> Result<(), StoreError> {
        let Some(first) = recorded.first() else { return Ok(()) };
        let origin = first.envelope.origin;
        let after = Tip { seq: first.tip.seq - 1, hash: first.prev };
        let events: Vec<(Tip, Line)> =
            recorded.iter().map(|event| (event.tip, Line::Event(event.text.clone()))).collect();
        self.store(|connection, stored| {
            let office = Some(Standing::HeadOffice);
            for event in recorded {
                let Some((store, document)) = booking(&event.event) else { continue };
                if !book(connection, store, document, event.tip.hash)? {
                    return Err(StoreError::Booked(document.to_owned()));
                }
            }
            let mut prepared = Prepared::default();
            let mut entering = Entering::of(connection, origin, office, &mut prepared, stored);
            append(&mut entering, after, &events, None, false)
        })
    }

    /// Keeps a certificate. The first one of an origin stays.
    pub fn put_certificate(
        &mut self,
        origin: OriginId,
        certificate: &SignedCertificate,
    ) -> Result<(), StoreError> {
        self.transact(|connection| {
            let sql = "INSERT OR IGNORE INTO certificates VALUES (?1, ?2, ?3)";
            connection
                .execute(sql, (sql::blob(&origin.0), &certificate.certificate, &certificate.signature))?;
            Ok(())
        })
    }

    /// Keeps a one-time code; codes that expired before `now` are forgotten.
    pub fn put_code(&mut self, now: i64, code: &EnrolmentCode) -> Result<(), StoreError> {
        self.transact(|connection| {
            connection.execute("DELETE FROM enrolment_codes WHERE expires < ?1", [now])?;
            let sql = "INSERT INTO enrolment_codes VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL)";
            let (store, till) = (sql::blob(&code.store.0), sql::blob(&code.till.0));
            connection.execute(
                sql,
                (code.code_key.as_slice(), store, &code.store_name, till, &code.till_name, code.expires),
            )?;
            Ok(())
        })
    }

    /// Marks a code as used by an origin and keeps that origin's certificate, in one commit.
    pub fn use_code(
        &mut self,
        code_key: &[u8; 32],
        origin: OriginId,
        certificate: &SignedCertificate,
    ) -> Result<(), StoreError> {
        self.transact(|connection| {
            let sql = "UPDATE enrolment_codes SET used_by = ?2 WHERE code_key = ?1 AND (used_by IS NULL OR used_by = ?2)";
            if connection.execute(sql, (code_key.as_slice(), sql::blob(&origin.0)))? == 0 {
                return Err(StoreError::Unreadable("this code was just used by another till".to_owned()));
            }
            let sql = "INSERT OR IGNORE INTO certificates VALUES (?1, ?2, ?3)";
            connection
                .execute(sql, (sql::blob(&origin.0), &certificate.certificate, &certificate.signature))?;
            Ok(())
        })
    }

    /// One durable commit that stores events, and hands them on after it.
    fn store(
        &mut self,
        act: impl FnOnce(&Connection, &mut Vec<Stored>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut stored = Vec::new();
        self.transact(|connection| act(connection, &mut stored))?;
        if let Some(fresh) = &self.fresh {
            fresh.put(stored);
        }
        Ok(())
    }

    /// One durable commit to the file that the path names, before and after.
    fn transact<T>(
        &mut self,
        act: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.files.check()?;
        let done = transact(&mut self.connection, act)?;
        self.files.check()?;
        Ok(done)
    }
}

/// All certificates that are kept.
pub fn certificates(connection: &Connection) -> Result<Vec<SignedCertificate>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT certificate, signature FROM certificates ORDER BY origin")?;
    let rows = statement
        .query_map([], |row| Ok(SignedCertificate { certificate: row.get(0)?, signature: row.get(1)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What an origin may speak for by the certificate that is kept of it; none where none is.
pub fn standing(connection: &Connection, origin: OriginId) -> Result<Option<Standing>, StoreError> {
    Ok(certificate(connection, origin)?.and_then(|certificate| Standing::of(&certificate)))
}

/// The certificate that is kept of an origin; none where none is.
pub fn certificate(connection: &Connection, origin: OriginId) -> Result<Option<Certificate>, StoreError> {
    let sql = "SELECT certificate, signature FROM certificates WHERE origin = ?1";
    let read =
        |row: &rusqlite::Row<'_>| Ok(SignedCertificate { certificate: row.get(0)?, signature: row.get(1)? });
    let found = connection.prepare_cached(sql)?.query_row([sql::blob(&origin.0)], read).optional()?;
    Ok(found.and_then(|signed| signed.read().ok()))
}

/// Whether head office itself has booked the goods of a document in a store.
pub fn received(connection: &Connection, store: StoreId, document: &str) -> Result<bool, StoreError> {
    Ok(events::fact(connection, &document_fact(store, document))?.is_some())
}

/// The store and the document whose goods an event books, where it names one.
pub fn booking(event: &Event) -> Option<(StoreId, &str)> {
    match event {
        Event::StockReceived(Received { store, document: Some(document), .. }) => Some((*store, document)),
        _ => None,
    }
}

/// Notes that a document's goods are booked; false where they were before.
fn book(connection: &Connection, store: StoreId, document: &str, by: Hash) -> Result<bool, StoreError> {
    let sql = "INSERT OR IGNORE INTO facts VALUES (?1, ?2)";
    let fact = (document_fact(store, document), by.to_string());
    Ok(connection.prepare_cached(sql)?.execute(fact)? > 0)
}

fn document_fact(store: StoreId, document: &str) -> String {
    format!("received/{store}/{document}")
}

/// The one-time codes that have not expired.
pub fn codes(connection: &Connection, now: i64) -> Result<Vec<EnrolmentCode>, StoreError> {
    let sql = "SELECT code_key, store, store_name, till, till_name, expires, used_by FROM enrolment_codes WHERE expires >= ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([now])?;
    let mut codes = Vec::new();
    while let Some(row) = rows.next()? {
        let (key, store, till): (Vec<u8>, Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(3)?);
        let used_by: Option<Vec<u8>> = row.get(6)?;
        codes.push(EnrolmentCode {
            code_key: sql::hash(&key)?.0,
            store: sql::store_id(&store)?,
            store_name: row.get(2)?,
            till: TillId(sql::uuid(&till)?),
            till_name: row.get(4)?,
            expires: row.get(5)?,
            used_by: used_by.map(|bytes| sql::origin(&bytes)).transpose()?,
        });
    }
    Ok(codes)
}

/// Where a scope's feed stands; none where nothing stands in it.
pub fn feed_head(connection: &Connection, scope: &str) -> Result<Option<FeedHead>, StoreError> {
    let sql = "SELECT position, running FROM feed WHERE scope = (SELECT number FROM scopes WHERE scope = ?1)
               ORDER BY position DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let found: Option<(i64, Vec<u8>)> =
        statement.query_row([scope], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    found
        .map(|(position, running)| Ok(FeedHead { position, running: sql::hash(&running)? }))
        .transpose()
}

/// The running hash of a scope at a position; none where it has no such position.
pub fn running_at(connection: &Connection, scope: &str, position: i64) -> Result<Option<Hash>, StoreError> {
    let sql = "SELECT running FROM feed WHERE scope = (SELECT number FROM scopes WHERE scope = ?1) AND position = ?2";
    let found: Option<Vec<u8>> = connection
        .prepare_cached(sql)?
        .query_row((scope, position), |row| row.get(0))
        .optional()?;
    found.map(|bytes| sql::hash(&bytes)).transpose()
}

/// Entries of a scope after a position: at most so many, and at most so many bytes beyond the first.
pub fn feed_after(
    connection: &Connection,
    scope: &str,
    position: i64,
    events_max: usize,
    bytes_max: usize,
) -> Result<Vec<FeedRow>, StoreError> {
    let sql = "SELECT e.position, e.origin, e.seq, e.hash, e.prev, e.envelope, e.payload, e.seal, e.texts, f.position, f.running
               FROM feed f JOIN events e ON e.position = f.event
               WHERE f.scope = (SELECT number FROM scopes WHERE scope = ?1) AND f.position > ?2 ORDER BY f.position LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((scope, position, i64::try_from(events_max).unwrap_or(i64::MAX)))?;
    let (mut bytes, mut found) = (0, Vec::new());
    while let Some(row) = rows.next()? {
        let mut event = events::read_packed_row(row)?;
        if event.text.seal.is_none() {
            event.text.seal = seal_beside(connection, event.origin, event.tip)?;
        }
        let (before, skeletons) = skeletons_before(connection, scope, &event)?;
        bytes += event.text.envelope.len() + event.text.payload.len() + 160 + 89 * skeletons.len();
        if !found.is_empty() && bytes > bytes_max {
            break;
        }
        let running: Vec<u8> = row.get(10)?;
        let running = sql::hash(&running)?;
        found.push(FeedRow { position: row.get(9)?, running, before, skeletons, event });
    }
    Ok(found)
}

/// The seal of an event that ended a push and came without one of its own. Who reads it can hand the event back with what vouches for it.
fn seal_beside(connection: &Connection, origin: OriginId, tip: Tip) -> Result<Option<Seal>, StoreError> {
    let sql = "SELECT seal FROM seals WHERE origin = ?1 AND hash = ?2";
    let key = (sql::blob(&origin.0), tip.hash.0.as_slice());
    let found: Option<String> =
        connection.prepare_cached(sql)?.query_row(key, |row| row.get(0)).optional()?;
    sql::seal(found)
}

/// What links an entry of a scope to what the scope's readers hold of its origin: the events in between, and the hash before them.
fn skeletons_before(
    connection: &Connection,
    scope: &str,
    event: &StoredEvent,
) -> Result<(Hash, Vec<Skeleton>), StoreError> {
    let scopes = serde_json::to_string(&read_together(scope))
        .map_err(|error| StoreError::Unreadable(error.to_string()))?;
    let sql = "SELECT EXISTS (SELECT 1 FROM feed WHERE event = ?1 AND scope IN (
                   SELECT number FROM scopes WHERE scope IN (SELECT value FROM json_each(?2))))";
    let mut held = connection.prepare_cached(sql)?;
    let mut skeletons = Vec::new();
    let mut tip = Tip { seq: event.tip.seq - 1, hash: event.prev };
    while tip.seq > 0 && skeletons.len() < ENTRY_SKELETONS_MAX {
        let Some(step) = links::step(connection, event.origin, tip)? else { break };
        if let Some(position) = step.position
            && held.query_row((position, &scopes), |row| row.get(0))?
        {
            break;
        }
        skeletons.push(step.skeleton);
        tip = Tip { seq: tip.seq - 1, hash: step.prev };
    }
    skeletons.reverse();
    Ok((tip.hash, skeletons))
}

/// Origins with branches: the earliest event with more than one successor, and those successors. A branch that is held is none yet.
pub fn branchings(connection: &Connection) -> Result<BTreeMap<OriginId, (Tip, Vec<Hash>)>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT origin, seq, hash FROM branchings ORDER BY origin, seq, hash")?;
    let mut rows = statement.query([])?;
    let mut found: BTreeMap<OriginId, (Tip, Vec<Hash>)> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (origin, seq, hash): (Vec<u8>, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (origin, tip) = (sql::origin(&origin)?, Tip { seq, hash: sql::hash(&hash)? });
        if found.contains_key(&origin) {
            continue;
        }
        let mut branches = Vec::new();
        for hash in links::successors(connection, origin, tip)? {
            if !held::branch_waits(connection, origin, Tip { seq: tip.seq + 1, hash })? {
                branches.push(hash);
            }
        }
        if branches.len() > 1 {
            found.insert(origin, (tip, branches));
        }
    }
    Ok(found)
}

/// Stores what follows an event, and the seal of the last where it travelled beside it.
fn append(
    entering: &mut Entering<'_>,
    after: Tip,
    new: &[(Tip, Line)],
    seal: Option<Seal>,
    branches: bool,
) -> Result<(), StoreError> {
    let (connection, origin) = (entering.feed.connection, entering.origin);
    let mut prev = after;
    for (tip, line) in new {
        match line {
            Line::Event(text) => entering.enter(*tip, prev.hash, text)?,
            Line::Skeleton(skeleton) => links::put(connection, origin, *tip, prev.hash, *skeleton)?,
        }
        prev = *tip;
    }
    events::move_tip(connection, origin, after, prev)?;
    let stores_content = new.iter().any(|(_, line)| matches!(line, Line::Event(_)));
    if entering.held && stores_content {
        held::let_in_what_arrived(connection, &mut entering.feed, origin, held::Reach::ToWhatIsIn)?;
    }
    if let (true, Some((first, _))) = (branches, new.first()) {
        let sql = "INSERT OR IGNORE INTO branchings VALUES (?1, ?2, ?3, ?4)";
        let (after_hash, first_hash) = (after.hash.0.as_slice(), first.hash.0.as_slice());
        connection.execute(sql, (sql::blob(&origin.0), after.seq, after_hash, first_hash))?;
    }
    if let Some(seal) = seal {
        let sql = "INSERT OR IGNORE INTO seals VALUES (?1, ?2, ?3, ?4)";
        connection.prepare_cached(sql)?.execute((
            sql::blob(&origin.0),
            prev.seq,
            prev.hash.0.as_slice(),
            seal.text(),
        ))?;
    }
    Ok(())
}

/// Fills in the content of events that were known as links.
fn fill(entering: &mut Entering<'_>, events: &[(Hash, Tip, EventText)]) -> Result<(), StoreError> {
    let (connection, origin) = (entering.feed.connection, entering.origin);
    for (prev, tip, text) in events {
        entering.enter(*tip, *prev, text)?;
        links::filled(connection, origin, *tip)?;
    }
    if entering.held {
        held::let_in_what_arrived(connection, &mut entering.feed, origin, held::Reach::ToTheFirstThatWaits)?;
    }
    Ok(())
}

/// The feed, while events enter it in one transaction.
struct Feed<'a> {
    connection: &'a Connection,
    /// The numbers of the scopes that were entered so far, and where they stand.
    heads: BTreeMap<String, (i64, FeedHead)>,
}

impl<'a> Feed<'a> {
    fn of(connection: &'a Connection) -> Self {
        Feed { connection, heads: BTreeMap::new() }
    }

    /// Gives the event at a position of the log the next place in a scope.
    fn enter(&mut self, scope: String, event: i64, hash: Hash) -> Result<(), StoreError> {
        let (number, head) = match self.heads.get(&scope) {
            Some(known) => *known,
            None => {
                let nothing = FeedHead { position: 0, running: Hash::ZERO };
                (self.number_of(&scope)?, feed_head(self.connection, &scope)?.unwrap_or(nothing))
            }
        };
        let head = FeedHead { position: head.position + 1, running: running_hash(head.running, hash) };
        let sql = "INSERT INTO feed VALUES (?1, ?2, ?3, ?4)";
        let row = (number, head.position, event, head.running.0.as_slice());
        self.connection.prepare_cached(sql)?.execute(row)?;
        self.heads.insert(scope, (number, head));
        Ok(())
    }

    /// The number of a scope; it gets one with the first event that enters it.
    fn number_of(&self, scope: &str) -> Result<i64, StoreError> {
        let sql = "INSERT OR IGNORE INTO scopes (scope) VALUES (?1)";
        self.connection.prepare_cached(sql)?.execute([scope])?;
        let sql = "SELECT number FROM scopes WHERE scope = ?1";
        Ok(self.connection.prepare_cached(sql)?.query_row([scope], |row| row.get(0))?)
    }
}

/// Events of one origin on their way into the log and the feed.
struct Entering<'a> {
    feed: Feed<'a>,
    origin: OriginId,
    /// What their writer may speak for.
    standing: Option<Standing>,
    /// Whether they are kept apart.
    held: bool,
    /// Whether they take no room then.
    expected: bool,
    /// What is known of them already.
    prepared: &'a mut Prepared,
    /// What this transaction has stored.
    stored: &'a mut Vec<Stored>,
}

impl<'a> Entering<'a> {
    fn of(
        connection: &'a Connection,
        origin: OriginId,
        standing: Option<Standing>,
        prepared: &'a mut Prepared,
        stored: &'a mut Vec<Stored>,
    ) -> Self {
        let feed = Feed::of(connection);
        Entering { feed, origin, standing, held: false, expected: false, prepared, stored }
    }

    fn enter(&mut self, tip: Tip, prev: Hash, text: &EventText) -> Result<(), StoreError> {
        let insert = "INSERT INTO events (origin, seq, hash, prev, envelope, payload, seal, texts)
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let connection = self.feed.connection;
        let Ready { input, packed } = self.prepared.take(self.origin, tip, text);
        let (envelope, payload) = match &packed {
            Some(_) => ("", ""),
            None => (text.envelope.as_str(), text.payload.as_str()),
        };
        connection.prepare_cached(insert)?.execute((
            sql::blob(&self.origin.0),
            tip.seq,
            tip.hash.0.as_slice(),
            prev.0.as_slice(),
            envelope,
            payload,
            text.seal.map(|seal| seal.text()),
            packed,
        ))?;
        let position = connection.last_insert_rowid();
        self.place(position, &input, text)?;
        let bytes = text.envelope.len() + text.payload.len();
        self.stored.push(Stored { position, bytes, input });
        Ok(())
    }

    /// Gives a stored event its place: in a feed, or among what is held.
    fn place(&mut self, position: i64, input: &project::Input, text: &EventText) -> Result<(), StoreError> {
        let (connection, tip) = (self.feed.connection, input.tip);
        if self.held {
            return held::hold(connection, self.origin, (position, tip.seq), text, self.expected);
        }
        self.note_booking(input)?;
        let scope = self.standing.and_then(|standing| scope_in(input, text, standing));
        if let Some(scope) = scope {
            self.feed.enter(scope, position, tip.hash)?;
        }
        // What head office says about origins stands in few of its events.
        if self.standing == Some(Standing::HeadOffice) {
            held::heed(connection, &mut self.feed, input, position)?;
        }
        Ok(())
    }

    /// What head office booked before its log was lost stays booked when it is handed back.
    fn note_booking(&self, input: &project::Input) -> Result<(), StoreError> {
        if self.standing == Some(Standing::HeadOffice)
            && let Ok((_, event)) = &input.content
            && let Some((store, document)) = booking(event)
        {
            book(self.feed.connection, store, document, input.tip.hash)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::identity::KeyPair;
    use daybook_core::ids::EventId;
    use daybook_core::record::{Circumstances, Draft, Writer};
    use daybook_core::time::Now;
    use uuid::Uuid;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    #[test]
    fn goods_of_a_document_are_booked_once_whoever_looked_before() {
        let home = tempfile::tempdir().unwrap();
        let mut log = OfficeLog::open(home.path(), Durability::Off).unwrap();
        let goods = || -> Event {
            let document = Some("note 17".to_owned());
            Received { store: StoreId(id(5)), lines: Vec::new(), currency: None, document }.into()
        };
        let circumstances = Circumstances {
            now: Now { wall: 1, offset: 0 },
            actor: None,
            approver: None,
            command: None,
            day: None,
        };
        let record = |writer: &Writer, events: Vec<Event>| {
            let draft = |event| Draft { id: EventId(id(9)), event, rev: 1, base: None };
            let drafts = events.into_iter().map(draft).collect();
            writer.record(drafts, &circumstances, &KeyPair::from_seed([1; 32]), true).unwrap()
        };
        let writer = Writer::new(OriginId(id(1)));
        let (twice, _) = record(&writer, vec![goods(), goods()]);
        assert!(matches!(log.append_own(&twice), Err(StoreError::Booked(_))));
        let (recorded, writer) = record(&writer, vec![goods()]);
        log.append_own(&recorded).unwrap();
        let (again, _) = record(&writer, vec![goods()]);
        assert!(matches!(log.append_own(&again), Err(StoreError::Booked(_))));
        assert_eq!(events::last_position(log.connection()).unwrap(), 1);
        assert!(received(log.connection(), StoreId(id(5)), "note 17").unwrap());
    }
}
