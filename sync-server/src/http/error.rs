//! What can be wrong with a request, and what is answered then: the one table of causes, statuses and codes.
//!
//! HTTP's statuses are for proxies and people with a browser; Daybook's clients branch on the code in the body. Texts say what to
//! do about it and nothing of the server's inside: what went wrong there stands in its log, once.

use http::header::{ALLOW, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

use daybook_core::chain::Tip;
use daybook_core::ids::RequestId;
use daybook_core::limits::RETRY_AFTER_SECONDS;
use daybook_core::wire::{Problem, ProblemCode};

use super::body::Content;
use crate::office::{OfficeError, Refusal};

/// Why a request is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It makes no sense.
    Malformed,
    /// Its body is encoded in a way the server does not read.
    UnknownEncoding,
    /// It is larger than the limit.
    TooLarge,
    /// Its body did not arrive in time.
    TooSlow,
    /// It has no signature, or a wrong one.
    Unauthenticated,
    /// It carries no nonce, or an old one.
    UseNonce,
    /// Its signer has no certificate here.
    UnknownOrigin,
    /// Its signer may not do this.
    Forbidden,
    /// It pushes events after one that is not known.
    UnknownPrevious,
    /// Its enrolment code is not right.
    EnrolmentRefused,
    /// Its cursor is of another history.
    CursorUnknown,
    /// What it asks for is not there.
    NotFound,
    /// The route knows no such method.
    MethodNotAllowed,
    /// There is too much to do.
    Busy,
    /// The server cannot do its work.
    Failed,
}

impl Cause {
    /// Every cause, in the order of the table.
    pub const ALL: [Cause; 15] = [
        Cause::Malformed,
        Cause::UnknownEncoding,
        Cause::TooLarge,
        Cause::TooSlow,
        Cause::Unauthenticated,
        Cause::UseNonce,
        Cause::UnknownOrigin,
        Cause::Forbidden,
        Cause::UnknownPrevious,
        Cause::EnrolmentRefused,
        Cause::CursorUnknown,
        Cause::NotFound,
        Cause::MethodNotAllowed,
        Cause::Busy,
        Cause::Failed,
    ];

    /// The table.
    fn row(self) -> (StatusCode, ProblemCode) {
        match self {
            Cause::Malformed => (StatusCode::BAD_REQUEST, ProblemCode::Malformed),
            Cause::UnknownEncoding => (StatusCode::UNSUPPORTED_MEDIA_TYPE, ProblemCode::Malformed),
            Cause::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, ProblemCode::TooLarge),
            // Whoever cannot send this much in time is helped by sending less.
            Cause::TooSlow => (StatusCode::REQUEST_TIMEOUT, ProblemCode::TooLarge),
            Cause::Unauthenticated => (StatusCode::UNAUTHORIZED, ProblemCode::Unauthenticated),
            Cause::UseNonce => (StatusCode::UNAUTHORIZED, ProblemCode::UseNonce),
            Cause::UnknownOrigin => (StatusCode::UNAUTHORIZED, ProblemCode::UnknownOrigin),
            Cause::Forbidden => (StatusCode::FORBIDDEN, ProblemCode::Forbidden),
            Cause::UnknownPrevious => (StatusCode::CONFLICT, ProblemCode::UnknownPrevious),
            Cause::EnrolmentRefused => (StatusCode::FORBIDDEN, ProblemCode::EnrolmentRefused),
            Cause::CursorUnknown => (StatusCode::GONE, ProblemCode::CursorUnknown),
            Cause::NotFound => (StatusCode::NOT_FOUND, ProblemCode::NotFound),
            Cause::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, ProblemCode::MethodNotAllowed),
            Cause::Busy => (StatusCode::SERVICE_UNAVAILABLE, ProblemCode::Busy),
            // Nothing was done and trying again later is right, whether the disk is full or we made a mistake.
            Cause::Failed => (StatusCode::SERVICE_UNAVAILABLE, ProblemCode::Failed),
        }
    }

    /// The HTTP status, as a number.
    pub fn status(self) -> u16 {
        self.row().0.as_u16()
    }

    /// The code that clients branch on.
    pub fn code(self) -> ProblemCode {
        self.row().1
    }
}

