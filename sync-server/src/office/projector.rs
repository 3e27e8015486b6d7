//! The projector: the one thread that brings head office's read models up to the log, from its checkpoint.
//!
//! It may lag, it never holds ingest up. A file of read models that is damaged while the server runs is made anew.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use daybook_core::ids::StoreId;
use daybook_core::sync::scope;
use daybook_core::wire::FeedHint;
use daybook_store::file::remove;
use daybook_store::views::judge::last_revision;
use daybook_store::views::{Side, Views};
use daybook_store::{Durability, Reader, StoreError};
use tokio::sync::{broadcast, watch};

/// Pause before trying again after a fault, such as a full disk.
const PAUSE_AFTER_FAULT: Duration = Duration::from_secs(1);

/// Name of the file of read models.
pub(super) const VIEWS_FILE: &str = "views.db";

/// What the projector works on.
pub(super) struct Projector {
    pub(super) data: PathBuf,
    pub(super) log: Reader,
    pub(super) views: Views,
    pub(super) durability: Durability,
    /// The last position stored.
    pub(super) stored: watch::Receiver<i64>,
    /// The last position projected.
    pub(super) projected: watch::Sender<i64>,
    pub(super) hints: broadcast::Sender<FeedHint>,
}

impl Projector {
    /// Runs until the writer is gone and everything it stored is projected.
    pub(super) fn run(mut self, runtime: &tokio::runtime::Handle) {
        let mut revision = last_revision(self.views.connection(), None).unwrap_or(0);
        loop {
            match self.views.catch_up(&self.log) {
                Ok(0) => {
                    self.projected.send_replace(self.views.position());
                    if runtime.block_on(self.stored.changed()).is_err() {
                        return;
                    }
                }
                Ok(_) => {
                    self.projected.send_replace(self.views.position());
                    revision = self.tell_of_conflicts(revision);
                }
                Err(error) => self.recover(&error),
            }
        }
    }

    fn tell_of_conflicts(&self, before: i64) -> i64 {
        let Ok(now) = last_revision(self.views.connection(), None) else { return before };
        if now > before {
            let records =
                daybook_store::views::judge::conflicts_after(self.views.connection(), None, before, 10_000)
                    .unwrap_or_default();
            let stores: BTreeSet<StoreId> =
                records.iter().filter_map(|record| record.conflict.store).collect();
            for store in stores {
                let _nobody_listens =
                    self.hints.send(FeedHint { scope: scope::conflicts(store), position: now });
            }
        }
        now
    }

    fn recover(&mut self, error: &StoreError) {
        tracing::error!(%error, "projecting failed");
        if error.is_damage() {
            let open = || {
                remove(&self.data.join(VIEWS_FILE))?;
                Views::open(&self.data, VIEWS_FILE, Side::Office, self.durability)
            };
            match open() {
                Ok(views) => {
                    tracing::warn!("the read models are built anew from the log");
                    self.views = views;
                    return;
                }
                Err(error) => tracing::error!(%error, "the read models cannot be built anew"),
            }
        }
        std::thread::sleep(PAUSE_AFTER_FAULT);
    }
}
