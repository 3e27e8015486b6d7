//! Recording: from decided events to the texts that are kept for ever.
//!
//! A [`Writer`] is where an origin's chain stands. It numbers, times, links and seals events without touching a disk; the shell appends
//! what comes out in one commit and only then moves on with the new writer. If the commit fails, the old writer is still true.

use crate::chain::{Hash, Seal, Tip};
use crate::envelope::{Envelope, EventText};
use crate::event::Event;
use crate::identity::KeyPair;
use crate::ids::{CommandId, EventId, OriginId, StaffId};
use crate::limits::EVENT_TEXT_BYTES_MAX;
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
    /// even where its type asks for no seal, as head office does with every commit.
    pub fn record(
        mut self,
        drafts: Vec<Draft>,
        circumstances: &Circumstances,
        key: &KeyPair,
        seal_last: bool,
    ) -> Result<(Vec<Recorded>, Writer), TooLarge> {
        let mut recorded = Vec::with_capacity(drafts.len());
        let count = drafts.len();
        for (index, draft) in drafts.into_iter().enumerate() {
            let seal = draft.event.is_sealed() || (seal_last && index + 1 == count);
            let event = self.link(draft, circumstances, seal.then_some(key))?;
            self.tip = event.tip;
            self.last_at = event.envelope.at;
            recorded.push(event);
        }
        Ok((recorded, self))
    }

    fn link(
        &self,
        draft: Draft,
        circumstances: &Circumstances,
        seal: Option<&KeyPair>,
    ) -> Result<Recorded, TooLarge> {
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
        let mut text = EventText { envelope: text, payload: draft.event.payload_text(), seal: None };
        if text.envelope.len() > EVENT_TEXT_BYTES_MAX || text.payload.len() > EVENT_TEXT_BYTES_MAX {
            return Err(TooLarge(kind.to_owned()));
        }
        let tip = Tip { seq: envelope.seq, hash: text.hash(self.tip.hash) };
        text.seal = seal.map(|key| Seal::sign(key.signing_key(), self.origin, tip));
        Ok(Recorded { tip, prev: self.tip.hash, envelope, event: draft.event, text })
    }
}
