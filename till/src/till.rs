//! The till as one value: its log, its read models, its journal and what it holds in memory.
//!
//! One writer per data directory, held by a lock file. Everything that changes goes through one mutex; the network never holds it while
//! waiting for an answer.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use daybook_core::authority::Roles;
use daybook_core::chain::Tip;
use daybook_core::event::description::TenderType;
use daybook_core::event::sale::Terms;
use daybook_core::identity::KeyPair;
use daybook_core::identity::tls::Road;
use daybook_core::ids::{EventId, OriginId, SaleId, StaffId, StoreId, TillId, uuid_v7};
use daybook_core::record::Writer;
use daybook_core::sale::Sale;
use daybook_core::shift::Book;
use daybook_core::sync::strangers::Strangers;
use daybook_core::sync::till::Status;
use daybook_core::sync::witness::Witness;
use daybook_core::time::{Now, Zone};
use daybook_store::file::DirectoryLock;
use daybook_store::people::till::TillPeople;
use daybook_store::till::TillLog;
use daybook_store::views::Views;
use daybook_store::{Reader, StoreError};
use tokio::sync::{Notify, RwLock, watch};

use crate::ballast::Ballast;
use crate::identity::{Identity, Keys};
use crate::journal::Journal;
use crate::keystore::Keystore;
use crate::ports::{Clock, Randomness};
use crate::print::Printing;
use crate::refill::Refilled;

/// Where a till lives and what time it is there.
#[derive(Clone)]
pub struct Options {
    /// The data directory.
    pub data: PathBuf,
    /// The directory of the journal; better on another disk.
    pub journal: PathBuf,
    /// Whether commits are flushed to the disk. Only replays say no.
    pub durable: bool,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of random bytes.
    pub randomness: Arc<dyn Randomness>,
    /// Where the secret lies that the till's keys are sealed to.
    pub keystore: Arc<dyn Keystore>,
}

/// Why a till cannot be opened. The text is for people.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the data directory.
    #[error("this till is already running (another process uses {0})")]
    InUse(PathBuf),
    /// The store cannot be used.
    #[error(transparent)]
    Store(StoreError),
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What happened.
        error: std::io::Error,
    },
    /// The till's own books cannot be read.
    #[error("the till's books cannot be read: {0}")]
    Unreadable(String),
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::InUse(path) => OpenError::InUse(path),
            other => OpenError::Store(other),
        }
    }
}

/// A till. Cheap to clone; all clones are the same till.
#[derive(Clone)]
pub struct Till {
    pub(crate) inner: Arc<Mutex<Inner>>,
    pub(crate) shared: Arc<Shared>,
}

/// When head office was last heard, by the till's clock in microseconds since 1970, and what was tried since.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contact {
    /// When it last answered.
    pub(crate) last: Option<i64>,
    /// When everything it had was last here.
    pub(crate) in_step: Option<i64>,
    /// Why the last try failed; none where it did not.
    pub(crate) trouble: Option<String>,
    /// When the next try is.
    pub(crate) next: Option<i64>,
}

impl Contact {
    /// Takes note of how synchronisation stands.
    pub(crate) fn note(&mut self, now: i64, status: &Status, pause_micros: i64) {
        self.trouble = None;
        self.next = None;
        match status {
            Status::UpToDate => (self.last, self.in_step) = (Some(now), Some(now)),
            Status::Working | Status::Alone => {}
            Status::Offline(why) => (self.trouble, self.next) = (Some(why.clone()), Some(now + pause_micros)),
            Status::Held(why) | Status::Refused(why) => {
                (self.trouble, self.last) = (Some(why.clone()), Some(now))
            }
        }
    }
}

/// How often each part of the till has changed since it was opened: whoever shows it asks again where a number grew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Something was recorded here.
    pub own: u64,
    /// Something that others did, or a conflict, became known here.
    pub others: u64,
    /// Synchronisation stands differently.
    pub status: u64,
    /// Head office answered a handshake.
    pub handshakes: u64,
    /// The printer, its queue or its settings stand differently.
    pub papers: u64,
}

