//! Stories of what makes no sense: to head office, to whoever it is told, or to a version that has not learnt it yet.
//!
//! Poison where it hurts most is told on processes of their own, in tests/tests/long_stories.rs.

use std::path::Path;

use daybook_core::project::{Input, Unread};
use daybook_core::sync::till::Status;
use daybook_store::file::{open_reader, remove};
use daybook_store::views::{Side, Views, read, read_models_digest};
use daybook_store::{Durability, events};
use daybook_tests::bench::history::{Heard, sell};
use daybook_tests::later::{self, Later};
use daybook_tests::world::{MONDAY_MORNING, StoryTill, World};
use daybook_till::door::types::Request;
use daybook_till::door::{About, Door};
use daybook_till::{Command, ExecuteError, StockCount};
use serde_json::json;

const HOUR: i64 = 3_600_000_000;

/// How many events of a till head office has.
fn held(world: &World, till: &StoryTill) -> usize {
    let log = open_reader(&world.office_data().join("log.db")).unwrap();
    events::of_chain(&log, till.till.tip().unwrap().0, 1, i64::MAX).unwrap().len()
}

/// Waits until the till says that head office cannot read what it sends; gives what it says.
async fn refused(till: &StoryTill) -> String {
    till.wait_for("a refusal", |till| matches!(till.status(), Status::Refused(_))).await;
    match till.till.status() {
        Status::Refused(why) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_push_with_a_line_that_is_no_event_nothing_is_stored_and_the_till_sells_on_and_says_which_line()
{
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    let before = held(&world, &till);
    let (data, journal) = till.close().await;
    let sound = Later::of("clock.observed", 1, json!({"offset": 0, "round_trip": 1}));
    // Written so: its hash holds, but nobody can tell where a text ends.
    let no_event = Later::texts(r#"{"id":1}"#, "{");
    later::write(&data, &journal, &[sound.clone(), sound.clone(), no_event, sound]).unwrap();
    let mut till = StoryTill::open(&data, &journal, MONDAY_MORNING + HOUR);
    till.go_online();
    let why = refused(&till).await;
    assert!(why.contains("Line 3 "), "{why}");
    assert_eq!(held(&world, &till), before, "nothing of the batch");
    till.sell("roll", 1);
    assert!(till.till.waiting() > 4);
    assert_eq!(held(&world, &till), before);
    assert_eq!(world.settle().await["totals"]["receipts"], json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_whose_own_log_turns_out_to_be_damaged_when_head_office_cannot_read_it_records_no_more() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.sent().await;
    let before = held(&world, &till);
    let first = till.till.tip().unwrap().1.seq;
    let (data, journal) = till.close().await;
    // More than is looked through at a start.
    sell(&data, &journal, 400, Heard::Nothing, &mut |_| {}).unwrap();
    let broken = first + 20;
    let log = rusqlite::Connection::open(data.join("log.db")).unwrap();
    log.execute_batch(&format!(
        "DROP TRIGGER events_never_change; UPDATE events SET payload = '{{' WHERE seq = {broken} AND stream IS NOT NULL;
         CREATE TRIGGER events_never_change BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;"
    ))
    .unwrap();
    drop(log);
    let mut till = StoryTill::open(&data, &journal, MONDAY_MORNING + 48 * HOUR);
    till.open_shift();
    till.go_online();
    refused(&till).await;
    // The log is looked through beside the selling.
    till.wait_for("the fault to be found", |till| {
        let about = About { version: String::new(), locale: "en-IE".to_owned(), demo: false };
        let status = Door::new(till.clone(), about).answer(Request::Status).unwrap();
        !status["stopped"].is_null()
    })
    .await;
    let error = till.try_do(Command::CloseShift).unwrap_err();
    assert!(error.to_string().contains(&format!("event {broken} ")), "{error}");
    assert!(matches!(error, ExecuteError::Latched(_)), "{error:?}");
    assert_eq!(held(&world, &till), before, "nothing of the batch");
}

/// Read models as a version left them that did not know a type.
fn left_by_a_version_without(kind: &str, folder: &Path, side: Side) -> Views {
    let log = open_reader(&folder.join("log.db")).unwrap();
    remove(&folder.join("views.db")).unwrap();
    let mut views = Views::open(folder, "views.db", side, Durability::Off).unwrap();
    let all = events::after_position(&log, 0, usize::MAX).unwrap();
    let inputs: Vec<(i64, Input)> = all
        .iter()
        .map(|event| {
            let (position, input) = read(event);
            match &input.content {
                Ok((envelope, _)) if envelope.kind == kind => {
                    let unknown = Unread::Unknown(format!("{kind} version {}", envelope.v));
                    (position, Input { content: Err(unknown), ..input })
                }
                _ => (position, input),
            }
        })
        .collect();
    views.apply(&log, &inputs).unwrap();
    views
}

fn quarantined(views: &Views) -> i64 {
    let sql = "SELECT count(*) FROM quarantine WHERE unknown";
    views.connection().query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_version_did_not_know_counts_as_soon_as_one_that_does_takes_its_place() {
    let mut world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.sell("tea", 2);
    let lines = vec![StockCount { code: "tea".to_owned(), quantity: daybook_core::amount::Quantity::of(-3) }];
    till.act(Command::AdjustStock { reason: "broken".to_owned(), lines });
    till.sent().await;
    let before = world.settle().await;
    let own = till.till.totals().unwrap();
    let (data, journal) = till.close().await;
    world.stop_office().await;
    for (folder, side) in [(world.office_data(), Side::Office), (data.clone(), Side::Till)] {
        let whole = Views::open(&folder, "views.db", side, Durability::Off).unwrap();
        let digest = read_models_digest(whole.connection()).unwrap();
        assert!(!whole.lack_what_is_read_by_now().unwrap());
        drop(whole);
        let old = left_by_a_version_without("stock.adjusted", &folder, side);
        assert_eq!(quarantined(&old), 1);
        assert!(old.lack_what_is_read_by_now().unwrap());
        assert_ne!(read_models_digest(old.connection()).unwrap(), digest);
        // What nobody knows yet asks for no work.
        let other = left_by_a_version_without("stock.adjusted", &folder, side);
        let sql = "UPDATE quarantine SET reason = 'stock.levitated version 1'";
        other.connection().execute_batch(sql).unwrap();
        assert!(!other.lack_what_is_read_by_now().unwrap());
        drop((old, other));
        left_by_a_version_without("stock.adjusted", &folder, side);
    }
    world.start_office().await;
    let after = world.settle().await;
    assert_eq!(after["quarantined"], json!(0));
    assert_eq!(after["read_models"], before["read_models"]);
    let till = StoryTill::open(&data, &journal, MONDAY_MORNING + HOUR);
    assert_eq!(till.till.totals().unwrap()["till_days"], own["till_days"]);
    let views = open_reader(&data.join("views.db")).unwrap();
    let left: i64 = views.query_row("SELECT count(*) FROM quarantine", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}
