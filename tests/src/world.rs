//! The World: a head office and tills in one process, with real files, real HTTP on a free port and a clock that tests drive.
//!
//! Stories are told with few verbs: a till sells, a till loses the network, a directory is copied, everybody catches up.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use daybook_core::amount::{Minor, Quantity, UnitPrice};
use daybook_core::event::sale::BegunAs;
use daybook_core::identity::pin::{Pin, PinCost};
use daybook_core::ids::{CommandId, SaleId, ShiftId, StaffId};
use daybook_core::sale::decide::LineAmount;
use daybook_core::sale::tender::TenderStatement;
use daybook_core::secret::Secret;
use daybook_core::sync::till::Status;
use daybook_server::Running;
use daybook_server::http::tls::TlsChoice;
use daybook_server::office::{self, NewOrganisation, Publication};
use daybook_till::door::types::{Ailment, Notice, Request};
use daybook_till::door::{About, Door};
use daybook_till::{
    Answer, Command, ExecuteError, ItemName, Options, Session, SignInError, SignedIn, Till, synchronise,
};
use tempfile::TempDir;
use tokio::sync::watch;
use uuid::Uuid;

/// How long anything in a story may take before the story fails. Nothing waits that long when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The cashier's PIN. Real, looked at as in a shop, with less work.
pub const CASHIERS_PIN: &str = "7391";
/// The manager's PIN.
pub const MANAGERS_PIN: &str = "826413";

/// A clock that the story drives; its monotonic part is the machine's, which a story may hurry.
#[derive(Debug)]
pub struct StoryClock {
    wall: AtomicI64,
    hurried_millis: AtomicU64,
    started: Instant,
}

impl StoryClock {
    /// A clock that stands at a time, in microseconds.
    pub fn at(wall: i64) -> Arc<Self> {
        let (wall, hurried_millis) = (AtomicI64::new(wall), AtomicU64::new(0));
        Arc::new(StoryClock { wall, hurried_millis, started: Instant::now() })
    }

    /// Sets the clock.
    pub fn set(&self, wall: i64) {
        self.wall.store(wall, Ordering::Relaxed);
    }

    /// Lets the clock that never goes back run on, whatever the wall clock shows.
    pub fn hurry(&self, seconds: u64) {
        self.hurried_millis.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }

    /// Lets time pass.
    pub fn pass(&self, seconds: i64) {
        self.wall.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
}

impl daybook_till::Clock for StoryClock {
    fn wall(&self) -> i64 {
        self.wall.load(Ordering::Relaxed)
    }
    fn millis(&self) -> u64 {
        let run = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        run.saturating_add(self.hurried_millis.load(Ordering::Relaxed))
    }
}

impl office::Clock for StoryClock {
    fn wall(&self) -> i64 {
        self.wall.load(Ordering::Relaxed)
    }
}

/// 2026-03-02 09:00 UTC, a Monday.
pub const MONDAY_MORNING: i64 = 1_772_442_000_000_000;

/// A head office with tills.
pub struct World {
    /// Where everything lives.
    pub home: TempDir,
    /// The clock of head office.
    pub clock: Arc<StoryClock>,
    running: Option<Running>,
    address: SocketAddr,
    pin_cost: PinCost,
    tls: bool,
}

/// A till of the world.
pub struct StoryTill {
    /// The till itself.
    pub till: Till,
    /// Its clock.
    pub clock: Arc<StoryClock>,
    /// Its data directory.
    pub data: PathBuf,
    /// The directory of its journal.
    pub journal: PathBuf,
    online: Option<(watch::Sender<bool>, tokio::task::JoinHandle<()>)>,
    signed_in: Mutex<Option<SignedIn>>,
}

impl World {
    /// A new organisation with one store, two people, a tax and a few products: `tea` is tracked with some in stock, `gift` with one.
    pub async fn new() -> Self {
        World::with_pin_cost(PinCost::CHEAP).await
    }

    /// The same, over TLS with head office's own certificate.
    pub async fn over_tls() -> Self {
        World::with(PinCost::CHEAP, true).await
    }

    /// The same, where a look at a PIN is other work.
    pub async fn with_pin_cost(pin_cost: PinCost) -> Self {
        World::with(pin_cost, false).await
    }

