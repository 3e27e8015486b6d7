//! The book of certificates: whom head office knows, as far as each of them ends at the root.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use daybook_core::identity::certificate::{Certificate, CertificateError, SignedCertificate, verify_onto};
use daybook_core::ids::OriginId;
use daybook_store::Reader;
use daybook_store::office::certificates;

use super::{Identity, Office, OfficeError, Refusal, writer};

impl Office {
    /// Verifies certificates that an origin presents against the root and those that are known, and keeps them: all of its lineage, the
    /// eldest first, because whoever is closed is closed with all that goes on from it.
    ///
    /// A lineage may be longer than what one request presents, and whoever brings another's events does not write to head office under its
    /// elder names. So what is presented is kept as far as it can be proved, also where the origin itself cannot be yet: the next part goes
    /// on from there.
    pub async fn present(
        &self,
        origin: OriginId,
        certificates: Vec<SignedCertificate>,
    ) -> Result<Certificate, Refusal> {
        if let Ok(Some(known)) = self.certificate(origin).await {
            return Ok(known);
        }
        if certificates.is_empty() {
            return Err(Refusal::UnknownOrigin);
        }
        let lineage = match self.prove(&certificates, origin) {
            Ok(lineage) => lineage,
            Err(error) => {
                tracing::warn!(%origin, %error, "an origin presented certificates that do not hold");
                return Err(match error {
                    CertificateError::TooLong(_) => Refusal::Forbidden(format!("Refused: {error}.")),
                    CertificateError::Missing(_) => {
                        for elder in certificates.iter().filter_map(|signed| signed.read().ok()) {
                            if let Ok(lineage) = self.prove(&certificates, elder.origin) {
                                self.keep(&lineage, &certificates).await?;
                            }
                        }
                        Refusal::UnknownOrigin
                    }
                    _ => Refusal::UnknownOrigin,
                });
            }
        };
        self.keep(&lineage, &certificates).await?;
        self.certificate(origin).await?.ok_or(Refusal::UnknownOrigin)
    }

    /// What is presented of an origin's lineage, its own certificate first, where it holds up to one that is known or to the root.
    fn prove(
        &self,
        certificates: &[SignedCertificate],
        origin: OriginId,
    ) -> Result<Vec<Certificate>, CertificateError> {
        let identity = self.identity();
        let (root, organisation) = (identity.root.public(), identity.organisation);
        let book = self.0.book.read().unwrap_or_else(PoisonError::into_inner);
        let known = |parent| book.get(&parent).map(|(certificate, _)| certificate.clone());
        verify_onto(certificates, known, &root, organisation, origin)
    }

    /// Keeps a proved lineage, the eldest first.
    async fn keep(&self, lineage: &[Certificate], certificates: &[SignedCertificate]) -> Result<(), Refusal> {
        for verified in lineage.iter().rev() {
            if matches!(self.certificate(verified.origin).await, Ok(Some(_))) {
                continue;
            }
            let text = certificates.iter().find(|c| c.read().is_ok_and(|read| read == *verified));
            let text = text.ok_or(Refusal::UnknownOrigin)?.clone();
            let kept = text.clone();
            self.job(|reply| writer::Job::Certificate(verified.origin, kept, reply)).await??;
            self.remember(verified.clone(), text);
        }
        Ok(())
    }

    pub(super) fn remember(&self, certificate: Certificate, text: SignedCertificate) {
        let mut book = self.0.book.write().unwrap_or_else(PoisonError::into_inner);
        book.insert(certificate.origin, (certificate, text));
    }
}

/// The certificates that are kept, as far as they hold.
pub(super) fn read_book(
    log: &Reader,
    identity: &Identity,
) -> Result<BTreeMap<OriginId, (Certificate, SignedCertificate)>, OfficeError> {
    let mut book: BTreeMap<OriginId, (Certificate, SignedCertificate)> = BTreeMap::new();
    let mut left: Vec<SignedCertificate> = certificates(log)?;
    // Parents before their children, however long a lineage is: each holds up by one that was found to hold.
    loop {
        let before = left.len();
        let mut waiting: Vec<(SignedCertificate, CertificateError)> = Vec::new();
        for text in left {
            let known = |parent| book.get(&parent).map(|(certificate, _)| certificate.clone());
            let (root, organisation) = (identity.root.public(), identity.organisation);
            let one = std::slice::from_ref(&text);
            let proved =
                text.read().and_then(|read| verify_onto(one, known, &root, organisation, read.origin));
            match proved.map(|mut lineage| lineage.swap_remove(0)) {
                Ok(verified) => drop(book.insert(verified.origin, (verified, text))),
                Err(error) => waiting.push((text, error)),
            }
        }
        if waiting.len() == before {
            for (_, error) in waiting {
                tracing::error!(%error, "a kept certificate does not hold; its origin is not known");
            }
            return Ok(book);
        }
        left = waiting.into_iter().map(|(text, _)| text).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::office::tests::{office, settings};
    use daybook_core::identity::KeyPair;

    #[tokio::test]
    async fn a_lineage_longer_than_what_one_request_presents_is_proved_child_by_child_and_still_after_a_restart()
     {
        let home = tempfile::tempdir().unwrap();
        let office = office(home.path());
        let origin = |number: usize| OriginId(uuid::Uuid::from_u128(number as u128));
        let key = |number: usize| KeyPair::from_seed([u8::try_from(number).unwrap(); 32]);
        let issued = |number: usize| {
            let certificate = Certificate {
                v: daybook_core::identity::certificate::CERTIFICATE_VERSION,
                organisation: office.organisation(),
                origin: origin(number),
                role: daybook_core::event::origin::Role::Till,
                store: Some(daybook_core::ids::StoreId(uuid::Uuid::nil())),
                store_name: None,
                till: Some(daybook_core::ids::TillId(uuid::Uuid::nil())),
                name: "Till 1".to_owned(),
                series: format!("T-{number}"),
                public_key: key(number).public(),
                parent: (number > 1).then(|| origin(number - 1)),
                issued_wall: 0,
            };
            let root = || office.identity().root;
            let issuer = if number > 1 { key(number - 1) } else { root() };
            SignedCertificate::issue(&certificate, &issuer)
        };
        let last = 2 * daybook_core::limits::CERTIFICATES_MAX + 3;
        for number in 1..=last {
            let from = number.saturating_sub(daybook_core::limits::CERTIFICATES_MAX) + 1;
            let presented = (from..=number).rev().map(issued).collect();
            let proved = office.present(origin(number), presented).await.unwrap();
            assert_eq!(proved.origin, origin(number));
        }
        // Who brings another's events presents a part that proves nobody by itself, and its elders after that.
        let part =
            |from: usize, to: usize| (last + 50 + from..=last + 50 + to).map(issued).collect::<Vec<_>>();
        let late = origin(last + 70);
        let first = SignedCertificate::issue(
            &Certificate { parent: None, ..issued(last + 50).read().unwrap() },
            &office.identity().root,
        );
        let elders: Vec<SignedCertificate> = std::iter::once(first).chain(part(1, 9)).collect();
        for (presented, is_proved) in [(part(10, 20), false), (elders, false), (part(10, 20), true)] {
            assert_eq!(office.present(late, presented).await.is_ok(), is_proved);
        }
        let stranger = SignedCertificate { signature: String::new(), ..issued(last + 1) };
        assert!(office.present(origin(last + 1), vec![stranger]).await.is_err());
        office.close().await;
        drop(office);
        let office = Office::open(settings(home.path())).unwrap();
        assert!(office.certificate(origin(last)).await.unwrap().is_some());
        office.close().await;
    }
}
