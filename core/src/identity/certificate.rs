//! Certificates: who an origin is, said by somebody whose word ends at the organisation's root key.
//!
//! A certificate is a JSON text, signed and kept byte for byte as first written, like an event. The root signs the first
//! origin of a till or of head office; a child origin, opened after a copy, a restore or a new epoch, is signed by its parent's
//! key, so that a till can go on selling under a new name without asking anybody. It says *who*, not *whether still*:
//! revocation and admission are events of head office, and a parent's revocation covers what [`verify_lineage`] returns.

use serde::{Deserialize, Serialize};

use crate::event::origin::Role;
use crate::identity::{KeyPair, PublicKey, Signature};
use crate::ids::{OrganisationId, OriginId, StoreId, TillId};
use crate::limits::{CERTIFICATES_MAX, CODE_CHARS_MAX, EVENT_TEXT_BYTES_MAX, LINEAGE_MAX, NAME_CHARS_MAX};

const CERTIFICATE_DOMAIN: &[u8] = b"daybook/certificate/1\0";

/// The version of certificates that is written and read today.
pub const CERTIFICATE_VERSION: u32 = 1;

/// What a certificate says of an origin. Frozen: a new fact is a new version, so that nobody overlooks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Always [`CERTIFICATE_VERSION`].
    pub v: u32,
    /// The organisation.
    pub organisation: OrganisationId,
    /// The writer that this is about.
    pub origin: OriginId,
    /// Head office or till.
    pub role: Role,
    /// The store of a till; none for head office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    /// The store's name when this was issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_name: Option<String>,
    /// The till as people know it; none for head office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub till: Option<TillId>,
    /// Its name as people say it.
    pub name: String,
    /// The series of its printed numbers.
    pub series: String,
    /// The key that signs its events and requests.
    pub public_key: PublicKey,
    /// The origin it goes on from, whose key signed this; none where the root signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<OriginId>,
    /// The issuer's clock in microseconds since 1970. For people; nothing is decided by it.
    pub issued_wall: i64,
}

/// A certificate exactly as written, with the signature over that text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SignedCertificate {
    /// The certificate's JSON text.
    pub certificate: String,
    /// The issuer's signature, base64url.
    pub signature: String,
}

/// Why certificates do not prove who an origin is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// More than [`CERTIFICATES_MAX`].
    #[error("{0} certificates are presented, more than {CERTIFICATES_MAX}")]
    TooMany(usize),
    /// One is no certificate; the text says why.
    #[error("a certificate cannot be read: {0}")]
    Unreadable(String),
    /// One is of a version that this Daybook does not know.
    #[error("a certificate has version {0}, this Daybook knows {CERTIFICATE_VERSION}")]
    UnknownVersion(u32),
    /// One lacks what its role needs, has what its role cannot have, or has a name that is empty or too long.
    #[error("the certificate of origin {0} does not fit its role or has no usable name")]
    Misfit(OriginId),
    /// Two are about the same origin.
    #[error("origin {0} has two certificates")]
    Twice(OriginId),
    /// The origin, or one that it goes on from, has none.
    #[error("the certificate of origin {0} is missing")]
    Missing(OriginId),
    /// It belongs to another organisation.
    #[error("origin {0} belongs to another organisation")]
    OtherOrganisation(OriginId),
    /// A child that is not what its parent is.
    #[error("origin {origin} has another {what} than the origin it goes on from")]
    NotLikeParent {
        /// The child.
        origin: OriginId,
        /// What differs: `role`, `store` or `till`.
        what: &'static str,
    },
    /// Neither the root, nor the parent where there is one, signed this text.
    #[error("the certificate of origin {0} is not signed by who would have to sign it")]
    WrongSignature(OriginId),
    /// The parents lead back to where they began and never to the root.
    #[error("origin {0} goes on from itself")]
    Cycle(OriginId),
    /// With all that it goes on from it is more than [`LINEAGE_MAX`] origins.
    #[error(
        "origin {0} is further from its first origin than {LINEAGE_MAX} names; its till has to be enrolled anew"
    )]
    TooLong(OriginId),
}

impl SignedCertificate {
    /// Writes a certificate and signs it: with the root key where it has no parent, else with its parent's.
    pub fn issue(certificate: &Certificate, issuer: &KeyPair) -> Self {
        let text = serde_json::to_string(certificate)
            .unwrap_or_else(|error| unreachable!("certificates are plain data: {error}"));
        let signature = issuer.sign(&signed_bytes(&text)).text();
        SignedCertificate { certificate: text, signature }
    }

    /// What the certificate says, whoever signed it. Proves nothing; that is what [`verify_chain`] is for.
    pub fn read(&self) -> Result<Certificate, CertificateError> {
        #[derive(Deserialize)]
        struct Version {
            v: u32,
        }
        let unreadable = |error: serde_json::Error| CertificateError::Unreadable(error.to_string());
        if self.certificate.len() > EVENT_TEXT_BYTES_MAX {
            return Err(CertificateError::Unreadable("it is too long".to_owned()));
        }
        let Version { v } = serde_json::from_str(&self.certificate).map_err(unreadable)?;
        if v != CERTIFICATE_VERSION {
            return Err(CertificateError::UnknownVersion(v));
        }
        let certificate: Certificate = serde_json::from_str(&self.certificate).map_err(unreadable)?;
        if certificate.fits() {
            Ok(certificate)
        } else {
            Err(CertificateError::Misfit(certificate.origin))
        }
    }

