//! Every statement that the product runs has a plan without a scan or a sort, or a reason.
//!
//! One tour calls the operations while a recorder keeps each SQL text; each is then explained on the files that
//! the tour left, with the query planner as stable as in production. What scans a table or sorts must be in
//! `tests/plan_allow.txt`, with the reason.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use entity_core::enums::{LogLevel, OverlapPolicy};
use manifold_jobs::import::{ImportTarget, InputFile, TableNaming};
use manifold_jobs::jobs::ImportFile;
use manifold_jobs::schedule::{OnFailure, ScheduleSpec, Schedules};
use manifold_jobs::{
    Observer, Registry, Worker, WorkerOptions, export, rescue_dead, run_foreground,
};
use manifold_store::recorder::{self, Place};
use manifold_store::rows::Effect;
use manifold_store::{
    AdoptOptions, Claim, Clock, CopyWatch, DataSources, DatabaseManager as _, Ending, Fence,
    FenceError, HubLog, ImportSource, JobFilter, JobId, JobLog, JobProgress, Jobs, Layout,
    LogBuffer, LogFilter, LogLine, Migrations, NewJob, NewProject, NewSource, ProjectId, Projects,
    Reason, RowLog, Setting, Settings, Snapshots, SourceChange, SourceId, SourceIndexes,
    SourceTrash, SqliteManager, StepCursor, StoreOptions, Target, Timestamp, Trash, UserQueries,
    rows,
};
use rusqlite::config::DbConfig;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn no_statement_scans_or_sorts_without_a_reason() {
    recorder::start();
    let folder = tempfile::tempdir().unwrap();
    let manager = SqliteManager::open(
        Layout::new(folder.path().join("data")),
        StoreOptions::default(),
    )
    .await
    .unwrap();
    let project = tour(&manager, folder.path()).await;
    let recorded = recorder::recorded();
    assert!(
        recorded.len() > 60,
        "the tour ran only {} statements",
        recorded.len()
    );

    let hub = manager.layout().core();
    let spoke = manager.layout().spoke(&project.namespace());
    let allowed =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/plan_allow.txt")).unwrap();
    let allowed: Vec<&str> = allowed
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            line.split_once(" # ")
                .expect("`part of the SQL # reason`")
                .0
                .trim_end()
        })
        .collect();
    let mut used = BTreeSet::new();
    let mut unexpected = Vec::new();
    for (place, sql) in recorded.iter().filter(|(_, sql)| is_query(sql)) {
        let file = match place {
            Place::Hub => &hub,
            Place::Spoke => &spoke,
        };
        let flat = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        for step in explain(file, sql).iter().filter(|step| is_costly(step)) {
            match allowed.iter().find(|line| flat.contains(**line)) {
                Some(line) => {
                    used.insert(*line);
                }
                None => unexpected.push(format!("{place:?}: {step}: {flat}")),
            }
        }
    }
    assert!(
        unexpected.is_empty(),
        "without a reason in plan_allow.txt:\n{}",
        unexpected.join("\n")
    );
    let unused: Vec<_> = allowed
        .iter()
        .filter(|line| !used.contains(**line))
        .collect();
    assert!(
        unused.is_empty(),
        "no statement needs these lines of plan_allow.txt any more: {unused:?}"
    );
}

fn is_query(sql: &str) -> bool {
    let word = sql
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase();
    ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(&word.as_str())
}

fn is_costly(step: &str) -> bool {
    let scan =
        step.contains("SCAN") && !step.contains("CONSTANT ROW") && !step.contains("VALUES CLAUSE");
    scan || step.contains("TEMP B-TREE")
}

/// The steps of a statement's plan on this file; none when it is about a table that is gone since.
fn explain(file: &Path, sql: &str) -> Vec<String> {
    let connection = rusqlite::Connection::open_with_flags_and_vfs(
        file,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .unwrap();
    let mut statement = match connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")) {
        Ok(statement) => statement,
        Err(error) if error.to_string().contains("no such table: d") => return Vec::new(),
        Err(error) if error.to_string().contains("no such table: @trash") => return Vec::new(),
        Err(error) => panic!("{error}: {sql}"),
    };
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get::<_, String>("detail").unwrap());
    }
    steps
}

