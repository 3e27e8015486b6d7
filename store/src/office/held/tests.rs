//! Whose events are held, how much room they take, and what of it comes in by itself.

use daybook_core::chain::{Hash, Seal};
use daybook_core::envelope::{EventText, Line};
use daybook_core::event::origin::Role;
use daybook_core::identity::KeyPair;
use daybook_core::identity::certificate::{CERTIFICATE_VERSION, Certificate, SignedCertificate};
use daybook_core::ids::{EventId, OrganisationId, RequestId, StoreId, TillId};
use daybook_core::record::{Circumstances, Draft, Writer};
use daybook_core::sync::server::{Effect, Push, Server};
use daybook_core::time::Now;
use daybook_core::wire::PushAnswer;

use super::*;
use crate::file::{Durability, open_writer};
use crate::office::{MIGRATIONS, OfficeLog};

fn origin(number: u128) -> OriginId {
    OriginId(Uuid::from_u128(number))
}

/// Head office, which takes in events of tills and closes them.
struct Office {
    log: OfficeLog,
    server: Server,
    writer: Writer,
    _home: tempfile::TempDir,
}

impl Office {
    /// With so much room for what is held of each till.
    fn with_room(events: usize) -> Self {
        let home = tempfile::tempdir().unwrap();
        let log = OfficeLog::open(home.path(), Durability::Off).unwrap();
        let server = Server::new("e".to_owned()).with_room(HeldSoFar { events, bytes: usize::MAX });
        Office { log, server, writer: Writer::new(origin(99)), _home: home }
    }

    /// Knows an origin of a till.
    fn knows(&mut self, number: u128, till: u128, parent: Option<u128>) {
        let signed = certificate(number, till, parent);
        self.log.put_certificate(origin(number), &signed).unwrap();
    }

    fn says(&mut self, event: impl Into<Event>) {
        let now = Now { wall: 1, offset: 0 };
        let circumstances = Circumstances { now, actor: None, approver: None, command: None, day: None };
        let id = EventId(Uuid::from_u128(7));
        let draft = Draft { id, event: event.into(), rev: 1, base: None };
        let key = KeyPair::from_seed([9; 32]);
        let (recorded, writer) = self.writer.record(vec![draft], &circumstances, &key, true).unwrap();
        self.log.append_own(&recorded).unwrap();
        self.writer = writer;
    }

    fn closes(&mut self, number: u128, tips: &[Tip]) {
        self.says(Closed { origin: origin(number), reason: "stolen".to_owned(), tips: tips.to_vec() });
    }

    /// Takes in a stretch of a chain; nothing where there is no room for it.
    fn takes(&mut self, number: u128, chain: &[(Hash, Tip, EventText)]) -> Option<PushAnswer> {
        let (prev, first, _) = &chain[0];
        let push = Push {
            origin: origin(number),
            previous: Tip { seq: first.seq - 1, hash: *prev },
            events: chain.iter().map(|(_, tip, text)| (*tip, Line::Event(text.clone()))).collect(),
            seal: Seal([0; 64]),
        };
        let request = RequestId(Uuid::from_u128(1));
        let (answers, outcome) = self.log.ingest(0, &mut self.server, vec![(request, push, None)]);
        outcome.unwrap();
        match &answers[..] {
            [Effect::Acknowledge(_, answer)] => Some(answer.clone()),
            [Effect::HeldFull(_)] => None,
            other => panic!("{other:?}"),
        }
    }

    fn waiting(&self) -> i64 {
        waiting(self.log.connection()).unwrap().iter().map(|one| one.events).sum()
    }
}

fn certificate(number: u128, till: u128, parent: Option<u128>) -> SignedCertificate {
    let key = KeyPair::from_seed([1; 32]);
    let certificate = Certificate {
        v: CERTIFICATE_VERSION,
        organisation: OrganisationId(Uuid::nil()),
        origin: origin(number),
        role: Role::Till,
        store: Some(StoreId(Uuid::from_u128(50))),
        store_name: None,
        till: Some(TillId(Uuid::from_u128(till))),
        name: "Till".to_owned(),
        series: number.to_string(),
        public_key: key.public(),
        parent: parent.map(origin),
        issued_wall: 0,
    };
    SignedCertificate::issue(&certificate, &key)
}

/// So many events after one, told apart from those of other branches by a word.
fn chain(after: Tip, count: i64, word: &str) -> Vec<(Hash, Tip, EventText)> {
    let mut tip = after;
    let mut event = |_| {
        let seq = tip.seq + 1;
        let envelope = format!("{{\"seq\":{seq},\"word\":\"{word}\"}}");
        let text = EventText { envelope, payload: "{}".to_owned(), seal: None };
        let prev = tip.hash;
        tip = Tip { seq, hash: text.hash(prev) };
        (prev, tip, text)
    };
    (0..count).map(&mut event).collect()
}

