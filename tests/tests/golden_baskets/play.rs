//! A till that plays a basket: every step is decided and evolved as in a shop, nothing is reckoned past the core's doors.
//!
//! It looks up what a shell would look up: items, taxes in force, originals with what is known to be back of them. What cannot be
//! a matter of expectation is checked on the way: postings of every event sum to zero, and nothing stays due.

use std::collections::BTreeMap;

use uuid::Uuid;

use daybook_core::amount::{Currency, Minor, Rate};
use daybook_core::authority::{Authority, NotPermitted, Person, default_roles};
use daybook_core::catalogue;
use daybook_core::event::Event;
use daybook_core::event::description::TenderType;
use daybook_core::event::sale::{
    BegunAs, CashRounding, Completed, Direction, Discount, Line, LineKind, Number, Reduction,
    ReductionSource, Reference, TaxRate, Tender, TenderClass, Terms,
};
use daybook_core::ids::{
    CustomerId, EventId, ProductId, SaleId, ShiftId, StaffId, StoreId, TaxId, TillId, VoucherId,
};
use daybook_core::journal::{DUE, Posting, post, post_remainder};
use daybook_core::sale::decide::{Command, Context, LineAmount, NewLine, decide};
use daybook_core::sale::promotion::Promotion;
use daybook_core::sale::returns::{NotReturnable, Original, Returned, remainder};
use daybook_core::sale::tender::{TenderStatement, default_tender_types};
use daybook_core::sale::{Rejection, Sale};

use crate::basket::{self, Back, Basket, Document, Said, Step, minor, overlaid, quantity, unit_price};
use crate::figures::{Accounts, Figures, Recorded, differences, figures, money};

/// Plays a basket and tells everything in which it differs from what it expects.
pub fn check(basket: &Basket) -> Vec<String> {
    let mut till = Till { basket, recorded: Vec::new(), complaints: Vec::new() };
    for document in &basket.documents {
        till.play(document);
    }
    till.close_ledger();
    till.complaints
}

struct Till<'a> {
    basket: &'a Basket,
    /// The documents so far; none where one was not completed.
    recorded: Vec<Option<Recorded>>,
    complaints: Vec<String>,
}

/// The store's rules during one document.
struct Rules {
    terms: Terms,
    items: BTreeMap<String, catalogue::Item>,
    promotions: Vec<Promotion>,
}

/// A document in the making.
struct Cart {
    id: SaleId,
    sale: Sale,
    events: Vec<Event>,
}

