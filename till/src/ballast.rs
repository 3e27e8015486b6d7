//! Ballast: a file that only takes up room, beside the log. It goes when the disk is full, so that the sale that is being rung up can still
//! be paid and the shift be closed; it is laid down again at a start that finds room for it.

use std::path::{Path, PathBuf};

use daybook_core::limits::BALLAST_BYTES;
use daybook_store::file::{free_bytes, take_room};

/// The ballast of a data directory.
#[derive(Debug)]
pub(crate) struct Ballast {
    path: PathBuf,
}

impl Ballast {
    /// Lays the ballast down where there is room for it and as much again. That it cannot be never keeps a till from opening.
    pub(crate) fn lay(data: &Path) -> Self {
        let ballast = Ballast { path: data.join("ballast") };
        let is_whole = std::fs::metadata(&ballast.path).is_ok_and(|file| file.len() == BALLAST_BYTES);
        let has_room = free_bytes(data).is_ok_and(|free| free > 2 * BALLAST_BYTES);
        if !is_whole
            && has_room
            && let Err(error) = take_room(&ballast.path, BALLAST_BYTES)
        {
            tracing::warn!(%error, "no room is kept for a full disk");
            ballast.release();
        }
        ballast
    }

    /// None, for a till that flushes nothing.
    pub(crate) fn none(data: &Path) -> Self {
        Ballast { path: data.join("ballast") }
    }

    /// Gives the room back; whether there was any.
    pub(crate) fn release(&self) -> bool {
        let released = std::fs::remove_file(&self.path).is_ok();
        if released {
            tracing::error!("the disk is full; the room that was kept for that is given back");
        }
        released
    }
}
