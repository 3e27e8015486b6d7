//! Where the till's books lie, and what the machine says of its language.

use std::path::{Path, PathBuf};

/// The folders of a till: its books, and its journal beside them.
pub struct Home {
    /// The folder of the books.
    pub data: PathBuf,
    /// The folder of the journal.
    pub journal: PathBuf,
}

impl Home {
    /// The folders below a home.
    pub fn at(home: &Path) -> Self {
        Home { data: home.join("till"), journal: home.join("journal") }
    }
}

/// The language of numbers and dates, BCP 47, from the words that POSIX systems have for it.
pub fn locale() -> String {
    let said = ["LC_ALL", "LC_MONETARY", "LANG"].into_iter().find_map(|name| {
        let value = std::env::var(name).ok()?;
        let plain = value.split(['.', '@']).next().unwrap_or_default().replace('_', "-");
        let known = plain.len() >= 2 && plain.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        (known && plain != "C" && plain != "POSIX").then_some(plain)
    });
    said.unwrap_or_else(|| "en-IE".to_owned())
}
