//! Killed at every named point, and at random moments.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use crate::check::Checks;
use crate::child::Orders;
use crate::scene::Scene;
use crate::work::{ACTS, Act};

/// How many processes die, at points and at random moments.
const KILLS: usize = 200;
/// How often somebody dies at each point.
const AT_POINTS: usize = 2;
/// How long a process lives at most that dies at a random moment, in milliseconds.
const LIFE: u64 = 300;
/// How long a process may take to reach a point.
const PATIENCE: Duration = Duration::from_secs(60);
/// Kills between two looks at backups that are new, and at everything.
const BACKUPS_BETWEEN: usize = 4;
const BETWEEN: usize = 50;

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

/// How many processes are to die, at points and at random moments.
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

/// What came of the kills of a test.
struct Killed {
    scene: Scene,
    checks: Checks,
    died: usize,
}

impl Killed {
    async fn new() -> Self {
        Self {
            scene: Scene::new().await,
            checks: Checks::default(),
            died: 0,
        }
    }

    /// A process works from this act on, dies, and is looked after.
    async fn one(&mut self, first: usize, point: Option<(&str, &Path)>, life: Duration) {
        let orders = Orders::Work {
            folder: self.scene.folder.path().to_owned(),
            project: self.scene.project.to_string(),
            first,
            number: random() % 1_000,
            death: point.map(|(point, written)| (point.to_owned(), written.to_owned())),
        };
        let by_itself = death(&mut orders.spawn(), life);
        assert_eq!(by_itself, point.is_some(), "nobody dies at {point:?}");
        self.died += 1;
        let what = format!("kill {} at {point:?} after {life:?}", self.died);
        let all = self.died.is_multiple_of(BACKUPS_BETWEEN);
        self.checks.look(&self.scene, all, &what).await;
        if self.died.is_multiple_of(BETWEEN) {
            self.checks.settle(&self.scene, &what).await;
        }
    }

    async fn end(mut self) {
        self.checks.look(&self.scene, true, "in the end").await;
        self.checks.settle(&self.scene, "in the end").await;
        let (died, checks) = (self.died, self.checks);
        println!(
            "{died} processes died; {:?} in the old and the new state, {} restored beside",
            checks.states, checks.restored
        );
        let states = checks.states;
        assert!(states.iter().all(|state| *state > 0), "{states:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_project_is_old_or_new_at_whatever_point_the_process_dies() {
    let mut killed = Killed::new().await;
    let written = killed.scene.folder.path().join("deaths");
    for point in POINTS.iter().cycle().take(AT_POINTS * POINTS.len()) {
        let first = Act::passing(point);
        killed.one(first, Some((point, &written)), PATIENCE).await;
    }
    let died = std::fs::read_to_string(&written).unwrap();
    let died: BTreeSet<&str> = died.lines().collect();
    assert_eq!(died, BTreeSet::from(POINTS));
    killed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_project_is_old_or_new_at_whatever_moment_the_process_dies() {
    let mut killed = Killed::new().await;
    let at_points = AT_POINTS * POINTS.len();
    for _ in 0..kills().saturating_sub(at_points).max(BETWEEN) {
        let life = Duration::from_millis(30 + random() % LIFE);
        let first = usize::try_from(random()).unwrap() % ACTS.len();
        killed.one(first, None, life).await;
    }
    killed.end().await;
}
