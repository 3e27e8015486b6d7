//! Taking ids and hashes out of the texts of an event, and putting them back.
//!
//! A template is both texts, one behind the other, in which a mark and a number stand for every id and every hash. Marks are bytes that JSON
//! does not have; a text that has them all the same is left alone. Only the one spelling that comes back the same is taken out.

use daybook_core::envelope::EventText;
use daybook_core::ids::OriginId;
use daybook_core::limits::EVENT_TEXT_BYTES_MAX;
use memchr::{memchr2, memchr3};
use uuid::Uuid;

/// Stands before the number of an id.
const ID: u8 = 1;
/// Stands before the number of a hash.
const HASH: u8 = 2;
/// Stands between the envelope and the payload.
const BETWEEN: u8 = 3;

/// Ids and hashes of a template that have numbers; others stay in the text.
const NUMBERED_MAX: usize = 255;
/// Letters of an id, such as `019cadb2-4000-7401-8a00-000000000401`.
const ID_LETTERS: usize = 36;
/// Letters of a hash.
const HASH_LETTERS: usize = 64;

/// The ids and hashes of an event, each once, in the order in which they are first named. The first id is always the origin, which
/// stands in the row already and is not kept again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ids {
    ids: Vec<[u8; 16]>,
    hashes: Vec<[u8; 32]>,
}

impl Ids {
    /// Bytes they are written in, the two numbers of them left out.
    pub(super) fn bytes(&self) -> usize {
        self.ids.len() * 16 + self.hashes.len() * 32
    }

    /// Appends them to what is kept.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let count = |many: usize| u8::try_from(many).unwrap_or(u8::MAX);
        out.extend([count(self.ids.len()), count(self.hashes.len())]);
        out.extend(self.ids.iter().flatten());
        out.extend(self.hashes.iter().flatten());
    }

    /// Reads them from what is kept; with what follows them. None where it ends too early.
    pub(super) fn read(bytes: &[u8]) -> Option<(Ids, &[u8])> {
        let (counts, rest) = bytes.split_at_checked(2)?;
        let (ids, rest) = rest.split_at_checked(usize::from(counts[0]) * 16)?;
        let (hashes, rest) = rest.split_at_checked(usize::from(counts[1]) * 32)?;
        let ids = Ids { ids: ids.as_chunks().0.to_vec(), hashes: hashes.as_chunks().0.to_vec() };
        Some((ids, rest))
    }
}

/// The template of an event's texts: what a dictionary is trained on. None where the texts hold what a template cannot.
pub fn template(origin: OriginId, text: &EventText) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    split(origin, text, &mut out).map(|_| out)
}

/// Appends the template of an event's texts; gives what was taken out of them.
pub(super) fn split(origin: OriginId, text: &EventText, out: &mut Vec<u8>) -> Option<Ids> {
    let mut ids = Ids::default();
    take_out(origin, text.envelope.as_bytes(), &mut ids, out)?;
    out.push(BETWEEN);
    take_out(origin, text.payload.as_bytes(), &mut ids, out)?;
    Some(ids)
}

fn take_out(origin: OriginId, text: &[u8], ids: &mut Ids, out: &mut Vec<u8>) -> Option<()> {
    if memchr3(ID, HASH, BETWEEN, text).is_some() {
        return None;
    }
    let (mut from, mut place) = (0, 0);
    // Ids are whole strings, or the end of one such as `sale/019c…`.
    while let Some(before) = memchr2(b'"', b'/', &text[place..]) {
        place += before + 1;
        let Some((mark, number, letters)) = numbered(origin, &text[place..], ids) else { continue };
        out.extend_from_slice(&text[from..place]);
        out.extend([mark, number]);
        place += letters;
        from = place;
    }
    out.extend_from_slice(&text[from..]);
    Some(())
}

/// The mark and the number of the id or hash that a text begins with, and how many letters it has.
fn numbered(origin: OriginId, text: &[u8], ids: &mut Ids) -> Option<(u8, u8, usize)> {
    if let Some(id) = text.get(..ID_LETTERS).and_then(read_id) {
        let number = if id == *origin.0.as_bytes() {
            0
        } else {
            number_of(&mut ids.ids, id)? + 1
        };
        return Some((ID, u8::try_from(number).ok()?, ID_LETTERS));
    }
    let hash = text.get(..HASH_LETTERS).and_then(read_hash)?;
    let number = number_of(&mut ids.hashes, hash)?;
    Some((HASH, u8::try_from(number).ok()?, HASH_LETTERS))
}

/// The place of a value in a list, which it is put at the end of where it is new; none where there is no room for it.
fn number_of<T: PartialEq>(known: &mut Vec<T>, value: T) -> Option<usize> {
    let found = known.iter().position(|other| *other == value);
    if found.is_none() && known.len() < NUMBERED_MAX {
        known.push(value);
        return Some(known.len() - 1);
    }
    found
}

