//! Executing a command: load, ask the core to decide, append durably, then tell.
//!
//! This is where a sale happens. Follow it top-down: [`Till::execute`], then the decision, then `commit`. What follows the commit — journal,
//! read models, waking synchronisation — can fail without un-happening anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use daybook_core::amount::{Currency, Minor};
use daybook_core::authority::{Authority, Person};
use daybook_core::event::Event;
use daybook_core::event::description::Permission;
use daybook_core::event::sale::{Completed, Number, Prices, Reference, TaxRounding, TenderCorrected, Terms};
use daybook_core::event::stock::{Adjusted, Counted, Received, StockLine};
use daybook_core::ids::{CommandId, EventId, SaleId, StaffId};
use daybook_core::limits::REFERENCES_MAX;
use daybook_core::project::Input;
use daybook_core::record::{Circumstances, Draft, Recorded, Writer};
use daybook_core::sale::decide::{self, Decision, LineAmount, NewLine};
use daybook_core::sale::returns::Original;
use daybook_core::sale::settle;
use daybook_core::sale::tender::default_tender_types;
use daybook_core::sale::{Phase, Rejection, Sale};
use daybook_core::time::Zone;
use daybook_core::{authority, catalogue::Item, shift};
use daybook_store::StoreError;
use daybook_store::file::are_apart;
use daybook_store::views::questions;

use crate::command::{Answer, Command, ItemName, Receipt, StockCount};
use crate::ink::NotInked;
use crate::session::Session;
use crate::till::{Inner, Shop, Till};

/// The tax class of what the catalogue does not know.
const OPEN_TAX_CLASS: &str = "standard";

/// Why a command was not executed. Three kinds of trouble, never mixed: the business says no; nothing was recorded; it is not known.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The business says no.
    #[error("{0}")]
    Rejected(#[from] Rejection),
    /// The till belongs to no store yet.
    #[error("this till belongs to no store yet; enrol it first")]
    NotEnrolled,
    /// The person is not known here, or no longer active.
    #[error("nobody with that id may act at this till")]
    UnknownPerson(StaffId),
    /// Whoever asks is not at the till, or no longer.
    #[error("nobody is signed in, or somebody else has signed in since: enter your PIN again")]
    NotSignedIn,
    /// The approval was used, or is too old.
    #[error("this approval was used, or is older than a minute: ask for another")]
    ApprovalOver,
    /// Somebody approves what they do themselves.
    #[error("somebody else has to approve this: nobody approves what they do themselves")]
    OwnApproval,
    /// The catalogue does not know the code.
    #[error("no product has the code '{0}'")]
    UnknownCode(String),
    /// This till knows no such document or line.
    #[error("this till does not know that receipt or line (yet)")]
    UnknownDocument,
    /// The store failed and nothing was recorded: the command can be given again.
    #[error("nothing was recorded: {0}")]
    NotRecorded(StoreError),
    /// The store failed, and it cannot be found out now whether this was recorded. Started again, the till knows: asked with the same id
    /// it answers what was recorded, or does it then.
    #[error("it is not known whether this was recorded: {0}. Start the till again; it will say")]
    Unknown(StoreError),
    /// An earlier failure stopped the till; it must be started again before it records anything.
    #[error("the till must be started again before it can record anything: {0}")]
    Latched(String),
}

impl From<NotInked> for ExecuteError {
    fn from(not: NotInked) -> Self {
        match not {
            NotInked::Nothing(error) => ExecuteError::NotRecorded(error),
            NotInked::Unknown(error) => ExecuteError::Unknown(error),
        }
    }
}

impl From<StoreError> for ExecuteError {
    fn from(error: StoreError) -> Self {
        ExecuteError::NotRecorded(error)
    }
}

