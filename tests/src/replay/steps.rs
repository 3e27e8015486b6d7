//! From a receipt to the commands of the till: what a cashier would do, with the time and the id of each step.
//!
//! Pure, and the same every time: a till that was killed is asked again with the same ids and answers for what it has done already.
//! Nothing is looked up at a till, so timing cannot change an amount.

use daybook_core::amount::{Minor, UnitPrice};
use daybook_core::event::sale::{BegunAs, Reduction, ReductionSource};
use daybook_core::ids::CommandId;
use daybook_core::sale::decide::LineAmount;
use daybook_core::sale::tender::TenderStatement;
use daybook_till::command::{Command, ItemName, StockCount};
use serde::{Deserialize, Serialize};

use super::receipt::{Discount, Kind, Line, Receipt, day_of};
use super::script::{Script, fit_name};

/// A command, when it is given, and its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The till's clock at that moment, in microseconds since 1970.
    pub wall: i64,
    /// The command's id.
    pub id: CommandId,
    /// The command.
    pub command: Command,
}

/// The steps of a receipt. `before` is when the till's receipt before it happened; none where it is the first.
pub fn steps_of(script: &Script, receipt: &Receipt, before: Option<i64>) -> Vec<Step> {
    let wall = receipt.wall();
    let mut deeds = Vec::new();
    let same_day = before.is_some_and(|before| day_of(before) == day_of(wall));
    if let Some(before) = before.filter(|_| !same_day) {
        deeds.push((before, Command::CloseShift));
    }
    if !same_day {
        let shift = script.seed.shift(&receipt.till, receipt.seq);
        deeds.push((wall, Command::OpenShift { shift, float_minor: Minor::ZERO }));
    }
    let commands = match receipt.kind {
        Kind::StockAdjust => vec![adjustment(receipt)],
        Kind::Sale | Kind::Refund => document(script, receipt),
    };
    deeds.extend(commands.into_iter().map(|command| (wall, command)));
    let step = |(step, (wall, command))| {
        let id = script.seed.command(&receipt.till, receipt.seq, step);
        Step { wall, id, command }
    };
    deeds.into_iter().enumerate().map(step).collect()
}

/// The step after a till's last receipt: the Z of its last day.
pub fn last_step(script: &Script, till: &str, wall: i64) -> Step {
    Step { wall, id: script.seed.command(till, 0, 0), command: Command::CloseShift }
}

fn adjustment(receipt: &Receipt) -> Command {
    let count = |line: &Line| StockCount { code: line.sku.clone(), quantity: line.quantity() };
    Command::AdjustStock { reason: "adjustment".to_owned(), lines: receipt.lines.iter().map(count).collect() }
}

fn document(script: &Script, receipt: &Receipt) -> Vec<Command> {
    let begun_as = if receipt.kind == Kind::Refund {
        BegunAs::Return
    } else {
        BegunAs::Sale
    };
    let mut commands = vec![Command::OpenSale { sale: script.sale(receipt), begun_as }];
    for (position, line) in receipt.lines.iter().enumerate() {
        commands.push(Command::AddLine {
            item: item(line),
            quantity: line.quantity(),
            amount: amount(line, script.price(&line.sku)),
            reductions: line.discounts.iter().map(reduction).collect(),
            references: script.references(receipt, position),
            voucher: None,
        });
    }
    let mut tenders: Vec<TenderStatement> = receipt
        .tenders_in_order()
        .map(|tender| TenderStatement::of(&tender.kind, Some(Minor::new(tender.amount))))
        .collect();
    let last = tenders.pop();
    commands.extend(tenders.into_iter().map(Command::Tender));
    commands.push(last.map_or(Command::CompleteSale, Command::Pay));
    commands
}

fn item(line: &Line) -> ItemName {
    if line.known {
        return ItemName::Code(line.sku.clone());
    }
    ItemName::Open {
        sku: line.sku.clone(),
        name: line.name.as_deref().and_then(fit_name).unwrap_or_else(|| line.sku.clone()),
        department: line.department.as_deref().and_then(fit_name),
    }
}

/// A line whose gross is not price × quantity has its amount stated.
fn amount(line: &Line, price: Option<UnitPrice>) -> LineAmount {
    let gross = line.gross();
    match price.filter(|_| line.known) {
        None => LineAmount::Open(gross),
        Some(price) if price.extend(line.quantity()) == gross => LineAmount::Catalogue,
        Some(_) => LineAmount::Given(gross),
    }
}

