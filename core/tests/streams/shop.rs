//! A shop of one till that tries whatever it is told, and looks at everything that is recorded.
//!
//! It looks up what a shell would look up: items, originals with what is known to be back of them, the next number. Every event goes
//! through [`Writer`] into text and back, because what is decided must also be readable and projectable for ever.

use std::collections::BTreeMap;

use uuid::Uuid;

use daybook_core::amount::{Currency, Minor, Quantity, Rate, UnitPrice};
use daybook_core::authority::{Authority, Person, default_roles};
use daybook_core::catalogue::Item;
use daybook_core::chain::Hash;
use daybook_core::conflict::totals_differ;
use daybook_core::event::Event;
use daybook_core::event::description::TenderType;
use daybook_core::event::sale::{
    BegunAs, CashRounding, Completed, Direction, Line, LineKind, Number, OverTender, Prices, TaxAmount,
    TaxRate, TaxRounding, TenderClass, TenderState, Terms,
};
use daybook_core::event::shift::{Closed, Counters};
use daybook_core::identity::KeyPair;
use daybook_core::ids::{
    CustomerId, EventId, OriginId, ProductId, SaleId, ShiftId, StaffId, StoreId, TaxId, TillId, VoucherId,
};
use daybook_core::journal::{DUE, post};
use daybook_core::project::{Change, Input, project};
use daybook_core::record::{Circumstances, Draft, Writer};
use daybook_core::sale::decide::{self, Decision, NewLine};
use daybook_core::sale::promotion::Promotion;
use daybook_core::sale::reckon::reckon;
use daybook_core::sale::returns::{Original, Returned};
use daybook_core::sale::tax::sum_taxes;
use daybook_core::sale::tender::default_tender_types;
use daybook_core::sale::{Rejection, Sale};
use daybook_core::shift::{self, Book};
use daybook_core::time::{Day, Now};

/// The rules of a shop.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Whether prices include tax.
    pub prices: Prices,
    /// Where tax is rounded.
    pub tax_rounding: TaxRounding,
    /// The smallest coin.
    pub cash_step: i64,
    /// Whether promotions run.
    pub promotions: bool,
}

/// A completed document with what came back of its lines.
pub struct Document {
    /// The completing event.
    pub completed: Completed,
    /// All its lines, those of parts included.
    pub lines: Vec<Line>,
    /// What came back of each line.
    pub returned: BTreeMap<u32, Vec<Returned>>,
}

/// The shop.
pub struct Shop {
    terms: Terms,
    tender_types: BTreeMap<String, TenderType>,
    promotions: Vec<Promotion>,
    authority: Authority,
    key: KeyPair,
    writer: Writer,
    ids: u128,
    /// The shift's account.
    pub book: Book,
    /// The open cart.
    pub cart: Option<(SaleId, Sale)>,
    /// Completed documents.
    pub documents: Vec<Document>,
    /// Everything recorded.
    pub events: Vec<Event>,
    /// Lines of parts that wait for their document.
    parts: Vec<Line>,
    /// Where the documents of the open shift begin.
    shift_from: usize,
    /// Sums of the journal: of the open document, and of the drawer over the open shift.
    due: Minor,
    drawer: Minor,
}

