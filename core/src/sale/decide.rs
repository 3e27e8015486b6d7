//! Decisions about a sale: a command is answered with events, or refused with a reason.
//!
//! Everything a decision needs is in the state, the command and the [`Context`]; the shell looks facts up and hands them in. Nothing
//! is recorded by deciding: the shell appends the events, and only then tells anyone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::amount::{Minor, Quantity, UnitPrice};
use crate::authority::Authority;
use crate::catalogue::Item;
use crate::event::Event;
use crate::event::description::{Permission, TenderType};
use crate::event::sale::{
    Abandoned, AmountSource, BegunAs, CartLine, Completed, CustomerSet, Direction, Discount, Discounted,
    Line, LineAdded, LineChanged, LineKind, LineRemoved, LinesRecorded, Number, Opened, Parked, PriceSource,
    Reduction, ReductionSource, Reference, TenderClass, Tendered, Terms,
};
use crate::event::tender::TenderFate;
use crate::ids::{CustomerId, EventId, SaleId, ShiftId, StoreId, TillId, VoucherId};
use crate::limits::{
    CODE_CHARS_MAX, EVENT_AMOUNT_MINOR_MAX, LINE_AMOUNT_MINOR_MAX, LINES_INLINE_BYTES_MAX, LINES_MAX,
    LINES_PART_BYTES_MAX, NAME_CHARS_MAX, QUANTITY_THOUSANDTHS_MAX, REDUCTIONS_MAX, REFERENCES_MAX,
    TENDERS_MAX,
};
use crate::sale::promotion::Promotion;
use crate::sale::reckon::{Reckoned, is_within_limits, totals_are_within_limits};
use crate::sale::returns::{Original, return_line};
use crate::sale::tender::{TenderStatement, remove, take};
use crate::sale::{Phase, Rejection, Sale, permission};

/// What surrounds a decision: the till, its shift, the store's rules, who acts, and what the completing event will be called.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The store.
    pub store: StoreId,
    /// The till.
    pub till: TillId,
    /// The open shift.
    pub shift: Option<ShiftId>,
    /// The rules a new document is reckoned by.
    pub terms: &'a Terms,
    /// The store's tender types.
    pub tender_types: &'a BTreeMap<String, TenderType>,
    /// How the sales that the cart takes back from were paid: tender types and amounts, of those sales that are known here.
    pub paid: BTreeMap<SaleId, Vec<(String, Minor)>>,
    /// Promotions in force.
    pub promotions: &'a [Promotion],
    /// Who acts, and who approves.
    pub authority: &'a Authority,
    /// The number that the next completed document gets.
    pub next_number: Number,
    /// The id that a completing or parking event will be recorded under.
    pub document: EventId,
    /// Local time and offset from UTC in minutes.
    pub local: (String, i32),
}

/// How the amount of a new line comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineAmount {
    /// Unit price of the catalogue × quantity.
    Catalogue,
    /// A price decided at the till × quantity.
    Override(crate::amount::UnitPrice),
    /// Printed on a label.
    Label(Minor),
    /// Entered for an item that has no price of its own.
    Open(Minor),
    /// Stated instead of unit price × quantity.
    Given(Minor),
}

/// A line that somebody enters, with the facts the shell looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLine {
    /// What it is.
    pub item: Item,
    /// How much; negative takes it back.
    pub quantity: Quantity,
    /// How its amount comes about; negative amounts where it is taken back.
    pub amount: LineAmount,
    /// Reductions stated with it, in the sign of the line.
    pub reductions: Vec<Reduction>,
    /// What it takes back, where it does and somebody says what.
    pub references: Vec<Reference>,
    /// Those of the lines it refers to that are known here.
    pub originals: Vec<Original>,
    /// Why it is exempt from tax.
    pub exemption: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
    /// The gift card or credit it loads.
    pub voucher: Option<VoucherId>,
}

