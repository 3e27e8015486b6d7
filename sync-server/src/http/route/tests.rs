//! Heads of requests in a table, and what they resolve to.

use super::*;
use daybook_core::identity::sealed::OpeningKey;
use http::Request;
use uuid::Uuid;

const STORE: &str = "00000000-0000-0000-0000-000000000007";

fn head(method: &str, target: &str, headers: &[(&str, &str)]) -> request::Parts {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).expect("a request that HTTP can say").into_parts().0
}

fn resolved(method: &str, target: &str, accept: &str) -> Result<Endpoint, Cause> {
    let head = head(method, target, &[("host", "office.example:7411"), ("accept", accept)]);
    resolve(&head).map(|(_, endpoint)| endpoint).map_err(|fault| fault.cause())
}

#[test]
fn a_request_is_a_value_before_it_is_work() {
    let store = Some(StoreId(Uuid::from_u128(7)));
    let feed = |scope: &str, cursor: Option<&str>| Endpoint::Feed {
        scope: scope.to_owned(),
        cursor: cursor.map(str::to_owned),
    };
    let cases = [
        ("GET", "/v1/health".to_owned(), "*/*", Ok(Endpoint::Health)),
        ("POST", "/v1/enrol".to_owned(), "*/*", Ok(Endpoint::Enrol)),
        ("POST", "/v1/push".to_owned(), "*/*", Ok(Endpoint::Push)),
        ("POST", "/v1/handshake".to_owned(), "*/*", Ok(Endpoint::Handshake)),
        ("GET", "/v1/feed?scope=catalogue".to_owned(), "*/*", Ok(feed("catalogue", None))),
        ("GET", "/v1/feed?scope=a%3Ab&cursor=x-_1".to_owned(), "*/*", Ok(feed("a:b", Some("x-_1")))),
        ("GET", "/v1/feed?scope=a:b&cursor=1+2%2B".to_owned(), "*/*", Ok(feed("a:b", Some("1+2+")))),
        ("GET", "/v1/feed".to_owned(), "text/event-stream", Ok(Endpoint::Live)),
        ("GET", "/v1/feed".to_owned(), "text/html, Text/Event-Stream;q=0.9", Ok(Endpoint::Live)),
        ("GET", "/v1/report".to_owned(), "*/*", Ok(Endpoint::Report { store: None, from: None, to: None })),
        (
            "GET",
            format!("/v1/report?store={STORE}&from=2026-03-01&to=2026-03-31"),
            "*/*",
            Ok(Endpoint::Report { store, from: Day::parse("2026-03-01"), to: Day::parse("2026-03-31") }),
        ),
        ("GET", "/v1/conflicts".to_owned(), "*/*", Ok(Endpoint::Conflicts { store: None, all: false })),
        (
            "GET",
            format!("/v1/conflicts?all=true&store={STORE}"),
            "*/*",
            Ok(Endpoint::Conflicts { store, all: true }),
        ),
        // What is not there.
        ("GET", "/".to_owned(), "*/*", Err(Cause::NotFound)),
        ("GET", "/v2/health".to_owned(), "*/*", Err(Cause::NotFound)),
        ("GET", "/v1/health/".to_owned(), "*/*", Err(Cause::NotFound)),
        ("GET", "//v1/health".to_owned(), "*/*", Err(Cause::NotFound)),
        ("GET", "/V1/health".to_owned(), "*/*", Err(Cause::NotFound)),
        ("GET", "/v1/h%65alth".to_owned(), "*/*", Err(Cause::NotFound)),
        ("POST", "/v1/health".to_owned(), "*/*", Err(Cause::MethodNotAllowed)),
        ("HEAD", "/v1/health".to_owned(), "*/*", Err(Cause::MethodNotAllowed)),
        ("GET", "/v1/push".to_owned(), "*/*", Err(Cause::MethodNotAllowed)),
        // What makes no sense.
        ("GET", "/v1/feed".to_owned(), "*/*", Err(Cause::Malformed)),
        ("GET", "/v1/feed?scope=".to_owned(), "*/*", Err(Cause::Malformed)),
        ("POST", "/v1/push?".to_owned(), "*/*", Err(Cause::Malformed)),
        ("GET", "/v1/feed?scope=a&scope=b".to_owned(), "*/*", Err(Cause::Malformed)),
        ("GET", "/v1/feed?scope=a&more=1".to_owned(), "*/*", Err(Cause::Malformed)),
        ("GET", "/v1/feed?scope=a%0Ab".to_owned(), "*/*", Err(Cause::Malformed)),
        ("GET", "/v1/feed?scope=a%".to_owned(), "*/*", Err(Cause::Malformed)),
        ("GET", "/v1/feed?scope=%ff".to_owned(), "*/*", Err(Cause::Malformed)),
        ("GET", "/v1/feed?scope=a".to_owned(), "text/event-stream", Err(Cause::Malformed)),
        ("GET", "/v1/report?store=7".to_owned(), "*/*", Err(Cause::Malformed)),
        ("GET", "/v1/report?from=yesterday".to_owned(), "*/*", Err(Cause::Malformed)),
        ("GET", "/v1/conflicts?all=yes".to_owned(), "*/*", Err(Cause::Malformed)),
        ("GET", "/v1/health?x=1".to_owned(), "*/*", Err(Cause::Malformed)),
    ];
    for (method, target, accept, expected) in cases {
        assert_eq!(resolved(method, &target, accept), expected, "{method} {target} ({accept})");
    }
}

