//! One SELECT on every project, its rows gathered by project.

use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::types::ValueRef;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;

use super::answer::{Part, PartSink, WAITING_BATCHES};
use super::gather::{Gatherer, Turn};
use super::{OddCells, UserQueries, UserQuery, UserQueryError, column_types};
use crate::sandbox::QueryError;
use crate::{DatabaseManager as _, ProjectDatabase, Projects, StoreError};

/// How often a caller's wish to stop is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A column that every project answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnionColumn {
    /// Its name. Need not be unique.
    pub name: String,
    /// The recorded type of the stored column that it shows unchanged, in the first project that answers.
    pub column_type: Option<String>,
}

/// Takes the rows of several projects, those of one project together.
///
/// One that fails keeps its error and answers [`ControlFlow::Break`]; the run then ends well.
pub trait UnionSink {
    /// The columns of every row, without the project; once, before the first row.
    fn columns(&mut self, columns: &[UnionColumn]) -> ControlFlow<()>;

    /// One row of the project with this name. Texts are bytes that need not be UTF-8.
    fn row(&mut self, project: &str, values: &[ValueRef<'_>]) -> ControlFlow<()>;
}

/// How a query on every project ended.
#[derive(Debug)]
pub struct UnionDone {
    /// Rows that the sink took.
    pub rows: u64,
    /// Whether there is a row beyond the limit, or may be one after the sink's break.
    pub truncated: bool,
    /// Time from the start to the end.
    pub elapsed: Duration,
    /// Names of the projects whose rows are all in the result, in order.
    pub answered: Vec<String>,
    /// Projects whose rows are not in the result, or not all of them.
    pub left_out: Vec<LeftOut>,
    /// Columns that were read and hold cells that are not of their column's type, with the project's name.
    pub odd_cells: Vec<(String, OddCells)>,
}

/// A project whose rows are not in the result, or not all of them.
#[derive(Debug)]
pub struct LeftOut {
    /// Its name.
    pub project: String,
    /// How many of its rows are in the result: it failed after them.
    pub rows: u64,
    /// Why.
    pub why: WhyLeftOut,
}

/// Why a project's rows are not in the result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WhyLeftOut {
    /// The statement cannot run there, or failed.
    #[error(transparent)]
    Failed(UserQueryError),
    /// It answers with other columns than the first project that answered.
    #[error("it answers with the columns {}, not {} as `{first}` does; name the columns in the SELECT", found.join(", "), expected.join(", "))]
    OtherColumns {
        /// The first project that answered.
        first: String,
        /// The columns of that one.
        expected: Vec<String>,
        /// The columns of this one.
        found: Vec<String>,
    },
}

impl UserQueries {
    /// Runs one SELECT on every project and gives the rows to `sink`, on blocking threads: the projects one
    /// after the other by name, while as many as the machine has processors run ahead. Each that runs ahead
    /// keeps about a megabyte of rows at most, or four longer ones. A project where the statement cannot run
    /// does not stop the others.
    ///
    /// The limit is one of all rows and the timeout one of the whole; setting `cancel` stops it. Returns the
    /// sink.
    ///
    /// # Errors
    /// [`UserQueryError`]: the first, when no project answers; when the time is over or the query was
    /// cancelled; when the list of projects cannot be read. Nothing is changed in any case.
    pub async fn run_all<S: UnionSink + Send + 'static>(
        &self,
        query: UserQuery,
        cancel: Arc<AtomicBool>,
        sink: S,
    ) -> Result<(UnionDone, S), UserQueryError> {
        let started = Instant::now();
        let running = Running {
            halt: Arc::new(AtomicBool::new(false)),
            deadline: query
                .timeout
                .and_then(|timeout| started.checked_add(timeout)),
            places: Arc::new(Semaphore::new(self.places())),
        };
        let (turns, queue) = mpsc::channel(1);
        let gatherer = Gatherer::new(sink, query.limit, started);
        let mut gathering = tokio::task::spawn_blocking(move || gatherer.gather(queue));
        let asking = self.ask_each(&query, &running, turns);
        tokio::pin!(asking);
        let mut asked = None;
        let mut look = tokio::time::interval(LOOK_EVERY);
        let gathered = loop {
            tokio::select! {
                gathered = &mut gathering => break gathered,
                done = &mut asking, if asked.is_none() => asked = Some(done),
                _ = look.tick() => if cancel.load(Ordering::Relaxed) {
                    running.halt();
                },
            }
        };
        running.halt();
        if let Some(Err(error)) = asked {
            return Err(error.into());
        }
        match gathered {
            Ok(gathered) => gathered,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }

    /// How many projects are asked at once.
    fn places(&self) -> usize {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        processors.min(self.manager.most_open())
    }

    /// Asks the projects one after the other. They are opened in order, each before the next: the one whose
    /// turn it is never waits for a place that one with a later turn has.
    async fn ask_each(
        &self,
        query: &UserQuery,
        running: &Running,
        turns: mpsc::Sender<Turn>,
    ) -> Result<(), StoreError> {
        for row in Projects::new(&self.manager).list().await? {
            let Ok(place) = running.places.clone().acquire_owned().await else {
                return Ok(()); // the semaphore is never closed
            };
            let (parts, answer) = mpsc::channel(WAITING_BATCHES);
            let turn = Turn {
                project: row.name.clone(),
                parts: answer,
            };
            if turns.send(turn).await.is_err() {
                return Ok(()); // nobody reads any more
            }
            let id = Projects::id(&row)?;
            match running.in_time(self.manager.project(&id)).await {
                Ok(spoke) => {
                    let one = self.ask(spoke, query.clone(), running, parts, place);
                    tokio::spawn(one);
                }
                Err(error) => drop(parts.send(Part::Failed(error)).await),
            }
        }
        Ok(())
    }

    /// Asks one project and sends what it answers.
    fn ask(
        &self,
        spoke: ProjectDatabase,
        query: UserQuery,
        running: &Running,
        parts: mpsc::Sender<Part>,
        place: OwnedSemaphorePermit,
    ) -> impl Future<Output = ()> + Send + 'static {
        let queries = self.clone();
        let halt = running.halt.clone();
        let query = UserQuery {
            // One more row tells whether there is one beyond the limit.
            limit: query.limit.map(|limit| limit.saturating_add(1)),
            timeout: running.left(),
            ..query
        };
        async move {
            let _place = place;
            let ran = async {
                let types = spoke.connection().lend_reader(column_types::column_types);
                let types = types.await?.map_err(StoreError::from)?;
                let sink = PartSink::new(parts.clone(), types);
                queries.run_on(&spoke, query, halt, sink).await
            };
            let last = match ran.await {
                Ok((done, sink)) => {
                    if let Some(rest) = sink.rest() {
                        drop(parts.send(rest).await); // whoever has gone needs no rows
                    }
                    Part::Done(done.odd_cells)
                }
                Err(error) => Part::Failed(error),
            };
            drop(parts.send(last).await);
        }
    }
}

/// What the projects of one run share. Dropping it stops them.
struct Running {
    halt: Arc<AtomicBool>,
    deadline: Option<Instant>,
    places: Arc<Semaphore>,
}

impl Running {
    fn halt(&self) {
        self.halt.store(true, Ordering::Relaxed);
    }

    /// The time that is left, if it is bounded.
    fn left(&self) -> Option<Duration> {
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// What `opening` gives, unless the time is over or the run was stopped before.
    async fn in_time<T>(
        &self,
        opening: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, UserQueryError> {
        tokio::pin!(opening);
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                biased;
                opened = &mut opening => return Ok(opened?),
                _ = look.tick() => {}
            }
            if self.halt.load(Ordering::Relaxed) {
                return Err(QueryError::Cancelled.into());
            }
            if self.left().is_some_and(|left| left.is_zero()) {
                let after = Duration::ZERO; // the gatherer, which knows when all began, says how long it took
                return Err(QueryError::TimedOut { after }.into());
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.halt();
    }
}
