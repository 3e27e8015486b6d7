//! In ink: the one road on which own events reach the log, and the truth about it where it fails.
//!
//! An error of a commit does not say that nothing was recorded. So the log is asked, after it was made certain that its answer lasts; only
//! where that is impossible too is it not known, and the next start finds out. A disk that failed is trusted no more in this run.

use daybook_core::chain::Tip;
use daybook_core::ids::OriginId;
use daybook_core::record::Recorded;
use daybook_store::till::TillLog;
use daybook_store::{StoreError, events};

use crate::till::Inner;

/// Why events are not in the log, or not known to be.
#[derive(Debug)]
pub(crate) enum NotInked {
    /// They are not there, and never will be.
    Nothing(StoreError),
    /// It cannot be found out before the till is started again.
    Unknown(StoreError),
}

impl From<NotInked> for StoreError {
    fn from(not: NotInked) -> Self {
        match not {
            NotInked::Nothing(error) | NotInked::Unknown(error) => error,
        }
    }
}

impl Inner {
    /// Appends events in one durable commit by `append`, which gives the position of the last. On a full disk the ballast goes, once, and
    /// it is tried again. After any other error nothing more is recorded until the till is started again.
    pub(crate) fn ink(
        &mut self,
        recorded: &[Recorded],
        append: impl Fn(&mut TillLog) -> Result<i64, StoreError>,
    ) -> Result<i64, NotInked> {
        let mut done = append(&mut self.log);
        if matches!(done, Err(StoreError::Full)) && self.ballast.release() {
            done = append(&mut self.log);
        }
        let error = match done {
            Ok(position) => return Ok(position),
            Err(error) => error,
        };
        self.revisions.clear();
        let is_full = matches!(error, StoreError::Full);
        if !is_full {
            self.latch = Some(error.to_string());
        }
        let there = self.there(recorded, &error);
        tracing::error!(%error, ?there, "a commit failed");
        match there {
            Ok(Some(position)) => Ok(position),
            Ok(None) => Err(NotInked::Nothing(error)),
            Err(_) => Err(NotInked::Unknown(error)),
        }
    }

    /// The position of the last of these events, where they are in the log for good; an error where that cannot be known.
    fn there(&mut self, recorded: &[Recorded], error: &StoreError) -> Result<Option<i64>, StoreError> {
        match error {
            // SQLite takes a commit back that found no room, before anything of it can count.
            StoreError::Full => self.position_of(recorded),
            // What stands in a file that has no name any more may come back under one, or not.
            StoreError::Replaced(path) => match self.position_of(recorded)? {
                Some(_) => Err(StoreError::Replaced(path.clone())),
                None => Ok(None),
            },
            _ => {
                self.log.settle()?;
                self.position_of(recorded)
            }
        }
    }

    fn position_of(&self, recorded: &[Recorded]) -> Result<Option<i64>, StoreError> {
        let last: Option<(OriginId, Tip)> = recorded.last().map(|event| (event.envelope.origin, event.tip));
        let Some((origin, tip)) = last else { return Ok(None) };
        events::position_of(self.log.connection(), origin, tip)
    }
}