impl NewLine {
    /// So much of an item at its catalogue price.
    pub fn of(item: Item, quantity: Quantity) -> Self {
        NewLine {
            item,
            quantity,
            amount: LineAmount::Catalogue,
            reductions: Vec::new(),
            references: Vec::new(),
            originals: Vec::new(),
            exemption: None,
            serial: None,
            voucher: None,
        }
    }
}

/// A parked sale that somebody goes on with, with the facts the shell looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recalled {
    /// The parked sale.
    pub parked: SaleId,
    /// What it amounts to.
    pub cart: Sale,
    /// Whether another document went on with it before.
    pub before: bool,
    /// The lines it takes back, as they stand now, those of them that are known here.
    pub originals: Vec<Original>,
}

/// What a user asks of a sale.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "a command is made, decided and dropped")]
pub enum Command {
    /// Begin a document.
    Open {
        /// As a sale or a return.
        begun_as: BegunAs,
    },
    /// Begin a document that goes on with a parked sale.
    Recall(Recalled),
    /// Add a line.
    AddLine(NewLine),
    /// Take back goods of an original, whole or in part.
    AddReturn {
        /// The original line with what is known to be back already.
        original: Original,
        /// How much comes back; positive.
        quantity: Quantity,
        /// Whether it goes back on the shelf.
        restocked: bool,
    },
    /// Change the quantity of a line.
    ChangeQuantity {
        /// The line.
        line: u32,
        /// The new quantity.
        quantity: Quantity,
    },
    /// Take a line out.
    RemoveLine(u32),
    /// Put a line back that was taken out, as it was.
    RestoreLine(u32),
    /// Sell a line at another price than the catalogue's.
    ChangePrice {
        /// The line.
        line: u32,
        /// The price of one unit.
        price: UnitPrice,
        /// Why.
        reason: String,
    },
    /// Grant a discount.
    Discount {
        /// On this line; none: on the whole sale.
        line: Option<u32>,
        /// As what: line, sale or store coupon.
        source: ReductionSource,
        /// The coupon's code.
        name: Option<String>,
        /// How much.
        discount: Discount,
        /// Why.
        reason: Option<String>,
    },
    /// Set or take off the customer.
    SetCustomer(Option<CustomerId>),
    /// Set it aside.
    Park,
    /// Give it up.
    Abandon(Option<String>),
    /// Take a tender.
    Tender(TenderStatement),
    /// Take a tender back before the document is completed.
    RemoveTender {
        /// Number of the tender.
        tender: u32,
        /// What became of its money.
        fate: TenderFate,
    },
    /// Complete it.
    Complete,
    /// Take a last tender and complete it, in one commit.
    Pay(TenderStatement),
}

/// Events to record, and whether the approver was needed for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// What happened.
    pub events: Vec<Event>,
    /// Whether it happened by approval.
    pub approved: bool,
}

impl Decision {
    fn of(event: impl Into<Event>) -> Self {
        Decision { events: vec![event.into()], approved: false }
    }
}

