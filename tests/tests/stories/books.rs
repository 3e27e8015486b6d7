//! Stories of a till's books: what happens where they are lost, damaged, or where head office does not take part of them.

use std::path::{Path, PathBuf};

use daybook_core::event::sale::BegunAs;
use daybook_core::ids::CommandId;
use daybook_core::sale::tender::TenderStatement;
use daybook_core::sync::till::Status;
use daybook_tests::world::{MONDAY_MORNING, StoryTill, World, copy_directory, knows_its_people};
use daybook_till::Command;
use serde_json::{Value, json};
use uuid::Uuid;

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

/// What the till's own read models say was sold; stores have names only once head office was heard.
fn sold(till: &StoryTill) -> Value {
    let mut days = till.till.totals().unwrap()["till_days"].clone();
    days.as_array_mut().into_iter().flatten().for_each(|day| day["shop"] = Value::Null);
    days
}

fn log_files(data: &Path) -> [PathBuf; 3] {
    ["log.db", "log.db-wal", "log.db-shm"].map(|name| data.join(name))
}

fn delete_log(data: &Path) {
    for file in log_files(data) {
        let _may_be_missing = std::fs::remove_file(file);
    }
}

fn overwrite_log(data: &Path) {
    for file in log_files(data) {
        if let Ok(meta) = std::fs::metadata(&file) {
            std::fs::write(&file, vec![0xA5; usize::try_from(meta.len()).unwrap()]).unwrap();
        }
    }
}

/// A till sells, also without a network; then its log is destroyed. It opens, has every sale, sells on, and head office counts each once.
async fn a_destroyed_log_comes_back(destroy: fn(&Path)) {
    let world = World::new().await;
    let (mut till, other) = (world.till("Till 1").await, world.till("Till 2").await);
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    till.go_offline().await;
    till.begin(BegunAs::Sale);
    till.add("tea", 2);
    let (session, paid) = (till.session(), CommandId(Uuid::now_v7()));
    let pay = || Command::Pay(TenderStatement::of("cash", None));
    let answer = till.till.execute(&session, paid, pay()).unwrap();
    let (before, first_origin) = (sold(&till), till.till.tip().unwrap().0);
    let (data, journal) = till.close().await;
    destroy(&data);
    let was_there = data.join("log.db").exists();
    other.open_shift();
    other.sell("roll", 3);
    other.sent().await;

    let mut till = StoryTill::open(&data, &journal, MONDAY_MORNING + 60_000_000);
    assert_eq!(sold(&till), before, "all sales are there before anything was fetched");
    let again = till.till.execute(&session, paid, pay()).unwrap();
    assert!(again.repeated, "asking again is answered");
    assert_eq!((again.recorded, again.receipt), (answer.recorded, answer.receipt));
    assert_ne!(
        till.till.tip().unwrap().0,
        first_origin,
        "it may lack its last events, so its origin writes no more"
    );
    till.go_online();
    till.sent().await;
    till.wait_for("prices and people", |till| {
        till.catalogue_size().unwrap_or(0) >= 4 && knows_its_people(till)
    })
    .await;
    till.open_shift();
    let (_, number) = till.sell("soap", 2);
    assert_ne!(number, "Till 1-3");
    till.sent().await;
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["receipts"], json!(4));
    assert_eq!(totals["totals"]["net"], json!(199 + 1002 + 3 * 45 + 2 * 199));
    assert_eq!(totals["conflicts"], json!({}), "nothing forked");
    // What others did is fetched again.
    till.wait_for("the other till's sales", |till| {
        till.totals().unwrap()["till_days"].as_array().is_some_and(|days| days.len() == 2)
    })
    .await;
    let origin = till.till.tip().unwrap().0;
    till.close().await;
    let reopened = StoryTill::open(&data, &journal, MONDAY_MORNING + 120_000_000);
    assert_eq!(reopened.till.tip().unwrap().0, origin, "from now on it is a till like any other");
    let aside = data.join("log.db.damaged-1").exists();
    assert_eq!(aside, was_there, "what cannot be used is moved aside, not deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_whose_log_was_deleted_has_every_sale_back_and_sells_on() {
    a_destroyed_log_comes_back(delete_log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_whose_log_was_overwritten_moves_it_aside_has_every_sale_back_and_sells_on() {
    a_destroyed_log_comes_back(overwrite_log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn journal_files_of_earlier_origins_come_back_too() {
    let world = World::new().await;
    let mut till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    till.go_offline().await;
    let data = world.home.path().join("yesterday");
    copy_directory(&till.data, &data);
    till.sell("tea", 1);
    let (_, journal) = till.close().await;
    let restored = StoryTill::open(&data, &journal, MONDAY_MORNING + 60_000_000);
    restored.open_shift();
    restored.sell("roll", 1);
    let before = sold(&restored);
    restored.close().await;
    assert!(journal.join("journal.1").exists(), "the parent's journal file is kept");
    delete_log(&data);

    let mut till = StoryTill::open(&data, &journal, MONDAY_MORNING + 120_000_000);
    assert_eq!(sold(&till), before);
    till.go_online();
    till.sent().await;
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["receipts"], json!(3));
    assert_eq!(totals["totals"]["net"], json!(199 + 501 + 45));
    assert_eq!(totals["conflicts"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_file_that_lacks_the_last_events_leads_to_no_fork() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sell("tea", 1);
    till.sent().await;
    let (data, journal) = till.close().await;
    // The last sale reached head office, but not the disk of the journal file.
    let file = journal.join("journal");
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    std::fs::write(&file, lines[..lines.len() - 3].join("\n") + "\n").unwrap();
    delete_log(&data);
    let mut till = StoryTill::open(&data, &journal, MONDAY_MORNING + 60_000_000);
    till.go_online();
    till.sent().await;
    till.wait_for("prices and people", |till| {
        till.catalogue_size().unwrap_or(0) >= 4 && knows_its_people(till)
    })
    .await;
    till.open_shift();
    till.sell("roll", 1);
    till.sent().await;
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["receipts"], json!(3));
    assert_eq!(totals["totals"]["net"], json!(199 + 501 + 45));
    assert_eq!(totals["conflicts"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_log_without_a_journal_file_is_left_as_it_is_and_said_so() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    let (data, journal) = till.close().await;
    overwrite_log(&data);
    std::fs::remove_dir_all(&journal).unwrap();
    let error = StoryTill::try_open(&data, &journal, MONDAY_MORNING).err().expect("refused");
    assert!(error.to_string().contains("is damaged"), "{error}");
    assert!(std::fs::read(data.join("log.db")).unwrap().iter().all(|byte| *byte == 0xA5));
}
