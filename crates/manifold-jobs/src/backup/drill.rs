//! Can a backup be restored? It is, into a place where nobody sees it, and what came of it is used.

use std::sync::Arc;

use manifold_store::{
    DatabaseId, DatabaseManager as _, Drill, Frozen, FrozenProject, SqliteManager, fail_point,
};

use super::verify::{Findings, stage};
use super::{BackupError, Location, Manifest, Places, Verification, Watch};

/// The project that was saved, as it is now.
enum Live {
    /// In the state that was saved.
    Same(Box<Frozen>),
    /// Not, for this reason.
    Other(String),
}

/// Does what [`verify`](super::verify) does, and then makes of it the file that a restored project has: it is opened as
/// the store opens a project, checked by SQLite, its views are read, the rows of every snapshot are counted, and all is
/// compared with the manifest once more, and with the live project where that is still in the state that was saved.
///
/// Nothing of it appears in the hub or among the projects, and it is removed at the end; what a crash leaves among the
/// temporary files goes with the next process.
///
/// # Errors
/// As [`verify`](super::verify).
pub async fn drill(
    manager: &Arc<SqliteManager>,
    places: &Places,
    folder: &Location,
    expected: Option<&str>,
    watch: Watch,
) -> Result<Verification, BackupError> {
    let mut found = Findings::default();
    let staged = stage(manager, places, folder, expected, watch, &mut found).await?;
    let Some((staged, manifest, mut watch)) = staged else {
        return Ok(found.done());
    };
    fail_point!("drill-staged");
    watch.step("drilling")?;
    let saved = staged.project().clone();
    let drill = match Drill::begin(manager, staged).await {
        Ok(drill) => drill,
        Err(error) => {
            found.add("project file", Err(error.into()))?;
            return Ok(found.done());
        }
    };
    let opened = drill.open().await;
    let opened = opened.map(|()| "the store opens it as a project".to_owned());
    found.add("opening", opened.map_err(BackupError::from))?;
    fail_point!("drill-opened");
    let live = live(manager, &saved, &manifest).await;
    super::blocking(move || {
        examine(&drill, &live, &manifest, &watch, &mut found)?;
        drop(drill);
        Ok(found.done())
    })
    .await
}

async fn live(manager: &Arc<SqliteManager>, saved: &FrozenProject, manifest: &Manifest) -> Live {
    if !manifest.with_data {
        let saved = match &manifest.sources {
            Some(_) => "the rows of some sources alone were saved",
            None => "no rows were saved",
        };
        return Live::Other(format!("not compared: {saved}"));
    }
    let id = match saved.id.parse() {
        Ok(id) => DatabaseId::Project(id),
        Err(error) => return Live::Other(format!("not compared: {error}")),
    };
    match manager.freeze(id).await {
        Ok(frozen) => match frozen.project() {
            Some(now) if (now.epoch, now.revision) == (saved.epoch, saved.revision) => {
                Live::Same(Box::new(frozen))
            }
            _ => Live::Other("not compared: it has changed since".to_owned()),
        },
        // That the live project cannot be read says nothing of the backup.
        Err(error) => Live::Other(format!("not compared: {error}")),
    }
}

fn examine(
    drill: &Drill,
    live: &Live,
    manifest: &Manifest,
    watch: &Watch,
    found: &mut Findings,
) -> Result<(), BackupError> {
    let restored = drill.freeze()?;
    watch.look()?;
    let whole = restored.check_whole();
    let whole =
        whole.map(|()| "its pages are sound, and every reference leads somewhere".to_owned());
    found.add("database", whole.map_err(BackupError::from))?;
    watch.look()?;
    let views = restored.read_views();
    let views = views.map(|shown| format!("{} show {} rows", shown.views, shown.rows));
    found.add("views", views.map_err(BackupError::from))?;
    watch.look()?;
    let snapshots = restored.count_snapshots();
    let snapshots =
        snapshots.map(|count| format!("{count} have as many rows as are written down for them"));
    found.add("snapshots", snapshots.map_err(BackupError::from))?;
    watch.look()?;
    let tables = restored.compare(&manifest.expected());
    let tables = tables.map(|tables| format!("{tables} are to the bit what was saved"));
    found.add("tables", tables.map_err(BackupError::from))?;
    watch.look()?;
    let compared = match live {
        Live::Other(reason) => Ok(reason.clone()),
        Live::Same(frozen) => restored
            .compare_published(frozen)
            .map(|tables| format!("still in the state that was saved: {tables} tables are equal")),
    };
    found.add("live project", compared.map_err(BackupError::from))?;
    fail_point!("drill-examined");
    Ok(())
}