impl Till<'_> {
    fn play(&mut self, document: &Document) {
        let number = self.recorded.len() + 1;
        let rules = self.rules(document);
        let mut cart = Cart { id: sale_id(number), sale: Sale::default(), events: Vec::new() };
        let opening = Command::Open { begun_as: BegunAs::Sale };
        let customer = document.customer.then(|| Command::SetCustomer(Some(CustomerId(Uuid::from_u128(5)))));
        for command in std::iter::once(opening).chain(customer) {
            self.act(&format!("document {number}, opening"), &Step::default(), command, &rules, &mut cart);
        }
        for (step, position) in document.steps.iter().zip(1..) {
            let place = format!("document {number}, step {position}");
            for _ in 0..step.times.unwrap_or(1) {
                match self.command(step, &rules, &cart) {
                    Ok(command) => self.act(&place, step, command, &rules, &mut cart),
                    Err(why) => self.complaints.push(format!("{place}: {why}")),
                }
            }
        }
        let recorded = recorded(&cart.events);
        match (&document.expect, &recorded) {
            (None, None) => {}
            (None, Some(_)) => self.complaints.push(format!("document {number}: nothing is expected of it")),
            (Some(_), None) => self.complaints.push(format!("document {number}: it was never completed")),
            (Some(expected), Some(recorded)) => {
                let documents: Vec<SaleId> = (1..=number).map(sale_id).collect();
                let found = differences(&figures(expected), &figures(&recorded.in_words(&documents)));
                self.complaints.extend(found.iter().map(|f| format!("document {number}, {f}")));
                let mut accounts = Accounts::default();
                accounts.add(&recorded.postings);
                if !accounts.of(DUE).is_zero() {
                    self.complaints.push(format!("document {number}: {} stays due", accounts.of(DUE).get()));
                }
            }
        }
        self.recorded.push(recorded);
    }

    /// Decides one act and records what comes of it, or hears the refusal that the step expects.
    fn act(&mut self, place: &str, step: &Step, command: Command, rules: &Rules, cart: &mut Cart) {
        let authority = authority(step);
        let tender_types = self.tender_types();
        let number = self.recorded.len() + 1;
        let context = Context {
            store: StoreId(Uuid::from_u128(1)),
            till: TillId(Uuid::from_u128(2)),
            shift: Some(ShiftId(Uuid::from_u128(3))),
            terms: &rules.terms,
            tender_types: &tender_types,
            paid: self.paid(&cart.sale),
            promotions: &rules.promotions,
            authority: &authority,
            next_number: Number { series: "A".to_owned(), number: i64::try_from(number).unwrap() },
            document: EventId(Uuid::from_u128(number as u128)),
            local: ("2026-03-21T10:00:00".to_owned(), 60),
        };
        let decided = decide(&cart.sale, cart.id, &context, command);
        match (decided, step.refused.as_deref()) {
            (Ok(decision), None) => {
                if step.approved_by.is_some() && !decision.approved {
                    self.complaints.push(format!("{place}: it needed no approval"));
                }
                for event in decision.events {
                    let postings = post(&event);
                    if !sum(&postings).is_zero() {
                        self.complaints.push(format!("{place}: postings do not balance: {postings:?}"));
                    }
                    cart.sale.evolve(&event);
                    cart.events.push(event);
                }
            }
            (Ok(_), Some(expected)) => {
                self.complaints.push(format!("{place}: expected the refusal {expected}, it was done"));
            }
            (Err(refusal), expected) if expected != Some(name_of(&refusal)) => {
                let (name, expected) = (name_of(&refusal), expected.unwrap_or("none"));
                self.complaints
                    .push(format!("{place}: expected {expected} as refusal, came to {name}: {refusal}"));
            }
            (Err(_), _) => {}
        }
    }

    fn tender_types(&self) -> BTreeMap<String, TenderType> {
        let mut tender_types = default_tender_types();
        tender_types.extend(self.basket.tender_types.clone());
        tender_types
    }

    /// How the earlier documents that a cart takes back from were paid.
    fn paid(&self, sale: &Sale) -> BTreeMap<SaleId, Vec<(String, Minor)>> {
        let references = sale.lines.values().flat_map(|line| &line.references);
        let earlier = references.filter_map(|reference| {
            self.recorded
                .iter()
                .flatten()
                .find(|recorded| recorded.completed.sale == reference.sale)
        });
        let paid = |tender: &Tender| (tender.tender_type.clone(), tender.amount_minor);
        earlier
            .map(|r| (r.completed.sale, r.completed.tenders.iter().map(paid).collect()))
            .collect()
    }

    fn said(&self, said: &Said, exponent: u8) -> Reference {
        Reference {
            sale: sale_id(said.line.document),
            line: said.line.line,
            quantity: quantity(&said.line.quantity),
            amount_minor: minor(&said.amount, exponent),
        }
    }

    fn command(&self, step: &Step, rules: &Rules, cart: &Cart) -> Result<Command, String> {
        let exponent = rules.terms.currency.exponent;
        let money = |text: &Option<String>| text.as_ref().map(|text| minor(text, exponent));
        let stated = || quantity(step.quantity.as_deref().unwrap_or("1"));
        let voucher = || (!step.unnamed).then(|| VoucherId(Uuid::from_u128(4)));
        let types = self.tender_types();
        let stored = |name: &str| types.get(name).is_some_and(|t| t.class == TenderClass::StoredValue);
        let tender = |tender_type: &str| TenderStatement {
            voucher: stored(tender_type).then(voucher).flatten(),
            ..TenderStatement::of(tender_type, money(&step.given))
        };
        let discount = |size: &str, source: ReductionSource| Command::Discount {
            line: step.line,
            source,
            name: step.code.clone(),
            discount: match size.strip_suffix(" %") {
                Some(rate) => Discount::Percent(Rate::percent(rate).unwrap()),
                None => Discount::AmountMinor(minor(size, exponent)),
            },
            reason: None,
        };
        let mut commands = Vec::new();
        if let Some(name) = &step.add {
            let amounts = [
                step.instead.as_ref().map(|price| LineAmount::Override(unit_price(price, exponent))),
                money(&step.label).map(LineAmount::Label),
                money(&step.open).map(LineAmount::Open),
                money(&step.given).map(LineAmount::Given),
            ];
            let item = rules.items.get(name).ok_or_else(|| format!("there is no item {name}"))?;
            commands.push(Command::AddLine(NewLine {
                amount: amounts.into_iter().flatten().next().unwrap_or(LineAmount::Catalogue),
                reductions: step.reductions.iter().map(|stated| reduction(stated, exponent)).collect(),
                exemption: step.exempt.clone(),
                references: step.says.iter().map(|said| self.said(said, exponent)).collect(),
                originals: step
                    .says
                    .iter()
                    .filter_map(|said| self.original(&said.line, rules, cart).ok())
                    .collect(),
                voucher: (item.kind == LineKind::StoredValue).then(voucher).flatten(),
                ..NewLine::of(item.clone(), stated())
            }));
        }
        if let Some(back) = &step.back {
            commands.push(Command::AddReturn {
                original: self.original(back, rules, cart)?,
                quantity: quantity(&back.quantity),
                restocked: step.restocked.unwrap_or(true),
            });
        }
        commands.extend(step.change.map(|line| Command::ChangeQuantity { line, quantity: stated() }));
        commands.extend(step.remove.map(Command::RemoveLine));
        commands.extend(step.discount.as_ref().map(|size| {
            let on_line = step.line.is_some();
            discount(size, if on_line { ReductionSource::Line } else { ReductionSource::Sale })
        }));
        commands.extend(step.store_coupon.as_ref().map(|size| discount(size, ReductionSource::StoreCoupon)));
        commands.extend(step.tender.as_ref().map(|name| Command::Tender(tender(name))));
        commands.extend(step.pay.as_ref().map(|name| Command::Pay(tender(name))));
        commands.extend(step.complete.then_some(Command::Complete));
        commands.extend(step.park.then_some(Command::Park));
        commands.extend(step.abandon.then_some(Command::Abandon(None)));
        match <[Command; 1]>::try_from(commands) {
            Ok([command]) => Ok(command),
            Err(commands) => Err(format!("a step has one verb, not {}", commands.len())),
        }
    }

    /// An earlier line with what this till knows to be back of it. What stands in its own cart it knows in any case.
    fn original(&self, back: &Back, rules: &Rules, cart: &Cart) -> Result<Original, String> {
        let missing = || format!("there is no line {} in a document {}", back.line, back.document);
        let sold = self.recorded.get(back.document - 1).and_then(Option::as_ref).ok_or_else(missing)?;
        let line = sold.lines.iter().find(|line| line.entered.line == back.line).ok_or_else(missing)?;
        let sale = sale_id(back.document);
        let mut returned = if back.aware { self.returned(sale, back.line) } else { Vec::new() };
        let reckoned = cart.sale.reckon(&rules.promotions).ok_or("nothing is open")?;
        returned.extend(reckoned.lines.iter().filter_map(|line| part(line, sale, back.line)));
        Ok(Original {
            sale,
            prices: sold.completed.terms.prices,
            currency: sold.completed.terms.currency,
            line: line.clone(),
            returned,
        })
    }

    /// The parts of a line that completed documents have taken back.
    fn returned(&self, sale: SaleId, number: u32) -> Vec<Returned> {
        let lines = self.recorded.iter().flatten().flat_map(|recorded| &recorded.lines);
        lines.filter_map(|line| part(line, sale, number)).collect()
    }

    /// Sums all documents and the remainders of lines that came back whole, and compares them with the expected ledger.
    fn close_ledger(&mut self) {
        let Some(expected) = &self.basket.ledger else { return };
        let Some(currency) = self.recorded.iter().flatten().map(|r| r.completed.terms.currency).next() else {
            return;
        };
        let mut accounts = Accounts::default();
        for (recorded, number) in self.recorded.iter().zip(1..) {
            let Some(recorded) = recorded else { continue };
            accounts.add(&recorded.postings);
            for line in recorded.lines.iter().filter(|line| line.entered.direction == Direction::Sale) {
                let parts = self.returned(sale_id(number), line.entered.line);
                let postings = post_remainder(&recorded.completed.terms, line, &remainder(line, &parts));
                if !sum(&postings).is_zero() {
                    self.complaints.push(format!("a remainder does not balance: {postings:?}"));
                }
                accounts.add(&postings);
            }
        }
        let named = |(account, sum): (&String, &String)| (format!("ledger of {account}"), sum.clone());
        let held = accounts.texts(currency);
        let mut reckoned: Figures = held.iter().map(named).collect();
        for account in expected.keys() {
            let sum = money(accounts.of(account), currency);
            reckoned.insert(format!("ledger of {account}"), sum);
        }
        let expected: Figures = expected.iter().map(named).collect();
        self.complaints.extend(differences(&expected, &reckoned));
    }

    fn rules(&self, document: &Document) -> Rules {
        let stated: basket::Terms = overlaid(&self.basket.terms, Some(&document.terms));
        let currency = Currency::from_code(&stated.currency).unwrap();
        let step = |step: String| CashRounding { step_minor: minor(&step, currency.exponent).get() };
        let numbered = self.basket.items.iter().zip(1..);
        let products: BTreeMap<&str, ProductId> = numbered
            .clone()
            .map(|((name, _), n)| (name.as_str(), ProductId(Uuid::from_u128(n))))
            .collect();
        let items = numbered.map(|((name, fields), _)| {
            let stated: basket::Item = overlaid(fields, document.items.get(name));
            (name.clone(), item(name, &stated, products[name.as_str()], currency.exponent))
        });
        let promotion = |stated: &basket::Promotion| Promotion {
            name: stated.name.clone(),
            products: stated.items.iter().map(|name| products[name.as_str()]).collect(),
            buy: stated.buy,
            pay: stated.pay,
        };
        Rules {
            terms: Terms {
                currency,
                prices: stated.prices,
                tax_rounding: stated.tax_rounding,
                cash_rounding: stated.cash_rounding.map(step),
            },
            items: items.collect(),
            promotions: self.basket.promotions.iter().map(promotion).collect(),
        }
    }
}

