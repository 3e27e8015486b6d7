//! Synchronisation as two state machines: what the till and head office do next, given what just happened.
//!
//! Both are `handle(now, input) → effects`, without sockets, disks or clocks, so that millions of schedules with losses, crashes and
//! restores can be played against the very code that runs in shops. The shells carry the effects out and report back.

pub mod admission;
pub mod carry;
pub mod epoch;
pub mod scope;
pub mod server;
pub mod strangers;
pub mod till;
pub mod turns;
pub mod witness;
