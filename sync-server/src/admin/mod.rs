//! Head office from its own machine: the command line, and how it reaches a server that runs.
//!
//! Only one process writes a data folder. So what a person wants done is a [`Deed`]: handed over the admin socket where a server
//! runs, done on the spot where none does. Both ways end in the same function, [`perform`], and give the same answer.

pub mod client;
pub mod command_line;
pub mod import;
mod run;
mod settings;
#[cfg(unix)]
pub mod socket;
pub mod words;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use daybook_core::identity::pin::Pin;
use daybook_core::secret::Secret;

use crate::http::error::{Cause, Fault};
use crate::http::handlers::take_in;
use crate::office::{AdmitRequest, Office, OfficeError, Publication, RevokeRequest};

/// The name of the admin socket in the data folder.
pub const SOCKET_NAME: &str = "admin.sock";

/// Where the admin socket of a data folder is.
pub fn socket_path(data: &Path) -> PathBuf {
    data.join(SOCKET_NAME)
}

/// Something a person at head office's machine wants done, that needs the writer.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Make a one-time code for a till.
    EnrolCode(EnrolCodeRequest),
    /// Write publications: a JSON array of them, as it was read. There may be PINs in it.
    Publish(Secret<Box<RawValue>>),
    /// Make up a new PIN for a person.
    NewPin(NewPinRequest),
    /// Answer a conflict.
    Answer(AnswerRequest),
    /// End the access of a till.
    Revoke(RevokeRequest),
    /// Let a till in again, or what it recorded.
    Admit(AdmitRequest),
    /// Take a push in that was carried here in a file.
    TakeIn(String),
    /// Say how the server is.
    Health,
    /// Say what all documents add up to.
    Totals,
    /// Stop the server.
    Stop,
}

/// Which till a code is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolCodeRequest {
    /// The store's name; made when it is new.
    pub store: String,
    /// The till's name.
    pub till: String,
}

/// A code, in the spelling that people see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolCodeAnswer {
    /// `XXXXX-XXXXX`.
    pub code: String,
}

/// Which choice of a conflict is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerRequest {
    /// The conflict's id.
    pub conflict: String,
    /// The code of one of its choices.
    pub option: String,
}

/// Whose PIN is to be another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPinRequest {
    /// Their staff number.
    pub number: String,
}

/// The new PIN, told once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPinAnswer {
    /// Its digits.
    pub pin: Pin,
}

impl Deed {
    /// The method, path and body that say this to a running server.
    pub fn request(&self) -> (&'static str, &'static str, String) {
        let text = |value: Value| value.to_string();
        match self {
            Deed::EnrolCode(EnrolCodeRequest { store, till }) => {
                ("POST", "/admin/enrol-code", text(json!({"store": store, "till": till})))
            }
            Deed::Publish(publications) => ("POST", "/admin/publish", publications.reveal().get().to_owned()),
            Deed::NewPin(NewPinRequest { number }) => {
                ("POST", "/admin/new-pin", text(json!({"number": number})))
            }
            Deed::Answer(AnswerRequest { conflict, option }) => {
                ("POST", "/admin/answer", text(json!({"conflict": conflict, "option": option})))
            }
            Deed::Revoke(asked) => ("POST", "/admin/revoke", text(json!(asked))),
            Deed::Admit(asked) => ("POST", "/admin/admit", text(json!(asked))),
            Deed::TakeIn(push) => ("POST", "/admin/take-in", push.clone()),
            Deed::Health => ("GET", "/admin/health", String::new()),
            Deed::Totals => ("GET", "/admin/totals", String::new()),
            Deed::Stop => ("POST", "/admin/stop", String::new()),
        }
    }

    /// Reads what [`Deed::request`] says.
    pub fn read(method: &str, path: &str, body: &str) -> Result<Self, Fault> {
        fn json<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, Fault> {
            serde_json::from_str(body).map_err(|error| Fault::malformed(format!("Not understood: {error}.")))
        }
        Ok(match (method, path) {
            ("POST", "/admin/enrol-code") => Deed::EnrolCode(json(body)?),
            ("POST", "/admin/publish") => {
                // A JSON array of anything; what stands in it is read, and told of, where it is done.
                let publications: Box<RawValue> = json(body)?;
                Deed::Publish(Secret::new(publications))
            }
            ("POST", "/admin/new-pin") => Deed::NewPin(json(body)?),
            ("POST", "/admin/answer") => Deed::Answer(json(body)?),
            ("POST", "/admin/revoke") => Deed::Revoke(json(body)?),
            ("POST", "/admin/admit") => Deed::Admit(json(body)?),
            ("POST", "/admin/take-in") => Deed::TakeIn(body.to_owned()),
            ("GET", "/admin/health") => Deed::Health,
            ("GET", "/admin/totals") => Deed::Totals,
            ("POST", "/admin/stop") => Deed::Stop,
            _ => {
                return Err(Fault::new(
                    Cause::NotFound,
                    format!("The admin socket knows no {method} {path}."),
                ));
            }
        })
    }
}

