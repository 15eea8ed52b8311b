//! An input for tests: rows of text with encodings as a reader of files would choose them.

use super::super::{
    Cell, Finished, FinishedColumn, IncomingColumn, Records, RecordsError, Rejected, Row, Step,
    StoredColumn,
};

/// One record of the input. A cell is absent or bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Record {
    Row {
        cells: Vec<Option<Vec<u8>>>,
        quirk: Option<Vec<u8>>,
    },
    Reject(Vec<u8>),
}

#[derive(Debug, Clone)]
pub(crate) struct Csvish {
    pub(crate) names: Vec<String>,
    pub(crate) records: Vec<Record>,
    /// Rows from which provisional encodings are chosen.
    pub(crate) sample: usize,
    /// Fail in place of this record.
    pub(crate) fail_at: Option<usize>,
    pub(crate) hash: Option<String>,
}

impl Csvish {
    /// One line a row, cells separated by commas; an empty cell is absent and `""` is empty text;
    /// `!x` is a rejected record.
    pub(crate) fn new(header: &str, lines: &[&str]) -> Self {
        let records = lines
            .iter()
            .map(|line| match line.strip_prefix('!') {
                Some(raw) => Record::Reject(raw.as_bytes().to_vec()),
                None => {
                    let (line, quirk) = match line.split_once('~') {
                        Some((line, quirk)) => (line, Some(quirk.as_bytes().to_vec())),
                        None => (*line, None),
                    };
                    let cell = |text: &str| match text {
                        "" => None,
                        "\"\"" => Some(Vec::new()),
                        text => Some(text.as_bytes().to_vec()),
                    };
                    Record::Row {
                        cells: line.split(',').map(cell).collect(),
                        quirk,
                    }
                }
            })
            .collect();
        Self {
            names: header.split(',').map(str::to_owned).collect(),
            records,
            sample: 256,
            fail_at: None,
            hash: None,
        }
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = (&Vec<Option<Vec<u8>>>, &Option<Vec<u8>>)> {
        self.records.iter().filter_map(|record| match record {
            Record::Row { cells, quirk } => Some((cells, quirk)),
            Record::Reject(_) => None,
        })
    }

    /// The rows as [`super::project::Project::rows`] shows them.
    pub(crate) fn shown(&self) -> Vec<String> {
        self.rows()
            .map(|(cells, _)| {
                let cells: Vec<_> = cells
                    .iter()
                    .map(|cell| cell.as_ref().map_or("NULL".into(), |b| show_bytes(b)))
                    .collect();
                cells.join(",")
            })
            .collect()
    }

    pub(crate) fn records(&self) -> CsvishRecords<'_> {
        let columns = (0..self.names.len()).map(|i| IncomingColumn {
            name: self.names[i].clone(),
            sample: self
                .rows()
                .take(256)
                .map(|(c, _)| c[i].clone().unwrap_or_default())
                .collect(),
        });
        CsvishRecords {
            input: self,
            columns: columns.collect(),
            encodings: vec![String::new(); self.names.len()],
            next: 0,
            done: false,
        }
    }

    /// Type and encoding by the first `limit` rows.
    fn verdict(&self, column: usize, limit: usize) -> (&'static str, &'static str, u64) {
        let cells: Vec<_> = self
            .rows()
            .take(limit)
            .filter_map(|(cells, _)| cells[column].as_ref())
            .collect();
        let is = |encoding: &str| {
            cells
                .iter()
                .filter(|c| matches!(encode(c, encoding), Cell::Int(_) | Cell::Real(_)))
                .count()
        };
        let odd = |n: usize| (cells.len() - n) as u64;
        let enough = |n: usize| n * 10 >= cells.len() * 7;
        match () {
            () if cells.is_empty() => ("empty", "text", 0),
            () if cells
                .iter()
                .any(|c| c.len() > 1 && c[0] == b'0' && c[1].is_ascii_digit()) =>
            {
                ("text", "text", 0)
            }
            () if enough(is("int")) => ("integer", "int", odd(is("int"))),
            () if enough(is("fixed2")) => ("decimal", "fixed2", odd(is("fixed2"))),
            () if enough(is("bool:true/false")) => {
                ("boolean", "bool:true/false", odd(is("bool:true/false")))
            }
            () => ("text", "text", 0),
        }
    }
}

pub(crate) struct CsvishRecords<'a> {
    input: &'a Csvish,
    columns: Vec<IncomingColumn>,
    pub(crate) encodings: Vec<String>,
    next: usize,
    done: bool,
}

