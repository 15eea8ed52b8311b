//! Every project of the hub has its file, and the file is sound.

use std::path::{Path, PathBuf};

use entity_core::enums::ProjectState;
use entity_core::projects;
use sea_orm::{EntityTrait as _, QueryOrder as _};

use super::database_file::Problem;
use super::spoke_file::{self, SpokeFile};
use super::{Finding, FindingClass, projection};
use crate::{
    Access, DatabaseManager as _, FileLock, Kind as _, Layout, Project, Share, SqliteManager,
    StoreError, provision,
};

/// Every row of the hub's projects, in whatever state.
pub(super) async fn rows(manager: &SqliteManager) -> Result<Vec<projects::Model>, StoreError> {
    manager
        .core()
        .all(projects::Entity::find().order_by_asc(projects::Column::Id))
        .await
}

pub(super) async fn examine(
    manager: &SqliteManager,
    rows: &[projects::Model],
) -> Result<Vec<Finding>, StoreError> {
    let mut found = Vec::new();
    for row in rows {
        if let Some(path) = place(manager.layout(), row) {
            found.extend(examine_one(manager, row, path).await?);
        }
    }
    Ok(found)
}

/// Where the project's file must be; half-made projects have no such place.
fn place(layout: &Layout, row: &projects::Model) -> Option<PathBuf> {
    match row.state {
        ProjectState::Active => Some(layout.spoke(&row.namespace)),
        ProjectState::Trashed => Some(layout.trashed(&row.namespace)),
        ProjectState::Creating => None,
    }
}

async fn examine_one(
    manager: &SqliteManager,
    row: &projects::Model,
    path: PathBuf,
) -> Result<Vec<Finding>, StoreError> {
    let lock = manager.layout().spoke_lock(&row.namespace);
    let (file, access) = (path.clone(), manager.access());
    let read = provision::blocking(move || read_shared(&lock, &file, access)).await?;
    let finding = |class, (explanation, repair): (String, String)| {
        Finding::new(class, explanation, repair)
            .of(&row.id)
            .at(&path)
    };
    let spoke = match read {
        Ok(spoke) => spoke,
        Err(problem) => {
            // It may have been deleted, restored or finished while this was looking.
            let now = manager
                .core()
                .one(projects::Entity::find_by_id(&row.id))
                .await?;
            let same = now.is_some_and(|now| (now.state, now.epoch) == (row.state, row.epoch));
            return Ok(same
                .then(|| finding(problem.class, explain(row, &problem)))
                .into_iter()
                .collect());
        }
    };
    if spoke.id != row.id {
        let explanation = format!(
            "the file of project `{}` holds project {}",
            row.name, spoke.id
        );
        let repair = "move this file away and the right one to its place".to_owned();
        return Ok(vec![finding(
            FindingClass::WrongProject,
            (explanation, repair),
        )]);
    }
    let mut found = notes(row, &spoke)
        .into_iter()
        .map(|(class, text)| finding(class, text))
        .collect::<Vec<_>>();
    if row.state == ProjectState::Active
        && let Some(drift) = projection::examine(manager, row, &path, spoke).await?
    {
        found.push(finding(FindingClass::DriftedProjection, drift));
    }
    Ok(found)
}

/// Reads the file while nobody can delete or move it. A lock file that is missing is held by nobody, and is
/// not made.
fn read_shared(
    lock: &Path,
    file: &Path,
    access: Access,
) -> Result<Result<SpokeFile, Problem>, StoreError> {
    let _shared = if lock.exists() {
        let Some(shared) = FileLock::try_take(lock, Share::Shared)? else {
            let by =
                FileLock::holder(lock).map_or_else(String::new, |holder| format!(" by {holder}"));
            let reason = format!("it is being deleted, replaced or migrated{by}");
            return Ok(Err(Problem {
                class: FindingClass::Unchecked,
                reason,
            }));
        };
        Some(shared)
    } else {
        None
    };
    Ok(spoke_file::read(file, access))
}

/// What is wrong with a project's file, and what to do about it.
fn explain(row: &projects::Model, Problem { class, reason }: &Problem) -> (String, String) {
    let name = &row.name;
    let (explanation, repair) = match class {
        FindingClass::MissingFile => (
            format!("the file of project `{name}` is missing"),
            "put it back, or restore the project from a backup",
        ),
        FindingClass::NewerSchema => (
            format!("project `{name}` cannot be opened: {reason}"),
            "use a newer manifold",
        ),
        FindingClass::Unreadable => (
            format!("the file of project `{name}` cannot be read ({reason})"),
            "look at its permissions and its disk",
        ),
        FindingClass::Unchecked => (
            format!("project `{name}` was not looked through: {reason}"),
            "run this again when that is done",
        ),
        FindingClass::NotSqlite | FindingClass::NotManifold => (
            format!("the file of project `{name}` is not one of Manifold's ({reason})"),
            "put the right file there, or restore the project from a backup",
        ),
        _ => (
            format!("the file of project `{name}` is damaged ({reason})"),
            "restore the project from a backup; other projects are not affected",
        ),
    };
    (explanation, repair.to_owned())
}

/// What is worth knowing of a file that is sound.
fn notes(row: &projects::Model, spoke: &SpokeFile) -> Vec<(FindingClass, (String, String))> {
    let mut notes = Vec::new();
    if spoke.version < i64::from(Project::VERSION) {
        let explanation = format!(
            "project `{}` has schema version {}, this program has {}",
            row.name,
            spoke.version,
            Project::VERSION
        );
        let repair = "it is migrated when it is next opened, or by `manifold migrate up`";
        notes.push((FindingClass::OlderSchema, (explanation, repair.to_owned())));
    }
    if let Some(size) = spoke.unchecked {
        let explanation = format!(
            "the file of project `{}` has {} MB and was not read through",
            row.name,
            size >> 20
        );
        let repair = "a backup of it, verified, does that";
        notes.push((FindingClass::Unchecked, (explanation, repair.to_owned())));
    }
    notes
}