/// Decides what a command does to a sale.
pub fn decide(
    sale: &Sale,
    id: SaleId,
    context: &Context<'_>,
    command: Command,
) -> Result<Decision, Rejection> {
    let command = match command {
        Command::Open { begun_as } => return open(sale, id, context, begun_as),
        Command::Recall(recalled) => return recall(sale, id, context, recalled),
        other => other,
    };
    if sale.phase != Phase::Open {
        return Err(Rejection::NotOpen);
    }
    let changes_cart = !matches!(
        command,
        Command::Tender(_)
            | Command::RemoveTender { .. }
            | Command::Complete
            | Command::Pay(_)
            | Command::SetCustomer(_)
    );
    if changes_cart && !sale.tenders.is_empty() {
        return Err(Rejection::PaymentBegun);
    }
    match command {
        Command::Open { .. } | Command::Recall(_) => Err(Rejection::NotOpen),
        Command::AddLine(new) => add_line(sale, id, context, new),
        Command::AddReturn { original, quantity, restocked } => {
            add_return(sale, id, context, &original, quantity, restocked)
        }
        Command::ChangeQuantity { line, quantity } => change_quantity(sale, id, context, line, quantity),
        Command::RemoveLine(line) => {
            sale.lines.get(&line).ok_or(Rejection::NoSuchLine(line))?;
            Ok(Decision::of(LineRemoved { sale: id, line }))
        }
        Command::RestoreLine(line) => {
            let line = sale.removed.get(&line).ok_or(Rejection::NoSuchLine(line))?.clone();
            Ok(Decision::of(LineAdded { sale: id, line }))
        }
        Command::ChangePrice { line, price, reason } => change_price(sale, id, context, line, price, reason),
        Command::Discount { line, source, name, discount, reason } => {
            let event = Discounted { sale: id, line, source, name, discount, reason };
            grant_discount(sale, context, event)
        }
        Command::SetCustomer(customer) => Ok(Decision::of(CustomerSet { sale: id, customer })),
        Command::Park => park(sale, id, context),
        Command::Abandon(reason) => {
            check_code(reason.as_deref().unwrap_or_default(), "the reason")?;
            let approved = context.authority.permit(Permission::AbandonSale)?;
            Ok(Decision { approved, ..Decision::of(Abandoned { sale: id, reason }) })
        }
        Command::Tender(statement) => tender(sale, id, context, &statement),
        Command::RemoveTender { tender, fate } => remove(sale, id, context.authority, tender, fate),
        Command::Complete => complete(sale, id, context),
        Command::Pay(statement) => {
            let mut taken = tender(sale, id, context, &statement)?;
            let mut paid = sale.clone();
            taken.events.iter().for_each(|event| paid.evolve(event));
            taken.events.append(&mut complete(&paid, id, context)?.events);
            Ok(taken)
        }
    }
}

fn open(sale: &Sale, id: SaleId, context: &Context<'_>, begun_as: BegunAs) -> Result<Decision, Rejection> {
    if sale.phase != Phase::New {
        return Err(Rejection::Senseless("this sale was begun before"));
    }
    let shift = context.shift.ok_or(Rejection::NoShift)?;
    let approved = context.authority.permit(Permission::Sell)?;
    let opened = Opened {
        sale: id,
        begun_as,
        store: context.store,
        till: context.till,
        shift,
        terms: context.terms.clone(),
        from_parked: None,
    };
    Ok(Decision { approved, ..Decision::of(opened) })
}

/// Goes on with a parked sale: all that its cart held, under the rules it was entered by.
fn recall(sale: &Sale, id: SaleId, context: &Context<'_>, recalled: Recalled) -> Result<Decision, Rejection> {
    let Recalled { parked, cart, before, originals } = recalled;
    let Some(opened) = cart.opened.filter(|_| cart.phase == Phase::Parked) else {
        return Err(Rejection::Senseless("only a parked sale can be recalled"));
    };
    if before {
        return Err(Rejection::RecalledBefore);
    }
    let mut decision = open(sale, id, context, opened.begun_as)?;
    for event in &mut decision.events {
        if let Event::SaleOpened(new) = event {
            new.from_parked = Some(parked);
            new.terms = opened.terms.clone();
        }
    }
    // While it was set aside, what it takes back may have come back by another receipt.
    let mut taken = Sale::default();
    for line in cart.lines.values().filter(|line| !line.references.is_empty()) {
        let linked = permission::is_linked(line, &taken, &opened.terms, &originals);
        let right = if linked { Permission::ReturnLinked } else { Permission::ReturnBlind };
        decision.approved |= context.authority.permit(right)?;
        taken.evolve(&LineAdded { sale: id, line: line.clone() }.into());
    }
    let customer = cart.customer.map(|customer| CustomerSet { sale: id, customer: Some(customer) }.into());
    let lines = cart.lines.into_values().map(|line| LineAdded { sale: id, line }.into());
    let discounts = cart.discounts.into_iter().map(|discount| Discounted { sale: id, ..discount }.into());
    decision.events.extend(customer.into_iter().chain(lines).chain(discounts));
    Ok(decision)
}

