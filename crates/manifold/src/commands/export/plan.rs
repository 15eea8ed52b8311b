//! `manifold export --dry-run`

use manifold_jobs::export::{ExportRequest, ExportedColumn};
use manifold_jobs::jobs::ExportData;
use manifold_jobs::{Observer, Plan};
use serde::Deserialize as _;
use serde_json::{Value as Json, json};

use super::chosen::Chosen;
use super::destination::Destination;
use crate::session::Session;
use crate::table::{self, Align, printable};
use crate::units::{count, number};

/// Says how many rows would be written, and in which columns.
pub(super) async fn show(
    request: ExportRequest,
    to: &Destination,
    chosen: &Chosen,
    session: &Session,
) -> anyhow::Result<()> {
    let replaces = to.replaces(session).await?;
    let work = session.stoppable();
    let job = ExportData {
        request,
        to: to.location()?,
        described: false,
        follows: None,
    };
    let (store, project) = (session.store().await?, Some(chosen.project_id.clone()));
    let (observer, _) = Observer::new(work.token());
    let planned = Plan::of(&store, &job, project, observer).await;
    let mut plan = planned.map_err(|error| session.stopped_or(error))?.changes;
    if let Json::Object(members) = &mut plan {
        members.insert("path".to_owned(), json!(to.shown()));
        members.insert("replaces".to_owned(), json!(replaces));
    }
    session.output().show(&json!({ "plan": plan }), || {
        text(&plan, to, chosen, replaces)
    })?;
    Ok(())
}

fn text(plan: &Json, to: &Destination, chosen: &Chosen, replaces: bool) -> String {
    let rows = count(plan["rows"].as_i64().unwrap_or(i64::MAX), "row");
    let replacing = if replaces { ", which it replaces" } else { "" };
    let summary = format!(
        "Would export {rows} of {} to {}{replacing}.",
        chosen.what,
        printable(&to.shown())
    );
    let columns = Vec::<ExportedColumn>::deserialize(&plan["columns"]).unwrap_or_default();
    let header = [
        ("column", Align::Left),
        ("type", Align::Left),
        ("odd cells", Align::Right),
    ];
    let lines = columns.into_iter().map(|column| {
        vec![
            column.name,
            column.column_type.unwrap_or_default(),
            number(column.odd_cells),
        ]
    });
    format!("{summary}\n\n{}", table::table(&header, lines))
}
