//! A model check of the rule: every order in which two workers, somebody who rescues and somebody who cancels, retries and
//! takes jobs away can act on one job, each on what it saw some time ago, with processes that die and processes that are
//! silent. Whatever the order: no two attempts may write, no attempt comes back, no job is stuck.

use stateright::{Checker as _, Model, Property};

use super::*;

/// Whether an attempt may be begun again is not bounded by anything; so many tokens show all there is.
const TOKENS: i64 = 5;

/// One job, and who works on it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    job: Seen,
    /// The attempts that living processes make, as far as they know. A process that died is replaced by another.
    workers: [Option<i64>; 2],
    /// Attempts below this token are kept out of the project.
    bar: i64,
    /// The token of the attempt that a rescuer saw running, whose process it saw dead.
    rescuer: Option<i64>,
    /// The token of the attempt that somebody is about to take away, having barred it from the project.
    releaser: Option<i64>,
    /// An attempt that has ended and did not hear of it: it says so again.
    unheard: Option<(i64, Event)>,
    /// How often somebody may still interfere, so that there is an end.
    kills: u8,
    releases: u8,
    reopenings: u8,
    /// The last token that was given out, and whether one was given out again.
    begun: i64,
    begun_again: bool,
    /// The attempt that completed the job.
    completed_by: Option<i64>,
    /// A final state was left without somebody wanting that.
    left_final: bool,
}

/// What somebody does; a worker is named by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Act {
    Claim(usize),
    /// The attempt ends; one that has lost its job just stops.
    End(usize, Event),
    EndAgain,
    /// The attempt asks whether it is still wanted.
    Heartbeat(usize),
    /// The attempt writes to the project.
    Write(usize),
    Kill(usize),
    SeeDead,
    Rescue,
    /// Looks whose job it is, and bars it from the project.
    Bar,
    Release,
    Cancel,
    Reopen {
        blocked: bool,
    },
    Unblock,
}

const ENDINGS: [Event; 6] = [
    Event::Complete,
    Event::Fail,
    Event::Retry,
    Event::Interrupt,
    Event::Snooze,
    Event::Stop,
];

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
            workers: [None; 2],
            bar: 0,
            rescuer: None,
            releaser: None,
            unheard: None,
            kills: 2,
            releases: 2,
            reopenings: 1,
            begun: 0,
            begun_again: false,
            completed_by: None,
            left_final: false,
        }
    }

    fn runs(&self) -> bool {
        self.job.state == JobState::Running
    }

    /// Whether the job runs and the process of its attempt is dead.
    fn is_dead(&self) -> bool {
        self.runs() && !self.workers.contains(&Some(self.job.lease_token))
    }

    /// Whether nobody needs to wish anything for the job to go on.
    fn goes_on(&self) -> bool {
        let token = self.job.lease_token;
        match self.job.state {
            JobState::Pending => next(Event::Claim, token, &self.job).is_ok(),
            JobState::Blocked => next(Event::Unblock, token, &self.job).is_ok(),
            JobState::Running if self.is_dead() => {
                next(Event::Crash, token, &self.job).is_ok_and(|to| to != JobState::Running)
            }
            JobState::Running => ENDINGS
                .iter()
                .all(|ending| next(*ending, token, &self.job).is_ok()),
            state => is_final(state),
        }
    }

    /// What `transition` changes in the hub, if the event may happen.
    fn change(&mut self, event: Event, token: i64) -> bool {
        let Ok(to) = next(event, token, &self.job) else {
            return false;
        };
        let reopened = matches!(event, Event::Reopen { .. });
        self.left_final |= is_final(self.job.state) && !reopened;
        self.job.state = to;
        match event {
            Event::Claim => {
                self.job.attempt += 1;
                self.job.lease_token += 1;
                self.begun_again |= self.job.lease_token <= self.begun;
                self.begun = self.job.lease_token;
            }
            Event::Interrupt | Event::Snooze => self.job.attempt -= 1,
            Event::Crash => self.job.crash_count += 1,
            Event::Release => {
                self.job.attempt -= 1;
                self.job.lease_token += 1;
            }
            Event::Withdraw => self.job.cancel_requested = true,
            Event::Reopen { .. } => {
                self.job.attempt = 0;
                self.job.crash_count = 0;
                self.job.cancel_requested = false;
            }
            Event::Complete => self.completed_by = Some(token),
            Event::Fail | Event::Retry | Event::Stop | Event::Unblock => {}
        }
        true
    }

    /// Whether every living attempt owns the job or cannot write.
    fn runs_once(&self) -> bool {
        self.workers.iter().flatten().all(|token| {
            let owns = self.runs() && *token == self.job.lease_token;
            owns || *token < self.bar
        })
    }
}

/// Every order of acts.
struct EveryOrder;

