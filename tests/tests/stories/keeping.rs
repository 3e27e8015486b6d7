//! Stories of keeping the books: a full disk, a journal on another disk, unsent sales carried by hand, backups that were looked through.

use std::path::Path;

use daybook_core::ids::OriginId;
use daybook_server::admin::import::Pushes;
use daybook_server::admin::{Deed, perform};
use daybook_server::office::{self, Office};
use daybook_tests::disk::kiosk::{Kiosk, Place};
use daybook_tests::world::{MONDAY_MORNING, StoryTill, World, copy_directory};
use daybook_till::{ExportError, OpenError, renew_journal};
use serde_json::json;

use crate::SmallDisk;

const MINUTE: i64 = 60_000_000;

#[test]
fn on_a_full_disk_the_ballast_lets_the_sale_be_paid_that_is_being_rung_up() {
    let home = tempfile::tempdir().unwrap();
    let place = Place::in_directory(home.path());
    std::fs::create_dir_all(&place.data).unwrap();
    let Some(_disk) = SmallDisk::mount(&place.data, "96m") else {
        println!("left out: 1 story of a full disk (a tmpfs cannot be mounted here)");
        return;
    };
    let mut kiosk = Kiosk::found(&place, 1, true).unwrap();
    let ballast = place.data.join("ballast");
    assert!(ballast.exists());
    let filler = place.data.join("filler");
    let _as_much_as_fits = std::fs::write(&filler, vec![1; 96 << 20]);
    let mut sold = 0;
    while ballast.exists() && sold < 500 {
        for deed in kiosk.next_deeds() {
            kiosk.act(&deed).expect("room is found");
        }
        sold += 1;
    }
    assert!(!ballast.exists(), "it was given back when there was no other room");
    for deed in kiosk.next_deeds() {
        kiosk.act(&deed).expect("there is room for more than one sale");
    }
    drop(kiosk);
    std::fs::remove_file(filler).unwrap();
    let _till = Kiosk::open(&place, 2, true).unwrap();
    assert!(ballast.exists(), "laid down again where there is room");
}

#[test]
fn a_till_whose_journal_was_moved_on_purpose_goes_on_under_its_origin() {
    let home = tempfile::tempdir().unwrap();
    let place = Place::in_directory(home.path());
    let mut kiosk = Kiosk::found(&place, 1, false).unwrap();
    let mut done = Vec::new();
    for deed in kiosk.next_deeds() {
        kiosk.act(&deed).unwrap();
        done.push(deed);
    }
    let origin = kiosk.origin();
    drop(kiosk);
    let moved = Place { data: place.data.clone(), journal: home.path().join("stick") };
    let renewed = renew_journal(&place.options(9, false), &moved.journal).unwrap();
    assert!(renewed.events > done.len() && renewed.files == 2, "{renewed:?}");
    let kiosk = Kiosk::open(&moved, 2, false).unwrap();
    assert_eq!(kiosk.origin(), origin, "nothing is in doubt");
    drop(kiosk);
    // The new journal is whole: the log comes back from it alone.
    std::fs::remove_file(moved.data.join("log.db")).unwrap();
    let kiosk = Kiosk::open(&moved, 3, false).unwrap();
    for deed in &done {
        assert!(kiosk.act(deed).unwrap().repeated);
    }
    drop(kiosk);
    // The old one tells nothing any more: whoever opens the till with it cannot be told from a copy.
    let kiosk = Kiosk::open(&place, 4, false).unwrap();
    assert_ne!(kiosk.origin(), origin);
}

#[test]
fn a_journal_is_moved_only_while_it_proves_whose_log_this_is() {
    let home = tempfile::tempdir().unwrap();
    let place = Place::in_directory(home.path());
    drop(Kiosk::found(&place, 1, false).unwrap());
    let to = home.path().join("stick");
    let refused = |place: &Place, to: &Path| match renew_journal(&place.options(9, false), to) {
        Err(OpenError::Unreadable(why)) => why,
        other => panic!("{other:?}"),
    };
    assert!(refused(&place, &place.journal).contains("there already"));
    std::fs::remove_file(place.journal.join("journal")).unwrap();
    assert!(refused(&place, &to).contains("child origin"));
    assert!(!to.exists());
    let nobody = Place::in_directory(&home.path().join("nobody"));
    assert!(refused(&nobody, &to).contains("no store"));
}

