//! The history for the window: pages with a filter in words, one document with all that is known of it, and what happened to it.

use daybook_core::amount::{Minor, Quantity};
use daybook_core::event::Event;
use daybook_core::event::sale::{Tender, TenderClass, TenderState};
use daybook_core::event::tender::TenderFate;
use daybook_core::ids::{OriginId, SaleId, StaffId};
use daybook_core::project::Input;
use daybook_core::sale::settle;
use daybook_core::time::Day;
use daybook_store::StoreError;
use daybook_store::views::history::{self, HistoryDocument, HistoryFilter, HistoryPlace};
use std::collections::BTreeMap;

use super::cart::{cart_line, direction};
use super::fault::senseless;
use super::status::tax_sum;
use super::types::{
    Direction, Document, DocumentItem, Fault, HistoryPage, HistoryRow, HowMuch, Payment, Sent, Technical,
    TimelineEntry, Value,
};
use crate::till::Inner;

/// Rows of a page, at most.
const ROWS_MAX: u32 = 200;
/// Entries of a timeline, at most; a longer one keeps its end.
const TIMELINE_MAX: usize = 500;

/// What stands in a filter, and how it was understood. `minor_unit` is how many minor units one unit of money has.
pub(super) fn understand(filter: &str, today: Option<Day>, minor_unit: i64) -> (HistoryFilter, Vec<String>) {
    let mut found = HistoryFilter::default();
    let mut understood = Vec::new();
    for token in filter.split_whitespace() {
        let lower = token.to_lowercase();
        let known = match lower.as_str() {
            "today" => {
                let day = today.map(|day| day.to_string());
                (found.from_day, found.to_day) = (day.clone(), day);
                true
            }
            "cash" => set(&mut found.paid, TenderClass::Cash),
            "card" => set(&mut found.paid, TenderClass::Card),
            "coupon" => set(&mut found.paid, TenderClass::Claim),
            "account" => set(&mut found.paid, TenderClass::Account),
            "refunds" | "refund" | "returns" => set(&mut found.refunds, true),
            "sales" => set(&mut found.refunds, false),
            _ => false,
        };
        let amount = |text: &str| money(text, minor_unit);
        let known = known
            || match (lower.strip_prefix('>'), lower.strip_prefix('<'), lower.strip_prefix('#')) {
                (Some(text), ..) => amount(text).is_some_and(|amount| set(&mut found.total_min, amount)),
                (_, Some(text), _) => amount(text).is_some_and(|amount| set(&mut found.total_max, amount)),
                (_, _, Some(text)) => set(&mut found.number, text.to_owned()),
                _ => match Day::parse(&lower) {
                    Some(day) => {
                        (found.from_day, found.to_day) = (Some(day.to_string()), Some(day.to_string()));
                        true
                    }
                    None => false,
                },
            };
        if !known {
            found.words.push(token.to_owned());
        }
        understood.push(token.to_owned());
    }
    (found, understood)
}

fn set<T>(place: &mut Option<T>, value: T) -> bool {
    *place = Some(value);
    true
}

/// An amount of money as somebody types it: `50`, `12.5` or `12,50`.
fn money(text: &str, minor_unit: i64) -> Option<i64> {
    let text = text.replace(',', ".");
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let digits = minor_unit.checked_ilog10()? as usize;
    if part.len() > digits || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded = format!("{part:0<digits$}");
    let part: i64 = if padded.is_empty() { 0 } else { padded.parse().ok()? };
    whole.parse::<i64>().ok()?.checked_mul(minor_unit)?.checked_add(part)
}

impl Inner {
    pub(super) fn history(
        &mut self,
        filter: &str,
        before: Option<&str>,
        limit: u32,
        names: &BTreeMap<StaffId, String>,
    ) -> Result<HistoryPage, Fault> {
        let shop = self.shop()?;
        let store = self.enrolled.as_ref().ok_or_else(|| senseless("the store"))?.store;
        let today = self.book.shift.as_ref().map(|shift| shift.opened.day);
        let today = today.or_else(|| Some(shop.zone.business_day(self.now().corrected())));
        let minor_unit = 10_i64.pow(u32::from(shop.terms.currency.exponent.min(6)));
        let (filter, understood) = understand(filter, today, minor_unit);
        let after = before.map(place).transpose()?;
        let limit = limit.min(ROWS_MAX) as usize;
        let found = self
            .ask_views(|views, _| history::documents(views.connection(), store, &filter, after, limit + 1))?;
        let next = (found.len() > limit).then(|| found.get(limit.saturating_sub(1)).map(named)).flatten();
        let sent = self.sent()?;
        let rows = found.iter().take(limit).map(|document| self.row(document, &sent, names));
        let rows = rows.collect::<Result<_, StoreError>>()?;
        Ok(HistoryPage { rows, next, understood, others_as_of: None })
    }

