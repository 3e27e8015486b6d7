//! Live: hints that something new stands in a scope, as server-sent events.
//!
//! A hint is not content. Whoever misses one loses nothing but time, because what counts is the signed page that the hint makes a
//! till fetch; so a slow reader is not waited for, but told to look at every scope.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};
use tokio::time::{Instant, sleep_until};

use daybook_core::event::origin::Role;
use daybook_core::identity::certificate::Certificate;
use daybook_core::ids::OriginId;
use daybook_core::limits::AMOUNT_MINOR_MAX;
use daybook_core::sync::admission::Gate;
use daybook_core::sync::scope;
use daybook_core::wire::FeedHint;

use super::auth::may_follow;
use super::body::Body;

/// The position in a hint that only says "look": larger than every position, so that whoever compares will fetch.
pub const POSITION_UNKNOWN: i64 = AMOUNT_MINOR_MAX;

/// What a live stream needs to run.
#[derive(Debug)]
pub struct Live {
    /// Where hints come from.
    pub hints: broadcast::Receiver<FeedHint>,
    /// Who follows.
    pub certificate: Certificate,
    /// Whose events are let in: who is not any more hears nothing more.
    pub gate: watch::Receiver<Gate>,
    /// The follower's origin and those it goes on from.
    pub lineage: Vec<OriginId>,
    /// Turns true, or loses its sender, when the server stops.
    pub stopping: watch::Receiver<bool>,
    /// Between two signs of life.
    pub ping: Duration,
    /// For the whole stream.
    pub time: Duration,
    /// The stream's place among [`daybook_core::limits::LIVE_STREAMS_MAX`].
    pub permit: OwnedSemaphorePermit,
}

/// The stream: ends when the server stops, when its time is over, or when its follower's access ends.
pub fn body(live: Live) -> Body {
    let start = Follower { end: Instant::now() + live.time, told: BTreeSet::new(), begun: false, live };
    let frames = stream::unfold(start, |mut follower| async move {
        let text = follower.next().await?;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from(text))), follower))
    });
    StreamBody::new(frames).boxed_unsync()
}

struct Follower {
    live: Live,
    end: Instant,
    /// Scopes this stream has named; for head office, whose scopes nobody lists.
    told: BTreeSet<String>,
    begun: bool,
}

