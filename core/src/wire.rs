//! What travels between tills and head office: bodies, codes and routes of protocol version 1.
//!
//! Bodies that carry events are NDJSON: a head as the first line, then event lines byte for byte as first written. Everything else is
//! one JSON object. docs/PROTOCOL.md describes the same for readers of any language.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use crate::chain::{Hash, Seal, Skeleton, Tip};
use crate::conflict::Conflict;
use crate::envelope::EventText;
use crate::event::origin::Role;
use crate::identity::PublicKey;
use crate::identity::certificate::{Certificate, SignedCertificate, verify_chain};
use crate::identity::pin::PinVerifier;
use crate::identity::sealed::Sealed;
use crate::ids::{OrganisationId, OriginId, RequestId, StaffId, TillId};
use crate::merge::register::Standing;
use crate::project::rows::{Edit, OrderKey};
use crate::secret::Secret;

/// Header that carries a request's id; its answer repeats it.
pub const REQUEST_HEADER: &str = "daybook-request";
/// Header of every answer: the nonce to sign the next request with.
pub const NONCE_HEADER: &str = "daybook-nonce";

/// First line of a push body; the events follow, one a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PushHead {
    /// Whose events follow.
    pub origin: OriginId,
    /// The event that the first of them follows.
    pub previous: Tip,
    /// Seal of the last of them, base64url.
    pub seal: String,
    /// Certificates of the origin and its parents, where the server may not know them yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<SignedCertificate>,
}

/// Version of the export file.
pub const EXPORT_VERSION: u32 = 1;

/// First line of an export file: what a till has not sent, to be carried to head office. Pushes follow, each as it would be sent: a line
/// that is an object begins one, a line that is an array is an event of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExportHead {
    /// Version of the file.
    pub daybook_export: u32,
    /// Whose head office it is for.
    pub organisation: OrganisationId,
    /// The till that wrote it.
    pub till: TillId,
    /// When, by its clock, in microseconds since 1970.
    pub written: i64,
}

/// Answer to a push whose events are now durable at head office, every one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PushAnswer {
    /// The request it answers.
    pub request: RequestId,
    /// Head office's epoch.
    pub epoch: String,
    /// Whose events.
    pub origin: OriginId,
    /// The last event of the push: it and everything before it is durable.
    pub durable: Tip,
    /// Whether the events went onto a second branch: the till opens a child origin.
    pub forked: bool,
    /// Whether they are held: safe, and kept apart until a person at head office lets them in. Left out where they are not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

/// Body of a handshake: who has seen what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HandshakeRequest {
    /// The sender.
    pub origin: OriginId,
    /// The sender's clock in microseconds.
    pub wall: i64,
    /// Tips of every origin the sender has events of.
    pub tips: BTreeMap<OriginId, Vec<Tip>>,
    /// Certificates of the sender and its parents, where the server may not know them yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<SignedCertificate>,
    /// Whether this is the sender's first handshake since it was started: what it was asked for before, it does not remember.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begins: bool,
    /// The last word of head office about its own log that the sender has. A head office that was restored learns from it that it wrote
    /// more than it knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_office: Option<OfficeHead>,
    /// Origins whose certificate the sender has not and would need to hand their events back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unproved: Vec<OriginId>,
}

impl HandshakeRequest {
    /// A handshake of somebody who has nothing yet.
    pub fn of(origin: OriginId, wall: i64) -> Self {
        HandshakeRequest {
            origin,
            wall,
            tips: BTreeMap::new(),
            certificates: Vec::new(),
            begins: false,
            head_office: None,
            unproved: Vec::new(),
        }
    }
}

/// Where head office's own log ends, in its own words: sealed by the key of its certificate, which ends at the root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OfficeHead {
    /// Head office's certificate, signed by the root.
    pub certificate: SignedCertificate,
    /// The last event of its log.
    pub tip: Tip,
    /// Seal of that event, base64url.
    pub seal: String,
}

impl OfficeHead {
    /// Head office's certificate, where it ends at this root and the seal is by its key.
    pub fn verified(&self, root: &PublicKey, organisation: OrganisationId) -> Option<Certificate> {
        let certificate = office_certificate(&self.certificate, root, organisation)?;
        let seal = Seal::parse(&self.seal)?;
        seal.verifies(certificate.public_key.verifying_key(), certificate.origin, self.tip)
            .then_some(certificate)
    }
}

