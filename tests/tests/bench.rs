//! The measurements can be made: every row is measured on a small ground or says why it was left out. How long anything took is nobody's
//! business here.

use std::process::Command;

use serde_json::Value;

fn bench(rows: &str) -> (std::process::Output, Value) {
    let home = tempfile::tempdir().expect("a temporary directory");
    let figures = home.path().join("bench.json");
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--quick", "true", "--rows", rows])
        .arg("--cache")
        .arg(home.path().join("cache"))
        .arg("--figures")
        .arg(&figures)
        .env_remove("DATA")
        .output()
        .expect("the measurements start");
    let text = std::fs::read_to_string(&figures).unwrap_or_else(|_| "[]".to_owned());
    (output, serde_json::from_str(&text).expect("figures are JSON"))
}

fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn every_row_is_measured_beside_another_side_or_says_why_not() {
    let (output, figures) = bench("");
    assert!(output.status.success(), "{}", said(&output));
    let rows = figures.as_array().expect("a list of rows");
    let ids: Vec<&str> = rows.iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!(ids, IDS);
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    for row in rows {
        let id = row["id"].as_str().expect("a name");
        assert!(table.contains(&format!("| {id} |")), "{id} is not in the table:\n{table}");
        for name in ["what", "ours", "beside", "ratio", "must", "aim", "holds"] {
            assert!(row.get(name).is_some(), "{id} says nothing of {name}");
        }
        if row["holds"].is_null() {
            assert!(row["notes"].to_string().contains("left out: "), "{id} was left out without a word");
        } else {
            let (ours, beside) = (row["ours"].as_f64(), row["beside"].as_f64());
            assert!(
                ours.is_some_and(|ours| ours > 0.0) && beside.is_some_and(|beside| beside > 0.0),
                "{row}"
            );
        }
    }
    assert!(table.contains("GENERATED"), "a generated catalogue says so:\n{table}");
}

#[test]
fn a_row_that_is_not_there_is_refused_by_name() {
    let (output, _) = bench("P2,P99");
    assert!(!output.status.success());
    assert!(said(&output).contains("P99"), "{}", said(&output));
}

/// The rows of the table, in its order.
const IDS: [&str; 15] = [
    "P1.record",
    "P1.complete",
    "P2",
    "P3",
    "P4",
    "P5",
    "P5.duplicates",
    "P5.nothing",
    "P6",
    "P10.wire",
    "P10.disk",
    "P11",
    "P12",
    "P13",
    "P13.changed",
];
