//! `manifold doctor`

use manifold_store::{Doctor, Examination, Finding, Layout, Severity};
use serde_json::{Value as Json, json};

use crate::command_error::CommandError;
use crate::session::Session;
use crate::table::printable;
use crate::units::count;

/// What the help adds.
pub(crate) const HELP: &str = "\
Examples:
  manifold doctor
  manifold doctor --json

No project is repaired or migrated. Other processes may use the data folder meanwhile. Files of projects above \
256 MB are not read through, and a warning says so.

Errors are what keeps data from being reached, or may lose it; warnings are the rest. The exit code is 1 when there \
is an error, 0 when there are only warnings, or nothing.";

/// Looks for what is wrong.
pub(crate) async fn run(session: &Session) -> anyhow::Result<()> {
    let layout = session.layout()?;
    let output = session.output();
    let examination = examine(&layout, session).await?;
    let findings: Vec<_> = examination.findings.iter().map(shape).collect();
    let document = json!({ "ok": examination.ok, "findings": findings });
    output.show(&document, || in_groups(&examination.findings))?;
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
            errors: of(&examination.findings, Severity::Error).count(),
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

fn shape(finding: &Finding) -> Json {
    json!({
        "class": finding.class,
        "severity": finding.severity,
        "project_id": finding.project_id,
        "path": finding.path.as_ref().map(|path| path.display().to_string()),
        "explanation": finding.explanation,
        "repair": finding.repair,
        "repaired": false,
    })
}

fn of(findings: &[Finding], severity: Severity) -> impl Iterator<Item = &Finding> {
    findings
        .iter()
        .filter(move |finding| finding.severity == severity)
}

/// Errors first, then warnings: what it is, where, and what to do.
fn in_groups(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "No problem found.".to_owned();
    }
    let groups = [(Severity::Error, "error"), (Severity::Warning, "warning")];
    let groups = groups.map(|(severity, word)| {
        let lines: Vec<_> = of(findings, severity).map(in_lines).collect();
        let found = i64::try_from(lines.len()).unwrap_or(i64::MAX);
        (!lines.is_empty()).then(|| format!("{}\n\n{}", count(found, word), lines.join("\n\n")))
    });
    groups
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn in_lines(finding: &Finding) -> String {
    let mut lines = vec![format!("  {}", printable(&finding.explanation))];
    if let Some(path) = &finding.path {
        lines.push(format!(
            "    where  {}",
            printable(&path.display().to_string())
        ));
    }
    lines.push(format!("    to do  {}", printable(&finding.repair)));
    lines.join("\n")
}