impl Follower {
    /// What is to be written next; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        if !self.begun {
            // Something at once, so that proxies on the way let go of the head.
            self.begun = true;
            return Some(": following\n\n".to_owned());
        }
        let ping_at = Instant::now() + self.live.ping;
        loop {
            let heard = tokio::select! {
                biased;
                _ = self.live.stopping.wait_for(|stopping| *stopping) => return None,
                () = sleep_until(self.end) => return None,
                Ok(()) = self.live.gate.changed() => None,
                heard = self.live.hints.recv() => Some(heard),
                () = sleep_until(ping_at) => return Some(": ping\n\n".to_owned()),
            };
            let Some(heard) = heard else {
                if self.is_shut_out() {
                    return None;
                }
                continue;
            };
            match heard {
                Ok(hint) if may_follow(&self.live.certificate, &hint.scope) => {
                    self.told.insert(hint.scope.clone());
                    return Some(event(&hint));
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Some(self.look_everywhere()),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn is_shut_out(&mut self) -> bool {
        let gate = self.live.gate.borrow_and_update();
        gate.closing(self.live.lineage.iter().copied()).is_some()
    }

    fn look_everywhere(&self) -> String {
        let hint = |scope: String| event(&FeedHint { scope, position: POSITION_UNKNOWN });
        self.scopes().into_iter().map(hint).collect()
    }

    fn scopes(&self) -> BTreeSet<String> {
        let Certificate { role, store, .. } = self.live.certificate;
        match (role, store) {
            (Role::Till, Some(store)) => {
                let lanes = [scope::conflicts(store), scope::CREDENTIALS.to_owned()];
                scope::of_till(store).into_iter().chain(lanes).collect()
            }
            (Role::HeadOffice, _) | (Role::Till, None) => {
                let everybody = [scope::CATALOGUE.to_owned(), scope::PEOPLE.to_owned()];
                self.told.iter().cloned().chain(everybody).collect()
            }
        }
    }
}

fn event(hint: &FeedHint) -> String {
    let text = serde_json::to_string(hint);
    let text = text.unwrap_or_else(|error| unreachable!("hints are plain data: {error}"));
    format!("event: hint\ndata: {text}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::event::Event;
    use daybook_core::event::origin::Closed;
    use daybook_core::identity::KeyPair;
    use daybook_core::identity::certificate::CERTIFICATE_VERSION;
    use daybook_core::ids::{OrganisationId, StoreId, TillId};
    use daybook_core::project::rows::OrderKey;
    use daybook_core::sync::admission::Mark;
    use std::sync::Arc;
    use tokio::sync::Semaphore;
    use uuid::Uuid;

    const STORE: StoreId = StoreId(Uuid::from_u128(7));

    struct Played {
        hints: broadcast::Sender<FeedHint>,
        stop: watch::Sender<bool>,
        gate: watch::Sender<Gate>,
        places: Arc<Semaphore>,
        body: Body,
    }

    fn play(store: Option<StoreId>, ping: Duration, time: Duration) -> Played {
        let certificate = Certificate {
            v: CERTIFICATE_VERSION,
            organisation: OrganisationId(Uuid::from_u128(1)),
            origin: OriginId(Uuid::from_u128(2)),
            role: if store.is_some() { Role::Till } else { Role::HeadOffice },
            store,
            store_name: None,
            till: store.map(|_| TillId(Uuid::from_u128(3))),
            name: "Till 1".to_owned(),
            series: "S1T1".to_owned(),
            public_key: KeyPair::from_seed([7; 32]).public(),
            parent: None,
            issued_wall: 0,
        };
        let (hints, receiver) = broadcast::channel(4);
        let (stop, stopping) = watch::channel(false);
        let (gate, gate_in) = watch::channel(Gate::default());
        let places = Arc::new(Semaphore::new(1));
        let permit = places.clone().try_acquire_owned().unwrap();
        let lineage = vec![certificate.origin];
        let live =
            Live { hints: receiver, certificate, gate: gate_in, lineage, stopping, ping, time, permit };
        Played { hints, stop, gate, places, body: body(live) }
    }

    impl Played {
        fn hint(&self, scope: String, position: i64) {
            self.hints.send(FeedHint { scope, position }).unwrap();
        }

        async fn next(&mut self) -> Option<String> {
            let frame = self.body.frame().await?.unwrap();
            Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
        }
    }

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(5);

    #[tokio::test(start_paused = true)]
    async fn a_till_hears_of_its_own_scopes_only() {
        let mut played = play(Some(STORE), LONG, LONG);
        assert_eq!(played.next().await.unwrap(), ": following\n\n");
        played.hint(scope::sales(StoreId(Uuid::from_u128(8))), 1);
        played.hint(scope::sales(STORE), 2);
        let sales =
            format!("event: hint\ndata: {{\"scope\":\"{}\",\"position\":2}}\n\n", scope::sales(STORE));
        assert_eq!(played.next().await.unwrap(), sales);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_falls_behind_is_told_to_look_everywhere() {
        let mut played = play(Some(STORE), LONG, LONG);
        played.next().await.unwrap();
        for position in 1..=9 {
            played.hint(scope::CATALOGUE.to_owned(), position);
        }
        let told = played.next().await.unwrap();
        for scope in scope::of_till(STORE).into_iter().chain([scope::conflicts(STORE)]) {
            assert!(
                told.contains(&format!("{{\"scope\":\"{scope}\",\"position\":{POSITION_UNKNOWN}}}")),
                "{told}"
            );
        }
        assert!(played.next().await.unwrap().contains("catalogue"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_when_its_followers_access_ends_and_not_when_anothers_does() {
        let close = |played: &Played, number: u128| {
            let origin = OriginId(Uuid::from_u128(number));
            let order = OrderKey { at: 1, origin, seq: 1 };
            let closed = Event::from(Closed { origin, reason: "lost".to_owned(), tips: Vec::new() });
            let (origin, mark) = Mark::of(order, &closed).unwrap();
            played.gate.send_modify(|gate| gate.learn(origin, mark));
        };
        let mut played = play(Some(STORE), LONG, LONG);
        played.next().await.unwrap();
        played.hint(scope::CATALOGUE.to_owned(), 1);
        close(&played, 2);
        assert_eq!(played.next().await, None, "what is said after the closing is not heard");

        let mut other = play(Some(STORE), LONG, LONG);
        other.next().await.unwrap();
        close(&other, 5);
        other.hint(scope::CATALOGUE.to_owned(), 1);
        assert!(other.next().await.unwrap().contains("catalogue"));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_broken_by_pings() {
        let mut played = play(None, SHORT, LONG);
        played.next().await.unwrap();
        assert_eq!(played.next().await.unwrap(), ": ping\n\n");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_with_the_server_with_its_time_or_with_its_source_and_gives_its_place_back() {
        let mut stopped = play(None, LONG, LONG);
        stopped.next().await.unwrap();
        stopped.stop.send(true).unwrap();
        assert_eq!(stopped.next().await, None);
        drop(stopped.body);
        assert_eq!(stopped.places.available_permits(), 1);

        let mut over = play(None, LONG, SHORT);
        over.next().await.unwrap();
        assert_eq!(over.next().await, None);

        let mut closed = play(None, LONG, LONG);
        closed.next().await.unwrap();
        drop(closed.hints);
        assert_eq!(closed.body.frame().await.map(|_| ()), None);
    }
}
