//! What a till of a later version would write, or one that has gone mad: events that no till of this version records, put into the books
//! of a closed till as their writer would have put them there. They are linked and sealed; only what they say is up to whoever asks.

use std::path::Path;

use anyhow::Context as _;
use daybook_core::chain::{Seal, Tip};
use daybook_core::envelope::{Envelope, EventText};
use daybook_core::ids::{EventId, OriginId, uuid_v7};
use daybook_store::Durability;
use daybook_store::file::DirectoryLock;
use daybook_store::till::{KeptEvent, TillLog};
use daybook_till::NoKeystore;
use daybook_till::identity::{Identity, Keys};
use daybook_till::journal::Journal;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Microseconds between two of them.
const BETWEEN: i64 = 1_000_000;

/// Events among which one has to make sense, so that the next follows it in time.
const LOOK_BACK: i64 = 64;

/// An event to come.
#[derive(Clone, Debug, Deserialize)]
pub struct Later {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The version of its payload.
    pub v: u32,
    /// The payload.
    pub payload: Value,
    /// Members of the envelope that no version knows yet.
    #[serde(default)]
    pub envelope: Map<String, Value>,
    /// Texts that stand in the place of envelope and payload, byte for byte.
    #[serde(default)]
    pub instead: Option<(String, String)>,
}

impl Later {
    /// An event of a type and version with a payload.
    pub fn of(kind: &str, v: u32, payload: Value) -> Self {
        Later { kind: kind.to_owned(), v, payload, envelope: Map::new(), instead: None }
    }

    /// One whose texts are these, whatever they are.
    pub fn texts(envelope: &str, payload: &str) -> Self {
        let instead = Some((envelope.to_owned(), payload.to_owned()));
        Later { instead, ..Later::of("sale.levitated", 1, Value::Null) }
    }

    fn text(&self, envelope: &Envelope) -> anyhow::Result<EventText> {
        if let Some((envelope, payload)) = &self.instead {
            return Ok(EventText { envelope: envelope.clone(), payload: payload.clone(), seal: None });
        }
        let mut text = serde_json::to_string(envelope)?;
        for (name, value) in &self.envelope {
            text.pop();
            text.push_str(&format!(",{}:{value}}}", Value::from(name.as_str())));
        }
        Ok(EventText { envelope: text, payload: self.payload.to_string(), seal: None })
    }
}

/// Puts events into the books of a closed till, after its last; gives whose they are and where each of them stands.
pub fn write(data: &Path, journal: &Path, events: &[Later]) -> anyhow::Result<(OriginId, Vec<Tip>)> {
    let _lock = DirectoryLock::take(data)?;
    let mut log = TillLog::open(data, Durability::Off)?;
    let identity = log.fact("identity")?.context("this till belongs to no store")?;
    let identity: Identity = serde_json::from_str(&identity)?;
    let origin = identity.writes_as().context("the till has no origin")?;
    let key = Keys::read(data, &NoKeystore)?
        .origins
        .get(&origin)
        .context("the till has no key")?
        .clone();
    let mut tip = log.own_tip(origin)?;
    let lately = log.own_chain(origin, tip.seq - LOOK_BACK, tip.seq)?;
    let readable = lately.iter().rev().find_map(|event| event.text.read_envelope().ok());
    let last = readable.context("nothing lately makes sense")?;
    let (mut at, mut kept) = (last.at + BETWEEN * (tip.seq - last.seq), Vec::new());
    for later in events {
        at += BETWEEN;
        let seq = tip.seq + 1;
        let mut random = [0; 10];
        random[2..].copy_from_slice(&seq.to_be_bytes());
        let envelope = Envelope {
            id: EventId(uuid_v7(at, random)),
            seq,
            at,
            wall: at,
            stream: format!("later/{seq}"),
            rev: 1,
            base: None,
            kind: later.kind.clone(),
            v: later.v,
            corr: None,
            approver: None,
            ..last.clone()
        };
        let mut text = later.text(&envelope)?;
        let (prev, hash) = (tip.hash, text.hash(tip.hash));
        tip = Tip { seq, hash };
        text.seal = Some(Seal::sign(key.signing_key(), origin, tip));
        kept.push(KeptEvent { tip, prev, envelope, text });
    }
    log.take_back(&kept, &[])?;
    Journal::open(journal)?.append(kept.iter().map(|event| (event.tip, event.prev, &event.text)))?;
    Ok((origin, kept.iter().map(|event| event.tip).collect()))
}
