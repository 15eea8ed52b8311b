//! A query on a database.
//!
//! It is read in one transaction that cannot write, row by row into a file of this machine ([`SpooledTable`](crate::spool::SpooledTable)), which is then read as
//! often as an import needs it. What is held in memory does not grow with the rows.

mod config;
mod cursor;
mod mysql;
mod mysql_cell;
mod postgres;
mod postgres_cell;
mod spool;
mod spool_feed;
mod sqlite;
mod statement;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use entity_project::enums::SourceType;
use manifold_format::Typing;
use manifold_store::{DatabaseManager as _, Settings};
use serde_json::Value as Json;

use self::cursor::{CursorColumn, Seen};
use self::spool::Spool;
use self::spool_feed::SpoolFeed;
use self::statement::Asked;
use super::{Pulled, Reach};
use crate::database::{DatabaseError, DatabaseKind, DatabaseUrl, Timed, reach};
use crate::import::Fetching;
use crate::{JobError, Progress};

/// A query on a database, or a whole table of it.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseOrigin {
    url: DatabaseUrl,
    asked: Asked,
    cursor: Option<Box<CursorColumn>>,
    /// How long the server may take for an answer.
    timeout: Duration,
    typing: Box<Typing>,
}

/// What one pull is told to do.
struct Pull<'a> {
    asked: &'a Asked,
    cursor: Option<&'a CursorColumn>,
    /// Where the rows that are wanted begin.
    from: Option<&'a Seen>,
    timed: &'a Timed,
}

impl DatabaseOrigin {
    /// What a config says.
    ///
    /// # Errors
    /// [`JobError::Failed`] with the codes `bad_origin`, `invalid_database_url` and `secret_literal`.
    pub(super) fn of(source: &str, r#type: SourceType, config: &Json) -> Result<Self, JobError> {
        config::read(source, r#type, config)
    }

    /// What is said about the columns.
    pub(super) fn typing(&self) -> &Typing {
        &self.typing
    }

    /// Pulls the rows.
    ///
    /// # Errors
    /// [`JobError`] with the code of a [`DatabaseError`].
    pub(super) async fn pull(
        &self,
        fetching: &Fetching<'_>,
        since: Option<&Json>,
        null_tokens: &Arc<[String]>,
    ) -> Result<Option<Pulled>, JobError> {
        let layout = fetching.manager.layout();
        self.url.refuse_of_store(layout).await?;
        let before = match &self.cursor {
            Some(cursor) => cursor.before(since),
            None => None,
        };
        let start = self.cursor.as_deref().and_then(CursorColumn::start);
        let timed = Timed {
            cancel: fetching.cancel.clone(),
            longest: self.timeout,
        };
        let pull = Pull {
            asked: &self.asked,
            cursor: self.cursor.as_deref(),
            from: before.as_ref().or(start.as_ref()),
            timed: &timed,
        };
        (fetching.report)(Progress::step("connecting"));
        let settings = Settings::new(fetching.manager.core());
        let shown = self.url.shown();
        let spool = Spool::begin(
            &shown,
            layout.temporary(),
            null_tokens.clone(),
            json_reading(&self.asked),
            settings.import_max_cell().await?,
        );
        let mut feed = spool.await?;
        feed.report_to(fetching.report);
        let seen = match self.url.kind() {
            DatabaseKind::Sqlite => sqlite::pull(&self.url, &pull, &mut feed).await,
            kind => {
                let reached = reach(&self.url, layout, fetching.environment).await?;
                match kind {
                    DatabaseKind::Postgres => postgres::pull(&reached, &pull, &mut feed).await,
                    _ => mysql::pull(&reached, &pull, &mut feed).await,
                }
            }
        };
        let seen = match seen {
            Ok(seen) => seen,
            Err(error) => return Err(feed.failed(error).await.into()),
        };
        let reader = feed.finish().await?;
        let reached = seen.or_else(|| before.clone());
        let cursor = self
            .cursor
            .as_ref()
            .and_then(|cursor| reached.map(|seen| cursor.kept(seen)));
        Ok(Some(Pulled {
            reader: Box::new(reader),
            reach: match before {
                Some(_) => Reach::Since,
                None => Reach::Whole,
            },
            cursor,
            name: PathBuf::from(shown),
            files: Vec::new(),
        }))
    }
}

/// What decides, beside the bytes, which rows there are.
fn json_reading(asked: &Asked) -> Json {
    match asked {
        Asked::Table(table) => serde_json::json!({ "table": table.to_string() }),
        Asked::Query(query) => serde_json::json!({ "query": query }),
    }
}

/// The error of a column that a cursor names and the rows do not have.
fn no_cursor_column(url: &str, column: &str) -> DatabaseError {
    DatabaseError::NotFound {
        url: url.to_owned(),
        reason: format!("the rows have no column `{column}`, which the cursor names"),
    }
}
