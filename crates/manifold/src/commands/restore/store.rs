//! `manifold restore` of a whole store.

use manifold_jobs::backup::{
    BackupError, BackupPlace, Location, Opened, PartFate, RestoredPart, StoreRestored,
};
use manifold_jobs::jobs::RestoreStore;
use serde_json::json;

use super::RestoreArgs;
use crate::command_error::CommandError;
use crate::commands::backup::FoundBackup;
use crate::session::Session;
use crate::shapes::backup::BackupShape;
use crate::shapes::job::JobShape;
use crate::table::{self, Align, printable};
use crate::units::{self, count, time};

/// Restores everything that a backup of the whole store holds.
pub(super) async fn run(
    arguments: &RestoreArgs,
    backup: FoundBackup,
    session: &Session,
) -> anyhow::Result<()> {
    if arguments.new_name.is_some() || arguments.diff {
        let message =
            "--as and --diff are for one project of a whole store: name it with --project";
        return Err(CommandError::Usage {
            message: message.to_owned(),
        }
        .into());
    }
    let FoundBackup { place, shape } = backup;
    if arguments.in_place && !arguments.dry_run {
        session.confirm(question(&shape)).await?;
    }
    let job = RestoreStore {
        backup: place,
        in_place: arguments.in_place,
        dry_run: arguments.dry_run,
    };
    if arguments.detach {
        let document = |job: &JobShape| json!({ "job": job, "projects": null });
        return session.detach(&job, None, document).await;
    }
    let title = "restore of the whole store".to_owned();
    let ran = session.foreground(title, job, None).await?;
    let output = session.output();
    let restored = match ran.outcome {
        Ok(restored) => restored,
        Err(error) => {
            output.document(&json!({ "job": ran.job, "projects": null }))?;
            return Err(error);
        }
    };
    let document = json!({
        "job": ran.job,
        "projects": restored.projects,
        "missing": restored.missing,
        "carried_over": restored.carried_over,
        "dry_run": restored.dry_run,
    });
    output.confirm(&document, || text(&restored, &shape))?;
    for missing in &restored.missing {
        output.note(&format!(
            "{} is not in the backup: {}",
            printable(&missing.name),
            printable(&missing.reason)
        ));
    }
    if restored.dry_run {
        output.note("Nothing was changed.");
    }
    Ok(())
}

/// The backup of one project in that of a whole store.
pub(super) async fn part(
    session: &Session,
    whole: &FoundBackup,
    reference: &str,
) -> anyhow::Result<FoundBackup> {
    let (places, location) = (
        session.places()?,
        Location::from(whole.shape.location.as_str()),
    );
    let reference = reference.to_owned();
    let source = manifold_store::blocking(move || match Opened::open_in(&places, &location)? {
        Opened::Store(store) => store.open_part(store.find(&reference)?),
        Opened::Project(_) => Err(BackupError::NotInStore {
            path: location.to_path(),
            reference,
        }),
    })
    .await?;
    Ok(FoundBackup {
        place: BackupPlace::Folder(source.location().clone()),
        shape: BackupShape::of_folder(&source),
    })
}

fn question(backup: &BackupShape) -> String {
    format!(
        "Put everything back as it was on {} ({}), replacing what each of these projects holds now; a copy of what is there now is kept",
        time(backup.created_at),
        backup.summary()
    )
}

fn text(restored: &StoreRestored, backup: &BackupShape) -> String {
    let header = [
        ("project", Align::Left),
        ("rows", Align::Right),
        ("", Align::Left),
    ];
    let lines = restored.projects.iter().map(|part| {
        vec![
            part.name.clone(),
            units::number(part.rows),
            fate(part, restored.dry_run),
        ]
    });
    let table = table::table(&header, lines);
    let number = restored.projects.len();
    let projects = count(i64::try_from(number).unwrap_or(i64::MAX), "project");
    let done = if restored.dry_run {
        "Would restore"
    } else {
        "Restored"
    };
    let when = time(backup.created_at);
    format!("{table}\n{done} {projects} of the store to their state of {when}.")
}

fn fate(part: &RestoredPart, dry_run: bool) -> String {
    let done = match (part.fate, dry_run) {
        (PartFate::Made, false) => "made",
        (PartFate::Made, true) => "would be made",
        (PartFate::Replaced, false) => "replaced",
        (PartFate::Replaced, true) => "would be replaced",
        (PartFate::Unchanged, _) => "is as it was saved",
        (PartFate::Failed, _) => "not restored",
    };
    match &part.safety_copy {
        Some(copy) => format!("{done}; what was there is in {}", copy.display()),
        None => done.to_owned(),
    }
}
