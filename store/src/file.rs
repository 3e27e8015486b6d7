//! Opening a SQLite file so that a commit means what it says, and refusing files that this version must not touch.
//!
//! WAL with `synchronous=FULL`: an acknowledged commit survives power loss. Each pragma is read back. A checkpoint at the start moves
//! whatever an earlier run left in the WAL into the file before the first new commit.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, TransactionBehavior};
use sha2::{Digest as _, Sha256};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

/// The oldest SQLite without the WAL-reset fault (3.51.3).
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// Prepared statements that a connection keeps.
const STATEMENTS_KEPT: usize = 128;

/// Whether commits are flushed to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Every commit is on the disk before it returns.
    Full,
    /// Commits are flushed at checkpoints: for read models, which can be rebuilt.
    Relaxed,
    /// Nothing is flushed: for replays of data that is kept elsewhere.
    Off,
}

/// A migration: its name and its SQL.
pub type Migration = (&'static str, &'static str);

/// Why a store cannot do its work. The text is for people.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the directory.
    #[error(
        "{0} is in use by another Daybook. Close that one first; if none is running, restart the machine"
    )]
    InUse(PathBuf),
    /// The file was written by a newer version.
    #[error(
        "{file} was written by a newer Daybook (it knows '{migration}'). Nothing was changed; install that version or a later one"
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// The migration that this version does not know.
        migration: String,
    },
    /// A migration was applied in another shape than this version has.
    #[error("{file} was made by another build of Daybook ('{migration}' differs). Nothing was changed")]
    Diverged {
        /// The file.
        file: PathBuf,
        /// The migration.
        migration: String,
    },
    /// The file is no database, or a broken one.
    #[error("{0} is damaged")]
    Damaged(PathBuf),
    /// The file was removed or replaced while it was open.
    #[error("{0} was removed or replaced while Daybook was running")]
    Replaced(PathBuf),
    /// SQLite did not take what makes a commit mean what it says.
    #[error("{file} cannot be kept safely here: SQLite was asked for {asked} and gives '{found}'")]
    Unfit {
        /// The file.
        file: PathBuf,
        /// What was asked of SQLite.
        asked: &'static str,
        /// What it gives.
        found: String,
    },
    /// Another program reads the file and does not end, so that what is committed cannot be moved to its place.
    #[error("another program keeps {0} open. Close it, and start Daybook again")]
    Held(PathBuf),
    /// A folder holds no backup that can be used; the text says why.
    #[error("{0}")]
    NoBackup(String),
    /// There is no room on the disk.
    #[error("the disk is full; nothing was recorded. Make room and try again")]
    Full,
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What happened.
        error: std::io::Error,
    },
    /// A row that was written whole came back as something that cannot be: its bytes changed on the disk.
    #[error("the store holds a broken row: {0}")]
    BrokenRow(String),
    /// The goods of this document are booked already.
    #[error("the goods of the document '{0}' are booked already; nothing was recorded")]
    Booked(String),
    /// What stands in a table, or was to be written there, does not fit its meaning.
    #[error("the store holds something unreadable: {0}")]
    Unreadable(String),
    /// The log failed while read models were brought up from it or asked. It says nothing about their own file.
    #[error("the log cannot be read: {0}")]
    Log(Box<StoreError>),
    /// Any other fault of SQLite.
    #[error("the store failed: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error::{
            FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error,
        };
        match &error {
            FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnType(..)
            | Utf8Error(..) => StoreError::BrokenRow(error.to_string()),
            _ if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => StoreError::Full,
            _ => StoreError::Sqlite(error),
        }
    }
}

