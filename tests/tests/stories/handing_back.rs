//! Stories of what comes back: a head office that was restored, copied back or wiped, and a till that was.
//!
//! Whoever holds bytes that somebody lost hands them back, whoever wrote them; and everybody is told that a new epoch began.

use std::path::Path;

use daybook_core::amount::{Minor, UnitPrice};
use daybook_core::conflict::{Conflict, Kind};
use daybook_core::event::sale::BegunAs;
use daybook_core::ids::{OriginId, SaleId};
use daybook_core::sync::till::Status;
use daybook_server::office::{Publication, ReportQuestion};
use daybook_store::file::open_reader;
use daybook_store::{events, links};
use daybook_tests::world::{
    MONDAY_MORNING, StoryTill, World, copy_directory, knows_its_people, notices, put_back,
};
use daybook_till::Command;
use daybook_till::door::types::Ailment;
use serde_json::json;

const MINUTE: i64 = 60_000_000;
/// Everything that head office keeps: its log, its anchor, its keys, its people, its read models.
const ALL: &[&str] = &["log.db", "epoch", "identity", "people.db", "views.db"];

fn late() -> Publication {
    Publication::Product {
        sku: "late".to_owned(),
        name: "Latecomer".to_owned(),
        department: None,
        codes: vec!["4000000000017".to_owned()],
        tax_class: "standard".to_owned(),
        tracked: false,
        price: UnitPrice::from_minor(999),
        unit: None,
    }
}

fn sold(till: &daybook_till::Till) -> i64 {
    let days = till.totals().unwrap();
    days["till_days"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| day["net"].as_i64().unwrap())
        .sum()
}

/// What head office has of an origin: how many events, and how many of them as links only.
fn held(world: &World, origin: OriginId) -> (usize, i64) {
    let log = open_reader(&world.office_data().join("log.db")).unwrap();
    let whole = events::of_chain(&log, origin, 1, i64::MAX).unwrap().len();
    (whole, links::missing(&log, origin).unwrap())
}

