//! Every limit of Daybook in one place, with the reason for its size.
//!
//! A number that bounds a body, a batch, a queue, a text or an amount stands here and nowhere else, so that the till,
//! the server and the protocol document cannot come to disagree about it.

/// Largest amount of money, in minor units: integers up to here are exact in every JSON reader (2^53 − 1).
pub const AMOUNT_MINOR_MAX: i64 = (1 << 53) - 1;
/// Largest amount on one line, in minor units. Five thousand such lines still fit into [`AMOUNT_MINOR_MAX`].
pub const LINE_AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000;
/// Most that one event may add to any sum of money, in minor units. Nine million events of that size still sum to an integer of 64 bits.
pub const EVENT_AMOUNT_MINOR_MAX: i64 = LINE_AMOUNT_MINOR_MAX;
/// Decimals of a currency up to which its amounts can be shown. ISO 4217 knows no more than four.
pub const CURRENCY_EXPONENT_MAX: u8 = 18;
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
/// Events of one commit after which one is sealed whatever its type: half a push, so that whoever hands a chain back finds a seal to end
/// at.
pub const UNSEALED_EVENTS_MAX: usize = PUSH_EVENTS_MAX / 2;
/// The same in bytes.
pub const UNSEALED_BYTES_MAX: usize = PUSH_BYTES_MAX / 2;
/// Skeletons in one push of a carrier, besides its events: what a till followed of a cart of five thousand lines still goes at once.
pub const PUSH_SKELETONS_MAX: usize = 8_192;
/// Skeletons of one entry of the feed; those nearest to its event. Three megabytes of text.
pub const ENTRY_SKELETONS_MAX: usize = 32_768;
/// Events after the first one whose texts are missing among which head office looks for those that are whole, at every handshake that
/// names their origin.
pub const WHOLE_EVENTS_MAX: i64 = 20_000;
/// Origins of others that head office asks one till at a time to hand back.
pub const WANTED_MAX: usize = 16;
/// How long head office leaves an origin to the till that it asked to hand it back before it asks another one, in microseconds (two
/// heartbeats).
pub const WANTED_LEASE: i64 = 60 * 1_000_000;
/// How long head office waits before it asks the same till for the same again, in microseconds (five minutes): its answer may have been
/// lost, and what comes twice costs a few bytes.
pub const WANTED_AGAIN: i64 = 5 * 60 * 1_000_000;
/// How long head office looks, in one handshake, at origins that are not the sender's own, in milliseconds. What is left over has its turn
/// in a later one.
pub const HANDSHAKE_WORK_MILLIS: u64 = 2_000;
/// Pause between two writings of the anchor of head office's log, in milliseconds. What a crash in between loses of it does no harm.
pub const ANCHOR_MILLIS: u64 = 1_000;
/// Records in one page of a snapshot: together a commit of some ten milliseconds at a till.
pub const SNAPSHOT_RECORDS_MAX: usize = 2_500;
/// Size of one page of a snapshot before compression, in bytes, one record excepted.
pub const SNAPSHOT_BYTES_MAX: usize = 1024 * 1024;
/// Entries of the catalogue from which a till that has none of it begins with a snapshot: what is less is here within moments anyway.
pub const SNAPSHOT_FROM: i64 = 1_000;
/// Failures of the road in a row after which a till gives a snapshot up for the feed.
pub const SNAPSHOT_FAILURES_MAX: u32 = 3;
/// Conflicts in one page of the conflicts lane.
pub const CONFLICTS_PAGE_MAX: usize = 200;
/// Events of others that a till projects before it lets a waiting sale in, however much comes down: two to three milliseconds for as
/// many changes of products, a little more where the search index is tidied up.
pub const FOLLOW_EVENTS_MAX: usize = 25;
/// Records of a snapshot that a till takes in at a time while no shift is open, when there is nobody to keep waiting: the more there are, the
/// less often the search index is written. Some fifty milliseconds; with a shift open it is [`FOLLOW_EVENTS_MAX`].
pub const TOLD_AT_ONCE_MAX: usize = 500;
/// Parties that one conflict names, so that it can be read and a page holds it; how many more there are it says in words.
pub const CONFLICT_PARTIES_MAX: usize = 20;
/// Certificates that one request may present.
pub const CERTIFICATES_MAX: usize = 16;
/// Origins that go on from each other, one after the other, from the first one of a till: a till that is copied or restored every week
/// reaches it after five years, and is enrolled anew then. Whoever asks for anything is looked at with all that it goes on from.
pub const LINEAGE_MAX: usize = 256;
/// Tips in one handshake and in its answer, of all origins together: about a megabyte.
pub const TIPS_MAX: usize = 10_000;
/// Branches that head office takes in beside the line of one origin, and once more as many where that is closed. A till goes on under another
/// origin when it hears of one, so an honest one has one or two; of a page of a chain, which holds every branch of a number, it keeps what a
/// till unpacks within [`BODY_DECOMPRESSED_BYTES_MAX`].
pub const BRANCHES_MAX: usize = 24;
/// Tips of one origin in an answer. More than there are, unless an earlier version let them in.
pub const TIPS_OF_ORIGIN_MAX: usize = 64;
/// Characters of an enrolment code: 50 bits in Crockford's alphabet.
pub const ENROL_CODE_CHARS: usize = 10;
/// Room that a till keeps to be given back when its disk is full, in bytes: a shift of a few thousand sales more.
pub const BALLAST_BYTES: u64 = 16 * 1024 * 1024;
/// How long an enrolment code can be used, in microseconds (10 minutes).
pub const ENROL_CODE_LIFE: i64 = 10 * 60 * 1_000_000;
/// Wrong enrolment proofs that are tolerated from one address for one till within [`ENROL_CODE_LIFE`] before these two have to wait.
pub const ENROL_FAILURES_MAX: u32 = 20;
/// Pairs of an address and a till whose wrong proofs are counted at once: a few hundred kilobytes of memory.
pub const ENROL_ASKERS_MAX: usize = 4_096;
/// How long head office hands out one nonce, in seconds. It is good for another stretch after that: a request is fresh for five to ten
/// minutes, longer than a till on a slow road needs between an answer and its next request.
pub const NONCE_SECONDS: i64 = 300;
/// Life of the certificate that head office makes itself, in days. Another one takes its place after half of that, and at every start.
pub const OWN_CERTIFICATE_DAYS: i64 = 397;
/// Pause between two looks whether another TLS certificate is due, in seconds.
pub const CERTIFICATE_LOOK_SECONDS: u64 = 60 * 60;
/// Events held of one till that is not let in, of all its origins together: what a busy till records in two days. A person looks at it
/// before there is more.
pub const HELD_EVENTS_MAX: usize = 20_000;
/// Size of the events held of one till, in bytes. Many times what that many events of a till have.
pub const HELD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Seconds between two heartbeats of a till that has nothing to push.
pub const HEARTBEAT_SECONDS: u64 = 30;
/// Longest pause between two attempts to reach head office, in seconds.
pub const BACKOFF_SECONDS_MAX: u64 = 300;
/// First pause after a failed attempt, in milliseconds; doubled each time, with full jitter.
pub const BACKOFF_MILLIS_FIRST: u64 = 500;
/// Deadline of one request of the till until its answer begins, and of every further piece of the answer, in seconds.
pub const REQUEST_SECONDS_MAX: u64 = 30;
/// Deadline of the whole of an answer, in seconds: a page of a feed on a link of a few kilobytes a second.
pub const ANSWER_READ_SECONDS_MAX: u64 = 600;
/// The clock of a till and of head office may differ by this before it is said aloud, in microseconds (2 minutes).
pub const CLOCK_SKEW_MAX: i64 = 2 * 60 * 1_000_000;

