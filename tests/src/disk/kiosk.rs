//! A shop of one till whose days follow from a seed: what it sells is written by the real till, and everything about it can be asked again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use daybook_core::amount::{Currency, Minor, Quantity, UnitPrice};
use daybook_core::event::Event;
use daybook_core::event::description::{ProductCreated, ProductFields, from_fields};
use daybook_core::event::sale::{BegunAs, Prices};
use daybook_core::event::shift::CashMove;
use daybook_core::identity::pin::{Pin, PinCost};
use daybook_core::ids::{CommandId, OriginId, ProductId, SaleId, ShiftId};
use daybook_core::sale::Phase;
use daybook_core::sale::tender::TenderStatement;
use daybook_core::secret::Secret;
use daybook_till::alone::{self, NewShop};
use daybook_till::{Answer, Command, ExecuteError, OpenError, Options, Session, Till};

use super::image::Coins;
use crate::replay::derive::Seed;
use crate::world::{MONDAY_MORNING, PATIENCE, StoryClock, add_line};

/// What the kiosk has: its code and price in minor units.
const GOODS: [(&str, i64); 3] = [("tea", 450), ("soap", 199), ("roll", 45)];

/// A kiosk that is open.
pub struct Kiosk {
    /// The till.
    pub till: Till,
    /// Who sells.
    pub session: Session,
    clock: Arc<StoryClock>,
    coins: Coins,
}

/// Where a kiosk's files are.
#[derive(Clone, Debug)]
pub struct Place {
    /// The data directory.
    pub data: PathBuf,
    /// The directory of the journal.
    pub journal: PathBuf,
}

impl Place {
    /// The usual two directories in one.
    pub fn in_directory(home: &Path) -> Self {
        Place { data: home.join("till"), journal: home.join("journal") }
    }

    /// Length of the journal file; 0 where there is none.
    pub fn journal_bytes(&self) -> u64 {
        std::fs::metadata(self.journal.join("journal")).map_or(0, |file| file.len())
    }

    /// How a till is opened here.
    pub fn options(&self, seed: u64, durable: bool) -> Options {
        self.options_at(seed, StoryClock::at(MONDAY_MORNING), durable)
    }

    fn options_at(&self, seed: u64, clock: Arc<StoryClock>, durable: bool) -> Options {
        let randomness = Arc::new(Seed(seed).draws(&["kiosk"]));
        let (data, journal) = (self.data.clone(), self.journal.clone());
        Options { data, journal, durable, clock, randomness, keystore: Arc::new(daybook_till::NoKeystore) }
    }
}

/// One thing to do, with the id it is asked under.
#[derive(Clone, Debug)]
pub struct Deed {
    /// The id.
    pub id: CommandId,
    /// What.
    pub command: Command,
}

impl Kiosk {
    /// Founds the shop: described, but no shift is open.
    pub fn found(place: &Place, seed: u64, durable: bool) -> anyhow::Result<Self> {
        let clock = StoryClock::at(MONDAY_MORNING);
        let shop = NewShop {
            store: "Kiosk".to_owned(),
            till: "K".to_owned(),
            currency: Currency::from_code("EUR").context("the euro")?,
            time_zone: "UTC".to_owned(),
            prices: Prices::Inclusive,
            owner: Secret::new("Olga".to_owned()),
            pin: Pin::parse("5093").map_err(|error| anyhow!("{error}"))?,
            pin_cost: PinCost::CHEAP,
        };
        let till = alone::start(place.options_at(seed, clock.clone(), durable), &shop)?;
        let kiosk = Kiosk::at(till, clock, seed)?;
        let goods = GOODS.iter().zip(1..).map(|((sku, price), number)| product(sku, *price, number));
        kiosk.till.describe(&kiosk.session, goods.collect::<anyhow::Result<_>>()?)?;
        Ok(kiosk)
    }

    /// Opens the shop again; `seed` tells this run from others.
    pub fn open(place: &Place, seed: u64, durable: bool) -> anyhow::Result<Self> {
        let (clock, began) = (StoryClock::at(MONDAY_MORNING), Instant::now());
        let till = loop {
            match Till::open(place.options_at(seed, clock.clone(), durable)) {
                // A program that another thread is just starting holds what was open here for a moment longer.
                Err(OpenError::InUse(_)) if began.elapsed() < PATIENCE => std::thread::yield_now(),
                opened => break opened?,
            }
        };
        Kiosk::at(till, clock, seed)
    }

    fn at(till: Till, clock: Arc<StoryClock>, seed: u64) -> anyhow::Result<Self> {
        let (owner, ..) = till.staff().into_iter().next().context("the owner")?;
        Ok(Kiosk { till, session: Session::headless(owner, None), clock, coins: Coins::of(seed) })
    }

    /// The origin that writes.
    pub fn origin(&self) -> Option<OriginId> {
        self.till.tip().map(|(origin, _)| origin)
    }

    /// The deeds of one customer, or of the owner at the drawer: what they are follows from the seed.
    pub fn next_deeds(&mut self) -> Vec<Deed> {
        let mut commands = Vec::new();
        if self.till.shift_day().is_none() {
            commands.push(Command::OpenShift { shift: ShiftId(self.id()), float_minor: Minor::new(5_000) });
        }
        match self.coins.below(12) {
            0 => commands.push(Command::MoveCash {
                cash_move: CashMove::In,
                amount_minor: Minor::new(100),
                reason: "change".to_owned(),
            }),
            kind => {
                let sale = SaleId(self.id());
                commands.push(Command::OpenSale { sale, begun_as: BegunAs::Sale });
                for _ in 0..=self.coins.below(3) {
                    let (code, _) = *self.coins.pick(&GOODS);
                    let units = i64::try_from(self.coins.below(4)).unwrap_or(0) + 1;
                    commands.push(add_line(code, Quantity::of(units)));
                }
                if kind == 1 {
                    commands.push(Command::ParkSale);
                    commands.push(Command::RecallSale { parked: sale, sale: SaleId(self.id()) });
                }
                commands.push(Command::Pay(TenderStatement::of("cash", None)));
            }
        }
        commands.into_iter().map(|command| Deed { id: CommandId(self.id()), command }).collect()
    }

    /// Does a deed.
    pub fn act(&self, deed: &Deed) -> Result<Answer, ExecuteError> {
        self.clock.pass(1);
        self.till.execute(&self.session, deed.id, deed.command.clone())
    }

    /// Gives up a sale that a crash left open.
    pub fn clear(&mut self) -> Result<(), ExecuteError> {
        if self.till.cart().is_some_and(|(_, sale)| sale.phase == Phase::Open) {
            let deed = Deed { id: CommandId(self.id()), command: Command::AbandonSale(None) };
            self.act(&deed)?;
        }
        Ok(())
    }

    fn id(&mut self) -> uuid::Uuid {
        let half = |coins: &mut Coins| u128::from(coins.below(u64::MAX));
        uuid::Builder::from_u128(half(&mut self.coins) << 64 | half(&mut self.coins)).into_uuid()
    }
}

fn product(sku: &str, price_minor: i64, number: u128) -> anyhow::Result<Event> {
    let fields = serde_json::json!({
        "sku": sku, "name": sku, "kind": "goods", "tax_class": "", "price": UnitPrice::from_minor(price_minor),
    });
    let fields = fields.as_object().cloned().unwrap_or_default().into_iter().collect();
    let fields: ProductFields = from_fields(&fields).context("a product")?;
    Ok(ProductCreated { product: ProductId(uuid::Uuid::from_u128(number)), fields }.into())
}