    pub(super) fn document_shown(
        &mut self,
        sale: SaleId,
        names: &BTreeMap<StaffId, String>,
    ) -> Result<Document, Fault> {
        let found = self.ask_views(|views, log| {
            let document = history::document(views.connection(), sale)?;
            let recorded = history::recorded(views.connection(), log, sale)?;
            let returns = history::returns_of(views.connection(), sale)?;
            Ok(document.zip(recorded).map(|(document, recorded)| (document, recorded, returns)))
        })?;
        let Some((document, (_, completed, lines), returns)) = found else {
            return Err(crate::execute::ExecuteError::UnknownDocument.into());
        };
        let item = |line: &daybook_core::event::sale::Line| {
            let number = line.entered.line;
            let of_line = returns.iter().filter(|(_, line, ..)| *line == number);
            let returned: i64 = of_line.map(|(_, _, quantity, _)| *quantity).sum();
            let sold = line.entered.quantity.thousandths();
            let returnable = if sold > 0 { (sold - returned).max(0) } else { 0 };
            DocumentItem { line: cart_line(line, None), returned, returnable }
        };
        let corrections = self.paid_here(sale)?.map(|(_, corrections)| corrections).unwrap_or_default();
        let tenders = settle::paid(&completed, &corrections);
        let unrounded = |tender: &Tender| tender.amount_minor - tender.rounding_minor.unwrap_or_default();
        let paid: Minor = tenders.iter().map(unrounded).sum();
        let recorded: Minor = completed.tenders.iter().map(unrounded).sum();
        let payment = |tender: &Tender| Payment {
            tender: tender.tender,
            tender_type: tender.tender_type.clone(),
            to_verify: tender.state == TenderState::ToVerify,
            amount_minor: tender.amount_minor.get(),
            given_minor: tender.given_minor.map(|amount| amount.get()),
            change_minor: tender.change_minor.map(|amount| amount.get()),
            rounding_minor: tender.rounding_minor.unwrap_or_default().get(),
        };
        let timeline = self.timeline(sale, &document, &returns, names)?;
        Ok(Document {
            row: self.row(&document, &self.sent()?, names)?,
            items: lines.iter().map(item).collect(),
            taxes: completed.taxes.iter().map(tax_sum).collect(),
            payments: tenders.iter().map(payment).collect(),
            owed_minor: (recorded - paid).get(),
            timeline,
        })
    }

    fn row(
        &self,
        found: &HistoryDocument,
        sent: &BTreeMap<OriginId, i64>,
        names: &BTreeMap<StaffId, String>,
    ) -> Result<HistoryRow, StoreError> {
        let own = sent.get(&found.origin).copied();
        let (sold, back) = found.sold_and_returned;
        Ok(HistoryRow {
            to_verify: found.to_verify && self.is_to_verify(found.sale)?,
            sale: found.sale.to_string(),
            number: found.number.clone(),
            local_time: found.local_time.clone(),
            day: found.day.clone(),
            till: found.till.clone(),
            own: own.is_some(),
            by: found.actor.and_then(|staff| names.get(&staff).cloned()).unwrap_or_default(),
            lines: found.lines,
            tenders: found.tenders.clone(),
            total_minor: found.total_minor,
            kind: if found.total_minor < 0 { Direction::Return } else { Direction::Sale },
            sent: match own {
                Some(acknowledged) if found.seq > acknowledged => Sent::Here,
                _ => Sent::AtHeadOffice,
            },
            returned: match back {
                0 => HowMuch::None,
                back if back >= sold => HowMuch::Whole,
                _ => HowMuch::Part,
            },
        })
    }

    /// Whether a payment that was not known when this till completed the document is not known yet. Another till's is for that till to
    /// look after, where the terminal stands.
    fn is_to_verify(&self, sale: SaleId) -> Result<bool, StoreError> {
        let Some((completed, corrections)) = self.paid_here(sale)? else { return Ok(false) };
        let tenders = settle::paid(&completed, &corrections);
        Ok(tenders.iter().any(|tender| tender.state == TenderState::ToVerify))
    }

    /// The numbers up to which the events of each own origin are at head office and count there.
    fn sent(&self) -> Result<BTreeMap<OriginId, i64>, StoreError> {
        let lanes = crate::sync::own_lanes(self)?;
        Ok(lanes.into_iter().map(|lane| (lane.origin, lane.counted())).collect())
    }

