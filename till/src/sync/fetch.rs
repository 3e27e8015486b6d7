//! Fetching: pages of the feed, of the conflicts lane, and the list of people, each stored together with how far it goes.
//!
//! What comes down is put into the till's files in one step with its cursor, and the read models follow in small ones, so that a sale
//! waits for a few events at most.

use std::collections::{BTreeMap, BTreeSet};

use daybook_core::chain::Tip;
use daybook_core::identity::sealed::OpeningKey;
use daybook_core::ids::OriginId;
use daybook_core::sync::scope;
use daybook_core::sync::till::{Input, Trouble};
use daybook_core::wire::{FeedEntry, FeedHead, PeopleAnswer, PeopleList, ToldConflicts, people_bound_to};
use daybook_store::StoreError;
use daybook_store::till::Cursor;

use super::road::{Road, local, read};
use crate::client::{Reply, trouble};
use crate::till::Till;

impl Road {
    pub(super) async fn fetch(self, scope: String) -> Input {
        let fetched = match scope::conflicts_store(&scope) {
            Some(_) => self.try_fetch_conflicts(&scope).await,
            None if scope == scope::CREDENTIALS => self.try_fetch_people().await,
            None => self.try_fetch(&scope).await,
        };
        match fetched {
            Ok((epoch, position, more)) => Input::Fetched { epoch, scope, position, more },
            Err(trouble) => Input::FetchFailed(scope, trouble),
        }
    }

    fn query(&self, scope: &str) -> Result<String, Trouble> {
        let cursors: BTreeMap<String, Cursor> = self.till.lock().log.cursors().map_err(local)?;
        let cursor = cursors
            .get(scope)
            .map(|cursor| format!("&cursor={}", cursor.cursor))
            .unwrap_or_default();
        Ok(format!("scope={scope}{cursor}"))
    }

    /// The position that a page reached: that of its last entry, else the one it began after.
    fn position_after(&self, scope: &str, last: Option<i64>) -> Result<i64, Trouble> {
        let known = || {
            Ok(self
                .till
                .lock()
                .log
                .cursors()
                .map_err(local)?
                .get(scope)
                .map_or(0, |cursor| cursor.position))
        };
        last.map_or_else(known, Ok)
    }

    async fn try_fetch(&self, scope: &str) -> Result<(String, i64, bool), Trouble> {
        let query = self.query(scope)?;
        let request = self.request("GET", "/v1/feed", &query, Vec::new());
        let id = request.id;
        let body = match self.client.send(request).await? {
            Reply::Done(body) => {
                String::from_utf8(body).map_err(|error| Trouble::Network(error.to_string()))?
            }
            Reply::Problem(problem, retry_after) => return Err(trouble(&problem, retry_after)),
        };
        let mut lines = body.lines();
        let head: FeedHead = read(lines.next().unwrap_or_default().as_bytes())?;
        let mut entries = Vec::new();
        let mut last_position = None;
        for line in lines {
            let entry = FeedEntry::split(line)
                .ok_or_else(|| Trouble::Network("an entry of the feed is broken".to_owned()))?;
            last_position = Some(entry.position);
            match entry.text.read_envelope() {
                Ok(envelope) => {
                    let tip = Tip { seq: envelope.seq, hash: entry.text.hash(entry.prev()) };
                    entries.push((envelope.origin, tip, entry));
                }
                Err(error) => {
                    tracing::warn!(%error, position = entry.position, "an entry of the feed makes no sense; it is passed over")
                }
            }
        }
        if head.request != id || head.scope != scope || head.entries as usize != body.lines().count() - 1 {
            return Err(Trouble::Network("the page is not the one asked for".to_owned()));
        }
        if self.meets_strangers(&entries).map_err(local)? {
            return Err(Trouble::UnknownWriter);
        }
        let position = self.position_after(scope, last_position)?;
        let (till, named, cursor) =
            (self.till.clone(), scope.to_owned(), Cursor { cursor: head.cursor, position });
        let storing = self.till.shared.storing.clone().read_owned().await;
        let stored = tokio::task::spawn_blocking(move || {
            let stored = store_page(&till, &named, &entries, &cursor);
            // The till first: whoever waits for this may open its files again.
            drop(till);
            drop(storing);
            stored
        });
        stored.await.map_err(|error| Trouble::Network(error.to_string()))?.map_err(local)?;
        Ok((head.epoch, position, head.more))
    }

