//! Beginning with a snapshot: its pages are kept in the log, the read models take them in a few records at a time, and in the end, when the
//! feed has told everything, they are forgotten.
//!
//! A page counts whole or not at all. Whatever is wrong with one, the till follows the feed as if there were no snapshot.

use daybook_core::limits::SNAPSHOT_RECORDS_MAX;
use daybook_core::sync::scope::{self, CATALOGUE};
use daybook_core::sync::till::{Input, Trouble};
use daybook_core::wire::{SnapshotHead, SnapshotRecord};
use daybook_store::StoreError;
use daybook_store::till::snapshot::{SnapshotProgress, told_after};
use daybook_store::views::questions;

use super::road::{Road, local};
use super::{Shell, log_failure};
use crate::client::Reply;
use crate::till::{Inner, Till};

/// Records that are forgotten before a waiting sale is let in: a few milliseconds.
const FORGOTTEN_AT_ONCE: usize = 25;

/// Whether a till knows nothing of the catalogue yet, neither told nor by events.
pub(super) fn knows_nothing(inner: &Inner) -> Result<bool, StoreError> {
    let follows = inner.log.cursors()?.contains_key(CATALOGUE);
    Ok(!follows && questions::no_product_is_known(inner.views.connection())?)
}

impl Road {
    /// Fetches the next page of the snapshot and keeps it.
    pub(super) async fn fetch_snapshot(self, epoch: String) -> Input {
        match self.try_fetch_snapshot(&epoch).await {
            Ok(input) => input,
            Err(trouble) => Input::SnapshotFailed(trouble),
        }
    }

    async fn try_fetch_snapshot(&self, epoch: &str) -> Result<Input, Trouble> {
        let before = self.till.lock().log.snapshot_progress().map_err(local)?;
        let cursor = before.as_ref().map(|progress| format!("&cursor={}", in_query(&progress.cursor)));
        let query = format!("scope={CATALOGUE}{}", cursor.unwrap_or_default());
        let request = self.request("GET", "/v1/snapshot", &query, Vec::new());
        let id = request.id;
        let body = match self.client.send(request).await? {
            Reply::Done(body) => body,
            // An older head office knows no such route, a restored one not this snapshot: either way there is the feed.
            Reply::Problem(problem, _) => return Ok(Input::SnapshotRefused(problem.message)),
        };
        let page = read_page(&body, before.as_ref()).filter(|page| page.head.request == id);
        let Some(Page { head, lines, progress }) = page.filter(|page| page.head.epoch == epoch) else {
            tracing::warn!("a page of the snapshot makes no sense; the till follows the feed");
            return Ok(Input::SnapshotRefused("a page of the snapshot makes no sense".to_owned()));
        };
        let till = self.till.clone();
        let storing = self.till.shared.storing.clone().read_owned().await;
        let kept = tokio::task::spawn_blocking(move || {
            let kept = till.lock().log.store_snapshot(&lines, &progress);
            drop(till);
            drop(storing);
            kept
        });
        kept.await.map_err(|error| Trouble::Network(error.to_string()))?.map_err(local)?;
        self.follow_beside().await;
        Ok(Input::SnapshotPage { position: head.position, more: head.more })
    }

    /// Has the read models take in what was kept while the next page is on its way.
    async fn follow_beside(&self) {
        let till = self.till.clone();
        let storing = self.till.shared.storing.clone().read_owned().await;
        tokio::task::spawn_blocking(move || {
            let followed = till.follow();
            till.lock().shop = None;
            till.shared.changes.send_modify(|changes| changes.others += 1);
            log_failure("taking in a page of the snapshot", followed);
            drop(till);
            drop(storing);
        });
    }
}

impl Shell {
    /// Forgets what the snapshot told: the feed has told all of it.
    pub(super) fn end_snapshot(&mut self) {
        let till = self.till.clone();
        self.tasks.spawn(async move {
            let storing = till.shared.storing.clone().read_owned().await;
            let ended = tokio::task::spawn_blocking(move || {
                log_failure("forgetting the snapshot", end(&till));
                drop(till);
                drop(storing);
            });
            let _the_till_is_closed = ended.await;
        });
    }
}

