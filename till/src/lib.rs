//! The till without its window: it sells, keeps its books and synchronises. The window, the replay and the tests are shells around it.
//!
//! Follow a sale: [`Till::execute`] loads the state, asks the core to decide, appends durably, then tells. [`sync`] carries what is not
//! acknowledged to head office and brings back what others did, without ever standing in the way.

mod client;
pub mod command;
mod enrol;
mod execute;
pub mod identity;
mod intake;
pub mod journal;
mod live;
mod open;
mod ports;
mod questions;
mod refill;
pub mod sync;
mod till;

pub use command::{Answer, Command, ItemName, Receipt, Session, StockCount};
pub use daybook_store::StoreError;
pub use enrol::EnrolError;
pub use execute::ExecuteError;
pub use ports::{Clock, Randomness, SystemClock, SystemRandomness};
pub use questions::Rebuilt;
pub use refill::Refilled;
pub use sync::synchronise;
pub use till::{OpenError, Options, Till};