/// What is read without the lock.
pub(crate) struct Shared {
    pub(crate) options: Options,
    /// Held by who waits for the till's state.
    pub(crate) turn: Mutex<()>,
    /// Held by who looks at a PIN, which takes a while and much memory.
    pub(crate) looking: Mutex<()>,
    /// Held by who puts a page into the files on a thread of its own: whoever ends synchronisation waits for it.
    pub(crate) storing: Arc<RwLock<()>>,
    /// Woken by every recorded event.
    pub(crate) recorded: Notify,
    /// Somebody asks synchronisation to try at once.
    pub(crate) asked: Notify,
    pub(crate) status: Mutex<Status>,
    pub(crate) server: Mutex<Option<String>>,
    /// When head office was last heard, and what was tried.
    pub(crate) contact: Mutex<Contact>,
    pub(crate) changes: watch::Sender<Changes>,
    pub(crate) printing: Printing,
}

/// The till's state.
pub(crate) struct Inner {
    pub(crate) options: Options,
    pub(crate) log: TillLog,
    pub(crate) log_reader: Reader,
    pub(crate) views: Views,
    /// Why the read models are in memory, where they are.
    pub(crate) views_trouble: Option<String>,
    /// Whether the file of read models was built anew in this run: a disk that breaks it again is trusted with it no more.
    pub(crate) views_rebuilt: bool,
    /// Whether building them anew was no help.
    pub(crate) views_given_up: bool,
    pub(crate) journal: Option<Journal>,
    /// That of the till's own head office, where it has one.
    pub(crate) office_journal: Option<Journal>,
    /// Why the journal is not written any more, where it is not.
    pub(crate) journal_trouble: Option<String>,
    /// How the log was refilled when the till was opened, where it was.
    pub(crate) refilled: Option<Refilled>,
    /// Whether the journal was written since it was last flushed.
    pub(crate) journal_dirty: bool,
    pub(crate) enrolled: Option<Enrolled>,
    pub(crate) people: TillPeople,
    /// Writers whose certificates the till lacks.
    pub(crate) strangers: Strangers,
    /// The signing in that holds; none survives a restart.
    pub(crate) at_the_till: Option<u64>,
    /// The last approval of each person: its number, and until when it can be used, in milliseconds.
    pub(crate) approvals: BTreeMap<StaffId, (u64, u64)>,
    pub(crate) last_approval: u64,
    /// When each person last tried their PIN, in milliseconds of the clock that never goes back.
    pub(crate) tried: BTreeMap<StaffId, u64>,
    /// When the till was opened, by the same clock.
    pub(crate) opened_at: u64,
    pub(crate) book: Book,
    pub(crate) sale: Option<(SaleId, Sale)>,
    /// Number of events per own stream that is still growing.
    pub(crate) revisions: BTreeMap<String, i64>,
    /// Correction of the clock, in microseconds, as head office's time gave it.
    pub(crate) offset: i64,
    /// A corrected time that has passed, in microseconds, and when that was by the clock that never goes back, in milliseconds.
    pub(crate) passed: (i64, u64),
    /// What head office confirmed, and what of it is not there now.
    pub(crate) witness: Witness,
    /// The store's rules, read once and again after they changed.
    pub(crate) shop: Option<Arc<Shop>>,
    /// Room that is given back where the disk is full.
    pub(crate) ballast: Ballast,
    /// How many products are on sale, counted once and again after read models followed something of others.
    pub(crate) products_on_sale: Option<i64>,
    /// Why nothing can be recorded until the till is started again.
    pub(crate) latch: Option<String>,
    pub(crate) _lock: Arc<DirectoryLock>,
}

/// What an enrolled till is.
#[derive(Clone)]
pub(crate) struct Enrolled {
    pub(crate) identity: Arc<Identity>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) writer: Writer,
    pub(crate) key: KeyPair,
    pub(crate) store: StoreId,
    pub(crate) till: TillId,
    pub(crate) series: String,
}

