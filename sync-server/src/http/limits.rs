//! How much and how long: the bounds of a connection, and the reading of a body within them.
//!
//! The numbers stand in `core::limits` with their reasons; [`Limits`] holds those that a test makes smaller instead of waiting. A
//! body is counted while it arrives and again while it is unpacked, so that no length anyone states is believed.

use std::io::Read as _;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Body;
use tokio::time::timeout;

use daybook_core::limits::{
    ACCEPT_PAUSE_MILLIS, ANSWER_SECONDS_MAX, BODY_DECOMPRESSED_BYTES_MAX, BODY_SECONDS_MAX, CONNECTIONS_MAX,
    DRAIN_SECONDS_MAX, HEADER_SECONDS_MAX, INLINE_BODY_BYTES_MAX, LARGE_BODIES_ARRIVING_BYTES,
    LARGE_BODIES_HELD_BYTES, LINE_BYTES_MAX, LIVE_PING_SECONDS, LIVE_SECONDS_MAX, LIVE_STREAMS_MAX,
    REFUSED_BODY_MILLIS_MAX, REQUESTS_OF_ONE_MAX, ROOM_SECONDS_MAX, SMALL_BODIES_ARRIVING_BYTES,
    SMALL_BODIES_HELD_BYTES, STRANGER_BODIES_MAX, UNPACKED_RATIO_MAX, WRITE_IDLE_SECONDS_MAX,
    ZSTD_WINDOW_LOG_MAX,
};

use super::error::{Cause, Fault};

/// The bounds of one server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For the head of a request to arrive.
    pub header: Duration,
    /// For its body to arrive.
    pub body: Duration,
    /// For the whole of it; a route may allow less.
    pub request: Duration,
    /// For a reader who takes nothing.
    pub write_idle: Duration,
    /// For running requests to end when the server stops.
    pub drain: Duration,
    /// For the rest of a refused body to be thrown away.
    pub refused_body: Duration,
    /// Before the next try to accept a connection, where the last one failed for want of something.
    pub accept_pause: Duration,
    /// Between two signs of life on a live stream.
    pub live_ping: Duration,
    /// For one live stream.
    pub live: Duration,
    /// Connections at once.
    pub connections: usize,
    /// Live streams at once.
    pub live_streams: usize,
    /// Bodies of unknown senders at once.
    pub stranger_bodies: usize,
    /// Bytes of small bodies at once: that arrive, and that are held unpacked.
    pub small_bodies: (usize, usize),
    /// The same of larger ones.
    pub large_bodies: (usize, usize),
    /// For a body to wait until there is room for it.
    pub room: Duration,
    /// Requests of one till at once.
    pub requests_of_one: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            header: Duration::from_secs(HEADER_SECONDS_MAX),
            body: Duration::from_secs(BODY_SECONDS_MAX),
            request: Duration::from_secs(ANSWER_SECONDS_MAX),
            write_idle: Duration::from_secs(WRITE_IDLE_SECONDS_MAX),
            drain: Duration::from_secs(DRAIN_SECONDS_MAX),
            refused_body: Duration::from_millis(REFUSED_BODY_MILLIS_MAX),
            accept_pause: Duration::from_millis(ACCEPT_PAUSE_MILLIS),
            live_ping: Duration::from_secs(LIVE_PING_SECONDS),
            live: Duration::from_secs(LIVE_SECONDS_MAX),
            connections: CONNECTIONS_MAX,
            live_streams: LIVE_STREAMS_MAX,
            stranger_bodies: STRANGER_BODIES_MAX,
            small_bodies: (SMALL_BODIES_ARRIVING_BYTES, SMALL_BODIES_HELD_BYTES),
            large_bodies: (LARGE_BODIES_ARRIVING_BYTES, LARGE_BODIES_HELD_BYTES),
            room: Duration::from_secs(ROOM_SECONDS_MAX),
            requests_of_one: REQUESTS_OF_ONE_MAX,
        }
    }
}

/// How a body is encoded on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// Compressed with gzip.
    Gzip,
    /// Compressed with zstd.
    Zstd,
}

impl Encoding {
    /// What `content-encoding` says. One coding or none; a list of them would be a way to hide a bomb in another.
    pub fn read(headers: &HeaderMap) -> Result<Self, Fault> {
        let mut values = headers.get_all(CONTENT_ENCODING).iter();
        match (values.next().map(|value| value.as_bytes()), values.next()) {
            (None | Some(b"identity"), None) => Ok(Encoding::Identity),
            (Some(b"gzip"), None) => Ok(Encoding::Gzip),
            (Some(b"zstd"), None) => Ok(Encoding::Zstd),
            _ => Err(Fault::new(
                Cause::UnknownEncoding,
                "A body comes as it is, in gzip or in zstd; nothing else is read.",
            )),
        }
    }
}

