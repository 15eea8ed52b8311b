//! What was pulled, ready to be read.

use std::path::PathBuf;

use manifold_format::{ByteProgress, Decision, Rows, Table, Typing};
use tempfile::TempPath;

use crate::JobError;
use crate::import::{ImportFileError, TableInput, blocking, check_typing};
use crate::origin::{Pulled, Reach};

/// The table that was pulled, ready to be read once.
pub(super) struct Came {
    pub(super) format: &'static str,
    table: Table,
    /// `None` once they were read.
    pub(super) rows: Option<Box<dyn Rows>>,
    decisions: Vec<Decision>,
    progress: ByteProgress,
    pub(super) reach: Reach,
    pub(super) name: PathBuf,
    pub(super) files: Vec<TempPath>,
    pub(super) warnings: Vec<String>,
}

impl Came {
    /// The table that was asked for.
    pub(super) async fn of(pulled: Pulled) -> Result<Self, JobError> {
        let mut reader = pulled.reader;
        let tables = reader.tables();
        let wanted = tables.iter().position(|table| table.name.is_none());
        let wanted = wanted.unwrap_or(0);
        let mut warnings = Vec::new();
        if tables.len() > 1 {
            warnings.push(format!(
                "{} tables came, and one of them is synced",
                tables.len()
            ));
        }
        let Some(table) = tables.get(wanted).cloned() else {
            return Err(JobError::failed("no_table", &"what came has no table"));
        };
        let path = pulled.name.clone();
        let (reader, rows) = blocking(move || {
            let rows = reader.rows(wanted);
            let rows = rows.map_err(|error| ImportFileError::read(&path, error))?;
            Ok((reader, rows))
        })
        .await?;
        Ok(Self {
            format: reader.format(),
            table,
            rows: Some(rows),
            decisions: reader.decisions().to_vec(),
            progress: reader.progress(),
            reach: pulled.reach,
            name: pulled.name,
            files: pulled.files,
            warnings,
        })
    }

    /// Refuses what is said about columns that did not come.
    pub(super) fn check(&self, typing: &Typing) -> Result<(), ImportFileError> {
        check_typing(typing, &std::iter::once(&self.table), &self.name)
    }

    /// The names of its columns.
    pub(super) fn columns(&self) -> Vec<String> {
        let columns = self.table.columns.iter();
        columns.map(|column| column.name.clone()).collect()
    }

    /// Its rows as they came.
    pub(super) fn input(&mut self) -> Result<TableInput, JobError> {
        let rows = self.rows.take().ok_or_else(|| {
            JobError::failed("defect", &"rows that came were read before; report this")
        })?;
        Ok(TableInput {
            table: self.table.clone(),
            rows,
            decisions: std::mem::take(&mut self.decisions),
            progress: self.progress.clone(),
            kept: None,
        })
    }
}
