//! Epochs of head office: whether its log goes on from where it was left, or is another one now.
//!
//! The anchor lies outside the database and says how far the log was. A log behind it or beside it was restored or copied back, and one
//! ahead of it only outran the last writing of the anchor. Where the anchor was put back together with the log, nothing here can tell;
//! then a till proves it, by a later word of head office about itself.

use serde::{Deserialize, Serialize};

use crate::chain::Tip;
use crate::ids::OriginId;

/// How far head office's log was, kept outside its database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The epoch.
    pub epoch: String,
    /// The origin under which head office writes in it.
    pub writes_as: OriginId,
    /// The last event that it wrote under it. Noted before it is committed: whoever has seen it has seen what the log must hold.
    #[serde(default = "no_event")]
    pub own: Tip,
    /// The position of the last event of the log.
    pub position: i64,
    /// Whose event that is.
    pub origin: OriginId,
    /// Where it stands in its chain.
    pub tip: Tip,
}

fn no_event() -> Tip {
    Tip::NONE
}

/// What a log holds of what its anchor names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The event at the anchored position.
    pub there: Option<(OriginId, Tip)>,
    /// Whether it holds the last event that head office wrote itself.
    pub holds_own: bool,
}

/// Why a new epoch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NewEpoch {
    /// There is no anchor, or none that can be read.
    #[error("nothing says how far the log was")]
    NoAnchor,
    /// A new epoch was begun and cut short.
    #[error("a new epoch was begun and is not finished")]
    Unfinished,
    /// The anchor names another origin than the identity: one of them was put back.
    #[error("head office writes under another origin than the one it was left with")]
    OtherOrigin,
    /// The log does not hold the anchored event where it was, or lacks one of head office's own: it is an older or another one.
    #[error("the log was restored, copied back or wiped")]
    OtherLog,
    /// A till holds a later word of head office about itself.
    #[error("a till knows events of head office that are not in its log")]
    ProvedLater,
}

/// Whether head office may go on in the epoch of its anchor.
pub fn judge(anchor: Option<&Anchor>, writes_as: OriginId, log: Log) -> Result<(), NewEpoch> {
    let anchor = anchor.ok_or(NewEpoch::NoAnchor)?;
    if anchor.writes_as != writes_as {
        return Err(NewEpoch::OtherOrigin);
    }
    if log.holds_own && log.there == Some((anchor.origin, anchor.tip)) {
        Ok(())
    } else {
        Err(NewEpoch::OtherLog)
    }
}

/// What a till's word of head office about itself, its certificate and seal verified, is to the head office of today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Whether it is of the origin under which head office writes now.
    pub of_present_origin: bool,
    /// Whether head office knows that origin as one of its own.
    pub origin_is_known: bool,
    /// Whether the log knows the event.
    pub event_is_known: bool,
}

/// Whether a witness proves that head office wrote events which it does not know, so that writing on would fork its log. Losses of an
/// earlier origin of its own prove nothing any more: the epoch that came after them began for that reason.
pub fn is_proof(witness: Witness) -> bool {
    !witness.event_is_known && (witness.of_present_origin || !witness.origin_is_known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::sha256;
    use uuid::Uuid;

    fn origin(number: u128) -> OriginId {
        OriginId(Uuid::from_u128(number))
    }

    fn tip(seq: i64) -> Tip {
        Tip { seq, hash: sha256(&seq.to_be_bytes()) }
    }

    #[test]
    fn a_log_goes_on_only_where_it_holds_what_its_anchor_says() {
        let anchor = Anchor {
            epoch: "e".to_owned(),
            writes_as: origin(1),
            own: tip(4),
            position: 9,
            origin: origin(2),
            tip: tip(7),
        };
        let there = Some((origin(2), tip(7)));
        let (as_left, behind) = (Log { there, holds_own: true }, Log { there: None, holds_own: true });
        let beside = Log { there: Some((origin(2), tip(8))), holds_own: true };
        let without_own = Log { there, holds_own: false };
        let cases = [
            ("as it was left, or ahead", Some(&anchor), origin(1), as_left, Ok(())),
            ("no anchor", None, origin(1), as_left, Err(NewEpoch::NoAnchor)),
            ("behind", Some(&anchor), origin(1), behind, Err(NewEpoch::OtherLog)),
            ("beside", Some(&anchor), origin(1), beside, Err(NewEpoch::OtherLog)),
            ("without an own event", Some(&anchor), origin(1), without_own, Err(NewEpoch::OtherLog)),
            ("another writer", Some(&anchor), origin(3), as_left, Err(NewEpoch::OtherOrigin)),
        ];
        for (what, anchor, writes_as, log, expected) in cases {
            assert_eq!(judge(anchor, writes_as, log), expected, "{what}");
        }
    }

    #[test]
    fn an_anchor_of_before_own_events_were_noted_is_read() {
        let (origin, hash) = (origin(1), "00".repeat(32));
        let text = format!(
            r#"{{"epoch":"e","writes_as":"{origin}","position":9,"origin":"{origin}","tip":{{"seq":7,"hash":"{hash}"}}}}"#
        );
        assert_eq!(serde_json::from_str::<Anchor>(&text).unwrap().own, Tip::NONE);
    }

    #[test]
    fn only_a_loss_that_no_epoch_answered_yet_is_proof_of_another_log() {
        let cases = [
            (true, true, false, true),
            (true, true, true, false),
            (false, false, false, true),
            (false, true, false, false),
            (false, true, true, false),
        ];
        for (of_present_origin, origin_is_known, event_is_known, proves) in cases {
            let witness = Witness { of_present_origin, origin_is_known, event_is_known };
            assert_eq!(is_proof(witness), proves, "{witness:?}");
        }
    }
}
