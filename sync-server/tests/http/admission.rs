//! Whose access has ended: every route for them, what is taken and held, and how much of it.

use std::collections::BTreeMap;

use daybook_core::chain::{Seal, Tip};
use daybook_core::envelope::EventText;
use daybook_core::identity::certificate::{Certificate, SignedCertificate, verify_onto};
use daybook_core::ids::OriginId;
use daybook_core::limits::{BRANCHES_MAX, CERTIFICATES_MAX, HELD_EVENTS_MAX, LINEAGE_MAX, PUSH_EVENTS_MAX};
use daybook_core::wire::{HandshakeAnswer, HandshakeRequest, Held, ProblemCode, PushAnswer, PushHead};
use daybook_server::http::route::{ROUTES, Who};
use daybook_server::office::{AdmitRequest, CloseReason, RevokeRequest};
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;

use super::world::{Till, World, ndjson};
use super::{needed_query, until};

async fn revoke(world: &World, till: &str) {
    let asked = RevokeRequest { till: till.to_owned(), store: None, reason: CloseReason::Lost };
    world.running.office.revoke(asked).await.expect("revoked");
}

async fn pushed(till: &mut Till, count: i64) -> PushAnswer {
    let (head, events, tip) = till.push(count);
    let answer: PushAnswer = till.send(&till.sign("POST", "/v1/push", ndjson(&head, &events))).await.json();
    assert_eq!(answer.durable, tip);
    till.head = tip;
    answer
}

async fn shaken(till: &Till) -> HandshakeAnswer {
    till.post("/v1/handshake", &HandshakeRequest::of(till.origin, 0)).await.json()
}

/// The certificate of a child of `by`, which is a till like `first` or it itself.
fn certified(first: &Till, child: &Till, by: &Till, series: &str) -> SignedCertificate {
    let certificate = Certificate {
        origin: child.origin,
        public_key: child.key.public(),
        parent: Some(by.origin),
        series: series.to_owned(),
        ..first.answer.as_ref().unwrap().certificate.read().unwrap()
    };
    SignedCertificate::issue(&certificate, &by.key)
}

#[tokio::test]
async fn whose_access_has_ended_is_told_so_on_every_route_and_may_say_what_it_recorded() {
    let world = World::start().await;
    let mut till = world.till("High Street", "Till 1", 1).await;
    assert!(!pushed(&mut till, 2).await.held && shaken(&till).await.held.is_empty());
    revoke(&world, "Till 1").await;
    for route in ROUTES.iter().filter(|route| route.who == Who::Enrolled && route.method == "GET") {
        let mut asked =
            till.sign(route.method, &format!("{}{}", route.path, needed_query(route)), Vec::new());
        if route.live {
            asked.set("accept", "text/event-stream");
        }
        assert_eq!(till.send(&asked).await.problem(), (403, ProblemCode::Forbidden), "{}", route.path);
    }
    let (head, events, _) = till.push(2);
    let asked = till.sign("POST", "/v1/push", ndjson(&head, &events));
    let answer: PushAnswer = till.send(&asked).await.json();
    assert!(answer.held && answer.durable.seq == 4);
    assert_eq!(till.send(&asked).await.json::<PushAnswer>(), answer, "a retry hears the same");
    let answer = shaken(&till).await;
    assert!(answer.scopes.is_empty());
    assert_eq!(answer.held, [(till.origin, Held { after: 2, reason: Some("lost".to_owned()) })].into());
    let everything = AdmitRequest { till: "Till 1".to_owned(), store: None, to: None };
    let told = world.running.office.admit(everything.clone()).await.unwrap();
    assert_eq!((told.events, told.waiting), (2, 0));
    assert!(shaken(&till).await.held.is_empty() && till.get("/v1/report").await.status == 200);
    let refused = world.running.office.admit(everything).await.unwrap_err().to_string();
    assert!(refused.contains("is let in"), "{refused}");
    world.running.stop().await;
}

