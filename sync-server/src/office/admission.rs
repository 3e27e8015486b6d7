//! Ending a till's access, and letting it in again: what a person at head office says about origins, as events.
//!
//! A till is closed whole: every origin of it that is known gets an event of its own that names what was here by then, and those that it
//! opens later are covered by their parents. What it sends afterwards is held, see [`daybook_store::office::held`].

use std::collections::BTreeSet;
use std::sync::PoisonError;

use clap::ValueEnum;
use daybook_core::event::Event;
use daybook_core::event::origin::{Admitted, Role};
use daybook_core::identity::certificate::Certificate;
use daybook_core::ids::{OriginId, TillId};
use daybook_core::project::rows::word;
use daybook_core::sync::admission::Gate;
use daybook_store::StoreError;
use daybook_store::office::held::{self, Waiting};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{Office, OfficeError, writer};

/// Why a till's access ends. A word out of these, because free text in events could name people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum CloseReason {
    /// Nobody knows where it is.
    Lost,
    /// Somebody took it.
    Stolen,
    /// Another machine stands in its place.
    Replaced,
    /// It is used no more.
    Retired,
    /// None of these.
    Other,
}

/// Whose access is to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeRequest {
    /// The till by its name, or one of its origins by series or id.
    pub till: String,
    /// The id of its store, where two tills have this name.
    pub store: Option<String>,
    /// Why.
    pub reason: CloseReason,
}

/// What ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// The series of the origins that were closed now.
    pub closed: Vec<String>,
    /// How many were closed before.
    pub before: usize,
}

/// Who is to be let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdmitRequest {
    /// The till by its name, or one of its origins by series or id.
    pub till: String,
    /// The id of its store, where two tills have this name.
    pub store: Option<String>,
    /// Only what it recorded up to this event, by its number, or by number and the beginning of its hash: `85:3f2a`. None for all, and
    /// for what is still to come.
    pub to: Option<String>,
}

/// What was let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdmittedAnswer {
    /// The series of the origins that this is about.
    pub origins: Vec<String>,
    /// Events that waited and count now.
    pub events: i64,
    /// Events that still wait.
    pub waiting: i64,
}

impl Office {
    /// Whose events are let in, now and whenever it changes.
    pub fn gate(&self) -> watch::Receiver<Gate> {
        self.0.gate.clone()
    }

    /// Why an origin is not let in; none where it is.
    pub fn closing(&self, origin: OriginId) -> Option<String> {
        self.0.gate.borrow().closing(self.lineage(origin)).map(str::to_owned)
    }

    /// Ends the access of a till, at once: done when this comes back.
    pub async fn revoke(&self, asked: RevokeRequest) -> Result<Revoked, OfficeError> {
        let named = self.named(&asked.till, asked.store.as_deref())?;
        let is_closed = |one: &Certificate| {
            self.0.gate.borrow().mark(one.origin).is_some_and(|mark| mark.closed.is_some())
        };
        let (before, open): (Vec<Certificate>, Vec<Certificate>) = named.into_iter().partition(is_closed);
        let origins: Vec<OriginId> = open.iter().map(|certificate| certificate.origin).collect();
        if !origins.is_empty() {
            let reason = word(&asked.reason);
            tracing::warn!(till = asked.till, reason, "the access of a till ends");
            let closed = self.job(|reply| writer::Job::Close(origins, reason, reply)).await;
            closed.map_err(|_| OfficeError::Unexpected("the office is closed".to_owned()))??;
        }
        let closed = open.into_iter().map(|certificate| certificate.series).collect();
        Ok(Revoked { closed, before: before.len() })
    }

    /// Lets a till in again, or what it recorded up to an event.
    pub async fn admit(&self, asked: AdmitRequest) -> Result<AdmittedAnswer, OfficeError> {
        let named = self.named(&asked.till, asked.store.as_deref())?;
        let before = self.waiting_of(&named).await?;
        let admitted: Vec<Admitted> = match &asked.to {
            Some(to) => vec![self.admitted_to(&named, to).await?],
            None => named
                .iter()
                .filter(|one| {
                    self.closing(one.origin).is_some() || before.iter().any(|w| w.origin == one.origin)
                })
                .map(|one| Admitted { origin: one.origin, to: None })
                .collect(),
        };
        if admitted.is_empty() {
            return Err(OfficeError::Senseless(format!("“{}” is let in; nothing of it waits", asked.till)));
        }
        let of =
            |origin: OriginId| named.iter().find(|one| one.origin == origin).map(|one| one.series.clone());
        let origins = admitted.iter().filter_map(|one| of(one.origin)).collect();
        let events = admitted.into_iter().map(|one| (Event::from(one), Vec::new())).collect();
        let written = self.record(events, None).await?;
        self.projected(written.position).await?;
        let count = |waiting: &[Waiting]| waiting.iter().map(|one| one.events).sum::<i64>();
        let waiting = count(&self.waiting_of(&named).await?);
        Ok(AdmittedAnswer { origins, events: count(&before) - waiting, waiting })
    }

