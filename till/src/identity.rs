//! Who the till is: its origins, their keys, the store, and the root it pinned when it enrolled.
//!
//! Keys lie apart from everything else, see [`crate::keystore`]; the rest stands in the log. A till that goes on under a child origin
//! keeps its earlier origins, because their unsent events still have to reach head office.

use std::collections::BTreeMap;
use std::path::Path;

use daybook_core::chain::Hash;
use daybook_core::identity::certificate::{Certificate, SignedCertificate};
use daybook_core::identity::pin::Pepper;
use daybook_core::identity::{KeyPair, PublicKey, base64url, read_base64url};
use daybook_core::ids::{OrganisationId, OriginId, StoreId, TillId};
use daybook_core::limits::CERTIFICATES_MAX;
use serde::{Deserialize, Serialize};

use crate::keystore::{self, Keystore};
use crate::till::Options;

/// What the till knows of itself and its organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The organisation.
    pub organisation: OrganisationId,
    /// Its root key, pinned at enrolment.
    pub root: PublicKey,
    /// Head office's certificates.
    pub head_office: Vec<SignedCertificate>,
    /// Certificates of the till's own origins, the oldest first; the last one writes.
    pub origins: Vec<SignedCertificate>,
    /// Address of head office, such as `http://127.0.0.1:7411`.
    pub server: String,
    /// Whether this head office is the till's own, and no server is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
}

impl Identity {
    /// The certificates of the own origins, read; the last one writes.
    pub fn certificates(&self) -> Vec<Certificate> {
        self.origins.iter().filter_map(|text| text.read().ok()).collect()
    }

    /// The certificate of the origin that writes now.
    pub fn current(&self) -> Option<Certificate> {
        self.origins.last().and_then(|text| text.read().ok())
    }

    /// The origin that writes now.
    pub fn writes_as(&self) -> Option<OriginId> {
        self.current().map(|certificate| certificate.origin)
    }

    /// The certificates that prove who an own origin is, its own first, then those of the origins it goes on from: as many as one request
    /// presents. Origins are sent the oldest first, so head office knows whoever comes before these.
    pub fn lineage(&self, origin: OriginId) -> Vec<SignedCertificate> {
        let mut lineage: Vec<SignedCertificate> = Vec::new();
        let mut next = Some(origin);
        while let Some(origin) = next.filter(|_| lineage.len() < CERTIFICATES_MAX) {
            let of = |text: &&SignedCertificate| text.read().is_ok_and(|read| read.origin == origin);
            let Some(text) = self.origins.iter().find(of) else { break };
            next = text.read().ok().and_then(|certificate| certificate.parent);
            lineage.push(text.clone());
        }
        lineage
    }

    /// Learns of another origin of head office, which was proved. All of them are kept: what they wrote may have to be handed back.
    pub(crate) fn meet(&mut self, head_office: &SignedCertificate) -> bool {
        let is_new = !self.head_office.contains(head_office);
        if is_new {
            self.head_office.push(head_office.clone());
        }
        is_new
    }

    /// Whether the key of the origin that writes is among these.
    pub(crate) fn can_write(&self, keys: &Keys) -> bool {
        self.writes_as().is_some_and(|origin| keys.origins.contains_key(&origin))
    }

    /// Learns of origins of the same till that are told of elsewhere. The one that goes on from all that are known here writes from now
    /// on, where its key is there; others are kept, because what they recorded still has to reach head office.
    pub(crate) fn learn(&mut self, told: &[Identity], keys: &Keys) {
        let same = |told: &&Identity, known: &Identity| {
            (told.organisation, told.root) == (known.organisation, known.root)
                && told.origins.iter().any(|origin| known.origins.contains(origin))
        };
        let goes_on = told.iter().filter(|told| same(told, self) && told.can_write(keys)).filter(|told| {
            told.origins.len() > self.origins.len()
                && self.origins.iter().all(|known| told.origins.contains(known))
        });
        if let Some(longest) = goes_on.max_by_key(|told| told.origins.len()) {
            self.origins.clone_from(&longest.origins);
        }
        let related: Vec<&Identity> = told.iter().filter(|told| same(told, self)).collect();
        for origin in related.into_iter().flat_map(|told| &told.origins) {
            if !self.origins.contains(origin) {
                self.origins.insert(self.origins.len().saturating_sub(1), origin.clone());
            }
        }
    }

    /// The store.
    pub fn store(&self) -> Option<StoreId> {
        self.current()?.store
    }

    /// The till.
    pub fn till(&self) -> Option<TillId> {
        self.current()?.till
    }

    /// Head office's public key and origin.
    pub fn head_office_key(&self) -> Option<(OriginId, PublicKey)> {
        let certificate = self.head_office.last()?.read().ok()?;
        Some((certificate.origin, certificate.public_key))
    }
}

/// The till's secrets: what must never lie in a database.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// The keys of the own origins.
    pub origins: BTreeMap<OriginId, KeyPair>,
    /// What goes over the checks of PINs; none before the till knows any.
    pub pepper: Option<Pepper>,
    /// The organisation's root key, where the till is alone.
    pub root: Option<KeyPair>,
}

