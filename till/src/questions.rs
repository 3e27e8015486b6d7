//! Questions about the till for shells: what is open, who may act, how far things are, what the sums are.

use daybook_core::ids::{SaleId, StaffId};
use daybook_core::sale::{Phase, Sale};
use daybook_core::time::Day;
use daybook_core::wire::ConflictRecord;
use daybook_store::StoreError;
use daybook_store::till::TillLog;
use daybook_store::verify::{Verified, verify};
use daybook_store::views::questions::{self, ProductRow};
use daybook_store::views::report::{ReportQuestion, till_days};
use serde_json::{Value, json};

use crate::refill::{DAMAGE_FACT, Refilled};
use crate::till::{Inner, Till};

/// What rebuilding the read models found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Whether they equal what was there.
    pub equal: bool,
    /// The result in words.
    pub words: String,
}

impl Till {
    /// Own events that head office has not acknowledged yet, of all own origins. None where there is no head office to send to.
    pub fn waiting(&self) -> i64 {
        let inner = self.lock();
        if inner.is_alone() {
            return 0;
        }
        crate::sync::own_lanes(&inner)
            .map_or(0, |lanes| lanes.iter().map(|lane| (lane.tip.seq - lane.acknowledged.seq).max(0)).sum())
    }

    /// The business day of the open shift.
    pub fn shift_day(&self) -> Option<Day> {
        self.lock().book.shift.as_ref().map(|shift| shift.opened.day)
    }

    /// The sale that is open.
    pub fn open_sale(&self) -> Option<SaleId> {
        self.lock()
            .sale
            .as_ref()
            .filter(|(_, sale)| sale.phase == Phase::Open)
            .map(|(id, _)| *id)
    }

    /// The open sale with its cart.
    pub fn cart(&self) -> Option<(SaleId, Sale)> {
        self.lock().sale.clone().filter(|(_, sale)| sale.phase == Phase::Open)
    }

    /// People who may act here: id, staff number, role.
    pub fn staff(&self) -> Vec<(StaffId, String, String)> {
        let mut inner = self.lock();
        let store = inner.enrolled.as_ref().map(|enrolled| enrolled.store);
        inner
            .ask_views(|views, _| questions::staff(views.connection(), store))
            .unwrap_or_default()
    }

    /// Products that hold every word of a text.
    pub fn search(&self, text: &str, limit: usize) -> Result<Vec<ProductRow>, StoreError> {
        self.lock().ask_views(|views, _| questions::search(views.connection(), text, limit))
    }

    /// Number of products on sale.
    pub fn catalogue_size(&self) -> Result<i64, StoreError> {
        self.lock().ask_views(|views, _| questions::catalogue_size(views.connection()))
    }

    /// The conflicts that head office told of.
    pub fn conflicts(&self) -> Result<Vec<ConflictRecord>, StoreError> {
        self.lock().log.conflicts()
    }

    /// Sums per till and day of the whole store, as far as they are known here, and a digest of them.
    pub fn totals(&self) -> Result<Value, StoreError> {
        let days = self
            .lock()
            .ask_views(|views, _| till_days(views.connection(), &ReportQuestion::default()))?;
        let days = serde_json::to_value(days).map_err(|error| StoreError::Unreadable(error.to_string()))?;
        let digest = daybook_core::chain::sha256(days.to_string().as_bytes()).to_string();
        Ok(json!({ "till_days": days, "read_models": digest }))
    }

    /// Builds the read models anew from the log, compares, and goes on with the new ones.
    pub fn rebuild(&self) -> Result<Rebuilt, StoreError> {
        let mut inner = self.lock();
        inner.products_on_sale = None;
        let Inner { views, log_reader, .. } = &mut *inner;
        let rebuilt = views.rebuild(log_reader)?;
        Ok(Rebuilt { equal: rebuilt.equal(), words: rebuilt.words() })
    }

    /// Looks the whole log through: its structure, every hash, every link. What it finds broken is remembered, and answered by the journal
    /// file when the till is started again; until then it sells on, because new events do not rest on old ones being readable.
    pub fn verify(&self) -> Result<Verified, StoreError> {
        let (reader, path) = {
            let inner = self.lock();
            (inner.log.reader()?, TillLog::path_in(&inner.options.data))
        };
        // Without the lock: it takes a second for a few hundred thousand events, and nobody who sells waits for it.
        let verified = verify(&reader);
        if let Err(error) = &verified
            && error.is_damage()
        {
            tracing::error!(%error, path = %path.display(), "the log is damaged; it is mended at the next start");
            self.lock().log.put_fact(DAMAGE_FACT, &error.to_string())?;
        }
        verified
    }

    /// Why the read models are kept in memory instead of in their file, where they are. The till sells all the same, and tries the
    /// file again when it is started again.
    pub fn views_trouble(&self) -> Option<String> {
        self.lock().views_trouble.clone()
    }

    /// Why the journal is not written any more, where it is not: on a full disk, say. The till sells all the same, with one copy of its
    /// books instead of two, and fills the journal up when it is started again.
    pub fn journal_trouble(&self) -> Option<String> {
        self.lock().journal_trouble.clone()
    }

    /// How the log was refilled when the till was opened, where it was gone or damaged. A person had better look at the disk.
    pub fn refilled(&self) -> Option<Refilled> {
        self.lock().refilled.clone()
    }
}
