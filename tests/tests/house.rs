//! The laws of the house that the compiler does not hold: who may know whom, where SQL and HTTP's status codes live,
//! what the core never does, and how a file looks.
//!
//! Each law is a function from the sources to its breaches, so that it can be fed a text that breaks it: a law that
//! cannot fail protects nothing. Names are looked for in code only: documentation is free to talk about everything.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use reading::{Reading, dependencies, numbered, paths};

// Beside its only user, in a folder of its own: cargo takes every file of this folder for a test of its own.
#[path = "house/reading.rs"]
mod reading;

/// Which crate may know which others. A new folder gets its line here, together with the reason to exist.
const DIRECTIONS: &[Crate] = &[
    Crate { folder: "core", name: "daybook-core", knows: &[] },
    Crate { folder: "store", name: "daybook-store", knows: &["daybook-core"] },
    Crate { folder: "till", name: "daybook-till", knows: &["daybook-core", "daybook-store"] },
    Crate { folder: "sync-server", name: "daybook-server", knows: &["daybook-core", "daybook-store"] },
    Crate { folder: "src-tauri", name: "daybook", knows: &["daybook-core", "daybook-till"] },
    Crate {
        folder: "tests",
        name: "daybook-tests",
        knows: &["daybook-core", "daybook-store", "daybook-till", "daybook-server"],
    },
];

/// How a statement of SQL begins. Written in capitals, as all our SQL is, these begin no English sentence.
const SQL_BEGINNINGS: &[&str] = &[
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE FROM",
    "CREATE TABLE",
    "CREATE INDEX",
    "CREATE UNIQUE INDEX",
    "CREATE TRIGGER",
    "ALTER TABLE",
    "DROP TABLE",
    "ATTACH DATABASE",
    "PRAGMA",
    "BEGIN IMMEDIATE",
];

/// Paths the core names nowhere: the clock, the disk, the network, threads, and the crates that bring them.
const NOT_IN_CORE: &[&[&str]] = &[
    &["std", "fs"],
    &["std", "net"],
    &["std", "thread"],
    &["SystemTime", "now"],
    &["Instant", "now"],
    &["tokio"],
    &["reqwest"],
    &["rusqlite"],
];

const LINES_MAX: usize = 700;

#[test]
fn crates_know_only_who_stands_below_them() {
    hold(directions_of_manifests);
}

#[test]
fn sources_name_only_crates_that_stand_below_them() {
    hold(directions_of_sources);
}

#[test]
fn only_the_tests_know_till_and_server_together() {
    hold(till_and_server_together);
}

#[test]
fn sql_lives_in_the_store() {
    hold(sql_outside_the_store);
}

#[test]
fn sqlite_is_known_to_the_store_alone() {
    hold(sqlite_outside_the_store);
}

#[test]
fn unsafe_code_stays_in_the_one_folder_that_speaks_to_a_table_of_c_functions() {
    hold(unsafe_code_elsewhere);
}

#[test]
fn status_codes_live_in_one_table() {
    hold(status_codes_outside_their_table);
}

#[test]
fn the_window_system_stays_behind_its_door() {
    hold(tauri_outside_its_door);
}

#[test]
fn the_core_only_thinks() {
    hold(deeds_of_the_core);
}

#[test]
fn every_module_says_what_it_is_for() {
    hold(modules_without_a_word);
}

#[test]
fn nothing_is_left_for_later() {
    hold(things_left_for_later);
}

#[test]
fn no_file_outgrows_its_reader() {
    hold(files_that_are_too_long);
}

// ---------------------------------------------------------------------------------------------------------------
// The laws

fn directions_of_manifests(house: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for manifest in house.iter().filter(|source| source.is_manifest()) {
        let known = dependencies(&manifest.text);
        let Some(folder) = manifest.path.strip_suffix("/Cargo.toml") else {
            continue; // The workspace's own manifest lists every crate and depends on none.
        };
        let Some(here) = DIRECTIONS.iter().find(|one| one.folder == folder) else {
            if known.iter().any(|(_, name)| is_ours(name)) {
                breaches.push(manifest.breach(
                    1,
                    "this crate has no place in the house; give it a line in DIRECTIONS of tests/tests/house.rs",
                ));
            }
            continue;
        };
        for (line, name) in known {
            if is_ours(&name) && !here.knows.contains(&name.as_str()) {
                breaches.push(manifest.breach(
                    line,
                    format!("{} must not depend on {name}; move what both need down, into core", here.name),
                ));
            }
        }
    }
    breaches
}

