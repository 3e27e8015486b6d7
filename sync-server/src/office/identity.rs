//! The office's keys: the organisation's root and head office's own, in one file that only its owner can read.
//!
//! The identity kit is the part that must survive the server: with it a wiped server is refilled by its tills. While a new epoch begins, the
//! keys that head office will have in it lie beside those that it still has.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use daybook_core::identity::{KeyPair, base64url, read_base64url};
use daybook_core::ids::{OrganisationId, OriginId};
use daybook_store::file::sync_directory;
use serde::{Deserialize, Serialize};

use super::OfficeError;

/// Who head office is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The organisation.
    pub organisation: OrganisationId,
    /// The root key: every certificate ends at it.
    pub root: KeyPair,
    /// Head office's origin.
    pub origin: OriginId,
    /// Head office's own key.
    pub key: KeyPair,
}

/// What must outlive the server: with it a wiped one is made anew and refilled by its tills.
#[derive(Clone, Debug)]
pub(super) struct IdentityKit {
    /// The organisation.
    pub(super) organisation: OrganisationId,
    /// The root key.
    pub(super) root: KeyPair,
    /// What head office is called.
    pub(super) name: String,
}

#[derive(Serialize, Deserialize)]
struct File {
    organisation: OrganisationId,
    root_seed: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<OriginId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_seed: Option<String>,
}

/// Who head office will be in an epoch that is beginning, kept before anything is written under it.
#[derive(Clone, Debug)]
pub(super) struct NextIdentity {
    /// Its keys, and the origin under which it will write.
    pub(super) identity: Identity,
    /// The epoch.
    pub(super) epoch: String,
}

#[derive(Serialize, Deserialize)]
struct NextFile {
    #[serde(flatten)]
    identity: File,
    epoch: String,
}

#[derive(Serialize, Deserialize)]
struct KitFile {
    organisation: OrganisationId,
    root_seed: String,
    /// Kits of the first days did not say it.
    #[serde(default = "nameless")]
    name: String,
}

fn nameless() -> String {
    super::epoch::NAMELESS.to_owned()
}

const IDENTITY: &str = "identity.json";
const KIT: &str = "identity-kit.json";
const NEXT: &str = "identity-next.json";

impl Identity {
    /// Reads the identity of a data directory.
    pub fn read(data: &Path) -> Result<Self, OfficeError> {
        let path = data.join(IDENTITY);
        let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => OfficeError::NotInitialised(data.to_owned()),
            _ => OfficeError::Io { path: path.clone(), error },
        })?;
        refuse_open_to_others(&path)?;
        let broken = || OfficeError::BrokenIdentity(path.clone());
        let file: File = serde_json::from_str(&text).map_err(|_| broken())?;
        file.read().ok_or_else(broken)
    }

    /// Writes the identity into a data directory, so that either the old or the new one is there whole, also after a power cut.
    pub fn write(&self, data: &Path) -> Result<(), OfficeError> {
        write_private(data, IDENTITY, &File::of(self))
    }
}

impl File {
    fn of(identity: &Identity) -> Self {
        let root_seed = base64url(&identity.root.seed());
        let (origin, key_seed) = (Some(identity.origin), Some(base64url(&identity.key.seed())));
        File { organisation: identity.organisation, root_seed, origin, key_seed }
    }

    fn read(&self) -> Option<Identity> {
        let key = |seed: &str| read_base64url::<32>(seed).map(KeyPair::from_seed);
        Some(Identity {
            organisation: self.organisation,
            root: key(&self.root_seed)?,
            origin: self.origin?,
            key: self.key_seed.as_deref().and_then(key)?,
        })
    }
}

