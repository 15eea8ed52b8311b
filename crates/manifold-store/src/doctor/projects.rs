//! Every project of the hub has its file, and the file is sound.

use std::path::{Path, PathBuf};

use entity_core::enums::ProjectState;
use entity_core::projects;
use sea_orm::{EntityTrait as _, QueryOrder as _};

use super::cure::Cure;
use super::database_file::Problem;
use super::spoke_file::{self, SpokeFile};
use super::{Finding, FindingClass, missing, projection};
use crate::{
    Access, Cause, DatabaseManager as _, FileLock, Kind as _, Layout, Project, ProjectId, Share,
    SqliteManager, StoreError, provision, quarantine,
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

/// Where its file would be if the hub were wrong about whether the project is in the trash.
fn other_place(layout: &Layout, row: &projects::Model) -> PathBuf {
    match row.state {
        ProjectState::Trashed => layout.spoke(&row.namespace),
        ProjectState::Active | ProjectState::Creating => layout.trashed(&row.namespace),
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
            if !same {
                return Ok(Vec::new());
            }
            let found = if problem.class == FindingClass::MissingFile {
                missing::explain(manager, row, &path, &other_place(manager.layout(), row)).await?
            } else {
                let backup = quarantine::newest_backup(manager.core(), &row.id).await?;
                damaged(row, &path, &problem, backup)
            };
            return Ok(vec![found]);
        }
    };
    if spoke.id != row.id {
        return Ok(vec![misplaced(manager.layout(), row, path, spoke.id)]);
    }
    let mut found = notes(row, &spoke)
        .into_iter()
        .map(|(class, text, cure)| {
            let noted = finding(class, text);
            match cure {
                Some(cure) => noted.cured_by(cure),
                None => noted,
            }
        })
        .collect::<Vec<_>>();
    if row.state == ProjectState::Active
        && let Some(drift) = projection::examine(manager, row, &path, spoke).await?
    {
        let cure = Cure::Reproject { id: row.id.clone() };
        found.push(finding(FindingClass::DriftedProjection, drift).cured_by(cure));
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

/// A file that holds another project: it goes where that one belongs, or into the quarantine if that place is
/// taken.
fn misplaced(layout: &Layout, row: &projects::Model, path: PathBuf, holds: String) -> Finding {
    let explanation = format!("the file of project `{}` holds project {holds}", row.name);
    let home = holds
        .parse::<ProjectId>()
        .map(|id| layout.spoke(&id.namespace()));
    let (repair, cure) = match home {
        Ok(home) if !home.exists() => (
            format!("it is moved to the place of project {holds}"),
            Cure::Bring {
                id: holds,
                from: path.clone(),
                to: home,
            },
        ),
        _ => (
            "it is moved into the quarantine; then the right one can take its place".to_owned(),
            Cure::SetAside {
                file: path.clone(),
                cause: Cause::Misplaced,
                project: Some(holds),
                reason: explanation.clone(),
            },
        ),
    };
    Finding::new(FindingClass::WrongProject, explanation, repair)
        .of(&row.id)
        .at(path)
        .cured_by(cure)
}

/// What is wrong with a project's file, and what to do about it.
fn damaged(
    row: &projects::Model,
    path: &Path,
    Problem { class, reason }: &Problem,
    backup: Option<String>,
) -> Finding {
    let name = &row.name;
    let (explanation, told) = match class {
        FindingClass::NewerSchema => (
            format!("project `{name}` cannot be opened: {reason}"),
            Some("use a newer manifold"),
        ),
        FindingClass::Unreadable => (
            format!("the file of project `{name}` cannot be read ({reason})"),
            Some("look at its permissions and its disk"),
        ),
        FindingClass::Unchecked => (
            format!("project `{name}` was not looked through: {reason}"),
            Some("run this again when that is done"),
        ),
        FindingClass::NotSqlite | FindingClass::NotManifold => (
            format!("the file of project `{name}` is not one of Manifold's ({reason})"),
            None,
        ),
        _ => (
            format!("the file of project `{name}` is damaged ({reason})"),
            None,
        ),
    };
    let finding = |repair: String| {
        Finding::new(*class, explanation, repair)
            .of(&row.id)
            .at(path)
    };
    if let Some(repair) = told {
        return finding(repair.to_owned());
    }
    if row.state == ProjectState::Trashed {
        let restore = backup.map_or_else(String::new, |backup| {
            format!("; `manifold restore {backup} --as NEW_NAME` makes a new project of its newest backup")
        });
        return finding(format!("it is in the trash and left there{restore}"));
    }
    let restore = backup.map_or_else(
        || "; there is no backup of it, `manifold project salvage` makes a new project of what can be read".to_owned(),
        |backup| format!("; then `manifold restore {backup} --in-place` brings the project back"),
    );
    finding(format!(
        "it is moved into the quarantine{restore}; other projects are not affected"
    ))
    .cured_by(Cure::SetAside {
        file: path.to_owned(),
        cause: Cause::DamagedProject,
        project: Some(row.id.clone()),
        reason: reason.clone(),
    })
}

/// What is worth knowing of a file that is sound. One in the trash is migrated when it leaves it.
fn notes(
    row: &projects::Model,
    spoke: &SpokeFile,
) -> Vec<(FindingClass, (String, String), Option<Cure>)> {
    let mut notes = Vec::new();
    if spoke.version < i64::from(Project::VERSION) && row.state == ProjectState::Active {
        let explanation = format!(
            "project `{}` has schema version {}, this program has {}",
            row.name,
            spoke.version,
            Project::VERSION
        );
        let repair = "it is migrated, as when it is next opened".to_owned();
        let cure = Cure::Open { id: row.id.clone() };
        notes.push((FindingClass::OlderSchema, (explanation, repair), Some(cure)));
    }
    if let Some(size) = spoke.unchecked {
        let explanation = format!(
            "the file of project `{}` has {} MB and was not read through",
            row.name,
            size >> 20
        );
        let repair = "a backup of it, verified, does that".to_owned();
        notes.push((FindingClass::Unchecked, (explanation, repair), None));
    }
    notes
}
