//! What happens in an organisation, as the logs of its writers: head office, two tills of one store, and copies of their directories.
//!
//! Keys, ids and times are counted, never drawn, so one script always gives the same bytes. Writers do not hear of each other unless
//! the script says so: their times tie and cross, their bases and returns know of whatever the script picked.

use proptest::sample::Index;
use serde_json::{Value, json};
use uuid::Uuid;

use daybook_core::amount::{Currency, Minor, Quantity, Rate, UnitPrice};
use daybook_core::chain::{Hash, Seal, Tip};
use daybook_core::envelope::EventText;
use daybook_core::event::description::{
    PriceChanged, ProductArchived, ProductChanged, ProductCreated, ProductFields, StaffChanged, StaffFields,
};
use daybook_core::event::origin::{ConflictAnswered, Opened as OriginOpened, Reason, Role};
use daybook_core::event::sale::{
    AmountSource, BegunAs, CartLine, Completed, Direction, Line, LineKind, LinesRecorded, Number, Prices,
    Reference, TaxRate, TaxRounding, Tender, TenderClass, TenderState, Terms,
};
use daybook_core::event::shift::{Closed, Counters, Opened as ShiftOpened};
use daybook_core::event::stock::{Adjusted, Arrived, Counted, Received, Sent, StockLine};
use daybook_core::event::{Event, Reading};
use daybook_core::identity::KeyPair;
use daybook_core::identity::certificate::{CERTIFICATE_VERSION, Certificate, SignedCertificate};
use daybook_core::ids::{
    EventId, OrganisationId, OriginId, ProductId, SaleId, ShiftId, StaffId, StoreId, TaxId, TillId,
};
use daybook_core::record::{Circumstances, Draft, Recorded, Writer};
use daybook_core::sale::reckon::reckon;
use daybook_core::sale::returns::{Original, Returned, return_line};
use daybook_core::time::{Day, Now};

/// Head office, till A, till B, a copy of A, another copy of A, a copy of B.
pub const WRITERS: usize = 6;
/// Head office among the writers.
pub const HEAD_OFFICE: usize = 0;

/// Something that a writer does at a moment.
#[derive(Clone, Debug)]
pub struct Step {
    /// Who.
    pub writer: usize,
    /// When, in microseconds after a common start: near enough to tie and to cross.
    pub moment: i64,
    /// Its business day, or none.
    pub day: u8,
    /// What.
    pub deed: Deed,
}

/// What a writer does.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Sets fields of a product, having seen the edits that the bits pick; none: it says nothing about what it saw.
    Edit { product: usize, field: usize, value: i64, seen: Option<u8> },
    /// Sets a price of a price list.
    Price { product: usize, own_store: bool, value: i64, seen: Option<u8> },
    /// Changes a person.
    Staff { active: bool },
    /// Moves or counts goods.
    Stock { what: u8, goods: Vec<(usize, i64)> },
    /// Sells: product, pieces, tracked, what the screen showed.
    Sell { lines: Vec<(usize, i64, bool, Option<i64>)>, parts: usize, wrong_by: i64, again: Option<Index> },
    /// Takes back a share of a line, knowing of the earlier returns that the bits pick.
    TakeBack { sale: Index, share: i64, knows: u8, restocked: bool },
    /// Takes back one piece of two lines in one line.
    TakeBackTwo { sales: (Index, Index) },
    /// Opens or closes a shift.
    Shift { opens: bool },
    /// Records something that means nothing here.
    Strange(u8),
}

/// A sold line that can come back.
#[derive(Clone, Debug)]
pub struct Sold {
    /// The document.
    pub sale: SaleId,
    /// Its rules.
    pub terms: Terms,
    /// The line.
    pub line: Line,
    /// What came back of it.
    pub returned: Vec<Returned>,
}

/// The log of one writer.
#[derive(Clone, Debug)]
pub struct Log {
    /// The origin. A copy has that of the original.
    pub origin: OriginId,
    /// Its key.
    pub key: KeyPair,
    /// The events with the hash before each.
    pub events: Vec<(Hash, Tip, EventText)>,
    /// How many of them are those of the log it was copied from.
    pub copied: usize,
    last_at: i64,
}

impl Log {
    /// The last event.
    pub fn tip(&self) -> Tip {
        self.events.last().map_or(Tip::NONE, |(_, tip, _)| *tip)
    }

