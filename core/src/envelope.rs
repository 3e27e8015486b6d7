//! The envelope of an event, and an event as text.
//!
//! The log keeps, hashes and sends *texts*: the envelope and the payload exactly as first written. [`EventText`] is such a
//! pair with its seal, one NDJSON line `[envelope,payload,seal]`. Parsing is for use, never for verification.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use crate::chain::{Hash, Seal, Skeleton, Tip, event_hash};
use crate::identity::PublicKey;
use crate::ids::{CommandId, EventId, OriginId, StaffId};
use crate::limits::{EVENT_TEXT_BYTES_MAX, LINE_BYTES_MAX};
use crate::time::Day;

/// Who recorded what kind of event, when, and as which number. Version 1, frozen: new facts go into payloads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Envelope {
    /// UUID version 7.
    pub id: EventId,
    /// The writer.
    pub origin: OriginId,
    /// 1, 2, 3… without gaps in the origin's chain.
    pub seq: i64,
    /// The order key: corrected time in microseconds that never goes back within an origin.
    pub at: i64,
    /// The machine's clock in microseconds since 1970.
    pub wall: i64,
    /// Correction of that clock in microseconds, as far as it was known.
    pub offset: i64,
    /// The subject, such as `sale/0192…`.
    pub stream: String,
    /// Number of the event in its stream, from 1; for shared descriptions the number among this origin's edits of it.
    pub rev: i64,
    /// Shared descriptions only: hashes of the heads that this edit had seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Vec<Hash>>,
    /// Type of the payload, such as `sale.completed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Version of the payload's schema.
    pub v: u32,
    /// The person who acted; none for what the machine records by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<StaffId>,
    /// The other person who approved it, where roles demand one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<StaffId>,
    /// The command that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corr: Option<CommandId>,
    /// Hash of the event that caused it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Hash>,
    /// Business day of the shift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Day>,
    /// Tips of other origins that the writer had seen, on events that assert facts of others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<BTreeMap<OriginId, Tip>>,
}

/// An event exactly as written: two JSON texts and, where there is one, a seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventText {
    /// The envelope's JSON text.
    pub envelope: String,
    /// The payload's JSON text.
    pub payload: String,
    /// The seal.
    pub seal: Option<Seal>,
}

/// Why a line is not an event: it has no hash, so nothing of it can be kept or named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsplittable {
    /// Longer than [`LINE_BYTES_MAX`], or one of its texts longer than [`EVENT_TEXT_BYTES_MAX`].
    #[error("is longer than an event may be")]
    TooLong,
    /// Not an array of three JSON texts without white space between them.
    #[error("is not an array of envelope, payload and seal")]
    NotThreeTexts,
    /// The third text is neither null nor a seal.
    #[error("has a seal that is no signature")]
    BrokenSeal,
    /// A string, but not of two hashes.
    #[error("is a string that is no skeleton of an event")]
    BrokenSkeleton,
}

impl EventText {
    /// Splits a line of NDJSON (without its line feed). The texts come out byte for byte as they stood.
    pub fn split(line: &str) -> Result<Self, Unsplittable> {
        if line.len() > LINE_BYTES_MAX {
            return Err(Unsplittable::TooLong);
        }
        let texts: [&RawValue; 3] = serde_json::from_str(line).map_err(|_| Unsplittable::NotThreeTexts)?;
        let [envelope, payload, seal] = texts.map(RawValue::get);
        if envelope.len() > EVENT_TEXT_BYTES_MAX || payload.len() > EVENT_TEXT_BYTES_MAX {
            return Err(Unsplittable::TooLong);
        }
        if line.len() != envelope.len() + payload.len() + seal.len() + 4 || line.contains('\n') {
            return Err(Unsplittable::NotThreeTexts);
        }
        let seal = match seal {
            "null" => None,
            text => Some(text.trim_matches('"'))
                .and_then(Seal::parse)
                .map(Some)
                .ok_or(Unsplittable::BrokenSeal)?,
        };
        Ok(EventText { envelope: envelope.to_owned(), payload: payload.to_owned(), seal })
    }

    /// The line that [`EventText::split`] reads, without a line feed.
    pub fn line(&self) -> String {
        let mut line = String::with_capacity(self.envelope.len() + self.payload.len() + 96);
        self.write_line(&mut line);
        line
    }

    /// Appends the line to a text.
    pub fn write_line(&self, out: &mut String) {
        out.push('[');
        out.push_str(&self.envelope);
        out.push(',');
        out.push_str(&self.payload);
        match &self.seal {
            None => out.push_str(",null]"),
            Some(seal) => {
                out.push_str(",\"");
                out.push_str(&seal.text());
                out.push_str("\"]");
            }
        }
    }

