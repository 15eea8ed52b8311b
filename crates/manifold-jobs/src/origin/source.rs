//! The latest snapshot of another source, in this project or another one.

use std::path::PathBuf;
use std::sync::Arc;

use manifold_store::rows::latest;
use manifold_store::{DataSources, ProjectId, Projects, RowLog};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{Pulled, Reach};
use crate::JobError;
use crate::import::Fetching;
use crate::sync::shown_rows;

/// The key of a config that names another source.
const FROM: &str = "from";

/// The latest snapshot of another source: as it shows its rows, dates as ISO 8601 and NULL for what stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceOrigin {
    /// The project of the source whose config names it.
    own_project: ProjectId,
    own_name: String,
    from: From,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    /// Its id or name; none: the project of the source whose config this is.
    project: Option<String>,
    /// Its id or name.
    source: String,
}

/// Which snapshot was pulled.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    project: String,
    source: String,
    snapshot: String,
}

impl SourceOrigin {
    pub(super) fn of(
        project: &ProjectId,
        name: &str,
        config: &Json,
    ) -> Result<Option<Self>, JobError> {
        let Some(from) = config.get(FROM) else {
            return Ok(None);
        };
        let from = From::deserialize(from).map_err(|error| {
            let message = format!(
                "the config of source `{name}` names no source in `{FROM}`: {error}; it is \
                 {{\"{FROM}\": {{\"project\": NAME, \"source\": NAME}}}}, and without `project` the source is in the same one"
            );
            JobError::failed("bad_origin", &message)
        })?;
        Ok(Some(Self {
            own_project: project.clone(),
            own_name: name.to_owned(),
            from,
        }))
    }

    /// One project is open at a time; the rows are on the disk when this returns.
    pub(super) async fn pull(
        &self,
        fetching: &Fetching<'_>,
        since: Option<&Json>,
        null_tokens: &Arc<[String]>,
    ) -> Result<Option<Pulled>, JobError> {
        let manager = fetching.manager;
        let project = match &self.from.project {
            None => self.own_project.clone(),
            Some(named) => Projects::id(&Projects::new(manager).find(named).await?)?,
        };
        let sources = DataSources::new(manager.clone());
        let source = sources.find(&project, &self.from.source).await?;
        if project == self.own_project && source.name == self.own_name {
            let message = format!("the rows of source `{}` come from itself", self.own_name);
            return Err(JobError::failed("bad_origin", &message));
        }
        let id = source.id.clone();
        let latest = RowLog::new(manager)
            .read(&project, move |connection| latest(connection, &id))
            .await?;
        let Some(latest) = latest else {
            let message = format!(
                "source `{}`, where the rows of `{}` come from, has no snapshot yet: import into it first",
                source.name, self.own_name
            );
            return Err(JobError::failed("no_snapshot", &message));
        };
        let cursor = json!(Cursor {
            project: project.to_string(),
            source: source.id,
            snapshot: latest.id.clone(),
        });
        if since == Some(&cursor) {
            return Ok(None);
        }
        let name = PathBuf::from(format!("{}@{}", source.name, latest.number));
        let rows = shown_rows(fetching, &project, &latest, &name, null_tokens.clone()).await?;
        Ok(Some(Pulled {
            reader: Box::new(rows),
            reach: Reach::Whole,
            cursor: Some(cursor),
            name,
            files: Vec::new(),
        }))
    }
}
