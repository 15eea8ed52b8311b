//! Walks through every order in which two workers, somebody who rescues and somebody who cancels, retries and releases
//! can act on one job, each on what it saw some time ago, with processes that die and processes that are silent.
//! Whatever the order: no two attempts may write, and no attempt comes back.

use std::collections::{HashSet, VecDeque};

use super::*;

/// A worker's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Process {
    Idle,
    /// It makes the attempt with this token, as far as it knows.
    Running(i64),
    /// It died while it made the attempt with this token.
    Dead(i64),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    job: Seen,
    /// Whose attempt the hub says runs.
    owner: Option<usize>,
    workers: [Process; 2],
    /// Attempts below this token are kept out of the project.
    bar: i64,
    /// The token of the attempt that a rescuer saw running, whose process it saw dead.
    rescuer: Option<i64>,
    /// The token of the attempt that somebody is about to take away, having barred it from the project.
    releaser: Option<i64>,
    /// How often somebody may still interfere, so that there is an end.
    kills: u8,
    releases: u8,
    reopenings: u8,
    /// The tokens that were given out.
    begun: Vec<i64>,
    /// The attempt that completed the job.
    completed_by: Option<i64>,
}

impl World {
    fn new() -> Self {
        let job = Seen {
            state: JobState::Pending,
            lease_token: 0,
            attempt: 0,
            max_attempts: 3,
            crash_count: 0,
            max_crashes: 2,
            cancel_requested: false,
        };
        Self {
            job,
            owner: None,
            workers: [Process::Idle; 2],
            bar: 0,
            rescuer: None,
            releaser: None,
            kills: 2,
            releases: 2,
            reopenings: 1,
            begun: Vec::new(),
            completed_by: None,
        }
    }

    /// The world after an event, if it may happen: what `transition` changes in the hub.
    fn after(&self, event: Event, token: i64) -> Option<Self> {
        let to = next(event, token, &self.job).ok()?;
        let mut world = self.clone();
        world.job.state = to;
        match event {
            Event::Claim => {
                world.job.attempt += 1;
                world.job.lease_token += 1;
                world.begun.push(world.job.lease_token);
            }
            Event::Interrupt | Event::Snooze => world.job.attempt -= 1,
            Event::Crash => world.job.crash_count += 1,
            Event::Release => {
                world.job.attempt -= 1;
                world.job.lease_token += 1;
            }
            Event::Withdraw => world.job.cancel_requested = true,
            Event::Reopen { .. } => {
                world.job.attempt = 0;
                world.job.crash_count = 0;
                world.job.cancel_requested = false;
            }
            Event::Complete => world.completed_by = Some(token),
            Event::Fail | Event::Retry | Event::Stop | Event::Unblock => {}
        }
        if to != JobState::Running {
            world.owner = None;
        }
        Some(world)
    }

    fn successors(&self) -> Vec<Self> {
        let mut next = Vec::new();
        for (place, process) in self.workers.into_iter().enumerate() {
            match process {
                Process::Idle => {
                    if let Some(mut world) = self.after(Event::Claim, self.job.lease_token) {
                        world.workers[place] = Process::Running(world.job.lease_token);
                        world.owner = Some(place);
                        next.push(world);
                    }
                }
                Process::Running(token) => {
                    self.running(place, token, &mut next);
                }
                Process::Dead(_) => {}
            }
        }
        self.others(&mut next);
        next
    }

    fn running(&self, place: usize, token: i64, next: &mut Vec<Self>) {
        for ending in [
            Event::Complete,
            Event::Fail,
            Event::Retry,
            Event::Interrupt,
            Event::Snooze,
            Event::Stop,
        ] {
            // An ending that is refused ends the attempt all the same: it has lost its job.
            let mut world = self.after(ending, token).unwrap_or_else(|| self.clone());
            world.workers[place] = Process::Idle;
            next.push(world);
        }
        if token >= self.bar {
            // It writes to the project for the first time, or again.
            next.push(Self {
                bar: token,
                ..self.clone()
            });
        }
        if self.kills > 0 {
            let mut world = self.clone();
            world.kills -= 1;
            world.workers[place] = Process::Dead(token);
            next.push(world);
        }
    }

