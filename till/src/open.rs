//! Opening a till: take the directory, check the log against the journal, fold what is open, begin a run.
//!
//! A log without its journal, or with one that does not fit, cannot be told from a copy, and one that was refilled may lack what was last
//! recorded: the till then goes on under a child origin with a number series of its own, and nothing that was recorded is touched.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use daybook_core::chain::Tip;
use daybook_core::event::Event;
use daybook_core::event::origin::{Opened, Parent, Reason, TillStarted};
use daybook_core::identity::certificate::{Certificate, SignedCertificate};
use daybook_core::identity::{KeyPair, base64url};
use daybook_core::ids::{OriginId, SaleId, StaffId};
use daybook_core::limits::{FOLLOW_EVENTS_MAX, TOLD_AT_ONCE_MAX};
use daybook_core::project::Input;
use daybook_core::record::{Circumstances, Draft, Recorded, Writer};
use daybook_core::sale::Sale;
use daybook_core::shift::Book;
use daybook_core::sync::strangers::Strangers;
use daybook_core::sync::till::Status;
use daybook_core::sync::witness::Witness;
use daybook_store::file::DirectoryLock;
use daybook_store::people::till::TillPeople;
use daybook_store::till::TillLog;
use daybook_store::views::{Side, Views};
use daybook_store::{Durability, StoreError, events};
use tokio::sync::{Notify, watch};

use crate::ballast::Ballast;
use crate::identity::{Identity, Keys};
use crate::journal::{Found, Journal, machine};
use crate::print::Printing;
use crate::refill::{OpenedLog, REFILLED_FACT, find, mend_log, open_log};
use crate::till::{Changes, Enrolled, Inner, OpenError, Options, Shared, Till};

/// Name of the file of read models.
pub(crate) const VIEWS_FILE: &str = "views.db";
/// Name of the fact that holds the till's identity.
pub(crate) const IDENTITY_FACT: &str = "identity";

impl Till {
    /// Opens the till of a data directory, new or old.
    pub fn open(options: Options) -> Result<Till, OpenError> {
        let lock = Arc::new(DirectoryLock::take(&options.data)?);
        let durability = if options.durable { Durability::Full } else { Durability::Off };
        let begin = |opened| Inner::begin(&options, durability, opened, lock.clone());
        let inner = match open_log(&options, durability).and_then(begin) {
            // Wherever damage of the log is met on the way, it is answered once: read models have theirs answered where they are.
            Err(OpenError::Store(error)) if error.is_damage() => {
                mend_log(&options, durability, error).and_then(begin)?
            }
            begun => begun?,
        };
        let writing = inner.enrolled.as_ref().map(|enrolled| enrolled.writer);
        let printing = Printing::open(&options.data, durability, writing);
        let server = inner.enrolled.as_ref().map(|enrolled| enrolled.identity.server.clone());
        let shared = Shared {
            options,
            turn: Mutex::new(()),
            looking: Mutex::new(()),
            storing: Arc::default(),
            recorded: Notify::new(),
            asked: Notify::new(),
            status: Mutex::new(if inner.is_alone() { Status::Alone } else { Status::Working }),
            server: Mutex::new(server),
            contact: Mutex::default(),
            changes: watch::Sender::new(Changes::default()),
            printing,
        };
        Ok(Till { inner: Arc::new(Mutex::new(inner)), shared: Arc::new(shared) })
    }
}

impl Till {
    /// Brings the read models up to what came from others, in small steps: whoever sells meanwhile waits for one step at most.
    pub(crate) fn follow(&self) -> Result<(), StoreError> {
        while self.lock().follow_a_step()? {}
        Ok(())
    }
}

