//! Stories, replay, demo, measurements and generated files of the whole.

pub mod bench;
pub mod demo;
pub mod escpos;
pub mod generate;
pub mod printer;
pub mod replay;
pub mod show;
pub mod window;
pub mod world;
