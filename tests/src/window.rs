//! The test-only door: the till's own door over HTTP, with the built window beside it, so that a browser can walk the real till.
//!
//! `POST /door` answers a question, `GET /door/changes` tells of changes (server-sent events), everything else is a file of the built window.
//! Nothing of this is in any program that a shop runs.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use daybook_till::door::Door;
use daybook_till::door::types::{Changed, Request as Question};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

type Body = BoxBody<Bytes, Infallible>;

/// Serves the door of a till and the built window in a folder; gives the address. Ends with the runtime.
pub async fn serve(door: Arc<Door>, built: PathBuf, address: SocketAddr) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await.context("the door's address cannot be had")?;
    let bound = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (door, built) = (Arc::clone(&door), built.clone());
            tokio::spawn(async move {
                let answer = service_fn(move |request| answer(Arc::clone(&door), built.clone(), request));
                let served = hyper::server::conn::http1::Builder::new();
                // A browser that goes away in the middle is nobody's trouble.
                let _gone = served.serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    });
    Ok(bound)
}

async fn answer(
    door: Arc<Door>,
    built: PathBuf,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    Ok(match (request.method().clone(), path.as_str()) {
        (Method::POST, "/door") => ask(door, request).await,
        (Method::GET, "/door/changes") => changes(&door),
        (Method::GET, path) => file(&built, path),
        _ => plain(405, "text/plain", "no"),
    })
}

async fn ask(door: Arc<Door>, request: Request<Incoming>) -> Response<Body> {
    let Ok(body) = request.into_body().collect().await else { return plain(400, "text/plain", "cut short") };
    let question: Question = match serde_json::from_slice(&body.to_bytes()) {
        Ok(question) => question,
        Err(error) => return plain(400, "text/plain", error.to_string()),
    };
    let answered = tokio::task::spawn_blocking(move || door.answer(question)).await;
    let reply = match answered {
        Ok(Ok(answer)) => json!({ "ok": answer }),
        Ok(Err(fault)) => json!({ "fault": fault }),
        Err(error) => return plain(500, "text/plain", error.to_string()),
    };
    plain(200, "application/json", reply.to_string())
}

fn changes(door: &Door) -> Response<Body> {
    let (sender, receiver) = mpsc::channel::<Changed>(16);
    let mut changes = door.till().changes();
    tokio::spawn(async move {
        let mut before = *changes.borrow_and_update();
        loop {
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = sender.closed() => return,
            }
            let now = *changes.borrow_and_update();
            let what = Door::parts(std::mem::replace(&mut before, now), now);
            if sender.send(Changed { what }).await.is_err() {
                return;
            }
        }
    });
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(frames(receiver))));
    header(&mut response, "content-type", "text/event-stream");
    response
}

/// Changes as frames of server-sent events.
fn frames(
    receiver: mpsc::Receiver<Changed>,
) -> impl futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>> {
    futures_util::stream::unfold(receiver, |mut receiver| async move {
        let changed = receiver.recv().await?;
        let text = format!("data: {}\n\n", serde_json::to_string(&changed).unwrap_or_default());
        Some((Ok(Frame::data(Bytes::from(text))), receiver))
    })
}

fn file(built: &Path, path: &str) -> Response<Body> {
    let name = path.trim_start_matches('/');
    let name = if name.is_empty() { "index.html" } else { name };
    let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    let kind = match Path::new(name).extension().and_then(|end| end.to_str()) {
        Some("html") => "text/html",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("woff2") => "font/woff2",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    };
    match inside.then(|| std::fs::read(built.join(name))) {
        Some(Ok(bytes)) => plain(200, kind, bytes),
        _ => plain(404, "text/plain", "there is no such file"),
    }
}

fn plain(status: u16, kind: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(body.into()).boxed());
    *response.status_mut() = status.try_into().unwrap_or_default();
    header(&mut response, "content-type", kind);
    response
}

fn header(response: &mut Response<Body>, name: &'static str, value: &'static str) {
    response.headers_mut().insert(name, hyper::header::HeaderValue::from_static(value));
}
