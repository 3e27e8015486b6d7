//! The routes of head office as OpenAPI 3.1: from the server's own table, with the schemas of what travels on them.
//!
//! The table says method, path, query, who may ask and how much; what is asked and answered is told here, route by route. A route
//! that is not told fails the generator, so none can be added unseen.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use daybook_core::limits::{LIVE_PING_SECONDS, RETRY_AFTER_SECONDS};
use daybook_core::wire::{
    ConflictRecord, ConflictsPage, EnrolAnswer, EnrolRequest, FeedHead, FeedHint, HandshakeAnswer,
    HandshakeRequest, Health, NONCE_HEADER, OriginHead, PeopleAnswer, Problem, ProblemCode, PushAnswer,
    PushHead, REQUEST_HEADER, SnapshotHead, SnapshotRecord,
};
use daybook_server::http::error::Cause;
use daybook_server::http::route::{ROUTES, Route, Who};
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use super::report::Report;
use super::schemas::plain_words;

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";
const EVENT_STREAM: &str = "text/event-stream";

/// What travels on a route.
struct Shape {
    /// The body asked with, by media type.
    asked: Option<(&'static str, Value)>,
    /// What is answered, by media type.
    answered: Vec<(&'static str, Value)>,
    /// Causes besides those that every route of its kind knows.
    causes: &'static [Cause],
}

/// The description of every route.
pub(super) fn document() -> anyhow::Result<Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut schemas = settings.into_generator();
    let problem = schemas.subschema_for::<Problem>().to_value();
    let codes = codes(&mut schemas);
    let mut paths: BTreeMap<&str, BTreeMap<String, Value>> = BTreeMap::new();
    for route in ROUTES {
        let shape = shape(route, &mut schemas)
            .with_context(|| format!("{} {} is not told in openapi.rs", route.method, route.path))?;
        let operations = paths.entry(route.path).or_default();
        let operation = operation(route, shape, &problem, &codes);
        match operations.get_mut(&route.method.to_lowercase()) {
            None => {
                operations.insert(route.method.to_lowercase(), operation);
            }
            Some(first) => join(first, &operation)?,
        }
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Daybook head office",
            "version": "1",
            "description": "What tills and head office say to each other. docs/PROTOCOL.md tells the same in full, with the rules \
                            that a schema cannot hold: how requests are signed, what a client does next.",
        },
        "servers": [{"url": "http://127.0.0.1:7411", "description": "Where a head office listens unless told otherwise."}],
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "parameters": {
                "request": {
                    "name": REQUEST_HEADER, "in": "header", "required": true,
                    "description": "Id of the request, a UUID in lower case. Its answer repeats it.",
                    "schema": {"type": "string", "format": "uuid"},
                },
                "content_digest": {
                    "name": "content-digest", "in": "header", "required": true,
                    "description": "RFC 9530: sha-256 of the body as sent, also of an empty one.",
                    "schema": {"type": "string", "pattern": "^sha-256=:[A-Za-z0-9+/]{43}=:$"},
                },
                "signature_input": {
                    "name": "signature-input", "in": "header", "required": true,
                    "description": "What is signed, and by whom: the profile of RFC 9421 in docs/PROTOCOL.md.",
                    "schema": {"type": "string"},
                },
            },
            "headers": {
                "nonce": {
                    "description": "The nonce to sign the next request with. Every answer brings one.",
                    "schema": {"type": "string"},
                },
            },
            "securitySchemes": {
                "signature": {
                    "type": "apiKey", "in": "header", "name": "signature",
                    "description": "RFC 9421: an Ed25519 signature by the key of the origin that asks.",
                },
            },
        },
    });
    plain_words(&mut document, &BTreeMap::new());
    Ok(document)
}

/// What each problem code means, as its schema says.
pub(super) fn problem_meanings() -> BTreeMap<String, String> {
    codes(&mut SchemaSettings::draft2020_12().into_generator())
}

