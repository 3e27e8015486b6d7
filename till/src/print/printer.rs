//! One paper over one TCP connection: ask the printer how it is, send the bytes, let it confirm.
//!
//! Whatever goes wrong is told apart by one question: may a byte of the paper have left? Printers that answer are asked before and
//! after; of printers that never do it is known that they close the connection when everything was read.

use std::io;
use std::time::Duration;

use daybook_core::limits::{
    PRINTER_ANSWER_MILLIS_MAX, PRINTER_CONFIRM_MILLIS_MAX, PRINTER_CONNECT_MILLIS_MAX,
    PRINTER_KNOWN_ANSWER_MILLIS_MAX, PRINTER_WRITE_MILLIS_MAX,
};
use daybook_core::paper::queue::Outcome;
use daybook_core::paper::status::{ASK_OFFLINE, ASK_PAPER, ASK_WHEN_DONE, Answers, is_done};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

/// How long a printer may take for what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// To accept a connection.
    pub connect: Duration,
    /// To say how it is, where nobody knows whether it answers at all.
    pub answer: Duration,
    /// To say how it is, where it has answered before.
    pub known_answer: Duration,
    /// To take some bytes of the paper.
    pub write: Duration,
    /// To confirm the paper after its last byte.
    pub confirm: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            connect: Duration::from_millis(PRINTER_CONNECT_MILLIS_MAX),
            answer: Duration::from_millis(PRINTER_ANSWER_MILLIS_MAX),
            known_answer: Duration::from_millis(PRINTER_KNOWN_ANSWER_MILLIS_MAX),
            write: Duration::from_millis(PRINTER_WRITE_MILLIS_MAX),
            confirm: Duration::from_millis(PRINTER_CONFIRM_MILLIS_MAX),
        }
    }
}

/// A paper on its way to a printer.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// Host and port.
    pub(crate) target: String,
    /// The paper.
    pub(crate) bytes: Vec<u8>,
    /// Whether this printer has answered before.
    pub(crate) answers: bool,
    /// Whether this printer is known never to confirm anything.
    pub(crate) silent: bool,
}

/// Prints a paper. Gives what came of it, and whether the printer answered questions.
pub(crate) async fn deliver(delivery: &Delivery, patience: &Patience) -> (Outcome, bool) {
    let not_started = |why: String| (Outcome::NotStarted(why), false);
    let mut stream = match timeout(patience.connect, TcpStream::connect(&delivery.target)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return not_started(format!("the printer cannot be reached: {error}")),
        Err(_) => {
            return not_started("the printer cannot be reached: it does not accept a connection".to_owned());
        }
    };
    let _small_writes_may_be_late = stream.set_nodelay(true);
    let wait = if delivery.answers { patience.known_answer } else { patience.answer };
    let answers = match ask(&mut stream, wait).await {
        Ok(answers) => answers,
        Err(error) => return not_started(format!("the printer closed the connection: {error}")),
    };
    if let Some(trouble) = answers.trouble() {
        return (Outcome::NotStarted(trouble.to_string()), true);
    }
    if delivery.answers && !answers.any() {
        return not_started("the printer does not answer".to_owned());
    }
    if let Err((sent, why)) = send(&mut stream, &delivery.bytes, patience.write).await {
        let outcome = if sent == 0 {
            Outcome::NotStarted(why)
        } else {
            Outcome::CutShort(why)
        };
        return (outcome, answers.any());
    }
    let outcome = if answers.any() {
        confirmed_by_answer(&mut stream, patience).await
    } else {
        let wait = if delivery.silent { patience.answer } else { patience.confirm };
        confirmed_by_closing(&mut stream, wait).await
    };
    (outcome, answers.any())
}

/// Asks a printer how it is. One that never answers gives no answers; an end of the connection is an error.
async fn ask(stream: &mut TcpStream, wait: Duration) -> io::Result<Answers> {
    let until = Instant::now() + wait;
    let mut answers = Answers::default();
    let questions = [ASK_OFFLINE, ASK_PAPER].concat();
    match timeout_at(until, stream.write_all(&questions)).await {
        Ok(written) => written?,
        Err(_) => return Ok(answers),
    }
    let mut buffer = [0; 64];
    while !answers.all() {
        match timeout_at(until, stream.read(&mut buffer)).await {
            Ok(Ok(0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(Ok(length)) => buffer[..length].iter().for_each(|byte| answers.take(*byte)),
            Ok(Err(error)) => return Err(error),
            Err(_) => break,
        }
    }
    Ok(answers)
}

/// Sends a paper; where that fails, how many of its bytes may have left, and why.
async fn send(stream: &mut TcpStream, bytes: &[u8], wait: Duration) -> Result<(), (usize, String)> {
    let mut sent = 0;
    while sent < bytes.len() {
        match timeout(wait, stream.write(&bytes[sent..])).await {
            Ok(Ok(0)) => return Err((sent, "the printer closed the connection".to_owned())),
            Ok(Ok(length)) => sent += length,
            Ok(Err(error)) => return Err((sent, format!("the connection to the printer broke: {error}"))),
            Err(_) => return Err((sent, "the printer stopped taking the paper".to_owned())),
        }
    }
    Ok(())
}

/// Waits for the answer that comes when everything was printed. A printer that does not know the question is asked how it is.
async fn confirmed_by_answer(stream: &mut TcpStream, patience: &Patience) -> Outcome {
    let broke = |why: String| Outcome::CutShort(format!("the connection to the printer broke: {why}"));
    if let Err(error) = stream.write_all(&ASK_WHEN_DONE).await {
        return broke(error.to_string());
    }
    let until = Instant::now() + patience.confirm;
    let mut buffer = [0; 64];
    loop {
        match timeout_at(until, stream.read(&mut buffer)).await {
            Ok(Ok(0)) => return broke("it was closed".to_owned()),
            Ok(Ok(length)) if buffer[..length].iter().any(|byte| is_done(*byte)) => return Outcome::Printed,
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return broke(error.to_string()),
            Err(_) => break,
        }
    }
    match ask(stream, patience.known_answer).await {
        Ok(answers) if !answers.any() => Outcome::CutShort("the printer no longer answers".to_owned()),
        Ok(answers) => answers.trouble().map_or(Outcome::Printed, |why| Outcome::CutShort(why.to_string())),
        Err(error) => broke(error.to_string()),
    }
}

/// Says that nothing more comes, and waits for the printer to say the same.
async fn confirmed_by_closing(stream: &mut TcpStream, wait: Duration) -> Outcome {
    let broke = |error: io::Error| Outcome::CutShort(format!("the connection to the printer broke: {error}"));
    // Closed before it was told that this is all, a printer has not read all of it.
    match stream.try_read(&mut [0; 64]) {
        Ok(0) => return broke(io::ErrorKind::UnexpectedEof.into()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
        Err(error) => return broke(error),
    }
    if let Err(error) = stream.shutdown().await {
        return broke(error);
    }
    let until = Instant::now() + wait;
    let mut buffer = [0; 64];
    loop {
        match timeout_at(until, stream.read(&mut buffer)).await {
            Ok(Ok(0)) => return Outcome::Printed,
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return broke(error),
            Err(_) => return Outcome::Unconfirmed,
        }
    }
}
