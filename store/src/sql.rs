//! How ids, hashes and days stand in SQLite: blobs of their bytes, and text.

use daybook_core::chain::{Hash, Seal};
use daybook_core::ids::{OriginId, StoreId};
use uuid::Uuid;

use crate::file::StoreError;

/// What a JSON text of a row says.
pub fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::BrokenRow(error.to_string()))
}

/// A UUID as its sixteen bytes.
pub fn blob(id: &Uuid) -> &[u8] {
    id.as_bytes()
}

/// A UUID out of its sixteen bytes.
pub fn uuid(bytes: &[u8]) -> Result<Uuid, StoreError> {
    Uuid::from_slice(bytes).map_err(|_| StoreError::BrokenRow("an id that is not 16 bytes".to_owned()))
}

/// An origin out of its bytes.
pub fn origin(bytes: &[u8]) -> Result<OriginId, StoreError> {
    uuid(bytes).map(OriginId)
}

/// A store out of its bytes.
pub fn store_id(bytes: &[u8]) -> Result<StoreId, StoreError> {
    uuid(bytes).map(StoreId)
}

/// A hash out of its bytes.
pub fn hash(bytes: &[u8]) -> Result<Hash, StoreError> {
    Hash::from_slice(bytes).ok_or_else(|| StoreError::BrokenRow("a hash that is not 32 bytes".to_owned()))
}

/// A seal out of its text.
pub fn seal(text: Option<String>) -> Result<Option<Seal>, StoreError> {
    let read = |text: String| {
        Seal::parse(&text).ok_or_else(|| StoreError::BrokenRow("a seal that is none".to_owned()))
    };
    text.map(read).transpose()
}
