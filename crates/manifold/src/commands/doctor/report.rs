//! How findings are shown.

use manifold_store::{Finding, Severity};
use serde_json::{Value as Json, json};

use crate::table::printable;
use crate::units::count;

/// A finding as scripts see it.
pub(super) fn shape(finding: &Finding) -> Json {
    json!({
        "class": finding.class,
        "severity": finding.severity,
        "project_id": finding.project_id,
        "path": finding.path.as_ref().map(|path| path.display().to_string()),
        "explanation": finding.explanation,
        "repair": finding.repair,
        "curable": finding.is_curable(),
        "repaired": finding.repaired,
    })
}

/// What is left of this severity.
pub(super) fn left(findings: &[Finding], severity: Severity) -> impl Iterator<Item = &Finding> {
    findings
        .iter()
        .filter(move |finding| finding.severity == severity && !finding.repaired)
}

/// What was repaired, then errors, then warnings: what it is, where, and what is done about it.
pub(super) fn in_groups(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "No problem found.".to_owned();
    }
    let repaired = findings.iter().filter(|finding| finding.repaired);
    let groups = [
        group(repaired, |found| {
            format!("repaired {}", count(found, "problem"))
        }),
        group(left(findings, Severity::Error), |found| {
            count(found, "error")
        }),
        group(left(findings, Severity::Warning), |found| {
            count(found, "warning")
        }),
    ];
    groups
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn group<'a>(
    findings: impl Iterator<Item = &'a Finding>,
    title: impl FnOnce(i64) -> String,
) -> Option<String> {
    let lines: Vec<_> = findings.map(in_lines).collect();
    let found = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    (!lines.is_empty()).then(|| format!("{}\n\n{}", title(found), lines.join("\n\n")))
}

fn in_lines(finding: &Finding) -> String {
    let mut lines = vec![format!("  {}", printable(&finding.explanation))];
    if let Some(path) = &finding.path {
        lines.push(format!(
            "    where   {}",
            printable(&path.display().to_string())
        ));
    }
    let what = match (finding.repaired, finding.is_curable()) {
        (true, _) => "done   ",
        (false, true) => "repair ",
        (false, false) => "to do  ",
    };
    lines.push(format!("    {what} {}", printable(&finding.repair)));
    lines.join("\n")
}
