//! Every project opened in turn: what is open stays within its bounds, and so does the memory.

use std::sync::Arc;
use std::time::Instant;

use entity_project::project;
use manifold_store::{DatabaseManager as _, Projects, SqliteManager};
use sea_orm::EntityTrait as _;
use serde_json::json;

use super::support::{cpu_us, rss_mb};
use super::{Step, rounded};

pub(super) async fn round_robin(profile: &str, manager: &Arc<SqliteManager>) {
    let listed = Projects::new(manager).list().await.unwrap();
    let ids: Vec<_> = listed
        .iter()
        .map(|row| Projects::id(row).unwrap())
        .collect();
    drop(listed);
    let start = rss_mb();
    let mut most = start;
    let (cpu, begun) = (cpu_us(), Instant::now());
    let mut took = Vec::with_capacity(ids.len());
    for (number, id) in ids.iter().enumerate() {
        let begun = Instant::now();
        let spoke = manager.project(id).await.unwrap();
        let found = spoke.one(project::Entity::find()).await.unwrap();
        assert_eq!(found.unwrap().id, id.as_str());
        drop(spoke);
        took.push(begun.elapsed());
        if number % 100 == 0 {
            most = most.max(rss_mb());
        }
    }
    let step = Step {
        profile,
        name: "open_round_robin",
        wall: begun.elapsed(),
        cpu_us: cpu_us() - cpu,
    };
    let end = rss_mb();
    let more = json!({
        "rss_start_mb": rounded(start),
        "rss_most_mb": rounded(most.max(end)),
        "rss_grown_mb": rounded(most.max(end) - start),
    });
    step.print(took, &more);
}
