//! What the till does next, told as inputs and the effects that follow.

use super::*;
use crate::chain::sha256;
use crate::limits::BACKOFF_MILLIS_FIRST;

fn tip(seq: i64) -> Tip {
    Tip { seq, hash: sha256(&seq.to_be_bytes()) }
}

fn at(millis: u64) -> Moment {
    Moment { millis, random: u64::MAX }
}

fn shaken(has: Tip, scopes: &[(&str, i64)]) -> Input {
    let scopes = scopes.iter().map(|(scope, position)| ((*scope).to_owned(), *position)).collect();
    Input::Shaken(Shaken { scopes, ..in_epoch("e1", has) })
}

fn in_epoch(epoch: &str, has: Tip) -> Shaken {
    Shaken { epoch: epoch.to_owned(), has: Some(has), ..Shaken::default() }
}

#[test]
fn a_till_shakes_hands_first_then_pushes_what_is_not_acknowledged() {
    let mut till = Till::new(tip(5), None, BTreeMap::new());
    assert_eq!(till.handle(at(0), Input::Tick), [Effect::Handshake]);
    let effects = till.handle(at(1), shaken(tip(2), &[]));
    assert!(effects.contains(&Effect::Push { after: tip(2), events_max: PUSH_EVENTS_MAX }), "{effects:?}");
    assert_eq!(till.waiting(), 3);
    till.handle(at(2), Input::Pushed { epoch: "e1".to_owned(), durable: tip(5), forked: false });
    assert_eq!(till.status(), Status::UpToDate);
}

#[test]
fn a_lost_answer_is_retried_by_a_timer_not_by_the_next_sale() {
    let mut till = Till::new(tip(1), Some(("e1".to_owned(), Tip::NONE)), BTreeMap::new());
    till.handle(at(0), Input::Tick);
    till.handle(at(0), shaken(Tip::NONE, &[]));
    let effects = till.handle(at(10), Input::PushFailed(Trouble::Network("lost".to_owned())));
    let [Effect::WakeAt(wake)] = effects[..] else { panic!("{effects:?}") };
    let again = Effect::Push { after: Tip::NONE, events_max: PUSH_EVENTS_MAX / 2 };
    assert!(till.handle(at(wake), Input::Tick).contains(&again));
}

#[test]
fn a_link_too_slow_for_a_push_is_asked_to_carry_half_of_it_each_time() {
    let mut till = Till::new(tip(900), Some(("e1".to_owned(), Tip::NONE)), BTreeMap::new());
    till.handle(at(0), Input::Tick);
    till.handle(at(0), shaken(Tip::NONE, &[]));
    let (mut now, mut asked) = (0, Vec::new());
    while asked.last() != Some(&1) || asked.len() < 12 {
        let effects = till.handle(at(now), Input::PushFailed(Trouble::Network("too slow".to_owned())));
        let [Effect::WakeAt(wake)] = effects[..] else { panic!("{effects:?}") };
        now = wake;
        let pushes = till.handle(at(now), Input::Tick).into_iter().filter_map(|effect| match effect {
            Effect::Push { events_max, .. } => Some(events_max),
            _ => None,
        });
        asked.extend(pushes);
        till.handle(at(now), shaken(Tip::NONE, &[]));
    }
    assert_eq!(asked[..4], [250, 125, 62, 31]);
    assert_eq!(asked[8..], [1; 4], "one at a time, and never none");
}

#[test]
fn a_scope_of_which_no_page_comes_keeps_neither_sales_nor_other_scopes_waiting() {
    let mut till = Till::new(tip(1), Some(("e1".to_owned(), tip(1))), BTreeMap::new());
    till.handle(at(0), Input::Tick);
    till.handle(at(0), shaken(tip(1), &[("catalogue", 9), ("sales", 9)]));
    let fetch = |scope: &str| Effect::Fetch(scope.to_owned());
    let failed =
        Input::FetchFailed("sales".to_owned(), Trouble::Network("a page nobody can read".to_owned()));
    let effects = till.handle(at(1), failed);
    assert!(!effects.contains(&fetch("sales")), "{effects:?}");
    assert!(matches!(till.status(), Status::Offline(_)), "and it is said");
    let effects = till.handle(at(2), Input::Recorded(tip(2)));
    assert!(effects.contains(&Effect::Push { after: tip(1), events_max: PUSH_EVENTS_MAX }), "{effects:?}");
    let page =
        Input::Fetched { epoch: "e1".to_owned(), scope: "catalogue".to_owned(), position: 5, more: true };
    let effects = till.handle(at(3), page);
    assert!(effects.contains(&fetch("catalogue")) && !effects.contains(&fetch("sales")), "{effects:?}");
    assert!(till.handle(at(BACKOFF_MILLIS_FIRST + 1), Input::Tick).contains(&fetch("sales")), "by a timer");
}

