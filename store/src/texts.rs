//! Texts of events packed for the disk: what head office keeps of an event takes a fifth of what was written, and comes back byte for byte.
//!
//! Ids and hashes are most of what makes an event unlike others, and written out in hexadecimal they are twice as long as they are. They are
//! taken out of the texts and kept as bytes, each once; what is left is much alike from event to event and is compressed with a dictionary
//! that every program has. Each event is packed alone, so any can be read without others. Nothing is packed that does not come back as it was.

use daybook_core::envelope::EventText;
use daybook_core::ids::OriginId;
use daybook_core::limits::EVENT_TEXT_BYTES_MAX;
use std::cell::RefCell;
use std::sync::LazyLock;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

use crate::file::StoreError;

mod template;

pub use template::template;
use template::{Ids, restore, restores};

/// The dictionaries of all versions, by number from 1. A dictionary that was ever released is never edited and never goes: what was packed
/// with it could not be read without it.
const DICTIONARIES: [&[u8]; 1] = [include_bytes!("../dictionaries/1.zstd-dictionary")];

/// How hard is tried: beyond this, packing takes several times as long for a few bytes.
const LEVEL: i32 = 3;

/// What every frame begins with, and none has to be kept with.
const FRAME_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Bytes of a template: both texts, all ids in their place, and what stands between them.
const TEMPLATE_BYTES_MAX: usize = 2 * EVENT_TEXT_BYTES_MAX + 1;

static PACKING: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARIES[DICTIONARIES.len() - 1], LEVEL));

static UNPACKING: LazyLock<Vec<DecoderDictionary<'static>>> =
    LazyLock::new(|| DICTIONARIES.iter().map(|bytes| DecoderDictionary::copy(bytes)).collect());

/// What one thread packs and unpacks with, used again for every event.
struct Tools {
    compressor: Compressor<'static>,
    decompressors: Vec<Decompressor<'static>>,
    template: Vec<u8>,
    frame: Vec<u8>,
}

impl Tools {
    fn new() -> std::io::Result<Self> {
        let mut compressor = Compressor::with_prepared_dictionary(&PACKING)?;
        // The hash of the event says whether it came back whole, and the length of a text is bounded.
        compressor.include_checksum(false)?;
        compressor.include_contentsize(false)?;
        compressor.include_dictid(false)?;
        let decompressors =
            UNPACKING.iter().map(Decompressor::with_prepared_dictionary).collect::<Result<_, _>>()?;
        Ok(Tools { compressor, decompressors, template: Vec::new(), frame: Vec::new() })
    }
}

thread_local! {
    static TOOLS: RefCell<Option<Tools>> = const { RefCell::new(None) };
}

fn with_tools<T>(act: impl FnOnce(&mut Tools) -> T) -> std::io::Result<T> {
    TOOLS.with_borrow_mut(|tools| match tools {
        Some(tools) => Ok(act(tools)),
        none => Ok(act(none.insert(Tools::new()?))),
    })
}

/// The texts of an event, packed; none where they are better kept as they are, because they would not be shorter or not come back the same.
pub(crate) fn pack(origin: OriginId, text: &EventText) -> Option<Vec<u8>> {
    if text.envelope.len() > EVENT_TEXT_BYTES_MAX || text.payload.len() > EVENT_TEXT_BYTES_MAX {
        return None;
    }
    with_tools(|tools| pack_with(tools, origin, text)).ok().flatten()
}

fn pack_with(tools: &mut Tools, origin: OriginId, text: &EventText) -> Option<Vec<u8>> {
    tools.template.clear();
    let ids = template::split(origin, text, &mut tools.template)?;
    tools.frame.clear();
    tools.frame.reserve(zstd::zstd_safe::compress_bound(tools.template.len()));
    tools.compressor.compress_to_buffer(&tools.template, &mut tools.frame).ok()?;
    let frame = tools.frame.strip_prefix(&FRAME_MAGIC)?;
    let mut packed = Vec::with_capacity(3 + ids.bytes() + frame.len());
    packed.push(u8::try_from(DICTIONARIES.len()).ok()?);
    ids.write(&mut packed);
    packed.extend_from_slice(frame);
    if packed.len() >= text.envelope.len() + text.payload.len() {
        return None;
    }
    // What cannot be had back is not a copy. Looking costs less than packing did.
    let ids = unpack_template(tools, &packed).ok()?;
    restores(origin, &ids, &tools.template, text).then_some(packed)
}

/// The envelope and the payload of an event that was packed.
pub(crate) fn unpack(origin: OriginId, packed: &[u8]) -> Result<(String, String), StoreError> {
    with_tools(|tools| unpack_with(tools, origin, packed))
        .map_err(|error| StoreError::Unreadable(format!("texts cannot be unpacked: {error}")))?
}

