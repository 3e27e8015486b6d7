//! Bodies of answers as a bad network delivers them: whole, cut short, or a stream that breaks off.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// What is left to deliver.
#[derive(Debug)]
pub enum Answer {
    /// All of it.
    Whole(Option<Bytes>),
    /// This much, then the connection breaks.
    Cut(Option<Bytes>),
    /// What comes, until it breaks or ends.
    Stream(mpsc::Receiver<Result<Bytes, io::Error>>),
}

/// Everything arrives.
pub fn whole(bytes: Bytes) -> Answer {
    Answer::Whole(Some(bytes))
}

/// Only this arrives; the connection breaks where the rest should follow.
pub fn cut(bytes: Bytes) -> Answer {
    Answer::Cut(Some(bytes))
}

/// A stream is passed on until it ends, its `life` is over, or the link goes down.
pub fn piped(
    mut from: Incoming,
    life: Option<Duration>,
    mut down: watch::Receiver<Option<Instant>>,
) -> Answer {
    let (sender, receiver) = mpsc::channel(16);
    let end = life.map(|life| Instant::now() + life);
    down.mark_unchanged();
    tokio::spawn(async move {
        let broken = || Err(io::Error::other("the network broke the stream off"));
        loop {
            let over = async {
                match end {
                    Some(end) => sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            let piece = tokio::select! {
                frame = from.frame() => match frame {
                    Some(Ok(frame)) => frame.into_data().map_or_else(|_| Ok(Bytes::new()), Ok),
                    Some(Err(error)) => Err(io::Error::other(error)),
                    None => return,
                },
                () = over => broken(),
                _ = down.changed() => broken(),
            };
            let ends = piece.is_err();
            if sender.send(piece).await.is_err() || ends {
                return;
            }
        }
    });
    Answer::Stream(receiver)
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Answer::Whole(left) => Poll::Ready(left.take().map(|bytes| Ok(Frame::data(bytes)))),
            Answer::Cut(left) => Poll::Ready(Some(match left.take() {
                Some(bytes) => Ok(Frame::data(bytes)),
                None => Err(io::Error::other("the network broke the answer off")),
            })),
            Answer::Stream(pieces) => {
                pieces.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Answer::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Answer::Whole(left) => {
                let bytes = left.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(bytes).unwrap_or(u64::MAX))
            }
            Answer::Cut(_) | Answer::Stream(_) => SizeHint::default(),
        }
    }
}
