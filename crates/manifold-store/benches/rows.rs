//! The rows of a source beside a plain table with the same cells, in the same run.
//!
//! `cargo bench -p manifold-store --bench rows [-- ROWS]`: stores ROWS x 8 generated rows (1,000,000 by default) in a source and
//! in a plain table, then imports a version in which 1 % changed and the same version reversed. Prints what it costs to read all
//! cells in order, to add up one column, and to compare the two snapshots, in CPU time, as medians and as ratios to the plain
//! table; and the most memory that this process had after each import.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod support;

use std::ops::ControlFlow;
use std::process::ExitCode;

use manifold_store::rows::{
    self, Cell, Finished, FinishedColumn, ImportOptions, IncomingColumn, Outcome, Records,
    RecordsError, Row, Step, StoredColumn, Unwatched,
};
use manifold_store::{
    DataSources, Layout, NewProject, NewSource, ProjectId, Projects, RowLog, SourceId,
    SqliteManager, StoreOptions, Timestamp,
};
use support::{ROUNDS, cpu_us, median};

const COLUMNS: [(&str, &str, &str); 8] = [
    ("id", "integer", "int"),
    ("name", "text", "text"),
    ("email", "text", "text"),
    ("city", "text", "text"),
    ("qty", "integer", "int"),
    ("amount", "real", "short"),
    ("updated_at", "text", "text"),
    ("active", "integer", "int"),
];
const SUM: &str = "SELECT sum(qty) FROM t";

/// One version of the rows.
struct Generated {
    columns: Vec<IncomingColumn>,
    rows: i64,
    next: i64,
    changed: bool,
    reversed: bool,
}

impl Generated {
    fn new(rows: i64, changed: bool, reversed: bool) -> Self {
        let column = |(name, ..): &(&str, &str, &str)| IncomingColumn {
            name: (*name).to_owned(),
            sample: Vec::new(),
        };
        Self {
            columns: COLUMNS.iter().map(column).collect(),
            rows,
            next: 0,
            changed,
            reversed,
        }
    }
}

fn fill(row: &mut Row, number: i64, changed: bool) {
    const CITIES: [&str; 5] = ["Oslo", "Zürich", "New York, NY", "東京", "Lima"];
    let mixed = number.wrapping_mul(0x1E37_79B9_7F4A_7C15) >> 20 & 0xff_ffff;
    row.push_int(number);
    row.push_text(format!("Anna Bertonson{}", mixed % 64).as_bytes());
    row.push_text(format!("u{number}@ex{}.example", mixed % 500).as_bytes());
    row.push_text(CITIES[(mixed % 5) as usize].as_bytes());
    if mixed % 20 == 0 {
        row.push_null();
    } else {
        row.push_int(mixed % 100_000);
    }
    let more = i64::from(changed && number % 100 == 7);
    row.push_real((mixed + more) as f64 / 100.0);
    row.push_text(format!("2020-{:02}-{:02} 10:20:30", 1 + mixed % 12, 1 + mixed % 28).as_bytes());
    row.push_int(mixed % 2);
}

impl Records for Generated {
    fn columns(&self) -> &[IncomingColumn] {
        &self.columns
    }

    fn adopt(&mut self, column: usize, _stored: Option<StoredColumn<'_>>) -> String {
        COLUMNS[column].2.to_owned()
    }

    fn next(&mut self, row: &mut Row) -> Result<Step, RecordsError> {
        if self.next == self.rows {
            return Ok(Step::End);
        }
        let number = if self.reversed {
            self.rows - 1 - self.next
        } else {
            self.next
        };
        fill(row, number, self.changed);
        self.next += 1;
        Ok(Step::Row)
    }

    fn finish(&mut self) -> Result<Finished, RecordsError> {
        let column = |(_, column_type, encoding): &(&str, &str, &str)| FinishedColumn {
            column_type: (*column_type).to_owned(),
            format: None,
            encoding: (*encoding).to_owned(),
            quoting: "minimal".to_owned(),
            odd_cells: 0,
            null_tokens: Vec::new(),
            profile: None,
        };
        Ok(Finished {
            columns: COLUMNS.iter().map(column).collect(),
            dialect: serde_json::json!({}),
            input_hash: format!("{}{}", self.changed, self.reversed),
            input_bytes: 0,
            padded: 0,
            odd_cells: 0,
        })
    }

    fn reencode<'a>(&self, _: Cell<'_>, _: &str, _: &str, _: &'a mut Vec<u8>) -> Cell<'a> {
        Cell::Null
    }

    fn render(&self, _: Cell<'_>, _: &str, _: &mut Vec<u8>) {}
}

/// The most memory that this process has had, in MiB; 0 where the system does not tell.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1024.0
}

fn touch(cell: Cell<'_>) -> usize {
    match cell {
        Cell::Null => 0,
        Cell::Int(number) => number as usize,
        Cell::Real(number) => number as usize,
        Cell::Text(bytes) | Cell::Blob(bytes) => bytes.len(),
    }
}

fn plain_table(path: &std::path::Path, rows: i64) -> rusqlite::Connection {
    #[allow(
        clippy::disallowed_methods,
        reason = "the table to compare with is nobody's project"
    )]
    let connection = rusqlite::Connection::open(path).unwrap();
    let names = COLUMNS.map(|(name, ..)| name).join(", ");
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA cache_size = -16000; CREATE TABLE t({names}); BEGIN"
        ))
        .unwrap();
    let mut insert = connection
        .prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .unwrap();
    let mut row = Row::new();
    for number in 0..rows {
        row.clear();
        fill(&mut row, number, false);
        insert
            .execute(rusqlite::params_from_iter(row.cells()))
            .unwrap();
    }
    drop(insert);
    connection
        .execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    connection
}

