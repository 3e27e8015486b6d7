//! Listening to head office's live stream of hints.
//!
//! A connection can be dead without saying so: behind a router that forgot it, nothing ever comes, not even its end. Head office gives a
//! sign of life at intervals, so a stream that is silent for several of them is given up, and opened again by whoever listens.

use std::time::Duration;

use daybook_core::limits::LIVE_SILENCE_SECONDS_MAX;
use daybook_core::wire::FeedHint;
use tokio::time::timeout;

/// Bytes of one line of the stream; hints have about a hundred.
const LINE_BYTES_MAX: usize = 1 << 16;

/// Where the bytes of a stream come from.
pub(crate) trait Chunks {
    /// The next bytes; none at the end, or where the connection broke.
    fn next(&mut self) -> impl Future<Output = Option<Vec<u8>>> + Send;
}

impl Chunks for reqwest::Response {
    async fn next(&mut self) -> Option<Vec<u8>> {
        self.chunk().await.ok().flatten().map(Into::into)
    }
}

/// Follows a stream to its end, or until it has been silent for too long. Each hint is handed to `hear`.
pub(crate) async fn follow(stream: &mut impl Chunks, mut hear: impl FnMut(FeedHint)) {
    let silence = Duration::from_secs(LIVE_SILENCE_SECONDS_MAX);
    let mut pending = Vec::new();
    while let Ok(Some(chunk)) = timeout(silence, stream.next()).await {
        pending.extend_from_slice(&chunk);
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            let data = line.strip_prefix(b"data:");
            data.and_then(|data| serde_json::from_slice(data).ok()).into_iter().for_each(&mut hear);
        }
        if pending.len() > LINE_BYTES_MAX {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::limits::LIVE_PING_SECONDS;
    use std::collections::VecDeque;
    use tokio::time::{Instant, sleep};

    /// Bytes, each after so many seconds; after the last of them nothing ever comes.
    struct Played(VecDeque<(u64, &'static str)>);

    impl Chunks for Played {
        async fn next(&mut self) -> Option<Vec<u8>> {
            let Some((seconds, text)) = self.0.pop_front() else { return std::future::pending().await };
            sleep(Duration::from_secs(seconds)).await;
            (!text.is_empty()).then(|| text.as_bytes().to_vec())
        }
    }

    async fn heard(chunks: &[(u64, &'static str)]) -> (Vec<(String, i64)>, u64) {
        let (mut hints, begun) = (Vec::new(), Instant::now());
        follow(&mut Played(chunks.iter().copied().collect()), |hint| hints.push((hint.scope, hint.position)))
            .await;
        (hints, begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn hints_are_heard_however_they_are_cut() {
        let (hints, _) = heard(&[
            (0, ": following\n\nevent: hint\ndata: {\"scope\":\"cata"),
            (0, "logue\",\"position\":7}\n\ndata:"),
            (0, " nothing of ours\n"),
            (0, "data: {\"scope\":\"people\",\"position\":8}\r\n"),
            (0, ""),
        ])
        .await;
        assert_eq!(hints, [("catalogue".to_owned(), 7), ("people".to_owned(), 8)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_falls_silent_is_given_up_and_one_with_signs_of_life_is_not() {
        assert_eq!(heard(&[]).await.1, LIVE_SILENCE_SECONDS_MAX);
        let pings = [(LIVE_PING_SECONDS, ": ping\n\n"); 100];
        assert_eq!(heard(&pings).await.1, 100 * LIVE_PING_SECONDS + LIVE_SILENCE_SECONDS_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_without_an_end_is_not_followed_to_it() {
        let endless = "x".repeat(LINE_BYTES_MAX + 1).leak();
        assert_eq!(heard(&[(0, endless)]).await, (Vec::new(), 0));
    }
}
