//! Freshness and forgery: what is old, recorded, cut together or made up changes nothing, however much of it comes.

use std::net::SocketAddr;

use daybook_core::chain::Hash;
use daybook_core::identity::KeyPair;
use daybook_core::wire::{HandshakeRequest, NONCE_HEADER, ProblemCode, PushAnswer};
use daybook_server::http::route::{ROUTES, Who};
use daybook_store::file::open_reader;
use daybook_store::views::contents_digest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::needed_query;
use super::world::{Asked, PATIENCE, Reply, Till, World, ndjson};

/// Requests thrown at head office; `DAYBOOK_FORGERIES` asks for another number.
const FORGERIES: usize = 6_000;
/// How many connections throw them.
const THROWERS: usize = 4;
/// Headers whose values are signed, or are the signature. The last is the same on all requests that sign the same nonce.
const SIGNED_HEADERS: [&str; 4] = ["content-digest", "daybook-request", "signature", "signature-input"];

#[tokio::test]
async fn every_answer_brings_a_nonce_and_only_a_fresh_one_is_taken() {
    let world = World::start().await;
    let till = world.till("High Street", "Till 1", 1).await;
    let old = world.running.office.nonce();
    for path in ["/v1/health", "/v1/nothing", "/v1/push", "/v1/health?a=1"] {
        let reply = world.plain("GET", path, "").await;
        assert_eq!(reply.header(NONCE_HEADER), Some(old.as_str()), "{path}");
    }
    world.clock.hurry(601);
    for route in ROUTES.iter().filter(|route| route.who != Who::Anyone) {
        let target = format!("{}{}", route.path, needed_query(route));
        for nonce in [None, Some(old.as_str()), Some("n-1")] {
            let mut asked = till.sign_with(nonce, route.method, &target, Vec::new());
            if route.live {
                asked.set("accept", "text/event-stream");
            }
            let reply = till.send(&asked).await;
            assert_eq!(reply.problem(), (401, ProblemCode::UseNonce), "{target} {nonce:?}");
            assert_eq!(reply.header(NONCE_HEADER), Some(world.running.office.nonce().as_str()));
        }
    }
    let brought = till.get("/v1/nothing").await.header(NONCE_HEADER).map(str::to_owned);
    let asked = till.sign_with(brought.as_deref(), "GET", "/v1/feed?scope=catalogue", Vec::new());
    assert_eq!(till.send(&asked).await.status, 200);
    world.running.stop().await;
}

#[tokio::test]
async fn forged_replayed_spliced_and_changed_requests_change_nothing() {
    let asked_for = std::env::var("DAYBOOK_FORGERIES").ok().map(|text| text.parse().expect("a number"));
    let forgeries: usize = asked_for.unwrap_or(FORGERIES);
    let world = World::start().await;
    let stage = Stage::set(&world).await;
    let before = state(&world).await;
    let mut refused = 0;
    for half in [Half::Fresh, Half::Late] {
        if half == Half::Late {
            world.clock.hurry(601);
        }
        let mut throwers = tokio::task::JoinSet::new();
        for number in 0..THROWERS {
            let (stage, address) = (stage.clone(), world.running.address);
            throwers.spawn(async move {
                let mut thrower = Thrower { address, stream: None };
                let mut refused = 0;
                for throw in (number..forgeries / 2).step_by(THROWERS) {
                    let thrown = stage.forge(Dice::of(throw as u64), half);
                    let status = thrower.throw(&thrown.bytes).await;
                    assert!(thrown.may_succeed || status >= 400, "{}: {status}\n{thrown}", thrown.kind);
                    refused += usize::from(status >= 400);
                }
                refused
            });
        }
        while let Some(thrown) = throwers.join_next().await {
            refused += thrown.expect("a thrower that came through");
        }
    }
    assert!(refused > forgeries / 2, "only {refused} of {forgeries} were refused");
    assert_eq!(state(&world).await, before);

    let (head, events, tip) = stage.till.push(2);
    let asked = stage.till.sign("POST", "/v1/push", ndjson(&head, &events));
    assert_eq!(stage.till.send(&asked).await.json::<PushAnswer>().durable, tip);
    assert_ne!(state(&world).await, before, "what is genuine does change something");
    world.running.stop().await;
}

/// Everything that head office keeps, in short.
async fn state(world: &World) -> Vec<Hash> {
    world.running.office.totals().await.expect("read models that caught up");
    let digest = |file: &str| {
        let reader = open_reader(&world.data.path().join(file)).expect("a database");
        contents_digest(&reader).expect("a digest")
    };
    ["log.db", "people.db", "views.db"].map(digest).to_vec()
}

/// Whether the requests that somebody recorded are still fresh.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Fresh,
    Late,
}

/// What somebody on the road has recorded, and whom they would like to be.
#[derive(Clone)]
struct Stage {
    till: Till,
    /// Whole requests that arrived.
    arrived: Vec<Asked>,
    /// A push that was held back: taken, it would change something.
    withheld: Asked,
}

struct Thrown {
    kind: &'static str,
    bytes: Vec<u8>,
    /// Whether head office may do it, because it did it before.
    may_succeed: bool,
}

impl std::fmt::Display for Thrown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.bytes))
    }
}

