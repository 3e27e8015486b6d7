//! Events on their way from the log to read models, read already.
//!
//! Whoever projects right behind the writer would unpack and read again what was just read to be stored. It takes it from here instead,
//! and from the log whatever is not here: what is handed on is never more than a bounded stretch, and a copy of what the log holds.

use daybook_core::project::Input;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Events that wait here.
const EVENTS_MAX: usize = 20_000;
/// Bytes of their texts. Read, an event takes a few times as much.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// Events that were stored and are not projected yet.
#[derive(Debug, Default)]
pub struct Fresh(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<Stored>,
    bytes: usize,
}

/// An event that was stored.
#[derive(Debug)]
pub struct Stored {
    /// Its position in the log.
    pub position: i64,
    /// Bytes of its texts.
    pub bytes: usize,
    /// What it says.
    pub input: Box<Input>,
}

impl Fresh {
    /// Hands on what a commit stored, in the order of positions. Where there is no room it is left to the log.
    pub(crate) fn put(&self, stored: Vec<Stored>) {
        let mut waiting = self.waiting();
        let bytes = stored.iter().map(|event| event.bytes).sum::<usize>();
        if waiting.events.len() + stored.len() <= EVENTS_MAX && waiting.bytes + bytes <= BYTES_MAX {
            waiting.bytes += bytes;
            waiting.events.extend(stored);
        }
    }

    /// The events that directly follow a position, at most so many. Earlier ones are forgotten: they were projected from the log.
    pub(crate) fn after(&self, position: i64, events_max: usize) -> Vec<(i64, Box<Input>)> {
        let mut waiting = self.waiting();
        while waiting.events.front().is_some_and(|event| event.position <= position) {
            waiting.pop();
        }
        let mut found: Vec<(i64, Box<Input>)> = Vec::new();
        while found.len() < events_max {
            let next = found.last().map_or(position, |(last, _)| *last) + 1;
            if waiting.events.front().is_none_or(|event| event.position != next) {
                break;
            }
            found.extend(waiting.pop().map(|event| (event.position, event.input)));
        }
        found
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn pop(&mut self) -> Option<Stored> {
        let event = self.events.pop_front()?;
        self.bytes -= event.bytes;
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::chain::{Hash, Tip};
    use daybook_core::ids::OriginId;
    use daybook_core::project::Unread;
    use uuid::Uuid;

    fn stored(positions: std::ops::RangeInclusive<i64>, bytes: usize) -> Vec<Stored> {
        let input = |seq| Input {
            origin: OriginId(Uuid::nil()),
            tip: Tip { seq, hash: Hash::ZERO },
            content: Err(Unread::Broken(String::new())),
        };
        positions
            .map(|position| Stored { position, bytes, input: Box::new(input(position)) })
            .collect()
    }

    fn after(fresh: &Fresh, position: i64, events_max: usize) -> Vec<i64> {
        fresh.after(position, events_max).into_iter().map(|(position, _)| position).collect()
    }

    #[test]
    fn what_directly_follows_comes_once_and_a_gap_is_left_to_the_log() {
        let fresh = Fresh::default();
        fresh.put(stored(3..=5, 1));
        fresh.put(stored(8..=9, 1));
        assert_eq!(after(&fresh, 1, 9), [0; 0], "position 2 is in the log only");
        assert_eq!(after(&fresh, 2, 2), [3, 4]);
        assert_eq!(after(&fresh, 4, 9), [5]);
        assert_eq!(after(&fresh, 5, 9), [0; 0]);
        assert_eq!(after(&fresh, 8, 9), [9], "position 8 was projected from the log");
    }

    #[test]
    fn what_waits_is_bounded_and_there_is_room_again_when_it_was_taken() {
        let fresh = Fresh::default();
        fresh.put(stored(1..=2, BYTES_MAX / 2));
        fresh.put(stored(3..=3, 1));
        assert_eq!(after(&fresh, 0, 9), [1, 2]);
        fresh.put(stored(4..=4, BYTES_MAX));
        assert_eq!(after(&fresh, 3, 9), [4]);
        let many = i64::try_from(EVENTS_MAX).unwrap();
        fresh.put(stored(5..=many + 5, 0));
        assert_eq!(after(&fresh, 4, 9), [0; 0]);
    }
}
