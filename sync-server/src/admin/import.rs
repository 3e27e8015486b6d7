//! Import: an export file that a till wrote, taken in push by push, as if the network had brought it.
//!
//! What head office knows already changes nothing, so a file may be imported again, after one that was cut short, and while its till is back
//! on the network.

use std::collections::BTreeMap;
use std::io::BufRead;

use anyhow::{Context as _, bail, ensure};
use daybook_core::ids::OrganisationId;
use daybook_core::limits::{LINE_BYTES_MAX, PUSH_BYTES_MAX};
use daybook_core::wire::{EXPORT_VERSION, ExportHead};
use serde_json::Value;

/// Bytes of one push in a file, at most: what one may hold, one event more, and its head.
const PUSH_TEXT_BYTES_MAX: usize = PUSH_BYTES_MAX + 2 * LINE_BYTES_MAX;

/// The pushes of an export file, one after the other.
#[derive(Debug)]
pub struct Pushes<R> {
    lines: std::io::Lines<R>,
    /// The head of the next push, where it was read.
    next: Option<String>,
    number: usize,
}

impl<R: BufRead> Pushes<R> {
    /// Reads the head of a file, which must be for this organisation.
    pub fn of(file: R, organisation: OrganisationId) -> anyhow::Result<Self> {
        let mut lines = file.lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        let head: ExportHead =
            serde_json::from_str(&first).context("this is no file that a till exported")?;
        ensure!(
            head.daybook_export <= EXPORT_VERSION,
            "this file was written by a newer Daybook; install that version or a later one"
        );
        ensure!(
            head.organisation == organisation,
            "this file is of another organisation's till; nothing was taken in"
        );
        let next = lines.next().transpose()?;
        Ok(Pushes { lines, next, number: 0 })
    }

    /// The body of the next push.
    pub fn read(&mut self) -> anyhow::Result<Option<String>> {
        let Some(mut body) = self.next.take() else { return Ok(None) };
        self.number += 1;
        ensure!(body.starts_with('{'), "push {} of the file has no head", self.number);
        for line in self.lines.by_ref() {
            let line = line?;
            if line.starts_with('{') {
                self.next = Some(line);
                break;
            }
            if body.len() + line.len() > PUSH_TEXT_BYTES_MAX {
                bail!("push {} of the file is larger than a till writes any", self.number);
            }
            body.push('\n');
            body.push_str(&line);
        }
        body.push('\n');
        Ok(Some(body))
    }

    /// The number of the push that was read last, counted from 1.
    pub fn number(&self) -> usize {
        self.number
    }
}

/// What was imported: for each origin the last event that is durable now.
pub type Imported = BTreeMap<String, i64>;

/// Notes the answer to a push.
pub fn note(imported: &mut Imported, answer: &Value) {
    if let (Some(origin), Some(seq)) = (answer["origin"].as_str(), answer["durable"]["seq"].as_i64()) {
        imported.insert(origin.to_owned(), seq);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "01890000-0000-7000-8000-000000000001";

    fn file(organisation: &str, rest: &str) -> String {
        format!(
            "{{\"daybook_export\":1,\"organisation\":\"{organisation}\",\"till\":\"{OURS}\",\"written\":7}}\n{rest}"
        )
    }

    fn pushes(text: &str) -> anyhow::Result<Vec<String>> {
        let mut pushes = Pushes::of(text.as_bytes(), OURS.parse().unwrap())?;
        let mut found = Vec::new();
        while let Some(push) = pushes.read()? {
            found.push(push);
        }
        Ok(found)
    }

    #[test]
    fn a_file_is_a_head_and_pushes_with_their_lines() {
        let text = file(OURS, "{\"a\":1}\n[1]\n[2]\n{\"b\":1}\n[3]\n");
        assert_eq!(pushes(&text).unwrap(), ["{\"a\":1}\n[1]\n[2]\n", "{\"b\":1}\n[3]\n"]);
        assert_eq!(pushes(&file(OURS, "")).unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_no_export_of_ours_is_refused_before_anything_is_taken_in() {
        let another = "01890000-0000-7000-8000-000000000002";
        let newer = file(OURS, "{}\n").replace(":1,", ":2,");
        let large = format!("{{}}\n{}\n", "x".repeat(PUSH_TEXT_BYTES_MAX));
        for (text, why) in [
            (String::new(), "no file that a till exported"),
            ("[{},{},null]\n".to_owned(), "no file that a till exported"),
            (file(another, "{}\n"), "another organisation"),
            (newer, "newer"),
            (file(OURS, "[1]\n"), "has no head"),
            (file(OURS, &large), "larger"),
        ] {
            let refused = pushes(&text).unwrap_err();
            assert!(format!("{refused:#}").contains(why), "{refused:#}");
        }
    }
}
