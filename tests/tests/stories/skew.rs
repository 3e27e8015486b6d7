//! Stories of two versions at once. What the next one may say stands in tests/golden/skew/next and grows; nobody of this version may trip over
//! it, and nothing of it may be lost.

use std::path::{Path, PathBuf};

use daybook_core::ids::{OriginId, ProductId};
use daybook_core::sync::till::Status;
use daybook_core::wire::{FeedEntry, HandshakeAnswer, HandshakeRequest, PushAnswer};
use daybook_server::office::Publication;
use daybook_store::events;
use daybook_store::file::open_reader;
use daybook_tests::bench::ground::Place;
use daybook_tests::bench::pusher::Pusher;
use daybook_tests::later::{self, Later};
use daybook_tests::later_office::{Besides, LaterOffice};
use daybook_tests::world::{MONDAY_MORNING, StoryTill, World, put_back};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

const HOUR: i64 = 3_600_000_000;

/// A page of the catalogue of what the next version may say.
fn next<T: DeserializeOwned>(page: &str, names: &[(&str, String)]) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/skew/next").join(page);
    let mut text =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for (name, value) in names {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{page}: {error}"))
}

#[derive(serde::Deserialize)]
struct Said {
    becomes: String,
    #[serde(flatten)]
    event: Later,
}

fn ask<T: rusqlite::types::FromSql>(folder: &Path, sql: &str) -> T {
    open_reader(&folder.join("views.db"))
        .unwrap()
        .query_row(sql, [], |row| row.get(0))
        .unwrap()
}

/// The events of the catalogue as they happen in a world's store: those that are kept, and those that are read.
fn events_to_come(world: &World) -> (Vec<Later>, Vec<Later>) {
    let product: [u8; 16] = ask(&world.office_data(), "SELECT product FROM products WHERE sku = 'tea'");
    let store: [u8; 16] = ask(&world.office_data(), "SELECT store FROM origins WHERE role = 'till' LIMIT 1");
    let names = [
        ("store", uuid::Uuid::from_bytes(store).to_string()),
        ("product", ProductId(uuid::Uuid::from_bytes(product)).to_string()),
    ];
    let (kept, read): (Vec<Said>, Vec<Said>) = next::<Vec<Said>>("events.json", &names)
        .into_iter()
        .partition(|said| said.becomes == "kept");
    assert!(kept.len() > 3 && read.iter().all(|said| said.becomes == "read") && read.len() > 2);
    let events = |said: Vec<Said>| said.into_iter().map(|said| said.event).collect();
    (events(kept), events(read))
}

/// What a log holds of an origin, byte for byte.
fn bytes(folder: &Path, origin: OriginId) -> Vec<(i64, String)> {
    let log = open_reader(&folder.join("log.db")).unwrap();
    let found = events::of_chain(&log, origin, 1, i64::MAX).unwrap();
    found.into_iter().map(|event| (event.tip.seq, event.text.line())).collect()
}

/// Goods that were adjusted, in thousandths.
const ADJUSTED: &str =
    "SELECT coalesce(sum(quantity_thousandths), 0) FROM stock_moves WHERE kind = 'adjusted'";