impl Model for EveryOrder {
    type State = World;
    type Action = Act;

    fn init_states(&self) -> Vec<World> {
        vec![World::new()]
    }

    fn actions(&self, world: &World, acts: &mut Vec<Act>) {
        for (place, worker) in world.workers.iter().enumerate() {
            if worker.is_none() {
                acts.push(Act::Claim(place));
                continue;
            }
            acts.extend(ENDINGS.map(|ending| Act::End(place, ending)));
            acts.extend([Act::Heartbeat(place), Act::Write(place)]);
            if world.kills > 0 {
                acts.push(Act::Kill(place));
            }
        }
        acts.push(match world.rescuer {
            None => Act::SeeDead,
            Some(_) => Act::Rescue,
        });
        acts.push(match world.releaser {
            None => Act::Bar,
            Some(_) => Act::Release,
        });
        acts.extend([Act::EndAgain, Act::Cancel, Act::Unblock]);
        acts.extend([false, true].map(|blocked| Act::Reopen { blocked }));
    }

    fn next_state(&self, before: &World, act: Act) -> Option<World> {
        let mut world = before.clone();
        let latest = world.job.lease_token;
        match act {
            Act::Claim(place) => {
                if !world.change(Event::Claim, latest) {
                    return None;
                }
                world.workers[place] = Some(world.job.lease_token);
            }
            Act::End(place, ending) => {
                let token = world.workers[place]?;
                world.change(ending, token);
                world.workers[place] = None;
                world.unheard = Some((token, ending));
            }
            Act::EndAgain => {
                let (token, ending) = world.unheard.take()?;
                world.change(ending, token);
            }
            Act::Heartbeat(place) => {
                if world.runs() && world.workers[place] == Some(latest) {
                    return None;
                }
                world.workers[place] = None;
            }
            Act::Write(place) => {
                let token = world.workers[place]?;
                if token <= world.bar {
                    return None;
                }
                world.bar = token;
            }
            Act::Kill(place) => {
                world.kills -= 1;
                world.workers[place] = None;
            }
            Act::SeeDead => {
                if !world.is_dead() {
                    return None;
                }
                world.rescuer = Some(latest);
            }
            Act::Rescue => {
                let seen = world.rescuer.take()?;
                world.change(Event::Crash, seen);
            }
            Act::Bar => {
                if world.releases == 0 || !world.runs() {
                    return None;
                }
                world.releases -= 1;
                world.releaser = Some(latest);
                world.bar = world.bar.max(latest + 1);
            }
            Act::Release => {
                let seen = world.releaser.take()?;
                world.change(Event::Release, seen);
            }
            Act::Cancel => {
                if world.runs() && !world.job.cancel_requested {
                    world.job.cancel_requested = true;
                } else if !world.change(Event::Withdraw, latest) {
                    return None;
                }
            }
            Act::Reopen { blocked } => {
                if world.reopenings == 0 || !world.change(Event::Reopen { blocked }, latest) {
                    return None;
                }
                world.reopenings -= 1;
            }
            Act::Unblock => {
                if !world.change(Event::Unblock, latest) {
                    return None;
                }
            }
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no two attempts may write", |_, world: &World| {
                world.runs_once()
            }),
            Property::always("no token is given twice", |_, world: &World| {
                !world.begun_again
            }),
            Property::always("a final state stays", |_, world: &World| !world.left_final),
            Property::always("the last attempt completes it", |_, world: &World| {
                world.completed_by.is_none_or(|token| {
                    world.job.state == JobState::Completed && token == world.begun
                })
            }),
            Property::always("attempts and crashes have an end", |_, world: &World| {
                let job = &world.job;
                job.crash_count <= job.max_crashes && (0..=job.max_attempts).contains(&job.attempt)
            }),
            Property::always("nothing is stuck", |_, world: &World| world.goes_on()),
            Property::sometimes("it completes", |_, world: &World| {
                world.job.state == JobState::Completed
            }),
            Property::sometimes("it is cancelled", |_, world: &World| {
                world.job.state == JobState::Cancelled
            }),
            Property::sometimes("it crashes too often", |_, world: &World| {
                let job = &world.job;
                job.state == JobState::Failed && job.crash_count == job.max_crashes
            }),
            Property::sometimes("a silent attempt is overtaken", |_, world: &World| {
                world.runs() && world.workers.iter().all(Option::is_some)
            }),
        ]
    }

    fn within_boundary(&self, world: &World) -> bool {
        world.job.lease_token <= TOKENS
    }
}

#[test]
fn no_order_of_events_runs_a_job_twice_at_once() {
    let checked = EveryOrder.checker().threads(2).spawn_bfs().join();
    checked.assert_properties();
    let worlds = checked.unique_state_count();
    assert!(worlds > 100_000, "only {worlds} worlds");
}
