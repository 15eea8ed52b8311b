//! Killed at every named point, and at random moments.

use std::collections::BTreeSet;
use std::process::Child;
use std::time::{Duration, Instant};

use crate::check::Checks;
use crate::child::Orders;
use crate::scene::Scene;
use crate::work::{ACTS, Act};

/// How many processes die.
const KILLS: usize = 200;
/// How often somebody dies at each point.
const AT_POINTS: usize = 2;
/// How long a process lives at most that dies at a random moment, in milliseconds.
const LIFE: u64 = 350;
/// How long a process may take to reach a point.
const PATIENCE: Duration = Duration::from_secs(60);
/// Kills between two looks at everything.
const BETWEEN: usize = 25;

/// The points that backups, prunes and restores pass, and nothing else does before them.
const POINTS: [&str; 26] = [
    "backup-begun",
    "backup-frozen",
    "backup-rows-passed",
    "backup-file-written",
    "backup-files-written",
    "backup-manifest-written",
    "backup-published",
    "backup-completed",
    "backup-folder-deleted",
    "backup-lease-taken",
    "backup-segment-kept",
    "segments-marked",
    "segment-removed",
    "restore-files-checked",
    "restore-read-back",
    "restore-compared",
    "restore-staged",
    "safety-copy-written",
    "restore-safety-copied",
    "restore-replaced",
    "place-planned",
    "place-file-moved",
    "place-file-placed",
    "place-published",
    "drill-staged",
    "drill-examined",
];

/// How many processes are to die.
pub fn kills() -> usize {
    std::env::var("MANIFOLD_KILLS").map_or(KILLS, |kills| kills.parse().unwrap())
}

/// A number that is another one each time.
pub fn random() -> u64 {
    uuid::Uuid::now_v7().as_u64_pair().1
}

/// Waits until the process has died, and kills it when its time has come. Whether it died by itself.
pub fn death(child: &mut Child, life: Duration) -> bool {
    let until = Instant::now() + life;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.code().is_none(), "it failed: {status}");
            return true;
        }
        if Instant::now() > until {
            child.kill().unwrap();
            child.wait().unwrap();
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_project_is_old_or_new_whenever_the_process_dies() {
    let scene = Scene::new().await;
    let mut checks = Checks::default();
    let written = scene.folder.path().join("deaths");
    let mut at_points = 0;
    let kills = kills();
    for number in 0..kills.max(AT_POINTS * POINTS.len()) {
        let point = POINTS
            .get(number % POINTS.len())
            .filter(|_| number < AT_POINTS * POINTS.len());
        let (first, life) = match point {
            Some(point) => (Act::passing(point), PATIENCE),
            None => {
                let life = Duration::from_millis(30 + random() % LIFE);
                (usize::try_from(random()).unwrap() % ACTS.len(), life)
            }
        };
        let orders = Orders::Work {
            folder: scene.folder.path().to_owned(),
            project: scene.project.to_string(),
            first,
            number: random() % 1_000,
            death: point.map(|&point| (point.to_owned(), written.clone())),
        };
        let by_itself = death(&mut orders.spawn(), life);
        assert_eq!(by_itself, point.is_some(), "nobody dies at {point:?}");
        at_points += usize::from(by_itself);
        let what = format!("kill {number} at {point:?} after {life:?}");
        checks.look(&scene, &what).await;
        if number % BETWEEN == BETWEEN - 1 {
            checks.settle(&scene, &what).await;
        }
    }
    checks.settle(&scene, "in the end").await;
    let died = std::fs::read_to_string(&written).unwrap();
    let died: BTreeSet<&str> = died.lines().collect();
    assert_eq!(died, BTreeSet::from(POINTS));
    println!(
        "{kills} processes died, {at_points} of them at a point; {:?} in the old and the new state, {} restored beside",
        checks.states, checks.restored
    );
    assert!(
        checks.states.iter().all(|state| *state > 0),
        "{:?}",
        checks.states
    );
}
