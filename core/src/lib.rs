//! Daybook's core: what happened, what it means, and what may happen next.
//!
//! The core only thinks. It has no clock, no randomness, no files and no network; what it needs is handed in, and what it wants
//! done comes back as data. `decide` may refuse; `evolve`, projections and merge may not: they accept every recorded event.
//! Read in this order: [`event`], [`envelope`], [`chain`], [`sale`], [`project`], [`conflict`], [`sync`].

pub mod amount;
pub mod authority;
pub mod cash;
pub mod catalogue;
pub mod chain;
pub mod conflict;
pub mod envelope;
pub mod event;
pub mod identity;
pub mod ids;
pub mod journal;
pub mod limits;
pub mod merge;
pub mod paper;
pub mod project;
pub mod record;
pub mod sale;
pub mod secret;
pub mod shift;
pub mod sync;
pub mod time;
pub mod wire;
