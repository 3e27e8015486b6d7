//! Money, quantities, prices and rates: integers with a unit, and the three ways they are combined.
//!
//! Money is an integer of minor units, a quantity an integer of thousandths, a unit price an integer of ten-thousandths
//! of a minor unit, a rate an exact decimal. There are no floats. Everything that rounds in Daybook rounds here, half away from
//! zero, and everything that is shared out is shared out by [`allocate`].

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize};

use crate::limits::AMOUNT_MINOR_MAX;

/// An amount of money in minor units (cents, pence, yen) of a currency that the surrounding document names.
///
/// Recorded amounts stay within ±(2^53 − 1); reading a larger one fails. Sums saturate instead of wrapping, and what
/// saturated is out of that range, so it cannot be recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Minor(i64);

impl Minor {
    /// No money.
    pub const ZERO: Minor = Minor(0);

    /// `minor` minor units.
    pub const fn new(minor: i64) -> Self {
        Minor(minor)
    }

    /// The amount as a plain integer of minor units.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Whether there is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The amount without its sign.
    pub const fn abs(self) -> Self {
        Minor(self.0.saturating_abs())
    }

    /// Whether the amount may be recorded in an event.
    pub const fn is_recordable(self) -> bool {
        self.0 >= -AMOUNT_MINOR_MAX && self.0 <= AMOUNT_MINOR_MAX
    }
}

impl<'de> Deserialize<'de> for Minor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let amount = Minor(i64::deserialize(deserializer)?);
        if amount.is_recordable() {
            Ok(amount)
        } else {
            Err(serde::de::Error::custom("amount beyond 2^53 minor units"))
        }
    }
}

impl Add for Minor {
    type Output = Minor;
    fn add(self, other: Minor) -> Minor {
        Minor(self.0.saturating_add(other.0))
    }
}
impl Sub for Minor {
    type Output = Minor;
    fn sub(self, other: Minor) -> Minor {
        Minor(self.0.saturating_sub(other.0))
    }
}
impl Neg for Minor {
    type Output = Minor;
    fn neg(self) -> Minor {
        Minor(self.0.saturating_neg())
    }
}
impl AddAssign for Minor {
    fn add_assign(&mut self, other: Minor) {
        *self = *self + other;
    }
}
impl SubAssign for Minor {
    fn sub_assign(&mut self, other: Minor) {
        *self = *self - other;
    }
}
impl Sum for Minor {
    fn sum<I: Iterator<Item = Minor>>(amounts: I) -> Minor {
        amounts.fold(Minor::ZERO, Add::add)
    }
}

/// A currency with the number of its decimals written out, so that a reader with another currency table cannot disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Currency {
    /// ISO 4217 letters, such as `EUR`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub code: iso_currency::Currency,
    /// Decimals of the minor unit: 2 for EUR, 0 for JPY, 3 for KWD.
    pub exponent: u8,
}

impl Currency {
    /// The currency with these ISO 4217 letters, where it has a minor unit.
    pub fn from_code(code: &str) -> Option<Self> {
        let code = iso_currency::Currency::from_code(code)?;
        Some(Currency { code, exponent: u8::try_from(code.exponent()?).ok()? })
    }

    /// An amount in words for people, such as `12.34 EUR` or `-5 JPY`.
    pub fn show(self, amount: Minor) -> String {
        format!("{} {}", self.digits(amount), self.code.code())
    }

    /// An amount with this currency's decimals and without its name, such as `12.34`, `-5` or `0.125`.
    pub fn digits(self, amount: Minor) -> String {
        let unit = 10_u64.pow(u32::from(self.exponent));
        let sign = if amount.get() < 0 { "-" } else { "" };
        let size = amount.get().unsigned_abs();
        let (whole, rest) = (size / unit, size % unit);
        match usize::from(self.exponent) {
            0 => format!("{sign}{whole}"),
            places => format!("{sign}{whole}.{rest:0places$}"),
        }
    }