/// A request that is not done: the cause, a sentence for people, and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    cause: Cause,
    message: String,
    more: More,
}

/// What goes with some faults.
#[derive(Clone, Debug, PartialEq, Eq)]
enum More {
    Nothing,
    /// The line of the body at fault.
    Line(usize),
    /// The tips that are known instead.
    Tips(Vec<Tip>),
    /// Seconds to wait.
    RetryAfter(u64),
    /// The methods that the route knows.
    Allow(&'static str),
    /// What only the log is to say.
    Detail(String),
}

impl Fault {
    /// A fault with a sentence for people.
    pub fn new(cause: Cause, message: impl Into<String>) -> Self {
        Fault { cause, message: message.into(), more: More::Nothing }
    }

    /// The request makes no sense.
    pub fn malformed(message: impl Into<String>) -> Self {
        Fault::new(Cause::Malformed, message)
    }

    /// The server could not do its work. `detail` goes to the log, not to the client.
    pub fn failed(detail: impl Into<String>) -> Self {
        let message =
            "Head office could not do this; nothing was done. Its own log says why; try again later.";
        Fault::new(Cause::Failed, message).with(More::Detail(detail.into()))
    }

    /// The same, at this line of the body.
    #[must_use]
    pub fn at_line(self, line: usize) -> Self {
        self.with(More::Line(line))
    }

    /// The same, with the methods that the route knows.
    #[must_use]
    pub fn allowing(self, methods: &'static str) -> Self {
        self.with(More::Allow(methods))
    }

    fn with(self, more: More) -> Self {
        Fault { more, ..self }
    }

    /// What is wrong.
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What only the server's log is to say.
    pub fn detail(&self) -> Option<&str> {
        match &self.more {
            More::Detail(detail) => Some(detail),
            _ => None,
        }
    }

    /// Seconds after which the client is to try again, where it is.
    fn retry_after(&self) -> Option<u64> {
        match (&self.more, self.cause) {
            (More::RetryAfter(seconds), _) => Some(*seconds),
            (_, Cause::Busy | Cause::Failed) => Some(RETRY_AFTER_SECONDS),
            _ => None,
        }
    }

    /// The answer to a request, whose id may not have been readable.
    pub fn into_response(self, request: Option<RequestId>) -> Response<Content> {
        let (status, code) = self.cause.row();
        let retry_after = self.retry_after();
        let mut problem = Problem { code, message: self.message, request, line: None, tips: None };
        let mut allow = None;
        match self.more {
            More::Line(line) => problem.line = Some(line),
            More::Tips(tips) => problem.tips = Some(tips),
            More::Allow(methods) => allow = Some(methods),
            More::Nothing | More::RetryAfter(_) | More::Detail(_) => {}
        }
        let mut response = Response::new(Content::json(&problem));
        *response.status_mut() = status;
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(methods) = allow {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
        }
        response
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Malformed(why) => Fault::new(Cause::Malformed, why),
            Refusal::Unauthenticated(why) => Fault::new(Cause::Unauthenticated, why),
            Refusal::UnknownOrigin => Fault::new(
                Cause::UnknownOrigin,
                "Head office knows no certificate of this origin: send it along, or enrol the till.",
            ),
            Refusal::Forbidden(why) => Fault::new(Cause::Forbidden, why),
            Refusal::UnknownPrevious(tips) => Fault::new(
                Cause::UnknownPrevious,
                "Head office does not know the event before the first one sent: go on after one of its tips.",
            )
            .with(More::Tips(tips)),
            Refusal::EnrolmentRefused => Fault::new(
                Cause::EnrolmentRefused,
                "The enrolment code is wrong, used or older than ten minutes: ask head office for a new one.",
            ),
            Refusal::CursorUnknown => Fault::new(
                Cause::CursorUnknown,
                "The cursor belongs to another history of this scope: start again from its beginning.",
            ),
            Refusal::NotFound => Fault::new(Cause::NotFound, "There is no such thing here."),
            Refusal::Busy { seconds } => Fault::new(Cause::Busy, "Head office is busy: try again later.")
                .with(More::RetryAfter(seconds)),
            Refusal::Failed(why) => Fault::failed(why),
        }
    }
}