/// A certificate of head office, where it ends at this root.
pub fn office_certificate(
    signed: &SignedCertificate,
    root: &PublicKey,
    organisation: OrganisationId,
) -> Option<Certificate> {
    let origin = signed.read().ok()?.origin;
    let certificate = verify_chain(std::slice::from_ref(signed), root, organisation, origin).ok()?;
    (certificate.role == Role::HeadOffice).then_some(certificate)
}

/// Answer to a handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HandshakeAnswer {
    /// The request it answers.
    pub request: RequestId,
    /// Head office's epoch.
    pub epoch: String,
    /// Head office's clock in microseconds.
    pub wall: i64,
    /// Tips that head office has, of the origins the sender named and of itself. Of an origin of which it lacks the content of events,
    /// the event before the first such: everything up to there is whole.
    pub tips: BTreeMap<OriginId, Vec<Tip>>,
    /// The scopes the sender may follow, each with its last position (conflicts: its last revision).
    pub scopes: BTreeMap<String, i64>,
    /// Where head office's own log ends, with its certificate.
    pub head_office: OfficeHead,
    /// Origins of others whose events the sender is asked to hand back, each with the event after which they begin.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub wanted: BTreeMap<OriginId, Tip>,
    /// Certificates of origins that the sender could not prove.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<SignedCertificate>,
    /// What is held of the sender's origin and of the others of its till that it named; left out are those that are let in whole.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub held: BTreeMap<OriginId, Held>,
}

/// What head office keeps apart of an origin, until a person there lets it in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Held {
    /// Events after this number are held, or will be.
    pub after: i64,
    /// Why the origin was closed, in a word; left out where it is open again and only what came meanwhile waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// First line of a page of an origin's own chain; events follow, one a line, as in the feed: `["prev",[envelope,payload,seal]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OriginHead {
    /// The request it answers.
    pub request: RequestId,
    /// Head office's epoch.
    pub epoch: String,
    /// Whose events.
    pub origin: OriginId,
    /// Events in this page.
    pub events: u32,
    /// The number after which the next page begins.
    pub reached: i64,
    /// Whether there is more now.
    pub more: bool,
}

/// An event of an origin's chain, as a page of it holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginEntry {
    /// Hash of the event before it.
    pub prev: Hash,
    /// The event.
    pub text: EventText,
}

impl OriginEntry {
    /// Appends the entry's line, without line feed.
    pub fn write_line(&self, out: &mut String) {
        out.push_str(&format!("[\"{}\",", self.prev));
        self.text.write_line(out);
        out.push(']');
    }

    /// Reads an entry's line.
    pub fn split(line: &str) -> Option<Self> {
        let (prev, text): (Hash, &RawValue) = serde_json::from_str(line).ok()?;
        Some(OriginEntry { prev, text: EventText::split(text.get()).ok()? })
    }
}

/// First line of a page of the feed; entries follow, one a line: `[position,"before",[skeletons],[envelope,payload,seal]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FeedHead {
    /// The request it answers.
    pub request: RequestId,
    /// Head office's epoch.
    pub epoch: String,
    /// The scope.
    pub scope: String,
    /// Where to go on; opaque to the reader.
    pub cursor: String,
    /// Entries in this page.
    pub entries: u32,
    /// Whether there is more now.
    pub more: bool,
}

/// An entry of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedEntry {
    /// Its position in the scope, from 1 without holes.
    pub position: i64,
    /// Hash of the event before the first skeleton, or before the event itself where there is none.
    pub before: Hash,
    /// The events of its origin between what its readers hold and this one, in order.
    pub skeletons: Vec<Skeleton>,
    /// The event.
    pub text: EventText,
}

impl FeedEntry {
    /// The hash of the event right before this one in its origin's chain.
    pub fn prev(&self) -> Hash {
        self.skeletons.iter().fold(self.before, |before, skeleton| skeleton.hash(before))
    }

    /// Appends the entry's line, without line feed.
    pub fn write_line(&self, out: &mut String) {
        out.push_str(&format!("[{},\"{}\",[", self.position, self.before));
        for (at, skeleton) in self.skeletons.iter().enumerate() {
            out.push_str(if at == 0 { "\"" } else { ",\"" });
            out.push_str(&skeleton.text());
            out.push('"');
        }
        out.push_str("],");
        self.text.write_line(out);
        out.push(']');
    }