impl Records for CsvishRecords<'_> {
    fn columns(&self) -> &[IncomingColumn] {
        &self.columns
    }

    fn adopt(&mut self, column: usize, stored: Option<StoredColumn<'_>>) -> String {
        assert!(
            self.encodings[column].is_empty(),
            "asked twice about column {column}"
        );
        let proposed = self.input.verdict(column, self.input.sample).1;
        self.encodings[column] = match stored {
            None => proposed,
            Some(StoredColumn {
                was_empty: true, ..
            }) => proposed,
            Some(StoredColumn { encoding, .. }) => match (encoding, proposed) {
                ("text", _) | (_, "text") | ("fixed2", "int") => encoding,
                _ => proposed,
            },
        }
        .to_owned();
        self.encodings[column].clone()
    }

    fn next(&mut self, row: &mut Row) -> Result<Step, RecordsError> {
        assert!(
            self.encodings.iter().all(|e| !e.is_empty()),
            "read before every column was asked for"
        );
        assert!(!self.done, "read behind the end");
        if self.input.fail_at == Some(self.next) {
            return Err(format!("line {}: the disk is gone", self.next + 2).into());
        }
        let Some(record) = self.input.records.get(self.next) else {
            self.done = true;
            return Ok(Step::End);
        };
        self.next += 1;
        row.line = self.next as u64 + 1;
        match record {
            Record::Reject(raw) => Ok(Step::Rejected(Rejected {
                line: self.next as u64 + 1,
                reason: "not a row".to_owned(),
                raw: raw.clone(),
            })),
            Record::Row { cells, quirk } => {
                for (cell, encoding) in cells.iter().zip(&self.encodings) {
                    match cell {
                        None => row.push_null(),
                        Some(bytes) => row.push(encode(bytes, encoding)),
                    }
                }
                row.quirk.clone_from(quirk);
                Ok(Step::Row)
            }
        }
    }

    fn finish(&mut self) -> Result<Finished, RecordsError> {
        assert!(self.done, "finished before the end");
        let columns: Vec<_> = (0..self.columns.len())
            .map(|column| {
                let (column_type, encoding, odd_cells) = self.input.verdict(column, usize::MAX);
                FinishedColumn {
                    column_type: column_type.to_owned(),
                    format: (column_type == "decimal").then(|| "2".to_owned()),
                    encoding: encoding.to_owned(),
                    quoting: "minimal".to_owned(),
                    odd_cells,
                    null_tokens: Vec::new(),
                    profile: None,
                }
            })
            .collect();
        let hash = format!("{:?}{:?}", self.input.names, self.input.records);
        Ok(Finished {
            odd_cells: columns.iter().map(|column| column.odd_cells).sum(),
            columns,
            dialect: serde_json::json!({ "delimiter": "," }),
            input_hash: self.input.hash.clone().unwrap_or(hash),
            input_bytes: 1,
            padded: 0,
        })
    }

    fn reencode<'a>(
        &self,
        cell: Cell<'_>,
        from: &str,
        to: &str,
        buffer: &'a mut Vec<u8>,
    ) -> Cell<'a> {
        if cell.is_null() {
            return Cell::Null;
        }
        self.render(cell, from, buffer);
        encode(buffer, to)
    }

    fn render(&self, cell: Cell<'_>, encoding: &str, out: &mut Vec<u8>) {
        match cell {
            Cell::Null => {}
            Cell::Int(1) if encoding.starts_with("bool") => out.extend(b"true"),
            Cell::Int(0) if encoding.starts_with("bool") => out.extend(b"false"),
            Cell::Int(value) => out.extend(value.to_string().bytes()),
            Cell::Real(value) => out.extend(format!("{value:.2}").bytes()),
            Cell::Text(bytes) | Cell::Blob(bytes) => out.extend(bytes),
        }
    }
}

/// The cell that stands for `bytes`; it prints back to them.
fn encode<'a>(bytes: &'a [u8], encoding: &str) -> Cell<'a> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Cell::Blob(bytes);
    };
    let number = match encoding {
        "int" | "fixed2" => {
            let int = text
                .parse::<i64>()
                .ok()
                .filter(|n| n.to_string() == text)
                .map(Cell::Int);
            let real = || {
                let real = text.parse::<f64>().ok().filter(|_| text.len() < 15)?;
                (encoding == "fixed2" && format!("{real:.2}") == text).then_some(Cell::Real(real))
            };
            int.or_else(real)
        }
        "bool:true/false" => match text {
            "true" => Some(Cell::Int(1)),
            "false" => Some(Cell::Int(0)),
            _ => None,
        },
        _ => None,
    };
    number.unwrap_or(Cell::Text(bytes))
}

fn show_bytes(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A stored cell as the text it was read from.
pub(crate) fn shown(cell: Cell<'_>, encoding: &str) -> String {
    if cell.is_null() {
        return "NULL".to_owned();
    }
    let nothing = Csvish::new("a", &[]);
    let mut out = Vec::new();
    nothing.records().render(cell, encoding, &mut out);
    show_bytes(&out)
}
