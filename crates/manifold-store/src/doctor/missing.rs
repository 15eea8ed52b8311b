//! A project whose file is not where it should be.

use std::path::Path;

use entity_core::enums::ProjectState;
use entity_core::projects;

use super::cure::Cure;
use super::{Finding, FindingClass, spoke_file};
use crate::error::ways_out;
use crate::{
    Access, Cause, DatabaseManager as _, Quarantine, SetAside, SqliteManager, StoreError,
    projection, provision, quarantine,
};

/// What became of the file of `row`, which is not at `path`: it may be at the `other` place, or set aside.
pub(super) async fn explain(
    manager: &SqliteManager,
    row: &projects::Model,
    path: &Path,
    other: &Path,
) -> Result<Finding, StoreError> {
    let found = Finding::new(FindingClass::MissingFile, "", "")
        .of(&row.id)
        .at(path);
    if holds(other, manager.access(), &row.id).await? {
        return Ok(elsewhere(found, row));
    }
    let aside = Quarantine::new(manager.layout());
    if let Some(misplaced) = aside.newest(&row.id, Cause::Misplaced)?
        && holds(&misplaced.path, manager.access(), &row.id).await?
    {
        return Ok(Finding {
            explanation: format!(
                "the file of project `{}` is in the quarantine, and sound",
                row.name
            ),
            repair: "it is put back".to_owned(),
            ..found.cured_by(put_back(row, &misplaced, path))
        });
    }
    if row.state == ProjectState::Trashed {
        return Ok(Finding {
            explanation: format!(
                "the file of project `{}` is missing from the trash",
                row.name
            ),
            repair: "the project is taken off the list; nothing else is left of it here".to_owned(),
            ..found.cured_by(Cure::Forget { id: row.id.clone() })
        });
    }
    let backup = quarantine::newest_backup(manager.core(), &row.id).await?;
    if let Some(damaged) = aside.project(&projection::project_id(row)?)? {
        return set_aside(manager.access(), row, path, damaged, backup).await;
    }
    let restore = backup.map_or_else(String::new, |backup| {
        format!("restore the project with `manifold restore {backup} --in-place`, ")
    });
    Ok(Finding {
        explanation: format!("the file of project `{}` is missing", row.name),
        repair: format!(
            "put it back, {restore}or give the project up with `manifold project delete {}`",
            row.id
        ),
        ..found
    })
}

fn elsewhere(found: Finding, row: &projects::Model) -> Finding {
    let in_use = row.state == ProjectState::Trashed;
    let (explanation, repair) = if in_use {
        (
            "is not in the trash but in use",
            "the project is shown in use",
        )
    } else {
        (
            "is in the trash, though the project is shown in use",
            "the project is shown in the trash",
        )
    };
    Finding {
        explanation: format!("the file of project `{}` {explanation}", row.name),
        repair: repair.to_owned(),
        ..found.cured_by(Cure::Follow {
            id: row.id.clone(),
            in_use,
        })
    }
}

/// A project in quarantine, whose file may have been repaired by hand.
async fn set_aside(
    access: Access,
    row: &projects::Model,
    path: &Path,
    aside: SetAside,
    backup: Option<String>,
) -> Result<Finding, StoreError> {
    let explanation = format!(
        "project `{}` is in quarantine, because its file is damaged ({})",
        row.name, aside.note.reason
    );
    let found = Finding::new(FindingClass::Quarantined, explanation, "").of(&row.id);
    if holds(&aside.path, access, &row.id).await? {
        return Ok(Finding {
            explanation: format!(
                "project `{}` is in quarantine, and its file is sound by now",
                row.name
            ),
            repair: "it is put back".to_owned(),
            ..found.at(&aside.path).cured_by(put_back(row, &aside, path))
        });
    }
    Ok(Finding {
        repair: format!(
            "{}; `manifold project delete {}` gives it up",
            ways_out(&projection::project_id(row)?, backup.as_deref()),
            row.id
        ),
        ..found.at(&aside.path)
    })
}

fn put_back(row: &projects::Model, aside: &SetAside, to: &Path) -> Cure {
    Cure::PutBack {
        id: row.id.clone(),
        aside: aside.path.clone(),
        to: to.to_owned(),
    }
}

/// Whether there is a sound file that holds this project.
async fn holds(path: &Path, access: Access, id: &str) -> Result<bool, StoreError> {
    let file = path.to_owned();
    let read = provision::blocking(move || Ok(spoke_file::read(&file, access))).await?;
    Ok(read.is_ok_and(|spoke| spoke.id == id))
}
