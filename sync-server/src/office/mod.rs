//! The office: everything head office does, behind one handle that HTTP, the admin socket and tests share.
//!
//! A writer thread owns the log and takes many pushes into one commit; a projector thread follows with the read models from its
//! checkpoint. Questions are answered on connections of their own, query-only. Ingest never waits for projection.

mod admission;
mod anchor;
mod attempts;
mod backup;
mod book;
mod enrol;
mod epoch;
mod feed;
mod handshake;
mod identity;
mod own_certificate;
mod people;
mod ports;
mod projector;
mod publish;
mod questions;
mod setup;
mod snapshot;
mod threads;
mod writer;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use daybook_core::chain::Tip;
use daybook_core::identity::KeyPair;
use daybook_core::identity::certificate::{Certificate, SignedCertificate};
use daybook_core::identity::nonce::NonceKey;
use daybook_core::identity::pin::PinCost;
use daybook_core::ids::{OrganisationId, OriginId, RequestId, StaffId};
use daybook_core::project::standing::Standing;
use daybook_core::sync::admission::Gate;
use daybook_core::sync::carry::Asking;
use daybook_core::sync::server::Push;
use daybook_core::sync::strangers::Introductions;
use daybook_core::wire::{FeedHint, Health, PushAnswer};
use daybook_store::file::{DirectoryLock, open_reader};
use daybook_store::fresh::Fresh;
use daybook_store::office::{OfficeLog, Prepared, held};
use daybook_store::people::office::{self as people_file, OfficePeople};
use daybook_store::views::{Side, Views};
use daybook_store::{Durability, Reader, StoreError, events, links};
use tokio::sync::{Semaphore, broadcast, mpsc, oneshot, watch};

use writer::Pushed;

pub use admission::{AdmitRequest, AdmittedAnswer, CloseReason, RevokeRequest, Revoked};
pub use anchor::forget_epoch;
pub use backup::{backup, restore, verify, verify_backup};
pub use enrol::Via;
pub use identity::Identity;
pub use own_certificate::OwnCertificate;
pub use ports::{Clock, Randomness, SystemClock, SystemRandomness};
pub use publish::{Publication, Published};
pub use questions::{Rebuilt, Report, ReportQuestion, read_conflicts, read_held, read_report, rebuild};
pub use setup::{Initialised, NewOrganisation, init, init_from_kit};

/// Jobs that may wait for the writer. Beyond it requests are told to come back.
const JOBS_MAX: usize = 1_024;
/// A push with so many events is prepared by another thread than the writer: for a few it would not be worth the way there.
const PREPARED_EVENTS_MIN: usize = 16;
/// Hints kept for a slow listener; one that falls further behind is told to look at everything.
const HINTS_MAX: usize = 1_024;

/// Where the office lives and what time it is there.
#[derive(Clone)]
pub struct Settings {
    /// The data directory.
    pub data: PathBuf,
    /// Whether commits are flushed to the disk. Only replays say no.
    pub durable: bool,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of random bytes.
    pub randomness: Arc<dyn Randomness>,
    /// The work of one look at a PIN. Shops use [`PinCost::STANDARD`]; tests and replays, which guard nothing, less.
    pub pin_cost: PinCost,
}

/// Why the office cannot do something. The text is for people.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// The data directory belongs to another process.
    #[error(
        "another Daybook head office is using {0}. Stop it first, or choose another directory with --data"
    )]
    InUse(PathBuf),
    /// There is no organisation in the data directory.
    #[error("there is no head office in {0} yet. Make one: daybook-server init --data {0}")]
    NotInitialised(PathBuf),
    /// There is one already.
    #[error("{0} already holds a head office; nothing was changed")]
    AlreadyInitialised(PathBuf),
    /// The identity file makes no sense.
    #[error("{0} does not hold the keys of a head office. Put the right file back; nothing was changed")]
    BrokenIdentity(PathBuf),
    /// The kit makes no sense.
    #[error("{0} is no identity kit of a head office; nothing was changed")]
    BrokenKit(PathBuf),
    /// Others than its owner may read the keys.
    #[error(
        "others on this machine may read the keys in {0}, so they are not used. Let only their owner: chmod 600 {0}"
    )]
    KeysOpenToOthers(PathBuf),
    /// No such currency.
    #[error("'{0}' is not a currency with a minor unit. Use ISO letters such as EUR, GBP or USD")]
    UnknownCurrency(String),
    /// No such time zone.
    #[error(
        "'{0}' is not a time zone, or the cut-over is not a minute of the day. Use a name such as Europe/Berlin"
    )]
    UnknownTimeZone(String),
    /// What was asked makes no sense; the text says why.
    #[error("{0}")]
    Senseless(String),
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What happened.
        error: std::io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
    /// The office is stopping, or something that cannot happen did.
    #[error("head office could not finish this: {0}")]
    Unexpected(String),
}