fn reduction(discount: &Discount) -> Reduction {
    let (source, name) = match discount.kind.as_str() {
        "loyalty" => (ReductionSource::Loyalty, None),
        "store_coupon" => (ReductionSource::StoreCoupon, None),
        kind => (ReductionSource::Line, Some(kind.to_owned())),
    };
    Reduction { source, name, reason: None, amount_minor: Minor::new(discount.amount) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use daybook_core::amount::Quantity;

    use super::*;
    use crate::replay::derive::Seed;

    const FILE: &str = concat!(
        r#"{"type":"sale","shop":"S","till":"T","seq":1,"ref":"1","time":"2017-01-01T23:59:00Z","currency":"USD","lines":[{"sku":"a","name":"A","department":null,"known":true,"qty":2,"qty_scale":0,"gross":300,"discounts":[{"kind":"loyalty","amount":50},{"kind":"damaged","amount":10}],"net":240},{"sku":"a","name":"A","department":null,"known":true,"qty":3,"qty_scale":0,"gross":400,"discounts":[],"net":400},{"sku":"q","name":null,"department":null,"known":false,"qty":1500,"qty_scale":3,"gross":7,"discounts":[],"net":7}],"tenders":[{"kind":"card","amount":600},{"kind":"manufacturer_coupon","amount":47}],"total":647}"#,
        "\n",
        r#"{"type":"stock_adjust","shop":"S","till":"T","seq":2,"ref":"2","time":"2017-01-01T23:59:00Z","currency":"USD","lines":[{"sku":"a","name":"A","department":null,"known":true,"qty":-4,"qty_scale":0,"gross":0,"discounts":[],"net":0}],"tenders":[],"total":0}"#,
        "\n",
        r#"{"type":"refund","shop":"S","till":"T","seq":3,"ref":"C1","time":"2017-01-02T08:00:00Z","currency":"USD","lines":[{"sku":"a","name":"A","department":null,"known":true,"qty":-3,"qty_scale":0,"gross":-450,"discounts":[],"net":-450,"returns":[{"ref":"1","line":0,"qty":1},{"ref":"1","line":1,"qty":1}]}],"tenders":[{"kind":"card","amount":-450}],"total":-450}"#,
        "\n",
    );

    fn played() -> (Script, Vec<Vec<Step>>) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(FILE.as_bytes()).unwrap();
        let script = Script::read(file.path(), Seed(1)).unwrap();
        let mut before = None;
        let steps = FILE
            .lines()
            .map(|line| {
                let receipt = Receipt::read(line).unwrap();
                let steps = steps_of(&script, &receipt, before);
                before = Some(receipt.wall());
                steps
            })
            .collect();
        (script, steps)
    }

    #[test]
    fn a_sale_is_opened_filled_and_paid_claims_first() {
        let (script, steps) = played();
        let words: Vec<String> = steps[0].iter().map(|step| format!("{:?}", step.command)).collect();
        let begins = ["OpenShift", "OpenSale", "AddLine", "AddLine", "AddLine", "Tender(", "Pay("];
        assert!(words.iter().zip(begins).all(|(word, begin)| word.starts_with(begin)), "{words:#?}");
        assert_eq!(words.len(), begins.len());
        assert!(words[5].contains("manufacturer_coupon") && words[6].contains("card"));
        let Command::AddLine { amount, reductions, .. } = &steps[0][2].command else { panic!("no line") };
        assert_eq!(*amount, LineAmount::Catalogue);
        assert_eq!(reductions[0].source, ReductionSource::Loyalty);
        assert_eq!(
            (reductions[1].source, reductions[1].name.as_deref()),
            (ReductionSource::Line, Some("damaged"))
        );
        let Command::AddLine { amount, .. } = &steps[0][3].command else { panic!("no line") };
        assert_eq!(*amount, LineAmount::Given(Minor::new(400)));
        let Command::AddLine { item, amount, quantity, .. } = &steps[0][4].command else { panic!("no line") };
        assert_eq!(*amount, LineAmount::Open(Minor::new(7)));
        assert_eq!(*quantity, Quantity::from_thousandths(1_500));
        assert!(matches!(item, ItemName::Open { name, .. } if name == "q"));
        assert_eq!(script.tills[0].places.len(), 3);
    }

    #[test]
    fn a_day_has_one_shift_closed_at_its_last_receipt() {
        let (_, steps) = played();
        assert!(matches!(steps[1][..], [Step { command: Command::AdjustStock { .. }, .. }]));
        let [close, open, ..] = &steps[2][..] else { panic!("{:?}", steps[2]) };
        assert!(
            matches!(close.command, Command::CloseShift) && matches!(open.command, Command::OpenShift { .. })
        );
        assert_eq!((close.wall, open.wall), (steps[1][0].wall, steps[2][2].wall));
    }

    #[test]
    fn a_partly_linked_return_stays_one_line() {
        let (script, steps) = played();
        let Command::AddLine { references, quantity, amount, .. } = &steps[2][3].command else {
            panic!("no line")
        };
        let parts: Vec<_> =
            references.iter().map(|r| (r.sale, r.line, r.quantity, r.amount_minor.get())).collect();
        let sale = script.seed.sale("1", 0);
        assert_eq!(parts, [(sale, 1, Quantity::ONE, 120), (sale, 2, Quantity::ONE, 133)]);
        assert_eq!((*quantity, *amount), (Quantity::of(-3), LineAmount::Catalogue));
    }

    #[test]
    fn no_two_steps_share_an_id() {
        let (script, steps) = played();
        let mut ids: Vec<CommandId> = steps.iter().flatten().map(|step| step.id).collect();
        ids.push(last_step(&script, "T", 0).id);
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }
}
