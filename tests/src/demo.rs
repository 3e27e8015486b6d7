//! The demo shop and its day, for `make run HEADLESS=1`.
//!
//! A second run goes on with the same shop: the catalogue is there, the tills are enrolled, a new day begins. The catalogue is Daybook's own
//! (`tests/demo/products.csv`).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use daybook_core::amount::{Minor, Quantity, UnitPrice};
use daybook_core::event::sale::{BegunAs, Discount, ReductionSource};
use daybook_core::identity::pin::{Pin, PinCost};
use daybook_core::ids::{CommandId, SaleId, ShiftId, StaffId};
use daybook_core::sale::decide::LineAmount;
use daybook_core::sale::tender::TenderStatement;
use daybook_server::Running;
use daybook_server::office::{self, NewOrganisation, Office, Publication, ReportQuestion};
use daybook_till::{
    Answer, Command, ItemName, Options, Session, SignedIn, StockCount, SystemClock, SystemRandomness, Till,
    synchronise,
};
use serde::Deserialize;
use tokio::sync::watch;
use uuid::Uuid;

use people::DemoPeople;

mod people;
mod stage;

pub use stage::{Beginning, Cue, Stage};

/// The demo shop's catalogue.
const PRODUCTS: &str = include_str!("../demo/products.csv");
/// The store's name.
const STORE: &str = "Corner Shop";
/// A file that says the directory is the demo's, so that cleaning up never takes a shop's books.
const MARKER: &str = "daybook-demo";
/// The manager's staff number.
const MANAGER: &str = "9";
/// The product of which one piece is left.
const SCARCE: &str = "1132";
/// Ports that are tried after the one that was asked for.
const PORTS_TRIED: u16 = 20;
/// How long any step may take before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the demo keeps its files.
#[derive(Clone, Debug)]
pub struct Home(PathBuf);

impl Home {
    /// This folder.
    pub fn at(path: PathBuf) -> Self {
        Home(path)
    }

    /// A flag or environment variable before `home` in `daybook.toml`, before `.daybook`.
    pub fn find(stated: Option<PathBuf>) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct File {
            home: Option<PathBuf>,
        }
        if let Some(home) = stated {
            return Ok(Home(home));
        }
        match std::fs::read_to_string("daybook.toml") {
            Ok(text) => {
                let file: File = toml::from_str(&text).context("daybook.toml cannot be read")?;
                Ok(Home(file.home.unwrap_or_else(|| PathBuf::from(".daybook"))))
            }
            Err(_) => Ok(Home(PathBuf::from(".daybook"))),
        }
    }
}

/// The demo's people with their PINs, in words.
pub fn pins(Home(home): &Home) -> anyhow::Result<String> {
    DemoPeople::read(home)?
        .map(|people| people.words())
        .with_context(|| format!("there is no demo in {} yet: `make run` makes one", home.display()))
}

/// Head office of a demo shop with a till that belongs to it and knows its catalogue.
pub struct Stand {
    /// Head office.
    pub running: Running,
    /// Where it is.
    pub url: String,
    /// The till's folder: `till` and `journal` lie in it.
    pub home: PathBuf,
    /// The till, which does not synchronise any more.
    pub till: Till,
    /// A PIN that lets the first person of the list in.
    pub pin: String,
}

/// Sets a demo shop up, or goes on with the one that stands in a home: head office on a port (0: any free one), and a till.
pub async fn stand(home: &Home, port: u16, tell: &mut impl FnMut(&str)) -> anyhow::Result<Stand> {
    let Home(path) = home;
    let (running, url, people) = head_office(path, port, tell).await?;
    let mut till = DemoTill::open_in(
        &running.office,
        (
            Options {
                data: path.join("till"),
                journal: path.join("journal"),
                durable: true,
                clock: Arc::new(SystemClock::default()),
                randomness: Arc::new(SystemRandomness),
                keystore: Arc::new(daybook_till::NoKeystore),
            },
            &people,
        ),
        &url,
        "Till 1",
    )
    .await?;
    till.go_offline().await;
    let pin = people.pin("1").context("the demo has no first person")?.reveal().to_owned();
    Ok(Stand { running, url, home: path.clone(), till: till.till.clone(), pin })
}

