//! A connection as its server knows it.

use std::time::Duration;

use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};
use tokio_util::sync::CancellationToken;

use super::{DatabaseError, Reached, Timed};

/// How long a server may take to end a statement; it is asked when nobody waits for much any more.
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

    /// Ends the statement that the server works on for it, if there is one, through a connection of its own. The same user may do that.
    ///
    /// # Errors
    /// [`DatabaseError`]; the statement goes on then, and the server ends the transaction after it.
    pub(crate) async fn end_statement(self, reached: &Reached) -> Result<(), DatabaseError> {
        let timed = Timed {
            cancel: CancellationToken::new(), // it was cancelled already, which is why
            longest: LONGEST,
        };
        match self {
            Self::Postgres(process) => {
                let mut other = reached.postgres(&timed).await?;
                let end = sqlx::query("SELECT pg_cancel_backend($1)").bind(process);
                timed.answer(reached, end.execute(&mut other)).await?;
                timed.answer(reached, other.close()).await
            }
            Self::MySql(connection) => {
                let mut other = reached.mysql(&timed).await?;
                let end = sqlx::raw_sql(AssertSqlSafe(format!("KILL QUERY {connection}")));
                timed.answer(reached, end.execute(&mut other)).await?;
                timed.answer(reached, other.close()).await
            }
        }
    }
}
