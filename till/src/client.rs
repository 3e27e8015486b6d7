//! The till's requests: signed with the origin's key, and answers that count only if head office signed them for this very request.
//!
//! Anything else — a captive portal's page, a proxy's error, a truncated body — is a network error, whatever its status says. Each request
//! signs the nonce that the answer before it brought; refused for want of a fresh one, it is sent once more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use daybook_core::identity::certificate::SignedCertificate;
use daybook_core::identity::http_signature::{
    AnswerParts, RequestParts, content_digest, read_signature_input, sign_request, verify_answer,
    verify_digest,
};
use daybook_core::identity::nonce::Freshness;
use daybook_core::identity::{KeyPair, PublicKey};
use daybook_core::ids::{OrganisationId, OriginId, RequestId};
use daybook_core::limits::{ANSWER_READ_SECONDS_MAX, BODY_DECOMPRESSED_BYTES_MAX, REQUEST_SECONDS_MAX};
use daybook_core::sync::till::Trouble;
use daybook_core::wire::{
    NONCE_HEADER, OfficeHead, Problem, ProblemCode, REQUEST_HEADER, office_certificate,
};
use rustls::ClientConfig;
use serde::Deserialize;
use tokio::time::timeout;

/// What all requests to one head office share: connections, and the nonce heard last.
#[derive(Clone)]
pub(crate) struct Http {
    client: reqwest::Client,
    freshness: Arc<Mutex<Freshness>>,
}

/// One signer talking to one server.
#[derive(Clone)]
pub(crate) struct Client {
    http: Http,
    server: String,
    origin: OriginId,
    key: KeyPair,
    /// Who head office may be; none before enrolment, when the answer proves itself otherwise.
    head_office: Option<HeadOffice>,
}

/// What an answer's signature is held against: the root, and the certificates of head office that are known to end at it.
#[derive(Clone)]
pub(crate) struct HeadOffice {
    pub(crate) root: PublicKey,
    pub(crate) organisation: OrganisationId,
    pub(crate) certificates: Vec<SignedCertificate>,
}

impl HeadOffice {
    /// The key of an origin of head office: of one that is known, or of one that this answer introduces.
    fn key(&self, origin: OriginId, introduced: Option<&SignedCertificate>) -> Option<PublicKey> {
        let mut certificates = self.certificates.iter().chain(introduced);
        certificates.find_map(|signed| {
            let certificate = office_certificate(signed, &self.root, self.organisation)?;
            (certificate.origin == origin).then_some(certificate.public_key)
        })
    }
}

/// The part of a handshake's answer that says who answers.
#[derive(Deserialize)]
struct Introduction {
    head_office: OfficeHead,
}

/// What came back.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The answer asked for: its body.
    Done(Vec<u8>),
    /// An authentic problem.
    Problem(Problem, Option<u64>),
}

/// An answer that head office gave, its body unpacked.
struct Answered {
    status: u16,
    body: Vec<u8>,
    retry_after: Option<u64>,
    /// Whether it is certain who signed it: all that another one says is which nonce to take.
    is_proved: bool,
}

/// A request before it is signed.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) id: RequestId,
    pub(crate) body: Vec<u8>,
    /// Whether the body is compressed with zstd before it is sent.
    pub(crate) compress: bool,
    /// The till's clock in seconds.
    pub(crate) created: i64,
}

impl Http {
    /// The HTTP client that every till uses: no redirects, no proxies of the environment, bounded times. `tls` says whom it believes.
    pub(crate) fn new(tls: ClientConfig) -> Result<Self, Trouble> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            .pool_max_idle_per_host(2)
            // Head office closes idle connections after ten seconds.
            .pool_idle_timeout(Duration::from_secs(8))
            .build()
            .map_err(|error| Trouble::Network(error.to_string()))?;
        Ok(Http { client, freshness: Arc::default() })
    }

    fn nonce(&self) -> Option<String> {
        let freshness = self.freshness.lock().unwrap_or_else(PoisonError::into_inner);
        freshness.nonce().map(str::to_owned)
    }

    fn hear(&self, nonce: Option<&str>) {
        let mut freshness = self.freshness.lock().unwrap_or_else(PoisonError::into_inner);
        nonce.into_iter().for_each(|nonce| freshness.hear(nonce));
    }

    fn repeats(&self, code: ProblemCode, attempt: u32, sent: Option<&str>) -> bool {
        let freshness = self.freshness.lock().unwrap_or_else(PoisonError::into_inner);
        freshness.repeats(code, attempt, sent)
    }
}

