//! The keystore of the operating system: Credential Manager, Keychain or a Secret Service.
//!
//! It is asked on a thread of its own and waited for a short while only: one that wants a person's password first, or a bus on which
//! nobody answers, is as good as none, and a till does not stand still for it.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use keyring::v1::{Entry, Error};

use super::Keystore;

/// The keystore of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemKeystore;

/// Under whose name secrets lie there.
const SERVICE: &str = "daybook-till";
/// How long it may take. One that is open answers within milliseconds, also where it has to be started first.
const PATIENCE: Duration = Duration::from_secs(3);

impl Keystore for SystemKeystore {
    fn read(&self, name: &str) -> Result<Option<[u8; 32]>, String> {
        let name = name.to_owned();
        in_time(PATIENCE, move || match Entry::new(SERVICE, &name).and_then(|entry| entry.get_secret()) {
            Ok(bytes) => bytes.try_into().map(Some).map_err(|_| "the secret is not 32 bytes long".to_owned()),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(said(&error)),
        })
    }

    fn write(&self, name: &str, secret: &[u8; 32]) -> Result<(), String> {
        let (name, secret) = (name.to_owned(), *secret);
        in_time(PATIENCE, move || {
            let entry = Entry::new(SERVICE, &name).map_err(|error| said(&error))?;
            entry.set_secret(&secret).map_err(|error| said(&error))
        })
    }
}

/// What went wrong; where there is no keystore at all, why.
fn said(error: &Error) -> String {
    match (error, Entry::store_status()) {
        (Error::NoDefaultStore, Err(why)) => why.to_string(),
        _ => error.to_string(),
    }
}

/// What is answered within a time. A thread that gets no answer is left behind: nothing can end it, and it holds nothing of the till.
fn in_time<T: Send + 'static>(
    patience: Duration,
    ask: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let (answer, answered) = mpsc::sync_channel(1);
    let asking = thread::Builder::new().name("keystore".to_owned()).spawn(move || {
        // Whoever asked may have given up.
        let _too_late = answer.send(ask());
    });
    asking.map_err(|error| error.to_string())?;
    match answered.recv_timeout(patience) {
        Ok(answer) => answer,
        Err(mpsc::RecvTimeoutError::Timeout) => {
            Err(format!("it did not answer within {} seconds; is it locked?", patience.as_secs()))
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => Err("it broke off".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_keystore_that_does_not_answer_is_not_waited_for() {
        let begun = Instant::now();
        let (hold, held) = mpsc::channel::<()>();
        let asked = in_time(Duration::from_millis(20), move || {
            // Nothing comes until the end of the test.
            let _ended = held.recv();
            Ok(())
        });
        assert!(asked.unwrap_err().contains("locked"));
        assert!(begun.elapsed() < Duration::from_secs(2));
        drop(hold);
    }

    #[test]
    fn what_is_answered_in_time_counts_and_a_panic_is_no_answer() {
        assert_eq!(in_time(PATIENCE, || Ok(7)), Ok(7));
        assert_eq!(in_time(PATIENCE, || Err::<(), _>("no".to_owned())), Err("no".to_owned()));
        let broken: Result<(), String> = in_time(PATIENCE, || panic!("the keystore's library is broken"));
        assert_eq!(broken, Err("it broke off".to_owned()));
    }
}
