//! Stories of trust on the road: what is old or foreign is not taken, whose access has ended counts nowhere, and the till goes on.

use daybook_core::identity::nonce::NonceKey;
use daybook_core::sync::till::Status;
use daybook_server::office::{AdmitRequest, CloseReason, ReportQuestion, RevokeRequest};
use daybook_store::events;
use daybook_store::file::open_reader;
use daybook_tests::world::{MONDAY_MORNING, StoryTill, World, knows_its_people, put_back};
use daybook_till::door::types::Request;
use daybook_till::door::{About, Door};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_to_synchronise_now_waits_for_no_heartbeat() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    let asked_often = async {
        for _ in 0..5 {
            let answers = till.till.handshakes();
            till.till.sync_now();
            till.wait_for("a handshake", |till| till.handshakes() > answers).await;
        }
    };
    // Five heartbeats take two and a half minutes.
    tokio::time::timeout(std::time::Duration::from_secs(60), asked_often)
        .await
        .expect("no heartbeat is waited for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_whose_nonce_has_aged_asks_once_more_and_its_clock_does_not_matter() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.sell("roll", 1);
    till.sent().await;
    // A year wrong at the till, two hours later at head office.
    till.clock.pass(-365 * 86_400);
    let before = world.office().nonce();
    world.clock.pass(2 * 3_600);
    assert!(!world.office().is_fresh(&before));
    till.sell("roll", 2);
    till.sent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nonces_are_the_same_after_a_restart_and_at_every_holder_of_the_key() {
    let mut world = World::new().await;
    let (nonce, key) = (world.office().nonce(), NonceKey::of(&world.office().key()));
    world.stop_office().await;
    world.start_office().await;
    assert!(world.office().is_fresh(&nonce));
    assert_eq!(key.nonce(world.office().now()), nonce);
}

/// How a till shows its own sales, the newest first: whether head office has them.
fn marks(till: &StoryTill) -> Vec<String> {
    let about = About { version: String::new(), locale: "en-IE".to_owned(), demo: false };
    let door = Door::new(till.till.clone(), about);
    let history = Request::History { filter: String::new(), before: None, limit: 50 };
    let page = door.answer(history).expect("the history");
    let rows = page["rows"].as_array().expect("rows").iter().filter(|row| row["own"] == json!(true));
    rows.map(|row| row["sent"].as_str().expect("a word").to_owned()).collect()
}

fn revoke(till: &str) -> RevokeRequest {
    RevokeRequest { till: till.to_owned(), store: None, reason: CloseReason::Stolen }
}

fn admit(till: &str, to: Option<i64>) -> AdmitRequest {
    AdmitRequest { till: till.to_owned(), store: None, to: to.map(|seq| seq.to_string()) }
}

async fn net(world: &World) -> Value {
    world.settle().await["totals"]["net"].clone()
}

async fn held(world: &World) -> Vec<(String, i64)> {
    let report = world.office().report(ReportQuestion::default()).await.unwrap();
    report.held.into_iter().map(|one| (one.till, one.events)).collect()
}

/// What a till knows of sales in its store, in minor units: all, or those of the till of a name.
fn known(till: &StoryTill, of: Option<&str>) -> i64 {
    let totals = till.till.totals().unwrap();
    let days = totals["till_days"].as_array().expect("days").iter();
    let days = days.filter(|day| of.is_none_or(|name| day["till"] == json!(name)));
    days.map(|day| day["net"].as_i64().expect("an amount")).sum()
}

fn heard(till: &StoryTill) -> i64 {
    known(till, None)
}

fn is_held(till: &daybook_till::Till) -> bool {
    matches!(till.status(), Status::Held(why) if why.contains("stolen"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_till_sells_on_and_what_it_sends_counts_only_once_somebody_lets_it_in() {
    let mut world = World::new().await;
    let (till, neighbour) = (world.till("Till 1").await, world.till("Till 2").await);
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    neighbour.wait_for("the soap", |_| heard(&neighbour) == 199).await;
    let closed = world.office().revoke(revoke("Till 1")).await.unwrap();
    assert_eq!((closed.closed, closed.before), (vec!["Till 1".to_owned()], 0));
    assert_eq!(world.office().revoke(revoke("Till 1")).await.unwrap().before, 1);

    till.sell("tea", 1);
    till.sent().await;
    till.wait_for("word of its end", is_held).await;
    assert_eq!(net(&world).await, json!(199));
    let waiting = held(&world).await;
    assert!(waiting.len() == 1 && waiting[0].0 == "Till 1" && waiting[0].1 > 0, "{waiting:?}");
    assert_eq!(marks(&till), ["here", "at_head_office"]);
    neighbour.open_shift();
    neighbour.sell("roll", 1);
    neighbour.sent().await;
    assert_eq!((net(&world).await, heard(&neighbour)), (json!(199 + 45), 199 + 45));

    // Neither a restart of head office nor one of its read models lets it in.
    world.stop_office().await;
    let office = world.home.path().join("office");
    let rebuilt = daybook_server::office::rebuild(&office).unwrap();
    assert!(rebuilt.equal(), "{}", rebuilt.words());
    world.start_office().await;
    till.sell("roll", 2);
    till.sent().await;
    assert_eq!(net(&world).await, json!(199 + 45));

    let told = world.office().admit(admit("Till 1", None)).await.unwrap();
    assert!(told.events > waiting[0].1 && told.waiting == 0, "{told:?}");
    assert_eq!((net(&world).await, held(&world).await), (json!(199 + 45 + 501 + 90), vec![]));
    neighbour.wait_for("what was held", |_| heard(&neighbour) == 199 + 45 + 501 + 90).await;
    till.shake_hands().await;
    till.wait_for("word that it is let in", |till| till.status() == Status::UpToDate).await;
    assert_eq!(marks(&till), ["at_head_office", "at_head_office", "at_head_office"]);
    world.stop_office().await;
    let rebuilt = daybook_server::office::rebuild(&office).unwrap();
    assert!(rebuilt.equal(), "{}", rebuilt.words());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_lets_in_what_was_recorded_up_to_an_event_and_the_till_stays_out() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    world.office().revoke(revoke("Till 1")).await.unwrap();
    till.sell("tea", 1);
    let honest = till.till.tip().unwrap().1.seq;
    till.sell("gift", 1);
    till.sent().await;
    let refused = world.office().admit(admit("Till 1", Some(honest + 1_000))).await.unwrap_err();
    assert!(refused.to_string().contains("waits"), "{refused}");
    let told = world.office().admit(admit("Till 1", Some(honest))).await.unwrap();
    assert!(told.events > 0 && told.waiting > 0, "{told:?}");
    assert_eq!(net(&world).await, json!(199 + 501));
    till.sell("soap", 1);
    till.sent().await;
    assert_eq!(net(&world).await, json!(199 + 501), "the till stays out");
    till.shake_hands().await;
    till.wait_for("word of what counts", |_| {
        marks(&till) == ["here", "here", "at_head_office", "at_head_office"]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_till_covers_what_it_calls_itself_later_and_a_new_code_begins_anew() {
    let world = World::new().await;
    let mut till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    till.go_offline().await;
    world.office().revoke(revoke("Till 1")).await.unwrap();
    let parent = till.till.tip().unwrap().0;
    let (data, journal) = till.close().await;
    std::fs::remove_dir_all(&journal).unwrap();
    let mut child = StoryTill::open(&data, &journal, MONDAY_MORNING + 60_000_000);
    assert_ne!(child.till.tip().unwrap().0, parent);
    child.open_shift();
    child.sell("gift", 1);
    child.go_online();
    child.sent().await;
    child.wait_for("word of its end", is_held).await;
    assert_eq!(net(&world).await, json!(199));
    // Said once more, it ends the child by name, and what waits of it goes on waiting.
    world.office().revoke(revoke("Till 1")).await.unwrap();
    child.sell("tea", 1);
    child.sent().await;
    assert_eq!(net(&world).await, json!(199), "what waited still waits");
    // The new machine in its place, under its name.
    let (data, journal) = (world.home.path().join("new"), world.home.path().join("new-journal"));
    let mut again = StoryTill::open(&data, &journal, MONDAY_MORNING + 60_000_000);
    let code = world.office().enrol_code("High Street", "Till 1").await.unwrap();
    again.till.enrol(&world.url(), &code, "Till 1").await.unwrap();
    again.go_online();
    again
        .wait_for("prices and people", |till| {
            till.catalogue_size().unwrap_or(0) >= 4 && knows_its_people(till)
        })
        .await;
    again.open_shift();
    again.sell("roll", 1);
    again.sent().await;
    assert_eq!(net(&world).await, json!(199 + 45), "a person made that code");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_till_that_head_office_lost_with_its_log_comes_back_from_another_till() {
    let mut world = World::new().await;
    let (one, two) = (world.till("Till 1").await, world.till("Till 2").await);
    for till in [&one, &two] {
        till.open_shift();
        till.sell("soap", 1);
        till.sent().await;
    }
    world.stop_office().await;
    let backup = world.home.path().join("backup");
    put_back(&world.office_data(), &backup, &["log.db"]);
    world.start_office().await;
    world.office().revoke(revoke("Till 1")).await.unwrap();
    let office = world.office().origin();
    let has_heard = |_: &daybook_till::Till| {
        let log = open_reader(&two.data.join("log.db")).unwrap();
        let said = events::of_chain(&log, office, 1, i64::MAX).unwrap();
        said.iter().any(|event| event.text.envelope.contains("origin.closed"))
    };
    two.shake_hands().await;
    two.wait_for("word of the other's end", has_heard).await;
    world.stop_office().await;
    put_back(&backup, &world.office_data(), &["log.db"]);
    world.start_office().await;

    two.clock.hurry(600);
    two.till.sync_now();
    let origin = one.till.tip().unwrap().0;
    let started = std::time::Instant::now();
    while world.office().closing(origin).is_none() {
        assert!(started.elapsed().as_secs() < 60, "the end of the till did not come back");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    one.clock.hurry(600);
    one.sell("tea", 1);
    one.till.sync_now();
    one.sent().await;
    one.wait_for("word of its end", is_held).await;
    assert_eq!(net(&world).await, json!(2 * 199));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_that_starts_after_head_office_was_made_anew_gets_its_first_nonce_from_a_stranger() {
    let mut world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    let (data, journal) = till.close().await;
    world.stop_office().await;
    let kit = world.home.path().join("kit.json");
    std::fs::copy(world.office_data().join("identity-kit.json"), &kit).unwrap();
    std::fs::remove_dir_all(world.office_data()).unwrap();
    world.found_again(&kit);
    world.start_office().await;
    let mut till = StoryTill::open(&data, &journal, MONDAY_MORNING + 60_000_000);
    till.go_online();
    till.shake_hands().await;
    till.wait_for("up to date", |till| till.status() == Status::UpToDate).await;
    assert_eq!(net(&world).await, json!(199));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_revoked_and_admitted_in_whatever_order_a_rebuild_finds_the_same() {
    for seed in 1..=3_u64 {
        let mut world = World::new().await;
        let tills = [world.till("Till 1").await, world.till("Till 2").await];
        tills.iter().for_each(StoryTill::open_shift);
        let mut dice = seed;
        let mut throw = |sides: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (dice >> 33) % sides
        };
        for _ in 0..24 {
            let number = usize::try_from(throw(2)).unwrap();
            let (till, name) = (&tills[number], ["Till 1", "Till 2"][number]);
            match throw(6) {
                0 => drop(world.office().revoke(revoke(name)).await.unwrap()),
                // There may be nothing to let in.
                1 => drop(world.office().admit(admit(name, None)).await),
                2 => {
                    let tip = till.till.tip().unwrap().1.seq;
                    let to = tip - i64::try_from(throw(4)).unwrap();
                    drop(world.office().admit(admit(name, Some(to))).await);
                }
                _ => {
                    till.sell(["roll", "soap", "tea"][usize::try_from(throw(3)).unwrap()], 1);
                    till.sent().await;
                }
            }
        }
        let before = world.settle().await["read_models"].clone();
        world.stop_office().await;
        let office = world.home.path().join("office");
        let rebuilt = daybook_server::office::rebuild(&office).unwrap();
        assert!(rebuilt.equal(), "seed {seed}: {}", rebuilt.words());
        world.start_office().await;
        assert_eq!(world.settle().await["read_models"], before, "seed {seed}");
        for name in ["Till 1", "Till 2"] {
            // There may be nothing to let in.
            drop(world.office().admit(admit(name, None)).await);
        }
        let sold = known(&tills[0], Some("Till 1")) + known(&tills[1], Some("Till 2"));
        assert_eq!(net(&world).await, json!(sold), "seed {seed}: nothing is lost, nothing counts twice");
        for till in &tills {
            till.till.sync_now();
            till.wait_for("everybody's sales", |_| heard(till) == sold).await;
        }
    }
}
