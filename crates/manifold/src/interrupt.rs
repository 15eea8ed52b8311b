//! Ctrl-C: the first one stops at a safe point, the second leaves at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_util::sync::CancellationToken;

use crate::output::Output;

/// What Ctrl-C (and, on Unix, SIGTERM) asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt {
    stop: CancellationToken,
    leave: CancellationToken,
    working: Arc<AtomicUsize>,
    silent: Arc<AtomicUsize>,
}

/// Says that something runs which stops by itself when asked. While none exists, the first Ctrl-C leaves.
#[derive(Debug)]
pub(crate) struct Stoppable {
    stop: CancellationToken,
    counted: Vec<Arc<AtomicUsize>>,
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
                interrupt.received(output);
            }
        });
        Ok(())
    }

    fn received(&self, output: Output) {
        if self.stop.is_cancelled() || self.working.load(Ordering::SeqCst) == 0 {
            self.leave.cancel();
        } else if self.silent.load(Ordering::SeqCst) == 0 {
            output.note("stopping at a safe point; press Ctrl-C again to leave at once");
        }
        self.stop.cancel();
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

    /// Returns when the program should leave at once.
    pub(crate) async fn leave(&self) {
        self.leave.cancelled().await;
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
        let output = Output {
            quiet: true,
            ..Output::default()
        };
        let interrupt = Interrupt::default();
        let work = interrupt.stoppable();
        interrupt.received(output);
        assert!(
            work.token().is_cancelled() && interrupt.asked() && !interrupt.leave.is_cancelled()
        );
        interrupt.received(output);
        assert!(interrupt.leave.is_cancelled());

        let idle = Interrupt::default();
        drop(idle.stoppable());
        idle.received(output);
        assert!(idle.leave.is_cancelled());
    }
}