fn item(name: &str, stated: &basket::Item, product: ProductId, exponent: u8) -> catalogue::Item {
    catalogue::Item {
        product: stated.catalogued.then_some(product),
        kind: stated.kind,
        unit_price: stated.price.as_ref().map(|price| unit_price(price, exponent)),
        tracked: stated.tracked,
        unit_cost: stated.cost.as_ref().map(|cost| unit_price(cost, exponent)),
        discountable: stated.discountable,
        ..catalogue::Item::open(name, name, None, stated.taxes.iter().map(|tax| tax_rate(tax)).collect())
    }
}

/// A tax by its name `jurisdiction/rate`; one jurisdiction levies one tax here, whatever its rate at the time.
fn tax_rate(name: &str) -> TaxRate {
    let (jurisdiction, rate) = name.rsplit_once('/').unwrap();
    let number = jurisdiction.bytes().fold(0, |number, byte| number << 8 | u128::from(byte));
    TaxRate {
        tax: TaxId(Uuid::from_u128(number)),
        jurisdiction: jurisdiction.to_owned(),
        rate: Rate::percent(rate).unwrap(),
    }
}

fn reduction((source, amount): &(String, String), exponent: u8) -> Reduction {
    Reduction {
        source: serde_json::from_value(source.as_str().into()).unwrap(),
        name: None,
        reason: None,
        amount_minor: minor(amount, exponent),
    }
}

