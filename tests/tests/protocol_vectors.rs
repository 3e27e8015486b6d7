//! The values printed in docs/PROTOCOL.md are those that core computes.
//!
//! They were computed by another program in another language, from the formulas in the document alone; here core has to come to the
//! very same bytes. Every row of every block is looked at: one that nobody checks fails.

use std::collections::BTreeMap;

use daybook_core::chain::{Hash, Seal, Skeleton, Tip, event_hash, linked_hash, running_hash, sha256};
use daybook_core::envelope::{Envelope, EventText};
use daybook_core::event::{Event, Reading};
use daybook_core::identity::certificate::{Certificate, SignedCertificate, verify_chain};
use daybook_core::identity::enrol::{
    EnrolAnswerTranscript, EnrolCode, EnrolRequestTranscript, Proof, code_key, server_proof, till_proof,
};
use daybook_core::identity::http_signature::{
    AnswerParts, RequestParts, SignatureHeaders, content_digest, sign_answer, sign_request,
};
use daybook_core::identity::nonce::NonceKey;
use daybook_core::identity::pin::{Pepper, Pin, PinCost, Salt};
use daybook_core::identity::sealed::OpeningKey;
use daybook_core::identity::{KeyPair, PublicKey, Signature, read_base64url};
use daybook_core::ids::OriginId;
use daybook_core::merge::register::{fold, standing};
use daybook_core::project::{Change, Input, project};
use daybook_core::wire::{FeedEntry, PeopleList, PushAnswer, PushHead, SnapshotRecord, people_bound_to};
use daybook_tests::generate::root;
use serde::de::DeserializeOwned;

/// A fenced block of the document: its rows by name.
struct Block(String, BTreeMap<String, String>);

impl Block {
    fn of(name: &str) -> Self {
        let mut found: Vec<Block> = blocks().into_iter().filter(|block| block.0 == name).collect();
        assert_eq!(found.len(), 1, "blocks called {name}");
        found.remove(0)
    }

    fn take(&mut self, row: &str) -> String {
        self.1.remove(row).unwrap_or_else(|| panic!("{} has no row {row}", self.0))
    }

    fn read<T: std::str::FromStr>(&mut self, row: &str) -> T {
        let text = self.take(row);
        text.parse().unwrap_or_else(|_| panic!("{}: {row} = {text}", self.0))
    }

    /// The rows `name.1`, `name.2`… as lines.
    fn lines(&mut self, name: &str) -> String {
        let numbered = (1..).map_while(|number| self.1.remove(&format!("{name}.{number}")));
        numbered.collect::<Vec<_>>().join("\n")
    }

    fn done(self) {
        assert!(self.1.is_empty(), "{}: nobody checks {:?}", self.0, self.1.keys());
    }
}

fn blocks() -> Vec<Block> {
    let document = std::fs::read_to_string(root().join("docs/PROTOCOL.md")).unwrap();
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside = false;
    for line in document.lines() {
        if let Some(name) = line.strip_prefix("```vector ") {
            blocks.push(Block(name.to_owned(), BTreeMap::new()));
            inside = true;
        } else if line == "```" {
            inside = false;
        } else if let (true, Some(block)) = (inside, blocks.last_mut()) {
            let (name, value) = line.split_once(" = ").unwrap_or_else(|| panic!("{}: {line}", block.0));
            let before = block.1.insert(name.to_owned(), value.to_owned());
            assert_eq!(before, None, "{}: {name} stands twice", block.0);
        }
    }
    blocks
}

fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "{text}");
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

fn key(name: &str) -> KeyPair {
    let mut block = Block::of("keys");
    let key = KeyPair::from_seed(hex(&block.take(&format!("{name}.seed"))).try_into().unwrap());
    assert_eq!(key.public().text(), block.take(&format!("{name}.public")));
    key
}

/// A text that core writes the same way again.
fn written_alike<T: DeserializeOwned + serde::Serialize>(text: &str) -> T {
    let value: T = serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(serde_json::to_string(&value).unwrap(), text);
    value
}

/// HMAC-SHA-256 (RFC 2104), so that the printed bytes are checked and not only the proofs over them.
fn hmac(key: [u8; 32], message: &[u8]) -> Hash {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(byte, of_key)| *byte ^= of_key);
        block
    };
    let inner = sha256(&[&pad(0x36), message].concat());
    sha256(&[&pad(0x5c)[..], &inner.0].concat())
}