impl Till {
    /// Executes a command. Asking again with the same id is answered with what was recorded then.
    pub fn execute(
        &self,
        session: &Session,
        id: CommandId,
        command: Command,
    ) -> Result<Answer, ExecuteError> {
        let mut inner = self.lock();
        if let Some(why) = &inner.latch {
            return Err(ExecuteError::Latched(why.clone()));
        }
        if let Some(answer) = inner.log.command(id)? {
            let answer: Answer =
                serde_json::from_str(&answer).map_err(|error| StoreError::Unreadable(error.to_string()))?;
            return Ok(Answer { repeated: true, ..answer });
        }
        let authority = inner.permitted_authority(session)?;
        let document = inner.new_event_id();
        let decision = inner.decide(&authority, document, command)?;
        let approver = session.approver().filter(|_| decision.approved);
        let answer = inner.commit(decision.events, document, id, session.actor, approver)?;
        if approver.is_some() {
            inner.use_approval(session);
        }
        drop(inner);
        self.shared.recorded.notify_one();
        self.shared.changes.send_modify(|changes| changes.own += 1);
        if answer.receipt.is_some() {
            self.shared.printing.look();
        }
        Ok(answer)
    }
}

impl Inner {
    fn decide(
        &mut self,
        authority: &Authority,
        document: EventId,
        command: Command,
    ) -> Result<Decision, ExecuteError> {
        match command {
            Command::OpenShift { shift, float_minor } => {
                self.decide_shift(authority, shift::Command::Open { shift, float_minor })
            }
            Command::MoveCash { cash_move, amount_minor, reason } => {
                self.decide_shift(authority, shift::Command::MoveCash { cash_move, amount_minor, reason })
            }
            Command::OpenDrawer { reason } => {
                self.decide_shift(authority, shift::Command::OpenDrawer { reason })
            }
            Command::CountShift(counts) => self.decide_shift(authority, shift::Command::Count(counts)),
            Command::CloseShift => self.decide_shift(authority, shift::Command::Close),
            Command::OpenSale { sale, begun_as } => {
                self.check_new(sale)?;
                self.sale = Some((sale, Sale::default()));
                self.decide_sale(authority, document, decide::Command::Open { begun_as })
            }
            Command::AddLine { item, quantity, amount, reductions, references, voucher } => {
                let item = self.find_item(item, &amount)?;
                if references.len() > REFERENCES_MAX {
                    return Err(Rejection::BeyondLimit("the number of references").into());
                }
                let originals = self.originals(&references)?;
                let new = NewLine::of(item, quantity);
                let line = NewLine { amount, reductions, references, originals, voucher, ..new };
                self.decide_sale(authority, document, decide::Command::AddLine(line))
            }
            Command::ReturnLine { sale, line, quantity, restocked } => {
                let found =
                    self.ask_views(|views, log| questions::original(views.connection(), log, sale, line))?;
                let original = found.ok_or(ExecuteError::UnknownDocument)?;
                self.decide_sale(
                    authority,
                    document,
                    decide::Command::AddReturn { original, quantity, restocked },
                )
            }
            Command::ChangeQuantity { line, quantity } => {
                self.decide_sale(authority, document, decide::Command::ChangeQuantity { line, quantity })
            }
            Command::RemoveLine(line) => {
                self.decide_sale(authority, document, decide::Command::RemoveLine(line))
            }
            Command::RestoreLine(line) => {
                self.decide_sale(authority, document, decide::Command::RestoreLine(line))
            }
            Command::ChangePrice { line, price, reason } => {
                self.decide_sale(authority, document, decide::Command::ChangePrice { line, price, reason })
            }
            Command::Discount { line, source, name, discount, reason } => self.decide_sale(
                authority,
                document,
                decide::Command::Discount { line, source, name, discount, reason },
            ),
            Command::SetCustomer(customer) => {
                self.decide_sale(authority, document, decide::Command::SetCustomer(customer))
            }
            Command::ParkSale => self.decide_sale(authority, document, decide::Command::Park),
            Command::RecallSale { parked, sale } => self.recall(authority, document, parked, sale),
            Command::AbandonSale(reason) => {
                self.decide_sale(authority, document, decide::Command::Abandon(reason))
            }
            Command::Tender(statement) => {
                self.decide_sale(authority, document, decide::Command::Tender(statement))
            }
            Command::RemoveTender { tender, fate } => {
                self.decide_sale(authority, document, decide::Command::RemoveTender { tender, fate })
            }
            Command::SettleTender { sale, tender, charged } => {
                self.settle_tender(authority, sale, tender, charged)
            }
            Command::Pay(statement) => self.decide_sale(authority, document, decide::Command::Pay(statement)),
            Command::CompleteSale => self.decide_sale(authority, document, decide::Command::Complete),
            Command::ReceiveStock(lines) => {
                let (store, lines) = (self.store()?, self.stock_lines(lines)?);
                stock(authority, Received { store, lines, currency: None, document: None }.into())
            }
            Command::AdjustStock { reason, lines } => {
                let (store, lines) = (self.store()?, self.stock_lines(lines)?);
                stock(authority, Adjusted { store, reason, lines, currency: None }.into())
            }
            Command::CountStock { session, lines } => {
                let (store, lines) = (self.store()?, self.stock_lines(lines)?);
                stock(authority, Counted { store, session, lines, currency: None, zone_closed: false }.into())
            }
        }
    }