fn sale_id(document: usize) -> SaleId {
    SaleId(Uuid::from_u128(document as u128))
}

fn authority(step: &Step) -> Authority {
    let person =
        |number, role: &str| Person::with_role(StaffId(Uuid::from_u128(number)), role, &default_roles());
    Authority {
        actor: person(1, step.by.as_deref().unwrap_or("manager")),
        approver: step.approved_by.as_ref().map(|role| person(2, role)),
    }
}

/// The completed document among a sale's events.
fn recorded(events: &[Event]) -> Option<Recorded> {
    let mut lines: Vec<Line> = Vec::new();
    let mut completed: Option<Completed> = None;
    for event in events {
        match event {
            Event::SaleLinesRecorded(part) => lines.extend(part.lines.clone()),
            Event::SaleCompleted(whole) => {
                lines.extend(whole.lines.clone());
                completed = Some(whole.clone());
            }
            _ => {}
        }
    }
    Some(Recorded { completed: completed?, lines, postings: events.iter().flat_map(post).collect() })
}

/// What a return line took of an earlier line, in the sign of the earlier line.
fn part(line: &Line, sale: SaleId, number: u32) -> Option<Returned> {
    let entered = &line.entered;
    let takes = entered
        .references
        .iter()
        .any(|reference| (reference.sale, reference.line) == (sale, number));
    takes.then(|| Returned {
        quantity: -entered.quantity,
        net_minor: -line.net_minor,
        extended_minor: -entered.extended_minor,
        tax_minor: line.tax_amounts.iter().map(|tax| -tax.amount_minor).collect(),
    })
}

