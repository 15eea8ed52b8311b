//! The databases that are tried, each with a table of its own.

use std::path::PathBuf;

use serde_json::{Value as Json, json};
use sqlx::AssertSqlSafe;
use sqlx::Connection as _;

use crate::database::DatabaseKind;

/// A database, in which a name is the test's own.
pub(super) struct Place {
    pub(super) kind: DatabaseKind,
    pub(super) url: String,
    pub(super) table: String,
    folder: tempfile::TempDir,
}

impl Place {
    /// Every database that can be reached: SQLite always, servers where the variables name them. Others are told on stderr.
    pub(super) fn all(test: &str) -> Vec<Self> {
        let mut places: Vec<_> = [DatabaseKind::Postgres, DatabaseKind::MySql]
            .into_iter()
            .filter_map(|kind| Self::server(kind, test))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        places.push(Self {
            kind: DatabaseKind::Sqlite,
            url: format!("sqlite:{}", folder.path().join("there.db").display()),
            table: "t".to_owned(),
            folder,
        });
        places
    }

    /// A server, if its variable names one.
    pub(super) fn server(kind: DatabaseKind, test: &str) -> Option<Self> {
        let variable = match kind {
            DatabaseKind::Postgres => "MANIFOLD_TEST_POSTGRES_URL",
            _ => "MANIFOLD_TEST_MYSQL_URL",
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "tests are told where servers are"
        )]
        let Ok(url) = std::env::var(variable) else {
            eprintln!("skipped {test} with {kind:?}: {variable} names no server");
            return None;
        };
        let table = format!("manifold_pull_{test}_{}", std::process::id());
        let folder = tempfile::tempdir().unwrap();
        Some(Self {
            kind,
            url,
            table,
            folder,
        })
    }

    /// Runs statements in which `T` stands for the table.
    pub(super) async fn run(&self, statements: &str) {
        let statements = statements.replace("{T}", &self.table);
        match self.kind {
            DatabaseKind::Postgres => {
                let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
                let run = sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection);
                run.await.unwrap();
            }
            DatabaseKind::MySql => {
                let mut connection = sqlx::MySqlConnection::connect(&self.url).await.unwrap();
                let run = sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection);
                run.await.unwrap();
            }
            DatabaseKind::Sqlite => {
                let connection = rusqlite::Connection::open(self.path()).unwrap();
                connection.execute_batch(&statements).unwrap();
            }
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("there.db")
    }

    /// The config of a source that pulls the whole table, with these members besides.
    pub(super) fn config(&self, more: &Json) -> Json {
        let mut config = json!({ "url": self.url, "table": self.table });
        if more.get("query").is_some() {
            config.as_object_mut().unwrap().remove("table");
        }
        for (key, value) in more.as_object().unwrap() {
            let value = match value {
                Json::String(text) => Json::String(text.replace("{T}", &self.table)),
                value => value.clone(),
            };
            config[key] = value;
        }
        config
    }

    pub(super) async fn drop_table(&self) {
        self.run("DROP TABLE IF EXISTS {T}").await;
    }
}
