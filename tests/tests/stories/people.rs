//! Stories of who is at the till: PINs without a network, wrong ones, approvals, and what somebody finds who takes the files.

use daybook_core::amount::{Minor, Quantity};
use daybook_core::event::sale::{BegunAs, Discount, ReductionSource};
use daybook_core::identity::lockout::Lockout;
use daybook_core::identity::pin::{Pepper, PinCost, Salt};
use daybook_core::ids::{CommandId, StaffId};
use daybook_store::people::till::TillPeople;
use daybook_store::{Durability, StoreError};
use daybook_tests::world::{
    CASHIERS_PIN, MANAGERS_PIN, MONDAY_MORNING, StoryTill, World, add_line, copy_directory, pin, staff,
};
use daybook_till::{Command, ExecuteError, Session, SignInError, Tile};
use serde_json::json;
use uuid::Uuid;

const WRONG: &str = "9999";

fn tile(till: &StoryTill, staff: StaffId) -> Tile {
    let tiles = till.till.people().unwrap();
    tiles.into_iter().find(|tile| tile.staff == staff).expect("a tile")
}

fn wrong(till: &StoryTill, staff: StaffId) -> Lockout {
    match till.till.sign_in(staff, &pin(WRONG)) {
        Err(SignInError::WrongPin(lockout)) => lockout,
        other => panic!("{other:?}"),
    }
}

fn not_now(till: &StoryTill, staff: StaffId, digits: &str) -> Lockout {
    match till.till.sign_in(staff, &pin(digits)) {
        Err(SignInError::NotNow(lockout)) => lockout,
        other => panic!("{other:?}"),
    }
}

fn execute(till: &StoryTill, session: &Session, command: Command) -> Result<(), ExecuteError> {
    till.till.execute(session, CommandId(Uuid::now_v7()), command).map(drop)
}

fn ten_per_cent() -> Command {
    Command::Discount {
        line: None,
        source: ReductionSource::Sale,
        name: None,
        discount: Discount::Percent(daybook_core::amount::Rate::percent("10").unwrap()),
        reason: Some("regular".to_owned()),
    }
}

