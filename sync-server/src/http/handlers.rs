//! What each endpoint does: one small function that turns a proven request into a question to the office.

use daybook_core::envelope::Line;
use daybook_core::identity::PublicKey;
use daybook_core::identity::certificate::Certificate;
use daybook_core::ids::RequestId;
use daybook_core::limits::{CERTIFICATES_MAX, PUSH_EVENTS_MAX, PUSH_SKELETONS_MAX, TIPS_MAX};
use daybook_core::sync::scope::conflicts_store;
use daybook_core::sync::server::{Bringer, Push};
use daybook_core::wire::{EnrolRequest, HandshakeRequest, PushAnswer, PushHead};

use super::Server;
use super::auth::{Caller, permit, permit_carrying, permit_scope, permit_store};
use super::body::Content;
use super::error::{Cause, Fault};
use super::limits::off_the_loop;
use super::route::Endpoint;
use super::sse::{self, Live};
use crate::office::{Office, ReportQuestion, Via};

/// What an enrolled origin asks.
pub async fn handle(
    server: &Server,
    endpoint: Endpoint,
    caller: Caller,
    body: String,
) -> Result<Content, Fault> {
    let Caller { certificate, .. } = &caller;
    permit(&endpoint, server.office.closing(certificate.origin).as_deref())?;
    match endpoint {
        Endpoint::Push => push(server, caller, body).await,
        Endpoint::Handshake => handshake(server, &caller, &body).await,
        Endpoint::Feed { scope, cursor } => feed(server, &caller, &scope, cursor.as_deref()).await,
        Endpoint::Snapshot { scope, cursor } => {
            let Caller { request, certificate, .. } = &caller;
            permit_scope(certificate, &scope)?;
            let page = server.office.snapshot(*request, certificate, &scope, cursor.as_deref()).await?;
            Ok(Content::Lines(page))
        }
        Endpoint::Live => live(server, caller),
        Endpoint::Origin { origin, after } => {
            let Caller { request, certificate, .. } = &caller;
            Ok(Content::Lines(server.office.chain(*request, certificate, origin, after).await?))
        }
        Endpoint::People { key, revision } => {
            let Caller { request, certificate, .. } = &caller;
            Ok(Content::json(&server.office.people(*request, certificate, key, revision).await?))
        }
        Endpoint::Report { store, from, to } => {
            let store = permit_store(&caller.certificate, store)?;
            let report = server.office.report(ReportQuestion { store, from, to }).await?;
            Ok(Content::json(&report))
        }
        Endpoint::Conflicts { store, all } => {
            let store = permit_store(&caller.certificate, store)?;
            Ok(Content::json(&server.office.conflicts(store, all).await?))
        }
        Endpoint::Health => health(server).await,
        Endpoint::Enrol => Err(Fault::malformed("An enrolment is signed with the key that it presents.")),
    }
}

/// Whether the server works.
pub async fn health(server: &Server) -> Result<Content, Fault> {
    let mut health = server.office.health().await?;
    health.ready &= !*server.stopping.borrow();
    Ok(Content::json(&health))
}

/// A till becomes part of the organisation.
pub async fn enrol(server: &Server, request: EnrolRequest, via: Via) -> Result<Content, Fault> {
    Ok(Content::json(&server.office.enrol(request, via).await?))
}

/// Takes events in. They may be another's than the caller's: what a till holds of others fills what head office has lost, and hashes
/// and seals vouch for it.
///
/// Whoever gives up on the answer leaves a push behind that still waits for the writer, and keeps its room until that is done with it.
async fn push(server: &Server, caller: Caller, body: String) -> Result<Content, Fault> {
    let office = server.office.clone();
    let taken = tokio::spawn(async move {
        let Caller { request, certificate, place: _place } = caller;
        take_in(&office, request, Some(&certificate), body).await
    });
    let answer = taken
        .await
        .unwrap_or_else(|error| Err(Fault::failed(format!("taking a push in: {error}"))));
    Ok(Content::json(&answer?))
}

