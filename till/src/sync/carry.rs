//! Handing back: what this till holds of others goes to a head office that lost it, and what head office holds of this till comes back
//! to a till that lost it.
//!
//! What is handed back ends at an event that its writer sealed, so that nobody's word is needed for it. Events whose texts are not here
//! go as skeletons: they link the others. The files are read through a connection of their own, so no sale waits for it.

use std::collections::{BTreeMap, BTreeSet};

use daybook_core::chain::{Hash, Seal, Tip};
use daybook_core::envelope::{EventText, Line};
use daybook_core::identity::PublicKey;
use daybook_core::identity::certificate::SignedCertificate;
use daybook_core::ids::OriginId;
use daybook_core::limits::{CERTIFICATES_MAX, LINEAGE_MAX, PUSH_BYTES_MAX, PUSH_SKELETONS_MAX};
use daybook_core::sync::till::{Input, Trouble};
use daybook_core::wire::{OriginEntry, OriginHead, ProblemCode, PushAnswer, PushHead};
use daybook_store::links::{Bounds, knows, stretch_after, successors};
use daybook_store::office::certificates;

use super::own_lanes;
use super::road::{Road, local, no_road, read};
use crate::client::{Reply, trouble};

/// A push of another's events.
struct Burden {
    body: Vec<u8>,
    /// Its last event.
    last: Tip,
    /// Heads that tell who came before its writer, where one request cannot tell all.
    elders: Vec<PushHead>,
}

impl Road {
    /// Hands back what is here of an origin after an event.
    pub(super) async fn carry(self, origin: OriginId, after: Tip, events_max: usize) -> Input {
        match self.try_carry(origin, after, events_max).await {
            Ok(input) => input,
            Err(trouble) => Input::CarryFailed(origin, trouble),
        }
    }

    async fn try_carry(&self, origin: OriginId, after: Tip, events_max: usize) -> Result<Input, Trouble> {
        let Some(Burden { body, last, elders }) = self.burden(origin, after, events_max)? else {
            return Ok(Input::CarriedOut(origin));
        };
        let request = self.request("POST", "/v1/push", "", body.clone());
        let mut id = request.id;
        let mut reply = self.client.send(request).await?;
        if !elders.is_empty() && is_unknown_origin(&reply) {
            self.introduce(elders).await?;
            let request = self.request("POST", "/v1/push", "", body);
            id = request.id;
            reply = self.client.send(request).await?;
        }
        match reply {
            Reply::Done(body) => {
                let answer: PushAnswer = read(&body)?;
                if answer.request != id || answer.origin != origin || answer.durable != last {
                    return Err(Trouble::Network("the answer is not to this push".to_owned()));
                }
                Ok(Input::Carried { epoch: answer.epoch, origin, durable: last })
            }
            // It lacks what this goes on from, so it asked for something else by now, or will.
            Reply::Problem(problem, _) if problem.code == ProblemCode::UnknownPrevious => {
                Ok(Input::CarriedOut(origin))
            }
            Reply::Problem(problem, retry_after) => Err(trouble(&problem, retry_after)),
        }
    }

    /// Tells head office who came before an origin, part by part: it keeps what it can prove, and knows nobody by a head without events.
    async fn introduce(&self, elders: Vec<PushHead>) -> Result<(), Trouble> {
        for head in elders {
            let body = serde_json::to_vec(&head).map_err(|error| Trouble::Network(error.to_string()))?;
            let reply = self.client.send(self.request("POST", "/v1/push", "", body)).await?;
            if let Reply::Problem(problem, retry_after) = reply
                && problem.code == ProblemCode::Busy
            {
                return Err(trouble(&problem, retry_after));
            }
        }
        Ok(())
    }