fn last(chain: &[(Hash, Tip, EventText)]) -> Tip {
    chain[chain.len() - 1].1
}

#[test]
fn what_is_held_of_a_till_is_counted_with_all_its_names_and_apart_from_other_tills() {
    let mut office = Office::with_room(3);
    office.knows(1, 60, None);
    office.knows(2, 60, Some(1));
    office.knows(3, 60, Some(2));
    office.knows(4, 61, None);
    office.closes(1, &[]);
    office.closes(4, &[]);
    assert!(office.takes(1, &chain(Tip::NONE, 2, "a")).unwrap().held);
    assert!(office.takes(2, &chain(Tip::NONE, 1, "b")).unwrap().held);
    assert_eq!(office.takes(3, &chain(Tip::NONE, 1, "c")), None, "another name gets no room of its own");
    assert!(office.takes(4, &chain(Tip::NONE, 3, "d")).unwrap().held, "another till does");
    office.says(Admitted { origin: origin(2), to: None });
    assert!(!office.takes(3, &chain(Tip::NONE, 9, "c")).unwrap().held, "who is let in takes no room");
}

#[test]
fn what_follows_an_old_branch_takes_room_also_below_what_was_let_in() {
    let mut office = Office::with_room(2);
    office.knows(1, 60, None);
    let trunk = chain(Tip::NONE, 8, "a");
    let branch = chain(trunk[1].1, 1, "b");
    office.takes(1, &trunk).unwrap();
    office.takes(1, &branch).unwrap();
    office.closes(1, &[last(&trunk), last(&branch)]);
    let further = chain(last(&branch), 3, "b");
    assert_eq!(office.takes(1, &further), None);
    assert!(office.takes(1, &further[..2]).unwrap().held);
    assert_eq!(office.takes(1, &further), None, "the third is one too many");
}

#[test]
fn a_refill_of_what_was_let_in_needs_no_room_and_what_leads_elsewhere_does() {
    let mut office = Office::with_room(2);
    office.knows(1, 60, None);
    let trunk = chain(Tip::NONE, 12, "a");
    office.closes(1, &[trunk[8].1]);
    assert!(office.takes(1, &trunk[..4]).unwrap().held, "nobody can tell yet whether it leads there");
    assert_eq!(office.takes(1, &chain(Tip::NONE, 3, "b")), None, "a second line has no such benefit");
    assert!(office.takes(1, &trunk[4..7]).is_some());
    assert_eq!(office.waiting(), 7);
    assert_eq!(office.takes(1, &trunk[7..]), None, "three of these come after what was let in");
    assert!(office.takes(1, &trunk[7..11]).unwrap().held);
    assert_eq!(office.waiting(), 2, "everything up to there came in");
    assert_eq!(office.takes(1, &trunk[11..]), None);
}

#[test]
fn what_was_held_before_it_was_counted_by_tills_is_counted_all_the_same() {
    let home = tempfile::tempdir().unwrap();
    let connection = open_writer(&home.path().join("log.db"), Durability::Off, &MIGRATIONS[..3]).unwrap();
    for (number, known) in [(1, true), (2, true), (3, false)] {
        if known {
            let SignedCertificate { certificate, signature } = certificate(number, 60, None);
            let sql = "INSERT INTO certificates VALUES (?1, ?2, ?3)";
            connection.execute(sql, (sql::blob(&origin(number).0), certificate, signature)).unwrap();
        }
        let insert = "INSERT INTO events (origin, seq, hash, prev, envelope, payload) VALUES (?1, 5, ?2, ?2, '{}', '{}')";
        connection.execute(insert, (sql::blob(&origin(number).0), [0; 32].as_slice())).unwrap();
        let hold = "INSERT INTO held (position, origin, bytes) VALUES (?1, ?2, 10)";
        connection
            .execute(hold, (connection.last_insert_rowid(), sql::blob(&origin(number).0)))
            .unwrap();
    }
    drop(connection);
    let log = OfficeLog::open(home.path(), Durability::Off).unwrap();
    let found = [1, 2, 3].map(|number| so_far(log.connection(), origin(number)).unwrap());
    let held = |events| HeldSoFar { events, bytes: events * 10 };
    assert_eq!(found, [held(2), held(2), held(1)]);
    assert_eq!(first_waiting(log.connection(), origin(3)).unwrap(), Some(5));
    assert_eq!(last_waiting(log.connection(), origin(3)).unwrap(), 5);
}
