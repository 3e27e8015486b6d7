//! The till's requests: signed with the origin's key, and answers that count only if head office signed them for this very request.
//!
//! Anything else — a captive portal's page, a proxy's error, a truncated body — is a network error, whatever its status says.

use std::time::Duration;

use daybook_core::identity::certificate::SignedCertificate;
use daybook_core::identity::http_signature::{
    AnswerParts, RequestParts, content_digest, read_signature_input, sign_request, verify_answer,
    verify_digest,
};
use daybook_core::identity::{KeyPair, PublicKey};
use daybook_core::ids::{OrganisationId, OriginId, RequestId};
use daybook_core::limits::{BODY_DECOMPRESSED_BYTES_MAX, REQUEST_SECONDS_MAX};
use daybook_core::sync::till::Trouble;
use daybook_core::wire::{OfficeHead, Problem, ProblemCode, REQUEST_HEADER, office_certificate};
use serde::Deserialize;

/// One signer talking to one server.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
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

impl Client {
    pub(crate) fn new(
        http: reqwest::Client,
        server: &str,
        origin: OriginId,
        key: KeyPair,
        head_office: Option<HeadOffice>,
    ) -> Self {
        Client { http, server: server.trim_end_matches('/').to_owned(), origin, key, head_office }
    }

    /// The HTTP client that every till uses: no redirects, no proxies of the environment, bounded times.
    pub(crate) fn http() -> Result<reqwest::Client, Trouble> {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            .pool_max_idle_per_host(2)
            // Head office closes idle connections after ten seconds.
            .pool_idle_timeout(Duration::from_secs(8))
            .build()
            .map_err(|error| Trouble::Network(error.to_string()))
    }

    /// Sends a request and gives its authentic answer.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Reply, Trouble> {
        let (id, introduces) = (request.id, request.path == "/v1/handshake");
        let response = self.start(request, false).await?;
        let status = response.status().as_u16();
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let (digest, input, signature) =
            (header("content-digest"), header("signature-input"), header("signature"));
        let (echoed, encoding) = (header(REQUEST_HEADER), header("content-encoding"));
        let retry_after = header("retry-after").and_then(|text| text.parse().ok());
        let body = read_bounded(response).await?;
        let stranger =
            || Trouble::Network(format!("something other than head office answered (status {status})"));
        if echoed.as_deref() != Some(id.to_string().as_str()) {
            return Err(stranger());
        }
        let unpack = |body: &[u8]| match encoding.as_deref() {
            None | Some("identity") => Ok(body.to_vec()),
            Some("zstd") => decompress(body),
            Some(other) => Err(Trouble::Network(format!("an answer encoded as {other}"))),
        };
        let mut unpacked = None;
        if let Some(head_office) = &self.head_office {
            let (Some(digest), Some(input), Some(signature)) = (&digest, &input, &signature) else {
                return Err(stranger());
            };
            let signer = read_signature_input(input).map_err(|_| stranger())?.keyid;
            if !verify_digest(digest, &body) {
                return Err(stranger());
            }
            // Whoever answers a handshake says who they are, and that proves itself up to the root.
            let introduction = match introduces {
                true => serde_json::from_slice::<Introduction>(unpacked.insert(unpack(&body)?)).ok(),
                false => None,
            };
            let introduced = introduction.as_ref().map(|introduction| &introduction.head_office.certificate);
            let key = head_office.key(signer, introduced).ok_or(Trouble::UnknownSigner)?;
            let parts = AnswerParts { status, request: id, content_digest: digest };
            if verify_answer(&parts, (input, signature), &key).is_err() {
                return Err(stranger());
            }
        }
        let body = match unpacked {
            Some(body) => body,
            None => unpack(&body)?,
        };
        if status == 200 {
            return Ok(Reply::Done(body));
        }
        let problem: Problem =
            serde_json::from_slice(&body).map_err(|error| Trouble::Network(error.to_string()))?;
        Ok(Reply::Problem(problem, retry_after))
    }

    /// Begins a live stream of hints.
    pub(crate) async fn listen(&self, request: Request<'_>) -> Result<reqwest::Response, Trouble> {
        let response = self.start(request, true).await?;
        let is_stream = response
            .headers()
            .get("content-type")
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        if response.status().is_success() && is_stream {
            Ok(response)
        } else {
            Err(Trouble::Network(format!("no live feed (status {})", response.status().as_u16())))
        }
    }

    async fn start(&self, request: Request<'_>, live: bool) -> Result<reqwest::Response, Trouble> {
        let body = match request.compress {
            true => {
                zstd::bulk::compress(&request.body, 1).map_err(|error| Trouble::Network(error.to_string()))?
            }
            false => request.body,
        };
        let digest = content_digest(&body);
        let parts = RequestParts {
            method: request.method,
            path: request.path,
            query: request.query,
            request: request.id,
            content_digest: &digest,
        };
        let signed = sign_request(&parts, &self.key, self.origin, request.created, None);
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
            .request(method, url)
            .header(REQUEST_HEADER, request.id.to_string())
            .header("content-digest", &digest)
            .header("signature-input", signed.signature_input)
            .header("signature", signed.signature)
            .header("accept-encoding", "zstd");
        if live {
            sent = sent.header("accept", "text/event-stream");
        } else {
            sent = sent.timeout(Duration::from_secs(REQUEST_SECONDS_MAX));
        }
        if request.compress {
            sent = sent.header("content-encoding", "zstd");
        }
        if !body.is_empty() {
            sent = sent.header("content-type", "application/x-ndjson").body(body);
        }
        sent.send().await.map_err(|error| Trouble::Network(describe(&error)))
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
        | ProblemCode::EnrolmentRefused
        | ProblemCode::NotFound
        | ProblemCode::MethodNotAllowed
        | ProblemCode::Failed => Trouble::Network(problem.message.clone()),
    }
}

async fn read_bounded(mut response: reqwest::Response) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Trouble::Network(describe(&error)))? {
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
