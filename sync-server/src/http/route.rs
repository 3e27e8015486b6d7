//! What can be asked: every route in one table, and the way from a request's head to a value of [`Endpoint`].
//!
//! A request is one of these values, or refused, before any work is done for it. Paths are compared as they stand: nothing is
//! decoded, joined or cleaned up, so there is no second spelling of a route. [`ROUTES`] also says who may ask, how much they may
//! send and how long it may take; documentation and tests are made from it.

use http::header::{ACCEPT, HOST, TRANSFER_ENCODING};
use http::{Version, request};

use daybook_core::identity::sealed::SealingKey;
use daybook_core::ids::{OriginId, StoreId};
use daybook_core::limits::{ANSWER_SECONDS_MAX, BODY_BYTES_MAX, ENROL_BODY_BYTES_MAX};
use daybook_core::time::Day;

use super::body::EVENT_STREAM;
use super::error::{Cause, Fault};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// How the server is.
    Health,
    /// A till wants to become part of the organisation.
    Enrol,
    /// Events come in.
    Push,
    /// Both sides say what they have.
    Handshake,
    /// A page of a scope.
    Feed {
        /// The scope.
        scope: String,
        /// Where to go on; none for its beginning.
        cursor: Option<String>,
    },
    /// Hints, as they come.
    Live,
    /// A page of a snapshot.
    Snapshot {
        /// The scope.
        scope: String,
        /// Where to go on; none for its beginning.
        cursor: Option<String>,
    },
    /// A page of a chain.
    Origin {
        /// Whose.
        origin: OriginId,
        /// The number after which it begins.
        after: i64,
    },
    /// Who works at the asker's store.
    People {
        /// What the list is sealed to.
        key: SealingKey,
        /// The revision that the asker has.
        revision: Option<i64>,
    },
    /// Sales by day.
    Report {
        /// The store; none for all that the asker may see.
        store: Option<StoreId>,
        /// The first day.
        from: Option<Day>,
        /// The last day.
        to: Option<Day>,
    },
    /// Conflicts.
    Conflicts {
        /// The store; none for all that the asker may see.
        store: Option<StoreId>,
        /// Whether settled ones too.
        all: bool,
    },
}

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anyone, without a signature.
    Anyone,
    /// Whoever signs with the key that the body presents.
    KeyHolder,
    /// An origin whose certificate ends at the organisation's root.
    Enrolled,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path.
    pub path: &'static str,
    /// The names its query may use, each at most once.
    pub query: &'static [&'static str],
    /// Whether it answers those who accept `text/event-stream`, and only them.
    pub live: bool,
    /// Who may ask.
    pub who: Who,
    /// Bytes the body may have as sent.
    pub body_bytes_max: usize,
    /// Seconds that reading, doing and answering may take together. A live stream goes on after its head is answered.
    pub seconds_max: u64,
    /// What it is for, in a few words.
    pub about: &'static str,
    endpoint: fn(&Query) -> Result<Endpoint, Fault>,
}

