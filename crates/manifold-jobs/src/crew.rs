//! The attempts that a worker makes at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use manifold_store::{Claim, Ending, JobsError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::Progress;
use crate::attempt::Attempt;
use crate::kind::{Kind, Work};
use crate::recorder::Recorders;
use crate::stop::{Stop, StopCause};
use crate::undecodable::Undecodable;
use crate::worker::{HUB_FAILED, Served, Worker, WorkerEvent};

/// The attempts that a worker makes at once.
///
/// Each place goes on with the next job by itself: ending an attempt and beginning the next is one transaction, and no
/// job is begun for which there is no place.
pub(crate) struct Crew<'a> {
    worker: &'a Worker,
    running: JoinSet<()>,
    places: Places,
    /// Whether the last look found a job.
    busy: bool,
    _recording: AbortOnDropHandle<()>,
}

/// What the places of a crew share.
#[derive(Clone)]
struct Places {
    worker: Worker,
    kinds: Arc<[&'static str]>,
    /// No further job is to begin.
    closing: CancellationToken,
    /// Those that run are to stop.
    interrupt: CancellationToken,
    recorders: Recorders,
    attempts: Arc<AtomicU64>,
}

impl<'a> Crew<'a> {
    /// Nobody yet. No job begins any more once `stop` is cancelled.
    pub(crate) fn new(worker: &'a Worker, stop: &CancellationToken) -> Self {
        let (recorders, recording) = Recorders::shared();
        Self {
            worker,
            running: JoinSet::new(),
            places: Places {
                worker: worker.clone(),
                kinds: worker.registry.names().into(),
                closing: stop.child_token(),
                interrupt: CancellationToken::new(),
                recorders,
                attempts: Arc::default(),
            },
            busy: false,
            _recording: recording,
        }
    }

    /// What was done.
    pub(crate) fn served(&self) -> Served {
        Served {
            attempts: self.places.attempts.load(Ordering::Relaxed),
        }
    }

    /// Whether another job can begin.
    pub(crate) fn has_place(&self) -> bool {
        self.running.len() < self.worker.options.concurrency.max(1)
    }

    /// Begins jobs until there is no place or none is due. Returns when the next one will be, if that is known and
    /// there is a place for it.
    pub(crate) async fn fill(&mut self) -> Result<Option<DateTime<Utc>>, JobsError> {
        let (jobs, queues) = (&self.worker.jobs, self.worker.options.queues.as_deref());
        while self.running.try_join_next().is_some() {}
        while self.has_place() {
            // Unless the last look found a job, a read tells whether there is anything to write for.
            if !self.busy {
                let due = jobs.next_due(queues).await?;
                if due.is_none_or(|due| due > jobs.clock().now()) {
                    return Ok(due);
                }
            }
            if self.places.closing.is_cancelled() {
                return Ok(None);
            }
            let claim = jobs.claim_next(&self.places.kinds, queues).await?;
            self.busy = claim.is_some();
            match claim {
                Some(claim) => self.begin(claim),
                // What is due and was not begun waits for something else than its time.
                None => {
                    let due = jobs.next_due(queues).await?;
                    return Ok(due.filter(|due| *due > jobs.clock().now()));
                }
            }
        }
        Ok(None)
    }

    fn begin(&mut self, claim: Claim) {
        self.running.spawn(self.places.clone().work(claim));
    }

    /// Whether no attempt runs.
    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// Returns when one of the running attempts has ended.
    pub(crate) async fn one_ended(&mut self) {
        match self.running.join_next().await {
            Some(Ok(())) => {}
            // An attempt catches the panics of its job, so this is one of the engine.
            Some(Err(error)) => tracing::error!(%error, "an attempt at a job ended unexpectedly"),
            None => std::future::pending().await,
        }
    }

    /// Lets the running attempts end in peace for a while, then interrupts them. Returns when none runs.
    pub(crate) async fn end(&mut self) {
        self.places.closing.cancel();
        let running = &mut self.running;
        let peace = async { while running.join_next().await.is_some() {} };
        let soft = tokio::time::timeout(self.worker.options.soft_timeout, peace);
        if soft.await.is_err() {
            self.places.interrupt.cancel();
            while self.running.join_next().await.is_some() {}
        }
    }
}

impl Places {
    /// Makes attempts, at this job and at those whose turn comes when a place is free, until there is none.
    async fn work(self, claim: Claim) {
        let mut next = Some(claim);
        while let Some(claim) = next {
            self.attempts.fetch_add(1, Ordering::Relaxed);
            let began = || WorkerEvent::Began(Box::new(claim.job.clone()));
            self.worker.tell(began);
            // Only kinds of the registry are claimed.
            let Some(kind) = self.worker.registry.kind(&claim.job.kind) else {
                return;
            };
            next = self.make(claim, kind).await;
        }
    }

    /// Makes an attempt at a job, writes down its end and begins the next.
    async fn make(&self, claim: Claim, kind: Kind) -> Option<Claim> {
        let stop = Stop::with(CancellationToken::new());
        let attempt = Attempt {
            jobs: self.worker.jobs.clone(),
            claim: Arc::new(claim),
            kind,
            stop: stop.clone(),
            progress: watch::Sender::new(Progress::default()),
            grace: Some(self.worker.options.grace),
            environment: self.worker.options.environment,
            recorders: self.recorders.clone(),
        };
        let work = match (kind.work)(&attempt.claim.job.payload) {
            Ok(work) => work,
            Err(error) => Box::new(Undecodable(error.to_string())) as Box<dyn Work>,
        };
        let interrupted = async {
            self.interrupt.cancelled().await;
            stop.ask(StopCause::Interrupted);
            std::future::pending().await
        };
        let made = tokio::select! {
            made = attempt.make(work.as_ref()) => made,
            never = interrupted => never,
        };
        self.end(&attempt.claim, &made.ending).await
    }

    async fn end(&self, claim: &Claim, ending: &Ending) -> Option<Claim> {
        let (jobs, queues) = (&self.worker.jobs, self.worker.options.queues.as_deref());
        let mut go_on = !self.closing.is_cancelled();
        // What was done must not be lost because the hub is busy or its disk full for a while, nor because no other job
        // can begin.
        loop {
            let ended = if go_on {
                let both = jobs.finish_and_claim_next(claim, ending, &self.kinds, queues);
                both.await
            } else {
                jobs.finish(claim, ending).await.map(|job| (job, None))
            };
            match ended {
                Ok((job, next)) => {
                    self.worker.tell(|| WorkerEvent::Ended(Box::new(job)));
                    return next;
                }
                Err(error) if go_on && !matches!(error, JobsError::LeaseLost { .. }) => {
                    go_on = false;
                }
                Err(error @ JobsError::Store(_)) if !self.interrupt.is_cancelled() => {
                    tracing::warn!(job.id = %claim.job_id, %error, "the end of a job was not written down; trying again");
                    tokio::time::sleep(HUB_FAILED).await;
                }
                Err(error) => {
                    tracing::warn!(job.id = %claim.job_id, %error, "the end of a job was not written down");
                    let (job, reason) = (claim.job_id.clone(), error.to_string());
                    self.worker.tell(|| WorkerEvent::Lost { job, reason });
                    return None;
                }
            }
        }
    }
}