/// Starts head office of a demo shop, without a till; gives it and its address.
pub async fn start_head_office(home: &Home, port: u16) -> anyhow::Result<(Running, String)> {
    let (running, url, _) = head_office(&home.0, port, &mut |_| {}).await?;
    Ok((running, url))
}

/// Plays a day; `tell` gets a line at a time. Gives whether everybody agrees in the end.
pub async fn play(home: &Home, tell: &mut impl FnMut(&str)) -> anyhow::Result<bool> {
    let Home(home) = home;
    let (running, url, people) = head_office(home, 0, tell).await?;
    let agreed = day(&running.office, (home, &people), &url, tell).await;
    running.stop().await;
    agreed
}

/// Head office with the demo's catalogue, people and opening stock; where its port is taken, on the next free one.
async fn head_office(
    home: &std::path::Path,
    port: u16,
    tell: &mut impl FnMut(&str),
) -> anyhow::Result<(Running, String, DemoPeople)> {
    std::fs::create_dir_all(home).with_context(|| format!("{} cannot be made", home.display()))?;
    std::fs::write(
        home.join(MARKER),
        "This directory belongs to Daybook's demo; `make clean-demo` removes it.\n",
    )?;
    let settings = settings(home);
    let new = NewOrganisation {
        name: "Daybook Demo".to_owned(),
        currency: "EUR".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        prices_inclusive: true,
        cut_over_minutes: 240,
    };
    let first_time = !settings.data.join("identity.json").exists();
    if first_time {
        office::init(&settings, &new)?;
    }
    let free = (port..=port.saturating_add(PORTS_TRIED)).find(|port| is_free(*port)).unwrap_or(0);
    if free != port {
        tell(&format!("Port {port} is taken; head office takes {free}."));
    }
    let running = daybook_server::start(settings, SocketAddr::from(([127, 0, 0, 1], free))).await?;
    let url = format!("http://{}", running.address);
    tell(&format!("Head office is ready on {url} with its files in {}.", home.join("head-office").display()));
    let people = DemoPeople::of(home)?;
    let published = running.office.publish(catalogue(&people)?).await?;
    tell(&format!(
        "The catalogue has {} products ({} changes published).",
        PRODUCTS.lines().count() - 1,
        published.events
    ));
    if first_time {
        running.office.publish(vec![opening_stock()?]).await?;
        tell("Opening stock is booked in.");
    }
    Ok((running, url, people))
}

/// How the demo's head office is kept.
fn settings(home: &std::path::Path) -> office::Settings {
    office::Settings {
        data: home.join("head-office"),
        durable: true,
        clock: Arc::new(office::SystemClock),
        randomness: Arc::new(office::SystemRandomness),
        // The demo's PINs guard nothing, and stand in a file beside it.
        pin_cost: PinCost::CHEAP,
    }
}

/// Whether nobody listens on a port; 0 always is free.
fn is_free(port: u16) -> bool {
    port == 0 || std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()
}

