//! Parts of what an error says.

use crate::ProjectId;

/// What can be done with a project in quarantine.
pub(crate) fn ways_out(project: &ProjectId, backup: Option<&str>) -> String {
    let restore = backup.map_or_else(String::new, |backup| {
        format!("`manifold restore {backup} --in-place` restores it from the newest backup, ")
    });
    format!(
        "{restore}`manifold project salvage {project}` makes a new project of what can still be read, and after the \
         file was repaired by hand `manifold doctor --repair` puts it back"
    )
}

/// Behind the first of several.
pub(super) fn more_of(more: usize) -> String {
    if more == 0 {
        String::new()
    } else {
        format!(" (and {more} more)")
    }
}

/// The verb that lists such things, where there is one.
pub(super) fn listed(what: &str) -> String {
    match what {
        "backup" | "job" | "project" | "snapshot" | "source" => {
            format!("; `manifold {what} list` shows them")
        }
        _ => String::new(),
    }
}