fn add_line(sale: &Sale, id: SaleId, context: &Context<'_>, new: NewLine) -> Result<Decision, Rejection> {
    if let Some(class) = &new.item.unknown_tax_class {
        return Err(Rejection::UnknownTaxClass(class.clone()));
    }
    let (extended_minor, extended_from, unit_price, price_source) = amount_of(&new)?;
    let takes_back =
        new.quantity < Quantity::ZERO || (new.quantity.is_zero() && extended_minor < Minor::ZERO);
    let line = CartLine {
        line: next_line(sale)?,
        direction: if takes_back { Direction::Return } else { Direction::Sale },
        kind: new.item.kind,
        product: new.item.product,
        sku: new.item.sku,
        name: new.item.name,
        department: new.item.department,
        serial: new.serial,
        quantity: new.quantity,
        unit_price,
        price_source,
        price_event: (price_source == Some(PriceSource::Catalogue)).then_some(new.item.price_event).flatten(),
        price_reason: None,
        extended_minor,
        extended_from,
        reductions: new.reductions,
        taxes: new.item.taxes,
        taxes_taken: None,
        exemption: new.exemption,
        discountable: new.item.discountable,
        references: new.references,
        tracked: new.item.tracked,
        on_hand_shown: new.item.tracked.then_some(new.item.on_hand).flatten(),
        unit_cost: new.item.unit_cost,
        voucher: new.voucher,
        restocked: true,
    };
    if !takes_back && !line.references.is_empty() {
        return Err(Rejection::Senseless("only what comes back refers to an earlier sale"));
    }
    check_line(&line)?;
    let terms = sale.opened.as_ref().map_or(context.terms, |opened| &opened.terms);
    let linked = permission::is_linked(&line, sale, terms, &new.originals);
    let approved = permit_all(context, &permission::of_line(&line, linked))?;
    Ok(Decision { approved, ..Decision::of(LineAdded { sale: id, line }) })
}

/// Whether all of these are permitted; `true` where the approver was needed for one of them.
fn permit_all(context: &Context<'_>, permissions: &[Permission]) -> Result<bool, Rejection> {
    let mut approved = false;
    for permission in permissions {
        approved |= context.authority.permit(*permission)?;
    }
    Ok(approved)
}

fn amount_of(
    new: &NewLine,
) -> Result<(Minor, AmountSource, Option<crate::amount::UnitPrice>, Option<PriceSource>), Rejection> {
    let catalogue = new.item.unit_price;
    let known = catalogue.map(|_| PriceSource::Catalogue);
    Ok(match new.amount {
        LineAmount::Catalogue => {
            let price = catalogue.ok_or(Rejection::NoPrice)?;
            (price.extend(new.quantity), AmountSource::Unit, Some(price), known)
        }
        LineAmount::Override(price) => {
            (price.extend(new.quantity), AmountSource::Unit, Some(price), Some(PriceSource::Override))
        }
        LineAmount::Label(amount) => (amount, AmountSource::Label, catalogue, Some(PriceSource::Label)),
        LineAmount::Open(amount) => (amount, AmountSource::Open, None, None),
        LineAmount::Given(amount) => (amount, AmountSource::Given, catalogue, known),
    })
}

fn add_return(
    sale: &Sale,
    id: SaleId,
    context: &Context<'_>,
    original: &Original,
    quantity: Quantity,
    restocked: bool,
) -> Result<Decision, Rejection> {
    let original = &permission::with_cart(original, sale);
    let line =
        return_line(original, next_line(sale)?, quantity, restocked).map_err(Rejection::NotReturnable)?;
    if sale.opened.as_ref().is_some_and(|opened| opened.terms.prices != original.prices) {
        return Err(Rejection::Senseless("that sale stated its prices the other way about tax"));
    }
    if sale.opened.as_ref().is_some_and(|opened| opened.terms.currency != original.currency) {
        return Err(Rejection::Senseless("that sale was in another currency"));
    }
    check_line(&line)?;
    let approved = context.authority.permit(Permission::ReturnLinked)?;
    Ok(Decision { approved, ..Decision::of(LineAdded { sale: id, line }) })
}

