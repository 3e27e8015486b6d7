//! Trains a dictionary for packed texts: on the golden examples and on events that the demo and the benchmarks made.
//!
//! Run when a new version of the dictionary is wanted, never to make an old one again: what was packed needs the very same bytes. Events of
//! a real shop are nothing to learn from, because a dictionary is shipped to everybody. Ids and hashes are out of a template already; names
//! and codes are drawn anew, so that none is in the dictionary.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow, bail};
use clap::Parser;
use daybook_core::envelope::{Envelope, EventText};
use daybook_core::event::{EVENTS, Event, Reading};
use daybook_store::file::open_reader;
use daybook_store::{events, texts};
use daybook_tests::generate::{example_path, root};

/// Train a dictionary for packed texts.
#[derive(Debug, Parser)]
#[command(name = "dictionary")]
struct Asked {
    /// Logs of events that Daybook's own generators made.
    logs: Vec<PathBuf>,
    /// Where it is written; what lies there is left alone.
    #[arg(long)]
    to: PathBuf,
}

/// Bytes of a dictionary. Twice as many would save one byte in fifty.
const DICTIONARY_BYTES: usize = 32 * 1024;
/// Events of one type that are learnt from in one log.
const OF_ONE_TYPE_MAX: usize = 150;
/// Times that each example is shown, so that rare events are not forgotten over common ones.
const EXAMPLES_SHOWN: usize = 3;
/// What stands before values that belong to a shop and not to the language of events.
const DRAWN_ANEW: [&str; 4] = ["\"name\":\"", "\"department\":\"", "\"sku\":\"", "\"codes\":[\""];

fn main() -> anyhow::Result<()> {
    let asked = Asked::parse();
    if asked.to.exists() {
        bail!("{} is there; a dictionary is never written anew", asked.to.display());
    }
    let mut random = fastrand::Rng::with_seed(1);
    let mut samples = Vec::new();
    for _ in 0..EXAMPLES_SHOWN {
        for text in examples()? {
            samples.extend(sample(&text, &mut random)?);
        }
    }
    for log in &asked.logs {
        let log = open_reader(log)?;
        let mut shown: BTreeMap<String, usize> = BTreeMap::new();
        for event in events::after_position(&log, 0, usize::MAX)? {
            let kind = event.text.read_envelope()?.kind;
            let shown = shown.entry(kind).or_default();
            *shown += 1;
            if *shown <= OF_ONE_TYPE_MAX {
                samples.extend(sample(&event.text, &mut random)?);
            }
        }
    }
    // What comes last counts as nearest; so no log of many is all that is learnt from.
    random.shuffle(&mut samples);
    std::fs::write(&asked.to, zstd::dict::from_samples(&samples, DICTIONARY_BYTES)?)?;
    eprintln!("{} events were learnt from", samples.len());
    Ok(())
}

/// The golden examples as whole events.
fn examples() -> anyhow::Result<Vec<EventText>> {
    let read = |path: String| std::fs::read_to_string(root().join(&path)).with_context(|| path);
    let envelope: Envelope = serde_json::from_str(&read(example_path("envelope", 1))?)?;
    let whole = |(kind, version): &(&str, u32)| {
        let payload = read(example_path(kind, *version))?;
        let Reading::Known(event) = Event::read(kind, *version, &payload) else {
            return Err(anyhow!("the example of {kind} cannot be read"));
        };
        let envelope = Envelope {
            stream: event.stream(),
            kind: (*kind).to_owned(),
            v: *version,
            base: kind.contains("changed").then(|| envelope.base.clone()).flatten(),
            approver: None,
            cause: None,
            seen: None,
            ..envelope.clone()
        };
        let envelope = serde_json::to_string(&envelope)?;
        Ok(EventText { envelope, payload: event.payload_text(), seal: None })
    };
    EVENTS.iter().map(whole).collect()
}

fn sample(text: &EventText, random: &mut fastrand::Rng) -> anyhow::Result<Option<Vec<u8>>> {
    let origin = text.read_envelope()?.origin;
    let [envelope, payload] = [&text.envelope, &text.payload].map(|text| drawn_anew(text, random));
    Ok(texts::template(origin, &EventText { envelope, payload, seal: None }))
}

/// A text with other letters and digits in the names and codes of a shop.
fn drawn_anew(text: &str, random: &mut fastrand::Rng) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let next = |rest: &str| {
        let ends = DRAWN_ANEW.iter().filter_map(|key| Some(rest.find(key)? + key.len()));
        ends.min()
    };
    while let Some(begin) = next(rest) {
        let end = rest[begin..].find('"').map_or(rest.len(), |end| begin + end);
        out.push_str(&rest[..begin]);
        out.extend(rest[begin..end].chars().map(|letter| match letter {
            '0'..='9' => random.digit(10),
            letter if letter.is_alphabetic() => random.lowercase(),
            other => other,
        }));
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}
