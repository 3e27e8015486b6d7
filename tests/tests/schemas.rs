//! What is written today can be read tomorrow: golden examples of every event, and the generated files that describe them.
//!
//! An example is written by hand and never edited: it stands for the events that already lie in shops. The generated files are
//! compared as they stand, so a change of the code that changes a schema shows here before it shows there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use daybook_core::chain::Hash;
use daybook_core::conflict::totals_differ;
use daybook_core::envelope::Envelope;
use daybook_core::event::{EVENTS, Event, Reading};
use daybook_tests::generate::{self, Stale, Why, example_path, root};
use jsonschema::Validator;
use serde_json::{Map, Value};

/// An example with the schema it belongs to.
struct Golden {
    kind: &'static str,
    version: u32,
    payload: Map<String, Value>,
    schema: Value,
    validator: Validator,
}

impl Golden {
    fn of(kind: &'static str, version: u32) -> Self {
        let schema = json(&format!("schemas/{kind}.v{version}.json"));
        let Value::Object(payload) = json(&example_path(kind, version)) else {
            panic!("{kind} is no object")
        };
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap_or_else(|error| panic!("the schema of {kind}: {error}"));
        Golden { kind, version, payload, schema, validator }
    }

    fn read(&self, payload: &Map<String, Value>) -> Reading {
        Event::read(self.kind, self.version, &Value::Object(payload.clone()).to_string())
    }

    fn known(&self, payload: &Map<String, Value>) -> Event {
        match self.read(payload) {
            Reading::Known(event) => *event,
            other => panic!("{} is {other:?}", self.kind),
        }
    }

    fn fits(&self, payload: &Map<String, Value>) -> bool {
        self.validator.is_valid(&Value::Object(payload.clone()))
    }

    fn required(&self) -> Vec<String> {
        let names = self.schema["required"].as_array().into_iter().flatten();
        names.map(|name| name.as_str().expect("a name").to_owned()).collect()
    }
}

fn goldens() -> impl Iterator<Item = Golden> {
    EVENTS.iter().map(|(kind, version)| Golden::of(kind, *version))
}

fn json(path: &str) -> Value {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_example_is_read_and_written_again_as_it_stood() {
    for golden in goldens() {
        let event = golden.known(&golden.payload);
        assert_eq!(event.kind(), (golden.kind, golden.version));
        let again: Value = serde_json::from_str(&event.payload_text()).unwrap();
        assert_eq!(again, Value::Object(golden.payload), "{}", golden.kind);
    }
    let envelope = json(&example_path("envelope", 1));
    let read: Envelope = serde_json::from_value(envelope.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), envelope);
}

#[test]
fn every_example_fits_its_schema() {
    for golden in goldens() {
        let payload = Value::Object(golden.payload);
        let errors: Vec<String> = golden
            .validator
            .iter_errors(&payload)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:?}", golden.kind);
    }
    let schema = json("schemas/envelope.v1.json");
    assert!(jsonschema::is_valid(&schema, &json(&example_path("envelope", 1))));
}

#[test]
fn a_field_of_tomorrow_is_passed_over_today() {
    for golden in goldens() {
        let mut payload = golden.payload.clone();
        payload.insert("a_field_of_tomorrow".to_owned(), serde_json::json!({"any": ["thing", 1, null]}));
        assert_eq!(golden.known(&payload), golden.known(&golden.payload), "{}", golden.kind);
        assert!(golden.fits(&payload), "{}", golden.kind);
    }
}

#[test]
fn readers_and_schemas_agree_about_what_may_be_missing() {
    for golden in goldens() {
        let required = golden.required();
        for name in golden.payload.keys() {
            let mut payload = golden.payload.clone();
            payload.remove(name);
            let read = matches!(golden.read(&payload), Reading::Known(_));
            let wanted = !required.contains(name);
            assert_eq!((read, golden.fits(&payload)), (wanted, wanted), "{} without {name}", golden.kind);
        }
    }
}

#[test]
fn a_value_of_another_type_is_broken_and_does_not_fit() {
    for golden in goldens() {
        for name in golden.payload.keys() {
            let mut payload = golden.payload.clone();
            // No field is a list within a list.
            payload.insert(name.clone(), serde_json::json!([[1]]));
            assert!(
                matches!(golden.read(&payload), Reading::Broken(_)),
                "{} with a wrong {name}",
                golden.kind
            );
            assert!(!golden.fits(&payload), "{} with a wrong {name}", golden.kind);
        }
    }
}

#[test]
fn the_example_of_a_document_adds_up() {
    let golden = Golden::of("sale.completed", 1);
    let Event::SaleCompleted(completed) = golden.known(&golden.payload) else { panic!("another event") };
    let facts = totals_differ::Facts {
        hash: Hash::ZERO,
        completed: &completed,
        lines: completed.lines.as_slice().into(),
        incomplete: false,
        till: "Till 1".to_owned(),
    };
    assert_eq!(totals_differ::judge(&facts), None);
}

