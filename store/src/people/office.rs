//! Head office's people: names and PIN verifiers, and the revision that tells tills when to ask again.
//!
//! A revision is at least the time it was made at, so that a file brought back from a backup never gives an earlier one to another list.

use std::path::Path;

use daybook_core::identity::pin::{Derived, PinVerifier};
use daybook_core::ids::StaffId;
use daybook_core::secret::Secret;
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::{open, path_in, read_pin};
use crate::file::{Durability, Migration, StoreError, open_reader, transact};
use crate::sql;

const MIGRATIONS: &[Migration] =
    &[("0001_people", include_str!("../../../migrations/people/server/0001_people.sql"))];

/// The file of people, open for its one writer.
#[derive(Debug)]
pub struct OfficePeople {
    connection: Connection,
}

/// A person as head office knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The person.
    pub staff: StaffId,
    /// Their name.
    pub name: Secret<String>,
    /// What their PIN is told by.
    pub pin: Option<PinVerifier>,
}

impl OfficePeople {
    /// Opens or makes the file of a directory. Take the directory's lock first.
    pub fn open(directory: &Path, durability: Durability) -> Result<Self, StoreError> {
        Ok(OfficePeople { connection: open(directory, durability, MIGRATIONS)? })
    }

    /// Writes people in one durable commit; gives the revision that the list has then.
    pub fn put(&mut self, now: i64, people: &[Person]) -> Result<i64, StoreError> {
        transact(&mut self.connection, |connection| {
            let revision = now.max(revision(connection)? + 1);
            for Person { staff, name, pin } in people {
                let sql = "INSERT INTO people VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                           ON CONFLICT (staff) DO UPDATE SET name = excluded.name, salt = excluded.salt,
                               memory_kib = excluded.memory_kib, passes = excluded.passes, lanes = excluded.lanes,
                               derived = excluded.derived, changed_at = excluded.changed_at, revision = excluded.revision";
                connection.prepare_cached(sql)?.execute((
                    sql::blob(&staff.0),
                    name.reveal(),
                    pin.as_ref().map(|pin| pin.salt.0),
                    pin.as_ref().map(|pin| pin.cost.memory_kib),
                    pin.as_ref().map(|pin| pin.cost.passes),
                    pin.as_ref().map(|pin| pin.cost.lanes),
                    pin.as_ref().map(|pin| pin.derived.0),
                    now,
                    revision,
                ))?;
            }
            Ok(revision)
        })
    }
}

/// A connection for questions.
pub fn reader(directory: &Path) -> Result<Connection, StoreError> {
    open_reader(&path_in(directory))
}

/// The revision of the list; 0 where nobody is on it.
pub fn revision(connection: &Connection) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(max(revision), 0) FROM people";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Number of people that are known.
pub fn count(connection: &Connection) -> Result<usize, StoreError> {
    let count: i64 = connection.query_row("SELECT count(*) FROM people", [], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// A person; none where nothing is known of them.
pub fn person(connection: &Connection, staff: StaffId) -> Result<Option<Person>, StoreError> {
    let sql = "SELECT staff, name, salt, memory_kib, passes, lanes, derived FROM people WHERE staff = ?1";
    let found = connection.prepare_cached(sql)?.query_row([sql::blob(&staff.0)], read).optional()?;
    found.transpose()
}

/// Everybody, with the revision of the list they stand on.
pub fn list(connection: &Connection) -> Result<(i64, Vec<Person>), StoreError> {
    // One transaction, so that the revision is that of these rows.
    let transaction = connection.unchecked_transaction()?;
    let revision = revision(&transaction)?;
    let mut statement =
        transaction.prepare("SELECT staff, name, salt, memory_kib, passes, lanes, derived FROM people")?;
    let people = statement.query_map([], read)?.map(|row| row?).collect::<Result<_, _>>()?;
    Ok((revision, people))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Result<Person, StoreError>> {
    let (staff, name): (Vec<u8>, String) = (row.get(0)?, row.get(1)?);
    let pin = read_pin((row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?));
    let pin = pin.map(|(salt, cost, derived)| PinVerifier { salt, cost, derived: Derived(derived) });
    Ok(sql::uuid(&staff).map(|id| Person { staff: StaffId(id), name: Secret::new(name), pin }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::identity::pin::{Pin, PinCost, Salt};
    use uuid::Uuid;

    fn person_named(number: u128, name: &str) -> Person {
        Person { staff: StaffId(Uuid::from_u128(number)), name: Secret::new(name.to_owned()), pin: None }
    }

    #[test]
    fn people_read_back_as_written_and_every_change_moves_the_revision() {
        let home = tempfile::tempdir().unwrap();
        let mut people = OfficePeople::open(home.path(), Durability::Off).unwrap();
        let reader = reader(home.path()).unwrap();
        assert_eq!(revision(&reader).unwrap(), 0);
        let pin = PinVerifier::new(&Pin::parse("7391").unwrap(), Salt([1; 16]), PinCost::CHEAP).unwrap();
        let ana = Person { pin: Some(pin), ..person_named(1, "Ana") };
        assert_eq!(people.put(1_000, &[ana.clone(), person_named(2, "Ben")]).unwrap(), 1_000);
        assert_eq!(people.put(1_000, &[person_named(2, "Benno")]).unwrap(), 1_001);
        assert_eq!(
            people.put(500, &[person_named(2, "Bena")]).unwrap(),
            1_002,
            "also where the clock goes back"
        );
        assert_eq!(list(&reader).unwrap(), (1_002, vec![ana.clone(), person_named(2, "Bena")]));
        assert_eq!(person(&reader, ana.staff).unwrap(), Some(ana));
        assert_eq!((count(&reader).unwrap(), revision(&reader).unwrap()), (2, 1_002));
    }
}
