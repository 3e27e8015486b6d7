//! Recording: from decided events to the texts that are kept for ever.
//!
//! A [`Writer`] is where an origin's chain stands. It numbers, times, links and seals events without touching a disk; the shell appends
//! what comes out in one commit and only then moves on with the new writer. If the commit fails, the old writer is still true.

use crate::chain::{Hash, Seal, Tip};
use crate::envelope::{Envelope, EventText};
use crate::event::Event;
use crate::identity::KeyPair;
use crate::ids::{CommandId, EventId, OriginId, StaffId};
use crate::limits::{EVENT_TEXT_BYTES_MAX, UNSEALED_BYTES_MAX, UNSEALED_EVENTS_MAX};
use crate::time::{Day, Now};

/// Where the chain of an origin stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Writer {
    /// The origin.
    pub origin: OriginId,
    /// Its last event.
    pub tip: Tip,
    /// The order key of its last event.
    pub last_at: i64,
}

/// An event about to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its id.
    pub id: EventId,
    /// What happened.
    pub event: Event,
    /// Its number in its stream.
    pub rev: i64,
    /// Shared descriptions: the heads that were seen.
    pub base: Option<Vec<Hash>>,
}

/// Who, when and why, for all events of one commit.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// The present moment.
    pub now: Now,
    /// Who acted.
    pub actor: Option<StaffId>,
    /// Who approved.
    pub approver: Option<StaffId>,
    /// The command.
    pub command: Option<CommandId>,
    /// The business day.
    pub day: Option<Day>,
}

/// An event as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Number and hash.
    pub tip: Tip,
    /// Hash of the event before it.
    pub prev: Hash,
    /// The envelope.
    pub envelope: Envelope,
    /// The payload.
    pub event: Event,
    /// The texts that are kept.
    pub text: EventText,
}

/// An event's texts are larger than [`EVENT_TEXT_BYTES_MAX`]; nothing was recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {0} event would be larger than an event may be")]
pub struct TooLarge(pub String);

impl Writer {
    /// A writer before its first event.
    pub fn new(origin: OriginId) -> Self {
        Writer { origin, tip: Tip::NONE, last_at: 0 }
    }

    /// The drafts as they will be kept, and the writer that stands after them. `seal_last` seals the last event
    /// even where its type asks for no seal, as head office does with every commit. A commit that is larger than a push is sealed in
    /// between as well: whoever hands it back has to end at a seal.
    pub fn record(
        mut self,
        drafts: Vec<Draft>,
        circumstances: &Circumstances,
        key: &KeyPair,
        seal_last: bool,
    ) -> Result<(Vec<Recorded>, Writer), TooLarge> {
        let mut recorded = Vec::with_capacity(drafts.len());
        let count = drafts.len();
        let (mut events, mut bytes) = (0, 0);
        for (index, draft) in drafts.into_iter().enumerate() {
            let mut event = self.link(draft, circumstances)?;
            events += 1;
            bytes += event.text.envelope.len() + event.text.payload.len();
            let is_long = events >= UNSEALED_EVENTS_MAX || bytes >= UNSEALED_BYTES_MAX;
            if event.event.is_sealed() || is_long || (seal_last && index + 1 == count) {
                event.text.seal = Some(Seal::sign(key.signing_key(), self.origin, event.tip));
                (events, bytes) = (0, 0);
            }
            self.tip = event.tip;
            self.last_at = event.envelope.at;
            recorded.push(event);
        }
        Ok((recorded, self))
    }

    fn link(&self, draft: Draft, circumstances: &Circumstances) -> Result<Recorded, TooLarge> {
        let (kind, v) = draft.event.kind();
        let envelope = Envelope {
            id: draft.id,
            origin: self.origin,
            seq: self.tip.seq + 1,
            at: circumstances.now.order_key_after(self.last_at),
            wall: circumstances.now.wall,
            offset: circumstances.now.offset,
            stream: draft.event.stream(),
            rev: draft.rev,
            base: draft.base,
            kind: kind.to_owned(),
            v,
            actor: circumstances.actor,
            approver: circumstances.approver,
            corr: circumstances.command,
            cause: None,
            day: circumstances.day,
            seen: None,
        };
        let text = serde_json::to_string(&envelope)
            .unwrap_or_else(|error| unreachable!("envelopes are plain data: {error}"));
        let text = EventText { envelope: text, payload: draft.event.payload_text(), seal: None };
        if text.envelope.len() > EVENT_TEXT_BYTES_MAX || text.payload.len() > EVENT_TEXT_BYTES_MAX {
            return Err(TooLarge(kind.to_owned()));
        }
        let tip = Tip { seq: envelope.seq, hash: text.hash(self.tip.hash) };
        Ok(Recorded { tip, prev: self.tip.hash, envelope, event: draft.event, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::description::ProductArchived;
    use crate::ids::ProductId;
    use uuid::Uuid;

    #[test]
    fn a_commit_larger_than_a_push_is_sealed_in_between() {
        let key = KeyPair::from_seed([7; 32]);
        let draft = |number: usize| Draft {
            id: EventId(Uuid::from_u128(number as u128)),
            event: ProductArchived { product: ProductId(Uuid::from_u128(number as u128)) }.into(),
            rev: 1,
            base: None,
        };
        let now = Now { wall: 1, offset: 0 };
        let circumstances = Circumstances { now, actor: None, approver: None, command: None, day: None };
        let writer = Writer::new(OriginId(Uuid::from_u128(1)));
        let drafts = (0..2 * UNSEALED_EVENTS_MAX + 1).map(draft).collect();
        let (recorded, _) = writer.record(drafts, &circumstances, &key, false).unwrap();
        let sealed: Vec<i64> = recorded
            .iter()
            .filter(|event| event.text.seal.is_some())
            .map(|event| event.tip.seq)
            .collect();
        let every = i64::try_from(UNSEALED_EVENTS_MAX).unwrap();
        assert_eq!(sealed, [every, 2 * every]);
        for event in recorded.iter().filter(|event| event.text.seal.is_some()) {
            let seal = event.text.seal.unwrap();
            assert!(seal.verifies(key.public().verifying_key(), event.envelope.origin, event.tip));
        }
    }
}
