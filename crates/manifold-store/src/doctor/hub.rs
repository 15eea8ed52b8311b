//! The hub's file is there and sound.

use super::cure::Cure;
use super::database_file::{DatabaseFile, Problem};
use super::{Finding, FindingClass};
use crate::{Access, Core, Layout, StoreError, provision};

/// What is wrong with the hub's file. A store that was never made has none, which is right.
pub(super) async fn examine(
    layout: &Layout,
    access: Access,
) -> Result<Option<Finding>, StoreError> {
    let path = layout.core();
    let read =
        provision::blocking(move || Ok(DatabaseFile::read::<Core>(&path, access, None).err()));
    let Some(problem) = read.await? else {
        return Ok(None);
    };
    let spokes = crate::hub::spokes(layout);
    if problem.class == FindingClass::MissingFile && spokes == 0 {
        return Ok(None);
    }
    let (explanation, repair) = explain(&problem, spokes);
    let finding = Finding::new(problem.class, explanation, repair).at(layout.core());
    let is_lost = matches!(
        problem.class,
        FindingClass::MissingFile
            | FindingClass::NotSqlite
            | FindingClass::NotManifold
            | FindingClass::Corrupt
    );
    Ok(Some(if is_lost {
        finding.cured_by(Cure::RebuildHub)
    } else {
        finding
    }))
}

fn explain(Problem { class, reason }: &Problem, spokes: usize) -> (String, String) {
    let untouched = match spokes {
        0 => String::new(),
        1 => "; the file in the folder `projects` holds all of its project and is not affected"
            .to_owned(),
        _ => format!(
            "; the {spokes} files in the folder `projects` hold all of their projects and are not affected"
        ),
    };
    match class {
        FindingClass::MissingFile => (
            "the hub is missing, though there are projects".to_owned(),
            format!("it is rebuilt from its newest copy and from the projects{untouched}"),
        ),
        FindingClass::NewerSchema => (
            format!("the hub cannot be opened: {reason}"),
            "use a newer manifold".to_owned(),
        ),
        FindingClass::Unreadable => (
            format!("the hub cannot be read ({reason})"),
            "look at the permissions of the data folder and at its disk".to_owned(),
        ),
        FindingClass::Unchecked => (
            format!("the hub was not looked through: {reason}"),
            "run this again when that is done".to_owned(),
        ),
        FindingClass::NotSqlite | FindingClass::NotManifold => (
            format!("the hub is not one of Manifold's ({reason})"),
            format!(
                "it is moved into the quarantine and rebuilt from its newest copy and from the projects{untouched}"
            ),
        ),
        _ => (
            format!("the hub is damaged ({reason})"),
            format!(
                "it is moved into the quarantine and rebuilt from its newest copy and from the projects{untouched}"
            ),
        ),
    }
}