impl From<StoreError> for OfficeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::InUse(path) => OfficeError::InUse(path),
            other => OfficeError::Store(other),
        }
    }
}

/// Why a request of a till is not done.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// It makes no sense.
    Malformed(String),
    /// It is not signed, or not rightly.
    Unauthenticated(String),
    /// The origin has no certificate that ends at the root.
    UnknownOrigin,
    /// The signer may not.
    Forbidden(String),
    /// The event before the first pushed one is not known; these tips are.
    UnknownPrevious(Vec<Tip>),
    /// The code is wrong, used or too old.
    EnrolmentRefused,
    /// The cursor is of another history.
    CursorUnknown,
    /// No such thing.
    NotFound,
    /// Come back later.
    Busy {
        /// In so many seconds.
        seconds: u64,
    },
    /// It could not be done, and nothing was.
    Failed(String),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Refusal::Failed(error.to_string())
    }
}

impl From<OfficeError> for Refusal {
    fn from(error: OfficeError) -> Self {
        Refusal::Failed(error.to_string())
    }
}

/// Head office, running. Cheap to clone.
#[derive(Clone)]
pub struct Office(Arc<Inner>);

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Office({})", self.0.settings.data.display())
    }
}

/// A value that one thread replaces as a whole and others read.
#[derive(Debug)]
struct Shared<T>(Arc<RwLock<Arc<T>>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared(self.0.clone())
    }
}

impl<T> Shared<T> {
    fn new(value: T) -> Self {
        Shared(Arc::new(RwLock::new(Arc::new(value))))
    }

    fn get(&self) -> Arc<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, value: T) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
    }
}

struct Inner {
    settings: Settings,
    /// Who head office is; another one after a new epoch.
    present: Shared<epoch::Present>,
    /// Which tills are asked for what head office lacks, by a clock that begins here and never goes back.
    asking: Mutex<Asking>,
    /// Whom tills were told of lineages that are longer than one answer.
    introductions: Mutex<Introductions>,
    /// What head office said about origins, as of the last commit.
    gate: watch::Receiver<Gate>,
    opened: Instant,
    book: RwLock<BTreeMap<OriginId, (Certificate, SignedCertificate)>>,
    jobs: Mutex<Option<mpsc::Sender<writer::Job>>>,
    /// Pushes that are prepared at once: one core is left to the writer and the projector, or these would wait behind every till that pushes,
    /// and read models would follow only after the last.
    preparing: Arc<Semaphore>,
    projected: watch::Receiver<i64>,
    hints: broadcast::Sender<FeedHint>,
    readers: Mutex<Vec<Readers>>,
    people: Mutex<OfficePeople>,
    enrol_attempts: Mutex<attempts::Attempts>,
    /// How many files of read models have taken the place of another since the start.
    generation: Arc<AtomicU64>,
    /// The last of them that a reader found damaged.
    damaged: watch::Sender<Option<u64>>,
    threads: threads::Threads,
    _lock: DirectoryLock,
}

/// Query-only connections for one question at a time.
struct Readers {
    log: Reader,
    views: Reader,
    people: Reader,
    /// Of the file of read models.
    generation: u64,
    damaged: watch::Sender<Option<u64>>,
}

impl Readers {
    /// Tells the projector where an answer of the read models speaks of damage: it may be in what nobody but readers looks at.
    fn heed<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &answer
            && error.is_damage()
        {
            tracing::error!(%error, "a reader met damage of the read models");
            self.damaged.send_replace(Some(self.generation));
        }
        answer
    }
}

