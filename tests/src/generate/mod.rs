//! The generated files: schemas of every event and message, the description of the routes, tables inside the documents.
//!
//! Everything is made from the code that it describes. [`outputs`] says what belongs where, [`check`] compares it with what stands
//! there, [`write`] writes it. A versioned schema is golden: events of that version lie in shops, so its shape never changes. Words
//! may: a better description of a field is no other field.

mod openapi;
pub mod report;
mod schemas;
mod tables;
mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use daybook_core::event::EVENTS;
use serde_json::Value;

/// The folder of schemas, from the root of the repository.
pub const SCHEMAS: &str = "schemas";
/// Documents with generated tables inside.
const DOCUMENTS: &[&str] = &["docs/EVENTS.md", "docs/PROTOCOL.md"];

/// A generated file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its path from the root of the repository, with `/` on every system.
    pub path: String,
    /// What belongs there.
    pub text: String,
    /// Whether its shape never changes once it is written.
    pub golden: bool,
}

/// A file that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stale {
    /// Its path from the root of the repository.
    pub path: String,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It is not there.
    Missing,
    /// It says something else than the code.
    Differs,
    /// The code gives a golden schema another shape.
    Reshaped,
    /// An example that a person has to write is not there.
    NoExample,
    /// A golden schema of an earlier version was taken away.
    Lost,
    /// Nothing explains why it is there.
    Unknown,
}

impl fmt::Display for Stale {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self.why {
            Why::Missing => "is missing; run make generate",
            Why::Differs => "says something else than the code; run make generate",
            Why::Reshaped => {
                "would get another shape, and a schema that was published never does: give the type a new version and an \
                 upcaster. Where this version never left the house, delete the file and run make generate"
            }
            Why::NoExample => "is missing; examples are written by hand, one for each version of each type",
            Why::Lost => "is missing: every version there has ever been keeps its schema",
            Why::Unknown => "is made by nobody; take it away",
        };
        write!(to, "{} {words}", self.path)
    }
}

/// The root of this repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every generated file, as it should be. The examples and the documents are read from `root`.
pub fn outputs(root: &Path) -> anyhow::Result<Vec<Output>> {
    let mut outputs = Vec::new();
    for (name, schema) in schemas::versioned() {
        outputs.push(Output { path: format!("{SCHEMAS}/{name}.json"), text: pretty(&schema), golden: true });
    }
    for (name, schema) in schemas::messages() {
        outputs.push(Output {
            path: format!("{SCHEMAS}/wire.{name}.json"),
            text: pretty(&schema),
            golden: false,
        });
    }
    let path = format!("{SCHEMAS}/openapi.json");
    outputs.push(Output { path, text: pretty(&openapi::document()?), golden: false });
    let tables = tables::tables(root)?;
    for document in DOCUMENTS {
        let text = read(root, document)?.with_context(|| format!("{document} is not there"))?;
        let text = tables::fill(&text, &tables).with_context(|| format!("the tables of {document}"))?;
        outputs.push(Output { path: (*document).to_owned(), text, golden: false });
    }
    outputs.push(Output { path: window::PATH.to_owned(), text: window::types(), golden: false });
    Ok(outputs)
}

/// The files that are not as they should be.
pub fn check(root: &Path) -> anyhow::Result<Vec<Stale>> {
    let lacking = without_example(root);
    if !lacking.is_empty() {
        return Ok(lacking);
    }
    let outputs = outputs(root)?;
    let mut stale = foreign_or_lost(root, &outputs)?;
    for output in &outputs {
        let why = match read(root, &output.path)? {
            None => Why::Missing,
            Some(text) if text == output.text => continue,
            Some(text) if output.golden && reshapes(&text, &output.text) => Why::Reshaped,
            Some(_) => Why::Differs,
        };
        stale.push(Stale { path: output.path.clone(), why });
    }
    stale.sort();
    Ok(stale)
}