impl From<OfficeError> for Fault {
    fn from(error: OfficeError) -> Self {
        match error {
            OfficeError::Senseless(why) => Fault::malformed(why),
            OfficeError::InUse(_)
            | OfficeError::NotInitialised(_)
            | OfficeError::AlreadyInitialised(_)
            | OfficeError::BrokenIdentity(_)
            | OfficeError::BrokenKit(_)
            | OfficeError::KeysOpenToOthers(_)
            | OfficeError::UnknownCurrency(_)
            | OfficeError::UnknownTimeZone(_)
            | OfficeError::Io { .. }
            | OfficeError::Store(_)
            | OfficeError::Unexpected(_) => Fault::failed(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const CODES: [ProblemCode; 13] = [
        ProblemCode::Malformed,
        ProblemCode::TooLarge,
        ProblemCode::Unauthenticated,
        ProblemCode::UseNonce,
        ProblemCode::UnknownOrigin,
        ProblemCode::Forbidden,
        ProblemCode::UnknownPrevious,
        ProblemCode::EnrolmentRefused,
        ProblemCode::CursorUnknown,
        ProblemCode::NotFound,
        ProblemCode::MethodNotAllowed,
        ProblemCode::Busy,
        ProblemCode::Failed,
    ];

    #[test]
    fn every_cause_is_an_error_and_every_code_of_the_protocol_has_a_cause() {
        assert!(Cause::ALL.iter().all(|cause| (400..600).contains(&cause.status())));
        let used: BTreeSet<ProblemCode> = Cause::ALL.iter().map(|cause| cause.code()).collect();
        assert_eq!(used, BTreeSet::from(CODES));
        let distinct: BTreeSet<String> = Cause::ALL.iter().map(|cause| format!("{cause:?}")).collect();
        assert_eq!(distinct.len(), Cause::ALL.len());
    }

    #[test]
    fn whoever_is_to_come_back_later_is_told_when() {
        for cause in Cause::ALL {
            let response = Fault::new(cause, "words").into_response(None);
            let told = response.headers().contains_key(RETRY_AFTER);
            assert_eq!(told, cause.status() == 503, "{cause:?}");
        }
        let busy = Fault::from(Refusal::Busy { seconds: 7 }).into_response(None);
        assert_eq!(busy.headers()[RETRY_AFTER], "7");
    }

    #[test]
    fn what_went_wrong_inside_stays_inside() {
        let fault = Fault::from(Refusal::Failed("/secret/path: disk full".to_owned()));
        assert_eq!(fault.detail(), Some("/secret/path: disk full"));
        let Content::Json(body) = fault.into_response(None).into_body() else { panic!("no JSON") };
        assert!(!String::from_utf8(body).unwrap().contains("secret"));
    }

    #[test]
    fn tips_and_lines_travel_with_their_fault() {
        let problem = |fault: Fault| {
            let Content::Json(body) = fault.into_response(None).into_body() else { panic!("no JSON") };
            serde_json::from_slice::<Problem>(&body).unwrap()
        };
        let unknown = problem(Fault::from(Refusal::UnknownPrevious(vec![Tip::NONE])));
        assert_eq!((unknown.tips, unknown.line), (Some(vec![Tip::NONE]), None));
        let malformed = problem(Fault::malformed("words").at_line(3));
        assert_eq!((malformed.tips, malformed.line), (None, Some(3)));
    }
}
