//! Who asks, and what they may see: signatures of requests, certificates, and the permissions of tills and head office.
//!
//! A request's signature covers its method, path, query, id and the digest of its body as sent, so it is verified before the body is
//! read wherever the signer is known already. A signer who is not known may bring certificates in the body; they count only
//! together with a signature by the key they name. A request is fresh by the nonce that it signs, one that head office handed out minutes
//! ago; `created` is not judged, because a till's clock may be wrong by years.

use http::request;
use serde::Deserialize;

use daybook_core::event::origin::Role;
use daybook_core::identity::PublicKey;
use daybook_core::identity::certificate::{Certificate, SignedCertificate};
use daybook_core::identity::http_signature::{
    RequestParts, Signed, content_digest, read_signature_input, verify_digest, verify_request,
};
use daybook_core::ids::{OriginId, RequestId, StoreId};
use daybook_core::sync::scope;
use daybook_core::wire::REQUEST_HEADER;

use super::body::{CONTENT_DIGEST, SIGNATURE, SIGNATURE_INPUT};
use super::error::{Cause, Fault};
use super::room::Place;
use super::route::Endpoint;
use crate::office::Office;

/// Somebody who has proved who they are.
#[derive(Debug)]
pub struct Caller {
    /// The id of their request.
    pub request: RequestId,
    /// Their certificate.
    pub certificate: Certificate,
    /// What their request takes of the server while it is worked on.
    pub place: Place,
}

/// What a request's head claims about its signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The request's id.
    pub request: RequestId,
    /// Whose key is said to have signed.
    pub origin: OriginId,
    nonce: Option<String>,
    digest: String,
    signature_input: String,
    signature: String,
}

/// The request's id, where it is readable: then the answer is signed.
pub fn request_id(head: &request::Parts) -> Option<RequestId> {
    let text = single(head, REQUEST_HEADER).ok()??;
    // One id has one spelling, because it is the text that is signed.
    text.parse().ok().filter(|id: &RequestId| id.to_string() == text)
}

impl Claim {
    /// Reads the headers of a signed request. Nothing is proved yet.
    pub fn read(head: &request::Parts) -> Result<Self, Fault> {
        let unsigned = || {
            let message = "This route wants a signed request: signature-input, signature, content-digest.";
            Fault::new(Cause::Unauthenticated, message)
        };
        let header = |name| single(head, name)?.map(str::to_owned).ok_or_else(unsigned);
        let (signature_input, signature) = (header(SIGNATURE_INPUT)?, header(SIGNATURE)?);
        let digest = header(CONTENT_DIGEST)?;
        let request = request_id(head)
            .ok_or_else(|| Fault::malformed("The header daybook-request is one UUID, in small letters."))?;
        let parameters = read_signature_input(&signature_input)
            .ok()
            .filter(|parameters| parameters.signed == Signed::Request)
            .ok_or_else(|| {
                Fault::new(Cause::Unauthenticated, "signature-input is not of Daybook's profile.")
            })?;
        let (origin, nonce) = (parameters.keyid, parameters.nonce);
        Ok(Claim { request, origin, nonce, digest, signature_input, signature })
    }

    /// Whether it signs a nonce that head office handed out minutes ago. Asked before anything is done for the request: it costs little,
    /// and a till that has no fresh one yet is told so first.
    pub fn verify_freshness(&self, office: &Office) -> Result<(), Fault> {
        if self.nonce.as_deref().is_some_and(|nonce| office.is_fresh(nonce)) {
            return Ok(());
        }
        let message =
            "The request signs no nonce that is fresh: send it once more with the one of this answer.";
        Err(Fault::new(Cause::UseNonce, message))
    }

    /// Whether the owner of `key` signed this head.
    pub fn verify(&self, head: &request::Parts, key: &PublicKey) -> Result<(), Fault> {
        let parts = RequestParts {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            request: self.request,
            content_digest: &self.digest,
        };
        let verified = verify_request(&parts, (&self.signature_input, &self.signature), key);
        verified
            .map(drop)
            .map_err(|error| Fault::new(Cause::Unauthenticated, format!("Refused: {error}.")))
    }

    /// Whether this is the body that was signed.
    pub fn verify_body(&self, body: &[u8]) -> Result<(), Fault> {
        if verify_digest(&self.digest, body) {
            return Ok(());
        }
        let message =
            format!("The body is not the one that was signed: its digest is {}.", content_digest(body));
        Err(Fault::new(Cause::Unauthenticated, message))
    }
}

