//! `manifold sync run --dry-run`

use manifold_jobs::jobs::SyncSource;
use manifold_jobs::sync::SyncPlan;
use manifold_jobs::{Observer, Plan};
use serde::Deserialize as _;
use serde_json::json;

use crate::env_vars;
use crate::progress;
use crate::session::Session;
use crate::table::printable;
use crate::units::{count, number};

/// Says what a sync would do.
pub(super) async fn run(job: &SyncSource, source: &str, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let work = session.stoppable();
    let (observer, latest) = Observer::new(work.token());
    let observer = observer.with_environment(env_vars::for_jobs());
    let title = format!("sync of {source}");
    let shown = tokio::spawn(progress::show(title, latest, session.progress()));
    let project = job.request.project_id.clone();
    let planned = Plan::of(&store, job, Some(project), observer).await;
    drop(shown.await); // it ends with the plan; that it could not be shown is no failure
    let plan = planned.map_err(|error| session.stopped_or(error))?.changes;
    let output = session.output();
    let planned = SyncPlan::deserialize(&plan)?;
    output.show(&json!({ "plan": plan }), || text(&planned).join("\n"))?;
    output.note("Nothing was changed.");
    Ok(())
}

fn text(plan: &SyncPlan) -> Vec<String> {
    let source = printable(&plan.source_name);
    let signed = u64::cast_signed;
    let mut lines = vec![if plan.unchanged {
        format!(
            "{source} would not change: {}.",
            count(signed(plan.rows), "row")
        )
    } else {
        format!(
            "{source} would have {}; {} inserted, {} updated, {} deleted.",
            count(signed(plan.rows), "row"),
            number(signed(plan.inserted)),
            number(signed(plan.updated)),
            number(signed(plan.deleted)),
        )
    }];
    if plan.marked > 0 {
        let rows = count(signed(plan.marked), "row");
        lines.push(format!(
            "  marked as deleted: {rows}, in the column deleted_at"
        ));
    }
    if plan.moved > 0 {
        lines.push(format!("  moved: {}", count(signed(plan.moved), "row")));
    }
    if plan.too_many_deletions {
        lines.push(format!(
            "  It would fail: more than {} of the rows would be deleted; --max-deletes allows more",
            plan.max_deletes
        ));
    }
    let keys = plan.conflict_keys.iter().zip(&plan.conflict_winners);
    lines.extend(super::run::conflicts(
        plan.conflicts,
        plan.conflicts_taken,
        keys,
    ));
    lines.extend(
        plan.warnings
            .iter()
            .map(|warning| format!("  {}", printable(warning))),
    );
    lines
}
