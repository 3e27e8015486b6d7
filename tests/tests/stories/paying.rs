//! Stories of money that is not as simple as exact cash, told through the door of the window: payments taken back, a card nobody knows
//! about, a drawer opened without a sale, and who may approve what.

use std::collections::BTreeSet;

use daybook_core::ids::StaffId;
use daybook_tests::printer::{Attendance, Kind, StoryPrinter, printing_is};
use daybook_tests::world::{CASHIERS_PIN, MANAGERS_PIN, StoryTill, World, knows_its_people};
use daybook_till::door::types::{
    Act, Acted, Approval, CardNote, Counted, Document, Fault, FaultKind, HistoryPage, PersonTile, Request,
    Right, ShiftReport, Status, TenderFate,
};
use daybook_till::door::{About, Door};
use daybook_till::print::ReportKind;
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

/// The window of a till at which the cashier is signed in and a shift is open.
struct Window {
    door: Door,
    manager: StaffId,
}

impl Window {
    fn of(till: &StoryTill) -> Self {
        let about = About { version: "0".to_owned(), locale: "en".to_owned(), demo: false };
        let window = Window { door: Door::new(till.till.clone(), about), manager: till.person("manager") };
        let (staff, pin) = (till.person("cashier").to_string(), CASHIERS_PIN.to_owned());
        let _status: Status = window.ask(Request::SignIn { staff, pin });
        window.act(Act::OpenShift { float_minor: 10_000 });
        window
    }

    fn ask<T: DeserializeOwned>(&self, request: Request) -> T {
        let answer = self.door.answer(request).unwrap_or_else(|fault| panic!("{fault:?}"));
        serde_json::from_value(answer).expect("the answer has its type")
    }

    fn try_act(&self, act: Act, approved: bool) -> Result<Acted, Fault> {
        let approval =
            approved.then(|| Approval { staff: self.manager.to_string(), pin: MANAGERS_PIN.to_owned() });
        let request = Request::Act { command: Uuid::now_v7().to_string(), act, approval };
        let answer = self.door.answer(request)?;
        Ok(serde_json::from_value(answer).expect("the answer has its type"))
    }

    fn act(&self, act: Act) -> Acted {
        self.try_act(act, false).unwrap_or_else(|fault| panic!("{fault:?}"))
    }

    fn add(&self, code: &str) {
        self.act(Act::Add { code: code.to_owned(), quantity: 1_000 });
    }

    fn pay(&self, tender_type: &str, given_minor: Option<i64>, unknown: bool) -> Acted {
        let card = (tender_type == "card").then_some(CardNote {
            last_four: None,
            authorisation: None,
            outcome_unknown: unknown,
        });
        self.act(Act::Tender { tender_type: tender_type.to_owned(), given_minor, card })
    }

    fn report(&self) -> ShiftReport {
        self.ask(Request::ShiftReport)
    }

    fn document(&self, sale: &str) -> Document {
        self.ask(Request::Document { sale: sale.to_owned() })
    }

    fn is_to_verify(&self, sale: &str) -> bool {
        let page: HistoryPage = self.ask(Request::History { filter: String::new(), before: None, limit: 9 });
        page.rows.iter().find(|row| row.sale == sale).expect("the document").to_verify
    }
}