fn change_quantity(
    sale: &Sale,
    id: SaleId,
    context: &Context<'_>,
    number: u32,
    quantity: Quantity,
) -> Result<Decision, Rejection> {
    let old = sale.lines.get(&number).ok_or(Rejection::NoSuchLine(number))?;
    let (Some(price), AmountSource::Unit) = (old.unit_price, old.extended_from) else {
        return Err(Rejection::Senseless("the amount of this line was stated; remove it and enter it again"));
    };
    if (quantity < Quantity::ZERO) != (old.quantity < Quantity::ZERO) || quantity.is_zero() {
        return Err(Rejection::Senseless("remove the line instead"));
    }
    if !old.references.is_empty() || !old.reductions.is_empty() {
        return Err(Rejection::Senseless("remove this line and enter it again"));
    }
    let line = CartLine { quantity, extended_minor: price.extend(quantity), ..old.clone() };
    check_line(&line)?;
    let approved = permit_all(context, &permission::of_line(&line, false))?;
    Ok(Decision { approved, ..Decision::of(LineChanged { sale: id, line }) })
}

fn change_price(
    sale: &Sale,
    id: SaleId,
    context: &Context<'_>,
    number: u32,
    price: UnitPrice,
    reason: String,
) -> Result<Decision, Rejection> {
    let old = sale.lines.get(&number).ok_or(Rejection::NoSuchLine(number))?;
    if old.direction == Direction::Return || !old.references.is_empty() || !old.reductions.is_empty() {
        return Err(Rejection::Senseless(
            "what comes back, or was reduced when it was entered, keeps its price",
        ));
    }
    check_code(&reason, "the reason")?;
    let line = CartLine {
        unit_price: Some(price),
        price_source: Some(PriceSource::Override),
        price_event: None,
        price_reason: Some(reason),
        extended_minor: price.extend(old.quantity),
        extended_from: AmountSource::Unit,
        ..old.clone()
    };
    check_line(&line)?;
    let approved = permit_all(context, &permission::of_line(&line, false))?;
    Ok(Decision { approved, ..Decision::of(LineChanged { sale: id, line }) })
}

fn grant_discount(sale: &Sale, context: &Context<'_>, event: Discounted) -> Result<Decision, Rejection> {
    if let Some(number) = event.line {
        sale.lines.get(&number).ok_or(Rejection::NoSuchLine(number))?;
    }
    match (event.source, event.line, event.discount) {
        (ReductionSource::Line, None, _) => {
            return Err(Rejection::Senseless("a line discount needs its line"));
        }
        (ReductionSource::Loyalty | ReductionSource::Promotion, ..) => {
            return Err(Rejection::Senseless("price lists and promotions are not granted by hand"));
        }
        (_, _, Discount::AmountMinor(amount))
            if amount < Minor::ZERO || amount.get() > LINE_AMOUNT_MINOR_MAX =>
        {
            return Err(Rejection::BeyondLimit("the discount"));
        }
        (_, _, Discount::Percent(rate))
            if !rate.is_sane() || rate > crate::amount::Rate::percent("100").unwrap_or_default() =>
        {
            return Err(Rejection::BeyondLimit("the discount"));
        }
        _ => {}
    }
    check_code(event.name.as_deref().unwrap_or_default(), "the coupon's code")?;
    check_code(event.reason.as_deref().unwrap_or_default(), "the reason")?;
    if sale.discounts.len() >= REDUCTIONS_MAX {
        return Err(Rejection::BeyondLimit("the number of discounts"));
    }
    let approved = context.authority.permit(Permission::Discount)?;
    Ok(Decision { approved, ..Decision::of(event) })
}

