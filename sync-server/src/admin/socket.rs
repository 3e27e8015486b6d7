//! The admin socket of a running server: HTTP over a Unix socket that only the server's own user can open.
//!
//! No signatures here: whoever may open the socket may also read the keys beside it. The rights of the file are the whole of the
//! protection, so the socket is made in a folder of its own that nobody else can enter, and only then moved to its place.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use daybook_core::limits::{
    ACCEPT_PAUSE_MILLIS, ADMIN_BODY_BYTES_MAX, ADMIN_SECONDS_MAX, DRAIN_SECONDS_MAX, HEADER_SECONDS_MAX,
};

use super::{Deed, perform, socket_path};
use crate::http::body::{Body, Content, finish};
use crate::http::error::Fault;
use crate::http::{builder, limits};
use crate::office::Office;

/// The socket, open. Its file goes with it.
#[derive(Debug)]
pub struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
}

/// What its connections share.
struct Desk {
    office: Office,
    stop: watch::Sender<bool>,
}

impl AdminSocket {
    /// Opens the socket of a data folder. Call it only while holding the folder's lock: what another server left behind is replaced.
    pub fn open(data: &Path) -> io::Result<Self> {
        let (path, private) = (socket_path(data), data.join(".admin"));
        match fs::remove_dir_all(&private) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => DirBuilder::new().mode(0o700).create(&private)?,
        }
        let made = private.join("s");
        let listener = UnixListener::bind(&made)?;
        fs::set_permissions(&made, Permissions::from_mode(0o600))?;
        fs::rename(&made, &path)?;
        fs::remove_dir(&private)?;
        Ok(AdminSocket { listener, path })
    }

    /// Serves until the server stops. `stop` is told when a person asks for it here.
    pub async fn serve(self, office: Office, stop: watch::Sender<bool>) {
        let mut stopping = stop.subscribe();
        let desk = Arc::new(Desk { office, stop });
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let accepted = tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, desk.clone(), &graceful));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept on the admin socket at present");
                    sleep(Duration::from_millis(ACCEPT_PAUSE_MILLIS)).await;
                }
            }
        }
        // Whoever asked the server to stop still wants to hear that it does.
        if timeout(Duration::from_secs(DRAIN_SECONDS_MAX), graceful.shutdown()).await.is_err() {
            tracing::warn!("an admin command still ran when the time to stop was over");
        }
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "the admin socket was gone already");
        }
    }
}

fn connection(
    stream: UnixStream,
    desk: Arc<Desk>,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + use<> {
    let service = service_fn(move |request| {
        let desk = desk.clone();
        async move { Ok::<_, std::convert::Infallible>(answer(&desk, request).await) }
    });
    let served =
        builder(Duration::from_secs(HEADER_SECONDS_MAX)).serve_connection(TokioIo::new(stream), service);
    let served = graceful.watch(served);
    async move {
        if let Err(error) = served.await {
            tracing::debug!(%error, "an admin connection ended early");
        }
    }
}

async fn answer(desk: &Desk, request: Request<Incoming>) -> Response<Body> {
    let answer = match done(desk, request).await {
        Ok(value) => Response::new(Content::json(&value)),
        Err(fault) => {
            tracing::info!(
                message = fault.message(),
                detail = fault.detail(),
                "an admin command was not done"
            );
            fault.into_response(None)
        }
    };
    finish(answer, false, None)
}

async fn done(desk: &Desk, request: Request<Incoming>) -> Result<serde_json::Value, Fault> {
    let time = Duration::from_secs(ADMIN_SECONDS_MAX);
    let (head, mut body) = request.into_parts();
    let bytes = limits::read(&head.headers, &mut body, ADMIN_BODY_BYTES_MAX, time).await?;
    let text = limits::text(limits::Encoding::read(&head.headers)?, bytes).await?;
    let deed = Deed::read(head.method.as_str(), head.uri.path(), &text)?;
    if matches!(deed, Deed::Stop) {
        desk.stop.send_replace(true);
    }
    timeout(time, perform(&desk.office, deed))
        .await
        .unwrap_or_else(|_| Err(Fault::failed("it took too long")))
}
