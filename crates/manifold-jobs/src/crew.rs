//! The attempts that a worker makes at once.

use chrono::{DateTime, Utc};
use manifold_store::{Claim, JobsError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::Progress;
use crate::attempt::Attempt;
use crate::kind::{Kind, Work};
use crate::stop::{Stop, StopCause};
use crate::undecodable::Undecodable;
use crate::worker::{HUB_FAILED, Served, Worker, WorkerEvent};

/// The attempts that a worker makes at once.
pub(crate) struct Crew<'a> {
    worker: &'a Worker,
    kinds: Vec<&'static str>,
    running: JoinSet<()>,
    interrupt: CancellationToken,
    /// Whether the last look found a job.
    busy: bool,
    pub(crate) served: Served,
}

impl<'a> Crew<'a> {
    pub(crate) fn new(worker: &'a Worker) -> Self {
        Self {
            worker,
            kinds: worker.registry.names(),
            running: JoinSet::new(),
            interrupt: CancellationToken::new(),
            busy: false,
            served: Served::default(),
        }
    }

    /// Begins jobs until there is no place or none is due. Returns when the next one will be, if that is known and
    /// there is a place for it.
    pub(crate) async fn fill(
        &mut self,
        stop: &CancellationToken,
    ) -> Result<Option<DateTime<Utc>>, JobsError> {
        let (jobs, queues) = (&self.worker.jobs, self.worker.options.queues.as_deref());
        while self.running.try_join_next().is_some() {}
        while self.running.len() < self.worker.options.concurrency.max(1) {
            // Unless the last look found a job, a read tells whether there is anything to write for.
            if !self.busy {
                let due = jobs.next_due(queues).await?;
                if due.is_none_or(|due| due > jobs.clock().now()) {
                    return Ok(due);
                }
            }
            if stop.is_cancelled() {
                return Ok(None);
            }
            let claim = jobs.claim_next(&self.kinds, queues).await?;
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
        let (worker, interrupt) = (self.worker.clone(), self.interrupt.clone());
        self.served.attempts += 1;
        worker.tell(WorkerEvent::Began(Box::new(claim.job.clone())));
        self.running.spawn(async move {
            // Only kinds of the registry are claimed.
            if let Some(kind) = worker.registry.kind(&claim.job.kind) {
                worker.make(claim, kind, interrupt).await;
            }
        });
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
        let running = &mut self.running;
        let peace = async { while running.join_next().await.is_some() {} };
        let soft = tokio::time::timeout(self.worker.options.soft_timeout, peace);
        if soft.await.is_err() {
            self.interrupt.cancel();
            while self.running.join_next().await.is_some() {}
        }
    }
}

impl Worker {
    /// Makes an attempt at a job and writes down its end.
    async fn make(&self, claim: Claim, kind: Kind, interrupt: CancellationToken) {
        let stop = Stop::with(CancellationToken::new());
        let attempt = Attempt {
            jobs: self.jobs.clone(),
            claim,
            kind,
            stop: stop.clone(),
            progress: watch::Sender::new(Progress::default()),
            grace: Some(self.options.grace),
            environment: self.options.environment,
        };
        let work = match (kind.work)(&attempt.claim.job.payload) {
            Ok(work) => work,
            Err(error) => Box::new(Undecodable(error.to_string())) as Box<dyn Work>,
        };
        let interrupted = async {
            interrupt.cancelled().await;
            stop.ask(StopCause::Interrupted);
            std::future::pending().await
        };
        let made = tokio::select! {
            made = attempt.make(work.as_ref()) => made,
            never = interrupted => never,
        };
        // What was done must not be lost because the hub is busy or its disk full for a while.
        loop {
            match self.jobs.finish(&attempt.claim, &made.ending).await {
                Ok(job) => return self.tell(WorkerEvent::Ended(Box::new(job))),
                Err(error @ JobsError::Store(_)) if !interrupt.is_cancelled() => {
                    tracing::warn!(job.id = %attempt.claim.job_id, %error, "the end of a job was not written down; trying again");
                    tokio::time::sleep(HUB_FAILED).await;
                }
                Err(error) => {
                    tracing::warn!(job.id = %attempt.claim.job_id, %error, "the end of a job was not written down");
                    let (job, reason) = (attempt.claim.job_id, error.to_string());
                    return self.tell(WorkerEvent::Lost { job, reason });
                }
            }
        }
    }
}
