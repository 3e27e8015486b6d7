//! Beginning with a snapshot: a till that has nothing learns how a large catalogue stands before it learns what led there.
//!
//! Pages of the snapshot come first, then the feed from its beginning, for the events themselves are what a till keeps and hands back; what
//! changes meanwhile comes as further pages. What the snapshot told of a description shows until its own events are here, and all of it is
//! forgotten when the feed has come to its end: nothing that the events do not say outlasts them. Whoever gets no snapshot, or one that
//! cannot be believed, follows the feed as if there were none.

use super::Lane;
use crate::limits::{SNAPSHOT_FAILURES_MAX, SNAPSHOT_FROM};

/// How far a till got with a snapshot, as it keeps it together with what it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Whether there is more of it.
    pub more: bool,
}

/// The part of the till's machine that begins.
#[derive(Clone, Debug, Default)]
pub(super) enum Beginning {
    /// There is no snapshot, or it is over.
    #[default]
    Over,
    /// The till has nothing yet: the handshake says how much there is.
    Empty,
    /// Pages are read, or were.
    Told(Pages),
}

/// Where the pages stand.
#[derive(Clone, Debug, Default)]
pub(super) struct Pages {
    /// Whether there is more of the snapshot itself.
    more: bool,
    /// The last position of the feed that was heard of when the last page came: what is later is asked for.
    reached: i64,
    in_flight: bool,
    /// Failures of the road in a row, with a handshake that came back between them.
    failures: u32,
    /// Whether no page is asked for any more.
    is_refused: bool,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing for now.
    Wait,
    /// The next page.
    Fetch,
    /// To forget what was told.
    End,
}

impl Beginning {
    /// That of a till that starts: what it kept of a snapshot, or whether it has nothing at all.
    pub(super) fn of(begun: Option<Begun>, is_empty: bool) -> Self {
        match begun {
            Some(Begun { more }) => Beginning::Told(Pages { more, ..Pages::default() }),
            None if is_empty => Beginning::Empty,
            None => Beginning::Over,
        }
    }

    /// A handshake says how far the feed goes, and whether it is another one than before.
    pub(super) fn shaken(&mut self, catalogue: Option<&Lane>, is_other: bool) {
        match self {
            Beginning::Told(pages) => pages.is_refused |= is_other,
            Beginning::Empty => {
                let is_long = catalogue.is_some_and(|lane| lane.known >= SNAPSHOT_FROM);
                *self = match is_long {
                    true => Beginning::Told(Pages { more: true, ..Pages::default() }),
                    false => Beginning::Over,
                };
            }
            Beginning::Over => {}
        }
    }

    /// A page was kept.
    pub(super) fn paged(&mut self, catalogue: Option<&Lane>, position: i64, more: bool) {
        if let Beginning::Told(pages) = self {
            let reached = catalogue.map_or(position, |lane| lane.known.max(position));
            *pages = Pages { more, reached, in_flight: false, failures: 0, is_refused: pages.is_refused };
        }
    }

    /// No page came back.
    pub(super) fn failed(&mut self) {
        if let Beginning::Told(pages) = self {
            pages.in_flight = false;
            pages.failures += 1;
            pages.is_refused |= pages.failures >= SNAPSHOT_FAILURES_MAX;
        }
    }

    /// There is none, or what came cannot be believed.
    pub(super) fn refused(&mut self) {
        if let Beginning::Told(pages) = self {
            (pages.in_flight, pages.is_refused) = (false, true);
        }
    }

    /// Whether the feed waits for it.
    pub(super) fn comes_first(&self) -> bool {
        matches!(self, Beginning::Told(Pages { more: true, is_refused: false, .. }))
    }

    /// What to do next, with the catalogue's lane as it stands.
    pub(super) fn next(&mut self, now: u64, catalogue: Option<&Lane>) -> Next {
        let (Beginning::Told(pages), Some(lane)) = (&mut *self, catalogue) else { return Next::Wait };
        let asks =
            !pages.is_refused && (pages.more || lane.known > pages.reached && now >= lane.gathers_until);
        if pages.in_flight {
            return Next::Wait;
        }
        if (pages.is_refused || !pages.more) && !lane.in_flight && lane.position >= lane.known {
            *self = Beginning::Over;
            return Next::End;
        }
        pages.in_flight = asks;
        if asks { Next::Fetch } else { Next::Wait }
    }
}
