//! What a writer may speak for: head office describes, a till tells what happened in its own store.
//!
//! Everyone writes only their own log, but nothing in a log keeps a writer from saying what is not theirs to say. The certificate does:
//! what does not fit it is stored and acknowledged like everything else, changes no read model and reaches nobody's feed. Head office
//! asks here before it projects; tills hear only what passed, from head office's signed feed.

use crate::event::Event;
use crate::event::origin::Role;
use crate::identity::certificate::Certificate;
use crate::ids::{StoreId, TillId};
use crate::project::{Input, Unread};

/// What an origin's certificate says it may speak for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Head office: descriptions, and the goods of every store.
    HeadOffice,
    /// This till of this store.
    Till(StoreId, TillId),
}

impl Standing {
    /// The standing a certificate gives; none for a till that it names no store or no till for.
    pub fn of(certificate: &Certificate) -> Option<Self> {
        match certificate.role {
            Role::HeadOffice => Some(Standing::HeadOffice),
            Role::Till => Some(Standing::Till(certificate.store?, certificate.till?)),
        }
    }

    /// Why this event is not this writer's to say; none where it is.
    pub fn misfit(self, event: &Event) -> Option<&'static str> {
        match (self, event) {
            (Standing::HeadOffice, Event::OriginOpened(opened)) => {
                (opened.role != Role::HeadOffice).then_some("head office's certificate makes it no till")
            }
            (Standing::HeadOffice, _) => None,
            (Standing::Till(..), Event::OriginOpened(opened)) if opened.role != Role::Till => {
                Some("a till's certificate makes it no head office")
            }
            (
                Standing::Till(..),
                Event::EpochOpened(_) | Event::OriginAdmitted(_) | Event::OriginClosed(_),
            ) => Some("only head office says this"),
            (Standing::Till(..), described) if described.is_description() => {
                Some("only head office describes what all share")
            }
            (Standing::Till(store, till), told) => {
                if told.store().is_some_and(|named| named != store) {
                    Some("it names another store than the writer's certificate")
                } else if told.till().is_some_and(|named| named != till) {
                    Some("it names another till than the writer's certificate")
                } else {
                    None
                }
            }
        }
    }
}

impl Input {
    /// This input as its writer's standing lets it count: what is not theirs to say, or of a writer whom no certificate names, is broken.
    pub fn by(self, standing: Option<Standing>) -> Self {
        let why = match (&self.content, standing) {
            (Err(_), _) => None,
            (Ok(_), None) => Some("no certificate names it"),
            (Ok((_, event)), Some(standing)) => standing.misfit(event),
        };
        match why {
            Some(why) => Input { content: Err(Unread::Broken(format!("writer: {why}"))), ..self },
            None => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::description::ProductArchived;
    use crate::event::stock::Counted;
    use uuid::Uuid;

    fn store(number: u128) -> StoreId {
        StoreId(Uuid::from_u128(number))
    }

    #[test]
    fn a_till_speaks_for_its_own_store_and_describes_nothing_that_all_share() {
        let counted = |number| {
            let (store, session) = (store(number), "1".to_owned());
            Event::from(Counted { store, session, lines: Vec::new(), currency: None, zone_closed: false })
        };
        let archived = Event::from(ProductArchived { product: crate::ids::ProductId(Uuid::from_u128(7)) });
        let opened = |number, role| {
            let till = Some(TillId(Uuid::from_u128(number)));
            Event::from(crate::event::origin::Opened {
                organisation: crate::ids::OrganisationId(Uuid::from_u128(3)),
                role,
                reason: crate::event::origin::Reason::Enrolled,
                store: Some(store(1)),
                till,
                name: "Till 1".to_owned(),
                series: "A".to_owned(),
                public_key: String::new(),
                parent: None,
                counters: None,
            })
        };
        let here = Standing::Till(store(1), TillId(Uuid::from_u128(9)));
        let cases = [
            (here, opened(9, Role::Till), true),
            (here, opened(8, Role::Till), false),
            (here, opened(9, Role::HeadOffice), false),
            (Standing::HeadOffice, opened(9, Role::Till), false),
            (here, counted(1), true),
            (here, counted(2), false),
            (Standing::HeadOffice, counted(2), true),
            (here, archived.clone(), false),
            (Standing::HeadOffice, archived, true),
        ];
        for (standing, event, fits) in cases {
            assert_eq!(standing.misfit(&event).is_none(), fits, "{standing:?} {:?}", event.kind());
        }
    }
}
