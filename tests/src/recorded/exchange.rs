//! A request and its answer as they stood on the wire, and whether another answer to the same request is alike.
//!
//! A later version may say more. Whatever was said once has to be there, events byte for byte, and signed.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context as _, anyhow, bail, ensure};
use daybook_core::identity::PublicKey;
use daybook_core::identity::http_signature::{AnswerParts, content_digest, verify_answer};
use daybook_core::wire::REQUEST_HEADER;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Headers of an answer that are recorded.
const RECORDED: &[&str] =
    &["content-type", "content-digest", "daybook-request", "daybook-nonce", "signature-input", "signature"];
/// Members of answers that are of the program and not of the exchange, or of its read models, which each version builds anew.
const NOT_OF_EXCHANGE: &[&str] = &["version", "message", "revision"];
/// Positions in the lane of conflicts are revisions as well, and its cursor stands for one.
const LANE: &str = "conflicts";

/// A request with its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exchange {
    /// What it is about.
    pub about: String,
    /// What was asked.
    pub request: Asked,
    /// What was answered.
    pub answer: Answered,
}

/// A request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Its headers, but for `host`, `content-length` and `connection`.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: String,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// Its headers, as far as they say something.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: String,
}

impl Asked {
    /// Sends it as it stands.
    pub async fn send(&self, server: SocketAddr) -> anyhow::Result<Answered> {
        let mut text =
            format!("{} {} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() {
            text.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        text.push_str("\r\n");
        text.push_str(&self.body);
        let mut stream = TcpStream::connect(server).await?;
        stream.write_all(text.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Answered::read(std::str::from_utf8(&answer)?)
    }
}

impl Answered {
    fn read(text: &str) -> anyhow::Result<Answered> {
        let (head, body) = text.split_once("\r\n\r\n").context("half an answer")?;
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status")?.parse()?;
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .filter(|(name, _)| RECORDED.contains(&name.as_str()))
            .collect();
        Ok(Answered { status, headers, body: body.to_owned() })
    }

    /// Says where another answer to the same request is not alike: another status, a line or member that is missing or other, bytes of an
    /// event that are other, a signature that does not hold. What is there besides is no fault.
    pub fn differs_from(&self, recorded: &Answered, key: &PublicKey) -> anyhow::Result<()> {
        ensure!(
            self.status == recorded.status,
            "status {} and not {}: {}",
            self.status,
            recorded.status,
            self.body
        );
        if recorded.headers.contains_key("signature") {
            self.is_signed(recorded, key)?;
        }
        let (mut now, mut then) = (self.body.lines(), recorded.body.lines());
        loop {
            match (now.next(), then.next()) {
                (None, None) => return Ok(()),
                // A line of an event or an entry: its bytes are for ever.
                (now, Some(then))
                    if then.starts_with('[') && then.contains("[{") && self.body.lines().count() > 1 =>
                {
                    ensure!(now == Some(then), "the line {now:?} and not {then}");
                }
                (Some(now), Some(then)) => {
                    let (now, then): (Value, Value) =
                        (serde_json::from_str(now)?, serde_json::from_str(then)?);
                    holds("", &now, &then)?;
                }
                (now, then) => bail!("the line {now:?} and not {then:?}"),
            }
        }
    }

    fn is_signed(&self, recorded: &Answered, key: &PublicKey) -> anyhow::Result<()> {
        let header = |name: &str| self.headers.get(name).with_context(|| format!("no {name}"));
        let digest = content_digest(self.body.as_bytes());
        ensure!(*header("content-digest")? == digest, "another digest than that of the body");
        ensure!(
            self.headers.get(REQUEST_HEADER) == recorded.headers.get(REQUEST_HEADER),
            "another request's answer"
        );
        let request = header(REQUEST_HEADER)?.parse().map_err(|_| anyhow!("no id of a request"))?;
        let parts = AnswerParts { status: self.status, request, content_digest: &digest };
        verify_answer(&parts, (header("signature-input")?, header("signature")?), key)
            .map(|_| ())
            .map_err(|error| anyhow!("{error}"))
    }
}

/// Whether a value says all that another one says.
fn holds(place: &str, now: &Value, then: &Value) -> anyhow::Result<()> {
    match (now, then) {
        (Value::Object(now), Value::Object(then)) => {
            let is_of_lane = then.contains_key(LANE);
            let counts = |name: &str| {
                let is_revision = name.starts_with("conflicts:") || is_of_lane && name == "cursor";
                !is_revision && !NOT_OF_EXCHANGE.contains(&name)
            };
            for (name, then) in then.iter().filter(|(name, _)| counts(name)) {
                let place = format!("{place}/{name}");
                holds(&place, now.get(name).with_context(|| format!("{place} is missing"))?, then)?;
            }
            Ok(())
        }
        (Value::Array(now), Value::Array(then)) if now.len() == then.len() => {
            now.iter().zip(then).try_for_each(|(now, then)| holds(place, now, then))
        }
        _ => {
            ensure!(now == then, "{place} is {now} and not {then}");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::identity::KeyPair;
    use serde_json::json;

    fn answer(body: &str) -> Answered {
        Answered { status: 200, headers: BTreeMap::new(), body: body.to_owned() }
    }

    #[test]
    fn what_is_there_besides_is_alike_and_what_is_missing_or_other_is_not() {
        let key = KeyPair::from_seed([1; 32]).public();
        let alike = |now: &str, then: &str| answer(now).differs_from(&answer(then), &key).is_ok();
        let then = json!({"a": 1, "b": [{"c": "d"}], "version": "1"}).to_string();
        assert!(alike(&then, &then));
        assert!(alike(
            &json!({"a": 1, "b": [{"c": "d", "e": 2}], "version": "2", "f": 3}).to_string(),
            &then
        ));
        for other in
            [json!({"a": 1, "version": "1"}), json!({"a": 2, "b": [{"c": "d"}]}), json!({"a": 1, "b": []})]
        {
            assert!(!alike(&other.to_string(), &then), "{other}");
        }
        let page = "{\"entries\":1}\n[1,[],[{\"id\":1},{},null]]";
        assert!(alike(page, page));
        assert!(!alike("{\"entries\":1}\n[1,[],[{\"id\": 1},{},null]]", page), "bytes of an event");
        assert!(!alike("{\"entries\":1}", page));
        assert!(!alike(page, "{\"entries\":1}"));
        let mut refused = answer(&then);
        refused.status = 403;
        assert!(refused.differs_from(&answer(&then), &key).is_err());
    }
}