impl StoreError {
    /// Whether the bytes of the file itself are broken, so that read models had better be rebuilt. A file that cannot be reached or
    /// written now, for want of room, rights or descriptors, is not damaged, and neither is one that was asked a wrong question. One that
    /// speaks of a text larger than any text is: nothing that is kept here comes near that.
    pub fn is_damage(&self) -> bool {
        match self {
            StoreError::Damaged(_) | StoreError::BrokenRow(_) => true,
            StoreError::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::TooBig)
            ),
            _ => false,
        }
    }

    /// Whether read models that answered so had better be built anew once: damage, a disk that does not give back what it was given,
    /// and what makes no sense.
    pub fn is_worth_a_rebuild(&self) -> bool {
        self.is_of_disk() || matches!(self, StoreError::Unreadable(_))
    }

    /// Whether the disk did not give back what it was given, so that another place for it may help.
    pub fn is_of_disk(&self) -> bool {
        let failed = |error: &rusqlite::Error| error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure);
        self.is_damage() || matches!(self, StoreError::Sqlite(error) if failed(error))
    }

    /// Whether what was to be written is at fault, so that trying again would fail again, on any machine.
    pub fn is_of_content(&self) -> bool {
        match self {
            StoreError::Unreadable(_) => true,
            StoreError::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                None | Some(
                    ErrorCode::Unknown
                        | ErrorCode::ConstraintViolation
                        | ErrorCode::TypeMismatch
                        | ErrorCode::TooBig
                        | ErrorCode::ParameterOutOfRange
                )
            ),
            _ => false,
        }
    }

    /// The same fault as one of the log, met while read models were served from it.
    pub fn of_log(self) -> Self {
        StoreError::Log(Box::new(self))
    }
}

/// Holds a directory for one process: an exclusive lock on a file of its own, never on a database file.
#[derive(Debug)]
pub struct DirectoryLock(#[allow(dead_code, reason = "held for its lock")] File);

impl DirectoryLock {
    /// Takes the directory, making it where it is missing.
    pub fn take(directory: &Path) -> Result<Self, StoreError> {
        let io = |error| StoreError::Io { path: directory.to_owned(), error };
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory).map_err(io)?;
        // Its name is on the disk before anything in it counts.
        directory
            .parent()
            .filter(|above| above.is_dir())
            .map_or(Ok(()), sync_directory)
            .map_err(io)?;
        let path = directory.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(io)?;
        match fs4::fs_std::FileExt::try_lock_exclusive(&file) {
            Ok(true) => Ok(DirectoryLock(file)),
            Ok(false) => Err(StoreError::InUse(directory.to_owned())),
            Err(error) => Err(io(error)),
        }
    }
}

/// Opens a file for its one writer, bringing it up to this version.
pub fn open_writer(
    path: &Path,
    durability: Durability,
    migrations: &[Migration],
) -> Result<Connection, StoreError> {
    assert!(
        rusqlite::version_number() >= SQLITE_VERSION_MIN,
        "SQLite is too old to be trusted with a write-ahead log"
    );
    make_private(path)?;
    let mut connection = Connection::open(path).map_err(|error| damaged(path, error))?;
    pragmas(&connection, path, durability)?;
    migrate(&mut connection, path, migrations)?;
    match checkpoint(&connection, path) {
        // Whoever reads does no harm: what is in the write-ahead log is on the disk, and moves later.
        Err(error @ StoreError::Held(_)) => tracing::warn!(%error, "the write-ahead log is not emptied"),
        done => done?,
    }
    keep_statements(&connection)?;
    Ok(connection)
}

/// Lets a file that many write to, and that can be rebuilt, move its write-ahead log less often: a page that changes with every commit is
/// written to its place an eighth as often. More of the file is kept in memory for the same reason.
pub fn take_large_steps(connection: &Connection) -> Result<(), StoreError> {
    let asked = "PRAGMA wal_autocheckpoint = 8192; PRAGMA cache_size = -98304;";
    Ok(connection.execute_batch(asked)?)
}

/// Moves whatever the write-ahead log holds into the file, and empties it. Afterwards nothing rests on what an earlier flush, which may
/// have failed, left in memory only.
pub fn checkpoint(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let (busy, frames, moved): (bool, i64, i64) =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    if busy && frames != moved {
        return Err(StoreError::Held(path.to_owned()));
    }
    Ok(())
}

