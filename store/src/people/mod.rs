//! Names and PINs: a file of their own on both sides, because what is personal must be able to go, and a log never forgets.
//!
//! [`office`] keeps what head office knows, [`till`] what a till may: names, and of each PIN a check that says nothing without the
//! till's pepper. Deleted content is overwritten in the file, and neither file belongs into a backup of the books.

pub mod office;
pub mod till;

use std::path::{Path, PathBuf};

use daybook_core::identity::pin::{PinCost, Salt};
use rusqlite::Connection;

use crate::file::{Durability, Migration, StoreError, open_writer};

/// Where the file of a directory is.
fn path_in(directory: &Path) -> PathBuf {
    directory.join("people.db")
}

fn open(
    directory: &Path,
    durability: Durability,
    migrations: &[Migration],
) -> Result<Connection, StoreError> {
    let connection = open_writer(&path_in(directory), durability, migrations)?;
    connection.execute_batch("PRAGMA secure_delete = ON")?;
    Ok(connection)
}

/// The columns salt, memory, passes, lanes and the bytes that go with them.
type PinColumns = (Option<Vec<u8>>, Option<u32>, Option<u32>, Option<u32>, Option<Vec<u8>>);

/// What these columns say of a PIN; none where there is none.
fn read_pin((salt, memory_kib, passes, lanes, bytes): PinColumns) -> Option<(Salt, PinCost, [u8; 32])> {
    let salt = Salt(salt?.try_into().ok()?);
    let cost = PinCost { memory_kib: memory_kib?, passes: passes?, lanes: lanes? };
    Some((salt, cost, bytes?.try_into().ok()?))
}
