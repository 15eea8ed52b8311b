//! Gathers the answers of the projects, in their order.

use std::ops::ControlFlow;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::UserQueryError;
use super::answer::{Batch, Part};
use super::union::{LeftOut, UnionColumn, UnionDone, UnionSink, WhyLeftOut};
use crate::sandbox::QueryError;

/// A project and its answer, part by part.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) project: String,
    pub(super) parts: mpsc::Receiver<Part>,
}

/// Takes the turns one after the other.
pub(super) struct Gatherer<S> {
    sink: S,
    limit: Option<u64>,
    started: Instant,
    /// The first project that answered, and the names of its columns.
    first: Option<(String, Vec<String>)>,
    done: UnionDone,
}

/// How one project's answer ended.
enum Ended {
    /// The next one's turn.
    Next,
    /// There is no place for more rows.
    Full,
}

impl<S: UnionSink> Gatherer<S> {
    pub(super) fn new(sink: S, limit: Option<u64>, started: Instant) -> Self {
        Self {
            sink,
            limit,
            started,
            first: None,
            done: UnionDone {
                rows: 0,
                truncated: false,
                elapsed: std::time::Duration::ZERO,
                answered: Vec::new(),
                left_out: Vec::new(),
                odd_cells: Vec::new(),
            },
        }
    }

    /// Blocks until every turn is taken, or no more rows are wanted.
    ///
    /// # Errors
    /// That of the whole: the time is over, it was cancelled, the statement is none, or no project answered.
    pub(super) fn gather(
        mut self,
        mut queue: mpsc::Receiver<Turn>,
    ) -> Result<(UnionDone, S), UserQueryError> {
        while let Some(turn) = queue.blocking_recv() {
            if matches!(self.take(turn)?, Ended::Full) {
                self.done.truncated = true;
                break;
            }
        }
        if self.done.answered.is_empty() && !self.done.truncated {
            let failed = self
                .done
                .left_out
                .iter()
                .position(|left_out| matches!(left_out.why, WhyLeftOut::Failed(_)));
            if let Some(first) = failed
                && let WhyLeftOut::Failed(error) = self.done.left_out.swap_remove(first).why
            {
                return Err(error);
            }
        }
        self.done.elapsed = self.started.elapsed();
        Ok((self.done, self.sink))
    }

    fn take(&mut self, turn: Turn) -> Result<Ended, UserQueryError> {
        let Turn { project, mut parts } = turn;
        let before = self.done.rows;
        let mut width = 0;
        while let Some(part) = parts.blocking_recv() {
            match part {
                Part::Columns(columns) => {
                    width = columns.len();
                    if let Some(why) = self.other_columns(&columns) {
                        self.leave_out(project, 0, why);
                        return Ok(Ended::Next); // dropping the parts stops it
                    }
                    if self.first.is_none() {
                        let names = columns.iter().map(|column| column.name.clone());
                        self.first = Some((project.clone(), names.collect()));
                        if self.sink.columns(&columns).is_break() {
                            return Ok(Ended::Full);
                        }
                    }
                }
                Part::Rows(rows) => {
                    if self.rows(&project, &rows, width).is_break() {
                        return Ok(Ended::Full);
                    }
                }
                Part::Done(odd_cells) => {
                    let named = odd_cells.into_iter().map(|odd| (project.clone(), odd));
                    self.done.odd_cells.extend(named);
                    self.done.answered.push(project);
                    return Ok(Ended::Next);
                }
                Part::Failed(error) => {
                    let error = self.of_the_whole(error)?;
                    let rows = self.done.rows - before;
                    self.leave_out(project, rows, WhyLeftOut::Failed(error));
                    return Ok(Ended::Next);
                }
            }
        }
        // Who asked it has gone without a word: the run is being dropped.
        Err(QueryError::Cancelled.into())
    }

    fn rows(&mut self, project: &str, rows: &Batch, width: usize) -> ControlFlow<()> {
        for row in rows.rows(width) {
            if self.limit.is_some_and(|limit| self.done.rows >= limit) {
                return ControlFlow::Break(());
            }
            self.done.rows += 1;
            self.sink.row(project, &row)?;
        }
        ControlFlow::Continue(())
    }

    fn leave_out(&mut self, project: String, rows: u64, why: WhyLeftOut) {
        self.done.left_out.push(LeftOut { project, rows, why });
    }

    fn other_columns(&self, columns: &[UnionColumn]) -> Option<WhyLeftOut> {
        let (first, expected) = self.first.as_ref()?;
        let same = columns.iter().map(|column| &column.name).eq(expected);
        (!same).then(|| WhyLeftOut::OtherColumns {
            first: first.clone(),
            expected: expected.clone(),
            found: columns.iter().map(|column| column.name.clone()).collect(),
        })
    }

    /// The error as one of this project; `Err` when it is one of the whole query.
    fn of_the_whole(&self, error: UserQueryError) -> Result<UserQueryError, UserQueryError> {
        match error {
            UserQueryError::Query(QueryError::TimedOut { .. }) => Err(QueryError::TimedOut {
                after: self.started.elapsed(),
            }
            .into()),
            UserQueryError::Query(
                QueryError::Cancelled
                | QueryError::NoStatement
                | QueryError::SeveralStatements { .. }
                | QueryError::NotSelect { .. }
                | QueryError::Parameter(_),
            ) => Err(error),
            _ => Ok(error),
        }
    }
}
