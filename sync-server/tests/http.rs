//! A real server on a real socket: what strangers, broken clients and tills get from it.

use std::time::{Duration, Instant};

use daybook_core::identity::certificate::{Certificate, SignedCertificate};
use daybook_core::identity::enrol::EnrolCode;
use daybook_core::identity::http_signature::content_digest;
use daybook_core::identity::sealed::OpeningKey;
use daybook_core::ids::StoreId;
use daybook_core::limits::{BODY_BYTES_MAX, COMPRESS_FROM_BYTES, ENROL_FAILURES_MAX, PUSH_EVENTS_MAX};
use daybook_core::sync::scope;
use daybook_core::wire::{
    ConflictsPage, EnrolAnswer, FeedHead, HandshakeAnswer, HandshakeRequest, Health, Problem, ProblemCode,
    PushAnswer,
};
use daybook_server::admin::command_line::PUBLICATIONS;
use daybook_server::http::Limits;
use daybook_server::http::route::{ROUTES, Route, Who};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use uuid::Uuid;

use world::{PATIENCE, Reply, Till, World, ndjson};

#[path = "http/admission.rs"]
mod admission;
#[path = "http/freshness.rs"]
mod freshness;
#[path = "http/people.rs"]
mod people;
#[path = "http/room.rs"]
mod room;
#[path = "http/snapshot.rs"]
mod snapshot;
#[path = "http/world.rs"]
mod world;

const REQUEST: &str = "daybook-request: 00000000-0000-7000-8000-000000000001\r\n";

/// A query without which a route is not understood.
fn needed_query(route: &Route) -> String {
    match route.query {
        ["scope", ..] => "?scope=catalogue".to_owned(),
        ["origin", ..] => format!("?origin={}", Uuid::from_u128(1)),
        ["key", ..] => format!("?key={}", OpeningKey::from_random([1; 32]).public().text()),
        _ => String::new(),
    }
}

#[tokio::test]
async fn anyone_may_ask_how_it_is_and_nobody_anything_else() {
    let world = World::start().await;
    let health: Health = world.plain("GET", "/v1/health", "").await.json();
    assert!(health.ready && health.protocol == [1]);
    for route in ROUTES {
        let accept = if route.live { "accept: text/event-stream\r\n" } else { "" };
        let query = needed_query(route);
        let headers = format!("{accept}{REQUEST}content-length: 0\r\n");
        let reply = world.plain(route.method, &format!("{}{query}", route.path), &headers).await;
        match route.who {
            Who::Anyone => assert_eq!(reply.status, 200),
            Who::KeyHolder | Who::Enrolled => {
                assert_eq!(reply.problem(), (401, ProblemCode::Unauthenticated), "{}", route.path);
            }
        }
        let request = "00000000-0000-7000-8000-000000000001".parse().unwrap();
        assert!(reply.is_signed(request, &world.running.office.key().public()), "{}", route.path);
    }
    world.running.stop().await;
}

#[tokio::test]
async fn an_unknown_origin_is_told_so_and_gets_nothing() {
    let world = World::start().await;
    let stranger = Till::new(66, &world);
    for route in ROUTES.iter().filter(|route| route.who == Who::Enrolled) {
        let query = needed_query(route);
        let mut asked = stranger.sign(route.method, &format!("{}{query}", route.path), Vec::new());
        if route.live {
            asked.set("accept", "text/event-stream");
        }
        assert_eq!(
            stranger.send(&asked).await.problem(),
            (401, ProblemCode::UnknownOrigin),
            "{}",
            route.path
        );
    }
    world.running.stop().await;
}

