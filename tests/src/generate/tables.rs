//! Tables inside documents: between a line `<!-- generated:name -->` and a line `<!-- /generated -->` stands what the code says.
//!
//! Every other word of a document is written by a person. The streams and scopes of events are not told here either: core is asked
//! about each example, and the ids in its answer are called by the fields they stand in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, bail};
use daybook_core::event::{EVENTS, Event, Reading};
use daybook_core::ids::StoreId;
use daybook_core::limits as at_most;
use daybook_core::project::rows::word;
use daybook_core::sync::scope::scope_of;
use daybook_server::http::error::Cause;
use daybook_server::http::route::{ROUTES, Who};
use serde_json::{Map, Value};

use super::{example_path, openapi, read, schemas};

/// A store that no example names, for events that name none.
const SOME_STORE: StoreId = StoreId(uuid::Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_00ff));

/// Every table, by the name in its marker.
pub(super) fn tables(root: &Path) -> anyhow::Result<BTreeMap<&'static str, String>> {
    Ok(BTreeMap::from([
        ("events", events(root)?),
        ("limits", limits()),
        ("problems", problems()),
        ("routes", routes()),
    ]))
}

/// A document with its tables put in anew.
pub(super) fn fill(document: &str, tables: &BTreeMap<&'static str, String>) -> anyhow::Result<String> {
    let mut filled = String::new();
    let mut lines = document.lines();
    let mut found = 0;
    while let Some(line) = lines.next() {
        filled.push_str(line);
        filled.push('\n');
        let Some(name) = marker(line) else { continue };
        let table = tables.get(name).with_context(|| format!("no table is called {name}"))?;
        if !lines.any(|line| line == "<!-- /generated -->") {
            bail!("the table {name} has no end: a line <!-- /generated -->");
        }
        filled.push_str(&format!("\n{}\n\n<!-- /generated -->\n", table.trim_end()));
        found += 1;
    }
    if found == 0 {
        bail!("there is no line <!-- generated:… -->");
    }
    Ok(filled)
}

fn marker(line: &str) -> Option<&str> {
    line.strip_prefix("<!-- generated:")?.strip_suffix(" -->")
}

fn events(root: &Path) -> anyhow::Result<String> {
    let schemas: BTreeMap<String, Value> = schemas::versioned().into_iter().collect();
    let mut table = String::from(
        "| type | version | stream | base | travels in | sealed | what happened |\n|---|---|---|---|---|---|---|\n",
    );
    for (kind, version) in EVENTS {
        let path = example_path(kind, *version);
        let text = read(root, &path)?.with_context(|| format!("{path} is not there"))?;
        let example: Map<String, Value> = serde_json::from_str(&text).with_context(|| path.clone())?;
        let schema = &schemas[&format!("{kind}.v{version}")];
        let event = known(kind, *version, &example).with_context(|| path.clone())?;
        table.push_str(&format!(
            "| `{kind}` | {version} | {} | {} | {} | {} | {} |\n",
            streams(kind, *version, &example, schema)?,
            if event.is_description() { "yes" } else { "" },
            scopes(kind, *version, &example),
            if event.is_sealed() { "yes" } else { "" },
            meaning(kind, schema),
        ));
    }
    Ok(table)
}

fn known(kind: &str, version: u32, payload: &Map<String, Value>) -> anyhow::Result<Event> {
    match Event::read(kind, version, &Value::Object(payload.clone()).to_string()) {
        Reading::Known(event) => Ok(*event),
        Reading::Unknown => bail!("core does not know {kind} version {version}"),
        Reading::Broken(why) => bail!("core cannot read it: {why}"),
    }
}

/// The streams that an example and its forms without one optional field belong to.
fn streams(kind: &str, version: u32, example: &Map<String, Value>, schema: &Value) -> anyhow::Result<String> {
    let required: BTreeSet<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut streams = vec![called(&known(kind, version, example)?.stream(), example)];
    for name in example.keys().filter(|name| !required.contains(name.as_str())) {
        let mut without = example.clone();
        without.remove(name);
        let stream = called(&known(kind, version, &without)?.stream(), &without);
        if !streams.contains(&stream) {
            streams.push(stream);
        }
    }
    Ok(streams.iter().map(|stream| format!("`{stream}`")).collect::<Vec<_>>().join(" or "))
}