    /// Whether a page is to wait until a handshake has asked who wrote its events.
    fn meets_strangers(&self, entries: &[(OriginId, Tip, FeedEntry)]) -> Result<bool, StoreError> {
        let writers: BTreeSet<OriginId> = entries.iter().map(|(origin, ..)| *origin).collect();
        let mut inner = self.till.lock();
        let proved = inner.proved()?;
        Ok(inner.strangers.meet(writers.into_iter().filter(|origin| !proved.contains(origin))))
    }

    async fn try_fetch_conflicts(&self, scope: &str) -> Result<(String, i64, bool), Trouble> {
        let query = self.query(scope)?;
        let request = self.request("GET", "/v1/feed", &query, Vec::new());
        let id = request.id;
        let page: ToldConflicts = match self.client.send(request).await? {
            Reply::Done(body) => read(&body)?,
            Reply::Problem(problem, retry_after) => return Err(trouble(&problem, retry_after)),
        };
        if page.request != id {
            return Err(Trouble::Network("the page is not the one asked for".to_owned()));
        }
        let position = self.position_after(scope, page.conflicts.last().map(|record| record.revision))?;
        let cursor = Cursor { cursor: page.cursor, position };
        self.till.lock().log.store_conflicts(scope, &page.conflicts, &cursor).map_err(local)?;
        self.till.shared.changes.send_modify(|changes| changes.others += 1);
        Ok((page.epoch, position, page.more))
    }

    /// Asks who works here, by name and PIN, under a key that is forgotten with the answer.
    async fn try_fetch_people(&self) -> Result<(String, i64, bool), Trouble> {
        let (key, known) = {
            let inner = self.till.lock();
            let mut random = [0; 32];
            inner.options.randomness.fill(&mut random);
            (OpeningKey::from_random(random), inner.people_revision().map_err(local)?)
        };
        let known_by = if known > 0 { format!("&revision={known}") } else { String::new() };
        let query = format!("key={}{known_by}", key.public().text());
        let request = self.request("GET", "/v1/people", &query, Vec::new());
        let id = request.id;
        let answer: PeopleAnswer = match self.client.send(request).await? {
            Reply::Done(body) => read(&body)?,
            Reply::Problem(problem, retry_after) => return Err(trouble(&problem, retry_after)),
        };
        if answer.request != id || (answer.sealed.is_none() && answer.revision != known) {
            return Err(Trouble::Network("the list of people is not the one asked for".to_owned()));
        }
        if let Some(sealed) = &answer.sealed {
            let opened = key.open(sealed, &people_bound_to(self.origin, id, answer.revision));
            let opened =
                opened.ok_or_else(|| Trouble::Network("the list of people cannot be opened".to_owned()))?;
            let list: PeopleList = read(&opened)?;
            let kept = self.till.lock().keep_people(answer.revision, list);
            kept.map_err(|error| Trouble::Network(format!("the till's own store: {error}")))?;
            self.till.shared.changes.send_modify(|changes| changes.others += 1);
        }
        Ok((answer.epoch, answer.revision, false))
    }
}

/// Puts a page into the log with its cursor; the read models follow.
fn store_page(
    till: &Till,
    scope: &str,
    entries: &[(OriginId, Tip, FeedEntry)],
    cursor: &Cursor,
) -> Result<(), StoreError> {
    till.lock().log.store_page(scope, entries, cursor)?;
    let followed = till.follow();
    till.shared.changes.send_modify(|changes| changes.others += 1);
    if scope == scope::CATALOGUE || scope == scope::PEOPLE {
        till.lock().shop = None;
    }
    followed
}