#[tokio::test]
async fn others_may_bring_what_is_held_and_who_is_shut_out_brings_nothing_of_others() {
    let world = World::start().await;
    let shut = world.till("High Street", "Till 1", 1).await;
    let open = world.till("High Street", "Till 2", 2).await;
    revoke(&world, "Till 1").await;
    let (head, events, _) = shut.push(1);
    let carried = open.send(&open.sign("POST", "/v1/push", ndjson(&head, &events))).await;
    assert!(carried.json::<PushAnswer>().held, "it is the writer's access that counts");
    let (head, events, _) = open.push(1);
    let brought = shut.send(&shut.sign("POST", "/v1/push", ndjson(&head, &events))).await;
    assert_eq!(brought.problem(), (403, ProblemCode::Forbidden));
    world.running.stop().await;
}

#[tokio::test]
async fn a_child_that_introduces_itself_after_its_parents_end_is_held_too() {
    let world = World::start().await;
    let parent = world.till("High Street", "Till 1", 1).await;
    revoke(&world, "Till 1").await;
    let child = Till::new(2, &world);
    let issued = parent.answer.as_ref().unwrap().certificate.clone();
    let (mut head, events, _) = child.push(1);
    head.certificates = vec![certified(&parent, &child, &parent, "Till 1-2"), issued];
    let answer = child.send(&child.sign("POST", "/v1/push", ndjson(&head, &events))).await;
    assert!(answer.json::<PushAnswer>().held);
    let only_the_child = AdmitRequest { till: "Till 1-2".to_owned(), store: None, to: None };
    assert_eq!(world.running.office.admit(only_the_child).await.unwrap().events, 1);
    assert_eq!(child.get("/v1/report").await.status, 200);
    assert_eq!(parent.get("/v1/report").await.problem(), (403, ProblemCode::Forbidden));
    world.running.stop().await;
}

#[tokio::test]
async fn a_grandchild_of_a_closed_till_is_held_and_brings_all_of_its_lineage_into_the_book() {
    let world = World::start().await;
    let parent = world.till("High Street", "Till 1", 1).await;
    revoke(&world, "Till 1").await;
    let (child, grandchild) = (Till::new(2, &world), Till::new(3, &world));
    let certify = |till: &Till, by: &Till, series: &str| certified(&parent, till, by, series);
    let (mut head, events, _) = grandchild.push(1);
    head.certificates = vec![certify(&grandchild, &child, "Till 1-3"), certify(&child, &parent, "Till 1-2")];
    let answer = grandchild.send(&grandchild.sign("POST", "/v1/push", ndjson(&head, &events))).await;
    assert!(answer.json::<PushAnswer>().held);
    assert_eq!(grandchild.get("/v1/report").await.problem(), (403, ProblemCode::Forbidden));
    // The child is known by what its own child brought; another parent for it is not looked at.
    let (mut head, events, _) = child.push(1);
    head.certificates = vec![certify(&child, &grandchild, "Till 1-2")];
    let answer = child.send(&child.sign("POST", "/v1/push", ndjson(&head, &events))).await;
    assert!(answer.json::<PushAnswer>().held);
    assert_eq!(child.get("/v1/report").await.problem(), (403, ProblemCode::Forbidden));
    world.running.stop().await;
}

#[tokio::test]
async fn a_live_stream_ends_with_the_access_of_who_listens() {
    let world = World::start().await;
    let till = world.till("High Street", "Till 1", 1).await;
    let mut asked = till.sign("GET", "/v1/feed", Vec::new());
    asked.set("accept", "text/event-stream");
    let mut stream = world.connect().await;
    stream.write_all(&asked.bytes()).await.unwrap();
    until(&mut stream, ": following").await;
    revoke(&world, "Till 1").await;
    until(&mut stream, "0\r\n\r\n").await;
    world.running.stop().await;
}