fn tender(
    sale: &Sale,
    id: SaleId,
    context: &Context<'_>,
    statement: &TenderStatement,
) -> Result<Decision, Rejection> {
    let opened = sale.opened.as_ref().ok_or(Rejection::NotOpen)?;
    let reckoned = sale.reckon(context.promotions).ok_or(Rejection::NotOpen)?;
    if reckoned.lines.is_empty() {
        return Err(Rejection::Empty);
    }
    if sale.tenders.len() >= TENDERS_MAX {
        return Err(Rejection::BeyondLimit("the number of tenders"));
    }
    let foreign = statement.foreign.as_ref().map(|foreign| foreign.amount_minor);
    if statement.given_minor.into_iter().chain(foreign).any(|amount| !amount.is_recordable()) {
        return Err(Rejection::BeyondLimit("the amount"));
    }
    // Before money is taken: a cart with tenders can only be completed.
    check_total(&reckoned)?;
    let due = reckoned.totals.total_minor - sale.settled();
    let number = sale.last_tender.saturating_add(1);
    let rounded = sale.tenders.iter().filter_map(|tender| tender.rounding_minor).sum();
    let tender = take(statement, number, due, rounded, &opened.terms, context.tender_types)?;
    match tender.class {
        TenderClass::StoredValue if tender.voucher.is_none() => return Err(Rejection::NeedsVoucher),
        TenderClass::Account if sale.customer.is_none() => return Err(Rejection::NeedsCustomer),
        _ => {}
    }
    let needed = permission::of_payout(sale, context, &opened.terms, &reckoned, due, &tender);
    let approved = permit_all(context, &needed)?;
    Ok(Decision { approved, ..Decision::of(Tendered { sale: id, tender }) })
}

fn complete(sale: &Sale, id: SaleId, context: &Context<'_>) -> Result<Decision, Rejection> {
    let opened = sale.opened.as_ref().ok_or(Rejection::NotOpen)?;
    let shift = context.shift.ok_or(Rejection::NoShift)?;
    let reckoned = sale.reckon(context.promotions).ok_or(Rejection::NotOpen)?;
    if reckoned.lines.is_empty() {
        return Err(Rejection::Empty);
    }
    let rest = reckoned.totals.total_minor - sale.settled();
    if !rest.is_zero() {
        return Err(Rejection::Unsettled(rest));
    }
    check_total(&reckoned)?;
    let mut totals = reckoned.totals;
    totals.rounding_minor = sale.tenders.iter().filter_map(|tender| tender.rounding_minor).sum();
    let (mut events, lines, parts) = cut_lines(opened, context.document, false, reckoned.lines);
    events.push(Event::from(Completed {
        sale: id,
        begun_as: opened.begun_as,
        store: opened.store,
        till: opened.till,
        shift,
        number: context.next_number.clone(),
        terms: opened.terms.clone(),
        local_time: context.local.0.clone(),
        utc_offset_minutes: context.local.1,
        customer: sale.customer,
        from_parked: opened.from_parked,
        voids: None,
        lines,
        parts,
        taxes: reckoned.taxes,
        totals,
        tenders: sale.tenders.clone(),
        slip: None,
    }));
    Ok(Decision { events, approved: false })
}

fn park(sale: &Sale, id: SaleId, context: &Context<'_>) -> Result<Decision, Rejection> {
    let opened = sale.opened.as_ref().ok_or(Rejection::NotOpen)?;
    let reckoned = sale.reckon(context.promotions).ok_or(Rejection::NotOpen)?;
    if reckoned.lines.is_empty() {
        return Err(Rejection::Empty);
    }
    check_total(&reckoned)?;
    let (mut events, lines, parts) = cut_lines(opened, context.document, true, reckoned.lines);
    events.push(Event::from(Parked { sale: id, customer: sale.customer, lines, parts }));
    Ok(Decision { events, approved: false })
}

