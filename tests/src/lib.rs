//! Stories, replay, demo and generated files of the whole.

pub mod demo;
pub mod generate;
pub mod replay;
pub mod world;