/// How they stand in their file.
#[derive(Serialize, Deserialize)]
struct KeysFile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pepper: Option<Pepper>,
    /// The seed of the root key, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    /// The seed of each origin's key, base64url.
    #[serde(flatten)]
    origins: BTreeMap<OriginId, String>,
}

impl Keys {
    /// Reads the keys of a till; none where there are none.
    pub fn read(data: &Path, keystore: &dyn Keystore) -> std::io::Result<Self> {
        let Some((text, _)) = keystore::read(data, keystore)? else {
            return Ok(Keys::default());
        };
        let KeysFile { pepper, root, origins } = serde_json::from_str(&text)?;
        let key = |(origin, seed): (OriginId, String)| {
            read_base64url::<32>(&seed).map(|seed| (origin, KeyPair::from_seed(seed)))
        };
        let root = root.as_deref().and_then(read_base64url::<32>).map(KeyPair::from_seed);
        Ok(Keys { origins: origins.into_iter().filter_map(key).collect(), pepper, root })
    }

    /// Writes the keys, so that either the old or the new ones are there whole, also after a power cut.
    pub(crate) fn write(&self, options: &Options) -> std::io::Result<()> {
        let seed = |(origin, key): (&OriginId, &KeyPair)| (*origin, base64url(&key.seed()));
        let origins = self.origins.iter().map(seed).collect();
        let root = self.root.as_ref().map(|root| base64url(&root.seed()));
        let whole = KeysFile { pepper: self.pepper.clone(), root, origins };
        let text = serde_json::to_string_pretty(&whole)?;
        keystore::write(&options.data, &*options.keystore, &*options.randomness, &text).map(drop)
    }
}

/// An enrolment that was begun: asked again with the same code, it is the same origin that asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Enrolling {
    /// The origin that the till made for itself. Its key stands with the others.
    pub(crate) origin: OriginId,
    /// Hash of what head office keeps of the code.
    pub(crate) code: Hash,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keystore::NoKeystore;
    use crate::ports::{SystemClock, SystemRandomness};
    use std::sync::Arc;

    #[test]
    fn an_origin_presents_itself_first_and_no_more_of_its_parents_than_one_request_takes() {
        let origin = |number: usize| OriginId(uuid::Uuid::from_u128(number as u128));
        let key = KeyPair::from_seed([7; 32]);
        let certificate = |number: usize| {
            let certificate = Certificate {
                v: daybook_core::identity::certificate::CERTIFICATE_VERSION,
                organisation: OrganisationId(uuid::Uuid::nil()),
                origin: origin(number),
                role: daybook_core::event::origin::Role::Till,
                store: Some(StoreId(uuid::Uuid::nil())),
                store_name: None,
                till: Some(TillId(uuid::Uuid::nil())),
                name: "Till 1".to_owned(),
                series: "A".to_owned(),
                public_key: key.public(),
                parent: (number > 1).then(|| origin(number - 1)),
                issued_wall: 0,
            };
            SignedCertificate::issue(&certificate, &key)
        };
        let identity = Identity {
            organisation: OrganisationId(uuid::Uuid::nil()),
            root: key.public(),
            alone: false,
            head_office: Vec::new(),
            origins: (1..=2 * CERTIFICATES_MAX).map(certificate).collect(),
            server: String::new(),
        };
        let presented = |number: usize| -> Vec<OriginId> {
            identity
                .lineage(origin(number))
                .iter()
                .map(|text| text.read().unwrap().origin)
                .collect()
        };
        assert_eq!(presented(1), [origin(1)]);
        assert_eq!(presented(3), [3, 2, 1].map(origin));
        let last = 2 * CERTIFICATES_MAX;
        assert_eq!((presented(last).len(), presented(last)[0]), (CERTIFICATES_MAX, origin(last)));
    }

    #[test]
    fn keys_are_replaced_whole_and_nothing_else_stays_behind() {
        let data = tempfile::tempdir().unwrap();
        let options = Options {
            data: data.path().to_owned(),
            journal: data.path().to_owned(),
            durable: false,
            clock: Arc::new(SystemClock::default()),
            randomness: Arc::new(SystemRandomness),
            keystore: Arc::new(NoKeystore),
        };
        assert!(Keys::read(&options.data, &NoKeystore).unwrap().origins.is_empty());
        let mut keys = Keys::default();
        for n in 1..=2 {
            keys.pepper = Some(Pepper([9; 32]));
            keys.origins.insert(OriginId(uuid::Uuid::from_u128(n)), KeyPair::from_seed([7; 32]));
            // What a crash left in the middle of an earlier attempt is in nobody's way.
            std::fs::write(data.path().join("keys.json.new"), "{").unwrap();
            keys.write(&options).unwrap();
            let read = Keys::read(&options.data, &NoKeystore).unwrap();
            assert!(read.origins.keys().eq(keys.origins.keys()) && read.pepper == keys.pepper);
        }
        let names: Vec<_> = std::fs::read_dir(data.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["keys.json"]);
    }
}
