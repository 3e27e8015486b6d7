//! Backup and restore of head office. What is in a backup, and how it is looked through, stands in the store; here is whose it is.
//!
//! A restored head office opens a new epoch: the file that would say otherwise is in no backup, and without it one is begun.

use std::path::Path;

use daybook_store::backup::{Checked, Side, check, look_through, make};
use daybook_store::file::DirectoryLock;

use super::anchor::ANCHOR_FILE;
use super::{Identity, OfficeError, Settings};

/// Makes a backup of a data folder in a new folder, whether a server runs or not, and looks it through.
pub fn backup(settings: &Settings, to: &Path) -> Result<Checked, OfficeError> {
    Identity::read(&settings.data)?;
    Ok(make(Side::HeadOffice, &settings.data, to, settings.clock.wall(), None)?)
}

/// Looks the log of a data folder through, whether a server runs or not.
pub fn verify(data: &Path) -> Result<Checked, OfficeError> {
    Identity::read(data)?;
    Ok(look_through(data)?)
}

/// Looks a backup through, and compares it with the books of a data folder where there are some.
pub fn verify_backup(from: &Path, data: &Path) -> Result<Checked, OfficeError> {
    Identity::read(from)?;
    Ok(check(Side::HeadOffice, from, Identity::read(data).is_ok().then_some(data))?)
}

/// Puts a backup, looked through first, into a data folder that holds no head office. The next start opens a new epoch there.
pub fn restore(from: &Path, to: &Path) -> Result<Checked, OfficeError> {
    Identity::read(from)?;
    let _lock = DirectoryLock::take(to)?;
    if to.join(ANCHOR_FILE).exists() {
        return Err(OfficeError::AlreadyInitialised(to.to_owned()));
    }
    Ok(daybook_store::backup::restore(Side::HeadOffice, from, to)?)
}
