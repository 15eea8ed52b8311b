//! What every bench needs: a store, a bare SeaORM pool, CPU time and medians.
#![allow(dead_code, reason = "not every bench uses all of it")]

use std::sync::Arc;

use entity_project::enums::{SourceStatus, SourceType};
use entity_project::{StringList, data_sources, snapshots};
use manifold_store::{
    Layout, NewProject, ProjectId, Projects, SnapshotId, SourceId, SqliteManager, StoreOptions,
    Timestamp,
};
use sea_orm::{ActiveModelTrait as _, DatabaseConnection, IntoActiveModel as _};

/// Interleaved rounds whose median counts; one more goes before them to warm caches.
pub(crate) const ROUNDS: usize = 5;

/// CPU time of this process so far, in µs: user and system, every thread.
pub(crate) fn cpu_us() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

/// What this process has in memory, in MiB; 0 where the system does not tell.
pub(crate) fn rss_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1024.0
}

/// The median of all but the first.
pub(crate) fn median(rounds: &[f64]) -> f64 {
    let mut values = rounds[1..].to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Prints both medians and their ratio; whether it is at most `limit`.
pub(crate) fn verdict(what: &str, unit: &str, ours: &[f64], bare: &[f64], limit: f64) -> bool {
    let (ours, bare) = (median(ours), median(bare));
    let ratio = ours / bare;
    println!(
        "{what}: manager {ours:.1} {unit}, bare pool(1) {bare:.1} {unit}, ratio {ratio:.3} (at most {limit}), \
         medians of {ROUNDS}"
    );
    ratio <= limit
}

pub(crate) async fn manager(folder: &tempfile::TempDir) -> Arc<SqliteManager> {
    SqliteManager::open(Layout::new(folder.path()), StoreOptions::default())
        .await
        .unwrap()
}

/// A new project, and where its file is.
pub(crate) async fn project(
    manager: &Arc<SqliteManager>,
    name: &str,
) -> (ProjectId, std::path::PathBuf) {
    let projects = Projects::new(manager);
    let new = NewProject {
        name: name.into(),
        description: None,
    };
    let project = projects.create(new).await.unwrap();
    let path = projects.file(&project).path;
    (project.id.parse().unwrap(), path)
}

/// A pool of one connection with sqlx's defaults.
#[expect(clippy::disallowed_methods, reason = "the peer of this bench")]
pub(crate) async fn bare_pool(path: &std::path::Path) -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(format!("sqlite://{}?mode=rw", path.display()));
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.unwrap()
}

pub(crate) fn source(row_table: i64) -> data_sources::ActiveModel {
    let id = SourceId::new().to_string();
    let now = Timestamp::now();
    data_sources::Model {
        name: format!("source {row_table}"),
        name_fold: id.clone(),
        description: None,
        r#type: SourceType::File,
        config: serde_json::json!({}),
        status: SourceStatus::Idle,
        enabled: true,
        key_columns: StringList(vec!["id".to_owned()]),
        row_table,
        row_format: 1,
        view_name: id.clone(),
        view_name_fold: id.clone(),
        next_rid: 1,
        next_seq: 32_768,
        next_number: 1,
        next_phys: 1,
        next_quirk: 1,
        last_sync_at: None,
        created_at: now,
        updated_at: now,
        typing: None,
        id,
    }
    .into_active_model()
    .reset_all()
}

pub(crate) fn snapshot(source: &str, number: i64) -> snapshots::ActiveModel {
    snapshots::Model {
        id: SnapshotId::new().to_string(),
        source_id: source.to_owned(),
        job_id: None,
        job_step: None,
        number,
        seq: 32_768 + number,
        rid_hi: 0,
        quirk_hi: 0,
        order_id: None,
        row_count: 0,
        added: 0,
        removed: 0,
        changed: 0,
        moved: 0,
        rejected: 0,
        padded: 0,
        odd_cells: 0,
        input_hash: String::new(),
        input_bytes: 0,
        dialect: serde_json::json!({}),
        taken_at: Timestamp::now(),
    }
    .into_active_model()
    .reset_all()
}
