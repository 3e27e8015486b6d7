//! What follows from the seed alone: ids, random bytes and draws.
//!
//! Two runs of the same file with the same seed name every sale, shift and command alike, whatever happens on the way; so a till that
//! was killed goes on where it stopped, and a rough run can be compared with a plain one.

use std::sync::atomic::{AtomicU64, Ordering};

use daybook_core::ids::{CommandId, SaleId, ShiftId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The number that everything random follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Seed {
    /// The sale that a receipt's number stands for. Where a file uses a number again, `again` tells the later ones apart.
    pub fn sale(self, reference: &str, again: usize) -> SaleId {
        match again {
            0 => SaleId(self.uuid(&["sale", reference])),
            _ => SaleId(self.uuid(&["sale", reference, &again.to_string()])),
        }
    }

    /// The shift that a till opens before its receipt `seq`.
    pub fn shift(self, till: &str, seq: u64) -> ShiftId {
        ShiftId(self.uuid(&["shift", till, &seq.to_string()]))
    }

    /// The command that is step `step` of a till's receipt `seq`.
    pub fn command(self, till: &str, seq: u64, step: usize) -> CommandId {
        CommandId(self.uuid(&["command", till, &seq.to_string(), &step.to_string()]))
    }

    /// Draws for one purpose.
    pub fn draws(self, purpose: &[&str]) -> Draws {
        Draws { key: self.hash(purpose), drawn: AtomicU64::new(0) }
    }

    fn uuid(self, parts: &[&str]) -> Uuid {
        let hash = self.hash(parts);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }

    fn hash(self, parts: &[&str]) -> [u8; 32] {
        let mut hash = Sha256::new().chain_update(b"daybook/replay/1").chain_update(self.0.to_be_bytes());
        for part in parts {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            hash = hash.chain_update(length.to_be_bytes()).chain_update(part.as_bytes());
        }
        hash.finalize().into()
    }
}

/// A stream of numbers that looks random and is the same every time.
#[derive(Debug)]
pub struct Draws {
    key: [u8; 32],
    drawn: AtomicU64,
}

impl Draws {
    /// The next number below `bound`; 0 where there is none.
    pub fn below(&self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_be_bytes(bytes).checked_rem(bound).unwrap_or(0)
    }

    /// True so many times in a thousand.
    pub fn in_thousand(&self, times: u64) -> bool {
        self.below(1_000) < times
    }

    /// Fills a buffer with the next bytes.
    pub fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let number = self.drawn.fetch_add(1, Ordering::Relaxed);
            let block: [u8; 32] = Sha256::new()
                .chain_update(self.key)
                .chain_update(number.to_be_bytes())
                .finalize()
                .into();
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

impl daybook_till::Randomness for Draws {
    fn fill(&self, bytes: &mut [u8]) {
        Draws::fill(self, bytes);
    }
}

impl daybook_server::office::Randomness for Draws {
    fn fill(&self, bytes: &mut [u8]) {
        Draws::fill(self, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_from_the_seed_and_from_nothing_else() {
        let one = Seed(1);
        assert_eq!(one.sale("7", 0), Seed(1).sale("7", 0));
        assert_ne!(one.sale("7", 0), Seed(2).sale("7", 0));
        assert_ne!(one.sale("7", 0), one.sale("7", 1));
        assert_ne!(one.command("T", 1, 12), one.command("T", 11, 2));
        assert_ne!(one.command("T1", 1, 1), one.command("T", 11, 1));
    }

    #[test]
    fn draws_repeat() {
        let (one, other) = (Seed(3).draws(&["a"]), Seed(3).draws(&["a"]));
        let drawn: Vec<u64> = (0..50).map(|_| one.below(10)).collect();
        assert_eq!(drawn, (0..50).map(|_| other.below(10)).collect::<Vec<_>>());
        assert!((0..10).all(|number| drawn.contains(&number)), "{drawn:?}");
        let (mut long, mut again) = ([0; 50], [0; 50]);
        one.fill(&mut long);
        other.fill(&mut again);
        assert_eq!(long, again);
    }
}
