//! Who somebody is, and how they prove it: keys, certificates, signed requests, enrolment codes, and the PINs of people.
//!
//! A till trusts one thing for ever, the organisation's *root* key; everything else follows from a [`certificate`] that ends
//! there. Requests carry no secret: each is signed ([`http_signature`]) and fresh ([`nonce`]), and its answer is signed. A till's first
//! contact rests on a short code that a person carries across the room ([`enrol`]). People show themselves to a till by [`pin`]. Bytes to
//! be random and times are handed in. Every signature is over bytes that begin unlike those of any other use, so that none can be shown in
//! another's place.

pub mod certificate;
pub mod enrol;
pub mod http_signature;
pub mod lockout;
pub mod nonce;
pub mod pin;
pub mod sealed;
pub mod tls;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use std::fmt;

/// Bytes as base64url without padding, the form in which all of Daybook's JSON carries them.
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads what [`base64url`] wrote; `None` for another length or any other spelling of the same bytes.
pub fn read_base64url<const LENGTH: usize>(text: &str) -> Option<[u8; LENGTH]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// The text form of a type that has `bytes()` and `from_bytes() -> Option<Self>`.
macro_rules! base64url_text {
    ($name:ident, $characters:literal, $expected:literal) => {
        impl $name {
            /// The bytes as base64url, as they stand in JSON.
            pub fn text(&self) -> String {
                $crate::identity::base64url(&self.bytes())
            }

            /// Reads what `text` wrote.
            pub fn parse(text: &str) -> Option<Self> {
                $crate::identity::read_base64url(text).and_then(Self::from_bytes)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.text())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom($expected))
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let pattern = concat!("^[A-Za-z0-9_-]{", $characters, "}$");
                schemars::json_schema!({"type": "string", "pattern": pattern})
            }
        }
    };
}
use base64url_text;

/// An Ed25519 key that signs. It has no JSON form on purpose: only a keystore may hold its seed.
#[derive(Clone)]
pub struct KeyPair(SigningKey);

impl KeyPair {
    /// The key that belongs to 32 random bytes.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        KeyPair(SigningKey::from_bytes(&seed))
    }

    /// The bytes it was made from, for a keystore or an identity kit.
    pub fn seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// What others know of it.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs bytes that begin unlike those of any other use.
    pub fn sign(&self, bytes: &[u8]) -> Signature {
        Signature(self.0.sign(bytes).to_bytes())
    }

    /// The key as [`crate::chain::Seal::sign`] takes it.
    pub fn signing_key(&self) -> &SigningKey {
        &self.0
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPair(***)")
    }
}

/// An Ed25519 key that verifies: always a point of the curve, and none of the few that any signature fits. Base64url in JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// The key with these bytes, if there is one.
    pub fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak()).map(PublicKey)
    }

    /// Its 32 bytes.
    pub fn bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Whether the owner of this key signed exactly these bytes. Strict: one text has one signature.
    #[must_use]
    pub fn verify(&self, bytes: &[u8], signature: &Signature) -> bool {
        self.0.verify_strict(bytes, &ed25519_dalek::Signature::from_bytes(&signature.0)).is_ok()
    }

    /// The key as [`crate::chain::Seal::verifies`] takes it.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.0
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.text())
    }
}
impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.as_bytes().cmp(other.0.as_bytes())
    }
}
base64url_text!(PublicKey, "43", "a public key is a point of Ed25519's curve in 43 characters of base64url");

/// An Ed25519 signature. Base64url in JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl Signature {
    fn bytes(&self) -> [u8; 64] {
        self.0
    }

    #[allow(clippy::unnecessary_wraps, reason = "keys read by the same words, and not all bytes are a key")]
    fn from_bytes(bytes: [u8; 64]) -> Option<Self> {
        Some(Signature(bytes))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", self.text())
    }
}
base64url_text!(Signature, "86", "a signature is 86 characters of base64url");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_pair_is_its_seed_and_never_shows_it() {
        let pair = KeyPair::from_seed([7; 32]);
        assert_eq!(KeyPair::from_seed(pair.seed()).public(), pair.public());
        assert_eq!(format!("{pair:?}"), "KeyPair(***)");
    }

    #[test]
    fn a_signature_holds_for_its_bytes_and_its_key_only() {
        let (mine, other) = (KeyPair::from_seed([7; 32]), KeyPair::from_seed([8; 32]));
        let signature = mine.sign(b"daybook/test/1\0a");
        assert!(mine.public().verify(b"daybook/test/1\0a", &signature));
        assert!(!mine.public().verify(b"daybook/test/1\0b", &signature));
        assert!(!other.public().verify(b"daybook/test/1\0a", &signature));
    }

    #[test]
    fn keys_and_signatures_read_back_as_written_and_only_so() {
        let pair = KeyPair::from_seed([7; 32]);
        let (key, signature) = (pair.public(), pair.sign(b""));
        assert_eq!(PublicKey::parse(&key.text()), Some(key));
        assert_eq!(Signature::parse(&signature.text()), Some(signature));
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(json, format!("\"{}\"", key.text()));
        assert_eq!(serde_json::from_str::<PublicKey>(&json).unwrap(), key);
        assert_eq!(PublicKey::parse(&format!("{}=", key.text())), None);
        assert_eq!(Signature::parse(&key.text()), None);
    }

    #[test]
    fn bytes_that_are_no_key_are_not_read_as_one() {
        let no_point = {
            let mut bytes = [0; 32];
            bytes[0] = 2;
            bytes
        };
        let neutral_point = {
            let mut bytes = [0; 32];
            bytes[0] = 1;
            bytes
        };
        for bytes in [no_point, neutral_point, [0; 32]] {
            assert_eq!(PublicKey::from_bytes(bytes), None, "{bytes:?}");
            let json = format!("\"{}\"", base64url(&bytes));
            assert!(serde_json::from_str::<PublicKey>(&json).is_err(), "{json}");
        }
    }
}
