//! Rows of text for imports.

use manifold_store::rows::{
    Cell, Finished, FinishedColumn, IncomingColumn, Records, RecordsError, Row, Step, StoredColumn,
};

pub(crate) struct TextRecords {
    columns: Vec<IncomingColumn>,
    rows: std::vec::IntoIter<Vec<String>>,
}

impl TextRecords {
    pub(crate) fn new(columns: &[&str], rows: &[&[&str]]) -> Self {
        let column = |name: &&str| IncomingColumn {
            name: (*name).to_owned(),
            sample: Vec::new(),
        };
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.iter().map(|cell| (*cell).to_owned()).collect())
            .collect();
        Self {
            columns: columns.iter().map(column).collect(),
            rows: rows.into_iter(),
        }
    }
}

impl Records for TextRecords {
    fn columns(&self) -> &[IncomingColumn] {
        &self.columns
    }

    fn adopt(&mut self, _column: usize, _stored: Option<StoredColumn<'_>>) -> String {
        "text".to_owned()
    }

    fn next(&mut self, row: &mut Row) -> Result<Step, RecordsError> {
        let Some(cells) = self.rows.next() else {
            return Ok(Step::End);
        };
        for cell in &cells {
            row.push_text(cell.as_bytes());
        }
        Ok(Step::Row)
    }

    fn finish(&mut self) -> Result<Finished, RecordsError> {
        let column = FinishedColumn {
            column_type: "text".to_owned(),
            format: None,
            encoding: "text".to_owned(),
            quoting: "minimal".to_owned(),
            odd_cells: 0,
            null_tokens: Vec::new(),
            profile: None,
        };
        Ok(Finished {
            columns: vec![column; self.columns.len()],
            dialect: serde_json::json!({}),
            input_hash: format!("test:{}", uuid::Uuid::now_v7()),
            input_bytes: 0,
            padded: 0,
            odd_cells: 0,
        })
    }

    fn reencode<'a>(
        &self,
        cell: Cell<'_>,
        _from: &str,
        _to: &str,
        buffer: &'a mut Vec<u8>,
    ) -> Cell<'a> {
        if let Cell::Text(bytes) = cell {
            *buffer = bytes.to_vec();
        }
        Cell::Text(buffer)
    }

    fn render(&self, cell: Cell<'_>, _encoding: &str, out: &mut Vec<u8>) {
        if let Cell::Text(bytes) = cell {
            out.extend_from_slice(bytes);
        }
    }
}
