//! PINs: what people type, what is derived from it, and what a till keeps of that.
//!
//! A PIN of four digits has ten thousand values, and no work factor makes that many. So three things stand together: [`PinCost`] makes
//! each look slow, the [`Pepper`] of the till makes looks worthless without it, and [`super::lockout`] ends them. Head office keeps a
//! [`PinVerifier`]; a till keeps only its check under the pepper. Nothing of it ever stands in an event.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256};

use crate::identity::base64url_text;
use crate::ids::StaffId;
use crate::limits::{
    PIN_DIGITS_MADE, PIN_DIGITS_MAX, PIN_DIGITS_MIN, PIN_LANES, PIN_LANES_MAX, PIN_MEMORY_KIB,
    PIN_MEMORY_KIB_MAX, PIN_PASSES, PIN_PASSES_MAX,
};
use crate::secret::Secret;

const CHECK_DOMAIN: &[u8] = b"daybook/pin/1\0";
const PEPPER_DOMAIN: &[u8] = b"daybook/pepper/1\0";

/// What somebody types to show who they are: 4 to 8 digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Pin(Secret<String>);

/// Why a text is no PIN, or none to choose. Says nothing about the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// It is no text of 4 to 8 digits.
    #[error("a PIN is a text of {PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits")]
    NoPin,
    /// It is one of those that anybody tries first.
    #[error(
        "this PIN is one of those that anybody tries first: a sequence such as 1234, a repetition such as 0000 or 1212, a year. \
         Choose another"
    )]
    TriedFirst,
}

impl Pin {
    /// Reads what was typed.
    pub fn parse(text: &str) -> Result<Self, PinError> {
        let fits = (PIN_DIGITS_MIN..=PIN_DIGITS_MAX).contains(&text.len());
        if fits && text.bytes().all(|digit| digit.is_ascii_digit()) {
            Ok(Pin(Secret::new(text.to_owned())))
        } else {
            Err(PinError::NoPin)
        }
    }

    /// A PIN of six digits out of random bytes; none where these make one that is tried first. Draw again then.
    pub fn from_random(random: [u8; 8]) -> Option<Self> {
        let bound = (0..PIN_DIGITS_MADE).fold(1_u64, |bound, _| bound * 10);
        let text = format!("{:0width$}", u64::from_le_bytes(random) % bound, width = PIN_DIGITS_MADE);
        Pin::parse(&text).ok().filter(|pin| pin.check_choice().is_ok())
    }

    /// Whether it may be chosen as somebody's PIN.
    pub fn check_choice(&self) -> Result<(), PinError> {
        let digits = self.reveal().as_bytes();
        let steps: Vec<u8> = digits.windows(2).map(|pair| (10 + pair[1] - pair[0]) % 10).collect();
        let in_sequence = [1, 9].iter().any(|step| steps.iter().all(|found| found == step));
        let repeats = |length: usize| digits.chunks(length).all(|part| part == &digits[..length]);
        let repeated =
            (1..=digits.len() / 2).any(|length| digits.len().is_multiple_of(length) && repeats(length));
        let is_year = digits.len() == 4 && (digits.starts_with(b"19") || digits.starts_with(b"20"));
        // The middle column of every keypad, downwards and upwards.
        let is_column = digits == b"2580" || digits == b"0852";
        if in_sequence || repeated || is_year || is_column {
            Err(PinError::TriedFirst)
        } else {
            Ok(())
        }
    }

    /// The digits, for a person who has to learn them.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

impl<'de> Deserialize<'de> for Pin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let custom = |error: PinError| serde::de::Error::custom(error);
        let text = Secret::<String>::deserialize(deserializer).map_err(|_| custom(PinError::NoPin))?;
        Pin::parse(text.reveal()).map_err(custom)
    }
}

/// How much work one look at a PIN is. Kept with each verifier, so that it can grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PinCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes worked on at once.
    pub lanes: u32,
}

impl PinCost {
    /// What shops use: 64 MiB, three passes.
    pub const STANDARD: PinCost =
        PinCost { memory_kib: PIN_MEMORY_KIB, passes: PIN_PASSES, lanes: PIN_LANES };
    /// The least there is. For tests and replays, which guard nothing.
    pub const CHEAP: PinCost = PinCost { memory_kib: 8, passes: 1, lanes: 1 };

