//! Snapshots: how the descriptions of a scope stand, for a till that begins, and after that what changed since.
//!
//! Pages need not be of one moment. Each record is; the first page says a position in the feed up to which all of them know everything, and
//! the cursor of the last page leads to the descriptions that the feed has changed beyond it. A cursor is the epoch, that position with the
//! running hash up to it, and the subject reached, so that one of another history is noticed as it is in the feed.

use std::collections::BTreeMap;

use daybook_core::chain::Hash;
use daybook_core::identity::certificate::Certificate;
use daybook_core::ids::RequestId;
use daybook_core::limits::{FEED_BYTES_MAX, FEED_EVENTS_MAX, SNAPSHOT_BYTES_MAX, SNAPSHOT_RECORDS_MAX};
use daybook_core::sync::scope::snapshot_kinds;
use daybook_core::wire::{SnapshotHead, SnapshotRecord};
use daybook_store::office::{feed_after, feed_head, running_at};
use daybook_store::views::snapshot::{record, size, snapshot_after};
use daybook_store::{Reader, StoreError, events};

use super::feed::permit_following;
use super::{Office, OfficeError, Readers, Refusal};

/// How far a snapshot was read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    /// The position in the feed up to which everything is told, once all pages are read.
    position: i64,
    running: Hash,
    /// The subject after which the next page begins; none where all are read, and what changed since is told.
    after: Option<String>,
}

/// The kinds of descriptions of a scope, in order.
type Kinds = &'static [&'static str];

impl Office {
    /// A page of a scope's snapshot after a cursor: the NDJSON body.
    pub async fn snapshot(
        &self,
        request: RequestId,
        certificate: &Certificate,
        scope: &str,
        cursor: Option<&str>,
    ) -> Result<String, Refusal> {
        permit_following(certificate, scope)?;
        let kinds = snapshot_kinds(scope).ok_or(Refusal::NotFound)?;
        let epoch = self.epoch();
        let (of, named, cursor) = (epoch.clone(), scope.to_owned(), cursor.map(str::to_owned));
        let asked = self.ask(move |readers| {
            let place = match cursor {
                None => Some(beginning(&readers.log, &named)?),
                Some(cursor) => place_of(&readers.log, &cursor, &of, &named)?,
            };
            let last = events::last_position(&readers.log).map_err(StoreError::of_log)?;
            Ok((place, last))
        });
        let (place, last) = asked.await?;
        let place = place.ok_or(Refusal::CursorUnknown)?;
        // What the feed has told by now is in the read models then.
        self.projected(last).await?;
        let scope = scope.to_owned();
        let asked = self.ask(move |readers| {
            let (records, place, more) = match &place.after {
                Some(after) => standing(readers, kinds, after, &place)?,
                None => changed(readers, kinds, &scope, &place, SNAPSHOT_BYTES_MAX)?,
            };
            let head = SnapshotHead {
                request,
                cursor: cursor_of(&epoch, &place),
                epoch,
                scope,
                position: place.position,
                records: u32::try_from(records.len()).unwrap_or(u32::MAX),
                more,
            };
            body(&head, &records)
        });
        Ok(asked.await?)
    }
}

/// Where a snapshot begins: it reaches to where the feed is now.
fn beginning(log: &Reader, scope: &str) -> Result<Place, StoreError> {
    let head = feed_head(log, scope).map_err(StoreError::of_log)?;
    let (position, running) = head.map_or((0, Hash::ZERO), |head| (head.position, head.running));
    Ok(Place { position, running, after: Some(String::new()) })
}

/// The next descriptions as they stand.
fn standing(
    readers: &Readers,
    kinds: Kinds,
    after: &str,
    place: &Place,
) -> Result<(Vec<SnapshotRecord>, Place, bool), OfficeError> {
    let after = Some(after).filter(|after| !after.is_empty());
    let found = snapshot_after(&readers.views, kinds, after, SNAPSHOT_RECORDS_MAX, SNAPSHOT_BYTES_MAX);
    let page = readers.heed(found)?;
    let after = page.last.filter(|_| page.more);
    Ok((page.records, Place { after, ..place.clone() }, page.more))
}