fn needs(fault: Fault) -> (FaultKind, Option<String>) {
    (fault.kind, fault.permission)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_nobody_knows_about_completes_the_sale_and_is_settled_once_somebody_has_looked() {
    for charged in [true, false] {
        let world = World::new().await;
        let till = world.till("Till 1").await;
        till.wait_for("people", knows_its_people).await;
        let window = Window::of(&till);
        window.add("2000000000tea");
        let done = window.pay("card", None, true).done.expect("the sale is completed");
        assert!(window.is_to_verify(&done.sale) && window.document(&done.sale).payments[0].to_verify);
        let told = |report: &ShiftReport| -> Vec<(bool, u32, i64)> {
            report.tenders.iter().map(|sum| (sum.to_verify, sum.count, sum.amount_minor)).collect()
        };
        assert_eq!(told(&window.report()), [(true, 1, 501)], "neither cash nor card");

        let settle = || Act::SettleTender { sale: done.sale.clone(), tender: 1, charged };
        let first = window.try_act(settle(), false);
        if !charged {
            let needed = (FaultKind::NeedsApproval, Some("move_cash".to_owned()));
            assert_eq!(first.map_err(needs).err(), Some(needed), "money that is gone needs another's word");
            window.try_act(settle(), true).expect("the manager approves");
        } else {
            first.expect("that money came says whoever sells");
        }
        let again = window.try_act(settle(), true).expect_err("it is known");
        assert_eq!(again.code, if charged { "senseless" } else { "no-such-tender" });
        assert!(!window.is_to_verify(&done.sale));
        let document = window.document(&done.sale);
        assert_eq!(document.owed_minor, if charged { 0 } else { 501 });
        assert_eq!(document.payments.len(), usize::from(charged));
        let last = document.timeline.last().expect("what happened").message.clone();
        assert_eq!(
            last,
            if charged {
                "event-sale-tender-charged"
            } else {
                "event-sale-tender-not-charged"
            }
        );
        let settled: Vec<_> =
            told(&window.report()).into_iter().filter(|(_, _, amount)| *amount != 0).collect();
        assert_eq!(settled, if charged { vec![(false, 1, 501)] } else { vec![] });
        till.sent().await;
        assert_eq!(world.settle().await["journal_balanced"], json!(true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_taken_back_leaves_its_trace_and_the_cart_moves_again() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.wait_for("people", knows_its_people).await;
    let window = Window::of(&till);
    window.add("2000000000tea");
    window.pay("cash", Some(200), false);
    let cart = window.pay("card", Some(100), false).cart;
    assert_eq!((cart.tenders.len(), cart.due_minor), (2, 201));
    let wrong = |tender, fate| window.try_act(Act::RemoveTender { tender, fate }, false).map(drop);
    assert_eq!(wrong(1, TenderFate::Reversed).unwrap_err().code, "senseless", "cash has no terminal");
    assert_eq!(
        wrong(2, TenderFate::HandedBack).unwrap_err().code,
        "senseless",
        "a card is not in the drawer"
    );
    assert_eq!(wrong(9, TenderFate::NotTaken).unwrap_err().code, "no-such-tender");
    wrong(1, TenderFate::HandedBack).unwrap();
    let cart = window.act(Act::RemoveTender { tender: 2, fate: TenderFate::Reversed }).cart;
    assert_eq!((cart.tenders.len(), cart.due_minor), (0, 501));
    window.add("2000000000tea");
    let done = window.pay("cash", Some(2_000), false).done.expect("the sale is completed");
    assert_eq!((done.total_minor, done.change_minor), (1_002, 998));
    let document = window.document(&done.sale);
    assert_eq!(document.payments.iter().map(|payment| payment.tender).collect::<Vec<_>>(), [3]);
    let told: Vec<&str> = document.timeline.iter().map(|entry| entry.message.as_str()).collect();
    for message in ["event-sale-tender-handed-back", "event-sale-tender-reversed"] {
        assert!(told.contains(&message), "{told:?}");
    }
    till.sent().await;
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["tenders"], json!({ "cash": 1_002 }));
    assert_eq!(totals["journal_balanced"], json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drawer_opens_without_a_sale_with_a_reason_and_an_approval_and_the_z_counts_it() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.wait_for("people", knows_its_people).await;
    let window = Window::of(&till);
    let open = || Act::OpenDrawer { reason: "change".to_owned() };
    let needed = (FaultKind::NeedsApproval, Some("move_cash".to_owned()));
    assert_eq!(window.try_act(open(), false).map_err(needs).err(), Some(needed));
    let status = window.try_act(open(), true).expect("the manager approves").status;
    assert!(!status.printer.drawer, "nothing could open it, and it stands on the record all the same");

    let printer = StoryPrinter::on(Kind::Answers).await;
    till.till.set_printer(Some(printer.settings())).unwrap();
    let attendance = Attendance::begin(&till.till);
    assert!(window.try_act(open(), true).expect("the manager approves").status.printer.drawer);
    printing_is(&till.till, "an empty queue", |till| till.print_queue().is_empty()).await;
    let sheets = printer.sheets();
    assert!(sheets.iter().any(|sheet| sheet.kicked && sheet.lines.is_empty()), "{sheets:?}");

    window.add("2000000000tea");
    window.add("soap");
    window.pay("cash", None, false);
    assert_eq!(window.report().drawer_openings, 2);
    let counted = Counted { tender_type: "cash".to_owned(), counted_minor: 10_700 };
    window.act(Act::CloseShift { counted: vec![counted] });
    let closed = window.report();
    let taxes = closed.taxes.expect("a closing tells its taxes");
    let rates: BTreeSet<_> =
        taxes.iter().map(|tax| (tax.rate.as_str(), tax.base_minor, tax.tax_minor)).collect();
    assert_eq!(rates, BTreeSet::from([("7", 468, 33), ("19", 167, 32)]));
    assert_eq!((closed.drawer_openings, closed.untaxed_minor, closed.total_minor), (2, 0, 700));
    till.till.print_report(ReportKind::Z).unwrap();
    let zed = |sheets: &[daybook_tests::printer::Sheet]| {
        sheets.iter().find(|sheet| sheet.says("Z REPORT 1")).cloned()
    };
    printing_is(&till.till, "the Z", |_| zed(&printer.sheets()).is_some_and(|sheet| sheet.whole)).await;
    attendance.end().await;
    let sheet = zed(&printer.sheets()).expect("the Z");
    for text in
        ["DE 7 %", "4.68", "0.33", "5.01", "DE 19 %", "1.67", "0.32", "1.99", "Drawer opened, no sale"]
    {
        assert!(sheet.says(text), "{text} in {sheet:?}");
    }
    till.sent().await;
    assert_eq!(world.settle().await["journal_balanced"], json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_knows_beforehand_what_a_person_may_do_and_who_may_approve_it() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.wait_for("people", knows_its_people).await;
    let window = Window::of(&till);
    let status: Status = window.ask(Request::Status);
    assert_eq!(status.time_zone, "UTC");
    let right = |name: &str| status.rights.get(name).cloned();
    assert_eq!(right("sell"), Some(Right::Allowed));
    assert_eq!(right("discount"), Some(Right::NeedsApproval));
    assert_eq!(right("change_catalogue"), Some(Right::Denied));
    let people: Vec<PersonTile> = window.ask(Request::People);
    let who_may = |name: &str| -> Vec<&str> {
        let may = |person: &&PersonTile| person.may.iter().any(|known| known == name);
        people.iter().filter(may).map(|person| person.role.as_str()).collect()
    };
    assert_eq!(who_may("discount"), ["manager"]);
    assert_eq!(who_may("sell").len(), 2);
    let status: Status = window.ask(Request::Lock);
    assert!(status.rights.is_empty(), "nobody is there");
}