impl Office {
    /// Opens the office of a data directory and starts its threads. Must be called within a tokio runtime.
    pub fn open(settings: Settings) -> Result<Office, OfficeError> {
        Identity::read(&settings.data)?;
        let lock = DirectoryLock::take(&settings.data)?;
        let durability = if settings.durable { Durability::Full } else { Durability::Off };
        let mut log = OfficeLog::open(&settings.data, durability)?;
        let anchor_file = Arc::new(anchor::AnchorFile::read(&settings)?);
        let (present, own) = epoch::begin(&mut log, &settings, &anchor_file)?;
        let mut views = Views::open(&settings.data, projector::VIEWS_FILE, Side::Office, durability)?;
        if !views.stand_on(log.connection())? {
            tracing::warn!("the read models stand on another log than this one; they are built anew");
            views.renew(log.connection())?;
        } else if views.lack_what_is_read_by_now()? {
            tracing::warn!(
                "this version reads events that an earlier one set aside; the read models are built anew"
            );
            views.renew(log.connection())?;
        }
        let people = OfficePeople::open(&settings.data, durability)?;
        let book = book::read_book(log.connection(), &present.identity)?;

        let (jobs, jobs_in) = mpsc::channel(JOBS_MAX);
        let (hints, _) = broadcast::channel(HINTS_MAX);
        let (stored_out, stored) = watch::channel(events::last_position(log.connection())?);
        let (gate_out, gate) = watch::channel(held::gate(log.connection())?);
        let (projected_out, projected) = watch::channel(views.position());
        let generation = Arc::new(AtomicU64::new(0));
        let (damaged, damaged_in) = watch::channel(None);
        let fresh = Arc::new(Fresh::default());
        log.hand_on_to(fresh.clone());
        let projector = projector::Projector {
            log: log.reader()?,
            fresh,
            views,
            stored,
            projected: projected_out,
            hints: hints.clone(),
            generation: generation.clone(),
            damaged: damaged_in,
        };
        let present = Shared::new(present);
        let (anchor, anchors) = watch::channel(None);
        let told = writer::Told {
            stored: stored_out,
            anchor,
            gate: gate_out,
            hints: hints.clone(),
            present: present.clone(),
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let runtime = tokio::runtime::Handle::current();
        let anchors_runtime = runtime.clone();
        let threads = threads::Threads::new();
        threads.spawn("writer", move || writer::run(log, own, jobs_in, &told))?;
        threads.spawn("anchor", move || anchor::follow(&anchor_file, anchors, &anchors_runtime))?;
        threads.spawn("projector", move || projector.run(&runtime))?;
        Ok(Office(Arc::new(Inner {
            settings,
            present,
            asking: Mutex::default(),
            introductions: Mutex::default(),
            gate,
            opened: Instant::now(),
            book: RwLock::new(book),
            jobs: Mutex::new(Some(jobs)),
            preparing: Arc::new(Semaphore::new(cores.saturating_sub(1).max(1))),
            projected,
            hints,
            readers: Mutex::new(Vec::new()),
            people: Mutex::new(people),
            enrol_attempts: Mutex::default(),
            generation,
            damaged,
            threads,
            _lock: lock,
        })))
    }

    /// Finishes what waits, then stops the threads. Requests that come later are told that the office is closed.
    pub async fn close(&self) {
        self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.0.threads.ended().await;
    }

    /// Waits until a thread of the office breaks down, and says which; for ever where none does. What it was for is not done any more, so
    /// whoever runs the office ends.
    pub async fn broken(&self) -> &'static str {
        self.0.threads.broken().await
    }

    /// Who head office is now. Another one after a new epoch: whoever needs several parts of it asks once.
    pub fn identity(&self) -> Identity {
        self.0.present.get().identity.clone()
    }

    /// Head office's key.
    pub fn key(&self) -> KeyPair {
        self.identity().key
    }

    /// Head office's origin.
    pub fn origin(&self) -> OriginId {
        self.identity().origin
    }

    /// The organisation.
    pub fn organisation(&self) -> OrganisationId {
        self.identity().organisation
    }

    /// The epoch.
    pub fn epoch(&self) -> String {
        self.0.present.get().epoch.clone()
    }

    /// The office's clock, in microseconds.
    pub fn now(&self) -> i64 {
        self.0.settings.clock.wall()
    }

