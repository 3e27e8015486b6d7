//! Head office on the network: connections in, signed answers out.
//!
//! Straight on hyper, HTTP/1.1 only. The road of a request is `exchange`: its head becomes an [`route::Endpoint`] or is refused, its
//! signer proves who they are, its body is read within bounds, a handler asks the office, the answer is signed. Whatever a stranger
//! can make grow has a limit: connections, heads, bodies, time, memory. Nothing here knows what an event means.

pub mod auth;
pub mod body;
pub mod error;
mod exchange;
pub(crate) mod handlers;
mod idle;
pub mod limits;
mod room;
pub mod route;
pub mod sse;
pub mod tls;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use daybook_core::limits::{
    CERTIFICATE_LOOK_SECONDS, CONNECTION_BUFFER_BYTES_MAX, HEADER_BYTES_MAX, HEADERS_MAX,
};

use self::idle::WriteIdle;
pub use self::limits::Limits;
use self::room::Rooms;
use self::tls::Tls;
use crate::office::{Office, Via};

/// What every request of one server shares.
#[derive(Debug)]
pub struct Server {
    office: Office,
    /// How connections are hidden from others; none in the clear.
    tls: Option<Tls>,
    limits: Limits,
    stopping: watch::Receiver<bool>,
    live_streams: Arc<Semaphore>,
    stranger_bodies: Semaphore,
    rooms: Rooms,
}

/// Serves until `shutdown` is done, then lets running requests end for a while. Says whether all of them did.
pub async fn serve(
    listener: TcpListener,
    office: Office,
    tls: Option<Tls>,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> bool {
    let (stop, stopping) = watch::channel(false);
    let server = Arc::new(Server {
        office,
        tls,
        limits,
        stopping,
        live_streams: Arc::new(Semaphore::new(limits.live_streams)),
        stranger_bodies: Semaphore::new(limits.stranger_bodies),
        rooms: Rooms::of(&limits),
    });
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    tokio::select! {
        () = shutdown => {}
        () = accept(&listener, &server, &graceful, &mut connections) => {}
        () = look_for_certificates(&server) => {}
    }
    drop(listener);
    // Live streams never end by themselves; this is their sign.
    stop.send_replace(true);
    let drained = timeout(limits.drain, graceful.shutdown()).await.is_ok();
    if !drained {
        tracing::warn!("requests still ran when the time to stop was over; they are cut off");
    }
    // What is left of them lets go of the office, so that whoever comes after us finds it free.
    connections.shutdown().await;
    drained
}

/// Looks for ever whether another certificate is due.
async fn look_for_certificates(server: &Server) {
    loop {
        sleep(Duration::from_secs(CERTIFICATE_LOOK_SECONDS)).await;
        if let Some(tls) = &server.tls {
            tls.look_again();
        }
    }
}

/// Accepts connections for ever: no error of one of them, and no want of file descriptors, ends it.
async fn accept(
    listener: &TcpListener,
    server: &Arc<Server>,
    graceful: &GracefulShutdown,
    connections: &mut JoinSet<()>,
) {
    let places = Arc::new(Semaphore::new(server.limits.connections));
    let mut failing = false;
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                failing = false;
                connections.spawn(connection(stream, server.clone(), graceful.watcher(), place));
            }
            Err(error) if is_of_the_connection(&error) => {
                tracing::debug!(%error, "a connection was gone at once")
            }
            Err(error) => {
                // Said once, not ten times a second.
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(%error, "cannot accept connections at present; trying again until it works");
                }
                sleep(server.limits.accept_pause).await;
            }
        }
    }
}

/// Whether only the one connection that was to be accepted is concerned.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Serves one connection to its end.
async fn connection(stream: TcpStream, server: Arc<Server>, watcher: Watcher, place: OwnedSemaphorePermit) {
    // Answers are written whole; waiting for more to send would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection does without TCP_NODELAY");
    }
    let limits = server.limits;
    let peer = stream.peer_addr().ok().map(|address| address.ip());
    let stream = WriteIdle::new(stream, limits.write_idle);
    match &server.tls {
        None => talk(stream, Via { peer, tls_key: None }, &server, watcher).await,
        Some(tls) => {
            let shown = tls.shown();
            match timeout(limits.header, shown.acceptor.accept(stream)).await {
                Ok(Ok(stream)) => {
                    talk(stream, Via { peer, tls_key: Some(shown.key) }, &server, watcher).await
                }
                Ok(Err(error)) => tracing::debug!(%error, "a connection spoke no TLS that is spoken here"),
                Err(_) => tracing::debug!("a connection was too slow to greet"),
            }
        }
    }
    drop(place);
}

/// Answers the requests of a connection until it ends.
async fn talk<S>(stream: S, via: Via, server: &Arc<Server>, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let server = server.clone();
        async move { Ok::<_, std::convert::Infallible>(exchange::exchange(&server, request, via).await) }
    });
    let serving = builder(server.limits.header).serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(serving).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// HTTP/1.1 with its limits.
pub(crate) fn builder(header: Duration) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(header)
        .max_headers(HEADERS_MAX)
        .max_header_size(HEADER_BYTES_MAX)
        .max_buf_size(CONNECTION_BUFFER_BYTES_MAX);
    builder
}
