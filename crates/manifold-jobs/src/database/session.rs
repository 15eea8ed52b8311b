//! A connection as its server knows it.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use tokio_util::sync::CancellationToken;

use super::{DatabaseError, Reached, Timed};

/// How long a server may take to end it; it is asked when nobody waits for much any more.
const LONGEST: Duration = Duration::from_secs(5);

/// A connection as its server knows it, so that another connection can end what it does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Session {
    /// The process of PostgreSQL.
    Postgres(i32),
    /// The connection of MySQL or MariaDB.
    MySql(u64),
}

impl Session {
    /// # Errors
    /// [`DatabaseError`].
    pub(crate) async fn of_postgres(
        connection: &mut PgConnection,
        reached: &Reached,
        timed: &Timed,
    ) -> Result<Self, DatabaseError> {
        let asked = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(connection);
        Ok(Self::Postgres(timed.answer(reached, asked).await?))
    }

    /// # Errors
    /// [`DatabaseError`].
    pub(crate) async fn of_mysql(
        connection: &mut MySqlConnection,
        reached: &Reached,
        timed: &Timed,
    ) -> Result<Self, DatabaseError> {
        let asked = sqlx::query_scalar("SELECT CAST(CONNECTION_ID() AS UNSIGNED)");
        let asked = asked.fetch_one(connection);
        Ok(Self::MySql(timed.answer(reached, asked).await?))
    }

    /// Ends it, with the statement that the server works on for it and the transaction, through a connection of its own: the same user may
    /// do that. Where it fails the server goes on until it next writes to the connection.
    pub(crate) async fn end(self, reached: &Reached) {
        if let Err(error) = self.ended(reached).await {
            tracing::warn!(url = reached.shown, %error, "what the server does for somebody who has left goes on for now");
        }
    }

    async fn ended(self, reached: &Reached) -> Result<(), DatabaseError> {
        let timed = Timed {
            cancel: CancellationToken::new(), // that of the job was cancelled, which may be why
            longest: LONGEST,
        };
        match self {
            Self::Postgres(process) => {
                let mut other = reached.postgres(&timed).await?;
                let end = sqlx::query("SELECT pg_terminate_backend($1)").bind(process);
                timed.answer(reached, end.execute(&mut other)).await?;
            }
            Self::MySql(connection) => {
                let mut other = reached.mysql(&timed).await?;
                let end = sqlx::raw_sql(AssertSqlSafe(format!("KILL {connection}")));
                timed.answer(reached, end.execute(&mut other)).await?;
            }
        }
        Ok(())
    }
}
