//! The databases that are tried, each with a table of its own.

use sqlx::{AssertSqlSafe, Connection as _, Row as _};

/// A database, in which a name is the test's own.
pub struct Place {
    pub kind: &'static str,
    pub url: String,
    pub table: String,
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
            _folder: folder,
        });
        places
    }

    /// Runs statements in which `{T}` stands for the table.
    pub async fn run(&self, statements: &str) {
        let statements = statements.replace("{T}", &self.table);
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
                let run = sqlx::raw_sql(AssertSqlSafe(statements.clone()))
                    .execute(&mut connection)
                    .await;
                // Tests share the table of lines, in which one may be chosen to give way to another.
                if let Err(error) = run {
                    assert!(error.to_string().contains("Deadlock"), "{error}");
                    sqlx::raw_sql(AssertSqlSafe(statements))
                        .execute(&mut connection)
                        .await
                        .unwrap();
                }
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

    /// Remembers what the table is, and the line that says so.
    pub async fn keep(&self) {
        if self.rows().await.is_empty() {
            return;
        }
        self.run(
            "CREATE TABLE {T}_kept AS SELECT * FROM {T}; \
             CREATE TABLE {T}_line AS SELECT * FROM manifold_sync WHERE target_table = '{T}'",
        )
        .await;
    }

    /// Makes the table what it was when it was kept; without that there is none.
    pub async fn put_back(&self) {
        let line = "DELETE FROM manifold_sync WHERE target_table = '{T}'";
        if self.select("SELECT 1 FROM {T}_kept").await.is_empty() {
            self.clear().await;
            if !self.select("SELECT 1 FROM manifold_sync").await.is_empty() {
                self.run(line).await;
            }
            return;
        }
        self.run(&format!(
            "DELETE FROM {{T}}; INSERT INTO {{T}} SELECT * FROM {{T}}_kept; {line}; INSERT INTO manifold_sync SELECT * FROM {{T}}_line"
        ))
        .await;
    }

    /// Removes all of it.
    pub async fn forget(&self) {
        self.put_back().await;
        self.run(
            "DROP TABLE IF EXISTS {T}; DROP TABLE IF EXISTS {T}_kept; DROP TABLE IF EXISTS {T}_line; \
             DELETE FROM manifold_sync WHERE target_table = '{T}'",
        )
        .await;
    }

    /// The rows of the table in order, cells joined by `|`, NULL as `-`; nothing when there is no table.
    pub async fn rows(&self) -> Vec<String> {
        self.select("SELECT * FROM {T}").await
    }

    pub async fn select(&self, sql: &str) -> Vec<String> {
        let sql = sql.replace("{T}", &self.table);
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