#[test]
fn numbers_in_the_text_are_those_of_core() {
    use daybook_core::limits as at_most;
    let document = std::fs::read_to_string(root().join("docs/PROTOCOL.md")).unwrap();
    // As it stands in the document: in lines of any length, with thousands apart.
    let text = document.split_whitespace().collect::<Vec<_>>().join(" ").replace(',', "");
    let minutes = |micros: i64| micros / 60_000_000;
    assert_eq!((minutes(at_most::ENROL_CODE_LIFE), minutes(at_most::CLOCK_SKEW_MAX)), (10, 2));
    assert_eq!((at_most::BACKOFF_MILLIS_FIRST, at_most::LIVE_SECONDS_MAX), (500, 60 * 60));
    assert_eq!((at_most::ENROL_CODE_CHARS, at_most::PUSH_BYTES_MAX), (10, 1 << 20));
    assert_eq!(daybook_server::http::sse::POSITION_UNKNOWN, at_most::AMOUNT_MINOR_MAX);
    for words in [
        format!("At most {} certificates are presented", at_most::CERTIFICATES_MAX),
        format!("and with X they are at most {}.", at_most::LINEAGE_MAX),
        format!("each text at most {} bytes", at_most::EVENT_TEXT_BYTES_MAX),
        format!(
            "have 1 to {} characters `series` 1 to {}.",
            at_most::NAME_CHARS_MAX,
            at_most::CODE_CHARS_MAX
        ),
        format!("N being 1 to {} visible ASCII", at_most::CODE_CHARS_MAX),
        format!("microseconds since 1970 / {} rounded down", at_most::NONCE_SECONDS * 1_000_000),
        format!("{} events and {} MiB", at_most::HELD_EVENTS_MAX, at_most::HELD_BYTES_MAX >> 20),
        format!("has at least {} bytes", at_most::COMPRESS_FROM_BYTES),
        format!("in seconds: {} unless the server knows better", at_most::RETRY_AFTER_SECONDS),
        format!("After {} wrong proofs within ten minutes", at_most::ENROL_FAILURES_MAX),
        format!("every {} seconds.", at_most::HEARTBEAT_SECONDS),
        format!("at most {} events and about 1 MiB", at_most::PUSH_EVENTS_MAX),
        format!("A position of {} means", at_most::AMOUNT_MINOR_MAX),
        format!("every {} seconds. The stream ends after an hour", at_most::LIVE_PING_SECONDS),
        format!("silent for {} seconds is dead", at_most::LIVE_SILENCE_SECONDS_MAX),
        format!("gathers them for {} milliseconds", at_most::HINTS_GATHER_MILLIS),
        format!("at most {}; `cursor`", at_most::CONFLICTS_PAGE_MAX),
        format!(
            "begins at 0.5 seconds doubles with every failure in a row and ends at {} seconds",
            at_most::BACKOFF_SECONDS_MAX
        ),
    ] {
        assert!(text.contains(&words), "{words}");
    }
}

#[test]
fn every_block_is_one_that_a_test_here_knows() {
    let names: Vec<String> = blocks().into_iter().map(|block| block.0).collect();
    let known = [
        "keys",
        "chain",
        "seal",
        "snapshot",
        "skeleton",
        "feed",
        "certificate",
        "request",
        "request-without-body",
        "nonce",
        "answer",
        "enrolment",
        "people",
    ];
    let mut sorted = (names.clone(), known.map(str::to_owned).to_vec());
    sorted.0.sort();
    sorted.1.sort();
    assert_eq!(sorted.0, sorted.1);
}

#[test]
fn keys() {
    let mut block = Block::of("keys");
    for name in ["root", "head_office", "till", "child"] {
        key(name);
        block.take(&format!("{name}.seed"));
        block.take(&format!("{name}.public"));
    }
    block.done();
}