/// The certificate of a signer that head office does not know yet, from what their body presents.
pub async fn introduce(
    office: &Office,
    head: &request::Parts,
    claim: &Claim,
    endpoint: &Endpoint,
    body: &str,
) -> Result<Certificate, Fault> {
    let unknown = || {
        let message = "Head office knows no certificate of this origin: send it along, or enrol the till.";
        Fault::new(Cause::UnknownOrigin, message)
    };
    let presented = presented(endpoint, body)
        .filter(|certificates| !certificates.is_empty())
        .ok_or_else(unknown)?;
    // First the signature by the key that the certificate names, then the certificates: nothing is stored for whoever only
    // repeats certificates of others.
    let own = presented
        .iter()
        .filter_map(|signed| signed.read().ok())
        .find(|own| own.origin == claim.origin);
    claim.verify(head, &own.ok_or_else(unknown)?.public_key)?;
    let certificate = office.present(claim.origin, presented).await?;
    claim.verify(head, &certificate.public_key)?;
    Ok(certificate)
}

fn presented(endpoint: &Endpoint, body: &str) -> Option<Vec<SignedCertificate>> {
    #[derive(Deserialize)]
    struct Presented {
        #[serde(default)]
        certificates: Vec<SignedCertificate>,
    }
    let text = match endpoint {
        Endpoint::Push => body.lines().next().unwrap_or_default(),
        Endpoint::Handshake => body,
        Endpoint::Health
        | Endpoint::Enrol
        | Endpoint::Feed { .. }
        | Endpoint::Live
        | Endpoint::Snapshot { .. }
        | Endpoint::Origin { .. }
        | Endpoint::People { .. }
        | Endpoint::Report { .. }
        | Endpoint::Conflicts { .. } => return None,
    };
    serde_json::from_str::<Presented>(text).ok().map(|presented| presented.certificates)
}

/// Whether an origin may follow a scope: a till its store's and everybody's, head office all.
pub fn may_follow(certificate: &Certificate, scope: &str) -> bool {
    match (certificate.role, certificate.store) {
        (Role::HeadOffice, _) => true,
        (Role::Till, Some(store)) => {
            scope::of_till(store).iter().any(|own| own == scope)
                || scope::conflicts(store) == scope
                || scope == scope::CREDENTIALS
        }
        (Role::Till, None) => false,
    }
}

/// Refuses whoever is not let in, `closing` saying why. They may say what they recorded, which is held, and hear how it stands with it.
pub fn permit(endpoint: &Endpoint, closing: Option<&str>) -> Result<(), Fault> {
    let Some(reason) = closing else { return Ok(()) };
    match endpoint {
        Endpoint::Push | Endpoint::Handshake | Endpoint::Health | Endpoint::Enrol => Ok(()),
        Endpoint::Feed { .. }
        | Endpoint::Live
        | Endpoint::Snapshot { .. }
        | Endpoint::Origin { .. }
        | Endpoint::People { .. }
        | Endpoint::Report { .. }
        | Endpoint::Conflicts { .. } => Err(shut_out(reason)),
    }
}

/// Refuses to take the events of others from whoever is not let in.
pub fn permit_carrying(closing: Option<&str>) -> Result<(), Fault> {
    closing.map_or(Ok(()), |reason| Err(shut_out(reason)))
}

fn shut_out(reason: &str) -> Fault {
    let message = format!(
        "Head office has ended the access of this till ({reason}). What it records is taken and kept apart until somebody there lets it in."
    );
    Fault::new(Cause::Forbidden, message)
}

/// Refuses whoever may not follow a scope.
pub fn permit_scope(certificate: &Certificate, scope: &str) -> Result<(), Fault> {
    if may_follow(certificate, scope) {
        Ok(())
    } else {
        Err(Fault::new(
            Cause::Forbidden,
            "A till follows the scopes of its own store and of everybody, no others.",
        ))
    }
}

/// The store whose reports and conflicts an origin gets when it asks for `asked`: a till its own, whether it names it or not; head
/// office whatever it asks for, none being all.
pub fn permit_store(certificate: &Certificate, asked: Option<StoreId>) -> Result<Option<StoreId>, Fault> {
    match (certificate.role, certificate.store) {
        (Role::HeadOffice, _) => Ok(asked),
        (Role::Till, Some(own)) if asked.is_none_or(|store| store == own) => Ok(Some(own)),
        (Role::Till, _) => Err(Fault::new(Cause::Forbidden, "A till sees its own store, no others.")),
    }
}

