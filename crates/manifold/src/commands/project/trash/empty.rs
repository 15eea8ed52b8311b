//! `manifold project trash empty`

use chrono::TimeDelta;
use clap::Args;
use manifold_store::{Projects, Timestamp, Trash, TrashedProject};
use serde_json::json;

use crate::session::Session;
use crate::shapes::trashed::TrashedShape;
use crate::table::printable;
use crate::units::{count, size};

/// Which projects.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold project trash empty --expired --dry-run
  manifold project trash empty --older-than 90
  manifold project trash empty aviation

What is removed here is gone: only a backup brings it back. Backups stay, and so do jobs. Nothing else empties the \
trash; `manifold settings set trash.keep_days 90` changes what --expired means.")]
pub(crate) struct EmptyArgs {
    /// One deleted project: its id, its name, or the beginning of its id [default: all]
    project: Option<String>,
    /// Only what was deleted so many days ago or longer
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=36_500))]
    older_than: Option<u32>,
    /// Only what was kept for as long as the setting trash.keep_days says, 30 days by default
    #[arg(long)]
    expired: bool,
    /// Say what would be done, without doing it
    #[arg(long)]
    dry_run: bool,
}

impl EmptyArgs {
    async fn meant(&self, trash: &Trash) -> anyhow::Result<Vec<TrashedProject>> {
        let mut found = match &self.project {
            Some(reference) => vec![trash.find(reference).await?],
            None => trash.list().await?,
        };
        let now = Timestamp::now();
        if self.expired {
            found.retain(|trashed| trashed.is_expired(now));
        }
        if let Some(days) = self.older_than {
            let latest = now - TimeDelta::days(days.into());
            let deleted = |trashed: &TrashedProject| trashed.project.trashed_at;
            found.retain(|trashed| deleted(trashed).is_some_and(|at| at <= latest));
        }
        Ok(found)
    }
}

/// Removes projects for good. When one of them cannot be removed the others are all the same.
pub(super) async fn run(
    arguments: EmptyArgs,
    trash: &Trash,
    projects: &Projects,
    session: &Session,
) -> anyhow::Result<()> {
    let found = arguments.meant(trash).await?;
    let shape = |trashed: &TrashedProject| TrashedShape::new(trashed.clone(), projects);
    let output = session.output();
    let total = |shapes: &[TrashedShape]| shapes.iter().map(|shape| shape.size_bytes).sum::<u64>();
    if arguments.dry_run {
        let planned: Vec<_> = found.iter().map(shape).collect();
        let size_bytes = total(&planned);
        let plan = json!({ "plan": { "trash": planned, "size_bytes": size_bytes } });
        output.show(&plan, || {
            format!("Would remove {}.", for_good(&planned, size_bytes))
        })?;
        output.note("Nothing was changed.");
        return Ok(());
    }
    if !found.is_empty() {
        let shapes: Vec<_> = found.iter().map(shape).collect();
        let what = for_good(&shapes, total(&shapes));
        session.confirm(format!("Remove {what}")).await?;
    }
    let (mut purged, mut failed) = (Vec::new(), None);
    for trashed in &found {
        let shape = shape(trashed);
        match trash.purge(&trashed.project).await {
            Ok(()) => purged.push(shape),
            Err(error) => {
                output.note(&format!(
                    "{} stays: {error}",
                    printable(&trashed.project.name)
                ));
                failed.get_or_insert(error);
            }
        }
    }
    let size_bytes = total(&purged);
    let document = json!({ "purged": purged, "size_bytes": size_bytes });
    output.confirm(&document, || {
        format!("Removed {}.", for_good(&purged, size_bytes))
    })?;
    failed.map_or(Ok(()), |error| Err(error.into()))
}

/// What goes, by name as long as they are few: `2 projects for good (1.2 MB): aviation, sales`.
fn for_good(projects: &[TrashedShape], size_bytes: u64) -> String {
    const FEW: usize = 5;
    if projects.is_empty() {
        return "nothing".to_owned();
    }
    let number = count(i64::try_from(projects.len()).unwrap_or(i64::MAX), "project");
    let names = projects.iter().take(FEW);
    let mut names: Vec<_> = names
        .map(|trashed| printable(&trashed.project.name))
        .collect();
    if projects.len() > FEW {
        names.push(format!("and {} more", projects.len() - FEW));
    }
    let names = names.join(", ");
    format!("{number} for good ({}): {names}", size(size_bytes))
}
