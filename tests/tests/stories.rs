//! Stories of a shop with head office and tills: real files, real HTTP, one process.
//!
//! Each ends with everybody agreeing: every sale at head office once, and the journal balanced.

use daybook_core::amount::{Minor, Quantity, Rate};
use daybook_core::conflict::Kind;
use daybook_core::event::sale::{BegunAs, Discount, ReductionSource};
use daybook_core::ids::{CustomerId, SaleId};
use daybook_core::sale::Rejection;
use daybook_core::sync::till::Status;
use daybook_core::wire::ConflictState;
use daybook_tests::world::{MONDAY_MORNING, StoryTill, World, add_line, copy_directory, knows_its_people};
use daybook_till::{Command, ExecuteError};
use serde_json::{Value, json};

#[path = "stories/alone.rs"]
mod alone;
#[path = "stories/books.rs"]
mod books;
#[path = "stories/clock.rs"]
mod clock;
#[path = "stories/enrolment.rs"]
mod enrolment;
#[path = "stories/handing_back.rs"]
mod handing_back;
#[path = "stories/keeping.rs"]
mod keeping;
#[path = "stories/keystore.rs"]
mod keystore;
#[path = "stories/paying.rs"]
mod paying;
#[path = "stories/people.rs"]
mod people;
#[path = "stories/poison.rs"]
mod poison;
#[path = "stories/printing.rs"]
mod printing;
#[path = "stories/read_models.rs"]
mod read_models;
#[path = "stories/recorded.rs"]
mod recorded;
#[path = "stories/recovery.rs"]
mod recovery;
#[path = "stories/skew.rs"]
mod skew;
#[path = "stories/snapshot.rs"]
mod snapshot;
#[path = "stories/tls.rs"]
mod tls;
#[path = "stories/trust.rs"]
mod trust;

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_made_without_a_network_arrives_exactly_once_when_it_is_back() {
    let mut world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    world.stop_office().await;
    let (_, number) = till.sell("2000000000tea", 2);
    assert_eq!(number, "Till 1-1");
    assert!(till.till.waiting() > 0);
    world.start_office().await;
    till.till.set_server(&world.url());
    till.sent().await;
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["receipts"], json!(1));
    assert_eq!(totals["totals"]["net"], json!(1002));
    assert_eq!(totals["totals"]["tenders"], json!({"cash": 1002}));
    assert_eq!(totals["journal_balanced"], json!(true));
    till.wait_for("up to date", |till| till.status() == Status::UpToDate).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_again_with_the_same_command_is_answered_and_not_executed_twice() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.begin(BegunAs::Sale);
    let id = daybook_core::ids::CommandId(uuid::Uuid::now_v7());
    let session = till.session();
    let first = till.till.execute(&session, id, add_line("tea", Quantity::ONE)).unwrap();
    let second = till.till.execute(&session, id, add_line("tea", Quantity::ONE)).unwrap();
    assert_eq!(first.recorded, second.recorded);
    assert!(second.repeated && !first.repeated);
    assert_eq!(till.till.cart().unwrap().1.lines.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_sale_comes_back_whole_and_only_once() {
    let world = World::new().await;
    let mut till = world.till("Till 1").await;
    till.open_shift();
    let parked = till.begin(BegunAs::Sale);
    till.add("tea", 2);
    till.add("roll", 1);
    till.add("soap", 1);
    till.act(Command::RemoveLine(2));
    let discount = |line, source, name: Option<&str>, percent| Command::Discount {
        line,
        source,
        name: name.map(str::to_owned),
        discount: Discount::Percent(Rate::percent(percent).unwrap()),
        reason: Some("loyal".to_owned()),
    };
    till.act(discount(Some(3), ReductionSource::Line, None, "10"));
    till.act(discount(None, ReductionSource::StoreCoupon, Some("SPRING"), "5"));
    let customer = CustomerId(uuid::Uuid::now_v7());
    till.act(Command::SetCustomer(Some(customer)));
    let (_, mut before) = till.till.cart().unwrap();
    assert_eq!(before.removed.len(), 1, "what was taken out stays out");
    before.removed.clear();
    till.act(Command::ParkSale);

    let recall = |sale| Command::RecallSale { parked, sale };
    let sale = SaleId(uuid::Uuid::now_v7());
    till.act(recall(sale));
    let (_, mut cart) = till.till.cart().unwrap();
    assert_eq!(cart.customer, Some(customer));
    let opened = cart.opened.as_mut().unwrap();
    assert_eq!((opened.sale, opened.from_parked.take()), (sale, Some(parked)));
    opened.sale = parked;
    cart.discounts.iter_mut().for_each(|discount| discount.sale = parked);
    assert_eq!(cart, before, "lines with their numbers, discounts, customer and rules");

    let refused = |till: &StoryTill| {
        let again = till.try_do(recall(SaleId(uuid::Uuid::now_v7()))).unwrap_err();
        assert!(matches!(again, ExecuteError::Rejected(Rejection::RecalledBefore)), "{again}");
    };
    till.pay();
    refused(&till);
    till.go_offline().await;
    let (data, journal) = till.close().await;
    let mut till = StoryTill::open(&data, &journal, MONDAY_MORNING + 60_000_000);
    refused(&till);
    // Nor does a sale go on in a document that was begun before.
    assert!(matches!(till.try_do(recall(sale)), Err(ExecuteError::Rejected(Rejection::Senseless(_)))));
    till.go_online();
    till.sent().await;
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["receipts"], json!(1));
    assert_eq!(totals["conflicts"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_till_has_its_open_cart_its_shift_and_its_numbers_back() {
    let world = World::new().await;
    let mut till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.begin(BegunAs::Sale);
    till.add("tea", 3);
    till.go_offline().await;
    let (data, journal) = (till.data.clone(), till.journal.clone());
    // What a killed process leaves behind is what is on the disk now.
    let (copy, copied_journal) = (world.home.path().join("after"), world.home.path().join("after-journal"));
    copy_directory(&data, &copy);
    copy_directory(&journal, &copied_journal);
    drop(till);
    let till = StoryTill::open(&copy, &copied_journal, MONDAY_MORNING + 60_000_000);
    let (_, cart) = till.till.cart().expect("the cart is back");
    assert_eq!(cart.lines[&1].quantity, Quantity::of(3));
    assert_eq!(till.pay(), "Till 1-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tills_that_sell_the_last_piece_offline_give_one_oversold_with_words_receipts_and_money() {
    let world = World::new().await;
    let (mut one, mut two) = (world.till("Till 1").await, world.till("Till 2").await);
    one.go_offline().await;
    two.go_offline().await;
    one.open_shift();
    two.open_shift();
    one.sell("gift", 1);
    two.sell("gift", 1);
    one.go_online();
    two.go_online();
    one.sent().await;
    two.sent().await;
    let totals = world.settle().await;
    assert_eq!(totals["conflicts"], json!({"oversold": 1}));
    assert_eq!(totals["totals"]["receipts"], json!(2), "both sales stand");
    let conflict = only_conflict(&world, Kind::Oversold).await;
    assert_eq!(conflict.money_minor, Minor::new(4_990));
    let receipts: Vec<_> = conflict.parties.iter().filter_map(|party| party.receipt.clone()).collect();
    assert_eq!(receipts.len(), 2);
    assert!(receipts.contains(&"Till 1-1".to_owned()) && receipts.contains(&"Till 2-1".to_owned()));
    // The tills hear of it, too.
    for till in [&one, &two] {
        till.wait_for("hearing of the conflict", |till| till.conflicts().is_ok_and(|found| found.len() == 1))
            .await;
        assert_eq!(till.till.conflicts().unwrap()[0].conflict, conflict);
    }
    // A person answers; the answer reaches the tills.
    world.office().answer(&conflict.id, "count").await.unwrap();
    one.wait_for("the answer", |till| {
        till.conflicts().is_ok_and(|found| found[0].state == ConflictState::Answered)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_copied_with_its_journal_is_a_fork_and_every_sale_counts_once() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    let (data, journal) = till.close().await;
    let (copy, copied_journal) = (world.home.path().join("copy"), world.home.path().join("copy-journal"));
    copy_directory(&data, &copy);
    copy_directory(&journal, &copied_journal);

    let mut original = StoryTill::open(&data, &journal, MONDAY_MORNING + 60_000_000);
    let mut twin = StoryTill::open(&copy, &copied_journal, MONDAY_MORNING + 61_000_000);
    let (_, at_original) = original.sell("roll", 1);
    let (_, at_twin) = twin.sell("roll", 2);
    assert_eq!(at_original, at_twin, "twins print the same number until they are found");
    original.go_online();
    original.sent().await;
    let first_origin = twin.till.tip().unwrap().0;
    twin.go_online();
    twin.wait_for("a child origin", |till| till.tip().unwrap().0 != first_origin).await;
    twin.sent().await;
    assert!(twin.till.shift_day().is_none(), "a child origin opens a new shift");
    twin.open_shift();
    let (_, number) = twin.sell("roll", 3);
    assert!(
        number.starts_with("Till 1-") && number.ends_with("-1") && number != "Till 1-1",
        "a series of its own: {number}"
    );
    twin.sent().await;

    let totals = world.settle().await;
    assert_eq!(
        totals["totals"]["receipts"],
        json!(4),
        "the common sale once, one of each twin, one of the child"
    );
    assert_eq!(totals["totals"]["net"], json!(199 + 45 * 6));
    assert_eq!(totals["conflicts"], json!({"fork": 1}));
    let conflict = only_conflict(&world, Kind::Fork).await;
    assert!(conflict.story.contains("One receipt number was used twice"), "{}", conflict.story);
    assert_eq!(conflict.parties.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_copied_without_its_journal_opens_a_child_origin_by_itself() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    let (data, journal) = till.close().await;
    let copy = world.home.path().join("copy");
    copy_directory(&data, &copy);
    let mut original = StoryTill::open(&data, &journal, MONDAY_MORNING + 60_000_000);
    let mut twin =
        StoryTill::open(&copy, &world.home.path().join("copy-journal"), MONDAY_MORNING + 61_000_000);
    assert_ne!(original.till.tip().unwrap().0, twin.till.tip().unwrap().0);
    assert!(matches!(
        twin.try_do(add_line("roll", Quantity::ONE)),
        Err(ExecuteError::Rejected(Rejection::NotOpen))
    ));
    twin.open_shift();
    original.sell("roll", 1);
    twin.sell("roll", 1);
    original.go_online();
    twin.go_online();
    original.sent().await;
    twin.sent().await;
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["receipts"], json!(3));
    assert_eq!(totals["conflicts"], json!({}), "nothing forked: {totals}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_restored_from_an_older_copy_takes_its_journal_back_and_goes_on_as_a_child() {
    let world = World::new().await;
    let mut till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    till.go_offline().await;
    let old = world.home.path().join("yesterday");
    copy_directory(&till.data, &old);
    till.sell("tea", 1);
    let (_, journal) = till.close().await;
    let mut restored = StoryTill::open(&old, &journal, MONDAY_MORNING + 90_000_000);
    restored.go_online();
    restored.sent().await;
    let totals = world.settle().await;
    assert_eq!(
        totals["totals"]["net"],
        json!(199 + 501),
        "the sale that the copy did not hold came back from the journal"
    );
    assert_eq!(totals["conflicts"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn goods_come_back_at_what_was_paid_also_at_another_till() {
    let world = World::new().await;
    let (one, two) = (world.till("Till 1").await, world.till("Till 2").await);
    one.open_shift();
    two.open_shift();
    let (sale, _) = one.sell("tea", 2);
    one.sent().await;
    // At first the other till does not know the receipt.
    two.begin(BegunAs::Return);
    let back = Command::ReturnLine { sale, line: 1, quantity: Quantity::ONE, restocked: true };
    let started = std::time::Instant::now();
    while matches!(two.try_do(back.clone()), Err(ExecuteError::UnknownDocument)) {
        assert!(started.elapsed().as_secs() < 30, "the receipt never arrived at the other till");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let answer = two.act(Command::Pay(daybook_core::sale::tender::TenderStatement::of("cash", None)));
    assert_eq!(answer.receipt.unwrap().total_minor, Minor::new(-501));
    two.sent().await;
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["refunds"], json!(-501));
    assert_eq!(totals["totals"]["net"], json!(501));
    assert_eq!(totals["conflicts"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn rebuilding_gives_equal_read_models_on_both_sides() {
    let mut world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    for units in 1..=5 {
        till.sell("tea", units);
    }
    till.act(Command::CloseShift);
    till.sent().await;
    let before: Value = world.settle().await;
    let rebuilt = till.till.rebuild().unwrap();
    assert!(rebuilt.equal, "{}", rebuilt.words);
    world.stop_office().await;
    let rebuilt = daybook_server::office::rebuild(&world.home.path().join("office")).unwrap();
    assert!(rebuilt.equal(), "{}", rebuilt.words());
    world.start_office().await;
    assert_eq!(world.settle().await["read_models"], before["read_models"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_read_models_do_not_stop_a_sale() {
    let world = World::new().await;
    let mut till = world.till("Till 1").await;
    till.open_shift();
    till.sell("tea", 1);
    till.go_offline().await;
    let views = till.data.join("views.db");
    for suffix in ["", "-wal"] {
        let mut name = views.clone().into_os_string();
        name.push(suffix);
        let length = std::fs::metadata(&name).map_or(0, |meta| meta.len());
        std::fs::write(&name, vec![0xA5; usize::try_from(length).unwrap()]).unwrap();
    }
    let (_, number) = till.sell("tea", 1);
    assert_eq!(number, "Till 1-2");
    till.go_online();
    till.sent().await;
    assert_eq!(world.settle().await["totals"]["net"], json!(1002));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_whose_read_models_cannot_be_opened_opens_says_so_and_sells() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.sell("tea", 1);
    assert_eq!(till.till.views_trouble(), None);
    let (data, journal) = till.close().await;
    let views = data.join("views.db");
    daybook_store::file::remove(&views).unwrap();
    std::fs::create_dir(&views).unwrap();
    let mut till = StoryTill::open(&data, &journal, MONDAY_MORNING + 60_000_000);
    let trouble = till.till.views_trouble().expect("a reason");
    assert!(trouble.contains("views.db") || trouble.contains("unable to open"), "{trouble}");
    let (_, number) = till.sell("tea", 1);
    assert_eq!(number, "Till 1-2");
    till.go_online();
    till.sent().await;
    assert_eq!(world.settle().await["totals"]["net"], json!(1002));
    // The file is used again as soon as it can be.
    let (data, journal) = till.close().await;
    std::fs::remove_dir(&views).unwrap();
    let till = StoryTill::open(&data, &journal, MONDAY_MORNING + 120_000_000);
    assert_eq!(till.till.views_trouble(), None);
    assert_eq!(till.sell("tea", 1).1, "Till 1-3");
}

#[tokio::test(flavor = "multi_thread")]
async fn read_models_rebuilt_at_a_running_head_office_answer_questions_and_begin_the_conflicts_lane_again() {
    let world = World::new().await;
    let mut till = world.till("Till 1").await;
    till.open_shift();
    for _ in 0..5 {
        till.sell("gift", 1);
        till.sent().await;
    }
    world.settle().await;
    let hears = |till: &daybook_till::Till, state| {
        till.conflicts().is_ok_and(|found| found.len() == 1 && found[0].state == state)
    };
    // As head office judges it in the end: each sale but the first revises it.
    let judged = world.office().conflicts(None, false).await.unwrap()[0].revision;
    let heard = |till: &daybook_till::Till| {
        hears(till, ConflictState::Open) && till.conflicts().unwrap()[0].revision == judged
    };
    till.wait_for("the conflict", heard).await;
    let before = till.till.conflicts().unwrap()[0].clone();
    till.go_offline().await;
    for suffix in ["", "-wal", "-shm"] {
        let path = world.home.path().join(format!("office/views.db{suffix}"));
        let length = std::fs::metadata(&path).map_or(0, |meta| meta.len());
        std::fs::write(&path, vec![0xA5; usize::try_from(length).unwrap()]).unwrap();
    }
    till.sell("soap", 1);
    till.go_online();
    till.sent().await;
    let started = std::time::Instant::now();
    let totals = loop {
        match world.office().totals().await {
            Ok(totals) => break totals,
            Err(error) => assert!(started.elapsed().as_secs() < 30, "never answered again: {error}"),
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(totals["totals"]["receipts"], json!(6));
    assert_eq!(totals["conflicts"], json!({"oversold": 1}));
    world.office().answer(&before.conflict.id, "count").await.unwrap();
    till.go_offline().await;
    till.go_online();
    till.wait_for("the answer", |till| hears(till, ConflictState::Answered)).await;
    let after = till.till.conflicts().unwrap()[0].clone();
    assert_eq!(after.conflict, before.conflict);
    assert_ne!(after.revision >> 32, before.revision >> 32, "revisions of another file");
}

#[tokio::test(flavor = "multi_thread")]
async fn goods_of_a_document_are_booked_once_however_often_it_is_published() {
    use daybook_server::office::Publication;
    let world = World::new().await;
    let goods = |document: Option<&str>| Publication::Stock {
        store: "High Street".to_owned(),
        lines: vec![("tea".to_owned(), Quantity::of(5))],
        document: document.map(str::to_owned),
    };
    let office = world.office();
    assert_eq!(
        office
            .publish(vec![goods(Some("note 17")), goods(Some("note 17"))])
            .await
            .unwrap()
            .events,
        1
    );
    assert_eq!(office.publish(vec![goods(Some("note 17"))]).await.unwrap().events, 0);
    assert_eq!(office.publish(vec![goods(Some("note 18"))]).await.unwrap().events, 1);
    assert_eq!(office.publish(vec![goods(None), goods(None)]).await.unwrap().events, 2);
    // Also by several who look at the same time.
    let all: Vec<_> = (0..16)
        .map(|_| {
            let (office, goods) = (office.clone(), goods(Some("note 19")));
            tokio::spawn(async move { office.publish(vec![goods]).await.unwrap().events })
        })
        .collect();
    let mut booked = 0;
    for one in all {
        booked += one.await.unwrap();
    }
    assert_eq!(booked, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_records_nothing_says_so_and_sells_on_when_there_is_room() {
    let world = World::new().await;
    let (data, journal) = (world.home.path().join("small"), world.home.path().join("small-journal"));
    std::fs::create_dir_all(&data).unwrap();
    let Some(_disk) = SmallDisk::mount(&data, "6m") else {
        println!("left out: 1 full-disk story at the till (a tmpfs cannot be mounted here)");
        return;
    };
    let mut till = StoryTill::open(&data, &journal, MONDAY_MORNING);
    let code = world.office().enrol_code("High Street", "Till 1").await.unwrap();
    till.till.enrol(&world.url(), &code, "Till 1").await.unwrap();
    till.go_online();
    till.wait_for("the catalogue", |till| till.catalogue_size().unwrap_or(0) >= 4 && knows_its_people(till))
        .await;
    till.open_shift();
    till.go_offline().await;
    let filler = data.join("filler");
    std::fs::write(&filler, vec![1; 1 << 20]).unwrap();
    let (mut sold, mut refused) = (0_i64, None);
    till.begin(BegunAs::Sale);
    while refused.is_none() && sold < 20_000 {
        match till.try_do(add_line("roll", Quantity::ONE)) {
            Ok(_) => sold += 1,
            Err(error) => refused = Some(error.to_string()),
        }
    }
    let refused = refused.expect("the disk gets full");
    assert!(refused.contains("nothing was recorded") && refused.contains("disk is full"), "{refused}");
    assert_eq!(
        till.till.cart().unwrap().1.lines.len(),
        usize::try_from(sold).unwrap(),
        "what was acknowledged is in the cart"
    );
    std::fs::remove_file(&filler).unwrap();
    till.pay();
    till.go_online();
    till.sent().await;
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["lines"], json!(sold));
    assert_eq!(totals["totals"]["net"], json!(45 * sold));
}

/// A small disk in memory, gone when dropped.
pub(crate) struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    /// None where mounting is not allowed.
    pub(crate) fn mount(at: &std::path::Path, size: &str) -> Option<Self> {
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(at)
            .stderr(std::process::Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then(|| SmallDisk(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _left_mounted = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_writer_is_refused_and_says_so() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    let second = StoryTill::try_open(&till.data, &till.journal, MONDAY_MORNING).err().expect("refused");
    assert!(second.to_string().contains("already running"), "{second}");
    let office = daybook_server::start(
        daybook_server::office::Settings {
            data: world.home.path().join("office"),
            durable: false,
            clock: world.clock.clone(),
            randomness: std::sync::Arc::new(daybook_server::office::SystemRandomness),
            pin_cost: daybook_core::identity::pin::PinCost::CHEAP,
        },
        std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
    );
    assert!(office.await.unwrap_err().to_string().contains("another Daybook head office is using"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_enrols_nobody_and_says_what_to_do() {
    let world = World::new().await;
    let (data, journal) = (world.home.path().join("t"), world.home.path().join("t-journal"));
    let till = StoryTill::open(&data, &journal, MONDAY_MORNING);
    let wrong = daybook_core::identity::enrol::EnrolCode::parse("00000-00000").unwrap();
    let error = till.till.enrol(&world.url(), &wrong, "Till 9").await.unwrap_err();
    assert!(error.to_string().contains("Ask for a new one"), "{error}");
    assert!(!till.till.is_enrolled());
    let code = world.office().enrol_code("High Street", "Till 9").await.unwrap();
    till.till.enrol(&world.url(), &code, "Till 9").await.unwrap();
    assert!(till.till.is_enrolled());
}

async fn only_conflict(world: &World, kind: Kind) -> daybook_core::conflict::Conflict {
    let found = world.office().conflicts(None, true).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    let conflict = found.into_iter().next().unwrap().conflict;
    assert_eq!(conflict.kind, kind);
    conflict
}
