//! Where a setting comes from: a flag, the environment, the file beside the data, or the default, in this order.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::{fs, io};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use serde::Deserialize;

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

/// What the file may say; each may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Where to listen.
    pub listen: Option<SocketAddr>,
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
