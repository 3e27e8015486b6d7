//! Freshness: a request carries a nonce that head office handed out minutes ago, so a recorded request is worth nothing later.
//!
//! Head office keeps no list of them. A nonce is an HMAC over the number of a stretch of time, under a key that follows from head office's
//! own: whoever holds that key, also another replica, knows a fresh one from an old one. A till needs no right clock for it; it sends back
//! what it heard last, and where that has aged meanwhile it asks once more with the one that the refusal brought. Within the window a
//! request may still be played again, which is harmless because every request may be repeated.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::chain::sha256;
use crate::identity::http_signature::is_nonce;
use crate::identity::{KeyPair, base64url, read_base64url};
use crate::limits::NONCE_SECONDS;
use crate::wire::ProblemCode;

const KEY_DOMAIN: &[u8] = b"daybook/nonce-key/1\0";
const NONCE_DOMAIN: &[u8] = b"daybook/nonce/1\0";

/// Head office's side: what makes nonces and knows them again.
#[derive(Clone)]
pub struct NonceKey([u8; 32]);

impl NonceKey {
    /// The key that follows from head office's own: `SHA-256("daybook/nonce-key/1" ‖ 0 ‖ seed)`. It has no file, and is the same after a
    /// restart and on every replica.
    pub fn of(key: &KeyPair) -> Self {
        NonceKey(sha256(&[KEY_DOMAIN, &key.seed()].concat()).0)
    }

    /// The nonce to hand out at a time, in microseconds since 1970.
    pub fn nonce(&self, wall: i64) -> String {
        let mac: [u8; 32] = self.mac(stretch(wall)).finalize().into_bytes().into();
        base64url(&mac)
    }

    /// Whether a nonce was handed out between a moment and ten minutes ago. One of the stretch to come is taken too: another replica's
    /// clock may be a little ahead.
    #[must_use]
    pub fn is_fresh(&self, wall: i64, nonce: &str) -> bool {
        let Some(mac) = read_base64url::<32>(nonce) else { return false };
        let present = stretch(wall);
        [present, present.saturating_sub(1), present.saturating_add(1)]
            .into_iter()
            .any(|stretch| self.mac(stretch).verify(&mac.into()).is_ok())
    }

    fn mac(&self, stretch: i64) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.0);
        mac.unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"))
            .chain_update(NONCE_DOMAIN)
            .chain_update(stretch.to_be_bytes())
    }
}

impl std::fmt::Debug for NonceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NonceKey(***)")
    }
}

/// The number of the stretch of [`NONCE_SECONDS`] that a time lies in.
fn stretch(wall: i64) -> i64 {
    wall.div_euclid(NONCE_SECONDS * 1_000_000)
}

/// The till's side: the nonce heard last, and whether a refused request is asked once more.
#[derive(Clone, Debug, Default)]
pub struct Freshness {
    heard: Option<String>,
}

impl Freshness {
    /// The nonce to send, where one was heard.
    pub fn nonce(&self) -> Option<&str> {
        self.heard.as_deref()
    }

    /// An answer brought this nonce. What could not be sent back is not kept.
    pub fn hear(&mut self, nonce: &str) {
        if is_nonce(nonce) {
            self.heard = Some(nonce.to_owned());
        }
    }

    /// Whether a refused request is sent once more, the same in everything but its nonce. `sent` went with the first attempt; a second
    /// refusal is not argued with, and neither is one that brought no other nonce.
    pub fn repeats(&self, code: ProblemCode, attempt: u32, sent: Option<&str>) -> bool {
        code == ProblemCode::UseNonce && attempt == 1 && self.heard.is_some() && self.heard.as_deref() != sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_772_442_000_000_000;
    const SECOND: i64 = 1_000_000;

    fn key() -> NonceKey {
        NonceKey::of(&KeyPair::from_seed([2; 32]))
    }

    #[test]
    fn a_nonce_is_fresh_for_five_to_ten_minutes_and_then_never_again() {
        let begins = stretch(NOON) * NONCE_SECONDS * SECOND;
        for handed_out in [begins, begins + 299 * SECOND] {
            let nonce = key().nonce(handed_out);
            for later in 0..=300 {
                assert!(key().is_fresh(handed_out + later * SECOND, &nonce), "{later}");
            }
            for later in [600, 601, 3_600, 86_400 * 365] {
                assert!(!key().is_fresh(handed_out + later * SECOND, &nonce), "{later}");
            }
        }
    }

    #[test]
    fn a_replica_whose_clock_is_a_little_ahead_is_believed_and_one_that_is_far_ahead_is_not() {
        let stretch_micros = NONCE_SECONDS * SECOND;
        assert!(key().is_fresh(NOON, &key().nonce(NOON + stretch_micros)));
        assert!(!key().is_fresh(NOON, &key().nonce(NOON + 2 * stretch_micros)));
    }

    #[test]
    fn what_was_not_handed_out_is_not_fresh() {
        let (own, other) = (key().nonce(NOON), NonceKey::of(&KeyPair::from_seed([3; 32])).nonce(NOON));
        let mut spoilt = own.clone().into_bytes();
        spoilt[5] = if spoilt[5] == b'A' { b'B' } else { b'A' };
        let spoilt = String::from_utf8(spoilt).unwrap();
        for text in ["", "n-1", &other, &spoilt, &own[1..], &format!("{own}="), &format!(" {own}")] {
            assert!(!key().is_fresh(NOON, text), "{text:?}");
        }
        assert!(key().is_fresh(NOON, &own) && is_nonce(&own));
        assert_eq!(format!("{:?}", key()), "NonceKey(***)");
    }

    #[test]
    fn a_till_asks_once_more_where_it_heard_another_nonce_and_never_twice() {
        let mut till = Freshness::default();
        assert!(!till.repeats(ProblemCode::UseNonce, 1, None), "none was heard");
        till.hear("n-1");
        assert!(till.repeats(ProblemCode::UseNonce, 1, None));
        assert!(!till.repeats(ProblemCode::UseNonce, 1, Some("n-1")), "it would be the same again");
        till.hear("n-2");
        assert!(till.repeats(ProblemCode::UseNonce, 1, Some("n-1")));
        assert!(!till.repeats(ProblemCode::UseNonce, 2, Some("n-1")));
        assert!(!till.repeats(ProblemCode::Unauthenticated, 1, Some("n-1")));
        till.hear("with \"quotes\"");
        assert_eq!(till.nonce(), Some("n-2"));
    }
}