fn read_id(letters: &[u8]) -> Option<[u8; 16]> {
    let groups = [0..8, 9..13, 14..18, 19..23, 24..36];
    if [8, 13, 18, 23].iter().any(|place| letters[*place] != b'-') {
        return None;
    }
    let mut digits = [0; 32];
    let mut end = 0;
    for group in groups {
        digits[end..end + group.len()].copy_from_slice(&letters[group.clone()]);
        end += group.len();
    }
    read_digits(&digits)
}

fn read_hash(letters: &[u8]) -> Option<[u8; 32]> {
    // Most strings that begin like one are told by their first letters.
    let begins = |letters: &[u8]| letters.iter().all(|letter| DIGITS[usize::from(*letter)] < 16);
    letters.get(..8).filter(|first| begins(first))?;
    read_digits(letters)
}

/// What so many hexadecimal digits say, in small letters.
fn read_digits<const BYTES: usize>(letters: &[u8]) -> Option<[u8; BYTES]> {
    let (mut bytes, mut all) = ([0; BYTES], 0);
    for (pair, byte) in letters.as_chunks::<2>().0.iter().zip(&mut bytes) {
        let (high, low) = (DIGITS[usize::from(pair[0])], DIGITS[usize::from(pair[1])]);
        all |= high | low;
        *byte = (high << 4) | low;
    }
    (all < 16).then_some(bytes)
}

/// What each letter says as a hexadecimal digit; 255 where it is none.
const DIGITS: [u8; 256] = {
    let mut digits = [u8::MAX; 256];
    let mut digit = 0;
    while digit < 16 {
        digits[LETTERS[digit as usize] as usize] = digit;
        digit += 1;
    }
    digits
};

/// The hexadecimal digits.
const LETTERS: &[u8; 16] = b"0123456789abcdef";

/// Both texts with everything in its place; none where a template makes no sense or a text is longer than any that is packed.
pub(super) fn restore(origin: OriginId, ids: &Ids, template: &[u8]) -> Option<(String, String)> {
    let mut texts: [Vec<u8>; 2] = [Vec::with_capacity(512), Vec::with_capacity(template.len() * 3)];
    walk(origin, ids, template, |which, piece| {
        texts[which].extend_from_slice(piece);
        texts[which].len() <= EVENT_TEXT_BYTES_MAX
    })?;
    let [envelope, payload] = texts;
    Some((String::from_utf8(envelope).ok()?, String::from_utf8(payload).ok()?))
}

/// Whether a template comes back as just these texts.
pub(super) fn restores(origin: OriginId, ids: &Ids, template: &[u8], text: &EventText) -> bool {
    let mut left = [text.envelope.as_bytes(), text.payload.as_bytes()];
    let walked = walk(origin, ids, template, |which, piece| {
        let rest = left[which].strip_prefix(piece);
        left[which] = rest.unwrap_or_default();
        rest.is_some()
    });
    walked.is_some() && left.iter().all(|rest| rest.is_empty())
}

/// Gives the pieces of both texts in their order, each with the number of its text, as long as they are wanted; none where the template makes
/// no sense or a piece was not wanted.
fn walk(
    origin: OriginId,
    ids: &Ids,
    template: &[u8],
    mut put: impl FnMut(usize, &[u8]) -> bool,
) -> Option<()> {
    let mut wanted = |which: usize, piece: &[u8]| put(which, piece).then_some(());
    let (mut which, mut rest) = (0, template);
    while let Some(mark) = memchr3(ID, HASH, BETWEEN, rest) {
        wanted(which, &rest[..mark])?;
        let number = rest.get(mark + 1).copied();
        match rest[mark] {
            ID => {
                let id = match number?.checked_sub(1) {
                    None => origin.0,
                    Some(place) => Uuid::from_bytes(*ids.ids.get(usize::from(place))?),
                };
                wanted(which, id.hyphenated().encode_lower(&mut [0; ID_LETTERS]).as_bytes())?;
                rest = &rest[mark + 2..];
            }
            HASH => {
                let hash = ids.hashes.get(usize::from(number?))?;
                let mut letters = [0; HASH_LETTERS];
                for (pair, byte) in letters.as_chunks_mut::<2>().0.iter_mut().zip(hash) {
                    *pair = [byte >> 4, byte & 15].map(|digit| LETTERS[usize::from(digit)]);
                }
                wanted(which, &letters)?;
                rest = &rest[mark + 2..];
            }
            _ => {
                which = (which == 0).then_some(1)?;
                rest = &rest[mark + 1..];
            }
        }
    }
    wanted(which, rest)?;
    (which == 1).then_some(())
}
