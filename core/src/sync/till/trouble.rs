//! What can go wrong with a request of the till, as far as it makes a difference to what the till does next.

use crate::limits::{BACKOFF_MILLIS_FIRST, BACKOFF_SECONDS_MAX};

/// Why a request did not get the answer asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No answer, or one that is not authentic: a captive portal looks like this too.
    Network(String),
    /// The server asks to come back after so many seconds.
    Busy(u64),
    /// Too much at once.
    TooLarge,
    /// The server could not read what was sent; sending the same again will not help.
    Malformed(String),
    /// The server does not accept our signature or certificate.
    NotAccepted(String),
    /// The cursor is of another history: start the scope again.
    CursorUnknown,
    /// Signed by an origin of head office that the till has not met: a handshake introduces it.
    UnknownSigner,
    /// A page holds events of somebody whose certificate the till lacks: the next handshake asks for it. What is held can be proved that
    /// way to a head office that lost it.
    UnknownWriter,
}

impl Trouble {
    /// What head office says where the request itself is refused, and would be another time.
    pub fn refusal(&self) -> Option<&str> {
        match self {
            Trouble::Malformed(why) | Trouble::NotAccepted(why) => Some(why),
            Trouble::Network(_)
            | Trouble::Busy(_)
            | Trouble::TooLarge
            | Trouble::CursorUnknown
            | Trouble::UnknownSigner
            | Trouble::UnknownWriter => None,
        }
    }
}

/// Full jitter: a random pause between nothing and a bound that doubles with every failure in a row, in milliseconds.
pub(in crate::sync) fn backoff(failures: u32, random: u64) -> u64 {
    let bound = BACKOFF_MILLIS_FIRST
        .saturating_mul(1 << failures.min(16))
        .min(BACKOFF_SECONDS_MAX * 1_000);
    random % bound.max(1)
}