/// Opens a new file that is built from nothing and takes another's place when it is whole. What a crash leaves of it is thrown away, so
/// nothing is flushed or written twice on the way; the commit that fails is undone from memory. [`swap_in`] flushes it once, at the end.
pub fn open_unfinished(path: &Path, migrations: &[Migration]) -> Result<Connection, StoreError> {
    make_private(path)?;
    let mut connection = Connection::open(path).map_err(|error| damaged(path, error))?;
    connection
        .execute_batch(
            "PRAGMA foreign_keys = OFF; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;
             PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF; PRAGMA cache_size = -98304;",
        )
        .map_err(|error| damaged(path, error))?;
    let mode: String = connection.query_row("PRAGMA journal_mode = MEMORY", [], |row| row.get(0))?;
    assert_eq!(mode, "memory", "SQLite did not take the asked journal");
    migrate(&mut connection, path, migrations)?;
    keep_statements(&connection)?;
    Ok(connection)
}

/// Statements are prepared once and kept, and a plan stays what it is: without the second, SQLite prepares a statement anew for every value
/// that might call for another plan, which costs more than running it.
fn keep_statements(connection: &Connection) -> Result<(), StoreError> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Opens a file for reading only. Its writer may be another process.
pub fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| damaged(path, error))?;
    connection
        .execute_batch("PRAGMA query_only = ON; PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF;")?;
    keep_statements(&connection)?;
    Ok(connection)
}

/// Runs `act` in one immediate transaction.
pub fn transact<T>(
    connection: &mut Connection,
    act: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = act(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

/// Moves a file that cannot be used aside with its companions, under a name that nothing has yet. Gives the name; none where nothing was
/// there to move.
pub fn set_aside(path: &Path) -> Result<Option<PathBuf>, StoreError> {
    let named = |number: u32| with_suffix(path, &format!(".damaged-{number}"));
    let is_free = |aside: &PathBuf| COMPANIONS.iter().all(|suffix| !with_suffix(aside, suffix).exists());
    let aside = (1..=u32::MAX).map(named).find(is_free).unwrap_or_else(|| named(0));
    let mut moved = false;
    // The file itself goes last: what is left after a crash in between is still a file that cannot be used.
    for suffix in COMPANIONS.iter().rev() {
        match std::fs::rename(with_suffix(path, suffix), with_suffix(&aside, suffix)) {
            Ok(()) => moved = true,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::Io { path: with_suffix(path, suffix), error }),
        }
    }
    Ok(moved.then_some(aside))
}

/// The files that [`set_aside`] moved away from a path, the oldest first.
pub fn set_asides(path: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str()))
    else {
        return Ok(Vec::new());
    };
    let io = |error| StoreError::Io { path: directory.to_owned(), error };
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let number = path
            .file_name()
            .and_then(|found| found.to_str())
            .and_then(|found| found.strip_prefix(name)?.strip_prefix(".damaged-")?.parse().ok());
        found.extend(number.map(|number| (number, path)));
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// Bytes that may still be written where a file or directory lies.
pub fn free_bytes(path: &Path) -> std::io::Result<u64> {
    fs4::available_space(path)
}

/// Whether two directories lie on different devices; not, where that cannot be seen.
#[cfg(unix)]
pub fn are_apart(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (std::fs::metadata(one), std::fs::metadata(other)) {
        (Ok(one), Ok(other)) => one.dev() != other.dev(),
        _ => false,
    }
}

/// Whether two directories lie on different devices; not, where that cannot be seen.
#[cfg(not(unix))]
pub fn are_apart(_: &Path, _: &Path) -> bool {
    false
}

/// Makes a file, in place of one that stands there, that takes up so many bytes of its disk and holds nothing.
pub fn take_room(path: &Path, bytes: u64) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    fs4::fs_std::FileExt::allocate(&file, bytes)?;
    file.sync_all()
}

