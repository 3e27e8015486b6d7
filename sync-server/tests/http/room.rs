//! Bodies of known senders are bounded in total, and so is what one of them asks for at once.

use std::time::Duration;

use daybook_core::chain::{Seal, Tip};
use daybook_core::envelope::EventText;
use daybook_core::limits::RETRY_AFTER_SECONDS;
use daybook_core::wire::{HandshakeRequest, ProblemCode, PushAnswer, PushHead};
use daybook_server::http::Limits;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::world::{Asked, Reply, Till, World, ndjson};

/// A push that is no small body: two events of 40 KB each.
fn large(till: &Till) -> Asked {
    let mut tip = Tip::NONE;
    let mut event = |seq: i64| {
        let payload = format!("{{\"n\":\"{}\"}}", "x".repeat(40_000));
        let text = EventText { envelope: format!("{{\"seq\":{seq}}}"), payload, seal: None };
        tip = Tip { seq, hash: text.hash(tip.hash) };
        text
    };
    let events = vec![event(1), event(2)];
    let seal = Seal::sign(till.key.signing_key(), till.origin, tip).text();
    let head = PushHead { origin: till.origin, previous: Tip::NONE, seal, certificates: Vec::new() };
    till.sign("POST", "/v1/push", ndjson(&head, &events))
}

/// Sends all of a request but its last bytes, and says what these are.
async fn begin(world: &World, asked: &Asked) -> (TcpStream, Vec<u8>) {
    let mut stream = world.connect().await;
    let mut bytes = asked.bytes();
    let rest = bytes.split_off(bytes.len() - 10);
    stream.write_all(&bytes).await.unwrap();
    // Until the server has read the head there is nothing that others would have to wait for.
    tokio::time::sleep(Duration::from_millis(200)).await;
    (stream, rest)
}

async fn shake(till: &Till) -> Reply {
    till.post("/v1/handshake", &HandshakeRequest::of(till.origin, 0)).await
}

#[track_caller]
fn assert_busy(reply: &Reply) {
    assert_eq!(reply.problem(), (503, ProblemCode::Busy));
    assert_eq!(reply.header("retry-after"), Some(RETRY_AFTER_SECONDS.to_string().as_str()));
}

#[tokio::test]
async fn large_bodies_wait_for_each_other_and_a_handshake_waits_for_none_of_them() {
    let room = Duration::from_millis(100);
    let limits = Limits { large_bodies: (100_000, 1 << 20), room, ..Limits::default() };
    let world = World::within(limits).await;
    let one = world.till("High Street", "Till 1", 1).await;
    let two = world.till("High Street", "Till 2", 2).await;
    let (mut stream, rest) = begin(&world, &large(&one)).await;
    assert_busy(&two.send(&large(&two)).await);
    assert_eq!(shake(&two).await.status, 200);
    stream.write_all(&rest).await.unwrap();
    assert_eq!(Reply::read(&mut stream).await.json::<PushAnswer>().durable.seq, 2);
    assert_eq!(two.send(&large(&two)).await.json::<PushAnswer>().durable.seq, 2, "there is room again");

    // Who hangs up gives its room back as well.
    drop(begin(&world, &large(&one)).await);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(two.send(&large(&two)).await.status, 200);
    world.running.stop().await;
}

#[tokio::test]
async fn one_till_asks_for_so_much_at_once_and_others_are_not_concerned() {
    let world = World::within(Limits { requests_of_one: 1, ..Limits::default() }).await;
    let one = world.till("High Street", "Till 1", 1).await;
    let two = world.till("High Street", "Till 2", 2).await;
    let (mut stream, rest) = begin(&world, &large(&one)).await;
    assert_busy(&shake(&one).await);
    assert_eq!(shake(&two).await.status, 200);
    stream.write_all(&rest).await.unwrap();
    assert_eq!(Reply::read(&mut stream).await.status, 200);
    assert_eq!(shake(&one).await.status, 200);
    world.running.stop().await;
}
