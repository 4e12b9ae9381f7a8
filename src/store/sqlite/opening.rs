//! Opening a database: one process a file, the schema brought up to date, the seal key checked.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Executor, Row};

use super::trouble::is_locked;
use crate::store::seal::{SealBroken, Sealer};

/// Every change of the schema ever made, in order; they stay as they were written.
static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Another connection's lock is waited for this long; within the second that callers are promised.
const BUSY_TIMEOUT: Duration = Duration::from_millis(500);
/// As long as nothing is served, it is waited for longer: whoever looks into the database after a crash (a shell, a
/// backup) mends it first, and locks it meanwhile.
const OPENING_PATIENCE: Duration = Duration::from_secs(30);
/// After a burst the log is cut back to this many bytes.
const LOG_LIMIT_BYTES: &str = "67108864";
/// Rows of an order are about a kilobyte: larger pages waste less and are written in fewer calls.
/// A file keeps the size it was made with.
const PAGE_BYTES: u32 = 8_192;
/// The log is folded into the file when it has grown to this many pages: what was written over and
/// over meanwhile is copied once.
const LOG_PAGES: &str = "2000";
/// A dozen tables in a dozen shapes: each text is parsed once.
const WRITER_STATEMENTS: usize = 200;
/// Page cache of the writer, in KiB (negative is how SQLite says so).
const WRITER_CACHE: &str = "-8192";
const SEAL_PROBE: &str = "seal";
const SEAL_PLAIN: &[u8] = b"recharge-gateway";

/// Why a database was not opened, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process works on it.
    #[error("{} is in use by another process (it holds {}): stop that process first, or open another database", database.display(), lock.display())]
    InUse {
        /// The database.
        database: PathBuf,
        /// The lock file.
        lock: PathBuf,
    },
    /// The lock file cannot be made.
    #[error("cannot lock {}: {reason}; the directory must exist and be writable", lock.display())]
    Lock {
        /// The lock file.
        lock: PathBuf,
        /// What the operating system said.
        reason: std::io::Error,
    },
    /// Another program keeps it locked.
    #[error("{} is locked by another program (a database shell, a backup): end that, then start again", database.display())]
    Locked {
        /// The database.
        database: PathBuf,
    },
    /// SQLite cannot open it.
    #[error("cannot open {}: {reason}", database.display())]
    Database {
        /// The database.
        database: PathBuf,
        /// What SQLite said.
        reason: sqlx::Error,
    },
    /// The schema does not fit this program.
    #[error("cannot bring {} to this version's schema: {reason}; a database that a newer version has opened needs that version", database.display())]
    Schema {
        /// The database.
        database: PathBuf,
        /// What went wrong.
        reason: MigrateError,
    },
    /// What is sealed in it does not open.
    #[error("the seal key is not the one {} was made with: give the original key; without it sealed values are lost", database.display())]
    WrongKey {
        /// The database.
        database: PathBuf,
    },
}

/// The right to work on a file, held as long as this lives.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn take(database: &Path) -> Result<Self, OpenError> {
        let mut lock = database.as_os_str().to_owned();
        lock.push(".lock");
        let lock = PathBuf::from(lock);
        let opened = File::options().create(true).truncate(false).write(true).open(&lock);
        let taken = opened.map_err(TryLockError::Error).and_then(|file| file.try_lock().map(|()| file));
        match taken {
            Ok(file) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
                database: database.to_owned(),
                lock,
            }),
            Err(TryLockError::Error(reason)) => Err(OpenError::Lock { lock, reason }),
        }
    }
}

fn common(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
}

/// Durable means: when COMMIT answers, the log is on the disk (R18).
pub(super) fn writer_options(path: &Path) -> SqliteConnectOptions {
    common(path)
        .create_if_missing(true)
        .page_size(PAGE_BYTES)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .statement_cache_capacity(WRITER_STATEMENTS)
        .pragma("journal_size_limit", LOG_LIMIT_BYTES)
        .pragma("wal_autocheckpoint", LOG_PAGES)
        .pragma("cache_size", WRITER_CACHE)
}

pub(super) fn reader_options(path: &Path) -> SqliteConnectOptions {
    common(path).pragma("query_only", "ON")
}

/// A connection that may write, on a schema that fits and with a key that opens.
pub(super) async fn open(path: &Path, options: &SqliteConnectOptions, sealer: &Sealer) -> Result<SqliteConnection, OpenError> {
    let failed = |reason| {
        let database = path.to_owned();
        if is_locked(&reason) {
            OpenError::Locked { database }
        } else {
            OpenError::Database { database, reason }
        }
    };
    let mut connection = match options.connect().await {
        Err(reason) if is_locked(&reason) => {
            tracing::warn!(database = %path.display(), "another program keeps the database locked: waiting for {OPENING_PATIENCE:?} at most");
            options.clone().busy_timeout(OPENING_PATIENCE).connect().await
        }
        connected => connected,
    }
    .map_err(failed)?;
    wait_for_locks(&mut connection, OPENING_PATIENCE).await.map_err(failed)?;
    let migrated = MIGRATIONS.run(&mut connection).await;
    migrated.map_err(|reason| OpenError::Schema {
        database: path.to_owned(),
        reason,
    })?;
    if let Err(SealBroken) = check_key(&mut connection, sealer).await.map_err(failed)? {
        return Err(OpenError::WrongKey { database: path.to_owned() });
    }
    wait_for_locks(&mut connection, BUSY_TIMEOUT).await.map_err(failed)?;
    Ok(connection)
}

async fn wait_for_locks(connection: &mut SqliteConnection, patience: Duration) -> Result<(), sqlx::Error> {
    let text = format!("PRAGMA busy_timeout = {}", patience.as_millis());
    connection.execute(sqlx::AssertSqlSafe(text)).await.map(drop)
}

/// The first opening seals a known value; every later one must be able to open it.
async fn check_key(connection: &mut SqliteConnection, sealer: &Sealer) -> Result<Result<(), SealBroken>, sqlx::Error> {
    let known = sqlx::query("SELECT body FROM meta WHERE key = ?").bind(SEAL_PROBE);
    if let Some(row) = known.fetch_optional(&mut *connection).await? {
        let opened = sealer.open("meta", SEAL_PROBE, row.try_get("body")?);
        return Ok(opened.and_then(|plain| if plain == SEAL_PLAIN { Ok(()) } else { Err(SealBroken) }));
    }
    let sealed = match sealer.seal("meta", SEAL_PROBE, SEAL_PLAIN) {
        Ok(sealed) => sealed,
        Err(broken) => return Ok(Err(broken)),
    };
    let first = sqlx::query("INSERT INTO meta (key, body) VALUES (?, ?)")
        .bind(SEAL_PROBE)
        .bind(sealed);
    first.execute(connection).await?;
    Ok(Ok(()))
}