#[test]
fn a_till_whose_journal_cannot_be_written_begins_sells_and_says_so() {
    let home = tempfile::tempdir().unwrap();
    let place = Place::in_directory(home.path());
    // Nothing can be made in a file.
    std::fs::write(&place.journal, "in the way").unwrap();
    let mut kiosk = Kiosk::found(&place, 1, false).unwrap();
    assert!(kiosk.till.journal_trouble().is_some());
    let sell = |kiosk: &mut Kiosk| {
        for deed in kiosk.next_deeds() {
            kiosk.act(&deed).unwrap();
        }
    };
    sell(&mut kiosk);
    drop(kiosk);
    std::fs::remove_file(&place.journal).unwrap();
    let mut kiosk = Kiosk::open(&place, 2, false).unwrap();
    assert_eq!(kiosk.till.journal_trouble(), None, "there is one again");
    let origin = kiosk.origin();
    sell(&mut kiosk);
    drop(kiosk);
    // A journal that proves whose log this is does so also where nothing can be added to it.
    let file = place.journal.join("journal");
    let mut holed = std::fs::read(&file).unwrap();
    let from = holed.len() - 3_000;
    holed[from..from + 100].fill(0);
    std::fs::write(&file, holed).unwrap();
    let in_the_way = place.journal.join("journal.cut");
    std::fs::create_dir(&in_the_way).unwrap();
    let kiosk = Kiosk::open(&place, 3, false).unwrap();
    assert_eq!((kiosk.origin(), kiosk.till.journal_trouble().is_some()), (origin, true));
}

#[cfg(unix)]
#[test]
fn a_till_whose_journal_cannot_even_be_read_sells_as_the_one_it_is_and_fills_it_up_when_it_can() {
    let home = tempfile::tempdir().unwrap();
    let place = Place::in_directory(home.path());
    let mut kiosk = Kiosk::found(&place, 1, false).unwrap();
    let origin = kiosk.origin();
    let sell = |kiosk: &mut Kiosk| {
        for deed in kiosk.next_deeds() {
            kiosk.act(&deed).unwrap();
        }
    };
    sell(&mut kiosk);
    drop(kiosk);
    // A name that leads to itself is an error of its own, as a stick that dies is.
    let files = [place.journal.join("journal"), place.journal.join("head-office").join("journal")];
    for file in &files {
        std::fs::rename(file, file.with_extension("aside")).unwrap();
        std::os::unix::fs::symlink(file, file).unwrap();
    }
    let mut kiosk = Kiosk::open(&place, 2, false).unwrap();
    assert_eq!((kiosk.origin(), kiosk.till.journal_trouble().is_some()), (origin, true));
    sell(&mut kiosk);
    drop(kiosk);
    for file in &files {
        std::fs::rename(file.with_extension("aside"), file).unwrap();
    }
    let kiosk = Kiosk::open(&place, 3, false).unwrap();
    assert_eq!((kiosk.origin(), kiosk.till.journal_trouble()), (origin, None), "it has what it missed");
}

