//! A till's people: the list as head office gave it, with checks in the place of verifiers, and the count of wrong PINs.
//!
//! The count is raised in a commit of its own before anybody looks at a PIN, so that pulling the plug in the middle is no free guess. It
//! belongs to the PIN of one salt: a new PIN begins at none.

use std::path::{Path, PathBuf};

use daybook_core::identity::pin::{PinCost, Salt};
use daybook_core::ids::StaffId;
use daybook_core::secret::Secret;
use rusqlite::{Connection, OptionalExtension as _};
use std::collections::BTreeMap;

use super::{open, path_in, read_pin};
use crate::file::{Durability, Migration, StoreError, set_aside, transact};
use crate::sql;

const MIGRATIONS: &[Migration] =
    &[("0001_people", include_str!("../../../migrations/people/till/0001_people.sql"))];

/// The file of people, open for its one writer.
#[derive(Debug)]
pub struct TillPeople {
    connection: Connection,
}

/// What a till keeps of a PIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPin {
    /// Its salt.
    pub salt: Salt,
    /// The work of a look at it.
    pub cost: PinCost,
    /// What was derived from it, under the till's pepper.
    pub check: [u8; 32],
}

/// A person as a till knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPerson {
    /// The person.
    pub staff: StaffId,
    /// Their name.
    pub name: Secret<String>,
    /// Their PIN.
    pub pin: Option<KeptPin>,
    /// Wrong PINs in a row.
    pub wrong: u32,
    /// Grows with every signing in; 0 for who never did.
    pub last_use: i64,
}

/// A person on a list: who, their name, and what is kept of their PIN.
pub type Listed = (StaffId, Secret<String>, Option<KeptPin>);

impl TillPeople {
    /// Opens or makes the file of a directory; take the directory's lock first. One that is damaged is moved aside and told of: head
    /// office gives the list again.
    pub fn open(directory: &Path, durability: Durability) -> Result<(Self, Option<PathBuf>), StoreError> {
        match open(directory, durability, MIGRATIONS).and_then(probed) {
            Ok(connection) => Ok((TillPeople { connection }, None)),
            Err(error) if error.is_damage() => {
                let aside = set_aside(&path_in(directory))?;
                Ok((TillPeople { connection: open(directory, durability, MIGRATIONS)? }, aside))
            }
            Err(error) => Err(error),
        }
    }

    /// The revision of the list that is kept, if its checks were made with this pepper; else 0: what is kept is worth nothing then.
    pub fn revision(&self, pepper: Option<[u8; 32]>) -> Result<i64, StoreError> {
        let (revision, of): (i64, Option<Vec<u8>>) =
            self.connection.query_row("SELECT revision, pepper FROM progress", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let fits = pepper.is_some_and(|pepper| of.is_some_and(|of| of == pepper));
        Ok(if fits { revision } else { 0 })
    }

    /// Puts a list in the place of the one before, with its revision and what tells the pepper of its checks. Whoever is no longer on it
    /// is forgotten; who has a new PIN has no wrong tries.
    pub fn put(&mut self, revision: i64, pepper: [u8; 32], people: &[Listed]) -> Result<(), StoreError> {
        transact(&mut self.connection, |connection| {
            connection.execute("DELETE FROM people", [])?;
            people.iter().try_for_each(|person| write(connection, person))?;
            connection.execute("UPDATE progress SET revision = ?1, pepper = ?2", (revision, pepper))?;
            Ok(())
        })
    }

    /// Puts one person on the list, for a till that keeps its own.
    pub fn put_person(&mut self, revision: i64, pepper: [u8; 32], person: Listed) -> Result<(), StoreError> {
        transact(&mut self.connection, |connection| {
            // Checks made with a pepper that is gone would call every PIN wrong.
            let sql = "UPDATE people SET salt = NULL, memory_kib = NULL, passes = NULL, lanes = NULL, pin_check = NULL
                       WHERE (SELECT pepper FROM progress) IS NOT ?1";
            connection.execute(sql, [pepper])?;
            write(connection, &person)?;
            connection.execute("UPDATE progress SET revision = ?1, pepper = ?2", (revision, pepper))?;
            Ok(())
        })
    }

    /// Counts a try at the PIN of this salt, durably, before it is looked at. Gives the tries in a row, this one included.
    pub fn count_try(&mut self, staff: StaffId, salt: Salt) -> Result<u32, StoreError> {
        transact(&mut self.connection, |connection| {
            let sql = "INSERT INTO tries VALUES (?1, ?2, 1)
                       ON CONFLICT (staff) DO UPDATE SET salt = excluded.salt,
                           wrong = CASE WHEN salt = excluded.salt THEN wrong + 1 ELSE 1 END
                       RETURNING wrong";
            let row = (sql::blob(&staff.0), salt.0);
            Ok(connection.prepare_cached(sql)?.query_row(row, |row| row.get(0))?)
        })
    }

    /// Forgets the wrong tries of who has shown their PIN; `uses` where they sign in by it.
    pub fn forgive(&mut self, staff: StaffId, uses: bool) -> Result<(), StoreError> {
        transact(&mut self.connection, |connection| {
            connection.execute("DELETE FROM tries WHERE staff = ?1", [sql::blob(&staff.0)])?;
            if uses {
                let sql = "INSERT OR REPLACE INTO uses SELECT ?1, coalesce(max(place), 0) + 1 FROM uses";
                connection.execute(sql, [sql::blob(&staff.0)])?;
            }
            Ok(())
        })
    }

    /// A person; none where the list does not have them.
    pub fn person(&self, staff: StaffId) -> Result<Option<KeptPerson>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{PEOPLE} WHERE people.staff = ?1"))?;
        statement.query_row([sql::blob(&staff.0)], read).optional()?.transpose()
    }

