//! Text on its way to paper: made legible at one place, and wrapped at its words.
//!
//! Names come from suppliers, customers and other tills. Control bytes, marks without a width and marks that turn the direction of
//! writing are dropped; what a code page lacks is written in Latin letters, or as a question mark.

use super::CodePage;

/// A text with nothing in it but characters of a code page, each one column wide. What is white space becomes a space.
pub fn legible(text: &str, page: CodePage) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_whitespace() {
            out.push(' ');
        } else if character.is_control() || is_unseen(character) {
        } else if page.byte(character).is_some() {
            out.push(character);
        } else {
            let latin = deunicode::deunicode_char(character).unwrap_or("?");
            out.extend(latin.chars().filter(|letter| matches!(letter, ' '..='~')));
        }
    }
    out
}

/// Lines of at most so many characters, broken at spaces; a word longer than a line is broken anywhere. No line for a text of nothing.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut room = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let length = word.chars().count();
        match lines.last_mut() {
            Some(line) if length < room => {
                line.push(' ');
                line.push_str(word);
                room -= length + 1;
            }
            _ => {
                let characters: Vec<char> = word.chars().collect();
                for part in characters.chunks(columns.max(1)) {
                    lines.push(part.iter().collect());
                    room = columns.saturating_sub(part.len());
                }
            }
        }
    }
    lines
}

/// Characters of the longest word of a text.
pub fn longest_word(text: &str) -> usize {
    text.split(' ').map(|word| word.chars().count()).max().unwrap_or(0)
}

/// Whether a character has no width of its own, or only says how others are to be written.
fn is_unseen(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_stay_legible_whatever_stands_in_them() {
        let cases = [
            ("Käse\tund\nBrot", "Käse und Brot"),
            ("\u{1b}p\u{0}\u{19}\u{fa}Tea\u{1d}V\u{0}", "púTeaV"),
            ("\u{10}\u{14}\u{1}\u{0}\u{1}Tea", "Tea"),
            ("\u{202e}paste\u{2066}\u{200b}", "paste"),
            ("Ki\u{301}ra \u{feff}", "Kira "),
            ("Żubrówka 北京", "Zubrówka Bei Jing "),
            ("\u{9b}31mred\u{85}", "31mred "),
            ("\u{e0041}\u{f8ff}", "?"),
        ];
        for (text, expected) in cases {
            assert_eq!(legible(text, CodePage::Pc850), expected, "{text:?}");
        }
        assert_eq!(legible("5 €", CodePage::Pc850), "5 EUR");
        assert_eq!(legible("5 €", CodePage::Pc858), "5 €");
    }

    proptest! {
        #[test]
        fn what_is_legible_can_be_printed_and_stays_as_it_is(text in any::<String>()) {
            for page in CodePage::all() {
                let once = legible(&text, page);
                prop_assert!(once.chars().all(|c| page.byte(c).is_some()));
                prop_assert_eq!(legible(&once, page), once.clone());
            }
        }

        #[test]
        fn wrapping_keeps_every_letter_in_its_order(text in any::<String>(), columns in 1_usize..50) {
            let text = legible(&text, CodePage::Pc437);
            let lines = wrap(&text, columns);
            prop_assert!(lines.iter().all(|line| (1..=columns).contains(&line.chars().count())));
            prop_assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }
}
