//! The projects in a backup of the whole store.

use manifold_jobs::backup::{MissingProject, SavedGroup};

use crate::table::{self, Align};
use crate::units;

/// A line for each project in a backup of the whole store, and for each that is missing.
pub(super) fn table(groups: &[SavedGroup], missing: &[MissingProject]) -> String {
    let header = [
        ("project", Align::Left),
        ("snapshots", Align::Right),
        ("rows", Align::Right),
        ("size", Align::Right),
        ("taken", Align::Left),
        ("folder", Align::Left),
    ];
    let saved = groups.iter().flat_map(|group| {
        group.projects.iter().map(|part| {
            let beside = if part.busy { ", beside an import" } else { "" };
            vec![
                part.name.clone(),
                units::number(part.snapshot_count),
                units::number(part.total_records),
                units::size(part.size_bytes),
                format!("{}{beside}", units::time(group.at)),
                part.folder.clone(),
            ]
        })
    });
    let dash = || "-".to_owned();
    let lost = missing.iter().map(|project| {
        let reason = format!("MISSING: {}", project.reason);
        vec![project.name.clone(), dash(), dash(), dash(), dash(), reason]
    });
    table::table(&header, saved.chain(lost))
}
