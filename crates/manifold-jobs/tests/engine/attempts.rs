//! Which errors are worth another attempt, and who makes one.

use std::io;
use std::time::Duration;

use entity_core::enums::JobState;
use manifold_jobs::backup::BackupError;
use manifold_jobs::import::ImportFileError;
use manifold_jobs::{JobError, Observer, run_foreground};
use manifold_store::rows::{ImportError, RowsError};
use manifold_store::{RowLogError, StoreError};

use crate::kinds::{Do, Flaky};
use crate::scene::Scene;

fn busy() -> StoreError {
    StoreError::Busy {
        what: "p.db".to_owned(),
        holder: None,
    }
}

fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}

#[test]
fn what_may_pass_is_tried_again_and_what_is_wrong_is_not() {
    let minute = Some(Duration::from_secs(60));
    let again: [(JobError, Option<Duration>); 8] = [
        (busy().into(), None),
        (RowLogError::Store(busy()).into(), None),
        (BackupError::Store(busy()).into(), None),
        (
            RowLogError::Import(ImportError::Moved {
                source_id: "s".to_owned(),
            })
            .into(),
            None,
        ),
        (StoreError::DiskFull.into(), minute),
        (RowLogError::Rows(RowsError::Spool(full())).into(), minute),
        (
            BackupError::Io {
                action: "write",
                path: "b".into(),
                source: full(),
            }
            .into(),
            minute,
        ),
        (StoreError::ReadOnly { path: None }.into(), minute),
    ];
    for (error, least) in again {
        match &error {
            JobError::Retryable { retry_after, .. } => assert_eq!(*retry_after, least, "{error}"),
            _ => panic!("{error} is not tried again"),
        }
    }
    let missing = ImportFileError::Missing {
        path: "a.csv".into(),
    };
    let not_found = StoreError::NotFound {
        what: "project",
        name: "p".to_owned(),
    };
    let never: [JobError; 4] = [
        missing.into(),
        not_found.into(),
        RowLogError::Import(ImportError::NoColumns).into(),
        BackupError::NotABackup { path: "b".into() }.into(),
    ];
    for error in never {
        assert!(matches!(error, JobError::Failed { .. }), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_job_hears_at_once_what_is_wrong() {
    let scene = Scene::new().await;
    let flaky = Flaky {
        attempts: vec![Do::Retry, Do::Succeed],
        cleaned_up: None,
    };
    let finished = run_foreground(&scene.manager, flaky, None, Observer::default())
        .await
        .unwrap();
    assert_eq!(finished.outcome.unwrap_err().code(), "offline");
    let job = finished.job;
    assert_eq!(
        (job.state, job.attempt, job.max_attempts),
        (JobState::Failed, 1, 1)
    );
}
