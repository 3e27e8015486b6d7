//! Reads Rust and Cargo.toml just closely enough to judge them. It knows where comments and literals begin and end and
//! how a path is spelled, and nothing of what they mean: a full parser would bring a dependency that has to be kept in
//! step with the language, to answer questions that need no more than this.

/// The lines of a text as a person counts them, from one.
pub fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// The dependencies of a manifest, of every kind and for every system, with their lines. Reads the shapes cargo
/// accepts in one line each: `name = …`, `name.workspace = true`, a table `[dependencies.name]`, and a renamed
/// `package = "…"`, which counts under its true name.
pub fn dependencies(manifest: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut listing = false;
    let mut describing = false;
    for (line, text) in numbered(manifest) {
        let text = text.trim();
        if let Some(section) = text.strip_prefix('[') {
            let section = section.split(']').next().unwrap_or_default();
            let (above, last) = section.rsplit_once('.').unwrap_or(("", section));
            // The workspace's table says which versions there are; who uses them says so in its own manifest.
            listing = last.ends_with("dependencies") && above != "workspace";
            describing = above.ends_with("dependencies") && !above.starts_with("workspace");
            if describing {
                found.push((line, last.trim_matches('"').to_string()));
            }
            continue;
        }
        let Some((key, value)) = text.split_once('=') else { continue };
        if text.starts_with('#') || !(listing || describing) {
            continue;
        }
        if listing {
            let name = key.trim().split('.').next().unwrap_or_default();
            found.push((line, name.trim_matches('"').to_string()));
        }
        let renamed = if key.trim() == "package" {
            Some(value)
        } else {
            value.split_once("package").map(|(_, v)| v)
        };
        if let Some(name) = renamed.and_then(|value| value.split('"').nth(1)) {
            found.push((line, name.to_string()));
        }
    }
    found
}

/// A source taken apart: its code, with comments and the insides of literals blanked so that lines and columns stay,
/// and its string literals with the line each begins on.
pub struct Reading {
    pub code: String,
    pub literals: Vec<(usize, String)>,
}

impl Reading {
    pub fn of(text: &str) -> Reading {
        let chars: Vec<char> = text.chars().collect();
        let mut reading = Reading { code: String::new(), literals: Vec::new() };
        let mut at = 0;
        while at < chars.len() {
            let rest = &chars[at..];
            let end = at
                + match rest {
                    ['/', '/', ..] => rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
                    ['/', '*', ..] => block_comment_length(rest),
                    ['"', ..] => reading.string(&chars, at, None),
                    ['r', ..] if raw_hashes(&chars, at).is_some() => {
                        reading.string(&chars, at, raw_hashes(&chars, at))
                    }
                    ['\'', '\\', _, after @ ..] => {
                        4 + after.iter().position(|c| *c == '\'').unwrap_or(after.len())
                    }
                    ['\'', _, '\'', ..] => 3,
                    _ => {
                        reading.code.push(chars[at]);
                        at += 1;
                        continue;
                    }
                };
            let end = end.min(chars.len());
            reading.code.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
        reading
    }

    /// Notes the string literal at `at` and gives its length. A raw one ends at a quote with its hashes, any other at
    /// the first quote that is not escaped.
    fn string(&mut self, chars: &[char], at: usize, hashes: Option<usize>) -> usize {
        let opening = hashes.map_or(1, |hashes| hashes + 2);
        let line = 1 + self.code.matches('\n').count();
        let mut end = at + opening;
        while end < chars.len() {
            match (chars[end], hashes) {
                ('\\', None) => end += 1,
                ('"', None) => break,
                ('"', Some(hashes))
                    if chars[end + 1..].iter().take_while(|c| **c == '#').count() >= hashes =>
                {
                    break;
                }
                _ => {}
            }
            end += 1;
        }
        let inside = &chars[(at + opening).min(chars.len())..end.min(chars.len())];
        self.literals.push((line, inside.iter().collect()));
        end + 1 + hashes.unwrap_or(0) - at
    }
}

/// The hashes of a raw string that begins at `at`, as in `r"…"` and `br#"…"#`; none where an `r` is just a letter.
fn raw_hashes(chars: &[char], at: usize) -> Option<usize> {
    let before = chars[..at]
        .iter()
        .rev()
        .take_while(|c| c.is_alphanumeric() || **c == '_')
        .collect::<Vec<_>>();
    if !matches!(before[..], [] | ['b' | 'c']) {
        return None;
    }
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    (chars.get(at + 1 + hashes) == Some(&'"')).then_some(hashes)
}

fn block_comment_length(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Every path that code names, with the line it begins on; `use std::{fs, io::Read}` names `std::fs` and
/// `std::io::Read`.
pub fn paths(code: &str) -> Vec<(usize, Vec<String>)> {
    let tokens = tokens(code);
    let (mut found, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        at = if is_name(&tokens[at].1) {
            read_path(&tokens, at, &[], &mut found)
        } else {
            at + 1
        };
    }
    found
}

type Token = (usize, String);

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

fn read_path(tokens: &[Token], at: usize, above: &[String], found: &mut Vec<(usize, Vec<String>)>) -> usize {
    let is = |at: usize, wanted: &str| tokens.get(at).is_some_and(|(_, token)| token == wanted);
    let mut path = above.to_vec();
    let mut next = at;
    while tokens.get(next).is_some_and(|(_, token)| is_name(token)) {
        path.push(tokens[next].1.clone());
        next += 1;
        if !is(next, "::") {
            break;
        }
        next += 1;
    }
    if next > at && is(next - 1, "::") && is(next, "{") {
        next += 1;
        while next < tokens.len() && !is(next, "}") {
            // Between two branches stand commas, stars and `as` with its new name; none of them is a path of ours.
            let begins = is(next - 1, "{") || is(next - 1, ",");
            next = if begins && is_name(&tokens[next].1) {
                read_path(tokens, next, &path, found)
            } else {
                next + 1
            };
        }
        return next + 1;
    }
    found.push((tokens[at].0, path));
    next
}

fn tokens(code: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for (line, text) in numbered(code) {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if rest.starts_with("::") {
                2
            } else if is_name(rest) {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
            } else {
                first.len_utf8()
            };
            tokens.push((line, rest[..length].to_string()));
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

#[test]
fn a_reading_tells_code_from_comments_and_literals() {
    let text = "a('\"', '\\'', b'x', 'life) // c \" c\n/* d /* d */ d */ e\"f\\\"f\" r#\"g\"g\"# r#h br\"i\\\" for\"j\"";
    let reading = Reading::of(text);
    let code: Vec<&str> = reading.code.split_whitespace().collect();
    assert_eq!(code, ["a(", ",", ",", "b", ",", "'life)", "e", "r#h", "b", "for"]);
    let literals: Vec<&str> = reading.literals.iter().map(|(_, literal)| literal.as_str()).collect();
    assert_eq!(literals, ["f\\\"f", "g\"g", "i\\", "j"]);
    assert!(reading.literals.iter().all(|(line, _)| *line == 2));
    assert_eq!(reading.code.lines().count(), text.lines().count());
}
