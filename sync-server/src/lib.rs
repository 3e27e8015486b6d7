//! Head office: takes in the logs of all tills, merges them and says where they disagree.
//!
//! [`office`] knows what head office does and nothing of networks; [`http`] and [`admin`] are two doors to it, for tills and for
//! the person at the machine. [`start`] opens everything; the binary only parses what it was asked and calls it.

pub mod admin;
pub mod http;
pub mod office;
mod running;

/// Head office reads and writes events in several threads at once, each of them many small texts: the system's allocator costs a tenth of that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use running::{Running, StartError, bind, open, start, start_on, start_over, start_within};