    fn signed_by(&self, issuer: &PublicKey) -> bool {
        Signature::parse(&self.signature)
            .is_some_and(|signature| issuer.verify(&signed_bytes(&self.certificate), &signature))
    }
}

impl Certificate {
    fn fits(&self) -> bool {
        let within = |text: &str, chars_max: usize| !text.is_empty() && text.chars().nth(chars_max).is_none();
        let place = match self.role {
            Role::Till => self.store.is_some() && self.till.is_some(),
            Role::HeadOffice => self.store.is_none() && self.store_name.is_none() && self.till.is_none(),
        };
        place
            && within(&self.name, NAME_CHARS_MAX)
            && within(&self.series, CODE_CHARS_MAX)
            && self.store_name.as_ref().is_none_or(|name| within(name, NAME_CHARS_MAX))
    }

    fn like_parent(&self, parent: &Certificate) -> Result<(), CertificateError> {
        let what = if self.role != parent.role {
            "role"
        } else if self.store != parent.store {
            "store"
        } else if self.till != parent.till {
            "till"
        } else if self.name != parent.name {
            "name"
        } else {
            return Ok(());
        };
        Err(CertificateError::NotLikeParent { origin: self.origin, what })
    }
}

/// Who `origin` is, proved by its certificate and those of the origins it goes on from, up to the root.
pub fn verify_chain(
    presented: &[SignedCertificate],
    root: &PublicKey,
    organisation: OrganisationId,
    origin: OriginId,
) -> Result<Certificate, CertificateError> {
    verify_lineage(presented, root, organisation, origin).map(|mut lineage| lineage.swap_remove(0))
}

/// The same with the certificates of all it goes on from: `origin`'s first, the one that the root signed last.
pub fn verify_lineage(
    presented: &[SignedCertificate],
    root: &PublicKey,
    organisation: OrganisationId,
    origin: OriginId,
) -> Result<Vec<Certificate>, CertificateError> {
    verify_onto(presented, |_| None, root, organisation, origin)
}

/// The same up to the first that is `known`, because it was verified before, and with that one last: a lineage may be longer than what
/// one request presents. With what those that are known go on from it holds at most [`LINEAGE_MAX`].
pub fn verify_onto(
    presented: &[SignedCertificate],
    known: impl Fn(OriginId) -> Option<Certificate>,
    root: &PublicKey,
    organisation: OrganisationId,
    origin: OriginId,
) -> Result<Vec<Certificate>, CertificateError> {
    if presented.len() > CERTIFICATES_MAX {
        return Err(CertificateError::TooMany(presented.len()));
    }
    let mut read: Vec<(Certificate, &SignedCertificate)> = Vec::with_capacity(presented.len());
    for signed in presented {
        let certificate = signed.read()?;
        if read.iter().any(|(other, _)| other.origin == certificate.origin) {
            return Err(CertificateError::Twice(certificate.origin));
        }
        read.push((certificate, signed));
    }
    let find = |origin: OriginId| {
        let found = read.iter().find(|(certificate, _)| certificate.origin == origin);
        found.ok_or(CertificateError::Missing(origin))
    };

    let mut lineage: Vec<Certificate> = Vec::new();
    let first = find(origin)?;
    let (mut certificate, mut signed) = (&first.0, first.1);
    loop {
        if certificate.organisation != organisation {
            return Err(CertificateError::OtherOrganisation(certificate.origin));
        }
        if lineage.iter().any(|child| child.origin == certificate.origin) {
            return Err(CertificateError::Cycle(certificate.origin));
        }
        lineage.push(certificate.clone());
        if let Some(parent) = certificate.parent.and_then(&known) {
            if !signed.signed_by(&parent.public_key) {
                return Err(CertificateError::WrongSignature(certificate.origin));
            }
            certificate.like_parent(&parent)?;
            let (mut length, mut next) = (lineage.len() + 1, parent.parent);
            lineage.push(parent);
            while length <= LINEAGE_MAX
                && let Some(elder) = next.and_then(&known)
            {
                (length, next) = (length + 1, elder.parent);
            }
            return if length > LINEAGE_MAX {
                Err(CertificateError::TooLong(origin))
            } else {
                Ok(lineage)
            };
        }
        let parent = certificate.parent.map(find).transpose()?;
        if !signed.signed_by(parent.map_or(root, |(parent, _)| &parent.public_key)) {
            return Err(CertificateError::WrongSignature(certificate.origin));
        }
        let Some(next) = parent else { return Ok(lineage) };
        certificate.like_parent(&next.0)?;
        (certificate, signed) = (&next.0, next.1);
    }
}

/// `"daybook/certificate/1" ‖ 0 ‖ the text`.
fn signed_bytes(text: &str) -> Vec<u8> {
    [CERTIFICATE_DOMAIN, text.as_bytes()].concat()
}

#[cfg(test)]
mod tests;
