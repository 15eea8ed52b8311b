//! `manifold import --dry-run`

use std::sync::Arc;

use manifold_jobs::Observer;
use manifold_jobs::import::{ImportPlan, PlanTarget, import_plan};
use manifold_store::{ImportSource, SqliteManager};
use serde::Serialize;
use serde_json::json;

use super::input::Input;
use super::target::Target;
use super::{ImportArgs, evidence, summary};
use crate::env_vars;
use crate::progress;
use crate::session::Session;
use crate::table::printable;
use crate::units::{count, number};

/// What importing one file would do.
#[derive(Serialize)]
struct Plan<'a> {
    file_name: &'a str,
    #[serde(flatten)]
    plan: ImportPlan,
}

/// Reads the files and says what importing each would do, against what is stored now.
pub(super) async fn run(
    inputs: &[Input],
    target: &Target,
    arguments: &ImportArgs,
    store: &Arc<SqliteManager>,
    session: &Session,
) -> anyhow::Result<()> {
    let mut plans = Vec::new();
    for input in inputs {
        let target = plan_target(input, target, arguments);
        let work = session.stoppable();
        let (observer, latest) = Observer::new(work.token());
        let observer = observer.with_environment(env_vars::for_jobs());
        let shown = tokio::spawn(progress::show(
            input.file_name.clone(),
            latest,
            session.progress(),
        ));
        let planned = import_plan(store, &input.file, &target, observer).await;
        drop(shown.await); // it ends with the plan; that it could not be shown is no failure
        let planned = planned.map_err(|error| session.stopped_or(error))?;
        plans.extend(planned.into_iter().map(|plan| Plan {
            file_name: &input.file_name,
            plan,
        }));
    }
    let document = json!({ "plan": plans.first(), "plans": plans });
    session.output().show(&document, || {
        plans.iter().map(text).collect::<Vec<_>>().join("\n")
    })?;
    session.output().note("Nothing was changed.");
    Ok(())
}

fn plan_target(input: &Input, target: &Target, arguments: &ImportArgs) -> PlanTarget {
    PlanTarget {
        project_id: match target {
            Target::Project(project) => Some(project.id.clone()),
            Target::New(_) => None,
        },
        source: ImportSource::Named(input.source.clone()),
        naming: input.naming,
        key_columns: arguments.key.clone(),
        always: arguments.always,
        typing: arguments.typing.typing(),
        renames: arguments.renames.clone(),
    }
}

fn text(plan: &Plan<'_>) -> String {
    let (file, plan) = (printable(plan.file_name), &plan.plan);
    let (source, new) = (printable(&plan.source_name), plan.new_source);
    let file = match &plan.table {
        Some(table) => format!("{} of {file}", printable(table)),
        None => file,
    };
    let unsigned = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let counts = &plan.changes;
    let first = if counts.unchanged {
        format!("{file} has not changed: {source} would get no snapshot.")
    } else if new {
        format!(
            "{file} would become the new source {source}: {}.",
            count(unsigned(plan.rows), "row")
        )
    } else {
        let [added, removed, changed, moved] =
            [counts.added, counts.removed, counts.changed, counts.moved]
                .map(|rows| number(unsigned(rows)));
        let rows = count(unsigned(plan.rows), "row");
        format!(
            "{file} would become the next snapshot of {source}: {rows}; {added} added, {removed} removed, {changed} changed, {moved} moved."
        )
    };
    let mut lines = vec![first];
    lines.extend(summary::columns(&plan.columns));
    if !plan.decisions.is_empty() {
        lines.push("  read as:".to_owned());
        lines.extend(plan.decisions.iter().map(summary::decision));
    }
    lines.extend(evidence::lines(&plan.columns));
    lines.extend(summary::renamed(&plan.renamed));
    if plan.padded > 0 {
        lines.push(format!("  short rows: {}", number(unsigned(plan.padded))));
    }
    if plan.mended > 0 {
        lines.push(format!(
            "  mended rows: {} (they split into the columns in one other way only)",
            number(unsigned(plan.mended))
        ));
    }
    lines.extend(summary::remarks(&plan.columns));
    if plan.rejected > 0 {
        lines.push(format!(
            "  rejected: {}",
            count(unsigned(plan.rejected), "record")
        ));
        lines.extend(summary::rejects(&plan.rejects));
    }
    lines.join("\n")
}
