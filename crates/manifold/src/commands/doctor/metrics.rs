//! What the doctor measures.

use manifold_store::{DatabaseMetrics, DatabaseState, Doctor, Metrics};
use serde::Serialize;

use crate::session::Session;
use crate::table::{self, Align};
use crate::units;

/// The files, and what this process did with them.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    databases: Vec<DatabaseState>,
    process: Metrics,
}

impl Measured {
    /// Measures the store of the session.
    pub(super) async fn take(session: &Session) -> anyhow::Result<Self> {
        let store = session.store().await?;
        Ok(Self {
            databases: Doctor::new(&store).databases().await?,
            process: store.metrics(),
        })
    }

    /// A table of the files, one of what this process did, and who holds what.
    pub(super) fn text(&self) -> String {
        let mut parts = vec![self.files(), self.work()];
        let held = self.held();
        if !held.is_empty() {
            parts.push(held);
        }
        parts.join("\n\n")
    }

    fn files(&self) -> String {
        let header = [
            ("database", Align::Left),
            ("file", Align::Right),
            ("log", Align::Right),
            ("held reads", Align::Right),
            ("open in", Align::Left),
        ];
        let rows = self.databases.iter().map(|database| {
            vec![
                database.name.clone(),
                units::size(database.size_bytes),
                units::size(database.log_bytes),
                database.held_reads.len().to_string(),
                database.holders.clone().unwrap_or_else(|| "-".to_owned()),
            ]
        });
        table::table(&header, rows)
    }

    fn work(&self) -> String {
        let header = [
            ("this process", Align::Left),
            ("reads", Align::Right),
            ("99 % within", Align::Right),
            ("writes", Align::Right),
            ("99 % within", Align::Right),
            ("errors", Align::Right),
            ("busy", Align::Right),
        ];
        let core = std::iter::once(("hub".to_owned(), &self.process.core.metrics));
        let open = self.process.projects.iter().map(|open| {
            let id = open.project_id.as_ref();
            let named = |database: &&DatabaseState| database.project_id.as_ref() == id;
            let name = self
                .databases
                .iter()
                .find(named)
                .map(|database| &database.name);
            (name.or(id).cloned().unwrap_or_default(), &open.metrics)
        });
        let closed = std::iter::once(("closed projects".to_owned(), &self.process.closed));
        let rows = core
            .chain(open)
            .chain(closed)
            .map(|(name, work)| row(name, work));
        table::table(&header, rows)
    }

    fn held(&self) -> String {
        let reads = self.databases.iter().flat_map(|database| {
            let of = &database.name;
            database.held_reads.iter().map(move |read| {
                format!(
                    "{}: process {} ({}) reads for {} since {}",
                    table::printable(of),
                    read.pid,
                    table::printable(&read.command),
                    read.purpose,
                    units::time(read.since)
                )
            })
        });
        reads.collect::<Vec<_>>().join("\n")
    }
}

fn row(name: String, work: &DatabaseMetrics) -> Vec<String> {
    let count = |count: u64| units::number(i64::try_from(count).unwrap_or(i64::MAX));
    vec![
        name,
        count(work.reads.count),
        format!("{:.1} ms", work.reads.p99_ms),
        count(work.writes.count),
        format!("{:.1} ms", work.writes.p99_ms),
        count(work.errors),
        count(work.busy),
    ]
}
