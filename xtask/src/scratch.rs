//! A database in memory, to see what migrations make.

use std::time::Duration;

use anyhow::Context;
use sea_orm::{ConnectOptions, DatabaseConnection};

use crate::schema::Schema;

/// A database with every table of a schema, gone when it is dropped.
pub(crate) struct Scratch(DatabaseConnection);

impl Scratch {
    #[expect(
        clippy::disallowed_methods,
        reason = "a migrator needs SeaORM's own connection, and there is no file to lose rows in"
    )]
    pub(crate) async fn migrated(schema: Schema) -> anyhow::Result<Self> {
        let mut options = ConnectOptions::new("sqlite::memory:");
        // Every connection would have a database of its own.
        options
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None::<Duration>)
            .max_lifetime(None::<Duration>)
            .sqlx_logging(false);
        let connection = sea_orm::Database::connect(options)
            .await
            .context("cannot open a database in memory")?;
        schema.up(&connection).await?;
        Ok(Self(connection))
    }

    /// The connection.
    pub(crate) const fn connection(&self) -> &DatabaseConnection {
        &self.0
    }
}
