//! The handshake: both sides say what they have, and head office asks for what it lacks.
//!
//! A till that knows a later word of head office about itself than its log holds proves that the log was put back; a new epoch begins
//! before that till is answered. What the till names of others and head office lacks, it is asked to hand back. Who is not let in hears how it
//! stands with the own events, and is asked for nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use daybook_core::chain::{Seal, Tip};
use daybook_core::identity::certificate::{Certificate, SignedCertificate};
use daybook_core::ids::{OriginId, RequestId};
use daybook_core::limits::{CERTIFICATES_MAX, HANDSHAKE_WORK_MILLIS, LINEAGE_MAX, TIPS_MAX};
use daybook_core::sync::carry::{self, Lack};
use daybook_core::sync::epoch::{Witness, is_proof};
use daybook_core::sync::scope;
use daybook_core::wire::{HandshakeAnswer, HandshakeRequest, Held, OfficeHead};
use daybook_store::office::{feed_head, held};
use daybook_store::people::office as people;
use daybook_store::views::judge::last_revision;
use daybook_store::{Reader, StoreError, events, links};

use super::{Office, Readers, Refusal, writer};

/// What a handshake is answered with, out of the files.
struct Found {
    tips: BTreeMap<OriginId, Vec<Tip>>,
    own: Tip,
    scopes: BTreeMap<String, i64>,
    lacking: Vec<Lack>,
    held: BTreeMap<OriginId, Held>,
}

impl Office {
    /// Answers a handshake: what head office has of the origins the sender named and of itself, how far each scope goes, and what it
    /// asks the sender for.
    pub async fn handshake(
        &self,
        request: RequestId,
        certificate: &Certificate,
        body: HandshakeRequest,
    ) -> Result<HandshakeAnswer, Refusal> {
        if body.tips.len() > TIPS_MAX {
            return Err(Refusal::Malformed("more origins than a handshake may name".to_owned()));
        }
        if let Some(head) = &body.head_office {
            self.heed(head).await?;
        }
        let present = self.0.present.get();
        let (own, sender, store) = (present.identity.origin, body.origin, certificate.store);
        let is_let_in = self.closing(sender).is_none();
        let closings = self.closings_of(certificate, body.tips.keys().copied());
        let holds = body.tips;
        // The sender's own first. Of others it is asked for what there is time to look at; it begins at another one each time.
        let others = holds.keys().filter(|origin| !closings.contains_key(origin)).copied();
        let named: Vec<OriginId> = closings.keys().copied().chain([own, sender]).collect();
        let (named, mut others): (BTreeSet<OriginId>, Vec<OriginId>) =
            (named.into_iter().collect(), others.filter(|origin| *origin != own).collect());
        let turn = usize::try_from(self.running().unsigned_abs()).unwrap_or(0) % others.len().max(1);
        others.rotate_left(turn);
        let found = self.ask(move |readers| {
            let mut scopes = BTreeMap::new();
            if let Some(store) = store.filter(|_| is_let_in) {
                scopes = scopes_of(readers, store)?;
            }
            let log = &readers.log;
            let (mut tips, mut lacking, mut count) = (BTreeMap::new(), Vec::new(), 0);
            let until = Instant::now() + Duration::from_millis(HANDSHAKE_WORK_MILLIS);
            for origin in named.iter().chain(&others) {
                let is_own = named.contains(origin);
                if !is_own && (count >= TIPS_MAX || Instant::now() >= until) {
                    break;
                }
                let whole = links::whole(log, *origin).map_err(StoreError::of_log)?;
                let asked = holds.get(origin).map_or(&[][..], Vec::as_slice);
                if !asked.is_empty() && is_let_in {
                    lacking.extend(lack(log, *origin, asked, &whole).map_err(StoreError::of_log)?);
                }
                let told = carry::told(whole, asked);
                count += told.len();
                tips.insert(*origin, told);
            }
            let mut held = BTreeMap::new();
            for (origin, closing) in closings {
                let found = held_of(log, origin, closing, &tips).map_err(StoreError::of_log)?;
                held.extend(found.map(|found| (origin, found)));
            }
            let own = events::tips_of(log, own).map_err(StoreError::of_log)?;
            let own = own.into_iter().max().unwrap_or(Tip::NONE);
            Ok(Found { tips, own, scopes, lacking, held })
        });
        let Found { tips, own, scopes, lacking, held } = found.await?;
        let wanted = {
            let mut asking = self.0.asking.lock().unwrap_or_else(PoisonError::into_inner);
            if body.begins {
                asking.forget(sender);
            }
            asking.ask(self.running(), sender, &lacking)
        };
        let seal = Seal::sign(present.identity.key.signing_key(), present.identity.origin, own).text();
        let head_office = OfficeHead { certificate: present.certificate.clone(), tip: own, seal };
        let certificates = if is_let_in { self.proofs(sender, &body.unproved) } else { Vec::new() };
        let (epoch, wall) = (present.epoch.clone(), self.now());
        Ok(HandshakeAnswer { request, epoch, wall, tips, scopes, head_office, wanted, certificates, held })
    }

