//! The replay plays receipts through real tills and a real server, and what comes out is what the data says: on a good network and on a
//! bad one, with tills killed on the way, to the minor unit.
//!
//! A hand-written file holds everything that is odd about receipts and needs nothing but this repository. Days of real shops are played
//! too, where their data and the two programs that unpack it are there.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Where the hand-written receipts stand.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/replay").join(name)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs the replay over a file, with its books and tables in a folder of its own.
fn replay(receipts: &Path, folder: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_replay"))
        .arg("--receipts")
        .arg(receipts)
        .arg("--folder")
        .arg(folder)
        .args(more)
        .output()
        .expect("the replay starts")
}

/// What a play came to.
struct Played {
    summary: Value,
    said: String,
    till_days: String,
}

impl Played {
    fn of(receipts: &Path, more: &[&str]) -> Played {
        let folder = tempfile::tempdir().unwrap();
        let output = replay(receipts, folder.path(), more);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{more:?} ended with {}:\n{said}", output.status);
        let lines = String::from_utf8(output.stdout).unwrap();
        let last = lines.lines().last().unwrap_or_default();
        let summary = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error} in {last:?}"));
        Played { summary, said, till_days: read(&folder.path().join("till_days.csv")) }
    }

    fn figure(&self, name: &str) -> &Value {
        &self.summary[name]
    }

    /// Head office had acknowledged what its backup did not hold, and lost it.
    fn lost_and_got_back(&self) {
        let figure = |name: &str| self.figure("restored")[name].as_i64().unwrap();
        assert!(figure("events_backed_up") > 0 && figure("events_lost") > 0, "{}", self.said);
        let (lost, put_back) = ("head office has lost its books", "Restored to ");
        assert!(self.said.contains(lost) && self.said.contains(put_back), "{}", self.said);
    }

    /// Everything fits: nothing quarantined, nothing to quarrel about.
    fn is_clean(&self) {
        assert_eq!(self.figure("quarantined"), 0, "{}", self.said);
        assert_eq!(self.figure("conflicts"), &serde_json::json!({}), "{}", self.said);
    }
}

#[test]
fn odd_receipts_come_out_as_reckoned_by_hand() {
    let totals: Value = serde_json::from_str(&read(&golden("oddities.totals.json"))).unwrap();
    let till_days = read(&golden("oddities.till_days.csv"));
    let plain = Played::of(&golden("oddities.ndjson"), &[]);
    plain.is_clean();
    assert_eq!(plain.figure("totals"), &totals);
    assert_eq!(plain.till_days, till_days);
    assert_eq!(plain.figure("durable"), true);
    assert!(plain.figure("seconds").is_number() && plain.figure("events").as_i64() > Some(60));
    for seed in ["1", "2", "3"] {
        let rough =
            Played::of(&golden("oddities.ndjson"), &["--faults", "rough", "--seed", seed, "--durable", "0"]);
        rough.is_clean();
        assert_eq!(rough.figure("totals"), &totals, "seed {seed}");
        assert_eq!(rough.till_days, till_days, "seed {seed}");
        assert_eq!(
            rough.figure("read_models"),
            plain.figure("read_models"),
            "seed {seed}: the network must leave no trace in the read models\n{}",
            rough.said
        );
        assert_eq!(rough.figure("durable"), false);
        assert!(rough.said.contains("faults: ") && rough.said.contains("3 tills killed"), "{}", rough.said);
    }
}

#[test]
fn a_head_office_that_loses_its_books_in_the_middle_ends_with_the_same_read_models() {
    let totals: Value = serde_json::from_str(&read(&golden("oddities.totals.json"))).unwrap();
    let receipts = golden("oddities.ndjson");
    let plain = Played::of(&receipts, &["--durable", "0"]);
    for more in [vec!["--restore"], vec!["--restore", "--durable", "0", "--faults", "rough", "--seed", "2"]] {
        let restored = Played::of(&receipts, &more);
        restored.is_clean();
        restored.lost_and_got_back();
        assert_eq!(restored.figure("totals"), &totals, "{more:?}");
        assert_eq!(restored.till_days, plain.till_days, "{more:?}");
        assert_eq!(
            restored.figure("read_models"),
            plain.figure("read_models"),
            "{more:?}\n{}",
            restored.said
        );
    }
}

