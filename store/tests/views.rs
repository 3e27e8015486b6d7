//! Read models and conflicts are functions of the set of events: neither arrival, nor batches, nor repetition changes them.
//!
//! Two head offices hear of the same organisation in two different ways, on real files. What they then know must be equal, and equal to
//! what a rebuild makes of it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use daybook_core::amount::{Minor, Quantity, allocate};
use daybook_core::chain::Hash;
use daybook_core::ids::StoreId;
use daybook_core::wire::ConflictRecord;
use daybook_store::views::{Side, Views, differences, rebuild};
use delivery::{Delivery, Office, VIEWS, deliveries, open_views, seen};
use script::{Deed, Organisation, Step};
use scripts::scripts;

// Beside their only user, in a folder of their own: cargo takes every file of this folder for a test of its own.
#[path = "views/delivery.rs"]
mod delivery;
#[path = "views/script.rs"]
mod script;
#[path = "views/scripts.rs"]
mod scripts;
#[path = "views/told.rs"]
mod told;

/// The usual number of cases, divided by so many.
fn cases(divided_by: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: (usual.cases / divided_by).max(1), failure_persistence: None, ..usual }
}

fn check(
    mut organisation: Organisation,
    side: Side,
    ways: [&[Delivery]; 2],
    answers: &[(bool, bool)],
) -> TestCaseResult {
    let mut one = Office::new(side);
    one.take_in(&organisation, ways[0]);
    // People answer some of what they see, a few of them looking at something old.
    let found = one.conflicts();
    let answered = found.iter().zip(answers).filter(|(_, (answers, _))| *answers);
    let answer = |(record, (_, old)): (&ConflictRecord, &(bool, bool))| {
        let conflict = &record.conflict;
        let evidence = if *old { Hash::ZERO } else { conflict.evidence };
        (conflict.id.clone(), evidence, conflict.choices[0].code.clone())
    };
    organisation.answer(answered.map(answer).collect());
    one.take_in(&organisation, &[]);

    let mut other = Office::new(side);
    other.take_in(&organisation, ways[1]);
    let [views, others] = [one.views.connection(), other.views.connection()];
    let (here, there) = (one.conflicts(), other.conflicts());
    let only = |these: &[ConflictRecord], those: &[ConflictRecord]| -> Vec<ConflictRecord> {
        these.iter().filter(|record| !those.contains(record)).cloned().collect()
    };
    prop_assert_eq!(only(&here, &there), only(&there, &here));
    prop_assert_eq!(differences(views, others).unwrap(), []);
    prop_assert_eq!(differences(others, views).unwrap(), []);
    let known = seen(views, &one.reader);
    prop_assert_eq!(&known, &seen(others, &other.reader));
    prop_assert!(known.2.balanced);

    let Office { home, reader, views, .. } = other;
    drop(views);
    let rebuilt = rebuild(home.path(), VIEWS, side, &reader).unwrap();
    prop_assert!(rebuilt.equal() && !rebuilt.behind, "{}", rebuilt.words());
    let views = open_views(home.path(), side);
    prop_assert_eq!(&known, &seen(views.connection(), &reader));
    Ok(())
}

fn answers() -> impl Strategy<Value = Vec<(bool, bool)>> {
    prop::collection::vec((any::<bool>(), prop::bool::weighted(0.3)), 0..6)
}

proptest! {
    #![proptest_config(cases(2))]

    #[test]
    fn head_office_knows_the_same_in_whatever_order_and_batches_it_hears(
        script in scripts(40),
        ways in [deliveries(), deliveries()],
        answers in answers(),
    ) {
        check(Organisation::play(&script), Side::Office, [&ways[0], &ways[1]], &answers)?;
    }
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn a_sale_that_is_wholly_back_leaves_nothing_in_the_accounts(
        lines in prop::collection::vec((0_usize..3, 1_i64..4, any::<bool>(), Just(None)), 1..4),
        parts in prop::collection::vec((1_i64..5, 1_usize..3, any::<u8>()), 1..5),
        way in deliveries(),
    ) {
        let deed = Deed::Sell { lines, parts: 1, wrong_by: 0, again: None };
        let mut organisation = Organisation::play(&[Step { writer: 1, moment: 0, day: 1, deed: deed.clone() }]);
        for index in 0..organisation.sold.len() {
            let weights: Vec<Minor> = parts.iter().map(|(weight, ..)| Minor::new(*weight)).collect();
            let sold = organisation.sold[index].line.entered.quantity.thousandths();
            for (share, (_, writer, knows)) in allocate(Minor::new(sold), &weights).into_iter().zip(&parts) {
                let step = Step { writer: *writer, moment: 5, day: 2, deed: deed.clone() };
                organisation.take_back(&step, index, Quantity::from_thousandths(share.get()), *knows, true);
            }
        }
        let mut office = Office::new(Side::Office);
        office.take_in(&organisation, &way);
        let (_, conflicts, mut report) = seen(office.views.connection(), &office.reader);
        prop_assert_eq!(conflicts, []);
        prop_assert!(report.balanced);
        let mut left = report.accounts.remove("EUR").unwrap_or_default();
        let paid = [left.remove("tender/cash"), left.remove("rounding")];
        prop_assert_eq!(left, BTreeMap::new());
        prop_assert_eq!(paid.into_iter().flatten().sum::<i64>(), 0);
    }

    #[test]
    fn a_till_shows_the_same_in_whatever_order_and_batches_it_hears(
        script in scripts(40),
        ways in [deliveries(), deliveries()],
    ) {
        check(Organisation::play(&script), Side::Till, [&ways[0], &ways[1]], &[])?;
    }
}

