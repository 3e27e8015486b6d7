//! The golden texts were computed by another program in another language, which first reproduced the Ed25519 example of
//! RFC 9421 (appendix B.2.6) and the SHA-256 example of RFC 9530 with the same key and body.

use super::*;
use proptest::prelude::{any, prop_assert, proptest};
use uuid::Uuid;

const TILL: OriginId = OriginId(Uuid::from_u128(0x0192a1b2_0000_7000_8000_000000000001));
const HEAD_OFFICE: OriginId = OriginId(Uuid::from_u128(0x0192a1b2_0000_7000_8000_000000000002));
const REQUEST: RequestId = RequestId(Uuid::from_u128(0x0192a1b2_0000_7000_8000_000000000003));
const BODY: &[u8] = br#"{"hello": "world"}"#;
const DIGEST: &str = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
const PUSH: RequestParts<'static> =
    RequestParts { method: "POST", path: "/v1/push", query: "", request: REQUEST, content_digest: DIGEST };
const FEED: RequestParts<'static> =
    RequestParts { method: "GET", path: "/v1/feed", query: "scope=catalogue&cursor=", ..PUSH };
const ANSWER: AnswerParts<'static> = AnswerParts { status: 200, request: REQUEST, content_digest: DIGEST };

/// The key of RFC 9421, appendix B.1.4.
fn key() -> KeyPair {
    let seed = crate::identity::read_base64url("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU").unwrap();
    KeyPair::from_seed(seed)
}

fn pair(headers: &SignatureHeaders) -> (&str, &str) {
    (&headers.signature_input, &headers.signature)
}

#[test]
fn the_digest_is_that_of_the_standard() {
    assert_eq!(content_digest(BODY), DIGEST);
    assert!(verify_digest(DIGEST, BODY));
    for other in ["", "sha-256=::", &DIGEST[1..], &format!("{DIGEST} "), &format!("{DIGEST},{DIGEST}")] {
        assert!(!verify_digest(other, BODY), "{other}");
    }
    assert!(!verify_digest(DIGEST, b"{}"));
}

#[test]
fn the_signature_base_is_byte_for_byte_that_of_the_standard() {
    let parameters =
        SignatureParameters { signed: Signed::Request, created: 1_618_884_473, keyid: TILL, nonce: None };
    let expected = r#""@method": POST
"@path": /v1/push
"@query": ?
"content-digest": sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:
"daybook-request": 0192a1b2-0000-7000-8000-000000000003
"@signature-params": ("@method" "@path" "@query" "content-digest" "daybook-request");created=1618884473;keyid="0192a1b2-0000-7000-8000-000000000001";alg="ed25519";tag="daybook-request-1""#;
    assert_eq!(signature_base(&PUSH.values(), &parameters), expected);

    let parameters = SignatureParameters {
        signed: Signed::Answer,
        created: 1_618_884_474,
        keyid: HEAD_OFFICE,
        nonce: None,
    };
    let expected = r#""@status": 200
"content-digest": sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:
"daybook-request": 0192a1b2-0000-7000-8000-000000000003
"@signature-params": ("@status" "content-digest" "daybook-request");created=1618884474;keyid="0192a1b2-0000-7000-8000-000000000002";alg="ed25519";tag="daybook-answer-1""#;
    assert_eq!(signature_base(&ANSWER.values(), &parameters), expected);
}

#[test]
fn signatures_are_those_that_another_program_made() {
    let signature = |headers: &SignatureHeaders| headers.signature.clone();
    let push = sign_request(&PUSH, &key(), TILL, 1_618_884_473, None);
    assert_eq!(
        push.signature_input,
        r#"daybook=("@method" "@path" "@query" "content-digest" "daybook-request");created=1618884473;keyid="0192a1b2-0000-7000-8000-000000000001";alg="ed25519";tag="daybook-request-1""#
    );
    assert_eq!(
        signature(&push),
        "daybook=:kNgDspXt+/FjCCGsO1iu6OIOYKQCECY+lQdJ8+Et+g+8X/DZvTiBAhZC/t3LB/FtEihvkm+/VOeSBePY40e8CQ==:"
    );
    let feed = sign_request(&FEED, &key(), TILL, 1_618_884_473, Some("n-1"));
    assert_eq!(
        signature(&feed),
        "daybook=:UJmI1tjlUSfz3luDmkNh0vt8FzC9ae9PmINT5iXK+SzxRAsxwRFfvplzdZf40IvNXVdPb2FvnZ2UkaBm4EoVBg==:"
    );
    let answer = sign_answer(&ANSWER, &key(), HEAD_OFFICE, 1_618_884_474);
    assert_eq!(
        signature(&answer),
        "daybook=:IYhiJlnq7CGpnv32rljGguq/P03vgrIuAXMhrU1c1RuZ7AHVsElqxqmdTlVvTdVwWS+ow6cQNAFg/vhY42aPDQ==:"
    );
}

