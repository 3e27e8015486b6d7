//! The projector: the one thread that brings head office's read models up to the log, from its checkpoint.
//!
//! It may lag, it never holds ingest up. A file of read models that is damaged while the server runs is made anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use daybook_core::limits::{PROJECTOR_PAUSE_MILLIS_FIRST, PROJECTOR_PAUSE_MILLIS_MAX};
use daybook_core::sync::scope;
use daybook_core::wire::FeedHint;
use daybook_store::fresh::Fresh;
use daybook_store::views::Views;
use daybook_store::views::judge::{last_revision, stores_after};
use daybook_store::{Reader, StoreError};
use tokio::sync::{broadcast, watch};

/// Name of the file of read models.
pub(super) const VIEWS_FILE: &str = "views.db";

/// Events projected in one transaction at most. The further it lags, the more are taken together: pages that all of them touch are written
/// once, and a product is judged once, for all of them.
const PROJECTED_EVENTS: usize = 10_000;

/// What the projector works on.
pub(super) struct Projector {
    pub(super) log: Reader,
    /// What the writer hands on, read already.
    pub(super) fresh: Arc<Fresh>,
    pub(super) views: Views,
    /// The last position stored.
    pub(super) stored: watch::Receiver<i64>,
    /// The last position projected.
    pub(super) projected: watch::Sender<i64>,
    pub(super) hints: broadcast::Sender<FeedHint>,
    /// How many files of read models have taken the place of another: who reads an earlier one opens the present one.
    pub(super) generation: Arc<AtomicU64>,
    /// Which of them a reader found damaged.
    pub(super) damaged: watch::Receiver<Option<u64>>,
}

/// What the projector waits for when there is nothing to project.
enum News {
    /// Something was stored.
    Stored,
    /// A reader found the read models damaged.
    Damaged,
    /// The writer is gone.
    End,
}

impl Projector {
    /// Runs until the writer is gone and everything it stored is projected.
    pub(super) fn run(mut self, runtime: &tokio::runtime::Handle) {
        let mut revision = last_revision(self.views.connection(), None).unwrap_or(0);
        let mut faults = 0;
        loop {
            match self.views.catch_up_from(&self.fresh, &self.log, PROJECTED_EVENTS) {
                Ok(0) => {
                    faults = 0;
                    self.projected.send_replace(self.views.position());
                    match runtime.block_on(self.news()) {
                        News::Stored => {}
                        News::Damaged => {
                            if self.renew() {
                                revision = self.tell_of_conflicts(0);
                            }
                        }
                        News::End => return,
                    }
                }
                Ok(_) => {
                    faults = 0;
                    self.projected.send_replace(self.views.position());
                    revision = self.tell_of_conflicts(revision);
                }
                Err(error) => {
                    if self.recover(&error) {
                        revision = self.tell_of_conflicts(0);
                    }
                    if runtime.block_on(self.closed_within(pause_after(faults))) {
                        return;
                    }
                    faults += 1;
                }
            }
        }
    }

    async fn news(&mut self) -> News {
        loop {
            tokio::select! {
                stored = self.stored.changed() => {
                    return stored.map_or(News::End, |()| News::Stored);
                }
                Ok(()) = self.damaged.changed() => {
                    let damaged = *self.damaged.borrow_and_update();
                    // Of one that has made room since nothing needs to be said.
                    if damaged == Some(self.generation.load(Ordering::Acquire)) {
                        return News::Damaged;
                    }
                }
            }
        }
    }

    /// Whether the writer is gone before a pause is over.
    async fn closed_within(&mut self, pause: Duration) -> bool {
        let closed = async { while self.stored.changed().await.is_ok() {} };
        tokio::time::timeout(pause, closed).await.is_ok()
    }

    fn tell_of_conflicts(&self, before: i64) -> i64 {
        let Ok(now) = last_revision(self.views.connection(), None) else { return before };
        if now > before {
            let stores = stores_after(self.views.connection(), before).unwrap_or_default();
            for store in stores {
                let _nobody_listens =
                    self.hints.send(FeedHint { scope: scope::conflicts(store), position: now });
            }
        }
        now
    }

    /// Builds damaged read models anew; whether it did. Any other fault, such as a full disk, leaves them for a later try.
    fn recover(&mut self, error: &StoreError) -> bool {
        tracing::error!(%error, "projecting failed");
        error.is_damage() && self.renew()
    }

    /// Builds the read models anew; whether it did.
    fn renew(&mut self) -> bool {
        let renewed = self.views.renew(&self.log);
        // Also where it failed half-way: the file at the old place may be another one.
        self.generation.fetch_add(1, Ordering::Release);
        match renewed {
            Ok(()) => {
                tracing::warn!("the read models were built anew from the log");
                true
            }
            Err(error) => {
                tracing::error!(%error, "the read models cannot be built anew now");
                false
            }
        }
    }
}

/// The pause after a fault that followed so many others: doubled each time, up to a bound.
fn pause_after(faults: u32) -> Duration {
    let doubled = PROJECTOR_PAUSE_MILLIS_FIRST.saturating_mul(1_u64 << faults.min(32));
    Duration::from_millis(doubled.min(PROJECTOR_PAUSE_MILLIS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_store::Durability;
    use daybook_store::office::OfficeLog;
    use daybook_store::views::Side;

    /// A projector whose log cannot be read.
    fn projector(home: &std::path::Path, stored: watch::Receiver<i64>) -> Projector {
        drop(OfficeLog::open(home, Durability::Off).unwrap());
        Projector {
            log: Reader::open_in_memory().unwrap(),
            fresh: Arc::default(),
            views: Views::open(home, VIEWS_FILE, Side::Office, Durability::Off).unwrap(),
            stored,
            projected: watch::channel(0).0,
            hints: broadcast::channel(1).0,
            generation: Arc::default(),
            damaged: watch::channel(None).1,
        }
    }

    #[test]
    fn pauses_after_faults_grow_and_are_bounded() {
        let pauses: Vec<Duration> = (0..100).map(pause_after).collect();
        assert!(pauses.is_sorted() && pauses[0] > Duration::ZERO && pauses[1] > pauses[0]);
        assert_eq!(pauses[99], Duration::from_millis(PROJECTOR_PAUSE_MILLIS_MAX));
    }

    #[tokio::test(start_paused = true)]
    async fn new_events_do_not_cut_a_pause_short_and_the_end_of_the_writer_does() {
        let home = tempfile::tempdir().unwrap();
        let (stored_out, stored) = watch::channel(0);
        let mut projector = projector(home.path(), stored);
        stored_out.send_replace(1);
        let began = tokio::time::Instant::now();
        assert!(!projector.closed_within(Duration::from_secs(3)).await);
        assert_eq!(began.elapsed(), Duration::from_secs(3));
        drop(stored_out);
        assert!(projector.closed_within(Duration::from_secs(3)).await);
        assert_eq!(began.elapsed(), Duration::from_secs(3));
    }

    #[test]
    fn a_projector_that_cannot_read_the_log_ends_with_the_writer() {
        let home = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (stored_out, stored) = watch::channel(0);
        drop(stored_out);
        projector(home.path(), stored).run(runtime.handle());
    }
}
