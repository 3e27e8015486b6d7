//! Long stories, told shortly: a till and head office as processes of their own. `make long-stories` tells them at length.

use std::process::Command;

use serde_json::Value;

/// Tells a story with its books in a folder of its own; gives what was seen.
fn told(words: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_long"))
        .args(words)
        .args(["--durable", "0", "--folder"])
        .arg(folder.path())
        .output()
        .expect("the story begins");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words:?} ended with {}:\n{said}", output.status);
    let lines = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(lines.lines().last().unwrap_or_default()).expect("figures on the last line")
}

#[test]
fn ninety_days_offline_arrive_whole_while_the_till_sells_and_either_side_is_killed() {
    let seen = told(&["--story", "drain", "--events", "20000"]);
    assert!(seen["events"].as_i64() > Some(20_000), "{seen}");
    assert!(seen["sales_on_the_way"].as_i64() > Some(10), "{seen}");
}

#[test]
fn poison_at_first_in_the_middle_and_last_is_kept_and_blocks_nothing() {
    let seen = told(&["--story", "poison"]);
    assert_eq!(seen["quarantined"], serde_json::json!(31), "{seen}");
    assert_eq!(seen["receipts"], serde_json::json!(82), "{seen}");
}
