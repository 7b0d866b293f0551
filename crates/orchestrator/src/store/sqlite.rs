//! Runs in a folder: a SQLite database, and files beside it for what is large.
//!
//! `runs.sqlite` has the runs and their events; `<run>/messages` holds messages over 64 KiB under the digest of their
//! content, `<run>/streams` a file per call that gave a stream, `<run>/report.html` its report, `<run>/lock` the process that works on the
//! run.

mod claim;
mod files;
mod schema;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, Transaction, TransactionBehavior, params};

pub use self::claim::RunClaim;
use self::schema::Schema;
use super::run::{Ending, StoredRun};
use crate::engine::RunId;
use crate::ports::{Claim, Entry, Place, RunStore, StoreError};
use crate::store::StoredEvent;

/// How long another process may hold the database for one write.
const PATIENCE: Duration = Duration::from_secs(10);
const DATABASE: &str = "runs.sqlite";
const JOURNAL: &str = "runs.sqlite-wal";
/// Pages of the journal, of 4 KiB, at which an append folds it in although somebody else is to: 64 MiB.
const JOURNAL_AT_MOST: u32 = 16 * 1024;

/// What is survived by what has been appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The death of the process. After a loss of power the last events may be missing.
    Process,
    /// A loss of power too; every append waits for the disk.
    Power,
}

/// Runs in a folder.
pub struct SqliteStore {
    folder: PathBuf,
    /// Whoever reads keeps no writer waiting. Closed before the other, which folds the journal in where it does.
    reader: Mutex<Connection>,
    connection: Mutex<Connection>,
    /// When the journal was written to that has been folded in.
    folded: Mutex<Option<SystemTime>>,
}

impl SqliteStore {
    /// Opens the store in `folder`, which is made.
    pub fn open(folder: &Path, durability: Durability) -> Result<Self, StoreError> {
        fs::create_dir_all(folder).map_err(|error| StoreError::not_written(folder, &error))?;
        let folder = folder.canonicalize().map_err(|error| StoreError::not_written(folder, &error))?;
        let not_written = |error: rusqlite::Error| not_written(&folder, &error);
        let connection = Connection::open(folder.join(DATABASE)).map_err(not_written)?;
        set_up(&connection).map_err(not_written)?;
        // What a newer version wrote is left as it is, its journal too.
        Schema::found_in(&connection, &folder)?;
        let synchronous = match durability {
            Durability::Process => "NORMAL",
            Durability::Power => "FULL",
        };
        connection.pragma_update(None, "journal_mode", "WAL").map_err(not_written)?;
        connection.pragma_update(None, "synchronous", synchronous).map_err(not_written)?;
        if durability == Durability::Process {
            // The journal stays, for the next run: to fold it in and to remove it would wait for the disk, for longer than
            // a short run takes. It is folded in whenever it has grown to a mebibyte.
            connection
                .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
                .map_err(not_written)?;
            connection.pragma_update(None, "wal_autocheckpoint", 256).map_err(not_written)?;
        }
        Schema::bring_up_to_date(&connection, &folder)?;
        let reader = connected(&folder).map_err(|error| not_read(&folder, &error))?;
        Ok(Self::of(connection, reader, folder))
    }

    /// Opens the store in `folder` to read from it; `None` when there is none.
    pub fn existing(folder: &Path) -> Result<Option<Self>, StoreError> {
        let file = folder.join(DATABASE);
        if !file.is_file() {
            return Ok(None);
        }
        let not_read = |error: rusqlite::Error| not_read(folder, &error);
        let connection = connected(folder).map_err(not_read)?;
        Schema::found_in(&connection, folder)?;
        Schema::bring_up_to_date(&connection, folder)?;
        let reader = connected(folder).map_err(not_read)?;
        Ok(Some(Self::of(connection, reader, folder.to_owned())))
    }

    fn of(connection: Connection, reader: Connection, folder: PathBuf) -> Self {
        let (connection, reader) = (Mutex::new(connection), Mutex::new(reader));
        Self { folder, reader, connection, folded: Mutex::default() }
    }

    /// Leaves it to whoever calls [`fold`](Self::fold) to fold the journal in, so that no append waits for that.
    pub fn folded_apart(&self) -> Result<(), StoreError> {
        let set = self.lock().pragma_update(None, "wal_autocheckpoint", JOURNAL_AT_MOST);
        set.map_err(|error| not_written(&self.folder, &error))
    }