/// The descriptions that the feed has changed beyond a place, as they stand now: as many as so many bytes hold, one always. A small change
/// may be of a large description, so the page ends where its records say, not where the feed's entries do.
fn changed(
    readers: &Readers,
    kinds: Kinds,
    scope: &str,
    place: &Place,
    bytes_max: usize,
) -> Result<(Vec<SnapshotRecord>, Place, bool), OfficeError> {
    let log = &readers.log;
    let rows = feed_after(log, scope, place.position, FEED_EVENTS_MAX, FEED_BYTES_MAX);
    let rows = rows.map_err(StoreError::of_log)?;
    let rank = |subject: &str| kinds.iter().position(|kind| subject.starts_with(kind));
    let (mut position, mut running) = (place.position, place.running);
    let (mut records, mut bytes) = (BTreeMap::new(), 0);
    for row in rows {
        let subject = row.event.text.read_envelope().ok().map(|envelope| envelope.stream);
        let key = subject.and_then(|subject| Some((rank(&subject)?, subject)));
        if let Some(key) = key.filter(|key| !records.contains_key(key))
            && let Some(record) = readers.heed(record(&readers.views, &key.1))?
        {
            bytes += size(&record);
            if !records.is_empty() && bytes > bytes_max {
                break;
            }
            records.insert(key, record);
        }
        (position, running) = (row.position, row.running);
    }
    let head = feed_head(log, scope).map_err(StoreError::of_log)?.map_or(0, |head| head.position);
    let records = records.into_values().collect();
    Ok((records, Place { position, running, after: None }, position < head))
}

fn body(head: &SnapshotHead, records: &[SnapshotRecord]) -> Result<String, OfficeError> {
    let unexpected = |error: serde_json::Error| OfficeError::Unexpected(error.to_string());
    let mut body = serde_json::to_string(head).map_err(unexpected)?;
    for record in records {
        body.push('\n');
        body.push_str(&serde_json::to_string(record).map_err(unexpected)?);
    }
    body.push('\n');
    Ok(body)
}

fn cursor_of(epoch: &str, place: &Place) -> String {
    let Place { position, running, after } = place;
    format!("{epoch}.{position}.{running}.{}", after.as_deref().unwrap_or_default())
}

/// The place of a cursor; none where it is of another history.
fn place_of(log: &Reader, cursor: &str, epoch: &str, scope: &str) -> Result<Option<Place>, StoreError> {
    let mut parts = cursor.splitn(4, '.');
    let (of, position, running) = (parts.next(), parts.next(), parts.next());
    let position = position.and_then(|text| text.parse::<i64>().ok()).filter(|position| *position >= 0);
    let running = running.and_then(|text| text.parse::<Hash>().ok());
    let (Some(position), Some(running), Some(after)) = (position, running, parts.next()) else {
        return Ok(None);
    };
    let known = match position {
        0 => Some(Hash::ZERO),
        _ => running_at(log, scope, position).map_err(StoreError::of_log)?,
    };
    let after = Some(after.to_owned()).filter(|after| !after.is_empty());
    Ok((of == Some(epoch) && known == Some(running)).then_some(Place { position, running, after }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::office::{Publication, tests::office};
    use daybook_core::amount::UnitPrice;
    use daybook_core::sync::scope::CATALOGUE;

    #[tokio::test]
    async fn what_changed_since_comes_in_pages_of_so_many_bytes_and_each_description_comes() {
        let home = tempfile::tempdir().unwrap();
        let office = office(home.path());
        let product = |number: usize| Publication::Product {
            sku: format!("s{number}"),
            name: "Tea".to_owned(),
            department: None,
            codes: Vec::new(),
            tax_class: String::new(),
            tracked: false,
            price: UnitPrice::from_minor(100),
            unit: None,
        };
        let beginning = |readers: &Readers| Ok(beginning(&readers.log, CATALOGUE)?);
        let mut place = Place { after: None, ..office.ask(beginning).await.unwrap() };
        office.publish((0..3).map(product).collect()).await.unwrap();
        let last = office.health().await.unwrap().events;
        office.projected(last).await.unwrap();
        let kinds = snapshot_kinds(CATALOGUE).unwrap();
        let (mut pages, mut subjects) = (Vec::new(), Vec::new());
        loop {
            let asked = office.ask(move |readers| changed(readers, kinds, CATALOGUE, &place, 1)).await;
            let (records, reached, more) = asked.unwrap();
            pages.push(records.len());
            subjects.extend(records.into_iter().map(|record| record.subject));
            if !more {
                break;
            }
            place = reached;
        }
        subjects.sort();
        subjects.dedup();
        assert_eq!((pages.iter().max(), subjects.len()), (Some(&1), 3), "{pages:?}");
        office.close().await;
    }
}
