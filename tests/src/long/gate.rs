//! The road between till and head office: it lets so many bytes towards head office through and then holds everything up, in the middle of a
//! request as often as not, until it is opened for more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Bytes that are passed on at once.
const AT_ONCE: usize = 4_096;

/// A road that can be held up.
#[derive(Clone, Debug)]
pub struct Gate {
    /// Where the till finds it.
    pub address: String,
    passed: Arc<AtomicU64>,
    allowed: watch::Sender<u64>,
    held_up: watch::Sender<u64>,
}

impl Gate {
    /// A road to head office, closed.
    pub async fn to(office: String) -> anyhow::Result<Gate> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let gate = Gate {
            address: listener.local_addr()?.to_string(),
            passed: Arc::default(),
            allowed: watch::Sender::new(0),
            held_up: watch::Sender::new(0),
        };
        let road = gate.clone();
        tokio::spawn(async move {
            while let Ok((till, _)) = listener.accept().await {
                let (road, office) = (road.clone(), office.clone());
                tokio::spawn(async move {
                    // Where head office is not there, the till hears nothing, as on any broken road.
                    if let Ok(office) = TcpStream::connect(office).await {
                        road.carry(till, office).await;
                    }
                });
            }
        });
        Ok(gate)
    }

    /// Lets so many bytes more through.
    pub fn open(&self, bytes: u64) {
        let passed = self.passed.load(Ordering::Relaxed);
        self.allowed.send_replace(passed.saturating_add(bytes));
    }

    /// Waits until the till has something to say that is not let through.
    pub async fn is_held_up(&self) {
        let mut held_up = self.held_up.subscribe();
        let allowed = *self.allowed.borrow();
        // The sender is here, so this ends with what is waited for.
        let _held_up = held_up.wait_for(|at| *at >= allowed).await;
    }

    async fn carry(self, till: TcpStream, office: TcpStream) {
        let ((from_till, mut to_till), (mut from_office, to_office)) =
            (till.into_split(), office.into_split());
        // Either end that goes away ends both directions.
        tokio::select! {
            () = self.up(from_till, to_office) => {}
            _ = tokio::io::copy(&mut from_office, &mut to_till) => {}
        }
    }

    async fn up(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut bytes = [0; AT_ONCE];
        let mut allowed = self.allowed.subscribe();
        while let Ok(read @ 1..) = from.read(&mut bytes).await {
            let needed = self.passed.fetch_add(read as u64, Ordering::Relaxed) + read as u64;
            while *allowed.borrow_and_update() < needed {
                self.held_up.send_modify(|at| *at = needed.max(*at));
                if allowed.changed().await.is_err() {
                    return;
                }
            }
            if to.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    }
}
