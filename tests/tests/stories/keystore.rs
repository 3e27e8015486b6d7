//! Stories of where a till's keys lie: sealed to a keystore, or in a file, which the till says; and what a backup of them is worth.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use daybook_store::backup::{Side, make, restore};
use daybook_tests::world::{MONDAY_MORNING, StoryClock, World, notices};
use daybook_till::door::types::Ailment;
use daybook_till::{Keystore, NoKeystore, Options, SystemRandomness, Till, keystore};

/// A keystore in memory.
#[derive(Default)]
struct Kept(Mutex<BTreeMap<String, [u8; 32]>>);

impl Keystore for Kept {
    fn read(&self, name: &str) -> Result<Option<[u8; 32]>, String> {
        Ok(self.0.lock().unwrap().get(name).copied())
    }

    fn write(&self, name: &str, secret: &[u8; 32]) -> Result<(), String> {
        self.0.lock().unwrap().insert(name.to_owned(), *secret);
        Ok(())
    }
}

fn options(home: &Path, keystore: Arc<dyn Keystore>) -> Options {
    Options {
        data: home.join("till"),
        journal: home.join("journal"),
        durable: false,
        clock: StoryClock::at(MONDAY_MORNING),
        randomness: Arc::new(SystemRandomness),
        keystore,
    }
}

async fn joined(world: &World, options: Options) -> Till {
    let till = Till::open(options).unwrap();
    let code = world.office().enrol_code("High Street", "Till 1").await.unwrap();
    till.enrol(&world.url(), &code, "Till 1").await.unwrap();
    till
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_in_a_keystore_open_the_till_again_and_nowhere_else() {
    let world = World::new().await;
    let home = world.home.path().join("shop");
    let kept = Arc::new(Kept::default());
    let till = joined(&world, options(&home, kept.clone())).await;
    let origin = till.tip().unwrap().0;
    assert!(!notices(&till).contains(&(Ailment::KeysInFile, false)));
    drop(till);
    let file = std::fs::read_to_string(home.join("till/keys.json")).unwrap();
    assert!(!file.contains(&origin.to_string()), "not even whose keys they are: {file}");

    let reopened = Till::open(options(&home, kept)).unwrap();
    assert_eq!(reopened.tip().unwrap().0, origin);
    drop(reopened);
    let refused = Till::open(options(&home, Arc::new(NoKeystore)))
        .err()
        .expect("it has no keys")
        .to_string();
    assert!(refused.contains("another machine or user"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_without_a_keystore_joins_and_says_that_its_keys_lie_in_a_file() {
    let world = World::new().await;
    let till = joined(&world, options(&world.home.path().join("shop"), Arc::new(NoKeystore))).await;
    assert!(notices(&till).contains(&(Ailment::KeysInFile, false)), "{:?}", notices(&till));
    for (server, is_told) in
        [(world.url().as_str(), false), ("http://192.168.1.5:7411", true), ("192.168.1.5:7411", false)]
    {
        till.set_server(server);
        assert_eq!(notices(&till).contains(&(Ailment::InTheClear, false)), is_told, "{server}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_sealed_keys_opens_on_another_machine_whose_keystore_takes_them() {
    let world = World::new().await;
    let home = world.home.path().join("shop");
    let kept = Arc::new(Kept::default());
    let till = joined(&world, options(&home, kept.clone())).await;
    let origin = till.tip().unwrap().0;
    drop(till);
    let (data, backup) = (home.join("till"), world.home.path().join("backup"));
    let keys = keystore::read(&data, &*kept).unwrap().map(|(keys, _)| keys);
    make(Side::Till, &data, &backup, MONDAY_MORNING, keys.as_deref()).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&backup), mode(&backup.join("keys.json"))), (0o700, 0o600));
    }

    let elsewhere = world.home.path().join("elsewhere");
    std::fs::create_dir_all(elsewhere.join("till")).unwrap();
    restore(Side::Till, &backup, &elsewhere.join("till")).unwrap();
    let other = Arc::new(Kept::default());
    let restored = Till::open(options(&elsewhere, other.clone())).unwrap();
    assert_ne!(restored.tip().unwrap().0, origin, "it goes on as a child");
    assert!(!notices(&restored).contains(&(Ailment::KeysInFile, false)), "and its keys are sealed again");
    assert_eq!(other.0.lock().unwrap().len(), 1);
}