/// Makes what was created or renamed in a directory survive a power cut.
pub fn sync_directory(directory: &Path) -> std::io::Result<()> {
    // Elsewhere a directory cannot be opened, and its file system sees to this by itself.
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

/// What belongs to a database: the file and its companions.
const COMPANIONS: [&str; 3] = ["", "-wal", "-shm"];

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Opens a database in memory with the tables of this version: for read models whose file cannot be used.
pub fn open_in_memory(migrations: &[Migration]) -> Result<Connection, StoreError> {
    let mut connection = Connection::open_in_memory()?;
    connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA trusted_schema = OFF;")?;
    migrate(&mut connection, Path::new(":memory:"), migrations)?;
    keep_statements(&connection)?;
    Ok(connection)
}

/// Removes a read-model file with its companions.
pub fn remove(path: &Path) -> Result<(), StoreError> {
    remove_with(path, &COMPANIONS)
}

/// Puts a closed file of read models in the place of another, which must be closed too. It is on the disk before the other goes, and
/// the other stays until the very last step.
pub fn swap_in(fresh: &Path, path: &Path) -> Result<(), StoreError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| StoreError::Io { path, error }
    };
    OpenOptions::new()
        .write(true)
        .open(fresh)
        .and_then(|file| file.sync_all())
        .map_err(io(fresh))?;
    // A write-ahead log left lying would be taken for one of the new file.
    remove_with(path, &["-wal", "-shm"])?;
    std::fs::rename(fresh, path).map_err(io(path))?;
    if let Some(directory) = path.parent() {
        sync_directory(directory).map_err(io(directory))?;
    }
    remove_with(fresh, &["-wal", "-shm"])
}

fn remove_with(path: &Path, suffixes: &[&str]) -> Result<(), StoreError> {
    for suffix in suffixes {
        let name = with_suffix(path, suffix);
        match std::fs::remove_file(&name) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::Io { path: name, error }),
        }
    }
    Ok(())
}

/// What is asked of SQLite for every file, beside its durability: name, value, and what it must answer then. One wrapper or build that
/// thinks otherwise would be enough to make a commit mean less.
const PRAGMAS: [(&str, &str); 12] = [
    ("busy_timeout", "5000"),
    ("journal_mode", "wal"),
    ("foreign_keys", "0"),
    ("trusted_schema", "0"),
    ("cell_size_check", "1"),
    ("mmap_size", "0"),
    ("journal_size_limit", "67108864"),
    ("secure_delete", "2"),
    // Where a plain flush leaves the drive's own cache alone, as on macOS.
    ("fullfsync", "1"),
    ("checkpoint_fullfsync", "1"),
    ("cache_size", "-32768"),
    ("wal_autocheckpoint", "1000"),
];

fn pragmas(connection: &Connection, path: &Path, durability: Durability) -> Result<(), StoreError> {
    let level = match durability {
        Durability::Full => "2",
        Durability::Relaxed => "1",
        Durability::Off => "0",
    };
    for (name, value) in PRAGMAS.into_iter().chain([("synchronous", level)]) {
        let written = if name == "secure_delete" { "FAST" } else { value };
        // Some answer when they are set and some do not; all answer when they are asked.
        connection
            .execute_batch(&format!("PRAGMA {name} = {written}"))
            .map_err(|error| damaged(path, error))?;
        let found = connection
            .query_row(&format!("PRAGMA {name}"), [], |row| row.get_ref(0).map(text_of))
            .optional()
            .map_err(|error| damaged(path, error))?;
        // A file layer that cannot map files into memory has no size of maps to tell.
        let found = found.unwrap_or_else(|| if name == "mmap_size" { "0" } else { "no answer" }.to_owned());
        if found != value {
            return Err(StoreError::Unfit { file: path.to_owned(), asked: name, found });
        }
    }
    let is_defensive = connection
        .set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)
        .map_err(|error| damaged(path, error))?;
    if !is_defensive {
        return Err(StoreError::Unfit { file: path.to_owned(), asked: "defensive", found: "0".to_owned() });
    }
    Ok(())
}