    /// Folds the journal in where it has been written to, as far as nobody reads from it. Takes as long as the disk does;
    /// appends go on meanwhile.
    pub fn fold(&self) -> Result<(), StoreError> {
        let written = fs::metadata(self.folder.join(JOURNAL)).and_then(|journal| journal.modified()).ok();
        let mut last = self.folded.lock().unwrap_or_else(PoisonError::into_inner);
        if *last == written {
            return Ok(());
        }
        let folded = connected(&self.folder)
            .and_then(|connection| connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())));
        folded.map_err(|error| not_written(&self.folder, &error))?;
        *last = written;
        Ok(())
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes a run for this process, until the claim is dropped.
    pub fn claim(&self, run: &RunId) -> Result<RunClaim, StoreError> {
        let folder = self.run_folder(run);
        fs::create_dir_all(&folder).map_err(|error| StoreError::not_written(&self.folder, &error))?;
        RunClaim::take(run, &folder.join("lock"), &self.folder)
    }

    /// Takes the store for a process that goes on with whatever it finds open, until what is given is dropped.
    /// [`StoreError::Occupied`] when another has it.
    pub fn occupy(&self) -> Result<RunClaim, StoreError> {
        RunClaim::take_all(&self.folder.join("lock"), &self.folder)
    }

    /// Whether a process works on a run.
    pub fn is_claimed(&self, run: &RunId) -> bool {
        RunClaim::is_taken(&self.run_folder(run).join("lock"))
    }

    /// Says which folder the services of a run exchange files in now.
    pub fn moved_data(&self, run: &RunId, data: &str) -> Result<(), StoreError> {
        let changed =
            self.lock().execute("UPDATE runs SET data = ?2 WHERE id = ?1", params![run.as_str(), data]);
        changed.map(drop).map_err(|error| not_written(&self.folder, &error))
    }

    /// Forgets a run and all its files.
    pub fn forget(&self, run: &RunId) -> Result<(), StoreError> {
        let not_written = |error: rusqlite::Error| not_written(&self.folder, &error);
        let mut connection = self.lock();
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(not_written)?;
        // Of two at once, the second finds that it is gone; its number may be another's by then.
        let number = self.number_in(&transaction, run)?;
        transaction.execute("DELETE FROM events WHERE run = ?1", [number]).map_err(not_written)?;
        transaction.execute("DELETE FROM runs WHERE number = ?1", [number]).map_err(not_written)?;
        transaction.commit().map_err(not_written)?;
        match fs::remove_dir_all(self.run_folder(run)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::not_written(&self.folder, &error))
            }
            _ => Ok(()),
        }
    }

    /// Where the report of a run lies, for those who write and read it; it is forgotten with the run.
    pub fn report(&self, run: &RunId) -> PathBuf {
        self.run_folder(run).join("report.html")
    }

    fn run_folder(&self, run: &RunId) -> PathBuf {
        self.folder.join(run.as_str())
    }

    fn number(&self, run: &RunId) -> Result<i64, StoreError> {
        self.number_in(&self.reading(), run)
    }

    fn number_in(&self, connection: &Connection, run: &RunId) -> Result<i64, StoreError> {
        let mut found = connection
            .prepare_cached("SELECT number FROM runs WHERE id = ?1")
            .map_err(|error| self.not_read(&error))?;
        let number = found.query_row([run.as_str()], |row| row.get(0)).optional();
        number
            .map_err(|error| self.not_read(&error))?
            .ok_or_else(|| StoreError::NoRun { run: run.clone(), folder: self.folder.clone() })
    }

    fn not_read(&self, error: &rusqlite::Error) -> StoreError {
        not_read(&self.folder, error)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A transaction that a panic leaves open is rolled back when it is dropped.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reading(&self) -> MutexGuard<'_, Connection> {
        // Nothing that a panic leaves unfinished is of use to the next.
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection to a database that is there.
fn connected(folder: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(folder.join(DATABASE), flags)?;
    set_up(&connection)?;
    Ok(connection)
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    // A statement is planned once, and not again for each value that it is used with.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

impl RunStore for SqliteStore {
    fn create(&self, run: &StoredRun) -> Result<(), StoreError> {
        let steps = serde_json::to_string(&run.steps).unwrap_or_default();
        let labels = serde_json::to_string(&run.labels).unwrap_or_default();
        let inserted = self.lock().execute(
            "INSERT INTO runs (id, created, pipeline, digest, initial_data, mode, data, version, steps, outcome, labels) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                run.id.as_str(),
                micros(run.created),
                run.pipeline,
                run.digest,
                run.initial_data,
                run.mode,
                run.data,
                run.version,
                steps,
                run.ending.as_str(),
                labels,
            ],
        );
        inserted.map(drop).map_err(|error| not_written(&self.folder, &error))
    }

    fn append(&self, run: &RunId, after: u64, events: &[Entry]) -> Result<u64, StoreError> {
        if events.iter().any(files::is_kept_apart) {
            // Nothing is written of a run that is gone.
            self.number(run)?;
        }
        let large = events.iter().map(|entry| self.kept_apart(run, entry)).collect::<Result<Vec<_>, _>>()?;
        let not_written = |error: rusqlite::Error| not_written(&self.folder, &error);
        let mut connection = self.lock();
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(not_written)?;
        let number = self.number_in(&transaction, run)?;
        let count = "SELECT coalesce(max(position) + 1, 0) FROM events WHERE run = ?1";
        let found: i64 = transaction
            .prepare_cached(count)
            .and_then(|mut count| count.query_row([number], |row| row.get(0)))
            .map_err(not_written)?;
        if found.cast_unsigned() != after {
            return Err(StoreError::Conflict {
                run: run.clone(),
                found: found.cast_unsigned(),
                expected: after,
            });
        }
        for (position, (entry, file)) in (found..).zip(events.iter().zip(large)) {
            // Events are plain data; there is always a text for one.
            let event = serde_json::to_string(&entry.event).unwrap_or_default();
            let message = entry.message.as_deref().filter(|_| file.is_none());
            transaction
                .prepare_cached(
                    "INSERT INTO events (run, position, at, event, message, file) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )
                .and_then(|mut insert| {
                    insert.execute(params![number, position, micros(entry.at), event, message, file])
                })
                .map_err(not_written)?;
            let ending = match &entry.event {
                StoredEvent::Finished { outcome } => Some(Some(outcome.as_str())),
                StoredEvent::Resumed { .. } => Some(None),
                _ => None,
            };
            if let Some(ending) = ending {
                let update = "UPDATE runs SET outcome = ?2 WHERE number = ?1";
                transaction.execute(update, params![number, ending]).map_err(not_written)?;
            }
        }
        transaction.commit().map_err(not_written)?;
        Ok(after + events.len() as u64)
    }

    fn part(&self, run: &RunId, from: u64, most: usize) -> Result<Vec<(u64, Entry)>, StoreError> {
        let connection = self.reading();
        self.number_in(&connection, run)?;
        let query = "SELECT position, at, event FROM events WHERE run = (SELECT number FROM runs WHERE id = ?1) AND position >= ?2 \
                     ORDER BY position LIMIT ?3";
        let mut query = connection.prepare_cached(query).map_err(|error| self.not_read(&error))?;
        let bound = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let rows = query.query_map(params![run.as_str(), bound(from), bound(most as u64)], entry);
        let rows = rows.map_err(|error| self.not_read(&error))?;
        rows.collect::<Result<_, _>>().map_err(|error| self.not_read(&error))
    }

    fn message(&self, run: &RunId, position: u64) -> Result<Bytes, StoreError> {
        self.number(run)?;
        let (message, file) = {
            let connection = self.reading();
            let query = "SELECT message, file FROM events WHERE run = (SELECT number FROM runs WHERE id = ?1) AND position = ?2";
            connection
                .prepare_cached(query)
                .and_then(|mut query| {
                    query.query_row(params![run.as_str(), position.cast_signed()], |row| {
                        Ok((row.get::<_, Option<Vec<u8>>>(0)?, row.get::<_, Option<String>>(1)?))
                    })
                })
                .map_err(|error| self.not_read(&error))?
        };
        match (message, file) {
            (_, Some(file)) => self.read_apart(run, &file),
            (message, None) => Ok(message.unwrap_or_default().into()),
        }
    }

    fn run(&self, run: &RunId) -> Result<Option<StoredRun>, StoreError> {
        let query = format!("{RUNS} WHERE id = ?1");
        let connection = self.reading();
        let mut found = connection.prepare_cached(&query).map_err(|error| self.not_read(&error))?;
        let found = found.query_row([run.as_str()], stored_run);
        found.optional().map_err(|error| self.not_read(&error))
    }

    fn runs(&self) -> Result<Vec<StoredRun>, StoreError> {
        let query = format!("{RUNS} ORDER BY created DESC, id DESC");
        let connection = self.reading();
        let mut query = connection.prepare(&query).map_err(|error| self.not_read(&error))?;
        let rows = query.query_map([], stored_run).map_err(|error| self.not_read(&error))?;
        rows.collect::<Result<_, _>>().map_err(|error| self.not_read(&error))
    }

    fn runs_behind(&self, place: Option<&Place>, most: usize) -> Result<Vec<StoredRun>, StoreError> {
        let query = format!("{RUNS} WHERE (created, id) < (?1, ?2) ORDER BY created DESC, id DESC LIMIT ?3");
        let (created, run) =
            place.map_or((i64::MAX, ""), |place| (micros(place.created), place.run.as_str()));
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let connection = self.reading();
        let mut query = connection.prepare_cached(&query).map_err(|error| self.not_read(&error))?;
        let rows = query.query_map(params![created, run, most], stored_run);
        let rows = rows.map_err(|error| self.not_read(&error))?;
        rows.collect::<Result<_, _>>().map_err(|error| self.not_read(&error))
    }

    fn check(&self) -> Result<(), StoreError> {
        let any = "SELECT 1 FROM runs LIMIT 1";
        self.reading().query_row(any, [], |_| Ok(())).optional().map_err(|error| self.not_read(&error))?;
        {
            let mut connection = self.lock();
            let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
            begun.and_then(Transaction::rollback).map_err(|error| not_written(&self.folder, &error))?;
        }
        // The journal has room of its own that is used again: that the disk is full, it finds out late.
        let written = tempfile::NamedTempFile::new_in(&self.folder)
            .and_then(|mut file| file.write_all(&[0; 64 * 1024]));
        written.map_err(|error| StoreError::not_written(&self.folder, &error))
    }

    fn claim(&self, run: &RunId) -> Result<Box<dyn Claim>, StoreError> {
        Ok(Box::new(Self::claim(self, run)?))
    }

    fn forget(&self, run: &RunId) -> Result<(), StoreError> {
        Self::forget(self, run)
    }

    fn streams(&self, run: &RunId) -> Result<PathBuf, StoreError> {
        let folder = self.run_folder(run).join("streams");
        fs::create_dir_all(&folder).map_err(|error| StoreError::not_written(&self.folder, &error))?;
        Ok(folder)
    }
}

const RUNS: &str = "SELECT id, created, pipeline, digest, initial_data, mode, data, version, steps, outcome, labels FROM runs";

fn stored_run(row: &Row<'_>) -> rusqlite::Result<StoredRun> {
    let id: String = row.get(0)?;
    let steps: String = row.get(8)?;
    let labels: String = row.get(10)?;
    Ok(StoredRun {
        id: RunId::new(&id).map_err(|error| unreadable(0, error))?,
        created: time(row.get(1)?),
        pipeline: row.get(2)?,
        digest: row.get(3)?,
        initial_data: row.get(4)?,
        mode: row.get(5)?,
        data: row.get(6)?,
        version: row.get(7)?,
        steps: serde_json::from_str(&steps).map_err(|error| unreadable(8, error))?,
        ending: Ending::of(row.get::<_, Option<String>>(9)?.as_deref()),
        labels: serde_json::from_str(&labels).map_err(|error| unreadable(10, error))?,
    })
}

fn entry(row: &Row<'_>) -> rusqlite::Result<(u64, Entry)> {
    let event: String = row.get(2)?;
    let event = serde_json::from_str(&event).map_err(|error| unreadable(2, error))?;
    let position: i64 = row.get(0)?;
    Ok((position.cast_unsigned(), Entry { at: time(row.get(1)?), event, message: None }))
}

fn unreadable(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

fn not_written(folder: &Path, error: &rusqlite::Error) -> StoreError {
    StoreError::NotWritten { folder: folder.to_owned(), reason: error.to_string() }
}

fn not_read(folder: &Path, error: &rusqlite::Error) -> StoreError {
    StoreError::NotRead { folder: folder.to_owned(), reason: error.to_string() }
}

/// Microseconds from 1970 on; a clock before that shows 0.
fn micros(at: SystemTime) -> i64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn time(micros: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(micros.cast_unsigned())
}
