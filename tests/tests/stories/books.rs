//! Stories of a till's books: what happens where they are lost, damaged, or where head office does not take part of them.

use daybook_core::sync::till::Status;
use daybook_tests::world::{MONDAY_MORNING, StoryTill, World};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_own_origin_that_head_office_refuses_does_not_hold_up_the_others_and_is_told_of() {
    let world = World::new().await;
    let mut till = world.till("Till 1").await;
    till.open_shift();
    till.sent().await;
    till.go_offline().await;
    till.sell("soap", 1);
    let refused = till.till.waiting();
    let parent = till.till.tip().unwrap().0;
    let (data, _) = till.close().await;
    // Without its journal file the till goes on under a child origin.
    let journal = world.home.path().join("another-journal");
    StoryTill::open(&data, &journal, MONDAY_MORNING + 60_000_000).close().await;
    let keys = data.join("keys.json");
    let mut wrong: Value = serde_json::from_str(&std::fs::read_to_string(&keys).unwrap()).unwrap();
    wrong[parent.to_string()] = json!("A".repeat(43));
    std::fs::write(&keys, wrong.to_string()).unwrap();

    let mut till = StoryTill::open(&data, &journal, MONDAY_MORNING + 120_000_000);
    till.open_shift();
    till.sell("tea", 1);
    till.go_online();
    till.wait_for("the child's events at head office", |till| till.waiting() == refused)
        .await;
    till.wait_for(
        "word of the refused origin",
        |till| matches!(till.status(), Status::Refused(why) if why.contains("'Till 1'")),
    )
    .await;
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["receipts"], json!(1));
    assert_eq!(totals["totals"]["net"], json!(501));
}
