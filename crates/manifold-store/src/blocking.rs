//! Work that blocks.

use std::panic::resume_unwind;
use std::thread;

/// Runs work that blocks on a thread of its own, within the caller's span: what it logs belongs to who asked for it. A
/// panic goes on in the caller. Dropping the future leaves the work running.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let span = tracing::Span::current();
    match tokio::task::spawn_blocking(move || span.in_scope(work)).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime ends: nothing that waits goes on.
            Err(_) => std::future::pending().await,
        },
    }
}

/// As [`blocking`], for long work that nobody waits for in front of a screen: who commits meanwhile goes before it, where
/// the system knows how much a thread matters (Linux).
pub async fn blocking_behind_others<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    blocking(move || {
        let span = tracing::Span::current();
        // A thread that has stepped back may not step forward again, so it is none that others use later.
        let done = thread::scope(|scope| {
            let behind = scope.spawn(|| {
                step_back();
                span.in_scope(work)
            });
            behind.join()
        });
        done.unwrap_or_else(|panic| resume_unwind(panic))
    })
    .await
}

/// By how much a thread that steps back is nicer than it was: its share of a processor that others want is a tenth of theirs.
#[cfg(target_os = "linux")]
const STEP: i32 = 10;

#[cfg(target_os = "linux")]
fn step_back() {
    // On Linux this is about the calling thread and those that it makes. One that stays as it was does no harm.
    let _unchanged = rustix::process::nice(STEP);
}

#[cfg(not(target_os = "linux"))]
fn step_back() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_behind_others_is_done_and_its_panics_go_on() {
        assert_eq!(blocking_behind_others(|| 7).await, 7);
        let panics = tokio::spawn(blocking_behind_others(|| panic!("of the work")));
        let panic = panics.await.unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref(), Some(&"of the work"));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn only_the_thread_of_the_work_steps_back() {
        let nice = || rustix::process::nice(0).unwrap();
        let before = nice();
        let behind = blocking_behind_others(nice).await;
        assert_eq!(behind, (before + STEP).min(19));
        assert_eq!(nice(), before);
        assert_eq!(blocking(nice).await, before);
    }
}
