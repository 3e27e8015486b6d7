//! TLS on the listener: which certificate is shown, and the change from one to the next while the server runs.
//!
//! TLS 1.3 only, by rustls with ring. The certificate is either one of a public authority, read from files that somebody else renews, or
//! one that head office makes itself (`office::own_certificate`). What is shown now is looked up for each connection, so that a new
//! certificate needs no restart and the key that an enrolling till saw is known.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use daybook_core::chain::{Hash, sha256};
use daybook_core::limits::OWN_CERTIFICATE_DAYS;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::ParsedCertificate;
use tokio_rustls::TlsAcceptor;

use crate::office::{Office, OfficeError};

/// Which certificate the listener shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsChoice {
    /// One that head office makes itself, signed by the organisation's root.
    Own,
    /// One of a public authority, with its chain, and its key: both PEM.
    Files {
        /// The certificate and those between it and the authority.
        certificate: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
}

/// Why a certificate cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read as what it should hold.
    #[error("{path} holds no {what}: {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// Others than its owner and group may read the key.
    #[error("everybody on this machine may read the key {0}; let only its owner: chmod 600 {0}")]
    OpenToAll(PathBuf),
    /// Key and certificate do not belong together, or cannot be used.
    #[error("this certificate cannot be shown: {0}")]
    Unusable(rustls::Error),
    /// The office could not make one.
    #[error(transparent)]
    Office(#[from] OfficeError),
}

/// The certificate that is shown, and where the next one comes from.
pub struct Tls {
    choice: TlsChoice,
    office: Office,
    shown: RwLock<Shown>,
}

/// What a connection is met with.
#[derive(Clone)]
pub struct Shown {
    /// Does the handshake.
    pub acceptor: TlsAcceptor,
    /// SHA-256 of the key in the certificate (SubjectPublicKeyInfo, DER).
    pub key: Hash,
    chain: Vec<CertificateDer<'static>>,
    since: i64,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({:?})", self.choice)
    }
}

impl Tls {
    /// Begins to show a certificate.
    pub fn open(choice: TlsChoice, office: Office) -> Result<Self, TlsError> {
        let shown = RwLock::new(found(&choice, &office)?);
        Ok(Tls { choice, office, shown })
    }

    /// What is shown now.
    pub fn shown(&self) -> Shown {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks whether another certificate is due: files that were renewed, or an own one past half of its life. Where the new one cannot
    /// be shown, the present one stays.
    pub fn look_again(&self) {
        let shown = self.shown();
        let half_life = OWN_CERTIFICATE_DAYS * 86_400 * 1_000_000 / 2;
        if self.choice == TlsChoice::Own && self.office.now() < shown.since.saturating_add(half_life) {
            return;
        }
        match found(&self.choice, &self.office) {
            Ok(next) if next.chain == shown.chain => {}
            Ok(next) => {
                *self.shown.write().unwrap_or_else(PoisonError::into_inner) = next;
                tracing::info!("a new TLS certificate is shown from now on");
            }
            Err(error) => {
                tracing::error!(%error, "the new TLS certificate cannot be shown; the one before stays")
            }
        }
    }
}

fn found(choice: &TlsChoice, office: &Office) -> Result<Shown, TlsError> {
    let (chain, key) = match choice {
        TlsChoice::Own => {
            let own = office.own_certificate()?;
            (vec![own.certificate.into()], PrivatePkcs8KeyDer::from(own.key).into())
        }
        TlsChoice::Files { certificate, key } => (read_chain(certificate)?, read_key(key)?),
    };
    shown(chain, key, office.now()).map_err(TlsError::Unusable)
}

fn shown(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    now: i64,
) -> Result<Shown, rustls::Error> {
    let leaf = chain.first().ok_or(rustls::Error::NoCertificatesPresented)?;
    let key_hash = sha256(ParsedCertificate::try_from(leaf)?.subject_public_key_info().as_ref());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(chain.clone(), key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Shown { acceptor: TlsAcceptor::from(Arc::new(config)), key: key_hash, chain, since: now })
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unreadable = |why: String| TlsError::Unreadable { path: path.to_owned(), what: "certificate", why };
    let read = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))?;
    let chain: Result<Vec<_>, _> = read.collect();
    let chain = chain.map_err(|error| unreadable(error.to_string()))?;
    if chain.is_empty() {
        return Err(unreadable("there is none in PEM".to_owned()));
    }
    Ok(chain)
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let unreadable = |why: String| TlsError::Unreadable { path: path.to_owned(), what: "private key", why };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let about = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
        // A group may read it: that is how certificates are shared with the programs that need them.
        if about.permissions().mode() & 0o007 != 0 {
            return Err(TlsError::OpenToAll(path.to_owned()));
        }
    }
    PrivateKeyDer::from_pem_file(path).map_err(|error| unreadable(error.to_string()))
}