fn text_of(value: rusqlite::types::ValueRef<'_>) -> String {
    match value {
        rusqlite::types::ValueRef::Integer(number) => number.to_string(),
        rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        other => format!("{other:?}"),
    }
}

fn migrate(connection: &mut Connection, path: &Path, migrations: &[Migration]) -> Result<(), StoreError> {
    connection
        .execute_batch("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL) STRICT, WITHOUT ROWID")
        .map_err(|error| damaged(path, error))?;
    let applied: Vec<(String, String)> = {
        let mut statement = connection.prepare("SELECT name, sha256 FROM migrations ORDER BY name")?;
        statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?
    };
    for (name, sha256) in &applied {
        let Some((_, sql)) = migrations.iter().find(|(known, _)| known == name) else {
            return Err(StoreError::Newer { file: path.to_owned(), migration: name.clone() });
        };
        if *sha256 != digest(sql) {
            return Err(StoreError::Diverged { file: path.to_owned(), migration: name.clone() });
        }
    }
    for (name, sql) in migrations.iter().filter(|(name, _)| !applied.iter().any(|(known, _)| known == name)) {
        transact(connection, |connection| {
            connection.execute_batch(sql)?;
            connection.execute("INSERT INTO migrations VALUES (?1, ?2)", (name, digest(sql)))?;
            Ok(())
        })?;
    }
    Ok(())
}

