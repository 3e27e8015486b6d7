//! Time and randomness of the till, handed in so that tests and replays can drive them.

use std::time::Instant;

/// A clock.
pub trait Clock: Send + Sync {
    /// The wall clock: microseconds since 1970, UTC.
    fn wall(&self) -> i64;

    /// Milliseconds of a clock that never goes back.
    fn millis(&self) -> u64;

    /// Whether somebody drives this clock, so that comparing it with head office's says nothing.
    fn is_driven(&self) -> bool {
        false
    }
}

/// A source of random bytes.
pub trait Randomness: Send + Sync {
    /// Fills a buffer.
    fn fill(&self, bytes: &mut [u8]);
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        SystemClock { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> i64 {
        chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()).timestamp_micros()
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The operating system's random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes)
            .unwrap_or_else(|error| panic!("the operating system gives no random numbers: {error}"));
    }
}
