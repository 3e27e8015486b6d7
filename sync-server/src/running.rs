//! A head office that runs: everything started in its order, and stopped in the reverse one.
//!
//! `main` does no more than this with what it parsed, so that tests start the same thing.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

#[cfg(unix)]
use crate::admin::socket::AdminSocket;
#[cfg(unix)]
use crate::admin::socket_path;
use crate::http::tls::{Tls, TlsChoice, TlsError};
use crate::http::{self, Limits};
use crate::office::{Office, OfficeError, Settings};

/// Why head office does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The office itself.
    #[error(transparent)]
    Office(#[from] OfficeError),
    /// The address.
    #[error("cannot listen on {address}: {why}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What to make of it.
        why: String,
    },
    /// The admin socket.
    #[error("cannot open the admin socket {path}: {why}")]
    AdminSocket {
        /// Its place.
        path: String,
        /// What to make of it.
        why: String,
    },
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Something that does not happen happened.
    #[error("head office did not start: {0}")]
    BrokeOff(String),
}

/// A head office that runs. Dropped without [`Running::stop`], it stops too, but nobody waits for it.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The office.
    pub office: Office,
    /// Whether it speaks TLS.
    pub hidden: bool,
    stop: watch::Sender<bool>,
    served: JoinHandle<bool>,
    /// The admin socket, where the system has such a thing.
    desk: JoinSet<()>,
}

/// Starts head office: opens the office, listens, opens the admin socket. Port 0 takes any that is free.
pub async fn start(settings: Settings, listen: SocketAddr) -> Result<Running, StartError> {
    start_within(settings, listen, Limits::default()).await
}

/// The same, over TLS.
pub async fn start_over(
    settings: Settings,
    listen: SocketAddr,
    tls: TlsChoice,
) -> Result<Running, StartError> {
    let data = settings.data.clone();
    let office = open(settings).await?;
    match bind(listen).await {
        Ok(listener) => start_on(office, &data, listener, Some(tls), Limits::default()).await,
        Err(error) => {
            office.close().await;
            Err(error)
        }
    }
}

/// The same as [`start`], within other limits.
pub async fn start_within(
    settings: Settings,
    listen: SocketAddr,
    limits: Limits,
) -> Result<Running, StartError> {
    let data = settings.data.clone();
    let office = open(settings).await?;
    match bind(listen).await {
        Ok(listener) => start_on(office, &data, listener, None, limits).await,
        Err(error) => {
            office.close().await;
            Err(error)
        }
    }
}

/// Opens the office on a thread that may block.
pub async fn open(settings: Settings) -> Result<Office, StartError> {
    match tokio::task::spawn_blocking(move || Office::open(settings)).await {
        Ok(opened) => Ok(opened?),
        Err(error) => Err(StartError::BrokeOff(error.to_string())),
    }
}

/// Listens on an address.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| StartError::Listen { address, why: listen_advice(&error) })
}

/// Serves an open office and its data folder on a listener, over TLS or in the clear, within these limits.
pub async fn start_on(
    office: Office,
    data: &Path,
    listener: TcpListener,
    tls: Option<TlsChoice>,
    limits: Limits,
) -> Result<Running, StartError> {
    let (stop, stopping) = watch::channel(false);
    let ready = open_desk(data).and_then(|desk| {
        let tls = tls.map(|choice| Tls::open(choice, office.clone())).transpose()?;
        Ok((desk, local_address(&listener)?, tls))
    });
    let (desk, address, tls) = match ready {
        Ok(ready) => ready,
        Err(error) => {
            office.close().await;
            return Err(error);
        }
    };
    let mut served_desk = JoinSet::new();
    serve_desk(&mut served_desk, desk, &office, &stop);
    let hidden = tls.is_some();
    let served = tokio::spawn(http::serve(listener, office.clone(), tls, limits, stopped(stopping)));
    Ok(Running { address, office, hidden, stop, served, desk: served_desk })
}

fn local_address(listener: &TcpListener) -> Result<SocketAddr, StartError> {
    listener
        .local_addr()
        .map_err(|error| StartError::BrokeOff(format!("the listener has no address: {error}")))
}

#[cfg(unix)]
fn open_desk(data: &Path) -> Result<AdminSocket, StartError> {
    AdminSocket::open(data).map_err(|error| StartError::AdminSocket {
        path: socket_path(data).display().to_string(),
        why: match error.kind() {
            io::ErrorKind::InvalidInput => {
                "its path is too long for a socket (about 100 characters); choose a shorter --data".to_owned()
            }
            _ => error.to_string(),
        },
    })
}

#[cfg(unix)]
fn serve_desk(served: &mut JoinSet<()>, desk: AdminSocket, office: &Office, stop: &watch::Sender<bool>) {
    served.spawn(desk.serve(office.clone(), stop.clone()));
}

/// Where there are no Unix sockets, commands that write need the server stopped.
#[cfg(not(unix))]
fn open_desk(_data: &Path) -> Result<(), StartError> {
    Ok(())
}

#[cfg(not(unix))]
fn serve_desk(_served: &mut JoinSet<()>, (): (), _office: &Office, _stop: &watch::Sender<bool>) {}

impl Running {
    /// Its address as a person types it at a till.
    pub fn url(&self) -> String {
        let scheme = if self.hidden { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Waits until somebody asks over the admin socket that it stops.
    pub async fn asked_to_stop(&self) {
        stopped(self.stop.subscribe()).await;
    }

    /// Waits until a part of head office breaks down, and says which: it has to be stopped then, and started again.
    pub async fn broken(&self) -> &'static str {
        self.office.broken().await
    }

    /// Stops: no new connections, running requests end, then the office finishes what is queued and closes. Says whether every
    /// request could end.
    pub async fn stop(mut self) -> bool {
        self.stop.send_replace(true);
        let drained = self.served.await.unwrap_or(false);
        while self.desk.join_next().await.is_some() {}
        self.office.close().await;
        drained
    }
}

/// Done when the value turns true, or when nobody is left to turn it.
async fn stopped(mut stopping: watch::Receiver<bool>) {
    // Both ways out mean the same.
    let _either = stopping.wait_for(|stopping| *stopping).await;
}

fn listen_advice(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program uses this port; stop it, or choose another with --listen".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 are for the system; choose a higher one with --listen".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address; 0.0.0.0 means all that it has".to_owned()
        }
        _ => error.to_string(),
    }
}
