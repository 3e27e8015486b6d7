//! A head office of a later version: the real one answers, and what it says is more than this version knows. Between the two stands this
//! road, which adds to answers what a catalogue names and signs them again with head office's own key.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use daybook_core::identity::http_signature::{AnswerParts, content_digest, sign_answer};
use daybook_core::ids::RequestId;
use daybook_core::wire::{FeedEntry, REQUEST_HEADER};
use daybook_server::office::Office;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use crate::tls::believes_anybody;

/// The status of an answer that is the one asked for.
const DONE: u16 = 200;
/// A status that no version gives.
const UNHEARD_OF: u16 = 418;

/// What it says besides.
#[derive(Clone, Debug, Deserialize)]
pub struct Besides {
    /// Members of answers, by path.
    pub members: std::collections::BTreeMap<String, Map<String, Value>>,
    /// What the live stream says, and then ends.
    pub hints: Vec<String>,
    /// A scope that no version knows.
    pub scope: String,
    /// A record of the conflicts lane.
    pub conflict: Value,
    /// What it answers to the first push, although it took it in.
    pub problem: Map<String, Value>,
}

/// A head office of a later version.
#[derive(Debug)]
pub struct LaterOffice {
    /// Where it listens.
    pub address: String,
    said: Arc<Mutex<BTreeSet<String>>>,
}

struct Road {
    office: Office,
    server: String,
    besides: Besides,
    /// What stands in the scope that no version knows.
    entry: FeedEntry,
    http: reqwest::Client,
    /// The revision of the conflict to come.
    revision: AtomicI64,
    said: Arc<Mutex<BTreeSet<String>>>,
}

