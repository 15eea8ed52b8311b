//! `manifold project adopt`

use std::path::{Path, PathBuf};

use clap::Args;
use manifold_jobs::jobs::AdoptProject;
use manifold_store::Projects;
use serde_json::json;

use crate::command_error::CommandError;
use crate::errors::code;
use crate::session::Session;
use crate::shapes::job::JobShape;
use crate::shapes::project::ProjectShape;
use crate::table::{printable, word};

/// Which file.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold project adopt aviation.db
  manifold project adopt /mnt/usb/aviation.db --as \"aviation 2013\"

The file is one that `manifold project export-file` wrote, or a project's file from another data folder. It is checked \
and copied, and stays as it is. A file of an older version is migrated in the copy. The project keeps its id unless a \
project of this data folder, in use or in the trash, has it.

A file whose sources hold secrets as they are is refused: a secret is never stored so. --redact-secrets puts \
${secret:NAME} in their place and says which secrets are to be set.")]
pub(crate) struct AdoptArgs {
    /// The project's file
    file: PathBuf,
    /// Another name for it
    #[arg(long, value_name = "NAME")]
    r#as: Option<String>,
    /// Put references in the place of secrets that stand in the configs of its sources, instead of refusing the file
    #[arg(long)]
    redact_secrets: bool,
    /// Only write the job down, for a worker to do
    #[arg(long)]
    detach: bool,
}

/// Makes a copy of a file a project.
pub(super) async fn run(
    arguments: AdoptArgs,
    projects: &Projects,
    session: &Session,
) -> anyhow::Result<()> {
    let AdoptArgs {
        file,
        r#as,
        redact_secrets,
        detach,
    } = arguments;
    if file.is_dir() {
        return Err(CommandError::FileIsFolder { path: file }.into());
    }
    let absolute = std::path::absolute(&file).map_err(|error| CommandError::Usage {
        message: format!("the file cannot be `{}`: {error}", file.display()),
    })?;
    let job = AdoptProject {
        file: absolute,
        name: r#as.clone(),
        redact_secrets,
    };
    if detach {
        let document = |job: &JobShape| json!({ "project": null, "job": job });
        return session.detach(&job, None, document).await;
    }
    let ran = session
        .foreground(file.display().to_string(), job, None)
        .await?;
    let output = session.output();
    let adopted = match ran.outcome {
        Ok(adopted) => adopted,
        Err(error) => {
            output.document(&json!({ "project": null, "job": ran.job }))?;
            return Err(explain(error, &file, r#as.as_deref()));
        }
    };
    let id_in_file = adopted.id_in_file;
    let project = ProjectShape::new(projects.find(&adopted.project_id).await?, projects);
    let new_id = project.id != id_in_file;
    let document = json!({
        "project": project,
        "id_in_file": id_in_file,
        "new_id": new_id,
        "redacted": adopted.redacted,
        "job": ran.job,
    });
    output.confirm(&document, || {
        format!(
            "Adopted the project {} ({}): {}.",
            printable(&project.name),
            project.id,
            project.contents()
        )
    })?;
    if new_id {
        output.note(&format!(
            "It has a new id: this data folder knows a project {}.",
            printable(&id_in_file)
        ));
    }
    for redacted in &adopted.redacted {
        output.note(&format!(
            "{} of the source {} refers to a secret now; `manifold source secret set {}` sets it.",
            printable(&redacted.key),
            printable(&redacted.source),
            redacted.secret
        ));
    }
    Ok(())
}

/// The error with the command that does it all the same, where there is one.
fn explain(error: anyhow::Error, file: &Path, name: Option<&str>) -> anyhow::Error {
    let path = word(&file.display().to_string());
    let explained = match (code(&error), name) {
        ("name_taken", None) => CommandError::NameTakenHere {
            message: error.to_string(),
            command: format!("manifold project adopt {path} --as NAME"),
        },
        ("secret_in_file", _) => CommandError::SecretInFile {
            message: error.to_string(),
            command: format!("manifold project adopt {path} --redact-secrets"),
        },
        _ => return error,
    };
    explained.into()
}