fn digest(sql: &str) -> String {
    Sha256::digest(sql.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn damaged(path: &Path, error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::Damaged(path.to_owned()),
        _ => StoreError::from(error),
    }
}

/// Files of a shop are its own business: their owner reads them and nobody else. SQLite gives their companions the same rights. A file
/// that is not there is made before SQLite sees it, and its name is on the disk before anything rests on it.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let io = |error| StoreError::Io { path: path.to_owned(), error };
    let mut new = OpenOptions::new();
    new.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    match new.open(path) {
        Ok(file) => {
            drop(file);
            path.parent().map_or(Ok(()), sync_directory).map_err(io)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => restrict(path).map_err(io),
        Err(error) => Err(io(error)),
    }
}

#[cfg(unix)]
fn restrict(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let found = std::fs::metadata(path)?;
    if !found.is_file() || found.permissions().mode() & 0o777 == 0o600 {
        return Ok(());
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn restrict(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    fn failed(code: i32) -> StoreError {
        StoreError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
    }

    const ONE_TABLE: &[Migration] = &[("one", "CREATE TABLE one (number INTEGER NOT NULL) STRICT")];

    #[cfg(unix)]
    #[test]
    fn files_of_a_shop_are_read_by_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let (path, data) = (home.path().join("data/log.db"), home.path().join("data"));
        let rights = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let _lock = DirectoryLock::take(&data).unwrap();
        let connection = open_writer(&path, Durability::Full, ONE_TABLE).unwrap();
        connection.execute_batch("INSERT INTO one VALUES (1)").unwrap();
        for suffix in COMPANIONS {
            assert_eq!(rights(&with_suffix(&path, suffix)), 0o600, "log.db{suffix}");
        }
        assert_eq!(rights(&data), 0o700);
        drop(connection);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        drop(open_writer(&path, Durability::Full, ONE_TABLE).unwrap());
        assert_eq!(rights(&path), 0o600);
    }

    #[test]
    fn what_sqlite_does_not_take_is_said_and_nothing_is_written() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("log.db");
        drop(open_writer(&path, Durability::Full, ONE_TABLE).unwrap());
        let stubborn = Connection::open_in_memory().unwrap();
        let unfit = pragmas(&stubborn, &path, Durability::Full).unwrap_err();
        assert!(
            matches!(&unfit, StoreError::Unfit { asked: "journal_mode", found, .. } if found == "memory"),
            "{unfit}"
        );
    }

    #[test]
    fn a_checkpoint_says_where_a_reader_holds_it_up_and_is_done_when_that_has_gone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("log.db");
        let writer = open_writer(&path, Durability::Full, ONE_TABLE).unwrap();
        writer.execute_batch("INSERT INTO one VALUES (1); PRAGMA busy_timeout = 1").unwrap();
        let reader = open_reader(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT * FROM one").unwrap();
        writer.execute_batch("INSERT INTO one VALUES (2)").unwrap();
        assert!(matches!(checkpoint(&writer, &path), Err(StoreError::Held(_))));
        reader.execute_batch("COMMIT").unwrap();
        checkpoint(&writer, &path).unwrap();
        assert_eq!(std::fs::metadata(with_suffix(&path, "-wal")).unwrap().len(), 0);
    }

    #[test]
    fn only_broken_bytes_are_damage() {
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB] {
            assert!(failed(code).is_damage(), "{code}");
            assert!(
                !failed(code).of_log().is_damage(),
                "a broken log says nothing about read models: {code}"
            );
            assert!(!failed(code).is_of_content(), "{code}");
        }
        let others = [
            ffi::SQLITE_ERROR,
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_IOERR,
            ffi::SQLITE_READONLY,
            ffi::SQLITE_FULL,
            ffi::SQLITE_BUSY,
            ffi::SQLITE_NOMEM,
        ];
        for code in others {
            assert!(!failed(code).is_damage(), "{code}");
        }
        for code in [ffi::SQLITE_IOERR, ffi::SQLITE_CORRUPT] {
            assert!(
                failed(code).is_worth_a_rebuild() && !failed(code).of_log().is_worth_a_rebuild(),
                "{code}"
            );
        }
        for code in [ffi::SQLITE_ERROR, ffi::SQLITE_FULL, ffi::SQLITE_BUSY, ffi::SQLITE_NOMEM] {
            assert!(!failed(code).is_worth_a_rebuild(), "{code}");
        }
        assert!(!StoreError::Replaced(PathBuf::from("log.db")).is_damage());
        assert!(StoreError::Damaged(PathBuf::from("views.db")).is_damage());
    }

    #[test]
    fn a_row_that_comes_back_broken_is_damage_and_no_event_is_blamed_for_it() {
        let connection = Connection::open_in_memory().unwrap();
        let number = connection.query_row("SELECT 'seven'", [], |row| row.get::<_, i64>(0));
        let text = connection.query_row("SELECT CAST(x'ff' AS TEXT)", [], |row| row.get::<_, String>(0));
        let byte = connection.query_row("SELECT 256", [], |row| row.get::<_, u8>(0)).map(|_| 0_i64);
        let failed = [number, text.map(|_| 0), byte].map(|read| StoreError::from(read.unwrap_err()));
        for error in failed.into_iter().chain(crate::sql::hash(&[1]).err()) {
            assert!(matches!(error, StoreError::BrokenRow(_)), "{error:?}");
            assert!(error.is_damage() && !error.is_of_content(), "{error:?}");
        }
    }

    #[test]
    fn no_event_is_blamed_for_a_machine_in_trouble() {
        let machine = [
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_IOERR,
            ffi::SQLITE_READONLY,
            ffi::SQLITE_FULL,
            ffi::SQLITE_BUSY,
            ffi::SQLITE_NOMEM,
        ];
        for code in machine {
            assert!(!failed(code).is_of_content(), "{code}");
        }
        for code in [ffi::SQLITE_CONSTRAINT, ffi::SQLITE_MISMATCH, ffi::SQLITE_TOOBIG, ffi::SQLITE_ERROR] {
            assert!(failed(code).is_of_content(), "{code}");
            assert!(!failed(code).of_log().is_of_content(), "{code}");
        }
    }
}