#[test]
fn what_a_writer_has_no_standing_to_say_is_kept_and_counts_nowhere() {
    let edit = Deed::Edit { product: 0, field: 0, value: 1, seen: None };
    let sold = vec![(0, 1, false, None)];
    let sell = Deed::Sell { lines: sold, parts: 0, wrong_by: 0, again: None };
    let step = |writer, deed: &Deed| Step { writer, moment: 1, day: 1, deed: deed.clone() };
    let organisation = Organisation::play(&[step(1, &sell), step(1, &edit), step(2, &sell)]);

    let mut office = Office::new(Side::Office);
    // The first certificate of an origin stays: the second till is one of another store, whatever its log says.
    let log = organisation.logs[2].as_ref().unwrap();
    let elsewhere = log.certificate(Some(StoreId(uuid::Uuid::from_u128(0x58))));
    office.log.put_certificate(log.origin, &elsewhere).unwrap();
    office.take_in(&organisation, &[]);
    let (_, _, report) = seen(office.views.connection(), &office.reader);
    assert_eq!(report.quarantined, 3, "an edit of the first till; the opening and the sale of the second");
    assert_eq!(report.days.iter().map(|day| day.receipts).sum::<i64>(), 1);
    assert!(report.balanced);
}

/// Head office with edits of one product, and read models that have projected the first of them.
fn half_way(home: &std::path::Path) -> (Office, Views) {
    let edit = |value| Deed::Edit { product: 0, field: 0, value, seen: Some(0) };
    let step = |value| Step { writer: 0, moment: 1, day: 1, deed: edit(value) };
    let organisation = Organisation::play(&[step(2), step(3), step(4)]);
    let mut office = Office::new(Side::Office);
    office.take_in(&organisation, &[]);
    let mut views = open_views(home, Side::Office);
    while count(&views, "edits") == 0 {
        assert_eq!(views.catch_up_by(&office.reader, 1).unwrap(), 1);
    }
    (office, views)
}

fn count(views: &Views, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    views.connection().query_row(&sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_broken_row_of_read_models_is_damage_and_puts_no_good_event_into_quarantine() {
    let home = tempfile::tempdir().unwrap();
    let (office, mut views) = half_way(home.path());
    views.connection().execute_batch("UPDATE edits SET fields = substr(fields, 2)").unwrap();
    let before = views.position();
    let error = views.catch_up(&office.reader).unwrap_err();
    assert!(error.is_damage() && !error.is_of_content(), "{error:?}");
    assert_eq!((views.position(), count(&views, "quarantine")), (before, 0));
    views.renew(&office.reader).unwrap();
    assert_eq!(differences(views.connection(), office.views.connection()).unwrap(), []);
}

#[test]
fn a_log_that_cannot_say_who_a_writer_is_puts_no_event_into_quarantine() {
    let home = tempfile::tempdir().unwrap();
    let (office, _) = half_way(home.path());
    office.log.connection().execute_batch("DROP TABLE certificates").unwrap();
    let other = tempfile::tempdir().unwrap();
    let mut views = open_views(other.path(), Side::Office);
    let error = views.catch_up(&office.reader).unwrap_err();
    assert!(matches!(error, daybook_store::StoreError::Log(_)), "{error:?}");
    assert_eq!((views.position(), count(&views, "quarantine")), (0, 0));
}

#[test]
fn read_models_stand_on_the_log_that_holds_their_last_event_at_its_position_and_on_no_other() {
    for side in [Side::Office, Side::Till] {
        let home = tempfile::tempdir().unwrap();
        let (office, views) = half_way(home.path());
        drop(views);
        let mut views = open_views(home.path(), side);
        assert!(views.stand_on(&office.reader).unwrap());
        while views.catch_up(&office.reader).unwrap() > 0 {}
        drop(views);
        let views = open_views(home.path(), side);
        assert!(views.stand_on(&office.reader).unwrap());
        // The log as it was before, which then went on otherwise.
        let older = Office::new(side);
        assert!(!views.stand_on(&older.reader).unwrap());
        assert!(older.views.stand_on(&office.reader).unwrap(), "nothing is projected yet");
        let step = |deed| Step { writer: 0, moment: 9, day: 1, deed };
        let edit = |value| step(Deed::Edit { product: 1, field: 1, value, seen: Some(0) });
        let mut other = Office::new(side);
        other.take_in(&Organisation::play(&[edit(5), edit(6), edit(7), edit(8)]), &[]);
        assert!(!views.stand_on(&other.reader).unwrap());
    }
}
