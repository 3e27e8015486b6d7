//! What packed texts must hold at head office: logs from before they were packed are read on, and damage is found out.

use super::*;
use crate::file::open_reader;
use daybook_core::identity::KeyPair;
use daybook_core::ids::EventId;
use daybook_core::record::{Circumstances, Draft, Writer};
use daybook_core::time::Now;
use uuid::Uuid;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Events as this version stores them, in a till's name.
fn chain(count: i64) -> (OriginId, Vec<Recorded>) {
    let origin = OriginId(id(1));
    let circumstances = Circumstances {
        now: Now { wall: 1, offset: 0 },
        actor: None,
        approver: None,
        command: None,
        day: None,
    };
    let draft = |number: i64| {
        let document = Some(format!("note {number}"));
        let event = Received { store: StoreId(id(5)), lines: Vec::new(), currency: None, document }.into();
        Draft { id: EventId(id(9)), event, rev: number, base: None }
    };
    let drafts = (1..=count).map(draft).collect();
    let (recorded, _) = Writer::new(origin)
        .record(drafts, &circumstances, &KeyPair::from_seed([1; 32]), true)
        .unwrap();
    (origin, recorded)
}

fn texts_in(log: &Connection) -> Vec<EventText> {
    events::after_position(log, 0, 100)
        .unwrap()
        .into_iter()
        .map(|event| event.text)
        .collect()
}

#[test]
fn a_log_from_before_texts_were_packed_is_read_as_it_is_and_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("log.db");
    let (origin, recorded) = chain(4);
    let (before, since) = recorded.split_at(2);
    let old = open_writer(&path, Durability::Off, &MIGRATIONS[..3]).unwrap();
    for (position, event) in (1..).zip(before) {
        let sql =
            "INSERT INTO events (origin, seq, hash, prev, envelope, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let (hash, prev) = (event.tip.hash.0.as_slice(), event.prev.0.as_slice());
        let texts = (&event.text.envelope, &event.text.payload);
        old.execute(sql, (sql::blob(&origin.0), event.tip.seq, hash, prev, texts.0, texts.1))
            .unwrap();
        for scope in ["prices", "stock"] {
            let sql = "INSERT INTO feed VALUES (?1, ?2, ?2, ?3)";
            old.execute(sql, (scope, position, hash)).unwrap();
        }
    }
    events::move_tip(&old, origin, Tip::NONE, before[1].tip).unwrap();
    drop(old);
    let written: Vec<EventText> = recorded.iter().map(|event| event.text.clone()).collect();
    // As whoever looks an old backup through meets it.
    let unmoved = open_reader(&path).unwrap();
    assert_eq!(texts_in(&unmoved), written[..2]);
    assert_eq!(crate::verify::verify(&unmoved).unwrap().events, 2);
    drop(unmoved);

    let mut log = OfficeLog::open(home.path(), Durability::Off).unwrap();
    log.append_own(since).unwrap();
    assert_eq!(texts_in(log.connection()), written);
    let packed = "SELECT position FROM events WHERE texts IS NOT NULL AND envelope = '' AND payload = ''";
    let mut statement = log.connection().prepare(packed).unwrap();
    let packed: Vec<i64> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(packed, [3, 4]);
    assert_eq!(crate::verify::verify(log.connection()).unwrap().events, 4);
    for scope in ["prices", "stock"] {
        let found = feed_after(log.connection(), scope, 0, 100, usize::MAX).unwrap();
        let hashes: Vec<Hash> = found.iter().map(|row| row.event.tip.hash).collect();
        assert_eq!(hashes, [before[0].tip.hash, before[1].tip.hash], "{scope}");
        let head = FeedHead { position: 2, running: before[1].tip.hash };
        assert_eq!(feed_head(log.connection(), scope).unwrap(), Some(head));
        assert_eq!(running_at(log.connection(), scope, 1).unwrap(), Some(before[0].tip.hash));
    }
}

#[test]
fn packed_texts_that_changed_on_the_disk_are_found_out() {
    let home = tempfile::tempdir().unwrap();
    let mut log = OfficeLog::open(home.path(), Durability::Off).unwrap();
    let (_, recorded) = chain(1);
    log.append_own(&recorded).unwrap();
    let disk = Connection::open(home.path().join("log.db")).unwrap();
    disk.execute_batch("DROP TRIGGER events_never_change").unwrap();
    let whole: Vec<u8> = disk.query_row("SELECT texts FROM events", [], |row| row.get(0)).unwrap();
    for place in 0..whole.len() {
        let mut changed = whole.clone();
        changed[place] ^= 0x10;
        disk.execute("UPDATE events SET texts = ?1", [changed]).unwrap();
        match crate::verify::verify(log.connection()) {
            Err(StoreError::BrokenRow(_)) => {}
            // Some bits say nothing that a reader needs.
            Ok(_) => assert_eq!(texts_in(log.connection()), [recorded[0].text.clone()], "byte {place}"),
            Err(other) => panic!("byte {place}: {other}"),
        }
    }
}
