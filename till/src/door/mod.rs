//! The door between the window and the till: every question and act comes in here, typed, and leaves as an answer or a fault.
//!
//! The window holds no state of the shop: it asks, shows, and asks again when the till says that something changed. Who is at the till, and
//! what the last act could be taken back with, live here in memory; a till that is started again asks who is there and keeps the cart.

mod acts;
mod cart;
mod devices;
mod fault;
mod health;
mod history;
mod people;
mod preferences;
pub mod sound;
mod status;
pub mod types;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use daybook_core::amount::{Currency, Minor};
use daybook_core::event::Event;
use daybook_core::event::description::Permission;
use daybook_core::event::sale::Prices;
use daybook_core::identity::pin::{Pin, PinCost};
use daybook_core::ids::{CommandId, SaleId, StaffId};
use daybook_core::project::Input;
use daybook_core::sale::tender::round_cash;
use daybook_core::sale::{Phase as SalePhase, Sale};
use daybook_core::secret::Secret;
use daybook_store::StoreError;
use daybook_store::views::{history as past, questions};
use serde::Serialize;
use serde_json::Value as Json;

use acts::{Inverse, Scene};
use fault::{fault, senseless};
use preferences::Preferences;
use sound::{Silence, Speaker};
use types::{
    Act, Acted, Approval, Cart, Department, Done, Fault, FaultKind, ParkedSale, Part, Phase, Product,
    ProductPage, Request, Status,
};

use crate::alone::NewShop;
use crate::session::SignedIn;
use crate::till::{Changes, Inner, Till};

/// Acts that can be taken back, at most.
const UNDO_MAX: usize = 50;
/// Products of a page or a search, at most.
const PRODUCTS_MAX: u32 = 200;

/// What the shell says of itself.
#[derive(Clone, Debug)]
pub struct About {
    /// The version of the program.
    pub version: String,
    /// The language of numbers and dates, BCP 47.
    pub locale: String,
    /// Whether this is a demonstration.
    pub demo: bool,
}

/// The door of one till.
pub struct Door {
    till: Till,
    about: About,
    speaker: Arc<dyn Speaker>,
    held: Mutex<Held>,
}

/// What is remembered between two acts.
struct Held {
    /// Who is at the till.
    signed_in: Option<SignedIn>,
    preferences: Preferences,
    cart: Around,
}

/// What is remembered about the open cart.
#[derive(Default)]
struct Around {
    /// The sale that the rest is about.
    sale: Option<SaleId>,
    touched: Option<u32>,
    undo: Vec<Inverse>,
}

impl Door {
    /// The door of a till, which is silent.
    pub fn new(till: Till, about: About) -> Self {
        let preferences = Preferences::read(&till.lock().options.data);
        let held = Held { signed_in: None, preferences, cart: Around::default() };
        Door { till, about, speaker: Arc::new(Silence), held: Mutex::new(held) }
    }

    /// The same door, heard through a loudspeaker.
    pub fn heard_through(self, speaker: Arc<dyn Speaker>) -> Self {
        Door { speaker, ..self }
    }

    /// The till behind the door.
    pub fn till(&self) -> &Till {
        &self.till
    }

