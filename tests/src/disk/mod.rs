//! The till's disk, made to fail: power cuts between any two flushes, and every write, flush, truncation and removal failing in turn.
//!
//! [`vfs`] watches SQLite's own files. [`trace`] takes down what a workload does to them, [`image`] makes of that what a power cut can
//! leave, [`examine`] opens it with the till's own code, and [`crash`] does so a million times. [`kiosk`] is the shop that sells meanwhile.

pub mod crash;
pub mod destroy;
pub mod examine;
pub mod image;
pub mod kiosk;
pub mod sweep;
pub mod trace;
pub mod traced;
pub mod vfs;
pub mod workload;