#[test]
fn hashes_link_events_into_a_chain() {
    let mut block = Block::of("chain");
    let mut prev = Hash::ZERO;
    for number in 1..=2 {
        let (envelope, payload) =
            (block.take(&format!("{number}.envelope")), block.take(&format!("{number}.payload")));
        let read: Envelope = written_alike(&envelope);
        assert_eq!(read.seq, number);
        let Reading::Known(event) = Event::read(&read.kind, read.v, &payload) else { panic!("{payload}") };
        assert_eq!((event.payload_text(), event.stream()), (payload.clone(), read.stream));
        let (of_envelope, of_payload): (Hash, Hash) = (
            block.read(&format!("{number}.envelope.sha256")),
            block.read(&format!("{number}.payload.sha256")),
        );
        assert_eq!((of_envelope, of_payload), (sha256(envelope.as_bytes()), sha256(payload.as_bytes())));
        assert_eq!(block.read::<Hash>(&format!("{number}.prev")), prev);
        let hash: Hash = block.read(&format!("{number}.hash"));
        assert_eq!(event_hash(prev, envelope.as_bytes(), payload.as_bytes()), hash);
        assert_eq!(linked_hash(prev, of_envelope, of_payload), hash);
        prev = hash;
    }
    block.done();
}

/// The two events of the document: texts, and where they stand.
fn chain() -> (OriginId, Vec<(EventText, Tip)>) {
    let mut block = Block::of("chain");
    let mut origin = None;
    let events = (1..=2).map(|seq| {
        let text = EventText {
            envelope: block.take(&format!("{seq}.envelope")),
            payload: block.take(&format!("{seq}.payload")),
            seal: None,
        };
        origin = Some(text.read_envelope().unwrap().origin);
        (text, Tip { seq, hash: block.read(&format!("{seq}.hash")) })
    });
    let events = events.collect();
    (origin.unwrap(), events)
}

#[test]
fn seals_vouch_for_events() {
    let mut block = Block::of("seal");
    let key = key("till");
    let (origin, events) = chain();
    for (number, (text, tip)) in (1..).zip(events) {
        let seal = Seal::sign(key.signing_key(), origin, tip);
        assert_eq!(block.take(&format!("{number}.seal")), seal.text());
        let bytes = hex(&block.take(&format!("{number}.bytes")));
        assert!(key.public().verify(&bytes, &Signature(seal.0)), "the bytes of seal {number}");
        if number == 1 {
            let line = EventText { seal: Some(seal), ..text }.line();
            assert_eq!(block.take("1.line"), line);
        }
    }
    block.done();
}

#[test]
fn running_hashes_follow_the_entries_of_a_feed() {
    let mut block = Block::of("feed");
    let (_, events) = chain();
    let mut running: Hash = block.read("before");
    assert_eq!(running, Hash::ZERO);
    for (number, (_, tip)) in (1..).zip(&events) {
        running = running_hash(running, tip.hash);
        assert_eq!(block.read::<Hash>(&format!("after.{number}")), running);
    }
    let entry =
        FeedEntry { position: 2, before: events[0].1.hash, skeletons: Vec::new(), text: events[1].0.clone() };
    let mut line = String::new();
    entry.write_line(&mut line);
    assert_eq!(block.take("2.entry"), line);
    assert_eq!(FeedEntry::split(&line), Some(entry.clone()));
    // The same event for a reader who does not hold the one before it.
    let first = &events[0].0;
    let skeletons = vec![Skeleton::of(first.envelope.as_bytes(), first.payload.as_bytes())];
    let linked = FeedEntry { before: Hash::ZERO, skeletons, ..entry.clone() };
    let mut line = String::new();
    linked.write_line(&mut line);
    assert_eq!(block.take("2.linked"), line);
    assert_eq!((linked.prev(), FeedEntry::split(&line)), (entry.prev(), Some(linked)));
    block.done();
}

#[test]
fn skeletons_are_the_two_hashes_of_an_event() {
    let mut block = Block::of("skeleton");
    let (_, events) = chain();
    let mut prev = Hash::ZERO;
    for (number, (text, tip)) in (1..).zip(&events) {
        let skeleton = Skeleton::of(text.envelope.as_bytes(), text.payload.as_bytes());
        assert_eq!(block.take(&format!("{number}.skeleton")), skeleton.text());
        prev = skeleton.hash(prev);
        assert_eq!(prev, tip.hash);
    }
    block.done();
}

