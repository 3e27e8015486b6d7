//! Every limit of Daybook in one place, with the reason for its size.
//!
//! A number that bounds a body, a batch, a queue, a text or an amount stands here and nowhere else, so that the till,
//! the server and the protocol document cannot come to disagree about it.

/// Largest amount of money, in minor units: integers up to here are exact in every JSON reader (2^53 − 1).
pub const AMOUNT_MINOR_MAX: i64 = (1 << 53) - 1;
/// Largest amount on one line, in minor units. Five thousand such lines still fit into [`AMOUNT_MINOR_MAX`].
pub const LINE_AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000;
/// Largest quantity on one line, in thousandths.
pub const QUANTITY_THOUSANDTHS_MAX: i64 = 1_000_000_000_000;
/// Largest unit price, in ten-thousandths of a minor unit.
pub const UNIT_PRICE_MAX: i64 = LINE_AMOUNT_MINOR_MAX * 10_000 / 1_000;
/// Lines of one document. Real wholesale invoices reach 1,114.
pub const LINES_MAX: usize = 5_000;
/// Tenders of one document.
pub const TENDERS_MAX: usize = 50;
/// References of one line: the largest partly linked refund line of the real data draws on a few dozen sales.
pub const REFERENCES_MAX: usize = 500;
/// Reductions of one line.
pub const REDUCTIONS_MAX: usize = 50;
/// Length of a name or label that people read, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// Length of a code (SKU, barcode, tender type, reason) in characters.
pub const CODE_CHARS_MAX: usize = 128;
/// Size of an envelope and, separately, of a payload, in bytes.
pub const EVENT_TEXT_BYTES_MAX: usize = 64 * 1024;
/// A completed sale keeps its lines with it up to this size; beyond it they go before it in parts.
pub const LINES_INLINE_BYTES_MAX: usize = 56 * 1024;
/// Size of one part of recorded lines.
pub const LINES_PART_BYTES_MAX: usize = 48 * 1024;
/// Size of one NDJSON line on the wire: an envelope, a payload and a seal.
pub const LINE_BYTES_MAX: usize = 2 * EVENT_TEXT_BYTES_MAX + 1024;
/// Events in one push.
pub const PUSH_EVENTS_MAX: usize = 500;
/// Size of one push before compression, in bytes. One event may exceed what is left of it, never the body limit.
pub const PUSH_BYTES_MAX: usize = 1024 * 1024;
/// Compressed request body the server reads, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024 + 256 * 1024;
/// Size a request body may reach when decompressed, in bytes.
pub const BODY_DECOMPRESSED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Window of a zstd frame the server is willing to allocate, as a power of two.
pub const ZSTD_WINDOW_LOG_MAX: u32 = 23;
/// Events in one page of the feed.
pub const FEED_EVENTS_MAX: usize = 500;
/// Size of one page of the feed before compression, in bytes.
pub const FEED_BYTES_MAX: usize = 1024 * 1024;
/// Conflicts in one page of the conflicts lane.
pub const CONFLICTS_PAGE_MAX: usize = 200;
/// Certificates that one request may present.
pub const CERTIFICATES_MAX: usize = 16;
/// Origins in one vector of tips.
pub const TIPS_MAX: usize = 10_000;
/// Characters of an enrolment code: 50 bits in Crockford's alphabet.
pub const ENROL_CODE_CHARS: usize = 10;
/// How long an enrolment code can be used, in microseconds (10 minutes).
pub const ENROL_CODE_LIFE: i64 = 10 * 60 * 1_000_000;
/// Wrong enrolment proofs that are tolerated within [`ENROL_CODE_LIFE`] before enrolment pauses.
pub const ENROL_FAILURES_MAX: u32 = 20;
/// Seconds between two heartbeats of a till that has nothing to push.
pub const HEARTBEAT_SECONDS: u64 = 30;
/// Longest pause between two attempts to reach head office, in seconds.
pub const BACKOFF_SECONDS_MAX: u64 = 300;
/// First pause after a failed attempt, in milliseconds; doubled each time, with full jitter.
pub const BACKOFF_MILLIS_FIRST: u64 = 500;
/// Deadline of one request of the till, in seconds.
pub const REQUEST_SECONDS_MAX: u64 = 30;
/// The clock of a till and of head office may differ by this before it is said aloud, in microseconds (2 minutes).
pub const CLOCK_SKEW_MAX: i64 = 2 * 60 * 1_000_000;
