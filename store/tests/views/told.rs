//! A till that was told a snapshot: it shows what head office showed then, and in the end knows what the events say and nothing else.
//!
//! The snapshot is head office's own, taken at any moment of a script; the events come by its feed, in whatever order, with restarts and
//! rebuilds between them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseResult;
use tempfile::TempDir;

use daybook_core::chain::{Hash, Tip};
use daybook_core::envelope::EventText;
use daybook_core::ids::OriginId;
use daybook_core::sync::scope::{CATALOGUE, snapshot_kinds};
use daybook_core::wire::SnapshotRecord;
use daybook_store::office::feed_after;
use daybook_store::till::TillLog;
use daybook_store::till::snapshot::{SnapshotProgress, told_after};
use daybook_store::views::questions::{fields, heads};
use daybook_store::views::snapshot::snapshot_after;
use daybook_store::views::{Side, Views, differences, rebuild};
use daybook_store::{Durability, Reader};

use crate::cases;
use crate::delivery::{Delivery, Office, VIEWS, deliveries, open_views};
use crate::script::{Deed, Organisation, Step};
use crate::scripts::scripts;

/// An event of a feed.
type Fed = (OriginId, Hash, Tip, EventText);

/// A till in a directory of its own.
struct Till {
    home: TempDir,
    log: TillLog,
    reader: Reader,
    views: Views,
}

impl Till {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        let log = TillLog::open(home.path(), Durability::Off).expect("a log");
        let reader = log.reader().expect("a reader");
        let views = open_views(home.path(), Side::Till);
        Till { home, log, reader, views }
    }

    /// Is told records, in pages of so many.
    fn is_told(&mut self, records: &[SnapshotRecord], page: usize) {
        let pages = records.chunks(page).count();
        for (number, records) in (1..).zip(records.chunks(page)) {
            let progress = SnapshotProgress {
                epoch: "e".to_owned(),
                cursor: number.to_string(),
                position: 0,
                more: number < pages,
                is_whole: number == pages,
                last: records.last().map(|record| record.subject.clone()),
            };
            let text = |record: &SnapshotRecord| serde_json::to_string(record).expect("plain data");
            let records: Vec<(String, String)> =
                records.iter().map(|record| (record.subject.clone(), text(record))).collect();
            self.log.store_snapshot(&records, &progress).expect("a kept page");
            assert_eq!(self.log.snapshot_progress().expect("its progress"), Some(progress));
        }
    }

    /// Takes in at most so much of what waits; whether there was any.
    fn follows(&mut self, at_once: usize) -> bool {
        self.views.catch_up_by(&self.reader, at_once).expect("read models") > 0
    }

    fn hears(&mut self, events: &[Fed], at_once: usize) {
        for (origin, prev, tip, text) in events {
            self.log.store_others(*origin, &[(*prev, *tip, text.clone())]).expect("a kept event");
        }
        while self.follows(at_once) {}
    }

    /// Starts again, with its read models or without.
    fn starts_again(&mut self, keeps_views: bool) {
        let empty = tempfile::tempdir().expect("a temporary directory");
        drop(std::mem::replace(&mut self.views, open_views(empty.path(), Side::Till)));
        if !keeps_views {
            for name in [VIEWS.to_owned(), format!("{VIEWS}-wal"), format!("{VIEWS}-shm")] {
                let _may_be_missing = std::fs::remove_file(self.home.path().join(name));
            }
        }
        self.views = open_views(self.home.path(), Side::Till);
        while self.follows(1_000) {}
    }

    /// Forgets what it was told, as the till's shell does.
    fn forgets(&mut self) {
        self.log.end_snapshot().expect("an end");
        let told = told_after(&self.reader, 0, usize::MAX).expect("what was told");
        let subjects: Vec<String> = told.into_iter().map(|(_, subject)| subject).collect();
        self.views.fold_anew(&self.reader, &subjects).expect("folded anew");
        self.log.forget_snapshot().expect("forgotten");
        assert_eq!(told_after(&self.reader, 0, 1).expect("what was told"), []);
        assert_eq!(self.log.snapshot_progress().expect("its progress"), None);
    }

    fn is_rebuilt_alike(&self) -> TestCaseResult {
        let copy = tempfile::tempdir().expect("a temporary directory");
        for entry in std::fs::read_dir(self.home.path()).expect("its files") {
            let entry = entry.expect("a file");
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).expect("a copy");
        }
        let rebuilt = rebuild(copy.path(), VIEWS, Side::Till, &self.reader).expect("read models");
        prop_assert!(rebuilt.equal(), "{}", rebuilt.words());
        Ok(())
    }
}

/// What a shop sells by: descriptions, products with their codes and texts, prices.
fn shown(views: &Views) -> BTreeSet<String> {
    const SUBJECTS: &str = "SELECT subject FROM (SELECT subject FROM subjects UNION SELECT subject FROM edits) WHERE subject NOT LIKE 'staff/%'";
    const SQL: [&str; 4] = [
        "SELECT 'p' || hex(product) || sku || name || kind || tax_class || tracked || discountable || coalesce(price, '-')
                || coalesce(hex(price_set_by), '-') || coalesce(cost, '-') || archived FROM products",
        "SELECT 'c' || hex(product) || code FROM product_codes",
        "SELECT 't' || hex(product) || text FROM product_texts",
        "SELECT 'r' || subject || hex(product) || list || coalesce(hex(store), '-') || price || valid_from || hex(set_by) FROM prices",
    ];
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = views.connection().prepare(sql).expect("a question");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.map(|row| row.expect("a row")).collect()
    };
    let description = |subject: String| {
        let heads = heads(views.connection(), &subject).expect("its heads");
        let fields = fields(views.connection(), &subject).expect("its fields");
        format!("{subject} {heads:?} {fields:?}")
    };
    let described = texts(SUBJECTS).into_iter().map(description);
    described.chain(SQL.into_iter().flat_map(texts)).collect()
}

