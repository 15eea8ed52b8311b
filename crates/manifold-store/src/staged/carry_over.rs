//! What a saved hub knows and the live one does not.

use std::collections::BTreeMap;

use chrono::SecondsFormat;
use rusqlite::{Connection, OpenFlags};

use super::StagedHub;
use crate::freeze::{list, quoted};
use crate::sqlite::{self, BUSY_TIMEOUT};
use crate::{Core, Kind as _, SqliteManager, StoreError, Timestamp, fail_point, provision};

/// The jobs that are taken over: those that had ended. What ran or waited was the work of another time: it is left out, with
/// all that belongs to it.
const ENDED_JOBS: &str = "CREATE TEMP TABLE carried_jobs AS SELECT id FROM saved.jobs \
    WHERE state IN ('completed', 'failed', 'cancelled') AND id NOT IN (SELECT id FROM main.jobs)";

/// A table of which rows are taken over that the live hub does not have.
struct Carried {
    table: &'static str,
    /// Which of the saved rows.
    which: &'static str,
    /// Columns that do not keep their value, and what they have instead.
    instead: &'static [(&'static str, &'static str)],
}

const fn carried(table: &'static str, which: &'static str) -> Carried {
    Carried {
        table,
        which,
        instead: &[],
    }
}

/// What is known of projects and their sources the projects say themselves. Processes, what they hold and what they were
/// about to do are gone: `job_workers`, `job_crews`, `job_lanes`, `project_operations`.
const CARRIED: [Carried; 11] = [
    carried("app_settings", "TRUE"),
    carried("job_queues", "TRUE"),
    carried("job_limits", "TRUE"),
    Carried {
        table: "jobs",
        which: "id IN (SELECT id FROM temp.carried_jobs)",
        instead: &[
            (
                "project_id",
                "(SELECT id FROM main.projects WHERE id = project_id)",
            ),
            ("worker_id", "NULL"),
        ],
    },
    carried(
        "job_executions",
        "job_id IN (SELECT id FROM temp.carried_jobs) AND state <> 'running'",
    ),
    carried(
        "job_logs",
        "execution_id IN (SELECT id FROM main.job_executions WHERE job_id IN (SELECT id FROM temp.carried_jobs))",
    ),
    carried(
        "job_checkpoints",
        "job_id IN (SELECT id FROM main.jobs WHERE id IN (SELECT id FROM temp.carried_jobs))",
    ),
    carried(
        "job_dependencies",
        "job_id IN (SELECT id FROM temp.carried_jobs) AND dependency_id IN (SELECT id FROM main.jobs)",
    ),
    Carried {
        table: "job_schedules",
        which: "project_id IS NULL OR project_id IN (SELECT id FROM main.projects WHERE state = 'active')",
        // What fell due since is not made up for.
        instead: &[("last_slot", "?1")],
    },
    carried(
        "import_history",
        "state <> 'running' AND project_id IN (SELECT id FROM main.projects)",
    ),
    carried("backups", "state <> 'running'"),
];

impl StagedHub {
    /// Takes over into the live hub, in one transaction of it, what that does not have: settings, queues and limits,
    /// schedules, the import history, the list of backups, and the jobs that had ended, with their logs. What the live hub
    /// has stays as it is. To be done when the projects are there: what belongs to a project that is not is left out, but for
    /// its backups and jobs.
    ///
    /// Returns how many rows were new, by table. Can be repeated.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::SchemaMoved`]; others by meaning. Nothing was taken over then.
    pub async fn carry_over(
        &self,
        manager: &SqliteManager,
    ) -> Result<BTreeMap<String, u64>, StoreError> {
        let (hub, saved) = (manager.layout().core(), self.path());
        let now = Timestamp::now().to_rfc3339_opts(SecondsFormat::AutoSi, false);
        provision::blocking(move || {
            let named = |error: rusqlite::Error| StoreError::from(error).at(&hub);
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = sqlite::connect(&hub, flags).map_err(named)?;
            connection.busy_timeout(BUSY_TIMEOUT).map_err(named)?;
            connection
                .execute_batch(
                    "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA synchronous = FULL",
                )
                .map_err(named)?;
            let Some(saved) = saved.to_str() else {
                let reason = "its path is not UTF-8".to_owned();
                return Err(StoreError::NotOurs {
                    path: saved,
                    reason,
                });
            };
            connection
                .execute("ATTACH ? AS saved", [saved])
                .map_err(named)?;
            connection
                .execute_batch("BEGIN IMMEDIATE")
                .map_err(named)?;
            let version: i64 = connection
                .query_row("PRAGMA main.user_version", [], |row| row.get(0))
                .map_err(named)?;
            if version != i64::from(Core::VERSION) {
                return Err(StoreError::SchemaMoved {
                    path: hub.clone(),
                    opened: Core::VERSION,
                    found: version,
                });
            }
            let taken = take_over(&connection, &now).map_err(named)?;
            fail_point!("store-restore-hub-written");
            connection.execute_batch("COMMIT").map_err(named)?;
            Ok(taken)
        })
        .await
    }
}

fn take_over(connection: &Connection, now: &str) -> rusqlite::Result<BTreeMap<String, u64>> {
    connection.execute_batch(ENDED_JOBS)?;
    let mut taken = BTreeMap::new();
    for Carried {
        table,
        which,
        instead,
    } in CARRIED
    {
        let columns: Vec<String> = connection
            .prepare("SELECT name FROM pragma_table_info(?1, 'main')")?
            .query_map([table], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let values: Vec<String> = columns
            .iter()
            .map(|column| {
                let other = instead.iter().find(|(name, _)| name == column);
                other.map_or_else(|| quoted(column), |(_, value)| (*value).to_owned())
            })
            .collect();
        let sql = format!(
            "INSERT OR IGNORE INTO main.{table}({}) SELECT {} FROM saved.{table} WHERE {which}",
            list(&columns),
            values.join(",")
        );
        let mut insert = connection.prepare(&sql)?;
        let rows = match insert.parameter_count() {
            0 => insert.execute([])?,
            _ => insert.execute([now])?,
        };
        taken.insert(table.to_owned(), rows as u64);
    }
    Ok(taken)
}
