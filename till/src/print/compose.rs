//! From the books to a paper: looks a document or a shift up, with the names that stand on it, and lays it out.
//!
//! Own documents come from the log itself, so that damaged read models cost a receipt a name at most.

use daybook_core::event::Event;
use daybook_core::event::description::TenderType;
use daybook_core::event::sale::{Completed, Line, TenderClass};
use daybook_core::ids::{OriginId, SaleId, StaffId};
use daybook_core::paper::receipt::{Receipt, receipt, short_seal};
use daybook_core::paper::report::{Reading, ReportKind};
use daybook_core::paper::{Form, Paper, Words};
use daybook_core::project::Input;
use daybook_core::{chain::Seal, envelope::Envelope};
use daybook_store::StoreError;
use daybook_store::events::StoredEvent;
use daybook_store::views::{papers, questions};

use super::PrintError;
use crate::till::Inner;

/// A completed document as it was recorded.
pub(super) struct Document {
    pub(super) envelope: Envelope,
    pub(super) completed: Completed,
    lines: Vec<Line>,
    seal: Option<Seal>,
}

impl Document {
    /// Its printed number.
    pub(super) fn number(&self) -> String {
        number(&self.completed)
    }
}

/// The printed number of a document.
pub(super) fn number(completed: &Completed) -> String {
    format!("{}-{}", completed.number.series, completed.number.number)
}

/// What a completing event says; nothing where it is none.
pub(super) fn completed(event: &StoredEvent) -> Option<(Envelope, Completed)> {
    match Input::read(event.origin, event.tip, &event.text).content {
        Ok((envelope, Event::SaleCompleted(completed))) => Some((envelope, completed)),
        _ => None,
    }
}

impl Inner {
    /// A completed document; none where this till knows none of that id.
    pub(super) fn document(&mut self, sale: SaleId) -> Result<Option<Document>, StoreError> {
        let own = assemble(sale, &self.log.stream(&format!("sale/{sale}"))?);
        if own.is_some() {
            return Ok(own);
        }
        let events = self.ask_views(|views, log| papers::document(views.connection(), log, sale))?;
        Ok(assemble(sale, &events))
    }

    /// Lays the receipt of a document out.
    pub(super) fn lay_out_receipt(
        &mut self,
        document: &Document,
        copy: u32,
        kick: bool,
        words: &Words,
        form: Form,
    ) -> Paper {
        let person = self.person(document.envelope.actor);
        let till = self.till_name(document.envelope.origin);
        let opens_drawer = kick && self.opens_drawer(&document.completed);
        let Document { completed, lines, seal, .. } = document;
        let sheet =
            Receipt { completed, lines, till: &till, person: &person, seal: *seal, copy, opens_drawer };
        receipt(&sheet, &self.words(words), form)
    }

    /// The words of a paper, with head office's name of the store where the till has none of its own.
    pub(super) fn words(&mut self, words: &Words) -> Words {
        let mut words = words.clone();
        if words.store.trim().is_empty() {
            let store = self.enrolled.as_ref().map(|enrolled| enrolled.store);
            let found = self.ask_views(|views, _| questions::settings(views.connection(), store));
            words.store = found.ok().and_then(|fields| fields.name).unwrap_or_default();
        }
        words
    }

    /// The shift as it stands, or the last closing, with what its copies are counted by and where it stands in the chain.
    pub(super) fn reading(&mut self, kind: ReportKind) -> Result<(Reading, Option<StoredEvent>), PrintError> {
        let origin = self.enrolled.as_ref().ok_or(PrintError::NoShift)?.writer.origin;
        let zone = self.shop().map_err(|error| PrintError::NotKept(error.to_string()))?.zone.clone();
        let till = self.till_name(origin);
        if kind == ReportKind::X {
            let closed = self.book.closing_now().ok_or(PrintError::NoShift)?;
            let (local_time, _) = zone.local(self.now().corrected());
            return Ok((Reading { kind, closed, local_time, till, person: String::new(), seal: None }, None));
        }
        let event = self.log.last_closing(origin)?.ok_or(PrintError::NoClosing)?;
        let Ok((envelope, Event::ShiftClosed(closed))) =
            Input::read(event.origin, event.tip, &event.text).content
        else {
            return Err(PrintError::NoClosing);
        };
        let (local_time, _) = zone.local(envelope.wall.saturating_add(envelope.offset));
        let (person, seal) = (self.person(envelope.actor), event.text.seal.as_ref().map(short_seal));
        Ok((Reading { kind, closed, local_time, till, person, seal }, Some(event)))
    }

    fn person(&mut self, actor: Option<StaffId>) -> String {
        let Some(staff) = actor else { return String::new() };
        let found = self.ask_views(|views, _| papers::staff_number(views.connection(), staff));
        found.ok().flatten().unwrap_or_default()
    }

    fn till_name(&mut self, origin: OriginId) -> String {
        let own = self.enrolled.as_ref().and_then(|enrolled| {
            enrolled.identity.certificates().into_iter().find(|known| known.origin == origin)
        });
        if let Some(certificate) = own {
            return certificate.name;
        }
        let found = self.ask_views(|views, _| papers::origin_name(views.connection(), origin));
        found.ok().flatten().unwrap_or_default()
    }

    fn opens_drawer(&mut self, completed: &Completed) -> bool {
        let shop = self.shop().ok();
        let of = |name: &str| -> Option<TenderType> { shop.as_ref()?.tender_types.get(name).cloned() };
        completed.tenders.iter().any(|tender| {
            of(&tender.tender_type)
                .map_or(tender.class == TenderClass::Cash, |tender_type| tender_type.opens_drawer)
        })
    }
}

/// Puts a document together from its events: parts of its lines, and the completing one.
fn assemble(sale: SaleId, events: &[StoredEvent]) -> Option<Document> {
    let (event, (envelope, completed)) =
        events.iter().rev().find_map(|event| completed(event).map(|found| (event, found)))?;
    let mut parts: Vec<(u32, Vec<Line>)> = events
        .iter()
        .filter_map(|event| match Input::read(event.origin, event.tip, &event.text).content {
            Ok((_, Event::SaleLinesRecorded(part))) if part.document == envelope.id && !part.parks => {
                Some((part.part, part.lines))
            }
            _ => None,
        })
        .collect();
    parts.sort_by_key(|(part, _)| *part);
    let mut lines: Vec<Line> = parts.into_iter().flat_map(|(_, lines)| lines).collect();
    lines.extend(completed.lines.iter().cloned());
    (completed.sale == sale).then_some(Document { envelope, completed, lines, seal: event.text.seal })
}