    /// The nonce to hand out now.
    pub fn nonce(&self) -> String {
        self.nonce_key().nonce(self.now())
    }

    /// Whether a nonce was handed out minutes ago.
    pub fn is_fresh(&self, nonce: &str) -> bool {
        self.nonce_key().is_fresh(self.now(), nonce)
    }

    /// It follows from head office's present key, so a new epoch begins with new nonces.
    fn nonce_key(&self) -> NonceKey {
        NonceKey::of(&self.0.present.get().identity.key)
    }

    /// How long the office has been open, in microseconds, by a clock that never goes back.
    fn running(&self) -> i64 {
        i64::try_from(self.0.opened.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    /// An id for a request that head office makes of itself.
    pub fn new_request(&self) -> RequestId {
        RequestId(setup::new_uuid(&self.0.settings))
    }

    /// Hints about scopes in which something new stands.
    pub fn hints(&self) -> broadcast::Receiver<FeedHint> {
        self.0.hints.subscribe()
    }

    /// The verified certificate of an origin.
    #[allow(clippy::unused_async, reason = "a store with a network answers this later")]
    pub async fn certificate(&self, origin: OriginId) -> Result<Option<Certificate>, OfficeError> {
        let book = self.0.book.read().unwrap_or_else(PoisonError::into_inner);
        Ok(book.get(&origin).map(|(certificate, _)| certificate.clone()))
    }

    /// Takes in a push. Comes back when it is durable, or not done.
    pub async fn push(&self, request: RequestId, push: Push) -> Result<PushAnswer, Refusal> {
        let certificate = self.certificate(push.origin).await?.ok_or(Refusal::UnknownOrigin)?;
        let standing = Standing::of(&certificate);
        let pushed = Box::new(self.prepare(push).await?);
        self.job(|reply| writer::Job::Push(request, pushed, standing, reply)).await?
    }

    /// Reads and packs the events of a long push, so that the writer has only to store them. One whose last event is here comes again, and
    /// has nothing to be stored.
    async fn prepare(&self, push: Push) -> Result<Pushed, OfficeError> {
        let Some((last, _)) = push.events.last().filter(|_| push.events.len() >= PREPARED_EVENTS_MIN) else {
            return Ok(Pushed { push, prepared: Prepared::default() });
        };
        let (origin, last) = (push.origin, *last);
        let is_known = self
            .ask(move |readers| Ok(links::knows(&readers.log, origin, last).map_err(StoreError::of_log)?));
        // Whoever cannot be asked keeps nothing from being stored.
        if is_known.await.unwrap_or(false) {
            return Ok(Pushed { push, prepared: Prepared::default() });
        }
        let turn = self.0.preparing.clone().acquire_owned().await;
        let prepare = move || {
            let prepared = Prepared::of(&push);
            drop(turn);
            Pushed { push, prepared }
        };
        let prepared = tokio::task::spawn_blocking(prepare).await;
        prepared.map_err(|error| OfficeError::Unexpected(error.to_string()))
    }

    /// How the office is.
    pub async fn health(&self) -> Result<Health, OfficeError> {
        let projected = *self.0.projected.borrow();
        let last = self
            .ask(|readers| Ok(events::last_position(&readers.log).map_err(StoreError::of_log)?))
            .await?;
        let jobs = self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // Without its writer the office can answer questions and take nothing in; without another thread it does a part of its work.
        let ready = jobs.is_some_and(|jobs| !jobs.is_closed()) && self.0.threads.are_sound();
        Ok(Health {
            ready,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: vec![1],
            events: last,
            projected,
        })
    }

    /// Waits until everything up to a position is projected.
    pub(crate) async fn projected(&self, position: i64) -> Result<(), OfficeError> {
        let mut projected = self.0.projected.clone();
        let waited = projected.wait_for(|reached| *reached >= position).await;
        waited
            .map(|_| ())
            .map_err(|_| OfficeError::Unexpected("the projector has stopped".to_owned()))
    }

    /// Notes that a till handed back events of another origin.
    pub fn carried(&self, origin: OriginId, by: OriginId) {
        self.0
            .asking
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .came(self.running(), origin, by);
    }

    /// Records head office's own events.
    async fn record(
        &self,
        described: Vec<(daybook_core::event::Event, Vec<daybook_core::chain::Hash>)>,
        actor: Option<StaffId>,
    ) -> Result<writer::Written, OfficeError> {
        let asked = self.job(|reply| writer::Job::Own(described, actor, reply)).await;
        asked.map_err(|_| OfficeError::Unexpected("the office is closed".to_owned()))?
    }

    /// Hands a job to the writer and waits for its answer.
    async fn job<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> writer::Job) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        let jobs = self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let jobs = jobs.ok_or_else(|| Refusal::Failed("head office is stopping".to_owned()))?;
        let full = |error| match error {
            mpsc::error::TrySendError::Full(_) => Refusal::Busy { seconds: 1 },
            mpsc::error::TrySendError::Closed(_) => Refusal::Failed("head office is stopping".to_owned()),
        };
        jobs.try_send(job(reply)).map_err(full)?;
        drop(jobs);
        let answer = answer.await.map_err(|_| Refusal::Failed("head office is stopping".to_owned()))?;
        // Before it was done the writer may have begun a new epoch.
        let present = self.0.present.get();
        let is_met = self.certificate(present.identity.origin).await.is_ok_and(|known| known.is_some());
        if !is_met && let Ok(certificate) = present.certificate.read() {
            self.remember(certificate, present.certificate.clone());
        }
        Ok(answer)
    }

