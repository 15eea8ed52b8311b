//! Follows an import on behalf of a job.

use std::ops::ControlFlow;

use super::Fence;
use crate::StoreError;
use crate::rows::{GuardError, Watch};

/// Follows an import: tells a closure how many rows were read, which cancels the import by `Break`, and
/// checks a fence in every transaction that writes.
#[derive(Debug)]
pub struct JobWatch<F> {
    fence: Option<Fence>,
    rows: F,
}

impl<F: FnMut(u64) -> ControlFlow<()>> JobWatch<F> {
    /// For an import that may write while `fence` holds.
    pub fn fenced(fence: Fence, rows: F) -> Self {
        Self {
            fence: Some(fence),
            rows,
        }
    }

    /// For a dry run: whatever it tries to write is refused.
    pub fn reading(rows: F) -> Self {
        Self { fence: None, rows }
    }
}

impl<F: FnMut(u64) -> ControlFlow<()>> Watch for JobWatch<F> {
    fn rows(&mut self, done: u64) -> ControlFlow<()> {
        (self.rows)(done)
    }

    fn guard(&self, connection: &rusqlite::Connection) -> Result<(), GuardError> {
        match &self.fence {
            Some(fence) => Ok(fence.guard(connection)?),
            None => Err(StoreError::ReadOnly { path: None }.into()),
        }
    }
}
