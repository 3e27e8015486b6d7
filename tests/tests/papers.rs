//! Papers as bytes: golden files of what a printer gets, and the law that no name ever becomes a command.
//!
//! The golden files stand in `tests/golden/paper`, the bytes beside a dump that people read. `DAYBOOK_ACCEPT=1` writes them anew and
//! fails all the same, so that nobody accepts without looking.

use std::fs;
use std::path::{Path, PathBuf};

use daybook_core::chain::Seal;
use daybook_core::event;
use daybook_core::event::sale::{Completed, Line};
use daybook_core::event::shift::Closed;
use daybook_core::event::{EVENTS, Event};
use daybook_core::limits::{PAPER_COLUMNS_MAX, PAPER_COLUMNS_MIN};
use daybook_core::paper::escpos::{Equipment, encode};
use daybook_core::paper::receipt::{Receipt, receipt, short_seal};
use daybook_core::paper::report::{Reading, ReportKind, report};
use daybook_core::paper::text::legible;
use daybook_core::paper::{CodePage, Form, Labels, Paper, Words};
use daybook_tests::escpos::{Letters, Order, dump, parse};
use proptest::prelude::*;

const FORM: Form = Form { columns: 42, page: CodePage::Pc858 };
const EQUIPMENT: Equipment = Equipment { cuts: true, drawer: true };

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn example<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let version = EVENTS.iter().find(|(kind, _)| *kind == name).unwrap().1;
    let path = root().join("schemas").join(format!("{name}.v{version}.example.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn words() -> Words {
    let lines = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Words {
        store: "Kaffeehaus Müller".to_owned(),
        address: lines(&["Hauptstraße 1", "10115 Berlin"]),
        header: lines(&["VAT DE123456789"]),
        footer: lines(&["Thank you. Opening hours: Monday to Saturday from nine to seven"]),
        labels: Labels::default(),
    }
}

fn sheet<'a>(completed: &'a Completed, copy: u32) -> Receipt<'a> {
    let (lines, seal) = (&completed.lines[..], Some(Seal([0x9f; 64])));
    Receipt { completed, lines, till: "Till 1", person: "7", seal, copy, opens_drawer: copy == 0 }
}

fn reading(kind: ReportKind) -> Reading {
    reading_of(kind, example::<Closed>("shift.closed"))
}

fn reading_of(kind: ReportKind, closed: Closed) -> Reading {
    Reading {
        kind,
        closed,
        local_time: "2026-03-02T19:04:11".to_owned(),
        till: "Till 1".to_owned(),
        person: "7".to_owned(),
        seal: (kind == ReportKind::Z).then(|| short_seal(&Seal([0x3c; 64]))),
    }
}

