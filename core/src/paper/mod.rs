//! Paper: what a receipt or a report says, line by line, before it becomes bytes of a printer or text on a screen.
//!
//! A [`Paper`] is laid out for so many columns and one code page, because only what the printer can print has a known width. Every text
//! comes in through one door, [`text::legible`]: whatever a name holds, it ends up as printable characters and nothing else. What the
//! papers are is [`receipt`] and [`report`]; [`escpos`] makes bytes of them, [`status`] understands what a printer says of itself, and
//! [`queue`] decides what is printed when.

pub mod code_page;
pub mod escpos;
pub mod queue;
pub mod receipt;
pub mod report;
pub mod status;
mod taxes;
pub mod text;
pub mod words;

pub use code_page::CodePage;
pub use words::{Labels, Words};

use text::{legible, longest_word, wrap};

/// What a paper is laid out for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Characters in a line; at least [`PAPER_COLUMNS_MIN`](crate::limits::PAPER_COLUMNS_MIN), or amounts may be cut.
    pub columns: usize,
    /// What the printer can print.
    pub page: CodePage,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Printed heavier.
    pub bold: bool,
    /// Twice as high; as wide as any other.
    pub tall: bool,
    /// In the middle of the paper.
    pub centred: bool,
}

impl Style {
    /// As text stands.
    pub const PLAIN: Style = Style { bold: false, tall: false, centred: false };
    /// Heavier.
    pub const BOLD: Style = Style { bold: true, ..Style::PLAIN };
    /// In the middle.
    pub const CENTRED: Style = Style { centred: true, ..Style::PLAIN };
    /// The sum that matters.
    pub const LOUD: Style = Style { bold: true, tall: true, ..Style::PLAIN };
    /// Whose paper it is, and what nobody may overlook.
    pub const TITLE: Style = Style { centred: true, ..Style::LOUD };
}

/// A line of a paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    text: String,
    style: Style,
}

impl Line {
    /// Its text: legible, and no longer than the paper is wide.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How it looks.
    pub fn style(&self) -> Style {
        self.style
    }
}

/// A piece of a paper. Pulses and cuts are commands of their own; no text can become one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A line.
    Line(Line),
    /// The paper is cut.
    Cut,
    /// The drawer is opened.
    Kick,
}

/// A paper, laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    form: Form,
    pieces: Vec<Piece>,
}

impl Paper {
    /// An empty paper.
    pub fn new(form: Form) -> Self {
        Paper { form, pieces: Vec::new() }
    }

    /// What it is laid out for.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Its pieces, from top to bottom.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Its lines, from top to bottom.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Line(line) => Some(line),
            Piece::Cut | Piece::Kick => None,
        })
    }

    /// Whether anything of a text can be seen on it.
    pub fn shows(&self, text: &str) -> bool {
        !legible(text, self.form.page).trim().is_empty()
    }

    /// A label before what it is about; nothing where there is nothing to see.
    pub fn named(&self, label: &str, what: &str) -> String {
        if self.shows(what) { format!("{label} {what}") } else { String::new() }
    }

    /// A text, on as many lines as it needs; none where there is nothing legible in it.
    pub fn text(&mut self, style: Style, text: &str) {
        for line in wrap(&legible(text, self.form.page), self.form.columns) {
            self.push(line, style);
        }
    }

    /// A text at the left, indented by so many spaces, and one at the right of its last line. The left one wraps; the right one, most
    /// often an amount, stands whole, on a line of its own where both cannot stand side by side.
    pub fn row(&mut self, style: Style, indent: usize, left: &str, right: &str) {
        let (left, right) = (legible(left, self.form.page), legible(right, self.form.page));
        let columns = self.form.columns;
        let room = columns - indent;
        let beside = room.saturating_sub(right.chars().count() + 1);
        let fits_beside = longest_word(&left) <= beside;
        let lines = wrap(&left, if fits_beside { beside } else { room });
        let margin = " ".repeat(indent);
        let last = if fits_beside { lines.len().saturating_sub(1) } else { lines.len() };
        for line in &lines[..last] {
            self.push(format!("{margin}{line}"), style);
        }
        let rest = lines.get(last).map_or_else(String::new, |line| format!("{margin}{line}"));
        let most = columns - rest.chars().count();
        // Only what nobody calls an amount can be wider than the paper.
        let mut ends = if right.chars().count() <= columns {
            whole(&right)
        } else {
            wrap(&right, columns)
        };
        if let Some(first) = ends.first_mut() {
            *first = format!("{rest}{first:>most$}");
            ends.into_iter().for_each(|line| self.push(line, style));
        } else if !rest.is_empty() {
            self.push(rest, style);
        }
    }

    /// A line across the paper.
    pub fn rule(&mut self) {
        self.push("-".repeat(self.form.columns), Style::PLAIN);
    }

    /// An empty line.
    pub fn blank(&mut self) {
        self.push(String::new(), Style::PLAIN);
    }

    /// Cuts the paper.
    pub fn cut(&mut self) {
        self.pieces.push(Piece::Cut);
    }

    /// Opens the drawer.
    pub fn kick(&mut self) {
        self.pieces.push(Piece::Kick);
    }

    fn push(&mut self, text: String, style: Style) {
        self.pieces.push(Piece::Line(Line { text, style }));
    }
}

/// A text as one line, its spaces kept; no line for a text of nothing.
fn whole(text: &str) -> Vec<String> {
    if text.trim().is_empty() { Vec::new() } else { vec![text.to_owned()] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(columns: usize, left: &str, right: &str) -> Vec<String> {
        let mut paper = Paper::new(Form { columns, page: CodePage::Pc858 });
        paper.row(Style::PLAIN, 0, left, right);
        paper.lines().map(|line| line.text().to_owned()).collect()
    }

    #[test]
    fn long_names_wrap_and_amounts_stand_whole_at_the_right() {
        let tea = "First flush Darjeeling from the garden of Margaret's Hope";
        assert_eq!(
            rows(32, tea, "1,234.50"),
            ["First flush Darjeeling", "from the garden of", "Margaret's Hope         1,234.50"]
        );
        assert_eq!(rows(32, "Tea", "5.01"), ["Tea                         5.01"]);
        assert_eq!(
            rows(32, "Donaudampfschifffahrtskapitaen", "90071992547409.91"),
            ["Donaudampfschifffahrtskapitaen", "               90071992547409.91"]
        );
        assert_eq!(rows(32, "", ""), [""; 0]);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_its_paper_and_no_amount_is_broken(
            columns in prop::sample::select(vec![32_usize, 42, 48]),
            left in any::<String>(),
            amount in any::<i64>(),
            indent in 0_usize..4,
        ) {
            let mut paper = Paper::new(Form { columns, page: CodePage::Pc437 });
            let right = amount.to_string();
            paper.row(Style::PLAIN, indent, &left, &right);
            paper.text(Style::TITLE, &left);
            let lines: Vec<&str> = paper.lines().map(Line::text).collect();
            prop_assert!(lines.iter().all(|line| line.chars().count() <= columns));
            prop_assert!(lines.iter().any(|line| line.ends_with(&right) && line.chars().count() == columns));
        }
    }
}
