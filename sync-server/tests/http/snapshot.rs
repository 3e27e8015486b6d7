//! Snapshots over HTTP: that they say what the feed comes to, page by page, and go on with what changed since.

use std::collections::BTreeMap;

use daybook_core::amount::UnitPrice;
use daybook_core::chain::Tip;
use daybook_core::limits::{SNAPSHOT_BYTES_MAX, SNAPSHOT_RECORDS_MAX};
use daybook_core::merge::register::standing;
use daybook_core::project::rows::Edit;
use daybook_core::project::{Change, Input, project};
use daybook_core::sync::scope::{CATALOGUE, PEOPLE, sales, snapshot_kinds};
use daybook_core::wire::{FeedEntry, FeedHead, ProblemCode, SnapshotHead, SnapshotRecord};
use daybook_server::office::Publication;

use super::world::{Till, World};

const STORE: &str = "High Street";

fn product(number: usize, price: i64) -> Publication {
    Publication::Product {
        sku: format!("s{number}"),
        // Long enough that pages end by their bytes.
        name: format!("{number:0>180}"),
        department: None,
        codes: Vec::new(),
        tax_class: String::new(),
        tracked: false,
        price: UnitPrice::from_minor(price),
        unit: None,
    }
}

async fn page(till: &Till, cursor: Option<&str>) -> (SnapshotHead, Vec<SnapshotRecord>) {
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    let text = till.get(&format!("/v1/snapshot?scope={CATALOGUE}{cursor}")).await.text();
    assert!(text.len() <= SNAPSHOT_BYTES_MAX + 2_000);
    let mut lines = text.lines();
    let head: SnapshotHead = serde_json::from_str(lines.next().unwrap()).unwrap();
    let records: Vec<SnapshotRecord> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(records.len() <= SNAPSHOT_RECORDS_MAX && head.records as usize == records.len());
    (head, records)
}

/// What the feed comes to: each description's record, made of the events themselves; and the position reached.
async fn told_by_the_feed(till: &Till) -> (BTreeMap<String, SnapshotRecord>, i64) {
    let mut edits: BTreeMap<String, Vec<Edit>> = BTreeMap::new();
    let (mut cursor, mut position) = (String::new(), 0);
    loop {
        let text = till.get(&format!("/v1/feed?scope={CATALOGUE}{cursor}")).await.text();
        let mut lines = text.lines();
        let head: FeedHead = serde_json::from_str(lines.next().unwrap()).unwrap();
        for entry in lines.map(|line| FeedEntry::split(line).unwrap()) {
            let envelope = entry.text.read_envelope().unwrap();
            let tip = Tip { seq: envelope.seq, hash: entry.text.hash(entry.prev()) };
            position = entry.position;
            for change in project(&Input::read(envelope.origin, tip, &entry.text)) {
                if let Change::Edit(edit) = change {
                    edits.entry(edit.subject.clone()).or_default().push(edit);
                }
            }
        }
        cursor = format!("&cursor={}", head.cursor);
        if !head.more {
            break;
        }
    }
    let record = |(subject, edits): (String, Vec<Edit>)| {
        let record = SnapshotRecord::of(subject.clone(), standing(&edits));
        (subject, record)
    };
    (edits.into_iter().map(record).collect(), position)
}

#[tokio::test]
async fn a_snapshot_says_what_the_feed_comes_to_and_goes_on_with_what_changed_since() {
    let world = World::start().await;
    let till = world.till(STORE, "Till 1", 1).await;
    let publish = async |publications| world.running.office.publish(publications).await.unwrap();
    let many = 2_100;
    publish((0..many).map(|number| product(number, 100)).collect()).await;
    publish((0..many).step_by(3).map(|number| product(number, 200)).collect()).await;

    let (mut cursor, mut told, mut pages) = (None, Vec::new(), 0);
    let (whole, reached) = loop {
        let (head, records) = page(&till, cursor.as_deref()).await;
        told.extend(records);
        pages += 1;
        if !head.more {
            break (head.cursor, head.position);
        }
        cursor = Some(head.cursor);
    };
    assert!(pages > 1, "more than a page");
    let kinds = snapshot_kinds(CATALOGUE).unwrap();
    let rank = |record: &SnapshotRecord| kinds.iter().position(|kind| record.subject.starts_with(kind));
    let places: Vec<_> = told.iter().map(|record| (rank(record).unwrap(), record.subject.clone())).collect();
    assert!(places.is_sorted_by(|one, next| one < next), "in order, each once");
    let (fed, position) = told_by_the_feed(&till).await;
    assert_eq!(reached, position);
    let told: BTreeMap<String, SnapshotRecord> =
        told.into_iter().map(|record| (record.subject.clone(), record)).collect();
    assert_eq!(told, fed);

    let (head, records) = page(&till, Some(&whole)).await;
    assert_eq!((records.len(), head.more, head.position), (0, false, position), "nothing changed");
    publish(vec![product(7, 300), product(many, 100)]).await;
    let (head, records) = page(&till, Some(&head.cursor)).await;
    let (fed, position) = told_by_the_feed(&till).await;
    assert_eq!((records.len(), head.more, head.position), (2, false, position));
    records.iter().for_each(|record| assert_eq!(fed[&record.subject], *record));
    world.running.stop().await;
}

#[tokio::test]
async fn there_is_no_snapshot_of_other_scopes_nor_after_a_cursor_of_another_history() {
    let world = World::start().await;
    let till = world.till(STORE, "Till 1", 1).await;
    let store = till.answer.as_ref().unwrap().certificate.read().unwrap().store.unwrap();
    for (scope, problem) in [
        (PEOPLE.to_owned(), (404, ProblemCode::NotFound)),
        (sales(store), (404, ProblemCode::NotFound)),
        ("value".to_owned(), (403, ProblemCode::Forbidden)),
    ] {
        assert_eq!(till.get(&format!("/v1/snapshot?scope={scope}")).await.problem(), problem, "{scope}");
    }
    let (head, _) = page(&till, None).await;
    let (epoch, rest) = head.cursor.split_once('.').unwrap();
    let (position, rest) = rest.split_once('.').unwrap();
    let running = rest.split_once('.').unwrap().0;
    let other = format!("{:0>64}", "1");
    for cursor in [
        "bad".to_owned(),
        format!("{epoch}.-1.{running}."),
        format!("{epoch}.{position}.{other}."),
        format!("{epoch}.9000.{running}."),
        format!("{epoch}.{position}.{running}"),
        format!("e.{position}.{running}."),
    ] {
        let reply = till.get(&format!("/v1/snapshot?scope={CATALOGUE}&cursor={cursor}")).await;
        assert_eq!(reply.problem(), (410, ProblemCode::CursorUnknown), "{cursor}");
    }
    world.running.stop().await;
}