#[test]
fn a_stream_that_is_heard_again_does_not_shorten_the_pause_that_head_office_asked_for() {
    let mut till = Till::new(tip(2), Some(("e1".to_owned(), tip(1))), BTreeMap::new());
    till.handle(at(0), Input::Tick);
    till.handle(at(0), shaken(tip(1), &[]));
    till.handle(at(1), Input::PushFailed(Trouble::Busy(60)));
    let waits = |effects: &[Effect]| matches!(effects, [Effect::WakeAt(_)]);
    assert!(waits(&till.handle(at(2), Input::Listens)));
    assert!(!waits(&till.handle(at(3), Input::Now)), "a person may");
    till.handle(at(4), Input::PushFailed(Trouble::Network("no road".to_owned())));
    assert!(!waits(&till.handle(at(5), Input::Listens)), "the road is there again");
}

#[test]
fn too_large_halves_the_batch_and_success_grows_it_again() {
    let mut till = Till::new(tip(900), Some(("e1".to_owned(), Tip::NONE)), BTreeMap::new());
    till.handle(at(0), Input::Tick);
    till.handle(at(0), shaken(Tip::NONE, &[]));
    let effects = till.handle(at(1), Input::PushFailed(Trouble::TooLarge));
    assert!(
        effects.contains(&Effect::Push { after: Tip::NONE, events_max: PUSH_EVENTS_MAX / 2 }),
        "{effects:?}"
    );
    let effects =
        till.handle(at(2), Input::Pushed { epoch: "e1".to_owned(), durable: tip(250), forked: false });
    assert!(effects.contains(&Effect::Push { after: tip(250), events_max: PUSH_EVENTS_MAX }), "{effects:?}");
}

#[test]
fn a_server_that_lost_events_gets_them_again_on_the_next_heartbeat() {
    let mut till = Till::new(tip(9), Some(("e1".to_owned(), tip(9))), BTreeMap::new());
    till.handle(at(0), Input::Tick);
    let effects = till.handle(at(1), shaken(tip(4), &[]));
    assert!(effects.contains(&Effect::SaveAcknowledged("e1".to_owned(), tip(4))), "{effects:?}");
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Push { after, .. } if *after == tip(4)))
    );
}

#[test]
fn scopes_are_fetched_until_there_is_no_more_and_hints_wake_them() {
    let mut till = Till::new(Tip::NONE, None, BTreeMap::new());
    till.handle(at(0), Input::Tick);
    let effects = till.handle(at(0), shaken(Tip::NONE, &[("catalogue", 700)]));
    assert!(effects.contains(&Effect::Fetch("catalogue".to_owned())));
    let page = |position, more| Input::Fetched {
        epoch: "e1".to_owned(),
        scope: "catalogue".to_owned(),
        position,
        more,
    };
    assert!(till.handle(at(1), page(500, true)).contains(&Effect::Fetch("catalogue".to_owned())));
    assert!(!till.handle(at(2), page(700, false)).contains(&Effect::Fetch("catalogue".to_owned())));
    let effects = till.handle(at(3), Input::Hint("catalogue".to_owned(), 701));
    assert!(effects.contains(&Effect::WakeAt(3 + HINTS_GATHER_MILLIS)), "{effects:?}");
    let effects = till.handle(at(3 + HINTS_GATHER_MILLIS), Input::Tick);
    assert!(effects.contains(&Effect::Fetch("catalogue".to_owned())));
}

#[test]
fn hints_that_follow_each_other_are_asked_for_at_once() {
    let mut till = Till::new(Tip::NONE, None, BTreeMap::new());
    till.handle(at(0), Input::Tick);
    till.handle(at(0), shaken(Tip::NONE, &[("sales", 0)]));
    let fetches =
        |effects: &[Effect]| effects.iter().filter(|effect| matches!(effect, Effect::Fetch(_))).count();
    let mut asked = 0;
    // A hint every ten milliseconds for a second, each page having everything that was there when it was asked for.
    for position in 1..=100_i64 {
        let now = at(position.unsigned_abs() * 10);
        let effects = till.handle(now, Input::Hint("sales".to_owned(), position));
        if fetches(&effects) > 0 {
            asked += 1;
            let page =
                Input::Fetched { epoch: "e1".to_owned(), scope: "sales".to_owned(), position, more: false };
            assert_eq!(fetches(&till.handle(now, page)), 0);
        }
    }
    assert!((4..=5).contains(&asked), "{asked} pages");
}

