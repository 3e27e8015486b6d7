//! A bad network between tills and head office, as a process of its own: one link per till, each with its own seeded bad luck.
//!
//! It forwards HTTP/1.1 and knows just enough of it to do harm at the boundaries of messages: links that are down for a while, answers
//! that get lost, requests that arrive twice or late, requests and answers cut short, and a captive portal's page instead of an answer.
//! Each kind of trouble is planned to happen early at least once, then comes by chance.

mod body;
mod faults;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use self::body::{Answer, cut, piped, whole};
pub use self::faults::Faults;
use self::faults::{Fault, Luck, Road};
use super::derive::Seed;
use super::talk::child::{Parent, say};
use super::talk::{FromProxy, ProxyBegins, ToProxy};

/// The longest that a request is held back for a later one to pass.
const HELD_BACK: Duration = Duration::from_millis(300);
/// The longest that the server may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the child until the parent has gone.
pub fn run() -> anyhow::Result<()> {
    let mut parent = Parent::new(false);
    let begins: ProxyBegins = parent.hear()?.context("nobody said what to be")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let faults = Arc::new(Faults::new(begins.receipts));
    let links = runtime.block_on(open_links(&begins, &faults))?;
    say(&FromProxy::Ready { links })?;
    while let Some(message) = parent.hear()? {
        match message {
            ToProxy::Calm => faults.calm(),
            ToProxy::Counts => say(&FromProxy::Counts(faults.counts()))?,
        }
    }
    runtime.shutdown_background();
    Ok(())
}

/// Opens one link per till; gives where each listens, in the order of the tills.
pub async fn open_links(begins: &ProxyBegins, faults: &Arc<Faults>) -> anyhow::Result<Vec<String>> {
    let mut addresses = Vec::new();
    for (position, till) in begins.tills.iter().enumerate() {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        addresses.push(listener.local_addr()?.to_string());
        let link = Arc::new(Link {
            server: begins.server.clone(),
            faults: faults.clone(),
            luck: Luck::new(Seed(begins.seed), till, position, begins.tills.len()),
            down_until: watch::Sender::new(None),
            arrived: watch::Sender::new(0),
            passed: watch::Sender::new(0),
        });
        tokio::spawn(link.listen(listener));
    }
    Ok(addresses)
}

/// The way from one till to head office.
struct Link {
    server: String,
    faults: Arc<Faults>,
    luck: Luck,
    /// Until when it is down.
    down_until: watch::Sender<Option<Instant>>,
    /// The number of requests that arrived here.
    arrived: watch::Sender<u64>,
    /// The number of the latest request that the server has answered.
    passed: watch::Sender<u64>,
}

/// A request, whole.
struct Message {
    number: u64,
    head: Parts,
    body: Bytes,
}

impl Message {
    fn road(&self) -> Road {
        let live = |accepted: &HeaderValue| accepted.as_bytes().starts_with(b"text/event-stream");
        if self.head.headers.get(ACCEPT).is_some_and(live) {
            Road::Live
        } else if self.head.method == Method::POST && self.head.uri.path().ends_with("/push") {
            Road::Push
        } else {
            Road::Other
        }
    }

    fn as_request(&self) -> Request<Full<Bytes>> {
        Request::from_parts(self.head.clone(), Full::new(self.body.clone()))
    }

    /// The request as it stands on the wire.
    fn as_text(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.head.method, self.head.uri).into_bytes();
        for (name, value) in &self.head.headers {
            for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                text.extend_from_slice(part);
            }
        }
        text.extend_from_slice(b"\r\n");
        text.extend_from_slice(&self.body);
        text
    }
}

