//! The road to head office for one of the till's origins: pushes, handshakes, the live feed.
//!
//! Each request is made of what the till's files hold, sent without the till's lock, and reported back as what it means to the state
//! machine.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use daybook_core::chain::Tip;
use daybook_core::event::Event;
use daybook_core::event::origin::ClockObserved;
use daybook_core::identity::certificate::{SignedCertificate, verify_onto};
use daybook_core::ids::{OriginId, RequestId};
use daybook_core::limits::{CLOCK_SKEW_MAX, LIVE_SILENCE_SECONDS_MAX};
use daybook_core::sync::carry::named;
use daybook_core::sync::till::{Input, Shaken, Trouble};
use daybook_core::wire::{HandshakeAnswer, HandshakeRequest, Held, OfficeHead, ProblemCode, PushAnswer};
use daybook_store::office::certificates;
use daybook_store::{StoreError, events, links};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{held_of, keep_held, own_lanes};
use crate::client::{Client, HeadOffice, Http, Reply, Request, trouble};
use crate::export::{NoPush, Pushable};
use crate::live;
use crate::open::IDENTITY_FACT;
use crate::till::{Inner, Till};

/// Name of the fact that holds the last word of head office about its own log.
const HEAD_OFFICE_FACT: &str = "head-office";

/// The road to head office for one origin.
pub(super) struct Road {
    pub(super) till: Till,
    pub(super) client: Client,
    pub(super) origin: OriginId,
}

impl Road {
    pub(super) fn new(till: &Till, http: &Http, origin: OriginId) -> Result<Self, Trouble> {
        let server = till.server().ok_or_else(no_road)?;
        let inner = till.lock();
        let enrolled = inner.enrolled.as_ref().ok_or_else(no_road)?;
        let key = enrolled.keys.origins.get(&origin).cloned();
        let key = key.ok_or_else(|| Trouble::NotAccepted("its key is missing in keys.json.".to_owned()))?;
        let identity = &enrolled.identity;
        let head_office = HeadOffice {
            root: identity.root,
            organisation: identity.organisation,
            certificates: identity.head_office.clone(),
        };
        let client = Client::new(http.clone(), &server, origin, key, Some(head_office));
        Ok(Road { till: till.clone(), client, origin })
    }

