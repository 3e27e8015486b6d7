//! Enrolment: a one-time code, bound to a store and a till, turns into a certificate.
//!
//! Both sides prove that they know the code over everything they said; the till then pins the root. A retry of the same origin with the
//! same code gets the same certificate again, so a lost answer costs nothing.

use std::net::IpAddr;
use std::sync::{MutexGuard, PoisonError};

use daybook_core::chain::{Hash, sha256};
use daybook_core::event::Event;
use daybook_core::event::description::{SettingsChanged, SettingsFields};
use daybook_core::event::origin::Role;
use daybook_core::identity::certificate::{CERTIFICATE_VERSION, Certificate, SignedCertificate};
use daybook_core::identity::enrol::{
    EnrolAnswerTranscript, EnrolCode, EnrolRequestTranscript, Proof, code_key, server_proof,
    verify_till_proof,
};
use daybook_core::identity::read_base64url;
use daybook_core::ids::{StoreId, TillId};
use daybook_core::limits::{ENROL_CODE_LIFE, NAME_CHARS_MAX};
use daybook_core::wire::{EnrolAnswer, EnrolRequest};
use daybook_store::StoreError;
use daybook_store::office::{EnrolmentCode, codes};
use daybook_store::views::report::store_names;

use super::attempts::{Asker, Attempts};
use super::{Office, OfficeError, Refusal, setup, writer};

/// The road that a request came by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Via {
    /// The address of the nearest peer, which is a proxy where there is one.
    pub peer: Option<IpAddr>,
    /// SHA-256 of the key in the certificate that was shown there (SubjectPublicKeyInfo, DER); none in the clear.
    pub tls_key: Option<Hash>,
}

impl Office {
    /// Makes a one-time code for a till of a store, both by name; a store of a new name is created.
    pub async fn enrol_code(&self, store: &str, till: &str) -> Result<EnrolCode, OfficeError> {
        for (what, name) in [("store", store), ("till", till)] {
            if name.trim().is_empty() || name.chars().count() > NAME_CHARS_MAX.min(40) {
                return Err(OfficeError::Senseless(format!("the {what} needs a name of 1 to 40 characters")));
            }
        }
        let store_id = self.store_named(store).await?;
        let known_till = {
            let book = self.0.book.read().unwrap_or_else(PoisonError::into_inner);
            book.values()
                .find(|(c, _)| c.store == Some(store_id) && c.name == till)
                .and_then(|(c, _)| c.till)
        };
        let mut random = [0; 8];
        self.0.settings.randomness.fill(&mut random);
        let code = EnrolCode::from_random(random);
        let kept = EnrolmentCode {
            code_key: code_key(&code),
            store: store_id,
            store_name: store.to_owned(),
            till: known_till.unwrap_or_else(|| TillId(setup::new_uuid(&self.0.settings))),
            till_name: till.to_owned(),
            expires: self.now().saturating_add(ENROL_CODE_LIFE),
            used_by: None,
        };
        self.job(|reply| writer::Job::Code(kept, reply)).await.map_err(unexpected)??;
        Ok(code)
    }

    /// Enrols a till that knows a code, and saw our own key on the road that it asks by.
    pub async fn enrol(&self, body: EnrolRequest, via: Via) -> Result<EnrolAnswer, Refusal> {
        let asker = Asker::of(via.peer, &body.till_name);
        if let Some(seconds) = self.attempts().wait(self.now(), asker) {
            return Err(Refusal::Busy { seconds });
        }
        let nonce = read_base64url::<32>(&body.nonce)
            .ok_or_else(|| Refusal::Malformed("the nonce is not 32 bytes".to_owned()))?;
        let proof: Proof = serde_json::from_value(body.proof.clone().into())
            .map_err(|_| Refusal::Malformed("the proof is not 32 bytes".to_owned()))?;
        let (origin, public_key) = (body.origin, body.public_key);
        let now = self.now();
        let waiting = self
            .ask(move |readers| Ok(codes(&readers.log, now).map_err(StoreError::of_log)?))
            .await?;
        let tls_key = via.tls_key;
        let request =
            EnrolRequestTranscript { origin, public_key, till_name: &body.till_name, nonce, tls_key };
        let matching = waiting.into_iter().find(|code| verify_till_proof(&code.code_key, &request, &proof));
        let usable = matching.filter(|code| code.used_by.is_none_or(|used_by| used_by == origin));
        let Some(code) = usable else {
            self.attempts().count(self.now(), asker);
            return Err(Refusal::EnrolmentRefused);
        };
        self.attempts().forgive(asker);
        let certificate = self.certificate_for(&code, &body).await?;
        let key = code.code_key;
        self.job(|reply| writer::Job::UseCode(key, origin, certificate.clone(), reply))
            .await??;
        let verified = certificate.read().map_err(|error| Refusal::Failed(error.to_string()))?;
        self.remember(verified, certificate.clone());
        let answer = EnrolAnswerTranscript {
            organisation: self.organisation(),
            root: self.identity().root.public(),
            certificate: sha256(certificate.certificate.as_bytes()),
        };
        let proof = serde_json::to_value(server_proof(&key, &request, &answer))
            .ok()
            .and_then(|v| v.as_str().map(str::to_owned));
        Ok(EnrolAnswer {
            organisation: self.organisation(),
            root: self.identity().root.public(),
            head_office: vec![self.0.present.get().certificate.clone()],
            certificate,
            proof: proof.ok_or_else(|| Refusal::Failed("the proof could not be written".to_owned()))?,
        })
    }

