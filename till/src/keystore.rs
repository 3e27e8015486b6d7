//! Where the till's keys lie: in the operating system's keystore where there is one, else in a file that only its owner reads.
//!
//! The keystore holds one secret of 32 bytes; the keys themselves lie in `keys.json`, sealed to it. So a till may have as many keys as it
//! likes, whatever a keystore takes, and the file is written whole or not at all. Without a keystore the file holds the keys as they
//! are. Which of the two it is the till says.

mod system;

use std::fs::OpenOptions;
use std::io::{Error, ErrorKind, Write as _};
use std::path::Path;

use daybook_core::identity::sealed::{OpeningKey, Sealed};
use daybook_store::file::sync_directory;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::system::SystemKeystore;
use crate::ports::Randomness;

const FILE: &str = "keys.json";
/// What the sealed keys are bound to, so that nothing else that was sealed to this secret can stand in their place.
const BOUND_TO: &[u8] = b"daybook/keys/1\0";

/// A place for secrets that the operating system guards.
pub trait Keystore: Send + Sync {
    /// The secret of a name; none where there is none of it.
    fn read(&self, name: &str) -> Result<Option<[u8; 32]>, String>;

    /// Keeps a secret under a name.
    fn write(&self, name: &str, secret: &[u8; 32]) -> Result<(), String>;
}

/// No keystore: the keys lie in their file.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoKeystore;

/// Where keys lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeysLie {
    /// Sealed to a secret of the operating system's keystore.
    InKeystore,
    /// In a file that only its owner reads.
    #[default]
    InFile,
}

/// The file of sealed keys.
#[derive(Serialize, Deserialize)]
struct SealedFile {
    /// The name of the secret in the keystore.
    keystore: String,
    sealed: Sealed,
}

impl Keystore for NoKeystore {
    fn read(&self, _name: &str) -> Result<Option<[u8; 32]>, String> {
        Ok(None)
    }

    fn write(&self, _name: &str, _secret: &[u8; 32]) -> Result<(), String> {
        Err("no keystore is used here".to_owned())
    }
}

/// Reads the keys of a data directory as the text that was kept, and where they lie; none where there are none. A file that others
/// than its owner may read is not used: who read it can sign as this till.
pub fn read(data: &Path, keystore: &dyn Keystore) -> std::io::Result<Option<(String, KeysLie)>> {
    let path = data.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    refuse_open_to_others(&path)?;
    let Ok(SealedFile { keystore: name, sealed }) = serde_json::from_str(&text) else {
        return Ok(Some((text, KeysLie::InFile)));
    };
    let secret = keystore.read(&name).map_err(|why| {
        Error::other(format!("the operating system's keystore does not give out this till's secret: {why}"))
    })?;
    let secret = secret.ok_or_else(|| {
        Error::other("the operating system's keystore does not hold this till's secret: was it moved to another machine or user?")
    })?;
    let opened = OpeningKey::from_random(secret).open(&sealed, BOUND_TO);
    let opened = opened.and_then(|bytes| String::from_utf8(bytes).ok());
    let opened = opened.ok_or_else(|| Error::other("the keys do not fit the secret in the keystore"))?;
    Ok(Some((opened, KeysLie::InKeystore)))
}

/// Where the keys of a data directory lie.
pub(crate) fn lie(data: &Path) -> KeysLie {
    let text = std::fs::read_to_string(data.join(FILE)).unwrap_or_default();
    match serde_json::from_str::<SealedFile>(&text) {
        Ok(_) => KeysLie::InKeystore,
        Err(_) => KeysLie::InFile,
    }
}

/// Keeps keys, so that either the old or the new file is there whole, also after a power cut; says where they lie.
pub(crate) fn write(
    data: &Path,
    keystore: &dyn Keystore,
    randomness: &dyn Randomness,
    text: &str,
) -> std::io::Result<KeysLie> {
    let sealed = secret(data, keystore, randomness).and_then(|(name, secret)| {
        let mut random = [0; 32];
        randomness.fill(&mut random);
        let sealed = OpeningKey::from_random(secret).public().seal(random, BOUND_TO, text.as_bytes())?;
        serde_json::to_string_pretty(&SealedFile { keystore: name, sealed }).ok()
    });
    let lie = if sealed.is_some() { KeysLie::InKeystore } else { KeysLie::InFile };
    put(data, sealed.as_deref().unwrap_or(text))?;
    Ok(lie)
}

/// The secret to seal to, and its name: the one that is used already, else a new one. None where no keystore keeps one.
fn secret(data: &Path, keystore: &dyn Keystore, randomness: &dyn Randomness) -> Option<(String, [u8; 32])> {
    let known = std::fs::read_to_string(data.join(FILE)).ok();
    let known: Option<SealedFile> = known.and_then(|text| serde_json::from_str(&text).ok());
    if let Some(SealedFile { keystore: name, .. }) = known
        && let Ok(Some(secret)) = keystore.read(&name)
    {
        return Some((name, secret));
    }
    let (mut id, mut secret) = ([0; 16], [0; 32]);
    randomness.fill(&mut id);
    randomness.fill(&mut secret);
    let name = Uuid::from_bytes(id).to_string();
    // Some keystores take what they do not give back, such as one that is locked: it counts only once it was read again.
    let kept = keystore.write(&name, &secret).and_then(|()| keystore.read(&name));
    match kept {
        Ok(Some(back)) if back == secret => Some((name, secret)),
        Ok(_) => None,
        Err(why) => {
            tracing::info!(
                why,
                "no keystore of the operating system keeps the till's keys; they lie in a file"
            );
            None
        }
    }
}

fn put(data: &Path, text: &str) -> std::io::Result<()> {
    let new = data.join(format!("{FILE}.new"));
    // What an earlier attempt left may be readable by others, and would stay so.
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, data.join(FILE))?;
    sync_directory(data)
}

#[cfg(unix)]
fn refuse_open_to_others(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if std::fs::metadata(path)?.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    let words = format!(
        "others on this machine may read the till's keys, so they are not used. Let only their owner: chmod 600 {}",
        path.display()
    );
    Err(Error::new(ErrorKind::PermissionDenied, words))
}

/// Elsewhere the folder of the user is closed to others by itself.
#[cfg(not(unix))]
fn refuse_open_to_others(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