#[test]
fn a_file_that_cannot_be_played_is_refused_with_its_line_before_anything_is_played() {
    let good = read(&golden("oddities.ndjson"));
    let folder = tempfile::tempdir().unwrap();
    // Line, what to replace in it, with what, and what is then said.
    let cases = [
        (1, r#""type":"sale","#, "", "missing field `type`"),
        (2, r#""known":false"#, r#""known":maybe"#, "expected value"),
        (3, r#""seq":1"#, r#""seq":2"#, "`seq` of till N2 is 2, but its next one is 1"),
        (4, r#""amount":-1147"#, r#""amount":-1146"#, "the tenders sum to -1146, but `total` is -1147"),
        (6, r#""net":-100"#, r#""net":-99"#, "`net` is -99, but gross -100 less discounts 0 is not"),
        (8, r#""JPY""#, r#""ZZZ""#, "unknown currency \"ZZZ\""),
        (9, r#""JPY""#, r#""EUR""#, "shop South has receipts in JPY and now in EUR"),
        (10, r#""gross":0"#, r#""gross":5"#, "`net` is 0, but gross 5"),
        (
            10,
            r#""tenders":[]"#,
            r#""tenders":[{"kind":"cash","amount":0}]"#,
            "a stock_adjust moves goods only",
        ),
        (11, r#""line":3"#, r#""line":4"#, "which has 4 lines counted from 0"),
        (13, r#""seq":3}"#, r#""seq":3"#, "EOF while parsing"),
    ];
    for (line, from, to, expected) in cases {
        let mut lines: Vec<String> = good.lines().map(str::to_owned).collect();
        assert!(lines[line - 1].contains(from), "line {line} has no {from}");
        lines[line - 1] = lines[line - 1].replacen(from, to, 1);
        let file = folder.path().join("receipts.ndjson");
        std::fs::write(&file, lines.join("\n")).unwrap();
        let output = replay(&file, folder.path(), &[]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("receipts.ndjson:{line}: ")) && said.contains(expected), "{said}");
        assert_eq!(said.lines().count(), 1, "nothing but the reason is said: {said}");
        assert!(output.stdout.is_empty());
    }
    let missing = replay(&folder.path().join("nowhere.ndjson"), folder.path(), &[]);
    assert_eq!(missing.status.code(), Some(2));
    let unknown = replay(&golden("oddities.ndjson"), folder.path(), &["--faults", "gentle"]);
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn a_day_of_groceries_comes_out_as_the_data_says_whatever_the_network_does() {
    let files = ["completejourney/transactions_2017H1.csv.zst", "completejourney/products.csv.zst"];
    play_a_day("completejourney", &files, "2017-01-01", "2017-01-02");
}

#[test]
fn a_day_of_gifts_comes_out_as_the_data_says_whatever_the_network_does() {
    play_a_day("online_retail", &["online_retail_2010_2011/lines.csv.zst"], "2010-12-01", "2010-12-02");
}

fn play_a_day(set: &str, files: &[&str], from: &str, to: &str) {
    let folder = tempfile::tempdir().unwrap();
    let receipts = folder.path().join("receipts.ndjson");
    let oracle = match receipts_of(set, files, from, to, &receipts) {
        Ok(oracle) => oracle,
        Err(why) => {
            eprintln!("LEFT OUT: the {set} receipts of {from}: {why}");
            return;
        }
    };
    let plain = Played::of(&receipts, &["--durable", "0"]);
    let rough = Played::of(&receipts, &["--durable", "0", "--faults", "rough"]);
    let restored = Played::of(&receipts, &["--durable", "0", "--faults", "rough", "--restore"]);
    restored.lost_and_got_back();
    for played in [&plain, &rough, &restored] {
        played.is_clean();
        assert_eq!(played.figure("totals"), &oracle["totals"], "{}", played.said);
        assert_eq!(played.figure("read_models"), plain.figure("read_models"), "{}", played.said);
        assert_eq!(played.till_days, plain.till_days);
    }
}

/// Writes a day of a data set as receipts; gives what its own oracle says, or why there are none.
fn receipts_of(set: &str, files: &[&str], from: &str, to: &str, receipts: &Path) -> Result<Value, String> {
    let data = std::env::var_os("DAYBOOK_SHARED_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    for file in files.iter().copied().chain(["replay.py"]) {
        if !data.join(file).is_file() {
            return Err(format!(
                "there is no {} (DAYBOOK_SHARED_DATA says where the data is)",
                data.join(file).display()
            ));
        }
    }
    for (program, asked) in [("python3", "--version"), ("zstd", "--version")] {
        let runs = Command::new(program).arg(asked).output().is_ok_and(|output| output.status.success());
        if !runs {
            return Err(format!("the program {program} is not installed"));
        }
    }
    let output = Command::new("python3")
        .arg(data.join("replay.py"))
        .arg(set)
        .args(files.iter().map(|file| data.join(file)))
        .args(["--from", from, "--to", to])
        .stdout(std::fs::File::create(receipts).unwrap())
        .output()
        .expect("python3 starts");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "replay.py failed:\n{said}");
    Ok(serde_json::from_str(said.lines().last().unwrap_or_default()).expect("totals on the last line"))
}