fn unpack_with(tools: &mut Tools, origin: OriginId, packed: &[u8]) -> Result<(String, String), StoreError> {
    let ids = unpack_template(tools, packed)?;
    restore(origin, &ids, &tools.template).ok_or_else(|| broken("that make no sense"))
}

fn broken(what: &str) -> StoreError {
    StoreError::BrokenRow(format!("packed texts of an event {what}"))
}

/// Unpacks the template into its place; gives what belongs into it.
fn unpack_template(tools: &mut Tools, packed: &[u8]) -> Result<Ids, StoreError> {
    let (number, rest) = packed.split_first().ok_or_else(|| broken("that are empty"))?;
    let place = usize::from(*number).wrapping_sub(1);
    let Some(decompressor) = tools.decompressors.get_mut(place) else {
        return Err(broken(&format!("that name dictionary {number}, which this version does not have")));
    };
    let (ids, frame) = Ids::read(rest).ok_or_else(|| broken("that end too early"))?;
    tools.frame.clear();
    tools.frame.extend_from_slice(&FRAME_MAGIC);
    tools.frame.extend_from_slice(frame);
    tools.template.clear();
    tools.template.reserve(TEMPLATE_BYTES_MAX);
    decompressor
        .decompress_to_buffer(&tools.frame, &mut tools.template)
        .map_err(|error| broken(&format!("that cannot be unpacked: {error}")))?;
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::chain::sha256;
    use proptest::prelude::*;
    use uuid::Uuid;

    const ORIGIN: OriginId = OriginId(Uuid::from_u128(0x019c_adb2_4000_7121_8a00_0000_0000_0121));

    /// An event as a till writes it.
    fn line_added() -> EventText {
        let envelope = "{\"id\":\"019cae22-2800-7cdc-8929-b80a5a72cb21\",\"origin\":\"019cadb2-4000-7121-8a00-000000000121\",\
                        \"seq\":1006,\"at\":1772448000000001,\"wall\":1772448000000000,\"offset\":0,\
                        \"stream\":\"sale/019cae22-2800-7eac-8068-a09bde5dd8f2\",\"rev\":2,\"type\":\"sale.line_added\",\"v\":1,\
                        \"actor\":\"019cadc6-9a80-783e-81d8-76b7676d8ad4\",\"corr\":\"019cae22-2800-7591-861c-8d07d89e4c75\",\
                        \"day\":\"2026-03-02\"}";
        let payload = "{\"sale\":\"019cae22-2800-7eac-8068-a09bde5dd8f2\",\"line\":{\"line\":1,\"direction\":\"sale\",\"kind\":\"goods\",\
                       \"product\":\"019cadc6-9a80-72af-8736-a3c422847063\",\"sku\":\"2900000000020\",\"name\":\"Crème brûlée\",\
                       \"department\":\"Meat\",\"quantity\":1000,\"unit_price\":10810000,\"price_source\":\"catalogue\",\
                       \"price_event\":\"cd0057e4ab38896b5972a727d9cd41f6d583d48da2cb7c1a8fb6a464a814c6dc\",\
                       \"extended_minor\":1081,\"extended_from\":\"unit\",\"taxes\":[{\"tax\":\"019cadc6-9a80-73b3-819b-af8f71452adc\",\
                       \"jurisdiction\":\"DE\",\"rate\":\"7\"}],\"tracked\":true,\"on_hand_shown\":1000000000}}";
        EventText { envelope: envelope.to_owned(), payload: payload.to_owned(), seal: None }
    }

    fn packed(text: &EventText) -> Vec<u8> {
        pack(ORIGIN, text).expect("shorter than it was")
    }

    #[test]
    fn a_dictionary_that_was_ever_released_stays_as_it_is() {
        let known = ["b4694fffe8dfef21ad80814ad3ec5392b63ff2e149c716a650fc1b4ddb652cdc"];
        let found: Vec<String> = DICTIONARIES.iter().map(|bytes| sha256(bytes).to_string()).collect();
        assert_eq!(found, known);
    }

    #[test]
    fn an_event_takes_a_quarter_of_what_was_written_and_comes_back_byte_for_byte() {
        let text = line_added();
        let packed = packed(&text);
        assert!(packed.len() * 4 < text.envelope.len() + text.payload.len(), "{} bytes", packed.len());
        assert_eq!(unpack(ORIGIN, &packed).unwrap(), (text.envelope, text.payload));
    }

    /// Texts of everything that packing looks at, whole and cut, in any order.
    fn texts() -> impl Strategy<Value = String> {
        let id = any::<u128>().prop_map(|id| Uuid::from_u128(id).to_string());
        let piece = prop_oneof![
            any::<String>(),
            Just(ORIGIN.to_string()),
            Just(line_added().payload),
            id.clone(),
            id.prop_map(|id| id.to_uppercase()),
            any::<[u8; 32]>().prop_map(|bytes| sha256(&bytes).to_string()),
            (0..36_usize).prop_map(|letters| ORIGIN.to_string()[..letters].to_owned()),
            "[\u{0}-\u{4}]".prop_map(String::from),
            Just("\"".to_owned()),
            Just("/".to_owned()),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn whatever_is_packed_comes_back_byte_for_byte(envelope in texts(), payload in texts()) {
            let text = EventText { envelope, payload, seal: None };
            if let Some(packed) = pack(ORIGIN, &text) {
                prop_assert!(packed.len() < text.envelope.len() + text.payload.len());
                prop_assert_eq!(unpack(ORIGIN, &packed).unwrap(), (text.envelope, text.payload));
            }
        }

        #[test]
        fn bytes_that_nobody_packed_are_a_broken_row_or_some_texts(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            for number in 0..=u8::try_from(DICTIONARIES.len()).unwrap() {
                let bytes: Vec<u8> = [number].into_iter().chain(bytes.iter().copied()).collect();
                let outcome = unpack(ORIGIN, &bytes);
                prop_assert!(matches!(outcome, Ok(_) | Err(StoreError::BrokenRow(_))), "{outcome:?}");
            }
        }
    }

    #[test]
    fn many_ids_and_more_than_have_numbers_come_back() {
        let ids = |count: u128| -> String {
            let id =
                |number| format!("\"{}\",\"{}\",", Uuid::from_u128(number), sha256(&number.to_be_bytes()));
            (0..count).map(id).collect()
        };
        for count in [1, 254, 255, 256, 400] {
            let text = EventText { envelope: ids(count), payload: ids(count), seal: None };
            assert_eq!(unpack(ORIGIN, &packed(&text)).unwrap(), (text.envelope, text.payload), "{count}");
        }
    }

    #[test]
    fn texts_that_would_not_be_shorter_or_are_longer_than_any_stay_as_they_are() {
        let texts = |envelope: &str, payload: String| EventText {
            envelope: envelope.to_owned(),
            payload,
            seal: None,
        };
        for text in [
            texts("", String::new()),
            texts("{}", "{}".to_owned()),
            texts("{}", "x".repeat(EVENT_TEXT_BYTES_MAX + 1)),
            texts("{}", "\u{1}\u{2}\u{3}".repeat(1_000)),
        ] {
            assert_eq!(pack(ORIGIN, &text), None, "{:.40}", text.payload);
        }
        let longest = texts(&"x".repeat(EVENT_TEXT_BYTES_MAX), "y".repeat(EVENT_TEXT_BYTES_MAX));
        assert_eq!(unpack(ORIGIN, &packed(&longest)).unwrap(), (longest.envelope, longest.payload));
    }

    #[test]
    fn damaged_bytes_are_a_broken_row_and_never_a_panic() {
        let whole = packed(&line_added());
        for end in 0..whole.len() {
            let cut = unpack(ORIGIN, &whole[..end]);
            assert!(matches!(cut, Err(StoreError::BrokenRow(_))), "{end}: {cut:?}");
        }
        for place in 0..whole.len() {
            let mut other = whole.clone();
            other[place] ^= 0x55;
            let damaged = unpack(ORIGIN, &other);
            assert!(matches!(damaged, Ok(_) | Err(StoreError::BrokenRow(_))), "{place}: {damaged:?}");
        }
        for unknown in [0, 2, 255] {
            let mut other = whole.clone();
            other[0] = unknown;
            let error = unpack(ORIGIN, &other).unwrap_err();
            assert!(error.to_string().contains(&format!("dictionary {unknown}")), "{error}");
        }
    }

    #[test]
    fn what_unpacks_to_more_than_an_event_may_be_is_a_broken_row() {
        let framed = |template: &[u8], ids: usize| {
            let mut compressor = Compressor::with_prepared_dictionary(&PACKING).unwrap();
            compressor.include_contentsize(false).unwrap();
            let frame = compressor.compress(template).unwrap();
            let mut bytes = vec![1, u8::try_from(ids).unwrap(), 0];
            bytes.extend(vec![7; ids * 16]);
            bytes.extend(frame.strip_prefix(&FRAME_MAGIC).unwrap());
            bytes
        };
        let long = framed(&vec![b'x'; 4 * 1024 * 1024], 0);
        let many_ids: Vec<u8> = [3].into_iter().chain([1, 1].repeat(EVENT_TEXT_BYTES_MAX / 4)).collect();
        for bytes in [long, framed(&many_ids, 1), framed(b"no text between", 0), framed(b"{}\x03{}\x03{}", 0)]
        {
            assert!(matches!(unpack(ORIGIN, &bytes), Err(StoreError::BrokenRow(_))));
        }
    }
}
