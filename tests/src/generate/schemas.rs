//! JSON Schemas: of every version of every event, of the envelope, and of every message on the wire.
//!
//! The types in core say what they are; here they get a name for the outside (`$id`, `title`), and their descriptions are freed of
//! what only a reader of Rust understands.

use std::collections::BTreeMap;

use daybook_core::conflict::Conflict;
use daybook_core::envelope::Envelope;
use daybook_core::event;
use daybook_core::identity::certificate::{Certificate, SignedCertificate};
use daybook_core::wire::{
    ConflictRecord, ConflictsPage, EnrolAnswer, EnrolRequest, ExportHead, FeedHead, FeedHint,
    HandshakeAnswer, HandshakeRequest, Health, Held, ListedPerson, OfficeHead, OriginHead, PeopleAnswer,
    PeopleList, Problem, PushAnswer, PushHead, SnapshotEdit, SnapshotHead, SnapshotRecord,
};
use schemars::{Schema, schema_for};
use serde_json::Value;

use super::report::Report;

/// The schemas that are golden: of events and of the envelope, by name and version.
pub(super) fn versioned() -> Vec<(String, Value)> {
    let events = event::schemas();
    let mut kinds: BTreeMap<String, Option<String>> = BTreeMap::new();
    for (name, schema) in &events {
        let kind = name.rsplit_once(".v").map_or(name.as_str(), |(kind, _)| kind).to_owned();
        // `Opened` is a name that several payloads have: it says nothing.
        kinds.entry(title(schema)).and_modify(|kind| *kind = None).or_insert(Some(kind));
    }
    let named = |(name, schema): (String, Schema)| {
        let title = name.rsplit_once(".v").map_or(name.as_str(), |(kind, _)| kind).to_owned();
        let schema = finished(&name, &title, schema, &kinds);
        (name, schema)
    };
    let mut versioned: Vec<(String, Value)> = events.into_iter().map(named).collect();
    let envelope = finished("envelope.v1", "envelope", schema_for!(Envelope), &kinds);
    versioned.push(("envelope.v1".to_owned(), envelope));
    versioned
}

/// The schemas of messages, by name.
pub(super) fn messages() -> Vec<(&'static str, Value)> {
    let messages: Vec<(&'static str, Schema)> = vec![
        ("certificate", schema_for!(Certificate)),
        ("conflict", schema_for!(Conflict)),
        ("conflict_record", schema_for!(ConflictRecord)),
        ("conflicts_page", schema_for!(ConflictsPage)),
        ("enrol_answer", schema_for!(EnrolAnswer)),
        ("enrol_request", schema_for!(EnrolRequest)),
        ("export_head", schema_for!(ExportHead)),
        ("feed_head", schema_for!(FeedHead)),
        ("feed_hint", schema_for!(FeedHint)),
        ("handshake_answer", schema_for!(HandshakeAnswer)),
        ("handshake_request", schema_for!(HandshakeRequest)),
        ("health", schema_for!(Health)),
        ("held", schema_for!(Held)),
        ("listed_person", schema_for!(ListedPerson)),
        ("office_head", schema_for!(OfficeHead)),
        ("origin_head", schema_for!(OriginHead)),
        ("people_answer", schema_for!(PeopleAnswer)),
        ("people_list", schema_for!(PeopleList)),
        ("problem", schema_for!(Problem)),
        ("push_answer", schema_for!(PushAnswer)),
        ("push_head", schema_for!(PushHead)),
        ("report", schema_for!(Report)),
        ("signed_certificate", schema_for!(SignedCertificate)),
        ("snapshot_edit", schema_for!(SnapshotEdit)),
        ("snapshot_head", schema_for!(SnapshotHead)),
        ("snapshot_record", schema_for!(SnapshotRecord)),
    ];
    let named = |(name, schema): (&'static str, Schema)| {
        let title = title(&schema);
        (name, finished(&format!("wire.{name}"), &title, schema, &BTreeMap::new()))
    };
    messages.into_iter().map(named).collect()
}

fn title(schema: &Schema) -> String {
    schema.get("title").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn finished(name: &str, title: &str, schema: Schema, kinds: &BTreeMap<String, Option<String>>) -> Value {
    let mut schema = schema.to_value();
    if let Value::Object(members) = &mut schema {
        members.insert("$id".to_owned(), format!("urn:daybook:schema:{name}").into());
        members.insert("title".to_owned(), title.into());
    }
    plain_words(&mut schema, kinds);
    schema
}

/// Makes every description one line that needs no Rust to be read.
pub(super) fn plain_words(value: &mut Value, kinds: &BTreeMap<String, Option<String>>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "description" => *text = plain(text, kinds),
                    other => plain_words(other, kinds),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| plain_words(item, kinds)),
        _ => {}
    }
}

/// A text without links into Rust's documentation and into our own rules: a payload is called by its type, anything else by its
/// last name.
fn plain(text: &str, kinds: &BTreeMap<String, Option<String>>) -> String {
    let text = without_rules(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some((before, linked)) = rest.split_once("[`") {
        let Some((path, after)) = linked.split_once("`]") else { break };
        let name = path.rsplit("::").next().unwrap_or(path);
        let name = kinds.get(name).and_then(Option::as_deref).unwrap_or(name);
        plain.push_str(before);
        plain.push_str(&format!("`{name}`"));
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// Comments name the rules of trade they follow; whoever reads a schema has no list of them.
fn without_rules(text: &str) -> String {
    match text
        .split_once(" (trade rule")
        .and_then(|(before, rule)| Some((before, rule.split_once(')')?.1)))
    {
        Some((before, after)) => format!("{before}{}", without_rules(after)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_needs_no_rust_to_be_read() {
        let kinds = BTreeMap::from([
            ("LinesRecorded".to_owned(), Some("sale.lines_recorded".to_owned())),
            ("Opened".to_owned(), None),
        ]);
        for (text, expected) in [
            ("Number of\n[`LinesRecorded`] before it.", "Number of `sale.lines_recorded` before it."),
            ("See [`crate::merge::register`] and [`Opened`].", "See `register` and `Opened`."),
            ("Such as `sale/0192…`.", "Such as `sale/0192…`."),
            ("Left open [`so", "Left open [`so"),
            ("Never recomputed (trade rule 2). Shown (trade rules 2 and 3).", "Never recomputed. Shown."),
        ] {
            assert_eq!(plain(text, &kinds), expected);
        }
    }
}
