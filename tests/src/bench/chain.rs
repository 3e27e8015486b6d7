//! The row of verification: what a reader of a log does before it believes it, beside hashing the same bytes.

use anyhow::{Context as _, anyhow, ensure};
use daybook_core::chain::{Hash, Seal, Tip, sha256};
use daybook_core::envelope::{EventText, Line};
use daybook_core::identity::{KeyPair, PublicKey};
use daybook_core::ids::OriginId;
use daybook_core::limits::PUSH_EVENTS_MAX;
use daybook_core::sync::server::{Bringer, Push};
use daybook_core::wire::PushHead;
use daybook_store::Durability;
use daybook_store::till::TillLog;
use daybook_till::NoKeystore;
use daybook_till::identity::{Identity, Keys};
use sha2::{Digest as _, Sha256};

use super::ground::{Ground, Place};
use super::measure::{Rounds, count, micros};
use super::row::{Bound, Row};

/// A till's own events as they would be pushed: each batch with its head, sealed.
pub struct Batch {
    /// Whose, after what, and the seal of its last.
    pub head: PushHead,
    /// The events.
    pub lines: Vec<EventText>,
    /// The last event.
    pub last: Tip,
}

impl Batch {
    /// Its events as the lines of a push.
    pub fn to_lines(&self) -> Vec<Line> {
        self.lines.iter().cloned().map(Line::Event).collect()
    }
}

/// The first events of a till's own chain in batches, with the key that they were sealed with.
pub fn batches(place: &Place, events: usize) -> anyhow::Result<(Vec<Batch>, PublicKey)> {
    let log = TillLog::open(&place.data, Durability::Off)?;
    let identity = log.fact("identity")?.context("this till belongs to no store")?;
    let identity: Identity = serde_json::from_str(&identity)?;
    let origin = identity.writes_as().context("the till has no origin")?;
    let keys = Keys::read(&place.data, &NoKeystore)?;
    let key = keys.origins.get(&origin).context("the till has no key")?.clone();
    let mut batches: Vec<Batch> = Vec::new();
    let (mut previous, mut taken) = (Tip::NONE, 0);
    while taken < events {
        let most = PUSH_EVENTS_MAX.min(events - taken);
        let found = log.own_after(origin, previous.seq, most, usize::MAX)?;
        let Some(last) = found.last().map(|event| event.tip) else { break };
        taken += found.len();
        let head = head(origin, previous, last, &key, &identity);
        batches.push(Batch { head, lines: found.into_iter().map(|event| event.text).collect(), last });
        previous = last;
    }
    Ok((batches, key.public()))
}

fn head(origin: OriginId, previous: Tip, last: Tip, key: &KeyPair, identity: &Identity) -> PushHead {
    let seal = Seal::sign(key.signing_key(), origin, last).text();
    PushHead { origin, previous, seal, certificates: identity.lineage(origin) }
}

/// P11: checking the chain of a till's events as head office does, beside SHA-256 of the same bytes.
pub fn verification(ground: &Ground, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Row>> {
    let (batches, key) = batches(&ground.with_events(tell)?, ground.sizes.events)?;
    let events: usize = batches.iter().map(|batch| batch.lines.len()).sum();
    ensure!(events > 0, "there are no events to verify");
    let texts = || batches.iter().flat_map(|batch| &batch.lines);
    let bytes: usize = texts().map(|text| text.envelope.len() + text.payload.len()).sum();
    let row = Row::new(
        "P11",
        format!("chain verification of {events} events ({} bytes each), links and seals", bytes / events),
        "SHA-256 of the same bytes, one core",
        (Bound::AtLeast(0.4), Bound::AtLeast(0.7)),
    );
    let rounds = Rounds::take(
        ground.sizes.rounds,
        || {
            let mut before = Tip::NONE;
            // What is checked is given up in checking, as the lines of a request are.
            let given: Vec<(PushHead, Vec<Line>)> =
                batches.iter().map(|batch| (batch.head.clone(), batch.to_lines())).collect();
            let (time, ()) = micros(|| {
                for ((head, lines), batch) in given.into_iter().zip(&batches) {
                    ensure!(head.previous == before, "a batch does not follow the one before");
                    let push =
                        Push::check(&head, lines, &key, Bringer::Writer).map_err(|bad| anyhow!("{bad}"))?;
                    before = push.events.last().map(|(tip, _)| *tip).context("an empty batch")?;
                    ensure!(before == batch.last, "a batch does not end where the log says");
                }
                Ok(())
            })?;
            Ok(count(events) / time * 1e6)
        },
        || {
            let (time, digest) = micros(|| {
                let mut hasher = Sha256::new();
                for text in texts() {
                    hasher.update(text.envelope.as_bytes());
                    hasher.update(text.payload.as_bytes());
                }
                Ok(hasher.finalize())
            })?;
            ensure!(Hash::from_slice(&digest) != Some(sha256(&[])), "nothing was hashed");
            Ok(count(events) / time * 1e6)
        },
    )?;
    Ok(vec![row.measured("events/s", &rounds).noting(format!(
        "in batches of {PUSH_EVENTS_MAX}, as head office checks what a till pushes, one seal each; the other side is one pass over all \
         bytes without a boundary"
    ))])
}
