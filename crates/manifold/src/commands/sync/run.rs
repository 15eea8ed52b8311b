//! `manifold sync run`

use clap::Args;
use manifold_jobs::jobs::{SyncSource, Synced};
use manifold_jobs::sync::Winner;
use manifold_store::{Projects, Snapshots};
use serde_json::json;

use super::how::How;
use super::target::{Target, TargetArgs, run_target};
use super::{file, plan, source};
use crate::session::Session;
use crate::shapes::job::JobShape;
use crate::shapes::snapshot::SnapshotShape;
use crate::table::{printable, word};
use crate::units::{count, number};

/// What to sync, and how.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold sync run aviation weather --dry-run
  manifold sync run aviation weather
  manifold sync run aviation planes --mode merge --deletes soft
  manifold sync run aviation planes --max-deletes 20%
  manifold sync run aviation planes --on-conflict newest --newest updated_at --dry-run
  manifold sync run aviation planes --to 'postgres://me:${secret:pw}@db.example/fleet' --table public.planes
  manifold sync run aviation planes --to sqlite:/srv/fleet.db --table planes --mode merge --on-conflict list --dry-run
  manifold sync run aviation planes --to /srv/www/planes.csv

The config of the source says where its rows come from: an address, a query, or another source, as in
  manifold source create reports planes --type file --config '{\"from\": {\"project\": \"aviation\", \"source\": \"planes\"}}'

What comes is compared with the latest snapshot, and only what differs is stored. Where the pull ended is kept together with the rows, \
so after a crash no row is missing and none is there twice. When another import or an undo has changed the source since, everything is \
pulled again. docs/SYNC.md has more.

With --to a table of PostgreSQL, MySQL, MariaDB or an SQLite file is made equal to the latest snapshot of the source instead. The table is \
made if it is missing, and gets the columns that it lacks. Its rows, and a line in the table manifold_sync beside it, change in one \
transaction: what is interrupted and done again changes nothing twice. docs/SOURCES.md says what each mode does there. A file (.csv, .tsv, \
.json, .jsonl, .sqlite), or an object of an object store, is made anew and appears complete.")]
pub(crate) struct RunArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The source: its id, its name, or the beginning of its id
    source: String,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    how: How,
    /// Say what would be inserted, updated and deleted, without doing it
    #[arg(long)]
    dry_run: bool,
    /// Only write the job down, for a worker to do
    #[arg(long, conflicts_with = "dry_run")]
    detach: bool,
}

impl RunArgs {
    /// Whether it changes nothing in the data folder.
    pub(crate) fn only_reads(&self) -> bool {
        self.dry_run
    }
}

/// Pulls a source.
pub(super) async fn run(arguments: RunArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = Projects::new(&store).find(&arguments.project).await?;
    let id = Projects::id(&project)?;
    let (source, source_id) = source(&store, &id, &arguments.source).await?;
    let (dry_run, detach) = (arguments.dry_run, arguments.detach);
    let target = arguments
        .target
        .target(&id, source_id.clone(), &arguments.how)?;
    match target {
        None => {}
        Some(Target::Table(job)) => {
            return run_target(job, &source.name, dry_run, detach, session).await;
        }
        Some(Target::File(to)) => {
            let job = file::job(&to, &store, &id, &source).await?;
            return file::run(job, &to, &source.name, dry_run, detach, session).await;
        }
    }
    let job = SyncSource {
        request: arguments.how.request(id.clone(), source_id)?,
    };
    if arguments.dry_run {
        return plan::run(&job, &source.name, session).await;
    }
    if arguments.detach {
        let document = |job: &JobShape| json!({ "job": job, "snapshot": null, "unchanged": null, "sync": null });
        return session.detach(&job, Some(id), document).await;
    }
    let title = format!("sync of {}", source.name);
    let ran = session.foreground(title, job, Some(id.clone())).await?;
    let output = session.output();
    let synced = match ran.outcome {
        Ok(synced) => synced,
        Err(error) => {
            output.document(
                &json!({ "job": ran.job, "snapshot": null, "unchanged": null, "sync": null }),
            )?;
            return Err(error);
        }
    };
    let snapshots = Snapshots::new(store);
    let details = snapshots.find(&id, &synced.imported.snapshot_id).await?;
    let snapshot = SnapshotShape::from(details);
    let document = json!({
        "job": ran.job,
        "snapshot": snapshot,
        "unchanged": synced.imported.unchanged,
        "sync": {
            "mode": synced.mode,
            "whole": synced.whole,
            "inserted": synced.inserted,
            "updated": synced.updated,
            "deleted": synced.deleted,
            "marked": synced.marked,
            "repeated": synced.repeated,
            "conflicts": synced.conflicts,
            "conflicts_taken": synced.conflicts_taken,
            "conflict_keys": synced.conflict_keys,
            "conflict_winners": synced.conflict_winners,
            "warnings": synced.warnings,
        },
    });
    output.confirm(&document, || {
        text(&synced, &snapshot, &project.name).join("\n")
    })?;
    Ok(())
}

/// What was done, in a few lines for people.
fn text(synced: &Synced, snapshot: &SnapshotShape, project: &str) -> Vec<String> {
    let imported = &synced.imported;
    let reference = printable(&snapshot.reference());
    let mut lines = vec![if imported.unchanged {
        format!("Nothing has changed: {reference} stays the latest.")
    } else {
        format!(
            "Synced {reference}: {}; {} inserted, {} updated, {} deleted.",
            count(imported.row_count, "row"),
            number(synced.inserted),
            number(synced.updated),
            number(synced.deleted),
        )
    }];
    if synced.marked > 0 {
        let rows = count(synced.marked, "row");
        lines.push(format!(
            "  marked as deleted: {rows}, in the column deleted_at"
        ));
    }
    if synced.repeated > 0 {
        let rows = count(synced.repeated.cast_signed(), "row");
        lines.push(format!(
            "  repeated keys: of {rows} that came a later one holds"
        ));
    }
    if imported.rejected > 0 {
        lines.push(format!(
            "  rejected: {}; see `manifold snapshot rejects {} {}`",
            count(imported.rejected, "record"),
            word(project),
            word(&snapshot.reference()),
        ));
    }
    let keys = synced.conflict_keys.iter().zip(&synced.conflict_winners);
    lines.extend(conflicts(synced.conflicts, synced.conflicts_taken, keys));
    lines.extend(
        synced
            .warnings
            .iter()
            .map(|warning| format!("  {}", printable(warning))),
    );
    lines
}

/// The conflicts, and which side holds.
pub(super) fn conflicts<'a>(
    conflicts: u64,
    taken: u64,
    keys: impl Iterator<Item = (&'a Vec<String>, &'a Winner)>,
) -> Vec<String> {
    if conflicts == 0 {
        return Vec::new();
    }
    let rows = count(conflicts.cast_signed(), "row");
    let became = match taken {
        0 => "left as they are here".to_owned(),
        taken if taken == conflicts => "what came holds".to_owned(),
        taken => {
            let taken = number(taken.cast_signed());
            format!("of {taken} what came holds, others are left as they are here")
        }
    };
    let mut lines = vec![format!("  changed on both sides: {rows}, {became}")];
    lines.extend(keys.map(|(key, winner)| {
        let key = printable(&key.join(", "));
        match winner {
            Winner::Source => format!("    {key}: what came"),
            Winner::Target => format!("    {key}: as it is here"),
        }
    }));
    lines
}