    /// Answers a question or does an act. Blocks while the till works: shells call it off their event loop.
    pub fn answer(&self, request: Request) -> Result<Json, Fault> {
        match request {
            Request::Status => json(&self.status()?),
            Request::Cart => json(&self.cart()?),
            Request::Act { command, act, approval } => json(&self.act(&command, act, approval)?),
            Request::Departments => json(&self.departments()?),
            Request::Products { department, offset, limit } => {
                json(&self.products(department.as_deref(), offset, limit)?)
            }
            Request::Search { text, limit } => json(&self.search(&text, limit)?),
            Request::Parked => json(&self.parked(&self.names())?),
            Request::History { filter, before, limit } => {
                let names = self.names();
                let mut page = self.till.lock().history(&filter, before.as_deref(), limit, &names)?;
                page.others_as_of = self.till.contact().in_step;
                json(&page)
            }
            Request::Document { sale } => {
                let names = self.names();
                json(&self.till.lock().document_shown(id(&sale)?, &names)?)
            }
            Request::ShiftReport => {
                let waiting = self.till.sync_summary()?.waiting_documents;
                let sees =
                    self.person().is_some_and(|staff| self.till.lock().may(staff, Permission::MoveCash));
                let names = self.names();
                json(&self.till.lock().shift_report(&names, sees, waiting)?)
            }
            Request::Sync => json(&self.till.sync_panel()?),
            Request::SyncNow => {
                self.till.sync_now();
                json(&self.till.sync_panel()?)
            }
            Request::Conflicts => json(&self.till.conflicts_shown()?),
            Request::Enrol { server, code, name } => json(&self.enrol(&server, &code, &name)?),
            Request::StartAlone { store, till, currency, time_zone, prices_include_tax, owner, pin } => {
                let (code, pin) = (Currency::from_code(&currency), Pin::parse(&pin));
                let shop = NewShop {
                    store: store.trim().to_owned(),
                    till: till.trim().to_owned(),
                    currency: code.ok_or_else(|| senseless("the currency"))?,
                    time_zone,
                    prices: if prices_include_tax { Prices::Inclusive } else { Prices::Exclusive },
                    owner: Secret::new(owner.trim().to_owned()),
                    pin: pin.map_err(|_| senseless("the PIN"))?,
                    pin_cost: PinCost::STANDARD,
                };
                self.till.begin_alone(&shop)?;
                json(&self.status()?)
            }
            Request::People => json(&self.people()?),
            Request::SignIn { staff, pin } => json(&self.sign_in(&staff, &pin)?),
            Request::Lock => json(&self.lock_till()?),
            Request::Receipt { sale } => json(&self.receipt(&sale)?),
            Request::Print { sale } => json(&self.print(&sale)?),
            Request::PrintReport { kind } => json(&self.print_report(&kind)?),
            Request::Settings => json(&self.settings()),
            Request::SetPrinter { printer } => json(&self.set_printer(printer)?),
            Request::TestPrint => json(&self.test_print()?),
            Request::SetPreference { name, value } => json(&self.set_preference(&name, &value)?),
            Request::Play { sound } => json(&self.play(sound)),
            Request::PrintQueue => json(&self.print_queue()),
            Request::PrintAgain { job } => json(&self.print_again(&job)?),
            Request::NothingCameOut { job } => json(&self.nothing_came_out(&job)?),
            Request::DropPrint { job } => json(&self.drop_print(&job)?),
        }
    }

    /// What a change of the till means for what the window shows.
    pub fn parts(before: Changes, now: Changes) -> Vec<Part> {
        let mut parts = vec![Part::Status];
        if now.own != before.own {
            parts.push(Part::History);
        }
        if now.papers != before.papers {
            parts.push(Part::Printer);
        }
        if now.others != before.others {
            parts.extend([Part::Cart, Part::Catalogue, Part::History, Part::Conflicts]);
        }
        parts
    }

    fn status(&self) -> Result<Status, Fault> {
        let names = self.names();
        let sync = self.till.sync_summary()?;
        let conflicts = self.till.conflicts_shown()?;
        let open = conflicts.iter().filter(|conflict| conflict.state == types::ConflictState::Open).count();
        let (person_at, person, printer) = (self.person(), self.person_shown(), self.printer_state());
        let mut inner = self.till.lock();
        let place = inner.place();
        let products = inner.products()?;
        Ok(Status {
            version: self.about.version.clone(),
            phase: match &place {
                None => Phase::New,
                Some(_) if products == 0 && inner.shop()?.people.is_empty() => Phase::Loading,
                Some(_) => Phase::Ready,
            },
            place,
            currency: inner.currency_shown(),
            locale: self.about.locale.clone(),
            time_zone: inner.zone_name(),
            demo: self.about.demo,
            rights: person_at.map(|staff| inner.rights(staff)).unwrap_or_default(),
            person,
            last_float_minor: inner.last_float()?,
            shift: inner.open_shift(&names)?,
            sync,
            printer,
            products,
            open_conflicts: i64::try_from(open).unwrap_or(i64::MAX),
            notices: inner.notices(self.till.server().as_deref(), self.about.demo),
            stopped: inner.stopped(),
        })
    }