async fn reopened(till: StoryTill, wall: i64) -> StoryTill {
    let (data, journal) = till.close().await;
    StoryTill::open(&data, &journal, wall)
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_in_without_a_network_and_a_restart_asks_again_and_keeps_the_cart() {
    let world = World::new().await;
    let mut till = world.till("Till 1").await;
    till.go_offline().await;
    let (ana, maria) = (till.person("cashier"), till.person("manager"));
    let signed_in = till.till.sign_in(ana, &pin(CASHIERS_PIN)).unwrap();
    till.open_shift();
    till.begin(BegunAs::Sale);
    till.add("tea", 2);

    let till = reopened(till, MONDAY_MORNING + 60_000_000).await;
    let refused = execute(&till, &signed_in.session(), add_line("tea", Quantity::ONE)).unwrap_err();
    assert!(refused.to_string().contains("enter your PIN again"), "{refused}");
    let signed_in = till.till.sign_in(ana, &pin(CASHIERS_PIN)).unwrap();
    execute(&till, &signed_in.session(), add_line("soap", Quantity::ONE)).unwrap();
    assert_eq!(till.till.cart().unwrap().1.lines.len(), 2);

    // Who signs in takes the till over; the cart stays.
    let manager = till.till.sign_in(maria, &pin(MANAGERS_PIN)).unwrap();
    assert!(matches!(
        execute(&till, &signed_in.session(), add_line("soap", Quantity::ONE)),
        Err(ExecuteError::NotSignedIn)
    ));
    execute(&till, &manager.session(), add_line("soap", Quantity::ONE)).unwrap();
    till.till.sign_out(&manager);
    assert!(matches!(
        execute(&till, &manager.session(), add_line("soap", Quantity::ONE)),
        Err(ExecuteError::NotSignedIn)
    ));
    let names: Vec<String> =
        till.till.people().unwrap().iter().map(|tile| tile.name.reveal().clone()).collect();
    assert_eq!(names, ["Maria", "Ana"], "who signed in last comes first");
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_restart_nor_any_clock_shortens_the_pause_after_five_wrong_pins() {
    let world = World::new().await;
    let mut till = world.till("Till 1").await;
    till.go_offline().await;
    let ana = till.person("cashier");
    for left in [4, 3] {
        assert_eq!(wrong(&till, ana), Lockout::Open { tries_left: left });
    }
    till.till.sign_in(ana, &pin(CASHIERS_PIN)).unwrap();
    for left in [4, 3, 2] {
        assert_eq!(wrong(&till, ana), Lockout::Open { tries_left: left }, "success had forgotten the others");
    }
    let till = reopened(till, MONDAY_MORNING).await;
    assert_eq!(wrong(&till, ana), Lockout::Open { tries_left: 1 }, "a restart forgets none");
    assert_eq!(wrong(&till, ana), Lockout::Pause { seconds: 30 });
    till.clock.pass(86_400);
    assert!(matches!(not_now(&till, ana, CASHIERS_PIN), Lockout::Pause { .. }), "a clock put forward");
    till.clock.set(0);
    assert!(matches!(not_now(&till, ana, CASHIERS_PIN), Lockout::Pause { .. }), "a clock put back");
    till.clock.hurry(29);
    let till = reopened(till, MONDAY_MORNING + 3_600_000_000).await;
    assert_eq!(not_now(&till, ana, CASHIERS_PIN), Lockout::Pause { seconds: 30 }, "it begins anew");
    assert_eq!(tile(&till, ana).lockout, Lockout::Pause { seconds: 30 });
    till.clock.hurry(30);
    till.till.sign_in(ana, &pin(CASHIERS_PIN)).unwrap();
    assert_eq!(tile(&till, ana).lockout, Lockout::Open { tries_left: 5 });
}

#[tokio::test(flavor = "multi_thread")]
async fn fifteen_wrong_pins_lock_until_head_office_gives_a_new_one() {
    let world = World::new().await;
    let mut till = world.till("Till 1").await;
    till.go_offline().await;
    let ana = till.person("cashier");
    let before = till.till.tip().unwrap().1.seq;
    let mut looked = 0;
    for _ in 0..40 {
        match till.till.approve(ana, &pin(WRONG)) {
            Err(SignInError::WrongPin(_)) => looked += 1,
            Err(SignInError::NotNow(_)) => till.clock.hurry(300),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(looked, 15);
    assert_eq!(not_now(&till, ana, CASHIERS_PIN), Lockout::Locked);
    till.clock.hurry(1_000_000);
    assert_eq!(not_now(&till, ana, CASHIERS_PIN), Lockout::Locked, "patience does not help");
    assert_eq!(till.till.tip().unwrap().1.seq - before, 3, "what is recorded is bounded");
    till.go_online();
    till.sent().await;
    assert_eq!(world.settle().await["quarantined"], json!(0));

    world.publish(vec![staff("1", "Ana", "cashier", Some(CASHIERS_PIN))]).await;
    assert_eq!(tile(&till, ana).lockout, Lockout::Locked, "the same PIN is no new one");
    let made = world.office().new_pin("1").await.unwrap();
    till.wait_for("the new PIN", |_| tile(&till, ana).lockout == Lockout::Open { tries_left: 5 })
        .await;
    assert!(matches!(till.till.sign_in(ana, &pin(CASHIERS_PIN)), Err(SignInError::WrongPin(_))));
    till.till.sign_in(ana, &made).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_another_persons_for_one_command_and_for_a_minute() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    let (ana, maria) = (till.person("cashier"), till.person("manager"));
    let ana_works = till.till.sign_in(ana, &pin(CASHIERS_PIN)).unwrap();
    till.open_shift();
    let ana_works_on = till.till.sign_in(ana, &pin(CASHIERS_PIN)).unwrap();
    assert!(matches!(execute(&till, &ana_works.session(), ten_per_cent()), Err(ExecuteError::NotSignedIn)));
    let sale = Command::OpenSale { sale: daybook_core::ids::SaleId(Uuid::now_v7()), begun_as: BegunAs::Sale };
    execute(&till, &ana_works_on.session(), sale).unwrap();
    execute(&till, &ana_works_on.session(), add_line("tea", Quantity::of(3))).unwrap();
    let alone = execute(&till, &ana_works_on.session(), ten_per_cent()).unwrap_err();
    assert!(matches!(alone, ExecuteError::Rejected(_)), "{alone}");

    let own = till.till.approve(ana, &pin(CASHIERS_PIN)).unwrap();
    let refused = execute(&till, &ana_works_on.approved(&own), ten_per_cent()).unwrap_err();
    assert!(matches!(refused, ExecuteError::OwnApproval), "{refused}");

    let approval = till.till.approve(maria, &pin(MANAGERS_PIN)).unwrap();
    let approved = ana_works_on.approved(&approval);
    execute(&till, &approved, add_line("soap", Quantity::ONE)).expect("this needs nobody's approval");
    execute(&till, &approved, ten_per_cent()).expect("so it was unused");
    assert!(matches!(execute(&till, &approved, ten_per_cent()), Err(ExecuteError::ApprovalOver)));

    let late = till.till.approve(maria, &pin(MANAGERS_PIN)).unwrap();
    till.clock.hurry(60);
    till.clock.set(MONDAY_MORNING - 3_600_000_000);
    let refused = execute(&till, &ana_works_on.approved(&late), ten_per_cent()).unwrap_err();
    assert!(matches!(refused, ExecuteError::ApprovalOver), "{refused}");
    assert!(matches!(till.till.approve(maria, &pin(WRONG)), Err(SignInError::WrongPin(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_or_pin_that_changes_at_head_office_reaches_the_till_without_an_event() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    let ana = till.person("cashier");
    let renamed = vec![staff("1", "Anna", "cashier", Some("4071"))];
    let published = world.office().publish(renamed).await.unwrap();
    assert_eq!((published.events, published.people), (0, 1), "nothing of it goes into the log");
    till.wait_for("the new name", |_| tile(&till, ana).name.reveal() == "Anna").await;
    till.till.sign_in(ana, &pin("4071")).unwrap();
    let nobody = StaffId(Uuid::from_u128(7));
    assert!(matches!(till.till.sign_in(nobody, &pin("4071")), Err(SignInError::UnknownPerson)));
    world.publish(vec![staff("5", "Eva", "cashier", None)]).await;
    till.wait_for("Eva", |till| till.people().unwrap().len() == 3).await;
    let eva = till.till.people().unwrap().into_iter().find(|tile| tile.number == "5").unwrap();
    assert!(!eva.has_pin);
    assert!(matches!(till.till.sign_in(eva.staff, &pin("4071")), Err(SignInError::NoPin)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_whose_pepper_is_gone_asks_for_its_people_again() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    let ana = till.person("cashier");
    let (data, journal) = till.close().await;
    let keys = data.join("keys.json");
    let mut file: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&keys).unwrap()).unwrap();
    file.as_object_mut().unwrap().remove("pepper").expect("a pepper");
    std::fs::write(&keys, file.to_string()).unwrap();
    let mut till = StoryTill::open(&data, &journal, MONDAY_MORNING);
    assert!(!tile(&till, ana).has_pin);
    assert!(matches!(till.till.sign_in(ana, &pin(CASHIERS_PIN)), Err(SignInError::NoPin)));
    till.go_online();
    till.wait_for("its people", |_| tile(&till, ana).has_pin).await;
    till.till.sign_in(ana, &pin(CASHIERS_PIN)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_goes_on_while_a_pin_is_looked_at() {
    let slow = PinCost { passes: 12, ..PinCost::STANDARD };
    let world = World::with_pin_cost(slow).await;
    let till = world.till("Till 1").await;
    let (ana, maria) = (till.person("cashier"), till.person("manager"));
    let signed_in = till.till.sign_in(ana, &pin(CASHIERS_PIN)).unwrap();
    let looking = {
        let till = till.till.clone();
        std::thread::spawn(move || till.approve(maria, &pin(MANAGERS_PIN)).map(drop))
    };
    till.wait_for("the try to be counted", |_| tile(&till, maria).lockout != Lockout::Open { tries_left: 5 })
        .await;
    let shift =
        Command::OpenShift { shift: daybook_core::ids::ShiftId(Uuid::now_v7()), float_minor: Minor::new(0) };
    execute(&till, &signed_in.session(), shift).unwrap();
    assert!(!looking.is_finished(), "the till was free while the PIN was looked at");
    looking.join().unwrap().unwrap();
}

/// What somebody tries who has every file of the till but its keys: all PINs of four digits, with whatever could stand in the pepper's place.
fn guess(data: &std::path::Path, staff: StaffId, peppers: &[Pepper]) -> Result<Option<String>, StoreError> {
    let (people, _) = TillPeople::open(data, Durability::Off)?;
    let kept = people.person(staff)?.and_then(|person| person.pin).expect("a PIN is kept");
    let databases: Vec<Vec<u8>> = std::fs::read_dir(data)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(".db")))
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    let stands = |bytes: &[u8]| databases.iter().any(|file| file.windows(32).any(|part| part == bytes));
    for number in 0..10_000 {
        let text = format!("{number:04}");
        let derived = kept.cost.derive(&pin(&text), &kept.salt).expect("cheap");
        let found = peppers.iter().any(|pepper| pepper.matches(staff, &derived, &kept.check));
        // The verifier itself is looked for in all files for the right PIN only: it must stand nowhere.
        if found || (text == CASHIERS_PIN && stands(&derived.0)) {
            return Ok(Some(text));
        }
    }
    Ok(None)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_copies_the_databases_finds_no_pin_however_many_are_tried() {
    let world = World::new().await;
    let till = world.till("Till 1").await;
    let ana = till.person("cashier");
    till.till.sign_in(ana, &pin(CASHIERS_PIN)).unwrap();
    let (data, _) = till.close().await;
    let stolen = world.home.path().join("stolen");
    copy_directory(&data, &stolen);
    let keys = std::fs::read_to_string(stolen.join("keys.json")).unwrap();
    std::fs::remove_file(stolen.join("keys.json")).unwrap();
    let (people, _) = TillPeople::open(&stolen, Durability::Off).unwrap();
    let salt = people.person(ana).unwrap().unwrap().pin.unwrap().salt;
    drop(people);
    let of_salt = |Salt(salt): Salt| Pepper([salt, salt].concat().try_into().unwrap());
    let tried = [Pepper([0; 32]), of_salt(salt)];
    assert_eq!(guess(&stolen, ana, &tried).unwrap(), None);

    // With the keys it takes no time: they are what has to be kept.
    let keys: serde_json::Value = serde_json::from_str(&keys).unwrap();
    let pepper = serde_json::from_value(keys["pepper"].clone()).unwrap();
    assert_eq!(guess(&stolen, ana, &[pepper]).unwrap().as_deref(), Some(CASHIERS_PIN));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_of_a_till_holds_a_pin_and_only_one_holds_a_name() {
    let world = World::new().await;
    world.publish(vec![staff("7", "Anastasia", "cashier", Some("73914258"))]).await;
    let till = world.till("Till 1").await;
    till.wait_for("Anastasia", |till| till.people().unwrap().len() == 3).await;
    let her = till.till.people().unwrap().into_iter().find(|tile| tile.number == "7").unwrap();
    till.wait_for("her PIN", |_| tile(&till, her.staff).has_pin).await;
    till.till.sign_in(her.staff, &pin("73914258")).unwrap();
    assert!(!format!("{:?}", till.till.people().unwrap()).contains("Anastasia"));
    let (data, journal) = till.close().await;
    for entry in [&data, &journal].into_iter().flat_map(|place| std::fs::read_dir(place).unwrap()) {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let holds = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!holds("73914258"), "{}", path.display());
        let is_peoples = path.file_name().unwrap().to_string_lossy().starts_with("people.db");
        assert!(!holds("Anastasia") || is_peoples, "{}", path.display());
    }
}
