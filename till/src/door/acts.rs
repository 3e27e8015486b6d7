//! Acts of the window as commands of the till: which commands an act is, and what would take it back.
//!
//! An act carries one id. Where it takes several commands each gets an id of its own that follows from it, so that an act asked again after
//! a crash or a lost answer goes on where it stopped and does nothing twice.

use daybook_core::amount::{Minor, Quantity, Rate, UnitPrice};
use daybook_core::chain::sha256;
use daybook_core::event::sale::{BegunAs, CardDetails, Discount, PriceSource, ReductionSource};
use daybook_core::event::shift::{CashMove, Count};
use daybook_core::event::tender::TenderFate as Fate;
use daybook_core::ids::{CommandId, SaleId, ShiftId};
use daybook_core::sale::Sale;
use daybook_core::sale::decide::LineAmount;
use daybook_core::sale::tender::TenderStatement;
use uuid::Uuid;

use super::fault::senseless;
use super::types::{Act, CardNote, CashWay, Fault, TenderFate};
use crate::command::{Command, ItemName};

/// An act about to be done.
pub(super) struct Plan {
    /// The commands, each with its id.
    pub commands: Vec<(CommandId, Command)>,
    /// The line it touches.
    pub touched: Option<u32>,
    /// What takes it back; none where nothing does.
    pub inverse: Option<Inverse>,
    /// Whether somebody needs the drawer open for it.
    pub opens_drawer: bool,
}

/// What takes an act back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Inverse {
    /// The quantity as it was.
    Quantity(u32, Quantity),
    /// The line goes out.
    Remove(u32),
    /// The line comes back as it was.
    Restore(u32),
    /// The discount is gone.
    NoDiscount(Option<u32>, ReductionSource),
    /// The catalogue's price again: the line goes out, and so much of the product comes in.
    Reenter(u32, String, Quantity),
}

/// What an act meets at the till.
pub(super) struct Scene<'a> {
    /// The open sale.
    pub open: Option<(SaleId, &'a Sale)>,
    /// The SKU that a code stands for, where the catalogue knows it.
    pub sku: Option<String>,
    /// What is due in cash, for deciding whether a tender settles it.
    pub due_cash: Minor,
}

/// The id that follows from an act's id for its nth command or document.
fn nth(act: CommandId, number: u8) -> Uuid {
    let mut bytes = act.0.as_bytes().to_vec();
    bytes.push(number);
    let hash = sha256(&bytes);
    let mut id = [0; 16];
    id.copy_from_slice(&hash.0[..16]);
    uuid::Builder::from_custom_bytes(id).into_uuid()
}

