//! Every SQLite file of Daybook: the event log, the read models, and the questions asked of them.
//!
//! SQL stands in this crate only. [`till`] and [`office`] are the logs of the two sides, [`events`] and [`links`] what they share, [`aside`] what is left of
//! a damaged one, [`texts`] how events are packed for the disk, [`fresh`] what goes from the one to read models directly, [`people`] who works
//! there, [`views`] the read models that both project, [`prints`] the till's print queue, [`file`](mod@file) how a file is opened and when
//! it is refused, [`verify`](mod@verify) whether a log is whole, [`seals`] whether its writers vouch for it, [`backup`] how it is copied away and
//! brought back.

pub mod aside;
pub mod backup;
pub mod events;
pub mod file;
pub mod fresh;
pub mod links;
mod log_files;
pub mod office;
pub mod people;
pub mod prints;
pub mod seals;
pub mod sql;
pub mod texts;
pub mod till;
pub mod verify;
pub mod views;

pub use file::{Durability, StoreError};

/// A connection that questions are asked on.
pub type Reader = rusqlite::Connection;