#[test]
fn papers_come_out_as_they_were_accepted() {
    let completed: Completed = example("sale.completed");
    let cases = [
        ("receipt", receipt(&sheet(&completed, 0), &words(), FORM)),
        ("copy", receipt(&sheet(&completed, 2), &words(), FORM)),
        ("receipt_32", receipt(&sheet(&completed, 0), &words(), Form { columns: 32, page: CodePage::Pc437 })),
        ("z", report(&reading(ReportKind::Z), 0, &words(), FORM)),
        ("x", report(&reading(ReportKind::X), 0, &words(), FORM)),
    ];
    let folder = root().join("tests/golden/paper");
    let accepts = std::env::var_os("DAYBOOK_ACCEPT").is_some();
    let mut complaints = Vec::new();
    for (name, paper) in cases {
        let bytes = encode(&paper, EQUIPMENT);
        let text = dump(&parse(&bytes).unwrap(), &Letters::of(paper.form().page));
        let (golden, readable) = (folder.join(format!("{name}.bin")), folder.join(format!("{name}.txt")));
        let same = fs::read(&golden).is_ok_and(|kept| kept == bytes)
            && fs::read_to_string(&readable).is_ok_and(|kept| kept == text);
        if !same && accepts {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&golden, &bytes).unwrap();
            fs::write(&readable, &text).unwrap();
            complaints.push(format!(
                "{name} was written anew: look at what changed, and run without DAYBOOK_ACCEPT"
            ));
        } else if !same {
            complaints
                .push(format!("{name} comes out otherwise (DAYBOOK_ACCEPT=1 takes this for right):\n{text}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_copy_says_so_and_differs_in_nothing_else_but_the_drawer() {
    let completed: Completed = example("sale.completed");
    let text = |paper: &Paper| -> Vec<String> { paper.lines().map(|line| line.text().to_owned()).collect() };
    let original = text(&receipt(&sheet(&completed, 0), &words(), FORM));
    let mut copy = text(&receipt(&sheet(&completed, 3), &words(), FORM));
    assert_eq!(copy.iter().filter(|line| *line == "COPY 3").count(), 1);
    copy.retain(|line| line != "COPY 3");
    assert_eq!(copy, original);
}

#[test]
fn a_closing_of_the_first_version_prints_without_taxes_by_rate() {
    let text = fs::read_to_string(root().join("schemas/shift.closed.v1.example.json")).unwrap();
    let event::Reading::Known(event) = Event::read("shift.closed", 1, &text) else { panic!("not read") };
    let Event::ShiftClosed(closed) = *event else { panic!("another event") };
    assert_eq!((closed.taxes.clone(), closed.drawer_openings), (None, 0));
    let told = |closed: Closed| -> Vec<String> {
        let reading = reading_of(ReportKind::Z, closed);
        report(&reading, 0, &words(), FORM).lines().map(|line| line.text().to_owned()).collect()
    };
    let (old, new) = (told(closed), told(example("shift.closed")));
    assert!(old.iter().all(|line| !line.starts_with("DE 19 %")), "{old:?}");
    let rate = new.iter().find(|line| line.starts_with("DE 19 %")).expect("a line for the rate");
    assert_eq!(
        rate.split_whitespace().collect::<Vec<_>>(),
        ["DE", "19", "%", "1113.60", "211.58", "1325.18"]
    );
}

#[test]
fn an_x_tells_nobody_what_should_be_in_the_drawer() {
    let text = |kind| -> String {
        report(&reading(kind), 0, &words(), FORM)
            .lines()
            .map(|line| format!("{}\n", line.text()))
            .collect()
    };
    let labels = Labels::default();
    for word in [&labels.expected, &labels.counted, &labels.over_short] {
        assert!(!text(ReportKind::X).contains(word.as_str()) && text(ReportKind::Z).contains(word.as_str()));
    }
}

/// Puts a text wherever people and other tills can put one.
fn with_names(completed: &Completed, name: &str) -> (Completed, Words) {
    let text = || name.to_owned();
    let mut completed = completed.clone();
    completed.number.series = text();
    completed.local_time = text();
    for Line { entered, .. } in &mut completed.lines {
        (entered.name, entered.sku) = (text(), text());
        for reduction in &mut entered.reductions {
            (reduction.name, reduction.reason) = (Some(text()), Some(text()));
        }
    }
    completed.taxes.iter_mut().for_each(|tax| tax.jurisdiction = text());
    for tender in &mut completed.tenders {
        tender.tender_type = text();
        if let Some(card) = &mut tender.card {
            (card.last_four, card.authorisation) = (Some(text()), Some(text()));
        }
    }
    let labels = Labels { copy: text(), total: text(), returned: text(), ..Labels::default() };
    let words =
        Words { store: text(), address: vec![text()], header: vec![text()], footer: vec![text()], labels };
    (completed, words)
}

fn bytes(completed: &Completed, words: &Words, name: &str, form: Form) -> Vec<u8> {
    let sheet = Receipt { till: name, person: name, ..sheet(completed, 1) };
    let mut bytes = encode(&receipt(&sheet, words, form), EQUIPMENT);
    let reading = Reading { till: name.to_owned(), person: name.to_owned(), ..reading(ReportKind::Z) };
    bytes.extend(encode(&report(&reading, 1, words, form), EQUIPMENT));
    bytes
}

fn commands(orders: Vec<Order>) -> Vec<Order> {
    orders.into_iter().filter(|order| !matches!(order, Order::Text(_))).collect()
}

/// Texts of every kind of hostility: whole commands, pieces of them, marks that hide or turn, and anything at all.
fn hostile() -> impl Strategy<Value = String> {
    let command = prop_oneof![
        Just("\u{1b}p\0\u{19}\u{fa}".to_owned()),
        Just("\u{1d}V\0".to_owned()),
        Just("\u{10}\u{14}\u{1}\0\u{1}".to_owned()),
        Just("\u{1b}@\u{1c}p\u{1}0\n\r\u{c}".to_owned()),
        Just("\u{202e}\u{2066}\u{200b}\u{feff}".to_owned()),
        Just("ÄÖ ünïcode ￼ 漢字 \u{9b}\u{1b}".to_owned()),
        any::<String>(),
        prop::collection::vec(any::<u8>(), 0..40)
            .prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        prop::collection::vec(any::<u8>(), 0..40)
            .prop_map(|bytes| bytes.into_iter().map(char::from).collect()),
    ];
    prop::collection::vec(command, 1..4).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_name_holds_a_printer_is_told_the_same(
        name in hostile(),
        page in prop::sample::select(CodePage::all().collect::<Vec<_>>()),
        columns in PAPER_COLUMNS_MIN..=PAPER_COLUMNS_MAX,
    ) {
        let form = Form { columns, page };
        let plain: Completed = example("sale.completed");
        let (completed, words) = with_names(&plain, &name);
        let told = parse(&bytes(&completed, &words, &name, form)).expect("text and commands of ours, nothing else");
        // The same paper with a harmless name of the same shape.
        let tame = |letter| if matches!(letter, ' ' | 'T') { letter } else { 'x' };
        let harmless: String = legible(&name, page).chars().map(tame).collect();
        let (completed, words) = with_names(&plain, &harmless);
        let meant = parse(&bytes(&completed, &words, &harmless, form)).unwrap();
        prop_assert_eq!(commands(told), commands(meant));
    }
}