async fn day(
    office: &Office,
    (home, people): (&std::path::Path, &DemoPeople),
    url: &str,
    tell: &mut impl FnMut(&str),
) -> anyhow::Result<bool> {
    let mut front = DemoTill::open(office, (home, people), url, ("Front", "1")).await?;
    let mut back = DemoTill::open(office, (home, people), url, ("Back", "2")).await?;
    tell("Ana signs in at Front and Ben at Back, each with a PIN of their own: `make demo-pins` shows them.");
    for till in [&front, &back] {
        till.open_day()?;
    }
    tell("Two tills, Front and Back, are open with a float of 150.00 each.");
    front
        .act_approved(Command::CountStock { session: "morning".to_owned(), lines: vec![piece(SCARCE, 1)] })?;
    front.settle().await?;
    back.until("the count", |till| till.catalogue_size().is_ok()).await?;
    tell("Front counts the shelf: one piece left of product 1132, an enamel sauté pan.");

    let first = front.sell(&[("1005", 2), ("1010", 1), ("1020", 3)], None)?;
    tell(&format!("Front sells for cash: receipt {}.", first.1));
    let discounted = front.sell(&[("1030", 1), ("1031", 2)], Some("10"))?;
    tell(&format!("Front sells with 10 % off, approved by the manager: receipt {}.", discounted.1));
    front.settle().await?;
    back.settle().await?;

    back.go_offline().await;
    tell("Back loses its network. It goes on selling.");
    let offline = [
        back.sell(&[("1040", 1)], None)?,
        back.sell(&[(SCARCE, 1)], None)?,
        back.sell(&[("1050", 4), ("1060", 1)], None)?,
    ];
    tell(&format!(
        "Back sells three times without a network: receipts {} to {}.",
        offline[0].1, offline[2].1
    ));
    let last = front.sell(&[(SCARCE, 1)], None)?;
    tell(&format!("Meanwhile Front sells the last sauté pan too: receipt {}.", last.1));
    let waiting = back.till.waiting();
    tell(&format!("{waiting} events of Back wait to be sent."));
    back.go_online();
    back.settle().await?;
    tell("Back has its network again; everything is at head office.");

    let back_again = front.give_back(first.0, 1)?;
    tell(&format!("A customer brings a piece of receipt {} back: receipt {back_again}.", first.1));
    for till in [&front, &back] {
        till.close_day()?;
        till.settle().await?;
    }
    tell("Both tills close their shifts.\n");
    let agreed = compare(office, &[&front, &back], tell).await?;
    front.go_offline().await;
    back.go_offline().await;
    Ok(agreed)
}

async fn compare(office: &Office, tills: &[&DemoTill], tell: &mut impl FnMut(&str)) -> anyhow::Result<bool> {
    let totals = office.totals().await?;
    let report = office.report(ReportQuestion::default()).await?;
    tell(&report.words());
    tell(&daybook_server::admin::words::conflicts(&office.conflicts(None, false).await?, false));
    let mut agreed = totals["journal_balanced"] == true && totals["quarantined"] == 0;
    for till in tills {
        till.until("what the other till sold", |till| {
            till.totals().is_ok_and(|own| own["till_days"] == totals["till_days"])
        })
        .await?;
        let rebuilt = till.till.rebuild()?;
        agreed &= rebuilt.equal;
        tell(&format!("Till {} agrees with head office. {}", till.name, rebuilt.words));
    }
    tell(if agreed {
        "Everybody agrees; nothing is missing."
    } else {
        "Head office and tills do not agree."
    });
    Ok(agreed)
}

fn catalogue(people: &DemoPeople) -> anyhow::Result<Vec<Publication>> {
    let tax = |class: &str, rate: &str| Publication::Tax {
        class: class.to_owned(),
        name: format!("VAT {rate} %"),
        jurisdiction: "DE".to_owned(),
        rate: rate.to_owned(),
    };
    let mut publications = vec![tax("standard", "19"), tax("reduced", "7")];
    publications.extend(people.publications());
    for row in rows()? {
        publications.push(Publication::Product {
            sku: row.sku.to_owned(),
            name: row.name.to_owned(),
            department: Some(row.department.to_owned()),
            codes: Some(row.barcode)
                .filter(|code| !code.is_empty())
                .map(str::to_owned)
                .into_iter()
                .collect(),
            tax_class: row.tax.to_owned(),
            tracked: row.tracked,
            price: row.price,
            unit: Some(row.sold_by.to_owned()),
        });
    }
    Ok(publications)
}

