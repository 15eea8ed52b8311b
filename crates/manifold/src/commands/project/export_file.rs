//! `manifold project export-file`

use std::path::PathBuf;

use clap::Args;
use manifold_jobs::jobs::ExportProjectFile;
use manifold_store::Projects;
use serde_json::json;

use crate::command_error::CommandError;
use crate::session::Session;
use crate::shapes::job::JobShape;
use crate::table::printable;
use crate::units::size;

/// Which project, and where to.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold project export-file aviation aviation.db
  sqlite3 aviation.db .tables
  manifold --data-dir elsewhere project adopt aviation.db

The file is a SQLite database with everything that the project holds, and needs nothing beside it. It holds no \
secrets and no deleted sources. The project may be in use meanwhile.")]
pub(crate) struct ExportFileArgs {
    /// Its id, its name, or the beginning of its id
    project: String,
    /// The file to be written
    path: PathBuf,
    /// Only write the job down, for a worker to do
    #[arg(long)]
    detach: bool,
}

/// Writes a project as one file.
pub(super) async fn run(
    arguments: ExportFileArgs,
    projects: &Projects,
    session: &Session,
) -> anyhow::Result<()> {
    let ExportFileArgs {
        project,
        path,
        detach,
    } = arguments;
    let found = projects.find(&project).await?;
    if path.is_dir() {
        return Err(CommandError::FileIsFolder { path }.into());
    }
    if path.exists() {
        let question = format!("{} exists; replace it", path.display());
        session.confirm(question).await?;
    }
    let id = Projects::id(&found)?;
    let absolute = std::path::absolute(&path).map_err(|error| CommandError::Usage {
        message: format!("the file cannot be `{}`: {error}", path.display()),
    })?;
    let job = ExportProjectFile {
        project_id: id.clone(),
        path: absolute,
    };
    if detach {
        let document = |job: &JobShape| json!({ "export": null, "job": job });
        return session.detach(&job, Some(id), document).await;
    }
    let title = format!("export of {}", found.name);
    let ran = session.foreground(title, job, Some(id)).await?;
    let output = session.output();
    let size_bytes = match ran.outcome {
        Ok(written) => written.size_bytes,
        Err(error) => {
            output.document(&json!({ "export": null, "job": ran.job }))?;
            return Err(error);
        }
    };
    let document = json!({
        "export": { "path": path, "project_id": found.id, "size_bytes": size_bytes },
        "job": ran.job,
    });
    output.confirm(&document, || {
        format!(
            "Exported the project {} to {} ({}).",
            printable(&found.name),
            path.display(),
            size(size_bytes)
        )
    })?;
    Ok(())
}