#[test]
fn the_user_and_a_page_with_more_behind_it_wait_for_no_hints() {
    let mut till = Till::new(Tip::NONE, None, BTreeMap::new());
    till.handle(at(0), Input::Tick);
    till.handle(at(0), shaken(Tip::NONE, &[("sales", 0)]));
    let fetch = Effect::Fetch("sales".to_owned());
    let hint = |position| Input::Hint("sales".to_owned(), position);
    assert!(!till.handle(at(1), hint(700)).contains(&fetch));
    assert!(till.handle(at(2), Input::Now).contains(&fetch));
    assert!(!till.handle(at(300), hint(701)).contains(&fetch));
    let page =
        Input::Fetched { epoch: "e1".to_owned(), scope: "sales".to_owned(), position: 500, more: true };
    assert!(till.handle(at(301), page).contains(&fetch));
}

#[test]
fn a_hint_that_comes_while_a_page_is_on_its_way_is_not_lost() {
    let mut till = Till::new(Tip::NONE, None, BTreeMap::new());
    till.handle(at(0), Input::Tick);
    till.handle(at(0), shaken(Tip::NONE, &[("catalogue", 1)]));
    let fetch = Effect::Fetch("catalogue".to_owned());
    let page = |position| Input::Fetched {
        epoch: "e1".to_owned(),
        scope: "catalogue".to_owned(),
        position,
        more: false,
    };
    assert!(!till.handle(at(1), Input::Hint("catalogue".to_owned(), 2)).contains(&fetch));
    assert!(till.handle(at(300), page(1)).contains(&fetch), "the page was made before the hint");
    assert!(!till.handle(at(301), page(2)).contains(&fetch));
    assert_eq!(till.status(), Status::UpToDate);
    // News that leads to nothing is asked for once.
    till.handle(at(302), Input::Hint("catalogue".to_owned(), 9));
    assert!(till.handle(at(600), Input::Tick).contains(&fetch));
    assert!(!till.handle(at(601), page(2)).contains(&fetch));
}

#[test]
fn another_origin_has_its_turn_without_the_refusal_of_the_one_before() {
    let mut till = Till::new(tip(5), Some(("e1".to_owned(), Tip::NONE)), BTreeMap::new());
    till.handle(at(0), Input::Tick);
    till.handle(at(0), shaken(Tip::NONE, &[]));
    till.handle(at(1), Input::PushFailed(Trouble::NotAccepted("unknown key".to_owned())));
    assert_eq!(till.status(), Status::Refused("unknown key".to_owned()));
    let turn = Input::Turn { head: tip(9), acknowledged: Some(("e1".to_owned(), tip(7))) };
    let effects = till.handle(at(2), turn);
    assert!(effects.contains(&Effect::Push { after: tip(7), events_max: PUSH_EVENTS_MAX }), "{effects:?}");
    assert_eq!(till.status(), Status::Working);
    let other_epoch = Input::Turn { head: tip(9), acknowledged: Some(("e0".to_owned(), tip(7))) };
    till.handle(at(3), other_epoch);
    assert_eq!(till.waiting(), 9, "what another history acknowledged says nothing");
}

#[test]
fn an_origin_of_which_nothing_is_known_asks_before_it_sends() {
    let mut till = Till::new(tip(1), Some(("e1".to_owned(), tip(1))), BTreeMap::new());
    till.handle(at(0), Input::Tick);
    till.handle(at(0), shaken(tip(1), &[]));
    let effects = till.handle(at(1), Input::Turn { head: tip(9), acknowledged: None });
    assert!(effects.contains(&Effect::Handshake), "{effects:?}");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Push { .. })), "{effects:?}");
    let effects = till.handle(at(2), shaken(tip(6), &[]));
    assert!(effects.contains(&Effect::Push { after: tip(6), events_max: PUSH_EVENTS_MAX }), "{effects:?}");
}