/// Lines that stay in the document's own event, and the events before it that hold what does not fit.
fn cut_lines(
    opened: &Opened,
    document: EventId,
    parks: bool,
    mut lines: Vec<Line>,
) -> (Vec<Event>, Vec<Line>, u32) {
    let size = |line: &Line| serde_json::to_string(line).map_or(0, |text| text.len() + 1);
    let mut inline: usize = lines.iter().map(size).sum();
    let mut parts: Vec<Vec<Line>> = Vec::new();
    while inline > LINES_INLINE_BYTES_MAX {
        let mut bytes = 0;
        let fits = |line: &&Line| {
            bytes += size(line);
            bytes <= LINES_PART_BYTES_MAX
        };
        let count = lines.iter().take_while(fits).count().max(1);
        let part: Vec<Line> = lines.drain(..count.min(lines.len())).collect();
        inline -= part.iter().map(size).sum::<usize>();
        parts.push(part);
    }
    let of = u32::try_from(parts.len()).unwrap_or(u32::MAX);
    let recorded = |(lines, part)| {
        let (sale, store, terms) = (opened.sale, opened.store, opened.terms.clone());
        Event::from(LinesRecorded { sale, document, parks, store, terms, part, of, lines })
    };
    (parts.into_iter().zip(1..).map(recorded).collect(), lines, of)
}

fn next_line(sale: &Sale) -> Result<u32, Rejection> {
    if sale.lines.len() >= LINES_MAX || sale.last_line == u32::MAX {
        return Err(Rejection::BeyondLimit("the number of lines"));
    }
    Ok(sale.last_line + 1)
}

fn check_total(reckoned: &Reckoned) -> Result<(), Rejection> {
    let cost = |line: &Line| line.entered.unit_cost.map(|cost| cost.extend(line.entered.quantity).abs());
    let costs: Minor = reckoned.lines.iter().filter_map(cost).sum();
    if totals_are_within_limits(&reckoned.totals)
        && costs.get() <= EVENT_AMOUNT_MINOR_MAX
        && reckoned.lines.iter().all(is_within_limits)
    {
        Ok(())
    } else {
        Err(Rejection::BeyondLimit("the total"))
    }
}

fn check_line(line: &CartLine) -> Result<(), Rejection> {
    let amounts = std::iter::once(line.extended_minor).chain(line.reductions.iter().map(|r| r.amount_minor));
    let mut amounts = amounts.chain(line.references.iter().map(|r| r.amount_minor));
    if amounts.any(|amount| amount.abs().get() > LINE_AMOUNT_MINOR_MAX) {
        return Err(Rejection::BeyondLimit("the amount"));
    }
    let mut quantities = std::iter::once(line.quantity).chain(line.references.iter().map(|r| r.quantity));
    if quantities.any(|quantity| quantity.abs().thousandths() > QUANTITY_THOUSANDTHS_MAX) {
        return Err(Rejection::BeyondLimit("the quantity"));
    }
    if line.references.len() > REFERENCES_MAX || line.reductions.len() > REDUCTIONS_MAX {
        return Err(Rejection::BeyondLimit("the number of references or reductions"));
    }
    if line.name.chars().count() > NAME_CHARS_MAX {
        return Err(Rejection::BeyondLimit("the name"));
    }
    if line.taxes.iter().any(|tax| !tax.rate.is_sane()) {
        return Err(Rejection::BeyondLimit("the tax rate"));
    }
    if line.kind == LineKind::StoredValue && line.voucher.is_none() {
        return Err(Rejection::NeedsVoucher);
    }
    check_code(&line.sku, "the code")?;
    check_code(line.serial.as_deref().unwrap_or_default(), "the serial number")
}

fn check_code(code: &str, what: &'static str) -> Result<(), Rejection> {
    if code.chars().count() > CODE_CHARS_MAX {
        Err(Rejection::BeyondLimit(what))
    } else {
        Ok(())
    }
}
