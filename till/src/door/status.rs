//! How the till stands, as the window shows it all the time: who, where, which shift, and whether everything is at head office.

use daybook_core::event::Event;
use daybook_core::event::description::Permission;
use daybook_core::event::sale::{Prices, TaxAmount, TenderState};
use daybook_core::event::shift::TenderTotal;
use daybook_core::ids::StaffId;
use daybook_core::project::Input;
use daybook_core::sync::till::Status as Standing;
use daybook_core::wire::ConflictState as Known;
use daybook_store::file::free_bytes;
use daybook_store::views::{history, questions};
use std::collections::BTreeMap;
use std::sync::PoisonError;

use super::cart::class;
use super::fault::fault;
use super::types::{
    Choice, Conflict, ConflictState, Currency, Fault, FaultKind, OpenShift, Party, Place, ShiftReport,
    Stopped, SyncPanel, SyncState, SyncSummary, TaxSum, TenderSum,
};
use crate::till::{Contact, Inner, Till};

/// Sales set aside that are listed, at most.
pub(super) const PARKED_MAX: usize = 200;

impl Till {
    pub(super) fn sync_summary(&self) -> Result<SyncSummary, Fault> {
        let contact = self.contact();
        let standing = self.status();
        let mut inner = self.lock();
        let lanes = crate::sync::own_lanes(&inner)?;
        let (mut events, mut documents, mut money, mut oldest) = (0, 0, 0, None::<i64>);
        for lane in &lanes {
            events += (lane.tip.seq - lane.counted()).max(0);
            let (count, sum, first) = inner
                .ask_views(|views, _| history::beyond(views.connection(), lane.origin, lane.counted()))?;
            documents += count;
            money += sum;
            oldest = oldest.into_iter().chain(first).min();
        }
        let clock_ahead = contact.last.map(|_| inner.now().offset.saturating_neg());
        Ok(SyncSummary {
            state: match standing {
                Standing::Alone => SyncState::Alone,
                Standing::UpToDate => SyncState::InStep,
                Standing::Working => SyncState::Sending,
                Standing::Offline(_) => SyncState::Offline,
                Standing::Refused(_) => SyncState::Refused,
                Standing::Held(_) => SyncState::Held,
            },
            waiting_events: events,
            waiting_documents: documents,
            waiting_minor: money,
            oldest_waiting: oldest,
            last_contact: contact.last,
            prices_as_of: contact.in_step,
            clock_ahead,
        })
    }

    pub(super) fn sync_panel(&self) -> Result<SyncPanel, Fault> {
        let contact = self.contact();
        let server = self.server();
        Ok(SyncPanel {
            summary: self.sync_summary()?,
            server,
            last_error: contact.trouble,
            next_try: contact.next,
            storage_free_bytes: free_bytes(&self.shared.options.data)
                .ok()
                .and_then(|free| i64::try_from(free).ok()),
        })
    }

    pub(super) fn contact(&self) -> Contact {
        self.shared.contact.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn conflicts_shown(&self) -> Result<Vec<Conflict>, Fault> {
        let known = self.conflicts()?;
        let shown = known.into_iter().filter(|record| record.state != Known::Gone).map(|record| {
            let conflict = record.conflict;
            Conflict {
                id: conflict.id,
                kind: daybook_core::project::rows::word(&conflict.kind),
                state: if record.state == Known::Open {
                    ConflictState::Open
                } else {
                    ConflictState::Answered
                },
                title: conflict.title,
                happened: conflict.story,
                done: conflict.done,
                money_minor: conflict.currency.map(|_| conflict.money_minor.get()),
                parties: conflict
                    .parties
                    .into_iter()
                    .map(|party| Party {
                        till: party.till,
                        receipt: party.receipt,
                        local_time: party.local_time,
                        part: party.part,
                    })
                    .collect(),
                choices: conflict
                    .choices
                    .into_iter()
                    .map(|choice| Choice { code: choice.code, consequence: choice.consequence })
                    .collect(),
            }
        });
        Ok(shown.collect())
    }
}

impl Inner {
    /// Where the till stands; none before it belongs to a store.
    pub(super) fn place(&self) -> Option<Place> {
        let certificate = self.enrolled.as_ref()?.identity.current()?;
        Some(Place {
            store: certificate.store_name.unwrap_or_default(),
            till: certificate.name,
            series: certificate.series,
            alone: self.is_alone(),
        })
    }

