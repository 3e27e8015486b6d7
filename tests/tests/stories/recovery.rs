//! Stories of a log that comes back from what is left of it: journal files, also of another machine, and its own damaged file.

use std::path::Path;

use daybook_core::sync::till::Status;
use daybook_tests::world::{
    MONDAY_MORNING, StoryTill, World, break_page, copy_directory, knows_its_people, notices,
};
use daybook_till::door::types::Ailment;
use serde_json::{Value, json};

use crate::SmallDisk;

const MINUTE: i64 = 60_000_000;

/// Makes a journal file one that another machine wrote.
fn of_another_machine(journal: &Path) {
    let file = journal.join("journal");
    let text = std::fs::read_to_string(&file).unwrap();
    let (header, records) = text.split_once('\n').unwrap();
    let mut header: Value = serde_json::from_str(header).unwrap();
    header["machine"] = json!("the machine that broke");
    std::fs::write(file, format!("{header}\n{records}")).unwrap();
}

fn sold(till: &StoryTill) -> i64 {
    let days = till.till.totals().unwrap();
    days["till_days"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| day["net"].as_i64().unwrap())
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn last_nights_log_on_another_machine_takes_back_what_only_the_journal_held() {
    let world = World::new().await;
    let mut till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    till.go_offline().await;
    let (data, parent) = (world.home.path().join("last-night"), till.till.tip().unwrap().0);
    copy_directory(&till.data, &data);
    till.sell("tea", 1);
    let (_, journal) = till.close().await;
    of_another_machine(&journal);

    let mut moved = StoryTill::open(&data, &journal, MONDAY_MORNING + MINUTE);
    assert_ne!(moved.till.tip().unwrap().0, parent, "it cannot be told from a copy");
    assert_eq!(sold(&moved), 199 + 501);
    moved.go_online();
    moved.sent().await;
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["net"], json!(199 + 501));
    assert_eq!(totals["conflicts"], json!({}));
}

