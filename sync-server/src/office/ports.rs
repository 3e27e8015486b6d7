//! Time and randomness of the office, handed in so that tests and replays can drive them.

/// A wall clock.
pub trait Clock: Send + Sync {
    /// Microseconds since 1970, UTC.
    fn wall(&self) -> i64;
}

/// A source of random bytes.
pub trait Randomness: Send + Sync {
    /// Fills a buffer.
    fn fill(&self, bytes: &mut [u8]);
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn wall(&self) -> i64 {
        chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()).timestamp_micros()
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