    fn decide_sale(
        &mut self,
        authority: &Authority,
        document: EventId,
        command: decide::Command,
    ) -> Result<Decision, ExecuteError> {
        let shop = self.shop()?;
        let paid = match &command {
            decide::Command::Tender(_) | decide::Command::Pay(_) => self.paid()?,
            _ => BTreeMap::new(),
        };
        let enrolled = self.enrolled.as_ref().ok_or(ExecuteError::NotEnrolled)?;
        let Some((id, sale)) = &self.sale else { return Err(Rejection::NotOpen.into()) };
        let context = decide::Context {
            store: enrolled.store,
            till: enrolled.till,
            shift: self.book.shift.as_ref().map(|shift| shift.opened.shift),
            terms: &shop.terms,
            tender_types: &shop.tender_types,
            paid,
            promotions: &[],
            authority,
            next_number: Number { series: enrolled.series.clone(), number: self.book.last_number + 1 },
            document,
            local: shop.zone.local(self.now().corrected()),
        };
        Ok(decide::decide(sale, *id, &context, command)?)
    }

    fn decide_shift(
        &mut self,
        authority: &Authority,
        command: shift::Command,
    ) -> Result<Decision, ExecuteError> {
        let shop = self.shop()?;
        let enrolled = self.enrolled.as_ref().ok_or(ExecuteError::NotEnrolled)?;
        let context = shift::Context {
            store: enrolled.store,
            till: enrolled.till,
            day: shop.zone.business_day(self.now().corrected()),
            currency: shop.terms.currency,
            tender_types: &shop.tender_types,
            authority,
            sale_open: self.sale.as_ref().is_some_and(|(_, sale)| sale.phase == Phase::Open),
        };
        Ok(shift::decide(&self.book, &context, command)?)
    }

    /// What became of a payment of a document that this till completed: only here does somebody see the terminal that took it.
    fn settle_tender(
        &mut self,
        authority: &Authority,
        sale: SaleId,
        tender: u32,
        charged: bool,
    ) -> Result<Decision, ExecuteError> {
        let (completed, corrections) = self.paid_here(sale)?.ok_or(ExecuteError::UnknownDocument)?;
        let context = settle::Context {
            store: self.store()?,
            shift: self.book.shift.as_ref().map(|shift| shift.opened.shift),
            currency: completed.terms.currency,
            authority,
        };
        let tenders = settle::paid(&completed, &corrections);
        Ok(settle::decide(sale, &tenders, tender, charged, &context)?)
    }

    /// A document that this till completed, with the corrections of its payments.
    pub(crate) fn paid_here(
        &self,
        sale: SaleId,
    ) -> Result<Option<(Completed, Vec<TenderCorrected>)>, StoreError> {
        let (mut completed, mut corrections) = (None, Vec::new());
        for event in self.log.stream(&format!("sale/{sale}"))? {
            match Input::read(event.origin, event.tip, &event.text).content {
                Ok((_, Event::SaleCompleted(document))) => completed = Some(document),
                Ok((_, Event::SaleTenderCorrected(correction))) => corrections.push(correction),
                _ => {}
            }
        }
        Ok(completed.map(|completed| (completed, corrections)))
    }

