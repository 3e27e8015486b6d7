//! What goes out: the one place where an answer becomes bytes, is compressed, digested and signed.
//!
//! The order matters and is part of the protocol: first compression, then the digest over the bytes as they travel (RFC 9530 digests
//! content with its coding), then the signature over status, digest and request id. A live stream has no end to digest and goes
//! out unsigned; it carries hints only.

use std::convert::Infallible;

use bytes::Bytes;
use http::Response;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, VARY,
};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use serde::Serialize;

use daybook_core::identity::KeyPair;
use daybook_core::identity::http_signature::{AnswerParts, content_digest, sign_answer};
use daybook_core::ids::{OriginId, RequestId};
use daybook_core::limits::COMPRESS_FROM_BYTES;
use daybook_core::wire::REQUEST_HEADER;

/// The header of a body's digest.
pub const CONTENT_DIGEST: &str = "content-digest";
/// The header that says what is signed.
pub const SIGNATURE_INPUT: &str = "signature-input";
/// The header of the signature itself.
pub const SIGNATURE: &str = "signature";
/// The media type of one JSON text.
pub const JSON: &str = "application/json";
/// The media type of NDJSON.
pub const NDJSON: &str = "application/x-ndjson";
/// The media type of a live stream.
pub const EVENT_STREAM: &str = "text/event-stream";

const COMPRESSION_LEVEL: i32 = 3;

/// An answer's body on its way to the socket.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// What an answer says.
#[derive(Debug)]
pub enum Content {
    /// One JSON text.
    Json(Vec<u8>),
    /// NDJSON: a head, then lines.
    Lines(String),
    /// Hints without end.
    Live(Body),
}

impl Content {
    /// One JSON text.
    pub fn json(value: &impl Serialize) -> Self {
        let text = serde_json::to_vec(value);
        Content::Json(text.unwrap_or_else(|error| unreachable!("answers are plain data: {error}")))
    }
}

/// Whose word an answer is, and when and to what.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// Head office's key.
    pub key: &'a KeyPair,
    /// Head office's origin.
    pub origin: OriginId,
    /// The request that is answered.
    pub request: RequestId,
    /// Head office's clock, in seconds since 1970.
    pub seconds: i64,
}

/// Whether the client reads zstd: `accept-encoding` names it and does not rule it out.
pub fn accepts_zstd(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut codings = values.flat_map(|value| value.split(','));
    codings.any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("zstd"));
        let is_zero = |q: &str| q.bytes().all(|byte| matches!(byte, b'0' | b'.'));
        let ruled_out = |part: &str| part.strip_prefix("q=").is_some_and(is_zero);
        named && !parts.any(ruled_out)
    })
}

/// The answer as it travels.
pub fn finish(answer: Response<Content>, zstd: bool, signer: Option<Signer<'_>>) -> Response<Body> {
    let (mut head, content) = answer.into_parts();
    head.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    head.headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    if let Some(Signer { request, .. }) = signer {
        insert(&mut head.headers, REQUEST_HEADER, &request.to_string());
    }
    let (media, bytes) = match content {
        Content::Json(text) => (JSON, text),
        Content::Lines(text) => (NDJSON, text.into_bytes()),
        Content::Live(stream) => {
            head.headers.insert(CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
            return Response::from_parts(head, stream);
        }
    };
    head.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    head.headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    let bytes = match compressed(&bytes, zstd) {
        Some(smaller) => {
            head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("zstd"));
            smaller
        }
        None => bytes,
    };
    let digest = content_digest(&bytes);
    if let Some(Signer { key, origin, request, seconds }) = signer {
        let parts = AnswerParts { status: head.status.as_u16(), request, content_digest: &digest };
        let signed = sign_answer(&parts, key, origin, seconds);
        insert(&mut head.headers, SIGNATURE_INPUT, &signed.signature_input);
        insert(&mut head.headers, SIGNATURE, &signed.signature);
    }
    insert(&mut head.headers, CONTENT_DIGEST, &digest);
    Response::from_parts(head, Full::new(Bytes::from(bytes)).boxed_unsync())
}

fn compressed(bytes: &[u8], zstd: bool) -> Option<Vec<u8>> {
    if !zstd || bytes.len() < COMPRESS_FROM_BYTES {
        return None;
    }
    // It writes to memory and cannot fail for a reason that sending the bytes as they are would not mend.
    zstd::bulk::compress(bytes, COMPRESSION_LEVEL)
        .ok()
        .filter(|smaller| smaller.len() < bytes.len())
}

/// Sets a header to a text of ours.
pub fn insert(headers: &mut HeaderMap, name: &'static str, text: &str) {
    let value = HeaderValue::from_str(text);
    headers.insert(
        name,
        value.unwrap_or_else(|_| unreachable!("ids, digests, nonces and signatures are visible ASCII")),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::identity::http_signature::{verify_answer, verify_digest};
    use uuid::Uuid;

    #[test]
    fn zstd_is_used_only_for_those_who_read_it() {
        let cases = [
            ("zstd", true),
            ("gzip, zstd;q=0.5", true),
            ("gzip , ZSTD", true),
            ("gzip", false),
            ("zstd;q=0", false),
            ("zstd; q=0.000", false),
            ("zstdx", false),
            ("", false),
        ];
        for (header, expected) in cases {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(header))]);
            assert_eq!(accepts_zstd(&headers), expected, "{header}");
        }
    }

    #[tokio::test]
    async fn digest_and_signature_are_over_the_bytes_as_sent() {
        let key = KeyPair::from_seed([7; 32]);
        let (origin, request) = (OriginId(Uuid::from_u128(1)), RequestId(Uuid::from_u128(2)));
        let signer = Signer { key: &key, origin, request, seconds: 3 };
        let text = "a line of a page\n".repeat(400);
        for zstd in [false, true] {
            let answer = finish(Response::new(Content::Lines(text.clone())), zstd, Some(signer));
            let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
            let (digest, input, signature) =
                (header("content-digest"), header("signature-input"), header("signature"));
            assert_eq!(answer.headers().contains_key(CONTENT_ENCODING), zstd);
            assert_eq!(header(REQUEST_HEADER), request.to_string());
            let bytes = answer.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(bytes.len() < text.len(), zstd);
            assert!(verify_digest(&digest, &bytes));
            let parts = AnswerParts { status: 200, request, content_digest: &digest };
            verify_answer(&parts, (&input, &signature), &key.public()).unwrap();
        }
    }

    #[test]
    fn short_answers_and_answers_to_nobody_go_out_plain() {
        let answer = finish(Response::new(Content::Json(b"{}".to_vec())), true, None);
        assert!(!answer.headers().contains_key(CONTENT_ENCODING));
        assert!(!answer.headers().contains_key(SIGNATURE));
        assert!(answer.headers().contains_key(CONTENT_DIGEST));
    }
}