/// Calls what the commands call.
async fn tour(manager: &Arc<SqliteManager>, folder: &Path) -> ProjectId {
    let projects = Projects::new(manager);
    let new = |name: &str| NewProject {
        name: name.to_owned(),
        description: None,
    };
    let project = Projects::id(&projects.create(new("tour")).await.unwrap()).unwrap();
    projects.create(new("other")).await.unwrap();
    projects.rename(&project, "the tour").await.unwrap();
    projects
        .describe(&project, Some("calls everything".into()))
        .await
        .unwrap();
    for reference in [project.as_str(), "the tour", &project.as_str()[..31]] {
        projects.find(reference).await.unwrap();
    }
    projects.list().await.unwrap();
    projects.stats(&project, false).await.unwrap();
    let page = projects.page(None, Some(1)).await.unwrap();
    let next = page.next.unwrap();
    assert_eq!(projects.count(Some(&next)).await.unwrap(), 1);
    projects.page(Some(&next), Some(1)).await.unwrap();

    let sources = DataSources::new(manager.clone());
    let named = sources
        .create(&project, NewSource::file("named"))
        .await
        .unwrap();
    let change = SourceChange {
        name: Some("renamed".to_owned()),
        ..SourceChange::default()
    };
    sources
        .update(&project, &named.id.parse().unwrap(), change)
        .await
        .unwrap();
    let source: SourceId = sources
        .create(&project, NewSource::file("t"))
        .await
        .unwrap()
        .id
        .parse()
        .unwrap();
    sources.list(&project).await.unwrap();
    for reference in [source.as_str(), "t", &source.as_str()[..31]] {
        sources.find(&project, reference).await.unwrap();
    }

    let (first, second) = (rows_of(0..300), rows_of(20..310));
    for (bytes, key) in [
        (&first, true),
        (&second, true),
        (&second, true),
        (&first, false),
    ] {
        let key = if key {
            vec!["id".to_owned()]
        } else {
            Vec::new()
        };
        import(manager, folder, &project, &source, bytes, key).await;
    }

    let snapshots = Snapshots::new(manager.clone());
    let listed = snapshots.list(&project, None).await.unwrap();
    let model = sources.find(&project, "t").await.unwrap();
    snapshots.list(&project, Some(&model)).await.unwrap();
    for reference in [
        "t@1",
        "t@latest",
        listed[0].snapshot.id.as_str(),
        &listed[0].snapshot.id[..31],
    ] {
        let found = snapshots.find(&project, reference).await.unwrap();
        snapshots
            .rejects(&project, &found.snapshot, 10)
            .await
            .unwrap();
        export::original(
            manager,
            &project,
            &found.snapshot.id.parse().unwrap(),
            Vec::new(),
        )
        .await
        .unwrap();
    }
    let (from, to) = (listed[2].snapshot.id.clone(), listed[0].snapshot.id.clone());
    let log = RowLog::new(manager);
    log.read(&project, move |connection| {
        let (from, to) = (
            rows::snapshot(connection, &from)?,
            rows::snapshot(connection, &to)?,
        );
        rows::diff(connection, &from, &to, 10, Some(&["id".to_owned()]))?;
        let mut half = None;
        rows::read(connection, &to, None, Some(100), |position, _, _| {
            half = Some(position);
            std::ops::ControlFlow::Continue(())
        })?;
        rows::read(connection, &to, half, None, |_, _, _| {
            std::ops::ControlFlow::Continue(())
        })
    })
    .await
    .unwrap();
    let new = NewSource {
        key_columns: vec!["id".to_owned()],
        ..NewSource::file("keyed")
    };
    let keyed = sources.create(&project, new).await.unwrap().id;
    for bytes in [&first, &second] {
        let keyed = keyed.parse().unwrap();
        import(manager, folder, &project, &keyed, bytes, Vec::new()).await;
    }
    log.read(&project, move |connection| {
        let mut wanted = rows::Row::new();
        wanted.push_int(25);
        rows::history(connection, &keyed, |_, _| wanted.clone())
    })
    .await
    .unwrap();
    let (indexes, never) = (SourceIndexes::new(manager), CancellationToken::new());
    let columns = || vec!["name".to_owned()];
    indexes
        .add(&project, &source, columns(), never.clone(), |_| {})
        .await
        .unwrap();
    indexes.list(&project, &source).await.unwrap();
    indexes
        .drop(&project, &source, columns(), never, |_| {})
        .await
        .unwrap();
    log.delete(
        &project,
        &source,
        &[listed[0].snapshot.id.parse().unwrap()],
        Effect::Lasting,
        |_| {},
    )
    .await
    .unwrap();

    let settings = Settings::new(manager.core());
    settings
        .set(Setting::ImportMaxCell, "100000")
        .await
        .unwrap();
    settings.list().await.unwrap();
    settings.unset(Setting::ImportMaxCell).await.unwrap();

    let jobs = Jobs::new(manager);
    let all = jobs.list(&JobFilter::default()).await.unwrap();
    jobs.list(&JobFilter {
        project: Some(project.clone()),
        ..JobFilter::default()
    })
    .await
    .unwrap();
    jobs.list(&JobFilter {
        state: Some(all[0].state),
        ..JobFilter::default()
    })
    .await
    .unwrap();
    jobs.list(&JobFilter {
        kind: Some(all[0].kind.clone()),
        ..JobFilter::default()
    })
    .await
    .unwrap();
    let job = jobs.find(&all[0].id).await.unwrap();
    jobs.find(&job.id[..31]).await.unwrap();
    let id = job.id.parse().unwrap();
    let attempts = jobs.executions(&id).await.unwrap();
    jobs.worker(&attempts[0].worker_id).await.unwrap();
    jobs.checkpoints(&id, &project).await.unwrap();
    jobs.logs(&id).await.unwrap();
    source_trash(manager, &project).await;
    engine(manager, &project).await;
    schedules(manager, &project).await;
    trash(manager, folder).await;
    rescue_dead(manager).await.unwrap();
    let migrations = Migrations::new(manager);
    migrations.core().await.unwrap();
    UserQueries::new(manager)
        .column_types(&project)
        .await
        .unwrap();
    migrations
        .up(Target::Files, &CancellationToken::new(), |_| {})
        .await
        .unwrap();
    // A second process finds what the first one wrote.
    let other = SqliteManager::open(manager.layout().clone(), StoreOptions::default())
        .await
        .unwrap();
    other.project(&project).await.unwrap();
    project
}

