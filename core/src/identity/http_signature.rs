//! Signed requests and answers: one frozen profile of RFC 9421 with the digests of RFC 9530.
//!
//! There is nothing to negotiate: what is covered, in which order, and which parameters follow is fixed, and a text that is
//! not spelled exactly so is refused. An answer covers the id of the request it answers, so that neither an old answer nor a
//! proxy's page can pass for one. No HTTP library stands here: parts are strings, and the shell takes them from the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::chain::sha256;
use crate::identity::{KeyPair, PublicKey, Signature};
use crate::ids::{OriginId, RequestId};
use crate::limits::CODE_CHARS_MAX;

const REQUEST_COMPONENTS: &[&str] = &["@method", "@path", "@query", "content-digest", "daybook-request"];
const ANSWER_COMPONENTS: &[&str] = &["@status", "content-digest", "daybook-request"];
/// The largest integer a structured field can hold (RFC 9651).
const CREATED_MAX: i64 = 999_999_999_999_999;

/// What of a request is signed, besides the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestParts<'a> {
    /// `POST`, as sent.
    pub method: &'a str,
    /// The path as sent, such as `/v1/push`.
    pub path: &'a str,
    /// What follows the question mark, as sent; empty where there is none.
    pub query: &'a str,
    /// The header `daybook-request`.
    pub request: RequestId,
    /// The header `content-digest`, see [`content_digest`].
    pub content_digest: &'a str,
}

/// What of an answer is signed, besides the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerParts<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The header `daybook-request`: the id of the request that this answers.
    pub request: RequestId,
    /// The header `content-digest`, see [`content_digest`].
    pub content_digest: &'a str,
}

/// Whether a request or an answer was signed; told apart by components and tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// A request of a till.
    Request,
    /// An answer of the server.
    Answer,
}

/// What a `signature-input` of the profile says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureParameters {
    /// A request or an answer.
    pub signed: Signed,
    /// The signer's clock in seconds since 1970.
    pub created: i64,
    /// The origin whose key signed.
    pub keyid: OriginId,
    /// The server's nonce, where the request carries one. Answers never do.
    pub nonce: Option<String>,
}

/// The two headers of a signature, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureHeaders {
    /// The header `signature-input`.
    pub signature_input: String,
    /// The header `signature`.
    pub signature: String,
}

/// Why a signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// `signature-input` is not spelled as the profile says, or is an answer's on a request or the reverse.
    #[error("the header signature-input is not of Daybook's profile")]
    OtherProfile,
    /// `signature` is not one signature with the right label.
    #[error("the header signature is not one Ed25519 signature named daybook")]
    NoSignature,
    /// A part contains what could not have come in one line of HTTP.
    #[error("the message has a part that cannot be signed")]
    Unsignable,
    /// The signature is not the key's, or something of the message was changed.
    #[error("the signature does not belong to this key and message")]
    Mismatch,
}

/// The header `content-digest` of a body: `sha-256=:…:`.
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(sha256(body).0))
}

/// Whether `header` is the digest of `body`, as [`content_digest`] writes it and in no other spelling.
#[must_use]
pub fn verify_digest(header: &str, body: &[u8]) -> bool {
    header == content_digest(body)
}

/// Whether a text can travel as a nonce: visible ASCII without quotes and backslashes, at most [`CODE_CHARS_MAX`] long.
pub fn is_nonce(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    !text.is_empty() && text.len() <= CODE_CHARS_MAX && text.bytes().all(fits)
}

/// Signs a request of origin `keyid`. What is no nonce ([`is_nonce`]) is left out: the server then asks for one.
pub fn sign_request(
    parts: &RequestParts<'_>,
    key: &KeyPair,
    keyid: OriginId,
    created_seconds: i64,
    nonce: Option<&str>,
) -> SignatureHeaders {
    let nonce = nonce.filter(|text| is_nonce(text)).map(str::to_owned);
    sign(
        &parts.values(),
        key,
        &SignatureParameters { signed: Signed::Request, created: created_seconds, keyid, nonce },
    )
}

/// Signs an answer of origin `keyid`, head office's.
pub fn sign_answer(
    parts: &AnswerParts<'_>,
    key: &KeyPair,
    keyid: OriginId,
    created_seconds: i64,
) -> SignatureHeaders {
    let signed = Signed::Answer;
    sign(&parts.values(), key, &SignatureParameters { signed, created: created_seconds, keyid, nonce: None })
}

/// Verifies the headers (`signature-input`, `signature`) of a request. Body and freshness are the caller's to check:
/// [`verify_digest`], `created`, `nonce`, and that `keyid` is whose key this is.
pub fn verify_request(
    parts: &RequestParts<'_>,
    headers: (&str, &str),
    key: &PublicKey,
) -> Result<SignatureParameters, SignatureError> {
    verify(Signed::Request, &parts.values(), headers, key)
}

/// Verifies the headers (`signature-input`, `signature`) of an answer. `parts.request` is the id of the request that was
/// sent, never what the answer claims.
pub fn verify_answer(
    parts: &AnswerParts<'_>,
    headers: (&str, &str),
    key: &PublicKey,
) -> Result<SignatureParameters, SignatureError> {
    verify(Signed::Answer, &parts.values(), headers, key)
}