#[test]
fn a_target_has_one_reading() {
    let targets = [
        "/v1/../v1/health",
        "/..",
        "/v1/health\\",
        "/v1/health%00",
        "/v1/%2e%2e/health",
        "/v1/%2E/health",
        "/v1/feed?scope=%00",
        "http://office.example/v1/health",
        "*",
    ];
    for target in targets {
        assert_eq!(resolved("GET", target, "*/*"), Err(Cause::Malformed), "{target}");
    }
}

#[test]
fn a_request_has_one_host_and_one_length() {
    let cases: [(&[(&str, &str)], bool); 8] = [
        (&[("host", "127.0.0.1:7411")], true),
        (&[("host", "[::1]:7411")], true),
        (&[], false),
        (&[("host", "")], false),
        (&[("host", "a"), ("host", "a")], false),
        (&[("host", "a/b")], false),
        (&[("host", "user@a")], false),
        (&[("host", "a"), ("transfer-encoding", "chunked")], false),
    ];
    for (headers, fine) in cases {
        assert_eq!(resolve(&head("GET", "/v1/health", headers)).is_ok(), fine, "{headers:?}");
    }
    let mut old = head("GET", "/v1/health", &[("host", "a")]);
    old.version = Version::HTTP_10;
    assert!(resolve(&old).is_err());
}

#[test]
fn every_route_resolves_to_itself_and_is_bounded() {
    for route in ROUTES {
        let key = format!("/v1/people?key={}", OpeningKey::from_random([1; 32]).public().text());
        let origin = format!("/v1/origin?origin={}", uuid::Uuid::from_u128(1));
        let target = match route.query {
            ["origin", ..] => &origin,
            ["scope", ..] => &format!("{}?scope=catalogue", route.path),
            ["key", ..] => &key,
            _ => route.path,
        };
        let accept = if route.live { EVENT_STREAM } else { "*/*" };
        let head = head(route.method, target, &[("host", "a"), ("accept", accept)]);
        let (found, _) = resolve(&head).expect("a route of the table");
        assert_eq!((found.path, found.live), (route.path, route.live));
        assert!(route.seconds_max <= ANSWER_SECONDS_MAX && route.body_bytes_max <= BODY_BYTES_MAX);
        assert_eq!(route.body_bytes_max == 0, route.method == "GET", "{}", route.path);
        assert!(route.who != Who::Anyone || route.path == "/v1/health", "only health is for anyone");
    }
}