#[test]
fn a_scope_that_ends_before_the_position_reached_is_asked_for_and_begun_again() {
    let scope = || "conflicts:a".to_owned();
    let mut till = Till::new(Tip::NONE, Some(("e1".to_owned(), Tip::NONE)), BTreeMap::from([(scope(), 9)]));
    till.handle(at(0), Input::Tick);
    assert!(
        till.handle(at(1), shaken(Tip::NONE, &[(&scope(), 2)]))
            .contains(&Effect::Fetch(scope()))
    );
    let effects = till.handle(at(2), Input::FetchFailed(scope(), Trouble::CursorUnknown));
    assert!(
        effects.contains(&Effect::ResetCursor(scope())) && effects.contains(&Effect::Fetch(scope())),
        "{effects:?}"
    );
    till.handle(at(3), Input::Fetched { epoch: "e1".to_owned(), scope: scope(), position: 2, more: false });
    assert_eq!(till.status(), Status::UpToDate);
}

#[test]
fn a_fork_opens_a_child_origin() {
    let mut till = Till::new(tip(2), Some(("e1".to_owned(), Tip::NONE)), BTreeMap::new());
    let effects = till.handle(at(0), Input::Pushed { epoch: "e1".to_owned(), durable: tip(2), forked: true });
    assert!(effects.contains(&Effect::OpenChild(Reason::Forked)));
}

#[test]
fn an_answer_of_another_epoch_counts_for_nothing_and_asks_for_a_handshake() {
    let mut till = Till::new(tip(5), Some(("e1".to_owned(), tip(2))), BTreeMap::new());
    till.handle(at(0), Input::Tick);
    till.handle(at(1), shaken(tip(2), &[]));
    let pushed = Input::Pushed { epoch: "e2".to_owned(), durable: tip(5), forked: false };
    let effects = till.handle(at(2), pushed);
    assert_eq!(effects, [Effect::Handshake]);
    assert_eq!(till.waiting(), 3);
    let effects = till.handle(at(3), Input::Shaken(in_epoch("e2", tip(1))));
    assert!(effects.contains(&Effect::SaveAcknowledged("e2".to_owned(), tip(1))), "{effects:?}");
    assert!(effects.contains(&Effect::Push { after: tip(1), events_max: PUSH_EVENTS_MAX }), "{effects:?}");
}

#[test]
fn a_new_epoch_resets_what_was_acknowledged_also_while_a_push_is_on_its_way() {
    let mut till = Till::new(tip(5), Some(("e1".to_owned(), tip(2))), BTreeMap::new());
    let effects = till.handle(at(0), Input::Tick);
    assert!(effects.contains(&Effect::Push { after: tip(2), events_max: PUSH_EVENTS_MAX }), "{effects:?}");
    till.handle(at(1), Input::Shaken(in_epoch("e2", Tip::NONE)));
    let late = Input::Pushed { epoch: "e1".to_owned(), durable: tip(5), forked: false };
    let effects = till.handle(at(2), late);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::SaveAcknowledged(..))), "{effects:?}");
    assert_eq!(till.waiting(), 5);
}

#[test]
fn a_new_epoch_begins_every_scope_again_and_a_late_page_of_the_old_one_is_let_go() {
    let scopes = BTreeMap::from([("catalogue".to_owned(), 9)]);
    let mut till = Till::new(Tip::NONE, Some(("e1".to_owned(), Tip::NONE)), scopes);
    till.handle(at(0), Input::Tick);
    let fetch = Effect::Fetch("catalogue".to_owned());
    let effects = till.handle(at(1), shaken(Tip::NONE, &[("catalogue", 10)]));
    assert!(effects.contains(&fetch), "{effects:?}");
    till.handle(at(2), Input::Now);
    let scopes = BTreeMap::from([("catalogue".to_owned(), 4)]);
    let effects = till.handle(at(3), Input::Shaken(Shaken { scopes, ..in_epoch("e2", Tip::NONE) }));
    assert!(effects.contains(&Effect::ResetCursor("catalogue".to_owned())), "{effects:?}");
    let page = |epoch: &str, position| Input::Fetched {
        epoch: epoch.to_owned(),
        scope: "catalogue".to_owned(),
        position,
        more: false,
    };
    let effects = till.handle(at(4), page("e1", 10));
    assert_eq!(effects, [Effect::ResetCursor("catalogue".to_owned()), Effect::Handshake]);
    let scopes = BTreeMap::from([("catalogue".to_owned(), 4)]);
    let effects = till.handle(at(5), Input::Shaken(Shaken { scopes, ..in_epoch("e2", Tip::NONE) }));
    assert!(effects.contains(&fetch), "{effects:?}");
    till.handle(at(6), page("e2", 4));
    assert_eq!(till.status(), Status::UpToDate);
}

