//! A project file with two sources, and a way to ask it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;
use std::{fs, path};

use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};

use super::super::{
    Finished, Parameters, QueryError, ResultColumn, RowSink, Sandbox, SandboxOptions,
};

const SCHEMA: &str = "
PRAGMA journal_mode = WAL;
CREATE TABLE project(id TEXT PRIMARY KEY, name TEXT NOT NULL, settings TEXT);
CREATE TABLE data_sources(id TEXT PRIMARY KEY, name TEXT NOT NULL, config TEXT, row_table BIGINT UNIQUE, view_name TEXT);
CREATE TABLE snapshots(id TEXT PRIMARY KEY, source_id TEXT REFERENCES data_sources(id), number BIGINT, seq BIGINT, rid_hi BIGINT);
CREATE TABLE published(source_id TEXT PRIMARY KEY, snapshot_id TEXT, rid_hi BIGINT NOT NULL, seq BIGINT NOT NULL);
CREATE TABLE d7(_rid INTEGER PRIMARY KEY, _to INTEGER NOT NULL DEFAULT 8388607, _pos REAL, c1 ANY, c2 ANY, c3 ANY) STRICT;
CREATE INDEX d7_to ON d7(_to) WHERE _to < 8388607;
CREATE INDEX d7_pos ON d7(_pos) WHERE _pos IS NOT NULL;
CREATE INDEX d7_c2 ON d7(c2);
CREATE TABLE d12(_rid INTEGER PRIMARY KEY, _to INTEGER NOT NULL DEFAULT 8388607, _pos REAL, c1 ANY, c2 ANY) STRICT;
CREATE VIEW \"orders\" AS SELECT d.c1 AS \"id\", d.c2 AS \"customer\", CAST(d.c3 AS TEXT) AS \"amount\"
  FROM published p CROSS JOIN d7 d WHERE p.source_id = 's7' AND d._rid <= p.rid_hi AND d._to > p.seq;
CREATE VIEW \"people\" AS SELECT d.c1 AS \"name\", d.c2 AS \"e@mail\"
  FROM published p CROSS JOIN d12 d WHERE p.source_id = 's12' AND d._rid <= p.rid_hi AND d._to > p.seq;
CREATE VIEW \"catalogue\" AS SELECT name FROM data_sources;
INSERT INTO project VALUES('p', 'shop', '{}');
INSERT INTO data_sources VALUES('s7', 'orders', '{\"token\":\"secret-token\"}', 7, 'orders'), ('s12', 'people', '{}', 12, 'people');
-- Snapshot 1 shows 1, 2 and 3; snapshot 2 replaced 2 by 4; 5 is of an import that is not finished.
INSERT INTO d7(_rid, _to, c1, c2, c3) VALUES (1, 8388607, 1, 'ada', 10), (2, 32769, 2, 'bob', 20), (3, 8388607, 3, 'ada', 'n/a'),
  (4, 8388607, 2, 'bob', 25), (5, 8388607, 99, 'unfinished', 0);
INSERT INTO d12(_rid, c1, c2) VALUES (1, 'ada', 'ada@example.org'), (2, 'bob', NULL);
INSERT INTO snapshots VALUES('o1', 's7', 1, 32768, 3), ('o2', 's7', 2, 32769, 4), ('q1', 's12', 1, 32768, 2);
INSERT INTO published VALUES('s7', 'o2', 4, 32769), ('s12', 'q1', 2, 32768);
";

/// A project file in a folder of its own, kept open by a writer as in a running store.
pub(super) struct Project {
    pub(super) writer: Connection,
    pub(super) path: PathBuf,
    folder: tempfile::TempDir,
}

/// A query's result.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) columns: Vec<ResultColumn>,
    pub(super) rows: Vec<Vec<Value>>,
    /// How many rows to take before breaking.
    pub(super) take: Option<usize>,
}

