//! Handshakes with everybody a till may meet: its own head office, and those who would like to be taken for it.

use super::*;
use daybook_core::identity::KeyPair;
use rcgen::{
    CertificateParams, DnType, Issuer, PKCS_ED25519, PublicKeyData, SanType, SigningKey, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use uuid::Uuid;

/// 2026-03-02, in microseconds.
const MONDAY: i64 = 1_772_442_000_000_000;
const ORGANISATION: OrganisationId = OrganisationId(Uuid::from_u128(7));

/// A root key as an issuer.
struct Root(KeyPair, [u8; 32]);

impl Root {
    fn of(seed: u8) -> Self {
        let key = KeyPair::from_seed([seed; 32]);
        let public = key.public().bytes();
        Root(key, public)
    }
}

impl PublicKeyData for Root {
    fn der_bytes(&self) -> &[u8] {
        &self.1
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &PKCS_ED25519
    }
}

impl SigningKey for Root {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.0.sign(message).0.to_vec())
    }
}

/// A certificate for a name, good from 2026-01-01 on to the first day of a year.
fn certificate(
    issuer: impl SigningKey,
    issuer_name: &str,
    name: &str,
    until: i32,
) -> (CertificateDer<'static>, rcgen::KeyPair) {
    let mut leaf = CertificateParams::default();
    leaf.subject_alt_names = vec![SanType::DnsName(name.try_into().unwrap())];
    (leaf.not_before, leaf.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(until, 1, 1));
    let mut above = CertificateParams::default();
    above.distinguished_name.push(DnType::CommonName, issuer_name);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = leaf.signed_by(&key, &Issuer::new(above, issuer)).unwrap();
    (certificate.der().clone(), key)
}

/// What a till's own head office shows.
fn own(name: &str, until: i32) -> (CertificateDer<'static>, rcgen::KeyPair) {
    certificate(Root::of(1), "Daybook", name, until)
}

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// Somebody who shows a certificate and signs with a key, which may be another's.
fn shows(certificate: &CertificateDer<'static>, key: &rcgen::KeyPair) -> ServerConfig {
    let provider = ring::default_provider();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let key = provider.key_provider.load_private_key(key).unwrap();
    let shown = Arc::new(CertifiedKey::new(vec![certificate.clone()], key));
    ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Always(shown)))
}