    /// What Argon2id makes of a PIN. None where the work is more than a till would do, or none that the algorithm knows.
    pub fn derive(self, pin: &Pin, salt: &Salt) -> Option<Derived> {
        let PinCost { memory_kib, passes, lanes } = self;
        if memory_kib > PIN_MEMORY_KIB_MAX || passes > PIN_PASSES_MAX || lanes > PIN_LANES_MAX {
            return None;
        }
        let params = Params::new(memory_kib, passes, lanes, Some(32)).ok()?;
        let mut derived = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(pin.reveal().as_bytes(), &salt.0, &mut derived)
            .ok()?;
        Some(Derived(derived))
    }
}

/// Random bytes that make two people's equal PINs look different.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Salt(pub [u8; 16]);

impl Salt {
    fn bytes(&self) -> [u8; 16] {
        self.0
    }

    #[allow(clippy::unnecessary_wraps, reason = "keys read by the same words, and not all bytes are a key")]
    fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        Some(Salt(bytes))
    }
}
base64url_text!(Salt, "22", "a salt is 22 characters of base64url");

/// What Argon2id made of a PIN and its salt. Whoever has it finds the PIN in minutes, so it prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Derived(pub [u8; 32]);

impl Derived {
    fn bytes(&self) -> [u8; 32] {
        self.0
    }

    #[allow(clippy::unnecessary_wraps, reason = "keys read by the same words, and not all bytes are a key")]
    fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        Some(Derived(bytes))
    }
}
impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
base64url_text!(Derived, "43", "what is derived from a PIN is 43 characters of base64url");

/// What head office keeps of a PIN, and seals to tills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PinVerifier {
    /// Its salt, new with every PIN: wrong tries are counted for a salt.
    pub salt: Salt,
    /// How it was derived: Argon2id, version 0x13, with this work.
    pub cost: PinCost,
    /// 32 bytes of Argon2id over the digits and the salt.
    pub derived: Derived,
}

impl PinVerifier {
    /// The verifier of a PIN; none where the work is out of bounds.
    pub fn new(pin: &Pin, salt: Salt, cost: PinCost) -> Option<Self> {
        Some(PinVerifier { salt, cost, derived: cost.derive(pin, &salt)? })
    }

    /// Whether it was made of this PIN. For whoever sets PINs; a till looks with its pepper.
    pub fn is_of(&self, pin: &Pin) -> bool {
        self.cost.derive(pin, &self.salt).is_some_and(|derived| derived == self.derived)
    }
}

/// 32 random bytes of one till that lie apart from its databases: without them what it keeps of PINs says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Pepper(pub [u8; 32]);

impl Pepper {
    fn bytes(&self) -> [u8; 32] {
        self.0
    }

