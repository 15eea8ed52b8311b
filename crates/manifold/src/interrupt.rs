//! Ctrl-C: the first one stops at a safe point, the second leaves at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_util::sync::CancellationToken;

use crate::command_error::CommandError;
use crate::errors;
use crate::output::Output;

/// What Ctrl-C (and, on Unix, SIGTERM) asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt {
    stop: CancellationToken,
    working: Arc<AtomicUsize>,
    silent: Arc<AtomicUsize>,
}

/// Says that something runs which stops by itself when asked. While none exists, the first Ctrl-C leaves.
#[derive(Debug)]
pub(crate) struct Stoppable {
    stop: CancellationToken,
    counted: Vec<Arc<AtomicUsize>>,
}

/// What a signal asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Stop,
    Leave,
}

impl Interrupt {
    /// Starts listening, within the runtime.
    ///
    /// # Errors
    /// When the system refuses to deliver signals.
    pub(crate) fn listen(&self, output: Output) -> std::io::Result<()> {
        let interrupt = self.clone();
        let mut signals = Signals::new()?;
        tokio::spawn(async move {
            loop {
                signals.next().await;
                match interrupt.received() {
                    Asked::Stop if interrupt.silent.load(Ordering::SeqCst) > 0 => {}
                    Asked::Stop => {
                        output
                            .note("stopping at a safe point; press Ctrl-C again to leave at once");
                    }
                    Asked::Leave => errors::leave(&CommandError::Interrupted.into(), output),
                }
            }
        });
        Ok(())
    }

    fn received(&self) -> Asked {
        let idle = self.working.load(Ordering::SeqCst) == 0;
        let again = self.stop.is_cancelled();
        self.stop.cancel();
        if idle || again {
            Asked::Leave
        } else {
            Asked::Stop
        }
    }

    /// Marks the work that follows as one that listens to [`Stoppable::token`].
    pub(crate) fn stoppable(&self) -> Stoppable {
        self.marked(&[&self.working])
    }

    /// As [`Self::stoppable`], for work that says by itself what the first Ctrl-C does.
    pub(crate) fn leavable(&self) -> Stoppable {
        self.marked(&[&self.working, &self.silent])
    }

    fn marked(&self, counts: &[&Arc<AtomicUsize>]) -> Stoppable {
        for count in counts {
            count.fetch_add(1, Ordering::SeqCst);
        }
        Stoppable {
            stop: self.stop.clone(),
            counted: counts.iter().map(|count| Arc::clone(count)).collect(),
        }
    }

    /// Whether somebody asked to stop.
    pub(crate) fn asked(&self) -> bool {
        self.stop.is_cancelled()
    }
}

impl Stoppable {
    /// Cancelled by the first Ctrl-C.
    pub(crate) fn token(&self) -> CancellationToken {
        self.stop.clone()
    }
}

impl Drop for Stoppable {
    fn drop(&mut self) {
        for count in &self.counted {
            count.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// The signals that ask to stop, listened to without a gap.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_leaves_and_so_does_the_first_when_nothing_would_stop() {
        let interrupt = Interrupt::default();
        let work = interrupt.stoppable();
        assert_eq!(interrupt.received(), Asked::Stop);
        assert!(work.token().is_cancelled() && interrupt.asked());
        assert_eq!(interrupt.received(), Asked::Leave);

        let idle = Interrupt::default();
        drop(idle.stoppable());
        assert_eq!(idle.received(), Asked::Leave);
    }
}
