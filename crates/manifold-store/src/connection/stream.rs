//! Rows as they come, while somebody takes them.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt as _};
use sea_orm::{DbBackend, DbErr, QueryResult, RuntimeErr, Statement, StreamTrait};

use super::{Connection, OpenFile, prepared, query_error};
use crate::lease::Lease;
use crate::metrics::{StreamMeter, Work};
use crate::sqlite::{Handle, Role};
use crate::stack::Held;

/// Rows as they come. The stream holds its connection; dropping it ends the query.
pub type Rows<'a> = Pin<Box<dyn Stream<Item = Result<QueryResult, DbErr>> + Send + 'a>>;

impl StreamTrait for Connection {
    type Stream<'a> = Rows<'a>;

    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    /// The connection is given back when the consumer has asked for no row for 30 seconds; the stream then ends
    /// with an error that names the file. The lease ends with it, unless it was used for something else meanwhile.
    fn stream_raw<'a>(
        &'a self,
        statement: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Rows<'a>, DbErr>> + Send + 'a>> {
        Box::pin(async move {
            let work = Work::of(&statement.sql);
            let role = match work {
                Work::Read => Role::Reader,
                Work::Write => Role::Writer,
            };
            let held = self.take(role).await?;
            let hold = self.meter().hold("a stream of rows");
            let sql = statement.sql.clone();
            let meter = StreamMeter::new(self.file.meter(), work, sql, Some(hold));
            let stalled = Stalled::on(&self.file);
            let rows = rows(held, statement, meter).boxed();
            Ok(Box::pin(Watched::new(rows, stalled, self.lease.clone())) as Rows<'a>)
        })
    }
}

fn rows(
    mut held: Held<Handle>,
    statement: Statement,
    mut meter: StreamMeter,
) -> impl Stream<Item = Result<QueryResult, DbErr>> + Send {
    async_stream::try_stream! {
        let (connection, guard) = held.ready_to_read().await.map_err(query_error)?;
        let mut rows = prepared(statement).fetch(connection);
        while let Some(row) = meter.next(rows.next()).await {
            let row = row.map_err(query_error).inspect_err(|error| meter.failed(error))?;
            yield QueryResult::from(row);
        }
        guard.disarm();
    }
}

/// Nobody asked a stream for its next row for too long.
#[derive(Debug, Clone, thiserror::Error)]
#[error("a query on {file} was stopped because its rows were not taken for {} s", limit.as_secs())]
pub(crate) struct Stalled {
    pub(crate) file: String,
    pub(crate) limit: Duration,
}

impl Stalled {
    pub(super) fn on(file: &OpenFile) -> Self {
        Self {
            file: file.path().display().to_string(),
            limit: file.stream_limit(),
        }
    }

    /// The error as it comes out of a stream of SeaORM's.
    pub(super) fn into_db_error(self) -> DbErr {
        let error = sqlx::Error::Io(std::io::Error::other(self));
        DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
    }

    /// Itself, if it is what an error of sqlx is about.
    pub(crate) fn of(error: &sqlx::Error) -> Option<&Self> {
        match error {
            sqlx::Error::Io(error) => error.get_ref()?.downcast_ref(),
            _ => None,
        }
    }
}

/// A stream that gives up when its consumer does not go on.
struct Watched {
    running: Arc<Mutex<Running>>,
    stalled: Option<Stalled>,
}

struct Running {
    /// `None` once it ended or was given up.
    rows: Option<Rows<'static>>,
    /// Since when the consumer has had a row and not asked for another; `None` while it waits for one.
    idle: Option<Idle>,
    lease: Option<Arc<Lease>>,
    given_up: bool,
}

struct Idle {
    since: Instant,
    /// How often the lease had been used by then.
    uses: Option<u64>,
}

impl Running {
    fn idle_from_now(&self) -> Idle {
        Idle {
            since: Instant::now(),
            uses: self.lease.as_ref().map(|lease| lease.uses()),
        }
    }
}

impl Watched {
    fn new(rows: Rows<'static>, stalled: Stalled, lease: Option<Arc<Lease>>) -> Self {
        let mut running = Running {
            rows: Some(rows),
            idle: None,
            lease,
            given_up: false,
        };
        running.idle = Some(running.idle_from_now());
        let running = Arc::new(Mutex::new(running));
        tokio::spawn(watch(Arc::downgrade(&running), stalled.limit));
        Self {
            running,
            stalled: Some(stalled),
        }
    }
}

impl Stream for Watched {
    type Item = Result<QueryResult, DbErr>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let mut running = locked(&this.running);
        let Some(rows) = &mut running.rows else {
            let stalled = this.stalled.take().filter(|_| running.given_up);
            return Poll::Ready(stalled.map(|stalled| Err(stalled.into_db_error())));
        };
        let polled = rows.poll_next_unpin(context);
        running.idle = polled.is_ready().then(|| running.idle_from_now());
        if let Poll::Ready(None) = polled {
            running.rows = None;
            running.lease = None;
        }
        polled
    }
}

/// Takes the rows away from a consumer that does not take them. Ends with the stream.
async fn watch(running: Weak<Mutex<Running>>, limit: Duration) {
    let mut rest = limit;
    loop {
        tokio::time::sleep(rest).await;
        let Some(running) = running.upgrade() else {
            return;
        };
        let mut running = locked(&running);
        if running.rows.is_none() {
            return;
        }
        let (idle, uses) = match &running.idle {
            Some(idle) => (idle.since.elapsed(), idle.uses),
            None => (Duration::ZERO, None),
        };
        if idle >= limit {
            running.given_up = true;
            let (rows, lease) = (running.rows.take(), running.lease.take());
            drop(running);
            drop(rows); // gives the connection back
            if let Some(lease) = lease
                && uses == Some(lease.uses())
            {
                lease.end();
            }
            return;
        }
        rest = limit - idle;
    }
}

fn locked(running: &Mutex<Running>) -> MutexGuard<'_, Running> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}