    /// The event's hash, given the hash of the one before it.
    pub fn hash(&self, prev: Hash) -> Hash {
        event_hash(prev, self.envelope.as_bytes(), self.payload.as_bytes())
    }

    /// The parsed envelope; an error where it makes no sense to this version.
    pub fn read_envelope(&self) -> Result<Envelope, serde_json::Error> {
        serde_json::from_str(&self.envelope)
    }
}

/// What a line of a chain says: the event itself or, where whoever sends it does not hold the texts, its skeleton.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The event.
    Event(EventText),
    /// A link without content.
    Skeleton(Skeleton),
}

impl Line {
    /// Reads a line without its line feed: an event's array, or a skeleton's string.
    pub fn split(line: &str) -> Result<Self, Unsplittable> {
        match line.strip_prefix('"') {
            Some(rest) => rest
                .strip_suffix('"')
                .and_then(Skeleton::parse)
                .map(Line::Skeleton)
                .ok_or(Unsplittable::BrokenSkeleton),
            None => EventText::split(line).map(Line::Event),
        }
    }

    /// Appends the line to a text.
    pub fn write_line(&self, out: &mut String) {
        match self {
            Line::Event(text) => text.write_line(out),
            Line::Skeleton(skeleton) => {
                out.push('"');
                out.push_str(&skeleton.text());
                out.push('"');
            }
        }
    }

    /// The event's hash behind the event of the hash `prev`.
    pub fn hash(&self, prev: Hash) -> Hash {
        match self {
            Line::Event(text) => text.hash(prev),
            Line::Skeleton(skeleton) => skeleton.hash(prev),
        }
    }

    /// The event's own seal, where the line has one.
    pub fn seal(&self) -> Option<Seal> {
        match self {
            Line::Event(text) => text.seal,
            Line::Skeleton(_) => None,
        }
    }

    /// Lets the line's own seal go where it does not vouch for the event at this place, by this key.
    pub fn drop_false_seal(&mut self, key: &PublicKey, origin: OriginId, tip: Tip) {
        if let Line::Event(text) = self {
            text.seal = text.seal.filter(|seal| seal.verifies(key.verifying_key(), origin, tip));
        }
    }

    /// What the line weighs in a body, in bytes.
    pub fn bytes(&self) -> usize {
        match self {
            Line::Event(text) => text.envelope.len() + text.payload.len() + 96,
            Line::Skeleton(_) => 89,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_splits_into_the_very_bytes_it_was_made_of() {
        let text = EventText {
            envelope: r#"{"b":1,"a":1.0}"#.into(),
            payload: r#"{"x":"é"}"#.into(),
            seal: Some(Seal([1; 64])),
        };
        assert_eq!(EventText::split(&text.line()), Ok(text.clone()));
        let unsealed = EventText { seal: None, ..text };
        assert_eq!(EventText::split(&unsealed.line()), Ok(unsealed));
    }

    #[test]
    fn a_line_is_an_event_or_the_skeleton_that_links_like_it() {
        let text = EventText { envelope: "{}".into(), payload: "[1]".into(), seal: None };
        let skeleton = Skeleton::of(text.envelope.as_bytes(), text.payload.as_bytes());
        let prev = Hash([7; 32]);
        for line in [Line::Event(text), Line::Skeleton(skeleton)] {
            let mut written = String::new();
            line.write_line(&mut written);
            assert_eq!(Line::split(&written), Ok(line.clone()));
            assert_eq!(line.hash(prev), skeleton.hash(prev));
        }
        assert_eq!(Line::split("\"abc\""), Err(Unsplittable::BrokenSkeleton));
    }

    #[test]
    fn what_does_not_split_has_no_hash() {
        for (line, why) in [
            ("", Unsplittable::NotThreeTexts),
            ("{}", Unsplittable::NotThreeTexts),
            ("[{},{}]", Unsplittable::NotThreeTexts),
            ("[{},{},null,1]", Unsplittable::NotThreeTexts),
            ("[{}, {},null]", Unsplittable::NotThreeTexts),
            ("[{},{},null] ", Unsplittable::NotThreeTexts),
            ("[{},{},\"abc\"]", Unsplittable::BrokenSeal),
            ("[{},{},7]", Unsplittable::BrokenSeal),
        ] {
            assert_eq!(EventText::split(line), Err(why), "{line}");
        }
        let long = format!("[{{\"a\":\"{}\"}},{{}},null]", "x".repeat(EVENT_TEXT_BYTES_MAX));
        assert_eq!(EventText::split(&long), Err(Unsplittable::TooLong));
    }
}