impl Inner {
    /// Begins with a log: who the till is, its journal, what is open, its read models, a run.
    fn begin(
        options: &Options,
        durability: Durability,
        (log, refilled): OpenedLog,
        lock: Arc<DirectoryLock>,
    ) -> Result<Inner, OpenError> {
        let log_reader = log.reader()?;
        let (views, views_trouble) = open_views(&options.data, durability)?;
        let (people, damaged) = TillPeople::open(&options.data, durability)?;
        if let Some(aside) = damaged {
            tracing::error!(aside = %aside.display(), "the file of people is damaged and was moved aside; head office gives the list again");
        }
        let mut inner = Inner {
            options: options.clone(),
            log,
            log_reader,
            views,
            views_trouble,
            views_rebuilt: false,
            views_given_up: false,
            journal: None,
            office_journal: None,
            journal_trouble: None,
            refilled,
            journal_dirty: false,
            enrolled: None,
            people,
            strangers: Strangers::default(),
            at_the_till: None,
            approvals: BTreeMap::new(),
            last_approval: 0,
            tried: BTreeMap::new(),
            opened_at: options.clock.millis(),
            book: Book::default(),
            sale: None,
            revisions: BTreeMap::new(),
            offset: 0,
            passed: (0, 0),
            witness: Witness::default(),
            shop: None,
            ballast: if options.durable {
                Ballast::lay(&options.data)
            } else {
                Ballast::none(&options.data)
            },
            products_on_sale: None,
            latch: None,
            _lock: lock,
        };
        inner.load_identity()?;
        inner.load_witness()?;
        if inner.enrolled.is_some() {
            inner.check_journal()?;
            inner.open_alone()?;
            inner.fold_books()?;
            if inner.must_go_on_as_child()? {
                inner.open_child(Reason::Copied)?;
            }
            let followed = inner.catch_up_views().or_else(|error| inner.keep_views_in_memory(error));
            if let Err(error) = followed {
                // The log is written all the same, and read models follow it later.
                tracing::error!(%error, "the read models cannot be brought up to the log now");
            }
            inner.begin_run()?;
        }
        Ok(inner)
    }

    /// Reads who the till is; nobody yet where it never enrolled.
    pub(crate) fn load_identity(&mut self) -> Result<(), OpenError> {
        let Some(text) = self.log.fact(IDENTITY_FACT)? else { return Ok(()) };
        let unreadable = |what: &str| OpenError::Unreadable(what.to_owned());
        let identity: Identity =
            serde_json::from_str(&text).map_err(|error| OpenError::Unreadable(error.to_string()))?;
        let keys = Keys::read(&self.options.data, &*self.options.keystore)
            .map_err(|error| OpenError::Io { path: self.options.data.join("keys.json"), error })?;
        let certificate = identity.current().ok_or_else(|| unreadable("its certificate"))?;
        let key = keys
            .origins
            .get(&certificate.origin)
            .ok_or_else(|| unreadable("the key of its origin (keys.json)"))?
            .clone();
        let tip = self.log.own_tip(certificate.origin)?;
        let last = events::find(self.log.connection(), certificate.origin, tip)?;
        let envelope = last.and_then(|event| event.text.read_envelope().ok());
        if let Some(envelope) = &envelope {
            self.note_time(envelope.offset, envelope.wall.saturating_add(envelope.offset));
        }
        let writer =
            Writer { origin: certificate.origin, tip, last_at: envelope.map_or(0, |envelope| envelope.at) };
        self.enrolled = Some(
            enrolled(identity, keys, writer, key, &certificate)
                .ok_or_else(|| unreadable("its certificate"))?,
        );
        Ok(())
    }

    /// Compares log and journal: repairs the one that lags, leaves no journal where the log may be a copy.
    fn check_journal(&mut self) -> Result<(), OpenError> {
        let Some(enrolled) = &self.enrolled else { return Ok(()) };
        let (origin, tip) = (enrolled.writer.origin, enrolled.writer.tip);
        let directory = self.options.journal.clone();
        let found = match Journal::look(&directory) {
            Ok(found) => found,
            // What cannot be read says nothing against the log. A copy of it that sold elsewhere is found out by head office.
            Err(error) => {
                self.journal = self.journal_or_trouble(Err(error));
                return Ok(());
            }
        };
        let reached = match found {
            Found::Journal(header, last) if header.origin == origin && header.machine == machine() => {
                Some(last.map_or(Tip::NONE, |record| record.tip))
            }
            _ => None,
        };
        if let Some(reached) = reached
            && self.log.holds(origin, reached)?
        {
            let mut filled_up = Journal::open(&directory);
            for first in (reached.seq + 1..=tip.seq).step_by(1_000) {
                let missing = self.log.own_chain(origin, first, (first + 999).min(tip.seq))?;
                let missing = missing.iter().map(|event| (event.tip, event.prev, &event.text));
                filled_up = filled_up.and_then(|mut journal| journal.append(missing).map(|()| journal));
            }
            self.journal_dirty = reached.seq < tip.seq;
            // It says whose log this is even where it cannot be written.
            self.journal = self.journal_or_trouble(filled_up);
            return Ok(());
        }
        self.take_journal_files_in()
    }