    fn others(&self, next: &mut Vec<Self>) {
        let dead = self
            .owner
            .is_some_and(|owner| matches!(self.workers[owner], Process::Dead(_)));
        match self.rescuer {
            None if dead => next.push(Self {
                rescuer: Some(self.job.lease_token),
                ..self.clone()
            }),
            None => {}
            Some(token) => {
                let mut world = self
                    .after(Event::Crash, token)
                    .unwrap_or_else(|| self.clone());
                world.rescuer = None;
                for process in &mut world.workers {
                    if matches!(process, Process::Dead(_)) {
                        *process = Process::Idle; // another process takes its place
                    }
                }
                next.push(world);
            }
        }
        match self.releaser {
            None if self.releases > 0 && self.job.state == JobState::Running => {
                next.push(Self {
                    releaser: Some(self.job.lease_token),
                    releases: self.releases - 1,
                    bar: self.bar.max(self.job.lease_token + 1),
                    ..self.clone()
                });
            }
            None => {}
            Some(token) => {
                let mut world = self
                    .after(Event::Release, token)
                    .unwrap_or_else(|| self.clone());
                world.releaser = None;
                next.push(world);
            }
        }
        if self.job.state == JobState::Running && !self.job.cancel_requested {
            let mut world = self.clone();
            world.job.cancel_requested = true;
            next.push(world);
        }
        next.extend(self.after(Event::Withdraw, self.job.lease_token));
        if self.reopenings > 0
            && let Some(mut world) =
                self.after(Event::Reopen { blocked: false }, self.job.lease_token)
        {
            world.reopenings -= 1;
            next.push(world);
        }
    }

    /// What must hold whatever happened.
    fn check(&self) {
        let tokens: HashSet<i64> = self.begun.iter().copied().collect();
        assert_eq!(
            tokens.len(),
            self.begun.len(),
            "a token was given twice: {self:?}"
        );
        let alive = self.workers.iter().filter_map(|process| match process {
            Process::Running(token) => Some(*token),
            _ => None,
        });
        for token in alive {
            let owns = self.job.state == JobState::Running && token == self.job.lease_token;
            assert!(
                owns || token < self.bar,
                "an attempt that does not own the job could still write: {self:?}"
            );
        }
        if let Some(token) = self.completed_by {
            assert_eq!(
                self.job.state,
                JobState::Completed,
                "it was undone: {self:?}"
            );
            assert_eq!(
                Some(&token),
                self.begun.last(),
                "an old attempt completed it: {self:?}"
            );
        }
        assert!(self.job.crash_count <= self.job.max_crashes, "{self:?}");
        assert!(
            (0..=self.job.max_attempts).contains(&self.job.attempt),
            "{self:?}"
        );
        let running = self.job.state == JobState::Running;
        assert_eq!(running, self.owner.is_some(), "{self:?}");
    }
}

#[test]
fn no_order_of_events_runs_a_job_twice_at_once() {
    let first = World::new();
    let mut known = HashSet::from([first.clone()]);
    let mut open = VecDeque::from([first]);
    let mut ends = HashSet::new();
    while let Some(world) = open.pop_front() {
        world.check();
        if is_final(world.job.state) {
            ends.insert(world.job.state);
        }
        for successor in world.successors() {
            // Snoozes and interruptions need not end; a few tokens are enough to see all there is.
            if successor.job.lease_token <= 7 && known.insert(successor.clone()) {
                open.push_back(successor);
            }
        }
    }
    assert_eq!(ends.len(), 3, "all ends are reached");
    assert!(known.len() > 100_000, "only {} worlds", known.len());
}