impl Shop {
    /// A shop before its first shift.
    pub fn new(rules: &Rules) -> Self {
        let terms = Terms {
            currency: Currency::from_code("EUR").expect("a currency"),
            prices: rules.prices,
            tax_rounding: rules.tax_rounding,
            cash_rounding: (rules.cash_step > 1).then_some(CashRounding { step_minor: rules.cash_step }),
        };
        let mut tender_types = default_tender_types();
        tender_types.insert(
            "voucher".to_owned(),
            TenderType {
                class: TenderClass::StoredValue,
                over_tender: OverTender::Kept,
                refunds_to: vec!["voucher".to_owned()],
                counted: true,
                opens_drawer: false,
                rounds: false,
            },
        );
        let promotion = |name: &str, products: &[u128], buy, pay| Promotion {
            name: name.to_owned(),
            products: products.iter().map(|number| product(*number)).collect(),
            buy,
            pay,
        };
        let promotions = vec![promotion("3 for 2", &[1, 2], 3, 2), promotion("2 for 1", &[2, 3], 2, 1)];
        let origin = OriginId(Uuid::from_u128(7));
        Shop {
            terms,
            tender_types,
            promotions: if rules.promotions { promotions } else { Vec::new() },
            authority: Authority {
                actor: Person::with_role(StaffId(Uuid::from_u128(1)), "manager", &default_roles()),
                approver: None,
            },
            key: KeyPair::from_seed([7; 32]),
            writer: Writer::new(origin),
            ids: 1_000,
            book: Book::default(),
            cart: None,
            documents: Vec::new(),
            events: Vec::new(),
            parts: Vec::new(),
            shift_from: 0,
            due: Minor::ZERO,
            drawer: Minor::ZERO,
        }
    }

    fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    /// Begins a document.
    pub fn begin(&mut self, begun_as: BegunAs) -> Result<(), Rejection> {
        let id = SaleId(self.id());
        let cart = (id, Sale::default());
        let before = self.cart.replace(cart);
        let done = match before {
            None => self.act(decide::Command::Open { begun_as }),
            Some(_) => Err(Rejection::Senseless("one cart at a time")),
        };
        if done.is_err() {
            self.cart = before;
        }
        done
    }

    /// Does something with the open cart.
    pub fn act(&mut self, command: decide::Command) -> Result<(), Rejection> {
        let decision = self.decide(command)?;
        self.record(decision.events);
        Ok(())
    }

    /// Decides about the open cart and records nothing.
    pub fn decide(&self, command: decide::Command) -> Result<Decision, Rejection> {
        let Some((id, sale)) = &self.cart else { return Err(Rejection::NotOpen) };
        let document = EventId(Uuid::from_u128(self.ids + 500_000_000));
        let context = decide::Context {
            store: StoreId(Uuid::from_u128(2)),
            till: TillId(Uuid::from_u128(3)),
            shift: self.book.shift.as_ref().map(|shift| shift.opened.shift),
            terms: &self.terms,
            tender_types: &self.tender_types,
            paid: BTreeMap::new(),
            promotions: &self.promotions,
            authority: &self.authority,
            next_number: Number { series: "A".to_owned(), number: self.book.last_number + 1 },
            document,
            local: ("2026-03-21T10:00:00".to_owned(), 60),
        };
        decide::decide(sale, *id, &context, command)
    }

    /// Does something with the shift.
    pub fn act_on_shift(&mut self, command: shift::Command) -> Result<(), Rejection> {
        let decision = self.decide_on_shift(command)?;
        self.record(decision.events);
        Ok(())
    }

    /// Decides about the shift and records nothing.
    pub fn decide_on_shift(&self, command: shift::Command) -> Result<Decision, Rejection> {
        let context = shift::Context {
            store: StoreId(Uuid::from_u128(2)),
            till: TillId(Uuid::from_u128(3)),
            day: Day::parse("2026-03-21").expect("a day"),
            currency: self.terms.currency,
            tender_types: &self.tender_types,
            authority: &self.authority,
            sale_open: self.cart.is_some(),
        };
        shift::decide(&self.book, &context, command)
    }

    /// Opens a shift with a float.
    pub fn open_shift(&mut self, float: i64) -> Result<(), Rejection> {
        let shift = ShiftId(self.id());
        self.act_on_shift(shift::Command::Open { shift, float_minor: Minor::new(float) })
    }

    /// What is still due of the open cart.
    pub fn still_due(&self) -> Minor {
        let reckoned = self.cart.as_ref().and_then(|(_, sale)| Some((sale.reckon(&self.promotions)?, sale)));
        reckoned.map_or(Minor::ZERO, |(reckoned, sale)| reckoned.totals.total_minor - sale.settled())
    }