    /// Asks a question on query-only connections, off the runtime's threads. Faults of the log say so (`of_log`); any other is one of the
    /// read models, and where it is damage the projector hears of it.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Readers) -> Result<T, OfficeError> + Send + 'static,
    ) -> Result<T, OfficeError> {
        let inner = self.0.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let generation = inner.generation.load(Ordering::Acquire);
            let free = inner.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let readers = match free.filter(|readers| readers.generation == generation) {
                Some(readers) => readers,
                None => inner.readers(generation)?,
            };
            let answer = match question(&readers) {
                Err(OfficeError::Store(error)) => readers.heed(Err(error)).map_err(OfficeError::Store),
                answer => answer,
            };
            inner.readers.lock().unwrap_or_else(PoisonError::into_inner).push(readers);
            answer
        });
        asked.await.map_err(|error| OfficeError::Unexpected(error.to_string()))?
    }
}

impl Inner {
    fn readers(&self, generation: u64) -> Result<Readers, StoreError> {
        let data = &self.settings.data;
        Ok(Readers {
            log: open_reader(&data.join("log.db")).map_err(StoreError::of_log)?,
            views: open_reader(&data.join(projector::VIEWS_FILE))?,
            people: people_file::reader(data)?,
            generation,
            damaged: self.damaged.clone(),
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(super) fn settings(home: &std::path::Path) -> Settings {
        Settings {
            data: home.to_owned(),
            durable: false,
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandomness),
            pin_cost: PinCost::CHEAP,
        }
    }

    pub(super) fn office(home: &std::path::Path) -> Office {
        let new = NewOrganisation {
            name: "Corner Shop".to_owned(),
            currency: "EUR".to_owned(),
            time_zone: "UTC".to_owned(),
            prices_inclusive: true,
            cut_over_minutes: 0,
        };
        init(&settings(home), &new).unwrap();
        Office::open(settings(home)).unwrap()
    }

    #[tokio::test]
    async fn an_office_whose_writer_died_is_not_ready() {
        let home = tempfile::tempdir().unwrap();
        let office = office(home.path());
        assert!(office.health().await.unwrap().ready);
        // A writer that died leaves its end of the queue closed.
        let (orphaned, _) = mpsc::channel(1);
        *office.0.jobs.lock().unwrap() = Some(orphaned);
        assert!(!office.health().await.unwrap().ready);
        office.close().await;
    }

    #[tokio::test]
    async fn an_office_one_of_whose_threads_panicked_is_not_ready_and_says_which() {
        let home = tempfile::tempdir().unwrap();
        let office = office(home.path());
        let ill = || panic!("a fault of the program");
        office.0.threads.spawn("projector", ill).unwrap();
        assert_eq!(office.broken().await, "projector");
        assert!(!office.health().await.unwrap().ready, "it would answer with read models of yesterday");
        office.close().await;
    }
}
