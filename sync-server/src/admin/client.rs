//! The other end of the admin socket: hands a deed to the server that runs on a data folder, if one does.

use std::path::Path;

use serde_json::Value;

use super::Deed;

/// Why a running server's answer did not come.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There is a socket, and it cannot be opened or read.
    #[error(
        "the server's admin socket {path} does not answer: {why}. Are you the user that runs the server?"
    )]
    Broken {
        /// The socket.
        path: String,
        /// What the system or the library says.
        why: String,
    },
    /// The server says why it did not do it.
    #[error("{0}")]
    Refused(String),
}

/// The answer of the server that runs on this data folder; `None` where none runs.
#[cfg(unix)]
pub async fn ask(data: &Path, deed: &Deed) -> Result<Option<Value>, ClientError> {
    use http::Request;
    use http_body_util::{BodyExt as _, Full};
    use hyper::client::conn::http1;
    use hyper_util::rt::TokioIo;
    use std::io::ErrorKind::{ConnectionRefused, NotFound};
    use tokio::net::UnixStream;

    let path = super::socket_path(data);
    let broken = |why: String| ClientError::Broken { path: path.display().to_string(), why };
    let stream = match UnixStream::connect(&path).await {
        Ok(stream) => stream,
        // No file, or one that a server left behind when it was killed.
        Err(error) if matches!(error.kind(), NotFound | ConnectionRefused) => return Ok(None),
        Err(error) => return Err(broken(error.to_string())),
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| broken(error.to_string()))?;
    let (method, path_asked, body) = deed.request();
    let request = Request::builder().method(method).uri(path_asked).header("host", "admin");
    let request = request
        .body(Full::new(bytes::Bytes::from(body)))
        .unwrap_or_else(|error| unreachable!("methods and paths of deeds are constants: {error}"));
    // The sender goes with the exchange, and without it the connection ends.
    let exchange = async move {
        let answer = sender.send_request(request).await?;
        let fine = answer.status().is_success();
        Ok::<_, hyper::Error>((fine, answer.into_body().collect().await?.to_bytes()))
    };
    let (answered, ended) = tokio::join!(exchange, connection);
    let (fine, bytes) = answered.map_err(|error| broken(error.to_string()))?;
    if let Err(error) = ended {
        tracing::debug!(%error, "the admin connection ended early, after its answer");
    }
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| broken(error.to_string()))?;
    if fine {
        return Ok(Some(value));
    }
    let said = value.get("message").and_then(Value::as_str).unwrap_or("It said no, and not why.");
    Err(ClientError::Refused(said.to_owned()))
}

/// Where there are no Unix sockets, a running server is not reached: stop it first.
#[cfg(not(unix))]
pub async fn ask(_data: &Path, _deed: &Deed) -> Result<Option<Value>, ClientError> {
    Ok(None)
}