// What head office's server allows a connection, a request and an answer.

/// Time a connection has to send the head of a request, in seconds; also how long it may stay open between two requests. A till
/// sends a head at once, and a silent connection holds one of [`CONNECTIONS_MAX`] places.
pub const HEADER_SECONDS_MAX: u64 = 10;
/// Header fields of one request. A till sends about ten; proxies add a few.
pub const HEADERS_MAX: usize = 64;
/// Size of the head of one request, request line included, in bytes.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;
/// Bytes of one connection that may wait in memory to be read or written.
pub const CONNECTION_BUFFER_BYTES_MAX: usize = 64 * 1024;
/// Time a body has to arrive, in seconds. Below [`REQUEST_SECONDS_MAX`], so that a till on a slow line is told to send less before
/// it gives up waiting.
pub const BODY_SECONDS_MAX: u64 = 20;
/// Time the server gives itself for one request, body included, in seconds: its answer leaves before the till stops listening.
pub const ANSWER_SECONDS_MAX: u64 = 25;
/// Time a reader may take none of an answer, in seconds, before the connection is closed.
pub const WRITE_IDLE_SECONDS_MAX: u64 = 30;
/// Connections the server holds at once; further ones wait unaccepted. At most 256 MiB of [`CONNECTION_BUFFER_BYTES_MAX`].
pub const CONNECTIONS_MAX: usize = 4_096;
/// Live streams the server holds at once. Below [`CONNECTIONS_MAX`], so that streams alone never keep a push out.
pub const LIVE_STREAMS_MAX: usize = 3_072;
/// Bodies that the server reads at once for senders it cannot know before it has read them. Bounds what strangers can make it hold:
/// this many times [`BODY_BYTES_MAX`] and [`BODY_DECOMPRESSED_BYTES_MAX`].
pub const STRANGER_BODIES_MAX: usize = 32;
/// Size up to which a body, as sent, is a small one, in bytes: small ones have room of their own, so that no handshake waits behind a push.
/// Also what is unpacked and checked where it arrives ([`INLINE_BODY_BYTES_MAX`]).
pub const SMALL_BODY_BYTES: usize = INLINE_BODY_BYTES_MAX;
/// Bytes of small bodies, as sent, that may be on their way in at once: a thousand of the largest.
pub const SMALL_BODIES_ARRIVING_BYTES: usize = 64 * 1024 * 1024;
/// The same of larger bodies: a hundred of the largest.
pub const LARGE_BODIES_ARRIVING_BYTES: usize = 128 * 1024 * 1024;
/// Bytes of small bodies that may be held unpacked at once, until their answers are there.
pub const SMALL_BODIES_HELD_BYTES: usize = 64 * 1024 * 1024;
/// The same of larger bodies: 250 pushes of the usual size, more than the writer takes into three commits.
pub const LARGE_BODIES_HELD_BYTES: usize = 256 * 1024 * 1024;
/// Time a body waits for room before its sender is told to come back, in seconds.
pub const ROOM_SECONDS_MAX: u64 = 5;
/// Requests that head office works on at once for one till, under all its names: a till fetches six scopes, sends one push of its own, one of
/// others' and one handshake at a time, and may have given up on some that are still being worked on.
pub const REQUESTS_OF_ONE_MAX: usize = 16;
/// How much larger than sent a body may become when decompressed. Batches of real events shrink to a fifth or a tenth. Up to
/// [`LINE_BYTES_MAX`] any ratio is fine, so that a single event always passes.
pub const UNPACKED_RATIO_MAX: usize = 200;
/// Size of an enrolment request, in bytes: a name, a key, two short texts.
pub const ENROL_BODY_BYTES_MAX: usize = 16 * 1024;
/// Answers are compressed from this size on, in bytes; below it the saving is less than a network packet.
pub const COMPRESS_FROM_BYTES: usize = 1024;
/// Bodies up to this size, in bytes, are unpacked and checked where they arrive; larger ones on a thread that may block (64 KiB take
/// well under a millisecond).
pub const INLINE_BODY_BYTES_MAX: usize = 64 * 1024;
/// Time the server goes on reading and throwing away a body it has refused, in milliseconds: closed at once, many systems would
/// never show their user the answer.
pub const REFUSED_BODY_MILLIS_MAX: u64 = 1_000;
/// Pause of the server before it projects again after a fault, such as a full disk, in milliseconds; doubled each time.
pub const PROJECTOR_PAUSE_MILLIS_FIRST: u64 = 250;
/// Longest such pause, in milliseconds: read models are never further behind than this once the fault is gone.
pub const PROJECTOR_PAUSE_MILLIS_MAX: u64 = 30_000;
/// Pause of the server after it could not accept a connection for want of file descriptors or memory, in milliseconds.
pub const ACCEPT_PAUSE_MILLIS: u64 = 100;
/// Time running requests have to end when the server stops, in seconds. As long as one may take.
pub const DRAIN_SECONDS_MAX: u64 = ANSWER_SECONDS_MAX;
/// Pause between two signs of life on a live stream, in seconds: half of what impatient proxies allow.
pub const LIVE_PING_SECONDS: u64 = 15;
/// Silence on a live stream after which the till takes it for dead and opens it again, in seconds: three signs of life were missed.
pub const LIVE_SILENCE_SECONDS_MAX: u64 = 3 * LIVE_PING_SECONDS;
/// Longest pause before a live stream is opened again, in seconds. The first try comes within [`LIVE_AGAIN_SECONDS_FIRST`], and the bound
/// doubles with every try in vain; a stream that was heard for as long as this ended with those of all other tills, as a rule, so they come
/// back spread over this time.
pub const LIVE_AGAIN_SECONDS_MAX: u64 = 60;
/// Longest pause before the first try to open a live stream again that was heard for a short time only, in seconds.
pub const LIVE_AGAIN_SECONDS_FIRST: u64 = 5;
/// Time the till gathers hints about a scope before it asks for a page, in milliseconds: what a busy store says piece by piece is
/// asked for at once, and nobody waits noticeably.
pub const HINTS_GATHER_MILLIS: u64 = 200;
/// A live stream ends after so many seconds and is opened again: whoever lost the right to it has lost it then.
pub const LIVE_SECONDS_MAX: u64 = 60 * 60;
/// What a server that is too busy, or cannot work at present, asks clients to wait, in seconds.
pub const RETRY_AFTER_SECONDS: u64 = 5;
/// Size of one command to a running server from its own machine, in bytes: a catalogue of a hundred thousand products.
pub const ADMIN_BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Time one such command may take, in seconds.
pub const ADMIN_SECONDS_MAX: u64 = 10 * 60;

