//! Where the rows of a source are pulled from, as its config says.
//!
//! An [`Origin`] is read from the type and the config of a source. Pulling leaves a [`Pulled`] input on the disk, which is then
//! imported as any other one; nothing of the project is touched before that.

mod database;
#[cfg(test)]
mod given;
mod http;
mod pulled;
mod section;
mod source;

use std::sync::Arc;

use entity_project::data_sources;
use entity_project::enums::SourceType;
use manifold_format::Typing;
use manifold_store::ProjectId;
use serde_json::Value as Json;

pub(crate) use database::DatabaseOrigin;
pub(crate) use http::{HttpOrigin, Position};
pub(crate) use pulled::{Pulled, Reach};
pub(crate) use source::SourceOrigin;

use crate::JobError;
use crate::import::Fetching;

/// Looks at the config of a source of this name and type before it is kept: whether rows can be pulled as it says. Nothing is
/// asked for, and secrets are not looked up. A config that says nothing yet is none to look at.
///
/// # Errors
/// [`JobError::Failed`] with the code `bad_origin`, naming the source, the key and what may stand there, and never a value;
/// `invalid_url` or `secret_literal` for an address.
pub fn check(source: &str, source_type: SourceType, config: &Json) -> Result<(), JobError> {
    if config.as_object().is_some_and(serde_json::Map::is_empty) {
        return Ok(()); // nothing is said yet
    }
    match source_type {
        SourceType::Http => HttpOrigin::of(source, config).map(drop),
        SourceType::Database | SourceType::Sqlite => {
            // A secret is the first thing to be told, whatever else is wrong.
            let members = config.as_object().into_iter().flatten();
            let texts =
                members.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
            manifold_store::refuse_secrets(&texts.collect::<Vec<_>>())?;
            DatabaseOrigin::of(source, source_type, config).map(drop)
        }
        SourceType::File => Ok(()),
    }
}

/// Where the rows of a source are pulled from.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// An address, in one answer or in pages.
    Http(HttpOrigin),
    /// A query on a database.
    Database(DatabaseOrigin),
    /// The latest snapshot of another source.
    Source(SourceOrigin),
    /// A file that tests pull.
    #[cfg(test)]
    Given(given::GivenOrigin),
}

impl Origin {
    /// What the config of a source of `project` says; `None` for a source into which files are imported.
    ///
    /// # Errors
    /// [`JobError`] with the code `bad_origin`, naming the source, the key and what may stand there.
    pub(crate) fn of(
        project: &ProjectId,
        source: &data_sources::Model,
    ) -> Result<Option<Self>, JobError> {
        match source.r#type {
            SourceType::File => {
                #[cfg(test)]
                if let Some(given) = given::GivenOrigin::of(&source.config) {
                    return Ok(Some(Self::Given(given)));
                }
                let origin = SourceOrigin::of(project, &source.name, &source.config)?;
                Ok(origin.map(Self::Source))
            }
            SourceType::Http => HttpOrigin::of(&source.name, &source.config)
                .map(Self::Http)
                .map(Some),
            SourceType::Database | SourceType::Sqlite => {
                DatabaseOrigin::of(&source.name, source.r#type, &source.config)
                    .map(Self::Database)
                    .map(Some)
            }
        }
    }

    /// What the config says about the columns.
    pub(crate) fn typing(&self) -> Typing {
        match self {
            Self::Http(origin) => origin.typing().clone(),
            Self::Database(origin) => origin.typing().clone(),
            _ => Typing::default(),
        }
    }

    /// Pulls what is there, or what came after `since`, the cursor of an earlier [`Pulled`]; `None` when nothing has changed. Cells that are one of
    /// `null_tokens` are counted.
    ///
    /// # Errors
    /// [`JobError`] with a code of its own for each thing that can be wrong on the other side; what a later attempt may find
    /// otherwise is retried.
    pub(crate) async fn pull(
        &self,
        fetching: &Fetching<'_>,
        since: Option<&Json>,
        null_tokens: &Arc<[String]>,
    ) -> Result<Option<Pulled>, JobError> {
        match self {
            Self::Http(origin) => origin.pull(fetching, since, null_tokens).await,
            Self::Database(origin) => origin.pull(fetching, since, null_tokens).await,
            Self::Source(origin) => origin.pull(fetching, since, null_tokens).await,
            #[cfg(test)]
            Self::Given(origin) => origin.pull(fetching, since).await,
        }
    }
}
