//! Stories of a till that begins with a snapshot: it sells before it has read everything, and in the end knows what everybody knows.

use std::path::Path;

use daybook_core::amount::UnitPrice;
use daybook_core::limits::SNAPSHOT_RECORDS_MAX;
use daybook_core::sync::till::Status;
use daybook_server::office::Publication;
use daybook_store::Reader;
use daybook_store::views::read_models_digest;
use daybook_tests::world::{MONDAY_MORNING, StoryTill, World, copy_directory, knows_its_people};
use daybook_till::Till;

/// Products beyond those of every world: more than one page of a snapshot.
const MANY: i64 = 2_550;

fn product(number: i64, cents: i64) -> Publication {
    Publication::Product {
        sku: format!("p{number}"),
        name: format!("Product {number}"),
        department: Some("Many".to_owned()),
        codes: vec![format!("30000000{number:0>5}")],
        tax_class: "standard".to_owned(),
        tracked: false,
        price: UnitPrice::from_minor(cents),
        unit: None,
    }
}

/// A large catalogue, some of it changed twice.
async fn publish_many(world: &World) {
    assert!(usize::try_from(MANY).is_ok_and(|many| many > SNAPSHOT_RECORDS_MAX));
    world.publish((0..MANY).map(|number| product(number, 100)).collect()).await;
    for cents in [150, 200] {
        world.publish((0..MANY).step_by(7).map(|number| product(number, cents)).collect()).await;
    }
}

/// A till that belongs to the store and has heard nothing yet.
async fn new_till(world: &World, name: &str) -> StoryTill {
    let (data, journal) = (world.home.path().join(name), world.home.path().join(format!("{name}-journal")));
    let till = StoryTill::open(&data, &journal, MONDAY_MORNING);
    let code = world.office().enrol_code("High Street", name).await.expect("a code");
    till.till.enrol(&world.url(), &code, name).await.expect("enrolled");
    till
}

fn known(till: &Till) -> i64 {
    till.catalogue_size().unwrap_or(0)
}

/// Goes online until more products are known than before, or all of them, and is closed and opened again.
async fn learns_some_and_starts_again(mut till: StoryTill, products: i64) -> StoryTill {
    let before = known(&till.till);
    till.go_online();
    till.wait_for("more products", |till| known(till) > before || known(till) == products)
        .await;
    let (data, journal) = till.close().await;
    StoryTill::open(&data, &journal, MONDAY_MORNING)
}

/// How many records of a snapshot a till was ever told, and how many it still keeps.
fn told(data: &Path) -> (i64, i64) {
    let log = Reader::open(data.join("log.db")).unwrap();
    let ask = |sql: &str| log.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let ever = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'snapshot'";
    (ask(ever), ask("SELECT count(*) FROM snapshot"))
}

async fn is_in_step(till: &StoryTill, products: i64) {
    till.wait_for("everything", |till| {
        known(till) == products && knows_its_people(till) && till.status() == Status::UpToDate
    })
    .await;
    till.wait_for("the end of the snapshot", |_| told(&till.data).1 == 0).await;
}

/// What a till knows, once it is closed, in one hash; and it is what a rebuild makes of its log.
async fn knows(till: StoryTill) -> String {
    let rebuilt = till.till.rebuild().unwrap();
    assert!(rebuilt.equal, "{}", rebuilt.words);
    let (data, _) = till.close().await;
    read_models_digest(&Reader::open(data.join("views.db")).unwrap()).unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_that_starts_from_a_snapshot_knows_what_one_that_read_the_whole_feed_knows() {
    let world = World::new().await;
    let followed = world.till("Till 1").await;
    publish_many(&world).await;
    let mut till = new_till(&world, "Till 2").await;
    for _ in 0..3 {
        till = learns_some_and_starts_again(till, 4 + MANY).await;
    }
    till.go_online();
    // What changes while it reads the past is not waited for until it has read it.
    world.publish(vec![product(7, 333), product(MANY, 444)]).await;
    till.wait_for("all products", |till| known(till) == 5 + MANY && knows_its_people(till))
        .await;
    till.open_shift();
    till.wait_for("the new price", |till| {
        till.search("3000000000007", 1)
            .unwrap()
            .iter()
            .any(|row| row.price == Some(UnitPrice::from_minor(333)))
    })
    .await;
    till.sell("3000000000007", 1);
    till.sell("3000000000014", 1);
    for till in [&followed, &till] {
        till.sent().await;
        is_in_step(till, 5 + MANY).await;
    }
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["net"], serde_json::json!(333 + 200));
    assert_eq!(totals["conflicts"], serde_json::json!({}));
    assert_eq!(told(&followed.data), (0, 0));
    assert!(told(&till.data).0 >= MANY, "it began with a snapshot");
    followed
        .wait_for("the sales of the other", |till| {
            till.totals().unwrap()["till_days"].as_array().unwrap().len() == 1
        })
        .await;
    for till in [&followed, &till] {
        till.shake_hands().await;
        is_in_step(till, 5 + MANY).await;
    }
    assert_eq!(knows(followed).await, knows(till).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_office_that_is_put_back_in_the_middle_of_a_snapshot_leaves_nothing_of_it_behind() {
    let mut world = World::new().await;
    publish_many(&world).await;
    world.stop_office().await;
    let (office, backup) = (world.office_data(), world.home.path().join("backup"));
    copy_directory(&office, &backup);
    world.start_office().await;
    world.publish(vec![product(7, 333), product(MANY, 444)]).await;
    let till = new_till(&world, "Till 1").await;
    let till = learns_some_and_starts_again(till, 5 + MANY).await;
    assert!(told(&till.data).0 > 0, "it began with a snapshot");
    world.stop_office().await;
    std::fs::remove_dir_all(&office).unwrap();
    copy_directory(&backup, &office);
    world.start_office().await;
    let mut till = till;
    till.go_online();
    till.till.set_server(&world.url());
    till.wait_for("the new epoch", |till| till.handshakes() > 0).await;
    let products = async |till: &StoryTill| {
        till.wait_for("being in step", |till| till.status() == Status::UpToDate && knows_its_people(till))
            .await;
        till.wait_for("the end of the snapshot", |_| told(&till.data).1 == 0).await;
        known(&till.till)
    };
    let mut other = new_till(&world, "Till 2").await;
    other.go_online();
    for till in [&till, &other] {
        till.shake_hands().await;
        products(till).await;
    }
    for till in [&till, &other] {
        till.shake_hands().await;
    }
    assert_eq!(products(&till).await, products(&other).await);
    assert_eq!(knows(till).await, knows(other).await);
}
