//! A clock that shows what it is told, beside a monotonic one that runs.
//!
//! Receipts happen when the file says; waiting for the network takes the time it takes.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The clock of a till or of head office in a replay.
#[derive(Debug)]
pub struct DrivenClock {
    wall: AtomicI64,
    hurried_millis: AtomicU64,
    began: Instant,
}

impl DrivenClock {
    /// A clock that shows a time, in microseconds since 1970.
    pub fn at(wall: i64) -> Self {
        DrivenClock { wall: AtomicI64::new(wall), hurried_millis: AtomicU64::new(0), began: Instant::now() }
    }

    /// Sets it.
    pub fn set(&self, wall: i64) {
        self.wall.store(wall, Ordering::Relaxed);
    }

    /// Lets the monotonic clock run on, whatever the other shows.
    pub fn hurry(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.hurried_millis.fetch_add(millis, Ordering::Relaxed);
    }

    fn shown(&self) -> i64 {
        self.wall.load(Ordering::Relaxed)
    }

    fn running(&self) -> u64 {
        let run = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        run.saturating_add(self.hurried_millis.load(Ordering::Relaxed))
    }
}

impl daybook_till::Clock for DrivenClock {
    fn wall(&self) -> i64 {
        self.shown()
    }

    fn millis(&self) -> u64 {
        self.running()
    }

    fn is_driven(&self) -> bool {
        true
    }
}

impl daybook_server::office::Clock for DrivenClock {
    fn wall(&self) -> i64 {
        self.shown()
    }
}