// What a till allows a receipt printer.

/// Characters in a line of paper, at least: an amount of 18 decimals with its sign fits, so no amount is ever broken.
pub const PAPER_COLUMNS_MIN: usize = 32;
/// Characters in a line of paper, at most: no roll is wider.
pub const PAPER_COLUMNS_MAX: usize = 64;
/// Papers that may wait for a printer. A till that sells a receipt every few seconds reaches it after a day without paper.
pub const PRINT_JOBS_MAX: usize = 10_000;
/// Completed documents that are looked at together for receipts to print.
pub const RECEIPTS_AT_ONCE: usize = 50;
/// First pause after a printer could not print, in milliseconds; doubled each time.
pub const PRINTER_PAUSE_MILLIS_FIRST: u64 = 500;
/// Longest such pause, in milliseconds: a receipt comes out this long after the paper is back, at the latest.
pub const PRINTER_PAUSE_MILLIS_MAX: u64 = 15_000;
/// Age up to which a receipt still opens the drawer, in seconds: a printer that comes back must not open drawers nobody stands at.
pub const DRAWER_SECONDS_MAX: u64 = 60;
/// Time a printer has to accept a connection, in milliseconds.
pub const PRINTER_CONNECT_MILLIS_MAX: u64 = 3_000;
/// Time a printer has to say how it is, in milliseconds, where nobody knows yet whether it answers at all. Each receipt for a printer
/// that never does comes out this much later.
pub const PRINTER_ANSWER_MILLIS_MAX: u64 = 500;
/// The same for a printer that has answered before, in milliseconds: silence is then a reason not to print.
pub const PRINTER_KNOWN_ANSWER_MILLIS_MAX: u64 = 3_000;
/// Time a printer may take no byte of a paper, in milliseconds: a long receipt fills its memory and waits for the paper to move.
pub const PRINTER_WRITE_MILLIS_MAX: u64 = 20_000;
/// Time a printer has to confirm a paper after its last byte, in milliseconds.
pub const PRINTER_CONFIRM_MILLIS_MAX: u64 = 5_000;
/// Port of a printer whose address names none.
pub const PRINTER_PORT: u16 = 9_100;

