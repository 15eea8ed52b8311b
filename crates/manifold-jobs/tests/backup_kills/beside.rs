//! Killed while another process imports into the project and reads it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use manifold_jobs::backup::BackupPlace;
use manifold_jobs::jobs::{RestoreProject, RestoreTarget};
use manifold_jobs::rescue_dead;
use manifold_store::Projects;

use crate::check::{Checks, is_known};
use crate::child::Orders;
use crate::kills::{death, kills, random};
use crate::scene::{Scene, open, run};
use crate::work::{ACTS, complete};

/// How long a process lives at most, in milliseconds.
const LIFE: u64 = 300;
/// Rounds between two looks at everything.
const BETWEEN: usize = 25;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_sees_and_saves_is_whole() {
    let scene = Scene::new().await;
    let folder = scene.folder.path();
    let (stop, notes) = (folder.join("stop"), folder.join("notes"));
    let orders = Orders::Use {
        folder: folder.to_owned(),
        project: scene.project.to_string(),
        stop: stop.clone(),
        notes: notes.clone(),
    };
    let mut user = orders.spawn();
    let mut checks = Checks::default();
    let rounds = kills() / 2;
    for number in 0..rounds {
        let orders = Orders::Work {
            folder: folder.to_owned(),
            project: scene.project.to_string(),
            first: usize::try_from(random()).unwrap() % ACTS.len(),
            number: random() % 1_000,
            death: None,
        };
        death(
            &mut orders.spawn(),
            Duration::from_millis(30 + random() % LIFE),
        );
        let what = format!("round {number}");
        assert!(
            user.try_wait().unwrap().is_none(),
            "{what}: the other process ended"
        );
        look(&scene, &mut checks, &what, number % BETWEEN == BETWEEN - 1).await;
    }
    std::fs::write(&stop, "").unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while user.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until, "the other process does not end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(user.wait().unwrap().success(), "the other process failed");
    look(&scene, &mut checks, "in the end", true).await;
    checks.settle(&scene, "in the end").await;
    let mut said = BTreeMap::<String, usize>::new();
    for line in std::fs::read_to_string(&notes).unwrap().lines() {
        *said.entry(line.to_owned()).or_default() += 1;
    }
    println!("{rounds} processes died; the other one: {said:?}");
    assert!(said["imported"] > 0 && said["read"] > rounds, "{said:?}");
}

/// Snapshots are versions of the file, whole; so are those of what was saved meanwhile, when all is looked at.
async fn look(scene: &Scene, checks: &mut Checks, what: &str, all: bool) {
    let manager = open(scene.folder.path()).await;
    rescue_dead(&manager).await.unwrap();
    is_known(&manager, &scene.project).await.unwrap();
    checks.backups(scene, &manager, what).await;
    let newest = complete(&manager).await.into_iter().take(2);
    for id in newest.filter(|_| all) {
        let name = format!("of {id}");
        let restore = RestoreProject {
            backup: BackupPlace::Id(id.to_string()),
            target: RestoreTarget::AsNew { name: Some(name) },
            dry_run: false,
        };
        let restored = run(&manager, &scene.project, restore).await.unwrap();
        let copy = restored.project_id.unwrap().parse().unwrap();
        is_known(&manager, &copy).await.unwrap();
    }
    if all {
        let projects = Projects::new(&manager);
        for row in projects.list().await.unwrap() {
            let id = Projects::id(&row).unwrap();
            is_known(&manager, &id).await.unwrap();
            if id != scene.project {
                projects.delete(&id).await.unwrap();
            }
        }
    }
    manager.shut_down().await.unwrap();
}
