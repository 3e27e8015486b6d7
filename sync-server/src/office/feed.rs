//! What goes down to tills: pages of the feed, the conflicts lane, and of a till's own chain.
//!
//! A cursor is the epoch, a position and the running hash up to it. A server that was restored or refilled notices a cursor of another
//! history and says so; a position alone could not tell.

use daybook_core::chain::Hash;
use daybook_core::event::origin::Role;
use daybook_core::identity::certificate::Certificate;
use daybook_core::ids::{OriginId, RequestId, StoreId};
use daybook_core::limits::{CONFLICTS_PAGE_MAX, FEED_BYTES_MAX, FEED_EVENTS_MAX};
use daybook_core::sync::scope;
use daybook_core::wire::{ConflictsPage, FeedEntry, FeedHead, OriginEntry, OriginHead};
use daybook_store::office::{FeedRow, feed_after, feed_head, running_at};
use daybook_store::views::judge::{conflicts_page, last_revision, revisions};
use daybook_store::{Reader, StoreError, events};

use super::{Office, OfficeError, Refusal};

impl Office {
    /// A page of a scope after a cursor: the NDJSON body.
    pub async fn feed(
        &self,
        request: RequestId,
        certificate: &Certificate,
        scope: &str,
        cursor: Option<&str>,
    ) -> Result<String, Refusal> {
        permit_following(certificate, scope)?;
        let (epoch, scope, cursor) = (self.epoch(), scope.to_owned(), cursor.map(str::to_owned));
        let asked = self.ask(move |readers| page(&readers.log, request, &epoch, &scope, cursor.as_deref()));
        asked.await?.ok_or(Refusal::CursorUnknown)
    }

    /// A page of an origin's own chain after a number, every branch: for the till that wrote it and lost it.
    pub async fn chain(
        &self,
        request: RequestId,
        certificate: &Certificate,
        origin: OriginId,
        after: i64,
    ) -> Result<String, Refusal> {
        let known = self.certificate(origin).await?.ok_or(Refusal::NotFound)?;
        let is_own = known.till.is_some() && known.till == certificate.till;
        if certificate.role != Role::HeadOffice && !is_own {
            return Err(Refusal::Forbidden("a till gets its own events this way, nobody else's".to_owned()));
        }
        let epoch = self.epoch();
        let asked = self.ask(move |readers| chain_page(&readers.log, request, epoch, origin, after));
        Ok(asked.await?)
    }

    /// A page of a store's conflicts lane after a cursor.
    pub async fn conflicts_lane(
        &self,
        request: RequestId,
        certificate: &Certificate,
        scope: &str,
        cursor: Option<&str>,
    ) -> Result<ConflictsPage, Refusal> {
        let store = scope::conflicts_store(scope).ok_or(Refusal::NotFound)?;
        if certificate.store.is_some_and(|own| own != store) {
            return Err(Refusal::Forbidden("this till does not follow that scope".to_owned()));
        }
        let (epoch, cursor) = (self.epoch(), cursor.map(str::to_owned));
        let asked = self.ask(move |readers| lane(&readers.views, request, &epoch, store, cursor.as_deref()));
        asked.await?.ok_or(Refusal::CursorUnknown)
    }
}

/// Refuses a scope that the till of a certificate does not follow.
pub(super) fn permit_following(certificate: &Certificate, scope: &str) -> Result<(), Refusal> {
    let follows = |store| scope::of_till(store).iter().any(|own| own == scope);
    if certificate.store.is_some_and(|store| !follows(store)) {
        return Err(Refusal::Forbidden("this till does not follow that scope".to_owned()));
    }
    Ok(())
}

