//! Codes as people type them, and proofs with one thing changed at a time. The golden key and proofs were computed by
//! another program in another language, from the formulas alone.

use super::*;
use crate::chain::sha256;
use crate::identity::KeyPair;
use uuid::Uuid;

fn public_key() -> PublicKey {
    PublicKey::parse("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs").unwrap()
}

fn request() -> EnrolRequestTranscript<'static> {
    EnrolRequestTranscript {
        origin: OriginId(Uuid::from_u128(0x0192a1b2_0000_7000_8000_000000000001)),
        public_key: public_key(),
        till_name: "Kasse 1",
        nonce: [9; 32],
        tls_key: None,
    }
}

fn answer() -> EnrolAnswerTranscript {
    EnrolAnswerTranscript {
        organisation: OrganisationId(Uuid::from_u128(0x0192a1b2_0000_7000_8000_000000000009)),
        root: public_key(),
        certificate: sha256(b"{}"),
    }
}

fn key(code: &str) -> [u8; 32] {
    code_key(&EnrolCode::parse(code).unwrap())
}

#[test]
fn a_code_is_fifty_bits_in_two_groups_and_never_shows_in_a_log() {
    for (random, text) in [
        ([0; 8], "00000-00000"),
        ([0xff; 8], "ZZZZZ-ZZZZZ"),
        ([1, 2, 3, 4, 5, 6, 7, 8], "04106-1050R"),
        ([0, 0, 0, 0, 0, 0, 0x40, 0], "00000-00001"),
        ([0, 0, 0, 0, 0, 0, 0x3f, 0xff], "00000-00000"),
    ] {
        let code = EnrolCode::from_random(random);
        assert_eq!(code.to_string(), text);
        assert_eq!(EnrolCode::parse(text), Ok(code.clone()));
        assert_eq!(format!("{code:?}"), "EnrolCode(***)");
    }
}

#[test]
fn what_people_make_of_a_code_is_read_as_it_was_meant() {
    let code = EnrolCode::parse("0110V-ABCDZ").unwrap();
    for text in ["0110vabcdz", " o1Lo-v abc dz ", "OIlOV-ABCDZ", "0-1-1-0-V-A-B-C-D-Z", "0110V–ABCDZ\n"] {
        assert_eq!(EnrolCode::parse(text).as_ref(), Ok(&code), "{text}");
    }
}

#[test]
fn what_is_no_code_is_refused_in_plain_words() {
    for (text, error, words) in [
        ("", EnrolCodeError::WrongLength(0), "a code has 10 letters and digits, this one has 0"),
        ("0110V-ABCD", EnrolCodeError::WrongLength(9), "a code has 10 letters and digits, this one has 9"),
        (
            "0110V-ABCDZ1",
            EnrolCodeError::WrongLength(11),
            "a code has 10 letters and digits, this one has 11",
        ),
        ("0110u-ABCDZ", EnrolCodeError::LetterU, "a code never has the letter U: look again, it may be a V"),
        (
            "0110V-ABCD?",
            EnrolCodeError::NotInAlphabet('?'),
            "“?” cannot stand in a code: it has letters and digits only",
        ),
        (
            "0110V-ABCDÄ",
            EnrolCodeError::NotInAlphabet('Ä'),
            "“Ä” cannot stand in a code: it has letters and digits only",
        ),
    ] {
        assert_eq!(EnrolCode::parse(text), Err(error), "{text}");
        assert_eq!(error.to_string(), words);
    }
}

#[test]
fn key_and_proofs_are_what_the_protocol_says() {
    let key = key("04106-1050R");
    let hexadecimal = "17507408fbfb23c19da1e8866759cdcbca74d960a1fa3cac01699d8c3201a767";
    assert_eq!(Hash(key).to_string(), hexadecimal);
    let till = till_proof(&key, &request());
    assert_eq!(till.text(), "t8IU4lb4ZKvMSwMYFMaC59FpubTJThFbsqDujPY5s1o");
    let server = server_proof(&key, &request(), &answer());
    assert_eq!(server.text(), "CMzHer75I2lA6R5RWdIEf6I2z71RO_sObEjkoksqASI");
}

#[test]
fn who_knows_the_code_proves_it_and_who_does_not_cannot() {
    let (right, wrong) = (key("04106-1050R"), key("04106-1050S"));
    let (till, server) = (till_proof(&right, &request()), server_proof(&right, &request(), &answer()));
    let till = serde_json::from_str(&serde_json::to_string(&till).unwrap()).unwrap();
    assert!(verify_till_proof(&right, &request(), &till));
    assert!(verify_server_proof(&right, &request(), &answer(), &server));
    assert!(!verify_till_proof(&wrong, &request(), &till));
    assert!(!verify_server_proof(&wrong, &request(), &answer(), &server));
    assert!(!verify_till_proof(&right, &request(), &server), "a proof sent back is none");
    assert!(!verify_server_proof(&right, &request(), &answer(), &till), "a proof sent back is none");
}

#[test]
fn a_proof_holds_for_exactly_what_was_said() {
    let (key, other) = (key("04106-1050R"), KeyPair::from_seed([1; 32]).public());
    let (till, server) = (till_proof(&key, &request()), server_proof(&key, &request(), &answer()));
    for changed in [
        EnrolRequestTranscript { origin: OriginId(Uuid::nil()), ..request() },
        EnrolRequestTranscript { public_key: other, ..request() },
        EnrolRequestTranscript { till_name: "Kasse 2", ..request() },
        EnrolRequestTranscript { till_name: "Kasse 1\t", ..request() },
        EnrolRequestTranscript { nonce: [8; 32], ..request() },
        EnrolRequestTranscript { tls_key: Some(sha256(b"somebody in between")), ..request() },
    ] {
        assert!(!verify_till_proof(&key, &changed, &till), "{changed:?}");
        assert!(!verify_server_proof(&key, &changed, &answer(), &server), "{changed:?}");
    }
    for changed in [
        EnrolAnswerTranscript { organisation: OrganisationId(Uuid::nil()), ..answer() },
        EnrolAnswerTranscript { root: other, ..answer() },
        EnrolAnswerTranscript { certificate: sha256(b"{ }"), ..answer() },
    ] {
        assert!(!verify_server_proof(&key, &request(), &changed, &server), "{changed:?}");
    }
}
