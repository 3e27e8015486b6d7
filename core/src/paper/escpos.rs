//! Paper as the bytes that receipt printers understand: ESC/POS, as Epson described it and nearly everybody reads it.
//!
//! Commands come from here, and text goes through [`CodePage::byte`](super::CodePage::byte), which knows no control byte. So what a
//! printer is told to do depends on the layout alone, never on what a product is called.

use super::{Line, Paper, Piece, Style};

const ESC: u8 = 0x1b;
const GS: u8 = 0x1d;
/// Lines fed where a paper ends and nothing cuts it, so that its last line can be torn off.
const FEED_LINES: usize = 6;

/// What a printer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Equipment {
    /// It cuts.
    pub cuts: bool,
    /// A drawer is connected to it.
    pub drawer: bool,
}

/// The bytes of a paper, from the printer's reset on.
pub fn encode(paper: &Paper, equipment: Equipment) -> Vec<u8> {
    let page = paper.form().page;
    let mut bytes = vec![ESC, b'@', ESC, b't', page.number()];
    let mut style = Style::PLAIN;
    for piece in paper.pieces() {
        match piece {
            Piece::Line(line) => {
                change(&mut bytes, &mut style, line.style());
                bytes.extend(text(line, paper));
                bytes.push(b'\n');
            }
            Piece::Cut => {
                change(&mut bytes, &mut style, Style::PLAIN);
                if equipment.cuts {
                    // Feed to the cutter, cut and leave a corner.
                    bytes.extend([GS, b'V', 66, 0]);
                } else {
                    bytes.extend([b'\n'; FEED_LINES]);
                }
            }
            // 50 ms on, 500 ms off, at the pin where drawers are.
            Piece::Kick if equipment.drawer => bytes.extend([ESC, b'p', 0, 25, 250]),
            Piece::Kick => {}
        }
    }
    bytes
}

fn text<'a>(line: &'a Line, paper: &Paper) -> impl Iterator<Item = u8> + 'a {
    let page = paper.form().page;
    line.text().chars().map(move |character| page.byte(character).unwrap_or(b'?'))
}

/// Says what differs between two styles.
fn change(bytes: &mut Vec<u8>, from: &mut Style, to: Style) {
    if from.bold != to.bold {
        bytes.extend([ESC, b'E', u8::from(to.bold)]);
    }
    if from.tall != to.tall {
        bytes.extend([GS, b'!', u8::from(to.tall)]);
    }
    if from.centred != to.centred {
        bytes.extend([ESC, b'a', u8::from(to.centred)]);
    }
    *from = to;
}