/// A till sells a soap, goes on as a child, sells a tea unsent. Gives a backup from before the child, and the journal's directory.
async fn a_backup_older_than_a_child(world: &World) -> (std::path::PathBuf, std::path::PathBuf) {
    let mut till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    till.go_offline().await;
    let backup = world.home.path().join("backup");
    copy_directory(&till.data, &backup);
    let (data, journal) = till.close().await;
    of_another_machine(&journal);
    let child = StoryTill::open(&data, &journal, MONDAY_MORNING + MINUTE);
    child.open_shift();
    child.sell("tea", 1);
    child.close().await;
    (backup, journal)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_older_than_a_child_goes_on_from_the_child_whose_key_is_there() {
    let world = World::new().await;
    let (backup, journal) = a_backup_older_than_a_child(&world).await;
    std::fs::copy(world.home.path().join("Till 1/keys.json"), backup.join("keys.json")).unwrap();
    let mut till = StoryTill::open(&backup, &journal, MONDAY_MORNING + 2 * MINUTE);
    assert_eq!(sold(&till), 199 + 501);
    till.open_shift();
    till.sell("roll", 1);
    till.go_online();
    till.sent().await;
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["net"], json!(199 + 501 + 45));
    assert_eq!(totals["conflicts"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn sales_of_a_child_whose_key_is_gone_are_kept_and_said_to_be_unsent() {
    let world = World::new().await;
    let (backup, journal) = a_backup_older_than_a_child(&world).await;
    let mut till = StoryTill::open(&backup, &journal, MONDAY_MORNING + 2 * MINUTE);
    assert_eq!(sold(&till), 199 + 501);
    till.open_shift();
    till.sell("roll", 1);
    till.go_online();
    let told = |till: &daybook_till::Till| match till.status() {
        Status::Refused(why) => why.contains("keys.json"),
        _ => false,
    };
    till.wait_for("word of the missing key", told).await;
    // What the till says now goes on from the parent, and arrives.
    till.wait_for("the roll at head office", |_| {
        let days = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(world.office().totals()).unwrap()
        });
        days["totals"]["net"] == json!(199 + 45)
    })
    .await;
}

/// Breaks one page inside a closed till's log, its head intact: the till opens, has every sale and sells on.
async fn a_broken_page_inside_the_log(name: &str) {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    let (data, journal) = till.close().await;
    break_page(&data.join("log.db"), name);
    let mut till = StoryTill::open(&data, &journal, MONDAY_MORNING + MINUTE);
    assert_eq!(sold(&till), 199);
    assert!(till.till.refilled().is_some_and(|refilled| refilled.from_journals > 0));
    assert!(notices(&till.till).contains(&(Ailment::BooksTakenBack, true)));
    assert!(data.join("log.db.damaged-1").exists());
    till.go_online();
    till.wait_for("prices and people", |till| {
        till.catalogue_size().unwrap_or(0) >= 4 && knows_its_people(till)
    })
    .await;
    till.open_shift();
    till.sell("tea", 1);
    till.sent().await;
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["net"], json!(199 + 501));
    assert_eq!(totals["conflicts"], json!({}));
    let (data, journal) = till.close().await;
    let till = StoryTill::open(&data, &journal, MONDAY_MORNING + 2 * MINUTE);
    assert_eq!(till.till.refilled(), None);
    assert!(notices(&till.till).iter().all(|(what, _)| *what != Ailment::BooksTakenBack));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_index_of_the_log_is_answered_by_the_journal() {
    a_broken_page_inside_the_log("events_chain").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_commands_of_the_log_are_answered_by_the_journal() {
    a_broken_page_inside_the_log("commands").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_milestone_of_the_log_is_answered_by_the_journal() {
    a_broken_page_inside_the_log("events_milestone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_list_of_parked_sales_is_answered_by_the_journal() {
    a_broken_page_inside_the_log("events_recalled").await;
}

/// The journal ends hours before the log, which loses a page: what the damaged file still holds comes back all the same.
async fn a_journal_that_ended_early(broken: &[&str]) {
    let world = World::new().await;
    let mut till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    till.go_offline().await;
    let early = std::fs::read(till.journal.join("journal")).unwrap();
    for _ in 0..3 {
        till.sell("tea", 1);
    }
    let (data, journal) = till.close().await;
    std::fs::write(journal.join("journal"), early).unwrap();
    for name in broken {
        break_page(&data.join("log.db"), name);
    }
    let mut till = StoryTill::open(&data, &journal, MONDAY_MORNING + MINUTE);
    assert_eq!(sold(&till), 199 + 3 * 501);
    let refilled = till.till.refilled().unwrap();
    assert!(refilled.from_damaged >= 3 && refilled.why.contains("log.db.damaged-1"), "{refilled:?}");
    till.go_online();
    till.sent().await;
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["net"], json!(199 + 3 * 501));
    assert_eq!(totals["conflicts"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_journal_lacks_comes_back_out_of_the_damaged_log() {
    a_journal_that_ended_early(&["cursors"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_journal_lacks_comes_back_also_where_the_index_of_the_damaged_log_is_broken() {
    a_journal_that_ended_early(&["cursors", "events_chain"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_cannot_be_written_is_told_of_and_filled_up_at_the_next_start() {
    let world = World::new().await;
    let (data, journal) = (world.home.path().join("t"), world.home.path().join("small"));
    std::fs::create_dir_all(&journal).unwrap();
    let Some(_disk) = SmallDisk::mount(&journal, "1m") else {
        println!("left out: 1 story of a full journal disk (a tmpfs cannot be mounted here)");
        return;
    };
    let till = StoryTill::open(&data, &journal, MONDAY_MORNING);
    let code = world.office().enrol_code("High Street", "Till 1").await.unwrap();
    till.till.enrol(&world.url(), &code, "Till 1").await.unwrap();
    let mut till = till;
    till.go_online();
    till.wait_for("the catalogue", |till| till.catalogue_size().unwrap_or(0) >= 4 && knows_its_people(till))
        .await;
    till.open_shift();
    till.sell("soap", 1);
    assert_eq!(till.till.journal_trouble(), None);
    let ballast = journal.join("ballast");
    let _as_much_as_fits = std::fs::write(&ballast, vec![1; 2 << 20]);
    let mut teas = 0;
    while till.till.journal_trouble().is_none() && teas < 50 {
        till.sell("tea", 1);
        teas += 1;
    }
    assert!(till.till.journal_trouble().is_some(), "the disk of the journal is full");
    let told = notices(&till.till);
    assert!(told.contains(&(Ailment::CopyNotWritten, true)), "{told:?}");
    assert!(told.contains(&(Ailment::StorageScarce, true)), "the fuller of the two disks counts: {told:?}");
    let origin = till.till.tip().unwrap().0;
    let (data, journal) = till.close().await;
    std::fs::remove_file(ballast).unwrap();
    let till = StoryTill::open(&data, &journal, MONDAY_MORNING + MINUTE);
    assert_eq!((till.till.journal_trouble(), till.till.tip().unwrap().0), (None, origin));
    assert_eq!(sold(&till), 199 + teas * 501);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_whose_child_cannot_be_opened_at_once_is_not_forgotten() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    let (data, journal) = till.close().await;
    let (copy, copied_journal) = (world.home.path().join("copy"), world.home.path().join("copy-journal"));
    copy_directory(&data, &copy);
    copy_directory(&journal, &copied_journal);
    let mut original = StoryTill::open(&data, &journal, MONDAY_MORNING + MINUTE);
    original.sell("roll", 1);
    original.go_online();
    original.sent().await;

    let mut twin = StoryTill::open(&copy, &copied_journal, MONDAY_MORNING + 2 * MINUTE);
    let forked = twin.till.tip().unwrap().0;
    // No key can be written.
    let in_the_way = copy.join("keys.json.new");
    std::fs::create_dir(&in_the_way).unwrap();
    twin.go_online();
    for receipts in 3..6 {
        twin.sell("tea", 1);
        while world.settle().await["totals"]["receipts"].as_i64().unwrap() < receipts {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(twin.till.tip().unwrap().0, forked);
    assert!(twin.till.waiting() > 0, "what was answered is not kept as acknowledged");
    std::fs::remove_dir(&in_the_way).unwrap();
    // Whatever happens at the till makes it try again.
    let sale = daybook_core::ids::SaleId(uuid::Uuid::now_v7());
    let begun_as = daybook_core::event::sale::BegunAs::Sale;
    let _begun_or_too_late = twin.try_do(daybook_till::Command::OpenSale { sale, begun_as });
    twin.wait_for("a child origin", |till| till.tip().unwrap().0 != forked).await;
    twin.sent().await;
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["receipts"], json!(2 + 3));
    assert_eq!(totals["conflicts"], json!({"fork": 1}));
}
