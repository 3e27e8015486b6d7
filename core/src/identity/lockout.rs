//! Lockout: what wrong PINs lead to. Fifteen guesses in all, with a pause after five and after ten.
//!
//! The count is kept, the pause is not: it is measured on a clock that never goes back, and begins anew where that clock does. So
//! neither turning the clock nor starting the till again shortens it. Success forgets the count; at the end only a new PIN helps.

use crate::limits::{
    PIN_PAUSE_SECONDS_FIRST, PIN_PAUSE_SECONDS_SECOND, PIN_WRONG_FIRST, PIN_WRONG_MAX, PIN_WRONG_SECOND,
};

/// Whether a person may try their PIN now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lockout {
    /// Yes.
    Open {
        /// Wrong PINs until the next pause, or the end.
        tries_left: u32,
    },
    /// After a pause.
    Pause {
        /// Seconds of it that are left, at least one.
        seconds: u64,
    },
    /// Not until they have a new PIN.
    Locked,
}

/// How it stands after so many wrong PINs in a row, so many milliseconds after the last of them, or after the till was started.
pub fn after(wrong: u32, millis: u64) -> Lockout {
    let pause = match wrong {
        PIN_WRONG_MAX.. => return Lockout::Locked,
        PIN_WRONG_FIRST => PIN_PAUSE_SECONDS_FIRST,
        PIN_WRONG_SECOND => PIN_PAUSE_SECONDS_SECOND,
        _ => 0,
    };
    let left = (pause * 1_000).saturating_sub(millis);
    if left > 0 {
        return Lockout::Pause { seconds: left.div_ceil(1_000) };
    }
    let bounds = [PIN_WRONG_FIRST, PIN_WRONG_SECOND, PIN_WRONG_MAX];
    let next = bounds.into_iter().find(|bound| *bound > wrong).unwrap_or(PIN_WRONG_MAX);
    Lockout::Open { tries_left: next - wrong }
}

/// Whether a wrong PIN after which so many stand in a row goes on the record: the first of a pause, and the last. At most three events
/// for each PIN that somebody ever had.
pub fn is_recorded(wrong: u32) -> bool {
    [PIN_WRONG_FIRST, PIN_WRONG_SECOND, PIN_WRONG_MAX].contains(&wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_wrong_pins_lead_to_a_short_pause_ten_to_a_long_one_fifteen_to_the_end() {
        assert_eq!(after(0, 0), Lockout::Open { tries_left: 5 });
        assert_eq!(after(4, 0), Lockout::Open { tries_left: 1 });
        assert_eq!(after(5, 0), Lockout::Pause { seconds: 30 });
        assert_eq!(after(5, 29_001), Lockout::Pause { seconds: 1 });
        assert_eq!(after(5, 30_000), Lockout::Open { tries_left: 5 });
        assert_eq!(after(9, 0), Lockout::Open { tries_left: 1 });
        assert_eq!(after(10, 30_000), Lockout::Pause { seconds: 270 });
        assert_eq!(after(10, 300_000), Lockout::Open { tries_left: 5 });
        assert_eq!(after(15, u64::MAX), Lockout::Locked);
        assert_eq!(after(u32::MAX, u64::MAX), Lockout::Locked);
    }

    #[test]
    fn nobody_has_more_than_fifteen_guesses_however_patient() {
        let mut wrong = 0;
        while matches!(after(wrong, u64::MAX), Lockout::Open { .. }) {
            wrong += 1;
        }
        assert_eq!(wrong, 15);
    }

    #[test]
    fn what_goes_on_the_record_is_bounded() {
        assert_eq!((0..1_000).filter(|wrong| is_recorded(*wrong)).count(), 3);
    }
}