    /// The certificate of its writer, for a till of this store.
    pub fn certificate(&self, store: Option<StoreId>) -> SignedCertificate {
        let (_, _, text) = &self.events[0];
        let Event::OriginOpened(opened) = first(text) else { panic!("a log begins with its opening") };
        let certificate = Certificate {
            v: CERTIFICATE_VERSION,
            organisation: opened.organisation,
            origin: self.origin,
            role: opened.role,
            store,
            store_name: None,
            till: opened.till,
            name: opened.name,
            series: opened.series,
            public_key: self.key.public(),
            parent: None,
            issued_wall: 0,
        };
        SignedCertificate::issue(&certificate, &self.key)
    }

    /// The seal of an event, as a push of it carries.
    pub fn seal(&self, tip: Tip) -> Seal {
        Seal::sign(self.key.signing_key(), self.origin, tip)
    }
}

/// The logs of all writers, and what the script remembers while it is written.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// The logs; none where a writer did nothing.
    pub logs: Vec<Option<Log>>,
    /// Lines that can come back.
    pub sold: Vec<Sold>,
    edits: Vec<(String, Hash)>,
    ids: u128,
    numbers: i64,
}

/// The store.
pub fn store() -> StoreId {
    StoreId(Uuid::from_u128(0x57))
}

/// The till of a writer; a copy is of the same till.
fn till(writer: usize) -> TillId {
    TillId(Uuid::from_u128(if writer == 2 || writer == 5 { 2 } else { 1 }))
}

fn first(text: &EventText) -> Event {
    let envelope = text.read_envelope().expect("an envelope");
    match Event::read(&envelope.kind, envelope.v, &text.payload) {
        Reading::Known(event) => *event,
        other => panic!("{other:?}"),
    }
}

fn euro() -> Currency {
    Currency::from_code("EUR").expect("a currency")
}

fn product(number: usize) -> ProductId {
    ProductId(Uuid::from_u128(0x900 + number as u128))
}

fn terms(prices: Prices) -> Terms {
    Terms { currency: euro(), prices, tax_rounding: TaxRounding::Document, cash_rounding: None }
}

impl Organisation {
    /// Plays a script.
    pub fn play(steps: &[Step]) -> Self {
        let logs = vec![None; WRITERS];
        let mut played = Organisation { logs, sold: Vec::new(), edits: Vec::new(), ids: 0, numbers: 0 };
        for step in steps {
            played.begin(step.writer, step.moment);
            played.play_step(step);
        }
        played
    }

    /// Head office answers conflicts: id, evidence and choice of each.
    pub fn answer(&mut self, answers: Vec<(String, Hash, String)>) {
        for (moment, (conflict, evidence, option)) in (0..).zip(answers) {
            self.begin(HEAD_OFFICE, moment);
            let answered = ConflictAnswered { conflict, evidence, option };
            self.record(HEAD_OFFICE, moment, 0, vec![(answered.into(), None)]);
        }
    }

    fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(0xA000 + self.ids)
    }

    /// The log of a writer, opened or copied where it does not exist yet.
    fn begin(&mut self, writer: usize, moment: i64) {
        if self.logs[writer].is_some() {
            return;
        }
        if writer > 2 {
            let original = if writer == 5 { 2 } else { 1 };
            self.begin(original, moment);
            let mut copy = self.logs[original].clone().expect("an original");
            // A copy of today, or of some days ago; the opening is always in it.
            let kept = 1 + usize::try_from(moment).expect("a moment") % copy.events.len();
            copy.events.truncate(kept);
            copy.copied = kept;
            let last = copy.events.last().and_then(|(_, _, text)| text.read_envelope().ok());
            copy.last_at = last.map_or(copy.last_at, |envelope| envelope.at);
            self.logs[writer] = Some(copy);
            return;
        }
        let key = KeyPair::from_seed([u8::try_from(writer).expect("few writers") + 1; 32]);
        let origin = OriginId(Uuid::from_u128(0x0F0 + writer as u128));
        let role = if writer == HEAD_OFFICE { Role::HeadOffice } else { Role::Till };
        let opened = OriginOpened {
            organisation: OrganisationId(Uuid::from_u128(1)),
            role,
            reason: Reason::Enrolled,
            store: (writer != HEAD_OFFICE).then(store),
            till: (writer != HEAD_OFFICE).then(|| till(writer)),
            name: ["Office", "A", "B"][writer].to_owned(),
            series: ["HO", "A", "B"][writer].to_owned(),
            public_key: key.public().text(),
            parent: None,
            counters: None,
        };
        self.logs[writer] = Some(Log { origin, key, events: Vec::new(), copied: 0, last_at: 0 });
        self.record(writer, 0, 0, vec![(opened.into(), None)]);
    }

    /// Records events in one commit, each with its base where it is an edit. Gives their hashes.
    fn record(
        &mut self,
        writer: usize,
        moment: i64,
        day: u8,
        events: Vec<(Event, Option<Vec<Hash>>)>,
    ) -> Vec<Recorded> {
        let draft = |(event, base): (Event, Option<Vec<Hash>>)| {
            let id = EventId(self.id());
            Draft { id, event, rev: 1, base }
        };
        let drafts: Vec<Draft> = events.into_iter().map(draft).collect();
        self.record_drafts(writer, moment, day, drafts)
    }

    fn record_drafts(&mut self, writer: usize, moment: i64, day: u8, drafts: Vec<Draft>) -> Vec<Recorded> {
        let log = self.logs[writer].as_mut().expect("an open log");
        let circumstances = Circumstances {
            now: Now { wall: 1_772_442_000_000_000 + moment, offset: 0 },
            actor: None,
            approver: None,
            command: None,
            day: ["", "2026-03-02", "2026-03-03"].get(usize::from(day)).and_then(|day| Day::parse(day)),
        };
        let at = Writer { origin: log.origin, tip: log.tip(), last_at: log.last_at };
        let (recorded, after) = at.record(drafts, &circumstances, &log.key, true).expect("small events");
        log.last_at = after.last_at;
        log.events
            .extend(recorded.iter().map(|event| (event.prev, event.tip, event.text.clone())));
        recorded
    }

    /// Links a text that is none of this version's events.
    fn record_text(&mut self, writer: usize, moment: i64, kind: &str, v: u32, payload: &Value) {
        let id = self.id();
        let log = self.logs[writer].as_mut().expect("an open log");
        let tip = log.tip();
        log.last_at = (1_772_442_000_000_000 + moment).max(log.last_at + 1);
        let envelope = json!({
            "id": id, "origin": log.origin, "seq": tip.seq + 1, "at": log.last_at, "wall": log.last_at, "offset": 0,
            "stream": "strange/1", "rev": 1, "type": kind, "v": v,
        });
        let envelope = if kind.is_empty() { json!({"no": "envelope"}) } else { envelope };
        let text = EventText { envelope: envelope.to_string(), payload: payload.to_string(), seal: None };
        let next = Tip { seq: tip.seq + 1, hash: text.hash(tip.hash) };
        log.events.push((tip.hash, next, text));
    }

    fn play_step(&mut self, step: &Step) {
        let (writer, moment, day) = (step.writer, step.moment, step.day);
        match &step.deed {
            Deed::Edit { product: number, field, value, seen } => {
                let product = product(*number);
                let mut fields = no_fields();
                match field {
                    0 => fields.name = Some(format!("Tea {value}")),
                    1 => fields.sku = Some(format!("{value}")),
                    2 => fields.price = Some(UnitPrice::from_minor(*value)),
                    3 => fields.tracked = Some(value % 2 == 0),
                    _ => fields.codes = Some(vec![format!("{value}"), "4711".to_owned()]),
                }
                let event = match value % 7 {
                    0 => ProductCreated { product, fields }.into(),
                    1 if *field == 0 => ProductArchived { product }.into(),
                    _ => ProductChanged { product, fields }.into(),
                };
                self.edit(step, event, *seen);
            }
            Deed::Price { product: number, own_store, value, seen } => {
                let price = PriceChanged {
                    product: product(*number),
                    list: "shelf".to_owned(),
                    store: own_store.then(store),
                    currency: euro(),
                    price: UnitPrice::from_minor(*value),
                    valid_from: (value % 2 == 0).then_some(*value),
                };
                self.edit(step, price.into(), *seen);
            }
            Deed::Staff { active } => {
                let fields = StaffFields {
                    number: Some("7".to_owned()),
                    role: None,
                    store: None,
                    active: Some(*active),
                };
                self.edit(
                    step,
                    StaffChanged { staff: StaffId(Uuid::from_u128(0x57AF)), fields }.into(),
                    None,
                );
            }
            Deed::Stock { what, goods } => {
                let event = stock(*what, goods);
                self.record(writer, moment, day, vec![(event, None)]);
            }
            Deed::Sell { lines, parts, wrong_by, again } => {
                let entered = lines.iter().zip(1..).map(|(line, number)| entered(number, line)).collect();
                let earlier = again.as_ref().filter(|_| !self.sold.is_empty());
                let sale = match earlier.map(|index| index.get(&self.sold).sale) {
                    Some(sale) => sale,
                    None => SaleId(self.id()),
                };
                self.complete(step, sale, BegunAs::Sale, entered, *parts, *wrong_by);
            }
            Deed::TakeBack { sale, share, knows, restocked } => {
                if !self.sold.is_empty() {
                    let index = sale.index(self.sold.len());
                    let quantity = self.sold[index].line.entered.quantity.thousandths() * share / 4;
                    self.take_back(step, index, Quantity::from_thousandths(quantity), *knows, *restocked);
                }
            }
            Deed::TakeBackTwo { sales } => {
                if self.sold.is_empty() {
                    return;
                }
                let of = |index: &Index| {
                    let sold = index.get(&self.sold);
                    Reference {
                        sale: sold.sale,
                        line: sold.line.entered.line,
                        quantity: Quantity::ONE,
                        amount_minor: Minor::new(100),
                    }
                };
                let references = vec![of(&sales.0), of(&sales.1)];
                let mut line = entered(1, &(0, -2, false, None));
                line.direction = Direction::Return;
                line.references = references;
                let returns = SaleId(self.id());
                self.complete(step, returns, BegunAs::Return, vec![line], 0, 0);
            }
            Deed::Shift { opens } => {
                let shift = ShiftId(Uuid::from_u128(0x5111 + writer as u128));
                self.record(writer, moment, day, vec![(shift_event(writer, shift, *opens), None)]);
            }
            Deed::Strange(which) => {
                let (kind, v, payload) = strange(*which);
                self.record_text(writer, moment, kind, v, &payload);
            }
        }
    }

    /// Takes back so much of a sold line, knowing of the earlier returns that the bits pick. Who knows that less is left does nothing.
    pub fn take_back(&mut self, step: &Step, index: usize, quantity: Quantity, knows: u8, restocked: bool) {
        let sold = &self.sold[index];
        let known = sold.returned.iter().enumerate().filter(|(n, _)| knows >> (n % 8) & 1 == 1);
        let original = Original {
            sale: sold.sale,
            prices: sold.terms.prices,
            currency: sold.terms.currency,
            line: sold.line.clone(),
            returned: known.map(|(_, part)| part.clone()).collect(),
        };
        let Ok(line) = return_line(&original, 1, quantity, restocked) else { return };
        self.begin(step.writer, step.moment);
        let returns = SaleId(self.id());
        let lines = self.complete(step, returns, BegunAs::Return, vec![line], 0, 0);
        self.sold[index].returned.extend(lines.iter().map(taken));
    }

    fn edit(&mut self, step: &Step, event: Event, seen: Option<u8>) {
        let stream = event.stream();
        let known = self.edits.iter().filter(|(subject, _)| *subject == stream).map(|(_, hash)| *hash);
        // The newest edits are those that somebody may have seen; and one that nobody here knows of.
        let newest: Vec<Hash> = known.rev().take(3).collect();
        let base = seen.map(|bits| {
            let seen = newest.iter().enumerate().filter(|(n, _)| bits >> n & 1 == 1);
            let lost = (bits & 0b1_0000 != 0).then_some(Hash([7; 32]));
            seen.map(|(_, hash)| *hash).chain(lost).collect()
        });
        for recorded in self.record(step.writer, step.moment, step.day, vec![(event, base)]) {
            self.edits.push((stream.clone(), recorded.tip.hash));
        }
    }

    /// Completes a document, its lines in so many parts and its totals wrong by so much. Gives its lines.
    fn complete(
        &mut self,
        step: &Step,
        sale: SaleId,
        begun_as: BegunAs,
        entered: Vec<CartLine>,
        parts: usize,
        wrong_by: i64,
    ) -> Vec<Line> {
        let prices = if sale.0.as_u128().is_multiple_of(2) {
            Prices::Inclusive
        } else {
            Prices::Exclusive
        };
        // What comes back keeps the way its original stated prices.
        let prices = entered
            .first()
            .and_then(|line| line.references.first())
            .and_then(|reference| self.sold.iter().find(|sold| sold.sale == reference.sale))
            .map_or(prices, |sold| sold.terms.prices);
        let terms = terms(prices);
        let reckoned = reckon(&terms, &entered, &[], &[]);
        let document = EventId(self.id());
        self.numbers += 1;
        let mut lines = reckoned.lines.clone();
        let mut drafts = Vec::new();
        let of = parts.min(lines.len().saturating_sub(1));
        for part in 1..=of {
            let recorded = LinesRecorded {
                sale,
                document,
                parks: false,
                store: store(),
                terms: terms.clone(),
                part: u32::try_from(part).expect("few parts"),
                of: u32::try_from(of).expect("few parts"),
                lines: vec![lines.remove(0)],
            };
            drafts.push(Draft { id: EventId(self.id()), event: recorded.into(), rev: 1, base: None });
        }
        let mut totals = reckoned.totals;
        totals.total_minor += Minor::new(wrong_by);
        let tender = Tender {
            tender: 1,
            tender_type: "cash".to_owned(),
            class: TenderClass::Cash,
            amount_minor: totals.total_minor,
            given_minor: None,
            change_minor: None,
            rounding_minor: None,
            state: TenderState::Settled,
            card: None,
            voucher: None,
            foreign: None,
        };
        let completed = Completed {
            sale,
            begun_as,
            store: store(),
            till: till(step.writer),
            shift: ShiftId(Uuid::from_u128(0x5111)),
            // Copies of a till go on with the same numbers.
            number: Number { series: "A".to_owned(), number: self.numbers / 3 },
            terms: terms.clone(),
            local_time: "2026-03-02T10:00:00".to_owned(),
            utc_offset_minutes: 0,
            customer: None,
            from_parked: None,
            voids: None,
            lines,
            parts: u32::try_from(of).expect("few parts"),
            taxes: reckoned.taxes,
            totals,
            tenders: vec![tender],
            slip: None,
        };
        drafts.push(Draft { id: document, event: completed.into(), rev: 1, base: None });
        self.record_drafts(step.writer, step.moment, step.day, drafts);
        let sold =
            |line: &Line| Sold { sale, terms: terms.clone(), line: line.clone(), returned: Vec::new() };
        if begun_as == BegunAs::Sale {
            self.sold.extend(reckoned.lines.iter().map(sold));
        }
        reckoned.lines
    }
}

