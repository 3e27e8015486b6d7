//! A long past: a till's own books of so many sales, made of real events by the core's own decisions and kept through the store's own
//! door, only in large commits that are not flushed.
//!
//! What a window would have asked for is decided by [`daybook_core::sale::decide`], recorded by a [`Writer`] and appended to the log, with the
//! answers of its commands, and to the journal file. The till that opens these books afterwards cannot tell them from others.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use daybook_core::amount::{Minor, Quantity};
use daybook_core::authority::{Authority, Person, default_roles};
use daybook_core::catalogue::Item;
use daybook_core::event::Event;
use daybook_core::event::description::TenderType;
use daybook_core::event::sale::{BegunAs, Number, Prices, TaxRounding, Terms};
use daybook_core::event::shift::Count;
use daybook_core::identity::KeyPair;
use daybook_core::ids::{CommandId, EventId, SaleId, ShiftId, uuid_v7};
use daybook_core::project::Input;
use daybook_core::record::{Circumstances, Draft, Writer};
use daybook_core::sale::decide::{self, NewLine};
use daybook_core::sale::tender::{TenderStatement, default_tender_types};
use daybook_core::sale::{Phase, Sale};
use daybook_core::shift::{self, Book};
use daybook_core::time::{Now, Zone};
use daybook_store::file::DirectoryLock;
use daybook_store::till::{KeptEvent, TillLog};
use daybook_store::views::questions;
use daybook_store::{Durability, Reader};
use daybook_till::identity::{Identity, Keys};
use daybook_till::journal::Journal;
use daybook_till::{Answer, NoKeystore};
use serde_json::json;
use uuid::Uuid;

use super::random::Random;

/// Sales of one shift, which is one day.
pub const SALES_PER_SHIFT: usize = 1_000;
/// Events of one commit.
const EVENTS_PER_COMMIT: usize = 20_000;
/// Microseconds between two sales.
const BETWEEN_SALES: i64 = 30_000_000;
/// Microseconds between the openings of two shifts.
const BETWEEN_SHIFTS: i64 = 86_400_000_000;
/// The most lines of a sale; there are two on average.
const LINES_MAX: usize = 3;
/// One in so many sales is set aside and recalled.
const PARKED_ONE_IN: usize = 100;

/// What head office has heard of the sales.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Everything, as of all but a till's last hours.
    Everything,
    /// Nothing, as of what is sold without a network.
    Nothing,
}

/// Adds so many sales to the books of a till that is closed.
pub fn sell(
    data: &Path,
    journal: &Path,
    sales: usize,
    heard: Heard,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    let _lock = DirectoryLock::take(data)?;
    let mut counter = Counter::open(data, journal)?;
    let mut sold = 0;
    while sold < sales {
        let today = SALES_PER_SHIFT.min(sales - sold);
        counter.play_shift(today)?;
        sold += today;
        if sold % (SALES_PER_SHIFT * 50) == 0 {
            tell(&format!("{sold} of {sales} sales are in the books"));
        }
    }
    counter.keep()?;
    if heard == Heard::Everything { counter.acknowledge() } else { Ok(()) }
}

