//! Stories of read models that cannot be believed: broken rows, and files that stand on another log than the one beside them.

use daybook_core::amount::UnitPrice;
use daybook_core::ids::RequestId;
use daybook_core::wire::HandshakeRequest;
use daybook_server::office::Publication;
use daybook_tests::world::{MONDAY_MORNING, StoryTill, World, break_page, copy_directory};
use daybook_till::door::types::Request;
use daybook_till::door::{About, Door};
use serde_json::json;

const MINUTE: i64 = 60_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_broke_on_the_disk_are_built_anew_and_the_till_sells_on() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    for (spoilt, minute) in [("'x' || fields", 1), ("json_set(fields, '$.currency', 7)", 2)] {
        let (data, journal) = (till.data.clone(), till.journal.clone());
        let (copy, copied_journal) =
            (world.home.path().join(format!("d{minute}")), world.home.path().join(format!("j{minute}")));
        copy_directory(&data, &copy);
        copy_directory(&journal, &copied_journal);
        let views = daybook_store::Reader::open(copy.join("views.db")).unwrap();
        let sql = format!("UPDATE subjects SET fields = {spoilt} WHERE subject = 'settings/organisation'");
        assert_eq!(views.execute(&sql, []).unwrap(), 1);
        drop(views);
        let till = StoryTill::open(&copy, &copied_journal, MONDAY_MORNING + minute * MINUTE);
        assert_eq!(till.sell("tea", 1).1, "Till 1-2", "{spoilt}");
        assert_eq!(till.till.views_trouble(), None, "{spoilt}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn read_models_newer_than_their_log_are_built_anew_on_both_sides() {
    let mut world = World::new().await;
    let mut till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    till.go_offline().await;
    let office = world.home.path().join("office");
    world.stop_office().await;
    let (till_then, office_then) =
        (world.home.path().join("till-then"), world.home.path().join("office-then"));
    copy_directory(&till.data, &till_then);
    copy_directory(&office, &office_then);
    world.start_office().await;
    till.go_online();
    for _ in 0..3 {
        till.sell("tea", 1);
    }
    till.sent().await;
    world.settle().await;
    world.stop_office().await;
    let (data, journal) = till.close().await;
    // Both logs alone come back from a backup; the read models beside them stay as they are.
    for (then, now) in [(&till_then, &data), (&office_then, &office)] {
        for name in ["log.db", "log.db-wal", "log.db-shm"] {
            let _may_be_missing = std::fs::remove_file(now.join(name));
            let _may_be_missing = std::fs::copy(then.join(name), now.join(name));
        }
    }
    world.start_office().await;
    assert_eq!(world.settle().await["totals"]["net"], json!(199), "what the log holds and no more");
    let mut till = StoryTill::open(&data, &journal, MONDAY_MORNING + MINUTE);
    till.open_shift();
    till.sell("roll", 1);
    till.go_online();
    till.sent().await;
    assert_eq!(world.settle().await["totals"]["net"], json!(199 + 3 * 501 + 45));
    let rebuilt = till.till.rebuild().unwrap();
    assert!(rebuilt.equal, "{}", rebuilt.words);
    world.stop_office().await;
    let rebuilt = daybook_server::office::rebuild(&office).unwrap();
    assert!(rebuilt.equal(), "{}", rebuilt.words());
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_only_readers_meet_stops_no_handshake_and_is_mended() {
    let mut world = World::new().await;
    let mut till = world.till("Till 1").await;
    till.open_shift();
    for _ in 0..3 {
        till.sell("gift", 1);
    }
    till.sent().await;
    world.settle().await;
    till.go_offline().await;
    world.stop_office().await;
    let views = world.home.path().join("office/views.db");
    for name in ["conflicts", "conflicts_revision"] {
        break_page(&views, name);
    }
    world.start_office().await;
    let office = world.office();
    let origin = till.till.tip().unwrap().0;
    let certificate = office.certificate(origin).await.unwrap().expect("the till's certificate");
    let lane = daybook_core::sync::scope::conflicts(certificate.store.unwrap());
    let shake = async || {
        let body = HandshakeRequest::of(origin, 0);
        let answer = office.handshake(RequestId(uuid::Uuid::now_v7()), &certificate, body).await;
        answer.expect("hands are shaken").scopes.contains_key(&lane)
    };
    assert!(!shake().await, "the lane cannot be read");
    let started = std::time::Instant::now();
    while !shake().await {
        assert!(started.elapsed().as_secs() < 30, "never mended");
        tokio::task::yield_now().await;
    }
    assert_eq!(office.conflicts(None, true).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_counts_the_products_again_when_the_catalogue_has_grown() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    let about = About { version: String::new(), locale: "en".to_owned(), demo: false };
    let door = Door::new(till.till.clone(), about);
    let products = || door.answer(Request::Status).unwrap()["products"].as_i64().unwrap();
    let before = products();
    assert_eq!(before, till.till.catalogue_size().unwrap());
    world
        .publish(vec![Publication::Product {
            sku: "cup".to_owned(),
            name: "Cup".to_owned(),
            department: None,
            codes: Vec::new(),
            tax_class: "standard".to_owned(),
            tracked: false,
            price: UnitPrice::from_minor(300),
            unit: None,
        }])
        .await;
    till.wait_for("the new product", |till| till.catalogue_size().unwrap() == before + 1)
        .await;
    till.wait_for("the window's count", |_| products() == before + 1).await;
    till.open_shift();
    till.sell("cup", 1);
    assert_eq!(products(), before + 1);
}
