//! Long stories: a till and head office as processes of their own, over books with a past that was made beforehand and a road that can be
//! held up, so that whatever is to happen in the middle happens there on any machine.
//!
//! The children are those of the replay. What is made and what is compared happens here, in the parent.

pub mod cast;
pub mod drain;
pub mod gate;
pub mod poison;

use std::path::PathBuf;

/// How a long story is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Events that the till has recorded while it was offline.
    pub events: i64,
    /// Whether commits reach the disk.
    pub durable: bool,
    /// Where all books are.
    pub folder: PathBuf,
}