fn directions_of_sources(house: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in house.iter().filter(|source| source.is_rust()) {
        let Some(here) = DIRECTIONS.iter().find(|one| source.is_in(one.folder)) else { continue };
        for (line, path) in paths(&Reading::of(&source.text).code) {
            let name = path[0].replace('_', "-");
            if is_ours(&name)
                && path[0].contains('_')
                && name != here.name
                && !here.knows.contains(&name.as_str())
            {
                breaches.push(source.breach(
                    line,
                    format!("{} must not know {name}; move what both need down, into core", here.name),
                ));
            }
        }
    }
    breaches
}

fn till_and_server_together(house: &[Source]) -> Vec<Breach> {
    let manifests = house.iter().filter(|source| source.is_manifest() && source.path != "Cargo.toml");
    manifests
        .filter(|manifest| !manifest.is_in("tests"))
        .filter_map(|manifest| {
            let known = dependencies(&manifest.text);
            let line_of = |wanted: &str| known.iter().find(|(_, name)| name == wanted).map(|(line, _)| *line);
            let (till, server) = (line_of("daybook-till")?, line_of("daybook-server")?);
            Some(manifest.breach(
                till.max(server),
                "till and server meet in core::wire and core::sync, and in tests; nowhere else",
            ))
        })
        .collect()
}

// Stories may look into a file that the store wrote, so tests/ is free to speak SQL.
fn sql_outside_the_store(house: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in house.iter().filter(|source| source.is_rust()) {
        if source.is_in("store") || source.is_in("tests") {
            continue;
        }
        for (line, literal) in Reading::of(&source.text).literals {
            if let Some(beginning) = sql_beginning(&literal) {
                breaches.push(source.breach(
                    line,
                    format!("a literal begins with {beginning}: ask the question in store, beside its table"),
                ));
            }
        }
    }
    breaches
}

fn sqlite_outside_the_store(house: &[Source]) -> Vec<Breach> {
    let advice =
        "only store (and tests, to look into its files) knows rusqlite; add a question to store instead";
    let mut breaches = Vec::new();
    for source in house.iter().filter(|source| !source.is_in("store") && !source.is_in("tests")) {
        if source.is_rust() {
            let named = paths(&Reading::of(&source.text).code)
                .into_iter()
                .filter(|(_, path)| holds(path, &["rusqlite"]));
            breaches.extend(named.map(|(line, _)| source.breach(line, advice)));
        } else if source.is_manifest() {
            let named = dependencies(&source.text).into_iter().filter(|(_, name)| name == "rusqlite");
            breaches.extend(named.map(|(line, _)| source.breach(line, advice)));
        }
    }
    breaches
}

/// Where unsafe code may stand.
const UNSAFE: &str = "tests/src/disk/vfs";

fn unsafe_code_elsewhere(house: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in house.iter().filter(|source| source.is_rust() && !source.is_in(UNSAFE)) {
        for (line, text) in numbered(&Reading::of(&source.text).code) {
            let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            if words.any(|word| word == "unsafe" || word == "unsafe_code") {
                breaches.push(source.breach(line, format!("unsafe code stands in {UNSAFE} only")));
            }
        }
    }
    breaches
}

fn status_codes_outside_their_table(house: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in house.iter().filter(|source| source.is_rust()) {
        if source.path == "sync-server/src/http/error.rs" {
            continue;
        }
        for (line, path) in paths(&Reading::of(&source.text).code) {
            if holds(&path, &["StatusCode"]) {
                breaches.push(source.breach(
                    line,
                    "StatusCode stands in sync-server/src/http/error.rs only; answer with an error code from there",
                ));
            }
        }
    }
    breaches
}

fn tauri_outside_its_door(house: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in house.iter().filter(|source| source.is_rust() && !source.is_in("src-tauri")) {
        for (line, path) in paths(&Reading::of(&source.text).code) {
            if path[0] == "tauri" {
                breaches.push(
                    source.breach(
                        line,
                        "the window's system is named in src-tauri only; call `till` from there",
                    ),
                );
            }
        }
    }
    let mut doors = Vec::new();
    for source in house.iter().filter(|source| source.is_script()) {
        let mut named =
            numbered(&source.text).filter(|(_, l)| l.contains("@tauri-apps") || l.contains("__TAURI"));
        doors.extend(named.next().map(|(line, _)| (source, line)));
    }
    let in_the_ui = doors.iter().filter(|(source, _)| source.is_in("ui")).count();
    for (source, line) in doors {
        if !source.is_in("ui") && !source.is_in("src-tauri") {
            breaches.push(
                source.breach(line, "@tauri-apps is named in one file of ui only; go through that file"),
            );
        } else if source.is_in("ui") && in_the_ui > 1 {
            breaches.push(source.breach(
                line,
                "more than one file of ui names @tauri-apps; keep one typed door and go through it",
            ));
        }
    }
    breaches
}

