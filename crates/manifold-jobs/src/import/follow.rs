//! Follows an import while it reads.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use manifold_format::ByteProgress;
use tokio_util::sync::CancellationToken;

use crate::Progress;

/// What an import calls with the rows it has read: it reports the bytes of the file, and stops the import
/// when `cancel` is cancelled.
pub(crate) fn follow(
    size: ByteProgress,
    cancel: CancellationToken,
    report: impl Fn(Progress) + Send + 'static,
) -> impl FnMut(u64) -> ControlFlow<()> + Send + 'static {
    move |rows| {
        let done = size.read.load(Ordering::Relaxed);
        // Behind the last byte a later import writes, and a first one makes its indexes.
        let step = if size.total == Some(done) {
            "writing"
        } else {
            "reading"
        };
        report(Progress {
            done,
            total: size.total,
            unit: "bytes",
            rows: Some(rows),
            ..Progress::step(step)
        });
        if cancel.is_cancelled() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}