    /// An origin and those it goes on from.
    pub fn lineage(&self, origin: OriginId) -> Vec<OriginId> {
        let book = self.0.book.read().unwrap_or_else(PoisonError::into_inner);
        let (mut lineage, mut seen) = (vec![origin], BTreeSet::from([origin]));
        let mut next = origin;
        while let Some(parent) = book.get(&next).and_then(|(certificate, _)| certificate.parent)
            && seen.insert(parent)
        {
            lineage.push(parent);
            next = parent;
        }
        lineage
    }

    /// The origins that a person means: all of a till by its name, or one by series or id with those that go on from it.
    fn named(&self, text: &str, store: Option<&str>) -> Result<Vec<Certificate>, OfficeError> {
        let book = self.0.book.read().unwrap_or_else(PoisonError::into_inner);
        let tills: Vec<Certificate> = book
            .values()
            .map(|(certificate, _)| certificate.clone())
            .filter(|one| one.role == Role::Till)
            .filter(|one| store.is_none_or(|store| one.store.is_some_and(|own| own.to_string() == store)))
            .collect();
        drop(book);
        let called: Vec<&Certificate> = tills.iter().filter(|one| one.name == text).collect();
        let of_one: Option<TillId> = called.first().and_then(|one| one.till);
        if let Some(till) = of_one {
            if called.iter().any(|one| one.till != Some(till)) {
                let stores: Vec<String> = called
                    .iter()
                    .filter(|one| one.parent.is_none())
                    .filter_map(|one| {
                        Some(format!("{} ({})", one.store?, one.store_name.clone().unwrap_or_default()))
                    })
                    .collect();
                return Err(OfficeError::Senseless(format!(
                    "several tills are called “{text}”; say which with --store: {}",
                    stores.join(", ")
                )));
            }
            return Ok(tills.into_iter().filter(|one| one.till == Some(till)).collect());
        }
        let origin = tills.iter().find(|one| one.origin.to_string() == text || one.series == text);
        let Some(origin) = origin.map(|one| one.origin) else {
            return Err(OfficeError::Senseless(format!("no till and no series is called “{text}”")));
        };
        Ok(tills.iter().filter(|one| self.lineage(one.origin).contains(&origin)).cloned().collect())
    }

    async fn waiting_of(&self, named: &[Certificate]) -> Result<Vec<Waiting>, OfficeError> {
        let all = self.ask(|readers| Ok(held::waiting(&readers.log).map_err(StoreError::of_log)?)).await?;
        Ok(all
            .into_iter()
            .filter(|one| named.iter().any(|named| named.origin == one.origin))
            .collect())
    }

    /// What lets in an origin up to an event that a person names.
    async fn admitted_to(&self, named: &[Certificate], to: &str) -> Result<Admitted, OfficeError> {
        let (number, beginning) = to.split_once(':').unwrap_or((to, ""));
        let seq: i64 = number.parse().map_err(|_| {
            OfficeError::Senseless(format!("“{to}” names no event; say its number, such as 85"))
        })?;
        let origins: Vec<OriginId> = named.iter().map(|one| one.origin).collect();
        let found = self.ask(move |readers| {
            let mut found = Vec::new();
            for origin in origins {
                let tips = held::waiting_at(&readers.log, origin, seq).map_err(StoreError::of_log)?;
                found.extend(tips.into_iter().map(|tip| (origin, tip)));
            }
            Ok(found)
        });
        let found = found.await?;
        let fits: Vec<_> =
            found.iter().filter(|(_, tip)| tip.hash.to_string().starts_with(beginning)).collect();
        match fits[..] {
            [(origin, tip)] => Ok(Admitted { origin: *origin, to: Some(*tip) }),
            [] => Err(OfficeError::Senseless(format!("no event {to} of it waits"))),
            _ => {
                let of = |(origin, tip): &&(OriginId, daybook_core::chain::Tip)| {
                    let series =
                        named.iter().find(|one| one.origin == *origin).map(|one| one.series.as_str());
                    format!("{}:{} of {}", tip.seq, &tip.hash.to_string()[..12], series.unwrap_or_default())
                };
                let several: Vec<String> = fits.iter().map(of).collect();
                Err(OfficeError::Senseless(format!(
                    "several events have this number; say which by its series and hash: {}",
                    several.join(", ")
                )))
            }
        }
    }
}
