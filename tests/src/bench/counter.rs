//! Somebody at a till's window, asking through the same door as the window does.

use anyhow::anyhow;
use daybook_core::amount::Quantity;
use daybook_till::door::types::{Act, Counted, Request};
use daybook_till::door::{About, Door};
use serde_json::Value;
use uuid::Uuid;

use super::ground::Place;
use crate::world::MANAGERS_PIN;

/// A till's door with the manager signed in and a shift open.
pub struct Counter {
    door: Door,
}

impl Counter {
    /// Opens the till, signs in, and opens a shift. A day that an earlier run left open is closed first.
    pub fn open(place: &Place, durable: bool) -> anyhow::Result<Counter> {
        let counter = Counter { door: door(place, durable)? };
        let people = counter.ask(Request::People)?;
        let manager = people
            .as_array()
            .into_iter()
            .flatten()
            .find(|tile| tile["role"] == "manager")
            .and_then(|tile| tile["staff"].as_str())
            .ok_or_else(|| anyhow!("nobody at the till is a manager: {people}"))?;
        let (staff, pin) = (manager.to_owned(), MANAGERS_PIN.to_owned());
        let status = counter.ask(Request::SignIn { staff, pin })?;
        if !status["shift"].is_null() {
            counter.close_day()?;
        }
        counter.act(Act::OpenShift { float_minor: 10_000 })?;
        Ok(counter)
    }

    /// Gives up what is open and closes the shift, so that a till is left as a day's end leaves it.
    pub fn close_day(&self) -> anyhow::Result<()> {
        if !self.ask(Request::Cart)?["lines"].as_array().is_none_or(Vec::is_empty) {
            self.give_up()?;
        }
        let counted = vec![Counted { tender_type: "cash".to_owned(), counted_minor: 10_000 }];
        self.act(Act::CloseShift { counted })?;
        Ok(())
    }

    /// Sells something, so that the day has a last receipt to show.
    pub fn sell(&self, code: &str) -> anyhow::Result<()> {
        self.scan(code)?;
        self.act(Act::Tender { tender_type: "cash".to_owned(), given_minor: None, card: None })?;
        Ok(())
    }

    /// Asks through the door.
    pub fn ask(&self, request: Request) -> anyhow::Result<Value> {
        self.door.answer(request).map_err(|fault| {
            anyhow!("the till refused: {}", serde_json::to_string(&fault).unwrap_or_default())
        })
    }

    /// Changes the books.
    pub fn act(&self, act: Act) -> anyhow::Result<Value> {
        self.ask(Request::Act { command: Uuid::now_v7().to_string(), act, approval: None })
    }

    /// Scans a code; what comes back is what the window shows.
    pub fn scan(&self, code: &str) -> anyhow::Result<Value> {
        self.act(Act::Add { code: code.to_owned(), quantity: Quantity::ONE.thousandths() })
    }

    /// Gives the open sale up.
    pub fn give_up(&self) -> anyhow::Result<Value> {
        self.act(Act::Abandon { reason: Some("measured".to_owned()) })
    }
}

/// The door of a till that was just started.
pub fn door(place: &Place, durable: bool) -> anyhow::Result<Door> {
    let about =
        About { version: env!("CARGO_PKG_VERSION").to_owned(), locale: "en-IE".to_owned(), demo: false };
    Ok(Door::new(place.open(durable)?, about))
}
