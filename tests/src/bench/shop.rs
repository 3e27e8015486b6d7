//! A small shop for the rows of the wire: head office and tills that have sold for a while without a network, made once and copied for
//! each round, because what was pushed cannot be pushed anew.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use daybook_core::identity::pin::PinCost;
use daybook_server::Running;
use daybook_server::office::{Settings, SystemClock, SystemRandomness};

use super::catalogue::Catalogue;
use super::ground::{Place, learn};
use super::history;
use crate::world::{World, copy_directory};

/// What the store is called in every world.
const STORE: &str = "High Street";
/// Products of the shop: enough to choose from, few enough that learning them is not what takes the time.
const PRODUCTS: usize = 1_000;

/// A head office with its tills.
#[derive(Clone, Debug)]
pub struct Shop {
    /// The directory of head office.
    pub office: PathBuf,
    /// Its tills.
    pub tills: Vec<Place>,
}

impl Shop {
    /// The shop within a folder.
    pub fn within(folder: &Path, tills: usize) -> Self {
        let till = |number: usize| Place::within(&folder.join(format!("till-{number}")));
        Shop { office: folder.join("office"), tills: (1..=tills).map(till).collect() }
    }

    /// Makes the shop: tills that know the catalogue and then sell, of which head office hears nothing.
    pub async fn make(
        &self,
        catalogue: &Catalogue,
        sales: usize,
        tell: &mut dyn FnMut(&str),
    ) -> anyhow::Result<()> {
        let mut world = World::new().await;
        let products = catalogue.products.iter().take(PRODUCTS).cloned().collect();
        let catalogue = Catalogue { products, ..catalogue.clone() };
        world.publish(catalogue.publications(STORE)).await;
        for (number, place) in (1..).zip(&self.tills) {
            learn(&world, place, &format!("Till {number}"), catalogue.products.len()).await?;
        }
        world.stop_office().await;
        copy_directory(&world.home.path().join("office"), &self.office);
        for place in &self.tills {
            history::sell(&place.data, &place.journal, sales, history::Heard::Nothing, tell)?;
            drop(place.open(false)?);
        }
        Ok(())
    }

    /// A copy to be used up.
    pub fn copy_to(&self, folder: &Path) -> Shop {
        let copy = Shop::within(folder, self.tills.len());
        copy_directory(&self.office, &copy.office);
        for (from, to) in self.tills.iter().zip(&copy.tills) {
            copy_directory(&from.data, &to.data);
            copy_directory(&from.journal, &to.journal);
        }
        copy
    }
}

/// Starts a head office on a free port.
pub async fn serve(office: &Path, durable: bool) -> anyhow::Result<Running> {
    let settings = Settings {
        data: office.to_owned(),
        durable,
        clock: Arc::new(SystemClock),
        randomness: Arc::new(SystemRandomness),
        pin_cost: PinCost::CHEAP,
    };
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    daybook_server::start(settings, address).await.context("head office does not start")
}