/// Reads a body as sent: at most `bytes_max`, within `time`.
pub async fn read<B>(
    headers: &HeaderMap,
    body: &mut B,
    bytes_max: usize,
    time: Duration,
) -> Result<Bytes, Fault>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let too_large = || {
        let message = match bytes_max {
            0 => "This route takes no body.".to_owned(),
            max => format!("The body is larger than {max} bytes: send less at once."),
        };
        Fault::new(Cause::TooLarge, message)
    };
    let stated = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if stated.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > bytes_max)) {
        return Err(too_large());
    }
    match timeout(time, Limited::new(body, bytes_max).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => Err(Fault::malformed(format!("The body broke off: {error}."))),
        Err(_) => {
            let message = format!("The body did not arrive within {time:?}: send less at once.");
            Err(Fault::new(Cause::TooSlow, message))
        }
    }
}

/// Throws away what still comes of a refused body, for a while: a connection closed with bytes unread would be reset, and the answer
/// lost with it.
pub async fn discard<B: Body + Unpin>(body: &mut B, time: Duration) {
    let rest = async { while let Some(Ok(_)) = body.frame().await {} };
    // Whether it came to its end in time does not matter.
    let _ended = timeout(time, rest).await;
}

/// The text of a body. Call it for senders who have proved who they are, wherever that is possible before.
pub async fn text(encoding: Encoding, body: Bytes) -> Result<String, Fault> {
    match encoding {
        Encoding::Identity => utf8(body.to_vec()),
        Encoding::Gzip => off_the_loop(body.len(), move || utf8(gunzipped(&body)?)).await,
        Encoding::Zstd => off_the_loop(body.len(), move || utf8(decompressed(&body)?)).await,
    }
}

/// Does what takes long for large inputs, away from the threads that serve everybody else.
pub async fn off_the_loop<T, F>(bytes: usize, work: F) -> Result<T, Fault>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Fault> + Send + 'static,
{
    if bytes <= INLINE_BODY_BYTES_MAX {
        return work();
    }
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Fault::failed(format!("reading a body: {error}"))))
}

fn utf8(bytes: Vec<u8>) -> Result<String, Fault> {
    String::from_utf8(bytes).map_err(|_| Fault::malformed("The body is no UTF-8."))
}

/// Unpacks zstd as far as the limits go: the size, how much larger it may become, and the window it may make us allocate.
fn decompressed(body: &[u8]) -> Result<Vec<u8>, Fault> {
    let broken =
        |error: std::io::Error| Fault::malformed(format!("The body is no zstd that is read here: {error}."));
    let mut decoder = zstd::stream::read::Decoder::with_buffer(body).map_err(broken)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(broken)?;
    let bytes_max = unpacked_bytes_max(body);
    unpacked(&mut decoder, (body.len(), bytes_max), broken)
}

/// Unpacks gzip as far as the limits go; its window is small by its kind. One member is read, and nothing may follow it.
fn gunzipped(body: &[u8]) -> Result<Vec<u8>, Fault> {
    let broken =
        |error: std::io::Error| Fault::malformed(format!("The body is no gzip that is read here: {error}."));
    let mut decoder = flate2::bufread::GzDecoder::new(body);
    let bytes = unpacked(&mut decoder, (body.len(), unpacked_bytes_max(body)), broken)?;
    if decoder.into_inner().is_empty() {
        Ok(bytes)
    } else {
        Err(Fault::malformed("Something follows the gzip of the body."))
    }
}

/// How many bytes the text of a body may have.
pub fn text_bytes_max(encoding: Encoding, body: &[u8]) -> usize {
    match encoding {
        Encoding::Identity => body.len(),
        Encoding::Gzip | Encoding::Zstd => unpacked_bytes_max(body),
    }
}

/// How much a body may unpack to: a fixed size, and so many times its own.
fn unpacked_bytes_max(body: &[u8]) -> usize {
    let by_ratio = body.len().saturating_mul(UNPACKED_RATIO_MAX).max(LINE_BYTES_MAX);
    by_ratio.min(BODY_DECOMPRESSED_BYTES_MAX)
}

/// How many times as long the text of a push is as its body, about: room for it is asked for once.
const UNPACKED_RATIO_USUAL: usize = 6;

