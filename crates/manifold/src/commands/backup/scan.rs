//! `manifold backup scan`

use clap::Args;
use manifold_jobs::backup::{self, BackupError, Location, Scanned};
use serde_json::json;

use crate::encryption_flags::{self, UnlockFlags};
use crate::errors;
use crate::session::Session;
use crate::shapes::backup::BackupShape;
use crate::table::printable;
use crate::units::count;

/// Where to look.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold backup scan /mnt/usb --dry-run
  manifold backup scan s3://bucket/backups
  manifold backup scan s3://bucket/backups --identity-file me.key

Backups are found by their manifests, one folder deep, and those that are not on the list are added to it: then they can be \
verified, restored and pruned by their ids. With --dry-run they are only shown, and no data folder is made or changed. \
The credentials of an address are taken from variables such as AWS_ACCESS_KEY_ID, or from secrets with these names.")]
pub(crate) struct ScanArgs {
    /// A folder with backups, or an address: s3://, gs://, az://; a backup itself is found too
    #[arg(value_name = "LOCATION")]
    location: String,
    #[command(flatten)]
    unlock: UnlockFlags,
    /// Say what is there, without adding it to the list
    #[arg(long)]
    dry_run: bool,
}

impl ScanArgs {
    /// Whether nothing is written.
    pub(super) fn only_reads(&self) -> bool {
        self.dry_run && self.unlock.unlock().is_none()
    }
}

/// Looks for backups in a place.
pub(super) async fn run(arguments: ScanArgs, session: &Session) -> anyhow::Result<()> {
    let location = Location::from(arguments.location.as_str()).checked()?;
    let places = session.places()?;
    let mut scanned = backup::scan(&places, &location).await?;
    if let Some(unlock) = arguments.unlock.unlock() {
        let locked: Vec<_> = scanned
            .iter()
            .filter(|found| matches!(found.backup, Err(BackupError::NoKey { .. })))
            .map(|found| found.location.clone())
            .collect();
        for backup in &locked {
            encryption_flags::open(&places, backup, Some(unlock.clone())).await?;
        }
        if !locked.is_empty() {
            scanned = backup::scan(&places, &location).await?;
        }
    }
    let (mut found, mut added, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
    for Scanned { location, backup } in scanned {
        match backup {
            Ok(source) => {
                if !arguments.dry_run {
                    let row = backup::list_found(&session.store().await?, &source).await?;
                    added.extend(row.map(|row| row.id));
                }
                found.push(BackupShape::of_opened(&source));
            }
            Err(error) => {
                let error = anyhow::Error::new(error);
                unreadable.push(json!({
                    "location": location.to_string(),
                    "code": errors::code(&error),
                    "error": error.to_string(),
                }));
            }
        }
    }
    let output = session.output();
    output.show(
        &json!({ "backups": found, "added": added, "unreadable": unreadable }),
        || BackupShape::table(&found),
    )?;
    for backup in &unreadable {
        output.note(&printable(backup["error"].as_str().unwrap_or_default()));
    }
    let backups = |number: usize| count(i64::try_from(number).unwrap_or(i64::MAX), "backup");
    if arguments.dry_run {
        output.note(&format!(
            "Found {}. Nothing was changed.",
            backups(found.len())
        ));
    } else {
        output.note(&format!(
            "Found {}; {} new on the list.",
            backups(found.len()),
            added.len()
        ));
    }
    Ok(())
}
