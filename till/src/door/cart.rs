//! The open cart as the window shows it: reckoned by the core, never summed a second time on the screen.

use daybook_core::amount::{Minor, Quantity};
use daybook_core::cash::quick_amounts;
use daybook_core::event::description::TenderType;
use daybook_core::event::sale as recorded;
use daybook_core::event::sale::{AmountSource, Completed, Direction as Way, Line, Prices};
use daybook_core::ids::SaleId;
use daybook_core::sale::Sale;
use daybook_core::sale::tender::round_cash;

use super::types::{Cart, CartLine, Direction, Done, TakenTender, TenderClass, TenderKind};
use crate::till::Shop;

/// What the cart needs to know beside the sale.
pub(super) struct Beside {
    /// The line that was touched last.
    pub touched: Option<u32>,
    /// Whether the last change can be taken back.
    pub can_undo: bool,
    /// Sales set aside at this till.
    pub parked: u32,
    /// The last completed document.
    pub last: Option<Done>,
}

pub(super) fn cart(sale: Option<(SaleId, &Sale)>, shop: &Shop, around: Beside) -> Cart {
    let reckoned = sale.and_then(|(_, sale)| sale.reckon(&[]));
    let terms = sale
        .and_then(|(_, sale)| sale.opened.as_ref())
        .map_or(&shop.terms, |opened| &opened.terms);
    let (lines, totals) = match &reckoned {
        Some(reckoned) => (reckoned.lines.as_slice(), Some(&reckoned.totals)),
        None => (&[][..], None),
    };
    let total = totals.map_or(Minor::ZERO, |totals| totals.total_minor);
    let due = total - sale.map_or(Minor::ZERO, |(_, sale)| sale.settled());
    let rounds = shop.tender_types.get("cash").is_some_and(|cash| cash.rounds);
    let due_cash = match &terms.cash_rounding {
        Some(rounding) if rounds => round_cash(due, rounding),
        _ => due,
    };
    let pieces: Quantity = lines.iter().map(|line| line.entered.quantity).sum();
    let tenders = sale.map(|(_, sale)| sale.tenders.iter().map(taken).collect()).unwrap_or_default();
    Cart {
        sale: sale.map(|(id, _)| id.to_string()),
        lines: lines.iter().map(|line| cart_line(line, around.touched)).collect(),
        net_minor: totals.map_or(0, |totals| totals.net_minor.get()),
        tax_minor: totals.map_or(0, |totals| totals.tax_minor.get()),
        reduction_minor: totals.map_or(0, |totals| totals.reductions_minor.get()),
        total_minor: total.get(),
        prices_include_tax: terms.prices == Prices::Inclusive,
        pieces: pieces.thousandths(),
        tenders,
        due_minor: due.get(),
        due_cash_minor: due_cash.get(),
        quick_minor: quick_amounts(due_cash, terms.currency).into_iter().map(Minor::get).collect(),
        tender_types: shop.tender_types.iter().map(kind).collect(),
        can_undo: around.can_undo,
        parked: around.parked,
        last: around.last,
    }
}

/// A line as it was reckoned.
pub(super) fn cart_line(line: &Line, touched: Option<u32>) -> CartLine {
    let entered = &line.entered;
    let counted = entered.extended_from == AmountSource::Unit
        && entered.direction == Way::Sale
        && entered.references.is_empty();
    CartLine {
        line: entered.line,
        sku: entered.sku.clone(),
        name: entered.name.clone(),
        direction: direction(entered.direction),
        quantity: entered.quantity.thousandths(),
        unit_price: entered.unit_price.map(|price| price.ten_thousandths()),
        extended_minor: entered.extended_minor.get(),
        reduction_minor: (entered.extended_minor - line.net_minor).get(),
        net_minor: line.net_minor.get(),
        counted,
        touched: touched == Some(entered.line),
    }
}

pub(super) fn direction(way: Way) -> Direction {
    match way {
        Way::Sale => Direction::Sale,
        Way::Return => Direction::Return,
    }
}

/// A completed document as the change screen shows it.
pub(super) fn done(completed: &Completed, lines: &[Line]) -> Done {
    let change: Minor = completed.tenders.iter().filter_map(|tender| tender.change_minor).sum();
    let kept: Minor = completed.tenders.iter().map(|tender| tender.amount_minor).sum();
    Done {
        sale: completed.sale.to_string(),
        number: format!("{}-{}", completed.number.series, completed.number.number),
        total_minor: completed.totals.total_minor.get(),
        received_minor: (kept + change).get(),
        change_minor: change.get(),
        lines: lines.iter().map(|line| cart_line(line, None)).collect(),
        local_time: completed.local_time.clone(),
    }
}

fn taken(tender: &recorded::Tender) -> TakenTender {
    TakenTender {
        tender: tender.tender,
        tender_type: tender.tender_type.clone(),
        class: class(tender.class),
        to_verify: tender.state == recorded::TenderState::ToVerify,
        amount_minor: tender.amount_minor.get(),
        given_minor: tender.given_minor.map(Minor::get),
        change_minor: tender.change_minor.map(Minor::get),
    }
}

fn kind((name, tender_type): (&String, &TenderType)) -> TenderKind {
    TenderKind { tender_type: name.clone(), class: class(tender_type.class) }
}

pub(super) fn class(class: recorded::TenderClass) -> TenderClass {
    match class {
        recorded::TenderClass::Cash => TenderClass::Cash,
        recorded::TenderClass::Card => TenderClass::Card,
        recorded::TenderClass::Claim => TenderClass::Claim,
        recorded::TenderClass::StoredValue => TenderClass::StoredValue,
        recorded::TenderClass::Account => TenderClass::Account,
    }
}
