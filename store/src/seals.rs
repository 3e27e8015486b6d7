//! Looking whether seals are what they say: signatures by whoever wrote the events they stand on.
//!
//! Hashes show that bytes did not change since they were linked; only a seal shows that their writer linked them. Both the seals inside
//! events and those that head office keeps beside the last event of a push are held against the certificates that the log holds.

use daybook_core::chain::{Seal, Tip};
use daybook_core::identity::PublicKey;
use daybook_core::ids::OriginId;
use rusqlite::Connection;
use std::collections::BTreeMap;

use crate::file::StoreError;
use crate::office::certificates;
use crate::sql;

/// What was found of a log's seals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// Seals that hold.
    pub hold: i64,
    /// Seals of origins whose certificate is not here.
    pub unproved: i64,
    /// Seals that are not their writer's, and so vouch for nothing.
    pub broken: i64,
    /// The first of these.
    pub first_broken: Option<(OriginId, i64)>,
}

impl Sealed {
    /// The result in words.
    pub fn words(&self) -> String {
        let mut words = format!("{} seals, each by its writer", self.hold);
        if self.unproved > 0 {
            words += &format!(" ({} more by writers whose certificates are not here)", self.unproved);
        }
        if let Some((origin, seq)) = self.first_broken {
            let count = self.broken;
            words +=
                &format!("; BUT {count} that are not their writer's, the first of event {seq} of {origin}");
        }
        words
    }
}

/// Holds every seal of a log against its writer's certificate. One that does not hold is no damage: hashes say what stands there, and the
/// next seal of the chain that holds vouches for it. But somebody made it, so it is named.
pub fn verify_seals(log: &Connection) -> Result<Sealed, StoreError> {
    let mut keys: BTreeMap<OriginId, PublicKey> = BTreeMap::new();
    if has_table(log, "certificates")? {
        for certificate in certificates(log)?.iter().filter_map(|signed| signed.read().ok()) {
            keys.insert(certificate.origin, certificate.public_key);
        }
    }
    let mut found = Sealed::default();
    let mut questions = vec!["SELECT origin, seq, hash, seal FROM events WHERE seal IS NOT NULL"];
    if has_table(log, "seals")? {
        questions.push("SELECT origin, seq, hash, seal FROM seals");
    }
    for question in questions {
        let mut statement = log.prepare(question)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let origin = sql::origin(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?;
            let hash = sql::hash(row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?)?;
            let tip = Tip { seq: row.get(1)?, hash };
            let seal: Option<Seal> = sql::seal(row.get(3)?)?;
            let (Some(key), Some(seal)) = (keys.get(&origin), seal) else {
                found.unproved += 1;
                continue;
            };
            if !seal.verifies(key.verifying_key(), origin, tip) {
                found.broken += 1;
                found.first_broken.get_or_insert((origin, tip.seq));
                continue;
            }
            found.hold += 1;
        }
    }
    Ok(found)
}

/// Logs of before a table was thought of lack it.
fn has_table(log: &Connection, name: &str) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)";
    Ok(log.query_row(sql, [name], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Durability;
    use crate::office::OfficeLog;
    use daybook_core::event::origin::{ClockObserved, Role};
    use daybook_core::identity::KeyPair;
    use daybook_core::identity::certificate::{CERTIFICATE_VERSION, Certificate, SignedCertificate};
    use daybook_core::ids::{EventId, OrganisationId};
    use daybook_core::record::{Circumstances, Draft, Writer};
    use daybook_core::time::Now;
    use uuid::Uuid;

    const ORIGIN: OriginId = OriginId(Uuid::from_u128(1));

    /// A log with one sealed event, and a certificate of its writer that names this key.
    fn log_with(certified: Option<&KeyPair>, writes: &KeyPair) -> (tempfile::TempDir, OfficeLog) {
        let home = tempfile::tempdir().unwrap();
        let mut log = OfficeLog::open(home.path(), Durability::Off).unwrap();
        let event = ClockObserved { offset: 1, round_trip: 2 }.into();
        let draft = Draft { id: EventId(Uuid::from_u128(9)), event, rev: 1, base: None };
        let now = Now { wall: 1, offset: 0 };
        let circumstances = Circumstances { now, actor: None, approver: None, command: None, day: None };
        let (recorded, _) = Writer::new(ORIGIN).record(vec![draft], &circumstances, writes, true).unwrap();
        log.append_own(&recorded).unwrap();
        if let Some(key) = certified {
            let certificate = Certificate {
                v: CERTIFICATE_VERSION,
                organisation: OrganisationId(Uuid::nil()),
                origin: ORIGIN,
                role: Role::HeadOffice,
                store: None,
                store_name: None,
                till: None,
                name: "Head office".to_owned(),
                series: "HO".to_owned(),
                public_key: key.public(),
                parent: None,
                issued_wall: 0,
            };
            log.put_certificate(ORIGIN, &SignedCertificate::issue(&certificate, key)).unwrap();
        }
        (home, log)
    }

    #[test]
    fn a_seal_holds_where_its_writer_made_it_and_is_named_where_somebody_else_did() {
        let (own, other) = (KeyPair::from_seed([1; 32]), KeyPair::from_seed([2; 32]));
        let (_home, log) = log_with(Some(&own), &own);
        let words = |log: &OfficeLog| verify_seals(log.connection()).unwrap().words();
        assert_eq!(words(&log), "1 seals, each by its writer");
        let (_home, log) = log_with(None, &own);
        assert_eq!(
            words(&log),
            "0 seals, each by its writer (1 more by writers whose certificates are not here)"
        );
        let (_home, log) = log_with(Some(&other), &own);
        let said = words(&log);
        assert!(said.contains("BUT 1 that are not their writer's, the first of event 1"), "{said}");
    }
}