fn deeds_of_the_core(house: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in house.iter().filter(|source| source.is_rust() && source.is_in("core/src")) {
        for (line, path) in paths(&Reading::of(&source.text).code) {
            if let Some(deed) = NOT_IN_CORE.iter().find(|deed| holds(&path, deed)) {
                breaches.push(source.breach(
                    line,
                    format!(
                        "the core names {}; take the value as an argument, or return the deed as data",
                        deed.join("::")
                    ),
                ));
            }
        }
    }
    breaches
}

fn modules_without_a_word(house: &[Source]) -> Vec<Breach> {
    house
        .iter()
        .filter(|source| source.is_rust())
        .filter(|source| {
            let opening = source.text.lines().next().unwrap_or_default();
            opening.strip_prefix("//!").is_none_or(|words| words.trim().is_empty())
        })
        .map(|source| {
            source.breach(
                1,
                "open the file with //! and two to six lines: what it is for, why the seam is here",
            )
        })
        .collect()
}

// Put together here, so that this file obeys its own law.
fn reminders() -> [String; 2] {
    [["TO", "DO"].concat(), ["FIX", "ME"].concat()]
}

fn things_left_for_later(house: &[Source]) -> Vec<Breach> {
    let advice = "is left for later; do it now, or write down in docs that it is deliberately absent";
    let mut breaches = Vec::new();
    for source in house.iter().filter(|source| source.is_rust() || source.is_script()) {
        for (line, text) in numbered(&source.text) {
            let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            if let Some(word) = words.find(|word| reminders().iter().any(|reminder| reminder == word)) {
                breaches.push(source.breach(line, format!("{word} {advice}")));
            }
        }
        if source.is_rust() {
            for (line, text) in numbered(&Reading::of(&source.text).code) {
                if let Some(gap) = ["todo", "unimplemented"].iter().find(|name| calls_macro(text, name)) {
                    breaches.push(source.breach(line, format!("{gap}! {advice}")));
                }
            }
        }
    }
    breaches
}

fn files_that_are_too_long(house: &[Source]) -> Vec<Breach> {
    house
        .iter()
        .filter(|source| source.is_rust())
        .filter(|source| source.text.lines().count() > LINES_MAX)
        .map(|source| {
            let lines = source.text.lines().count();
            source.breach(
                LINES_MAX + 1,
                format!("{lines} lines are more than {LINES_MAX}; split the file along a seam"),
            )
        })
        .collect()
}

// ---------------------------------------------------------------------------------------------------------------
// What the laws are written with

struct Crate {
    folder: &'static str,
    name: &'static str,
    knows: &'static [&'static str],
}

/// One file, by its path from the root of the repository with `/` on every system.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    fn is_manifest(&self) -> bool {
        self.path == "Cargo.toml" || self.path.ends_with("/Cargo.toml")
    }

    fn is_script(&self) -> bool {
        [".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs"]
            .iter()
            .any(|ending| self.path.ends_with(ending))
    }

    fn is_in(&self, folder: &str) -> bool {
        self.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }

    fn breach(&self, line: usize, what: impl Into<String>) -> Breach {
        Breach { path: self.path.clone(), line, what: what.into() }
    }
}

#[derive(Debug)]
struct Breach {
    path: String,
    line: usize,
    what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}:{}: {}", self.path, self.line, self.what)
    }
}

type Law = fn(&[Source]) -> Vec<Breach>;

fn hold(law: Law) {
    let breaches: Vec<String> = law(&house()).iter().map(Breach::to_string).collect();
    assert!(
        breaches.is_empty(),
        "{} breach(es) of a law of the house:\n{}",
        breaches.len(),
        breaches.join("\n")
    );
}

/// Every source of the repository.
fn house() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut sources = Vec::new();
    walk(&root, "", &mut sources);
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources
}

fn walk(folder: &Path, path: &str, sources: &mut Vec<Source>) {
    // Whatever cargo built marks itself with this file, wherever the build went.
    if folder.join("CACHEDIR.TAG").exists() {
        return;
    }
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("reading {}: {error}", folder.display()));
    for entry in entries.map(|entry| entry.expect("an entry of a folder")) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
        let kind = entry.file_type().expect("the kind of an entry");
        if kind.is_dir() {
            if !name.starts_with('.') && !["target", "node_modules", "dist"].contains(&name.as_str()) {
                walk(&entry.path(), &path, sources);
            }
        } else if kind.is_file() {
            let mut source = Source { path, text: String::new() };
            if source.is_rust() || source.is_manifest() || source.is_script() {
                source.text = fs::read_to_string(entry.path())
                    .unwrap_or_else(|error| panic!("reading {}: {error}", source.path));
                sources.push(source);
            }
        }
    }
}

