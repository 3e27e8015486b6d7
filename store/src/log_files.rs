//! Whether the files of an open log still lie where their paths say. SQLite keeps answering OK after its file was removed or replaced, by a
//! cleaner, a copying program or a person; a commit counts only where the next start will find it.

use std::path::{Path, PathBuf};

use crate::file::StoreError;

/// Which file a path named when it was opened, to notice when it is removed or replaced. SQLite would go on answering OK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    path: PathBuf,
    #[cfg(unix)]
    device_and_inode: (u64, u64),
}

impl FileIdentity {
    /// The identity of the file at a path now.
    pub fn of(path: &Path) -> Result<Self, StoreError> {
        let meta =
            std::fs::metadata(path).map_err(|error| StoreError::Io { path: path.to_owned(), error })?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            Ok(FileIdentity { path: path.to_owned(), device_and_inode: (meta.dev(), meta.ino()) })
        }
        #[cfg(not(unix))]
        {
            let _ = meta;
            Ok(FileIdentity { path: path.to_owned() })
        }
    }

    /// An error if the path no longer names that file.
    pub fn check(&self) -> Result<(), StoreError> {
        match FileIdentity::of(&self.path) {
            Ok(now) if now == *self => Ok(()),
            _ => Err(StoreError::Replaced(self.path.clone())),
        }
    }
}

/// The files of a log that is open: the database and, from the first commit on, its write-ahead log.
#[derive(Clone, Debug)]
pub struct LogFiles {
    path: PathBuf,
    database: FileIdentity,
    write_ahead: Option<FileIdentity>,
}

impl LogFiles {
    /// The files of a log that was just opened.
    pub fn of(path: &Path) -> Result<Self, StoreError> {
        Ok(LogFiles { path: path.to_owned(), database: FileIdentity::of(path)?, write_ahead: None })
    }

    /// SQLite keeps answering OK after its file is gone: a commit counts only while the paths still name the files that are open.
    pub fn check(&mut self) -> Result<(), StoreError> {
        self.database.check()?;
        match &self.write_ahead {
            Some(identity) => identity.check(),
            None => {
                let mut path = self.path.as_os_str().to_owned();
                path.push("-wal");
                self.write_ahead = FileIdentity::of(Path::new(&path)).ok();
                Ok(())
            }
        }
    }
}