impl Stage {
    async fn set(world: &World) -> Self {
        let mut till = world.till("High Street", "Till 1", 1).await;
        let (head, events, tip) = till.push(3);
        let handshake = serde_json::to_vec(&HandshakeRequest::of(till.origin, 0)).expect("plain data");
        let code = world.running.office.enrol_code("High Street", "Till 2").await.expect("a code");
        let second = Till::new(2, world);
        let enrolment = serde_json::to_vec(&second.enrolment("Till 2", &code)).expect("plain data");
        let mut arrived = vec![
            till.sign("POST", "/v1/push", ndjson(&head, &events)),
            till.sign("POST", "/v1/handshake", handshake),
            till.sign("GET", "/v1/feed?scope=catalogue", Vec::new()),
            till.sign("GET", "/v1/report", Vec::new()),
            second.sign("POST", "/v1/enrol", enrolment),
        ];
        for asked in &mut arrived {
            assert_eq!(till.send(asked).await.status, 200, "{}", asked.target);
            asked.set("connection", "keep-alive");
        }
        till.head = tip;
        let (head, events, _) = till.push(2);
        let mut withheld = till.sign("POST", "/v1/push", ndjson(&head, &events));
        withheld.set("connection", "keep-alive");
        Stage { till, arrived, withheld }
    }

    fn forge(&self, mut dice: Dice, half: Half) -> Thrown {
        let thrown = |kind, asked: &Asked| Thrown { kind, bytes: asked.bytes(), may_succeed: false };
        match dice.below(5) {
            0 => {
                let arrived = &self.arrived[dice.below(self.arrived.len())];
                Thrown { may_succeed: half == Half::Fresh, ..thrown("replayed", arrived) }
            }
            1 if half == Half::Late => thrown("held back until it was old", &self.withheld),
            1 => thrown("spliced", &self.splice(&mut dice)),
            2 => {
                let mut forger = self.till.clone();
                forger.key = KeyPair::from_seed([dice.byte(); 32]);
                let body = self.withheld.body.clone();
                let mut asked = match dice.below(4) {
                    0 => forger.sign_with(None, "POST", "/v1/push", body),
                    _ => forger.sign("POST", "/v1/push", body),
                };
                asked.set("connection", "keep-alive");
                thrown("forged", &asked)
            }
            3 => thrown("spliced", &self.splice(&mut dice)),
            _ => thrown("changed", &self.change(&mut dice)),
        }
    }

    /// The withheld push under another request's head, in part or whole, or another request's body under its own.
    fn splice(&self, dice: &mut Dice) -> Asked {
        let mut spliced = self.withheld.clone();
        let other = &self.arrived[dice.below(self.arrived.len())];
        if dice.below(3) == 0 {
            spliced.body.clone_from(&other.body);
            spliced.set("content-length", &other.body.len().to_string());
            return spliced;
        }
        // At least one of what is signed is another's, and the body is its own.
        let taken = 1 + dice.below(SIGNED_HEADERS.len() * 3) % SIGNED_HEADERS.len();
        let first = dice.below(SIGNED_HEADERS.len() - 1);
        for name in (0..taken).map(|step| SIGNED_HEADERS[(first + step) % SIGNED_HEADERS.len()]) {
            let value = other.headers.iter().find(|(known, _)| known == name).expect("signed");
            spliced.set(name, &value.1);
        }
        spliced
    }

    /// The withheld push with something of what is signed changed.
    fn change(&self, dice: &mut Dice) -> Asked {
        let mut changed = self.withheld.clone();
        match dice.below(4) {
            0 => {
                let at = dice.below(changed.body.len());
                changed.body[at] ^= 1 << dice.below(8);
            }
            1 => {
                let target =
                    ["/v1/handshake", "/v1/push?", "/v1/push?a=1", "/v1/enrol", "/V1/push", "/v1/push/"];
                changed.target = target[dice.below(target.len())].to_owned();
            }
            _ => {
                let name = SIGNED_HEADERS[dice.below(SIGNED_HEADERS.len())];
                let (_, value) = changed.headers.iter().find(|(known, _)| known == name).expect("signed");
                let mut value = value.clone().into_bytes();
                let at = dice.below(value.len());
                // Another visible character than the one that was there.
                value[at] = b'!'
                    + (value[at].saturating_sub(b'!') + 1 + u8::try_from(dice.below(92)).expect("small"))
                        % 94;
                changed.set(name, &String::from_utf8(value).expect("ASCII"));
            }
        }
        changed
    }
}

/// Numbers that look like chance and are the same in every run.
struct Dice(u64);

impl Dice {
    fn of(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("less than a usize")
    }

    fn byte(&mut self) -> u8 {
        // Never the seed of the till itself.
        self.next().to_be_bytes()[0] | 0x80
    }
}

/// A connection that is used again for as long as head office keeps it.
struct Thrower {
    address: SocketAddr,
    stream: Option<TcpStream>,
}

impl Thrower {
    /// Sends bytes and gives the status of the answer.
    async fn throw(&mut self, bytes: &[u8]) -> u16 {
        loop {
            let is_new = self.stream.is_none();
            let mut stream = match self.stream.take() {
                Some(stream) => stream,
                None => TcpStream::connect(self.address).await.expect("a connection"),
            };
            let _sent = stream.write_all(bytes).await;
            let answered = timeout(PATIENCE, one_answer(&mut stream)).await.expect("an answer in time");
            match answered {
                Some(reply) => {
                    let closes = reply.header("connection") == Some("close");
                    self.stream = (!closes).then_some(stream);
                    return reply.status;
                }
                // Head office closes what was idle or broken; a new connection is answered.
                None => assert!(!is_new, "no answer to {}", String::from_utf8_lossy(bytes)),
            }
        }
    }
}

/// The next answer of a connection that stays open; none where it ends first.
async fn one_answer(stream: &mut TcpStream) -> Option<Reply> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 8_192];
    loop {
        if bytes.windows(4).any(|four| four == b"\r\n\r\n") {
            let reply = Reply::parse(&bytes);
            let length = reply.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
            if reply.body.len() >= length {
                return Some(reply);
            }
        }
        match stream.read(&mut chunk).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&chunk[..count]),
            _ => return None,
        }
    }
}
