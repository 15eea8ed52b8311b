//! Workers that are killed again and again: at every named point that a job passes, and at random moments.
//!
//! `MANIFOLD_KILLS` says how many processes die; 200 unless it says more.
#![cfg(unix)]

mod check;
mod points;
mod work;

use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use points::Points;
use work::Work;
pub use work::leftovers;

use crate::processes::{Orders, ended};

/// How many processes die.
const KILLS: usize = 200;
/// How long a process lives at most that is killed at a random moment.
const LIFE: u64 = 400;
/// How long nothing may happen.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn four_workers_in_two_processes_that_are_killed_do_each_job_once() {
    let kills = std::env::var("MANIFOLD_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let mut work = Work::new().await;
    let mut points = Points::new(work.file("deaths"));
    let mut workers = [Mortal::new(&work, &points), Mortal::new(&work, &points)];
    let (mut killed, mut at_points, mut last) = (0, 0, Instant::now());
    while killed < kills || !points.left().is_empty() {
        work.top_up(points.left()).await;
        for worker in &mut workers {
            let Some(by_itself) = worker.died() else {
                continue;
            };
            points.look();
            killed += 1;
            at_points += usize::from(by_itself);
            last = Instant::now();
            *worker = Mortal::new(&work, &points);
        }
        let left = points.left();
        assert!(last.elapsed() < PATIENCE, "nobody dies at {left:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    for worker in &mut workers {
        worker.kill();
    }
    let settle = Orders::new(&work.folder(), 2);
    for child in [settle.spawn(), settle.spawn()] {
        assert!(ended(child).await.success());
    }
    let crashes = work.check().await;
    println!(
        "{killed} processes died, {at_points} of them at a point; {crashes} attempts with them"
    );
    assert!(crashes > killed / 10, "hardly one died at work: {crashes}");
}

/// A process with two workers that will not live long.
struct Mortal {
    child: Child,
    until: Instant,
}

impl Mortal {
    /// While there are points at which nobody has died, it is to die at one of them.
    fn new(work: &Work, points: &Points) -> Self {
        let left = points.left();
        let life = if left.is_empty() {
            Duration::from_millis(20 + uuid::Uuid::now_v7().as_u64_pair().1 % LIFE)
        } else {
            2 * PATIENCE
        };
        let orders = Orders {
            for_ever: true,
            deaths: Some((left.to_vec(), points.written.clone())),
            ..Orders::new(&work.folder(), 2)
        };
        Self {
            child: orders.spawn(),
            until: Instant::now() + life,
        }
    }

    /// Kills it when its time has come. Whether it died by itself, if it is dead.
    fn died(&mut self) -> Option<bool> {
        if let Some(status) = self.child.try_wait().unwrap() {
            assert!(!status.success() && status.code().is_none(), "{status}");
            return Some(true);
        }
        (Instant::now() > self.until).then(|| {
            self.kill();
            false
        })
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Work {
    fn file(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }
}