/// Has events alone count, shows every description by them, and forgets the rest. Cut short, it is begun again after the next start.
fn end(till: &Till) -> Result<(), StoreError> {
    till.lock().log.end_snapshot()?;
    let mut reached = 0;
    loop {
        let mut inner = till.lock();
        let inner = &mut *inner;
        let told = told_after(&inner.log_reader, reached, FORGOTTEN_AT_ONCE)?;
        let Some((last, _)) = told.last() else { break };
        reached = *last;
        let subjects: Vec<String> = told.into_iter().map(|(_, subject)| subject).collect();
        inner.views.fold_anew(&inner.log_reader, &subjects)?;
        inner.products_on_sale = None;
    }
    let mut inner = till.lock();
    inner.shop = None;
    inner.log.forget_snapshot()?;
    drop(inner);
    till.shared.changes.send_modify(|changes| changes.others += 1);
    Ok(())
}

/// A page that can be believed.
struct Page {
    head: SnapshotHead,
    /// The records' texts by subject.
    lines: Vec<(String, String)>,
    progress: SnapshotProgress,
}

/// Reads a page that goes on from where the snapshot was left; none where anything of it is not as it must be.
fn read_page(body: &[u8], before: Option<&SnapshotProgress>) -> Option<Page> {
    let mut lines = std::str::from_utf8(body).ok()?.lines();
    let head: SnapshotHead = serde_json::from_str(lines.next()?).ok()?;
    let read = |line| Some((serde_json::from_str(line).ok()?, line));
    let read: Vec<(SnapshotRecord, &str)> = lines.map(read).collect::<Option<_>>()?;
    let (records, lines): (Vec<SnapshotRecord>, Vec<&str>) = read.into_iter().unzip();
    let kinds = scope::snapshot_kinds(CATALOGUE)?;
    let place =
        |subject: &str| Some((kinds.iter().position(|kind| subject.starts_with(kind))?, subject.to_owned()));
    let places: Vec<(usize, String)> =
        records.iter().map(|record| place(&record.subject)).collect::<Option<_>>()?;
    let first_reading = before.is_none_or(|before| !before.is_whole);
    let last = before.and_then(|before| before.last.as_deref()).and_then(place);
    let goes_on = !first_reading || places.first().is_none_or(|first| last.is_none_or(|last| last < *first));
    let moves =
        before.is_none_or(|before| head.position > before.position) || !records.is_empty() || !head.more;
    let is_whole = goes_on
        && moves
        && head.scope == CATALOGUE
        && before.is_none_or(|before| before.epoch == head.epoch && before.position <= head.position)
        && head.records as usize == records.len()
        && records.len() <= SNAPSHOT_RECORDS_MAX
        && places.is_sorted_by(|one, next| one < next)
        && records.iter().all(SnapshotRecord::is_sound);
    let progress = SnapshotProgress {
        epoch: head.epoch.clone(),
        cursor: head.cursor.clone(),
        position: head.position,
        more: head.more,
        is_whole: !first_reading || !head.more,
        last: records
            .last()
            .map(|record| record.subject.clone())
            .filter(|_| first_reading && head.more),
    };
    let subjects = records.into_iter().map(|record| record.subject);
    let lines = subjects.zip(lines.into_iter().map(str::to_owned)).collect();
    is_whole.then_some(Page { head, lines, progress })
}