    /// What is handed back of another's events; none where nothing sealed follows here.
    fn burden(&self, origin: OriginId, after: Tip, events_max: usize) -> Result<Option<Burden>, Trouble> {
        let (log, certificates) = {
            let inner = self.till.lock();
            let log = inner.log.reader().map_err(local)?;
            let enrolled = inner.enrolled.as_ref().ok_or_else(no_road)?;
            let mut known = certificates(&log).map_err(local)?;
            known.extend(enrolled.identity.head_office.iter().cloned());
            (log, lineage(&known, origin))
        };
        let own = certificates
            .iter()
            .filter_map(|signed| signed.read().ok())
            .find(|own| own.origin == origin);
        let key = own.map(|own| own.public_key);
        let bounds = Bounds { events_max, skeletons_max: PUSH_SKELETONS_MAX, bytes_max: PUSH_BYTES_MAX };
        // Of another branch than any that is here, it is handed back from the beginning: what head office knows drops out.
        let mut after = if knows(&log, origin, after).map_err(local)? {
            after
        } else {
            Tip::NONE
        };
        let (after, lines, last, seal) = loop {
            let Some(stretch) = stretch_after(&log, origin, after, bounds).map_err(local)? else {
                return Ok(None);
            };
            // A writer may have sealed badly; what does not hold vouches for nothing.
            let vouches = |(tip, line): &(Tip, Line)| {
                line.seal().is_some_and(|seal| {
                    key.is_none_or(|key| seal.verifies(key.verifying_key(), origin, *tip))
                })
            };
            let sealed = stretch.lines.iter().rposition(vouches);
            match sealed.and_then(|at| Some((at, stretch.lines[at].0, stretch.lines[at].1.seal()?))) {
                Some((at, last, seal)) => {
                    let mut lines = stretch.lines;
                    lines.truncate(at + 1);
                    break (stretch.after, lines, last, seal);
                }
                // Nothing in it is vouched for; a branch beside it may be, where this one ends.
                None => match stretch.lines.last().map(|(tip, _)| *tip) {
                    Some(end) if successors(&log, origin, end).map_err(local)?.is_empty() => after = end,
                    _ => return Ok(None),
                },
            }
        };
        let headed = |certificates| PushHead { origin, previous: after, seal: seal.text(), certificates };
        let mut parts = parts(certificates);
        let head = headed(parts.pop().unwrap_or_default());
        let elders = parts.into_iter().map(headed).collect();
        let mut body = serde_json::to_string(&head).map_err(|error| Trouble::Network(error.to_string()))?;
        for (_, line) in &lines {
            body.push('\n');
            line.write_line(&mut body);
        }
        body.push('\n');
        Ok(Some(Burden { body: body.into_bytes(), last, elders }))
    }

    /// Takes events of own origins back that head office holds and the log does not.
    pub(super) async fn take_back(self, origins: BTreeSet<OriginId>) -> Input {
        for origin in origins {
            if let Err(trouble) = self.try_take_back(origin).await {
                return Input::TakeBackFailed(trouble);
            }
        }
        Input::TookBack
    }

    async fn try_take_back(&self, origin: OriginId) -> Result<(), Trouble> {
        let (own, acknowledged) = {
            let inner = self.till.lock();
            let lanes = own_lanes(&inner).map_err(local)?;
            let lane = lanes.into_iter().find(|lane| lane.origin == origin);
            lane.map_or((Tip::NONE, Tip::NONE), |lane| (lane.tip, lane.acknowledged))
        };
        // Most often the log is an older prefix; where it went on by itself meanwhile, the other branch begins after what both had.
        if !self.take_pages_back(origin, own).await? && !self.take_pages_back(origin, acknowledged).await? {
            self.take_pages_back(origin, Tip::NONE).await?;
        }
        Ok(())
    }

    /// The key of an own origin.
    fn own_key(&self, origin: OriginId) -> Result<PublicKey, Trouble> {
        let inner = self.till.lock();
        let mut own = inner.enrolled.iter().flat_map(|enrolled| enrolled.identity.certificates());
        let certificate = own.find(|certificate| certificate.origin == origin).ok_or_else(no_road)?;
        Ok(certificate.public_key)
    }