    pub(super) fn request<'a>(
        &self,
        method: &'a str,
        path: &'a str,
        query: &'a str,
        body: Vec<u8>,
    ) -> Request<'a> {
        let inner = self.till.lock();
        let (id, created) = (RequestId(inner.new_uuid()), inner.options.clock.wall() / 1_000_000);
        Request { method, path, query, id, compress: !body.is_empty(), body, created }
    }

    pub(super) async fn push(self, after: Tip, events_max: usize) -> Input {
        match self.try_push(after, events_max).await {
            Ok(input) => input,
            Err(trouble) => Input::PushFailed(trouble),
        }
    }

    async fn try_push(&self, after: Tip, events_max: usize) -> Result<Input, Trouble> {
        let next = self.till.lock().pushable(self.origin, after, events_max);
        let Pushable { body, last, .. } = next.map_err(|error| match error {
            NoPush::Store(error) => local(error),
            other => Trouble::Network(other.to_string()),
        })?;
        let body = body.into_bytes();
        let request = self.request("POST", "/v1/push", "", body);
        let id = request.id;
        match self.client.send(request).await? {
            Reply::Done(body) => {
                let answer: PushAnswer = read(&body)?;
                if answer.request != id || answer.origin != self.origin || answer.durable != last {
                    return Err(Trouble::Network("the answer is not to this push".to_owned()));
                }
                if answer.held {
                    let mut inner = self.till.lock();
                    let known = held_of(&inner.log, self.origin).map_err(local)?;
                    if known.is_none() {
                        // A handshake says why, and whoever stands at the till should not wait for the next one.
                        self.till.sync_now();
                    }
                    let held = Held::at_least_after(known, after.seq);
                    keep_held(&mut inner.log, self.origin, Some(&held)).map_err(local)?;
                }
                Ok(Input::Pushed { epoch: answer.epoch, durable: last, forked: answer.forked })
            }
            Reply::Problem(problem, _) if problem.code == ProblemCode::UnknownPrevious => {
                let tips = problem.tips.unwrap_or_default();
                let highest = highest_own(&self.till.lock(), self.origin, &tips).map_err(local)?;
                Ok(Input::Rewound(highest))
            }
            Reply::Problem(problem, retry_after) => Err(trouble(&problem, retry_after)),
        }
    }

    pub(super) async fn shake(self, begins: bool) -> Input {
        match self.try_shake(begins).await {
            Ok(shaken) => Input::Shaken(shaken),
            Err(trouble) => Input::ShakeFailed(trouble),
        }
    }

    async fn try_shake(&self, begins: bool) -> Result<Shaken, Trouble> {
        let (body, asked, wall, started) = {
            let inner = self.till.lock();
            let enrolled =
                inner.enrolled.as_ref().ok_or_else(|| Trouble::Network("not enrolled".to_owned()))?;
            let wall = inner.options.clock.wall();
            let tips = events::tips(inner.log.connection()).map_err(local)?;
            let own = enrolled.identity.certificates().into_iter().map(|own| own.origin).collect();
            let mut random = [0; 8];
            inner.options.randomness.fill(&mut random);
            let tips = named(tips, &own, u64::from_le_bytes(random));
            let known = inner.proved().map_err(local)?;
            let unproved = tips.keys().copied().filter(|origin| !known.contains(origin));
            let unproved = inner.strangers.ask_for(unproved);
            let head_office = inner.log.fact(HEAD_OFFICE_FACT).map_err(local)?;
            let body = HandshakeRequest {
                origin: self.origin,
                wall,
                tips,
                certificates: enrolled.identity.lineage(self.origin),
                begins,
                head_office: head_office.and_then(|text| serde_json::from_str(&text).ok()),
                unproved,
            };
            let asked = body.unproved.clone();
            let body = serde_json::to_vec(&body).map_err(|error| Trouble::Network(error.to_string()))?;
            (body, asked, wall, inner.options.clock.millis())
        };
        let request = self.request("POST", "/v1/handshake", "", body);
        let id = request.id;
        let answer: HandshakeAnswer = match self.client.send(request).await? {
            Reply::Done(body) => read(&body)?,
            Reply::Problem(problem, retry_after) => return Err(trouble(&problem, retry_after)),
        };
        if answer.request != id {
            return Err(Trouble::Network("the answer is not to this handshake".to_owned()));
        }
        self.observe_clock(wall, started, answer.wall)?;
        let mut inner = self.till.lock();
        inner.keep_proofs(&answer.head_office, &answer.certificates).map_err(local)?;
        for lane in own_lanes(&inner).map_err(local)? {
            keep_held(&mut inner.log, lane.origin, answer.held.get(&lane.origin)).map_err(local)?;
        }
        let proved = inner.proved().map_err(local)?;
        let unproved = asked.iter().copied().filter(|origin| !proved.contains(origin)).collect();
        inner.strangers.hear(&asked, &unproved);
        inner.hear_tips(&answer.tips);
        self.shaken(&inner, answer).map_err(local)
    }

    /// What an answer means to this till.
    fn shaken(&self, inner: &Inner, mut answer: HandshakeAnswer) -> Result<Shaken, StoreError> {
        let (mut has, mut others, mut lost) = (Tip::NONE, BTreeMap::new(), BTreeSet::new());
        let mut has_later = false;
        for lane in own_lanes(inner)? {
            let tips = answer.tips.get(&lane.origin).map_or(&[][..], Vec::as_slice);
            for tip in tips {
                if !events::knows(inner.log.connection(), lane.origin, *tip)? {
                    lost.insert(lane.origin);
                }
            }
            // What it wrote itself it sends by itself; what it took back is like another's.
            let mut wrote_all = true;
            for tip in events::tips_of(inner.log.connection(), lane.origin)? {
                wrote_all &= inner.log.holds(lane.origin, tip)?;
            }
            if wrote_all {
                answer.wanted.remove(&lane.origin);
            }
            let highest = highest_own(inner, lane.origin, tips)?;
            if lane.origin == self.origin {
                has = highest;
                // Somebody else wrote them, also where they have come here by the feed meanwhile.
                for tip in tips {
                    has_later |= !inner.log.holds(lane.origin, *tip)?;
                }
            } else {
                let acknowledged = lane.epoch.map(|epoch| (epoch, lane.acknowledged));
                others.insert(lane.origin, (acknowledged, highest));
            }
        }
        // Whose access has ended gets nothing back; once it is let in again, the next handshake finds the same lost.
        if answer.held.get(&self.origin).is_some_and(|held| held.reason.is_some()) {
            lost.clear();
        }
        Ok(Shaken {
            epoch: answer.epoch,
            has: Some(has),
            others,
            has_later,
            lost,
            scopes: answer.scopes,
            wanted: answer.wanted,
        })
    }

    /// Notes how far the till's clock is from head office's, where that is worth saying.
    fn observe_clock(&self, wall: i64, started: u64, server_wall: i64) -> Result<(), Trouble> {
        let mut inner = self.till.lock();
        if inner.options.clock.is_driven() {
            return Ok(());
        }
        let round_trip =
            i64::try_from(inner.options.clock.millis().saturating_sub(started)).unwrap_or(0) * 1_000;
        let offset = server_wall.saturating_sub(wall.saturating_add(round_trip / 2));
        if offset.saturating_sub(inner.now().offset).saturating_abs() <= CLOCK_SKEW_MAX {
            return Ok(());
        }
        tracing::warn!(offset, "the till's clock differs from head office's; later events are corrected");
        let before = (inner.offset, inner.passed);
        inner.note_time(offset, server_wall);
        // What is not on the record corrects nothing: the next handshake finds the same.
        inner
            .record_plain(vec![Event::from(ClockObserved { offset, round_trip })])
            .inspect_err(|_| (inner.offset, inner.passed) = before)
            .map_err(|e| Trouble::Network(e.to_string()))?;
        self.till.shared.recorded.notify_one();
        Ok(())
    }

    /// Follows the live stream for as long as it lives.
    pub(super) async fn listen(&self, reports: &mpsc::UnboundedSender<Input>) {
        let request = self.request("GET", "/v1/feed", "", Vec::new());
        let silence = Duration::from_secs(LIVE_SILENCE_SECONDS_MAX);
        let Ok(Ok(mut stream)) = timeout(silence, self.client.listen(request)).await else { return };
        // What was said before somebody listened is asked for.
        let _the_shell_is_gone = reports.send(Input::Listens);
        live::follow(&mut stream, |hint| {
            let _the_shell_is_gone = reports.send(Input::Hint(hint.scope, hint.position));
        })
        .await;
    }
}