#[test]
fn a_cursor_of_nobody_knows_which_epoch_is_begun_again_even_where_its_scope_ends_at_the_same_place() {
    let reached = || BTreeMap::from([("catalogue".to_owned(), 5)]);
    let mut till = Till::new(tip(1), None, reached());
    till.handle(at(0), Input::Tick);
    let effects = till.handle(at(1), shaken(Tip::NONE, &[("catalogue", 5)]));
    assert!(effects.contains(&Effect::ResetCursor("catalogue".to_owned())), "{effects:?}");
    assert!(effects.contains(&Effect::Fetch("catalogue".to_owned())), "{effects:?}");
    let mut till = Till::new(tip(1), Some(("e1".to_owned(), Tip::NONE)), reached());
    till.handle(at(0), Input::Tick);
    let effects = till.handle(at(1), shaken(Tip::NONE, &[("catalogue", 5)]));
    assert!(!effects.contains(&Effect::ResetCursor("catalogue".to_owned())), "{effects:?}");
}

#[test]
fn a_new_epoch_begins_a_scope_again_that_is_closed_just_now() {
    let reached = BTreeMap::from([("catalogue".to_owned(), 5)]);
    let mut till = Till::new(tip(1), Some(("e0".to_owned(), tip(1))), reached);
    till.handle(at(0), Input::Tick);
    let effects = till.handle(at(1), shaken(tip(1), &[]));
    assert!(effects.contains(&Effect::ResetCursor("catalogue".to_owned())), "{effects:?}");
    assert!(!effects.contains(&Effect::Fetch("catalogue".to_owned())), "{effects:?}");
    till.handle(at(40_000), Input::Tick);
    let effects = till.handle(at(40_001), shaken(tip(1), &[("catalogue", 5)]));
    assert!(effects.contains(&Effect::Fetch("catalogue".to_owned())), "{effects:?}");
}

#[test]
fn what_is_wanted_of_others_is_handed_back_only_while_nothing_own_waits() {
    let other = OriginId(uuid::Uuid::from_u128(7));
    let carry = |after| Effect::Carry { origin: other, after, events_max: PUSH_EVENTS_MAX };
    let mut till = Till::new(tip(5), Some(("e1".to_owned(), tip(4))), BTreeMap::new());
    till.handle(at(0), Input::Tick);
    let wanted = BTreeMap::from([(other, tip(3))]);
    let effects = till.handle(at(1), Input::Shaken(Shaken { wanted, ..in_epoch("e1", tip(4)) }));
    assert!(!effects.contains(&carry(tip(3))), "{effects:?}");
    let effects =
        till.handle(at(2), Input::Pushed { epoch: "e1".to_owned(), durable: tip(5), forked: false });
    assert!(effects.contains(&carry(tip(3))), "{effects:?}");
    // A sale in between goes beside it, at once.
    let effects = till.handle(at(3), Input::Recorded(tip(6)));
    assert!(effects.contains(&Effect::Push { after: tip(5), events_max: PUSH_EVENTS_MAX }), "{effects:?}");
    let carried = Input::Carried { epoch: "e1".to_owned(), origin: other, durable: tip(8) };
    assert!(!till.handle(at(4), carried).contains(&carry(tip(8))), "a sale is on its way");
    let effects =
        till.handle(at(5), Input::Pushed { epoch: "e1".to_owned(), durable: tip(6), forked: false });
    assert!(effects.contains(&carry(tip(8))), "{effects:?}");
    let effects = till.handle(at(6), Input::CarriedOut(other));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Carry { .. })), "{effects:?}");
}

#[test]
fn a_refusal_of_what_others_wrote_is_no_trouble_of_this_till() {
    let other = OriginId(uuid::Uuid::from_u128(7));
    let mut till = Till::new(Tip::NONE, Some(("e1".to_owned(), Tip::NONE)), BTreeMap::new());
    till.handle(at(0), Input::Tick);
    let wanted = BTreeMap::from([(other, Tip::NONE)]);
    till.handle(at(1), Input::Shaken(Shaken { wanted, ..in_epoch("e1", Tip::NONE) }));
    let refused = Trouble::NotAccepted("unknown origin".to_owned());
    let effects = till.handle(at(2), Input::CarryFailed(other, refused));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Carry { .. })), "{effects:?}");
    assert_eq!(till.status(), Status::UpToDate);
}