    /// Goes on with a parked sale of this till: a new document with its lines.
    fn recall(
        &mut self,
        authority: &Authority,
        document: EventId,
        parked: SaleId,
        sale: SaleId,
    ) -> Result<Decision, ExecuteError> {
        self.check_new(sale)?;
        let mut cart = Sale::default();
        for event in self.log.stream(&format!("sale/{parked}"))? {
            if let Ok((_, event)) = Input::read(event.origin, event.tip, &event.text).content {
                cart.evolve(&event);
            }
        }
        if cart.phase == Phase::New {
            return Err(ExecuteError::UnknownDocument);
        }
        let before = self.log.was_recalled(parked)?;
        let references: Vec<Reference> =
            cart.lines.values().flat_map(|line| line.references.iter().cloned()).collect();
        let originals = self.originals(&references)?;
        self.sale = Some((sale, Sale::default()));
        let recalled = decide::Recalled { parked, cart, before, originals };
        self.decide_sale(authority, document, decide::Command::Recall(recalled))
    }

    /// A document can be begun where none is open, and only once.
    fn check_new(&self, sale: SaleId) -> Result<(), ExecuteError> {
        if self.sale.as_ref().is_some_and(|(_, open)| open.phase == Phase::Open) {
            let why = "another sale is open; complete, park or abandon it first";
            return Err(Rejection::Senseless(why).into());
        }
        if self.log.stream_length(&format!("sale/{sale}"))? > 0 {
            return Err(Rejection::Senseless("this sale was begun before").into());
        }
        Ok(())
    }

    fn find_item(&mut self, name: ItemName, amount: &LineAmount) -> Result<Item, ExecuteError> {
        match name {
            ItemName::Open { sku, name, department } => {
                if !matches!(amount, LineAmount::Open(_) | LineAmount::Label(_)) {
                    return Err(Rejection::NoPrice.into());
                }
                let taxes =
                    self.ask_views(|views, _| questions::taxes(views.connection(), OPEN_TAX_CLASS))?;
                let unknown_tax_class = taxes.is_none().then(|| OPEN_TAX_CLASS.to_owned());
                let item = Item::open(&sku, &name, department.as_deref(), taxes.unwrap_or_default());
                Ok(Item { unknown_tax_class, ..item })
            }
            ItemName::Code(code) => {
                let (store, time) = (self.store()?, self.now().corrected());
                let found =
                    self.ask_views(|views, _| questions::item(views.connection(), store, &code, time))?;
                found.ok_or(ExecuteError::UnknownCode(code))
            }
        }
    }

    /// Those of the referenced lines that this till knows.
    fn originals(&mut self, references: &[Reference]) -> Result<Vec<Original>, ExecuteError> {
        let mut originals: Vec<Original> = Vec::new();
        for reference in references {
            let (sale, line) = (reference.sale, reference.line);
            if originals.iter().any(|known| known.sale == sale && known.line.entered.line == line) {
                continue;
            }
            originals.extend(
                self.ask_views(|views, log| questions::original(views.connection(), log, sale, line))?,
            );
        }
        Ok(originals)
    }

    /// How the sales that the cart takes back from were paid, as far as this till knows.
    fn paid(&mut self) -> Result<BTreeMap<SaleId, Vec<(String, Minor)>>, ExecuteError> {
        let Some((_, sale)) = &self.sale else { return Ok(BTreeMap::new()) };
        let references = sale.lines.values().flat_map(|line| &line.references);
        let sales: BTreeSet<SaleId> = references.map(|reference| reference.sale).collect();
        let mut known = BTreeMap::new();
        for sale in sales {
            let paid = self.ask_views(|views, _| questions::paid_with(views.connection(), sale))?;
            known.extend(paid.map(|paid| (sale, paid)));
        }
        Ok(known)
    }

    fn stock_lines(&mut self, lines: Vec<StockCount>) -> Result<Vec<StockLine>, ExecuteError> {
        let line = |line: StockCount| {
            let product =
                self.ask_views(|views, _| questions::product_of_code(views.connection(), &line.code))?;
            Ok(StockLine { product, sku: line.code, quantity: line.quantity, unit_cost: None })
        };
        lines.into_iter().map(line).collect()
    }

