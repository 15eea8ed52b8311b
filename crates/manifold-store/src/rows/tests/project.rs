//! A project file for one test.

use super::super::{
    ImportError, ImportOptions, Outcome, Position, Snapshot, SnapshotSummary, Unwatched, import,
    latest, read, snapshot,
};
use super::csvish::Csvish;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OpenFlags};
use std::ops::ControlFlow;
use std::sync::OnceLock;
use tempfile::TempDir;

/// The migrated, otherwise empty file.
#[allow(
    clippy::disallowed_methods,
    reason = "a migrator needs SeaORM's own connection"
)]
fn migrated() -> &'static [u8] {
    use migration_project::Migrator;
    use sea_orm_migration::MigratorTrait;
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("template.db");
        let url = format!("sqlite://{}?mode=rwc", path.display());
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(async {
                let db = sea_orm::Database::connect(url).await.unwrap();
                Migrator::up(&db, None).await.unwrap();
                db.close().await.unwrap();
            });
        std::fs::read(path).unwrap()
    })
}

pub(crate) struct Project {
    pub(crate) conn: Connection,
    _folder: TempDir,
    imports: std::cell::Cell<u64>,
}

pub(crate) const SOURCE: &str = "s1";

impl Project {
    /// A project with the empty source `s1`, whose row table is `d7` and whose view is `orders`.
    #[allow(clippy::disallowed_methods, reason = "a test's own file")]
    pub(crate) fn new() -> Self {
        // Where there is a file system in memory nothing waits for a disk.
        let memory = std::path::Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory).unwrap(),
            false => tempfile::tempdir().unwrap(),
        };
        let path = folder.path().join("p.db");
        std::fs::write(&path, migrated()).unwrap();
        // As the store opens it, so that what reads its pages is tried, too.
        let conn = crate::sqlite::connect(&path, OpenFlags::default()).unwrap();
        conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON")
            .unwrap();
        let now = "2026-11-22T10:00:00+00:00";
        conn.execute(
            "INSERT INTO project(id, name, settings, epoch, revision, next_row_table, created_at, updated_at) \
             VALUES ('p1', 'P', '{}', 1, 1, 8, ?1, ?1)",
            [now],
        )
        .unwrap();
        let project = Self {
            conn,
            _folder: folder,
            imports: std::cell::Cell::new(0),
        };
        project.add_source(SOURCE, 7, "orders");
        project
    }

    pub(crate) fn add_source(&self, id: &str, table: i64, view: &str) {
        let now = "2026-11-22T10:00:00+00:00";
        self.conn
            .execute(
                "INSERT INTO data_sources(id, name, name_fold, type, config, status, enabled, key_columns, \
                 row_table, row_format, view_name, view_name_fold, next_rid, next_seq, next_number, \
                 next_phys, next_quirk, created_at, updated_at) \
                 VALUES (?1, ?2, ?2, 'file', '{}', 'idle', 1, '[]', ?3, 1, ?2, ?2, 1, 32768, 1, 1, 1, ?4, ?4)",
                (id, view, table, now),
            )
            .unwrap();
    }

    pub(crate) fn options(&self) -> ImportOptions {
        self.imports.set(self.imports.get() + 1);
        let at: DateTime<Utc> = "2026-11-22T11:00:00.123456Z".parse().unwrap();
        ImportOptions::new(format!("snap{}", self.imports.get()), at)
    }

    pub(crate) fn try_import(
        &self,
        input: &Csvish,
        options: &ImportOptions,
    ) -> Result<Outcome, ImportError> {
        import(
            &self.conn,
            SOURCE,
            &mut input.records(),
            options,
            &mut Unwatched,
        )
    }

    pub(crate) fn import_with(&self, input: &Csvish, options: &ImportOptions) -> SnapshotSummary {
        match self.try_import(input, options).unwrap() {
            Outcome::Published(summary) => summary,
            other => panic!("not published: {other:?}"),
        }
    }

    pub(crate) fn import(&self, input: &Csvish) -> SnapshotSummary {
        self.import_with(input, &self.options())
    }

    pub(crate) fn import_keyed(&self, input: &Csvish, key: &[&str]) -> SnapshotSummary {
        let key_columns = key.iter().map(|&name| name.to_owned()).collect();
        self.import_with(
            input,
            &ImportOptions {
                key_columns,
                ..self.options()
            },
        )
    }

    pub(crate) fn latest(&self) -> Snapshot {
        latest(&self.conn, SOURCE)
            .unwrap()
            .expect("the source has a snapshot")
    }

    pub(crate) fn snapshot(&self, id: &str) -> Snapshot {
        snapshot(&self.conn, id).unwrap()
    }

    /// The rows of a snapshot as they were read from the input.
    pub(crate) fn rows(&self, snapshot: &Snapshot) -> Vec<String> {
        self.read(snapshot, None, None)
            .into_iter()
            .map(|(_, row, _)| row)
            .collect()
    }

    /// Position, rendered row and quirk.
    pub(crate) fn read(
        &self,
        snapshot: &Snapshot,
        after: Option<Position>,
        limit: Option<u64>,
    ) -> Vec<(Position, String, Option<Vec<u8>>)> {
        let mut found = Vec::new();
        read(
            &self.conn,
            snapshot,
            after,
            limit,
            |position, row, quirk| {
                let cells: Vec<_> = row
                    .cells()
                    .zip(&snapshot.columns)
                    .map(|(cell, column)| super::csvish::shown(cell, &column.encoding))
                    .collect();
                found.push((position, cells.join(","), quirk.map(<[u8]>::to_vec)));
                ControlFlow::Continue(())
            },
        )
        .unwrap();
        found
    }

    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.conn.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    pub(crate) fn text(&self, sql: &str) -> String {
        self.conn.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// All that a reader can see and all that the next import starts from.
    pub(crate) fn state(&self) -> Vec<String> {
        let tables = [
            "project",
            "data_sources",
            "source_columns",
            "snapshots",
            "snapshot_columns",
            "published",
            "rejected_rows",
            "row_quirks",
            "row_orders",
            "import_history",
        ];
        let mut state = Vec::new();
        let mut dump = |sql: &str| {
            let mut statement = self.conn.prepare(sql).unwrap();
            let width = statement.column_count();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let cells: Vec<_> = (0..width)
                    .map(|i| format!("{:?}", row.get_ref(i).unwrap()))
                    .collect();
                state.push(format!("{sql}: {}", cells.join("|")));
            }
        };
        for table in tables {
            dump(&format!("SELECT * FROM {table} ORDER BY 1, 2"));
        }
        dump("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2");
        let tables = self.text(
            "SELECT coalesce(group_concat(name), '') FROM sqlite_schema \
             WHERE type = 'table' AND name GLOB 'd[0-9]*'",
        );
        for table in tables.split(',').filter(|name| !name.is_empty()) {
            dump(&format!("SELECT * FROM {table} ORDER BY _rid"));
        }
        state
    }
}