#[test]
fn what_was_signed_verifies_and_says_who_when_and_with_which_nonce() {
    let headers = sign_request(&FEED, &key(), TILL, 7, Some("n-1"));
    let parameters = SignatureParameters {
        signed: Signed::Request,
        created: 7,
        keyid: TILL,
        nonce: Some("n-1".to_owned()),
    };
    assert_eq!(read_signature_input(&headers.signature_input), Ok(parameters.clone()));
    assert_eq!(verify_request(&FEED, pair(&headers), &key().public()), Ok(parameters));

    let headers = sign_answer(&ANSWER, &key(), HEAD_OFFICE, 0);
    let parameters = verify_answer(&ANSWER, pair(&headers), &key().public()).unwrap();
    assert_eq!((parameters.signed, parameters.created, parameters.keyid), (Signed::Answer, 0, HEAD_OFFICE));
}

#[test]
fn a_message_with_any_part_changed_does_not_verify() {
    let other_request = RequestId(Uuid::from_u128(4));
    let other_digest = content_digest(b"{}");
    let headers = sign_request(&PUSH, &key(), TILL, 7, None);
    let with_line = format!("{DIGEST}\n\"daybook-request\": {REQUEST}");
    for (parts, error) in [
        (RequestParts { method: "PUT", ..PUSH }, SignatureError::Mismatch),
        (RequestParts { method: "post", ..PUSH }, SignatureError::Mismatch),
        (RequestParts { path: "/v1/push/", ..PUSH }, SignatureError::Mismatch),
        (RequestParts { path: "", ..PUSH }, SignatureError::Mismatch),
        (RequestParts { path: "/v1/push?", ..PUSH }, SignatureError::Mismatch),
        (RequestParts { query: "?", ..PUSH }, SignatureError::Mismatch),
        (RequestParts { query: "a=1", ..PUSH }, SignatureError::Mismatch),
        (RequestParts { request: other_request, ..PUSH }, SignatureError::Mismatch),
        (RequestParts { content_digest: &other_digest, ..PUSH }, SignatureError::Mismatch),
        (RequestParts { content_digest: &with_line, ..PUSH }, SignatureError::Unsignable),
        (RequestParts { content_digest: "", ..PUSH }, SignatureError::Unsignable),
        (RequestParts { path: "/v1/push\n\"@query\": ?", ..PUSH }, SignatureError::Unsignable),
        (RequestParts { query: "ä", ..PUSH }, SignatureError::Unsignable),
        (RequestParts { method: "", ..PUSH }, SignatureError::Unsignable),
    ] {
        assert_eq!(verify_request(&parts, pair(&headers), &key().public()), Err(error), "{parts:?}");
    }
    let headers = sign_answer(&ANSWER, &key(), HEAD_OFFICE, 7);
    for parts in [
        AnswerParts { status: 409, ..ANSWER },
        AnswerParts { request: other_request, ..ANSWER },
        AnswerParts { content_digest: &other_digest, ..ANSWER },
    ] {
        let result = verify_answer(&parts, pair(&headers), &key().public());
        assert_eq!(result, Err(SignatureError::Mismatch), "{parts:?}");
    }
}

#[test]
fn parameters_changed_to_others_of_the_profile_do_not_verify() {
    let headers = sign_request(&PUSH, &key(), TILL, 7, Some("n-1"));
    for (from, to) in [
        ("created=7", "created=8"),
        ("000000000001", "000000000002"),
        ("nonce=\"n-1\"", "nonce=\"n-2\""),
        (";nonce=\"n-1\"", ""),
    ] {
        let input = headers.signature_input.replace(from, to);
        assert!(read_signature_input(&input).is_ok(), "{input}");
        let result = verify_request(&PUSH, (&input, &headers.signature), &key().public());
        assert_eq!(result, Err(SignatureError::Mismatch), "{input}");
    }
    let other = KeyPair::from_seed([1; 32]).public();
    assert_eq!(verify_request(&PUSH, pair(&headers), &other), Err(SignatureError::Mismatch));
}