/// Takes the body of a push in, sent or carried: its seal and certificates say whose it is, whoever brings it.
pub(crate) async fn take_in(
    office: &Office,
    request: RequestId,
    known: Option<&Certificate>,
    body: String,
) -> Result<PushAnswer, Fault> {
    let (head, lines) = off_the_loop(body.len(), move || split(&body)).await?;
    let (origin, by) = (head.origin, known.map(|certificate| certificate.origin));
    if let Some(by) = by.filter(|by| *by != origin) {
        permit_carrying(office.closing(by).as_deref())?;
    }
    let skeleton = lines.iter().position(|line| matches!(line, Line::Skeleton(_)));
    if let (true, Some(at)) = (by == Some(origin), skeleton) {
        return Err(Fault::malformed("A writer sends its own events whole.").at_line(at + 1));
    }
    let key = writer_key(office, known, &head).await?;
    let bytes = lines.iter().map(Line::bytes).sum();
    let bringer = if by == Some(origin) { Bringer::Writer } else { Bringer::Carrier };
    let checked = move || {
        Push::check(&head, lines, &key, bringer).map_err(|bad| Fault::malformed(format!("Refused: {bad}.")))
    };
    let push = off_the_loop(bytes, checked).await?;
    let answer = office.push(request, push).await?;
    if let Some(by) = by.filter(|by| *by != origin) {
        office.carried(origin, by);
    }
    Ok(answer)
}

/// The key of the origin whose events come.
async fn writer_key(
    office: &Office,
    known: Option<&Certificate>,
    head: &PushHead,
) -> Result<PublicKey, Fault> {
    if let Some(certificate) = known.filter(|certificate| certificate.origin == head.origin) {
        return Ok(certificate.public_key);
    }
    match office.certificate(head.origin).await? {
        Some(certificate) => Ok(certificate.public_key),
        None => Ok(office.present(head.origin, head.certificates.clone()).await?.public_key),
    }
}

/// The head and the events of a push. Nothing of it counts where one line does not split.
fn split(body: &str) -> Result<(PushHead, Vec<Line>), Fault> {
    let mut lines = body.strip_suffix('\n').unwrap_or(body).split('\n');
    let head = lines.next().unwrap_or_default();
    let head: PushHead = serde_json::from_str(head)
        .map_err(|error| Fault::malformed(format!("The head of the push: {error}.")))?;
    at_most(CERTIFICATES_MAX, head.certificates.len(), "certificates")?;
    let lines: Vec<&str> = lines.collect();
    let skeletons = lines.iter().filter(|line| line.starts_with('"')).count();
    at_most(PUSH_EVENTS_MAX, lines.len() - skeletons, "events")?;
    at_most(PUSH_SKELETONS_MAX, skeletons, "skeletons")?;
    let event = |(number, line): (usize, &&str)| {
        let number = number + 1;
        Line::split(line).map_err(|why| Fault::malformed(format!("Line {number} {why}.")).at_line(number))
    };
    let events: Result<Vec<Line>, Fault> = lines.iter().enumerate().map(event).collect();
    Ok((head, events?))
}

/// Both sides say what they have.
async fn handshake(server: &Server, caller: &Caller, body: &str) -> Result<Content, Fault> {
    let request: HandshakeRequest = serde_json::from_str(body)
        .map_err(|error| Fault::malformed(format!("This is no handshake: {error}.")))?;
    if request.origin != caller.certificate.origin {
        return Err(Fault::malformed("A handshake is signed by the origin that sends it."));
    }
    at_most(CERTIFICATES_MAX, request.certificates.len(), "certificates")?;
    at_most(CERTIFICATES_MAX, request.unproved.len(), "certificates")?;
    at_most(TIPS_MAX, request.tips.values().map(Vec::len).sum(), "tips")?;
    let answer = server.office.handshake(caller.request, &caller.certificate, request).await?;
    Ok(Content::json(&answer))
}

