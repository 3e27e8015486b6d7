//! Keys with a keystore, without one, and with one that is locked.

use super::*;
use crate::ports::SystemRandomness;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// A keystore in memory, which may be locked.
#[derive(Default)]
struct Kept {
    secrets: Mutex<BTreeMap<String, [u8; 32]>>,
    locked: bool,
}

impl Keystore for Kept {
    fn read(&self, name: &str) -> Result<Option<[u8; 32]>, String> {
        if self.locked {
            return Err("it is locked".to_owned());
        }
        Ok(self.secrets.lock().unwrap().get(name).copied())
    }

    fn write(&self, name: &str, secret: &[u8; 32]) -> Result<(), String> {
        self.secrets.lock().unwrap().insert(name.to_owned(), *secret);
        Ok(())
    }
}

const KEYS: &str = "{\"pepper\":\"what nobody may read\"}";

fn file(data: &Path) -> String {
    std::fs::read_to_string(data.join(FILE)).unwrap()
}

#[test]
fn with_a_keystore_the_file_tells_nothing_and_with_its_secret_everything() {
    let (data, kept) = (tempfile::tempdir().unwrap(), Kept::default());
    assert_eq!(read(data.path(), &kept).unwrap(), None);
    for text in [KEYS, "{\"pepper\":\"another\"}"] {
        assert_eq!(write(data.path(), &kept, &SystemRandomness, text).unwrap(), KeysLie::InKeystore);
        assert!(!file(data.path()).contains("pepper"));
        assert_eq!(read(data.path(), &kept).unwrap(), Some((text.to_owned(), KeysLie::InKeystore)));
    }
    assert_eq!(kept.secrets.lock().unwrap().len(), 1, "one secret, however often keys are written");
    let elsewhere = read(data.path(), &Kept::default()).unwrap_err().to_string();
    assert!(elsewhere.contains("another machine"), "{elsewhere}");
    let locked = Kept { locked: true, ..Kept::default() };
    let locked = read(data.path(), &locked).unwrap_err().to_string();
    assert!(locked.contains("locked"), "{locked}");
}

#[test]
fn without_a_keystore_or_with_a_locked_one_the_file_holds_the_keys_and_only_its_owner_reads_it() {
    let locked = Kept { locked: true, ..Kept::default() };
    for keystore in [&NoKeystore as &dyn Keystore, &locked] {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(write(data.path(), keystore, &SystemRandomness, KEYS).unwrap(), KeysLie::InFile);
        assert_eq!(read(data.path(), keystore).unwrap(), Some((KEYS.to_owned(), KeysLie::InFile)));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let path = data.path().join(FILE);
            let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(), 0o600);
            for open in [0o640, 0o604, 0o666] {
                std::fs::set_permissions(&path, PermissionsExt::from_mode(open)).unwrap();
                let refused = read(data.path(), keystore).unwrap_err();
                assert!(refused.to_string().contains("chmod 600"), "{refused}");
            }
        }
    }
}

#[test]
fn keys_that_lay_in_a_file_move_into_a_keystore_with_the_next_write() {
    let (data, kept) = (tempfile::tempdir().unwrap(), Kept::default());
    write(data.path(), &NoKeystore, &SystemRandomness, KEYS).unwrap();
    let (text, lie) = read(data.path(), &kept).unwrap().unwrap();
    assert_eq!(lie, KeysLie::InFile);
    write(data.path(), &kept, &SystemRandomness, &text).unwrap();
    assert_eq!(read(data.path(), &kept).unwrap(), Some((text, KeysLie::InKeystore)));
    assert!(!file(data.path()).contains("nobody"));
}