/// The snapshot that head office gives, in pages of so many records and bytes.
fn snapshot(office: &Office, page: usize, bytes_max: usize) -> Vec<SnapshotRecord> {
    let kinds = snapshot_kinds(CATALOGUE).expect("it has a snapshot");
    let (mut records, mut after) = (Vec::new(), None);
    loop {
        let found = snapshot_after(office.views.connection(), kinds, after.as_deref(), page, bytes_max);
        let found = found.expect("a page");
        assert!(found.records.len() <= page && (!found.records.is_empty() || !found.more));
        records.extend(found.records);
        if !found.more {
            return records;
        }
        after = found.last;
    }
}

fn feed(office: &Office) -> Vec<Fed> {
    let rows = feed_after(&office.reader, CATALOGUE, 0, usize::MAX, usize::MAX).expect("the feed");
    let fed = |row: daybook_store::office::FeedRow| {
        (row.event.origin, row.event.prev, row.event.tip, row.event.text)
    };
    rows.into_iter().map(fed).collect()
}

/// What happens between two batches of events.
type Between = (usize, usize, Option<bool>, bool);

fn check(
    script: &[Step],
    told: usize,
    way: &[Delivery],
    page: (usize, usize),
    order: &[Index],
    between: &[Between],
) -> TestCaseResult {
    let mut office = Office::new(Side::Office);
    office.take_in(&Organisation::play(&script[..told]), way);
    let (records, then) = (snapshot(&office, page.0, page.1), shown(&office.views));
    prop_assert!(records.iter().all(SnapshotRecord::is_sound));
    let mut till = Till::new();
    till.is_told(&records, page.0);
    while till.follows(page.0) {}
    prop_assert_eq!(shown(&till.views), then.clone(), "it sells by what it was told");

    let mut events = feed(&office);
    let count = events.len();
    for (place, other) in order.iter().enumerate().take(count) {
        events.swap(place, other.index(count));
    }
    let mut rest = &events[..];
    for (count, at_once, restart, looks) in between {
        let (some, others) = rest.split_at((*count).min(rest.len()));
        till.hears(some, *at_once);
        rest = others;
        restart.iter().for_each(|keeps_views| till.starts_again(*keeps_views));
        prop_assert_eq!(shown(&till.views), then.clone(), "and goes on so while the events come");
        if *looks {
            till.is_rebuilt_alike()?;
        }
    }
    // What happens later comes before the last of what was told.
    office.take_in(&Organisation::play(script), &[]);
    till.hears(&feed(&office), 7);
    till.is_rebuilt_alike()?;
    till.hears(rest, 7);
    let mut plain = Till::new();
    plain.hears(&feed(&office), 1_000);
    till.forgets();
    prop_assert_eq!(
        differences(till.views.connection(), plain.views.connection()).expect("a comparison"),
        []
    );
    prop_assert_eq!(shown(&till.views), shown(&office.views));
    till.is_rebuilt_alike()
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn a_till_shows_what_it_was_told_while_the_events_come_and_in_the_end_knows_what_they_say(
        script in scripts(40),
        told in any::<Index>(),
        way in deliveries(),
        page in (1_usize..6, 1_usize..4_000),
        order in prop::collection::vec(any::<Index>(), 0..12),
        between in prop::collection::vec((1_usize..9, 1_usize..9, prop::option::of(any::<bool>()), any::<bool>()), 0..5),
    ) {
        check(&script, told.index(script.len() + 1), &way, page, &order, &between)?;
    }
}

#[test]
fn what_was_told_and_no_event_says_is_gone_with_the_snapshot() {
    let step = |deed| Step { writer: 0, moment: 1, day: 1, deed };
    let edit = |product| step(Deed::Edit { product, field: 0, value: 2, seen: Some(0) });
    let price = step(Deed::Price { product: 0, own_store: false, value: 3, seen: None });
    let mut office = Office::new(Side::Office);
    office.take_in(&Organisation::play(&[edit(0), edit(1), price]), &[]);
    let mut till = Till::new();
    till.is_told(&snapshot(&office, 100, 100_000), 2);
    while till.follows(1) {}
    assert_eq!(shown(&till.views), shown(&office.views));
    till.forgets();
    assert_eq!(shown(&till.views), BTreeSet::new());
    assert_eq!(differences(till.views.connection(), Till::new().views.connection()).unwrap(), []);
    let check = "INSERT INTO product_trigrams (product_trigrams) VALUES ('integrity-check')";
    till.views.connection().execute_batch(check).unwrap();
}

#[test]
fn an_end_that_was_cut_short_is_gone_through_again() {
    let step = |product| Step {
        writer: 0,
        moment: 1,
        day: 1,
        deed: Deed::Edit { product, field: 0, value: 2, seen: Some(0) },
    };
    let mut office = Office::new(Side::Office);
    office.take_in(&Organisation::play(&[step(0), step(1)]), &[]);
    let mut till = Till::new();
    till.is_told(&snapshot(&office, 100, 100_000), 2);
    till.follows(1);
    till.log.end_snapshot().unwrap();
    assert!(!till.follows(10), "what was told counts no more");
    till.starts_again(false);
    assert_eq!(shown(&till.views), BTreeSet::new());
    assert!(till.log.snapshot_progress().unwrap().is_some(), "it is not forgotten yet");
    till.hears(&feed(&office), 3);
    till.forgets();
    assert_eq!(shown(&till.views), shown(&office.views));
}