#[tokio::test]
async fn so_much_is_held_of_a_till_and_then_it_is_told_to_keep_the_rest() {
    let world = World::start().await;
    let mut till = world.till("High Street", "Till 1", 1).await;
    revoke(&world, "Till 1").await;
    let batch = i64::try_from(PUSH_EVENTS_MAX).unwrap();
    for _ in 0..HELD_EVENTS_MAX / PUSH_EVENTS_MAX {
        assert!(pushed(&mut till, batch).await.held);
    }
    let (head, events, _) = till.push(1);
    let asked = till.sign("POST", "/v1/push", ndjson(&head, &events));
    assert_eq!(till.send(&asked).await.problem(), (403, ProblemCode::Forbidden));
    let child = Till::new(2, &world);
    let (mut head, events, _) = child.push(1);
    head.certificates = vec![certified(&till, &child, &till, "Till 1-2")];
    let renamed = child.send(&child.sign("POST", "/v1/push", ndjson(&head, &events))).await;
    assert_eq!(renamed.problem(), (403, ProblemCode::Forbidden), "another name gets no room of its own");
    let seq = till.head.seq;
    let asked_for = AdmitRequest { till: "Till 1".to_owned(), store: None, to: Some(seq.to_string()) };
    assert_eq!(world.running.office.admit(asked_for).await.unwrap().events, seq);
    assert!(till.send(&asked).await.json::<PushAnswer>().held, "there is room again, and it stays out");
    world.running.stop().await;
}

#[tokio::test]
async fn a_till_goes_on_under_so_many_names_and_is_told_then_to_be_enrolled_anew() {
    let world = World::start().await;
    let first = world.till("High Street", "Till 1", 1).await;
    let name = |number: usize| {
        let mut till = Till::new(2, &world);
        till.origin = OriginId(Uuid::from_u128(0x2000 + number as u128));
        till
    };
    let certificate = |number: usize| match number {
        1 => certified(&first, &name(1), &first, "Till 1-1"),
        _ => certified(&first, &name(number), &name(number - 1), &format!("Till 1-{number}")),
    };
    // With the first name these are as many as may be.
    let last = LINEAGE_MAX - 1;
    for number in (15..last).step_by(15).chain([last, last + 1]) {
        let till = name(number);
        let (mut head, events, _) = till.push(1);
        head.certificates = (number.saturating_sub(15) + 1..=number).map(certificate).collect();
        let answer = till.send(&till.sign("POST", "/v1/push", ndjson(&head, &events))).await;
        if number <= last {
            assert_eq!(answer.json::<PushAnswer>().durable.seq, 1, "name {number}");
        } else {
            assert_eq!(answer.problem(), (403, ProblemCode::Forbidden));
        }
    }
    world.running.stop().await;
}

#[tokio::test]
async fn a_lineage_longer_than_an_answer_is_told_part_by_part_until_all_of_it_is_proved() {
    let world = World::start().await;
    let first = world.till("High Street", "Till 1", 1).await;
    let other = world.till("High Street", "Till 2", 3).await;
    let name = |number: usize| {
        let mut till = Till::new(2, &world);
        till.origin = OriginId(Uuid::from_u128(0x2000 + number as u128));
        till
    };
    let certificate = |number: usize| match number {
        1 => certified(&first, &name(1), &first, "Till 1-1"),
        _ => certified(&first, &name(number), &name(number - 1), &format!("Till 1-{number}")),
    };
    let last = 2 * CERTIFICATES_MAX + 3;
    for number in (15..last).step_by(15).chain([last]) {
        let till = name(number);
        let (mut head, events, _) = till.push(1);
        head.certificates = (number.saturating_sub(15).max(1)..=number).map(certificate).collect();
        head.certificates.truncate(CERTIFICATES_MAX);
        assert_eq!(till.send(&till.sign("POST", "/v1/push", ndjson(&head, &events))).await.status, 200);
    }
    let enrolled = other.answer.as_ref().unwrap();
    let mut proved: BTreeMap<OriginId, Certificate> = BTreeMap::new();
    let short = first.origin;
    for handshake in 1..=3 {
        let unproved = vec![name(last).origin, short];
        let asked = HandshakeRequest { unproved, ..HandshakeRequest::of(other.origin, 0) };
        let answer: HandshakeAnswer = other.post("/v1/handshake", &asked).await.json();
        assert!(answer.certificates.len() <= CERTIFICATES_MAX);
        let mut news = Vec::new();
        for origin in answer.certificates.iter().map(|signed| signed.read().unwrap().origin) {
            let known = |origin| proved.get(&origin).cloned();
            let (root, organisation) = (&enrolled.root, enrolled.organisation);
            news.extend(verify_onto(&answer.certificates, known, root, organisation, origin).unwrap());
        }
        proved.extend(news.into_iter().map(|certificate| (certificate.origin, certificate)));
        assert!(proved.contains_key(&short), "a short one is told at once");
        assert_eq!(proved.contains_key(&name(last).origin), handshake == 3);
    }
    world.running.stop().await;
}