impl LaterOffice {
    /// A later version of a head office that listens at `server`. Its new scope holds one entry.
    pub async fn of(
        office: Office,
        server: String,
        besides: Besides,
        entry: FeedEntry,
    ) -> anyhow::Result<LaterOffice> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(believes_anybody())
            .no_proxy()
            .build()?;
        let said = Arc::<Mutex<BTreeSet<String>>>::default();
        let revision = AtomicI64::default();
        let road = Arc::new(Road { office, server, besides, entry, http, revision, said: said.clone() });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let road = road.clone();
                tokio::spawn(async move {
                    let serve = service_fn(|request| {
                        let road = road.clone();
                        async move { road.carry(request).await }
                    });
                    let builder = hyper::server::conn::http1::Builder::new();
                    // A connection that the till closes ends here as well.
                    let _ended = builder.serve_connection(TokioIo::new(stream), serve).await;
                });
            }
        });
        Ok(LaterOffice { address, said })
    }

    /// Everything that it has said besides, by name.
    pub fn said(&self) -> BTreeSet<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Road {
    async fn carry(&self, request: Request<Incoming>) -> anyhow::Result<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let (path, query) = (head.uri.path().to_owned(), head.uri.query().unwrap_or_default().to_owned());
        if head
            .headers
            .get(ACCEPT)
            .is_some_and(|accepted| accepted.as_bytes() == b"text/event-stream")
        {
            self.note("hints");
            let hints = self.besides.hints.concat();
            return Ok(Response::builder()
                .header(CONTENT_TYPE, "text/event-stream")
                .body(Full::new(hints.into()))?);
        }
        let id: RequestId = (head.headers.get(REQUEST_HEADER).context("a request without id")?.to_str()?)
            .parse()
            .map_err(|_| anyhow!("a request without id"))?;
        let answer = self.forward(&head, body).await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await?;
        let first_push = path == "/v1/push" && status == DONE && self.note("problem");
        let (status, body) = match status {
            _ if first_push => {
                let mut problem = self.besides.problem.clone();
                problem.insert("request".to_owned(), json!(id));
                (UNHEARD_OF, Value::Object(problem).to_string().into_bytes())
            }
            // The real one knows nothing of the new scope.
            _ if query.starts_with(&format!("scope={}", self.besides.scope)) => {
                (DONE, self.page_of_new_scope(id, query.contains("cursor")))
            }
            DONE => (status, self.more(&path, &query, &body)?),
            _ => (status, body.to_vec()),
        };
        self.signed(status, headers, id, body)
    }

    async fn forward(
        &self,
        head: &hyper::http::request::Parts,
        body: Bytes,
    ) -> anyhow::Result<reqwest::Response> {
        let target = head.uri.path_and_query().context("a request without target")?;
        let mut forwarded = self.http.request(head.method.clone(), format!("{}{target}", self.server));
        for (name, value) in &head.headers {
            // Read as it is: the digest is over the bytes as they are sent.
            if ![HOST, CONTENT_LENGTH, CONNECTION, ACCEPT_ENCODING].contains(name) {
                forwarded = forwarded.header(name, value);
            }
        }
        Ok(forwarded.body(body).send().await?)
    }

    /// An answer with what it has besides.
    fn more(&self, path: &str, query: &str, body: &[u8]) -> anyhow::Result<Vec<u8>> {
        let Some(members) = self.besides.members.get(path) else { return Ok(body.to_vec()) };
        let text = std::str::from_utf8(body)?;
        let (first, rest) = text.split_once('\n').map_or((text, None), |(first, rest)| (first, Some(rest)));
        let mut first: Map<String, Value> = serde_json::from_str(first)?;
        first.extend(members.clone());
        self.note(path);
        if path == "/v1/handshake"
            && let Some(scopes) = first.get_mut("scopes").and_then(Value::as_object_mut)
        {
            scopes.insert(self.besides.scope.clone(), json!(1));
            for (scope, position) in scopes {
                // The lane of conflicts holds one more.
                if let (true, Some(last)) = (scope.starts_with("conflicts:"), position.as_i64()) {
                    *position = json!(last + 1);
                    self.revision.store(last + 1, Ordering::Relaxed);
                }
            }
        }
        if query.starts_with("scope=conflicts:")
            && let Some(conflicts) = first.get_mut("conflicts").and_then(Value::as_array_mut)
        {
            self.note("conflict");
            let mut record = self.besides.conflict.clone();
            record["revision"] = json!(self.revision.load(Ordering::Relaxed));
            conflicts.push(record);
        }
        let mut more = Value::Object(first).to_string();
        if let Some(rest) = rest {
            more.push('\n');
            more.push_str(rest);
        }
        Ok(more.into_bytes())
    }

    fn page_of_new_scope(&self, id: RequestId, is_behind: bool) -> Vec<u8> {
        self.note("scope");
        let entries = u32::from(!is_behind);
        let head = json!({"request": id, "epoch": self.office.epoch(), "scope": self.besides.scope, "cursor": "c",
            "entries": entries, "more": false, "about": "what is said"});
        let mut page = format!("{head}\n");
        if !is_behind {
            self.entry.write_line(&mut page);
            page.push('\n');
        }
        page.into_bytes()
    }

    fn signed(
        &self,
        status: u16,
        headers: HeaderMap,
        id: RequestId,
        body: Vec<u8>,
    ) -> anyhow::Result<Response<Full<Bytes>>> {
        let digest = content_digest(&body);
        let parts = AnswerParts { status, request: id, content_digest: &digest };
        let created = self.office.now() / 1_000_000;
        let signed = sign_answer(&parts, &self.office.key(), self.office.origin(), created);
        let mut answer = Response::builder().status(status);
        for (name, value) in &headers {
            if ![CONTENT_LENGTH, CONNECTION].contains(name) {
                answer = answer.header(name, value);
            }
        }
        let mut answer = answer.body(Full::new(Bytes::from(body)))?;
        for (name, value) in [
            ("content-digest", digest),
            ("signature-input", signed.signature_input),
            ("signature", signed.signature),
        ] {
            answer.headers_mut().insert(name, value.parse()?);
        }
        Ok(answer)
    }

    /// Whether this is said for the first time.
    fn note(&self, what: &str) -> bool {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).insert(what.to_owned())
    }
}