/// What a return line took of its original, in the original's sign.
fn taken(line: &Line) -> Returned {
    Returned {
        quantity: -line.entered.quantity,
        net_minor: -line.net_minor,
        extended_minor: -line.entered.extended_minor,
        tax_minor: line.tax_amounts.iter().map(|tax| -tax.amount_minor).collect(),
    }
}

fn no_fields() -> ProductFields {
    ProductFields {
        sku: None,
        name: None,
        department: None,
        kind: None,
        codes: None,
        tax_class: None,
        tracked: None,
        discountable: None,
        unit: None,
        price: None,
        cost: None,
        archived: None,
    }
}

fn entered(number: u32, line: &(usize, i64, bool, Option<i64>)) -> CartLine {
    let (kind, pieces, tracked, shown) = *line;
    let quantity = Quantity::of(pieces);
    let price = UnitPrice::from_ten_thousandths(3_337_777 + 1_000_000 * i64::try_from(kind).expect("few"));
    let tax = |number: u128, rate: &str| TaxRate {
        tax: TaxId(Uuid::from_u128(number)),
        jurisdiction: "DE".to_owned(),
        rate: Rate::percent(rate).expect("a rate"),
    };
    CartLine {
        line: number,
        direction: Direction::Sale,
        kind: LineKind::Goods,
        product: Some(product(kind)),
        sku: format!("{kind}"),
        name: format!("Tea {kind}"),
        department: None,
        serial: None,
        quantity,
        unit_price: Some(price),
        price_source: None,
        price_event: None,
        price_reason: None,
        extended_minor: price.extend(quantity),
        extended_from: AmountSource::Unit,
        reductions: Vec::new(),
        taxes: if kind == 0 {
            vec![tax(1, "19"), tax(2, "0.375")]
        } else {
            vec![tax(1, "19")]
        },
        taxes_taken: None,
        exemption: None,
        discountable: true,
        references: Vec::new(),
        tracked,
        on_hand_shown: shown.map(Quantity::of),
        unit_cost: (kind != 1).then(|| UnitPrice::from_ten_thousandths(1_234_567)),
        voucher: None,
        restocked: true,
    }
}

