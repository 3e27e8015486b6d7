//! Events as the simulation writes, seals and keeps them: real envelopes, real hashes, small payloads.
//!
//! It is a twin of [`daybook_core::record::Writer`] that can also write what no version of ours would (poison, events to come), and that
//! seals either with real keys or with a keyed hash in their place: signatures would be nine tenths of a seed's time. A test holds that
//! twin and original write the same bytes.

use daybook_core::chain::{Hash, Seal, Tip, sha256};
use daybook_core::envelope::{Envelope, EventText, Line};
use daybook_core::event::Event;
use daybook_core::identity::KeyPair;
use daybook_core::ids::{CommandId, EventId, OriginId};
use daybook_core::record::Writer;
use daybook_core::sync::server::{BadPush, Bringer, Push};
use daybook_core::time::Now;
use daybook_core::wire::PushHead;
use std::rc::Rc;

/// An event as a disk of the simulation keeps it.
#[derive(Debug, PartialEq, Eq)]
pub struct Stored {
    /// Whose chain.
    pub origin: OriginId,
    /// Where in it.
    pub tip: Tip,
    /// Hash of the event before it.
    pub prev: Hash,
    /// Its order key.
    pub at: i64,
    /// The texts.
    pub text: EventText,
}

/// Kept in several places, written once.
pub type Kept = Rc<Stored>;

/// The identity of an event: whose, which number, which hash.
pub type Key = (OriginId, i64, Hash);

impl Stored {
    /// Its identity.
    pub fn key(&self) -> Key {
        (self.origin, self.tip.seq, self.tip.hash)
    }
}

/// What is about to be recorded.
#[derive(Clone, Debug)]
pub struct Fact {
    kind: String,
    v: u32,
    stream: String,
    payload: String,
    base: Option<Vec<Hash>>,
    /// Whether it is sealed in its commit.
    pub is_sealed: bool,
}

impl Fact {
    /// A description, with the heads it had seen.
    pub fn describing(event: &Event, base: Vec<Hash>) -> Self {
        Fact { base: Some(base), ..Fact::from(event) }
    }

    /// Whatever somebody calls an event.
    pub fn raw(kind: &str, v: u32, stream: &str, payload: &str) -> Self {
        let (kind, stream, payload) = (kind.to_owned(), stream.to_owned(), payload.to_owned());
        Fact { kind, v, stream, payload, base: None, is_sealed: false }
    }
}

impl From<&Event> for Fact {
    fn from(event: &Event) -> Self {
        let (kind, v) = event.kind();
        Fact { is_sealed: event.is_sealed(), ..Fact::raw(kind, v, &event.stream(), &event.payload_text()) }
    }
}

/// What an origin seals with.
#[derive(Clone)]
pub enum Sealer {
    /// Ed25519, as in a shop.
    Real(Box<KeyPair>),
    /// A hash under a secret, in the place of a signature.
    StandIn(Hash),
}

impl Sealer {
    /// Seals an event.
    pub fn seal(&self, origin: OriginId, tip: Tip) -> Seal {
        match self {
            Sealer::Real(key) => Seal::sign(key.signing_key(), origin, tip),
            Sealer::StandIn(secret) => {
                let mut bytes = [0; 88];
                bytes[..32].copy_from_slice(&secret.0);
                bytes[32..48].copy_from_slice(origin.0.as_bytes());
                bytes[48..56].copy_from_slice(&tip.seq.to_be_bytes());
                bytes[56..].copy_from_slice(&tip.hash.0);
                let mut seal = [0; 64];
                seal[..32].copy_from_slice(&sha256(&bytes).0);
                Seal(seal)
            }
        }
    }

