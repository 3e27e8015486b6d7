//! What is found out about events before it is their turn to be stored.
//!
//! Reading and packing an event takes longer than storing it and asks no database, so whoever brings events does it beforehand, in as many
//! threads as there are. It is all the same whether it was done: what was not prepared is prepared when it is stored.

use daybook_core::chain::{Hash, Tip};
use daybook_core::envelope::{EventText, Line};
use daybook_core::ids::OriginId;
use daybook_core::project::Input;
use daybook_core::sync::server::Push;
use std::collections::HashMap;

use crate::texts;

/// Events of pushes, prepared.
#[derive(Debug, Default)]
pub struct Prepared(HashMap<(OriginId, Hash), Ready>);

/// An event, prepared.
#[derive(Debug)]
pub(super) struct Ready {
    /// What it says. It is large, and goes from hand to hand.
    pub(super) input: Box<Input>,
    /// Its texts as they are kept; none where they are kept as they are.
    pub(super) packed: Option<Vec<u8>>,
}

impl Ready {
    fn of(origin: OriginId, tip: Tip, text: &EventText) -> Self {
        Ready { input: Box::new(Input::read(origin, tip, text)), packed: texts::pack(origin, text) }
    }
}

impl Prepared {
    /// Prepares the events of a push.
    pub fn of(push: &Push) -> Self {
        let ready = |(tip, line): &(Tip, Line)| match line {
            Line::Event(text) => Some(((push.origin, tip.hash), Ready::of(push.origin, *tip, text))),
            Line::Skeleton(_) => None,
        };
        Prepared(push.events.iter().filter_map(ready).collect())
    }

    /// Puts what was prepared of another push beside this.
    pub fn extend(&mut self, other: Prepared) {
        self.0.extend(other.0);
    }

    /// An event, prepared by now.
    pub(super) fn take(&mut self, origin: OriginId, tip: Tip, text: &EventText) -> Ready {
        let known = self.0.remove(&(origin, tip.hash)).filter(|ready| ready.input.tip == tip);
        known.unwrap_or_else(|| Ready::of(origin, tip, text))
    }
}
