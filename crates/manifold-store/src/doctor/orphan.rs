//! A file in the folder of projects or in the trash that no project of the hub has.

use std::path::Path;

use entity_core::enums::ProjectState;
use entity_core::projects;

use super::cure::Cure;
use super::database_file::Problem;
use super::spoke_file::{self, SpokeFile};
use super::{Finding, FindingClass};
use crate::{Access, Cause, Layout, ProjectId, StoreError, name, provision};

/// What the file is and what can be done with it; `None` when it is gone since it was listed.
pub(super) async fn examine(
    layout: &Layout,
    access: Access,
    rows: &[projects::Model],
    path: &Path,
) -> Result<Option<Finding>, StoreError> {
    let file = path.to_owned();
    let read = provision::blocking(move || Ok(spoke_file::read(&file, access))).await?;
    let finding = |inside: &str, repair: String| {
        let explanation = format!("the hub knows no project in this file ({inside})");
        Finding::new(FindingClass::OrphanFile, explanation, repair).at(path)
    };
    let spoke = match read {
        Ok(spoke) => spoke,
        Err(Problem {
            class: FindingClass::MissingFile,
            ..
        }) => return Ok(None),
        Err(
            problem @ Problem {
                class:
                    FindingClass::NewerSchema | FindingClass::Unreadable | FindingClass::Unchecked,
                ..
            },
        ) => {
            let repair = "it is left alone, since it cannot be read here".to_owned();
            return Ok(Some(finding(&problem.reason, repair)));
        }
        Err(problem) => {
            let cure = Cure::SetAside {
                file: path.to_owned(),
                cause: Cause::Stray,
                project: None,
                reason: problem.reason.clone(),
            };
            let repair = "it is moved into the quarantine".to_owned();
            return Ok(Some(finding(&problem.reason, repair).cured_by(cure)));
        }
    };
    let inside = format!("it holds project {}, `{}`", spoke.id, spoke.name);
    Ok(Some(match choose(layout, rows, path, &spoke) {
        Ok((repair, cure)) => finding(&inside, repair).cured_by(cure),
        Err(choice) => finding(&inside, choice),
    }))
}

/// What a repair does with a sound file, or what somebody has to choose.
fn choose(
    layout: &Layout,
    rows: &[projects::Model],
    path: &Path,
    spoke: &SpokeFile,
) -> Result<(String, Cure), String> {
    let Ok(id) = spoke.id.parse::<ProjectId>() else {
        return Err(
            "the project has no valid id: move the file somewhere else to keep it".to_owned(),
        );
    };
    let in_use = path.starts_with(layout.projects());
    let namespace = id.namespace();
    let home = if in_use {
        layout.spoke(&namespace)
    } else {
        layout.trashed(&namespace)
    };
    if let Some(row) = rows.iter().find(|row| row.id == spoke.id) {
        let (active, trashed) = (layout.spoke(&row.namespace), layout.trashed(&row.namespace));
        let expected = match row.state {
            ProjectState::Trashed => &trashed,
            ProjectState::Active | ProjectState::Creating => &active,
        };
        if active.exists() || trashed.exists() {
            return Err(format!(
                "that project has another file, {}: move this one somewhere else to keep it, or delete it if it is a copy",
                if active.exists() { active } else { trashed }.display()
            ));
        }
        let repair = format!(
            "it is moved to {}, where that project's file belongs",
            expected.display()
        );
        return Ok((
            repair,
            Cure::Bring {
                id: spoke.id.clone(),
                from: path.to_owned(),
                to: expected.clone(),
            },
        ));
    }
    if home != path && home.exists() {
        return Err(format!(
            "another file lies in its place, {}: move one of them somewhere else",
            home.display()
        ));
    }
    let fold = name::fold(&spoke.name);
    let taken = rows
        .iter()
        .find(|row| row.state != ProjectState::Trashed && row.name_fold == fold)
        .filter(|_| in_use);
    if let Some(taken) = taken {
        return Err(format!(
            "another project has its name: give that one a new name with `manifold project rename {} NEW_NAME` and \
             repair again",
            taken.id
        ));
    }
    let repair = if in_use {
        "the project is shown again"
    } else {
        "the project is shown in the trash"
    };
    Ok((
        repair.to_owned(),
        Cure::Adopt {
            id: spoke.id.clone(),
            file: path.to_owned(),
            in_use,
        },
    ))
}