/// Does it. To stop is nothing the office does; whoever runs the server sees to it.
pub async fn perform(office: &Office, deed: Deed) -> Result<Value, Fault> {
    let answer = match deed {
        Deed::EnrolCode(EnrolCodeRequest { store, till }) => {
            let code = office.enrol_code(&store, &till).await.map_err(plainly)?;
            serde_json::to_value(EnrolCodeAnswer { code: code.to_string() })
        }
        Deed::Publish(publications) => {
            let publications: Vec<Publication> = serde_json::from_str(publications.reveal().get())
                .map_err(|error| Fault::malformed(format!("These are no publications: {error}.")))?;
            serde_json::to_value(office.publish(publications).await.map_err(plainly)?)
        }
        Deed::NewPin(NewPinRequest { number }) => {
            let pin = office.new_pin(&number).await.map_err(plainly)?;
            serde_json::to_value(NewPinAnswer { pin })
        }
        Deed::Answer(AnswerRequest { conflict, option }) => {
            office.answer(&conflict, &option).await.map_err(plainly)?;
            Ok(json!({}))
        }
        Deed::Revoke(asked) => serde_json::to_value(office.revoke(asked).await.map_err(plainly)?),
        Deed::Admit(asked) => serde_json::to_value(office.admit(asked).await.map_err(plainly)?),
        Deed::TakeIn(push) => {
            let request = office.new_request();
            serde_json::to_value(take_in(office, request, None, push).await?)
        }
        Deed::Health => serde_json::to_value(office.health().await.map_err(plainly)?),
        Deed::Totals => Ok(office.totals().await.map_err(plainly)?),
        Deed::Stop => Ok(json!({})),
    };
    answer.map_err(|error| Fault::failed(error.to_string()))
}

/// A person at the machine gets the whole sentence.
fn plainly(error: OfficeError) -> Fault {
    let cause = if matches!(error, OfficeError::Senseless(_)) {
        Cause::Malformed
    } else {
        Cause::Failed
    };
    Fault::new(cause, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::office::CloseReason;

    #[test]
    fn every_deed_reads_back_from_its_request() {
        let deeds = [
            Deed::EnrolCode(EnrolCodeRequest {
                store: "High \"Street\"".to_owned(),
                till: "Till 1".to_owned(),
            }),
            Deed::Publish(Secret::new(serde_json::from_str("[{\"price\":1.10}]").unwrap())),
            Deed::NewPin(NewPinRequest { number: "7".to_owned() }),
            Deed::Answer(AnswerRequest { conflict: "oversold-1".to_owned(), option: "recount".to_owned() }),
            Deed::Revoke(RevokeRequest {
                till: "Till 1".to_owned(),
                store: None,
                reason: CloseReason::Stolen,
            }),
            Deed::Admit(AdmitRequest { till: "Till 1".to_owned(), store: None, to: Some("85".to_owned()) }),
            Deed::TakeIn("{\"origin\":1}\n[{},{},null]\n".to_owned()),
            Deed::Health,
            Deed::Totals,
            Deed::Stop,
        ];
        for deed in deeds {
            let (method, path, body) = deed.request();
            let read = Deed::read(method, path, &body).unwrap();
            assert_eq!(read.request(), (method, path, body));
        }
    }

    #[test]
    fn a_deed_that_holds_a_pin_does_not_show_it() {
        let publications = serde_json::from_str("[{\"staff\":{\"pin\":\"7391\"}}]").unwrap();
        let deed = Deed::Publish(Secret::new(publications));
        assert!(!format!("{deed:?}").contains("7391"));
        let answer = NewPinAnswer { pin: Pin::parse("7391").unwrap() };
        assert!(!format!("{answer:?}").contains("7391"));
    }

    #[test]
    fn what_is_no_deed_is_refused() {
        let cases = [
            ("GET", "/admin/stop", "", Cause::NotFound),
            ("POST", "/admin/other", "", Cause::NotFound),
            ("POST", "/admin/enrol-code", "{\"store\":\"S\"}", Cause::Malformed),
            ("POST", "/admin/answer", "{\"conflict\":\"a\",\"option\":\"b\",\"more\":1}", Cause::Malformed),
            ("POST", "/admin/publish", "[", Cause::Malformed),
            ("POST", "/admin/revoke", "{\"till\":\"T\",\"reason\":\"whim\"}", Cause::Malformed),
        ];
        for (method, path, body, expected) in cases {
            assert_eq!(Deed::read(method, path, body).unwrap_err().cause(), expected, "{method} {path}");
        }
    }
}
