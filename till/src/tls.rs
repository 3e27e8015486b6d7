//! TLS to head office: whose certificate a till believes.
//!
//! TLS 1.3 only, by rustls with ring. A till pins its organisation's root and nothing below it: a certificate that head office made itself
//! must be signed by that root, for the name of the organisation; whatever its key, and however often it changes. Or it is one of a public
//! authority, for the address that is asked. A till that joins knows no root yet. It takes any key, asks nobody else from then on, and
//! both proofs of the code are over that key: whoever sits in between has another one.
//!
//! In every case rustls's own verifier checks that the other side holds the key of its certificate.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use daybook_core::chain::{Hash, sha256};
use daybook_core::identity::PublicKey;
use daybook_core::identity::tls::{office_name, root_key_info, root_subject};
use daybook_core::ids::OrganisationId;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, Der, ServerName, TrustAnchor, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

/// The till's time in microseconds since 1970, corrected by what head office last said.
pub(crate) type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Why a connection is not believed, in words for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Disbelief {
    #[error("whoever answers there shows a certificate that is not head office's; nothing was sent")]
    NotHeadOffice,
    #[error(
        "head office's certificate is not valid at the time that this till shows; look at the clocks of both"
    )]
    NotNow,
    #[error("another one answers than a moment ago; nothing was sent")]
    Another,
}

/// The key that a joining till met first.
#[derive(Clone, Default)]
pub(crate) struct Met(Arc<Mutex<Option<Hash>>>);

impl Met {
    /// SHA-256 of the key (SubjectPublicKeyInfo, DER) of the other side; none where no TLS was spoken.
    pub(crate) fn key(&self) -> Option<Hash> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Believes whoever is met first, and nobody else: for a till that joins.
pub(crate) fn meeting(met: &Met) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    config(&provider, Arc::new(Meeting { met: met.clone(), provider: provider.clone() }))
}

/// Believes head office: by the organisation's root, or by a public authority.
pub(crate) fn pinned(
    root: &PublicKey,
    organisation: OrganisationId,
    authorities: RootCertStore,
    now: Now,
) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let anchor = TrustAnchor {
        subject: Der::from(root_subject()),
        subject_public_key_info: Der::from(root_key_info(root)),
        name_constraints: None,
    };
    let verifier = |roots: RootCertStore| {
        let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
        built.map_err(|error| Error::General(error.to_string()))
    };
    let own = verifier(RootCertStore { roots: vec![anchor] })?;
    let public = if authorities.is_empty() { None } else { Some(verifier(authorities)?) };
    let name =
        ServerName::try_from(office_name(organisation)).map_err(|error| Error::General(error.to_string()))?;
    config(&provider, Arc::new(Pinned { own, name, public, now }))
}

/// The public authorities, as Mozilla keeps them.
pub(crate) fn public_authorities() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

fn config(
    provider: &Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A resumed connection would show no certificate, and what was believed once would be believed for ever.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

fn disbelieve(why: Disbelief) -> Error {
    Error::Other(OtherError(Arc::new(why)))
}

/// TLS 1.2 is never offered.
fn no_tls12() -> Error {
    Error::General("TLS 1.2 is not spoken".to_owned())
}

struct Meeting {
    met: Met,
    provider: Arc<CryptoProvider>,
}

impl fmt::Debug for Meeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meeting")
    }
}

impl ServerCertVerifier for Meeting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = sha256(ParsedCertificate::try_from(end_entity)?.subject_public_key_info().as_ref());
        let mut met = self.met.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *met {
            Some(first) if first != key => Err(disbelieve(Disbelief::Another)),
            _ => {
                *met = Some(key);
                Ok(ServerCertVerified::assertion())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

struct Pinned {
    /// Believes what the root signed.
    own: Arc<WebPkiServerVerifier>,
    /// The only name that such a certificate may be for.
    name: ServerName<'static>,
    /// Believes what public authorities signed.
    public: Option<Arc<WebPkiServerVerifier>>,
    now: Now,
}

impl fmt::Debug for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pinned({:?})", self.name)
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let seconds = u64::try_from((self.now)() / 1_000_000).unwrap_or(0);
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let own = self.own.verify_server_cert(end_entity, intermediates, &self.name, ocsp_response, now);
        let public = |public: &Arc<WebPkiServerVerifier>| {
            public.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        match (own, self.public.as_ref().map(public)) {
            (Ok(believed), _) | (_, Some(Ok(believed))) => Ok(believed),
            (Err(own), public) => {
                let errors = [Some(own), public.and_then(Result::err)];
                let is_of_time = |error: &Error| {
                    matches!(
                        error,
                        Error::InvalidCertificate(
                            CertificateError::Expired
                                | CertificateError::ExpiredContext { .. }
                                | CertificateError::NotValidYet
                                | CertificateError::NotValidYetContext { .. }
                        )
                    )
                };
                tracing::warn!(?errors, "a certificate is not believed");
                let of_time = errors.iter().flatten().any(is_of_time);
                Err(disbelieve(if of_time { Disbelief::NotNow } else { Disbelief::NotHeadOffice }))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.own.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.own.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests;
