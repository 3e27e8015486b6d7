//! Reads printers' bytes back: a small, strict parser of just those commands that Daybook sends.
//!
//! It shares nothing with what writes them. Any byte that is neither text nor one of these commands is an error, so a name that
//! smuggled a command in is found, whatever the command.

use std::collections::BTreeMap;

use daybook_core::paper::CodePage;

/// What a printer is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// `ESC @`.
    Reset,
    /// `ESC t n`.
    Page(u8),
    /// `ESC E n`.
    Bold(bool),
    /// `GS ! n`.
    Tall(bool),
    /// `ESC a n`.
    Centred(bool),
    /// `ESC p m t1 t2`.
    Kick,
    /// `GS V B n`.
    Cut,
    /// Line feed.
    Feed,
    /// Bytes to print.
    Text(Vec<u8>),
}

/// The orders that some bytes begin with, and how many bytes at their end are no whole order (yet).
pub fn parse_prefix(bytes: &[u8]) -> Result<(Vec<Order>, usize), String> {
    let mut orders: Vec<Order> = Vec::new();
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        let (order, length) = match rest {
            [0x1b, b'@', ..] => (Order::Reset, 2),
            [0x1b, b't', page, ..] => (Order::Page(*page), 3),
            [0x1b, b'E', on @ 0..=1, ..] => (Order::Bold(*on == 1), 3),
            [0x1d, b'!', on @ 0..=1, ..] => (Order::Tall(*on == 1), 3),
            [0x1b, b'a', on @ 0..=1, ..] => (Order::Centred(*on == 1), 3),
            [0x1b, b'p', 0, 25, 250, ..] => (Order::Kick, 5),
            [0x1d, b'V', 66, 0, ..] => (Order::Cut, 4),
            [b'\n', ..] => (Order::Feed, 1),
            [0x1b | 0x1d] | [0x1b, b't' | b'E' | b'a'] | [0x1d, b'!' | b'V'] => break,
            [0x1b, b'p', ..] if rest.len() < 5 => break,
            [0x1d, b'V', ..] if rest.len() < 4 => break,
            [0x20..=0x7e | 0x80..=0xff, ..] => {
                let length = rest.iter().take_while(|byte| matches!(byte, 0x20..=0x7e | 0x80..=0xff)).count();
                (Order::Text(rest[..length].to_vec()), length)
            }
            _ => return Err(format!("byte {} is {first:#04x}: {rest:02x?}", bytes.len() - rest.len())),
        };
        orders.push(order);
        rest = &rest[length..];
    }
    Ok((orders, rest.len()))
}

/// All orders of a whole paper.
pub fn parse(bytes: &[u8]) -> Result<Vec<Order>, String> {
    match parse_prefix(bytes)? {
        (orders, 0) => Ok(orders),
        (_, left) => Err(format!("the last {left} bytes are no whole command")),
    }
}

/// What printers print for the bytes of a code page.
#[derive(Clone, Debug)]
pub struct Letters(BTreeMap<u8, char>);

impl Letters {
    /// The letters of a code page.
    pub fn of(page: CodePage) -> Self {
        let found = ('\u{20}'..='\u{ffff}').filter_map(|letter| Some((page.byte(letter)?, letter)));
        Letters(found.collect())
    }

    /// Bytes as text.
    pub fn read(&self, bytes: &[u8]) -> String {
        bytes.iter().map(|byte| self.0.get(byte).copied().unwrap_or('?')).collect()
    }
}

/// The lines that stand on a paper.
pub fn lines(orders: &[Order], letters: &Letters) -> Vec<String> {
    let mut lines = vec![String::new()];
    for order in orders {
        match order {
            Order::Text(bytes) => lines.last_mut().expect("a line").push_str(&letters.read(bytes)),
            Order::Feed => lines.push(String::new()),
            _ => {}
        }
    }
    lines.pop();
    lines
}

/// Orders as people read them: commands in angle brackets, text between bars.
pub fn dump(orders: &[Order], letters: &Letters) -> String {
    let mut text = String::new();
    let mut open = false;
    for order in orders {
        let word = match order {
            Order::Text(bytes) => {
                text.push('|');
                text.push_str(&letters.read(bytes));
                text.push('|');
                open = true;
                continue;
            }
            Order::Feed if open => String::new(),
            Order::Feed => "||".to_owned(),
            Order::Reset => "<reset>".to_owned(),
            Order::Page(number) => format!("<code page {number}>"),
            Order::Bold(on) => format!("<bold {}>", word(*on)),
            Order::Tall(on) => format!("<tall {}>", word(*on)),
            Order::Centred(on) => format!("<centred {}>", word(*on)),
            Order::Kick => "<open drawer>".to_owned(),
            Order::Cut => "<cut>".to_owned(),
        };
        text.push_str(&word);
        text.push('\n');
        open = false;
    }
    text
}

fn word(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}
