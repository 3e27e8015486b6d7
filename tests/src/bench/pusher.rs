//! Pushes as tills send them, prepared before anything is timed: what is measured is head office, and not how fast a till packs.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, ensure};
use daybook_core::chain::Tip;
use daybook_core::identity::KeyPair;
use daybook_core::identity::certificate::SignedCertificate;
use daybook_core::identity::http_signature::{RequestParts, content_digest, sign_request};
use daybook_core::identity::nonce::Freshness;
use daybook_core::ids::{OriginId, RequestId};
use daybook_core::wire::{HandshakeAnswer, HandshakeRequest, NONCE_HEADER, Problem, REQUEST_HEADER};
use daybook_till::identity::Keys;
use daybook_till::{Clock as _, NoKeystore, SystemClock};
use uuid::Uuid;

use super::chain::batches;
use super::ground::Place;
use super::size::{WIRE_LEVEL, packed};
use crate::tls::believes_anybody;

/// Where events are pushed to.
const PUSH: &str = "/v1/push";
/// Where a till asks how far head office is.
const HANDSHAKE: &str = "/v1/handshake";

/// A till's pushes.
pub struct Pusher {
    origin: OriginId,
    key: KeyPair,
    certificates: Vec<SignedCertificate>,
    last: Tip,
    /// Compressed bodies in the order of the chain, each with the number of its events.
    pub bodies: Vec<(Vec<u8>, usize)>,
    /// Bytes of envelopes and payloads of every event.
    pub texts: Vec<usize>,
    http: reqwest::Client,
    freshness: Mutex<Freshness>,
}

impl Pusher {
    /// The pushes of all that a till has recorded, at most so many events.
    pub fn of(place: &Place, events: usize) -> anyhow::Result<Self> {
        let (batches, _) = batches(place, events)?;
        let (first, last) = batches.first().zip(batches.last()).context("the till has recorded nothing")?;
        let (origin, certificates, last) = (first.head.origin, first.head.certificates.clone(), last.last);
        let keys = Keys::read(&place.data, &NoKeystore)?;
        let key = keys.origins.get(&origin).context("the till has no key")?.clone();
        let texts = batches
            .iter()
            .flat_map(|batch| &batch.lines)
            .map(|text| text.envelope.len() + text.payload.len())
            .collect();
        let bodies = batches
            .iter()
            .map(|batch| Ok((packed(batch)?, batch.lines.len())))
            .collect::<anyhow::Result<_>>()?;
        let http = reqwest::Client::builder()
            // The client takes no other TLS along; what is pushed here goes in the clear, within the machine.
            .tls_backend_preconfigured(believes_anybody())
            .no_proxy()
            .build()?;
        Ok(Pusher { origin, key, certificates, last, bodies, texts, http, freshness: Mutex::default() })
    }

    /// Sends all pushes one after the other, each when the one before was acknowledged.
    pub async fn send(&self, server: &str) -> anyhow::Result<()> {
        for place in 0..self.bodies.len() {
            self.send_one(server, place).await?;
        }
        Ok(())
    }

    /// Sends one push and waits for its acknowledgement.
    pub async fn send_one(&self, server: &str, place: usize) -> anyhow::Result<()> {
        self.post(server, PUSH, self.bodies[place].0.clone()).await?;
        Ok(())
    }

    /// Asks head office how far it is, as a till does that has nothing to send; checks that it has everything, and what the till noted
    /// about its own start since.
    pub async fn shake(&self, server: &str) -> anyhow::Result<()> {
        let asked = HandshakeRequest {
            tips: BTreeMap::from([(self.origin, vec![self.last])]),
            certificates: self.certificates.clone(),
            ..HandshakeRequest::of(self.origin, SystemClock::default().wall())
        };
        let body = zstd::bulk::compress(&serde_json::to_vec(&asked)?, WIRE_LEVEL)?;
        let answer: HandshakeAnswer = serde_json::from_slice(&self.post(server, HANDSHAKE, body).await?)?;
        let has = answer.tips.get(&self.origin).into_iter().flatten().any(|tip| tip.seq >= self.last.seq);
        ensure!(has, "head office does not have everything");
        Ok(())
    }

    /// Sends a request with a compressed body; gives the body of its answer, which must be a good one.
    pub async fn post(&self, server: &str, path: &str, body: Vec<u8>) -> anyhow::Result<Vec<u8>> {
        let request = RequestId(Uuid::now_v7());
        let digest = content_digest(&body);
        let parts = RequestParts { method: "POST", path, query: "", request, content_digest: &digest };
        let created = SystemClock::default().wall() / 1_000_000;
        let mut attempt = 1;
        loop {
            let nonce = self.freshness().nonce().map(str::to_owned);
            let signed = sign_request(&parts, &self.key, self.origin, created, nonce.as_deref());
            let answer = self
                .http
                .post(format!("{server}{path}"))
                .header(REQUEST_HEADER, request.to_string())
                .header("content-digest", &digest)
                .header("signature-input", signed.signature_input)
                .header("signature", signed.signature)
                .header("content-encoding", "zstd")
                .header("content-type", "application/x-ndjson")
                .body(body.clone())
                .send()
                .await?;
            if let Some(Ok(fresh)) = answer.headers().get(NONCE_HEADER).map(|nonce| nonce.to_str()) {
                self.freshness().hear(fresh);
            }
            let status = answer.status();
            let said = answer.bytes().await?;
            if status.is_success() {
                return Ok(said.to_vec());
            }
            let code = serde_json::from_slice(&said).map(|problem: Problem| problem.code);
            let repeats = code.is_ok_and(|code| self.freshness().repeats(code, attempt, nonce.as_deref()));
            ensure!(
                repeats,
                "head office did not take a request: {status} {}",
                String::from_utf8_lossy(&said)
            );
            attempt += 1;
        }
    }

    fn freshness(&self) -> MutexGuard<'_, Freshness> {
        self.freshness.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