    /// Reads an entry's line.
    pub fn split(line: &str) -> Option<Self> {
        let (position, before, skeletons, text): (i64, Hash, Vec<&str>, &RawValue) =
            serde_json::from_str(line).ok()?;
        let skeletons = skeletons.into_iter().map(Skeleton::parse).collect::<Option<_>>()?;
        Some(FeedEntry { position, before, skeletons, text: EventText::split(text.get()).ok()? })
    }
}

/// First line of a page of a snapshot; records follow, one a line: [`SnapshotRecord`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SnapshotHead {
    /// The request it answers.
    pub request: RequestId,
    /// Head office's epoch.
    pub epoch: String,
    /// The scope.
    pub scope: String,
    /// Where to go on; opaque to the reader. That of the last page leads to what changed since.
    pub cursor: String,
    /// The position in the feed up to which every entry is in the snapshot, once all its pages are read.
    pub position: i64,
    /// Records in this page.
    pub records: u32,
    /// Whether there is more now.
    pub more: bool,
}

/// A shared description as it stands: what nobody has superseded of it, however many edits led there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SnapshotRecord {
    /// The stream of the description, such as `product/…`.
    pub subject: String,
    /// The edits that no other has seen, in canonical order.
    pub heads: Vec<Hash>,
    /// The edits with a value that stands, in canonical order.
    pub edits: Vec<SnapshotEdit>,
}

/// An edit as a snapshot tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SnapshotEdit {
    /// Hash of its event.
    pub hash: Hash,
    /// The event's order key.
    pub at: i64,
    /// Its writer.
    pub origin: OriginId,
    /// Its number in the writer's log.
    pub seq: i64,
    /// The values it set that nobody has superseded.
    pub fields: BTreeMap<String, serde_json::Value>,
}

impl SnapshotRecord {
    /// The record of what stands of a subject.
    pub fn of(subject: String, standing: Standing) -> Self {
        let told = |Edit { hash, order, fields, .. }: Edit| SnapshotEdit {
            hash,
            at: order.at,
            origin: order.origin,
            seq: order.seq,
            fields,
        };
        SnapshotRecord {
            subject,
            heads: standing.heads,
            edits: standing.edits.into_iter().map(told).collect(),
        }
    }

    /// What stands of the subject.
    pub fn standing(self) -> Standing {
        let SnapshotRecord { subject, heads, edits } = self;
        let read = |SnapshotEdit { hash, at, origin, seq, fields }: SnapshotEdit| Edit {
            hash,
            order: OrderKey { at, origin, seq },
            subject: subject.clone(),
            base: Vec::new(),
            fields,
        };
        Standing { edits: edits.into_iter().map(read).collect(), heads }
    }

    /// Whether it is whole: some heads, and edits in canonical order, each once and with a value.
    pub fn is_sound(&self) -> bool {
        let place = |edit: &SnapshotEdit| (edit.at, edit.origin, edit.seq, edit.hash);
        !self.heads.is_empty()
            && self.edits.is_sorted_by(|one, next| place(one) < place(next))
            && self.edits.iter().all(|edit| !edit.fields.is_empty())
    }
}

/// A page of a conflicts lane: the latest revision of each conflict that changed after the cursor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConflictsPage {
    /// The request it answers.
    pub request: RequestId,
    /// Head office's epoch.
    pub epoch: String,
    /// Where to go on; opaque to the reader.
    pub cursor: String,
    /// The conflicts, by revision.
    pub conflicts: Vec<ConflictRecord>,
    /// Whether there is more now.
    pub more: bool,
}

/// A page of a conflicts lane as a reader keeps it: records of kinds that it does not know yet are kept too, as they came.
#[derive(Clone, Debug, Deserialize)]
pub struct ToldConflicts {
    /// The request that the page answers.
    pub request: RequestId,
    /// Head office's epoch.
    pub epoch: String,
    /// Where to go on.
    pub cursor: String,
    /// The records, by revision.
    pub conflicts: Vec<ToldConflict>,
    /// Whether there is more now.
    pub more: bool,
}

/// A record of a conflicts lane as it came, with what every record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldConflict {
    /// The id of its conflict.
    pub id: String,
    /// Its revision.
    pub revision: i64,
    /// The text of the record.
    pub record: String,
}

impl<'de> Deserialize<'de> for ToldConflict {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Named {
            id: String,
        }
        #[derive(Deserialize)]
        struct Record {
            revision: i64,
            conflict: Named,
        }
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let read: Record = serde_json::from_str(text.get()).map_err(serde::de::Error::custom)?;
        Ok(ToldConflict { id: read.conflict.id, revision: read.revision, record: text.get().to_owned() })
    }
}

