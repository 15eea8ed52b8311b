//! `manifold doctor`

mod metrics;
mod report;

use clap::Args;
use manifold_jobs::backup;
use manifold_store::{Doctor, Examination, Finding, Layout, Severity};
use serde_json::json;

use self::metrics::Measured;
use crate::command_error::CommandError;
use crate::session::Session;
use crate::units::count;

/// Whether to repair.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold doctor
  manifold doctor --repair
  manifold doctor --metrics

Without --repair nothing is changed, and no project is migrated. Other processes may use the data folder meanwhile. \
Files of projects above 256 MB are not read through, and a warning says so.

A repair loses nothing: what is damaged or belongs to nothing is moved into the folder `quarantine`, with a note; where \
something would be lost, the choices are named. A hub that is missing or damaged is rebuilt from its newest copy and \
from the projects.

Errors are what keeps data from being reached, or may lose it; warnings are the rest. The exit code is 1 when an error \
is left, 0 when there are only warnings, or nothing.")]
pub(crate) struct DoctorArgs {
    /// Repair what can be repaired without losing anything
    #[arg(long)]
    repair: bool,
    /// Tell how large the files and their logs are, who has them open, and what this process measured
    #[arg(long)]
    metrics: bool,
    /// With --repair: say what would be done, without doing it
    #[arg(long, requires = "repair")]
    dry_run: bool,
}

impl DoctorArgs {
    /// Whether it changes nothing in the data folder.
    pub(crate) fn only_reads(&self) -> bool {
        !self.repair || self.dry_run
    }
}

/// Looks for what is wrong, and repairs it if that is wanted.
pub(crate) async fn run(arguments: DoctorArgs, session: &Session) -> anyhow::Result<()> {
    let layout = session.layout()?;
    let output = session.output();
    let mut examination = examine(&layout, session).await?;
    if arguments.repair && !arguments.dry_run {
        examination = repair(&layout, session, examination).await?;
    }
    let findings: Vec<_> = examination.findings.iter().map(report::shape).collect();
    let mut document = json!({ "ok": examination.ok, "findings": findings });
    // A hub that is missing or damaged has no store that could be measured.
    let measured = if arguments.metrics && session.is_open() {
        Some(Measured::take(session).await?)
    } else {
        None
    };
    if arguments.metrics {
        document["metrics"] = serde_json::to_value(&measured)?;
    }
    output.show(&document, || {
        let found = report::in_groups(&examination.findings);
        match &measured {
            Some(measured) => format!("{found}\n\n{}", measured.text()),
            None => found,
        }
    })?;
    if arguments.dry_run {
        output.note("Nothing was changed.");
    } else if !arguments.repair && examination.findings.iter().any(Finding::is_curable) {
        output
            .note("`manifold doctor --repair` does what is said above, where no choice is needed.");
    }
    if !layout.core().exists() && examination.ok {
        output.note(&format!(
            "There is no project in {} yet.",
            layout.root().display()
        ));
    }
    if examination.ok {
        Ok(())
    } else {
        Err(CommandError::Unsound {
            errors: report::left(&examination.findings, Severity::Error).count(),
        }
        .into())
    }
}

/// Opening a store makes one where there is none, and migrates its hub: the hub is looked at before.
async fn examine(layout: &Layout, session: &Session) -> anyhow::Result<Examination> {
    let hub = Doctor::examine_hub(layout, session.access()).await?;
    if !hub.ok || !layout.core().exists() {
        return Ok(hub);
    }
    let mut examination = Doctor::new(&session.store().await?).examine().await?;
    examination.findings.extend(hub.findings);
    Ok(examination)
}

/// Asks, and repairs the hub before anything else. What a rebuilt hub shows of projects and backups is found again.
async fn repair(
    layout: &Layout,
    session: &Session,
    found: Examination,
) -> anyhow::Result<Examination> {
    let curable = found.findings.iter().filter(|finding| finding.is_curable());
    let curable = curable.count();
    if curable == 0 {
        return Ok(found);
    }
    let output = session.output();
    output.note(&report::in_groups(&found.findings));
    let problems = count(i64::try_from(curable).unwrap_or(i64::MAX), "problem");
    session
        .confirm(format!("Repair {problems} as said"))
        .await?;
    let hub = Doctor::repair_hub(layout).await?;
    if !hub.ok {
        return Ok(hub);
    }
    let store = session.store().await?;
    let mut examination = Doctor::new(&store).repair().await?;
    // A crash may have come between a rebuilt hub and this.
    let listed = backup::list_again(&store).await?.len();
    if listed > 0 {
        let listed = count(i64::try_from(listed).unwrap_or(i64::MAX), "backup");
        output.note(&format!("Put {listed} on the list again."));
    }
    examination.findings.splice(0..0, hub.findings);
    Ok(examination)
}