fn is_ours(name: &str) -> bool {
    DIRECTIONS.iter().any(|one| one.name == name)
}

fn sql_beginning(literal: &str) -> Option<&'static str> {
    let mut text = literal;
    // A literal may begin with a line break, written out, escaped or continued.
    loop {
        let shorter = text.trim_start();
        let shorter = shorter.strip_prefix("\\n").or_else(|| shorter.strip_prefix("\\\n")).unwrap_or(shorter);
        if shorter.len() == text.len() {
            break;
        }
        text = shorter;
    }
    SQL_BEGINNINGS.iter().copied().find(|beginning| {
        text.strip_prefix(beginning)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(|c: char| !c.is_alphanumeric()))
    })
}

fn calls_macro(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + name.len()..].trim_start();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_')
            && after.strip_prefix('!').is_some_and(|rest| !rest.starts_with('='))
    })
}

fn holds(path: &[String], wanted: &[&str]) -> bool {
    path.windows(wanted.len()).any(|part| part == wanted)
}

// ---------------------------------------------------------------------------------------------------------------
// The laws can fail

#[test]
fn the_walk_sees_the_whole_house() {
    let seen: BTreeSet<String> = house().into_iter().map(|source| source.path).collect();
    for path in
        ["Cargo.toml", "core/src/lib.rs", "store/Cargo.toml", "till/src/lib.rs", "tests/tests/house.rs"]
    {
        assert!(seen.contains(path), "{path} was not read");
    }
    assert!(!seen.iter().any(|path| path.starts_with("target/")), "what cargo built is not ours to judge");
}

#[test]
fn every_law_can_be_broken() {
    let long = "//! Long.\n".repeat(LINES_MAX + 1);
    let later = format!("//! X.\n// {}: later\n", reminders()[0]);
    let repair = format!("// {} soon", reminders()[1]);
    // law, file, offending text, line of the breach
    let cases: &[(Law, &str, &str, usize)] = &[
        (directions_of_manifests, "core/Cargo.toml", "[dependencies]\ndaybook-store.workspace = true", 2),
        (
            directions_of_manifests,
            "store/Cargo.toml",
            "[dev-dependencies]\ndaybook-till = { path = \"../till\" }",
            2,
        ),
        (
            directions_of_manifests,
            "till/Cargo.toml",
            "[dependencies]\nx = { package = \"daybook-server\" }",
            2,
        ),
        (
            directions_of_manifests,
            "till/Cargo.toml",
            "[target.'cfg(unix)'.dependencies.daybook-server]\nworkspace = true",
            1,
        ),
        (directions_of_manifests, "annex/Cargo.toml", "[dependencies]\ndaybook-core.workspace = true", 1),
        (directions_of_sources, "till/src/lib.rs", "//! X.\nuse daybook_server::Server;", 2),
        (directions_of_sources, "core/src/a.rs", "fn f() {\n    daybook_store::open()\n}", 2),
        (
            till_and_server_together,
            "e2e/Cargo.toml",
            "[dependencies]\ndaybook-till = \"1\"\ndaybook-server = \"1\"",
            3,
        ),
        (sql_outside_the_store, "till/src/a.rs", "let q = \"SELECT 1\";", 1),
        (sql_outside_the_store, "till/src/a.rs", "\n\nrun(r#\"\n  INSERT INTO t\"#)", 3),
        (sql_outside_the_store, "sync-server/src/a.rs", "run(\"\\\n    PRAGMA user_version\")", 1),
        (sqlite_outside_the_store, "till/src/a.rs", "use rusqlite::Connection;", 1),
        (sqlite_outside_the_store, "till/Cargo.toml", "[dependencies]\nrusqlite.workspace = true", 2),
        (unsafe_code_elsewhere, "store/src/a.rs", "fn f() {\n    unsafe { g() }\n}", 2),
        (unsafe_code_elsewhere, "till/src/a.rs", "#![allow(unsafe_code)]", 1),
        (status_codes_outside_their_table, "sync-server/src/a.rs", "use http::{Method, StatusCode};", 1),
        (status_codes_outside_their_table, "till/src/a.rs", "if s == reqwest::StatusCode::OK {}", 1),
        (tauri_outside_its_door, "till/src/a.rs", "fn f(w: tauri::Window) {}", 1),
        (tauri_outside_its_door, "till/src/a.ts", "import { invoke } from '@tauri-apps/api'", 1),
        (deeds_of_the_core, "core/src/a.rs", "use std::{\n    fmt,\n    fs as files,\n};", 3),
        (deeds_of_the_core, "core/src/a.rs", "let t = std::time::SystemTime::now();", 1),
        (deeds_of_the_core, "core/src/a.rs", "use std::time::Instant;\nlet t = Instant::now();", 2),
        (deeds_of_the_core, "core/src/a.rs", "std :: thread :: spawn(f)", 1),
        (deeds_of_the_core, "core/src/a.rs", "use tokio as runtime;", 1),
        (modules_without_a_word, "core/src/a.rs", "use std::fmt;", 1),
        (modules_without_a_word, "core/src/a.rs", "//!\nuse std::fmt;", 1),
        (modules_without_a_word, "core/src/a.rs", "", 1),
        (things_left_for_later, "core/src/a.rs", &later, 2),
        (things_left_for_later, "ui/a.ts", &repair, 1),
        (things_left_for_later, "core/src/a.rs", "fn f() {\n    todo!()\n}", 2),
        (things_left_for_later, "core/src/a.rs", "unimplemented !(\"x\")", 1),
        (files_that_are_too_long, "core/src/a.rs", &long, LINES_MAX + 1),
    ];
    for (law, path, text, line) in cases {
        let breaches = law(&[source(path, text)]);
        let lines: Vec<usize> = breaches.iter().map(|breach| breach.line).collect();
        assert_eq!(lines, [*line], "{path} with\n{text}\ngave {breaches:?}");
    }

    let doors = ["ui/a.ts", "ui/b.ts"].map(|path| source(path, "import '@tauri-apps/api'"));
    assert_eq!(tauri_outside_its_door(&doors).len(), 2, "two doors are one too many");
}

