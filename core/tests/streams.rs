//! Streams of events that random commands bring about: whatever a till is asked to do, what it records holds together.
//!
//! A command may be refused; what is accepted is looked at, event by event, by the [`shop`]: postings balance, documents add up, closings
//! are the fold of their documents. Events in any order may make no sense, and must still be taken in.

use proptest::prelude::*;

use daybook_core::amount::{Minor, Quantity, Rate, UnitPrice};
use daybook_core::event::Event;
use daybook_core::event::sale::{
    BegunAs, Discount, ForeignCash, Prices, Reduction, ReductionSource, Reference, TaxRounding,
};
use daybook_core::event::shift::{CashMove, Count};
use daybook_core::event::tender::TenderFate;
use daybook_core::ids::SaleId;
use daybook_core::sale::decide::{Command, LineAmount};
use daybook_core::sale::tender::TenderStatement;
use daybook_core::sale::{Rejection, Sale};
use daybook_core::shift::{self, Book};
use shop::{Rules, Shop};

// Beside its only user, in a folder of its own: cargo takes every file of this folder for a test of its own.
#[path = "streams/shop.rs"]
mod shop;

/// Something a cashier tries.
#[derive(Clone, Debug)]
enum Try {
    OpenShift(i64),
    MoveCash(CashMove, i64),
    Count(Vec<(&'static str, i64)>),
    CloseShift,
    Begin(BegunAs),
    Add {
        item: usize,
        thousandths: i64,
        amount: Amount,
        stated: Option<(ReductionSource, i64)>,
        refers: Option<(i64, i64)>,
        exempt: bool,
    },
    AddMany(usize),
    TakeBack {
        document: prop::sample::Index,
        line: prop::sample::Index,
        share: i64,
        aware: bool,
        restocked: bool,
    },
    ChangeQuantity(prop::sample::Index, i64),
    Remove(prop::sample::Index),
    Discount {
        line: Option<prop::sample::Index>,
        source: ReductionSource,
        discount: Discount,
    },
    SetCustomer(bool),
    Park,
    Abandon,
    Tender(&'static str, Given, Option<i64>),
    /// A card payment whose outcome nobody learnt.
    TenderUnknown(Given),
    RemoveTender(prop::sample::Index, TenderFate),
    OpenDrawer,
    Complete,
    Pay(&'static str, Given),
}

/// How the amount of a line comes about.
#[derive(Clone, Copy, Debug)]
enum Amount {
    Catalogue,
    Override(i64),
    Label(i64),
    Open(i64),
    Given(i64),
}

/// What is handed over.
#[derive(Clone, Copy, Debug)]
enum Given {
    Exactly,
    Amount(i64),
    /// So many per cent of what is due.
    Share(i64),
    /// What is due and so much more.
    More(i64),
}

fn amounts() -> impl Strategy<Value = Amount> {
    let some = prop_oneof![4 => 0_i64..5_000, 1 => Just(0), 1 => 0..2_000_000_000_000_i64];
    prop_oneof![
        5 => Just(Amount::Catalogue),
        1 => (0_i64..20_000_000).prop_map(Amount::Override),
        1 => some.clone().prop_map(Amount::Label),
        2 => some.clone().prop_map(Amount::Open),
        1 => some.prop_map(Amount::Given),
    ]
}

fn discounts() -> impl Strategy<Value = Discount> {
    // Text from outside can name rates that no discount has.
    let rates = prop::sample::select(vec!["0", "5", "10", "33.333333", "100", "101", "-5", "0.0000001"]);
    let rate = |text: &str| serde_json::from_value::<Rate>(text.into()).expect("a decimal");
    prop_oneof![
        rates.prop_map(move |text| Discount::Percent(rate(text))),
        (-10_i64..3_000).prop_map(|amount| Discount::AmountMinor(Minor::new(amount))),
    ]
}

fn givens() -> impl Strategy<Value = Given> {
    prop_oneof![
        4 => Just(Given::Exactly),
        1 => (-5_000_i64..20_000).prop_map(Given::Amount),
        2 => (0_i64..100).prop_map(Given::Share),
        2 => (0_i64..5_000).prop_map(Given::More),
        1 => prop_oneof![Just(i64::MAX), Just(i64::MIN), Just(0)].prop_map(Given::Amount),
    ]
}

fn tenders() -> impl Strategy<Value = &'static str> {
    let types =
        ["cash", "cash", "cash", "card", "manufacturer_coupon", "gift_card", "voucher", "account", "shells"];
    prop::sample::select(types.to_vec())
}

/// An amount or quantity as a person, or a broken program, may state it.
fn extremes() -> impl Strategy<Value = i64> {
    prop_oneof![8 => 0_i64..5_000, 1 => Just(i64::MAX), 1 => Just(i64::MIN)]
}

fn tries() -> impl Strategy<Value = Try> {
    use ReductionSource as S;
    let sources = vec![S::Loyalty, S::Promotion, S::Line, S::Sale, S::StoreCoupon];
    let quantities = prop_oneof![
        6 => (1_i64..5).prop_map(|units| units * 1_000),
        2 => 1_i64..3_000,
        1 => (-3_i64..1).prop_map(|units| units * 1_000),
        1 => prop_oneof![Just(i64::MAX), Just(i64::MIN), -3_000_i64..0],
    ];
    let reductions = prop_oneof![9 => 0_i64..500, 1 => 0..=1_000_000_000_000_i64];
    let stated = prop::option::weighted(0.2, (prop::sample::select(sources.clone()), reductions));
    let refers = prop::option::weighted(0.1, (extremes(), extremes()));
    let index = || any::<prop::sample::Index>();
    let moves = prop::sample::select(vec![CashMove::In, CashMove::Out, CashMove::Drop]);
    let counts = prop::collection::vec(
        (
            prop::sample::select(vec!["cash", "card", "shells"]),
            prop_oneof![9 => 0_i64..50_000, 1 => Just(i64::MAX)],
        ),
        0..3,
    );
    let begins = prop::sample::select(vec![BegunAs::Sale, BegunAs::Return]);
    let fates = vec![TenderFate::HandedBack, TenderFate::Reversed, TenderFate::NotTaken];
    prop_oneof![
        1 => (-1_i64..30_000).prop_map(Try::OpenShift),
        1 => (moves, -1_i64..10_000).prop_map(|(cash_move, amount)| Try::MoveCash(cash_move, amount)),
        1 => counts.prop_map(Try::Count),
        2 => Just(Try::CloseShift),
        3 => begins.prop_map(Try::Begin),
        16 => (0..shop::ITEMS, quantities.clone(), amounts(), stated, refers, prop::bool::weighted(0.1)).prop_map(
            |(item, thousandths, amount, stated, refers, exempt)| {
                Try::Add { item, thousandths, amount, stated, refers, exempt }
            }
        ),
        5 => (index(), index(), 0_i64..120, prop::bool::weighted(0.8), any::<bool>()).prop_map(
            |(document, line, share, aware, restocked)| Try::TakeBack { document, line, share, aware, restocked }
        ),
        1 => (index(), quantities).prop_map(|(line, thousandths)| Try::ChangeQuantity(line, thousandths)),
        1 => index().prop_map(Try::Remove),
        3 => (prop::option::of(index()), prop::sample::select(sources), discounts())
            .prop_map(|(line, source, discount)| Try::Discount { line, source, discount }),
        1 => any::<bool>().prop_map(Try::SetCustomer),
        1 => (1_usize..12).prop_map(Try::AddMany),
        1 => Just(Try::Park),
        1 => Just(Try::Abandon),
        3 => (tenders(), givens(), prop::option::weighted(0.2, extremes()))
            .prop_map(|(name, given, foreign)| Try::Tender(name, given, foreign)),
        1 => givens().prop_map(Try::TenderUnknown),
        1 => (index(), prop::sample::select(fates)).prop_map(|(tender, fate)| Try::RemoveTender(tender, fate)),
        1 => Just(Try::OpenDrawer),
        1 => Just(Try::Complete),
        6 => (tenders(), givens()).prop_map(|(name, given)| Try::Pay(name, given)),
    ]
}

fn rules() -> impl Strategy<Value = Rules> {
    (
        prop::sample::select(vec![Prices::Inclusive, Prices::Exclusive]),
        prop::sample::select(vec![TaxRounding::Document, TaxRounding::Line]),
        prop::sample::select(vec![1_i64, 5, 100]),
        any::<bool>(),
    )
        .prop_map(|(prices, tax_rounding, cash_step, promotions)| Rules {
            prices,
            tax_rounding,
            cash_step,
            promotions,
        })
}

/// Tries one thing. Lines and tenders begin what they need, so that most tries come to something.
fn attempt(shop: &mut Shop, attempt: &Try) -> bool {
    let needs_cart = matches!(attempt, Try::Add { .. } | Try::AddMany(_) | Try::TakeBack { .. });
    if needs_cart && shop.cart.is_none() {
        if shop.book.shift.is_none() {
            shop.open_shift(10_000).expect("a shift opens");
        }
        shop.begin(BegunAs::Sale).expect("a cart begins");
    }
    let numbers: Vec<u32> = shop.cart.iter().flat_map(|(_, sale)| sale.lines.keys().copied()).collect();
    let number = |index: &prop::sample::Index| if numbers.is_empty() { 7 } else { *index.get(&numbers) };
    let done = match attempt {
        Try::OpenShift(float) => shop.open_shift(*float),
        Try::MoveCash(cash_move, amount) => shop.act_on_shift(shift::Command::MoveCash {
            cash_move: *cash_move,
            amount_minor: Minor::new(*amount),
            reason: "bank".to_owned(),
        }),
        Try::Count(counts) => {
            let count = |(name, amount): &(&str, i64)| Count {
                tender_type: (*name).to_owned(),
                counted_minor: Minor::new(*amount),
                denominations: [(100, 7)].into(),
            };
            shop.act_on_shift(shift::Command::Count(counts.iter().map(count).collect()))
        }
        Try::CloseShift => shop.act_on_shift(shift::Command::Close),
        Try::Begin(begun_as) => shop.begin(*begun_as),
        Try::Add { item, thousandths, amount, stated, refers, exempt } => {
            let quantity = Quantity::from_thousandths(*thousandths);
            let mut line = shop::line_of(*item, quantity);
            // What is taken back is stated in negative amounts.
            let sign = if *thousandths < 0 { -1 } else { 1 };
            line.amount = match amount {
                Amount::Catalogue => LineAmount::Catalogue,
                Amount::Override(price) => LineAmount::Override(UnitPrice::from_ten_thousandths(*price)),
                Amount::Label(amount) => LineAmount::Label(Minor::new(sign * amount)),
                Amount::Open(amount) => LineAmount::Open(Minor::new(sign * amount)),
                Amount::Given(amount) => LineAmount::Given(Minor::new(sign * amount)),
            };
            line.reductions.extend(stated.map(|(source, amount)| Reduction {
                source,
                name: Some(shop::STATED.to_owned()),
                reason: None,
                amount_minor: Minor::new(sign * amount),
            }));
            line.references.extend(refers.map(|(quantity, amount)| Reference {
                sale: SaleId(uuid::Uuid::from_u128(0xdead)),
                line: 1,
                quantity: Quantity::from_thousandths(quantity),
                amount_minor: Minor::new(amount),
            }));
            line.exemption = exempt.then(|| "diplomat".to_owned());
            shop.act(Command::AddLine(line))
        }
        Try::AddMany(count) => (0..*count).try_for_each(|number| {
            let mut line = shop::line_of(1 + number % 3, Quantity::ONE);
            line.item.name = "A very long name, as wholesalers have them ".repeat(4);
            shop.act(Command::AddLine(line))
        }),
        Try::TakeBack { document, line, share, aware, restocked } => {
            let documents = shop.documents.len();
            let found = (documents > 0).then(|| document.index(documents));
            let found = found.map(|document| (document, line.index(shop.documents[document].lines.len())));
            let Some((document, line)) = found else { return false };
            let original = shop.original(document, line, *aware).expect("an original");
            let sold = original.line.entered.quantity.thousandths();
            let quantity = Quantity::from_thousandths(sold.saturating_mul(*share) / 100);
            shop.act(Command::AddReturn { original, quantity, restocked: *restocked })
        }
        Try::ChangeQuantity(line, thousandths) => shop.act(Command::ChangeQuantity {
            line: number(line),
            quantity: Quantity::from_thousandths(*thousandths),
        }),
        Try::Remove(line) => shop.act(Command::RemoveLine(number(line))),
        Try::Discount { line, source, discount } => shop.act(Command::Discount {
            line: line.as_ref().map(number),
            source: *source,
            name: None,
            discount: *discount,
            reason: None,
        }),
        Try::SetCustomer(set) => shop.act(Command::SetCustomer(set.then(shop::customer))),
        Try::Park => shop.act(Command::Park),
        Try::Abandon => shop.act(Command::Abandon(None)),
        Try::Tender(name, given, foreign) => {
            let foreign = foreign
                .map(|amount| ForeignCash { currency: shop::dollars(), amount_minor: Minor::new(amount) });
            shop.act(Command::Tender(TenderStatement { foreign, ..statement(shop, name, *given) }))
        }
        Try::TenderUnknown(given) => {
            let statement = TenderStatement { outcome_unknown: true, ..statement(shop, "card", *given) };
            shop.act(Command::Tender(statement))
        }
        Try::RemoveTender(tender, fate) => {
            let taken: Vec<u32> =
                shop.cart.iter().flat_map(|(_, sale)| sale.tenders.iter().map(|t| t.tender)).collect();
            let tender = if taken.is_empty() { 1 } else { *tender.get(&taken) };
            shop.act(Command::RemoveTender { tender, fate: *fate })
        }
        Try::OpenDrawer => shop.act_on_shift(shift::Command::OpenDrawer { reason: "change".to_owned() }),
        Try::Complete => shop.act(Command::Complete),
        Try::Pay(name, given) => shop.act(Command::Pay(statement(shop, name, *given))),
    };
    done.is_ok()
}

fn statement(shop: &Shop, name: &str, given: Given) -> TenderStatement {
    let due = shop.still_due();
    let given = match given {
        Given::Exactly => None,
        Given::Amount(amount) => Some(Minor::new(amount)),
        Given::Share(share) => Some(Minor::new(due.get() * share / 100)),
        Given::More(more) => Some(due + Minor::new(more)),
    };
    TenderStatement::of(name, given)
}

/// So many times the usual number of cases, divided by so many.
fn cases(times: u32, divided_by: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: (usual.cases * times / divided_by).max(1), failure_persistence: None, ..usual }
}

proptest! {
    #![proptest_config(cases(4, 1))]

    #[test]
    fn whatever_is_accepted_balances_adds_up_and_closes(rules in rules(), tries in prop::collection::vec(tries(), 1..80)) {
        let mut shop = Shop::new(&rules);
        for one in &tries {
            attempt(&mut shop, one);
        }
        // Whatever is open can always be brought to an end.
        if shop.cart.is_some() {
            let empty = shop.cart.iter().any(|(_, sale)| sale.lines.is_empty());
            let paid = !empty && attempt(&mut shop, &Try::Pay("cash", Given::Exactly));
            prop_assert!(paid || attempt(&mut shop, &Try::Abandon), "neither paid nor given up: {:?}", shop.cart);
        }
        // A wild count can be taken back: without one, every shift closes.
        if shop.book.shift.is_some() && !attempt(&mut shop, &Try::CloseShift) {
            prop_assert!(attempt(&mut shop, &Try::Count(Vec::new())));
            prop_assert!(attempt(&mut shop, &Try::CloseShift));
        }
    }

    #[test]
    fn events_in_any_order_and_any_number_are_taken_in(
        rules in rules(),
        tries in prop::collection::vec(tries(), 1..60),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..120),
    ) {
        let mut shop = Shop::new(&rules);
        for one in &tries {
            attempt(&mut shop, one);
        }
        let (mut sale, mut book) = (Sale::default(), Book::default());
        for event in order.iter().filter(|_| !shop.events.is_empty()).map(|index| index.get(&shop.events)) {
            sale.evolve(event);
            book.evolve(event);
        }
        // What came of it may make no sense; it can still be looked at and decided upon.
        shop.cart = Some((SaleId(uuid::Uuid::from_u128(1)), sale));
        shop.book = book;
        let cash = || TenderStatement::of("cash", None);
        for command in [Command::Park, Command::Tender(cash()), Command::Complete, Command::Pay(cash())] {
            let _decided = shop.decide(command);
        }
        shop.cart = None;
        let _closed = shop.decide_on_shift(shift::Command::Close);
    }
}

#[test]
fn a_shift_closes_on_the_count_that_is_true_and_never_on_one_that_the_books_cannot_post() {
    let shelf = Try::Add {
        item: 1,
        thousandths: 1_000,
        amount: Amount::Open(700_000_000_000),
        stated: None,
        refers: None,
        exempt: false,
    };
    let count = |amount| Try::Count(vec![("cash", amount)]);
    let (prices, tax_rounding) = (Prices::Inclusive, TaxRounding::Document);
    let mut shop = Shop::new(&Rules { prices, tax_rounding, cash_step: 1, promotions: false });
    for _ in 0..2 {
        assert!(attempt(&mut shop, &shelf));
        assert!(attempt(&mut shop, &Try::Pay("cash", Given::Exactly)));
    }
    assert!(attempt(&mut shop, &count(0)));
    let close = shift::Command::Close;
    assert_eq!(shop.decide_on_shift(close), Err(Rejection::BeyondLimit("the difference in the drawer")));
    assert!(attempt(&mut shop, &count(1_400_000_010_000)));
    assert!(attempt(&mut shop, &Try::CloseShift));
}

proptest! {
    #![proptest_config(cases(1, 8))]

    #[test]
    fn a_document_too_large_for_one_event_goes_before_it_in_parts_and_stands_as_one(
        rules in rules(),
        lines in 60_usize..400,
        discounts in prop::collection::vec(discounts(), 0..3),
        parked in any::<bool>(),
    ) {
        let mut shop = Shop::new(&rules);
        attempt(&mut shop, &Try::AddMany(lines));
        for discount in discounts {
            attempt(&mut shop, &Try::Discount { line: None, source: ReductionSource::StoreCoupon, discount });
        }
        let end = if parked { Try::Park } else { Try::Pay("cash", Given::Exactly) };
        prop_assert!(attempt(&mut shop, &end));
        let parts: Vec<_> = shop.events.iter().filter_map(|event| match event {
            Event::SaleLinesRecorded(part) => Some(part),
            _ => None,
        }).collect();
        let (parks, inline, count) = match shop.events.last() {
            Some(Event::SaleCompleted(completed)) => (false, &completed.lines, completed.parts),
            Some(Event::SaleParked(parked)) => (true, &parked.lines, parked.parts),
            other => panic!("the document ended in {other:?}"),
        };
        prop_assert_eq!(parks, parked);
        prop_assert!(lines < 100 || !parts.is_empty());
        prop_assert_eq!(parts.len(), count as usize);
        let numbered = parts.iter().zip(1..).all(|(part, n)| (part.part, part.of, part.parks) == (n, count, parked));
        prop_assert!(numbered);
        let all = parts.iter().flat_map(|part| &part.lines).chain(inline).map(|line| line.entered.line as usize);
        prop_assert!(all.eq(1..=lines));
    }
}

#[test]
fn an_item_of_a_tax_class_that_nobody_described_is_not_sold() {
    let mut shop = Shop::new(&Rules {
        prices: Prices::Inclusive,
        tax_rounding: TaxRounding::Document,
        cash_step: 1,
        promotions: false,
    });
    shop.open_shift(0).unwrap();
    shop.begin(BegunAs::Sale).unwrap();
    let mut line = shop::line_of(1, Quantity::of(1));
    line.item.unknown_tax_class = Some("reduced".to_owned());
    let refused = shop.decide(Command::AddLine(line)).unwrap_err();
    assert_eq!(refused, daybook_core::sale::Rejection::UnknownTaxClass("reduced".to_owned()));
}