fn plain_cells(connection: &rusqlite::Connection) -> usize {
    let mut statement = connection
        .prepare("SELECT * FROM t ORDER BY rowid")
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut sum = 0;
    while let Some(row) = rows.next().unwrap() {
        for at in 0..COLUMNS.len() {
            sum += touch(Cell::from(row.get_ref_unwrap(at)));
        }
    }
    sum
}

struct Bench {
    log: RowLog,
    project: ProjectId,
    source: SourceId,
    rows: i64,
    plain: rusqlite::Connection,
}

impl Bench {
    async fn import(&self, id: &str, changed: bool, reversed: bool) {
        let options = ImportOptions {
            key_columns: vec!["id".to_owned()],
            ..ImportOptions::new(id, Timestamp::now())
        };
        let records = Generated::new(self.rows, changed, reversed);
        let before = cpu_us();
        let outcome = self
            .log
            .import(
                &self.project,
                &self.source,
                records,
                options,
                Unwatched,
                |_| {},
            )
            .await
            .unwrap();
        let Outcome::Published(summary) = outcome else {
            panic!("not published")
        };
        let (counts, seconds) = (summary.counts, (cpu_us() - before) / 1e6);
        println!(
            "{id}: {} changed, {} moved, {seconds:.2} s, at most {:.0} MB so far",
            counts.changed,
            counts.moved,
            peak_mb()
        );
    }

    /// Measures ours and the plain table's in turn.
    async fn compare(&self, what: &str, id: &str, limit: f64) -> bool {
        let (mut ours, mut bare) = ([vec![], vec![]], [vec![], vec![]]);
        for _ in 0..=ROUNDS {
            let id = id.to_owned();
            let costs = self
                .log
                .read(&self.project, move |connection| {
                    let snapshot = rows::snapshot(connection, &id)?;
                    let (begun, mut sum) = (cpu_us(), 0);
                    rows::read(connection, &snapshot, None, None, |_, row, _| {
                        sum += row.cells().map(touch).sum::<usize>();
                        ControlFlow::Continue(())
                    })?;
                    let read = cpu_us();
                    let added: i64 = connection.query_row(SUM, [], |row| row.get(0)).unwrap();
                    std::hint::black_box((sum, added));
                    Ok([read - begun, cpu_us() - read])
                })
                .await
                .unwrap();
            let begun = cpu_us();
            let sum = plain_cells(&self.plain);
            let read = cpu_us();
            let added: i64 = self.plain.query_row(SUM, [], |row| row.get(0)).unwrap();
            std::hint::black_box((sum, added));
            for (at, cost) in costs.into_iter().enumerate() {
                ours[at].push(cost / 1e3);
            }
            bare[0].push((read - begun) / 1e3);
            bare[1].push((cpu_us() - read) / 1e3);
        }
        let mut held = true;
        for (at, (scan, limit)) in [("all cells in order", limit), ("sum of a column", 1.7)]
            .into_iter()
            .enumerate()
        {
            let (ours, bare) = (median(&ours[at]), median(&bare[at]));
            let ratio = ours / bare;
            println!(
                "{what}, {scan}: {ours:.0} ms, plain table {bare:.0} ms, ratio {ratio:.2} (at most {limit})"
            );
            held &= ratio <= limit;
        }
        held
    }

    async fn diff(&self) -> bool {
        let mut costs = Vec::new();
        for _ in 0..=ROUNDS {
            let cost = self
                .log
                .read(&self.project, |connection| {
                    let from = rows::snapshot(connection, "first")?;
                    let to = rows::snapshot(connection, "second")?;
                    let begun = cpu_us();
                    let found = rows::diff(connection, &from, &to, rows::Listing::first(10), None)?;
                    std::hint::black_box(found.changed);
                    Ok((cpu_us() - begun) / 1e3)
                })
                .await
                .unwrap();
            costs.push(cost);
        }
        let cost = median(&costs);
        // The goal is for a million rows; it is proportional to what changed.
        let limit = 50.0 * (self.rows as f64 / 1e6).max(1.0);
        println!("diff of the first two: {cost:.1} ms (at most {limit:.0})");
        cost <= limit
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let rows = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let manager = SqliteManager::open(
        Layout::new(folder.path().join("data")),
        StoreOptions::default(),
    )
    .await
    .unwrap();
    let new = NewProject {
        name: "bench".to_owned(),
        description: None,
    };
    let project: ProjectId = Projects::new(&manager)
        .create(new)
        .await
        .unwrap()
        .id
        .parse()
        .unwrap();
    let source = DataSources::new(manager.clone())
        .create(&project, NewSource::file("t"))
        .await
        .unwrap();
    let bench = Bench {
        log: RowLog::new(&manager),
        project,
        source: source.id.parse().unwrap(),
        rows,
        plain: plain_table(&folder.path().join("plain.db"), rows),
    };
    bench.import("first", false, false).await;
    let mut held = bench.compare("as imported", "first", 1.4).await;
    bench.import("second", true, false).await;
    held &= bench.compare("1 % changed", "second", 1.4).await;
    held &= bench.diff().await;
    bench.import("third", true, true).await;
    bench.compare("reversed", "third", f64::INFINITY).await;
    let peak = peak_mb();
    println!("most memory: {peak:.0} MB (at most 150)");
    if held && peak <= 150.0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