    /// A unit price with this currency's decimals, or as many more as it has, such as `1.49` or `2.499`.
    pub fn price_digits(self, price: UnitPrice) -> String {
        let places = usize::from(self.exponent) + 4;
        let digits = format!("{:0width$}", price.0.unsigned_abs(), width = places + 1);
        let (whole, rest) = digits.split_at(digits.len() - places);
        let (sure, more) = rest.split_at(places - 4);
        let (rest, sign) =
            (format!("{sure}{}", more.trim_end_matches('0')), if price.0 < 0 { "-" } else { "" });
        if rest.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{rest}")
        }
    }
}

/// How much of something: thousandths of a piece, kilogram, litre or gallon. Negative on return lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Quantity(i64);

impl Quantity {
    /// Nothing.
    pub const ZERO: Quantity = Quantity(0);
    /// One piece.
    pub const ONE: Quantity = Quantity(1_000);

    /// `thousandths` thousandths of a unit.
    pub const fn from_thousandths(thousandths: i64) -> Self {
        Quantity(thousandths)
    }

    /// `units` whole units.
    pub const fn of(units: i64) -> Self {
        Quantity(units.saturating_mul(1_000))
    }

    /// The quantity as a plain integer of thousandths.
    pub const fn thousandths(self) -> i64 {
        self.0
    }

    /// Whether there is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The quantity without its sign.
    pub const fn abs(self) -> Self {
        Quantity(self.0.saturating_abs())
    }
}

