//! Stories of receipts and the printer they need: nothing is lost, and nothing comes out twice without saying so.
//!
//! The printer is a real one as far as TCP is concerned; it is switched off, hangs and dies at the worst moments, and so do tills.

use daybook_core::event::shift::Count;
use daybook_core::ids::CommandId;
use daybook_core::paper::Words;
use daybook_core::paper::queue::State;
use daybook_core::sale::tender::TenderStatement;
use daybook_core::{amount::Minor, event::sale::BegunAs};
use daybook_store::prints::Prints;
use daybook_tests::printer::{Attendance, Kind, Mood, Sheet, StoryPrinter, printing_is};
use daybook_tests::world::{MONDAY_MORNING, StoryTill, World, copy_directory};
use daybook_till::Command;
use daybook_till::print::{PrintError, PrinterWord, ReportKind};

/// A till with an open shift and a printer, and the world it lives in.
async fn shop(kind: Kind) -> (World, StoryTill, StoryPrinter) {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    let printer = StoryPrinter::on(kind).await;
    till.till.set_printer(Some(printer.settings())).unwrap();
    (world, till, printer)
}

fn of<'a>(sheets: &'a [Sheet], number: &str) -> Vec<&'a Sheet> {
    sheets
        .iter()
        .filter(|sheet| sheet.lines.iter().any(|line| line.starts_with(&format!("{number} "))))
        .collect()
}

fn states(till: &StoryTill) -> Vec<State> {
    till.till.print_queue().iter().map(|job| job.state).collect()
}

