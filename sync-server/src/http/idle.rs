//! A socket that does not wait for ever to be written to: a reader who takes nothing is let go.
//!
//! The HTTP library bounds how long a head may take, and `limits` how long a body may; nobody bounds how long an answer may stand in
//! the socket's buffer. Without this, slow readers collect until no connection is left.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// A stream whose writes fail once they have made no progress for a while.
#[derive(Debug)]
pub struct WriteIdle<S> {
    stream: S,
    time: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> WriteIdle<S> {
    /// Bounds the writes of `stream`.
    pub fn new(stream: S, time: Duration) -> Self {
        WriteIdle { stream, time, waiting: None }
    }

    /// Passes on what a write came to, or gives up waiting for it.
    fn bound<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let time = self.time;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(time)));
        if waiting.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        // Should anyone try once more, they wait once more.
        waiting.as_mut().reset(Instant::now() + time);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the reader took nothing of the answer")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteIdle<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteIdle<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.bound(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, bytes);
        this.bound(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(cx);
        this.bound(cx, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.bound(cx, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    #[tokio::test(start_paused = true)]
    async fn a_reader_who_takes_nothing_is_let_go_and_one_who_is_slow_is_not() {
        let time = Duration::from_millis(40);
        let (near, mut far) = duplex(8);
        let mut near = WriteIdle::new(near, time);
        let slow = async {
            let mut byte = [0; 1];
            for _ in 0..16 {
                tokio::time::sleep(time / 4).await;
                far.read_exact(&mut byte).await.unwrap();
            }
            far
        };
        let (written, _far) = tokio::join!(near.write_all(&[0; 24]), slow);
        written.unwrap();
        let stuck = near.write_all(&[0; 24]).await;
        assert_eq!(stuck.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
