//! Every event in every state.

use super::*;

const STATES: [JobState; 6] = [
    JobState::Pending,
    JobState::Blocked,
    JobState::Running,
    JobState::Completed,
    JobState::Failed,
    JobState::Cancelled,
];

fn seen(state: JobState) -> Seen {
    Seen {
        state,
        lease_token: 3,
        attempt: 1,
        max_attempts: 2,
        crash_count: 0,
        max_crashes: 3,
        cancel_requested: false,
    }
}

#[test]
fn each_event_leads_from_its_states_to_its_state_and_from_no_other() {
    use JobState::{Blocked, Cancelled, Completed, Failed, Pending, Running};
    let table: &[(Event, &[(JobState, JobState)])] = &[
        (Event::Claim, &[(Pending, Running)]),
        (Event::Complete, &[(Running, Completed)]),
        (Event::Fail, &[(Running, Failed)]),
        (Event::Retry, &[(Running, Pending)]),
        (Event::Interrupt, &[(Running, Pending)]),
        (Event::Snooze, &[(Running, Pending)]),
        (Event::Stop, &[(Running, Cancelled)]),
        (
            Event::Withdraw,
            &[(Pending, Cancelled), (Blocked, Cancelled)],
        ),
        (Event::Crash, &[(Running, Pending)]),
        (Event::Release, &[(Running, Pending)]),
        (Event::Unblock, &[(Blocked, Pending)]),
        (
            Event::Reopen { blocked: false },
            &[(Failed, Pending), (Cancelled, Pending)],
        ),
        (
            Event::Reopen { blocked: true },
            &[(Failed, Blocked), (Cancelled, Blocked)],
        ),
    ];
    for (event, allowed) in table {
        for state in STATES {
            let to = allowed.iter().find(|(from, _)| *from == state);
            let refused = if event.is_of_an_attempt() {
                Refused::Lease
            } else {
                Refused::State
            };
            let expected = to.map(|(_, to)| *to).ok_or(refused);
            assert_eq!(
                next(*event, 3, &seen(state)),
                expected,
                "{event:?}, {state:?}"
            );
        }
    }
}

#[test]
fn who_speaks_for_an_attempt_speaks_for_the_one_that_owns_the_job() {
    let of_an_attempt = [
        Event::Complete,
        Event::Fail,
        Event::Retry,
        Event::Interrupt,
        Event::Snooze,
        Event::Stop,
        Event::Crash,
        Event::Release,
    ];
    for event in of_an_attempt {
        for token in [2, 4] {
            let refused = next(event, token, &seen(JobState::Running));
            assert_eq!(refused, Err(Refused::Lease), "{event:?}");
        }
    }
}

#[test]
fn attempts_and_crashes_run_out() {
    let running = seen(JobState::Running);
    let last = Seen {
        attempt: 2,
        ..running
    };
    assert_eq!(next(Event::Retry, 3, &last), Ok(JobState::Failed));
    assert_eq!(next(Event::Crash, 3, &last), Ok(JobState::Failed));
    assert_eq!(next(Event::Interrupt, 3, &last), Ok(JobState::Pending));
    assert_eq!(next(Event::Snooze, 3, &last), Ok(JobState::Pending));
    assert!(!is_crash_loop(&last));
    let deadly = Seen {
        crash_count: 2,
        ..running
    };
    assert_eq!(next(Event::Crash, 3, &deadly), Ok(JobState::Failed));
    assert!(is_crash_loop(&deadly));
    let fragile = Seen {
        max_crashes: 1,
        ..running
    };
    assert_eq!(next(Event::Crash, 3, &fragile), Ok(JobState::Failed));
    assert!(!is_crash_loop(&fragile), "once is no loop");
}

#[test]
fn a_job_that_is_to_stop_does_not_wait_again() {
    let asked = Seen {
        cancel_requested: true,
        ..seen(JobState::Running)
    };
    for event in [
        Event::Retry,
        Event::Interrupt,
        Event::Snooze,
        Event::Crash,
        Event::Release,
    ] {
        assert_eq!(next(event, 3, &asked), Ok(JobState::Cancelled), "{event:?}");
    }
    assert_eq!(next(Event::Complete, 3, &asked), Ok(JobState::Completed));
    assert_eq!(next(Event::Fail, 3, &asked), Ok(JobState::Failed));
}
