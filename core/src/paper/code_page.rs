//! The code pages that receipt printers have, one byte for each character, and the numbers printers know them by.
//!
//! This is the only place where a character becomes a byte for a printer. No character becomes a control byte here, so no text can be
//! read as a command, whatever stands in it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use yore::code_pages as tables;

/// A code page of a printer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum CodePage {
    /// The United States and older printers everywhere.
    Pc437,
    /// Greek.
    Pc737,
    /// Western Europe.
    Pc850,
    /// Central Europe.
    Pc852,
    /// Turkish.
    Pc857,
    /// Western Europe with the euro sign.
    #[default]
    Pc858,
    /// Portuguese.
    Pc860,
    /// Nordic.
    Pc865,
    /// Cyrillic.
    Pc866,
    /// Western Europe as Windows has it.
    Wpc1252,
}

/// Every code page with its name and the number it has in `ESC t`.
const PAGES: &[(CodePage, &str, u8)] = &[
    (CodePage::Pc437, "PC437", 0),
    (CodePage::Pc737, "PC737", 14),
    (CodePage::Pc850, "PC850", 2),
    (CodePage::Pc852, "PC852", 18),
    (CodePage::Pc857, "PC857", 13),
    (CodePage::Pc858, "PC858", 19),
    (CodePage::Pc860, "PC860", 3),
    (CodePage::Pc865, "PC865", 5),
    (CodePage::Pc866, "PC866", 17),
    (CodePage::Wpc1252, "WPC1252", 16),
];

/// Nobody calls a code page that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no printer has a code page called '{0}'")]
pub struct UnknownCodePage(pub String);

impl CodePage {
    /// Every code page, by its name.
    pub fn all() -> impl Iterator<Item = CodePage> {
        PAGES.iter().map(|(page, ..)| *page)
    }

    /// Its name, such as `PC858`.
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// Its number in the command `ESC t`.
    pub fn number(self) -> u8 {
        self.entry().2
    }

    /// The byte of a character; none where the page has none. Never a control byte.
    pub fn byte(self, character: char) -> Option<u8> {
        let table: &dyn yore::CodePage = match self {
            CodePage::Pc437 => &tables::CP437,
            CodePage::Pc737 => &tables::CP737,
            CodePage::Pc850 => &tables::CP850,
            CodePage::Pc852 => &tables::CP852,
            CodePage::Pc857 => &tables::CP857,
            // 850 with the euro sign in the place of the dotless i.
            CodePage::Pc858 => match character {
                '€' => return Some(0xd5),
                'ı' => return None,
                _ => &tables::CP850,
            },
            CodePage::Pc860 => &tables::CP860,
            CodePage::Pc865 => &tables::CP865,
            CodePage::Pc866 => &tables::CP866,
            CodePage::Wpc1252 => &tables::CP1252,
        };
        if character.is_control() {
            return None;
        }
        match table.encode(character.encode_utf8(&mut [0; 4])).as_deref() {
            Ok([byte]) if *byte >= 0x20 && *byte != 0x7f => Some(*byte),
            _ => None,
        }
    }

    fn entry(self) -> &'static (CodePage, &'static str, u8) {
        PAGES.iter().find(|(page, ..)| *page == self).unwrap_or(&PAGES[0])
    }
}

impl fmt::Display for CodePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for CodePage {
    type Err = UnknownCodePage;
    fn from_str(text: &str) -> Result<Self, UnknownCodePage> {
        let found = PAGES.iter().find(|(_, name, _)| *name == text);
        found.map(|(page, ..)| *page).ok_or_else(|| UnknownCodePage(text.to_owned()))
    }
}

impl From<CodePage> for String {
    fn from(page: CodePage) -> String {
        page.name().to_owned()
    }
}

impl TryFrom<String> for CodePage {
    type Error = UnknownCodePage;
    fn try_from(text: String) -> Result<Self, UnknownCodePage> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_named_once_and_read_back() {
        for page in CodePage::all() {
            assert_eq!(page.name().parse(), Ok(page));
            assert_eq!(page.to_string(), page.name());
        }
        let mut numbers: Vec<u8> = CodePage::all().map(CodePage::number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), CodePage::all().count());
        assert!("PC999".parse::<CodePage>().is_err());
    }

    #[test]
    fn no_character_becomes_a_control_byte_on_any_page() {
        for page in CodePage::all() {
            for character in '\0'..=char::MAX {
                if let Some(byte) = page.byte(character) {
                    assert!(byte >= 0x20 && byte != 0x7f, "{page} {character:?}");
                }
            }
            assert!((' '..='~').all(|c| page.byte(c) == u8::try_from(c).ok()), "{page} holds ASCII");
        }
    }

    #[test]
    fn the_letters_people_have_in_their_names_stand_where_printers_have_them() {
        let cases = [
            (CodePage::Pc437, 'ü', 0x81),
            (CodePage::Pc737, 'Ω', 0x97),
            (CodePage::Pc850, 'é', 0x82),
            (CodePage::Pc852, 'ł', 0x88),
            (CodePage::Pc857, 'ş', 0x9f),
            (CodePage::Pc858, '€', 0xd5),
            (CodePage::Pc860, 'ã', 0x84),
            (CodePage::Pc865, 'ø', 0x9b),
            (CodePage::Pc866, 'Я', 0x9f),
            (CodePage::Wpc1252, '€', 0x80),
        ];
        for (page, character, byte) in cases {
            assert_eq!(page.byte(character), Some(byte), "{page} {character}");
        }
        assert_eq!(CodePage::Pc850.byte('€'), None);
    }
}