#[tokio::test]
async fn a_till_enrols_with_a_code_once_and_only_with_its_own_key() {
    let world = World::start().await;
    let code = world.running.office.enrol_code("High Street", "Till 1").await.unwrap();
    let till = Till::new(1, &world);
    let wrong = till.enrol("Till 1", &EnrolCode::parse("ZZZZZ-ZZZZZ").unwrap()).await;
    assert_eq!(wrong.problem(), (403, ProblemCode::EnrolmentRefused));

    let mut thief = Till::new(2, &world);
    thief.origin = till.origin;
    let stolen = thief.post("/v1/enrol", &till.enrolment("Till 1", &code)).await;
    assert_eq!(stolen.problem(), (401, ProblemCode::Unauthenticated));
    let other_origin = Till::new(3, &world).post("/v1/enrol", &till.enrolment("Till 1", &code)).await;
    assert_eq!(other_origin.problem(), (400, ProblemCode::Malformed));

    let certificate = |reply: Reply| reply.json::<EnrolAnswer>().certificate;
    let first = certificate(till.enrol("Till 1", &code).await);
    assert_eq!(certificate(till.enrol("Till 1", &code).await), first, "a lost answer costs nothing");
    let late = Till::new(4, &world).enrol("Till 1", &code).await;
    assert_eq!(late.problem(), (403, ProblemCode::EnrolmentRefused));
    world.running.stop().await;
}

#[tokio::test]
async fn guessing_a_code_locks_out_nobody_who_asks_for_another_till() {
    let world = World::start().await;
    let wrong = EnrolCode::parse("ZZZZZ-ZZZZZ").unwrap();
    let thief = Till::new(1, &world);
    for _ in 0..ENROL_FAILURES_MAX {
        assert_eq!(thief.enrol("Till 1", &wrong).await.problem(), (403, ProblemCode::EnrolmentRefused));
    }
    assert_eq!(thief.enrol("Till 1", &wrong).await.problem(), (503, ProblemCode::Busy));
    let code = world.running.office.enrol_code("High Street", "Till 2").await.unwrap();
    let till = Till::new(2, &world);
    let answer: EnrolAnswer = till.enrol("Till 2", &code).await.json();
    // An origin that is a till already does not become another one by another till's code.
    let code = world.running.office.enrol_code("Low Street", "Till 3").await.unwrap();
    assert_eq!(till.enrol("Till 3", &code).await.problem(), (403, ProblemCode::EnrolmentRefused));
    assert_eq!(answer.certificate.read().unwrap().name, "Till 2");
    world.running.stop().await;
}

#[tokio::test]
async fn a_push_is_durable_when_answered_and_a_retry_gets_the_same() {
    let world = World::start().await;
    let mut till = world.till("High Street", "Till 1", 1).await;
    let (head, events, tip) = till.push(3);
    let asked = till.sign("POST", "/v1/push", ndjson(&head, &events));
    let first: PushAnswer = till.send(&asked).await.json();
    assert_eq!((first.durable, first.origin, first.request), (tip, till.origin, asked.request));
    assert_eq!(till.send(&asked).await.json::<PushAnswer>(), first);

    till.head = tip;
    let (head, events, _) = till.push(1);
    let packed = zstd::bulk::compress(&ndjson(&head, &events), 3).unwrap();
    let mut asked = till.sign("POST", "/v1/push", packed);
    asked.set("content-encoding", "zstd");
    let second: PushAnswer = till.send(&asked).await.json();
    assert_eq!(second.durable.seq, 4);

    till.head.seq = 40;
    let (head, events, _) = till.push(1);
    let reply = till.send(&till.sign("POST", "/v1/push", ndjson(&head, &events))).await;
    assert_eq!(reply.problem(), (409, ProblemCode::UnknownPrevious));
    assert_eq!(reply.json::<Problem>().tips, Some(vec![second.durable]));
    world.running.stop().await;
}

