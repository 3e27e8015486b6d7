//! Questions that people ask of head office: reports, conflicts, totals; also without a running server, query-only.

use std::collections::BTreeMap;
use std::path::Path;

use daybook_core::ids::StoreId;
use daybook_core::wire::{ConflictRecord, ConflictState};
use daybook_store::file::{DirectoryLock, open_reader};
use daybook_store::views::judge::conflicts_after;
use daybook_store::views::report::{HeldTill, held_tills, report, till_days};
use daybook_store::views::{self, Side, read_models_digest};
use daybook_store::{Reader, StoreError, events};
use serde_json::{Value, json};

pub use daybook_store::views::Rebuilt;
pub use daybook_store::views::report::{Report, ReportQuestion};

use super::projector::VIEWS_FILE;
use super::{Identity, Office, OfficeError};

impl Office {
    /// A report out of the read models.
    pub async fn report(&self, question: ReportQuestion) -> Result<Report, OfficeError> {
        self.ask(move |readers| report(&readers.views, &readers.log, &question).map_err(OfficeError::from))
            .await
    }

    /// Conflicts of a store or of all; with `all` also those that are answered or gone.
    pub async fn conflicts(
        &self,
        store: Option<StoreId>,
        all: bool,
    ) -> Result<Vec<ConflictRecord>, OfficeError> {
        self.ask(move |readers| conflicts(&readers.views, store, all)).await
    }

    /// Totals over everything, once all events are projected: what a replay is compared by.
    pub async fn totals(&self) -> Result<Value, OfficeError> {
        let last = self
            .ask(|readers| Ok(events::last_position(&readers.log).map_err(StoreError::of_log)?))
            .await?;
        self.projected(last).await?;
        self.ask(move |readers| totals(&readers.views, &readers.log, last)).await
    }
}

/// A report, out of the files of a server that may be running or not.
pub fn read_report(data: &Path, question: ReportQuestion) -> Result<Report, OfficeError> {
    let (log, views) = open(data)?;
    Ok(report(&views, &log, &question)?)
}

/// Conflicts, out of the files of a server that may be running or not.
pub fn read_conflicts(
    data: &Path,
    store: Option<StoreId>,
    all: bool,
) -> Result<Vec<ConflictRecord>, OfficeError> {
    conflicts(&open(data)?.1, store, all)
}

/// What waits to be let in, out of the files of a server that may be running or not.
pub fn read_held(data: &Path, store: Option<StoreId>) -> Result<Vec<HeldTill>, OfficeError> {
    Ok(held_tills(&open(data)?.0, store)?)
}

/// Builds the read models anew from the log and compares; no server may be running.
pub fn rebuild(data: &Path) -> Result<Rebuilt, OfficeError> {
    Identity::read(data)?;
    let _lock = DirectoryLock::take(data)?;
    let log = open_reader(&data.join("log.db"))?;
    Ok(views::rebuild(data, VIEWS_FILE, Side::Office, &log)?)
}

fn open(data: &Path) -> Result<(Reader, Reader), OfficeError> {
    Identity::read(data)?;
    if !data.join(VIEWS_FILE).exists() {
        return Err(OfficeError::Senseless(format!(
            "no server has run in {} yet; there is nothing to read",
            data.display()
        )));
    }
    Ok((open_reader(&data.join("log.db"))?, open_reader(&data.join(VIEWS_FILE))?))
}

fn conflicts(views: &Reader, store: Option<StoreId>, all: bool) -> Result<Vec<ConflictRecord>, OfficeError> {
    let records = conflicts_after(views, store, 0, usize::MAX)?;
    let waits =
        |record: &ConflictRecord| matches!(record.state, ConflictState::Open | ConflictState::Reopened);
    Ok(records.into_iter().filter(|record| all || waits(record)).collect())
}

fn totals(views: &Reader, log: &Reader, last: i64) -> Result<Value, OfficeError> {
    let days = till_days(views, &ReportQuestion::default())?;
    let whole = report(views, log, &ReportQuestion::default())?;
    let sum = |figure: fn(&views::report::TillDay) -> i64| days.iter().map(figure).sum::<i64>();
    let mut shops: BTreeMap<&str, i64> = BTreeMap::new();
    for day in &days {
        *shops.entry(&day.shop).or_default() += day.net;
    }
    let mut tenders: BTreeMap<&str, i64> = BTreeMap::new();
    for (name, amount) in whole.tenders.values().flatten() {
        *tenders.entry(name).or_default() += amount;
    }
    let mut kinds: BTreeMap<String, i64> = BTreeMap::new();
    for record in conflicts_after(views, None, 0, usize::MAX)? {
        if record.state != ConflictState::Gone {
            *kinds.entry(daybook_core::project::rows::word(&record.conflict.kind)).or_default() += 1;
        }
    }
    let count = events::last_position(log).map_err(StoreError::of_log)?;
    Ok(json!({
        "totals": {
            "receipts": sum(|d| d.receipts), "lines": sum(|d| d.lines), "gross": sum(|d| d.gross), "discounts": sum(|d| d.discounts),
            "net": sum(|d| d.net), "refunds": sum(|d| d.refunds), "tenders": tenders, "shops": shops,
        },
        "till_days": days,
        "events": count,
        "projected": last,
        "head": last,
        "conflicts": kinds,
        "quarantined": whole.quarantined,
        "journal_balanced": whole.balanced,
        "read_models": read_models_digest(views)?.to_string(),
    }))
}
