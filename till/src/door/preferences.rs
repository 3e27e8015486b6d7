//! What people set at this till for themselves: light or dark, how large, how loud. A file beside the books; losing it loses no money.

use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::path::Path;

use super::fault::senseless;
use super::types::{Fault, FaultKind, Preference, Theme};

const FILE: &str = "preferences.json";
/// Sizes that the window can have, in per cent.
const SCALES: [u32; 6] = [100, 110, 120, 125, 140, 160];

/// The preferences of a till.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Preferences {
    pub theme: Theme,
    /// In per cent.
    pub scale: u32,
    /// In per cent.
    pub sound: u32,
    /// The border flashes instead.
    pub quiet: bool,
    pub item_sound: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Preferences { theme: Theme::Auto, scale: 100, sound: 70, quiet: false, item_sound: false }
    }
}

impl Preferences {
    /// What was set in a data directory; what a till starts with where nothing was, or where it makes no sense any more.
    pub fn read(data: &Path) -> Self {
        let text = std::fs::read_to_string(data.join(FILE)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Sets one.
    pub fn set(&mut self, name: &Preference, value: &str) -> Result<(), Fault> {
        let switch = || value.parse::<bool>().map_err(|_| senseless("the preference"));
        let number = || value.parse::<u32>().map_err(|_| senseless("the preference"));
        match name {
            Preference::Theme => {
                self.theme = serde_json::from_value(value.into()).map_err(|_| senseless("the preference"))?;
            }
            Preference::Scale => {
                self.scale = Some(number()?)
                    .filter(|n| SCALES.contains(n))
                    .ok_or_else(|| senseless("the preference"))?
            }
            Preference::Sound => self.sound = number()?.min(100),
            Preference::Quiet => self.quiet = switch()?,
            Preference::ItemSound => self.item_sound = switch()?,
        }
        Ok(())
    }

    /// Keeps them, whole or not at all.
    pub fn write(&self, data: &Path) -> Result<(), Fault> {
        let write = || {
            let fresh = data.join("preferences.json.new");
            let mut file = std::fs::File::create(&fresh)?;
            file.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&fresh, data.join(FILE))
        };
        write().map_err(|error| Fault::of(FaultKind::NotRecorded, "not-recorded", &error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_is_there_again_and_what_makes_no_sense_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let mut preferences = Preferences::read(home.path());
        assert_eq!(preferences, Preferences::default());
        preferences.set(&Preference::Theme, "dark").unwrap();
        preferences.set(&Preference::Scale, "125").unwrap();
        preferences.set(&Preference::Sound, "500").unwrap();
        preferences.set(&Preference::Quiet, "true").unwrap();
        assert!(preferences.set(&Preference::ItemSound, "perhaps").is_err());
        assert!(preferences.set(&Preference::Scale, "7").is_err());
        assert!(preferences.set(&Preference::Theme, "pink").is_err());
        preferences.write(home.path()).unwrap();
        let read = Preferences::read(home.path());
        assert_eq!((&read.theme, read.scale, read.sound, read.quiet), (&Theme::Dark, 125, 100, true));
        std::fs::write(home.path().join(FILE), "{").unwrap();
        assert_eq!(Preferences::read(home.path()), Preferences::default());
    }
}