#[tokio::test]
async fn a_log_that_was_replaced_under_a_running_server_is_noticed_and_nothing_is_acknowledged() {
    let world = World::start().await;
    let mut till = world.till("High Street", "Till 1", 1).await;
    let (head, events, tip) = till.push(1);
    let asked = till.sign("POST", "/v1/push", ndjson(&head, &events));
    assert_eq!(till.send(&asked).await.json::<PushAnswer>().durable, tip);
    let log = world.data.path().join("log.db");
    std::fs::rename(&log, log.with_extension("away")).unwrap();
    std::fs::copy(log.with_extension("away"), &log).unwrap();
    till.head = tip;
    let (head, events, _) = till.push(1);
    let reply = till.send(&till.sign("POST", "/v1/push", ndjson(&head, &events))).await;
    assert_eq!(reply.problem(), (503, ProblemCode::Failed));
    std::fs::rename(log.with_extension("away"), &log).unwrap();
    let (head, events, tip) = till.push(1);
    let reply = till.send(&till.sign("POST", "/v1/push", ndjson(&head, &events))).await;
    assert_eq!(reply.json::<PushAnswer>().durable, tip, "the right file is back");
    world.running.stop().await;
}

#[tokio::test]
async fn an_origin_introduces_itself_with_certificates_and_its_own_key() {
    let world = World::start().await;
    let parent = world.till("High Street", "Till 1", 1).await;
    let child = Till::new(2, &world);
    let issued = parent.answer.as_ref().unwrap().certificate.clone();
    let own = Certificate {
        origin: child.origin,
        public_key: child.key.public(),
        parent: Some(parent.origin),
        ..issued.read().unwrap()
    };
    let certificates = vec![SignedCertificate::issue(&own, &parent.key), issued];
    let (mut head, events, tip) = child.push(2);
    head.certificates = certificates.clone();
    let body = ndjson(&head, &events);

    let mut thief = Till::new(3, &world);
    thief.origin = child.origin;
    let stolen = thief.send(&thief.sign("POST", "/v1/push", body.clone())).await;
    assert_eq!(stolen.problem(), (401, ProblemCode::Unauthenticated));
    let unsigned = SignedCertificate::issue(&own, &child.key);
    let (mut forged, ..) = child.push(2);
    forged.certificates = vec![unsigned];
    let forged = child.send(&child.sign("POST", "/v1/push", ndjson(&forged, &events))).await;
    assert_eq!(forged.problem().0, 401);

    // Another till may carry what it holds of it, and the origin itself is known from then on.
    let carrier = world.till("High Street", "Till 2", 4).await;
    let carried: PushAnswer = carrier.send(&carrier.sign("POST", "/v1/push", body.clone())).await.json();
    assert_eq!((carried.origin, carried.durable), (child.origin, tip));
    let again: PushAnswer = child.send(&child.sign("POST", "/v1/push", body)).await.json();
    assert_eq!(again.durable, tip);
    assert_eq!(child.get("/v1/feed?scope=catalogue").await.status, 200);

    let grandchild = Till::new(5, &world);
    let own = Certificate {
        origin: grandchild.origin,
        public_key: grandchild.key.public(),
        parent: Some(child.origin),
        ..own
    };
    let certificates = [vec![SignedCertificate::issue(&own, &child.key)], certificates].concat();
    let handshake = HandshakeRequest { certificates, ..HandshakeRequest::of(grandchild.origin, 0) };
    assert_eq!(grandchild.post("/v1/handshake", &handshake).await.status, 200);
    world.running.stop().await;
}

#[tokio::test]
async fn nothing_counts_of_a_request_that_was_changed_on_its_way() {
    let world = World::start().await;
    let till = world.till("High Street", "Till 1", 1).await;
    let (head, events, _) = till.push(1);
    let whole = till.sign("POST", "/v1/push", ndjson(&head, &events));
    let refused = |reply: Reply| assert_eq!(reply.problem(), (401, ProblemCode::Unauthenticated));

    let mut other_body = whole.clone();
    *other_body.body.last_mut().unwrap() = b'}';
    refused(till.send(&other_body).await);

    let mut other_digest = other_body.clone();
    let digest = content_digest(&other_digest.body);
    other_digest.set("content-digest", &digest);
    refused(till.send(&other_digest).await);

    let mut other_path = whole.clone();
    other_path.target = "/v1/handshake".to_owned();
    refused(till.send(&other_path).await);

    let mut other_key = Till::new(9, &world);
    other_key.origin = till.origin;
    refused(till.send(&other_key.sign("POST", "/v1/push", whole.body.clone())).await);

    let mut other_query = till.sign("GET", "/v1/feed?scope=catalogue", Vec::new());
    other_query.target = "/v1/feed?scope=people".to_owned();
    refused(till.send(&other_query).await);

    assert_eq!(till.send(&whole).await.json::<PushAnswer>().durable.seq, 1, "the whole one still counts");
    world.running.stop().await;
}

