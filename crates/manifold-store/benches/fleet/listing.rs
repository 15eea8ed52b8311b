//! The first page of the list of projects.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use manifold_store::{Layout, Projects, SqliteManager};
use serde_json::json;

use super::support::cpu_us;
use super::{Step, rounded};

const LIMIT: u64 = 100;
const PAGES: usize = 500;
const COMMANDS: usize = 40;

/// The SELECT behind a page, as somebody would type it.
const SELECT: &str = "SELECT id, name, description, state, namespace, source_count, snapshot_count, row_count, created_at, \
    updated_at FROM projects WHERE state = 'active' ORDER BY name_fold, id LIMIT 101";

/// The page through the library.
pub(super) async fn by_library(profile: &str, manager: &Arc<SqliteManager>) {
    let projects = Projects::new(manager);
    let (cpu, begun) = (cpu_us(), Instant::now());
    let mut took = Vec::new();
    for _ in 0..PAGES {
        let begun = Instant::now();
        let page = projects.page(None, Some(LIMIT)).await.unwrap();
        assert!(page.next.is_some());
        took.push(begun.elapsed());
    }
    let step = Step {
        profile,
        name: "list_first_page",
        wall: begun.elapsed(),
        cpu_us: cpu_us() - cpu,
    };
    step.print(took, &json!({ "limit": LIMIT }));
}

/// The page through the command, in turn with the same SELECT in `sqlite3`: CPU time of whole processes.
pub(super) fn by_command(profile: &str, program: &Path, data: &Path) {
    let mut ours = Command::new(program);
    ours.arg("--data-dir").arg(data);
    ours.args(["--json", "project", "list", "--limit", &LIMIT.to_string()]);
    let mut theirs = Command::new("sqlite3");
    theirs
        .arg("-json")
        .arg(Layout::new(data).core())
        .arg(SELECT);
    if theirs.stdout(Stdio::null()).status().is_err() {
        println!(
            "{}",
            json!({ "kit": "fleet", "step": "list_command", "skipped": "there is no `sqlite3` command" })
        );
        return;
    }
    let (mut our_ms, mut their_ms) = (Vec::new(), Vec::new());
    for _ in 0..COMMANDS {
        our_ms.push(cpu_of(&mut ours));
        their_ms.push(cpu_of(&mut theirs));
    }
    let (ours, theirs) = (mean(&our_ms), mean(&their_ms));
    let line = json!({
        "kit": "fleet",
        "profile": profile,
        "step": "list_command",
        "n": COMMANDS,
        "limit": LIMIT,
        "manifold_cpu_ms": rounded(ours),
        "sqlite3_cpu_ms": rounded(theirs),
        "ratio": rounded(ours / theirs),
    });
    println!("{line}");
}

/// CPU time of one run of a command, in ms.
fn cpu_of(command: &mut Command) -> f64 {
    let before = cpu_of_children();
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success());
    cpu_of_children() - before
}

/// CPU time of the children that ended, in ms, as far as the system tells: in ticks of 10 ms, so that only the sum of
/// many says something.
fn cpu_of_children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let fields: Vec<&str> = after_name.split(' ').collect();
    let ticks = |field: usize| fields[field].parse::<f64>().unwrap();
    (ticks(13) + ticks(14)) * 10.0
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
