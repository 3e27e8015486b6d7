//! Enrolment: how a till and head office recognise each other the first time, by a code that a person reads out.
//!
//! The code itself never travels. Each side proves with an HMAC over everything that was said that it knows the code, so
//! whoever sits between them can neither swap the till's key nor hand out a root of their own. Head office keeps only the
//! [`code_key`], for ten minutes and one use. The till counts as enrolled, and pins the root, once the server's proof holds.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::fmt;

use crate::chain::Hash;
use crate::identity::{PublicKey, base64url_text};
use crate::ids::{OrganisationId, OriginId};
use crate::limits::ENROL_CODE_CHARS;

const CODE_DOMAIN: &[u8] = b"daybook/enrol-code/1\0";
const TILL_DOMAIN: &[u8] = b"daybook/enrol-till/1\0";
const SERVER_DOMAIN: &[u8] = b"daybook/enrol-server/1\0";

/// Crockford's digits: no I, L, O and U, so that little can be misread.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A one-time code of ten characters, `XXXXX-XXXXX` where people see it. Never logged: its debug form is hidden.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolCode([u8; ENROL_CODE_CHARS]);

/// Why a typed text is no enrolment code, in words for the person who typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnrolCodeError {
    /// Too few or too many characters.
    #[error("a code has 10 letters and digits, this one has {0}")]
    WrongLength(usize),
    /// Left out of the alphabet on purpose.
    #[error("a code never has the letter U: look again, it may be a V")]
    LetterU,
    /// Neither a letter nor a digit of the alphabet.
    #[error("“{0}” cannot stand in a code: it has letters and digits only")]
    NotInAlphabet(char),
}

impl EnrolCode {
    /// The code that the first 50 of 64 random bits make.
    pub fn from_random(random: [u8; 8]) -> Self {
        let mut bits = u64::from_be_bytes(random);
        EnrolCode([(); ENROL_CODE_CHARS].map(|()| {
            bits = bits.rotate_left(5);
            let [.., low] = bits.to_be_bytes();
            ALPHABET[usize::from(low & 31)]
        }))
    }

    /// Reads what a person typed: case, spaces and dashes do not matter, I and L are read as 1, O as 0.
    pub fn parse(text: &str) -> Result<Self, EnrolCodeError> {
        let mut code = Vec::with_capacity(ENROL_CODE_CHARS);
        for character in text.chars().filter(|character| !is_separator(*character)) {
            code.push(match character.to_ascii_uppercase() {
                'I' | 'L' => b'1',
                'O' => b'0',
                'U' => return Err(EnrolCodeError::LetterU),
                upper => {
                    let known = ALPHABET.iter().find(|digit| char::from(**digit) == upper);
                    *known.ok_or(EnrolCodeError::NotInAlphabet(character))?
                }
            });
        }
        let found = code.len();
        code.try_into().map(EnrolCode).map_err(|_| EnrolCodeError::WrongLength(found))
    }
}

fn is_separator(character: char) -> bool {
    // The second range holds the dashes that word processors and messengers make of a hyphen.
    character.is_whitespace() || character == '-' || ('\u{2010}'..='\u{2015}').contains(&character)
}

impl fmt::Display for EnrolCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, digit) in self.0.iter().enumerate() {
            let dash = if position == ENROL_CODE_CHARS / 2 { "-" } else { "" };
            write!(f, "{dash}{}", char::from(*digit))?;
        }
        Ok(())
    }
}
impl fmt::Debug for EnrolCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolCode(***)")
    }
}

/// What head office keeps of a code: `SHA-256("daybook/enrol-code/1" ‖ 0 ‖ the ten characters)`.
pub fn code_key(code: &EnrolCode) -> [u8; 32] {
    Sha256::new().chain_update(CODE_DOMAIN).chain_update(code.0).finalize().into()
}