/// A text as it stands in a query.
fn in_query(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let shown = |byte: u8| {
        if is_plain(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::chain::sha256;
    use daybook_core::ids::{OriginId, RequestId};
    use daybook_core::wire::SnapshotEdit;
    use serde_json::{Value, json};
    use uuid::Uuid;

    fn record(subject: &str, at: &[i64]) -> SnapshotRecord {
        let edit = |at: &i64| SnapshotEdit {
            hash: sha256(&at.to_be_bytes()),
            at: *at,
            origin: OriginId(Uuid::from_u128(1)),
            seq: *at,
            fields: [("name".to_owned(), Value::from(*at))].into(),
        };
        let edits: Vec<SnapshotEdit> = at.iter().map(edit).collect();
        SnapshotRecord {
            subject: subject.to_owned(),
            heads: edits.iter().map(|edit| edit.hash).collect(),
            edits,
        }
    }

    fn head(records: usize, more: bool) -> SnapshotHead {
        SnapshotHead {
            request: RequestId(Uuid::from_u128(9)),
            epoch: "e".to_owned(),
            scope: CATALOGUE.to_owned(),
            cursor: "c".to_owned(),
            position: 7,
            records: u32::try_from(records).unwrap(),
            more,
        }
    }

    fn body(head: &SnapshotHead, records: &[SnapshotRecord]) -> Vec<u8> {
        let lines = records.iter().map(|record| json!(record).to_string());
        std::iter::once(json!(head).to_string())
            .chain(lines)
            .map(|line| line + "\n")
            .collect::<String>()
            .into_bytes()
    }

    fn progress(last: Option<&str>, is_whole: bool) -> SnapshotProgress {
        SnapshotProgress {
            epoch: "e".to_owned(),
            cursor: "c".to_owned(),
            position: 7,
            more: !is_whole,
            is_whole,
            last: last.map(str::to_owned),
        }
    }

    #[test]
    fn a_page_that_goes_on_from_the_one_before_counts_and_says_where_it_ends() {
        let records = [record("tax/standard", &[1]), record("price/b", &[2]), record("product/a", &[3, 4])];
        let first = read_page(&body(&head(3, true), &records), None).expect("a page");
        let text = |record: &SnapshotRecord| (record.subject.clone(), json!(record).to_string());
        assert_eq!(first.lines, records.iter().map(text).collect::<Vec<_>>());
        assert_eq!(first.progress, progress(Some("product/a"), false));
        let rest = body(&head(1, false), &[record("product/b", &[5])]);
        let last = read_page(&rest, Some(&first.progress)).expect("a page");
        assert_eq!(last.progress, progress(None, true));
        // What changed since begins from the front again.
        let changed = read_page(&body(&head(3, false), &records), Some(&last.progress)).expect("a page");
        assert_eq!(changed.progress, progress(None, true));
        assert!(read_page(&body(&head(0, false), &[]), Some(&last.progress)).is_some(), "nothing changed");
    }

    #[test]
    fn a_page_of_which_anything_is_not_as_it_must_be_does_not_count() {
        let good = [record("tax/a", &[1]), record("product/a", &[1, 2])];
        let before = progress(Some("tax/0"), false);
        assert!(read_page(&body(&head(2, true), &good), Some(&before)).is_some());
        let other_head = |change: fn(&mut SnapshotHead)| {
            let mut head = head(2, true);
            change(&mut head);
            body(&head, &good)
        };
        let of = |records: &[SnapshotRecord]| body(&head(records.len(), true), records);
        let cut = {
            let whole = of(&good);
            whole[..whole.len() - 9].to_vec()
        };
        let many: Vec<SnapshotRecord> = (0..=SNAPSHOT_RECORDS_MAX)
            .map(|number| record(&format!("product/{number:0>9}"), &[1]))
            .collect();
        for (what, page) in [
            ("no text", vec![0xff]),
            ("empty", Vec::new()),
            ("cut short", cut),
            ("another number of records than it says", other_head(|head| head.records = 1)),
            ("another epoch", other_head(|head| head.epoch = "f".to_owned())),
            ("another scope", other_head(|head| head.scope = "people".to_owned())),
            ("a position before", other_head(|head| head.position = 6)),
            ("no records and no end", of(&[])),
            ("a subject twice", of(&[good[1].clone(), good[1].clone()])),
            ("out of order", of(&[good[1].clone(), good[0].clone()])),
            ("before the page before", of(&[record("settings/z", &[1]), good[1].clone()])),
            ("a person", of(&[good[0].clone(), record("staff/a", &[1])])),
            ("an edit twice", of(&[record("tax/a", &[1, 1])])),
            ("edits out of order", of(&[record("tax/a", &[2, 1])])),
            ("no heads", of(&[record("tax/a", &[])])),
            ("more than a page holds", of(&many)),
        ] {
            assert!(read_page(&page, Some(&before)).is_none(), "{what}");
        }
    }

    #[test]
    fn a_cursor_of_any_text_travels_in_a_query() {
        assert_eq!(in_query("e.7.0f.tax/5.5 % ü&a=b"), "e.7.0f.tax/5.5%20%25%20%C3%BC%26a%3Db");
    }
}
