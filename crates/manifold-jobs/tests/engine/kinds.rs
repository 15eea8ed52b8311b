//! Kinds of jobs that do what a test wants.

use std::path::PathBuf;
use std::time::Duration;

use entity_project::consolidated_models;
use manifold_jobs::{
    Backoff, CleanUpReason, CrashPolicy, InputFingerprint, Job, JobContext, JobError, Registry,
};
use manifold_store::Timestamp;
use sea_orm::ActiveValue::Set;
use serde::{Deserialize, Serialize};

pub fn registry() -> Registry {
    Registry::built_in()
        .with::<Count>()
        .with::<Flaky>()
        .with::<Wait>()
        .with::<Abort>()
        .with::<AbortAnew>()
        .with::<Stepped>()
        .with::<TwoSteps>()
        .with::<Block>()
        .with::<Copy>()
        .with::<Slow>()
}

/// Writes down that it was done.
#[derive(Serialize, Deserialize)]
pub struct Count;

impl Job for Count {
    const KIND: &'static str = "count";
    type Output = ();

    async fn run(&self, _context: &JobContext) -> Result<(), JobError> {
        // Long enough that a second process has begun before a first one has done them all.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok(())
    }
}

/// What an attempt does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Do {
    Succeed,
    Fail,
    Retry,
    RetryAfter(u64),
    Snooze(u64),
    Panic,
}

/// Does one after the other, and the last for ever.
#[derive(Serialize, Deserialize)]
pub struct Flaky {
    pub attempts: Vec<Do>,
    pub cleaned_up: Option<PathBuf>,
}

impl Job for Flaky {
    const KIND: &'static str = "flaky";
    const MAX_ATTEMPTS: i64 = 3;
    const BACKOFF: Backoff = Backoff {
        first: Duration::from_secs(60),
        most: Duration::from_secs(100),
    };
    type Output = i64;

    async fn run(&self, context: &JobContext) -> Result<i64, JobError> {
        let place = usize::try_from(context.lease_token() - 1).unwrap();
        match &self.attempts[place.min(self.attempts.len() - 1)] {
            Do::Succeed => Ok(context.lease_token()),
            Do::Fail => Err(JobError::failed("tried", &"it was tried")),
            Do::Retry => Err(JobError::retryable("offline", &"nobody answers")),
            Do::RetryAfter(seconds) => Err(JobError::Retryable {
                code: "throttled",
                message: "too many requests".to_owned(),
                retry_after: Some(Duration::from_secs(*seconds)),
            }),
            Do::Snooze(seconds) => Err(JobError::Snoozed {
                delay: Duration::from_secs(*seconds),
            }),
            Do::Panic => panic!("number {}", 7),
        }
    }

    async fn clean_up(&self, _context: &JobContext, reason: CleanUpReason) -> Result<(), JobError> {
        if let Some(path) = &self.cleaned_up {
            std::fs::write(path, format!("{reason:?}")).unwrap();
        }
        Ok(())
    }
}

/// Waits until it is to stop, or does not even mind that.
#[derive(Serialize, Deserialize)]
pub struct Wait {
    pub stubborn: bool,
    pub cleaned_up: Option<PathBuf>,
}

impl Job for Wait {
    const KIND: &'static str = "wait";
    type Output = ();

    async fn run(&self, context: &JobContext) -> Result<(), JobError> {
        if self.stubborn {
            std::future::pending::<()>().await;
        }
        context.cancel().cancelled().await;
        Err(JobError::Cancelled)
    }

    async fn clean_up(&self, _context: &JobContext, reason: CleanUpReason) -> Result<(), JobError> {
        if let Some(path) = &self.cleaned_up {
            std::fs::write(path, format!("{reason:?}")).unwrap();
        }
        Ok(())
    }
}

/// Takes longer than it may.
#[derive(Serialize, Deserialize)]
pub struct Slow {
    pub stubborn: bool,
}

impl Job for Slow {
    const KIND: &'static str = "slow";
    const TIMEOUT: Option<Duration> = Some(Duration::from_millis(50));
    type Output = ();

    async fn run(&self, context: &JobContext) -> Result<(), JobError> {
        if self.stubborn {
            std::future::pending::<()>().await;
        }
        context.cancel().cancelled().await;
        Err(JobError::Cancelled)
    }
}

/// Ends its process, so often.
#[derive(Serialize, Deserialize)]
pub struct Abort {
    pub times: i64,
}

impl Job for Abort {
    const KIND: &'static str = "abort";
    const MAX_ATTEMPTS: i64 = 10;
    type Output = ();

    async fn run(&self, context: &JobContext) -> Result<(), JobError> {
        if context.claim().job.crash_count < self.times {
            std::process::abort();
        }
        Ok(())
    }
}