/// How a conflict stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConflictState {
    /// Waits for a person.
    Open,
    /// Answered on the evidence as it stands.
    Answered,
    /// Answered, but the evidence has changed since.
    Reopened,
    /// No longer arises.
    Gone,
}

/// A conflict with its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConflictRecord {
    /// Grows with every change of any conflict.
    pub revision: i64,
    /// How it stands.
    pub state: ConflictState,
    /// The choice of the canonically last answer.
    pub answer: Option<String>,
    /// The conflict.
    pub conflict: Conflict,
}

/// Answer to who works here: the list of a till's store, or only its revision where that is the one the till has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PeopleAnswer {
    /// The request it answers.
    pub request: RequestId,
    /// Head office's epoch.
    pub epoch: String,
    /// Grows with every change of anybody's name or PIN, and of who works where.
    pub revision: i64,
    /// The list, sealed to the key that the request names; none where the till has this revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Sealed>,
}

/// What is sealed in a [`PeopleAnswer`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PeopleList {
    /// The people of the till's store and of all stores, who may act now.
    pub people: Vec<ListedPerson>,
}

/// A person as a till has to know them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ListedPerson {
    /// The person.
    pub staff: StaffId,
    /// Their name.
    pub name: Secret<String>,
    /// What their PIN is told by; none where they have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<PinVerifier>,
}

/// What a sealed list is bound to, so that it can be taken for the answer to nothing else:
/// origin (16 bytes) ‖ request (16 bytes) ‖ revision (8 bytes, big-endian).
pub fn people_bound_to(origin: OriginId, request: RequestId, revision: i64) -> Vec<u8> {
    [&origin.0.as_bytes()[..], &request.0.as_bytes()[..], &revision.to_be_bytes()[..]].concat()
}

/// Body of an enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EnrolRequest {
    /// The origin the till has made up for itself.
    pub origin: OriginId,
    /// Its public key.
    pub public_key: PublicKey,
    /// The till's name as people say it.
    pub till_name: String,
    /// 32 random bytes, base64url.
    pub nonce: String,
    /// Proof of the one-time code over all of this, base64url.
    pub proof: String,
}

/// Answer to an enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EnrolAnswer {
    /// The organisation.
    pub organisation: OrganisationId,
    /// The organisation's root key, which the till pins.
    pub root: PublicKey,
    /// Head office's certificate.
    pub head_office: Vec<SignedCertificate>,
    /// The till's certificate.
    pub certificate: SignedCertificate,
    /// Proof of the one-time code by the server over both sides' words, base64url.
    pub proof: String,
}

/// Why a request was not done. A code exists because a client branches on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// The request makes no sense; resending it will not help.
    Malformed,
    /// The body or a part of it is larger than the limit: send less at once.
    TooLarge,
    /// No or a wrong signature.
    Unauthenticated,
    /// The request carries no nonce, or an old one: send it once more with the one that this answer brings.
    UseNonce,
    /// The origin has no certificate that ends at the organisation's root.
    UnknownOrigin,
    /// The signer may not do this.
    Forbidden,
    /// The event before the first pushed one is not known; `tips` says what is.
    UnknownPrevious,
    /// The enrolment code is wrong, used or too old.
    EnrolmentRefused,
    /// The cursor is of another epoch or history: start again from the beginning of the scope.
    CursorUnknown,
    /// No such route, scope or thing.
    NotFound,
    /// The route knows no such method.
    MethodNotAllowed,
    /// Too many requests or too much work: try again later.
    Busy,
    /// The server cannot do its work (disk full, fault); nothing was done.
    Failed,
}

/// Body of every answer that is not the one asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Problem {
    /// The code.
    pub code: ProblemCode,
    /// A sentence for people.
    pub message: String,
    /// The request, where its id could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// `malformed`: the number of the line at fault, from 1, the head excluded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// `unknown_previous`: the tips that head office has of this origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tips: Option<Vec<Tip>>,
}

/// Answer of the health route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Health {
    /// Whether requests are served.
    pub ready: bool,
    /// Version of the program.
    pub version: String,
    /// Protocol versions it speaks.
    pub protocol: Vec<u32>,
    /// Events stored.
    pub events: i64,
    /// Events projected into read models.
    pub projected: i64,
}

/// A live event of the feed: something new stands in a scope. A hint, not content: what counts is the signed page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FeedHint {
    /// The scope.
    pub scope: String,
    /// Its last position, or revision.
    pub position: i64,
}