/// A page of a scope.
async fn feed(server: &Server, caller: &Caller, scope: &str, cursor: Option<&str>) -> Result<Content, Fault> {
    let Caller { request, certificate, .. } = caller;
    permit_scope(certificate, scope)?;
    if conflicts_store(scope).is_some() {
        let page = server.office.conflicts_lane(*request, certificate, scope, cursor).await?;
        return Ok(Content::json(&page));
    }
    Ok(Content::Lines(server.office.feed(*request, certificate, scope, cursor).await?))
}

/// Hints, as they come.
fn live(server: &Server, caller: Caller) -> Result<Content, Fault> {
    let permit = server.live_streams.clone().try_acquire_owned();
    let permit =
        permit.map_err(|_| Fault::new(Cause::Busy, "Too many live streams are open: try again later."))?;
    Ok(Content::Live(sse::body(Live {
        hints: server.office.hints(),
        gate: server.office.gate(),
        lineage: server.office.lineage(caller.certificate.origin),
        certificate: caller.certificate,
        stopping: server.stopping.clone(),
        ping: server.limits.live_ping,
        time: server.limits.live,
        permit,
    })))
}

fn at_most(max: usize, found: usize, what: &str) -> Result<(), Fault> {
    if found <= max {
        return Ok(());
    }
    Err(Fault::new(Cause::TooLarge, format!("{found} {what} are more than {max} at once: send fewer.")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::chain::{Seal, Tip};
    use daybook_core::ids::OriginId;
    use uuid::Uuid;

    const EVENT: &str = r#"[{"seq":1},{},null]"#;

    fn head() -> String {
        let origin = OriginId(Uuid::from_u128(1));
        let head =
            PushHead { origin, previous: Tip::NONE, seal: Seal([0; 64]).text(), certificates: Vec::new() };
        serde_json::to_string(&head).unwrap()
    }

    fn fault(body: &str) -> Fault {
        split(body).expect_err("a push that cannot be read")
    }

    #[test]
    fn a_push_is_a_head_and_lines_with_or_without_a_last_line_feed() {
        for body in [format!("{}\n{EVENT}\n{EVENT}", head()), format!("{}\n{EVENT}\n{EVENT}\n", head())] {
            let (_, events) = split(&body).unwrap();
            let mut written = [String::new(), String::new()];
            events.iter().zip(&mut written).for_each(|(line, out)| line.write_line(out));
            assert_eq!((events.len(), written), (2, [EVENT, EVENT].map(str::to_owned)));
        }
        assert_eq!(split(&head()).unwrap().1, []);
    }

    #[test]
    fn a_line_that_does_not_split_is_named_and_nothing_counts() {
        let head = head();
        for (lines, number) in [
            (format!("{EVENT}\nx\n{EVENT}"), 2),
            (format!("{EVENT}\n\n{EVENT}"), 2),
            (r#"[{},{}, null]"#.to_owned(), 1),
            (format!("{EVENT}\r\n"), 1),
            (format!("{EVENT}\n\n"), 2),
        ] {
            let found = fault(&format!("{head}\n{lines}"));
            assert_eq!(found, Fault::malformed(found.message()).at_line(number), "{lines}");
        }
        assert_eq!(fault("").cause(), Cause::Malformed);
        assert_eq!(fault(EVENT).cause(), Cause::Malformed);
    }

    #[test]
    fn skeletons_are_counted_for_themselves() {
        let skeleton = daybook_core::chain::Skeleton::of(b"{}", b"{}").text();
        let body = |count: usize| format!("{}\n{EVENT}{}", head(), format!("\n\"{skeleton}\"").repeat(count));
        assert_eq!(split(&body(PUSH_SKELETONS_MAX)).unwrap().1.len(), PUSH_SKELETONS_MAX + 1);
        assert_eq!(fault(&body(PUSH_SKELETONS_MAX + 1)).cause(), Cause::TooLarge);
    }

    #[test]
    fn too_many_events_are_too_large() {
        let body = |events: usize| format!("{}{}", head(), format!("\n{EVENT}").repeat(events));
        assert_eq!(split(&body(PUSH_EVENTS_MAX)).unwrap().1.len(), PUSH_EVENTS_MAX);
        assert_eq!(fault(&body(PUSH_EVENTS_MAX + 1)).cause(), Cause::TooLarge);
    }
}
