//! `manifold log`

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::TimeDelta;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use entity_core::enums::LogLevel;
use manifold_store::{HubLog, LogEntry, LogFilter, Projects, Timestamp};
use serde_json::json;

use crate::session::Session;
use crate::shapes::log_entry::LogEntryShape;

/// Entries shown if nobody says how many.
const ENTRIES: u64 = 100;
/// How often the log is looked at when it is followed.
const LOOK: Duration = Duration::from_millis(500);
/// What was said so long before the newest entry may be written down after it.
const LATE: TimeDelta = TimeDelta::seconds(10);

/// Which entries.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold log
  manifold log --level error --project aviation --limit 20
  manifold log --level info --follow --json

What jobs said, attempts that failed, and changes of projects (create, delete, restore, ...) that failed or are \
half-done; the newest is last.")]
pub(crate) struct LogArgs {
    /// This level and those that are more serious
    #[arg(long, value_name = "L", default_value = "warn",
          value_parser = PossibleValuesParser::new(LogLevel::VALUES).try_map(|level| level.parse::<LogLevel>()))]
    level: LogLevel,
    /// Only what is about this project: its id, its name, or the beginning of its id
    #[arg(long)]
    project: Option<String>,
    /// Go on until Ctrl-C; with --json a line for each entry
    #[arg(long, short)]
    follow: bool,
    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = ENTRIES)]
    limit: u64,
}

/// Shows warnings and errors of jobs and of changes of projects.
pub(crate) async fn run(arguments: LogArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let projects = Projects::new(&store);
    let project = match &arguments.project {
        Some(project) => Some(Projects::id(&projects.find(project).await?)?),
        None => None,
    };
    let filter = LogFilter {
        level: arguments.level,
        project,
        since: None,
        limit: arguments.limit,
    };
    let log = HubLog::new(store.clone());
    let entries = log.read(&filter).await?;
    if arguments.follow {
        return follow(&log, filter, entries, &projects, session).await;
    }
    let names = names(&projects).await?;
    let entries: Vec<_> = entries
        .into_iter()
        .map(|entry| LogEntryShape::new(entry, &names))
        .collect();
    let output = session.output();
    if entries.is_empty() {
        output.note("Nothing was said that is so serious; --level info shows more.");
        return Ok(output.document(&json!({ "log": [] }))?);
    }
    output.show(&json!({ "log": entries }), || {
        let lines: Vec<_> = entries.iter().map(LogEntryShape::line).collect();
        lines.join("\n")
    })?;
    Ok(())
}

async fn follow(
    log: &HubLog,
    mut filter: LogFilter,
    mut entries: Vec<LogEntry>,
    projects: &Projects,
    session: &Session,
) -> anyhow::Result<()> {
    let output = session.output();
    let mut shown: HashSet<String> = HashSet::new();
    let mut names = names(projects).await?;
    let mut newest = entries.last().map_or_else(Timestamp::now, |entry| entry.at);
    filter.limit = u64::from(u32::MAX);
    loop {
        entries.retain(|entry| !shown.contains(&entry.key));
        for entry in entries {
            let unknown = |id: &String| !names.contains_key(id);
            if entry.project_id.as_ref().is_some_and(unknown) {
                names = self::names(projects).await?;
            }
            shown.insert(entry.key.clone());
            newest = newest.max(entry.at);
            let line = LogEntryShape::new(entry, &names);
            output.stream_line(&line, || line.line())?;
        }
        tokio::time::sleep(LOOK).await;
        filter.since = Some(newest - LATE);
        entries = log.read(&filter).await?;
        // What is not read any more need not be remembered.
        let read: HashSet<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        shown.retain(|key| read.contains(key.as_str()));
    }
}

async fn names(projects: &Projects) -> anyhow::Result<HashMap<String, String>> {
    let all = projects.list().await?.into_iter();
    Ok(all.map(|project| (project.id, project.name)).collect())
}