#[tokio::test]
async fn who_is_meant_is_said_exactly() {
    let world = World::start().await;
    world.till("High Street", "Till 1", 1).await;
    let other = world.till("Low Street", "Till 1", 2).await;
    let office = &world.running.office;
    let mut asked = RevokeRequest { till: "Till 1".to_owned(), store: None, reason: CloseReason::Replaced };
    let refused = office.revoke(asked.clone()).await.unwrap_err().to_string();
    assert!(refused.contains("--store") && refused.contains("Low Street"), "{refused}");
    let store = other.answer.as_ref().unwrap().certificate.read().unwrap().store.unwrap();
    asked.store = Some(store.to_string());
    assert_eq!(office.revoke(asked.clone()).await.unwrap().closed.len(), 1);
    assert_eq!(other.get("/v1/report").await.problem(), (403, ProblemCode::Forbidden));
    asked.till = "HO".to_owned();
    asked.store = None;
    assert!(office.revoke(asked).await.is_err(), "head office is no till");
    world.running.stop().await;
}

/// A push of one event of a till that goes on from `previous` and is like no other.
fn one_event(till: &Till, previous: Tip, number: usize) -> (Tip, Vec<u8>) {
    let envelope = format!("{{\"seq\":{},\"n\":{number},\"type\":\"test.nothing\"}}", previous.seq + 1);
    let text = EventText { envelope, payload: "{}".to_owned(), seal: None };
    let tip = Tip { seq: previous.seq + 1, hash: text.hash(previous.hash) };
    let seal = Seal::sign(till.key.signing_key(), till.origin, tip).text();
    let head = PushHead { origin: till.origin, previous, seal, certificates: Vec::new() };
    (tip, ndjson(&head, &[text]))
}

#[tokio::test]
async fn an_origin_has_so_many_branches_and_its_writer_goes_on_whatever_others_sign_with_its_key() {
    let world = World::start().await;
    let mut till = world.till("High Street", "Till 1", 1).await;
    assert_eq!(pushed(&mut till, 3).await.durable.seq, 3);
    let send = async |body: Vec<u8>| till.send(&till.sign("POST", "/v1/push", body)).await;
    let mut first = None;
    for number in 0..BRANCHES_MAX {
        let (tip, body) = one_event(&till, Tip::NONE, number);
        let answer: PushAnswer = send(body.clone()).await.json();
        assert!(answer.forked && answer.durable == tip);
        first.get_or_insert((tip, body));
    }
    let (tip, body) = first.unwrap();
    assert!(send(body).await.json::<PushAnswer>().forked, "what is known is acknowledged again");
    let (_, one_more) = one_event(&till, Tip::NONE, BRANCHES_MAX);
    assert_eq!(send(one_more.clone()).await.problem(), (403, ProblemCode::Forbidden));
    let (next, body) = one_event(&till, tip, 0);
    assert_eq!(send(body).await.json::<PushAnswer>().durable, next, "a branch goes on");
    let (own, body) = one_event(&till, till.head, 0);
    assert_eq!(send(body).await.json::<PushAnswer>().durable, own, "and so does the line");
    let answer = shaken(&till).await;
    assert_eq!(answer.tips[&till.origin].len(), BRANCHES_MAX + 1);
    assert!(answer.tips[&till.origin].contains(&own));

    revoke(&world, "Till 1").await;
    let answer: PushAnswer = send(one_more).await.json();
    assert!(answer.held, "what an honest writer could not bring waits for a person");
    world.running.stop().await;
}