/// Ends its process once, after a step that the next attempt is to do anew.
#[derive(Serialize, Deserialize)]
pub struct AbortAnew {
    pub steps: PathBuf,
}

impl Job for AbortAnew {
    const KIND: &'static str = "abort_anew";
    const MAX_ATTEMPTS: i64 = 10;
    const CRASH_POLICY: CrashPolicy = CrashPolicy::Restart;
    type Output = ();

    async fn run(&self, context: &JobContext) -> Result<(), JobError> {
        context
            .step("one", async {
                note(&self.steps, "one");
                Ok(())
            })
            .await?;
        if context.claim().job.crash_count == 0 {
            std::process::abort();
        }
        Ok(())
    }
}

/// Does two steps; the first attempt fails between them.
#[derive(Serialize, Deserialize)]
pub struct Stepped {
    pub steps: PathBuf,
    pub same_name: bool,
}

impl Job for Stepped {
    const KIND: &'static str = "stepped";
    const MAX_ATTEMPTS: i64 = 2;
    type Output = Vec<i64>;

    async fn run(&self, context: &JobContext) -> Result<Vec<i64>, JobError> {
        let one = context
            .step("one", async {
                note(&self.steps, "one");
                Ok(context.claim().attempt)
            })
            .await?;
        if context.claim().attempt == 1 && !self.same_name {
            return Err(JobError::retryable("offline", &"nobody answers"));
        }
        let name = if self.same_name { "one" } else { "two" };
        let two = context
            .step(name, async {
                note(&self.steps, "two");
                Ok(context.claim().attempt)
            })
            .await?;
        Ok(vec![one, two])
    }
}

/// Adds a line to a file.
pub fn note(path: &std::path::Path, line: &str) {
    use std::io::Write as _;
    let mut file = std::fs::File::options()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    // In one write, so that lines of several processes do not mix.
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// Blocks the thread it runs on, and with it the tasks that are to run there.
#[derive(Serialize, Deserialize)]
pub struct Block {
    pub notes: PathBuf,
    pub millis: u64,
}

impl Job for Block {
    const KIND: &'static str = "block";
    const MAX_ATTEMPTS: i64 = 10;
    type Output = ();

    async fn run(&self, context: &JobContext) -> Result<(), JobError> {
        note(&self.notes, &format!("begin {}", context.lease_token()));
        std::thread::sleep(Duration::from_millis(self.millis));
        note(&self.notes, &format!("end {}", context.lease_token()));
        Ok(())
    }
}

/// Does two steps, and says which of them it did itself.
#[derive(Serialize, Deserialize)]
pub struct TwoSteps;

impl Job for TwoSteps {
    const KIND: &'static str = "two_steps";
    const MAX_ATTEMPTS: i64 = 1_000;
    const MAX_CRASHES: i64 = 1_000;
    type Output = [i64; 2];

    async fn run(&self, context: &JobContext) -> Result<[i64; 2], JobError> {
        let token = context.lease_token();
        let one = context.step("one", async { Ok(token) }).await?;
        fail::fail_point!("step-remembered");
        let two = context.step("two", async { Ok(token) }).await?;
        Ok([one, two])
    }
}

/// Copies the lines of a file into a project's table, one transaction a line, waiting between them.
#[derive(Serialize, Deserialize)]
pub struct Copy {
    pub file: PathBuf,
    pub pause_ms: u64,
}

impl Job for Copy {
    const KIND: &'static str = "copy";
    const MAX_ATTEMPTS: i64 = 1_000;
    const MAX_CRASHES: i64 = 1_000;
    type Output = u64;

    async fn run(&self, context: &JobContext) -> Result<u64, JobError> {
        let run = format!("{} {}", context.job_id(), context.lease_token());
        note(&self.file.with_extension("runs"), &run);
        let input = InputFingerprint::of(&self.file).await?;
        let text = std::fs::read_to_string(&self.file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let mut rows = context.cursor_step::<usize>("rows", Some(&input)).await?;
        let begin = rows.cursor().copied().unwrap_or(0);
        for (number, line) in lines.iter().enumerate().skip(begin) {
            context.check_cancelled()?;
            rows.commit(number + 1, async |transaction| {
                let now = Timestamp::now();
                transaction
                    .insert(consolidated_models::ActiveModel {
                        id: Set(format!("{}-{line}", context.lease_token())),
                        name: Set((*line).to_owned()),
                        name_fold: Set((*line).to_owned()), // unique: a line that came twice would fail
                        description: Set(None),
                        spec: Set(serde_json::json!({})),
                        created_at: Set(now),
                        updated_at: Set(now),
                    })
                    .await?;
                fail::fail_point!("copy-row-written");
                Ok(())
            })
            .await?;
            fail::fail_point!("copy-row-committed");
            tokio::time::sleep(Duration::from_millis(self.pause_ms)).await;
        }
        Ok((lines.len() - begin) as u64)
    }
}
