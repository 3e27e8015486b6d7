//! Notes and coins: what a drawer is counted in, and which amounts a customer is likely to hand over.
//!
//! The tables hold what is in everyday use; a currency that is not listed gets the usual 1-2-5 steps of its unit.

use crate::amount::{Currency, Minor};

/// Notes and coins of a currency in minor units, the largest first.
pub fn denominations(currency: Currency) -> Vec<Minor> {
    let cents: &[i64] = match currency.code.code() {
        "EUR" => &[20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10, 5, 2, 1],
        "USD" => &[10_000, 5_000, 2_000, 1_000, 500, 100, 25, 10, 5, 1],
        "GBP" => &[5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10, 5, 2, 1],
        "CHF" => &[20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10, 5],
        "CAD" => &[10_000, 5_000, 2_000, 1_000, 500, 200, 100, 25, 10, 5],
        "JPY" => &[10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10, 5, 1],
        _ => return steps(currency),
    };
    cents.iter().map(|cents| Minor::new(*cents)).collect()
}

fn steps(currency: Currency) -> Vec<Minor> {
    let unit = 10_i64.pow(u32::from(currency.exponent.min(6)));
    let whole = [200, 100, 50, 20, 10, 5, 2, 1].map(|step| step * unit);
    let parts = [50, 20, 10, 5].map(|step| step * unit / 100);
    whole.into_iter().chain(parts).filter(|step| *step > 0).map(Minor::new).collect()
}

/// Up to three plausible amounts above what is due: the next multiples of everyday notes. An amount from which a whole note would go
/// straight back is none. Notes above a hundred units are not everyday.
pub fn quick_amounts(due: Minor, currency: Currency) -> Vec<Minor> {
    if due <= Minor::ZERO {
        return Vec::new();
    }
    let everyday = match currency.code.code() {
        "JPY" => 1_000..=10_000,
        _ => {
            let unit = 10_i64.pow(u32::from(currency.exponent.min(6)));
            5 * unit..=100 * unit
        }
    };
    let notes: Vec<i64> = denominations(currency)
        .into_iter()
        .map(Minor::get)
        .filter(|note| everyday.contains(note))
        .collect();
    let mut amounts: Vec<i64> = notes.iter().map(|note| (due.get() + note - 1) / note * note).collect();
    amounts.retain(|amount| *amount > due.get());
    amounts.sort_unstable();
    amounts.dedup();
    amounts.into_iter().take(3).map(Minor::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick(due: i64, code: &str) -> Vec<i64> {
        let currency = Currency::from_code(code).unwrap();
        quick_amounts(Minor::new(due), currency).into_iter().map(Minor::get).collect()
    }

    #[test]
    fn the_next_notes_above_the_rest_are_offered() {
        assert_eq!(quick(1234, "EUR"), [1500, 2000, 5000]);
        assert_eq!(quick(9057, "EUR"), [9500, 10_000]);
        assert_eq!(quick(500, "EUR"), [1000, 2000, 5000]);
        assert_eq!(quick(1_980, "JPY"), [2_000, 5_000, 10_000]);
        assert_eq!(quick(0, "EUR"), [0; 0]);
        assert_eq!(quick(-500, "EUR"), [0; 0]);
    }

    #[test]
    fn denominations_fall_and_end_in_the_smallest_coin() {
        for code in ["EUR", "USD", "GBP", "CHF", "CAD", "JPY", "KWD", "BRL", "KRW"] {
            let all = denominations(Currency::from_code(code).unwrap());
            assert!(all.windows(2).all(|pair| pair[0] > pair[1]), "{code}");
            assert!(all.iter().all(|amount| *amount > Minor::ZERO), "{code}");
        }
    }
}