/// A page after a cursor; none where that is of another history.
fn page(
    log: &Reader,
    request: RequestId,
    epoch: &str,
    scope: &str,
    cursor: Option<&str>,
) -> Result<Option<String>, OfficeError> {
    let Some((position, running)) = read_cursor(cursor, epoch) else { return Ok(None) };
    if position > 0 && running_at(log, scope, position).map_err(StoreError::of_log)? != Some(running) {
        return Ok(None);
    }
    let rows =
        feed_after(log, scope, position, FEED_EVENTS_MAX, FEED_BYTES_MAX).map_err(StoreError::of_log)?;
    let (reached, running) = rows.last().map_or((position, running), |row| (row.position, row.running));
    let head = feed_head(log, scope).map_err(StoreError::of_log)?.map_or(0, |head| head.position);
    let head = FeedHead {
        request,
        epoch: epoch.to_owned(),
        scope: scope.to_owned(),
        cursor: format!("{epoch}.{reached}.{running}"),
        entries: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        more: reached < head,
    };
    let mut body =
        serde_json::to_string(&head).map_err(|error| OfficeError::Unexpected(error.to_string()))?;
    for row in rows {
        body.push('\n');
        let FeedRow { position, before, skeletons, event, .. } = row;
        FeedEntry { position, before, skeletons, text: event.text }.write_line(&mut body);
    }
    body.push('\n');
    Ok(Some(body))
}

/// A page of a chain. It ends between two numbers: branches of one number stand in one page.
fn chain_page(
    log: &Reader,
    request: RequestId,
    epoch: String,
    origin: OriginId,
    after: i64,
) -> Result<String, OfficeError> {
    let last = after.saturating_add(i64::try_from(FEED_EVENTS_MAX).unwrap_or(i64::MAX));
    let numbers = (after.saturating_add(1), last);
    let events = events::of_chain_within(log, origin, numbers, FEED_BYTES_MAX).map_err(StoreError::of_log)?;
    let reached = events.last().map_or(last, |event| event.tip.seq);
    let (mut lines, mut count) = (String::new(), 0);
    for event in events {
        lines.push('\n');
        OriginEntry { prev: event.prev, text: event.text }.write_line(&mut lines);
        count += 1;
    }
    let tips = events::tips_of(log, origin).map_err(StoreError::of_log)?;
    let more = tips.iter().any(|tip| tip.seq > reached);
    let head = OriginHead { request, epoch, origin, events: count, reached, more };
    let head = serde_json::to_string(&head).map_err(|error| OfficeError::Unexpected(error.to_string()))?;
    Ok(format!("{head}{lines}\n"))
}

/// A page of the conflicts lane after a cursor; none where that is of another history.
fn lane(
    views: &Reader,
    request: RequestId,
    epoch: &str,
    store: StoreId,
    cursor: Option<&str>,
) -> Result<Option<ConflictsPage>, OfficeError> {
    let known = revisions(views)?;
    let revision = match cursor {
        None => Some(known.start),
        // Read models that were built anew count their revisions otherwise: what they changed would be missed.
        Some(cursor) => cursor
            .split_once('.')
            .filter(|(of, _)| *of == epoch)
            .and_then(|(_, revision)| revision.parse().ok())
            .filter(|revision| known.contains(revision)),
    };
    let Some(revision) = revision else { return Ok(None) };
    let conflicts = conflicts_page(views, Some(store), revision, CONFLICTS_PAGE_MAX, FEED_BYTES_MAX)?;
    let reached = conflicts.last().map_or(revision, |record| record.revision);
    let more = reached < last_revision(views, Some(store))?;
    Ok(Some(ConflictsPage {
        request,
        epoch: epoch.to_owned(),
        cursor: format!("{epoch}.{reached}"),
        conflicts,
        more,
    }))
}

/// Where a cursor stands, at the beginning where there is none; nowhere where it is of another history.
fn read_cursor(cursor: Option<&str>, epoch: &str) -> Option<(i64, Hash)> {
    let Some(cursor) = cursor else { return Some((0, Hash::ZERO)) };
    let mut parts = cursor.splitn(3, '.');
    let (of, position, running) = (parts.next(), parts.next()?, parts.next()?);
    let position = position.parse().ok().filter(|position| *position >= 0)?;
    (of == Some(epoch)).then_some((position, running.parse().ok()?))
}
