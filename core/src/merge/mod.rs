//! Merge: what a key amounts to, folded from the set of everything that touches it.
//!
//! These functions see claims, edits or movements in any order and sort them canonically themselves, so that arrival never
//! matters: incremental equals rebuilt equals from scratch.

pub mod register;
pub mod stock;