    /// The original behind a sold line, with what is known to be back of it, or with nothing.
    pub fn original(&self, document: usize, line: usize, aware: bool) -> Option<Original> {
        let document = self.documents.get(document)?;
        let line = document.lines.get(line)?;
        let returned = document.returned.get(&line.entered.line).filter(|_| aware);
        Some(Original {
            sale: document.completed.sale,
            prices: document.completed.terms.prices,
            currency: document.completed.terms.currency,
            line: line.clone(),
            returned: returned.cloned().unwrap_or_default(),
        })
    }

    fn record(&mut self, events: Vec<Event>) {
        for event in events {
            self.keep(&event);
            self.check_journal(&event);
            let before = self.book.clone();
            self.book.evolve(&event);
            if let Some((_, sale)) = &mut self.cart {
                sale.evolve(&event);
            }
            match &event {
                Event::SaleLinesRecorded(part) if !part.parks => self.parts.extend(part.lines.clone()),
                Event::SaleCompleted(completed) => self.complete(completed),
                Event::SaleParked(_) | Event::SaleAbandoned(_) => self.cart = None,
                Event::ShiftOpened(_) => self.shift_from = self.documents.len(),
                Event::ShiftClosed(closed) => self.check_closing(&before, closed),
                _ => {}
            }
            self.events.push(event);
        }
    }

    /// What is decided can be recorded, reads back as it was, and can be projected.
    fn keep(&mut self, event: &Event) {
        let draft = Draft { id: EventId(self.id()), event: event.clone(), rev: 1, base: None };
        let circumstances = Circumstances {
            now: Now { wall: 1, offset: 0 },
            actor: None,
            approver: None,
            command: None,
            day: Day::parse("2026-03-21"),
        };
        let (recorded, writer) = self
            .writer
            .record(vec![draft], &circumstances, &self.key, false)
            .unwrap_or_else(|why| panic!("{why}: {event:?}"));
        self.writer = writer;
        let recorded = recorded.into_iter().next().expect("one event");
        let input = Input::read(writer.origin, recorded.tip, &recorded.text);
        match &input.content {
            Ok((envelope, read)) => assert_eq!((envelope, read), (&recorded.envelope, event)),
            Err(why) => panic!("{why:?}: {event:?}"),
        }
        let posted = project(&input).into_iter().map(|change| match change {
            Change::Post { amount_minor, .. } => amount_minor,
            _ => 0,
        });
        assert_eq!(posted.sum::<i64>(), 0, "{event:?}");
    }

    fn check_journal(&mut self, event: &Event) {
        let postings = post(event);
        assert_eq!(postings.iter().map(|p| p.amount_minor).sum::<Minor>(), Minor::ZERO, "{event:?}");
        for posting in postings {
            match posting.account.as_str() {
                DUE => self.due += posting.amount_minor,
                "tender/cash" => self.drawer += posting.amount_minor,
                _ => {}
            }
        }
    }

    fn complete(&mut self, completed: &Completed) {
        let mut lines = std::mem::take(&mut self.parts);
        lines.extend(completed.lines.clone());
        self.cart = None;
        assert_eq!(std::mem::take(&mut self.due), Minor::ZERO, "nothing stays due");
        check_money(completed, &lines);
        check_taxes(completed, &lines);
        check_again(completed, &lines);
        for line in &lines {
            let [reference] = line.entered.references.as_slice() else { continue };
            // Receipts of other shops, or of no shop at all, can be named too.
            let Some(original) = self.documents.iter_mut().find(|d| d.completed.sale == reference.sale)
            else {
                continue;
            };
            let returned = &mut original.returned;
            returned.entry(reference.line).or_default().push(Returned {
                quantity: -line.entered.quantity,
                net_minor: -line.net_minor,
                extended_minor: -line.entered.extended_minor,
                tax_minor: line.tax_amounts.iter().map(|tax| -tax.amount_minor).collect(),
            });
        }
        let number = i64::try_from(self.documents.len()).expect("a number") + 1;
        assert_eq!(completed.number.number, number, "printed numbers have no gaps");
        self.documents
            .push(Document { completed: completed.clone(), lines, returned: BTreeMap::new() });
    }