    /// The certificate of an enrolling till; the one it already has where it asks again.
    async fn certificate_for(
        &self,
        code: &EnrolmentCode,
        body: &EnrolRequest,
    ) -> Result<SignedCertificate, Refusal> {
        if body.till_name != code.till_name {
            return Err(Refusal::Malformed(format!("this code is for the till '{}'", code.till_name)));
        }
        let book = self.0.book.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, text)) = book.get(&body.origin) {
            // The code of another till makes nothing of an origin that is one already.
            let same = known.store == Some(code.store) && known.name == code.till_name;
            return if same && known.public_key == body.public_key {
                Ok(text.clone())
            } else {
                Err(Refusal::EnrolmentRefused)
            };
        }
        let taken = |series: &str| book.values().any(|(c, _)| c.series == series);
        // The end of a UUID is random, its beginning is the time.
        let random = body.origin.to_string().replace('-', "").to_uppercase();
        let longer = (4..=12).map(|digits| format!("{}-{}", code.till_name, &random[32 - digits..]));
        let series = std::iter::once(code.till_name.clone()).chain(longer).find(|series| !taken(series));
        let series =
            series.ok_or_else(|| Refusal::Failed("no number series is free for this till".to_owned()))?;
        let certificate = Certificate {
            v: CERTIFICATE_VERSION,
            organisation: self.organisation(),
            origin: body.origin,
            role: Role::Till,
            store: Some(code.store),
            store_name: Some(code.store_name.clone()),
            till: Some(code.till),
            name: code.till_name.clone(),
            series,
            public_key: body.public_key,
            parent: None,
            issued_wall: self.now(),
        };
        Ok(SignedCertificate::issue(&certificate, &self.identity().root))
    }

    /// The store of a name, created where there is none.
    pub(super) async fn store_named(&self, name: &str) -> Result<StoreId, OfficeError> {
        let found = self.stores().await?.into_iter().find(|(_, known)| known == name);
        if let Some((store, _)) = found {
            return Ok(store);
        }
        let store = StoreId(setup::new_uuid(&self.0.settings));
        let fields = SettingsFields { name: Some(name.to_owned()), ..no_settings() };
        let created: Event = SettingsChanged { store: Some(store), fields }.into();
        let written = self.record(vec![(created, Vec::new())], None).await?;
        self.projected(written.position).await?;
        Ok(store)
    }

    /// All stores with their names.
    pub(super) async fn stores(&self) -> Result<Vec<(StoreId, String)>, OfficeError> {
        let names = self.ask(|readers| store_names(&readers.views).map_err(OfficeError::from)).await?;
        Ok(names
            .into_iter()
            .filter_map(|(id, name)| uuid::Uuid::from_slice(&id).ok().map(|id| (StoreId(id), name)))
            .collect())
    }

    fn attempts(&self) -> MutexGuard<'_, Attempts> {
        self.0.enrol_attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Settings that set nothing.
pub(super) fn no_settings() -> SettingsFields {
    SettingsFields {
        name: None,
        currency: None,
        time_zone: None,
        cut_over_minutes: None,
        prices: None,
        tax_rounding: None,
        cash_rounding: None,
        tender_types: None,
        roles: None,
    }
}

fn unexpected(refusal: Refusal) -> OfficeError {
    OfficeError::Unexpected(match refusal {
        Refusal::Failed(why) => why,
        other => format!("{other:?}"),
    })
}
