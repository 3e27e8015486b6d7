//! Long stories: a till and head office as processes of their own, over books with a past that was made beforehand.
//!
//! The children are those of the replay. What is made and what is compared happens here, in the parent.

pub mod cast;
pub mod poison;

use std::path::PathBuf;

/// How a long story is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether commits reach the disk.
    pub durable: bool,
    /// Where all books are.
    pub folder: PathBuf,
}
