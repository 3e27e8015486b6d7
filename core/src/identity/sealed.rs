//! Sealing to a till: what only the till that asked can read, whoever carries or copies the answer.
//!
//! HPKE (RFC 9180) in its base mode, with X25519, HKDF-SHA256 and ChaCha20-Poly1305, one message a key. The till makes a key for each
//! request and forgets it with the answer, so that nothing recorded on the road can be opened later, not even with the till's keys
//! (docs/decisions/0007). Who asked, and for what, is bound in; who answered is proved by the answer's signature. Random bytes are handed in.

use std::convert::Infallible;
use std::fmt;

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _};
use hpke::{single_shot_open, single_shot_seal_with_rng};
use rand_core::{TryCryptoRng, TryRng};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::identity::base64url;
use crate::identity::base64url_text;

const PEOPLE_INFO: &[u8] = b"daybook/people/1\0";

type Kem = X25519HkdfSha256;

/// The key of one request, with which its answer is opened.
pub struct OpeningKey {
    private: <Kem as hpke::Kem>::PrivateKey,
    public: SealingKey,
}

impl OpeningKey {
    /// The key that belongs to 32 random bytes.
    pub fn from_random(random: [u8; 32]) -> Self {
        let (private, public) = Kem::derive_keypair(&random);
        OpeningKey { private, public: SealingKey(public.to_bytes().into()) }
    }

    /// What the one who seals needs of it.
    pub fn public(&self) -> SealingKey {
        self.public
    }

    /// What was sealed to this key and bound to exactly this; none where it was not.
    pub fn open(&self, sealed: &Sealed, bound: &[u8]) -> Option<Vec<u8>> {
        let key = <Kem as hpke::Kem>::EncappedKey::from_bytes(&sealed.key.0).ok()?;
        let text = read_text(&sealed.text)?;
        let mode = OpModeR::<Kem>::Base;
        single_shot_open::<ChaCha20Poly1305, HkdfSha256, Kem>(
            &mode,
            &self.private,
            &key,
            PEOPLE_INFO,
            &text,
            bound,
        )
        .ok()
    }
}

impl fmt::Debug for OpeningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpeningKey(***)")
    }
}

/// An X25519 key that is sealed to. Base64url in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealingKey([u8; 32]);

impl SealingKey {
    fn bytes(&self) -> [u8; 32] {
        self.0
    }

    #[allow(clippy::unnecessary_wraps, reason = "keys read by the same words, and not all bytes are a key")]
    fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        Some(SealingKey(bytes))
    }

    /// Seals a text to the owner of this key, bound to what both sides know. None where no secret can be agreed on with this key: it is
    /// one of the few that any secret fits.
    pub fn seal(&self, random: [u8; 32], bound: &[u8], text: &[u8]) -> Option<Sealed> {
        let recipient = <Kem as hpke::Kem>::PublicKey::from_bytes(&self.0).ok()?;
        let mode = OpModeS::<Kem>::Base;
        let (key, text) = single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, Kem>(
            &mode,
            &recipient,
            PEOPLE_INFO,
            text,
            bound,
            &mut Handed(random),
        )
        .ok()?;
        Some(Sealed { key: SealingKey(key.to_bytes().into()), text: base64url(&text) })
    }
}
base64url_text!(SealingKey, "43", "a key to seal to is 43 characters of base64url");

/// A sealed text: the encapsulated key, and the text with its tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sealed {
    /// RFC 9180's `enc`.
    pub key: SealingKey,
    /// RFC 9180's `ct`, base64url.
    pub text: String,
}

fn read_text(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()
}

/// Random bytes that were handed in, in the shape HPKE takes them: it wants 32 of them.
struct Handed([u8; 32]);

impl TryRng for Handed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, wanted: &mut [u8]) -> Result<(), Infallible> {
        for part in wanted.chunks_mut(32) {
            part.copy_from_slice(&self.0[..part.len()]);
            self.0 = Sha256::digest(self.0).into();
        }
        Ok(())
    }
}

impl TryCryptoRng for Handed {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_that_was_sealed_to_opens_and_only_for_what_was_bound() {
        let (mine, other) = (OpeningKey::from_random([1; 32]), OpeningKey::from_random([2; 32]));
        let sealed = mine.public().seal([3; 32], b"this request", b"who works here").unwrap();
        assert_eq!(mine.open(&sealed, b"this request").as_deref(), Some(&b"who works here"[..]));
        assert_eq!(other.open(&sealed, b"this request"), None);
        assert_eq!(mine.open(&sealed, b"another request"), None);
        let json = serde_json::to_string(&sealed).unwrap();
        assert_eq!(serde_json::from_str::<Sealed>(&json).unwrap(), sealed);
        assert!(!format!("{mine:?}").contains(&mine.public().text()));
    }

    #[test]
    fn the_same_text_sealed_twice_looks_different() {
        let key = OpeningKey::from_random([1; 32]).public();
        let sealed = |random| key.seal(random, b"", b"who works here").unwrap();
        assert_ne!(sealed([3; 32]).text, sealed([4; 32]).text);
    }

    #[test]
    fn a_key_that_any_secret_fits_is_not_sealed_to() {
        assert_eq!(SealingKey([0; 32]).seal([3; 32], b"", b"who works here"), None);
    }
}