impl Link {
    async fn listen(self: Arc<Self>, listener: TcpListener) {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                sleep(Duration::from_millis(100)).await;
                continue;
            };
            if self.is_down() {
                self.faults.count("refused connections");
                continue;
            }
            let link = self.clone();
            tokio::spawn(async move {
                let serve = service_fn(|request| link.clone().carry(request));
                let builder = hyper::server::conn::http1::Builder::new();
                // A connection that breaks is what this link is for.
                let _ = builder.serve_connection(TokioIo::new(stream), serve).await;
            });
        }
    }

    fn is_down(&self) -> bool {
        !self.faults.is_calm() && self.down_until.borrow().is_some_and(|until| Instant::now() < until)
    }

    /// Carries a request over. An error closes the connection without an answer.
    async fn carry(self: Arc<Self>, request: Request<Incoming>) -> anyhow::Result<Response<Answer>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.context("the till went away")?.to_bytes();
        if self.is_down() {
            self.faults.count("refused connections");
            bail!("the link is down");
        }
        let mut number = 0;
        self.arrived.send_modify(|arrived| {
            *arrived += 1;
            number = *arrived;
        });
        let message = Message { number, head, body };
        match self.faults.draw(&self.luck, message.road()) {
            None => self.pass(&message).await,
            Some(Fault::Offline) => {
                let window = self.faults.window(&self.luck);
                self.down_until.send_replace(Some(Instant::now() + window));
                self.faults.count("offline windows");
                Err(anyhow!("the link goes down"))
            }
            Some(Fault::LostAnswer) => {
                self.fetch(&message).await?;
                self.faults.count("lost answers");
                Err(anyhow!("the answer got lost"))
            }
            Some(Fault::CutRequest) => {
                self.send_a_part(&message).await?;
                self.faults.count("requests cut short");
                Err(anyhow!("the request was cut short"))
            }
            Some(Fault::CutAnswer) => {
                let answer = self.fetch(&message).await?;
                self.faults.count("answers cut short");
                self.part_of(answer)
            }
            Some(Fault::Portal) => {
                self.faults.count("captive portals");
                Ok(portal())
            }
            Some(Fault::Duplicate) => {
                self.faults.count("duplicates");
                self.pass_twice(message).await
            }
            Some(Fault::Reordered) => {
                self.hold_back(&message).await;
                self.pass(&message).await
            }
        }
    }

    /// Passes a request on and its answer back. A live stream goes on until it ends, the link goes down or luck cuts it.
    async fn pass(&self, message: &Message) -> anyhow::Result<Response<Answer>> {
        let (head, body) = self.send(message).await?.into_parts();
        let live = |kind: &HeaderValue| kind.as_bytes().starts_with(b"text/event-stream");
        if head.headers.get(CONTENT_TYPE).is_some_and(live) {
            let life = self.faults.life_of_stream(&self.luck);
            return Ok(Response::from_parts(head, piped(body, life, self.down_until.subscribe())));
        }
        let body = timeout(PATIENCE, body.collect()).await??.to_bytes();
        Ok(Response::from_parts(head, whole(body)))
    }

    /// The same request arrives twice: at once, or again when later ones have long passed.
    async fn pass_twice(self: Arc<Self>, message: Message) -> anyhow::Result<Response<Answer>> {
        let first = self.fetch(&message).await?;
        if self.luck.below(2) == 0 {
            let second = self.fetch(&message).await?;
            let answer = if self.luck.below(2) == 0 { first } else { second };
            return Ok(answer.map(whole));
        }
        let rest = self.luck.millis(100, 1_000);
        tokio::spawn(async move {
            sleep(rest).await;
            // Nobody waits for this answer; what matters is what the copy does to the server.
            if self.fetch(&message).await.is_ok() {
                self.faults.count("late copies");
            }
        });
        Ok(first.map(whole))
    }

    /// Waits until a later request has passed, or until none did for a while.
    async fn hold_back(&self, message: &Message) {
        let mut passed = self.passed.subscribe();
        let overtaken = timeout(HELD_BACK, passed.wait_for(|latest| *latest > message.number)).await;
        self.faults.count("held back");
        if overtaken.is_ok() {
            self.faults.count("overtaken");
        }
    }

    fn part_of(&self, answer: Response<Bytes>) -> anyhow::Result<Response<Answer>> {
        let (mut head, body) = answer.into_parts();
        head.headers
            .insert(CONTENT_LENGTH, HeaderValue::from_str(&body.len().max(1).to_string())?);
        let keep = self.luck.below(body.len());
        Ok(Response::from_parts(head, cut(body.slice(..keep))))
    }

    /// Sends a request and reads its whole answer.
    async fn fetch(&self, message: &Message) -> anyhow::Result<Response<Bytes>> {
        let (head, body) = self.send(message).await?.into_parts();
        let body = timeout(PATIENCE, body.collect()).await??.to_bytes();
        Ok(Response::from_parts(head, body))
    }

    async fn send(&self, message: &Message) -> anyhow::Result<Response<Incoming>> {
        let stream = TcpStream::connect(&self.server).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // It ends with the answer, or with the server.
            let _ = connection.await;
        });
        let answer = timeout(PATIENCE, sender.send_request(message.as_request())).await??;
        self.passed.send_modify(|latest| *latest = message.number.max(*latest));
        Ok(answer)
    }

    /// Sends less than the whole of a request, then hangs up.
    async fn send_a_part(&self, message: &Message) -> anyhow::Result<()> {
        let mut text = message.as_text();
        text.truncate(self.luck.below(text.len()));
        let mut stream = TcpStream::connect(&self.server).await?;
        stream.write_all(&text).await?;
        stream.shutdown().await?;
        Ok(())
    }
}

/// What a network says that wants to be signed in to: a page, and all is well.
fn portal() -> Response<Answer> {
    let page = "<html><body><h1>Welcome! Please sign in to use this network.</h1></body></html>";
    let mut answer = Response::new(whole(Bytes::from_static(page.as_bytes())));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    answer
}