fn opening_stock() -> anyhow::Result<Publication> {
    let tracked = rows()?.into_iter().filter(|row| row.tracked);
    let lines = tracked.map(|row| (row.sku.to_owned(), Quantity::of(row.opening_stock))).collect();
    Ok(Publication::Stock { store: STORE.to_owned(), lines, document: Some("opening stock".to_owned()) })
}

struct Row {
    sku: &'static str,
    barcode: &'static str,
    name: &'static str,
    department: &'static str,
    price: UnitPrice,
    tax: &'static str,
    tracked: bool,
    opening_stock: i64,
    sold_by: &'static str,
}

/// The rows of the catalogue, whose fields hold neither commas nor quotes.
fn rows() -> anyhow::Result<Vec<Row>> {
    let row = |line: &'static str| {
        let fields: Vec<&str> = line.split(',').collect();
        let [sku, barcode, name, department, price, tax, tracked, opening_stock, sold_by] = fields[..] else {
            bail!("a row of the demo catalogue has {} fields: {line}", fields.len());
        };
        let (euros, cents) = price.split_once('.').context("a price without cents")?;
        let price = UnitPrice::from_minor(euros.parse::<i64>()? * 100 + cents.parse::<i64>()?);
        let opening_stock = if opening_stock.is_empty() { 0 } else { opening_stock.parse()? };
        Ok(Row {
            sku,
            barcode,
            name,
            department,
            price,
            tax,
            tracked: tracked == "true",
            opening_stock,
            sold_by,
        })
    };
    PRODUCTS.lines().skip(1).map(row).collect()
}

fn piece(code: &str, units: i64) -> StockCount {
    StockCount { code: code.to_owned(), quantity: Quantity::of(units) }
}

struct DemoTill {
    name: &'static str,
    till: Till,
    people: DemoPeople,
    /// Who works at it.
    signed_in: Option<SignedIn>,
    online: Option<(watch::Sender<bool>, tokio::task::JoinHandle<()>)>,
}

