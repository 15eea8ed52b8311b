//! `manifold snapshot prune`

use chrono::{DateTime, Utc};
use clap::Args;
use manifold_jobs::KeepReason;
use manifold_store::rows::{Deleted, Effect};
use manifold_store::{DataSources, Projects, RowLog, Snapshots};
use serde_json::{Value as Json, json};

use super::delete::{FOR_GOOD, freed};
use crate::keep::KeepFlags;
use crate::session::Session;
use crate::shapes::snapshot::SnapshotShape;
use crate::table::{self, Align};
use crate::units::{self, count};

/// What to keep.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold snapshot prune aviation --keep-last 10 --dry-run
  manifold snapshot prune aviation --source planes --keep-daily 7 --keep-monthly 12

Each source is looked at by itself. What one flag keeps is kept, and the latest snapshot always. The snapshots that are kept \
keep every row.")]
pub(crate) struct PruneArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// Only snapshots of this source: its id, its name, or the beginning of its id
    #[arg(long)]
    source: Option<String>,
    #[command(flatten)]
    keep: KeepFlags,
    /// Say what would be done and why, without doing it
    #[arg(long)]
    dry_run: bool,
}

/// What becomes of the snapshots of a source, newest first.
struct Verdict {
    source: String,
    snapshots: Vec<(SnapshotShape, Vec<KeepReason>)>,
}

impl Verdict {
    fn gone(&self) -> impl Iterator<Item = &SnapshotShape> {
        let gone = self.snapshots.iter().filter(|(_, kept)| kept.is_empty());
        gone.map(|(snapshot, _)| snapshot)
    }
}

/// Deletes the snapshots that the policy does not keep, source by source.
pub(super) async fn run(arguments: PruneArgs, session: &Session) -> anyhow::Result<()> {
    let policy = arguments.keep.policy()?;
    let store = session.store().await?;
    let project = Projects::id(&Projects::new(&store).find(&arguments.project).await?)?;
    let sources = DataSources::new(store.clone());
    let chosen = match &arguments.source {
        Some(source) => vec![sources.find(&project, source).await?],
        None => sources.list(&project).await?,
    };
    let snapshots = Snapshots::new(store.clone());
    let mut verdicts = Vec::new();
    for source in chosen {
        let listed = snapshots.list(&project, Some(&source)).await?;
        let listed: Vec<_> = listed.into_iter().map(SnapshotShape::from).collect();
        let times: Vec<DateTime<Utc>> = listed.iter().map(|snapshot| snapshot.taken_at).collect();
        let reasons = policy.decide(&times);
        verdicts.push(Verdict {
            source: source.id,
            snapshots: listed.into_iter().zip(reasons).collect(),
        });
    }
    let output = session.output();
    let gone = verdicts.iter().flat_map(Verdict::gone).count();
    let effect = if arguments.dry_run {
        Effect::Measured
    } else {
        Effect::Lasting
    };
    if gone > 0 && effect == Effect::Lasting {
        let all: usize = verdicts.iter().map(|verdict| verdict.snapshots.len()).sum();
        let of = units::number(i64::try_from(all).unwrap_or(i64::MAX));
        session
            .confirm(format!("Delete {} of {of} for good", snapshots_of(gone)))
            .await?;
    }
    let mut total = Deleted::default();
    let rows = RowLog::new(&store);
    for verdict in &verdicts {
        let ids: Vec<_> = verdict
            .gone()
            .map(|snapshot| snapshot.id.parse())
            .collect::<Result<_, _>>()?;
        if ids.is_empty() {
            continue;
        }
        let waiting = |holder: Option<&str>| {
            output.note(&format!(
                "waiting for {}",
                holder.unwrap_or("another process")
            ));
        };
        let deleted = rows
            .delete(&project, &verdict.source.parse()?, &ids, effect, waiting)
            .await?;
        total.rows_deleted += deleted.rows_deleted;
        total.bytes_freed += deleted.bytes_freed;
    }
    let document = document(&verdicts, &total);
    if effect == Effect::Measured {
        output.show(&json!({ "plan": document }), || listing(&verdicts))?;
        output.note(&format!(
            "{} would be deleted: {}. Nothing was changed.",
            snapshots_of(gone),
            freed(&total)
        ));
        return Ok(());
    }
    output.confirm(&document, || {
        format!("Deleted {}: {}.", snapshots_of(gone), freed(&total))
    })?;
    if gone > 0 {
        output.note(FOR_GOOD);
    }
    Ok(())
}

fn snapshots_of(number: usize) -> String {
    count(i64::try_from(number).unwrap_or(i64::MAX), "snapshot")
}

fn document(verdicts: &[Verdict], total: &Deleted) -> Json {
    let (mut deleted, mut kept) = (Vec::new(), Vec::new());
    for (snapshot, reasons) in verdicts.iter().flat_map(|verdict| &verdict.snapshots) {
        if reasons.is_empty() {
            deleted.push(json!({ "snapshot": snapshot }));
        } else {
            let reasons: Vec<_> = reasons.iter().map(ToString::to_string).collect();
            kept.push(json!({ "snapshot": snapshot, "reasons": reasons }));
        }
    }
    json!({
        "deleted": deleted,
        "kept": kept,
        "rows_deleted": total.rows_deleted,
        "bytes_freed": total.bytes_freed,
    })
}

/// A line for each snapshot.
fn listing(verdicts: &[Verdict]) -> String {
    let header = [
        ("snapshot", Align::Left),
        ("taken", Align::Left),
        ("rows", Align::Right),
        ("kept as", Align::Left),
    ];
    let snapshots = verdicts.iter().flat_map(|verdict| &verdict.snapshots);
    let lines = snapshots.map(|(snapshot, reasons)| {
        let reasons: Vec<_> = reasons.iter().map(ToString::to_string).collect();
        vec![
            snapshot.reference(),
            units::time(snapshot.taken_at),
            units::number(snapshot.row_count),
            if reasons.is_empty() {
                "would be deleted".to_owned()
            } else {
                reasons.join(", ")
            },
        ]
    });
    table::table(&header, lines)
}