    fn store(&self) -> Result<daybook_core::ids::StoreId, ExecuteError> {
        self.enrolled.as_ref().map(|enrolled| enrolled.store).ok_or(ExecuteError::NotEnrolled)
    }

    /// Who acts and who approves, if both have shown who they are and still may.
    pub(crate) fn permitted_authority(&mut self, session: &Session) -> Result<Authority, ExecuteError> {
        if !self.is_at_the_till(session) {
            return Err(ExecuteError::NotSignedIn);
        }
        if !self.is_approval_open(session) {
            return Err(ExecuteError::ApprovalOver);
        }
        if session.approver() == Some(session.actor) {
            return Err(ExecuteError::OwnApproval);
        }
        self.authority(session)
    }

    fn authority(&mut self, session: &Session) -> Result<Authority, ExecuteError> {
        let shop = self.shop()?;
        let person = |staff: StaffId| {
            let role = shop.people.get(&staff).ok_or(ExecuteError::UnknownPerson(staff))?;
            Ok::<_, ExecuteError>(Person::with_role(staff, role, &shop.roles))
        };
        Ok(Authority { actor: person(session.actor)?, approver: session.approver().map(person).transpose()? })
    }

    /// The store's rules, read from the read models once and again after they changed.
    pub(crate) fn shop(&mut self) -> Result<Arc<Shop>, ExecuteError> {
        if self.shop.is_none() {
            let store = self.store()?;
            let fields = self.ask_views(|views, _| questions::settings(views.connection(), Some(store)))?;
            let people = self.ask_views(|views, _| questions::staff(views.connection(), Some(store)))?;
            let euro =
                || Currency::from_code("EUR").unwrap_or_else(|| unreachable!("the euro has two decimals"));
            let zone = Zone::new(
                fields.time_zone.as_deref().unwrap_or("UTC"),
                fields.cut_over_minutes.unwrap_or(240),
            );
            self.shop = Some(Arc::new(Shop {
                terms: Terms {
                    currency: fields.currency.unwrap_or_else(euro),
                    prices: fields.prices.unwrap_or(Prices::Inclusive),
                    tax_rounding: fields.tax_rounding.unwrap_or(TaxRounding::Document),
                    cash_rounding: fields.cash_rounding,
                },
                tender_types: fields.tender_types.unwrap_or_else(default_tender_types),
                zone: zone.or_else(|| Zone::new("UTC", 240)).unwrap_or_else(|| unreachable!("UTC is a zone")),
                roles: fields.roles.unwrap_or_else(authority::default_roles),
                people: people.into_iter().map(|(staff, _, role)| (staff, role)).collect(),
            }));
        }
        self.shop.clone().ok_or(ExecuteError::NotEnrolled)
    }

    /// Records what was decided, in one durable commit together with the command. An error is looked into before anything is said.
    fn commit(
        &mut self,
        events: Vec<Event>,
        document: EventId,
        command: CommandId,
        actor: StaffId,
        approver: Option<StaffId>,
    ) -> Result<Answer, ExecuteError> {
        let enrolled = self.enrolled.clone().ok_or(ExecuteError::NotEnrolled)?;
        let opened = events.iter().find_map(|event| match event {
            Event::ShiftOpened(opened) => Some(opened.day),
            _ => None,
        });
        let day = opened.or_else(|| self.book.shift.as_ref().map(|shift| shift.opened.day));
        let mut drafts = Vec::with_capacity(events.len());
        for event in events {
            let id = match &event {
                Event::SaleCompleted(_) | Event::SaleParked(_) => document,
                _ => self.new_event_id(),
            };
            let rev = self.next_revision(&event.stream())?;
            drafts.push(Draft { id, event, rev, base: None });
        }
        let circumstances =
            Circumstances { now: self.now(), actor: Some(actor), approver, command: Some(command), day };
        let recorded = enrolled.writer.record(drafts, &circumstances, &enrolled.key, false);
        let (recorded, writer) =
            recorded.map_err(|_| ExecuteError::Rejected(Rejection::BeyondLimit("the size of this")))?;
        let answer = Answer {
            recorded: recorded.last().map(|event| event.tip),
            repeated: false,
            receipt: recorded.iter().find_map(|recorded| receipt(&recorded.event)),
        };
        let text =
            serde_json::to_string(&answer).map_err(|error| StoreError::Unreadable(error.to_string()))?;
        let position = self.ink(&recorded, |log| log.append(&recorded, Some((command, &text))))?;
        self.after_append(&recorded, writer, position);
        Ok(answer)
    }