    fn cart(&self) -> Result<Cart, Fault> {
        let mut kept = self.held();
        let held = &mut kept.cart;
        let mut inner = self.till.lock();
        let open = inner.sale.clone().filter(|(_, sale)| sale.phase == SalePhase::Open);
        let id = open.as_ref().map(|(id, _)| *id);
        if held.sale != id {
            *held = Around { sale: id, ..Around::default() };
        }
        let shop = inner.shop()?;
        let last_line = open.as_ref().and_then(|(_, sale)| sale.lines.keys().next_back().copied());
        let around = cart::Beside {
            touched: held.touched.or(last_line),
            can_undo: !held.undo.is_empty(),
            parked: u32::try_from(inner.log.parked(status::PARKED_MAX)?.len()).unwrap_or(u32::MAX),
            last: inner.last_done()?,
        };
        Ok(cart::cart(open.as_ref().map(|(id, sale)| (*id, sale)), &shop, around))
    }

    fn act(&self, command: &str, act: Act, approval: Option<Approval>) -> Result<Acted, Fault> {
        let command: CommandId = id(command)?;
        let session = self.session(approval)?;
        let open = self.till.cart();
        let mut kept = self.held();
        let held = &mut kept.cart;
        let is_undo = act == Act::Undo;
        let plan = if is_undo {
            let inverse = held.undo.last().cloned().ok_or_else(|| senseless("nothing to take back"))?;
            acts::undo(command, &inverse)
        } else {
            let sku = match &act {
                Act::Add { code, .. } => self.till.lock().sku_of(code)?,
                _ => None,
            };
            let due_cash = self.due_cash(open.as_ref().map(|(_, sale)| sale))?;
            acts::plan(
                command,
                act,
                &Scene { open: open.as_ref().map(|(id, sale)| (*id, sale)), sku, due_cash },
            )?
        };
        let (mut receipt, mut repeated) = (None, true);
        for (command, planned) in plan.commands {
            let answer = self.till.execute(&session, command, planned)?;
            repeated &= answer.repeated;
            receipt = answer.receipt.or(receipt);
        }
        let now_open = self.till.open_sale();
        if now_open != held.sale {
            *held = Around { sale: now_open, ..Around::default() };
        }
        if now_open.is_some() && !repeated {
            held.touched = plan.touched;
            if is_undo {
                held.undo.pop();
            } else if let Some(inverse) = plan.inverse {
                held.undo.push(inverse);
                let surplus = held.undo.len().saturating_sub(UNDO_MAX);
                held.undo.drain(..surplus);
            }
        }
        drop(kept);
        if plan.opens_drawer && !repeated {
            // It is on the record already. Where the pulse cannot be queued there is the key, and the printer says what is wrong.
            if let Err(error) = self.till.kick_drawer() {
                tracing::error!(%error, "the drawer cannot be opened");
            }
        }
        let done = match receipt {
            Some(receipt) => self.till.lock().done(receipt.sale)?,
            None => None,
        };
        Ok(Acted { cart: self.cart()?, status: self.status()?, done })
    }

    fn due_cash(&self, sale: Option<&Sale>) -> Result<Minor, Fault> {
        let Some(sale) = sale else { return Ok(Minor::ZERO) };
        let shop = self.till.lock().shop()?;
        let Some(reckoned) = sale.reckon(&[]) else { return Ok(Minor::ZERO) };
        let due = reckoned.totals.total_minor - sale.settled();
        Ok(match &reckoned_terms(sale, &shop.terms).cash_rounding {
            Some(rounding) => round_cash(due, rounding),
            None => due,
        })
    }

    fn departments(&self) -> Result<Vec<Department>, Fault> {
        let found = self.till.lock().ask_views(|views, _| past::departments(views.connection()))?;
        Ok(found
            .into_iter()
            .map(|(department, products)| Department { department, products })
            .collect())
    }

    fn products(&self, department: Option<&str>, offset: u32, limit: u32) -> Result<ProductPage, Fault> {
        let mut inner = self.till.lock();
        let store = inner
            .enrolled
            .as_ref()
            .ok_or_else(|| fault(FaultKind::Refused, "not-enrolled", &[]))?
            .store;
        let limit = limit.min(PRODUCTS_MAX);
        let rows =
            inner.ask_views(|views, _| past::shelf(views.connection(), store, department, offset, limit))?;
        let total = match department {
            None => inner.products()?,
            Some(department) => {
                let all = inner.ask_views(|views, _| past::departments(views.connection()))?;
                all.into_iter().find(|(name, _)| name == department).map_or(0, |(_, count)| count)
            }
        };
        Ok(ProductPage { rows: rows.into_iter().map(product).collect(), total })
    }