    /// The closing is the fold of the shift's documents, and the drawer of the journal holds what was counted.
    fn check_closing(&mut self, before: &Book, closed: &Closed) {
        let documents = self.documents[self.shift_from..].iter().map(|document| &document.completed);
        let sum = |of: fn(&Completed) -> Minor| documents.clone().map(of).sum::<Minor>();
        let gross_sales = sum(|d| d.totals.gross_sales_minor);
        let gross_returns = sum(|d| d.totals.gross_returns_minor);
        let count = i64::try_from(documents.clone().count()).expect("a count");
        let shift = before.shift.as_ref().expect("an open shift");
        assert_eq!(
            (closed.documents, closed.gross_sales_minor, closed.gross_returns_minor),
            (count, gross_sales, gross_returns)
        );
        assert_eq!(closed.reductions_minor, sum(|d| d.totals.reductions_minor));
        assert_eq!(closed.net_minor, sum(|d| d.totals.net_minor));
        assert_eq!(closed.tax_minor, sum(|d| d.totals.tax_minor));
        let lines = self.documents[self.shift_from..].iter().flat_map(|document| &document.lines);
        let taxes = closed.taxes.as_ref().expect("a closing tells its taxes");
        assert_eq!(taxes.rates, sum_taxes(lines.clone().flat_map(|line| &line.tax_amounts)));
        assert_eq!(taxes.rates.iter().map(|tax| tax.amount_minor).sum::<Minor>(), closed.tax_minor);
        let untaxed = lines.filter(|line| line.tax_amounts.is_empty()).map(|line| line.net_minor);
        assert_eq!(taxes.untaxed_minor, untaxed.sum());
        assert_eq!(closed.rounding_minor, sum(|d| d.totals.rounding_minor));
        assert_eq!(closed.last_number, i64::try_from(self.documents.len()).expect("a number"));
        assert_eq!(closed.number, before.last_closing + 1);
        let was = &before.counters;
        let counters = Counters {
            gross_sales_minor: was.gross_sales_minor + gross_sales,
            gross_returns_minor: was.gross_returns_minor + gross_returns,
            documents: was.documents + count,
            shifts: was.shifts + 1,
        };
        assert_eq!(closed.counters, counters);
        assert!(gross_sales >= Minor::ZERO && gross_returns <= Minor::ZERO, "counters never fall");
        for total in &closed.tenders {
            let taken = documents
                .clone()
                .flat_map(|d| &d.tenders)
                .filter(|t| (&t.tender_type, t.state) == (&total.tender_type, total.state));
            assert_eq!(total.amount_minor, taken.clone().map(|t| t.amount_minor).sum());
            assert_eq!(total.tenders as usize, taken.count());
            let known = total.state == TenderState::Settled;
            let counted = shift.counts.iter().find(|count| known && count.tender_type == total.tender_type);
            assert_eq!(total.counted_minor, counted.map(|count| count.counted_minor));
        }
        let kept: Minor = closed.tenders.iter().map(|total| total.amount_minor).sum();
        assert_eq!(kept, sum(|d| d.totals.total_minor + d.totals.rounding_minor), "every tender is in the Z");
        let cash = closed
            .tenders
            .iter()
            .find(|total| total.tender_type == "cash")
            .expect("cash is in every Z");
        assert_eq!(std::mem::take(&mut self.drawer), cash.counted_minor.unwrap_or(cash.expected_minor));
    }
}

