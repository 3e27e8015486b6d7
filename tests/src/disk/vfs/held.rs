//! Files that are held in memory: a directory of SQLite's files that has never been on a disk.
//!
//! One connection at a time opens them, as a till that starts after a power cut does; so locks are granted, and the index of the write-ahead
//! log is memory that goes with the file. An empty file of the database's name must lie in the real directory, for whoever looks at its
//! rights or its identity.

use std::collections::BTreeMap;
use std::ffi::{c_int, c_void};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::ffi;

use super::register;
use crate::disk::image::Image;

type Content = Arc<Mutex<Vec<u8>>>;
type Files = Arc<Mutex<BTreeMap<String, Content>>>;
type Directories = BTreeMap<PathBuf, Files>;

/// A directory is held in memory as long as this lives.
#[derive(Debug)]
pub struct Held {
    directory: PathBuf,
    files: Files,
}

impl Held {
    /// Holds a real directory's SQLite files from now on; there are none yet.
    pub fn begin(directory: &Path) -> std::io::Result<Self> {
        register();
        let directory = directory.canonicalize()?;
        let files = Files::default();
        lock(&DIRECTORIES).insert(directory.clone(), files.clone());
        Ok(Held { directory, files })
    }

    /// Puts other files in the place of all that are there. Nobody may have any open.
    pub fn put(&self, image: Image) {
        let content = |(name, content)| (name, Arc::new(Mutex::new(content)));
        *lock(&self.files) = image.into_iter().map(content).collect();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        lock(&DIRECTORIES).remove(&self.directory);
    }
}

static DIRECTORIES: Mutex<Directories> = Mutex::new(BTreeMap::new());

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The files of a path's directory and the path's name there; none where its directory is not held.
fn place(path: &Path) -> Option<(Files, String)> {
    let files = lock(&DIRECTORIES).get(path.parent()?)?.clone();
    Some((files, path.file_name()?.to_str()?.to_owned()))
}

/// Whether a file is there; none where its directory is not held.
pub(super) fn exists(path: &Path) -> Option<bool> {
    let (files, name) = place(path)?;
    Some(lock(&files).contains_key(&name))
}

/// Removes a file; none where its directory is not held.
pub(super) fn delete(path: &Path) -> Option<c_int> {
    let (files, name) = place(path)?;
    let removed = lock(&files).remove(&name);
    Some(if removed.is_some() {
        ffi::SQLITE_OK
    } else {
        ffi::SQLITE_IOERR_DELETE_NOENT
    })
}

/// What SQLite knows as an open file.
#[repr(C)]
struct Open {
    methods: ffi::sqlite3_file,
    file: Option<Box<File>>,
}

struct File {
    content: Content,
    /// The index of the write-ahead log, in the regions that SQLite asks for; in words, because it is read so.
    index: Vec<Box<[u64]>>,
}

/// Opens a file; none where its directory is not held.
///
/// SAFETY: the caller passes what SQLite passed to its layer's `xOpen`.
pub(super) unsafe fn open(
    path: &Path,
    flags: c_int,
    file: *mut ffi::sqlite3_file,
    out_flags: *mut c_int,
) -> Option<c_int> {
    let (files, name) = place(path)?;
    let mut files = lock(&files);
    let content = match files.get(&name) {
        Some(content) => content.clone(),
        None if flags & ffi::SQLITE_OPEN_CREATE != 0 => files.entry(name).or_default().clone(),
        None => return Some(ffi::SQLITE_CANTOPEN),
    };
    // SAFETY: see above; the memory of a file is as large as the layer said, which is more than this.
    unsafe {
        if !out_flags.is_null() {
            *out_flags = flags;
        }
        file.cast::<Open>().write(Open {
            methods: ffi::sqlite3_file { pMethods: &METHODS },
            file: Some(Box::new(File { content, index: Vec::new() })),
        });
    }
    Some(ffi::SQLITE_OK)
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock_file),
    xUnlock: Some(lock_file),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

// SAFETY of all that follow: SQLite calls them with the pointers that its documentation promises, on files that `open` has made.

unsafe fn of<'a>(file: *mut ffi::sqlite3_file) -> &'a mut File {
    // SAFETY: `open` has made it, and it is there until `close`.
    let open = unsafe { &mut *file.cast::<Open>() };
    open.file.as_mut().expect("an open file")
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: see above.
    let open = unsafe { &mut *file.cast::<Open>() };
    drop(open.file.take());
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    to: *mut c_void,
    size: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    let (size, offset) = (number(i64::from(size)), number(offset));
    // SAFETY: SQLite passes memory of that size.
    let (file, to) = unsafe { (of(file), std::slice::from_raw_parts_mut(to.cast::<u8>(), size)) };
    let content = lock(&file.content);
    let there = content.len().saturating_sub(offset).min(size);
    to[..there].copy_from_slice(content.get(offset..offset + there).unwrap_or_default());
    to[there..].fill(0);
    if there == size {
        ffi::SQLITE_OK
    } else {
        ffi::SQLITE_IOERR_SHORT_READ
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    size: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    let (size, offset) = (number(i64::from(size)), number(offset));
    // SAFETY: SQLite passes memory of that size.
    let (file, from) = unsafe { (of(file), std::slice::from_raw_parts(from.cast::<u8>(), size)) };
    let mut content = lock(&file.content);
    if content.len() < offset + size {
        content.resize(offset + size, 0);
    }
    content[offset..offset + size].copy_from_slice(from);
    ffi::SQLITE_OK
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    lock(&unsafe { of(file) }.content).resize(number(size), 0);
    ffi::SQLITE_OK
}

unsafe extern "C" fn sync(_: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, out: *mut ffi::sqlite3_int64) -> c_int {
    unsafe { *out = i64::try_from(lock(&of(file).content).len()).expect("a size") };
    ffi::SQLITE_OK
}

unsafe extern "C" fn lock_file(_: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(_: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    unsafe { *out = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(_: *mut ffi::sqlite3_file, what: c_int, with: *mut c_void) -> c_int {
    match what {
        // Nothing is mapped here either, and whoever asks is told so.
        ffi::SQLITE_FCNTL_MMAP_SIZE => {
            unsafe { *with.cast::<i64>() = 0 };
            ffi::SQLITE_OK
        }
        _ => ffi::SQLITE_NOTFOUND,
    }
}

unsafe extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    4_096
}

unsafe extern "C" fn device_characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    let file = unsafe { of(file) };
    let (region, size) = (number(i64::from(region)), number(i64::from(size)));
    while extend != 0 && file.index.len() <= region {
        file.index.push(vec![0; size.div_ceil(8)].into_boxed_slice());
    }
    let found = file.index.get_mut(region).map_or(std::ptr::null_mut(), |region| region.as_mut_ptr());
    unsafe { *out = found.cast() };
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_lock(_: *mut ffi::sqlite3_file, _: c_int, _: c_int, _: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_barrier(_: *mut ffi::sqlite3_file) {}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    unsafe { of(file) }.index.clear();
    ffi::SQLITE_OK
}

fn number(of: i64) -> usize {
    usize::try_from(of).expect("a size or an offset")
}