impl Add for Quantity {
    type Output = Quantity;
    fn add(self, other: Quantity) -> Quantity {
        Quantity(self.0.saturating_add(other.0))
    }
}
impl Sub for Quantity {
    type Output = Quantity;
    fn sub(self, other: Quantity) -> Quantity {
        Quantity(self.0.saturating_sub(other.0))
    }
}
impl Neg for Quantity {
    type Output = Quantity;
    fn neg(self) -> Quantity {
        Quantity(self.0.saturating_neg())
    }
}
impl Sum for Quantity {
    fn sum<I: Iterator<Item = Quantity>>(quantities: I) -> Quantity {
        quantities.fold(Quantity::ZERO, Add::add)
    }
}
impl fmt::Display for Quantity {
    /// `3`, `0.25`, `-1.5`: no more decimals than needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, sign) = (self.0.unsigned_abs(), if self.0 < 0 { "-" } else { "" });
        let text = format!("{}.{:03}", size / 1_000, size % 1_000);
        write!(f, "{sign}{}", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// Price of one whole unit, in ten-thousandths of a minor unit: $2.499 per gallon is 2 499 000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct UnitPrice(i64);

impl UnitPrice {
    /// A price of `ten_thousandths` ten-thousandths of a minor unit.
    pub const fn from_ten_thousandths(ten_thousandths: i64) -> Self {
        UnitPrice(ten_thousandths)
    }

    /// A price of whole minor units.
    pub const fn from_minor(minor: i64) -> Self {
        UnitPrice(minor.saturating_mul(10_000))
    }

    /// The price as a plain integer of ten-thousandths of a minor unit.
    pub const fn ten_thousandths(self) -> i64 {
        self.0
    }

    /// The unit price behind an amount for a quantity, rounded half away from zero; `None` for a quantity of nothing.
    pub fn of_amount(amount: Minor, quantity: Quantity) -> Option<Self> {
        if quantity.is_zero() {
            return None;
        }
        let price =
            divide_half_away(i128::from(amount.get()) * 10_000 * 1_000, i128::from(quantity.thousandths()));
        i64::try_from(price).ok().map(UnitPrice)
    }

    /// What a quantity costs at this price, rounded half away from zero to the minor unit.
    pub fn extend(self, quantity: Quantity) -> Minor {
        let exact = i128::from(self.0) * i128::from(quantity.thousandths());
        Minor(saturate(divide_half_away(exact, 10_000 * 1_000)))
    }
}

/// A rate in per cent as an exact decimal, written as a JSON string: `"19"`, `"8.25"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Rate(#[cfg_attr(feature = "schema", schemars(with = "String"))] Decimal);

impl Rate {
    /// No tax, no discount.
    pub const ZERO: Rate = Rate(Decimal::ZERO);

    /// A rate of so many per cent, read from text such as `8.25`. `None` where it is no decimal of 0 to 1,000 with at
    /// most six decimals.
    pub fn percent(text: &str) -> Option<Self> {
        let rate = Rate(Decimal::from_str_exact(text).ok()?.normalize());
        rate.is_sane().then_some(rate)
    }

    /// Whether the rate is within 0 to 1,000 per cent with at most six decimals: what arithmetic here is exact for.
    pub fn is_sane(self) -> bool {
        !self.0.is_sign_negative() && self.0 <= Decimal::ONE_THOUSAND && self.0.normalize().scale() <= 6
    }

    /// The sum of two rates.
    pub fn plus(self, other: Rate) -> Rate {
        Rate(self.0.saturating_add(other.0).normalize())
    }

    /// Millionths of a per cent: the integer that exact arithmetic works with.
    fn millionths(self) -> i128 {
        let rate = self.0.normalize();
        let scale = rate.scale();
        if scale > 6 { 0 } else { rate.mantissa() * 10_i128.pow(6 - scale) }
    }

    /// This rate of an amount, rounded half away from zero.
    pub fn of(self, amount: Minor) -> Minor {
        Minor(saturate(divide_half_away(i128::from(amount.get()) * self.millionths(), 100_000_000)))
    }

    /// The part of an amount that this rate makes up when the amount already holds tax of `total` per cent.
    ///
    /// 19 % within 36.00 at a total of 19 % is 36 × 19 ÷ 119 = 5.75.
    pub fn within(self, amount: Minor, total: Rate) -> Minor {
        let whole = 100_000_000 + total.millionths();
        Minor(saturate(divide_half_away(i128::from(amount.get()) * self.millionths(), whole)))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.normalize())
    }
}

/// The part of `whole` that falls on `part` of `of`, cut towards zero: what a partial return pays back.
pub fn part_floor(whole: Minor, part: Quantity, of: Quantity) -> Minor {
    if of.is_zero() {
        return Minor::ZERO;
    }
    let exact = i128::from(whole.get()) * i128::from(part.thousandths());
    Minor(saturate(exact / i128::from(of.thousandths())))
}

/// `numerator ÷ denominator`, rounded half away from zero. The denominator must not be zero.
pub fn divide_half_away(numerator: i128, denominator: i128) -> i128 {
    let (n, d) = (numerator.unsigned_abs(), denominator.unsigned_abs());
    let size = i128::try_from((n + d / 2) / d).unwrap_or(i128::MAX);
    if (numerator < 0) == (denominator < 0) { size } else { -size }
}

/// Shares `total` out by `weights`, so that the parts sum to it exactly: largest remainder first, ties by position.
///
/// Weights may be negative (a line may have a negative amount); where they cancel to nothing, nobody gets a part unless
/// there is something to share, which then falls on the first.
pub fn allocate(total: Minor, weights: &[Minor]) -> Vec<Minor> {
    let mut sum: i128 = weights.iter().map(|w| i128::from(w.get())).sum();
    let mut parts = vec![Minor::ZERO; weights.len()];
    if sum == 0 {
        if let Some(first) = parts.first_mut() {
            *first = total;
        }
        return parts;
    }
    let sign = if sum < 0 { -1 } else { 1 };
    sum *= sign;
    let mut remainders: Vec<(i128, usize)> = Vec::with_capacity(weights.len());
    let mut left = i128::from(total.get());
    for (position, weight) in weights.iter().enumerate() {
        let exact = i128::from(total.get()) * i128::from(weight.get()) * sign;
        let share = exact.div_euclid(sum);
        parts[position] = Minor(saturate(share));
        left -= share;
        remainders.push((exact.rem_euclid(sum), position));
    }
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, position) in remainders.into_iter().take(usize::try_from(left).unwrap_or(0)) {
        parts[position] += Minor(1);
    }
    parts
}