/// Sources go into the trash, and one comes back.
async fn source_trash(manager: &Arc<SqliteManager>, project: &ProjectId) {
    let (trash, sources) = (SourceTrash::new(manager), DataSources::new(manager.clone()));
    let keyed = sources.find(project, "keyed").await.unwrap().id;
    let keyed: SourceId = keyed.parse().unwrap();
    for enabled in [false, true] {
        let change = SourceChange {
            enabled: Some(enabled),
            key_columns: Some(vec!["name".to_owned()]),
            ..SourceChange::default()
        };
        sources.update(project, &keyed, change).await.unwrap();
    }
    let renamed = sources.find(project, "renamed").await.unwrap().id;
    for source in [&keyed, &renamed.parse().unwrap()] {
        trash.delete(project, source, |_| {}).await.unwrap();
    }
    trash.list(project).await.unwrap();
    for reference in [keyed.as_str(), "keyed", &keyed.as_str()[..31]] {
        trash.find(project, reference).await.unwrap();
    }
    trash.undelete(project, "keyed", None).await.unwrap();
    trash.purge(project, &renamed).await.unwrap();
}

/// What is told of jobs and of who does them.
async fn told(jobs: &Jobs, claim: &Claim, waiting: &JobId) {
    let (lines, mut log) = (LogBuffer::default(), JobLog::new(jobs, claim));
    for number in 0..20_000 {
        lines.push(LogLine {
            at: Timestamp::now(),
            level: LogLevel::Warn,
            target: "tour".to_owned(),
            message: number.to_string(),
            fields: None,
        });
        if number % 9_000 == 0 {
            log.append(&lines).await.unwrap();
        }
    }
    log.append(&lines).await.unwrap();
    let execution = claim.execution_id.as_str();
    jobs.log_behind(execution, 5, 10).await.unwrap();
    let manager = jobs.manager();
    for project in [None, claim.job.project_id.as_ref()] {
        let filter = LogFilter {
            level: LogLevel::Trace,
            project: project.map(|id| id.parse().unwrap()),
            since: Some(claim.job.created_at),
            limit: 10,
        };
        let log = HubLog::new(manager.clone());
        assert_eq!(log.read(&filter).await.unwrap().len(), 10);
        log.read(&LogFilter {
            since: None,
            ..filter
        })
        .await
        .unwrap();
    }
    let crew = jobs.enlist(None, &["tour"], 1).await.unwrap();
    assert_eq!(jobs.crews().await.unwrap().len(), 1);
    let again = jobs.enlist(None, &["tour"], 1).await.unwrap();
    for job in [&claim.job_id, waiting] {
        jobs.explain(job).await.unwrap();
    }
    let other = NewJob {
        queue: "tour".to_owned(),
        project_id: claim.job.project_id.as_ref().map(|id| id.parse().unwrap()),
        ..NewJob::new("tour", serde_json::json!({}))
    };
    let other: JobId = jobs.submit(other).await.unwrap().job.id.parse().unwrap();
    assert_eq!(jobs.explain(&other).await.unwrap().reasons.len(), 2);
    jobs.limit_project(
        &claim.job.project_id.as_ref().unwrap().parse().unwrap(),
        None,
    )
    .await
    .unwrap();
    jobs.limit_queue("tour", None).await.unwrap();
    assert!(matches!(
        jobs.explain(&other).await.unwrap().reasons[..],
        [Reason::InTurn { .. }]
    ));
    jobs.cancel_because(&other, Some("the tour")).await.unwrap();
    jobs.stats().await.unwrap();
    again.stopping(Timestamp::now()).await.unwrap();
    again.end().await.unwrap();
    crew.end().await.unwrap();
}