    fn timeline(
        &mut self,
        sale: SaleId,
        document: &HistoryDocument,
        returns: &[(SaleId, u32, i64, i64)],
        names: &BTreeMap<StaffId, String>,
    ) -> Result<Vec<TimelineEntry>, StoreError> {
        let shop = self.shop().map_err(|error| StoreError::Unreadable(error.to_string()))?;
        let mut entries = Vec::new();
        for event in self.log.stream(&format!("sale/{sale}"))? {
            let Ok((envelope, content)) = Input::read(event.origin, event.tip, &event.text).content else {
                continue;
            };
            let Some((message, values)) = sentence(&content) else { continue };
            entries.push(TimelineEntry {
                local_time: shop.zone.local(envelope.at).0,
                till: document.till.clone(),
                by: envelope.actor.and_then(|staff| names.get(&staff).cloned()),
                message: message.to_owned(),
                values: values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
                technical: Technical {
                    event: envelope.id.to_string(),
                    origin: event.origin.to_string(),
                    seq: event.tip.seq,
                    hash: event.tip.hash.to_string(),
                },
            });
        }
        for (by, _, quantity, amount) in returns {
            let Some(by) = self.ask_views(|views, _| history::document(views.connection(), *by))? else {
                continue;
            };
            entries.push(TimelineEntry {
                local_time: by.local_time.clone(),
                till: by.till.clone(),
                by: by.actor.and_then(|staff| names.get(&staff).cloned()),
                message: "event-sale-returned".to_owned(),
                values: BTreeMap::from([
                    ("quantity".to_owned(), Value::Number(*quantity)),
                    ("amount".to_owned(), Value::Number(*amount)),
                    ("number".to_owned(), Value::Text(by.number.clone())),
                ]),
                technical: Technical {
                    event: by.sale.to_string(),
                    origin: by.origin.to_string(),
                    seq: by.seq,
                    hash: by.place.hash.to_string(),
                },
            });
        }
        let first = entries.len().saturating_sub(TIMELINE_MAX);
        Ok(entries.split_off(first))
    }
}

/// The message of an event of a sale with its values; none for what says nothing to people.
fn sentence(event: &Event) -> Option<(&'static str, Vec<(&'static str, Value)>)> {
    let text = |text: &str| Value::Text(text.to_owned());
    let quantity = |quantity: Quantity| Value::Number(quantity.thousandths());
    Some(match event {
        Event::SaleOpened(_) => ("event-sale-opened", vec![]),
        Event::SaleLineAdded(e) => {
            let message = match direction(e.line.direction) {
                Direction::Sale => "event-sale-line-added",
                Direction::Return => "event-sale-return-added",
            };
            (message, vec![("name", text(&e.line.name)), ("quantity", quantity(e.line.quantity))])
        }
        Event::SaleLineChanged(e) => (
            "event-sale-line-changed",
            vec![("name", text(&e.line.name)), ("quantity", quantity(e.line.quantity))],
        ),
        Event::SaleLineRemoved(e) => {
            ("event-sale-line-removed", vec![("line", Value::Number(i64::from(e.line)))])
        }
        Event::SaleDiscounted(e) => {
            ("event-sale-discounted", vec![("reason", text(e.reason.as_deref().unwrap_or_default()))])
        }
        Event::SaleCustomerSet(_) => ("event-sale-customer-set", vec![]),
        Event::SaleTendered(e) => (
            match e.tender.state {
                TenderState::Settled => "event-sale-tendered",
                TenderState::ToVerify => "event-sale-tendered-to-verify",
            },
            vec![
                ("tender_type", text(&e.tender.tender_type)),
                ("amount", Value::Number(e.tender.amount_minor.get())),
                ("change", Value::Number(e.tender.change_minor.unwrap_or_default().get())),
            ],
        ),
        Event::SaleCompleted(e) => (
            "event-sale-completed",
            vec![
                ("number", Value::Text(format!("{}-{}", e.number.series, e.number.number))),
                ("total", Value::Number(e.totals.total_minor.get())),
            ],
        ),
        Event::SaleParked(_) => ("event-sale-parked", vec![]),
        Event::SaleAbandoned(_) => ("event-sale-abandoned", vec![]),
        Event::SaleTenderRemoved(e) => {
            let message = match e.fate {
                TenderFate::HandedBack => "event-sale-tender-handed-back",
                TenderFate::Reversed => "event-sale-tender-reversed",
                TenderFate::NotTaken => "event-sale-tender-not-taken",
            };
            (message, vec![])
        }
        Event::SaleTenderCorrected(e) => {
            let message = match e.reason.as_str() {
                settle::CHARGED => "event-sale-tender-charged",
                settle::NOT_CHARGED => "event-sale-tender-not-charged",
                _ => "event-sale-tender-corrected",
            };
            (message, vec![("amount", Value::Number(e.wrong.amount_minor.get()))])
        }
        _ => return None,
    })
}

fn named(document: &HistoryDocument) -> String {
    format!("{}.{}", document.place.at, document.place.hash)
}

fn place(text: &str) -> Result<HistoryPlace, Fault> {
    let read = || {
        let (at, hash) = text.split_once('.')?;
        Some(HistoryPlace { at: at.parse().ok()?, hash: hash.parse().ok()? })
    };
    read().ok_or_else(|| senseless("the page"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_in_words_is_understood() {
        let day = Day::parse("2026-03-02");
        let (found, understood) = understand("today >50 card Milk #1042 <12,5", day, 100);
        assert_eq!(understood.len(), 6);
        assert_eq!(found.from_day.as_deref(), Some("2026-03-02"));
        assert_eq!((found.total_min, found.total_max), (Some(5_000), Some(1_250)));
        assert_eq!(found.paid, Some(TenderClass::Card));
        assert_eq!(found.number.as_deref(), Some("1042"));
        assert_eq!(found.words, ["Milk"]);
        assert_eq!(
            understand(">1.234", None, 100).0.words,
            [">1.234"],
            "more decimals than the currency has"
        );
        assert_eq!(understand(">7", None, 1).0.total_min, Some(7));
    }
}
