//! What is said of schema versions and of a migration.

use manifold_store::{MigrationStatus, SpokeStatus, StoreError, Target};
use serde_json::{Value as Json, json};

use crate::table::{self, Align};
use crate::units::count;

/// All of it, for scripts.
pub(super) fn document(core: &MigrationStatus, spokes: &[SpokeStatus]) -> Json {
    json!({
        "core": { "applied": core.applied, "pending": core.pending },
        "projects": spokes.iter().map(shape).collect::<Vec<_>>(),
    })
}

fn shape(spoke: &SpokeStatus) -> Json {
    let status = spoke.status.as_ref();
    json!({
        "id": spoke.project.id,
        "name": spoke.project.name,
        "version": status.ok().map(|status| status.version),
        "pending": status.map_or_else(|_| Vec::new(), |status| status.pending.clone()),
        "error": status.err().map(|error| json!({ "code": error.code(), "message": error.to_string() })),
        "took_ms": spoke.took.map(|took| took.as_millis()),
    })
}

/// The hub and every project, a line each.
pub(super) fn every_project(core: &MigrationStatus, spokes: &[SpokeStatus]) -> String {
    let header = [
        ("database", Align::Left),
        ("version", Align::Right),
        ("pending", Align::Right),
        ("state", Align::Left),
    ];
    let line = |name: &str, status: Result<&MigrationStatus, &StoreError>| match status {
        Ok(status) => {
            let state = if status.pending.is_empty() {
                "up to date".to_owned()
            } else {
                status.pending.join(", ")
            };
            let pending = status.pending.len().to_string();
            vec![name.to_owned(), status.version.to_string(), pending, state]
        }
        Err(error) => {
            let unknown = "?".to_owned();
            vec![name.to_owned(), unknown.clone(), unknown, error.to_string()]
        }
    };
    let hub = std::iter::once(line("(hub)", Ok(core)));
    let projects = spokes
        .iter()
        .map(|spoke| line(&spoke.project.name, spoke.status.as_ref()));
    table::table(&header, hub.chain(projects))
}

/// The projects that were not up to date, a line each, and how many there were of each kind.
pub(super) fn what_was_done(spokes: &[SpokeStatus], target: Target) -> String {
    let header = [("project", Align::Left), ("state", Align::Left)];
    let migrated = match target {
        Target::Files => "migrated",
        Target::Copies => "can be migrated",
    };
    let lines = spokes.iter().filter_map(|spoke| {
        let state = match (&spoke.status, spoke.took) {
            (Err(error), _) => error.to_string(),
            (Ok(_), Some(took)) => format!("{migrated}, in {} ms", took.as_millis()),
            (Ok(status), None) if status.pending.is_empty() => return None,
            (Ok(_), None) => "not yet migrated".to_owned(),
        };
        Some(vec![spoke.project.name.clone(), state])
    });
    let lines: Vec<_> = lines.collect();
    let took = spokes.iter().filter(|spoke| spoke.took.is_some()).count();
    let failed = spokes.iter().filter(|spoke| spoke.status.is_err()).count();
    let left = lines.len() - took - failed;
    let mut counts = vec![(spokes.len() - lines.len(), "up to date"), (took, migrated)];
    counts.extend([(failed, "failed"), (left, "not yet migrated")]);
    let counts: Vec<_> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let all = count(i64::try_from(spokes.len()).unwrap_or(i64::MAX), "project");
    let summary = match counts.is_empty() {
        true => format!("{all}."),
        false => format!("{all}: {}.", counts.join(", ")),
    };
    if lines.is_empty() {
        return summary;
    }
    format!("{}\n{summary}", table::table(&header, lines))
}
