//! Where a setting comes from: a flag, the environment, the file beside the data, or the default, in this order.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use serde::Deserialize;

use crate::http::tls::TlsChoice;

/// The name of the file in the data folder.
pub const FILE_NAME: &str = "daybook-server.toml";

/// Where head office listens unless told otherwise: reachable from its own machine only.
pub const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7411);

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Whether head office speaks TLS, where no certificate is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum TlsWord {
    /// With a certificate that it makes itself.
    Own,
    /// In the clear: everybody on the way can read what travels.
    Off,
}

/// What is said about TLS, by flag and environment or by the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSaid {
    /// In a word.
    pub word: Option<TlsWord>,
    /// A certificate.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
}

impl TlsSaid {
    fn is_nothing(&self) -> bool {
        *self == TlsSaid::default()
    }
}

/// How to speak on an address: what the flags say, else the file, else in the clear within one machine and TLS beyond it.
pub fn tls(flags: TlsSaid, file: TlsSaid, listen: SocketAddr) -> anyhow::Result<Option<TlsChoice>> {
    let said = if flags.is_nothing() { file } else { flags };
    match said {
        TlsSaid { word: None, certificate: Some(certificate), key: Some(key) } => {
            Ok(Some(TlsChoice::Files { certificate, key }))
        }
        TlsSaid { word: Some(TlsWord::Own), certificate: None, key: None } => Ok(Some(TlsChoice::Own)),
        TlsSaid { word: Some(TlsWord::Off), certificate: None, key: None } => Ok(None),
        said if said.is_nothing() => Ok((!listen.ip().is_loopback()).then_some(TlsChoice::Own)),
        _ => bail!("say either how to speak TLS (own or off), or both a certificate and its key"),
    }
}

/// What the file may say; each may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Where to listen.
    pub listen: Option<SocketAddr>,
    /// Whether to speak TLS with a certificate of its own, or none.
    pub tls: Option<TlsWord>,
    /// The certificate of a public authority to speak TLS with, in PEM.
    pub certificate: Option<PathBuf>,
    /// Its key, in PEM.
    pub key: Option<PathBuf>,
    /// Whether a commit waits for the disk.
    pub durable: Option<bool>,
    /// What to log.
    pub log: Option<String>,
    /// How to log it.
    pub log_format: Option<LogFormat>,
}

/// Reads the file of a data folder; without one, nothing is set.
pub fn read(data: &Path) -> anyhow::Result<File> {
    let path = data.join(FILE_NAME);
    match fs::read_to_string(&path) {
        Ok(text) => toml::from_str(&text).with_context(|| format!("{} is not understood", path.display())),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(File::default())
        }
        Err(error) => bail!("{} cannot be read: {error}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_its_own_machine_head_office_speaks_tls_unless_somebody_says_otherwise() {
        let (inside, outside) = ("127.0.0.1:7411".parse().unwrap(), "0.0.0.0:7411".parse().unwrap());
        let word = |word| TlsSaid { word: Some(word), ..TlsSaid::default() };
        let pair = || TlsSaid { word: None, certificate: Some("c".into()), key: Some("k".into()) };
        let files = Some(TlsChoice::Files { certificate: "c".into(), key: "k".into() });
        let none = TlsSaid::default;
        let cases = [
            (none(), none(), inside, None),
            (none(), none(), outside, Some(TlsChoice::Own)),
            (word(TlsWord::Own), none(), inside, Some(TlsChoice::Own)),
            (word(TlsWord::Off), none(), outside, None),
            (none(), word(TlsWord::Off), outside, None),
            (word(TlsWord::Own), word(TlsWord::Off), outside, Some(TlsChoice::Own)),
            (word(TlsWord::Own), pair(), outside, Some(TlsChoice::Own)),
            (pair(), none(), inside, files.clone()),
            (none(), pair(), inside, files),
        ];
        for (flags, file, listen, expected) in cases {
            assert_eq!(tls(flags.clone(), file, listen).unwrap(), expected, "{flags:?} on {listen}");
        }
        for wrong in [
            TlsSaid { key: None, ..pair() },
            TlsSaid { certificate: None, ..pair() },
            TlsSaid { word: Some(TlsWord::Own), ..pair() },
        ] {
            assert!(tls(wrong.clone(), none(), outside).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_file_sets_what_it_names_and_nothing_it_does_not_know() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), File::default());
        assert_eq!(read(&folder.path().join("not-there")).unwrap(), File::default());
        let write = |text: &str| fs::write(folder.path().join(FILE_NAME), text).unwrap();
        write("listen = \"0.0.0.0:80\"\nlog_format = \"json\"\n");
        let file = read(folder.path()).unwrap();
        assert_eq!(file.listen, Some("0.0.0.0:80".parse().unwrap()));
        assert_eq!((file.log_format, file.durable), (Some(LogFormat::Json), None));
        write("lisen = \"0.0.0.0:80\"\n");
        let error = format!("{:#}", read(folder.path()).unwrap_err());
        assert!(error.contains(FILE_NAME) && error.contains("lisen"), "{error}");
    }
}
