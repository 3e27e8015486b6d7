//! Stories of clocks that are wrong, and of what happens when somebody sets them right.

use daybook_core::sync::till::Status;
use daybook_tests::world::{MONDAY_MORNING, StoryTill, World};
use daybook_till::door::types::Request;
use daybook_till::door::{About, Door};
use serde_json::json;

const YEAR: i64 = 365 * 86_400_000_000;

/// The dates on the receipts of a till, the last one first.
fn dates(till: &StoryTill) -> Vec<String> {
    let about = About { version: String::new(), locale: "en-IE".to_owned(), demo: false };
    let door = Door::new(till.till.clone(), about);
    let history = Request::History { filter: String::new(), before: None, limit: 50 };
    let page = door.answer(history).expect("the history");
    let rows = page["rows"].as_array().expect("rows").iter();
    rows.map(|row| row["local_time"].as_str().expect("a time")[..10].to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_a_year_off_stops_no_sale_and_is_corrected_on_the_record() {
    let world = World::new().await;
    let mut till = world.till("Till 1").await;
    till.go_offline().await;
    till.clock.set(MONDAY_MORNING - YEAR);
    till.open_shift();
    till.sell("soap", 1);
    till.go_online();
    till.sent().await;
    till.shake_hands().await;
    till.sell("soap", 1);
    till.sent().await;
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["receipts"], json!(2));
    assert_eq!(totals["quarantined"], json!(0));
    assert_eq!(
        dates(&till),
        ["2026-03-02", "2025-03-02"],
        "the date is right again, whatever the clock shows"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_clock_that_is_set_right_later_harms_neither_the_road_nor_the_date() {
    let world = World::over_tls().await;
    for (name, starts_again) in [("Till 1", false), ("Till 2", true)] {
        let mut till = world.till(name).await;
        till.go_offline().await;
        till.clock.set(MONDAY_MORNING - 11 * YEAR);
        till.go_online();
        till.shake_hands().await;
        till.open_shift();
        till.sell("soap", 1);
        till.sent().await;
        till.go_offline().await;
        if starts_again {
            let (data, journal) = till.close().await;
            till = StoryTill::open(&data, &journal, MONDAY_MORNING + 60_000_000);
        } else {
            till.clock.set(MONDAY_MORNING + 60_000_000);
        }
        till.sell("tea", 1);
        till.go_online();
        till.sent().await;
        till.shake_hands().await;
        till.wait_for("up to date", |till| till.status() == Status::UpToDate).await;
        assert_eq!(dates(&till)[..2], ["2026-03-02"; 2]);
    }
    assert_eq!(world.settle().await["totals"]["net"], json!(2 * (199 + 501)));
}
