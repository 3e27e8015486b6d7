//! Enrolling: a one-time code makes this till a till of a store.
//!
//! The till makes its own key and origin, both sides prove the code over everything that was said, and the till pins the organisation's
//! root. Key and origin are kept before anything is sent, so a lost answer costs nothing: asked again with the same code, the same origin
//! asks and gets the same certificate, also after a crash.

use daybook_core::chain::{Hash, sha256};
use daybook_core::event::origin::{Opened, Reason};
use daybook_core::identity::certificate::{CertificateError, verify_chain};
use daybook_core::identity::enrol::{
    EnrolAnswerTranscript, EnrolCode, EnrolRequestTranscript, Proof, code_key, till_proof,
    verify_server_proof,
};
use daybook_core::identity::tls::Road;
use daybook_core::identity::{KeyPair, base64url};
use daybook_core::ids::{OriginId, RequestId};
use daybook_core::sync::till::Trouble;
use daybook_core::wire::{EnrolAnswer, EnrolRequest, ProblemCode};

use crate::client::{Client, Http, Reply, Request};
use crate::identity::{Enrolling, Identity, Keys};
use crate::till::{Inner, OpenError, Till};
use crate::tls::{self, Met};

/// Name of the fact that an enrolment was begun.
const ENROLLING_FACT: &str = "enrolling";

/// Why enrolment did not succeed. The till belongs to no store then; only the key stays behind, for the same code asked again.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The till belongs to a store already.
    #[error("this till belongs to a store already")]
    AlreadyEnrolled,
    /// The code is wrong, used or too old.
    #[error(
        "head office does not accept this code: it is wrong, used or older than ten minutes. Ask for a new one"
    )]
    CodeRefused,
    /// Head office refused for another reason.
    #[error("head office refused: {0}")]
    Refused(String),
    /// Head office cannot be reached.
    #[error("head office cannot be reached: {0}")]
    Network(String),
    /// Whoever answered does not know the code: not the head office that made it.
    #[error("whoever answered is not the head office that made this code; nothing was joined")]
    NotHeadOffice,
    /// The certificate does not hold.
    #[error("the certificate does not hold: {0}")]
    Certificate(CertificateError),
    /// The till could not write what it learnt.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl Till {
    /// Joins the store that a one-time code is bound to, under the till's name that the code was made for.
    pub async fn enrol(&self, server_url: &str, code: &EnrolCode, name: &str) -> Result<(), EnrolError> {
        let secret = code_key(code);
        let (road, server_url) = Road::of(server_url);
        let (origin, key, nonce, request_id, created) = {
            let mut inner = self.lock();
            if inner.enrolled.is_some() {
                return Err(EnrolError::AlreadyEnrolled);
            }
            let (origin, key) = inner.enrolling(sha256(&secret))?;
            let mut nonce = [0; 32];
            inner.options.randomness.fill(&mut nonce);
            let created = inner.options.clock.wall() / 1_000_000;
            (origin, key, nonce, RequestId(inner.new_uuid()), created)
        };
        let met = Met::default();
        let tls = tls::meeting(&met).map_err(|error| EnrolError::Network(error.to_string()))?;
        let http = Http::new(tls).map_err(network)?;
        let client = Client::new(http, &server_url, origin, key.clone(), None);
        if road == Road::Hidden {
            // The key of the other side has to be known before the proof is made that covers it.
            self.greet(&client).await?;
        }
        let (public_key, tls_key) = (key.public(), met.key());
        let transcript = EnrolRequestTranscript { origin, public_key, till_name: name, nonce, tls_key };
        let asked = EnrolRequest {
            origin,
            public_key: key.public(),
            till_name: name.to_owned(),
            nonce: base64url(&nonce),
            proof: text_of(&till_proof(&secret, &transcript)),
        };
        let body = serde_json::to_vec(&asked).map_err(|error| EnrolError::Refused(error.to_string()))?;
        let request = Request {
            method: "POST",
            path: "/v1/enrol",
            query: "",
            id: request_id,
            body,
            compress: false,
            created,
        };
        let answer: EnrolAnswer = match client.send(request).await.map_err(network)? {
            Reply::Done(body) => {
                serde_json::from_slice(&body).map_err(|error| EnrolError::Network(error.to_string()))?
            }
            Reply::Problem(problem, _) if problem.code == ProblemCode::EnrolmentRefused => {
                return Err(EnrolError::CodeRefused);
            }
            Reply::Problem(problem, _) => return Err(EnrolError::Refused(problem.message)),
        };
        let said = EnrolAnswerTranscript {
            organisation: answer.organisation,
            root: answer.root,
            certificate: sha256(answer.certificate.certificate.as_bytes()),
        };
        let proof: Proof =
            serde_json::from_value(answer.proof.clone().into()).map_err(|_| EnrolError::NotHeadOffice)?;
        if !verify_server_proof(&secret, &transcript, &said, &proof) {
            return Err(EnrolError::NotHeadOffice);
        }
        self.join(&server_url, origin, key, answer)
    }

    /// Says a word to whoever is there, whatever comes back.
    async fn greet(&self, client: &Client) -> Result<(), EnrolError> {
        let (id, created) = {
            let inner = self.lock();
            (RequestId(inner.new_uuid()), inner.options.clock.wall() / 1_000_000)
        };
        let (method, path, query) = ("GET", "/v1/health", "");
        let request = Request { method, path, query, id, body: Vec::new(), compress: false, created };
        client.send(request).await.map_err(network).map(drop)
    }

    fn join(
        &self,
        server_url: &str,
        origin: OriginId,
        key: KeyPair,
        answer: EnrolAnswer,
    ) -> Result<(), EnrolError> {
        let presented = [answer.certificate.clone()];
        let certificate = verify_chain(&presented, &answer.root, answer.organisation, origin)
            .map_err(EnrolError::Certificate)?;
        let head_office = answer.head_office.last().and_then(|text| text.read().ok()).map(|read| read.origin);
        let head_office = head_office.ok_or(EnrolError::NotHeadOffice)?;
        verify_chain(&answer.head_office, &answer.root, answer.organisation, head_office)
            .map_err(EnrolError::Certificate)?;
        let identity = Identity {
            organisation: answer.organisation,
            root: answer.root,
            head_office: answer.head_office,
            origins: vec![answer.certificate],
            server: server_url.trim_end_matches('/').to_owned(),
            alone: false,
        };
        let opened = Opened {
            organisation: certificate.organisation,
            role: certificate.role,
            reason: Reason::Enrolled,
            store: certificate.store,
            till: certificate.till,
            name: certificate.name.clone(),
            series: certificate.series.clone(),
            public_key: key.public().text(),
            parent: None,
            counters: None,
        };
        let mut inner = self.lock();
        if inner.enrolled.is_some() {
            return Err(EnrolError::AlreadyEnrolled);
        }
        let keys = inner.keys()?;
        inner.become_origin(identity, keys, key, &certificate, opened, &[])?;
        if let Err(error) = inner.log.forget_fact(ENROLLING_FACT) {
            tracing::warn!(%error, "what was kept for this enrolment stays; nothing asks for it any more");
        }
        drop(inner);
        self.set_server(server_url);
        // From its first document on it is known what was printed.
        if let Err(error) = self.follow_documents() {
            tracing::warn!(%error, "the print queue does not follow this till yet");
        }
        Ok(())
    }
}

