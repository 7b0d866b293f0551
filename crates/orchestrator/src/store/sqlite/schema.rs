//! The tables, and which version of this program made them.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{not_read, not_written};
use crate::ports::StoreError;

/// The version of the tables below. A change adds to [`Schema::bring_up_to_date`] and counts up.
const VERSION: u32 = 3;

/// Version 1.
const TABLES: &str = "
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
";

/// Version 2: what runs are found by.
const LABELS: &str = "
    ALTER TABLE runs ADD COLUMN labels TEXT NOT NULL DEFAULT '{}';
    PRAGMA user_version = 2;
";

/// Version 3: the latest runs are found without a look at all others.
const BY_TIME: &str = "
    CREATE INDEX runs_by_time ON runs (created, id);
    PRAGMA user_version = 3;
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
        let not_written = |error: rusqlite::Error| not_written(folder, &error);
        // One process at a time: whoever comes second finds it done.
        let transaction = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate);
        let transaction = transaction.map_err(not_written)?;
        if Self::found_in(&transaction, folder)? == 0 {
            transaction.execute_batch(TABLES).map_err(not_written)?;
        }
        if Self::found_in(&transaction, folder)? == 1 {
            transaction.execute_batch(LABELS).map_err(not_written)?;
        }
        if Self::found_in(&transaction, folder)? == 2 {
            transaction.execute_batch(BY_TIME).map_err(not_written)?;
        }
        transaction.commit().map_err(not_written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_the_first_version_gets_labels_and_keeps_its_runs() {
        let folder = Path::new("f");
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        let insert = "INSERT INTO runs VALUES (1, 'r', 0, 'p', 'd', '', 'batch', '', '0', '[]', NULL)";
        connection.execute(insert, []).unwrap();
        for _ in 0..2 {
            Schema::bring_up_to_date(&connection, folder).unwrap();
            let found: (String, String) = connection
                .query_row("SELECT id, labels FROM runs", [], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap();
            assert_eq!(found, ("r".to_owned(), "{}".to_owned()));
            assert_eq!(Schema::found_in(&connection, folder).unwrap(), VERSION);
        }
    }
}
