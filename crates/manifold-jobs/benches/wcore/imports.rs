//! Importing files through the job engine.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use manifold_jobs::import::{ImportTarget, InputFile, TableNaming};
use manifold_jobs::jobs::ImportFile;
use manifold_jobs::{Observer, run_foreground};
use manifold_store::{ImportSource, ProjectId, SqliteManager};
use serde_json::json;

use super::Random;
use super::meter::Meter;
use super::projects::Open;

/// Imports for each project.
const IMPORTS: usize = 5;

/// Step d2: ten rows as a new snapshot of a random project's source.
pub(crate) async fn small(
    manager: &Arc<SqliteManager>,
    meter: &Meter,
    opened: &[Open],
    random: &mut Random,
    folder: &Path,
) {
    let imports = opened.len() * IMPORTS;
    let files: Vec<PathBuf> = (0..imports)
        .map(|number| people(folder, number, 10))
        .collect();
    let mut step = meter.step("d2_small_import");
    for file in files {
        let project = &opened[random.below(opened.len())].id;
        step.time(import(manager, project, "imported", file)).await;
    }
    step.end(&json!({ "rows": 10 }));
}

/// Imports a file as the next snapshot of a source.
pub(crate) async fn import(
    manager: &Arc<SqliteManager>,
    project: &ProjectId,
    source: &str,
    path: PathBuf,
) {
    let target = ImportTarget {
        project_id: project.clone(),
        source: ImportSource::Named(source.to_owned()),
        key_columns: Vec::new(),
        always: false,
        typing: Default::default(),
        renames: Vec::new(),
    };
    let job = ImportFile {
        target,
        file: InputFile {
            path,
            ..InputFile::default()
        },
        file_name: "people.csv".to_owned(),
        naming: TableNaming::default(),
    };
    let finished = run_foreground(manager, job, Some(project.clone()), Observer::default())
        .await
        .unwrap();
    assert!(!finished.outcome.unwrap().unchanged);
}

/// A file of people, of which none is in the file of another number.
pub(crate) fn people(folder: &Path, number: usize, rows: usize) -> PathBuf {
    let mut text = "id,name,email,age,city,active,note\n".to_owned();
    for row in 0..rows {
        let (age, active) = (20 + row % 50, row.is_multiple_of(2));
        let note = row * 7_919 % 10_007;
        writeln!(
            text,
            "{row},user {row},u{row}.{number}@example.org,{age},Praha,{active},lorem ipsum dolor sit amet {note}"
        )
        .unwrap();
    }
    let path = folder.join(format!("people-{number}-{rows}.csv"));
    std::fs::write(&path, text).unwrap();
    path
}
