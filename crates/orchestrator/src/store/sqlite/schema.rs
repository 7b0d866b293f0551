//! The tables, and which version of this program made them.

use std::path::Path;

use rusqlite::Connection;

use super::{not_read, not_written};
use crate::ports::StoreError;

/// The version of the tables below. A change adds to [`Schema::bring_up_to_date`] and counts up.
const VERSION: u32 = 1;

const TABLES: &str = "
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS runs (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        created INTEGER NOT NULL,
        pipeline TEXT NOT NULL,
        digest TEXT NOT NULL,
        initial_data TEXT NOT NULL,
        mode TEXT NOT NULL,
        data TEXT NOT NULL,
        version TEXT NOT NULL,
        steps TEXT NOT NULL,
        outcome TEXT
    ) STRICT;
    CREATE TABLE IF NOT EXISTS events (
        run INTEGER NOT NULL,
        position INTEGER NOT NULL,
        at INTEGER NOT NULL,
        event TEXT NOT NULL,
        file TEXT,
        message BLOB,
        PRIMARY KEY (run, position)
    ) STRICT;
    PRAGMA user_version = 1;
    COMMIT;
";

/// The tables of a database.
pub(super) struct Schema;

impl Schema {
    /// Their version. An error when it is one that this program does not know.
    pub(super) fn found_in(connection: &Connection, folder: &Path) -> Result<u32, StoreError> {
        let found: u32 = connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(|error| not_read(folder, &error))?;
        if found > VERSION {
            return Err(StoreError::Newer { folder: folder.to_owned(), found, known: VERSION });
        }
        Ok(found)
    }

    /// Makes them, where they are not there.
    pub(super) fn bring_up_to_date(connection: &Connection, folder: &Path) -> Result<(), StoreError> {
        if Self::found_in(connection, folder)? == VERSION {
            return Ok(());
        }
        connection.execute_batch(TABLES).map_err(|error| not_written(folder, &error))
    }
}