impl Client {
    pub(crate) fn new(
        http: Http,
        server: &str,
        origin: OriginId,
        key: KeyPair,
        head_office: Option<HeadOffice>,
    ) -> Self {
        Client { http, server: server.trim_end_matches('/').to_owned(), origin, key, head_office }
    }

    /// Sends a request and gives its authentic answer.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Reply, Trouble> {
        let mut attempt = 1;
        loop {
            let nonce = self.http.nonce();
            let response = self.start(&request, nonce.as_deref(), false).await?;
            let Answered { status, body, retry_after, is_proved } =
                self.authentic(&request, response).await?;
            if status == 200 {
                return Ok(Reply::Done(body));
            }
            let problem: Problem =
                serde_json::from_slice(&body).map_err(|error| Trouble::Network(error.to_string()))?;
            if !self.http.repeats(problem.code, attempt, nonce.as_deref()) {
                return if is_proved {
                    Ok(Reply::Problem(problem, retry_after))
                } else {
                    Err(Trouble::UnknownSigner)
                };
            }
            attempt += 1;
        }
    }

    /// Reads an answer, where head office signed it for this request. A handshake may be refused for want of a fresh nonce by a head office
    /// that only its answer would introduce: of such a refusal the nonce counts, as if it were proved.
    async fn authentic(
        &self,
        request: &Request<'_>,
        response: reqwest::Response,
    ) -> Result<Answered, Trouble> {
        let status = response.status().as_u16();
        let header = |name: &str| header(&response, name);
        let (digest, input, signature) =
            (header("content-digest"), header("signature-input"), header("signature"));
        let (echoed, encoding, nonce) =
            (header(REQUEST_HEADER), header("content-encoding"), header(NONCE_HEADER));
        let retry_after = header("retry-after").and_then(|text| text.parse().ok());
        let body = read_bounded(response).await?;
        let stranger =
            || Trouble::Network(format!("something other than head office answered (status {status})"));
        if echoed.as_deref() != Some(request.id.to_string().as_str()) {
            return Err(stranger());
        }
        let unpack = |body: &[u8]| match encoding.as_deref() {
            None | Some("identity") => Ok(body.to_vec()),
            Some("zstd") => decompress(body),
            Some(other) => Err(Trouble::Network(format!("an answer encoded as {other}"))),
        };
        let (mut unpacked, mut is_proved) = (None, true);
        if let Some(head_office) = &self.head_office {
            let (Some(digest), Some(input), Some(signature)) = (&digest, &input, &signature) else {
                return Err(stranger());
            };
            let signer = read_signature_input(input).map_err(|_| stranger())?.keyid;
            if !verify_digest(digest, &body) {
                return Err(stranger());
            }
            // Whoever answers a handshake says who they are, and that proves itself up to the root.
            let introduction = match request.path == "/v1/handshake" {
                true => serde_json::from_slice::<Introduction>(unpacked.insert(unpack(&body)?)).ok(),
                false => None,
            };
            let introduced = introduction.as_ref().map(|introduction| &introduction.head_office.certificate);
            let parts = AnswerParts { status, request: request.id, content_digest: digest };
            match head_office.key(signer, introduced) {
                Some(key) if verify_answer(&parts, (input, signature), &key).is_ok() => {}
                Some(_) => return Err(stranger()),
                // The body is unpacked of handshakes only.
                None if unpacked.as_deref().is_some_and(wants_nonce) => is_proved = false,
                None => return Err(Trouble::UnknownSigner),
            }
        }
        self.http.hear(nonce.as_deref());
        let body = match unpacked {
            Some(body) => body,
            None => unpack(&body)?,
        };
        Ok(Answered { status, body, retry_after, is_proved })
    }

    /// Begins a live stream of hints.
    pub(crate) async fn listen(&self, request: Request<'_>) -> Result<reqwest::Response, Trouble> {
        let mut attempt = 1;
        loop {
            let nonce = self.http.nonce();
            let response = self.start(&request, nonce.as_deref(), true).await?;
            let is_stream = response
                .headers()
                .get("content-type")
                .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
            if response.status().is_success() && is_stream {
                self.http.hear(header(&response, NONCE_HEADER).as_deref());
                return Ok(response);
            }
            let Answered { status, body, .. } = self.authentic(&request, response).await?;
            let code = serde_json::from_slice(&body).map(|problem: Problem| problem.code);
            if !code.is_ok_and(|code| self.http.repeats(code, attempt, nonce.as_deref())) {
                return Err(Trouble::Network(format!("no live feed (status {status})")));
            }
            attempt += 1;
        }
    }

    async fn start(
        &self,
        request: &Request<'_>,
        nonce: Option<&str>,
        live: bool,
    ) -> Result<reqwest::Response, Trouble> {
        let body = match request.compress {
            true => {
                zstd::bulk::compress(&request.body, 1).map_err(|error| Trouble::Network(error.to_string()))?
            }
            false => request.body.clone(),
        };
        let digest = content_digest(&body);
        let parts = RequestParts {
            method: request.method,
            path: request.path,
            query: request.query,
            request: request.id,
            content_digest: &digest,
        };
        let signed = sign_request(&parts, &self.key, self.origin, request.created, nonce);
        let query = if request.query.is_empty() {
            String::new()
        } else {
            format!("?{}", request.query)
        };
        let url = format!("{}{}{query}", self.server, request.path);
        let method = if request.method == "GET" {
            reqwest::Method::GET
        } else {
            reqwest::Method::POST
        };
        let mut sent = self
            .http
            .client
            .request(method, url)
            .header(REQUEST_HEADER, request.id.to_string())
            .header("content-digest", &digest)
            .header("signature-input", signed.signature_input)
            .header("signature", signed.signature)
            .header("accept-encoding", "zstd");
        if live {
            sent = sent.header("accept", "text/event-stream");
        }
        if request.compress {
            sent = sent.header("content-encoding", "zstd");
        }
        if !body.is_empty() {
            sent = sent.header("content-type", "application/x-ndjson").body(body);
        }
        in_time(sent.send()).await
    }
}

