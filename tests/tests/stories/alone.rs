//! Stories of a shop that has one till and no head office.

use std::path::Path;
use std::sync::Arc;

use daybook_core::amount::{Currency, Minor, Quantity, UnitPrice};
use daybook_core::event::Event;
use daybook_core::event::description::{ProductCreated, ProductFields, from_fields};
use daybook_core::event::sale::{BegunAs, Prices};
use daybook_core::identity::pin::PinCost;
use daybook_core::ids::{CommandId, ProductId, SaleId, ShiftId};
use daybook_core::sale::tender::TenderStatement;
use daybook_core::secret::Secret;
use daybook_core::sync::till::Status;
use daybook_tests::world::{MONDAY_MORNING, StoryClock, add_line, pin};
use daybook_till::alone::{self, AloneError, NewPerson, NewShop};
use daybook_till::{Command, Options, Session, SignInError, SystemRandomness, Till, synchronise};
use tokio::sync::watch;
use uuid::Uuid;

const OWNERS_PIN: &str = "5093";

fn options(home: &Path) -> Options {
    Options {
        data: home.join("till"),
        journal: home.join("journal"),
        durable: false,
        clock: StoryClock::at(MONDAY_MORNING),
        randomness: Arc::new(SystemRandomness),
        keystore: Arc::new(daybook_till::NoKeystore),
    }
}

fn shop() -> NewShop {
    NewShop {
        store: "Kiosk".to_owned(),
        till: "Till 1".to_owned(),
        currency: Currency::from_code("CHF").unwrap(),
        time_zone: "Europe/Zurich".to_owned(),
        prices: Prices::Inclusive,
        owner: Secret::new("Olga".to_owned()),
        pin: pin(OWNERS_PIN),
        pin_cost: PinCost::CHEAP,
    }
}

fn signed_in(till: &Till, digits: &str) -> Session {
    let tiles = till.people().unwrap();
    till.sign_in(tiles[0].staff, &pin(digits)).unwrap().session()
}

fn act(till: &Till, session: &Session, command: Command) -> Option<daybook_till::Receipt> {
    till.execute(session, CommandId(Uuid::now_v7()), command).unwrap().receipt
}

fn tea() -> Event {
    let fields = serde_json::json!({
        "sku": "tea", "name": "Green tea", "kind": "goods", "tax_class": "", "price": UnitPrice::from_minor(450),
    });
    let fields: ProductFields =
        from_fields(&fields.as_object().unwrap().clone().into_iter().collect()).unwrap();
    ProductCreated { product: ProductId(Uuid::now_v7()), fields }.into()
}

fn sell_tea(till: &Till, session: &Session) -> daybook_till::Receipt {
    act(till, session, Command::OpenSale { sale: SaleId(Uuid::now_v7()), begun_as: BegunAs::Sale });
    act(till, session, add_line("tea", Quantity::of(2)));
    act(till, session, Command::Pay(TenderStatement::of("cash", None))).unwrap()
}

fn open_shift(till: &Till, session: &Session) {
    act(till, session, Command::OpenShift { shift: ShiftId(Uuid::now_v7()), float_minor: Minor::new(0) });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_of_one_till_sells_at_once_and_waits_for_no_server() {
    let home = tempfile::tempdir().unwrap();
    let till = alone::start(options(home.path()), &shop()).unwrap();
    assert_eq!((till.status(), till.is_alone(), till.is_enrolled()), (Status::Alone, true, true));
    let (stop, stopped) = watch::channel(false);
    let synchronising = tokio::spawn(synchronise(till.clone(), stopped));
    let session = signed_in(&till, OWNERS_PIN);
    assert_eq!(till.describe(&session, vec![tea()]).unwrap(), 1);
    open_shift(&till, &session);
    let receipt = sell_tea(&till, &session);
    assert_eq!((receipt.number.as_str(), receipt.total_minor), ("Till 1-1", Minor::new(900)));
    assert_eq!((till.waiting(), till.status()), (0, Status::Alone));
    stop.send(true).unwrap();
    synchronising.await.unwrap();
    assert!(till.rebuild().unwrap().equal);
    drop(till);

    let till = Till::open(options(home.path())).unwrap();
    assert_eq!((till.status(), till.waiting()), (Status::Alone, 0));
    let session = signed_in(&till, OWNERS_PIN);
    assert_eq!(sell_tea(&till, &session).number, "Till 1-2");
    let again = alone::start(options(&home.path().join("other")), &NewShop { pin: pin("1234"), ..shop() });
    assert!(matches!(again, Err(AloneError::Pin(_))));
}

#[test]
fn the_owner_names_others_and_only_who_may_describes() {
    let home = tempfile::tempdir().unwrap();
    let till = alone::start(options(home.path()), &shop()).unwrap();
    let owner = signed_in(&till, OWNERS_PIN);
    let ben = NewPerson {
        number: "2".to_owned(),
        name: Secret::new("Ben".to_owned()),
        role: "cashier".to_owned(),
        pin: Some(pin("8264")),
        pin_cost: PinCost::CHEAP,
    };
    let staff = till.describe_person(&owner, ben.clone()).unwrap();
    let session = till.sign_in(staff, &pin("8264")).unwrap().session();
    let refused = till.describe(&session, vec![tea()]).unwrap_err();
    assert!(matches!(refused, daybook_till::ExecuteError::Rejected(_)), "{refused}");
    assert!(till.describe_person(&session, ben.clone()).is_err());
    open_shift(&till, &session);

    // A new name keeps the PIN; a new PIN keeps the person.
    let renamed = NewPerson { name: Secret::new("Benno".to_owned()), pin: None, ..ben.clone() };
    assert_eq!(till.recover_person(renamed).unwrap(), staff);
    till.sign_in(staff, &pin("8264")).unwrap();
    assert_eq!(till.people().unwrap()[0].name.reveal(), "Benno");
    till.recover_person(NewPerson { pin: Some(pin("4071")), ..ben }).unwrap();
    assert!(matches!(till.sign_in(staff, &pin("8264")), Err(SignInError::WrongPin(_))));
    till.sign_in(staff, &pin("4071")).unwrap();
}

#[test]
fn a_shop_whose_log_is_gone_comes_back_with_what_it_described() {
    let home = tempfile::tempdir().unwrap();
    let till = alone::start(options(home.path()), &shop()).unwrap();
    let session = signed_in(&till, OWNERS_PIN);
    till.describe(&session, vec![tea()]).unwrap();
    open_shift(&till, &session);
    sell_tea(&till, &session);
    drop(till);
    for name in ["log.db", "log.db-wal", "log.db-shm"] {
        let _absent = std::fs::remove_file(home.path().join("till").join(name));
    }
    let till = Till::open(options(home.path())).unwrap();
    assert!(till.is_alone());
    let session = signed_in(&till, OWNERS_PIN);
    open_shift(&till, &session);
    let receipt = sell_tea(&till, &session);
    assert!(receipt.number.starts_with("Till 1-"), "{}", receipt.number);
    assert_eq!(receipt.total_minor, Minor::new(900), "the price is known");
    assert!(till.rebuild().unwrap().equal);
}