#[test]
fn certificates_end_at_the_root() {
    let mut block = Block::of("certificate");
    let root = key("root");
    let mut chain = Vec::new();
    for (name, issuer) in [("head_office", key("root")), ("till", key("root")), ("child", key("till"))] {
        let text = block.take(&format!("{name}.text"));
        let certificate: Certificate = written_alike(&text);
        assert_eq!(certificate.public_key, key(name).public());
        let signed =
            SignedCertificate { certificate: text, signature: block.take(&format!("{name}.signature")) };
        assert_eq!(SignedCertificate::issue(&certificate, &issuer), signed);
        chain.push(signed);
        let verified = verify_chain(&chain, &root.public(), certificate.organisation, certificate.origin);
        assert_eq!(verified, Ok(certificate));
    }
    block.done();
}

#[test]
fn requests_are_signed() {
    let (origin, events) = chain();
    let mut block = Block::of("request");
    let body = block.lines("body") + "\n";
    let mut lines = body.lines();
    let head: PushHead = written_alike(lines.next().unwrap());
    let seal = Seal::sign(key("till").signing_key(), origin, events[1].1);
    assert_eq!((head.origin, head.previous, head.seal), (origin, Tip::NONE, seal.text()));
    let first = Seal::sign(key("till").signing_key(), origin, events[0].1);
    let written: Vec<String> =
        vec![EventText { seal: Some(first), ..events[0].0.clone() }.line(), events[1].0.line()];
    assert_eq!(lines.map(str::to_owned).collect::<Vec<_>>(), written);
    signed_request(&mut block, "POST", "/v1/push", "", body.as_bytes(), origin);
    block.done();

    let mut block = Block::of("request-without-body");
    let query = block.take("query");
    signed_request(&mut block, "GET", "/v1/feed", &query, b"", origin);
    block.done();
}

fn signed_request(block: &mut Block, method: &str, path: &str, query: &str, body: &[u8], origin: OriginId) {
    let digest = block.take("content-digest");
    assert_eq!(content_digest(body), digest);
    let request = block.read("daybook-request");
    let parts = RequestParts { method, path, query, request, content_digest: &digest };
    let nonce = block.take("nonce");
    let signed = sign_request(&parts, &key("till"), origin, block.read("created"), Some(&nonce));
    headers(block, &signed, &key("till").public());
}

fn headers(block: &mut Block, signed: &SignatureHeaders, key: &PublicKey) {
    assert_eq!(block.take("signature-input"), signed.signature_input);
    assert_eq!(block.take("signature"), signed.signature);
    let signature = signed.signature.trim_start_matches("daybook=:").trim_end_matches(":");
    // The header is in base64, every signature elsewhere in base64url.
    let signature = signature.trim_end_matches('=').replace('+', "-").replace('/', "_");
    let signature = Signature(read_base64url(&signature).unwrap());
    assert!(key.verify(block.lines("base").as_bytes(), &signature), "the signature base");
}

#[test]
fn nonces_follow_from_head_offices_key_and_the_time() {
    let mut block = Block::of("nonce");
    let (key, wall) = (NonceKey::of(&key("head_office")), block.read("wall"));
    let nonce = block.take("nonce");
    assert_eq!(key.nonce(wall), nonce);
    assert_eq!(Block::of("request").take("nonce"), nonce);
    let secret: Hash = block.read("nonce_key");
    let bytes = hex(&block.take("bytes"));
    assert_eq!(read_base64url(&nonce), Some(hmac(secret.0, &bytes).0));
    block.done();
}

#[test]
fn answers_are_signed() {
    let mut block = Block::of("answer");
    let body = block.take("body");
    let answer: PushAnswer = written_alike(&body);
    let digest = block.take("content-digest");
    assert_eq!(content_digest(body.as_bytes()), digest);
    let request = block.read("daybook-request");
    assert_eq!(answer.request, request);
    assert_eq!((answer.origin, answer.durable), (chain().0, chain().1[1].1));
    let parts = AnswerParts { status: block.read("status"), request, content_digest: &digest };
    let mut certificates = Block::of("certificate");
    let office: Certificate = serde_json::from_str(&certificates.take("head_office.text")).unwrap();
    let signed = sign_answer(&parts, &key("head_office"), office.origin, block.read("created"));
    headers(&mut block, &signed, &key("head_office").public());
    block.done();
}