/// Takes an export in, as `daybook-server import` does.
async fn import(office: &Office, file: &Path) {
    let file = std::io::BufReader::new(std::fs::File::open(file).unwrap());
    let mut pushes = Pushes::of(file, office.organisation()).unwrap();
    while let Some(push) = pushes.read().unwrap() {
        perform(office, Deed::TakeIn(push)).await.unwrap();
    }
    assert!(pushes.number() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn unsent_sales_are_carried_to_head_office_and_count_once_whatever_the_network_does() {
    let world = World::new().await;
    let mut till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    till.go_offline().await;
    till.sell("tea", 2);
    let stick = world.home.path().join("till-1.daybook");
    let exported = till.till.export_unsent(&stick).unwrap();
    assert!(exported.events >= 3 && exported.pushes == 1 && exported.left_out.is_empty(), "{exported:?}");
    let again = till.till.export_unsent(&stick).unwrap_err();
    assert!(matches!(again, ExportError::Io { .. }), "never over a file that is there: {again}");
    till.sell("roll", 1);

    // Both roads at once.
    till.go_online();
    import(world.office(), &stick).await;
    till.sent().await;
    import(world.office(), &stick).await;
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["net"], json!(199 + 2 * 501 + 45));
    assert_eq!(totals["totals"]["receipts"], json!(3));
    assert_eq!(totals["conflicts"], json!({}));
    let nothing = till.till.export_unsent(&world.home.path().join("more")).unwrap_err();
    assert!(matches!(nothing, ExportError::Nothing), "{nothing}");
    assert!(!world.home.path().join("more").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_till_carries_is_all_that_head_office_needs_of_it() {
    let world = World::new().await;
    let mut till = world.till("Till 1").await;
    till.open_shift();
    till.sent().await;
    till.go_offline().await;
    till.sell("tea", 1);
    // A child whose certificate head office has never seen.
    let (data, journal) = till.close().await;
    std::fs::remove_file(journal.join("journal")).unwrap();
    let child = StoryTill::open(&data, &journal, MONDAY_MORNING + MINUTE);
    child.open_shift();
    child.sell("soap", 1);
    let stick = world.home.path().join("stick");
    let exported = child.till.export_unsent(&stick).unwrap();
    assert_eq!(exported.pushes, 2, "one of each origin");
    import(world.office(), &stick).await;
    let totals = world.settle().await;
    assert_eq!(totals["totals"]["net"], json!(501 + 199));
    // A byte that changed on the way is found.
    let text = std::fs::read_to_string(&stick).unwrap();
    let forged = text.replacen("\"total_minor\":", "\"total_minor\":9", 1);
    assert_ne!(forged, text);
    let mut pushes = Pushes::of(forged.as_bytes(), world.office().organisation()).unwrap();
    let mut refused = 0;
    while let Some(push) = pushes.read().unwrap() {
        refused += usize::from(perform(world.office(), Deed::TakeIn(push)).await.is_err());
    }
    assert!(refused > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_head_office_gets_from_its_tills_what_the_backup_lacks() {
    let mut world = World::new().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    let (data, backup) = (world.home.path().join("office"), world.home.path().join("backup"));
    let settings = world.settings();
    let made = office::backup(&settings, &backup).unwrap();
    assert_eq!(made.behind, Some(0), "while head office runs");
    let files: Vec<_> = std::fs::read_dir(&backup).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files.len(), 3, "the log, the keys, the manifest, and nobody's name: {files:?}");
    till.sell("tea", 1);
    till.sent().await;
    let behind = office::verify_backup(&backup, &data).unwrap().behind;
    assert!(behind.is_some_and(|events| events >= 3), "{behind:?}");
    let epoch = world.office().epoch().to_owned();
    world.stop_office().await;
    assert!(office::restore(&backup, &data).is_err(), "never over books that are there");
    std::fs::rename(&data, world.home.path().join("lost")).unwrap();
    let restored = office::restore(&backup, &data).unwrap();
    assert_eq!(restored.events, made.events);
    world.start_office().await;
    assert_ne!(world.office().epoch(), epoch);
    till.till.set_server(&world.url());
    till.wait_for("a push", |till| till.waiting() == 0).await;
    till.sell("roll", 1);
    till.sent().await;
    loop {
        let totals = world.settle().await;
        if totals["totals"]["receipts"] == json!(3) {
            assert_eq!(totals["totals"]["net"], json!(199 + 501 + 45));
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_in_which_anything_changed_is_no_backup() {
    let world = World::new().await;
    let backup = world.home.path().join("backup");
    office::backup(&world.settings(), &backup).unwrap();
    let data = world.home.path().join("office");
    let changed = |what: &str, change: &dyn Fn(&Path)| {
        let copy = world.home.path().join(what);
        copy_directory(&backup, &copy);
        change(&copy);
        office::verify_backup(&copy, &data).expect_err(what).to_string()
    };
    let sql = |statement: &'static str| {
        move |copy: &Path| {
            let log = daybook_store::Reader::open(copy.join("log.db")).unwrap();
            let undone = "PRAGMA foreign_keys = OFF; DROP TRIGGER events_never_change; DROP TRIGGER events_never_vanish;";
            log.execute_batch(&format!("{undone} {statement}")).unwrap();
        }
    };
    let edit = sql("UPDATE events SET payload = '{}', texts = NULL, envelope = '{}' WHERE position = 1");
    assert!(changed("edited", &edit).contains("not what it was"));
    let damage = sql("UPDATE events SET texts = substr(texts, 1, length(texts) / 2) WHERE position = 1");
    assert!(changed("damaged", &damage).contains("packed texts"));
    let cut = sql("DELETE FROM tips; DELETE FROM events WHERE position = (SELECT max(position) FROM events)");
    assert!(changed("cut", &cut).contains("not the one that was backed up"));
    let moved = changed("interrupted", &|copy| std::fs::remove_file(copy.join("backup.json")).unwrap());
    assert!(moved.contains("interrupted"), "{moved}");
    let other = World::new().await;
    let refused = office::verify_backup(&backup, &other.home.path().join("office"))
        .unwrap_err()
        .to_string();
    assert!(refused.contains("not of the same history"), "{refused}");
}

#[test]
fn a_till_restored_from_a_backup_goes_on_under_a_child_with_everything_its_journal_holds() {
    let home = tempfile::tempdir().unwrap();
    let place = Place::in_directory(home.path());
    let mut kiosk = Kiosk::found(&place, 1, false).unwrap();
    let sell = |kiosk: &mut Kiosk| {
        let deeds = kiosk.next_deeds();
        for deed in &deeds {
            kiosk.act(deed).unwrap();
        }
        deeds
    };
    let mut done = sell(&mut kiosk);
    let backup = home.path().join("backup");
    let side = daybook_store::backup::Side::Till;
    daybook_store::backup::make(side, &place.data, &backup, MONDAY_MORNING, None).unwrap();
    done.extend(sell(&mut kiosk));
    let origin: Option<OriginId> = kiosk.origin();
    drop(kiosk);
    let disk = Place { data: home.path().join("new-disk"), journal: place.journal.clone() };
    std::fs::create_dir(&disk.data).unwrap();
    daybook_store::backup::restore(side, &backup, &disk.data).unwrap();
    let kiosk = Kiosk::open(&disk, 2, false).unwrap();
    for deed in &done {
        assert!(kiosk.act(deed).unwrap().repeated, "{deed:?}");
    }
    assert_ne!(kiosk.origin(), origin, "its log is older than its journal: it may be a copy");
    assert_eq!(kiosk.till.verify().unwrap().unlinked, 0);
}
