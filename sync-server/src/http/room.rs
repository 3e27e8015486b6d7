//! Room for bodies: how many bytes of them the server holds at once, whoever sends them, and how many requests of one till it works on.
//!
//! A body takes room twice: while it arrives, by the size that its head states, and once it is unpacked, by what it may unpack to and then by
//! what it did. Whoever waits for the second holds the first, and nobody who has the second waits for the first, so nobody waits for ever.
//! Room is given in the order in which it was asked for. Small bodies have room of their own: a handshake waits behind no push.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use uuid::Uuid;

use daybook_core::identity::certificate::Certificate;
use daybook_core::limits::SMALL_BODY_BYTES;

use super::error::{Cause, Fault};
use super::limits::Limits;

/// Bytes that one unit of room stands for: semaphores count in 32 bits.
const UNIT_BYTES: usize = 1024;

/// The room of one server.
#[derive(Debug)]
pub struct Rooms {
    small: Room,
    large: Room,
    wait: Duration,
    /// How many requests of each till are worked on, by the till's id.
    working: Arc<Mutex<BTreeMap<Uuid, usize>>>,
    requests_of_one: usize,
}

/// Room for bodies of one kind.
#[derive(Debug)]
struct Room {
    arriving: Share,
    held: Share,
}

/// So many units, of which each taker has some.
#[derive(Debug)]
struct Share {
    units: Arc<Semaphore>,
    all: u32,
}

impl Share {
    fn of(bytes: usize) -> Self {
        let all = units(bytes).max(1);
        Share { units: Arc::new(Semaphore::new(all as usize)), all }
    }

    /// As many units as these bytes take, or all there are.
    async fn take(&self, bytes: usize, wait: Duration) -> Result<OwnedSemaphorePermit, Fault> {
        let asked = self.units.clone().acquire_many_owned(units(bytes).min(self.all));
        match timeout(wait, asked).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Fault::new(
                Cause::Busy,
                "Head office has its hands full of what others send: try again later.",
            )),
        }
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX)
}

/// Room for a body that arrives.
#[derive(Debug)]
pub struct Arriving<'a> {
    room: &'a Room,
    wait: Duration,
    _units: OwnedSemaphorePermit,
}

/// Room for a body that is unpacked, until it is dropped. It goes along with what is made of the body.
#[derive(Debug)]
pub struct Held(Option<OwnedSemaphorePermit>);

impl Rooms {
    /// Room within these limits.
    pub fn of(limits: &Limits) -> Self {
        let room = |(arriving, held)| Room { arriving: Share::of(arriving), held: Share::of(held) };
        Rooms {
            small: room(limits.small_bodies),
            large: room(limits.large_bodies),
            wait: limits.room,
            working: Arc::default(),
            requests_of_one: limits.requests_of_one,
        }
    }

    /// Room for a body of so many bytes to arrive; none is needed where nothing comes.
    pub async fn arriving(&self, bytes: usize) -> Result<Option<Arriving<'_>>, Fault> {
        if bytes == 0 {
            return Ok(None);
        }
        let room = if bytes <= SMALL_BODY_BYTES { &self.small } else { &self.large };
        let units = room.arriving.take(bytes, self.wait).await?;
        Ok(Some(Arriving { room, wait: self.wait, _units: units }))
    }

    /// A place among the requests of a till, whichever of its names it uses.
    pub fn working(&self, certificate: &Certificate) -> Result<Working, Fault> {
        let one = certificate.till.map_or(certificate.origin.0, |till| till.0);
        let mut working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        let count = working.entry(one).or_default();
        if *count >= self.requests_of_one {
            return Err(Fault::new(
                Cause::Busy,
                "Enough requests of this till are being worked on: try again later.",
            ));
        }
        *count += 1;
        Ok(Working { of: self.working.clone(), one })
    }
}

impl Arriving<'_> {
    /// Room for what the body may unpack to.
    pub async fn held(&self, bytes_max: usize) -> Result<Held, Fault> {
        Ok(Held(Some(self.room.held.take(bytes_max, self.wait).await?)))
    }
}

