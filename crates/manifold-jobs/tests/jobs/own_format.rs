//! A format that this crate does not know, through the public traits.

use manifold_format::{
    Encoding, Item, ReadError, Reader, Record, Reference, RejectReason, Rows, Table, TableEvidence,
    TableSummary, TypedCell,
};
use manifold_jobs::import::{ImportTarget, Imported, TableNaming, TablesTarget, import_tables};
use manifold_jobs::{Job, JobContext, JobError, Observer, run_foreground};
use manifold_store::{ImportSource, Relationships};
use serde::{Deserialize, Serialize};

use crate::store::Store;

/// The squares of the numbers up to `last`, and of each the divisors.
struct Squares {
    last: u64,
    tables: Vec<Table>,
}

/// The rows of one of the two tables.
struct SquareRows {
    rows: Vec<(u64, u64)>,
    at: usize,
    names: [&'static str; 2],
    evidence: TableEvidence,
    encodings: Vec<Encoding>,
    rejected: u64,
}

const NAMES: [[&str; 2]; 2] = [["n", "square"], ["n", "divisor"]];

impl Squares {
    fn new(last: u64) -> Self {
        let tables = (0..2).map(|table| {
            let rows = SquareRows::new(last, table);
            let reference = Reference {
                columns: vec!["n".to_owned()],
                table: 0,
                to_columns: vec!["n".to_owned()],
            };
            Table {
                name: (table == 1).then(|| "divisors".to_owned()),
                columns: rows.columns(),
                references: if table == 1 {
                    vec![reference]
                } else {
                    Vec::new()
                },
                reading: serde_json::json!({}),
            }
        });
        let tables = tables.collect();
        Self { last, tables }
    }
}

impl Reader for Squares {
    fn format(&self) -> &'static str {
        "squares"
    }

    fn tables(&self) -> &[Table] {
        &self.tables
    }

    fn rows(&mut self, table: usize) -> Result<Box<dyn Rows>, ReadError> {
        Ok(Box::new(SquareRows::new(self.last, table)))
    }
}

impl SquareRows {
    fn new(last: u64, table: usize) -> Self {
        let rows = (1..=last).flat_map(|n| {
            let divisors = (1..=n).filter(move |divisor| n % divisor == 0);
            let divisors = divisors.map(move |divisor| (n, divisor));
            let squares = std::iter::once((n, n * n));
            squares
                .filter(move |_| table == 0)
                .chain(divisors.filter(move |_| table == 1))
        });
        Self {
            rows: rows.collect(),
            at: 0,
            names: NAMES[table],
            evidence: TableEvidence::new(2),
            encodings: vec![Encoding::Int; 2],
            rejected: 0,
        }
    }

    fn columns(&self) -> Vec<manifold_format::Column> {
        let mut evidence = TableEvidence::new(2);
        evidence.count(0, TypedCell::Number(b"1"));
        evidence.count(1, TypedCell::Number(b"1"));
        evidence.end_row();
        evidence.proposed(
            self.names
                .iter()
                .map(|name| name.as_bytes().to_vec())
                .collect(),
        )
    }
}

impl Rows for SquareRows {
    fn set_encodings(&mut self, encodings: &[Encoding]) -> Result<(), ReadError> {
        self.encodings = encodings.to_vec();
        Ok(())
    }

    fn next(&mut self, record: &mut Record) -> Result<Item, ReadError> {
        let Some(&(n, value)) = self.rows.get(self.at) else {
            return Ok(Item::End);
        };
        self.at += 1;
        if value == 49 {
            self.rejected += 1;
            record.reject(n, RejectReason::Other("seven is not liked"), b"49");
            return Ok(Item::Rejected);
        }
        record.begin(n);
        for (column, number) in [n, value].into_iter().enumerate() {
            let digits = number.to_string();
            let cell = TypedCell::Number(digits.as_bytes());
            self.evidence.count(column, cell);
            record.push(cell, self.encodings[column])?;
        }
        self.evidence.end_row();
        Ok(Item::Row)
    }

    fn finish(&mut self) -> Result<TableSummary, ReadError> {
        let columns = self.evidence.verdicts();
        Ok(TableSummary {
            odd_cells: columns.iter().map(|column| column.odd_cells).sum(),
            columns,
            dialect: serde_json::json!({ "made_by": "a test" }),
            rows: self.evidence.rows(),
            rejected: self.rejected,
            padded: 0,
            mended: 0,
            bytes: 0,
            hash: blake3::hash(format!("{:?}", self.rows).as_bytes()),
        })
    }
}

#[derive(Serialize, Deserialize)]
struct ImportSquares {
    last: u64,
    target: ImportTarget,
}

impl Job for ImportSquares {
    const KIND: &'static str = "import_squares";

    type Output = Imported;

    async fn run(&self, context: &JobContext) -> Result<Imported, JobError> {
        let into = TablesTarget {
            target: self.target.clone(),
            naming: TableNaming::UnderSource,
            tables: Vec::new(),
            path: "the numbers".into(),
            file_name: "numbers".to_owned(),
        };
        import_tables(context, Box::new(Squares::new(self.last)), &into).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_format_of_ones_own_is_imported_like_any_other() {
    let store = Store::new().await;
    let import = async |last| {
        let job = ImportSquares {
            last,
            target: ImportTarget {
                project_id: store.project.clone(),
                source: ImportSource::Named("squares".to_owned()),
                key_columns: vec!["n".to_owned(), "square".to_owned()],
                always: false,
                typing: Default::default(),
                renames: Vec::new(),
            },
        };
        let project = Some(store.project.clone());
        let finished = run_foreground(&store.manager, job, project, Observer::default()).await;
        finished.unwrap().outcome.unwrap()
    };
    let first = import(8).await;
    assert_eq!((first.row_count, first.rejected), (7, 1));
    assert_eq!(first.columns[1].column_type, "integer");
    assert_eq!(store.rows(&first.snapshot_id).await[6], "8|64");
    assert_eq!(store.rows(&first.further[0].snapshot_id).await.len(), 20);
    let related = Relationships::new(store.manager.clone());
    let related = related.list(&store.project, None).await.unwrap();
    assert_eq!(related[0].name, "squares.divisors (n) to squares");

    assert!(import(8).await.unchanged);
    let second = import(9).await;
    assert_eq!((second.number, second.added, second.removed), (2, 1, 0));
    assert_eq!(store.history().await.last().unwrap().format, "squares");
}