fn saturate(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn minor(values: &[i64]) -> Vec<Minor> {
        values.iter().copied().map(Minor::new).collect()
    }

    #[test]
    fn sharing_out_gives_the_largest_remainder_the_rest_and_ties_to_the_first() {
        let cases: [(i64, &[i64], &[i64]); 7] = [
            (300, &[500, 400, 300], &[125, 100, 75]),
            (100, &[1, 1, 1], &[34, 33, 33]),
            (-100, &[1, 1, 1], &[-33, -33, -34]),
            (82, &[99; 10], &[9, 9, 8, 8, 8, 8, 8, 8, 8, 8]),
            (5, &[0, 0], &[5, 0]),
            (0, &[3, -3], &[0, 0]),
            (10, &[30, -10], &[15, -5]),
        ];
        for (total, weights, expected) in cases {
            assert_eq!(
                allocate(Minor::new(total), &minor(weights)),
                minor(expected),
                "{total} over {weights:?}"
            );
        }
    }

    #[test]
    fn rates_round_half_away_from_zero() {
        let rate = |text| Rate::percent(text).unwrap();
        assert_eq!(rate("8.25").of(Minor::new(990)), Minor::new(82));
        assert_eq!(rate("50").of(Minor::new(1)), Minor::new(1));
        assert_eq!(rate("50").of(Minor::new(-1)), Minor::new(-1));
        assert_eq!(rate("7").within(Minor::new(1800), rate("7")), Minor::new(118));
        assert_eq!(rate("19").within(Minor::new(3600), rate("19")), Minor::new(575));
        assert!(
            Rate::percent("-1").is_none()
                && Rate::percent("1e3").is_none()
                && Rate::percent("1.0000001").is_none()
        );
    }

    #[test]
    fn a_price_per_gallon_keeps_its_tenth_of_a_cent() {
        let price = UnitPrice::from_ten_thousandths(2_499_000);
        assert_eq!(price.extend(Quantity::from_thousandths(10_312)), Minor::new(2577));
        assert_eq!(
            UnitPrice::of_amount(Minor::new(500), Quantity::of(3)).unwrap().ten_thousandths(),
            1_666_667
        );
    }

    #[test]
    fn amounts_beyond_two_to_the_53_cannot_be_read() {
        assert!(serde_json::from_str::<Minor>("9007199254740991").is_ok());
        assert!(serde_json::from_str::<Minor>("9007199254740992").is_err());
        assert!(serde_json::from_str::<Minor>("1.0").is_err());
    }

    #[test]
    fn amounts_and_quantities_are_shown_as_people_write_them() {
        let euro = Currency::from_code("EUR").unwrap();
        assert_eq!(euro.show(Minor::new(-5)), "-0.05 EUR");
        let yen = Currency::from_code("JPY").unwrap();
        assert_eq!(yen.show(Minor::new(1200)), "1200 JPY");
        let price = UnitPrice::from_ten_thousandths;
        assert_eq!(euro.price_digits(price(1_490_000)), "1.49");
        assert_eq!(euro.price_digits(price(-2_499_000)), "-2.499");
        assert_eq!(euro.price_digits(price(1)), "0.000001");
        assert_eq!(
            (yen.price_digits(price(50_000)), yen.price_digits(price(5))),
            ("5".into(), "0.0005".into())
        );
        assert_eq!(Quantity::from_thousandths(-1_500).to_string(), "-1.5");
        assert_eq!(Quantity::of(3).to_string(), "3");
    }

    proptest! {
        #[test]
        fn parts_always_sum_to_the_total(total in -10_000_000_i64..10_000_000, weights in prop::collection::vec(-100_000_i64..1_000_000, 1..40)) {
            let parts = allocate(Minor::new(total), &minor(&weights));
            prop_assert_eq!(parts.iter().copied().sum::<Minor>(), Minor::new(total));
        }

        #[test]
        fn partial_returns_of_a_line_never_pay_more_than_the_line(net in -1_000_000_i64..1_000_000, of in 1_i64..50_000, cut in 0_i64..50_000) {
            let cut = cut.min(of);
            let (first, second) = (Quantity::from_thousandths(cut), Quantity::from_thousandths(of - cut));
            let whole = Quantity::from_thousandths(of);
            let paid = part_floor(Minor::new(net), first, whole) + part_floor(Minor::new(net), second, whole);
            prop_assert!(paid.abs() <= Minor::new(net).abs());
            prop_assert!((Minor::new(net) - paid).abs() <= Minor::new(1));
        }
    }
}