impl DemoTill {
    async fn open(
        office: &Office,
        (home, people): (&std::path::Path, &DemoPeople),
        url: &str,
        (name, cashier): (&'static str, &str),
    ) -> anyhow::Result<Self> {
        let place = |what: &str| home.join(format!("till-{}{what}", name.to_lowercase()));
        let options = Options {
            data: place(""),
            journal: place("-journal"),
            durable: true,
            clock: Arc::new(SystemClock::default()),
            randomness: Arc::new(SystemRandomness),
            keystore: Arc::new(daybook_till::NoKeystore),
        };
        let mut opened = DemoTill::open_in(office, (options, people), url, name).await?;
        let (staff, pin) = opened.person(cashier)?;
        opened.signed_in = Some(opened.till.sign_in(staff, &pin)?);
        Ok(opened)
    }

    /// A till that belongs to the demo's store and has heard what it needs to sell.
    async fn open_in(
        office: &Office,
        (options, people): (Options, &DemoPeople),
        url: &str,
        name: &'static str,
    ) -> anyhow::Result<Self> {
        let till = Till::open(options)?;
        if !till.is_enrolled() {
            let code = office.enrol_code(STORE, name).await?;
            till.enrol(url, &code, name).await?;
        }
        till.set_server(url);
        let mut opened = DemoTill { name, till, people: people.clone(), signed_in: None, online: None };
        opened.go_online();
        opened
            .until("the catalogue", |till| {
                let people = till.people().unwrap_or_default();
                till.catalogue_size().unwrap_or(0) > 100
                    && people.len() >= 3
                    && people.iter().all(|tile| tile.has_pin)
            })
            .await?;
        Ok(opened)
    }

    fn go_online(&mut self) {
        let (stop, stopped) = watch::channel(false);
        self.online = Some((stop, tokio::spawn(synchronise(self.till.clone(), stopped))));
    }

    async fn go_offline(&mut self) {
        if let Some((stop, task)) = self.online.take() {
            let _gone = stop.send(true);
            let _ended = task.await;
        }
    }

    async fn until(&self, what: &str, so: impl Fn(&Till) -> bool) -> anyhow::Result<()> {
        let started = Instant::now();
        while !so(&self.till) {
            ensure!(
                started.elapsed() < PATIENCE,
                "till {} waited too long for {what}: {:?}",
                self.name,
                self.till.status()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    async fn settle(&self) -> anyhow::Result<()> {
        self.until("head office", |till| till.waiting() == 0).await
    }

    /// A person by staff number, and their PIN.
    fn person(&self, number: &str) -> anyhow::Result<(StaffId, Pin)> {
        let tiles = self.till.people()?;
        let tile = tiles.into_iter().find(|tile| tile.number == number).context("nobody of that number")?;
        let pin = self.people.pin(number).context("nobody of that number has a PIN")?;
        Ok((tile.staff, pin))
    }

    fn signed_in(&self) -> anyhow::Result<&SignedIn> {
        self.signed_in.as_ref().context("nobody is signed in")
    }

    fn execute(&self, session: &Session, command: Command) -> anyhow::Result<Answer> {
        Ok(self.till.execute(session, CommandId(Uuid::now_v7()), command)?)
    }

    fn act(&self, command: Command) -> anyhow::Result<Answer> {
        self.execute(&self.signed_in()?.session(), command)
    }

    /// Does what the manager has to approve, who comes over and enters a PIN.
    fn act_approved(&self, command: Command) -> anyhow::Result<Answer> {
        let (manager, pin) = self.person(MANAGER)?;
        let approval = self.till.approve(manager, &pin)?;
        self.execute(&self.signed_in()?.approved(&approval), command)
    }

    /// Opens a shift; one that an earlier run left open is closed first.
    fn open_day(&self) -> anyhow::Result<()> {
        if self.till.open_sale().is_some() {
            self.act(Command::AbandonSale(Some("left_open".to_owned())))?;
        }
        if self.till.shift_day().is_some() {
            self.act(Command::CloseShift)?;
        }
        self.act(Command::OpenShift { shift: ShiftId(Uuid::now_v7()), float_minor: Minor::new(15_000) })?;
        Ok(())
    }

    fn close_day(&self) -> anyhow::Result<()> {
        self.act(Command::CloseShift)?;
        Ok(())
    }

    fn sell(
        &self,
        lines: &[(&str, i64)],
        discount_percent: Option<&str>,
    ) -> anyhow::Result<(SaleId, String)> {
        let sale = SaleId(Uuid::now_v7());
        self.act(Command::OpenSale { sale, begun_as: BegunAs::Sale })?;
        for (code, units) in lines {
            self.act(Command::AddLine {
                item: ItemName::Code((*code).to_owned()),
                quantity: Quantity::of(*units),
                amount: LineAmount::Catalogue,
                reductions: Vec::new(),
                references: Vec::new(),
                voucher: None,
            })?;
        }
        if let Some(rate) = discount_percent.and_then(daybook_core::amount::Rate::percent) {
            self.act_approved(Command::Discount {
                line: None,
                source: ReductionSource::Sale,
                name: None,
                discount: Discount::Percent(rate),
                reason: Some("regular".to_owned()),
            })?;
        }
        Ok((sale, self.pay()?))
    }

    fn give_back(&self, sale: SaleId, line: u32) -> anyhow::Result<String> {
        self.act(Command::OpenSale { sale: SaleId(Uuid::now_v7()), begun_as: BegunAs::Return })?;
        self.act(Command::ReturnLine { sale, line, quantity: Quantity::ONE, restocked: true })?;
        self.pay()
    }

    fn pay(&self) -> anyhow::Result<String> {
        let answer = self.act(Command::Pay(TenderStatement::of("cash", None)))?;
        Ok(answer.receipt.context("no receipt")?.number)
    }
}
