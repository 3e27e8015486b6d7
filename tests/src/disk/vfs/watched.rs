//! Watched files: SQLite's own, on the real disk, with everything that changes them shown to a test first.
//!
//! A test watches a directory and says of each change whether it is done, fails, or is cut short. One change is not seen here: SQLite maps
//! the index of a write-ahead log (`-shm`) by itself, and nothing durable ever rests on it.

use std::collections::BTreeMap;
use std::ffi::{c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::ffi;

use super::{register, system};

/// A change that SQLite is about to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// A file that is not there is made.
    Create,
    /// Bytes are written.
    Write {
        /// Where.
        offset: u64,
        /// What.
        bytes: &'a [u8],
    },
    /// A file is cut off or made longer.
    Truncate(u64),
    /// A file is flushed.
    Sync {
        /// Whether its directory is flushed with it.
        directory: bool,
    },
    /// A file is removed.
    Delete {
        /// Whether its directory is flushed then.
        directory: bool,
    },
}

/// What becomes of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done.
    Do,
    /// It is not done, and SQLite is told this code.
    Fail(c_int),
    /// Of a write only the first half is done, and SQLite is told this code.
    Half(c_int),
}

/// Sees each change of a directory, by the file's name, before it is done.
pub type Watch = Box<dyn FnMut(&str, Change<'_>) -> Verdict + Send>;

/// A directory is watched as long as this lives, and files opened meanwhile as long as they are open.
#[derive(Debug)]
pub struct Watched(PathBuf);

impl Watched {
    /// Watches a directory that exists. From the first call on, every SQLite file of the process is opened through the watched layer.
    pub fn begin(directory: &Path, watch: Watch) -> std::io::Result<Self> {
        register();
        let directory = directory.canonicalize()?;
        watches().insert(directory.clone(), Arc::new(Mutex::new(watch)));
        Ok(Watched(directory))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        watches().remove(&self.0);
    }
}

type Watches = BTreeMap<PathBuf, Arc<Mutex<Watch>>>;

fn watches() -> std::sync::MutexGuard<'static, Watches> {
    static WATCHES: Mutex<Watches> = Mutex::new(BTreeMap::new());
    WATCHES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file of a watched directory.
struct File {
    name: String,
    watch: Arc<Mutex<Watch>>,
    /// Whether its directory is flushed with its next flush, as the operating system's layer does for a journal it has made.
    flushes_directory: bool,
}

impl File {
    fn ask(&self, change: Change<'_>) -> Verdict {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        watch(&self.name, change)
    }

    /// The watched file of a path; none where its directory is not watched.
    fn of(path: &Path) -> Option<File> {
        let watch = watches().get(path.parent()?)?.clone();
        let name = path.file_name()?.to_str()?.to_owned();
        Some(File { name, watch, flushes_directory: false })
    }
}

/// What SQLite knows as an open file: our table of functions, what is watched of it, and behind it the operating system's own.
#[repr(C)]
struct Open {
    methods: ffi::sqlite3_file,
    watched: Option<Box<File>>,
}

/// What of an open file comes before the operating system's own.
pub(super) const BEFORE_BYTES: usize = size_of::<Open>();

/// The operating system's file behind ours.
///
/// SAFETY: the caller passes what SQLite passed, so the memory is as large as `szOsFile` of our layer says.
unsafe fn behind(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: see above.
    unsafe { file.cast::<u8>().add(BEFORE_BYTES).cast() }
}

/// Calls a function of the file behind.
macro_rules! pass {
    ($file:expr, $function:ident $(, $argument:expr)*) => {{
        let real = behind($file);
        let methods = &*(*real).pMethods;
        methods.$function.expect("the system's files have every function")(real $(, $argument)*)
    }};
}

/// Asks about a change of an open file, does it where that is the verdict, and gives the code for SQLite.
macro_rules! asked {
    ($file:expr, $change:expr, $done:expr) => {{
        let open = &*$file.cast::<Open>();
        match &open.watched {
            None => $done,
            Some(watched) => match watched.ask($change) {
                Verdict::Do => $done,
                Verdict::Fail(code) | Verdict::Half(code) => code,
            },
        }
    }};
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 3,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: Some(fetch),
    xUnfetch: Some(unfetch),
};

// SAFETY of all that follow: SQLite calls them with the pointers that its documentation promises, on files that `open` has made.

/// Opens a file, watched where its directory is.
pub(super) unsafe fn open(
    path: Option<&Path>,
    name: ffi::sqlite3_filename,
    flags: c_int,
    file: *mut ffi::sqlite3_file,
    out_flags: *mut c_int,
) -> c_int {
    unsafe {
        let mut watched = path.and_then(File::of).map(Box::new);
        let creates = flags & ffi::SQLITE_OPEN_CREATE != 0 && path.is_some_and(|path| !path.exists());
        if let Some(watched) = watched.as_mut().filter(|_| creates) {
            let journals =
                ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL | ffi::SQLITE_OPEN_WAL;
            watched.flushes_directory = flags & journals != 0;
            if let Verdict::Fail(code) | Verdict::Half(code) = watched.ask(Change::Create) {
                return code;
            }
        }
        let opens = (*system()).xOpen.expect("the system opens files");
        let code = opens(system(), name, behind(file), flags, out_flags);
        if code == ffi::SQLITE_OK {
            file.cast::<Open>()
                .write(Open { methods: ffi::sqlite3_file { pMethods: &METHODS }, watched });
        }
        code
    }
}

/// Removes a file, watched where its directory is.
pub(super) unsafe fn delete(path: Option<&Path>, name: *const c_char, directory: c_int) -> c_int {
    unsafe {
        let watched = path.filter(|path| path.exists()).and_then(File::of);
        let verdict =
            watched.map_or(Verdict::Do, |file| file.ask(Change::Delete { directory: directory & 1 != 0 }));
        match verdict {
            Verdict::Do => (*system()).xDelete.expect("the system removes files")(system(), name, directory),
            Verdict::Fail(code) | Verdict::Half(code) => code,
        }
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    unsafe {
        let code = pass!(file, xClose);
        let open = &mut *file.cast::<Open>();
        drop(open.watched.take());
        code
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    size: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    unsafe {
        let open = &*file.cast::<Open>();
        let Some(watched) = &open.watched else {
            return pass!(file, xWrite, from, size, offset);
        };
        let bytes = std::slice::from_raw_parts(from.cast::<u8>(), usize::try_from(size).expect("a size"));
        let change = Change::Write { offset: u64::try_from(offset).expect("an offset"), bytes };
        match watched.ask(change) {
            Verdict::Do => pass!(file, xWrite, from, size, offset),
            Verdict::Fail(code) => code,
            Verdict::Half(code) => {
                pass!(file, xWrite, from, size / 2, offset);
                code
            }
        }
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    let length = u64::try_from(size).expect("a size");
    unsafe { asked!(file, Change::Truncate(length), pass!(file, xTruncate, size)) }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    unsafe {
        let open = &mut *file.cast::<Open>();
        let Some(watched) = &mut open.watched else { return pass!(file, xSync, flags) };
        let code = match watched.ask(Change::Sync { directory: watched.flushes_directory }) {
            Verdict::Do => pass!(file, xSync, flags),
            Verdict::Fail(code) | Verdict::Half(code) => code,
        };
        if code == ffi::SQLITE_OK {
            watched.flushes_directory = false;
        }
        code
    }
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    to: *mut c_void,
    size: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    unsafe { pass!(file, xRead, to, size, offset) }
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut ffi::sqlite3_int64) -> c_int {
    unsafe { pass!(file, xFileSize, size) }
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    unsafe { pass!(file, xLock, level) }
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    unsafe { pass!(file, xUnlock, level) }
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    unsafe { pass!(file, xCheckReservedLock, out) }
}

unsafe extern "C" fn file_control(file: *mut ffi::sqlite3_file, what: c_int, with: *mut c_void) -> c_int {
    unsafe { pass!(file, xFileControl, what, with) }
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    unsafe { pass!(file, xSectorSize) }
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    unsafe { pass!(file, xDeviceCharacteristics) }
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    page: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    unsafe { pass!(file, xShmMap, page, size, extend, out) }
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    offset: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    unsafe { pass!(file, xShmLock, offset, count, flags) }
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    unsafe { pass!(file, xShmBarrier) }
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, remove: c_int) -> c_int {
    unsafe { pass!(file, xShmUnmap, remove) }
}

unsafe extern "C" fn fetch(
    file: *mut ffi::sqlite3_file,
    offset: ffi::sqlite3_int64,
    size: c_int,
    out: *mut *mut c_void,
) -> c_int {
    unsafe { pass!(file, xFetch, offset, size, out) }
}

unsafe extern "C" fn unfetch(
    file: *mut ffi::sqlite3_file,
    offset: ffi::sqlite3_int64,
    page: *mut c_void,
) -> c_int {
    unsafe { pass!(file, xUnfetch, offset, page) }
}