/// Jobs wait, take turns, are limited, put off, cancelled, retried, taken away and waited for.
async fn engine(manager: &Arc<SqliteManager>, project: &ProjectId) {
    let jobs = Jobs::new(manager);
    let new = || NewJob {
        project_id: Some(project.clone()),
        max_attempts: 3,
        queue: "tour".to_owned(),
        unique_key: Some("tour".to_owned()),
        ..NewJob::new("tour", serde_json::json!({}))
    };
    let next = async || jobs.claim_next(&["tour", "other"], None).await.unwrap();
    let first = jobs.submit(new()).await.unwrap().job;
    let first: JobId = first.id.parse().unwrap();
    assert!(!jobs.submit(new()).await.unwrap().is_new);
    let waiting = NewJob {
        unique_key: None,
        depends_on: vec![first.clone()],
        ..new()
    };
    let waiting: JobId = jobs.submit(waiting).await.unwrap().job.id.parse().unwrap();
    jobs.pause_queue("tour").await.unwrap();
    assert!(next().await.is_none());
    jobs.resume_queue("tour").await.unwrap();
    jobs.limit_queue("tour", Some(1)).await.unwrap();
    jobs.limit_project(project, Some(1)).await.unwrap();
    jobs.next_due(None).await.unwrap();
    let claim = next().await.unwrap();
    assert!(next().await.is_none());
    jobs.heartbeat(&claim, &JobProgress::default())
        .await
        .unwrap();
    jobs.standing(&claim).await.unwrap();
    told(&jobs, &claim, &waiting).await;
    jobs.remember_step(&claim, "step", 1.into()).await.unwrap();
    jobs.step_output(&first, "step").await.unwrap();
    jobs.steps(&first).await.unwrap();
    jobs.forget_steps(&claim).await.unwrap();
    let spoke = manager.project(project).await.unwrap();
    let write = spoke.write::<_, FenceError>(async |transaction| {
        let fence = Fence::raise(transaction, &claim, "rows").await?;
        let cursor = StepCursor {
            cursor: 1.into(),
            input: None,
        };
        fence.advance(transaction, &cursor).await?;
        fence.cursor(transaction).await?;
        fence.hold(transaction).await
    });
    write.await.unwrap();
    jobs.bar(&claim).await.unwrap();
    jobs.release(&first).await.unwrap();
    let claim = next().await.unwrap();
    let run_at = Timestamp::now();
    jobs.finish(&claim, &Ending::Snoozed { run_at })
        .await
        .unwrap();
    let claim = next().await.unwrap();
    jobs.cancel(&first).await.unwrap();
    let cancelled = jobs.finish_here(&claim, &Ending::Interrupted).await;
    assert!(cancelled.unwrap().is_break());
    jobs.retry(&first).await.unwrap();
    jobs.retry(&waiting).await.unwrap();
    let result = serde_json::json!(1);
    for _ in 0..2 {
        let claim = next().await.unwrap();
        let result = result.clone();
        jobs.finish(&claim, &Ending::Completed { result })
            .await
            .unwrap();
    }
    jobs.limit_project(project, None).await.unwrap();
}