    async fn with(pin_cost: PinCost, tls: bool) -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        let clock = StoryClock::at(MONDAY_MORNING);
        let settings = settings(home.path(), &clock, pin_cost);
        let new = NewOrganisation {
            name: "Story & Sons".to_owned(),
            currency: "EUR".to_owned(),
            time_zone: "UTC".to_owned(),
            prices_inclusive: true,
            cut_over_minutes: 0,
        };
        office::init(&settings, &new).expect("a new organisation");
        let running = start(settings, local(0), tls).await;
        let address = running.address;
        let world = World { home, clock, running: Some(running), address, pin_cost, tls };
        world.publish(first_publications()).await;
        world
    }

    /// Head office while it runs.
    pub fn office(&self) -> &office::Office {
        &self.running.as_ref().expect("head office runs").office
    }

    /// Where head office lives.
    pub fn settings(&self) -> office::Settings {
        settings(self.home.path(), &self.clock, self.pin_cost)
    }

    /// Says something as head office.
    pub async fn publish(&self, publications: Vec<Publication>) {
        self.office().publish(publications).await.expect("published");
    }

    /// Head office's address.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.address)
    }

    /// The address alone.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops head office. Its address stays its own.
    pub async fn stop_office(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    /// Starts head office again at its old address.
    pub async fn start_office(&mut self) {
        let settings = settings(self.home.path(), &self.clock, self.pin_cost);
        self.running = Some(start(settings, self.address, self.tls).await);
    }

    /// The data directory of head office.
    pub fn office_data(&self) -> PathBuf {
        self.home.path().join("office")
    }

    /// Makes head office anew from its identity kit, after its directory was lost. It must be stopped.
    pub fn found_again(&self, kit: &Path) {
        let settings = settings(self.home.path(), &self.clock, self.pin_cost);
        office::init_from_kit(&settings, kit).expect("the same organisation");
    }

    /// A new till of the store, enrolled, online and with everything that head office has for it.
    pub async fn till(&self, name: &str) -> StoryTill {
        let (data, journal) = (self.home.path().join(name), self.home.path().join(format!("{name}-journal")));
        let mut till = StoryTill::open(&data, &journal, self.clock_now());
        let code = self.office().enrol_code("High Street", name).await.expect("a code");
        till.till.enrol(&self.url(), &code, name).await.expect("enrolled");
        till.go_online();
        till.wait_for("the catalogue", |till| {
            // Up to date: what is on the shelf may come last, and stories tell what a till showed.
            till.catalogue_size().unwrap_or(0) >= 4
                && knows_its_people(till)
                && till.status() == Status::UpToDate
        })
        .await;
        till
    }

    fn clock_now(&self) -> i64 {
        daybook_till::Clock::wall(&*self.clock)
    }

    /// Waits until head office has projected everything it stores.
    pub async fn settle(&self) -> serde_json::Value {
        self.office().totals().await.expect("totals")
    }
}

fn settings(home: &Path, clock: &Arc<StoryClock>, pin_cost: PinCost) -> office::Settings {
    office::Settings {
        data: home.join("office"),
        durable: false,
        clock: clock.clone(),
        randomness: Arc::new(office::SystemRandomness),
        pin_cost,
    }
}

/// Whether somebody can sign in at a till.
pub fn knows_its_people(till: &Till) -> bool {
    till.people().is_ok_and(|people| people.iter().filter(|tile| tile.has_pin).count() >= 2)
}

/// What a till says about its own health, as its window reads it: what is so, and whether a person has to act.
pub fn notices(till: &Till) -> Vec<(Ailment, bool)> {
    let about = About { version: String::new(), locale: "en".to_owned(), demo: false };
    let status = Door::new(till.clone(), about)
        .answer(Request::Status)
        .expect("the till says how it stands");
    let notices: Vec<Notice> =
        serde_json::from_value(status["notices"].clone()).expect("the notices have their type");
    notices.into_iter().map(|notice| (notice.what, notice.urgent)).collect()
}

/// A PIN out of a story.
pub fn pin(text: &str) -> Pin {
    Pin::parse(text).expect("a PIN")
}

/// A person as head office describes them.
pub fn staff(number: &str, name: &str, role: &str, digits: Option<&str>) -> Publication {
    Publication::Staff {
        number: number.to_owned(),
        name: Secret::new(name.to_owned()),
        pin: digits.map(pin),
        role: role.to_owned(),
        store: None,
    }
}