/// Writes what is missing or says something else; gives the paths. Nothing is written where a golden schema would change.
pub fn write(root: &Path) -> anyhow::Result<Vec<String>> {
    let stale = check(root)?;
    let broken: Vec<String> = stale
        .iter()
        .filter(|stale| !matches!(stale.why, Why::Missing | Why::Differs))
        .map(Stale::to_string)
        .collect();
    if !broken.is_empty() {
        bail!("nothing was written:\n{}", broken.join("\n"));
    }
    let outputs: BTreeMap<String, String> =
        outputs(root)?.into_iter().map(|output| (output.path, output.text)).collect();
    let mut written = Vec::new();
    for Stale { path, .. } in stale {
        let file = root.join(&path);
        std::fs::write(&file, &outputs[&path]).with_context(|| format!("writing {}", file.display()))?;
        written.push(path);
    }
    Ok(written)
}

/// The path of the example of a version of a type.
pub fn example_path(kind: &str, version: u32) -> String {
    format!("{SCHEMAS}/{kind}.v{version}.example.json")
}

fn without_example(root: &Path) -> Vec<Stale> {
    let paths = EVENTS.iter().map(|(kind, version)| example_path(kind, *version));
    paths
        .filter(|path| !root.join(path).is_file())
        .map(|path| Stale { path, why: Why::NoExample })
        .collect()
}

/// Files in the folder of schemas that nobody makes, and schemas or examples of earlier versions that are gone.
fn foreign_or_lost(root: &Path, outputs: &[Output]) -> anyhow::Result<Vec<Stale>> {
    let mut explained: BTreeSet<String> = outputs.iter().map(|output| output.path.clone()).collect();
    let mut stale = Vec::new();
    for (kind, newest) in EVENTS {
        for version in 1..=*newest {
            let (schema, example) =
                (format!("{SCHEMAS}/{kind}.v{version}.json"), example_path(kind, version));
            for path in [schema, example] {
                if version < *newest && !root.join(&path).is_file() {
                    stale.push(Stale { path: path.clone(), why: Why::Lost });
                }
                explained.insert(path);
            }
        }
    }
    explained.insert(example_path("envelope", 1));
    let folder = root.join(SCHEMAS);
    let entries = std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
    for entry in entries {
        let path = format!("{SCHEMAS}/{}", entry?.file_name().to_string_lossy());
        if !explained.contains(&path) {
            stale.push(Stale { path, why: Why::Unknown });
        }
    }
    Ok(stale)
}

/// Whether two texts of a schema differ in more than their words.
fn reshapes(before: &str, after: &str) -> bool {
    let shape = |text: &str| serde_json::from_str::<Value>(text).ok().map(without_words);
    shape(before).is_none_or(|before| Some(before) != shape(after))
}

fn without_words(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            // A property may be called `description` too; then it is an object and stays.
            let is_word = |name: &str, value: &Value| name == "description" && value.is_string();
            let members = members.into_iter().filter(|(name, value)| !is_word(name, value));
            Value::Object(members.map(|(name, value)| (name, without_words(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_words).collect()),
        other => other,
    }
}

fn read(root: &Path, path: &str) -> anyhow::Result<Option<String>> {
    match std::fs::read_to_string(root.join(path)) {
        // A system that turns line ends around while checking out must not make everything stale.
        Ok(text) => Ok(Some(text.replace("\r\n", "\n"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {path}")),
    }
}

fn pretty(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value);
    let mut text = text.unwrap_or_else(|error| unreachable!("a schema is plain data: {error}"));
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn other_words_keep_the_shape_and_everything_else_changes_it() {
        let schema = json!({"description": "A.", "type": "object", "properties": {"a": {"description": "B.", "type": "string"}}});
        let text = schema.to_string();
        assert!(!reshapes(&text, &text.replace("B.", "C.")));
        assert!(reshapes(&text, &text.replace("string", "integer")));
        assert!(reshapes(&text, &text.replace("\"a\"", "\"b\"")));
        assert!(reshapes("no schema", &text));
        let property = |kind: &str| json!({"properties": {"description": {"type": kind}}}).to_string();
        assert!(reshapes(&property("string"), &property("integer")), "a property called description counts");
    }
}
