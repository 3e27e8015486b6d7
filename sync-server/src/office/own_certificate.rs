//! The certificate that a head office makes itself, for TLS without anybody else's word.
//!
//! The key is new with every start and never touches a disk; the organisation's root signs for it. Tills pin the root, so they take
//! whatever key it signs for, and one that comes back after months finds another key and nothing to do about it.

use chrono::{DateTime, Datelike as _, Utc};
use daybook_core::identity::KeyPair;
use daybook_core::identity::tls::{ROOT_NAME, office_name};
use daybook_core::ids::OrganisationId;
use daybook_core::limits::OWN_CERTIFICATE_DAYS;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, Issuer, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PublicKeyData, SignatureAlgorithm, SigningKey, date_time_ymd,
};

use super::{Office, OfficeError};

/// A certificate with its key.
pub struct OwnCertificate {
    /// The certificate, in DER.
    pub certificate: Vec<u8>,
    /// The key it is about: PKCS#8, in DER.
    pub key: Vec<u8>,
}

impl Office {
    /// A new certificate of this head office, signed by the organisation's root.
    pub fn own_certificate(&self) -> Result<OwnCertificate, OfficeError> {
        let identity = self.identity();
        issue(&identity.root, identity.organisation, self.now())
            .map_err(|error| OfficeError::Unexpected(format!("no certificate could be made: {error}")))
    }
}

/// Signs a new key with the root, for the name of the organisation. `wall` is in microseconds since 1970.
fn issue(root: &KeyPair, organisation: OrganisationId, wall: i64) -> Result<OwnCertificate, rcgen::Error> {
    let mut leaf = CertificateParams::new(vec![office_name(organisation)])?;
    leaf.distinguished_name = named(&format!("Daybook head office {}", organisation.0));
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // A till whose clock has lost all it knew still believes it; only one that runs far ahead does not.
    leaf.not_before = date_time_ymd(1970, 1, 1);
    let until = wall.saturating_add(OWN_CERTIFICATE_DAYS * 86_400 * 1_000_000);
    let until = DateTime::<Utc>::from_timestamp_micros(until).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let (month, day) = (until.month(), until.day());
    leaf.not_after =
        date_time_ymd(until.year(), u8::try_from(month).unwrap_or(1), u8::try_from(day).unwrap_or(1));
    let mut issuer = CertificateParams::default();
    issuer.distinguished_name = named(ROOT_NAME);
    let key = rcgen::KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = leaf.signed_by(&key, &Issuer::new(issuer, RootSigner::of(root)))?;
    Ok(OwnCertificate { certificate: certificate.der().to_vec(), key: key.serialize_der() })
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// The root key as it signs certificates.
struct RootSigner<'a> {
    root: &'a KeyPair,
    public: [u8; 32],
}

impl<'a> RootSigner<'a> {
    fn of(root: &'a KeyPair) -> Self {
        RootSigner { root, public: root.public().bytes() }
    }
}

impl PublicKeyData for RootSigner<'_> {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ED25519
    }
}

impl SigningKey for RootSigner<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.root.sign(message).0.to_vec())
    }
}