    /// No journal file goes on from here: the log was restored, moved to another machine, or is a copy. What its files hold beyond it
    /// would be read by nobody any more, so it is taken in before the till goes on as a child; also the till's own later origins.
    fn take_journal_files_in(&mut self) -> Result<(), OpenError> {
        let Some(enrolled) = &self.enrolled else { return Ok(()) };
        let (origin, identity) = (enrolled.writer.origin, enrolled.identity.clone());
        let Some(remains) = find(&self.options, Some(&identity))? else { return Ok(()) };
        // First of all, so that it writes no more also where this is cut short and finds nothing to take in the next time.
        self.log.put_fact(REFILLED_FACT, &origin.to_string())?;
        if remains.take_in(&mut self.log)? > 0 {
            tracing::warn!("the log lacked events that its journal files hold; they are taken back");
        }
        remains.keep(&mut self.log)?;
        self.load_identity()
    }

    /// Whether the present origin had better write no more: its log cannot be told from a copy, or may lack its last events.
    fn must_go_on_as_child(&self) -> Result<bool, OpenError> {
        let Some(enrolled) = &self.enrolled else { return Ok(false) };
        let refilled = self.log.fact(REFILLED_FACT)?;
        let in_doubt = self.journal.is_none() && self.journal_trouble.is_none();
        Ok(in_doubt || refilled == Some(enrolled.writer.origin.to_string()))
    }

    /// A journal that cannot be written stops no till: it sells with one copy of its books instead of two, and says so.
    pub(crate) fn journal_or_trouble(&mut self, journal: std::io::Result<Journal>) -> Option<Journal> {
        match journal {
            Ok(journal) => Some(journal),
            Err(error) => {
                tracing::error!(%error, "the journal cannot be written; the till sells without it");
                self.journal_trouble = Some(error.to_string());
                None
            }
        }
    }

    /// Folds the book of the shift and an open cart from the own events since the last closing.
    pub(crate) fn fold_books(&mut self) -> Result<(), OpenError> {
        let Some(enrolled) = &self.enrolled else { return Ok(()) };
        let (origin, tip) = (enrolled.writer.origin, enrolled.writer.tip);
        let start = self.log.book_start(origin)?;
        self.book = Book::default();
        let mut from = start;
        while from <= tip.seq {
            for event in self.log.own_chain(origin, from, from + 999)? {
                if let Ok((_, event)) = Input::read(origin, event.tip, &event.text).content {
                    self.book.evolve(&event);
                }
            }
            from += 1_000;
        }
        self.sale = None;
        if let Some(stream) = self.log.open_sales(origin, start)?.last() {
            let mut sale = Sale::default();
            for event in self.log.stream(stream)? {
                if let Ok((_, event)) = Input::read(origin, event.tip, &event.text).content {
                    sale.evolve(&event);
                }
            }
            self.sale = stream
                .strip_prefix("sale/")
                .and_then(|id| id.parse::<SaleId>().ok())
                .map(|id| (id, sale));
        }
        Ok(())
    }