impl RowSink for Answer {
    fn columns(&mut self, columns: &[ResultColumn]) -> ControlFlow<()> {
        self.columns = columns.to_vec();
        ControlFlow::Continue(())
    }

    fn row(&mut self, values: &[ValueRef<'_>]) -> ControlFlow<()> {
        self.rows.push(
            values
                .iter()
                .map(|&value| value.try_into().unwrap())
                .collect(),
        );
        if self.take == Some(self.rows.len()) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

impl Project {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = path::absolute(folder.path().join("x.db")).unwrap();
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch(SCHEMA).unwrap();
        Self {
            writer,
            path,
            folder,
        }
    }

    pub(super) fn sandbox(&self) -> Sandbox {
        self.sandbox_with(options())
    }

    pub(super) fn sandbox_with(&self, options: SandboxOptions) -> Sandbox {
        Sandbox::open(&self.path, options).unwrap()
    }

    /// Every file of the folder with its bytes, but for SQLite's shared memory, which holds locks.
    pub(super) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
            .map(|(name, path)| {
                let bytes = if name.ends_with("-shm") {
                    Vec::new()
                } else {
                    fs::read(path).unwrap()
                };
                (name, bytes)
            })
            .collect()
    }
}

/// Options that end a test which would hang.
pub(super) fn options() -> SandboxOptions {
    SandboxOptions {
        timeout: Some(Duration::from_secs(120)),
        ..SandboxOptions::default()
    }
}

/// Names such as `orders@1`, as the catalogue's snapshots say.
pub(super) fn resolve(
    connection: &Connection,
    name: &str,
) -> Result<Option<String>, Box<dyn std::error::Error + Send + Sync>> {
    let Some(("orders", number)) = name.split_once('@') else {
        return Ok(None);
    };
    if number == "broken" {
        return Err("the catalogue is unreadable".into());
    }
    let mut snapshots = connection
        .prepare("SELECT rid_hi, seq FROM snapshots WHERE source_id = 's7' AND number = ?1")?;
    let mut rows = snapshots.query([number.parse::<i64>().ok()])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let (rid_hi, seq): (i64, i64) = (row.get(0)?, row.get(1)?);
    Ok(Some(format!(
        "SELECT c1 AS \"id\", c2 AS \"customer\", c3 AS \"amount\" FROM d7 WHERE _rid <= {rid_hi} AND _to > {seq}"
    )))
}

impl Sandbox {
    /// Runs `sql` with `given` parameters.
    pub(super) fn answer(
        &mut self,
        sql: &str,
        given: &[(&str, &str)],
    ) -> Result<(Answer, Finished), QueryError> {
        let mut parameters = Parameters::default();
        for (name, text) in given {
            parameters.insert(name, text)?;
        }
        let mut answer = Answer::default();
        let finished = self.run(sql, &parameters, &resolve, &mut answer, None)?;
        Ok((answer, finished))
    }

    /// The rows of `sql`, each as text with `|` between the values.
    pub(super) fn lines(&mut self, sql: &str) -> Result<Vec<String>, QueryError> {
        let (answer, _) = self.answer(sql, &[])?;
        Ok(answer
            .rows
            .iter()
            .map(|row| row.iter().map(text).collect::<Vec<_>>().join("|"))
            .collect())
    }

    /// The columns that `sql` reads, as `d7.c1`.
    pub(super) fn touched(&mut self, sql: &str) -> Vec<String> {
        let (_, finished) = self.answer(sql, &[]).unwrap();
        finished
            .touched
            .iter()
            .map(|touched| format!("{}.{}", touched.table, touched.column))
            .collect()
    }

    /// Asserts that a normal query works.
    pub(super) fn assert_usable(&mut self) {
        assert_eq!(
            self.lines("SELECT id FROM orders ORDER BY id").unwrap(),
            ["1", "2", "3"]
        );
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(integer) => integer.to_string(),
        Value::Real(real) => real.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(blob) => format!("{} bytes", blob.len()),
    }
}