    /// What follows a commit: memory, journal, read models. Nothing here can un-happen what was recorded.
    pub(crate) fn after_append(&mut self, recorded: &[Recorded], writer: Writer, position: i64) {
        if let Some(enrolled) = &mut self.enrolled {
            enrolled.writer = writer;
        }
        if let Some(Recorded { envelope, .. }) = recorded.last() {
            self.note_time(envelope.offset, envelope.wall.saturating_add(envelope.offset));
        }
        for event in recorded {
            self.book.evolve(&event.event);
            if let Some((_, sale)) = &mut self.sale {
                sale.evolve(&event.event);
            }
            if matches!(event.event, Event::SaleCompleted(_) | Event::SaleParked(_) | Event::SaleAbandoned(_))
            {
                self.sale = None;
                self.revisions.clear();
            }
        }
        let at_once = self.options.durable && self.journal_is_due(recorded);
        let written = self.journal.as_mut().map(|journal| {
            journal.append_recorded(recorded)?;
            if at_once { journal.flush() } else { Ok(()) }
        });
        if let Some(Err(error)) = written {
            // A journal with a hole would mend nothing: it is written no further, and filled up from the log at the next start.
            tracing::error!(%error, "the journal cannot be written; the sale stands in the log");
            (self.journal, self.journal_trouble) = (None, Some(error.to_string()));
        }
        self.journal_dirty |= self.journal.is_some();
        let first = position - i64::try_from(recorded.len()).unwrap_or(0) + 1;
        let inputs: Vec<(i64, Input)> = (first..)
            .zip(recorded)
            .map(|(position, event)| {
                (
                    position,
                    Input::known(
                        event.envelope.origin,
                        event.tip,
                        event.envelope.clone(),
                        event.event.clone(),
                    ),
                )
            })
            .collect();
        let projected = if self.views.position() + 1 == first {
            self.views.apply(&self.log_reader, &inputs)
        } else {
            // Something is being followed; the sale does not wait for all of it.
            self.follow_a_step().map(|_| ())
        };
        match projected {
            Ok(()) => {}
            Err(error) if !error.is_worth_a_rebuild() => {
                tracing::error!(%error, "the read models could not follow; they do after the next event");
            }
            Err(error) => {
                tracing::error!(%error, "the read models are damaged; they are built anew");
                if let Err(error) = self.rebuild_views() {
                    tracing::error!(%error, "the read models cannot be built anew now");
                }
            }
        }
    }
}

impl Inner {
    /// Whether the journal is flushed before anything is said, and not within a second: at the end of a shift, and with every sale where
    /// it has a disk of its own and so holds what the till's disk may lose.
    fn journal_is_due(&self, recorded: &[Recorded]) -> bool {
        let any = |is: fn(&Event) -> bool| recorded.iter().any(|recorded| is(&recorded.event));
        any(|event| matches!(event, Event::ShiftClosed(_)))
            || any(|event| matches!(event, Event::SaleCompleted(_)))
                && are_apart(&self.options.data, &self.options.journal)
    }
}

fn stock(authority: &Authority, event: Event) -> Result<Decision, ExecuteError> {
    let approved = authority.permit(Permission::ChangeStock).map_err(Rejection::from)?;
    Ok(Decision { events: vec![event], approved })
}

/// What is told of a completed document; nothing of other events.
pub(crate) fn receipt(event: &Event) -> Option<Receipt> {
    let Event::SaleCompleted(completed) = event else { return None };
    Some(Receipt {
        sale: completed.sale,
        number: format!("{}-{}", completed.number.series, completed.number.number),
        total_minor: completed.totals.total_minor,
        change_minor: completed.tenders.iter().filter_map(|tender| tender.change_minor).sum(),
    })
}