/// Schedules are made, changed, planted and deleted, their jobs fail, and old jobs go.
async fn schedules(manager: &Arc<SqliteManager>, project: &ProjectId) {
    let clock = Clock::manual(Timestamp::now());
    let jobs = Jobs::with_clock(manager, clock.clone());
    let schedules = Schedules::new(&jobs);
    let spec = |project: Option<&ProjectId>| ScheduleSpec {
        on_failure: Some(OnFailure::command(vec!["true".to_owned()])),
        overlap: OverlapPolicy::Queue,
        ..ScheduleSpec::new(
            "tour",
            "* * * * *",
            NewJob {
                project_id: project.cloned(),
                ..NewJob::new("tour", serde_json::json!({}))
            },
        )
    };
    schedules.set(spec(None)).await.unwrap();
    let (schedule, _) = schedules.set(spec(Some(project))).await.unwrap();
    schedules.set(spec(Some(project))).await.unwrap();
    let id = Schedules::id(&schedule).unwrap();
    for reference in [id.as_str(), &id.as_str()[..31]] {
        schedules.find(reference).await.unwrap();
    }
    schedules.list(None).await.unwrap();
    schedules.list(Some(project)).await.unwrap();
    schedules.disable(&id).await.unwrap();
    schedules.enable(&id).await.unwrap();
    let options = || WorkerOptions {
        clock: clock.clone(),
        ..WorkerOptions::default()
    };
    for _ in 0..4 {
        clock.advance(std::time::Duration::from_secs(60));
        let worker = Worker::new(manager, Registry::empty(), options());
        worker.drain().await.unwrap();
    }
    let job = schedules.latest_job(&id).await.unwrap().unwrap();
    schedules.run_now(&schedule).await.unwrap();
    jobs.cancel(&job.id.parse().unwrap()).await.unwrap();
    let claim = jobs.claim_next(&["tour"], None).await.unwrap().unwrap();
    let failed = Ending::Failed {
        code: "tour".to_owned(),
        message: "it failed".to_owned(),
    };
    jobs.finish(&claim, &failed).await.unwrap();
    Worker::new(manager, Registry::built_in(), options())
        .drain()
        .await
        .unwrap();
    schedules.delete(&id).await.unwrap();

    let retention = Settings::new(manager.core()).job_retention().await.unwrap();
    clock.advance(std::time::Duration::from_secs(365 * 24 * 3600));
    jobs.prunable(retention).await.unwrap();
    jobs.prune(retention).await.unwrap();
}

/// A project goes into the trash, comes back, is copied, and is removed for good.
async fn trash(manager: &Arc<SqliteManager>, folder: &Path) {
    let projects = Projects::new(manager);
    let made = projects
        .create(NewProject {
            name: "old".into(),
            description: None,
        })
        .await
        .unwrap();
    projects
        .delete(&Projects::id(&made).unwrap())
        .await
        .unwrap();
    let trash = Trash::new(manager);
    trash.list().await.unwrap();
    trash.clone_project("old", Some("clone")).await.unwrap();
    projects.undelete("nothing", None).await.unwrap_err();
    let undeleted = projects.undelete("old", Some("older")).await.unwrap();
    let id = Projects::id(&undeleted).unwrap();
    projects
        .clone_project(&id, "another", CopyWatch::unwatched())
        .await
        .unwrap();
    let file = folder.join("older.db");
    projects
        .export_file(&id, &file, CopyWatch::unwatched())
        .await
        .unwrap();
    projects.delete(&id).await.unwrap();
    let trashed = trash.find("older").await.unwrap();
    trash.purge(&trashed.project).await.unwrap();
    projects
        .adopt(&file, &AdoptOptions::default(), CopyWatch::unwatched())
        .await
        .unwrap();
}

/// Imports these bytes as the next snapshot of a source.
async fn import(
    manager: &Arc<SqliteManager>,
    folder: &Path,
    project: &ProjectId,
    source: &SourceId,
    bytes: &[u8],
    key_columns: Vec<String>,
) {
    let path = folder.join("t.csv");
    std::fs::write(&path, bytes).unwrap();
    let job = ImportFile {
        target: ImportTarget {
            project_id: project.clone(),
            source: ImportSource::Id(source.clone()),
            key_columns,
            always: false,
        },
        file: InputFile {
            path,
            ..InputFile::default()
        },
        file_name: "t.csv".to_owned(),
        naming: TableNaming::default(),
    };
    run_foreground(manager, job, Some(project.clone()), Observer::default())
        .await
        .unwrap()
        .outcome
        .unwrap();
}

/// Rows with a reject, a short row, an odd cell and moved rows.
fn rows_of(range: std::ops::Range<u32>) -> Vec<u8> {
    let mut out = b"id,name,amount\n".to_vec();
    for number in range.clone() {
        let shown = if number % 50 == 0 {
            range.end + range.start - 1 - number
        } else {
            number
        };
        out.extend(format!("{shown},name {number},{}.5\n", number % 7).into_bytes());
        match number {
            100 => out.extend(b"one,cell,too,many\n"),
            101 => out.extend(b"short\n"),
            _ => {}
        }
    }
    out
}