#[test]
fn own_events_that_only_head_office_holds_are_taken_back_and_the_origin_writes_no_more() {
    let own = OriginId(uuid::Uuid::from_u128(7));
    let mut till = Till::new(tip(5), Some(("e1".to_owned(), tip(5))), BTreeMap::new());
    till.handle(at(0), Input::Tick);
    let lost = || Input::Shaken(Shaken { has_later: true, lost: [own].into(), ..in_epoch("e1", tip(5)) });
    let effects = till.handle(at(1), lost());
    assert!(effects.contains(&Effect::OpenChild(Reason::Copied)), "{effects:?}");
    let take_back = Effect::TakeBack([own].into());
    assert!(effects.contains(&take_back), "{effects:?}");
    assert!(!till.handle(at(2), lost()).contains(&take_back), "once at a time");
    till.handle(at(3), Input::TookBack);
    assert!(!till.handle(at(4), shaken(tip(5), &[])).contains(&take_back));
    assert!(till.handle(at(5), lost()).contains(&take_back));
}

#[test]
fn what_head_office_lost_of_another_own_origin_is_noted_with_the_same_handshake() {
    let parent = OriginId(uuid::Uuid::from_u128(7));
    let mut till = Till::new(tip(5), Some(("e1".to_owned(), tip(5))), BTreeMap::new());
    till.handle(at(0), Input::Tick);
    let others = |acknowledged: Option<(String, Tip)>, has| BTreeMap::from([(parent, (acknowledged, has))]);
    let shaken_with = |others| Input::Shaken(Shaken { others, ..in_epoch("e1", tip(5)) });
    let acknowledged = |epoch: &str| Some((epoch.to_owned(), tip(9)));
    let noted = Effect::SaveOther(parent, "e1".to_owned(), tip(4));
    assert!(till.handle(at(1), shaken_with(others(acknowledged("e1"), tip(4)))).contains(&noted));
    let noted = Effect::SaveOther(parent, "e1".to_owned(), tip(9));
    assert!(till.handle(at(2), shaken_with(others(acknowledged("e0"), tip(9)))).contains(&noted));
    assert!(!till.handle(at(3), shaken_with(others(acknowledged("e1"), tip(9)))).contains(&noted));
}

#[test]
fn an_origin_of_head_office_that_nobody_introduced_is_asked_to_before_anything_else() {
    let mut till = Till::new(tip(5), Some(("e1".to_owned(), tip(2))), BTreeMap::new());
    till.handle(at(0), Input::Tick);
    till.handle(at(1), shaken(tip(2), &[]));
    let effects = till.handle(at(2), Input::PushFailed(Trouble::UnknownSigner));
    let [Effect::WakeAt(wake)] = effects[..] else { panic!("{effects:?}") };
    assert_eq!(till.handle(at(wake), Input::Tick), [Effect::Handshake]);
}

#[test]
fn what_stands_in_a_scope_that_the_till_may_not_follow_any_more_is_not_asked_for() {
    let mut till = Till::new(Tip::NONE, None, BTreeMap::new());
    till.handle(at(0), Input::Tick);
    till.handle(at(0), shaken(Tip::NONE, &[("sales", 0)]));
    till.handle(at(1), Input::Hint("sales".to_owned(), 7));
    till.handle(at(2), shaken(Tip::NONE, &[]));
    let fetch = Effect::Fetch("sales".to_owned());
    assert!(!till.handle(at(1_000), Input::Tick).contains(&fetch));
    assert_eq!(till.status(), Status::UpToDate);
    assert!(till.handle(at(1_001), shaken(Tip::NONE, &[("sales", 7)])).contains(&fetch));
}

#[test]
fn whoever_asks_while_a_handshake_is_on_its_way_gets_one_that_began_afterwards() {
    let mut till = Till::new(tip(1), Some(("e1".to_owned(), tip(1))), BTreeMap::new());
    assert!(till.handle(at(0), Input::Tick).contains(&Effect::Handshake));
    till.handle(at(1), Input::Now);
    assert!(till.handle(at(2), shaken(tip(1), &[])).contains(&Effect::Handshake));
    assert!(!till.handle(at(3), shaken(tip(1), &[])).contains(&Effect::Handshake));
}

mod snapshot;
