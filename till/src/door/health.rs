//! What the till says about its own health: things that never stop a sale, and that somebody should know before they do harm.
//!
//! Each is told once, in the words of the window; what the machine says about it goes along for whoever repairs it.

use daybook_core::identity::tls::Road;
use daybook_core::limits::{STORAGE_LOW_BYTES, STORAGE_SCARCE_BYTES};
use daybook_store::file::free_bytes;

use super::types::{Ailment, Notice};
use crate::keystore::{self, KeysLie};
use crate::till::Inner;

impl Inner {
    /// What somebody should know; what needs a person first. `server` is where head office is looked for. The keys of a demonstration
    /// are worth nothing, wherever they lie.
    pub(super) fn notices(&self, server: Option<&str>, demo: bool) -> Vec<Notice> {
        let mut found = Vec::new();
        let mut say = |what, urgent, why: Option<&String>| {
            found.push(Notice { what, urgent, why: why.cloned() });
        };
        if let Some(why) = &self.journal_trouble {
            say(Ailment::CopyNotWritten, true, Some(why));
        }
        if let Some(refilled) = &self.refilled {
            say(Ailment::BooksTakenBack, true, Some(&refilled.why));
        }
        match &self.views_trouble {
            Some(why) => say(Ailment::ListsInMemory, true, Some(why)),
            None if self.views_rebuilt => say(Ailment::ListsRebuilt, false, None),
            None => {}
        }
        // The books and their copy may lie on two disks: the fuller one counts.
        let disks = [&self.options.data, &self.options.journal];
        let free = disks.into_iter().filter_map(|disk| free_bytes(disk).ok()).min();
        if let Some((what, urgent)) = free.and_then(storage) {
            say(what, urgent, None);
        }
        if server.is_some_and(|server| Road::of(server).0 == Road::Clear) {
            say(Ailment::InTheClear, false, None);
        }
        if self.enrolled.is_some() && !demo && keystore::lie(&self.options.data) == KeysLie::InFile {
            say(Ailment::KeysInFile, false, None);
        }
        if let Some(why) = self.office_lacks() {
            say(Ailment::OfficeLacks, false, Some(&why));
        }
        found.sort_by_key(|notice| !notice.urgent);
        found
    }

    /// The store's time zone.
    pub(super) fn zone_name(&mut self) -> String {
        self.shop().map_or_else(|_| "UTC".to_owned(), |shop| shop.zone.name().to_owned())
    }
}

/// What so many free bytes mean, and whether somebody has to act.
fn storage(free_bytes: u64) -> Option<(Ailment, bool)> {
    match free_bytes {
        free if free < STORAGE_SCARCE_BYTES => Some((Ailment::StorageScarce, true)),
        free if free < STORAGE_LOW_BYTES => Some((Ailment::StorageLow, false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_gets_full_is_told_in_time_and_a_full_one_needs_somebody() {
        let cases = [
            (STORAGE_LOW_BYTES, None),
            (STORAGE_LOW_BYTES - 1, Some((Ailment::StorageLow, false))),
            (STORAGE_SCARCE_BYTES, Some((Ailment::StorageLow, false))),
            (STORAGE_SCARCE_BYTES - 1, Some((Ailment::StorageScarce, true))),
            (0, Some((Ailment::StorageScarce, true))),
        ];
        for (free, expected) in cases {
            assert_eq!(storage(free), expected, "{free} bytes");
        }
    }
}