fn codes(schemas: &mut SchemaGenerator) -> BTreeMap<String, String> {
    let _named = schemas.subschema_for::<ProblemCode>();
    let of = schemas.definitions().get("ProblemCode").and_then(|schema| schema["oneOf"].as_array());
    let told = |one: &Value| {
        Some((one["const"].as_str()?.to_owned(), one["description"].as_str()?.replace('\n', " ")))
    };
    of.into_iter().flatten().filter_map(told).collect()
}

fn shape(route: &Route, schemas: &mut SchemaGenerator) -> Option<Shape> {
    let json = |schema: Value| vec![(JSON, schema)];
    Some(match (route.path, route.live) {
        ("/v1/health", _) => Shape { asked: None, answered: json(of::<Health>(schemas)), causes: &[] },
        ("/v1/enrol", _) => Shape {
            asked: Some((JSON, of::<EnrolRequest>(schemas))),
            answered: json(of::<EnrolAnswer>(schemas)),
            causes: &[Cause::EnrolmentRefused],
        },
        ("/v1/push", _) => {
            let head = "The first line is the head; each further line is an event, `[envelope,payload,seal]`, or the skeleton of one \
                 that the sender does not hold, `\"…\"`.";
            let asked = lines(head, "x-first-line", of::<PushHead>(schemas), "x-further-lines", event_line());
            Shape {
                asked: Some((NDJSON, asked)),
                answered: json(of::<PushAnswer>(schemas)),
                causes: &[Cause::UnknownPrevious],
            }
        }
        ("/v1/handshake", _) => Shape {
            asked: Some((JSON, of::<HandshakeRequest>(schemas))),
            answered: json(of::<HandshakeAnswer>(schemas)),
            causes: &[],
        },
        ("/v1/feed", true) => {
            let words = format!(
                "Server-sent events named `hint`, one for each scope in which something new stands, and a comment every \
                 {LIVE_PING_SECONDS} seconds. Unsigned: a hint is no content."
            );
            let hints = json!({"type": "string", "description": words, "x-data": of::<FeedHint>(schemas)});
            Shape { asked: None, answered: vec![(EVENT_STREAM, hints)], causes: &[] }
        }
        ("/v1/feed", false) => {
            let head = "A page of events. The first line is the head; each further line is an entry, \
                        `[position,before,[skeletons],[envelope,payload,seal]]`.";
            let skeleton = json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{86}$"});
            let entry = json!({
                "type": "array", "minItems": 4, "maxItems": 4,
                "prefixItems": [
                    {"type": "integer", "minimum": 1}, of::<daybook_core::chain::Hash>(schemas),
                    {"type": "array", "items": skeleton, "description": "The events between `before` and this one, base64url."},
                    event_line(),
                ],
            });
            let page = lines(head, "x-first-line", of::<FeedHead>(schemas), "x-further-lines", entry);
            let lane = of::<ConflictsPage>(schemas);
            Shape {
                asked: None,
                answered: vec![(NDJSON, page), (JSON, lane)],
                causes: &[Cause::Forbidden, Cause::CursorUnknown],
            }
        }
        ("/v1/origin", _) => {
            let head = "A page of a chain. The first line is the head; each further line is an event of it, \
                        `[prev,[envelope,payload,seal]]`, by number; of a number that stands on several branches, each.";
            let entry = json!({
                "type": "array", "minItems": 2, "maxItems": 2,
                "prefixItems": [of::<daybook_core::chain::Hash>(schemas), event_line()],
            });
            let page = lines(head, "x-first-line", of::<OriginHead>(schemas), "x-further-lines", entry);
            Shape {
                asked: None,
                answered: vec![(NDJSON, page)],
                causes: &[Cause::Forbidden, Cause::NotFound],
            }
        }
        ("/v1/snapshot", _) => {
            let head = "A page of a snapshot. The first line is the head; each further line is a description as it stands.";
            let (first, further) = (of::<SnapshotHead>(schemas), of::<SnapshotRecord>(schemas));
            let page = lines(head, "x-first-line", first, "x-further-lines", further);
            Shape {
                asked: None,
                answered: vec![(NDJSON, page)],
                causes: &[Cause::Forbidden, Cause::CursorUnknown, Cause::NotFound],
            }
        }
        ("/v1/people", _) => {
            let answered = json(of::<PeopleAnswer>(schemas));
            Shape { asked: None, answered, causes: &[Cause::Forbidden] }
        }
        ("/v1/report", _) => {
            Shape { asked: None, answered: json(of::<Report>(schemas)), causes: &[Cause::Forbidden] }
        }
        ("/v1/conflicts", _) => {
            let records = json!({"type": "array", "items": of::<ConflictRecord>(schemas)});
            Shape { asked: None, answered: json(records), causes: &[Cause::Forbidden] }
        }
        _ => return None,
    })
}