impl Inner {
    /// The origin and key to enrol with: those of the last attempt with the same code, else new ones, durably kept before they are used.
    fn enrolling(&mut self, code: Hash) -> Result<(OriginId, KeyPair), OpenError> {
        let begun = self.log.fact(ENROLLING_FACT)?;
        let begun: Option<Enrolling> = begun.and_then(|text| serde_json::from_str(&text).ok());
        let mut keys = self.keys()?;
        if let Some(Enrolling { origin, .. }) = begun.filter(|begun| begun.code == code)
            && let Some(key) = keys.origins.get(&origin)
        {
            return Ok((origin, key.clone()));
        }
        let mut seed = [0; 32];
        self.options.randomness.fill(&mut seed);
        let (origin, key) = (OriginId(self.new_uuid()), KeyPair::from_seed(seed));
        // Beside the keys that are there: those of earlier origins may still be needed for what is not sent.
        keys.origins.insert(origin, key.clone());
        let io = |error| OpenError::Io { path: self.options.data.clone(), error };
        keys.write(&self.options).map_err(io)?;
        let text = serde_json::to_string(&Enrolling { origin, code })
            .map_err(|error| OpenError::Unreadable(error.to_string()))?;
        self.log.put_fact(ENROLLING_FACT, &text)?;
        Ok((origin, key))
    }

    fn keys(&self) -> Result<Keys, OpenError> {
        let data = &self.options.data;
        Keys::read(data, &*self.options.keystore).map_err(|error| OpenError::Io { path: data.clone(), error })
    }
}

fn network(trouble: Trouble) -> EnrolError {
    EnrolError::Network(match trouble {
        Trouble::Network(why) => why,
        other => format!("{other:?}"),
    })
}

fn text_of(proof: &Proof) -> String {
    serde_json::to_value(proof)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