fn stock(what: u8, goods: &[(usize, i64)]) -> Event {
    let line = |(number, pieces): &(usize, i64)| StockLine {
        product: (*number < 3).then(|| product(*number)),
        sku: format!("{number}"),
        quantity: Quantity::of(*pieces),
        unit_cost: Some(UnitPrice::from_ten_thousandths(1_234_567)),
    };
    let lines: Vec<StockLine> = goods.iter().map(line).collect();
    let (store, currency, transfer) = (store(), Some(euro()), "T1".to_owned());
    match what {
        0 => Received { store, lines, currency, document: None }.into(),
        1 => Counted { store, session: "1".to_owned(), lines, currency, zone_closed: true }.into(),
        2 => Adjusted { store, reason: "broken".to_owned(), lines, currency }.into(),
        3 => Sent { transfer, store, to: StoreId(Uuid::from_u128(0x58)), lines, currency }.into(),
        _ => Arrived { transfer, store, lines, currency }.into(),
    }
}

fn shift_event(writer: usize, shift: ShiftId, opens: bool) -> Event {
    let (store, till, currency) = (store(), till(writer), euro());
    let day = Day::parse("2026-03-02").expect("a day");
    if opens {
        return ShiftOpened { shift, store, till, day, currency, float_minor: Minor::new(10_000) }.into();
    }
    let none = Minor::ZERO;
    Closed {
        shift,
        store,
        till,
        day,
        number: 1,
        last_number: 1,
        currency,
        documents: 0,
        gross_sales_minor: none,
        gross_returns_minor: none,
        reductions_minor: none,
        net_minor: none,
        tax_minor: none,
        taxes: None,
        rounding_minor: none,
        float_minor: Minor::new(10_000),
        cash_moved_minor: none,
        drawer_openings: 0,
        tenders: Vec::new(),
        over_short_minor: Some(Minor::new(-3)),
        counters: Counters { gross_sales_minor: none, gross_returns_minor: none, documents: 0, shifts: 1 },
    }
    .into()
}