    /// Goes on under a child origin: new key, new series, a new shift to open. An open cart stays behind; it may already be paid elsewhere.
    pub(crate) fn open_child(&mut self, reason: Reason) -> Result<(), OpenError> {
        let Some(parent) = self.enrolled.clone() else { return Ok(()) };
        let mut seed = [0; 32];
        self.options.randomness.fill(&mut seed);
        let key = KeyPair::from_seed(seed);
        let origin = OriginId(self.new_uuid());
        let old = parent
            .identity
            .current()
            .ok_or_else(|| OpenError::Unreadable("its certificate".to_owned()))?;
        let short: String = origin.to_string().replace('-', "")[28..].to_uppercase();
        let certificate = Certificate {
            origin,
            series: format!("{}-{short}", old.name),
            public_key: key.public(),
            parent: Some(old.origin),
            issued_wall: self.options.clock.wall(),
            ..old
        };
        let signed = SignedCertificate::issue(&certificate, &parent.key);
        let opened = Opened {
            organisation: certificate.organisation,
            role: certificate.role,
            reason,
            store: certificate.store,
            till: certificate.till,
            name: certificate.name.clone(),
            series: certificate.series.clone(),
            public_key: key.public().text(),
            parent: Some(Parent {
                origin: parent.writer.origin,
                tip: parent.writer.tip,
                signature: signed.signature.clone(),
            }),
            counters: Some(self.book.counters_now()),
        };
        let mut identity = Identity::clone(&parent.identity);
        identity.origins.push(signed);
        let mut keys = Keys::clone(&parent.keys);
        keys.origins.insert(origin, key.clone());
        let io = |error| OpenError::Io { path: self.options.data.clone(), error };
        keys.write(&self.options).map_err(io)?;
        self.become_origin(identity, keys, key, &certificate, opened, &[])?;
        tracing::warn!(?reason, %origin, "the till goes on under a child origin");
        Ok(())
    }

    /// Records the opening of an origin as its first event, together with the identity that names it and what its head office says
    /// before, where that is its own.
    pub(crate) fn become_origin(
        &mut self,
        identity: Identity,
        keys: Keys,
        key: KeyPair,
        certificate: &Certificate,
        opened: Opened,
        before: &[Recorded],
    ) -> Result<(), OpenError> {
        let text =
            serde_json::to_string(&identity).map_err(|error| OpenError::Unreadable(error.to_string()))?;
        // The child's order keys go on above its parent's, whatever the clock says.
        let last_at = self.enrolled.as_ref().map_or(0, |parent| parent.writer.last_at);
        let writer = Writer { last_at, ..Writer::new(certificate.origin) };
        let draft = Draft { id: self.new_event_id(), event: opened.into(), rev: 1, base: None };
        let circumstances =
            Circumstances { now: self.now(), actor: None, approver: None, command: None, day: None };
        let recorded = writer.record(vec![draft], &circumstances, &key, false);
        let (recorded, after) = recorded.map_err(|error| OpenError::Unreadable(error.to_string()))?;
        let new = enrolled(identity, keys, writer, key, certificate);
        let new = new.ok_or_else(|| OpenError::Unreadable("its certificate".to_owned()))?;
        let journal = Journal::begin(&self.options.journal, certificate.origin, &machine(), &new.identity);
        // One commit: either the origin is opened and the till is it, or nothing of it happened. Memory follows only now.
        let append = |log: &mut TillLog| log.append_with_fact(&[before, &recorded], IDENTITY_FACT, &text);
        let position = self.ink(&recorded, append).map_err(StoreError::from)?;
        self.enrolled = Some(new);
        self.journal = self.journal_or_trouble(journal);
        self.sale = None;
        (self.shop, self.products_on_sale) = (None, None);
        self.revisions.clear();
        self.book = Book::default();
        self.after_append(&recorded, after, position);
        Ok(())
    }

    /// Begins a run, which makes a copied directory diverge at once.
    fn begin_run(&mut self) -> Result<(), OpenError> {
        let mut bytes = [0; 16];
        self.options.randomness.fill(&mut bytes);
        let previous_run = self.log.fact("run")?;
        let run = base64url(&bytes);
        let keep = |inner: &mut Inner| inner.log.put_fact("run", &run);
        match keep(self) {
            // A till that was closed because its disk is full opens with the room that was kept for that.
            Err(StoreError::Full) if self.ballast.release() => keep(self)?,
            kept => kept?,
        }
        self.record_plain(vec![Event::from(TillStarted {
            run,
            previous_run,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })])
    }

    /// Records events that no person asked for.
    pub(crate) fn record_plain(&mut self, new: Vec<Event>) -> Result<(), OpenError> {
        self.record_by(None, new)
    }