/// What a killed till leaves behind is what is on the disk now: copies it, and opens the copy.
async fn killed_and_opened_again(world: &World, mut till: StoryTill) -> StoryTill {
    till.go_offline().await;
    let (data, journal) = (world.home.path().join("after"), world.home.path().join("after-journal"));
    copy_directory(&till.data, &data);
    copy_directory(&till.journal, &journal);
    StoryTill::open(&data, &journal, MONDAY_MORNING + 3_600_000_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_comes_out_once_by_itself_and_then_as_a_copy() {
    let (_world, till, printer) = shop(Kind::Answers).await;
    let attendance = Attendance::begin(&till.till);
    let sale = till.begin(BegunAs::Sale);
    till.add("tea", 2);
    let (session, id) = (till.session(), CommandId(uuid::Uuid::now_v7()));
    let pay = || Command::Pay(TenderStatement::of("cash", Some(Minor::new(2_000))));
    let number = till.till.execute(&session, id, pay()).unwrap().receipt.unwrap().number;
    let sheets = printer.printed(1).await;
    assert!(sheets[0].kicked && sheets[0].says(&number) && !sheets[0].says("COPY"), "{sheets:?}");
    for text in
        ["High Street", "Green tea", "2 × 5.01", "TOTAL EUR", "10.02", "20.00", "9.98", "Staff 1", "DE 7 %"]
    {
        assert!(sheets[0].says(text), "{text} in {sheets:?}");
    }
    assert!(till.till.execute(&session, id, pay()).unwrap().repeated);
    assert_eq!(till.till.receipt_text(sale).unwrap().copies, 0);
    for copy in 1..=2 {
        printing_is(&till.till, "an empty queue", |till| till.print_queue().is_empty()).await;
        till.till.print_receipt(sale).unwrap();
        let sheets = printer.printed(1 + copy).await;
        assert!(sheets[copy].says(&format!("COPY {copy}")) && !sheets[copy].kicked);
    }
    attendance.end().await;
    assert_eq!(printer.sheets().len(), 3);
    let text = till.till.receipt_text(sale).unwrap();
    let lines: Vec<&str> = text.lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(
        (text.copies, text.columns, lines),
        (2, 42, sheets[0].lines.iter().map(String::as_str).collect())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_of_a_printer_that_is_off_wait_in_their_order_and_leave_the_drawer_shut() {
    let (_world, till, mut printer) = shop(Kind::Answers).await;
    printer.off().await;
    let attendance = Attendance::begin(&till.till);
    let numbers: Vec<String> = (0..3).map(|_| till.sell("soap", 1).1).collect();
    printing_is(&till.till, "waiting", |till| {
        let state = till.printer_state();
        state.state == PrinterWord::Waiting && state.jobs == 3 && state.why.is_some()
    })
    .await;
    printer.on_again().await;
    let first = till.till.print_queue()[0].job;
    till.till.print_again(first).unwrap();
    let sheets = printer.printed(3).await;
    attendance.end().await;
    let found: Vec<bool> = sheets.iter().zip(&numbers).map(|(sheet, number)| sheet.says(number)).collect();
    assert_eq!((sheets.len(), found), (3, vec![true; 3]));
    assert!(sheets.iter().all(|sheet| !sheet.says("COPY")));
    assert_eq!(till.till.printer_state().state, PrinterWord::Ready);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paper_that_broke_off_waits_for_a_person_while_others_come_out() {
    for kind in [Kind::Answers, Kind::Mute] {
        let (_world, till, mut printer) = shop(kind).await;
        let attendance = Attendance::begin(&till.till);
        printer.becomes(Mood::DiesAfter(100));
        let (_, broken) = till.sell("soap", 1);
        printing_is(&till.till, "doubt", |till| {
            till.print_queue().iter().any(|job| job.state == State::Unsure)
        })
        .await;
        printer.on_again().await;
        let (_, next) = till.sell("roll", 1);
        let sheets = printer.printed(1).await;
        assert_eq!(of(&sheets, &next).len(), 1);
        printing_is(&till.till, "the next paper", |till| till.print_queue().len() == 1).await;
        let doubtful = till.till.print_queue()[0].clone();
        assert_eq!((doubtful.what.as_str(), states(&till).len()), (broken.as_str(), 1));
        till.till.print_again(doubtful.job).unwrap();
        let sheets = printer.printed(2).await;
        assert!(of(&sheets, &broken).iter().all(|sheet| !sheet.whole || sheet.says("COPY 1")), "{sheets:?}");
        attendance.end().await;
        assert!(till.till.print_queue().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_printer_that_hangs_keeps_nobody_from_selling_and_loses_nothing() {
    for kind in [Kind::Answers, Kind::Mute] {
        let (_world, till, printer) = shop(kind).await;
        let attendance = Attendance::begin(&till.till);
        till.sell("roll", 1);
        printer.printed(1).await;
        printer.becomes(Mood::Deaf);
        let sold: Vec<String> = (0..5).map(|_| till.sell("roll", 1).1).collect();
        printing_is(&till.till, "trouble", |till| till.print_queue().iter().any(|job| job.why.is_some()))
            .await;
        printer.becomes(Mood::Fine);
        // A person looks at what is in doubt until everything is out.
        printing_is(&till.till, "all papers", |till| {
            let doubtful = till.print_queue().into_iter().find(|job| job.state == State::Unsure);
            doubtful.into_iter().for_each(|job| drop(till.print_again(job.job)));
            till.print_queue().is_empty()
        })
        .await;
        attendance.end().await;
        let sheets = printer.sheets();
        for number in &sold {
            let whole: Vec<&Sheet> = of(&sheets, number).into_iter().filter(|sheet| sheet.whole).collect();
            let originals = whole.iter().filter(|sheet| !sheet.says("COPY")).count();
            assert!(!whole.is_empty() && originals <= 1, "{number}: {sheets:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_killed_between_commit_and_paper_prints_the_receipt_once() {
    let (world, till, printer) = shop(Kind::Mute).await;
    let (_, number) = till.sell("tea", 1);
    let till = killed_and_opened_again(&world, till).await;
    assert!(till.till.print_queue().is_empty(), "it was never queued");
    let attendance = Attendance::begin(&till.till);
    let sheets = printer.printed(1).await;
    assert!(sheets[0].says(&number) && !sheets[0].says("COPY") && !sheets[0].kicked, "{sheets:?}");
    attendance.end().await;
    let (data, journal) = till.close().await;
    let till = StoryTill::open(&data, &journal, MONDAY_MORNING + 7_200_000_000);
    let attendance = Attendance::begin(&till.till);
    let (_, next) = till.sell("tea", 1);
    let sheets = printer.printed(2).await;
    attendance.end().await;
    assert_eq!((of(&sheets, &number).len(), of(&sheets, &next).len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_killed_in_the_middle_of_a_paper_does_not_know_and_asks() {
    let (world, till, printer) = shop(Kind::Mute).await;
    printer.becomes(Mood::Deaf);
    let attendance = Attendance::begin(&till.till);
    let (_, number) = till.sell("tea", 1);
    printing_is(&till.till, "printing", |till| till.printer_state().state == PrinterWord::Printing).await;
    attendance.kill().await;
    let till = killed_and_opened_again(&world, till).await;
    assert_eq!(states(&till), [State::Unsure]);
    printer.becomes(Mood::Fine);
    let attendance = Attendance::begin(&till.till);
    let job = till.till.print_queue()[0].job;
    till.till.print_again(job).unwrap();
    printing_is(&till.till, "paper", |till| till.print_queue().is_empty()).await;
    attendance.end().await;
    let sheets = printer.sheets();
    assert!(of(&sheets, &number).iter().any(|sheet| sheet.whole && sheet.says("COPY 1")), "{sheets:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_person_saw_that_nothing_came_out_the_original_is_printed() {
    let (_world, till, mut printer) = shop(Kind::Mute).await;
    let attendance = Attendance::begin(&till.till);
    printer.becomes(Mood::DiesAfter(0));
    let (_, number) = till.sell("tea", 1);
    printing_is(&till.till, "doubt", |till| till.print_queue().iter().any(|job| job.state == State::Unsure))
        .await;
    printer.on_again().await;
    till.till.nothing_came_out(till.till.print_queue()[0].job).unwrap();
    let sheets = printer.printed(1).await;
    attendance.end().await;
    assert!(sheets[0].says(&number) && !sheets[0].says("COPY") && !sheets[0].kicked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_print_queue_stops_no_sale_and_passes_nothing_off_as_an_original() {
    let (_world, till, printer) = shop(Kind::Answers).await;
    let attendance = Attendance::begin(&till.till);
    let (first, number) = till.sell("tea", 1);
    printer.printed(1).await;
    attendance.end().await;
    let (data, journal) = till.close().await;
    std::fs::remove_file(Prints::path_in(&data)).unwrap();
    let till = StoryTill::open(&data, &journal, MONDAY_MORNING + 60_000_000);
    let attendance = Attendance::begin(&till.till);
    till.till.print_receipt(first).unwrap();
    assert!(printer.printed(2).await[1].says("COPY 1"));
    // Taken away under its feet it is made anew.
    std::fs::remove_file(Prints::path_in(&data)).unwrap();
    let (_, next) = till.sell("tea", 1);
    let sheets = printer.printed(3).await;
    assert!(sheets[2].says(&next) && !sheets[2].says("COPY"));
    attendance.end().await;
    assert_eq!(of(&printer.sheets(), &number).len(), 2);
    assert!(Prints::path_in(&data).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_till_takes_what_waits_for_printed() {
    let (world, till, printer) = shop(Kind::Answers).await;
    till.sell("tea", 1);
    let sale = till.sell("tea", 1).0;
    till.till.print_receipt(sale).unwrap();
    assert_eq!(states(&till), [State::Waiting, State::Waiting]);
    let (data, journal) = (world.home.path().join("copy"), world.home.path().join("copy-journal"));
    copy_directory(&till.data, &data);
    let copy = StoryTill::open(&data, &journal, MONDAY_MORNING + 60_000_000);
    assert_eq!(states(&copy), [State::Unsure, State::Unsure]);
    copy.open_shift();
    let attendance = Attendance::begin(&copy.till);
    let (_, number) = copy.sell("roll", 1);
    let sheets = printer.printed(1).await;
    attendance.end().await;
    assert!(sheets.len() == 1 && sheets[0].says(&number), "{sheets:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shift_is_read_as_often_as_wanted_and_closed_on_paper_once() {
    let (_world, till, printer) = shop(Kind::Answers).await;
    let attendance = Attendance::begin(&till.till);
    till.sell("tea", 1);
    printer.printed(1).await;
    assert!(matches!(till.till.print_report(ReportKind::Z), Err(PrintError::NoClosing)));
    for printed in 2..=3 {
        till.till.print_report(ReportKind::X).unwrap();
        let sheet = printer.printed(printed).await.pop().unwrap();
        assert!(
            sheet.says("X REPORT") && sheet.says("5.01") && !sheet.says("COPY") && !sheet.says("Expected")
        );
    }
    let counted =
        Count { tender_type: "cash".to_owned(), counted_minor: Minor::new(10_400), denominations: [].into() };
    till.act(Command::CountShift(vec![counted]));
    till.act(Command::CloseShift);
    assert!(matches!(till.till.print_report(ReportKind::X), Err(PrintError::NoShift)));
    till.till.print_report(ReportKind::Z).unwrap();
    let sheet = printer.printed(4).await.pop().unwrap();
    assert!(sheet.says("Z REPORT 1") && sheet.says("105.01") && sheet.says("-1.01") && !sheet.says("COPY"));
    till.till.print_report(ReportKind::Z).unwrap();
    assert!(printer.printed(5).await[4].says("COPY 1"));
    attendance.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_printer_without_paper_says_so_and_goes_on_when_it_has_some() {
    let (_world, till, printer) = shop(Kind::Answers).await;
    let attendance = Attendance::begin(&till.till);
    printer.becomes(Mood::OutOfPaper);
    till.sell("tea", 1);
    let wants_paper = |why: Option<String>| why.is_some_and(|why| why.contains("out of paper"));
    printing_is(&till.till, "out of paper", |till| wants_paper(till.printer_state().why)).await;
    printer.becomes(Mood::Fine);
    let sheets = printer.printed(1).await;
    attendance.end().await;
    assert!(!sheets[0].says("COPY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_completed_without_a_printer_are_printed_when_somebody_asks() {
    let (_world, till, printer) = shop(Kind::Answers).await;
    till.till.set_printer(None).unwrap();
    let attendance = Attendance::begin(&till.till);
    let (before, _) = till.sell("tea", 1);
    assert!(matches!(till.till.print_receipt(before), Err(PrintError::NoPrinter)));
    till.till.set_printer(Some(printer.settings())).unwrap();
    till.till.set_papers(false, Words::default()).unwrap();
    let (asked, number) = till.sell("tea", 1);
    till.till.print_receipt(asked).unwrap();
    let sheets = printer.printed(1).await;
    assert!(sheets[0].says(&number) && sheets[0].kicked && !sheets[0].says("COPY"));
    till.till.print_receipt(before).unwrap();
    assert!(!printer.printed(2).await[1].says("COPY"));
    till.till.set_papers(true, Words::default()).unwrap();
    till.till.test_print().unwrap();
    assert!(printer.printed(3).await[2].says("TEST PAGE"), "and nothing that was completed before");
    attendance.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_printer_that_confirms_nothing_is_believed_once_a_test_page_came_out() {
    let (_world, till, printer) = shop(Kind::Wooden).await;
    let attendance = Attendance::begin(&till.till);
    till.sell("tea", 1);
    printing_is(&till.till, "doubt", |till| till.print_queue().iter().any(|job| job.state == State::Unsure))
        .await;
    till.till.drop_print(till.till.print_queue()[0].job).unwrap();
    till.till.test_print().unwrap();
    printing_is(&till.till, "test page", |till| till.print_queue().is_empty()).await;
    till.sell("tea", 1);
    printer.printed(3).await;
    printing_is(&till.till, "belief", |till| till.print_queue().is_empty()).await;
    attendance.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_of_very_many_lines_holds_them_all() {
    let (_world, till, printer) = shop(Kind::Mute).await;
    let attendance = Attendance::begin(&till.till);
    let sale = till.begin(BegunAs::Sale);
    for units in 1..=200 {
        till.add("soap", units);
    }
    till.pay();
    let text = till.till.receipt_text(sale).unwrap();
    let sheet = printer.printed(1).await.remove(0);
    attendance.end().await;
    let counted: Vec<&String> = sheet.lines.iter().filter(|line| line.contains(" × 1.99 ")).collect();
    assert_eq!(counted.len(), 199, "all but the one without a quantity");
    assert!(counted[198].starts_with("  200 × 1.99") && text.lines.len() == sheet.lines.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receipt_of_another_till_is_only_ever_a_copy() {
    let (world, one, printer) = shop(Kind::Answers).await;
    let two = world.till("Till 2").await;
    two.till.set_printer(Some(printer.settings())).unwrap();
    let attendance = Attendance::begin(&two.till);
    let (sale, number) = one.sell("tea", 1);
    one.sent().await;
    two.wait_for("the sale", |till| till.receipt_text(sale).is_ok()).await;
    two.till.print_receipt(sale).unwrap();
    let sheets = printer.printed(1).await;
    assert!(sheets[0].says(&number) && sheets[0].says("COPY 1") && sheets[0].says("Till 1 "), "{sheets:?}");
    assert!(matches!(
        two.till.receipt_text(daybook_core::ids::SaleId(uuid::Uuid::now_v7())),
        Err(PrintError::UnknownDocument)
    ));
    attendance.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_print_queue_that_cannot_be_kept_stops_paper_and_nothing_else() {
    let (_world, till, printer) = shop(Kind::Answers).await;
    let (data, journal) = till.close().await;
    let path = Prints::path_in(&data);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let till = StoryTill::open(&data, &journal, MONDAY_MORNING + 60_000_000);
    let attendance = Attendance::begin(&till.till);
    let (first, _) = till.sell("tea", 1);
    printing_is(&till.till, "trouble", |till| till.printer_state().why.is_some()).await;
    assert!(matches!(till.till.print_receipt(first), Err(PrintError::NotKept(_))));
    std::fs::remove_dir(&path).unwrap();
    let (_, second) = till.sell("tea", 1);
    let sheets = printer.printed(2).await;
    attendance.end().await;
    assert!(sheets.len() == 2 && sheets[1].says(&second) && sheets.iter().all(|sheet| !sheet.says("COPY")));
}
