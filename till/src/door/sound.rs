//! What the counter hears: the window says which sound, the till's own settings say how loud, and a shell's loudspeaker makes it.
//!
//! Sound is a courtesy. Where nothing is to be heard, because the till is quiet or no device answers, the window is told and says it with
//! its border.

use super::Door;
use super::types::{Heard, Sound};

/// What makes sounds. A window's process has a loudspeaker; everything else has [`Silence`].
pub trait Speaker: Send + Sync {
    /// Begins a sound at a volume in per cent, and says whether a device took it. Waits for no sound to end.
    fn play(&self, sound: Sound, volume_percent: u32) -> bool;

    /// Whether a device answered when one was last asked for.
    fn answers(&self) -> bool;
}

/// No loudspeaker at all.
pub struct Silence;

impl Speaker for Silence {
    fn play(&self, _: Sound, _: u32) -> bool {
        false
    }

    fn answers(&self) -> bool {
        false
    }
}

impl Door {
    pub(super) fn play(&self, sound: Sound) -> Heard {
        let preferences = self.held().preferences.clone();
        let wanted = preferences.sound > 0 && !preferences.quiet;
        Heard { heard: wanted && self.speaker.play(sound, preferences.sound) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;
    use crate::door::About;
    use crate::door::types::{Preference, Request};
    use crate::{Options, SystemClock, SystemRandomness, Till};

    /// Remembers what it was asked to play.
    struct Ear {
        played: Mutex<Vec<(Sound, u32)>>,
        answers: bool,
    }

    impl Speaker for Ear {
        fn play(&self, sound: Sound, volume_percent: u32) -> bool {
            self.played.lock().unwrap().push((sound, volume_percent));
            self.answers
        }

        fn answers(&self) -> bool {
            self.answers
        }
    }

    fn door(home: &tempfile::TempDir, speaker: Option<Arc<Ear>>) -> Door {
        let till = Till::open(Options {
            data: home.path().join("till"),
            journal: home.path().join("journal"),
            durable: false,
            clock: Arc::new(SystemClock::default()),
            randomness: Arc::new(SystemRandomness),
            keystore: Arc::new(crate::keystore::NoKeystore),
        });
        let about = About { version: "1".to_owned(), locale: "en".to_owned(), demo: false };
        let door = Door::new(till.unwrap(), about);
        match speaker {
            Some(speaker) => door.heard_through(speaker),
            None => door,
        }
    }

    #[test]
    fn a_sound_is_played_at_the_tills_volume_unless_it_is_quiet_or_nothing_answers() {
        // preferences, whether a device answers, what is played, whether it is heard
        type Case<'a> = (&'a [(Preference, &'a str)], bool, Option<u32>, bool);
        let cases: &[Case<'_>] = &[
            (&[], true, Some(70), true),
            (&[(Preference::Sound, "25")], true, Some(25), true),
            (&[(Preference::Sound, "0")], true, None, false),
            (&[(Preference::Quiet, "true")], true, None, false),
            (&[(Preference::Quiet, "true"), (Preference::Quiet, "false")], true, Some(70), true),
            (&[], false, Some(70), false),
        ];
        for (preferences, answers, played, heard) in cases {
            let home = tempfile::tempdir().unwrap();
            let ear = Arc::new(Ear { played: Mutex::default(), answers: *answers });
            let door = door(&home, Some(Arc::clone(&ear)));
            for (name, value) in *preferences {
                door.set_preference(name, value).unwrap();
            }
            let answer = door.answer(Request::Play { sound: Sound::Refused }).unwrap();
            assert_eq!(answer, json!({ "heard": heard }), "{preferences:?}");
            let expected: Vec<_> = played.iter().map(|volume| (Sound::Refused, *volume)).collect();
            assert_eq!(*ear.played.lock().unwrap(), expected, "{preferences:?}");
            assert_eq!(door.settings().loudspeaker, *answers);
        }
    }

    #[test]
    fn a_door_without_a_loudspeaker_says_so() {
        let home = tempfile::tempdir().unwrap();
        let door = door(&home, None);
        assert!(!door.play(Sound::Paid).heard);
        assert!(!door.settings().loudspeaker);
    }
}