// People, their PINs, and what a till does about wrong ones.

/// Fewest digits of a PIN. What protects so short a secret is not its length but the pauses after wrong tries and the pepper.
pub const PIN_DIGITS_MIN: usize = 4;
/// Most digits of a PIN.
pub const PIN_DIGITS_MAX: usize = 8;
/// Digits of a PIN that Daybook makes up.
pub const PIN_DIGITS_MADE: usize = 6;
/// Memory that one look at a PIN takes, in KiB (64 MiB): whoever tries many at once needs it many times.
pub const PIN_MEMORY_KIB: u32 = 64 * 1024;
/// Passes over that memory.
pub const PIN_PASSES: u32 = 3;
/// Lanes worked on at once; one, because a till has other things to do.
pub const PIN_LANES: u32 = 1;
/// Most memory a till gives to one look at a PIN, in KiB, whatever a verifier asks for.
pub const PIN_MEMORY_KIB_MAX: u32 = 256 * 1024;
/// Most passes.
pub const PIN_PASSES_MAX: u32 = 16;
/// Most lanes.
pub const PIN_LANES_MAX: u32 = 4;
/// Wrong PINs in a row after which a person waits [`PIN_PAUSE_SECONDS_FIRST`].
pub const PIN_WRONG_FIRST: u32 = 5;
/// Wrong PINs in a row after which a person waits [`PIN_PAUSE_SECONDS_SECOND`].
pub const PIN_WRONG_SECOND: u32 = 10;
/// Wrong PINs in a row after which only a new PIN helps.
pub const PIN_WRONG_MAX: u32 = 15;
/// The first pause, in seconds.
pub const PIN_PAUSE_SECONDS_FIRST: u64 = 30;
/// The second pause, in seconds.
pub const PIN_PAUSE_SECONDS_SECOND: u64 = 5 * 60;
/// How long an approval can be used, in seconds: long enough to turn the screen round, too short to be forgotten about.
pub const APPROVAL_SECONDS_MAX: u64 = 60;
/// People of an organisation who have a name and a PIN. Their list, sealed, still fits into [`BODY_DECOMPRESSED_BYTES_MAX`].
pub const PEOPLE_MAX: usize = 5_000;
/// Free bytes below which a till says that its disk gets full: months of sales still fit, so there is time to make room.
pub const STORAGE_LOW_BYTES: u64 = 1_000_000_000;
/// Free bytes below which a person has to make room now: a busy day and the files that databases need for their work still fit.
pub const STORAGE_SCARCE_BYTES: u64 = 200_000_000;
