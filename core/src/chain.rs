//! The chain: how events link to each other, and how a seal vouches for all that came before it.
//!
//! Hashes and seals are taken over the very bytes that were first written; nothing is ever re-encoded to verify it.
//! An auditor needs no more than `sha256sum` to follow a chain. The formulas are those of docs/PROTOCOL.md.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use std::fmt;

use crate::ids::OriginId;

const EVENT_DOMAIN: &[u8] = b"daybook/event/1\0";
const SEAL_DOMAIN: &[u8] = b"daybook/seal/1\0";
const RUNNING_DOMAIN: &[u8] = b"daybook/feed/1\0";

/// A SHA-256 hash; 64 lower-case hexadecimal digits in JSON. The hash of an event is its identity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What stands before the first event of every chain.
    pub const ZERO: Hash = Hash([0; 32]);

    /// The hash in a slice of exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}
impl std::str::FromStr for Hash {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.as_bytes();
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'a'..=b'f' => Ok(digit - b'a' + 10),
            _ => Err("a hash is 64 lower-case hexadecimal digits"),
        };
        if digits.len() != 64 {
            return Err("a hash is 64 lower-case hexadecimal digits");
        }
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = value(pair[0])? << 4 | value(pair[1])?;
        }
        Ok(Hash(hash))
    }
}
impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
#[cfg(feature = "schema")]
impl schemars::JsonSchema for Hash {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Hash".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[0-9a-f]{64}$"})
    }
}

/// SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

/// The hash of an event: `SHA-256("daybook/event/1" ‖ 0 ‖ prev ‖ SHA-256(envelope) ‖ SHA-256(payload))`.
pub fn event_hash(prev: Hash, envelope: &[u8], payload: &[u8]) -> Hash {
    linked_hash(prev, sha256(envelope), sha256(payload))
}

/// The same from the hashes of the two texts: a *skeleton* verifies a chain without its content.
pub fn linked_hash(prev: Hash, envelope: Hash, payload: Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(EVENT_DOMAIN);
    hasher.update(prev.0);
    hasher.update(envelope.0);
    hasher.update(payload.0);
    Hash(hasher.finalize().into())
}

/// An event without its texts: their two hashes, enough to follow the chain over it. 86 characters of base64url in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Skeleton {
    /// SHA-256 of the envelope.
    pub envelope: Hash,
    /// SHA-256 of the payload.
    pub payload: Hash,
}

impl Skeleton {
    /// The skeleton of an event's texts.
    pub fn of(envelope: &[u8], payload: &[u8]) -> Self {
        Skeleton { envelope: sha256(envelope), payload: sha256(payload) }
    }

    /// The hash of the event that it stands for, behind the event of the hash `prev`.
    pub fn hash(self, prev: Hash) -> Hash {
        linked_hash(prev, self.envelope, self.payload)
    }

    /// The skeleton as it stands in JSON.
    pub fn text(self) -> String {
        URL_SAFE_NO_PAD.encode([self.envelope.0, self.payload.0].concat())
    }

    /// Reads what [`Skeleton::text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 64] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (envelope, payload) = bytes.split_at(32);
        Some(Skeleton { envelope: Hash::from_slice(envelope)?, payload: Hash::from_slice(payload)? })
    }
}

/// The running hash of a feed up to and with an entry: `SHA-256("daybook/feed/1" ‖ 0 ‖ before ‖ hash)`.
pub fn running_hash(before: Hash, entry: Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(RUNNING_DOMAIN);
    hasher.update(before.0);
    hasher.update(entry.0);
    Hash(hasher.finalize().into())
}

/// An event of an origin's chain by number and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tip {
    /// Number of the event in its origin's chain, from 1; 0 stands for "nothing yet" with [`Hash::ZERO`].
    pub seq: i64,
    /// The event's hash.
    pub hash: Hash,
}

impl Tip {
    /// Before the first event.
    pub const NONE: Tip = Tip { seq: 0, hash: Hash::ZERO };
}

/// An Ed25519 signature that vouches for an event and everything before it in its chain. Base64url in JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seal(pub [u8; 64]);

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seal({})", self.text())
    }
}

impl Seal {
    /// Seals the event `tip` of `origin`.
    pub fn sign(key: &SigningKey, origin: OriginId, tip: Tip) -> Self {
        Seal(key.sign(&seal_bytes(origin, tip)).to_bytes())
    }

    /// Whether this seal was made by the owner of `key` for exactly this event.
    pub fn verifies(&self, key: &VerifyingKey, origin: OriginId, tip: Tip) -> bool {
        key.verify_strict(&seal_bytes(origin, tip), &Signature::from_bytes(&self.0)).is_ok()
    }

    /// The seal as it stands in JSON.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads what [`Seal::text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Seal)
    }
}

/// `"daybook/seal/1" ‖ 0 ‖ origin (16 bytes) ‖ seq (8 bytes, big-endian) ‖ hash (32 bytes)`.
fn seal_bytes(origin: OriginId, tip: Tip) -> Vec<u8> {
    let mut bytes = SEAL_DOMAIN.to_vec();
    bytes.extend_from_slice(origin.0.as_bytes());
    bytes.extend_from_slice(&tip.seq.to_be_bytes());
    bytes.extend_from_slice(&tip.hash.0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_hash_is_what_the_protocol_says() {
        let (envelope, payload) = (sha256(br#"{"seq":1}"#), sha256(b"{}"));
        let mut bytes = b"daybook/event/1\0".to_vec();
        bytes.extend([0; 32]);
        bytes.extend(envelope.0);
        bytes.extend(payload.0);
        assert_eq!(event_hash(Hash::ZERO, br#"{"seq":1}"#, b"{}"), sha256(&bytes));
    }

    #[test]
    fn a_skeleton_stands_for_its_event_and_reads_back_as_written() {
        let skeleton = Skeleton::of(br#"{"seq":1}"#, b"{}");
        let prev = sha256(b"before");
        assert_eq!(skeleton.hash(prev), event_hash(prev, br#"{"seq":1}"#, b"{}"));
        assert_eq!(Skeleton::parse(&skeleton.text()), Some(skeleton));
        assert_eq!(Skeleton::parse(&skeleton.text()[1..]), None);
    }

    #[test]
    fn a_seal_holds_for_its_event_and_no_other() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let origin = OriginId(uuid::Uuid::from_u128(1));
        let tip = Tip { seq: 4, hash: sha256(b"event") };
        let seal = Seal::sign(&key, origin, tip);
        assert!(Seal::parse(&seal.text()).unwrap().verifies(&key.verifying_key(), origin, tip));
        assert!(!seal.verifies(&key.verifying_key(), origin, Tip { seq: 5, ..tip }));
        assert!(!seal.verifies(&key.verifying_key(), OriginId(uuid::Uuid::from_u128(2)), tip));
        assert!(!seal.verifies(&SigningKey::from_bytes(&[8; 32]).verifying_key(), origin, tip));
    }

    #[test]
    fn hashes_read_back_as_written_and_only_so() {
        let hash = sha256(b"x");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert!(hash.to_string().to_uppercase().parse::<Hash>().is_err());
    }
}
