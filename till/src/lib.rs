//! The till without its window: it sells, keeps its books and synchronises. The window, the replay and the tests are shells around it.
//!
//! Somebody signs in ([`Till::sign_in`]) and sells. Follow a sale: [`Till::execute`] loads the state, asks the core to decide, appends
//! durably, then tells. [`sync`] carries what is not acknowledged to head office and brings back what others did, and
//! [`print`](mod@print) puts on paper what was completed; neither ever stands in the way.

pub mod alone;
mod ballast;
mod client;
pub mod command;
pub mod door;
mod enrol;
mod execute;
mod export;
pub mod identity;
mod ink;
mod intake;
pub mod journal;
pub mod keystore;
mod live;
mod open;
mod people;
mod ports;
pub mod print;
mod questions;
mod refill;
mod renew;
mod session;
pub mod sync;
mod till;
mod tls;
mod witness;

pub use command::{Answer, Command, ItemName, Receipt, StockCount};
pub use daybook_store::StoreError;
pub use enrol::EnrolError;
pub use execute::ExecuteError;
pub use export::{ExportError, Exported};
pub use keystore::{Keystore, NoKeystore, SystemKeystore};
pub use people::{SignInError, Tile};
pub use ports::{Clock, Randomness, SystemClock, SystemRandomness};
pub use print::print;
pub use questions::Rebuilt;
pub use refill::Refilled;
pub use renew::{Renewed, renew_journal};
pub use session::{Approval, Session, SignedIn};
pub use sync::synchronise;
pub use till::{Changes, OpenError, Options, Till};
