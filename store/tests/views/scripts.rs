//! Which scripts there are to play: what writers do, drawn at random, with copies rarer than what is copied.

use proptest::prelude::*;
use proptest::sample::Index;

use crate::script::{Deed, HEAD_OFFICE, Step};

fn deeds() -> impl Strategy<Value = Deed> {
    let seen = || prop::option::weighted(0.7, 0_u8..32);
    let lines =
        prop::collection::vec((0_usize..3, 1_i64..4, any::<bool>(), prop::option::of(0_i64..5)), 1..4);
    let index = any::<Index>;
    prop_oneof![
        4 => (0_usize..3, 0_usize..5, 0_i64..40, seen())
            .prop_map(|(product, field, value, seen)| Deed::Edit { product, field, value, seen }),
        1 => (0_usize..3, any::<bool>(), 0_i64..40, seen())
            .prop_map(|(product, own_store, value, seen)| Deed::Price { product, own_store, value, seen }),
        1 => any::<bool>().prop_map(|active| Deed::Staff { active }),
        4 => (prop::sample::select(vec![0_u8, 0, 0, 1, 1, 2, 3, 4]), prop::collection::vec((0_usize..4, 0_i64..6), 1..3))
            .prop_map(|(what, goods)| Deed::Stock { what, goods }),
        10 => (lines, 0_usize..3, prop_oneof![5 => Just(0_i64), 1 => 1_i64..9], prop::option::weighted(0.1, index()))
            .prop_map(|(lines, parts, wrong_by, again)| Deed::Sell { lines, parts, wrong_by, again }),
        5 => (index(), 1_i64..5, any::<u8>(), any::<bool>())
            .prop_map(|(sale, share, knows, restocked)| Deed::TakeBack { sale, share, knows, restocked }),
        1 => (index(), index()).prop_map(|sales| Deed::TakeBackTwo { sales }),
        1 => any::<bool>().prop_map(|opens| Deed::Shift { opens }),
        2 => (0_u8..11).prop_map(Deed::Strange),
    ]
}

/// Scripts of up to so many steps.
pub fn scripts(steps: usize) -> impl Strategy<Value = Vec<Step>> {
    // Copies are rarer than what is copied; head office does not sell.
    let writers = prop::sample::select(vec![0_usize, 0, 1, 1, 1, 2, 2, 2, 3, 4, 5]);
    // Clocks that stand still make the copies of a till record different events at the same place of the canonical order.
    let moments = prop_oneof![2 => 0_i64..4, 1 => 0_i64..60];
    let step = (writers, moments, 0_u8..3, deeds()).prop_filter_map("head office sells nothing", |step| {
        let (writer, moment, day, deed) = step;
        let at_a_till = matches!(
            deed,
            Deed::Sell { .. }
                | Deed::TakeBack { .. }
                | Deed::TakeBackTwo { .. }
                | Deed::Shift { .. }
                | Deed::Strange(_)
        );
        // Most descriptions are head office's, as they should be; those of a till count nowhere at head office.
        let described = matches!(deed, Deed::Edit { .. } | Deed::Price { .. } | Deed::Staff { .. });
        let writer = if described && moment % 4 != 0 { HEAD_OFFICE } else { writer };
        (writer != HEAD_OFFICE || !at_a_till).then_some(Step { writer, moment, day, deed })
    });
    prop::collection::vec(step, 1..steps)
}