/// A stream with the names of the fields in the place of their values.
fn called(stream: &str, payload: &Map<String, Value>) -> String {
    let segment = |(place, segment): (usize, &str)| {
        let field = payload.iter().find(|(_, value)| place > 0 && value.as_str() == Some(segment));
        field.map_or_else(|| segment.to_owned(), |(name, _)| format!("{{{name}}}"))
    };
    stream.split('/').enumerate().map(segment).collect::<Vec<_>>().join("/")
}

/// The scopes an example travels in: from a till, from head office, and from head office where it names no store.
fn scopes(kind: &str, version: u32, example: &Map<String, Value>) -> String {
    let named = example.get("store").and_then(Value::as_str).and_then(|store| store.parse().ok());
    let store: StoreId = named.unwrap_or(SOME_STORE);
    let scope = |payload: &Map<String, Value>, of: Option<StoreId>| {
        let payload = Value::Object(payload.clone()).to_string();
        let scope = scope_of(kind, &payload, of);
        scope.map_or_else(
            || "–".to_owned(),
            |scope| format!("`{}`", scope.replace(&store.to_string(), "{store}")),
        )
    };
    let (till, office) = (scope(example, Some(store)), scope(example, None));
    let mut words = if till == office {
        till
    } else {
        format!("from a till {till}, from head office {office}")
    };
    let mut nowhere = example.clone();
    if nowhere.remove("store").is_some() && known(kind, version, &nowhere).is_ok() {
        let without = scope(&nowhere, None);
        if without != office {
            words.push_str(&format!("; without a store {without}"));
        }
    }
    words
}

/// One line out of the schema's description. One that says no more than the type's name gives the fields instead.
fn meaning(kind: &str, schema: &Value) -> String {
    let description = schema["description"].as_str().unwrap_or_default();
    let words = match description.strip_prefix(&format!("`{kind}`")) {
        Some(rest) if rest.starts_with([':', '.']) => rest[1..].trim(),
        _ => description,
    };
    let words = if words.is_empty() { fields(schema) } else { words.to_owned() };
    let mut letters = words.chars();
    let capital = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    (capital + letters.as_str()).replace('|', "\\|")
}

fn fields(schema: &Value) -> String {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flat_map(Map::keys);
    let optional: Vec<&str> =
        properties.map(String::as_str).filter(|name| !required.contains(name)).collect();
    let list = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    match (required.as_slice(), optional.as_slice()) {
        (required, []) => format!("holds {}.", list(required)),
        ([], optional) => format!("may hold {}.", list(optional)),
        (required, optional) if optional.len() < 4 => {
            format!("holds {}, and may hold {}.", list(required), list(optional))
        }
        (required, optional) => format!("holds {}, and up to {} more.", list(required), optional.len()),
    }
}

fn routes() -> String {
    let mut table = String::from(
        "| method and path | query | who | body at most | seconds at most | what for |\n|---|---|---|---|---|---|\n",
    );
    for route in ROUTES {
        let query: Vec<String> = route.query.iter().map(|name| format!("`{name}`")).collect();
        let who = match route.who {
            Who::Anyone => "anyone, unsigned",
            Who::KeyHolder => "signed by the key in the body",
            Who::Enrolled => "signed by an enrolled origin",
        };
        table.push_str(&format!(
            "| `{} {}`{} | {} | {who} | {} | {} | {} |\n",
            route.method,
            route.path,
            if route.live { " with `accept: text/event-stream`" } else { "" },
            if query.is_empty() { "–".to_owned() } else { query.join(", ") },
            if route.body_bytes_max == 0 {
                "none".to_owned()
            } else {
                number(route.body_bytes_max as u64) + " bytes"
            },
            route.seconds_max,
            route.about,
        ));
    }
    table
}