/// Total, tenders, rounding and change of a document.
fn check_money(completed: &Completed, lines: &[Line]) {
    let totals = &completed.totals;
    let owed = lines.iter().map(|line| match completed.terms.prices {
        Prices::Inclusive => line.net_minor,
        Prices::Exclusive => line.net_minor + line.tax_amounts.iter().map(|tax| tax.amount_minor).sum(),
    });
    assert_eq!(totals.total_minor, owed.sum());
    assert_eq!(totals.lines as usize, lines.len());
    assert!(lines.windows(2).all(|two| two[0].entered.line < two[1].entered.line), "lines are in order");
    let paid: Minor = completed.tenders.iter().map(|tender| tender.amount_minor).sum();
    assert_eq!(paid, totals.total_minor + totals.rounding_minor, "all money is settled");
    let rounding: Minor = completed.tenders.iter().filter_map(|tender| tender.rounding_minor).sum();
    assert_eq!(rounding, totals.rounding_minor);
    let step = completed.terms.cash_rounding.as_ref().map_or(1, |rounding| rounding.step_minor);
    assert!(rounding.abs().get() * 2 <= step, "rounding is applied once: {rounding:?}");
    for tender in &completed.tenders {
        let change = tender.change_minor.unwrap_or_default();
        assert!(change >= Minor::ZERO, "{tender:?}");
        assert_eq!(tender.given_minor.unwrap_or(tender.amount_minor), tender.amount_minor + change);
        assert!(change.is_zero() || tender.class == TenderClass::Cash, "change is cash: {tender:?}");
    }
}

/// Tax by document: what a group of lines bears is reckoned once and shared out without a rest.
fn check_taxes(completed: &Completed, lines: &[Line]) {
    // What is inside a price depends on all the rates of its line; what comes on top does not.
    let whole = |line: &Line| match completed.terms.prices {
        Prices::Inclusive => line.entered.taxes.iter().fold(Rate::ZERO, |sum, tax| sum.plus(tax.rate)),
        Prices::Exclusive => Rate::ZERO,
    };
    let mut groups: BTreeMap<(TaxId, Rate, Rate), (Minor, Minor)> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.entered.direction == Direction::Sale) {
        let taxes: Minor = line.tax_amounts.iter().map(|tax| tax.amount_minor).sum();
        for tax in &line.tax_amounts {
            let base = match completed.terms.prices {
                Prices::Inclusive => line.net_minor - taxes,
                Prices::Exclusive => line.net_minor,
            };
            assert_eq!(tax.base_minor, base);
            let group = groups.entry((tax.tax, tax.rate, whole(line))).or_default();
            group.0 += line.net_minor;
            group.1 += tax.amount_minor;
        }
    }
    let all = |of: fn(&TaxAmount) -> Minor| lines.iter().flat_map(|l| &l.tax_amounts).map(of).sum::<Minor>();
    assert_eq!(
        completed.taxes.iter().map(|tax| tax.amount_minor).sum::<Minor>(),
        all(|tax| tax.amount_minor)
    );
    assert_eq!(completed.taxes.iter().map(|tax| tax.base_minor).sum::<Minor>(), all(|tax| tax.base_minor));
    if completed.terms.tax_rounding == TaxRounding::Document {
        for ((_, rate, whole), (net, tax)) in groups {
            let expected = match completed.terms.prices {
                Prices::Inclusive => rate.within(net, whole),
                Prices::Exclusive => rate.of(net),
            };
            assert_eq!(tax, expected, "{rate} % of {net:?}");
        }
    }
}

