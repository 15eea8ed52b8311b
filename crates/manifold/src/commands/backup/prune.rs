//! `manifold backup prune`

use std::collections::HashMap;

use clap::Args;
use manifold_jobs::backup::{self, Fate, Weighed};
use manifold_jobs::jobs::PruneBackups;
use manifold_store::{ProjectId, Projects};
use serde_json::{Value as Json, json};

use crate::command_error::CommandError;
use crate::keep::KeepFlags;
use crate::session::Session;
use crate::shapes::backup::BackupShape;
use crate::shapes::job::JobShape;
use crate::table::{self, Align};
use crate::units::{self, count};

/// What to keep.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold backup prune aviation --keep-last 3 --dry-run
  manifold backup prune --keep-daily 7 --keep-weekly 4 --keep-monthly 12 --yes

Each project is looked at by itself, the backups of the whole store likewise, and backups without data apart from those with all \
rows. Only backups that were verified count, and only such are deleted; the newest of them always stays. When the last backup of a project has failed, none of it is deleted.")]
pub(crate) struct PruneArgs {
    /// The project: its id, its name, or the beginning of its id [default: all, also those that are gone, and the whole store]
    project: Option<String>,
    #[command(flatten)]
    keep: KeepFlags,
    /// Say what would be done and why, without doing it
    #[arg(long)]
    dry_run: bool,
    /// Only write the job down, for a worker to do
    #[arg(long, conflicts_with = "dry_run")]
    detach: bool,
}

/// The backups of one project and what becomes of them, or the one that failed last.
type Weighing = Result<Vec<(BackupShape, Fate)>, Box<BackupShape>>;

/// Deletes the backups that the policy does not keep.
pub(super) async fn run(arguments: PruneArgs, session: &Session) -> anyhow::Result<()> {
    let keep = arguments.keep.policy()?;
    let store = session.store().await?;
    let projects = Projects::new(&store);
    let project_id: Option<ProjectId> = match &arguments.project {
        Some(project) => Some(Projects::id(&projects.find(project).await?)?),
        None => None,
    };
    let listed = projects.list().await?;
    let names: HashMap<_, _> = listed.into_iter().map(|row| (row.id, row.name)).collect();
    let shape = |row: entity_core::backups::Model| {
        let id = row.project_id.as_ref();
        let name = id.and_then(|id| names.get(id)).cloned();
        BackupShape::new(row, name)
    };
    let job = PruneBackups {
        project_id: project_id.clone(),
        store: false,
        keep,
    };
    let weighed = backup::survey(&store, &session.places()?, job.of(), &keep).await?;
    let weighed: Vec<Weighing> = weighed
        .into_iter()
        .map(|project| match project {
            Ok(backups) => Ok(backups
                .into_iter()
                .map(|Weighed { backup, fate }| (shape(backup), fate))
                .collect()),
            Err(failed) => Err(Box::new(shape(*failed))),
        })
        .collect();
    let gone = going(&weighed).count();
    let output = session.output();
    if arguments.dry_run {
        let document = document(&weighed, |_| true);
        output.show(&json!({ "plan": document }), || listing(&weighed))?;
        let bytes: u64 = going(&weighed).filter_map(|backup| backup.size_bytes).sum();
        output.note(&format!(
            "{} would be deleted: {}. Nothing was changed.",
            backups_of(gone),
            units::size(bytes)
        ));
        return refused(&weighed);
    }
    if gone > 0 {
        let question = format!("Delete {}", backups_of(gone));
        session.confirm(question).await?;
    }
    if arguments.detach {
        let document = |job: &JobShape| json!({ "job": job });
        return session.detach(&job, project_id, document).await;
    }
    let ran = session
        .foreground("pruning of backups".to_owned(), job, project_id)
        .await?;
    let pruned = match ran.outcome {
        Ok(pruned) => pruned,
        Err(error) => {
            output.document(&json!({ "job": ran.job }))?;
            return Err(error);
        }
    };
    let deleted: Vec<_> = pruned.iter().flat_map(|project| &project.deleted).collect();
    let bytes_freed: u64 = pruned.iter().map(|project| project.bytes_freed).sum();
    let mut document = document(&weighed, |backup| deleted.contains(&&backup.id));
    if let Json::Object(fields) = &mut document {
        fields.insert("job".to_owned(), json!(ran.job));
        fields.insert("bytes_freed".to_owned(), bytes_freed.into());
    }
    output.confirm(&document, || {
        format!(
            "Deleted {}: {}.",
            backups_of(deleted.len()),
            units::size(bytes_freed)
        )
    })?;
    refused(&weighed)
}

fn going(weighed: &[Weighing]) -> impl Iterator<Item = &BackupShape> {
    let backups = weighed.iter().flatten().flatten();
    let gone = backups.filter(|(_, fate)| *fate == Fate::Deleted);
    gone.map(|(backup, _)| backup)
}

fn backups_of(number: usize) -> String {
    count(i64::try_from(number).unwrap_or(i64::MAX), "backup")
}

/// An error when the backups of a project were left alone, because the last one failed.
fn refused(weighed: &[Weighing]) -> anyhow::Result<()> {
    let failed: Vec<_> = weighed
        .iter()
        .filter_map(|project| project.as_ref().err())
        .map(|backup| backup.project().to_owned())
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(CommandError::LastBackupFailed { projects: failed }.into())
}

/// Why a backup stays; nothing for one that goes.
fn reasons(fate: &Fate) -> Vec<String> {
    match fate {
        Fate::Kept(reasons) => reasons.iter().map(ToString::to_string).collect(),
        Fate::Unverified => vec!["unverified".to_owned()],
        Fate::Missing => vec!["missing".to_owned()],
        Fate::Unfinished => vec!["unfinished".to_owned()],
        Fate::Deleted => Vec::new(),
    }
}

fn document(weighed: &[Weighing], is_deleted: impl Fn(&BackupShape) -> bool) -> Json {
    let (mut deleted, mut kept, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for project in weighed {
        match project {
            Ok(backups) => {
                for (backup, fate) in backups {
                    if *fate == Fate::Deleted && is_deleted(backup) {
                        deleted.push(json!({ "backup": backup }));
                    } else {
                        kept.push(json!({ "backup": backup, "reasons": reasons(fate) }));
                    }
                }
            }
            Err(failed) => {
                refused.push(json!({ "project_id": failed.project_id, "failed": failed.id }));
            }
        }
    }
    json!({ "deleted": deleted, "kept": kept, "refused": refused })
}

/// A line for each backup.
fn listing(weighed: &[Weighing]) -> String {
    let header = [
        ("backup", Align::Left),
        ("project", Align::Left),
        ("created", Align::Left),
        ("size", Align::Right),
        ("kept as", Align::Left),
    ];
    let line = |backup: &BackupShape, fate: String| {
        vec![
            backup.id.clone(),
            backup.project().to_owned(),
            units::time(backup.created_at),
            backup.size(),
            fate,
        ]
    };
    let lines = weighed.iter().flat_map(|project| match project {
        Ok(backups) => backups
            .iter()
            .map(|(backup, fate)| {
                let fate = match reasons(fate) {
                    reasons if reasons.is_empty() => "would be deleted".to_owned(),
                    reasons => reasons.join(", "),
                };
                line(backup, fate)
            })
            .collect(),
        Err(failed) => vec![line(failed, "failed: nothing is deleted".to_owned())],
    });
    table::table(&header, lines)
}
