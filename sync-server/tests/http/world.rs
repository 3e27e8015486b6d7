//! A head office on a free port, and what tests send to it: raw bytes for what no library would send, signed requests of a till
//! for the rest.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use daybook_core::chain::{Seal, Tip};
use daybook_core::envelope::EventText;
use daybook_core::identity::enrol::{EnrolCode, EnrolRequestTranscript, code_key, till_proof};
use daybook_core::identity::http_signature::{
    AnswerParts, RequestParts, content_digest, sign_request, verify_answer, verify_digest,
};
use daybook_core::identity::pin::PinCost;
use daybook_core::identity::{KeyPair, PublicKey, base64url};
use daybook_core::ids::{OriginId, RequestId};
use daybook_core::wire::{EnrolAnswer, EnrolRequest, Problem, ProblemCode, PushHead};
use daybook_server::http::Limits;
use daybook_server::office::{self, NewOrganisation, Office, Settings, SystemClock, SystemRandomness};
use daybook_server::{Running, start_within};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use uuid::Uuid;

/// Longer than anything here takes; a test that waits for it has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A head office that runs.
pub struct World {
    pub running: Running,
    /// Its data directory, which goes with the world.
    pub data: TempDir,
    /// Its clock.
    pub clock: Arc<HurriedClock>,
}

/// The machine's clock, which a test may let run ahead.
#[derive(Debug, Default)]
pub struct HurriedClock {
    ahead: AtomicI64,
}

impl HurriedClock {
    pub fn hurry(&self, seconds: i64) {
        self.ahead.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
}

impl office::Clock for HurriedClock {
    fn wall(&self) -> i64 {
        SystemClock.wall() + self.ahead.load(Ordering::Relaxed)
    }
}

impl World {
    pub async fn start() -> Self {
        World::within(Limits::default()).await
    }

    pub async fn within(limits: Limits) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let new = NewOrganisation {
            name: "Corner Shop".to_owned(),
            currency: "EUR".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            prices_inclusive: true,
            cut_over_minutes: 240,
        };
        let clock = Arc::<HurriedClock>::default();
        office::init(&settings(&data, &clock), &new).expect("a new organisation");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let running = start_within(settings(&data, &clock), any, limits).await.expect("a head office");
        World { running, data, clock }
    }

    /// Sends bytes as they are and reads until the server closes.
    pub async fn raw(&self, bytes: impl AsRef<[u8]>) -> Reply {
        let mut stream = self.connect().await;
        // Refused in the middle of it, the rest may find nobody listening any more.
        let _sent = stream.write_all(bytes.as_ref()).await;
        Reply::read(&mut stream).await
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.running.address).await.expect("a connection")
    }

    /// A request without signature.
    pub async fn plain(&self, method: &str, target: &str, headers: &str) -> Reply {
        self.raw(format!("{method} {target} HTTP/1.1\r\nhost: office\r\nconnection: close\r\n{headers}\r\n"))
            .await
    }

    /// A till of a store, enrolled.
    pub async fn till(&self, store: &str, name: &str, seed: u8) -> Till {
        let code = self.running.office.enrol_code(store, name).await.expect("a code");
        let mut till = Till::new(seed, self);
        let reply = till.enrol(name, &code).await;
        till.answer = Some(reply.json::<EnrolAnswer>());
        till
    }
}

fn settings(data: &TempDir, clock: &Arc<HurriedClock>) -> Settings {
    Settings {
        data: data.path().to_owned(),
        durable: false,
        clock: clock.clone(),
        randomness: Arc::new(SystemRandomness),
        pin_cost: PinCost::CHEAP,
    }
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub async fn read(stream: &mut TcpStream) -> Reply {
        let mut bytes = Vec::new();
        let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
        let ended = read.expect("the server closes what it was asked to close");
        assert!(ended.is_ok() || !bytes.is_empty(), "{ended:?}");
        Reply::parse(&bytes)
    }

    pub fn parse(bytes: &[u8]) -> Reply {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(end) = end else { return Reply { status: 0, headers: Vec::new(), body: bytes.to_vec() } };
        let head = String::from_utf8(bytes[..end].to_vec()).expect("a head in ASCII");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
        let header =
            |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        Reply { status, headers: lines.filter_map(header).collect(), body: bytes[end + 4..].to_vec() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        let bytes = match self.header("content-encoding") {
            Some("zstd") => zstd::stream::decode_all(&self.body[..]).expect("zstd"),
            _ => self.body.clone(),
        };
        String::from_utf8(bytes).expect("UTF-8")
    }

    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {text}: {error}", self.status))
    }

    #[track_caller]
    pub fn problem(&self) -> (u16, ProblemCode) {
        (self.status, self.json::<Problem>().code)
    }

    /// Whether head office vouches for this as the answer to `request`.
    pub fn is_signed(&self, request: RequestId, office: &PublicKey) -> bool {
        let header = |name| self.header(name).unwrap_or_default();
        let digest = header("content-digest");
        let parts = AnswerParts { status: self.status, request, content_digest: digest };
        let signature = (header("signature-input"), header("signature"));
        verify_digest(digest, &self.body) && verify_answer(&parts, signature, office).is_ok()
    }
}

