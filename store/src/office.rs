//! Head office's log: takes in the logs of all origins, gives positions, and keeps what it must know about origins.
//!
//! Many pushes share one transaction (group commit); [`OfficeLog::ingest`] drives the state machine of [`daybook_core::sync::server`]
//! through it, so that an answer exists only after the commit. Positions are per scope and without holes, because there is one writer.

use daybook_core::chain::{Hash, Seal, Tip, running_hash};
use daybook_core::envelope::EventText;
use daybook_core::event::Event;
use daybook_core::event::stock::Received;
use daybook_core::identity::certificate::SignedCertificate;
use daybook_core::ids::{OriginId, RequestId, StoreId, TillId};
use daybook_core::project::standing::Standing;
use daybook_core::record::Recorded;
use daybook_core::sync::scope::scope_of;
use daybook_core::sync::server::{Effect, Input, Known, Push, Server};
use rusqlite::{Connection, OptionalExtension as _};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::events::{self, StoredEvent};
use crate::file::{Durability, LogFiles, Migration, StoreError, open_reader, open_writer, transact};
use crate::sql;

const MIGRATIONS: &[Migration] = &[("0001_log", include_str!("../../migrations/server/sqlite/0001_log.sql"))];

/// The log of head office, open for its one writer.
#[derive(Debug)]
pub struct OfficeLog {
    connection: Connection,
    path: PathBuf,
    files: LogFiles,
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
        Ok(OfficeLog { connection, path, files })
    }

    /// A second connection for reading.
    pub fn reader(&self) -> Result<Connection, StoreError> {
        open_reader(&self.path)
    }

    /// The connection, for questions.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Takes in pushes in one transaction, with the store of each pushing origin. What comes back are answers, and they are true: what
    /// they acknowledge is durable.
    pub fn ingest(
        &mut self,
        now: i64,
        server: &mut Server,
        pushes: Vec<(RequestId, Push, Option<StoreId>)>,
    ) -> (Vec<Effect>, Result<(), StoreError>) {
        let mut answers = Vec::new();
        let stores: BTreeMap<OriginId, Option<StoreId>> =
            pushes.iter().map(|(_, push, store)| (push.origin, *store)).collect();
        let outcome = self.transact(|connection| {
            for (request, push, _) in pushes {
                for effect in server.handle(now, Input::Push(request, push)) {
                    let Effect::LookUp(request, push) = effect else { continue };
                    let known = look_up(connection, &push)?;
                    for effect in server.handle(now, Input::LookedUp(request, known)) {
                        match effect {
                            Effect::Append { origin, after, events, seal, branches } => {
                                let store = stores.get(&origin).copied().flatten();
                                append(connection, origin, after, &events, Some(seal), branches, store)?;
                            }
                            answer => answers.push(answer),
                        }
                    }
                }
            }
            Ok(())
        });
        if outcome.is_err() {
            // What was found out within the transaction is as undone as the transaction.
            answers.clear();
        }
        let input = if outcome.is_ok() { Input::Committed } else { Input::RolledBack };
        answers.extend(server.handle(now, input));
        (answers, outcome)
    }

    /// Appends head office's own events in one durable commit.
    pub fn append_own(&mut self, recorded: &[Recorded]) -> Result<(), StoreError> {
        let Some(first) = recorded.first() else { return Ok(()) };
        let origin = first.envelope.origin;
        let after = Tip { seq: first.tip.seq - 1, hash: first.prev };
        let events: Vec<(Tip, EventText)> =
            recorded.iter().map(|event| (event.tip, event.text.clone())).collect();
        self.transact(|connection| {
            append(connection, origin, after, &events, None, false, None)?;
            for event in recorded {
                if let Event::StockReceived(Received { store, document: Some(document), .. }) = &event.event {
                    let hash = event.tip.hash.to_string();
                    events::put_fact(connection, &document_fact(*store, document), &hash)?;
                }
            }
            Ok(())
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

    /// One durable commit to the file that the path names still.
    fn transact<T>(
        &mut self,
        act: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.files.check()?;
        transact(&mut self.connection, act)
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
    let sql = "SELECT certificate, signature FROM certificates WHERE origin = ?1";
    let read =
        |row: &rusqlite::Row<'_>| Ok(SignedCertificate { certificate: row.get(0)?, signature: row.get(1)? });
    let found = connection.prepare_cached(sql)?.query_row([sql::blob(&origin.0)], read).optional()?;
    Ok(found.and_then(|signed| Standing::of(&signed.read().ok()?)))
}

/// Whether head office itself has booked the goods of a document in a store.
pub fn received(connection: &Connection, store: StoreId, document: &str) -> Result<bool, StoreError> {
    Ok(events::fact(connection, &document_fact(store, document))?.is_some())
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
    let sql = "SELECT position, running FROM feed WHERE scope = ?1 ORDER BY position DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let found: Option<(i64, Vec<u8>)> =
        statement.query_row([scope], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    found
        .map(|(position, running)| Ok(FeedHead { position, running: sql::hash(&running)? }))
        .transpose()
}

/// The running hash of a scope at a position; none where it has no such position.
pub fn running_at(connection: &Connection, scope: &str, position: i64) -> Result<Option<Hash>, StoreError> {
    let sql = "SELECT running FROM feed WHERE scope = ?1 AND position = ?2";
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
    let sql = "SELECT e.position, e.origin, e.seq, e.hash, e.prev, e.envelope, e.payload, e.seal, f.position, f.running
               FROM feed f JOIN events e ON e.position = f.event
               WHERE f.scope = ?1 AND f.position > ?2 ORDER BY f.position LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((scope, position, i64::try_from(events_max).unwrap_or(i64::MAX)))?;
    let (mut bytes, mut found) = (0, Vec::new());
    while let Some(row) = rows.next()? {
        let event = events::read_row(row)?;
        bytes += event.text.envelope.len() + event.text.payload.len() + 160;
        if !found.is_empty() && bytes > bytes_max {
            break;
        }
        let running: Vec<u8> = row.get(9)?;
        found.push(FeedRow { position: row.get(8)?, running: sql::hash(&running)?, event });
    }
    Ok(found)
}

/// Origins with branches: the earliest event with more than one successor, and those successors.
pub fn branchings(connection: &Connection) -> Result<BTreeMap<OriginId, (Tip, Vec<Hash>)>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT origin, seq, hash FROM branchings ORDER BY origin, seq, hash")?;
    let mut rows = statement.query([])?;
    let mut found: BTreeMap<OriginId, (Tip, Vec<Hash>)> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (origin, seq, hash): (Vec<u8>, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (origin, tip) = (sql::origin(&origin)?, Tip { seq, hash: sql::hash(&hash)? });
        if let std::collections::btree_map::Entry::Vacant(entry) = found.entry(origin) {
            entry.insert((tip, events::successors(connection, origin, tip)?));
        }
    }
    Ok(found)
}

fn look_up(connection: &Connection, push: &Push) -> Result<Known, StoreError> {
    let previous = events::knows(connection, push.origin, push.previous)?;
    let mut known = 0;
    // A later event of a chain is stored only if all before it are, so the known ones are a prefix.
    if previous {
        known = push
            .events
            .partition_point(|(tip, _)| events::knows(connection, push.origin, *tip).unwrap_or(false));
    }
    let link = known.checked_sub(1).map_or(push.previous, |last| push.events[last].0);
    let next = push.events.get(known).map(|(tip, _)| tip.hash);
    let successors = if previous && next.is_some() {
        events::successors(connection, push.origin, link)?
    } else {
        Vec::new()
    };
    let other_successor = successors.iter().any(|hash| Some(*hash) != next);
    let tips = if previous {
        Vec::new()
    } else {
        events::tips_of(connection, push.origin)?
    };
    let began_branch = began_branch(connection, push, known)?;
    Ok(Known { previous, events: known, other_successor, began_branch, tips })
}

/// Whether one of the known events of a push once began a second branch.
fn began_branch(connection: &Connection, push: &Push, known: usize) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT first FROM branchings WHERE origin = ?1")?;
    let mut rows = statement.query([sql::blob(&push.origin.0)])?;
    while let Some(row) = rows.next()? {
        let first: Vec<u8> = row.get(0)?;
        if push.events.iter().take(known).any(|(tip, _)| tip.hash.0.as_slice() == first) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn append(
    connection: &Connection,
    origin: OriginId,
    after: Tip,
    new: &[(Tip, EventText)],
    seal: Option<Seal>,
    branches: bool,
    store: Option<StoreId>,
) -> Result<(), StoreError> {
    let insert = "INSERT INTO events (origin, seq, hash, prev, envelope, payload, seal) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let mut insert = connection.prepare_cached(insert)?;
    let mut enter = connection.prepare_cached("INSERT INTO feed VALUES (?1, ?2, ?3, ?4)")?;
    let mut heads: BTreeMap<String, FeedHead> = BTreeMap::new();
    let mut prev = after;
    for (tip, text) in new {
        let id = sql::blob(&origin.0);
        let seal = text.seal.map(|seal| seal.text());
        insert.execute((
            id,
            tip.seq,
            tip.hash.0.as_slice(),
            prev.hash.0.as_slice(),
            &text.envelope,
            &text.payload,
            seal,
        ))?;
        let position = connection.last_insert_rowid();
        if let Some(scope) = scope_in(origin, *tip, text, store) {
            let head = match heads.get(&scope) {
                Some(head) => *head,
                None => {
                    feed_head(connection, &scope)?.unwrap_or(FeedHead { position: 0, running: Hash::ZERO })
                }
            };
            let head =
                FeedHead { position: head.position + 1, running: running_hash(head.running, tip.hash) };
            enter.execute((&scope, head.position, position, head.running.0.as_slice()))?;
            heads.insert(scope, head);
        }
        prev = *tip;
    }
    events::move_tip(connection, origin, after, prev)?;
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

/// The scope that an event enters. An envelope that names another place than its own would speak for others: it enters none.
fn scope_in(origin: OriginId, tip: Tip, text: &EventText, store: Option<StoreId>) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Placed {
        origin: OriginId,
        seq: i64,
        #[serde(rename = "type")]
        kind: String,
    }
    let placed: Placed = serde_json::from_str(&text.envelope).ok()?;
    let scope = scope_of(&placed.kind, &text.payload, store)?;
    (placed.origin == origin && placed.seq == tip.seq).then_some(scope)
}