/// What a till says when it enrols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnrolRequestTranscript<'a> {
    /// The origin it made for itself.
    pub origin: OriginId,
    /// That origin's key.
    pub public_key: PublicKey,
    /// The name it shall have.
    pub till_name: &'a str,
    /// 32 random bytes of the till: an old answer cannot fit them.
    pub nonce: [u8; 32],
    /// SHA-256 of the key (SubjectPublicKeyInfo, DER) that the other side of the TLS connection has proved; none in the clear. Whoever
    /// sits in between has another key, so neither proof fits for them.
    pub tls_key: Option<Hash>,
}

/// What head office answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnrolAnswerTranscript {
    /// The organisation.
    pub organisation: OrganisationId,
    /// The organisation's root key, which the till will pin.
    pub root: PublicKey,
    /// SHA-256 of the issued certificate's text.
    pub certificate: Hash,
}

/// A proof that its maker knows the code. Base64url in JSON. Not comparable on purpose: verifying takes constant time.
#[derive(Clone, Copy, Debug)]
pub struct Proof([u8; 32]);

impl Proof {
    fn bytes(&self) -> [u8; 32] {
        self.0
    }

    #[allow(clippy::unnecessary_wraps, reason = "keys read by the same words, and not all bytes are a key")]
    fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        Some(Proof(bytes))
    }
}
base64url_text!(Proof, "43", "a proof is 43 characters of base64url");

/// The till's proof that it knows the code, bound to its key, its name and its nonce.
pub fn till_proof(key: &[u8; 32], request: &EnrolRequestTranscript<'_>) -> Proof {
    Proof(till_mac(key, request).finalize().into_bytes().into())
}

/// Head office's proof that it knows the code, bound to the request and to what it hands out.
pub fn server_proof(
    key: &[u8; 32],
    request: &EnrolRequestTranscript<'_>,
    answer: &EnrolAnswerTranscript,
) -> Proof {
    Proof(server_mac(key, request, answer).finalize().into_bytes().into())
}

/// Whether the till that sent this request knew the code.
#[must_use]
pub fn verify_till_proof(key: &[u8; 32], request: &EnrolRequestTranscript<'_>, proof: &Proof) -> bool {
    till_mac(key, request).verify(&proof.0.into()).is_ok()
}

/// Whether the server that gave this answer to this request knew the code.
#[must_use]
pub fn verify_server_proof(
    key: &[u8; 32],
    request: &EnrolRequestTranscript<'_>,
    answer: &EnrolAnswerTranscript,
    proof: &Proof,
) -> bool {
    server_mac(key, request, answer).verify(&proof.0.into()).is_ok()
}

fn till_mac(key: &[u8; 32], request: &EnrolRequestTranscript<'_>) -> Hmac<Sha256> {
    let mut mac = keyed(key, TILL_DOMAIN);
    add_request(&mut mac, request);
    mac
}

fn server_mac(
    key: &[u8; 32],
    request: &EnrolRequestTranscript<'_>,
    answer: &EnrolAnswerTranscript,
) -> Hmac<Sha256> {
    let EnrolAnswerTranscript { organisation, root, certificate } = answer;
    let mut mac = keyed(key, SERVER_DOMAIN);
    add_request(&mut mac, request);
    add_field(&mut mac, organisation.0.as_bytes());
    add_field(&mut mac, &root.bytes());
    add_field(&mut mac, &certificate.0);
    mac
}

fn keyed(key: &[u8; 32], domain: &[u8]) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(key);
    mac.unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"))
        .chain_update(domain)
}

fn add_request(mac: &mut Hmac<Sha256>, request: &EnrolRequestTranscript<'_>) {
    let EnrolRequestTranscript { origin, public_key, till_name, nonce, tls_key } = request;
    add_field(mac, origin.0.as_bytes());
    add_field(mac, &public_key.bytes());
    add_field(mac, till_name.as_bytes());
    add_field(mac, nonce);
    add_field(mac, tls_key.as_ref().map_or(&[][..], |key| &key.0));
}

/// A field goes in after its length (8 bytes, big-endian), so that no two transcripts are the same bytes.
fn add_field(mac: &mut Hmac<Sha256>, field: &[u8]) {
    mac.update(&(field.len() as u64).to_be_bytes());
    mac.update(field);
}

#[cfg(test)]
mod tests;