    /// The sender's origin and those of these that belong to its till, each with why it is not let in.
    fn closings_of(
        &self,
        sender: &Certificate,
        named: impl Iterator<Item = OriginId>,
    ) -> BTreeMap<OriginId, Option<String>> {
        let mut own = vec![sender.origin];
        {
            let book = self.0.book.read().unwrap_or_else(PoisonError::into_inner);
            let is_own = |origin: &OriginId| {
                let till = book.get(origin).and_then(|(certificate, _)| certificate.till);
                till.is_some() && till == sender.till
            };
            own.extend(named.filter(is_own));
        }
        own.into_iter().map(|origin| (origin, self.closing(origin))).collect()
    }

    /// Begins a new epoch where a till's word of head office about itself proves that its log was put back.
    async fn heed(&self, head: &OfficeHead) -> Result<(), Refusal> {
        let present = self.0.present.get();
        let (root, organisation) = (present.identity.root.public(), present.identity.organisation);
        let Some(certificate) = head.verified(&root, organisation) else {
            tracing::warn!("a till named a word of head office that is not head office's");
            return Ok(());
        };
        let (origin, tip) = (certificate.origin, head.tip);
        let origin_is_known = self.certificate(origin).await?.is_some();
        let event_is_known = self
            .ask(move |readers| Ok(links::knows(&readers.log, origin, tip).map_err(StoreError::of_log)?))
            .await?;
        let of_present_origin = origin == present.identity.origin;
        if is_proof(Witness { of_present_origin, origin_is_known, event_is_known }) {
            let signed = head.certificate.clone();
            self.job(|reply| writer::Job::Witness(origin, signed, tip, reply)).await??;
            self.remember(certificate, head.certificate.clone());
        }
        Ok(())
    }

    /// The certificates of origins with those of their parents, as many as one answer holds: whole lineages first, then of one that is longer
    /// than an answer the next part for this asker.
    fn proofs(&self, asker: OriginId, origins: &[OriginId]) -> Vec<SignedCertificate> {
        let book = self.0.book.read().unwrap_or_else(PoisonError::into_inner);
        let lineage = |origin: OriginId| {
            let mut lineage = Vec::new();
            let mut next = Some(origin);
            while let Some((certificate, signed)) = next.and_then(|origin| book.get(&origin))
                && lineage.len() < LINEAGE_MAX
            {
                lineage.push((certificate.origin, signed.clone()));
                next = certificate.parent;
            }
            lineage.reverse();
            (origin, lineage)
        };
        let is_short = |(_, lineage): &(OriginId, Vec<_>)| lineage.len() <= CERTIFICATES_MAX;
        let (short, long): (Vec<_>, Vec<_>) = origins.iter().copied().map(lineage).partition(is_short);
        let mut proofs: BTreeMap<OriginId, SignedCertificate> = BTreeMap::new();
        for (_, lineage) in short {
            let new = lineage.iter().filter(|(origin, _)| !proofs.contains_key(origin)).count();
            if new + proofs.len() <= CERTIFICATES_MAX {
                proofs.extend(lineage);
            }
        }
        let mut introductions = self.0.introductions.lock().unwrap_or_else(PoisonError::into_inner);
        for (origin, lineage) in long {
            let most = CERTIFICATES_MAX - proofs.len();
            let part = introductions.next(asker, origin, lineage.len(), most);
            proofs.extend(lineage[part].iter().cloned());
        }
        proofs.into_values().collect()
    }
}

/// What is held of an origin, `closing` being why it is not let in.
fn held_of(
    log: &Reader,
    origin: OriginId,
    closing: Option<String>,
    tips: &BTreeMap<OriginId, Vec<Tip>>,
) -> Result<Option<Held>, StoreError> {
    let waiting = held::first_waiting(log, origin)?;
    let last = || tips.get(&origin).into_iter().flatten().map(|tip| tip.seq).max().unwrap_or(0);
    Ok(match (waiting, closing) {
        (None, None) => None,
        (waiting, reason) => Some(Held { after: waiting.map_or_else(last, |first| first - 1), reason }),
    })
}

/// What of an origin that is here up to `whole` a till that names these tips may hold and head office lacks.
fn lack(log: &Reader, origin: OriginId, named: &[Tip], whole: &[Tip]) -> Result<Option<Lack>, StoreError> {
    let Some(last) = named.iter().max().copied() else { return Ok(None) };
    let missing = links::missing(log, origin)?;
    let mut unknown = false;
    for tip in named {
        unknown |= !links::knows(log, origin, *tip)?;
    }
    if missing == 0 && !unknown {
        return Ok(None);
    }
    let after = whole.iter().max().copied().unwrap_or(Tip::NONE);
    Ok(Some(Lack { origin, after, missing, named: last }))
}

/// The scopes that a till of a store follows, each with its last position.
fn scopes_of(
    readers: &Readers,
    store: daybook_core::ids::StoreId,
) -> Result<BTreeMap<String, i64>, super::OfficeError> {
    let mut scopes = BTreeMap::new();
    for scope in scope::of_till(store) {
        let head = feed_head(&readers.log, &scope).map_err(StoreError::of_log)?;
        scopes.insert(scope, head.map_or(0, |head| head.position));
    }
    // Read models that cannot be read now keep nobody from shaking hands: only their own lane is left out.
    if let Ok(revision) = readers.heed(last_revision(&readers.views, Some(store))) {
        scopes.insert(scope::conflicts(store), revision);
    }
    let revision = people::revision(&readers.people).map_err(StoreError::of_log)?;
    // A head office that knows nobody by name, because it was made anew, leaves tills the people that they know.
    if revision > 0 {
        scopes.insert(scope::CREDENTIALS.to_owned(), revision);
    }
    Ok(scopes)
}