async fn start(settings: office::Settings, address: SocketAddr, tls: bool) -> Running {
    let started = if tls {
        daybook_server::start_over(settings, address, TlsChoice::Own).await
    } else {
        daybook_server::start(settings, address).await
    };
    started.expect("head office starts")
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn first_publications() -> Vec<Publication> {
    let product = |sku: &str, name: &str, tax_class: &str, tracked, cents| Publication::Product {
        sku: sku.to_owned(),
        name: name.to_owned(),
        department: Some("Shop".to_owned()),
        codes: vec![format!("20000000{sku:0>5}")],
        tax_class: tax_class.to_owned(),
        tracked,
        price: UnitPrice::from_minor(cents),
        unit: None,
    };
    let tax = |class: &str, rate: &str| Publication::Tax {
        class: class.to_owned(),
        name: format!("VAT {rate} %"),
        jurisdiction: "DE".to_owned(),
        rate: rate.to_owned(),
    };
    vec![
        tax("standard", "19"),
        tax("reduced", "7"),
        staff("1", "Ana", "cashier", Some(CASHIERS_PIN)),
        staff("2", "Maria", "manager", Some(MANAGERS_PIN)),
        product("roll", "Bread roll", "reduced", false, 45),
        product("soap", "Soap", "standard", false, 199),
        product("tea", "Green tea", "reduced", true, 501),
        product("gift", "Teapot", "standard", true, 4_990),
        Publication::Stock {
            store: "High Street".to_owned(),
            lines: vec![("tea".to_owned(), Quantity::of(20)), ("gift".to_owned(), Quantity::of(1))],
            document: None,
        },
    ]
}

impl StoryTill {
    /// Opens a till of some directories, offline.
    pub fn open(data: &Path, journal: &Path, wall: i64) -> Self {
        let started = Instant::now();
        loop {
            match StoryTill::try_open(data, journal, wall) {
                // What it was doing when it was closed may hold it for a moment longer.
                Err(daybook_till::OpenError::InUse(_)) if started.elapsed() < PATIENCE => {
                    std::thread::yield_now();
                }
                opened => return opened.expect("the till opens"),
            }
        }
    }

    /// Opens a till, or says why it does not.
    pub fn try_open(data: &Path, journal: &Path, wall: i64) -> Result<Self, daybook_till::OpenError> {
        let clock = StoryClock::at(wall);
        let options = Options {
            data: data.to_owned(),
            journal: journal.to_owned(),
            durable: false,
            clock: clock.clone(),
            randomness: Arc::new(daybook_till::SystemRandomness),
            keystore: Arc::new(daybook_till::NoKeystore),
        };
        let till = Till::open(options)?;
        Ok(StoryTill {
            till,
            clock,
            data: data.to_owned(),
            journal: journal.to_owned(),
            online: None,
            signed_in: Mutex::default(),
        })
    }

    /// Begins to synchronise.
    pub fn go_online(&mut self) {
        if self.online.is_none() {
            let (stop, stopped) = watch::channel(false);
            let task = tokio::spawn(synchronise(self.till.clone(), stopped));
            self.online = Some((stop, task));
        }
    }

    /// Stops synchronising.
    pub async fn go_offline(&mut self) {
        if let Some((stop, task)) = self.online.take() {
            let _gone = stop.send(true);
            let _ended = task.await;
        }
    }

    /// Closes the till as a person would, and gives its directories.
    pub async fn close(mut self) -> (PathBuf, PathBuf) {
        self.go_offline().await;
        (self.data.clone(), self.journal.clone())
    }

    /// Waits until something is so at this till.
    pub async fn wait_for(&self, what: &str, so: impl Fn(&Till) -> bool) {
        let started = Instant::now();
        while !so(&self.till) {
            assert!(
                started.elapsed() < PATIENCE,
                "{what} did not come about; status {:?}",
                self.till.status()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until head office has everything of this till.
    pub async fn sent(&self) {
        self.wait_for("sending everything", |till| till.waiting() == 0).await;
    }

    /// Shakes hands with head office once more, and waits until what it says of itself is kept here. The first answer that comes may be to
    /// a handshake that was on its way before, so it is done twice.
    pub async fn shake_hands(&self) {
        for _ in 0..2 {
            let answers = self.till.handshakes();
            self.clock.hurry(60);
            self.till.sync_now();
            self.wait_for("a handshake", |till| till.handshakes() > answers).await;
        }
    }

    /// The person of a role.
    pub fn person(&self, role: &str) -> StaffId {
        let people = self.till.staff();
        let found = people.iter().find(|(_, _, known)| known == role);
        found.map(|(id, ..)| *id).expect("a person of that role")
    }

    /// The cashier, who signs in the first time, with the manager's approval for one command.
    pub fn session(&self) -> Session {
        let mut signed_in = self.signed_in.lock().unwrap_or_else(PoisonError::into_inner);
        let signed_in = signed_in.get_or_insert_with(|| {
            self.till
                .sign_in(self.person("cashier"), &pin(CASHIERS_PIN))
                .expect("the cashier signs in")
        });
        match self.till.approve(self.person("manager"), &pin(MANAGERS_PIN)) {
            Ok(approval) => signed_in.approved(&approval),
            // On a full disk nobody can approve; most commands need nobody to.
            Err(SignInError::NotCounted(_)) => signed_in.session(),
            Err(error) => panic!("the manager approves: {error}"),
        }
    }

    /// Gives a command.
    pub fn try_do(&self, command: Command) -> Result<Answer, ExecuteError> {
        self.clock.pass(1);
        self.till.execute(&self.session(), CommandId(Uuid::now_v7()), command)
    }

    /// Gives a command that must succeed.
    pub fn act(&self, command: Command) -> Answer {
        self.try_do(command.clone()).unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    /// Opens a shift with a float of 100.00.
    pub fn open_shift(&self) {
        self.act(Command::OpenShift { shift: ShiftId(Uuid::now_v7()), float_minor: Minor::new(10_000) });
    }

    /// Adds so many of a product to the cart.
    pub fn add(&self, code: &str, units: i64) {
        self.act(add_line(code, Quantity::of(units)));
    }

    /// Begins a sale.
    pub fn begin(&self, begun_as: BegunAs) -> SaleId {
        let sale = SaleId(Uuid::now_v7());
        self.act(Command::OpenSale { sale, begun_as });
        sale
    }

    /// Sells so many of a product for exact cash; gives the sale and its printed number.
    pub fn sell(&self, code: &str, units: i64) -> (SaleId, String) {
        let sale = self.begin(BegunAs::Sale);
        self.add(code, units);
        (sale, self.pay())
    }

    /// Settles the open sale in exact cash; gives the printed number.
    pub fn pay(&self) -> String {
        let answer = self.act(Command::Pay(TenderStatement::of("cash", None)));
        answer.receipt.expect("a receipt").number
    }
}

/// The command that adds a line at its catalogue price.
pub fn add_line(code: &str, quantity: Quantity) -> Command {
    Command::AddLine {
        item: ItemName::Code(code.to_owned()),
        quantity,
        amount: LineAmount::Catalogue,
        reductions: Vec::new(),
        references: Vec::new(),
        voucher: None,
    }
}

/// Destroys the page on which a table or index of a closed database begins; its head and everything else stay as they are.
pub fn break_page(file: &Path, name: &str) {
    let connection = daybook_store::Reader::open(file).expect("a database");
    let ask = |sql: &str| -> u64 {
        let number: i64 = connection.query_row(sql, [], |row| row.get(0)).expect("a number");
        u64::try_from(number).expect("a number of pages or bytes")
    };
    ask("PRAGMA wal_checkpoint(TRUNCATE)");
    let size = ask("PRAGMA page_size");
    let page = ask(&format!("SELECT rootpage FROM sqlite_schema WHERE name = '{name}'"));
    drop(connection);
    let mut file = std::fs::OpenOptions::new().write(true).open(file).expect("the file");
    file.seek(SeekFrom::Start((page - 1) * size)).expect("the page");
    file.write_all(&vec![0xA5; usize::try_from(size).expect("a page")])
        .expect("a broken page");
}

/// Copies the files of a directory whose names begin so into another one, in the place of those that are there.
pub fn put_back(from: &Path, to: &Path, beginnings: &[&str]) {
    std::fs::create_dir_all(to).expect("a directory");
    let named = |name: &str| beginnings.iter().any(|beginning| name.starts_with(beginning));
    for directory in [to, from] {
        for entry in std::fs::read_dir(directory).expect("a directory to copy") {
            let entry = entry.expect("an entry");
            if !named(&entry.file_name().to_string_lossy()) {
                continue;
            }
            if directory == to {
                std::fs::remove_file(entry.path()).expect("room for another file");
            } else {
                std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copied file");
            }
        }
    }
}

/// Copies a directory as somebody moving a machine would.
pub fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory to copy") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copied file");
    }
}