impl NextIdentity {
    /// What a data directory holds of an epoch that was begun and not finished. Where it cannot be made sense of there is none: another one
    /// begins, and nothing of the first was told to anybody.
    pub(super) fn read(data: &Path) -> Result<Option<Self>, OfficeError> {
        let path = data.join(NEXT);
        let bytes = match std::fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| OfficeError::Io { path: path.clone(), error })?,
        };
        refuse_open_to_others(&path)?;
        let file = serde_json::from_slice::<NextFile>(&bytes).ok();
        let next =
            file.and_then(|file| Some(NextIdentity { identity: file.identity.read()?, epoch: file.epoch }));
        if next.is_none() {
            tracing::error!(path = %path.display(), "the keys of an epoch that was begun are damaged; another one begins");
        }
        Ok(next)
    }

    /// Keeps it.
    pub(super) fn write(&self, data: &Path) -> Result<(), OfficeError> {
        let file = NextFile { identity: File::of(&self.identity), epoch: self.epoch.clone() };
        write_private(data, NEXT, &file)
    }

    /// Makes it who head office is, once its epoch has begun: only then is the present one no longer needed.
    pub(super) fn take_over(self, data: &Path) -> Result<Identity, OfficeError> {
        self.identity.write(data)?;
        let path = data.join(NEXT);
        let removed = std::fs::remove_file(&path).and_then(|()| sync_directory(data));
        removed.map_err(|error| OfficeError::Io { path, error })?;
        Ok(self.identity)
    }
}

impl IdentityKit {
    /// Reads a kit.
    pub(super) fn read(path: &Path) -> Result<Self, OfficeError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| OfficeError::Io { path: path.to_owned(), error })?;
        let broken = || OfficeError::BrokenKit(path.to_owned());
        let file: KitFile = serde_json::from_str(&text).map_err(|_| broken())?;
        let root = read_base64url::<32>(&file.root_seed).map(KeyPair::from_seed).ok_or_else(broken)?;
        Ok(IdentityKit { organisation: file.organisation, root, name: file.name })
    }

    /// Writes the kit into a data directory; gives its path.
    pub(super) fn write(&self, data: &Path) -> Result<std::path::PathBuf, OfficeError> {
        let root_seed = base64url(&self.root.seed());
        let file = KitFile { organisation: self.organisation, root_seed, name: self.name.clone() };
        write_private(data, KIT, &file)?;
        Ok(data.join(KIT))
    }
}

/// A file of keys that others than its owner may read is not used: who read it can speak as head office.
#[cfg(unix)]
fn refuse_open_to_others(path: &Path) -> Result<(), OfficeError> {
    use std::os::unix::fs::PermissionsExt as _;
    let about = std::fs::metadata(path);
    let about = about.map_err(|error| OfficeError::Io { path: path.to_owned(), error })?;
    if about.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(OfficeError::KeysOpenToOthers(path.to_owned()))
}

/// Elsewhere the folder of the user is closed to others by itself.
#[cfg(not(unix))]
fn refuse_open_to_others(_path: &Path) -> Result<(), OfficeError> {
    Ok(())
}

fn write_private(data: &Path, name: &str, file: &impl Serialize) -> Result<(), OfficeError> {
    let (path, new) = (data.join(name), data.join(format!("{name}.new")));
    let io = |error| OfficeError::Io { path: path.clone(), error };
    // What an earlier attempt left may be readable by others, and would stay so.
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let text =
        serde_json::to_string_pretty(file).map_err(|error| OfficeError::Unexpected(error.to_string()))?;
    let mut out = options.open(&new).map_err(io)?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(io)?;
    std::fs::rename(&new, &path).and_then(|()| sync_directory(data)).map_err(io)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use uuid::Uuid;

    #[test]
    fn keys_that_others_may_read_are_not_used_and_it_is_said_how_to_mend_it() {
        let data = tempfile::tempdir().unwrap();
        let identity = Identity {
            organisation: OrganisationId(Uuid::from_u128(1)),
            root: KeyPair::from_seed([1; 32]),
            origin: OriginId(Uuid::from_u128(2)),
            key: KeyPair::from_seed([2; 32]),
        };
        identity.write(data.path()).unwrap();
        let kit = IdentityKit {
            organisation: identity.organisation,
            root: identity.root.clone(),
            name: "Corner Shop".to_owned(),
        };
        let kit = kit.write(data.path()).unwrap();
        let path = data.path().join(IDENTITY);
        for written in [&kit, &path] {
            assert_eq!(std::fs::metadata(written).unwrap().permissions().mode() & 0o777, 0o600);
        }
        for (mode, used) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            match Identity::read(data.path()) {
                Ok(read) => assert!(used && read.origin == identity.origin, "{mode:o}"),
                Err(error) => assert!(!used && error.to_string().contains("chmod 600"), "{mode:o}: {error}"),
            }
        }
    }
}