#[test]
fn a_signature_input_in_any_other_spelling_is_refused() {
    let input = sign_request(&PUSH, &key(), TILL, 7, None).signature_input;
    let keyid = format!(";keyid=\"{TILL}\"");
    let upper = TILL.to_string().to_uppercase();
    for (from, to) in [
        ("daybook=", "sig1="),
        ("daybook=", " daybook="),
        ("daybook=", "a=(),daybook="),
        ("\"@method\" \"@path\"", "\"@path\" \"@method\""),
        ("\"@method\" ", ""),
        ("\"@method\" ", "\"@method\" \"@method\" "),
        ("\"@method\" ", "\"@method\"  "),
        ("\"@method\"", "\"@method\";req"),
        ("\"daybook-request\")", "\"daybook-request\" \"date\")"),
        (";created=7", ""),
        (";created=7", ";created=7;created=7"),
        (";created=7", "; created=7"),
        ("created=7", "created=07"),
        ("created=7", "created=+7"),
        ("created=7", "created=-7"),
        ("created=7", "created=7.0"),
        ("created=7", "created=1000000000000000"),
        ("created=7", "created=9223372036854775808"),
        (";created=7", ";created=7;expires=9"),
        (keyid.as_str(), ""),
        (keyid.as_str(), ";keyid=\"till\""),
        (&TILL.to_string(), &upper),
        (&TILL.to_string(), &TILL.0.simple().to_string()),
        (keyid.as_str(), &format!("{keyid}{keyid}")),
        (";alg=\"ed25519\"", ""),
        ("ed25519", "hmac-sha256"),
        ("tag=\"daybook-request-1\"", "tag=\"daybook-request-2\""),
        ("tag=\"daybook-request-1\"", "tag=\"daybook-answer-1\""),
        ("tag=\"daybook-request-1\"", "tag=\"daybook-request-1\";nonce=\"\""),
        ("tag=\"daybook-request-1\"", "tag=\"daybook-request-1\";nonce=\"a\";nonce=\"b\""),
        ("tag=\"daybook-request-1\"", "tag=\"daybook-request-1\";nonce=a"),
        ("tag=\"daybook-request-1\"", "tag=\"daybook-request-1\";other=1"),
        ("tag=\"daybook-request-1\"", "tag=\"daybook-request-1\","),
        ("tag=\"daybook-request-1\"", "nonce=\"a\";tag=\"daybook-request-1\""),
    ] {
        let changed = input.replacen(from, to, 1);
        assert_ne!(changed, input, "{from}");
        assert_eq!(read_signature_input(&changed), Err(SignatureError::OtherProfile), "{changed}");
    }
    let answer = sign_answer(&ANSWER, &key(), TILL, 7).signature_input;
    assert_eq!(read_signature_input(&format!("{answer};nonce=\"a\"")), Err(SignatureError::OtherProfile));
    assert_eq!(read_signature_input(""), Err(SignatureError::OtherProfile));
}

#[test]
fn a_signature_in_any_other_spelling_is_refused() {
    let headers = sign_request(&PUSH, &key(), TILL, 7, None);
    let bare = headers.signature.trim_start_matches("daybook=:").trim_end_matches(':');
    for signature in [
        String::new(),
        bare.to_owned(),
        format!("sig1=:{bare}:"),
        format!("daybook=:{bare}"),
        format!("daybook=:{}:", bare.trim_end_matches('=')),
        format!("daybook=:{bare}:,daybook=:{bare}:"),
        format!("daybook=:{bare}:;a"),
        format!("daybook= :{bare}:"),
        "daybook=::".to_owned(),
    ] {
        let result = verify_request(&PUSH, (&headers.signature_input, &signature), &key().public());
        assert_eq!(result, Err(SignatureError::NoSignature), "{signature}");
    }
}

#[test]
fn a_request_never_passes_for_an_answer_nor_the_reverse() {
    let (request, answer) =
        (sign_request(&PUSH, &key(), TILL, 7, None), sign_answer(&ANSWER, &key(), TILL, 7));
    let other = Err(SignatureError::OtherProfile);
    assert_eq!(verify_answer(&ANSWER, pair(&request), &key().public()), other);
    assert_eq!(verify_request(&PUSH, pair(&answer), &key().public()), other);
}

#[test]
fn what_is_no_nonce_is_left_out_instead_of_breaking_the_header() {
    let without = sign_request(&PUSH, &key(), TILL, 7, None);
    for nonce in ["", "a b", "a\"", "a\\", "a\r\nb", "ä", &"x".repeat(CODE_CHARS_MAX + 1)] {
        assert_eq!(sign_request(&PUSH, &key(), TILL, 7, Some(nonce)), without, "{nonce}");
    }
}

proptest! {
    #[test]
    fn one_changed_byte_of_a_header_never_verifies(which in 0..3usize, at in any::<usize>(), flip in 1..=255u8) {
        let headers = sign_request(&FEED, &key(), TILL, 1_618_884_473, Some("n-1"));
        let mut texts = [headers.signature_input, headers.signature, DIGEST.to_owned()].map(String::into_bytes);
        let at = at % texts[which].len();
        texts[which][at] ^= flip;
        // Bytes that are no text do not come this far.
        if let [Ok(input), Ok(signature), Ok(digest)] = texts.map(String::from_utf8) {
            let parts = RequestParts { content_digest: &digest, ..FEED };
            prop_assert!(verify_request(&parts, (&input, &signature), &key().public()).is_err());
            prop_assert!(which != 2 || !verify_digest(&digest, BODY));
        }
    }
}
