//! What a till does that begins with a snapshot.

use super::*;
use crate::limits::{SNAPSHOT_FAILURES_MAX, SNAPSHOT_FROM};

const LONG: i64 = SNAPSHOT_FROM + 700;

fn fetch() -> Effect {
    Effect::Fetch(CATALOGUE.to_owned())
}

fn fetch_snapshot() -> Effect {
    Effect::FetchSnapshot("e1".to_owned())
}

fn page(position: i64, more: bool) -> Input {
    Input::SnapshotPage { position, more }
}

fn fed(position: i64, more: bool) -> Input {
    Input::Fetched { epoch: "e1".to_owned(), scope: CATALOGUE.to_owned(), position, more }
}

/// A till that has nothing and was told that there is so much.
fn told(entries: i64) -> (Till, Vec<Effect>) {
    let mut till = Till::new(Tip::NONE, None, BTreeMap::new()).beginning(None, true);
    till.handle(at(0), Input::Tick);
    let effects = till.handle(at(1), shaken(Tip::NONE, &[(CATALOGUE, entries), ("people", 3)]));
    (till, effects)
}

#[test]
fn a_till_that_has_nothing_begins_a_large_catalogue_with_a_snapshot_and_follows_the_feed_afterwards() {
    let (mut till, effects) = told(LONG);
    assert!(effects.contains(&fetch_snapshot()), "{effects:?}");
    assert!(effects.contains(&Effect::Fetch("people".to_owned())), "who works here is not waited for");
    assert!(!effects.contains(&fetch()), "{effects:?}");
    let effects = till.handle(at(2), page(LONG, true));
    assert!(effects.contains(&fetch_snapshot()) && !effects.contains(&fetch()), "{effects:?}");
    let effects = till.handle(at(3), page(LONG, false));
    assert!(effects.contains(&fetch()) && !effects.contains(&fetch_snapshot()), "{effects:?}");
    assert!(!till.handle(at(4), fed(500, true)).contains(&Effect::EndSnapshot));
    assert!(
        till.handle(at(5), fed(LONG, false)).contains(&Effect::EndSnapshot),
        "the feed has told all of it"
    );
    let effects = till.handle(at(6), Input::Hint(CATALOGUE.to_owned(), LONG + 1));
    assert!(!effects.contains(&fetch_snapshot()), "and from then on it is enough: {effects:?}");
}

#[test]
fn a_small_catalogue_and_a_till_that_knows_one_need_no_snapshot() {
    assert!(told(SNAPSHOT_FROM - 1).1.contains(&fetch()));
    let mut till = Till::new(Tip::NONE, None, BTreeMap::new()).beginning(None, false);
    till.handle(at(0), Input::Tick);
    assert!(till.handle(at(1), shaken(Tip::NONE, &[(CATALOGUE, LONG)])).contains(&fetch()));
}

#[test]
fn what_changes_while_the_feed_is_read_comes_as_a_further_page_once_for_what_was_heard() {
    let (mut till, _) = told(LONG);
    till.handle(at(2), page(LONG, false));
    till.handle(at(3), Input::Hint(CATALOGUE.to_owned(), LONG + 1));
    let effects = till.handle(at(3 + HINTS_GATHER_MILLIS), Input::Tick);
    assert!(effects.contains(&fetch_snapshot()), "{effects:?}");
    let effects = till.handle(at(900), page(LONG, false));
    assert!(
        !effects.contains(&fetch_snapshot()),
        "a page that says no more is not asked for for ever: {effects:?}"
    );
}

#[test]
fn a_till_started_again_goes_on_where_it_was() {
    let epoch = Some(("e1".to_owned(), Tip::NONE));
    for (more, goes_on) in [(true, fetch_snapshot()), (false, fetch())] {
        let mut till =
            Till::new(Tip::NONE, epoch.clone(), BTreeMap::new()).beginning(Some(Begun { more }), false);
        assert_eq!(till.handle(at(0), Input::Tick)[0], Effect::Handshake);
        let effects = till.handle(at(1), shaken(Tip::NONE, &[(CATALOGUE, LONG)]));
        assert!(effects.contains(&goes_on), "{effects:?}");
    }
    // Its feed was at the end when it was stopped.
    let positions = BTreeMap::from([(CATALOGUE.to_owned(), LONG)]);
    let mut till = Till::new(Tip::NONE, epoch, positions).beginning(Some(Begun { more: false }), false);
    assert!(
        !till.handle(at(0), Input::Tick).contains(&Effect::EndSnapshot),
        "there may be more than it knows"
    );
    assert!(
        till.handle(at(1), shaken(Tip::NONE, &[(CATALOGUE, LONG)]))
            .contains(&Effect::EndSnapshot)
    );
}

#[test]
fn whoever_gets_none_or_one_that_cannot_be_believed_follows_the_feed() {
    let (mut till, _) = told(LONG);
    let effects = till.handle(at(2), Input::SnapshotRefused("no such route".to_owned()));
    assert!(effects.contains(&Effect::Handshake), "{effects:?}");
    let effects = till.handle(at(3), shaken(Tip::NONE, &[(CATALOGUE, LONG)]));
    assert!(effects.contains(&fetch()) && !effects.contains(&fetch_snapshot()), "{effects:?}");
    assert!(
        till.handle(at(4), fed(LONG, false)).contains(&Effect::EndSnapshot),
        "what came before it goes too"
    );
}

#[test]
fn a_road_that_is_down_takes_the_snapshot_from_nobody_and_one_that_fails_it_alone_does() {
    let (mut till, _) = told(LONG);
    let mut now = 2;
    let mut fails = |till: &mut Till, input: Input| {
        till.handle(at(now), input);
        now += 1_000_000;
        till.handle(at(now), Input::Tick)
    };
    let lost = || Trouble::Network("lost".to_owned());
    assert!(fails(&mut till, Input::SnapshotFailed(lost())).contains(&Effect::Handshake));
    for _ in 0..10 {
        assert!(fails(&mut till, Input::ShakeFailed(lost())).contains(&Effect::Handshake));
    }
    let mut effects = fails(&mut till, shaken(Tip::NONE, &[(CATALOGUE, LONG)]));
    for failures in 2..=SNAPSHOT_FAILURES_MAX {
        assert!(till.beginning.comes_first(), "{failures}: {effects:?}");
        fails(&mut till, Input::SnapshotFailed(lost()));
        effects = fails(&mut till, shaken(Tip::NONE, &[(CATALOGUE, LONG)]));
    }
    assert!(!till.beginning.comes_first());
}

#[test]
fn a_new_epoch_in_the_middle_ends_the_pages_and_the_feed_begins() {
    let (mut till, _) = told(LONG);
    till.handle(at(2), page(LONG, true));
    till.handle(at(3), Input::Now);
    let scopes = BTreeMap::from([(CATALOGUE.to_owned(), LONG)]);
    let effects = till.handle(at(4), Input::Shaken(Shaken { scopes, ..in_epoch("e2", Tip::NONE) }));
    assert!(effects.contains(&fetch()), "{effects:?}");
    let effects = till.handle(at(5), page(LONG, true));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::FetchSnapshot(_))), "{effects:?}");
    let fed =
        Input::Fetched { epoch: "e2".to_owned(), scope: CATALOGUE.to_owned(), position: LONG, more: false };
    assert!(till.handle(at(6), fed).contains(&Effect::EndSnapshot));
}