/// A till: its key, its chain, and how it asks.
#[derive(Clone)]
pub struct Till {
    pub origin: OriginId,
    pub key: KeyPair,
    pub head: Tip,
    pub answer: Option<EnrolAnswer>,
    address: SocketAddr,
    office: Office,
}

/// A signed request that a test may still spoil.
#[derive(Clone)]
pub struct Asked {
    pub request: RequestId,
    pub method: &'static str,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn set(&mut self, name: &str, value: &str) {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: office\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        [format!("{head}\r\n").as_bytes(), &self.body].concat()
    }
}

impl Till {
    pub fn new(seed: u8, world: &World) -> Self {
        Till {
            origin: OriginId(Uuid::from_u128(0x1000 + u128::from(seed))),
            key: KeyPair::from_seed([seed; 32]),
            head: Tip::NONE,
            answer: None,
            address: world.running.address,
            office: world.running.office.clone(),
        }
    }

    /// A request that is fresh.
    pub fn sign(&self, method: &'static str, target: &str, body: Vec<u8>) -> Asked {
        let nonce = self.office.nonce();
        self.sign_with(Some(&nonce), method, target, body)
    }

    /// A request with this nonce.
    pub fn sign_with(&self, nonce: Option<&str>, method: &'static str, target: &str, body: Vec<u8>) -> Asked {
        let mut random = [0; 16];
        getrandom::fill(&mut random).expect("randomness");
        let request = RequestId(Uuid::from_bytes(random));
        let digest = content_digest(&body);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let parts = RequestParts { method, path, query, request, content_digest: &digest };
        let signed = sign_request(&parts, &self.key, self.origin, 1, nonce);
        let headers = [
            ("connection", "close".to_owned()),
            ("content-length", body.len().to_string()),
            ("content-digest", digest),
            ("daybook-request", request.to_string()),
            ("signature-input", signed.signature_input),
            ("signature", signed.signature),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Asked { request, method, target: target.to_owned(), headers, body }
    }

    /// Sends it; whatever comes back must be signed for it.
    #[track_caller]
    pub fn send(&self, asked: &Asked) -> impl Future<Output = Reply> + use<> {
        let (bytes, request, address) = (asked.bytes(), asked.request, self.address);
        let office = self.office.key().public();
        let target = asked.target.clone();
        async move {
            let mut stream = TcpStream::connect(address).await.expect("a connection");
            let _sent = stream.write_all(&bytes).await;
            let reply = Reply::read(&mut stream).await;
            assert!(reply.is_signed(request, &office), "{target} is answered unsigned: {reply:?}");
            reply
        }
    }

    pub async fn get(&self, target: &str) -> Reply {
        self.send(&self.sign("GET", target, Vec::new())).await
    }

    pub async fn post(&self, target: &str, body: &impl Serialize) -> Reply {
        let body = serde_json::to_vec(body).expect("plain data");
        self.send(&self.sign("POST", target, body)).await
    }

    pub fn enrolment(&self, name: &str, code: &EnrolCode) -> EnrolRequest {
        let nonce = [5; 32];
        let (origin, public_key) = (self.origin, self.key.public());
        let transcript = EnrolRequestTranscript { origin, public_key, till_name: name, nonce, tls_key: None };
        let proof = till_proof(&code_key(code), &transcript).text();
        let nonce = base64url(&nonce);
        EnrolRequest { origin, public_key, till_name: name.to_owned(), nonce, proof }
    }

    pub async fn enrol(&self, name: &str, code: &EnrolCode) -> Reply {
        self.post("/v1/enrol", &self.enrolment(name, code)).await
    }

    /// A push of so many events after the till's head, and the head after it.
    pub fn push(&self, count: i64) -> (PushHead, Vec<EventText>, Tip) {
        let mut tip = self.head;
        let mut event = |_| {
            let seq = tip.seq + 1;
            let envelope = format!("{{\"seq\":{seq},\"type\":\"test.nothing\"}}");
            let text = EventText { envelope, payload: "{}".to_owned(), seal: None };
            tip = Tip { seq, hash: text.hash(tip.hash) };
            text
        };
        let events: Vec<EventText> = (0..count).map(&mut event).collect();
        let seal = Seal::sign(self.key.signing_key(), self.origin, tip).text();
        (PushHead { origin: self.origin, previous: self.head, seal, certificates: Vec::new() }, events, tip)
    }
}

/// The body of a push.
pub fn ndjson(head: &PushHead, events: &[EventText]) -> Vec<u8> {
    let head = serde_json::to_string(head).expect("plain data");
    let lines: Vec<String> = std::iter::once(head).chain(events.iter().map(EventText::line)).collect();
    lines.join("\n").into_bytes()
}