fn of<T: schemars::JsonSchema>(schemas: &mut SchemaGenerator) -> Value {
    schemas.subschema_for::<T>().to_value()
}

/// Lines of JSON, which OpenAPI 3.1 has no word for: a text, with what its lines hold beside it.
fn lines(words: &str, first: &str, head: Value, further: &str, line: Value) -> Value {
    let mut schema = json!({"type": "string", "description": words});
    schema[first] = head;
    schema[further] = line;
    schema
}

fn event_line() -> Value {
    json!({
        "type": "array", "minItems": 3, "maxItems": 3,
        "prefixItems": [
            {"type": "object", "description": "The envelope: schemas/envelope.v1.json."},
            {"type": "object", "description": "The payload: schemas/<type>.v<version>.json, by `type` and `v` of the envelope."},
            {"type": ["string", "null"], "pattern": "^[A-Za-z0-9_-]{86}$", "description": "The seal, base64url."},
        ],
    })
}

fn operation(route: &Route, shape: Shape, problem: &Value, codes: &BTreeMap<String, String>) -> Value {
    let name = route.path.rsplit('/').next().unwrap_or(route.path);
    let content = |(media, schema): (&str, Value)| (media.to_owned(), json!({"schema": schema}));
    let done: Map<String, Value> = shape.answered.into_iter().map(content).collect();
    let mut responses =
        Map::from_iter([("200".to_owned(), json!({"description": "Done.", "content": done}))]);
    for (status, of_status) in statuses(route, shape.causes) {
        responses.insert(status.to_string(), refusal(status, &of_status, problem, codes));
    }
    for response in responses.values_mut() {
        response["headers"][NONCE_HEADER] = json!({"$ref": "#/components/headers/nonce"});
    }
    let mut operation = json!({
        "operationId": name,
        "summary": route.about,
        "parameters": parameters(route),
        "responses": responses,
        "x-seconds-max": route.seconds_max,
    });
    if route.who != Who::Anyone {
        operation["security"] = json!([{"signature": []}]);
    }
    if let Some((media, schema)) = shape.asked {
        operation["requestBody"] = json!({"required": true, "content": {media: {"schema": schema}}});
        operation["x-body-bytes-max"] = route.body_bytes_max.into();
    }
    operation
}

/// The causes for which a route may refuse, by status.
fn statuses(route: &Route, own: &[Cause]) -> BTreeMap<u16, Vec<Cause>> {
    let mut causes = vec![Cause::Malformed, Cause::TooLarge, Cause::Busy, Cause::Failed];
    if route.body_bytes_max > 0 {
        causes.push(Cause::TooSlow);
    }
    if route.who != Who::Anyone {
        causes.extend([Cause::UnknownEncoding, Cause::Unauthenticated, Cause::UseNonce]);
    }
    if route.who == Who::Enrolled {
        causes.push(Cause::UnknownOrigin);
    }
    causes.extend(own);
    let mut statuses: BTreeMap<u16, Vec<Cause>> = BTreeMap::new();
    for cause in Cause::ALL.into_iter().filter(|cause| causes.contains(cause)) {
        statuses.entry(cause.status()).or_default().push(cause);
    }
    statuses
}