/// What a till that asks for `host` says about whoever answers.
async fn meets(till: &Arc<ClientConfig>, host: &str, other: ServerConfig) -> Result<(), String> {
    let (near, far) = tokio::io::duplex(1 << 16);
    let host = ServerName::try_from(host.to_owned()).unwrap();
    let accepting = TlsAcceptor::from(Arc::new(other)).accept(far);
    let (till, _other) = tokio::join!(TlsConnector::from(till.clone()).connect(host, near), accepting);
    let till = till.map_err(|error| {
        let inner = error.get_ref().and_then(|inner| inner.source()).map(ToString::to_string);
        inner.unwrap_or_else(|| error.to_string())
    })?;
    assert_eq!(till.get_ref().1.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    Ok(())
}

fn till_at(wall: i64, authorities: RootCertStore) -> Arc<ClientConfig> {
    let root = Root::of(1).0.public();
    Arc::new(pinned(&root, ORGANISATION, authorities, Arc::new(move || wall)).unwrap())
}

#[tokio::test]
async fn a_till_believes_whatever_key_its_root_signed_for_its_organisation_and_nobody_else() {
    let till = till_at(MONDAY, RootCertStore::empty());
    let name = office_name(ORGANISATION);
    let other_name = office_name(OrganisationId(Uuid::from_u128(8)));
    let (good, key) = own(&name, 2027);
    // By name or by number: where head office is has nothing to do with who it is.
    for host in ["office.example", "192.168.1.5", "localhost"] {
        assert_eq!(meets(&till, host, shows(&good, &key)).await, Ok(()), "{host}");
    }
    let (another_day, another_key) = own(&name, 2030);
    assert_eq!(meets(&till, "office.example", shows(&another_day, &another_key)).await, Ok(()));

    let self_made = rcgen::generate_simple_self_signed(vec![name.clone()]).unwrap();
    let self_made = (self_made.cert.der().clone(), self_made.signing_key);
    let cases = [
        ("another root", certificate(Root::of(2), "Daybook", &name, 2027)),
        ("nobody's word", self_made),
        ("another organisation of this root", own(&other_name, 2027)),
        ("a name of the internet", own("office.example", 2027)),
        (
            "a child of its own making",
            certificate(rcgen::KeyPair::generate().unwrap(), "Daybook", &name, 2027),
        ),
    ];
    for (who, (certificate, key)) in cases {
        let said = meets(&till, "office.example", shows(&certificate, &key)).await.unwrap_err();
        assert!(said.contains("not head office's"), "{who}: {said}");
    }
}

#[tokio::test]
async fn the_right_certificate_with_a_handshake_of_another_key_is_not_believed() {
    let (good, key) = own(&office_name(ORGANISATION), 2027);
    let thief = rcgen::KeyPair::generate().unwrap();
    let till = till_at(MONDAY, RootCertStore::empty());
    assert!(meets(&till, "office.example", shows(&good, &thief)).await.is_err());
    assert_eq!(meets(&till, "office.example", shows(&good, &key)).await, Ok(()), "it is the key alone");
    let joining = Arc::new(meeting(&Met::default()).unwrap());
    assert!(meets(&joining, "office.example", shows(&good, &thief)).await.is_err(), "not even by who joins");
}

#[tokio::test]
async fn a_certificate_that_is_over_is_not_believed_and_the_clock_is_named() {
    let (certificate, key) = own(&office_name(ORGANISATION), 2027);
    let year = 366 * 86_400 * 1_000_000;
    for (wall, believed) in [(MONDAY, true), (MONDAY + year, false), (MONDAY - year, false)] {
        let till = till_at(wall, RootCertStore::empty());
        match meets(&till, "office.example", shows(&certificate, &key)).await {
            Ok(()) => assert!(believed, "{wall}"),
            Err(said) => assert!(!believed && said.contains("clocks"), "{wall}: {said}"),
        }
    }
}

#[tokio::test]
async fn a_public_authority_is_believed_for_the_address_that_is_asked_and_for_nothing_else() {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "Some Authority");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = authority.self_signed(&authority_key).unwrap();
    let mut authorities = RootCertStore::empty();
    authorities.add(authority.der().clone()).unwrap();
    let till = till_at(MONDAY, authorities);
    let (certificate, key) = certificate(authority_key, "Some Authority", "office.example", 2027);
    assert_eq!(meets(&till, "office.example", shows(&certificate, &key)).await, Ok(()));
    for host in ["other.example", "192.168.1.5"] {
        let said = meets(&till, host, shows(&certificate, &key)).await.unwrap_err();
        assert!(said.contains("not head office's"), "{host}: {said}");
    }
    let without = till_at(MONDAY, RootCertStore::empty());
    assert!(meets(&without, "office.example", shows(&certificate, &key)).await.is_err());
    assert!(public_authorities().len() > 100, "there are such");
}

#[tokio::test]
async fn a_till_that_joins_takes_who_it_meets_first_and_knows_their_key() {
    let (met, name) = (Met::default(), office_name(ORGANISATION));
    let joining = Arc::new(meeting(&met).unwrap());
    assert_eq!(met.key(), None);
    let ((first, key), (second, other)) = (own(&name, 2027), own(&name, 2027));
    assert_eq!(meets(&joining, "192.168.1.5", shows(&first, &key)).await, Ok(()));
    assert_eq!(met.key(), Some(sha256(&rcgen::PublicKeyData::subject_public_key_info(&key))));
    assert_eq!(meets(&joining, "192.168.1.5", shows(&first, &key)).await, Ok(()), "the same once more");
    let said = meets(&joining, "192.168.1.5", shows(&second, &other)).await.unwrap_err();
    assert!(said.contains("another one answers"), "{said}");
}