/// Every route.
pub const ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/v1/health",
        query: &[],
        live: false,
        who: Who::Anyone,
        body_bytes_max: 0,
        seconds_max: 5,
        about: "Whether the server works, and how far its read models are.",
        endpoint: |_| Ok(Endpoint::Health),
    },
    Route {
        method: "POST",
        path: "/v1/enrol",
        query: &[],
        live: false,
        who: Who::KeyHolder,
        body_bytes_max: ENROL_BODY_BYTES_MAX,
        seconds_max: ANSWER_SECONDS_MAX,
        about: "A till proves that it knows a one-time code and gets its certificate.",
        endpoint: |_| Ok(Endpoint::Enrol),
    },
    Route {
        method: "POST",
        path: "/v1/push",
        query: &[],
        live: false,
        who: Who::Enrolled,
        body_bytes_max: BODY_BYTES_MAX,
        seconds_max: ANSWER_SECONDS_MAX,
        about: "Events of one origin, in order; answered once they are durable.",
        endpoint: |_| Ok(Endpoint::Push),
    },
    Route {
        method: "POST",
        path: "/v1/handshake",
        query: &[],
        live: false,
        who: Who::Enrolled,
        body_bytes_max: BODY_BYTES_MAX,
        seconds_max: ANSWER_SECONDS_MAX,
        about: "Both sides say which events they have seen last, of every origin.",
        endpoint: |_| Ok(Endpoint::Handshake),
    },
    Route {
        method: "GET",
        path: "/v1/feed",
        query: &[],
        live: true,
        who: Who::Enrolled,
        body_bytes_max: 0,
        seconds_max: ANSWER_SECONDS_MAX,
        about: "Hints that something new stands in a scope the asker may follow, as they come.",
        endpoint: |_| Ok(Endpoint::Live),
    },
    Route {
        method: "GET",
        path: "/v1/feed",
        query: &["scope", "cursor"],
        live: false,
        who: Who::Enrolled,
        body_bytes_max: 0,
        seconds_max: ANSWER_SECONDS_MAX,
        about: "The next page of a scope.",
        endpoint: |query| {
            let scope = query.text("scope").filter(|scope| !scope.is_empty());
            let scope = scope.ok_or_else(|| Fault::malformed("Say which scope: /v1/feed?scope=catalogue"))?;
            Ok(Endpoint::Feed { scope, cursor: query.text("cursor") })
        },
    },
    Route {
        method: "GET",
        path: "/v1/snapshot",
        query: &["scope", "cursor"],
        live: false,
        who: Who::Enrolled,
        body_bytes_max: 0,
        seconds_max: ANSWER_SECONDS_MAX,
        about: "The next page of how a scope's descriptions stand, for a till that begins.",
        endpoint: |query| {
            let scope = query.text("scope").filter(|scope| !scope.is_empty());
            let scope =
                scope.ok_or_else(|| Fault::malformed("Say which scope: /v1/snapshot?scope=catalogue"))?;
            Ok(Endpoint::Snapshot { scope, cursor: query.text("cursor") })
        },
    },
    Route {
        method: "GET",
        path: "/v1/origin",
        query: &["origin", "after"],
        live: false,
        who: Who::Enrolled,
        body_bytes_max: 0,
        seconds_max: ANSWER_SECONDS_MAX,
        about: "The next page of a till's own events, for a till that lost them.",
        endpoint: |query| {
            let origin = query.text("origin").and_then(|origin| origin.parse().ok());
            let origin = origin.ok_or_else(|| Fault::malformed("Say whose: /v1/origin?origin=…"))?;
            let after = query.text("after").unwrap_or_else(|| "0".to_owned()).parse().ok();
            let after = after.filter(|after| *after >= 0);
            let after = after.ok_or_else(|| Fault::malformed("after is the number of an event."))?;
            Ok(Endpoint::Origin { origin, after })
        },
    },
    Route {
        method: "GET",
        path: "/v1/people",
        query: &["key", "revision"],
        live: false,
        who: Who::Enrolled,
        body_bytes_max: 0,
        seconds_max: ANSWER_SECONDS_MAX,
        about: "Names and PIN verifiers of a till's people, sealed to a key of this request.",
        endpoint: |query| {
            let key = query.text("key").and_then(|key| SealingKey::parse(&key));
            let key =
                key.ok_or_else(|| Fault::malformed("key is an X25519 key: 43 characters of base64url."))?;
            let revision = query.text("revision").map(|text| text.parse());
            let revision = revision
                .transpose()
                .map_err(|_| Fault::malformed("revision is the number of a list."))?;
            Ok(Endpoint::People { key, revision })
        },
    },
    Route {
        method: "GET",
        path: "/v1/report",
        query: &["store", "from", "to"],
        live: false,
        who: Who::Enrolled,
        body_bytes_max: 0,
        seconds_max: ANSWER_SECONDS_MAX,
        about: "Sales, taxes and tenders by business day.",
        endpoint: |query| {
            Ok(Endpoint::Report { store: query.store()?, from: query.day("from")?, to: query.day("to")? })
        },
    },
    Route {
        method: "GET",
        path: "/v1/conflicts",
        query: &["store", "all"],
        live: false,
        who: Who::Enrolled,
        body_bytes_max: 0,
        seconds_max: ANSWER_SECONDS_MAX,
        about: "What disagrees and waits for a person; with all=true also what is settled.",
        endpoint: |query| Ok(Endpoint::Conflicts { store: query.store()?, all: query.flag("all")? }),
    },
];