/// What a problem means to the state machine.
pub(crate) fn trouble(problem: &Problem, retry_after: Option<u64>) -> Trouble {
    match problem.code {
        ProblemCode::TooLarge => Trouble::TooLarge,
        ProblemCode::Malformed => Trouble::Malformed(problem.message.clone()),
        ProblemCode::Unauthenticated | ProblemCode::UnknownOrigin | ProblemCode::Forbidden => {
            Trouble::NotAccepted(problem.message.clone())
        }
        ProblemCode::CursorUnknown => Trouble::CursorUnknown,
        ProblemCode::Busy => Trouble::Busy(retry_after.unwrap_or(1)),
        ProblemCode::UnknownPrevious
        | ProblemCode::UseNonce
        | ProblemCode::EnrolmentRefused
        | ProblemCode::NotFound
        | ProblemCode::MethodNotAllowed
        | ProblemCode::Failed => Trouble::Network(problem.message.clone()),
    }
}

/// Whether a body asks for the same request once more, with another nonce.
fn wants_nonce(body: &[u8]) -> bool {
    serde_json::from_slice(body).is_ok_and(|problem: Problem| problem.code == ProblemCode::UseNonce)
}

fn header(response: &reqwest::Response, name: &str) -> Option<String> {
    response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Waits for a step of an answer, and not for ever.
async fn in_time<T>(step: impl Future<Output = Result<T, reqwest::Error>>) -> Result<T, Trouble> {
    let done = timeout(Duration::from_secs(REQUEST_SECONDS_MAX), step).await;
    let done = done.map_err(|_| Trouble::Network("head office does not answer in time".to_owned()))?;
    done.map_err(|error| Trouble::Network(describe(&error)))
}

/// Reads an answer. A slow link may take its time, and one on which nothing moves any more may not.
async fn read_bounded(mut response: reqwest::Response) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    let begun = Instant::now();
    while let Some(chunk) = in_time(response.chunk()).await? {
        if begun.elapsed().as_secs() > ANSWER_READ_SECONDS_MAX {
            return Err(Trouble::Network("the link is too slow for the answer".to_owned()));
        }
        if body.len() + chunk.len() > BODY_DECOMPRESSED_BYTES_MAX {
            return Err(Trouble::Network("the answer is larger than any answer".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn decompress(body: &[u8]) -> Result<Vec<u8>, Trouble> {
    zstd::bulk::decompress(body, BODY_DECOMPRESSED_BYTES_MAX)
        .map_err(|error| Trouble::Network(error.to_string()))
}

/// The innermost reason says most.
fn describe(error: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(inner) = reason.source() {
        reason = inner;
    }
    reason.to_string()
}