/// Type, version and payload of something strange: unknown, broken, or well-formed and beyond all measure.
fn strange(which: u8) -> (&'static str, u32, Value) {
    let uuid = Uuid::from_u128(3);
    let stock = |cost: i64, quantity: i64| {
        json!({"store": store(), "lines": [{"product": product(0), "sku": "x", "quantity": quantity, "unit_cost": cost}],
               "currency": {"code": "EUR", "exponent": 2}})
    };
    let document = |exponent: u8, rate: &str, line: Value, parts: u32| {
        let mut entered = json!({"line": 1, "direction": "return", "kind": "goods", "product": product(0), "sku": "x", "name": "x",
            "quantity": -1000, "extended_minor": -100, "extended_from": "open",
            "taxes": [{"tax": uuid, "jurisdiction": "DE", "rate": rate}]});
        entered
            .as_object_mut()
            .expect("an object")
            .extend(line.as_object().expect("an object").clone());
        json!({"sale": uuid, "begun_as": "sale", "store": store(), "till": uuid, "shift": uuid,
            "number": {"series": "A", "number": 1}, "local_time": "", "utc_offset_minutes": 0, "parts": parts,
            "terms": {"currency": {"code": "EUR", "exponent": exponent}, "prices": "inclusive", "tax_rounding": "document"},
            "lines": [{"entered": entered, "net_minor": -100}],
            "totals": {"lines": 1, "gross_sales_minor": 0, "gross_returns_minor": -100, "reductions_minor": 0, "net_minor": -100,
                       "tax_minor": 0, "total_minor": -99, "rounding_minor": 0}})
    };
    let sale = json!({"direction": "sale"});
    let refers = json!({"references": [
        {"sale": uuid, "line": 1, "quantity": i64::MAX, "amount_minor": 1},
        {"sale": uuid, "line": 1, "quantity": i64::MAX, "amount_minor": 1}]});
    match which {
        0 => ("sale.levitated", 1, json!({})),
        1 => ("sale.completed", 99, json!({"anything": [1, 2]})),
        2 => ("sale.completed", 1, json!({})),
        3 => ("", 1, json!({})),
        4 => ("stock.received", 1, stock(i64::MAX, 1_000_000_000_000)),
        5 => ("stock.received", 1, stock(1, i64::MAX)),
        6 => ("sale.completed", 1, document(200, "19", sale, 0)),
        7 => ("sale.completed", 1, document(2, "-100", sale, 0)),
        8 => ("sale.completed", 1, document(2, "19", refers, 0)),
        9 => ("sale.completed", 1, document(2, "19", sale, u32::MAX)),
        _ => ("sale.completed", 1, document(2, "79228162514264337593543950335", sale, 0)),
    }
}
