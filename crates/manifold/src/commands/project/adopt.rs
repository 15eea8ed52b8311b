//! `manifold project adopt`

use std::path::PathBuf;

use clap::Args;
use manifold_store::{Projects, StoreError};
use serde_json::json;

use crate::command_error::CommandError;
use crate::session::Session;
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
project of this data folder, in use or in the trash, has it.")]
pub(crate) struct AdoptArgs {
    /// The project's file
    file: PathBuf,
    /// Another name for it
    #[arg(long, value_name = "NAME")]
    r#as: Option<String>,
}

/// Makes a copy of a file a project.
pub(super) async fn run(
    arguments: AdoptArgs,
    projects: &Projects,
    session: &Session,
) -> anyhow::Result<()> {
    let AdoptArgs { file, r#as } = arguments;
    if file.is_dir() {
        return Err(CommandError::FileIsFolder { path: file }.into());
    }
    let adopted = match projects.adopt(&file, r#as.as_deref()).await {
        Err(StoreError::NameTaken { name, id, .. }) if r#as.is_none() => {
            let path = word(&file.display().to_string());
            let command = format!("manifold project adopt {path} --as NAME");
            return Err(CommandError::NameTakenHere { name, id, command }.into());
        }
        adopted => adopted?,
    };
    let output = session.output();
    let id_in_file = adopted.id_in_file;
    let project = ProjectShape::new(adopted.project, projects);
    let new_id = project.id != id_in_file;
    let document = json!({ "project": project, "id_in_file": id_in_file, "new_id": new_id });
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
    Ok(())
}
