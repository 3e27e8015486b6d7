//! The ground that rows are measured on: a shop with its catalogue, a till with no past and one with a long past, made once and kept in
//! the user's cache.
//!
//! Both tills are the same till of the same store with the same catalogue; only what it has sold differs. The one with a long past is
//! used where it lies, the other is copied for each run, so that it stays without a past.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use daybook_core::ids::RequestId;
use daybook_core::sync::server::{Bringer, Push, Server};
use daybook_core::sync::till::Status;
use daybook_server::office::Publication;
use daybook_store::office::{OfficeLog, standing};
use daybook_store::{Durability, events};
use daybook_till::{NoKeystore, Options, SystemClock, SystemRandomness, Till};
use std::sync::Arc;

use super::catalogue::Catalogue;
use super::shop::Shop;
use super::{chain, history};
use crate::world::{MONDAY_MORNING, StoryTill, World, copy_directory, knows_its_people};

/// Grows with every change of what is kept, so that nothing of an earlier making is measured.
const VERSION: u32 = 2;
/// The folder of the till with the long past.
const LONG_PAST: &str = "with-past";
/// The longest that a new till may take to learn the whole catalogue.
const CATALOGUE_WITHIN: Duration = Duration::from_secs(1_800);

/// How much there is of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Products of the catalogue.
    pub products: usize,
    /// Sales of a long past.
    pub sales: usize,
    /// Events that are verified, rebuilt from or told in bytes.
    pub events: usize,
    /// Sales of all tills that push.
    pub pushed_sales: usize,
    /// Rounds that count.
    pub rounds: usize,
}

impl Sizes {
    /// What the table speaks of.
    pub const WHOLE: Sizes =
        Sizes { products: 100_000, sales: 1_000_000, events: 1_000_000, pushed_sales: 18_000, rounds: 7 };
    /// Enough to see that every row can be measured.
    pub const QUICK: Sizes = Sizes { products: 120, sales: 200, events: 600, pushed_sales: 240, rounds: 2 };
}

/// Where a till lies.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its data directory.
    pub data: PathBuf,
    /// The directory of its journal file.
    pub journal: PathBuf,
    /// The directory of its head office, as it was when the till had learnt its catalogue.
    pub office: PathBuf,
}

impl Place {
    /// The place within a folder.
    pub fn within(folder: &Path) -> Self {
        Place { data: folder.join("data"), journal: folder.join("journal"), office: folder.join("office") }
    }

    /// A till alone, as its own process is told of it.
    pub fn of_till(data: PathBuf, journal: PathBuf) -> Self {
        Place { data, journal, office: PathBuf::new() }
    }

    /// Opens the till as a shell would; `durable` says whether its commits are flushed.
    pub fn open(&self, durable: bool) -> anyhow::Result<Till> {
        Ok(Till::open(Options {
            data: self.data.clone(),
            journal: self.journal.clone(),
            durable,
            clock: Arc::new(SystemClock::default()),
            randomness: Arc::new(SystemRandomness),
            keystore: Arc::new(NoKeystore),
        })?)
    }

    /// Copies the till, without its head office.
    fn copy_to(&self, folder: &Path) -> Place {
        let copy = Place { office: self.office.clone(), ..Place::within(folder) };
        copy_directory(&self.data, &copy.data);
        copy_directory(&self.journal, &copy.journal);
        copy
    }
}

/// The ground.
pub struct Ground {
    /// How much there is.
    pub sizes: Sizes,
    /// The catalogue.
    pub catalogue: Catalogue,
    /// Where it is kept.
    folder: PathBuf,
    /// Gone with this value: copies that a run uses up.
    copies: tempfile::TempDir,
}

impl Ground {
    /// The ground of a size, in a cache. What is missing of it is made when it is asked for.
    pub fn in_cache(cache: &Path, data: Option<&Path>, sizes: Sizes) -> anyhow::Result<Ground> {
        let catalogue = Catalogue::read(data, sizes.products)?;
        let name = format!("v{VERSION}-{}-{}-of-{}", sizes.sales, catalogue.real, sizes.products);
        let folder = cache.join(name);
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        // Head offices are served out of it, and the path of a socket may not be long.
        let copies = tempfile::Builder::new().prefix("r-").tempdir_in(cache)?;
        Ok(Ground { sizes, catalogue, folder, copies })
    }

    /// A folder of this run alone, on the same disk as everything else.
    pub fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.copies.path().join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// A folder of one round, gone with what comes back.
    pub fn round(&self) -> anyhow::Result<tempfile::TempDir> {
        Ok(tempfile::Builder::new().prefix("").rand_bytes(4).tempdir_in(self.copies.path())?)
    }