    /// Everybody on the list.
    pub fn people(&self) -> Result<BTreeMap<StaffId, KeptPerson>, StoreError> {
        let mut statement = self.connection.prepare_cached(PEOPLE)?;
        let rows = statement.query_map([], read)?;
        rows.map(|row| row?.map(|person| (person.staff, person))).collect()
    }
}

const PEOPLE: &str = "SELECT people.staff, name, people.salt, memory_kib, passes, lanes, pin_check,
        coalesce(wrong, 0), coalesce(place, 0)
    FROM people LEFT JOIN tries ON tries.staff = people.staff AND tries.salt = people.salt
    LEFT JOIN uses ON uses.staff = people.staff";

fn write(connection: &Connection, (staff, name, pin): &Listed) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO people VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    connection.prepare_cached(sql)?.execute((
        sql::blob(&staff.0),
        name.reveal(),
        pin.as_ref().map(|pin| pin.salt.0),
        pin.as_ref().map(|pin| pin.cost.memory_kib),
        pin.as_ref().map(|pin| pin.cost.passes),
        pin.as_ref().map(|pin| pin.cost.lanes),
        pin.as_ref().map(|pin| pin.check),
    ))?;
    Ok(())
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Result<KeptPerson, StoreError>> {
    let (staff, name): (Vec<u8>, String) = (row.get(0)?, row.get(1)?);
    let pin = read_pin((row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?));
    let pin = pin.map(|(salt, cost, check)| KeptPin { salt, cost, check });
    let (wrong, last_use) = (row.get(7)?, row.get(8)?);
    Ok(sql::uuid(&staff).map(|id| KeptPerson {
        staff: StaffId(id),
        name: Secret::new(name),
        pin,
        wrong,
        last_use,
    }))
}

/// Reads all of a small file, so that a broken one is noticed before somebody's PIN is.
fn probed(connection: Connection) -> Result<Connection, StoreError> {
    for table in ["progress", "people", "tries", "uses"] {
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |_| Ok(()))?;
    }
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const ANA: StaffId = StaffId(Uuid::from_u128(1));
    const PEPPER: [u8; 32] = [7; 32];

    fn opened(home: &Path) -> TillPeople {
        let (people, aside) = TillPeople::open(home, Durability::Off).unwrap();
        assert_eq!(aside, None);
        people
    }

    fn with_pin(salt: u8) -> (StaffId, Secret<String>, Option<KeptPin>) {
        let pin = KeptPin { salt: Salt([salt; 16]), cost: PinCost::CHEAP, check: [salt; 32] };
        (ANA, Secret::new("Ana".to_owned()), Some(pin))
    }

    #[test]
    fn wrong_tries_are_counted_across_restarts_and_belong_to_one_pin() {
        let home = tempfile::tempdir().unwrap();
        let mut people = opened(home.path());
        people.put(1, PEPPER, &[with_pin(1)]).unwrap();
        assert_eq!(people.count_try(ANA, Salt([1; 16])).unwrap(), 1);
        drop(people);
        let mut people = opened(home.path());
        assert_eq!(people.count_try(ANA, Salt([1; 16])).unwrap(), 2);
        assert_eq!(people.person(ANA).unwrap().unwrap().wrong, 2);
        people.put(2, PEPPER, &[with_pin(1)]).unwrap();
        assert_eq!(people.person(ANA).unwrap().unwrap().wrong, 2, "the same list again forgives nothing");
        people.put(3, PEPPER, &[with_pin(2)]).unwrap();
        assert_eq!(people.person(ANA).unwrap().unwrap().wrong, 0, "a new PIN");
        assert_eq!(people.count_try(ANA, Salt([2; 16])).unwrap(), 1);
        people.forgive(ANA, true).unwrap();
        let ana = people.person(ANA).unwrap().unwrap();
        assert_eq!((ana.wrong, ana.last_use), (0, 1));
    }

    #[test]
    fn who_is_taken_off_the_list_and_put_back_has_no_new_tries() {
        let home = tempfile::tempdir().unwrap();
        let mut people = opened(home.path());
        people.put(1, PEPPER, &[with_pin(1)]).unwrap();
        people.count_try(ANA, Salt([1; 16])).unwrap();
        people.put(2, PEPPER, &[]).unwrap();
        assert_eq!(people.person(ANA).unwrap(), None);
        people.put(3, PEPPER, &[with_pin(1)]).unwrap();
        assert_eq!(people.person(ANA).unwrap().unwrap().wrong, 1);
    }

    #[test]
    fn a_list_of_another_pepper_is_asked_for_anew() {
        let home = tempfile::tempdir().unwrap();
        let mut people = opened(home.path());
        assert_eq!(people.revision(Some(PEPPER)).unwrap(), 0);
        people.put(9, PEPPER, &[with_pin(1)]).unwrap();
        assert_eq!(people.revision(Some(PEPPER)).unwrap(), 9);
        assert_eq!(people.revision(Some([8; 32])).unwrap(), 0);
        assert_eq!(people.revision(None).unwrap(), 0);
    }

    #[test]
    fn a_damaged_file_is_moved_aside_and_begun_anew() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(
            path_in(home.path()),
            "no database at all, and long enough to be sure of it".repeat(99),
        )
        .unwrap();
        let (people, aside) = TillPeople::open(home.path(), Durability::Off).unwrap();
        assert!(aside.is_some_and(|aside| aside.exists()));
        assert_eq!(people.revision(Some(PEPPER)).unwrap(), 0);
    }
}