    /// Takes back what follows an event; false where the first of it does not link to what is here.
    async fn take_pages_back(&self, origin: OriginId, after: Tip) -> Result<bool, Trouble> {
        let key = self.own_key(origin)?;
        let mut reached = after.seq;
        let mut took = false;
        loop {
            let query = format!("origin={origin}&after={reached}");
            let request = self.request("GET", "/v1/origin", &query, Vec::new());
            let id = request.id;
            let body = match self.client.send(request).await? {
                Reply::Done(body) => body,
                Reply::Problem(problem, retry_after) => return Err(trouble(&problem, retry_after)),
            };
            let body = String::from_utf8(body).map_err(|error| Trouble::Network(error.to_string()))?;
            let mut lines = body.lines();
            let head: OriginHead = read(lines.next().unwrap_or_default().as_bytes())?;
            let entries: Option<Vec<OriginEntry>> = lines.map(OriginEntry::split).collect();
            let entries = entries.filter(|entries| entries.len() == head.events as usize);
            let entries =
                entries.ok_or_else(|| Trouble::Network("a page of own events is broken".to_owned()))?;
            if head.request != id || head.origin != origin {
                return Err(Trouble::Network("the page is not the one asked for".to_owned()));
            }
            let till = self.till.clone();
            let linked = tokio::task::spawn_blocking(move || -> Result<Option<usize>, Trouble> {
                let events = placed(origin, &key, entries)?;
                let mut inner = till.lock();
                let mut linking = BTreeSet::new();
                let mut linked = Vec::new();
                for (prev, tip, text) in events {
                    let before = Tip { seq: tip.seq - 1, hash: prev };
                    let links = linking.contains(&before)
                        || knows(inner.log.connection(), origin, before).map_err(local)?;
                    if links {
                        linking.insert(tip);
                        linked.push((prev, tip, text));
                    }
                }
                inner.log.store_others(origin, &linked).map_err(local)?;
                drop(inner);
                till.follow().map_err(local)?;
                till.shared.changes.send_modify(|changes| changes.others += 1);
                Ok((!linked.is_empty()).then_some(linked.len()))
            });
            let linked = linked.await.map_err(|error| Trouble::Network(error.to_string()))??;
            took |= linked.is_some();
            if !took || !head.more || head.reached <= reached {
                return Ok(took);
            }
            reached = head.reached;
        }
    }
}

/// Events of a page with their places in the chain. A seal that is not this origin's speaks against all of the page.
fn placed(
    origin: OriginId,
    key: &PublicKey,
    entries: Vec<OriginEntry>,
) -> Result<Vec<(Hash, Tip, EventText)>, Trouble> {
    let place = |OriginEntry { prev, text }: OriginEntry| {
        let envelope = text.read_envelope().ok().filter(|envelope| envelope.origin == origin)?;
        let tip = Tip { seq: envelope.seq, hash: text.hash(prev) };
        let holds = |seal: &Seal| seal.verifies(key.verifying_key(), origin, tip);
        if !text.seal.as_ref().is_none_or(holds) {
            return None;
        }
        Some((prev, tip, text))
    };
    let placed: Option<Vec<_>> = entries.into_iter().map(place).collect();
    placed.ok_or_else(|| Trouble::Network("a page of own events holds what is none".to_owned()))
}

fn is_unknown_origin(reply: &Reply) -> bool {
    matches!(reply, Reply::Problem(problem, _) if problem.code == ProblemCode::UnknownOrigin)
}

/// A lineage in parts of as many certificates as one request presents, the eldest first; the last one is that of the origin and its nearest
/// parents.
fn parts(lineage: Vec<SignedCertificate>) -> Vec<Vec<SignedCertificate>> {
    let mut parts: Vec<Vec<SignedCertificate>> =
        lineage.chunks(CERTIFICATES_MAX).map(<[SignedCertificate]>::to_vec).collect();
    parts.reverse();
    parts
}

/// The certificates that prove who an origin is, its own first.
fn lineage(known: &[SignedCertificate], origin: OriginId) -> Vec<SignedCertificate> {
    let by_origin: BTreeMap<OriginId, (&SignedCertificate, Option<OriginId>)> = known
        .iter()
        .filter_map(|signed| signed.read().ok().map(|read| (read.origin, (signed, read.parent))))
        .collect();
    let (mut lineage, mut next) = (Vec::new(), Some(origin));
    while let Some((signed, parent)) = next.and_then(|origin| by_origin.get(&origin)) {
        if lineage.len() == LINEAGE_MAX {
            break;
        }
        lineage.push((*signed).clone());
        next = *parent;
    }
    lineage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lineage_goes_in_parts_the_eldest_first_and_its_last_part_ends_at_the_origin() {
        let lineage: Vec<SignedCertificate> = (0..2 * CERTIFICATES_MAX + 3)
            .map(|number| SignedCertificate { certificate: number.to_string(), signature: String::new() })
            .collect();
        let parts = parts(lineage.clone());
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [3, CERTIFICATES_MAX, CERTIFICATES_MAX]);
        assert_eq!(parts.last().unwrap()[0], lineage[0], "its own first");
        assert_eq!(parts.into_iter().rev().flatten().collect::<Vec<_>>(), lineage);
        assert!(super::parts(Vec::new()).is_empty());
    }
}
