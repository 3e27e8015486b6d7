//! Chains of certificates that prove who an origin is, and the ways in which presented ones do not. Every signer here has
//! the key that its number makes, so that a wrong signer is one wrong number.

use super::*;
use uuid::Uuid;

const ORGANISATION: OrganisationId = OrganisationId(Uuid::from_u128(9));

fn origin(number: u8) -> OriginId {
    OriginId(Uuid::from_u128(u128::from(number)))
}

/// The key of origin `number`; 0 is the root.
fn key(number: u8) -> KeyPair {
    KeyPair::from_seed([number; 32])
}

fn till(number: u8, parent: Option<u8>) -> Certificate {
    Certificate {
        v: 1,
        organisation: ORGANISATION,
        origin: origin(number),
        role: Role::Till,
        store: Some(StoreId(Uuid::from_u128(50))),
        store_name: Some("Mitte".to_owned()),
        till: Some(TillId(Uuid::from_u128(60))),
        name: "Kasse 1".to_owned(),
        series: format!("K1-{number}"),
        public_key: key(number).public(),
        parent: parent.map(origin),
        issued_wall: 1_700_000_000_000_000,
    }
}

/// Issues till `number` with the key of its parent, or of the root.
fn issued(number: u8, parent: Option<u8>) -> SignedCertificate {
    SignedCertificate::issue(&till(number, parent), &key(parent.unwrap_or(0)))
}

fn check(presented: &[SignedCertificate], number: u8) -> Result<Certificate, CertificateError> {
    verify_chain(presented, &key(0).public(), ORGANISATION, origin(number))
}

#[test]
fn a_chain_that_ends_at_the_root_proves_who_somebody_is() {
    let chain = [issued(3, Some(2)), issued(1, None), issued(2, Some(1))];
    assert_eq!(check(&chain, 1), Ok(till(1, None)));
    assert_eq!(check(&chain, 3), Ok(till(3, Some(2))));
    let lineage = verify_lineage(&chain, &key(0).public(), ORGANISATION, origin(3)).unwrap();
    assert_eq!(lineage.iter().map(|each| each.origin).collect::<Vec<_>>(), [3, 2, 1].map(origin));
}

#[test]
fn a_chain_proves_who_somebody_is_where_it_ends_at_somebody_known_and_like_them() {
    let onto = |presented: &[SignedCertificate], known: Certificate| {
        let find = |asked| (asked == known.origin).then(|| known.clone());
        verify_onto(presented, find, &key(0).public(), ORGANISATION, origin(3))
            .map(|lineage| lineage.iter().map(|each| each.origin).collect::<Vec<_>>())
    };
    let chain = [issued(3, Some(2)), issued(2, Some(1))];
    assert_eq!(onto(&chain, till(1, None)), Ok(vec![origin(3), origin(2), origin(1)]));
    assert_eq!(onto(&chain, till(2, Some(1))), Ok(vec![origin(3), origin(2)]), "no further than needed");
    assert_eq!(onto(&chain, till(4, None)), Err(CertificateError::Missing(origin(1))));
    let other_key = Certificate { public_key: key(7).public(), ..till(1, None) };
    assert_eq!(onto(&chain, other_key), Err(CertificateError::WrongSignature(origin(2))));
    let other_till = Certificate { till: Some(TillId(Uuid::nil())), ..till(1, None) };
    let what = "till";
    assert_eq!(onto(&chain, other_till), Err(CertificateError::NotLikeParent { origin: origin(2), what }));
}

#[test]
fn a_lineage_has_so_many_names_and_no_more_however_it_is_presented() {
    let id = |number: usize| OriginId(Uuid::from_u128(number as u128));
    let named = |number: usize| Certificate {
        origin: id(number),
        parent: (number > 1).then(|| id(number - 1)),
        ..till(1, None)
    };
    let presented = |number: usize| SignedCertificate::issue(&named(number), &key(1));
    for (number, shown) in [(LINEAGE_MAX, 1), (LINEAGE_MAX, 3), (LINEAGE_MAX + 1, 1), (LINEAGE_MAX + 1, 3)] {
        let shown: Vec<SignedCertificate> = (number + 1 - shown..=number).map(presented).collect();
        let known = |origin: OriginId| {
            let is_shown = shown.iter().any(|one| one.read().is_ok_and(|read| read.origin == origin));
            (1..number).find(|number| id(*number) == origin && !is_shown).map(named)
        };
        let proved = verify_onto(&shown, known, &key(0).public(), ORGANISATION, id(number));
        let expected = if number > LINEAGE_MAX {
            Err(CertificateError::TooLong(id(number)))
        } else {
            Ok(())
        };
        assert_eq!(proved.map(drop), expected);
    }
}

