//! Measuring honestly on a machine that others use too: sides take turns within a round, each round gives one ratio, and the median of
//! the rounds counts.
//!
//! What the machine does meanwhile hits both sides of a round alike, so a ratio holds where a time would not.

use std::time::{Duration, Instant};

/// What both sides needed, round by round, in the same unit.
#[derive(Clone, Debug, Default)]
pub struct Rounds {
    /// Ours.
    pub ours: Vec<f64>,
    /// The peer's, or the limit's.
    pub beside: Vec<f64>,
}

impl Rounds {
    /// Measures so many rounds after one that does not count. The side that goes first changes with every round.
    pub fn take(
        count: usize,
        mut ours: impl FnMut() -> anyhow::Result<f64>,
        mut beside: impl FnMut() -> anyhow::Result<f64>,
    ) -> anyhow::Result<Rounds> {
        let mut rounds = Rounds::default();
        for round in 0..=count {
            let (mine, other) = if round % 2 == 0 {
                let mine = ours()?;
                (mine, beside()?)
            } else {
                let other = beside()?;
                (ours()?, other)
            };
            if round > 0 {
                rounds.ours.push(mine);
                rounds.beside.push(other);
            }
        }
        Ok(rounds)
    }

    /// The median of the rounds' ratios, ours to the other.
    pub fn ratio(&self) -> f64 {
        median(&self.ratios())
    }

    /// The smallest and the largest ratio of a round.
    pub fn spread(&self) -> (f64, f64) {
        let ratios = self.ratios();
        (ratios.iter().copied().fold(f64::INFINITY, f64::min), ratios.iter().copied().fold(0.0, f64::max))
    }

    fn ratios(&self) -> Vec<f64> {
        self.ours.iter().zip(&self.beside).map(|(ours, beside)| ours / beside).collect()
    }
}

/// The value in the middle; of an even number the upper one.
pub fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}

/// The value that so many in a hundred stay below.
pub fn percentile(values: &[f64], hundredths: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = sorted.len() * hundredths / 100;
    sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

/// How long something took, in microseconds.
pub fn micros<T>(act: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(f64, T)> {
    let began = Instant::now();
    let done = act()?;
    Ok((in_micros(began.elapsed()), done))
}

/// A time in microseconds.
pub fn in_micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// A number of things, for a rate.
#[allow(clippy::cast_precision_loss, reason = "nothing here is counted beyond 2^52")]
pub fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_the_rounds_counts_and_not_a_disturbed_one() {
        let rounds = Rounds { ours: vec![2.0, 200.0, 3.0], beside: vec![1.0, 1.0, 2.0] };
        assert!((rounds.ratio() - 2.0).abs() < 1e-9);
        assert!((rounds.spread().0 - 1.5).abs() < 1e-9 && (rounds.spread().1 - 200.0).abs() < 1e-9);
    }

    #[test]
    fn the_first_round_warms_up_and_sides_take_turns_in_going_first() {
        let turns = std::cell::RefCell::new(String::new());
        let side = |name: char| {
            turns.borrow_mut().push(name);
            Ok(1.0)
        };
        let rounds = Rounds::take(2, || side('o'), || side('b')).unwrap();
        assert_eq!((rounds.ours.len(), turns.into_inner().as_str()), (2, "obboob"));
    }

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let values: Vec<f64> = (1..=100).map(count).collect();
        for (hundredths, value) in [(0, 1.0), (50, 51.0), (95, 96.0), (100, 100.0)] {
            assert!((percentile(&values, hundredths) - value).abs() < 1e-9, "{hundredths}");
        }
    }
}