impl Inner {
    /// Origins whose certificates the till has.
    pub(super) fn proved(&self) -> Result<BTreeSet<OriginId>, StoreError> {
        let identity = self.enrolled.iter().map(|enrolled| &enrolled.identity);
        let own = identity.flat_map(|identity| identity.origins.iter().chain(&identity.head_office));
        let others = certificates(self.log.connection())?;
        let proved = others.iter().chain(own).filter_map(|signed| signed.read().ok());
        Ok(proved.map(|read| read.origin).collect())
    }

    /// Keeps head office's word about its own log, who it is now, and who others are, each as far as it ends at the root.
    fn keep_proofs(
        &mut self,
        head_office: &OfficeHead,
        proofs: &[SignedCertificate],
    ) -> Result<(), StoreError> {
        let Some(enrolled) = &mut self.enrolled else { return Ok(()) };
        let (root, organisation) = (enrolled.identity.root, enrolled.identity.organisation);
        if head_office.verified(&root, organisation).is_some() {
            let text = serde_json::to_string(head_office)
                .map_err(|error| StoreError::Unreadable(error.to_string()))?;
            self.log.put_fact(HEAD_OFFICE_FACT, &text)?;
            let mut identity = enrolled.identity.as_ref().clone();
            if identity.meet(&head_office.certificate) {
                let text = serde_json::to_string(&identity)
                    .map_err(|error| StoreError::Unreadable(error.to_string()))?;
                self.log.put_fact(IDENTITY_FACT, &text)?;
                enrolled.identity = identity.into();
            }
        }
        let known = certificates(self.log.connection())?;
        let known: BTreeMap<OriginId, _> = known
            .iter()
            .filter_map(|signed| signed.read().ok())
            .map(|read| (read.origin, read))
            .collect();
        let mut proved = Vec::new();
        for signed in proofs {
            let Ok(origin) = signed.read().map(|read| read.origin) else { continue };
            let verified =
                verify_onto(proofs, |origin| known.get(&origin).cloned(), &root, organisation, origin);
            match verified {
                Ok(_) => proved.push((origin, signed.clone())),
                Err(error) => tracing::warn!(%origin, %error, "a certificate of another does not hold"),
            }
        }
        if proved.is_empty() {
            Ok(())
        } else {
            self.log.put_certificates(&proved)
        }
    }
}

/// The highest own event that head office has where these are its tips: a tip itself, or what the own chain has before it where events that
/// were taken back or followed lie in between. Nothing where none is; then everything is sent again, and what head office knows drops out.
fn highest_own(inner: &Inner, origin: OriginId, tips: &[Tip]) -> Result<Tip, StoreError> {
    let mut highest = Tip::NONE;
    for tip in tips {
        let mut tip = *tip;
        while tip.seq > highest.seq && !inner.log.holds(origin, tip)? {
            let Some(step) = links::step(inner.log.connection(), origin, tip)? else {
                tip = Tip::NONE;
                break;
            };
            tip = Tip { seq: tip.seq - 1, hash: step.prev };
        }
        if tip.seq > highest.seq {
            highest = tip;
        }
    }
    Ok(highest)
}

/// There is no address or no certificate to send with.
pub(super) fn no_road() -> Trouble {
    Trouble::Network("the till does not know how to reach head office".to_owned())
}

pub(super) fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    serde_json::from_slice(body)
        .map_err(|error| Trouble::Network(format!("the answer makes no sense: {error}")))
}

pub(super) fn local(error: StoreError) -> Trouble {
    Trouble::Network(format!("the till's own store: {error}"))
}
