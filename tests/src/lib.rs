//! Stories, replay, demo, measurements and generated files of the whole.

pub mod bench;
pub mod demo;
pub mod disk;
pub mod driven;
pub mod escpos;
pub mod generate;
pub mod later;
pub mod later_office;
pub mod long;
pub mod printer;
pub mod recorded;
pub mod replay;
pub mod show;
pub mod simulate;
pub mod tls;
pub mod window;
pub mod world;