/// Plans an act.
pub(super) fn plan(id: CommandId, act: Act, scene: &Scene<'_>) -> Result<Plan, Fault> {
    let mut plan = Plan { commands: Vec::new(), touched: None, inverse: None, opens_drawer: false };
    let mut then = |command: Command| {
        let number = u8::try_from(plan.commands.len()).unwrap_or(u8::MAX);
        plan.commands.push((CommandId(nth(id, number)), command));
    };
    let new_sale = SaleId(nth(id, 200));
    match act {
        Act::OpenShift { float_minor } => {
            then(Command::OpenShift { shift: ShiftId(nth(id, 201)), float_minor: Minor::new(float_minor) });
        }
        Act::MoveCash { way, amount_minor, reason } => {
            let cash_move = match way {
                CashWay::In => CashMove::In,
                CashWay::Out => CashMove::Out,
                CashWay::Drop => CashMove::Drop,
            };
            then(Command::MoveCash { cash_move, amount_minor: Minor::new(amount_minor), reason });
        }
        Act::CloseShift { counted } => {
            if is_empty(scene) {
                then(Command::AbandonSale(None));
            }
            let count = |counted: super::types::Counted| Count {
                denominations: std::collections::BTreeMap::new(),
                tender_type: counted.tender_type,
                counted_minor: Minor::new(counted.counted_minor),
            };
            then(Command::CountShift(counted.into_iter().map(count).collect()));
            then(Command::CloseShift);
        }
        Act::Add { code, quantity } => {
            let quantity = Quantity::from_thousandths(quantity);
            match standing_line(scene, quantity) {
                Some((line, old)) => {
                    then(Command::ChangeQuantity { line, quantity: old + quantity });
                    (plan.touched, plan.inverse) = (Some(line), Some(Inverse::Quantity(line, old)));
                }
                None => {
                    if scene.open.is_none() {
                        then(Command::OpenSale { sale: new_sale, begun_as: BegunAs::Sale });
                    }
                    then(add(ItemName::Code(code), quantity, LineAmount::Catalogue));
                    let line = next_line(scene);
                    (plan.touched, plan.inverse) = (Some(line), Some(Inverse::Remove(line)));
                }
            }
        }
        Act::AddOpen { sku, name, department, amount_minor, quantity } => {
            if scene.open.is_none() {
                then(Command::OpenSale { sale: new_sale, begun_as: BegunAs::Sale });
            }
            let amount = LineAmount::Open(Minor::new(amount_minor));
            then(add(ItemName::Open { sku, name, department }, Quantity::from_thousandths(quantity), amount));
            let line = next_line(scene);
            (plan.touched, plan.inverse) = (Some(line), Some(Inverse::Remove(line)));
        }
        Act::SetQuantity { line, quantity } => {
            then(Command::ChangeQuantity { line, quantity: Quantity::from_thousandths(quantity) });
            let old = scene.open.and_then(|(_, sale)| sale.lines.get(&line)).map(|line| line.quantity);
            (plan.touched, plan.inverse) = (Some(line), old.map(|old| Inverse::Quantity(line, old)));
        }
        Act::Remove { line } => {
            then(Command::RemoveLine(line));
            plan.inverse = Some(Inverse::Restore(line));
        }
        Act::SetPrice { line, unit_price, reason } => {
            let price = UnitPrice::from_ten_thousandths(unit_price);
            then(Command::ChangePrice { line, price, reason });
            let old = scene.open.and_then(|(_, sale)| sale.lines.get(&line));
            let old = old.filter(|old| old.price_source == Some(PriceSource::Catalogue));
            plan.inverse = old.map(|old| Inverse::Reenter(line, old.sku.clone(), old.quantity));
            plan.touched = Some(line);
        }
        Act::Discount { line, percent, amount_minor, reason } => {
            let discount = match (percent, amount_minor) {
                (Some(percent), None) => {
                    Discount::Percent(Rate::percent(&percent).ok_or_else(|| senseless("the discount"))?)
                }
                (None, Some(amount)) => Discount::AmountMinor(Minor::new(amount)),
                _ => return Err(senseless("the discount")),
            };
            let source = if line.is_some() {
                ReductionSource::Line
            } else {
                ReductionSource::Sale
            };
            then(Command::Discount { line, source, name: None, discount, reason: Some(reason) });
            (plan.touched, plan.inverse) = (line, Some(Inverse::NoDiscount(line, source)));
        }
        Act::ReturnLine { sale, line, quantity, restocked } => {
            if scene.open.is_none() {
                then(Command::OpenSale { sale: new_sale, begun_as: BegunAs::Return });
            }
            let sale = sale.parse().map_err(|_| senseless("the document"))?;
            let quantity = Quantity::from_thousandths(quantity);
            then(Command::ReturnLine { sale, line, quantity, restocked });
            let line = next_line(scene);
            (plan.touched, plan.inverse) = (Some(line), Some(Inverse::Remove(line)));
        }
        Act::Undo => return Err(senseless("nothing to take back")),
        Act::Park => then(Command::ParkSale),
        Act::Recall { parked } => {
            if is_empty(scene) {
                then(Command::AbandonSale(None));
            } else if scene.open.is_some() {
                then(Command::ParkSale);
            }
            let parked = parked.parse().map_err(|_| senseless("the parked sale"))?;
            then(Command::RecallSale { parked, sale: new_sale });
        }
        Act::Abandon { reason } => then(Command::AbandonSale(reason)),
        Act::Tender { tender_type, given_minor, card } => {
            let given = given_minor.map(Minor::new);
            let settles = given.is_none_or(|given| match scene.due_cash >= Minor::ZERO {
                true => given >= scene.due_cash,
                false => given <= scene.due_cash,
            });
            let statement = TenderStatement {
                outcome_unknown: card.as_ref().is_some_and(|card| card.outcome_unknown),
                card: card.map(details),
                ..TenderStatement::of(&tender_type, given)
            };
            then(if settles {
                Command::Pay(statement)
            } else {
                Command::Tender(statement)
            });
        }
        Act::RemoveTender { tender, fate } => {
            plan.opens_drawer = fate == TenderFate::HandedBack;
            let fate = match fate {
                TenderFate::HandedBack => Fate::HandedBack,
                TenderFate::Reversed => Fate::Reversed,
                TenderFate::NotTaken => Fate::NotTaken,
            };
            then(Command::RemoveTender { tender, fate });
        }
        Act::SettleTender { sale, tender, charged } => {
            let sale = sale.parse().map_err(|_| senseless("the document"))?;
            then(Command::SettleTender { sale, tender, charged });
        }
        Act::OpenDrawer { reason } => {
            plan.opens_drawer = true;
            then(Command::OpenDrawer { reason });
        }
    }
    Ok(plan)
}