    /// Links the lines of a push and checks the seal of its head. Real keys take the road of the shipped server.
    pub fn check(&self, head: &PushHead, lines: Vec<Line>, bringer: Bringer) -> Result<Push, BadPush> {
        let Sealer::StandIn(_) = self else {
            let Sealer::Real(key) = self else { return Err(BadPush::BadSeal) };
            return Push::check(head, lines, &key.public(), bringer);
        };
        let seal = Seal::parse(&head.seal).ok_or(BadPush::BadSeal)?;
        let mut tip = head.previous;
        let link = |line: Line| {
            tip = Tip { seq: tip.seq + 1, hash: line.hash(tip.hash) };
            (tip, line)
        };
        let events: Vec<(Tip, Line)> = lines.into_iter().map(link).collect();
        let last = events.last().ok_or(BadPush::Empty)?.0;
        if self.seal(head.origin, last) != seal {
            return Err(BadPush::BadSeal);
        }
        Ok(Push { origin: head.origin, previous: head.previous, events, seal })
    }
}

/// Writes facts down after a writer; gives them and the writer that stands after them.
pub fn write(
    mut writer: Writer,
    facts: Vec<Fact>,
    now: Now,
    command: Option<CommandId>,
    sealer: &Sealer,
    mut new_id: impl FnMut() -> EventId,
) -> (Vec<Kept>, Writer) {
    let mut written = Vec::with_capacity(facts.len());
    for fact in facts {
        let envelope = Envelope {
            id: new_id(),
            origin: writer.origin,
            seq: writer.tip.seq + 1,
            at: now.order_key_after(writer.last_at),
            wall: now.wall,
            offset: now.offset,
            stream: fact.stream,
            rev: 1,
            base: fact.base,
            kind: fact.kind,
            v: fact.v,
            actor: None,
            approver: None,
            corr: command,
            cause: None,
            day: None,
            seen: None,
        };
        let text = serde_json::to_string(&envelope).expect("envelopes are plain data");
        let mut text = EventText { envelope: text, payload: fact.payload, seal: None };
        let tip = Tip { seq: envelope.seq, hash: text.hash(writer.tip.hash) };
        text.seal = fact.is_sealed.then(|| sealer.seal(writer.origin, tip));
        let stored = Stored { origin: writer.origin, tip, prev: writer.tip.hash, at: envelope.at, text };
        written.push(Rc::new(stored));
        writer.tip = tip;
        writer.last_at = envelope.at;
    }
    (written, writer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::event::origin::TillStarted;
    use daybook_core::record::{Circumstances, Draft};
    use uuid::Uuid;

    #[test]
    fn twin_and_original_write_the_same_bytes() {
        let key = KeyPair::from_seed([3; 32]);
        let writer = Writer { last_at: 5_000, ..Writer::new(OriginId(Uuid::from_u128(1))) };
        let now = Now { wall: 4_000, offset: 7 };
        let command = Some(CommandId(Uuid::from_u128(9)));
        let id = || EventId(Uuid::from_u128(2));
        let started =
            || Event::from(TillStarted { run: "a".into(), previous_run: None, version: "1".into() });
        let facts = vec![Fact::from(&started()), Fact::from(&started())];
        let sealer = Sealer::Real(Box::new(key.clone()));
        let (ours, after) = write(writer, facts, now, command, &sealer, id);
        let draft = || Draft { id: id(), event: started(), rev: 1, base: None };
        let circumstances = Circumstances { now, actor: None, approver: None, command, day: None };
        let (theirs, their_after) = writer
            .record(vec![draft(), draft()], &circumstances, &key, false)
            .expect("small events");
        assert_eq!(after, their_after);
        for (one, other) in ours.iter().zip(&theirs) {
            assert_eq!((one.tip, one.prev, &one.text), (other.tip, other.prev, &other.text));
        }
    }

    #[test]
    fn a_stand_in_holds_for_its_event_and_its_secret_alone() {
        let sealer = Sealer::StandIn(sha256(b"one"));
        let (origin, tip) = (OriginId(Uuid::from_u128(1)), Tip { seq: 1, hash: sha256(b"event") });
        let seal = sealer.seal(origin, tip);
        assert_eq!(seal, sealer.seal(origin, tip));
        assert_ne!(seal, sealer.seal(origin, Tip { seq: 2, ..tip }));
        assert_ne!(seal, Sealer::StandIn(sha256(b"other")).seal(origin, tip));
    }
}