#[tokio::test]
async fn bodies_that_make_no_sense_are_named_and_change_nothing() {
    let world = World::start().await;
    let till = world.till("High Street", "Till 1", 1).await;
    let (head, events, _) = till.push(2);
    let (head_only, good) = (ndjson(&head, &[]), ndjson(&head, &events));
    let line = |text: &str| [&head_only[..], b"\n", text.as_bytes()].concat();
    let cases = [
        ("/v1/push", b"garbage".to_vec(), None),
        ("/v1/push", Vec::new(), None),
        ("/v1/push", head_only.clone(), None),
        ("/v1/push", vec![0xff; 10], None),
        ("/v1/push", line("{}"), Some(1)),
        ("/v1/push", [&good[..], b"\n[{},{}, null]"].concat(), Some(3)),
        ("/v1/push", line(&events[1].line()), None),
        ("/v1/handshake", b"{}".to_vec(), None),
        ("/v1/handshake", b"[[[[".to_vec(), None),
        ("/v1/enrol", b"null".to_vec(), None),
    ];
    for (target, body, line) in cases {
        let reply = till.send(&till.sign("POST", target, body.clone())).await;
        let words = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(reply.problem(), (400, ProblemCode::Malformed), "{target} {words}");
        assert_eq!(reply.json::<Problem>().line, line, "{target} {words}");
    }
    let deep = format!("{{\"origin\":{}", "[".repeat(100_000)).into_bytes();
    assert_eq!(till.send(&till.sign("POST", "/v1/handshake", deep)).await.problem().0, 400);
    assert_eq!(till.send(&till.sign("POST", "/v1/push", good)).await.status, 200);
    world.running.stop().await;
}

#[tokio::test]
async fn too_much_is_refused_in_every_disguise() {
    let world = World::start().await;
    let till = world.till("High Street", "Till 1", 1).await;
    let too_large = |reply: Reply| assert_eq!(reply.problem(), (413, ProblemCode::TooLarge));

    too_large(till.send(&till.sign("POST", "/v1/push", vec![b'x'; BODY_BYTES_MAX + 1])).await);
    too_large(till.send(&till.sign("POST", "/v1/push", vec![b'x'; 8 * BODY_BYTES_MAX])).await);
    too_large(till.send(&till.sign("GET", "/v1/report", b"x".to_vec())).await);

    let mut bomb = till.sign("POST", "/v1/push", zstd::bulk::compress(&vec![0; 64 << 20], 3).unwrap());
    assert!(bomb.body.len() < 4_096);
    bomb.set("content-encoding", "zstd");
    too_large(till.send(&bomb).await);

    let many = i64::try_from(PUSH_EVENTS_MAX).unwrap() + 1;
    let (head, events, _) = till.push(many);
    too_large(till.send(&till.sign("POST", "/v1/push", ndjson(&head, &events))).await);

    let mut other = till.sign("POST", "/v1/push", b"x".to_vec());
    other.set("content-encoding", "br");
    assert_eq!(till.send(&other).await.problem(), (415, ProblemCode::Malformed));

    // From a stranger, only the stated length is looked at.
    let headers = format!("{REQUEST}content-length: 99999999999\r\n");
    let reply = world.plain("GET", "/v1/health", &headers).await;
    assert_eq!(reply.problem(), (413, ProblemCode::TooLarge));
    world.running.stop().await;
}