fn problems() -> String {
    let meanings = openapi::problem_meanings();
    let mut statuses: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    for cause in Cause::ALL {
        let code = word(&cause.code());
        if !order.contains(&code) {
            order.push(code.clone());
        }
        statuses.entry(code).or_default().insert(cause.status());
    }
    let mut table = String::from("| code | status | meaning |\n|---|---|---|\n");
    for code in order {
        let numbers: Vec<String> = statuses[&code].iter().map(u16::to_string).collect();
        let meaning = meanings.get(&code).map_or("", String::as_str);
        table.push_str(&format!("| `{code}` | {} | {meaning} |\n", numbers.join(", ")));
    }
    table
}

fn limits() -> String {
    let rows: &[(&str, u64, &str)] = &[
        ("an amount of money, either sign", at_most::AMOUNT_MINOR_MAX.unsigned_abs(), "minor units"),
        ("an amount on one line", at_most::LINE_AMOUNT_MINOR_MAX.unsigned_abs(), "minor units"),
        ("what one event adds to a sum", at_most::EVENT_AMOUNT_MINOR_MAX.unsigned_abs(), "minor units"),
        ("a quantity on one line", at_most::QUANTITY_THOUSANDTHS_MAX.unsigned_abs(), "thousandths"),
        ("lines of a document", at_most::LINES_MAX as u64, ""),
        ("tenders of a document", at_most::TENDERS_MAX as u64, ""),
        ("a name", at_most::NAME_CHARS_MAX as u64, "characters"),
        ("a code, a series, a nonce", at_most::CODE_CHARS_MAX as u64, "characters"),
        ("an envelope; a payload; a certificate", at_most::EVENT_TEXT_BYTES_MAX as u64, "bytes"),
        ("an event's line", at_most::LINE_BYTES_MAX as u64, "bytes"),
        ("events in a push", at_most::PUSH_EVENTS_MAX as u64, ""),
        ("skeletons in a push, besides its events", at_most::PUSH_SKELETONS_MAX as u64, ""),
        ("events of a commit without a seal", at_most::UNSEALED_EVENTS_MAX as u64, ""),
        ("their texts", at_most::UNSEALED_BYTES_MAX as u64, "bytes"),
        ("a push before compression, one event excepted", at_most::PUSH_BYTES_MAX as u64, "bytes"),
        ("a body as sent", at_most::BODY_BYTES_MAX as u64, "bytes"),
        ("a body unpacked, either direction", at_most::BODY_DECOMPRESSED_BYTES_MAX as u64, "bytes"),
        ("growth of a request's body by unpacking", at_most::UNPACKED_RATIO_MAX as u64, "times"),
        ("… which does not count up to", at_most::LINE_BYTES_MAX as u64, "bytes"),
        ("the window of a zstd frame", 1 << at_most::ZSTD_WINDOW_LOG_MAX, "bytes"),
        ("an enrolment's body", at_most::ENROL_BODY_BYTES_MAX as u64, "bytes"),
        ("events in a page", at_most::FEED_EVENTS_MAX as u64, ""),
        ("skeletons of an entry", at_most::ENTRY_SKELETONS_MAX as u64, ""),
        ("a page before compression, one event excepted", at_most::FEED_BYTES_MAX as u64, "bytes"),
        ("records in a page of a snapshot", at_most::SNAPSHOT_RECORDS_MAX as u64, ""),
        ("conflicts in a page", at_most::CONFLICTS_PAGE_MAX as u64, ""),
        ("parties that a conflict names", at_most::CONFLICT_PARTIES_MAX as u64, ""),
        ("certificates in a request or an answer", at_most::CERTIFICATES_MAX as u64, ""),
        ("origins that go on from each other", at_most::LINEAGE_MAX as u64, ""),
        ("origins that one answer asks for", at_most::WANTED_MAX as u64, ""),
        ("tips in a handshake or its answer", at_most::TIPS_MAX as u64, ""),
        ("of one origin in an answer", at_most::TIPS_OF_ORIGIN_MAX as u64, ""),
        ("branches of an origin beside its line", at_most::BRANCHES_MAX as u64, ""),
        ("events held of one closed till", at_most::HELD_EVENTS_MAX as u64, ""),
        ("their size", at_most::HELD_BYTES_MAX as u64, "bytes"),
        ("the life of an enrolment code", at_most::ENROL_CODE_LIFE.unsigned_abs() / 1_000_000, "seconds"),
        ("wrong proofs within that time", u64::from(at_most::ENROL_FAILURES_MAX), ""),
        ("people of an organisation", at_most::PEOPLE_MAX as u64, ""),
        ("memory of one look at a PIN", u64::from(at_most::PIN_MEMORY_KIB_MAX), "KiB"),
        ("passes of one look at a PIN", u64::from(at_most::PIN_PASSES_MAX), ""),
        ("lanes of one look at a PIN", u64::from(at_most::PIN_LANES_MAX), ""),
        ("header fields of a request", at_most::HEADERS_MAX as u64, ""),
        ("the head of a request", at_most::HEADER_BYTES_MAX as u64, "bytes"),
        ("the arrival of a head, and idleness between requests", at_most::HEADER_SECONDS_MAX, "seconds"),
        ("the arrival of a body", at_most::BODY_SECONDS_MAX, "seconds"),
        ("the answer to a request, its body included", at_most::ANSWER_SECONDS_MAX, "seconds"),
        ("taking none of an answer", at_most::WRITE_IDLE_SECONDS_MAX, "seconds"),
        ("connections", at_most::CONNECTIONS_MAX as u64, ""),
        ("live streams", at_most::LIVE_STREAMS_MAX as u64, ""),
        ("one live stream", at_most::LIVE_SECONDS_MAX, "seconds"),
        ("bodies of unknown signers at once", at_most::STRANGER_BODIES_MAX as u64, ""),
        ("requests of one till at once", at_most::REQUESTS_OF_ONE_MAX as u64, ""),
        (
            "bodies on their way in at once, each of at most 65,536 bytes",
            at_most::SMALL_BODIES_ARRIVING_BYTES as u64,
            "bytes",
        ),
        ("larger ones", at_most::LARGE_BODIES_ARRIVING_BYTES as u64, "bytes"),
        ("the former unpacked and not answered", at_most::SMALL_BODIES_HELD_BYTES as u64, "bytes"),
        ("the latter", at_most::LARGE_BODIES_HELD_BYTES as u64, "bytes"),
        ("a wait for room among them", at_most::ROOM_SECONDS_MAX, "seconds"),
    ];
    let mut table = String::from("| what | at most |\n|---|---|\n");
    for (what, value, unit) in rows {
        table.push_str(&format!("| {what} | {} |\n", format!("{} {unit}", number(*value)).trim_end()));
    }
    table
}