    #[allow(clippy::unnecessary_wraps, reason = "keys read by the same words, and not all bytes are a key")]
    fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        Some(Pepper(bytes))
    }

    /// What the till keeps of a PIN: `HMAC-SHA-256(pepper, "daybook/pin/1" ‖ 0 ‖ person ‖ derived)`.
    pub fn check(&self, staff: StaffId, derived: &Derived) -> [u8; 32] {
        self.mac(staff, derived).finalize().into_bytes().into()
    }

    /// Whether this is the check of what was derived. Takes the same time whatever is wrong.
    #[must_use]
    pub fn matches(&self, staff: StaffId, derived: &Derived, check: &[u8; 32]) -> bool {
        self.mac(staff, derived).verify(check.into()).is_ok()
    }

    /// Tells this pepper from others and says nothing about it.
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::new().chain_update(PEPPER_DOMAIN).chain_update(self.0).finalize().into()
    }

    fn mac(&self, staff: StaffId, derived: &Derived) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.0);
        mac.unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"))
            .chain_update(CHECK_DOMAIN)
            .chain_update(staff.0.as_bytes())
            .chain_update(derived.0)
    }
}
impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper(***)")
    }
}
base64url_text!(Pepper, "43", "a pepper is 43 characters of base64url");

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(text: &str) -> Pin {
        Pin::parse(text).unwrap()
    }

    #[test]
    fn a_pin_is_four_to_eight_digits() {
        for good in ["7391", "73914", "00071", "12345678"] {
            assert_eq!(pin(good).reveal(), good);
        }
        for bad in ["", "739", "739142586", "73 91", "73a1", "٧٣٩١", "+739", "７３９１"] {
            assert_eq!(Pin::parse(bad), Err(PinError::NoPin), "{bad}");
        }
    }

    #[test]
    fn what_is_tried_first_is_not_chosen() {
        let first = [
            "1234", "0000", "9999", "4321", "7890", "0987", "123456", "876543", "1212", "6969", "123123",
            "12341234", "1984", "2011", "2580", "0852", "00000000",
        ];
        for text in first {
            assert_eq!(pin(text).check_choice(), Err(PinError::TriedFirst), "{text}");
        }
        for text in ["7391", "1235", "1123", "2468", "19840", "201105", "1221"] {
            assert_eq!(pin(text).check_choice(), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_pin_made_up_has_six_digits_and_is_not_tried_first() {
        let made = (0..2_000_u64).filter_map(|n| Pin::from_random((n * 611_953).to_le_bytes()));
        let made: Vec<Pin> = made.collect();
        assert!(made.len() > 1_900);
        assert!(made.iter().all(|pin| pin.reveal().len() == 6 && pin.check_choice().is_ok()));
        assert_eq!(Pin::from_random(123_456_u64.to_le_bytes()), None);
    }

    #[test]
    fn neither_a_pin_nor_what_is_made_of_it_shows_itself() {
        let verifier = PinVerifier::new(&pin("7391"), Salt([1; 16]), PinCost::CHEAP).unwrap();
        let shown = format!("{:?} {verifier:?} {:?}", pin("7391"), Pepper([7; 32]));
        assert!(!shown.contains("7391") && !shown.contains(&verifier.derived.text()), "{shown}");
        for broken in ["7391", "\"7391x\"", "[7391]", "{\"pin\":7391}"] {
            let error = serde_json::from_str::<Pin>(broken).unwrap_err().to_string();
            assert!(!error.contains("7391") && error.contains("4 to 8 digits"), "{error}");
        }
    }

    #[test]
    fn a_verifier_is_of_one_pin_and_one_salt() {
        let verifier = PinVerifier::new(&pin("7391"), Salt([1; 16]), PinCost::CHEAP).unwrap();
        assert!(verifier.is_of(&pin("7391")) && !verifier.is_of(&pin("7392")));
        let other = PinVerifier::new(&pin("7391"), Salt([2; 16]), PinCost::CHEAP).unwrap();
        assert_ne!(verifier.derived, other.derived);
        let json = serde_json::to_string(&verifier).unwrap();
        assert_eq!(serde_json::from_str::<PinVerifier>(&json).unwrap(), verifier);
    }

    #[test]
    fn a_check_holds_under_one_pepper_for_one_person() {
        let (mine, other) = (Pepper([7; 32]), Pepper([8; 32]));
        let (ana, ben) = (StaffId(uuid::Uuid::from_u128(1)), StaffId(uuid::Uuid::from_u128(2)));
        let derived = Derived([9; 32]);
        let check = mine.check(ana, &derived);
        assert!(mine.matches(ana, &derived, &check));
        assert!(!mine.matches(ana, &Derived([10; 32]), &check));
        assert!(!mine.matches(ben, &derived, &check), "one person's check is not another's");
        assert!(!other.matches(ana, &derived, &check));
        assert_ne!(mine.fingerprint(), other.fingerprint());
    }

    #[test]
    fn a_verifier_that_asks_for_too_much_work_is_not_looked_at() {
        for cost in [
            PinCost { memory_kib: u32::MAX, ..PinCost::CHEAP },
            PinCost { passes: u32::MAX, ..PinCost::CHEAP },
            PinCost { lanes: u32::MAX, ..PinCost::CHEAP },
            PinCost { memory_kib: 0, ..PinCost::CHEAP },
            PinCost { passes: 0, ..PinCost::CHEAP },
        ] {
            assert_eq!(cost.derive(&pin("7391"), &Salt([1; 16])), None, "{cost:?}");
        }
    }
}