fn sum(postings: &[Posting]) -> Minor {
    postings.iter().map(|posting| posting.amount_minor).sum()
}

/// The name a basket calls a refusal by.
fn name_of(refusal: &Rejection) -> &'static str {
    match refusal {
        Rejection::NoShift => "NoShift",
        Rejection::NotOpen => "NotOpen",
        Rejection::RecalledBefore => "RecalledBefore",
        Rejection::NoSuchLine(_) => "NoSuchLine",
        Rejection::NoSuchTender(_) => "NoSuchTender",
        Rejection::PaymentBegun => "PaymentBegun",
        Rejection::Empty => "Empty",
        Rejection::NoPrice => "NoPrice",
        Rejection::BeyondLimit(_) => "BeyondLimit",
        Rejection::Senseless(_) => "Senseless",
        Rejection::NotPermitted(NotPermitted::NeedsApproval(_)) => "NeedsApproval",
        Rejection::NotPermitted(NotPermitted::Denied(_)) => "Denied",
        Rejection::NotReturnable(NotReturnable::IsReturn) => "IsReturn",
        Rejection::NotReturnable(NotReturnable::TooMuch(_)) => "TooMuch",
        Rejection::NotReturnable(NotReturnable::Nothing) => "Nothing",
        Rejection::NoSuchTenderType(_) => "NoSuchTenderType",
        Rejection::OverTender(_) => "OverTender",
        Rejection::Unsettled(_) => "Unsettled",
        Rejection::UnknownTaxClass(_) => "UnknownTaxClass",
        Rejection::NeedsVoucher => "NeedsVoucher",
        Rejection::NeedsCustomer => "NeedsCustomer",
    }
}