/// Waits until head office has everything that a till has, and says so.
async fn has_all(world: &World, data: &Path, origin: OriginId) -> Value {
    let started = std::time::Instant::now();
    while bytes(&world.office_data(), origin) != bytes(data, origin) {
        assert!(started.elapsed().as_secs() < 60, "head office does not get everything");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    world.settle().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_later_till_records_is_kept_passed_on_and_handed_back_to_a_head_office_that_lost_it() {
    let mut world = World::new().await;
    let (till, neighbour) = (world.till("Till 1").await, world.till("Till 2").await);
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    let (data, journal) = till.close().await;
    world.settle().await;
    let (kept, read) = events_to_come(&world);
    world.stop_office().await;
    let backup = world.home.path().join("backup");
    put_back(&world.office_data(), &backup, &["log.db"]);
    world.start_office().await;
    let both: Vec<Later> = kept.iter().chain(&read).cloned().collect();
    let (origin, _) = later::write(&data, &journal, &both).unwrap();

    let mut till = StoryTill::open(&data, &journal, MONDAY_MORNING + HOUR);
    till.go_online();
    till.sent().await;
    let totals = has_all(&world, &data, origin).await;
    assert_eq!(totals["quarantined"], json!(kept.len()));
    assert_eq!(ask::<i64>(&world.office_data(), ADJUSTED), -3_000, "understood in spite of what is new");
    let fed = neighbour.data.clone();
    neighbour.wait_for("what is understood", |_| ask::<i64>(&fed, ADJUSTED) == -3_000).await;
    till.sell("roll", 1);
    till.sent().await;

    world.stop_office().await;
    put_back(&backup, &world.office_data(), &["log.db"]);
    world.start_office().await;
    till.shake_hands().await;
    till.sent().await;
    let totals = has_all(&world, &data, origin).await;
    assert_eq!(totals["quarantined"], json!(kept.len()));
    assert_eq!(totals["totals"]["net"], json!(199 + 45));
    assert_eq!(ask::<i64>(&world.office_data(), ADJUSTED), -3_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_later_head_office_says_besides_disturbs_no_till_and_is_kept_for_when_it_is_understood() {
    let world = World::new().await;
    let (till, other) = (world.till("Till 1").await, world.till("Till 2").await);
    till.sent().await;
    let (data, journal) = till.close().await;
    // Something that the next version publishes in a scope of its own.
    let (other_data, other_journal) = other.close().await;
    let gossip = Later::of("gossip.heard", 1, json!({"that": "nobody knows"}));
    let (writer, tips) = later::write(&other_data, &other_journal, &[gossip]).unwrap();
    let mut other = StoryTill::open(&other_data, &other_journal, MONDAY_MORNING + HOUR);
    other.go_online();
    other.open_shift();
    other.sell("roll", 1);
    other.sent().await;
    let log = open_reader(&world.office_data().join("log.db")).unwrap();
    let heard = events::find(&log, writer, tips[0]).unwrap().unwrap();
    let entry = FeedEntry { position: 1, before: heard.prev, skeletons: Vec::new(), text: heard.text };
    let besides: Besides = next("answers.json", &[]);
    world
        .publish(vec![Publication::Staff {
            number: "3".to_owned(),
            name: daybook_core::secret::Secret::new("Ben".to_owned()),
            pin: None,
            role: "cashier".to_owned(),
            store: None,
        }])
        .await;
    let later = LaterOffice::of(world.office().clone(), world.url(), besides.clone(), entry)
        .await
        .unwrap();

    let mut till = StoryTill::open(&data, &journal, MONDAY_MORNING + HOUR);
    till.till.set_server(&format!("http://{}", later.address));
    till.go_online();
    till.open_shift();
    let mut sold = 0;
    let mut everything: std::collections::BTreeSet<String> = besides.members.keys().cloned().collect();
    everything.extend(["hints", "problem", "scope", "conflict"].map(str::to_owned));
    let started = std::time::Instant::now();
    while later.said() != everything {
        assert!(
            started.elapsed().as_secs() < 60,
            "only {:?} was said; {:?}",
            later.said(),
            till.till.status()
        );
        // A push is answered by a problem, and a handshake may say that it arrived all the same: the next one has to have something to send.
        till.sell("soap", 1);
        sold += 1;
        till.clock.hurry(60);
        till.till.sync_now();
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    till.clock.hurry(600);
    till.sent().await;
    till.shake_hands().await;
    till.wait_for("up to date", |till| till.status() == Status::UpToDate).await;
    let people = till.till.people().unwrap();
    assert!(people.iter().any(|tile| tile.name.reveal() == "Ben"), "the list of people came");
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["receipts"], json!(1 + sold), "what was answered so strangely arrived once");
    // What was said in the new scope is here for whoever understands it later, and so is the conflict.
    assert!(events::knows(&open_reader(&data.join("log.db")).unwrap(), writer, tips[0]).unwrap());
    assert_eq!(ask::<i64>(&data, "SELECT count(*) FROM quarantine WHERE unknown"), 1);
    assert_eq!(till.till.conflicts().unwrap(), Vec::new());
    let log = open_reader(&data.join("log.db")).unwrap();
    let record: String = log.query_row("SELECT record FROM conflicts", [], |row| row.get(0)).unwrap();
    let mut record: Map<String, Value> = serde_json::from_str(&record).unwrap();
    assert!(record.remove("revision").is_some());
    assert_eq!(Value::Object(record), besides.conflict);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_later_till_asks_besides_is_passed_over() {
    let mut world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.sent().await;
    world.stop_office().await;
    till.sell("soap", 1);
    let (data, journal): (PathBuf, PathBuf) = till.close().await;
    world.start_office().await;
    let pusher = Pusher::of(&Place::of_till(data, journal), usize::MAX).unwrap();
    let members: std::collections::BTreeMap<String, Map<String, Value>> = next("requests.json", &[]);
    let more = |path: &str, text: &str| {
        let (first, rest) = text.split_once('\n').map_or((text, ""), |(first, rest)| (first, rest));
        let mut first: Map<String, Value> = serde_json::from_str(first).unwrap();
        first.extend(members[path].clone());
        let body = [Value::Object(first).to_string(), rest.to_owned()].join("\n");
        zstd::bulk::compress(body.trim_end().as_bytes(), 1).unwrap()
    };
    let (body, _) = pusher.bodies.last().unwrap();
    let push = String::from_utf8(zstd::bulk::decompress(body, 1 << 23).unwrap()).unwrap();
    let answer = pusher.post(&world.url(), "/v1/push", more("/v1/push", &push)).await.unwrap();
    let answer: PushAnswer = serde_json::from_slice(&answer).unwrap();
    let asked = serde_json::to_string(&HandshakeRequest::of(answer.origin, MONDAY_MORNING)).unwrap();
    let shaken = pusher.post(&world.url(), "/v1/handshake", more("/v1/handshake", &asked)).await.unwrap();
    let shaken: HandshakeAnswer = serde_json::from_slice(&shaken).unwrap();
    assert_eq!(shaken.epoch, answer.epoch);
    assert_eq!(world.settle().await["totals"]["receipts"], json!(1));
}