fn refusal(status: u16, causes: &[Cause], problem: &Value, codes: &BTreeMap<String, String>) -> Value {
    let told = |cause: &Cause| {
        let code = daybook_core::project::rows::word(&cause.code());
        let meaning = codes.get(&code).map_or("", String::as_str);
        format!("`{code}`: {meaning}")
    };
    let words: Vec<String> = causes.iter().map(told).collect();
    let mut refusal = json!({
        "description": words.join(" "),
        "content": {JSON: {"schema": problem}},
    });
    if causes.iter().any(|cause| matches!(cause, Cause::Busy | Cause::Failed)) {
        let words = format!(
            "Seconds to wait for (status {status}); {RETRY_AFTER_SECONDS} unless the server knows better."
        );
        refusal["headers"] = json!({"retry-after": {"description": words, "schema": {"type": "integer"}}});
    }
    refusal
}

fn parameters(route: &Route) -> Vec<Value> {
    let signed = ["request", "content_digest", "signature_input"];
    let signed = signed.map(|name| json!({"$ref": format!("#/components/parameters/{name}")}));
    let asked = route.query.iter().map(|name| {
        let (words, schema) = query(name);
        // The scope is asked for unless hints are: one path tells both.
        json!({"name": name, "in": "query", "required": false, "description": words, "schema": schema})
    });
    let headers = if route.who == Who::Anyone { Vec::new() } else { signed.to_vec() };
    asked.chain(headers).collect()
}

fn query(name: &str) -> (&'static str, Value) {
    match name {
        "scope" => (
            "The scope, such as `catalogue`. Needed for a page; left out where hints are asked for.",
            json!({"type": "string"}),
        ),
        "cursor" => (
            "Where to go on: the cursor of the page before. Left out: from the beginning.",
            json!({"type": "string"}),
        ),
        "key" => (
            "X25519, made for this request: what the list is sealed to. Needed.",
            json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"}),
        ),
        "revision" => (
            "The revision that the asker has: the same again is answered without the list.",
            json!({"type": "integer"}),
        ),
        "store" => {
            ("The store. Left out: all that the asker may see.", json!({"type": "string", "format": "uuid"}))
        }
        "from" => ("The first business day.", json!({"type": "string", "format": "date"})),
        "to" => ("The last business day.", json!({"type": "string", "format": "date"})),
        "all" => ("Whether settled ones too.", json!({"type": "boolean"})),
        _ => ("", json!({"type": "string"})),
    }
}

/// Joins a second operation of the same method and path: they are told apart by what the asker accepts.
fn join(first: &mut Value, second: &Value) -> anyhow::Result<()> {
    let (Some(before), Some(summary)) = (first["summary"].as_str(), second["summary"].as_str()) else {
        bail!("an operation without a summary");
    };
    first["summary"] = format!("{before} {summary}").into();
    let mut parameters = second["parameters"].as_array().cloned().unwrap_or_default();
    let own = first["parameters"].as_array().cloned().unwrap_or_default();
    parameters.extend(
        own.into_iter()
            .filter(|one| !second["parameters"].as_array().is_some_and(|all| all.contains(one))),
    );
    first["parameters"] = parameters.into();
    let (Some(into), Some(from)) = (first["responses"].as_object_mut(), second["responses"].as_object())
    else {
        bail!("an operation without responses");
    };
    for (status, response) in from {
        match into.get_mut(status) {
            Some(known) if status == "200" => {
                let more = response["content"].as_object().cloned().unwrap_or_default();
                if let Some(content) = known["content"].as_object_mut() {
                    content.extend(more);
                }
            }
            _ => {
                into.insert(status.clone(), response.clone());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_code_says_what_it_means() {
        let meanings = problem_meanings();
        for cause in Cause::ALL {
            let code = daybook_core::project::rows::word(&cause.code());
            assert!(meanings.contains_key(&code), "{code}");
        }
    }

    #[test]
    fn every_reference_of_the_description_leads_somewhere() {
        let document = document().unwrap();
        let mut references = Vec::new();
        collect(&document, &mut references);
        assert!(!references.is_empty());
        for reference in references {
            let pointer = reference.strip_prefix('#').expect("a reference within the document");
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    fn collect(value: &Value, references: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| collect(member, references));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
            _ => {}
        }
    }
}
