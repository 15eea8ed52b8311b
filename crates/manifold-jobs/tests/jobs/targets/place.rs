//! The databases that are tried, each with a table of its own.

use sqlx::{AssertSqlSafe, Connection as _, Row as _};

/// A database, in which a name is the test's own.
pub struct Place {
    pub kind: &'static str,
    pub url: String,
    pub table: String,
    schema: Option<String>,
    _folder: tempfile::TempDir,
}

impl Place {
    /// Every database that can be reached: SQLite always, servers where the variables name them. Others are told on stderr.
    #[expect(
        clippy::print_stderr,
        reason = "who runs the tests must know what was not tried"
    )]
    pub fn all(test: &str) -> Vec<Self> {
        let mut places = Vec::new();
        for (kind, variable) in [
            ("postgres", "MANIFOLD_TEST_POSTGRES_URL"),
            ("mysql", "MANIFOLD_TEST_MYSQL_URL"),
        ] {
            #[expect(
                clippy::disallowed_methods,
                reason = "tests are told where servers are"
            )]
            match std::env::var(variable) {
                Ok(url) => places.push(Self {
                    kind,
                    url,
                    table: format!("manifold_target_{test}_{}", std::process::id()),
                    schema: None,
                    _folder: tempfile::tempdir().unwrap(),
                }),
                Err(_) => eprintln!("skipped {test} with {kind}: {variable} names no server"),
            }
        }
        let folder = tempfile::tempdir().unwrap();
        places.push(Self {
            kind: "sqlite",
            url: format!("sqlite:{}", folder.path().join("there.db").display()),
            table: "there".to_owned(),
            schema: None,
            _folder: folder,
        });
        places
    }

    fn named(&self, statements: &str) -> String {
        let schema = self.schema.as_ref();
        let schema = schema.map_or_else(String::new, |schema| format!("{schema}."));
        statements
            .replace("{T}", &self.table)
            .replace("{S}", &schema)
    }

    /// Runs statements in which `{T}` stands for the table, and `{S}` for what is before the name of another one beside it.
    pub async fn run(&self, statements: &str) {
        let statements = self.named(statements);
        match self.kind {
            "postgres" => {
                let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(statements))
                    .execute(&mut connection)
                    .await
                    .unwrap();
            }
            "mysql" => {
                let mut connection = sqlx::MySqlConnection::connect(&self.url).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(statements))
                    .execute(&mut connection)
                    .await
                    .unwrap();
            }
            _ => {
                let path = self.url.strip_prefix("sqlite:").unwrap();
                rusqlite::Connection::open(path)
                    .unwrap()
                    .execute_batch(&statements)
                    .unwrap();
            }
        }
    }

    /// Keeps everybody else from writing to the table until the answer is dropped; `None` for a file.
    pub async fn hold(&self) -> Option<Box<dyn std::any::Any>> {
        let table = &self.table;
        match self.kind {
            "postgres" => {
                let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
                let lock = format!("BEGIN; LOCK TABLE {table} IN ROW EXCLUSIVE MODE");
                let lock = sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut connection);
                lock.await.unwrap();
                Some(Box::new(connection))
            }
            "mysql" => {
                let mut connection = sqlx::MySqlConnection::connect(&self.url).await.unwrap();
                let lock = format!("START TRANSACTION; SELECT * FROM {table} FOR UPDATE");
                let lock = sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut connection);
                lock.await.unwrap();
                Some(Box::new(connection))
            }
            _ => None,
        }
    }

    /// How many statements about the table others run now.
    pub async fn running(&self) -> usize {
        let sql = match self.kind {
            "postgres" => {
                "SELECT pid::text FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%{T}%'"
            }
            _ => {
                "SELECT CAST(id AS CHAR) FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND info LIKE '%{T}%'"
            }
        };
        self.select(sql).await.len()
    }

    pub async fn clear(&self) {
        self.run("DROP TABLE IF EXISTS {T}").await;
    }

    /// The same, with each table in a schema of its own, and so with its own table of lines: what locks all lines is nothing to others.
    pub async fn apart(test: &str) -> Vec<Self> {
        let mut places = Self::all(test);
        for place in &mut places {
            if place.kind != "sqlite" {
                let schema = std::mem::take(&mut place.table);
                place.schema = Some(schema.clone());
                place.forget().await; // of a test that failed
                place.run(&format!("CREATE SCHEMA {schema}")).await;
                place.table = format!("{schema}.there");
            }
        }
        places
    }

    /// Remembers what the table is, and the line that says so.
    pub async fn keep(&self) {
        if self.rows().await.is_empty() {
            return;
        }
        self.run(
            "CREATE TABLE {T}_kept AS SELECT * FROM {T}; \
             CREATE TABLE {T}_line AS SELECT * FROM {S}manifold_sync",
        )
        .await;
    }

    /// Makes the table what it was when it was kept; without that there is none.
    pub async fn put_back(&self) {
        if self.select("SELECT 1 FROM {T}_kept").await.is_empty() {
            self.run("DROP TABLE IF EXISTS {T}; DROP TABLE IF EXISTS {S}manifold_sync")
                .await;
            return;
        }
        self.run(
            "DELETE FROM {T}; INSERT INTO {T} SELECT * FROM {T}_kept; \
             DELETE FROM {S}manifold_sync; INSERT INTO {S}manifold_sync SELECT * FROM {T}_line",
        )
        .await;
    }

    /// Removes all of it.
    pub async fn forget(&self) {
        match (self.kind, &self.schema) {
            ("postgres", Some(schema)) => {
                self.run(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE"))
                    .await;
            }
            (_, Some(schema)) => self.run(&format!("DROP SCHEMA IF EXISTS {schema}")).await,
            (_, None) => {}
        }
    }

    /// The rows of the table in order, cells joined by `|`, NULL as `-`; nothing when there is no table.
    pub async fn rows(&self) -> Vec<String> {
        self.select("SELECT * FROM {T}").await
    }

    pub async fn select(&self, sql: &str) -> Vec<String> {
        let sql = self.named(sql);
        let mut rows: Vec<String> = match self.kind {
            "postgres" => {
                let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
                let found = sqlx::raw_sql(AssertSqlSafe(sql))
                    .fetch_all(&mut connection)
                    .await;
                let cell = |row: &sqlx::postgres::PgRow, index| {
                    row.try_get_unchecked::<Option<String>, _>(index).unwrap()
                };
                let found = found.unwrap_or_default();
                found
                    .iter()
                    .map(|row| joined((0..row.len()).map(|index| cell(row, index))))
                    .collect()
            }
            "mysql" => {
                let mut connection = sqlx::MySqlConnection::connect(&self.url).await.unwrap();
                let found = sqlx::raw_sql(AssertSqlSafe(sql))
                    .fetch_all(&mut connection)
                    .await;
                let cell = |row: &sqlx::mysql::MySqlRow, index| {
                    row.try_get_unchecked::<Option<String>, _>(index).unwrap()
                };
                let found = found.unwrap_or_default();
                found
                    .iter()
                    .map(|row| joined((0..row.len()).map(|index| cell(row, index))))
                    .collect()
            }
            _ => {
                let path = self.url.strip_prefix("sqlite:").unwrap();
                let connection = rusqlite::Connection::open(path).unwrap();
                let Ok(mut statement) = connection.prepare(&sql) else {
                    return Vec::new();
                };
                let width = statement.column_count();
                let rows = statement.query_map([], |row| {
                    let cells = (0..width).map(|index| match row.get_ref(index).unwrap() {
                        rusqlite::types::ValueRef::Null => None,
                        rusqlite::types::ValueRef::Integer(number) => Some(number.to_string()),
                        rusqlite::types::ValueRef::Real(number) => Some(number.to_string()),
                        rusqlite::types::ValueRef::Text(text) => {
                            Some(String::from_utf8_lossy(text).into_owned())
                        }
                        rusqlite::types::ValueRef::Blob(bytes) => Some(format!("{bytes:?}")),
                    });
                    Ok(joined(cells))
                });
                rows.unwrap().map(Result::unwrap).collect()
            }
        };
        rows.sort();
        rows
    }
}

fn joined(cells: impl Iterator<Item = Option<String>>) -> String {
    let cells: Vec<_> = cells
        .map(|cell| cell.unwrap_or_else(|| "-".to_owned()))
        .collect();
    cells.join("|")
}