/// Reckoning a document again finds it as it is.
fn check_again(completed: &Completed, lines: &[Line]) {
    let facts = totals_differ::Facts {
        hash: Hash::ZERO,
        completed,
        lines: lines.into(),
        incomplete: false,
        till: "A".to_owned(),
    };
    assert_eq!(totals_differ::judge(&facts), None);
    let entered: Vec<_> = lines.iter().map(|line| line.entered.clone()).collect();
    let again = reckon(&completed.terms, &entered, &[], &[]);
    assert_eq!(again.lines, lines);
    assert_eq!(again.taxes, completed.taxes);
    for line in lines.iter().filter(|line| line.entered.direction == Direction::Sale) {
        let kept_out = matches!(line.entered.kind, LineKind::StoredValue | LineKind::Deposit);
        let mut granted =
            line.entered.reductions.iter().filter(|r| r.name.as_deref() != Some(STATED)).peekable();
        let reduced = granted.peek().is_some();
        assert!(granted.all(|reduction| reduction.amount_minor > Minor::ZERO), "{line:?}");
        assert!(!reduced || line.entered.discountable && !kept_out, "{line:?}");
        assert!(
            !reduced || line.net_minor >= Minor::ZERO,
            "a discount never takes more than there is: {line:?}"
        );
    }
}

fn product(number: u128) -> ProductId {
    ProductId(Uuid::from_u128(0x100 + number))
}

/// Name of a reduction that was stated with its line, and so not bounded by what is left.
pub const STATED: &str = "as agreed";

/// Number of things that can be rung up.
pub const ITEMS: usize = 10;

/// A thing that can be rung up.
pub fn item(number: usize) -> Item {
    let tax = |number: u128, rate: &str| TaxRate {
        tax: TaxId(Uuid::from_u128(number)),
        jurisdiction: "DE".to_owned(),
        rate: Rate::percent(rate).expect("a rate"),
    };
    let number = number % ITEMS;
    let price = |price: i64| Some(UnitPrice::from_ten_thousandths(price));
    let (name, kind, unit_price, taxes) = match number {
        0 => ("Open item", LineKind::Goods, None, vec![tax(1, "19")]),
        1 => ("Tea", LineKind::Goods, price(4_990_000), vec![tax(1, "19")]),
        2 => ("Milk", LineKind::Goods, price(1_290_000), vec![tax(2, "7")]),
        3 => ("Fuel", LineKind::Goods, price(2_499_000), vec![tax(3, "8.25"), tax(4, "0.375")]),
        4 => ("Crate", LineKind::Deposit, price(3_100_000), vec![tax(1, "19")]),
        5 => ("Gift card", LineKind::StoredValue, None, Vec::new()),
        6 => ("Repair", LineKind::Service, price(12_345_678), vec![tax(1, "19"), tax(2, "7")]),
        7 => ("For the lifeboats", LineKind::Donation, price(1_000_000), Vec::new()),
        8 => ("Cigar", LineKind::Goods, price(25_000_000), vec![tax(5, "1000")]),
        _ => ("Bag", LineKind::Fee, price(100_000), vec![tax(1, "19")]),
    };
    let tracked = matches!(number, 1 | 2);
    Item {
        product: (number > 0).then(|| product(number as u128)),
        sku: format!("4711{number}"),
        name: name.to_owned(),
        department: None,
        kind,
        unit_price,
        price_event: None,
        taxes,
        unknown_tax_class: None,
        tracked,
        on_hand: tracked.then_some(Quantity::of(5)),
        unit_cost: (number % 2 == 1).then(|| UnitPrice::from_ten_thousandths(1_234_567)),
        discountable: number != 9,
    }
}

/// A line of a thing.
pub fn line_of(number: usize, quantity: Quantity) -> NewLine {
    let item = item(number);
    let voucher = (item.kind == LineKind::StoredValue).then(|| VoucherId(Uuid::from_u128(77)));
    NewLine { voucher, ..NewLine::of(item, quantity) }
}

/// Another currency than the shop's.
pub fn dollars() -> Currency {
    Currency::from_code("USD").expect("a currency")
}

/// A customer.
pub fn customer() -> CustomerId {
    CustomerId(Uuid::from_u128(88))
}