#[test]
fn the_laws_leave_the_innocent_alone() {
    let just_fits = "//! Long.\n".repeat(LINES_MAX);
    let cases: &[(Law, &str, &str)] = &[
        (
            directions_of_manifests,
            "Cargo.toml",
            "[workspace.dependencies]\ndaybook-till = { path = \"till\" }",
        ),
        (directions_of_manifests, "till/Cargo.toml", "[dependencies]\ndaybook-store.workspace = true"),
        (
            directions_of_manifests,
            "core/Cargo.toml",
            "[package]\ndescription = \"not daybook-till\"\n# daybook-till = 1",
        ),
        (directions_of_sources, "till/src/a.rs", "/// Not daybook_server.\nuse daybook_core::Money;"),
        (directions_of_sources, "till/tests/a.rs", "use daybook_till::Till;\nlet daybook_home = 1;"),
        (sql_outside_the_store, "store/src/a.rs", "\"SELECT 1\""),
        (
            sql_outside_the_store,
            "till/src/a.rs",
            "// \"SELECT 1\"\nlet a = \"Select a product\";\nlet b = \"UPDATED\";",
        ),
        (sqlite_outside_the_store, "Cargo.toml", "[workspace.dependencies]\nrusqlite = \"0.41\""),
        (sqlite_outside_the_store, "till/src/a.rs", "/* rusqlite */ let a = \"rusqlite\";"),
        (unsafe_code_elsewhere, "tests/src/disk/vfs/held.rs", "unsafe { f() }"),
        (unsafe_code_elsewhere, "store/src/a.rs", "// unsafe\nlet a = \"unsafe\";"),
        (status_codes_outside_their_table, "sync-server/src/http/error.rs", "use http::StatusCode;"),
        (status_codes_outside_their_table, "till/src/a.rs", "//! StatusCode is elsewhere."),
        (tauri_outside_its_door, "src-tauri/src/main.rs", "tauri::Builder::default()"),
        (tauri_outside_its_door, "ui/door.ts", "import '@tauri-apps/api'"),
        (
            deeds_of_the_core,
            "core/src/a.rs",
            "/// Never std::fs.\nuse std::{fmt, io};\nlet fs = now(std::net_total);",
        ),
        (deeds_of_the_core, "store/src/a.rs", "use std::fs;"),
        (modules_without_a_word, "core/src/a.rs", "//! What it is for.\n"),
        (things_left_for_later, "core/src/a.rs", "let todo = 1;\nif todo != 2 { \"todo!()\" }"),
        (files_that_are_too_long, "core/src/a.rs", &just_fits),
    ];
    for (law, path, text) in cases {
        let breaches = law(&[source(path, text)]);
        assert!(breaches.is_empty(), "{path} with\n{text}\ngave {breaches:?}");
    }
}

fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_string(), text: text.to_string() }
}