#[test]
fn both_sides_prove_the_enrolment_code() {
    let mut block = Block::of("enrolment");
    let text = block.take("code");
    let code = EnrolCode::parse(&text).unwrap();
    assert_eq!(code.to_string(), text);
    assert_eq!(EnrolCode::parse(&block.take("typed")), Ok(code.clone()));
    let secret = code_key(&code);
    assert_eq!(Hash(secret), block.read("code_key"));

    let till_name = block.take("till_name");
    let request = EnrolRequestTranscript {
        origin: block.read("origin"),
        public_key: key("till").public(),
        till_name: &till_name,
        nonce: read_base64url(&block.take("nonce")).unwrap(),
        tls_key: Some(block.read("tls_key")),
    };
    assert_eq!(block.take("public_key"), request.public_key.text());
    let text_of = |proof: Proof| serde_json::to_value(proof).unwrap().as_str().unwrap().to_owned();
    let proof = block.take("till.proof");
    assert_eq!(text_of(till_proof(&secret, &request)), proof);
    assert_eq!(read_base64url(&proof), Some(hmac(secret, &hex(&block.take("till.bytes"))).0));

    let certificate = Block::of("certificate").take("till.text");
    let answer = EnrolAnswerTranscript {
        organisation: block.read("organisation"),
        root: key("root").public(),
        certificate: sha256(certificate.as_bytes()),
    };
    assert_eq!(block.take("root"), answer.root.text());
    assert_eq!(block.read::<Hash>("certificate.sha256"), answer.certificate);
    let proof = block.take("server.proof");
    assert_eq!(text_of(server_proof(&secret, &request, &answer)), proof);
    assert_eq!(read_base64url(&proof), Some(hmac(secret, &hex(&block.take("server.bytes"))).0));
    block.done();
}

#[test]
fn a_snapshot_has_what_nobody_superseded() {
    let mut block = Block::of("snapshot");
    let (mut prev, mut edits) = (Hash::ZERO, Vec::new());
    for number in 1..=3 {
        let row = |name: &str| format!("{number}.{name}");
        let text = EventText {
            envelope: block.take(&row("envelope")),
            payload: block.take(&row("payload")),
            seal: None,
        };
        let envelope: Envelope = text.read_envelope().unwrap();
        prev = text.hash(prev);
        assert_eq!(prev, block.read(&row("hash")));
        let changes = project(&Input::read(envelope.origin, Tip { seq: envelope.seq, hash: prev }, &text));
        edits.extend(changes.into_iter().filter_map(|change| match change {
            Change::Edit(edit) => Some(edit),
            _ => None,
        }));
    }
    let record = block.take("record");
    let read: SnapshotRecord = written_alike(&record);
    assert_eq!(read, SnapshotRecord::of(edits[0].subject.clone(), standing(&edits)));
    assert!(read.is_sound());
    assert_eq!(read.standing().register(), fold(&edits));
    block.done();
}

#[test]
fn people_are_sealed_to_who_asked_and_pins_kept_under_a_pepper() {
    let mut block = Block::of("people");
    let digits = Pin::parse(&block.take("digits")).unwrap();
    let salt = Salt::parse(&block.take("salt")).unwrap();
    let cost = PinCost {
        memory_kib: block.read("memory_kib"),
        passes: block.read("passes"),
        lanes: block.read("lanes"),
    };
    let derived = cost.derive(&digits, &salt).unwrap();
    assert_eq!(block.take("derived"), derived.text());
    let pepper = Pepper::parse(&block.take("pepper")).unwrap();
    let check = pepper.check(block.read("person"), &derived);
    assert_eq!(read_base64url(&block.take("check")), Some(check));

    let random = |text: String| hex(&text).try_into().unwrap();
    let key = OpeningKey::from_random(random(block.take("till.random")));
    assert_eq!(block.take("till.key"), key.public().text());
    let bound = people_bound_to(block.read("origin"), block.read("request"), block.read("revision"));
    let list = block.take("list");
    let people: PeopleList = written_alike(&list);
    assert_eq!(people.people[0].pin.as_ref().map(|pin| &pin.derived), Some(&derived));
    let sealed = key.public().seal(random(block.take("office.random")), &bound, list.as_bytes()).unwrap();
    assert_eq!(
        (block.take("sealed.key"), block.take("sealed.text")),
        (sealed.key.text(), sealed.text.clone())
    );
    assert_eq!(key.open(&sealed, &bound), Some(list.into_bytes()));
    block.done();
}