/// Waits until head office has so many receipts with content, and knows by name where they were given.
async fn receipts(world: &World, count: i64) -> serde_json::Value {
    let started = std::time::Instant::now();
    loop {
        let totals = world.settle().await;
        let has_names = totals["totals"]["shops"].get("").is_none();
        if has_names && totals["totals"]["receipts"] == json!(count) {
            return totals;
        }
        assert!(started.elapsed().as_secs() < 60, "{totals}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// Two tills with a sale each at head office, which is then copied; then a product more and a sale more of each, told to both.
async fn a_day_with_a_backup_in_between(world: &mut World) -> (StoryTill, StoryTill, std::path::PathBuf) {
    let (one, two) = (world.till("Till 1").await, world.till("Till 2").await);
    for till in [&one, &two] {
        till.open_shift();
        till.sell("soap", 1);
        till.sent().await;
    }
    world.stop_office().await;
    let backup = world.home.path().join("backup");
    put_back(&world.office_data(), &backup, ALL);
    world.start_office().await;
    world.publish(vec![late()]).await;
    one.sell("tea", 1);
    two.sell("roll", 1);
    for till in [&one, &two] {
        till.clock.hurry(60);
        till.sent().await;
        till.wait_for("what the other sold, and the new product", |till| {
            sold(till) == 2 * 199 + 501 + 45 && till.catalogue_size().unwrap_or(0) == 5
        })
        .await;
        till.shake_hands().await;
        till.wait_for("up to date", |till| till.status() == Status::UpToDate).await;
    }
    (one, two, backup)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_put_back_begins_a_new_epoch_and_one_till_hands_back_what_the_dead_and_head_office_wrote()
 {
    let mut world = World::new().await;
    let (one, two, backup) = a_day_with_a_backup_in_between(&mut world).await;
    let (epoch, origin) = (world.office().epoch(), world.office().origin());
    let (dead, written) = (one.till.tip().unwrap().0, one.till.tip().unwrap().1.seq);
    let (data, journal) = one.close().await;
    world.stop_office().await;
    put_back(&backup, &world.office_data(), &["log.db"]);
    world.start_office().await;
    assert_ne!(world.office().epoch(), epoch, "the log lies behind its anchor");
    assert_ne!(world.office().origin(), origin, "head office goes on under a child");

    two.clock.hurry(600);
    two.till.sync_now();
    let totals = receipts(&world, 4).await;
    assert_eq!(totals["totals"]["net"], json!(2 * 199 + 501 + 45));
    assert_eq!(totals["conflicts"], json!({}));
    assert_eq!(totals["journal_balanced"], json!(true));
    // Its own words are back as well: what stands already is not written again.
    two.shake_hands().await;
    two.wait_for("up to date", |till| till.status() == Status::UpToDate).await;
    assert_eq!(world.office().publish(vec![late()]).await.unwrap().events, 0);
    // Of the dead till's cart, which travels to nobody, head office knows that it is missing.
    let (_, missing) = held(&world, dead);
    assert!(missing > 0, "cart lines are known as links");

    // So does everybody who had heard it confirmed.
    two.shake_hands().await;
    assert!(notices(&two.till).contains(&(Ailment::OfficeLacks, false)));

    let report = world.office().report(ReportQuestion::default()).await.unwrap();
    assert!(report.missing.iter().all(|missing| missing.till == "Till 1" && missing.linked), "{report:?}");
    assert_eq!(report.missing.iter().map(|run| run.last - run.first + 1).sum::<i64>(), missing);
    assert!(report.words().contains("missing, last heard"), "{}", report.words());

    // The dead comes back to life, and brings what nobody else had.
    let mut one = StoryTill::open(&data, &journal, MONDAY_MORNING + MINUTE);
    one.go_online();
    one.sent().await;
    let started = std::time::Instant::now();
    while held(&world, dead).1 > 0 && started.elapsed().as_secs() < 60 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    two.shake_hands().await;
    assert!(!notices(&two.till).contains(&(Ailment::OfficeLacks, false)), "it has what it had confirmed");
    let (whole, missing) = held(&world, dead);
    assert_eq!(missing, 0);
    assert!(i64::try_from(whole).unwrap() > written, "all of it, and a run more");
    assert_eq!(receipts(&world, 4).await["totals"]["net"], json!(2 * 199 + 501 + 45));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_office_put_back_with_its_anchor_learns_from_a_till_that_it_wrote_more() {
    let mut world = World::new().await;
    let (one, two, backup) = a_day_with_a_backup_in_between(&mut world).await;
    let (epoch, origin) = (world.office().epoch(), world.office().origin());
    world.stop_office().await;
    put_back(&backup, &world.office_data(), ALL);
    world.start_office().await;
    assert_eq!(
        (world.office().epoch(), world.office().origin()),
        (epoch.clone(), origin),
        "nothing here tells"
    );
    for till in [&one, &two] {
        till.clock.hurry(600);
        till.till.sync_now();
    }
    let totals = receipts(&world, 4).await;
    assert_eq!(totals["totals"]["net"], json!(2 * 199 + 501 + 45));
    assert_ne!(world.office().epoch(), epoch);
    assert_ne!(world.office().origin(), origin);
    for till in [&one, &two] {
        till.shake_hands().await;
        till.wait_for("up to date", |till| till.status() == Status::UpToDate).await;
    }
    assert_eq!(world.office().publish(vec![late()]).await.unwrap().events, 0);
    assert_eq!(world.settle().await["conflicts"], json!({}), "nothing was forked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_put_back_to_just_before_a_price_was_published_is_missed_before_head_office_writes_beside_it() {
    let mut world = World::new().await;
    world.stop_office().await;
    let backup = world.home.path().join("backup");
    put_back(&world.office_data(), &backup, ALL);
    world.start_office().await;
    let epoch = world.office().epoch();
    world.publish(vec![late()]).await;
    world.stop_office().await;
    // A power cut leaves the anchor behind the log in everything that it follows at leisure, not in what head office wrote itself.
    let read = |data: &Path| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(data.join("epoch")).unwrap()).unwrap()
    };
    let (mut anchor, own) = (read(&backup), read(&world.office_data())["own"].clone());
    assert_ne!(anchor["own"], own);
    anchor["own"] = own;
    put_back(&backup, &world.office_data(), &["log.db"]);
    std::fs::write(world.office_data().join("epoch"), anchor.to_string()).unwrap();
    world.start_office().await;
    assert_ne!(world.office().epoch(), epoch);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_head_office_is_the_same_organisation_by_its_kit_and_is_refilled_by_its_tills() {
    let mut world = World::new().await;
    let (mut one, two, _) = a_day_with_a_backup_in_between(&mut world).await;
    let before = world.settle().await;
    let organisation = world.office().organisation();
    let dead = one.till.tip().unwrap().0;
    one.go_offline().await;
    world.stop_office().await;
    let kit = world.home.path().join("kit-out-of-the-safe.json");
    std::fs::rename(world.office_data().join("identity-kit.json"), &kit).unwrap();
    std::fs::remove_dir_all(world.office_data()).unwrap();
    world.found_again(&kit);
    world.start_office().await;
    assert_eq!(world.office().organisation(), organisation);

    two.clock.hurry(600);
    two.till.sync_now();
    let totals = receipts(&world, 4).await;
    assert_eq!(totals["totals"], before["totals"]);
    assert!(held(&world, dead).1 > 0, "a neighbour's carts are known as links");
    assert!(knows_its_people(&two.till), "tills keep the people that head office does not know any more");
    one.clock.hurry(600);
    one.go_online();
    one.sent().await;
    one.wait_for("up to date", |till| till.status() == Status::UpToDate).await;
    two.sell("late", 1);
    two.sent().await;
    let totals = receipts(&world, 5).await;
    assert_eq!(totals["totals"]["net"], json!(2 * 199 + 501 + 45 + 999));
    assert_eq!(totals["conflicts"], json!({}));
    assert_eq!(world.office().publish(vec![late()]).await.unwrap().events, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_that_was_put_back_goes_on_as_a_child_and_takes_back_what_it_lost() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    let (data, journal) = till.close().await;
    let copy = |from: &Path, name: &str| {
        let to = world.home.path().join(name);
        copy_directory(from, &to);
        to
    };
    let (old_data, old_journal) = (copy(&data, "old"), copy(&journal, "old-journal"));
    let mut till = StoryTill::open(&data, &journal, MONDAY_MORNING + MINUTE);
    till.go_online();
    till.sell("tea", 2);
    till.sent().await;
    let (parent, last) = till.till.tip().unwrap();
    till.close().await;

    let mut restored = StoryTill::open(&old_data, &old_journal, MONDAY_MORNING + 2 * MINUTE);
    restored.go_online();
    restored.wait_for("a child origin", |till| till.tip().unwrap().0 != parent).await;
    let lost = |data: &Path| {
        let log = open_reader(&data.join("log.db")).unwrap();
        events::knows(&log, parent, last).unwrap()
    };
    restored.wait_for("what it lost", |_| lost(&old_data)).await;
    assert!(restored.till.shift_day().is_none(), "a child origin opens a new shift");
    restored.open_shift();
    restored.sell("roll", 1);
    restored.sent().await;
    assert_eq!(sold(&restored.till), 199 + 2 * 501 + 45);
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["net"], json!(199 + 2 * 501 + 45));
    assert_eq!(totals["conflicts"], json!({"fork": 1}));
}

/// A till that was copied with its journal file when it stood like this: the original and its twin.
async fn twins(world: &World, till: StoryTill) -> (StoryTill, StoryTill) {
    till.sent().await;
    let (data, journal) = till.close().await;
    let (copy, copied_journal) = (world.home.path().join("copy"), world.home.path().join("copy-journal"));
    copy_directory(&data, &copy);
    copy_directory(&journal, &copied_journal);
    let original = StoryTill::open(&data, &journal, MONDAY_MORNING + MINUTE);
    let twin = StoryTill::open(&copy, &copied_journal, MONDAY_MORNING + 2 * MINUTE);
    (original, twin)
}

/// Everybody tells head office; the kinds of conflicts that wait then, with the one asked for.
async fn told(world: &World, tills: [&mut StoryTill; 2], kind: Kind) -> (serde_json::Value, Conflict) {
    for till in tills {
        till.go_online();
        till.sent().await;
    }
    let totals = world.settle().await;
    let found = world.office().conflicts(None, false).await.unwrap();
    let of_kind = found.into_iter().map(|record| record.conflict).find(|conflict| conflict.kind == kind);
    (totals, of_kind.expect("a conflict of that kind"))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_cart_that_two_copies_of_a_till_completed_is_a_conflict_with_both_receipts() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.begin(BegunAs::Sale);
    till.add("tea", 1);
    let (mut original, mut twin) = twins(&world, till).await;
    original.pay();
    twin.add("roll", 1);
    twin.pay();
    let (totals, conflict) = told(&world, [&mut original, &mut twin], Kind::CompletedTwice).await;
    assert_eq!(totals["totals"]["receipts"], json!(2), "both stand");
    assert_eq!(totals["conflicts"], json!({"completed_twice": 1, "fork": 1}));
    assert!(conflict.story.starts_with("One cart was completed twice"), "{}", conflict.story);
    assert_eq!(conflict.parties.len(), 2);
    assert_eq!(conflict.money_minor, Minor::new(501 + 45));
    world.office().answer(&conflict.id, "pay_back").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sale_set_aside_that_two_copies_recalled_is_a_conflict() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    let parked = till.begin(BegunAs::Sale);
    till.add("tea", 1);
    till.act(Command::ParkSale);
    let (mut original, mut twin) = twins(&world, till).await;
    for till in [&original, &twin] {
        till.act(Command::RecallSale { parked, sale: SaleId(uuid::Uuid::now_v7()) });
        till.pay();
    }
    let (totals, conflict) = told(&world, [&mut original, &mut twin], Kind::CompletedTwice).await;
    assert_eq!(totals["conflicts"], json!({"completed_twice": 1, "fork": 1}));
    assert!(
        conflict.story.starts_with("A sale that was set aside was completed twice"),
        "{}",
        conflict.story
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_shift_that_two_copies_of_a_till_closed_is_a_conflict() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    let (mut original, mut twin) = twins(&world, till).await;
    original.sell("tea", 1);
    for till in [&original, &twin] {
        till.act(Command::CloseShift);
    }
    let (totals, conflict) = told(&world, [&mut original, &mut twin], Kind::ClosedTwice).await;
    assert_eq!(totals["conflicts"], json!({"closed_twice": 1, "fork": 1}));
    assert_eq!(conflict.money_minor, Minor::new(501), "what the copies differ by");
    assert_eq!(conflict.parties.len(), 2);
}