    pub(super) fn currency_shown(&mut self) -> Currency {
        let found = self.shop().map(|shop| shop.terms.currency);
        match found {
            Ok(currency) => Currency { code: currency.code.code().to_owned(), exponent: currency.exponent },
            Err(_) => Currency { code: "EUR".to_owned(), exponent: 2 },
        }
    }

    pub(super) fn open_shift(
        &mut self,
        names: &BTreeMap<StaffId, String>,
    ) -> Result<Option<OpenShift>, Fault> {
        let Some(shift) = &self.book.shift else { return Ok(None) };
        let opened = shift.opened.clone();
        let (opened_local, by) = self.shift_opened(&opened.shift.to_string(), names)?;
        Ok(Some(OpenShift {
            opened_local,
            day: opened.day.to_string(),
            float_minor: opened.float_minor.get(),
            by,
        }))
    }

    /// When and by whom a shift of this till was opened.
    fn shift_opened(
        &mut self,
        shift: &str,
        names: &BTreeMap<StaffId, String>,
    ) -> Result<(String, String), Fault> {
        let shop = self.shop()?;
        let first = self.log.stream(&format!("shift/{shift}"))?.into_iter().next();
        let envelope = first.and_then(|event| event.text.read_envelope().ok());
        let by = envelope.as_ref().and_then(|envelope| envelope.actor);
        let by = by.and_then(|staff| names.get(&staff).cloned()).unwrap_or_default();
        Ok((envelope.map(|envelope| shop.zone.local(envelope.at).0).unwrap_or_default(), by))
    }

    /// What the last closing left in the drawer.
    pub(super) fn last_float(&mut self) -> Result<Option<i64>, Fault> {
        let Some(origin) = self.enrolled.as_ref().map(|enrolled| enrolled.writer.origin) else {
            return Ok(None);
        };
        Ok(self.ask_views(|views, _| history::last_float(views.connection(), origin))?)
    }

    pub(super) fn products(&mut self) -> Result<i64, Fault> {
        if let Some(known) = self.products_on_sale {
            return Ok(known);
        }
        let counted = self.ask_views(|views, _| questions::catalogue_size(views.connection()))?;
        self.products_on_sale = Some(counted);
        Ok(counted)
    }

    /// Why nothing can be recorded, where that is so.
    pub(super) fn stopped(&mut self) -> Option<Stopped> {
        let why = self.latch.clone()?;
        let series = self.enrolled.as_ref().map(|enrolled| enrolled.series.clone()).unwrap_or_default();
        let last_number = (self.book.last_number > 0).then(|| format!("{series}-{}", self.book.last_number));
        let last = self
            .enrolled
            .as_ref()
            .and_then(|enrolled| self.log.last_completed(enrolled.writer.origin).ok()?);
        let last_local =
            last.and_then(|event| match Input::read(event.origin, event.tip, &event.text).content {
                Ok((_, Event::SaleCompleted(completed))) => Some(completed.local_time),
                _ => None,
            });
        Some(Stopped { why, last_number, last_local })
    }

    /// The sums of the open shift: the X. What the drawer should hold is for those who may run a shift without being counted blind.
    pub(super) fn shift_report(
        &mut self,
        names: &BTreeMap<StaffId, String>,
        sees_expected: bool,
        waiting_documents: i64,
    ) -> Result<ShiftReport, Fault> {
        let shop = self.shop()?;
        let now = shop.zone.local(self.now().corrected()).0;
        let Some(shift) = self.book.shift.clone() else { return self.closed_report(names) };
        let (opened_local, by) = self.shift_opened(&shift.opened.shift.to_string(), names)?;
        let sums = &shift.sums;
        let counted =
            |name: &str| shift.counts.iter().find(|count| count.tender_type == name).map(|c| c.counted_minor);
        let tenders = shift.tenders.iter().map(|((name, state), (of, count, amount))| {
            let to_verify = *state == TenderState::ToVerify;
            let counted = counted(name).filter(|_| !to_verify);
            TenderSum {
                tender_type: name.clone(),
                class: class(*of),
                to_verify,
                count: *count,
                amount_minor: amount.get(),
                counted_minor: counted.map(|amount| amount.get()),
                over_short_minor: counted.map(|amount| (amount - shift.expected(name)).get()),
            }
        });
        let parked = self.log.parked(PARKED_MAX)?.len();
        let included = shop.terms.prices == Prices::Inclusive;
        let total = if included { sums.net_minor } else { sums.net_minor + sums.tax_minor };
        Ok(ShiftReport {
            opened_local,
            by,
            day: shift.opened.day.to_string(),
            until_local: now,
            documents: sums.documents,
            gross_sales_minor: sums.gross_sales_minor.get(),
            gross_returns_minor: sums.gross_returns_minor.get(),
            reductions_minor: sums.reductions_minor.get(),
            net_minor: sums.net_minor.get(),
            tax_minor: sums.tax_minor.get(),
            taxes: Some(sums.taxes.iter().map(tax_sum).collect()),
            untaxed_minor: sums.untaxed_minor.get(),
            drawer_openings: shift.drawer_openings,
            total_minor: total.get(),
            rounding_minor: sums.rounding_minor.get(),
            tenders: tenders.collect(),
            float_minor: shift.opened.float_minor.get(),
            cash_moves_minor: shift.cash_moved_minor.get(),
            expected_cash_minor: sees_expected.then(|| shift.expected("cash").get()),
            number: None,
            parked: u32::try_from(parked).unwrap_or(u32::MAX),
            waiting_documents,
        })
    }

