//! Stories, replay and generated files of the whole.

pub mod replay;

pub mod world;
