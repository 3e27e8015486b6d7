//! Time as the core sees it: microseconds handed in by the shell, the business day, and the order key `at`.
//!
//! Daybook orders events by their chain and, between chains, by `at`; it never trusts a clock. `at` follows the corrected wall
//! clock and never goes back within one origin, so a clock set to another year is visible but harms no order.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;

use crate::limits::CLOCK_SKEW_MAX;

/// A day, in microseconds.
const DAY_MICROS: i64 = 86_400 * 1_000_000;

/// What the shell tells the core about the present moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The machine's wall clock in microseconds since 1970, UTC.
    pub wall: i64,
    /// What to add to the wall clock to get head office's time, in microseconds; 0 while unknown.
    pub offset: i64,
}

impl Now {
    /// The present moment by a wall clock and the correction that head office's time once gave it, where it is known that at least the
    /// time `passed` has passed. Somebody may have set the clock since, and a right clock that is still corrected would be wrong. So the
    /// correction goes where the clock by itself agrees better with what has passed than it would, and where it is of more than a day and
    /// the clock agrees without it: a machine is not switched off for just as long as its clock was wrong.
    pub fn by(wall: i64, offset: i64, passed: i64) -> Now {
        let (alone, with_it) =
            (wall.saturating_sub(passed), wall.saturating_add(offset).saturating_sub(passed));
        let is_refuted = with_it < -CLOCK_SKEW_MAX && alone.saturating_abs() < with_it.saturating_abs();
        let is_needless = offset > DAY_MICROS && alone >= -CLOCK_SKEW_MAX;
        Now { wall, offset: if is_refuted || is_needless { 0 } else { offset } }
    }

    /// The corrected time in microseconds since 1970, never negative.
    pub fn corrected(self) -> i64 {
        self.wall.saturating_add(self.offset).max(0)
    }

    /// The order key of the next event of an origin whose last one had `last`: the corrected time, or the smallest value
    /// that still follows `last`.
    pub fn order_key_after(self, last: i64) -> i64 {
        self.corrected().max(last.saturating_add(1))
    }
}

/// A business day: the local calendar date on which the shift began, counted from the store's cut-over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Day(#[cfg_attr(feature = "schema", schemars(with = "String"))] Date);

impl Day {
    /// Reads `2017-01-31`.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A store's place in time: its IANA zone and the minute of the day at which its business day begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    zone: TimeZone,
    cut_over_minutes: i32,
}

impl Zone {
    /// The zone named `name` (such as `Europe/Berlin`) with a business day that begins `cut_over_minutes` after midnight.
    /// `None` where no such zone is known. The zones are those compiled in: the disk is not read.
    pub fn new(name: &str, cut_over_minutes: i32) -> Option<Self> {
        let zone = if name == "UTC" { TimeZone::UTC } else { TimeZone::get(name).ok()? };
        (0..24 * 60).contains(&cut_over_minutes).then_some(Zone { zone, cut_over_minutes })
    }

    /// Its name, such as `Europe/Berlin`.
    pub fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The business day of a shift that opens at `wall` (trade rule 15).
    pub fn business_day(&self, wall: i64) -> Day {
        let start = timestamp(wall.saturating_sub(i64::from(self.cut_over_minutes) * 60_000_000));
        Day(start.to_zoned(self.zone.clone()).date())
    }

    /// Local time such as `2017-01-01T11:53:26` and the offset from UTC in minutes, as documents store them.
    pub fn local(&self, wall: i64) -> (String, i32) {
        let zoned = timestamp(wall).to_zoned(self.zone.clone());
        (zoned.strftime("%Y-%m-%dT%H:%M:%S").to_string(), zoned.offset().seconds() / 60)
    }
}

fn timestamp(wall: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(wall).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn a_shift_opened_before_the_cut_over_belongs_to_the_day_before() {
        let berlin = Zone::new("Europe/Berlin", 240).unwrap();
        let cases = [
            ("2026-03-10T02:59:00Z", "2026-03-09"),
            ("2026-03-10T03:00:00Z", "2026-03-10"),
            ("2026-07-10T01:59:59Z", "2026-07-09"),
            ("2026-07-10T02:00:00Z", "2026-07-10"),
        ];
        for (moment, day) in cases {
            assert_eq!(berlin.business_day(at(moment)), Day::parse(day).unwrap(), "{moment}");
        }
        assert_eq!(berlin.local(at("2026-07-10T10:00:00Z")), ("2026-07-10T12:00:00".to_owned(), 120));
        assert!(Zone::new("Europe/Atlantis", 0).is_none());
    }

    #[test]
    fn a_correction_ends_when_the_clock_was_set_right_and_not_before() {
        const HOUR: i64 = 3_600 * 1_000_000;
        const YEAR: i64 = 365 * DAY_MICROS;
        let passed = 100 * YEAR;
        let cases = [
            ("a dead clock that nobody set", -11 * YEAR + HOUR, 11 * YEAR, 11 * YEAR),
            ("a dead clock that was set right", HOUR, 11 * YEAR, 0),
            ("one that was set right in the night after", 9 * HOUR, 11 * YEAR, 0),
            ("a clock that is years ahead", 11 * YEAR + HOUR, -11 * YEAR, -11 * YEAR),
            ("the same after a winter", 12 * YEAR, -11 * YEAR, -11 * YEAR),
            ("the same, set right", HOUR, -11 * YEAR, 0),
            ("of another zone, and set right", 0, -10 * HOUR, 0),
            ("an hour behind, after a night", 9 * HOUR, HOUR, HOUR),
            ("a clock that runs a little late", -60_000_000, 0, 0),
            ("minutes ahead, and late by now", 7 * 60_000_000, -10 * 60_000_000, -10 * 60_000_000),
            ("a right one that died", -11 * YEAR, 0, 0),
        ];
        for (what, since, offset, left) in cases {
            let now = Now::by(passed + since, offset, passed);
            assert_eq!(now, Now { wall: passed + since, offset: left }, "{what}");
        }
        let extreme = Now::by(i64::MIN, i64::MIN, i64::MAX);
        assert_eq!(extreme.corrected(), 0, "no clock is too wrong to be read");
    }

    #[test]
    fn the_order_key_never_goes_back_when_the_clock_does() {
        let now = Now { wall: 1_000, offset: -400 };
        assert_eq!(now.order_key_after(0), 600);
        assert_eq!(now.order_key_after(900), 901);
    }
}