    /// The till with no past; each name is a copy of its own.
    pub fn without_past(&self, name: &str, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Place> {
        Ok(self.base(tell)?.copy_to(&self.copies.path().join(name)))
    }

    /// The till with a long past.
    pub fn with_past(&self, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Place> {
        self.with_sales(LONG_PAST, self.sizes.sales, tell)
    }

    fn with_sales(&self, name: &str, sales: usize, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Place> {
        let base = self.base(tell)?;
        self.made(name, |folder| {
            tell(&format!("making a past of {sales} sales, once"));
            let began = Instant::now();
            let place = base.copy_to(folder);
            history::sell(&place.data, &place.journal, sales, history::Heard::Everything, tell)?;
            tell(&format!("sold in {:.0} s; its read models follow", began.elapsed().as_secs_f64()));
            drop(place.open(false)?);
            tell(&format!("the past stands after {:.0} s", began.elapsed().as_secs_f64()));
            Ok(())
        })
    }

    /// A till with a past of a little more events than are verified, rebuilt from or told in bytes; the long past where that is there.
    pub fn with_events(&self, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Place> {
        // A sale is five events and a little more.
        let sales = self.sizes.events / 5;
        if sales >= self.sizes.sales || self.folder.join(LONG_PAST).exists() {
            return self.with_past(tell);
        }
        self.with_sales(&format!("with-{sales}-sales"), sales, tell)
    }

    /// Head office with a past: so many events, its own and then the till's, taken in as pushes are. Its log is as it would be; its read
    /// models have not followed.
    pub fn office_with_past(
        &self,
        events_wanted: usize,
        tell: &mut dyn FnMut(&str),
    ) -> anyhow::Result<PathBuf> {
        let (base, past) = (self.base(tell)?, self.with_events(tell)?);
        let place = self.made(&format!("office-{events_wanted}"), |folder| {
            tell(&format!("making a head office with {events_wanted} events, once"));
            let office = Place::within(folder).office;
            copy_directory(&base.office, &office);
            let mut log = OfficeLog::open(&office, Durability::Off)?;
            let known = usize::try_from(events::last_position(log.connection())?)?;
            let (batches, key) = chain::batches(&past, events_wanted.saturating_sub(known))?;
            let mut server = Server::new(std::fs::read_to_string(office.join("epoch"))?);
            for (number, batch) in (1..).zip(batches) {
                let push = Push::check(&batch.head, batch.to_lines(), &key, Bringer::Writer)?;
                let standing = standing(log.connection(), push.origin)?;
                let request = RequestId(uuid::Uuid::from_u128(number));
                log.ingest(MONDAY_MORNING, &mut server, vec![(request, push, standing)]).1?;
            }
            Ok(())
        })?;
        Ok(place.office)
    }

    /// Head office that has published what `publications` makes of the catalogue, under a name.
    pub fn office_with_catalogue(
        &self,
        name: &str,
        tell: &mut dyn FnMut(&str),
        publications: impl FnOnce(&Catalogue) -> Vec<Publication>,
    ) -> anyhow::Result<PathBuf> {
        let place = self.made(name, |folder| {
            tell(&format!("making a head office with {} once", self.catalogue.source));
            let runtime = tokio::runtime::Runtime::new()?;
            runtime.block_on(async {
                let mut world = World::new().await;
                world.publish(publications(&self.catalogue)).await;
                world.stop_office().await;
                copy_directory(&world.home.path().join("office"), &Place::within(folder).office);
                Ok(())
            })
        })?;
        Ok(place.office)
    }

    /// A small shop whose tills have each sold so much, of which head office has heard nothing.
    pub fn shop(
        &self,
        name: &str,
        tills: usize,
        sales: usize,
        tell: &mut dyn FnMut(&str),
    ) -> anyhow::Result<Shop> {
        let folder = self.folder.join(name);
        self.made(name, |folder| {
            tell(&format!("making a shop of {tills} tills with {sales} sales each, once"));
            let runtime = tokio::runtime::Runtime::new()?;
            runtime.block_on(Shop::within(folder, tills).make(&self.catalogue, sales, tell))
        })?;
        Ok(Shop::within(&folder, tills))
    }

    /// A till that belongs to a store and has learnt its catalogue.
    fn base(&self, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Place> {
        self.made("without-past", |folder| {
            tell(&format!("making a till with {} once", self.catalogue.source));
            let runtime = tokio::runtime::Runtime::new()?;
            let place = Place::within(folder);
            runtime.block_on(async {
                let mut world = World::new().await;
                world.publish(self.catalogue.publications("High Street")).await;
                learn(&world, &place, "Till 1", self.sizes.products).await?;
                world.stop_office().await;
                copy_directory(&world.home.path().join("office"), &place.office);
                Ok(())
            })
        })
    }

    /// What lies under a name, made by `make` where it is missing. It gets its name only when it is whole.
    fn made(&self, name: &str, make: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<Place> {
        let folder = self.folder.join(name);
        if !folder.exists() {
            let unfinished = self.copies.path().join(format!("{name}.unfinished"));
            std::fs::create_dir_all(&unfinished)?;
            make(&unfinished)?;
            std::fs::rename(&unfinished, &folder)?;
        }
        Ok(Place::within(&folder))
    }
}

/// Makes a till of a world's store that has learnt the whole catalogue, and closes it.
pub async fn learn(world: &World, place: &Place, name: &str, products: usize) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut till = StoryTill::open(&place.data, &place.journal, MONDAY_MORNING);
    let code = world.office().enrol_code("High Street", name).await?;
    till.till.enrol(&world.url(), &code, name).await?;
    till.go_online();
    let known = |till: &Till| {
        usize::try_from(till.catalogue_size().unwrap_or(0)).unwrap_or(0) > products
            && knows_its_people(till)
            && till.status() == Status::UpToDate
            && till.waiting() == 0
    };
    while !known(&till.till) {
        if began.elapsed() > CATALOGUE_WITHIN {
            bail!("the till did not learn its catalogue: {:?}", till.till.status());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    till.close().await;
    Ok(())
}