impl Held {
    /// What needs no room.
    pub fn nothing() -> Self {
        Held(None)
    }

    /// Gives back what the body did not need.
    pub fn shrink(&mut self, bytes: usize) {
        if let Some(held) = &mut self.0 {
            drop(held.split(held.num_permits().saturating_sub(units(bytes) as usize)));
        }
    }
}

/// What a request takes of the server, until it is dropped with the last that is done for it.
#[derive(Debug)]
pub struct Place {
    /// Among the requests of its till.
    pub _working: Working,
    /// For its body.
    pub _held: Held,
}

/// A place among the requests of a till.
#[derive(Debug)]
pub struct Working {
    of: Arc<Mutex<BTreeMap<Uuid, usize>>>,
    one: Uuid,
}

impl Drop for Working {
    fn drop(&mut self) {
        let mut working = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = working.get_mut(&self.one) {
            *count -= 1;
            if *count == 0 {
                working.remove(&self.one);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::event::origin::Role;
    use daybook_core::identity::KeyPair;
    use daybook_core::identity::certificate::CERTIFICATE_VERSION;
    use daybook_core::ids::{OrganisationId, OriginId, TillId};

    const LARGE: usize = SMALL_BODY_BYTES + 1;

    fn rooms(bytes: usize) -> Rooms {
        let kind = (bytes, bytes);
        Rooms::of(&Limits { small_bodies: kind, large_bodies: kind, ..Limits::default() })
    }

    #[tokio::test(start_paused = true)]
    async fn a_small_body_waits_behind_no_large_one_and_who_waits_too_long_is_told() {
        let rooms = rooms(LARGE);
        let first = rooms.arriving(LARGE).await.unwrap().unwrap();
        assert_eq!(rooms.arriving(LARGE).await.unwrap_err().cause(), Cause::Busy);
        let small = rooms.arriving(1).await.unwrap().unwrap();
        small.held(1).await.unwrap();
        drop(first);
        assert!(rooms.arriving(LARGE).await.unwrap().is_some());
        assert!(rooms.arriving(0).await.unwrap().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn room_is_given_in_order_and_what_is_not_needed_is_given_back() {
        let rooms = rooms(LARGE);
        let arriving = rooms.small.arriving.take(1, rooms.wait).await.unwrap();
        drop(arriving);
        let one = rooms.arriving(1).await.unwrap().unwrap();
        let mut held = one.held(usize::MAX).await.unwrap();
        assert_eq!(
            one.held(1).await.unwrap_err().cause(),
            Cause::Busy,
            "more than there is counts as all of it"
        );
        held.shrink(1);
        one.held(1).await.unwrap();
        assert!(one.held(LARGE).await.is_err(), "it keeps what it needs");
        drop(held);
        one.held(LARGE).await.unwrap();
    }

    fn certificate() -> Certificate {
        Certificate {
            v: CERTIFICATE_VERSION,
            organisation: OrganisationId(Uuid::nil()),
            origin: OriginId(Uuid::from_u128(1)),
            role: Role::Till,
            store: None,
            store_name: None,
            till: Some(TillId(Uuid::from_u128(2))),
            name: "Till 1".to_owned(),
            series: "Till 1".to_owned(),
            public_key: KeyPair::from_seed([1; 32]).public(),
            parent: None,
            issued_wall: 0,
        }
    }

    #[test]
    fn a_till_has_so_many_requests_at_once_under_all_its_names() {
        let rooms = Rooms::of(&Limits { requests_of_one: 2, ..Limits::default() });
        let mut certificate = certificate();
        let (one, _two) = (rooms.working(&certificate).unwrap(), rooms.working(&certificate).unwrap());
        certificate.origin.0 = Uuid::from_u128(77);
        assert_eq!(rooms.working(&certificate).unwrap_err().cause(), Cause::Busy, "another name of it");
        drop(one);
        drop(rooms.working(&certificate).unwrap());
        certificate.till = None;
        rooms.working(&certificate).unwrap();
    }
}