fn unpacked(
    decoder: &mut impl std::io::Read,
    (packed_bytes, bytes_max): (usize, usize),
    broken: impl Fn(std::io::Error) -> Fault,
) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::with_capacity(packed_bytes.saturating_mul(UNPACKED_RATIO_USUAL).min(bytes_max));
    let beyond = bytes_max as u64 + 1;
    decoder.take(beyond).read_to_end(&mut bytes).map_err(broken)?;
    if bytes.len() > bytes_max {
        let message = format!("The body unpacks to more than {bytes_max} bytes: send less at once.");
        return Err(Fault::new(Cause::TooLarge, message));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::limits::{BODY_BYTES_MAX, PUSH_BYTES_MAX};
    use http::HeaderValue;
    use http_body_util::{Full, StreamBody};
    use std::convert::Infallible;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        zstd::bulk::compress(bytes, 3).unwrap()
    }

    /// Noise that does not compress, so that only the size limit is at work.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn a_bomb_is_refused_before_it_goes_off() {
        let bomb = packed(&vec![0; 64 * 1024 * 1024]);
        assert!(bomb.len() < 4096, "{}", bomb.len());
        assert_eq!(decompressed(&bomb).unwrap_err().cause(), Cause::TooLarge);
        // Many small frames in a row are one body too.
        let frames = packed(&[0; 100_000]).repeat(2_000);
        assert_eq!(decompressed(&frames).unwrap_err().cause(), Cause::TooLarge);
    }

    #[test]
    fn unpacking_is_bounded_by_size_and_by_ratio_but_one_event_always_passes() {
        let fits = noise(BODY_DECOMPRESSED_BYTES_MAX);
        assert_eq!(decompressed(&packed(&fits)).unwrap().len(), fits.len());
        assert_eq!(decompressed(&packed(&noise(fits.len() + 1))).unwrap_err().cause(), Cause::TooLarge);
        assert_eq!(decompressed(&packed(&vec![b'a'; LINE_BYTES_MAX])).unwrap().len(), LINE_BYTES_MAX);
        let thin = packed(&vec![b'a'; PUSH_BYTES_MAX]);
        assert_eq!(decompressed(&thin).unwrap_err().cause(), Cause::TooLarge);
    }

    #[test]
    fn a_frame_may_not_ask_for_a_large_window() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
        encoder.window_log(ZSTD_WINDOW_LOG_MAX + 1).unwrap();
        std::io::Write::write_all(&mut encoder, b"{}").unwrap();
        let wide = encoder.finish().unwrap();
        assert_eq!(zstd::stream::decode_all(&wide[..]).unwrap(), b"{}");
        assert_eq!(decompressed(&wide).unwrap_err().cause(), Cause::Malformed);
    }

    #[test]
    fn what_is_no_whole_zstd_is_malformed() {
        let whole = packed(b"{\"a\":1}");
        assert_eq!(decompressed(&whole).unwrap(), b"{\"a\":1}");
        for broken in [&whole[..whole.len() - 1], b"{\"a\":1}", &[whole.clone(), b"x".to_vec()].concat()] {
            assert_eq!(decompressed(broken).unwrap_err().cause(), Cause::Malformed, "{broken:?}");
        }
    }

    #[test]
    fn gzip_is_bounded_alike_and_read_whole_or_not_at_all() {
        let packed = |bytes: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            std::io::Write::write_all(&mut encoder, bytes).unwrap();
            encoder.finish().unwrap()
        };
        let whole = packed(b"{\"a\":1}");
        assert_eq!(gunzipped(&whole).unwrap(), b"{\"a\":1}");
        for broken in [&whole[..whole.len() - 1], b"{\"a\":1}", &[whole.clone(), b"x".to_vec()].concat()] {
            assert_eq!(gunzipped(broken).unwrap_err().cause(), Cause::Malformed, "{broken:?}");
        }
        let bomb = packed(&vec![0; 64 << 20]);
        assert_eq!(gunzipped(&bomb).unwrap_err().cause(), Cause::TooLarge);
    }

    #[test]
    fn only_plain_gzip_and_zstd_are_read() {
        let cases: [(&[&'static str], Result<Encoding, Cause>); 7] = [
            (&[], Ok(Encoding::Identity)),
            (&["identity"], Ok(Encoding::Identity)),
            (&["zstd"], Ok(Encoding::Zstd)),
            (&["gzip"], Ok(Encoding::Gzip)),
            (&["br"], Err(Cause::UnknownEncoding)),
            (&["zstd, zstd"], Err(Cause::UnknownEncoding)),
            (&["zstd", "zstd"], Err(Cause::UnknownEncoding)),
        ];
        for (values, expected) in cases {
            let values = values.iter().map(|value| (CONTENT_ENCODING, HeaderValue::from_static(value)));
            let found = Encoding::read(&HeaderMap::from_iter(values)).map_err(|fault| fault.cause());
            assert_eq!(found, expected);
        }
    }

    #[tokio::test]
    async fn no_stated_length_is_believed() {
        let time = Duration::from_secs(5);
        let stated = |length: usize| HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from(length))]);
        let cases = [(10, 10, None), (11, 11, Some(Cause::TooLarge)), (2, 11, Some(Cause::TooLarge))];
        for (said, sent, expected) in cases {
            let mut body = Full::new(Bytes::from(vec![b'x'; sent]));
            let found = read(&stated(said), &mut body, 10, time).await;
            assert_eq!(found.map_err(|fault| fault.cause()).err(), expected, "{said} said, {sent} sent");
        }
        let mut body = Full::new(Bytes::new());
        let huge = read(&stated(usize::MAX), &mut body, BODY_BYTES_MAX, time).await;
        assert_eq!(huge.unwrap_err().cause(), Cause::TooLarge);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let mut never =
            StreamBody::new(futures_util::stream::pending::<Result<hyper::body::Frame<Bytes>, Infallible>>());
        let time = Duration::from_millis(10);
        let found = read(&HeaderMap::new(), &mut never, 10, time).await;
        assert_eq!(found.unwrap_err().cause(), Cause::TooSlow);
        discard(&mut never, time).await;
    }
}
