//! Head office: takes in the logs of all tills, merges them and says where they disagree.
//!
//! [`office`] knows what head office does and nothing of networks; [`http`] and [`admin`] are two doors to it, for tills and for
//! the person at the machine. [`start`] opens everything; the binary only parses what it was asked and calls it.

pub mod admin;
pub mod http;
pub mod office;
mod running;

pub use running::{Running, StartError, bind, open, start, start_on, start_over, start_within};
