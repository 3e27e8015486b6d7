//! Stock on hand: the last count, or the first receipt of goods, and all later movements (trade rules 19 and 20).
//!
//! A count is an absolute statement at its canonical time: a sale that happened before it and arrives after it changes its variance,
//! not the stock. Without a baseline nothing is known; unknown is never zero.

use crate::project::rows::{OrderKey, StockMove, StockMoveKind};

/// Where an episode starts: at the last count, or the first receipt of goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// The place of that event in the canonical order.
    pub order: OrderKey,
    /// What was there then, in thousandths.
    pub quantity: i64,
    /// Whether it was counted.
    pub counted: bool,
}

/// Stock of a product in a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// The baseline; none while nobody has counted or received any.
    pub baseline: Option<Baseline>,
    /// Movements after the baseline, or all of them where there is none, in thousandths.
    pub moved: i64,
}

impl Level {
    /// What is on hand, in thousandths; none where no baseline is known.
    pub fn on_hand(&self) -> Option<i64> {
        self.baseline.map(|baseline| baseline.quantity + self.moved)
    }
}

/// Folds the movements of one product in one store.
pub fn fold(moves: &[StockMove]) -> Level {
    let mut moves: Vec<&StockMove> = moves.iter().collect();
    moves.sort_by_key(|m| (m.order, m.hash, m.line));
    moves.dedup_by_key(|m| (m.order, m.hash, m.line));
    // Twins on two branches of a fork may share all of their order but the hash.
    let place = |m: &StockMove| (m.order, m.hash);
    let sum = |counts: &dyn Fn(&StockMove) -> bool| -> i64 {
        moves.iter().filter(|m| counts(m)).map(|m| m.quantity).sum()
    };
    if let Some(last) = moves.iter().rfind(|m| m.kind == StockMoveKind::Counted) {
        let quantity = sum(&|m| m.kind == StockMoveKind::Counted && place(m) == place(last));
        let baseline = Some(Baseline { order: last.order, quantity, counted: true });
        return Level { baseline, moved: sum(&|m| place(m) > place(last)) };
    }
    match moves.iter().find(|m| m.kind == StockMoveKind::Received) {
        Some(first) => {
            let baseline = Some(Baseline { order: first.order, quantity: 0, counted: false });
            Level { baseline, moved: sum(&|m| place(m) >= place(first)) }
        }
        None => Level { baseline: None, moved: sum(&|_| true) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::sha256;
    use crate::ids::{OriginId, ProductId, StoreId};
    use proptest::prelude::*;
    use uuid::Uuid;

    fn moved(at: i64, kind: StockMoveKind, quantity: i64) -> StockMove {
        StockMove {
            hash: sha256(format!("{at} {kind:?} {quantity}").as_bytes()),
            order: OrderKey { at, origin: OriginId(Uuid::from_u128(1)), seq: at },
            line: 1,
            store: StoreId(Uuid::from_u128(2)),
            product: ProductId(Uuid::from_u128(3)),
            kind,
            quantity,
            tracked: true,
            shown: None,
        }
    }

    #[test]
    fn a_sale_made_before_a_count_and_heard_of_after_it_changes_nothing() {
        // Received 12, 1 sold offline at 13:50, counted 11 at 14:00: on hand 11.
        let moves = [
            moved(800, StockMoveKind::Received, 12),
            moved(1400, StockMoveKind::Counted, 11),
            moved(1350, StockMoveKind::Sold, -1),
        ];
        assert_eq!(fold(&moves).on_hand(), Some(11));
    }

    #[test]
    fn without_a_baseline_stock_is_unknown_not_zero() {
        let moves = [moved(1, StockMoveKind::Sold, -1), moved(2, StockMoveKind::Adjusted, 5)];
        assert_eq!(fold(&moves).on_hand(), None);
        assert_eq!(
            fold(&[moved(1, StockMoveKind::Sold, -1), moved(2, StockMoveKind::Received, 5)]).on_hand(),
            Some(5)
        );
    }

    proptest! {
        #[test]
        fn arrival_order_and_repetition_do_not_matter(picks in prop::collection::vec((0_i64..20, 0_usize..5, -9_i64..9), 1..20), turn in 0_usize..20) {
            use StockMoveKind as K;
            let kinds = [K::Sold, K::Received, K::Counted, K::Adjusted, K::Returned];
            let moves: Vec<StockMove> = picks.iter().map(|(at, kind, quantity)| moved(*at, kinds[*kind], *quantity)).collect();
            let mut turned = moves.clone();
            turned.rotate_left(turn % moves.len());
            turned.extend(moves.iter().take(turn).cloned());
            prop_assert_eq!(fold(&moves), fold(&turned));
        }
    }
}
