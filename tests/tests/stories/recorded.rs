//! Stories of versions before this one, from their recordings in tests/golden/skew: their files open, and what was asked of them is
//! answered as they answered it.

use std::path::{Path, PathBuf};

use daybook_store::backup::look_through;
use daybook_tests::recorded::{Recording, start};
use daybook_tests::world::StoryTill;
use serde_json::{Value, json};

/// Every version that was recorded.
fn recordings() -> Vec<(String, Recording)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/skew");
    let found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("truth.json").exists())
        .collect();
    assert!(!found.is_empty(), "this version has none either");
    found
        .into_iter()
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), Recording::of(&path)))
        .collect()
}

/// The parts of totals that are of the shop: a later version may tell more of them.
fn same_totals(version: &str, now: &Value, then: &Value) {
    for name in ["totals", "till_days", "journal_balanced", "conflicts", "quarantined"] {
        let Some(then) = then.get(name) else { continue };
        match (now.get(name), then) {
            (Some(Value::Object(now)), Value::Object(then)) => {
                for (member, value) in then {
                    assert_eq!(now.get(member), Some(value), "{version}: {name} {member}");
                }
            }
            (now, then) => assert_eq!(now, Some(then), "{version}: {name}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_version_s_files_open_with_everything_in_them_and_its_till_goes_on() {
    for (version, recording) in recordings() {
        let home = tempfile::tempdir().unwrap();
        let (office, till) = (home.path().join("office"), home.path().join("till"));
        recording.put_office(&office).unwrap();
        recording.put_till(&till).unwrap();
        for folder in [&office, &till] {
            look_through(folder).unwrap_or_else(|error| panic!("{version}: {error}"));
        }
        let truth = recording.truth().unwrap();
        let running = start(&office, truth.wall).await.unwrap();
        same_totals(&version, &running.office.totals().await.unwrap(), &truth.office);
        // Without its journal, which belongs to a machine, it goes on under a child origin.
        let mut till = StoryTill::open(&till, &home.path().join("journal"), truth.wall + 60_000_000);
        same_totals(&version, &till.till.totals().unwrap(), &truth.till);
        till.till.set_server(&running.url());
        till.go_online();
        till.open_shift();
        till.sell("soap", 1);
        till.sent().await;
        let totals = running.office.totals().await.unwrap();
        assert_eq!(totals["totals"]["receipts"], json!(truth.receipts_with_unsent + 1), "{version}");
        assert_eq!(totals["journal_balanced"], json!(true), "{version}");
        till.close().await;
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_of_every_recorded_version_is_answered_as_it_answered() {
    for (version, recording) in recordings() {
        let home = tempfile::tempdir().unwrap();
        let office = home.path().join("office");
        recording.put_office(&office).unwrap();
        let running = start(&office, recording.truth().unwrap().wall).await.unwrap();
        let key = running.office.key().public();
        running.office.totals().await.unwrap();
        for exchange in recording.exchanges().unwrap() {
            let answer = exchange.request.send(running.address).await.unwrap();
            answer
                .differs_from(&exchange.answer, &key)
                .unwrap_or_else(|error| panic!("{version}, {}: {error}", exchange.about));
            running.office.totals().await.unwrap();
        }
        running.stop().await;
    }
}
