//! Calls what the commands call.

use std::path::Path;
use std::sync::Arc;

use manifold_jobs::import::{ImportTarget, InputFile, TableNaming};
use manifold_jobs::jobs::{ImportFile, ReadmitRejects};
use manifold_jobs::{Observer, SnapshotProfile, export, rescue_dead, run_foreground};
use manifold_store::rows::{Effect, Listing};
use manifold_store::{
    DataSources, DatabaseManager as _, ImportSource, JobFilter, Jobs, Migrations, NewProject,
    NewSource, ProjectId, Projects, RowLog, Setting, Settings, Snapshots, SourceChange, SourceId,
    SourceIndexes, SqliteManager, StoreOptions, Target, UserQueries, rows,
};
use tokio_util::sync::CancellationToken;

/// Calls what the commands call.
pub(crate) async fn tour(manager: &Arc<SqliteManager>, folder: &Path) -> ProjectId {
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
    let profiled = SnapshotProfile::of(manager, &project, &listed[0].snapshot.id);
    assert_eq!(profiled.await.unwrap().columns.len(), 3);
    let (from, to) = (listed[2].snapshot.id.clone(), listed[0].snapshot.id.clone());
    let log = RowLog::new(manager);
    log.read(&project, move |connection| {
        let (from, to) = (
            rows::snapshot(connection, &from)?,
            rows::snapshot(connection, &to)?,
        );
        rows::before(connection, &to)?;
        rows::diff(
            connection,
            &from,
            &to,
            Listing::first(10),
            Some(&["id".to_owned()]),
        )?;
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
    // Rows that are mostly written in another way, so that the file is kept; then a list that is given back.
    let quirky: String = (0..200)
        .map(|number| format!("\"{number}\"\r\n{number}\n"))
        .collect();
    let quirky = format!("id\n{quirky}").into_bytes();
    import(manager, folder, &project, &source, &quirky, Vec::new()).await;
    import(manager, folder, &project, &source, &first, Vec::new()).await;
    let latest = snapshots.find(&project, "t@latest").await.unwrap().snapshot;
    let rejects = snapshots.rejects(&project, &latest, 1).await.unwrap();
    let list = format!(
        "snapshot_id,id,record\n{},{},\"1000,x,1.5\"\n",
        latest.id, rejects[0].id
    );
    let path = folder.join("list.csv");
    std::fs::write(&path, list).unwrap();
    let job = ReadmitRejects {
        project_id: project.clone(),
        source_id: None,
        path,
        file_name: "list.csv".to_owned(),
    };
    let readmitted = run_foreground(manager, job, Some(project.clone()), Observer::default());
    assert_eq!(
        readmitted.await.unwrap().outcome.unwrap().readmission.taken,
        1
    );
    let fetched = Some(serde_json::json!({ "etag": "x" }));
    sources
        .note_fetched(&project, &source, fetched)
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

    Box::pin(crate::syncs::syncs(manager, &project)).await;

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
    Box::pin(crate::trash::source_trash(manager, &project)).await;
    Box::pin(crate::jobs::engine(manager, &project)).await;
    Box::pin(crate::jobs::schedules(manager, &project)).await;
    Box::pin(crate::trash::trash(manager, folder)).await;
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
            typing: Default::default(),
            renames: Vec::new(),
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