/// The route and the endpoint of a request, or why there is none. Nothing has been read of its body yet.
pub fn resolve(head: &request::Parts) -> Result<(&'static Route, Endpoint), Fault> {
    check_framing(head)?;
    check_target(head)?;
    let path = head.uri.path();
    let of_path: Vec<&'static Route> = ROUTES.iter().filter(|route| route.path == path).collect();
    if of_path.is_empty() {
        return Err(Fault::new(Cause::NotFound, "There is no such route. This server speaks /v1/."));
    }
    let live = accepts_live(head);
    let mut of_method = of_path.iter().filter(|route| route.method == head.method.as_str());
    let Some(route) = of_method.find(|route| live || !route.live) else {
        let message = format!("{path} is asked with {} only.", of_path[0].method);
        return Err(Fault::new(Cause::MethodNotAllowed, message).allowing(of_path[0].method));
    };
    let query = Query::read(head.uri.query().unwrap_or_default(), route.query)?;
    Ok((route, (route.endpoint)(&query)?))
}

/// One way to say where a request goes and how long it is: whatever a proxy could read otherwise is refused.
fn check_framing(head: &request::Parts) -> Result<(), Fault> {
    if head.version != Version::HTTP_11 {
        return Err(Fault::malformed("This server speaks HTTP/1.1."));
    }
    // HTTP lets Transfer-Encoding win over Content-Length, and by now the library has dropped the loser; so none may come at all.
    if head.headers.contains_key(TRANSFER_ENCODING) {
        return Err(Fault::malformed(
            "A body's length is said with Content-Length, never with Transfer-Encoding.",
        ));
    }
    let mut hosts = head.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if is_host(host.as_bytes()) => Ok(()),
        _ => Err(Fault::malformed("A request has exactly one header Host.")),
    }
}

fn is_host(host: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(byte);
    !host.is_empty() && host.iter().all(fits)
}

fn check_target(head: &request::Parts) -> Result<(), Fault> {
    let (uri, path) = (&head.uri, head.uri.path());
    let plain = uri.scheme().is_none() && uri.authority().is_none() && path.starts_with('/');
    let whole = uri.path_and_query().map_or("", |target| target.as_str());
    // To a signature no query and an empty one are the same (RFC 9421, 2.2.7).
    if uri.query() == Some("") {
        return Err(Fault::malformed("A target without a query ends without a question mark."));
    }
    let suspicious = whole.contains('\\')
        // A question mark with nothing behind it is signed as if it were not there, and one target has one spelling.
        || uri.query() == Some("")
        || whole.contains("%00")
        || path.split('/').any(|segment| segment == "..")
        || path.to_ascii_lowercase().contains("%2e");
    if plain && !suspicious {
        Ok(())
    } else {
        Err(Fault::malformed("The target of a request is a plain path, such as /v1/health."))
    }
}

fn accepts_live(head: &request::Parts) -> bool {
    let values = head.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut media = values.flat_map(|value| value.split(','));
    media.any(|media| {
        let name = media.split(';').next().unwrap_or_default().trim();
        name.eq_ignore_ascii_case(EVENT_STREAM)
    })
}

/// A query whose names are known and stand once.
struct Query(Vec<(String, String)>);

impl Query {
    fn read(text: &str, known: &[&str]) -> Result<Self, Fault> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !known.contains(&name) {
                return Err(Fault::malformed(format!(
                    "This route's query knows {} and nothing else.",
                    if known.is_empty() { "nothing".to_owned() } else { known.join(", ") }
                )));
            }
            if pairs.iter().any(|(before, _)| before == name) {
                return Err(Fault::malformed(format!("{name} stands twice in the query.")));
            }
            let value = percent_decoded(value)
                .ok_or_else(|| Fault::malformed(format!("The value of {name} in the query is no text.")))?;
            pairs.push((name.to_owned(), value));
        }
        Ok(Query(pairs))
    }

    fn text(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    fn store(&self) -> Result<Option<StoreId>, Fault> {
        let store = self.text("store").map(|text| text.parse());
        store.transpose().map_err(|_| Fault::malformed("store is the id of a store: a UUID."))
    }

    fn day(&self, name: &str) -> Result<Option<Day>, Fault> {
        let day = |text: String| {
            Day::parse(&text).ok_or_else(|| Fault::malformed(format!("{name} is a day such as 2026-03-31.")))
        };
        self.text(name).map(day).transpose()
    }

    fn flag(&self, name: &str) -> Result<bool, Fault> {
        match self.text(name).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Fault::malformed(format!("{name} is true or false."))),
        }
    }
}

/// The text behind `%3A` and its like; `None` where it is none, or has control characters. A plus sign is a plus sign.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let (high, low) = (digit()?, digit()?);
        bytes.push(u8::try_from(high << 4 | low).ok()?);
    }
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}

#[cfg(test)]
mod tests;