/// The store's rules as the till knows them.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) terms: Terms,
    pub(crate) tender_types: BTreeMap<String, TenderType>,
    pub(crate) zone: Zone,
    pub(crate) roles: Roles,
    pub(crate) people: BTreeMap<StaffId, String>,
}

impl Till {
    /// The till's state, for one at a time. Whoever waits holds the turn, so a thread that lets go and wants it again comes after.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        let _turn = self.shared.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the till belongs to a store.
    pub fn is_enrolled(&self) -> bool {
        self.lock().enrolled.is_some()
    }

    /// Where head office is looked for; nowhere while the till belongs to no store.
    pub(crate) fn server(&self) -> Option<String> {
        self.shared.server.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where head office is; takes the place of what enrolment said until the till is started again.
    pub fn set_server(&self, url: &str) {
        *self.shared.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(Road::of(url).1);
        self.shared.recorded.notify_one();
    }

    /// How synchronisation stands.
    pub fn status(&self) -> Status {
        self.shared.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has synchronisation try now, whatever pause it is in: it asks head office how things stand.
    pub fn sync_now(&self) {
        self.shared.asked.notify_one();
    }

    /// Tells of changes, for whoever shows the till.
    pub fn changes(&self) -> watch::Receiver<Changes> {
        self.shared.changes.subscribe()
    }

    /// How many handshakes head office has answered since the till was opened.
    pub fn handshakes(&self) -> u64 {
        self.shared.changes.borrow().handshakes
    }

    /// Keeps how synchronisation stands, and tells of it where it changed.
    pub(crate) fn tell(&self, status: Status) {
        let mut kept = self.shared.status.lock().unwrap_or_else(PoisonError::into_inner);
        if *kept != status {
            *kept = status;
            self.shared.changes.send_modify(|changes| changes.status += 1);
        }
    }

    /// The origin that writes now, and its last event.
    pub fn tip(&self) -> Option<(OriginId, Tip)> {
        self.lock()
            .enrolled
            .as_ref()
            .map(|enrolled| (enrolled.writer.origin, enrolled.writer.tip))
    }
}

impl Inner {
    pub(crate) fn now(&self) -> Now {
        let (at, millis) = self.passed;
        let since = self.options.clock.millis().saturating_sub(millis).saturating_mul(1_000);
        let passed = at.saturating_add(i64::try_from(since).unwrap_or(i64::MAX));
        Now::by(self.options.clock.wall(), self.offset, passed)
    }

    /// Remembers that a corrected time has passed, with the correction that it rests on.
    pub(crate) fn note_time(&mut self, offset: i64, corrected: i64) {
        self.offset = offset;
        self.passed = (corrected, self.options.clock.millis());
    }

    pub(crate) fn new_uuid(&self) -> uuid::Uuid {
        let mut random = [0; 10];
        self.options.randomness.fill(&mut random);
        uuid_v7(self.options.clock.wall(), random)
    }

    pub(crate) fn new_event_id(&self) -> EventId {
        EventId(self.new_uuid())
    }

    /// Runs a question on the read models. Where they are damaged, or their disk does not give back what it was given, they are built
    /// anew from the log and asked again; where that does not help, they are not built again for nothing until the till is started again.
    pub(crate) fn ask_views<T>(
        &mut self,
        question: impl Fn(&Views, &Reader) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut rebuilt = false;
        loop {
            match question(&self.views, &self.log_reader) {
                Err(error) if error.is_worth_a_rebuild() && !self.views_given_up => {
                    let in_memory = self.views_trouble.is_some();
                    if rebuilt && (in_memory || !error.is_of_disk()) {
                        self.views_given_up = true;
                        return Err(error);
                    }
                    tracing::warn!(%error, "the read models cannot answer; they are built anew from the log");
                    self.rebuild_views()?;
                    rebuilt = true;
                }
                other => return other,
            }
        }
    }
}