/// Adds the sales of so many days to the books of a till that is closed, of which head office hears nothing, until they hold so many
/// events more; gives how many sales that were. A day's sales fit into it up to some 11,500 events.
pub fn sell_for_days(
    data: &Path,
    journal: &Path,
    days: u32,
    events: i64,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<usize> {
    let _lock = DirectoryLock::take(data)?;
    let mut counter = Counter::open(data, journal)?;
    let (first, mut sales) = (counter.writer.tip.seq, 0);
    for day in 1..=days {
        let goal = first + events * i64::from(day) / i64::from(days);
        counter.play_day(|counter| {
            sales += 1;
            counter.writer.tip.seq < goal
        })?;
        if day % 10 == 0 || day == days {
            tell(&format!("day {day}: {} events are in the books", counter.writer.tip.seq));
        }
    }
    counter.keep()?;
    Ok(sales)
}

/// Who stands at the counter, and everything they need.
struct Counter {
    log: TillLog,
    journal: Journal,
    key: KeyPair,
    writer: Writer,
    book: Book,
    terms: Terms,
    tender_types: BTreeMap<String, TenderType>,
    zone: Zone,
    authority: Authority,
    series: String,
    place: (daybook_core::ids::StoreId, daybook_core::ids::TillId),
    items: Vec<Item>,
    random: Random,
    wall: i64,
    revisions: BTreeMap<String, i64>,
    waiting: Vec<KeptEvent>,
    answers: Vec<(CommandId, daybook_core::chain::Tip, String)>,
}

impl Counter {
    fn open(data: &Path, journal: &Path) -> anyhow::Result<Self> {
        let log = TillLog::open(data, Durability::Off)?;
        let views = Reader::open(data.join("views.db"))?;
        let identity = log.fact("identity")?.context("this till belongs to no store")?;
        let identity: Identity = serde_json::from_str(&identity)?;
        let certificate = identity.current().context("the till has no certificate")?;
        let store = certificate.store.context("the till has no store")?;
        let till = certificate.till.context("the till has no name")?;
        let key = Keys::read(data, &NoKeystore)?
            .origins
            .get(&certificate.origin)
            .context("the till has no key")?
            .clone();
        let tip = log.own_tip(certificate.origin)?;
        let last = daybook_store::events::find(log.connection(), certificate.origin, tip)?;
        let last = last.context("the till's log is empty")?.text.read_envelope();
        let last = last.map_err(|error| anyhow!("the last event cannot be read: {error}"))?;
        let mut book = Book::default();
        for event in log.own_chain(certificate.origin, log.book_start(certificate.origin)?, tip.seq)? {
            if let Ok((_, event)) = Input::read(event.origin, event.tip, &event.text).content {
                book.evolve(&event);
            }
        }
        let settings = questions::settings(&views, Some(store))?;
        let people = questions::staff(&views, Some(store))?;
        let (manager, _, role) = people
            .into_iter()
            .find(|(_, _, role)| role == "manager")
            .context("there is no manager")?;
        let mut items = Vec::new();
        let mut codes = views.prepare("SELECT sku FROM products ORDER BY sku")?;
        let codes: Vec<String> = codes.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for code in codes {
            items.extend(questions::item(&views, store, &code, last.wall)?);
        }
        anyhow::ensure!(!items.is_empty(), "the till knows no products");
        Ok(Counter {
            journal: Journal::open(journal)?,
            key,
            writer: Writer { origin: certificate.origin, tip, last_at: last.at },
            book,
            terms: Terms {
                currency: settings.currency.context("the store has no currency")?,
                prices: settings.prices.unwrap_or(Prices::Inclusive),
                tax_rounding: settings.tax_rounding.unwrap_or(TaxRounding::Document),
                cash_rounding: settings.cash_rounding,
            },
            tender_types: default_tender_types(),
            zone: Zone::new("UTC", 0).context("UTC is a zone")?,
            authority: Authority {
                actor: Person::with_role(manager, &role, &default_roles()),
                approver: None,
            },
            series: certificate.series,
            place: (store, till),
            items,
            random: Random::new(3),
            wall: last.wall,
            revisions: BTreeMap::new(),
            waiting: Vec::new(),
            answers: Vec::new(),
            log,
        })
    }

    /// Opens a shift, sells, counts and closes.
    fn play_shift(&mut self, mut sales: usize) -> anyhow::Result<()> {
        self.play_day(|_| {
            sales -= 1;
            sales > 0
        })
    }

    /// The same with a sale, and another one for as long as `goes_on` says so.
    fn play_day(&mut self, mut goes_on: impl FnMut(&Self) -> bool) -> anyhow::Result<()> {
        let opening = self.wall;
        let shift = ShiftId(self.new_uuid());
        self.shift_command(shift::Command::Open { shift, float_minor: Minor::new(10_000) })?;
        loop {
            self.wall += BETWEEN_SALES;
            self.play_sale()?;
            if !goes_on(self) {
                break;
            }
        }
        let expected = self.book.shift.as_ref().map(|shift| shift.expected("cash")).unwrap_or_default();
        let count =
            Count { tender_type: "cash".to_owned(), counted_minor: expected, denominations: BTreeMap::new() };
        self.shift_command(shift::Command::Count(vec![count]))?;
        self.shift_command(shift::Command::Close)?;
        self.revisions.clear();
        self.wall = opening + BETWEEN_SHIFTS;
        Ok(())
    }

    fn play_sale(&mut self) -> anyhow::Result<()> {
        let mut id = SaleId(self.new_uuid());
        let mut sale = Sale::default();
        self.sale_command(&mut sale, id, decide::Command::Open { begun_as: BegunAs::Sale })?;
        for _ in 0..=self.random.below(LINES_MAX) {
            let item = self.items[self.random.favouring_the_first(self.items.len())].clone();
            let quantity = Quantity::of(if self.random.below(5) == 0 { 2 } else { 1 });
            self.sale_command(&mut sale, id, decide::Command::AddLine(NewLine::of(item, quantity)))?;
        }
        if self.random.below(PARKED_ONE_IN) == 0 {
            self.sale_command(&mut sale, id, decide::Command::Park)?;
            let parked = id;
            id = SaleId(self.new_uuid());
            let cart = std::mem::take(&mut sale);
            let recalled = decide::Recalled { parked, cart, before: false, originals: Vec::new() };
            self.sale_command(&mut sale, id, decide::Command::Recall(recalled))?;
        }
        let tender_type = if self.random.below(10) < 6 { "cash" } else { "card" };
        let tender = TenderStatement::of(tender_type, None);
        self.sale_command(&mut sale, id, decide::Command::Pay(tender))?;
        anyhow::ensure!(sale.phase == Phase::Completed, "a sale was not completed");
        self.revisions.retain(|stream, _| !stream.starts_with("sale/"));
        Ok(())
    }

    fn sale_command(&mut self, sale: &mut Sale, id: SaleId, command: decide::Command) -> anyhow::Result<()> {
        let document = EventId(self.new_uuid());
        let context = decide::Context {
            store: self.place.0,
            till: self.place.1,
            shift: self.book.shift.as_ref().map(|shift| shift.opened.shift),
            terms: &self.terms,
            tender_types: &self.tender_types,
            paid: BTreeMap::new(),
            promotions: &[],
            authority: &self.authority,
            next_number: Number { series: self.series.clone(), number: self.book.last_number + 1 },
            document,
            local: self.zone.local(self.wall),
        };
        let decided = decide::decide(sale, id, &context, command)?;
        decided.events.iter().for_each(|event| sale.evolve(event));
        self.record(decided.events, document)
    }

    fn shift_command(&mut self, command: shift::Command) -> anyhow::Result<()> {
        let document = EventId(self.new_uuid());
        let context = shift::Context {
            store: self.place.0,
            till: self.place.1,
            day: self.zone.business_day(self.wall),
            currency: self.terms.currency,
            tender_types: &self.tender_types,
            authority: &self.authority,
            sale_open: false,
        };
        let decided = shift::decide(&self.book, &context, command)?;
        self.record(decided.events, document)
    }

    /// What a till does between deciding and answering, but for the commit, which waits for many.
    fn record(&mut self, events: Vec<Event>, document: EventId) -> anyhow::Result<()> {
        let command = CommandId(self.new_uuid());
        let opened = events.iter().find_map(|event| match event {
            Event::ShiftOpened(opened) => Some(opened.day),
            _ => None,
        });
        let day = opened.or_else(|| self.book.shift.as_ref().map(|shift| shift.opened.day));
        let mut drafts = Vec::new();
        for event in events {
            let id = match &event {
                Event::SaleCompleted(_) | Event::SaleParked(_) => document,
                _ => EventId(self.new_uuid()),
            };
            let rev = self.revisions.entry(event.stream()).or_default();
            *rev += 1;
            drafts.push(Draft { id, event, rev: *rev, base: None });
        }
        let circumstances = Circumstances {
            now: Now { wall: self.wall, offset: 0 },
            actor: Some(self.authority.actor.staff),
            approver: None,
            command: Some(command),
            day,
        };
        let (recorded, writer) = self.writer.record(drafts, &circumstances, &self.key, false)?;
        self.writer = writer;
        let answer = Answer { recorded: Some(writer.tip), repeated: false, receipt: None };
        self.answers.push((command, writer.tip, serde_json::to_string(&answer)?));
        for event in recorded {
            self.book.evolve(&event.event);
            let (tip, prev) = (event.tip, event.prev);
            self.waiting.push(KeptEvent { tip, prev, envelope: event.envelope, text: event.text });
        }
        if self.waiting.len() >= EVENTS_PER_COMMIT {
            self.keep()
        } else {
            Ok(())
        }
    }

    fn keep(&mut self) -> anyhow::Result<()> {
        self.log.take_back(&self.waiting, &self.answers)?;
        self.journal
            .append(self.waiting.iter().map(|event| (event.tip, event.prev, &event.text)))?;
        self.waiting.clear();
        self.answers.clear();
        Ok(())
    }

    /// Keeps that head office has everything.
    fn acknowledge(&mut self) -> anyhow::Result<()> {
        let name = format!("acknowledged/{}", self.writer.origin);
        let known = self.log.fact(&name)?.context("head office never acknowledged anything")?;
        let mut known: serde_json::Value = serde_json::from_str(&known)?;
        known["tip"] = json!(self.writer.tip);
        Ok(self.log.put_fact(&name, &known.to_string())?)
    }

    fn new_uuid(&mut self) -> Uuid {
        uuid_v7(self.wall, self.random.bytes())
    }
}