    /// Records events that no command asked for, of a person where there is one.
    pub(crate) fn record_by(&mut self, actor: Option<StaffId>, new: Vec<Event>) -> Result<(), OpenError> {
        if let Some(why) = &self.latch {
            return Err(OpenError::Unreadable(why.clone()));
        }
        let Some(enrolled) = self.enrolled.clone() else { return Ok(()) };
        let mut drafts = Vec::new();
        for event in new {
            let rev = self.next_revision(&event.stream())?;
            drafts.push(Draft { id: self.new_event_id(), event, rev, base: None });
        }
        let day = self.book.shift.as_ref().map(|shift| shift.opened.day);
        let circumstances = Circumstances { now: self.now(), actor, approver: None, command: None, day };
        let recorded = enrolled.writer.record(drafts, &circumstances, &enrolled.key, false);
        let (recorded, writer) = recorded.map_err(|error| OpenError::Unreadable(error.to_string()))?;
        let position = self.ink(&recorded, |log| log.append(&recorded, None)).map_err(StoreError::from)?;
        self.after_append(&recorded, writer, position);
        Ok(())
    }

    /// The number that the next event of a stream gets.
    pub(crate) fn next_revision(&mut self, stream: &str) -> Result<i64, StoreError> {
        let last = match self.revisions.get(stream) {
            Some(last) => *last,
            None => self.log.stream_length(stream)?,
        };
        self.revisions.insert(stream.to_owned(), last + 1);
        Ok(last + 1)
    }

