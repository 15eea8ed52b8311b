//! Work that blocks.

/// Runs work that blocks on a thread of its own, within the caller's span: what it logs belongs to who asked for it. A
/// panic goes on in the caller. Dropping the future leaves the work running.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let span = tracing::Span::current();
    match tokio::task::spawn_blocking(move || span.in_scope(work)).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends: nothing that waits goes on.
            Err(_) => std::future::pending().await,
        },
    }
}