/// The commands that take the last act back.
pub(super) fn undo(id: CommandId, inverse: &Inverse) -> Plan {
    let zero = Discount::AmountMinor(Minor::ZERO);
    let (commands, touched) = match inverse {
        Inverse::Quantity(line, quantity) => {
            (vec![Command::ChangeQuantity { line: *line, quantity: *quantity }], Some(*line))
        }
        Inverse::Remove(line) => (vec![Command::RemoveLine(*line)], None),
        Inverse::Restore(line) => (vec![Command::RestoreLine(*line)], Some(*line)),
        Inverse::NoDiscount(line, source) => {
            let (line, source) = (*line, *source);
            (vec![Command::Discount { line, source, name: None, discount: zero, reason: None }], line)
        }
        Inverse::Reenter(line, sku, quantity) => {
            let entered = add(ItemName::Code(sku.clone()), *quantity, LineAmount::Catalogue);
            (vec![Command::RemoveLine(*line), entered], None)
        }
    };
    let numbered = commands.into_iter().zip(0..);
    let commands = numbered.map(|(command, number)| (CommandId(nth(id, number)), command)).collect();
    Plan { commands, touched, inverse: None, opens_drawer: false }
}

/// The line of the cart that more of the same joins: the same product at the catalogue's price, with nothing of its own about it.
fn standing_line(scene: &Scene<'_>, quantity: Quantity) -> Option<(u32, Quantity)> {
    let (_, sale) = scene.open?;
    let sku = scene.sku.as_ref()?;
    if quantity <= Quantity::ZERO {
        return None;
    }
    let same = |line: &&daybook_core::event::sale::CartLine| {
        line.product.is_some()
            && line.sku == *sku
            && line.price_source == Some(PriceSource::Catalogue)
            && line.quantity > Quantity::ZERO
            && line.serial.is_none()
            && line.reductions.is_empty()
            && line.references.is_empty()
    };
    sale.lines.values().find(same).map(|line| (line.line, line.quantity))
}

/// Whether a sale is open in which nothing is: it stands in the way of nothing, and nobody wants to park it.
fn is_empty(scene: &Scene<'_>) -> bool {
    scene.open.is_some_and(|(_, sale)| sale.lines.is_empty() && sale.tenders.is_empty())
}

fn next_line(scene: &Scene<'_>) -> u32 {
    scene.open.map_or(1, |(_, sale)| sale.last_line + 1)
}

fn add(item: ItemName, quantity: Quantity, amount: LineAmount) -> Command {
    Command::AddLine { item, quantity, amount, reductions: Vec::new(), references: Vec::new(), voucher: None }
}

fn details(note: CardNote) -> CardDetails {
    CardDetails {
        terminal: "separate".to_owned(),
        batch: None,
        authorisation: note.authorisation,
        last_four: note.last_four,
    }
}