    /// Projects what the log holds beyond the read models' checkpoint, which must be one of this log.
    pub(crate) fn catch_up_views(&mut self) -> Result<(), StoreError> {
        if !self.views.stand_on(&self.log_reader)? {
            tracing::warn!("the read models stand on another log than this one; they are built anew");
            self.rebuild_views()?;
        } else if (self.views.begin_a_long_way(&self.log_reader)? || self.views.lack_what_is_read_by_now()?)
            && let Err(error) = self.views.renew(&self.log_reader)
        {
            tracing::warn!(%error, "the read models cannot be built beside; they follow the log where they are");
        }
        let mut rebuilt = false;
        loop {
            match self.views.catch_up(&self.log_reader) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.is_worth_a_rebuild() && !rebuilt => {
                    self.rebuild_views()?;
                    rebuilt = true;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Projects a few of the events that wait; whether there were any.
    pub(crate) fn follow_a_step(&mut self) -> Result<bool, StoreError> {
        self.products_on_sale = None;
        let records_max = match self.book.shift {
            Some(_) => FOLLOW_EVENTS_MAX,
            None => TOLD_AT_ONCE_MAX,
        };
        let followed = match self.views.take_in_told(&self.log_reader, records_max) {
            Ok(0) => self.views.catch_up_by(&self.log_reader, FOLLOW_EVENTS_MAX),
            told => told,
        };
        match followed {
            Err(error) if error.is_worth_a_rebuild() => self.rebuild_views().map(|()| true),
            followed => followed.map(|count| count > 0),
        }
    }

    /// Builds damaged read models anew beside the present ones; in memory, where no file can be built or the last one did not last.
    pub(crate) fn rebuild_views(&mut self) -> Result<(), StoreError> {
        self.products_on_sale = None;
        if std::mem::replace(&mut self.views_rebuilt, true) && self.views_trouble.is_none() {
            return self.keep_views_in_memory("the file of read models broke again");
        }
        match self.views.renew(&self.log_reader) {
            Err(error) if !matches!(error, StoreError::Log(_)) => self.keep_views_in_memory(error),
            other => other,
        }
    }

    /// Goes on with read models in memory, because their file cannot be used: selling needs what they know, not where they lie.
    fn keep_views_in_memory(&mut self, why: impl std::fmt::Display) -> Result<(), StoreError> {
        tracing::error!(%why, "the file of read models cannot be used; they are kept in memory");
        self.views_trouble = Some(why.to_string());
        self.products_on_sale = None;
        let mut views = Views::in_memory(Side::Till)?;
        while views.catch_up(&self.log_reader)? > 0 {}
        self.views = views;
        Ok(())
    }
}

/// The read models with, where their file cannot be used and they begin in memory, the reason.
fn open_views(data: &Path, durability: Durability) -> Result<(Views, Option<String>), StoreError> {
    match Views::open(data, VIEWS_FILE, Side::Till, durability) {
        Ok(views) => Ok((views, None)),
        Err(error) => {
            tracing::error!(%error, "the file of read models cannot be used; they are kept in memory");
            Ok((Views::in_memory(Side::Till)?, Some(error.to_string())))
        }
    }
}

fn enrolled(
    identity: Identity,
    keys: Keys,
    writer: Writer,
    key: KeyPair,
    certificate: &Certificate,
) -> Option<Enrolled> {
    let (store, till) = (certificate.store?, certificate.till?);
    let (identity, keys) = (Arc::new(identity), Arc::new(keys));
    Some(Enrolled { identity, keys, writer, key, store, till, series: certificate.series.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{SystemClock, SystemRandomness};
    use daybook_core::chain::{Hash, sha256};
    use daybook_core::envelope::EventText;
    use daybook_core::wire::FeedEntry;
    use daybook_store::till::Cursor;

    fn till(home: &Path) -> Till {
        Till::open(Options {
            data: home.join("data"),
            journal: home.join("journal"),
            durable: false,
            clock: Arc::new(SystemClock::default()),
            randomness: Arc::new(SystemRandomness),
            keystore: Arc::new(crate::keystore::NoKeystore),
        })
        .unwrap()
    }

    #[test]
    fn a_page_of_others_events_is_projected_a_few_at_a_time() {
        let home = tempfile::tempdir().unwrap();
        let till = till(home.path());
        let origin = OriginId(uuid::Uuid::from_u128(1));
        let entry = |position: i64| {
            let text = EventText { envelope: "{}".to_owned(), payload: "{}".to_owned(), seal: None };
            let tip = Tip { seq: position, hash: sha256(&position.to_be_bytes()) };
            (origin, tip, FeedEntry { position, before: Hash::ZERO, skeletons: Vec::new(), text })
        };
        let few = i64::try_from(FOLLOW_EVENTS_MAX).unwrap();
        let page: Vec<_> = (1..=2 * few + 1).map(entry).collect();
        let cursor = Cursor { cursor: "c".to_owned(), position: 2 * few + 1 };
        let mut inner = till.lock();
        inner.log.store_page("catalogue", &page, &cursor).unwrap();
        assert!(inner.follow_a_step().unwrap());
        assert_eq!(inner.views.position(), few);
        drop(inner);
        till.follow().unwrap();
        assert_eq!(till.lock().views.position(), 2 * few + 1);
    }

    #[test]
    fn read_models_that_answer_with_damage_are_built_anew_once_then_kept_in_memory_then_given_up() {
        let home = tempfile::tempdir().unwrap();
        let till = till(home.path());
        let asked = std::cell::Cell::new(0);
        // Answers as often as this with damage, then well.
        let ask = |failures: i32, error: fn() -> StoreError| {
            asked.set(0);
            let answer = till.lock().ask_views(|_, _| {
                asked.set(asked.get() + 1);
                if asked.get() > failures { Ok(()) } else { Err(error()) }
            });
            (answer.is_ok(), asked.get(), till.views_trouble().is_some())
        };
        assert_eq!(ask(1, || StoreError::Full), (false, 1, false), "that says nothing about their file");
        assert_eq!(ask(1, || StoreError::Damaged("log.db".into()).of_log()), (false, 1, false));
        assert_eq!(ask(1, || StoreError::Unreadable("settings".to_owned())), (true, 2, false));
        assert_eq!(
            ask(1, || StoreError::BrokenRow("settings".to_owned())),
            (true, 2, true),
            "twice in a run"
        );
        assert_eq!(ask(9, || StoreError::Damaged("views.db".into())), (false, 2, true));
        assert_eq!(
            ask(9, || StoreError::Damaged("views.db".into())),
            (false, 1, true),
            "not for nothing again"
        );
    }

    #[test]
    fn who_waits_for_the_till_comes_before_who_just_had_it() {
        let home = tempfile::tempdir().unwrap();
        let till = till(home.path());
        let held = till.lock();
        let seller = {
            let till = till.clone();
            std::thread::spawn(move || till.lock().offset = 7)
        };
        while till.shared.turn.try_lock().is_ok() {
            std::thread::yield_now();
        }
        drop(held);
        assert_eq!(till.lock().offset, 7, "the seller was there first");
        seller.join().unwrap();
    }
}