#[test]
fn certificates_travel_and_verify_as_the_text_that_was_signed() {
    let signed = issued(1, None);
    let json = serde_json::to_string(&signed).unwrap();
    assert_eq!(serde_json::from_str::<SignedCertificate>(&json).unwrap(), signed);
    let spaced = signed.certificate.replacen(":1,", ": 1,", 1);
    let same_but_spaced = SignedCertificate { certificate: spaced.clone(), ..signed };
    assert_eq!(check(&[same_but_spaced], 1), Err(CertificateError::WrongSignature(origin(1))));
    let signature = key(0).sign(&signed_bytes(&spaced)).text();
    assert_eq!(check(&[SignedCertificate { certificate: spaced, signature }], 1), Ok(till(1, None)));
}

#[test]
fn whoever_is_not_vouched_for_up_to_the_root_is_nobody() {
    use CertificateError::{Cycle, Missing, OtherOrganisation, TooMany, Twice, WrongSignature};
    let by = |certificate: Certificate, signer: u8| SignedCertificate::issue(&certificate, &key(signer));
    let signature =
        |signature: &str| SignedCertificate { signature: signature.to_owned(), ..issued(1, None) };
    let foreign = Certificate { organisation: OrganisationId(Uuid::nil()), ..till(1, None) };
    let wrong = |number| WrongSignature(origin(number));
    let cases = [
        ("nothing presented", vec![], Missing(origin(1))),
        ("another's certificate", vec![issued(2, None)], Missing(origin(1))),
        ("parent not presented", vec![issued(1, Some(2))], Missing(origin(2))),
        ("signed by itself", vec![by(till(1, None), 1)], wrong(1)),
        ("child signed by itself", vec![by(till(1, Some(2)), 1), issued(2, None)], wrong(1)),
        ("child signed by the root", vec![by(till(1, Some(2)), 0), issued(2, None)], wrong(1)),
        ("parent signed by nobody", vec![issued(1, Some(2)), by(till(2, None), 7)], wrong(2)),
        ("no signature", vec![signature("")], wrong(1)),
        ("another's signature", vec![signature(&issued(2, None).signature)], wrong(1)),
        ("its own parent", vec![issued(1, Some(1))], Cycle(origin(1))),
        ("each other's parent", vec![issued(1, Some(2)), issued(2, Some(1))], Cycle(origin(1))),
        ("presented twice", vec![issued(1, None), issued(1, None)], Twice(origin(1))),
        ("too many", vec![issued(1, None); CERTIFICATES_MAX + 1], TooMany(CERTIFICATES_MAX + 1)),
        ("of others", vec![by(foreign, 0)], OtherOrganisation(origin(1))),
    ];
    for (what, presented, error) in cases {
        assert_eq!(check(&presented, 1), Err(error), "{what}");
    }
}

#[test]
fn a_child_is_what_its_parent_is() {
    let other_store = Certificate { store: Some(StoreId(Uuid::nil())), ..till(1, Some(2)) };
    let other_till = Certificate { till: Some(TillId(Uuid::nil())), ..till(1, Some(2)) };
    let head_office =
        Certificate { role: Role::HeadOffice, store: None, store_name: None, till: None, ..till(1, Some(2)) };
    for (child, what) in [(other_store, "store"), (other_till, "till"), (head_office, "role")] {
        let presented = [SignedCertificate::issue(&child, &key(2)), issued(2, None)];
        assert_eq!(check(&presented, 1), Err(CertificateError::NotLikeParent { origin: origin(1), what }));
    }
}

#[test]
fn a_certificate_is_read_whole_or_not_at_all() {
    let signed = |text: String| {
        let signature = key(0).sign(&signed_bytes(&text)).text();
        check(&[SignedCertificate { certificate: text, signature }], 1)
    };
    let text = issued(1, None).certificate;
    let refused = |result| matches!(result, Err(CertificateError::Unreadable(_)));
    assert!(refused(signed(text.replace("{\"v\":1", "{\"v\":1,\"until\":1"))), "an unknown field");
    assert!(refused(signed(text.replace("{\"v\":1", "{\"v\":1,\"v\":1"))), "a field twice");
    assert!(refused(signed(format!("{text}{}", " ".repeat(EVENT_TEXT_BYTES_MAX)))), "too long");
    assert!(refused(signed(String::new())), "nothing");
    let later = text.replace("{\"v\":1", "{\"v\":2,\"until\":1");
    assert_eq!(signed(later), Err(CertificateError::UnknownVersion(2)));
    for certificate in [
        Certificate { store: None, ..till(1, None) },
        Certificate { till: None, ..till(1, None) },
        Certificate { role: Role::HeadOffice, ..till(1, None) },
        Certificate { name: String::new(), ..till(1, None) },
        Certificate { name: "x".repeat(NAME_CHARS_MAX + 1), ..till(1, None) },
        Certificate { series: "x".repeat(CODE_CHARS_MAX + 1), ..till(1, None) },
    ] {
        let presented = [SignedCertificate::issue(&certificate, &key(0))];
        assert_eq!(check(&presented, 1), Err(CertificateError::Misfit(origin(1))), "{certificate:?}");
    }
}