#[test]
fn generated_files_say_what_the_code_says() {
    let stale = generate::check(&root()).unwrap();
    assert!(stale.is_empty(), "{}", words(&stale));
}

#[test]
fn every_message_of_the_wire_has_its_schema() {
    let source = fs::read_to_string(root().join("core/src/wire.rs")).unwrap();
    let mut messages = Vec::new();
    let mut described = false;
    for line in source.lines() {
        described |= line.contains("derive(schemars::JsonSchema)");
        if let Some(name) = line.strip_prefix("pub struct ").and_then(|rest| rest.split_whitespace().next()) {
            if std::mem::take(&mut described) {
                messages.push(name.to_owned());
            }
        } else if line == "}" {
            described = false;
        }
    }
    assert!(messages.contains(&"PushHead".to_owned()) && messages.len() > 10, "{messages:?}");
    messages.extend(["Certificate", "SignedCertificate", "Conflict", "Report"].map(str::to_owned));
    let titles: BTreeMap<String, String> = fs::read_dir(root().join("schemas"))
        .unwrap()
        .map(|entry| format!("schemas/{}", entry.unwrap().file_name().to_string_lossy()))
        .filter(|path| path.starts_with("schemas/wire."))
        .map(|path| (json(&path)["title"].as_str().expect("a title").to_owned(), path))
        .collect();
    for message in &messages {
        assert!(titles.contains_key(message), "{message} has no schema");
    }
    assert_eq!(titles.len(), messages.len(), "{titles:?}");
}

#[test]
fn a_golden_schema_that_changes_its_shape_is_found_and_nothing_is_written() {
    let copy = copy();
    let path = "schemas/sale.opened.v1.json";
    let shape = fs::read_to_string(copy.path().join(path)).unwrap();
    assert_eq!(generate::check(copy.path()).unwrap(), []);

    // Other words: stale, and written anew.
    fs::write(copy.path().join(path), shape.replace("The document.", "The paper.")).unwrap();
    assert_eq!(generate::check(copy.path()).unwrap(), [stale(path, Why::Differs)]);
    assert_eq!(generate::write(copy.path()).unwrap(), [path]);
    assert_eq!(fs::read_to_string(copy.path().join(path)).unwrap(), shape);

    // Another shape: named, and left alone with everything else.
    fs::write(copy.path().join(path), shape.replace("\"begun_as\"", "\"began_as\"")).unwrap();
    fs::remove_file(copy.path().join("schemas/openapi.json")).unwrap();
    let found = generate::check(copy.path()).unwrap();
    assert_eq!(found, [stale("schemas/openapi.json", Why::Missing), stale(path, Why::Reshaped)]);
    assert!(generate::write(copy.path()).is_err());
    assert!(!copy.path().join("schemas/openapi.json").exists());

    // Gone: written again.
    fs::remove_file(copy.path().join(path)).unwrap();
    assert_eq!(generate::write(copy.path()).unwrap(), ["schemas/openapi.json", path]);
    assert_eq!(generate::check(copy.path()).unwrap(), []);
}

#[test]
fn examples_tables_and_strangers_are_looked_after_too() {
    let copy = copy();
    let stranger = "schemas/sale.levitated.v1.json";
    fs::write(copy.path().join(stranger), "{}").unwrap();
    assert_eq!(generate::check(copy.path()).unwrap(), [stale(stranger, Why::Unknown)]);
    fs::remove_file(copy.path().join(stranger)).unwrap();

    let document = copy.path().join("docs/EVENTS.md");
    let text = fs::read_to_string(&document).unwrap();
    fs::write(&document, text.replace("| `till.started` |", "| `till.halted` |")).unwrap();
    assert_eq!(generate::check(copy.path()).unwrap(), [stale("docs/EVENTS.md", Why::Differs)]);
    assert_eq!(generate::write(copy.path()).unwrap(), ["docs/EVENTS.md"]);
    assert_eq!(fs::read_to_string(&document).unwrap(), text);

    let example = example_path("sale.opened", 1);
    fs::remove_file(copy.path().join(&example)).unwrap();
    assert_eq!(generate::check(copy.path()).unwrap(), [stale(&example, Why::NoExample)]);
}

fn stale(path: &str, why: Why) -> Stale {
    Stale { path: path.to_owned(), why }
}

fn words(stale: &[Stale]) -> String {
    stale.iter().map(Stale::to_string).collect::<Vec<_>>().join("\n")
}

/// What the generator reads and writes, in a folder of its own.
fn copy() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for folder in ["schemas", "docs", "ui/till/src/door"] {
        fs::create_dir_all(copy.path().join(folder)).unwrap();
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::copy(&path, copy.path().join(folder).join(Path::new(path.file_name().unwrap()))).unwrap();
            }
        }
    }
    copy
}