    fn search(&self, text: &str, limit: u32) -> Result<Vec<Product>, Fault> {
        let mut inner = self.till.lock();
        let store = inner
            .enrolled
            .as_ref()
            .ok_or_else(|| fault(FaultKind::Refused, "not-enrolled", &[]))?
            .store;
        let limit = limit.min(PRODUCTS_MAX) as usize;
        let found = inner.ask_views(|views, _| {
            let rows = questions::search(views.connection(), text, limit)?;
            let shown = rows.into_iter().map(|row| {
                let on_hand = past::on_hand(views.connection(), store, row.product)?;
                Ok(Product {
                    product: row.product.to_string(),
                    sku: row.sku,
                    name: row.name,
                    department: row.department,
                    price: row.price.map(|price| price.ten_thousandths()),
                    unit: past::unit_of(views.connection(), row.product)?,
                    on_hand,
                })
            });
            shown.collect::<Result<Vec<_>, StoreError>>()
        })?;
        Ok(found)
    }

    fn parked(&self, names: &BTreeMap<StaffId, String>) -> Result<Vec<ParkedSale>, Fault> {
        let mut inner = self.till.lock();
        let shop = inner.shop()?;
        let mut found = Vec::new();
        for event in inner.log.parked(status::PARKED_MAX)? {
            let Ok((envelope, Event::SaleParked(parked))) =
                Input::read(event.origin, event.tip, &event.text).content
            else {
                continue;
            };
            let total: Minor = parked.lines.iter().map(|line| line.net_minor).sum();
            found.push(ParkedSale {
                sale: parked.sale.to_string(),
                local_time: shop.zone.local(envelope.at).0,
                by: envelope.actor.and_then(|staff| names.get(&staff).cloned()).unwrap_or_default(),
                first_item: parked.lines.first().map(|line| line.entered.name.clone()).unwrap_or_default(),
                lines: u32::try_from(parked.lines.len()).unwrap_or(u32::MAX),
                total_minor: total.get(),
            });
        }
        Ok(found)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The last completed document of the open shift.
    fn last_done(&mut self) -> Result<Option<Done>, Fault> {
        let Some(enrolled) = &self.enrolled else { return Ok(None) };
        if self.book.shift.is_none() {
            return Ok(None);
        }
        let last = self.log.last_completed(enrolled.writer.origin)?;
        let read = last.map(|event| Input::read(event.origin, event.tip, &event.text).content);
        match read {
            Some(Ok((_, Event::SaleCompleted(completed)))) => self.done(completed.sale),
            _ => Ok(None),
        }
    }

    /// A completed document.
    fn done(&mut self, sale: SaleId) -> Result<Option<Done>, Fault> {
        let found = self.ask_views(|views, log| past::recorded(views.connection(), log, sale))?;
        Ok(found.map(|(_, completed, lines)| cart::done(&completed, &lines)))
    }

    /// The SKU that a code stands for; none where the catalogue does not know it.
    fn sku_of(&mut self, code: &str) -> Result<Option<String>, Fault> {
        let found = self.ask_views(|views, _| questions::product_named(views.connection(), code))?;
        Ok(found.map(|(_, sku)| sku))
    }
}

fn reckoned_terms<'a>(
    sale: &'a Sale,
    terms: &'a daybook_core::event::sale::Terms,
) -> &'a daybook_core::event::sale::Terms {
    sale.opened.as_ref().map_or(terms, |opened| &opened.terms)
}

fn product(row: past::ShelfProduct) -> Product {
    Product {
        product: row.product.to_string(),
        sku: row.sku,
        name: row.name,
        department: row.department,
        price: row.price,
        unit: row.unit,
        on_hand: row.on_hand,
    }
}

fn id<T: std::str::FromStr>(text: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| senseless("an id"))
}

fn json<T: Serialize>(answer: &T) -> Result<Json, Fault> {
    serde_json::to_value(answer).map_err(|error| StoreError::Unreadable(error.to_string()).into())
}
