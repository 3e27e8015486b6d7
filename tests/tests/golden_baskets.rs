//! The golden baskets: lines, tax, totals, tenders and postings of small purchases, as the trade rules demand them.
//!
//! Shops' data proves none of tax, rounding, change and promotions, so these figures are the truth about them. They were
//! reckoned by hand and in exact fractions, never by the core, and must never be: where the two disagree, the core is
//! wrong until somebody has reckoned again.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use basket::Basket;
use play::check;

// Beside their only user, in a folder of their own: cargo takes every file of this folder for a test of its own.
#[path = "golden_baskets/basket.rs"]
mod basket;
#[path = "golden_baskets/figures.rs"]
mod figures;
#[path = "golden_baskets/play.rs"]
mod play;

/// Fewer baskets than this would leave a rule of trade unproven.
const BASKETS_MIN: usize = 55;

#[test]
fn every_basket_comes_to_what_was_reckoned_by_hand() {
    let mut report = String::new();
    for (topic, stated) in baskets() {
        let basket = read(&stated);
        let complaints = check(&basket);
        if !complaints.is_empty() {
            let complaints = complaints.join("\n    ");
            report += &format!("\n{topic}: {} (rule {})\n    {complaints}", basket.name, basket.rule);
        }
    }
    assert!(report.is_empty(), "{report}");
}

#[test]
fn there_are_enough_baskets_and_each_says_what_it_shows() {
    let baskets: Vec<Basket> = baskets().iter().map(|(_, stated)| read(stated)).collect();
    assert!(baskets.len() >= BASKETS_MIN, "{} baskets are fewer than {BASKETS_MIN}", baskets.len());
    let names: BTreeSet<&String> = baskets.iter().map(|basket| &basket.name).collect();
    assert_eq!(names.len(), baskets.len(), "two baskets have the same name");
    for basket in &baskets {
        assert!((1..=24).contains(&basket.rule), "{}: there is no rule {}", basket.name, basket.rule);
        assert!(!basket.reckoned.is_empty(), "{}: say how it was reckoned", basket.name);
    }
}

#[test]
fn a_wrong_figure_in_any_expectation_is_noticed() {
    let mut unnoticed = Vec::new();
    for (topic, stated) in baskets() {
        let complaints = check(&read(&stated));
        for pointer in expectations(&stated) {
            let mut wrong = stated.clone();
            spoil(wrong.pointer_mut(&pointer).unwrap());
            if check(&read(&wrong)) == complaints {
                unnoticed.push(format!("{topic}: {}{pointer}", stated["name"]));
            }
        }
    }
    assert!(unnoticed.is_empty(), "nobody noticed a wrong figure at\n{}", unnoticed.join("\n"));
}

#[test]
fn all_wrong_figures_of_a_basket_are_told() {
    let (_, mut stated) = baskets().swap_remove(0);
    let wrong = ["/documents/0/expect/lines/0/net", "/documents/0/expect/totals/total"];
    wrong.iter().for_each(|pointer| spoil(stated.pointer_mut(pointer).unwrap()));
    assert_eq!(check(&read(&stated)).len(), wrong.len());
}

/// Every basket with the topic it stands under.
fn baskets() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/baskets");
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file: &Path| {
        let topic = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(file).unwrap();
        let baskets: Vec<Value> =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{topic}: {error}"));
        baskets.into_iter().map(move |basket| (topic.clone(), basket))
    };
    files.iter().flat_map(|file| read(file)).collect()
}

fn read(stated: &Value) -> Basket {
    serde_json::from_value(stated.clone()).unwrap_or_else(|error| panic!("{}: {error}", stated["name"]))
}

/// Pointers to every figure and name that a basket expects.
fn expectations(basket: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let documents = basket["documents"].as_array().unwrap();
    for (document, index) in documents.iter().zip(0..) {
        leaves(&document["expect"], &format!("/documents/{index}/expect"), &mut found);
        for (step, position) in document["steps"].as_array().unwrap().iter().zip(0..) {
            if step.get("refused").is_some() {
                found.push(format!("/documents/{index}/steps/{position}/refused"));
            }
        }
    }
    leaves(&basket["ledger"], "/ledger", &mut found);
    found
}

fn leaves(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, field)| {
            let name = name.replace('~', "~0").replace('/', "~1");
            leaves(field, &format!("{pointer}/{name}"), found);
        }),
        Value::Array(entries) => entries
            .iter()
            .zip(0..)
            .for_each(|(entry, index)| leaves(entry, &format!("{pointer}/{index}"), found)),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push(pointer.to_owned()),
    }
}

/// Makes an expectation wrong by the least there is: one unit of the last place, one more, one letter more.
fn spoil(leaf: &mut Value) {
    *leaf = match &*leaf {
        Value::String(text) => match text.char_indices().last() {
            Some((last, '9')) => Value::from(format!("{}8", &text[..last])),
            Some((last, digit @ '0'..='8')) => {
                Value::from(format!("{}{}", &text[..last], char::from(digit as u8 + 1)))
            }
            _ => Value::from(format!("{text}x")),
        },
        number => Value::from(number.as_u64().unwrap() + 1),
    };
}