#[tokio::test]
async fn routes_methods_and_targets_have_one_spelling() {
    let world = World::start().await;
    let cases = [
        ("GET", "/", 404),
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/health/", 404),
        ("GET", "/v1/../v1/health", 400),
        ("GET", "/v1/health%00", 400),
        ("GET", "/v1\\health", 400),
        ("GET", "http://office/v1/health", 400),
        ("GET", "/v1/health?", 400),
        ("GET", "/v1/health?a=1", 400),
        ("OPTIONS", "*", 400),
        ("CONNECT", "office:80", 400),
        ("DELETE", "/v1/health", 405),
    ];
    for (method, target, status) in cases {
        let reply = world.plain(method, target, "").await;
        assert_eq!(reply.status, status, "{method} {target}");
    }
    assert_eq!(world.plain("PUT", "/v1/push", "").await.header("allow"), Some("POST"));
    world.running.stop().await;
}

#[tokio::test]
async fn a_request_that_could_be_read_in_two_ways_is_not_read() {
    let world = World::start().await;
    let cases = [
        "POST /v1/push HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/push HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
        "POST /v1/push HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n0\r\n\r\n",
        "POST /v1/push HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
        "GET /v1/health HTTP/1.1\r\nconnection: close\r\n\r\n",
        "GET /v1/health HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n",
        "GET /v1/health HTTP/1.0\r\nhost: a\r\n\r\n",
        "GET /v1/health\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\x7c\x03\x03",
    ];
    for case in cases {
        let mut stream = world.connect().await;
        stream.write_all(case.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let reply = Reply::read(&mut stream).await;
        assert_eq!(reply.status, 400, "{case:?}");
    }
    world.running.stop().await;
}

#[tokio::test]
async fn floods_of_headers_are_refused() {
    let world = World::start().await;
    let many: String = (0..150).map(|number| format!("x-{number}: 1\r\n")).collect();
    assert_eq!(world.plain("GET", "/v1/health", &many).await.status, 431);
    let long = format!("x: {}\r\n", "y".repeat(600_000));
    assert_eq!(world.plain("GET", "/v1/health", &long).await.status, 431);
    world.running.stop().await;
}

#[tokio::test]
async fn whoever_dawdles_is_let_go() {
    let short = Duration::from_millis(150);
    let world = World::within(Limits { header: short, body: short, ..Limits::default() }).await;
    let till = world.till("High Street", "Till 1", 1).await;
    let begun = Instant::now();
    // Nothing, half a head, and a head one byte at a time: closed, and nothing said.
    for start in ["", "GET /v1/health HTTP/1.1\r\nhost: a\r\n"] {
        let mut stream = world.connect().await;
        stream.write_all(start.as_bytes()).await.unwrap();
        assert_eq!(Reply::read(&mut stream).await.body, b"");
    }
    let mut stream = world.connect().await;
    let mut closed = false;
    for byte in "GET /v1/health HTTP/1.1\r\n".bytes().cycle().take(2_000) {
        tokio::time::sleep(short / 30).await;
        closed = stream.write_all(&[byte]).await.is_err();
        if closed {
            break;
        }
    }
    assert!(closed, "a trickle is let go too");

    let asked = till.sign("POST", "/v1/push", vec![b'x'; 100]);
    let bytes = asked.bytes();
    let mut stream = world.connect().await;
    stream.write_all(&bytes[..bytes.len() - 1]).await.unwrap();
    assert_eq!(Reply::read(&mut stream).await.problem(), (408, ProblemCode::TooLarge));
    assert!(begun.elapsed() < PATIENCE / 2);
    world.running.stop().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let world = World::within(Limits { connections: 2, ..Limits::default() }).await;
    let (first, _second) = (world.connect().await, world.connect().await);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut third = world.connect().await;
    third
        .write_all(b"GET /v1/health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let early = timeout(Duration::from_millis(200), third.readable()).await;
    assert!(early.is_err(), "served without a place");
    drop(first);
    assert_eq!(Reply::read(&mut third).await.status, 200);
    world.running.stop().await;
}

#[tokio::test]
async fn a_till_sees_its_own_store_only() {
    let world = World::start().await;
    let till = world.till("High Street", "Till 1", 1).await;
    let certificate = till.answer.as_ref().unwrap().certificate.read().unwrap();
    let (own, other) = (certificate.store.unwrap(), StoreId(Uuid::from_u128(99)));

    let handshake = HandshakeRequest::of(till.origin, 0);
    let answer: HandshakeAnswer = till.post("/v1/handshake", &handshake).await.json();
    assert!(!answer.scopes.contains_key(scope::CREDENTIALS), "a till keeps the people that it knows");
    for scope in answer.scopes.keys() {
        let reply = till.get(&format!("/v1/feed?scope={scope}")).await;
        assert_eq!(reply.status, 200, "{scope}");
    }
    let page = till.get(&format!("/v1/feed?scope={}", scope::sales(own))).await.text();
    let head: FeedHead = serde_json::from_str(page.lines().next().unwrap()).unwrap();
    assert_eq!(head.scope, scope::sales(own));
    let lane = till.get(&format!("/v1/feed?scope={}", scope::conflicts(own))).await;
    assert!(!lane.json::<ConflictsPage>().more);

    let forbidden = (403, ProblemCode::Forbidden);
    for scope in [scope::sales(other), scope::stock(other), scope::conflicts(other), "value".to_owned()] {
        assert_eq!(till.get(&format!("/v1/feed?scope={scope}")).await.problem(), forbidden, "{scope}");
    }
    for path in ["/v1/report", "/v1/conflicts"] {
        assert_eq!(till.get(path).await.status, 200, "{path}");
        assert_eq!(till.get(&format!("{path}?store={own}")).await.status, 200, "{path}");
        assert_eq!(till.get(&format!("{path}?store={other}")).await.problem(), forbidden, "{path}");
    }
    let cursor = till.get("/v1/feed?scope=catalogue&cursor=bad").await;
    assert_eq!(cursor.problem(), (410, ProblemCode::CursorUnknown));

    let foreign = HandshakeRequest { origin: world.running.office.origin(), ..handshake };
    assert_eq!(till.post("/v1/handshake", &foreign).await.status, 400);
    world.running.stop().await;
}

#[tokio::test]
async fn head_office_itself_sees_every_store() {
    let world = World::start().await;
    let till = world.till("High Street", "Till 1", 1).await;
    let store = till.answer.as_ref().unwrap().certificate.read().unwrap().store.unwrap();
    let mut office = Till::new(9, &world);
    (office.origin, office.key) = (world.running.office.origin(), world.running.office.key().clone());
    for target in
        ["/v1/report".to_owned(), format!("/v1/report?store={store}"), "/v1/conflicts?all=true".to_owned()]
    {
        assert_eq!(office.get(&target).await.status, 200, "{target}");
    }
    for scope in [scope::sales(store), scope::conflicts(store), scope::CATALOGUE.to_owned()] {
        assert_eq!(office.get(&format!("/v1/feed?scope={scope}")).await.status, 200, "{scope}");
    }
    world.running.stop().await;
}

#[tokio::test]
async fn large_answers_are_compressed_for_those_who_read_it() {
    let world = World::start().await;
    let till = world.till("High Street", "Till 1", 1).await;
    world.running.office.publish(serde_json::from_str(PUBLICATIONS).unwrap()).await.unwrap();
    let plain = till.get("/v1/feed?scope=catalogue").await;
    assert_eq!(plain.header("content-encoding"), None);
    assert!(plain.body.len() > COMPRESS_FROM_BYTES);
    let mut asked = till.sign("GET", "/v1/feed?scope=catalogue", Vec::new());
    asked.set("accept-encoding", "gzip, zstd");
    let packed = till.send(&asked).await;
    assert_eq!(packed.header("content-encoding"), Some("zstd"));
    assert!(packed.body.len() < plain.body.len());
    // They answer two requests, so only what follows the head is equal.
    let rest = |reply: &Reply| reply.text().split_once('\n').map(|(_, rest)| rest.to_owned());
    assert_eq!(rest(&packed), rest(&plain));
    world.running.stop().await;
}

#[tokio::test]
async fn what_tills_could_not_sell_rightly_is_not_published() {
    let world = World::start().await;
    let publish = |text: String| {
        let office = world.running.office.clone();
        async move {
            office
                .publish(serde_json::from_str(&text).unwrap())
                .await
                .map(|done| done.events)
                .map_err(|e| e.to_string())
        }
    };
    let product = |sku: &str, codes: &str, class: &str| {
        format!(
            r#"{{"product": {{"sku": "{sku}", "name": "Tea", "codes": [{codes}], "tax_class": "{class}", "price": 100}}}}"#
        )
    };
    let tax = r#"{"tax": {"class": "standard", "name": "VAT", "jurisdiction": "DE", "rate": "19"}}"#;
    let refused = publish(format!("[{}]", product("1", "", "reduced"))).await.unwrap_err();
    assert!(refused.contains("'reduced'") && refused.contains("publish that class first"), "{refused}");
    publish(format!("[{tax}, {}]", product("1", "\"4711\"", "standard"))).await.unwrap();
    let refused = publish(format!("[{}]", product("4711", "", "standard"))).await.unwrap_err();
    assert!(refused.contains("'4711' is a code of the product '1'"), "{refused}");
    assert_eq!(publish(format!("[{tax}, {}]", product("1", "\"4711\"", "standard"))).await, Ok(0));
    world.running.stop().await;
}

#[tokio::test]
async fn hints_come_live_and_end_with_the_server() {
    let limits = Limits { live_ping: Duration::from_millis(50), live_streams: 1, ..Limits::default() };
    let world = World::within(limits).await;
    let till = world.till("High Street", "Till 1", 1).await;
    let mut asked = till.sign("GET", "/v1/feed", Vec::new());
    asked.set("accept", "text/event-stream");
    let mut stream = world.connect().await;
    stream.write_all(&asked.bytes()).await.unwrap();
    let heard = until(&mut stream, ": ping").await;
    assert!(heard.starts_with("HTTP/1.1 200") && heard.contains("text/event-stream"), "{heard}");

    let second = till.send(&asked).await;
    assert_eq!(second.problem(), (503, ProblemCode::Busy));
    assert!(second.header("retry-after").is_some());

    world.running.office.publish(serde_json::from_str(PUBLICATIONS).unwrap()).await.unwrap();
    let heard = until(&mut stream, "\"scope\":\"catalogue\"").await;
    assert!(heard.contains("event: hint\ndata: {"), "{heard}");

    let begun = Instant::now();
    assert!(world.running.stop().await, "a live stream holds nothing up");
    assert!(begun.elapsed() < PATIENCE / 2);
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "ended, not cut off: {rest:?}");
}

async fn until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut heard = String::new();
    let mut bytes = [0; 1024];
    let listening = async {
        while !heard.contains(wanted) {
            let count = stream.read(&mut bytes).await.expect("a stream");
            assert!(count > 0, "ended: {heard}");
            heard.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
    };
    timeout(PATIENCE, listening).await.expect("heard in time");
    heard
}

#[tokio::test]
async fn stopping_lets_a_running_request_end() {
    let world = World::start().await;
    let till = world.till("High Street", "Till 1", 1).await;
    let (head, events, _) = till.push(1);
    let bytes = till.sign("POST", "/v1/push", ndjson(&head, &events)).bytes();
    let mut stream = world.connect().await;
    let mut idle = world.connect().await;
    stream.write_all(&bytes[..bytes.len() - 1]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let address = world.running.address;
    let stopped = tokio::spawn(world.running.stop());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(TcpStream::connect(address).await.is_err(), "no new connections");
    stream.write_all(&bytes[bytes.len() - 1..]).await.unwrap();
    assert_eq!(Reply::read(&mut stream).await.json::<PushAnswer>().durable.seq, 1);
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0);
    assert!(stopped.await.unwrap(), "every request ended");
}