    /// The sums of the shift that was closed last: the Z.
    fn closed_report(&mut self, names: &BTreeMap<StaffId, String>) -> Result<ShiftReport, Fault> {
        let none = || fault(FaultKind::Refused, "no-shift", &[]);
        let shop = self.shop()?;
        let origin = self.enrolled.as_ref().ok_or_else(none)?.writer.origin;
        let last = self.log.last_closing(origin)?.ok_or_else(none)?;
        let Ok((envelope, Event::ShiftClosed(closed))) =
            Input::read(last.origin, last.tip, &last.text).content
        else {
            return Err(none());
        };
        let (opened_local, by) = self.shift_opened(&closed.shift.to_string(), names)?;
        let tender = |total: &TenderTotal| TenderSum {
            tender_type: total.tender_type.clone(),
            class: class(total.class),
            to_verify: total.state == TenderState::ToVerify,
            count: total.tenders,
            amount_minor: total.amount_minor.get(),
            counted_minor: total.counted_minor.map(|amount| amount.get()),
            over_short_minor: total.counted_minor.map(|counted| (counted - total.expected_minor).get()),
        };
        let included = shop.terms.prices == Prices::Inclusive;
        let total = if included {
            closed.net_minor
        } else {
            closed.net_minor + closed.tax_minor
        };
        let cash = closed.tenders.iter().find(|total| total.tender_type == "cash");
        Ok(ShiftReport {
            opened_local,
            by,
            day: closed.day.to_string(),
            until_local: shop.zone.local(envelope.at).0,
            documents: closed.documents,
            gross_sales_minor: closed.gross_sales_minor.get(),
            gross_returns_minor: closed.gross_returns_minor.get(),
            reductions_minor: closed.reductions_minor.get(),
            net_minor: closed.net_minor.get(),
            tax_minor: closed.tax_minor.get(),
            taxes: closed.taxes.as_ref().map(|taxes| taxes.rates.iter().map(tax_sum).collect()),
            untaxed_minor: closed.taxes.as_ref().map_or(0, |taxes| taxes.untaxed_minor.get()),
            drawer_openings: closed.drawer_openings,
            total_minor: total.get(),
            rounding_minor: closed.rounding_minor.get(),
            tenders: closed.tenders.iter().map(tender).collect(),
            float_minor: closed.float_minor.get(),
            cash_moves_minor: closed.cash_moved_minor.get(),
            expected_cash_minor: cash.map(|total| total.expected_minor.get()),
            number: Some(closed.number),
            parked: u32::try_from(self.log.parked(PARKED_MAX)?.len()).unwrap_or(u32::MAX),
            waiting_documents: 0,
        })
    }

    /// Whether a person's role lets them do something without asking anybody.
    pub(super) fn may(&mut self, staff: StaffId, permission: Permission) -> bool {
        let Ok(shop) = self.shop() else { return false };
        let grants = shop.people.get(&staff).and_then(|role| shop.roles.get(role));
        grants.and_then(|grants| grants.get(&permission))
            == Some(&daybook_core::event::description::Grant::Allowed)
    }
}

/// A tax at a rate, as the window shows it.
pub(super) fn tax_sum(tax: &TaxAmount) -> TaxSum {
    TaxSum {
        name: tax.jurisdiction.clone(),
        rate: tax.rate.to_string(),
        base_minor: tax.base_minor.get(),
        tax_minor: tax.amount_minor.get(),
    }
}
