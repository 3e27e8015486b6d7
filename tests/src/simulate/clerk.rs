//! What people do at the tills: sell, move goods, and now and then something that nobody foresaw.
//!
//! Payloads are those of real events, as small as they can be, so that head office's real rules about scopes, standing and projection
//! have something to bite on.

use daybook_core::amount::{Currency, Minor, Quantity, UnitPrice};
use daybook_core::event::Event;
use daybook_core::event::sale::{
    AmountSource, BegunAs, CartLine, Completed, Direction, Line, LineKind, Number, Opened, Prices,
    TaxRounding, Tender, TenderClass, TenderState, Terms, Totals,
};
use daybook_core::event::stock::{Adjusted, Counted, Received, StockLine};
use daybook_core::ids::{ProductId, SaleId, ShiftId, StoreId, TillId};
use fastrand::Rng;
use uuid::Uuid;

use super::faults::Fault;
use super::scribe::Fact;
use super::world::{Happening, World};

/// What is sold, and on which terms.
pub struct Goods {
    /// The products.
    pub products: Vec<ProductId>,
    terms: Terms,
}

impl Goods {
    /// Some products, sold in euros with tax included.
    pub fn of(products: Vec<ProductId>) -> Self {
        let currency = Currency::from_code("EUR").expect("a currency");
        let terms = Terms {
            currency,
            prices: Prices::Inclusive,
            tax_rounding: TaxRounding::Line,
            cash_rounding: None,
        };
        Goods { products, terms }
    }

    fn completed(&self, rng: &mut Rng, sale: SaleId, store: StoreId, till: TillId, number: i64) -> Completed {
        let product = self.products[rng.usize(..self.products.len())];
        let (units, price) = (rng.i64(1..4), rng.i64(1..2_000));
        let amount = Minor::new(units * price);
        let entered = CartLine {
            line: 1,
            direction: Direction::Sale,
            kind: LineKind::Goods,
            product: Some(product),
            sku: "s".to_owned(),
            name: "Tea".to_owned(),
            department: None,
            serial: None,
            quantity: Quantity::of(units),
            unit_price: Some(UnitPrice::from_minor(price)),
            price_source: None,
            price_event: None,
            price_reason: None,
            extended_minor: amount,
            extended_from: AmountSource::Unit,
            reductions: Vec::new(),
            taxes: Vec::new(),
            taxes_taken: None,
            exemption: None,
            discountable: true,
            references: Vec::new(),
            tracked: true,
            on_hand_shown: None,
            unit_cost: None,
            voucher: None,
            restocked: true,
        };
        let tender = Tender {
            tender: 1,
            tender_type: "cash".to_owned(),
            class: TenderClass::Cash,
            amount_minor: amount,
            given_minor: None,
            change_minor: None,
            rounding_minor: None,
            state: TenderState::Settled,
            card: None,
            voucher: None,
            foreign: None,
        };
        Completed {
            sale,
            begun_as: BegunAs::Sale,
            store,
            till,
            shift: ShiftId(Uuid::from_u128(0xd0)),
            number: Number { series: "A".to_owned(), number },
            terms: self.terms.clone(),
            local_time: "2026-03-02T10:00:00".to_owned(),
            utc_offset_minutes: 60,
            customer: None,
            from_parked: None,
            voids: None,
            lines: vec![Line { entered, net_minor: amount, tax_amounts: Vec::new() }],
            parts: 0,
            taxes: Vec::new(),
            totals: Totals {
                lines: 1,
                gross_sales_minor: amount,
                gross_returns_minor: Minor::ZERO,
                reductions_minor: Minor::ZERO,
                net_minor: amount,
                tax_minor: Minor::ZERO,
                total_minor: amount,
                rounding_minor: Minor::ZERO,
            },
            tenders: vec![tender],
            slip: None,
        }
    }

    fn moved(&self, rng: &mut Rng, store: StoreId) -> Event {
        let product = self.products[rng.usize(..self.products.len())];
        let quantity = Quantity::of(rng.i64(1..20));
        let lines =
            vec![StockLine { product: Some(product), sku: "s".to_owned(), quantity, unit_cost: None }];
        match rng.u32(..3) {
            0 => Received { store, lines, currency: None, document: None }.into(),
            1 => Adjusted { store, reason: "found".to_owned(), lines, currency: None }.into(),
            _ => Counted { store, session: "1".to_owned(), lines, currency: None, zone_closed: false }.into(),
        }
    }
}

impl World {
    /// The clerk of a till does the next thing.
    pub(super) fn clerk_acts(&mut self, till: usize) {
        if self.is_calm || self.tills[till].is_gone {
            return;
        }
        let pause = self.rng.u64(500..self.shape.pace_millis_max);
        self.after(pause, Happening::Clerk(till));
        let (facts, command) = match self.rng.u32(..10) {
            _ if self.strikes(Fault::Poison) => (self.poison(till), None),
            _ if self.strikes(Fault::Future) => (self.future(), None),
            0..3 => (vec![Fact::from(&self.goods.moved(&mut self.rng, self.tills[till].store))], None),
            _ => (self.sale(till), Some(self.new_command())),
        };
        self.record(till, facts, command);
    }

    fn sale(&mut self, till: usize) -> Vec<Fact> {
        let sale = SaleId(self.new_uuid());
        let (till_id, store) = (self.tills[till].till, self.tills[till].store);
        let number = i64::try_from(self.oracle.recorded.len()).expect("a short log");
        let completed = self.goods.completed(&mut self.rng, sale, store, till_id, number);
        let (shift, terms) = (completed.shift, completed.terms.clone());
        let opened =
            Opened { sale, begun_as: BegunAs::Sale, store, till: till_id, shift, terms, from_parked: None };
        vec![Fact::from(&Event::from(opened)), Fact::from(&Event::from(completed))]
    }

    /// A known type whose payload makes no sense, or speaks for somebody else.
    fn poison(&mut self, till: usize) -> Vec<Fact> {
        let store = self.tills[till].store;
        vec![match self.rng.u32(..4) {
            0 => Fact::raw("sale.completed", 1, "sale/x", "{}"),
            1 => Fact::raw("stock.counted", 1, "stock/x", r#"{"store":7}"#),
            2 => Fact::raw("price.changed", 1, "price/x", "[[[[[]]]]]"),
            _ => Fact::raw("shift.closed", 1, "shift/x", &format!(r#"{{"store":"{store}","till":null}}"#)),
        }]
    }

    /// A type or a version that only a later Daybook knows.
    fn future(&mut self) -> Vec<Fact> {
        let store = self.tills[0].store;
        vec![match self.rng.u32(..2) {
            0 => Fact::raw("sale.levitated", 1, "sale/y", r#"{"height":3}"#),
            _ => Fact::raw("stock.counted", 9, "stock/y", &format!(r#"{{"store":"{store}","by":"drone"}}"#)),
        }]
    }
}
