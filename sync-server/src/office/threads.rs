//! The office's threads, and what it means that one of them broke down.
//!
//! A thread that panicked is not started again: whatever broke it is still there, and what it held in its hands is not known any more. An
//! office that lacks one goes on answering and does only a part of its work, so it is not ready from then on, and the program that runs it
//! ends. At the next start everything stands as it was committed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::OfficeError;

/// The threads that run, and the first of them that broke down.
#[derive(Debug)]
pub(super) struct Threads {
    running: Mutex<Vec<JoinHandle<()>>>,
    broken: watch::Sender<Option<&'static str>>,
}

impl Threads {
    /// None yet.
    pub(super) fn new() -> Self {
        Threads { running: Mutex::default(), broken: watch::channel(None).0 }
    }

    /// Starts one.
    pub(super) fn spawn(
        &self,
        name: &'static str,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<(), OfficeError> {
        let broken = self.broken.clone();
        let watched = move || {
            if catch_unwind(AssertUnwindSafe(work)).is_err() {
                tracing::error!(
                    thread = name,
                    "a thread of head office broke down; it has to be started again"
                );
                broken.send_if_modified(|first| first.is_none() && first.replace(name).is_none());
            }
        };
        let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(watched);
        let thread = spawned
            .map_err(|error| OfficeError::Unexpected(format!("no thread could be started: {error}")))?;
        self.running.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    /// Whether all of them are sound.
    pub(super) fn are_sound(&self) -> bool {
        self.broken.borrow().is_none()
    }

    /// Waits until one breaks down, and says which; for ever where none does.
    pub(super) async fn broken(&self) -> &'static str {
        let mut broken = self.broken.subscribe();
        match broken.wait_for(Option::is_some).await.map(|first| *first) {
            Ok(Some(name)) => name,
            _ => std::future::pending().await,
        }
    }

    /// Waits on a thread that may block until all have ended.
    pub(super) async fn ended(&self) {
        let running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        let joined = tokio::task::spawn_blocking(move || running.into_iter().try_for_each(JoinHandle::join));
        if !matches!(joined.await, Ok(Ok(()))) {
            tracing::error!("a thread of the office could not be waited for");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_that_panics_is_named_and_one_that_ends_is_not() {
        let threads = Threads::new();
        threads.spawn("sound", || {}).unwrap();
        threads.ended().await;
        assert!(threads.are_sound());
        threads.spawn("ill", || panic!("a fault of the program")).unwrap();
        assert_eq!(threads.broken().await, "ill");
        assert!(!threads.are_sound());
        threads.ended().await;
    }
}
