//! The road of one request: resolve, prove, read, do, answer.
//!
//! The order is the security of it. Nothing is done for a request that is not fresh; nothing is read of a body whose sender is known and
//! did not sign the head; nothing is unpacked
//! that is not the body that was signed; nothing is asked of the office for whoever may not ask. A fault at any station becomes an
//! answer here, and is logged here, once.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::EXPECT;
use http::{Request, Response, request};
use hyper::body::{Body as _, Incoming};
use tokio::time::timeout;

use daybook_core::wire::{EnrolRequest, NONCE_HEADER};

use super::auth::{self, Caller, Claim};
use super::body::{self, Body, Content, Signer};
use super::error::{Cause, Fault};
use super::limits::{self, Encoding};
use super::room::{Held, Place};
use super::route::{self, Endpoint, Route, Who};
use super::{Server, handlers};
use crate::office::Via;

/// Answers one request.
pub async fn exchange(server: &Server, request: Request<Incoming>, via: Via) -> Response<Body> {
    let begun = Instant::now();
    let (head, mut body) = request.into_parts();
    let id = auth::request_id(&head);
    let resolved = route::resolve(&head);
    let time = server.limits.request.min(match &resolved {
        Ok((route, _)) => Duration::from_secs(route.seconds_max),
        Err(_) => server.limits.request,
    });
    let outcome = match resolved {
        Ok((route, endpoint)) => {
            let done =
                AssertUnwindSafe(answer(server, route, endpoint, (&head, via), &mut body)).catch_unwind();
            match timeout(time, done).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Err(Fault::failed("a handler panicked")),
                Err(_) => {
                    Err(Fault::new(Cause::Busy, "Head office took too long over this: try again later."))
                }
            }
        }
        Err(fault) => Err(fault),
    };
    if outcome.is_err() && !body.is_end_stream() && !head.headers.contains_key(EXPECT) {
        limits::discard(&mut body, server.limits.refused_body).await;
    }
    note(&head, &outcome, begun.elapsed());
    let answer = match outcome {
        Ok(content) => Response::new(content),
        Err(fault) => fault.into_response(id),
    };
    let identity = server.office.identity();
    let signer = id.map(|request| Signer {
        key: &identity.key,
        origin: identity.origin,
        request,
        seconds: server.office.now() / 1_000_000,
    });
    let mut finished = body::finish(answer, body::accepts_zstd(&head.headers), signer);
    body::insert(finished.headers_mut(), NONCE_HEADER, &server.office.nonce());
    finished
}

/// One line in the log for each request; loud only where a person at head office should know.
fn note(head: &request::Parts, outcome: &Result<Content, Fault>, took: Duration) {
    let (method, path) = (head.method.as_str(), head.uri.path());
    match outcome {
        Ok(_) => tracing::debug!(method, path, ?took, "answered"),
        Err(fault) => match fault.detail() {
            Some(detail) => tracing::error!(method, path, detail, "failed"),
            None => {
                let (cause, message) = (fault.cause(), fault.message());
                tracing::info!(method, path, ?cause, message, ?took, "refused");
            }
        },
    }
}

async fn answer(
    server: &Server,
    route: &Route,
    endpoint: Endpoint,
    (head, via): (&request::Parts, Via),
    body: &mut Incoming,
) -> Result<Content, Fault> {
    match route.who {
        Who::Anyone => {
            read(server, route, head, body).await?;
            handlers::health(server).await
        }
        Who::KeyHolder => enrol(server, route, (head, via), body).await,
        Who::Enrolled => {
            let (caller, text) = enrolled(server, route, &endpoint, head, body).await?;
            handlers::handle(server, endpoint, caller, text).await
        }
    }
}

/// Enrolment: signed by the key that the body presents.
async fn enrol(
    server: &Server,
    route: &Route,
    (head, via): (&request::Parts, Via),
    body: &mut Incoming,
) -> Result<Content, Fault> {
    let claim = Claim::read(head)?;
    claim.verify_freshness(&server.office)?;
    let _stranger = stranger(server)?;
    let (text, _held) = receive(server, route, &claim, head, body).await?;
    let request: EnrolRequest = serde_json::from_str(&text)
        .map_err(|error| Fault::malformed(format!("This is no enrolment: {error}.")))?;
    if request.origin != claim.origin {
        return Err(Fault::malformed("An enrolment is signed as the origin that it is about."));
    }
    claim.verify(head, &request.public_key)?;
    handlers::enrol(server, request, via).await
}

/// Who asks, proved, and the text of their body.
async fn enrolled(
    server: &Server,
    route: &Route,
    endpoint: &Endpoint,
    head: &request::Parts,
    body: &mut Incoming,
) -> Result<(Caller, String), Fault> {
    let claim = Claim::read(head)?;
    claim.verify_freshness(&server.office)?;
    let known = server.office.certificate(claim.origin).await?;
    let (_stranger, working) = match &known {
        Some(certificate) => {
            claim.verify(head, &certificate.public_key)?;
            (None, Some(server.rooms.working(certificate)?))
        }
        None => (Some(stranger(server)?), None),
    };
    let (text, held) = receive(server, route, &claim, head, body).await?;
    let certificate = match known {
        Some(certificate) => certificate,
        None => auth::introduce(&server.office, head, &claim, endpoint, &text).await?,
    };
    let working = working.map_or_else(|| server.rooms.working(&certificate), Ok)?;
    let place = Place { _working: working, _held: held };
    Ok((Caller { request: claim.request, certificate, place }, text))
}

/// The text of a body, and the room that it takes. Nothing of it is read before there is room for it, whoever sends it.
async fn receive(
    server: &Server,
    route: &Route,
    claim: &Claim,
    head: &request::Parts,
    body: &mut Incoming,
) -> Result<(String, Held), Fault> {
    let encoding = Encoding::read(&head.headers)?;
    let stated = body.size_hint().upper().and_then(|bytes| usize::try_from(bytes).ok());
    let size = stated.unwrap_or(usize::MAX).min(route.body_bytes_max);
    let arriving = server.rooms.arriving(size).await?;
    let bytes = read(server, route, head, body).await?;
    claim.verify_body(&bytes)?;
    let mut held = match &arriving {
        Some(arriving) => arriving.held(limits::text_bytes_max(encoding, &bytes)).await?,
        None => Held::nothing(),
    };
    let text = limits::text(encoding, bytes).await?;
    held.shrink(text.len());
    Ok((text, held))
}

async fn read(
    server: &Server,
    route: &Route,
    head: &request::Parts,
    body: &mut Incoming,
) -> Result<Bytes, Fault> {
    limits::read(&head.headers, body, route.body_bytes_max, server.limits.body).await
}

/// A place for the body of somebody unknown.
fn stranger(server: &Server) -> Result<tokio::sync::SemaphorePermit<'_>, Fault> {
    let place = server.stranger_bodies.try_acquire();
    place.map_err(|_| {
        Fault::new(Cause::Busy, "Head office is busy with others it does not know yet: try again later.")
    })
}
