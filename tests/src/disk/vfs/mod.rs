//! The file layer between SQLite and the disk: [`watched`] shows a test every change of real files, [`held`] holds files in memory, so that a
//! disk after a power cut can be opened thousands of times a second.
//!
//! It stands before the operating system's layer for the whole process, and lets every directory that no test has asked for pass untouched.
#![allow(
    unsafe_code,
    reason = "SQLite's file layer is a table of C functions; a law of the house keeps such code in this one folder"
)]

pub mod held;
pub mod watched;

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::{Once, OnceLock};

use rusqlite::ffi;

/// Makes the numbers repeat that SQLite draws for itself, such as the salt of a write-ahead log.
pub fn seed_sqlite(seed: u32) {
    register();
    // SAFETY: a documented control that takes an integer and a connection, which may be null; the generator takes its own lock. The empty
    // request afterwards has the generator begin with the seed.
    unsafe {
        let number = c_int::from_ne_bytes(seed.max(1).to_ne_bytes());
        ffi::sqlite3_test_control(
            ffi::SQLITE_TESTCTRL_PRNG_SEED,
            number,
            std::ptr::null_mut::<ffi::sqlite3>(),
        );
        ffi::sqlite3_randomness(0, std::ptr::null_mut());
    }
}

/// The operating system's layer.
struct System(*mut ffi::sqlite3_vfs);
// SAFETY: SQLite's layers are made once, never change and are used from all threads.
unsafe impl Send for System {}
// SAFETY: as above.
unsafe impl Sync for System {}
static SYSTEM: OnceLock<System> = OnceLock::new();

fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: SQLite initialises itself in `find`. Our layer is a copy of the system's with its own name, size and four functions;
        // the others take no notice of the layer they are called with. It is leaked, because it must live as long as the process.
        unsafe {
            let system = ffi::sqlite3_vfs_find(std::ptr::null());
            assert!(!system.is_null(), "SQLite has a file layer");
            SYSTEM.get_or_init(|| System(system));
            let before = c_int::try_from(watched::BEFORE_BYTES).expect("a small size");
            let layer = Box::leak(Box::new(ffi::sqlite3_vfs {
                szOsFile: before + (*system).szOsFile,
                pNext: std::ptr::null_mut(),
                zName: c"daybook-tests".as_ptr(),
                xOpen: Some(open),
                xDelete: Some(delete),
                xAccess: Some(access),
                xFullPathname: Some(full_path_name),
                ..*system
            }));
            assert_eq!(ffi::sqlite3_vfs_register(layer, 1), ffi::SQLITE_OK, "the layer is registered");
        }
    });
}

fn system() -> *mut ffi::sqlite3_vfs {
    SYSTEM.get().expect("registered before SQLite calls it").0
}

// SAFETY of all that follow: SQLite calls them with the pointers that its documentation promises.

unsafe fn path_of<'a>(name: *const c_char) -> Option<&'a Path> {
    // SAFETY: a name, where there is one, ends with a zero.
    (!name.is_null()).then(|| Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes())))
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    unsafe {
        (*file).pMethods = std::ptr::null();
        let path = path_of(name);
        match path.and_then(|path| held::open(path, flags, file, out_flags)) {
            Some(code) => code,
            None => watched::open(path, name, flags, file, out_flags),
        }
    }
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, directory: c_int) -> c_int {
    unsafe {
        let path = path_of(name);
        match path.and_then(held::delete) {
            Some(code) => code,
            None => watched::delete(path, name, directory),
        }
    }
}

unsafe extern "C" fn access(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    unsafe {
        match path_of(name).and_then(held::exists) {
            Some(exists) => {
                *out = c_int::from(exists);
                ffi::SQLITE_OK
            }
            None => (*system()).xAccess.expect("the system looks for files")(system(), name, flags, out),
        }
    }
}

unsafe extern "C" fn full_path_name(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    size: c_int,
    out: *mut c_char,
) -> c_int {
    unsafe { (*system()).xFullPathname.expect("the system names files")(system(), name, size, out) }
}