/// Reads a `signature-input`: who claims to have signed, before anything is proved.
pub fn read_signature_input(text: &str) -> Result<SignatureParameters, SignatureError> {
    let read = |signed: Signed| {
        let rest = text.strip_prefix("daybook=")?.strip_prefix(&component_list(signed))?;
        let (created, rest) = rest.strip_prefix(";created=")?.split_once(";keyid=\"")?;
        let (keyid, rest) = rest.split_once("\";alg=\"ed25519\";tag=\"")?;
        let nonce = match rest.strip_prefix(signed.tag())? {
            "\"" => None,
            rest => Some(rest.strip_prefix("\";nonce=\"")?.strip_suffix('"')?.to_owned()),
        };
        let (created, keyid) = (created.parse().ok()?, keyid.parse().ok()?);
        Some(SignatureParameters { signed, created, keyid, nonce })
    };
    let parameters = read(Signed::Request)
        .or_else(|| read(Signed::Answer))
        .ok_or(SignatureError::OtherProfile)?;
    let nonce_fits = match parameters.signed {
        Signed::Request => parameters.nonce.as_deref().is_none_or(is_nonce),
        Signed::Answer => parameters.nonce.is_none(),
    };
    // Written again and compared: whatever else was lenient above, one meaning has one spelling.
    let exact = format!("daybook={}", parameters.text()) == text;
    if nonce_fits && exact && (0..=CREATED_MAX).contains(&parameters.created) {
        Ok(parameters)
    } else {
        Err(SignatureError::OtherProfile)
    }
}

impl Signed {
    fn tag(self) -> &'static str {
        match self {
            Signed::Request => "daybook-request-1",
            Signed::Answer => "daybook-answer-1",
        }
    }

    fn components(self) -> &'static [&'static str] {
        match self {
            Signed::Request => REQUEST_COMPONENTS,
            Signed::Answer => ANSWER_COMPONENTS,
        }
    }
}

impl SignatureParameters {
    /// The value of `@signature-params`.
    fn text(&self) -> String {
        let SignatureParameters { signed, created, keyid, nonce } = self;
        let nonce = nonce.as_ref().map_or(String::new(), |nonce| format!(";nonce=\"{nonce}\""));
        let (components, tag) = (component_list(*signed), signed.tag());
        format!("{components};created={created};keyid=\"{keyid}\";alg=\"ed25519\";tag=\"{tag}\"{nonce}")
    }
}

impl RequestParts<'_> {
    fn values(&self) -> Vec<String> {
        let path = if self.path.is_empty() { "/" } else { self.path };
        let query = format!("?{}", self.query);
        let texts = [self.method, path, &query, self.content_digest].map(str::to_owned);
        texts.into_iter().chain([self.request.to_string()]).collect()
    }
}

impl AnswerParts<'_> {
    fn values(&self) -> Vec<String> {
        vec![self.status.to_string(), self.content_digest.to_owned(), self.request.to_string()]
    }
}

fn component_list(signed: Signed) -> String {
    let quoted: Vec<_> = signed.components().iter().map(|name| format!("\"{name}\"")).collect();
    format!("({})", quoted.join(" "))
}

/// The signature base of RFC 9421, section 2.5. Its last line ends without a line feed.
fn signature_base(values: &[String], parameters: &SignatureParameters) -> String {
    let lines = parameters.signed.components().iter().zip(values);
    let mut base: String = lines.map(|(name, value)| format!("\"{name}\": {value}\n")).collect();
    base.push_str("\"@signature-params\": ");
    base.push_str(&parameters.text());
    base
}

fn sign(values: &[String], key: &KeyPair, parameters: &SignatureParameters) -> SignatureHeaders {
    let signature = key.sign(signature_base(values, parameters).as_bytes());
    SignatureHeaders {
        signature_input: format!("daybook={}", parameters.text()),
        signature: format!("daybook=:{}:", STANDARD.encode(signature.0)),
    }
}

fn verify(
    signed: Signed,
    values: &[String],
    (signature_input, signature): (&str, &str),
    key: &PublicKey,
) -> Result<SignatureParameters, SignatureError> {
    let parameters = read_signature_input(signature_input)?;
    if parameters.signed != signed {
        return Err(SignatureError::OtherProfile);
    }
    // A line feed in a value could stand for another line of the base.
    if values
        .iter()
        .any(|value| value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        return Err(SignatureError::Unsignable);
    }
    let signature = read_signature(signature).ok_or(SignatureError::NoSignature)?;
    if key.verify(signature_base(values, &parameters).as_bytes(), &signature) {
        Ok(parameters)
    } else {
        Err(SignatureError::Mismatch)
    }
}

fn read_signature(header: &str) -> Option<Signature> {
    let text = header.strip_prefix("daybook=:")?.strip_suffix(':')?;
    STANDARD.decode(text).ok()?.try_into().ok().map(Signature)
}

#[cfg(test)]
mod tests;
