//! What a printer says of itself while a paper is printed: its answers to `DLE EOT`, which come at once, and to `GS r`, which comes when
//! everything before it was printed.
//!
//! Many printers answer neither; that is no trouble of theirs. Bytes that answer nothing we asked are passed over.

use std::fmt;

/// Asks why a printer may be offline. Answered at once, whatever else it is doing.
pub const ASK_OFFLINE: [u8; 3] = [0x10, 0x04, 2];
/// Asks whether there is paper. Answered at once.
pub const ASK_PAPER: [u8; 3] = [0x10, 0x04, 4];
/// Asks for paper in the order of printing: the answer comes when everything before it was printed.
pub const ASK_WHEN_DONE: [u8; 3] = [0x1d, b'r', 1];

/// Why a printer cannot print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no paper.
    PaperOut,
    /// The cover is open.
    CoverOpen,
    /// Something else, such as a stuck cutter.
    Fault,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Trouble::PaperOut => "the printer is out of paper",
            Trouble::CoverOpen => "the printer's cover is open",
            Trouble::Fault => "the printer reports a fault; look at it, and switch it off and on",
        })
    }
}

/// What a printer said of itself so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    offline: Option<u8>,
    paper: Option<u8>,
}

impl Answers {
    /// Takes in a byte. Answers come in the order of the questions: [`ASK_OFFLINE`], then [`ASK_PAPER`].
    pub fn take(&mut self, byte: u8) {
        // Every answer to DLE EOT has the bits 0xx1xx10.
        if byte & 0b1001_0011 == 0b0001_0010 {
            if self.offline.is_none() {
                self.offline = Some(byte);
            } else {
                self.paper = Some(byte);
            }
        }
    }

    /// Whether it answered at all.
    pub fn any(&self) -> bool {
        self.offline.is_some()
    }

    /// Whether both questions are answered.
    pub fn all(&self) -> bool {
        self.paper.is_some()
    }

    /// Why it cannot print; none where it said nothing of that kind.
    pub fn trouble(&self) -> Option<Trouble> {
        let (offline, paper) = (self.offline.unwrap_or(0), self.paper.unwrap_or(0));
        if offline & 0b0000_0100 != 0 {
            Some(Trouble::CoverOpen)
        } else if offline & 0b0010_0000 != 0 || paper & 0b0110_0000 != 0 {
            Some(Trouble::PaperOut)
        } else if offline & 0b0100_0000 != 0 {
            Some(Trouble::Fault)
        } else {
            None
        }
    }
}

/// Whether a byte answers [`ASK_WHEN_DONE`]: its bits are 0xx0xxxx.
pub fn is_done(byte: u8) -> bool {
    byte & 0b1001_0000 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_printer_says_is_understood_and_noise_is_passed_over() {
        let cases: [(&[u8], bool, Option<Trouble>); 7] = [
            (&[], false, None),
            (&[0x00, 0xff, 0x14], false, None),
            (&[0x12, 0x12], true, None),
            (&[0x16, 0x12], true, Some(Trouble::CoverOpen)),
            (&[0x32, 0x72], true, Some(Trouble::PaperOut)),
            (&[0x12, 0x00, 0x72], true, Some(Trouble::PaperOut)),
            (&[0x52], true, Some(Trouble::Fault)),
        ];
        for (bytes, answered, trouble) in cases {
            let mut answers = Answers::default();
            bytes.iter().for_each(|byte| answers.take(*byte));
            assert_eq!((answers.any(), answers.trouble()), (answered, trouble), "{bytes:02x?}");
        }
        assert!(is_done(0x00) && is_done(0x0c) && !is_done(0x12));
    }
}