/// Digits in groups of three.
fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_table_takes_the_place_of_the_one_before_and_of_nothing_else() {
        let tables = BTreeMap::from([("a", "| new |\n".to_owned())]);
        let document = "words\n<!-- generated:a -->\n| old |\n<!-- /generated -->\nwords\n";
        let filled = "words\n<!-- generated:a -->\n\n| new |\n\n<!-- /generated -->\nwords\n";
        assert_eq!(fill(document, &tables).unwrap(), filled);
        assert_eq!(fill(filled, &tables).unwrap(), filled);
        for broken in
            ["words\n", "<!-- generated:b -->\n<!-- /generated -->\n", "<!-- generated:a -->\n| old |\n"]
        {
            assert!(fill(broken, &tables).is_err(), "{broken}");
        }
    }

    #[test]
    fn ids_are_called_by_their_fields_and_words_stay() {
        let payload = json!({"product": "p1", "list": "shelf"});
        let payload = payload.as_object().unwrap();
        assert_eq!(called("price/p1/shelf", payload), "price/{product}/{list}");
        assert_eq!(called("settings/organisation", payload), "settings/organisation");
        assert_eq!(called("shelf", payload), "shelf");
    }

    #[test]
    fn digits_stand_in_groups_of_three() {
        for (value, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (9_007_199_254_740_991, "9,007,199,254,740,991")]
        {
            assert_eq!(number(value), text);
        }
    }
}