/// A header that may stand once, as text.
fn single<'a>(head: &'a request::Parts, name: &str) -> Result<Option<&'a str>, Fault> {
    let mut values = head.headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let text =
                value.to_str().map_err(|_| Fault::malformed(format!("The header {name} is no text.")))?;
            Ok(Some(text))
        }
        (Some(_), Some(_)) => Err(Fault::malformed(format!("The header {name} stands twice."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::identity::KeyPair;
    use daybook_core::identity::certificate::CERTIFICATE_VERSION;
    use daybook_core::identity::http_signature::sign_request;
    use daybook_core::ids::{OrganisationId, TillId};
    use http::Request;
    use uuid::Uuid;

    fn store(number: u128) -> StoreId {
        StoreId(Uuid::from_u128(number))
    }

    fn certificate(role: Role, store: Option<StoreId>) -> Certificate {
        Certificate {
            v: CERTIFICATE_VERSION,
            organisation: OrganisationId(Uuid::from_u128(1)),
            origin: OriginId(Uuid::from_u128(2)),
            role,
            store,
            store_name: None,
            till: store.map(|_| TillId(Uuid::from_u128(3))),
            name: "Till 1".to_owned(),
            series: "S1T1".to_owned(),
            public_key: KeyPair::from_seed([7; 32]).public(),
            parent: None,
            issued_wall: 0,
        }
    }

    #[test]
    fn who_may_follow_what() {
        let (till, office) = (certificate(Role::Till, Some(store(7))), certificate(Role::HeadOffice, None));
        let misfit = certificate(Role::Till, None);
        let rows = [
            (scope::CATALOGUE.to_owned(), true),
            (scope::PEOPLE.to_owned(), true),
            (scope::sales(store(7)), true),
            (scope::stock(store(7)), true),
            (scope::conflicts(store(7)), true),
            (scope::sales(store(8)), false),
            (scope::stock(store(8)), false),
            (scope::conflicts(store(8)), false),
            ("conflicts:".to_owned(), false),
            ("value".to_owned(), false),
            (String::new(), false),
        ];
        for (scope, by_till) in rows {
            assert_eq!(may_follow(&till, &scope), by_till, "till, {scope}");
            assert_eq!(permit_scope(&till, &scope).is_ok(), by_till, "till, {scope}");
            assert!(may_follow(&office, &scope), "head office, {scope}");
            assert!(!may_follow(&misfit, &scope), "till without store, {scope}");
        }
    }

    #[test]
    fn who_may_see_which_store() {
        let (till, office) = (certificate(Role::Till, Some(store(7))), certificate(Role::HeadOffice, None));
        let rows = [
            (&till, None, Ok(Some(store(7)))),
            (&till, Some(store(7)), Ok(Some(store(7)))),
            (&till, Some(store(8)), Err(Cause::Forbidden)),
            (&office, None, Ok(None)),
            (&office, Some(store(8)), Ok(Some(store(8)))),
            (&certificate(Role::Till, None), None, Err(Cause::Forbidden)),
        ];
        for (who, asked, expected) in rows {
            assert_eq!(permit_store(who, asked).map_err(|fault| fault.cause()), expected, "{asked:?}");
        }
    }

    fn signed(target: &str, body: &[u8]) -> request::Parts {
        let id = RequestId(Uuid::from_u128(9));
        let digest = content_digest(body);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let parts = RequestParts { method: "GET", path, query, request: id, content_digest: &digest };
        let headers =
            sign_request(&parts, &KeyPair::from_seed([7; 32]), OriginId(Uuid::from_u128(2)), 1, None);
        let request = Request::builder()
            .uri(target)
            .header(CONTENT_DIGEST, digest)
            .header(REQUEST_HEADER, id.to_string());
        let request = request
            .header(SIGNATURE_INPUT, headers.signature_input)
            .header(SIGNATURE, headers.signature);
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_signature_holds_for_its_head_body_and_key_only() {
        let key = KeyPair::from_seed([7; 32]).public();
        let head = signed("/v1/feed?scope=catalogue", b"");
        let claim = Claim::read(&head).unwrap();
        assert_eq!(claim.origin, OriginId(Uuid::from_u128(2)));
        assert_eq!((claim.verify(&head, &key), claim.verify_body(b"")), (Ok(()), Ok(())));
        let refused = |found: Result<(), Fault>| found.unwrap_err().cause() == Cause::Unauthenticated;
        assert!(refused(claim.verify(&signed("/v1/feed?scope=people", b""), &key)));
        assert!(refused(claim.verify(&head, &KeyPair::from_seed([8; 32]).public())));
        assert!(refused(claim.verify_body(b"x")));
    }

    #[test]
    fn headers_of_a_signature_stand_once_and_are_all_there() {
        let whole = signed("/v1/report", b"");
        for (name, missing) in [
            (CONTENT_DIGEST, Cause::Unauthenticated),
            (SIGNATURE_INPUT, Cause::Unauthenticated),
            (SIGNATURE, Cause::Unauthenticated),
            (REQUEST_HEADER, Cause::Malformed),
        ] {
            let (mut without, mut twice) = (whole.clone(), whole.clone());
            without.headers.remove(name);
            assert_eq!(Claim::read(&without).unwrap_err().cause(), missing, "{name}");
            twice.headers.append(name, whole.headers[name].clone());
            assert_eq!(Claim::read(&twice).unwrap_err().cause(), Cause::Malformed, "{name}");
        }
    }

    #[test]
    fn an_id_has_one_spelling() {
        let mut head = signed("/v1/report", b"");
        assert!(request_id(&head).is_some());
        for other in ["ABCDEF00-0000-0000-0000-000000000009", "00000000000000000000000000000009", "9", ""] {
            head.headers.insert(REQUEST_HEADER, other.parse().unwrap());
            assert_eq!(request_id(&head), None, "{other}");
        }
    }
}
